//! Accord texts of any bytes: an error is one line with its place; a text is equal to itself and differs from others by hash.
#![no_main]

use comity_accord::agreement::statement;
use comity_accord::difference::{Comparison, compare};
use comity_accord::text::AccordText;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let accord = match AccordText::parse(text) {
        Ok(accord) => accord,
        Err(error) => {
            let message = error.to_string();
            assert!(
                !message.contains('\n') && message.len() < 16_000,
                "{message}"
            );
            return;
        }
    };
    assert_eq!(accord.source(), text);
    assert_eq!(compare(&accord, &accord), Comparison::Same);
    assert!(statement(&accord).ends_with('\n'));
    let commented = format!("{text}\n# a comment");
    if let Ok(other) = AccordText::parse(&commented) {
        assert_eq!(compare(&accord, &other), Comparison::SameWords);
        assert_ne!(accord.hash(), other.hash());
    }
});

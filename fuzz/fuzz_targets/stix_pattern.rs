//! Patterns of any text.
#![no_main]

use comity_stix::admission::ObservableValue;
use comity_stix::pattern::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(error) = parse(text) {
        assert!(error.column <= text.chars().count() + 1);
    }
    for value in ObservableValue::detect(text) {
        assert_eq!(ObservableValue::new(value.kind, &value.value), value);
    }
});

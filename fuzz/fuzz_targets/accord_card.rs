//! Cards and revocations of any bytes: what is read is written back to the same text.
//!
//! Nobody but a root key makes a card that is accepted, so the lines are read without a signature too.
#![no_main]

use comity_accord::card::{CARD_BYTES_MAX, SignedCard, UnsignedCard};
use comity_accord::keys::revocation::Revocation;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(card) = SignedCard::parse(bytes) {
        assert_eq!(card.to_bytes(), bytes);
        assert!(bytes.len() <= CARD_BYTES_MAX);
        let unsigned = UnsignedCard::new(card.card()).expect("a card that was read can be written");
        assert_eq!(unsigned.text(), card.note().text());
    }
    let _ = Revocation::parse(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let lines = text.split_once("\n\n").map_or(text, |(lines, _)| lines);
    let lines = format!("{lines}\n");
    if let Ok(unsigned) = UnsignedCard::parse(&lines) {
        assert_eq!(unsigned.text(), lines);
        assert!(unsigned.attach(text).is_err() || text.contains("\u{2014} "));
    }
});

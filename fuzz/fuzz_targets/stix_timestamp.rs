//! Timestamps of any text: what is read is read back.
#![no_main]

use comity_stix::timestamp::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(at) = Timestamp::parse(text) {
        assert_eq!(Timestamp::parse(&at.to_stix()), Ok(at));
        assert_eq!(Timestamp::parse_taxii(text), Ok(at));
    }
    if let Ok(at) = Timestamp::parse_taxii(text) {
        assert_eq!(
            Timestamp::parse_taxii(&at.to_string()).map(Timestamp::micros),
            Ok(at.micros())
        );
    }
});

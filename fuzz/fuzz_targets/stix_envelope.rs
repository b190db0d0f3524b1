//! Envelopes of any bytes: each object found is one JSON value of the body.
#![no_main]

use comity_stix::admission::{Limits, admit};
use comity_stix::envelope::{EnvelopeLimits, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Ok(objects) = read(body, &EnvelopeLimits::EXCHANGE) else {
        return;
    };
    for object in objects {
        assert_eq!(object, object.trim());
        assert!(!object.is_empty());
        let wrapped = format!("{{\"objects\":[{object}]}}");
        assert_eq!(
            read(wrapped.as_bytes(), &EnvelopeLimits::EXCHANGE),
            Ok(vec![object])
        );
        let _ = admit(object, &Limits::EXCHANGE);
    }
});

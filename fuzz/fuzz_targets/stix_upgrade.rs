//! The upgrade from STIX 2.0: what comes out is admitted as STIX 2.1 and is not changed again.
#![no_main]

use comity_stix::admission::{Limits, SpecVersion, admit};
use comity_stix::timestamp::Timestamp;
use comity_stix::upgrade::upgrade;
use comity_stix::version::revoke;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(upgraded) = upgrade(text, &Limits::EXCHANGE) else {
        return;
    };
    let admitted =
        admit(&upgraded.object, &Limits::EXCHANGE).expect("an upgraded object is admitted");
    assert_eq!(admitted.spec_version, SpecVersion::V21);
    for observable in &upgraded.observables {
        let _ = admit(observable, &Limits::EXCHANGE);
    }
    let again =
        upgrade(&upgraded.object, &Limits::EXCHANGE).expect("an upgraded object is admitted");
    assert_eq!(again.object, upgraded.object);
    let end = Timestamp::parse("9999-12-31T23:59:59.999Z").expect("a timestamp");
    if let Ok(revoked) = revoke(&upgraded.object, end) {
        assert!(
            admit(&revoked, &Limits::EXCHANGE)
                .expect("a revoked object is admitted")
                .revoked
        );
    }
});

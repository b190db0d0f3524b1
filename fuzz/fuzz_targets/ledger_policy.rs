//! Policies of any bytes: nobody is a quorum only where nobody is asked for, everybody always is one.
#![no_main]

use comity_ledger::policy::Policy;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(policy) = Policy::parse(bytes) {
        let everybody = (0..policy.witnesses().len()).collect();
        assert!(policy.is_quorum(&everybody));
    }
});

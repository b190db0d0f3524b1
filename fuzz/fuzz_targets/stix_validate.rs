//! Full validation of any text: an object without a broken MUST is admissible.
#![no_main]

use comity_stix::admission::{Limits, admit};
use comity_stix::validate::{Severity, validate};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let problems = validate(text);
    if problems
        .iter()
        .all(|problem| problem.severity == Severity::Should)
    {
        admit(text, &Limits::EXCHANGE).expect("a valid object is admissible");
    }
});

//! Admission of any text; what is admitted is admitted alike from its canonical spelling.
#![no_main]

use comity_stix::admission::{Limits, admit};
use comity_stix::canonical;
use comity_stix::json;
use libfuzzer_sys::fuzz_target;

const LIMITS: json::Limits = json::Limits {
    depth_max: 64,
    values_max: 1 << 18,
    properties_max: 1 << 14,
};

fuzz_target!(|text: &str| {
    let Ok(admitted) = admit(text, &Limits::EXCHANGE) else {
        return;
    };
    let canonical = canonical::of_text(text, &LIMITS).expect("admitted text is JSON");
    assert_eq!(
        canonical::of_text(&canonical, &LIMITS).as_ref(),
        Ok(&canonical)
    );
    let again = admit(&canonical, &Limits::EXCHANGE).expect("the canonical spelling says the same");
    assert_eq!(admitted.id, again.id);
    assert_eq!(admitted.version, again.version);
    assert_eq!(admitted.markings, again.markings);
    // The canonical spelling sorts properties, so order may differ.
    let (mut before, mut after) = (admitted.links, again.links);
    before.sort();
    after.sort();
    assert_eq!(before, after);
});

//! Scenarios of any bytes, as the other side hands them over: an error is bounded; what is read keeps its limits, and its clocks
//! agree.
#![no_main]

use comity_case::scenario::{INJECTS_MAX, MINUTES_MAX, Scenario};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let scenario = match Scenario::parse(text) {
        Ok(scenario) => scenario,
        Err(error) => {
            assert!(
                error.len() < text.len().saturating_mul(4) + 16_000,
                "{error}"
            );
            return;
        }
    };
    let injects = scenario.injects();
    assert!((1..=INJECTS_MAX).contains(&injects.len()));
    for (inject, number) in injects.iter().zip(1_usize..) {
        assert!(inject.after_minutes <= MINUTES_MAX);
        let due = scenario.real_seconds(inject.after_minutes);
        // By the second in which it is due, and not before, it is counted.
        assert!(scenario.due(0, due) >= number);
        assert!(due == 0 || scenario.due(0, due - 1) < number);
        assert!(scenario.simulated_due(inject) >= scenario.clock().start);
    }
});

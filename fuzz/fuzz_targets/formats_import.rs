//! Files of any bytes: read whole, or in small pieces, they hold the same.
#![no_main]

use std::io::BufReader;
use std::ops::ControlFlow;

use comity_formats::import::{Item, ListOptions, ReadLimits, ReadOptions, Summary, read};
use comity_stix::admission::{Limits, admit};
use libfuzzer_sys::fuzz_target;

/// Small ones, so that small inputs reach them.
const LIMITS: ReadLimits = ReadLimits {
    object_bytes_max: 4096,
    depth_max: 16,
    line_bytes_max: 512,
    value_bytes_max: 256,
    expanded_bytes_max: 1 << 20,
    expansion_ratio_max: 50,
};

fn items(input: impl std::io::BufRead) -> (Vec<Item>, Option<Summary>) {
    let list = ListOptions {
        created: "2026-01-01T00:00:00.000Z",
        created_by: None,
        marking: None,
    };
    let mut found = Vec::new();
    let ended = read(
        input,
        &ReadOptions {
            limits: LIMITS,
            list,
        },
        &mut |item| {
            found.push(item);
            ControlFlow::Continue(())
        },
    );
    (found, ended.ok())
}

fuzz_target!(|file: &[u8]| {
    let (found, ended) = items(file);
    let (again, end) = items(BufReader::with_capacity(7, file));
    assert_eq!((&found, ended), (&again, end));
    for item in &found {
        let Item::Object { json, derived, .. } = item else {
            continue;
        };
        assert_eq!(json, json.trim());
        if *derived {
            admit(json, &Limits::EXCHANGE).expect("what a row becomes is admitted");
        } else {
            assert!(json.len() <= LIMITS.object_bytes_max);
        }
    }
    if let Some(summary) = ended {
        assert_eq!(summary.objects + summary.problems, found.len() as u64);
    }
});

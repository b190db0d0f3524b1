//! Archives of any bytes: what comes out keeps to the limits and is what the list says.
#![no_main]

use comity_mail::archive::{ArchiveLimits, PASSWORDS, extract, list};
use libfuzzer_sys::fuzz_target;

/// Small ones, so that small inputs reach them.
const LIMITS: ArchiveLimits = ArchiveLimits {
    entries_max: 8,
    ratio_max: 20,
    total_bytes_max: 150_000,
    depth_max: 2,
};

fuzz_target!(|bytes: &[u8]| {
    let listing = list(bytes, &LIMITS);
    assert!(listing.entries.len() <= LIMITS.entries_max);
    for entry in &listing.entries {
        assert!(entry.packed <= bytes.len() as u64);
        assert!(!entry.name.is_empty() && !entry.name.contains(['/', '\\', '\0', '\n']));
    }
    let Ok(found) = extract(bytes, &LIMITS, &PASSWORDS) else {
        return;
    };
    assert_eq!(
        listing.objections,
        [],
        "only what nothing speaks against opens"
    );
    let files = listing.entries.iter().filter(|entry| !entry.folder);
    let sizes: Vec<u64> = files.map(|entry| entry.size).collect();
    let outer = found.iter().filter(|member| member.depth == 1);
    let got: Vec<u64> = outer.map(|member| member.bytes.len() as u64).collect();
    assert_eq!(sizes, got);
    let total: usize = found.iter().map(|member| member.bytes.len()).sum();
    assert!(total as u64 <= LIMITS.total_bytes_max && found.len() <= LIMITS.entries_max);
});

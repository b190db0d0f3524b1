//! Objects to measure with: STIX 2.1 of the sizes and kinds that feeds have, made from a seed.
//!
//! In scope: making them, always the same. Out of scope: meaning anything.

use std::fmt::Write as _;

/// A small generator of pseudo-random numbers (splitmix64), so that every run measures the same bytes.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn uuid(&mut self) -> String {
        let (a, b) = (self.next(), self.next());
        let (a, b) = ((a & !0xf000) | 0x4000, (b & !(3 << 62)) | (2 << 62));
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            a >> 32,
            (a >> 16) & 0xffff,
            a & 0xffff,
            b >> 48,
            b & 0xffff_ffff_ffff
        )
    }
}

const WORDS: &[&str] = &[
    "loader",
    "beacon",
    "spreadsheet",
    "invoice",
    "port",
    "harbour",
    "server",
    "second",
    "stage",
    "campaign",
    "mail",
    "attachment",
    "macro",
    "credential",
    "session",
    "token",
    "observed",
    "blocked",
    "resolver",
    "certificate",
    "group",
    "activity",
    "targets",
    "operators",
    "network",
    "tunnel",
    "exfiltration",
    "archive",
    "scheduled",
    "task",
    "service",
];

/// The text of object `number` of the series that `seed` begins: 55 % indicators, 20 % relationships, 17 % addresses,
/// 8 % malware, 860 bytes on average.
pub(crate) fn object(seed: u64, number: u64) -> String {
    let mut numbers = Numbers::new(seed.wrapping_mul(0x1_0000_0001).wrapping_add(number));
    let kind = numbers.next() % 100;
    let mut text = String::with_capacity(1100);
    let written = match kind {
        0..55 => indicator(&mut text, &mut numbers),
        55..75 => relationship(&mut text, &mut numbers),
        75..92 => address(&mut text, &mut numbers),
        _ => malware(&mut text, &mut numbers),
    };
    written.expect("invariant: writing to a string does not fail");
    text
}

/// An envelope of objects `from..from + count`.
pub(crate) fn envelope(seed: u64, from: u64, count: u64) -> String {
    let mut text = String::from("{\"objects\":[");
    for number in from..from + count {
        if number > from {
            text.push(',');
        }
        text.push_str(&object(seed, number));
    }
    text.push_str("]}");
    text
}

/// The same of indicators alone, each marked TLP:GREEN and complete in itself.
pub(crate) fn envelope_marked(seed: u64, from: u64, count: u64) -> String {
    let mut text = String::from("{\"objects\":[");
    for number in from..from + count {
        if number > from {
            text.push(',');
        }
        let mut numbers = Numbers::new(seed.wrapping_mul(0x0100_0000_01b3) ^ number);
        indicator(&mut text, &mut numbers).expect("invariant: a string takes every text");
    }
    text.push_str("]}");
    text
}

fn indicator(out: &mut String, numbers: &mut Numbers) -> std::fmt::Result {
    let (id, creator) = (numbers.uuid(), "c1a1d4f0-5d3c-4e36-9a63-0d3f5f1f6b11");
    let (time, address) = (moment(numbers), ip(numbers));
    write!(
        out,
        "{{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":\"indicator--{id}\",\"created_by_ref\":\"identity--{creator}\",\
         \"created\":\"{time}\",\"modified\":\"{time}\",\"name\":\"{}\",\"description\":\"{}\",\
         \"indicator_types\":[\"malicious-activity\"],\"pattern\":\"[ipv4-addr:value = '{address}']\",\
         \"pattern_type\":\"stix\",\"pattern_version\":\"2.1\",\"valid_from\":\"{time}\",\"confidence\":{},\
         \"labels\":[\"{}\",\"{}\"],\"object_marking_refs\":[\"marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb\"],\
         \"external_references\":[{{\"source_name\":\"report\",\"url\":\"https://reports.example/{id}\"}}]}}",
        words(numbers, 4),
        words(numbers, 36),
        numbers.next() % 101,
        words(numbers, 1),
        words(numbers, 1)
    )
}

fn relationship(out: &mut String, numbers: &mut Numbers) -> std::fmt::Result {
    let (id, source, target, time) = (
        numbers.uuid(),
        numbers.uuid(),
        numbers.uuid(),
        moment(numbers),
    );
    write!(
        out,
        "{{\"type\":\"relationship\",\"spec_version\":\"2.1\",\"id\":\"relationship--{id}\",\"created\":\"{time}\",\
         \"modified\":\"{time}\",\"relationship_type\":\"indicates\",\"description\":\"{}\",\
         \"source_ref\":\"indicator--{source}\",\"target_ref\":\"malware--{target}\"}}",
        words(numbers, 50)
    )
}

fn address(out: &mut String, numbers: &mut Numbers) -> std::fmt::Result {
    let (id, address) = (numbers.uuid(), ip(numbers));
    write!(
        out,
        "{{\"type\":\"ipv4-addr\",\"spec_version\":\"2.1\",\"id\":\"ipv4-addr--{id}\",\"value\":\"{address}\",\
         \"x_seen_by\":\"{}\"}}",
        words(numbers, 50)
    )
}

fn malware(out: &mut String, numbers: &mut Numbers) -> std::fmt::Result {
    let (id, time) = (numbers.uuid(), moment(numbers));
    write!(
        out,
        "{{\"type\":\"malware\",\"spec_version\":\"2.1\",\"id\":\"malware--{id}\",\"created\":\"{time}\",\"modified\":\"{time}\",\
         \"name\":\"{}\",\"description\":\"{}\",\"malware_types\":[\"trojan\"],\"is_family\":true}}",
        words(numbers, 2),
        words(numbers, 110)
    )
}

fn moment(numbers: &mut Numbers) -> String {
    let n = numbers.next();
    format!(
        "2026-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        n % 12 + 1,
        n / 16 % 28 + 1,
        n / 512 % 24,
        n / 16384 % 60,
        n / 1_048_576 % 60,
        n / 67_108_864 % 1000
    )
}

/// An address of the range for benchmarks (RFC 2544).
fn ip(numbers: &mut Numbers) -> String {
    let n = numbers.next();
    format!("198.{}.{}.{}", 18 + n % 2, n / 256 % 256, n / 65536 % 256)
}

fn words(numbers: &mut Numbers, count: usize) -> String {
    let mut out = String::new();
    for i in 0..count {
        if i > 0 {
            out.push(' ');
        }
        let index = usize::try_from(numbers.next() % 31).unwrap_or(0);
        out.push_str(WORDS.get(index).copied().unwrap_or_default());
    }
    out
}

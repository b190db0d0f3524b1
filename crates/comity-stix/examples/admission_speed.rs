//! Measures admission: `admission_speed [ENVELOPE.json]` prints microseconds per object for the file's objects
//! (a bundle or an envelope) and for made-up indicators.
#![allow(clippy::print_stdout)]

use std::time::Instant;

use comity_stix::admission::{Limits, admit};
use comity_stix::envelope::{EnvelopeLimits, read};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if let Some(path) = std::env::args().nth(1) {
        let body = std::fs::read(&path)?;
        let begun = Instant::now();
        let objects = read(&body, &EnvelopeLimits::EXCHANGE)?;
        println!("{path}: envelope read in {:?}", begun.elapsed());
        measure(&path, &objects);
    }
    let made: Vec<String> = (0..20_000).map(indicator).collect();
    let made: Vec<&str> = made.iter().map(String::as_str).collect();
    measure("indicators", &made);
    Ok(())
}

fn measure(name: &str, objects: &[&str]) {
    let bytes: usize = objects.iter().map(|object| object.len()).sum();
    let mut best = f64::INFINITY;
    for _ in 0..10 {
        let begun = Instant::now();
        let admitted = objects
            .iter()
            .filter(|object| admit(object, &Limits::EXCHANGE).is_ok())
            .count();
        assert_eq!(admitted, objects.len(), "every object is admitted");
        best = best.min(begun.elapsed().as_secs_f64());
    }
    let count = f64::from(u32::try_from(objects.len()).unwrap_or(u32::MAX));
    let mean = bytes / objects.len().max(1);
    println!(
        "{name}: {} objects of {mean} bytes: {:.2} us an object",
        objects.len(),
        best * 1e6 / count
    );
}

fn indicator(n: u32) -> String {
    let id = format!("{n:08x}-17d4-4cbf-938f-98ee46b3cd3f");
    format!(
        r#"{{"type":"indicator","spec_version":"2.1","id":"indicator--{id}","created_by_ref":"identity--f431f809-377b-45e0-aa1c-6a4751cae5ff","created":"2026-04-06T20:03:48.000Z","modified":"2026-04-06T20:03:48.000Z","name":"Address {n} of a botnet","description":"Seen as a command and control server of a botnet whose name is made up for this measurement. Reported by a sensor in a documentation network.","indicator_types":["malicious-activity"],"pattern":"[ipv4-addr:value = '198.51.100.{}']","pattern_type":"stix","pattern_version":"2.1","valid_from":"2026-04-06T20:03:48Z","confidence":80,"labels":["botnet","sensor"],"object_marking_refs":["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"],"external_references":[{{"source_name":"sensor","url":"https://sensor.example.com/{n}"}}]}}"#,
        n % 256
    )
}

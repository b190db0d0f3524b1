//! Memory and time, in a process of their own.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use comity_mail::guard::{GuardLimits, Verdict, guard};
use comity_mail::reading::{ReadLimits, TIME_MAX, isolated, read};

use crate::generator as make;

/// What reading may take beside four times the mail, in kilobytes: the program itself, the stack that is touched.
const CONSTANT_KB: usize = 16_000;

/// The example that reads one mail and tells its peak.
fn reader() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(|deps| deps.parent()).unwrap();
    folder.join("examples/read_mail")
}

/// The peak in kilobytes of reading this mail, and all that was said.
fn peak(mail: &[u8]) -> (usize, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail");
    std::fs::write(&path, mail).unwrap();
    let done = Command::new(reader()).arg(&path).output();
    let done = done.expect("the example is built with the tests");
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success(), "{said}");
    let line = said.lines().find_map(|line| line.strip_prefix("peak_kb "));
    (line.unwrap().parse().unwrap(), said)
}

/// Mails of many megabytes that pass the guard, or try to.
fn large() -> Vec<(&'static str, Vec<u8>)> {
    let noise: Vec<u8> = (0..4_500_000_u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes())
        .collect();
    let line = "häßliche Wörter ü\n".repeat(1_000_000);
    let html = "<p>a<b title=\"x\">&lt;b</p><!-- c --><a href=x>\r\n".repeat(500_000);
    let json = format!("[{}1]", "[{\"type\":1},\n\"x\"],\n".repeat(1_000_000));
    let latin = format!("{}\r\n", "\u{e9}".repeat(400)).repeat(28_000);
    let latin: Vec<u8> = latin
        .chars()
        .map(|letter| u8::try_from(u32::from(letter)).unwrap())
        .collect();
    vec![
        (
            "one large file",
            make::mixed("x", &[make::Part::file("a/b", "x.bin", &noise)]),
        ),
        ("large text", make::plain("x", &line)),
        (
            "large html",
            make::mail("Content-Type: text/html\n", html.as_bytes()),
        ),
        (
            "large json",
            make::mixed(
                "x",
                &[make::Part::of(
                    "Content-Type: application/json",
                    json.replace('\n', "\r\n").as_bytes(),
                )],
            ),
        ),
        (
            "latin text",
            make::mail("Content-Type: text/plain; charset=iso-8859-1\n", &latin),
        ),
        ("4,000 parts", make::many_parts(4_000)),
        ("780,000 messages", make::nested_messages(780_000)),
        ("1,000,000 parts", make::many_parts(1_000_000)),
        ("onion", make::base64_onion(28)),
    ]
}

#[test]
fn reading_takes_at_most_four_times_the_mail() {
    for (name, mail) in large() {
        let (peak_kb, said) = peak(&mail);
        let most = 4 * mail.len() / 1_024 + CONSTANT_KB;
        println!(
            "{name}: {} kB of mail, peak {peak_kb} kB",
            mail.len() / 1_024
        );
        assert!(peak_kb <= most, "{name}: {peak_kb} kB of {most}; {said}");
    }
}

#[test]
fn what_the_guard_refuses_would_still_be_read_in_time() {
    for (name, mail) in large() {
        let refused = guard(&mail, &GuardLimits::EXCHANGE) != Verdict::Pass;
        let limit = TIME_MAX.max(Duration::from_secs(30));
        let done = isolated(limit, move || {
            read(&mail, &ReadLimits::EXCHANGE, &[]).map(|mail| mail.parts.len())
        });
        let parts = done.unwrap().unwrap();
        assert!(
            parts <= ReadLimits::EXCHANGE.parts_max,
            "{name} ({refused})"
        );
    }
}

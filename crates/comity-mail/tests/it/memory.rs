//! Memory and time, in a process of their own.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use comity_mail::carried::{CarriedLimits, classify};
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

/// Mails of many megabytes, and whether they pass the guard.
fn large() -> Vec<(&'static str, bool, Vec<u8>)> {
    let noise: Vec<u8> = (0..4_500_000_u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes())
        .collect();
    let line = "häßliche Wörter ü\n".repeat(300_000);
    let html = "<p>a<b title=\"x\">&lt;b</p><!-- c --><a href=x>\r\n".repeat(150_000);
    let json = format!("[{}1]", "[{\"type\":1},\n\"x\"],\n".repeat(300_000));
    let latin = format!("{}\r\n", "\u{e9}".repeat(400)).repeat(9_000);
    let latin: Vec<u8> = latin
        .chars()
        .map(|letter| u8::try_from(u32::from(letter)).unwrap())
        .collect();
    let file = make::Part::file("a/b", "x.bin", &noise);
    let json = make::Part::of(
        "Content-Type: application/json",
        json.replace('\n', "\r\n").as_bytes(),
    );
    let fields = format!("Content-Type: a/b{}", ";\n a*1=x;b*2=y".repeat(300_000));
    let headers = format!("Content-Type: a/b\n{}", "a:\n".repeat(700_000));
    let latin_head = "Content-Type: text/plain; charset=iso-8859-1\n";
    vec![
        ("one large file", true, make::mixed("x", &[file])),
        ("large text", true, make::plain("x", &line)),
        (
            "large html",
            true,
            make::mail("Content-Type: text/html\n", html.as_bytes()),
        ),
        ("large json", true, make::mixed("x", &[json])),
        ("latin text", true, make::mail(latin_head, &latin)),
        ("4,000 parts", true, make::many_parts(4_000)),
        (
            "parameters without end",
            true,
            make::mixed("x", &[make::Part(fields, Vec::new())]),
        ),
        (
            "fields without end",
            true,
            make::mixed("x", &[make::Part(headers, Vec::new())]),
        ),
        ("780,000 messages", false, make::nested_messages(780_000)),
        ("1,000,000 parts", false, make::many_parts(1_000_000)),
        ("onion", false, make::base64_onion(28)),
    ]
}

#[test]
fn reading_takes_at_most_four_times_the_mail() {
    for (name, passes, mail) in large() {
        let (peak_kb, said) = peak(&mail);
        let most = 4 * mail.len() / 1_024 + CONSTANT_KB;
        println!(
            "{name}: {} kB of mail, peak {peak_kb} kB",
            mail.len() / 1_024
        );
        assert_eq!(said.starts_with("from "), passes, "{name}: {said}");
        assert!(peak_kb <= most, "{name}: {peak_kb} kB of {most}; {said}");
    }
}

#[test]
fn what_the_guard_refuses_would_still_be_read_in_bounds() {
    for (name, passes, mail) in large() {
        assert_eq!(
            guard(&mail, &GuardLimits::EXCHANGE) == Verdict::Pass,
            passes,
            "{name}"
        );
        let done = isolated(TIME_MAX, move || {
            read(&mail, &ReadLimits::EXCHANGE, &[]).map(|mail| mail.parts.len())
        });
        assert!(
            done.unwrap().unwrap() <= ReadLimits::EXCHANGE.parts_max,
            "{name}"
        );
    }
}

/// The shortest of three times that guarding, reading and classifying take.
fn shortest(mail: &[u8]) -> Duration {
    let once = || {
        let begun = Instant::now();
        let _verdict = guard(mail, &GuardLimits::EXCHANGE);
        let read = read(mail, &ReadLimits::EXCHANGE, &["cert-a.example"]).unwrap();
        let _carried = classify(&read, &CarriedLimits::EXCHANGE);
        begun.elapsed()
    };
    once().min(once()).min(once())
}

#[test]
fn time_grows_with_the_mail_and_not_with_its_square() {
    const MORE: u32 = 10;
    let again = |piece: &'static str| move |count: usize| piece.repeat(count);
    let text = "Content-Type: text/plain\n";
    let html = "Content-Type: text/html\n";
    let mixed = "Content-Type: multipart/mixed; boundary=b\n";
    let shapes: [(&str, &str, &str); 12] = [
        (
            "words",
            text,
            "198.51.100[.]7 hxxp://a[.]example/ words\r\n",
        ),
        ("labels", text, "TLP: TLP tlp\r\n"),
        ("blocks", text, "-----BEGIN PGP MESSAGE-----\r\n"),
        ("brackets", html, "<"),
        ("tags", html, "<a href=\"x\">y<p>"),
        ("quotes", html, "<a title=\"'>'"),
        ("comments", html, "<!-- <!--"),
        ("references", html, "&#x41;&amp&"),
        ("scripts", html, "<script><style>"),
        ("near boundaries", mixed, "--bb\r\n--b x\r\n"),
        ("boundaries", mixed, "--b\r\n"),
        ("colons", text, "content-type: :::: x/\r\n"),
    ];
    for (name, more, piece) in shapes {
        let mail = |count: usize| make::mail(more, again(piece)(count).as_bytes());
        let small = shortest(&mail(1_000));
        let large = shortest(&mail(1_000 * usize::try_from(MORE).unwrap()));
        // The square would be a hundred times as much.
        let most = (small + Duration::from_millis(2)) * MORE * 3;
        assert!(large < most, "{name}: {small:?} became {large:?}");
    }
}

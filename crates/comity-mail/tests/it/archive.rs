//! Archives: what the list says against them, and what comes out.

use comity_mail::archive::{
    ArchiveLimits, Encryption, Objection, OpenError, PASSWORDS, extract, list,
};

use crate::generator::{Member, zip};

const LIMITS: ArchiveLimits = ArchiveLimits::EXCHANGE;

fn objections(members: &[Member]) -> Vec<Objection> {
    list(&zip(members), &LIMITS).objections
}

#[test]
fn an_ordinary_archive_is_listed_and_opened() {
    let mut stored = Member::new("stored.txt", b"as it is");
    stored.deflate = false;
    let members = [
        Member::new("folder/", b""),
        Member::new("folder/读我.txt", "words ".repeat(100).as_bytes()),
        stored,
        Member::new("empty", b""),
    ];
    let archive = zip(&members);
    let listing = list(&archive, &LIMITS);
    assert_eq!(listing.objections, []);
    let names: Vec<&str> = listing
        .entries
        .iter()
        .map(|entry| entry.name.as_str())
        .collect();
    assert_eq!(names, ["folder", "读我.txt", "stored.txt", "empty"]);
    let found = extract(&archive, &LIMITS, &PASSWORDS).unwrap();
    let bytes: Vec<&[u8]> = found.iter().map(|member| member.bytes.as_slice()).collect();
    assert_eq!(bytes, [members[1].bytes.as_slice(), b"as it is", b""]);
}

#[test]
fn samples_open_with_the_usual_passwords_and_the_partys() {
    for password in ["infected", "malware", "agreed between us"] {
        let mut member = Member::new("sample.exe", b"MZ a sample");
        member.password = Some(password);
        let archive = zip(&[member]);
        let listing = list(&archive, &LIMITS);
        assert!(listing.is_encrypted());
        assert_eq!(listing.entries[0].encryption, Encryption::Traditional);
        let mut passwords = PASSWORDS.to_vec();
        passwords.push("agreed between us");
        let found = extract(&archive, &LIMITS, &passwords).unwrap();
        assert_eq!(found[0].bytes, b"MZ a sample");
        assert!(found[0].encrypted);
        let none = extract(&archive, &LIMITS, &["guess"]);
        assert_eq!(none, Err(OpenError::Password { entry: 0 }));
    }
}

#[test]
fn bombs_are_told_by_the_list() {
    // A thousand to one.
    let ratio = Member::new("zeros", &vec![0; 20_000_000]);
    assert_eq!(objections(&[ratio]), [Objection::Ratio { entry: 0 }]);
    // Members that together are too much.
    let noise: Vec<u8> = (0..300_000_u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes())
        .collect();
    let mut large = Member::new("large", &noise);
    large.deflate = false;
    large.size = Some(100_000_000);
    assert_eq!(
        objections(&[large.clone(), large.clone(), large]),
        [Objection::TooLarge]
    );
    // One stretch of bytes as many members.
    let mut again = Member::new("a", b"words");
    again.place = Some(0);
    let overlap = vec![again; 50];
    assert_eq!(objections(&overlap), [Objection::Overlap]);
    let many = vec![Member::new("a", b""); 1_001];
    assert_eq!(objections(&many), [Objection::TooManyEntries]);
}

#[test]
fn a_small_list_that_lies_is_found_when_opened() {
    let mut member = Member::new("zeros", &vec![0; 5_000_000]);
    member.size = Some(90_000);
    let archive = zip(&[member]);
    assert_eq!(list(&archive, &LIMITS).objections, []);
    let found = extract(&archive, &LIMITS, &PASSWORDS);
    assert_eq!(found, Err(OpenError::Damaged { entry: 0 }));
}

#[test]
fn archives_in_archives_end_at_a_depth() {
    let inner = zip(&[Member::new("word", b"word")]);
    let middle = zip(&[Member::new("inner.zip", &inner)]);
    let outer = zip(&[Member::new("middle.zip", &middle)]);
    assert!(list(&outer, &LIMITS).entries[0].archive);
    let found = extract(&outer, &LIMITS, &PASSWORDS).unwrap();
    let names: Vec<(&str, usize)> = found
        .iter()
        .map(|one| (one.name.as_str(), one.depth))
        .collect();
    assert_eq!(names, [("middle.zip", 1), ("inner.zip", 2)]);
    // As a quine is: each level holds as much again, so what it costs is bounded by the depth and the sum.
    let mut layers = zip(&[Member::new("a", &vec![7; 90_000])]);
    for _ in 0..6 {
        let mut copies = vec![Member::new("one.zip", &layers); 10];
        for copy in &mut copies {
            copy.deflate = false;
        }
        layers = zip(&copies);
        if layers.len() > 2_000_000 {
            break;
        }
    }
    let found = extract(&layers, &LIMITS, &PASSWORDS).unwrap();
    let total: usize = found.iter().map(|one| one.bytes.len()).sum();
    assert!(found.iter().all(|one| one.depth <= 2) && total < 3 * layers.len());
    // The sum counts all levels together.
    let half = ArchiveLimits {
        total_bytes_max: 1_000_000,
        ..LIMITS
    };
    let refused = extract(&layers, &half, &PASSWORDS);
    assert_eq!(refused, Err(OpenError::Objection(Objection::TooLarge)));
}

#[test]
fn members_stay_in_their_folder() {
    for name in [
        "../up",
        "/root",
        "a/../../b",
        "C:\\x",
        "\\\\host\\x",
        "..\\up",
        "a\0b",
    ] {
        let archive = zip(&[Member::new(name, b"x")]);
        assert_eq!(
            list(&archive, &LIMITS).objections,
            [Objection::Traversal { entry: 0 }],
            "{name}"
        );
        assert!(extract(&archive, &LIMITS, &PASSWORDS).is_err());
    }
    let mut link = Member::new("link", b"/etc/passwd");
    link.mode = 0o120_777;
    assert_eq!(objections(&[link]), [Objection::Link { entry: 0 }]);
}

#[test]
fn what_the_list_and_the_headers_say_must_agree() {
    let mut archive = zip(&[Member::new("one.txt", b"words")]);
    archive[30] = b'X';
    assert_eq!(
        list(&archive, &LIMITS).objections,
        [Objection::Mismatch { entry: 0 }]
    );
    let good = zip(&[Member::new("one.txt", b"words")]);
    for cut in 0..good.len() {
        assert!(!list(&good[..cut], &LIMITS).objections.is_empty(), "{cut}");
    }
    for place in 0..good.len() {
        let mut changed = good.clone();
        changed[place] ^= 0xFF;
        // Whatever is changed, what comes out is what went in or nothing.
        if let Ok(found) = extract(&changed, &LIMITS, &PASSWORDS) {
            assert!(
                found.iter().all(|member| member.bytes == b"words"),
                "{place}"
            );
        }
    }
}

#[test]
fn archives_of_another_program_open() {
    let folder = tempfile::tempdir().unwrap();
    let words = "words ".repeat(1_000);
    std::fs::write(folder.path().join("words.txt"), &words).unwrap();
    std::fs::write(folder.path().join("noise"), [7_u8, 0, 255]).unwrap();
    let run = |arguments: &[&str]| {
        let done = std::process::Command::new("zip")
            .current_dir(folder.path())
            .args(arguments)
            .output();
        done.is_ok_and(|done| done.status.success())
    };
    if !run(&["-q", "open.zip", "words.txt", "noise"]) {
        println!("skipped: no zip here");
        return;
    }
    // As samples are packed, and as a stream is, whose sizes stand behind its bytes.
    assert!(run(&[
        "-q",
        "-P",
        "infected",
        "locked.zip",
        "words.txt",
        "noise"
    ]));
    assert!(run(&[
        "-q",
        "-fd",
        "-P",
        "infected",
        "stream.zip",
        "words.txt",
        "noise"
    ]));
    for (name, encrypted) in [
        ("open.zip", false),
        ("locked.zip", true),
        ("stream.zip", true),
    ] {
        let archive = std::fs::read(folder.path().join(name)).unwrap();
        let listing = list(&archive, &LIMITS);
        assert_eq!(
            (listing.objections.as_slice(), listing.is_encrypted()),
            (&[][..], encrypted),
            "{name}"
        );
        let found = extract(&archive, &LIMITS, &PASSWORDS).unwrap();
        assert_eq!(found[0].bytes, words.as_bytes(), "{name}");
        assert_eq!(found[1].bytes, [7, 0, 255], "{name}");
    }
}

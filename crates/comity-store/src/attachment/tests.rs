//! Tests of attachments.

use super::*;

const LIMIT: u64 = 1_000_000;

/// SHA-256 of "abc" (FIPS 180-2, appendix B.1).
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn opened() -> (tempfile::TempDir, Attachments) {
    let folder = tempfile::tempdir().unwrap();
    let attachments = Attachments::open(&folder.path().join("attachments")).unwrap();
    (folder, attachments)
}

fn content(attachments: &Attachments, name: &AttachmentName) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    attachments
        .read(name)
        .unwrap()?
        .read_to_end(&mut bytes)
        .unwrap();
    Some(bytes)
}

/// Files below the folder, without it.
fn files(attachments: &Attachments) -> Vec<String> {
    let mut out = Vec::new();
    for fan in listed(&attachments.folder).unwrap() {
        for path in listed(&fan).unwrap() {
            let name = path.strip_prefix(&attachments.folder).unwrap();
            out.push(name.to_str().unwrap().to_owned());
        }
    }
    out
}

/// Gives its bytes one at a time, then fails or ends.
struct Slow<'a>(&'a [u8], Option<ErrorKind>);

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match (self.0.split_first(), self.1) {
            (Some((byte, rest)), _) => {
                buffer[0] = *byte;
                self.0 = rest;
                Ok(1)
            }
            (None, Some(kind)) => Err(kind.into()),
            (None, None) => Ok(0),
        }
    }
}

#[test]
fn an_attachment_is_kept_under_its_hash_and_comes_back() {
    let (_folder, attachments) = opened();
    let stored = attachments.put(b"abc".as_slice(), LIMIT).unwrap();
    assert_eq!((stored.sha256.to_string().as_str(), stored.bytes), (ABC, 3));
    assert_eq!(files(&attachments), [format!("ba/{}", &ABC[2..])]);
    assert_eq!(content(&attachments, &stored.sha256).unwrap(), b"abc");
    let again = Attachments::open(&attachments.folder).unwrap();
    assert_eq!(content(&again, &stored.sha256).unwrap(), b"abc");
    assert_eq!(content(&again, &AttachmentName([0; 32])), None);
}

#[test]
fn large_small_and_empty_ones_are_streamed() {
    let (_folder, attachments) = opened();
    for size in [0, 1, BUFFER_BYTES - 1, BUFFER_BYTES, BUFFER_BYTES * 3 + 7] {
        let bytes: Vec<u8> = (0..size).map(|i| u8::try_from(i % 251).unwrap()).collect();
        let stored = attachments.put(bytes.as_slice(), LIMIT).unwrap();
        assert_eq!(stored.bytes, u64::try_from(size).unwrap());
        assert!(content(&attachments, &stored.sha256).unwrap() == bytes);
        assert_eq!(
            attachments.put(Slow(&bytes, None), LIMIT).unwrap(),
            stored,
            "the parts in which it comes do not matter"
        );
    }
    assert_eq!(files(&attachments).len(), 5, "equal ones are one file");
    let report = attachments.check().unwrap();
    assert_eq!((report.objects, report.problems.len()), (5, 0));
}

#[test]
fn what_is_too_large_or_breaks_off_leaves_nothing_behind() {
    let (_folder, attachments) = opened();
    assert_eq!(attachments.put(b"abcd".as_slice(), 4).unwrap().bytes, 4);
    let large = attachments.put(b"abcde".as_slice(), 4);
    assert!(matches!(
        large,
        Err(StoreError::AttachmentTooLarge { limit: 4 })
    ));
    let endless = attachments.put(std::io::repeat(7), 10 * LIMIT);
    assert!(matches!(
        endless,
        Err(StoreError::AttachmentTooLarge { .. })
    ));
    let broken = attachments.put(Slow(b"abc", Some(ErrorKind::ConnectionReset)), LIMIT);
    assert!(matches!(
        broken,
        Err(StoreError::File {
            action: "receive",
            ..
        })
    ));
    assert_eq!(files(&attachments).len(), 1);
}

#[test]
fn what_a_crash_left_half_is_cleared_away_and_the_whole_ones_stay() {
    let (_folder, attachments) = opened();
    let stored = attachments.put(b"abc".as_slice(), LIMIT).unwrap();
    // As a killed process leaves it: neither name nor removal.
    let half = attachments.incoming().unwrap();
    std::fs::write(&half.path, b"half").unwrap();
    std::mem::forget(half);
    assert_eq!(files(&attachments).len(), 2);
    let again = Attachments::open(&attachments.folder).unwrap();
    assert_eq!(files(&again), [format!("ba/{}", &ABC[2..])]);
    assert_eq!(again.put(b"abc".as_slice(), LIMIT).unwrap(), stored);
    assert_eq!(again.put(b"more".as_slice(), LIMIT).unwrap().bytes, 4);
}

#[test]
fn a_removed_attachment_is_gone_and_can_come_again() {
    let (_folder, attachments) = opened();
    let stored = attachments.put(b"abc".as_slice(), LIMIT).unwrap();
    assert!(attachments.remove(&stored.sha256).unwrap());
    assert!(!attachments.remove(&stored.sha256).unwrap());
    assert_eq!(content(&attachments, &stored.sha256), None);
    assert_eq!(attachments.put(b"abc".as_slice(), LIMIT).unwrap(), stored);
    assert_eq!(content(&attachments, &stored.sha256).unwrap(), b"abc");
}

#[test]
fn a_check_names_what_does_not_hold_what_its_name_says() {
    let (_folder, attachments) = opened();
    let damaged = attachments.put(b"abc".as_slice(), LIMIT).unwrap().sha256;
    attachments.put(b"whole".as_slice(), LIMIT).unwrap();
    let cut = attachments.put(b"cut".as_slice(), LIMIT).unwrap().sha256;
    std::fs::write(attachments.path(&damaged), b"abd").unwrap();
    std::fs::write(attachments.path(&cut), b"cu").unwrap();
    std::fs::write(attachments.folder.join("stray"), b"").unwrap();
    let report = attachments.check().unwrap();
    assert_eq!((report.objects, report.problems.len()), (3, 3));
    for name in [&ABC[2..], &cut.to_string()[2..], "stray"] {
        assert!(report.problems.iter().any(|p| p.contains(name)), "{name}");
    }
    // One that was cut is mended by the same attachment coming again.
    attachments.put(b"cut".as_slice(), LIMIT).unwrap();
    assert_eq!(content(&attachments, &cut).unwrap(), b"cut");
}

#[test]
fn the_same_attachment_from_many_at_once_is_one_file() {
    let (_folder, attachments) = opened();
    let bytes = vec![9; BUFFER_BYTES * 2];
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| attachments.put(bytes.as_slice(), LIMIT).unwrap());
        }
    });
    assert_eq!(files(&attachments).len(), 1);
    assert_eq!(attachments.check().unwrap().problems, [] as [String; 0]);
}

#[test]
fn a_name_is_64_digits_in_lower_case_and_nothing_else() {
    let name = AttachmentName::parse(ABC).unwrap();
    assert_eq!(name.to_string(), ABC);
    let upper = ABC.to_uppercase();
    let slash = ABC.replace("7816", "../.");
    for text in [
        "",
        &ABC[1..],
        &ABC[2..],
        &upper,
        &slash,
        &format!("{ABC}00"),
    ] {
        assert_eq!(AttachmentName::parse(text), None, "{text:?}");
    }
}

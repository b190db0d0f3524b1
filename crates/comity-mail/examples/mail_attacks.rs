//! Writes mails that are made to break readers into a folder, each as large as it needs to be.
//!
//! A zip that holds itself is not among them: its first layers are, which is as far as anything is opened.
//!
//! In scope: one file for each attack, named by it. Out of scope: what must become of them (`read_mail`, the tests).
//!
//!     cargo run --release -p comity-mail --example mail_attacks -- FOLDER

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "../tests/it/generator.rs"]
mod generator;

use generator::{Member, Part, zip};

fn main() {
    let folder = std::env::args_os().nth(1).expect("a folder is named");
    let folder = std::path::PathBuf::from(folder);
    std::fs::create_dir_all(&folder).unwrap();
    for (name, mail) in nested().into_iter().chain(archives()) {
        std::fs::write(folder.join(name), mail).unwrap();
    }
}

fn nested() -> Vec<(&'static str, Vec<u8>)> {
    let noise: Vec<u8> = (0..4_400_000_u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes())
        .collect();
    vec![
        (
            "01 33,000 messages in messages",
            generator::nested_messages(33_000),
        ),
        (
            "02 780,000 messages in messages",
            generator::nested_messages(780_000),
        ),
        (
            "03 400,000 multiparts in multiparts",
            generator::nested_multiparts(400_000),
        ),
        ("04 1,000,000 parts", generator::many_parts(1_000_000)),
        ("05 Base64 onion, 4 layers", generator::base64_onion(4)),
        ("06 Base64 onion, 32 layers", generator::base64_onion(32)),
        (
            "07 25 MB in one file, for comparison",
            generator::mixed("x", &[Part::file("a/b", "x.bin", &noise)]),
        ),
    ]
}

fn archives() -> Vec<(&'static str, Vec<u8>)> {
    let carried = |archive: &[u8]| {
        let words = Part::text("sample\n");
        generator::mixed(
            "Sample",
            &[words, Part::file("application/zip", "s.zip", archive)],
        )
    };
    let mut sized = Member::new("zeros", &vec![0; 90_000_000]);
    let bomb = zip(&[sized.clone()]);
    // What is packed a thousandfold says that it is a fiftieth of it.
    sized.size = Some(4_000_000);
    let lying = zip(&[sized]);
    let mut shared = Member::new("shared", &vec![b'x'; 8_000_000]);
    shared.place = Some(0);
    let overlap = zip(&vec![shared; 60]);
    let mut link = Member::new("link", b"/etc/passwd");
    link.mode = 0o120_777;
    let into = Member::new("link/passwd", b"root::0:0::/:/bin/sh");
    vec![
        ("10 zip, 1,000 to 1", carried(&bomb)),
        ("11 zip, 1,000 to 1 and its list lies", carried(&lying)),
        ("12 zip, members that overlap", carried(&overlap)),
        ("13 zip in zip, each as much again", carried(&layers())),
        (
            "14 zip, 60,000 members",
            carried(&zip(&vec![Member::new("a", b""); 60_000])),
        ),
        (
            "15 zip, path traversal",
            carried(&zip(&[Member::new("../../etc/passwd", b"x")])),
        ),
        ("16 zip, symbolic link", carried(&zip(&[link, into]))),
        ("17 zip, just under every limit", carried(&zip(&[tame()]))),
    ]
}

/// Ninety to one and 190 MB, which the limits let pass.
fn tame() -> Member {
    let mut bytes = Vec::with_capacity(190_000_000);
    for n in 0..1_900_u32 {
        let noise =
            (0..250_u32).flat_map(|m| (n * 250 + m).wrapping_mul(2_654_435_761).to_be_bytes());
        bytes.extend(noise);
        bytes.resize(bytes.len() + 99_000, 0);
    }
    Member::new("tame", &bytes)
}

/// Archives in archives, ten copies a layer.
fn layers() -> Vec<u8> {
    let mut layers = zip(&[Member::new("a", &vec![7; 90_000])]);
    while layers.len() < 2_000_000 {
        let mut copy = Member::new("one.zip", &layers);
        copy.deflate = false;
        layers = zip(&vec![copy; 10]);
    }
    layers
}

//! Writes the mails and archives of the generators into the folders of a fuzz corpus.
//!
//! In scope: one file for each shape. Out of scope: what a fuzzer finds.
//!
//!     cargo run -p comity-mail --example mail_corpus -- fuzz/corpus

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "../tests/it/generator.rs"]
mod generator;

fn main() {
    let folder = std::env::args_os().nth(1).expect("a folder is named");
    let folder = std::path::PathBuf::from(folder);
    let all = [
        ("mail_read", generator::corpus()),
        ("mail_archive", generator::archives()),
    ];
    for (target, files) in all {
        std::fs::create_dir_all(folder.join(target)).unwrap();
        for (name, bytes) in files {
            std::fs::write(folder.join(target).join(name), bytes).unwrap();
        }
    }
}

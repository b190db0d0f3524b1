//! Writes the mails of the generators into a folder: the beginning of a fuzz corpus.
//!
//! In scope: one file for each shape. Out of scope: what a fuzzer finds.
//!
//!     cargo run -p comity-mail --example mail_corpus -- fuzz/corpus/mail_read

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "../tests/it/generator.rs"]
mod generator;

fn main() {
    let folder = std::env::args_os().nth(1).expect("a folder is named");
    let folder = std::path::PathBuf::from(folder);
    for (name, mail) in generator::corpus() {
        std::fs::write(folder.join(name), mail).unwrap();
    }
}

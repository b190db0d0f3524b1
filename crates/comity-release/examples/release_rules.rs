//! Prints `docs/release-rules.md`.
#![allow(clippy::print_stdout)]

fn main() {
    print!("{}", comity_release::table::document());
}

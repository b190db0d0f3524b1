//! Writes the reference of the state machines, `docs/reference/state-tables.md`, to standard output.

use std::io::Write;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(comity_case::reference::page().as_bytes())
}

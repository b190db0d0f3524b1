//! Writes the reference of the accord's text, `docs/reference/accord.md`, to standard output.

use std::io::Write;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(comity_accord::text::schema::reference().as_bytes())
}

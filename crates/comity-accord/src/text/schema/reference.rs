//! The reference page of the accord's text, written from the tables.
//!
//! In scope: `docs/reference/accord.md`, which a test compares. Out of scope: what the keys mean to the code.

use std::fmt::Write;

use super::{KEYS, NONE, REQUIRED, TABLES};
use crate::text::commitment::{KINDS, ParameterForm};

/// The reference of the text as a page of Markdown, `docs/reference/accord.md`.
pub fn reference() -> String {
    let mut page = String::from(OPENING);
    for (table, title, about) in TABLES {
        let _ = write!(
            page,
            "\n## {title}\n\n{about}\n\n| key | write | default | meaning |\n|---|---|---|---|\n"
        );
        for key in KEYS.iter().filter(|key| key.table == *table) {
            let default = if key.default == REQUIRED || key.default == NONE {
                key.default.to_owned()
            } else {
                format!("`{}`", key.default)
            };
            let _ = writeln!(
                page,
                "| `{}` | {} | {default} | {} |",
                key.name, key.form, key.about
            );
        }
    }
    page.push_str(KINDS_OPENING);
    for row in KINDS {
        let _ = write!(page, "\n### `{}`\n\n{}\n", row.word, row.about);
        if row.parameters.is_empty() {
            continue;
        }
        page.push_str("\n| parameter | write | default | meaning |\n|---|---|---|---|\n");
        for parameter in row.parameters {
            let (write, default) = match parameter.form {
                ParameterForm::Number {
                    default,
                    least,
                    most,
                } => (format!("{least} to {most}"), default.to_string()),
                ParameterForm::Word { default, allowed } => (
                    format!("one of {}", allowed.join(", ")),
                    format!("{default:?}"),
                ),
            };
            let _ = writeln!(
                page,
                "| `{}` | {write} | `{default}` | {} |",
                parameter.name, parameter.about
            );
        }
    }
    page
}

const OPENING: &str = "# The accord's text

<!-- Written from the table in crates/comity-accord/src/text/schema.rs by
     `cargo run -p comity-accord --example accord_reference`; a test compares. -->

An accord is a TOML file that all its parties sign, byte for byte. Every key that it may hold is here; any other is refused.
A missing key means its default, and defaults never change within `format = 1`. Characters that cannot be seen, such as those
that turn the writing direction, are refused, in comments too.

Limits: the file 256 KiB, a text 1 KiB on one line, a list 256 entries, 2 to 16 parties, 32 channels, 128 points of contact,
240 directions of release with 64 redactions each, 32 calendars of 400 holidays, 128 commitments.
";

const KINDS_OPENING: &str = "
## Kinds of commitments

Percentages are of what fell due in the period; nothing due is \"not applicable\", never \"met\".
";

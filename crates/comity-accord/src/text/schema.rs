//! Every key of an accord's text: its form, its default, its meaning. The reader refuses what is not here, and the
//! reference page is written from here.
//!
//! Defaults belong to `format = 1`: they never change, because both parties signed a text that relied on them.
//!
//! In scope: the table of keys. Out of scope: reading values (`reader` and the modules of each table).

mod keys;
mod reference;

use keys::KEYS;

pub use reference::reference;

/// One key of one table.
struct Key {
    table: &'static str,
    name: &'static str,
    form: &'static str,
    /// What holds without it.
    default: &'static str,
    about: &'static str,
}

/// The word in the column of defaults for a key that must be there.
const REQUIRED: &str = "required";
/// The word for a key that says nothing where it is missing.
const NONE: &str = "none";

/// Each table, with what it is.
const TABLES: &[(&str, &str, &str)] = &[
    (
        "",
        "Top of the text",
        "What the accord is called, and when it holds.",
    ),
    ("party", "`[[party]]`", "The parties, 2 to 16."),
    (
        "ledger",
        "`[ledger]`",
        "What each party's ledger must show.",
    ),
    ("channel", "`[[channel]]`", "Ways agreed for purposes."),
    ("contact", "`[[contact]]`", "Points of contact."),
    (
        "release",
        "`[[release]]`",
        "What one party may let another have: one table for each direction. Without a table nothing may go in that \
         direction.",
    ),
    (
        "release.ceilings",
        "`release.ceilings`",
        "Lower ceilings of single outlets.",
    ),
    (
        "release.red_persons",
        "`release.red_persons`",
        "The recipient's persons who may have TLP:RED.",
    ),
    (
        "release.redact",
        "`[[release.redact]]`",
        "What is taken out before release. Exactly one of `property`, `pattern` and `personal`.",
    ),
    ("recall", "`[recall]`", "Recalls of what was released."),
    (
        "calendar",
        "`[[calendar]]`",
        "When parties work, for commitments that count working days.",
    ),
    (
        "commitment",
        "`[[commitment]]`",
        "Promises that a machine can judge. Their parameters are listed below.",
    ),
];

pub(super) fn knows(table: &str, name: &str) -> bool {
    find(table, name).is_some() || (table.is_empty() && top_tables().any(|top| top == name))
}

/// Tables that stand at the top of the text.
fn top_tables() -> impl Iterator<Item = &'static str> {
    let all = TABLES.iter().map(|(table, ..)| *table);
    all.filter(|table| !table.is_empty() && !table.contains('.'))
}

fn find(table: &str, name: &str) -> Option<&'static Key> {
    KEYS.iter()
        .find(|key| key.table == table && key.name == name)
}

/// The names that a table knows, for a person who mistyped one.
pub(super) fn names(table: &str) -> String {
    let own = KEYS.iter().filter(|key| key.table == table);
    let mut names: Vec<_> = own.map(|key| key.name).collect();
    if table.is_empty() {
        names.extend(top_tables());
    }
    names.join(", ")
}

/// What to write for a key.
pub(super) fn form(table: &str, name: &str) -> &'static str {
    find(table, name).map_or("", |key| key.form)
}

//! Notes of lines: a title, then a fact a line, each a name and what it is. Whoever reads one takes one spelling only.
//!
//! In scope: signing such a note, and reading it back. Out of scope: which lines (`grant`, `tombstone`).

use comity_ledger::key::{SigningKey, VerifierKey};
use comity_ledger::note::Note;

/// The note of a text, signed.
pub(crate) fn sign(text: String, key: &SigningKey) -> Option<Vec<u8>> {
    let signature = key.sign_note(&text);
    let note = Note::new(text, vec![signature]).ok()?;
    Some(note.to_string().into_bytes())
}

/// What a note says that one of these keys signed; nothing if it could be spelled in another way.
pub(crate) fn open<T>(
    bytes: &[u8],
    keys: &[VerifierKey],
    read: impl FnOnce(&mut Lines<'_>) -> Option<T>,
    spelled: impl FnOnce(&T) -> String,
) -> Option<T> {
    let note = Note::parse(bytes).ok()?;
    note.verify(keys).ok()?;
    let mut lines = note.text().lines();
    lines.next()?;
    let said = read(&mut Lines(lines))?;
    (spelled(&said) == note.text()).then_some(said)
}

/// The lines behind the title.
pub(crate) struct Lines<'n>(std::str::Lines<'n>);

impl<'n> Lines<'n> {
    /// What the next line says, if it is of this name.
    pub(crate) fn next(&mut self, name: &str) -> Option<&'n str> {
        self.0.next()?.strip_prefix(name)?.strip_prefix(' ')
    }
}

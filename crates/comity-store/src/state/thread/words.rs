//! By what threads are found: words of their titles and numbers, and the objects and values that they name.
//!
//! In scope: rows, and threads that have them. Out of scope: what a thread says (`comity-case`), who may see it.
//! Limits: [`WORDS_MAX`] words of a question, [`WORDS_OF_MESSAGE_MAX`] of a message.

use crate::error::StoreError;
use crate::objects::words;
use crate::state::Tx;
use crate::state::thread::{ThreadRow, thread_of};
use crate::state::value::Value;

/// Words and names that one message adds.
pub const WORDS_OF_MESSAGE_MAX: usize = 4_000;
/// Words of a question that count.
pub const WORDS_MAX: usize = 12;

/// The name under which an object's id or a value stands beside words, which hold letters and digits alone.
fn named(name: &str) -> String {
    format!("={name}")
}

/// Has a thread found by the words of these texts, and by these names as they are.
pub fn add(
    tx: &mut dyn Tx,
    thread: &str,
    texts: &[&str],
    names: &[String],
) -> Result<(), StoreError> {
    let words = texts.iter().flat_map(|text| words::of(text));
    let names = names.iter().map(|name| named(name));
    let all: std::collections::BTreeSet<String> = words.chain(names).collect();
    for word in all.iter().take(WORDS_OF_MESSAGE_MAX) {
        tx.execute(
            "INSERT INTO thread_word (word, thread) VALUES (?1, ?2) ON CONFLICT (word, thread) DO NOTHING",
            &[word.as_str().into(), thread.into()],
        )?;
    }
    Ok(())
}

/// Threads that are found by every word of a text, in whatever order; the newest change first.
pub fn with_text(tx: &mut dyn Tx, text: &str, limit: u64) -> Result<Vec<ThreadRow>, StoreError> {
    let words: Vec<String> = words::of(text).into_iter().take(WORDS_MAX).collect();
    found(tx, &words, words.len(), limit)
}

/// Threads that name one of these objects or values; the newest change first.
pub fn with_name(
    tx: &mut dyn Tx,
    names: &[String],
    limit: u64,
) -> Result<Vec<ThreadRow>, StoreError> {
    let mut all: Vec<ThreadRow> = Vec::new();
    for some in names.chunks(WORDS_MAX) {
        let words: Vec<String> = some.iter().map(|name| named(name)).collect();
        for row in found(tx, &words, 1, limit)? {
            if all.iter().all(|known| known.id != row.id) {
                all.push(row);
            }
        }
    }
    all.sort_by(|one, other| other.changed.cmp(&one.changed).then(one.id.cmp(&other.id)));
    all.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(all)
}

/// Threads that are found by at least this many of the words, [`WORDS_MAX`] of them at most.
fn found(
    tx: &mut dyn Tx,
    words: &[String],
    least: usize,
    limit: u64,
) -> Result<Vec<ThreadRow>, StoreError> {
    if words.is_empty() {
        return Ok(Vec::new());
    }
    // No thread is found by the empty word.
    let padded = words.iter().map(String::as_str);
    let padded = padded.chain(std::iter::repeat("")).take(WORDS_MAX);
    let mut values: Vec<Value> = padded.map(Value::from).collect();
    values.push(u64::try_from(least).unwrap_or(u64::MAX).into());
    values.push(limit.into());
    let rows = tx.query(
        "SELECT id, subject, party, opener, title, state, urgency, label, exercise, disputed, due, due_by, due_what, own_due,
             own_what, messages, opened, changed FROM thread
         WHERE id IN (SELECT thread FROM thread_word WHERE word IN (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             GROUP BY thread HAVING count(*) >= ?13)
         ORDER BY changed DESC, id LIMIT ?14",
        &values,
    )?;
    rows.iter().map(thread_of).collect()
}

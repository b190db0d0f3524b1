//! Threads: the messages of two parties about one subject, what each thread stands at for lists, private notes, and what this party
//! keeps for itself until the time comes to say it.
//!
//! The messages are the truth; a thread's row is derived from them whenever one comes or a receipt comes, and at other times
//! says what stood then.
//!
//! In scope: rows. Out of scope: what messages mean (`comity-case`).

use crate::error::StoreError;
use crate::state::channel::Direction;
use crate::state::{Row, Tx};

pub mod words;

/// What a thread stands at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadRow {
    /// Its name, `request--UUID`.
    pub id: String,
    /// What it is about, by its word.
    pub subject: String,
    /// The other party.
    pub party: String,
    /// Who opened it.
    pub opener: String,
    /// A line for lists.
    pub title: String,
    /// Where it stands, by its word.
    pub state: String,
    /// How urgent it is, by its word, for subjects that have that.
    pub urgency: Option<String>,
    /// Its TLP label.
    pub label: String,
    /// The exercise to which it belongs.
    pub exercise: Option<String>,
    /// Whether something in it is disputed, or its messages contradict each other.
    pub disputed: bool,
    /// What is due next: when (seconds since 1970), by whom (a party), and what, by its word.
    pub due: Option<(i64, String, String)>,
    /// What this party owes next: when (seconds since 1970), and what, by its word.
    pub own_due: Option<(i64, String)>,
    /// How many messages there are.
    pub messages: u64,
    /// When the first message was recorded, microseconds since 1970.
    pub opened: i64,
    /// When the newest one was, microseconds since 1970.
    pub changed: i64,
}

/// A message of a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRow {
    /// Its identity: the SHA-256 of its text.
    pub digest: [u8; 32],
    /// Its thread.
    pub thread: String,
    /// Who wrote it.
    pub author: String,
    /// Its place among the author's.
    pub seq: u32,
    /// Its text, byte for byte.
    pub body: String,
    /// When the recipient's node had it, seconds since 1970; none: no receipt is here.
    pub received: Option<i64>,
    /// The envelope that carried it.
    pub envelope: [u8; 32],
    /// Which way it went.
    pub direction: Direction,
    /// When it was recorded here, microseconds since 1970.
    pub recorded: i64,
}

/// An entry of this party's own record of a thread: it stays in the house.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteRow {
    /// Its number.
    pub id: String,
    /// The thread that it is about.
    pub thread: String,
    /// Who wrote it.
    pub officer: String,
    /// What kind of entry: `note`, or the word of another event of the thread's subject.
    pub event: String,
    /// What it says: a note's text, another event's content as JSON.
    pub body: String,
    /// When, microseconds since 1970.
    pub recorded: i64,
}

/// A message with the header and the payload of its receipt.
pub type Receipted = (MessageRow, Vec<u8>, Vec<u8>);

/// Which threads a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// About this, by its word.
    pub subject: Option<String>,
    /// With this party.
    pub party: Option<String>,
    /// Of this exercise; none: only what is meant.
    pub exercise: Option<String>,
    /// Only where this party is to do something, the next deadline first.
    pub owed: bool,
    /// Behind this thread: where the stretch before ended.
    pub before: Option<String>,
    /// How many at most.
    pub limit: u64,
}

const THREAD: &str = "SELECT id, subject, party, opener, title, state, urgency, label, exercise, disputed, due, due_by,
     due_what, own_due,
             own_what, messages, opened, changed FROM thread WHERE id = ?1";

/// Records what a thread stands at, in the place of what was known.
pub fn put(tx: &mut dyn Tx, row: &ThreadRow) -> Result<(), StoreError> {
    let (due, by, what) = match &row.due {
        Some((at, by, what)) => (Some(*at), Some(by.as_str()), Some(what.as_str())),
        None => (None, None, None),
    };
    let own = row.own_due.as_ref();
    tx.execute(
        "INSERT INTO thread (id, subject, party, opener, title, state, urgency, label, exercise, disputed, due, due_by,
             due_what, messages, opened, changed, own_due, own_what)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
         ON CONFLICT (id) DO UPDATE SET title = excluded.title, state = excluded.state, urgency = excluded.urgency,
             label = excluded.label, disputed = excluded.disputed, due = excluded.due, due_by = excluded.due_by,
             due_what = excluded.due_what, messages = excluded.messages, changed = excluded.changed,
             own_due = excluded.own_due, own_what = excluded.own_what",
        &[
            row.id.as_str().into(),
            row.subject.as_str().into(),
            row.party.as_str().into(),
            row.opener.as_str().into(),
            row.title.as_str().into(),
            row.state.as_str().into(),
            row.urgency.as_deref().into(),
            row.label.as_str().into(),
            row.exercise.as_deref().into(),
            i64::from(row.disputed).into(),
            due.into(),
            by.into(),
            what.into(),
            row.messages.into(),
            row.opened.into(),
            row.changed.into(),
            own.map(|(at, _)| *at).into(),
            own.map(|(_, what)| what.as_str()).into(),
        ],
    )?;
    Ok(())
}

/// One thread.
pub fn find(tx: &mut dyn Tx, id: &str) -> Result<Option<ThreadRow>, StoreError> {
    let rows = tx.query(THREAD, &[id.into()])?;
    rows.first().map(thread_of).transpose()
}

/// The names of threads that begin with a text, two at most: one is found, two are too many.
pub fn beginning(tx: &mut dyn Tx, prefix: &str) -> Result<Vec<String>, StoreError> {
    // The first text after all those with the prefix: names are ASCII.
    let end = format!("{prefix}~");
    let rows = tx.query(
        "SELECT id FROM thread WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT 2",
        &[prefix.into(), end.as_str().into()],
    )?;
    rows.iter().map(|row| row.text(0)).collect()
}

/// Threads of a subject, the newest change first. One statement for each order and one with a subject, so that each goes by its index.
const OF_SUBJECT: &str = "SELECT id, subject, party, opener, title, state, urgency, label, exercise, disputed, due, due_by, due_what,
     own_due, own_what, messages, opened, changed FROM thread
     WHERE subject = ?5 AND (?1 = '' OR party = ?1) AND coalesce(exercise, '') = ?2
         AND (?3 = '' OR (changed, id) < (SELECT b.changed, b.id FROM thread b WHERE b.id = ?3))
     ORDER BY changed DESC, id DESC LIMIT ?4";
const OF_ALL: &str = "SELECT id, subject, party, opener, title, state, urgency, label, exercise, disputed, due, due_by, due_what,
     own_due, own_what, messages, opened, changed FROM thread
     WHERE (?1 = '' OR party = ?1) AND coalesce(exercise, '') = ?2
         AND (?3 = '' OR (changed, id) < (SELECT b.changed, b.id FROM thread b WHERE b.id = ?3))
     ORDER BY changed DESC, id DESC LIMIT ?4";
const OWED: &str = "SELECT id, subject, party, opener, title, state, urgency, label, exercise, disputed, due, due_by, due_what,
     own_due, own_what, messages, opened, changed FROM thread
     WHERE own_due IS NOT NULL AND (?1 = '' OR party = ?1) AND coalesce(exercise, '') = ?2
         AND (?3 = '' OR (own_due, id) > (SELECT b.own_due, b.id FROM thread b WHERE b.id = ?3)) AND (?5 = '' OR subject = ?5)
     ORDER BY own_due, id LIMIT ?4";

/// Threads, the newest change first, or the next own deadline.
pub fn list(tx: &mut dyn Tx, wanted: &Wanted) -> Result<Vec<ThreadRow>, StoreError> {
    let subject = wanted.subject.as_deref();
    let mut values = vec![
        wanted.party.as_deref().unwrap_or_default().into(),
        wanted.exercise.as_deref().unwrap_or_default().into(),
        wanted.before.as_deref().unwrap_or_default().into(),
        wanted.limit.into(),
    ];
    if subject.is_some() || wanted.owed {
        values.push(subject.unwrap_or_default().into());
    }
    let sql = match (wanted.owed, subject) {
        (true, _) => OWED,
        (false, Some(_)) => OF_SUBJECT,
        (false, None) => OF_ALL,
    };
    let rows = tx.query(sql, &values)?;
    rows.iter().map(thread_of).collect()
}

/// Records that a message of one case speaks of another one into which it, or something of it, goes.
pub fn add_lead(tx: &mut dyn Tx, into: &str, from: &str) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO case_lead (into_case, from_case) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        &[into.into(), from.into()],
    )?;
    Ok(())
}

/// The cases of which a message ever said that they, or something of them, go into this one.
pub fn leading_into(tx: &mut dyn Tx, into: &str, limit: u64) -> Result<Vec<String>, StoreError> {
    let rows = tx.query(
        "SELECT from_case FROM case_lead WHERE into_case = ?1 ORDER BY from_case LIMIT ?2",
        &[into.into(), limit.into()],
    )?;
    rows.iter().map(|row| row.text(0)).collect()
}

/// Every thread with a party, oldest first: what a period is judged from.
pub fn with_party(tx: &mut dyn Tx, party: &str) -> Result<Vec<ThreadRow>, StoreError> {
    let rows = tx.query(
        "SELECT id, subject, party, opener, title, state, urgency, label, exercise, disputed, due, due_by, due_what, own_due,
             own_what, messages, opened, changed FROM thread WHERE party = ?1 ORDER BY opened, id",
        &[party.into()],
    )?;
    rows.iter().map(thread_of).collect()
}

/// Threads of which something is due before a time in seconds since 1970, the most pressing first; `after`: behind the thread that is
/// due then and has that number.
pub fn due(
    tx: &mut dyn Tx,
    after: (i64, &str),
    before: i64,
    limit: u64,
) -> Result<Vec<ThreadRow>, StoreError> {
    let rows = tx.query(
        "SELECT id, subject, party, opener, title, state, urgency, label, exercise, disputed, due, due_by, due_what, own_due,
             own_what, messages, opened, changed FROM thread
         WHERE due IS NOT NULL AND due >= ?1 AND (due > ?1 OR id > ?2) AND due < ?3 ORDER BY due, id LIMIT ?4",
        &[after.0.into(), after.1.into(), before.into(), limit.into()],
    )?;
    rows.iter().map(thread_of).collect()
}

/// Records a message; one that is known stays as it is. Answers whether it is new.
pub fn add_message(tx: &mut dyn Tx, row: &MessageRow) -> Result<bool, StoreError> {
    let added = tx.execute(
        "INSERT INTO message (digest, thread, author, seq, body, received, envelope, direction, recorded)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (digest) DO NOTHING",
        &[
            (&row.digest).into(),
            row.thread.as_str().into(),
            row.author.as_str().into(),
            row.seq.into(),
            row.body.as_str().into(),
            row.received.into(),
            (&row.envelope).into(),
            row.direction.word().into(),
            row.recorded.into(),
        ],
    )?;
    Ok(added == 1)
}

/// The messages of a thread.
pub fn messages(tx: &mut dyn Tx, thread: &str) -> Result<Vec<MessageRow>, StoreError> {
    let rows = tx.query(
        "SELECT digest, thread, author, seq, body, received, envelope, direction, recorded FROM message
         WHERE thread = ?1 ORDER BY recorded, seq",
        &[thread.into()],
    )?;
    rows.iter().map(message_of).collect()
}

/// Messages of this node whose receipt is here but not yet recorded with them, with the receipt's header and payload.
pub fn receipted(tx: &mut dyn Tx, limit: u64) -> Result<Vec<Receipted>, StoreError> {
    let rows = tx.query(
        "SELECT m.digest, m.thread, m.author, m.seq, m.body, m.received, m.envelope, m.direction, m.recorded, r.header, r.payload
         FROM message m JOIN receipt r ON r.envelope = m.envelope AND r.direction = 'out'
         WHERE m.received IS NULL AND m.direction = 'out' ORDER BY m.recorded LIMIT ?1",
        &[limit.into()],
    )?;
    rows.iter()
        .map(|row| Ok((message_of(row)?, row.bytes(9)?, row.bytes(10)?)))
        .collect()
}

/// Records when the recipient's node had a message; the earliest stays.
pub fn received(tx: &mut dyn Tx, digest: &[u8; 32], at: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE message SET received = ?2 WHERE digest = ?1 AND (received IS NULL OR received > ?2)",
        &[digest.into(), at.into()],
    )?;
    Ok(())
}

/// Records that what an envelope carried travels in another one.
pub fn moved(tx: &mut dyn Tx, from: &[u8; 32], to: &[u8; 32]) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE message SET envelope = ?2 WHERE envelope = ?1 AND direction = 'out'",
        &[from.into(), to.into()],
    )?;
    Ok(())
}

/// Records an entry of the own record.
pub fn add_note(tx: &mut dyn Tx, row: &NoteRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO thread_note (id, thread, officer, event, body, recorded) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        &[
            row.id.as_str().into(),
            row.thread.as_str().into(),
            row.officer.as_str().into(),
            row.event.as_str().into(),
            row.body.as_str().into(),
            row.recorded.into(),
        ],
    )?;
    Ok(())
}

/// The own record of a thread, oldest first.
pub fn notes(tx: &mut dyn Tx, thread: &str) -> Result<Vec<NoteRow>, StoreError> {
    let rows = tx.query(
        "SELECT id, thread, officer, event, body, recorded FROM thread_note WHERE thread = ?1 ORDER BY recorded, id",
        &[thread.into()],
    )?;
    let note = |row: &Row| {
        Ok(NoteRow {
            id: row.text(0)?,
            thread: row.text(1)?,
            officer: row.text(2)?,
            event: row.text(3)?,
            body: row.text(4)?,
            recorded: row.integer(5)?,
        })
    };
    rows.iter().map(note).collect()
}

/// Keeps something of a thread for this party alone, by a name; what is there already stays.
pub fn keep(
    tx: &mut dyn Tx,
    (thread, name): (&str, &str),
    value: &str,
    now: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO thread_kept (thread, name, value, recorded) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (thread, name) DO NOTHING",
        &[thread.into(), name.into(), value.into(), now.into()],
    )?;
    Ok(())
}

/// What is kept of a thread under a name.
pub fn kept(tx: &mut dyn Tx, thread: &str, name: &str) -> Result<Option<String>, StoreError> {
    let rows = tx.query(
        "SELECT value FROM thread_kept WHERE thread = ?1 AND name = ?2",
        &[thread.into(), name.into()],
    )?;
    rows.first().map(|row| row.text(0)).transpose()
}

/// Keeps it no longer.
pub fn forget(tx: &mut dyn Tx, thread: &str, name: &str) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM thread_kept WHERE thread = ?1 AND name = ?2",
        &[thread.into(), name.into()],
    )?;
    Ok(())
}

/// Threads about a subject that stand at a state, the oldest change first.
pub fn standing(
    tx: &mut dyn Tx,
    (subject, state): (&str, &str),
    limit: u64,
) -> Result<Vec<String>, StoreError> {
    let rows = tx.query(
        "SELECT id FROM thread WHERE subject = ?1 AND state = ?2 ORDER BY changed, id LIMIT ?3",
        &[subject.into(), state.into(), limit.into()],
    )?;
    rows.iter().map(|row| row.text(0)).collect()
}

fn thread_of(row: &Row) -> Result<ThreadRow, StoreError> {
    let due = match (
        row.optional_integer(10)?,
        row.optional_text(11)?,
        row.optional_text(12)?,
    ) {
        (Some(at), Some(by), Some(what)) => Some((at, by, what)),
        _ => None,
    };
    Ok(ThreadRow {
        id: row.text(0)?,
        subject: row.text(1)?,
        party: row.text(2)?,
        opener: row.text(3)?,
        title: row.text(4)?,
        state: row.text(5)?,
        urgency: row.optional_text(6)?,
        label: row.text(7)?,
        exercise: row.optional_text(8)?,
        disputed: row.integer(9)? != 0,
        due,
        own_due: row.optional_integer(13)?.zip(row.optional_text(14)?),
        messages: row.count(15)?,
        opened: row.integer(16)?,
        changed: row.integer(17)?,
    })
}

fn message_of(row: &Row) -> Result<MessageRow, StoreError> {
    let direction = if row.text(7)? == Direction::Out.word() {
        Direction::Out
    } else {
        Direction::In
    };
    Ok(MessageRow {
        digest: row.hash(0)?,
        thread: row.text(1)?,
        author: row.text(2)?,
        seq: crate::state::ledger::small(row, 3)?,
        body: row.text(4)?,
        received: row.optional_integer(5)?,
        envelope: row.hash(6)?,
        direction,
        recorded: row.integer(8)?,
    })
}

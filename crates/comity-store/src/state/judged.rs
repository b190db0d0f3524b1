//! What mails came to: how sure it is who sent each, when one is tried again, and what a person is to confirm.
//!
//! In scope: rows. Out of scope: the mails themselves (`mail`), judging them.

use crate::error::StoreError;
use crate::objects::words;
use crate::state::mail::{self, MailRow, MailState};
use crate::state::{Row, Tx};

/// Subjects that a search looks at.
pub const SUBJECTS_MAX: u64 = 5_000;

/// What a mail came to. Its documents are JSON of whoever judged it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedRow {
    /// The mail.
    pub mail: String,
    /// How sure it is who sent it, by its word: `L0` to `L4`.
    pub level: String,
    /// Who sent it, as far as that is sure.
    pub party: Option<String>,
    /// It came to an address that was given to another party.
    pub leaked: bool,
    /// Why the level is what it is: a list of sentences.
    pub reasons: String,
    /// What the network said of its origin.
    pub authentication: String,
    /// What it carries, and what became of each.
    pub acts: String,
    /// The mail that answered it.
    pub answer: Option<String>,
    /// When, microseconds since 1970.
    pub judged: i64,
    /// Its label, as TLP writes it; none: it says none.
    pub label: Option<String>,
    /// Its subject.
    pub subject: Option<String>,
    /// The addresses that it is to, a JSON list, where it is for persons.
    pub persons: Option<String>,
}

/// How often a mail was tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TryRow {
    /// How often it was begun since it was put off last, without an end.
    pub begun: u64,
    /// How often it was put off.
    pub pauses: u64,
    /// When it is to be tried again, microseconds since 1970.
    pub due: i64,
}

/// What has become of a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProposalState {
    /// It waits for a person.
    Waits,
    /// A person confirmed it, and it was done.
    Confirmed,
    /// A person did not go along.
    Dismissed,
    /// The mail was judged anew, and another proposal or none took its place.
    Replaced,
}

impl ProposalState {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Waits,
        Self::Confirmed,
        Self::Dismissed,
        Self::Replaced,
    ];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waits => "waits",
            Self::Confirmed => "confirmed",
            Self::Dismissed => "dismissed",
            Self::Replaced => "replaced",
        }
    }

    /// Reads its word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// Something that a mail would do, and that a person is to confirm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposalRow {
    /// Its number.
    pub id: String,
    /// The mail.
    pub mail: String,
    /// Its place among what the mail carries, from 0.
    pub place: u64,
    /// What would be done, by its word.
    pub kind: String,
    /// With what: JSON.
    pub detail: String,
    /// What has become of it.
    pub state: ProposalState,
    /// What it came to, in words; or why it was dismissed.
    pub outcome: Option<String>,
    /// Who settled it.
    pub officer: Option<String>,
    /// In which role.
    pub role: Option<String>,
    /// When it was made, microseconds since 1970.
    pub proposed: i64,
    /// When it was settled, microseconds since 1970.
    pub settled: Option<i64>,
}

/// Records what a mail came to, in the place of what it came to before. The answer that it got stays.
pub fn put(tx: &mut dyn Tx, row: &JudgedRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO mail_judged (mail, level, party, leaked, reasons, authentication, acts, answer, judged, label, subject, persons)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
         ON CONFLICT (mail) DO UPDATE SET level = excluded.level, party = excluded.party, leaked = excluded.leaked,
             reasons = excluded.reasons, authentication = excluded.authentication, acts = excluded.acts,
             answer = coalesce(mail_judged.answer, excluded.answer), judged = excluded.judged, label = excluded.label,
             subject = excluded.subject, persons = excluded.persons",
        &[
            row.mail.as_str().into(),
            row.level.as_str().into(),
            row.party.as_deref().into(),
            i64::from(row.leaked).into(),
            row.reasons.as_str().into(),
            row.authentication.as_str().into(),
            row.acts.as_str().into(),
            row.answer.as_deref().into(),
            row.judged.into(),
            row.label.as_deref().into(),
            row.subject.as_deref().into(),
            row.persons.as_deref().into(),
        ],
    )?;
    Ok(())
}

/// What a mail came to.
pub fn find(tx: &mut dyn Tx, mail: &str) -> Result<Option<JudgedRow>, StoreError> {
    let rows = tx.query(
        "SELECT mail, level, party, leaked, reasons, authentication, acts, answer, judged, label, subject, persons
             FROM mail_judged WHERE mail = ?1",
        &[mail.into()],
    )?;
    rows.first().map(judged).transpose()
}

/// The mails that came to an address of another party than the one that wrote, the newest first.
pub fn leaked(tx: &mut dyn Tx, limit: u64) -> Result<Vec<JudgedRow>, StoreError> {
    let rows = tx.query(
        "SELECT mail, level, party, leaked, reasons, authentication, acts, answer, judged, label, subject, persons FROM mail_judged
         WHERE leaked = 1 ORDER BY judged DESC, mail LIMIT ?1",
        &[limit.into()],
    )?;
    rows.iter().map(judged).collect()
}

/// Mails whose subject holds every word of a text, in whatever order, of the newest [`SUBJECTS_MAX`]; the newest first.
pub fn with_subject(
    tx: &mut dyn Tx,
    text: &str,
    limit: usize,
) -> Result<Vec<(MailRow, JudgedRow)>, StoreError> {
    let asked = words::of(text);
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tx.query(
        "SELECT m.id, j.subject FROM mail m JOIN mail_judged j ON j.mail = m.id WHERE j.subject IS NOT NULL
         ORDER BY m.received DESC, m.id DESC LIMIT ?1",
        &[SUBJECTS_MAX.into()],
    )?;
    let mut found = Vec::new();
    for row in &rows {
        if found.len() >= limit {
            break;
        }
        if asked.is_subset(&words::of(&row.text(1)?)) {
            let id = row.text(0)?;
            found.extend(mail::find(tx, &id)?.zip(find(tx, &id)?));
        }
    }
    Ok(found)
}

/// Mails that wait to be looked at and are due, the oldest first; `after` is where the page before ended.
pub fn waiting(
    tx: &mut dyn Tx,
    now: i64,
    after: (i64, &str),
    limit: u64,
) -> Result<Vec<MailRow>, StoreError> {
    let rows = tx.query(
        "SELECT m.id FROM mail m LEFT JOIN mail_try t ON t.mail = m.id
         WHERE m.state = ?1 AND (t.due IS NULL OR t.due <= ?2) AND (m.received > ?3 OR (m.received = ?3 AND m.id > ?4))
         ORDER BY m.received, m.id LIMIT ?5",
        &[
            MailState::Received.word().into(),
            now.into(),
            after.0.into(),
            after.1.into(),
            limit.into(),
        ],
    )?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        found.extend(mail::find(tx, &row.text(0)?)?);
    }
    Ok(found)
}

/// How often a mail was tried.
pub fn tried(tx: &mut dyn Tx, mail: &str) -> Result<TryRow, StoreError> {
    let rows = tx.query(
        "SELECT begun, pauses, due FROM mail_try WHERE mail = ?1",
        &[mail.into()],
    )?;
    let row = |row: &Row| {
        Ok(TryRow {
            begun: row.count(0)?,
            pauses: row.count(1)?,
            due: row.integer(2)?,
        })
    };
    rows.first().map_or_else(|| Ok(TryRow::default()), row)
}

/// Records how often a mail was tried.
pub fn set_tried(tx: &mut dyn Tx, mail: &str, row: &TryRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO mail_try (mail, begun, pauses, due) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (mail) DO UPDATE SET begun = excluded.begun, pauses = excluded.pauses, due = excluded.due",
        &[mail.into(), row.begun.into(), row.pauses.into(), row.due.into()],
    )?;
    Ok(())
}

/// The mail needs no further try.
pub fn forget_tries(tx: &mut dyn Tx, mail: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM mail_try WHERE mail = ?1", &[mail.into()])?;
    Ok(())
}

/// Records a proposal.
pub fn propose(tx: &mut dyn Tx, row: &ProposalRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO mail_proposal (id, mail, place, kind, detail, state, outcome, officer, role, proposed, settled)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        &[
            row.id.as_str().into(),
            row.mail.as_str().into(),
            row.place.into(),
            row.kind.as_str().into(),
            row.detail.as_str().into(),
            row.state.word().into(),
            row.outcome.as_deref().into(),
            row.officer.as_deref().into(),
            row.role.as_deref().into(),
            row.proposed.into(),
            row.settled.into(),
        ],
    )?;
    Ok(())
}

/// The proposals of a mail, in the order of what it carries.
pub fn proposals(tx: &mut dyn Tx, mail: &str) -> Result<Vec<ProposalRow>, StoreError> {
    let rows = tx.query(
        "SELECT id, mail, place, kind, detail, state, outcome, officer, role, proposed, settled FROM mail_proposal
         WHERE mail = ?1 ORDER BY place, proposed, id",
        &[mail.into()],
    )?;
    rows.iter().map(proposal).collect()
}

/// The proposals whose number begins with a text, two at most.
pub fn proposals_beginning(tx: &mut dyn Tx, prefix: &str) -> Result<Vec<ProposalRow>, StoreError> {
    let end = format!("{prefix}~");
    let rows = tx.query(
        "SELECT id, mail, place, kind, detail, state, outcome, officer, role, proposed, settled FROM mail_proposal
         WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT 2",
        &[prefix.into(), end.as_str().into()],
    )?;
    rows.iter().map(proposal).collect()
}

/// Settles a proposal that waits. Answers whether it did: one that is settled stays as it is.
pub fn settle(
    tx: &mut dyn Tx,
    id: &str,
    (state, outcome): (ProposalState, &str),
    (officer, role): (&str, &str),
    now: i64,
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE mail_proposal SET state = ?2, outcome = ?3, officer = ?4, role = ?5, settled = ?6
         WHERE id = ?1 AND state = ?7",
        &[
            id.into(),
            state.word().into(),
            outcome.into(),
            officer.into(),
            role.into(),
            now.into(),
            ProposalState::Waits.word().into(),
        ],
    )?;
    Ok(changed == 1)
}

fn judged(row: &Row) -> Result<JudgedRow, StoreError> {
    Ok(JudgedRow {
        mail: row.text(0)?,
        level: row.text(1)?,
        party: row.optional_text(2)?,
        leaked: row.integer(3)? != 0,
        reasons: row.text(4)?,
        authentication: row.text(5)?,
        acts: row.text(6)?,
        answer: row.optional_text(7)?,
        judged: row.integer(8)?,
        label: row.optional_text(9)?,
        subject: row.optional_text(10)?,
        persons: row.optional_text(11)?,
    })
}

fn proposal(row: &Row) -> Result<ProposalRow, StoreError> {
    let word = row.text(5)?;
    Ok(ProposalRow {
        id: row.text(0)?,
        mail: row.text(1)?,
        place: row.count(2)?,
        kind: row.text(3)?,
        detail: row.text(4)?,
        state: ProposalState::parse(&word).ok_or_else(|| StoreError::Row {
            table: "mail_proposal",
            what: format!("{word:?} where a state is due"),
        })?,
        outcome: row.optional_text(6)?,
        officer: row.optional_text(7)?,
        role: row.optional_text(8)?,
        proposed: row.integer(9)?,
        settled: row.optional_integer(10)?,
    })
}

//! Mail that leaves: what was written, where it stands, and what the server said that took it.
//!
//! The bytes of a mail are written once, with its row, and nothing here changes them: whoever sends a mail again sends the same. A
//! mail that is being sent is claimed for a time; after a crash the time ends and it is sent again.
//!
//! In scope: rows. Out of scope: what a mail says, sending it.

use crate::error::StoreError;
use crate::objects::words;
use crate::state::judged::SUBJECTS_MAX;
use crate::state::{Row, Tx};

/// Where a mail stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailOutState {
    /// It waits to be sent.
    Queued,
    /// Somebody is sending it.
    Sending,
    /// It could not be sent yet, and is tried again.
    Delayed,
    /// Another server took it.
    Sent,
    /// It was refused for good, or for too long.
    Failed,
    /// It was taken, and came back.
    Bounced,
    /// A person took it back before it was sent.
    Cancelled,
    /// The recipient's node confirmed it with a receipt that counts.
    Receipted,
}

impl MailOutState {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Queued,
        Self::Sending,
        Self::Delayed,
        Self::Sent,
        Self::Failed,
        Self::Bounced,
        Self::Cancelled,
        Self::Receipted,
    ];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Delayed => "delayed",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Bounced => "bounced",
            Self::Cancelled => "cancelled",
            Self::Receipted => "receipted",
        }
    }

    /// Reads its word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// A mail that leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailOutRow {
    /// Its number here.
    pub id: String,
    /// The party that it is for.
    pub party: Option<String>,
    /// RCPT TO.
    pub recipient: String,
    /// MAIL FROM; empty for the null reverse-path.
    pub sender: String,
    /// Where answers go.
    pub reply_to: Option<String>,
    /// What kind of mail it is, by its word.
    pub kind: String,
    /// The thread that it is about.
    pub thread: Option<String>,
    /// What an answer to it is found by.
    pub reference: String,
    /// The mail that it answers, by the number of its row.
    pub answers: Option<String>,
    /// Its subject, without label.
    pub subject: String,
    /// Its label.
    pub label: Option<String>,
    /// `open`, `signed` or `encrypted`.
    pub protection: String,
    /// Its `Message-ID` without the brackets.
    pub message_id: String,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// How many they are.
    pub size: u64,
    /// Who sends it.
    pub officer: String,
    /// When it was written, microseconds since 1970.
    pub made: i64,
    /// Where it stands.
    pub state: MailOutState,
    /// Why, where there is something to say.
    pub reason: Option<String>,
    /// How often it was tried.
    pub attempts: u64,
    /// From when it is counted how long nobody took it, microseconds since 1970.
    pub since: i64,
    /// When it is tried next; while it is being sent, until when it is claimed.
    pub next_attempt: i64,
    /// When another server took it.
    pub sent: Option<i64>,
    /// Which.
    pub host: Option<String>,
    /// The version of TLS.
    pub tls: Option<String>,
    /// How sure it was who that server is, by its word.
    pub verified: Option<String>,
    /// What it said when it took the mail.
    pub answer: Option<String>,
    /// When the recipient's node had it, by its receipt, microseconds since 1970.
    pub receipted: Option<i64>,
    /// How sure this node is of who sent the receipt.
    pub receipt_level: Option<String>,
    /// When the row changed last.
    pub changed: i64,
}

/// Something that happened to a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailOutEvent {
    /// When, microseconds since 1970.
    pub at: i64,
    /// What: a word.
    pub event: String,
    /// In words.
    pub detail: String,
}

/// A policy of MTA-STS that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StsRow {
    /// Whose.
    pub domain: String,
    /// What the record of the domain called it.
    pub record_id: String,
    /// Its text.
    pub policy: String,
    /// When it was read, microseconds since 1970.
    pub fetched: i64,
    /// Until when it holds.
    pub expires: i64,
}

/// Records a mail and its bytes. `false`, and nothing is recorded, where there is one of its number or `Message-ID`.
pub fn add(tx: &mut dyn Tx, row: &MailOutRow, bytes: &[u8]) -> Result<bool, StoreError> {
    let added = tx.execute(
        "INSERT INTO mail_out (id, party, recipient, sender, reply_to, kind, thread, reference, answers, subject, label, protection,
             message_id, sha256, size, officer, made, state, reason, attempts, next_attempt, changed, since)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23)
         ON CONFLICT DO NOTHING",
        &[
            row.id.as_str().into(),
            row.party.as_deref().into(),
            row.recipient.as_str().into(),
            row.sender.as_str().into(),
            row.reply_to.as_deref().into(),
            row.kind.as_str().into(),
            row.thread.as_deref().into(),
            row.reference.as_str().into(),
            row.answers.as_deref().into(),
            row.subject.as_str().into(),
            row.label.as_deref().into(),
            row.protection.as_str().into(),
            row.message_id.as_str().into(),
            (&row.sha256).into(),
            row.size.into(),
            row.officer.as_str().into(),
            row.made.into(),
            row.state.word().into(),
            row.reason.as_deref().into(),
            row.attempts.into(),
            row.next_attempt.into(),
            row.changed.into(),
            row.since.into(),
        ],
    )?;
    if added == 0 {
        return Ok(false);
    }
    tx.execute(
        "INSERT INTO mail_out_payload (of_mail, bytes) VALUES (?1, ?2)",
        &[row.id.as_str().into(), bytes.into()],
    )?;
    Ok(true)
}

/// Records what may change of a mail: where it stands and what was said of it.
pub fn change(tx: &mut dyn Tx, row: &MailOutRow) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE mail_out SET state = ?2, reason = ?3, attempts = ?4, next_attempt = ?5, sent = ?6, host = ?7, tls = ?8, verified = ?9,
             answer = ?10, receipted = ?11, receipt_level = ?12, changed = ?13,
             since = ?14 WHERE id = ?1",
        &[
            row.id.as_str().into(),
            row.state.word().into(),
            row.reason.as_deref().into(),
            row.attempts.into(),
            row.next_attempt.into(),
            row.sent.into(),
            row.host.as_deref().into(),
            row.tls.as_deref().into(),
            row.verified.as_deref().into(),
            row.answer.as_deref().into(),
            row.receipted.into(),
            row.receipt_level.as_deref().into(),
            row.changed.into(),
            row.since.into(),
        ],
    )?;
    Ok(())
}

/// Claims a mail that is due, until a time: `false` where it is not due or somebody else has it.
pub fn claim(tx: &mut dyn Tx, id: &str, now: i64, until: i64) -> Result<bool, StoreError> {
    let claimed = tx.execute(
        "UPDATE mail_out SET state = 'sending', attempts = attempts + 1, next_attempt = ?3, changed = ?2
         WHERE id = ?1 AND state IN ('queued', 'delayed', 'sending') AND next_attempt <= ?2",
        &[id.into(), now.into(), until.into()],
    )?;
    Ok(claimed == 1)
}

/// Ends every claim: for a node that starts, where nobody else sends from this store. Answers how many there were.
pub fn end_claims(tx: &mut dyn Tx, now: i64) -> Result<u64, StoreError> {
    tx.execute(
        "UPDATE mail_out SET next_attempt = ?1 WHERE state = 'sending' AND next_attempt > ?1",
        &[now.into()],
    )
}

/// Mails that are due, the longest due first; claims that ended are among them.
pub fn due(tx: &mut dyn Tx, now: i64, limit: u64) -> Result<Vec<MailOutRow>, StoreError> {
    let rows = tx.query(
        "SELECT id, party, recipient, sender, reply_to, kind, thread, reference, answers, subject, label, protection, message_id, sha256,
             size, officer, made, state, reason, attempts, next_attempt, sent, host, tls, verified, answer, receipted, receipt_level,
             changed, since
         FROM mail_out WHERE state IN ('queued', 'delayed', 'sending') AND next_attempt <= ?1 ORDER BY next_attempt, id LIMIT ?2",
        &[now.into(), limit.into()],
    )?;
    rows.iter().map(row_of).collect()
}

/// When the next mail is due, claims that end included.
pub fn next_due(tx: &mut dyn Tx) -> Result<Option<i64>, StoreError> {
    let rows = tx.query(
        "SELECT min(next_attempt) FROM mail_out WHERE state IN ('queued', 'delayed', 'sending')",
        &[],
    )?;
    rows.first().map_or(Ok(None), |row| row.optional_integer(0))
}

/// The mails whose number begins with a text, two at most.
pub fn beginning(tx: &mut dyn Tx, prefix: &str) -> Result<Vec<MailOutRow>, StoreError> {
    let end = format!("{prefix}~");
    let rows = tx.query(
        "SELECT id, party, recipient, sender, reply_to, kind, thread, reference, answers, subject, label, protection, message_id, sha256,
             size, officer, made, state, reason, attempts, next_attempt, sent, host, tls, verified, answer, receipted, receipt_level,
             changed, since
         FROM mail_out WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT 2",
        &[prefix.into(), end.as_str().into()],
    )?;
    rows.iter().map(row_of).collect()
}

/// The mails that share a reference, the newest first.
pub fn of_reference(tx: &mut dyn Tx, reference: &str) -> Result<Vec<MailOutRow>, StoreError> {
    let rows = tx.query(
        "SELECT id, party, recipient, sender, reply_to, kind, thread, reference, answers, subject, label, protection, message_id, sha256,
             size, officer, made, state, reason, attempts, next_attempt, sent, host, tls, verified, answer, receipted, receipt_level,
             changed, since
         FROM mail_out WHERE reference = ?1 ORDER BY made DESC, id DESC",
        &[reference.into()],
    )?;
    rows.iter().map(row_of).collect()
}

/// The mail of a `Message-ID`.
pub fn of_message_id(tx: &mut dyn Tx, message_id: &str) -> Result<Option<MailOutRow>, StoreError> {
    let rows = tx.query(
        "SELECT id, party, recipient, sender, reply_to, kind, thread, reference, answers, subject, label, protection, message_id, sha256,
             size, officer, made, state, reason, attempts, next_attempt, sent, host, tls, verified, answer, receipted, receipt_level,
             changed, since
         FROM mail_out WHERE message_id = ?1",
        &[message_id.into()],
    )?;
    rows.first().map(row_of).transpose()
}

/// What a list is to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailOutFilter {
    /// Only in this state.
    pub state: Option<MailOutState>,
    /// Only for this party.
    pub party: Option<String>,
}

/// Mails, the newest first; `before` is where the page before ended.
pub fn list(
    tx: &mut dyn Tx,
    filter: &MailOutFilter,
    before: Option<(i64, &str)>,
    limit: u64,
) -> Result<Vec<MailOutRow>, StoreError> {
    let (made, id) = before.unwrap_or((i64::MAX, ""));
    let state = filter.state.map_or("", MailOutState::word);
    let party = filter.party.as_deref().unwrap_or_default();
    let rows = tx.query(
        "SELECT id, party, recipient, sender, reply_to, kind, thread, reference, answers, subject, label, protection, message_id, sha256,
             size, officer, made, state, reason, attempts, next_attempt, sent, host, tls, verified, answer, receipted, receipt_level,
             changed, since
         FROM mail_out WHERE (made < ?1 OR (made = ?1 AND id < ?2)) AND (?3 = '' OR state = ?3) AND (?4 = '' OR party = ?4)
         ORDER BY made DESC, id DESC LIMIT ?5",
        &[made.into(), id.into(), state.into(), party.into(), limit.into()],
    )?;
    rows.iter().map(row_of).collect()
}

/// Mails whose subject holds every word of a text, in whatever order, of the newest [`SUBJECTS_MAX`]; the newest first.
pub fn with_subject(
    tx: &mut dyn Tx,
    text: &str,
    limit: usize,
) -> Result<Vec<MailOutRow>, StoreError> {
    let asked = words::of(text);
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tx.query(
        "SELECT id, subject FROM mail_out ORDER BY made DESC, id DESC LIMIT ?1",
        &[SUBJECTS_MAX.into()],
    )?;
    let mut found = Vec::new();
    for row in &rows {
        if found.len() >= limit {
            break;
        }
        if asked.is_subset(&words::of(&row.text(1)?)) {
            found.extend(beginning(tx, &row.text(0)?)?.into_iter().next());
        }
    }
    Ok(found)
}

/// How many mails stand in each state; for an account without those that are TLP:RED and that somebody else sent.
pub fn count(
    tx: &mut dyn Tx,
    seen_by: Option<&str>,
) -> Result<Vec<(MailOutState, u64)>, StoreError> {
    let rows = tx.query(
        "SELECT state, count(*) FROM mail_out
         WHERE ?1 = '' OR coalesce(label, '') <> 'TLP:RED' OR officer = ?1 GROUP BY state ORDER BY state",
        &[seen_by.unwrap_or_default().into()],
    )?;
    rows.iter()
        .map(|row| Ok((state_of(&row.text(0)?)?, row.count(1)?)))
        .collect()
}

/// The bytes of a mail.
pub fn bytes(tx: &mut dyn Tx, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let rows = tx.query(
        "SELECT bytes FROM mail_out_payload WHERE of_mail = ?1",
        &[id.into()],
    )?;
    rows.first().map(|row| row.bytes(0)).transpose()
}

/// Records that something happened to a mail.
pub fn add_event(tx: &mut dyn Tx, mail: &str, event: &MailOutEvent) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO mail_out_event (mail, place, at, event, detail)
         VALUES (?1, (SELECT count(*) + 1 FROM mail_out_event WHERE mail = ?1), ?2, ?3, ?4)",
        &[
            mail.into(),
            event.at.into(),
            event.event.as_str().into(),
            event.detail.as_str().into(),
        ],
    )?;
    Ok(())
}

/// What happened to a mail, the oldest first.
pub fn events(tx: &mut dyn Tx, mail: &str) -> Result<Vec<MailOutEvent>, StoreError> {
    let rows = tx.query(
        "SELECT at, event, detail FROM mail_out_event WHERE mail = ?1 ORDER BY place",
        &[mail.into()],
    )?;
    let event = |row: &Row| {
        Ok(MailOutEvent {
            at: row.integer(0)?,
            event: row.text(1)?,
            detail: row.text(2)?,
        })
    };
    rows.iter().map(event).collect()
}

/// The policy of a domain that is known, whether or not it still holds.
pub fn sts(tx: &mut dyn Tx, domain: &str) -> Result<Option<StsRow>, StoreError> {
    let rows = tx.query(
        "SELECT domain, record_id, policy, fetched, expires FROM mail_sts WHERE domain = ?1",
        &[domain.into()],
    )?;
    let read = |row: &Row| {
        Ok(StsRow {
            domain: row.text(0)?,
            record_id: row.text(1)?,
            policy: row.text(2)?,
            fetched: row.integer(3)?,
            expires: row.integer(4)?,
        })
    };
    rows.first().map(read).transpose()
}

/// Keeps the policy of a domain in the place of the one before.
pub fn keep_sts(tx: &mut dyn Tx, row: &StsRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO mail_sts (domain, record_id, policy, fetched, expires) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (domain) DO UPDATE SET record_id = ?2, policy = ?3, fetched = ?4, expires = ?5",
        &[
            row.domain.as_str().into(),
            row.record_id.as_str().into(),
            row.policy.as_str().into(),
            row.fetched.into(),
            row.expires.into(),
        ],
    )?;
    Ok(())
}

fn state_of(word: &str) -> Result<MailOutState, StoreError> {
    MailOutState::parse(word).ok_or_else(|| StoreError::Row {
        table: "mail_out",
        what: format!("{word:?} where a state is due"),
    })
}

fn row_of(row: &Row) -> Result<MailOutRow, StoreError> {
    Ok(MailOutRow {
        id: row.text(0)?,
        party: row.optional_text(1)?,
        recipient: row.text(2)?,
        sender: row.text(3)?,
        reply_to: row.optional_text(4)?,
        kind: row.text(5)?,
        thread: row.optional_text(6)?,
        reference: row.text(7)?,
        answers: row.optional_text(8)?,
        subject: row.text(9)?,
        label: row.optional_text(10)?,
        protection: row.text(11)?,
        message_id: row.text(12)?,
        sha256: row.hash(13)?,
        size: row.count(14)?,
        officer: row.text(15)?,
        made: row.integer(16)?,
        state: state_of(&row.text(17)?)?,
        reason: row.optional_text(18)?,
        attempts: row.count(19)?,
        next_attempt: row.integer(20)?,
        sent: row.optional_integer(21)?,
        host: row.optional_text(22)?,
        tls: row.optional_text(23)?,
        verified: row.optional_text(24)?,
        answer: row.optional_text(25)?,
        receipted: row.optional_integer(26)?,
        receipt_level: row.optional_text(27)?,
        changed: row.integer(28)?,
        since: row.integer(29)?,
    })
}

//! Mail that came: what the receiving server knew when it took each one, and what became of it since.
//!
//! The raw bytes are files, named by their SHA-256 (`attachment`); a row is written after its file is durable, and the sender is
//! told only after the row is. So a file without a row was never acknowledged.
//!
//! In scope: rows. Out of scope: the files, what a mail says, what is done about it.

use crate::error::StoreError;
use crate::state::{Row, Tx};

/// What has become of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailState {
    /// It waits to be looked at.
    Received,
    /// The same bytes for the same recipients were taken before; nothing follows from this one.
    Duplicate,
    /// Its file was there without a row: nobody was told that it was taken, and the envelope is not known.
    Found,
    /// It is kept aside for a person to judge.
    Quarantined,
    /// What it says has entered.
    Taken,
    /// It was looked at, and nothing enters; `reason` says why.
    Refused,
}

/// A mail that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailRow {
    /// Its number here, which the sender was told.
    pub id: String,
    /// SHA-256 of the raw bytes.
    pub sha256: [u8; 32],
    /// How many they are.
    pub size: u64,
    /// What has become of it.
    pub state: MailState,
    /// Why, where there is something to say.
    pub reason: Option<String>,
    /// An earlier mail of the same bytes.
    pub copy_of: Option<String>,
    /// `smtp` or `lmtp`; empty where it is not known.
    pub protocol: String,
    /// The address that it came from.
    pub client: Option<String>,
    /// What the client called itself.
    pub helo: Option<String>,
    /// MAIL FROM; empty for the null reverse-path.
    pub sender: Option<String>,
    /// The parameters of MAIL FROM that matter to who reads it: `8BITMIME`, `SMTPUTF8`.
    pub options: String,
    /// The version of TLS.
    pub tls: Option<String>,
    /// Its cipher suite.
    pub cipher: Option<String>,
    /// The host that the client asked for (RFC 6066 section 3).
    pub server_name: Option<String>,
    /// When the sender was told, microseconds since 1970.
    pub received: i64,
    /// When its state changed last, microseconds since 1970.
    pub changed: i64,
}

/// A recipient of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipientRow {
    /// RCPT TO.
    pub address: String,
    /// What that is here.
    pub known_as: String,
    /// The party that it was given to.
    pub party: Option<String>,
}

/// What a list is to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailFilter {
    /// Only in this state.
    pub state: Option<MailState>,
    /// Only mails for an address of this party.
    pub party: Option<String>,
}

impl MailState {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Received,
        Self::Duplicate,
        Self::Found,
        Self::Quarantined,
        Self::Taken,
        Self::Refused,
    ];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Duplicate => "duplicate",
            Self::Found => "found",
            Self::Quarantined => "quarantined",
            Self::Taken => "taken",
            Self::Refused => "refused",
        }
    }

    /// Reads its word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// Records a mail with its recipients.
pub fn add(tx: &mut dyn Tx, row: &MailRow, recipients: &[RecipientRow]) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO mail (id, sha256, size, state, reason, copy_of, protocol, client, helo, sender, options, tls, cipher,
             server_name, received, changed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        &[
            row.id.as_str().into(),
            (&row.sha256).into(),
            row.size.into(),
            row.state.word().into(),
            row.reason.as_deref().into(),
            row.copy_of.as_deref().into(),
            row.protocol.as_str().into(),
            row.client.as_deref().into(),
            row.helo.as_deref().into(),
            row.sender.as_deref().into(),
            row.options.as_str().into(),
            row.tls.as_deref().into(),
            row.cipher.as_deref().into(),
            row.server_name.as_deref().into(),
            row.received.into(),
            row.changed.into(),
        ],
    )?;
    for (place, recipient) in (0_u32..).zip(recipients) {
        tx.execute(
            "INSERT INTO mail_recipient (mail, place, address, known_as, party) VALUES (?1, ?2, ?3, ?4, ?5)",
            &[
                row.id.as_str().into(),
                place.into(),
                recipient.address.as_str().into(),
                recipient.known_as.as_str().into(),
                recipient.party.as_deref().into(),
            ],
        )?;
    }
    Ok(())
}

/// Records what has become of a mail; `false` when there is none of that number.
pub fn set_state(
    tx: &mut dyn Tx,
    id: &str,
    (state, reason): (MailState, Option<&str>),
    now: i64,
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE mail SET state = ?2, reason = ?3, changed = ?4 WHERE id = ?1",
        &[id.into(), state.word().into(), reason.into(), now.into()],
    )?;
    Ok(changed == 1)
}

/// Mails of the same bytes, the oldest first.
pub fn of_bytes(
    tx: &mut dyn Tx,
    sha256: &[u8; 32],
    limit: u64,
) -> Result<Vec<MailRow>, StoreError> {
    let rows = tx.query(
        "SELECT id, sha256, size, state, reason, copy_of, protocol, client, helo, sender, options, tls, cipher, server_name,
             received, changed FROM mail WHERE sha256 = ?1 ORDER BY received, id LIMIT ?2",
        &[sha256.into(), limit.into()],
    )?;
    rows.iter().map(row_of).collect()
}

/// What a recipient of mails of the same bytes is here, each once.
pub fn known_of_bytes(tx: &mut dyn Tx, sha256: &[u8; 32]) -> Result<Vec<String>, StoreError> {
    let rows = tx.query(
        "SELECT DISTINCT r.known_as FROM mail m JOIN mail_recipient r ON r.mail = m.id WHERE m.sha256 = ?1",
        &[sha256.into()],
    )?;
    rows.iter().map(|row| row.text(0)).collect()
}

/// The mail of a number.
pub fn find(tx: &mut dyn Tx, id: &str) -> Result<Option<MailRow>, StoreError> {
    let rows = tx.query(
        "SELECT id, sha256, size, state, reason, copy_of, protocol, client, helo, sender, options, tls, cipher, server_name,
             received, changed FROM mail WHERE id = ?1",
        &[id.into()],
    )?;
    rows.first().map(row_of).transpose()
}

/// The mails whose number begins with a text, two at most.
pub fn beginning(tx: &mut dyn Tx, prefix: &str) -> Result<Vec<MailRow>, StoreError> {
    let end = format!("{prefix}~");
    let rows = tx.query(
        "SELECT id, sha256, size, state, reason, copy_of, protocol, client, helo, sender, options, tls, cipher, server_name,
             received, changed FROM mail WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT 2",
        &[prefix.into(), end.as_str().into()],
    )?;
    rows.iter().map(row_of).collect()
}

/// Mails in a state, the oldest first.
pub fn in_state(tx: &mut dyn Tx, state: MailState, limit: u64) -> Result<Vec<MailRow>, StoreError> {
    let rows = tx.query(
        "SELECT id, sha256, size, state, reason, copy_of, protocol, client, helo, sender, options, tls, cipher, server_name,
             received, changed FROM mail WHERE state = ?1 ORDER BY received, id LIMIT ?2",
        &[state.word().into(), limit.into()],
    )?;
    rows.iter().map(row_of).collect()
}

/// Mails, the newest first; `before` is where the page before ended.
pub fn list(
    tx: &mut dyn Tx,
    filter: &MailFilter,
    before: Option<(i64, &str)>,
    limit: u64,
) -> Result<Vec<MailRow>, StoreError> {
    let (received, id) = before.unwrap_or((i64::MAX, ""));
    let state = filter.state.map_or("", MailState::word);
    let party = filter.party.as_deref().unwrap_or_default();
    let rows = tx.query(
        "SELECT id, sha256, size, state, reason, copy_of, protocol, client, helo, sender, options, tls, cipher, server_name,
             received, changed FROM mail
         WHERE (received < ?1 OR (received = ?1 AND id < ?2)) AND (?3 = '' OR state = ?3)
             AND (?4 = '' OR EXISTS (SELECT 1 FROM mail_recipient r WHERE r.mail = mail.id AND r.party = ?4))
         ORDER BY received DESC, id DESC LIMIT ?5",
        &[received.into(), id.into(), state.into(), party.into(), limit.into()],
    )?;
    rows.iter().map(row_of).collect()
}

/// How many mails there are, and how many bytes they had.
pub fn count(tx: &mut dyn Tx) -> Result<(u64, u64), StoreError> {
    let rows = tx.query(
        "SELECT count(*), CAST(coalesce(sum(size), 0) AS bigint) FROM mail",
        &[],
    )?;
    let first = rows.first();
    first.map_or(Ok((0, 0)), |row| Ok((row.count(0)?, row.count(1)?)))
}

/// The recipients of a mail, in their order.
pub fn recipients(tx: &mut dyn Tx, mail: &str) -> Result<Vec<RecipientRow>, StoreError> {
    let rows = tx.query(
        "SELECT address, known_as, party FROM mail_recipient WHERE mail = ?1 ORDER BY place",
        &[mail.into()],
    )?;
    let recipient = |row: &Row| {
        Ok(RecipientRow {
            address: row.text(0)?,
            known_as: row.text(1)?,
            party: row.optional_text(2)?,
        })
    };
    rows.iter().map(recipient).collect()
}

fn row_of(row: &Row) -> Result<MailRow, StoreError> {
    let word = row.text(3)?;
    Ok(MailRow {
        id: row.text(0)?,
        sha256: row.hash(1)?,
        size: row.count(2)?,
        state: MailState::parse(&word).ok_or_else(|| StoreError::Row {
            table: "mail",
            what: format!("{word:?} where a state is due"),
        })?,
        reason: row.optional_text(4)?,
        copy_of: row.optional_text(5)?,
        protocol: row.text(6)?,
        client: row.optional_text(7)?,
        helo: row.optional_text(8)?,
        sender: row.optional_text(9)?,
        options: row.text(10)?,
        tls: row.optional_text(11)?,
        cipher: row.optional_text(12)?,
        server_name: row.optional_text(13)?,
        received: row.integer(14)?,
        changed: row.integer(15)?,
    })
}

//! Tokens: by what programs sign in for an account.
//!
//! In scope: rows; of a token only the digest. Out of scope: what a scope allows (`comity-node`).

use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::state::{Row, Tx};

/// How much of its account's rights a token has. The words are the command line's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Reads.
    Read,
    /// Reads, and adds and sends what the account may; manages nothing.
    Write,
    /// All that the account may.
    All,
}

impl Scope {
    /// All scopes, the narrowest first.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::All];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::All => "all",
        }
    }

    /// The scope that a word stands for.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.word() == word)
    }
}

/// What a program shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A secret.
    Token,
    /// A certificate whose key it has.
    Certificate,
}

impl Kind {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Certificate => "certificate",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Token, Self::Certificate]
            .into_iter()
            .find(|kind| kind.word() == word)
    }
}

/// A token as it is kept, or a certificate that is pinned as one. Times are microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// The SHA-256 of the token, or of the certificate's DER.
    pub digest: Vec<u8>,
    /// By what it is listed and ended; no secret.
    pub id: String,
    /// The account that it speaks for.
    pub account: String,
    /// What it is for, in its maker's words.
    pub name: String,
    /// How much of the account's rights it has.
    pub scope: Scope,
    /// When it was made.
    pub created: i64,
    /// When it ends; never by itself without it.
    pub expires: Option<i64>,
    /// When it was used last, to about a minute.
    pub seen: Option<i64>,
    /// What is shown.
    pub kind: Kind,
}

/// Records a token; `false` when the same is there already.
pub fn add(tx: &mut dyn Tx, row: &TokenRow) -> Result<bool, StoreError> {
    let added = tx.execute(
        "INSERT INTO token (digest, id, account, name, scope, created, expires, seen, kind)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (digest) DO NOTHING",
        &[
            row.digest.as_slice().into(),
            row.id.as_str().into(),
            row.account.as_str().into(),
            row.name.as_str().into(),
            row.scope.word().into(),
            row.created.into(),
            row.expires.into(),
            row.seen.into(),
            row.kind.word().into(),
        ],
    )?;
    Ok(added == 1)
}

/// The token with this digest, or the certificate.
pub fn find(tx: &mut dyn Tx, digest: &[u8]) -> Result<Option<TokenRow>, StoreError> {
    let rows = tx.query(
        "SELECT digest, id, account, name, scope, created, expires, seen, kind FROM token WHERE digest = ?1",
        &[digest.into()],
    )?;
    rows.first().map(token).transpose()
}

/// The tokens of an account, or all with '' for it, in the order in which they were made.
pub fn list(tx: &mut dyn Tx, account: &str) -> Result<Vec<TokenRow>, StoreError> {
    let rows = tx.query(
        "SELECT digest, id, account, name, scope, created, expires, seen, kind FROM token
         WHERE ?1 = '' OR account = ?1 ORDER BY account, created, id",
        &[account.into()],
    )?;
    rows.iter().map(token).collect()
}

/// Records that a token was used.
pub fn saw(tx: &mut dyn Tx, digest: &[u8], now: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE token SET seen = ?2 WHERE digest = ?1",
        &[digest.into(), now.into()],
    )?;
    Ok(())
}

/// Ends one token; answers the account that it spoke for.
pub fn revoke(tx: &mut dyn Tx, id: &str) -> Result<Option<String>, StoreError> {
    let rows = tx.query("SELECT account FROM token WHERE id = ?1", &[id.into()])?;
    let account = rows.first().map(|row| row.text(0)).transpose()?;
    tx.execute("DELETE FROM token WHERE id = ?1", &[id.into()])?;
    Ok(account)
}

/// Ends every token of an account; answers how many there were.
pub fn revoke_all(tx: &mut dyn Tx, account: &str) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM token WHERE account = ?1", &[account.into()])
}

fn token(row: &Row) -> Result<TokenRow, StoreError> {
    let word = row.text(4)?;
    let scope = Scope::parse(&word).ok_or_else(|| StoreError::Row {
        table: "token",
        what: format!("the scope is {word:?}"),
    })?;
    Ok(TokenRow {
        digest: row.bytes(0)?,
        id: row.text(1)?,
        account: row.text(2)?,
        name: row.text(3)?,
        scope,
        created: row.integer(5)?,
        expires: row.optional_integer(6)?,
        seen: row.optional_integer(7)?,
        kind: Kind::parse(&row.text(8)?).ok_or_else(|| StoreError::Row {
            table: "token",
            what: "the kind is unknown".to_owned(),
        })?,
    })
}

//! Tokens: by what programs sign in for an account.
//!
//! In scope: making, listing, ending and finding them. Out of scope: what a scope allows (each edge asks).
//! Limits: [`TOKEN_DAYS_MAX`], [`TOKEN_NAME_CHARS_MAX`].

use comity_store::error::StoreError;
use comity_store::state::account::{self, Account};
use comity_store::state::token::{self as rows, Kind, Scope, TokenRow};

use crate::account::certificate::Fingerprint;
use crate::account::session::{SEEN_MICROS, digest};
use crate::account::{AccountError, Credentials, SignInError, hex};
use crate::clock::random_bytes;
use crate::ledger::grant::{Grant, Right};
use crate::link::seconds;
use crate::node::Node;

/// What every token begins with, so that a leaked one is recognised.
pub const TOKEN_PREFIX: &str = "comity_";
/// How long a token is good for unless it is said otherwise, in days.
pub const TOKEN_DAYS: u32 = 90;
/// The longest that can be said, in days: ten years.
pub const TOKEN_DAYS_MAX: u32 = 3_650;
/// The longest name of a token, in characters.
pub const TOKEN_NAME_CHARS_MAX: usize = 100;

const DAY_MICROS: i64 = 86_400_000_000;

/// A token to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    /// The account that makes it; empty for the operator.
    pub by: String,
    /// The account that it speaks for.
    pub account: String,
    /// What it is for.
    pub name: String,
    /// How much of the account's rights it has.
    pub scope: Scope,
    /// After how many days it ends; 0 is never.
    pub days: u32,
}

/// A token that was just made.
#[derive(Clone, PartialEq, Eq)]
pub struct MadeToken {
    /// The token. It is shown this once; the node keeps its digest only.
    pub token: String,
    /// By what it is listed and ended.
    pub id: String,
    /// When it ends, microseconds since 1970.
    pub expires: Option<i64>,
}

impl std::fmt::Debug for MadeToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MadeToken")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Node {
    /// Makes a token for an account.
    pub fn create_token(&self, new: &NewToken) -> Result<MadeToken, AccountError> {
        let token = format!("{TOKEN_PREFIX}{}", hex(&random_bytes::<32>()));
        let row = self.keep_token(new, Kind::Token, &digest(&token))?;
        Ok(MadeToken {
            token,
            id: row.id,
            expires: row.expires,
        })
    }

    /// Keeps a certificate as by what programs sign in; answers by what it is listed and ended.
    pub(crate) fn keep_certificate(
        &self,
        new: &NewToken,
        fingerprint: &Fingerprint,
    ) -> Result<String, AccountError> {
        Ok(self.keep_token(new, Kind::Certificate, fingerprint)?.id)
    }

    fn keep_token(
        &self,
        new: &NewToken,
        kind: Kind,
        digest: &[u8; 32],
    ) -> Result<TokenRow, AccountError> {
        let usable = !new.name.chars().any(char::is_control)
            && new.name.chars().count() <= TOKEN_NAME_CHARS_MAX;
        if !usable || new.days > TOKEN_DAYS_MAX {
            return Err(AccountError::BadToken);
        }
        let now = self.inner.clock.now();
        let row = TokenRow {
            digest: digest.to_vec(),
            id: hex(&random_bytes::<6>()),
            account: new.account.clone(),
            name: new.name.clone(),
            scope: new.scope,
            created: now,
            expires: (new.days > 0).then(|| now + i64::from(new.days) * DAY_MICROS),
            seen: None,
            kind,
        };
        let (id, scope) = (row.id.clone(), row.scope.word().to_owned());
        let expires = row.expires.map(seconds);
        let right = match kind {
            Kind::Token => Right::Token { id, scope, expires },
            Kind::Certificate => Right::Certificate {
                id,
                fingerprint: hex(digest),
                scope,
                expires,
            },
        };
        let grant = Grant {
            by: new.by.clone(),
            account: new.account.clone(),
            right,
        };
        self.inner.state.write(|tx| {
            if account::find(tx, &new.account)?.is_none() {
                return Err(AccountError::Unknown(new.account.clone()));
            }
            if !rows::add(tx, &row)? {
                return Err(AccountError::CertificateTaken);
            }
            Ok::<_, AccountError>(self.note_grant(tx, &grant, now)?)
        })?;
        self.due().tell();
        Ok(row)
    }

    /// The tokens of an account, or of all, in the order in which they were made; ended ones too.
    pub fn tokens(&self, account: Option<&str>) -> Result<Vec<TokenRow>, AccountError> {
        let account = account.unwrap_or_default();
        Ok(self.inner.state.read(|tx| rows::list(tx, account))?)
    }

    /// Ends one token; of `account` only, where one is named.
    pub fn revoke_token(&self, id: &str, account: Option<&str>) -> Result<(), AccountError> {
        let unknown = || AccountError::UnknownToken(id.to_owned());
        self.inner.state.write(|tx| {
            let whose = rows::revoke(tx, id)?.ok_or_else(unknown)?;
            // Whose it is not learns no more than that there is none of theirs.
            if account.is_some_and(|account| account != whose) {
                return Err(unknown());
            }
            Ok::<_, AccountError>(())
        })?;
        self.forget_callers();
        Ok(())
    }

    /// Ends every token of an account; answers how many there were.
    pub fn revoke_tokens(&self, name: &str) -> Result<u64, AccountError> {
        let ended = self.inner.state.write(|tx| {
            if account::find(tx, name)?.is_none() {
                return Ok(None);
            }
            rows::revoke_all(tx, name).map(Some)
        })?;
        self.forget_callers();
        ended.ok_or_else(|| AccountError::Unknown(name.to_owned()))
    }

    /// The account that a token or a certificate speaks for now, and its row. Notes that it was used, once a minute at most.
    pub(crate) fn holder_of(
        &self,
        credentials: &Credentials,
        now: i64,
    ) -> Result<Option<(Account, TokenRow)>, SignInError> {
        let (kind, digest) = match credentials {
            Credentials::Bearer(token) => (Kind::Token, digest(token)),
            Credentials::Certificate(fingerprint) => (Kind::Certificate, *fingerprint),
            Credentials::Basic { .. } => return Ok(None),
        };
        let held = self.inner.state.read(|tx| {
            let row = rows::find(tx, &digest)?;
            let alive = |row: &TokenRow| row.expires.is_none_or(|end| now < end);
            // What everybody may know of a certificate is no token.
            let Some(row) = row.filter(|row| row.kind == kind && alive(row)) else {
                return Ok(None);
            };
            let account = account::find(tx, &row.account)?;
            Ok::<_, StoreError>(account.map(|account| (account, row)))
        })?;
        if let Some((_, row)) = &held
            && row.seen.is_none_or(|seen| now - seen >= SEEN_MICROS)
        {
            self.inner.state.write(|tx| rows::saw(tx, &digest, now))?;
        }
        Ok(held)
    }
}

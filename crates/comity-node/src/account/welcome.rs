//! Links by which a person makes the account that is theirs: the first one of a node, and invitations.
//!
//! The link for the first account is good for [`SETUP_MICROS`] and as long as there is no own account; each start of the
//! node makes a new one, and the old one is void. An invitation is good for [`INVITATION_MICROS`]. Either is good once.
//!
//! In scope: making, showing and using them. Out of scope: the page (`comity-web`).

use std::net::IpAddr;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use comity_store::state::account::{self, Account, Role};
use comity_store::state::welcome::{self as rows, WelcomeRow};
use comity_store::state::{Tx, session};

use crate::account::audit::{Entering, note_entering};
use crate::account::password::check_password;
use crate::account::session::{OpenedSession, digest, new_session};
use crate::account::{AccountError, Belonging, check_name};
use crate::clock::random_bytes;
use crate::node::Node;

/// How long the link for the first account is good: an hour, in microseconds.
pub const SETUP_MICROS: i64 = 3_600_000_000;
/// How long an invitation is good: seven days, in microseconds.
pub const INVITATION_MICROS: i64 = 7 * 86_400_000_000;

/// Who invites, where nobody did: the node's start.
const SETUP: &str = "";

/// What a link is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// The name of the account that it makes; whoever opens the link for the first account chooses one.
    pub name: Option<String>,
    /// The account's role.
    pub role: Role,
    /// Where its person is reached.
    pub address: Option<String>,
    /// When the link ends, microseconds since 1970.
    pub expires: i64,
}

/// An invitation that was just made.
#[derive(Clone, PartialEq, Eq)]
pub struct Invitation {
    /// What the link ends with. It is told this once.
    pub secret: String,
    /// When it ends, microseconds since 1970.
    pub expires: i64,
}

impl std::fmt::Debug for Invitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Invitation(…)")
    }
}

/// What a person says who uses a link.
#[derive(Clone, Copy)]
pub struct Joining<'a> {
    /// The name of the first account; an invited person has one already.
    pub name: Option<&'a str>,
    /// The password.
    pub password: &'a str,
    /// From where.
    pub place: IpAddr,
    /// The browser, as it calls itself.
    pub agent: &'a str,
}

impl Node {
    /// A new link for the first account, in the place of one before it; none where there is an own account.
    pub fn setup_link(&self) -> Result<Option<Invitation>, AccountError> {
        let now = self.inner.clock.now();
        let (secret, row) = link("", Role::Admin, None, (SETUP, now, now + SETUP_MICROS));
        let made = self.inner.state.write(|tx| {
            if account::count_own(tx)? > 0 {
                rows::remove(tx, "")?;
                return Ok(false);
            }
            rows::put(tx, &row)?;
            Ok::<_, AccountError>(true)
        })?;
        let expires = row.expires;
        Ok(made.then_some(Invitation { secret, expires }))
    }

    /// Invites a person to make the account of this name, in the place of an earlier invitation for it. `by` is the account
    /// that invites; empty for the operator.
    pub fn invite(
        &self,
        by: &str,
        name: &str,
        role: Role,
        address: Option<&str>,
    ) -> Result<Invitation, AccountError> {
        check_name(name)?;
        self.check_address(name, address)?;
        let now = self.inner.clock.now();
        let (secret, row) = link(name, role, address, (by, now, now + INVITATION_MICROS));
        self.inner.state.write(|tx| {
            if account::find(tx, name)?.is_some() {
                return Err(AccountError::Taken(name.to_owned()));
            }
            Ok(rows::put(tx, &row)?)
        })?;
        let expires = row.expires;
        Ok(Invitation { secret, expires })
    }

    /// Invitations that nobody has used yet, by name.
    pub fn invitations(&self) -> Result<Vec<WelcomeRow>, AccountError> {
        let now = self.inner.clock.now();
        let mut held = self.inner.state.read(rows::list)?;
        held.retain(|row| !row.account.is_empty() && now < row.expires);
        Ok(held)
    }

    /// Takes an invitation back.
    pub fn withdraw_invitation(&self, name: &str) -> Result<(), AccountError> {
        let gone = |tx: &mut dyn Tx| rows::remove(tx, name);
        if !name.is_empty() && self.inner.state.write(gone)? {
            Ok(())
        } else {
            Err(AccountError::Unknown(name.to_owned()))
        }
    }

    /// What a link is for; none where it was used, has ended or never was.
    pub fn welcome(&self, secret: &str) -> Result<Option<Welcome>, AccountError> {
        let now = self.inner.clock.now();
        let found = self.inner.state.read(|tx| good(tx, &digest(secret), now))?;
        Ok(found.map(|row| Welcome {
            name: Some(row.account).filter(|name| !name.is_empty()),
            role: row.role,
            address: row.address,
            expires: row.expires,
        }))
    }

    /// Makes the account of a link, and opens its first session. May hash: for a thread that may wait.
    pub fn use_welcome_link(
        &self,
        secret: &str,
        joining: &Joining<'_>,
    ) -> Result<OpenedSession, AccountError> {
        let now = self.inner.clock.now();
        let digest = digest(secret);
        let row = self.inner.state.read(|tx| good(tx, &digest, now))?;
        let row = row.ok_or(AccountError::BadLink)?;
        let name = match row.account.as_str() {
            "" => joining.name.unwrap_or_default(),
            invited => invited,
        };
        check_password(joining.password)?;
        let whose = Belonging {
            party: None,
            address: row.address.clone(),
        };
        let account = self.new_account(name, row.role, &whose, joining.password)?;
        let (opened, session_row) =
            new_session(&account, "link", (joining.place, joining.agent), now);
        self.inner.state.write(|tx| {
            // Somebody else may have used it meanwhile.
            if good(tx, &digest, now)?.as_ref() != Some(&row) {
                return Err(AccountError::BadLink);
            }
            rows::remove(tx, &row.account)?;
            self.insert_account(tx, &account, &row.invited_by)?;
            session::add(tx, &session_row)?;
            let way = format!("session {}", opened.id);
            let entering = Entering {
                account: name,
                way: &way,
                place: joining.place,
            };
            note_entering(tx, entering, "link", now)?;
            Ok(())
        })?;
        self.welcomed(&account)?;
        Ok(opened)
    }

    fn welcomed(&self, account: &Account) -> Result<(), AccountError> {
        self.due().tell();
        self.follow_address(&account.name, None, account.address.as_deref())?;
        Ok(())
    }
}

/// A new link's secret and its row.
fn link(
    name: &str,
    role: Role,
    address: Option<&str>,
    (by, created, expires): (&str, i64, i64),
) -> (String, WelcomeRow) {
    let secret = BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<32>());
    let row = WelcomeRow {
        digest: digest(&secret),
        account: name.to_owned(),
        role,
        address: address.map(str::to_owned),
        invited_by: by.to_owned(),
        created,
        expires,
    };
    (secret, row)
}

/// The link with this digest, while it is good.
fn good(tx: &mut dyn Tx, digest: &[u8; 32], now: i64) -> Result<Option<WelcomeRow>, AccountError> {
    let Some(row) = rows::find(tx, digest)?.filter(|row| now < row.expires) else {
        return Ok(None);
    };
    let is_first = row.account.is_empty();
    if is_first && account::count_own(tx)? > 0 {
        return Ok(None);
    }
    Ok(Some(row))
}

//! Accounts: making them, and finding out who is speaking.
//!
//! A password is hashed once and then remembered for a short while, so that a client which sends it with every request
//! costs one hash, and a wrong one costs its sender time, not the node's processor.
//!
//! In scope: accounts, passwords, who a caller is. Out of scope: what a caller may read or write (`collection`), what a
//! person may do.
//! Limits: [`REMEMBERED_MAX`] callers are remembered; one password is hashed at a time.

pub mod audit;
pub mod certificate;
pub mod command;
pub mod oidc;
pub(crate) mod outstanding;
pub mod passkey;
pub mod password;
pub(crate) mod public_key;
pub mod second_factor;
pub mod session;
pub mod token;
pub mod welcome;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use comity_store::error::StoreError;
use comity_store::state::Tx;
use comity_store::state::account::{self, Account, Role};
use comity_store::state::closed;
use comity_store::state::second_factor as factors;
use comity_store::state::session as session_rows;
use comity_store::state::token::{Kind, Scope};
use comity_store::state::welcome as welcome_rows;
use sha2::{Digest, Sha256};

use crate::account::audit::Entering;
use crate::account::certificate::Fingerprint;
use crate::account::password::{check_password, hash, verify};
use crate::account::token::{TOKEN_DAYS_MAX, TOKEN_NAME_CHARS_MAX};
use crate::clock::random_bytes;
use crate::exchange::ExchangeError;
use crate::ledger::grant::{Grant, Right};
use crate::link::LinkError;
use crate::node::Node;
use crate::throttle::Throttle;

pub use crate::account::password::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN};

/// The longest account name, in bytes.
pub const NAME_BYTES_MAX: usize = 64;
/// The longest address, in bytes (RFC 5321 section 4.5.3.1.3, less its brackets).
pub const ADDRESS_BYTES_MAX: usize = 254;

const REMEMBERED_MAX: usize = 10_000;
/// How long a caller is taken at its word before the account is looked up again: five seconds.
const FRESH_MICROS: i64 = 5_000_000;
/// How long a place waits at most after wrong passwords.
const PLACE_WAIT_SECONDS_MAX: u32 = 60;
/// How long an account waits at most after wrong codes: of a million codes so few can be tried that guessing takes years.
const ACCOUNT_WAIT_SECONDS_MAX: u32 = 900;
/// How long a password that was right need not be hashed again while the account stays as it is: ten minutes.
const HASHED_MICROS: i64 = 600_000_000;

/// What a caller shows of itself.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A name and a password (RFC 7617).
    Basic {
        /// The account's name.
        name: String,
        /// The password.
        password: String,
    },
    /// A token (RFC 6750).
    Bearer(String),
    /// A certificate whose key signed the handshake (RFC 8446 section 4.4.3).
    Certificate(Fingerprint),
}

impl Credentials {
    /// What a program shows, where it is one.
    fn kind(&self) -> Kind {
        match self {
            Self::Certificate(_) => Kind::Certificate,
            Self::Basic { .. } | Self::Bearer(_) => Kind::Token,
        }
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// Who is speaking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// Where its person is reached.
    pub address: Option<String>,
    /// The other party that it belongs to.
    pub party: Option<String>,
    /// Where it came with a token or a certificate: that one's id and how much of the account's rights it has.
    pub token: Option<(String, Scope)>,
    /// It was a certificate.
    pub certificate: bool,
}

impl Caller {
    /// Whether it may add anything: a token may be for reading only.
    pub fn may_write(&self) -> bool {
        !matches!(self.token, Some((_, Scope::Read)))
    }
}

/// Why a caller is not let in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignInError {
    /// The credentials are not those of any account.
    #[error("the name or password, or the token, is wrong")]
    Refused,
    /// Too many wrong attempts came from this place.
    #[error("too many wrong attempts; wait {seconds} seconds")]
    TooMany {
        /// How long nothing is checked.
        seconds: u32,
    },
    /// Name and password are right; the account has a second factor, and no code came.
    #[error("a one-time code is needed besides the password; a program uses a token")]
    CodeNeeded,
    /// The code is wrong, or was used before.
    #[error("the one-time code is wrong, or was used before: wait for the next one")]
    WrongCode,
    /// The signature counter of a passkey went back: there may be a copy of it.
    #[error(
        "this passkey counted back: another copy of it may be in use. Sign in another way and remove it"
    )]
    CounterWentBack,
    /// It is an account of another party.
    #[error("the account belongs to another party: it can use TAXII and nothing else")]
    NotOwn,
    /// The store failed.
    #[error("cannot look the account up")]
    Store(#[from] StoreError),
}

/// Why an account is not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// The name is taken.
    #[error("there is an account {0:?} already")]
    Taken(String),
    /// The name cannot be used.
    #[error(
        "the name {0:?} cannot be used: 1 to {NAME_BYTES_MAX} bytes, no colon, no space, no control character"
    )]
    BadName(String),
    /// The password cannot be used.
    #[error(
        "the password must have {PASSWORD_CHARS_MIN} characters or more, and {PASSWORD_BYTES_MAX} bytes at most"
    )]
    BadPassword,
    /// There is no such party.
    #[error("there is no party {0:?}")]
    UnknownParty(String),
    /// There is no such account.
    #[error("there is no account {0:?}")]
    Unknown(String),
    /// The address cannot be used.
    #[error(
        "{0:?} is no address of a person: it needs an @, and has {ADDRESS_BYTES_MAX} bytes at most"
    )]
    BadAddress(String),
    /// Another account's person is reached there.
    #[error("{0:?} is where the person of another account is reached: an address is one person's")]
    AddressTaken(String),
    /// It is an account of another party.
    #[error("{0:?} is an account of another party: its persons are reached there, not here")]
    NotOwn(String),
    /// It is bound to nobody.
    #[error("no collection holds {0:?} as bound to persons")]
    NotBound(String),
    /// The account has a second factor already.
    #[error("{0:?} has a second factor already: turn it off before another one is set up")]
    SecondFactorOn(String),
    /// The account has no second factor, or none that waits.
    #[error("{0:?} has no second factor that this could be about")]
    NoSecondFactor(String),
    /// The one-time code is wrong.
    #[error("the code is wrong, or was used before: wait for the next one")]
    WrongCode,
    /// The password is not the account's.
    #[error("the password is wrong")]
    WrongPassword,
    /// Too many wrong attempts were made on this account.
    #[error("too many wrong attempts on this account; wait {seconds} seconds")]
    TooMany {
        /// How long nothing is checked.
        seconds: u32,
    },
    /// A token cannot be made like that.
    #[error(
        "a token's name has {TOKEN_NAME_CHARS_MAX} characters at most and no control character, and it is good for {TOKEN_DAYS_MAX} days at most"
    )]
    BadToken,
    /// The certificate cannot be pinned.
    #[error("this certificate cannot be pinned: {0}")]
    BadCertificate(String),
    /// It is pinned already.
    #[error("this certificate is pinned to an account already")]
    CertificateTaken,
    /// There is no such token.
    #[error("there is no token {0:?}")]
    UnknownToken(String),
    /// A passkey cannot be kept like that.
    #[error(
        "this is no passkey that can be kept; its name has {} characters at most and no control character",
        passkey::PASSKEY_NAME_CHARS_MAX
    )]
    BadPasskey,
    /// The passkey was made for a challenge that was answered before, is too old, or never was.
    #[error("making the passkey took longer than five minutes, or was answered before")]
    LatePasskey,
    /// The account has as many passkeys as it may have.
    #[error("an account has {} passkeys at most", passkey::PASSKEYS_MAX)]
    TooManyPasskeys,
    /// There is no such passkey.
    #[error("there is no passkey {0:?}")]
    UnknownPasskey(String),
    /// It is done by a person who signed in a short while ago.
    #[error("this is done within a quarter of an hour after signing in")]
    SignInAgain,
    /// No provider of identities is set.
    #[error("this node has no provider of identities")]
    NoProvider,
    /// The subject cannot be one.
    #[error("a subject of the provider has 1 to 255 bytes and no control character")]
    BadSubject,
    /// It is an account's already.
    #[error("this identity of the provider is linked to an account already")]
    IdentityTaken,
    /// There is no such identity.
    #[error("there is no identity {0:?}")]
    UnknownIdentity(String),
    /// The link leads nowhere.
    #[error("this link was used already, has ended, or never was one")]
    BadLink,
    /// There is no such session.
    #[error("there is no session {0:?}")]
    UnknownSession(String),
    /// What is addressed to its person cannot be handed over.
    #[error("cannot hand over what is addressed to the person")]
    Addressed(#[source] Box<ExchangeError>),
    /// The ledger has no entry of it.
    #[error("cannot add it to the ledger")]
    Ledger(#[source] LinkError),
    /// The store failed.
    #[error("cannot record the account")]
    Store(#[from] StoreError),
}

impl From<LinkError> for AccountError {
    fn from(error: LinkError) -> Self {
        if let LinkError::Store(error) = error {
            Self::Store(error)
        } else {
            Self::Ledger(error)
        }
    }
}

impl From<ExchangeError> for AccountError {
    fn from(error: ExchangeError) -> Self {
        if let ExchangeError::Store(error) = error {
            Self::Store(error)
        } else {
            Self::Addressed(Box::new(error))
        }
    }
}

/// Whose an account is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Belonging {
    /// The other party that it belongs to: it sees what was released to that party and nothing else.
    pub party: Option<String>,
    /// Where its person is reached: what another party addresses there is for this account.
    pub address: Option<String>,
}

/// An account to be made.
#[derive(Clone, Copy)]
pub struct NewAccount<'a> {
    /// The account that makes it; empty for the operator.
    pub by: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its role.
    pub role: Role,
    /// Its password.
    pub password: &'a str,
}

/// Callers seen lately.
#[derive(Debug)]
pub(crate) struct Sessions {
    /// Makes what is remembered useless to anybody who reads it.
    secret: [u8; 32],
    remembered: Mutex<HashMap<[u8; 32], Remembered>>,
    throttle: Throttle<IpAddr>,
    /// Wrong codes and wrong old passwords by account: whoever gets that far may come from many places.
    accounts: Throttle<String>,
    hashing: Mutex<()>,
}

#[derive(Clone, Debug)]
struct Remembered {
    caller: Caller,
    /// The password's hash that was compared with; empty for a token.
    compared: String,
    looked_up: i64,
    hashed: i64,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            secret: random_bytes(),
            remembered: Mutex::default(),
            throttle: Throttle::new(PLACE_WAIT_SECONDS_MAX),
            accounts: Throttle::new(ACCOUNT_WAIT_SECONDS_MAX),
            hashing: Mutex::default(),
        }
    }
}

impl Sessions {
    fn key(&self, credentials: &Credentials) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(self.secret);
        match credentials {
            Credentials::Basic { name, password } => {
                hasher.update([1]);
                hasher.update(name.len().to_le_bytes());
                hasher.update(name);
                hasher.update(password);
            }
            Credentials::Bearer(token) => {
                hasher.update([2]);
                hasher.update(token);
            }
            Credentials::Certificate(fingerprint) => {
                hasher.update([3]);
                hasher.update(fingerprint);
            }
        }
        hasher.finalize().into()
    }

    fn recall(&self, key: &[u8; 32]) -> Option<Remembered> {
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key)
            .cloned()
    }

    fn remember(&self, key: [u8; 32], what: Remembered) {
        let mut remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(key, what);
    }

    /// Forgets everybody; called when an account has changed.
    pub(crate) fn forget(&self) {
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

impl Node {
    /// The caller, if it was let in a moment ago. Never waits.
    pub fn known_caller(&self, credentials: &Credentials) -> Option<Caller> {
        let sessions = &self.inner.sessions;
        let found = sessions.recall(&sessions.key(credentials))?;
        (self.inner.clock.now() - found.looked_up < FRESH_MICROS).then_some(found.caller)
    }

    /// Finds out who is speaking from `place`. May hash a password: for a thread that may wait.
    ///
    /// An account with a second factor is not let in by its password alone: its programs use tokens.
    pub fn sign_in(&self, credentials: &Credentials, place: IpAddr) -> Result<Caller, SignInError> {
        let sessions = &self.inner.sessions;
        let now = self.inner.clock.now();
        let key = sessions.key(credentials);
        let kind = credentials.kind();
        let (account, token, hashed) = match credentials {
            Credentials::Bearer(_) | Credentials::Certificate(_) => {
                let held = self.holder_of(credentials, now)?;
                let Some((account, row)) = held else {
                    self.refuse_early(place, now)?;
                    sessions.throttle.failed(&place, now);
                    let entering = Entering {
                        account: "",
                        way: kind.word(),
                        place,
                    };
                    self.note_entering(entering, "refused")?;
                    return Err(SignInError::Refused);
                };
                (account, Some((row.id, row.scope)), 0)
            }
            Credentials::Basic { name, .. } => {
                let known = sessions.recall(&key);
                let known = known.filter(|known| now - known.hashed < HASHED_MICROS);
                let (found, factor) = self.inner.state.read(|tx| {
                    let factor = factors::find(tx, name)?.and_then(|row| row.confirmed);
                    Ok::<_, StoreError>((account::find(tx, name)?, factor))
                })?;
                let same = |known: &Remembered| {
                    let password = found.as_ref().map(|account| &account.password);
                    password == Some(&known.compared)
                };
                let (account, hashed) = match (known.filter(same), found) {
                    (Some(known), Some(account)) => (account, known.hashed),
                    _ => (self.account_of(credentials, place)?, now),
                };
                if factor.is_some() {
                    return Err(SignInError::CodeNeeded);
                }
                if hashed == now {
                    let entering = Entering {
                        account: &account.name,
                        way: "password",
                        place,
                    };
                    self.note_entering(entering, "password")?;
                }
                (account, None, hashed)
            }
        };
        sessions.throttle.succeeded(&place);
        let remembered = Remembered {
            caller: Caller {
                name: account.name,
                role: account.role,
                address: account.address,
                party: account.party,
                token,
                certificate: kind == Kind::Certificate,
            },
            compared: match credentials {
                Credentials::Basic { .. } => account.password,
                Credentials::Bearer(_) | Credentials::Certificate(_) => String::new(),
            },
            looked_up: now,
            hashed,
        };
        let caller = remembered.caller.clone();
        sessions.remember(key, remembered);
        Ok(caller)
    }

    /// The account whose name and password these are, each time by hashing.
    pub(crate) fn account_of(
        &self,
        credentials: &Credentials,
        place: IpAddr,
    ) -> Result<Account, SignInError> {
        let Credentials::Basic { name, password } = credentials else {
            return Err(SignInError::Refused);
        };
        let sessions = &self.inner.sessions;
        let now = self.inner.clock.now();
        let found = self.inner.state.read(|tx| account::find(tx, name))?;
        self.refuse_early(place, now)?;
        let _one_at_a_time = sessions
            .hashing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Others may have failed from this place while this one waited its turn.
        self.refuse_early(place, now)?;
        let right = verify(password, found.as_ref());
        if right && let Some(account) = found {
            return Ok(account);
        }
        sessions.throttle.failed(&place, now);
        let entering = Entering {
            account: found.as_ref().map_or("", |account| &account.name),
            way: "password",
            place,
        };
        self.note_entering(entering, "refused")?;
        Err(SignInError::Refused)
    }

    fn refuse_early(&self, place: IpAddr, now: i64) -> Result<(), SignInError> {
        match self.inner.sessions.throttle.wait_seconds(&place, now) {
            0 => Ok(()),
            seconds => Err(SignInError::TooMany { seconds }),
        }
    }

    /// Makes an account. May hash: for a thread that may wait.
    pub fn add_account(&self, new: &NewAccount<'_>, whose: &Belonging) -> Result<(), AccountError> {
        let account = self.new_account(new.name, new.role, whose, new.password)?;
        self.inner
            .state
            .write(|tx| self.insert_account(tx, &account, new.by))?;
        self.due().tell();
        self.follow_address(new.name, None, whose.address.as_deref())?;
        Ok(())
    }

    /// An account that can be made, with its password hashed.
    pub(crate) fn new_account(
        &self,
        name: &str,
        role: Role,
        whose: &Belonging,
        password: &str,
    ) -> Result<Account, AccountError> {
        check_name(name)?;
        check_password(password)?;
        if whose.party.is_some() && whose.address.is_some() {
            return Err(AccountError::NotOwn(name.to_owned()));
        }
        self.check_address(name, whose.address.as_deref())?;
        Ok(Account {
            name: name.to_owned(),
            role,
            password: hash(password),
            created: self.inner.clock.now(),
            party: whose.party.clone(),
            address: whose.address.clone(),
        })
    }

    /// Records an account with its entry in the ledger; an invitation for its name is void then.
    pub(crate) fn insert_account(
        &self,
        tx: &mut dyn Tx,
        account: &Account,
        by: &str,
    ) -> Result<(), AccountError> {
        if let Some(party) = &account.party
            && comity_store::state::party::find(tx, party)?.is_none()
        {
            return Err(AccountError::UnknownParty(party.clone()));
        }
        if !account::add(tx, account)? {
            return Err(AccountError::Taken(account.name.clone()));
        }
        welcome_rows::remove(tx, &account.name)?;
        let grant = Grant {
            by: by.to_owned(),
            account: account.name.clone(),
            right: Right::Account {
                role: account.role.word().to_owned(),
                party: account.party.clone(),
            },
        };
        Ok(self.note_grant(tx, &grant, account.created)?)
    }

    /// Records where the person of an account is reached, in the place of where that was before: what other parties
    /// address there is this account's to read, and what they addressed to the place before no longer is.
    pub fn set_address(&self, name: &str, address: Option<&str>) -> Result<(), AccountError> {
        let found = self.account_named(name)?;
        if found.party.is_some() {
            return Err(AccountError::NotOwn(name.to_owned()));
        }
        self.check_address(name, address)?;
        self.inner
            .state
            .write(|tx| account::put_address(tx, name, address))?;
        self.follow_address(name, found.address.as_deref(), address)?;
        Ok(())
    }

    pub(crate) fn check_address(
        &self,
        name: &str,
        address: Option<&str>,
    ) -> Result<(), AccountError> {
        let Some(address) = address else {
            return Ok(());
        };
        let usable = |c: char| !c.is_whitespace() && !c.is_control();
        let whole = address
            .split_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
        if !whole || address.len() > ADDRESS_BYTES_MAX || !address.chars().all(usable) {
            return Err(AccountError::BadAddress(address.to_owned()));
        }
        let there = self
            .inner
            .state
            .read(|tx| account::at_address(tx, address))?;
        if there.iter().any(|one| one.name != name) {
            return Err(AccountError::AddressTaken(address.to_owned()));
        }
        Ok(())
    }

    /// Gives an account another role. Its sessions end: whoever has less now keeps no page of before.
    /// `by` is the account that does it; empty for the operator.
    pub fn set_role(&self, by: &str, name: &str, role: Role) -> Result<(), AccountError> {
        let now = self.inner.clock.now();
        let grant = Grant {
            by: by.to_owned(),
            account: name.to_owned(),
            right: Right::Role {
                role: role.word().to_owned(),
            },
        };
        self.inner.state.write(|tx| {
            if !account::put_role(tx, name, role)? {
                return Err(AccountError::Unknown(name.to_owned()));
            }
            session_rows::end_all(tx, name, "")?;
            Ok::<_, AccountError>(self.note_grant(tx, &grant, now)?)
        })?;
        self.forget_callers();
        self.due().tell();
        Ok(())
    }

    /// Removes an account with all by which it signs in, and its rights.
    pub fn remove_account(&self, name: &str) -> Result<(), AccountError> {
        let removed = self.inner.state.write(|tx| {
            closed::forget(tx, name)?;
            account::remove(tx, name)
        })?;
        self.forget_callers();
        self.inner.rights.forget();
        if removed {
            Ok(())
        } else {
            Err(AccountError::Unknown(name.to_owned()))
        }
    }

    /// The account of this name.
    pub fn account_named(&self, name: &str) -> Result<Account, AccountError> {
        let found = self.inner.state.read(|tx| account::find(tx, name))?;
        found.ok_or_else(|| AccountError::Unknown(name.to_owned()))
    }

    /// All accounts, by name.
    pub fn accounts(&self) -> Result<Vec<Account>, AccountError> {
        Ok(self.inner.state.read(account::list)?)
    }

    /// Forgets who was let in; called when an account, or by what it signs in, has changed.
    pub(crate) fn forget_callers(&self) {
        self.inner.sessions.forget();
        self.inner.open_sessions.forget();
    }
}

/// Whether an account can have this name.
pub(crate) fn check_name(name: &str) -> Result<(), AccountError> {
    let usable = |c: char| c != ':' && !c.is_whitespace() && !c.is_control();
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.chars().all(usable) {
        return Err(AccountError::BadName(name.to_owned()));
    }
    Ok(())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests;

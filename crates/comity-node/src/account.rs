//! Accounts: making them, and finding out who is speaking.
//!
//! A password is hashed once and then remembered for a short while, so that a client which sends it with every request
//! costs one hash, and a wrong one costs its sender time, not the node's processor.
//!
//! In scope: passwords, tokens, who a caller is. Out of scope: what a caller may read or write (`collection`).
//! Limits: [`REMEMBERED_MAX`] callers are remembered; one password is hashed at a time.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use comity_store::error::StoreError;
use comity_store::state::account::{self, Account, Role};
use comity_store::state::closed;
use sha2::{Digest, Sha256};

use crate::clock::random_bytes;
use crate::exchange::ExchangeError;
use crate::node::Node;
use crate::throttle::Throttle;

/// The shortest password, in characters (NIST SP 800-63B section 5.1.1.2).
pub const PASSWORD_CHARS_MIN: usize = 8;
/// The longest password, in bytes; longer ones only serve to keep the node busy.
pub const PASSWORD_BYTES_MAX: usize = 1024;
/// The longest account name, in bytes.
pub const NAME_BYTES_MAX: usize = 64;
/// The longest address, in bytes (RFC 5321 section 4.5.3.1.3, less its brackets).
pub const ADDRESS_BYTES_MAX: usize = 254;
/// What every token begins with, so that a leaked one is recognised.
pub const TOKEN_PREFIX: &str = "comity_";

const REMEMBERED_MAX: usize = 10_000;
/// How long a caller is taken at its word before the account is looked up again: five seconds.
const FRESH_MICROS: i64 = 5_000_000;
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
    /// What is addressed to its person cannot be handed over.
    #[error("cannot hand over what is addressed to the person")]
    Addressed(#[source] Box<ExchangeError>),
    /// The store failed.
    #[error("cannot record the account")]
    Store(#[from] StoreError),
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

/// Callers seen lately.
#[derive(Debug)]
pub(crate) struct Sessions {
    /// Makes what is remembered useless to anybody who reads it.
    secret: [u8; 32],
    remembered: Mutex<HashMap<[u8; 32], Remembered>>,
    throttle: Throttle,
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
            throttle: Throttle::default(),
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
    pub fn sign_in(&self, credentials: &Credentials, place: IpAddr) -> Result<Caller, SignInError> {
        let sessions = &self.inner.sessions;
        let now = self.inner.clock.now();
        let key = sessions.key(credentials);
        let before = sessions.recall(&key);
        let found = match credentials {
            Credentials::Bearer(token) => {
                let digest = token_digest(token);
                self.inner
                    .state
                    .read(|tx| account::find_by_token(tx, &digest))?
            }
            Credentials::Basic { name, .. } => {
                self.inner.state.read(|tx| account::find(tx, name))?
            }
        };
        let mut hashed = before.as_ref().map_or(0, |b| b.hashed);
        let right = match (credentials, &found) {
            (Credentials::Bearer(_), found) => found.is_some(),
            (Credentials::Basic { .. }, Some(account))
                if before.as_ref().is_some_and(|b| {
                    b.compared == account.password && now - b.hashed < HASHED_MICROS
                }) =>
            {
                true
            }
            (Credentials::Basic { password, .. }, account) => {
                self.refuse_early(place, now)?;
                let _one_at_a_time = sessions
                    .hashing
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                // Others may have failed from this place while this one waited its turn.
                self.refuse_early(place, now)?;
                hashed = now;
                verify(password, account.as_ref())
            }
        };
        let Some(account) = found.filter(|_| right) else {
            self.refuse_early(place, now)?;
            sessions.throttle.failed(place, now);
            return Err(SignInError::Refused);
        };
        sessions.throttle.succeeded(place);
        let caller = Caller {
            name: account.name,
            role: account.role,
        };
        let compared = if matches!(credentials, Credentials::Basic { .. }) {
            account.password
        } else {
            String::new()
        };
        sessions.remember(
            key,
            Remembered {
                caller: caller.clone(),
                compared,
                looked_up: now,
                hashed,
            },
        );
        Ok(caller)
    }

    fn refuse_early(&self, place: IpAddr, now: i64) -> Result<(), SignInError> {
        match self.inner.sessions.throttle.wait_seconds(place, now) {
            0 => Ok(()),
            seconds => Err(SignInError::TooMany { seconds }),
        }
    }

    /// Makes an account.
    pub fn add_account(
        &self,
        name: &str,
        role: Role,
        whose: &Belonging,
        password: &str,
    ) -> Result<(), AccountError> {
        let (party, address) = (whose.party.as_deref(), whose.address.as_deref());
        let usable = |c: char| c != ':' && !c.is_whitespace() && !c.is_control();
        if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.chars().all(usable) {
            return Err(AccountError::BadName(name.to_owned()));
        }
        if password.chars().count() < PASSWORD_CHARS_MIN || password.len() > PASSWORD_BYTES_MAX {
            return Err(AccountError::BadPassword);
        }
        if party.is_some() && address.is_some() {
            return Err(AccountError::NotOwn(name.to_owned()));
        }
        self.check_address(name, address)?;
        let created = self.inner.clock.now();
        let account = Account {
            name: name.to_owned(),
            role,
            password: hash(password),
            created,
            party: party.map(str::to_owned),
            address: address.map(str::to_owned),
        };
        let added = self.inner.state.write(|tx| {
            let known = match party {
                Some(name) => comity_store::state::party::find(tx, name)?.is_some(),
                None => true,
            };
            known.then(|| account::add(tx, &account)).transpose()
        })?;
        let Some(added) = added else {
            return Err(AccountError::UnknownParty(
                party.unwrap_or_default().to_owned(),
            ));
        };
        if !added {
            return Err(AccountError::Taken(name.to_owned()));
        }
        self.follow_address(name, None, address)?;
        Ok(())
    }

    /// Records where the person of an account is reached, in the place of where that was before: what other parties
    /// address there is this account's to read, and what they addressed to the place before no longer is.
    pub fn set_address(&self, name: &str, address: Option<&str>) -> Result<(), AccountError> {
        let found = self.inner.state.read(|tx| account::find(tx, name))?;
        let found = found.ok_or_else(|| AccountError::Unknown(name.to_owned()))?;
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

    fn check_address(&self, name: &str, address: Option<&str>) -> Result<(), AccountError> {
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

    /// Removes an account with its tokens and rights.
    pub fn remove_account(&self, name: &str) -> Result<(), AccountError> {
        let removed = self.inner.state.write(|tx| {
            closed::forget(tx, name)?;
            account::remove(tx, name)
        })?;
        self.inner.sessions.forget();
        self.inner.rights.forget();
        if removed {
            Ok(())
        } else {
            Err(AccountError::Unknown(name.to_owned()))
        }
    }

    /// All accounts, by name.
    pub fn accounts(&self) -> Result<Vec<Account>, AccountError> {
        Ok(self.inner.state.read(account::list)?)
    }

    /// Makes a token for an account. It is shown this once; the node keeps its digest only.
    pub fn create_token(&self, name: &str) -> Result<String, AccountError> {
        let secret: [u8; 32] = random_bytes();
        let token = format!("{TOKEN_PREFIX}{}", hex(&secret));
        let digest = token_digest(&token);
        let created = self.inner.clock.now();
        let known = self.inner.state.write(|tx| {
            let known = account::find(tx, name)?.is_some();
            if known {
                account::add_token(tx, &digest, name, created)?;
            }
            Ok::<_, StoreError>(known)
        })?;
        if known {
            Ok(token)
        } else {
            Err(AccountError::Unknown(name.to_owned()))
        }
    }

    /// Ends every token of an account; answers how many there were.
    pub fn revoke_tokens(&self, name: &str) -> Result<u64, AccountError> {
        let ended = self.inner.state.write(|tx| {
            if account::find(tx, name)?.is_none() {
                return Ok(None);
            }
            account::revoke_tokens(tx, name).map(Some)
        })?;
        self.inner.sessions.forget();
        ended.ok_or_else(|| AccountError::Unknown(name.to_owned()))
    }
}

fn token_digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn hash(password: &str) -> String {
    let salt = SaltString::encode_b64(&random_bytes::<16>())
        .expect("invariant: 16 bytes are a valid salt");
    let hashed = Argon2::default().hash_password(password.as_bytes(), &salt);
    hashed
        .expect("invariant: the default parameters are valid")
        .to_string()
}

/// Whether the password is the account's. Without an account a hash is made all the same, so that the time taken does
/// not tell whether a name exists.
fn verify(password: &str, account: Option<&Account>) -> bool {
    let Some(account) = account.filter(|_| password.len() <= PASSWORD_BYTES_MAX) else {
        let short: String = password.chars().take(PASSWORD_CHARS_MIN).collect();
        let _ = hash(&short);
        return false;
    };
    PasswordHash::new(&account.password).is_ok_and(|kept| {
        Argon2::default()
            .verify_password(password.as_bytes(), &kept)
            .is_ok()
    })
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

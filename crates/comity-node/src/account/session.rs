//! Sessions: how a person stays signed in while a browser shows pages.
//!
//! A session is a random secret that the browser shows with each request; the node keeps its digest. Each sign-in makes a
//! new one, so that no secret from before it is ever worth anything. One ends when its person ends it, when their account
//! changes, and by itself: [`SESSION_MICROS`] after it was opened, or [`IDLE_MICROS`] after it was used last.
//!
//! In scope: opening, looking up, listing and ending; the token that a form must carry. Out of scope: cookies
//! (`comity-web`), passwords (`account`).
//! Limits: [`REMEMBERED_MAX`] sessions are remembered, each for [`FRESH_MICROS`]: where several nodes share a database,
//! one that another node ended lives so long.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::{constant_time, hmac};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use comity_store::error::StoreError;
use comity_store::state::Tx;
use comity_store::state::account::{self as accounts, Account, Role};
use comity_store::state::session::{self as rows, SessionRow};
use sha2::{Digest, Sha256};

use crate::account::audit::{Act, Entering, TEXT_BYTES_MAX, cut, note_entering};
use crate::account::{AccountError, Credentials, SignInError, hex};
use crate::clock::random_bytes;
use crate::node::Node;
use crate::person::{Person, Way};

/// How long a session lives at most: twelve hours, in microseconds.
pub const SESSION_MICROS: i64 = 12 * 3_600 * 1_000_000;
/// How long a session lives that nobody uses: two hours, in microseconds.
pub const IDLE_MICROS: i64 = 2 * 3_600 * 1_000_000;
/// The longest name of a browser that is kept, in bytes.
pub const AGENT_BYTES_MAX: usize = TEXT_BYTES_MAX;

/// Bytes of a session's secret.
const SECRET_BYTES: usize = 32;
const REMEMBERED_MAX: usize = 10_000;
/// How long a session is taken as it was: five seconds.
const FRESH_MICROS: i64 = 5_000_000;
/// How often at most it is written down that a session or a token is used: once a minute.
pub(crate) const SEEN_MICROS: i64 = 60_000_000;

/// A session that was just opened.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenedSession {
    /// What the browser shows with each request. It is told this once.
    pub secret: String,
    /// By what the session is listed and ended.
    pub id: String,
    /// The account.
    pub account: String,
    /// Its role.
    pub role: Role,
    /// When the session ends at the latest, microseconds since 1970.
    pub expires: i64,
}

impl std::fmt::Debug for OpenedSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenedSession")
            .field("id", &self.id)
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

/// A session as its person sees it. Times are microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionShown {
    /// By what it is ended.
    pub id: String,
    /// By what the person signed in: `password`, `password+code`, `password+recovery`, `passkey` or `link`.
    pub means: String,
    /// When it was opened.
    pub created: i64,
    /// When it was used last, to about a minute.
    pub seen: i64,
    /// When it ends at the latest.
    pub expires: i64,
    /// The address that it was opened from.
    pub place: String,
    /// The browser, as it calls itself.
    pub agent: String,
}

/// Sessions seen lately, by the digest of their secret.
#[derive(Debug, Default)]
pub(crate) struct OpenSessions {
    known: Mutex<HashMap<[u8; 32], Known>>,
}

#[derive(Clone, Debug)]
struct Known {
    person: Person,
    looked_up: i64,
    expires: i64,
}

impl OpenSessions {
    fn recall(&self, digest: &[u8; 32], now: i64) -> Option<Person> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.get(digest)?;
        let fresh = (0..FRESH_MICROS).contains(&(now - found.looked_up)) && now < found.expires;
        fresh.then(|| found.person.clone())
    }

    fn remember(&self, digest: [u8; 32], what: Known) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        known.insert(digest, what);
    }

    /// Forgets everybody; called when a session was ended or an account has changed.
    pub(crate) fn forget(&self) {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

impl Node {
    /// Opens a session for whoever shows these credentials, from `place` by the browser `agent`. `code` is the second
    /// factor of accounts that have one: a one-time code or a recovery code.
    ///
    /// [`SignInError::CodeNeeded`] says that name and password are right and the code is missing. May hash a password: for
    /// a thread that may wait.
    pub fn open_session(
        &self,
        credentials: &Credentials,
        code: Option<&str>,
        place: IpAddr,
        agent: &str,
    ) -> Result<OpenedSession, SignInError> {
        let Credentials::Basic { .. } = credentials else {
            // A token is for programs, and ends on its own terms.
            return Err(SignInError::Refused);
        };
        let account = self.account_of(credentials, place)?;
        if account.party.is_some() {
            return Err(SignInError::NotOwn);
        }
        let means = self.check_code(&account.name, code, Some(place))?;
        let opened = self.begin_session(&account, means, place, agent)?;
        self.inner.sessions.throttle.succeeded(&place);
        Ok(opened)
    }

    /// Opens a session for an account whose person has shown who they are.
    pub(crate) fn begin_session(
        &self,
        account: &Account,
        means: &str,
        place: IpAddr,
        agent: &str,
    ) -> Result<OpenedSession, SignInError> {
        self.begin_session_if(account, means, (place, agent), |_| Ok(true))
    }

    /// The same, if something else holds in the transaction that opens it.
    pub(crate) fn begin_session_if(
        &self,
        account: &Account,
        means: &str,
        (place, agent): (IpAddr, &str),
        holds: impl Fn(&mut dyn Tx) -> Result<bool, StoreError>,
    ) -> Result<OpenedSession, SignInError> {
        if account.party.is_some() {
            return Err(SignInError::NotOwn);
        }
        let now = self.inner.clock.now();
        let (opened, row) = new_session(account, means, (place, agent), now);
        let way = format!("session {}", row.id);
        let entering = Entering {
            account: &account.name,
            way: &way,
            place,
        };
        let same = self.inner.state.write(|tx| {
            rows::prune(tx, now, now - IDLE_MICROS)?;
            // It may have been removed, or changed, while its password was looked at.
            let same = accounts::find(tx, &account.name)?.as_ref() == Some(account) && holds(tx)?;
            if same {
                rows::add(tx, &row)?;
                note_entering(tx, entering, means, now)?;
            }
            Ok::<_, StoreError>(same)
        })?;
        if same {
            Ok(opened)
        } else {
            Err(SignInError::Refused)
        }
    }

    /// The person whose browser shows this secret; none where the session ended. Reads a row every few seconds, and else
    /// answers from memory.
    pub fn session(&self, secret: &str) -> Result<Option<Person>, StoreError> {
        let now = self.inner.clock.now();
        let digest = digest(secret);
        if let Some(person) = self.inner.open_sessions.recall(&digest, now) {
            return Ok(Some(person));
        }
        let found = self.inner.state.read(|tx| {
            let Some(row) = rows::find(tx, &digest)? else {
                return Ok(None);
            };
            let account = accounts::find(tx, &row.account)?;
            Ok::<_, StoreError>(account.map(|account| (row, account)))
        })?;
        let alive = |row: &SessionRow| now < row.expires && now < row.seen + IDLE_MICROS;
        let found = found.filter(|(row, account)| alive(row) && account.party.is_none());
        let Some((row, account)) = found else {
            return Ok(None);
        };
        if now - row.seen >= SEEN_MICROS {
            self.inner.state.write(|tx| rows::saw(tx, &digest, now))?;
        }
        let person = Person {
            account: account.name,
            role: account.role,
            address: account.address,
            way: Way::Session { id: row.id },
            place: row.place.parse().ok(),
            signed_in: row.created,
        };
        let known = Known {
            person: person.clone(),
            looked_up: now,
            expires: row.expires,
        };
        self.inner.open_sessions.remember(digest, known);
        Ok(Some(person))
    }

    /// Takes one of its means to sign in from an account, and ends the sessions that such means opened but the one with the id
    /// `except`; `false` where there was nothing to take.
    pub(crate) fn take_means(
        &self,
        account: &str,
        means: &[&str],
        except: Option<&str>,
        remove: impl Fn(&mut dyn Tx) -> Result<bool, StoreError>,
    ) -> Result<bool, StoreError> {
        let removed = self.inner.state.write(|tx| {
            let removed = remove(tx)?;
            for each in means.iter().filter(|_| removed) {
                rows::end_by_means(tx, account, each, except.unwrap_or_default())?;
            }
            Ok::<_, StoreError>(removed)
        })?;
        self.forget_callers();
        Ok(removed)
    }

    /// The sessions of an account that have not ended, the newest first.
    pub fn sessions(&self, account: &str) -> Result<Vec<SessionShown>, AccountError> {
        let now = self.inner.clock.now();
        let held = self.inner.state.read(|tx| rows::of_account(tx, account))?;
        let alive = |row: &SessionRow| now < row.expires && now < row.seen + IDLE_MICROS;
        let shown = held.into_iter().filter(alive).map(|row| SessionShown {
            id: row.id,
            means: row.means,
            created: row.created,
            seen: row.seen,
            expires: row.expires,
            place: row.place,
            agent: row.agent,
        });
        Ok(shown.collect())
    }

    /// Ends one session of an account.
    pub fn end_session(&self, account: &str, id: &str) -> Result<(), AccountError> {
        let ended = self.inner.state.write(|tx| rows::end(tx, account, id))?;
        self.inner.open_sessions.forget();
        if ended {
            Ok(())
        } else {
            Err(AccountError::UnknownSession(id.to_owned()))
        }
    }

    /// Ends the session that a person came with, and writes that down. Whoever came another way has none to end.
    pub fn sign_out(&self, person: &Person) -> Result<(), StoreError> {
        let Way::Session { id } = &person.way else {
            return Ok(());
        };
        let ended = self
            .inner
            .state
            .write(|tx| rows::end(tx, &person.account, id))?;
        self.inner.open_sessions.forget();
        let act = Act {
            operation: "sign_out",
            target: id,
            outcome: if ended { "done" } else { "ended before" },
        };
        self.note_act(person, &act)
    }

    /// Ends every session of an account but the one with the id `except`, where there is one; answers how many.
    pub fn end_sessions(&self, account: &str, except: Option<&str>) -> Result<u64, AccountError> {
        let ended = self
            .inner
            .state
            .write(|tx| rows::end_all(tx, account, except.unwrap_or_default()))?;
        self.inner.open_sessions.forget();
        Ok(ended)
    }
}

/// A session for an account, from a place by a browser, and its row.
pub(crate) fn new_session(
    account: &Account,
    means: &str,
    (place, agent): (IpAddr, &str),
    now: i64,
) -> (OpenedSession, SessionRow) {
    let secret = BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<SECRET_BYTES>());
    let row = SessionRow {
        digest: digest(&secret),
        id: hex(&random_bytes::<6>()),
        account: account.name.clone(),
        means: means.to_owned(),
        created: now,
        seen: now,
        expires: now + SESSION_MICROS,
        place: place.to_string(),
        agent: cut(agent),
    };
    let opened = OpenedSession {
        secret,
        id: row.id.clone(),
        account: row.account.clone(),
        role: account.role,
        expires: row.expires,
    };
    (opened, row)
}

/// The token that a form of this session carries: another site cannot know it, so it cannot have the browser send one.
/// Derived from the session's secret, so that it ends with it and nothing is kept.
pub fn csrf(secret: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&key, CSRF_SUBJECT))
}

/// Whether a form carried the token of this session; how long that takes does not tell how much of it was right.
pub fn csrf_matches(secret: &str, given: &str) -> bool {
    constant_time::verify_slices_are_equal(csrf(secret).as_bytes(), given.as_bytes()).is_ok()
}

const CSRF_SUBJECT: &[u8] = b"comity csrf v1";

/// What is kept of a secret.
pub(crate) fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

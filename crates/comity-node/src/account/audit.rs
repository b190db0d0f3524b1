//! The audit log: who did what, from where, and how it ended.
//!
//! Sign-ins, good and bad, are written down in the transaction that lets somebody in; what a person asks for that changes
//! anything, once it is done and before it is answered. Grants stand in the ledger besides (`ledger::grant`), in the
//! transaction that gives the right.
//!
//! In scope: writing, reading, forgetting. Out of scope: what is worth writing (`operation`).
//! Limits: [`KEPT_DAYS`]; a text is cut at [`TEXT_BYTES_MAX`]; [`ROWS_MAX`] rows at a time.

use std::collections::BTreeSet;
use std::net::IpAddr;

use comity_case::message::ThreadId;
use comity_store::error::StoreError;
use comity_store::state::Tx;
use comity_store::state::audit::{self as rows, Asked, AuditRow};
use comity_store::state::{session, thread, welcome};
use serde_json::Value;

use crate::account::AccountError;
use crate::account::session::IDLE_MICROS;
use crate::case::document;
use crate::node::Node;
use crate::person::Person;

/// How long a row is kept, in days: a year and the month in which somebody looks back at it.
pub const KEPT_DAYS: i64 = 400;
/// Rows in one answer.
pub const ROWS_MAX: u32 = 1_000;
/// The longest text of a row, in bytes.
pub const TEXT_BYTES_MAX: usize = 200;

/// Threads that somebody goes on with.
const RECENT_MAX: usize = 20;

const DAY_MICROS: i64 = 86_400_000_000;

/// What somebody did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Act<'a> {
    /// The operation's name.
    pub operation: &'a str,
    /// Of what: an id or a name, never a content.
    pub target: &'a str,
    /// How it ended: a word.
    pub outcome: &'a str,
}

/// Somebody who signs in, as far as that is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entering<'a> {
    /// The account, if there is one of the name; names of nobody are not kept, for they may be passwords.
    pub(crate) account: &'a str,
    /// By which way.
    pub(crate) way: &'a str,
    /// From where.
    pub(crate) place: IpAddr,
}

impl Node {
    /// Writes down what a person did.
    pub fn note_act(&self, person: &Person, act: &Act<'_>) -> Result<(), StoreError> {
        let row = act_row(person, act, self.inner.clock.now());
        self.inner.state.write(|tx| rows::add(tx, &row)).map(|_| ())
    }

    /// Writes down in a transaction of its own that somebody tried to sign in.
    pub(crate) fn note_entering(
        &self,
        entering: Entering<'_>,
        outcome: &str,
    ) -> Result<(), StoreError> {
        let now = self.inner.clock.now();
        self.inner
            .state
            .write(|tx| note_entering(tx, entering, outcome, now))
    }

    /// Rows of the audit log, the newest first; at most [`ROWS_MAX`], whatever is asked for.
    pub fn audit(&self, asked: &Asked) -> Result<Vec<AuditRow>, AccountError> {
        let asked = Asked {
            limit: asked.limit.min(ROWS_MAX),
            ..asked.clone()
        };
        Ok(self.inner.state.read(|tx| rows::list(tx, &asked))?)
    }

    /// Threads in which an account did something, what it did last first, as lines of a list; at most [`RECENT_MAX`].
    pub(crate) fn recent(&self, account: &str) -> Result<Value, StoreError> {
        let asked = Asked {
            account: Some(account.to_owned()),
            limit: ROWS_MAX,
            ..Asked::default()
        };
        let own = &self.identity().party;
        self.inner.state.read(|tx| {
            let mut seen = BTreeSet::new();
            let mut lines = Vec::new();
            let rows = rows::list(tx, &asked)?;
            let done = rows.iter().filter(|row| row.outcome == "done");
            for word in done.flat_map(|row| row.target.split(' ')) {
                if ThreadId::parse(word).is_none() || !seen.insert(word.to_owned()) {
                    continue;
                }
                if let Some(row) = thread::find(tx, word)? {
                    lines.push(document::line(&row, own));
                }
                if lines.len() == RECENT_MAX {
                    break;
                }
            }
            Ok(Value::Array(lines))
        })
    }

    /// Forgets what has been kept long enough: rows of the audit log, sessions and links that ended. Answers how many.
    pub fn forget_ended(&self) -> Result<u64, StoreError> {
        let now = self.inner.clock.now();
        self.inner.state.write(|tx| {
            let rows = rows::prune(tx, now - KEPT_DAYS * DAY_MICROS)?;
            let sessions = session::prune(tx, now, now - IDLE_MICROS)?;
            Ok(rows + sessions + welcome::prune(tx, now)?)
        })
    }
}

/// What is written down of something that a person did.
pub(crate) fn act_row(person: &Person, act: &Act<'_>, now: i64) -> AuditRow {
    AuditRow {
        id: 0,
        at: now,
        account: cut(&person.account),
        way: person.way.words(),
        place: person
            .place
            .map_or_else(String::new, |place| place.to_string()),
        operation: cut(act.operation),
        target: cut(act.target),
        outcome: cut(act.outcome),
    }
}

/// Writes down that somebody signs in, in the transaction that lets them.
pub(crate) fn note_entering(
    tx: &mut dyn Tx,
    entering: Entering<'_>,
    outcome: &str,
    now: i64,
) -> Result<(), StoreError> {
    let row = AuditRow {
        id: 0,
        at: now,
        account: cut(entering.account),
        way: cut(entering.way),
        place: entering.place.to_string(),
        operation: "sign_in".to_owned(),
        target: String::new(),
        outcome: cut(outcome),
    };
    rows::add(tx, &row).map(|_| ())
}

/// A text as it is kept: so long, and without what would disturb a list.
pub(crate) fn cut(text: &str) -> String {
    let mut kept = String::new();
    for letter in text.chars().filter(|letter| !letter.is_control()) {
        if kept.len() + letter.len_utf8() > TEXT_BYTES_MAX {
            break;
        }
        kept.push(letter);
    }
    kept
}

//! Calls that are to be done once however often they are sent: each key of an account with what it came to.
//!
//! In scope: recording a key before the act and the answer after it. Out of scope: the act, HTTP.
//! Limits: keys are kept for [`KEPT_MICROS`].

use comity_store::error::StoreError;
use comity_store::state::repeated::{self, RepeatedRow};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::node::Node;
use crate::person::Person;

/// How long a key is remembered: a day, in microseconds.
pub const KEPT_MICROS: i64 = 86_400_000_000;

/// A call with a key.
#[derive(Clone, Copy, Debug)]
pub struct RepeatedCall<'a> {
    /// The key, the account's own to choose.
    pub key: &'a str,
    /// The operation.
    pub operation: &'a str,
    /// What it was asked with.
    pub body: &'a [u8],
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq)]
pub enum Repeated {
    /// Nothing: it is this call's from now on.
    First,
    /// It was done, and came to this.
    Done(Value),
    /// It was begun and its end is not known.
    Running,
    /// It was another call's.
    Another,
}

impl Node {
    /// Records a key for a call, or tells what it came to before.
    pub fn begin_repeated(
        &self,
        person: &Person,
        call: &RepeatedCall<'_>,
    ) -> Result<Repeated, StoreError> {
        let now = self.clock().now();
        let mut hasher = Sha256::new();
        hasher.update(call.operation);
        hasher.update([0]);
        hasher.update(call.body);
        let digest: [u8; 32] = hasher.finalize().into();
        let row = RepeatedRow {
            account: person.account.clone(),
            key: call.key.to_owned(),
            digest,
            answer: None,
            at: now,
        };
        let found = self.inner.state.write(|tx| {
            repeated::prune(tx, now - KEPT_MICROS)?;
            if repeated::begin(tx, &row)? {
                return Ok(None);
            }
            repeated::find(tx, &row.account, &row.key)
        })?;
        Ok(match found {
            None => Repeated::First,
            Some(known) if known.digest != digest => Repeated::Another,
            Some(known) => match known.answer {
                Some(text) => Repeated::Done(serde_json::from_str(&text).unwrap_or(Value::Null)),
                None => Repeated::Running,
            },
        })
    }

    /// Records what a call came to; one that was refused leaves its key free.
    pub fn end_repeated(
        &self,
        person: &Person,
        key: &str,
        answer: Option<&Value>,
    ) -> Result<(), StoreError> {
        self.inner.state.write(|tx| match answer {
            Some(answer) => repeated::end(tx, &person.account, key, &answer.to_string()),
            None => repeated::forget(tx, &person.account, key),
        })
    }
}

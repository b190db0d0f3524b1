//! Candidates: addresses that somebody read in a `security.txt`. They are nobody's until a challenge came back.
//!
//! A challenge is a code that is sent to the address by whatever way it is, and that comes back from there. It shows that
//! whoever reads the address repeated the code, and no more: whose address it is, the accord says.
//!
//! In scope: the acts. Out of scope: sending mail; fetching files; the accord's points of contact, which are signed by both.
//! Limits: [`LIST_MAX`].

use comity_accord::digest::Digest;
use comity_accord::security_txt::SecurityTxt;
use comity_case::history::stamp;
use comity_store::state::contact::{self, CandidateRow};
use comity_store::state::party;
use serde_json::{Value, json};

use crate::case::document::put;
use crate::clock::{new_uuid, random_bytes};
use crate::contact::ContactError;
use crate::contact::profile::name;
use crate::exchange::ExchangeError;
use crate::node::Node;

/// Candidates in one list.
const LIST_MAX: u64 = 1_000;
const CANDIDATE: &str = "candidate";
const CHALLENGED: &str = "challenged";
const VERIFIED: &str = "verified";
/// Digits of a code: 64 bits.
const CODE_BYTES: usize = 8;

impl Node {
    /// Takes the addresses of a `security.txt` as candidates.
    pub(crate) fn import_security_txt(
        &self,
        text: &str,
        (source, party): (&str, Option<&str>),
        officer: &str,
    ) -> Result<Vec<Value>, ContactError> {
        let now = self.now_seconds();
        let found = SecurityTxt::parse(text)?.in_date(now)?;
        let remarks = found.remarks(now).join("; ");
        let recorded = self.clock().now();
        let canonical = found.canonical.first();
        let source = canonical.map_or_else(|| source.to_owned(), Clone::clone);
        let rows: Vec<CandidateRow> = found
            .contacts
            .iter()
            .map(|address| CandidateRow {
                id: new_uuid().to_string(),
                party: party.map(ToOwned::to_owned),
                address: address.clone(),
                source: source.clone(),
                expires: found.expires,
                remarks: remarks.clone(),
                state: CANDIDATE.to_owned(),
                code: None,
                officer: officer.to_owned(),
                recorded,
                changed: recorded,
            })
            .collect();
        self.inner.state.write(|tx| {
            if let Some(party) = party {
                name(party)?;
                party::find(tx, party)?
                    .ok_or_else(|| ExchangeError::UnknownParty(party.to_owned()))?;
            }
            for row in &rows {
                contact::put_candidate(tx, row)?;
            }
            Ok::<_, ContactError>(())
        })?;
        Ok(rows.iter().map(|row| document(row, now)).collect())
    }

    /// Every candidate, the newest first.
    pub(crate) fn candidates(&self) -> Result<Vec<Value>, ContactError> {
        let now = self.now_seconds();
        let rows = self
            .inner
            .state
            .read(|tx| contact::candidates(tx, LIST_MAX))?;
        Ok(rows.iter().map(|row| document(row, now)).collect())
    }

    /// Draws a code for an address. It is told once, for whoever sends it there, or mailed there; only its hash is kept.
    pub(crate) fn challenge(
        &self,
        id: &str,
        officer: &str,
        mail: bool,
    ) -> Result<Value, ContactError> {
        let code = hexadecimal(&random_bytes::<CODE_BYTES>());
        let hash = Digest::of(code.as_bytes());
        let row = self.step(id, officer, |row| {
            CHALLENGED.clone_into(&mut row.state);
            row.code = Some(hash.as_bytes().to_vec());
            Ok(())
        })?;
        let own = self.own_name()?;
        // A file of this machine says nothing to others, and its path is not theirs to know.
        let place = Some(row.source.as_str()).filter(|source| source.starts_with("https://"));
        let place = place.unwrap_or("a security.txt");
        let text = format!(
            "{own} read this address in {place} and asks whoever answers here to confirm it.\n\
             Please send this code back from here: {code}"
        );
        let mailed = if mail {
            let mailed = self.mail_code(&row, text.clone(), officer);
            mailed.map_err(|error| ContactError::Mail(Box::new(error)))?
        } else {
            None
        };
        let mut said = document(&row, self.now_seconds());
        for (name, value) in [
            ("code", Value::from(code)),
            ("text", Value::from(text)),
            ("mailed", Value::from(mailed)),
        ] {
            put(&mut said, name, value);
        }
        Ok(said)
    }

    /// Takes the code that came back.
    pub(crate) fn confirm(
        &self,
        id: &str,
        code: &str,
        officer: &str,
    ) -> Result<Value, ContactError> {
        let hash = Digest::of(code.trim().to_ascii_lowercase().as_bytes());
        let row = self.step(id, officer, |row| {
            let expected = row
                .code
                .take()
                .ok_or_else(|| ContactError::Unchallenged(row.address.clone()))?;
            if expected != hash.as_bytes() {
                return Err(ContactError::Code);
            }
            VERIFIED.clone_into(&mut row.state);
            Ok(())
        })?;
        Ok(document(&row, self.now_seconds()))
    }

    fn step(
        &self,
        id: &str,
        officer: &str,
        change: impl Fn(&mut CandidateRow) -> Result<(), ContactError>,
    ) -> Result<CandidateRow, ContactError> {
        let now = self.clock().now();
        self.inner.state.write(|tx| {
            let what = CANDIDATE;
            let found = if id.is_empty() || !id.is_ascii() {
                Vec::new()
            } else {
                contact::candidates_beginning(tx, id)?
            };
            let mut found = found.into_iter();
            let mut row = match (found.next(), found.next()) {
                (Some(row), None) => row,
                (Some(_), Some(_)) => {
                    let name = id.to_owned();
                    return Err(ContactError::Ambiguous { what, name });
                }
                (None, _) => {
                    let name = id.to_owned();
                    return Err(ContactError::Unknown { what, name });
                }
            };
            change(&mut row)?;
            officer.clone_into(&mut row.officer);
            row.changed = now;
            contact::put_candidate(tx, &row)?;
            Ok(row)
        })
    }
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for byte in bytes {
        // Writing into a text does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn document(row: &CandidateRow, now: i64) -> Value {
    json!({
        "id": row.id, "party": row.party, "address": row.address, "source": row.source, "state": row.state,
        "expires": stamp(row.expires), "ended": row.expires < now, "remarks": row.remarks, "officer": row.officer,
        "recorded": stamp(row.recorded.div_euclid(1_000_000)), "changed": stamp(row.changed.div_euclid(1_000_000)),
    })
}

//! Search for anything that is no object: threads, mails, parties, envelopes, entries of the ledger.
//!
//! Words are found in whatever order, each of them must be there. Who sees which of the rows is told behind it (`operation::sight`).
//!
//! In scope: asking each. Out of scope: objects (`execute`), values (`value`).
//! Limits: [`ROWS_MAX`] of each; [`TEXT_CHARS_MAX`].

use std::error::Error;

use comity_link::header::EnvelopeId;
use comity_store::state::thread::words;
use comity_store::state::{inbox, judged, ledger, mail_out, outbox};
use serde_json::{Value, json};

use crate::case::document;
use crate::case::document::put;
use crate::exchange::command::at;
use crate::mail::shown::{facts, told_by_itself};
use crate::node::Node;

/// Rows of each kind.
const ROWS_MAX: usize = 50;
/// What is read of a question.
const TEXT_CHARS_MAX: usize = 1_000;
/// Digits of an envelope's id by which it is found, at least.
const DIGITS_MIN: usize = 8;

impl Node {
    /// What is found of everything that is no object. `content`: whoever asks may look at what is said, not only at what stands
    /// between parties.
    pub(crate) fn anything(
        &self,
        text: &str,
        content: bool,
    ) -> Result<Value, Box<dyn Error + Send + Sync>> {
        let text: String = text.trim().chars().take(TEXT_CHARS_MAX).collect();
        let (mut threads, mut mails) = (Vec::new(), Vec::new());
        if content {
            threads = self.threads_saying(&text)?;
            mails = self.mails_saying(&text)?;
        }
        Ok(json!({
            "threads": threads, "mails": mails, "parties": self.parties_named(&text)?,
            "envelopes": self.envelopes_named(&text)?, "entries": self.entry_at(&text)?,
        }))
    }

    fn threads_saying(&self, text: &str) -> Result<Vec<Value>, Box<dyn Error + Send + Sync>> {
        let limit = u64::try_from(ROWS_MAX).unwrap_or(u64::MAX);
        let rows = self
            .inner
            .state
            .read(|tx| words::with_text(tx, text, limit))?;
        let (own, now) = (&self.identity().party, self.clock().now());
        let line = |row| document::line_at(row, own, now);
        Ok(rows.iter().map(line).collect())
    }

    /// Mails in and out, by their subjects.
    fn mails_saying(&self, text: &str) -> Result<Vec<Value>, Box<dyn Error + Send + Sync>> {
        let (came, left) = self.inner.state.read(|tx| {
            let came = judged::with_subject(tx, text, ROWS_MAX)?;
            Ok::<_, comity_store::error::StoreError>((
                came,
                mail_out::with_subject(tx, text, ROWS_MAX)?,
            ))
        })?;
        let came = came.iter().map(|(row, judged)| {
            let mut line = facts(row);
            for (name, value) in told_by_itself(Some(judged)) {
                put(&mut line, name, value);
            }
            put(&mut line, "way", "in".into());
            put(&mut line, "sent_by", judged.party.clone().into());
            put(&mut line, "when", at(row.received).into());
            line
        });
        let left = left.iter().map(|row| {
            let mut line = self.mail_line(row);
            put(&mut line, "way", "out".into());
            put(&mut line, "when", at(row.made).into());
            line
        });
        Ok(came.chain(left).collect())
    }

    /// Parties in whose names every word stands.
    fn parties_named(&self, text: &str) -> Result<Vec<Value>, Box<dyn Error + Send + Sync>> {
        let asked: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let parties = self.parties()?;
        let named = parties.iter().filter(|party| {
            let name = party.row.name.to_lowercase();
            asked.iter().all(|word| name.contains(word.as_str()))
        });
        let line = |party: &crate::exchange::enrolment::PartyView| json!({ "name": party.row.name, "state": party.row.state });
        Ok(named.take(ROWS_MAX).map(line).collect())
    }

    /// Envelopes whose id begins so.
    fn envelopes_named(&self, text: &str) -> Result<Vec<Value>, Box<dyn Error + Send + Sync>> {
        let Some((first, last)) = between(text) else {
            return Ok(Vec::new());
        };
        let limit = u64::try_from(ROWS_MAX).unwrap_or(u64::MAX);
        let (sent, got) = self.inner.state.read(|tx| {
            let sent = outbox::within(tx, (&first, &last), limit)?;
            Ok::<_, comity_store::error::StoreError>((
                sent,
                inbox::within(tx, (&first, &last), limit)?,
            ))
        })?;
        let sent = sent.iter().map(|row| {
            json!({
                "envelope": EnvelopeId(row.envelope).to_string(), "way": "out", "party": row.party, "kind": row.kind,
                "state": row.state, "entry": row.position, "when": at(row.created),
            })
        });
        let got = got.iter().map(|row| {
            json!({
                "envelope": EnvelopeId(row.envelope).to_string(), "way": "in", "party": row.party, "kind": row.kind,
                "state": row.state, "when": at(row.received),
            })
        });
        Ok(sent.chain(got).collect())
    }

    /// The entry of the own ledger of this number, if there is one.
    fn entry_at(&self, text: &str) -> Result<Vec<Value>, Box<dyn Error + Send + Sync>> {
        let digits = text.strip_prefix('#').unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Vec::new());
        }
        let Ok(position) = digits.parse::<u64>() else {
            return Ok(Vec::new());
        };
        let newest = self.inner.state.read(ledger::newest)?;
        let there = newest.filter(|log| position < log.size);
        let entry = there.map(|log| json!({ "entry": position, "epoch": log.epoch }));
        Ok(entry.into_iter().collect())
    }
}

/// The first and the last id that begins with these hexadecimal digits.
fn between(text: &str) -> Option<([u8; 32], [u8; 32])> {
    let text = text.to_ascii_lowercase();
    if !(DIGITS_MIN..=64).contains(&text.len()) {
        return None;
    }
    let filled = |with: char| {
        let rest = std::iter::repeat_n(with, 64 - text.len());
        let whole: String = text.chars().chain(rest).collect();
        crate::ledger::unhex(&whole)
    };
    Some((filled('0')?, filled('f')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_found_by_how_it_begins_and_by_nothing_shorter() {
        let (first, last) = between("00ff00aa").unwrap();
        assert_eq!((first[3], first[4], last[4]), (0xaa, 0, 0xff));
        let (first, last) = between(&"a".repeat(63)).unwrap();
        assert_eq!((first[31], last[31]), (0xa0, 0xaf));
        for text in ["00ff00a", "", "nothexatall", &"a".repeat(65)] {
            assert_eq!(between(text), None, "{text}");
        }
    }
}

//! Applying what came: the content of each stored envelope, once, in the order in which it was stored.
//!
//! An envelope that cannot be applied is put aside with the reason; those behind it go on.
//!
//! In scope: one function a kind. Out of scope: receiving and proving (`link`).

use std::collections::BTreeMap;

use comity_link::payload::{self, Kind};
use comity_stix::marking::Tlp;
use comity_store::state::collection::{self, NewCollection};
use comity_store::state::deposit;
use comity_store::state::inbox::{self, InboxRow};
use comity_store::state::source::SourceRow;

use crate::clock::new_uuid;
use crate::closed::readers;
use crate::exchange::ExchangeError;
use crate::exchange::origin::Place;
use crate::exchange::parts::take_part;
use crate::exchange::recall::take_recall_answer;
use crate::exchange::subject::record_sources;
use crate::node::Node;

/// Envelopes that are applied before others get a turn.
const TURN_MAX: u64 = 64;
/// Objects of one share that are told one by one, of each kind.
const TOLD_MAX: usize = 5;

/// The same envelopes, those of each channel in the order of their places: batches are taken in another order than they began,
/// so that what follows may have come at an earlier time.
fn in_channel_order(mut stored: Vec<InboxRow>) -> Vec<InboxRow> {
    let channel = |row: &InboxRow| (row.channel.clone(), row.epoch);
    let turns: Vec<(String, u32)> = stored.iter().map(channel).collect();
    stored.sort_by_key(|row| std::cmp::Reverse(row.seq));
    let mut of: BTreeMap<(String, u32), Vec<InboxRow>> = BTreeMap::new();
    for row in stored {
        of.entry(channel(&row)).or_default().push(row);
    }
    let next = turns.iter().filter_map(|turn| of.get_mut(turn)?.pop());
    next.collect()
}

impl Node {
    /// Applies what is stored; answers how many envelopes that were.
    pub fn apply_inbox(&self) -> Result<usize, ExchangeError> {
        let stored = self
            .inner
            .state
            .read(|tx| inbox::in_state(tx, "stored", TURN_MAX))?;
        let stored = in_channel_order(stored);
        for row in &stored {
            let (state, outcome) = match self.apply(row) {
                Ok(outcome) => ("applied", outcome),
                Err(ExchangeError::Store(error)) => return Err(error.into()),
                Err(error) => ("refused", comity_store::error::chain(&error)),
            };
            self.inner
                .state
                .write(|tx| inbox::settle(tx, &row.envelope, state, Some(&outcome)))?;
        }
        if !stored.is_empty() {
            self.due().tell();
        }
        Ok(stored.len())
    }

    fn apply(&self, row: &InboxRow) -> Result<String, ExchangeError> {
        let unread = |error: serde_json::Error| ExchangeError::Refused(error.to_string());
        let bytes = row.payload.as_deref().unwrap_or_default();
        let now = self.clock().now();
        let Some(kind) = Kind::parse(&row.kind) else {
            return Err(ExchangeError::Refused(format!(
                "{} is no known kind",
                row.kind
            )));
        };
        match kind {
            Kind::Share => {
                let share = serde_json::from_slice(bytes).map_err(unread)?;
                self.take_share(row, &share)
            }
            Kind::Part => {
                let said = serde_json::from_slice(bytes).map_err(unread)?;
                self.take_piece(row, &said)
            }
            Kind::Case => {
                let said = serde_json::from_slice(bytes).map_err(unread)?;
                self.take_message(row, &said)
            }
            Kind::Deposit => {
                let said = serde_json::from_slice(bytes).map_err(unread)?;
                self.take_deposit(&row.party, &said)
            }
            Kind::Recall => {
                let said = serde_json::from_slice(bytes).map_err(unread)?;
                self.take_recall(row, &said)
            }
            Kind::RecallAnswer => {
                let said = serde_json::from_slice(bytes).map_err(unread)?;
                self.inner
                    .state
                    .write(|tx| take_recall_answer(tx, &row.party, &said, now))?;
                Ok("taken".to_owned())
            }
            Kind::AccordProposal | Kind::AccordSignature => {
                let said = serde_json::from_slice(bytes).map_err(unread)?;
                self.inner
                    .state
                    .write(|tx| self.take_accord(tx, &said, now))?;
                Ok("taken".to_owned())
            }
            Kind::Card => {
                let said: payload::Card = serde_json::from_slice(bytes).map_err(unread)?;
                self.accept_card(said.card.as_bytes())?;
                Ok("taken".to_owned())
            }
            Kind::Revocation => {
                let said: payload::Revocation = serde_json::from_slice(bytes).map_err(unread)?;
                self.accept_revocation(said.revocation.as_bytes())?;
                Ok("taken".to_owned())
            }
            Kind::Receipt | Kind::Epoch | Kind::Void | Kind::Status => Ok("kept".to_owned()),
        }
    }

    /// Keeps a part; the whole is applied like an envelope's payload once it is there.
    fn take_piece(&self, row: &InboxRow, said: &payload::Part) -> Result<String, ExchangeError> {
        let now = self.clock().now();
        let whole = self
            .inner
            .state
            .write(|tx| take_part(tx, &row.party, said, now))?;
        let Some(whole) = whole else {
            return Ok(format!("part {} of {}", said.part + 1, said.parts));
        };
        let joined = InboxRow {
            kind: whole.kind.word().to_owned(),
            payload: Some(whole.payload),
            ..row.clone()
        };
        let outcome = self.apply(&joined)?;
        self.inner
            .state
            .write(|tx| deposit::forget_parts(tx, &row.party, &whole.name))?;
        Ok(outcome)
    }

    /// Takes shared objects into the collection that holds what the party sent.
    fn take_share(&self, row: &InboxRow, share: &payload::Share) -> Result<String, ExchangeError> {
        let label = Tlp::parse(&share.label);
        let label =
            label.ok_or_else(|| ExchangeError::Refused("its label is none of TLP".to_owned()))?;
        let texts: Vec<String> = share
            .objects
            .iter()
            .map(|raw| raw.get().to_owned())
            .collect();
        let now = self.clock().now();
        let sorted = self.sort_offered(&row.party, texts, Some(Place::of(row)))?;
        let ids: Vec<String> = sorted.taken.iter().map(|one| one.id.clone()).collect();
        let (held, named) = self.inner.state.write(|tx| {
            let terms = self.terms_from(tx, &row.party, now)?;
            let of = SourceRow {
                id: String::new(),
                party: row.party.clone(),
                label: Some(label.to_string()),
                onward: terms.is_some_and(|terms| terms.relay_onward),
                persons: (!share.persons.is_empty())
                    .then(|| serde_json::to_string(&share.persons).unwrap_or_default()),
                received: now,
            };
            record_sources(tx, &ids, &of)?;
            let held = inbox_collection(tx, &row.party, now)?;
            Ok::<_, ExchangeError>((held, readers(tx, &share.persons)?))
        })?;
        let texts = sorted.taken.into_iter().map(|one| one.text);
        let texts: Vec<String> = texts.chain(sorted.unread).collect();
        // A share says its label beside the objects: what it gives as TLP:RED is bound to the persons it names.
        let taken = if label == Tlp::Red {
            self.take_closed(&held, &texts, false, &named)
        } else {
            self.take_into(&held, texts, false, &named)
        };
        let taken =
            taken.map_err(|error| ExchangeError::Refused(comity_store::error::chain(&error)))?;
        let mut outcome = format!(
            "{} new, {} known, {} refused",
            taken.added,
            taken.unchanged,
            taken.failures.len() + sorted.own.len() + sorted.recalled.len()
        );
        for failure in taken.failures.iter().take(TOLD_MAX) {
            outcome.push_str("; ");
            outcome.push_str(failure.message.as_deref().unwrap_or(&failure.id));
        }
        for id in sorted.own.iter().take(TOLD_MAX) {
            outcome.push_str("; ");
            outcome.push_str(id);
            outcome.push_str(" originated here and stays as it is");
        }
        for id in sorted.recalled.iter().take(TOLD_MAX) {
            outcome.push_str("; ");
            outcome.push_str(id);
            outcome.push_str(" was recalled meanwhile");
        }
        self.due().tell();
        Ok(outcome)
    }
}

/// The collection that holds what a party sent.
pub(crate) fn inbox_collection(
    tx: &mut dyn comity_store::state::Tx,
    party: &str,
    now: i64,
) -> Result<collection::Collection, ExchangeError> {
    if let Some(known) = collection::of_source(tx, party)? {
        return Ok(known);
    }
    let alias = format!("from-{}", party.replace('.', "-"));
    let free = collection::find(tx, &alias)?.is_none();
    let new = NewCollection {
        // At random: a partner that may read it learns nothing of whom it is from.
        id: new_uuid(),
        title: format!("From {party}"),
        description: Some(format!("What {party} shared with this node")),
        alias: free.then_some(alias),
        created: now,
        source: Some(party.to_owned()),
        label: None,
    };
    let made = collection::add(tx, &new)?;
    made.ok_or_else(|| ExchangeError::Refused("the collection cannot be made".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(channel: &str, seq: u64) -> InboxRow {
        InboxRow {
            envelope: [0; 32],
            party: "bravo".to_owned(),
            origin: "bravo.example/log".to_owned(),
            epoch: 0,
            lane: "normal".to_owned(),
            channel: channel.to_owned(),
            seq,
            kind: "share".to_owned(),
            header: Vec::new(),
            blind: [0; 32],
            opening: None,
            payload: None,
            proof: Vec::new(),
            state: "stored".to_owned(),
            outcome: None,
            received: 0,
        }
    }

    #[test]
    fn what_follows_in_a_channel_is_applied_after_what_it_follows() {
        let came = [("a", 4), ("b", 1), ("a", 5), ("a", 2), ("b", 2), ("a", 3)];
        let stored = came.map(|(channel, seq)| row(channel, seq)).to_vec();
        let order = in_channel_order(stored).into_iter();
        let order: Vec<(String, u64)> = order.map(|row| (row.channel, row.seq)).collect();
        let expected = [("a", 2), ("b", 1), ("a", 3), ("a", 4), ("b", 2), ("a", 5)];
        let expected = expected.map(|(channel, seq)| (channel.to_owned(), seq));
        assert_eq!(
            order, expected,
            "each channel in its order, and turns as they came"
        );
    }
}

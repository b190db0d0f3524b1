//! Recall: asking a party to give up what was released to it, with an answer owed; and answering such a wish.
//!
//! In scope: both directions, and passing a recall on to whom the objects were passed on. Out of scope: what counts as an
//! answer in time (commitments).

use std::collections::{BTreeMap, BTreeSet};

use comity_accord::text::AccordText;
use comity_link::channel::Lane;
use comity_link::payload::{self, Kind, RecallOutcome};
use comity_stix::id::ObjectId;
use comity_store::objects::query::PageQuery;
use comity_store::objects::{RemoveRequest, ViewId, WriteRequest};
use comity_store::state::channel::Direction;
use comity_store::state::closed;
use comity_store::state::cursor;
use comity_store::state::inbox::InboxRow;
use comity_store::state::recall::{self, RecallRow};
use comity_store::state::release::DecisionRow;
use comity_store::state::{Tx, release, source};

use crate::clock::new_uuid;
use crate::exchange::ExchangeError;
use crate::exchange::origin::{Place, keep_recalled};
use crate::joined::every_version_of;
use crate::link::Draft;
use crate::node::Node;

/// By when a recall is answered where no accord says so: a day.
const ANSWER_HOURS: i64 = 24;
const HOUR_MICROS: i64 = 3_600_000_000;
/// The place up to which recalled decisions are followed in the released views.
const FINISHED: &str = "recalls finished";
/// Decisions that are followed at once.
const TURN_DECISIONS: u64 = 500;

/// The verdict and the rule of what a party was asked to give up.
pub(crate) const RECALLED: &str = "recalled";
/// What an object of a recall came to: the words of the answer.
const REMOVED: &str = "removed";
const NEVER_HAD: &str = "never-had";

impl Node {
    /// Recalls objects from every party that got them, or from one. Answers one row a party.
    pub fn recall(
        &self,
        ids: &[String],
        from: Option<&str>,
        reason: &str,
    ) -> Result<Vec<RecallRow>, ExchangeError> {
        for id in ids {
            ObjectId::parse(id).map_err(|_| ExchangeError::BadId(id.clone()))?;
        }
        let rows = self.inner.state.write(|tx| {
            let holders = holders(tx, ids, from)?;
            if holders.is_empty() {
                let reason = "none of these objects was released to anybody; `comity release list` shows what was";
                return Err(ExchangeError::Refused(reason.to_owned()));
            }
            self.ask_back(tx, &holders, reason)
        })?;
        self.finish_recalls()?;
        self.due().tell();
        Ok(rows)
    }

    /// Takes what parties were asked to give up out of their released views. The decisions are on record by then: whatever
    /// ended in between, this is done when the node is back.
    pub(crate) fn finish_recalls(&self) -> Result<(), ExchangeError> {
        let known = self.inner.state.read(|tx| cursor::find(tx, FINISHED))?;
        let mut from: u64 = known.and_then(|text| text.parse().ok()).unwrap_or(0);
        loop {
            let (due, next) = self.inner.state.read(|tx| {
                let due = release::of_verdict(tx, RECALLED, from, TURN_DECISIONS)?;
                let whole = u64::try_from(due.len()).is_ok_and(|count| count < TURN_DECISIONS);
                let next = if whole {
                    release::newest_number(tx)? + 1
                } else {
                    due.last().map_or(from, |last| last.number + 1)
                };
                Ok::<_, ExchangeError>((due, next))
            })?;
            for row in &due {
                self.finish_recall(row)?;
            }
            if next == from {
                return Ok(());
            }
            let now = self.clock().now();
            self.inner
                .state
                .write(|tx| cursor::put(tx, FINISHED, &next.to_string(), now))?;
            from = next;
        }
    }

    fn finish_recall(&self, row: &DecisionRow) -> Result<(), ExchangeError> {
        let (object, party) = (&row.object, &row.party);
        let (ids, views) = self.inner.state.read(|tx| {
            let last = release::last_word(tx, object, party)?;
            // Somebody gave it again since.
            if last.is_some_and(|last| last.verdict != RECALLED) {
                return Ok((Vec::new(), Vec::new()));
            }
            let ids = release::released_as(tx, object, party)?;
            Ok::<_, ExchangeError>((ids, release::views_of_party(tx, party)?))
        })?;
        let ids: Vec<ObjectId> = ids
            .iter()
            .filter_map(|id| ObjectId::parse(id).ok())
            .collect();
        let views: Vec<ViewId> = views.into_iter().map(|(_, views)| views.released).collect();
        self.remove_everywhere(&views, &ids)?;
        Ok(())
    }

    /// Makes the envelopes of a recall.
    fn ask_back(
        &self,
        tx: &mut dyn Tx,
        holders: &Holders,
        reason: &str,
    ) -> Result<Vec<RecallRow>, ExchangeError> {
        let now = self.clock().now();
        let id = new_uuid().to_string();
        let mut rows = Vec::new();
        for (party, objects) in holders {
            for (released, object) in objects {
                release::decide(tx, &recalled(party, object, released, reason, now))?;
            }
            let objects: Vec<String> = objects.keys().cloned().collect();
            let accord = self.in_force(tx, party, now)?;
            let hours =
                accord.map(|text: AccordText| i64::from(text.content().recall_answer_hours));
            let due = now + hours.unwrap_or(ANSWER_HOURS) * HOUR_MICROS;
            let said = payload::Recall {
                recall: id.clone(),
                objects: objects.clone(),
                reason: reason.to_owned(),
            };
            let draft = Draft {
                party: party.clone(),
                lane: Lane::Urgent,
                kind: Kind::Recall,
                payload: serde_json::to_vec(&said).unwrap_or_default(),
                due: Some(due),
            };
            self.link().enqueue_in(tx, &draft, now)?;
            let row = RecallRow {
                id: id.clone(),
                party: party.clone(),
                objects: serde_json::to_string(&objects).unwrap_or_default(),
                reason: reason.to_owned(),
                state: "asked".to_owned(),
                answer: None,
                asked: now,
                due: Some(due),
                changed: now,
            };
            recall::put(tx, Direction::Out, &row)?;
            rows.push(row);
        }
        Ok(rows)
    }

    /// Recalls that were asked by this node, or of it; those that nobody answered in time say so.
    pub fn recalls(&self, direction: Direction) -> Result<Vec<RecallRow>, ExchangeError> {
        let now = self.clock().now();
        let mut rows = self.inner.state.read(|tx| recall::list(tx, direction))?;
        for row in &mut rows {
            if row.state == "asked" && row.due.is_some_and(|due| due < now) {
                "overdue".clone_into(&mut row.state);
            }
        }
        Ok(rows)
    }

    /// Does what another party asks back, and answers. Objects that this party never gave are none of its business.
    pub(crate) fn take_recall(
        &self,
        row: &InboxRow,
        said: &payload::Recall,
    ) -> Result<String, ExchangeError> {
        let party = row.party.as_str();
        let known = self
            .inner
            .state
            .read(|tx| recall::find(tx, Direction::In, &said.recall, party))?;
        if known.is_some_and(|row| row.answer.is_some()) {
            return Ok("answered before".to_owned());
        }
        let ids: Vec<ObjectId> = said
            .objects
            .iter()
            .filter_map(|text| ObjectId::parse(text).ok())
            .collect();
        let given = self.inner.state.read(|tx| {
            let mut given = BTreeSet::new();
            for id in &ids {
                let sources = source::of(tx, &id.to_string())?;
                if sources.iter().any(|row| row.party == party) {
                    given.insert(id.clone());
                }
            }
            Ok::<_, ExchangeError>(given)
        })?;
        // Before anything is said: an answer is true, and what is done twice removes nothing more.
        let removed = self.give_up(&given)?;
        let now = self.clock().now();
        let answer = payload::RecallAnswer {
            recall: said.recall.clone(),
            outcomes: outcomes(said, &given),
        };
        let answer = serde_json::to_string(&answer).unwrap_or_default();
        self.inner.state.write(|tx| {
            let known = recall::find(tx, Direction::In, &said.recall, party)?;
            if known.is_some_and(|row| row.answer.is_some()) {
                return Ok(());
            }
            // What was passed on is asked back in turn, in the one transaction that says that this was answered: relays are
            // asked once, whatever ends in between.
            let given_ids: Vec<String> = given.iter().map(ToString::to_string).collect();
            let mut holders = holders(tx, &given_ids, None)?;
            holders.remove(party);
            self.ask_back(tx, &holders, &said.reason)?;
            keep_recalled(tx, party, &said.objects, Place::of(row), now)?;
            for id in &given {
                source::remove(tx, &id.to_string(), party)?;
            }
            let draft = Draft {
                party: party.to_owned(),
                lane: Lane::Urgent,
                kind: Kind::RecallAnswer,
                payload: answer.clone().into_bytes(),
                due: None,
            };
            self.link().enqueue_in(tx, &draft, now)?;
            let row = RecallRow {
                id: said.recall.clone(),
                party: party.to_owned(),
                objects: serde_json::to_string(&said.objects).unwrap_or_default(),
                reason: said.reason.clone(),
                state: "answered".to_owned(),
                answer: Some(answer.clone()),
                asked: now,
                due: None,
                changed: now,
            };
            recall::put(tx, Direction::In, &row)?;
            Ok::<_, ExchangeError>(())
        })?;
        self.finish_recalls()?;
        Ok(format!("{removed} versions removed"))
    }

    /// Removes objects from every collection, and from whoever could read them there.
    fn give_up(&self, given: &BTreeSet<ObjectId>) -> Result<usize, ExchangeError> {
        self.remember_bound(given)?;
        let mut views = self.holdings()?.views;
        let closed = self.inner.state.read(closed::list)?;
        views.extend(closed.into_iter().map(|one| one.view));
        views.sort();
        views.dedup();
        self.remove_everywhere(&views, &given.iter().cloned().collect::<Vec<_>>())
    }

    /// Removes every version of objects from views.
    pub(crate) fn remove_everywhere(
        &self,
        views: &[ViewId],
        ids: &[ObjectId],
    ) -> Result<usize, ExchangeError> {
        let mut versions = 0;
        for view in views {
            let mut held = Vec::new();
            for id in ids {
                if self.inner.objects.holds(*view, id)? {
                    held.push(id.clone());
                }
            }
            for id in held {
                let query = PageQuery {
                    view: *view,
                    added_after: None,
                    after: None,
                    limit: 1,
                    filter: every_version_of(vec![id]),
                };
                let request = WriteRequest::Remove(RemoveRequest { query });
                if let comity_store::objects::Written::Removed { versions: gone } =
                    self.write(request)?
                {
                    versions += gone;
                }
            }
        }
        Ok(versions)
    }
}

/// Who got which objects: by party, the id by which it got each, with the id by which that is held here.
type Holders = BTreeMap<String, BTreeMap<String, String>>;

/// What the objects of a recall came to.
fn outcomes(said: &payload::Recall, given: &BTreeSet<ObjectId>) -> Vec<RecallOutcome> {
    let outcome = |id: &String| {
        let held = given.iter().any(|one| one.to_string() == *id);
        RecallOutcome {
            id: id.clone(),
            outcome: if held { REMOVED } else { NEVER_HAD }.to_owned(),
            reason: String::new(),
        }
    };
    said.objects.iter().map(outcome).collect()
}

/// What is recorded with the decisions: from now on the party has it no more, and nothing that is shared as it grows gives it
/// again.
fn recalled(party: &str, object: &str, released: &str, reason: &str, now: i64) -> DecisionRow {
    let copy = (object != released).then(|| format!(" (the copy {released})"));
    DecisionRow {
        object: object.to_owned(),
        party: party.to_owned(),
        outlet: "link".to_owned(),
        verdict: RECALLED.to_owned(),
        rule: RECALLED.to_owned(),
        reason: format!("{reason}{}", copy.unwrap_or_default()),
        decided: now,
        ..DecisionRow::default()
    }
}

/// Who got which of these objects, under the id by which each got it.
fn holders(tx: &mut dyn Tx, ids: &[String], from: Option<&str>) -> Result<Holders, ExchangeError> {
    let mut holders = Holders::new();
    for id in ids {
        for copy in release::copies(tx, id)? {
            if from.is_none_or(|party| party == copy.party) {
                let objects = holders.entry(copy.party).or_default();
                objects.insert(copy.released, copy.object);
            }
        }
    }
    Ok(holders)
}

/// Takes the answer to a recall of this node.
pub(crate) fn take_recall_answer(
    tx: &mut dyn Tx,
    party: &str,
    said: &payload::RecallAnswer,
    now: i64,
) -> Result<(), ExchangeError> {
    let row = recall::find(tx, Direction::Out, &said.recall, party)?;
    let Some(mut row) = row else {
        return Err(ExchangeError::Refused(
            "it answers no recall of this node".to_owned(),
        ));
    };
    "answered".clone_into(&mut row.state);
    row.answer = serde_json::to_string(said).ok();
    row.changed = now;
    Ok(recall::put(tx, Direction::Out, &row)?)
}

//! Facts from deliveries: what both parties hold receipts for, as judging needs it.
//!
//! A delivery is named by the digest of what it carried, not by its envelope: what is made anew in another epoch is the same delivery.
//!
//! In scope: the same work for a node and for whoever has exported evidence only. Out of scope: where deliveries come
//! from (`review`, `offline`), the formulas (`comity_accord::evaluation`).

use std::collections::BTreeMap;
use std::sync::Arc;

use comity_accord::digest::Digest;
use comity_accord::evaluation::facts::{
    AttestationFact, Base, Class, ContactFact, Facts, RecallFact, ShareFact, SightingFact,
};
use comity_accord::evaluation::set::{EvaluationSet, Leaf};
use comity_accord::party::PartyName;
use comity_accord::text::AccordText;
use comity_case::check::Check;
use comity_case::facts::{counted, evaluation_set, facts};
use comity_case::message::{Message, Subject, ThreadId};
use comity_case::review::Review;
use comity_case::thread::{Entry, Thread};
use comity_link::payload::{Case, Kind, Recall, RecallAnswer, Share};
use serde_json::Value;
use uuid::Uuid;

/// The kinds of envelopes that commitments are about.
pub(crate) const KINDS: [Kind; 5] = [
    Kind::Case,
    Kind::Share,
    Kind::Recall,
    Kind::RecallAnswer,
    Kind::Part,
];

/// An envelope that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) from: PartyName,
    pub(crate) to: PartyName,
    pub(crate) kind: Kind,
    /// What it carried; nothing where it is a message, which is read already.
    pub(crate) payload: Vec<u8>,
    /// When its sender says that it was made, seconds since 1970.
    pub(crate) sent: i64,
    /// When the recipient's receipt says that it was stored, seconds since 1970.
    pub(crate) received: i64,
    /// What it says to a thread.
    said: Option<Message>,
}

/// Facts, what they were made from, and the threads that tell them, without what was not received in time.
pub(crate) struct Gathered {
    pub(crate) facts: Facts,
    pub(crate) set: EvaluationSet,
    pub(crate) threads: Vec<Thread>,
}

/// Facts between two parties as of a time, with the threads.
pub(crate) fn gather_all(
    deliveries: &[Arc<Delivery>],
    accord: &AccordText,
    pair: [&PartyName; 2],
    as_of: i64,
) -> Gathered {
    let (facts, set) = gather(deliveries, accord, pair, as_of);
    let mut threads = threads(deliveries);
    // A paper tells of what is meant; what was practised has a report of its own.
    threads.retain(|thread| practised_in(thread).is_none());
    let threads = threads.iter().map(|thread| counted(thread, as_of));
    Gathered {
        facts,
        set,
        threads: threads.filter(|thread| !thread.is_empty()).collect(),
    }
}

/// Facts between two parties as of a time, and what they were made from.
pub(crate) fn gather(
    deliveries: &[Arc<Delivery>],
    accord: &AccordText,
    pair: [&PartyName; 2],
    as_of: i64,
) -> (Facts, EvaluationSet) {
    let mut leaves = Vec::new();
    // What was practised is no fact of a period, unless the accord promises something of exercises alone.
    let mut threads = threads(deliveries);
    if !accord.content().commitments.iter().any(|one| one.exercise) {
        threads.retain(|thread| practised_in(thread).is_none());
    }
    let mut facts = of_threads(accord, &threads, as_of, &mut leaves);
    for (digest, delivery) in once_each(deliveries, as_of) {
        leaves.push(Leaf {
            message: digest,
            received: delivery.received,
        });
        delivery.add_to(&mut facts, &digest.to_string());
    }
    // Digests have no order of time: answers come after all that they may answer.
    for delivery in once_each(deliveries, as_of).values() {
        if delivery.kind == Kind::RecallAnswer {
            delivery.answer(&mut facts);
        }
    }
    facts.contacts = contacts(accord, pair);
    verify_contacts(&threads, as_of, &mut facts.contacts);
    facts.as_of = Some(as_of);
    (facts, EvaluationSet::of(leaves))
}

/// Facts of one exercise alone, and what they were made from.
pub(crate) fn gather_practised(
    deliveries: &[Arc<Delivery>],
    accord: &AccordText,
    exercise: Uuid,
    as_of: i64,
) -> (Facts, EvaluationSet) {
    let mut threads = threads(deliveries);
    threads.retain(|thread| practised_in(thread) == Some(exercise));
    let mut facts = facts(&threads, accord.content(), as_of);
    facts.as_of = Some(as_of);
    (facts, evaluation_set(&threads, as_of))
}

/// The exercise to which a thread belongs, as the message says that stands first.
pub(crate) fn practised_in(thread: &Thread) -> Option<Uuid> {
    // Most belong to none, which takes no order to see.
    let said = |entry: &Entry| entry.message.head().exercise.is_some();
    if !thread.entries().any(said) {
        return None;
    }
    let ordered = thread.ordered();
    let first = ordered.standing.first()?;
    first.message.head().exercise
}

/// The threads that deliveries are of; what cannot be read belongs to none.
pub(crate) fn threads(deliveries: &[Arc<Delivery>]) -> Vec<Thread> {
    let mut threads: BTreeMap<ThreadId, Thread> = BTreeMap::new();
    for delivery in deliveries {
        let Some(message) = delivery.message().cloned() else {
            continue;
        };
        // Whoever sent it wrote it, or it counts for nothing.
        if message.head().author != delivery.from || message.head().to != delivery.to {
            continue;
        }
        let thread = threads.entry(message.head().thread).or_default();
        let received = Some(delivery.received);
        // A thread that is full takes no more on either side.
        let _ = thread.add(Entry { message, received });
    }
    threads.into_values().collect()
}

/// Deliveries that are no messages, by the digest of what they carried, the first of each.
fn once_each(deliveries: &[Arc<Delivery>], as_of: i64) -> BTreeMap<Digest, &Arc<Delivery>> {
    let mut first: BTreeMap<Digest, &Arc<Delivery>> = BTreeMap::new();
    let counted = deliveries
        .iter()
        .filter(|one| one.kind != Kind::Case && one.received <= as_of);
    for delivery in counted {
        let known = first
            .entry(Digest::of(&delivery.payload))
            .or_insert(delivery);
        if delivery.received < known.received {
            *known = delivery;
        }
    }
    first
}

/// What threads say, and the leaves of the messages that say it. Words on a period's result are no facts of it; attestations are.
fn of_threads(
    accord: &AccordText,
    threads: &[Thread],
    as_of: i64,
    leaves: &mut Vec<Leaf>,
) -> Facts {
    let (reviews, others): (Vec<_>, Vec<_>) = threads
        .iter()
        .partition(|thread| thread.subject() == Some(Subject::Review));
    let mut facts = facts(others.iter().copied(), accord.content(), as_of);
    leaves.extend(evaluation_set(others, as_of).leaves().copied());
    for review in reviews.into_iter().filter_map(Review::replay) {
        for attested in review.attested {
            let Some(received) = attested.received.filter(|at| *at <= as_of) else {
                continue;
            };
            leaves.push(Leaf {
                message: attested.message,
                received,
            });
            let Ok(about) = PartyName::parse(&attested.said.about) else {
                continue;
            };
            facts.attestations.push(AttestationFact {
                about,
                by: attested.by,
                kept: attested.said.kept,
                period: review.period.clone(),
            });
        }
    }
    facts
}

/// Sets down when each contact was verified, by checks that a person answered.
fn verify_contacts(threads: &[Thread], as_of: i64, contacts: &mut [ContactFact]) {
    // A contact that answered in an exercise was practised with, not verified.
    let checks = threads
        .iter()
        .filter(|thread| thread.subject() == Some(Subject::Check));
    for thread in checks.filter(|thread| practised_in(thread).is_none()) {
        let Some(check) = Check::replay(&counted(thread, as_of)) else {
            continue;
        };
        let Some((role, at)) = check.verified() else {
            continue;
        };
        let name = format!("{} {role}", check.opening.responder);
        for contact in contacts.iter_mut().filter(|one| one.name == name) {
            contact.verified.push(at);
        }
    }
    for contact in contacts {
        contact.verified.sort_unstable();
    }
}

/// Contacts as the accord names them. One is fresh from when it is valid; checks that verify it come from threads.
fn contacts(accord: &AccordText, pair: [&PartyName; 2]) -> Vec<ContactFact> {
    let seconds = |at: comity_stix::timestamp::Timestamp| at.micros().div_euclid(1_000_000);
    let content = accord.content();
    let of_pair = content
        .contacts
        .iter()
        .filter(|one| pair.contains(&&one.party));
    of_pair
        .map(|one| ContactFact {
            party: one.party.clone(),
            name: format!("{} {}", one.party, one.role.as_str()),
            from: seconds(one.valid_from.unwrap_or(content.effective)),
            until: one.valid_until.map_or(i64::MAX, seconds),
            verified: Vec::new(),
        })
        .collect()
}

impl Delivery {
    /// What went from one party to another, made and stored at these times.
    pub(crate) fn new(
        (from, to): (&PartyName, &PartyName),
        kind: Kind,
        payload: Vec<u8>,
        (sent, received): (i64, i64),
    ) -> Self {
        let read = || {
            let said = serde_json::from_slice::<Case>(&payload).ok()?;
            let [object] = &said.objects;
            Message::parse(object.get()).ok()
        };
        let is_message = kind == Kind::Case;
        let said = is_message.then(read).flatten();
        Self {
            from: from.clone(),
            to: to.clone(),
            kind,
            payload: if is_message { Vec::new() } else { payload },
            sent,
            received,
            said,
        }
    }

    /// What it says to a thread; none: it is no message, or none that can be read.
    pub(crate) const fn message(&self) -> Option<&Message> {
        self.said.as_ref()
    }

    /// Bytes of what it says.
    pub(crate) fn size(&self) -> usize {
        let said = self.said.as_ref().map_or(0, |said| said.text().len());
        self.payload.len() + said
    }

    fn base(&self, id: &str) -> Base {
        Base {
            id: id.to_owned(),
            from: self.from.clone(),
            to: self.to.clone(),
            exercise: false,
            disputed: false,
            skewed: false,
        }
    }

    /// Adds what it says; messages are read as threads.
    fn add_to(&self, facts: &mut Facts, name: &str) {
        let payload = &self.payload;
        if self.kind == Kind::Share
            && let Ok(share) = serde_json::from_slice::<Share>(payload)
        {
            for object in &share.objects {
                self.shared(facts, object.get(), name);
            }
        } else if self.kind == Kind::Recall
            && let Ok(said) = serde_json::from_slice::<Recall>(payload)
        {
            facts.recalls.push(RecallFact {
                base: self.base(&said.recall),
                received: self.received,
                answered: None,
            });
        }
    }

    /// Sets down when a recall was answered.
    fn answer(&self, facts: &mut Facts) {
        let Ok(said) = serde_json::from_slice::<RecallAnswer>(&self.payload) else {
            return;
        };
        let answered =
            |fact: &&mut RecallFact| fact.base.id == said.recall && fact.base.to == self.from;
        for fact in facts.recalls.iter_mut().filter(answered) {
            let first = fact
                .answered
                .map_or(self.sent, |known| known.min(self.sent));
            fact.answered = Some(first);
        }
    }

    /// One object of a share: it is counted by its class, and a sighting or a note that an indicator was not seen answers it.
    fn shared(&self, facts: &mut Facts, object: &str, name: &str) {
        let Ok(object) = serde_json::from_str::<Value>(object) else {
            return;
        };
        let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
        if text("type") == "sighting" {
            facts.sightings.push(SightingFact {
                by: self.from.clone(),
                of: text("sighting_of_ref").to_owned(),
                at: self.sent,
            });
        }
        let class = match text("type") {
            "indicator" => Class::Indicators,
            "report" | "malware-analysis" => Class::Reports,
            "artifact" => Class::Samples,
            _ => Class::Other,
        };
        facts.shares.push(ShareFact {
            base: self.base(text("id")),
            class,
            received: self.received,
            delivery: name.to_owned(),
        });
    }
}

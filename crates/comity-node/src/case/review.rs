//! Reviews: the scorecard of a period worked out from what this node holds receipts for, and exchanged with the other side.
//!
//! In scope: gathering facts, making the scorecard, saying its hash. Out of scope: the formulas (`comity_accord::evaluation`),
//! what the two sides' words come to (`comity_case::review`).

use comity_accord::digest::Digest;
use comity_accord::evaluation::facts::{
    AttestationFact, Base, Class, ContactFact, Facts, RecallFact, ShareFact, SightingFact,
};
use comity_accord::evaluation::period::Stretch;
use comity_accord::evaluation::scorecard::Scorecard;
use comity_accord::evaluation::set::{EvaluationSet, Leaf};
use comity_accord::party::PartyName;
use comity_accord::text::AccordText;
use comity_case::facts::{Asking, evaluation_set, facts};
use comity_case::message::Subject;
use comity_case::request::terms::Terms;
use comity_case::review::{self, Card, Review};
use comity_case::thread::Thread;
use comity_link::header::peek;
use comity_link::payload::{Kind, Recall, RecallAnswer, Share};
use comity_stix::marking::Tlp;
use comity_store::state::channel::Direction;
use comity_store::state::delivered::{self, Delivered};
use comity_store::state::{Tx, thread as rows};
use serde_json::Value;

use crate::case::CaseError;
use crate::case::threads::{Acting, Speech, thread_of};
use crate::exchange::ExchangeError;
use crate::link::seconds_of_receipt;
use crate::node::Node;

/// After the end of a period messages still count for a day, if they were received by then.
pub const GRACE_SECONDS: i64 = 86_400;

/// A period's scorecard as this node works it out.
#[derive(Clone, Debug)]
pub struct Reviewed {
    /// The scorecard.
    pub scorecard: Scorecard,
    /// What it was made from.
    pub set: EvaluationSet,
    /// The accord.
    pub accord: String,
    /// Until when messages count, seconds since 1970.
    pub as_of: i64,
    /// What the two sides said of it, if anything.
    pub review: Option<Review>,
}

impl Node {
    /// Works a period out. `as_of`: until when messages count; without it, what the other side said, else a day after the period, or
    /// now.
    pub fn scorecard(
        &self,
        party: &str,
        period: &str,
        as_of: Option<i64>,
    ) -> Result<Reviewed, CaseError> {
        let now = self.clock().now();
        let stretch = Stretch::parse(period).ok_or_else(|| CaseError::Period(period.to_owned()))?;
        let window = stretch
            .window()
            .ok_or_else(|| CaseError::Period(period.to_owned()))?;
        let own = party_name(&self.identity().party)?;
        let other = party_name(party)?;
        self.inner.state.read(|tx| {
            let accord = self.in_force(tx, party, now)?;
            let accord = accord.ok_or_else(|| ExchangeError::NoAccord(party.to_owned()))?;
            let name = accord.content().name.clone();
            let thread = review::thread_of(&name, [&own, &other], &stretch.to_string());
            let said = thread_of(&rows::messages(tx, &thread.to_string())?)?;
            let said = Review::replay(&said);
            let theirs = said.as_ref().and_then(|review| review.cards.get(&other));
            let as_of = as_of
                .or(theirs.map(|card| card.as_of))
                .unwrap_or_else(|| (window.until + GRACE_SECONDS).min(now.div_euclid(1_000_000)));
            let (facts, set) = self.gathered_facts(tx, &accord, [&own, &other], as_of)?;
            let scorecard = Scorecard::make(&accord, [&own, &other], stretch, (&facts, &set))
                .map_err(|error| CaseError::Release(error.to_string()))?;
            Ok(Reviewed {
                scorecard,
                set,
                accord: name,
                as_of,
                review: said,
            })
        })
    }

    /// Says what a period came to.
    pub fn sign_scorecard(
        &self,
        party: &str,
        period: &str,
        acting: Acting,
    ) -> Result<Reviewed, CaseError> {
        let made = self.scorecard(party, period, None)?;
        let card = Card {
            period: period.to_owned(),
            as_of: made.as_of,
            messages: made.set.len(),
            root: made.set.root().to_string(),
            hash: made.scorecard.hash().to_string(),
        };
        let content = serde_json::to_value(&card).unwrap_or_default();
        self.say_in_review(
            &made.accord,
            party,
            period,
            Speech {
                event: "card".to_owned(),
                content,
                acting,
            },
        )?;
        self.scorecard(party, period, Some(made.as_of))
    }

    /// Shows the rows behind the word of this side.
    pub fn show_scorecard_rows(
        &self,
        party: &str,
        period: &str,
        acting: Acting,
    ) -> Result<Reviewed, CaseError> {
        let own = party_name(&self.identity().party)?;
        let before = self.scorecard(party, period, None)?;
        let said = before
            .review
            .as_ref()
            .and_then(|review| review.cards.get(&own))
            .map(|card| card.as_of);
        let made = self.scorecard(party, period, said)?;
        let content = serde_json::json!({ "scorecard": made.scorecard.text() });
        self.say_in_review(
            &made.accord,
            party,
            period,
            Speech {
                event: "rows".to_owned(),
                content,
                acting,
            },
        )?;
        self.scorecard(party, period, said)
    }

    /// Attests that nothing was released above its label, or shows that the other side did not keep to it.
    pub fn attest(
        &self,
        party: &str,
        period: &str,
        (about, kept, note): (&str, bool, &str),
        acting: Acting,
    ) -> Result<(), CaseError> {
        let now = self.clock().now();
        Stretch::parse(period).ok_or_else(|| CaseError::Period(period.to_owned()))?;
        let accord = self.inner.state.read(|tx| self.in_force(tx, party, now))?;
        let accord = accord.ok_or_else(|| ExchangeError::NoAccord(party.to_owned()))?;
        let content =
            serde_json::json!({ "period": period, "about": about, "kept": kept, "note": note });
        let speech = Speech {
            event: "attest".to_owned(),
            content,
            acting,
        };
        self.say_in_review(&accord.content().name, party, period, speech)
    }

    fn say_in_review(
        &self,
        accord: &str,
        party: &str,
        period: &str,
        speech: Speech,
    ) -> Result<(), CaseError> {
        let own = party_name(&self.identity().party)?;
        let other = party_name(party)?;
        let thread = review::thread_of(accord, [&own, &other], period);
        self.say_in(thread, &other, Tlp::Amber, &speech)?;
        Ok(())
    }

    /// Everything between two parties that commitments are about, as far as its receipt is known by a time.
    fn gathered_facts(
        &self,
        tx: &mut dyn Tx,
        accord: &AccordText,
        pair: [&PartyName; 2],
        as_of: i64,
    ) -> Result<(Facts, EvaluationSet), CaseError> {
        let [own, other] = pair;
        let mut threads = Vec::new();
        for row in rows::with_party(tx, other.as_str())? {
            threads.push(thread_of(&rows::messages(tx, &row.id)?)?);
        }
        let mut leaves = Vec::new();
        let mut facts = threads_facts(accord, &threads, as_of, &mut leaves);
        for kind in [Kind::Share, Kind::Recall, Kind::RecallAnswer] {
            for delivered in delivered::with_party(tx, other.as_str(), kind.word())? {
                let Some(arrived) = Arrived::of(&delivered, [own, other], as_of) else {
                    continue;
                };
                leaves.push(Leaf {
                    message: Digest::from_bytes(delivered.envelope),
                    received: arrived.received,
                });
                arrived.add_to(
                    &mut facts,
                    kind,
                    delivered.payload.as_deref().unwrap_or_default(),
                );
            }
        }
        facts.contacts = contacts(accord, pair);
        facts.as_of = Some(as_of);
        Ok((facts, EvaluationSet::of(leaves)))
    }
}

fn party_name(name: &str) -> Result<PartyName, CaseError> {
    PartyName::parse(name).map_err(|_| ExchangeError::UnknownParty(name.to_owned()).into())
}

/// What threads say, and the leaves of the messages that say it. Words on a period's result are no facts of it; attestations are.
fn threads_facts(
    accord: &AccordText,
    threads: &[Thread],
    as_of: i64,
    leaves: &mut Vec<Leaf>,
) -> Facts {
    let (reviews, others): (Vec<_>, Vec<_>) = threads.iter().partition(|thread| {
        thread
            .entries()
            .next()
            .is_some_and(|entry| entry.message.head().thread.subject() == Subject::Review)
    });
    let tolerance = i64::from(accord.content().ledger.clock_tolerance_seconds);
    let terms = |responder: &PartyName| Terms::agreed(accord.content(), responder);
    let asking = Asking {
        terms: &terms,
        tolerance,
        as_of,
    };
    let mut facts = facts(others.iter().copied(), asking);
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

/// An envelope that arrived: from whom to whom, and when.
struct Arrived {
    id: String,
    from: PartyName,
    to: PartyName,
    sent: i64,
    received: i64,
}

impl Arrived {
    fn of(delivered: &Delivered, [own, other]: [&PartyName; 2], as_of: i64) -> Option<Self> {
        let (from, to, received) = match (&delivered.direction, &delivered.receipt) {
            (Direction::Out, Some((header, payload))) => {
                (own, other, seconds_of_receipt(header, payload)?)
            }
            (Direction::Out, None) => return None,
            (Direction::In, _) => (other, own, delivered.received.div_euclid(1_000_000)),
        };
        let sent = i64::try_from(peek(&delivered.header).ok()?.created).ok()?;
        (received <= as_of).then(|| Self {
            id: Digest::from_bytes(delivered.envelope).to_string(),
            from: from.clone(),
            to: to.clone(),
            sent,
            received,
        })
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

    fn add_to(&self, facts: &mut Facts, kind: Kind, payload: &[u8]) {
        match kind {
            Kind::Share => {
                if let Ok(share) = serde_json::from_slice::<Share>(payload) {
                    for object in &share.objects {
                        self.shared(facts, object.get());
                    }
                }
            }
            Kind::Recall => {
                if let Ok(said) = serde_json::from_slice::<Recall>(payload) {
                    facts.recalls.push(RecallFact {
                        base: self.base(&said.recall),
                        received: self.received,
                        answered: None,
                    });
                }
            }
            Kind::RecallAnswer => {
                if let Ok(said) = serde_json::from_slice::<RecallAnswer>(payload) {
                    let of = facts
                        .recalls
                        .iter_mut()
                        .filter(|fact| fact.base.id == said.recall && fact.base.to == self.from);
                    for fact in of {
                        let first = fact
                            .answered
                            .map_or(self.sent, |known| known.min(self.sent));
                        fact.answered = Some(first);
                    }
                }
            }
            _ => {}
        }
    }

    /// One object of a share: it is counted by its class, and a sighting or a note that an indicator was not seen answers it.
    fn shared(&self, facts: &mut Facts, object: &str) {
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
            delivery: self.id.clone(),
        });
    }
}

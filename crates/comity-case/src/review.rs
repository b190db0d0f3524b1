//! Reviews: what each side says that a period came to, and where the two differ.
//!
//! Both sides work the scorecard of a period out for themselves and say its hash, with the root of the messages that it was made
//! from. Equal hashes are the agreed result; with other hashes each side may show its rows, and the first difference is named.
//!
//! In scope: the thread of a period, attestations. Out of scope: making scorecards (`comity_accord::evaluation`).

use std::collections::BTreeMap;

use comity_accord::digest::Digest;
use comity_accord::evaluation::period::Stretch;
use comity_accord::evaluation::scorecard::first_difference;
use comity_accord::party::PartyName;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::message::{Message, Role, Subject, ThreadId};
use crate::table::{Refusal, Row, Side, Word, find};
use crate::thread::{Entry, Thread};

const SUBJECT: &str = "review";

/// Where the review of a period stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// One side has said nothing yet, or neither.
    Open,
    /// Both say the same.
    Agreed,
    /// They say different things.
    Differing,
}

impl Word for State {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Open, "open"),
        (Self::Agreed, "agreed"),
        (Self::Differing, "differing"),
    ];
}

/// What happens in a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A side says what it came to.
    Card,
    /// A side shows its rows.
    Rows,
    /// A side attests what cannot be proven.
    Attest,
}

impl Word for Kind {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Card, "card"),
        (Self::Rows, "rows"),
        (Self::Attest, "attest"),
    ];
}

const EITHER: &[Side] = &[Side::Opener, Side::Responder];
const ANY: &[State] = &[State::Open, State::Agreed, State::Differing];

/// What may be said in a review. The state follows from what both sides said, not from a row.
pub const TABLE: &[Row<State, Kind>] = &[
    Row {
        from: ANY,
        event: Kind::Card,
        by: EITHER,
        roles: &[Role::Releaser, Role::Duty],
        to: None,
        effect: "the newest of each side counts; equal hashes are agreed",
    },
    Row {
        from: &[State::Differing],
        event: Kind::Rows,
        by: EITHER,
        roles: &[Role::Releaser],
        to: None,
        effect: "the first difference is named",
    },
    Row {
        from: ANY,
        event: Kind::Attest,
        by: EITHER,
        roles: &[Role::Releaser],
        to: None,
        effect: "counts for the commitment that is attested, not proven",
    },
];

/// What a side says that a period came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// The accord, by its name.
    pub accord: String,
    /// The period, by its word.
    pub period: String,
    /// Until when messages count, seconds since 1970.
    pub as_of: i64,
    /// How many messages it was made from.
    pub messages: usize,
    /// Their root, hexadecimal.
    pub root: String,
    /// The scorecard's SHA-256, hexadecimal.
    pub hash: String,
}

/// The rows of a side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rows {
    /// The scorecard's text, whose hash the side said.
    pub scorecard: String,
}

/// A side's word on releases: its own, or that the other side's were not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attest {
    /// The accord, by its name.
    pub accord: String,
    /// The period, by its word.
    pub period: String,
    /// Whose releases.
    pub about: String,
    /// Whether nothing went above its label.
    pub kept: bool,
    /// In words.
    #[serde(default)]
    pub note: String,
}

/// An attestation as it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attested {
    /// Who says it.
    pub by: PartyName,
    /// What.
    pub said: Attest,
    /// The message.
    pub message: Digest,
    /// When the other side's node had it.
    pub received: Option<i64>,
}

/// The review of a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// Who said something first.
    pub opener: PartyName,
    /// The other side.
    pub responder: PartyName,
    /// The period, by its word.
    pub period: String,
    /// The newest word of each side.
    pub cards: BTreeMap<PartyName, Card>,
    /// The rows that each side showed for it.
    pub rows: BTreeMap<PartyName, String>,
    /// What was attested.
    pub attested: Vec<Attested>,
    /// Messages that count for nothing: place, event, reason.
    pub voided: Vec<(String, String, String)>,
}

/// The thread of a period between two parties: both come to the same name without asking.
pub fn thread_of(accord: &str, pair: [&PartyName; 2], period: &str) -> ThreadId {
    let mut names = pair.map(PartyName::as_str);
    names.sort_unstable();
    let name = format!("{accord}\n{}\n{}\n{period}", names[0], names[1]);
    ThreadId::new(
        Subject::Review,
        Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()),
    )
}

/// The period that a message is about, where it belongs into its thread.
fn named(message: &Message) -> Option<String> {
    let text = |name: &str| message.content().get(name).and_then(Value::as_str);
    let (accord, period) = (
        text("accord")?,
        Stretch::parse(text("period")?)?.to_string(),
    );
    let head = message.head();
    let thread = thread_of(accord, [&head.author, &head.to], &period);
    (thread == head.thread).then_some(period)
}

impl Review {
    /// What a thread stands at.
    pub fn replay(thread: &Thread) -> Option<Self> {
        let ordered = thread.ordered();
        // The thread's name tells the accord and the period, so nobody turns a review into one of another period.
        let (first, period) = ordered
            .standing
            .iter()
            .find_map(|entry| Some((*entry, named(&entry.message)?)))?;
        let head = first.message.head();
        let mut review = Self {
            opener: head.author.clone(),
            responder: head.to.clone(),
            period,
            cards: BTreeMap::new(),
            rows: BTreeMap::new(),
            attested: Vec::new(),
            voided: Vec::new(),
        };
        for entry in ordered.standing {
            if let Err(refusal) = review.apply(entry) {
                let message = &entry.message;
                let void = (
                    message.place(),
                    message.event().to_owned(),
                    refusal.to_string(),
                );
                review.voided.push(void);
            }
        }
        Some(review)
    }

    /// Whether a message may be said as the next of a thread.
    pub fn admit(thread: &Thread, entry: &Entry) -> Result<(), Refusal> {
        let unfit = |reason: String| Refusal::Content {
            event: SUBJECT,
            reason,
        };
        let mut with = thread.clone();
        let added = with.add(entry.clone());
        added.map_err(|error| unfit(error.to_string()))?;
        let reason = "a review begins with a word on a period, such as 2026-Q4";
        let review = Self::replay(&with).ok_or_else(|| unfit(reason.to_owned()))?;
        let place = entry.message.place();
        let void = review.voided.into_iter().find(|void| void.0 == place);
        void.map_or(Ok(()), |void| Err(unfit(void.2)))
    }

    /// Takes the next message; what is refused changes nothing.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), Refusal> {
        let message = &entry.message;
        let kind = Kind::of(message.event()).ok_or_else(|| Refusal::Event {
            subject: SUBJECT,
            event: message.event().to_owned(),
        })?;
        let head = message.head();
        let side = if head.author == self.opener {
            Side::Opener
        } else {
            Side::Responder
        };
        find(
            TABLE,
            SUBJECT,
            self.state(),
            (kind, side, head.officer.role),
        )?;
        let unread = |reason: String| Refusal::Content {
            event: kind.word(),
            reason,
        };
        let content = message.content().clone();
        if kind != Kind::Rows && named(message).is_none() {
            let reason = "this thread is about another period or another accord";
            return Err(unread(reason.to_owned()));
        }
        match kind {
            Kind::Card => {
                let card: Card =
                    serde_json::from_value(content).map_err(|error| unread(error.to_string()))?;
                self.rows.remove(&head.author);
                self.cards.insert(head.author.clone(), card);
            }
            Kind::Rows => {
                let rows: Rows =
                    serde_json::from_value(content).map_err(|error| unread(error.to_string()))?;
                let said = self.cards.get(&head.author).map(|card| card.hash.as_str());
                if said != Some(Digest::of(rows.scorecard.as_bytes()).to_string().as_str()) {
                    return Err(unread(
                        "the rows are not those whose hash was said".to_owned(),
                    ));
                }
                self.rows.insert(head.author.clone(), rows.scorecard);
            }
            Kind::Attest => {
                let said: Attest =
                    serde_json::from_value(content).map_err(|error| unread(error.to_string()))?;
                if said.about != head.author.as_str() && said.kept {
                    return Err(unread("nobody attests for another party".to_owned()));
                }
                let (by, digest) = (head.author.clone(), message.digest());
                self.attested.push(Attested {
                    by,
                    said,
                    message: digest,
                    received: entry.received,
                });
            }
        }
        Ok(())
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        match (
            self.cards.get(&self.opener),
            self.cards.get(&self.responder),
        ) {
            (Some(one), Some(two)) if one.hash == two.hash => State::Agreed,
            (Some(_), Some(_)) => State::Differing,
            (Some(_), None) | (None, _) => State::Open,
        }
    }

    /// Where the two first differ, if that can be seen: the place, what the opener says, what the responder says.
    pub fn difference(&self) -> Option<(String, String, String)> {
        if self.state() != State::Differing {
            return None;
        }
        let (one, two) = (
            self.cards.get(&self.opener)?,
            self.cards.get(&self.responder)?,
        );
        if one.as_of != two.as_of {
            let said = [one, two].map(|card| card.as_of.to_string());
            return Some(("as_of".to_owned(), said[0].clone(), said[1].clone()));
        }
        if one.root != two.root {
            let said =
                [one, two].map(|card| format!("{} messages, root {}", card.messages, card.root));
            return Some(("set".to_owned(), said[0].clone(), said[1].clone()));
        }
        first_difference(
            self.rows.get(&self.opener)?,
            self.rows.get(&self.responder)?,
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::script::{Script, party};

    const A: Side = Side::Opener;
    const B: Side = Side::Responder;

    fn begun() -> Script {
        let mut script = Script::new(Subject::Review);
        script.id = thread_of("a", [&party(A), &party(B)], "2026-Q4");
        script
    }

    fn card(root: &str, scorecard: &str) -> Value {
        let hash = Digest::of(scorecard.as_bytes()).to_string();
        json!({ "accord": "a", "period": "2026-Q4", "as_of": 7, "messages": 3, "root": root, "hash": hash })
    }

    fn review(script: &Script) -> Review {
        Review::replay(&script.thread()).unwrap()
    }

    #[test]
    fn equal_hashes_are_agreed_and_a_newer_word_replaces_the_older() {
        let mut script = begun();
        script.say(A, 0, "card", card("r", "{}"));
        assert_eq!(review(&script).state(), State::Open);
        script.say(B, 1, "card", card("r", "[]"));
        assert_eq!(review(&script).state(), State::Differing);
        script.say(B, 2, "card", card("r", "{}"));
        assert_eq!(review(&script).state(), State::Agreed);
        assert_eq!(review(&script).difference(), None);
    }

    #[test]
    fn a_difference_is_that_of_the_messages_first_and_then_that_of_the_rows() {
        let mut script = begun();
        script.say(A, 0, "card", card("r", r#"{"kept":1}"#));
        script.say(B, 1, "card", card("s", r#"{"kept":2}"#));
        assert_eq!(review(&script).difference().unwrap().0, "set");
        script.say(B, 2, "card", card("r", r#"{"kept":2}"#));
        assert_eq!(review(&script).difference(), None, "nobody has shown rows");
        script.say(A, 3, "rows", json!({ "scorecard": r#"{"kept":1}"# }));
        script.say(B, 4, "rows", json!({ "scorecard": r#"{"kept":3}"# }));
        assert!(review(&script).voided[0].2.contains("whose hash"));
        script.say(B, 5, "rows", json!({ "scorecard": r#"{"kept":2}"# }));
        let expected = ("kept".to_owned(), "1".to_owned(), "2".to_owned());
        assert_eq!(review(&script).difference(), Some(expected));
    }

    #[test]
    fn nobody_attests_for_another_and_a_breach_may_be_shown() {
        let mut script = begun();
        let say = |about: &str, kept: bool| json!({ "accord": "a", "period": "2026-Q4", "about": about, "kept": kept });
        script.say(A, 0, "attest", say("alpha", true));
        script.say(A, 1, "attest", say("bravo", true));
        script.say(B, 2, "attest", say("alpha", false));
        let found = review(&script);
        assert_eq!((found.attested.len(), found.voided.len()), (2, 1));
        assert_eq!(found.attested[1].by, party(B));
    }

    #[test]
    fn nobody_turns_a_review_into_one_of_another_period() {
        let mut script = begun();
        let mut other = card("r", "{}");
        other["period"] = json!("2026-Q3");
        script.say(B, -60, "card", other);
        script.say(A, 0, "card", card("r", "{}"));
        let found = review(&script);
        assert_eq!((found.period.as_str(), found.cards.len()), ("2026-Q4", 1));
        assert_eq!(found.voided.len(), 1);
    }

    #[test]
    fn both_sides_name_the_thread_alike() {
        let (one, two) = (party(A), party(B));
        let named = |pair| thread_of("accord", pair, "2026-Q4");
        assert_eq!(named([&one, &two]), named([&two, &one]));
        assert_ne!(
            named([&one, &two]),
            thread_of("accord", [&one, &two], "2026-Q3")
        );
    }
}

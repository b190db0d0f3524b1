//! Checks of a point of contact: a ping with a number drawn at random, and the answer that repeats it.
//!
//! An answer counts only with the number: an automatic reply that knows nothing of it is refused. Where a check verifies a
//! contact or tests a hotline, a person answers; a plain ping may be answered by the node's key.
//!
//! In scope: the rows, applying each message, freshness. Out of scope: when to check (`comity-node`), what was promised.

use serde::{Deserialize, Serialize};

use comity_accord::digest::Digest;

use crate::history::{self, Due, Opening, Record, ahead, seconds};
use crate::message::Role;
use crate::table::{
    ANYONE, EITHER, OPENER, PERSON, RESPONDER, Refusal, Row, Side, find, markdown, words,
};
use crate::thread::{Entry, Thread};

const SUBJECT: &str = "check";
const NONCE_DIGITS: usize = 32;
/// How long a verification of a contact lasts: 180 days.
pub const FRESH_SECONDS: i64 = 180 * 86_400;
/// The last days of it, in which it is to be renewed: 30 days.
pub const AMBER_SECONDS: i64 = 30 * 86_400;

words! {
    /// Where a check stands.
    State {
        /// It is out.
        Sent = "sent",
        /// It was repeated over another channel.
        Escalated = "escalated",
        /// Somebody answered.
        Answered = "answered",
        /// Nobody did in time; a late answer is still an answer.
        Expired = "expired",
    }
}

words! {
    /// The words of what happens.
    Kind {
        Ping = "ping",
        Answer = "answer",
        Heard = "heard",
        Escalate = "escalate",
        Dispute = "dispute",
        Settle = "settle",
    }
}

words! {
    /// How fresh the verification of a contact is.
    Freshness {
        /// It was verified not long ago.
        Green = "green",
        /// It is to be verified within thirty days.
        Amber = "amber",
        /// It was not verified for 180 days.
        Red = "red",
    }
}

/// How fresh a contact is that was verified at a time.
pub const fn freshness(verified_at: i64, now: i64) -> Freshness {
    freshness_within(FRESH_SECONDS, verified_at, now)
}

/// The same where another age than [`FRESH_SECONDS`] was agreed.
pub const fn freshness_within(fresh: i64, verified_at: i64, now: i64) -> Freshness {
    let age = now - verified_at;
    if age > fresh {
        Freshness::Red
    } else if age > fresh - AMBER_SECONDS {
        Freshness::Amber
    } else {
        Freshness::Green
    }
}

const OPEN: &[State] = &[State::Sent, State::Escalated, State::Expired];
const ANY: &[State] = &[
    State::Sent,
    State::Escalated,
    State::Answered,
    State::Expired,
];

/// The life of a check. Its first message is `ping`, which only opens it.
pub const TABLE: &[Row<State, Kind>] = &[
    Row::new(
        &[],
        (Kind::Ping, OPENER, ANYONE),
        Some(State::Sent),
        "an answer is due at the named time",
    ),
    Row::new(
        OPEN,
        (Kind::Answer, RESPONDER, ANYONE),
        Some(State::Answered),
        "must repeat the number; a person where a contact is verified or a hotline tested",
    ),
    Row::new(
        OPEN,
        (Kind::Heard, OPENER, ANYONE),
        Some(State::Answered),
        "the answer came another way with the number: by a mail that the registered key signed, named by its digest",
    ),
    Row::new(
        OPEN,
        (Kind::Escalate, OPENER, ANYONE),
        Some(State::Escalated),
        "the same number over another channel, with a new time",
    ),
    Row::new(
        ANY,
        (Kind::Dispute, EITHER, PERSON),
        None,
        "the named message is disputed",
    ),
    Row::new(
        ANY,
        (Kind::Settle, EITHER, PERSON),
        None,
        "takes the own dispute back",
    ),
];

/// A way by which a contact is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// From node to node.
    Link,
    /// The designated address.
    Mail,
    /// The telephone.
    Phone,
    /// The hotline.
    Hotline,
}

/// What happens, with what is said. Times are STIX timestamps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "event",
    content = "content",
    rename_all = "kebab-case",
    deny_unknown_fields
)]
#[expect(
    missing_docs,
    reason = "the fields say what they are; the table says what follows"
)]
pub enum Event {
    /// The check: of which contact, with which number, whether it was announced, whether it tests a hotline, whether it verifies
    /// the contact, and until when an answer is expected.
    Ping {
        contact: String,
        nonce: String,
        #[serde(default)]
        unannounced: bool,
        #[serde(default)]
        hotline: bool,
        #[serde(default)]
        verify: bool,
        due: String,
    },
    /// Somebody is there.
    Answer {
        nonce: String,
        #[serde(default)]
        note: String,
    },
    /// The answer came another way: which, when, and the SHA-256 of what came.
    Heard {
        nonce: String,
        way: Channel,
        at: String,
        sha256: String,
    },
    /// Another way is tried.
    Escalate { channel: Channel, due: String },
    /// A message that is disputed.
    Dispute { message: String, text: String },
    /// A dispute taken back.
    Settle { message: String, text: String },
}

/// What a check is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purpose {
    /// Whether nobody was told before.
    pub unannounced: bool,
    /// Whether it tests a hotline.
    pub hotline: bool,
    /// Whether its answer verifies the contact.
    pub verify: bool,
}

/// A check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Who checks whom.
    pub opening: Opening,
    /// Which contact.
    pub contact: String,
    /// The number to repeat.
    pub nonce: String,
    /// What it is for.
    pub purpose: Purpose,
    /// Where it stands by its messages alone; [`Check::state_at`] has what time adds.
    pub state: State,
    /// When it was sent, and when the other node had it.
    pub sent: (i64, i64),
    /// By when an answer is expected.
    pub due: i64,
    /// Other ways that were tried, and when.
    pub escalated: Vec<(i64, Channel)>,
    /// When somebody answered, who, and in which role.
    pub answered: Option<(i64, String, Role)>,
    /// What was said, step by step.
    pub record: Record<State>,
}

/// How long the answer took by the clock of whoever was checked: from when its node had the check to when it answered.
pub fn answer_seconds(check: &Check) -> Option<i64> {
    let answered = check.answered.as_ref();
    answered.map(|(at, _, _)| at - check.sent.1)
}

/// The table as a page shows it.
pub fn page() -> String {
    markdown(TABLE, ["checking party", "checked party"])
}

impl Check {
    /// What a thread stands at; none: nothing in it checks.
    pub fn replay(thread: &Thread) -> Option<Self> {
        history::replay(thread, Self::open, Self::apply, |check| &mut check.record)
    }

    /// The check that a first message opens.
    pub fn open(entry: &Entry) -> Result<Self, Refusal> {
        let message = &entry.message;
        let (kind, event) = history::read(SUBJECT, message.event(), message.content())?;
        history::opens(TABLE, message, (kind, Kind::Ping))?;
        let Event::Ping {
            contact,
            nonce,
            unannounced,
            hotline,
            verify,
            due,
        } = event
        else {
            return Err(Refusal::content(kind, "a check begins with ping"));
        };
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if nonce.len() != NONCE_DIGITS || !nonce.bytes().all(digit) {
            let reason = "nonce must be 32 lower-case hexadecimal digits, drawn at random";
            return Err(Refusal::content(kind, reason));
        }
        let sent = message.sent_seconds();
        let mut check = Self {
            opening: Opening::of(message.head()),
            contact,
            nonce,
            purpose: Purpose {
                unannounced,
                hotline,
                verify,
            },
            state: State::Sent,
            sent: (sent, entry.at()),
            due: ahead(kind, &due, sent)?,
            escalated: Vec::new(),
            answered: None,
            record: Record::default(),
        };
        check.record.step(entry, kind, check.state);
        Ok(check)
    }

    /// Takes the next message; what is refused changes nothing.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), Refusal> {
        let (message, head) = (&entry.message, entry.message.head());
        let (kind, event) = history::read(SUBJECT, message.event(), message.content())?;
        self.opening.same_exercise(kind, message)?;
        let (at, side) = (message.sent_seconds(), self.opening.side(&head.author));
        let role = head.officer.role;
        let state = self.state_at(at);
        let row = find(TABLE, SUBJECT, state, (kind, side, role))?;
        let no = |reason: &str| Err(Refusal::content(kind, reason));
        match event {
            Event::Ping { .. } => return no("a check is sent once; open another one"),
            Event::Answer { nonce, .. } => {
                if nonce != self.nonce {
                    return no("the answer must repeat the number of the check");
                }
                if role == Role::Node && (self.purpose.hotline || self.purpose.verify) {
                    return no(
                        "a person must answer: the check verifies a contact or tests a hotline",
                    );
                }
                self.answered = Some((at, head.officer.name.clone(), role));
            }
            Event::Heard {
                nonce,
                way,
                at: when,
                sha256,
            } => {
                let when = seconds(&when).filter(|when| (self.sent.0..=at).contains(when));
                let (Some(when), true) = (when, Digest::parse(&sha256).is_some()) else {
                    return no("at must be between the ping and this message, and sha256 a digest");
                };
                if nonce != self.nonce || way != Channel::Mail {
                    return no("what came by mail must repeat the number of the check");
                }
                // Whoever holds the registered key answered; the opener says so, which counts in the other side's favour.
                self.answered = Some((when, "by mail".to_owned(), role));
            }
            Event::Escalate { channel, due } => {
                self.due = ahead(kind, &due, at)?;
                self.escalated.push((at, channel));
            }
            Event::Dispute { message, .. } => self.record.dispute(kind, &head.author, &message)?,
            Event::Settle { message, .. } => self.record.settle(kind, &head.author, &message)?,
        }
        // Time alone changes no record: what expired shows it by the time asked for.
        self.state = row.to.unwrap_or(self.state);
        self.record.step(entry, kind, self.state);
        Ok(())
    }

    /// Where it stands at a time.
    pub const fn state_at(&self, now: i64) -> State {
        match self.state {
            State::Sent | State::Escalated if now > self.due => State::Expired,
            state @ (State::Sent | State::Escalated | State::Answered | State::Expired) => state,
        }
    }

    /// What is owed.
    pub fn dues(&self) -> Vec<Due> {
        let owed = self.answered.is_none().then_some(Due {
            at: self.due,
            by: Side::Responder,
            what: "answer",
        });
        owed.into_iter().collect()
    }

    /// The contact that was verified, and when, where the check was for that and a person answered.
    pub fn verified(&self) -> Option<(&str, i64)> {
        let answered = self.answered.as_ref().filter(|_| self.purpose.verify);
        answered.map(|(at, _, _)| (self.contact.as_str(), *at))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::history::stamp;
    use crate::message::Subject;
    use crate::proof::Proof;
    use crate::script::{DAY, HOUR, START, Script};

    const A: Side = Side::Opener;
    const B: Side = Side::Responder;
    const NONCE: &str = "00112233445566778899aabbccddeeff";
    const SOON: &str = "2026-10-05T12:00:00Z";

    fn ping() -> Value {
        json!({"contact": "24x7", "nonce": NONCE, "due": SOON})
    }

    fn content(script: &mut Script, kind: Kind, side: Side) -> Value {
        let digest = script.entries[0].message.digest().to_string();
        let dispute = json!({"message": digest, "text": "not so"});
        if kind == Kind::Settle {
            script.say(side, 3_000, "dispute", dispute.clone());
        }
        match kind {
            Kind::Ping => ping(),
            Kind::Answer => json!({"nonce": NONCE}),
            Kind::Heard => heard(START + 30),
            Kind::Escalate => json!({"channel": "phone", "due": "2027-01-01T00:00:00Z"}),
            Kind::Dispute | Kind::Settle => dispute,
        }
    }

    fn heard(at: i64) -> Value {
        json!({"nonce": NONCE, "way": "mail", "at": stamp(at), "sha256": "0".repeat(64)})
    }

    fn standing(state: State) -> Script {
        let mut script = Script::new(Subject::Check);
        script.say(A, 0, "ping", ping());
        let kind = match state {
            State::Sent | State::Expired => return script,
            State::Escalated => (A, Kind::Escalate),
            State::Answered => (B, Kind::Answer),
        };
        let said = content(&mut script, kind.1, kind.0);
        script.say(kind.0, 60, crate::table::Word::word(kind.1), said);
        script
    }

    const PROOF: Proof<Check, State, Kind> = Proof {
        table: TABLE,
        standing,
        moment: |state| if state == State::Expired { DAY } else { HOUR },
        content,
        replay: Check::replay,
        state: Check::state_at,
        record: |check| &check.record,
        both: &[],
    };

    #[test]
    fn every_row_does_what_it_says_and_everything_else_is_refused() {
        PROOF.rows();
    }

    #[test]
    fn each_row_needs_its_roles() {
        PROOF.roles();
    }

    #[test]
    fn any_order_of_messages_gives_the_same_check() {
        PROOF.orders();
    }

    #[test]
    fn an_answer_without_the_number_or_without_a_person_is_none() {
        let mut script = Script::new(Subject::Check);
        let mut said = ping();
        said["verify"] = json!(true);
        script.say(A, 0, "ping", said);
        let mut no = |role, nonce: &str, reason: &str| {
            script.say_as((B, role), 60, "answer", json!({"nonce": nonce}));
            let check = Check::replay(&script.thread()).unwrap();
            script.unsay();
            assert!(check.record.voided[0].reason.contains(reason));
        };
        no(
            Role::Duty,
            "ffffffffffffffffffffffffffffffff",
            "repeat the number",
        );
        no(Role::Node, NONCE, "a person");
        script.say_as((B, Role::Duty), 60, "answer", json!({"nonce": NONCE}));
        let check = Check::replay(&script.thread()).unwrap();
        assert_eq!(check.verified(), Some(("24x7", START + 60)));
        assert_eq!(check.dues(), []);
    }

    #[test]
    fn an_answer_by_mail_counts_from_when_the_mail_came_and_not_from_before_the_check() {
        let mut script = Script::new(Subject::Check);
        let mut said = ping();
        said["verify"] = json!(true);
        script.say(A, 0, "ping", said);
        for (wrong, value) in [
            ("at", json!(stamp(START - 1))),
            ("at", json!(stamp(START + 601))),
            ("way", json!("phone")),
            ("sha256", json!("0")),
            ("nonce", json!("ffffffffffffffffffffffffffffffff")),
        ] {
            let mut content = heard(START + 300);
            content[wrong] = value;
            script.say_as((A, Role::Node), 600, "heard", content);
            let check = Check::replay(&script.thread()).unwrap();
            script.unsay();
            assert_eq!(check.answered, None, "{wrong}");
        }
        script.say_as((A, Role::Node), 600, "heard", heard(START + 300));
        let check = Check::replay(&script.thread()).unwrap();
        assert_eq!(check.verified(), Some(("24x7", START + 300)));
    }

    #[test]
    fn numbers_and_times_of_a_check_have_one_form() {
        for (name, wrong) in [
            ("nonce", "00"),
            ("nonce", "short"),
            ("due", "2020-01-01T00:00:00Z"),
        ] {
            let mut said = ping();
            said[name] = json!(wrong);
            let mut script = Script::new(Subject::Check);
            script.say(A, 0, "ping", said);
            assert_eq!(Check::replay(&script.thread()), None, "{wrong}");
        }
    }

    #[test]
    fn a_contact_turns_amber_thirty_days_before_it_turns_red() {
        let check = |days, expected| assert_eq!(freshness(0, days * DAY), expected, "{days}");
        check(150, Freshness::Green);
        check(151, Freshness::Amber);
        check(180, Freshness::Amber);
        check(181, Freshness::Red);
    }
}

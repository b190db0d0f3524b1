//! Exercises: agreed beforehand, run from injects, stopped, and reported on by both sides.
//!
//! What is practised travels in threads of its own that carry the exercise's number; no thread mixes the two. The scenario is
//! a file that the parties agree on by its hash ([`crate::scenario`] reads it).
//!
//! In scope: the rows, applying each message, what is due. Out of scope: the simulated clock, what the injects set off.

use comity_accord::digest::Digest;
use comity_accord::party::PartyName;
use serde::{Deserialize, Serialize};

use crate::history::{self, Due, Opening, Record, date};
use crate::table::{
    DUTY, EITHER, OPENER, RELEASER, RESPONDER, Refusal, Row, Side, find, markdown, words,
};
use crate::thread::{Entry, Thread};

const SUBJECT: &str = "exercise";
/// Time for the report of each side after the end: two weeks.
pub const REPORT_SECONDS: i64 = 14 * 86_400;

words! {
    /// Where an exercise stands.
    State {
        /// One side proposes it.
        Proposed = "proposed",
        /// The other one agrees.
        Agreed = "agreed",
        /// The other one does not.
        Declined = "declined",
        /// It runs.
        Running = "running",
        /// It is over; reports are owed.
        Stopped = "stopped",
        /// Both have reported.
        Completed = "completed",
    }
}

words! {
    /// The words of what happens.
    Kind {
        Propose = "propose",
        Agree = "agree",
        Decline = "decline",
        Start = "start",
        Inject = "inject",
        Stop = "stop",
        Report = "report",
        Dispute = "dispute",
        Settle = "settle",
    }
}

const ANY: &[State] = &[
    State::Proposed,
    State::Agreed,
    State::Declined,
    State::Running,
    State::Stopped,
    State::Completed,
];

/// The life of an exercise. Its first message is `propose`, which only opens it.
pub const TABLE: &[Row<State, Kind>] = &[
    Row::new(
        &[],
        (Kind::Propose, OPENER, RELEASER),
        Some(State::Proposed),
        "an answer is due before it starts",
    ),
    Row::new(
        &[State::Proposed],
        (Kind::Agree, RESPONDER, RELEASER),
        Some(State::Agreed),
        "both hold the same scenario, by its hash",
    ),
    Row::new(
        &[State::Proposed, State::Agreed],
        (Kind::Decline, RESPONDER, RELEASER),
        Some(State::Declined),
        "also after agreement, until it starts",
    ),
    Row::new(
        &[State::Agreed],
        (Kind::Start, EITHER, DUTY),
        Some(State::Running),
        "the simulated clock starts",
    ),
    Row::new(
        &[State::Running],
        (Kind::Inject, EITHER, DUTY),
        None,
        "numbers grow; each is given once",
    ),
    Row::new(
        &[State::Running],
        (Kind::Stop, EITHER, DUTY),
        Some(State::Stopped),
        "at any time, by either side; a report of each is owed within two weeks",
    ),
    Row::new(
        &[State::Stopped],
        (Kind::Report, EITHER, RELEASER),
        Some(State::Completed),
        "once both have reported",
    ),
    Row::new(
        ANY,
        (Kind::Dispute, EITHER, DUTY),
        None,
        "the named message is disputed",
    ),
    Row::new(
        ANY,
        (Kind::Settle, EITHER, DUTY),
        None,
        "takes the own dispute back",
    ),
];

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
    /// An exercise, with the hash of its scenario.
    Propose {
        title: String,
        scenario_sha256: String,
        starts: String,
        ends: String,
    },
    /// It suits.
    Agree {
        #[serde(default)]
        note: String,
    },
    /// It does not.
    Decline { reason: String },
    /// It begins.
    Start {
        #[serde(default)]
        note: String,
    },
    /// What is pretended to have happened, at a simulated time.
    Inject {
        number: u32,
        text: String,
        at: String,
    },
    /// It is over.
    Stop {
        #[serde(default)]
        reason: String,
    },
    /// What was learned.
    Report { text: String },
    /// A message that is disputed.
    Dispute { message: String, text: String },
    /// A dispute taken back.
    Settle { message: String, text: String },
}

/// Something that is pretended to have happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inject {
    /// Its number in the scenario.
    pub number: u32,
    /// What.
    pub text: String,
    /// When, by the simulated clock.
    pub simulated: i64,
    /// When it was given, by the clock of whoever gave it.
    pub at: i64,
}

/// An exercise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exercise {
    /// Who proposed it to whom.
    pub opening: Opening,
    /// A line for lists.
    pub title: String,
    /// The hash of its scenario.
    pub scenario: Digest,
    /// When it is to start and to end.
    pub planned: (i64, i64),
    /// Where it stands.
    pub state: State,
    /// When it started.
    pub started: Option<i64>,
    /// What was given.
    pub injects: Vec<Inject>,
    /// When it was stopped.
    pub stopped: Option<i64>,
    /// The reports: when, by whom, what.
    pub reports: Vec<(i64, PartyName, String)>,
    /// What was said, step by step.
    pub record: Record<State>,
}

/// The table as a page shows it.
pub fn page() -> String {
    markdown(TABLE, ["proposing party", "other party"])
}

impl Exercise {
    /// What a thread stands at; none: nothing in it proposes an exercise.
    pub fn replay(thread: &Thread) -> Option<Self> {
        history::replay(thread, Self::open, Self::apply, |one| &mut one.record)
    }

    /// The exercise that a first message proposes.
    pub fn open(entry: &Entry) -> Result<Self, Refusal> {
        let message = &entry.message;
        let (kind, event) = history::read(SUBJECT, message.event(), message.content())?;
        history::opens(TABLE, message, (kind, Kind::Propose))?;
        let Event::Propose {
            title,
            scenario_sha256,
            starts,
            ends,
        } = event
        else {
            return Err(Refusal::content(kind, "an exercise begins with propose"));
        };
        let scenario = Digest::parse(&scenario_sha256).ok_or_else(|| {
            Refusal::content(
                kind,
                "scenario_sha256 must be 64 lower-case hexadecimal digits",
            )
        })?;
        let planned = (date(kind, &starts)?, date(kind, &ends)?);
        if planned.0 >= planned.1 {
            return Err(Refusal::content(kind, "it must end after it starts"));
        }
        let mut exercise = Self {
            opening: Opening::of(message.head()),
            title,
            scenario,
            planned,
            state: State::Proposed,
            started: None,
            injects: Vec::new(),
            stopped: None,
            reports: Vec::new(),
            record: Record::default(),
        };
        exercise.record.step(entry, kind, exercise.state);
        Ok(exercise)
    }

    /// Takes the next message; what is refused changes nothing.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), Refusal> {
        let (message, head) = (&entry.message, entry.message.head());
        let (kind, event) = history::read(SUBJECT, message.event(), message.content())?;
        self.opening.same_exercise(kind, message)?;
        let (at, author) = (message.sent_seconds(), &head.author);
        let side = self.opening.side(author);
        let row = find(TABLE, SUBJECT, self.state, (kind, side, head.officer.role))?;
        let mut to = row.to;
        match event {
            Event::Propose { .. } => {
                let reason = "an exercise is proposed once; open another one";
                return Err(Refusal::content(kind, reason));
            }
            Event::Agree { .. } | Event::Decline { .. } => {}
            Event::Start { .. } => self.started = Some(at),
            Event::Inject {
                number,
                text,
                at: simulated,
            } => {
                if self
                    .injects
                    .last()
                    .is_some_and(|last| number <= last.number)
                {
                    return Err(Refusal::content(kind, "numbers of injects grow"));
                }
                let simulated = date(kind, &simulated)?;
                self.injects.push(Inject {
                    number,
                    text,
                    simulated,
                    at,
                });
            }
            Event::Stop { .. } => self.stopped = Some(at),
            Event::Report { text } => {
                if self.has_reported(author) {
                    return Err(Refusal::content(kind, "this side has reported already"));
                }
                self.reports.push((at, author.clone(), text));
                to = to.filter(|_| self.reports.len() == 2);
            }
            Event::Dispute { message, .. } => self.record.dispute(kind, author, &message)?,
            Event::Settle { message, .. } => self.record.settle(kind, author, &message)?,
        }
        self.state = to.unwrap_or(self.state);
        self.record.step(entry, kind, self.state);
        Ok(())
    }

    fn has_reported(&self, party: &PartyName) -> bool {
        self.reports.iter().any(|(_, by, _)| by == party)
    }

    /// When it was stopped and both had reported.
    pub fn completed(&self) -> Option<i64> {
        let reported = self.reports.iter().map(|(at, _, _)| *at).max();
        reported
            .max(self.stopped)
            .filter(|_| self.state == State::Completed)
    }

    /// What is owed, the most pressing first.
    pub fn dues(&self) -> Vec<Due> {
        let mut dues = Vec::new();
        let mut owe = |by, what, at| dues.push(Due { at, by, what });
        match self.state {
            State::Proposed => owe(Side::Responder, "agree", self.planned.0),
            State::Agreed => owe(Side::Opener, "start", self.planned.0),
            State::Running => owe(Side::Opener, "stop", self.planned.1),
            State::Stopped => {
                for side in [Side::Opener, Side::Responder] {
                    if !self.has_reported(self.opening.party(side)) {
                        let from = self.stopped.unwrap_or(self.planned.1);
                        owe(side, "report", from + REPORT_SECONDS);
                    }
                }
            }
            State::Declined | State::Completed => {}
        }
        dues.sort_unstable();
        dues
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::message::Subject;
    use crate::proof::Proof;
    use crate::script::{DAY, HOUR, START, Script};
    use crate::table::Word;

    const A: Side = Side::Opener;
    const B: Side = Side::Responder;

    fn propose() -> Value {
        json!({
            "title": "a worm in both territories", "scenario_sha256": Digest::of(b"scenario").to_string(),
            "starts": "2026-10-06T08:00:00Z", "ends": "2026-10-06T16:00:00Z",
        })
    }

    fn content(script: &mut Script, kind: Kind, side: Side) -> Value {
        let digest = script.entries[0].message.digest().to_string();
        let dispute = json!({"message": digest, "text": "not so"});
        if kind == Kind::Settle {
            script.say(side, 3_000, "dispute", dispute.clone());
        }
        match kind {
            Kind::Propose => propose(),
            Kind::Agree | Kind::Start | Kind::Stop => json!({}),
            Kind::Decline => json!({"reason": "staff"}),
            Kind::Inject => {
                json!({"number": 1, "text": "samples arrive", "at": "2026-10-06T09:00:00Z"})
            }
            Kind::Report => json!({"text": "we were slow"}),
            Kind::Dispute | Kind::Settle => dispute,
        }
    }

    fn standing(state: State) -> Script {
        let path: &[(Side, Kind)] = match state {
            State::Proposed => &[],
            State::Agreed => &[(B, Kind::Agree)],
            State::Declined => &[(B, Kind::Decline)],
            State::Running => &[(B, Kind::Agree), (A, Kind::Start)],
            State::Stopped => &[(B, Kind::Agree), (A, Kind::Start), (B, Kind::Stop)],
            State::Completed => &[
                (B, Kind::Agree),
                (A, Kind::Start),
                (B, Kind::Stop),
                (A, Kind::Report),
                (B, Kind::Report),
            ],
        };
        let mut script = Script::new(Subject::Exercise);
        script.say(A, 0, "propose", propose());
        for ((side, kind), after) in path.iter().zip(1..) {
            let said = content(&mut script, *kind, *side);
            script.say(*side, after, kind.word(), said);
        }
        script
    }

    const PROOF: Proof<Exercise, State, Kind> = Proof {
        table: TABLE,
        standing,
        moment: |_| HOUR,
        content,
        replay: Exercise::replay,
        state: |exercise, _| exercise.state,
        record: |exercise| &exercise.record,
        both: &[Kind::Report],
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
    fn any_order_of_messages_gives_the_same_exercise() {
        PROOF.orders();
    }

    #[test]
    fn an_exercise_is_over_when_it_was_stopped_and_both_have_reported() {
        let replay = |script: &Script| Exercise::replay(&script.thread()).unwrap();
        let mut script = standing(State::Stopped);
        let owed: Vec<_> = replay(&script).dues().iter().map(|due| due.by).collect();
        assert_eq!(owed, [A, B]);
        script.say(A, DAY, "report", json!({"text": "x"}));
        script.say(A, DAY, "report", json!({"text": "y"}));
        let one = replay(&script);
        assert!(one.record.voided[0].reason.contains("already"));
        assert_eq!((one.completed(), one.dues().len()), (None, 1));
        script.say(B, 2 * DAY, "report", json!({"text": "z"}));
        assert_eq!(replay(&script).completed(), Some(START + 2 * DAY));
    }

    #[test]
    fn numbers_of_injects_grow() {
        let mut script = standing(State::Running);
        for _ in 0..2 {
            let said = content(&mut script, Kind::Inject, A);
            script.say(A, HOUR, "inject", said);
        }
        let exercise = Exercise::replay(&script.thread()).unwrap();
        assert_eq!(
            (exercise.injects.len(), exercise.record.voided.len()),
            (1, 1)
        );
    }
}

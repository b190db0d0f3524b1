//! Incidents that are reported in stages, each with its clock.
//!
//! The recipient says that a person has read what came; under NIS2 it owes that within a day of the first report.
//!
//! In scope: the rows, applying each message, what is due. Out of scope: the clocks of each regime (`clock`), which regime
//! applies, what a report must contain.

pub mod clock;

use comity_accord::evaluation::calendar::WorkCalendar;
use serde::{Deserialize, Serialize};

use crate::history::{self, Due, Opening, Record, date};
use crate::table::{
    DUTY, EITHER, OPENER, RELEASER, RESPONDER, Refusal, Row, Side, Word, find, markdown, words,
};
use crate::thread::{Entry, Thread};
use clock::{CLOCKS, Clock, Regime, Trigger};

const SUBJECT: &str = "incident";
/// Time for the recipient's word on the first report under NIS2, where possible: directive (EU) 2022/2555, article 23(5).
pub const ACKNOWLEDGE_SECONDS: i64 = 24 * 3_600;

words! {
    /// Where the reports on an incident stand.
    State {
        /// The reporter is aware of it.
        Aware = "aware",
        /// The early warning is there.
        Warned = "warned",
        /// The notification is there.
        Notified = "notified",
        /// An intermediate report is there.
        Intermediate = "intermediate",
        /// The final report is there.
        Reported = "reported",
    }
}

words! {
    /// The words of what happens.
    Kind {
        Aware = "aware",
        EarlyWarning = "early-warning",
        Notification = "notification",
        Intermediate = "intermediate",
        Progress = "progress",
        Final = "final",
        Acknowledge = "acknowledge",
        Dispute = "dispute",
        Settle = "settle",
    }
}

const OPEN: &[State] = &[
    State::Aware,
    State::Warned,
    State::Notified,
    State::Intermediate,
];
const ANY: &[State] = &[
    State::Aware,
    State::Warned,
    State::Notified,
    State::Intermediate,
    State::Reported,
];

/// The life of the reports on an incident. Its first message is `aware`, which only opens it.
pub const TABLE: &[Row<State, Kind>] = &[
    Row::new(
        &[],
        (Kind::Aware, OPENER, DUTY),
        Some(State::Aware),
        "the clocks of the regime start",
    ),
    Row::new(
        &[State::Aware],
        (Kind::EarlyWarning, OPENER, DUTY),
        Some(State::Warned),
        "the first word; under DORA the initial notification",
    ),
    Row::new(
        &[State::Aware, State::Warned],
        (Kind::Notification, OPENER, RELEASER),
        Some(State::Notified),
        "a warning too, where there was none",
    ),
    Row::new(
        &[State::Warned, State::Notified, State::Intermediate],
        (Kind::Intermediate, OPENER, RELEASER),
        Some(State::Intermediate),
        "may be repeated",
    ),
    Row::new(
        OPEN,
        (Kind::Progress, OPENER, DUTY),
        None,
        "in between; may say when a measure against a vulnerability was available",
    ),
    Row::new(
        &[State::Warned, State::Notified, State::Intermediate],
        (Kind::Final, OPENER, RELEASER),
        Some(State::Reported),
        "ends all clocks of the reporter",
    ),
    Row::new(
        ANY,
        (Kind::Acknowledge, RESPONDER, DUTY),
        None,
        "a person has read what came so far; under NIS2 owed within a day of the first report",
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
    /// There is an incident; since when the reporter knows, by which rules, and when it was classified.
    Aware {
        title: String,
        at: String,
        regime: Regime,
        #[serde(default)]
        classified_at: Option<String>,
    },
    /// The first word.
    EarlyWarning { text: String },
    /// What is known: severity, impact, indicators.
    Notification {
        text: String,
        #[serde(default)]
        objects: Vec<String>,
    },
    /// What is known by now.
    Intermediate {
        text: String,
        #[serde(default)]
        objects: Vec<String>,
    },
    /// Where it stands.
    Progress {
        text: String,
        #[serde(default)]
        classified_at: Option<String>,
        #[serde(default)]
        measure_at: Option<String>,
    },
    /// Cause, measures, what crossed borders.
    Final {
        text: String,
        #[serde(default)]
        objects: Vec<String>,
    },
    /// A person has read it, and keeps it under this number.
    Acknowledge {
        number: String,
        #[serde(default)]
        note: String,
    },
    /// A message that is disputed.
    Dispute { message: String, text: String },
    /// A dispute taken back.
    Settle { message: String, text: String },
}

/// One report of a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Of which stage.
    pub stage: Kind,
    /// When it was sent, by the reporter's clock.
    pub at: i64,
    /// When the recipient's node had it.
    pub noticed: i64,
    /// What it says.
    pub text: String,
    /// STIX objects that belong to it.
    pub objects: Vec<String>,
}

/// The recipient's word that a person has read what came so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// When, by the recipient's clock.
    pub at: i64,
    /// Under which number it is kept.
    pub number: String,
    /// In words.
    pub note: String,
}

/// An incident that is reported on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Who reports to whom.
    pub opening: Opening,
    /// A line for lists.
    pub title: String,
    /// By which rules.
    pub regime: Regime,
    /// Since when the reporter knows, by its own word.
    pub aware: i64,
    /// When it was classified, by its own word.
    pub classified: Option<i64>,
    /// When a measure was available, by its own word.
    pub measure: Option<i64>,
    /// Where it stands.
    pub state: State,
    /// The reports, in order.
    pub stages: Vec<Report>,
    /// What the recipient said of them, in order.
    pub acknowledged: Vec<Acknowledged>,
    /// What was said, step by step.
    pub record: Record<State>,
}

/// The table as a page shows it, and that of the clocks.
pub fn page() -> String {
    let table = markdown(TABLE, ["reporter", "recipient"]);
    format!("{table}\n{}", clock::markdown())
}

impl Incident {
    /// What a thread stands at; none: nothing in it opens one.
    pub fn replay(thread: &Thread) -> Option<Self> {
        history::replay(thread, Self::open, Self::apply, |one| &mut one.record)
    }

    /// The incident that a first message reports.
    pub fn open(entry: &Entry) -> Result<Self, Refusal> {
        let message = &entry.message;
        let (kind, event) = history::read(SUBJECT, message.event(), message.content())?;
        history::opens(TABLE, message, (kind, Kind::Aware))?;
        let Event::Aware {
            title,
            at,
            regime,
            classified_at,
        } = event
        else {
            return Err(Refusal::content(kind, "reports begin with aware"));
        };
        let now = message.sent_seconds();
        let mut incident = Self {
            opening: Opening::of(message.head()),
            title,
            regime,
            aware: past(kind, &at, now)?,
            classified: classified_at.map(|at| past(kind, &at, now)).transpose()?,
            measure: None,
            state: State::Aware,
            stages: Vec::new(),
            acknowledged: Vec::new(),
            record: Record::default(),
        };
        incident.record.step(entry, kind, incident.state);
        Ok(incident)
    }

    /// Takes the next message; what is refused changes nothing.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), Refusal> {
        let (message, head) = (&entry.message, entry.message.head());
        let (kind, event) = history::read(SUBJECT, message.event(), message.content())?;
        self.opening.same_exercise(kind, message)?;
        let (at, side) = (message.sent_seconds(), self.opening.side(&head.author));
        let row = find(TABLE, SUBJECT, self.state, (kind, side, head.officer.role))?;
        match event {
            Event::Aware { .. } => {
                let reason = "reports begin once; open another thread";
                return Err(Refusal::content(kind, reason));
            }
            Event::EarlyWarning { text } => self.reports(entry, kind, (text, Vec::new())),
            Event::Notification { text, objects }
            | Event::Intermediate { text, objects }
            | Event::Final { text, objects } => self.reports(entry, kind, (text, objects)),
            Event::Progress {
                text,
                classified_at,
                measure_at,
            } => {
                let read =
                    |text: Option<String>| text.map(|text| past(kind, &text, at)).transpose();
                let (classified, measure) = (read(classified_at)?, read(measure_at)?);
                // What was said once stands: a clock that runs cannot be set back.
                self.classified = self.classified.or(classified);
                self.measure = self.measure.or(measure);
                self.reports(entry, kind, (text, Vec::new()));
            }
            Event::Acknowledge { number, note } => {
                self.acknowledged.push(Acknowledged { at, number, note });
            }
            Event::Dispute { message, .. } => self.record.dispute(kind, &head.author, &message)?,
            Event::Settle { message, .. } => self.record.settle(kind, &head.author, &message)?,
        }
        self.state = row.to.unwrap_or(self.state);
        self.record.step(entry, kind, self.state);
        Ok(())
    }

    fn reports(&mut self, entry: &Entry, stage: Kind, (text, objects): (String, Vec<String>)) {
        self.stages.push(Report {
            stage,
            at: entry.message.sent_seconds(),
            noticed: entry.at(),
            text,
            objects,
        });
    }

    /// When a stage was first sent, by the reporter's clock.
    pub fn sent(&self, stage: Kind) -> Option<i64> {
        let first = self.stages.iter().find(|each| each.stage == stage);
        first.map(|report| report.at)
    }

    /// When a stage was done: an intermediate report notifies too, where there was no notification.
    pub fn done(&self, stage: Kind) -> Option<i64> {
        let also = (stage == Kind::Notification).then_some(Kind::Intermediate);
        self.sent(stage).or_else(|| self.sent(also?))
    }

    /// When a clock of its regime ends; none: nothing has started it.
    pub fn clock_end(&self, clock: &Clock) -> Option<i64> {
        let from = match clock.trigger {
            Trigger::Awareness => Some(self.aware),
            Trigger::Classification => self.classified,
            Trigger::Stage(before) => self.done(before).or_else(|| self.stage_due(before)),
            Trigger::Measure => self.measure,
        };
        Some(WorkCalendar::always().end(from?, clock.span))
    }

    /// The clocks of its regime.
    pub fn clocks(&self) -> impl Iterator<Item = &'static Clock> {
        CLOCKS.iter().filter(|one| one.regime == self.regime)
    }

    /// By when a stage is due by the rules of its regime; none: it is not asked for, or nothing has started its clock.
    pub fn stage_due(&self, stage: Kind) -> Option<i64> {
        let clocks = self.clocks().filter(|one| one.stage == stage);
        let ends = clocks.filter_map(|one| self.clock_end(one));
        ends.min()
    }

    /// What is owed, the most pressing first.
    pub fn dues(&self) -> Vec<Due> {
        let mut dues = Vec::new();
        if let Some(at) = self.acknowledge_due() {
            dues.push(Due {
                at,
                by: Side::Responder,
                what: Kind::Acknowledge.word(),
            });
        }
        let open = self.state != State::Reported;
        for stage in [
            Kind::EarlyWarning,
            Kind::Notification,
            Kind::Intermediate,
            Kind::Final,
        ] {
            // A notification warns too.
            let warned = stage == Kind::EarlyWarning && self.done(Kind::Notification).is_some();
            let owed = self.stage_due(stage).filter(|_| open && !warned);
            if let (None, Some(at)) = (self.done(stage), owed) {
                dues.push(Due {
                    at,
                    by: Side::Opener,
                    what: stage.word(),
                });
            }
        }
        dues.sort_unstable();
        dues
    }
}

impl Incident {
    /// By when the recipient owes its word; none: it gave it, or the rules ask for none.
    fn acknowledge_due(&self) -> Option<i64> {
        let first = self.stages.first()?;
        let owed = self.regime == Regime::Nis2 && self.acknowledged.is_empty();
        owed.then_some(first.noticed + ACKNOWLEDGE_SECONDS)
    }
}

/// A time that has passed.
fn past(kind: Kind, text: &str, now: i64) -> Result<i64, Refusal> {
    match date(kind, text)? {
        at if at <= now => Ok(at),
        _ => Err(Refusal::content(kind, "what happened lies in the past")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::message::Subject;
    use crate::proof::Proof;
    use crate::script::{DAY, HOUR, START, Script};

    const A: Side = Side::Opener;
    const B: Side = Side::Responder;

    fn aware(regime: &str) -> Value {
        json!({"title": "a hospital is down", "at": "2026-10-05T08:00:00Z", "regime": regime})
    }

    fn content(script: &mut Script, kind: Kind, side: Side) -> Value {
        let digest = script.entries[0].message.digest().to_string();
        let dispute = json!({"message": digest, "text": "not so"});
        if kind == Kind::Settle {
            script.say(side, 3_000, "dispute", dispute.clone());
        }
        match kind {
            Kind::Aware => aware("nis2"),
            Kind::EarlyWarning
            | Kind::Notification
            | Kind::Intermediate
            | Kind::Progress
            | Kind::Final => json!({"text": "what is known"}),
            Kind::Acknowledge => json!({"number": "B-7"}),
            Kind::Dispute | Kind::Settle => dispute,
        }
    }

    fn begun(regime: &str) -> Script {
        let mut script = Script::new(Subject::Incident);
        script.say(A, 0, "aware", aware(regime));
        script
    }

    fn standing(state: State) -> Script {
        let path: &[Kind] = match state {
            State::Aware => &[],
            State::Warned => &[Kind::EarlyWarning],
            State::Notified => &[Kind::Notification],
            State::Intermediate => &[Kind::Notification, Kind::Intermediate],
            State::Reported => &[Kind::Notification, Kind::Final],
        };
        let mut script = begun("nis2");
        for (kind, after) in path.iter().zip(1..) {
            let said = content(&mut script, *kind, A);
            script.say(A, after, kind.word(), said);
        }
        script
    }

    const PROOF: Proof<Incident, State, Kind> = Proof {
        table: TABLE,
        standing,
        moment: |_| HOUR,
        content,
        replay: Incident::replay,
        state: |incident, _| incident.state,
        record: |incident| &incident.record,
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
    fn any_order_of_messages_gives_the_same_incident() {
        PROOF.orders();
    }

    fn dues(script: &Script) -> Vec<(&'static str, i64)> {
        let incident = Incident::replay(&script.thread()).unwrap();
        let owed = incident.dues().into_iter();
        owed.map(|due| (due.what, due.at - START)).collect()
    }

    #[test]
    fn nis2_warns_in_a_day_notifies_in_three_and_reports_a_month_after_that() {
        let mut script = begun("nis2");
        let all = [
            ("early-warning", 24 * HOUR),
            ("notification", 72 * HOUR),
            ("final", 34 * DAY),
        ];
        assert_eq!(dues(&script), all);
        script.say(A, HOUR, "early-warning", json!({"text": "x"}));
        assert_eq!(
            dues(&script)[0],
            ("acknowledge", 25 * HOUR + 1),
            "from when it came"
        );
        script.say(B, 2 * HOUR, "acknowledge", json!({"number": "B-7"}));
        script.say(A, DAY, "notification", json!({"text": "x"}));
        assert_eq!(
            dues(&script),
            [("final", 32 * DAY)],
            "from when it was sent"
        );
        script.say(A, 2 * DAY, "final", json!({"text": "x"}));
        assert_eq!(dues(&script), []);
    }

    #[test]
    fn dora_counts_from_classification_and_awareness_whichever_is_earlier() {
        let mut script = begun("dora");
        assert_eq!(dues(&script)[0], ("early-warning", DAY));
        let said = json!({"text": "major", "classified_at": "2026-10-05T10:00:00Z"});
        script.say(A, 3 * HOUR, "progress", said);
        let all = [
            ("early-warning", 6 * HOUR),
            ("intermediate", 78 * HOUR),
            ("final", 31 * DAY + 78 * HOUR),
        ];
        assert_eq!(dues(&script), all);
    }

    #[test]
    fn the_other_regimes_have_their_own_clocks() {
        assert_eq!(dues(&begun("gdpr")), [("notification", 72 * HOUR)]);
        assert_eq!(dues(&begun("cra")).len(), 3);
        assert_eq!(dues(&begun("other")), []);
        let mut script = begun("cra-vulnerability");
        assert_eq!(dues(&script).len(), 2, "no measure is available yet");
        let said = json!({"text": "patched", "measure_at": "2026-10-06T08:00:00Z"});
        script.say(A, 2 * DAY, "progress", said);
        assert_eq!(dues(&script)[2], ("final", 15 * DAY));
    }

    #[test]
    fn nobody_becomes_aware_of_what_lies_ahead() {
        let mut script = Script::new(Subject::Incident);
        let mut said = aware("nis2");
        said["at"] = json!("2026-10-05T08:00:01Z");
        script.say(A, 0, "aware", said);
        assert_eq!(Incident::replay(&script.thread()), None);
    }
}

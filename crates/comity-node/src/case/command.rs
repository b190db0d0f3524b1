//! Commands about threads, as plain data, and doing them.
//!
//! In scope: each command's call of the use case that it names; answers as JSON documents. Out of scope: deciding anything.

use comity_case::message::Subject;
use comity_stix::marking::Tlp;
use comity_stix::timestamp::Timestamp;
use comity_store::state::thread::Wanted;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::case::CaseError;
use crate::case::document;
use crate::case::evidence::command::EvidenceCommand;
use crate::case::exercises::command::ExerciseCommand;
use crate::case::hotline::command::HotlineCommand;
use crate::case::joint::JointCommand;
use crate::case::seen::SeenBy;
use crate::case::threads::{Acting, Opening, Speech};
use crate::node::Node;

/// Threads in one list.
pub const LIST_MAX: u64 = 1_000;

/// Something about threads, to be done.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CaseCommand {
    /// Open a thread.
    Open {
        /// What it is about, by its word.
        subject: String,
        /// With whom.
        party: String,
        /// Its label.
        label: String,
        /// The exercise to which it belongs.
        exercise: Option<String>,
        /// The first event's word.
        event: String,
        /// What it says.
        content: Value,
        /// Who acts.
        acting: Acting,
    },
    /// Say something in a thread.
    Say {
        /// Its name, or the beginning of it.
        thread: String,
        /// The event's word.
        event: String,
        /// What it says.
        content: Value,
        /// Who acts.
        acting: Acting,
    },
    /// Threads, the newest change first.
    List {
        /// About this, by its word.
        subject: Option<String>,
        /// With this party.
        party: Option<String>,
        /// Of this exercise; none: only what is meant.
        exercise: Option<String>,
        /// Only where this party is to do something, the next deadline first.
        #[serde(default)]
        owed: bool,
        /// Behind this thread: where the stretch before ended.
        #[serde(default)]
        before: Option<String>,
        /// At most so many; none: as many as one stretch has.
        #[serde(default)]
        limit: Option<u64>,
    },
    /// A thread with its messages.
    Show {
        /// Its name, or the beginning of it.
        thread: String,
    },
    /// Something about calls.
    Hotline(HotlineCommand),
    /// Something about exercises.
    Exercise(ExerciseCommand),
    /// What a period came to.
    Scorecard {
        /// With which party.
        party: String,
        /// The period, by its word.
        period: String,
        /// Until when messages count, a STIX timestamp.
        as_of: Option<String>,
    },
    /// How commitments stand.
    Commitments {
        /// With one party only.
        party: Option<String>,
        /// In this period, by its word; none: the one that runs.
        period: Option<String>,
    },
    /// The paper for a review.
    Paper {
        /// With which party.
        party: String,
        /// The period, by its word.
        period: String,
        /// Until when messages count, a STIX timestamp.
        as_of: Option<String>,
    },
    /// Say what a period came to.
    SignScorecard {
        /// With which party.
        party: String,
        /// The period, by its word.
        period: String,
        /// Who acts.
        acting: Acting,
    },
    /// Show the rows behind it.
    ShowRows {
        /// With which party.
        party: String,
        /// The period, by its word.
        period: String,
        /// Who acts.
        acting: Acting,
    },
    /// Attest the own releases, or show a breach of the other side.
    Attest {
        /// With which party.
        party: String,
        /// The period, by its word.
        period: String,
        /// What the other side released above its label; none: this side attests its own.
        breach: Option<String>,
        /// Who acts.
        acting: Acting,
    },
    /// Something about evidence.
    Evidence(Box<EvidenceCommand>),
    /// Something about cases in particular.
    Joint(JointCommand),
    /// Note something that stays in the house.
    Note {
        /// The thread.
        thread: String,
        /// Who notes it.
        officer: String,
        /// What.
        text: String,
    },
}

impl Node {
    /// Does a command about threads.
    pub fn case(&self, command: CaseCommand) -> Result<Value, CaseError> {
        self.case_seen(command, SeenBy::default())
    }

    /// The same; what is worked out of many messages is of those that one person sees.
    #[expect(
        clippy::too_many_lines,
        reason = "a table of commands, a line or two each"
    )]
    pub(crate) fn case_seen(
        &self,
        command: CaseCommand,
        by: SeenBy<'_>,
    ) -> Result<Value, CaseError> {
        let own = self.identity().party.clone();
        Ok(match command {
            CaseCommand::Open {
                subject,
                party,
                label,
                exercise,
                event,
                content,
                acting,
            } => {
                let opening = Opening {
                    subject: Subject::parse(&subject).ok_or(CaseError::Subject(subject))?,
                    party,
                    label: Tlp::parse(&label).ok_or(CaseError::Label(label))?,
                    exercise: exercise
                        .map(|name| self.exercise_named(&name))
                        .transpose()?,
                };
                let speech = Speech {
                    event,
                    content,
                    acting,
                };
                document::line(&self.open_thread(&opening, &speech)?, &own)
            }
            CaseCommand::Say {
                thread,
                event,
                content,
                acting,
            } => {
                let speech = Speech {
                    event,
                    content,
                    acting,
                };
                document::line(&self.say(&thread, &speech)?, &own)
            }
            CaseCommand::List {
                subject,
                party,
                exercise,
                owed,
                before,
                limit,
            } => {
                let exercise = exercise.map(|name| self.exercise_named(&name));
                let exercise = exercise.transpose()?;
                let wanted = Wanted {
                    subject,
                    party,
                    exercise: exercise.map(|id| id.to_string()),
                    owed,
                    before,
                    limit: limit.unwrap_or(LIST_MAX).min(LIST_MAX),
                };
                let rows = self.threads(&wanted)?;
                let now = self.clock().now();
                let line = |row| document::line_at(row, &own, now);
                rows.iter().map(line).collect()
            }
            CaseCommand::Show { thread } => self.thread_shown(&self.thread_named(&thread)?)?,
            CaseCommand::Hotline(command) => self.hotline(command)?,
            CaseCommand::Exercise(command) => self.exercise(command, by)?,
            CaseCommand::Scorecard {
                party,
                period,
                as_of,
            } => {
                let as_of = as_of.map(|text| seconds(&text)).transpose()?;
                document::scorecard(&self.scorecard_seen(&party, (&period, as_of), by)?)
            }
            CaseCommand::Commitments { party, period } => {
                Value::from(self.commitments(party.as_deref(), period.as_deref(), by)?)
            }
            CaseCommand::Paper {
                party,
                period,
                as_of,
            } => {
                let as_of = as_of.map(|text| seconds(&text)).transpose()?;
                self.paper(&party, &period, as_of, by)?
            }
            CaseCommand::SignScorecard {
                party,
                period,
                acting,
            } => {
                let made = self.sign_scorecard(&party, &period, acting)?;
                let asked = (period.as_str(), Some(made.as_of));
                document::scorecard(&self.scorecard_seen(&party, asked, by)?)
            }
            CaseCommand::ShowRows {
                party,
                period,
                acting,
            } => {
                let made = self.show_scorecard_rows(&party, &period, acting)?;
                let asked = (period.as_str(), Some(made.as_of));
                document::scorecard(&self.scorecard_seen(&party, asked, by)?)
            }
            CaseCommand::Attest {
                party,
                period,
                breach,
                acting,
            } => {
                let about = if breach.is_some() {
                    party.as_str()
                } else {
                    own.as_str()
                };
                let said = (
                    about,
                    breach.is_none(),
                    breach.as_deref().unwrap_or_default(),
                );
                self.attest(&party, &period, said, acting)?;
                json!({})
            }
            CaseCommand::Evidence(command) => self.evidence(*command)?,
            CaseCommand::Joint(command) => self.joint(command, by)?,
            CaseCommand::Note {
                thread,
                officer,
                text,
            } => {
                let note = self.note(&thread, &officer, &text)?;
                json!({ "id": note.id, "thread": note.thread })
            }
        })
    }
}

pub(crate) fn seconds(text: &str) -> Result<i64, CaseError> {
    let at = Timestamp::parse(text).map_err(|_| CaseError::Period(text.to_owned()))?;
    Ok(at.micros().div_euclid(1_000_000))
}

//! Commands about threads, as plain data, and doing them.
//!
//! In scope: each command's call of the use case that it names; answers as JSON documents. Out of scope: deciding anything.

use comity_case::message::Subject;
use comity_stix::marking::Tlp;
use comity_store::state::thread::Wanted;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::case::CaseError;
use crate::case::document;
use crate::case::threads::{Acting, Opening, Speech};
use crate::node::Node;

/// Threads in one list.
pub const LIST_MAX: u64 = 1_000;

/// Something about threads, to be done.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    },
    /// A thread with its messages.
    Show {
        /// Its name, or the beginning of it.
        thread: String,
    },
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
                        .map(|id| Uuid::parse_str(&id).map_err(|_| CaseError::Unknown(id)))
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
            } => {
                let wanted = Wanted {
                    subject,
                    party,
                    exercise,
                    before: None,
                    limit: LIST_MAX,
                };
                let rows = self.threads(&wanted)?;
                rows.iter().map(|row| document::line(row, &own)).collect()
            }
            CaseCommand::Show { thread } => {
                let held = self.thread_held(&self.thread_named(&thread)?)?;
                document::whole(&held, &own, self.clock().now())
            }
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

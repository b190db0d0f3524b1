//! What is written down in the audit log of operations.
//!
//! Everything by which a person changes something; of the operator's commands those that change who may do what, for whoever
//! holds the node's folder can do the rest without the node.
//!
//! In scope: which, and of what they are said to be. Out of scope: the rows (`account::audit`).

use comity_store::error::StoreError;
use serde_json::{Map, Value};

use crate::account::audit::Act;
use crate::command::{Answer, Command};
use crate::node::Node;
use crate::operation::{Operation, table};
use crate::person::Person;

/// Members that tell of what an operation is, where its place does not.
const NAMING: &[&str] = &["name", "id", "party", "title", "account"];

/// How many words name a command at most.
const COMMAND_DEPTH_MAX: usize = 3;

impl Operation {
    /// Whether it is written down who did it.
    pub(crate) fn is_noted(&self) -> bool {
        !self.only_looks()
    }

    /// Of what it is, by its arguments.
    pub(crate) fn target(&self, arguments: &Map<String, Value>) -> String {
        let text = |name: &str| arguments.get(name).and_then(Value::as_str);
        let placed: Vec<&str> = self.arguments().filter_map(text).collect();
        if placed.is_empty() {
            let named = NAMING.iter().find_map(|name| text(name));
            return named.unwrap_or_default().to_owned();
        }
        placed.join(" ")
    }
}

/// The operation that a command of the operator is, and of what, if it is one that is written down.
pub(crate) fn of_command(command: &Command) -> Option<(&'static Operation, String)> {
    let changes_rights = matches!(
        command,
        Command::Account(_)
            | Command::SignIn(_)
            | Command::CreateCollection { .. }
            | Command::Grant { .. }
    );
    if !changes_rights {
        return None;
    }
    let mut below = serde_json::to_value(command).ok()?;
    let mut words = Vec::new();
    while words.len() < COMMAND_DEPTH_MAX {
        let (word, inner) = below
            .as_object()
            .and_then(|members| members.iter().next())?;
        words.push(word.clone());
        let noted = |row: &&Operation| row.command == words && row.is_noted() && !row.is_own();
        if let Some(operation) = table::OPERATIONS.iter().find(noted) {
            let target = operation.target(inner.as_object()?);
            return Some((operation, target));
        }
        below = inner.clone();
    }
    None
}

impl Node {
    /// Writes down that somebody did an operation, and how it ended.
    pub(crate) fn note_outcome(
        &self,
        person: &Person,
        (operation, target): (&Operation, &str),
        answer: &Answer,
    ) -> Result<(), StoreError> {
        let outcome = match answer {
            Answer::Refused(_) => "refused",
            Answer::Done
            | Answer::Token(_)
            | Answer::Count(_)
            | Answer::Users(_)
            | Answer::Collection(_)
            | Answer::Collections(_)
            | Answer::Taken(_)
            | Answer::Page { .. }
            | Answer::Found(_)
            | Answer::Cursor(_)
            | Answer::Checked(_)
            | Answer::Document(_) => "done",
        };
        // What was made is known by its answer alone.
        let document = if let Answer::Document(document) = answer {
            document
        } else {
            &Value::Null
        };
        let made = document.get("id").and_then(Value::as_str);
        let made = made.filter(|_| operation.arguments().next().is_none());
        let target = [Some(target), made].into_iter().flatten();
        let target = target.filter(|word| !word.is_empty()).collect::<Vec<_>>();
        let act = Act {
            operation: operation.name,
            target: &target.join(" "),
            outcome,
        };
        self.note_act(person, &act)
    }
}

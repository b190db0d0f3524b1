//! Operations: what a person can ask of the node, each by one name, whether by a page or by REST.
//!
//! An operation is a row of one table: a name, a place in REST, the command that does it, and what it asks of whoever does it.
//! Arguments are a JSON object; who acts is never among them, but the person who is signed in.
//!
//! In scope: finding, checking and doing operations for a person; what the person sees of the answer.
//! Out of scope: HTTP (`comity-api`), pages (`comity-web`), the use cases themselves.
//! Limits: [`LIMIT_MAX`] rows of a list at a time.

use std::io::Read;

use comity_store::error::StoreError;
use comity_store::state::token::Scope;
use serde_json::{Map, Value, json};

use crate::account::AccountError;
use crate::account::audit::Act;
use crate::case::command::CaseCommand;
use crate::case::evidence::command::EvidenceCommand;
pub use crate::case::evidence::taken_out::HandedOut;
use crate::command::{Answer, Command, Refusal, RefusalKind};
use crate::node::Node;
use crate::operation::rights::Permission;
use crate::operation::schema::Form;
use crate::operation::sight::Eyes;
use crate::person::{Person, Way};
use crate::refusal::refusal;

pub mod along;
pub mod example;
pub mod held;
pub mod repeated;
pub mod rights;
pub mod schema;
pub mod table;

pub mod answer;
pub(crate) mod noted;
mod sight;

#[cfg(test)]
mod tests;

/// Rows of a list in one answer.
pub const LIMIT_MAX: usize = 1_000;
/// Stretches of a list that are looked at for one answer, where a person sees nothing of them.
const STRETCHES_MAX: usize = 20;
/// The same where nobody says how many.
pub const LIMIT: usize = 100;

/// The method by which REST asks for an operation (RFC 9110 section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// It looks and changes nothing.
    Get,
    /// It does something.
    Post,
    /// It ends something.
    Delete,
}

/// How the person who is signed in becomes part of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// Not at all.
    No,
    /// As the name in this member.
    Name(&'static str),
    /// As the name in this member of whom it is about, and as whoever does it.
    Own(&'static str),
    /// As `acting`: name and role, with the other side's person where the arguments name one.
    Acting,
}

/// Bytes beside the arguments and the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Along {
    /// None.
    Nothing,
    /// Whoever asks gives bytes; the arguments stand in the address alone.
    Given,
    /// Whoever asks gets bytes in the place of an answer.
    Taken,
}

/// Something that a person can ask for.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// Its name: `operationId` in the document of REST.
    pub name: &'static str,
    /// Its method.
    pub method: Method,
    /// Its place below `/api/v1`, with arguments in braces.
    pub path: &'static str,
    /// The command's place: the words of its variants, outermost first.
    pub command: &'static [&'static str],
    /// Members of the command that this operation sets.
    pub fixed: &'static [(&'static str, &'static str)],
    /// How the person becomes part of it.
    pub signed: Signed,
    /// What it asks of the person.
    pub needs: Permission,
    /// What it does, a sentence.
    pub summary: &'static str,
    /// It answers a list, whose rows have this member to tell them apart, or these, with spaces between: `a b/c`.
    pub list: Option<&'static str>,
    /// It is a list that the node gives a stretch at a time, the newest first: the member in which it is told where the stretch before
    /// ended.
    pub stretches: Option<&'static str>,
    /// Its command takes how many rows are wanted: a list is read from its beginning to a little behind where this stretch ends.
    pub limited: bool,
    /// Its answer is worked out of what the person sees: what stands in it need not name the person again.
    pub worked_out: bool,
    /// Whether bytes go along with it.
    pub along: Along,
    /// It is posted and changes nothing: what it takes is too long for an address, or what it does takes long.
    pub looks: bool,
}

/// Why an operation was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Denied {
    /// There is no such operation.
    #[error("there is no operation {0:?}")]
    Unknown(String),
    /// The person's role does not have what it asks for.
    #[error("the role {role} may not {}", needs.word())]
    Role {
        /// The person's role.
        role: &'static str,
        /// What it would take.
        needs: Permission,
    },
    /// The token by which the person came does not reach as far.
    #[error("this token's scope is {0}, which does not reach as far")]
    Scope(&'static str),
    /// By what an account signs in is for its person to change, not for a token.
    #[error("a program cannot change by what its account signs in: sign in yourself")]
    NeedsPerson,
    /// The arguments are not what it takes.
    #[error("{0}")]
    Arguments(String),
    /// A list goes on from a row that is there no more.
    #[error("the list changed: the row after which it was to go on is there no more")]
    CursorGone,
    /// It waits for a second person, under this id.
    #[error("it waits for a second person to look at it")]
    Held(String),
    /// There is nothing of that name, or nothing that this person may see.
    #[error("there is nothing here that you may see by that name")]
    Missing,
    /// The node refused it.
    #[error("{}", .0.message)]
    Refused(Refusal),
}

impl From<AccountError> for Denied {
    fn from(error: AccountError) -> Self {
        Self::Refused(refusal(&error))
    }
}

impl Node {
    /// Does an operation for a person. May take long: for a thread that may wait.
    pub fn ask(&self, person: &Person, name: &str, arguments: Value) -> Result<Value, Denied> {
        self.ask_by(person, (name, arguments), |command| {
            self.done_for(person, command)
        })
    }

    /// The same with bytes that are given along. May take as long as they do.
    pub fn ask_giving(
        &self,
        person: &Person,
        (name, arguments): (&str, Value),
        from: &mut dyn Read,
    ) -> Result<Value, Denied> {
        self.ask_by(person, (name, arguments), |command| {
            let Some(EvidenceCommand::Receive(said)) = evidence_of(command) else {
                return Ok(no_bytes());
            };
            let taken = self.receive_evidence(from, &said);
            Ok(taken.map_or_else(|error| Answer::Refused(refusal(&error)), Answer::Document))
        })
    }

    /// The same for bytes in the place of an answer.
    pub fn ask_taking(
        &self,
        person: &Person,
        (name, arguments): (&str, Value),
    ) -> Result<HandedOut, Denied> {
        let mut handed = None;
        self.ask_by(person, (name, arguments), |command| {
            let Some(EvidenceCommand::HandOut { item, acting }) = evidence_of(command) else {
                return Ok(no_bytes());
            };
            match self.hand_out(&item, &acting) {
                Ok(out) => {
                    handed = Some(out);
                    Ok(Answer::Done)
                }
                Err(error) => Ok(Answer::Refused(refusal(&error))),
            }
        })?;
        handed.ok_or(Denied::Missing)
    }

    fn ask_by(
        &self,
        person: &Person,
        (name, arguments): (&str, Value),
        run: impl FnOnce(Command) -> Result<Answer, Denied>,
    ) -> Result<Value, Denied> {
        let operation = table::find(name).ok_or_else(|| Denied::Unknown(name.to_owned()))?;
        let admitted = admitted(person, operation, arguments);
        if operation.is_noted()
            && let Err(Denied::Role { .. } | Denied::Scope(_) | Denied::NeedsPerson) = admitted
        {
            let act = Act {
                operation: operation.name,
                target: "",
                outcome: "denied",
            };
            self.note_act(person, &act)
                .map_err(|error| not_noted(&error))?;
        }
        let (arguments, paging) = admitted?;
        let mut eyes = Eyes::new(self, person);
        let all_seen = eyes.check_arguments(operation, &arguments)?;
        if let (Some(key), Some(member)) = (operation.list, operation.stretches) {
            let list = Stretches {
                operation,
                key,
                member,
                paging: &paging,
            };
            return self.ask_in_stretches(&mut eyes, person, &list, &arguments);
        }
        let mut arguments = arguments;
        if operation.limited {
            arguments.insert("limit".to_owned(), json!(paging.read_to()));
        }
        let target = operation.target(&arguments);
        let asked = operation.may_wait(&arguments).then(|| arguments.clone());
        let command = operation.command(person, None, arguments)?;
        let answer = run(command)?;
        if let Some(asked) = asked
            && let Some(id) = self.hold(person, operation, &asked, &answer)?
        {
            let act = Act {
                operation: operation.name,
                target: &target,
                outcome: "held",
            };
            self.note_act(person, &act)
                .map_err(|error| not_noted(&error))?;
            return Err(Denied::Held(id));
        }
        if operation.is_noted() {
            self.note_outcome(person, (operation, &target), &answer)
                .map_err(|error| not_noted(&error))?;
        }
        let answer = answer::document(answer).map_err(|refusal| {
            // Whether what was named is not there, or there and not this person's, is not told.
            if all_seen {
                Denied::Refused(refusal)
            } else {
                Denied::Missing
            }
        })?;
        let answer = if operation.worked_out {
            answer
        } else {
            eyes.only_seen(answer)?
        };
        match operation.list {
            Some(key) => answer::page(answer, key, &paging, operation.limited),
            None => Ok(answer),
        }
    }
}

impl Node {
    /// Does a command within what the person sees.
    fn done_for(&self, person: &Person, command: Command) -> Result<Answer, Denied> {
        if let Command::Held(command) = command {
            return match self.perform_on_held(person, command) {
                Err(Denied::Refused(refusal)) => Ok(Answer::Refused(refusal)),
                done => done,
            };
        }
        Ok(self
            .seen_by(person, command)
            .unwrap_or_else(|command| self.execute_unnoted(*command)))
    }
}

/// A list that the node gives a stretch at a time.
struct Stretches<'a> {
    operation: &'static Operation,
    key: &'static str,
    member: &'static str,
    paging: &'a answer::Paging,
}

impl Node {
    /// Rows of such a list, until there are as many as were asked for, whatever of it this person does not see.
    fn ask_in_stretches(
        &self,
        eyes: &mut Eyes<'_>,
        person: &Person,
        list: &Stretches<'_>,
        arguments: &Map<String, Value>,
    ) -> Result<Value, Denied> {
        let limit = list.paging.limit();
        let mut behind = list.paging.cursor().map(str::to_owned);
        let (mut items, mut more) = (Vec::new(), false);
        // One more than is asked for tells whether there is more; whoever sees little of the list has more of it read at a time.
        let mut length = limit.saturating_add(1).min(LIMIT_MAX);
        for _ in 0..STRETCHES_MAX {
            let mut asked = arguments.clone();
            asked.insert("limit".to_owned(), json!(length));
            if let Some(behind) = &behind {
                asked.insert(list.member.to_owned(), json!(behind));
            }
            let command = list.operation.command(person, None, asked)?;
            let answer = self.done_for(person, command)?;
            let rows = answer::rows(answer::document(answer).map_err(Denied::Refused)?);
            let end = rows.last().map(|row| answer::key_of(row, list.key));
            let whole = rows.len() < length;
            length = LIMIT_MAX;
            for row in rows {
                items.extend(eyes.seen_part(row, 1)?);
                if items.len() > limit {
                    break;
                }
            }
            more = !whole;
            if whole || items.len() > limit {
                break;
            }
            behind = end;
        }
        Ok(answer::stretch(
            items,
            |row| answer::key_of(row, list.key),
            limit,
            behind.filter(|_| more),
        ))
    }
}

/// What a command is about evidence.
fn evidence_of(command: Command) -> Option<EvidenceCommand> {
    if let Command::Case(CaseCommand::Evidence(command)) = command {
        return Some(*command);
    }
    None
}

/// Nothing goes along with this one.
fn no_bytes() -> Answer {
    Answer::Refused(Refusal {
        message: "no bytes go along with this".to_owned(),
        hint: "ask for it without".to_owned(),
        kind: RefusalKind::Usage,
    })
}

/// The arguments if the person may ask for this with them, and where its list is to go on.
fn admitted(
    person: &Person,
    operation: &Operation,
    arguments: Value,
) -> Result<(Map<String, Value>, answer::Paging), Denied> {
    if !operation.needs.is_of(person.role) {
        let (role, needs) = (person.role.word(), operation.needs);
        return Err(Denied::Role { role, needs });
    }
    let token = matches!(person.way, Way::Token { .. } | Way::Certificate { .. });
    if token && operation.is_own() && operation.method != Method::Get {
        return Err(Denied::NeedsPerson);
    }
    if !is_within(person.scope(), operation) {
        return Err(Denied::Scope(person.scope().word()));
    }
    let mut arguments = match arguments {
        Value::Object(arguments) => arguments,
        Value::Null => Map::new(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            let what = "the arguments are a JSON object".to_owned();
            return Err(Denied::Arguments(what));
        }
    };
    let paging = match operation.list {
        Some(_) => answer::Paging::take(&mut arguments)?,
        None => answer::Paging::default(),
    };
    Form::of(operation).check(&mut arguments)?;
    Ok((arguments, paging))
}

/// Whether a token of this scope may ask for an operation.
fn is_within(scope: Scope, operation: &Operation) -> bool {
    match scope {
        Scope::Read => operation.only_looks(),
        Scope::Write => {
            operation.method == Method::Get
                || matches!(
                    operation.needs,
                    Permission::Look
                        | Permission::Watch
                        | Permission::Add
                        | Permission::Work
                        | Permission::Release
                )
        }
        Scope::All => true,
    }
}

/// What was done and not written down is not said to be done.
fn not_noted(error: &StoreError) -> Denied {
    Denied::Refused(refusal(error))
}

impl Operation {
    /// Whether it is about the account of whoever asks, and no other.
    pub fn is_own(&self) -> bool {
        matches!(self.signed, Signed::Own(_))
    }

    /// Whether it changes nothing.
    pub fn only_looks(&self) -> bool {
        self.method == Method::Get || self.looks
    }

    /// Whether it can wait for a second person with these arguments. Bytes do not wait, and what only says what would happen is
    /// nothing that anybody could say yes to.
    fn may_wait(&self, arguments: &Map<String, Value>) -> bool {
        let dry = arguments.get("dry_run").and_then(Value::as_bool) == Some(true);
        self.signed == Signed::Acting && self.along == Along::Nothing && !dry
    }

    /// The arguments that stand in its path, in order.
    pub fn arguments(&self) -> impl Iterator<Item = &'static str> {
        let parts = self.path.split('/');
        parts.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }

    /// The command with these arguments, signed by the person, and by the second one who looked at it.
    fn command(
        &self,
        person: &Person,
        second: Option<&str>,
        mut arguments: Map<String, Value>,
    ) -> Result<Command, Denied> {
        match self.signed {
            Signed::No => {}
            Signed::Name(member) => {
                arguments.insert(member.to_owned(), json!(person.account));
            }
            Signed::Own(member) => {
                arguments.insert(member.to_owned(), json!(person.account));
                arguments.insert("by".to_owned(), json!(person.account));
            }
            Signed::Acting => {
                let to = arguments.remove("person").unwrap_or(Value::Null);
                let acting = json!({
                    "officer": person.account, "role": person.role.word(), "second": second, "person": to,
                });
                arguments.insert("acting".to_owned(), acting);
            }
        }
        for (member, value) in self.fixed {
            let value = match *value {
                "true" => json!(true),
                "false" => json!(false),
                word => json!(word),
            };
            arguments.insert((*member).to_owned(), value);
        }
        let mut words = self.command.iter().rev();
        let innermost = words.next().copied().unwrap_or_default();
        let mut command = if Form::of(self).is_bare() {
            json!(innermost)
        } else {
            json!({ innermost: arguments })
        };
        for word in words {
            command = json!({ *word: command });
        }
        serde_json::from_value(command).map_err(|error| Denied::Arguments(error.to_string()))
    }
}

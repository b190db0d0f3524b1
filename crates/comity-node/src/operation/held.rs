//! Acts that wait for a second person: the rules want another officer to look before something is said, and that officer looks
//! at what was asked, signed in as themselves.
//!
//! What waits is the operation with its arguments. It is done when the second person says yes, for the first and under both
//! names, by all the rules that hold then. It is taken once: a node that ends between the yes and the act does not know whether
//! it was done, says so, and never does it twice.
//!
//! In scope: holding, showing, deciding. Out of scope: which acts need it (`comity-release`, `comity-case`); releases of objects
//! and promotions of addresses, which have approvals of their own.
//! Limits: an act waits for [`WAITS_DAYS`], [`WAITING_MAX`] of an account at once; [`ARGUMENTS_BYTES_MAX`].

use comity_case::history::stamp;
use comity_stix::marking::Tlp;
use comity_store::error::StoreError;
use comity_store::state::account as accounts;
use comity_store::state::held::{self as rows, BEGUN, HeldRow, Settled, WAITING};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::account::audit::Act;
use crate::clock::new_uuid;
use crate::command::{Answer, Refusal, RefusalKind};
use crate::node::Node;
use crate::operation::sight::Eyes;
use crate::operation::{Denied, Operation, Signed, answer, is_within, not_noted, table};
use crate::person::Person;

/// How long an act waits, in days.
pub const WAITS_DAYS: i64 = 7;
/// How long it is kept what became of one, in days.
pub const KEPT_DAYS: i64 = 90;
/// Acts of one account that wait at once.
pub const WAITING_MAX: u64 = 100;
/// The longest arguments of an act that waits, as JSON.
pub const ARGUMENTS_BYTES_MAX: usize = 1024 * 1024;

const DAY_MICROS: i64 = 86_400_000_000;
/// How long doing an act can take at most.
const DOING_MICROS: i64 = 5 * 60 * 1_000_000;
/// Acts in a list.
const ROWS_MAX: u32 = 1_000;

/// Something about acts that wait, to be done for the person who is signed in.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HeldCommand {
    /// What waits, and what became of the rest.
    List,
    /// Say yes, as the second person.
    Approve {
        /// The act.
        id: String,
    },
    /// Say no, or take the own one back.
    Decline {
        /// The act.
        id: String,
        /// Why.
        reason: String,
    },
}

impl Node {
    /// Holds an act for a second person if that is what it was refused for; answers the id under which it waits.
    pub(super) fn hold(
        &self,
        person: &Person,
        operation: &Operation,
        arguments: &Map<String, Value>,
        answer: &Answer,
    ) -> Result<Option<String>, Denied> {
        let Answer::Refused(refused) = answer else {
            return Ok(None);
        };
        if refused.kind != RefusalKind::SecondPerson {
            return Ok(None);
        }
        let now = self.clock().now();
        let row = HeldRow {
            id: new_uuid().to_string(),
            operation: operation.name.to_owned(),
            arguments: Value::Object(arguments.clone()).to_string(),
            asked_by: person.account.clone(),
            reason: refused.message.clone(),
            state: WAITING.to_owned(),
            asked: now,
            decided_by: None,
            decided: None,
            outcome: None,
        };
        if row.arguments.len() > ARGUMENTS_BYTES_MAX {
            return Ok(None);
        }
        let held = self.inner.state.write(|tx| {
            rows::prune(tx, now - KEPT_DAYS * DAY_MICROS)?;
            if rows::waiting(tx, &row.asked_by, now - WAITS_DAYS * DAY_MICROS)? >= WAITING_MAX {
                return Ok(false);
            }
            rows::add(tx, &row)?;
            Ok::<_, StoreError>(true)
        });
        if held.map_err(|error| not_noted(&error))? {
            return Ok(Some(row.id));
        }
        Err(no(
            &format!("{WAITING_MAX} acts of yours wait for a second person already"),
            "have somebody decide them, or take some back: the list of what waits shows them",
        ))
    }

    /// Does a command about acts that wait.
    pub(super) fn perform_on_held(
        &self,
        person: &Person,
        command: HeldCommand,
    ) -> Result<Answer, Denied> {
        match command {
            HeldCommand::List => self.list_held(person),
            HeldCommand::Approve { id } => self.approve_held(person, &id),
            HeldCommand::Decline { id, reason } => self.decline_held(person, &id, &reason),
        }
    }

    fn list_held(&self, person: &Person) -> Result<Answer, Denied> {
        let now = self.clock().now();
        let since = now - KEPT_DAYS * DAY_MICROS;
        let found = self
            .inner
            .state
            .read(|tx| rows::since(tx, since, ROWS_MAX))
            .map_err(|error| not_noted(&error))?;
        let mut eyes = Eyes::new(self, person);
        let mut shown = Vec::new();
        for row in &found {
            let Some((operation, arguments)) = asked(row) else {
                continue;
            };
            if may_look(&mut eyes, person, row, (operation, &arguments))? {
                shown.push(document(row, operation, &arguments, now));
            }
        }
        Ok(Answer::Document(Value::Array(shown)))
    }

    /// The act of an id, if the person may look at it.
    fn held_act(&self, person: &Person, id: &str) -> Result<Held, Denied> {
        let found = self.inner.state.read(|tx| rows::find(tx, id));
        let row = found.map_err(|error| not_noted(&error))?;
        let row = row.ok_or(Denied::Missing)?;
        let (operation, arguments) = asked(&row).ok_or(Denied::Missing)?;
        let mut eyes = Eyes::new(self, person);
        if !may_look(&mut eyes, person, &row, (operation, &arguments))? {
            return Err(Denied::Missing);
        }
        Ok(Held {
            row,
            operation,
            arguments,
        })
    }

    fn approve_held(&self, second: &Person, id: &str) -> Result<Answer, Denied> {
        let now = self.clock().now();
        let held = self.held_act(second, id)?;
        if held.row.asked_by == second.account {
            let why = "you asked for it yourself: a second person is another one";
            return Err(no(why, "have another officer sign in and look at it"));
        }
        held.waits(now)?;
        if !is_within(second.scope(), held.operation) {
            return Err(Denied::Scope(second.scope().word()));
        }
        let first = self.first_of(second, &held)?;
        let mut eyes = Eyes::new(self, &first);
        eyes.check_arguments(held.operation, &held.arguments)?;
        let command =
            held.operation
                .command(&first, Some(&second.account), held.arguments.clone())?;
        let begun = Settled {
            id,
            from: WAITING,
            to: BEGUN,
            by: Some(&second.account),
            at: Some(now),
            outcome: None,
        };
        self.settle_held(&begun)?;
        let done = self.done_for(&first, command)?;
        let outcome = if matches!(done, Answer::Refused(_)) {
            "refused"
        } else {
            "done"
        };
        let target = held.operation.target(&held.arguments);
        let act = Act {
            operation: held.operation.name,
            target: &target,
            outcome,
        };
        self.note_act(second, &act)
            .map_err(|error| not_noted(&error))?;
        let ended = Settled {
            from: BEGUN,
            to: outcome,
            ..begun
        };
        match answer::document(done) {
            Ok(document) => {
                let text = document.to_string();
                self.settle_held(&Settled {
                    outcome: Some(&text),
                    ..ended
                })?;
                Ok(Answer::Document(
                    json!({ "id": id, "state": "done", "answer": document }),
                ))
            }
            // It changed nothing: it waits on, until somebody can do it or says no.
            Err(refused) => {
                self.settle_held(&Settled {
                    to: WAITING,
                    by: None,
                    at: None,
                    outcome: Some(&refused.message),
                    ..ended
                })?;
                Err(Denied::Refused(refused))
            }
        }
    }

    fn decline_held(&self, person: &Person, id: &str, reason: &str) -> Result<Answer, Denied> {
        let held = self.held_act(person, id)?;
        let now = self.clock().now();
        if !matches!(held.row.state.as_str(), WAITING | BEGUN) {
            return Err(decided());
        }
        // One that was begun and whose end nobody knows is put away so too, once it cannot be under way any more.
        let begun = held.row.decided.filter(|_| held.row.state == BEGUN);
        if begun.is_some_and(|begun| now - begun < DOING_MICROS) {
            let hint = "look again in some minutes";
            return Err(no("somebody said yes, and it is being done now", hint));
        }
        let settled = Settled {
            id,
            from: &held.row.state,
            to: "declined",
            by: Some(&person.account),
            at: Some(now),
            outcome: Some(reason),
        };
        self.settle_held(&settled)?;
        Ok(Answer::Document(json!({ "id": id, "state": "declined" })))
    }

    fn settle_held(&self, settled: &Settled<'_>) -> Result<(), Denied> {
        let changed = self.inner.state.write(|tx| rows::settle(tx, settled));
        if changed.map_err(|error| not_noted(&error))? {
            return Ok(());
        }
        Err(decided())
    }

    /// Whoever asked, as they are now: an account that is gone, or has another role, asks for nothing any more.
    fn first_of(&self, second: &Person, held: &Held) -> Result<Person, Denied> {
        let name = &held.row.asked_by;
        let found = self.inner.state.read(|tx| accounts::find(tx, name));
        let found = found.map_err(|error| not_noted(&error))?;
        let account = found.filter(|account| account.party.is_none());
        let account = account.filter(|account| held.operation.needs.is_of(account.role));
        let account = account.ok_or_else(|| {
            no(
                &format!("{name} may not ask for this any more"),
                "ask for it yourself, and have another officer look at it",
            )
        })?;
        Ok(Person {
            account: account.name,
            role: account.role,
            address: account.address,
            way: second.way.clone(),
            place: second.place,
            signed_in: second.signed_in,
        })
    }
}

/// An act that waits, read.
struct Held {
    row: HeldRow,
    operation: &'static Operation,
    arguments: Map<String, Value>,
}

impl Held {
    fn waits(&self, now: i64) -> Result<(), Denied> {
        match state(&self.row, now) {
            WAITING => Ok(()),
            "expired" => Err(no(
                "it waited for too long, and what it was about may have changed",
                "have it asked for again",
            )),
            _ => Err(decided()),
        }
    }
}

/// What a row asks for; nothing where the node does not know it any more.
fn asked(row: &HeldRow) -> Option<(&'static Operation, Map<String, Value>)> {
    let operation = table::find(&row.operation)?;
    let arguments = serde_json::from_str(&row.arguments).ok()?;
    (operation.signed == Signed::Acting).then_some((operation, arguments))
}

/// Whoever may do an act may look at it, if they see what it is about; and whoever asked. Once it is decided, what was bound to
/// persons is for the two who asked and decided alone.
fn may_look(
    eyes: &mut Eyes<'_>,
    person: &Person,
    row: &HeldRow,
    (operation, arguments): (&Operation, &Map<String, Value>),
) -> Result<bool, Denied> {
    if row.asked_by == person.account {
        return Ok(true);
    }
    let decided = row.decided_by.as_deref();
    let done = row.state != WAITING && decided != Some(person.account.as_str());
    if !operation.needs.is_of(person.role) || done && is_bound(arguments) {
        return Ok(false);
    }
    match eyes.check_arguments(operation, arguments) {
        Ok(all_seen) => Ok(all_seen),
        Err(Denied::Missing) => Ok(false),
        Err(other) => Err(other),
    }
}

/// Whether an act says something to named persons alone.
fn is_bound(arguments: &Map<String, Value>) -> bool {
    let text = |name: &str| arguments.get(name).and_then(Value::as_str);
    let label = text("label").and_then(Tlp::parse);
    text("person").is_some() || label == Some(Tlp::Red)
}

/// The state of an act at a time.
fn state(row: &HeldRow, now: i64) -> &str {
    if row.state == WAITING && row.asked + WAITS_DAYS * DAY_MICROS <= now {
        return "expired";
    }
    &row.state
}

fn document(
    row: &HeldRow,
    operation: &Operation,
    arguments: &Map<String, Value>,
    now: i64,
) -> Value {
    json!({
        "id": row.id,
        "operation": operation.name,
        "summary": operation.summary,
        "arguments": arguments,
        "reason": row.reason,
        "asked_by": row.asked_by,
        "asked": stamp(row.asked),
        "until": stamp(row.asked + WAITS_DAYS * DAY_MICROS),
        "state": state(row, now),
        "decided_by": row.decided_by,
        "decided": row.decided.map(stamp),
        // What became of one that was done stands where it was said, for whoever sees that.
        "outcome": row.outcome.as_deref().filter(|_| row.state != "done"),
    })
}

fn decided() -> Denied {
    no(
        "it was decided before",
        "the list of what waits shows what became of it",
    )
}

fn no(message: &str, hint: &str) -> Denied {
    Denied::Refused(Refusal {
        message: message.to_owned(),
        hint: hint.to_owned(),
        kind: RefusalKind::No,
    })
}

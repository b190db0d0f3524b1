//! What a person sees, of objects and of what two parties say to each other.
//!
//! Objects are seen through the collections that the account may read, and what is bound to persons through the closed views of that
//! account alone. What is TLP:RED between two parties is for the persons that it names and for those of this house who said it.
//! What a person may not see is not there: no row, no identity, no count, and the same answer as for what does not exist.
//!
//! In scope: commands that read or change objects, done within a person's views; taking out of other answers what is not this
//! person's to see. Out of scope: what a role may do (`rights`), what may leave the house (`comity-release`).

use std::collections::HashMap;

use comity_stix::id::ObjectId;
use comity_store::objects::ViewId;
use comity_store::state::closed;
use comity_store::state::collection::Collection;
use serde_json::{Map, Value};

use crate::case::command::CaseCommand;
use crate::case::evidence::command::EvidenceCommand;
use crate::case::seen::SeenBy;
use crate::command::{Answer, Command, Look, Refusal, RefusalKind};
use crate::mail::command::MailCommand;
use crate::node::Node;
use crate::operation::rights::Permission;
use crate::operation::{Denied, Operation};
use crate::person::Person;
use crate::refusal::refusal;
use crate::sighting::SightingCommand;

/// The label of what is bound to persons.
const RED: &str = "TLP:RED";
/// Members of documents that name a person for whom something is, or who said it.
const NAMING: &[&str] = &["person", "officer", "second", "asked_by", "by"];
/// How deep answers are looked into; none of ours is deeper.
const DEPTH_MAX: usize = 64;

impl Node {
    /// Does what reads or changes objects within the person's views; gives back any other command.
    pub(crate) fn seen_by(
        &self,
        person: &Person,
        command: Command,
    ) -> Result<Answer, Box<Command>> {
        let command = match self.worked_out_for(person, command) {
            Ok(answer) => return Ok(answer),
            Err(command) => *command,
        };
        let done = match command {
            Command::Look(look) => self
                .readable(person)
                .and_then(|readable| self.look(&readable, look).map_err(|error| refused(&*error))),
            Command::Page {
                collection,
                after,
                all_versions,
                open_only,
                limit,
            } => self
                .readable_collection(&person.account, &collection)
                .map_err(|error| refused(&error))
                .and_then(|mut held| {
                    if open_only {
                        held.closed = None;
                    }
                    let page = self.command_page(&held, after, all_versions, limit);
                    page.map_err(|error| refused(&*error))
                }),
            Command::Take {
                collection,
                objects,
                only_new_ids,
            } => self
                .writable_collection(&person.account, &collection)
                .map_err(|error| refused(&error))
                .and_then(|held| {
                    let readers = [person.account.clone()];
                    let taken = self.take_into(&held, objects, only_new_ids, &readers);
                    let taken = taken.map_err(|error| refused(&error))?;
                    Ok(crate::execute::taken_answer(taken))
                }),
            Command::ImportText {
                collection,
                text,
                label,
            } => self.pasted(person, &collection, (&text, label.as_deref())),
            Command::Sighting(asked) => self.sighted(person, &asked),
            Command::Revoke { id } => self.writable(person).and_then(|writable| {
                let revoked = self.revoke_in(&writable, &id);
                revoked.map_err(|error| refused(&*error))
            }),
            Command::ListCollections if !Permission::Administer.is_of(person.role) => {
                self.collections_seen(person)
            }
            other @ (Command::Account(_)
            | Command::CreateCollection { .. }
            | Command::ListCollections
            | Command::SignIn(_)
            | Command::Grant { .. }
            | Command::Cursor { .. }
            | Command::PutCursor { .. }
            | Command::Check
            | Command::Exchange(_)
            | Command::Key(_)
            | Command::Ledger(_)
            | Command::Case(_)
            | Command::Contact(_)
            | Command::Mail(_)
            | Command::Address(_)
            | Command::OpenPgp(_)
            | Command::Held(_)) => return Err(Box::new(other)),
        };
        Ok(done.unwrap_or_else(Answer::Refused))
    }

    /// Does what counts or searches what is bound to persons too, of what this person sees; gives back any other command.
    fn worked_out_for(&self, person: &Person, command: Command) -> Result<Answer, Box<Command>> {
        let done = if let Command::Look(Look::Anything { text }) = &command {
            let content = Permission::Look.is_of(person.role);
            let found = self.anything(text, content);
            found.map_err(|error| refused(&*error))
        } else if let Command::Look(Look::Recent { account }) = &command {
            // Whoever may not look any more does not read what they once said.
            let found = Permission::Look
                .is_of(person.role)
                .then(|| self.recent(account));
            let found = found.unwrap_or_else(|| Ok(Value::Array(Vec::new())));
            found.map_err(|error| refused(&error))
        } else if let Command::Mail(MailCommand::Outgoing {
            state,
            party,
            before,
            limit,
        }) = &command
        {
            let filter = (state.as_deref(), party.clone());
            let page = (before.as_deref(), *limit);
            let found = self.outgoing(filter, page, Some(&person.account));
            found.map_err(|error| refusal(&error))
        } else if let Command::Case(command) = command {
            let done = self.case_seen(command, SeenBy(Some(person)));
            done.map_err(|error| refusal(&error))
        } else {
            return Err(Box::new(command));
        };
        Ok(done.map_or_else(Answer::Refused, Answer::Document))
    }

    fn collections_seen(&self, person: &Person) -> Result<Answer, Refusal> {
        let readable = self.readable(person)?;
        let answers = readable.iter().map(|held| self.collection_answer(held));
        let mut answers = answers
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| refused(&*error))?;
        for answer in &mut answers {
            answer.rights.retain(|right| right.user == person.account);
        }
        Ok(Answer::Collections(answers))
    }

    fn pasted(
        &self,
        person: &Person,
        collection: &str,
        said: (&str, Option<&str>),
    ) -> Result<Answer, Refusal> {
        let held = self.writable_collection(&person.account, collection);
        let held = held.map_err(|error| refused(&error))?;
        let readers = [person.account.clone()];
        let came = self.import_text(&held, said, &readers);
        came.map_err(|error| refused(&*error))
    }

    fn sighted(&self, person: &Person, asked: &SightingCommand) -> Result<Answer, Refusal> {
        let (readable, writable) = (self.readable(person)?, self.writable(person)?);
        let readers = [person.account.clone()];
        let done = self.add_sighting((&readable, &writable), &readers, asked);
        done.map(Answer::Document).map_err(|error| refused(&error))
    }

    /// The collections that a person may read, each with that person's own view of what is bound to persons.
    fn readable(&self, person: &Person) -> Result<Vec<Collection>, Refusal> {
        let visible = self.visible_collections(&person.account);
        let visible = visible.map_err(|error| refused(&error))?;
        let readable = visible.iter().filter(|one| one.rights.read);
        Ok(readable.map(|one| one.collection.clone()).collect())
    }

    fn writable(&self, person: &Person) -> Result<Vec<Collection>, Refusal> {
        let visible = self.visible_collections(&person.account);
        let visible = visible.map_err(|error| refused(&error))?;
        let writable = visible
            .iter()
            .filter(|one| one.rights.read && one.rights.write);
        Ok(writable.map(|one| one.collection.clone()).collect())
    }
}

/// What a person sees, as far as it was looked up while one operation is done.
pub(crate) struct Eyes<'a> {
    node: &'a Node,
    person: &'a Person,
    /// None while no object had to be looked for.
    views: Option<Views>,
    known: HashMap<String, Sight>,
    /// Threads that were looked at, by whether the person sees them.
    threads: HashMap<String, bool>,
}

/// Where objects stand.
struct Views {
    /// What the person reads.
    own: Vec<ViewId>,
    /// All that the house holds.
    all: Vec<ViewId>,
}

impl<'a> Eyes<'a> {
    /// The eyes of a person.
    pub(crate) fn new(node: &'a Node, person: &'a Person) -> Self {
        Self {
            node,
            person,
            views: None,
            known: HashMap::new(),
            threads: HashMap::new(),
        }
    }

    /// Refuses arguments that name what the person may not see, as if it were not there; answers whether the person sees every
    /// object that they name. What only looks needs no refusal: its answer has nothing of what is not seen.
    pub(crate) fn check_arguments(
        &mut self,
        operation: &Operation,
        arguments: &Map<String, Value>,
    ) -> Result<bool, Denied> {
        let mut all_seen = true;
        let place = |what: &Value| {
            what.as_str()
                .is_some_and(|what| what.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let fields = arguments.get("fields").and_then(Value::as_array);
        if operation.name == "prove_entry"
            && (!arguments.get("what").is_some_and(place)
                || fields.is_some_and(|all| !all.is_empty()))
        {
            // The proof of an envelope holds its content, whoever it was for.
            let why = "an entry is proven by its place; an envelope with its content is proven at the node";
            return Err(Denied::Arguments(why.to_owned()));
        }
        let text = |name: &str| arguments.get(name).and_then(Value::as_str);
        let listed = arguments.get("objects").and_then(Value::as_array);
        let listed = listed.into_iter().flatten().filter_map(Value::as_str);
        let named = text("object")
            .into_iter()
            .chain(text("id").filter(|_| operation.path.starts_with("/objects/")));
        for id in listed.chain(named).filter(|_| !operation.only_looks()) {
            match self.sight_of(id)? {
                Sight::Seen => {}
                Sight::Hidden => return Err(Denied::Missing),
                Sight::NotHeld => all_seen = false,
            }
        }
        for name in ["thread", "about"] {
            if let Some(thread) = text(name) {
                self.check_thread(thread)?;
            }
        }
        let item = text("item").filter(|_| operation.path.starts_with("/evidence/"));
        for item in item.into_iter().chain(text("derived_from")) {
            self.check_item(item)?;
        }
        self.check_mail(operation, text("id"))?;
        Ok(all_seen)
    }

    /// Refuses what is about an item of evidence that is bound to others.
    fn check_item(&self, item: &str) -> Result<(), Denied> {
        let item = EvidenceCommand::Show {
            item: item.to_owned(),
        };
        let shown = self.node.evidence(item).map_err(|_| Denied::Missing)?;
        let bound = is_red(&shown) && !names(&shown, self.person, 0);
        if bound { Err(Denied::Missing) } else { Ok(()) }
    }

    /// Refuses what is about a mail that is bound to others.
    fn check_mail(&self, operation: &Operation, id: Option<&str>) -> Result<(), Denied> {
        let Some(id) = id.map(str::to_owned) else {
            return Ok(());
        };
        let shown = if operation.path.starts_with("/mail/outgoing/") {
            self.node.mail(MailCommand::OutgoingShow { id })
        } else if operation.path.starts_with("/mail/") {
            self.node.mail(MailCommand::Show { id })
        } else if operation.path.starts_with("/proposals/") {
            self.node.mail_of_proposal(&id)
        } else {
            return Ok(());
        };
        // What is not there is told by the act itself.
        let bound = shown.is_ok_and(|shown| is_red(&shown) && !names(&shown, self.person, 0));
        if bound {
            return Err(Denied::Missing);
        }
        Ok(())
    }

    fn check_thread(&mut self, thread: &str) -> Result<(), Denied> {
        let seen = if let Some(seen) = self.threads.get(thread) {
            *seen
        } else {
            let show = CaseCommand::Show {
                thread: thread.to_owned(),
            };
            let shown = self.node.case(show).map_err(|_| Denied::Missing)?;
            let seen = !is_red(&shown) || names(&shown, self.person, 0);
            self.threads.insert(thread.to_owned(), seen);
            seen
        };
        if seen { Ok(()) } else { Err(Denied::Missing) }
    }

    /// Takes out of an answer what is not this person's to see.
    pub(crate) fn only_seen(&mut self, answer: Value) -> Result<Value, Denied> {
        self.seen_part(answer, 0)?.ok_or(Denied::Missing)
    }

    /// The same of a part of an answer, so deep in it; none where the whole part is not.
    pub(super) fn seen_part(
        &mut self,
        value: Value,
        depth: usize,
    ) -> Result<Option<Value>, Denied> {
        if depth > DEPTH_MAX {
            return Ok(None);
        }
        match value {
            Value::Array(rows) => {
                let mut seen = Vec::with_capacity(rows.len());
                for row in rows {
                    seen.extend(self.seen_part(row, depth + 1)?);
                }
                Ok(Some(Value::Array(seen)))
            }
            Value::Object(row) => self.seen_row(row, depth),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(Some(value)),
        }
    }

    fn seen_row(&mut self, row: Map<String, Value>, depth: usize) -> Result<Option<Value>, Denied> {
        // An object as it was received has been chosen by the views already, and is given as it is.
        if is_object(&row) {
            return Ok(Some(Value::Object(row)));
        }
        let row = Value::Object(row);
        if !self.may_see(&row) {
            return Ok(None);
        }
        // What became of an object of a recall is told by the object's id.
        let object = row.get("object").or_else(|| {
            let outcome = row.get("outcome").is_some();
            row.get("id").filter(|_| outcome)
        });
        if let Some(id) = object.and_then(Value::as_str)
            && self.sight_of(id)? == Sight::Hidden
        {
            return Ok(None);
        }
        let Value::Object(mut members) = row else {
            return Ok(None);
        };
        if let Some(Value::Array(ids)) = members.get_mut("objects") {
            let before = ids.len();
            let mut kept = Vec::with_capacity(before);
            for id in std::mem::take(ids) {
                let hidden = match id.as_str().and_then(identity) {
                    Some(id) => self.sight_of(&id)? == Sight::Hidden,
                    None => false,
                };
                if !hidden {
                    kept.push(id);
                }
            }
            if kept.is_empty() && before > 0 {
                return Ok(None);
            }
            *ids = kept;
        }
        let mut seen = Map::new();
        for (name, member) in members {
            let member = self.seen_part(member, depth + 1)?;
            seen.insert(name, member.unwrap_or(Value::Null));
        }
        Ok(Some(Value::Object(seen)))
    }

    /// Whether a row is this person's to see: what is said to one person alone, or bound to persons, is seen by those.
    fn may_see(&mut self, row: &Value) -> bool {
        let to = row.get("person").and_then(Value::as_str);
        if to.is_some() && !names_here(row, self.person) {
            return false;
        }
        if !is_red(row) || names(row, self.person, 0) {
            return true;
        }
        // A line of a list says less than the whole.
        let id = row.get("id").and_then(Value::as_str);
        let line = id.filter(|_| row.get("subject").is_some() && row.get("messages").is_some());
        let item = id.filter(|_| row.get("custody").is_some() && row.get("sha256").is_some());
        line.is_some_and(|id| self.check_thread(id).is_ok())
            || item.is_some_and(|id| self.check_item(id).is_ok())
    }

    fn sight_of(&mut self, id: &str) -> Result<Sight, Denied> {
        if let Some(known) = self.known.get(id) {
            return Ok(*known);
        }
        let sight = match ObjectId::parse(id) {
            Ok(parsed) => self.looked_up(&parsed)?,
            Err(_) => Sight::NotHeld,
        };
        self.known.insert(id.to_owned(), sight);
        Ok(sight)
    }

    fn looked_up(&mut self, id: &ObjectId) -> Result<Sight, Denied> {
        let views = match self.views.take() {
            Some(views) => views,
            None => self.read_views().map_err(Denied::Refused)?,
        };
        let holds = |views: &[ViewId]| {
            let found = self.node.inner.objects.newest(views, id);
            let found = found.map_err(|error| Denied::Refused(refused(&error)))?;
            Ok::<_, Denied>(!found.is_empty())
        };
        let sight = if holds(&views.own)? {
            Sight::Seen
        } else if holds(&views.all)? {
            Sight::Hidden
        } else {
            self.sight_of_gone(id)?
        };
        self.views = Some(views);
        Ok(sight)
    }

    /// The same of what the house holds no more, or never did.
    fn sight_of_gone(&self, id: &ObjectId) -> Result<Sight, Denied> {
        let state = &self.node.inner.state;
        let bound = state.read(|tx| closed::remembered(tx, &id.to_string()));
        let bound = bound.map_err(|error| Denied::Refused(refused(&error)))?;
        if bound.is_empty() {
            return Ok(Sight::NotHeld);
        }
        Ok(if bound.contains(&self.person.account) {
            Sight::Seen
        } else {
            Sight::Hidden
        })
    }

    fn read_views(&self) -> Result<Views, Refusal> {
        let of = |collections: &[Collection]| {
            collections.iter().flat_map(Collection::all_views).collect()
        };
        let all = self.node.collections().map_err(|error| refused(&error))?;
        Ok(Views {
            own: of(&self.node.readable(self.person)?),
            all: of(&all),
        })
    }
}

/// How an object stands to a person.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sight {
    /// The person sees it.
    Seen,
    /// The house holds it and the person does not see it.
    Hidden,
    /// The house does not hold it.
    NotHeld,
}

/// The identity that a text is, or that the object has whose text it is.
fn identity(text: &str) -> Option<String> {
    if !text.starts_with('{') {
        return Some(text.to_owned());
    }
    let object: Value = serde_json::from_str(text).ok()?;
    Some(object.get("id")?.as_str()?.to_owned())
}

/// Whether this is an object of STIX: its identity begins with its type (STIX 2.1 section 2.9).
fn is_object(row: &Map<String, Value>) -> bool {
    let text = |name: &str| row.get(name).and_then(Value::as_str);
    let (Some(kind), Some(id)) = (text("type"), text("id")) else {
        return false;
    };
    id.strip_prefix(kind)
        .is_some_and(|rest| rest.starts_with("--"))
}

fn is_red(row: &Value) -> bool {
    row.get("label").and_then(Value::as_str) == Some(RED)
}

/// Whether a member of this row names the person.
fn names_here(row: &Value, person: &Person) -> bool {
    let named = NAMING
        .iter()
        .filter_map(|member| row.get(*member)?.as_str());
    let mut named = named.peekable();
    let listed = row.get("persons").and_then(Value::as_array);
    let mut listed = listed.into_iter().flatten().filter_map(Value::as_str);
    let own = person.address.as_deref();
    named
        .any(|name| name == person.account || own.is_some_and(|own| own.eq_ignore_ascii_case(name)))
        || listed.any(|name| own.is_some_and(|own| own.eq_ignore_ascii_case(name)))
}

/// Whether anything in this document names the person.
fn names(value: &Value, person: &Person, depth: usize) -> bool {
    if depth > DEPTH_MAX {
        return false;
    }
    match value {
        Value::Object(members) => {
            names_here(value, person)
                || members
                    .values()
                    .any(|member| names(member, person, depth + 1))
        }
        Value::Array(rows) => rows.iter().any(|row| names(row, person, depth + 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn refused(error: &(dyn std::error::Error + 'static)) -> Refusal {
    let mut told = refusal(error);
    // Whether something is not there or not this person's is not told.
    if told.kind == RefusalKind::Unknown {
        "whoever manages the node finds the reason in its log".clone_into(&mut told.hint);
    }
    told
}

//! Threads on this node: saying something, taking what the other side says, and what each thread stands at.
//!
//! A message is built on what is known, checked against its thread, judged by the release rules, and then recorded together
//! with its envelope, unless the thread changed in between; then it is built anew.
//!
//! In scope: every subject alike. Out of scope: what messages mean (`comity-case`).

use std::collections::BTreeSet;
use std::sync::PoisonError;

use comity_accord::party::PartyName;
use comity_accord::terms::Outlet;
use comity_case::message::{Head, Message, Officer, Role, Subject, ThreadId};
use comity_case::request::terms::Terms;
use comity_case::standing::{Standing, admit, standing};
use comity_case::thread::{Entry, Thread};
use comity_link::channel::Lane;
use comity_link::payload::{self, Kind};
use comity_release::handling::Definitions;
use comity_release::judge::{Decision, Verdict, judge};
use comity_release::recipient::Way;
use comity_release::rules::{Rule, STEPS};
use comity_release::subject::{End, Subject as Judged};
use comity_stix::marking::Tlp;
use comity_stix::timestamp::Timestamp;
use comity_store::error::StoreError;
use comity_store::state::channel::Direction;
use comity_store::state::inbox::InboxRow;
use comity_store::state::release::{self, DecisionRow};
use comity_store::state::thread::{self, MessageRow, NoteRow, ThreadRow, Wanted};
use comity_store::state::{Tx, thread as rows};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::case::CaseError;
use crate::case::evidence::handing;
use crate::case::found;
use crate::case::hotline::exercise_of;
use crate::case::review::party_name;
use crate::clock::new_uuid;
use crate::exchange::ExchangeError;
use crate::exchange::enrolment::moment;
use crate::link::{Draft, seconds_of_receipt};
use crate::node::Node;

/// How often a message is built anew because somebody else spoke.
const TRIES_MAX: usize = 8;
/// Receipts that are taken in at a time.
const RECEIPTS_MAX: u64 = 256;
/// Threads whose time has come, read at a time.
const DUE_MAX: u64 = 256;
/// How often all that are late are looked at.
const LATE_SECONDS: i64 = 60;

/// Up to when threads were looked at, in seconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Looked {
    /// All that were late then.
    all: i64,
    /// Those whose time had come by then.
    last: i64,
}

impl Default for Looked {
    fn default() -> Self {
        Self {
            // Nothing was looked at.
            all: i64::MIN,
            last: i64::MIN,
        }
    }
}

/// Who acts on a thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Acting {
    /// The person, by function.
    pub officer: String,
    /// In which role, by its word.
    pub role: String,
    /// The second person who looked at it.
    pub second: Option<String>,
    /// The other side's person for whom alone it is, by address: TLP:RED needs one.
    pub person: Option<String>,
}

impl Acting {
    /// The rules that ask for a second person and have one: another than the one who acts.
    pub(crate) fn approved(&self) -> BTreeSet<Rule> {
        match &self.second {
            Some(second) if *second != self.officer => STEPS.iter().map(|step| step.rule).collect(),
            Some(_) | None => BTreeSet::new(),
        }
    }
}

/// Something to be said.
#[derive(Clone, Debug)]
pub struct Speech {
    /// The event's word.
    pub event: String,
    /// What it says.
    pub content: serde_json::Value,
    /// Who says it.
    pub acting: Acting,
}

/// The beginning of a thread.
#[derive(Clone, Debug)]
pub struct Opening {
    /// What it is about.
    pub subject: Subject,
    /// With whom.
    pub party: String,
    /// Its label.
    pub label: Tlp,
    /// The exercise to which it belongs.
    pub exercise: Option<Uuid>,
}

/// A thread as it is read.
#[derive(Clone, Debug)]
pub struct Held {
    /// Its row.
    pub row: ThreadRow,
    /// Its messages.
    pub thread: Thread,
    /// The times that were agreed.
    pub terms: Terms,
    /// What was noted in the house.
    pub notes: Vec<NoteRow>,
}

/// What stands before a message is added.
struct Ground {
    id: ThreadId,
    party: PartyName,
    thread: Thread,
    terms: Terms,
    label: Tlp,
    exercise: Option<Uuid>,
    speaker: Speaker,
}

/// In whose name something is said. Commands speak for persons alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speaker {
    Person,
    Node,
}

impl Node {
    /// Opens a thread.
    pub fn open_thread(&self, opening: &Opening, speech: &Speech) -> Result<ThreadRow, CaseError> {
        self.open_as(ThreadId::new(opening.subject, new_uuid()), opening, speech)
    }

    /// Opens a thread whose name was drawn.
    pub(crate) fn open_as(
        &self,
        id: ThreadId,
        opening: &Opening,
        speech: &Speech,
    ) -> Result<ThreadRow, CaseError> {
        let party = party_name(&opening.party)?;
        if let Some(exercise) = opening.exercise {
            self.runs_with(exercise, &party)?;
        }
        let now = self.clock().now();
        let terms = self
            .inner
            .state
            .read(|tx| self.terms_of(tx, &party, &party, now))?;
        let ground = Ground {
            id,
            party,
            thread: Thread::default(),
            terms,
            label: opening.label,
            exercise: opening.exercise,
            speaker: Speaker::Person,
        };
        let told = self.say_on(&ground, speech)?;
        told.ok_or(CaseError::Busy)
    }

    /// Says something in a thread whose name both sides know, and opens it where nothing was said yet.
    pub(crate) fn say_in(
        &self,
        id: ThreadId,
        party: &PartyName,
        label: Tlp,
        speech: &Speech,
    ) -> Result<ThreadRow, CaseError> {
        self.say_into(id, party, (label, Speaker::Person), speech)
    }

    /// The same in the name of the program itself, for what no person decides.
    pub(crate) fn say_by_node(
        &self,
        id: ThreadId,
        party: &PartyName,
        label: Tlp,
        (event, content): (&str, serde_json::Value),
    ) -> Result<ThreadRow, CaseError> {
        let speech = Speech {
            event: event.to_owned(),
            content,
            acting: Acting {
                officer: "node".to_owned(),
                role: Role::Node.word().to_owned(),
                second: None,
                person: None,
            },
        };
        self.say_into(id, party, (label, Speaker::Node), &speech)
    }

    fn say_into(
        &self,
        id: ThreadId,
        party: &PartyName,
        (label, speaker): (Tlp, Speaker),
        speech: &Speech,
    ) -> Result<ThreadRow, CaseError> {
        for _ in 0..TRIES_MAX {
            let now = self.clock().now();
            let (thread, terms) = self.inner.state.read(|tx| {
                let thread = thread_of(&rows::messages(tx, &id.to_string())?)?;
                let terms = self.terms_of(tx, party, party, now)?;
                Ok::<_, CaseError>((thread, terms))
            })?;
            let ground = Ground {
                id,
                party: party.clone(),
                thread,
                terms,
                label,
                exercise: None,
                speaker,
            };
            if let Some(row) = self.say_on(&ground, speech)? {
                return Ok(row);
            }
        }
        Err(CaseError::Busy)
    }

    /// Says something in a thread, which is named by its name or a beginning of it.
    pub fn say(&self, name: &str, speech: &Speech) -> Result<ThreadRow, CaseError> {
        self.say_with(name, |_| Ok(speech.clone()))
    }

    /// Says something that depends on what the thread holds, worded anew where somebody spoke in between.
    pub(crate) fn say_with(
        &self,
        name: &str,
        word: impl Fn(&Held) -> Result<Speech, CaseError>,
    ) -> Result<ThreadRow, CaseError> {
        let id = self.thread_named(name)?;
        for _ in 0..TRIES_MAX {
            let held = self.thread_held(&id)?;
            let speech = word(&held)?;
            if let Some(row) = self.say_on(&ground(held)?, &speech)? {
                return Ok(row);
            }
        }
        Err(CaseError::Busy)
    }

    /// Whether the release rules would let something go, if it were said in a thread.
    pub(crate) fn may_be_said(&self, name: &str, speech: &Speech) -> Result<(), CaseError> {
        let held = self.thread_held(&self.thread_named(name)?)?;
        let message = self.build(&ground(held)?, speech)?;
        self.may_say(&message, &speech.acting).map(drop)
    }

    /// Builds, checks, judges and records; none: the thread changed meanwhile.
    fn say_on(&self, ground: &Ground, speech: &Speech) -> Result<Option<ThreadRow>, CaseError> {
        let speech = &self.spoken(ground, speech)?;
        let message = self.build(ground, speech)?;
        admit(&ground.thread, &message, &ground.terms)?;
        let decision = self.may_say(&message, &speech.acting)?;
        let now = self.clock().now();
        let id = ground.id.to_string();
        let row = self.inner.state.write(|tx| {
            let known = rows::messages(tx, &id)?.len();
            if known != ground.thread.len() {
                return Ok::<_, CaseError>(None);
            }
            handing::may_say(tx, &id, &speech.event)?;
            let text = RawValue::from_string(message.text().to_owned());
            let text = text.map_err(|error| CaseError::Release(error.to_string()))?;
            let payload = serde_json::to_vec(&payload::Case { objects: [text] });
            let draft = Draft {
                party: ground.party.to_string(),
                lane: lane(&message),
                kind: Kind::Case,
                payload: payload.map_err(|error| CaseError::Release(error.to_string()))?,
                due: None,
            };
            let envelope = self
                .link()
                .enqueue_in(tx, &draft, now)
                .map_err(ExchangeError::from)?;
            record_decision(tx, &message, &decision, envelope.0, now)?;
            let row = MessageRow {
                digest: *message.digest().as_bytes(),
                thread: id.clone(),
                author: message.head().author.to_string(),
                seq: message.head().seq,
                body: message.text().to_owned(),
                received: None,
                envelope: envelope.0,
                direction: Direction::Out,
                recorded: now,
            };
            keep(tx, &message, &row)?;
            self.refresh(tx, &id, &ground.party, now)
        })?;
        self.due().tell();
        Ok(row)
    }

    /// What is said, with each evidence item that an answer names by the name that both sides know: it must be with the other side
    /// or offered to it.
    fn spoken(&self, ground: &Ground, speech: &Speech) -> Result<Speech, CaseError> {
        let mut speech = speech.clone();
        let named = speech.content.get_mut("evidence");
        if ground.id.subject() == Subject::Request
            && let Some(named) = named.and_then(serde_json::Value::as_array_mut)
        {
            for one in named {
                let name = one.as_str().unwrap_or_default();
                *one = self.handed_over(name, &ground.party)?.into();
            }
        }
        Ok(speech)
    }

    fn build(&self, ground: &Ground, speech: &Speech) -> Result<Message, CaseError> {
        let own = PartyName::parse(&self.identity().party)
            .map_err(|_| ExchangeError::UnknownParty(self.identity().party.clone()))?;
        let acting = &speech.acting;
        let by_node = ground.speaker == Speaker::Node;
        let role = Role::parse(&acting.role).filter(|role| (*role == Role::Node) == by_node);
        let (prev, seq) = ground.thread.newest(&own);
        let (seen, _) = ground.thread.newest(&ground.party);
        // Whole milliseconds: what STIX writes without further digits.
        let millis = self.clock().now().div_euclid(1_000) * 1_000;
        let head = Head {
            thread: ground.id,
            author: own,
            to: ground.party.clone(),
            seq,
            prev,
            seen,
            sent: Timestamp::from_micros(millis).ok_or(CaseError::Busy)?,
            officer: Officer {
                name: acting.officer.clone(),
                role: role.ok_or_else(|| CaseError::Role(acting.role.clone()))?,
                second: acting.second.clone(),
            },
            label: ground.label,
            exercise: ground.exercise,
            person: acting.person.clone(),
        };
        Ok(Message::write(
            head,
            new_uuid(),
            &speech.event,
            speech.content.clone(),
        )?)
    }

    /// Whether the release rules let a message go. It goes whole or not at all: its digest is what others refer to.
    fn may_say(&self, message: &Message, acting: &Acting) -> Result<Decision, CaseError> {
        let (recipient, terms) =
            self.recipient(message.head().to.as_str(), acting.person.as_deref())?;
        let definitions = Definitions::new();
        let subject = Judged::read(message.text(), &definitions)
            .map_err(|error| CaseError::Release(error.to_string()))?
            .with_ends(|_| End::Unknown);
        let way = Way {
            approved: acting.approved(),
            ..Way::by(Outlet::Link).encrypted()
        };
        let at = moment(self.clock().now())?;
        let decision = judge(&subject, &recipient, &terms, &way, at);
        match &decision.verdict {
            Verdict::Release => Ok(decision),
            Verdict::NeedsApproval { .. } => Err(CaseError::SecondPerson(message.head().label)),
            Verdict::Redact(copy) => {
                let places: Vec<&str> = copy
                    .cuts()
                    .iter()
                    .map(|cut| cut.selector.as_str())
                    .collect();
                Err(CaseError::Release(format!(
                    "the accord's terms would cut {} out of this message, and a message goes whole or not at all: word it without",
                    places.join(", ")
                )))
            }
            Verdict::Refuse { reason, .. } => Err(CaseError::Release(reason.clone())),
        }
    }

    /// Takes a message of another party. Whatever it says is kept, so that both hold the same; what it may not say changes
    /// nothing.
    pub(crate) fn take_message(
        &self,
        row: &InboxRow,
        said: &payload::Case,
    ) -> Result<String, ExchangeError> {
        let [object] = &said.objects;
        let message = Message::parse(object.get())
            .map_err(|error| ExchangeError::Refused(error.to_string()))?;
        let head = message.head();
        if head.author.as_str() != row.party || head.to.as_str() != self.identity().party {
            let reason = "the message is not between its sender and this party";
            return Err(ExchangeError::Refused(reason.to_owned()));
        }
        let now = self.clock().now();
        let thread = head.thread.to_string();
        let party = head.author.clone();
        let kept = MessageRow {
            digest: *message.digest().as_bytes(),
            thread: thread.clone(),
            author: head.author.to_string(),
            seq: head.seq,
            body: message.text().to_owned(),
            received: Some(row.received.div_euclid(1_000_000)),
            envelope: row.envelope,
            direction: Direction::In,
            recorded: now,
        };
        let stands = self.inner.state.write(|tx| {
            if let Some(known) = rows::find(tx, &thread)?
                && known.party != row.party
            {
                // A thread's number is its opener's to draw: nobody speaks in a thread of others.
                let reason = "the thread is between other parties";
                return Err(ExchangeError::Refused(reason.to_owned()));
            }
            keep(tx, &message, &kept)?;
            self.refresh(tx, &thread, &party, now).map_err(flat)
        })?;
        let stands = stands.map_or_else(
            || "waits for messages before it".to_owned(),
            |row| row.state,
        );
        tracing::info!(party = %row.party, thread, event = message.event(), state = stands, "message taken");
        Ok(format!("{} of {thread}: {stands}", message.event()))
    }

    /// Receipts that came for messages, and times that came for threads. Answers how many of each changed something.
    pub(crate) fn threads_due(&self) -> Result<usize, ExchangeError> {
        let now = self.clock().now();
        let receipted = self
            .inner
            .state
            .read(|tx| rows::receipted(tx, RECEIPTS_MAX))?;
        for (row, header, payload) in &receipted {
            let at = seconds_of_receipt(header, payload);
            self.inner.state.write(|tx| {
                rows::received(tx, &row.digest, at.unwrap_or(now.div_euclid(1_000_000)))?;
                let known = rows::find(tx, &row.thread)?;
                if let Some(party) = known.and_then(|row| PartyName::parse(&row.party).ok()) {
                    self.refresh(tx, &row.thread, &party, now).map_err(flat)?;
                }
                Ok::<_, ExchangeError>(())
            })?;
        }
        let moved = self.times_came(now)?;
        let revealed = self.reveal_due().map_err(flat)?;
        Ok(receipted.len() + moved + revealed)
    }

    /// Looks at the threads whose time came since the last look, and now and then at all that are late: what is late stays so until
    /// somebody acts, and only much later does time change it again. Answers how many stand elsewhere now.
    fn times_came(&self, now: i64) -> Result<usize, ExchangeError> {
        let seconds = now.div_euclid(1_000_000);
        let looked = *self
            .inner
            .looked
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let all = !(looked.all..looked.all + LATE_SECONDS).contains(&seconds);
        let from = if all { i64::MIN } else { looked.last };
        let (mut moved, mut after) = (0, (from, String::new()));
        loop {
            let due = self
                .inner
                .state
                .read(|tx| rows::due(tx, (after.0, &after.1), seconds, DUE_MAX))?;
            for row in &due {
                let Ok(party) = PartyName::parse(&row.party) else {
                    continue;
                };
                let stands = self
                    .inner
                    .state
                    .write(|tx| self.refresh(tx, &row.id, &party, now).map_err(flat))?;
                moved += usize::from(stands.is_some_and(|stands| stands.state != row.state));
            }
            let Some(last) = due.last() else {
                break;
            };
            let at = last.due.as_ref().map_or(seconds, |(at, _, _)| *at);
            after = (at, last.id.clone());
        }
        *self
            .inner
            .looked
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Looked {
            all: if all { seconds } else { looked.all },
            last: seconds,
        };
        Ok(moved)
    }

    /// Derives a thread's row from its messages anew.
    fn refresh(
        &self,
        tx: &mut dyn Tx,
        id: &str,
        party: &PartyName,
        now: i64,
    ) -> Result<Option<ThreadRow>, CaseError> {
        let messages = rows::messages(tx, id)?;
        let thread = thread_of(&messages)?;
        let responder = responder_of(&thread).unwrap_or_else(|| party.clone());
        let terms = self.terms_of(tx, party, &responder, now)?;
        let Some(stands) = standing(&thread, &terms, now.div_euclid(1_000_000)) else {
            return Ok(None);
        };
        let row = row_of(id, party, &stands, &messages);
        let known = rows::find(tx, id)?;
        if known.is_none_or(|known| known.title != row.title) {
            rows::words::add(tx, id, &[id, &row.title], &[])?;
        }
        rows::put(tx, &row)?;
        if row.subject == Subject::Evidence.word() {
            self.follow_item(tx, (id, &thread), party, now)?;
        }
        if row.subject == Subject::Address.word() {
            self.follow_given(tx, (id, &thread), party, now)?;
        }
        Ok(Some(row))
    }

    /// The times that a responder promised, under the accord in force with a party.
    pub(crate) fn terms_of(
        &self,
        tx: &mut dyn Tx,
        party: &PartyName,
        responder: &PartyName,
        now: i64,
    ) -> Result<Terms, ExchangeError> {
        let accord = self.in_force(tx, party.as_str(), now)?;
        Ok(accord.map_or_else(Terms::default, |text| {
            Terms::agreed(text.content(), responder)
        }))
    }

    /// The thread of a name, or of the beginning of one; the subject's word may be left out.
    pub fn thread_named(&self, name: &str) -> Result<String, CaseError> {
        self.named_among(&Subject::ALL, name)
    }

    /// The same, where only one subject is meant.
    pub(crate) fn thread_named_of(
        &self,
        subject: Subject,
        name: &str,
    ) -> Result<String, CaseError> {
        let id = self.named_among(&[subject], name)?;
        let found = ThreadId::parse(&id).map(ThreadId::subject);
        if found == Some(subject) {
            Ok(id)
        } else {
            Err(CaseError::Unknown(name.to_owned()))
        }
    }

    fn named_among(&self, subjects: &[Subject], name: &str) -> Result<String, CaseError> {
        let found = self.inner.state.read(|tx| {
            let mut found = BTreeSet::new();
            if name.contains("--") {
                found.extend(rows::beginning(tx, name)?);
            } else if !name.is_empty() && name.is_ascii() {
                for subject in subjects {
                    found.extend(rows::beginning(tx, &format!("{}--{name}", subject.word()))?);
                }
            }
            Ok::<_, CaseError>(found)
        })?;
        let mut found = found.into_iter();
        match (found.next(), found.next()) {
            (Some(one), None) => Ok(one),
            (Some(_), Some(_)) => Err(CaseError::Ambiguous(name.to_owned())),
            (None, _) => Err(CaseError::Unknown(name.to_owned())),
        }
    }

    /// A thread with all that belongs to it.
    pub fn thread_held(&self, id: &str) -> Result<Held, CaseError> {
        let now = self.clock().now();
        self.inner.state.read(|tx| {
            let row = rows::find(tx, id)?.ok_or_else(|| CaseError::Unknown(id.to_owned()))?;
            let thread = thread_of(&rows::messages(tx, id)?)?;
            let party = PartyName::parse(&row.party)
                .map_err(|_| ExchangeError::UnknownParty(row.party.clone()))?;
            let responder = responder_of(&thread).unwrap_or_else(|| party.clone());
            let terms = self.terms_of(tx, &party, &responder, now)?;
            let notes = rows::notes(tx, id)?;
            Ok(Held {
                row,
                thread,
                terms,
                notes,
            })
        })
    }

    /// Threads, the newest change first.
    pub fn threads(&self, wanted: &Wanted) -> Result<Vec<ThreadRow>, CaseError> {
        Ok(self.inner.state.read(|tx| rows::list(tx, wanted))?)
    }

    /// Notes something that stays in the house.
    pub fn note(&self, name: &str, officer: &str, text: &str) -> Result<NoteRow, CaseError> {
        let note = NoteRow {
            id: new_uuid().to_string(),
            thread: self.thread_named(name)?,
            officer: officer.to_owned(),
            event: "note".to_owned(),
            body: text.to_owned(),
            recorded: self.clock().now(),
        };
        self.inner.state.write(|tx| thread::add_note(tx, &note))?;
        Ok(note)
    }
}

/// Keeps a message with what its thread is found by; of one that says that a case, or something of it, goes into another one, also
/// which.
fn keep(tx: &mut dyn Tx, message: &Message, row: &MessageRow) -> Result<(), StoreError> {
    rows::add_message(tx, row)?;
    found::by_message(tx, message)?;
    let goes = matches!(message.event(), "merge" | "split");
    let into = message.content().get("into");
    let into = into.and_then(serde_json::Value::as_str).filter(|_| goes);
    match into {
        Some(into) if message.head().thread.subject() == Subject::Case => {
            rows::add_lead(tx, into, &row.thread)
        }
        Some(_) | None => Ok(()),
    }
}

fn ground(held: Held) -> Result<Ground, CaseError> {
    let id = &held.row.id;
    Ok(Ground {
        id: ThreadId::parse(id).ok_or_else(|| CaseError::Unknown(id.clone()))?,
        party: party_name(&held.row.party)?,
        label: Tlp::parse(&held.row.label).unwrap_or(Tlp::Red),
        exercise: exercise_of(&held),
        thread: held.thread,
        terms: held.terms,
        speaker: Speaker::Person,
    })
}

/// Emergencies do not wait behind anything.
fn lane(message: &Message) -> Lane {
    let urgency = message
        .content()
        .get("urgency")
        .and_then(serde_json::Value::as_str);
    let subject = message.head().thread.subject();
    let presses = matches!(urgency, Some("emergency" | "urgent")) && subject == Subject::Request;
    if presses || matches!(subject, Subject::Call | Subject::Check) {
        Lane::Urgent
    } else {
        Lane::Normal
    }
}

pub(crate) fn flat(error: CaseError) -> ExchangeError {
    let said = error.to_string();
    if let CaseError::Exchange(error) = error {
        error
    } else if let CaseError::Store(error) = error {
        error.into()
    } else {
        ExchangeError::Refused(said)
    }
}

pub(crate) fn thread_of(messages: &[MessageRow]) -> Result<Thread, CaseError> {
    let mut thread = Thread::default();
    for row in messages {
        let message = Message::parse(&row.body)?;
        thread.add(Entry {
            message,
            received: row.received,
        })?;
    }
    Ok(thread)
}

/// The other party of whoever spoke first; none where nothing stands.
pub(crate) fn responder_of(thread: &Thread) -> Option<PartyName> {
    let ordered = thread.ordered();
    ordered
        .standing
        .first()
        .map(|entry| entry.message.head().to.clone())
}

fn row_of(id: &str, party: &PartyName, stands: &Standing, messages: &[MessageRow]) -> ThreadRow {
    let subject = ThreadId::parse(id).map_or("", |id| id.subject().word());
    let recorded = messages.iter().map(|row| row.recorded);
    let due = stands.due();
    // Of the two sides the one that is not the other party is this one.
    let own = [&stands.opener, &stands.responder]
        .into_iter()
        .find(|one| *one != party);
    let own = own.and_then(|own| stands.owed_by(own));
    ThreadRow {
        id: id.to_owned(),
        subject: subject.to_owned(),
        party: party.to_string(),
        opener: stands.opener.to_string(),
        title: stands.title.clone(),
        state: stands.state.to_owned(),
        urgency: stands.urgency.map(ToOwned::to_owned),
        label: stands.label.to_string(),
        exercise: stands.exercise.map(|id| id.to_string()),
        disputed: stands.disputed,
        due: due.map(|(due, by)| (due.at, by.to_string(), due.what.to_owned())),
        own_due: own.map(|due| (due.at, due.what.to_owned())),
        messages: u64::try_from(messages.len()).unwrap_or(u64::MAX),
        opened: recorded.clone().min().unwrap_or_default(),
        changed: recorded.max().unwrap_or_default(),
    }
}

fn record_decision(
    tx: &mut dyn Tx,
    message: &Message,
    decision: &Decision,
    envelope: [u8; 32],
    now: i64,
) -> Result<(), CaseError> {
    release::decide(
        tx,
        &DecisionRow {
            object: message.id().to_owned(),
            version: message.head().sent.to_stix(),
            party: message.head().to.to_string(),
            outlet: "link".to_owned(),
            verdict: "released".to_owned(),
            rule: decision.rule().step().code.to_owned(),
            label: message.head().label.to_string(),
            released: Some(message.id().to_owned()),
            envelope: Some(envelope.to_vec()),
            decided: now,
            ..DecisionRow::default()
        },
    )?;
    Ok(())
}

//! Hotline calls: what one stands at, from its messages. The voice is elsewhere; this is the record that both sides share.
//!
//! Each side writes its note and seals it by hash before it sees the other's: what both then show cannot have been fitted to
//! what the other wrote. The ladder of those who are rung is part of the record, and so is every try.
//!
//! In scope: applying each message, when the ladder goes up, seals, what is due. Out of scope: the rows (`event`), who stands on
//! the ladder (`ladder`), code words (`words`), telephony.

pub mod event;
pub mod ladder;
#[cfg(test)]
mod tests;
pub mod words;

use comity_accord::digest::Digest;

use crate::history::{self, Due, Opening, Record, date};
use crate::message::{Message, ThreadId};
use crate::request::content::Urgency;
use crate::table::{Refusal, Side, Word as _, find, markdown};
use crate::thread::{Entry, Thread};
use event::{Action, BOTH, Event, Kind, Rung, State, TABLE};

const SUBJECT: &str = "call";
/// Time to answer: a duty officer is there at any hour.
pub const ANSWER_SECONDS: i64 = 5 * 60;
/// Time to call back after a try that nobody answered.
pub const CALL_BACK_SECONDS: i64 = 30 * 60;
/// Time for the written confirmation of an emergency.
pub const CONFIRM_EMERGENCY_SECONDS: i64 = 2 * 3_600;
/// Time for the written confirmation of any other call.
pub const CONFIRM_SECONDS: i64 = 24 * 3_600;
/// Tries on one rung of the ladder.
pub const TRIES_MAX: usize = 3;
/// Time on one rung of the ladder.
pub const RUNG_SECONDS: i64 = 15 * 60;
/// The most actions of a call.
pub const ACTIONS_MAX: usize = 50;
/// The least of a salt: 16 bytes, in hexadecimal.
const SALT_DIGITS_MIN: usize = 32;

/// A try to reach somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Try {
    /// Whom.
    pub to: String,
    /// On which rung of the ladder.
    pub rung: Rung,
    /// When it rang, by the caller's clock.
    pub at: i64,
    /// When the other node knew.
    pub noticed: i64,
    /// When the caller gave it up, and when the other node knew that.
    pub missed: Option<(i64, i64)>,
}

/// What one side said of the call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The SHA-256 of the code word that it speaks.
    pub code: Option<Digest>,
    /// Whether it heard the right code word of the other side.
    pub matched: Option<bool>,
    /// The seal of its note.
    pub seal: Option<Digest>,
    /// Its note.
    pub note: Option<String>,
    /// Whether the other note agrees with it, and where not.
    pub read_back: Option<(bool, String)>,
    /// Its written confirmation, and when.
    pub confirmed: Option<(i64, String)>,
}

/// A hotline call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Who called whom.
    pub opening: Opening,
    /// Over what: a telephone, a video line.
    pub channel: String,
    /// How urgent it is.
    pub urgency: Urgency,
    /// What it is about, in one line.
    pub line: String,
    /// The threads that it is about.
    pub related: Vec<ThreadId>,
    /// Whether it is a test.
    pub test: bool,
    /// Where it stands.
    pub state: State,
    /// The tries, in order.
    pub tries: Vec<Try>,
    /// When a person answered or called back, who, and in which role.
    pub answered: Option<(i64, String, String)>,
    /// What the caller said of it.
    pub caller: Account,
    /// What the other side said of it.
    pub called: Account,
    /// What is to be done.
    pub actions: Vec<Action>,
    /// When it was over, by the clock of whoever ended it, and when the other node knew.
    pub closed: Option<(Side, i64, i64)>,
    /// What was said, step by step.
    pub record: Record<State>,
}

/// The seal of a note: the SHA-256 of both, so that nothing of a short note can be guessed from it.
pub fn seal(text: &str, salt: &str) -> Digest {
    Digest::of(format!("comity-note/v1\n{salt}\n{text}").as_bytes())
}

/// The table as a page shows it.
pub fn page() -> String {
    markdown(TABLE, ["caller", "called"])
}

impl Call {
    /// What a thread stands at; none: nothing in it rings.
    pub fn replay(thread: &Thread) -> Option<Self> {
        history::replay(thread, Self::open, Self::apply, |call| &mut call.record)
    }

    /// The call that a first message opens.
    pub fn open(entry: &Entry) -> Result<Self, Refusal> {
        let message = &entry.message;
        let (kind, event) = history::read(SUBJECT, message.event(), message.content())?;
        history::opens(TABLE, message, (kind, Kind::Ring))?;
        let Event::Ring {
            to,
            channel,
            urgency,
            line,
            related,
            test,
            code,
        } = event
        else {
            return Err(Refusal::content(kind, "a call begins with ring"));
        };
        let threads = related.iter().map(|text| ThreadId::parse(text));
        let related = threads.collect::<Option<Vec<_>>>().ok_or_else(|| {
            Refusal::content(kind, "related must name threads, such as request--2b9c…")
        })?;
        let mut call = Self {
            opening: Opening::of(message.head()),
            channel,
            urgency,
            line,
            related,
            test,
            state: State::Rung,
            tries: Vec::new(),
            answered: None,
            caller: Account {
                code: code.map(|text| digest(kind, &text)).transpose()?,
                ..Account::default()
            },
            called: Account::default(),
            actions: Vec::new(),
            closed: None,
            record: Record::default(),
        };
        call.rings(entry, to, Rung::Contact);
        call.record.step(entry, kind, call.state);
        Ok(call)
    }

    /// Takes the next message; what is refused changes nothing.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), Refusal> {
        let message = &entry.message;
        let (kind, event) = history::read(SUBJECT, message.event(), message.content())?;
        self.opening.same_exercise(kind, message)?;
        let side = self.opening.side(&message.head().author);
        let role = message.head().officer.role;
        let row = find(TABLE, SUBJECT, self.state, (kind, side, role))?;
        self.take(entry, (kind, event), side)?;
        if !BOTH.contains(&kind) || self.both_did(kind) {
            self.state = row.to.unwrap_or(self.state);
        }
        self.record.step(entry, kind, self.state);
        Ok(())
    }

    /// A line for lists, where a test must not be taken for the real thing.
    pub fn title(&self) -> String {
        if self.test {
            format!("TEST: {}", self.line)
        } else {
            self.line.clone()
        }
    }

    /// What a side said of the call.
    pub const fn account(&self, side: Side) -> &Account {
        match side {
            Side::Opener => &self.caller,
            Side::Responder => &self.called,
        }
    }

    const fn account_mut(&mut self, side: Side) -> &mut Account {
        match side {
            Side::Opener => &mut self.caller,
            Side::Responder => &mut self.called,
        }
    }

    /// The rung of the ladder on which the next try is made: the same one for three tries or a quarter of an hour, then the next.
    pub fn next_rung(&self, now: i64) -> Rung {
        let rung = self.tries.last().map_or(Rung::Contact, |last| last.rung);
        let here = self.tries.iter().filter(|each| each.rung == rung);
        let first = here.clone().map(|each| each.at).min();
        let spent = here.count() >= TRIES_MAX || first.is_some_and(|at| now - at >= RUNG_SECONDS);
        match (rung, spent) {
            (rung, false) => rung,
            (Rung::Contact, true) => Rung::NextContact,
            (Rung::NextContact | Rung::DutyHead, true) => Rung::DutyHead,
        }
    }

    /// What is owed, the most pressing first.
    pub fn dues(&self) -> Vec<Due> {
        let mut dues = Vec::new();
        let mut owe = |by, what, at| dues.push(Due { at, by, what });
        let missed = self.tries.iter().find_map(|each| each.missed);
        match (self.state, self.tries.last()) {
            (State::Rung, Some(last)) => {
                owe(Side::Responder, "answered", last.noticed + ANSWER_SECONDS);
            }
            (State::Missed, Some(last)) => {
                if let Some((_, noticed)) = missed {
                    owe(Side::Responder, "call-back", noticed + CALL_BACK_SECONDS);
                }
                owe(Side::Opener, "redial", last.at + RUNG_SECONDS);
            }
            _ => {}
        }
        if let (State::Closed, Some((by, at, noticed))) = (self.state, self.closed) {
            let span = if self.urgency == Urgency::Emergency {
                CONFIRM_EMERGENCY_SECONDS
            } else {
                CONFIRM_SECONDS
            };
            for side in [Side::Opener, Side::Responder] {
                if self.account(side).confirmed.is_none() {
                    // Each side's time runs from when it knew that the call was over.
                    let from = if side == by { at } else { noticed };
                    owe(side, "confirm", from + span);
                }
            }
        }
        dues.sort_unstable();
        dues
    }

    fn rings(&mut self, entry: &Entry, to: String, rung: Rung) {
        self.tries.push(Try {
            to,
            rung,
            at: entry.message.sent_seconds(),
            noticed: entry.at(),
            missed: None,
        });
    }

    /// Takes what is said in; what does not fit is refused before anything changes.
    fn take(
        &mut self,
        entry: &Entry,
        (kind, event): (Kind, Event),
        side: Side,
    ) -> Result<(), Refusal> {
        let (at, noticed) = (entry.message.sent_seconds(), entry.at());
        let author = &entry.message.head().author;
        match event {
            Event::Ring { .. } => {
                return Err(Refusal::content(
                    kind,
                    "a call rings once; redial, or open another",
                ));
            }
            Event::Missed { .. } => {
                if let Some(last) = self.tries.last_mut() {
                    last.missed = Some((at, noticed));
                }
            }
            Event::Redial { to, rung } => {
                let needed = self.next_rung(at);
                if rung != needed {
                    let reason = format!("the ladder is at {}, not {}", needed.word(), rung.word());
                    return Err(Refusal::content(kind, reason));
                }
                self.rings(entry, to, rung);
            }
            Event::Answered { name, role, code } | Event::CallBack { name, role, code } => {
                self.called.code = code.map(|text| digest(kind, &text)).transpose()?;
                self.answered = Some((at, name, role));
            }
            Event::Actions { actions } => {
                self.check_actions(kind, &actions)?;
                self.actions = actions;
            }
            Event::FollowUp { action, thread } => self.follow_up(kind, action, &thread)?,
            Event::Close { .. } => self.closed = Some((side, at, noticed)),
            Event::Dispute { message, .. } => self.record.dispute(kind, author, &message)?,
            Event::Settle { message, .. } => self.record.settle(kind, author, &message)?,
            Event::Abandon { .. } => {}
            said @ (Event::Identify { .. }
            | Event::NoteSealed { .. }
            | Event::NoteShown { .. }
            | Event::ReadBack { .. }
            | Event::Confirm { .. }) => self.account_for(&entry.message, (kind, said), side)?,
        }
        Ok(())
    }

    /// What one side says for itself, once.
    fn account_for(
        &mut self,
        message: &Message,
        (kind, event): (Kind, Event),
        side: Side,
    ) -> Result<(), Refusal> {
        let no = |reason: &str| Err(Refusal::content(kind, reason));
        if self.did(kind, side) {
            return no("this side has done that already");
        }
        let spoken = self.account(side.other()).code;
        let account = self.account_mut(side);
        match event {
            Event::Identify { heard } => {
                account.matched = Some(match (heard.as_str(), spoken) {
                    ("matched", _) => true,
                    ("differs", _) => false,
                    (_, Some(spoken)) => digest(kind, &heard)? == spoken,
                    (_, None) => {
                        return no(
                            "say matched or differs: the other side stated no digest of its word",
                        );
                    }
                });
            }
            Event::NoteSealed { sha256 } => account.seal = Some(digest(kind, &sha256)?),
            Event::NoteShown { text, salt } => {
                let long = salt.len() >= SALT_DIGITS_MIN;
                if !long || !salt.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                    return no("salt must be at least 32 hexadecimal digits");
                }
                if account.seal != Some(seal(&text, &salt)) {
                    return no("the note and its salt do not match the seal");
                }
                account.note = Some(text);
            }
            Event::ReadBack {
                agrees,
                differences,
            } => {
                if agrees != differences.trim().is_empty() {
                    return no("name the differences where the notes do not agree, and only there");
                }
                account.read_back = Some((agrees, differences));
            }
            Event::Confirm { text } => account.confirmed = Some((message.sent_seconds(), text)),
            Event::Ring { .. }
            | Event::Missed { .. }
            | Event::Redial { .. }
            | Event::Answered { .. }
            | Event::CallBack { .. }
            | Event::Actions { .. }
            | Event::FollowUp { .. }
            | Event::Close { .. }
            | Event::Abandon { .. }
            | Event::Dispute { .. }
            | Event::Settle { .. } => {}
        }
        Ok(())
    }

    /// Whether a side has done its part of what both do.
    fn did(&self, kind: Kind, side: Side) -> bool {
        let account = self.account(side);
        match kind {
            // A word that was misheard is said again.
            Kind::Identify => account.matched == Some(true),
            Kind::NoteSealed => account.seal.is_some(),
            Kind::NoteShown => account.note.is_some(),
            Kind::ReadBack => account.read_back.is_some(),
            Kind::Confirm => account.confirmed.is_some(),
            Kind::Ring
            | Kind::Missed
            | Kind::Redial
            | Kind::Answered
            | Kind::CallBack
            | Kind::Actions
            | Kind::FollowUp
            | Kind::Close
            | Kind::Abandon
            | Kind::Dispute
            | Kind::Settle => false,
        }
    }

    fn both_did(&self, kind: Kind) -> bool {
        self.did(kind, Side::Opener) && self.did(kind, Side::Responder)
    }

    /// An action becomes a thread once: what was agreed and what came of it stay together.
    fn follow_up(&mut self, kind: Kind, action: u32, thread: &str) -> Result<(), Refusal> {
        let no = |reason: String| Err(Refusal::content(kind, reason));
        if ThreadId::parse(thread).is_none() {
            return no("thread must name one, such as request--2b9c…".to_owned());
        }
        let place = usize::try_from(action)
            .ok()
            .and_then(|one| one.checked_sub(1));
        let count = self.actions.len();
        let Some(found) = place.and_then(|place| self.actions.get_mut(place)) else {
            return no(format!(
                "the call has {count} actions; name one by its number, from 1"
            ));
        };
        if let Some(known) = &found.thread {
            return no(format!("action {action} has become {known} already"));
        }
        found.thread = Some(thread.to_owned());
        Ok(())
    }

    fn check_actions(&self, kind: Kind, actions: &[Action]) -> Result<(), Refusal> {
        if actions.len() > ACTIONS_MAX {
            return Err(Refusal::content(kind, "at most 50 actions"));
        }
        for action in actions {
            date(kind, &action.due)?;
            let owner = action.owner.as_str();
            let known =
                owner == self.opening.opener.as_str() || owner == self.opening.responder.as_str();
            if !known {
                return Err(Refusal::content(
                    kind,
                    "owner must be one of the two parties",
                ));
            }
            let named = action.thread.as_deref();
            if named.is_some_and(|text| ThreadId::parse(text).is_none()) {
                return Err(Refusal::content(
                    kind,
                    "thread must name one, such as request--2b9c…",
                ));
            }
        }
        Ok(())
    }
}

fn digest(kind: Kind, text: &str) -> Result<Digest, Refusal> {
    let reason = "a SHA-256 must be 64 lower-case hexadecimal digits";
    Digest::parse(text).ok_or_else(|| Refusal::content(kind, reason))
}

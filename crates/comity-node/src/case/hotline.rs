//! The hotline: what a call needs of the node besides messages. Code words are drawn here, notes wait here until both are sealed,
//! and the ladder of those who are rung comes from the accord.
//!
//! In scope: ringing, answering, code words, actions. Out of scope: notes (`notes`), what may be said when
//! (`comity_case::call`).

pub mod command;
mod notes;

use comity_accord::digest::Digest;
use comity_accord::party::PartyName;
use comity_accord::text::contact::Contact;
use comity_case::call::event::{Action, Rung, State};
use comity_case::call::ladder::{ladder, named, on};
use comity_case::call::words::{CODE_BYTES, HEARD_BYTES_MAX, digest, heard, spoken};
use comity_case::call::{Account, Call};
use comity_case::message::{Subject, ThreadId};
use comity_case::table::{Side, Word as _};
use comity_stix::marking::Tlp;
use comity_store::state::thread as rows;
use serde_json::{Value, json};

use crate::case::CaseError;
use crate::case::document::{self, Home};
use crate::case::review::party_name;
use crate::case::threads::{Acting, Held, Opening, Speech};
use crate::clock::{new_uuid, random_bytes};
use crate::exchange::ExchangeError;
use crate::exchange::enrolment::moment;
use crate::node::Node;
use command::{Agreed, Heard, HotlineCommand, Ring};
use notes::{Waiting, note_name};

impl Node {
    /// Does a command about calls; answers the call.
    pub(crate) fn hotline(&self, command: HotlineCommand) -> Result<Value, CaseError> {
        let id = match command {
            HotlineCommand::Ring(ring) => self.ring(&ring)?,
            HotlineCommand::Answered {
                thread,
                back,
                acting,
            } => self.pick_up(&thread, back, &acting)?,
            HotlineCommand::Redial { thread, to, acting } => {
                self.redial(&thread, to.as_deref(), &acting)?
            }
            HotlineCommand::Identify {
                thread,
                heard,
                acting,
            } => self.identify(&thread, &heard, &acting)?,
            HotlineCommand::Seal {
                thread,
                text,
                acting,
            } => self.seal_note(&thread, &text, &acting)?,
            HotlineCommand::Reveal { thread, acting } => {
                self.reveal_note(&thread, Some(&acting))?
            }
            HotlineCommand::Action {
                thread,
                action,
                acting,
            } => self.add_action(&thread, &action, &acting)?,
            HotlineCommand::FollowUp {
                thread,
                action,
                becomes,
                acting,
            } => self.follow_up(&thread, (action, &becomes), &acting)?,
        };
        self.thread_shown(&id)
    }

    fn ring(&self, ring: &Ring) -> Result<String, CaseError> {
        let party = party_name(&ring.party)?;
        let exercise = ring.exercise.as_deref();
        let exercise = exercise.map(|name| self.exercise_named(name)).transpose()?;
        let related: Vec<String> = ring
            .related
            .iter()
            .map(|name| self.thread_named(name))
            .collect::<Result<_, _>>()?;
        for name in &related {
            self.same_exercise(name, exercise)?;
        }
        let to = self.first_contact(&party, ring.contact.as_deref())?;
        let id = ThreadId::new(Subject::Call, new_uuid());
        let (code, name) = self.draw_words(id)?;
        let opening = Opening {
            subject: Subject::Call,
            party: ring.party.clone(),
            label: Tlp::parse(&ring.label).ok_or_else(|| CaseError::Label(ring.label.clone()))?,
            exercise,
        };
        let speech = Speech {
            event: "ring".to_owned(),
            content: json!({
                "to": to, "channel": ring.channel, "urgency": ring.urgency, "line": ring.line, "related": related,
                "test": ring.test, "code": code.to_string(),
            }),
            acting: ring.acting.clone(),
        };
        self.or_forget((id, &name), self.open_as(id, &opening, &speech).map(drop))?;
        Ok(id.to_string())
    }

    fn pick_up(&self, name: &str, back: bool, acting: &Acting) -> Result<String, CaseError> {
        let id = self.call_named(name)?;
        let (code, kept) = self.draw_words(id)?;
        let speech = Speech {
            event: if back { "call-back" } else { "answered" }.to_owned(),
            content: json!({ "name": acting.officer, "role": acting.role, "code": code.to_string() }),
            acting: acting.clone(),
        };
        self.or_forget((id, &kept), self.say(&id.to_string(), &speech).map(drop))?;
        Ok(id.to_string())
    }

    fn redial(&self, name: &str, to: Option<&str>, acting: &Acting) -> Result<String, CaseError> {
        let id = self.call_named(name)?.to_string();
        self.say_with(&id, |held| {
            let (rung, contact) = self.next_try(held)?;
            let to = to.map(ToOwned::to_owned).or(contact.as_ref().map(named));
            let (side, _) = self.side_of(held)?;
            // Where no try is possible at all, the machine says why.
            if to.is_none() && side == Side::Opener && held.row.state == State::Missed.word() {
                let reason = "the accord names nobody on this rung: say whom you ring with --to";
                return Err(CaseError::Hotline(reason.to_owned()));
            }
            Ok(Speech {
                event: "redial".to_owned(),
                content: json!({ "to": to.unwrap_or_default(), "rung": rung.word() }),
                acting: acting.clone(),
            })
        })?;
        Ok(id)
    }

    fn identify(&self, name: &str, said: &Heard, acting: &Acting) -> Result<String, CaseError> {
        let id = self.call_named(name)?;
        let held = self.thread_held(&id.to_string())?;
        let word = match said {
            Heard::Matched => "matched".to_owned(),
            Heard::Differs => "differs".to_owned(),
            Heard::Words(words) => {
                let words = heard(words).map_err(|what| {
                    CaseError::Hotline(format!(
                        "{what} is no code: a code is {CODE_BYTES} words of the list, {HEARD_BYTES_MAX} bytes at most"
                    ))
                })?;
                digest(id, &party_name(&held.row.party)?, &words).to_string()
            }
        };
        let speech = Speech {
            event: "identify".to_owned(),
            content: json!({ "heard": word }),
            acting: acting.clone(),
        };
        self.say(&id.to_string(), &speech)?;
        Ok(id.to_string())
    }

    fn add_action(
        &self,
        name: &str,
        agreed: &Agreed,
        acting: &Acting,
    ) -> Result<String, CaseError> {
        let id = self.call_named(name)?.to_string();
        let becomes = agreed.becomes.as_deref();
        let becomes = becomes.map(|name| self.thread_named(name)).transpose()?;
        self.say_with(&id, |held| {
            let mut actions = replayed(held)?.actions;
            if let Some(thread) = &becomes {
                self.same_exercise(thread, exercise_of(held))?;
            }
            actions.push(Action {
                text: agreed.text.clone(),
                owner: agreed.owner.clone(),
                due: agreed.due.clone(),
                thread: becomes.clone(),
            });
            Ok(Speech {
                event: "actions".to_owned(),
                content: json!({ "actions": actions }),
                acting: acting.clone(),
            })
        })?;
        Ok(id)
    }

    fn follow_up(
        &self,
        name: &str,
        (action, becomes): (u32, &str),
        acting: &Acting,
    ) -> Result<String, CaseError> {
        let id = self.call_named(name)?.to_string();
        let becomes = self.thread_named(becomes)?;
        self.say_with(&id, |held| {
            self.same_exercise(&becomes, exercise_of(held))?;
            Ok(Speech {
                event: "follow-up".to_owned(),
                content: json!({ "action": action, "thread": becomes }),
                acting: acting.clone(),
            })
        })?;
        Ok(id)
    }

    /// The rung on which the next try is made, and who stands on it.
    fn next_try(&self, held: &Held) -> Result<(Rung, Option<Contact>), CaseError> {
        let call = replayed(held)?;
        let now = self.clock().now();
        let rung = call.next_rung(now.div_euclid(1_000_000));
        let first = call.tries.first().map_or("", |first| first.to.as_str());
        let party = party_name(&held.row.party)?;
        let accord = self
            .inner
            .state
            .read(|tx| self.in_force(tx, party.as_str(), now))?;
        let Some(accord) = accord else {
            return Ok((rung, None));
        };
        let ladder = ladder(accord.content(), &party, moment(now)?);
        Ok((rung, on(&ladder, rung, first).cloned()))
    }

    /// Whom a call rings first: a contact of the accord by its role, a name as it is, or the first of the ladder.
    fn first_contact(&self, party: &PartyName, asked: Option<&str>) -> Result<String, CaseError> {
        let now = self.clock().now();
        let accord = self
            .inner
            .state
            .read(|tx| self.in_force(tx, party.as_str(), now))?;
        let accord = accord.ok_or_else(|| ExchangeError::NoAccord(party.to_string()))?;
        let ladder = ladder(accord.content(), party, moment(now)?);
        let found = match asked {
            None => ladder.first(),
            Some(asked) => ladder.iter().find(|one| {
                one.role.as_str() == asked
                    || one.name.as_deref() == Some(asked)
                    || named(one) == asked
            }),
        };
        let found = found.map(|one| named(one)).or(asked.map(ToOwned::to_owned));
        found.ok_or_else(|| {
            CaseError::Hotline(format!(
                "the accord names no point of contact of {party}: say whom you ring with --contact"
            ))
        })
    }

    /// What this party keeps of a call, for whoever sits at it.
    pub(crate) fn call_shown(&self, held: &Held, call: &Call) -> Result<Value, CaseError> {
        let (side, own) = self.side_of(held)?;
        let id = &held.row.id;
        let kept = |name: Option<String>| {
            let read = name.map(|name| self.inner.state.read(|tx| rows::kept(tx, id, &name)));
            read.transpose().map(Option::flatten)
        };
        let note = kept(own.seal.filter(|_| own.note.is_none()).map(note_name))?;
        let note = note.and_then(|text| serde_json::from_str::<Waiting>(&text).ok());
        let calls = side == Side::Opener && matches!(call.state, State::Rung | State::Missed);
        let home = Home {
            words: kept(own.code.map(code_name))?,
            note: note.map(|waiting| waiting.text),
            next: calls.then(|| self.next_try(held)).transpose()?,
        };
        let now = self.clock().now().div_euclid(1_000_000);
        Ok(document::of_call(
            call,
            &home,
            self.identity().party.as_str(),
            now,
        ))
    }

    pub(super) fn side_of(&self, held: &Held) -> Result<(Side, Account), CaseError> {
        let call = replayed(held)?;
        let side = call.opening.side(&party_name(&self.identity().party)?);
        Ok((side, call.account(side).clone()))
    }

    pub(super) fn call_named(&self, name: &str) -> Result<ThreadId, CaseError> {
        let id = self.thread_named_of(Subject::Call, name)?;
        ThreadId::parse(&id).ok_or(CaseError::Unknown(id))
    }

    /// Draws the words of this party's officer, keeps them, and says their digest and the name under which they are kept.
    fn draw_words(&self, id: ThreadId) -> Result<(Digest, String), CaseError> {
        let words = spoken(random_bytes::<CODE_BYTES>());
        let code = digest(id, &party_name(&self.identity().party)?, &words);
        let name = code_name(code);
        self.keep((id, &name), &words)?;
        Ok((code, name))
    }

    pub(super) fn keep(&self, (id, name): (ThreadId, &str), value: &str) -> Result<(), CaseError> {
        let now = self.clock().now();
        let id = id.to_string();
        Ok(self
            .inner
            .state
            .write(|tx| rows::keep(tx, (&id, name), value, now))?)
    }

    pub(super) fn forget(&self, (id, name): (ThreadId, &str)) -> Result<(), CaseError> {
        let id = id.to_string();
        Ok(self.inner.state.write(|tx| rows::forget(tx, &id, name))?)
    }

    /// What was kept for a message that was refused is kept no longer.
    pub(super) fn or_forget(
        &self,
        kept: (ThreadId, &str),
        said: Result<(), CaseError>,
    ) -> Result<(), CaseError> {
        if said.is_err() {
            self.forget(kept)?;
        }
        said
    }
}

fn replayed(held: &Held) -> Result<Call, CaseError> {
    Call::replay(&held.thread).ok_or_else(|| CaseError::Unknown(held.row.id.clone()))
}

pub(crate) fn exercise_of(held: &Held) -> Option<uuid::Uuid> {
    let exercise = held.row.exercise.as_deref()?;
    uuid::Uuid::parse_str(exercise).ok()
}

fn code_name(code: Digest) -> String {
    format!("code:{code}")
}

//! Checks of a point of contact: opening one, answering it as a person, trying another way, and what each came to.
//!
//! The number of a check reaches the other side with it; an answer repeats it and names who is there. The first digits of it are the
//! code that a person reads on the screen or hears on the telephone and types: a program that answers whatever comes knows none.
//!
//! In scope: the acts and what is shown. Out of scope: what counts (`comity_case::check`), when to check (`plan`).
//! Limits: [`CHECKS_MAX`].

use comity_accord::digest::Digest;
use comity_accord::party::PartyName;
use comity_accord::text::AccordText;
use comity_accord::text::commitment::{CommitmentKind, ParameterValue, Side as Promised};
use comity_case::check::{Channel, Check, State, answer_seconds};
use comity_case::history::stamp;
use comity_case::message::{Subject, ThreadId};
use comity_case::table::Word as _;
use comity_stix::marking::Tlp;
use comity_store::state::thread::Wanted;
use comity_store::state::{Tx, thread as rows};
use serde_json::{Value, json};

use crate::case::document::{put, record};
use crate::case::threads::{Acting, Speech, thread_of};
use crate::clock::{new_uuid, random_bytes};
use crate::contact::ContactError;
use crate::contact::candidate::hexadecimal;
use crate::contact::profile::name;
use crate::exchange::ExchangeError;
use crate::mail::MailError;
use crate::mail::out::OutError;
use crate::node::Node;

/// Checks that are looked at for a list, the newest first.
pub(crate) const CHECKS_MAX: u64 = 2_000;
/// Minutes to answer where no commitment says so, and for a test of the hotline: those of `contact-check`.
const ANSWER_MINUTES: u32 = 240;
const HOTLINE_MINUTES: u32 = 5;
/// Digits of a number.
const NONCE_DIGITS: usize = 32;
/// Digits of a number that a person types.
const CODE_DIGITS: usize = 8;
/// The ways in the order in which they are tried.
const LADDER: [(Channel, &str); 4] = [
    (Channel::Link, "link"),
    (Channel::Mail, "mail"),
    (Channel::Phone, "phone"),
    (Channel::Hotline, "hotline"),
];

/// A check to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ping {
    /// The contact: its role in the accord.
    pub(crate) contact: String,
    /// Minutes to answer; none: as agreed.
    pub(crate) minutes: Option<u32>,
    /// Whether it tests a hotline.
    pub(crate) hotline: bool,
    /// Whether nobody was told before.
    pub(crate) unannounced: bool,
    /// Its label.
    pub(crate) label: Tlp,
}

/// A check with its thread.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) id: String,
    pub(crate) check: Check,
}

impl Node {
    /// Opens a check.
    pub(crate) fn ping(
        &self,
        party: &str,
        ping: &Ping,
        acting: &Acting,
    ) -> Result<String, ContactError> {
        let party = name(party)?;
        let id = ThreadId::new(Subject::Check, new_uuid());
        let content = self.asked(&party, ping)?;
        let speech = Speech {
            event: "ping".to_owned(),
            content,
            acting: acting.clone(),
        };
        self.say_in(id, &party, ping.label, &speech)?;
        Ok(id.to_string())
    }

    /// Opens a check in the name of nobody but the node, as a thread that was planned.
    pub(crate) fn ping_by_node(
        &self,
        thread: &str,
        party: &PartyName,
        ping: &Ping,
    ) -> Result<(), ContactError> {
        let id = ThreadId::parse(thread).ok_or_else(|| unknown(thread))?;
        let content = self.asked(party, ping)?;
        self.say_by_node(id, party, ping.label, ("ping", content))?;
        Ok(())
    }

    /// What a check says; its contact must be one that the accord names.
    fn asked(&self, party: &PartyName, ping: &Ping) -> Result<Value, ContactError> {
        let now = self.clock().now();
        let accord = self
            .inner
            .state
            .read(|tx| self.in_force(tx, party.as_str(), now))?;
        let accord = accord.ok_or_else(|| ExchangeError::NoAccord(party.to_string()))?;
        let contacts = accord.content().contacts.iter();
        let of_party = contacts.filter(|one| one.party == *party);
        let mut known: Vec<&str> = of_party.map(|one| one.role.as_str()).collect();
        known.dedup();
        if !known.contains(&ping.contact.as_str()) {
            return Err(ContactError::UnknownContact {
                party: party.to_string(),
                contact: ping.contact.clone(),
                known: known.join(", "),
            });
        }
        let minutes = ping
            .minutes
            .unwrap_or_else(|| agreed_minutes(&accord, party, ping.hotline));
        Ok(json!({
            "contact": ping.contact, "nonce": hexadecimal(&random_bytes::<16>()), "unannounced": ping.unannounced,
            "hotline": ping.hotline, "verify": true, "due": self.in_minutes(minutes),
        }))
    }

    fn in_minutes(&self, minutes: u32) -> String {
        stamp(self.now_seconds() + i64::from(minutes) * 60)
    }

    /// Answers a check: the code must be that of its number, and a person says it.
    pub(crate) fn answer_check(
        &self,
        id: &str,
        (code, note): (&str, &str),
        acting: &Acting,
    ) -> Result<(), ContactError> {
        let held = self.check_named(id)?;
        let typed: String = code
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .collect();
        let typed = typed.to_ascii_lowercase();
        let nonce = &held.check.nonce;
        if typed.len() < CODE_DIGITS || !nonce.starts_with(&typed) {
            return Err(ContactError::Code);
        }
        let speech = Speech {
            event: "answer".to_owned(),
            content: json!({ "nonce": nonce, "note": note }),
            acting: acting.clone(),
        };
        self.say(&held.id, &speech)?;
        Ok(())
    }

    /// Takes words under a registered key of a party: whether they repeat the number of a check that waits for that party, which is then
    /// set down. `mail`: the digest of what came, and when, microseconds since 1970.
    pub(crate) fn check_heard(
        &self,
        party: &str,
        text: &str,
        (digest, received): (&Digest, i64),
    ) -> Result<Option<String>, ContactError> {
        let words: Vec<&str> = text
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| word.len() == NONCE_DIGITS)
            .collect();
        if words.is_empty() {
            return Ok(None);
        }
        let own = &self.identity().party;
        let all = self.inner.state.read(|tx| checks(tx, Some(party)))?;
        let asked = all.into_iter().find(|held| {
            let named = words
                .iter()
                .any(|word| word.eq_ignore_ascii_case(&held.check.nonce));
            named && held.check.opening.opener.as_str() == own
        });
        let Some(held) = asked else {
            return Ok(None);
        };
        let said = format!("the check {} was answered", held.id);
        if held.check.answered.is_some() {
            // Once more changes nothing.
            return Ok(Some(said));
        }
        let id = ThreadId::parse(&held.id).ok_or_else(|| unknown(&held.id))?;
        // Whole seconds of a mail that came in the second of the check lie before it.
        let at = received.div_euclid(1_000_000).max(held.check.sent.0);
        let content = json!({
            "nonce": held.check.nonce, "way": Channel::Mail, "at": stamp(at), "sha256": digest.to_string(),
        });
        let label = held.check.opening.label;
        self.say_by_node(id, &name(party)?, label, ("heard", content))?;
        Ok(Some(said))
    }

    /// Sets down that another way is tried, with a new time. Without one named, the next of the ladder. By mail the number goes to the
    /// point of contact, whose address is answered; none: somebody goes the way.
    pub(crate) fn escalate(
        &self,
        id: &str,
        (channel, minutes): (Option<&str>, Option<u32>),
        acting: &Acting,
    ) -> Result<Option<String>, ContactError> {
        let held = self.check_named(id)?;
        let channel = match channel {
            Some(word) => LADDER
                .iter()
                .find(|(_, known)| *known == word)
                .map(|(channel, _)| *channel)
                .ok_or_else(|| ContactError::Channel(word.to_owned()))?,
            None => next_way(&held.check),
        };
        let hotline = held.check.purpose.hotline;
        let minutes = minutes.unwrap_or(if hotline {
            HOTLINE_MINUTES
        } else {
            ANSWER_MINUTES
        });
        let due = self.now_seconds() + i64::from(minutes) * 60;
        let speech = Speech {
            event: "escalate".to_owned(),
            content: json!({ "channel": channel, "due": stamp(due) }),
            acting: acting.clone(),
        };
        let mailed = if channel == Channel::Mail {
            self.may_be_said(&held.id, &speech)?;
            self.mailed(&held, due, acting)?
        } else {
            None
        };
        self.say(&held.id, &speech)?;
        Ok(mailed)
    }

    /// Where the number of a check was mailed to; none where the contact has no address, which its officer may know another way.
    fn mailed(
        &self,
        held: &Held,
        due: i64,
        acting: &Acting,
    ) -> Result<Option<String>, ContactError> {
        match self.mail_check(held, due, &acting.officer) {
            Ok(to) => Ok(Some(to)),
            Err(MailError::Out(OutError::NoContact { .. } | OutError::NoAddress(_))) => Ok(None),
            Err(error) => Err(ContactError::Mail(Box::new(error))),
        }
    }

    /// The check of a name, or of the beginning of one.
    pub(crate) fn check_named(&self, given: &str) -> Result<Held, ContactError> {
        let what = "check";
        let prefix = format!("{what}--{}", given.strip_prefix("check--").unwrap_or(given));
        self.inner.state.read(|tx| {
            let found = if given.is_empty() || !given.is_ascii() {
                Vec::new()
            } else {
                rows::beginning(tx, &prefix)?
            };
            match found.as_slice() {
                [id] => read(tx, id)?.ok_or_else(|| unknown(given)),
                [] => Err(unknown(given)),
                _ => {
                    let name = given.to_owned();
                    Err(ContactError::Ambiguous { what, name })
                }
            }
        })
    }

    /// Checks as documents, the newest first.
    pub(crate) fn check_lines(
        &self,
        party: Option<&str>,
        open: bool,
    ) -> Result<Vec<Value>, ContactError> {
        let now = self.now_seconds();
        let all = self.inner.state.read(|tx| checks(tx, party))?;
        let own = &self.identity().party;
        let wanted = all
            .iter()
            .filter(|held| !open || held.check.answered.is_none());
        Ok(wanted.map(|held| document(held, own, now)).collect())
    }

    /// One check, with each step.
    pub(crate) fn check_shown(&self, id: &str) -> Result<Value, ContactError> {
        let held = self.check_named(id)?;
        let mut said = document(&held, &self.identity().party, self.now_seconds());
        put(&mut said, "steps", record::steps(&held.check.record));
        put(&mut said, "void", record::voided(&held.check.record));
        Ok(said)
    }
}

/// The newest checks, with every party or with one.
pub(crate) fn checks(tx: &mut dyn Tx, party: Option<&str>) -> Result<Vec<Held>, ContactError> {
    let wanted = Wanted {
        subject: Some("check".to_owned()),
        party: party.map(ToOwned::to_owned),
        exercise: None,
        owed: false,
        before: None,
        limit: CHECKS_MAX,
    };
    let mut all = Vec::new();
    for row in rows::list(tx, &wanted)? {
        all.extend(read(tx, &row.id)?);
    }
    Ok(all)
}

fn unknown(given: &str) -> ContactError {
    ContactError::Unknown {
        what: "check",
        name: given.to_owned(),
    }
}

fn read(tx: &mut dyn Tx, id: &str) -> Result<Option<Held>, ContactError> {
    let thread = thread_of(&rows::messages(tx, id)?)?;
    Ok(Check::replay(&thread).map(|check| Held {
        id: id.to_owned(),
        check,
    }))
}

/// Minutes that a party promised to answer within.
fn agreed_minutes(accord: &AccordText, by: &PartyName, hotline: bool) -> u32 {
    let (parameter, default) = if hotline {
        ("hotline_minutes", HOTLINE_MINUTES)
    } else {
        ("answer_minutes", ANSWER_MINUTES)
    };
    let promised = |side: &Promised| match side {
        Promised::Each => true,
        Promised::Party(party) => party == by,
    };
    let commitments = accord.content().commitments.iter();
    let minutes = commitments
        .filter(|one| one.kind == CommitmentKind::ContactCheck && promised(&one.by))
        .filter_map(|one| match one.parameters.get(parameter) {
            Some(ParameterValue::Number(minutes)) => Some(*minutes),
            Some(ParameterValue::Word(_)) | None => None,
        });
    minutes.min().unwrap_or(default)
}

/// The way after those that were tried; the last one stays.
fn next_way(check: &Check) -> Channel {
    let tried = check
        .escalated
        .last()
        .map_or(Channel::Link, |(_, channel)| *channel);
    let mut after = LADDER
        .iter()
        .skip_while(|(channel, _)| *channel != tried)
        .skip(1);
    after
        .next()
        .map_or(Channel::Hotline, |(channel, _)| *channel)
}

fn word(channel: Channel) -> &'static str {
    let found = LADDER.iter().find(|(each, _)| *each == channel);
    found.map_or("", |(_, word)| word)
}

fn document(held: &Held, own: &str, now: i64) -> Value {
    let check = &held.check;
    let ours = check.opening.responder.as_str() == own;
    let other = if ours {
        &check.opening.opener
    } else {
        &check.opening.responder
    };
    let state = check.state_at(now);
    let expired = state == State::Expired;
    let late = check
        .answered
        .as_ref()
        .is_some_and(|(at, _, _)| *at > check.due);
    let escalated = check
        .escalated
        .iter()
        .map(|(at, channel)| json!({ "at": stamp(*at), "channel": word(*channel) }));
    let code: String = check.nonce.chars().take(CODE_DIGITS).collect();
    json!({
        "id": held.id, "party": other.as_str(), "contact": check.contact, "ours": ours, "state": state.word(),
        "label": check.opening.label.to_string(), "sent": stamp(check.sent.0), "received": stamp(check.sent.1),
        "due": stamp(check.due), "code": code, "unannounced": check.purpose.unannounced, "hotline": check.purpose.hotline,
        "verifies": check.purpose.verify, "escalated": escalated.collect::<Vec<_>>(),
        "next_way": (expired && !ours).then(|| word(next_way(check))),
        "answered": check.answered.as_ref().map(|(at, _, _)| stamp(*at)),
        "answered_by": check.answered.as_ref().map(|(_, officer, _)| officer.clone()),
        "answer_seconds": answer_seconds(check), "late": late, "disputed": check.record.is_disputed(),
    })
}

/// A label from its word.
pub(crate) fn label(text: &str) -> Result<Tlp, ContactError> {
    let label = Tlp::parse(text);
    label.ok_or_else(|| crate::case::CaseError::Label(text.to_owned()).into())
}

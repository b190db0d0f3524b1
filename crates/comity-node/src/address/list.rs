//! Addresses as documents: ours and theirs, what is next for each, and every step.
//!
//! In scope: what is shown. Out of scope: words for people (the command line).
//! Limits: [`LIST_MAX`].

use comity_case::address::{Address, State, statement};
use comity_case::history::stamp;
use comity_case::table::Word as _;
use comity_mail::token::AddressId;
use comity_store::state::Tx;
use comity_store::state::address::{self as rows, AddressRow};
use comity_store::state::thread::{self as threads, Wanted};
use serde_json::{Value, json};

use super::AddressError;
use super::own::Named;
use super::promotion::challenge_document;
use crate::case::CaseError;
use crate::case::document::{put, record};
use crate::case::threads::thread_of;
use crate::node::Node;

/// Addresses in one list.
const LIST_MAX: u64 = 1_000;

impl Node {
    /// Addresses, ours and theirs, the newest change first.
    pub(crate) fn addresses(
        &self,
        party: Option<&str>,
        ours: Option<bool>,
    ) -> Result<Vec<Value>, AddressError> {
        self.inner.state.read(|tx| {
            let mut all = Vec::new();
            for row in threads::list(tx, &wanted(party))? {
                let thread = thread_of(&threads::messages(tx, &row.id)?)?;
                let Some(address) = Address::replay(&thread) else {
                    continue;
                };
                let given = rows::given_by(tx, &row.id)?;
                let waits = rows::asked_promotion(tx, &row.id)?.map(|waits| waits.asked_by);
                all.push(self.document(&row.id, &address, (&given, waits)));
            }
            let alone = rows::list(tx, party, false, LIST_MAX)?;
            let alone = alone.iter().filter(|row| row.given.is_none());
            all.extend(alone.map(|row| self.row_document(row)));
            let is_ours = |one: &Value| one.get("ours").and_then(Value::as_bool);
            all.retain(|one| ours.is_none() || is_ours(one) == ours);
            Ok(all)
        })
    }

    /// One address with each step.
    pub(crate) fn address_shown(&self, name: &str) -> Result<Value, AddressError> {
        let (said, more) = match self.address_named(name)? {
            Named::Row(row) => {
                let events = self
                    .inner
                    .state
                    .read(|tx| events_of(tx, &[(*row).clone()]))?;
                (
                    self.row_document(&row),
                    [
                        ("steps", json!([])),
                        ("void", json!([])),
                        ("events", events),
                    ],
                )
            }
            Named::Thread(id, address) => {
                let id = id.to_string();
                let (given, waits, events) = self.inner.state.read(|tx| {
                    let waits = rows::asked_promotion(tx, &id)?.map(|waits| waits.asked_by);
                    let given = rows::given_by(tx, &id)?;
                    let events = events_of(tx, &given)?;
                    Ok::<_, AddressError>((given, waits, events))
                })?;
                let mut said = self.document(&id, &address, (&given, waits));
                if address.promotion.is_some() {
                    let statement = statement_document(&address, self.promotion_signed(&address)?);
                    put(&mut said, "statement", statement);
                }
                let (steps, void) = (
                    record::steps(&address.record),
                    record::voided(&address.record),
                );
                (said, [("steps", steps), ("void", void), ("events", events)])
            }
        };
        let mut said = said;
        for (name, values) in more {
            put(&mut said, name, values);
        }
        Ok(said)
    }

    /// The thread that names an address, among those that others gave too.
    pub(super) fn thread_naming(&self, address: &str) -> Result<Option<String>, AddressError> {
        self.inner.state.read(|tx| {
            for row in threads::list(tx, &wanted(None))? {
                let thread = thread_of(&threads::messages(tx, &row.id)?)?;
                let names = Address::replay(&thread).is_some_and(|found| {
                    let aliases = found.aliases.iter().map(|alias| alias.address.as_str());
                    let mut all = aliases.chain([found.address.as_str()]);
                    all.any(|one| one.eq_ignore_ascii_case(address))
                });
                if names {
                    return Ok(Some(row.id));
                }
            }
            Ok(None)
        })
    }

    /// The addresses that the two parties gave each other and that hold now, for points of contact: ours, then theirs.
    pub(crate) fn designated(
        &self,
        tx: &mut dyn Tx,
        party: &str,
    ) -> Result<[Vec<Value>; 2], CaseError> {
        let now = self.now_seconds();
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for row in threads::list(tx, &wanted(Some(party)))? {
            let thread = thread_of(&threads::messages(tx, &row.id)?)?;
            let Some(address) = Address::replay(&thread) else {
                continue;
            };
            let state = address.state_at(now);
            if !is_taken(state) {
                continue;
            }
            let standing = if state == State::Permanent {
                State::Permanent
            } else {
                State::Temporary
            };
            let own = address.opening.opener.as_str() == self.identity().party;
            let side = if own { &mut ours } else { &mut theirs };
            side.push(json!({
                "purpose": address.purpose, "address": address.address, "standing": standing.word(),
                "until": address.expires.map(stamp),
            }));
        }
        Ok([ours, theirs])
    }

    fn document(
        &self,
        id: &str,
        address: &Address,
        (given, waits): (&[AddressRow], Option<String>),
    ) -> Value {
        let now = self.now_seconds();
        let ours = address.opening.opener.as_str() == self.identity().party;
        let other = if ours {
            &address.opening.responder
        } else {
            &address.opening.opener
        };
        let state = address.state_at(now);
        let mails = |text: &str| {
            given
                .iter()
                .find(|row| row.address == text)
                .map(|row| row.uses)
        };
        let aliases = address.aliases_at(now).map(
            |alias| json!({ "address": alias.address, "until": stamp(alias.until), "uses": mails(&alias.address) }),
        );
        let uses = mails(&address.address);
        let spent = uses
            .zip(address.uses)
            .is_some_and(|(used, most)| used >= u64::from(most));
        let promotion = address.promotion.as_ref().map(|one| {
            json!({
                "permanent": one.address, "promoted": stamp(one.at), "persons": one.persons,
                "confirmed": one.confirmed.as_ref().map(|(at, _, _)| stamp(*at)),
                "confirmed_by": one.confirmed.as_ref().map(|(_, by, _)| by.clone()),
            })
        });
        json!({
            "id": id, "ours": ours, "party": other.as_str(), "purpose": address.purpose, "address": address.address,
            "state": state.word(), "taken": is_taken(state) && !spent, "expires": address.expires.map(stamp),
            "uses": uses, "uses_allowed": address.uses, "about": address.about, "remark": address.remark,
            "aliases": aliases.collect::<Vec<_>>(), "told": true,
            "challenge": address.challenge.as_ref().map(challenge_document),
            "answered": address.answer.as_ref().map(|answer| stamp(answer.at)),
            "answered_by": address.answer.as_ref().map(|answer| answer.officer.clone()),
            "promotion": promotion, "waits_for_second": waits.is_some(), "asked_by": waits,
            "revoked": address.revoked.as_ref().map(|(at, _)| stamp(*at)),
            "reason": address.revoked.as_ref().map(|(_, reason)| reason.clone()),
            "label": address.opening.label.to_string(), "disputed": address.record.is_disputed(),
            "next": next(state, ours),
        })
    }

    fn row_document(&self, row: &AddressRow) -> Value {
        let ended = row.expires.is_some_and(|until| until < self.now_seconds());
        let state = match row.standing.as_str() {
            "temporary" if ended => "expired",
            standing => standing,
        };
        let spent = row.uses_allowed.is_some_and(|most| row.uses >= most);
        let number = AddressId::of(&row.id).map(|id| id.to_string());
        json!({
            "id": number, "ours": true, "party": row.party, "purpose": row.purpose, "address": row.address, "state": state,
            "taken": state == "temporary" && !spent, "expires": row.expires.map(stamp), "uses": row.uses,
            "uses_allowed": row.uses_allowed, "about": Some(&row.thread).filter(|about| !about.is_empty()),
            "remark": row.remark, "aliases": [], "told": false,
            "next": (state == "temporary").then_some("tell"),
        })
    }
}

/// Puts something into a document.
/// What happened to own addresses, the oldest first for each.
fn events_of(tx: &mut dyn Tx, given: &[AddressRow]) -> Result<Value, AddressError> {
    let mut all = Vec::new();
    for row in given {
        let events = rows::events(tx, &row.id)?;
        all.extend(events.iter().map(|one| {
            json!({
                "address": row.address, "at": stamp(one.at), "officer": one.officer, "event": one.event, "detail": one.detail,
            })
        }));
    }
    Ok(all.into())
}

fn wanted(party: Option<&str>) -> Wanted {
    Wanted {
        subject: Some("address".to_owned()),
        party: party.map(ToOwned::to_owned),
        exercise: None,
        owed: false,
        before: None,
        limit: LIST_MAX,
    }
}

/// Whether mail to an address is taken in this state.
const fn is_taken(state: State) -> bool {
    match state {
        State::Temporary
        | State::Challenged
        | State::Answered
        | State::Proposed
        | State::Permanent => true,
        State::Expired | State::Revoked => false,
    }
}

/// What is next, as the verb of the command line, where this side is to do it.
fn next(state: State, ours: bool) -> Option<&'static str> {
    match (state, ours) {
        (State::Temporary, true) => Some("promote"),
        (State::Answered, true) => Some("approve"),
        (State::Expired, true) => Some("renew"),
        (State::Challenged, false) => Some("answer"),
        (State::Proposed, false) => Some("confirm"),
        (
            State::Temporary
            | State::Challenged
            | State::Answered
            | State::Proposed
            | State::Permanent
            | State::Expired
            | State::Revoked,
            _,
        ) => None,
    }
}

/// The statement of a promotion with its signatures, and whose were found good.
fn statement_document(address: &Address, [by_owner, by_other]: [bool; 2]) -> Value {
    let promotion = address.promotion.as_ref();
    let owner = promotion.map(|one| one.note.clone());
    let other = promotion.and_then(|one| one.confirmed.as_ref().map(|(_, _, note)| note.clone()));
    let joined = owner.as_deref().zip(other.as_deref());
    let note = joined
        .and_then(|(one, two)| statement::joined(one, two))
        .or(owner);
    json!({ "note": note, "signed_by_owner": by_owner, "signed_by_other": by_other })
}

//! Own addresses: making, giving, renewing and revoking them.
//!
//! In scope: the acts of the owner that need no second person. Out of scope: promotion, what rows follow from (`follow`).

use comity_case::address::{Address, State};
use comity_case::history::stamp;
use comity_case::message::{Subject, ThreadId};
use comity_case::table::Word as _;
use comity_mail::token::{self, AddressId, Bound, NO_LAST_DAY, Purpose, Token};
use comity_stix::marking::Tlp;
use comity_store::error::StoreError;
use comity_store::state::address::{self as rows, AddressRow};
use comity_store::state::{Tx, party, thread as threads};
use serde_json::json;

use super::{AddressError, DAYS_MAX, MailTerms};
use crate::case::threads::{Acting, Speech, thread_of};
use crate::clock::{new_uuid, random_bytes};
use crate::contact::profile_name;
use crate::exchange::ExchangeError;
use crate::node::Node;

const DAY: i64 = 86_400;
/// How often a number is drawn before it is free: of 2^40 numbers a second draw is rare, a third never happens.
const DRAWS_MAX: usize = 8;

/// What an address is to be bound to.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) purpose: Purpose,
    pub(crate) party: String,
    /// The thread that it is about.
    pub(crate) about: Option<String>,
    /// Until when, seconds since 1970; none: for good.
    pub(crate) expires: Option<i64>,
}

/// An address that was made and stands nowhere yet.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) id: AddressId,
    pub(crate) address: String,
    pub(crate) domain: String,
}

/// How an address is to be given.
#[derive(Clone, Debug)]
pub(crate) struct Giving {
    /// What it is for.
    pub(crate) draft: Draft,
    /// How many mails it takes.
    pub(crate) uses: Option<u32>,
    /// For the other party.
    pub(crate) remark: String,
    /// The label of the messages about it.
    pub(crate) label: Tlp,
    /// Whether the party is told another way.
    pub(crate) untold: bool,
}

/// A row to be recorded for an address that no thread gave.
pub(super) struct NewAddress<'a> {
    pub(super) made: &'a Made,
    pub(super) draft: &'a Draft,
    pub(super) uses: Option<u32>,
    pub(super) reference: Option<&'a str>,
    pub(super) remark: &'a str,
    pub(super) officer: &'a str,
}

impl NewAddress<'_> {
    pub(super) fn record(&self, tx: &mut dyn Tx, now: i64) -> Result<(), AddressError> {
        let draft = self.draft;
        party::find(tx, &draft.party)?
            .ok_or_else(|| ExchangeError::UnknownParty(draft.party.clone()))?;
        let row = AddressRow {
            id: self.made.id.as_bytes().to_vec(),
            address: self.made.address.clone(),
            purpose: draft.purpose.word().to_owned(),
            party: draft.party.clone(),
            domain: self.made.domain.clone(),
            thread: draft.about.clone().unwrap_or_default(),
            standing: State::Temporary.word().to_owned(),
            expires: draft.expires,
            uses_allowed: self.uses.map(u64::from),
            uses: 0,
            given: None,
            replaced_by: None,
            reference: self.reference.map(ToOwned::to_owned),
            remark: self.remark.to_owned(),
            officer: self.officer.to_owned(),
            created: now,
            changed: now,
        };
        if !rows::add(tx, &row)? {
            return Err(AddressError::Ambiguous(row.address));
        }
        rows::add_event(tx, &row.id, (now, self.officer), ("created", ""))?;
        Ok(())
    }
}

/// What a name stands for.
#[derive(Clone, Debug)]
pub(crate) enum Named {
    /// A thread that gave an address.
    Thread(ThreadId, Box<Address>),
    /// A row alone.
    Row(Box<AddressRow>),
}

impl Node {
    /// The part of addresses that is this node's.
    pub fn mail_terms(&self) -> &MailTerms {
        let default = || MailTerms::of_domain(&self.identity().domain);
        self.inner.mail_terms.get_or_init(default)
    }

    /// Takes the terms of the settings, before the first address is made or asked for; later ones change nothing.
    pub fn use_mail_terms(&self, terms: MailTerms) {
        let _ = self.inner.mail_terms.set(terms);
    }

    /// A time so many days ahead, seconds since 1970.
    pub(crate) fn in_days(&self, days: u32) -> Result<i64, AddressError> {
        if !(1..=DAYS_MAX).contains(&days) {
            return Err(AddressError::Days);
        }
        Ok(self.now_seconds() + i64::from(days) * DAY)
    }

    /// Draws a number that no address had, and makes the address of it. It is valid once its row stands.
    pub(crate) fn make_address(&self, draft: &Draft) -> Result<Made, AddressError> {
        self.inner.state.read(|tx| self.make_address_in(tx, draft))
    }

    /// The same in a transaction.
    pub(super) fn make_address_in(
        &self,
        tx: &mut dyn Tx,
        draft: &Draft,
    ) -> Result<Made, AddressError> {
        let terms = self.mail_terms();
        let about = draft.about.as_deref().unwrap_or_default();
        let bound = Bound::new(draft.purpose, &draft.party, &terms.domain, about);
        let bound = bound.ok_or_else(|| AddressError::Bound(about.to_owned()))?;
        let last_day = draft.expires.map_or(NO_LAST_DAY, |at| {
            u16::try_from(at.div_euclid(DAY)).unwrap_or(NO_LAST_DAY)
        });
        let id = free_number(tx)?;
        let keys = self.inner.address_keys.now();
        let token = Token::make(&keys, id, last_day, &bound);
        let local = token::local_part(draft.purpose, terms.separator, &token);
        Ok(Made {
            id,
            address: format!("{local}@{}", terms.domain),
            domain: terms.domain.clone(),
        })
    }

    /// Makes an address and gives it to its party; answers the name by which it is found.
    pub(crate) fn give_address(
        &self,
        giving: &Giving,
        acting: &Acting,
    ) -> Result<String, AddressError> {
        let party = profile_name(&giving.draft.party)?;
        let mut giving = giving.clone();
        if let Some(about) = giving.draft.about.take() {
            giving.draft.about = Some(self.thread_named(&about)?);
        }
        let draft = &giving.draft;
        let made = self.make_address(draft)?;
        if giving.untold {
            let new = NewAddress {
                made: &made,
                draft,
                uses: giving.uses,
                reference: None,
                remark: &giving.remark,
                officer: &acting.officer,
            };
            let now = self.now_seconds();
            self.inner.state.write(|tx| new.record(tx, now))?;
            return Ok(made.id.to_string());
        }
        let id = ThreadId::new(Subject::Address, new_uuid());
        let speech = Speech {
            event: "give".to_owned(),
            content: json!({
                "address": made.address, "purpose": draft.purpose.word(), "expires": stamp(draft.expires.unwrap_or_default()),
                "uses": giving.uses, "about": draft.about, "remark": giving.remark,
            }),
            acting: acting.clone(),
        };
        self.say_in(id, &party, giving.label, &speech)?;
        Ok(id.to_string())
    }

    /// Gives an address by the node link that the party was told another way.
    pub(crate) fn tell_address(
        &self,
        name: &str,
        label: Tlp,
        acting: &Acting,
    ) -> Result<String, AddressError> {
        let row = match self.address_named(name)? {
            Named::Row(row) => row,
            Named::Thread(id, _) => return Err(AddressError::Told(id.to_string())),
        };
        let party = profile_name(&row.party)?;
        let expires = row.expires.filter(|at| *at > self.now_seconds());
        let (Some(expires), "temporary") = (expires, row.standing.as_str()) else {
            let state = if row.standing == "temporary" {
                "expired"
            } else {
                "revoked"
            };
            return Err(AddressError::State { state, act: "tell" });
        };
        let id = ThreadId::new(Subject::Address, new_uuid());
        let about = Some(&row.thread).filter(|thread| !thread.is_empty());
        let speech = Speech {
            event: "give".to_owned(),
            content: json!({
                "address": row.address, "purpose": row.purpose, "expires": stamp(expires), "uses": row.uses_allowed,
                "about": about, "remark": row.remark,
            }),
            acting: acting.clone(),
        };
        self.say_in(id, &party, label, &speech)?;
        Ok(id.to_string())
    }

    /// Gives another temporary address in the place of one.
    pub(crate) fn renew_address(
        &self,
        name: &str,
        (days, uses): (u32, Option<u32>),
        acting: &Acting,
    ) -> Result<String, AddressError> {
        let (id, address) = self.own_address(name, "renew")?;
        let state = address.state_at(self.now_seconds());
        if matches!(state, State::Permanent | State::Revoked) {
            let state = state.word();
            return Err(AddressError::State {
                state,
                act: "renew",
            });
        }
        let draft = Draft {
            expires: Some(self.in_days(days)?),
            ..draft_of(&address)?
        };
        let made = self.make_address(&draft)?;
        let content = json!({
            "address": made.address, "expires": stamp(draft.expires.unwrap_or_default()), "uses": uses,
        });
        self.speak(&id, "renew", content, acting)?;
        Ok(id)
    }

    /// Ends an address and its aliases at once.
    pub(crate) fn revoke_address(
        &self,
        name: &str,
        reason: &str,
        acting: &Acting,
    ) -> Result<String, AddressError> {
        let mut row = match self.address_named(name)? {
            Named::Row(row) => *row,
            Named::Thread(id, _) => {
                let id = id.to_string();
                self.own_address(&id, "revoke")?;
                self.speak(&id, "revoke", json!({ "reason": reason }), acting)?;
                return Ok(id);
            }
        };
        if row.standing == "revoked" {
            let state = "revoked";
            return Err(AddressError::State {
                state,
                act: "revoke",
            });
        }
        "revoked".clone_into(&mut row.standing);
        row.changed = self.now_seconds();
        let by = (row.changed, acting.officer.as_str());
        self.inner.state.write(|tx| {
            rows::change(tx, &row)?;
            rows::add_event(tx, &row.id, by, ("revoked", reason))
        })?;
        Ok(name.to_owned())
    }

    /// The address of a name: that of its thread or a beginning of it, its number, or the address itself.
    pub(crate) fn address_named(&self, name: &str) -> Result<Named, AddressError> {
        let is_address = name.contains('@');
        let number = if is_address {
            AddressId::of_address(name)
        } else {
            AddressId::parse(name).filter(|id| *id != AddressId::DECOY)
        };
        let row = match number {
            Some(id) => self.inner.state.read(|tx| rows::find(tx, id.as_bytes()))?,
            None => None,
        };
        // Of a row that a thread gave, the thread says more; one that was found by its text must be that text.
        let row = row.filter(|row| !is_address || row.address.eq_ignore_ascii_case(name));
        let id = match row {
            Some(row) => match row.given.clone() {
                Some(given) => given,
                None => return Ok(Named::Row(Box::new(row))),
            },
            None if is_address => {
                let named = self.thread_naming(name)?;
                named.ok_or_else(|| AddressError::Unknown(name.to_owned()))?
            }
            None => self.thread_named_of(Subject::Address, name)?,
        };
        let address = self.address_of(&id)?;
        let unknown = || AddressError::Unknown(name.to_owned());
        let id = ThreadId::parse(&id).ok_or_else(unknown)?;
        Ok(Named::Thread(id, Box::new(address.ok_or_else(unknown)?)))
    }

    /// What a thread stands at.
    pub(crate) fn address_of(&self, thread: &str) -> Result<Option<Address>, AddressError> {
        let found = self
            .inner
            .state
            .read(|tx| thread_of(&threads::messages(tx, thread)?))?;
        Ok(Address::replay(&found))
    }

    /// An address that this party gave, with its thread.
    pub(super) fn own_address(
        &self,
        name: &str,
        act: &'static str,
    ) -> Result<(String, Address), AddressError> {
        match self.address_named(name)? {
            Named::Row(row) => Err(AddressError::Untold(row.address)),
            Named::Thread(_, address)
                if address.opening.opener.as_str() != self.identity().party =>
            {
                let owner = address.opening.opener.to_string();
                Err(AddressError::NotOurs { owner, act })
            }
            Named::Thread(id, address) => Ok((id.to_string(), *address)),
        }
    }

    /// An address that another party gave, with its thread.
    pub(super) fn their_address(
        &self,
        name: &str,
        act: &'static str,
    ) -> Result<(String, Address), AddressError> {
        match self.address_named(name)? {
            Named::Row(row) => Err(AddressError::Untold(row.address)),
            Named::Thread(_, address)
                if address.opening.opener.as_str() == self.identity().party =>
            {
                let party = address.opening.responder.to_string();
                Err(AddressError::Ours { party, act })
            }
            Named::Thread(id, address) => Ok((id.to_string(), *address)),
        }
    }
}

/// A number that no address had.
fn free_number(tx: &mut dyn Tx) -> Result<AddressId, StoreError> {
    for _ in 0..DRAWS_MAX {
        let id = AddressId::new(random_bytes());
        if id != AddressId::DECOY && rows::find(tx, id.as_bytes())?.is_none() {
            return Ok(id);
        }
    }
    Err(StoreError::Row {
        table: "mail_address",
        what: "no number is free".to_owned(),
    })
}

/// What an address is bound to, for one that follows it; it does not end.
pub(super) fn draft_of(address: &Address) -> Result<Draft, AddressError> {
    let purpose = Purpose::parse(&address.purpose);
    Ok(Draft {
        purpose: purpose.ok_or_else(|| AddressError::Purpose(address.purpose.clone()))?,
        party: address.opening.responder.to_string(),
        about: address.about.clone(),
        expires: None,
    })
}

//! Rows that follow a thread: whatever an own thread says of addresses holds for mail from the same transaction on.
//!
//! In scope: deriving rows. Out of scope: saying it (`own`, `promotion`), reading rows (`recipient`).

use comity_accord::party::PartyName;
use comity_case::address::{Address, State};
use comity_case::table::Word as _;
use comity_case::thread::Thread;
use comity_mail::token::AddressId;
use comity_store::state::Tx;
use comity_store::state::address::{self as rows, AddressRow};

use crate::case::CaseError;
use crate::node::Node;

/// What a thread says of one address.
struct Said<'a> {
    address: &'a str,
    standing: &'static str,
    expires: Option<i64>,
    uses: Option<u32>,
    replaced_by: Option<&'a str>,
}

impl Node {
    /// Brings the rows of an own thread up to date. What the other party's threads say is theirs to keep.
    pub(crate) fn follow_given(
        &self,
        tx: &mut dyn Tx,
        (id, thread): (&str, &Thread),
        party: &PartyName,
        now: i64,
    ) -> Result<(), CaseError> {
        let Some(address) = Address::replay(thread) else {
            return Ok(());
        };
        if address.opening.opener.as_str() != self.identity().party
            || address.opening.responder != *party
        {
            return Ok(());
        }
        let now = now.div_euclid(1_000_000);
        let newest = address.record.steps.last();
        let (officer, event) = newest.map_or(("", ""), |step| (step.officer.as_str(), step.event));
        for said in said(&address) {
            let Some(number) = AddressId::of_address(said.address) else {
                continue;
            };
            let known = rows::find(tx, number.as_bytes())?;
            let is_new = known.is_none();
            let before = known.unwrap_or_else(|| row_of(&address, (number, &said), officer, now));
            let mut row = before.clone();
            said.standing.clone_into(&mut row.standing);
            (row.expires, row.uses_allowed) = (said.expires, said.uses.map(u64::from));
            row.given = Some(id.to_owned());
            let by = said.replaced_by.and_then(AddressId::of_address);
            row.replaced_by = by.map(|by| by.as_bytes().to_vec());
            if is_new {
                rows::add(tx, &row)?;
            } else if row != before {
                row.changed = now;
                rows::change(tx, &row)?;
            } else {
                continue;
            }
            rows::add_event(tx, &row.id, (now, officer), (event, said.standing))?;
        }
        // Whoever waited to approve has done so, or has nothing left to approve.
        if matches!(event, "promote" | "renew" | "revoke") {
            rows::settle_promotion(tx, id)?;
        }
        // A permanent address that was not confirmed is never used for anything else.
        let open = address.promotion.as_ref().map(|open| &open.address);
        for mut row in rows::given_by(tx, id)? {
            if row.standing == State::Proposed.word() && open != Some(&row.address) {
                State::Revoked.word().clone_into(&mut row.standing);
                row.changed = now;
                rows::change(tx, &row)?;
                rows::add_event(tx, &row.id, (now, officer), (event, "revoked"))?;
            }
        }
        Ok(())
    }
}

fn row_of(
    address: &Address,
    (number, said): (AddressId, &Said<'_>),
    officer: &str,
    now: i64,
) -> AddressRow {
    let domain = said
        .address
        .split_once('@')
        .map_or("", |(_, domain)| domain);
    AddressRow {
        id: number.as_bytes().to_vec(),
        address: said.address.to_owned(),
        purpose: address.purpose.clone(),
        party: address.opening.responder.to_string(),
        domain: domain.to_owned(),
        thread: address.about.clone().unwrap_or_default(),
        standing: said.standing.to_owned(),
        expires: said.expires,
        uses_allowed: None,
        uses: 0,
        given: None,
        replaced_by: None,
        reference: None,
        remark: address.remark.clone(),
        officer: officer.to_owned(),
        created: now,
        changed: now,
    }
}

/// Every address that a thread names, with how it stands. The date, not the row, says what expired.
fn said(address: &Address) -> Vec<Said<'_>> {
    let revoked = address.state == State::Revoked;
    let word = |word: &'static str| if revoked { State::Revoked.word() } else { word };
    let in_force = match address.state {
        State::Permanent => State::Permanent.word(),
        State::Temporary
        | State::Challenged
        | State::Answered
        | State::Proposed
        | State::Expired => State::Temporary.word(),
        State::Revoked => State::Revoked.word(),
    };
    let successors = address
        .aliases
        .iter()
        .skip(1)
        .map(|alias| alias.address.as_str())
        .chain([address.address.as_str()]);
    let mut all: Vec<Said<'_>> = address
        .aliases
        .iter()
        .zip(successors)
        .map(|(alias, next)| Said {
            address: &alias.address,
            standing: word("alias"),
            expires: Some(alias.until),
            uses: None,
            replaced_by: Some(next),
        })
        .collect();
    all.push(Said {
        address: &address.address,
        standing: in_force,
        expires: address.expires,
        uses: address.uses,
        replaced_by: None,
    });
    let proposed = address.promotion.as_ref();
    if let Some(promotion) = proposed.filter(|promotion| promotion.confirmed.is_none()) {
        all.push(Said {
            address: &promotion.address,
            standing: word(State::Proposed.word()),
            expires: None,
            uses: None,
            replaced_by: None,
        });
    }
    all
}

//! What the receiving server and the intake ask: is mail to this local part taken, and did this mail come before.
//!
//! A stranger who tries local parts learns nothing from words or time: every question reads one row that is there and asks
//! for one that is not, makes one MAC over as many bytes, and weighs all reasons together, whichever of them is the reason.
//!
//! In scope: the answers, and addresses for single messages. Out of scope: limits on how often somebody asks
//! (`comity-transport`), what becomes of a mail.

use comity_mail::token::{self, AddressId, Bound, Known, MacKeys, Purpose};
use comity_store::error::StoreError;
use comity_store::state::Tx;
use comity_store::state::address::{self as rows, AddressRow, Mark};
use subtle::Choice;

use super::AddressError;
use super::own::{Draft, NewAddress};
use crate::node::Node;

/// How an address stands to which mail is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Until its date.
    Temporary,
    /// For good.
    Permanent,
    /// It was replaced, and is taken for a while.
    Alias,
}

impl Standing {
    fn of(word: &str) -> Option<Self> {
        match word {
            "temporary" => Some(Self::Temporary),
            "permanent" => Some(Self::Permanent),
            "alias" => Some(Self::Alias),
            _ => None,
        }
    }
}

/// An address to which mail is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Its number.
    pub id: AddressId,
    /// The address as it was given.
    pub address: String,
    /// What it is for.
    pub purpose: Purpose,
    /// The party that it is for.
    pub party: String,
    /// The thread that it is about.
    pub thread: Option<String>,
    /// How it stands.
    pub standing: Standing,
    /// The thread by which it was given to the party.
    pub given: Option<String>,
    /// What it answers, where it is for one message.
    pub reference: Option<String>,
}

/// Whether a mail came before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It is the first of its kind.
    Fresh,
    /// It came before, and has no second effect.
    Duplicate,
}

impl Node {
    /// Whether mail to this local part at this domain is taken at a time, seconds since 1970, and for what. The time that it takes
    /// does not depend on why it is not.
    pub fn mail_recipient(
        &self,
        local: &str,
        domain: &str,
        now: i64,
    ) -> Result<Option<Recipient>, AddressError> {
        let keys = self.inner.address_keys.now();
        let found = self
            .inner
            .state
            .read(|tx| look_up(tx, &keys, (local, domain), now))?;
        Ok(found)
    }

    /// Whether a mail came to an address before, kept for the address's life: `signature` is the digest of its signatures, empty
    /// where it has none, `body` that of its body.
    pub fn mail_seen(
        &self,
        id: AddressId,
        message_id: &str,
        signature: &[u8],
        body: &[u8; 32],
    ) -> Result<Seen, AddressError> {
        let now = self.now_seconds();
        let mark = Mark {
            message_id,
            signature,
            body,
        };
        let fresh = self
            .inner
            .state
            .write(|tx| rows::see(tx, id.as_bytes(), &mark, now))?;
        Ok(if fresh { Seen::Fresh } else { Seen::Duplicate })
    }

    /// Makes the address for answers to one message to a party, and for its bounces: Reply-To and envelope sender. `thread` is what
    /// the message is about, `reference` what the answer is found by.
    pub fn reply_address(
        &self,
        party: &str,
        thread: Option<&str>,
        reference: &str,
        days: u32,
    ) -> Result<String, AddressError> {
        let what = (thread, reference);
        self.inner
            .state
            .write(|tx| self.reply_address_in(tx, party, what, days))
    }

    /// The same in the transaction that writes the message: its thread, and what the answer is found by.
    pub(crate) fn reply_address_in(
        &self,
        tx: &mut dyn Tx,
        party: &str,
        (thread, reference): (Option<&str>, &str),
        days: u32,
    ) -> Result<String, AddressError> {
        let draft = Draft {
            purpose: Purpose::Reply,
            party: party.to_owned(),
            about: thread.map(ToOwned::to_owned),
            expires: Some(self.in_days(days)?),
        };
        let made = self.make_address_in(tx, &draft)?;
        let new = NewAddress {
            made: &made,
            draft: &draft,
            uses: None,
            reference: Some(reference),
            remark: "",
            officer: "node",
        };
        new.record(tx, self.now_seconds())?;
        Ok(made.address)
    }
}

/// Whether mail to a local part of a domain is taken: an address keeps the domain for which it was made.
pub(crate) fn look_up(
    tx: &mut dyn Tx,
    keys: &MacKeys,
    (local, domain): (&str, &str),
    now: i64,
) -> Result<Option<Recipient>, StoreError> {
    let read = token::read(local);
    let wanted = read.token.id();
    let first = rows::find(tx, wanted.as_bytes())?;
    // One hit and one miss, whatever was asked for: the decoy is there, the other number is not.
    let second = if first.is_some() {
        wanted.other()
    } else {
        AddressId::DECOY
    };
    let second = rows::find(tx, second.as_bytes())?;
    let Some(row) = first.or(second) else {
        // Somebody removed the decoy: nothing is taken before it is back.
        return Err(StoreError::Row {
            table: "mail_address",
            what: "the row that is no address is missing".to_owned(),
        });
    };
    let purpose = Purpose::parse(&row.purpose).unwrap_or(Purpose::Contact);
    let bound = Bound::new(purpose, &row.party, &row.domain, &row.thread);
    let fits = Choice::from(u8::from(bound.is_some()));
    let bound = bound.or_else(|| Bound::new(purpose, "", "", ""));
    let Some(bound) = bound else {
        return Ok(None);
    };
    let here = domain.eq_ignore_ascii_case(&row.domain);
    let known = Known {
        bound,
        id: AddressId::of(&row.id).unwrap_or(AddressId::DECOY),
        in_force: fits & Choice::from(u8::from(in_force(&row, now) & here)),
    };
    let accepted = token::accepts(keys, &read, &known);
    Ok(taken(row, purpose, accepted))
}

/// Every condition is looked at, whatever the others say.
fn in_force(row: &AddressRow, now: i64) -> bool {
    let stands = Standing::of(&row.standing).is_some();
    let in_time = row.expires.unwrap_or(i64::MAX) >= now;
    let left = row.uses < row.uses_allowed.unwrap_or(u64::MAX);
    stands & in_time & left
}

fn taken(row: AddressRow, purpose: Purpose, accepted: bool) -> Option<Recipient> {
    let standing = Standing::of(&row.standing).filter(|_| accepted)?;
    Some(Recipient {
        id: AddressId::of(&row.id)?,
        address: row.address,
        purpose,
        party: row.party,
        thread: Some(row.thread).filter(|thread| !thread.is_empty()),
        standing,
        given: row.given,
        reference: row.reference,
    })
}

//! The node's own card: who it is and by which keys it speaks, signed with the root key.
//!
//! In scope: making the first card and each that follows, and keeping the newest. Out of scope: others' cards (`peer`), the
//! form of a card (`comity-accord`).

use comity_accord::card::{Card, CardError, PublicKey, SignedCard, UnsignedCard, root_hash};
use comity_accord::party::{Domain, Origin, PartyError, PartyName};
use comity_stix::timestamp::Timestamp;
use comity_store::state::{Tx, ledger, meta, party};

use crate::link::log::origin_of;
use crate::link::{Link, LinkError};

/// Where the newest own card is kept.
pub(crate) const CARD: &str = "card";

/// What a card says besides keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardFacts {
    /// Where the node link answers; none without an inbound port.
    pub links: Vec<String>,
    /// Telephone numbers of the hotline.
    pub hotlines: Vec<String>,
    /// Pages with points of contact.
    pub contacts: Vec<String>,
}

/// Why there is no card.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OwnCardError {
    /// The root key is kept offline.
    #[error("the card must be signed with the root key, which is not on this machine")]
    RootOffline {
        /// What must be signed.
        text: String,
    },
    /// The name or domain is not one of a card.
    #[error("the card cannot be made: {0}")]
    Party(#[from] PartyError),
    /// The card breaks a rule.
    #[error("the card cannot be made")]
    Card(#[from] CardError),
    /// The clock is out of range.
    #[error("the card cannot be made: the clock is out of range")]
    Clock,
    /// A key is missing.
    #[error("the card cannot be made: the key that comes after the root key is missing")]
    NextRoot,
    /// Everything else.
    #[error(transparent)]
    Link(#[from] LinkError),
}

impl From<comity_store::error::StoreError> for OwnCardError {
    fn from(error: comity_store::error::StoreError) -> Self {
        Self::Link(error.into())
    }
}

impl Link {
    /// The newest own card.
    pub fn own_card(&self, tx: &mut dyn Tx) -> Result<Option<SignedCard>, OwnCardError> {
        let text = meta::find(tx, CARD)?;
        let card = text.map(|text| SignedCard::parse(text.as_bytes()));
        Ok(card.transpose()?)
    }

    /// Every own card that is kept, oldest first.
    pub fn own_cards(&self, tx: &mut dyn Tx) -> Result<Vec<SignedCard>, OwnCardError> {
        let Some(newest) = self.own_card(tx)? else {
            return Ok(Vec::new());
        };
        let cards = party::cards(tx, newest.card().party.as_str())?;
        let cards = cards.iter().map(|card| SignedCard::parse(card));
        Ok(cards.collect::<Result<_, _>>()?)
    }

    /// What a card of this node must say now, and whether the newest one says it.
    fn due_card(
        &self,
        tx: &mut dyn Tx,
        identity: (&str, &str),
        facts: &CardFacts,
        now: i64,
    ) -> Result<Option<Card>, OwnCardError> {
        let newest = self.own_card(tx)?;
        let epoch = ledger::newest(tx)?.ok_or(LinkError::NoLog)?.epoch;
        let (party, domain) = identity;
        let known = newest.as_ref().map(SignedCard::card);
        let root = match (self.keys.root(), known) {
            (Some(root), _) => root.verifier(),
            (None, Some(card)) => card.root.clone(),
            (None, None) => {
                return Err(OwnCardError::RootOffline {
                    text: String::new(),
                });
            }
        };
        let next_root = match (self.keys.next_root(), known) {
            (Some(next), _) => root_hash(&next.verifier()),
            (None, Some(card)) => card.next_root,
            (None, None) => return Err(OwnCardError::NextRoot),
        };
        let origin = origin_of(&self.origin, epoch);
        let log = self.keys.log(&origin).map_err(LinkError::from)?;
        let log_more = self
            .keys
            .log_post_quantum(&origin)
            .map_err(LinkError::from)?;
        let sealing = self.keys.opening().sealing_key();
        let issued = Timestamp::from_micros(now / 1_000_000 * 1_000_000);
        let mut card = Card {
            party: PartyName::parse(party)?,
            domain: Domain::parse(domain)?,
            serial: known
                .map_or(1, |card| card.serial + 1)
                .max(first_serial(epoch)),
            issued: issued.ok_or(OwnCardError::Clock)?,
            root,
            root_key: None,
            next_root,
            origin: Origin::parse(&origin)?,
            log: vec![log.verifier(), log_more.verifier()],
            witness: vec![
                self.keys.witness().verifier(),
                self.keys.witness_post_quantum().verifier(),
            ],
            envelope: self.keys.envelope().verifier(),
            sealing: vec![PublicKey {
                algorithm: sealing.algorithm.word().to_owned(),
                bytes: sealing.public,
            }],
            tls: Vec::new(),
            links: facts.links.clone(),
            mail: known.map(|card| card.mail.clone()).unwrap_or_default(),
            hotlines: facts.hotlines.clone(),
            contacts: facts.contacts.clone(),
            policies: vec!["tlp-2.0".to_owned()],
        };
        let Some(known) = known else {
            return Ok(Some(card));
        };
        let (serial, issued) = (card.serial, card.issued);
        card.serial = known.serial;
        card.issued = known.issued;
        if card == *known {
            return Ok(None);
        }
        card.serial = serial;
        card.issued = issued.max(known.issued);
        Ok(Some(card))
    }

    /// Makes a new card if the newest one does not say what holds now. Answers the card in force.
    pub fn renew_card(
        &self,
        identity: (&str, &str),
        facts: &CardFacts,
        now: i64,
    ) -> Result<SignedCard, OwnCardError> {
        self.state.write(|tx| {
            let Some(card) = self.due_card(tx, identity, facts, now)? else {
                return self.own_card(tx)?.ok_or(OwnCardError::Clock);
            };
            let unsigned = UnsignedCard::new(&card)?;
            let Some(root) = self.keys.root() else {
                let text = unsigned.text().to_owned();
                return Err(OwnCardError::RootOffline { text });
            };
            let signed = unsigned.sign(&[&root])?;
            keep(tx, &signed)?;
            Ok(signed)
        })
    }

    /// Takes in a signature that was made where the root key is.
    pub fn attach_signature(&self, text: &str, lines: &str) -> Result<SignedCard, OwnCardError> {
        let signed = UnsignedCard::parse(text)?.attach(lines)?;
        self.state.write(|tx| {
            keep(tx, &signed)?;
            Ok::<_, OwnCardError>(())
        })?;
        Ok(signed)
    }
}

/// The first serial of an epoch: a node that was restored does not know how many cards it had made, and never gives two
/// cards one serial as long as an epoch has fewer than a hundred.
fn first_serial(epoch: u32) -> u32 {
    epoch.saturating_mul(100).saturating_add(1)
}

fn keep(tx: &mut dyn Tx, signed: &SignedCard) -> Result<(), OwnCardError> {
    let bytes = signed.to_bytes();
    meta::put(tx, CARD, &String::from_utf8_lossy(&bytes))?;
    // Older cards stay: what was signed with their keys is verified with them.
    let card = signed.card();
    let taken = card.issued.micros();
    Ok(party::add_card(
        tx,
        card.party.as_str(),
        card.serial.into(),
        &bytes,
        taken,
    )?)
}

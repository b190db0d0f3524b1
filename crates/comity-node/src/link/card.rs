//! The node's own card: who it is and by which keys it speaks, signed with the root key.
//!
//! In scope: making the first card and each that follows, and keeping the newest. Out of scope: when keys change
//! (`rotate`), others' cards (`peer`), the form of a card (`comity-accord`).

use std::sync::PoisonError;

use comity_accord::card::{
    Card, CardError, PublicKey, SignedCard, SuccessionError, UnsignedCard, accept_successor,
    root_hash,
};
use comity_accord::keys::revocation::RevocationError;
use comity_accord::party::{Domain, Origin, PartyError, PartyName};
use comity_ledger::key::{SigningKey, VerifierKey};
use comity_stix::timestamp::Timestamp;
use comity_store::state::{Tx, ledger, meta, party};

use crate::link::keys::{self, LOG_DAYS, NodeKeys};
use crate::link::log::{epoch_of, origin_of};
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

/// For what a card is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Occasion<'a> {
    /// The party's name and domain.
    pub(crate) identity: (&'a str, &'a str),
    /// What it says besides keys; left out, what the newest one says.
    pub(crate) facts: Option<&'a CardFacts>,
    /// The log's next epoch begins with it.
    pub(crate) new_epoch: bool,
    /// When.
    pub(crate) now: i64,
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
    /// The root key is kept elsewhere, and what is known of the new one was not said.
    #[error("the root key is not on this machine: name the new one's public file")]
    RootPublic,
    /// The root key is on this machine.
    #[error("the root key is on this machine: there is no need for a public file")]
    RootHere,
    /// There is no card yet.
    #[error("this node has no card yet")]
    NoCard,
    /// The card or revocation is of another party.
    #[error("it is of the party {0}, not of this node's")]
    OtherParty(String),
    /// The card lists keys that are not here.
    #[error(
        "the card lists keys that this node does not have: was it made here, and for this epoch?"
    )]
    OtherKeys,
    /// The card does not follow the newest one.
    #[error(transparent)]
    Succession(#[from] SuccessionError),
    /// The revocation does not count.
    #[error(transparent)]
    Revocation(#[from] RevocationError),
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

    /// What a card of this node with these keys must say now; none if the newest one says it.
    pub(crate) fn due_card(
        &self,
        tx: &mut dyn Tx,
        keys: &NodeKeys,
        occasion: &Occasion<'_>,
    ) -> Result<Option<Card>, OwnCardError> {
        let now = occasion.now;
        let cards = self.own_cards(tx)?;
        let known = cards.last().map(SignedCard::card);
        let epoch = ledger::newest(tx)?.ok_or(LinkError::NoLog)?.epoch;
        let epoch = epoch + u32::from(occasion.new_epoch);
        let (party, domain) = occasion.identity;
        let (root, next_root) = roots(keys, known)?;
        let origin = origin_of(&self.origin, epoch);
        let sealing = keys.sealing_key();
        let issued = Timestamp::from_micros(now / 1_000_000 * 1_000_000);
        let told = known.map(|card| CardFacts {
            links: card.links.clone(),
            hotlines: card.hotlines.clone(),
            contacts: card.contacts.clone(),
        });
        let facts = occasion.facts.cloned().or(told).unwrap_or_default();
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
            log: self.listed_logs(tx, keys, (&origin, &cards), now)?,
            origin: Origin::parse(&origin)?,
            witness: vec![
                keys.witness().verifier(),
                keys.witness_post_quantum().verifier(),
            ],
            envelope: keys.envelope().verifier(),
            sealing: vec![PublicKey {
                algorithm: sealing.algorithm.word().to_owned(),
                bytes: sealing.public,
            }],
            tls: Vec::new(),
            links: facts.links,
            mail: known.map(|card| card.mail.clone()).unwrap_or_default(),
            hotlines: facts.hotlines,
            contacts: facts.contacts,
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

    /// The log keys of a card: those in force, and for a while those that they replaced, unless these were revoked.
    fn listed_logs(
        &self,
        tx: &mut dyn Tx,
        keys: &NodeKeys,
        (origin, cards): (&str, &[SignedCard]),
        now: i64,
    ) -> Result<Vec<VerifierKey>, OwnCardError> {
        let first = keys.logs(origin).map_err(LinkError::from)?;
        let second = keys.logs_post_quantum(origin).map_err(LinkError::from)?;
        let pairs: Vec<(SigningKey, SigningKey)> = first.into_iter().zip(second).collect();
        let newest = pairs.first().map(|(key, _)| key.verifier());
        let lists = |card: &&SignedCard| {
            let mut keys = card.card().log.iter();
            keys.any(|key| Some(key.public_key()) == newest.as_ref().map(VerifierKey::public_key))
        };
        let since = cards.iter().find(lists);
        let since = since.map_or(now, |card| card.card().issued.micros());
        let together = now < since.saturating_add(LOG_DAYS * 86_400_000_000);
        let ring = self.own_ring(tx)?;
        let mut listed = Vec::new();
        for (place, (key, post_quantum)) in pairs.iter().enumerate() {
            let key = key.verifier();
            let revoked = ring.as_ref().is_some_and(|ring| ring.is_revoked(&key));
            if place == 0 || (together && !revoked) {
                listed.extend([key, post_quantum.verifier()]);
            }
        }
        Ok(listed)
    }

    /// Makes a new card if the newest one does not say what holds now. Answers the card in force.
    pub fn renew_card(
        &self,
        identity: (&str, &str),
        facts: &CardFacts,
        now: i64,
    ) -> Result<SignedCard, OwnCardError> {
        let _one = self.changing();
        let keys = self.keys();
        let occasion = Occasion {
            identity,
            facts: Some(facts),
            new_epoch: false,
            now,
        };
        let due = self.state.read(|tx| {
            let due = self.due_card(tx, &keys, &occasion)?;
            Ok::<_, OwnCardError>((due, self.own_card(tx)?))
        })?;
        match due {
            (None, newest) => newest.ok_or(OwnCardError::Clock),
            (Some(card), _) => {
                let signed = self.sign_card(&card, &keys)?;
                self.put_in_force(&keys, &signed, now)?;
                Ok(signed)
            }
        }
    }

    /// Signs a card with its root, and with the root before it where that is here: whoever missed a card in between can
    /// follow by either.
    pub(crate) fn sign_card(
        &self,
        card: &Card,
        keys: &NodeKeys,
    ) -> Result<SignedCard, OwnCardError> {
        let unsigned = UnsignedCard::new(card)?;
        let Some(root) = keys.root() else {
            let text = unsigned.text().to_owned();
            return Err(OwnCardError::RootOffline { text });
        };
        let before = self.keys().root();
        let before = before.filter(|before| before.verifier() != root.verifier());
        let signers: Vec<&SigningKey> = std::iter::once(&root).chain(before.as_ref()).collect();
        Ok(unsigned.sign(&signers)?)
    }

    /// From now on the keys of this card are in force: the card is kept where no restored store takes it back, then in the
    /// rows, and only then are its keys used and the others given up.
    pub(crate) fn put_in_force(
        &self,
        keys: &NodeKeys,
        signed: &SignedCard,
        now: i64,
    ) -> Result<(), OwnCardError> {
        if let Some(folder) = keys.folder() {
            keys::keep_card(folder, signed).map_err(LinkError::from)?;
        }
        let cards = self.state.write(|tx| {
            keep(tx, signed)?;
            self.own_cards(tx)
        })?;
        let keys = keys.for_cards(&cards).map_err(LinkError::from)?;
        self.use_keys(keys.retire(&cards, now).map_err(LinkError::from)?);
        Ok(())
    }

    /// Takes in a card of this node that was signed where its root key is.
    pub fn import_card(&self, signed: &SignedCard, now: i64) -> Result<(), OwnCardError> {
        let _one = self.changing();
        let card = signed.card();
        let (newest, epoch) = self.state.read(|tx| {
            let log = ledger::newest(tx)?.ok_or(LinkError::NoLog)?;
            Ok::<_, OwnCardError>((self.own_card(tx)?, log.epoch))
        })?;
        if card.origin.base() != self.origin {
            return Err(OwnCardError::OtherParty(card.party.to_string()));
        }
        if let Some(newest) = newest {
            let now = Timestamp::from_micros(now).ok_or(OwnCardError::Clock)?;
            accept_successor(&newest, signed, now)?;
        }
        let keys = self.keys();
        let named = epoch_of(card.origin.as_str());
        if !keys.hold(card) || (named != epoch && named != epoch + 1) {
            return Err(OwnCardError::OtherKeys);
        }
        self.put_in_force(&keys, signed, now)?;
        self.follow_card(now)
    }

    /// Begins the epoch that the newest card names, if that is not the newest one: what waits is made anew with the card's
    /// keys. A node that died in between does it when it starts.
    pub(crate) fn follow_card(&self, now: i64) -> Result<(), OwnCardError> {
        let (card, newest) = self.state.read(|tx| {
            let newest = ledger::newest(tx)?.map(|log| log.epoch);
            Ok::<_, OwnCardError>((self.own_card(tx)?, newest))
        })?;
        let named = card.map(|card| epoch_of(card.card().origin.as_str()));
        if let (Some(named), Some(newest)) = (named, newest)
            && named > newest
        {
            self.begin_epoch(named, now)?;
        }
        Ok(())
    }

    /// The card that a store which was set back does not know any more is taken from beside the keys, and the keys that it
    /// lists are in force.
    pub fn settle_keys(&self) -> Result<(), OwnCardError> {
        let keys = self.keys();
        let kept = keys.folder().map(keys::known_card).transpose();
        let kept = kept.map_err(LinkError::from)?.flatten().transpose()?;
        let cards = self.state.write(|tx| {
            let newest = self.own_card(tx)?.map_or(0, |card| card.card().serial);
            if let Some(kept) = kept.as_ref().filter(|kept| kept.card().serial > newest) {
                keep(tx, kept)?;
            }
            self.own_cards(tx)
        })?;
        self.use_keys(keys.for_cards(&cards).map_err(LinkError::from)?);
        Ok(())
    }

    pub(crate) fn changing(&self) -> std::sync::MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The root key of the next card, and the hash of the one that comes after.
fn roots(
    keys: &NodeKeys,
    known: Option<&Card>,
) -> Result<(VerifierKey, comity_accord::digest::Digest), OwnCardError> {
    if let Some(public) = keys.root_public() {
        return Ok((public.root.clone(), public.next_root));
    }
    let root = match (keys.root(), known) {
        (Some(root), _) => root.verifier(),
        (None, Some(card)) => card.root.clone(),
        (None, None) => return Err(OwnCardError::RootPublic),
    };
    let next_root = match (keys.next_root(), known) {
        (Some(next), _) => root_hash(&next.verifier()),
        (None, Some(card)) => card.next_root,
        (None, None) => return Err(OwnCardError::NextRoot),
    };
    Ok((root, next_root))
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

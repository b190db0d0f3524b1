//! The cards of a ledger: who the parties are and which keys count.
//!
//! In scope: each party's cards, one following from the other. Out of scope: whether the first card is the party's.

use std::collections::HashMap;

use comity_accord::card::{SignedCard, root_hash};
use comity_accord::keys::KeyRing;
use comity_ledger::key::VerifierKey;

use crate::ledger::LedgerError;
use crate::ledger::files::{CARDS, Files};
use crate::ledger::report::Report;
use crate::link::peer::{PeerKeys, keys_of};

/// A party with its keys.
#[derive(Clone, Debug)]
pub(crate) struct Party {
    /// Its name.
    pub(crate) name: String,
    /// Its log's origin, without the epoch.
    pub(crate) base: String,
    /// The hash of its newest root key.
    pub(crate) root: String,
    /// Its keys, from all its cards.
    pub(crate) keys: PeerKeys,
}

impl Party {
    /// The party of these cards, oldest first.
    pub(crate) fn of(cards: &[Vec<u8>]) -> Result<Self, String> {
        let mut ring: Option<KeyRing> = None;
        for card in cards {
            let card = SignedCard::parse(card).map_err(|error| chain(&error))?;
            match &mut ring {
                None => ring = Some(KeyRing::new(card)),
                Some(ring) => {
                    let at = card.card().issued;
                    ring.succeed(card, at).map_err(|error| chain(&error))?;
                }
            }
        }
        let ring = ring.ok_or("there is no card")?;
        let card = ring.current().card();
        let name = card.party.as_str().to_owned();
        Ok(Self {
            keys: keys_of(&name, cards).map_err(|error| chain(&error))?,
            base: card.origin.base().to_owned(),
            root: root_hash(&card.root).to_string(),
            name,
        })
    }
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    comity_store::error::chain(error)
}

/// Every party by its log.
#[derive(Debug, Default)]
pub(super) struct Parties(HashMap<String, Party>);

impl Parties {
    /// Reads all cards.
    pub(super) fn read(files: &mut dyn Files, report: &mut Report) -> Result<Self, LedgerError> {
        let mut all = HashMap::new();
        for name in files.folder(CARDS)?.folders {
            let listing = files.folder(&format!("{CARDS}/{name}"))?;
            let cards: Vec<Vec<u8>> = listing.files.into_iter().map(|(_, bytes)| bytes).collect();
            match Party::of(&cards) {
                Ok(party) if party.name == name => {
                    report.roots.push((name, party.root.clone()));
                    all.insert(party.base.clone(), party);
                }
                Ok(party) => report.problem(format!(
                    "{CARDS}/{name}: the card is that of {}",
                    party.name
                )),
                Err(what) => report.problem(format!("{CARDS}/{name}: {what}")),
            }
        }
        Ok(Self(all))
    }

    /// The party with this log.
    pub(super) fn find(&self, base: &str) -> Option<&Party> {
        self.0.get(base)
    }

    /// The party of this name.
    pub(super) fn named(&self, name: &str) -> Option<&Party> {
        self.0.values().find(|party| party.name == name)
    }

    /// All witness keys.
    pub(super) fn witnesses(&self) -> Vec<VerifierKey> {
        let keys = self.0.values().flat_map(|party| party.keys.witness.iter());
        keys.cloned().collect()
    }
}

//! The cards of a ledger: who the parties are and which keys count.
//!
//! In scope: each party's cards, one following from the other. Out of scope: whether the first card is the party's.

use std::collections::HashMap;
use std::sync::Arc;

use comity_accord::card::{SignedCard, root_hash};
use comity_accord::keys::KeyRing;
use comity_accord::keys::revocation::Revocation;
use comity_ledger::checkpoint::SignedCheckpoint;
use comity_ledger::key::VerifierKey;
use comity_stix::timestamp::Timestamp;

use crate::exchange::own_keys::named;
use crate::ledger::LedgerError;
use crate::ledger::files::{CARDS, Files, Listing, REVOCATIONS};
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
    /// Which of them were revoked.
    pub(crate) ring: Arc<KeyRing>,
    /// Heads of its logs that others had cosigned when a revocation became known.
    pub(crate) held: Arc<Vec<SignedCheckpoint>>,
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
        let card = ring.current().card().clone();
        let name = card.party.as_str().to_owned();
        Ok(Self {
            ring: Arc::new(ring),
            held: Arc::default(),
            keys: keys_of(&name, cards).map_err(|error| chain(&error))?,
            base: card.origin.base().to_owned(),
            root: root_hash(&card.root).to_string(),
            name,
        })
    }
}

impl Party {
    /// Takes in the party's revocations: a note, when it became known, and the heads that were cosigned before.
    fn revoke(&mut self, files: &Listing) -> Result<(), String> {
        for (name, note) in &files.files {
            let Some(number) = name.strip_suffix(".note") else {
                continue;
            };
            let file = |ending: &str| {
                files
                    .file(&format!("{number}.{ending}"))
                    .unwrap_or_default()
            };
            let note = Revocation::parse(note).map_err(|error| chain(&error))?;
            let known = std::str::from_utf8(file("known")).ok();
            let known = known.and_then(|text| Timestamp::parse(text.trim_end()).ok());
            let known = known.ok_or_else(|| format!("{number}.known is no time"))?;
            let heads: Vec<String> = serde_json::from_slice(file("held")).unwrap_or_default();
            for text in heads {
                let signed =
                    SignedCheckpoint::parse(text.as_bytes()).map_err(|error| chain(&error))?;
                signed
                    .verify(&self.keys.log)
                    .map_err(|error| chain(&error))?;
                Arc::make_mut(&mut self.held).push(signed);
            }
            Arc::make_mut(&mut self.ring)
                .remember(note, known)
                .map_err(|error| chain(&error))?;
        }
        Ok(())
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
                Ok(mut party) if party.name == name => {
                    let revoked = files.folder(&format!("{REVOCATIONS}/{name}"))?;
                    if let Err(what) = party.revoke(&revoked) {
                        report.problem(format!("{REVOCATIONS}/{name}: {what}"));
                    }
                    let revocations = party.ring.revocations().iter();
                    report.revoked.extend(revocations.map(|(note, known)| {
                        format!(
                            "{name}: {} from {}, known here since {known}: {}",
                            named(&note.revoked),
                            note.from,
                            note.reason.as_str()
                        )
                    }));
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

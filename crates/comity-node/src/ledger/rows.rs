//! The node's rows as the folder of evidence.
//!
//! What grows is seen as it was when the view began: a log has the size of its pin, and envelopes behind that are left out.
//! Each folder is read in a transaction of its own, so a large ledger takes little memory.
//!
//! In scope: laying rows out as files, signing the heads that go with them. Out of scope: what the files mean (`verify`).

mod envelope;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use comity_accord::card::SignedCard;
use comity_ledger::checkpoint::SignedCheckpoint;
use comity_ledger::note::NoteSignature;
use comity_ledger::proof::LogProof;
use comity_ledger::tile::{Bundle, Resource, Tile, bundles_of, encode_bundle, tiles_of};
use comity_store::error::StoreError;
use comity_store::state::ledger::{self, CosignatureRow, LogRow};
use comity_store::state::{Tx, cross_head, party, peer_log, revocation, witness};
use serde::{Deserialize, Serialize};

use crate::ledger::files::{CARDS, EVIDENCE, Files, HEADS, LOG, Listing, PEERS, REVOCATIONS};
use crate::ledger::rows::envelope::envelopes;
use crate::ledger::{LedgerError, hex, unhex};
use crate::link::log::{origin_of, read_tile, root_at, with_tiles};
use crate::link::peer::keys_of;
use crate::link::{Link, LinkError};
use crate::node::Node;

/// The beginning of the party's place in the table of cosignatures, for witnesses that are no parties.
pub(crate) const WITNESS: &str = "witness:";
/// Cosignatures among which the head is looked for in which an entry is proven.
const COSIGNATURES_MAX: u64 = 256;

/// The size at which an epoch of the log is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Pin {
    /// The epoch.
    pub epoch: u32,
    /// The size.
    pub size: u64,
}

/// How the ledger is seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct View {
    /// The epochs and their sizes.
    pub pins: Vec<Pin>,
    /// Whether payloads and their openings are seen.
    pub contents: bool,
}

impl Node {
    /// A view of the ledger as it is now: the newest epoch as it is, ended ones as far as others hold them.
    ///
    /// An ended epoch is never signed beyond what others cosigned: it may have been set back, and signing more could show
    /// a second history.
    pub fn ledger_view(&self, contents: bool) -> Result<View, LedgerError> {
        let pins = self.inner.state.read(|tx| {
            let epochs = ledger::epochs(tx)?;
            let newest = epochs.last().map(|log| log.epoch);
            let mut pins = Vec::new();
            for log in &epochs {
                let held = ledger::newest_cosignatures(tx, log.epoch)?;
                let held = held.iter().map(|row| row.size).max();
                let size = if Some(log.epoch) == newest {
                    Some(log.size)
                } else {
                    held.map(|size| size.min(log.size))
                };
                pins.extend(size.map(|size| Pin {
                    epoch: log.epoch,
                    size,
                }));
            }
            Ok::<_, StoreError>(pins)
        })?;
        Ok(View { pins, contents })
    }

    /// The ledger in a view, as files.
    pub fn ledger_files(&self, view: View) -> NodeFiles {
        NodeFiles {
            node: self.clone(),
            view,
            heads: RefCell::default(),
        }
    }
}

/// The ledger of a node as files.
#[derive(Debug)]
pub struct NodeFiles {
    node: Node,
    view: View,
    /// Heads that were signed for this view.
    heads: RefCell<HashMap<(u32, u64), SignedCheckpoint>>,
}

impl Files for NodeFiles {
    fn folder(&mut self, path: &str) -> Result<Listing, LedgerError> {
        let this = &*self;
        this.node.inner.state.read(|tx| {
            let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
            match parts.as_slice() {
                [] => Ok(Listing {
                    folders: [CARDS, EVIDENCE, LOG, PEERS, REVOCATIONS]
                        .map(str::to_owned)
                        .into(),
                    files: Vec::new(),
                }),
                [first, below @ ..] if *first == LOG => this.log_folder(tx, below),
                [first, name] if *first == REVOCATIONS => revocations(tx, name),
                [first] if *first == CARDS || *first == REVOCATIONS => {
                    let mut names: Vec<String> =
                        party::list(tx)?.into_iter().map(|row| row.name).collect();
                    names.push(this.node.identity().party.clone());
                    names.sort();
                    Ok(folders(names))
                }
                [first, name] if *first == CARDS => this.cards(tx, name),
                [first] if *first == PEERS => {
                    let names: BTreeSet<String> = peer_log::list(tx)?
                        .into_iter()
                        .map(|row| row.party)
                        .collect();
                    Ok(folders(names.into_iter().collect()))
                }
                [first, name] if *first == PEERS => {
                    let logs = peer_log::of_party(tx, name)?;
                    let names = logs.iter().map(|row| format!("e{}", row.epoch));
                    let mut listing = folders(names.collect());
                    let epochs: Vec<u32> = this.view.pins.iter().map(|pin| pin.epoch).collect();
                    listing.add("policy", this.policy(tx, &epochs, Some(name))?);
                    Ok(listing)
                }
                [first, name, epoch] if *first == PEERS => peer(tx, name, epoch),
                [first] if *first == EVIDENCE => {
                    Ok(folders((0..=255).map(|byte: u8| hex(&[byte])).collect()))
                }
                [first, two] if *first == EVIDENCE => envelopes(tx, two),
                [first, _, id] if *first == EVIDENCE => match unhex(id) {
                    Some(id) => this.evidence(tx, &id),
                    None => Ok(Listing::default()),
                },
                _ => Ok(Listing::default()),
            }
        })
    }

    fn read(&mut self, path: &str) -> Result<Option<Vec<u8>>, LedgerError> {
        let below = path
            .strip_prefix(LOG)
            .and_then(|rest| rest.strip_prefix('/'));
        if let Some(below) = below {
            let this = &*self;
            return this.node.inner.state.read(|tx| {
                let (epoch, rest) = split_epoch(below);
                this.log_file(tx, epoch, rest)
            });
        }
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let listing = self.folder(folder)?;
        Ok(listing.file(name).map(<[u8]>::to_vec))
    }
}

/// The epoch that a path below the log's folder names, and what is left.
pub(crate) fn split_epoch(path: &str) -> (u32, &str) {
    let named = path.strip_prefix('e').and_then(|rest| {
        let (number, rest) = rest.split_once('/')?;
        let epoch: u32 = number.parse().ok()?;
        (epoch > 0 && epoch.to_string() == number).then_some((epoch, rest))
    });
    named.unwrap_or((0, path))
}

fn folders(folders: Vec<String>) -> Listing {
    Listing {
        folders,
        files: Vec::new(),
    }
}

impl NodeFiles {
    fn link(&self) -> &Link {
        self.node.link()
    }

    fn pinned(&self, epoch: u32) -> Option<u64> {
        let mut pins = self.view.pins.iter();
        pins.find(|pin| pin.epoch == epoch).map(|pin| pin.size)
    }

    /// An epoch as it is seen.
    fn log(&self, tx: &mut dyn Tx, epoch: u32) -> Result<Option<LogRow>, LedgerError> {
        let Some(size) = self.pinned(epoch) else {
            return Ok(None);
        };
        let found = ledger::epochs(tx)?
            .into_iter()
            .find(|log| log.epoch == epoch);
        let Some(mut log) = found.filter(|log| size <= log.size) else {
            return Ok(None);
        };
        log.root = root_at(tx, &log, size)?;
        log.size = size;
        Ok(Some(log))
    }

    fn log_folder(&self, tx: &mut dyn Tx, below: &[&str]) -> Result<Listing, LedgerError> {
        let path = format!("{}/", below.join("/"));
        let (epoch, rest) = split_epoch(&path);
        let rest = rest.trim_end_matches('/').to_owned();
        let mut listing = Listing::default();
        let Some(log) = self.log(tx, epoch)? else {
            return Ok(self.later_epochs(below));
        };
        if rest == HEADS {
            return self.cosigned_heads(tx, epoch);
        }
        let prefix = if rest.is_empty() {
            String::new()
        } else {
            format!("{rest}/")
        };
        let mut names = BTreeSet::new();
        let tiles = tiles_of(log.size).map(|tile| tile.to_string());
        let bundles = bundles_of(log.size).map(|bundle| bundle.to_string());
        let always = ["checkpoint".to_owned(), "policy".to_owned()];
        for path in tiles.chain(bundles).chain(always) {
            let Some(name) = path.strip_prefix(&prefix) else {
                continue;
            };
            match name.split_once('/') {
                Some((folder, _)) => listing.folders.push(folder.to_owned()),
                None => {
                    names.insert(name.to_owned());
                }
            }
        }
        if rest.is_empty() {
            listing.folders.push(HEADS.to_owned());
        }
        listing.folders.sort();
        listing.folders.dedup();
        listing.folders.extend(self.later_epochs(below).folders);
        for name in names {
            if let Some(bytes) = self.log_file(tx, epoch, &format!("{prefix}{name}"))? {
                listing.add(&name, bytes);
            }
        }
        Ok(listing)
    }

    fn later_epochs(&self, below: &[&str]) -> Listing {
        let later = self.view.pins.iter().filter(|pin| pin.epoch > 0);
        if below.is_empty() {
            folders(later.map(|pin| format!("e{}", pin.epoch)).collect())
        } else {
            Listing::default()
        }
    }

    /// A file of an epoch's log.
    fn log_file(
        &self,
        tx: &mut dyn Tx,
        epoch: u32,
        path: &str,
    ) -> Result<Option<Vec<u8>>, LedgerError> {
        let Some(log) = self.log(tx, epoch)? else {
            return Ok(None);
        };
        if path == "policy" {
            return Ok(Some(self.policy(tx, &[epoch], None)?.into_bytes()));
        }
        if let Some(name) = path.strip_prefix("heads/") {
            let heads = self.cosigned_heads(tx, epoch)?;
            return Ok(heads.file(name).map(<[u8]>::to_vec));
        }
        match Resource::parse(path) {
            Ok(Resource::Checkpoint) => {
                let signed = self.head(tx, epoch, log.size)?;
                Ok(Some(signed.to_string().into_bytes()))
            }
            Ok(Resource::Tile(tile)) => tile_bytes(tx, &log, &tile),
            Ok(Resource::Bundle(bundle)) => bundle_bytes(tx, &log, &bundle),
            Err(_) => Ok(None),
        }
    }

    /// The signed head of an epoch at a size, with the cosignatures of that size.
    pub(crate) fn head(
        &self,
        tx: &mut dyn Tx,
        epoch: u32,
        size: u64,
    ) -> Result<SignedCheckpoint, LedgerError> {
        if let Some(known) = self.heads.borrow().get(&(epoch, size)) {
            return Ok(known.clone());
        }
        let log = ledger::epochs(tx)?
            .into_iter()
            .find(|log| log.epoch == epoch);
        let mut log = log.ok_or(LinkError::NoLog)?;
        let newest = ledger::newest(tx)?.is_some_and(|newest| newest.epoch == epoch);
        // Whatever is signed of the newest epoch, the guard knows it.
        let note = if newest {
            Some(self.link().sign_head(&log)?)
        } else {
            None
        };
        let note = if let Some(note) = note.filter(|_| size == log.size) {
            note
        } else {
            log.root = root_at(tx, &log, size)?;
            log.size = size;
            self.link().checkpoint(&log)?
        };
        let bad = |error: &dyn std::fmt::Display| LinkError::Tiles(error.to_string());
        let mut signed = SignedCheckpoint::parse(&note).map_err(|error| bad(&error))?;
        for row in cosigned_at(tx, epoch, size)? {
            for line in lines(&row) {
                signed.add(line).map_err(|error| bad(&error))?;
            }
        }
        self.heads
            .borrow_mut()
            .insert((epoch, size), signed.clone());
        Ok(signed)
    }

    /// The proof of an entry in a head of this size, or else in the newest.
    fn proof_at(
        &self,
        tx: &mut dyn Tx,
        (epoch, position): (u32, u64),
        size: Option<u64>,
    ) -> Result<Option<LogProof>, LedgerError> {
        let Some(log) = self.log(tx, epoch)? else {
            return Ok(None);
        };
        if position >= log.size {
            return Ok(None);
        }
        let size = size.map_or(log.size, |size| size.min(log.size));
        let head = self.head(tx, epoch, size)?;
        let hashes = with_tiles(tx, &log.origin, size, |tiles| {
            tiles.inclusion_proof(position)
        })?;
        Ok(Some(LogProof::new(position, hashes, head)))
    }

    /// The proof of an entry, in the first head after it that counts by the accords with `party`; or in the first that
    /// others cosigned, or in the newest.
    pub(crate) fn proof(
        &self,
        tx: &mut dyn Tx,
        place: (u32, u64),
        party: Option<&str>,
    ) -> Result<Option<LogProof>, LedgerError> {
        let terms = party.map(|party| self.link().terms_with(party));
        let rows = ledger::cosignatures_after(tx, place.0, place.1, COSIGNATURES_MAX)?;
        let counted = rows.chunk_by(|one, next| one.size == next.size).find(|at| {
            let who: BTreeSet<&str> = at.iter().map(|row| row.party.as_str()).collect();
            terms.as_ref().is_none_or(|terms| terms.is_quorum(&who))
        });
        let chosen = counted.and_then(<[_]>::first).or(rows.first());
        self.proof_at(tx, place, chosen.map(|row| row.size))
    }

    /// Proofs of an entry in the heads that the others of the accords with `party` cosigned first after it, where they are
    /// not that of `first`: heads of a log that is busy are seldom cosigned by all.
    pub(crate) fn further_proofs(
        &self,
        tx: &mut dyn Tx,
        first: &LogProof,
        (epoch, party): (u32, &str),
    ) -> Result<Vec<LogProof>, LedgerError> {
        let terms = self.link().terms_with(party);
        let place = (epoch, first.index());
        let rows = ledger::cosignatures_after(tx, epoch, place.1, COSIGNATURES_MAX)?;
        let mut sizes = BTreeSet::from([first.checkpoint().checkpoint().size]);
        let mut proofs = Vec::new();
        let here = |sizes: &BTreeSet<u64>| {
            let there = rows.iter().filter(|row| sizes.contains(&row.size));
            there
                .map(|row| row.party.as_str())
                .collect::<BTreeSet<&str>>()
        };
        for quorum in &terms.quorums {
            for name in &quorum.others {
                let known = here(&sizes);
                if terms.is_quorum(&known) || known.contains(name.as_str()) {
                    continue;
                }
                let Some(row) = rows.iter().find(|row| row.party == *name) else {
                    continue;
                };
                sizes.insert(row.size);
                proofs.extend(self.proof_at(tx, place, Some(row.size))?);
            }
        }
        Ok(proofs)
    }

    /// The keys of an epoch's log and of its witnesses, and how many must have cosigned before a head counts: as the accords
    /// with `party` ask, or any of those that ever did.
    pub(crate) fn policy(
        &self,
        tx: &mut dyn Tx,
        epochs: &[u32],
        party: Option<&str>,
    ) -> Result<String, LedgerError> {
        let mut text = String::new();
        let mut cosigners = BTreeSet::new();
        for epoch in epochs {
            let origin = origin_of(self.link().origin(), *epoch);
            let keys = self.link().keys().logs(&origin);
            for key in keys.map_err(LinkError::from)? {
                text.push_str(&line("log", &[&key.verifier().to_string()]));
            }
            let newest = ledger::newest_cosignatures(tx, *epoch)?;
            cosigners.extend(newest.into_iter().map(|row| row.party));
        }
        let quorum = party.and_then(|party| {
            let quorums = self.link().terms_with(party).quorums;
            quorums.into_iter().max_by_key(|quorum| quorum.needed)
        });
        cosigners.extend(quorum.iter().flat_map(|quorum| quorum.others.clone()));
        let (mut keys, mut groups, mut members) = (0, String::new(), Vec::new());
        for name in cosigners {
            let mut names = Vec::new();
            for key in witness_keys(tx, &name)? {
                keys += 1;
                names.push(format!("w{keys}"));
                text.push_str(&line("witness", &[&format!("w{keys}"), &key]));
            }
            let counts = quorum
                .as_ref()
                .is_none_or(|quorum| quorum.others.contains(&name));
            // One who has several keys counts once.
            let group = format!("p{}", members.len() + 1);
            if counts && !names.is_empty() {
                groups.push_str(&line("group", &[&group, "any", &names.join(" ")]));
                members.push(group);
            }
        }
        if members.is_empty() {
            text.push_str("quorum none\n");
        } else {
            let needed = quorum.map_or(1, |quorum| quorum.needed.min(members.len()));
            text.push_str(&groups);
            let needed = needed.to_string();
            text.push_str(&line("group", &["others", &needed, &members.join(" ")]));
            text.push_str("quorum others\n");
        }
        Ok(text)
    }

    /// The newest heads of an epoch that each cosigner cosigned.
    fn cosigned_heads(&self, tx: &mut dyn Tx, epoch: u32) -> Result<Listing, LedgerError> {
        let mut listing = Listing::default();
        let pinned = self.pinned(epoch).unwrap_or(0);
        let mut sizes: Vec<u64> = ledger::newest_cosignatures(tx, epoch)?
            .iter()
            .map(|row| row.size)
            .filter(|size| *size <= pinned)
            .collect();
        sizes.sort_unstable();
        sizes.dedup();
        for size in sizes {
            let head = self.head(tx, epoch, size)?;
            listing.add(&format!("{size:020}"), head.to_string());
        }
        Ok(listing)
    }

    fn cards(&self, tx: &mut dyn Tx, name: &str) -> Result<Listing, LedgerError> {
        let cards: Vec<Vec<u8>> = if name == self.node.identity().party {
            let cards = self.link().own_cards(tx);
            let cards = cards.map_err(|error| {
                LedgerError::Content(format!("the node's own card cannot be read: {error}"))
            })?;
            cards.iter().map(SignedCard::to_bytes).collect()
        } else {
            party::cards(tx, name)?
        };
        let mut listing = Listing::default();
        for card in cards {
            let serial = SignedCard::parse(&card).map_or(0, |signed| signed.card().serial);
            listing.add(&format!("{serial:08}.card"), card);
        }
        Ok(listing)
    }
}

/// The keys by which a party, or a witness that is none, cosigns.
fn witness_keys(tx: &mut dyn Tx, name: &str) -> Result<Vec<String>, LedgerError> {
    if let Some(name) = name.strip_prefix(WITNESS) {
        let known = witness::list(tx)?.into_iter();
        let known = known.filter(|one| one.name == name);
        return Ok(known.map(|one| one.vkey).collect());
    }
    let cards = party::cards(tx, name)?;
    if cards.is_empty() {
        return Ok(Vec::new());
    }
    let keys = keys_of(name, &cards)?.witness;
    Ok(keys.iter().map(ToString::to_string).collect())
}

fn line(word: &str, rest: &[&str]) -> String {
    format!("{word} {}\n", rest.join(" "))
}

fn lines(row: &CosignatureRow) -> Vec<NoteSignature> {
    let text = std::str::from_utf8(&row.lines).unwrap_or_default();
    text.split_inclusive('\n')
        .filter_map(|line| NoteSignature::parse(line).ok())
        .collect()
}

/// The cosignatures of exactly this head.
fn cosigned_at(tx: &mut dyn Tx, epoch: u32, size: u64) -> Result<Vec<CosignatureRow>, StoreError> {
    let Some(last) = size.checked_sub(1) else {
        return Ok(Vec::new());
    };
    let mut rows = ledger::cosignatures_over(tx, epoch, last)?;
    rows.retain(|row| row.size == size);
    Ok(rows)
}

/// The bytes of a tile that this log has, at this width.
fn tile_bytes(tx: &mut dyn Tx, log: &LogRow, tile: &Tile) -> Result<Option<Vec<u8>>, LedgerError> {
    let here = Tile::in_tree(tile.level(), tile.index(), log.size);
    if here.is_none_or(|here| here.width() < tile.width()) {
        return Ok(None);
    }
    let mut bytes = read_tile(tx, &log.origin, tile)?;
    bytes.truncate(usize::from(tile.width()) * 32);
    Ok(Some(bytes))
}

fn bundle_bytes(
    tx: &mut dyn Tx,
    log: &LogRow,
    bundle: &Bundle,
) -> Result<Option<Vec<u8>>, LedgerError> {
    let Some(range) = bundle.entries().filter(|range| range.end <= log.size) else {
        return Ok(None);
    };
    let count = range.end - range.start;
    let entries = ledger::entries(tx, log.epoch, range.start, count)?;
    let leaves: Vec<Vec<u8>> = entries.into_iter().map(|entry| entry.leaf).collect();
    let bytes = encode_bundle(&leaves).map_err(|error| LinkError::Tiles(error.to_string()))?;
    Ok(Some(bytes))
}

/// A party's revocations, with what was cosigned before they became known.
fn revocations(tx: &mut dyn Tx, name: &str) -> Result<Listing, LedgerError> {
    let mut listing = Listing::default();
    for row in revocation::of_party(tx, name)? {
        let number = row.number;
        let known = comity_stix::timestamp::Timestamp::from_micros(row.known);
        let known = known.map_or_else(String::new, |at| format!("{at}\n"));
        listing.add(&format!("{number:04}.held"), row.held);
        listing.add(&format!("{number:04}.known"), known);
        listing.add(&format!("{number:04}.note"), row.note);
    }
    Ok(listing)
}

/// The newest head that was cosigned of a partner's log, and what contradicts it.
fn peer(tx: &mut dyn Tx, name: &str, epoch: &str) -> Result<Listing, LedgerError> {
    let logs = peer_log::of_party(tx, name)?;
    let found = logs.iter().find(|row| format!("e{}", row.epoch) == epoch);
    let mut listing = Listing::default();
    if let Some(row) = found {
        listing.add("checkpoint", row.checkpoint.clone());
        if let Some(evidence) = &row.evidence {
            listing.add("contradiction", evidence.clone());
        }
        if let Some(proof) = cross_head::conviction(tx, &row.origin)? {
            listing.add("equivocation", proof);
        }
        for told in cross_head::of_log(tx, &row.origin)? {
            listing.add(&format!("told-by-{}", told.teller), told.checkpoint);
        }
    }
    Ok(listing)
}

//! Heads: showing the own log to a partner, and watching the partner's.
//!
//! Each partner is the other's witness: it cosigns a head only if it continues what it cosigned before, and only after that
//! is committed. A head that does not continue is the proof of two histories, and freezes the link.
//!
//! In scope: what links one head to the next, mirrors, cosignatures. Out of scope: the HTTP witness (`comity-api`).

use comity_ledger::checkpoint::SignedCheckpoint;
use comity_ledger::cosignature::cosign;
use comity_ledger::key::{SignatureType, VerifierKey};
use comity_ledger::note::{NoteSignature, Verified};
use comity_ledger::tree::{Hash, TreeHead, verify_consistency};
use comity_link::message::{self, Cosigned, LEAVES_MAX, Message};
use comity_store::state::Tx;
use comity_store::state::ledger::{self, CosignatureRow, LogRow};
use comity_store::state::peer_log::{self, PeerLogRow};
use comity_store::state::receipt;

use crate::link::cross_heads::{compare_all, convict};
use crate::link::log::{epoch_of, grown, put_tiles, root_at, with_tiles};
use crate::link::peer::Peer;
use crate::link::sends::UNKNOWN_LOG;
use crate::link::terms::CLOCK_AHEAD_SECONDS_MAX;
use crate::link::{Link, LinkError, seconds};

/// A log that goes on.
pub(crate) const LIVE: &str = "live";
/// A log that showed two histories.
pub(crate) const FORKED: &str = "forked";
/// One after which people decided to go on in a later epoch.
pub(crate) const SETTLED: &str = "settled";
/// A cosignature whose time counts.
pub(crate) const COUNTED: &str = "counted";
/// A cosignature whose time does not count: the cosigner's clock was ahead of this node's by more than was agreed.
const AHEAD: &str = "ahead";
/// A cosignature whose time is so far ahead that it is refused.
pub(crate) const CLOCK_AHEAD: &str = "clock-ahead-by-more-than-a-day";

/// What links the own head to the one that a partner holds.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    old: u64,
    consistency: Vec<Hash>,
    leaves: Vec<Hash>,
}

impl Tail {
    /// The own head as a message.
    pub(crate) fn head(&self, checkpoint: &[u8]) -> Message {
        let bytes = |hashes: &[Hash]| hashes.iter().map(|hash| *hash.as_bytes()).collect();
        Message::Head(message::Head {
            checkpoint: checkpoint.to_vec(),
            old: self.old,
            consistency: bytes(&self.consistency),
            leaves: bytes(&self.leaves),
            mirrored: self.old,
        })
    }
}

/// How a head under which something is proven stands to what was cosigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Linked {
    /// It is part of it.
    Yes,
    /// It may be; what leads there has not come.
    NotYet,
    /// It is not: the log forked.
    Contradicts,
}

/// What became of a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Watched {
    /// It continues what was known, or is that.
    Follows,
    /// Older than what was known, which is this.
    Older(Vec<u8>),
    /// It may continue what was known, but the proof begins elsewhere.
    Gap(Vec<u8>),
    /// It does not continue what was known.
    Forked,
    /// It is no head of this party's log.
    Bad(&'static str),
}

impl Link {
    /// What links the own head to the newest one that a partner cosigned.
    pub(crate) fn tail(
        &self,
        tx: &mut dyn Tx,
        log: &LogRow,
        party: &str,
    ) -> Result<Tail, LinkError> {
        let known = ledger::newest_cosignatures(tx, log.epoch)?;
        let cosigned = known.into_iter().find(|row| row.party == party);
        let held = self
            .held_by
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let old = held
            .get(&(party.to_owned(), log.epoch))
            .copied()
            .or(cosigned.map(|row| row.size))
            .unwrap_or(0)
            .min(log.size);
        drop(held);
        let most = u64::try_from(LEAVES_MAX).unwrap_or(u64::MAX);
        with_tiles(tx, &log.origin, log.size, |tiles| {
            let consistency = tiles.consistency_proof(old)?;
            let end = log.size.min(old.saturating_add(most));
            let leaves = (old..end)
                .map(|index| tiles.leaf(index))
                .collect::<Result<_, _>>()?;
            Ok(Tail {
                old,
                consistency,
                leaves,
            })
        })
    }

    /// The cosignature of the newest head of a partner's log, as a message.
    pub(crate) fn cosigned(&self, peer: &Peer) -> Result<Option<Message>, LinkError> {
        let known = self
            .state
            .read(|tx| peer_log::of_party(tx, &peer.row.name))?
            .pop();
        let Some(row) = known.filter(|row| row.state == LIVE) else {
            return Ok(None);
        };
        let signed = SignedCheckpoint::parse(&row.checkpoint)
            .map_err(|error| LinkError::Tiles(error.to_string()))?;
        let keys = self.keys();
        let mut lines = cosign(keys.witness(), signed.checkpoint(), row.cosigned).to_string();
        if self.signs_post_quantum() {
            let key = keys.witness_post_quantum();
            lines.push_str(&cosign(key, signed.checkpoint(), row.cosigned).to_string());
        }
        Ok(Some(Message::Cosigned(Cosigned {
            origin: row.origin,
            size: row.size,
            lines: lines.into_bytes(),
        })))
    }

    /// Watches a head of a partner's log; what follows is recorded, and may be cosigned once that is committed.
    pub(crate) fn watch(
        &self,
        tx: &mut dyn Tx,
        peer: &Peer,
        head: &message::Head,
        now: i64,
    ) -> Result<Watched, LinkError> {
        let Ok(signed) = SignedCheckpoint::parse(&head.checkpoint) else {
            return Ok(Watched::Bad("bad-checkpoint"));
        };
        let checkpoint = signed.checkpoint();
        let origin = checkpoint.origin.as_str().to_owned();
        let epoch = epoch_of(&origin);
        if super::log::origin_of(&peer.row.origin, epoch) != origin || epoch > peer.keys.epoch {
            return Ok(Watched::Bad(UNKNOWN_LOG));
        }
        let Ok(verified) = signed.verify(&peer.keys.log) else {
            return Ok(Watched::Bad("bad-signature"));
        };
        if self.terms_with(&peer.row.name).post_quantum && !has_ml_dsa(&verified, &peer.keys.log) {
            return Ok(Watched::Bad("ml-dsa-44-missing"));
        }
        let new = TreeHead {
            size: checkpoint.size,
            root: checkpoint.root,
        };
        let known = peer_log::find(tx, &origin)?;
        let mut row = known.unwrap_or_else(|| PeerLogRow {
            origin,
            party: peer.row.name.clone(),
            epoch,
            size: 0,
            root: *comity_ledger::tree::empty_root().as_bytes(),
            checkpoint: head.checkpoint.clone(),
            cosigned: 0,
            mirrored: 0,
            state: LIVE.to_owned(),
            evidence: None,
        });
        let watched = compare(tx, &row, &new, head)?;
        match &watched {
            Watched::Follows => {
                if new.size > row.size {
                    self.untold().insert(peer.row.name.clone());
                }
                mirror(tx, &mut row, &new, head)?;
                row.size = new.size;
                row.root = *new.root.as_bytes();
                row.checkpoint.clone_from(&head.checkpoint);
                row.cosigned = time_of_cosignature(row.cosigned, seconds(now));
                peer_log::put(tx, &row)?;
                if compare_all(tx, &row.origin, now)? {
                    return Ok(Watched::Forked);
                }
            }
            Watched::Forked => convict(tx, &mut row, &head.checkpoint, now)?,
            Watched::Older(_) | Watched::Gap(_) | Watched::Bad(_) => {}
        }
        // Whoever goes on with an epoch that ended does not know that it opened another.
        let newest = peer_log::of_party(tx, &peer.row.name)?.pop();
        let ended = newest.filter(|newest| newest.epoch > epoch && watched != Watched::Forked);
        Ok(ended.map_or(watched, |newest| Watched::Older(newest.checkpoint)))
    }

    /// Whether a party does not have the newest cosignature of its log, or has not cosigned the own newest head.
    pub fn has_unsettled_head(&self, party: &str) -> Result<bool, LinkError> {
        if self.untold().contains(party) {
            return Ok(true);
        }
        self.state.read(|tx| {
            let log = ledger::newest(tx)?.ok_or(LinkError::NoLog)?;
            let known = ledger::newest_cosignatures(tx, log.epoch)?;
            let held = known.iter().find(|row| row.party == party);
            Ok(held.is_none_or(|row| row.size < log.size))
        })
    }

    pub(crate) fn untold(&self) -> std::sync::MutexGuard<'_, std::collections::HashSet<String>> {
        self.untold
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// A partner holds an older head of the own log than it cosigned: it was set back, and is led on from there.
    pub(crate) fn lead_on_from(
        &self,
        tx: &mut dyn Tx,
        party: &str,
        epoch: u32,
        checkpoint: &[u8],
    ) -> Result<(), LinkError> {
        if checkpoint.is_empty() {
            let mut held = self
                .held_by
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            held.insert((party.to_owned(), epoch), 0);
            return Ok(());
        }
        let Ok(signed) = SignedCheckpoint::parse(checkpoint) else {
            return Ok(());
        };
        let origin = signed.checkpoint().origin.as_str().to_owned();
        if signed.verify(&self.own_log_keys(tx, &origin)?).is_ok() {
            let mut held = self
                .held_by
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            held.insert(
                (party.to_owned(), epoch_of(&origin)),
                signed.checkpoint().size,
            );
        }
        Ok(())
    }

    /// Every key that ever signed the own log of this origin.
    pub(crate) fn own_log_keys(
        &self,
        tx: &mut dyn Tx,
        origin: &str,
    ) -> Result<Vec<VerifierKey>, LinkError> {
        let mut keys: Vec<VerifierKey> = Vec::new();
        let own = self.keys().logs(origin)?;
        let own = own.iter().map(comity_ledger::key::SigningKey::verifier);
        let cards = self.own_cards(tx).map_err(|error| LinkError::Card {
            party: self.origin.clone(),
            reason: error.to_string(),
        })?;
        let listed = cards.iter().flat_map(|card| card.card().log.clone());
        for key in own.chain(listed) {
            if key.name() == origin && !keys.contains(&key) {
                keys.push(key);
            }
        }
        Ok(keys)
    }
}

/// The time of the next cosignature of a log: never before the last, unless that was made by a clock that was so wrong that
/// nobody took it.
fn time_of_cosignature(last: u64, now: u64) -> u64 {
    if last > now.saturating_add(CLOCK_AHEAD_SECONDS_MAX) {
        now
    } else {
        now.max(last)
    }
}

/// Whether one of the signatures that verified is of ML-DSA-44.
fn has_ml_dsa(verified: &[Verified], keys: &[VerifierKey]) -> bool {
    verified.iter().any(|one| {
        let key = keys.get(one.key_index);
        key.is_some_and(|key| key.signature_type() == SignatureType::CosignatureMlDsa44)
    })
}

/// The checkpoint at the end of a tlog-proof.
fn checkpoint_of(proof: &[u8]) -> Option<&[u8]> {
    let end = proof.windows(2).position(|two| two == b"\n\n")?;
    proof.get(end + 2..)
}

/// Whether the head under which something is proven belongs to the history that was cosigned. One that does not is the
/// proof of two.
pub(crate) fn linked(
    tx: &mut dyn Tx,
    peer: &Peer,
    proof: &[u8],
    now: i64,
) -> Result<Linked, LinkError> {
    let Some(note) = checkpoint_of(proof) else {
        return Ok(Linked::NotYet);
    };
    let Ok(signed) = SignedCheckpoint::parse(note) else {
        return Ok(Linked::NotYet);
    };
    let checkpoint = signed.checkpoint();
    let Some(mut row) = peer_log::find(tx, checkpoint.origin.as_str())? else {
        return Ok(Linked::NotYet);
    };
    if row.checkpoint == note {
        return Ok(Linked::Yes);
    }
    let known = if checkpoint.size == row.size {
        Hash::new(row.root)
    } else if checkpoint.size < row.size && is_mirrored(&row) {
        with_tiles(tx, &row.origin, row.mirrored, |tiles| {
            tiles.head_at(checkpoint.size)
        })?
        .root
    } else {
        return Ok(Linked::NotYet);
    };
    if known == checkpoint.root {
        return Ok(Linked::Yes);
    }
    if row.party != peer.row.name || signed.verify(&peer.keys.log).is_err() {
        return Ok(Linked::NotYet);
    }
    convict(tx, &mut row, note, now)?;
    Ok(Linked::Contradicts)
}

/// Whether a party showed two histories of any of its logs: nothing is said to it and nothing heard from it.
pub(crate) fn is_frozen(tx: &mut dyn Tx, party: &str) -> Result<bool, LinkError> {
    let logs = peer_log::of_party(tx, party)?;
    Ok(logs.iter().any(|log| log.state == FORKED))
}

fn compare(
    tx: &mut dyn Tx,
    row: &PeerLogRow,
    new: &TreeHead,
    head: &message::Head,
) -> Result<Watched, LinkError> {
    let known_head = TreeHead {
        size: row.size,
        root: Hash::new(row.root),
    };
    if new.size == known_head.size {
        let same = new.root == known_head.root;
        return Ok(if same {
            Watched::Follows
        } else {
            Watched::Forked
        });
    }
    if new.size < known_head.size {
        if !is_mirrored(row) {
            return Ok(Watched::Older(row.checkpoint.clone()));
        }
        let known = with_tiles(tx, &row.origin, row.mirrored, |tiles| {
            tiles.head_at(new.size)
        })?;
        let same = known.root == new.root;
        return Ok(if same {
            Watched::Older(row.checkpoint.clone())
        } else {
            Watched::Forked
        });
    }
    if head.old != known_head.size {
        if leads_on(tx, row, new, head)? {
            return Ok(Watched::Follows);
        }
        // Of a log that is new here nothing is held yet.
        let last = if row.size == 0 {
            Vec::new()
        } else {
            row.checkpoint.clone()
        };
        return Ok(Watched::Gap(last));
    }
    let proof: Vec<Hash> = head.consistency.iter().copied().map(Hash::new).collect();
    let follows = verify_consistency(&known_head, new, &proof).is_ok();
    // A proof that does not hold shows nothing to anybody else, so it convicts nobody: the head is not taken and nothing that
    // is proven in it counts, until a proof holds or two heads of comparable size contradict each other.
    Ok(if follows {
        Watched::Follows
    } else {
        Watched::Bad("bad-consistency-proof")
    })
}

/// Whether the mirror of a log has led to the head that was cosigned: before, its leaves are only what the other side said,
/// and nobody is convicted by them.
pub(crate) fn is_mirrored(row: &PeerLogRow) -> bool {
    row.mirrored == row.size
}

/// Whether a head whose proof begins before what is known here follows from it all the same: batches that cross each other on
/// the way bring such heads, and their leaves lead from the mirror to them.
fn leads_on(
    tx: &mut dyn Tx,
    row: &PeerLogRow,
    new: &TreeHead,
    head: &message::Head,
) -> Result<bool, LinkError> {
    if head.old > row.size || row.size == 0 || !is_mirrored(row) {
        return Ok(false);
    }
    let leaves = leaves_beyond(row, new, head);
    if u64::try_from(leaves.len()).unwrap_or(u64::MAX) != new.size.saturating_sub(row.size) {
        return Ok(false);
    }
    Ok(grown(tx, &row.origin, row.mirrored, &leaves)?.head.root == new.root)
}

/// The leaves of a head that the mirror does not have.
fn leaves_beyond(row: &PeerLogRow, new: &TreeHead, head: &message::Head) -> Vec<Hash> {
    let known = row.mirrored.checked_sub(head.mirrored);
    let Some(known) = known.and_then(|known| usize::try_from(known).ok()) else {
        return Vec::new();
    };
    let missing = usize::try_from(new.size.saturating_sub(row.mirrored)).unwrap_or(usize::MAX);
    let beyond = head.leaves.iter().skip(known).take(missing);
    beyond.copied().map(Hash::new).collect()
}

/// Takes leaf hashes into the mirror; what does not lead to the head is left out.
fn mirror(
    tx: &mut dyn Tx,
    row: &mut PeerLogRow,
    new: &TreeHead,
    head: &message::Head,
) -> Result<(), LinkError> {
    let leaves = leaves_beyond(row, new, head);
    if leaves.is_empty() {
        return Ok(());
    }
    let growth = grown(tx, &row.origin, row.mirrored, &leaves)?;
    if growth.head.size < new.size || growth.head.root == new.root {
        put_tiles(tx, &row.origin, &growth)?;
        row.mirrored = growth.head.size;
    }
    Ok(())
}

/// Takes cosignatures of the own log: a partner holds everything below. Where the accord demands it, one must be of
/// ML-DSA-44.
pub(crate) fn take_cosigned(
    link: &Link,
    tx: &mut dyn Tx,
    peer: &Peer,
    cosigned: &Cosigned,
    now: i64,
) -> Result<Option<&'static str>, LinkError> {
    let terms = link.terms_with(&peer.row.name);
    let epochs = ledger::epochs(tx)?;
    let Some(log) = epochs.iter().find(|log| log.origin == cosigned.origin) else {
        return Ok(Some("unknown-log"));
    };
    if cosigned.size > log.size {
        // It may hold more of this log than this node knows; a head with the own signature would prove it.
        return Ok(Some("cosigned-ahead"));
    }
    let root = root_at(tx, log, cosigned.size)?;
    let origin = comity_ledger::checkpoint::Origin::parse(&log.origin)
        .map_err(|error| LinkError::Tiles(error.to_string()))?;
    let checkpoint =
        comity_ledger::checkpoint::Checkpoint::new(origin, cosigned.size, Hash::new(root));
    let lines = std::str::from_utf8(&cosigned.lines).unwrap_or_default();
    let signatures: Vec<NoteSignature> = lines
        .split_inclusive('\n')
        .filter_map(|line| NoteSignature::parse(line).ok())
        .collect();
    let note = comity_ledger::note::Note::new(checkpoint.to_string(), signatures);
    let Some(verified) = note
        .ok()
        .and_then(|note| note.verify(&peer.keys.witness).ok())
    else {
        return Ok(Some("bad-cosignature"));
    };
    if terms.post_quantum && !has_ml_dsa(&verified, &peer.keys.witness) {
        return Ok(Some("ml-dsa-44-missing"));
    }
    let time = verified.iter().filter_map(|one| one.time).max();
    let ahead = time.unwrap_or(0).saturating_sub(seconds(now));
    if ahead > CLOCK_AHEAD_SECONDS_MAX {
        return Ok(Some(CLOCK_AHEAD));
    }
    let standing = if ahead > terms.clock_tolerance_seconds {
        AHEAD
    } else {
        COUNTED
    };
    let row = CosignatureRow {
        epoch: log.epoch,
        size: cosigned.size,
        party: peer.row.name.clone(),
        lines: cosigned.lines.clone(),
        received: now,
        standing: standing.to_owned(),
    };
    ledger::add_cosignature(tx, &row)?;
    let mut held = link
        .held_by
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let place = (peer.row.name.clone(), log.epoch);
    if held
        .get(&place)
        .is_some_and(|led_from| *led_from < cosigned.size)
    {
        held.remove(&place);
    }
    drop(held);
    receipt::acknowledged(tx, &peer.row.name, log.epoch, cosigned.size)?;
    Ok(None)
}

//! Cross-heads: parties of one accord tell each other which heads they hold of each other's logs.
//!
//! A party that shows different trees to two partners is found when these compare. Only parties that share one accord with the
//! log's owner are told: whoever has no accord with it learns nothing of it, neither its name nor that it was heard.
//! Whoever finds two histories tells the others, with a proof that anybody with the owner's key can check.
//!
//! In scope: what is told to whom, comparing, the proof. Out of scope: watching a log (`heads`).

use std::sync::PoisonError;
use std::time::Duration;

use comity_ledger::checkpoint::SignedCheckpoint;
use comity_ledger::equivocation::Equivocation;
use comity_ledger::tree::Hash;
use comity_link::message::{self, Message};
use comity_store::state::cross_head::{self, CrossHeadRow};
use comity_store::state::peer_log::{self, PeerLogRow};
use comity_store::state::{Tx, party};

use crate::link::heads::{FORKED, LIVE, is_mirrored};
use crate::link::log::{epoch_of, origin_of, with_tiles};
use crate::link::peer::Peer;
use crate::link::{Link, LinkError};

/// How often a head that did not change is told again, where no accord says it.
const AGAIN: Duration = Duration::from_mins(10);

/// What was told last to a party of a log: its size, and when.
pub(crate) type Told = std::collections::HashMap<(String, String), (u64, i64)>;

impl Link {
    /// What a party is told of the logs of others: the newest heads, again at each heartbeat, and proofs of two histories.
    pub(crate) fn cross_heads(
        &self,
        tx: &mut dyn Tx,
        peer: &Peer,
        now: i64,
    ) -> Result<Vec<Message>, LinkError> {
        let to = &peer.row.name;
        let terms = self.terms_with(to);
        let again = terms.heartbeat.unwrap_or(AGAIN).as_micros();
        let again = i64::try_from(again).unwrap_or(i64::MAX);
        let mut messages = Vec::new();
        for fellow in &terms.fellows {
            for row in peer_log::of_party(tx, fellow)? {
                let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
                let place = (to.clone(), row.origin.clone());
                // A conviction is news once, whatever the size.
                let size = if row.state == LIVE {
                    row.size
                } else {
                    u64::MAX
                };
                let known = told.get(&place).copied();
                if size == 0 || known.is_some_and(|(of, at)| of == size && now < at + again) {
                    continue;
                }
                told.insert(place, (size, now));
                drop(told);
                if row.state == FORKED {
                    let proof = cross_head::conviction(tx, &row.origin)?;
                    messages.extend(proof.map(|proof| {
                        let proof = message::TwoHistories { proof };
                        Message::TwoHistories(proof)
                    }));
                }
                let checkpoint = row.checkpoint;
                messages.push(Message::CrossHead(message::CrossHead { checkpoint }));
            }
        }
        Ok(messages)
    }

    /// A call failed: what it told was not heard and what it asked for never came, so the next one does both again.
    pub fn call_failed(&self, party: &str) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|(to, _), _| to != party);
        drop(told);
        self.ask_again(party);
    }

    /// Hears of a third party's log, from a party that is verified.
    pub(crate) fn hear_of_others(
        &self,
        tx: &mut dyn Tx,
        teller: &Peer,
        message: &Message,
        now: i64,
    ) -> Result<(), LinkError> {
        match message {
            _ if !teller.is_verified() => Ok(()),
            Message::CrossHead(told) => self.hear_cross_head(tx, teller, told, now),
            Message::TwoHistories(told) => self.hear_two_histories(tx, teller, told, now),
            Message::Head(_)
            | Message::Send(_)
            | Message::Receipt(_)
            | Message::Cosigned(_)
            | Message::Cursor(_)
            | Message::Gap(_)
            | Message::Card(_)
            | Message::Revocation(_)
            | Message::Knows(_)
            | Message::Forward(_)
            | Message::Holds(_)
            | Message::Want(_)
            | Message::Piece(_)
            | Message::Refused(_) => Ok(()),
        }
    }

    /// Hears of a head of a third party's log. Whatever is not by a party with which both sides share an accord is passed
    /// over in silence: an answer would tell who is known here.
    fn hear_cross_head(
        &self,
        tx: &mut dyn Tx,
        teller: &Peer,
        told: &message::CrossHead,
        now: i64,
    ) -> Result<(), LinkError> {
        let Ok(signed) = SignedCheckpoint::parse(&told.checkpoint) else {
            return Ok(());
        };
        let origin = signed.checkpoint().origin.as_str().to_owned();
        let Some(owner) = self.fellow_with(tx, teller, &origin)? else {
            return Ok(());
        };
        if signed.verify(&owner.keys.log).is_err() {
            return Ok(());
        }
        let row = CrossHeadRow {
            origin: origin.clone(),
            teller: teller.row.name.clone(),
            size: signed.checkpoint().size,
            checkpoint: told.checkpoint.clone(),
            received: now,
        };
        cross_head::put(tx, &row)?;
        compare_with(tx, &row, now)?;
        Ok(())
    }

    /// Hears of a proof that a third party's log showed two histories.
    fn hear_two_histories(
        &self,
        tx: &mut dyn Tx,
        teller: &Peer,
        told: &message::TwoHistories,
        now: i64,
    ) -> Result<(), LinkError> {
        let Ok(proof) = Equivocation::parse(&told.proof) else {
            return Ok(());
        };
        let [smaller, larger] = proof.checkpoints();
        let origin = smaller.checkpoint().origin.as_str().to_owned();
        let Some(owner) = self.fellow_with(tx, teller, &origin)? else {
            return Ok(());
        };
        if proof.verify(&owner.keys.log).is_err() {
            return Ok(());
        }
        let bytes = |signed: &SignedCheckpoint| signed.to_string().into_bytes();
        let known = peer_log::find(tx, &origin)?;
        let mut row = known.unwrap_or_else(|| PeerLogRow {
            epoch: epoch_of(&origin),
            party: owner.row.name.clone(),
            size: 0,
            root: *comity_ledger::tree::empty_root().as_bytes(),
            checkpoint: bytes(smaller),
            cosigned: 0,
            mirrored: 0,
            state: LIVE.to_owned(),
            evidence: None,
            origin: origin.clone(),
        });
        if row.state == LIVE {
            FORKED.clone_into(&mut row.state);
            row.checkpoint = bytes(smaller);
            row.evidence = Some(bytes(larger));
            peer_log::put(tx, &row)?;
            cross_head::convict(tx, &origin, &told.proof, now)?;
        }
        Ok(())
    }

    /// The party whose log this is, if it shares an accord with this node and the teller.
    fn fellow_with(
        &self,
        tx: &mut dyn Tx,
        teller: &Peer,
        origin: &str,
    ) -> Result<Option<Peer>, LinkError> {
        let epoch = epoch_of(origin);
        let fellows = self.terms_with(&teller.row.name).fellows;
        for name in &fellows {
            let Some(row) = party::find(tx, name)? else {
                continue;
            };
            if origin_of(&row.origin, epoch) == origin {
                let owner = self.peer(tx, name)?;
                return Ok((epoch <= owner.keys.epoch).then_some(owner));
            }
        }
        Ok(None)
    }
}

/// Compares a log as it is known here with what others were shown of it; answers whether it was convicted.
pub(crate) fn compare_all(tx: &mut dyn Tx, origin: &str, now: i64) -> Result<bool, LinkError> {
    for told in cross_head::of_log(tx, origin)? {
        if compare_with(tx, &told, now)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Compares with what one other was shown. A head beyond what is known here is compared once that has come as far.
fn compare_with(tx: &mut dyn Tx, told: &CrossHeadRow, now: i64) -> Result<bool, LinkError> {
    let Some(mut row) = peer_log::find(tx, &told.origin)? else {
        return Ok(false);
    };
    if row.state != LIVE {
        return Ok(false);
    }
    let Ok(signed) = SignedCheckpoint::parse(&told.checkpoint) else {
        return Ok(false);
    };
    let known = if told.size == row.size {
        Hash::new(row.root)
    } else if told.size < row.size && is_mirrored(&row) {
        with_tiles(tx, &row.origin, row.mirrored, |tiles| {
            tiles.head_at(told.size)
        })?
        .root
    } else {
        return Ok(false);
    };
    if known == signed.checkpoint().root {
        return Ok(false);
    }
    convict(tx, &mut row, &told.checkpoint, now)?;
    Ok(true)
}

/// A log showed two histories: both notes are kept, and where this node's mirror of it suffices a proof for others.
pub(crate) fn convict(
    tx: &mut dyn Tx,
    row: &mut PeerLogRow,
    contradiction: &[u8],
    now: i64,
) -> Result<(), LinkError> {
    FORKED.clone_into(&mut row.state);
    row.evidence = Some(contradiction.to_vec());
    peer_log::put(tx, row)?;
    if let Some(proof) = proof_of(tx, row, contradiction)? {
        cross_head::convict(tx, &row.origin, proof.to_string().as_bytes(), now)?;
    }
    Ok(())
}

/// The proof that a note contradicts what is known of a log; none where the mirror does not reach far enough.
fn proof_of(
    tx: &mut dyn Tx,
    row: &PeerLogRow,
    contradiction: &[u8],
) -> Result<Option<Equivocation>, LinkError> {
    let (Ok(known), Ok(other)) = (
        SignedCheckpoint::parse(&row.checkpoint),
        SignedCheckpoint::parse(contradiction),
    ) else {
        return Ok(None);
    };
    let (size, of) = (other.checkpoint().size, known.checkpoint().size);
    if size == of {
        return Ok(Some(Equivocation::same_size(known, other)));
    }
    if size == 0 || size > of || of != row.size || !is_mirrored(row) {
        return Ok(None);
    }
    let (root, proof) = with_tiles(tx, &row.origin, row.mirrored, |tiles| {
        Ok(tiles.head_at(size)?.root)
    })
    .and_then(|root| {
        let proof = with_tiles(tx, &row.origin, of, |tiles| tiles.consistency_proof(size))?;
        Ok((root, proof))
    })?;
    Ok(Some(Equivocation::prefix(other, known, root, proof)))
}

//! The node as a witness (C2SP `tlog-witness`): cosigning heads of its partners' logs that come by HTTP.
//!
//! A head that came over the node link and one that came by HTTP are compared with the same row, in one transaction, before
//! anything is signed: no fork is cosigned by using both doors.
//!
//! In scope: `add-checkpoint` and the monitored checkpoints. Out of scope: HTTP itself (`comity-api`).

use comity_ledger::checkpoint::{Origin, SignedCheckpoint};
use comity_ledger::cosignature::cosign;
use comity_ledger::key::SigningKey;
use comity_ledger::tree::{Hash, TreeHead, empty_root};
use comity_ledger::witness::{
    AddCheckpoint, KnownLog, Pending, Refusal, SIZE_MEDIA_TYPE, cosignature_lines, decide,
    monitor_path,
};
use comity_store::state::Tx;
use comity_store::state::peer_log::{self, PeerLogRow};

use crate::link::heads::{FORKED, LIVE};
use crate::link::keys::NodeKeys;
use crate::link::log::{epoch_of, origin_of};
use crate::link::{Link, LinkError, seconds};

/// An answer of the witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessReply {
    /// The HTTP status.
    pub status: u16,
    /// The media type.
    pub media_type: &'static str,
    /// The body.
    pub body: String,
}

const PLAIN: &str = "text/plain; charset=utf-8";

impl WitnessReply {
    fn new(status: u16, body: String) -> Self {
        let media_type = PLAIN;
        Self {
            status,
            media_type,
            body,
        }
    }

    fn refused(refusal: &Refusal) -> Self {
        let status = refusal.status();
        match refusal.body() {
            Some((media_type, body)) => Self {
                status,
                media_type,
                body,
            },
            None => Self::new(status, format!("{refusal}\n")),
        }
    }
}

/// What a partner's row holds, as the tree.
fn head_of(row: &PeerLogRow) -> TreeHead {
    TreeHead {
        size: row.size,
        root: Hash::new(row.root),
    }
}

impl Link {
    /// Answers `add-checkpoint`. What is cosigned is durable before this returns.
    pub fn add_checkpoint(&self, body: &[u8], now: i64) -> Result<WitnessReply, LinkError> {
        let request = match AddCheckpoint::parse(body) {
            Ok(request) => request,
            Err(error) => return Ok(WitnessReply::new(400, format!("{error}\n"))),
        };
        let origin = request.checkpoint().checkpoint().origin.clone();
        let decided = self
            .state
            .write(|tx| self.decide_checkpoint(tx, request.clone(), now))?;
        let pending = match decided {
            Ok(pending) => pending,
            Err(refusal) => return Ok(WitnessReply::refused(&refusal)),
        };
        let row = self
            .state
            .read(|tx| peer_log::find(tx, origin.as_str()))?
            .filter(|row| row.state == LIVE);
        let held = row.as_ref().map(head_of);
        let time = row.map_or(0, |row| row.cosigned);
        match pending.cosign(held, &self.witness_keys(&self.keys()), time) {
            Ok(signatures) => Ok(WitnessReply::new(200, cosignature_lines(&signatures))),
            // A later head overtook this one.
            Err(_) => Ok(WitnessReply {
                status: 409,
                media_type: SIZE_MEDIA_TYPE,
                body: format!("{}\n", held.map_or(0, |head| head.size)),
            }),
        }
    }

    fn decide_checkpoint(
        &self,
        tx: &mut dyn Tx,
        request: AddCheckpoint,
        now: i64,
    ) -> Result<Result<Pending, Refusal>, LinkError> {
        let signed = request.checkpoint().clone();
        let origin = signed.checkpoint().origin.clone();
        let epoch = epoch_of(origin.as_str());
        let base = origin.as_str();
        let base = base.strip_suffix(&format!("/e{epoch}")).unwrap_or(base);
        let peer = match self.peer_by_origin(tx, base) {
            Ok(peer) => peer.enrolled(),
            Err(error) => Err(error),
        };
        let peer = match peer {
            Ok(peer) => peer,
            Err(LinkError::UnknownParty(_) | LinkError::NotEnrolled { .. }) => {
                return Ok(Err(Refusal::UnknownOrigin));
            }
            Err(error) => return Err(error),
        };
        if origin_of(base, epoch) != origin.as_str() || epoch > peer.keys.epoch {
            return Ok(Err(Refusal::UnknownOrigin));
        }
        // Of a party that showed two histories nothing is cosigned.
        if crate::link::heads::is_frozen(tx, &peer.row.name)? {
            return Ok(Err(Refusal::Inconsistent));
        }
        let row = peer_log::find(tx, origin.as_str())?;
        let of_origin = peer.keys.log.iter();
        let keys = of_origin.filter(|key| key.name() == origin.as_str());
        let known = KnownLog {
            origin: origin.clone(),
            keys: keys.cloned().collect(),
            held: row.as_ref().map(head_of),
        };
        let mut row = row.unwrap_or_else(|| PeerLogRow {
            origin: origin.as_str().to_owned(),
            party: peer.row.name.clone(),
            epoch,
            size: 0,
            root: *empty_root().as_bytes(),
            checkpoint: Vec::new(),
            cosigned: 0,
            mirrored: 0,
            state: LIVE.to_owned(),
            evidence: None,
        });
        match decide(Some(&known), request) {
            Ok(pending) => {
                let head = signed.checkpoint().head();
                row.size = head.size;
                row.root = *head.root.as_bytes();
                row.checkpoint = signed.to_string().into_bytes();
                row.cosigned = seconds(now).max(row.cosigned).max(1);
                peer_log::put(tx, &row)?;
                self.untold().insert(peer.row.name.clone());
                Ok(Ok(pending))
            }
            // The log's own key signed two roots for one size. A proof that does not fit proves nothing: anybody may send it.
            Err(Refusal::OtherRoot) if known.held.is_some() => {
                FORKED.clone_into(&mut row.state);
                row.evidence = Some(signed.to_string().into_bytes());
                peer_log::put(tx, &row)?;
                Ok(Err(Refusal::OtherRoot))
            }
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// The newest checkpoint of a log that this node cosigned, with its cosignatures, by the name that monitors use:
    /// the SHA-256 of the origin.
    pub fn monitored(&self, digest: &str) -> Result<Option<Vec<u8>>, LinkError> {
        let rows = self.state.read(peer_log::list)?;
        for row in rows {
            let Ok(origin) = Origin::parse(&row.origin) else {
                continue;
            };
            if row.cosigned == 0 || monitor_path(&origin) != format!("{digest}/checkpoint") {
                continue;
            }
            let bad = |error: &dyn std::fmt::Display| LinkError::Tiles(error.to_string());
            let mut signed =
                SignedCheckpoint::parse(&row.checkpoint).map_err(|error| bad(&error))?;
            for key in self.witness_keys(&self.keys()) {
                let line = cosign(key, signed.checkpoint(), row.cosigned);
                signed.add(line).map_err(|error| bad(&error))?;
            }
            return Ok(Some(signed.to_string().into_bytes()));
        }
        Ok(None)
    }

    fn witness_keys<'k>(&self, own: &'k NodeKeys) -> Vec<&'k SigningKey> {
        let mut keys = vec![own.witness()];
        if self.signs_post_quantum() {
            keys.push(own.witness_post_quantum());
        }
        keys
    }
}

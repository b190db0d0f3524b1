//! What revocations leave in doubt: evidence by a key that its party's root took out of use.
//!
//! Evidence that others had cosigned before the revocation became known stays good. When it became known, and which head
//! was held then, is the word of whose ledger this is; the head carries its cosignature.
//!
//! In scope: weighing one envelope or receipt. Out of scope: the rule itself (`comity-accord`).

use comity_accord::keys::Standing;
use comity_ledger::checkpoint::SignedCheckpoint;
use comity_ledger::key::VerifierKey;
use comity_link::header::SignedHeader;
use comity_stix::timestamp::Timestamp;

use crate::ledger::verify::{Check, Party, Shown, cosigners};

impl Check<'_> {
    /// Weighs something that stands in its signer's log.
    pub(super) fn weigh(
        &mut self,
        what: &str,
        signer: &Party,
        (note, created): (&[u8], u64),
        shown: Option<&Shown>,
    ) {
        if signer.ring.revocations().is_empty() {
            return;
        }
        let mut keys = Vec::new();
        let signs =
            |key: &&VerifierKey| SignedHeader::open(note, std::slice::from_ref(*key)).is_ok();
        keys.extend(signer.keys.envelope.iter().find(signs));
        let mut cosigned = Vec::new();
        if let Some(shown) = shown {
            keys.extend(sole_signer(signer, &shown.head));
            cosigned = self.cosigned_by_others(signer, shown);
        }
        let made = cosigned.iter().min().copied();
        let made = made.or_else(|| at(created));
        let Some(made) = made else { return };
        let found = keys
            .into_iter()
            .map(|key| signer.ring.disowned(key, made, &cosigned))
            .max_by_key(|standing| match standing {
                Standing::Suspect { .. } => 2,
                Standing::Disputed { .. } => 1,
                Standing::Good
                | Standing::Unknown
                | Standing::TooEarly { .. }
                | Standing::Retired { .. } => 0,
            });
        self.report.doubt(what, found.unwrap_or(Standing::Good));
    }

    /// When parties other than the signer cosigned heads that hold it.
    fn cosigned_by_others(&self, signer: &Party, shown: &Shown) -> Vec<Timestamp> {
        let others = self.witnesses.iter();
        let others = others.filter(|key| !signer.keys.witness.contains(key));
        let others: Vec<VerifierKey> = others.cloned().collect();
        let origin = &shown.head.checkpoint().origin;
        let holds = |head: &&SignedCheckpoint| {
            let held = head.checkpoint();
            held.origin == *origin && shown.index < held.size
        };
        let heads = signer.held.iter().filter(holds);
        let heads = heads.chain(std::iter::once(&shown.head));
        let times = heads.flat_map(|head| cosigners(head, &others).unwrap_or_default());
        times.filter_map(|(_, time)| at(time)).collect()
    }
}

/// The log key of a head, where only one signed it: a second one that is not revoked speaks for it.
fn sole_signer<'p>(signer: &'p Party, head: &SignedCheckpoint) -> Option<&'p VerifierKey> {
    let signs = |key: &&VerifierKey| head.verify(std::slice::from_ref(*key)).is_ok();
    let mut keys: Vec<&VerifierKey> = signer.keys.log.iter().filter(signs).collect();
    keys.sort_by_key(|key| signer.ring.is_revoked(key));
    keys.first().copied()
}

fn at(seconds: u64) -> Option<Timestamp> {
    let micros = i64::try_from(seconds).ok()?.checked_mul(1_000_000)?;
    Timestamp::from_micros(micros)
}

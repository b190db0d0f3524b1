//! Witnesses that are no parties: asking one for a cosignature of the own newest head, and keeping what it answers.
//!
//! In scope: the request, the answer. Out of scope: carrying them over HTTP (the command line).

use comity_ledger::checkpoint::SignedCheckpoint;
use comity_ledger::key::VerifierKey;
use comity_ledger::witness::{AddCheckpoint, Answer, accept_cosignatures};
use comity_store::state::ledger::{self, CosignatureRow};
use comity_store::state::witness::{self, WitnessRow};
use serde_json::{Value, json};

use crate::ledger::LedgerError;
use crate::ledger::command::{WitnessAnswer, WitnessQuestion};
use crate::ledger::rows::WITNESS;
use crate::link::LinkError;
use crate::link::heads::COUNTED;
use crate::link::log::{root_at, with_tiles};
use crate::node::Node;

fn no(what: impl std::fmt::Display) -> LedgerError {
    LedgerError::Witness(what.to_string())
}

impl Node {
    /// What is asked of a witness: to cosign the own newest head, with the proof from what it holds.
    pub(crate) fn witness_request(&self, asked: &WitnessQuestion) -> Result<Value, LedgerError> {
        let key = VerifierKey::parse(&asked.vkey).map_err(no)?;
        let (log, old, proof) = self.inner.state.read(|tx| {
            let log = ledger::newest(tx)?.ok_or(LinkError::NoLog)?;
            let known = witness::list(tx)?;
            let known = known.iter().find(|row| row.name == key.name());
            let old = asked
                .held
                .or(known.map(|row| row.size))
                .unwrap_or(0)
                .min(log.size);
            let proof = with_tiles(tx, &log.origin, log.size, |tiles| {
                tiles.consistency_proof(old)
            })?;
            Ok::<_, LedgerError>((log, old, proof))
        })?;
        let note = self.link().sign_head(&log)?;
        let signed = SignedCheckpoint::parse(&note).map_err(no)?;
        let request = AddCheckpoint::new(old, proof, signed).map_err(no)?;
        Ok(json!({
            "request": request.to_string(), "origin": log.origin, "size": log.size, "held": old,
            "checkpoint": String::from_utf8_lossy(&note),
        }))
    }

    /// Takes a witness's answer; a conflict is answered with the size from which to ask again.
    pub(crate) fn witness_answer(&self, given: &WitnessAnswer) -> Result<Value, LedgerError> {
        let key = VerifierKey::parse(&given.vkey).map_err(no)?;
        let answer = Answer::parse(
            given.status,
            given.media_type.as_deref(),
            given.body.as_bytes(),
        );
        let lines = match answer.map_err(no)? {
            Answer::Cosigned(lines) => lines,
            Answer::Conflict { held } => return Ok(json!({ "held": held })),
            Answer::Refused { status } => {
                return Err(no(format!("the witness refused with status {status}")));
            }
            Answer::Unavailable { status } => {
                return Err(no(format!("the witness answered status {status}")));
            }
        };
        let mut signed = SignedCheckpoint::parse(given.checkpoint.as_bytes()).map_err(no)?;
        let before = signed.note().signatures().len();
        let count = accept_cosignatures(&mut signed, &lines, std::slice::from_ref(&key));
        if count.map_err(no)? == 0 {
            return Err(no(
                "the answer holds no cosignature by the key that was given",
            ));
        }
        let added = signed.note().signatures().iter().skip(before);
        let lines: String = added.map(ToString::to_string).collect();
        let head = signed.checkpoint().clone();
        let now = self.clock().now();
        self.inner.state.write(|tx| {
            let epochs = ledger::epochs(tx)?;
            let log = epochs.iter().find(|log| log.origin == head.origin.as_str());
            let log = log
                .filter(|log| head.size <= log.size)
                .ok_or_else(|| no("the checkpoint is not of this node's log"))?;
            if root_at(tx, log, head.size)? != *head.root.as_bytes() {
                return Err(no("the checkpoint is not of this node's log"));
            }
            let row = CosignatureRow {
                epoch: log.epoch,
                size: head.size,
                party: format!("{WITNESS}{}", key.name()),
                lines: lines.clone().into_bytes(),
                received: now,
                standing: COUNTED.to_owned(),
            };
            ledger::add_cosignature(tx, &row)?;
            let row = WitnessRow {
                name: key.name().to_owned(),
                vkey: given.vkey.clone(),
                url: given.url.clone(),
                size: head.size,
            };
            witness::put(tx, &row)?;
            Ok(())
        })?;
        Ok(json!({
            "witness": key.name(), "origin": head.origin.as_str(), "size": head.size, "lines": lines,
        }))
    }
}

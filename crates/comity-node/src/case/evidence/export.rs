//! Custody of an item for others: each event with what identifies it and the proof that it stands in a ledger.
//!
//! In scope: gathering. Out of scope: the form (`comity-formats`).

use std::collections::BTreeMap;

use comity_case::evidence::custody::Link;
use comity_case::evidence::event::Event;
use comity_case::history::stamp;
use comity_formats::case_uco::{Act, Exhibit, document};
use comity_link::header::EnvelopeId;
use comity_store::state::thread;
use serde_json::Value;

use super::shown::{bound_by, gaps};
use super::{Known, hex};
use crate::case::CaseError;
use crate::node::Node;

impl Node {
    /// Custody as CASE/UCO, in JSON-LD.
    pub(crate) fn export_evidence(&self, name: &str) -> Result<Value, CaseError> {
        let known = self.item_known(name)?;
        let now = self.clock().now().div_euclid(1_000_000);
        let item = &known.item;
        let mut acts: Vec<(i64, Act)> = self.of_house(&known);
        acts.extend(self.of_both(&known)?);
        acts.sort_by_key(|(at, _)| *at);
        let mut hashes = vec![("SHA256", item.sha256.clone())];
        hashes.extend(item.sha1.clone().map(|digits| ("SHA1", digits)));
        hashes.extend(item.md5.clone().map(|digits| ("MD5", digits)));
        Ok(document(&Exhibit {
            id: known.row.id.clone(),
            size: item.size,
            media_type: item.media_type.clone(),
            hashes,
            label: item.label.clone(),
            source: item.source.clone(),
            legal_basis: item.legal_basis.clone(),
            parents: item.parents.iter().map(|one| one.sha256.clone()).collect(),
            acts: acts.into_iter().map(|(_, act)| act).collect(),
            gaps: gaps(&known, now).iter().map(ToString::to_string).collect(),
        }))
    }

    /// What stands in the list of this house: chained by hash, and bound by the next offer.
    fn of_house(&self, known: &Known) -> Vec<(i64, Act)> {
        let own = &self.identity().party;
        let bound = known
            .shared
            .as_ref()
            .and_then(|shared| bound_by(shared, own));
        let until = known
            .house
            .iter()
            .position(|link| Some(link.hash().to_string()) == bound);
        let each = known.house.iter().zip(0_usize..).map(|(link, place)| {
            let covered = until.is_some_and(|until| place <= until);
            let why = if covered {
                "an event of this house alone: the offer of the item names the hash of the newest one, which names the one before it, and so on"
            } else {
                "an event of this house alone: its hash is named by the next one, and nothing in the ledger names it yet"
            };
            let references = vec![("comity-custody/v1 hash".to_owned(), link.hash().to_string())];
            let place = format!("{own}/house/{}", place + 1);
            (link.at, act(link, place, references, Err(why.to_owned())))
        });
        each.collect()
    }

    /// What both say: messages of the thread.
    fn of_both(&self, known: &Known) -> Result<Vec<(i64, Act)>, CaseError> {
        let (Some(shared), Some(id)) = (&known.shared, &known.row.thread) else {
            return Ok(Vec::new());
        };
        let messages = self.inner.state.read(|tx| thread::messages(tx, id))?;
        let envelopes: BTreeMap<String, [u8; 32]> = messages
            .iter()
            .map(|row| (hex(&row.digest), row.envelope))
            .collect();
        let mut acts = Vec::new();
        for (link, step) in shared.links().iter().zip(&shared.record.steps) {
            let digest = step.digest.to_string();
            let mut references = vec![
                ("comity-custody/v1 hash".to_owned(), link.hash().to_string()),
                ("SHA-256 of the message".to_owned(), digest.clone()),
            ];
            let proof = match envelopes.get(&digest) {
                Some(envelope) => {
                    let envelope = EnvelopeId(*envelope).to_string();
                    references.push(("comity-env/v1 envelope".to_owned(), envelope.clone()));
                    let proof = self.prove(&envelope, &[]);
                    let proof = proof.map_err(|error| comity_store::error::chain(&error));
                    proof.map(|proof| serde_json::to_string(&proof).unwrap_or_default())
                }
                None => Err("the message is not here".to_owned()),
            };
            acts.push((link.at, act(link, step.place.clone(), references, proof)));
        }
        Ok(acts)
    }
}

fn act(
    link: &Link,
    place: String,
    references: Vec<(String, String)>,
    proof: Result<String, String>,
) -> Act {
    let said = serde_json::to_value(&link.event).unwrap_or_default();
    let tool = match &link.event {
        Event::Acquired(item) => Some((item.tool.clone(), None)),
        Event::Derived { tool, version, .. } => Some((tool.clone(), Some(version.clone()))),
        Event::Verified { .. }
        | Event::Opened { .. }
        | Event::Copied { .. }
        | Event::Sealed { .. }
        | Event::TransferOffer { .. }
        | Event::TransferAccept { .. }
        | Event::TransferDecline { .. }
        | Event::Returned { .. }
        | Event::Hold { .. }
        | Event::Release { .. }
        | Event::Destroyed { .. }
        | Event::AnalysisReport { .. }
        | Event::Dispute { .. }
        | Event::Settle { .. } => None,
    };
    let text = |name: &str| said.get(name).cloned().unwrap_or_default();
    Act {
        place,
        event: text("event").as_str().unwrap_or_default().to_owned(),
        at: stamp(link.at),
        party: link.actor.to_string(),
        officer: link.officer.clone(),
        content: text("content").to_string(),
        tool,
        references,
        proof,
    }
}

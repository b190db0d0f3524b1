//! The paper for a review as a document: the content that both sides share, and beside it what is this node's alone.
//!
//! In scope: the document. Out of scope: what the content says (`comity_case::paper`), how it looks (`comity`).

use comity_accord::digest::Digest;
use comity_case::table::Word as _;
use comity_stix::timestamp::Timestamp;
use comity_store::state::{ledger, peer_log};
use serde_json::{Value, json};

use crate::case::CaseError;
use crate::case::seen::SeenBy;
use crate::node::Node;

impl Node {
    /// The paper of a period, with the heads of both ledgers as this node holds them now.
    pub(crate) fn paper(
        &self,
        party: &str,
        period: &str,
        as_of: Option<i64>,
        by: SeenBy<'_>,
    ) -> Result<Value, CaseError> {
        let made = self.scorecard_seen(party, (period, as_of), by)?;
        let heads = self.inner.state.read(|tx| {
            let mut heads = Vec::new();
            if let Some(own) = ledger::newest(tx)? {
                heads.push(head(
                    &self.identity().party,
                    &own.origin,
                    own.size,
                    own.root,
                ));
            }
            let theirs = peer_log::of_party(tx, party)?;
            if let Some(row) = theirs.iter().max_by_key(|row| row.epoch) {
                heads.push(head(party, &row.origin, row.size, row.root));
            }
            Ok::<_, CaseError>(heads)
        })?;
        let review = made.review.as_ref();
        let signed = review.map(|review| review.cards.keys().map(ToString::to_string));
        let now = Timestamp::from_micros(self.clock().now());
        Ok(json!({
            "hash": made.paper.hash.to_string(), "content": made.paper.content, "checkpoints": heads,
            "printed_by": self.identity().party, "printed": now.map(Timestamp::to_stix),
            "review": review.map_or("open", |review| review.state().word()),
            "said_by": signed.map(Iterator::collect::<Vec<_>>),
        }))
    }
}

fn head(party: &str, origin: &str, size: u64, root: [u8; 32]) -> Value {
    json!({ "party": party, "origin": origin, "size": size, "root": Digest::from_bytes(root).to_string() })
}

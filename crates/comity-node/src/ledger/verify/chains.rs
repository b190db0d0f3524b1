//! Channels: that nothing was dropped from them and nothing put in between.
//!
//! In scope: numbers without gaps, each envelope naming the one before. Out of scope: the envelopes themselves.
//! Limits: 72 bytes of memory an envelope.

use std::collections::BTreeMap;

use comity_link::header::{EnvelopeId, Header};
use comity_link::payload::Kind;

use crate::ledger::report::Report;

/// An envelope's place in its channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    seq: u64,
    id: [u8; 32],
    prev: Option<[u8; 32]>,
}

/// Every channel.
#[derive(Debug, Default)]
pub(super) struct Chains {
    channels: BTreeMap<(String, u32), Channel>,
    /// Envelopes to each log for which there is no receipt.
    open: BTreeMap<String, u64>,
}

#[derive(Debug)]
struct Channel {
    from: String,
    to: String,
    receipts: bool,
    places: Vec<Place>,
}

impl Chains {
    /// Takes an envelope in.
    pub(super) fn add(&mut self, header: &Header, id: [u8; 32]) {
        let key = (header.channel.to_string(), header.epoch);
        let channel = self.channels.entry(key).or_insert_with(|| Channel {
            from: header.from.clone(),
            to: header.to.clone(),
            receipts: header.kind == Kind::Receipt,
            places: Vec::new(),
        });
        channel.places.push(Place {
            seq: header.seq,
            id,
            prev: header.prev.map(|EnvelopeId(prev)| prev),
        });
    }

    /// There is no receipt for an envelope to this log.
    pub(super) fn unreceipted(&mut self, to: &str) {
        *self.open.entry(to.to_owned()).or_default() += 1;
    }

    /// Tells what is wrong with any channel.
    pub(super) fn finish(&mut self, report: &mut Report) {
        for ((name, epoch), channel) in &mut self.channels {
            channel.places.sort_unstable();
            let about = format!(
                "channel {name} from {} to {}, epoch {epoch}",
                channel.from, channel.to
            );
            let mut expected = 1;
            let mut before: Option<[u8; 32]> = None;
            for place in &channel.places {
                if place.seq < expected {
                    report.problem(format!("{about}: two envelopes have number {}", place.seq));
                    continue;
                }
                let missing = place.seq - expected;
                // A receipt that is still on its way leaves a gap where its envelope has none.
                let open = self.open.get(&channel.from).copied().unwrap_or(0);
                if missing > 0 && !(channel.receipts && missing <= open) {
                    let last = place.seq - 1;
                    report.problem(if missing == 1 {
                        format!("{about}: number {last} is missing")
                    } else {
                        format!("{about}: numbers {expected} to {last} are missing")
                    });
                } else if missing == 0 && place.prev != before {
                    let seq = place.seq;
                    report.problem(format!(
                        "{about}: number {seq} does not follow the one before it"
                    ));
                }
                expected = place.seq + 1;
                before = Some(place.id);
            }
        }
    }
}

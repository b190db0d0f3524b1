//! Going on with a party whose log showed two histories: a decision of two persons, never the node's.
//!
//! The forked log stays what it is, with both notes as evidence; nothing of it is cosigned again, and a head of it that
//! contradicts itself freezes the exchange anew. What goes on is a later epoch of the party's log, on a card that its root
//! signed. The decision is told to the party in an envelope, so that it stands in both ledgers.
//!
//! In scope: the conditions, the decision's record. Out of scope: detecting a fork (`link`).

use comity_link::channel::Lane;
use comity_link::payload::Kind;
use comity_store::state::{party, peer_log};
use serde_json::json;

use crate::exchange::ExchangeError;
use crate::exchange::enrolment::PartyView;
use crate::link::Draft;
use crate::link::heads::{FORKED, SETTLED};
use crate::link::log::epoch_of;
use crate::link::peer::VERIFIED;
use crate::node::Node;

/// Longest reason.
const REASON_BYTES_MAX: usize = 1_000;

impl Node {
    /// Goes on with a party whose log forked.
    pub fn unfreeze_party(
        &self,
        name: &str,
        by: &[String],
        reason: &str,
    ) -> Result<PartyView, ExchangeError> {
        let refused = |what: &str| ExchangeError::Enrolment(what.to_owned());
        let persons: std::collections::BTreeSet<&str> = by.iter().map(|one| one.trim()).collect();
        if persons.len() != 2 || persons.contains("") {
            return Err(refused("two persons decide this: name both with --by"));
        }
        if reason.trim().is_empty() || reason.len() > REASON_BYTES_MAX {
            return Err(refused("say why, in up to 1000 bytes"));
        }
        let now = self.clock().now();
        self.inner.state.write(|tx| {
            let row = party::find(tx, name)?;
            let row = row.ok_or_else(|| ExchangeError::UnknownParty(name.to_owned()))?;
            if row.state != VERIFIED {
                return Err(refused("only the exchange with a verified party goes on"));
            }
            let forked: Vec<_> = peer_log::of_party(tx, name)?
                .into_iter()
                .filter(|log| log.state == FORKED)
                .collect();
            let Some(last) = forked.iter().map(|log| log.epoch).max() else {
                return Err(refused("no log of the party has forked"));
            };
            let card = comity_accord::card::SignedCard::parse(&row.card)
                .map_err(|error| ExchangeError::Enrolment(error.to_string()))?;
            if epoch_of(card.card().origin.as_str()) <= last {
                return Err(refused(
                    "the party's card names the log that forked: it must begin a new epoch, with a new log key, and \
                     give you its card",
                ));
            }
            let logs: Vec<String> = forked.iter().map(|log| log.origin.clone()).collect();
            for mut log in forked {
                SETTLED.clone_into(&mut log.state);
                peer_log::put(tx, &log)?;
            }
            let said = json!({
                "decision": "go-on-after-fork", "logs": logs, "by": persons, "reason": reason.trim(),
                "card": card.hash().to_string(),
            });
            let draft = Draft {
                party: name.to_owned(),
                lane: Lane::Urgent,
                kind: Kind::Status,
                payload: said.to_string().into_bytes(),
                due: None,
            };
            self.link().enqueue_in(tx, &draft, now)?;
            Ok::<_, ExchangeError>(())
        })?;
        self.due().tell();
        self.party(name)
    }
}

//! Deposits: when a party stays silent, its envelopes are left with a third party on whom the accord agreed.
//!
//! The third party's receipt shows that they were to be had from it since then; it cannot read them. It offers them to the
//! recipient at every call until that says it holds them.
//!
//! In scope: when to deposit, keeping and offering. Out of scope: how they cross (`link`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use comity_link::channel::Lane;
use comity_link::header::{EnvelopeId, peek};
use comity_link::message::Message;
use comity_link::payload::{self, Kind};
use comity_store::state::deposit::{self, DepositRow};
use comity_store::state::{outbox, party};
use sha2::{Digest as _, Sha256};

use crate::exchange::ExchangeError;
use crate::link::Draft;
use crate::link::peer::VERIFIED;
use crate::node::Node;

const MINUTE_MICROS: i64 = 60_000_000;
/// Envelopes that are deposited in one turn.
const TURN_MAX: usize = 64;

impl Node {
    /// Deposits what has waited too long, where the accord says with whom.
    pub(crate) fn deposit_due(&self) -> Result<usize, ExchangeError> {
        let now = self.clock().now();
        let parties = self.inner.state.read(party::list)?;
        let mut deposited = 0;
        for silent in parties.iter().filter(|row| row.state == VERIFIED) {
            let agreed = self
                .inner
                .state
                .read(|tx| self.in_force(tx, &silent.name, now))?;
            let Some(agreed) = agreed else { continue };
            let terms = &agreed.content().ledger;
            let Some(third) = &terms.deposit else {
                continue;
            };
            let keeper = parties.iter().find(|row| row.name == third.as_str());
            let after = i64::from(terms.deposit_after_minutes) * MINUTE_MICROS;
            if keeper.is_none_or(|row| row.state != VERIFIED) || third.as_str() == silent.name {
                continue;
            }
            deposited += self.deposit_for(&silent.name, third.as_str(), now - after, now)?;
        }
        if deposited > 0 {
            self.due().tell();
        }
        Ok(deposited)
    }

    fn deposit_for(
        &self,
        silent: &str,
        keeper: &str,
        before: i64,
        now: i64,
    ) -> Result<usize, ExchangeError> {
        let waiting = self.inner.state.read(|tx| outbox::unsettled(tx, silent))?;
        let late = |row: &&outbox::OutboxRow| row.created < before && row.reason.is_none();
        let waiting: Vec<_> = waiting.iter().filter(late).take(TURN_MAX).collect();
        for row in &waiting {
            let (recipient, message) = self.link().sealed(silent, &row.envelope)?;
            let said = payload::Deposit {
                recipient,
                message: STANDARD.encode(message),
            };
            let draft = Draft {
                party: keeper.to_owned(),
                lane: Lane::Normal,
                kind: Kind::Deposit,
                payload: serde_json::to_vec(&said).unwrap_or_default(),
                due: None,
            };
            self.inner.state.write(|tx| {
                let id = self.send_whole(tx, &draft, now)?;
                let reason = format!("deposited with {keeper} in envelope {id}");
                Ok::<_, ExchangeError>(outbox::remark(tx, &row.envelope, &reason)?)
            })?;
        }
        Ok(waiting.len())
    }

    /// Keeps what another party deposits for a third.
    pub(crate) fn take_deposit(
        &self,
        depositor: &str,
        said: &payload::Deposit,
    ) -> Result<String, ExchangeError> {
        let bad = |reason: &str| ExchangeError::Refused(reason.to_owned());
        let message = STANDARD
            .decode(&said.message)
            .map_err(|_| bad("it is no base64"))?;
        let Ok(Message::Send(send)) = Message::decode(&message) else {
            return Err(bad("it carries no envelope"));
        };
        let header = peek(&send.header).map_err(|error| bad(&error.to_string()))?;
        let now = self.clock().now();
        let known = self.inner.state.write(|tx| {
            let from = party::find_by_origin(tx, &header.from)?;
            let to = party::find_by_origin(tx, &said.recipient)?;
            if from.is_none_or(|row| row.name != depositor) || header.to != said.recipient {
                return Err(bad("the envelope is not the depositor's"));
            }
            let Some(to) = to else {
                return Err(bad("its recipient is no partner of this node"));
            };
            let row = DepositRow {
                envelope: Sha256::digest(&send.header).into(),
                depositor: depositor.to_owned(),
                recipient: said.recipient.clone(),
                message: message.clone(),
                state: "kept".to_owned(),
                received: now,
            };
            deposit::add(tx, &row)?;
            Ok(to.name)
        })?;
        let id = EnvelopeId(Sha256::digest(&send.header).into());
        Ok(format!("kept {id} for {known}"))
    }
}

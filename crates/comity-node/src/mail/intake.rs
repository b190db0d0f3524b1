//! Taking mail in: is there room, who answers for an address, and keeping what came.
//!
//! First the raw bytes become durable, then the row that names them, and only then the caller says so to the sender. A crash
//! between the two leaves a file without a row, which `found` lists.
//!
//! In scope: these three. Out of scope: the conversation with the sender; what the mail says.

use std::sync::Arc;

use comity_store::attachment::receiving::Receiving;
use comity_store::error::{StoreError, chain};
use comity_store::state::Tx;
use comity_store::state::mail::{self, MailRow, MailState, RecipientRow};

use crate::clock::new_uuid;
use crate::mail::recipients::Recipients;
use crate::mail::{Envelope, Kept, Known, MailError, Recipient, Verdict};
use crate::node::Node;

/// What the intake of mail is told by its operator.
#[derive(Clone, Debug)]
pub struct IntakeSettings {
    /// The domain of the addresses, in lower case.
    pub domain: String,
    /// Who answers for them, in the order in which they are asked.
    pub recipients: Vec<Arc<dyn Recipients>>,
    /// So many bytes of the disk stay free.
    pub reserve_bytes: u64,
}

/// The intake of mail of a node. Cheap to clone.
#[derive(Clone, Debug)]
pub struct MailIntake {
    node: Node,
    settings: Arc<IntakeSettings>,
}

impl MailIntake {
    /// The intake of a node.
    pub fn new(node: Node, settings: IntakeSettings) -> Self {
        Self {
            node,
            settings: Arc::new(settings),
        }
    }

    /// The domain of the addresses.
    pub fn domain(&self) -> &str {
        &self.settings.domain
    }

    /// Whether the disk takes so many bytes beside what stays free.
    pub fn has_room(&self, bytes: u64) -> bool {
        match self.node.inner.mail.room() {
            Ok(room) => room >= self.settings.reserve_bytes.saturating_add(bytes),
            Err(error) => {
                tracing::warn!(error = %chain(&error), "room for mail not known");
                false
            }
        }
    }

    /// Who answers for an address.
    pub fn recipient(&self, local: &str, domain: &str) -> Verdict {
        let now = self.node.clock().now();
        let found = self
            .node
            .inner
            .state
            .read(|tx| self.find(tx, (local, domain), now));
        match found {
            Ok(Some((known, _))) => Verdict::Known(known),
            Ok(None) => Verdict::Nobody,
            Err(error) => {
                tracing::warn!(error = %chain(&error), "recipient not looked up");
                Verdict::Later
            }
        }
    }

    /// Begins to receive the raw bytes of a mail.
    pub fn receive(&self) -> Result<Receiving, StoreError> {
        self.node.inner.mail.receive()
    }

    /// Keeps a mail. Once this returns, its bytes and its row are durable. A recipient that nobody answers for any more is left
    /// out; without any, nothing is kept.
    pub fn keep(&self, envelope: &Envelope, raw: Receiving) -> Result<Kept, MailError> {
        let stored = self.node.inner.mail.finish(raw)?;
        let now = self.node.clock().now();
        let (id, sha256) = (new_uuid().to_string(), stored.sha256.sha256());
        let (kept, state) = self.node.inner.state.write(|tx| {
            let before = mail::known_of_bytes(tx, &sha256)?;
            let mut accepted = Vec::with_capacity(envelope.recipients.len());
            for recipient in &envelope.recipients {
                let found = self.find(tx, split(&recipient.address), now)?;
                accepted.push(match found {
                    // Sent again because our answer was lost: it was counted when it came first.
                    Some((known, _))
                        if before.contains(&known.name) && known == recipient.known =>
                    {
                        true
                    }
                    Some((known, of)) if known == recipient.known => of.count(tx, &known)?,
                    Some(_) | None => false,
                });
            }
            let recipients = recipients(envelope, &accepted);
            if recipients.is_empty() {
                return Err(MailError::Nobody);
            }
            let facts = (id.as_str(), sha256, stored.bytes, now);
            let row = row(tx, envelope, (&recipients, &before), facts)?;
            mail::add(tx, &row, &recipients)?;
            let kept = Kept {
                id: id.clone(),
                sha256,
                accepted,
            };
            Ok((kept, row.state))
        })?;
        let (state, bytes) = (state.word(), stored.bytes);
        tracing::info!(mail = %kept.id, sha256 = %stored.sha256, bytes, state, "mail kept");
        self.node.due().tell();
        Ok(kept)
    }

    fn find(
        &self,
        tx: &mut dyn Tx,
        (local, domain): (&str, &str),
        now: i64,
    ) -> Result<Option<(Known, &dyn Recipients)>, StoreError> {
        if !domain.eq_ignore_ascii_case(&self.settings.domain) {
            return Ok(None);
        }
        for recipients in &self.settings.recipients {
            if let Some(known) = recipients.find(tx, local, now)? {
                return Ok(Some((known, recipients.as_ref())));
            }
        }
        Ok(None)
    }
}

/// The local part of an address and its domain.
fn split(address: &str) -> (&str, &str) {
    address.rsplit_once('@').unwrap_or((address, ""))
}

fn recipients(envelope: &Envelope, accepted: &[bool]) -> Vec<RecipientRow> {
    let each = envelope.recipients.iter().zip(accepted);
    let still = each.filter(|(_, accepted)| **accepted);
    still
        .map(|(recipient, _)| {
            let Recipient { address, known } = recipient;
            RecipientRow {
                address: address.clone(),
                known_as: known.name.clone(),
                party: known.party.clone(),
            }
        })
        .collect()
}

/// The row of a mail. It is a duplicate when the same bytes came before for each of its recipients.
fn row(
    tx: &mut dyn Tx,
    envelope: &Envelope,
    (recipients, known): (&[RecipientRow], &[String]),
    (id, sha256, size, now): (&str, [u8; 32], u64, i64),
) -> Result<MailRow, StoreError> {
    let earlier = mail::of_bytes(tx, &sha256, 1)?;
    let all = recipients.iter().all(|r| known.contains(&r.known_as));
    let client = &envelope.client;
    Ok(MailRow {
        id: id.to_owned(),
        sha256,
        size,
        state: if all {
            MailState::Duplicate
        } else {
            MailState::Received
        },
        reason: None,
        // A copy points at the original, whatever the clock says of either.
        copy_of: earlier
            .into_iter()
            .next()
            .map(|row| row.copy_of.unwrap_or(row.id)),
        protocol: client.protocol.word().to_owned(),
        client: client.address.map(|address| address.to_string()),
        helo: Some(client.helo.clone()),
        sender: Some(envelope.sender.clone()),
        options: envelope.options.join(" "),
        tls: client.tls.as_ref().map(|tls| tls.version.clone()),
        cipher: client.tls.as_ref().map(|tls| tls.cipher.clone()),
        server_name: client.tls.as_ref().and_then(|tls| tls.server_name.clone()),
        received: now,
        changed: now,
    })
}

#[cfg(test)]
mod tests;

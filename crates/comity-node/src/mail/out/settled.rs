//! What others say of a mail that left: that it could not be delivered, or that it came.
//!
//! A delivery report proves nothing, but it came to an address that only those know who had the mail: so much is believed that the mail
//! is shown as one that came back. A receipt counts where the other party's own key signed it.
//!
//! In scope: finding the mail, and where it stands then. Out of scope: reading reports and receipts (`comity_mail::carried`), deciding
//! how sure it is who sent them.

use comity_mail::assurance::Level;
use comity_mail::carried::{Action, Delivery, DeliveryReport, MailReceipt};
use comity_stix::timestamp::Timestamp;
use comity_store::state::Tx;
use comity_store::state::mail_out::{self as rows, MailOutRow, MailOutState};

use super::note;
use crate::mail::MailError;
use crate::node::Node;

impl Node {
    /// Takes in that a delivery report came to the address for answers with this reference. `false`: it is about none of our mails.
    pub(crate) fn bounce_came(
        &self,
        tx: &mut dyn Tx,
        reference: &str,
        report: &DeliveryReport,
    ) -> Result<bool, MailError> {
        let sent = rows::of_reference(tx, reference)?;
        let (named, numbered) = (report.message_id.as_deref(), report.envelope_id.as_deref());
        let by_name = sent
            .iter()
            .find(|row| named == Some(&row.message_id) || numbered == Some(&row.id));
        // A report may give nothing back; then it is about the one mail that has this reference.
        let only = match (named.or(numbered), sent.as_slice()) {
            (None, [only]) => Some(only),
            (_, _) => None,
        };
        let Some(row) = by_name.or(only) else {
            return Ok(false);
        };
        let Some(delivery) = about(report, row) else {
            return Ok(false);
        };
        let now = self.clock().now();
        let said = said(report, delivery);
        let mut row = row.clone();
        let event = match delivery.action {
            Action::Failed => {
                if stands_open(row.state) {
                    row.state = MailOutState::Bounced;
                    row.reason = Some(said.clone());
                }
                "bounced"
            }
            Action::Delayed => {
                if row.state == MailOutState::Sent {
                    row.reason = Some(format!("another server has it and tries on: {said}"));
                }
                "delayed elsewhere"
            }
            Action::Delivered => "delivered, says a server",
            Action::Relayed | Action::Expanded => "handed on, says a server",
        };
        row.changed = now;
        rows::change(tx, &row)?;
        note(tx, &row.id, now, (event, &said))?;
        Ok(true)
    }

    /// Takes in a receipt of another node, with how sure it is who sent the mail that carried it. `false`: it is about none of our
    /// mails to that party.
    pub(crate) fn receipt_came(
        &self,
        tx: &mut dyn Tx,
        receipt: &MailReceipt,
        level: Level,
        party: Option<&str>,
    ) -> Result<bool, MailError> {
        let Some(message_id) = receipt.message_id.as_deref() else {
            return Ok(false);
        };
        let Some(mut row) = rows::of_message_id(tx, message_id)? else {
            return Ok(false);
        };
        if row.party.is_none() || row.party.as_deref() != party {
            return Ok(false);
        }
        let now = self.clock().now();
        let word = level.word();
        let said = format!(
            "{word}, received {} at {}, SHA-256 {}",
            receipt.received, receipt.address, receipt.mail_sha256
        );
        if level < Level::L3 {
            note(tx, &row.id, now, ("receipt that does not count", &said))?;
            return Ok(true);
        }
        let received = Timestamp::parse(&receipt.received).map(Timestamp::micros);
        if row.receipted.is_none() && row.state != MailOutState::Cancelled {
            row.state = MailOutState::Receipted;
            row.receipted = Some(received.unwrap_or(now));
            row.receipt_level = Some(word.to_owned());
            row.reason = None;
            row.changed = now;
            rows::change(tx, &row)?;
        }
        note(tx, &row.id, now, ("receipt", &said))?;
        Ok(true)
    }
}

/// Whether nothing better than a bounce is known of it.
const fn stands_open(state: MailOutState) -> bool {
    match state {
        MailOutState::Queued
        | MailOutState::Sending
        | MailOutState::Delayed
        | MailOutState::Sent
        | MailOutState::Failed => true,
        MailOutState::Bounced | MailOutState::Cancelled | MailOutState::Receipted => false,
    }
}

/// What a report says of the mail's recipient; of the only one that it names, where other servers rewrote the address.
fn about<'r>(report: &'r DeliveryReport, row: &MailOutRow) -> Option<&'r Delivery> {
    let is = |address: &str| address.eq_ignore_ascii_case(&row.recipient);
    let mut all = report.deliveries.iter();
    let found =
        all.find(|one| is(&one.recipient) || one.original_recipient.as_deref().is_some_and(is));
    found.or(match report.deliveries.as_slice() {
        [only] => Some(only),
        _ => None,
    })
}

fn said(report: &DeliveryReport, delivery: &Delivery) -> String {
    let by = report.reporting.as_deref().unwrap_or("a server");
    let why = delivery.diagnostic.as_deref().unwrap_or("without a reason");
    format!("{by} says {}: {why}", delivery.status)
}

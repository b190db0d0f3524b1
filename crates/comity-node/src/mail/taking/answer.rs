//! Answering a mail: at most once, and only somebody who is known to have written it.
//!
//! The answer is a receipt: JSON for the other node, and words for people about what became of each thing and what to do. It has the null
//! sender and says that a program sends it, so nothing answers it in turn; mail of programs, of lists and with the null sender gets
//! none, and nobody gets one for a mail that anybody may have sent.
//!
//! In scope: whether, and what it says. Out of scope: sending it (`out`).

use comity_accord::digest::Digest;
use comity_link::file::{EXTENSION, cut};
use comity_mail::assurance::Level;
use comity_mail::carried::{MailReceipt, RECEIPT_TYPE};
use comity_mail::compose::{AutoSubmitted, Enclosure};
use comity_store::error::chain;
use comity_store::state::Tx;
use comity_store::state::judged as rows;
use comity_store::state::mail::MailState;

use super::acting::Done;
use super::judging::{Judged, subject_of};
use super::table::Act;
use crate::exchange::command::at;
use crate::mail::MailError;
use crate::mail::out::{Answered, Parcel, ParcelKind};
use crate::node::Node;

/// Things of a mail that are told one by one.
const TOLD_MAX: usize = 50;
/// What a batch of the link is called as an enclosure.
const BATCH_TYPE: &str = "application/octet-stream";

impl Node {
    /// Answers a mail, unless it is not to be answered or was. Answers the number of what leaves.
    pub(super) fn answer(
        &self,
        tx: &mut dyn Tx,
        judged: &Judged,
        done: &Done,
    ) -> Result<Option<String>, MailError> {
        let active = judged.writer.as_ref().is_some_and(|writer| writer.active);
        let may = may_be_answered(judged) && active && !done.duplicate;
        let Some(writer) = judged.writer.as_ref().filter(|_| may) else {
            return Ok(None);
        };
        let before = rows::find(tx, &judged.row.id)?;
        if before.is_some_and(|row| row.answer.is_some()) {
            return Ok(None);
        }
        // What came encrypted is not repeated in an answer that anybody can read.
        let hide = judged.unfolded.opened.decrypted && !self.would_encrypt(tx, &writer.id)?;
        let outer = &judged.unfolded.outer;
        let fields = &judged.unfolded.opened.content.fields;
        let thread = judged.to.iter().find_map(|to| to.thread());
        let parcel = Parcel {
            party: Some(writer.id.clone()),
            to: judged.answer_to(),
            kind: ParcelKind::Receipt,
            thread: thread.map(ToOwned::to_owned),
            reference: String::new(),
            answers: Some(Answered {
                mail: judged.row.id.clone(),
                message_id: outer.message_id.clone(),
                references: fields.references.clone(),
            }),
            subject: format!("Receipt for your mail of {}", at(judged.row.received)),
            tlp: None,
            text: words(judged, done, hide),
            enclosures: enclosures(judged, done, thread),
            null_sender: true,
            auto_submitted: Some(AutoSubmitted::Replied),
        };
        match self.post(tx, &parcel) {
            Ok(id) => Ok(Some(id)),
            Err(MailError::Store(error)) => Err(error.into()),
            Err(error) => {
                // The mail is taken in all the same.
                tracing::warn!(mail = %judged.row.id, error = %chain(&error), "mail not answered");
                Ok(None)
            }
        }
    }
}

/// Whether a mail may be answered at all (RFC 3834 section 2).
fn may_be_answered(judged: &Judged) -> bool {
    let sender = judged.row.sender.as_deref().unwrap_or_default();
    judged.assurance.level >= Level::L1
        && !judged.assurance.address_leaked
        && !sender.is_empty()
        && !judged.unfolded.is_automatic()
}

fn enclosures(judged: &Judged, done: &Done, thread: Option<&str>) -> Vec<Enclosure> {
    let mut all = Vec::new();
    let digest = Digest::from_bytes(judged.row.sha256).to_string();
    let address = judged.to.first().map_or("", |to| to.known_as.as_str());
    let (received, level) = (at(judged.row.received), judged.assurance.level.word());
    match MailReceipt::new(&digest, &received, address, level) {
        Ok(mut receipt) => {
            receipt
                .message_id
                .clone_from(&judged.unfolded.outer.message_id);
            receipt.request = thread.map(ToOwned::to_owned);
            all.push(Enclosure {
                media_type: RECEIPT_TYPE.to_owned(),
                name: "receipt.json".to_owned(),
                bytes: receipt.write(),
            });
        }
        Err(error) => tracing::error!(mail = %judged.row.id, %error, "no receipt made"),
    }
    if !done.batch.is_empty() {
        all.extend(
            cut(&done.batch)
                .into_iter()
                .zip(1..)
                .map(|(bytes, number)| Enclosure {
                    media_type: BATCH_TYPE.to_owned(),
                    name: format!("receipts-{number}.{EXTENSION}"),
                    bytes,
                }),
        );
    }
    all
}

/// What people read.
fn words(judged: &Judged, done: &Done, hide: bool) -> String {
    let subject = if hide {
        "(encrypted)"
    } else {
        subject_of(&judged.unfolded.opened.content.fields)
    };
    let mut lines = vec![
        format!(
            "Your mail \"{subject}\" was received at {}.",
            at(judged.row.received)
        ),
        format!(
            "How sure it is that you sent it: {}.",
            judged.assurance.level
        ),
        String::new(),
    ];
    if let (MailState::Quarantined, Some(reason)) = (done.state, &done.reason) {
        let reason = if hide { "" } else { reason.as_str() };
        lines.push(format!("It is set aside for a person to judge. {reason}"));
    } else {
        lines.push("What became of it:".to_owned());
        let told = done.deeds.iter().take(TOLD_MAX);
        lines.extend(told.map(|deed| deed.line(hide)));
    }
    let has = |act: Act| done.deeds.iter().any(|deed| deed.act == act);
    if has(Act::Propose) && judged.assurance.level < Level::L3 {
        lines.push(String::new());
        lines.push(
            "What waits for a person enters at once if the mail is signed with OpenPGP by a key that this node has registered for you, with \
             sender, recipients, subject and date under the signature."
                .to_owned(),
        );
    }
    if has(Act::Tell) {
        lines.push(String::new());
        lines.push(
            "What was not understood is kept as it came. Send indicators as STIX 2.1, MISP JSON, CSV or plain text, samples in a ZIP with the \
             password `infected` to the address for samples."
                .to_owned(),
        );
    }
    lines.push(String::new());
    lines.push("This receipt is written by a program; nobody reads answers to it.".to_owned());
    lines.join("\n")
}

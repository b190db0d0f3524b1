//! What a mail says, as far as this node reads it for a person: nothing of it is acted upon here.
//!
//! The guard looks first; what it does not let pass is told and not parsed. Reading happens on a thread of its own (`isolated`).
//! Whoever wrote the mail chose every word that is told here, the sender's address among them: who sent it is another question.
//!
//! In scope: the document. Out of scope: verifying signatures, opening what is encrypted, taking anything in.
//! Limits: [`RAW_BYTES_MAX`], [`TEXT_CHARACTERS_MAX`], [`LINES_MAX`], those of the guard and of the reader.

use std::io::Read as _;

use comity_mail::carried::{Carried, CarriedLimits, What, classify};
use comity_mail::guard::{GuardLimits, Verdict, guard};
use comity_mail::reading::{
    Act, Coverage, Mail, Mailbox, ReadError, ReadLimits, Scheme, TIME_MAX, isolated, read,
};
use comity_stix::marking::Tlp;
use comity_stix::timestamp::Timestamp;
use comity_store::attachment::AttachmentName;
use comity_store::state::mail::MailRow;
use comity_store::state::party;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::case::document::put;
use crate::mail::MailError;
use crate::node::Node;

/// The most bytes of a mail that are brought into memory: more than the guard lets pass.
const RAW_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Of each text so much is told; the whole of it is in the raw mail.
const TEXT_CHARACTERS_MAX: usize = 100_000;
/// Texts, attachments, warnings, addresses: so many of each are told.
const LINES_MAX: usize = 100;
/// Values of a text that are told.
const VALUES_MAX: usize = 1_000;

impl Node {
    /// The bytes of a mail as they came.
    pub(super) fn mail_bytes(&self, row: &MailRow) -> Result<Vec<u8>, MailError> {
        let raw = self.inner.mail.read(&AttachmentName::of(row.sha256))?;
        let raw = raw.ok_or_else(|| MailError::NotHere(row.id.clone()))?;
        let mut bytes = Vec::new();
        raw.take(RAW_BYTES_MAX)
            .read_to_end(&mut bytes)
            .map_err(|source| MailError::File {
                action: "read",
                path: format!("mail {}", row.id).into(),
                source,
            })?;
        if <[u8; 32]>::from(Sha256::digest(&bytes)) != row.sha256 && row.size < RAW_BYTES_MAX {
            return Err(MailError::Changed(row.id.clone()));
        }
        Ok(bytes)
    }

    /// What a mail says and carries, and what is odd about it.
    pub(crate) fn mail_said(&self, id: &str) -> Result<Value, MailError> {
        let row = self.mail_row(id)?;
        let bytes = self.mail_bytes(&row)?;
        let stopped =
            |guard: &str, why: String| json!({ "id": row.id, "guard": guard, "why": why });
        match guard(&bytes, &GuardLimits::EXCHANGE) {
            Verdict::Refuse(refusal) => return Ok(stopped("refused", refusal.to_string())),
            Verdict::Quarantine(fault) => return Ok(stopped("quarantined", fault.to_string())),
            Verdict::Pass => {}
        }
        let parties = self.inner.state.read(|tx| party::list(tx))?;
        let domains: Vec<String> = parties
            .iter()
            .filter_map(|party| party.origin.split('/').next())
            .map(ToOwned::to_owned)
            .collect();
        let done = isolated(TIME_MAX, move || {
            let domains: Vec<&str> = domains.iter().map(String::as_str).collect();
            let mail = read(&bytes, &ReadLimits::EXCHANGE, &domains)?;
            let carried = classify(&mail, &CarriedLimits::EXCHANGE);
            Ok::<_, ReadError>(document(&mail, &carried))
        });
        match done {
            Ok(Ok(mut said)) => {
                put(&mut said, "id", row.id.into());
                Ok(said)
            }
            Ok(Err(error)) => Ok(stopped("passed, and not read", error.to_string())),
            Err(error) => Ok(stopped("passed, and not read", error.to_string())),
        }
    }
}

/// The addresses that a mail is to, where it is bound to persons: they are the ones that it names.
pub(super) fn persons(mail: &Mail) -> Option<Value> {
    let fields = &mail.fields;
    let all = fields.to.iter().chain(&fields.cc).take(LINES_MAX);
    let all = all.map(|one| Value::from(one.address.as_str()));
    (mail.tlp == Some(Tlp::Red)).then(|| all.collect())
}

fn document(mail: &Mail, carried: &[Carried]) -> Value {
    let fields = &mail.fields;
    let all = |boxes: &[Mailbox]| -> Value { boxes.iter().take(LINES_MAX).map(mailbox).collect() };
    let date = fields.date.and_then(|at| at.checked_mul(1_000_000));
    let date = date.and_then(Timestamp::from_micros);
    let texts = mail.texts.iter().take(LINES_MAX).map(|block| {
        json!({
            "text": block.text.chars().take(TEXT_CHARACTERS_MAX).collect::<String>(),
            "html": block.html, "alternative": block.alternative,
            "under_signature": block.covered_by.is_some(), "by_another": block.within.is_some(),
        })
    });
    let attachments = mail.attachments.iter().take(LINES_MAX).map(|one| {
        json!({
            "name": one.name, "declared": one.declared, "kind": one.kind.to_string(), "bytes": one.bytes.len(),
            "sha256": AttachmentName::of(Sha256::digest(&one.bytes).into()).to_string(),
            "under_signature": one.covered_by.is_some(), "by_another": one.within.is_some(),
        })
    });
    let protections = mail.protections.iter().take(LINES_MAX).map(|one| {
        json!({ "scheme": scheme(one.scheme), "act": act(one.act), "covers": coverage(one.coverage) })
    });
    json!({
        "guard": "passed",
        "from": mailbox(&fields.from), "to": all(&fields.to), "cc": all(&fields.cc), "reply_to": all(&fields.reply_to),
        "subject": fields.subject, "date": date.map(|at| at.to_string()), "message_id": fields.message_id,
        "in_reply_to": fields.in_reply_to.iter().take(LINES_MAX).collect::<Vec<_>>(),
        "auto_submitted": fields.auto_submitted, "through_list": fields.list.is_some(),
        "tlp": mail.tlp.map(|label| label.to_string()), "label": mail.tlp.map(|label| label.to_string()),
        "persons": persons(mail),
        "texts": texts.collect::<Vec<_>>(), "attachments": attachments.collect::<Vec<_>>(),
        "protections": protections.collect::<Vec<_>>(),
        "carries": carried.iter().take(LINES_MAX).map(one_carried).collect::<Vec<_>>(),
        "warnings": mail.warnings.iter().take(LINES_MAX).map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// The name is the sender's claim and stands apart from the address.
fn mailbox(one: &Mailbox) -> Value {
    json!({ "address": one.address, "claimed_name": one.claimed_name })
}

fn one_carried(one: &Carried) -> Value {
    let (what, detail) = told(&one.what);
    json!({
        "what": what, "detail": detail, "under_signature": one.covered_by.is_some(), "by_another": one.within,
    })
}

/// What is carried, in a word, and what there is to say of it.
pub(super) fn told(what: &What) -> (&'static str, Value) {
    match what {
        What::StixBundle { objects } => ("stix bundle", json!({ "objects": objects })),
        What::StixObject => ("stix object", Value::Null),
        What::ComityFile => ("comity file", Value::Null),
        What::MispEvent { events } => ("misp events", json!({ "events": events })),
        What::IndicatorList => ("list of values", Value::Null),
        What::AbuseReport(report) => (
            "abuse report",
            json!({ "type": report.feedback_type, "source": report.source, "reported": report.reported }),
        ),
        What::XArf(report) => (
            "xarf report",
            json!({ "type": report.kind, "source": report.source, "version": report.version }),
        ),
        What::DeliveryReport(report) => (
            "delivery report",
            json!({ "message_id": report.message_id, "recipients": report.deliveries.len() }),
        ),
        What::DispositionNotice(notice) => (
            "disposition notice",
            json!({ "message_id": notice.message_id }),
        ),
        What::Receipt(receipt) => (
            "receipt",
            json!({ "mail_sha256": receipt.mail_sha256, "received": receipt.received }),
        ),
        What::OpenPgpKeys => ("openpgp keys", Value::Null),
        What::Archive(listing) => {
            let against = listing.objections.iter().take(LINES_MAX);
            let against: Vec<String> = against.map(ToString::to_string).collect();
            (
                "archive",
                json!({
                    "members": listing.entries.len(), "encrypted": listing.is_encrypted(), "against": against,
                }),
            )
        }
        What::Prose { values } => {
            let values = values.iter().take(VALUES_MAX);
            let values: Vec<&str> = values.map(|value| value.value.as_str()).collect();
            ("words", json!({ "values": values }))
        }
        What::Encrypted => ("something encrypted", Value::Null),
        What::NotUnderstood(reason) => ("not understood", json!({ "why": reason.to_string() })),
        _ => ("something newer", Value::Null),
    }
}

fn scheme(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::PgpMime => "OpenPGP/MIME",
        Scheme::Smime => "S/MIME",
        Scheme::PgpInline => "OpenPGP in the text",
    }
}

fn act(act: Act) -> &'static str {
    match act {
        Act::Signed => "signed",
        Act::Encrypted => "encrypted",
    }
}

fn coverage(coverage: Coverage) -> &'static str {
    match coverage {
        Coverage::Nothing => "nothing",
        Coverage::PartOnly => "a part only",
        Coverage::Whole => "all of it",
    }
}

//! Looking at mail that was kept: lists, one mail, its raw bytes.
//!
//! In scope: documents and the file that is written out. Out of scope: what the mail says.
//! Limits: [`PAGE_MAX`] mails in a list, [`RECIPIENTS_SHOWN`] recipients of each.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use comity_store::attachment::{AttachmentName, BUFFER_BYTES};
use comity_store::state::judged::{self, JudgedRow, ProposalRow, ProposalState};
use comity_store::state::mail::{self, MailFilter, MailRow, MailState, RecipientRow};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::case::document::put;
use crate::exchange::command::at;
use crate::ledger::hex;
use crate::mail::MailError;
use crate::mail::command::PAGE_MAX;
use crate::mail::taking::record;
use crate::node::Node;

/// Recipients of a mail that a list names.
const RECIPIENTS_SHOWN: usize = 5;

/// A mail in a list: its row, its recipients, what it came to, and what it proposes.
type Line = (
    MailRow,
    Vec<RecipientRow>,
    Option<JudgedRow>,
    Vec<ProposalRow>,
);

impl Node {
    /// Mails, the newest first.
    pub(crate) fn mails(
        &self,
        (state, party): (Option<&str>, Option<String>),
        before: Option<&str>,
        limit: u64,
    ) -> Result<Value, MailError> {
        let state = state
            .map(|word| MailState::parse(word).ok_or_else(|| MailError::State(word.to_owned())));
        let filter = MailFilter {
            state: state.transpose()?,
            party,
        };
        let before = before.map(|id| match self.mail_row(id) {
            Err(MailError::Unknown(id)) => Err(MailError::Place(id)),
            found => found,
        });
        let before = before.transpose()?;
        let rows = self.inner.state.read(|tx| {
            let place = before.as_ref().map(|row| (row.received, row.id.as_str()));
            let rows = mail::list(tx, &filter, place, limit.clamp(1, PAGE_MAX))?;
            let with = |row: MailRow| {
                let recipients = mail::recipients(tx, &row.id)?;
                let judged = judged::find(tx, &row.id)?;
                let proposals = judged::proposals(tx, &row.id)?;
                Ok((row, recipients, judged, proposals))
            };
            rows.into_iter()
                .map(with)
                .collect::<Result<Vec<_>, MailError>>()
        })?;
        let line = |(row, recipients, judged, proposals): &Line| {
            let mut line = facts(row);
            let level = judged.as_ref().map(|row| row.level.clone());
            put(&mut line, "level", level.into());
            for (name, value) in told_by_itself(judged.as_ref()) {
                put(&mut line, name, value);
            }
            let party = judged.as_ref().and_then(|row| row.party.clone());
            put(&mut line, "sent_by", party.into());
            let leaked = judged.as_ref().is_some_and(|row| row.leaked);
            put(&mut line, "address_leaked", leaked.into());
            let waits = proposals
                .iter()
                .filter(|one| one.state == ProposalState::Waits);
            put(
                &mut line,
                "waits",
                waits.map(|one| one.id.clone()).collect(),
            );
            let shown = recipients.iter().take(RECIPIENTS_SHOWN);
            put(&mut line, "to", shown.map(|r| r.address.clone()).collect());
            put(&mut line, "recipients", recipients.len().into());
            line
        };
        Ok(rows.iter().map(line).collect())
    }

    /// One mail: its envelope and what became of it.
    pub(crate) fn mail_shown(&self, id: &str) -> Result<Value, MailError> {
        let row = self.mail_row(id)?;
        let (recipients, same, judged, proposals) = self.inner.state.read(|tx| {
            let recipients = mail::recipients(tx, &row.id)?;
            let same = mail::of_bytes(tx, &row.sha256, PAGE_MAX)?;
            let judged = judged::find(tx, &row.id)?;
            let proposals = judged::proposals(tx, &row.id)?;
            Ok::<_, MailError>((recipients, same, judged, proposals))
        })?;
        let here = self
            .inner
            .mail
            .read(&AttachmentName::of(row.sha256))?
            .is_some();
        let mut shown = facts(&row);
        let to = |r: &RecipientRow| json!({ "address": r.address, "party": r.party });
        put(&mut shown, "to", recipients.iter().map(to).collect());
        put(&mut shown, "options", row.options.as_str().into());
        put(&mut shown, "changed", at(row.changed).into());
        put(&mut shown, "raw_here", here.into());
        let others = same.iter().filter(|other| other.id != row.id);
        put(
            &mut shown,
            "same_bytes",
            others.map(|other| other.id.clone()).collect(),
        );
        let by = &self.identity().domain;
        put(&mut shown, "trace", trace(&row, &recipients, by).into());
        if let Some(judged) = &judged {
            record::shown(&mut shown, judged, &proposals);
        }
        Ok(shown)
    }

    /// Writes the raw bytes of a mail into a new file, as they came.
    pub(crate) fn mail_raw(&self, id: &str, out: &Path) -> Result<Value, MailError> {
        let row = self.mail_row(id)?;
        let raw = self.inner.mail.read(&AttachmentName::of(row.sha256))?;
        let raw = raw.ok_or_else(|| MailError::NotHere(row.id.clone()))?;
        let failed = |action| {
            let path = out.to_owned();
            move |source| MailError::File {
                action,
                path,
                source,
            }
        };
        let mut options = OpenOptions::new();
        let made = options.write(true).create_new(true).mode(0o600).open(out);
        let mut file = made.map_err(failed("create"))?;
        let copied = copy(raw, &mut file).map_err(failed("write"));
        if copied.as_ref().is_ok_and(|sha256| *sha256 == row.sha256) {
            return Ok(json!({ "id": row.id, "sha256": hex(&row.sha256), "size": row.size }));
        }
        // Half a mail, or another one, is worse than none.
        let _ = std::fs::remove_file(out);
        copied?;
        Err(MailError::Changed(row.id))
    }

    /// The mail whose number begins so.
    pub(crate) fn mail_row(&self, id: &str) -> Result<MailRow, MailError> {
        let found = if id.is_empty() {
            Vec::new()
        } else {
            self.inner.state.read(|tx| mail::beginning(tx, id))?
        };
        match found.as_slice() {
            [] => Err(MailError::Unknown(id.to_owned())),
            [row] => Ok(row.clone()),
            [..] => Err(MailError::Ambiguous(id.to_owned())),
        }
    }
}

/// What a mail says of itself, and for whom alone it is.
pub(crate) fn told_by_itself(judged: Option<&JudgedRow>) -> [(&'static str, Value); 3] {
    let text = |of: fn(&JudgedRow) -> Option<&String>| judged.and_then(of).cloned().into();
    let persons = judged.and_then(|row| serde_json::from_str(row.persons.as_deref()?).ok());
    [
        ("subject", text(|row| row.subject.as_ref())),
        ("label", text(|row| row.label.as_ref())),
        ("persons", persons.unwrap_or(Value::Null)),
    ]
}

/// What a row tells.
pub(crate) fn facts(row: &MailRow) -> Value {
    let tls = row.tls.as_ref().map(|version| {
        json!({ "version": version, "cipher": row.cipher, "server_name": row.server_name })
    });
    json!({
        "id": row.id, "received": at(row.received), "state": row.state.word(), "reason": row.reason,
        "size": row.size, "sha256": hex(&row.sha256), "copy_of": row.copy_of, "protocol": row.protocol,
        "client": row.client, "helo": row.helo, "from": row.sender, "tls": tls,
    })
}

/// The trace field that this node would put in front of a mail (RFC 5321 section 4.4), on lines of its own. The raw bytes do not
/// hold it, so that their digest stays that of what came.
fn trace(row: &MailRow, recipients: &[RecipientRow], by: &str) -> String {
    let from = row.helo.as_deref().unwrap_or("unknown");
    let client = row.client.as_deref().unwrap_or("local");
    let mut text = format!("Received: from {from} ([{client}])\r\n\tby {by}");
    // RFC 3848 and RFC 2033 name them so.
    let with = match (row.protocol.as_str(), row.tls.is_some()) {
        ("lmtp", false) => "LMTP",
        ("lmtp", true) => "LMTPS",
        (_, false) => "ESMTP",
        (_, true) => "ESMTPS",
    };
    let _ = write!(text, " with {with} id {}", row.id);
    if let [one] = recipients {
        let _ = write!(text, "\r\n\tfor <{}>", one.address);
    }
    let at = jiff::Timestamp::from_microsecond(row.received).unwrap_or_default();
    let at = jiff::fmt::rfc2822::to_string(&at.to_zoned(jiff::tz::TimeZone::UTC));
    let _ = write!(text, ";\r\n\t{}\r\n", at.unwrap_or_default());
    text
}

fn copy(mut raw: File, file: &mut File) -> std::io::Result<[u8; 32]> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let count = match raw.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let part = buffer.get(..count).unwrap_or_default();
        hasher.update(part);
        file.write_all(part)?;
    }
    file.sync_all()?;
    Ok(hasher.finalize().into())
}

//! Reports made of fields: delivery (RFC 3464), disposition (RFC 8098), abuse (RFC 5965).
//!
//! Blocks of fields as in a header; a report says what its sender believes and proves nothing.
//!
//! In scope: the fields that are matched and shown. Out of scope: what a bounce does to an envelope. `mail-auth` reads abuse reports too,
//! but parses the mail anew by recursion; these few fields do not need that.
//! Limits: [`FIELDS_MAX`], [`VALUE_CHARACTERS_MAX`].

use super::{Reason, What};

/// The fields of a report, in all.
pub(super) const FIELDS_MAX: usize = 2_000;
/// Of a line so much is kept, in characters. A value that has as many bytes takes no further line.
pub(super) const VALUE_CHARACTERS_MAX: usize = 500;

/// What a mail server says of one recipient (RFC 3464 section 2.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It could not be delivered.
    Failed,
    /// Not yet delivered.
    Delayed,
    /// Delivered.
    Delivered,
    /// Handed to a server that does not report.
    Relayed,
    /// Handed on to several.
    Expanded,
}

/// One recipient of a delivery report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// `Final-Recipient` without its type.
    pub recipient: String,
    /// `Original-Recipient` without its type.
    pub original_recipient: Option<String>,
    /// `Action`.
    pub action: Action,
    /// `Status`: `5.1.1`.
    pub status: String,
    /// `Diagnostic-Code` without its type.
    pub diagnostic: Option<String>,
}

/// A delivery report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryReport {
    /// `Original-Envelope-Id`: what the sender said with `ENVID`.
    pub envelope_id: Option<String>,
    /// `Reporting-MTA` without its type.
    pub reporting: Option<String>,
    /// `Message-ID` of the mail that it gives back.
    pub message_id: Option<String>,
    /// The recipients.
    pub deliveries: Vec<Delivery>,
}

/// That a mail was shown, deleted or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DispositionNotice {
    /// `Original-Message-ID` without its brackets.
    pub message_id: Option<String>,
    /// `Final-Recipient` without its type.
    pub recipient: String,
    /// `Disposition`, behind its mode: `displayed`, `deleted`.
    pub disposition: String,
}

/// A report of abuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbuseReport {
    /// `Feedback-Type`: `abuse`, `fraud`, `virus`, ...
    pub feedback_type: String,
    /// `Source-IP`.
    pub source: Option<String>,
    /// `Reported-Domain` and `Reported-URI`.
    pub reported: Vec<String>,
    /// `Original-Mail-From`.
    pub mail_from: Option<String>,
    /// `Arrival-Date`, as it is written.
    pub arrival: Option<String>,
    /// `Message-ID` of the mail that it gives back.
    pub message_id: Option<String>,
}

/// A block of fields, names in lower case.
pub(super) struct Block(Vec<(String, String)>);

impl Block {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let found = self.0.iter().filter(move |(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A value like `rfc822; user@example.com` without its type.
    fn typed(&self, name: &str) -> Option<String> {
        let value = self.get(name)?;
        let bare = value.split_once(';').map_or(value, |(_, bare)| bare);
        Some(bare.trim().to_owned())
    }
}

/// Blocks of fields between empty lines.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Vec<(String, String)> = Vec::new();
    let mut fields = 0;
    for line in text.lines() {
        if line.trim().is_empty() {
            if !open.is_empty() {
                blocks.push(Block(std::mem::take(&mut open)));
            }
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = open.last_mut()
                && value.len() < VALUE_CHARACTERS_MAX
            {
                value.push(' ');
                value.push_str(&short(line, VALUE_CHARACTERS_MAX));
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields += 1;
            if fields > FIELDS_MAX {
                break;
            }
            let name = short(name, VALUE_CHARACTERS_MAX).to_ascii_lowercase();
            open.push((name, short(value, VALUE_CHARACTERS_MAX)));
        }
    }
    if !open.is_empty() {
        blocks.push(Block(open));
    }
    blocks
}

/// A text without control characters and blanks around it, no longer than so many characters.
pub(super) fn short(text: &str, most: usize) -> String {
    let clean = text.trim().chars().filter(|letter| !letter.is_control());
    clean.take(most).collect()
}

fn lacking(what: &str) -> What {
    What::NotUnderstood(Reason::BadReport(what.to_owned()))
}

fn bare_id(text: &str) -> Option<String> {
    let id = text.trim().strip_prefix('<')?.strip_suffix('>')?;
    (!id.is_empty()).then(|| id.to_owned())
}

/// Reads `message/delivery-status`.
pub(super) fn delivery(bytes: &[u8], message_id: Option<String>) -> What {
    let text = String::from_utf8_lossy(bytes);
    let mut all = blocks(&text).into_iter();
    let Some(first) = all.next() else {
        return lacking("no fields");
    };
    let mut deliveries = Vec::new();
    for block in all {
        let (Some(recipient), Some(action)) = (block.typed("final-recipient"), block.get("action"))
        else {
            return lacking("a recipient without Final-Recipient or Action");
        };
        let action = match action.to_ascii_lowercase().as_str() {
            "failed" => Action::Failed,
            "delayed" => Action::Delayed,
            "delivered" => Action::Delivered,
            "relayed" => Action::Relayed,
            "expanded" => Action::Expanded,
            _ => return lacking("an Action that RFC 3464 does not know"),
        };
        deliveries.push(Delivery {
            recipient,
            original_recipient: block.typed("original-recipient"),
            action,
            status: block.get("status").unwrap_or_default().to_owned(),
            diagnostic: block.typed("diagnostic-code"),
        });
    }
    if deliveries.is_empty() {
        return lacking("no recipient");
    }
    What::DeliveryReport(DeliveryReport {
        envelope_id: first.get("original-envelope-id").map(str::to_owned),
        reporting: first.typed("reporting-mta"),
        message_id,
        deliveries,
    })
}

/// Reads `message/disposition-notification`.
pub(super) fn disposition(bytes: &[u8]) -> What {
    let text = String::from_utf8_lossy(bytes);
    let Some(block) = blocks(&text).into_iter().next() else {
        return lacking("no fields");
    };
    let (Some(recipient), Some(disposition)) =
        (block.typed("final-recipient"), block.typed("disposition"))
    else {
        return lacking("no Final-Recipient or Disposition");
    };
    What::DispositionNotice(DispositionNotice {
        message_id: block.get("original-message-id").and_then(bare_id),
        recipient,
        disposition,
    })
}

/// Reads `message/feedback-report`.
pub(super) fn abuse(bytes: &[u8]) -> What {
    let text = String::from_utf8_lossy(bytes);
    let Some(block) = blocks(&text).into_iter().next() else {
        return lacking("no fields");
    };
    let Some(feedback_type) = block.get("feedback-type") else {
        return lacking("no Feedback-Type");
    };
    let reported = block
        .all("reported-domain")
        .chain(block.all("reported-uri"));
    What::AbuseReport(AbuseReport {
        feedback_type: feedback_type.to_ascii_lowercase(),
        source: block.get("source-ip").map(str::to_owned),
        reported: reported.map(str::to_owned).collect(),
        mail_from: block.get("original-mail-from").map(str::to_owned),
        arrival: block
            .get("arrival-date")
            .or_else(|| block.get("received-date"))
            .map(str::to_owned),
        message_id: None,
    })
}

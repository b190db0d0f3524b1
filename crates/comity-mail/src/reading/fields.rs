//! The fields of a mail's own header block.
//!
//! In scope: those that RFC 5322 section 3.6, RFC 3834 and RFC 2919 name, decoded and without what would change how they are shown. Out of
//! scope: trace fields, signatures over fields.

use mail_parser::{HeaderName, HeaderValue, Message, MessageParser};

use super::addresses::{self, Mailbox};
use super::{ReadLimits, Warning, decode};
use crate::guard::{Fault, field_body, sole_mailbox};

/// What a mailing list says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailingList {
    /// `List-ID` (RFC 2919), in lower case.
    pub id: String,
}

/// The fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    /// Who says that it is from them. The only one, or the guard refuses the mail.
    pub from: Mailbox,
    /// `Sender`.
    pub sender: Option<Mailbox>,
    /// `To`.
    pub to: Vec<Mailbox>,
    /// `Cc`.
    pub cc: Vec<Mailbox>,
    /// `Reply-To`.
    pub reply_to: Vec<Mailbox>,
    /// `Subject`, decoded, one line.
    pub subject: String,
    /// `Date` in seconds since 1970, UTC. None: it cannot be read.
    pub date: Option<i64>,
    /// `Message-ID` without its brackets.
    pub message_id: Option<String>,
    /// `In-Reply-To`, each without its brackets.
    pub in_reply_to: Vec<String>,
    /// `References`, oldest first.
    pub references: Vec<String>,
    /// `Auto-Submitted` (RFC 3834): its word in lower case.
    pub auto_submitted: Option<String>,
    /// It came through a mailing list.
    pub list: Option<MailingList>,
    /// `Precedence` says `bulk`, `list` or `junk`.
    pub bulk: bool,
}

/// Of a header block so much is read, in bytes: what the guard lets pass.
const HEADER_BYTES_MAX: usize = 256 * 1024;
/// The longest subject that is kept, in characters.
const SUBJECT_CHARACTERS_MAX: usize = 1_000;
/// The longest identifier of a mail that is kept, in bytes: a line of a mail.
const ID_BYTES_MAX: usize = 998;

/// Reads the fields.
pub(super) fn read(
    mail: &[u8],
    limits: &ReadLimits,
    warnings: &mut Vec<Warning>,
) -> Result<Fields, Fault> {
    let address = sole_mailbox(field_body(mail, b"from").unwrap_or_default())?.to_owned();
    let parser = MessageParser::new()
        .with_minimal_headers()
        .with_message_ids()
        .header_address(HeaderName::Sender)
        .header_text(HeaderName::ListId)
        .header_raw(HeaderName::AutoSubmitted)
        .header_raw(HeaderName::Other("Precedence".into()))
        .default_header_ignore();
    // Only the header block: what follows it may be anything.
    let end = header_end(mail).min(HEADER_BYTES_MAX);
    let header = mail.get(..end).unwrap_or_default();
    let message = parser.parse_headers(header).unwrap_or_else(|| Message {
        parts: vec![mail_parser::MessagePart::default()],
        ..Message::default()
    });
    let mut list = |value: Option<&mail_parser::Address<'_>>, name: &'static str| {
        let read = addresses::mailboxes(value, limits.entries_max);
        if read.bad {
            warnings.push(Warning::BadAddress { field: name });
        }
        if read.strange {
            warnings.push(Warning::HiddenInField { field: name });
        }
        read.mailboxes
    };
    let to = list(message.to(), "To");
    let cc = list(message.cc(), "Cc");
    let reply_to = list(message.reply_to(), "Reply-To");
    let sender = list(message.sender(), "Sender").into_iter().next();
    let name = message.from().and_then(|from| from.first()?.name.clone());
    let (name, strange_name) = addresses::claimed(name.as_deref().unwrap_or_default());
    let (subject, strange) = decode::line(message.subject().unwrap_or_default());
    for (strange, field) in [(strange_name, "From"), (strange, "Subject")] {
        if strange {
            warnings.push(Warning::HiddenInField { field });
        }
    }
    let ids = |value: &HeaderValue<'_>| identifiers(value, limits.entries_max);
    let list_id = text(&message, &HeaderName::ListId).map(|id| MailingList { id });
    let bulk = text(&message, &HeaderName::Other("Precedence".into()));
    Ok(Fields {
        from: Mailbox {
            address,
            claimed_name: (!name.is_empty()).then_some(name),
        },
        sender,
        to,
        cc,
        reply_to,
        subject: subject.chars().take(SUBJECT_CHARACTERS_MAX).collect(),
        date: message
            .date()
            .filter(|date| date.is_valid())
            .map(mail_parser::DateTime::to_timestamp),
        message_id: message
            .header(HeaderName::MessageId)
            .and_then(|value| ids(value).into_iter().next()),
        in_reply_to: ids(message.in_reply_to()),
        references: ids(message.references()),
        auto_submitted: text(&message, &HeaderName::AutoSubmitted).map(|word| {
            word.split([';', ' ', '('])
                .next()
                .unwrap_or_default()
                .to_owned()
        }),
        list: list_id,
        bulk: bulk.is_some_and(|word| matches!(word.as_str(), "bulk" | "list" | "junk")),
    })
}

/// Where the header block ends, the empty line included.
pub(super) fn header_end(mail: &[u8]) -> usize {
    let mut place = 0;
    for line in mail.split_inclusive(|byte| *byte == b'\n') {
        place += line.len();
        if line.trim_ascii_end().is_empty() {
            break;
        }
    }
    place
}

/// The `Message-ID` in a header block, without its brackets.
pub(super) fn message_id(header: &[u8]) -> Option<String> {
    let body = field_body(header, b"message-id")?;
    let text = std::str::from_utf8(body).ok()?.trim();
    let id = text.strip_prefix('<')?.strip_suffix('>')?;
    let good =
        !id.is_empty() && id.len() < ID_BYTES_MAX && id.bytes().all(|byte| byte.is_ascii_graphic());
    good.then(|| id.to_owned())
}

fn text(message: &Message<'_>, name: &HeaderName<'_>) -> Option<String> {
    let fields = message.parts.first()?.headers.iter();
    let field = fields
        .rev()
        .find(|field| field.name.as_str().eq_ignore_ascii_case(name.as_str()))?;
    let (line, _) = decode::line(field.value.as_text()?);
    let short: String = line.chars().take(SUBJECT_CHARACTERS_MAX).collect();
    (!short.is_empty()).then(|| short.to_lowercase())
}

/// Identifiers that are visible ASCII in one piece, or UTF-8 (RFC 6532).
fn identifiers(value: &HeaderValue<'_>, most: usize) -> Vec<String> {
    let good = |id: &&str| {
        !id.is_empty()
            && id.len() <= ID_BYTES_MAX
            && !id.contains(|letter: char| letter.is_whitespace() || decode::is_strange(letter))
            && !id.contains(['<', '>'])
    };
    let all = value.as_text_list().map_or_else(
        || value.as_text().into_iter().collect::<Vec<&str>>(),
        |list| list.iter().map(AsRef::as_ref).collect(),
    );
    // The last ones are the nearest.
    let skipped = all.len().saturating_sub(most);
    let kept = all.into_iter().skip(skipped).filter(good);
    kept.map(str::to_owned).collect()
}

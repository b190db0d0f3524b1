//! Writing a mail: fields that say one thing only, words, and what is enclosed.
//!
//! Nothing that comes from outside reaches a header as it is: addresses and identifiers are checked by grammar, text is refused if
//! it holds a control character and encoded otherwise, file names are made safe. What was written is held against the guard, so
//! that this node never sends what it would not take.
//!
//! In scope: plain mails, and the two halves that signing and encrypting need: the content as a MIME entity, and the fields around an
//! entity. Out of scope: signatures and encryption, delivery.
//! Limits: [`SUBJECT_BYTES_MAX`], [`IDENTIFIERS_MAX`], those of the guard.

use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::date::Date;
use mail_builder::headers::message_id::MessageId;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;
use mail_builder::headers::{Header as _, HeaderType};
use mail_builder::mime::{BodyPart, MimePart};

use comity_stix::marking::Tlp;

use crate::guard::{Fault, GuardLimits, Verdict, guard, is_address};
use crate::reading::safe_name;

/// The longest subject, in bytes.
pub const SUBJECT_BYTES_MAX: usize = 500;
/// Identifiers in `References`.
pub const IDENTIFIERS_MAX: usize = 50;
/// The longest identifier, in bytes: it stands in one line with its field's name.
const IDENTIFIER_BYTES_MAX: usize = 900;

/// Why a program sends a mail (RFC 3834 section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AutoSubmitted {
    /// In answer to a mail: nothing may answer it.
    Replied,
    /// For another reason.
    Generated,
}

/// Something enclosed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enclosure {
    /// Its media type: `application/json`.
    pub media_type: String,
    /// Its file name; made safe.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What a mail says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The sender's name, if one is shown.
    pub from_name: Option<String>,
    /// The sender's address.
    pub from: String,
    /// Whom it is for.
    pub to: Vec<String>,
    /// Where answers go, if not to the sender.
    pub reply_to: Option<String>,
    /// Its subject, without label.
    pub subject: String,
    /// Its label: written before the subject and before the words.
    pub tlp: Option<Tlp>,
    /// Its words.
    pub text: String,
    /// What is enclosed.
    pub enclosures: Vec<Enclosure>,
    /// Its identifier without brackets.
    pub message_id: String,
    /// What it answers.
    pub in_reply_to: Option<String>,
    /// What it belongs to, oldest first; the newest of them are kept.
    pub references: Vec<String>,
    /// That a program sends it.
    pub auto_submitted: Option<AutoSubmitted>,
    /// When, in seconds since 1970.
    pub date: i64,
    /// Random bytes for the boundary.
    pub boundary: [u8; 16],
}

/// Why a mail is not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ComposeError {
    /// Not an address.
    #[error("{field}: {value:?} is no address; write it as name@host.example")]
    Address {
        /// The field.
        field: &'static str,
        /// What was given.
        value: String,
    },
    /// Not an identifier.
    #[error("{field}: not an identifier of a mail")]
    Identifier {
        /// The field.
        field: &'static str,
    },
    /// A control character, or more than one line.
    #[error("{field} holds a control character; write one line of text")]
    Control {
        /// The field.
        field: &'static str,
    },
    /// Too long.
    #[error("the subject is longer than {SUBJECT_BYTES_MAX} bytes; shorten it")]
    Subject,
    /// Nobody to send it to.
    #[error("the mail has no recipient")]
    Recipient,
    /// Not a media type.
    #[error("{media_type:?} is no media type")]
    MediaType {
        /// What was given.
        media_type: String,
    },
    /// The mail as a whole breaks a rule.
    #[error("the mail cannot be sent: {0}")]
    Guard(Fault),
}

impl Letter {
    /// The whole mail, unsigned and open.
    pub fn write(&self) -> Result<Vec<u8>, ComposeError> {
        self.around(&self.subject_line()?, &self.content()?)
    }

    /// The subject with its label in front: `[TLP:AMBER] ...`.
    pub fn subject_line(&self) -> Result<String, ComposeError> {
        one_line("Subject", &self.subject)?;
        let line = match self.tlp {
            Some(tlp) => format!("[{tlp}] {}", self.subject.trim()),
            None => self.subject.trim().to_owned(),
        };
        if line.len() > SUBJECT_BYTES_MAX {
            return Err(ComposeError::Subject);
        }
        Ok(line)
    }

    /// The content as a MIME entity: its own fields, an empty line, its body. What is signed or encrypted is this, perhaps with
    /// protected fields before it (RFC 9788).
    pub fn content(&self) -> Result<Vec<u8>, ComposeError> {
        let words = match self.tlp {
            Some(tlp) => format!("{tlp}\r\n\r\n{}", lines(&self.text)),
            None => lines(&self.text),
        };
        let text = MimePart::new("text/plain", BodyPart::Text(words.into()));
        let mut entity = Vec::new();
        if self.enclosures.is_empty() {
            text.write_part(&mut entity);
            return Ok(entity);
        }
        let mut all = vec![text];
        for one in &self.enclosures {
            if !is_media_type(&one.media_type) {
                return Err(ComposeError::MediaType {
                    media_type: one.media_type.clone(),
                });
            }
            let (name, _) = safe_name(&one.name);
            let bytes = BodyPart::Binary(one.bytes.as_slice().into());
            // Always Base64, whatever it is: what was enclosed arrives byte for byte.
            let part = MimePart::new(ContentType::new(one.media_type.as_str()), bytes);
            all.push(part.attachment(name));
        }
        let kind = ContentType::new("multipart/mixed").attribute("boundary", self.boundary());
        MimePart::new(kind, all).write_part(&mut entity);
        Ok(entity)
    }

    /// The fields of the mail around a MIME entity: what [`Letter::content`] gave, or a signed or encrypted one. `subject` may say
    /// less than the letter where the letter is encrypted.
    pub fn around(&self, subject: &str, entity: &[u8]) -> Result<Vec<u8>, ComposeError> {
        let mut mail = Vec::with_capacity(entity.len() + 2_048);
        for (_, field) in self.written_fields(subject)? {
            mail.extend(field);
        }
        mail.extend(entity);
        match guard(&mail, &GuardLimits::EXCHANGE) {
            Verdict::Pass => Ok(mail),
            Verdict::Refuse(refusal) => Err(ComposeError::Guard(refusal.fault)),
            Verdict::Quarantine(fault) => Err(ComposeError::Guard(fault)),
        }
    }

    /// The fields in their order, each with its name and as it is written, its line end included.
    pub(crate) fn written_fields(
        &self,
        subject: &str,
    ) -> Result<Vec<(&'static str, Vec<u8>)>, ComposeError> {
        let fields = self.fields(subject)?.into_iter();
        let written = fields.map(|(name, value)| {
            let mut line = format!("{name}: ").into_bytes();
            let column = line.len();
            value.write_header(&mut line, column);
            (name, line)
        });
        Ok(written.collect())
    }

    /// The boundary: of the parts within the content.
    pub(crate) fn boundary(&self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.boundary))
    }

    /// The fields in their order, each checked.
    fn fields(&self, subject: &str) -> Result<Vec<(&'static str, HeaderType<'_>)>, ComposeError> {
        one_line("Subject", subject)?;
        let name = self.from_name.as_deref().map(str::trim);
        let name = name.filter(|name| !name.is_empty());
        one_line("From", name.unwrap_or_default())?;
        address("From", &self.from)?;
        let mut fields: Vec<(&'static str, HeaderType<'_>)> = vec![(
            "From",
            Address::new_address(name, self.from.as_str()).into(),
        )];
        if self.to.is_empty() {
            return Err(ComposeError::Recipient);
        }
        for one in &self.to {
            address("To", one)?;
        }
        let to = self.to.iter().map(String::as_str);
        fields.push(("To", Address::from(to.collect::<Vec<&str>>()).into()));
        if let Some(reply_to) = &self.reply_to {
            address("Reply-To", reply_to)?;
            fields.push(("Reply-To", Address::from(reply_to.as_str()).into()));
        }
        fields.push(("Date", Date::new(self.date).into()));
        identifier("Message-ID", &self.message_id)?;
        fields.push((
            "Message-ID",
            MessageId::new(self.message_id.as_str()).into(),
        ));
        if let Some(answered) = &self.in_reply_to {
            identifier("In-Reply-To", answered)?;
            fields.push(("In-Reply-To", MessageId::new(answered.as_str()).into()));
        }
        let skipped = self.references.len().saturating_sub(IDENTIFIERS_MAX);
        let references = self.references.get(skipped..).unwrap_or_default();
        for one in references {
            identifier("References", one)?;
        }
        if !references.is_empty() {
            let list = references.iter().map(String::as_str);
            fields.push(("References", MessageId::new_list(list).into()));
        }
        fields.push(("Subject", Text::new(subject.to_owned()).into()));
        if let Some(why) = self.auto_submitted {
            let word = match why {
                AutoSubmitted::Replied => "auto-replied",
                AutoSubmitted::Generated => "auto-generated",
            };
            fields.push(("Auto-Submitted", Raw::new(word).into()));
        }
        fields.push(("MIME-Version", Raw::new("1.0").into()));
        Ok(fields)
    }
}

fn address(field: &'static str, text: &str) -> Result<(), ComposeError> {
    if is_address(text) {
        return Ok(());
    }
    Err(ComposeError::Address {
        field,
        value: text.chars().take(100).collect(),
    })
}

/// `dot-atom@dot-atom` as this node and nearly all programs make them.
fn identifier(field: &'static str, text: &str) -> Result<(), ComposeError> {
    let good = |byte: u8| {
        byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'(' | b')' | b'"' | b'\\' | b',')
    };
    let whole = text.len() <= IDENTIFIER_BYTES_MAX && text.contains('@') && text.bytes().all(good);
    if whole {
        Ok(())
    } else {
        Err(ComposeError::Identifier { field })
    }
}

fn one_line(field: &'static str, text: &str) -> Result<(), ComposeError> {
    let breaks = |letter: char| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}');
    if text.contains(breaks) {
        return Err(ComposeError::Control { field });
    }
    Ok(())
}

fn is_media_type(text: &str) -> bool {
    let token = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-+._".contains(&byte))
    };
    text.len() <= 100
        && text
            .split_once('/')
            .is_some_and(|(main, sub)| token(main) && token(sub))
}

/// Lines end in CRLF, without blanks before it, which servers take away and signatures then miss (RFC 3156 section 5); other control
/// characters are no words.
fn lines(text: &str) -> String {
    let mut all = String::with_capacity(text.len() + 64);
    for line in text.lines() {
        all.extend(
            line.trim_end()
                .chars()
                .filter(|letter| !letter.is_control() || *letter == '\t'),
        );
        all.push_str("\r\n");
    }
    all
}

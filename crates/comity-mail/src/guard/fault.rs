//! What the guard finds wrong, and what is answered.
//!
//! In scope: the reasons, whether they refuse or set aside, the SMTP reply. Out of scope: finding them.

use std::fmt;

use super::Verdict;

/// Fields that stand exactly once or at most once: RFC 5322 section 3.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `From`
    From,
    /// `Date`
    Date,
    /// `Message-ID`
    MessageId,
    /// `Subject`
    Subject,
    /// `To`
    To,
    /// `Cc`
    Cc,
    /// `Reply-To`
    ReplyTo,
    /// `Sender`
    Sender,
    /// `In-Reply-To`
    InReplyTo,
    /// `References`
    References,
    /// `Content-Type`: two of them make two mails of one.
    ContentType,
    /// `Content-Transfer-Encoding`
    ContentTransferEncoding,
}

impl Field {
    /// Every one.
    pub const ALL: [Self; 12] = [
        Self::From,
        Self::Date,
        Self::MessageId,
        Self::Subject,
        Self::To,
        Self::Cc,
        Self::ReplyTo,
        Self::Sender,
        Self::InReplyTo,
        Self::References,
        Self::ContentType,
        Self::ContentTransferEncoding,
    ];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::From => "From",
            Self::Date => "Date",
            Self::MessageId => "Message-ID",
            Self::Subject => "Subject",
            Self::To => "To",
            Self::Cc => "Cc",
            Self::ReplyTo => "Reply-To",
            Self::Sender => "Sender",
            Self::InReplyTo => "In-Reply-To",
            Self::References => "References",
            Self::ContentType => "Content-Type",
            Self::ContentTransferEncoding => "Content-Transfer-Encoding",
        }
    }

    /// Whether a mail must have it.
    pub(super) const fn needed(self) -> bool {
        matches!(self, Self::From | Self::Date | Self::MessageId)
    }
}

/// What is wrong with a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// More bytes than the address takes.
    TooLarge {
        /// How many it takes.
        limit: usize,
    },
    /// The header block has too many bytes.
    HeaderTooLarge,
    /// The header block has too many lines.
    TooManyHeaderLines,
    /// A line of the header block is neither a field nor the continuation of one.
    MalformedHeader,
    /// The header block holds a control character.
    ControlCharacter,
    /// A line is longer than RFC 5322 section 2.1.1 allows.
    LineTooLong,
    /// LF without CR.
    BareLineFeed,
    /// CR without LF.
    BareCarriageReturn,
    /// A byte 0.
    Nul,
    /// Too many messages in the message.
    TooManyMessages,
    /// Too many parts.
    TooManyParts,
    /// Too many parts that have parts.
    TooManyMultiparts,
    /// A boundary is longer than RFC 2046 section 5.1.1 allows.
    BoundaryTooLong,
    /// A message in the message is encoded, which hides its parts (RFC 2046 section 5.2.1 forbids it).
    EncodedMessage,
    /// A field that must stand is not there.
    Missing(Field),
    /// A field stands twice.
    Doubled(Field),
    /// `From` names nobody.
    NoSender,
    /// `From` names more than one mailbox, or something outside the angle brackets looks like one.
    ManySenders,
    /// `From` is a group (RFC 6854).
    SenderGroup,
    /// An encoded word stands where the address is (RFC 2047 section 5 forbids it).
    EncodedAddress,
    /// Comments within comments in `From`.
    NestedComment,
    /// The address in `From` is none that this node takes: RFC 5321 section 4.1.2 with names only, nothing quoted.
    BadSender,
}

impl Fault {
    /// What becomes of such a mail. What ordinary programs also do now and then is set aside; the rest is to be refused, so
    /// that its sender learns of it at once.
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::LineTooLong
            | Self::EncodedMessage
            | Self::ControlCharacter
            | Self::Missing(Field::MessageId) => Verdict::Quarantine(self),
            Self::TooLarge { .. }
            | Self::HeaderTooLarge
            | Self::TooManyHeaderLines
            | Self::MalformedHeader
            | Self::BareLineFeed
            | Self::BareCarriageReturn
            | Self::Nul
            | Self::TooManyMessages
            | Self::TooManyParts
            | Self::TooManyMultiparts
            | Self::BoundaryTooLong
            | Self::Missing(_)
            | Self::Doubled(_)
            | Self::NoSender
            | Self::ManySenders
            | Self::SenderGroup
            | Self::EncodedAddress
            | Self::NestedComment
            | Self::BadSender => Verdict::Refuse(Refusal { fault: self }),
        }
    }

    /// A name that never changes, for records.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too-large",
            Self::HeaderTooLarge => "header-too-large",
            Self::TooManyHeaderLines => "too-many-header-lines",
            Self::MalformedHeader => "malformed-header",
            Self::ControlCharacter => "control-character",
            Self::LineTooLong => "line-too-long",
            Self::BareLineFeed => "bare-line-feed",
            Self::BareCarriageReturn => "bare-carriage-return",
            Self::Nul => "nul",
            Self::TooManyMessages => "too-many-messages",
            Self::TooManyParts => "too-many-parts",
            Self::TooManyMultiparts => "too-many-multiparts",
            Self::BoundaryTooLong => "boundary-too-long",
            Self::EncodedMessage => "encoded-message",
            Self::Missing(_) => "missing-field",
            Self::Doubled(_) => "doubled-field",
            Self::NoSender => "no-sender",
            Self::ManySenders => "many-senders",
            Self::SenderGroup => "sender-group",
            Self::EncodedAddress => "encoded-address",
            Self::NestedComment => "nested-comment",
            Self::BadSender => "bad-sender",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit } => {
                write!(out, "this address takes mails of up to {limit} bytes")
            }
            Self::HeaderTooLarge => out.write_str("the header is too large"),
            Self::TooManyHeaderLines => out.write_str("the header has too many lines"),
            Self::MalformedHeader => out.write_str("a line of the header is no field"),
            Self::ControlCharacter => out.write_str("a control character in the header"),
            Self::LineTooLong => out.write_str("a line is longer than 998 bytes"),
            Self::BareLineFeed => out.write_str("LF without CR; lines end in CRLF"),
            Self::BareCarriageReturn => out.write_str("CR without LF; lines end in CRLF"),
            Self::Nul => out.write_str("a NUL byte"),
            Self::TooManyMessages => out.write_str("too many messages within the message"),
            Self::TooManyParts => out.write_str("too many parts"),
            Self::TooManyMultiparts => out.write_str("too many parts with parts of their own"),
            Self::BoundaryTooLong => out.write_str("a boundary is longer than 70 characters"),
            Self::EncodedMessage => out.write_str("a message within the message is encoded"),
            Self::Missing(field) => write!(out, "no {} field", field.name()),
            Self::Doubled(field) => write!(out, "more than one {} field", field.name()),
            Self::NoSender => out.write_str("From names no mailbox"),
            Self::ManySenders => out.write_str("From must name exactly one mailbox"),
            Self::SenderGroup => out.write_str("From must be a mailbox, not a group"),
            Self::EncodedAddress => out.write_str("an encoded word in the address of From"),
            Self::NestedComment => out.write_str("nested comments in From"),
            Self::BadSender => out.write_str("the address in From cannot be used"),
        }
    }
}

/// A reply that refuses a mail for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong.
    pub fault: Fault,
}

impl Refusal {
    /// The reply code (RFC 5321 section 4.2).
    pub const fn code(self) -> u16 {
        if matches!(self.fault, Fault::TooLarge { .. } | Fault::HeaderTooLarge) {
            552
        } else {
            550
        }
    }

    /// The enhanced status code (RFC 3463).
    pub const fn enhanced(self) -> &'static str {
        if self.code() == 552 {
            "5.3.4"
        } else if matches!(
            self.fault,
            Fault::NoSender
                | Fault::ManySenders
                | Fault::SenderGroup
                | Fault::EncodedAddress
                | Fault::NestedComment
                | Fault::BadSender
        ) {
            "5.1.7"
        } else {
            "5.6.0"
        }
    }
}

/// The whole reply: `550 5.6.0 more than one From field`.
impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {} {}", self.code(), self.enhanced(), self.fault)
    }
}

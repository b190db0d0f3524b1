//! What the server says: a code, where there is one an enhanced code (RFC 2034), and words.
//!
//! No reply repeats what the client sent, tells one unknown address from another, or names a program and its version.
//!
//! In scope: the replies. Out of scope: when each is due (`session`, `connection`).

use std::borrow::Cow;

use super::data::DataFault;

/// A reply, without the end of its last line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply(Cow<'static, str>);

impl Reply {
    /// A reply of fixed words.
    pub(super) const fn fixed(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// A reply that says something of this server.
    pub(super) fn of(text: String) -> Self {
        Self(Cow::Owned(text))
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Whether it refuses: its code is 4yz or 5yz (RFC 5321 section 4.2.1).
    pub fn refuses(&self) -> bool {
        self.0.starts_with(['4', '5'])
    }
}

macro_rules! replies {
    ($($name:ident = $text:literal;)*) => {
        $(pub(super) const $name: Reply = Reply::fixed($text);)*
    };
}

replies! {
    OK = "250 2.0.0 OK";
    SENDER_OK = "250 2.1.0 Sender OK";
    RECIPIENT_OK = "250 2.1.5 Recipient OK";
    CANNOT_VERIFY = "252 2.5.2 Cannot say; send it and see";
    HELP = "214 2.0.0 RFC 5321 and RFC 2033 say what may be sent here";
    BYE = "221 2.0.0 Goodbye";
    GO_AHEAD = "354 End with a dot on a line of its own";
    READY_FOR_TLS = "220 2.0.0 Begin TLS";

    STOPPING = "421 4.3.2 This server is stopping; try again in a moment";
    CROWDED = "421 4.3.2 Too many connections; try again in a moment";
    NETWORK_CROWDED = "421 4.7.0 Too many connections from your network; try again in a moment";
    TOO_SLOW = "421 4.4.2 That took too long";
    SESSION_OVER = "421 4.4.2 This connection has lasted long enough; connect again";
    ERRORS = "421 4.7.0 Too many errors";
    MAILS = "421 4.7.0 That is enough for one connection; connect again";
    NO_HTTP = "421 4.7.0 This is a mail server";

    NETWORK_RATE = "450 4.7.0 Too much mail from your network; try again in a minute";
    MAILBOX_RATE = "450 4.2.1 Too much mail for this recipient; try again in a minute";
    CANNOT_LOOK_UP = "451 4.3.0 The recipient cannot be looked up now; try again later";
    NOT_KEPT = "451 4.3.0 The mail could not be kept; try again later";
    NO_ROOM = "452 4.3.1 No room for that mail now; try again later";
    RECIPIENTS = "452 4.5.3 Too many recipients for one mail; send the rest with another";

    UNKNOWN = "500 5.5.2 No such command";
    LINE_TOO_LONG = "500 5.5.6 A command's line is too long";
    LINE_BARE = "500 5.5.2 A command's line ends with CRLF and holds no other CR or LF (RFC 5321 section 2.3.8)";
    LINE_CONTROL = "500 5.5.2 A command holds no control characters, and is ASCII or UTF-8";
    NO_LHLO = "500 5.5.1 This is SMTP: say EHLO";
    ONLY_LHLO = "500 5.5.1 This is LMTP: say LHLO (RFC 2033 section 4.1)";
    SYNTAX = "501 5.5.4 That command is not written so";
    BAD_HELO = "501 5.5.4 Say EHLO with the name of your host";
    BAD_SENDER = "501 5.1.7 That is no sender's address";
    BAD_RECIPIENT = "501 5.1.3 That is no recipient's address";
    NOT_HERE = "502 5.5.1 Not available here";
    NO_HELO = "503 5.5.1 Say EHLO first, or LHLO where this is LMTP";
    NESTED = "503 5.5.1 A mail was begun already; RSET gives it up";
    NO_MAIL = "503 5.5.1 Say MAIL first";
    NO_RECIPIENT = "503 5.5.1 No recipient was accepted";
    TLS_ALREADY = "503 5.5.1 TLS protects this connection already";
    TLS_FIRST = "530 5.7.0 Say STARTTLS first";
    NOBODY = "550 5.1.1 Nobody here has that address";
    TOO_LARGE = "552 5.3.4 The mail is larger than this server takes";
    NEEDS_UTF8 = "553 5.6.7 That address needs SMTPUTF8";
    PIPELINED = "554 5.5.0 Nothing may follow DATA before its answer (RFC 2920 section 3.1)";
    PARAMETER = "555 5.5.4 No such parameter here";
}

impl From<DataFault> for Reply {
    fn from(fault: DataFault) -> Self {
        let smuggling = "in the mail; refused, because servers disagree where such a mail ends (SMTP smuggling, RFC 5321 section 2.3.8)";
        match fault {
            DataFault::BareCr => Self::of(format!("554 5.6.0 A CR without an LF {smuggling}")),
            DataFault::BareLf => Self::of(format!("554 5.6.0 An LF without a CR {smuggling}")),
            DataFault::Nul => {
                Self::fixed("554 5.6.0 A NUL in the mail (RFC 5322 section 4); encode it")
            }
            DataFault::LineTooLong { limit } => Self::of(format!(
                "554 5.6.0 A line of the mail is longer than {limit} bytes (RFC 5322 section 2.1.1); encode it"
            )),
            DataFault::TooLarge { limit } => {
                Self::of(format!("552 5.3.4 The mail is larger than {limit} bytes"))
            }
        }
    }
}

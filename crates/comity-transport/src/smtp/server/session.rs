//! The conversation of one connection, without its socket: which command may come when, and what is said to it.
//!
//! Lines come in, steps come out; whoever drives the session looks recipients up, starts TLS, reads the mail. So the rules can be
//! tested, and fuzzed, without a network.
//!
//! In scope: the grammar (by `smtp-proto`), the order of commands, the limits that are counted by command. Out of scope: time, bytes of
//! a mail (`data`), quotas.
//! Limits: [`COMMAND_BYTES_MAX`] a line, and those of the settings.

use std::borrow::Cow;

use comity_node::mail::{Client, Envelope, Known, Protocol, Recipient, Tls};
use smtp_proto::{
    Error, MAIL_BODY_7BIT, MAIL_BODY_8BITMIME, MAIL_SMTPUTF8, MailFrom, RcptTo, Request,
};

use super::reply::{self, Reply};
use super::settings::MailLimits;

/// The longest line of a command in bytes. RFC 5321 section 4.5.3.1.4 has 512, its extensions add some.
pub const COMMAND_BYTES_MAX: usize = 2_048;
/// The longest local part in bytes (RFC 5321 section 4.5.3.1.1).
const LOCAL_BYTES_MAX: usize = 64;
/// The longest name of a client that is kept.
const HELO_BYTES_MAX: usize = 255;

/// What a session is told about its connection.
#[derive(Clone, Debug)]
pub struct SessionSettings {
    /// What is spoken.
    pub protocol: Protocol,
    /// The host's name.
    pub hostname: String,
    /// TLS can be started.
    pub offers_tls: bool,
    /// No mail before TLS.
    pub require_tls: bool,
    /// The limits.
    pub limits: MailLimits,
}

/// What is to be done after a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Say this.
    Say(Reply),
    /// Find out whether there is room for so many bytes, then [`Session::mail_begins`].
    Sender {
        /// The size that was announced; 0 when none was.
        bytes: u64,
    },
    /// Look the recipient up, then [`Session::recipient_known`] where somebody answers for it.
    Recipient {
        /// The local part.
        local: String,
        /// The domain; empty for `<postmaster>` (RFC 5321 section 4.1.1.3).
        domain: String,
    },
    /// Say that TLS begins, forget what else has come, begin it, then [`Session::secured`].
    StartTls,
    /// Read the mail, then [`Session::mail_ended`].
    Data,
    /// Say this and end the connection.
    End(Reply),
}

/// One connection's conversation.
#[derive(Debug)]
pub struct Session {
    settings: SessionSettings,
    address: Option<std::net::IpAddr>,
    helo: Option<String>,
    tls: Option<Tls>,
    /// A sender was named and waits for whether there is room.
    offered: Option<(String, Vec<&'static str>)>,
    recipient: Option<String>,
    mail: Option<Envelope>,
    mails: u32,
    errors: u32,
    first: bool,
}

impl Session {
    /// A session that just began.
    pub fn new(settings: SessionSettings, address: Option<std::net::IpAddr>) -> Self {
        Self {
            settings,
            address,
            helo: None,
            tls: None,
            offered: None,
            recipient: None,
            mail: None,
            mails: 0,
            errors: 0,
            first: true,
        }
    }

    /// The first thing that is said.
    pub fn greeting(&self) -> Reply {
        let word = match self.settings.protocol {
            Protocol::Smtp => "ESMTP",
            Protocol::Lmtp => "LMTP",
        };
        Reply::of(format!("220 {} {word}", self.settings.hostname))
    }

    /// What a line calls for. The line has its end.
    pub fn line(&mut self, line: &[u8]) -> Step {
        let step = match text(line) {
            Ok(text) if std::mem::take(&mut self.first) && is_http(text) => {
                Step::End(reply::NO_HTTP)
            }
            Ok(text) => self.command(text),
            Err(fault) => Step::Say(fault),
        };
        if let Step::Say(reply) = step {
            return self.judged(reply);
        }
        step
    }

    /// A reply that is about to be said: it counts when it refuses, and too many end the connection.
    pub fn judged(&mut self, reply: Reply) -> Step {
        if reply.refuses() {
            self.errors = self.errors.saturating_add(1);
        }
        if self.errors >= self.settings.limits.errors_max.max(1) {
            return Step::End(reply::ERRORS);
        }
        Step::Say(reply)
    }

    /// How many refusals there were.
    pub fn errors(&self) -> u32 {
        self.errors
    }

    /// There is room: the mail begins.
    pub fn mail_begins(&mut self) -> Reply {
        let Some((sender, options)) = self.offered.take() else {
            return reply::NO_MAIL;
        };
        self.mails = self.mails.saturating_add(1);
        self.mail = Some(Envelope {
            client: Client {
                protocol: self.settings.protocol,
                address: self.address,
                helo: self.helo.clone().unwrap_or_default(),
                tls: self.tls.clone(),
            },
            sender,
            options,
            recipients: Vec::new(),
        });
        reply::SENDER_OK
    }

    /// Somebody answers for the recipient.
    pub fn recipient_known(&mut self, known: Known, domain: &str) -> Reply {
        let (Some(mail), Some(mut address)) = (&mut self.mail, self.recipient.take()) else {
            return reply::NO_MAIL;
        };
        if !address.contains('@') {
            // `<postmaster>` alone.
            address = format!("{address}@{domain}");
        }
        mail.recipients.push(Recipient { address, known });
        reply::RECIPIENT_OK
    }

    /// The mail is over, whatever became of it.
    pub fn mail_ended(&mut self) -> Option<Envelope> {
        self.offered = None;
        self.recipient = None;
        self.mail.take()
    }

    /// TLS has begun: what was said before counts for nothing (RFC 3207 section 4.2).
    pub fn secured(&mut self, tls: Tls) {
        self.mail_ended();
        self.helo = None;
        self.tls = Some(tls);
    }

    fn command(&mut self, line: &str) -> Step {
        let parsed = Request::parse(&mut line.as_bytes().iter());
        match parsed {
            Ok(Request::Mail { from }) => self.mail(&from, line),
            Ok(Request::Rcpt { to }) => self.rcpt(&to, line),
            Ok(Request::Data) => match &self.mail {
                Some(mail) if !mail.recipients.is_empty() => Step::Data,
                Some(_) => Step::Say(reply::NO_RECIPIENT),
                None => Step::Say(reply::NO_MAIL),
            },
            Ok(Request::StartTls) => self.start_tls(),
            Ok(Request::Quit) => Step::End(reply::BYE),
            Ok(other) => Step::Say(self.simple(other)),
            Err(error) => Step::Say(match error {
                Error::UnknownCommand => reply::UNKNOWN,
                Error::InvalidSenderAddress => reply::BAD_SENDER,
                Error::InvalidRecipientAddress => reply::BAD_RECIPIENT,
                Error::UnsupportedParameter { .. } => reply::PARAMETER,
                Error::ResponseTooLong => reply::LINE_TOO_LONG,
                Error::SyntaxError { syntax } if syntax.ends_with("LO domain") => reply::BAD_HELO,
                Error::SyntaxError { .. }
                | Error::InvalidParameter { .. }
                | Error::NeedsMoreData { .. }
                | Error::InvalidResponse { .. } => reply::SYNTAX,
            }),
        }
    }

    /// Commands that are answered on the spot.
    fn simple(&mut self, request: Request<Cow<'_, str>>) -> Reply {
        let lmtp = self.settings.protocol == Protocol::Lmtp;
        match request {
            Request::Ehlo { .. } | Request::Helo { .. } if lmtp => reply::ONLY_LHLO,
            Request::Lhlo { .. } if !lmtp => reply::NO_LHLO,
            Request::Ehlo { host } | Request::Lhlo { host } => self.hello(&host, true),
            Request::Helo { host } => self.hello(&host, false),
            Request::Rset => {
                self.mail_ended();
                reply::OK
            }
            Request::Noop { .. } => reply::OK,
            Request::Vrfy { .. } => reply::CANNOT_VERIFY,
            Request::Help { .. } => reply::HELP,
            Request::Bdat { .. }
            | Request::Auth { .. }
            | Request::Expn { .. }
            | Request::Etrn { .. }
            | Request::Atrn { .. }
            | Request::Burl { .. } => reply::NOT_HERE,
            // These are steps of their own.
            Request::Mail { .. }
            | Request::Rcpt { .. }
            | Request::Data
            | Request::StartTls
            | Request::Quit => reply::UNKNOWN,
        }
    }

    fn hello(&mut self, host: &str, extended: bool) -> Reply {
        if host.len() > HELO_BYTES_MAX || !host.bytes().all(|byte| byte.is_ascii_graphic()) {
            return reply::BAD_HELO;
        }
        // A mail that was begun is given up (RFC 5321 section 4.1.4).
        self.mail_ended();
        self.helo = Some(host.to_owned());
        let name = &self.settings.hostname;
        if !extended {
            return Reply::of(format!("250 {name}"));
        }
        let size = format!("SIZE {}", self.settings.limits.mail_bytes_max);
        let mut lines = vec![name.as_str(), "PIPELINING", &size, "8BITMIME", "SMTPUTF8"];
        if self.settings.offers_tls && self.tls.is_none() {
            lines.push("STARTTLS");
        }
        let mut text = String::new();
        for line in lines {
            text.push_str("250-");
            text.push_str(line);
            text.push_str("\r\n");
        }
        text.push_str("250 ENHANCEDSTATUSCODES");
        Reply::of(text)
    }

    fn start_tls(&mut self) -> Step {
        if self.tls.is_some() {
            Step::Say(reply::TLS_ALREADY)
        } else if self.settings.offers_tls {
            Step::StartTls
        } else {
            Step::Say(reply::NOT_HERE)
        }
    }

    fn mail(&mut self, from: &MailFrom<Cow<'_, str>>, line: &str) -> Step {
        let limits = &self.settings.limits;
        if self.helo.is_none() {
            return Step::Say(reply::NO_HELO);
        }
        if self.settings.require_tls && self.tls.is_none() {
            return Step::Say(reply::TLS_FIRST);
        }
        if self.mail.is_some() {
            return Step::Say(reply::NESTED);
        }
        if self.mails >= limits.connection_mails_max.max(1) {
            return Step::End(reply::MAILS);
        }
        let plain = MailFrom {
            address: from.address.clone(),
            flags: from.flags,
            size: from.size,
            ..MailFrom::default()
        };
        let known = MAIL_BODY_7BIT | MAIL_BODY_8BITMIME | MAIL_SMTPUTF8;
        if plain != *from || from.flags & !known != 0 {
            return Step::Say(reply::PARAMETER);
        }
        let address = from.address.as_ref();
        if !is_address(address) || (address.is_empty() && !is_empty_path(line)) {
            return Step::Say(reply::BAD_SENDER);
        }
        if !address.is_ascii() && from.flags & MAIL_SMTPUTF8 == 0 {
            return Step::Say(reply::NEEDS_UTF8);
        }
        let bytes = u64::try_from(from.size).unwrap_or(u64::MAX);
        if bytes > limits.mail_bytes_max || is_beyond_counting(line) {
            return Step::Say(reply::TOO_LARGE);
        }
        let named = [
            (MAIL_BODY_8BITMIME, "8BITMIME"),
            (MAIL_SMTPUTF8, "SMTPUTF8"),
        ];
        let named = named.iter().filter(|(flag, _)| from.flags & flag != 0);
        let options = named.map(|(_, name)| *name).collect();
        self.offered = Some((address.to_owned(), options));
        Step::Sender { bytes }
    }

    fn rcpt(&mut self, to: &RcptTo<Cow<'_, str>>, line: &str) -> Step {
        let Some(mail) = &self.mail else {
            return Step::Say(reply::NO_MAIL);
        };
        if mail.recipients.len() >= self.settings.limits.recipients_max.max(1) {
            return Step::Say(reply::RECIPIENTS);
        }
        let plain = RcptTo {
            address: to.address.clone(),
            ..RcptTo::default()
        };
        if plain != *to {
            return Step::Say(reply::PARAMETER);
        }
        let mut address = to.address.as_ref();
        if address.is_empty() {
            // The grammar reads `<>` and `<postmaster>` alike.
            if is_empty_path(line) {
                return Step::Say(reply::BAD_RECIPIENT);
            }
            address = "postmaster";
        }
        let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
        if !is_address(address) || local.len() > LOCAL_BYTES_MAX {
            return Step::Say(reply::BAD_RECIPIENT);
        }
        if !address.is_ascii() && !mail.options.contains(&"SMTPUTF8") {
            return Step::Say(reply::NEEDS_UTF8);
        }
        let (local, domain) = (local.to_owned(), domain.to_owned());
        self.recipient = Some(address.to_owned());
        Step::Recipient { local, domain }
    }
}

/// A command's line as text, with its end.
fn text(line: &[u8]) -> Result<&str, Reply> {
    if line.len() > COMMAND_BYTES_MAX {
        return Err(reply::LINE_TOO_LONG);
    }
    let Some(body) = line.strip_suffix(b"\r\n") else {
        return Err(reply::LINE_BARE);
    };
    if body.contains(&b'\r') || body.contains(&b'\n') {
        return Err(reply::LINE_BARE);
    }
    if body
        .iter()
        .any(|byte| byte.is_ascii_control() && *byte != b'\t')
    {
        return Err(reply::LINE_CONTROL);
    }
    std::str::from_utf8(line).map_err(|_| reply::LINE_CONTROL)
}

/// Whether a path is `<>` and not `<postmaster>`, which the grammar reads alike.
fn is_empty_path(line: &str) -> bool {
    line.replace([' ', '\t'], "").contains("<>")
}

/// Whether a size is announced that the grammar, which begins anew where a number overflows, does not count.
fn is_beyond_counting(line: &str) -> bool {
    let line = line.to_ascii_uppercase();
    let size = line.rsplit_once(" SIZE=").map(|(_, size)| size);
    size.is_some_and(|size| size.bytes().take_while(u8::is_ascii_digit).count() > 15)
}

/// Whether an address that the grammar took may stand in a trace field.
fn is_address(address: &str) -> bool {
    !address
        .chars()
        .any(|c| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>'))
}

/// A browser that was led here (RFC 9110): whatever it says further may look like commands.
fn is_http(line: &str) -> bool {
    let methods = [
        "GET ", "POST ", "PUT ", "HEAD ", "OPTIONS ", "CONNECT ", "DELETE ", "PATCH ",
    ];
    methods.iter().any(|method| line.starts_with(method))
}

#[cfg(test)]
mod tests;

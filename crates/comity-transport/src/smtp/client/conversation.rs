//! A conversation with a server that is to take a mail (RFC 5321), over a socket that may be put under TLS on the way (RFC 3207).
//!
//! Nothing that came before TLS counts after it: what the socket holds unread when TLS begins ends the conversation, for somebody
//! between the two could have put it there.
//!
//! In scope: the steps, one after another, each with an end. Out of scope: which server (`route`), what follows (`delivery`).

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use comity_node::mail::out::way::{ClaimedMail, Verified};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_rustls::rustls::pki_types::ServerName;
use zeroize::Zeroizing;

use super::SmtpTimes;
use super::reply::{Extensions, Incoming, LINE_BYTES_MAX, NoReply, Reply};
use super::tls::{Demand, Trust, version};

/// Bytes that are written at once; each piece has its own time limit (RFC 5321 section 4.5.3.2.5).
const PIECE_BYTES: usize = 64 * 1024;
/// Bytes that are read at once.
const READ_BYTES: usize = 4 * 1024;

/// A socket, whatever protects it.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Why a conversation ended without the mail being taken.
#[derive(Debug)]
pub(super) enum Fault {
    /// The server said so; what it was said to is named.
    Said(&'static str, Reply),
    /// The connection failed or was silent for too long.
    Broken(String),
    /// The mail was handed over, and nobody said whether it was taken.
    Unknown(String),
    /// It is not protected as it must be.
    Unprotected(String),
    /// This server cannot take this mail.
    Unfit(String),
}

/// What protects a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Protected {
    /// The version of TLS.
    pub(super) tls: Option<String>,
    /// How sure it is who the server is.
    pub(super) verified: Verified,
}

/// Whom to name, and by what.
#[derive(Clone, Copy)]
pub(super) struct Parties<'a> {
    /// What this node calls itself.
    pub(super) own: &'a str,
    /// The server's name, as its certificate should have it.
    pub(super) host: &'a str,
}

/// A conversation.
pub(super) struct Conversation {
    stream: Box<dyn Stream>,
    /// What was read and belongs to no line yet.
    unread: Vec<u8>,
    times: SmtpTimes,
    extensions: Extensions,
    protected: Protected,
}

impl Conversation {
    /// Hears the greeting, says who this is, and begins TLS where the server offers it.
    pub(super) async fn begin(
        stream: Box<dyn Stream>,
        parties: Parties<'_>,
        (trust, demand): (&Trust, Demand),
        times: SmtpTimes,
    ) -> Result<Self, Fault> {
        let mut talk = Self {
            stream,
            unread: Vec::new(),
            times,
            extensions: Extensions::default(),
            protected: Protected {
                tls: None,
                verified: Verified::NoTls,
            },
        };
        let greeting = talk.reply(times.answer).await?;
        if greeting.code != 220 {
            return Err(Fault::Said("its greeting", greeting));
        }
        talk.hello(parties.own).await?;
        if talk.extensions.has("STARTTLS") {
            talk = talk.secured(parties, (trust, demand)).await?;
        } else if demand == Demand::Verified {
            let host = parties.host;
            let why = format!("{host} does not offer STARTTLS, which is demanded");
            return Err(Fault::Unprotected(why));
        }
        Ok(talk)
    }

    /// What protects it.
    pub(super) const fn protected(&self) -> &Protected {
        &self.protected
    }

    async fn hello(&mut self, own: &str) -> Result<(), Fault> {
        let reply = self.ask("EHLO", &format!("EHLO {own}")).await?;
        self.extensions = Extensions::of(&reply);
        Ok(())
    }

    async fn secured(
        mut self,
        parties: Parties<'_>,
        (trust, demand): (&Trust, Demand),
    ) -> Result<Self, Fault> {
        self.ask("STARTTLS", "STARTTLS").await?;
        if !self.unread.is_empty() {
            let why = "the server, or somebody before it, said more before TLS began";
            return Err(Fault::Unprotected(why.to_owned()));
        }
        let name = ServerName::try_from(parties.host.to_owned());
        let name = name.map_err(|_| Fault::Unprotected(format!("{} is no name", parties.host)))?;
        let (connector, verdict) = trust.connector(demand);
        let connecting = connector.connect(name, self.stream);
        let connected = tokio::time::timeout(self.times.answer, connecting).await;
        let stream = match connected {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                let why = format!("TLS with {} failed: {error}", parties.host);
                return Err(Fault::Unprotected(why));
            }
            Err(_) => return Err(Fault::Broken("TLS did not come about in time".to_owned())),
        };
        let tls = Some(version(stream.get_ref().1.protocol_version()));
        let mut talk = Self {
            stream: Box::new(stream),
            unread: Vec::new(),
            times: self.times,
            // What was offered before TLS is forgotten (RFC 3207 section 4.2).
            extensions: Extensions::default(),
            protected: Protected {
                tls,
                verified: verdict.verified(),
            },
        };
        talk.hello(parties.own).await?;
        Ok(talk)
    }

    /// Says who this is to a relay.
    pub(super) async fn authenticate(&mut self, user: &str, password: &str) -> Result<(), Fault> {
        if self.extensions.has_auth("PLAIN") {
            let both = Zeroizing::new(format!("\0{user}\0{password}"));
            let line = Zeroizing::new(format!("AUTH PLAIN {}", STANDARD.encode(both.as_bytes())));
            self.ask("AUTH", &line).await?;
        } else if self.extensions.has_auth("LOGIN") {
            self.ask("AUTH", "AUTH LOGIN").await?;
            self.ask("AUTH", &STANDARD.encode(user)).await?;
            let line = Zeroizing::new(STANDARD.encode(password));
            self.ask("AUTH", &line).await?;
        } else {
            let why = "the relay offers no way to say who this is: AUTH PLAIN or AUTH LOGIN";
            return Err(Fault::Broken(why.to_owned()));
        }
        Ok(())
    }

    /// Hands a mail over. Answers what the server said when it took it.
    pub(super) async fn hand_over(&mut self, mail: &ClaimedMail) -> Result<Reply, Fault> {
        let size = u64::try_from(mail.bytes.len()).unwrap_or(u64::MAX);
        let mut from = format!("MAIL FROM:<{}>", mail.sender);
        if let Some(most) = self.extensions.size_max().filter(|most| size > *most) {
            let why = format!("the mail has {size} bytes, and the server takes {most}");
            return Err(Fault::Unfit(why));
        }
        if self.extensions.has("SIZE") {
            let _ = write!(from, " SIZE={size}");
        }
        if !mail.bytes.is_ascii() {
            if !self.extensions.has("8BITMIME") {
                let why = "the mail has 8-bit text, and the server does not take it";
                return Err(Fault::Unfit(why.to_owned()));
            }
            from.push_str(" BODY=8BITMIME");
        }
        let mut to = format!("RCPT TO:<{}>", mail.recipient);
        if self.extensions.has("DSN") && !mail.sender.is_empty() {
            // Its number comes back with a report, and its content does not (RFC 3461 section 4).
            let _ = write!(from, " RET=HDRS ENVID={}", mail.id);
            to.push_str(" NOTIFY=FAILURE,DELAY");
        }
        self.ask("MAIL FROM", &from).await?;
        self.ask("RCPT TO", &to).await?;
        let ready = self.ask("DATA", "DATA").await?;
        if ready.code != 354 {
            return Err(Fault::Said("DATA", ready));
        }
        let stuffed = stuffed(&mail.bytes);
        let (text, end) = stuffed.split_at(stuffed.len().saturating_sub(END.len()));
        for piece in text.chunks(PIECE_BYTES) {
            self.write(piece).await?;
        }
        // From the end of the mail on, who hears nothing knows nothing.
        let told = match self.write(end).await {
            Ok(()) => self.reply(self.times.end_of_data).await,
            Err(fault) => Err(fault),
        };
        match told {
            Ok(reply) if reply.is_good() => Ok(reply),
            Ok(reply) => Err(Fault::Said("the mail", reply)),
            Err(Fault::Broken(why)) => Err(Fault::Unknown(why)),
            Err(other) => Err(other),
        }
    }

    /// Says goodbye; what is said to it does not matter any more.
    pub(super) async fn quit(mut self) {
        let _ = self.ask("QUIT", "QUIT").await;
        let _ = tokio::time::timeout(self.times.answer, self.stream.shutdown()).await;
    }

    /// Says a line and hears an answer that is good.
    async fn ask(&mut self, what: &'static str, line: &str) -> Result<Reply, Fault> {
        if line
            .bytes()
            .any(|byte| byte.is_ascii_control() || !byte.is_ascii())
        {
            return Err(Fault::Unfit(format!(
                "{what} would hold more than one line of ASCII"
            )));
        }
        let line = Zeroizing::new(format!("{line}\r\n"));
        self.write(line.as_bytes()).await?;
        let reply = self.reply(self.times.answer).await?;
        if reply.is_good() {
            return Ok(reply);
        }
        Err(Fault::Said(what, reply))
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let writing = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        match tokio::time::timeout(self.times.answer, writing).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(broken(&error)),
            Err(_) => Err(Fault::Broken(
                "the server took nothing more in time".to_owned(),
            )),
        }
    }

    /// Hears a reply, all of it within a time.
    async fn reply(&mut self, most: Duration) -> Result<Reply, Fault> {
        let hearing = async {
            let mut incoming = Incoming::default();
            loop {
                let line = self.line().await?;
                match incoming.line(&line) {
                    Ok(Some(reply)) => return Ok(reply),
                    Ok(None) => {}
                    Err(NoReply) => {
                        return Err(Fault::Broken("the server does not speak SMTP".to_owned()));
                    }
                }
            }
        };
        match tokio::time::timeout(most, hearing).await {
            Ok(heard) => heard,
            Err(_) => Err(Fault::Broken(
                "the server did not answer in time".to_owned(),
            )),
        }
    }

    async fn line(&mut self) -> Result<Vec<u8>, Fault> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let rest = self.unread.split_off(end + 1);
                let mut line = std::mem::replace(&mut self.unread, rest);
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(line);
            }
            if self.unread.len() > LINE_BYTES_MAX {
                return Err(Fault::Broken("the server's line has no end".to_owned()));
            }
            let mut buffer = [0; READ_BYTES];
            let count = self
                .stream
                .read(&mut buffer)
                .await
                .map_err(|error| broken(&error))?;
            if count == 0 {
                return Err(Fault::Broken("the server closed the connection".to_owned()));
            }
            self.unread.extend(buffer.get(..count).unwrap_or_default());
        }
    }
}

fn broken(error: &io::Error) -> Fault {
    Fault::Broken(format!("the connection broke: {error}"))
}

/// The end of a mail.
const END: &[u8] = b".\r\n";

/// A mail as it crosses: a dot more where a line begins with one, and the end (RFC 5321 section 4.5.2).
fn stuffed(mail: &[u8]) -> Vec<u8> {
    let mut all = Vec::with_capacity(mail.len() + mail.len() / 64 + 8);
    for line in mail.split_inclusive(|byte| *byte == b'\n') {
        if line.first() == Some(&b'.') {
            all.push(b'.');
        }
        all.extend(line);
    }
    if !all.ends_with(b"\r\n") {
        all.extend(b"\r\n");
    }
    all.extend(END);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_at_the_beginning_of_a_line_is_doubled() {
        for (mail, crosses) in [
            ("a\r\n", "a\r\n.\r\n"),
            ("a", "a\r\n.\r\n"),
            (".a\r\n..\r\nb.\r\n", "..a\r\n...\r\nb.\r\n.\r\n"),
            (".\r\n", "..\r\n.\r\n"),
            ("", "\r\n.\r\n"),
        ] {
            assert_eq!(stuffed(mail.as_bytes()), crosses.as_bytes(), "{mail:?}");
        }
    }
}

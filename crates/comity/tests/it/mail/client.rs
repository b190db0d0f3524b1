//! A client of SMTP and LMTP that says what it is told.
//!
//! In scope: lines and bytes. Out of scope: what is tested with it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A server that does not answer by then has failed.
const PATIENCE: Duration = Duration::from_mins(1);

/// A connection.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    /// A connection that was greeted.
    pub(crate) fn greeted(address: SocketAddr) -> Self {
        let mut client = Self::over(TcpStream::connect(address).unwrap());
        client.expect("220 ");
        client
    }

    pub(crate) fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self {
            stream: BufReader::new(stream),
        }
    }

    /// Sends bytes; `false` when nobody takes them.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> bool {
        self.stream.get_mut().write_all(bytes).is_ok()
    }

    /// The next reply, all its lines; nothing when the server is gone.
    pub(crate) fn reply(&mut self) -> Option<String> {
        let mut reply = String::new();
        loop {
            let mut line = String::new();
            match self.stream.read_line(&mut line) {
                Ok(count) if count > 0 && line.ends_with('\n') => {}
                Ok(_) => return None,
                Err(error) => {
                    let silent = matches!(
                        error.kind(),
                        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                    );
                    assert!(!silent, "the server is silent");
                    return None;
                }
            }
            reply.push_str(&line);
            if line.as_bytes().get(3) != Some(&b'-') {
                return Some(reply);
            }
        }
    }

    pub(crate) fn expect(&mut self, begins: &str) -> String {
        let reply = self.reply().unwrap_or_default();
        assert!(
            reply.starts_with(begins),
            "{reply:?} where {begins:?} is due"
        );
        reply
    }

    /// Sends a line and expects a reply.
    pub(crate) fn ask(&mut self, line: &str, begins: &str) -> String {
        assert!(self.send(format!("{line}\r\n").as_bytes()), "{line}");
        self.expect(begins)
    }

    /// Sends a line; the reply, while there is somebody to give one.
    pub(crate) fn try_ask(&mut self, line: &str) -> Option<String> {
        let sent = self.send(format!("{line}\r\n").as_bytes());
        sent.then(|| self.reply()).flatten()
    }

    /// MAIL and RCPT to `postmaster`, and DATA.
    pub(crate) fn begin(&mut self) {
        self.ask("MAIL FROM:<duty@bravo.example>", "250");
        self.ask("RCPT TO:<postmaster@in.alpha.example>", "250");
        self.ask("DATA", "354");
    }

    /// The number by which a mail was kept.
    pub(crate) fn kept(reply: &str) -> String {
        let number = reply.trim_end().strip_prefix("250 2.0.0 Kept as ");
        number.unwrap_or_else(|| panic!("{reply:?}")).to_owned()
    }
}

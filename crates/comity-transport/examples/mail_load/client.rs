//! A client of SMTP that can come from any address of this machine.
//!
//! In scope: lines and bytes, each wait with an end. Out of scope: what is said.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::Failed;

/// A server that does not answer by then has failed.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A connection.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    /// A connection from an address; the greeting is to come.
    pub(crate) async fn open(server: SocketAddr, from: Ipv4Addr) -> Result<Self, Failed> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((from, 0)))?;
        let stream = timeout(PATIENCE, socket.connect(server)).await??;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// The next reply, its last line; nothing when the server is gone.
    pub(crate) async fn reply(&mut self) -> Result<Option<String>, Failed> {
        loop {
            let mut line = String::new();
            match timeout(PATIENCE, self.stream.read_line(&mut line)).await? {
                Ok(count) if count > 0 => {}
                Ok(_) | Err(_) => return Ok(None),
            }
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(Some(line));
            }
        }
    }

    /// Sends bytes; `false` when nobody takes them.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> Result<bool, Failed> {
        Ok(timeout(PATIENCE, self.stream.get_mut().write_all(bytes))
            .await?
            .is_ok())
    }

    /// Sends a line and hears the reply; nothing when the server is gone.
    pub(crate) async fn ask(&mut self, line: &str) -> Result<Option<String>, Failed> {
        self.send(format!("{line}\r\n").as_bytes()).await?;
        self.reply().await
    }

    /// Sends a line to which there has to be this reply.
    pub(crate) async fn expect(&mut self, line: &str, begins: &str) -> Result<(), Failed> {
        let reply = self.ask(line).await?.unwrap_or_default();
        due(line, &reply, begins)
    }
}

/// Whether a reply is the one that is due.
pub(crate) fn due(line: &str, reply: &str, begins: &str) -> Result<(), Failed> {
    if reply.starts_with(begins) {
        return Ok(());
    }
    Err(format!("{line}: {reply:?} where {begins:?} is due").into())
}

/// A mail as it goes behind DATA: dots doubled, the end behind it (RFC 5321 section 4.5.2).
pub(crate) fn stuffed(mark: &str, mail: &[u8]) -> Vec<u8> {
    let mut sent = Vec::with_capacity(mail.len() + 64);
    sent.extend_from_slice(mark.as_bytes());
    for line in mail.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            sent.push(b'.');
        }
        sent.extend_from_slice(line);
    }
    if !sent.ends_with(b"\r\n") {
        sent.extend_from_slice(b"\r\n");
    }
    sent.extend_from_slice(b".\r\n");
    sent
}

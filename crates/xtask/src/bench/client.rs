//! A small HTTP/1.1 client over one connection, so that what is measured is the server.
//!
//! In scope: one request after the other, answers with a length. Out of scope: everything else.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::failure::Failure;

/// A kept connection.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The status line and the fields.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Result<Self, Failure> {
        let failed =
            |error: std::io::Error| Failure::new(format!("cannot connect to {address}: {error}"));
        let stream =
            TcpStream::connect_timeout(&address, Duration::from_secs(10)).map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        stream
            .set_read_timeout(Some(Duration::from_mins(2)))
            .map_err(failed)?;
        Ok(Self {
            stream: BufReader::with_capacity(1 << 18, stream),
        })
    }

    /// Sends a request; `head` is everything before the length.
    pub(crate) fn ask(&mut self, head: &str, body: &[u8]) -> Result<Answer, Failure> {
        let failed = |error: std::io::Error| Failure::new(format!("the server went away: {error}"));
        let mut request = format!("{head}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
        request.extend_from_slice(body);
        self.stream.get_mut().write_all(&request).map_err(failed)?;
        self.answer().map_err(failed)
    }

    /// Sends a request as it is, whose answer is read line by line.
    pub(crate) fn send(&mut self, request: &str) -> Result<(), Failure> {
        let written = self.stream.get_mut().write_all(request.as_bytes());
        written.map_err(|error| Failure::new(format!("the server went away: {error}")))
    }

    /// Reads lines until one is the one that is waited for.
    pub(crate) fn until_line(&mut self, wanted: impl Fn(&str) -> bool) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::new(format!("the stream ended: {error}"));
        let mut line = String::new();
        loop {
            line.clear();
            if self.stream.read_line(&mut line).map_err(failed)? == 0 {
                return Err(Failure::new("the stream ended"));
            }
            if wanted(&line) {
                return Ok(());
            }
        }
    }

    fn answer(&mut self) -> std::io::Result<Answer> {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            self.stream.read_exact(&mut byte)?;
            head.extend_from_slice(&byte);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let text = head.to_ascii_lowercase();
        let status = text
            .split_whitespace()
            .nth(1)
            .and_then(|code| code.parse().ok())
            .unwrap_or(0);
        let length = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        self.stream.read_exact(&mut body)?;
        Ok(Answer { status, head, body })
    }
}

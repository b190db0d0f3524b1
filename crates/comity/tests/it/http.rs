//! An HTTP/1.1 client that sends exactly what a test says, and one request a connection.
//!
//! In scope: every byte of the request under control; answers with a length, in chunks, or ended by the close.
//! Out of scope: TLS, redirects, keep-alive (one test of its own uses the socket directly).

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// The one media type of TAXII 2.1, spelled as the standard spells it.
pub(crate) const TAXII: &str = "application/taxii+json;version=2.1";

/// A test that waits longer than this for an answer has failed.
const ANSWER_SECONDS_MAX: u64 = 120;

/// A request under construction.
#[derive(Clone)]
pub(crate) struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    chunked: bool,
}

impl Request {
    /// A request with the headers of a well-behaved TAXII client.
    pub(crate) fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: vec![("Accept".to_owned(), TAXII.to_owned())],
            body: Vec::new(),
            chunked: false,
        }
    }

    pub(crate) fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    pub(crate) fn delete(path: &str) -> Self {
        Self::new("DELETE", path)
    }

    /// A POST of raw bytes with the right Content-Type.
    pub(crate) fn post(path: &str, body: impl Into<Vec<u8>>) -> Self {
        let mut request = Self::new("POST", path).header("Content-Type", TAXII);
        request.body = body.into();
        request
    }

    /// Sets a header, replacing one of the same name.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Removes a header.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    /// Sends the body in chunks, without its length.
    pub(crate) fn chunked(mut self) -> Self {
        self.chunked = true;
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn basic(self, user: &str, password: &str) -> Self {
        let pair = base64(format!("{user}:{password}").as_bytes());
        self.header("Authorization", &format!("Basic {pair}"))
    }

    /// Sends the request and reads the whole answer; panics when there is none.
    pub(crate) fn send(&self, address: SocketAddr) -> Answer {
        self.try_send(address)
            .unwrap_or_else(|error| panic!("{} {}: {error}", self.method, self.path))
    }

    /// Sends the request; a connection that breaks is an error, not a panic.
    pub(crate) fn try_send(&self, address: SocketAddr) -> Result<Answer, String> {
        let mut stream = connect(address).map_err(|error| format!("connect: {error}"))?;
        let written = stream.write_all(&self.bytes(address));
        let mut raw = Vec::new();
        let read = stream.read_to_end(&mut raw);
        // A server may answer and close before it has read a body that it refuses.
        Answer::parse(&raw)
            .ok_or_else(|| format!("no answer: wrote {written:?}, read {read:?}, got {raw:?}"))
    }

    /// All that is sent.
    pub(crate) fn bytes(&self, address: SocketAddr) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        head.push_str(&format!("Host: {address}\r\nConnection: close\r\n"));
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let mut bytes = head.into_bytes();
        if self.chunked {
            bytes.extend(b"Transfer-Encoding: chunked\r\n\r\n");
            for chunk in self.body.chunks(8_000) {
                bytes.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
                bytes.extend(chunk);
                bytes.extend(b"\r\n");
            }
            bytes.extend(b"0\r\n\r\n");
        } else {
            if self.method == "POST" {
                bytes.extend(format!("Content-Length: {}\r\n", self.body.len()).into_bytes());
            }
            bytes.extend(b"\r\n");
            bytes.extend(&self.body);
        }
        bytes
    }
}

/// A connection that does not wait for ever.
pub(crate) fn connect(address: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    let wait = Some(Duration::from_secs(ANSWER_SECONDS_MAX));
    stream.set_read_timeout(wait)?;
    stream.set_write_timeout(wait)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// An answer: status, headers, and the body with any chunking undone.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn parse(raw: &[u8]) -> Option<Self> {
        let end = raw.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&raw[..end]).ok()?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut answer = Self {
            status,
            headers,
            body: raw[end + 4..].to_vec(),
        };
        if answer.header("transfer-encoding") == Some("chunked") {
            answer.body = unchunk(&answer.body)?;
        }
        if let Some(length) = answer.header("content-length") {
            let length: usize = length.parse().ok()?;
            // A body cut short is no answer.
            answer.body = answer.body.get(..length)?.to_vec();
        }
        Some(answer)
    }

    /// The value of a header, which stands once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} stands twice");
        value
    }

    /// Every value of a header that may stand several times, joined as RFC 7230 section 3.2.2 allows.
    pub(crate) fn joined(&self, name: &str) -> String {
        let found = self.headers.iter().filter(|(known, _)| known == name);
        let values: Vec<&str> = found.map(|(_, value)| value.as_str()).collect();
        values.join(", ")
    }

    /// Every header but the time, in order: what an answer tells besides its status and body.
    pub(crate) fn fingerprint(&self) -> String {
        let telling = self.headers.iter().filter(|(name, _)| name != "date");
        let lines: Vec<String> = telling
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        lines.join("\n")
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {}", self.text()))
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Asserts the status and returns the answer, showing the body when it differs.
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// The `objects` of an envelope or a manifest; none when the key is left out.
    pub(crate) fn objects(&self) -> Vec<Value> {
        let json = self.json();
        json.get("objects").map_or_else(Vec::new, |objects| {
            let objects = objects.as_array().unwrap().clone();
            assert!(!objects.is_empty(), "an empty list must be left out");
            objects
        })
    }

    /// The `id` of each of [`Self::objects`].
    pub(crate) fn ids(&self) -> Vec<String> {
        self.objects()
            .iter()
            .map(|object| object["id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Whether there are further pages.
    pub(crate) fn more(&self) -> bool {
        self.json()
            .get("more")
            .is_some_and(|more| more.as_bool().unwrap())
    }

    /// The place of the next page.
    pub(crate) fn next(&self) -> Option<String> {
        let json = self.json();
        json.get("next")
            .map(|next| next.as_str().unwrap().to_owned())
    }
}

fn unchunk(mut raw: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = raw.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(&raw[..end]).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        raw = &raw[end + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend(raw.get(..size)?);
        raw = raw.get(size + 2..)?;
    }
}

/// Standard base64 with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let byte = |index: usize| u32::from(three.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for position in 0..4 {
            if position <= three.len() {
                let index = bits >> (18 - 6 * position) & 63;
                text.push(char::from(LETTERS[index as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

/// Percent-encodes a query value.
pub(crate) fn encode(value: &str) -> String {
    let mut text = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[test]
fn base64_pads_like_the_standard() {
    for (plain, coded) in [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("a:b", "YTpi"),
    ] {
        assert_eq!(base64(plain.as_bytes()), coded);
    }
}

#[test]
fn answers_are_read_in_every_framing() {
    let sized = Answer::parse(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").unwrap();
    assert_eq!((sized.status, sized.body), (200, b"{}".to_vec()));
    let chunked = b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n";
    let chunked = Answer::parse(chunked).unwrap();
    assert_eq!((chunked.status, chunked.body), (404, b"{}".to_vec()));
    assert!(Answer::parse(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}").is_none());
}

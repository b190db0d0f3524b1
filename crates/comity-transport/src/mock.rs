//! A server on loopback for tests, which answers as it is told: by one function from request to answer.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::http::{Client, ClientOptions};
use crate::taxii::TaxiiClient;

/// A request as it came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Got {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// An answer to give.
pub(crate) struct Give(
    pub(crate) u16,
    pub(crate) Vec<(&'static str, String)>,
    pub(crate) Vec<u8>,
);

impl Give {
    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        let media_type = (
            "content-type",
            "application/taxii+json;version=2.1".to_owned(),
        );
        Self(status, vec![media_type], body.to_string().into_bytes())
    }
}

/// The server; its thread ends with the test's process.
pub(crate) struct Mock {
    pub(crate) base: String,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Mock {
    pub(crate) fn start(mut answer: impl FnMut(&Got) -> Give + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let base = format!("http://{}/", listener.local_addr().expect("an address"));
        let got = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&got);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                let Some(request) = read(&mut BufReader::new(&stream)) else {
                    continue;
                };
                seen.lock().expect("not poisoned").push(request.clone());
                let Give(status, headers, body) = answer(&request);
                let mut head = format!(
                    "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n",
                    body.len()
                );
                for (name, value) in headers {
                    head.extend([name, ": ", &value, "\r\n"]);
                }
                let _ = stream.write_all(format!("{head}\r\n").as_bytes());
                let _ = stream.write_all(&body);
            }
        });
        Self { base, got }
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.got.lock().expect("not poisoned").clone()
    }

    pub(crate) fn url(&self, path: &str) -> reqwest::Url {
        crate::http::parse_url(&format!("{}{}", self.base, path.trim_start_matches('/')))
            .expect("a URL")
    }

    pub(crate) fn taxii(&self, path: &str) -> TaxiiClient {
        TaxiiClient::new(client(quick()), self.url(path).as_str(), None).expect("a client")
    }
}

/// Options that do not keep a test waiting.
pub(crate) fn quick() -> ClientOptions {
    ClientOptions {
        total_timeout: Duration::from_secs(20),
        wait_first: Duration::from_millis(1),
        ..ClientOptions::default()
    }
}

pub(crate) fn client(options: ClientOptions) -> Client {
    Client::new(options).expect("a client")
}

fn read(input: &mut impl BufRead) -> Option<Got> {
    let mut line = String::new();
    input.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let method = words.next()?.to_owned();
    let url = reqwest::Url::parse("http://localhost")
        .ok()?
        .join(words.next()?)
        .ok()?;
    let query = url
        .query_pairs()
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let mut got = Got {
        method,
        path: url.path().to_owned(),
        query,
        ..Got::default()
    };
    loop {
        let mut line = String::new();
        input.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else {
            break;
        };
        got.headers
            .push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = got
        .header("content-length")
        .and_then(|length| length.parse().ok())
        .unwrap_or(0);
    got.body = vec![0; length];
    input.read_exact(&mut got.body).ok()?;
    Some(got)
}

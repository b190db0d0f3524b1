//! A client that says what it is told byte by byte, and a postmaster that remembers.
//!
//! In scope: both. Out of scope: what is tested with them.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use comity_node::mail::{Envelope, Kept, Known, MailError, Protocol, Verdict};
use comity_store::attachment::Attachments;
use comity_store::attachment::receiving::Receiving;
use comity_store::error::StoreError;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tokio::time::timeout;
use tokio_rustls::rustls::ServerConfig;

use super::super::postmaster::Postmaster;
use super::super::settings::{MailLimits, MailServerSettings};
use super::super::{Listen, MailServer, Place};

/// A server that does not answer by then has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// Keeps mail for `requests`, `pings`, both of the party bravo, and for `postmaster`.
pub(super) struct Keeper {
    files: Attachments,
    _folder: TempDir,
    /// What was kept: the envelope and the bytes.
    pub(super) kept: Mutex<Vec<(Envelope, Vec<u8>)>>,
    /// The disk is full.
    pub(super) full: AtomicBool,
    /// Recipients cannot be looked up, and mails not kept.
    pub(super) broken: AtomicBool,
    /// Nobody answers for `pings` any more when the mail is kept.
    pub(super) revoked: AtomicBool,
    /// Files that were begun.
    pub(super) begun: AtomicUsize,
}

impl Postmaster for Keeper {
    fn has_room(&self, _: u64) -> bool {
        !self.full.load(Ordering::Relaxed)
    }

    fn recipient(&self, local: &str, domain: &str) -> Verdict {
        if self.broken.load(Ordering::Relaxed) {
            return Verdict::Later;
        }
        let party = match local {
            "requests" | "pings" => Some("bravo".to_owned()),
            "postmaster" => None,
            _ => return Verdict::Nobody,
        };
        if domain != "in.alpha.example" {
            return Verdict::Nobody;
        }
        Verdict::Known(Known {
            name: local.to_owned(),
            party,
        })
    }

    fn domain(&self) -> &'static str {
        "in.alpha.example"
    }

    fn receive(&self) -> Result<Receiving, StoreError> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.files.receive()
    }

    fn keep(&self, envelope: &Envelope, raw: Receiving) -> Result<Kept, MailError> {
        let stored = self.files.finish(raw)?;
        if self.broken.load(Ordering::Relaxed) {
            return Err(StoreError::Stopped.into());
        }
        let mut bytes = Vec::new();
        let mut file = self.files.read(&stored.sha256)?.unwrap();
        std::io::Read::read_to_end(&mut file, &mut bytes).unwrap();
        let revoked = self.revoked.load(Ordering::Relaxed);
        let each = envelope.recipients.iter();
        let accepted: Vec<bool> = each
            .map(|r| !(revoked && r.known.name == "pings"))
            .collect();
        if !accepted.contains(&true) {
            return Err(MailError::Nobody);
        }
        let mut kept = self.kept.lock().unwrap();
        kept.push((envelope.clone(), bytes));
        Ok(Kept {
            id: format!("number-{}", kept.len()),
            sha256: stored.sha256.sha256(),
            accepted,
        })
    }
}

/// A server under test.
pub(super) struct Served {
    pub(super) keeper: Arc<Keeper>,
    pub(super) server: MailServer,
    pub(super) address: SocketAddr,
}

impl Served {
    pub(super) async fn start(limits: MailLimits) -> Self {
        Self::start_with(Protocol::Smtp, settings(limits), None).await
    }

    pub(super) async fn start_with(
        protocol: Protocol,
        settings: MailServerSettings,
        tls: Option<Arc<ServerConfig>>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keeper = Arc::new(Keeper {
            files: Attachments::open(&folder.path().join("mail")).unwrap(),
            _folder: folder,
            kept: Mutex::default(),
            full: AtomicBool::new(false),
            broken: AtomicBool::new(false),
            revoked: AtomicBool::new(false),
            begun: AtomicUsize::new(0),
        });
        let place = Place::Tcp("127.0.0.1:0".parse().unwrap());
        let postmaster: Arc<dyn Postmaster> = keeper.clone();
        let listen = vec![Listen { protocol, place }];
        let server = MailServer::start(postmaster, settings, listen, tls)
            .await
            .unwrap();
        let Place::Tcp(address) = server.listening()[0].place else {
            panic!("it listens on TCP");
        };
        Self {
            keeper,
            server,
            address,
        }
    }

    /// A client that has been greeted.
    pub(super) async fn client(&self) -> Client {
        let mut client = self.client_from([127, 0, 0, 1]).await;
        client.expect("220 in.alpha.example").await;
        client
    }

    /// A client from an address of this machine, which was not greeted yet.
    pub(super) async fn client_from(&self, from: [u8; 4]) -> Client {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from((from, 0))).unwrap();
        let stream = timeout(PATIENCE, socket.connect(self.address)).await;
        Client::over(Box::new(stream.unwrap().unwrap()))
    }

    /// A client that said MAIL and RCPT and DATA.
    pub(super) async fn client_in_data(&self) -> Client {
        let mut client = self.client().await;
        client.begin("requests").await;
        client.ask("DATA", "354 ").await;
        client
    }

    pub(super) fn kept(&self) -> Vec<Vec<u8>> {
        let kept = self.keeper.kept.lock().unwrap();
        kept.iter().map(|(_, bytes)| bytes.clone()).collect()
    }
}

/// Settings with these limits, and no delays.
pub(super) fn settings(mut limits: MailLimits) -> MailServerSettings {
    limits.error_delay = Duration::ZERO;
    MailServerSettings {
        hostname: "in.alpha.example".to_owned(),
        limits,
        ..MailServerSettings::default()
    }
}

pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// A client.
pub(super) struct Client {
    pub(super) stream: Box<dyn Wire>,
    read: Vec<u8>,
}

impl Client {
    pub(super) fn over(stream: Box<dyn Wire>) -> Self {
        Self {
            stream,
            read: Vec::new(),
        }
    }

    /// Sends bytes as they are.
    pub(super) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // A server that hung up is seen by what it said, or by its silence.
        let _ = timeout(PATIENCE, self.stream.write_all(bytes.as_ref()))
            .await
            .unwrap();
    }

    /// The next reply, all its lines; empty when the server hung up.
    pub(super) async fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                reply.push_str(std::str::from_utf8(&line).unwrap());
                if line.get(3) != Some(&b'-') {
                    return reply;
                }
                continue;
            }
            let mut buffer = [0; 1024];
            let read = timeout(PATIENCE, self.stream.read(&mut buffer)).await;
            match read.expect("the server is silent") {
                Ok(count) if count > 0 => self.read.extend_from_slice(&buffer[..count]),
                Ok(_) | Err(_) => return reply,
            }
        }
    }

    pub(super) async fn expect(&mut self, begins: &str) -> String {
        let reply = self.reply().await;
        assert!(
            reply.starts_with(begins),
            "{reply:?} where {begins:?} is due"
        );
        reply
    }

    /// Sends a line and expects a reply.
    pub(super) async fn ask(&mut self, line: &str, begins: &str) -> String {
        self.send(format!("{line}\r\n")).await;
        self.expect(begins).await
    }

    /// EHLO, MAIL and RCPT.
    pub(super) async fn begin(&mut self, to: &str) {
        self.ask("EHLO mx.bravo.example", "250-").await;
        self.mail(to).await;
    }

    /// MAIL and RCPT.
    pub(super) async fn mail(&mut self, to: &str) {
        self.ask("MAIL FROM:<duty@bravo.example>", "250 2.1.0")
            .await;
        self.ask(&format!("RCPT TO:<{to}@in.alpha.example>"), "250 2.1.5")
            .await;
    }

    /// The server has hung up.
    pub(super) async fn expect_end(&mut self) {
        let reply = self.reply().await;
        assert_eq!(reply, "", "the end is due");
    }
}

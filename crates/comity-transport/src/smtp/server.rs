//! The receiving mail server: SMTP with STARTTLS (RFC 5321, RFC 3207) from anywhere, LMTP (RFC 2033) from a mail server in front.
//!
//! It takes mail for addresses of this node, and nothing else: it relays nothing, and says so at RCPT, so that no mail is bounced
//! later to somebody who did not send it. A mail is acknowledged once it is durable.
//!
//! In scope: listening, places for connections, an orderly end; the modules below. Out of scope: what becomes of a mail
//! (`comity-node`).
//! Limits: those of [`settings::MailLimits`]; after a stop, [`FINISH_SECONDS`] for a mail that is being kept.

pub mod data;
pub mod postmaster;
pub mod session;
pub mod settings;

mod connection;
mod network;
mod quota;
mod reply;
mod slots;
mod stream;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use comity_node::mail::Protocol;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use connection::{Connection, Shared};
use network::Origin;
use postmaster::Postmaster;
use quota::Quota;
use session::{Session, SessionSettings};
use settings::MailServerSettings;
use slots::{NoPlace, Slots};
use stream::Stream;

/// How long a mail that is being kept is waited for when the server stops.
const FINISH_SECONDS: u64 = 10;
/// How long the word to a connection that gets no place may take.
const REFUSAL: Duration = Duration::from_millis(100);

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// On a TCP port.
    Tcp(SocketAddr),
    /// On a Unix socket. Whoever may enter its folder may send.
    Unix(PathBuf),
}

/// A place, and what is spoken there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// What is spoken.
    pub protocol: Protocol,
    /// Where.
    pub place: Place,
}

/// A place that cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen for mail on {place}; does another program listen there?")]
pub struct MailListenError {
    /// The place.
    pub place: Place,
    /// What the operating system said.
    #[source]
    pub source: std::io::Error,
}

/// A server that listens.
#[derive(Debug)]
pub struct MailServer {
    listening: Vec<Listen>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl MailServer {
    /// Listens on each place, and hands what comes to the postmaster. With `tls`, STARTTLS is offered on TCP ports.
    pub async fn start(
        postmaster: Arc<dyn Postmaster>,
        settings: MailServerSettings,
        listen: Vec<Listen>,
        tls: Option<Arc<ServerConfig>>,
    ) -> Result<Self, MailListenError> {
        let (stop, stopped) = watch::channel(false);
        let mut server = Self {
            listening: Vec::new(),
            stop,
            tasks: JoinSet::new(),
        };
        let settings = Arc::new(settings);
        for one in listen {
            let bound = bind(&one.place).await;
            let (listener, place) = bound.map_err(|source| MailListenError {
                place: one.place,
                source,
            })?;
            let protocol = one.protocol;
            server.listening.push(Listen { protocol, place });
            let on_tcp = matches!(listener, Listener::Tcp(_));
            let shared = Shared {
                postmaster: Arc::clone(&postmaster),
                limits: settings.limits.clone(),
                quota: Quota::default(),
                slots: Slots::new(&settings.limits),
                tls: tls.clone().filter(|_| on_tcp).map(TlsAcceptor::from),
                began: Instant::now(),
            };
            let accept = Accept {
                listener,
                protocol,
                settings: Arc::clone(&settings),
                shared: Arc::new(shared),
            };
            server.tasks.spawn(accept.run(stopped.clone()));
        }
        Ok(server)
    }

    /// Where it listens, with the ports that were given.
    pub fn listening(&self) -> &[Listen] {
        &self.listening
    }

    /// Accepts nothing more, takes leave of every client, waits for mails that are being kept.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
        for listen in &self.listening {
            if let Place::Unix(path) = &listen.place {
                let _ = std::fs::remove_file(path);
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[derive(Debug)]
enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

async fn bind(place: &Place) -> std::io::Result<(Listener, Place)> {
    match place {
        Place::Tcp(address) => {
            let listener = TcpListener::bind(address).await?;
            let address = listener.local_addr()?;
            Ok((Listener::Tcp(listener), Place::Tcp(address)))
        }
        Place::Unix(path) => {
            forget_socket(path)?;
            let listener = UnixListener::bind(path)?;
            // As with a port of this machine, everybody on it may send who may enter the folder.
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666))?;
            Ok((Listener::Unix(listener), Place::Unix(path.clone())))
        }
    }
}

/// Removes a socket that a server which ended left behind; one that somebody listens on stays, and so does any other file.
fn forget_socket(path: &Path) -> std::io::Result<()> {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    if is_socket && std::os::unix::net::UnixStream::connect(path).is_err() {
        std::fs::remove_file(path)?;
    }
    Ok(())
}

/// The loop that accepts on one place.
struct Accept {
    listener: Listener,
    protocol: Protocol,
    settings: Arc<MailServerSettings>,
    shared: Arc<Shared>,
}

impl Accept {
    async fn run(self, mut stopped: watch::Receiver<bool>) {
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = self.accept() => accepted,
                _ = stopped.changed() => break,
            };
            // Ended connections are taken out, so that the set does not grow.
            while connections.try_join_next().is_some() {}
            match accepted {
                Ok((stream, peer)) => {
                    if let Some(connection) = self.admit(stream, peer, &stopped).await {
                        connections.spawn(Box::pin(connection.run()));
                    }
                }
                Err(error) => {
                    // Usually out of file descriptors: wait for some to be given back.
                    tracing::warn!(error = %error, "mail: connection not accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
        drop(self.listener);
        let finish = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(Duration::from_secs(FINISH_SECONDS), finish)
            .await
            .is_err()
        {
            tracing::warn!("mail was still coming in when the node stopped");
        }
        connections.shutdown().await;
    }

    async fn accept(&self) -> std::io::Result<(Box<dyn Stream>, Option<IpAddr>)> {
        match &self.listener {
            Listener::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                let _ = stream.set_nodelay(true);
                Ok((Box::new(stream), Some(peer.ip().to_canonical())))
            }
            Listener::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                Ok((Box::new(stream), None))
            }
        }
    }

    /// A connection that gets a place.
    async fn admit(
        &self,
        mut stream: Box<dyn Stream>,
        peer: Option<IpAddr>,
        stop: &watch::Receiver<bool>,
    ) -> Option<Connection> {
        // Over LMTP, and from relays, comes the mail of many networks.
        let counted = self.protocol == Protocol::Smtp;
        let counted = peer.filter(|peer| counted && !self.settings.relays.contains(peer));
        let origin = counted.map(Origin::of);
        let slot = match self.shared.slots.take(origin) {
            Ok(slot) => slot,
            Err(why) => {
                let word = match why {
                    NoPlace::Network => reply::NETWORK_CROWDED,
                    NoPlace::All => reply::CROWDED,
                };
                let word = format!("{}\r\n", word.text());
                let _ = tokio::time::timeout(REFUSAL, stream.write_all(word.as_bytes())).await;
                return None;
            }
        };
        let settings = SessionSettings {
            protocol: self.protocol,
            hostname: self.settings.hostname.clone(),
            offers_tls: self.shared.tls.is_some(),
            require_tls: self.settings.require_tls && self.protocol == Protocol::Smtp,
            limits: self.settings.limits.clone(),
        };
        Some(Connection {
            slot,
            origin,
            stream,
            session: Session::new(settings, peer),
            protocol: self.protocol,
            stop: stop.clone(),
            ends: Instant::now() + self.shared.limits.session_max,
            input: Vec::new(),
            output: Vec::new(),
            shared: Arc::clone(&self.shared),
        })
    }
}

#[cfg(test)]
mod tests;

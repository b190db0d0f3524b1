//! Listening: sockets, TLS, connections, and an orderly end.
//!
//! In scope: accepting, serving each connection as HTTP/1.1 or HTTP/2, waiting for those that run when the node stops.
//! Out of scope: what is served (`router`).
//! Limits: those of [`ApiSettings`]; after a stop, [`FINISH_SECONDS`] for requests that still run.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use comity_node::node::Node;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

use crate::client_certificate::{AnyCertificate, Shown};
use crate::router::router;
use crate::settings::ApiSettings;

/// How long running requests are waited for when the node stops.
const FINISH_SECONDS: u64 = 10;
/// How long a TLS handshake may take.
const HANDSHAKE_SECONDS: u64 = 10;

/// Where a request came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Why the node cannot listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// The address cannot be had.
    #[error("cannot listen on {address}; is another node running there?")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The certificate or its key cannot be used.
    #[error("cannot use the TLS certificate or key: {0}")]
    Tls(String),
}

/// A node that listens.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Server {
    /// Listens on `address` and serves the node and its `pages`, which also answer for what there is not. With `tls`, over TLS
    /// 1.2 or 1.3.
    pub async fn start(
        node: Node,
        settings: ApiSettings,
        address: SocketAddr,
        tls: Option<Arc<ServerConfig>>,
        pages: axum::Router,
    ) -> Result<Self, ListenError> {
        let bound = TcpListener::bind(address).await;
        let listener = bound.map_err(|source| ListenError::Bind { address, source })?;
        let address = listener
            .local_addr()
            .map_err(|source| ListenError::Bind { address, source })?;
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let connections = Arc::new(Semaphore::new(settings.connections_max));
        let pause_max = settings.pause_max;
        let service = router(node, settings, pages);
        let accept = Accept {
            listener,
            connections,
            pause_max,
            tls: tls.map(TlsAcceptor::from),
            service,
        };
        tasks.spawn(accept.run(stopped));
        Ok(Self {
            address,
            stop,
            tasks,
        })
    }

    /// The address that was given.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts nothing more, lets running requests finish, then ends.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// The loop that accepts.
struct Accept {
    listener: TcpListener,
    connections: Arc<Semaphore>,
    pause_max: Duration,
    tls: Option<TlsAcceptor>,
    service: axum::Router,
}

impl Accept {
    async fn run(self, mut stopped: watch::Receiver<bool>) {
        let graceful = GracefulShutdown::new();
        let mut connections = JoinSet::new();
        loop {
            let Ok(permit) = Arc::clone(&self.connections).acquire_owned().await else {
                break;
            };
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                _ = stopped.changed() => break,
            };
            // Ended connections are taken out, so that the set does not grow.
            while connections.try_join_next().is_some() {}
            match accepted {
                Ok((stream, peer)) => {
                    let _ = stream.set_nodelay(true);
                    let work = self.connection(stream, peer.ip(), graceful.watcher());
                    connections.spawn(async move {
                        work.await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    // Usually out of file descriptors: wait for some to be given back.
                    tracing::warn!(error = %error, "connection not accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
        let finish = Duration::from_secs(FINISH_SECONDS);
        if tokio::time::timeout(finish, graceful.shutdown())
            .await
            .is_err()
        {
            tracing::warn!("requests were still running when the node stopped");
        }
        connections.shutdown().await;
    }

    fn connection(
        &self,
        stream: TcpStream,
        peer: IpAddr,
        watcher: hyper_util::server::graceful::Watcher,
    ) -> impl Future<Output = ()> + Send + use<> {
        let (tls, service, pause_max) = (self.tls.clone(), self.service.clone(), self.pause_max);
        async move {
            let Some(acceptor) = tls else {
                return serve(stream, peer, pause_max, service, watcher).await;
            };
            let handshake = tokio::time::timeout(
                Duration::from_secs(HANDSHAKE_SECONDS),
                acceptor.accept(stream),
            );
            match handshake.await {
                Ok(Ok(stream)) => {
                    let service = shown_by(&stream, service);
                    serve(stream, peer, pause_max, service, watcher).await;
                }
                Ok(Err(error)) => tracing::debug!(%peer, error = %error, "no TLS"),
                Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
            }
        }
    }
}

/// The service, told which certificate the client of a connection has shown.
fn shown_by(stream: &TlsStream<TcpStream>, service: axum::Router) -> axum::Router {
    let chain = stream.get_ref().1.peer_certificates();
    match chain.and_then(|chain| chain.first()) {
        Some(certificate) => {
            let fingerprint = Sha256::digest(certificate).into();
            service.layer(axum::Extension(Shown(fingerprint)))
        }
        None => service,
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: IpAddr,
    pause_max: Duration,
    service: axum::Router,
    watcher: hyper_util::server::graceful::Watcher,
) {
    let service = service.layer(axum::Extension(Peer(peer)));
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(pause_max)
        .max_buf_size(128 * 1024);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(pause_max)
        .max_concurrent_streams(64);
    let connection =
        builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    if let Err(error) = watcher.watch(connection.into_owned()).await {
        tracing::debug!(%peer, error = %error, "connection ended early");
    }
}

/// The TLS configuration for a certificate chain and its key, both PEM files: TLS 1.2 and 1.3, no early data
/// (TAXII 2.1 section 8.2.2). With `clients`, whoever connects is asked for a certificate and may have none.
pub fn tls_config(
    certificates: &Path,
    key: &Path,
    clients: bool,
) -> Result<Arc<ServerConfig>, ListenError> {
    let failed = |path: &Path, error: &dyn std::fmt::Display| {
        ListenError::Tls(format!("{}: {error}", path.display()))
    };
    let chain = CertificateDer::pem_file_iter(certificates)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|error| failed(certificates, &error))?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| failed(key, &error))?;
    let builder = ServerConfig::builder();
    let builder = if clients {
        builder.with_client_cert_verifier(Arc::new(AnyCertificate::new()))
    } else {
        builder.with_no_client_auth()
    };
    let mut config = builder
        .with_single_cert(chain, secret)
        .map_err(|error| failed(certificates, &error))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

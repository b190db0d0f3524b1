//! The socket of a connection, whatever it is: TCP, a Unix socket, either under TLS.
//!
//! In scope: one type for all, and what TLS came to. Out of scope: what is said over it.

use comity_node::mail::Tls;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::rustls::{ProtocolVersion, ServerConnection};

/// A socket.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + Sync {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + Sync> Stream for T {}

/// What TLS came to.
pub(super) fn tls_of(connection: &ServerConnection) -> Tls {
    let version = match connection.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3".to_owned(),
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2".to_owned(),
        other => other.map_or_else(String::new, |version| format!("{version:?}")),
    };
    let suite = connection.negotiated_cipher_suite();
    Tls {
        version,
        cipher: suite.map_or_else(String::new, |suite| format!("{:?}", suite.suite())),
        server_name: connection.server_name().map(ToOwned::to_owned),
    }
}

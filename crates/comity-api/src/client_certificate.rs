//! Certificates of programs that call: what TLS asks of them, and which one a request came with.
//!
//! A certificate vouches for nothing here, whoever signed it: that its key is there is checked in the handshake, and whether it is an
//! account's is looked up by its digest. So any certificate is taken, and most are nobody's.
//!
//! In scope: the handshake's part, the digest. Out of scope: whose a digest is (`comity-node`).
//! Limits: [`CERTIFICATE_BYTES_MAX`].

use comity_node::account::certificate::{CERTIFICATE_BYTES_MAX, Fingerprint};
use http::request::Parts;
use tokio_rustls::rustls::client::danger::HandshakeSignatureValid;
use tokio_rustls::rustls::crypto::{
    WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme,
};

/// The certificate that a connection's client has shown the key of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown(pub(crate) Fingerprint);

/// The digest of the certificate that a request came with, where there was one.
pub(crate) fn shown(parts: &Parts) -> Option<Fingerprint> {
    parts.extensions.get::<Shown>().map(|shown| shown.0)
}

/// Asks for a certificate, goes on without one, and takes any whose key signs the handshake.
#[derive(Debug)]
pub(crate) struct AnyCertificate {
    algorithms: WebPkiSupportedAlgorithms,
}

impl AnyCertificate {
    pub(crate) fn new() -> Self {
        Self {
            algorithms: aws_lc_rs::default_provider().signature_verification_algorithms,
        }
    }
}

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if end_entity.len() > CERTIFICATE_BYTES_MAX {
            return Err(Error::InvalidCertificate(CertificateError::BadEncoding));
        }
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

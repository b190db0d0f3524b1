//! TLS to another mail server, and how sure it is who that is.
//!
//! Where nothing demands more, a connection is protected even if the certificate fits nobody: who listens in then has to act, and the
//! record says that it was not verified (RFC 7435). Where a policy or a relay demands it, such a certificate ends the connection.
//!
//! In scope: the configuration, and the verdict on a certificate. Out of scope: STARTTLS (`conversation`), policies (`policy`).

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use comity_node::mail::out::way::Verified;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{
    WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, ProtocolVersion, RootCertStore,
    SignatureScheme,
};

use super::SendError;

/// How sure it must be who a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Demand {
    /// TLS where the server offers it.
    Offered,
    /// TLS, and a certificate that fits.
    Verified,
}

/// The authorities that are trusted; on a machine that has none, nobody can be verified.
#[derive(Clone, Debug)]
pub(super) struct Trust(Option<Arc<WebPkiServerVerifier>>);

impl Trust {
    /// Those of the system, and those in a file of PEM.
    pub(super) fn read(extra: Option<&Path>) -> Result<Self, SendError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(path) = extra {
            let bad = |reason: String| SendError::Authorities {
                path: path.to_owned(),
                reason,
            };
            let read = CertificateDer::pem_file_iter(path);
            for one in read.map_err(|error| bad(error.to_string()))? {
                let one = one.map_err(|error| bad(error.to_string()))?;
                roots.add(one).map_err(|error| bad(error.to_string()))?;
            }
        }
        if roots.is_empty() {
            tracing::warn!(
                "no authorities are trusted: install ca-certificates to verify mail servers"
            );
            return Ok(Self(None));
        }
        let built = WebPkiServerVerifier::builder(Arc::new(roots)).build();
        let built = built.map_err(|error| SendError::Tls(error.to_string()))?;
        Ok(Self(Some(built)))
    }

    /// What connects to one server, and tells afterwards how sure it was who that is.
    pub(super) fn connector(&self, demand: Demand) -> (TlsConnector, Arc<Verdict>) {
        let verdict = Arc::new(Verdict {
            trust: self.0.clone(),
            algorithms: aws_lc_rs::default_provider().signature_verification_algorithms,
            demand,
            fits: AtomicBool::new(false),
        });
        let verifier: Arc<dyn ServerCertVerifier> = verdict.clone();
        let config = ClientConfig::builder()
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        (TlsConnector::from(Arc::new(config)), verdict)
    }
}

/// The verdict on one server's certificate.
#[derive(Debug)]
pub(super) struct Verdict {
    trust: Option<Arc<WebPkiServerVerifier>>,
    algorithms: WebPkiSupportedAlgorithms,
    demand: Demand,
    fits: AtomicBool,
}

impl Verdict {
    /// How sure it was, once the connection stands.
    pub(super) fn verified(&self) -> Verified {
        if self.fits.load(Ordering::Acquire) {
            Verified::Yes
        } else {
            Verified::No
        }
    }
}

impl ServerCertVerifier for Verdict {
    fn verify_server_cert(
        &self,
        end: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = match &self.trust {
            Some(trust) => trust.verify_server_cert(end, between, name, ocsp, now),
            None => Err(CertificateError::UnknownIssuer.into()),
        };
        self.fits.store(verified.is_ok(), Ordering::Release);
        match (verified, self.demand) {
            (Err(error), Demand::Verified) => Err(error),
            (Ok(_), _) | (Err(_), Demand::Offered) => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// The name of a version, as headers of mail have it.
pub(super) fn version(version: Option<ProtocolVersion>) -> String {
    match version {
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3".to_owned(),
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2".to_owned(),
        other => other.map_or_else(String::new, |version| format!("{version:?}")),
    }
}

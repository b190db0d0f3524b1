//! STARTTLS: what it protects, and that nothing said before it counts.
//!
//! In scope: with the certificate of the black-box tests, which is for tests alone. Out of scope: which versions rustls speaks.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use comity_node::mail::Protocol;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

use super::super::settings::{MailLimits, MailServerSettings};
use super::client::{Client, Served, settings};

fn file(name: &str) -> std::path::PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../comity/tests/tls");
    tests.join(name)
}

fn certificates(name: &str) -> Vec<CertificateDer<'static>> {
    let read = CertificateDer::pem_file_iter(file(name)).unwrap();
    read.map(Result::unwrap).collect()
}

async fn served(settings: MailServerSettings) -> Served {
    let key = PrivateKeyDer::from_pem_file(file("mail-server.key")).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config
        .with_single_cert(certificates("mail-server.pem"), key)
        .unwrap();
    Served::start_with(Protocol::Smtp, settings, Some(Arc::new(config))).await
}

/// The same conversation, from here on under TLS.
async fn secured(client: Client) -> Client {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("mail-authority.pem") {
        roots.add(certificate).unwrap();
    }
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    let name = ServerName::try_from("in.alpha.example").unwrap();
    Client::over(Box::new(
        connector.connect(name, client.stream).await.unwrap(),
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_under_tls_says_by_what_it_was_protected() {
    let mut settings = settings(MailLimits::default());
    settings.require_tls = true;
    let served = served(settings).await;
    let mut client = served.client().await;
    let said = client.ask("EHLO mx.bravo.example", "250-").await;
    assert!(said.contains("250-STARTTLS\r\n"));
    client.ask("MAIL FROM:<>", "530 5.7.0").await;
    client.ask("STARTTLS", "220 2.0.0").await;
    let mut client = secured(client).await;
    client.ask("MAIL FROM:<>", "503 5.5.1").await;
    client.begin("requests").await;
    client.ask("DATA", "354 ").await;
    client.ask("a\r\n.", "250 2.0.0").await;
    client.ask("STARTTLS", "503 5.5.1").await;
    let kept = served.keeper.kept.lock().unwrap();
    let tls = kept[0].0.client.tls.clone().unwrap();
    assert_eq!(tls.version, "TLSv1.3");
    assert!(tls.cipher.starts_with("TLS13_"), "{}", tls.cipher);
    assert_eq!(tls.server_name.as_deref(), Some("in.alpha.example"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_injected_before_tls_is_not_heard_under_it() {
    let served = served(settings(MailLimits::default())).await;
    let mut client = served.client().await;
    client.ask("EHLO mx.bravo.example", "250-").await;
    // One segment: somebody between the two puts commands behind STARTTLS.
    client
        .send("STARTTLS\r\nEHLO evil.example\r\nMAIL FROM:<evil@evil.example>\r\nRCPT TO:<requests@in.alpha.example>\r\n")
        .await;
    client.expect("220 2.0.0").await;
    let mut client = secured(client).await;
    let unasked = tokio::time::timeout(Duration::from_millis(200), client.reply()).await;
    assert!(unasked.is_err(), "nobody asked under TLS: {unasked:?}");
    client
        .ask(
            "RCPT TO:<requests@in.alpha.example>",
            "503 5.5.1 Say MAIL first",
        )
        .await;
    client.begin("requests").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_does_not_come_is_not_waited_for() {
    let served = served(settings(MailLimits {
        handshake_max: Duration::from_millis(300),
        ..MailLimits::default()
    }))
    .await;
    let mut client = served.client().await;
    client.ask("EHLO b", "250-").await;
    client.ask("STARTTLS", "220").await;
    client.expect_end().await;
    let mut client = served.client().await;
    client.ask("EHLO b", "250-").await;
    client.ask("STARTTLS", "220").await;
    client.send("MAIL FROM:<> in the clear\r\n").await;
    let _alert = client.stream;
    let mut next = served.client().await;
    next.ask("NOOP", "250").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_certificate_no_tls_is_offered() {
    let served = Served::start(MailLimits::default()).await;
    let mut client = served.client().await;
    let said = client.ask("EHLO b", "250-").await;
    assert!(!said.contains("STARTTLS"));
    client.ask("STARTTLS", "502 5.5.1").await;
}

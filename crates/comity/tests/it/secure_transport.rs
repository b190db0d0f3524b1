//! TLS: the versions that are spoken, and that nothing is said in the clear on a TLS port.
//!
//! In scope: a node with the certificate of `tests/tls`, which is for these tests alone.
//! Out of scope: what is served over it; everything else is tested over plain HTTP.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Command;

use crate::http::connect;
use crate::node::{PASSWORD, ROOT, Said, Store, TestNode, USER, variable};

fn node_with_tls() -> TestNode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls");
    let quoted = |name: &str| format!("{:?}", folder.join(name).to_str().unwrap());
    let settings = [
        ("serve", "tls_certificates", &*quoted("server.pem")),
        ("serve", "tls_key", &*quoted("server.key")),
    ];
    TestNode::start_with(Store::Embedded, &settings)
}

#[test]
fn tls_1_2_and_1_3_are_spoken_and_nothing_older() {
    let Some(python) = variable("COMITY_TEST_PYTHON") else {
        println!("skipped: TLS, because COMITY_TEST_PYTHON is not set");
        return;
    };
    let node = node_with_tls();
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut command = Command::new(python);
    command
        .arg(tests.join("python/tls_versions.py"))
        .env("COMITY_SERVER", format!("https://{}", node.address()))
        .env("COMITY_ROOT", ROOT)
        .env("COMITY_USER", USER)
        .env("COMITY_PASSWORD", PASSWORD)
        .env("COMITY_AUTHORITY", tests.join("tls/server.pem"))
        // Where it is set, requests takes it in place of what the client was told to trust.
        .env_remove("REQUESTS_CA_BUNDLE")
        .env_remove("CURL_CA_BUNDLE");
    let said = Said::run(command, "").expect(0);
    assert!(said.out.trim_end().ends_with("passed"), "{}", said.out);
}

#[test]
fn plain_http_gets_nothing_on_a_tls_port() {
    let node = node_with_tls();
    let mut stream = connect(node.address()).unwrap();
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    let mut raw = Vec::new();
    let _ = stream.read_to_end(&mut raw);
    assert!(
        !raw.starts_with(b"HTTP/"),
        "{}",
        String::from_utf8_lossy(&raw)
    );
}

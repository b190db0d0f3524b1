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
    node_with(&[])
}

/// The same with more settings.
fn node_with(more: &[(&str, &str, &str)]) -> TestNode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls");
    let quoted = |name: &str| format!("{:?}", folder.join(name).to_str().unwrap());
    let (certificates, key) = (quoted("server.pem"), quoted("server.key"));
    let mut settings = vec![
        ("serve", "tls_certificates", certificates.as_str()),
        ("serve", "tls_key", key.as_str()),
    ];
    settings.extend(more);
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

/// What a program is told that calls with a certificate, or without: status and body.
struct Client {
    python: String,
    folder: tempfile::TempDir,
    server: String,
}

impl Client {
    fn run(&self, arguments: &[&str], token: &str) -> Said {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        let mut command = Command::new(&self.python);
        command
            .arg(tests.join("python/client_certificates.py"))
            .args(arguments)
            .env("COMITY_SERVER", &self.server)
            .env("COMITY_TOKEN", token)
            .env(
                "COMITY_ACCEPT",
                "application/taxii+json;version=2.1, application/json",
            )
            .env("COMITY_CLIENT_FOLDER", self.folder.path())
            .env("COMITY_AUTHORITY", tests.join("tls/server.pem"))
            .env_remove("REQUESTS_CA_BUNDLE")
            .env_remove("CURL_CA_BUNDLE");
        Said::run(command, "").expect(0)
    }

    fn call(&self, method: &str, path: &str, name: &str, body: &str) -> u16 {
        self.call_with(method, path, (name, body), "")
    }

    fn call_with(&self, method: &str, path: &str, (name, body): (&str, &str), token: &str) -> u16 {
        let said = self.run(&["call", method, path, name, body], token);
        let (status, text) = said.out.split_once('\n').unwrap();
        println!("{method} {path} as {name:?}: {status} {text}");
        status.parse().unwrap()
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}

/// A node that asks for certificates, and a program with two.
fn with_client() -> Option<(TestNode, Client)> {
    let python = variable("COMITY_TEST_PYTHON")?;
    let node = node_with(&[("serve", "client_certificates", "true")]);
    let client = Client {
        python,
        folder: tempfile::tempdir().unwrap(),
        server: format!("https://{}", node.address()),
    };
    client.run(&["make", &client.file("")], "");
    Some((node, client))
}

#[test]
fn a_pinned_certificate_signs_in_and_another_is_nobodys() {
    let Some((node, client)) = with_client() else {
        println!("skipped: client certificates, because COMITY_TEST_PYTHON is not set");
        return;
    };
    let me = "/api/v1/me/sessions";
    for path in ["/taxii2/", me] {
        for name in ["", "known", "stranger"] {
            assert_eq!(
                client.call("GET", path, name, ""),
                401,
                "{path} as {name:?}"
            );
        }
    }
    // What anybody may see is seen with any certificate.
    assert_eq!(client.call("GET", "/sign-in", "stranger", ""), 200);
    let file = client.file("known.pem");
    let pin = [
        "certificate",
        "add",
        "--user",
        USER,
        "--scope",
        "read",
        &file,
    ];
    let id = node.cli(&pin).expect(0).out.trim().to_owned();
    for path in ["/taxii2/", me] {
        assert_eq!(client.call("GET", path, "known", ""), 200, "{path}");
        assert_eq!(client.call("GET", path, "stranger", ""), 401, "{path}");
    }
    // Whoever says who they are is that one, or nobody.
    assert_eq!(
        client.call_with("GET", me, ("known", ""), "comity_wrong"),
        401
    );
    let twice = node.cli(&pin);
    assert_ne!(twice.code, Some(0), "{}", twice.out);
    let listed = node
        .cli(&["certificate", "list", "--json"])
        .expect(0)
        .json();
    assert_eq!(listed[0]["id"], id.as_str());
    assert_eq!(listed[0]["fingerprint"].as_str().unwrap().len(), 64);
    assert!(listed[0]["used"].is_string(), "{listed}");
    assert_eq!(
        listed.as_array().unwrap().len(),
        1,
        "tokens are not listed here"
    );
    node.cli(&["certificate", "revoke", &id]).expect(0);
    for path in ["/taxii2/", me] {
        assert_eq!(client.call("GET", path, "known", ""), 401, "{path}");
    }
    let key = node.cli(&[
        "certificate",
        "add",
        "--user",
        USER,
        "--scope",
        "read",
        &client.file("known.key"),
    ]);
    assert_ne!(key.code, Some(0));
    assert!(key.err.contains("private key"), "{}", key.err);
}

#[test]
fn a_certificate_reaches_no_further_than_its_scope_and_its_account() {
    let Some((node, client)) = with_client() else {
        println!("skipped: client certificates, because COMITY_TEST_PYTHON is not set");
        return;
    };
    let pin = |name: &str, scope: &str| {
        let file = client.file(&format!("{name}.pem"));
        let said = node.cli(&[
            "certificate",
            "add",
            "--user",
            USER,
            "--scope",
            scope,
            &file,
        ]);
        said.expect(0);
    };
    pin("known", "read");
    pin("stranger", "all");
    let token = r#"{"name": "mine", "scope": "all", "days": 1}"#;
    for (name, status) in [("known", 403), ("stranger", 403)] {
        // No program changes by what its account signs in.
        assert_eq!(
            client.call("POST", "/api/v1/me/tokens", name, token),
            status,
            "{name}"
        );
    }
    // Not the account's right, whatever the scope.
    assert_eq!(client.call("GET", "/api/v1/users", "stranger", ""), 403);
    let objects = format!("{ROOT}collections/{}/objects/", node.wo);
    assert_eq!(
        client.call("POST", &objects, "known", "{}"),
        403,
        "it is for reading"
    );
    assert_ne!(client.call("POST", &objects, "stranger", "{}"), 403);
    assert_eq!(
        client.call(
            "GET",
            &format!("{ROOT}collections/{}/objects/", node.none),
            "stranger",
            ""
        ),
        404
    );
}

#[test]
fn without_the_setting_no_certificate_is_asked_for() {
    let Some(python) = variable("COMITY_TEST_PYTHON") else {
        println!("skipped: client certificates, because COMITY_TEST_PYTHON is not set");
        return;
    };
    let node = node_with_tls();
    let server = format!("https://{}", node.address());
    let client = Client {
        python,
        folder: tempfile::tempdir().unwrap(),
        server,
    };
    client.run(&["make", &client.file("")], "");
    let file = client.file("known.pem");
    node.cli(&[
        "certificate",
        "add",
        "--user",
        USER,
        "--scope",
        "all",
        &file,
    ])
    .expect(0);
    assert_eq!(client.call("GET", "/taxii2/", "known", ""), 401);
}

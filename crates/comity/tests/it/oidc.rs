//! Signing in by a provider of identities: a foreign one (`oidc-provider-mock`, which is Authlib's) over HTTP on this machine.
//!
//! In scope: the whole way of a browser, by redirects and cookies. Out of scope: hostile providers (`comity-node`).

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use crate::exchange::party::until;
use crate::http::{Answer, Request};
use crate::node::{PASSWORD, Store, TestNode, USER, query, variable};

/// A provider of identities; it ends with the test.
struct Provider {
    child: Child,
    address: SocketAddr,
}

impl Provider {
    /// None where there is no Python to run it.
    fn start() -> Option<Self> {
        let python = variable("COMITY_TEST_PYTHON")?;
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let child = Command::new(python)
            .args(["-m", "oidc_provider_mock", "--require-nonce", "true", "--port"])
            .arg(address.port().to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let provider = Self { child, address };
        until("the provider listens", || TcpStream::connect(address).ok());
        Some(provider)
    }

    /// Lets a person in who was sent there, and answers where they are sent back to.
    fn lets_in(&self, url: &str, subject: &str) -> String {
        let own = format!("http://{}", self.address);
        let path = url.strip_prefix(&own).unwrap();
        let form = query("", &[("sub", subject)]);
        let answer = Request::post(path, &form[1..])
            .header("Content-Type", "application/x-www-form-urlencoded")
            .without("Accept")
            .send(self.address);
        assert_eq!(answer.status, 302, "{}", answer.text());
        answer.header("location").unwrap().to_owned()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A node that works with this provider.
fn node(provider: &Provider, secret: &std::path::Path) -> TestNode {
    std::fs::write(secret, "a secret & more\n").unwrap();
    let quoted = |text: &str| format!("{text:?}");
    let issuer = quoted(&format!("http://{}", provider.address));
    let path = quoted(&secret.display().to_string());
    TestNode::start_with(
        Store::Embedded,
        &[
            ("sign_in.oidc", "issuer", &issuer),
            ("sign_in.oidc", "client_id", "\"comity-alpha\""),
            ("sign_in.oidc", "client_secret_file", &path),
            ("sign_in.oidc", "name", "\"House <ID>\""),
        ],
    )
}

fn page(path: &str, cookie: &str) -> Request {
    Request::get(path).without("Accept").without("Authorization").header("Cookie", cookie)
}

/// The cookie of this name that an answer sets.
fn set(answer: &Answer, name: &str) -> String {
    let joined = answer.joined("set-cookie");
    let start = joined.find(&format!("{name}=")).unwrap_or_else(|| panic!("no {name} in {joined}"));
    joined[start..].split(';').next().unwrap().to_owned()
}

/// Leaves for the provider; answers where to, and the cookie that is kept.
fn leave(node: &TestNode) -> (String, String) {
    let answer = page("/sign-in/oidc?next=%2Fme", "")
        .header("Sec-Fetch-Site", "same-origin")
        .send(node.address());
    let answer = answer.expect(303);
    let flight = set(&answer, "comity-flight");
    (answer.header("location").unwrap().to_owned(), flight)
}

fn back(node: &TestNode, url: &str, cookie: &str) -> Answer {
    let own = format!("http://{}", node.address());
    page(url.strip_prefix(&own).unwrap(), cookie).send(node.address())
}

#[test]
fn a_person_signs_in_by_a_foreign_provider_once_linked() {
    let Some(provider) = Provider::start() else {
        println!("skipped: COMITY_TEST_PYTHON is not set");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let node = node(&provider, &folder.path().join("secret"));
    let form = page("/sign-in", "").send(node.address()).expect(200).text();
    assert!(form.contains("Sign in by House &#60;ID&#62;"), "{form}");
    // Nobody is let in, and nobody is made, for whoever the provider says it is.
    let (url, flight) = leave(&node);
    let answer = back(&node, &provider.lets_in(&url, "subject-1"), &flight).expect(403);
    assert!(answer.text().contains("subject-1"), "{}", answer.text());
    node.cli(&["user", "identities", USER, "--link", "subject-1"]).expect(0);
    let (url, flight) = leave(&node);
    let returned = provider.lets_in(&url, "subject-1");
    // Another browser, then the right one, then that answer again.
    let other = back(&node, &returned, "comity-flight=another");
    assert!(other.expect(403).joined("set-cookie").contains("comity-flight=;"));
    back(&node, &returned, &flight).expect(403);
    let (url, flight) = leave(&node);
    let returned = provider.lets_in(&url, "subject-1");
    let opened = back(&node, &returned, &flight).expect(303);
    assert_eq!(opened.header("location"), Some("/me"));
    let session = set(&opened, "comity");
    let me = page("/me", &session).send(node.address()).expect(200).text();
    assert!(me.contains("subject-1") && me.contains("provider of identities"), "{me}");
    back(&node, &returned, &flight).expect(403);
    // Another person there is nobody here.
    let (url, flight) = leave(&node);
    back(&node, &provider.lets_in(&url, "subject-2"), &flight).expect(403);
    let listed = node.cli(&["user", "identities", USER, "--json"]).expect(0).json();
    let id = listed[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(listed[0]["subject"], "subject-1");
    node.cli(&["user", "identities", USER, "--unlink", &id]).expect(0);
    page("/me", &session).send(node.address()).expect(303);
}

#[test]
fn another_site_sends_nobody_off_and_a_person_links_what_is_theirs() {
    let Some(provider) = Provider::start() else {
        println!("skipped: COMITY_TEST_PYTHON is not set");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let node = node(&provider, &folder.path().join("secret"));
    for site in ["cross-site", "same-site"] {
        let answer = page("/sign-in/oidc", "").header("Sec-Fetch-Site", site).send(node.address());
        assert_eq!(answer.expect(303).header("location"), Some("/sign-in"));
    }
    let post = |path: &str, cookie: &str, fields: &[(&str, &str)]| {
        Request::post(path, &query("", fields)[1..])
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header("Origin", &format!("http://{}", node.address()))
            .header("Cookie", cookie)
            .without("Accept")
            .send(node.address())
    };
    let entered = post("/sign-in", "", &[("name", USER), ("password", PASSWORD)]).expect(303);
    let session = set(&entered, "comity");
    let me = page("/me", &session).send(node.address()).expect(200).text();
    let (_, rest) = me.split_once("name=\"csrf\" value=\"").unwrap();
    let csrf = rest.split('"').next().unwrap();
    let answer = post("/me/identities", &session, &[("csrf", csrf)]).expect(200);
    let flight = set(&answer, "comity-flight");
    let text = answer.text();
    let (_, rest) = text.split_once(&format!("href=\"http://{}", provider.address)).unwrap();
    let path = rest.split('"').next().unwrap().replace("&amp;", "&").replace("&#38;", "&");
    let url = format!("http://{}{path}", provider.address);
    let returned = provider.lets_in(&url, "mine");
    let linked = back(&node, &returned, &format!("{session}; {flight}")).expect(303);
    assert_eq!(linked.header("location"), Some("/me"));
    let (url, flight) = leave(&node);
    let opened = back(&node, &provider.lets_in(&url, "mine"), &flight).expect(303);
    assert_ne!(set(&opened, "comity"), session, "a session of its own");
    let audit = node.cli(&["audit", "list", "--operation", "link_own_identity", "--json"]).expect(0).json();
    assert_eq!(audit[0]["target"], "mine");
}

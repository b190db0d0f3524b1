//! Other people's TAXII 2.1 servers, for real: medallion 3.0.0 and `OpenTAXII` 0.9.3.
//!
//! They run where `COMITY_TEST_PYTHON` names the Python of an environment that has them
//! (`pip install medallion==3.0.0 OpenTAXII==0.9.3 'SQLAlchemy<2'`); where it does not, the test says that it was
//! skipped.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::indexing_slicing
)] // says what was skipped; reads the variable above

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use comity_transport::http::{Client, ClientOptions, Credentials};
use comity_transport::pull::{Cursor, PullError, PullOptions, PullPage, Pulled, pull};
use comity_transport::push::{Target, push_batch};
use comity_transport::taxii::{PageQuery, TaxiiClient, TaxiiError};
use reqwest::Url;
use serde_json::json;

/// A server that ends with the test.
struct Peer {
    process: Child,
    base: String,
    _folder: tempfile::TempDir,
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn python(module: &str) -> Option<String> {
    let Ok(python) = std::env::var("COMITY_TEST_PYTHON") else {
        println!("skipped: COMITY_TEST_PYTHON is not set");
        return None;
    };
    let there = Command::new(&python)
        .args(["-c", &format!("import {module}")])
        .stderr(Stdio::null())
        .status();
    if !there.is_ok_and(|status| status.success()) {
        println!("skipped: {python} has no module {module}");
        return None;
    }
    Some(python)
}

fn folder_of_peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

fn wait_for(port: u16) {
    for _ in 0..300 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("the server does not listen");
}

fn medallion() -> Option<Peer> {
    let python = python("medallion")?;
    let folder = tempfile::tempdir().expect("a folder");
    let peers = folder_of_peers();
    let config = std::fs::read_to_string(peers.join("medallion.json")).expect("the configuration");
    let data = peers.join("medallion-data.json").display().to_string();
    let path = folder.path().join("medallion.json");
    std::fs::write(&path, config.replace("DATA", &data)).expect("a file");
    let port = free_port();
    let process = Command::new(python)
        .args([
            "-c",
            "from medallion.scripts.run import main; main()",
            "--port",
            &port.to_string(),
        ])
        .arg(path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("medallion starts");
    let peer = Peer {
        process,
        base: format!("http://127.0.0.1:{port}/"),
        _folder: folder,
    };
    wait_for(port);
    Some(peer)
}

fn opentaxii() -> Option<Peer> {
    let python = python("opentaxii")?;
    let folder = tempfile::tempdir().expect("a folder");
    let port = free_port();
    let mut process = Command::new(python)
        .arg(folder_of_peers().join("opentaxii_server.py"))
        .arg(folder.path())
        .arg(port.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("OpenTAXII starts");
    let mut base = String::new();
    let mut lines = BufReader::new(process.stdout.take().expect("piped"));
    lines
        .read_line(&mut base)
        .expect("the collection's address");
    let peer = Peer {
        process,
        base: base.trim().to_owned(),
        _folder: folder,
    };
    wait_for(port);
    Some(peer)
}

fn client(base: &str, credentials: Option<Credentials>) -> TaxiiClient {
    let http = Client::new(ClientOptions {
        attempts_max: 2,
        ..ClientOptions::default()
    })
    .expect("a client");
    TaxiiClient::new(http, base, credentials).expect("a client")
}

fn user() -> Credentials {
    Credentials::Basic {
        user: "exchange".to_owned(),
        password: "medallion-test".to_owned(),
    }
}

fn indicators(count: usize) -> Vec<Bytes> {
    let one = |number: usize| {
        json!({
            "type": "indicator", "spec_version": "2.1", "id": format!("indicator--00000000-0000-4000-8000-{number:012}"),
            "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
            "pattern": format!("[ipv4-addr:value = '192.0.2.{}']", number % 256), "pattern_type": "stix",
            "valid_from": "2026-01-01T00:00:00Z"
        })
    };
    (0..count)
        .map(|number| one(number).to_string().into())
        .collect()
}

fn id(object: &[u8]) -> String {
    let object: serde_json::Value = serde_json::from_slice(object).expect("JSON");
    object["id"].as_str().expect("an id").to_owned()
}

async fn pull_ids(
    client: &TaxiiClient,
    (root, collection): (&Url, &str),
    start: Cursor,
    limit: u32,
) -> (Result<Pulled, PullError<()>>, Vec<String>) {
    let mut ids = Vec::new();
    let options = PullOptions {
        limit: Some(limit),
        ..PullOptions::default()
    };
    let mut sink = async |page: PullPage| {
        ids.extend(page.objects.iter().map(|object| id(object)));
        Ok(())
    };
    let pulled = pull(client, (root, collection), start, &options, &mut sink).await;
    (pulled, ids)
}

#[tokio::test]
async fn medallion_takes_and_gives_back_every_object() {
    let Some(peer) = medallion() else { return };
    let client = client(&peer.base, Some(user()));
    let found = client.resolve().await.expect("resolved");
    let (root, collection) = found.choose(Some("bulk")).expect("the collection");
    let target = Target {
        root: root.url.clone(),
        collection: collection.id.clone(),
        max_content_length: root.info.as_ref().and_then(|info| info.max_content_length),
        can_read: collection.can_read,
        status_timeout: Duration::from_secs(30),
    };
    let sent = indicators(250);
    let expected: BTreeSet<String> = sent.iter().map(|object| id(object)).collect();
    let report = push_batch(&client, &target, &sent).await.expect("pushed");
    assert_eq!(
        (report.taken, report.whole()),
        (250, true),
        "{:?}",
        report.failures.first()
    );
    // medallion calls what it has already a failure; it is none.
    let report = push_batch(&client, &target, &sent[..60])
        .await
        .expect("pushed again");
    assert_eq!(
        (report.taken, report.known, report.whole()),
        (0, 60, true),
        "{:?}",
        report.failures.first()
    );

    let place = (&root.url, collection.id.as_str());
    let (pulled, ids) = pull_ids(&client, place, Cursor::default(), 100).await;
    let pulled = pulled.expect("pulled by `next`");
    assert_eq!(
        (ids.len(), ids.iter().cloned().collect::<BTreeSet<_>>()),
        (250, expected)
    );
    // Nothing new: the next pull repeats only what shares the last time, and ends where it began.
    let (again, ids) = pull_ids(&client, place, pulled.cursor.clone(), 100).await;
    assert_eq!(again.expect("pulled").cursor, pulled.cursor);
    assert!(ids.len() < 250, "{}", ids.len());

    let first = id(&sent[0]);
    let root = &root.url;
    let page = client
        .object(root, &collection.id, &first, &PageQuery::default())
        .await
        .expect("the object");
    assert_eq!(page.objects.len(), 1);
    let versions = client
        .versions(root, &collection.id, &first, &PageQuery::default())
        .await
        .expect("versions");
    assert_eq!(versions.versions.len(), 1);
    client
        .delete(root, &collection.id, &first, &PageQuery::default())
        .await
        .expect("deleted");
    let gone = client
        .object(root, &collection.id, &first, &PageQuery::default())
        .await;
    assert!(matches!(gone, Err(TaxiiError::NotFound { .. })), "{gone:?}");
}

#[tokio::test]
async fn medallion_is_paged_by_added_after_without_loss() {
    let Some(peer) = medallion() else { return };
    let client = client(&peer.base, Some(user()));
    let root = client.base().join("api1/").expect("a URL");
    let collection = client
        .collection(&root, "steps")
        .await
        .expect("the collection");
    let target = Target {
        root: root.clone(),
        collection: collection.id.clone(),
        max_content_length: None,
        can_read: true,
        status_timeout: Duration::from_secs(30),
    };
    // Each batch of 40 gets one date_added; pages of 50 therefore end in the middle of some.
    for batch in indicators(250).chunks(40) {
        let report = push_batch(&client, &target, batch).await.expect("pushed");
        assert!(report.whole());
    }
    let mut cursor = Cursor::default();
    let mut seen = BTreeSet::new();
    for _ in 0..30 {
        // One page a pull, its token thrown away: so every step goes by `added_after`.
        let options = PullOptions {
            limit: Some(50),
            ..PullOptions::default()
        };
        let mut kept = None;
        let mut sink = async |page: PullPage| {
            seen.extend(page.objects.iter().map(|object| id(object)));
            let more = page.more;
            kept = Some(page);
            if more {
                Err("one page at a time")
            } else {
                Ok(())
            }
        };
        let outcome = pull(
            &client,
            (&root, collection.id.as_str()),
            cursor.clone(),
            &options,
            &mut sink,
        )
        .await;
        let page = kept.expect("a page");
        cursor = Cursor {
            next: page
                .cursor
                .next
                .map(|_| "00000000-0000-4000-8000-000000000000".to_owned()),
            ..page.cursor
        };
        if outcome.is_ok() {
            break;
        }
    }
    assert_eq!(seen.len(), 250);
}

#[tokio::test]
async fn medallion_refuses_wrong_credentials_in_words() {
    let Some(peer) = medallion() else { return };
    let wrong = Credentials::Basic {
        user: "exchange".to_owned(),
        password: "open-sesame".to_owned(),
    };
    let error = client(&peer.base, Some(wrong))
        .discovery()
        .await
        .expect_err("refused")
        .to_string();
    assert!(
        error.contains("check the user and password") && !error.contains("sesame"),
        "{error}"
    );
}

#[tokio::test]
async fn opentaxii_works_by_a_collections_address_although_its_list_is_broken() {
    let Some(peer) = opentaxii() else { return };
    let client = client(&peer.base, None);
    let found = client.resolve().await.expect("resolved");
    let (root, collection) = found
        .choose(None)
        .expect("the collection that the address names");
    let listed = client.collections(&root.url).await;
    assert!(
        matches!(listed, Err(TaxiiError::Refused { status: 500, .. })),
        "released 0.9.3 is broken here: {listed:?}"
    );
    let target = Target {
        root: root.url.clone(),
        collection: collection.id.clone(),
        max_content_length: root.info.as_ref().and_then(|info| info.max_content_length),
        can_read: true,
        status_timeout: Duration::from_secs(30),
    };
    let sent = indicators(120);
    // It stores the objects and then answers 500 for the same reason; its manifest shows that they are there.
    let report = push_batch(&client, &target, &sent).await.expect("pushed");
    assert!(report.whole(), "{:?}", report.failures.first());
    let (pulled, ids) = pull_ids(&client, (&root.url, &collection.id), Cursor::default(), 50).await;
    let expected: BTreeSet<String> = sent.iter().map(|object| id(object)).collect();
    assert_eq!(
        ids.into_iter().collect::<BTreeSet<_>>(),
        expected,
        "{pulled:?}"
    );
}

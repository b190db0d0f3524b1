//! What a node keeps of mail and shows.
//!
//! In scope: `comity mail`, the settings, both stores. Out of scope: crashes.

use std::process::Command;

use super::client::Client;
use super::{mails, node_with_mail, raw, takes_mail};
use crate::node::{Store, TestNode, comity, on_each_store, set};

const MAIL: &str = "From: duty@bravo.example\r\nSubject: phishing\r\n\r\n..what we see\r\n";

#[test]
fn a_mail_by_smtp_and_one_by_lmtp_are_listed_shown_and_given_out_as_they_came() {
    on_each_store(|plain| {
        for (key, value) in [
            ("smtp_listen", "\"127.0.0.1:0\""),
            ("lmtp_listen", "\"127.0.0.1:0\""),
            ("disk_reserve_megabytes", "0"),
        ] {
            set(&plain.data(), "mail", key, value);
        }
        plain.restart();
        let node = &*plain;
        let mut smtp = Client::greeted(takes_mail(node, "smtp"));
        smtp.ask("EHLO mx.bravo.example", "250-in.alpha.example");
        smtp.begin();
        let first = Client::kept(&smtp.ask(&format!("{MAIL}."), "250"));
        let mut lmtp = Client::greeted(takes_mail(node, "lmtp"));
        lmtp.ask("LHLO mx.alpha.example", "250-");
        lmtp.ask("MAIL FROM:<>", "250");
        lmtp.ask("RCPT TO:<Postmaster@IN.alpha.example>", "250");
        lmtp.ask("RCPT TO:<root@in.alpha.example>", "550 5.1.1");
        lmtp.ask("RCPT TO:<abuse@in.alpha.example>", "250");
        lmtp.ask("DATA", "354");
        let second = Client::kept(&lmtp.ask(&format!("{MAIL}."), "250"));
        assert_eq!(Client::kept(&lmtp.expect("250")), second);
        let listed = mails(node);
        let ids: Vec<&str> = listed
            .iter()
            .map(|mail| mail["id"].as_str().unwrap())
            .collect();
        assert_eq!(ids, [second.as_str(), first.as_str()]);
        assert_eq!(listed[0]["from"], "");
        assert_eq!(listed[0]["recipients"], 2);
        assert_eq!(listed[0]["copy_of"], first.as_str());
        assert_ne!(listed[0]["state"], "duplicate", "abuse did not have it");
        let shown = node
            .cli(&["mail", "show", &first[..8], "--json"])
            .expect(0)
            .json();
        assert_eq!(shown["client"], "127.0.0.1");
        assert_eq!(shown["helo"], "mx.bravo.example");
        assert_eq!(shown["protocol"], "smtp");
        assert_eq!(shown["same_bytes"][0], second.as_str());
        assert!(
            shown["trace"]
                .as_str()
                .unwrap()
                .starts_with("Received: from mx.bravo.example")
        );
        assert_eq!(raw(node, &first), MAIL.replace("..", ".").as_bytes());
        let text = node.cli(&["mail", "show", &second]).expect(0).out;
        assert!(
            text.contains("\nfrom: <>\n") && text.contains("\nto: abuse@in.alpha.example\n"),
            "{text}"
        );
        node.cli(&["mail", "show", "zz"]).expect(1);
        node.cli(&["mail", "list", "--before", "zz"]).expect(2);
        let older = node
            .cli(&["mail", "list", "--before", &second])
            .expect(0)
            .out;
        assert_eq!(older.lines().count(), 1, "{older}");
        node.cli(&["doctor"]).expect(0);
    });
}

#[test]
fn a_mail_under_tls_is_shown_with_what_protected_it() {
    let tests = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls");
    let quoted = |name: &str| format!("{:?}", tests.join(name).to_str().unwrap());
    let node = node_with_mail(
        Store::Embedded,
        &[
            ("serve", "tls_certificates", &quoted("server.pem")),
            ("serve", "tls_key", &quoted("server.key")),
            ("mail", "require_tls", "true"),
        ],
    );
    let mut client = Client::greeted(takes_mail(&node, "smtp"));
    let said = client.ask("EHLO mx.bravo.example", "250-");
    assert!(said.contains("250-STARTTLS\r\n"), "{said}");
    client.ask("MAIL FROM:<>", "530 5.7.0");
    client.ask("STARTTLS", "220");
    // `foreign` goes on from here, with a program that speaks TLS.
}

#[test]
fn mail_is_taken_where_it_is_set_and_nowhere_else() {
    let node = TestNode::embedded();
    assert!(!node.said().contains("taking mail"), "{}", node.said());
    let mut other = TestNode::embedded();
    other.terminate();
    set(&other.data(), "mail", "lmtp_listen", "\"0.0.0.0:2424\"");
    let refused = other.refuse_to_serve();
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.err.contains("can be reached from other machines"),
        "{}",
        refused.err
    );
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = free.local_addr().unwrap().to_string();
    set(&other.data(), "mail", "lmtp_listen", "\"\"");
    let mut command: Command = comity(&[
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--smtp-listen",
        &taken,
        "--data",
    ]);
    command.arg(other.data());
    let said = crate::node::Said::run(command, "").expect(1);
    assert!(
        said.err.contains("cannot listen for mail on"),
        "{}",
        said.err
    );
}

#[test]
fn lmtp_is_taken_on_a_unix_socket_which_goes_with_the_node() {
    use std::io::{Read as _, Write as _};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lmtp");
    let place = format!("\"unix:{}\"", path.display());
    let mut node = node_with_mail(Store::Embedded, &[("mail", "lmtp_listen", &place)]);
    let talk = |path: &std::path::Path| {
        let mut stream = std::os::unix::net::UnixStream::connect(path).unwrap();
        stream
            .write_all(b"LHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<abuse@in.alpha.example>\r\nQUIT\r\n")
            .unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        assert!(
            said.contains("250 2.1.5") && said.contains("221 2.0.0"),
            "{said}"
        );
    };
    talk(&path);
    // A socket that was left behind is taken over.
    node.kill();
    assert!(path.exists());
    node.serve();
    talk(&path);
    node.terminate();
    assert!(!path.exists());
}

#[test]
fn a_disk_that_is_nearly_full_takes_no_mail() {
    let reserve = u64::MAX / 2 / 1024 / 1024;
    let reserve = reserve.to_string();
    let node = node_with_mail(
        Store::Embedded,
        &[("mail", "disk_reserve_megabytes", &reserve)],
    );
    let mut client = Client::greeted(takes_mail(&node, "smtp"));
    client.ask("EHLO mx.bravo.example", "250-");
    client.ask("MAIL FROM:<>", "452 4.3.1");
    assert!(mails(&node).is_empty());
}

/// A mail of two parts: words with values in them, and a bundle.
const CARRYING: &str = "From: \"Head of CERT <ciso@alpha.example>\" <duty@bravo.example>\r\n\
    To: postmaster@in.alpha.example\r\nDate: Mon, 05 Oct 2026 08:00:00 +0000\r\nMessage-ID: <1@bravo.example>\r\n\
    Subject: TLP:AMBER =?utf-8?q?fresh_=E6=94=BB=E5=87=BB?=\r\nReply-To: other@elsewhere.example\r\n\
    MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
    --b\r\nContent-Type: text/plain\r\n\r\nIt calls hxxp://c2[.]example/gate and 198.51.100[.]7\r\n\
    --b\r\nContent-Type: application/json\r\nContent-Disposition: attachment; filename=../../b.json\r\n\r\n\
    {\"type\":\"bundle\",\"id\":\"bundle--4f2d7c1e-6c0b-4b76-9a3c-1f2a5d8e9b01\",\"objects\":[]}\r\n--b--\r\n";

fn deliver(node: &TestNode, mail: &str) -> String {
    let mut smtp = Client::greeted(takes_mail(node, "smtp"));
    smtp.ask("EHLO mx.bravo.example", "250-");
    smtp.begin();
    Client::kept(&smtp.ask(&format!("{mail}."), "250"))
}

#[test]
fn a_mail_is_read_for_a_person_and_what_the_guard_stops_is_told_and_not_read() {
    let node = node_with_mail(Store::Embedded, &[]);
    let id = deliver(&node, CARRYING);
    let said = node.cli(&["mail", "read", &id, "--json"]).expect(0).json();
    assert_eq!(said["guard"], "passed");
    assert_eq!(said["from"]["address"], "duty@bravo.example");
    assert_eq!(said["subject"], "TLP:AMBER fresh \u{653b}\u{51fb}");
    assert_eq!(said["tlp"], "TLP:AMBER");
    let carries = said["carries"].as_array().unwrap();
    let what: Vec<&str> = carries
        .iter()
        .map(|one| one["what"].as_str().unwrap())
        .collect();
    assert_eq!(what, ["stix bundle", "words"]);
    assert_eq!(carries[1]["detail"]["values"][0], "http://c2.example/gate");
    let name = said["attachments"][0]["name"].as_str().unwrap();
    assert!(!name.contains('/') && name.ends_with("b.json"), "{name}");
    let plain = node.cli(&["mail", "read", &id[..8]]).expect(0).out;
    for line in [
        "says it is from: duty@bravo.example (calls itself \"Head of CERT <ciso@alpha.example>\")",
        "answers to: other@elsewhere.example",
        "carries: stix bundle {\"objects\":0}",
        "It calls hxxp://c2[.]example/gate",
    ] {
        assert!(plain.contains(line), "{line} is not in {plain}");
    }
    assert!(plain.contains("\nodd: "), "{plain}");

    let two = format!("From: root@alpha.example\r\n{CARRYING}");
    let id = deliver(&node, &two);
    let said = node.cli(&["mail", "read", &id, "--json"]).expect(0).json();
    assert_eq!(said["guard"], "refused", "{said}");
    assert!(said.get("from").is_none() && said.get("texts").is_none());
    let out = node.cli(&["mail", "read", "no-such"]);
    assert!(out.err.contains("hint: `comity mail list"), "{}", out.err);
}

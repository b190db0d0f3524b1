//! What becomes of mails at a running node: by how sure it is who sent them, and of those that are made to do harm.
//!
//! In scope: SMTP in, DNS, commands, what stands in the store afterwards, on both stores. Out of scope: every cell of the table and
//! every reason (`comity_node::mail::taking`), sending.

use std::net::SocketAddr;

use comity_transport::name_server::LocalNameServer;
use serde_json::Value;

use super::client::Client;
use super::generator as make;
use super::gpg::{Gpg, file, registered, words};
use crate::exchange::party::{OPEN, Party, befriend, on_both_stores, text, until};
use crate::node::Store;

const RECORDS: [(&str, &str); 4] = [
    ("bravo.example", "v=spf1 ip4:127.0.0.1 -all"),
    ("_dmarc.bravo.example", "v=DMARC1; p=reject"),
    ("elsewhere.example", "v=spf1 ip4:127.0.0.1 -all"),
    ("_dmarc.elsewhere.example", "v=DMARC1; p=reject"),
];
const STIX: &str = r#"{"type":"bundle","id":"bundle--5d0092c5-5f74-4287-9642-33f4c354e56d","objects":[{"type":"ipv4-addr",
"spec_version":"2.1","id":"ipv4-addr--ff26c055-6336-5bc5-b98d-13d6226742dd","value":"198.51.100.3"}]}"#;
const ID: &str = "ipv4-addr--ff26c055-6336-5bc5-b98d-13d6226742dd";

/// Has a party take mail, and ask a name server that knows the others.
fn takes(party: &Party) {
    let server = format!("\"{}\"", LocalNameServer::of_texts(RECORDS).unwrap());
    for (key, value) in [
        ("smtp_listen", "\"127.0.0.1:0\""),
        ("disk_reserve_megabytes", "0"),
        ("error_delay_milliseconds", "0"),
        ("name_server", &server),
    ] {
        party.set("mail", key, value);
    }
}

fn smtp(party: &Party) -> SocketAddr {
    let said = party.serving().said();
    let begins = "taking mail by smtp on ";
    let place = said.lines().find_map(|line| line.strip_prefix(begins));
    place.unwrap_or_else(|| panic!("{said}")).parse().unwrap()
}

/// Gives a mail to a node; its number, where it is taken.
fn deliver(party: &Party, to: &str, mail: &[u8]) -> Option<String> {
    let mut client = Client::greeted(smtp(party));
    client.ask("EHLO mx.bravo.example", "250-");
    client.ask("MAIL FROM:<duty@bravo.example>", "250");
    client.ask(&format!("RCPT TO:<{to}>"), "250");
    client.ask("DATA", "354");
    let mut stuffed = Vec::with_capacity(mail.len() + 16);
    for line in mail.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            stuffed.push(b'.');
        }
        stuffed.extend(line);
    }
    if !stuffed.ends_with(b"\r\n") {
        stuffed.extend(b"\r\n");
    }
    stuffed.extend(b".\r\n");
    client.send(&stuffed);
    let reply = client.reply()?;
    reply.starts_with("250").then(|| Client::kept(&reply))
}

/// What a mail came to, once it came to something.
fn settled(party: &Party, id: &str) -> Value {
    until(&format!("mail {id} is settled"), || {
        let shown = party.cli(&["mail", "show", id, "--json"]).expect(0).json();
        (shown["state"] != "received").then_some(shown)
    })
}

fn given(party: &Party, purpose: &str) -> String {
    let words = ["address", "create", "bravo", "--purpose", purpose, "--json"];
    text(&party.cli(&words).expect(0).json(), "address")
}

fn fields(to: &str, subject: &str) -> String {
    format!(
        "From: The duty officer <duty@bravo.example>\r\nTo: {to}\r\nSubject: {subject}\r\n\
         Date: Tue, 03 Nov 2026 09:00:00 +0100\r\nMessage-ID: <{subject}@bravo.example>\r\n"
    )
}

/// As people write who sign nothing.
fn open(to: &str, subject: &str, parts: &[String]) -> Vec<u8> {
    let mut inner = String::new();
    for part in parts {
        inner.push_str("--x\r\n");
        inner.push_str(part);
        inner.push_str("\r\n");
    }
    let head = fields(to, subject);
    format!("{head}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n{inner}--x--\r\n").into_bytes()
}

fn bundle() -> [String; 2] {
    [
        words("[TLP:GREEN] see the file"),
        file(
            "application/json",
            "bundle.json",
            &STIX.replace('\n', "\r\n"),
        ),
    ]
}

fn level(shown: &Value) -> (&str, &str) {
    (
        shown["level"].as_str().unwrap_or("-"),
        shown["state"].as_str().unwrap(),
    )
}

#[test]
fn mail_of_a_partner_waits_for_a_person_and_enters_at_once_under_the_registered_key() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        takes(alpha);
        befriend(alpha, bravo, OPEN);
        let to = given(alpha, "reports");
        let id = deliver(alpha, &to, &open(&to, "open", &bundle())).unwrap();
        let shown = settled(alpha, &id);
        assert_eq!(level(&shown), ("L2", "taken"), "{shown}");
        assert!(alpha.from("bravo").is_empty());
        let waits = shown["proposals"].as_array().unwrap();
        let proposal = text(
            waits.iter().find(|one| one["kind"] == "objects").unwrap(),
            "id",
        );
        let listed = alpha.cli(&["mail", "list"]).expect(0).out;
        assert!(listed.contains(&format!("confirm: {proposal}")), "{listed}");
        let confirm = [
            "mail",
            "confirm",
            &proposal,
            "--officer",
            "the duty officer",
            "--json",
        ];
        assert_eq!(alpha.cli(&confirm).expect(0).json()["state"], "confirmed");
        assert!(alpha.from("bravo").contains_key(ID));
        alpha.cli(&confirm).expect(1);
        let text_of = alpha.cli(&["mail", "show", &id]).expect(0).out;
        assert!(
            text_of.contains("confirmed by the duty officer"),
            "{text_of}"
        );

        // The domain is right, and it is somebody else's.
        let stranger = String::from_utf8(open(&to, "stranger", &bundle())).unwrap();
        let stranger = stranger.replace("duty@bravo.example", "duty@elsewhere.example");
        let shown = settled(
            alpha,
            &deliver_from(alpha, "duty@elsewhere.example", &to, stranger.as_bytes()),
        );
        assert_eq!(level(&shown), ("L1", "quarantined"), "{shown}");
        let doctor = alpha.cli(&["doctor"]);
        assert!(
            doctor.code == Some(1) && doctor.out.contains(&to),
            "{doctor:?}"
        );

        if let Some(gpg) = registered(alpha) {
            signed_mail_enters_once(alpha, &gpg, &to);
        }
    });
}

/// Mail under the registered key enters at once and once; with something beside it, it is anybody's of that domain.
fn signed_mail_enters_once(alpha: &Party, gpg: &Gpg, to: &str) {
    let csv = file(
        "text/csv",
        "list.csv",
        "value,type\r\n203.0.113.77,ipv4\r\n",
    );
    let signed = gpg.thunderbird(&fields(to, "signed"), &[words("as spoken"), csv]);
    let id = deliver(alpha, to, &signed).unwrap();
    let shown = settled(alpha, &id);
    assert_eq!(level(&shown), ("L3", "taken"), "{shown}");
    let held = alpha.from("bravo");
    assert!(
        held.values().any(|one| one["type"] == "indicator"),
        "{held:?}"
    );
    assert!(shown["answered"].is_string(), "{shown}");

    // In another cover it is the same mail.
    let again = [b"X-Relay: another\r\n".as_slice(), &signed].concat();
    let copy = settled(alpha, &deliver(alpha, to, &again).unwrap());
    assert_eq!(level(&copy), ("L3", "duplicate"), "{copy}");
    // With something beside what is signed it is not the party's.
    let tail = b"\r\n--y\r\nContent-Type: text/csv; name=more.csv\r\n\r\nvalue\r\n203.0.113.78\r\n--y--\r\n";
    let at = signed
        .windows(22)
        .position(|piece| piece == b"MIME-Version: 1.0\r\nUse")
        .unwrap();
    let around = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n";
    let part = String::from_utf8_lossy(&signed[at..]).replacen(
        "MIME-Version: 1.0\r\nUser-Agent: Mozilla Thunderbird\r\n",
        "",
        1,
    );
    let partly = [
        fields(to, "partly").as_bytes(),
        around.as_bytes(),
        part.as_bytes(),
        tail,
    ]
    .concat();
    let shown = settled(alpha, &deliver(alpha, to, &partly).unwrap());
    assert_eq!(shown["level"], "L2", "{shown}");
}

fn deliver_from(party: &Party, sender: &str, to: &str, mail: &[u8]) -> String {
    let mut client = Client::greeted(smtp(party));
    client.ask("EHLO mx.elsewhere.example", "250-");
    client.ask(&format!("MAIL FROM:<{sender}>"), "250");
    client.ask(&format!("RCPT TO:<{to}>"), "250");
    client.ask("DATA", "354");
    client.send(mail);
    Client::kept(&client.ask(".", "250"))
}

/// Mails that are made to do harm, to this address.
fn nasty(to: &str) -> Vec<(&'static str, Vec<u8>)> {
    let two = open(to, "two", &bundle());
    let two = [b"From: duty@elsewhere.example\r\n".as_slice(), &two].concat();
    let alike = String::from_utf8(open(to, "alike", &bundle())).unwrap();
    let alike = alike.replace("duty@bravo.example", "duty@brav0.example");
    let mut all = vec![
        ("33,000 nested messages", make::nested_messages(33_000)),
        ("nested multiparts", make::nested_multiparts(1_000)),
        ("1,000,000 parts", make::many_parts(1_000_000)),
        ("base64 onion", make::base64_onion(40)),
        ("efail", make::efail()),
        ("a list around a signature", make::mailing_list()),
        ("a signature that is none", make::signed()),
        ("thunderbird", make::thunderbird()),
        ("outlook", make::outlook()),
        ("apple mail", make::apple_mail()),
        ("two senders", two),
        ("a domain that looks alike", alike.into_bytes()),
    ];
    for (name, archive) in make::archives() {
        let zip = make::Part::file("application/zip", "samples.zip", &archive);
        all.push((
            name,
            make::mixed(&format!("archive {name}"), &[make::Part::text("see"), zip]),
        ));
    }
    all
}

#[test]
fn mails_that_are_made_to_do_harm_leave_the_node_alive_and_change_nothing() {
    let (mut alpha, mut bravo) = (
        Party::new("alpha", Store::Embedded),
        Party::new("bravo", Store::Embedded),
    );
    takes(&alpha);
    befriend(&mut alpha, &mut bravo, OPEN);
    let to = given(&alpha, "reports");
    let pid = alpha.serving().pid();
    let mut kept = Vec::new();
    for (name, mail) in nasty(&to) {
        // Some are refused at the socket, which is as good.
        if let Some(id) = deliver(&alpha, &to, &mail) {
            kept.push((name, id));
        }
    }
    assert!(kept.len() > 10, "{kept:?}");
    for (name, id) in &kept {
        let shown = settled(&alpha, id);
        assert_ne!(shown["level"], "L3", "{name}: {shown}");
        let acted = shown["carries"].as_array().into_iter().flatten();
        let acted = acted.filter(|one| one["act"] == "taken" || one["act"] == "settled");
        assert_eq!(acted.count(), 0, "{name}: {shown}");
    }
    assert!(alpha.from("bravo").is_empty());
    assert_eq!(alpha.serving().pid(), pid);
    let after = settled(
        &alpha,
        &deliver(&alpha, &to, &open(&to, "after", &bundle())).unwrap(),
    );
    assert_eq!(level(&after), ("L2", "taken"), "{after}");
}

#[test]
fn a_node_that_is_killed_while_it_takes_mail_in_takes_each_once() {
    let (mut alpha, mut bravo) = (
        Party::new("alpha", Store::Embedded),
        Party::new("bravo", Store::Embedded),
    );
    takes(&alpha);
    befriend(&mut alpha, &mut bravo, OPEN);
    let to = given(&alpha, "reports");
    let Some(gpg) = registered(&alpha) else {
        return;
    };
    let mut ids = Vec::new();
    for round in 0..6_u8 {
        for number in 0..3_u8 {
            let list = format!("value,type\r\n203.0.113.{},ipv4\r\n", round * 3 + number);
            let parts = [words("as spoken"), file("text/csv", "list.csv", &list)];
            let subject = format!("kill-{round}-{number}");
            let mail = gpg.thunderbird(&fields(&to, &subject), &parts);
            ids.push(deliver(&alpha, &to, &mail).unwrap());
        }
        // Wherever it is by now.
        alpha.kill();
        alpha.serve();
    }
    for id in &ids {
        let shown = settled(&alpha, id);
        assert_eq!(level(&shown), ("L3", "taken"), "{shown}");
    }
    let indicators = alpha.from("bravo");
    assert_eq!(indicators.len(), ids.len(), "each list once");
    alpha.cli(&["doctor"]).expect(0);
}

#[test]
fn envelopes_and_numbers_that_come_by_mail_do_what_they_do_by_the_link() {
    let (mut alpha, mut bravo) = (
        Party::new("alpha", Store::Embedded),
        Party::new("bravo", Store::Embedded),
    );
    takes(&alpha);
    befriend(&mut alpha, &mut bravo, OPEN);
    let collection = bravo.create_collection("Own", &["--alias", "own"]);
    bravo.terminate();
    let object = serde_json::json!({
        "type": "ipv4-addr", "spec_version": "2.1", "id": ID, "value": "198.51.100.3",
    });
    bravo.import(&collection, &[object]);
    bravo.share(ID, "alpha");
    let folder = bravo.file("out");
    std::fs::create_dir(&folder).unwrap();
    bravo
        .cli(&[
            "outbox",
            "export",
            "alpha",
            "--out",
            folder.to_str().unwrap(),
        ])
        .expect(0);
    let to = given(&alpha, "contact");
    let parts: Vec<make::Part> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|one| {
            make::Part::file(
                "application/octet-stream",
                "batch.comity",
                &std::fs::read(one.unwrap().path()).unwrap(),
            )
        })
        .collect();
    assert!(!parts.is_empty());
    // Whoever sends it: envelopes prove themselves.
    let mail = String::from_utf8(make::mixed("envelopes", &parts)).unwrap();
    let shown = settled(&alpha, &deliver(&alpha, &to, mail.as_bytes()).unwrap());
    assert_eq!(shown["level"], "L0", "{shown}");
    assert!(
        text(&shown, "reason").contains("new envelopes from bravo"),
        "{shown}"
    );
    alpha.until_from("bravo", &[ID]);

    let Some(gpg) = registered(&alpha) else {
        return;
    };
    a_number_under_the_key_is_an_answer(&alpha, &gpg, &to);
}

/// The number of a promotion counts under the registered key alone.
fn a_number_under_the_key_is_an_answer(alpha: &Party, gpg: &Gpg, to: &str) {
    let address = |words: &[&str]| {
        let words = [&["address"][..], words, &["--json"]].concat();
        alpha.cli(&words).expect(0).json()
    };
    let id = text(&address(&["show", to]), "id");
    address(&["promote", &id]);
    let number = text(&address(&["show", &id])["challenge"], "number");
    let answer = [words(&format!("The number is {number}."))];
    let unsure = settled(
        alpha,
        &deliver(alpha, to, &open(to, "unsure", &answer)).unwrap(),
    );
    assert_eq!(unsure["level"], "L2", "{unsure}");
    assert_eq!(address(&["show", &id])["state"], "challenged");
    let signed = gpg.thunderbird(&fields(to, "number"), &answer);
    let shown = settled(alpha, &deliver(alpha, to, &signed).unwrap());
    assert_eq!(level(&shown), ("L3", "taken"), "{shown}");
    assert_eq!(address(&["show", &id])["state"], "answered", "{shown}");
}

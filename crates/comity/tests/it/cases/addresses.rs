//! Designated addresses: given over the link, proven, promoted by two persons and the other party, revoked; the lines for the
//! name server.

use std::net::{SocketAddr, UdpSocket};

use comity_transport::name_server::LocalNameServer;
use serde_json::Value;

use crate::exchange::party::{OPEN, Party, befriend, on_both_stores, text, until};
use crate::http::Request;
use crate::node::Store;

const BY: [&str; 2] = ["--officer", "head of the watch"];

/// The one address that a party sees.
fn address(party: &Party) -> Option<Value> {
    party.rows(&["address", "list"]).first().cloned()
}

fn until_state(party: &Party, state: &str) -> Value {
    until(&format!("{state} at {}", party.name), || {
        address(party).filter(|one| one["state"] == *state)
    })
}

fn act(party: &Party, words: &[&str]) -> crate::node::Said {
    party.cli(&[&["address"][..], words].concat())
}

fn refused(party: &Party, words: &[&str], code: i32, expected: &str) {
    let said = act(party, words);
    assert_eq!(said.code, Some(code), "{words:?}: {said:?}");
    let fits = said.err.contains(expected) && said.err.contains("hint: ");
    assert!(fits, "{words:?}: {}", said.err);
}

/// Gives a temporary address for requests; its name and the address.
fn give(alpha: &Party, bravo: &Party) -> (String, String) {
    let words = [
        "create",
        "bravo",
        "--purpose",
        "request",
        "--remark",
        "by day",
        "--json",
    ];
    let made = act(alpha, &words).expect(0).json();
    let there = until_state(bravo, "temporary");
    for name in ["id", "address", "purpose", "expires", "remark"] {
        assert_eq!(there[name], made[name], "{name}");
    }
    assert_eq!(
        (&there["ours"], &there["party"]),
        (&Value::from(false), &Value::from("alpha"))
    );
    let address = text(&made, "address");
    let (local, domain) = address.split_once('@').unwrap();
    assert!(
        local.starts_with("request+") && local.len() == 40,
        "{address}"
    );
    assert_eq!(domain, "in.alpha.example");
    (text(&made, "id"), address)
}

/// The envelopes of both ledgers that carry the promotion and its confirmation prove them to anybody.
fn ledgers_hold(alpha: &Party, bravo: &Party, id: &str) {
    let both = [alpha, bravo].map(|party| {
        until(&format!("every receipt at {}", party.name), || {
            let shown = act(party, &["show", id, "--json"]).expect(0).json();
            let steps = shown["steps"].as_array().unwrap().clone();
            let received = steps.iter().all(|step| step["received"].is_string());
            received.then_some((steps, shown["statement"].clone()))
        })
    });
    assert_eq!(
        both[0], both[1],
        "both hold the same steps and one statement"
    );
    let events: Vec<&str> = both[0]
        .0
        .iter()
        .map(|step| step["event"].as_str().unwrap())
        .collect();
    assert_eq!(
        events,
        ["give", "challenge", "answer", "promote", "confirm"]
    );
    let statement = &both[0].1;
    for by in ["signed_by_owner", "signed_by_other"] {
        assert_eq!(statement[by], true, "{statement}");
    }
    let note = text(statement, "note");
    for part in [
        "comity-address-promotion/v1",
        "alpha.example",
        "bravo.example",
    ] {
        assert!(note.contains(part), "{part} in {note}");
    }
    for party in [alpha, bravo] {
        party.until_receipted();
        let verified = party.cli(&["ledger", "verify"]);
        assert_eq!(verified.code, Some(0), "{verified:?}");
    }
}

/// What nobody asked for is not approved, and nobody speaks for the other side.
fn nobody_speaks_for_the_other_side(alpha: &Party, bravo: &Party, id: &str) {
    refused(
        alpha,
        &[&["approve", id][..], &BY].concat(),
        1,
        "nobody asked",
    );
    refused(bravo, &["promote", id], 1, "is alpha's");
    refused(bravo, &["revoke", id], 1, "is alpha's");
    refused(
        alpha,
        &[&["answer", id][..], &BY].concat(),
        1,
        "for bravo to do",
    );
    refused(alpha, &["show", "nothing"], 1, "no thread");
}

#[test]
fn a_temporary_address_becomes_permanent_by_two_persons_and_the_other_party() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        befriend(alpha, bravo, OPEN);
        let (id, temporary) = give(alpha, bravo);
        let id = id.as_str();
        nobody_speaks_for_the_other_side(alpha, bravo, id);
        act(alpha, &["promote", id]).expect(0);
        refused(
            alpha,
            &[&["approve", id][..], &BY].concat(),
            1,
            "is challenged",
        );
        let there = until_state(bravo, "challenged");
        assert_eq!(there["next"], "answer");
        act(bravo, &[&["answer", &temporary][..], &BY].concat()).expect(0);
        let here = until_state(alpha, "answered");
        assert_eq!(
            (here["next"].as_str(), here["asked_by"].as_str()),
            (Some("approve"), Some("duty officer"))
        );
        refused(
            alpha,
            &["approve", id, "--officer", "Duty officer"],
            1,
            "another person must approve",
        );
        act(alpha, &[&["approve", id][..], &BY].concat()).expect(0);
        let there = until_state(bravo, "proposed");
        assert_eq!(
            there["address"], temporary,
            "the temporary one holds until it is confirmed"
        );
        assert_eq!(
            there["promotion"]["persons"],
            serde_json::json!(["duty officer", "head of the watch"])
        );
        let confirmed = act(
            bravo,
            &[
                "confirm",
                id,
                "--officer",
                "duty officer",
                "--role",
                "duty",
                "--json",
            ],
        );
        let permanent = text(&confirmed.expect(0).json(), "address");
        assert_ne!(permanent, temporary);
        for party in [&*alpha, &*bravo] {
            let one = until_state(party, "permanent");
            assert_eq!(one["address"], permanent);
            assert_eq!(one["expires"], Value::Null);
            assert_eq!(one["aliases"][0]["address"], temporary);
        }
        let contacts = bravo.rows(&["contact", "list", "--party", "alpha"]);
        let of_alpha = contacts.iter().find(|one| one["party"] == "alpha").unwrap();
        assert_eq!(of_alpha["designated"][0]["address"], permanent);
        assert_eq!(of_alpha["designated"][0]["standing"], "permanent");
        ledgers_hold(alpha, bravo, id);
        act(alpha, &["revoke", id, "--reason", "it leaked"]).expect(0);
        let there = until_state(bravo, "revoked");
        assert_eq!(
            (there["reason"].as_str(), there["taken"].as_bool()),
            (Some("it leaked"), Some(false))
        );
        refused(alpha, &["revoke", id], 1, "revoked");
    });
}

#[test]
fn an_address_is_made_before_there_is_an_accord_and_told_later() {
    let mut alpha = Party::new("alpha", Store::Embedded);
    let mut bravo = Party::new("bravo", Store::Embedded);
    refused(&alpha, &["create", "bravo"], 1, "no party");
    for party in [&mut alpha, &mut bravo] {
        party.serve();
    }
    crate::exchange::party::enrol(&alpha, &bravo);
    refused(&alpha, &["create", "bravo"], 6, "no accord");
    let made = act(
        &alpha,
        &[
            "create",
            "bravo",
            "--purpose",
            "ping",
            "--uses",
            "1",
            "--untold",
            "--json",
        ],
    );
    let made = made.expect(0).json();
    let (id, address) = (text(&made, "id"), text(&made, "address"));
    assert_eq!(
        (made["told"].as_bool(), made["next"].as_str()),
        (Some(false), Some("tell"))
    );
    crate::exchange::party::agree(&alpha, &bravo, OPEN, OPEN);
    refused(&alpha, &["promote", &id], 1, "not given by the node link");
    act(&alpha, &["tell", &id]).expect(0);
    let there = until_state(&bravo, "temporary");
    assert_eq!(
        (&there["address"], &there["uses_allowed"]),
        (&Value::from(address), &Value::from(1))
    );
    assert_eq!(
        alpha.rows(&["address", "list"]).len(),
        1,
        "told once, listed once"
    );
}

#[test]
fn an_answer_crosses_in_a_file_and_a_promotion_is_declined() {
    let mut parties = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    let [alpha, bravo] = &mut parties;
    befriend(alpha, bravo, OPEN);
    let (id, _) = give(alpha, bravo);
    act(alpha, &["promote", &id]).expect(0);
    until_state(bravo, "challenged");
    let file = bravo.file("answer").to_str().unwrap().to_owned();
    act(bravo, &[&["answer", &id, "--out", &file][..], &BY].concat()).expect(0);
    let note = std::fs::read_to_string(&file).unwrap();
    let forged = alpha.file("forged").to_str().unwrap().to_owned();
    std::fs::write(&forged, note.replace("number ", "number 0")).unwrap();
    refused(
        alpha,
        &["take-answer", &id, "--file", &forged],
        1,
        "another number",
    );
    act(alpha, &["take-answer", &id, "--file", &file]).expect(0);
    act(alpha, &[&["approve", &id][..], &BY].concat()).expect(0);
    until_state(bravo, "proposed");
    act(bravo, &["decline", &id, "--reason", "not yet"]).expect(0);
    let here = until_state(alpha, "answered");
    assert_eq!(here["promotion"], Value::Null);
    let renewed = act(alpha, &["renew", &id, "--days", "3", "--json"])
        .expect(0)
        .json();
    assert_eq!(renewed["aliases"].as_array().unwrap().len(), 1);
    let key = act(alpha, &["new-key", "--json"]).expect(0).json();
    assert_eq!(key["key"], 1);
}

#[test]
fn the_records_of_a_mail_domain_are_printed_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("node");
    let init = [
        "init",
        "--party",
        "alpha",
        "--domain",
        "alpha.example",
        "--mail-domain",
        "in.alpha.example",
    ];
    let mut command = crate::node::comity(&init);
    command.arg("--data").arg(&data);
    let printed = crate::node::Said::run(command, "").expect(0).out;
    let labels = [
        "MX 10 in.alpha.example.",
        "v=spf1 mx -all",
        "comity-rsa._domainkey",
        "comity-ed25519._domainkey",
        "v=DMARC1; p=reject",
        "v=STSv1; id=",
        "v=TLSRPTv1; rua=mailto:postmaster@alpha.example",
    ];
    for label in labels {
        assert!(printed.contains(label), "{label} in {printed}");
    }
    let doctor = |server: SocketAddr| {
        crate::node::set(&data, "mail", "name_server", &format!("\"{server}\""));
        let mut command = crate::node::comity(&["doctor", "--json"]);
        command.arg("--data").arg(&data);
        crate::node::Said::run(command, "")
    };
    // Nobody answers there: nothing is known, and nothing is wrong.
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let said = doctor(silent.local_addr().unwrap()).expect(0).json();
    let all = said["dns"].as_array().unwrap();
    assert_eq!(all.len(), 7);
    assert!(
        all.iter().all(|one| one["finding"] == "not checked"),
        "{said}"
    );
    let said = doctor(LocalNameServer::of_texts([]).unwrap());
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.err.contains("name server of mail.domain"),
        "{}",
        said.err
    );
    let said = said.json();
    for one in said["dns"].as_array().unwrap() {
        assert_eq!(one["finding"], "missing", "{one}");
        assert!(
            printed.contains(one["line"].as_str().unwrap()),
            "the same line: {one}"
        );
    }
}

#[test]
fn the_policy_for_other_mail_servers_is_served_where_a_domain_is_set() {
    let mut alpha = Party::with(
        "alpha",
        Store::Embedded,
        &["--mail-domain", "in.alpha.example"],
    );
    alpha.set("mail", "hostname", "\"mx.alpha.example\"");
    alpha.serve();
    let policy = Request::get("/.well-known/mta-sts.txt").send(alpha.address());
    assert_eq!(policy.status, 200);
    let said = String::from_utf8(policy.body).unwrap();
    assert!(
        said.starts_with("version: STSv1\r\nmode: enforce\r\nmx: mx.alpha.example\r\n"),
        "{said}"
    );
    let mut bravo = Party::new("bravo", Store::Embedded);
    bravo.serve();
    let none = Request::get("/.well-known/mta-sts.txt").send(bravo.address());
    assert_eq!(none.status, 404);
}

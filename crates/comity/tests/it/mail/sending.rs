//! Mail that leaves a node: to another node, by Postfix, to servers that refuse, hang or go away, and through kills.
//!
//! In scope: the running program and its commands. Out of scope: TLS, MTA-STS and name servers (the tests of `comity-transport`), what
//! the other node makes of the mail.

use serde_json::{Value, json};

use super::foreign::Postfix;
use super::given::smtp;
use super::sink::{Act, Sink};
use crate::exchange::party::{Party, agree, enrol, labelled, on_both_stores, text, until};
use crate::node::Store;
use crate::sample::indicator;

/// Terms under which mail may carry what is not secret, and what is only encrypted.
const MAIL: &str = "ceiling = \"TLP:AMBER+STRICT\"\noutlets = [\"link\", \"file\", \"taxii\", \"mail\"]\nunlabelled = \"TLP:GREEN\"\nencrypt_from = \"TLP:AMBER\"\n";

fn takes_mail(party: &mut Party) {
    for (key, value) in [
        ("smtp_listen", "\"127.0.0.1:0\""),
        ("disk_reserve_megabytes", "0"),
        ("error_delay_milliseconds", "0"),
    ] {
        party.set("mail", key, value);
    }
    party.serve();
}

fn sends_by(party: &Party, relay: std::net::SocketAddr) {
    party.set("mail", "relay", &format!("\"{relay}\""));
    party.set("mail", "retry_seconds", "1");
    party.set("mail", "send_answer_seconds_max", "2");
}

/// Both serve, know each other and agree.
fn partners(one: &mut Party, other: &mut Party) {
    enrol(one, other);
    agree(one, other, MAIL, MAIL);
}

fn send(party: &Party, to: &str, more: &[&str]) -> String {
    let words = [
        "mail",
        "send",
        to,
        "--subject",
        "Scans of last night",
        "--json",
    ];
    let sent = party.cli(&[&words[..], more].concat()).expect(0).json();
    text(&sent, "mail")
}

fn outgoing(party: &Party, id: &str) -> Value {
    party
        .cli(&["mail", "outgoing", id, "--json"])
        .expect(0)
        .json()
}

fn until_state(party: &Party, id: &str, states: &[&str]) -> Value {
    until(&format!("{id} is {states:?}"), || {
        let mail = outgoing(party, id);
        let state = mail["state"].as_str().unwrap();
        states.contains(&state).then_some(mail)
    })
}

/// The mail server that this party's relay is.
fn behind(sink: &Sink) -> [Party; 2] {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    sends_by(&alpha, sink.address);
    alpha.serve();
    bravo.serve();
    partners(&mut alpha, &mut bravo);
    [alpha, bravo]
}

const WORDS: [&str; 4] = ["--to", "duty@bravo.example", "--text", "what we see"];

/// The address that bravo gives alpha for whatever a person writes, once alpha knows it.
fn given(alpha: &Party, bravo: &Party) -> String {
    let made = bravo.cli(&[
        "address",
        "create",
        "alpha",
        "--purpose",
        "contact",
        "--json",
    ]);
    let address = text(&made.expect(0).json(), "address");
    until("alpha is told the address", || {
        let known = alpha.rows(&["address", "list", "--theirs"]);
        let mut known = known.iter();
        known.any(|one| one["address"] == *address).then_some(())
    });
    address
}

#[test]
fn a_letter_reaches_the_address_that_the_other_party_gave() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        takes_mail(bravo);
        sends_by(alpha, smtp(bravo));
        alpha.serve();
        partners(alpha, bravo);
        let address = given(alpha, bravo);
        let file = alpha.file("notes.txt");
        std::fs::write(&file, "192.0.2.7\n").unwrap();
        let file = file.to_str().unwrap();
        let collection = alpha.create_collection("Scans", &[]);
        let (shown, secret) = (indicator(1), indicator(2));
        let objects = [
            labelled(shown.clone(), "GREEN"),
            labelled(secret.clone(), "AMBER"),
        ];
        alpha.import(&collection, &objects);
        let [shown, secret] = [shown, secret].map(|one| text(&one, "id"));
        let more = [
            "--text",
            "what we see",
            "--attach",
            file,
            "--objects",
            &shown,
        ];
        let id = send(alpha, "bravo", &more);
        let sent = until_state(alpha, &id, &["sent", "receipted"]);
        assert_eq!(sent["to"], *address, "{sent}");
        assert_eq!(
            (&sent["label"], &sent["verified"]),
            (&json!("TLP:GREEN"), &json!("no TLS"))
        );
        assert!(text(&sent, "answer").contains("Kept as"), "{sent}");
        came_as_sent(bravo, &sent);
        only_whole(alpha, (&shown, &secret));
    });
}

/// The mail that was sent stands in the list of who has it, and says what was written.
fn came_as_sent(bravo: &Party, sent: &Value) {
    let came = bravo.rows(&["mail", "list"]);
    let came = came
        .iter()
        .find(|mail| mail["to"][0] == sent["to"])
        .unwrap();
    assert_eq!(came["sha256"], sent["sha256"]);
    assert_eq!(came["from"], sent["sender"]);
    let read = bravo.cli(&["mail", "read", &text(came, "id"), "--json"]);
    let read = read.expect(0).json();
    assert_eq!(read["subject"], "[TLP:GREEN] Scans of last night", "{read}");
    let attached = read["attachments"].as_array().unwrap().iter();
    let names: Vec<&str> = attached.filter_map(|one| one["name"].as_str()).collect();
    assert_eq!(names, ["bundle.json", "notes.txt"], "{read}");
}

/// The accord wants AMBER encrypted, and there is no certificate: nothing of such a letter leaves.
fn only_whole(alpha: &Party, (shown, secret): (&str, &str)) {
    let count = || {
        let all = alpha.cli(&["mail", "outgoing", "--json"]).expect(0).json();
        all["mails"].as_array().unwrap().len()
    };
    let before = count();
    for more in [
        &["--text", "x", "--objects", shown, secret][..],
        &["--text", "x", "--tlp", "TLP:AMBER"],
    ] {
        let words = ["mail", "send", "bravo", "--subject", "Secret"];
        let said = alpha.cli(&[&words[..], more].concat()).expect(6);
        assert!(said.out.contains("\trefused\t"), "{said:?}");
    }
    assert_eq!(count(), before);
    let words = ["mail", "send", "bravo", "--subject", "x", "--text", "x"];
    alpha
        .cli(&[&words[..], &["--to", "x@in.alpha.example"]].concat())
        .expect(2);
}

#[test]
fn delays_are_told_and_the_same_mail_is_sent_again() {
    let sink = Sink::start();
    let [alpha, _bravo] = behind(&sink);
    sink.next(&[Act::Say("450 4.2.1 Later"), Act::Hang, Act::Drop]);
    let id = send(&alpha, "bravo", &WORDS);
    let sent = until_state(&alpha, &id, &["sent"]);
    assert_eq!(sent["attempts"], 4, "{sent}");
    let events = sent["events"].as_array().unwrap();
    let delays = events.iter().filter(|one| one["event"] == "delayed");
    let delays: Vec<String> = delays.map(|one| text(one, "detail")).collect();
    for (delay, why) in delays.iter().zip(["450 4.2.1", "in time", "did not say"]) {
        assert!(delay.contains(why), "{delays:?}");
    }
    assert_eq!(delays.len(), 3);
    assert!(text(&sent, "answer").contains("Queued as 4711"), "{sent}");
    // Once without an answer and once with one: the same mail.
    let mails = sink.mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0], mails[1]);
    assert!(mails[0].contains(&format!("Message-ID: <{}>", text(&sent, "message_id"))));

    sink.next(&[Act::Say("550 5.1.1 Nobody here")]);
    let id = send(&alpha, "bravo", &WORDS);
    let failed = until_state(&alpha, &id, &["failed"]);
    assert!(text(&failed, "reason").contains("550 5.1.1"), "{failed}");
    alpha.cli(&["mail", "cancel", &id]).expect(1);
    alpha.cli(&["mail", "retry", &id]).expect(0);
    until_state(&alpha, &id, &["sent"]);

    sink.forget();
    sink.next(&[Act::Say("450 4.2.1 Later"); 20]);
    let id = send(&alpha, "bravo", &WORDS);
    // Between two tries: while it is being sent it may be out.
    until("it is taken back", || {
        (alpha.cli(&["mail", "cancel", &id]).code == Some(0)).then_some(())
    });
    assert_eq!(outgoing(&alpha, &id)["state"], "cancelled");
    alpha.cli(&["mail", "retry", &id]).expect(1);
    assert!(sink.mails().is_empty());
}

#[test]
fn a_kill_at_any_step_of_sending_loses_nothing_and_makes_no_second_mail() {
    let sink = Sink::start();
    let [mut alpha, _bravo] = behind(&sink);
    for step in 0..=7 {
        sink.forget();
        sink.next(&[Act::Stop(step)]);
        let id = send(&alpha, "bravo", &WORDS);
        assert_eq!(sink.stopped(), step);
        alpha.kill();
        alpha.serve();
        let sent = until_state(&alpha, &id, &["sent"]);
        let named = format!("Message-ID: <{}>", text(&sent, "message_id"));
        let mails = sink.mails();
        assert!(!mails.is_empty(), "lost at step {step}");
        for mail in &mails {
            assert!(mail.contains(&named), "step {step}: {mail}");
            assert_eq!(*mail, mails[0], "step {step}");
        }
        // Before the mail was whole there, it is there once.
        if step < 6 {
            assert_eq!(mails.len(), 1, "step {step}");
        }
    }
}

#[test]
fn postfix_takes_a_letter_and_hands_it_on() {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    takes_mail(&mut alpha);
    let place = smtp(&alpha);
    let Some(postfix) = Postfix::start(&format!("smtp:[{}]:{}", place.ip(), place.port())) else {
        return;
    };
    sends_by(&bravo, postfix.address());
    bravo.set("mail", "send_answer_seconds_max", "60");
    bravo.serve();
    partners(&mut bravo, &mut alpha);
    let made = alpha.cli(&[
        "address",
        "create",
        "bravo",
        "--purpose",
        "contact",
        "--json",
    ]);
    let address = text(&made.expect(0).json(), "address");
    let id = send(
        &bravo,
        "alpha",
        &["--to", &address, "--text", ".\nwhat we see\n..\n"],
    );
    let sent = until_state(&bravo, &id, &["sent", "receipted"]);
    assert!(text(&sent, "answer").contains("queued as"), "{sent}");
    let came = until("the mail by Postfix", || {
        alpha.rows(&["mail", "list"]).first().cloned()
    });
    assert_eq!(came["from"], sent["sender"]);
    let read = alpha
        .cli(&["mail", "read", &text(&came, "id"), "--json"])
        .expect(0)
        .json();
    assert_eq!(read["message_id"], sent["message_id"], "{read}");
    let words = text(&read["texts"][0], "text");
    assert!(words.contains(".\nwhat we see\n.."), "{words:?}");
}

#[test]
fn what_waits_on_the_link_goes_by_mail_as_sealed_files() {
    let sink = Sink::start();
    let [alpha, mut bravo] = behind(&sink);
    bravo.terminate();
    let collection = alpha.create_collection("Scans", &[]);
    alpha.import(&collection, &[labelled(indicator(3), "GREEN")]);
    let id = text(&indicator(3), "id");
    assert_eq!(alpha.share(&id, "bravo")["verdict"], "released");
    let words = [
        "mail",
        "send",
        "bravo",
        "--envelopes",
        "--to",
        "duty@bravo.example",
        "--json",
    ];
    let sent = alpha.cli(&words).expect(0).json();
    let mail = sent["mails"][0].as_str().unwrap();
    until_state(&alpha, mail, &["sent"]);
    let mails = sink.mails();
    assert!(mails[0].contains(".comity\""), "{}", mails[0]);
    // What it carries is taken in like any such file.
    let body = mails[0].split("filename=").nth(1).unwrap();
    let base64: String = body
        .split("\r\n\r\n")
        .nth(1)
        .unwrap()
        .split("\r\n--")
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    let file = bravo.file("carried.comity");
    std::fs::write(&file, decoded(&base64)).unwrap();
    bravo.cli(&["import", file.to_str().unwrap()]).expect(0);
    assert!(bravo.from("alpha").contains_key(&id));
}

fn decoded(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD
        .decode(text)
        .unwrap()
}

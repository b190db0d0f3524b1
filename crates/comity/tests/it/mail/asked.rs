//! Numbers that are asked for by mail, and come back: of a check of a point of contact, of a candidate's address.
//!
//! In scope: the commands, what leaves, what the answer comes to. Out of scope: sending and taking in as such.

use serde_json::Value;

use super::given::smtp;
use super::sending::{partners, send, sends_by, takes_mail};
use super::sink::Sink;
use crate::exchange::party::{Party, text, until};
use crate::node::Store;

/// A party makes a key, and the other registers it.
fn knows_key_of(registers: &Party, has: &Party) {
    let made = has.cli(&["openpgp", "make", "--json"]).expect(0).json();
    let file = registers.file("certificate.asc");
    let file = file.to_str().unwrap();
    has.cli(&["openpgp", "export", "--out", file]).expect(0);
    let fingerprint = text(&made, "fingerprint");
    let words = ["openpgp", "register", &has.name, file];
    registers
        .cli(&[&words[..], &["--fingerprint", &fingerprint]].concat())
        .expect(0);
}

/// The mail that left, as its sender lists it.
fn newest(party: &Party) -> Value {
    let all = party.cli(&["mail", "outgoing", "--json"]).expect(0).json();
    let id = text(&all["mails"][0], "id");
    party
        .cli(&["mail", "outgoing", &id, "--json"])
        .expect(0)
        .json()
}

#[test]
fn the_number_of_a_check_goes_by_mail_and_counts_when_it_comes_back_signed() {
    let sink = Sink::start();
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    takes_mail(&mut alpha);
    alpha.kill();
    sends_by(&alpha, sink.address);
    alpha.serve();
    sends_by(&bravo, smtp(&alpha));
    bravo.serve();
    partners(&mut alpha, &mut bravo);
    let words = [
        "contact",
        "ping",
        "--party",
        "bravo",
        "--contact",
        "technical",
    ];
    let id = alpha.cli(&words).expect(0).out.trim().to_owned();
    let escalate = ["contact", "escalate", &id, "--channel", "mail", "--json"];
    let said = alpha.cli(&escalate).expect(0).json();
    assert_eq!(said["mailed"], "duty@bravo.example", "{said}");
    until("the mail", || (sink.mails().len() == 1).then_some(()));
    let left = newest(&alpha);
    assert_eq!(left["thread"], id.as_str(), "{left}");
    let reply_to = text(&left, "reply_to");

    let mail = sink.mails().remove(0);
    let is_number = |word: &&str| word.len() == 32 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let mut words = mail.split_whitespace();
    let nonce = words.find(is_number).unwrap().to_owned();
    knows_key_of(&alpha, &bravo);
    let wrong = "0".repeat(nonce.len());
    for (number, answered) in [(wrong, false), (nonce, true)] {
        let words = format!("Here it is: {number}.");
        send(&bravo, "alpha", &["--to", &reply_to, "--text", &words]);
        let count = if answered { 2 } else { 1 };
        until("alpha took the mail in", || {
            let rows = alpha.rows(&["mail", "list", "--state", "taken"]);
            (rows.len() == count).then_some(())
        });
        let pings = alpha.rows(&["contact", "pings"]);
        let row = pings.iter().find(|row| row["id"] == id.as_str()).unwrap();
        assert_eq!(row["state"] == "answered", answered, "{row}");
    }
}

#[test]
fn the_code_of_a_candidate_goes_to_its_address() {
    let sink = Sink::start();
    let mut alpha = Party::new("alpha", Store::Embedded);
    sends_by(&alpha, sink.address);
    alpha.serve();
    let file = alpha.file("security.txt");
    let lines = "Contact: mailto:security@example.org\nContact: tel:+1-201-555-0123\nExpires: 2999-01-01T00:00:00Z\n";
    std::fs::write(&file, lines).unwrap();
    let import = [
        "contact",
        "import",
        "security.txt",
        file.to_str().unwrap(),
        "--json",
    ];
    let candidates = alpha.cli(&import).expect(0).json();
    let of = |begins: &str| {
        let all = candidates.as_array().unwrap().iter();
        let mut all = all.filter(|one| text(one, "address").starts_with(begins));
        text(all.next().unwrap(), "id")
    };
    let ask = |id: &str| {
        let words = ["contact", "challenge", id, "--mail", "--json"];
        alpha.cli(&words).expect(0).json()
    };
    let by_mail = ask(&of("mailto:"));
    assert_eq!(by_mail["mailed"], "security@example.org", "{by_mail}");
    until("the mail", || (sink.mails().len() == 1).then_some(()));
    let code = text(&by_mail, "code");
    let mail = sink.mails().remove(0);
    assert!(mail.contains(&code), "{mail}");
    assert!(
        !mail.contains("/security.txt"),
        "a path of this machine: {mail}"
    );
    assert_eq!(ask(&of("tel:"))["mailed"], Value::Null);
}

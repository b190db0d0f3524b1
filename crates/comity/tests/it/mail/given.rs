//! Mail to addresses that were given to a party, from when they are made until they are revoked.
//!
//! In scope: the life of an address as the sender of a mail meets it. Out of scope: how it is given and promoted
//! (`cases::addresses`), what a mail says.

use std::net::SocketAddr;

use serde_json::Value;

use super::client::Client;
use crate::exchange::party::{OPEN, Party, befriend, on_both_stores, text};

const MAIL: &str = "From: duty@bravo.example\r\nSubject: phishing\r\n\r\nwhat we see\r\n";

/// Where a party takes mail by SMTP.
pub(super) fn smtp(party: &Party) -> SocketAddr {
    let said = party.serving().said();
    let begins = "taking mail by smtp on ";
    let place = said.lines().find_map(|line| line.strip_prefix(begins));
    place.unwrap_or_else(|| panic!("{said}")).parse().unwrap()
}

fn session(party: &Party) -> Client {
    let mut client = Client::greeted(smtp(party));
    client.ask("EHLO mx.bravo.example", "250-");
    client
}

/// A mail to an address; its number.
fn deliver(party: &Party, address: &str) -> String {
    let mut client = session(party);
    client.ask("MAIL FROM:<duty@bravo.example>", "250");
    client.ask(&format!("RCPT TO:<{address}>"), "250");
    client.ask("DATA", "354");
    Client::kept(&client.ask(&format!("{MAIL}."), "250"))
}

/// What a sender is told at RCPT.
fn rcpt(party: &Party, address: &str) -> String {
    let mut client = session(party);
    client.ask("MAIL FROM:<duty@bravo.example>", "250");
    client.try_ask(&format!("RCPT TO:<{address}>")).unwrap()
}

fn make(party: &Party, more: &[&str]) -> Value {
    let words = ["address", "create", "bravo", "--json"];
    party.cli(&[&words[..], more].concat()).expect(0).json()
}

#[test]
fn a_given_address_takes_mail_while_it_stands_and_is_nobodys_after() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        for (key, value) in [
            ("smtp_listen", "\"127.0.0.1:0\""),
            ("disk_reserve_megabytes", "0"),
            ("error_delay_milliseconds", "0"),
        ] {
            alpha.set("mail", key, value);
        }
        befriend(alpha, bravo, OPEN);
        let made = make(alpha, &["--purpose", "request"]);
        let address = text(&made, "address");
        let kept = deliver(alpha, &address.to_uppercase());
        let shown = alpha
            .cli(&["mail", "show", &kept, "--json"])
            .expect(0)
            .json();
        assert_eq!(shown["to"][0]["party"], "bravo", "{shown}");
        let listed = alpha.rows(&["mail", "list", "--party", "bravo"]);
        assert_eq!(listed.len(), 1);

        // One letter changed is another address, and nobody's.
        let stranger = rcpt(alpha, "root@in.alpha.example");
        let other = if address.contains("+a") { "+b" } else { "+a" };
        let at = address.find('+').unwrap();
        let forged = format!("{}{other}{}", &address[..at], &address[at + 2..]);
        assert_eq!(rcpt(alpha, &forged), stranger);
        let elsewhere = address.replace("in.alpha.example", "in.bravo.example");
        assert!(rcpt(alpha, &elsewhere).starts_with("550"));

        // One mail and no more.
        let once = text(
            &make(alpha, &["--purpose", "ping", "--uses", "1"]),
            "address",
        );
        deliver(alpha, &once);
        assert_eq!(rcpt(alpha, &once), stranger);

        // Revoked at once, also for a sender who was told yes before.
        let mut between = session(alpha);
        between.ask("MAIL FROM:<duty@bravo.example>", "250");
        between.ask(&format!("RCPT TO:<{address}>"), "250");
        alpha
            .cli(&["address", "revoke", &text(&made, "id")])
            .expect(0);
        assert_eq!(rcpt(alpha, &address), stranger);
        between.ask("DATA", "354");
        between.ask(&format!("{MAIL}."), "550");
        assert_eq!(alpha.rows(&["mail", "list"]).len(), 2);
    });
}

//! The flows that people go through, in a real browser, between nodes that share an accord.
//!
//! In scope: nodes for the modules of flows, running them. Out of scope: the flows and the views (`tests/python/pages`; `names` lists
//! them).

use comity_transport::name_server::LocalNameServer;
use serde_json::json;

use super::{browsing, passed};
use crate::exchange::party::{OPEN, Party, befriend};
use crate::node::Store;

/// What a name server knows of the senders of mail.
const RECORDS: [(&str, &str); 2] = [
    ("bravo.example", "v=spf1 ip4:127.0.0.1 -all"),
    ("_dmarc.bravo.example", "v=DMARC1; p=reject"),
];

/// The line by which a node tells something of itself, after these words.
fn told<'s>(said: &'s str, begins: &str) -> Option<&'s str> {
    let line = said.lines().find_map(|line| line.strip_prefix(begins))?;
    line.split_whitespace().next()
}

/// Runs a module of flows between two nodes with an accord, and one that knows nobody.
fn between(module: &str) {
    let Some(mut command) = browsing(&["-m", "pages.run", module]) else {
        return;
    };
    let [mut alpha, mut bravo, mut charlie] =
        ["alpha", "bravo", "charlie"].map(|name| Party::new(name, Store::Embedded));
    let server = format!("\"{}\"", LocalNameServer::of_texts(RECORDS).unwrap());
    for (key, value) in [
        ("smtp_listen", "\"127.0.0.1:0\""),
        ("disk_reserve_megabytes", "0"),
        ("error_delay_milliseconds", "0"),
        ("name_server", &server),
    ] {
        alpha.set("mail", key, value);
    }
    let terms = format!("{OPEN}second_person_from = \"TLP:AMBER+STRICT\"\n");
    befriend(&mut alpha, &mut bravo, &terms);
    charlie.serve();
    for party in [&alpha, &bravo, &charlie] {
        let said = party.serving().said();
        let given = json!({
            "name": party.name,
            "url": format!("http://{}", party.address()),
            "data": party.data().to_str().unwrap(),
            "welcome": told(&said, "open ").unwrap(),
        });
        let name = format!("COMITY_{}", party.name.to_uppercase());
        command.env(name, given.to_string());
    }
    let said = alpha.serving().said();
    command.env(
        "COMITY_SMTP",
        told(&said, "taking mail by smtp on ").unwrap(),
    );
    command.env("COMITY_PROGRAM", env!("CARGO_BIN_EXE_comity"));
    passed(command);
}

#[test]
fn every_flow_has_a_name_and_meets_every_view() {
    if let Some(command) = browsing(&["-m", "pages.names"]) {
        passed(command);
    }
}

#[test]
fn people_go_their_ways_at_their_own_node() {
    between("own");
}

#[test]
fn people_of_two_nodes_work_together() {
    between("shared");
}

#[test]
fn what_others_send_runs_nowhere_and_is_read_as_text() {
    between("hostile");
}

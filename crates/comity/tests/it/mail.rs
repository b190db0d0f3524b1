//! Mail of a node: what comes by SMTP and LMTP, from clients of ours and from programs that we did not write, and what leaves.
//!
//! In scope: the running program with its settings, what it keeps and shows, what survives it. Out of scope: every reply and every
//! limit one by one (the tests of `comity-transport`).

mod asked;
mod client;
mod crash;
mod foreign;
#[path = "../../../comity-mail/tests/it/generator.rs"]
mod generator;
mod given;
mod gpg;
mod keys;
mod sending;
mod shown;
mod sink;
mod slow;
mod taking;

use std::net::SocketAddr;
use std::path::PathBuf;

use serde_json::Value;

use crate::node::{Store, TestNode};

/// A node that takes mail for postmaster and abuse, on ports that it is given.
pub(crate) fn node_with_mail(store: Store, more: &[(&str, &str, &str)]) -> TestNode {
    let mut settings = vec![
        ("mail", "smtp_listen", "\"127.0.0.1:0\""),
        ("mail", "lmtp_listen", "\"127.0.0.1:0\""),
        ("mail", "disk_reserve_megabytes", "0"),
        ("mail", "error_delay_milliseconds", "0"),
    ];
    settings.extend(more);
    TestNode::start_with(store, &settings)
}

/// Where a node said that it takes mail.
pub(crate) fn takes_mail(node: &TestNode, by: &str) -> SocketAddr {
    let said = node.said();
    let begins = format!("taking mail by {by} on ");
    let place = said.lines().find_map(|line| line.strip_prefix(&begins));
    let place = place.unwrap_or_else(|| panic!("no {by} in {said}"));
    place.parse().unwrap()
}

/// The mails of a node, the newest first.
pub(crate) fn mails(node: &TestNode) -> Vec<Value> {
    let listed = node
        .cli(&["mail", "list", "--limit", "1000", "--json"])
        .expect(0);
    listed.json().as_array().unwrap().clone()
}

/// The raw bytes of a mail.
pub(crate) fn raw(node: &TestNode, id: &str) -> Vec<u8> {
    let out: PathBuf = node.file(&format!("{id}.eml"));
    node.cli(&["mail", "raw", id, "--out", out.to_str().unwrap()])
        .expect(0);
    let bytes = std::fs::read(&out).unwrap();
    std::fs::remove_file(&out).unwrap();
    bytes
}

/// The files in a node's folder of mail that are not whole.
pub(crate) fn half_there(node: &TestNode) -> usize {
    std::fs::read_dir(node.data().join("mail/incoming"))
        .unwrap()
        .count()
}

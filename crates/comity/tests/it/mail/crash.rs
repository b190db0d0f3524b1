//! What was acknowledged survives a kill, whatever the node was doing; nothing is half there.
//!
//! In scope: kill -9 at each step of receiving, many times over one folder, on both stores. Out of scope: power cuts.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::time::Duration;

use super::client::Client;
use super::{half_there, mails, node_with_mail, raw, takes_mail};
use crate::exchange::party::until;
use crate::node::{Store, TestNode, postgres_url};

/// Kills in one run, at moments further and further into a mail's keeping.
const ROUNDS: u32 = 12;
/// Clients that send at the same time.
const CLIENTS: u32 = 3;

fn mail(number: u32) -> String {
    // Some of a few bytes, some of more than stays in memory.
    let lines = if number.is_multiple_of(3) { 3_000 } else { 3 };
    // Those of small numbers have sizes of their own.
    let mark = "x".repeat(number as usize % 100);
    let body = format!("{number} and more of it\r\n").repeat(lines);
    format!("Subject: {number} {mark}\r\n\r\n{body}")
}

/// Sends mails until the connection breaks; tells the number of each, and where the node said that it is kept.
fn send_until_broken(address: SocketAddr, first: u32, kept: &mpsc::Sender<(u32, String)>) {
    let Ok(stream) = std::net::TcpStream::connect(address) else {
        return;
    };
    let mut client = Client::over(stream);
    if client.reply().is_none() || client.try_ask("EHLO mx.bravo.example").is_none() {
        return;
    }
    for number in first..first + 60 {
        for line in [
            "MAIL FROM:<duty@bravo.example>",
            "RCPT TO:<postmaster@in.alpha.example>",
        ] {
            let Some(said) = client.try_ask(line) else {
                return;
            };
            assert!(said.starts_with("250"), "{said}");
        }
        let Some(said) = client.try_ask("DATA") else {
            return;
        };
        assert!(said.starts_with("354"), "{said}");
        let Some(said) = client.try_ask(&format!("{}.", mail(number))) else {
            return;
        };
        if kept.send((number, Client::kept(&said))).is_err() {
            return;
        }
    }
}

fn kills(store: Store) {
    let mut node = node_with_mail(
        store,
        &[
            ("mail", "mailbox_mails_per_minute", "100000"),
            ("mail", "network_mails_per_minute", "100000"),
            ("mail", "connection_mails_max", "1000"),
        ],
    );
    let mut acknowledged: BTreeMap<String, u32> = BTreeMap::new();
    for round in 0..ROUNDS {
        let address = takes_mail(&node, "smtp");
        let (send, receive) = mpsc::channel();
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let first = (round * CLIENTS + client) * 1_000;
                let send = send.clone();
                std::thread::spawn(move || send_until_broken(address, first, &send))
            })
            .collect();
        drop(send);
        // A few are acknowledged, then the kill comes at another moment each time.
        let mut kept: Vec<(u32, String)> = receive.iter().take(4).collect();
        assert_eq!(kept.len(), 4, "the node refused before it was killed");
        let _ = moment(u64::from(round) * 700);
        node.kill();
        kept.extend(receive.iter());
        for client in clients {
            client.join().unwrap();
        }
        acknowledged.extend(kept.into_iter().map(|(number, id)| (id, number)));
        node.serve();
        check(&node, &acknowledged);
    }
    node.cli(&["doctor"]).expect(0);
}

/// Everything that was acknowledged is there and whole, and nothing is half there.
fn check(node: &TestNode, acknowledged: &BTreeMap<String, u32>) {
    assert_eq!(half_there(node), 0);
    let mut listed: BTreeMap<String, u64> = BTreeMap::new();
    for mail in mails(node) {
        let id = mail["id"].as_str().unwrap().to_owned();
        listed.insert(id, mail["size"].as_u64().unwrap());
    }
    for (id, number) in acknowledged {
        let size = listed
            .get(id)
            .unwrap_or_else(|| panic!("acknowledged, and lost: {number}"));
        assert_eq!(*size, mail(*number).len() as u64);
    }
    // The newest of them byte for byte.
    if let Some((id, number)) = acknowledged.iter().max_by_key(|(_, number)| **number) {
        assert_eq!(raw(node, id), mail(*number).as_bytes());
    }
    // Whatever else there is came whole, too: at most one of each client at each kill.
    let unknown: Vec<&u64> = listed
        .iter()
        .filter(|(id, _)| !acknowledged.contains_key(*id))
        .map(|(_, size)| size)
        .collect();
    assert!(
        unknown.len() <= (CLIENTS * ROUNDS) as usize,
        "{}",
        unknown.len()
    );
}

#[test]
fn every_acknowledged_mail_survives_kill_9_and_none_is_half_there() {
    kills(Store::Embedded);
    if postgres_url().is_some() {
        println!("on PostgreSQL:");
        kills(Store::Postgres);
    } else {
        println!("skipped: on PostgreSQL, because COMITY_TEST_POSTGRES is not set");
    }
}

#[test]
fn a_kill_at_each_step_before_the_answer_leaves_nothing_or_all() {
    let mut node = node_with_mail(Store::Embedded, &[]);
    // After the greeting, EHLO, MAIL, RCPT, DATA, half the mail in memory, half of it on the disk.
    for step in 0..7 {
        let mut client = Client::greeted(takes_mail(&node, "smtp"));
        let lines = [
            ("EHLO mx.bravo.example", "250-"),
            ("MAIL FROM:<>", "250"),
            ("RCPT TO:<abuse@in.alpha.example>", "250"),
            ("DATA", "354"),
        ];
        for (line, code) in lines.iter().take(step) {
            client.ask(line, code);
        }
        if step >= 5 {
            assert!(client.send("half of it\r\n".repeat(5).as_bytes()));
        }
        if step >= 6 {
            assert!(client.send("half of it\r\n".repeat(20_000).as_bytes()));
            until("a file of half a mail", || {
                (half_there(&node) > 0).then_some(())
            });
        }
        node.kill();
        node.serve();
        assert_eq!(half_there(&node), 0, "step {step}");
        assert!(mails(&node).is_empty(), "step {step}");
    }
    // After the last byte, before the answer: all or nothing, and never a file that the list does not name.
    for round in 0..10_u32 {
        let mut client = Client::greeted(takes_mail(&node, "smtp"));
        client.ask("EHLO mx.bravo.example", "250-");
        client.begin();
        let text = mail(round + 1);
        assert!(client.send(format!("{text}.\r\n").as_bytes()));
        let _ = moment(u64::from(round) * 400);
        node.kill();
        let said = client.reply();
        node.serve();
        assert_eq!(half_there(&node), 0);
        wait_for_files(&node);
        let of_it: Vec<_> = mails(&node)
            .into_iter()
            .filter(|listed| listed["size"].as_u64() == Some(text.len() as u64))
            .collect();
        match said {
            Some(said) => assert_eq!(of_it[0]["id"], Client::kept(&said).as_str()),
            None => assert!(of_it.len() <= 1),
        }
        for listed in of_it {
            assert_eq!(raw(&node, listed["id"].as_str().unwrap()), text.as_bytes());
        }
    }
}

/// Waits until every file of mail stands in the list, as received or as found.
fn wait_for_files(node: &TestNode) {
    until("the list names every file", || {
        let mut files = 0;
        for fan in std::fs::read_dir(node.data().join("mail")).unwrap() {
            let fan = fan.unwrap();
            if fan.file_name().len() == 2 {
                files += std::fs::read_dir(fan.path()).unwrap().count();
            }
        }
        (files == mails(node).len()).then_some(())
    });
}

/// So many microseconds: a kill at another moment each time. Nobody speaks here, and the wait ends.
fn moment(microseconds: u64) -> Result<(), mpsc::RecvTimeoutError> {
    let (_speaker, silent) = mpsc::channel();
    silent.recv_timeout(Duration::from_micros(microseconds))
}

//! Two nodes in two network namespaces, with a line between them that is slow, loses packets, and is cut for a minute.
//!
//! In scope: that everything arrives, in order, once. Out of scope: links cut for hours, which the simulator has.
//! Needs root, iproute2 and a TUN device; says so where they are missing.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::exchange::party::{OPEN, Party, befriend, labelled, text, until_within};
use crate::node::Store;
use crate::sample::{indicator, indicator_id};

/// One way, seconds.
const DELAY: &str = "0.2";
/// Of a hundred packets.
const LOSS: &str = "5";
/// How long the line is cut.
const CUT: Duration = Duration::from_mins(1);
/// A line like this needs patience.
const PATIENCE: Duration = Duration::from_mins(4);

/// Two namespaces and the line between them; gone when dropped.
struct Line {
    names: [String; 2],
    relay: Child,
    cut: PathBuf,
}

fn ip(arguments: &str) -> bool {
    let ran = Command::new("ip")
        .args(arguments.split(' '))
        .stderr(Stdio::null())
        .status();
    ran.is_ok_and(|status| status.success())
}

impl Line {
    fn make(folder: &Path, addresses: [&str; 2]) -> Option<Self> {
        let number = std::process::id();
        let names = [format!("comity{number}a"), format!("comity{number}b")];
        if !Path::new("/dev/net/tun").exists() || !ip(&format!("netns add {}", names[0])) {
            return None;
        }
        ip(&format!("netns add {}", names[1]));
        let cut = folder.join("cut");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/lossy_link.py");
        let devices = [format!("ct{number}a"), format!("ct{number}b")];
        let mut relay = Command::new("python3")
            .args([script, &devices[0], &devices[1], DELAY, LOSS])
            .arg(&cut)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(relay.stdout.as_mut().unwrap())
            .read_line(&mut said)
            .unwrap();
        assert_eq!(said.trim(), "ready", "the line does not stand");
        for side in 0..2 {
            let (name, device) = (&names[side], &devices[side]);
            assert!(ip(&format!("link set {device} netns {name}")));
            let (own, other) = (addresses[side], addresses[1 - side]);
            assert!(ip(&format!(
                "-n {name} addr add {own} peer {other} dev {device}"
            )));
            assert!(ip(&format!("-n {name} link set {device} up")));
            assert!(ip(&format!("-n {name} link set lo up")));
        }
        Some(Self { names, relay, cut })
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        drop(self.relay.stdin.take());
        let _ = self.relay.wait();
        for name in &self.names {
            ip(&format!("netns delete {name}"));
        }
    }
}

fn share(from: &Party, numbers: std::ops::Range<u32>, collection: &str) {
    let objects: Vec<Value> = numbers
        .map(|number| labelled(indicator(number), "GREEN"))
        .collect();
    from.import(collection, &objects);
}

#[test]
fn a_slow_line_that_loses_packets_and_is_cut_for_a_minute_delivers_everything_once() {
    let addresses = ["192.0.2.1", "192.0.2.2"];
    let mut parties = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    let Some(line) = Line::make(parties[0].data().parent().unwrap(), addresses) else {
        println!("skipped: no network namespaces or no TUN device here");
        return;
    };
    put_on(&line, &mut parties, addresses);
    let [alpha, bravo] = &mut parties;
    befriend(alpha, bravo, OPEN);
    let collection = alpha.create_collection("Line", &[]);
    alpha
        .cli(&["share", "--collection", &collection, "--to", "bravo"])
        .expect(0);
    for turn in 0..10 {
        share(alpha, turn * 20..turn * 20 + 20, &collection);
    }
    let arrived = |count: usize| {
        until_within(PATIENCE, "everything at bravo", || {
            (bravo.from("alpha").len() == count).then_some(())
        });
    };
    arrived(200);

    std::fs::write(&line.cut, "").unwrap();
    let cut = std::time::Instant::now();
    for turn in 10..20 {
        share(alpha, turn * 20..turn * 20 + 20, &collection);
    }
    until_within(CUT * 2, "the end of the cut", || {
        (cut.elapsed() > CUT).then_some(())
    });
    assert_eq!(
        bravo.from("alpha").len(),
        200,
        "nothing passes a line that is cut"
    );
    let waiting = alpha.party_row("bravo")["waiting"].as_u64().unwrap();
    assert!(waiting > 0, "what waits is seen to wait");
    std::fs::remove_file(&line.cut).unwrap();
    arrived(400);

    all_and_once(alpha, bravo);
}

/// Serves each party in its namespace.
fn put_on(line: &Line, parties: &mut [Party; 2], addresses: [&str; 2]) {
    for (side, party) in parties.iter_mut().enumerate() {
        party.set(
            "serve",
            "listen",
            &format!("\"{}:{}\"", addresses[side], party.port),
        );
        let tls = |name: &str| {
            let path = format!("{}/tests/tls/{name}", env!("CARGO_MANIFEST_DIR"));
            format!("{path:?}")
        };
        party.set("serve", "tls_certificates", &tls("line-server.pem"));
        party.set("serve", "tls_key", &tls("line-server.key"));
        let url = format!("\"https://{}:{}\"", addresses[side], party.port);
        party.set("link", "url", &url);
        party.set("link", "ca_file", &tls("line-authority.pem"));
        party.under = ["ip", "netns", "exec", &line.names[side]]
            .map(str::to_owned)
            .to_vec();
    }
}

fn all_and_once(alpha: &Party, bravo: &Party) {
    until_within(PATIENCE, "every receipt", || {
        let waiting = alpha.party_row("bravo")["waiting"].as_u64();
        (waiting == Some(0)).then_some(())
    });
    let held = bravo.from("alpha");
    for number in 0..400 {
        assert!(
            held.contains_key(&indicator_id(number)),
            "indicator {number}"
        );
    }
    let shares: Vec<Value> = bravo
        .inbox()
        .into_iter()
        .filter(|row| text(row, "kind") == "share")
        .collect();
    let mut places: Vec<u64> = shares
        .iter()
        .map(|row| row["seq"].as_u64().unwrap())
        .collect();
    // Batches may be taken in another order than they came; that each is applied in its turn is the applying's own test.
    places.sort_unstable();
    assert!(
        places.windows(2).all(|two| two[0] < two[1]),
        "none twice: {places:?}"
    );
    let new: u64 = shares
        .iter()
        .map(|row| {
            let outcome = text(row, "outcome");
            outcome.split(' ').next().unwrap().parse::<u64>().unwrap()
        })
        .sum();
    assert_eq!(new, 400, "none applied twice");
    println!(
        "400 objects in {} envelopes over {DELAY} s one way, {LOSS} % lost, a minute cut: all there, once",
        shares.len()
    );
}

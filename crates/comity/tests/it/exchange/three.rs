//! Three parties: what each learns of the others, what they find out together, and what one keeps for another.
//!
//! In scope: accords of three, cosignatures, split views, deposits. Out of scope: two parties (`failures`, `release`).

use std::convert::Infallible;
use std::path::Path;
use std::time::Duration;

use comity_ledger::checkpoint::{Checkpoint, Origin, SignedCheckpoint};
use comity_ledger::tile::{Tile, Tiles, grow};
use comity_ledger::tree::{Hash, leaf_hash};
use comity_link::batch::{self, Hello};
use comity_link::message::{Head, Message};
use comity_node::link::keys::NodeKeys;
use serde_json::Value;

use crate::exchange::failures::{now_micros, post_batch};
use crate::exchange::party::{
    OPEN, Party, accord_text, enrol, labelled, text, until, until_within,
};
use crate::node::{Said, Store, comity};
use crate::sample::{indicator, indicator_id};

/// A deposit is made after a minute at least.
const PATIENCE: Duration = Duration::from_mins(4);

/// Three parties that serve and have enrolled each other.
fn three() -> [Party; 3] {
    let mut parties = ["alpha", "bravo", "charlie"].map(|name| Party::new(name, Store::Embedded));
    for party in &mut parties {
        party.serve();
    }
    let [alpha, bravo, charlie] = &parties;
    enrol(alpha, bravo);
    enrol(alpha, charlie);
    enrol(bravo, charlie);
    parties
}

/// An accord of all three, in which alpha may send to both, with these lines about the ledger.
fn agree(parties: &[Party; 3], ledger: &str) {
    let [alpha, bravo, charlie] = parties;
    let draft = accord_text(alpha, bravo, OPEN, OPEN);
    let (head, rest) = draft
        .split_once("# What each party's ledger must show.")
        .unwrap();
    let (_, rest) = rest.split_once("# By which ways").unwrap();
    let (rest, _) = rest.split_once("[[calendar]]").unwrap();
    let root = text(&alpha.party_row("charlie"), "root");
    let more = format!(
        "[[party]]\nname = \"charlie\"\nroot = \"{root}\"\n\n[ledger]\n{ledger}\n# By which ways"
    );
    let also = format!("[[release]]\nfrom = \"alpha\"\nto = \"charlie\"\n{OPEN}\n");
    let (ways, recall) = rest.split_once("# Something was released").unwrap();
    let whole = format!("{head}{more}{ways}{also}# Something was released{recall}");
    let file = alpha.file("three.toml");
    std::fs::write(&file, whole).unwrap();
    alpha
        .cli(&["accord", "propose", file.to_str().unwrap()])
        .expect(0);
    for party in [bravo, charlie] {
        stands(party, "proposed");
        party.cli(&["accord", "sign", "alpha-bravo"]).expect(0);
    }
    for party in parties {
        stands(party, "in force");
    }
}

fn stands(party: &Party, word: &str) {
    until(&format!("the accord {word} at {}", party.name), || {
        let rows = party.rows(&["accord", "list"]);
        let row = rows.iter().find(|row| row["name"] == "alpha-bravo")?;
        (row["standing"] == *word).then_some(())
    });
}

fn share(from: &Party, number: u32, to: &str) {
    let line = from.share(&indicator_id(number), to);
    assert_eq!(line["verdict"], "released", "{line}");
}

fn hold(party: &Party, numbers: std::ops::Range<u32>) {
    let house = party.create_collection("House", &[]);
    let objects: Vec<Value> = numbers
        .map(|number| labelled(indicator(number), "GREEN"))
        .collect();
    party.import(&house, &objects);
}

/// The newest share to a party.
fn sent(party: &Party, to: &str) -> Value {
    let rows = party.outbox();
    let mut found = rows
        .into_iter()
        .filter(|row| row["kind"] == "share" && row["party"] == *to);
    found.next().unwrap()
}

fn verify(path: &Path) -> Said {
    let mut command = comity(&["ledger", "verify", path.to_str().unwrap(), "--json"]);
    command.env_clear();
    Said::run(command, "")
}

#[test]
fn a_receipt_counts_once_as_many_others_have_cosigned_as_the_accord_asks() {
    let mut parties = three();
    agree(&parties, "heartbeat_minutes = 1\nwitnesses_min = 2\n");
    let [alpha, bravo, charlie] = &mut parties;
    let standing = |party: &Party, of: &str| party.party_row(of)["link_standing"].clone();
    until("the terms at alpha", || {
        let standing = standing(alpha, "bravo");
        (standing["heartbeat_seconds"] == 60 && standing["cosignatures"][0]["needed"] == 2)
            .then_some(())
    });
    hold(alpha, 0..1);
    charlie.kill();
    share(alpha, 0, "bravo");
    bravo.until_from("alpha", &[&indicator_id(0)]);
    let row = until("bravo's receipt and cosignature", || {
        let row = sent(alpha, "bravo");
        (row["state"] == "receipted" && row["cosigned_by"][0] == "bravo").then_some(row)
    });
    assert_eq!(row["settled"], false, "{row}");
    assert_eq!(row["cosignatures_missing"], 1, "{row}");
    assert_eq!(standing(alpha, "bravo")["unsettled"], 1);
    let listed = alpha.cli(&["outbox", "list"]).expect(0).out;
    assert!(listed.contains("1 cosignature is missing"), "{listed}");
    let id = text(&row, "envelope");
    let prove = |party: &Party, name: &str| {
        let file = party.file(name);
        let out = ["ledger", "prove", &id, "--out", file.to_str().unwrap()];
        party.cli(&out).expect(0);
        verify(&file).expect(0).json()
    };
    assert_eq!(prove(alpha, "before.json")["counts"], false);
    let before = alpha.cli(&["ledger", "verify", "--json"]).expect(0).json();
    assert!(before["unsettled"].as_u64() > Some(0), "{before}");

    charlie.serve();
    let row = until("charlie's cosignature", || {
        let row = sent(alpha, "bravo");
        (row["settled"] == true).then_some(row)
    });
    assert_eq!(row["cosigned_by"], serde_json::json!(["bravo", "charlie"]));
    assert_eq!(standing(alpha, "bravo")["unsettled"], 0);
    assert_eq!(prove(alpha, "after.json")["counts"], true);
    let after = alpha.cli(&["ledger", "verify", "--json"]).expect(0).json();
    assert!(
        after["settled"].as_u64() > before["settled"].as_u64(),
        "{after}"
    );
    // The same from the files alone.
    let folder = alpha.file("evidence");
    let to = folder.to_str().unwrap();
    alpha.cli(&["ledger", "export", to]).expect(0);
    let found = verify(&folder).expect(0).json();
    assert!(
        found["settled"].as_u64() >= after["settled"].as_u64(),
        "{found}"
    );
}

/// A batch of alpha's for charlie with another history than its own: one more entry that its log does not have.
fn other_history(alpha: &Party) -> Vec<u8> {
    let folder = alpha.file("log");
    let to = folder.to_str().unwrap();
    alpha.cli(&["ledger", "export", to]).expect(0);
    let note = std::fs::read(folder.join("log/checkpoint")).unwrap();
    let size = SignedCheckpoint::parse(&note).unwrap().checkpoint().size;
    let tile = std::fs::read(folder.join(format!("log/tile/0/000.p/{size}"))).unwrap();
    let (hashes, _) = tile.as_chunks::<32>();
    let mut leaves: Vec<Hash> = hashes.iter().copied().map(Hash::new).collect();
    leaves.push(leaf_hash(b"what alpha never told bravo"));
    let growth = grow(0, &leaves, |_| Ok::<_, Infallible>(Vec::new())).unwrap();
    let read = |tile: &Tile| {
        let mut tiles = growth.tiles.iter();
        let found = tiles.find(|one| one.tile.level() == tile.level());
        Ok::<_, Infallible>(found.unwrap().bytes.clone())
    };
    let consistency = Tiles::new(size + 1, read).consistency_proof(size).unwrap();
    let keys = NodeKeys::read(alpha.data(), "alpha.example").unwrap();
    let origin = "alpha.example/log";
    let checkpoint = Checkpoint::new(
        Origin::parse(origin).unwrap(),
        growth.head.size,
        growth.head.root,
    );
    let signed = checkpoint.sign(&[&keys.log(origin).unwrap()], 0).unwrap();
    let head = Head {
        checkpoint: signed.to_string().into_bytes(),
        old: size,
        consistency: consistency.iter().map(|hash| *hash.as_bytes()).collect(),
        leaves: leaves
            .last()
            .map(|hash| *hash.as_bytes())
            .into_iter()
            .collect(),
        mirrored: size,
    };
    let hello = Hello {
        from: origin.to_owned(),
        to: "charlie.example/log".to_owned(),
        time: now_micros().try_into().unwrap(),
        answers: None,
    };
    batch::write(&hello, &[Message::Head(head)], keys.envelope())
}

#[test]
fn two_partners_that_were_shown_different_logs_find_it_when_they_compare() {
    let mut parties = three();
    agree(&parties, "heartbeat_minutes = 1\n");
    let [alpha, bravo, charlie] = &mut parties;
    hold(alpha, 0..2);
    share(alpha, 0, "bravo");
    share(alpha, 0, "charlie");
    bravo.until_from("alpha", &[&indicator_id(0)]);
    charlie.until_from("alpha", &[&indicator_id(0)]);
    alpha.until_receipted();
    until("the newest head cosigned by both", || {
        let found = alpha.cli(&["ledger", "verify", "--json"]).expect(0).json();
        (found["logs"][0]["cosigned"].as_array()?.len() == 2).then_some(())
    });
    // Two histories from here on: one for charlie alone, one for bravo alone.
    alpha.terminate();
    bravo.terminate();
    post_batch(charlie, other_history(alpha)).expect(200);
    charlie.terminate();
    bravo.serve();
    alpha.serve();
    share(alpha, 1, "bravo");
    bravo.until_from("alpha", &[&indicator_id(0), &indicator_id(1)]);
    alpha.terminate();
    charlie.serve();
    for party in [&*bravo, &*charlie] {
        until(&format!("the split view at {}", party.name), || {
            let row = party.party_row("alpha");
            row["forked"].is_string().then_some(())
        });
        let folder = party.file("evidence");
        let to = folder.to_str().unwrap();
        party.cli(&["ledger", "export", to]).expect(0);
        let peer = folder.join("peers/alpha/e0");
        for name in ["checkpoint", "contradiction", "equivocation"] {
            assert!(peer.join(name).exists(), "{name} at {}", party.name);
        }
        let found = verify(&folder).json();
        assert_eq!(found["forks"][0], "peers/alpha/e0", "{found}");
        assert_eq!(found["problems"], serde_json::json!([]), "{found}");
    }
}

#[test]
fn what_a_silent_party_did_not_take_is_deposited_and_reaches_it_from_the_keeper() {
    let mut parties = three();
    let [alpha, bravo, charlie] = &mut parties;
    let draft = accord_text(alpha, bravo, OPEN, OPEN);
    let kept = "witnesses_min = 1\ndeposit = \"charlie\"\ndeposit_after_minutes = 1\n";
    let file = alpha.file("accord.toml");
    std::fs::write(&file, draft.replace("witnesses_min = 1\n", kept)).unwrap();
    alpha
        .cli(&["accord", "propose", file.to_str().unwrap()])
        .expect(0);
    stands(bravo, "proposed");
    bravo.cli(&["accord", "sign", "alpha-bravo"]).expect(0);
    stands(alpha, "in force");
    hold(alpha, 0..1);
    alpha.until_receipted();
    bravo.kill();
    share(alpha, 0, "bravo");
    let deposited = until_within(PATIENCE, "the deposit at charlie", || {
        let rows = alpha.outbox();
        let deposit = rows.iter().find(|row| row["kind"] == "deposit")?;
        (deposit["state"] == "receipted").then(|| sent(alpha, "bravo"))
    });
    assert!(
        text(&deposited, "reason").starts_with("deposited with charlie"),
        "{deposited}"
    );
    assert_ne!(deposited["state"], "receipted");
    // The sender is gone: only the keeper can hand it over, and cannot read it.
    alpha.kill();
    assert!(charlie.from("alpha").is_empty());
    bravo.serve();
    bravo.until_from("alpha", &[&indicator_id(0)]);
    alpha.serve();
    alpha.until_receipted();
    assert_eq!(sent(alpha, "bravo")["state"], "receipted");
    alpha.cli(&["ledger", "verify"]).expect(0);
}

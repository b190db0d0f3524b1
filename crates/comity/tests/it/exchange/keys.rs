//! The life of keys: rotated, revoked, kept elsewhere; and partners that follow.
//!
//! In scope: that the exchange goes on and evidence stays good, whatever a partner missed. Out of scope: the rules of
//! succession and revocation themselves (`comity-accord`).
//! Limits: every wait ends ([`crate::exchange::party::WAIT_MAX`]).

use std::path::{Path, PathBuf};

use comity_link::batch::{self, Hello};
use comity_node::link::keys::NodeKeys;
use comity_stix::timestamp::Timestamp;
use serde_json::Value;

use crate::exchange::party::{OPEN, Party, agree, befriend, enrol, labelled, text, until};
use crate::http::Request;
use crate::node::{Said, Store, comity};
use crate::sample::{indicator, indicator_id};

fn green(number: u32) -> Value {
    labelled(indicator(number), "GREEN")
}

/// Two parties, each with objects to share.
fn pair() -> [Party; 2] {
    let mut pair = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    let [alpha, bravo] = &mut pair;
    befriend(alpha, bravo, OPEN);
    stock(alpha, bravo);
    pair
}

fn stock(alpha: &Party, bravo: &Party) {
    let house = alpha.create_collection("House", &[]);
    alpha.import(&house, &(0..9).map(green).collect::<Vec<_>>());
    let theirs = bravo.create_collection("Theirs", &[]);
    bravo.import(&theirs, &(10..19).map(green).collect::<Vec<_>>());
}

/// Shares the next object each way, and waits until everything up to it is there and receipted.
fn goes_on(alpha: &Party, bravo: &Party, count: u32) {
    let shared = alpha.share(&indicator_id(count - 1), "bravo");
    assert_eq!(shared["verdict"], "released");
    bravo.share(&indicator_id(9 + count), "alpha");
    arrived(alpha, bravo, count);
}

fn arrived(alpha: &Party, bravo: &Party, count: u32) {
    let ids = |first: u32| (first..first + count).map(indicator_id).collect::<Vec<_>>();
    let (ours, theirs) = (ids(0), ids(10));
    bravo.until_from(
        "alpha",
        &ours.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    alpha.until_from(
        "bravo",
        &theirs.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    alpha.until_receipted();
    bravo.until_receipted();
}

fn serial(party: &Party, other: &str) -> u64 {
    party.party_row(other)["serial"].as_u64().unwrap()
}

fn until_serial(party: &Party, other: &str, wanted: u64) {
    until(
        &format!("card {wanted} of {other} at {}", party.name),
        || (serial(party, other) == wanted).then_some(()),
    );
}

/// The newest own serial.
fn own_serial(party: &Party) -> u64 {
    let said = party.cli(&["key", "list", "--json"]).expect(0).json();
    said["serial"].as_u64().unwrap()
}

fn key_of(party: &Party, which: &str) -> String {
    let said = party.cli(&["key", "list", "--json"]).expect(0).json();
    let keys = said["keys"].as_array().unwrap();
    text(keys.iter().find(|row| row["use"] == *which).unwrap(), "key")
}

#[test]
fn rotated_keys_are_followed_and_evidence_stays_good() {
    let [mut alpha, mut bravo] = pair();
    goes_on(&alpha, &bravo, 1);
    let before = ["log", "witness", "envelope", "sealing"].map(|which| key_of(&alpha, which));
    alpha
        .cli(&["key", "rotate", "log", "witness", "envelope", "sealing"])
        .expect(0);
    let after = ["log", "witness", "envelope", "sealing"].map(|which| key_of(&alpha, which));
    assert!(before.iter().zip(&after).all(|(one, other)| one != other));
    goes_on(&alpha, &bravo, 2);
    assert_eq!(serial(&bravo, "alpha"), own_serial(&alpha));
    // Both log keys sign for a while.
    let listed = alpha.cli(&["key", "list"]).expect(0).out;
    assert!(
        listed.contains(&before[0]) && !listed.contains(&before[2]),
        "{listed}"
    );
    // Rotated with the node stopped, and both started again.
    alpha.terminate();
    alpha.cli(&["key", "rotate", "envelope"]).expect(0);
    alpha.serve();
    bravo.terminate();
    bravo.serve();
    goes_on(&alpha, &bravo, 3);
    for party in [&alpha, &bravo] {
        until(&format!("{} verifies", party.name), || {
            let said = party.cli(&["ledger", "verify"]);
            (said.code == Some(0)).then_some(())
        });
    }
    let cards = alpha
        .inbox()
        .iter()
        .chain(&bravo.inbox())
        .filter(|row| row["kind"] == "card")
        .count();
    assert_eq!(cards, 2, "each change stands in the ledgers");
}

#[test]
fn a_partner_that_missed_cards_and_roots_catches_up() {
    let [alpha, mut bravo] = pair();
    goes_on(&alpha, &bravo, 1);
    bravo.kill();
    for uses in [
        &["root"][..],
        &["envelope", "log"],
        &["root"],
        &["envelope"],
    ] {
        let mut arguments = vec!["key", "rotate"];
        arguments.extend(uses);
        alpha.cli(&arguments).expect(0);
    }
    alpha.share(&indicator_id(1), "bravo");
    bravo.serve();
    bravo.share(&indicator_id(11), "alpha");
    arrived(&alpha, &bravo, 2);
    assert_eq!(serial(&bravo, "alpha"), own_serial(&alpha));
    let root = alpha.cli(&["party", "invite", "--json"]).expect(0).json();
    assert_eq!(bravo.party_row("alpha")["root"], root["root"]);
}

#[test]
fn a_card_taken_from_a_file_may_leave_serials_out() {
    let [mut alpha, bravo] = pair();
    alpha.terminate();
    alpha.cli(&["key", "rotate", "envelope"]).expect(0);
    alpha.cli(&["key", "rotate", "root"]).expect(0);
    let card = alpha.cli(&["party", "invite"]).expect(0).out;
    bravo
        .cli_with_input(&["party", "accept", "-"], &card)
        .expect(0);
    assert_eq!(serial(&bravo, "alpha"), own_serial(&alpha));
    alpha.serve();
    goes_on(&alpha, &bravo, 1);
}

#[test]
fn a_changed_address_that_a_partner_missed_is_told_again() {
    let [mut alpha, mut bravo] = pair();
    goes_on(&alpha, &bravo, 1);
    bravo.kill();
    alpha.terminate();
    let port = Party::new("elsewhere", Store::Embedded).port;
    alpha.set("serve", "listen", &format!("\"127.0.0.1:{port}\""));
    alpha.set("link", "url", &format!("\"http://127.0.0.1:{port}\""));
    alpha.serve();
    // The card is made, and goes nowhere.
    alpha.terminate();
    alpha.serve();
    bravo.serve();
    until_serial(&bravo, "alpha", own_serial(&alpha));
    goes_on(&alpha, &bravo, 2);
}

#[test]
fn a_suspension_by_the_other_side_is_seen_and_what_waits_goes_when_it_ends() {
    let [alpha, bravo] = pair();
    goes_on(&alpha, &bravo, 1);
    bravo.cli(&["party", "suspend", "alpha"]).expect(0);
    alpha.share(&indicator_id(1), "bravo");
    until("the suspension is seen", || {
        (alpha.state_of("bravo") == "suspended by them").then_some(())
    });
    let listed = alpha.cli(&["party", "list"]).expect(0).out;
    assert!(
        listed.contains("bravo has suspended the exchange"),
        "{listed}"
    );
    assert_eq!(alpha.party_row("bravo")["waiting"], 1);
    assert_eq!(bravo.from("alpha").len(), 1);
    bravo.cli(&["party", "resume", "alpha"]).expect(0);
    until("the exchange is resumed", || {
        (alpha.state_of("bravo") == "verified").then_some(())
    });
    bravo.share(&indicator_id(11), "alpha");
    arrived(&alpha, &bravo, 2);
    let twice = bravo
        .inbox()
        .iter()
        .filter(|row| row["kind"] == "share")
        .count();
    assert_eq!(twice, 2, "each once");
}

#[allow(
    clippy::disallowed_methods,
    reason = "a batch that is made by hand says when"
)]
fn now_micros() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    u64::try_from(since.unwrap().as_micros()).unwrap()
}

#[test]
fn a_revoked_key_is_believed_no_more_and_what_was_cosigned_before_stays_good() {
    let [alpha, mut bravo] = pair();
    let from = i64::try_from(now_micros()).unwrap() / 1_000_000 * 1_000_000;
    let from = Timestamp::from_micros(from).unwrap().to_string();
    goes_on(&alpha, &bravo, 1);
    let stolen = NodeKeys::read(alpha.data(), "alpha.example").unwrap();
    let key = key_of(&alpha, "envelope");
    // One that waits, signed with the key.
    bravo.kill();
    alpha.share(&indicator_id(1), "bravo");
    alpha
        .cli(&[
            "key",
            "revoke",
            "envelope",
            "--reason",
            "compromised",
            "--from",
            &from,
        ])
        .expect(0);
    bravo.serve();
    bravo.share(&indicator_id(11), "alpha");
    arrived(&alpha, &bravo, 2);
    assert_eq!(serial(&bravo, "alpha"), own_serial(&alpha));
    let listed = bravo.cli(&["party", "list"]).expect(0).out;
    assert!(
        listed.contains(&key) && listed.contains("compromised"),
        "{listed}"
    );
    let hello = Hello {
        from: "alpha.example/log".to_owned(),
        to: "bravo.example/log".to_owned(),
        time: now_micros(),
        answers: None,
    };
    let forged = batch::write(&hello, &[], stolen.envelope());
    let request = Request::post("/link/v1/batches", forged)
        .header("Content-Type", "application/vnd.comity.batch");
    assert_eq!(request.send(bravo.address()).status, 403);
    for party in [&alpha, &bravo] {
        let found = until(&format!("{} verifies", party.name), || {
            let said = party.cli(&["ledger", "verify", "--json"]);
            (said.code == Some(0)).then(|| said.json())
        });
        assert_eq!(found["revoked"].as_array().unwrap().len(), 1, "{found}");
        let export = party.file("export");
        party
            .cli(&["ledger", "export", export.to_str().unwrap()])
            .expect(0);
        let alone = comity(&["ledger", "verify", export.to_str().unwrap(), "--json"]);
        let alone = Said::run(alone, "").expect(0).json();
        assert_eq!(alone["revoked"], found["revoked"]);
        assert_eq!(alone["suspect"], found["suspect"]);
        // The one that waited was cosigned by nobody, and made anew.
        let waited = usize::from(party.name == "alpha");
        assert_eq!(
            found["suspect"].as_array().unwrap().len(),
            waited,
            "{found}"
        );
        let disputed = found["disputed"].as_array().unwrap().len();
        assert!(
            disputed > 0,
            "cosigned after the time that is claimed: {found}"
        );
    }
    // Had bravo known before it cosigned, anybody might have made it.
    let export = bravo.file("export");
    let known = export.join("revocations/alpha/0001.known");
    std::fs::write(known, "2020-01-01T00:00:00Z\n").unwrap();
    let told = comity(&["ledger", "verify", export.to_str().unwrap()]);
    let told = Said::run(told, "").expect(0).out;
    assert!(told.contains("suspect    envelope "), "{told}");
}

#[test]
fn a_party_that_its_own_root_revokes_gets_and_gives_nothing_more() {
    let [alpha, bravo] = pair();
    goes_on(&alpha, &bravo, 1);
    let said = alpha
        .cli(&["key", "revoke", "party", "--reason", "ceased"])
        .expect(0);
    bravo
        .cli_with_input(&["party", "accept", "-"], &said.out)
        .expect(0);
    assert_eq!(bravo.state_of("alpha"), "revoked");
}

/// A root key on a machine of its own: a folder that no node sees.
struct Vault(tempfile::TempDir);

impl Vault {
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(arguments: &[&str]) -> Said {
        Said::run(comity(arguments), "").expect(0)
    }

    fn make(&self, name: &str, after: Option<&str>) {
        let folder = self.path(name);
        let mut arguments = vec!["key", "make-root", folder.to_str().unwrap()];
        arguments.extend(["--domain", "alpha.example"]);
        let after = after.map(|before| self.path(before));
        if let Some(before) = &after {
            arguments.extend(["--after", before.to_str().unwrap()]);
        }
        Self::run(&arguments);
    }

    fn sign(&self, file: &Path, roots: &[&str]) -> PathBuf {
        let signed = file.with_extension("signed");
        let mut arguments = vec!["key", "sign", file.to_str().unwrap()];
        arguments.extend([
            "--domain",
            "alpha.example",
            "--out",
            signed.to_str().unwrap(),
        ]);
        let roots: Vec<PathBuf> = roots.iter().map(|root| self.path(root)).collect();
        for root in &roots {
            arguments.extend(["--root", root.to_str().unwrap()]);
        }
        Self::run(&arguments);
        signed
    }
}

/// Lets the root key sign what the node asks for by these words, and takes it in.
fn ceremony(alpha: &Party, vault: &Vault, (name, words): (&str, &[&str]), roots: &[&str]) {
    let file = vault.path(name);
    let mut arguments = words.to_vec();
    arguments.extend(["--out", file.to_str().unwrap()]);
    alpha.cli(&arguments).expect(0);
    let signed = vault.sign(&file, roots);
    alpha
        .cli(&["key", "import", signed.to_str().unwrap()])
        .expect(0);
}

#[test]
fn a_root_key_on_a_machine_of_its_own_signs_everything_by_files() {
    let vault = Vault(tempfile::tempdir().unwrap());
    vault.make("root", None);
    let public = vault.path("root/root.public");
    let more = ["--root-public", public.to_str().unwrap()];
    let mut alpha = Party::with("alpha", Store::Embedded, &more);
    let mut bravo = Party::new("bravo", Store::Embedded);
    ceremony(
        &alpha,
        &vault,
        ("first", &["key", "export-card"]),
        &["root/root.key"],
    );
    alpha.serve();
    bravo.serve();
    enrol(&alpha, &bravo);
    agree(&alpha, &bravo, OPEN, OPEN);
    stock(&alpha, &bravo);
    goes_on(&alpha, &bravo, 1);
    for item in std::fs::read_dir(alpha.data().join("keys")).unwrap() {
        let name = item.unwrap().file_name();
        let name = name.to_str().unwrap();
        assert!(!name.contains("root") || name == "root.public", "{name}");
    }
    // Nothing changes before the signature is here.
    let key = key_of(&alpha, "envelope");
    let words = ["key", "rotate", "envelope", "sealing"];
    ceremony(&alpha, &vault, ("rotation", &words), &["root/root.key"]);
    assert_ne!(key_of(&alpha, "envelope"), key);
    goes_on(&alpha, &bravo, 2);
    // The root itself.
    vault.make("second", Some("root"));
    let public = vault.path("second/root.public");
    let words = [
        "key",
        "rotate",
        "root",
        "--root-public",
        public.to_str().unwrap(),
    ];
    let both = ["second/root.key", "root/root.key"];
    ceremony(&alpha, &vault, ("succession", &words), &both);
    goes_on(&alpha, &bravo, 3);
    let root = alpha.cli(&["party", "invite", "--json"]).expect(0).json();
    until("bravo follows the root", || {
        (bravo.party_row("alpha")["root"] == root["root"]).then_some(())
    });
    // A revocation.
    let words = ["key", "revoke", &key, "--reason", "lost"];
    ceremony(&alpha, &vault, ("revocation", &words), &["second/root.key"]);
    until("bravo knows of the revocation", || {
        let listed = bravo.cli(&["party", "list"]).expect(0).out;
        listed.contains(&key).then_some(())
    });
    goes_on(&alpha, &bravo, 4);
}

#[test]
fn a_root_key_can_be_moved_off_the_node() {
    let [mut alpha, bravo] = pair();
    let vault = Vault(tempfile::tempdir().unwrap());
    let folder = vault.path("root");
    alpha
        .cli(&["key", "export-root", folder.to_str().unwrap()])
        .expect(0);
    assert!(!alpha.data().join("keys/root.key").exists());
    let words = ["key", "rotate", "envelope"];
    ceremony(&alpha, &vault, ("card", &words), &["root/root.key"]);
    goes_on(&alpha, &bravo, 1);
    // What was not signed is refused, and the node goes on.
    let unsigned = vault.path("unsigned");
    alpha
        .cli(&["key", "rotate", "log", "--out", unsigned.to_str().unwrap()])
        .expect(0);
    alpha
        .cli(&["key", "import", unsigned.to_str().unwrap()])
        .expect(1);
    alpha.terminate();
    alpha.serve();
    goes_on(&alpha, &bravo, 2);
}

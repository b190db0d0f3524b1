//! What goes wrong between nodes: crashes, restored and copied folders, full disks, wrong clocks, forked logs, silence.
//!
//! Each row of the ledger's failure table that real processes can show has a test here; the others are simulated
//! (`comity-sim`).
//!
//! In scope: that nothing acknowledged is lost or doubled, and that what went wrong is told. Out of scope: what may be
//! released (`release`).
//! Limits: every wait ends ([`crate::exchange::party::WAIT_MAX`]).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use comity_ledger::checkpoint::{Checkpoint, Origin};
use comity_ledger::tree::Hash;
use comity_link::batch::{self, Hello};
use comity_link::message::{Head, Message};
use comity_node::link::keys::NodeKeys;
use serde_json::Value;

use crate::exchange::party::{
    OPEN, Party, befriend, introduce, labelled, on_both_stores, text, until, until_within,
};
use crate::http::{Answer, Request};
use crate::node::{Store, objects};
use crate::sample::{envelope, indicator, indicator_id};

/// The media type of a batch.
const BATCH: &str = "application/vnd.comity.batch";
/// How long a call that says nothing is held.
const HELD: Duration = Duration::from_secs(25);
/// The sizes of the test of crashes.
const ROUNDS: u32 = 20;
const OBJECTS_PER_ROUND: u32 = 10;

fn pair() -> [Party; 2] {
    let mut pair = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    let [alpha, bravo] = &mut pair;
    befriend(alpha, bravo, OPEN);
    pair
}

fn green(number: u32) -> Value {
    labelled(indicator(number), "GREEN")
}

/// Numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn pause(milliseconds: u64) {
    let began = Instant::now();
    let over = Duration::from_millis(milliseconds);
    until("a moment", || (began.elapsed() >= over).then_some(()));
}

fn envelopes(rows: &[Value]) -> Vec<String> {
    let shares = rows.iter().filter(|row| row["kind"] == "share");
    shares.map(|row| text(row, "envelope")).collect()
}

#[test]
fn kill_9_of_either_node_loses_and_doubles_nothing() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        befriend(alpha, bravo, OPEN);
        let house = alpha.create_collection("House", &[]);
        let token = alpha.account_of("ann", None, "analyst");
        alpha.grant(&house, "ann", &["--read", "--write"]);
        alpha
            .cli(&["share", "--collection", &house, "--to", "bravo"])
            .expect(0);
        let mut dice = Dice(20_261_124);
        for round in 0..ROUNDS {
            let first = round * OBJECTS_PER_ROUND;
            let (address, path, token) = (alpha.address(), objects(&house), token.clone());
            let writer = std::thread::spawn(move || {
                let numbers = first..first + OBJECTS_PER_ROUND;
                let acknowledged = numbers.filter(|number| {
                    let request = Request::post(&path, envelope(&[green(*number)]));
                    let answer = request.bearer(&token).try_send(address);
                    answer.is_ok_and(|answer| answer.status == 202)
                });
                acknowledged.count()
            });
            pause(dice.below(120));
            let victim = if dice.below(2) == 0 {
                &mut *alpha
            } else {
                &mut *bravo
            };
            victim.kill();
            writer.join().unwrap();
            victim.serve();
            // What was not acknowledged is posted again; what was is known.
            let again: Vec<Value> = (first..first + OBJECTS_PER_ROUND).map(green).collect();
            alpha.import(&house, &again);
        }
        let ids: Vec<String> = (0..ROUNDS * OBJECTS_PER_ROUND).map(indicator_id).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        bravo.until_from("alpha", &ids);
        let sent = envelopes(&alpha.until_receipted());
        let got = envelopes(&bravo.inbox());
        let once: BTreeSet<&String> = got.iter().collect();
        assert_eq!(once.len(), got.len(), "an envelope stands twice");
        assert_eq!(once, sent.iter().collect(), "sent is not what came");
        for id in &ids {
            let rows = alpha.rows(&["release", "list", "--object", id]);
            assert_eq!(rows.len(), 1, "{id} was decided {} times", rows.len());
        }
        for party in [alpha, bravo] {
            party.terminate();
            party.cli(&["doctor"]).expect(0);
        }
    });
}

/// Copies a node's folder, but for these files.
fn copy(from: &Path, to: &Path, without: &[&str]) {
    std::fs::create_dir_all(to).unwrap();
    for item in std::fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        let name = item.file_name();
        let kind = item.file_type().unwrap();
        if without.iter().any(|known| name == **known) || !(kind.is_dir() || kind.is_file()) {
            continue;
        }
        if kind.is_dir() {
            copy(&item.path(), &to.join(&name), &[]);
        } else {
            std::fs::copy(item.path(), to.join(&name)).unwrap();
        }
    }
}

/// Empties a node's folder, but for these files.
fn clear(folder: &Path, without: &[&str]) {
    for item in std::fs::read_dir(folder).unwrap() {
        let item = item.unwrap();
        if without.iter().any(|known| item.file_name() == **known) {
            continue;
        }
        if item.file_type().unwrap().is_dir() {
            std::fs::remove_dir_all(item.path()).unwrap();
        } else {
            std::fs::remove_file(item.path()).unwrap();
        }
    }
}

/// What happens to a node's folder.
#[derive(Clone, Copy, PartialEq)]
enum Trouble {
    /// It is set back to an older copy; what was signed last is still there.
    SetBackWithGuard,
    /// It is set back to an older copy that does not hold what was signed last.
    SetBackWithoutGuard,
    /// It is copied as it is, and the copy goes on.
    Copied,
}

/// Shares, makes trouble, and asserts that a new epoch is announced and everything goes on, both ways.
fn goes_on_in_a_new_epoch(trouble: Trouble) {
    let [mut alpha, mut bravo] = pair();
    let house = alpha.create_collection("House", &[]);
    let theirs = bravo.create_collection("Theirs", &[]);
    alpha.import(&house, &(0..6).map(green).collect::<Vec<_>>());
    bravo.import(&theirs, &(10..13).map(green).collect::<Vec<_>>());
    alpha.share(&indicator_id(0), "bravo");
    bravo.share(&indicator_id(10), "alpha");
    bravo.until_from("alpha", &[&indicator_id(0)]);
    alpha.until_from("bravo", &[&indicator_id(10)]);
    alpha.until_receipted();
    // One that waits when the copy is made.
    bravo.kill();
    alpha.share(&indicator_id(1), "bravo");
    alpha.terminate();
    let backup = alpha.file("backup");
    copy(alpha.data(), &backup, &["last-signed"]);
    // Meanwhile it goes on, and signs.
    alpha.serve();
    bravo.serve();
    alpha.share(&indicator_id(2), "bravo");
    let meanwhile = [indicator_id(0), indicator_id(1), indicator_id(2)];
    bravo.until_from("alpha", &meanwhile.each_ref().map(String::as_str));
    alpha.until_receipted();
    let witness = witness_of(&alpha);
    alpha.terminate();
    match trouble {
        Trouble::SetBackWithGuard => {
            clear(alpha.data(), &["last-signed"]);
            copy(&backup, alpha.data(), &[]);
        }
        Trouble::SetBackWithoutGuard => {
            clear(alpha.data(), &[]);
            copy(&backup, alpha.data(), &[]);
        }
        Trouble::Copied => {
            let clone: PathBuf = alpha.file("clone");
            copy(alpha.data(), &clone, &[]);
            alpha.move_to(clone);
        }
    }
    alpha.serve();
    let said = alpha.serving().said();
    assert!(said.contains(" begins, because"), "{said}");
    let held = meanwhile.iter().cloned().chain([indicator_id(3)]);
    let held: Vec<String> = held.collect();
    let held: Vec<&str> = held.iter().map(String::as_str).collect();
    assert_eq!(
        alpha.share(&indicator_id(3), "bravo")["verdict"],
        "released"
    );
    bravo.until_from("alpha", &held);
    bravo.share(&indicator_id(11), "alpha");
    alpha.until_from("bravo", &[&indicator_id(10), &indicator_id(11)]);
    alpha.until_receipted();
    bravo.until_receipted();
    let newest = alpha.outbox();
    let share = newest.iter().find(|row| row["kind"] == "share").unwrap();
    assert!(share["epoch"].as_u64().unwrap() >= 1, "{share}");
    assert_eq!(bravo.state_of("alpha"), "verified");
    // It does not know what it cosigned with the key that it had.
    assert_ne!(witness_of(&alpha), witness);
    until("a cosignature by the new witness key", || {
        let said = bravo.cli(&["ledger", "verify"]).expect(0).out;
        said.contains("cosigned by alpha.example/witness")
            .then_some(())
    });
}

fn witness_of(party: &Party) -> Value {
    party.cli(&["ledger", "key", "--json"]).expect(0).json()["witness"].clone()
}

#[test]
fn a_node_that_was_set_back_goes_on_in_a_new_epoch() {
    goes_on_in_a_new_epoch(Trouble::SetBackWithGuard);
}

#[test]
fn a_node_that_was_set_back_with_no_word_of_what_it_signed_goes_on_in_a_new_epoch() {
    goes_on_in_a_new_epoch(Trouble::SetBackWithoutGuard);
}

#[test]
fn a_copied_node_goes_on_in_a_new_epoch() {
    goes_on_in_a_new_epoch(Trouble::Copied);
}

/// A small disk, gone with the test.
struct Disk(tempfile::TempDir);

impl Disk {
    /// None where this process may not mount.
    fn small() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"]);
        let done = mount.arg(folder.path()).output();
        done.is_ok_and(|done| done.status.success())
            .then_some(Self(folder))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).output();
    }
}

#[test]
fn a_full_disk_loses_nothing_acknowledged_and_room_mends_it() {
    let Some(disk) = Disk::small() else {
        println!("skipped: a full disk, because this user may not mount one");
        return;
    };
    let data = disk.0.path().join("node");
    let folder = tempfile::tempdir().unwrap();
    let mut alpha = Party::in_folder("alpha", Store::Embedded, folder, data);
    let mut bravo = Party::new("bravo", Store::Embedded);
    befriend(&mut alpha, &mut bravo, OPEN);
    let house = alpha.create_collection("House", &[]);
    let token = alpha.account_of("ann", None, "analyst");
    alpha.grant(&house, "ann", &["--read", "--write"]);
    alpha
        .cli(&["share", "--collection", &house, "--to", "bravo"])
        .expect(0);
    let offer = |alpha: &Party, number: u32| -> Result<Answer, String> {
        let mut object = green(number);
        object["description"] = Value::from("x".repeat(200_000));
        let request = Request::post(&objects(&house), envelope(&[object]));
        request.bearer(&token).try_send(alpha.address())
    };
    let mut acknowledged = Vec::new();
    let mut refused = None;
    for number in 0..400 {
        match offer(&alpha, number) {
            Ok(answer) if answer.status == 202 => {
                assert_eq!(answer.json()["failure_count"], 0, "{}", answer.text());
                acknowledged.push(indicator_id(number));
            }
            other => {
                refused = Some(other);
                break;
            }
        }
    }
    let refused = refused.expect("the disk never filled").expect("no answer");
    assert!(
        matches!(refused.status, 500 | 503 | 507),
        "{} {}",
        refused.status,
        refused.text()
    );
    let said = until("a word on the full disk", || {
        let said = alpha.serving().said();
        said.contains("No space left").then_some(said)
    });
    assert!(!said.contains("panicked"), "{said}");
    // Room is made; the node may have to be started again.
    let more = ["-o", "remount,size=256m"];
    let mount = Command::new("mount").args(more).arg(disk.0.path()).status();
    assert!(mount.unwrap().success());
    let next = 1_000;
    let goes_on = until_within(Duration::from_secs(20), "the node goes on", || {
        offer(&alpha, next)
            .ok()
            .filter(|answer| answer.status == 202)
    });
    assert_eq!(goes_on.json()["failure_count"], 0);
    acknowledged.push(indicator_id(next));
    let held = alpha.export(&house);
    for id in &acknowledged {
        assert!(held.contains_key(id), "acknowledged, and lost: {id}");
    }
    until("everything at bravo", || {
        let came = bravo.from("alpha");
        acknowledged
            .iter()
            .all(|id| came.contains_key(id))
            .then_some(())
    });
    alpha.until_receipted();
}

/// The library by which a program is told another time.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

#[test]
fn a_clock_that_steps_stops_nothing() {
    if !Path::new(FAKETIME).exists() {
        println!("skipped: a clock that steps, because libfaketime is not installed");
        return;
    }
    let [mut alpha, bravo] = pair();
    let house = alpha.create_collection("House", &[]);
    let theirs = bravo.create_collection("Theirs", &[]);
    alpha.import(&house, &(0..4).map(green).collect::<Vec<_>>());
    bravo.import(&theirs, &(10..14).map(green).collect::<Vec<_>>());
    let (mut ours, mut others) = (Vec::new(), Vec::new());
    // Back by two hours as well, but not to before the cards were issued.
    for (number, step) in (0..).zip(["+0", "+2h", "+4m", "+0"]) {
        alpha.terminate();
        alpha.environment = vec![
            ("LD_PRELOAD".to_owned(), FAKETIME.to_owned()),
            ("FAKETIME".to_owned(), step.to_owned()),
        ];
        alpha.serve();
        ours.push(indicator_id(number));
        others.push(indicator_id(10 + number));
        assert_eq!(
            alpha.share(&indicator_id(number), "bravo")["verdict"],
            "released"
        );
        bravo.share(&indicator_id(10 + number), "alpha");
        println!("alpha's clock is {step}");
        bravo.until_from(
            "alpha",
            &ours.iter().map(String::as_str).collect::<Vec<_>>(),
        );
        alpha.until_from(
            "bravo",
            &others.iter().map(String::as_str).collect::<Vec<_>>(),
        );
        alpha.until_receipted();
        bravo.until_receipted();
    }
}

/// A batch of alpha's with another history of its log than the one that bravo knows, signed with alpha's own keys.
fn other_history(alpha: &Party, size: u64) -> Vec<u8> {
    let keys = NodeKeys::read(alpha.data(), "alpha.example").unwrap();
    let origin = "alpha.example/log";
    let checkpoint = Checkpoint::new(Origin::parse(origin).unwrap(), size, Hash::new([7; 32]));
    let signed = checkpoint.sign(&[&keys.log(origin).unwrap()], 0).unwrap();
    let head = Head {
        checkpoint: signed.note().to_string().into_bytes(),
        ..Head::default()
    };
    let hello = Hello {
        from: origin.to_owned(),
        to: "bravo.example/log".to_owned(),
        time: u64::try_from(now_micros()).unwrap(),
        answers: None,
    };
    batch::write(&hello, &[Message::Head(head)], keys.envelope())
}

#[allow(
    clippy::disallowed_methods,
    reason = "a batch that is made by hand says when"
)]
pub(super) fn now_micros() -> u128 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap().as_micros()
}

pub(super) fn post_batch(to: &Party, batch: Vec<u8>) -> Answer {
    let request = Request::post("/link/v1/batches", batch).header("Content-Type", BATCH);
    request.send(to.address())
}

#[test]
fn a_forked_log_freezes_the_exchange_and_people_see_it() {
    for of_the_same_size in [true, false] {
        let [alpha, bravo] = pair();
        let house = alpha.create_collection("House", &[]);
        alpha.import(&house, &[green(1), green(2)]);
        alpha.share(&indicator_id(1), "bravo");
        bravo.until_from("alpha", &[&indicator_id(1)]);
        alpha.until_receipted();
        bravo.until_receipted();
        // Each envelope that was made and each that was receipted has a leaf.
        let entries = alpha.outbox().len() + alpha.inbox().len();
        let size = if of_the_same_size { entries as u64 } else { 1 };
        let answer = post_batch(&bravo, other_history(&alpha, size));
        // What contradicts itself is answered with a refusal and nothing else.
        assert_eq!(answer.status, 403, "{}", answer.text());
        // From now on nothing of alpha's is taken.
        let frozen = post_batch(&bravo, other_history(&alpha, size));
        assert_eq!(frozen.status, 403);
        assert!(frozen.text().contains("log-forked"), "{}", frozen.text());
        alpha.share(&indicator_id(2), "bravo");
        let theirs = bravo.create_collection("Theirs", &[]);
        bravo.import(&theirs, &[green(10)]);
        bravo.share(&indicator_id(10), "alpha");
        pause(3_000);
        assert_eq!(bravo.from("alpha").len(), 1, "something came");
        assert!(alpha.from("bravo").is_empty(), "something went");
        let waiting = alpha.party_row("bravo")["waiting"].clone();
        assert_eq!(waiting, 1, "it does not wait visibly");
        let row = bravo.party_row("alpha");
        assert!(row.to_string().contains("forked"), "{row}");
        let listed = bravo.cli(&["party", "list"]).expect(0).out;
        assert!(listed.contains("fork"), "{listed}");
        if of_the_same_size {
            goes_on_after_two_persons_decided(&alpha, &bravo);
        }
    }
}

fn goes_on_after_two_persons_decided(alpha: &Party, bravo: &Party) {
    let decide = |persons: &[&str]| {
        let mut arguments = vec![
            "party",
            "unfreeze",
            "alpha",
            "--reason",
            "its key was copied",
        ];
        arguments.extend(persons.iter().flat_map(|person| ["--by", person]));
        bravo.cli(&arguments)
    };
    let refused = decide(&["ann", "bob"]).expect(1);
    assert!(refused.err.contains("new epoch"), "{}", refused.err);
    alpha
        .cli(&["key", "rotate", "log", "--new-epoch"])
        .expect(0);
    let card = alpha.cli(&["party", "invite"]).expect(0).out;
    bravo
        .cli_with_input(&["party", "accept", "-"], &card)
        .expect(0);
    for too_few in [&["ann"][..], &["ann", "ann"]] {
        decide(too_few).expect(1);
    }
    assert!(alpha.from("bravo").is_empty(), "it went on by itself");
    decide(&["ann", "bob"]).expect(0);
    bravo.until_from("alpha", &[&indicator_id(1), &indicator_id(2)]);
    alpha.until_from("bravo", &[&indicator_id(10)]);
    let evidence = bravo.cli(&["ledger", "evidence"]).expect(0).out;
    assert!(evidence.contains("alpha.example/log"), "{evidence}");
    let told = |row: &Value| row["kind"] == "status";
    assert!(alpha.inbox().iter().any(told), "the decision is on record");
    until("bravo's ledger verifies", || {
        let said = bravo.cli(&["ledger", "verify"]);
        (said.code == Some(0) && said.out.contains("fork")).then_some(())
    });
}

#[test]
fn a_silent_partner_is_seen_to_be_silent_and_gets_everything_later() {
    let [alpha, mut bravo] = pair();
    let house = alpha.create_collection("House", &[]);
    alpha.import(&house, &[green(1), green(2)]);
    bravo.kill();
    alpha.share(&indicator_id(1), "bravo");
    let row = until("a second attempt", || {
        let rows = alpha.outbox();
        let row = rows.into_iter().find(|row| row["kind"] == "share")?;
        (row["attempts"].as_u64()? >= 2).then_some(row)
    });
    assert_ne!(row["state"], "receipted");
    let party = alpha.party_row("bravo");
    assert_eq!(party["waiting"], 1);
    assert_eq!(party["oldest_waiting"], row["created"]);
    let listed = alpha.cli(&["party", "list"]).expect(0).out;
    assert!(listed.contains("1 envelope waits since"), "{listed}");
    bravo.serve();
    bravo.until_from("alpha", &[&indicator_id(1)]);
    alpha.until_receipted();
    assert_eq!(alpha.party_row("bravo")["waiting"], 0);
}

#[test]
fn a_node_that_cannot_be_called_asks_and_gets_everything() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        bravo.set("link", "url", "\"\"");
        let began = Instant::now();
        befriend(alpha, bravo, OPEN);
        assert_eq!(alpha.party_row("bravo")["link"], Value::Null);
        let house = alpha.create_collection("House", &[]);
        let theirs = bravo.create_collection("Theirs", &[]);
        alpha.import(&house, &(0..5).map(green).collect::<Vec<_>>());
        bravo.import(&theirs, &[green(10)]);
        let ids: Vec<String> = (0..5).map(indicator_id).collect();
        for id in &ids {
            alpha.share(id, "bravo");
        }
        bravo.share(&indicator_id(10), "alpha");
        bravo.until_from("alpha", &ids.iter().map(String::as_str).collect::<Vec<_>>());
        alpha.until_from("bravo", &[&indicator_id(10)]);
        alpha.until_receipted();
        bravo.until_receipted();
        alpha.cli(&["recall", &ids[0]]).expect(0);
        bravo.until_from(
            "alpha",
            &ids[1..].iter().map(String::as_str).collect::<Vec<_>>(),
        );
        let took = began.elapsed();
        assert!(took < HELD, "something waited behind a held call: {took:?}");
    });
}

#[test]
fn a_stranger_learns_the_same_whatever_it_sends() {
    let [alpha, bravo] = pair();
    let mut charlie = Party::new("charlie", Store::Embedded);
    let delta = Party::new("delta", Store::Embedded);
    charlie.serve();
    introduce(&alpha, &delta);
    let of = |party: &Party, from: &str, to: &str| {
        let domain = format!("{}.example", party.name);
        let keys = NodeKeys::read(party.data(), &domain).unwrap();
        let hello = Hello {
            from: from.to_owned(),
            to: to.to_owned(),
            time: u64::try_from(now_micros()).unwrap(),
            answers: None,
        };
        batch::write(&hello, &[], keys.envelope())
    };
    let (own, here) = ("charlie.example/log", "alpha.example/log");
    let mut cut = of(&charlie, own, here);
    cut.truncate(cut.len() / 2);
    let batches = [
        ("an unknown party", of(&charlie, own, here)),
        ("for somebody else", of(&charlie, own, "bravo.example/log")),
        ("for nobody", of(&charlie, own, "zulu.example/log")),
        (
            "as a verified party",
            of(&charlie, "bravo.example/log", here),
        ),
        (
            "as a pending party",
            of(&charlie, "delta.example/log", here),
        ),
        ("as the node itself", of(&charlie, here, here)),
        (
            "a partner's, for somebody else",
            of(&bravo, "bravo.example/log", own),
        ),
        ("cut off", cut),
        ("no batch", b"comity-batch/v1\n".to_vec()),
        ("nothing", Vec::new()),
    ];
    let mut told = BTreeSet::new();
    for (what, bytes) in batches {
        let answer = post_batch(&alpha, bytes);
        assert_eq!(answer.status, 403, "{what}: {}", answer.text());
        told.insert((answer.text(), answer.fingerprint()));
    }
    assert_eq!(told.len(), 1, "{told:?}");
}

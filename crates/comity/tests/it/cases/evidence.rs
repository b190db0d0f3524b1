//! Evidence from the file to the other side's signature, over lines that break and through kills; samples that never lie about.
//!
//! In scope: custody on both sides, the bytes, what is refused. Out of scope: every row of the table (`comity-case`).

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::proxy::Line;
use super::requests::{act, form, open, until_both};
use crate::exchange::party::{OPEN, Party, befriend, on_both_stores, text, until};
use crate::node::{Said, Store, variable};

const MEBIBYTE: usize = 1024 * 1024;

/// Bytes that no two chunks have in common.
fn content(mebibytes: usize, rest: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(mebibytes * MEBIBYTE + rest);
    let mut number = 0_u64;
    while bytes.len() < mebibytes * MEBIBYTE + rest {
        number = number
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        bytes.extend(number.to_be_bytes());
    }
    bytes.truncate(mebibytes * MEBIBYTE + rest);
    bytes
}

fn file(party: &Party, name: &str, bytes: &[u8]) -> String {
    let path = party.file(name);
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Takes a file in.
fn add(party: &Party, file: &str, more: &[&str]) -> String {
    add_labelled(party, (file, "amber"), more)
}

fn add_labelled(party: &Party, (file, label): (&str, &str), more: &[&str]) -> String {
    let mut arguments = vec![
        "evidence",
        "add",
        file,
        "--source",
        "mail server of the ministry",
        "--acquired",
        "2026-10-01",
        "--how",
        "imaged with a write blocker",
        "--tool",
        "imager 4",
        "--legal-basis",
        "order 7",
        "--tlp",
        label,
    ];
    arguments.extend(more);
    party.cli(&arguments).expect(0).out.trim().to_owned()
}

fn shown(party: &Party, id: &str) -> Value {
    party
        .cli(&["evidence", "show", id, "--json"])
        .expect(0)
        .json()
}

fn transfer(from: &Party, id: &str, to: &Party) {
    from.cli(&["evidence", "transfer", id, "--to", &to.name])
        .expect(0);
}

/// Waits until an item is here whole.
fn arrived(party: &Party, id: &str) {
    until(&format!("{id} whole at {}", party.name), || {
        let said = party.cli(&["evidence", "show", id, "--json"]);
        (said.code == Some(0) && said.json()["crossing"]["state"] == "whole").then_some(())
    });
}

/// What both say of an item, once both say the same.
fn both(parties: [&Party; 2], id: &str, custody: &str) -> Vec<Value> {
    until(&format!("{custody} on both sides"), || {
        let [one, two] = parties.map(|party| shown(party, id));
        let shared = |item: &Value| -> Vec<Value> {
            let events = item["events"].as_array().unwrap().iter();
            events
                .filter(|event| event["where"] == "both")
                .cloned()
                .collect()
        };
        let same =
            one["custody"] == custody && two["custody"] == custody && shared(&one) == shared(&two);
        let received = shared(&one)
            .iter()
            .all(|event| event["received"].is_string());
        (same && received).then(|| shared(&one))
    })
}

fn words(events: &[Value]) -> Vec<String> {
    events.iter().map(|event| text(event, "event")).collect()
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

fn holds(folder: &Path, needle: &[u8]) -> Vec<PathBuf> {
    let found = files(folder).into_iter().filter(|path| {
        let bytes = std::fs::read(path).unwrap_or_default();
        bytes.windows(needle.len()).any(|window| window == needle)
    });
    found.collect()
}

#[test]
fn an_item_goes_over_and_back_and_custody_is_complete_only_with_both_signatures() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        befriend(alpha, bravo, OPEN);
        let bytes = content(2, 77);
        let id = add(alpha, &file(alpha, "disk.img", &bytes), &[]);
        alpha
            .cli(&["evidence", "open", &id, "--purpose", "triage"])
            .expect(0);
        alpha.cli(&["evidence", "verify", &id]).expect(0);
        let item = shown(alpha, &id);
        assert_eq!(item["custody"], "in this house");
        assert_eq!(
            words(item["events"].as_array().unwrap()),
            ["acquired", "opened", "verified"]
        );
        assert_eq!(
            bravo.rows(&["evidence", "list"]),
            Vec::<Value>::new(),
            "nothing of it is known there"
        );

        transfer(alpha, &id, bravo);
        arrived(bravo, &id);
        let offered = both([alpha, bravo], &id, "with alpha, offered to bravo");
        // The offer binds what was done before it.
        let house = shown(alpha, &id)["events"].as_array().unwrap().clone();
        let house = house
            .iter()
            .rfind(|event| event["where"] == "house")
            .unwrap();
        assert_eq!(offered[1]["content"]["before"], house["hash"]);
        let early = bravo.cli(&["evidence", "open", &id, "--purpose", "search"]);
        assert_eq!(early.code, Some(1), "it is not theirs yet: {early:?}");
        bravo.cli(&["evidence", "accept", &id]).expect(0);
        let events = both([alpha, bravo], &id, "with bravo");
        assert_eq!(
            words(&events),
            ["acquired", "transfer-offer", "transfer-accept"]
        );
        let late = alpha.cli(&["evidence", "seal", &id, "--seal", "A-1"]);
        assert_eq!(late.code, Some(1), "it is not ours any more: {late:?}");
        there_and_back([alpha, bravo], &id, &bytes);
    });
}

/// What bravo does with it, and that it comes back.
fn there_and_back([alpha, bravo]: [&Party; 2], id: &str, bytes: &[u8]) {
    bravo
        .cli(&["evidence", "open", id, "--purpose", "search"])
        .expect(0);
    let out = bravo.file("copy.img");
    bravo
        .cli(&["evidence", "get", id, "--out", out.to_str().unwrap()])
        .expect(0);
    assert_eq!(std::fs::read(&out).unwrap(), bytes);
    let again = bravo.cli(&["evidence", "get", id, "--out", out.to_str().unwrap()]);
    assert_eq!(again.code, Some(3), "nothing is overwritten");
    bravo
        .cli(&["evidence", "hold", id, "--reason", "trial"])
        .expect(0);
    let held = bravo.cli(&["evidence", "destroy", id, "--witness", "head of desk"]);
    assert_eq!(held.code, Some(1));
    bravo.cli(&["evidence", "release", id]).expect(0);

    bravo.cli(&["evidence", "return", id]).expect(0);
    arrived(alpha, id);
    alpha.cli(&["evidence", "accept", id]).expect(0);
    let events = both([alpha, bravo], id, "with alpha");
    let last = [
        "transfer-accept",
        "opened",
        "copied",
        "hold",
        "release",
        "returned",
        "transfer-accept",
    ];
    assert_eq!(words(&events)[2..], last);
    for party in [alpha, bravo] {
        assert_eq!(shown(party, id)["gaps"], serde_json::json!([]));
        party.cli(&["evidence", "gaps"]).expect(0);
    }
    alpha
        .cli(&["evidence", "destroy", id, "--witness", "head of desk"])
        .expect(0);
    both([alpha, bravo], id, "destroyed");
    let gone = alpha.cli(&[
        "evidence",
        "get",
        id,
        "--out",
        alpha.file("x").to_str().unwrap(),
    ]);
    assert_eq!(gone.code, Some(1), "{gone:?}");
    assert!(holds(alpha.data(), &bytes[..64]).is_empty());
}

#[test]
fn a_sample_lies_encrypted_on_both_sides_and_leaves_only_wrapped() {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    befriend(&mut alpha, &mut bravo, OPEN);
    // The test file that every scanner knows (EICAR), between other bytes.
    let eicar = br"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";
    let bytes = [&content(1, 13)[..], eicar, &content(0, 99)].concat();
    let id = add(&alpha, &file(&alpha, "loader.exe", &bytes), &["--sample"]);
    transfer(&alpha, &id, &bravo);
    arrived(&bravo, &id);
    bravo.cli(&["evidence", "accept", &id]).expect(0);
    both([&alpha, &bravo], &id, "with bravo");
    let report = ["evidence", "report", &id, "--text", "it encrypts files"];
    bravo.cli(&report).expect(0);
    until("the report at alpha", || {
        let reports = shown(&alpha, &id)["reports"].clone();
        (reports[0]["text"] == "it encrypts files").then_some(())
    });
    let item = &shown(&bravo, &id)["item"];
    assert_eq!(text(item, "sha1").len() + text(item, "md5").len(), 72);
    for party in [&alpha, &bravo] {
        let out = party.file("sample.zip");
        party
            .cli(&["evidence", "get", &id, "--out", out.to_str().unwrap()])
            .expect(0);
        assert_eq!(unwrapped(&out, item), bytes);
        let mut lies = holds(party.data(), eicar);
        lies.extend(holds(party.data(), &bytes[..64]));
        assert_eq!(lies, Vec::<PathBuf>::new(), "as itself at {}", party.name);
        assert!(
            !party.serving().said().contains("key ="),
            "no key in the log"
        );
        let json = party
            .cli(&["evidence", "show", &id, "--json"])
            .expect(0)
            .out;
        assert!(!json.contains("\"key\""), "{json}");
    }
}

/// The one member of an archive, as Python's own reader finds it.
fn unwrapped(archive: &Path, item: &Value) -> Vec<u8> {
    let script = "import sys, zipfile\nzip = zipfile.ZipFile(sys.argv[1])\nname, = zip.namelist()\nassert name == sys.argv[2], name\n\
                  try:\n    zip.read(name)\n    sys.exit('it opens without the password')\nexcept RuntimeError:\n    pass\n\
                  open(sys.argv[3], 'wb').write(zip.read(name, pwd=b'infected'))\n";
    let out = archive.with_extension("out");
    let mut command = Command::new("python3");
    command
        .arg("-c")
        .arg(script)
        .arg(archive)
        .arg(text(item, "sha256"))
        .arg(&out);
    Said::run(command, "").expect(0);
    std::fs::read(&out).unwrap()
}

/// Two parties whose every byte to each other passes a line.
fn on_a_line(line: &Line) -> [Party; 2] {
    let mut parties = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    for party in &parties {
        let port = line.lead_to(party.port);
        party.set("link", "url", &format!("\"http://127.0.0.1:{port}\""));
    }
    let [alpha, bravo] = &mut parties;
    befriend(alpha, bravo, OPEN);
    parties
}

#[test]
fn an_item_of_many_megabytes_arrives_over_a_line_that_is_cut_again_and_again_and_through_kills() {
    let cuts = [3_000_000, 9_000_000, 14_500_000];
    let line = Line::default();
    let [alpha, mut bravo] = on_a_line(&line);
    let bytes = content(24, 4_321);
    let id = add(&alpha, &file(&alpha, "image.raw", &bytes), &[]);
    line.cut_from_now(&cuts);
    line.breaks_after(18_000_000);
    transfer(&alpha, &id, &bravo);
    until("three cuts, and the line down", || {
        line.is_down().then_some(())
    });
    assert_eq!(line.cuts(), 3);
    let come = |party: &Party| shown(party, &id)["crossing"]["mebibytes"].as_u64().unwrap();
    let before = come(&bravo);
    assert!((6..25).contains(&before), "{before} of 25");
    let early = bravo.cli(&["evidence", "accept", &id]);
    assert_eq!(early.code, Some(1), "{early:?}");
    assert!(early.err.contains("has not arrived"), "{}", early.err);

    bravo.kill();
    bravo.serve();
    assert_eq!(come(&bravo), before, "what was there is there");
    line.mend();
    arrived(&bravo, &id);
    bravo.cli(&["evidence", "accept", &id]).expect(0);
    // What was signed for is on the disk.
    bravo.kill();
    bravo.serve();
    bravo.cli(&["evidence", "verify", &id]).expect(0);
    let out = bravo.file("image.out");
    bravo
        .cli(&["evidence", "get", &id, "--out", out.to_str().unwrap()])
        .expect(0);
    assert!(std::fs::read(&out).unwrap() == bytes, "the same bytes");
    let events = both([&alpha, &bravo], &id, "with bravo");
    assert_eq!(
        words(&events)[..3],
        ["acquired", "transfer-offer", "transfer-accept"]
    );
    let again = line.passed();
    assert!(
        again < 2 * bytes.len() as u64,
        "{again} bytes for an item of {}",
        bytes.len()
    );
}

#[test]
fn what_lies_on_the_disk_and_is_no_longer_the_item_is_found_shown_and_not_handed_over() {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    befriend(&mut alpha, &mut bravo, OPEN);
    let bytes = content(1, 5);
    let id = add(&alpha, &file(&alpha, "log.txt", &bytes), &[]);
    let stored = holds(&alpha.data().join("attachments"), &bytes[..64]);
    let mut changed = bytes.clone();
    changed[MEBIBYTE] ^= 1;
    std::fs::write(&stored[0], changed).unwrap();
    let offered = alpha.cli(&["evidence", "transfer", &id, "--to", "bravo"]);
    assert_eq!(offered.code, Some(1), "{offered:?}");
    assert!(offered.err.contains("another SHA-256"), "{}", offered.err);
    alpha.cli(&["evidence", "verify", &id]).expect(7);
    let out = alpha.file("out");
    alpha
        .cli(&["evidence", "get", &id, "--out", out.to_str().unwrap()])
        .expect(1);
    assert!(!out.exists());
    let gaps = alpha.cli(&["evidence", "gaps"]);
    assert_eq!(gaps.code, Some(1));
    assert!(gaps.out.contains(&id), "{}", gaps.out);
    assert_eq!(bravo.rows(&["evidence", "list"]).len(), 0);
}

#[test]
fn an_offer_is_refused_taken_back_and_nothing_of_it_stays() {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    befriend(&mut alpha, &mut bravo, OPEN);
    let bytes = content(1, 9);
    let id = add(&alpha, &file(&alpha, "a.bin", &bytes), &[]);
    let secret = file(&alpha, "b.bin", b"red");
    let above = add_labelled(&alpha, (&secret, "red"), &[]);
    let red = alpha.cli(&["evidence", "transfer", &above, "--to", "bravo"]);
    assert_eq!(red.code, Some(6), "{red:?}");
    assert_eq!(shown(&alpha, &above)["custody"], "in this house");
    transfer(&alpha, &id, &bravo);
    arrived(&bravo, &id);
    let lies = || holds(&bravo.data().join("attachments"), &bytes[..64]).len();
    assert_eq!(lies(), 1);
    bravo
        .cli(&["evidence", "refuse", &id, "--reason", "not ours"])
        .expect(0);
    both([&alpha, &bravo], &id, "with alpha");
    until("its bytes gone at bravo", || (lies() == 0).then_some(()));
    // Offered again it arrives again.
    transfer(&alpha, &id, &bravo);
    arrived(&bravo, &id);
    alpha
        .cli(&["evidence", "refuse", &id, "--reason", "not yet"])
        .expect(0);
    both([&alpha, &bravo], &id, "with alpha");
    let late = bravo.cli(&["evidence", "accept", &id]);
    assert_eq!(late.code, Some(1), "{late:?}");
}

#[test]
fn an_answer_names_evidence_that_was_handed_over_and_derived_items_name_their_parents() {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    befriend(&mut alpha, &mut bravo, OPEN);
    let request = open(&alpha, &bravo, &form(&alpha, &[]), &[]);
    until_both([&alpha, &bravo], &request, "delivered");
    act(&bravo, &request, "acknowledge", &["--number", "B-1"]);
    act(&bravo, &request, "accept", &["--expected", "2099-01-01"]);
    let whole = add(&bravo, &file(&bravo, "all.pcap", b"all packets"), &[]);
    let derived = ["--derived-from", &whole, "--tool-version", "2.1"];
    let id = add(
        &bravo,
        &file(&bravo, "some.pcap", b"some packets"),
        &derived,
    );
    let parent = shown(&bravo, &whole);
    assert_eq!(
        words(parent["events"].as_array().unwrap()),
        ["acquired", "derived"]
    );
    assert_eq!(
        shown(&bravo, &id)["item"]["parents"][0]["sha256"],
        parent["sha256"]
    );
    let answer = |id: &str| {
        let words = [
            "request",
            "answer",
            &request,
            "--text",
            "as asked",
            "--evidence",
            id,
        ];
        bravo.cli(&words)
    };
    let unknown = answer("evidence--ffffffff");
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
    let kept = answer(&id);
    assert_eq!(kept.code, Some(1));
    assert!(
        kept.err.contains("was not handed over to alpha"),
        "{}",
        kept.err
    );
    transfer(&bravo, &id, &alpha);
    let short: String = id.chars().take("evidence--".len() + 8).collect();
    answer(&short).code.map(|code| assert_eq!(code, 0)).unwrap();
    let request = until_both([&alpha, &bravo], &request, "answered");
    assert_eq!(request["answers"][0]["evidence"], serde_json::json!([id]));
}

#[test]
fn custody_leaves_as_case_and_uco_with_a_proof_of_every_shared_event() {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    befriend(&mut alpha, &mut bravo, OPEN);
    let id = add(
        &alpha,
        &file(&alpha, "sample.bin", &content(0, 500)),
        &["--sample"],
    );
    transfer(&alpha, &id, &bravo);
    arrived(&bravo, &id);
    bravo.cli(&["evidence", "accept", &id]).expect(0);
    both([&alpha, &bravo], &id, "with bravo");
    for party in [&alpha, &bravo] {
        let proven = until("every event proven", || {
            let made = party.cli(&["evidence", "export", &id]).expect(0).json();
            let proofs = annotations(&made, "comity-proof/v1");
            (proofs.len() == 3).then_some((made, proofs))
        });
        for proof in &proven.1 {
            let path = file(party, "event.proof", proof.as_bytes());
            party.cli(&["ledger", "verify", &path]).expect(0);
        }
        let things = proven.0["@graph"].as_array().unwrap();
        let of = |class: &str| {
            things
                .iter()
                .filter(|thing| thing["@type"] == class)
                .count()
        };
        let house = if party.name == "alpha" { 2 } else { 0 };
        assert_eq!(of("case-investigation:InvestigativeAction"), 3 + house);
        assert_eq!(of("uco-types:Hash"), 3, "SHA-256, SHA-1 and MD5");
        valid(party, &id);
    }
}

fn annotations(made: &Value, tag: &str) -> Vec<String> {
    let things = made["@graph"].as_array().unwrap().iter();
    let tagged = things.filter(|thing| thing["uco-core:tag"] == tag);
    tagged
        .map(|thing| text(thing, "uco-core:statement"))
        .collect()
}

/// Asks the ontology's own validator.
fn valid(party: &Party, id: &str) {
    let Some(python) = variable("COMITY_TEST_PYTHON") else {
        println!("skipped: the validator of CASE, because COMITY_TEST_PYTHON is not set");
        return;
    };
    let out = party.file("custody.jsonld");
    party
        .cli(&["evidence", "export", id, "--out", out.to_str().unwrap()])
        .expect(0);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/case_uco.py");
    let mut command = Command::new(python);
    command
        .arg(script)
        .arg(&out)
        .arg(text(&shown(party, id), "sha256"));
    let said = Said::run(command, "").expect(0);
    assert!(said.out.trim_end().ends_with("passed"), "{}", said.out);
}

#[test]
fn each_act_of_the_house_is_chained_and_its_holds_hold() {
    // No node runs here: commands do it themselves.
    let alpha = Party::new("alpha", Store::Embedded);
    let id = add(
        &alpha,
        &file(&alpha, "a.bin", b"bytes"),
        &["--seal", "B-17"],
    );
    let other = "ab".repeat(32);
    let acts: [&[&str]; 5] = [
        &["open", "--purpose", "triage"],
        &["copy", "--note", "on a disk in the safe"],
        &[
            "derive",
            "--sha256",
            &other,
            "--tool",
            "carver",
            "--tool-version",
            "2",
        ],
        &["seal", "--seal", "B-18"],
        &["hold", "--reason", "trial"],
    ];
    for act in acts {
        let words = [&["evidence", act[0], &id], &act[1..]].concat();
        alpha.cli(&words).expect(0);
    }
    let destroy = |witness: &str| {
        let words = ["evidence", "destroy", &id, "--witness", witness];
        alpha.cli(&words).code
    };
    assert_eq!(destroy("head of desk"), Some(1), "it is on hold");
    let report = ["evidence", "report", &id, "--text", "nothing"];
    assert_eq!(
        alpha.cli(&report).code,
        Some(1),
        "nobody is there to be told"
    );
    alpha.cli(&["evidence", "release", &id]).expect(0);
    assert_eq!(
        destroy("duty officer"),
        Some(1),
        "another person must see it"
    );
    assert_eq!(destroy("head of desk"), Some(0));
    let item = shown(&alpha, &id);
    let events = item["events"].as_array().unwrap();
    let all = [
        "acquired",
        "opened",
        "copied",
        "derived",
        "sealed",
        "hold",
        "release",
        "destroyed",
    ];
    assert_eq!(words(events), all);
    for pair in events.windows(2) {
        assert_eq!(pair[1]["before"], pair[0]["hash"]);
    }
    assert_eq!(item["gaps"], serde_json::json!([]));
    assert_eq!(
        (&item["custody"], &item["here"]),
        (&"destroyed".into(), &false.into())
    );
    let late = alpha.cli(&["evidence", "open", &id, "--purpose", "again"]);
    assert_eq!(late.code, Some(1), "{late:?}");
    let unknown = alpha.cli(&["evidence", "show", "evidence--0000"]);
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.err.contains("hint:"), "{}", unknown.err);
}

#[test]
fn an_item_goes_to_whom_it_was_offered_and_back_and_nowhere_else() {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    befriend(&mut alpha, &mut bravo, OPEN);
    let id = add(&alpha, &file(&alpha, "a.bin", &content(1, 1)), &[]);
    transfer(&alpha, &id, &bravo);
    arrived(&bravo, &id);
    let third = bravo.cli(&["evidence", "transfer", &id, "--to", "alpha"]);
    assert_eq!(third.code, Some(1), "it is not theirs: {third:?}");
    bravo.cli(&["evidence", "accept", &id]).expect(0);
    both([&alpha, &bravo], &id, "with bravo");
    let onward = bravo.cli(&["evidence", "transfer", &id, "--to", "delta"]);
    assert_eq!(onward.code, Some(1));
    assert!(onward.err.contains("goes back there"), "{}", onward.err);
    let twice = alpha.cli(&["evidence", "transfer", &id, "--to", "bravo"]);
    assert_eq!(twice.code, Some(1));
    assert!(twice.err.contains("is with bravo"), "{}", twice.err);
    let folder = alpha.cli(&[
        "evidence",
        "add",
        alpha.data().to_str().unwrap(),
        "--source",
        "x",
        "--acquired",
        "2026-10-01",
        "--how",
        "x",
        "--tool",
        "x",
        "--legal-basis",
        "x",
        "--tlp",
        "amber",
    ]);
    assert_eq!(folder.code, Some(2), "a folder is no file: {folder:?}");
}

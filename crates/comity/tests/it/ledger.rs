//! The ledger of real nodes: exported, verified without them, tampered with, proven, erased, served, cosigned.
//!
//! In scope: what an auditor or a partner does with the program and with the files. Out of scope: the tree itself
//! (`comity-ledger`), other people's verifiers (`foreign`).

mod foreign;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::exchange::party::{
    OPEN, Party, accord_text, befriend, enrol, labelled, on_both_stores, text, until,
};
use crate::http::Request;
use crate::node::{Said, Store, comity};
use crate::sample::{indicator, indicator_id};

/// Two parties; alpha sent three objects and bravo one, all receipted and cosigned.
fn exchanged() -> [Party; 2] {
    let mut pair = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    exchange(&mut pair);
    pair
}

fn exchange(pair: &mut [Party; 2]) {
    let [alpha, bravo] = &mut *pair;
    befriend(alpha, bravo, OPEN);
    fill(alpha, bravo, 0..3);
    fill(bravo, alpha, 10..11);
    settled(pair);
}

/// The same with alpha on each store.
fn on_each_store(test: impl Fn(&[Party; 2])) {
    on_both_stores(["alpha", "bravo"], |pair| {
        exchange(pair);
        test(pair);
    });
}

fn fill(from: &Party, to: &Party, numbers: std::ops::Range<u32>) {
    let house = from.create_collection("House", &[]);
    let objects: Vec<Value> = numbers
        .clone()
        .map(|number| labelled(indicator(number), "GREEN"))
        .collect();
    from.import(&house, &objects);
    for number in numbers.clone() {
        let line = from.share(&indicator_id(number), &to.name);
        assert_eq!(line["verdict"], "released", "{line}");
    }
    let ids: Vec<String> = numbers.map(indicator_id).collect();
    until(&format!("{ids:?} at {}", to.name), || {
        let held = to.from(&from.name);
        ids.iter().all(|id| held.contains_key(id)).then_some(())
    });
}

/// Waits until all is receipted, and each log's newest head is cosigned by the other party.
fn settled(pair: &[Party; 2]) {
    for party in pair {
        party.until_receipted();
    }
    for party in pair {
        until(&format!("{} cosigned", party.name), || {
            let found = verified(party);
            let log = found["logs"].as_array()?.last()?.clone();
            (!log["cosigned"].as_array()?.is_empty()).then_some(())
        });
    }
}

/// What a node finds in its own ledger.
fn verified(party: &Party) -> Value {
    party.cli(&["ledger", "verify", "--json"]).expect(0).json()
}

fn export(party: &Party, name: &str, more: &[&str]) -> PathBuf {
    let folder = party.file(name);
    let mut arguments = vec!["ledger", "export", folder.to_str().unwrap()];
    arguments.extend(more);
    party.cli(&arguments).expect(0);
    folder
}

/// Verifies a folder or a file with no node anywhere.
fn verify(path: &Path) -> Said {
    let mut command = comity(&["ledger", "verify", path.to_str().unwrap(), "--json"]);
    command.env_clear();
    Said::run(command, "")
}

/// Every file below a folder, by its path there.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for item in std::fs::read_dir(&next).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let path = path.strip_prefix(folder).unwrap();
                found.push(path.to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    for path in files(from) {
        let target = to.join(&path);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(from.join(&path), target).unwrap();
    }
}

/// The newest share that a party sent.
fn share_of(party: &Party) -> String {
    let rows = party.outbox();
    let share = rows.iter().find(|row| row["kind"] == "share").unwrap();
    text(share, "envelope")
}

#[test]
fn an_export_is_verified_elsewhere_with_nothing_but_itself() {
    on_each_store(|pair| {
        for party in pair {
            let folder = export(party, "evidence", &[]);
            let elsewhere = tempfile::tempdir().unwrap();
            copy(&folder, elsewhere.path());
            std::fs::remove_dir_all(&folder).unwrap();
            let found = verify(elsewhere.path()).expect(0).json();
            let live = verified(party);
            assert_eq!(found["party"], *party.name);
            for name in ["roots", "sent", "received", "receipts", "opened"] {
                assert_eq!(found[name], live[name], "{name}");
            }
            assert_eq!(found["sent"], found["receipts"]);
            assert!(found["sent"].as_u64() > Some(0) && found["received"].as_u64() > Some(0));
            let both = found["sent"].as_u64().unwrap() + found["received"].as_u64().unwrap();
            assert_eq!(found["opened"], both, "every content opens");
            let fsck = comity(&["ledger", "fsck", elsewhere.path().to_str().unwrap()]);
            Said::run(fsck, "").expect(0);
        }
    });
}

#[test]
fn an_export_without_contents_says_nothing_of_them_and_verifies() {
    let [alpha, _bravo] = exchanged();
    let folder = export(&alpha, "evidence", &["--without-contents"]);
    let found = verify(&folder).expect(0).json();
    assert_eq!(found["opened"], 0);
    for path in files(&folder) {
        let bytes = std::fs::read(folder.join(&path)).unwrap();
        let held = String::from_utf8_lossy(&bytes).into_owned();
        assert!(!held.contains("indicator--"), "{path}");
    }
}

#[test]
fn each_change_to_an_export_is_found() {
    let [alpha, _bravo] = exchanged();
    let folder = export(&alpha, "evidence", &[]);
    let all = files(&folder);
    for path in all
        .iter()
        .filter(|path| *path != "README" && !path.ends_with("policy"))
    {
        let place = folder.join(path);
        let whole = std::fs::read(&place).unwrap();
        for at in [whole.len() / 3, whole.len() - 3] {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            std::fs::write(&place, changed).unwrap();
            let said = verify(&folder);
            assert_eq!(said.code, Some(7), "byte {at} of {path}: {}", said.out);
        }
        std::fs::write(&place, whole).unwrap();
    }
    verify(&folder).expect(0);
}

#[test]
fn an_envelope_that_is_left_out_is_missed() {
    let [alpha, _bravo] = exchanged();
    let folder = export(&alpha, "evidence", &[]);
    let headers = files(&folder)
        .into_iter()
        .filter(|path| path.ends_with("/header"));
    for header in headers {
        let envelope = folder.join(Path::new(&header).parent().unwrap());
        let aside = alpha.file("aside");
        std::fs::rename(&envelope, &aside).unwrap();
        let said = verify(&folder).expect(7);
        assert!(
            said.out.contains("stand for envelopes that are not here"),
            "{}",
            said.out
        );
        std::fs::rename(&aside, &envelope).unwrap();
    }
    verify(&folder).expect(0);
}

#[test]
fn a_proof_stands_alone_and_shows_some_fields_only_if_so_asked() {
    let [alpha, _bravo] = exchanged();
    let id = share_of(&alpha);
    let prove = |name: &str, what: &str, more: &[&str]| {
        let file = alpha.file(name);
        let mut arguments = vec!["ledger", "prove", what, "--out", file.to_str().unwrap()];
        arguments.extend(more);
        alpha.cli(&arguments).expect(0);
        file
    };
    let whole = prove("whole", &id, &[]);
    let shows = verify(&whole).expect(0).out;
    for part in [
        "alpha committed to envelope",
        "bravo/witness cosigned",
        "the content here is what was committed to",
        "bravo received the envelope intact",
        "it was made after bravo.example/log had",
    ] {
        assert!(
            shows.contains(part.trim_start_matches("bravo/")),
            "{part}: {shows}"
        );
    }
    let part = prove("part", &id, &["--field", "objects/0/pattern"]);
    let shows = verify(&part).expect(0).out;
    assert!(shows.contains("objects/0/pattern; "), "{shows}");
    let text = std::fs::read_to_string(&part).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    assert!(file["header"]["payload"].is_null() && file["header"]["opening"].is_null());
    // A shown value that was changed is found, and so is any other change.
    let changed = text.replacen(
        "comity-opening/v1\\nwithheld ",
        "comity-opening/v1\\nwithheld A",
        1,
    );
    assert_ne!(changed, text);
    std::fs::write(&part, changed).unwrap();
    let said = verify(&part).expect(7);
    assert!(said.err.contains("proves nothing"), "{}", said.err);
    let entry = prove("entry", "0", &[]);
    verify(&entry).expect(0);
    let no = alpha.cli(&["ledger", "prove", &id, "--out", "x", "--field", "secret"]);
    assert!(no.expect(1).err.contains("has no field"));
}

#[test]
fn what_was_erased_is_gone_from_the_files_and_the_log_says_so() {
    let [mut alpha, bravo] = exchanged();
    let id = share_of(&alpha);
    let before = export(&alpha, "before", &[]);
    let secret = files(&before)
        .into_iter()
        .find(|path| path.contains(&id) && path.ends_with("/payload"))
        .unwrap();
    let payload = std::fs::read(before.join(secret)).unwrap();
    alpha
        .cli(&["ledger", "erase", &id, "--reason", "Not a word"])
        .expect(1);
    for party in [&alpha, &bravo] {
        party
            .cli(&["ledger", "erase", &id, "--reason", "court-order"])
            .expect(0);
    }
    let again = alpha.cli(&["ledger", "erase", &id, "--reason", "court-order"]);
    assert!(again.expect(1).err.contains("erased already"));
    let held = |party: &Party| {
        let needle = &payload[..payload.len().min(200)];
        let names = ["state.sqlite", "state.sqlite-wal"];
        names.iter().any(|name| {
            let bytes = std::fs::read(party.data().join(name)).unwrap_or_default();
            bytes.windows(needle.len()).any(|part| part == needle)
        })
    };
    assert!(!held(&alpha) && !held(&bravo), "still on the disk");
    for party in [&alpha, &bravo] {
        let folder = export(party, "after", &[]);
        let found = verify(&folder).expect(0).json();
        assert_eq!(found["erased"], 1);
        party.cli(&["ledger", "fsck"]).expect(0);
    }
    let file = alpha.file("proof");
    alpha
        .cli(&["ledger", "prove", &id, "--out", file.to_str().unwrap()])
        .expect(0);
    let shows = verify(&file).expect(0).out;
    assert!(shows.contains("for the reason court-order"), "{shows}");
    assert!(shows.contains("its content is not shown"), "{shows}");
    alpha.terminate();
    let doctor = alpha.cli(&["doctor"]).expect(0);
    assert!(
        doctor.out.contains("continued where it was"),
        "{}",
        doctor.out
    );
}

#[test]
fn a_log_is_served_to_strangers_only_where_the_settings_say_so() {
    let [mut alpha, _bravo] = exchanged();
    let get = |party: &Party, path: &str| Request::get(path).send(party.address());
    let paths = [
        "checkpoint",
        "tile/0/000.p/1",
        "witness/00/checkpoint",
        "e1/checkpoint",
    ];
    for path in paths {
        get(&alpha, &format!("/log/{path}")).expect(404);
    }
    let token = alpha.account_of("auditor", None, "viewer");
    let served = alpha.get(&token, "/log/checkpoint").expect(200);
    assert!(served.text().starts_with("alpha.example/log\n"));
    assert_eq!(served.header("cache-control"), Some("private, no-cache"));
    alpha.terminate();
    alpha.set("ledger", "public", "true");
    alpha.serve();
    let served = get(&alpha, "/log/checkpoint").expect(200);
    let kind = served.header("content-type");
    assert_eq!(kind, Some("text/plain; charset=utf-8"));
    get(&alpha, "/log/tile/0/000.p/1").expect(200);
    get(&alpha, "/log/tile/entries/000.p/2").expect(200);
    for path in [
        "policy",
        "tile/0/001",
        "tile/0/000",
        "e1/checkpoint",
        "../x",
        "tile/0/0",
    ] {
        get(&alpha, &format!("/log/{path}")).expect(404);
    }
    Request::post("/log/checkpoint", "x")
        .send(alpha.address())
        .expect(405);
    Request::get("/log/witness/add-checkpoint")
        .send(alpha.address())
        .expect(405);
}

#[test]
fn an_accord_that_demands_ml_dsa_is_followed_by_both_logs() {
    on_both_stores(["alpha", "bravo"], |pair| {
        let [alpha, bravo] = pair;
        alpha.serve();
        bravo.serve();
        enrol(alpha, bravo);
        let lines = |party: &Party| {
            let folder = tempfile::tempdir().unwrap();
            let folder = folder.path().join("x");
            let to = folder.to_str().unwrap();
            party.cli(&["ledger", "export", to]).expect(0);
            let note = std::fs::read_to_string(folder.join("log/checkpoint")).unwrap();
            // A signature of ML-DSA-44 takes more than 3,000 characters.
            note.lines().filter(|line| line.len() > 3_000).count()
        };
        assert_eq!(lines(alpha), 0);
        let demanded = "ceiling = \"TLP:AMBER\"\noutlets = [\"link\"]\n";
        let file = alpha.file("accord.toml");
        let draft = accord_text(alpha, bravo, demanded, demanded);
        let draft = draft.replace("[\"ed25519\"]", "[\"ed25519\", \"ml-dsa-44\"]");
        std::fs::write(&file, draft).unwrap();
        alpha
            .cli(&["accord", "propose", file.to_str().unwrap()])
            .expect(0);
        until("the proposal", || {
            (!bravo.rows(&["accord", "list"]).is_empty()).then_some(())
        });
        bravo.cli(&["accord", "sign", "alpha-bravo"]).expect(0);
        for party in [&*alpha, &*bravo] {
            // Its own line, and the other side's cosignature.
            until(&format!("ML-DSA-44 at {}", party.name), || {
                (lines(party) == 2).then_some(())
            });
            party.cli(&["ledger", "verify"]).expect(0);
        }
    });
}

//! OpenPGP keys by commands: made, given, registered, prolonged, taken back.
//!
//! In scope: `comity openpgp` between two nodes, each of which keeps keys of its own. Out of scope: mails (`sending`, `taking`),
//! `GnuPG` with the keys (`comity-mail`).

use serde_json::Value;

use crate::exchange::party::{OPEN, Party, befriend, on_both_stores, text};
use crate::node::{Said, Store};

fn openpgp(party: &Party, words: &[&str]) -> Value {
    let words = [&["openpgp"], words, &["--json"]].concat();
    party.cli(&words).expect(0).json()
}

/// The certificate that a party would give away, in a file.
fn exported(party: &Party, name: &str) -> String {
    let out = party.file(name).to_str().unwrap().to_owned();
    party.cli(&["openpgp", "export", "--out", &out]).expect(0);
    out
}

/// Registers a certificate for alpha by its fingerprint; answers how the command ended.
fn register(bravo: &Party, file: &str, spoken: &str) -> Said {
    let words = [
        "openpgp",
        "register",
        "alpha",
        file,
        "--fingerprint",
        spoken,
    ];
    bravo.cli(&words)
}

/// A fingerprint as it is read aloud.
fn spoken(fingerprint: &str) -> String {
    let four = fingerprint.as_bytes().chunks(4);
    let four = four.map(|four| String::from_utf8_lossy(four).to_lowercase());
    four.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_key_is_made_and_registered_by_its_fingerprint_alone() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        befriend(alpha, bravo, OPEN);
        assert_eq!(openpgp(alpha, &["show"]), Value::Array(Vec::new()));
        let none = alpha.cli(&["openpgp", "export"]).expect(1);
        assert!(none.err.contains("openpgp make"), "{}", none.err);
        let made = openpgp(alpha, &["make", "--days", "30"]);
        let fingerprint = text(&made, "fingerprint");
        assert_eq!(made["user_ids"][0], "alpha <comity@in.alpha.example>");
        let doctor = alpha.cli(&["doctor"]);
        let alarm = format!("{fingerprint} expires in ");
        assert!(doctor.out.contains(&alarm), "{}", doctor.out);

        let file = exported(alpha, "alpha.asc");
        let refused = bravo.cli(&["openpgp", "register", "alpha", &file]);
        assert!(refused.expect(1).err.contains("by voice"));
        register(bravo, &file, &"0".repeat(40)).expect(1);
        register(bravo, &file, &spoken(&fingerprint)).expect(0);
        let listed = openpgp(bravo, &["list", "alpha"]);
        assert_eq!(listed[0]["fingerprint"], fingerprint.as_str());
        assert_eq!(listed[0]["confirmed_by"], "typed");
        let words = ["openpgp", "register", "nobody", &file];
        let stranger = [&words[..], &["--fingerprint", &fingerprint]].concat();
        bravo.cli(&stranger).expect(1);
        let remove = ["openpgp", "unregister", "alpha", &fingerprint];
        bravo.cli(&remove).expect(0);
        bravo.cli(&remove).expect(1);
    });
}

#[test]
fn a_key_is_prolonged_and_taken_back_and_parties_register_it_anew() {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    befriend(&mut alpha, &mut bravo, OPEN);
    let made = openpgp(&alpha, &["make", "--days", "30"]);
    let spoken = spoken(&text(&made, "fingerprint"));
    register(&bravo, &exported(&alpha, "alpha.asc"), &spoken).expect(0);
    let longer = openpgp(&alpha, &["extend", "--days", "700"]);
    assert!(text(&longer, "until") > text(&made, "until"));
    register(&bravo, &exported(&alpha, "longer.asc"), &spoken).expect(0);
    let listed = openpgp(&bravo, &["list"]);
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["until"], longer["until"]);

    let revoked = openpgp(&alpha, &["revoke", &spoken, "--compromised"]);
    assert_eq!(revoked["usable"], false);
    let file = alpha.file("revoked.asc");
    std::fs::write(&file, text(&revoked, "certificate")).unwrap();
    register(&bravo, file.to_str().unwrap(), &spoken).expect(0);
    let listed = openpgp(&bravo, &["list"]);
    assert!(text(&listed[0], "state").starts_with("revoked"), "{listed}");
    let doctor = bravo.cli(&["doctor"]);
    assert!(
        doctor.out.contains("revoked by its holder"),
        "{}",
        doctor.out
    );
}

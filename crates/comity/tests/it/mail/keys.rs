//! OpenPGP keys by commands: made, given, registered, prolonged, taken back.
//!
//! In scope: `comity openpgp` between two nodes, each of which keeps keys of its own. Out of scope: mails (`sending`, `taking`),
//! `GnuPG` with the keys (`comity-mail`).

use serde_json::Value;

use crate::exchange::party::{OPEN, Party, befriend, on_both_stores, text};

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

#[test]
fn a_key_is_made_given_registered_prolonged_and_taken_back() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        befriend(alpha, bravo, OPEN);
        assert_eq!(openpgp(alpha, &["show"]), Value::Array(Vec::new()));
        let none = alpha.cli(&["openpgp", "export"]).expect(1);
        assert!(none.err.contains("openpgp make"), "{}", none.err);
        let made = openpgp(alpha, &["make", "--days", "30"]);
        let fingerprint = text(&made, "fingerprint").to_owned();
        assert_eq!(made["user_ids"][0], "alpha <comity@in.alpha.example>");
        let doctor = alpha.cli(&["doctor"]);
        let alarm = format!("{fingerprint} expires in ");
        assert!(doctor.out.contains(&alarm), "{}", doctor.out);

        let file = exported(alpha, "alpha.asc");
        let register = ["openpgp", "register", "alpha", &file];
        let refused = bravo.cli(&register).expect(1);
        assert!(refused.err.contains("by voice"), "{}", refused.err);
        let zeros = "0".repeat(40);
        let wrong = [&register[..], &["--fingerprint", &zeros]].concat();
        bravo.cli(&wrong).expect(1);
        let spoken: Vec<String> = fingerprint
            .as_bytes()
            .chunks(4)
            .map(|four| String::from_utf8_lossy(four).to_lowercase())
            .collect();
        let spoken = spoken.join(" ");
        let right = [&register[..], &["--fingerprint", &spoken]].concat();
        bravo.cli(&right).expect(0);
        let listed = openpgp(bravo, &["list", "alpha"]);
        assert_eq!(listed[0]["fingerprint"], fingerprint.as_str());
        assert_eq!(listed[0]["confirmed_by"], "typed");
        // One key speaks for one party.
        let own = ["openpgp", "register", "nobody", &file];
        let stranger = [&own[..], &["--fingerprint", &spoken]].concat();
        bravo.cli(&stranger).expect(1);

        let longer = openpgp(alpha, &["extend", "--days", "700"]);
        assert!(text(&longer, "until") > text(&made, "until"));
        let file = exported(alpha, "longer.asc");
        bravo
            .cli(&[
                "openpgp",
                "register",
                "alpha",
                &file,
                "--fingerprint",
                &spoken,
            ])
            .expect(0);
        let listed = openpgp(bravo, &["list"]);
        assert_eq!(listed.as_array().unwrap().len(), 1);
        assert_eq!(listed[0]["until"], longer["until"]);

        let revoked = openpgp(alpha, &["revoke", &spoken, "--compromised"]);
        assert_eq!(revoked["usable"], false);
        let file = alpha.file("revoked.asc");
        std::fs::write(&file, text(&revoked, "certificate")).unwrap();
        let again = [
            "openpgp",
            "register",
            "alpha",
            file.to_str().unwrap(),
            "--fingerprint",
            &spoken,
        ];
        bravo.cli(&again).expect(0);
        let listed = openpgp(bravo, &["list"]);
        assert!(text(&listed[0], "state").starts_with("revoked"), "{listed}");
        let doctor = bravo.cli(&["doctor"]);
        assert!(
            doctor.out.contains("revoked by its holder"),
            "{}",
            doctor.out
        );
        bravo
            .cli(&["openpgp", "unregister", "alpha", &fingerprint])
            .expect(0);
        bravo
            .cli(&["openpgp", "unregister", "alpha", &fingerprint])
            .expect(1);
    });
}

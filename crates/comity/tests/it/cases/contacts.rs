//! Points of contact: profiles, checks that a person answers, candidates that nobody is behind yet.

use serde_json::Value;

use crate::exchange::party::{OPEN, Party, befriend, on_both_stores, text, until};
use crate::http::Request;
use crate::node::Store;

/// A profile of a party, filled in.
fn profile(party: &Party, version: u32, more: &str) -> String {
    let page = party.cli(&["contact", "profile", "template"]).expect(0).out;
    let page = page.replace("version = 1 ", &format!("version = {version} "));
    let file = party.file("profile.toml");
    std::fs::write(&file, format!("{page}\n{more}")).unwrap();
    file.to_str().unwrap().to_owned()
}

/// The other party's profile as this one has it.
fn theirs(party: &Party, other: &str) -> Option<Value> {
    let said = party.cli(&["contact", "profile", "show", "--party", other, "--json"]);
    (said.code == Some(0)).then(|| said.json())
}

/// The one check that a party sees.
fn check(party: &Party) -> Option<Value> {
    party.rows(&["contact", "pings"]).first().cloned()
}

fn contact_of(party: &Party, whose: &str) -> Value {
    let rows = party.rows(&["contact", "list"]);
    let row = rows.iter().find(|row| row["party"] == *whose);
    row.unwrap_or_else(|| panic!("{rows:?}")).clone()
}

#[test]
fn a_profile_is_signed_sent_and_replaced_by_a_higher_version() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        befriend(alpha, bravo, OPEN);
        let missing = alpha.cli(&["contact", "profile", "show"]);
        assert_eq!(missing.code, Some(1));
        assert!(
            missing.err.contains("contact profile import"),
            "{}",
            missing.err
        );
        let file = profile(alpha, 1, "");
        let checked = alpha.cli(&["contact", "profile", "check", &file]).expect(0);
        assert!(
            checked.out.contains("2.1. Name of the Team"),
            "{}",
            checked.out
        );
        let sent = alpha
            .cli(&["contact", "profile", "import", &file, "--json"])
            .expect(0)
            .json();
        assert_eq!(sent["sent"][0]["party"], "bravo");
        let got = until("alpha's profile at bravo", || theirs(bravo, "alpha"));
        assert_eq!(
            (&got["version"], &got["signed"], &got["state"]),
            (
                &Value::from(1),
                &Value::from(true),
                &Value::from("published")
            )
        );
        assert_eq!(got["sha256"], sent["sha256"]);
        // What is out under a number stays as it is.
        let again = std::fs::read_to_string(&file)
            .unwrap()
            .replace("duty officer", "watch officer");
        std::fs::write(&file, again).unwrap();
        let refused = alpha.cli(&["contact", "profile", "import", &file]);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.err.contains("raise the version"), "{}", refused.err);
        let file = profile(
            alpha,
            2,
            "[[contact]]\nrole = \"24x7\"\nphone = \"+32 2 555 01 02\"\n",
        );
        alpha
            .cli(&["contact", "profile", "import", &file])
            .expect(0);
        until("the second version at bravo", || {
            theirs(bravo, "alpha").filter(|got| got["version"] == 2)
        });
        // The profile adds a contact that the accord does not name, and is written in the order of RFC 2350.
        let rows = bravo.rows(&["contact", "list", "--party", "alpha"]);
        let told = rows.iter().find(|row| row["contact"] == "24x7").unwrap();
        assert_eq!(
            (told["source"].as_str(), told["party"].as_str()),
            (Some("profile"), Some("alpha"))
        );
        let page = bravo
            .cli(&["contact", "profile", "export", "--party", "alpha"])
            .expect(0)
            .out;
        let place = |what: &str| {
            page.find(what)
                .unwrap_or_else(|| panic!("{what} in {page}"))
        };
        assert!(place("1. Document Information") < place("2. Contact Information"));
        assert!(place("2. Contact Information") < place("3. Charter"));
        assert!(
            page.contains("comity-profile/v1") && page.contains("\u{2014} "),
            "signed: {page}"
        );
    });
}

#[test]
fn a_profile_that_ended_or_is_another_partys_is_refused() {
    let alpha = Party::new("alpha", Store::Embedded);
    let file = profile(&alpha, 1, "");
    let text = std::fs::read_to_string(&file).unwrap();
    let refused = |text: String, expected: &str| {
        std::fs::write(&file, text).unwrap();
        let said = alpha.cli(&["contact", "profile", "check", &file]);
        assert_eq!(said.code, Some(2), "{said:?}");
        assert!(
            said.err.contains(expected) && said.err.contains("hint: "),
            "{}",
            said.err
        );
    };
    refused(
        text.replace("party = \"alpha\"", "party = \"bravo\""),
        "that of bravo",
    );
    let dates = |line: &str| line.starts_with("updated") || line.starts_with("expires");
    let kept: Vec<&str> = text.lines().filter(|line| !dates(line)).collect();
    let ended = kept.join("\n");
    let ended = ended.replacen(
        "[team]",
        "updated = 2020-01-01T00:00:00Z\nexpires = 2021-01-01T00:00:00Z\n[team]",
        1,
    );
    refused(ended, "ended on 2021-01-01");
    refused(text.replace("[charter]", "[charta]"), "line ");
}

/// Nobody in particular, a wrong code, and the side that asks: none of them answers.
fn refuse_answers([alpha, bravo]: [&Party; 2], number: &str, code: &str) {
    let answer = |party: &Party, code: &str, more: &[&str]| {
        let arguments = ["contact", "answer", number, "--code", code];
        party.cli(&[&arguments[..], more].concat())
    };
    let nobody = answer(bravo, code, &[]);
    assert_eq!(nobody.code, Some(2), "{nobody:?}");
    let wrong = answer(bravo, "0123", &OFFICER);
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.err.contains("not the code"), "{}", wrong.err);
    let own = answer(alpha, code, &OFFICER);
    assert_eq!(own.code, Some(1), "{own:?}");
    assert!(own.err.contains("for the other side"), "{}", own.err);
}

/// The steps of the answered check and how long the answer took, once the receipts are there.
fn answered(party: &Party, number: &str) -> (Value, Value) {
    until(&format!("the answer at {}", party.name), || {
        let one = check(party)?;
        let shown = party.cli(&["contact", "show", number, "--json"]);
        let steps = shown.expect(0).json()["steps"].clone();
        let whole = one["state"] == "answered" && steps[1]["received"].is_string();
        whole.then(|| (one["answer_seconds"].clone(), steps))
    })
}

const OFFICER: [&str; 2] = ["--officer", "duty officer"];

#[test]
fn a_check_is_answered_by_a_person_with_its_code_and_both_hold_the_same_times() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        befriend(alpha, bravo, OPEN);
        assert_eq!(contact_of(bravo, "bravo")["colour"], "amber");
        assert_eq!(contact_of(bravo, "bravo")["reason"], "never verified");
        let ping = |contact| {
            let arguments = ["contact", "ping", "--party", "bravo", "--contact", contact];
            alpha.cli(&[&arguments[..], &["--unannounced"]].concat())
        };
        let unknown = ping("samples");
        assert_eq!(unknown.code, Some(1));
        assert!(
            unknown.err.contains("the accord names technical"),
            "{}",
            unknown.err
        );
        let id = ping("technical").expect(0).out;
        let there = until("the check at bravo", || check(bravo));
        assert_eq!(text(&there, "id"), id.trim());
        for flag in ["ours", "unannounced", "verifies"] {
            assert_eq!(there[flag], true, "{flag}");
        }
        let code = text(&there, "code");
        let number = &id.trim()[..15];
        refuse_answers([&*alpha, &*bravo], number, &code);
        let answer = ["contact", "answer", number, "--code", &code];
        let answer = [&answer[..], &OFFICER].concat();
        bravo.cli(&answer).expect(0);
        let both = [&*alpha, &*bravo];
        let [one, two] = both.map(|party| answered(party, number));
        assert_eq!(one, two, "the same steps and times on both sides");
        for party in both {
            let stands = contact_of(party, "bravo");
            assert_eq!(stands["colour"], "green");
            assert_eq!(stands["answered_by"], "duty officer");
        }
        let shown = alpha.cli(&["contact", "list"]).expect(0).out;
        assert!(shown.contains("green\tbravo\ttechnical"), "{shown}");
        let again = bravo.cli(&answer);
        assert_eq!(again.code, Some(1), "answered already: {again:?}");
    });
}

#[test]
fn another_way_is_set_down_for_both_and_plans_stay_at_home() {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    alpha.set("contact", "check_days", "30");
    alpha.set("contact", "unannounced_days", "3660");
    befriend(&mut alpha, &mut bravo, OPEN);
    let plans = until("plans", || {
        let rows = alpha.rows(&["contact", "plan"]);
        (rows.len() == 2).then_some(rows)
    });
    assert!(plans.iter().all(|row| row["party"] == "bravo"), "{plans:?}");
    assert!(bravo.rows(&["contact", "plan"]).is_empty());
    alpha.kill();
    alpha.serve();
    until("the node", || {
        (alpha.cli(&["contact", "plan"]).code == Some(0)).then_some(())
    });
    let after = alpha.rows(&["contact", "plan"]);
    for (one, two) in plans.iter().zip(&after) {
        assert_eq!(
            (&one["check"], &one["at"]),
            (&two["check"], &two["at"]),
            "a plan survives"
        );
    }
    let id = alpha
        .cli(&[
            "contact",
            "ping",
            "--party",
            "bravo",
            "--contact",
            "technical",
        ])
        .expect(0)
        .out;
    alpha
        .cli(&["contact", "escalate", id.trim(), "--channel", "phone"])
        .expect(0);
    until("the telephone call at bravo", || {
        let rows = bravo.rows(&["contact", "pings", "--open"]);
        let row = rows.iter().find(|row| row["id"] == id.trim())?;
        (row["escalated"][0]["channel"] == "phone").then_some(())
    });
    let wrong = alpha.cli(&["contact", "escalate", id.trim(), "--channel", "pigeon"]);
    assert_eq!(wrong.code, Some(2));
}

#[test]
fn a_security_txt_makes_candidates_only_and_a_code_that_came_back_verifies_one() {
    let alpha = Party::new("alpha", Store::Embedded);
    let file = alpha.file("security.txt");
    let take = |content: &str, more: &[&str]| {
        std::fs::write(&file, content).unwrap();
        let arguments = ["contact", "import", "security.txt", file.to_str().unwrap()];
        alpha.cli(&[&arguments[..], more].concat())
    };
    let ended = take(
        "Contact: mailto:a@example.org\nExpires: 2021-01-01T00:00:00Z\n",
        &[],
    );
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.err.contains("ended on 2021-01-01") && ended.err.contains("hint: "),
        "{}",
        ended.err
    );
    let bare = take(
        "Contact: a@example.org\nExpires: 2099-01-01T00:00:00Z\n",
        &[],
    );
    assert!(bare.err.contains("line 1"), "{}", bare.err);
    let unknown = take(
        "Contact: mailto:a@example.org\nExpires: 2099-01-01T00:00:00Z\n",
        &["--party", "bravo"],
    );
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
    assert!(alpha.rows(&["contact", "candidates"]).is_empty());
    let signed = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nContact: mailto:security@example.org\nContact: tel:+1-201-555-0123\n\
                  Expires: 2099-01-01T00:00:00Z\n-----BEGIN PGP SIGNATURE-----\n\nwsDz\n-----END PGP SIGNATURE-----\n";
    take(signed, &[]).expect(0);
    let rows = alpha.rows(&["contact", "candidates"]);
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row["state"] == "candidate" && text(row, "remarks").contains("not verified")));
    let one = rows
        .iter()
        .find(|row| row["address"] == "mailto:security@example.org")
        .unwrap();
    let id = text(one, "id")[..8].to_owned();
    let early = alpha.cli(&["contact", "confirm", &id, "--code", "00"]);
    assert!(early.err.contains("nothing was sent"), "{}", early.err);
    let challenge = alpha
        .cli(&["contact", "challenge", &id, "--json"])
        .expect(0)
        .json();
    let code = text(&challenge, "code");
    assert!(text(&challenge, "text").contains(&code));
    let listed = alpha
        .cli(&["contact", "candidates", "--json"])
        .expect(0)
        .out;
    assert!(!listed.contains(&code), "the code is shown once");
    assert_eq!(
        alpha
            .cli(&["contact", "confirm", &id, "--code", "0011223344556677"])
            .code,
        Some(1)
    );
    alpha
        .cli(&["contact", "confirm", &id, "--code", &code])
        .expect(0);
    let rows = alpha.rows(&["contact", "candidates"]);
    assert_eq!(
        rows.iter().filter(|row| row["state"] == "verified").count(),
        1
    );
}

#[test]
fn the_own_security_txt_is_served_while_the_profile_holds() {
    let mut alpha = Party::new("alpha", Store::Embedded);
    alpha.serve();
    let ask = |alpha: &Party| Request::get("/.well-known/security.txt").send(alpha.address());
    assert_eq!(ask(&alpha).status, 404);
    let table = "[security_txt]\ncontact = [\"mailto:security@alpha.example\"]\n";
    let file = profile(&alpha, 1, table);
    alpha
        .cli(&["contact", "profile", "import", &file])
        .expect(0);
    let answer = ask(&alpha);
    assert_eq!(answer.status, 200);
    let body = String::from_utf8(answer.body.clone()).unwrap();
    assert!(
        body.starts_with("Contact: mailto:security@alpha.example\n")
            && body.contains("\nExpires: "),
        "{body}"
    );
    let file = profile(&alpha, 2, "");
    alpha
        .cli(&["contact", "profile", "import", &file])
        .expect(0);
    assert_eq!(ask(&alpha).status, 404, "a profile that says nothing of it");
}

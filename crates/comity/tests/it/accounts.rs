//! Accounts: passwords, tokens, rights, and what a wrong guess costs.
//!
//! In scope: sign-in over HTTP and the commands that make accounts. Out of scope: what a right allows
//! (`rules_semantics`).

use std::process::Command;
use std::time::Instant;

use crate::http::{Request, base64};
use crate::node::{
    PASSWORD, ROOT, Said, Serving, TestNode, USER, collection, comity, object, objects,
    on_each_store,
};
use crate::sample::{envelope, indicator, indicator_id};

/// Processor time that the node has used, in ticks of the system clock.
fn ticks(node: &TestNode) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", node.pid())).unwrap();
    // The name in parentheses may hold spaces; user and system time are fields 14 and 15.
    let fields: Vec<&str> = stat
        .rsplit_once(')')
        .unwrap()
        .1
        .split_whitespace()
        .collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// Processor time of the node during some work.
fn cost(node: &TestNode, work: impl FnOnce()) -> u64 {
    let before = ticks(node);
    work();
    ticks(node) - before
}

fn discovery(node: &TestNode, user: &str, password: &str) -> u16 {
    Request::get("/taxii2/")
        .basic(user, password)
        .send(node.address())
        .status
}

#[test]
fn password_and_token_of_one_account_give_the_same_rights() {
    on_each_store(|node| {
        let path = format!("{ROOT}collections/");
        let by_password = Request::get(&path)
            .basic(USER, PASSWORD)
            .send(node.address());
        assert_eq!(
            by_password.expect(200).json(),
            node.get(&path).expect(200).json()
        );
        let post = Request::post(&objects(&node.rw), envelope(&[indicator(1)]));
        post.basic(USER, PASSWORD).send(node.address()).expect(202);
        assert_eq!(node.get(&objects(&node.rw)).ids(), [indicator_id(1)]);
    });
}

#[test]
fn only_the_exact_password_opens() {
    let node = TestNode::embedded();
    let long = "x".repeat(100_000);
    let close = format!("{PASSWORD}\n");
    for password in ["", &PASSWORD[1..], &PASSWORD.to_uppercase(), &close, &long] {
        let status = discovery(&node, USER, password);
        // A header over the limit of HTTP, and a guess too many, are refused before the password is looked at.
        let refused = matches!(status, 401 | 429) || password.len() > 1_000 && status == 431;
        let start = &password[..password.len().min(30)];
        assert!(refused, "{status} for {start:?}");
    }
    assert!(matches!(
        discovery(&node, &USER.to_uppercase(), PASSWORD),
        401 | 429
    ));
    for raw in ["", "analyst", ":", "\u{0}:\u{0}"] {
        let header = format!("Basic {}", base64(raw.as_bytes()));
        let request = Request::get("/taxii2/").header("Authorization", &header);
        let status = request.send(node.address()).status;
        assert!(matches!(status, 401 | 429), "{raw:?}: {status}");
    }
}

#[test]
fn the_scheme_is_read_in_any_case() {
    let node = TestNode::embedded();
    let pair = base64(format!("{USER}:{PASSWORD}").as_bytes());
    for header in [
        format!("basic {pair}"),
        format!("BASIC {pair}"),
        format!("bearer {}", node.token),
    ] {
        let request = Request::get("/taxii2/").header("Authorization", &header);
        assert_eq!(request.send(node.address()).status, 200, "{header}");
    }
}

#[test]
fn a_password_may_hold_colons_and_any_letters() {
    let node = TestNode::embedded();
    let password = "a:b \u{e9}\u{4e2d}\u{1f600} :c";
    node.add_user("colon", password);
    assert_eq!(discovery(&node, "colon", password), 200);
    assert_eq!(discovery(&node, "colon", "a"), 401);
}

#[test]
fn a_right_password_is_hashed_once_and_then_remembered() {
    let node = TestNode::embedded();
    let first = cost(&node, || assert_eq!(discovery(&node, USER, PASSWORD), 200)).max(1);
    let again = cost(&node, || {
        for _ in 0..60 {
            assert_eq!(discovery(&node, USER, PASSWORD), 200);
        }
    });
    assert!(
        again < 30 * first,
        "60 requests cost {again} ticks, the first {first}"
    );
}

#[test]
fn a_wrong_password_costs_the_caller_time_and_not_the_node() {
    let mut node = TestNode::embedded();
    let first = cost(&node, || assert_eq!(discovery(&node, USER, "wrong 0"), 401)).max(1);
    let attempts = 80_u32;
    let address = node.address();
    let start = Instant::now();
    let spent = cost(&node, || {
        let guesses: Vec<_> = (0..attempts)
            .map(|number| {
                let request = Request::get("/taxii2/").basic(USER, &format!("wrong {number}"));
                std::thread::spawn(move || request.try_send(address).map(|answer| answer.status))
            })
            .collect();
        for guess in guesses {
            let status = guess.join().unwrap();
            assert!(matches!(status, Ok(401 | 429)), "{status:?}");
        }
    });
    println!(
        "{attempts} wrong guesses: {spent} ticks in {:?}; the first: {first}",
        start.elapsed()
    );
    assert!(
        spent < u64::from(attempts / 2) * first,
        "{attempts} guesses cost {spent} ticks, one costs {first}: every guess is hashed"
    );
    // Nobody else is shut out meanwhile.
    node.get("/taxii2/").expect(200);
    node.assert_alive();
}

#[test]
fn a_guessed_token_opens_nothing() {
    let node = TestNode::embedded();
    let mut near = node.token.clone();
    let last = near.pop().unwrap();
    for token in [
        near.clone(),
        format!("{near}{}", if last == 'a' { 'b' } else { 'a' }),
        String::new(),
    ] {
        Request::get("/taxii2/")
            .bearer(&token)
            .send(node.address())
            .expect(401);
    }
    assert_ne!(
        node.create_token(USER),
        node.token,
        "tokens are never alike"
    );
}

#[test]
fn rights_belong_to_one_account_and_apply_at_once() {
    on_each_store(|node| {
        node.add_user("second", "another password 3");
        let token = node.create_token("second");
        let ask = |path: &str| {
            Request::get(path)
                .bearer(&token)
                .send(node.address())
                .status
        };
        let path = objects(&node.rw);
        assert_eq!(ask(&path), 404);
        node.grant(&node.rw, "second", &["--read"]);
        assert_eq!(ask(&path), 200, "a grant applies to the running node");
        let post = Request::post(&path, envelope(&[indicator(1)])).bearer(&token);
        post.send(node.address()).expect(403);
        assert_eq!(node.get(&objects(&node.none)).status, 404);
    });
}

#[test]
fn an_admin_reads_only_what_is_granted() {
    let node = TestNode::embedded();
    let arguments = [
        "user",
        "add",
        "chief",
        "--role",
        "admin",
        "--password-stdin",
    ];
    node.cli_with_input(&arguments, "a third password 5")
        .expect(0);
    let token = node.create_token("chief");
    let request = Request::get(&objects(&node.rw)).bearer(&token);
    request.send(node.address()).expect(404);
}

#[test]
fn an_account_is_added_once_and_with_a_known_role() {
    let node = TestNode::embedded();
    let add = |name: &str, role: &str| {
        let arguments = ["user", "add", name, "--role", role, "--password-stdin"];
        node.cli_with_input(&arguments, "a third password 5")
    };
    let twice = add(USER, "viewer").expect(1);
    assert!(
        twice.err.contains(USER) && twice.err.contains("another name"),
        "{}",
        twice.err
    );
    let unknown = add("other", "king").expect(2);
    assert!(
        unknown.err.contains("viewer"),
        "names the roles: {}",
        unknown.err
    );
    for role in ["viewer", "analyst", "releaser", "duty", "auditor", "admin"] {
        add(&format!("person-{role}"), role).expect(0);
    }
    node.cli(&["token", "create", "--user", "nobody"]).expect(1);
}

#[test]
fn secrets_are_not_kept_in_the_clear() {
    let node = TestNode::embedded();
    assert_eq!(discovery(&node, USER, PASSWORD), 200);
    for secret in [PASSWORD, &node.token] {
        let mut grep = Command::new("grep");
        let found = grep
            .args(["-r", "-l", "-F", "-e", secret])
            .arg(node.data())
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8_lossy(&found.stdout),
            "",
            "a secret stands in the folder"
        );
    }
    let settings = node.cli(&["settings", "show"]).expect(0);
    assert!(!settings.out.contains(PASSWORD) && !settings.out.contains(&node.token));
}

#[test]
fn a_token_for_reading_reads_and_is_ended_by_its_id() {
    on_each_store(|node| {
        let create = ["token", "create", "--user", USER, "--name", "the collector"];
        let created = node.cli(&[&create[..], &["--scope", "read", "--days", "7"]].concat());
        let token = created.expect(0).out.trim().to_owned();
        let get = |path: &str| Request::get(path).bearer(&token).send(node.address());
        let path = objects(&node.rw);
        get(&path).expect(200);
        let shown = get(&collection(&node.rw)).expect(200).json();
        assert_eq!(
            (shown["can_read"].as_bool(), shown["can_write"].as_bool()),
            (Some(true), Some(false))
        );
        let all = get(&format!("{ROOT}collections/")).expect(200).json();
        let all = all["collections"].as_array().unwrap();
        assert!(all.iter().all(|one| one["can_write"] == false), "{all:?}");
        let post = Request::post(&path, envelope(&[indicator(1)])).bearer(&token);
        post.send(node.address()).expect(403);
        let delete = Request::delete(&object(&node.rw, &indicator_id(1)));
        delete.bearer(&token).send(node.address()).expect(403);
        let listed = node
            .cli(&["token", "list", "--user", USER, "--json"])
            .expect(0);
        assert!(!listed.out.contains(&token), "the list shows no token");
        let listed = listed.json();
        let mine = listed
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["name"] == "the collector");
        let mine = mine.unwrap();
        assert_eq!(mine["scope"], "read");
        assert!(
            mine["used"].is_string() && mine["expires"].is_string(),
            "{mine}"
        );
        let id = mine["id"].as_str().unwrap();
        node.cli(&["token", "revoke", id]).expect(0);
        get(&path).expect(401);
        node.get(&path).expect(200);
        let again = node.cli(&["token", "revoke", id]).expect(1);
        assert!(again.err.contains("comity token list"), "{}", again.err);
        node.cli(&["token", "revoke"]).expect(2);
        node.cli(&["token", "revoke", id, "--user", USER]).expect(2);
        node.cli(&["token", "revoke", "--user", USER]).expect(0);
        node.get(&path).expect(401);
    });
}

#[test]
fn a_new_password_and_another_role_apply_to_the_running_node() {
    let node = TestNode::embedded();
    assert_eq!(discovery(&node, USER, PASSWORD), 200);
    let new = "another password 3";
    let set = ["user", "password", USER, "--password-stdin"];
    node.cli_with_input(&set, "short").expect(2);
    node.cli_with_input(&set, new).expect(0);
    assert_eq!(discovery(&node, USER, PASSWORD), 401);
    assert_eq!(discovery(&node, USER, new), 200);
    node.cli(&["user", "role", USER, "--role", "duty"])
        .expect(0);
    let listed = node.cli(&["user", "list"]).expect(0);
    assert!(
        listed.out.contains(&format!("{USER}\tduty")),
        "{}",
        listed.out
    );
    node.cli(&["user", "role", "nobody", "--role", "duty"])
        .expect(1);
    assert_eq!(
        node.cli(&["user", "totp", USER]).expect(0).out.trim(),
        "off"
    );
    let off = node.cli(&["user", "totp", USER, "--off"]).expect(1);
    assert!(off.err.contains("hint:"), "{}", off.err);
    let sessions = node.cli(&["user", "sessions", USER, "--json"]).expect(0);
    assert_eq!(sessions.json(), serde_json::json!([]));
    node.cli(&["user", "sessions", USER, "--end"]).expect(0);
}

#[test]
fn who_tried_to_sign_in_and_who_changed_what_is_in_the_audit_log() {
    on_each_store(|node| {
        assert_eq!(discovery(node, USER, "wrong"), 401);
        assert_eq!(discovery(node, "my own password", "analyst"), 401);
        assert_eq!(discovery(node, USER, PASSWORD), 200);
        node.cli(&["user", "role", USER, "--role", "releaser"])
            .expect(0);
        let list = |more: &[&str]| {
            let arguments = [&["audit", "list", "--json"], more].concat();
            node.cli(&arguments)
                .expect(0)
                .json()
                .as_array()
                .unwrap()
                .clone()
        };
        let told = |rows: &[serde_json::Value]| -> Vec<String> {
            let rows = rows.iter().rev();
            let words = ["account", "operation", "target", "outcome"];
            rows.map(|row| words.map(|word| row[word].as_str().unwrap()).join("|"))
                .collect()
        };
        let all = list(&[]);
        let expected = [
            format!("{USER}|sign_in||refused"),
            "|sign_in||refused".to_owned(),
            format!("{USER}|sign_in||password"),
            format!("|set_user_role|{USER}|done"),
        ];
        let rows = told(&all);
        assert_eq!(rows[rows.len() - 4..], expected);
        assert_eq!(rows[0], format!("|add_user|{USER}|done"));
        assert!(!rows.concat().contains("my own password"));
        assert_eq!(
            told(&list(&["--account", USER])),
            [expected[0].clone(), expected[2].clone()]
        );
        assert_eq!(list(&["--operation", "set_user_role"]).len(), 1);
        let third = all[2]["id"].to_string();
        let older = list(&["--before", &third, "--limit", "2"]);
        assert_eq!(older, all[3..5]);
        node.cli(&["audit", "list", "--limit", "0"]).expect(2);
    });
}

#[test]
fn what_accounts_were_given_stands_in_the_ledger_which_verifies() {
    on_each_store(|node| {
        // An account, its token, three grants.
        let verified = || node.cli(&["ledger", "verify", "--json"]).expect(0).json();
        assert_eq!(verified()["grants"], 5, "{}", verified());
        node.cli(&["user", "role", USER, "--role", "duty"])
            .expect(0);
        assert_eq!(verified()["grants"], 6);
        node.cli(&["ledger", "fsck"]).expect(0);
        let folder = node.file("copy");
        let folder = folder.to_str().unwrap();
        node.cli(&["ledger", "export", folder]).expect(0);
        let mut grep = Command::new("grep");
        let named = grep
            .args(["-r", "-l", "-F", "-e", USER, folder])
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&named.stdout).lines().count(), 6);
    });
}

#[test]
fn the_first_account_and_invited_ones_are_made_by_links_that_are_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("node");
    let run = |arguments: &[&str]| {
        let mut command = comity(arguments);
        command.arg("--data").arg(&data);
        Said::run(command, "a third password 5")
    };
    run(&["init", "--party", "alpha", "--domain", "alpha.example"]).expect(0);
    let link = |serving: &Serving| {
        let said = serving.said();
        let line = said.lines().find(|line| line.contains("/welcome/"));
        line.map(|line| {
            let url = line.split_whitespace().nth(1).unwrap();
            assert!(
                url.starts_with(&format!("http://{}/welcome/", serving.address)),
                "{line}"
            );
            url.rsplit_once('/').unwrap().1.to_owned()
        })
    };
    let serve = || Serving::start(&data);
    let serving = serve();
    let first = link(&serving).unwrap();
    drop(serving);
    let serving = serve();
    let second = link(&serving).unwrap();
    assert!(first.len() >= 43 && first != second, "a new one each start");
    run(&[
        "user",
        "add",
        "chief",
        "--role",
        "admin",
        "--password-stdin",
    ])
    .expect(0);
    let invited = run(&["user", "invite", "dora", "--role", "duty", "--json"]).expect(0);
    let path = invited.json()["path"].as_str().unwrap().to_owned();
    let secret = path.strip_prefix("/welcome/").unwrap();
    assert!(secret.len() >= 43, "{path}");
    run(&["user", "invite", "chief", "--role", "duty"]).expect(1);
    drop(serving);
    let serving = serve();
    Request::get("/healthz").send(serving.address).expect(200);
    assert_eq!(link(&serving), None, "there is an account");
    for secret in [first.as_str(), second.as_str(), secret] {
        let mut grep = Command::new("grep");
        let found = grep
            .args(["-r", "-l", "-F", "-e", secret])
            .arg(&data)
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8_lossy(&found.stdout),
            "",
            "a secret stands in the folder"
        );
    }
}

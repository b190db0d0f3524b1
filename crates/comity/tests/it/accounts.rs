//! Accounts: passwords, tokens, rights, and what a wrong guess costs.
//!
//! In scope: sign-in over HTTP and the commands that make accounts. Out of scope: what a right allows
//! (`rules_semantics`).

use std::process::Command;
use std::time::Instant;

use crate::http::{Request, base64};
use crate::node::{PASSWORD, ROOT, TestNode, USER, objects, on_each_store};
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

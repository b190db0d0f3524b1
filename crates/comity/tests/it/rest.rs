//! REST as a program of a party's own person uses it: every operation, every role, and nothing that the person may not see.
//!
//! In scope: calls by HTTP with tokens of each role. Out of scope: pages (`pages`), what each act does (the suites of its subject).

mod fuzzed;

use std::collections::BTreeMap;

use comity_node::operation::schema::Form;
use comity_node::operation::table::OPERATIONS;
use comity_node::operation::{Method, Operation};
use comity_store::state::account::Role;
use serde_json::{Value, json};

use crate::exchange::party::{OPEN, Party, befriend, labelled, until};
use crate::http::{Answer, Request};
use crate::node::Store;
use crate::sample::{indicator, indicator_id};

pub(crate) fn post(path: &str, body: &Value) -> Request {
    Request::post(&format!("/api/v1{path}"), body.to_string())
        .header("Content-Type", "application/json")
        .without("Accept")
}

pub(crate) fn get(path: &str) -> Request {
    Request::get(&format!("/api/v1{path}")).without("Accept")
}

/// A node that serves, with an account and a token of each role.
fn with_roles() -> (Party, BTreeMap<&'static str, String>) {
    let mut alpha = Party::new("alpha", Store::Embedded);
    alpha.serve();
    let tokens = Role::ALL.map(|role| {
        let word = role.word();
        (word, alpha.account_of(word, None, word))
    });
    (alpha, tokens.into_iter().collect())
}

/// A call with something in each argument that must be there.
fn some_call(operation: &Operation) -> Request {
    let form = Form::of(operation);
    let mut path = operation.path.to_owned();
    let in_path: Vec<&str> = operation.arguments().collect();
    for name in &in_path {
        let schema = &form.members()[*name];
        let value = if schema["type"] == "integer" {
            "1"
        } else {
            "nothing"
        };
        path = path.replace(&format!("{{{name}}}"), value);
    }
    let rest = form
        .required()
        .iter()
        .filter(|name| !in_path.contains(&name.as_str()));
    let some: serde_json::Map<String, Value> = rest
        .map(|name| {
            let value = match form.members()[name]["type"].as_str() {
                Some("integer") => json!(1),
                Some("string") => json!("nothing"),
                _ => json!({}),
            };
            (name.clone(), value)
        })
        .collect();
    match operation.method {
        Method::Get => {
            let query: Vec<String> = some
                .iter()
                .map(|(name, value)| format!("{name}={}", value.to_string().trim_matches('"')))
                .collect();
            get(&format!("{path}?{}", query.join("&")))
        }
        Method::Post => post(&path, &Value::Object(some)),
        Method::Delete => Request::delete(&format!("/api/v1{path}")).without("Accept"),
    }
}

fn code(answer: &Answer) -> String {
    if answer.status < 400 {
        return String::new();
    }
    let said = answer.json();
    for member in ["type", "title", "status", "detail", "hint"] {
        assert!(!said[member].is_null(), "{member} in {said}");
    }
    said["code"].as_str().unwrap().to_owned()
}

#[test]
fn each_role_may_do_what_the_table_says_and_nothing_else() {
    let (alpha, tokens) = with_roles();
    let mut asked = 0;
    for operation in OPERATIONS {
        // Whoever ends its own account has no further call.
        let ends = matches!(
            operation.name,
            "remove_user" | "revoke_tokens" | "check_node"
        );
        for role in Role::ALL {
            let answer = alpha.ask(&tokens[role.word()], some_call(operation));
            let told = code(&answer);
            let may = operation.needs.is_of(role);
            assert_eq!(
                told != "role",
                may,
                "{} as {}: {} {told}",
                operation.name,
                role.word(),
                answer.status
            );
            assert!(
                answer.status < 500,
                "{} as {}: {}",
                operation.name,
                role.word(),
                answer.text()
            );
            assert!(
                may || answer.status == 403,
                "{} as {}",
                operation.name,
                role.word()
            );
            asked += 1;
        }
        let _ = ends;
    }
    assert_eq!(asked, OPERATIONS.len() * 6);
}

#[test]
fn whoever_is_not_this_partys_own_person_is_refused_every_call_alike() {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    befriend(&mut alpha, &mut bravo, OPEN);
    let theirs = alpha.account_of("liaison", Some("bravo"), "releaser");
    for operation in OPERATIONS {
        let stranger = some_call(operation).send(alpha.address());
        assert_eq!(code(&stranger), "unauthorized", "{}", operation.name);
        let other = alpha.ask(&theirs, some_call(operation));
        assert_eq!(code(&other), "not-own", "{}", operation.name);
    }
}

/// A node with an object that is bound to one person, and one that is not: the collection, who is named, tokens by role.
fn with_a_bound_object() -> (Party, String, String, BTreeMap<&'static str, String>) {
    let (alpha, tokens) = with_roles();
    let house = alpha.create_collection("House", &[]);
    let named = alpha.account_of("named", None, "analyst");
    for user in ["analyst", "named", "releaser", "auditor"] {
        alpha.grant(&house, user, &["--read", "--write"]);
    }
    let objects = [
        labelled(indicator(1), "RED"),
        labelled(indicator(2), "GREEN"),
    ];
    alpha.import(&house, &objects);
    let red = indicator_id(1);
    let name = ["object", "name", &red, "--user", "named"];
    alpha.cli(&name).expect(0);
    (alpha, house, named, tokens)
}

/// Every call that could show an object.
fn looks(house: &str, number: u32) -> [Request; 8] {
    let id = indicator_id(number);
    let object = indicator(number);
    let pattern = object["pattern"].as_str().unwrap();
    let values = json!({ "values": [pattern.split('\'').nth(1).unwrap()] });
    let name = object["name"].as_str().unwrap().replace(' ', "+");
    [
        get(&format!("/objects/{id}")),
        get(&format!("/objects/{id}/neighbours")),
        get(&format!("/objects?text={name}")),
        post("/values/search", &values),
        post("/values/match", &values),
        get(&format!("/collections/{house}/objects")),
        get("/releases"),
        get("/collections"),
    ]
}

#[test]
fn what_is_bound_to_persons_is_not_there_for_others() {
    let (alpha, house, named, tokens) = with_a_bound_object();
    let saw = |token: &str, number: u32| {
        let id = indicator_id(number);
        let calls = looks(&house, number).into_iter();
        calls
            .filter(|call| alpha.ask(token, call.clone()).text().contains(&id))
            .count()
    };
    assert!(saw(&named, 1) >= 4, "whoever is named sees it");
    let open = saw(&tokens["analyst"], 2);
    assert!(open >= 4, "what is not bound so is seen");
    for role in ["analyst", "releaser", "auditor", "viewer", "admin"] {
        assert_eq!(saw(&tokens[role], 1), 0, "{role}");
    }
    for (token, seen) in [(&tokens["analyst"], 1), (&named, 2)] {
        let counted = alpha.ask(token, get("/collections")).expect(200).json();
        assert_eq!(counted["items"][0]["objects"], seen, "{counted}");
    }
}

#[test]
fn what_may_not_be_seen_is_answered_as_what_is_not_there() {
    let (alpha, _, _, tokens) = with_a_bound_object();
    let told = |call: Request, id: &str| {
        let answer = alpha.ask(&tokens["releaser"], call);
        (answer.status, answer.text().replace(id, "ID"))
    };
    let calls = |id: &str| {
        let objects = json!({ "objects": [id], "party": "bravo", "dry_run": true });
        [
            get(&format!("/objects/{id}")),
            get(&format!("/objects/{id}/neighbours")),
            get(&format!("/releases?object={id}")),
            post("/releases", &objects),
            post("/recalls", &json!({ "objects": [id], "reason": "wrong" })),
            post(&format!("/objects/{id}/revocation"), &json!({})),
            post(
                &format!("/objects/{id}/readers"),
                &json!({ "user": "releaser" }),
            ),
        ]
    };
    let (bound, none) = (indicator_id(1), indicator_id(9));
    for (known, unknown) in calls(&bound).into_iter().zip(calls(&none)) {
        assert_eq!(told(known, &bound), told(unknown, &none));
    }
}

#[test]
fn a_call_with_a_key_is_done_once_and_answered_the_same() {
    let (alpha, tokens) = with_roles();
    let admin = &tokens["admin"];
    let make = |title: &str, key: &str| {
        let body = json!({ "title": title });
        alpha.ask(
            admin,
            post("/collections", &body).header("Idempotency-Key", key),
        )
    };
    let first = make("House", "k1").expect(200).json();
    assert_eq!(make("House", "k1").expect(200).json(), first);
    assert_eq!(code(&make("Another", "k1")), "key-used");
    let other = make("House", "k2").expect(200).json();
    assert_ne!(other["id"], first["id"]);
    let all = alpha.ask(admin, get("/collections")).expect(200).json();
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
    // What was refused changed nothing, so its key is free.
    let wrong = |alias: &str| {
        let body = json!({ "title": "T", "alias": alias });
        alpha.ask(
            admin,
            post("/collections", &body).header("Idempotency-Key", "k3"),
        )
    };
    assert!(wrong("NOT AN ALIAS").status >= 400);
    wrong("an-alias").expect(200);
}

#[test]
fn lists_go_on_behind_their_last_row() {
    let (alpha, tokens) = with_roles();
    for number in 0..7 {
        alpha.create_collection(&format!("C{number}"), &[]);
    }
    let admin = &tokens["admin"];
    let mut titles = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = alpha
            .ask(admin, get(&format!("/collections?limit=3{cursor}")))
            .expect(200)
            .json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 3);
        titles.extend(
            items
                .iter()
                .map(|row| row["title"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
        // What is added meanwhile hides nothing and brings nothing twice.
        alpha.create_collection("Later", &[]);
    }
    titles.retain(|title| title != "Later");
    assert_eq!(titles, ["C0", "C1", "C2", "C3", "C4", "C5", "C6"]);
    for wrong in ["limit=0", "limit=1001", "limit=x", "cursor=!!!"] {
        assert_eq!(
            code(&alpha.ask(admin, get(&format!("/collections?{wrong}")))),
            "bad-request",
            "{wrong}"
        );
    }
    assert_eq!(
        code(&alpha.ask(admin, get("/collections?cursor=bm90aGluZw"))),
        "cursor-gone"
    );
}

#[test]
fn bad_calls_are_told_what_to_do() {
    let (alpha, tokens) = with_roles();
    let admin = &tokens["admin"];
    let told = |call: Request| code(&alpha.ask(admin, call));
    assert_eq!(told(get("/nothing")), "not-found");
    assert_eq!(
        told(Request::delete("/api/v1/collections").without("Accept")),
        "method-not-allowed"
    );
    assert_eq!(
        told(post("/collections", &json!({ "titel": "House" }))),
        "bad-request"
    );
    assert_eq!(told(post("/collections", &json!({}))), "bad-request");
    assert_eq!(told(post("/collections", &json!([]))), "bad-request");
    assert_eq!(
        told(post("/collections", &json!({ "title": 7 }))),
        "bad-request"
    );
    assert_eq!(
        told(post("/collections", &json!({ "title": "x" })).header("Content-Type", "text/plain")),
        "media-type"
    );
    let answer = alpha.ask(admin, post("/collections", &json!({ "titel": "House" })));
    assert!(
        answer.text().contains("it takes alias, description, title"),
        "{}",
        answer.text()
    );
    let document = get("/openapi.json")
        .send(alpha.address())
        .expect(200)
        .json();
    assert_eq!(document["openapi"], "3.1.0");
}

#[test]
fn a_token_reaches_as_far_as_its_scope() {
    let (alpha, _) = with_roles();
    let token = |scope: &str| {
        let said = alpha
            .cli(&["token", "create", "--user", "admin", "--scope", scope])
            .expect(0);
        said.out.trim().to_owned()
    };
    let make = |token: &str| alpha.ask(token, post("/collections", &json!({ "title": "House" })));
    let (read, all) = (token("read"), token("all"));
    alpha.ask(&read, get("/collections")).expect(200);
    assert_eq!(code(&make(&read)), "scope");
    make(&all).expect(200);
}

#[test]
fn events_tell_what_a_list_would_and_nothing_else() {
    let (alpha, tokens) = with_roles();
    let poll = |token: &str, after: &str| {
        let call = get(&format!("/events?of=list_collections{after}"));
        alpha.ask(token, call).expect(200).json()
    };
    let before = poll(&tokens["admin"], "")["last"]
        .as_str()
        .unwrap()
        .to_owned();
    let viewer = poll(&tokens["viewer"], "")["last"]
        .as_str()
        .unwrap()
        .to_owned();
    alpha.create_collection("House", &[]);
    until("the change", || {
        let now = poll(&tokens["admin"], &format!("&after={before}"));
        (now["changes"].as_array()?.len() == 1).then_some(())
    });
    let theirs = poll(&tokens["viewer"], &format!("&after={viewer}"));
    assert_eq!(
        theirs["changes"],
        json!([]),
        "what a viewer does not see changed nothing for it"
    );
    assert_eq!(
        code(&alpha.ask(&tokens["admin"], get("/events?of=create_collection"))),
        "bad-request"
    );
    assert_eq!(
        code(&alpha.ask(&tokens["viewer"], get("/events?of=list_users"))),
        "role"
    );
}

#[test]
fn what_words_find_goes_on_by_cursor_and_many_objects_are_shown_at_once() {
    let (alpha, tokens) = with_roles();
    let analyst = &tokens["analyst"];
    let house = alpha.create_collection("House", &[]);
    let spare = alpha.create_collection("Spare", &[]);
    for name in [&house, &spare] {
        alpha.grant(name, "analyst", &["--read", "--write"]);
    }
    let all: Vec<Value> = (1..8)
        .map(|number| labelled(indicator(number), "GREEN"))
        .collect();
    alpha.import(&house, &all);
    // In two collections it is found in each.
    alpha.import(&spare, &all[..1]);
    let place = |row: &Value| format!("{} {}", row["collection"], row["object"]["id"]);
    let found = |more: &str| {
        let asked = format!("/objects?text=answered+scan{more}");
        alpha.ask(analyst, get(&asked)).expect(200).json()
    };
    let whole: Vec<String> = found("")["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(place)
        .collect();
    assert_eq!(whole.len(), 8, "{whole:?}");
    let (mut read, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = found(&format!("&limit=3{cursor}"));
        let rows = page["items"].as_array().unwrap();
        assert!(rows.len() <= 3, "{page}");
        read.extend(rows.iter().map(place));
        let Some(next) = page["next"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
        // What comes in front meanwhile moves nothing.
        let number = 20 + u32::try_from(read.len()).unwrap();
        alpha.import(&house, &[labelled(indicator(number), "GREEN")]);
    }
    assert_eq!(read, whole, "a stretch at a time it is the same list");
    let ids: Vec<String> = [3, 1, 9].map(indicator_id).to_vec();
    let shown = alpha.ask(analyst, post("/objects/show", &json!({ "ids": ids })));
    let shown = shown.expect(200).json();
    let shown: Vec<&Value> = shown.as_array().unwrap().iter().collect();
    let shown: Vec<&Value> = shown.iter().map(|row| &row["object"]["id"]).collect();
    assert_eq!(
        shown,
        [&ids[0], &ids[1], &ids[1]],
        "what is not held is left out"
    );
    let page = format!("/collections/{house}/objects?limit=2");
    let page = alpha.ask(analyst, get(&page)).expect(200).json();
    assert_eq!(page["objects"].as_array().unwrap().len(), 2);
    assert!(page["next"].is_u64(), "{page}");
    let many = json!({ "ids": vec![indicator_id(1); 1_001] });
    let refused = alpha.ask(analyst, post("/objects/show", &many));
    assert!((400..500).contains(&refused.status), "{}", refused.text());
}

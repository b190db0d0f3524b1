//! TAXII 2.1 on the wire: discovery, sign-in, media types, headers, the form of every body.
//!
//! In scope: rules 1 to 20 of `rules.table`. Out of scope: what the endpoints return (`rules_endpoints`).

use serde_json::{Value, json};

use crate::http::{Answer, Request, TAXII};
use crate::node::{
    PASSWORD, ROOT, TestNode, USER, collection, manifest, object, objects, versions,
};
use crate::sample::{
    envelope, indicator, indicator_id, indicators, is_taxii_timestamp, is_uuid_v4,
};

/// Every kind of path that a client may GET, for a collection and an object in it.
fn readable(node: &TestNode) -> Vec<String> {
    vec![
        "/taxii2/".to_owned(),
        ROOT.to_owned(),
        format!("{ROOT}collections/"),
        collection(&node.rw),
        manifest(&node.rw),
        objects(&node.rw),
        object(&node.rw, &indicator_id(1)),
        versions(&node.rw, &indicator_id(1)),
    ]
}

/// A node with one indicator in `rw`.
fn node_with_an_indicator() -> TestNode {
    let node = TestNode::embedded();
    node.post(&node.rw, &[indicator(1)]);
    node
}

/// Answers of every status that a client can provoke, with the status expected.
fn answers_of_every_status(node: &TestNode) -> Vec<Answer> {
    let rw = objects(&node.rw);
    let ask = |status: u16, request: Request| node.ask(request).expect(status);
    vec![
        ask(200, Request::get(&rw)),
        ask(202, Request::post(&rw, envelope(&[indicator(1)]))),
        ask(400, Request::get(&format!("{rw}?limit=none"))),
        ask(400, Request::post(&rw, "{")),
        Request::get(&rw).send(node.address()).expect(401),
        ask(403, Request::get(&objects(&node.wo))),
        ask(
            404,
            Request::get(&objects("6a2f2c1e-0000-4000-8000-000000000000")),
        ),
        ask(404, Request::get("/taxii2/elsewhere/")),
        ask(406, Request::get(&rw).header("Accept", "text/html")),
        ask(
            415,
            Request::post(&rw, "{}").header("Content-Type", "text/plain"),
        ),
    ]
}

fn assert_error_form(answer: &Answer) {
    let error = answer.json();
    assert!(
        error["title"]
            .as_str()
            .is_some_and(|title| !title.is_empty()),
        "{error}"
    );
    if let Some(status) = error.get("http_status") {
        assert_eq!(status, &json!(answer.status.to_string()));
    }
    for name in ["description", "error_id", "error_code", "external_details"] {
        assert!(
            error.get(name).is_none_or(Value::is_string),
            "{name} in {error}"
        );
    }
    assert!(error.get("details").is_none_or(Value::is_object), "{error}");
}

#[test]
fn discovery_is_at_the_root_of_the_server() {
    let node = TestNode::embedded();
    assert!(node.get("/taxii2/").expect(200).json()["title"].is_string());
    node.get("/prefix/taxii2/").expect(404);
}

#[test]
fn basic_sign_in_is_accepted_everywhere() {
    let node = node_with_an_indicator();
    for path in readable(&node) {
        Request::get(&path)
            .basic(USER, PASSWORD)
            .send(node.address())
            .expect(200);
    }
}

#[test]
fn missing_or_wrong_credentials_are_challenged() {
    let node = node_with_an_indicator();
    let assert_challenged = |request: &Request| {
        let answer = request.send(node.address()).expect(401);
        let challenge = answer.joined("www-authenticate").to_ascii_lowercase();
        assert!(challenge.contains("basic"), "{challenge}");
        assert_error_form(&answer);
    };
    for path in readable(&node) {
        let request = Request::get(&path);
        for header in ["Basic !!!", "Digest username=\"analyst\"", "Bearer", "7"] {
            assert_challenged(&request.clone().header("Authorization", header));
        }
        assert_challenged(&request);
    }
    let post = Request::post(&objects(&node.rw), envelope(&[indicator(2)]));
    assert_challenged(&post);
    assert_challenged(&Request::delete(&object(&node.rw, &indicator_id(1))));
    // Few enough guesses that the node does not yet ask this address to wait.
    assert_challenged(&post.bearer("no-such-token"));
    assert_challenged(&Request::get("/taxii2/").basic("nobody", PASSWORD));
    assert_challenged(&Request::get("/taxii2/").basic(USER, "wrong"));
    assert_eq!(node.get(&objects(&node.rw)).ids(), [indicator_id(1)]);
}

#[test]
fn a_path_without_its_last_slash_is_served() {
    let node = node_with_an_indicator();
    for path in readable(&node) {
        let short = path.trim_end_matches('/');
        let (long, short) = (node.get(&path).expect(200), node.get(short).expect(200));
        assert_eq!(long.body, short.body, "{path}");
    }
    let path = objects(&node.rw);
    let body = envelope(&[indicator(2)]);
    node.ask(Request::post(path.trim_end_matches('/'), body))
        .expect(202);
}

#[test]
fn a_post_needs_a_valid_accept_and_content_type() {
    let node = TestNode::embedded();
    let post = Request::post(&objects(&node.rw), envelope(&[indicator(1)]));
    node.ask(post.clone().header("Content-Type", "text/plain"))
        .expect(415);
    node.ask(post.clone().header("Accept", "text/html"))
        .expect(406);
    assert_eq!(
        node.get(&objects(&node.rw)).ids().len(),
        0,
        "refused and yet stored"
    );
    node.ask(post).expect(202);
}

#[test]
fn a_media_type_without_version_means_the_latest() {
    let node = TestNode::embedded();
    let bare = "application/taxii+json";
    let get = Request::get(&objects(&node.rw)).header("Accept", bare);
    assert_eq!(
        node.ask(get).expect(200).header("content-type"),
        Some(TAXII)
    );
    let post = Request::post(&objects(&node.rw), envelope(&[indicator(1)]));
    node.ask(post.header("Content-Type", bare).header("Accept", bare))
        .expect(202);
}

#[test]
fn every_answer_states_its_type_and_version() {
    let node = TestNode::embedded();
    for answer in answers_of_every_status(&node) {
        assert_eq!(
            answer.header("content-type"),
            Some(TAXII),
            "{}",
            answer.status
        );
    }
    for path in readable(&node) {
        assert_eq!(
            node.get(&path).expect(200).header("content-type"),
            Some(TAXII),
            "{path}"
        );
    }
    let deleted = node.delete(&object(&node.rw, &indicator_id(1))).expect(200);
    assert_eq!(deleted.header("content-type"), Some(TAXII));
}

#[test]
fn every_spelling_of_a_media_type_is_served() {
    let node = TestNode::embedded();
    let path = objects(&node.rw);
    for accept in [
        "application/taxii+json; version=2.1",
        "application/taxii+json;version=\"2.1\"",
        "Application/TAXII+JSON;Version=2.1",
        "application/taxii+json ; version=2.1",
        "application/taxii+json;version=2.1;q=0.5",
        "text/html;q=0.9, application/taxii+json;version=2.1;q=0.1",
        "application/xml,application/taxii+json",
        "application/taxii+json;version=2.0, application/taxii+json;version=2.1",
        "application/*",
        "*/*",
        "*/*;q=0.8",
    ] {
        let answer = node.ask(Request::get(&path).header("Accept", accept));
        assert_eq!(answer.status, 200, "{accept}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some(TAXII), "{accept}");
    }
    for content_type in [
        "application/taxii+json",
        "application/taxii+json; version=2.1",
        "application/taxii+json;version=\"2.1\"",
        "APPLICATION/TAXII+JSON;VERSION=2.1",
        "application/taxii+json;version=2.1;charset=utf-8",
    ] {
        let post = Request::post(&path, envelope(&[indicator(1)]));
        let answer = node.ask(post.header("Content-Type", content_type));
        assert_eq!(answer.status, 202, "{content_type}: {}", answer.text());
    }
}

#[test]
fn other_media_types_are_refused() {
    let node = TestNode::embedded();
    let path = objects(&node.rw);
    for accept in [
        "text/html",
        "application/taxii+json;version=2.0",
        "application/taxii+json;version=2.1;q=0",
        "application/vnd.oasis.taxii+json",
    ] {
        let answer = node.ask(Request::get(&path).header("Accept", accept));
        assert_eq!(answer.status, 406, "{accept}");
        assert_error_form(&answer);
    }
    for content_type in [
        "text/plain",
        "application/xml",
        "application/taxii+json;version=2.0",
    ] {
        let post = Request::post(&path, envelope(&[indicator(1)]));
        let answer = node.ask(post.header("Content-Type", content_type));
        assert_eq!(answer.status, 415, "{content_type}");
        assert_error_form(&answer);
    }
}

#[test]
fn the_manifest_takes_the_accept_of_its_table() {
    let node = node_with_an_indicator();
    let accept = "application/taxii+json;version=2.1,application/stix+json;version=2.1";
    let answer = node.ask(Request::get(&manifest(&node.rw)).header("Accept", accept));
    assert_eq!(answer.expect(200).header("content-type"), Some(TAXII));
}

#[test]
fn lists_carry_the_date_added_of_their_first_and_last() {
    let node = TestNode::embedded();
    node.post(&node.rw, &indicators(0..3));
    let records = node.get(&manifest(&node.rw)).expect(200).objects();
    let added = |index: usize| records[index]["date_added"].as_str().unwrap().to_owned();
    let one = indicator_id(1);
    for (path, first, last) in [
        (manifest(&node.rw), added(0), added(2)),
        (objects(&node.rw), added(0), added(2)),
        (format!("{}?limit=2", objects(&node.rw)), added(0), added(1)),
        (object(&node.rw, &one), added(1), added(1)),
        (versions(&node.rw, &one), added(1), added(1)),
    ] {
        let answer = node.get(&path).expect(200);
        assert_eq!(
            answer.header("x-taxii-date-added-first"),
            Some(first.as_str()),
            "{path}"
        );
        assert_eq!(
            answer.header("x-taxii-date-added-last"),
            Some(last.as_str()),
            "{path}"
        );
    }
}

#[test]
fn a_client_without_user_agent_is_served() {
    let node = TestNode::embedded();
    let request = Request::get("/taxii2/").without("User-Agent");
    node.ask(request.clone()).expect(200);
    node.ask(request.header("User-Agent", "")).expect(200);
}

#[test]
fn bodies_are_i_json() {
    let node = TestNode::embedded();
    let path = objects(&node.rw);
    let good = indicator(1).to_string();
    let mark = [
        b"\xEF\xBB\xBF".as_slice(),
        envelope(&[indicator(1)]).as_bytes(),
    ]
    .concat();
    node.ask(Request::post(&path, mark)).expect(400);
    let twice = format!("{{\"objects\":[{good}],\"objects\":[]}}");
    node.ask(Request::post(&path, twice)).expect(400);
    let latin = envelope(&[indicator(1)]).replace("Indicator 1", "Indicateur \u{e9}");
    let latin: Vec<u8> = latin.chars().map(|c| c as u8).collect();
    node.ask(Request::post(&path, latin)).expect(400);
    // Inside one object a double key is that object's failure.
    let double = good.replacen("\"name\"", "\"name\":\"a\",\"name\"", 1);
    let status = node.post_text(&node.rw, &format!("{{\"objects\":[{double}]}}"));
    assert_eq!(status["failure_count"], 1, "{status}");
    let answer = node.get(&path).expect(200);
    assert_eq!(
        answer.objects().len(),
        0,
        "a body that is not I-JSON was stored"
    );
    assert!(!answer.body.starts_with(b"\xEF\xBB\xBF"));
}

#[test]
fn timestamps_have_exactly_microseconds() {
    let node = TestNode::embedded();
    let status = node.post(&node.rw, &indicators(0..3));
    let requested = status["request_timestamp"].as_str().unwrap();
    assert!(is_taxii_timestamp(requested), "{requested}");
    let answer = node.get(&manifest(&node.rw)).expect(200);
    for record in answer.objects() {
        let added = record["date_added"].as_str().unwrap();
        assert!(is_taxii_timestamp(added), "{added}");
    }
    for path in [manifest(&node.rw), objects(&node.rw), objects(&node.ro)] {
        let answer = node.get(&path).expect(200);
        for header in ["x-taxii-date-added-first", "x-taxii-date-added-last"] {
            let value = answer.header(header).unwrap();
            assert!(is_taxii_timestamp(value), "{path} {header}: {value}");
        }
    }
}

#[test]
fn identifiers_are_version_4_and_empty_lists_are_left_out() {
    let node = TestNode::embedded();
    let listed = node.get(&format!("{ROOT}collections/")).expect(200).json();
    for collection in listed["collections"].as_array().unwrap() {
        assert!(
            is_uuid_v4(collection["id"].as_str().unwrap()),
            "{collection}"
        );
    }
    let status = node.post(&node.rw, &[indicator(1)]);
    assert!(is_uuid_v4(status["id"].as_str().unwrap()), "{status}");
    for name in ["failures", "pendings"] {
        assert_eq!(
            status.get(name),
            None,
            "{name} is empty and must be left out"
        );
    }
    for path in [objects(&node.ro), manifest(&node.ro)] {
        assert_eq!(
            node.get(&path).expect(200).json().get("objects"),
            None,
            "{path}"
        );
    }
    node.add_user("stranger", "another password 3");
    let stranger = node.create_token("stranger");
    let request = Request::get(&format!("{ROOT}collections/")).bearer(&stranger);
    assert_eq!(
        request
            .send(node.address())
            .expect(200)
            .json()
            .get("collections"),
        None
    );
}

#[test]
fn names_are_exact() {
    let node = TestNode::embedded();
    let body = json!({ "Objects": [indicator(1)] }).to_string();
    let answer = node.ask(Request::post(&objects(&node.rw), body));
    assert!(
        matches!(answer.status, 202 | 400 | 422),
        "{}",
        answer.text()
    );
    assert_eq!(
        node.get(&objects(&node.rw)).objects().len(),
        0,
        "`Objects` is not `objects`"
    );
    let mut renamed = indicator(1);
    renamed["ID"] = renamed.as_object_mut().unwrap().remove("id").unwrap();
    assert_eq!(
        node.post(&node.rw, &[renamed])["failure_count"],
        1,
        "`ID` is not `id`"
    );
}

#[test]
fn custom_properties_of_an_envelope_are_ignored() {
    let node = TestNode::embedded();
    let body = json!({ "x_example_batch": "7", "objects": [indicator(1)] }).to_string();
    assert_eq!(node.post_text(&node.rw, &body)["success_count"], 1);
}

#[test]
fn errors_have_the_form_of_the_standard() {
    let node = TestNode::embedded();
    let errors = answers_of_every_status(&node);
    let errors: Vec<_> = errors
        .iter()
        .filter(|answer| answer.status >= 400)
        .collect();
    assert_eq!(errors.len(), 8);
    for answer in errors {
        assert_error_form(answer);
    }
}

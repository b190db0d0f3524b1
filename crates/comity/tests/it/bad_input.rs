//! Bad input: whatever is sent, the answer says what is wrong, good objects are kept, and the node goes on.
//!
//! In scope: broken bodies, broken objects, broken HTTP, limits. Out of scope: rights and sign-in (`accounts`).

use std::io::{Read as _, Write as _};
use std::time::Duration;

use serde_json::{Value, json};

use crate::http::{Answer, Request, connect};
use crate::node::{Store, TestNode, USER, objects, on_each_store};
use crate::sample::{envelope, indicator, indicator_id, indicators};

/// Posts a body that is no envelope: a refusal with a title, nothing stored, and the node lives.
fn assert_refused(node: &mut TestNode, name: &str, body: &[u8], statuses: &[u16]) {
    let answer = node.ask(Request::post(&objects(&node.rw), body));
    assert!(
        statuses.contains(&answer.status),
        "{name}: {} {}",
        answer.status,
        answer.text()
    );
    let error = answer.json();
    assert!(
        error["title"].as_str().is_some_and(|title| title.len() > 3),
        "{name}: {error}"
    );
    assert_eq!(
        node.get(&objects(&node.rw)).objects().len(),
        0,
        "{name}: stored"
    );
    node.assert_alive();
}

#[test]
fn bodies_that_are_no_envelope_are_refused() {
    let mut node = TestNode::embedded();
    let good = envelope(&[indicator(1)]);
    let cut = &good.as_bytes()[..good.len() - 7];
    let deep_object = format!(
        "{{\"objects\":[{}1{}]}}",
        "{\"a\":".repeat(50_000),
        "}".repeat(50_000)
    );
    let latin = [b"{\"objects\":[\"".as_slice(), b"\xff\xfe", b"\"]}"].concat();
    let utf_16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (trailing, two) = (format!("{good} x"), format!("{good}{good}"));
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    let cases: [(&str, &[u8], &[u16]); 14] = [
        ("empty", b"", &[400]),
        ("truncated", cut, &[400]),
        ("trailing text", trailing.as_bytes(), &[400]),
        ("two envelopes", two.as_bytes(), &[400]),
        ("comment", b"{/**/\"objects\":[]}", &[400]),
        ("not a number", b"{\"objects\":[NaN]}", &[400]),
        ("NUL bytes", &[0; 64], &[400]),
        ("not UTF-8", &latin, &[400]),
        ("UTF-16", &utf_16, &[400]),
        ("key twice", b"{\"objects\":[],\"objects\":[]}", &[400]),
        (
            "objects is text",
            b"{\"objects\":\"indicator\"}",
            &[400, 422],
        ),
        ("array", b"[]", &[400, 422]),
        ("nested arrays", &deep, &[400, 413, 422]),
        ("nested objects", deep_object.as_bytes(), &[400, 413, 422]),
    ];
    for (name, body, statuses) in cases {
        assert_refused(&mut node, name, body, statuses);
    }
}

/// Objects that break one rule each: what is wrong, the text, and a word that the message must hold.
fn bad_objects() -> Vec<(&'static str, String, &'static str)> {
    let changed = |name: &str, value: Value| {
        let mut object = indicator(9);
        object[name] = value;
        object.to_string()
    };
    let without = |name: &str| {
        let mut object = indicator(9);
        object.as_object_mut().unwrap().remove(name);
        object.to_string()
    };
    let good = indicator(9).to_string();
    let nested = format!(
        "{{\"x_example_deep\":{}1{},",
        "[".repeat(500),
        "]".repeat(500)
    );
    let tool = indicator_id(9).replace("indicator", "tool");
    vec![
        ("wrong id", changed("id", json!("indicator--9")), "id"),
        ("id of another type", changed("id", json!(tool)), "id"),
        ("no id", without("id"), "id"),
        ("no type", without("type"), "type"),
        ("type is a number", changed("type", json!(5)), "type"),
        ("no created", without("created"), "created"),
        ("no modified", without("modified"), "modified"),
        (
            "modified is a number",
            changed("modified", json!(2020)),
            "modified",
        ),
        (
            "marking is text",
            changed("object_marking_refs", json!("red")),
            "object_marking_refs",
        ),
        (
            "key twice",
            good.replacen("\"name\"", "\"name\":\"a\",\"name\"", 1),
            "name",
        ),
        (
            "half a surrogate pair",
            good.replacen("Indicator 9", "\\ud800", 1),
            "",
        ),
        ("too deep", good.replacen('{', &nested, 1), ""),
        ("a number", "7".to_owned(), ""),
        ("null", "null".to_owned(), ""),
        ("a list", "[]".to_owned(), ""),
    ]
}

#[test]
fn a_bad_object_fails_alone_and_is_named_with_its_rule() {
    on_each_store(|node| {
        for (count, (name, bad, word)) in (1..).zip(bad_objects()) {
            let kept = indicator(100 + count).to_string();
            let status = node.post_text(&node.rw, &format!("{{\"objects\":[{bad},{kept}]}}"));
            assert_eq!(status["failure_count"], 1, "{name}: {status}");
            assert_eq!(status["success_count"], 1, "{name}: {status}");
            let message = status["failures"][0]["message"].as_str().unwrap();
            assert!(message.contains(word), "{name}: {message}");
            let rule = ["section", "RFC", "limit"]
                .iter()
                .any(|word| message.contains(word));
            assert!(rule, "{name}: no rule in {message}");
            let stored = node.get(&objects(&node.rw)).expect(200).ids().len() as u32;
            assert_eq!(
                stored, count,
                "{name}: the good object is kept, the bad one is not"
            );
        }
    });
}

#[test]
fn too_many_objects_are_refused_whole() {
    let mut node = TestNode::embedded();
    // Small items, so that the count is what exceeds a limit and not the bytes.
    let body = format!("{{\"objects\":[{}{{}}]}}", "{},".repeat(200_000));
    assert_refused(&mut node, "200,001 items", body.as_bytes(), &[413, 422]);
}

#[test]
fn a_body_over_the_limit_is_refused_before_it_is_read_to_the_end() {
    let settings = [("taxii", "max_content_length", "100000")];
    let mut node = TestNode::start_with(Store::Embedded, &settings);
    let mut stream = connect(node.address()).unwrap();
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\
         Accept: */*\r\nContent-Type: application/taxii+json\r\nContent-Length: 9000000000\r\n\r\n",
        objects(&node.rw),
        node.token
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The body never comes: the length alone decides.
    let mut raw = Vec::new();
    let _ = stream.read_to_end(&mut raw);
    let answer = Answer::parse(&raw)
        .expect("an answer without waiting for the body")
        .expect(413);
    assert!(
        answer.text().contains("100000"),
        "names the limit: {}",
        answer.text()
    );
    node.assert_alive();
}

#[test]
fn a_body_that_breaks_off_stores_nothing() {
    on_each_store(|node| {
        let body = envelope(&indicators(0..10));
        for part in [0, 1, body.len() / 2, body.len() - 1] {
            let mut stream = connect(node.address()).unwrap();
            let head = format!(
                "POST {} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\nAccept: */*\r\n\
                 Content-Type: application/taxii+json\r\nContent-Length: {}\r\n\r\n",
                objects(&node.rw),
                node.token,
                body.len()
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&body.as_bytes()[..part]).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            let mut raw = Vec::new();
            let _ = stream.read_to_end(&mut raw);
            if let Some(answer) = Answer::parse(&raw) {
                assert!(answer.status >= 400, "{}", answer.text());
            }
        }
        assert_eq!(node.get(&objects(&node.rw)).objects().len(), 0);
        node.assert_alive();
    });
}

#[test]
fn broken_http_does_not_stop_the_node() {
    let mut node = TestNode::embedded();
    let long = format!(
        "GET /taxii2/?{} HTTP/1.1\r\nHost: a\r\n\r\n",
        "a".repeat(300_000)
    );
    let headers = format!(
        "GET /taxii2/ HTTP/1.1\r\nHost: a\r\n{}\r\n",
        "X-A: b\r\n".repeat(5_000)
    );
    let value = format!(
        "GET /taxii2/ HTTP/1.1\r\nHost: a\r\nX-A: {}\r\n\r\n",
        "b".repeat(3_000_000)
    );
    for raw in [
        "\r\n\r\n",
        "nonsense\r\n\r\n",
        "GET\r\n\r\n",
        "GET /taxii2/ HTTP/9.9\r\n\r\n",
        "GET /taxii2/ HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}",
        &long,
        &headers,
        &value,
    ] {
        let mut stream = connect(node.address()).unwrap();
        let _ = stream.write_all(raw.as_bytes());
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        if let Some(answer) = Answer::parse(&answer) {
            assert!(
                answer.status >= 400,
                "{:?}: {}",
                &raw[..raw.len().min(40)],
                answer.status
            );
        }
        node.assert_alive();
    }
}

/// The head of a POST to `rw` with a body of so many bytes.
fn post_head(node: &TestNode, bytes: usize) -> String {
    format!(
        "POST {} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\nAccept: {TAXII}\r\nContent-Type: {TAXII}\r\n\
         Content-Length: {bytes}\r\nConnection: close\r\n\r\n",
        objects(&node.rw),
        node.token
    )
}

const TAXII: &str = "application/taxii+json;version=2.1";

#[test]
fn a_client_that_sends_all_before_it_reads_learns_that_it_was_too_much() {
    let mut node = TestNode::start_with(
        Store::Embedded,
        &[("taxii", "max_content_length", "100000")],
    );
    let bytes = 40_000_000;
    let mut stream = connect(node.address()).unwrap();
    stream
        .write_all(post_head(&node, bytes).as_bytes())
        .unwrap();
    stream.write_all(&vec![b' '; bytes]).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = Answer::parse(&answer).unwrap().expect(413);
    assert!(answer.text().contains("split it"), "{}", answer.text());
    node.assert_alive();
}

#[test]
fn a_body_that_drips_gives_its_place_to_others() {
    let mut node = TestNode::start_with(
        Store::Embedded,
        &[
            ("serve", "pause_seconds_max", "1"),
            ("taxii", "bodies_at_once", "1"),
        ],
    );
    let mut stream = connect(node.address()).unwrap();
    stream
        .write_all(post_head(&node, 1_000_000).as_bytes())
        .unwrap();
    // A byte, then a wait for an answer that is shorter than the pause allowed.
    stream
        .set_read_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    let mut answer = vec![0; 4096];
    let read = loop {
        stream.write_all(b" ").unwrap();
        match stream.read(&mut answer) {
            Ok(read) => break read,
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock, "{error}"),
        }
    };
    let answer = Answer::parse(&answer[..read]).unwrap();
    assert_eq!(answer.status, 408);
    node.post(&node.rw, &[indicator(1)]);
    node.assert_alive();
}

#[test]
fn odd_paths_and_queries_get_an_error_of_the_standard() {
    let mut node = TestNode::embedded();
    let rw = objects(&node.rw);
    for path in [
        "/taxii2/exchange/collections/%00/objects/".to_owned(),
        "/taxii2/exchange/collections/../../".to_owned(),
        "/taxii2/exchange/collections/%2e%2e%2f%2e%2e/objects/".to_owned(),
        format!("/taxii2/exchange/collections/{}/", "a".repeat(5_000)),
        format!("{rw}indicator--%ff%fe/"),
        format!("{rw}?limit=%ff"),
        format!("{rw}?match[version]=%zz"),
        format!("{rw}?next=%00%01"),
        format!("{rw}?next={}", "A".repeat(10_000)),
        format!("{rw}?added_after=9999999-01-01T00:00:00Z"),
    ] {
        let answer = node.get(&path);
        assert!(
            matches!(answer.status, 400 | 404 | 414),
            "{path}: {}",
            answer.status
        );
        assert!(answer.json()["title"].is_string(), "{path}");
        node.assert_alive();
    }
    for method in ["PUT", "PATCH", "DELETE", "OPTIONS", "BREW"] {
        let answer = node.ask(Request::new(method, &rw));
        assert!(
            matches!(answer.status, 404 | 405),
            "{method}: {}",
            answer.status
        );
    }
}

#[test]
fn many_values_in_one_filter_are_served_or_refused() {
    let mut node = TestNode::embedded();
    node.post(&node.rw, &indicators(0..3));
    let many: Vec<String> = (0..500).map(indicator_id).collect();
    let path = format!("{}?match[id]={}", objects(&node.rw), many.join(","));
    let answer = node.get(&path);
    assert!(
        matches!(answer.status, 200 | 400 | 414 | 431),
        "{}",
        answer.status
    );
    if answer.status == 200 {
        assert_eq!(answer.ids().len(), 3);
    }
    node.assert_alive();
}

#[test]
fn errors_do_not_tell_of_other_accounts_or_collections() {
    let node = TestNode::embedded();
    let hidden = node.get(&objects(&node.none)).expect(404);
    let missing = node
        .get(&objects("6a2f2c1e-0000-4000-8000-000000000000"))
        .expect(404);
    let (mut hidden, mut missing) = (hidden.json(), missing.json());
    for error in [&mut hidden, &mut missing] {
        error.as_object_mut().unwrap().remove("error_id");
    }
    let hidden = hidden.to_string().replace(&node.none, "ID");
    let missing = missing
        .to_string()
        .replace("6a2f2c1e-0000-4000-8000-000000000000", "ID");
    assert_eq!(
        hidden, missing,
        "a collection without rights looks like none at all"
    );
    let unknown = Request::get("/taxii2/")
        .basic("nobody", "x")
        .send(node.address())
        .expect(401);
    let wrong = Request::get("/taxii2/")
        .basic(USER, "x")
        .send(node.address())
        .expect(401);
    let title = |answer: &Answer| {
        (
            answer.json()["title"].clone(),
            answer.json()["description"].clone(),
        )
    };
    assert_eq!(
        title(&unknown),
        title(&wrong),
        "an unknown name looks like a wrong password"
    );
}

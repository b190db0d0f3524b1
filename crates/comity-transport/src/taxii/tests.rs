//! The TAXII client against answers of many kinds.

use serde_json::json;

use super::*;
use crate::mock::{Give, Got, Mock};

const ID: &str = "91a7b528-80eb-42ed-a74d-c6fbd5a26116";

fn server(got: &Got) -> Give {
    let collection = json!({"id": ID, "title": "Shared", "alias": "shared", "can_read": true, "can_write": false});
    let other = json!({"id": "00000000-0000-4000-8000-000000000000", "title": "Other"});
    match got.path.as_str() {
        "/taxii2/" => Give::json(
            200,
            &json!({"title": "T", "default": "/api1/", "api_roots": ["/api1/", "/broken/"]}),
        ),
        "/api1/" => Give::json(
            200,
            &json!({
                "title": "A", "versions": ["application/taxii+json;version=2.1"], "max_content_length": 1000, "x_new": [1]
            }),
        ),
        "/api1/collections/" => match got.parameter("next") {
            None => Give::json(
                200,
                &json!({"collections": [other], "more": true, "next": 7}),
            ),
            Some(_) => Give::json(
                200,
                &json!({"collections": [collection], "more": true, "next": "8"}),
            ),
        },
        "/odd/" => Give::json(200, &json!({"title": "no API root"})),
        "/odd/collections/by-id/" => Give(500, vec![], b"<html>Internal".to_vec()),
        path if path == format!("/api1/collections/{ID}/") => Give::json(200, &collection),
        path if path.starts_with("/status/") => {
            let status: u16 = path
                .trim_matches(|letter: char| !letter.is_ascii_digit())
                .parse()
                .expect("a status");
            Give::json(
                status,
                &json!({"title": "No\u{7}", "description": "because", "http_status": "0"}),
            )
        }
        "/page/" => Give(200, vec![], b"<!DOCTYPE html>".to_vec()),
        _ => Give::json(404, &json!({"title": "Nothing here"})),
    }
}

#[tokio::test]
async fn an_address_of_any_kind_leads_to_the_collection() {
    let mock = Mock::start(server);
    for path in [
        "/",
        "/taxii2",
        "/taxii2/",
        "/api1",
        "/api1/",
        "/api1/collections/",
    ] {
        let found = mock.taxii(path).resolve().await.expect("resolved");
        for wanted in [ID, "shared", "Shared"] {
            let (root, collection) = found.choose(Some(wanted)).expect("the collection");
            assert_eq!(
                (root.url.path(), collection.id.as_str()),
                ("/api1/", ID),
                "{path} {wanted}"
            );
            assert_eq!(
                root.info.as_ref().and_then(|info| info.max_content_length),
                Some(1000)
            );
            assert!(collection.can_read && !collection.can_write);
        }
        assert!(found.choose(None).is_none(), "two collections, none chosen");
    }
    for path in [
        format!("/api1/collections/{ID}"),
        format!("/api1/collections/{ID}/objects/"),
    ] {
        let found = mock.taxii(&path).resolve().await.expect("resolved");
        let (root, collection) = found.choose(None).expect("the collection");
        assert_eq!((root.url.path(), collection.id.as_str()), ("/api1/", ID));
    }
    let found = mock
        .taxii("/api1/collections/Shared/")
        .resolve()
        .await
        .expect("resolved by title");
    assert_eq!(found.choose(None).expect("the collection").1.id, ID);
    let found = mock.taxii("/taxii2/").resolve().await.expect("resolved");
    assert!(found.roots[1].trouble.is_some(), "the broken root says why");
    assert!(
        mock.got()
            .iter()
            .all(|got| got.header("accept") == Some("application/taxii+json;version=2.1"))
    );
}

#[tokio::test]
async fn a_collection_that_the_server_cannot_describe_is_used_by_its_address() {
    let mock = Mock::start(server);
    let found = mock
        .taxii("/odd/collections/by-id/objects/")
        .resolve()
        .await
        .expect("resolved");
    let (root, collection) = found.choose(None).expect("the collection");
    assert_eq!(
        (root.url.path(), collection.id.as_str(), collection.can_read),
        ("/odd/", "by-id", true)
    );
}

#[tokio::test]
async fn what_is_not_taxii_is_said_to_be_so() {
    let mock = Mock::start(server);
    let check = |path: &'static str, words: &'static str| {
        let client = mock.taxii(path);
        async move {
            let error = client.resolve().await.expect_err("not TAXII").to_string();
            assert!(
                error.contains(words) && error.contains("127.0.0.1:"),
                "{error}"
            );
        }
    };
    check("/page/", "a web page").await;
    check("/odd/", "neither a discovery nor an API root").await;
    check("/nowhere/", "it says: Nothing here").await;
    check("/api1/collections/wrong/", "shows no collection `wrong`").await;
}

#[tokio::test]
async fn every_status_says_what_to_do() {
    let mock = Mock::start(server);
    for (status, words) in [
        (401, "check the user and password"),
        (403, "ask its operator for the right"),
        (404, "check the address"),
        (406, "may not speak TAXII 2.1"),
        (413, "send fewer objects"),
        (422, "check their type and version"),
        (400, "check the filters"),
        (429, "try again later"),
        (503, "try again later"),
        (500, "the fault is on its side"),
    ] {
        let client = mock.taxii(&format!("/status/{status}/"));
        let error = client
            .api_root(client.base())
            .await
            .expect_err("a status")
            .to_string();
        assert!(
            error.contains(words) && error.contains("it says: No ; because"),
            "{status}: {error}"
        );
    }
}

#[tokio::test]
async fn queries_and_paths_are_written_as_the_standard_says() {
    let mock = Mock::start(|_| {
        Give::json(
            200,
            &json!({"objects": [], "versions": ["1"], "more": false}),
        )
    });
    let (client, root) = (mock.taxii("/api/"), mock.url("/api/"));
    let query = PageQuery {
        added_after: Some("2026-01-01T00:00:00.000000Z".to_owned()),
        limit: Some(5),
        match_type: vec!["indicator".to_owned(), "x-a".to_owned()],
        match_version: vec!["all".to_owned()],
        ..PageQuery::default()
    };
    client.page(&root, "c 1", &query).await.expect("a page");
    client
        .manifest(&root, "c", &PageQuery::default())
        .await
        .expect("a page");
    client
        .object(&root, "c", "indicator--1", &PageQuery::default())
        .await
        .expect("a page");
    assert_eq!(
        client
            .versions(&root, "c", "i--1", &PageQuery::default())
            .await
            .expect("a page")
            .versions,
        ["1"]
    );
    client
        .delete(&root, "c", "i--1", &PageQuery::default())
        .await
        .expect("deleted");
    let got = mock.got();
    let paths: Vec<_> = got
        .iter()
        .map(|got| format!("{} {}", got.method, got.path))
        .collect();
    assert_eq!(
        paths,
        [
            "GET /api/collections/c%201/objects/",
            "GET /api/collections/c/manifest/",
            "GET /api/collections/c/objects/indicator--1/",
            "GET /api/collections/c/objects/i--1/versions/",
            "DELETE /api/collections/c/objects/i--1/",
        ]
    );
    assert_eq!(got[0].parameter("match[type]"), Some("indicator,x-a"));
    assert_eq!(
        got[0].parameter("added_after"),
        Some("2026-01-01T00:00:00.000000Z")
    );
    assert!(got[1].query.is_empty());
}

#[tokio::test]
async fn a_page_keeps_its_objects_byte_for_byte() {
    let body =
        "{\"more\":true,\"next\":12,\"x\":{},\"objects\":[ {\"b\" : 1.0, \"a\":\"\\u00e9\"} ,{}]}";
    let mock = Mock::start(move |_| {
        Give(
            200,
            vec![("x-taxii-date-added-last", "2026".to_owned())],
            body.into(),
        )
    });
    let page = mock
        .taxii("/")
        .page(&mock.url("/"), "c", &PageQuery::default())
        .await
        .expect("a page");
    assert_eq!(page.objects, ["{\"b\" : 1.0, \"a\":\"\\u00e9\"}", "{}"]);
    assert_eq!(
        (
            page.more,
            page.next.as_deref(),
            page.date_added_last.as_deref()
        ),
        (true, Some("12"), Some("2026"))
    );
    assert_eq!(page.body, body);
}

#[tokio::test]
async fn waiting_ends_with_the_status_or_the_deadline() {
    let mut times = 0;
    let mock = Mock::start(move |_| {
        times += 1;
        let status = if times < 2 { "pending" } else { "complete" };
        Give::json(
            200,
            &json!({"id": "s1", "status": status, "pending_count": 3}),
        )
    });
    let (client, root) = (mock.taxii("/"), mock.url("/api/"));
    let pending = || Status {
        id: "s1".to_owned(),
        status: "pending".to_owned(),
        pending_count: 3,
        ..Status::default()
    };
    let error = client
        .wait(&root, pending(), Instant::now())
        .await
        .expect_err("the deadline")
        .to_string();
    assert!(
        error.contains("3 of the objects sent (status s1)"),
        "{error}"
    );
    let done = client
        .wait(&root, pending(), Instant::now() + Duration::from_secs(10))
        .await
        .expect("complete");
    assert!(done.complete() && mock.got().len() == 2);
    assert!(mock.got().iter().all(|got| got.path == "/api/status/s1/"));
}

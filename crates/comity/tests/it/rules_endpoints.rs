//! TAXII 2.1 endpoint by endpoint: the properties of each resource and the codes of each answer.
//!
//! In scope: rows E1 to E11 of `rules.table`. Out of scope: filters and paging (`rules_semantics`).

use serde_json::{Value, json};

use crate::http::{Request, TAXII};
use crate::node::{ROOT, TestNode, collection, manifest, object, objects, on_each_store, versions};
use crate::sample::{indicator, indicator_at, indicator_id, is_uuid_v4, uuid};

/// Asserts that a resource has only properties of its table, and the required ones.
fn assert_properties(resource: &Value, required: &[&str], optional: &[&str]) {
    let found = resource.as_object().unwrap();
    for name in required {
        assert!(found.contains_key(*name), "no {name} in {resource}");
    }
    for name in found.keys() {
        let known = required.contains(&name.as_str()) || optional.contains(&name.as_str());
        assert!(known || name.starts_with("x_"), "{name} in {resource}");
    }
}

fn assert_type(value: &Value, name: &str, is: fn(&Value) -> bool) {
    if let Some(found) = value.get(name) {
        assert!(is(found), "{name} in {value}");
    }
}

#[test]
fn discovery_describes_the_server() {
    let node = TestNode::embedded();
    let found = node.get("/taxii2/").expect(200).json();
    assert_properties(
        &found,
        &["title"],
        &["description", "contact", "default", "api_roots"],
    );
    for name in ["title", "description", "contact", "default"] {
        assert_type(&found, name, Value::is_string);
    }
    let roots = found["api_roots"].as_array().unwrap();
    assert!(roots.contains(&json!(ROOT)), "{found}");
    assert!(
        found
            .get("default")
            .is_none_or(|default| roots.contains(default)),
        "{found}"
    );
    Request::get("/taxii2/").send(node.address()).expect(401);
    node.ask(Request::get("/taxii2/").header("Accept", "text/html"))
        .expect(406);
}

#[test]
fn an_api_root_describes_itself() {
    let node = TestNode::embedded();
    let found = node.get(ROOT).expect(200).json();
    assert_properties(
        &found,
        &["title", "versions", "max_content_length"],
        &["description"],
    );
    assert!(found["title"].is_string());
    assert!(found["max_content_length"].as_u64().unwrap() > 0);
    node.get("/taxii2/other/").expect(404);
    node.ask(Request::get(ROOT).header("Accept", "text/html"))
        .expect(406);
}

#[test]
fn a_status_tells_what_became_of_a_post() {
    on_each_store(|node| {
        let posted = node.post(&node.rw, &[indicator(1)]);
        let id = posted["id"].as_str().unwrap();
        let found = node.get(&format!("{ROOT}status/{id}/")).expect(200).json();
        let counts = [
            "total_count",
            "success_count",
            "failure_count",
            "pending_count",
        ];
        let required = [["id", "status"].as_slice(), &counts].concat();
        let optional = ["request_timestamp", "successes", "failures", "pendings"];
        assert_properties(&found, &required, &optional);
        assert!(counts.iter().all(|name| found[name].is_u64()), "{found}");
        assert_eq!(found, posted);
        node.get(&format!("{ROOT}status/{}/", uuid(0, 0)))
            .expect(404);
        node.get(&format!("{ROOT}status/no-uuid/")).expect(404);
    });
}

#[test]
fn collections_are_listed() {
    on_each_store(|node| {
        let found = node.get(&format!("{ROOT}collections/")).expect(200).json();
        let listed = found["collections"].as_array().unwrap();
        let ids: Vec<&str> = listed
            .iter()
            .map(|one| one["id"].as_str().unwrap())
            .collect();
        assert_eq!(ids.len(), 3, "only those with a right: {found}");
        for id in [&node.rw, &node.ro, &node.wo] {
            assert!(ids.contains(&id.as_str()), "{found}");
        }
        for one in listed {
            let id = one["id"].as_str().unwrap();
            assert_eq!(&node.get(&collection(id)).expect(200).json(), one);
        }
    });
}

#[test]
fn a_collection_is_found_by_id_and_by_alias() {
    on_each_store(|node| {
        let found = node.get(&collection(&node.rw)).expect(200).json();
        let required = ["id", "title", "can_read", "can_write"];
        assert_properties(&found, &required, &["description", "alias", "media_types"]);
        assert_eq!(found["id"], json!(node.rw));
        assert_eq!(found["alias"], "indicators");
        let media_types = found["media_types"].as_array().unwrap();
        assert!(
            media_types.contains(&json!("application/stix+json;version=2.1")),
            "{found}"
        );
        assert_eq!(
            node.get(&collection("indicators")).expect(200).json(),
            found
        );
        node.post("indicators", &[indicator(1)]);
        assert_eq!(node.get(&objects("indicators")).ids(), [indicator_id(1)]);
        for (id, can_read, can_write) in [
            (&node.rw, true, true),
            (&node.ro, true, false),
            (&node.wo, false, true),
        ] {
            let found = node.get(&collection(id)).expect(200).json();
            assert_eq!(
                (&found["can_read"], &found["can_write"]),
                (&json!(can_read), &json!(can_write))
            );
        }
        node.get(&collection(&node.none)).expect(404);
        node.get(&collection(&uuid(0, 0))).expect(404);
    });
}

#[test]
fn a_manifest_lists_every_record() {
    on_each_store(|node| {
        let later = "2021-01-01T00:00:00.5Z";
        node.post(
            &node.rw,
            &[indicator(1), indicator(2), indicator_at(1, later)],
        );
        let answer = node
            .get(&format!("{}?match[version]=all", manifest(&node.rw)))
            .expect(200);
        assert_properties(&answer.json(), &["objects"], &["more", "next"]);
        let records = answer.objects();
        for record in &records {
            assert_properties(record, &["id", "date_added", "version"], &["media_type"]);
        }
        let versions: Vec<_> = records
            .iter()
            .map(|one| (&one["id"], &one["version"]))
            .collect();
        let first = json!("2020-01-01T00:00:00.000Z");
        let (one, two) = (json!(indicator_id(1)), json!(indicator_id(2)));
        assert_eq!(
            versions,
            [(&one, &first), (&two, &first), (&one, &json!(later))]
        );
    });
}

#[test]
fn objects_are_returned_in_an_envelope() {
    on_each_store(|node| {
        node.post(&node.rw, &[indicator(1), indicator(2)]);
        let answer = node.get(&objects(&node.rw)).expect(200);
        assert_properties(&answer.json(), &["objects"], &["more", "next"]);
        assert_eq!(answer.objects(), [indicator(1), indicator(2)]);
        node.get(&objects(&uuid(0, 0))).expect(404);
    });
}

#[test]
fn objects_are_taken_by_post() {
    on_each_store(|node| {
        let request = Request::post(&objects(&node.rw), crate::sample::envelope(&[indicator(1)]));
        let answer = node.ask(request).expect(202);
        assert_eq!(answer.header("content-type"), Some(TAXII));
        let status = node.finished(answer.json());
        assert!(is_uuid_v4(status["id"].as_str().unwrap()));
        assert_eq!(status["total_count"], 1);
        assert_eq!(status["success_count"], 1);
        node.ask(Request::post(&objects(&uuid(0, 0)), "{}"))
            .expect(404);
    });
}

#[test]
fn one_object_is_returned_by_its_id() {
    on_each_store(|node| {
        node.post(&node.rw, &[indicator(1), indicator(2)]);
        let answer = node.get(&object(&node.rw, &indicator_id(2))).expect(200);
        assert_properties(&answer.json(), &["objects"], &["more", "next"]);
        assert_eq!(answer.objects(), [indicator(2)]);
        node.get(&object(&node.rw, &indicator_id(3))).expect(404);
    });
}

#[test]
fn a_deleted_object_answers_without_a_body() {
    on_each_store(|node| {
        node.post(&node.rw, &[indicator(1)]);
        let path = object(&node.rw, &indicator_id(1));
        let answer = node.delete(&path).expect(200);
        assert_eq!(answer.text(), "");
        assert_eq!(answer.header("content-type"), Some(TAXII));
        node.delete(&path).expect(404);
    });
}

#[test]
fn versions_of_an_object_are_listed() {
    on_each_store(|node| {
        let later = "2021-01-01T00:00:00.123456Z";
        node.post(&node.rw, &[indicator(1), indicator_at(1, later)]);
        let answer = node.get(&versions(&node.rw, &indicator_id(1))).expect(200);
        assert_properties(&answer.json(), &["versions"], &["more", "next"]);
        assert_eq!(
            answer.json()["versions"],
            json!(["2020-01-01T00:00:00.000Z", later])
        );
        node.get(&versions(&node.rw, &indicator_id(2))).expect(404);
    });
}

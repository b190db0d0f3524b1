//! Pushing to servers that refuse, split, delay and repeat.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::*;
use crate::mock::{Give, Got, Mock};

type Kept = Arc<Mutex<BTreeMap<String, String>>>;

/// Takes objects; refuses bodies over a limit (413), whole envelopes with an object called `poison` (422), and
/// counts objects that it has as failed, as medallion does.
fn server(kept: Kept, bytes_max: usize) -> impl FnMut(&Got) -> Give + Send {
    move |got| {
        let mut kept = kept.lock().expect("not poisoned");
        if got.path.ends_with("/manifest/") {
            let wanted: Vec<&str> = got
                .parameter("match[id]")
                .unwrap_or_default()
                .split(',')
                .collect();
            let records: Vec<Value> = kept
                .iter()
                .filter(|(id, _)| wanted.contains(&id.as_str()))
                .map(|(id, version)| json!({"id": id, "version": version, "date_added": "2026-01-01T00:00:00.000000Z"}))
                .collect();
            return Give::json(200, &json!({ "objects": records }));
        }
        if got.body.len() > bytes_max {
            return Give::json(413, &json!({"title": "too large"}));
        }
        let body: Value = serde_json::from_slice(&got.body).expect("JSON");
        let objects = body["objects"].as_array().expect("objects");
        let id = |object: &Value| object["id"].as_str().expect("an id").to_owned();
        if objects.iter().any(|object| id(object).contains("poison")) {
            return Give::json(422, &json!({"title": "cannot process"}));
        }
        let mut failures = Vec::new();
        for object in objects {
            if id(object).contains("bad") || kept.contains_key(&id(object)) {
                failures.push(json!({"id": id(object), "version": "x", "message": "Unable to process object"}));
                continue;
            }
            kept.insert(id(object), "2026-01-01T00:00:00.000000Z".to_owned());
        }
        let failed = failures.len();
        Give::json(
            202,
            &json!({
                "id": "s", "status": "complete", "total_count": objects.len(), "success_count": objects.len() - failed,
                "failure_count": failed, "pending_count": 0, "failures": failures
            }),
        )
    }
}

fn objects(ids: impl IntoIterator<Item = String>) -> Vec<Bytes> {
    let object =
        |id| json!({"id": id, "modified": "2026-01-01T00:00:00.000Z", "pad": "x".repeat(50)});
    ids.into_iter()
        .map(|id| object(id).to_string().into())
        .collect()
}

fn target(mock: &Mock, max_content_length: Option<u64>) -> Target {
    Target {
        root: mock.url("/api/"),
        collection: "c".to_owned(),
        max_content_length,
        can_read: true,
        status_timeout: Duration::from_secs(5),
    }
}

#[tokio::test]
async fn batches_keep_to_the_server_s_limits_and_twice_is_as_good_as_once() {
    let kept = Kept::default();
    let mock = Mock::start(server(Arc::clone(&kept), 2000));
    let sent = objects((0..2500).map(|index| format!("x--00000000-0000-4000-8000-{index:012}")));
    for limit in [Some(2000), Some(100_000)] {
        let report = push_batch(&mock.taxii("/"), &target(&mock, limit), &sent)
            .await
            .expect("pushed");
        assert!(report.whole(), "{:?}", report.failures.first());
        assert_eq!(report.taken + report.known, 2500);
        assert_eq!(kept.lock().expect("not poisoned").len(), 2500);
    }
    let posts = mock.got().into_iter().filter(|got| got.method == "POST");
    assert!(
        posts.take(100).all(|got| got.body.len() <= 2000),
        "the advertised limit is kept without trying"
    );
}

#[tokio::test]
async fn the_objects_at_fault_are_found_and_the_others_go_through() {
    let kept = Kept::default();
    let mock = Mock::start(server(Arc::clone(&kept), 10_000));
    let names = (0..40).map(|index| match index {
        7 | 31 => format!("poison--00000000-0000-4000-8000-{index:012}"),
        12 => "bad--12".to_owned(),
        _ => format!("x--00000000-0000-4000-8000-{index:012}"),
    });
    let mut sent = objects(names);
    sent.push(
        json!({"id": "x--long", "pad": "y".repeat(20_000)})
            .to_string()
            .into(),
    );
    let report = push_batch(&mock.taxii("/"), &target(&mock, Some(10_000)), &sent)
        .await
        .expect("pushed");
    let mut failed: Vec<&str> = report
        .failures
        .iter()
        .map(|failure| failure.id.as_str())
        .collect();
    failed.sort_unstable();
    let poison = |index: u32| format!("poison--00000000-0000-4000-8000-{index:012}");
    assert_eq!(failed, ["bad--12", &poison(7), &poison(31), "x--long"]);
    assert_eq!((report.taken, report.known), (37, 0));
    assert_eq!(kept.lock().expect("not poisoned").len(), 37);
    assert!(!report.whole());
}

#[tokio::test]
async fn each_batch_is_reported_with_the_callers_cursor() {
    let mock = Mock::start(server(Kept::default(), 10_000));
    let mut batches = (0..3).map(|number| Batch {
        objects: objects([format!("x--{number}")]),
        cursor: number,
    });
    let mut cursors = Vec::new();
    let report = push::<_, &str>(
        &mock.taxii("/"),
        &target(&mock, None),
        &mut async || Ok(batches.next()),
        &mut async |report: BatchReport, cursor| {
            assert!(report.whole());
            cursors.push(cursor);
            if cursor == 2 {
                Err("cannot store the cursor")
            } else {
                Ok(())
            }
        },
    )
    .await;
    assert!(matches!(
        report,
        Err(PushError::Caller("cannot store the cursor"))
    ));
    assert_eq!(cursors, [0, 1, 2]);
}

#[tokio::test]
async fn a_refusal_that_no_splitting_mends_ends_the_push() {
    for status in [401, 403, 404, 500] {
        let mock = Mock::start(move |_| Give::json(status, &json!({})));
        let sent = objects((0..8).map(|index| format!("x--00000000-0000-4000-8000-{index:012}")));
        assert!(
            push_batch(&mock.taxii("/"), &target(&mock, None), &sent)
                .await
                .is_err()
        );
        assert_eq!(
            mock.got().iter().filter(|got| got.method == "POST").count(),
            1
        );
    }
}

#[tokio::test]
async fn a_server_that_stores_and_fails_to_say_so_is_believed_by_its_manifest() {
    for loses in [false, true] {
        let mut inner = server(Kept::default(), 100_000);
        let mock = Mock::start(move |got| {
            if got.method == "POST" && loses {
                return Give::json(500, &json!({}));
            }
            let give = inner(got);
            if got.method == "POST" {
                Give::json(500, &json!({}))
            } else {
                give
            }
        });
        let sent = objects((0..100).map(|index| format!("x--00000000-0000-4000-8000-{index:012}")));
        let report = push_batch(&mock.taxii("/"), &target(&mock, None), &sent).await;
        match (loses, report) {
            (false, Ok(report)) => assert_eq!((report.taken, report.whole()), (100, true)),
            (true, Err(_)) => {}
            (_, report) => panic!("loses {loses}: {report:?}"),
        }
    }
}

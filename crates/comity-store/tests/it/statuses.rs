//! The status of a request (TAXII 2.1 section 4.3): what it tells, and that it outlives the process.
//!
//! In scope: content and life. Out of scope: the wire form (`comity-api`).

use comity_store::objects::status::Detail;
use comity_store::objects::{Outcome, ViewId};

use crate::engine::{append, new_status, on_each_engine};
use crate::sample::{address, indicator, indicator_id, indicator_named, version};

const HOUR: i64 = 3_600_000_000;

#[test]
fn a_status_tells_of_every_object_and_outlives_the_process() {
    on_each_engine(|bench| {
        let view = ViewId(4);
        bench.append(append(view, 50 * HOUR, &[indicator(1, 0), indicator(2, 0)]));
        let mut request = append(
            view,
            51 * HOUR,
            &[
                indicator(1, 0),
                indicator(3, 4),
                indicator_named(2, 0, "other"),
                address(5, 0),
            ],
        );
        let id = new_status();
        request.status = Some(id);
        let refused = Detail {
            id: "third of the request".to_owned(),
            version: String::new(),
            message: Some("no id \u{0} at all".to_owned()),
        };
        request.refused = vec![refused.clone()];
        let (outcomes, status) = bench.append(request);
        assert_eq!(
            outcomes,
            [
                Outcome::Unchanged,
                Outcome::Added,
                Outcome::Differs,
                Outcome::Added
            ]
        );
        let status = status.unwrap();
        assert_eq!((status.id, status.requested), (id, 51 * HOUR));
        let told: Vec<(&str, &str)> = status
            .successes
            .iter()
            .map(|d| (d.id.as_str(), d.version.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                (indicator_id(3).as_str(), version(4).as_str()),
                (
                    crate::sample::address_id(5).as_str(),
                    "1970-01-03T03:00:00.000001Z"
                ),
                (indicator_id(1).as_str(), version(0).as_str()),
            ]
        );
        assert_eq!(status.failures[0], refused);
        assert_eq!(status.failures[1].id, indicator_id(2));
        assert!(
            status.failures[1]
                .message
                .as_ref()
                .unwrap()
                .contains("modified")
        );
        assert_eq!(
            bench.store().status(id).unwrap(),
            Some((view, status.clone()))
        );
        bench.reopen();
        assert_eq!(
            bench.store().status(id).unwrap(),
            Some((view, status.clone()))
        );
        if bench.is_embedded() {
            bench.crash(|folder| std::fs::remove_file(folder.join("index.sqlite")).unwrap());
            assert_eq!(bench.store().status(id).unwrap(), Some((view, status)));
        }
        assert_eq!(bench.store().status(new_status()).unwrap(), None);
    });
}

#[test]
fn a_request_that_adds_nothing_has_a_status_too() {
    on_each_engine(|bench| {
        bench.append(append(ViewId(1), 0, &[indicator(1, 0)]));
        let ids: Vec<_> = (0..3)
            .map(|n| {
                let objects = if n == 0 {
                    vec![indicator(1, 0)]
                } else {
                    Vec::new()
                };
                let mut request = append(ViewId(n + 1), HOUR, &objects);
                request.status = Some(new_status());
                bench.append(request).1.unwrap()
            })
            .collect();
        for _ in 0..2 {
            for (status, view) in ids.iter().zip(1..) {
                assert_eq!(
                    bench.store().status(status.id).unwrap(),
                    Some((ViewId(view), status.clone()))
                );
            }
            bench.reopen();
        }
        assert_eq!(ids[0].successes.len(), 1);
        assert!(ids[1].successes.is_empty());
    });
}

#[test]
fn a_status_is_kept_a_day_and_forgotten_after_two() {
    on_each_engine(|bench| {
        let at = |requested: i64, number| {
            let mut request = append(ViewId(1), requested, &[indicator(number, 0)]);
            request.status = Some(new_status());
            let status = bench.append(request).1.unwrap();
            bench.store().search(&[ViewId(1)], "flushes", 1).unwrap();
            status.id
        };
        let old = at(1_000 * HOUR, 1);
        let young = at(1_024 * HOUR, 2);
        assert!(bench.store().status(old).unwrap().is_some());
        at(1_049 * HOUR, 3);
        assert!(bench.store().status(old).unwrap().is_none());
        assert!(bench.store().status(young).unwrap().is_some());
        bench.reopen();
        assert!(bench.store().status(young).unwrap().is_some());
    });
}

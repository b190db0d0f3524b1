//! Pulling from servers that page in every way seen in the wild.

use serde_json::json;

use super::*;
use crate::mock::{Give, Got, Mock};

/// How a server pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// `next` is an offset.
    Next,
    /// No `next`; pages by `added_after`.
    AddedAfter,
    /// The same, and times cut to milliseconds in the headers.
    AddedAfterCut,
}

/// Objects by their time of arrival, in microseconds.
fn server(style: Style, times: Vec<i64>, page_max: usize) -> impl FnMut(&Got) -> Give + Send {
    move |got| {
        let spell = |time: i64| {
            let time = Timestamp::from_microsecond(time).expect("a time");
            time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
        };
        let after = got
            .parameter("added_after")
            .map(|text| text.parse::<Timestamp>().expect("a time").as_microsecond());
        let all: Vec<(usize, i64)> = times
            .iter()
            .copied()
            .enumerate()
            .filter(|(_, time)| after.is_none_or(|after| *time > after))
            .collect();
        let offset: usize = got
            .parameter("next")
            .map_or(0, |next| next.parse().expect("an offset"));
        let limit: usize = got
            .parameter("limit")
            .map_or(page_max, |limit| limit.parse().expect("a limit"));
        let page: Vec<_> = all.iter().skip(offset).take(limit.min(page_max)).collect();
        let more = offset + page.len() < all.len();
        let objects: Vec<_> = page
            .iter()
            .map(|(index, _)| json!({"id": format!("x--{index}")}))
            .collect();
        let mut body = json!({"more": more, "objects": objects});
        if more && style == Style::Next {
            body["next"] = json!((offset + page.len()).to_string());
        }
        let mut give = Give::json(200, &body);
        if let (Some((_, first)), Some((_, last))) = (page.first(), page.last()) {
            let cut = |time: i64| {
                if style == Style::AddedAfterCut {
                    time - time % 1000
                } else {
                    time
                }
            };
            give.1
                .push(("x-taxii-date-added-first", spell(cut(*first))));
            give.1.push(("x-taxii-date-added-last", spell(cut(*last))));
        }
        give
    }
}

async fn run(
    mock: &Mock,
    start: Cursor,
    limit: u32,
) -> (Result<Pulled, PullError<()>>, Vec<String>) {
    let mut seen = Vec::new();
    let options = PullOptions {
        limit: Some(limit),
        ..PullOptions::default()
    };
    let root = mock.url("/api/");
    let mut sink = async |page: PullPage| {
        seen.extend(
            page.objects
                .iter()
                .map(|object| String::from_utf8_lossy(object).into_owned()),
        );
        Ok(())
    };
    let pulled = pull(
        &mock.taxii("/api/"),
        (&root, "c"),
        start,
        &options,
        &mut sink,
    )
    .await;
    (pulled, seen)
}

fn all(count: usize) -> Vec<String> {
    (0..count)
        .map(|index| json!({"id": format!("x--{index}")}).to_string())
        .collect()
}

#[tokio::test]
async fn every_way_of_paging_gives_every_object_in_order() {
    let spread: Vec<i64> = (0..95).map(|index| 1_000_000 + index * 2500).collect();
    let ties: Vec<i64> = (0..95).map(|index| 1_000_000 + index / 7).collect();
    for style in [Style::Next, Style::AddedAfter, Style::AddedAfterCut] {
        for times in [&spread, &ties] {
            if style == Style::AddedAfterCut && times == &ties {
                continue; // 95 objects in one millisecond: nothing but `next` can page these
            }
            let mock = Mock::start(server(style, times.clone(), 1000));
            let (pulled, seen) = run(&mock, Cursor::default(), 10).await;
            assert_eq!(seen, all(95), "{style:?}");
            let pulled = pulled.expect("pulled");
            assert_eq!(pulled.objects, 95);
            // The next pull starts at the end, and repeats no more than what ties there.
            let (again, seen) = run(&mock, pulled.cursor.clone(), 10).await;
            assert!(
                (1..=7).contains(&seen.len()) && all(95).ends_with(&seen),
                "{style:?} {seen:?}"
            );
            assert_eq!(again.expect("pulled").cursor, pulled.cursor);
        }
    }
}

#[tokio::test]
async fn what_ties_with_the_end_and_comes_later_is_not_missed() {
    let mock = Mock::start(server(Style::Next, vec![1_000_000, 2_000_000], 10));
    let cursor = run(&mock, Cursor::default(), 10)
        .await
        .0
        .expect("pulled")
        .cursor;
    let mock = Mock::start(server(
        Style::Next,
        vec![1_000_000, 2_000_000, 2_000_000, 3_000_000],
        10,
    ));
    let (_, seen) = run(&mock, cursor, 10).await;
    assert_eq!(seen, all(4)[1..]);
}

#[tokio::test]
async fn a_larger_page_gets_past_objects_of_one_time() {
    let times = [vec![1_000_000; 30], vec![2_000_000; 30]].concat();
    let mock = Mock::start(server(Style::AddedAfter, times.clone(), 1000));
    let (pulled, seen) = run(&mock, Cursor::default(), 10).await;
    assert_eq!(seen, all(60));
    assert!(pulled.is_ok());
    // Where the server does not give larger pages, no client can get past, and must not pretend.
    let mock = Mock::start(server(Style::AddedAfter, times, 10));
    let (pulled, seen) = run(&mock, Cursor::default(), 10).await;
    assert_eq!(seen, all(10));
    assert!(
        pulled
            .expect_err("stuck")
            .to_string()
            .contains("ask its operator for larger pages")
    );
}

#[tokio::test]
async fn pages_that_repeat_or_lead_nowhere_end_in_an_error() {
    let objects = json!([{"id": "x--0"}]);
    for body in [
        json!({"more": true, "next": "same", "objects": objects}),
        json!({"more": true, "objects": objects}),
        json!({"more": true, "next": "same"}),
    ] {
        let mock = Mock::start(move |_| Give::json(200, &body));
        let (pulled, _) = run(&mock, Cursor::default(), 10).await;
        assert!(
            matches!(pulled, Err(PullError::Taxii(TaxiiError::Stuck { .. }))),
            "{pulled:?}"
        );
        assert!(mock.got().len() < 10);
    }
    let mut token = 0;
    let mock = Mock::start(move |_| {
        token += 1;
        Give::json(
            200,
            &json!({"more": true, "next": token, "objects": [{"id": "x--0"}]}),
        )
    });
    let (pulled, seen) = run(&mock, Cursor::default(), 10).await;
    assert!(
        matches!(pulled, Err(PullError::Taxii(TaxiiError::Stuck { .. }))),
        "{pulled:?}"
    );
    assert_eq!(seen.len(), 1);
}

#[tokio::test]
async fn a_pull_goes_on_after_any_interruption() {
    let times: Vec<i64> = (0..50).map(|index| 1_000_000 + index / 3).collect();
    for style in [Style::Next, Style::AddedAfter] {
        for stop in 1..5 {
            let mock = Mock::start(server(style, times.clone(), 1000));
            let (mut kept, mut cursor, mut pages) = (Vec::new(), Cursor::default(), 0);
            let (client, root) = (mock.taxii("/api/"), mock.url("/api/"));
            let options = PullOptions {
                limit: Some(10),
                ..PullOptions::default()
            };
            let mut sink = async |page: PullPage| {
                pages += 1;
                if pages > stop {
                    return Err("disk full");
                }
                kept.extend(
                    page.objects
                        .iter()
                        .map(|object| String::from_utf8_lossy(object).into_owned()),
                );
                cursor = page.cursor;
                Ok(())
            };
            let outcome = pull(
                &client,
                (&root, "c"),
                Cursor::default(),
                &options,
                &mut sink,
            )
            .await;
            assert!(matches!(outcome, Err(PullError::Sink("disk full"))));
            let stored = serde_json::to_string(&cursor).expect("JSON");
            let (rest, seen) =
                run(&mock, serde_json::from_str(&stored).expect("a cursor"), 10).await;
            assert!(rest.is_ok());
            kept.extend(seen);
            let mut unique = kept.clone();
            unique.sort();
            unique.dedup();
            let mut expected = all(50);
            expected.sort();
            assert_eq!(unique, expected, "{style:?} stopped after {stop}");
            assert!(kept.len() < 60, "{} objects, few of them twice", kept.len());
        }
    }
}

#[tokio::test]
async fn an_expired_token_is_replaced_by_what_was_seen() {
    let times: Vec<i64> = (0..30).map(|index| 1_000_000 + index).collect();
    let mut inner = server(Style::Next, times, 1000);
    let mock = Mock::start(move |got| {
        if got.parameter("next") == Some("expired") {
            return Give::json(404, &json!({"title": "no such token"}));
        }
        inner(got)
    });
    let seen_time = Timestamp::from_microsecond(1_000_009)
        .expect("a time")
        .to_string();
    let cursor = Cursor {
        added_after: None,
        next: Some("expired".to_owned()),
        seen: Some(seen_time),
    };
    let (pulled, seen) = run(&mock, cursor, 10).await;
    assert_eq!(seen, all(30)[9..]);
    assert!(pulled.is_ok());
    let asked = mock.got();
    assert!(
        asked
            .iter()
            .skip(1)
            .all(|got| got.parameter("added_after") == Some("1970-01-01T00:00:01.000008Z"))
    );
}

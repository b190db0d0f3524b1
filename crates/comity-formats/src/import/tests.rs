//! Files whole and damaged, in every format, through readers of every chunk size.

#![allow(clippy::string_slice)]

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::FormatName::{Array, Bundle20, Bundle21, Envelope, JsonLines, Object};
use super::*;

const LIST: ListOptions = ListOptions {
    created: "2026-01-02T03:04:05.678Z",
    created_by: None,
    marking: None,
};

fn options() -> ReadOptions<'static> {
    ReadOptions {
        limits: ReadLimits::default(),
        list: LIST,
    }
}

struct Outcome {
    objects: Vec<(String, bool)>,
    problems: Vec<String>,
    result: Result<Summary, ReadError>,
}

fn run(input: impl BufRead, options: &ReadOptions) -> Outcome {
    let (mut objects, mut problems) = (Vec::new(), Vec::new());
    let result = read(input, options, &mut |item| {
        match item {
            Item::Object { json, spec20, .. } => objects.push((json, spec20)),
            Item::Problem(problem) => problems.push(problem.to_string()),
        }
        ControlFlow::Continue(())
    });
    Outcome {
        objects,
        problems,
        result,
    }
}

fn texts(outcome: &Outcome) -> Vec<&str> {
    outcome
        .objects
        .iter()
        .map(|(json, _)| json.as_str())
        .collect()
}

/// Gives at most so many bytes at a time.
struct Dribble<'b>(&'b [u8], usize);

impl Read for Dribble<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.len().min(self.1).min(buffer.len());
        buffer[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

impl BufRead for Dribble<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(&self.0[..self.0.len().min(self.1)])
    }
    fn consume(&mut self, count: usize) {
        self.0 = &self.0[count..];
    }
}

fn packed(text: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(text).expect("packing");
    packer.finish().expect("packing")
}

const A: &str = r#"{"type":"x","a":"}]{[\"\\","created":"","spec_version":"2.1"}"#;
const B: &str =
    "{\"type\" : \"y\",\n \"created\":\"2020\", \"o\":{\"objects\":[{\"type\":\"bundle\"}]}}";

#[test]
fn each_format_is_recognised_and_cut_into_its_objects() {
    let check = |text: String, format: FormatName, expected: &[(&str, bool)]| {
        for bytes in [
            text.clone().into_bytes(),
            format!("\u{feff}\n {text}\n").into_bytes(),
            packed(text.as_bytes()),
        ] {
            for chunk in [1, 7, 1 << 20] {
                let outcome = run(Dribble(&bytes, chunk), &options());
                let found: Vec<_> = outcome
                    .objects
                    .iter()
                    .map(|(json, spec)| (json.as_str(), *spec))
                    .collect();
                assert_eq!(found, expected, "{text}");
                assert_eq!(outcome.result.expect("a summary").format, format, "{text}");
                assert!(outcome.problems.is_empty());
            }
        }
    };
    let both: &[_] = &[(A, false), (B, true)];
    check(
        format!("{{\"type\":\"bundle\",\"id\":\"b\",\"objects\":[{A},{B}]}}"),
        Bundle21,
        both,
    );
    check(
        format!("{{\"objects\" : [ {A} ,\n{B} ] , \"type\":\"bundle\"}}"),
        Bundle21,
        both,
    );
    check(
        format!("{{\"type\":\"bundle\",\"spec_version\":\"2.0\",\"objects\":[{A},{B}]}}"),
        Bundle20,
        both,
    );
    check(
        format!("{{\"type\":\"bundle\",\"objects\":[{B}]}}"),
        Bundle20,
        &[(B, true)],
    );
    check(
        "{\"type\":\"bundle\",\"id\":\"b\"}".to_owned(),
        Bundle21,
        &[],
    );
    check(
        format!("{{\"more\":true,\"next\":\"n\",\"objects\":[{A}]}}"),
        Envelope,
        &[(A, false)],
    );
    check("{}".to_owned(), Envelope, &[]);
    check("{\"more\":false}".to_owned(), Envelope, &[]);
    check(format!("[{A},{B}]"), Array, both);
    check("[]".to_owned(), Array, &[]);
    check(A.to_owned(), Object, &[(A, false)]);
    check(B.to_owned(), Object, &[(B, true)]);
    check(
        format!("{A}\n\n{A}\r\n{A}"),
        JsonLines,
        &[(A, false), (A, false), (A, false)],
    );
    check(
        format!("{A}\n{{\"type\":\"bundle\",\"objects\":[{A}]}}\n"),
        JsonLines,
        &[(A, false), (A, false)],
    );
    check(format!("{B}\n{A}"), JsonLines, &[(B, true), (A, false)]);
}

#[test]
fn a_bundle_is_20_only_where_it_or_its_objects_say_so() {
    let plain = r#"{"type":"ipv4-addr","value":"192.0.2.1"}"#;
    let of = |bundle: &str| run(bundle.as_bytes(), &options()).objects;
    let late =
        format!("{{\"type\":\"bundle\",\"objects\":[{plain},{B}],\"spec_version\":\"2.0\"}}");
    assert_eq!(of(&late), [(plain.to_owned(), false), (B.to_owned(), true)]);
    let early = format!("{{\"spec_version\":\"2.0\",\"type\":\"bundle\",\"objects\":[{plain}]}}");
    assert_eq!(of(&early), [(plain.to_owned(), true)]);
}

#[test]
fn a_file_cut_anywhere_gives_the_objects_before_the_cut() {
    let head = "{\"type\":\"bundle\",\"objects\":[";
    let text = format!("{head}{A},{B},{A}]}}");
    let ends = [
        head.len() + A.len(),
        head.len() + A.len() + 1 + B.len(),
        text.len() - 2,
    ];
    for cut in 1..text.len() {
        let outcome = run(&text.as_bytes()[..cut], &options());
        let whole = ends.iter().filter(|end| **end <= cut).count();
        assert_eq!(texts(&outcome), [A, B, A][..whole], "cut at {cut}");
        let expected = u64::try_from(whole).expect("small");
        assert!(
            matches!(outcome.result, Err(ReadError::Truncated { objects, .. }) if objects == expected)
        );
    }
    let outcome = run(&packed(text.as_bytes())[..60], &options());
    assert!(matches!(outcome.result, Err(ReadError::GzipDamaged { .. })));
    let lines = format!("{A}\n{A}\n{}", &A[..20]);
    let outcome = run(lines.as_bytes(), &options());
    assert!(matches!(
        outcome.result,
        Err(ReadError::Truncated { objects: 2, .. })
    ));
}

#[test]
fn a_bad_object_does_not_hide_its_neighbours() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(300_000));
    let limits = ReadLimits {
        object_bytes_max: 250_000,
        ..ReadLimits::default()
    };
    let options = ReadOptions {
        limits,
        ..options()
    };
    for (bad, expected) in [
        (deep.as_bytes(), "deeper than 64"),
        (long.as_bytes(), "the limit is 250000"),
        (b"{\"a\":\"\xff\"}", "not UTF-8 at its byte 6"),
        (b"12", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"\"}{\"", "not a JSON object"),
        (b"[{}]", "not a JSON object"),
    ] {
        let bundle = [
            b"{\"type\":\"bundle\",\"objects\":[",
            A.as_bytes(),
            b",",
            bad,
            b",",
            A.as_bytes(),
            b"]}",
        ];
        let outcome = run(bundle.concat().as_slice(), &options);
        assert_eq!(texts(&outcome), [A, A]);
        assert!(
            outcome.problems.len() == 1 && outcome.problems[0].contains(expected),
            "{:?}",
            outcome.problems
        );
        assert!(outcome.problems[0].starts_with("object 2 (byte "));
        assert!(outcome.result.is_ok());
    }
    let lines =
        format!("{A}\n{A}\n{{\"type\":\"cut\nnonsense\n[1]\n{{\"no\":1}}\n{A}]\n{long}\n{A}");
    let outcome = run(lines.as_bytes(), &options);
    assert_eq!(texts(&outcome), [A, A, A, A]);
    assert_eq!(outcome.problems.len(), 6, "{:?}", outcome.problems);
    assert!(outcome.problems[0].starts_with("line 3 (byte "));
}

#[test]
fn a_file_that_is_something_else_is_named() {
    let check = |bytes: &[u8], expected: &str| {
        let error = run(bytes, &options())
            .result
            .expect_err("an error")
            .to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(b"", "the file is empty");
    check(b" \n", "the file is empty");
    check(b"PK\x03\x04zip", "ZIP archive");
    check(b"<html>", "marked-up");
    check(&packed(&packed(b"x")), "gzip inside gzip");
    check(b"\xff\xfe{\0}\0", "not UTF-8 at byte 0");
    check(b"\0\x01\x02", "binary");
    check(
        b"Dear all,\nplease find attached\n",
        "no line is an indicator",
    );
    check(br#"{"Event":{"info":"x"}}"#, "neither `type` nor `objects`");
    check(
        br#"{"type":"bundle","objects":[}]}"#,
        "not valid JSON at byte 28 (`}`)",
    );
    check(br#"{"type":"x","a":[1}}"#, "not valid JSON at byte 19");
    check(br#"{"type":"x"} x"#, "not valid JSON at byte 13 (`x`)");
}

#[test]
fn a_gzip_bomb_is_stopped() {
    let mut bomb = b"{\"type\":\"bundle\",\"objects\":[".to_vec();
    bomb.resize(24 << 20, b' ');
    let outcome = run(packed(&bomb).as_slice(), &options());
    assert!(
        matches!(outcome.result, Err(ReadError::Expands { .. })),
        "{:?}",
        outcome.result
    );
    let limits = ReadLimits {
        expanded_bytes_max: 10_000,
        ..ReadLimits::default()
    };
    let outcome = run(
        packed(&vec![b' '; 20_000]).as_slice(),
        &ReadOptions {
            limits,
            ..options()
        },
    );
    assert!(matches!(outcome.result, Err(ReadError::Expands { .. })));
}

#[test]
fn the_sink_can_stop_the_reading() {
    let text = format!("[{A},{A},{A}]");
    let mut seen = 0;
    let summary = read(text.as_bytes(), &options(), &mut |_| {
        seen += 1;
        if seen == 2 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })
    .expect("a summary");
    assert_eq!(
        summary,
        Summary {
            format: FormatName::Array,
            objects: 2,
            problems: 0,
            stopped: true
        }
    );
}

#[test]
fn a_list_becomes_indicators_and_bad_rows_are_named() {
    let text = "# feed of example.org\nvalue,type,class,description\n192.0.2.1,ip,malware,\"two\nlines\"\n\nexample.com,domain,,\nx,colour,,\n\"open,ip,,\n192.0.2.2,ip,,\n";
    for chunk in [1, 5, 1000] {
        let outcome = run(Dribble(text.as_bytes(), chunk), &options());
        let patterns: Vec<String> = outcome
            .objects
            .iter()
            .map(|(json, _)| pattern_of(json))
            .collect();
        assert_eq!(
            patterns,
            [
                "[ipv4-addr:value = '192.0.2.1']",
                "[domain-name:value = 'example.com']",
                "[ipv4-addr:value = '192.0.2.2']"
            ]
        );
        assert_eq!(outcome.problems.len(), 2, "{:?}", outcome.problems);
        assert!(
            outcome.problems[0].starts_with("line 7 (byte ")
                && outcome.problems[1].starts_with("line 8")
        );
        assert_eq!(
            outcome.result.expect("a summary").format,
            FormatName::IndicatorList
        );
    }
}

#[test]
fn objects_that_are_no_list_are_told() {
    for text in ["{\"objects\":7}", "{\"type\":\"bundle\",\"objects\":{}}"] {
        let outcome = run(text.as_bytes(), &options());
        assert_eq!(outcome.objects.len(), 0, "{text}");
        assert!(outcome.problems[0].contains("no list"), "{text}");
    }
    for text in ["{\"more\":false}", "{\"objects\":[]}"] {
        let outcome = run(text.as_bytes(), &options());
        assert!(
            outcome.result.is_ok() && outcome.problems.is_empty(),
            "{text}"
        );
    }
}

#[test]
fn a_header_may_stand_in_a_comment() {
    let text = "# feed\n#\n# \"first_seen_utc\",\"ioc_id\",\"ioc_value\",\"ioc_type\"\n\"2026-01-02 03:04:05\", \"7\", \"192.0.2.1:80\", \"ip:port\"\n# end\n";
    let outcome = run(text.as_bytes(), &options());
    assert_eq!(outcome.objects.len(), 1, "{:?}", outcome.problems);
    assert!(
        outcome.objects[0]
            .0
            .contains("\"valid_from\":\"2026-01-02T03:04:05.000Z\"")
    );
    assert!(pattern_of(&outcome.objects[0].0).contains("network-traffic:dst_port = 80"));
    assert!(outcome.problems.is_empty());
}

#[test]
fn a_list_without_header_is_read_line_by_line() {
    let text = b"# comment\n192.0.2.1  # a scanner\n hxxp://example[.]com/a\n\xff\nhello\n[2001:db8::1]:53\n";
    let outcome = run(text.as_slice(), &options());
    let patterns: Vec<String> = outcome
        .objects
        .iter()
        .map(|(json, _)| pattern_of(json))
        .collect();
    assert_eq!(patterns.len(), 3, "{patterns:?}");
    assert_eq!(patterns[1], "[url:value = 'http://example.com/a']");
    assert_eq!(outcome.problems.len(), 2, "{:?}", outcome.problems);
    assert!(outcome.problems[0].contains("not UTF-8"));
    let limits = ReadLimits {
        line_bytes_max: 20,
        ..ReadLimits::default()
    };
    let long = format!("192.0.2.1\n{}\n192.0.2.2", "a".repeat(100));
    let outcome = run(
        long.as_bytes(),
        &ReadOptions {
            limits,
            ..options()
        },
    );
    assert_eq!((outcome.objects.len(), outcome.problems.len()), (2, 1));
}

fn pattern_of(json: &str) -> String {
    let object: serde_json::Value = serde_json::from_str(json).expect("valid JSON");
    object["pattern"].as_str().expect("a pattern").to_owned()
}

fn json_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        "[\\PC\"\\\\{}\\[\\],:\n]{0,12}".prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::hash_map("[\\PC\"\\\\]{0,6}|objects|type|created", inner, 0..4)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

fn json_object() -> impl Strategy<Value = String> {
    (json_value(), any::<bool>()).prop_map(|(value, pretty)| {
        let object = serde_json::json!({ "type": "x-example", "value": value });
        if pretty {
            serde_json::to_string_pretty(&object)
        } else {
            serde_json::to_string(&object)
        }
        .expect("JSON")
    })
}

proptest! {
    #[test]
    fn splitting_neither_loses_nor_invents_nor_changes_objects(
        objects in prop::collection::vec(json_object(), 0..6),
        chunk in 1_usize..40,
        layout in 0..4,
    ) {
        let joined = objects.join(",");
        let text = match layout {
            0 => format!("{{\"type\":\"bundle\",\"id\":\"b\",\"objects\":[{joined}]}}"),
            1 => format!("{{ \"objects\" : [ {joined} ] , \"more\":true}}"),
            2 => format!("[{joined}]"),
            _ => format!("{{}}{}", objects.concat()),
        };
        let outcome = run(Dribble(text.as_bytes(), chunk), &options());
        prop_assert_eq!(texts(&outcome), objects);
        prop_assert!(outcome.problems.is_empty() && outcome.result.is_ok());
    }

    #[test]
    fn no_bytes_make_the_reader_panic_and_chunks_do_not_matter(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(&b"{}[]\",:\\\n\t #objectstype192.0"[..])], 0..200),
        start in prop::sample::select(vec!["", "{\"objects\":[", "[", "{\"type\":\"bundle\",", "value,type\n", "192.0.2.1\n", "{}\n{"]),
        chunk in 1_usize..9,
    ) {
        let text = [start.as_bytes(), &bytes].concat();
        let whole = run(text.as_slice(), &options());
        let parts = run(Dribble(&text, chunk), &options());
        prop_assert_eq!(whole.objects, parts.objects);
        prop_assert_eq!(whole.problems, parts.problems);
        prop_assert_eq!(format!("{:?}", whole.result), format!("{:?}", parts.result));
    }

    #[test]
    fn every_row_of_a_list_is_an_indicator_or_a_problem(rows in prop::collection::vec("[^\r\n#\"\\s\0][^\r\n\"\0]{0,30}", 1..20)) {
        let text = format!("value\ttype\n{}\n", rows.join("\n"));
        let outcome = run(text.as_bytes(), &options());
        prop_assert_eq!(outcome.objects.len() + outcome.problems.len(), rows.len());
        for (json, _) in &outcome.objects {
            prop_assert!(serde_json::from_str::<serde_json::Value>(json).is_ok(), "{}", json);
        }
    }
}

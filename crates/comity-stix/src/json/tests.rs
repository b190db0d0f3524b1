use super::{JsonError, Limits, Problem, parse};
use proptest::prelude::*;

const LIMITS: Limits = Limits {
    depth_max: 8,
    values_max: 1_000,
    properties_max: 100,
};

fn failure(text: &str) -> JsonError {
    parse(text, &LIMITS).expect_err(text)
}

#[test]
fn reads_what_json_allows() {
    for text in [
        "null",
        " true\n",
        "false",
        "0",
        "-0.5e+10",
        "\"\"",
        "[]",
        "{}",
        "[1 , 2]",
        "{\"a\" : [ {} ] }",
        "\"\\ud83d\\ude00\"",
        "1e308",
    ] {
        let value = parse(text, &LIMITS).unwrap();
        assert_eq!(value.raw(), text.trim());
    }
    let value = parse(r#"{"a\u0062":"\n\"\/\u00e9\ud83d\ude00"}"#, &LIMITS).unwrap();
    assert_eq!(value.text("ab"), Some("\n\"/é😀"));
}

#[test]
fn refuses_what_json_does_not_allow() {
    for text in [
        "",
        " ",
        "nul",
        "True",
        "01",
        "1.",
        ".5",
        "+1",
        "1e",
        "-",
        "\"",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"a\nb\"",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "1 2",
        "\u{feff}{}",
        "NaN",
        "[",
        "{",
        "{\"a\":1",
        "// x",
    ] {
        assert!(
            matches!(failure(text).problem, Problem::Syntax(_)),
            "{text}"
        );
    }
}

#[test]
fn names_line_and_column_of_a_syntax_error() {
    assert_eq!(
        failure("{\"é\":1,\n \"é\" 2}").to_string(),
        "line 2, column 6: expected ':' after a key"
    );
}

#[test]
fn refuses_what_i_json_forbids_and_names_the_path() {
    let check = |text: &str, path: &str, problem: Problem| {
        assert_eq!(
            failure(text),
            JsonError {
                path: path.to_owned(),
                problem
            }
        );
    };
    check(
        r#"{"a":[1,{"b":1,"\u0062":2}]}"#,
        "a[1].b",
        Problem::DuplicateKey,
    );
    check(r#"["\ud800"]"#, "[0]", Problem::LoneSurrogate);
    check(r#"["\udc00"]"#, "[0]", Problem::LoneSurrogate);
    check(r#"["\ud800\u0041"]"#, "[0]", Problem::LoneSurrogate);
    check(r#"{"x":1e999}"#, "x", Problem::NumberRange);
    check(
        &format!("[{}]", "9".repeat(400)),
        "[0]",
        Problem::NumberRange,
    );
    check(
        "[[[[[[[[[1]]]]]]]]]",
        "[0][0][0][0][0][0][0][0]",
        Problem::TooDeep { limit: 8 },
    );
    check(
        &format!("[{}1]", "1,".repeat(999)),
        "[999]",
        Problem::TooManyValues { limit: 1_000 },
    );
}

#[test]
fn finds_a_duplicate_among_many_keys() {
    let members: Vec<String> = (0..99).map(|n| format!("\"k{n}\":0")).collect();
    let text = format!("{{{},\"k7\":1}}", members.join(","));
    assert_eq!(
        failure(&text),
        JsonError {
            path: "k7".to_owned(),
            problem: Problem::DuplicateKey
        }
    );
    let text = format!("{{{},\"l\":1,\"m\":1}}", members.join(","));
    assert_eq!(
        failure(&text).problem,
        Problem::TooManyProperties { limit: 100 }
    );
}

#[test]
fn survives_any_depth() {
    let limits = Limits {
        depth_max: usize::MAX,
        values_max: usize::MAX,
        properties_max: usize::MAX,
    };
    for opening in ["[", "{\"a\":"] {
        let error = parse(&opening.repeat(1_000_000), &limits).expect_err("unclosed");
        assert_eq!(
            error.problem,
            Problem::TooDeep {
                limit: super::DEPTH_MAX
            }
        );
    }
}

proptest! {
    #[test]
    fn agrees_with_serde_json_on_strings(text in "\\PC*") {
        let spelled = serde_json::to_string(&text).unwrap();
        let value = parse(&spelled, &LIMITS).unwrap();
        prop_assert_eq!(value.as_str(), Some(text.as_str()));
    }

    #[test]
    fn agrees_with_serde_json_on_what_is_json(text in "[\\[\\]{}:,\"a\\\\u0-9eE+. \\-]{0,24}") {
        let theirs = serde_json::from_str::<serde_json::Value>(&text).is_ok();
        let ours = match parse(&text, &LIMITS) {
            Ok(_) => true,
            // Stricter on purpose: serde_json keeps the last of two equal keys.
            Err(error) => error.problem == Problem::DuplicateKey,
        };
        prop_assert_eq!(ours, theirs);
        let mut scanner = super::scan::Scanner::new(&text);
        let skipped = scanner.skip_value(0, 64).and_then(|()| scanner.finish()).is_ok();
        if theirs {
            prop_assert!(skipped);
        }
    }
}

use super::{Comparison, Constant, DEPTH_MAX, Observation, Operator, Qualifier, Step, parse};
use proptest::prelude::*;

fn good(pattern: &str) -> Observation {
    parse(pattern).unwrap_or_else(|error| panic!("{error}: {pattern}"))
}

fn bad(pattern: &str, column: usize, words: &str) {
    let error = parse(pattern).expect_err(pattern);
    assert_eq!(error.column, column, "{error}: {pattern}");
    assert!(error.message.contains(words), "{error}: {pattern}");
}

#[test]
fn reads_all_three_levels() {
    for pattern in [
        "[ipv4-addr:value = '198.51.100.1/32' OR ipv4-addr:value = '203.0.113.33/32']",
        "([ipv4-addr:value = '198.51.100.1'] FOLLOWEDBY [domain-name:value = 'example.com']) WITHIN 600 SECONDS",
        "[file:hashes.'SHA-256' = 'aa'] AND [win-registry-key:key = 'x'] OR [a-b:c = 1]",
        "[user-account:user_id = 'x' AND (user-account:is_disabled = true OR user-account:x != 1.5)]",
        "[artifact:mime_type = 'application/vnd.tcpdump.pcap' AND artifact:payload_bin MATCHES '\\\\xd4']",
        "[network-traffic:dst_ref.type = 'ipv4-addr'] REPEATS 5 TIMES WITHIN 1.5 SECONDS",
        "[file:extensions.'windows-pebinary-ext'.sections[*].entropy > 7.0] START t'2016-06-01T00:00:00Z' STOP t'2016-07-01T00:00:00Z'",
        "[email-message:from_ref.value NOT LIKE '%@example.com' AND email-message:body_multipart[0].body_raw_ref.name = 'x']",
        "[ipv4-addr:value ISSUBSET '198.51.100.0/24' OR ipv6-addr:value NOT ISSUPERSET '2001:db8::/32']",
        "[EXISTS file:name AND NOT EXISTS file:size]",
        "[process:pid IN (1, -2, +3) AND process:created_time >= t'2016-06-01T00:00:00.5Z']",
        "[file:magic_number_hex = h'ffd8' AND file:content_ref.payload_bin = b'VGVzdA==']",
        "/* why */ [ file:name == 'a' ] // end",
        "[file:name IN ()]",
        "[(file:name = 'a' OR url:value = 'b') AND url:value = 'c']",
    ] {
        good(pattern);
    }
}

#[test]
fn builds_the_tree_by_precedence() {
    let Observation::FollowedBy(parts) =
        good("[a-b:c=1] OR [a-b:c=2] AND [a-b:c=3] FOLLOWEDBY [a-b:c=4]")
    else {
        panic!()
    };
    let [Observation::Or(either), Observation::One(_)] = parts.as_slice() else {
        panic!("{parts:?}")
    };
    assert!(matches!(
        either.as_slice(),
        [Observation::One(_), Observation::And(_)]
    ));
    let Observation::One(Comparison::Or(parts)) = good("[a-b:c=1 AND a-b:d=2 OR a-b:e=3]") else {
        panic!()
    };
    assert!(matches!(
        parts.as_slice(),
        [Comparison::And(_), Comparison::Test(_)]
    ));
}

#[test]
fn keeps_every_part_of_a_test() {
    let Observation::Qualified(inner, qualifiers) =
        good("[file:x.'y-z'[3][*] NOT IN ('a\\'b','\\\\')] WITHIN 5 SECONDS")
    else {
        panic!()
    };
    assert_eq!(qualifiers, [Qualifier::Within(5.0)]);
    let Observation::One(Comparison::Test(test)) = *inner else {
        panic!()
    };
    assert_eq!(
        test.path,
        [
            Step::Key("x".into()),
            Step::Key("y-z".into()),
            Step::Index(3),
            Step::Any
        ]
    );
    assert_eq!(
        (test.object_type.as_str(), test.negated, test.operator),
        ("file", true, Operator::In)
    );
    assert_eq!(
        test.constants,
        [Constant::Text("a'b".into()), Constant::Text("\\".into())]
    );
}

#[test]
fn names_the_place_of_a_fault() {
    bad("", 1, "expected '[' or '('");
    bad("file:name = 'a'", 1, "expected '[' or '('");
    bad("[file:name = 'a'", 17, "']'");
    bad("[file:name = 'é' 'b']", 18, "']'");
    bad("[file:name 'a']", 12, "operator");
    bad("[file:name = ]", 14, "constant");
    bad("[file.name = 'a']", 6, "':'");
    bad("[file:hashes.SHA-256 = 'a']", 14, "quotes around");
    bad("[file:name = 'a\\b']", 16, "backslash");
    bad("[file:name = 'a]", 15, "closing quote");
    bad("[file:name = \"a\"]", 14, "expected");
    bad("[file:size = h'abc']", 14, "even number");
    bad("[file:size = b'a*==']", 14, "base64");
    bad("[file:ctime = t'2016-13-01T00:00:00Z']", 15, "timestamp");
    bad("[file:x[-1] = 1]", 9, "list index");
    bad("[file:name LIKE 5]", 17, "string");
    bad("[file:x > true]", 11, "order");
    bad("[file:x IN (1, 'a')]", 16, "one kind");
    bad("[file:x = 024]", 11, "leading zeros");
    bad("[NOT file:x = 1]", 6, "EXISTS");
    bad("[file:name = 'a' AND url:value = 'b']", 18, "one object");
    bad("[file:name = 'a'] WITHIN 0 SECONDS", 26, "above 0");
    bad("[file:name = 'a'] REPEATS 1.5 TIMES", 27, "whole number");
    bad(
        "[file:name = 'a'] WITHIN 5 SECONDS WITHIN 6 SECONDS",
        36,
        "two qualifiers",
    );
    bad(
        "[file:name = 'a'] START t'2016-06-01T00:00:00Z' STOP t'2016-06-01T00:00:00Z'",
        54,
        "later",
    );
    bad(
        "[file:name = 'a'] START '2016-06-01T00:00:00Z' STOP t'2016-06-01T00:00:00Z'",
        25,
        "timestamp",
    );
    bad(
        "[file:name = 'a'] [file:name = 'b']",
        19,
        "AND, OR, FOLLOWEDBY",
    );
    bad("[file:name = 'a'] /* ", 19, "comment");
}

#[test]
fn bounds_depth_and_length() {
    let nested = |depth: usize| format!("{}[a-b:c=1]{}", "(".repeat(depth), ")".repeat(depth));
    good(&nested(DEPTH_MAX));
    bad(&nested(DEPTH_MAX + 1), DEPTH_MAX + 1, "deeper than 64");
    bad(
        &format!("[{}", "(".repeat(500_000)),
        DEPTH_MAX + 2,
        "deeper than 64",
    );
    bad(&"[".repeat(super::PATTERN_BYTES_MAX + 1), 1, "the limit is");
    let long: Vec<String> = (0..20_000)
        .map(|n| format!("ipv4-addr:value = '{n}'"))
        .collect();
    good(&format!("[{}]", long.join(" OR ")));
}

proptest! {
    #[test]
    fn never_panics(text in "(\\[|\\]|\\(|\\)|[a-z]{1,3}|:|\\.|=|'|\\\\| |AND|OR|NOT|IN|FOLLOWEDBY|WITHIN|[0-9]|t'|h'|é){0,30}") {
        let _ = parse(&text);
    }
}

//! The STIX 2.1 `indicator` that a row becomes.
//!
//! In scope: the object's text, compact and in one fixed order of keys, and its id: a `UUIDv5` in Comity's own
//! namespace over everything the object says except `created` and `modified`. So one row gives one id whenever
//! it is read, two rows that say different things never share one, and "the id is stored already" means "there
//! is nothing to do". The namespace is not the one of STIX 2.1 section 2.9, which is for observables only.
//! Out of scope: judging values (`observable`) and patterns (`pattern`).

use std::borrow::Cow;
use std::fmt::Write;

use jiff::civil;
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::super::ListOptions;
use super::columns::Row;
use super::words::{self, KNOWN};
use super::{observable, pattern};

/// Comity's namespace for indicators made of list rows.
pub(super) const NAMESPACE: Uuid = Uuid::from_u128(0x626f1ca3_f5f9_4a4c_8f60_747d7ccffb53);

/// Makes objects of rows.
pub(super) struct Maker<'o> {
    options: &'o ListOptions<'o>,
    value_bytes_max: usize,
    /// What the id is a digest of; kept to be used again.
    said: Vec<u8>,
}

impl<'o> Maker<'o> {
    pub(super) fn new(options: &'o ListOptions<'o>, value_bytes_max: usize) -> Self {
        Self {
            options,
            value_bytes_max,
            said: Vec::new(),
        }
    }

    /// The row's indicator, or what is wrong with the row.
    pub(super) fn make(&mut self, row: &Row) -> Result<String, String> {
        if row.value.len() > self.value_bytes_max {
            let (length, max) = (row.value.len(), self.value_bytes_max);
            return Err(format!(
                "the value has {length} bytes; the limit is {max}: shorten it"
            ));
        }
        let word = words::word(&row.kind).ok_or_else(|| {
            format!(
                "the type `{}` is not known: use one of {KNOWN}",
                row.kind.escape_debug()
            )
        })?;
        let observable = observable::judge(word, &row.value)?;
        let parts = Parts {
            pattern: pattern::of(&observable),
            confidence: confidence(&row.confidence)?,
            valid_from: timestamp(&row.valid_from)?,
            tlp: tlp(&row.tlp)?,
        };
        let id = self.id(row, &parts);
        Ok(self.write(row, &parts, id))
    }

    fn id(&mut self, row: &Row, parts: &Parts) -> Uuid {
        let confidence = parts.confidence.map(|number| number.to_string());
        let fields = [
            self.options.created_by.unwrap_or_default(),
            self.options.marking.unwrap_or_default(),
            &parts.pattern,
            &row.value,
            &row.class,
            &row.family,
            &row.description,
            confidence.as_deref().unwrap_or_default(),
            parts.valid_from.as_deref().unwrap_or_default(),
            parts.tlp.unwrap_or_default(),
        ];
        self.said.clear();
        for field in fields {
            // The length goes before each field, so that no two rows flow into the same bytes.
            let length = u64::try_from(field.len()).unwrap_or(u64::MAX);
            self.said.extend_from_slice(&length.to_be_bytes());
            self.said.extend_from_slice(field.as_bytes());
        }
        Uuid::new_v5(&NAMESPACE, &self.said)
    }

    fn write(&self, row: &Row, parts: &Parts, id: Uuid) -> String {
        let created = self.options.created;
        let mut out = String::with_capacity(640);
        out.push_str("{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":\"indicator--");
        write!(out, "{}", id.as_hyphenated()).expect("writing to a string cannot fail");
        out.push('"');
        if let Some(creator) = self.options.created_by {
            member(&mut out, "created_by_ref", creator);
        }
        member(&mut out, "created", created);
        member(&mut out, "modified", created);
        member(&mut out, "name", &row.value);
        if !row.description.is_empty() {
            member(&mut out, "description", &row.description);
        }
        list(
            &mut out,
            "indicator_types",
            &[words::indicator_type(&row.class)],
        );
        member(&mut out, "pattern", &parts.pattern);
        member(&mut out, "pattern_type", "stix");
        member(
            &mut out,
            "valid_from",
            parts.valid_from.as_deref().unwrap_or(created),
        );
        let labels = [row.class.as_ref(), row.family.as_ref()];
        let doubled = row.class == row.family;
        let labels: Vec<&str> = labels
            .into_iter()
            .skip(usize::from(doubled))
            .filter(|label| !label.is_empty())
            .collect();
        list(&mut out, "labels", &labels);
        if let Some(confidence) = parts.confidence {
            write!(out, ",\"confidence\":{confidence}").expect("writing to a string cannot fail");
        }
        let own = self
            .options
            .marking
            .filter(|marking| Some(*marking) != parts.tlp);
        let markings: Vec<&str> = own.into_iter().chain(parts.tlp).collect();
        list(&mut out, "object_marking_refs", &markings);
        out.push('}');
        out
    }
}

/// What a row's columns mean, beside its texts.
struct Parts {
    pattern: String,
    confidence: Option<u8>,
    valid_from: Option<String>,
    tlp: Option<&'static str>,
}

/// A number from 0 to 100, or a word of the scale in STIX 2.1 appendix A (None, Low, Medium, High).
fn confidence(text: &str) -> Result<Option<u8>, String> {
    let text = text.trim_end_matches('%');
    let number = match text.to_ascii_lowercase().as_str() {
        "" => return Ok(None),
        "none" => 0,
        "low" => 15,
        "med" | "medium" => 50,
        "high" => 85,
        digits => digits.parse().unwrap_or(u8::MAX),
    };
    if number > 100 {
        return Err(format!(
            "the confidence `{}` is not a number from 0 to 100: correct it",
            text.escape_debug()
        ));
    }
    Ok(Some(number))
}

fn tlp(text: &str) -> Result<Option<&'static str>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let label = words::tlp_marking(text);
    label.map(Some).ok_or_else(|| {
        let text = text.escape_debug();
        format!("the TLP label `{text}` is not known: use clear, green, amber, amber+strict or red")
    })
}

/// A day, or a day and a time with or without offset (without: UTC), as a STIX timestamp.
fn timestamp(text: &str) -> Result<Option<String>, String> {
    let text = text.trim_end_matches(" UTC");
    if text.is_empty() {
        return Ok(None);
    }
    let civil = || {
        text.parse::<civil::DateTime>()
            .and_then(|time| time.to_zoned(TimeZone::UTC))
    };
    let time = match text.parse::<jiff::Timestamp>() {
        Ok(time) => time,
        Err(_) => civil().map(|zoned| zoned.timestamp()).map_err(|_| {
            let text = text.escape_debug();
            format!("the date `{text}` is not understood: write it like 2026-01-31 or 2026-01-31T12:00:00Z")
        })?,
    };
    Ok(Some(time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()))
}

fn member(out: &mut String, key: &str, value: &str) {
    out.push_str(",\"");
    out.push_str(key);
    out.push_str("\":");
    string(out, value);
}

fn list(out: &mut String, key: &str, values: &[&str]) {
    for (index, value) in values.iter().enumerate() {
        if index == 0 {
            out.push_str(",\"");
            out.push_str(key);
            out.push_str("\":[");
        } else {
            out.push(',');
        }
        string(out, value);
    }
    if !values.is_empty() {
        out.push(']');
    }
}

fn string(out: &mut String, value: &str) {
    out.push('"');
    for part in value.split_inclusive(|letter: char| matches!(letter, '"' | '\\') || letter < ' ') {
        let (plain, last) = match part.char_indices().next_back() {
            Some((at, last @ ('"' | '\\' | '\0'..'\x20'))) => {
                (part.get(..at).unwrap_or_default(), Some(last))
            }
            _ => (part, None),
        };
        out.push_str(plain);
        let escape: Cow<str> = match last {
            None => continue,
            Some('\n') => "\\n".into(),
            Some('\r') => "\\r".into(),
            Some('\t') => "\\t".into(),
            Some(letter @ ('"' | '\\')) => format!("\\{letter}").into(),
            Some(letter) => format!("\\u{:04x}", u32::from(letter)).into(),
        };
        out.push_str(&escape);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: ListOptions = ListOptions {
        created: "2026-01-02T03:04:05.678Z",
        created_by: Some("identity--11111111-2222-4333-8444-555555555555"),
        marking: Some("marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"),
    };

    fn row(value: &'static str, kind: &'static str) -> Row<'static> {
        Row {
            value: value.into(),
            kind: kind.into(),
            ..Row::default()
        }
    }

    fn id_of(json: &str) -> String {
        let object: serde_json::Value = serde_json::from_str(json).expect("valid JSON");
        object["id"].as_str().expect("an id").to_owned()
    }

    #[test]
    fn a_row_becomes_an_indicator_in_one_fixed_spelling() {
        let row = Row {
            value: "/a\"b\\c".into(),
            kind: "url".into(),
            class: "malware".into(),
            family: "example_family".into(),
            description: "one\ntwo".into(),
            confidence: "high".into(),
            valid_from: "2025-05-06 07:08:09".into(),
            tlp: "TLP:AMBER".into(),
        };
        let json = Maker::new(&OPTIONS, 100).make(&row).expect("a good row");
        let id = id_of(&json);
        let expected = r#"{"type":"indicator","spec_version":"2.1","id":"ID","created_by_ref":"identity--11111111-2222-4333-8444-555555555555","created":"2026-01-02T03:04:05.678Z","modified":"2026-01-02T03:04:05.678Z","name":"/a\"b\\c","description":"one\ntwo","indicator_types":["malicious-activity"],"pattern":"[url:value MATCHES '^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]+/a\"b\\\\\\\\c([/?#]|$)']","pattern_type":"stix","valid_from":"2025-05-06T07:08:09.000Z","labels":["malware","example_family"],"confidence":85,"object_marking_refs":["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb","marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"]}"#;
        assert_eq!(json, expected.replace("ID", &id));
        assert!(
            id.starts_with("indicator--") && id.get(25..26) == Some("5"),
            "{id}"
        );
    }

    #[test]
    fn the_id_follows_what_the_row_says_and_not_when_it_is_read() {
        let later = ListOptions {
            created: "2027-01-01T00:00:00.000Z",
            ..OPTIONS
        };
        let first = Maker::new(&OPTIONS, 100)
            .make(&row("192.0.2.1", "ip"))
            .expect("a good row");
        let again = Maker::new(&later, 100)
            .make(&row("192.0.2.1", "ip"))
            .expect("a good row");
        assert_eq!(id_of(&first), id_of(&again));
        let mut other = row("192.0.2.1", "ip");
        other.family = "example".into();
        let mut swapped = row("192.0.2.1", "ip");
        swapped.class = "example".into();
        let marked = ListOptions {
            marking: None,
            ..OPTIONS
        };
        let ids: std::collections::BTreeSet<String> = [
            first,
            Maker::new(&OPTIONS, 100).make(&other).expect("a good row"),
            Maker::new(&OPTIONS, 100)
                .make(&swapped)
                .expect("a good row"),
            Maker::new(&marked, 100)
                .make(&row("192.0.2.1", "ip"))
                .expect("a good row"),
        ]
        .iter()
        .map(|json| id_of(json))
        .collect();
        assert_eq!(ids.len(), 4);
    }

    #[test]
    fn bad_rows_say_what_to_do() {
        let check = |row: Row, expected: &str| {
            let message = Maker::new(&OPTIONS, 20).make(&row).expect_err("a bad row");
            assert!(message.contains(expected), "{message}");
        };
        check(row("", "ip"), "no value");
        check(row("192.0.2.1", "ipv6"), "is not an IPv6 address");
        check(row("192.0.2.300", "ip"), "is not an IP address");
        check(row("x", "colour"), "use one of ip, ipv4");
        check(row("abcdef", "md5"), "is not MD5");
        check(row("example", "domain"), "is not a domain name");
        check(row("a\u{7}b", "mutex"), "control character");
        check(row("0123456789012345678901", "mutex"), "the limit is 20");
        check(
            Row {
                confidence: "101".into(),
                ..row("192.0.2.1", "ip")
            },
            "0 to 100",
        );
        check(
            Row {
                valid_from: "yesterday".into(),
                ..row("192.0.2.1", "ip")
            },
            "2026-01-31",
        );
        check(
            Row {
                tlp: "pink".into(),
                ..row("192.0.2.1", "ip")
            },
            "amber+strict",
        );
    }
}

//! What each format looks like.

use super::*;

const STIX: ExportFormat = ExportFormat::Stix {
    bundle: Uuid::nil(),
};

const OBJECTS: [&str; 4] = [
    r#"{"type":"indicator","id":"indicator--11111111-1111-4111-8111-111111111111","name":"=cmd|' /C calc'!A0","pattern":"[ipv4-addr:value = '192.0.2.1']","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z","confidence":15,"labels":["a","b"]}"#,
    "{\n  \"type\": \"domain-name\",\r\n  \"id\": \"domain-name--22222222-2222-5222-8222-222222222222\", \"value\": \"a,\\\"b\\\".example\"}",
    r#"{"type":"relationship","id":"relationship--33333333-3333-4333-8333-333333333333"}"#,
    r#"{"type":"file","id":"file--44444444-4444-5444-8444-444444444444","name":"a.exe","hashes":{"MD5":"ab"}}"#,
];

fn export(format: ExportFormat) -> (String, Exported) {
    let mut exporter = Exporter::new(format, Vec::new()).expect("a head");
    for object in OBJECTS {
        exporter.object(object).expect("an object");
    }
    let (out, counts) = exporter.finish().expect("a tail");
    (String::from_utf8(out).expect("UTF-8"), counts)
}

#[test]
fn a_bundle_keeps_every_object_byte_for_byte() {
    let (text, exported) = export(STIX);
    assert_eq!(
        exported,
        Exported {
            objects: 4,
            lines: 4
        }
    );
    assert!(OBJECTS.iter().all(|object| text.contains(object)));
    let bundle: serde_json::Value = serde_json::from_str(&text).expect("valid JSON");
    assert_eq!(bundle["objects"].as_array().map(Vec::len), Some(4));
    let empty = Exporter::new(STIX, Vec::new()).and_then(Exporter::finish);
    let empty = empty.expect("an empty bundle").0;
    assert!(serde_json::from_slice::<serde_json::Value>(&empty).is_ok());
}

#[test]
fn json_lines_hold_one_object_each() {
    let (text, _) = export(ExportFormat::JsonLines);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4);
    for (line, object) in lines.iter().zip(OBJECTS) {
        let (line, object): (serde_json::Value, serde_json::Value) = (
            serde_json::from_str(line).expect("JSON"),
            serde_json::from_str(object).expect("JSON"),
        );
        assert_eq!(line, object);
    }
}

#[test]
fn a_table_runs_no_formula_in_a_spreadsheet() {
    let (text, exported) = export(ExportFormat::Csv);
    assert_eq!(
        exported,
        Exported {
            objects: 4,
            lines: 4
        }
    );
    let rows: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(
        rows.get(1).copied(),
        Some(
            "192.0.2.1,ipv4,indicator,indicator--11111111-1111-4111-8111-111111111111,\
             \"'=cmd|' /C calc'!A0\",,2026-01-01T00:00:00Z,,15,a b,"
        )
    );
    assert_eq!(
        rows.get(2).copied(),
        Some(
            "\"a,\"\"b\"\".example\",domain,domain-name,domain-name--22222222-2222-5222-8222-222222222222,,,,,,,"
        )
    );
}

#[test]
fn values_stand_one_a_line() {
    assert_eq!(
        export(ExportFormat::Values).0,
        "192.0.2.1\na,\"b\".example\nab\na.exe\n"
    );
}

#[test]
fn what_is_not_json_is_refused() {
    let mut exporter = Exporter::new(ExportFormat::Csv, Vec::new()).expect("a head");
    assert!(matches!(exporter.object("{"), Err(ExportError::NotJson(_))));
}

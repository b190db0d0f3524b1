//! Objects of any text, written in every format: one object is one line, one value is one line, no cell is a formula.
#![no_main]

use comity_formats::export::{ExportFormat, Exporter};
use comity_stix::admission::{Limits, admit};
use comity_stix::envelope::{EnvelopeLimits, read};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fn write(name: &str, object: &str) -> Option<(String, u64)> {
    let format = ExportFormat::parse(name, uuid::Uuid::nil())?;
    let mut exporter = Exporter::new(format, Vec::new()).ok()?;
    exporter.object(object).ok()?;
    let (out, done) = exporter.finish().ok()?;
    Some((
        String::from_utf8(out).expect("text in, text out"),
        done.lines,
    ))
}

fuzz_target!(|object: &str| {
    let formats = ["stix", "jsonl", "csv", "values"].map(|name| write(name, object));
    if admit(object, &Limits::EXCHANGE).is_err() {
        return;
    }
    let [bundle, lines, table, values] =
        formats.map(|out| out.expect("an object that was admitted can be written"));
    assert_eq!(
        read(bundle.0.as_bytes(), &EnvelopeLimits::EXCHANGE),
        Ok(vec![object.trim()])
    );
    let line = lines.0.strip_suffix('\n').expect("a line ends");
    assert!(!line.contains('\n'));
    let parse = |text| serde_json::from_str::<Value>(text).ok();
    assert_eq!(parse(line), parse(object));
    assert_eq!(values.0.matches('\n').count() as u64, values.1);
    assert_eq!(table.1, values.1);
    for cell in cells(&table.0) {
        assert!(
            !cell.starts_with(['=', '+', '-', '@', '\t', '\r']),
            "a formula: {cell:?}"
        );
    }
});

/// The cells of a table as RFC 4180 has it.
fn cells(table: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    for letter in table.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' | '\n' if !quoted => cells.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {}
            other => cell.push(other),
        }
    }
    assert!(!quoted && cell.is_empty(), "the table ends within a cell");
    cells
}

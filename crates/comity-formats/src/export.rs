//! Writing objects out: as a STIX bundle, JSON lines, CSV, or bare values one a line.
//!
//! In scope: streaming (nothing but the object at hand is held), CSV that a spreadsheet cannot mistake for
//! formulas, the values that indicators and observables stand for.
//! Out of scope: which objects may leave (`comity-release`), opening files.

use std::io::{self, Write};

use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

mod values;

/// The formats that [`Exporter`] writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// A STIX 2.1 bundle.
    Stix {
        /// The UUID of its id: from the caller, because this crate knows no randomness.
        bundle: Uuid,
    },
    /// One object a line.
    JsonLines,
    /// A table of the values that indicators and observables stand for.
    Csv,
    /// Those values alone, one a line.
    Values,
}

impl ExportFormat {
    /// The format of this name, as the command line spells it; `bundle` is for [`Self::Stix`].
    pub fn parse(name: &str, bundle: Uuid) -> Option<Self> {
        Some(match name {
            "stix" => Self::Stix { bundle },
            "jsonl" => Self::JsonLines,
            "csv" => Self::Csv,
            "values" => Self::Values,
            _ => return None,
        })
    }

    /// The names that [`Self::parse`] knows.
    pub const NAMES: [&str; 4] = ["stix", "jsonl", "csv", "values"];
}

/// Why an object could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The object is not JSON.
    #[error("the object is not valid JSON: run `comity doctor` on the store that holds it")]
    NotJson(#[source] serde_json::Error),
    /// The writer failed.
    #[error("cannot write the export: is the disk full or the receiving program gone?")]
    Io(#[from] io::Error),
}

/// Writes objects in one format.
#[derive(Debug)]
pub struct Exporter<W> {
    format: ExportFormat,
    out: W,
    objects: u64,
    lines: u64,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exported {
    /// Objects taken.
    pub objects: u64,
    /// Objects, rows or values written: CSV and values pass over objects that stand for no value.
    pub lines: u64,
}

impl<W: Write> Exporter<W> {
    /// Ready to write; a bundle's head is written at once.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn new(format: ExportFormat, mut out: W) -> Result<Self, ExportError> {
        match format {
            ExportFormat::Stix { bundle } => {
                write!(
                    out,
                    "{{\"type\":\"bundle\",\"id\":\"bundle--{bundle}\",\"objects\":["
                )?;
            }
            ExportFormat::Csv => out.write_all(CSV_HEADER)?,
            ExportFormat::JsonLines | ExportFormat::Values => {}
        }
        Ok(Self {
            format,
            out,
            objects: 0,
            lines: 0,
        })
    }

    /// Writes one object, given as its JSON. A bundle keeps its bytes; so do JSON lines, unless it has line
    /// breaks, which are then taken out between its parts.
    ///
    /// # Errors
    /// When the object is not JSON or the writer fails.
    pub fn object(&mut self, json: &str) -> Result<(), ExportError> {
        self.objects += 1;
        match self.format {
            ExportFormat::Stix { .. } => {
                self.out
                    .write_all(if self.lines == 0 { b"\n" } else { b",\n" })?;
                self.out.write_all(json.as_bytes())?;
                self.lines += 1;
            }
            ExportFormat::JsonLines => {
                one_line(json, &mut self.out)?;
                self.out.write_all(b"\n")?;
                self.lines += 1;
            }
            ExportFormat::Csv | ExportFormat::Values => self.rows(json)?,
        }
        Ok(())
    }

    /// Ends the export and gives the writer back, flushed.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn finish(mut self) -> Result<(W, Exported), ExportError> {
        if let ExportFormat::Stix { .. } = self.format {
            self.out.write_all(b"\n]}\n")?;
        }
        self.out.flush()?;
        Ok((
            self.out,
            Exported {
                objects: self.objects,
                lines: self.lines,
            },
        ))
    }

    fn rows(&mut self, json: &str) -> Result<(), ExportError> {
        let object: Described = serde_json::from_str(json).map_err(ExportError::NotJson)?;
        for found in values::of(&object) {
            self.lines += 1;
            if self.format == ExportFormat::Values {
                // A value is one line, whatever it holds.
                self.out
                    .write_all(found.value.replace(['\n', '\r'], " ").as_bytes())?;
                self.out.write_all(b"\n")?;
                continue;
            }
            let confidence = object
                .confidence
                .map_or_else(String::new, RawValue::to_string);
            let fields = [
                found.value.as_str(),
                found.kind,
                &object.kind,
                &object.id,
                text(object.name.as_ref()),
                text(object.description.as_ref()),
                text(object.valid_from.as_ref()),
                text(object.valid_until.as_ref()),
                &confidence,
                &object.labels.join(" "),
                &object.object_marking_refs.join(" "),
            ];
            for (index, field) in fields.into_iter().enumerate() {
                self.out.write_all(if index == 0 { b"" } else { b"," })?;
                self.out.write_all(csv_field(field).as_bytes())?;
            }
            self.out.write_all(b"\r\n")?;
        }
        Ok(())
    }
}

const CSV_HEADER: &[u8] =
    b"value,type,object,id,name,description,valid_from,valid_until,confidence,labels,object_marking_refs\r\n";

/// What a table shows of an object.
#[derive(Deserialize)]
struct Described<'j> {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    valid_from: Option<String>,
    #[serde(default)]
    valid_until: Option<String>,
    #[serde(default, borrow)]
    confidence: Option<&'j RawValue>,
    #[serde(default)]
    labels: Vec<String>,
    #[serde(default)]
    object_marking_refs: Vec<String>,
    #[serde(default)]
    pattern: Option<String>,
    #[serde(default)]
    pattern_type: Option<String>,
    #[serde(default)]
    value: Option<String>,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    number: Option<u64>,
    #[serde(default)]
    hashes: Option<std::collections::BTreeMap<String, String>>,
}

fn text(field: Option<&String>) -> &str {
    field.map_or("", String::as_str)
}

/// The object on one line: line breaks can only stand between its parts, where they mean nothing.
fn one_line(json: &str, out: &mut impl Write) -> io::Result<()> {
    for part in json.split(['\n', '\r']) {
        out.write_all(part.as_bytes())?;
    }
    Ok(())
}

/// A field as RFC 4180 quotes it. A spreadsheet runs what begins with `=`, `+`, `-` or `@` (and with tab or
/// carriage return before them), so such a field gets an apostrophe in front, which spreadsheets hide.
fn csv_field(field: &str) -> String {
    let risky = field.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '|', '%']);
    let guarded = if risky {
        format!("'{field}")
    } else {
        field.to_owned()
    };
    if risky || guarded.contains(['"', ',', ';', '\n', '\r', '\'']) {
        return format!("\"{}\"", guarded.replace('"', "\"\""));
    }
    guarded
}

#[cfg(test)]
mod tests;

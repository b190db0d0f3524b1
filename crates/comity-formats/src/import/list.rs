//! Indicator lists: rows of CSV or TSV under a header, or bare values one a line, made into indicators.
//!
//! In scope: finding the columns, quoting (RFC 4180, over several lines where the file does so), `#` comments,
//! and handing each row to the parts that judge its value (`observable`), write its pattern (`pattern`) and
//! its object (`indicator`).
//! Out of scope: the format of any one vendor.
//!
//! Limits: `line_bytes_max` for a row, `value_bytes_max` for a value, [`CONTINUED_LINES_MAX`].

use std::borrow::Cow;

use super::lines::{Line, Lines};
use super::source::Tracked;
use super::{FormatName, Item, Output, ReadOptions, Stop};

mod columns;
mod indicator;
mod observable;
mod pattern;
mod words;

pub(super) use columns::Columns;

use columns::{Row, Unclosed};
use indicator::Maker;

/// How many lines one quoted field may run over.
const CONTINUED_LINES_MAX: usize = 100;

/// Whether a line without header can be taken as an indicator.
pub(super) fn looks_like_a_value(line: &str) -> bool {
    observable::detect(bare(line)).is_ok()
}

/// Reads a list; the columns are those that `sniff` found.
pub(super) fn read(
    input: &mut Tracked,
    options: &ReadOptions,
    columns: Option<&Columns>,
    output: &mut Output,
) -> Result<FormatName, Stop> {
    let mut lines = Lines::new(input, options.limits.line_bytes_max);
    let mut maker = Maker::new(&options.list, options.limits.value_bytes_max);
    let mut header = columns.is_some_and(Columns::header_is_a_row);
    while let Some(line) = lines.next()? {
        let text = match usable(line, lines.text(), options.limits.line_bytes_max) {
            Ok(text) if text.trim_ascii().is_empty() || text.starts_with('#') => continue,
            Ok(_) if header => {
                header = false;
                continue;
            }
            Ok(text) => text,
            Err(message) => {
                output.problem(line.position, message, FormatName::IndicatorList)?;
                continue;
            }
        };
        let row = match columns {
            None => Ok(Row::bare(bare(text))),
            Some(columns) => columns.split(text).map_err(|Unclosed| columns),
        };
        match row {
            Ok(row) => give(maker.make(&row), line, output)?,
            Err(columns) => {
                let opened = text.to_owned();
                let mut table = Table {
                    lines: &mut lines,
                    columns,
                    maker: &mut maker,
                };
                continued(opened, line, &mut table, output)?;
            }
        }
    }
    Ok(FormatName::IndicatorList)
}

struct Table<'t, 'i, 'r, 'o> {
    lines: &'t mut Lines<'i, 'r>,
    columns: &'t Columns,
    maker: &'t mut Maker<'o>,
}

/// A quoted field that goes on over the next lines. Where it never closes, the first line alone is to blame
/// and the lines taken with it are rows of their own.
fn continued(
    opened: String,
    first: Line,
    table: &mut Table,
    output: &mut Output,
) -> Result<(), Stop> {
    let mut whole = opened;
    let mut taken: Vec<(Line, Result<String, String>)> = Vec::new();
    while taken.len() < CONTINUED_LINES_MAX {
        let Some(line) = table.lines.next()? else {
            break;
        };
        let max = table.lines.max();
        let text = usable(line, table.lines.text(), max).map(str::to_owned);
        let fits = text
            .as_ref()
            .is_ok_and(|text| whole.len() + text.len() < max);
        if let (true, Ok(text)) = (fits, &text) {
            whole.push('\n');
            whole.push_str(text);
        }
        taken.push((line, text));
        if !fits {
            break;
        }
        if let Ok(row) = table.columns.split(&whole) {
            return give(table.maker.make(&row), first, output);
        }
    }
    let message =
        "a quotation mark opens a field and never closes: double it or remove it".to_owned();
    output.problem(first.position, message, FormatName::IndicatorList)?;
    for (line, text) in taken {
        let outcome = match &text {
            Ok(text) if text.trim_ascii().is_empty() || text.starts_with('#') => continue,
            Ok(text) => match table.columns.split(text) {
                Ok(row) => table.maker.make(&row),
                Err(Unclosed) => {
                    Err("a quotation mark opens a field and never closes: double it".to_owned())
                }
            },
            Err(message) => Err(message.clone()),
        };
        give(outcome, line, output)?;
    }
    Ok(())
}

fn usable(line: Line, text: &[u8], max: usize) -> Result<&str, String> {
    if line.too_long {
        return Err(format!(
            "the row is longer than {max} bytes: shorten it or leave it out"
        ));
    }
    str::from_utf8(text).map_err(|error| {
        format!(
            "the row is not UTF-8 at its byte {}: save the list as UTF-8",
            error.valid_up_to()
        )
    })
}

fn give(outcome: Result<String, String>, line: Line, output: &mut Output) -> Result<(), Stop> {
    let position = line.position;
    match outcome {
        Ok(json) => {
            let item = Item::Object {
                json,
                position,
                spec20: false,
                derived: true,
            };
            output.give(item, FormatName::IndicatorList)
        }
        Err(message) => output.problem(position, message, FormatName::IndicatorList),
    }
}

/// A line of a list without header, less its comment and its quotation marks.
fn bare(line: &str) -> &str {
    let line = match line.split_once(" #").or_else(|| line.split_once("\t#")) {
        Some((value, _)) => value,
        None => line,
    };
    let line = line.trim();
    line.strip_prefix('"')
        .and_then(|inner| inner.strip_suffix('"'))
        .unwrap_or(line)
}

/// A field of a row.
type Field<'l> = Cow<'l, str>;

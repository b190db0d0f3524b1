//! Lines of bounded length, and JSON lines: one STIX object (or bundle) a line.
//!
//! In scope: LF and CRLF, blank lines, lines that are too long (passed over, reading goes on).
//! Out of scope: what a line of an indicator list means (`list`).

use std::io;

use memchr::memchr;

use super::source::{Tracked, wide};
use super::{FormatName, Output, Position, ReadError, ReadLimits, Stop, Unit, document};

/// Reads JSON lines. A bad line is a problem; the next one is read as if it had not been there.
pub(super) fn read(
    input: &mut Tracked,
    limits: &ReadLimits,
    output: &mut Output,
) -> Result<FormatName, Stop> {
    let mut lines = Lines::new(input, limits.object_bytes_max);
    while let Some(line) = lines.next()? {
        if line.too_long {
            let max = limits.object_bytes_max;
            let message = format!("the line is longer than {max} bytes: split it or leave it out");
            output.problem(line.position, message, FormatName::JsonLines)?;
            continue;
        }
        let mut bytes = lines.text();
        let mut rest = Tracked::new(&mut bytes, line.position.offset);
        let message = match document::read_line(&mut rest, limits, line.position.number, output) {
            Ok(()) => continue,
            Err(Stop::Failed(ReadError::Truncated { .. })) if line.unfinished => {
                let offset = line.position.offset + wide(lines.text().len());
                let objects = output.objects;
                return Err(Stop::Failed(ReadError::Truncated { objects, offset }));
            }
            Err(Stop::Failed(ReadError::Truncated { .. })) => {
                "the line ends inside an object: an object must stand on one line; join its parts"
                    .to_owned()
            }
            Err(Stop::Failed(ReadError::Malformed { found, offset, .. })) => {
                format!(
                    "not valid JSON at byte {offset} of the file ({found}): mend or remove the line"
                )
            }
            Err(stop) => return Err(stop),
        };
        output.problem(line.position, message, FormatName::JsonLines)?;
    }
    Ok(FormatName::JsonLines)
}

/// Cuts text into lines.
pub(super) struct Lines<'i, 'r> {
    input: &'i mut Tracked<'r>,
    max: usize,
    number: u64,
    text: Vec<u8>,
}

/// What is known of a line beside its text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) position: Position,
    /// Its text was dropped.
    pub(super) too_long: bool,
    /// The file ended before the line did.
    pub(super) unfinished: bool,
}

impl<'i, 'r> Lines<'i, 'r> {
    pub(super) fn new(input: &'i mut Tracked<'r>, max: usize) -> Self {
        Self {
            input,
            max,
            number: 0,
            text: Vec::new(),
        }
    }

    /// The longest line that is kept.
    pub(super) fn max(&self) -> usize {
        self.max
    }

    /// The text of the line last read, without its end.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        self.text.clear();
        self.number += 1;
        let position = Position {
            unit: Unit::Line,
            number: self.number,
            offset: self.input.offset(),
        };
        let mut line = Line {
            position,
            too_long: false,
            unfinished: true,
        };
        while line.unfinished {
            let chunk = self.input.chunk()?;
            if chunk.is_empty() {
                break;
            }
            let end = memchr(b'\n', chunk);
            let part = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
            if self.text.len() + part.len() > self.max {
                line.too_long = true;
                self.text = Vec::new();
            }
            if !line.too_long {
                self.text.extend_from_slice(part);
            }
            let used = part.len() + usize::from(end.is_some());
            line.unfinished = end.is_none();
            self.input.consume(used);
        }
        if self.text.last() == Some(&b'\r') {
            self.text.pop();
        }
        let read = self.input.offset() > position.offset;
        Ok(read.then_some(line))
    }
}

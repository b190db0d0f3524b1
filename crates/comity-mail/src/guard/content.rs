//! Content types, wherever they may stand: counted as the most lenient parser would see them.
//!
//! A parser may find a header block where others see text: after a boundary in the middle of a line, with spaces in a name, with
//! quotes and comments between a type and its subtype. So every `Content-Type:` counts, in any block of any line.
//!
//! In scope: how many messages and multiparts there may be, boundaries, encoded messages. Out of scope: which of them are real.

use super::{Fault, GuardLimits};

/// What was seen of content fields up to now.
#[derive(Default)]
pub(super) struct ContentFields {
    messages: usize,
    multiparts: usize,
    digest: bool,
    encoded: bool,
    /// Of the run of lines without an empty one: whether one of each kind of field stood in it.
    block: Block,
    hidden: bool,
    open: Open,
}

#[derive(Clone, Copy, Default)]
struct Block {
    message: bool,
    encoded: bool,
}

/// The field whose continuation the next line may be.
#[derive(Clone, Copy, Default)]
enum Open {
    #[default]
    Nothing,
    Type(Value),
    Encoding(Value),
}

/// The end of a field's value, without what parsers leave out, in lower case.
#[derive(Clone, Copy, Default)]
struct Value {
    last: [u8; 16],
    boundary: Option<usize>,
}

impl ContentFields {
    pub(super) fn take(&mut self, line: &[u8], limits: &GuardLimits) -> Result<(), Fault> {
        if line.is_empty() {
            self.block = Block::default();
            self.open = Open::Nothing;
            return Ok(());
        }
        if !(line.starts_with(b" ") || line.starts_with(b"\t")) {
            self.open = Open::Nothing;
        }
        let open = !matches!(self.open, Open::Nothing);
        // Most lines of a large mail are Base64, which has no colon.
        if !open && !line.contains(&b':') {
            return Ok(());
        }
        for (place, byte) in line.iter().enumerate() {
            if *byte == b':' {
                self.colon(line.get(..place).unwrap_or_default());
            } else if !left_out(*byte) {
                self.value(byte.to_ascii_lowercase(), limits)?;
            }
        }
        if self.block.message && self.block.encoded {
            self.hidden = true;
        }
        Ok(())
    }

    /// Whether a parser may find a message that it has to decode first.
    pub(super) fn encoded_message(&self) -> bool {
        // In a digest the type of a message need not be written (RFC 2046 section 5.1.5).
        self.hidden || self.digest && self.encoded
    }

    fn colon(&mut self, before: &[u8]) {
        if ends_with_name(before, b"content-type") {
            self.open = Open::Type(Value::default());
        } else if ends_with_name(before, b"content-transfer-encoding") {
            self.open = Open::Encoding(Value::default());
        }
    }

    fn value(&mut self, byte: u8, limits: &GuardLimits) -> Result<(), Fault> {
        match &mut self.open {
            Open::Nothing => Ok(()),
            Open::Encoding(value) => {
                value.push(byte);
                // `64`, `able`, or an encoded word that says so.
                if [&b"base64"[..], b"quoted-printable", b"=?"]
                    .iter()
                    .any(|word| value.last.ends_with(word))
                {
                    self.block.encoded = true;
                    self.encoded = true;
                }
                Ok(())
            }
            Open::Type(value) => {
                value.push(byte);
                let last = value.last;
                let subtype = |word: &[u8]| {
                    last.strip_suffix(word).is_some_and(|before| {
                        (before.ends_with(b"/") && !before.ends_with(b"text/"))
                            || before.ends_with(b")")
                    })
                };
                if let Some(length) = value.boundary_length(byte)
                    && length > limits.boundary_bytes_max
                {
                    return Err(Fault::BoundaryTooLong);
                }
                if subtype(b"rfc822") || subtype(b"global") {
                    self.block.message = true;
                    self.messages += 1;
                } else if subtype(b"digest") {
                    self.digest = true;
                } else if last.ends_with(b"multipart") {
                    self.multiparts += 1;
                }
                if self.messages > limits.messages_max {
                    Err(Fault::TooManyMessages)
                } else if self.multiparts > limits.multiparts_max {
                    Err(Fault::TooManyMultiparts)
                } else {
                    Ok(())
                }
            }
        }
    }
}

impl Value {
    fn push(&mut self, byte: u8) {
        self.last.rotate_left(1);
        if let Some(end) = self.last.last_mut() {
            *end = byte;
        }
    }

    /// How long the value of `boundary` is up to here.
    fn boundary_length(&mut self, byte: u8) -> Option<usize> {
        if self.last.ends_with(b"boundary=") {
            self.boundary = Some(0);
        } else if byte == b';' {
            self.boundary = None;
        } else if let Some(length) = &mut self.boundary {
            *length += 1;
        }
        self.boundary
    }
}

/// What parsers pass over inside a structured field.
fn left_out(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\\')
}

fn ends_with_name(before: &[u8], name: &[u8]) -> bool {
    let mut letters = before
        .iter()
        .rev()
        .filter(|byte| !byte.is_ascii_whitespace());
    name.iter().rev().all(|expected| {
        letters
            .next()
            .is_some_and(|found| found.eq_ignore_ascii_case(expected))
    })
}

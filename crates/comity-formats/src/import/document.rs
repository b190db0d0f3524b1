//! JSON documents: bundles, envelopes, arrays and bare objects, cut into objects as they stream by.
//!
//! In scope: finding the objects of a container without reading the container into memory, one or several
//! documents after each other. Commas separate objects, but their number is not checked.
//! Out of scope: validity inside an object.

use super::scan::{Facts, Kind, Scan, Spec, Step};
use super::source::{Tracked, wide};
use super::{FormatName, Item, Output, Position, ReadError, ReadLimits, Stop, Unit};

/// Reads documents up to the end of the text.
pub(super) fn read(
    input: &mut Tracked,
    limits: &ReadLimits,
    output: &mut Output,
) -> Result<FormatName, Stop> {
    let mut reader = Reader::new(input, *limits, None);
    reader.documents(output)?;
    Ok(reader.format())
}

/// Reads the documents of one line of JSON lines.
pub(super) fn read_line(
    input: &mut Tracked,
    limits: &ReadLimits,
    line: u64,
    output: &mut Output,
) -> Result<(), Stop> {
    Reader::new(input, *limits, Some(line)).documents(output)
}

struct Reader<'i, 'r> {
    input: &'i mut Tracked<'r>,
    limits: ReadLimits,
    line: Option<u64>,
    number: u64,
    format: Option<FormatName>,
    seen20: bool,
    seen21: bool,
}

/// How a run of the scanner ended.
enum End {
    Value,
    Objects,
}

impl<'i, 'r> Reader<'i, 'r> {
    fn new(input: &'i mut Tracked<'r>, limits: ReadLimits, line: Option<u64>) -> Self {
        Self {
            input,
            limits,
            line,
            number: 0,
            format: None,
            seen20: false,
            seen21: false,
        }
    }

    fn documents(&mut self, output: &mut Output) -> Result<(), Stop> {
        while let Some(byte) = self.input.peek()? {
            match byte {
                b'{' => self.object(output)?,
                b'[' => {
                    self.input.consume(1);
                    self.format.get_or_insert(FormatName::Array);
                    self.list(false, output)?;
                }
                other => return Err(self.malformed(&show(other), output)),
            }
        }
        Ok(())
    }

    /// A bundle, an envelope or a bare object: told apart as its keys go by.
    fn object(&mut self, output: &mut Output) -> Result<(), Stop> {
        let position = self.position();
        let mut scan = Scan::new(self.limits.depth_max, true);
        let mut held = Held::new(self.limits.object_bytes_max);
        let mut container = false;
        while let End::Objects = self.run(&mut scan, &mut held, output)? {
            container = true;
            held.discard();
            let facts = scan.facts();
            let kind = if facts.kind == Kind::Bundle {
                FormatName::Bundle21
            } else {
                FormatName::Envelope
            };
            self.format = Some(kind);
            self.list(
                facts.kind == Kind::Bundle && facts.spec == Spec::V20,
                output,
            )?;
        }
        let facts = scan.facts();
        if container || facts.kind == Kind::Bundle || !(facts.foreign || facts.kind == Kind::Other)
        {
            let listless = scan.names_objects() && !container;
            return self.container_ended(facts, listless, position, output);
        }
        if facts.kind == Kind::None {
            return self.untyped(position, output);
        }
        self.format = match self.format {
            None => Some(FormatName::Object),
            Some(FormatName::Object) => Some(FormatName::JsonLines),
            other => other,
        };
        self.number += 1;
        self.deliver(
            held,
            facts,
            Position {
                number: self.count(),
                ..position
            },
            output,
        )
    }

    fn container_ended(
        &mut self,
        facts: Facts,
        listless: bool,
        position: Position,
        output: &mut Output,
    ) -> Result<(), Stop> {
        let format = match (facts.kind, facts.spec) {
            (Kind::Bundle, Spec::V20) => FormatName::Bundle20,
            (Kind::Bundle, _) if self.seen20 && !self.seen21 => FormatName::Bundle20,
            (Kind::Bundle, _) => FormatName::Bundle21,
            (Kind::None | Kind::Other, _) => FormatName::Envelope,
        };
        self.format = Some(format);
        if listless {
            let message =
                "its `objects` are no list, so nothing was read: make it a list of STIX objects";
            return output.problem(position, message.to_owned(), format);
        }
        if facts.kind != Kind::Other {
            return Ok(());
        }
        let message = "this object has a `type` that is not `bundle`, but its `objects` came first and were \
                       read as a bundle's: put `type` before `objects`";
        output.problem(position, message.to_owned(), format)
    }

    fn untyped(&mut self, position: Position, output: &mut Output) -> Result<(), Stop> {
        if self.line.is_none() && self.format.is_none() {
            let found = "a JSON object with neither `type` nor `objects`".to_owned();
            return Err(Stop::Failed(ReadError::NotRecognised { found }));
        }
        self.number += 1;
        let position = Position {
            number: self.count(),
            ..position
        };
        let message = "the object has no `type`: it is not a STIX object; take it out".to_owned();
        output.problem(position, message, self.format())
    }

    /// The elements of a list, up to and with its closing bracket.
    fn list(&mut self, bundle20: bool, output: &mut Output) -> Result<(), Stop> {
        loop {
            match self.input.peek()? {
                None => return Err(self.truncated(output)),
                Some(b']') => {
                    self.input.consume(1);
                    return Ok(());
                }
                Some(b',') => self.input.consume(1),
                Some(byte @ (b'}' | b':')) => return Err(self.malformed(&show(byte), output)),
                Some(_) => {
                    self.number += 1;
                    let position = self.position();
                    let mut scan = Scan::new(self.limits.depth_max, false);
                    let mut held = Held::new(self.limits.object_bytes_max);
                    self.run(&mut scan, &mut held, output)?;
                    let mut facts = scan.facts();
                    if bundle20 && facts.spec == Spec::None {
                        facts.spec = Spec::V20;
                    }
                    self.deliver(held, facts, position, output)?;
                }
            }
        }
    }

    /// Feeds the scanner until the value ends or its `objects` list opens.
    fn run(&mut self, scan: &mut Scan, held: &mut Held, output: &Output) -> Result<End, Stop> {
        loop {
            let chunk = self.input.chunk()?;
            if chunk.is_empty() {
                return Err(self.truncated(output));
            }
            let step = scan.feed(chunk);
            let used = match step {
                Step::More => chunk.len(),
                Step::Done(used) | Step::Objects(used) | Step::Unpaired(used) => used,
            };
            held.take(chunk.get(..used).unwrap_or_default());
            self.input.consume(used);
            match step {
                Step::More => {}
                Step::Done(_) => return Ok(End::Value),
                Step::Objects(_) => return Ok(End::Objects),
                Step::Unpaired(_) => {
                    return Err(self.malformed("a closing bracket that pairs with none", output));
                }
            }
        }
    }

    fn deliver(
        &mut self,
        held: Held,
        facts: Facts,
        position: Position,
        output: &mut Output,
    ) -> Result<(), Stop> {
        let format = self.format();
        let message = match held.text(facts, &self.limits) {
            Ok(json) => {
                // A 2.1 object with `created` must have `spec_version` (STIX 2.1 section 3.2); a 2.0 one has none.
                let spec20 = match facts.spec {
                    Spec::V20 => true,
                    Spec::Other => false,
                    Spec::None => facts.created,
                };
                self.seen20 |= spec20;
                self.seen21 |= facts.spec == Spec::Other;
                return output.give(
                    Item::Object {
                        json,
                        position,
                        spec20,
                        derived: false,
                    },
                    format,
                );
            }
            Err(message) => message,
        };
        output.problem(position, message, format)
    }

    fn count(&self) -> u64 {
        self.line.unwrap_or(self.number)
    }

    fn position(&self) -> Position {
        let unit = if self.line.is_some() {
            Unit::Line
        } else {
            Unit::Object
        };
        Position {
            unit,
            number: self.count(),
            offset: self.input.offset(),
        }
    }

    fn format(&self) -> FormatName {
        if self.line.is_some() {
            FormatName::JsonLines
        } else {
            self.format.unwrap_or(FormatName::Object)
        }
    }

    fn truncated(&self, output: &Output) -> Stop {
        let offset = self.input.offset();
        Stop::Failed(ReadError::Truncated {
            objects: output.objects,
            offset,
        })
    }

    fn malformed(&self, found: &str, output: &Output) -> Stop {
        let (objects, offset) = (output.objects, self.input.offset());
        Stop::Failed(ReadError::Malformed {
            objects,
            offset,
            found: found.to_owned(),
        })
    }
}

fn show(byte: u8) -> String {
    if byte.is_ascii_graphic() {
        format!("`{}`", char::from(byte))
    } else {
        format!("byte {byte:#04x}")
    }
}

/// The bytes of one value, up to the limit.
struct Held {
    bytes: Vec<u8>,
    length: u64,
    max: usize,
    wanted: bool,
}

impl Held {
    fn new(max: usize) -> Self {
        Self {
            bytes: Vec::new(),
            length: 0,
            max,
            wanted: true,
        }
    }

    fn take(&mut self, part: &[u8]) {
        self.length += wide(part.len());
        if !self.wanted {
            return;
        }
        if self.bytes.len() + part.len() > self.max {
            self.discard();
            return;
        }
        self.bytes.extend_from_slice(part);
    }

    /// A container's own keys are not kept.
    fn discard(&mut self) {
        self.wanted = false;
        self.bytes = Vec::new();
    }

    fn text(self, facts: Facts, limits: &ReadLimits) -> Result<String, String> {
        if facts.too_deep {
            let depth = limits.depth_max;
            return Err(format!(
                "the object nests deeper than {depth} levels: flatten it or leave it out"
            ));
        }
        if !self.wanted {
            let (length, max) = (self.length, self.max);
            return Err(format!(
                "the object has {length} bytes; the limit is {max}: split it or leave it out"
            ));
        }
        if self.bytes.first() != Some(&b'{') {
            return Err(
                "this is not a JSON object: a list of STIX holds objects only; take it out"
                    .to_owned(),
            );
        }
        String::from_utf8(self.bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            format!("the object is not UTF-8 at its byte {at}: save it as UTF-8")
        })
    }
}

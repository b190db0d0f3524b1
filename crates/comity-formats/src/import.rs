//! Reading a file of threat information, whatever its format, one object at a time.
//!
//! [`read`] recognises the format by content, never by name, undoes gzip, and hands every object to a sink
//! as it streams by. A bad object, line or row becomes an [`Item::Problem`] and reading goes on; only damage
//! to the file as a whole ends it with a [`ReadError`], and then everything before the damage was delivered.
//!
//! In scope: bundles (2.1 and 2.0), TAXII envelopes, JSON lines, JSON arrays, bare objects, indicator lists.
//! Out of scope: whether the text between an object's braces is valid JSON, has doubled keys or obeys STIX:
//! that is admission's work. Here objects are found by their brackets and strings alone, and stay byte for byte.
//!
//! Limits: [`ReadLimits`]. Memory: one object or line, plus 64 KiB of look-ahead.

use std::fmt;
use std::io::{self, BufRead, Read};
use std::ops::ControlFlow;

mod document;
mod lines;
mod list;
mod scan;
mod sniff;
mod source;

use sniff::Layout;

/// The formats that [`read`] knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormatName {
    /// A STIX 2.1 bundle.
    Bundle21,
    /// A STIX 2.0 bundle.
    Bundle20,
    /// A TAXII 2.1 envelope.
    Envelope,
    /// One STIX object a line.
    JsonLines,
    /// A JSON array of STIX objects.
    Array,
    /// One bare STIX object.
    Object,
    /// Values, one a line, with or without a header that names columns.
    IndicatorList,
}

impl fmt::Display for FormatName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bundle21 => "STIX 2.1 bundle",
            Self::Bundle20 => "STIX 2.0 bundle",
            Self::Envelope => "TAXII envelope",
            Self::JsonLines => "JSON lines",
            Self::Array => "JSON array of objects",
            Self::Object => "STIX object",
            Self::IndicatorList => "indicator list",
        })
    }
}

/// What a reader refuses to hold or to unpack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// The longest single object, in bytes; a longer one is a problem and is passed over.
    pub object_bytes_max: usize,
    /// The deepest nesting inside one object; a deeper one is a problem and is passed over.
    pub depth_max: usize,
    /// The longest row of an indicator list, in bytes.
    pub line_bytes_max: usize,
    /// The longest single value in an indicator list, in bytes.
    pub value_bytes_max: usize,
    /// How much gzip may unpack to in total, in bytes.
    pub expanded_bytes_max: u64,
    /// How many bytes gzip may unpack to for each byte read, counted after [`EXPANSION_FREE_BYTES`].
    pub expansion_ratio_max: u64,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self {
            object_bytes_max: OBJECT_BYTES_MAX,
            depth_max: DEPTH_MAX,
            line_bytes_max: LINE_BYTES_MAX,
            value_bytes_max: VALUE_BYTES_MAX,
            expanded_bytes_max: EXPANDED_BYTES_MAX,
            expansion_ratio_max: EXPANSION_RATIO_MAX,
        }
    }
}

/// Default for one object: an `artifact` may carry a file, and 16 MiB of Base64 is 12 MiB of it.
pub const OBJECT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Default nesting: STIX itself needs about ten levels; the JSON reader that follows gives up at 128.
pub const DEPTH_MAX: usize = 64;
/// Default for a row: a value, a description and a dozen short columns.
pub const LINE_BYTES_MAX: usize = 64 * 1024;
/// Default for a value: browsers and proxies cut URLs at about 8 KiB.
pub const VALUE_BYTES_MAX: usize = 8 * 1024;
/// Default for what gzip may unpack to: far above any real feed, far below a disk that fills unnoticed.
pub const EXPANDED_BYTES_MAX: u64 = 1 << 40;
/// Default ratio: bundles and lists pack 5 to 40 times, a gzip bomb packs about 1,000 times (RFC 1951).
pub const EXPANSION_RATIO_MAX: u64 = 250;
/// The ratio is not judged before this much has been unpacked, so that small repetitive files pass.
pub const EXPANSION_FREE_BYTES: u64 = 16 * 1024 * 1024;

/// What the rows of an indicator list become.
///
/// The id of such an indicator is a digest of everything in it but `created`: so the same row read again gets
/// the same id, and an id that is already stored means that there is nothing to do, whatever the timestamps.
#[derive(Debug, Clone, Copy)]
pub struct ListOptions<'a> {
    /// `created` and `modified` of the indicators, and `valid_from` where the row has none: a STIX timestamp.
    pub created: &'a str,
    /// The identity that made them (`created_by_ref`).
    pub created_by: Option<&'a str>,
    /// A marking definition put on each of them, beside what a row's own `tlp` column adds.
    pub marking: Option<&'a str>,
}

/// How to read.
#[derive(Debug, Clone, Copy)]
pub struct ReadOptions<'a> {
    /// What to refuse.
    pub limits: ReadLimits,
    /// What rows of a list become.
    pub list: ListOptions<'a>,
}

/// What a [`Position`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Lines of the file, from 1.
    Line,
    /// Objects of the file, from 1, the bad ones included.
    Object,
}

/// Where in the file, after unpacking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// What `number` counts.
    pub unit: Unit,
    /// The line or object, from 1.
    pub number: u64,
    /// The byte at which it starts, from 0.
    pub offset: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Line => "line",
            Unit::Object => "object",
        };
        write!(f, "{unit} {} (byte {})", self.number, self.offset)
    }
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// An object to admit.
    Object {
        /// The object's bytes as they stand in the file, or as made from a list row.
        json: String,
        /// Where it stands.
        position: Position,
        /// It is STIX 2.0 and wants upgrading.
        spec20: bool,
        /// It was made from a row of an indicator list.
        derived: bool,
    },
    /// An object, line or row that was passed over.
    Problem(ReadProblem),
}

/// Why one object, line or row was passed over, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{position}: {message}")]
pub struct ReadProblem {
    /// Where it stands.
    pub position: Position,
    /// What is wrong, and what mends it.
    pub message: String,
}

/// What was read in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// The format that was recognised.
    pub format: FormatName,
    /// Objects handed to the sink.
    pub objects: u64,
    /// Problems handed to the sink.
    pub problems: u64,
    /// The sink asked to stop before the end.
    pub stopped: bool,
}

/// Why reading ended before the end of the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file stops inside an object or list.
    #[error(
        "the file stops in the middle, at byte {offset}, after {objects} whole objects: it was cut off; \
         fetch it again (the objects before the cut are good)"
    )]
    Truncated {
        /// Objects delivered before.
        objects: u64,
        /// Where the file ends, after unpacking.
        offset: u64,
    },
    /// Brackets that do not pair, or something between two objects.
    #[error(
        "not valid JSON at byte {offset} ({found}), after {objects} whole objects: mend the file there, or \
         split it into JSON lines, where one bad line does not hide the rest"
    )]
    Malformed {
        /// Objects delivered before.
        objects: u64,
        /// Where, after unpacking.
        offset: u64,
        /// What stands there.
        found: String,
    },
    /// The file is not text in UTF-8.
    #[error(
        "not UTF-8 at byte {offset}: save the file as UTF-8 (RFC 8259 section 8.1) and try again"
    )]
    NotUtf8 {
        /// Where, after unpacking.
        offset: u64,
    },
    /// None of the formats.
    #[error(
        "not a format that can be read: {found}. Known are STIX 2.1 and 2.0 bundles, TAXII envelopes, JSON \
         lines, JSON arrays of STIX objects, single STIX objects, and CSV, TSV or plain lists of indicators \
         (a header with `value` and `type`, or one value a line), each also gzip-compressed"
    )]
    NotRecognised {
        /// What it looks like.
        found: String,
    },
    /// The gzip stream is broken.
    #[error(
        "the gzip data is damaged after {objects} whole objects ({reason}): fetch the file again"
    )]
    GzipDamaged {
        /// Objects delivered before.
        objects: u64,
        /// What the unpacker says.
        reason: String,
    },
    /// The gzip stream unpacks to more than the limits allow.
    #[error(
        "the gzip data unpacks to more than {limit}, after {objects} whole objects: if the file is sound, \
         unpack it first and import the result"
    )]
    Expands {
        /// Objects delivered before.
        objects: u64,
        /// The limit that was passed.
        limit: String,
    },
    /// The reader itself failed.
    #[error("cannot read on after {objects} whole objects")]
    Io {
        /// Objects delivered before.
        objects: u64,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Reads a whole file and hands everything in it to `sink`, in order.
///
/// The sink ends the reading by answering [`ControlFlow::Break`].
///
/// # Errors
/// When the file as a whole cannot be read (on): see [`ReadError`].
pub fn read<R: BufRead>(
    input: R,
    options: &ReadOptions,
    sink: &mut dyn FnMut(Item) -> ControlFlow<()>,
) -> Result<Summary, ReadError> {
    let mut output = Output {
        sink,
        objects: 0,
        problems: 0,
    };
    let format = source::open(input, &options.limits, &mut |text| {
        dispatch(text, options, &mut output)
    });
    match format {
        Ok(format) => Ok(output.summary(format, false)),
        Err(Stop::Asked(format)) => Ok(output.summary(format, true)),
        Err(Stop::Failed(error)) => Err(error),
        Err(Stop::Io(error)) => Err(source::explain(error, output.objects)),
    }
}

fn dispatch(
    text: &mut dyn BufRead,
    options: &ReadOptions,
    output: &mut Output,
) -> Result<FormatName, Stop> {
    let head = source::head(text)?;
    let layout = sniff::layout(&head).map_err(Stop::Failed)?;
    let start = if head.starts_with(BYTE_ORDER_MARK) {
        BYTE_ORDER_MARK.len()
    } else {
        0
    };
    let mut rest = io::Cursor::new(head.get(start..).unwrap_or_default()).chain(text);
    let mut input = source::Tracked::new(&mut rest, source::wide(start));
    match layout {
        Layout::Document => document::read(&mut input, &options.limits, output),
        Layout::Lines => lines::read(&mut input, &options.limits, output),
        Layout::List(columns) => list::read(&mut input, options, columns.as_ref(), output),
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Why a part of the reader stops early.
enum Stop {
    /// The sink asked for it.
    Asked(FormatName),
    /// The file is bad.
    Failed(ReadError),
    /// The reader below failed.
    Io(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The sink and its counters.
struct Output<'s> {
    sink: &'s mut dyn FnMut(Item) -> ControlFlow<()>,
    objects: u64,
    problems: u64,
}

impl Output<'_> {
    fn give(&mut self, item: Item, format: FormatName) -> Result<(), Stop> {
        match item {
            Item::Object { .. } => self.objects += 1,
            Item::Problem(_) => self.problems += 1,
        }
        match (self.sink)(item) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Stop::Asked(format)),
        }
    }

    fn problem(
        &mut self,
        position: Position,
        message: String,
        format: FormatName,
    ) -> Result<(), Stop> {
        self.give(Item::Problem(ReadProblem { position, message }), format)
    }

    fn summary(&self, format: FormatName, stopped: bool) -> Summary {
        Summary {
            format,
            objects: self.objects,
            problems: self.problems,
            stopped,
        }
    }
}

#[cfg(test)]
mod tests;

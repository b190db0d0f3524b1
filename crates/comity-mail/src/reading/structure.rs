//! The parts of a mail and the bytes that each of them is.
//!
//! A walk over the lines with a stack of open boundaries, in one pass and without recursion. Boundaries are found where RFC 2046
//! section 5.1.1 says, at the beginning of a line and whole, because a signature covers what stands between them: a parser that also
//! finds them within a line, or by their first letters, covers something else.
//!
//! In scope: which part stands where, in what. Out of scope: decoding (`decode`), signatures (`coverage`).
//! Limits: [`super::ReadLimits`]: what is too deep or too much stays one closed part.

use std::ops::Range;

use mail_parser::{GetHeader, HeaderName, MessageParser};

use super::ReadLimits;

/// What a part is to those in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It has no parts.
    Leaf,
    /// `multipart/...`: its parts stand between boundaries.
    Multipart,
    /// `message/rfc822` or `message/global`: it has one part, a message.
    Message,
}

/// A part of a mail.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts that have nothing to do with each other"
)]
pub struct Part {
    /// The part that it stands in; an index. None: the mail itself.
    pub parent: Option<usize>,
    /// How many parts are around it.
    pub depth: usize,
    /// What it is.
    pub kind: Kind,
    /// Type and subtype in lower case, as declared; `text/plain` where nothing is (RFC 2045 section 5.2).
    pub declared: String,
    /// The header block with the empty line.
    pub header: Range<usize>,
    /// What follows it, without the line end before the next boundary.
    pub body: Range<usize>,
    /// What stands outside of its parts is not blank: before the first boundary or behind the last.
    pub outside: bool,
    /// `multipart` without its last boundary.
    pub unclosed: bool,
    /// It says that it has parts, and was not opened because of a limit or because it has no boundary.
    pub closed: bool,
    /// A field that decides what it is stands twice.
    pub ambiguous: bool,
    /// How it is encoded.
    pub encoding: Encoding,
    /// Whether it says `attachment`.
    pub attachment: bool,
    /// Its file name, as it came.
    pub name: Option<String>,
    /// Parameters of its type that later steps look at, with names in lower case.
    pub parameters: Vec<(String, String)>,
}

/// A transfer encoding (RFC 2045 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// `7bit`, `8bit`, `binary` or nothing.
    Identity,
    /// `base64`
    Base64,
    /// `quoted-printable`
    QuotedPrintable,
    /// Another one.
    Unknown,
}

impl Part {
    /// From the first byte of its header to the last of its body: what a signature over it covers (RFC 3156 section 5).
    pub fn whole(&self) -> Range<usize> {
        self.header.start..self.body.end
    }

    /// A parameter of its type.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// The parts, the mail first, each before those in it; whether a limit kept parts from being seen.
pub(super) fn parts(mail: &[u8], limits: &ReadLimits) -> (Vec<Part>, bool) {
    let mut walk = Walk {
        mail,
        limits,
        parts: Vec::new(),
        open: Vec::new(),
        cut: false,
    };
    walk.begin(0, None);
    let mut place = 0;
    for line in mail.split_inclusive(|byte| *byte == b'\n') {
        let next = place + line.len();
        walk.line(line, place, next);
        place = next;
    }
    walk.end_of_mail();
    (walk.parts, walk.cut)
}

/// What programs write before the first boundary, for readers that know no MIME (RFC 2046 section 5.1.1). These sentences say nothing that
/// could be taken for the mail's; any other is text beside its parts.
const PREAMBLES: [&[u8]; 5] = [
    b"This is an OpenPGP/MIME signed message (RFC 4880 and 3156)",
    b"This is an OpenPGP/MIME encrypted message (RFC 4880 and 3156)",
    b"This is a multi-part message in MIME format.",
    b"This is a multipart message in MIME format.",
    b"This is a cryptographically signed message in MIME format.",
];

/// A part whose lines are being read, with those in it behind it.
struct Open {
    part: usize,
    state: State,
}

enum State {
    /// In its header block.
    Header,
    /// In what it is, which has no parts.
    Body,
    /// A message: its part is open.
    Message,
    /// A multipart with this boundary.
    Between {
        boundary: Vec<u8>,
        started: bool,
        ended: bool,
    },
}

struct Walk<'m> {
    mail: &'m [u8],
    limits: &'m ReadLimits,
    parts: Vec<Part>,
    open: Vec<Open>,
    cut: bool,
}

impl Walk<'_> {
    fn begin(&mut self, place: usize, parent: Option<usize>) {
        let depth = parent
            .and_then(|parent| self.parts.get(parent))
            .map_or(0, |parent| parent.depth + 1);
        self.open.push(Open {
            part: self.parts.len(),
            state: State::Header,
        });
        self.parts.push(Part {
            parent,
            depth,
            kind: Kind::Leaf,
            declared: "text/plain".to_owned(),
            header: place..place,
            body: place..place,
            outside: false,
            unclosed: false,
            closed: false,
            ambiguous: false,
            encoding: Encoding::Identity,
            attachment: false,
            name: None,
            parameters: Vec::new(),
        });
    }

    fn line(&mut self, line: &[u8], place: usize, next: usize) {
        if line.starts_with(b"--")
            && let Some((level, last)) = self.boundary(line)
        {
            self.delimiter(level, last, place, next);
            return;
        }
        let Some(innermost) = self.open.last_mut() else {
            return;
        };
        match &mut innermost.state {
            State::Header => {
                if line.trim_ascii_end().is_empty() {
                    self.header_ends(next);
                }
            }
            State::Body | State::Message => {}
            State::Between { started, .. } => {
                let part = innermost.part;
                let words = line.trim_ascii();
                let of_a_program = !*started && PREAMBLES.contains(&words);
                if !words.is_empty()
                    && !of_a_program
                    && let Some(part) = self.parts.get_mut(part)
                {
                    part.outside = true;
                }
            }
        }
    }

    /// The open multipart whose boundary this line is, and whether it is the last one.
    fn boundary(&self, line: &[u8]) -> Option<(usize, bool)> {
        let rest = line.strip_prefix(b"--")?.trim_ascii_end();
        let matches = |open: &Open| match &open.state {
            State::Between {
                boundary, ended, ..
            } if !ended => match rest.strip_prefix(boundary.as_slice()) {
                Some(b"") => Some(false),
                Some(b"--") => Some(true),
                _ => None,
            },
            State::Between { .. } | State::Header | State::Body | State::Message => None,
        };
        let mut from_inside = self.open.iter().enumerate().rev();
        from_inside.find_map(|(level, open)| matches(open).map(|last| (level, last)))
    }

    fn delimiter(&mut self, level: usize, last: bool, place: usize, next: usize) {
        // The line end before a boundary belongs to the boundary.
        let before = self.mail.get(..place).unwrap_or_default();
        let before = before.strip_suffix(b"\n").unwrap_or(before);
        let before = before.strip_suffix(b"\r").unwrap_or(before);
        self.close(level + 1, before.len());
        let Some(open) = self.open.last_mut() else {
            return;
        };
        let parent = open.part;
        if let State::Between { started, ended, .. } = &mut open.state {
            *started = true;
            *ended = last;
        }
        if last {
            return;
        }
        if self.parts.len() < self.limits.parts_max {
            self.begin(next, Some(parent));
        } else {
            self.cut = true;
        }
    }

    /// Ends all parts from this level on.
    fn close(&mut self, level: usize, end: usize) {
        for open in self.open.drain(level.min(self.open.len())..).rev() {
            let Some(part) = self.parts.get_mut(open.part) else {
                continue;
            };
            // Where boundary follows on boundary, or on the empty line behind a header, the line end before it is the boundary's.
            part.header.start = part.header.start.min(end);
            if let State::Header = open.state {
                // No empty line came: all of it is header.
                part.header.end = end;
                let header = self.mail.get(part.header.clone()).unwrap_or_default();
                describe(part, header);
                part.closed = part.kind != Kind::Leaf;
                part.kind = Kind::Leaf;
                part.body.start = end;
            }
            part.header.end = part.header.end.min(end);
            part.body = part.body.start.min(end)..end;
            if let State::Between { started, ended, .. } = open.state {
                part.unclosed = !ended;
                if !started {
                    part.kind = Kind::Leaf;
                    part.closed = true;
                }
            }
        }
    }

    fn header_ends(&mut self, next: usize) {
        let Some(open) = self.open.last_mut() else {
            return;
        };
        let room = self.parts.len() < self.limits.parts_max;
        let Some(part) = self.parts.get_mut(open.part) else {
            return;
        };
        part.header.end = next;
        part.body = next..next;
        let header = self.mail.get(part.header.clone()).unwrap_or_default();
        describe(part, header);
        open.state = State::Body;
        let deep = part.depth + 1 >= self.limits.depth_max;
        match part.kind {
            Kind::Leaf => {}
            Kind::Multipart => match part.parameter("boundary").map(str::as_bytes) {
                Some(boundary) if !deep && !boundary.is_empty() => {
                    open.state = State::Between {
                        boundary: boundary.to_vec(),
                        started: false,
                        ended: false,
                    };
                }
                _ => {
                    part.kind = Kind::Leaf;
                    part.closed = true;
                }
            },
            Kind::Message => {
                let identity = part.encoding == Encoding::Identity;
                if identity && !deep && room {
                    open.state = State::Message;
                    let index = open.part;
                    self.begin(next, Some(index));
                } else {
                    part.kind = Kind::Leaf;
                    part.closed = true;
                }
            }
        }
    }

    fn end_of_mail(&mut self) {
        self.close(0, self.mail.len());
    }
}

/// The name of a field as the most lenient reader finds it: what stands before the colon, without blanks behind it. What the guard
/// takes for a name is less.
pub(crate) fn loose_name(line: &[u8]) -> &[u8] {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    name.trim_ascii_end()
}

/// The fields that say what a part is, and whether there is more of them than is looked at.
///
/// Only they reach the parser, and only so much of them: what it makes of a field can grow with the square of its length.
fn content_fields(header: &[u8]) -> (Vec<u8>, bool) {
    let mut kept = Vec::new();
    let mut inside = false;
    for line in header.split_inclusive(|byte| *byte == b'\n') {
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            let name = loose_name(line);
            inside = CONTENT_FIELDS
                .iter()
                .any(|known| name.eq_ignore_ascii_case(known.as_bytes()));
        }
        if inside {
            if kept.len() + line.len() > CONTENT_FIELDS_BYTES_MAX {
                return (kept, true);
            }
            kept.extend_from_slice(line);
        }
    }
    kept.extend_from_slice(b"\r\n");
    (kept, false)
}

/// Reads the fields of a part's header block that say what it is.
fn describe(part: &mut Part, header: &[u8]) {
    let (fields, more) = content_fields(header);
    part.ambiguous = more;
    let parser = MessageParser::new()
        .with_mime_headers()
        .default_header_ignore();
    let Some(message) = parser.parse_headers(&fields) else {
        return;
    };
    let Some(read) = message.parts.first() else {
        return;
    };
    let often = |name: &HeaderName| {
        let fields = read.headers.iter();
        fields.filter(|field| field.name == *name).count() > 1
    };
    part.ambiguous = more
        || often(&HeaderName::ContentType)
        || often(&HeaderName::ContentTransferEncoding)
        || often(&HeaderName::ContentDisposition);
    let disposition = read.headers.header_value(&HeaderName::ContentDisposition);
    let disposition = disposition.and_then(mail_parser::HeaderValue::as_content_type);
    part.attachment = disposition.is_some_and(mail_parser::ContentType::is_attachment);
    let mut name = disposition.and_then(|found| found.attribute("filename"));
    let found = read.headers.header_value(&HeaderName::ContentType);
    if let Some(found) = found.and_then(mail_parser::HeaderValue::as_content_type) {
        let main = found.ctype().to_ascii_lowercase();
        let subtype = found.subtype().unwrap_or_default().to_ascii_lowercase();
        part.kind = match (main.as_str(), subtype.as_str()) {
            ("multipart", _) => Kind::Multipart,
            ("message", "rfc822" | "global") => Kind::Message,
            _ => Kind::Leaf,
        };
        part.declared = format!("{main}/{subtype}");
        name = name.or_else(|| found.attribute("name"));
        let all = found.attributes().unwrap_or_default().iter();
        part.parameters = all
            .take(PARAMETERS_MAX)
            .map(|one| (one.name.to_ascii_lowercase(), one.value.to_string()))
            .collect();
    }
    part.name = name.map(str::to_owned);
    let encoding = read
        .headers
        .header_value(&HeaderName::ContentTransferEncoding);
    let encoding = encoding.and_then(|value| value.as_text());
    part.encoding = match encoding
        .map(|text| text.trim().to_ascii_lowercase())
        .as_deref()
    {
        None | Some("" | "7bit" | "8bit" | "binary") => Encoding::Identity,
        Some("base64") => Encoding::Base64,
        Some("quoted-printable") => Encoding::QuotedPrintable,
        Some(_) => Encoding::Unknown,
    };
}

/// The fields that say what a part is.
const CONTENT_FIELDS: [&str; 3] = [
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
];
/// Of those fields of one part so much is read, in bytes; programs write some hundred.
const CONTENT_FIELDS_BYTES_MAX: usize = 8_192;
/// The parameters of a content type that are kept.
const PARAMETERS_MAX: usize = 32;

//! Forms with a file in them (`multipart/form-data`, RFC 7578), as they come.
//!
//! In scope: cutting a stream into parts, bytes in and parts out. Out of scope: reading the stream (`upload`), what parts mean.
//! Limits: [`HEADER_BYTES_MAX`] for the fields in front of a part, [`PARTS_MAX`] parts; the bytes of a part are its reader's matter, who
//! gets them as they come.

/// The longest fields in front of a part.
const HEADER_BYTES_MAX: usize = 8 * 1024;
/// The most parts of a form.
const PARTS_MAX: usize = 200;
/// The longest boundary (RFC 2046 section 5.1.1).
const BOUNDARY_BYTES_MAX: usize = 70;

/// What comes next of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// A part begins: its name, and the name of the file where it is one.
    Part {
        /// What it is called.
        name: String,
        /// The name that its file had.
        file: Option<String>,
    },
    /// Bytes of the part that began last.
    Bytes(Vec<u8>),
    /// The last part ended.
    End,
    /// More must come first.
    More,
}

/// What was sent is no such form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfit;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Before the first boundary.
    Front,
    /// Behind a boundary.
    Boundary,
    /// In the fields of a part.
    Head,
    /// In its bytes.
    Body,
    /// Behind the last part.
    End,
}

/// A form that is being read.
#[derive(Debug)]
pub struct Multipart {
    /// With the line end that belongs to it.
    boundary: Vec<u8>,
    held: Vec<u8>,
    at: At,
    parts: usize,
}

impl Multipart {
    /// A form of this media type, if it is one.
    pub fn new(content_type: &str) -> Option<Self> {
        let (kind, parameters) = content_type.split_once(';')?;
        if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
            return None;
        }
        let mut parameters = parameters.split(';').filter_map(|one| one.split_once('='));
        let boundary = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"));
        let boundary = boundary?.1.trim().trim_matches('"');
        if boundary.is_empty() || boundary.len() > BOUNDARY_BYTES_MAX || !boundary.is_ascii() {
            return None;
        }
        Some(Self {
            boundary: [b"\r\n--", boundary.as_bytes()].concat(),
            // The first boundary stands at the beginning of a line, as every other.
            held: b"\r\n".to_vec(),
            at: At::Front,
            parts: 0,
        })
    }

    /// Takes what came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    /// What comes next.
    pub fn advance(&mut self) -> Result<Next, Unfit> {
        loop {
            match self.at {
                // Nothing stands in front in what browsers send. The limit holds for what is found as for what may still come, or a form
                // would be fit or not by the pieces in which it comes.
                At::Front => match self.find() {
                    Some(place) if place <= HEADER_BYTES_MAX => self.cut(place),
                    None if self.held.len() < HEADER_BYTES_MAX + self.boundary.len() => {
                        return Ok(Next::More);
                    }
                    Some(_) | None => return Err(Unfit),
                },
                At::Boundary => match self.held.get(..2) {
                    None => return Ok(Next::More),
                    Some(b"--") => self.at = At::End,
                    Some(b"\r\n") => {
                        // The line end stays: fields end with an empty line, also where there are none.
                        self.at = At::Head;
                        self.parts += 1;
                        if self.parts > PARTS_MAX {
                            return Err(Unfit);
                        }
                    }
                    Some(_) => return Err(Unfit),
                },
                At::Head => {
                    const EMPTY: &[u8] = b"\r\n\r\n";
                    let place = self.held.windows(EMPTY.len()).position(|at| at == EMPTY);
                    let place = match place {
                        Some(place) if place <= HEADER_BYTES_MAX => place,
                        None if self.held.len() < HEADER_BYTES_MAX + EMPTY.len() => {
                            return Ok(Next::More);
                        }
                        Some(_) | None => return Err(Unfit),
                    };
                    let head: Vec<u8> = self.held.drain(..place + EMPTY.len()).collect();
                    self.at = At::Body;
                    let head = String::from_utf8(head).map_err(|_| Unfit)?;
                    let (name, file) = disposition(&head).ok_or(Unfit)?;
                    return Ok(Next::Part { name, file });
                }
                At::Body => {
                    let (end, found) = match self.find() {
                        Some(place) => (place, true),
                        // A boundary may have begun at the end of what came.
                        None => (self.held.len().saturating_sub(self.boundary.len()), false),
                    };
                    let bytes: Vec<u8> = self.held.drain(..end).collect();
                    if found {
                        self.cut(0);
                    }
                    if !bytes.is_empty() {
                        return Ok(Next::Bytes(bytes));
                    }
                    if !found {
                        return Ok(Next::More);
                    }
                }
                At::End => return Ok(Next::End),
            }
        }
    }

    /// Where the next boundary stands.
    fn find(&self) -> Option<usize> {
        let mut from = 0;
        loop {
            let rest = self.held.get(from..)?;
            let place = from + rest.iter().position(|byte| *byte == b'\r')?;
            let there = self.held.get(place..place + self.boundary.len())?;
            if there == self.boundary {
                return Some(place);
            }
            from = place + 1;
        }
    }

    /// Goes behind the boundary at a place.
    fn cut(&mut self, place: usize) {
        self.held.drain(..place + self.boundary.len());
        self.at = At::Boundary;
    }
}

/// The name of a part, and of the file in it (RFC 7578 section 4.2). Browsers write `%22` for a quotation mark and escape nothing else.
fn disposition(head: &str) -> Option<(String, Option<String>)> {
    let mut lines = head.split("\r\n");
    let line = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim()
            .eq_ignore_ascii_case("content-disposition")
            .then_some(value)
    })?;
    let rest = line.trim().strip_prefix("form-data")?;
    if !rest.starts_with(';') {
        return None;
    }
    let named = |wanted: &str| {
        let (_, rest) = rest.split_once(&format!("; {wanted}=\""))?;
        let (value, _) = rest.split_once('"')?;
        Some(
            value
                .replace("%22", "\"")
                .replace("%0D", "")
                .replace("%0A", ""),
        )
    };
    Some((named("name")?, named("filename")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "--XyZ\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\nabc\r\n--XyZ\r\n\
        Content-Disposition: form-data; name=\"file\"; filename=\"a%22b.bin\"\r\nContent-Type: application/octet-stream\r\n\r\n\
        \r\n--XyY\r\n--Xy\u{0}end\r\n\r\n--XyZ--\r\n";

    /// A part: its name, its file's, and its bytes.
    type Part = (String, Option<String>, Vec<u8>);

    /// The parts of a form that comes in pieces of this size.
    fn read(form: &[u8], piece: usize) -> Result<Vec<Part>, Unfit> {
        let mut multipart = Multipart::new("multipart/form-data; boundary=XyZ").unwrap();
        let mut parts: Vec<Part> = Vec::new();
        let mut pieces = form.chunks(piece);
        loop {
            match multipart.advance()? {
                Next::Part { name, file } => parts.push((name, file, Vec::new())),
                Next::Bytes(bytes) => parts.last_mut().unwrap().2.extend(bytes),
                Next::End => return Ok(parts),
                Next::More => multipart.push(pieces.next().ok_or(Unfit)?),
            }
        }
    }

    #[test]
    fn a_form_is_the_same_in_whatever_pieces_it_comes() {
        let whole = read(FORM.as_bytes(), usize::MAX).unwrap();
        let file = b"\r\n--XyY\r\n--Xy\0end\r\n".to_vec();
        assert_eq!(
            whole,
            [
                ("csrf".to_owned(), None, b"abc".to_vec()),
                ("file".to_owned(), Some("a\"b.bin".to_owned()), file),
            ]
        );
        for piece in 1..FORM.len() {
            assert_eq!(read(FORM.as_bytes(), piece).unwrap(), whole, "{piece}");
        }
    }

    #[test]
    fn what_breaks_off_or_is_no_form_is_refused() {
        for end in 0..FORM.len() - 4 {
            assert_eq!(read(&FORM.as_bytes()[..end], 7), Err(Unfit), "{end}");
        }
        assert_eq!(read(b"--XyZ\r\nX: y\r\n\r\n\r\n--XyZ--", 9), Err(Unfit));
        let long = format!("--XyZ\r\nX: {}", "y".repeat(2 * HEADER_BYTES_MAX));
        assert_eq!(read(long.as_bytes(), 100), Err(Unfit));
        let part = "--XyZ\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n";
        for around in HEADER_BYTES_MAX - 120..HEADER_BYTES_MAX + 120 {
            let front = format!("{}\r\n{FORM}", "x".repeat(around));
            let head = FORM.replacen(
                "\r\n\r\nabc",
                &format!("\r\nX: {}\r\n\r\nabc", "y".repeat(around)),
                1,
            );
            for form in [front, head] {
                let whole = read(form.as_bytes(), usize::MAX);
                assert_eq!(read(form.as_bytes(), 997), whole, "{around}");
            }
        }
        assert_eq!(read(part.repeat(PARTS_MAX + 1).as_bytes(), 999), Err(Unfit));
        for kind in [
            "multipart/form-data",
            "multipart/mixed; boundary=a",
            "multipart/form-data; boundary=",
            "text/plain",
        ] {
            assert!(Multipart::new(kind).is_none(), "{kind}");
        }
    }
}

//! What a text is, from its first 64 KiB.
//!
//! In scope: telling JSON documents, JSON lines and indicator lists apart, and naming what is none of them.
//! Out of scope: telling JSON documents from each other (`document` does, as the keys go by).

use super::list::{self, Columns};
use super::{BYTE_ORDER_MARK, ReadError};

/// How a text is laid out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// One JSON value after another, over any number of lines.
    Document,
    /// A JSON value on each line.
    Lines,
    /// Rows; with the columns where a header names them.
    List(Option<Columns>),
}

/// How many rows of a list without header are tried before it is given up.
const ROWS_TRIED: usize = 50;

/// Beginnings of files that are often handed over by mistake.
const KNOWN_STRANGERS: [(&[u8], &str); 11] = [
    (b"\x1F\x8B", "gzip inside gzip; unpack it once"),
    (b"PK\x03\x04", "a ZIP archive; unpack it first"),
    (b"\x28\xB5\x2F\xFD", "zstd data; unpack it first"),
    (b"\xFD7zXZ", "xz data; unpack it first"),
    (b"BZh", "bzip2 data; unpack it first"),
    (b"7z\xBC\xAF", "a 7-Zip archive; unpack it first"),
    (b"%PDF", "a PDF document"),
    (b"<?xml", "an XML document (STIX 1 must be converted first)"),
    (b"<!DOCTYPE", "a web page"),
    (b"<", "a marked-up document"),
    (b"SQLite format 3\0", "an SQLite database"),
];

/// Looks at the head of a text.
pub(super) fn layout(head: &[u8]) -> Result<Layout, ReadError> {
    if head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF") {
        return Err(ReadError::NotUtf8 { offset: 0 }); // UTF-16
    }
    let text = head
        .strip_prefix(BYTE_ORDER_MARK)
        .unwrap_or(head)
        .trim_ascii_start();
    if let Some((_, name)) = KNOWN_STRANGERS
        .iter()
        .find(|(magic, _)| text.starts_with(magic))
    {
        return Err(unrecognised(name));
    }
    match text.first() {
        None => Err(unrecognised("the file is empty")),
        Some(b'{') => Ok(if one_a_line(text) {
            Layout::Lines
        } else {
            Layout::Document
        }),
        Some(b'[') if !address_in_brackets(text) => Ok(Layout::Document),
        Some(_) => rows(text),
    }
}

fn unrecognised(found: &str) -> ReadError {
    ReadError::NotRecognised {
        found: found.to_owned(),
    }
}

/// Two whole-looking objects on two lines: no single document can look like this.
fn one_a_line(text: &[u8]) -> bool {
    let mut lines = text
        .split(|&byte| byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty());
    let first_whole = lines.next().is_some_and(|line| line.ends_with(b"}"));
    first_whole && lines.next().is_some_and(|line| line.starts_with(b"{"))
}

/// `[2001:db8::1]:443` and `[.]example` begin lists, not arrays.
fn address_in_brackets(text: &[u8]) -> bool {
    text.get(1)
        .is_some_and(|&next| next.is_ascii_hexdigit() || matches!(next, b':' | b'.'))
}

fn rows(text: &[u8]) -> Result<Layout, ReadError> {
    if text.contains(&0) {
        return Err(unrecognised("binary data"));
    }
    let lines = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let lines = lines
        .filter(|line| !line.is_empty())
        .filter_map(|line| str::from_utf8(line).ok());
    let (comments, rows) = (lines.clone().filter(|line| line.starts_with('#')), lines);
    let mut rows = rows.filter(|row| !row.starts_with('#')).peekable();
    let header = rows.peek().copied().and_then(Columns::find);
    if let Some(columns) =
        header.or_else(|| comments.into_iter().find_map(Columns::find_in_comment))
    {
        return Ok(Layout::List(Some(columns)));
    }
    if rows.take(ROWS_TRIED).any(list::looks_like_a_value) {
        return Ok(Layout::List(None));
    }
    Err(unrecognised(
        "text in which no line is an indicator and no header names a `value` column",
    ))
}

//! Files that a browser saves and never shows: what it is told with them, and under which name they are saved.
//!
//! Whatever the bytes are, they are `application/octet-stream`, an attachment, not to be guessed at, and in a sandbox without anything
//! allowed. The name may have been chosen by another party, and says nothing but a name.
//!
//! In scope: headers and names (RFC 6266, RFC 8187). Out of scope: the bytes.
//! Limits: [`NAME_BYTES_MAX`] for a name.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use comity_accord::hidden::is_hidden;
use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use http_body::Frame;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::Receiver;

use crate::frame::guard;

/// The longest name of a file, in bytes: what file systems take, with room for what a browser adds.
const NAME_BYTES_MAX: usize = 150;
/// The name of a file that has none.
const NAMELESS: &str = "file";
/// The longest end of a name that is kept when it is cut.
const END_BYTES_MAX: usize = 10;
/// What need not be written as a number in a name (RFC 8187 section 3.2.1).
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');
/// No script, no form, no origin: should a browser show it after all, it is nobody's page.
const POLICY: &str = "default-src 'none'; sandbox";

/// Bytes as they come from a thread that reads them, and the place that they take among the files that come and go.
struct Coming {
    from: Receiver<Result<Bytes, std::io::Error>>,
    _place: OwnedSemaphorePermit,
}

impl HttpBody for Coming {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = self.from.poll_recv(context);
        polled.map(|next| next.map(|bytes| bytes.map(Frame::data)))
    }
}

/// A file to be saved, whose bytes are still coming; of how many, where that is known.
pub(crate) fn coming(
    name: &str,
    size: Option<u64>,
    from: Receiver<Result<Bytes, std::io::Error>>,
    place: OwnedSemaphorePermit,
) -> Response {
    let coming = Coming {
        from,
        _place: place,
    };
    let mut response = Response::new(Body::new(coming));
    let headers = response.headers_mut();
    guard(headers);
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    headers.insert(
        HeaderName::from_static("content-security-policy"),
        HeaderValue::from_static(POLICY),
    );
    headers.insert(CONTENT_DISPOSITION, disposition(name));
    if let Some(size) = size {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(size));
    }
    response
}

/// The field that has a browser save something under a name.
fn disposition(name: &str) -> HeaderValue {
    let name = plain(name);
    let ascii: String = name
        .chars()
        .map(|letter| {
            let fits = letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | '_');
            if fits { letter } else { '_' }
        })
        .collect();
    let encoded = utf8_percent_encode(&name, PLAIN);
    let field = format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{encoded}");
    HeaderValue::from_str(&field).unwrap_or(HeaderValue::from_static("attachment"))
}

/// A name that is no path, holds nothing that cannot be seen, is not hidden, and is not too long.
fn plain(name: &str) -> String {
    let last = name.rsplit(['/', '\\', ':']).next().unwrap_or_default();
    let seen: String = last
        .chars()
        .filter(|letter| !letter.is_control() && !is_hidden(*letter))
        .map(|letter| {
            if matches!(letter, '"' | '<' | '>' | '|' | '?' | '*' | '%') {
                '_'
            } else {
                letter
            }
        })
        .collect();
    let seen = seen.trim_matches(|letter: char| letter == '.' || letter.is_whitespace());
    let seen = shortened(seen);
    // Names of devices are none of files on Windows, whatever follows them.
    let stem = seen.split('.').next().unwrap_or_default().to_uppercase();
    let device = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || (stem.len() == 4 && (stem.starts_with("COM") || stem.starts_with("LPT")));
    match (seen.is_empty(), device) {
        (true, _) => NAMELESS.to_owned(),
        (false, true) => format!("_{seen}"),
        (false, false) => seen,
    }
}

/// A long name without its middle: the end tells what kind of file it is.
fn shortened(name: &str) -> String {
    if name.len() <= NAME_BYTES_MAX {
        return name.to_owned();
    }
    let end = name.rsplit_once('.').map(|(_, end)| end);
    let end = end.filter(|end| end.len() <= END_BYTES_MAX);
    let room = NAME_BYTES_MAX - end.map_or(0, |end| end.len() + 1);
    let mut kept = String::new();
    for letter in name.chars() {
        if kept.len() + letter.len_utf8() > room {
            break;
        }
        kept.push(letter);
    }
    match end {
        Some(end) => format!("{kept}.{end}"),
        None => kept,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expected: &str) {
        assert_eq!(plain(name), expected, "{name:?}");
        let field = disposition(name);
        let field = field.to_str().unwrap();
        let (ascii, encoded) = field
            .strip_prefix("attachment; filename=\"")
            .unwrap()
            .split_once("\"; filename*=UTF-8''")
            .unwrap();
        for part in [ascii, encoded] {
            assert!(
                !part.contains(['"', '/', '\\', '\r', '\n', ';', ' ']) && part.is_ascii(),
                "{field}"
            );
        }
        let decoded = percent_encoding::percent_decode_str(encoded).decode_utf8();
        assert_eq!(decoded.unwrap(), expected, "{name:?}");
    }

    #[test]
    fn names_that_others_chose_are_names_and_nothing_else() {
        check("report.pdf", "report.pdf");
        check("../../etc/passwd", "passwd");
        check("C:\\Windows\\system32\\cmd.exe", "cmd.exe");
        check("a\r\nSet-Cookie: b=c", " b=c".trim());
        check("x\"; filename=\"evil.html", "x_; filename=_evil.html");
        check("invoice\u{202e}fdp.exe", "invoicefdp.exe");
        check(".bashrc", "bashrc");
        check("...", "file");
        check("", "file");
        check("\u{0}\u{1}\u{7f}", "file");
        check("nul.txt", "_nul.txt");
        check("报告 一.pdf", "报告 一.pdf");
        check("a%2e%2e%2fb", "a_2e_2e_2fb");
        check("dir/", "file");
        let long = format!("{}.pdf", "长".repeat(500));
        assert_eq!(plain(&long), format!("{}.pdf", "长".repeat(48)));
        let long = "a".repeat(5_000);
        assert_eq!(plain(&long).len(), NAME_BYTES_MAX);
        check(
            &format!("{}.{}", "a".repeat(300), "b".repeat(300)),
            &"a".repeat(150),
        );
    }
}

//! From transfer encodings and character sets to bytes and text.
//!
//! In scope: Base64 and quoted-printable that came a little damaged, character sets, what must not be in text that people are
//! shown. Out of scope: which parts are text.
//! Limits: the caller's count of bytes that are still free.

use comity_accord::hidden::is_hidden;
use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;

use super::structure::Encoding;

/// Bytes out of a part, and whether something in them was wrong.
pub(super) struct Decoded {
    pub(super) bytes: Vec<u8>,
    pub(super) damaged: bool,
}

/// Decodes a part. None: more than `free` bytes would come out.
pub(super) fn transfer(encoding: Encoding, body: &[u8], free: usize) -> Option<Decoded> {
    // No encoding makes more bytes of fewer, so the bound needs no counting while decoding.
    let most = match encoding {
        Encoding::Base64 => body.len() / 4 * 3 + 3,
        Encoding::Identity | Encoding::QuotedPrintable | Encoding::Unknown => body.len(),
    };
    if most > free {
        return None;
    }
    Some(match encoding {
        Encoding::Identity => Decoded {
            bytes: body.to_vec(),
            damaged: false,
        },
        Encoding::Unknown => Decoded {
            bytes: body.to_vec(),
            damaged: true,
        },
        Encoding::Base64 => base64(body),
        Encoding::QuotedPrintable => quoted_printable(body),
    })
}

/// Base64, at once where it is whole, else its letters alone (RFC 2045 section 6.8: others are passed over).
fn base64(body: &[u8]) -> Decoded {
    if let Some(bytes) = base64_decode(body) {
        return Decoded {
            bytes,
            damaged: false,
        };
    }
    let letters: Vec<u8> = body
        .iter()
        .copied()
        .filter(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
        .collect();
    Decoded {
        bytes: base64_decode(&letters).unwrap_or_default(),
        damaged: true,
    }
}

/// Quoted-printable (RFC 2045 section 6.7); what is not an escape is taken as it stands.
fn quoted_printable(body: &[u8]) -> Decoded {
    let mut bytes = Vec::with_capacity(body.len());
    let mut damaged = false;
    for whole in body.split_inclusive(|byte| *byte == b'\n') {
        let line = whole.trim_ascii_end();
        let soft = line.strip_suffix(b"=");
        let mut rest = soft.unwrap_or(line);
        while let Some((byte, next)) = rest.split_first() {
            rest = next;
            if *byte != b'=' {
                bytes.push(*byte);
                continue;
            }
            match next {
                [high, low, tail @ ..] if hex(*high).is_some() && hex(*low).is_some() => {
                    let value = hex(*high).unwrap_or_default() * 16 + hex(*low).unwrap_or_default();
                    bytes.push(value);
                    rest = tail;
                }
                _ => {
                    bytes.push(b'=');
                    damaged = true;
                }
            }
        }
        if soft.is_none() && whole.ends_with(b"\n") {
            bytes.extend(b"\r\n");
        }
    }
    Decoded { bytes, damaged }
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

/// A text in this character set, and whether it was read as it was meant.
pub(super) fn text(bytes: &[u8], charset: Option<&str>) -> (String, bool) {
    let name = charset.unwrap_or("utf-8").trim();
    let unicode = ["utf-8", "utf8", "us-ascii", "ascii", ""]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known));
    let (text, known) = if unicode {
        (String::from_utf8_lossy(bytes).into_owned(), true)
    } else {
        match charset_decoder(name.as_bytes()) {
            Some(decoder) => (decoder(bytes), true),
            None => (String::from_utf8_lossy(bytes).into_owned(), false),
        }
    };
    let good = known && !text.contains('\u{fffd}');
    (text, good)
}

/// Text without what changes how the text around it is shown: control characters but tab and line ends, and the characters that turn
/// the direction of writing. Says whether there were any.
pub(super) fn shown(text: &str) -> (String, bool) {
    let mut strange = false;
    let mut clean = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter == '\r' {
            continue;
        }
        if is_strange(letter) {
            strange = true;
        } else {
            clean.push(letter);
        }
    }
    (clean, strange)
}

/// One line of text: also without line ends.
pub(super) fn line(text: &str) -> (String, bool) {
    let (clean, strange) = shown(text);
    let broken = clean.contains(['\n', '\t']);
    (
        clean.replace(['\n', '\t'], " ").trim().to_owned(),
        strange || broken,
    )
}

/// Control characters, and what turns the direction of writing or is not seen (Unicode TR 36 section 2).
pub(crate) fn is_strange(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\n' | '\t' | '\r') || is_hidden(letter)
}

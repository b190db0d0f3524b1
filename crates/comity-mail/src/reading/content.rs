//! What bytes are, by how they begin: what a mail calls them counts for nothing.
//!
//! In scope: the formats that matter for handling. Out of scope: whether the rest keeps what the beginning promises.

use std::fmt;

/// A kind of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContentKind {
    /// Nothing.
    Empty,
    /// Text in UTF-8, of no kind below.
    Text,
    /// Text that begins like JSON.
    Json,
    /// Text that begins like XML.
    Xml,
    /// Text that begins like HTML.
    Html,
    /// Armor of OpenPGP (RFC 9580 section 6.2).
    PgpArmor,
    /// A part of a `.comity` file.
    ComityFile,
    /// A ZIP archive, also the newer Office documents.
    Zip,
    /// gzip.
    Gzip,
    /// Another archive: 7-Zip, RAR, xz, bzip2, tar, cabinet.
    OtherArchive,
    /// PDF.
    Pdf,
    /// An OLE compound file: older Office documents, `.msg`, `.msi`.
    Ole,
    /// Rich text.
    Rtf,
    /// A program: Windows, ELF, Mach-O.
    Program,
    /// A picture.
    Picture,
    /// `winmail.dat` (TNEF).
    Tnef,
    /// Other bytes.
    Binary,
}

const STARTS: [(&[u8], ContentKind); 27] = [
    (b"PK\x03\x04", ContentKind::Zip),
    (b"PK\x05\x06", ContentKind::Zip),
    (b"\x1f\x8b", ContentKind::Gzip),
    (b"7z\xbc\xaf\x27\x1c", ContentKind::OtherArchive),
    (b"Rar!\x1a\x07", ContentKind::OtherArchive),
    (b"\xfd7zXZ\0", ContentKind::OtherArchive),
    (b"BZh", ContentKind::OtherArchive),
    (b"MSCF", ContentKind::OtherArchive),
    (b"\x28\xb5\x2f\xfd", ContentKind::OtherArchive),
    (b"%PDF-", ContentKind::Pdf),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ContentKind::Ole),
    (b"{\\rtf", ContentKind::Rtf),
    (b"MZ", ContentKind::Program),
    (b"\x7fELF", ContentKind::Program),
    (b"\xfe\xed\xfa\xce", ContentKind::Program),
    (b"\xfe\xed\xfa\xcf", ContentKind::Program),
    (b"\xcf\xfa\xed\xfe", ContentKind::Program),
    (b"\xca\xfe\xba\xbe", ContentKind::Program),
    (b"\x89PNG\r\n\x1a\n", ContentKind::Picture),
    (b"\xff\xd8\xff", ContentKind::Picture),
    (b"GIF8", ContentKind::Picture),
    (b"\x78\x9f\x3e\x22", ContentKind::Tnef),
    (b"-----BEGIN PGP ", ContentKind::PgpArmor),
    (b"comity-file/v1\n", ContentKind::ComityFile),
    (b"<?xml", ContentKind::Xml),
    (b"<!DOCTYPE", ContentKind::Html),
    (b"<html", ContentKind::Html),
];

/// How far a text is looked at.
const LOOK_BYTES: usize = 4_096;

impl ContentKind {
    /// The kind of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Self::Empty;
        }
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = text.trim_ascii_start();
        let known = STARTS.iter().find(|(start, kind)| {
            let from = if kind.is_text() { text } else { bytes };
            from.get(..start.len()).is_some_and(|begin| {
                begin.eq_ignore_ascii_case(start) && (kind.is_text() || begin == *start)
            })
        });
        if let Some((_, kind)) = known {
            return *kind;
        }
        if bytes.get(257..262) == Some(b"ustar") {
            return Self::OtherArchive;
        }
        let head = bytes.get(..LOOK_BYTES).unwrap_or(bytes);
        let readable = match std::str::from_utf8(head) {
            Ok(_) => true,
            Err(error) => error.error_len().is_none() && head.len() < bytes.len(),
        };
        if !readable || head.contains(&0) {
            return Self::Binary;
        }
        if matches!(text.first(), Some(b'{' | b'[')) {
            Self::Json
        } else {
            Self::Text
        }
    }

    /// Whether it is text in UTF-8, as far as it was looked at.
    pub const fn is_text(self) -> bool {
        matches!(
            self,
            Self::Text | Self::Json | Self::Xml | Self::Html | Self::PgpArmor | Self::ComityFile
        )
    }

    /// A word for it that never changes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Text => "text",
            Self::Json => "json",
            Self::Xml => "xml",
            Self::Html => "html",
            Self::PgpArmor => "pgp-armor",
            Self::ComityFile => "comity-file",
            Self::Zip => "zip",
            Self::Gzip => "gzip",
            Self::OtherArchive => "other-archive",
            Self::Pdf => "pdf",
            Self::Ole => "ole",
            Self::Rtf => "rtf",
            Self::Program => "program",
            Self::Picture => "picture",
            Self::Tnef => "tnef",
            Self::Binary => "binary",
        }
    }
}

impl fmt::Display for ContentKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::ContentKind;

    #[test]
    fn content_is_what_it_begins_like() {
        let check = |bytes: &[u8], kind| assert_eq!(ContentKind::of(bytes), kind, "{bytes:?}");
        check(b"", ContentKind::Empty);
        check(b"MZ\x90\0", ContentKind::Program);
        check(b" \r\n{\"type\":1}", ContentKind::Json);
        check(b"\xef\xbb\xbf[1]", ContentKind::Json);
        check(b"<!doctype html>", ContentKind::Html);
        check(
            b"-----BEGIN PGP PUBLIC KEY BLOCK-----",
            ContentKind::PgpArmor,
        );
        check(b"PK\x03\x04 ", ContentKind::Zip);
        check(b"\x78\x9f\x3e\x22\x01", ContentKind::Tnef);
        check("关于".as_bytes(), ContentKind::Text);
        check(b"a\0b", ContentKind::Binary);
        check(b"\xff\xfe", ContentKind::Binary);
        let mut cut = vec![b'a'; 4_095];
        cut.extend("é and on".bytes());
        check(&cut, ContentKind::Text);
    }
}

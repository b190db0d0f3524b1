//! Which bytes a signature or an encryption covers, and what stands beside them.
//!
//! A signature says something of the bytes that it covers and nothing of those around them; a mail that shows both as one lets anybody
//! write under another's name. What is encrypted beside open text is how EFAIL (2018) made readers send out what they had
//! decrypted. So both are told apart here, before anything is verified or decrypted.
//!
//! In scope: PGP/MIME (RFC 3156), S/MIME (RFC 8551), OpenPGP blocks in text (RFC 9580 sections 6 and 7). Out of scope: verifying,
//! decrypting, header protection (RFC 9788).
//! Limits: [`BLOCKS_MAX`] blocks in one text.

use std::borrow::Cow;
use std::ops::Range;

use super::decode;
use super::structure::{Encoding, Kind, Part};

/// The OpenPGP blocks that are looked for in one text.
pub const BLOCKS_MAX: usize = 16;

/// How something is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `multipart/signed` or `multipart/encrypted` with OpenPGP in it.
    PgpMime,
    /// `multipart/signed` or `application/pkcs7-mime`.
    Smime,
    /// An OpenPGP block in a text.
    PgpInline,
}

/// What it claims to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Signed and open to read.
    Signed,
    /// Encrypted, perhaps signed inside.
    Encrypted,
}

/// How much of the mail's content it covers. The mail's own header fields are never covered by this alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Coverage {
    /// Nothing: its form is broken.
    Nothing,
    /// A part, beside something else.
    PartOnly,
    /// All of it.
    Whole,
}

/// Bytes that are covered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Covered {
    /// Of the mail as it came.
    Raw(Range<usize>),
    /// Of a part after its transfer encoding is undone.
    Decoded {
        /// The part.
        part: usize,
        /// Which of its bytes.
        range: Range<usize>,
    },
}

/// A signature or an encryption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protection {
    /// How.
    pub scheme: Scheme,
    /// What it claims.
    pub act: Act,
    /// How much is covered.
    pub coverage: Coverage,
    /// The part that it is or stands in.
    pub part: usize,
    /// What is signed as it stands, or the encrypted data.
    pub covered: Covered,
    /// The part with the signature, where it stands apart.
    pub signature: Option<usize>,
}

impl Protection {
    /// The covered bytes out of the mail as it came. They are what is verified: nothing is folded or trimmed. None: the mail is not
    /// the one that was read.
    pub fn bytes<'m>(&self, mail: &'m [u8], parts: &[Part]) -> Option<Cow<'m, [u8]>> {
        match &self.covered {
            Covered::Raw(range) => mail.get(range.clone()).map(Cow::Borrowed),
            Covered::Decoded { part, range } => {
                let part = parts.get(*part)?;
                let body = mail.get(part.body.clone())?;
                let decoded = decode::transfer(part.encoding, body, usize::MAX)?;
                let mut bytes = decoded.bytes;
                if range.start > range.end.min(bytes.len()) {
                    return None;
                }
                bytes.truncate(range.end);
                bytes.drain(..range.start);
                Some(Cow::Owned(bytes))
            }
        }
    }
}

/// What the parts say of signatures and encryption.
pub(super) fn of_parts(parts: &[Part]) -> Vec<Protection> {
    let mut found = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let protection = match part.declared.as_str() {
            "multipart/signed" => Some(signed(parts, index, part)),
            "multipart/encrypted" => Some(encrypted(parts, index, part)),
            "application/pkcs7-mime" | "application/x-pkcs7-mime" => Some(Protection {
                scheme: Scheme::Smime,
                act: match part.parameter("smime-type") {
                    Some("signed-data" | "certs-only") => Act::Signed,
                    _ => Act::Encrypted,
                },
                coverage: whole_if(index == 0),
                part: index,
                covered: Covered::Raw(part.body.clone()),
                signature: None,
            }),
            _ => None,
        };
        found.extend(protection);
    }
    found
}

fn whole_if(all: bool) -> Coverage {
    if all {
        Coverage::Whole
    } else {
        Coverage::PartOnly
    }
}

fn children(parts: &[Part], of: usize) -> Vec<usize> {
    let within = parts.iter().enumerate();
    within
        .filter(|(_, part)| part.parent == Some(of))
        .map(|(index, _)| index)
        .collect()
}

/// The first and the second part of a multipart that has exactly two, of these types, and nothing beside them.
fn pair(parts: &[Part], of: usize) -> Option<(usize, usize)> {
    let part = parts.get(of)?;
    let good = part.kind == Kind::Multipart && !part.outside && !part.unclosed && !part.ambiguous;
    match (good, children(parts, of).as_slice()) {
        (true, [first, second]) => Some((*first, *second)),
        _ => None,
    }
}

fn signed(parts: &[Part], index: usize, part: &Part) -> Protection {
    let protocol = part
        .parameter("protocol")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let scheme = if protocol.contains("pkcs7") {
        Scheme::Smime
    } else {
        Scheme::PgpMime
    };
    let mut protection = Protection {
        scheme,
        act: Act::Signed,
        coverage: Coverage::Nothing,
        part: index,
        covered: Covered::Raw(part.body.start..part.body.start),
        signature: None,
    };
    let Some((first, second)) = pair(parts, index) else {
        return protection;
    };
    let types: &[&str] = match scheme {
        Scheme::Smime => &[
            "application/pkcs7-signature",
            "application/x-pkcs7-signature",
        ],
        Scheme::PgpMime | Scheme::PgpInline => &["application/pgp-signature"],
    };
    let (Some(content), Some(signature)) = (parts.get(first), parts.get(second)) else {
        return protection;
    };
    if types.contains(&signature.declared.as_str()) && types.contains(&protocol.as_str()) {
        protection.coverage = whole_if(index == 0);
        protection.covered = Covered::Raw(content.whole());
        protection.signature = Some(second);
    }
    protection
}

fn encrypted(parts: &[Part], index: usize, part: &Part) -> Protection {
    let mut protection = Protection {
        scheme: Scheme::PgpMime,
        act: Act::Encrypted,
        coverage: Coverage::Nothing,
        part: index,
        covered: Covered::Raw(part.body.start..part.body.start),
        signature: None,
    };
    let Some((first, second)) = pair(parts, index) else {
        return protection;
    };
    let control = parts
        .get(first)
        .is_some_and(|one| one.declared == "application/pgp-encrypted");
    if control && let Some(data) = parts.get(second) {
        protection.coverage = whole_if(index == 0);
        protection.covered = match data.encoding {
            Encoding::Identity => Covered::Raw(data.body.clone()),
            Encoding::Base64 | Encoding::QuotedPrintable | Encoding::Unknown => Covered::Decoded {
                part: second,
                range: 0..usize::MAX,
            },
        };
    }
    protection
}

/// For each part the protection that covers it, the innermost; an index into the protections.
pub(super) fn over_parts(parts: &[Part], protections: &[Protection]) -> Vec<Option<usize>> {
    let mut over = vec![None; parts.len()];
    for (index, part) in parts.iter().enumerate() {
        let own = protections.iter().position(|one| {
            let Covered::Raw(range) = &one.covered else {
                return false;
            };
            one.act == Act::Signed
                && one.coverage > Coverage::Nothing
                && part.parent == Some(one.part)
                && *range == part.whole()
        });
        let around = part
            .parent
            .and_then(|parent| over.get(parent).copied())
            .flatten();
        if let Some(place) = over.get_mut(index) {
            *place = own.or(around);
        }
    }
    over
}

/// An OpenPGP block of a text, or what stands between two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) act: Option<Act>,
    pub(super) range: Range<usize>,
}

/// Cuts a decoded text into OpenPGP blocks and what is around them. One stretch without an act: there is no block.
pub(super) fn stretches(text: &[u8]) -> Vec<Stretch> {
    let mut found: Vec<Stretch> = Vec::new();
    let mut open: Option<(Act, usize)> = None;
    let mut plain = 0;
    let mut place = 0;
    for whole in text.split_inclusive(|byte| *byte == b'\n') {
        let line = whole.trim_ascii_end();
        let next = place + whole.len();
        match open {
            None if found.len() < 2 * BLOCKS_MAX => {
                open = match line {
                    b"-----BEGIN PGP SIGNED MESSAGE-----" => Some((Act::Signed, place)),
                    b"-----BEGIN PGP MESSAGE-----" => Some((Act::Encrypted, place)),
                    _ => None,
                };
            }
            Some((act, begin)) if ends(act, line) => {
                if begin > plain {
                    found.push(Stretch {
                        act: None,
                        range: plain..begin,
                    });
                }
                found.push(Stretch {
                    act: Some(act),
                    range: begin..next,
                });
                plain = next;
                open = None;
            }
            None | Some(_) => {}
        }
        place = next;
    }
    if plain < text.len() || found.is_empty() {
        found.push(Stretch {
            act: None,
            range: plain..text.len(),
        });
    }
    found
}

fn ends(act: Act, line: &[u8]) -> bool {
    match act {
        Act::Signed => line == b"-----END PGP SIGNATURE-----",
        Act::Encrypted => line == b"-----END PGP MESSAGE-----",
    }
}

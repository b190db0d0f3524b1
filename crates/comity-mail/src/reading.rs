//! A mail as this node sees it: checked fields, its parts, its words, its attachments, and what is odd about it.
//!
//! Of the sender only the address is shown as who it is; a display name is what the sender claims. Text is one block for each
//! part, and each block says which signature covers it: blocks are never joined, and what no signature covers is never acted upon.
//!
//! `mail-parser` reads the fields. The parts are found by a walk of our own (`structure`): it needs no recursion, and it cuts where
//! a signature cuts.
//!
//! In scope: mails that the guard let pass. Out of scope: verifying and decrypting, what the content is for (`carried`).
//! Limits: [`ReadLimits`]. Memory: less than four times the mail.

mod addresses;
mod content;
mod coverage;
mod decode;
mod fields;
mod html;
mod isolated;
mod name;
mod structure;
mod tlp;
mod warning;

pub use addresses::Mailbox;
pub use content::ContentKind;
pub use coverage::{Act, BLOCKS_MAX, Coverage, Covered, Protection, Scheme};
pub use fields::{Fields, MailingList};
pub use isolated::{Isolation, STACK_BYTES, TIME_MAX, WORKERS_MAX, isolated};
pub use name::{NAME_BYTES_MAX, safe as safe_name};
pub(crate) use structure::loose_name;
pub use structure::{Encoding, Kind, Part};
pub use warning::Warning;

use comity_stix::marking::Tlp;

use crate::guard::Fault;

/// What reading may make of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLimits {
    /// Parts within parts; what is deeper stays closed.
    pub depth_max: usize,
    /// Parts in all; those beyond are not seen.
    pub parts_max: usize,
    /// Text in all blocks, in bytes; what is beyond is cut off and told.
    pub text_bytes_max: usize,
    /// What all parts may decode to, in bytes.
    pub decoded_bytes_max: usize,
    /// Addresses of a field, and identifiers of `References`; those beyond are not kept.
    pub entries_max: usize,
}

impl ReadLimits {
    /// For what passed [`crate::guard::GuardLimits::EXCHANGE`]: four times its mail.
    pub const EXCHANGE: Self = Self {
        depth_max: 16,
        parts_max: 1_000,
        text_bytes_max: 2_000_000,
        decoded_bytes_max: 100_000_000,
        entries_max: 200,
    };
}

/// Words of a mail out of one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextBlock {
    /// The part.
    pub part: usize,
    /// The words, without characters that change how text is shown. HTML is reduced to what it says.
    pub text: String,
    /// It was HTML.
    pub html: bool,
    /// The other half of `multipart/alternative`: it should say the same as the block before.
    pub alternative: bool,
    /// The signature that covers it: an index of [`Mail::protections`].
    pub covered_by: Option<usize>,
    /// It stands in a message within the mail, which somebody else wrote: that part.
    pub within: Option<usize>,
}

/// A part that is no text of the mail itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The part.
    pub part: usize,
    /// A safe name.
    pub name: String,
    /// Type and subtype as the mail declares them.
    pub declared: String,
    /// What the bytes are.
    pub kind: ContentKind,
    /// The bytes, decoded.
    pub bytes: Vec<u8>,
    /// The signature that covers it: an index of [`Mail::protections`].
    pub covered_by: Option<usize>,
    /// It stands in a message within the mail, which somebody else wrote: that part.
    pub within: Option<usize>,
}

/// A mail that was read.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Its fields.
    pub fields: Fields,
    /// The most restrictive TLP label in its subject and words.
    pub tlp: Option<Tlp>,
    /// Its parts, itself first.
    pub parts: Vec<Part>,
    /// Its words.
    pub texts: Vec<TextBlock>,
    /// What is attached.
    pub attachments: Vec<Attachment>,
    /// Signatures and encryption, none of them verified.
    pub protections: Vec<Protection>,
    /// What is odd about it.
    pub warnings: Vec<Warning>,
    /// `Message-ID`s of mails that it gives back whole or as a header, each with its part.
    pub returned: Vec<(usize, String)>,
}

/// Why a mail is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The sender's address cannot be told: the guard was not asked, or not listened to.
    #[error("the sender cannot be told: {0}; pass the mail to the guard first")]
    Sender(Fault),
}

/// Reads a mail that the guard let pass. `parties` are the domains that this node knows, for telling those that look like them.
pub fn read(mail: &[u8], limits: &ReadLimits, parties: &[&str]) -> Result<Mail, ReadError> {
    let (fields, mut warnings) = read_fields(mail, limits)?;
    warning::of_addresses(&fields, parties, &mut warnings);
    let mut read = read_content(mail, fields, limits);
    warnings.append(&mut read.warnings);
    read.warnings = warnings;
    Ok(read)
}

/// Reads the fields alone: of a mail, or of the protected header inside something signed or encrypted (RFC 9788).
pub fn read_fields(mail: &[u8], limits: &ReadLimits) -> Result<(Fields, Vec<Warning>), ReadError> {
    let mut warnings = Vec::new();
    let fields = fields::read(mail, limits, &mut warnings).map_err(ReadError::Sender)?;
    Ok((fields, warnings))
}

/// Reads what stands in a MIME entity under these fields: the bytes that a signature covers, or what came out of something
/// encrypted. Nothing else of the mail is looked at, so nothing else can be taken for signed. The places of parts are those in `entity`.
pub fn read_content(entity: &[u8], fields: Fields, limits: &ReadLimits) -> Mail {
    let mail = entity;
    let mut warnings = Vec::new();
    let (parts, cut) = structure::parts(mail, limits);
    if cut {
        warnings.push(Warning::TooManyParts);
    }
    let protections = coverage::of_parts(&parts);
    let over = coverage::over_parts(&parts, &protections);
    let mut reader = Reader {
        mail,
        parts: &parts,
        over: &over,
        free: limits.decoded_bytes_max,
        text_free: limits.text_bytes_max,
        texts: Vec::new(),
        attachments: Vec::new(),
        protections,
        warnings,
    };
    for (index, part) in parts.iter().enumerate() {
        reader.part(index, part);
    }
    let Reader {
        texts,
        attachments,
        protections,
        mut warnings,
        ..
    } = reader;
    let mut said = tlp::Said::default();
    said.look(&fields.subject);
    for block in &texts {
        said.look(&block.text);
    }
    if said.unknown {
        warnings.push(Warning::UnknownTlp);
    }
    warning::of_protections(&parts, &texts, &protections, &mut warnings);
    let returned = returned_ids(mail, &parts);
    let mut mail = Mail {
        fields,
        tlp: said.label,
        parts,
        texts,
        attachments,
        protections,
        warnings,
        returned,
    };
    mail.warnings.dedup();
    mail
}

/// What a MIME entity says of itself in its header; its body, which may be long, is not looked at.
pub(crate) fn root(entity: &[u8], limits: &ReadLimits) -> Option<Part> {
    let header = entity.get(..fields::header_end(entity)).unwrap_or(entity);
    let (parts, _) = structure::parts(header, limits);
    parts.into_iter().next()
}

/// What the addresses of a mail tell that is odd: a domain that looks like one of these, answers that would go elsewhere.
pub fn address_warnings(fields: &Fields, parties: &[&str]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    warning::of_addresses(fields, parties, &mut warnings);
    warnings
}

/// One line as it may be shown.
pub(crate) fn shown_line(text: &str) -> String {
    decode::line(text).0
}

/// The mails that a mail gives back: whole, or only their header (RFC 6522 section 4).
fn returned_ids(mail: &[u8], parts: &[Part]) -> Vec<(usize, String)> {
    let inside = |(index, part): (usize, &Part)| {
        let headers = matches!(
            part.declared.as_str(),
            "text/rfc822-headers" | "message/global-headers"
        );
        let message = matches!(part.declared.as_str(), "message/rfc822" | "message/global");
        let body = mail.get(part.body.clone()).filter(|_| headers || message)?;
        fields::message_id(body).map(|id| (index, id))
    };
    parts.iter().enumerate().filter_map(inside).collect()
}

/// What is gathered while going through the parts.
struct Reader<'m> {
    mail: &'m [u8],
    parts: &'m [Part],
    over: &'m [Option<usize>],
    free: usize,
    text_free: usize,
    texts: Vec<TextBlock>,
    attachments: Vec<Attachment>,
    protections: Vec<Protection>,
    warnings: Vec<Warning>,
}

impl Reader<'_> {
    fn part(&mut self, index: usize, part: &Part) {
        if part.ambiguous {
            self.warnings.push(Warning::AmbiguousPart { part: index });
        }
        if part.unclosed {
            self.warnings.push(Warning::Truncated { part: index });
        }
        if part.closed {
            self.warnings.push(Warning::NotOpened { part: index });
        }
        if part.outside {
            self.warnings
                .push(Warning::TextOutsideParts { part: index });
        }
        if part.kind != Kind::Leaf {
            return;
        }
        let body = self.mail.get(part.body.clone()).unwrap_or_default();
        let Some(decoded) = decode::transfer(part.encoding, body, self.free) else {
            self.warnings.push(Warning::NotDecoded { part: index });
            return;
        };
        self.free -= decoded.bytes.len();
        if decoded.damaged {
            self.warnings.push(Warning::DamagedEncoding { part: index });
        }
        let words = matches!(part.declared.as_str(), "text/plain" | "text/html");
        if words && !part.attachment && part.name.is_none() {
            self.words(index, part, &decoded.bytes);
        } else if !words || !body.is_empty() || part.name.is_some() {
            self.attach(index, part, decoded.bytes);
        }
    }

    fn within(&self, index: usize) -> Option<usize> {
        let mut place = self.parts.get(index)?.parent;
        while let Some(index) = place {
            let part = self.parts.get(index)?;
            if part.kind == Kind::Message {
                return Some(index);
            }
            place = part.parent;
        }
        None
    }

    fn words(&mut self, index: usize, part: &Part, bytes: &[u8]) {
        let html = part.declared == "text/html";
        let covered_by = self.over.get(index).copied().flatten();
        let pieces = if html {
            vec![coverage::Stretch {
                act: None,
                range: 0..bytes.len(),
            }]
        } else {
            coverage::stretches(bytes)
        };
        let alone = pieces.iter().filter(|one| {
            let piece = bytes.get(one.range.clone()).unwrap_or_default();
            one.act.is_some() || !piece.trim_ascii().is_empty()
        });
        let whole = index == 0 && alone.count() == 1;
        for piece in pieces {
            let covered_by = match piece.act {
                None => covered_by,
                Some(act) => {
                    self.protections.push(Protection {
                        scheme: Scheme::PgpInline,
                        act,
                        coverage: if whole {
                            Coverage::Whole
                        } else {
                            Coverage::PartOnly
                        },
                        part: index,
                        covered: Covered::Decoded {
                            part: index,
                            range: piece.range.clone(),
                        },
                        signature: None,
                    });
                    Some(self.protections.len() - 1)
                }
            };
            if piece.act == Some(Act::Encrypted) {
                continue;
            }
            let bytes = bytes.get(piece.range).unwrap_or_default();
            self.block(index, part, bytes, covered_by);
        }
    }

    fn block(&mut self, index: usize, part: &Part, bytes: &[u8], covered_by: Option<usize>) {
        let html = part.declared == "text/html";
        let kept = bytes.get(..self.text_free).unwrap_or(bytes);
        if kept.len() < bytes.len() {
            self.warnings.push(Warning::TextCut { part: index });
        }
        self.text_free -= kept.len();
        let (text, good) = decode::text(kept, part.parameter("charset"));
        if !good {
            self.warnings.push(Warning::UnreadableText { part: index });
        }
        let text = if html {
            let reduced = html::reduce(&text);
            if reduced.remote {
                self.warnings.push(Warning::RemoteContent { part: index });
            }
            if reduced.active {
                self.warnings.push(Warning::ActiveContent { part: index });
            }
            reduced.text
        } else {
            text
        };
        let (text, strange) = decode::shown(&text);
        if strange {
            self.warnings
                .push(Warning::HiddenCharacters { part: index });
        }
        if text.trim().is_empty() {
            return;
        }
        let alternative = self.texts.last().is_some_and(|before| {
            let parent = |index: usize| self.parts.get(index).and_then(|part| part.parent);
            before.part != index
                && parent(before.part).is_some_and(|one| {
                    parent(index) == Some(one)
                        && self
                            .parts
                            .get(one)
                            .is_some_and(|part| part.declared == "multipart/alternative")
                })
        });
        self.texts.push(TextBlock {
            part: index,
            text,
            html,
            alternative,
            covered_by,
            within: self.within(index),
        });
    }

    fn attach(&mut self, index: usize, part: &Part, bytes: Vec<u8>) {
        let claimed = part.name.as_deref().unwrap_or_default();
        let (name, changed) = safe_name(claimed);
        if changed {
            self.warnings.push(Warning::ChangedName { part: index });
        }
        let kind = ContentKind::of(&bytes);
        if kind == ContentKind::Program {
            self.warnings.push(Warning::Program { part: index });
        }
        self.attachments.push(Attachment {
            part: index,
            name,
            declared: part.declared.clone(),
            kind,
            bytes,
            covered_by: self.over.get(index).copied().flatten(),
            within: self.within(index),
        });
    }
}

impl Mail {
    /// The first protection that covers all of the content.
    pub fn whole_protection(&self) -> Option<&Protection> {
        let mut all = self.protections.iter();
        all.find(|one| one.coverage == Coverage::Whole)
    }

    /// Whether a program sent it (RFC 3834), so that nothing may be answered by a program.
    pub fn is_automatic(&self) -> bool {
        let fields = &self.fields;
        let said = fields.auto_submitted.as_deref();
        said.is_some_and(|word| word != "no")
            || fields.list.is_some()
            || fields.bulk
            || self
                .parts
                .first()
                .is_some_and(|part| part.declared == "multipart/report")
    }
}

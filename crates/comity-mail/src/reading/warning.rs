//! What is odd about a mail. A warning is for a person; none of them decides anything alone.
//!
//! In scope: the list, and those that come of comparing fields or parts. Out of scope: policy.

use std::fmt;

use super::coverage::{Act, Coverage, Protection};
use super::structure::Part;
use super::{Fields, TextBlock};
use crate::lookalike::{Resemblance, mixes_scripts, resembles, unicode};

/// Something odd.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// A domain looks like one that this node knows.
    LookAlike {
        /// The domain in the mail.
        domain: String,
        /// The one that it looks like.
        known: String,
        /// How.
        how: Resemblance,
    },
    /// One word mixes letters of writing systems that look alike.
    MixedScripts {
        /// The field.
        field: &'static str,
    },
    /// The display name of the sender is itself an address, of another domain.
    NameIsAddress,
    /// Answers would go to another domain than the sender's.
    ReplyElsewhere,
    /// An address of this field was passed over.
    BadAddress {
        /// The field.
        field: &'static str,
    },
    /// A field held control or direction characters, which were taken out.
    HiddenInField {
        /// The field.
        field: &'static str,
    },
    /// The words call something TLP that is no label.
    UnknownTlp,
    /// There are more parts than were read.
    TooManyParts,
    /// A field that decides what a part is stands twice in it.
    AmbiguousPart {
        /// The part.
        part: usize,
    },
    /// The last boundary is missing: the mail was cut off, or made by hand.
    Truncated {
        /// The part.
        part: usize,
    },
    /// A part has parts that were not opened: too deep, encoded, or without a boundary.
    NotOpened {
        /// The part.
        part: usize,
    },
    /// Text stands before the first or after the last part, where most programs do not show it.
    TextOutsideParts {
        /// The part.
        part: usize,
    },
    /// A part decodes to more than is taken.
    NotDecoded {
        /// The part.
        part: usize,
    },
    /// A part's encoding is damaged or unknown.
    DamagedEncoding {
        /// The part.
        part: usize,
    },
    /// A text is not in the character set that it claims, or in none that is known.
    UnreadableText {
        /// The part.
        part: usize,
    },
    /// Only the beginning of a text is shown.
    TextCut {
        /// The part.
        part: usize,
    },
    /// A text held control or direction characters, which were taken out.
    HiddenCharacters {
        /// The part.
        part: usize,
    },
    /// HTML would have fetched something; nothing was.
    RemoteContent {
        /// The part.
        part: usize,
    },
    /// HTML would have run something; nothing was.
    ActiveContent {
        /// The part.
        part: usize,
    },
    /// A file name was changed to be safe.
    ChangedName {
        /// The part.
        part: usize,
    },
    /// A program is attached, open.
    Program {
        /// The part.
        part: usize,
    },
    /// A signature covers only a part; what stands beside it is anybody's.
    PartlySigned {
        /// The part with the signature.
        part: usize,
    },
    /// Something encrypted stands beside something open: not decrypted.
    PartlyEncrypted {
        /// The encrypted part.
        part: usize,
    },
    /// Something encrypted stands beside HTML, the shape of EFAIL: not decrypted, never joined.
    Efail {
        /// The encrypted part.
        part: usize,
    },
    /// A signature or encryption whose form is broken.
    BrokenProtection {
        /// The part.
        part: usize,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LookAlike { domain, known, how } => match how {
                Resemblance::SameSkeleton => write!(out, "{domain} looks the same as {known}"),
                Resemblance::OneLetter => write!(out, "{domain} is one letter from {known}"),
                Resemblance::Begins => write!(out, "{domain} only begins like {known}"),
                Resemblance::Punctuation => {
                    write!(out, "{domain} differs from {known} by hyphens and dots")
                }
            },
            Self::MixedScripts { field } => write!(out, "{field} mixes writing systems in a word"),
            Self::NameIsAddress => out.write_str("the sender's name is written like an address"),
            Self::ReplyElsewhere => out.write_str("answers would go to another domain"),
            Self::BadAddress { field } => write!(out, "{field} has something that is no address"),
            Self::HiddenInField { field } => write!(out, "{field} had hidden characters"),
            Self::UnknownTlp => out.write_str("a TLP label is none of the standard"),
            Self::TooManyParts => out.write_str("not all parts were read"),
            Self::AmbiguousPart { part } => write!(out, "part {part} says twice what it is"),
            Self::Truncated { part } => write!(out, "part {part} has no end"),
            Self::NotOpened { part } => write!(out, "part {part} has parts that were not opened"),
            Self::TextOutsideParts { part } => {
                write!(out, "part {part} has text outside its parts")
            }
            Self::NotDecoded { part } => write!(out, "part {part} is too large to decode"),
            Self::DamagedEncoding { part } => write!(out, "part {part} is damaged"),
            Self::UnreadableText { part } => write!(out, "part {part} has unreadable letters"),
            Self::TextCut { part } => write!(out, "part {part} is shown in part"),
            Self::HiddenCharacters { part } => write!(out, "part {part} had hidden characters"),
            Self::RemoteContent { part } => write!(out, "part {part} would fetch from elsewhere"),
            Self::ActiveContent { part } => write!(out, "part {part} would run something"),
            Self::ChangedName { part } => write!(out, "the file name of part {part} was changed"),
            Self::Program { part } => write!(out, "part {part} is a program"),
            Self::PartlySigned { part } => {
                write!(out, "the signature in part {part} covers a part")
            }
            Self::PartlyEncrypted { part } => {
                write!(
                    out,
                    "part {part} is encrypted beside open parts: not decrypted"
                )
            }
            Self::Efail { part } => {
                write!(out, "part {part} is encrypted beside HTML: not decrypted")
            }
            Self::BrokenProtection { part } => {
                write!(out, "the signature or encryption of part {part} is broken")
            }
        }
    }
}

/// What the addresses tell.
pub(super) fn of_addresses(fields: &Fields, parties: &[&str], warnings: &mut Vec<Warning>) {
    let own = fields.from.domain();
    let others = fields.reply_to.iter().chain(&fields.sender);
    let others: Vec<String> = others.map(super::Mailbox::domain).collect();
    let mut domains: Vec<&String> = vec![&own];
    domains.extend(&others);
    domains.dedup();
    for domain in domains {
        if let Some((known, how)) = resembles(domain, parties) {
            warnings.push(Warning::LookAlike {
                domain: domain.clone(),
                known: known.to_owned(),
                how,
            });
        }
    }
    if fields.reply_to.iter().any(|one| one.domain() != own) {
        warnings.push(Warning::ReplyElsewhere);
    }
    if mixes_scripts(&unicode(&own)) {
        warnings.push(Warning::MixedScripts { field: "From" });
    }
    if mixes_scripts(&fields.subject) {
        warnings.push(Warning::MixedScripts { field: "Subject" });
    }
    let claimed = fields.from.claimed_name.as_deref().unwrap_or_default();
    let words = claimed.split(|letter: char| letter.is_whitespace() || "<>\"'()".contains(letter));
    let other = words
        .filter_map(|word| word.rsplit_once('@'))
        .any(|(_, domain)| domain.to_lowercase() != own);
    if other {
        warnings.push(Warning::NameIsAddress);
    }
    if mixes_scripts(claimed) {
        warnings.push(Warning::MixedScripts { field: "From" });
    }
}

/// What the signatures and encryptions tell.
pub(super) fn of_protections(
    parts: &[Part],
    texts: &[TextBlock],
    protections: &[Protection],
    warnings: &mut Vec<Warning>,
) {
    let html = texts.iter().any(|block| block.html)
        || parts.iter().any(|part| part.declared == "text/html");
    for one in protections {
        let part = one.part;
        let warning = match (one.coverage, one.act) {
            (Coverage::Whole, _) => continue,
            (Coverage::Nothing, _) => Warning::BrokenProtection { part },
            (Coverage::PartOnly, Act::Signed) => Warning::PartlySigned { part },
            (Coverage::PartOnly, Act::Encrypted) if html => Warning::Efail { part },
            (Coverage::PartOnly, Act::Encrypted) => Warning::PartlyEncrypted { part },
        };
        warnings.push(warning);
    }
}

//! What is in a signed or encrypted mail, and which fields count.
//!
//! One layer is opened, and only if it is all of the mail: what is signed is read out of the bytes that are signed, what is encrypted
//! out of what was decrypted whole. Nothing that stands beside it is read with it. Where the fields are protected (RFC 9788, or its
//! forerunner `protected-headers="v1"`) by a signature that is good, those inside count and those outside are only compared.
//!
//! In scope: from a mail that was read to its content, with the state of its signature. Out of scope: whose key it is, what that is
//! worth (`assurance`).
//! Limits: those of reading and of decrypting.

use std::fmt;

use crate::guard::field_body;
use crate::openpgp::{
    Certificate, DecryptError, DecryptLimits, SecretKey, SignatureResult, decrypt,
    verify_cleartext, verify_detached,
};
use crate::protect::HIDDEN_SUBJECT;
use crate::reading::{
    Act, Coverage, Fields, Mail, Protection, ReadLimits, Scheme, Warning, address_warnings,
    loose_name, read_content, read_fields, root,
};

/// With what a mail is opened.
#[derive(Clone, Copy, Debug)]
pub struct Opener<'o> {
    /// The keys of this node.
    pub keys: &'o [&'o SecretKey],
    /// The certificates of the parties that are registered.
    pub certificates: &'o [&'o Certificate],
    /// Domains that this node knows.
    pub domains: &'o [&'o str],
    /// What reading may make of it.
    pub read: &'o ReadLimits,
    /// What decrypting may cost.
    pub decrypt: &'o DecryptLimits,
    /// When, in seconds since 1970.
    pub now: i64,
}

/// Which fields stand inside of what is signed or encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one for each field")]
pub struct Inside {
    /// `From`
    pub from: bool,
    /// `To`
    pub to: bool,
    /// `Subject`
    pub subject: bool,
    /// `Date`
    pub date: bool,
}

impl Inside {
    /// All that make a mail what it is.
    pub const ALL: Self = Self {
        from: true,
        to: true,
        subject: true,
        date: true,
    };
}

/// Something about the opening that a person should know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// It could not be decrypted.
    NotDecrypted(DecryptError),
    /// There is something encrypted inside, which stays closed.
    Nested,
    /// A field outside says something else than inside; the inside counts.
    Differs {
        /// The field.
        field: &'static str,
    },
    /// A field stands twice inside, so none of them counts.
    Ambiguous {
        /// The field.
        field: &'static str,
    },
    /// The fields are not protected.
    FieldsOpen,
}

impl fmt::Display for Notice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotDecrypted(error) => error.fmt(out),
            Self::Nested => out.write_str("something encrypted inside was not opened"),
            Self::Differs { field } => {
                write!(
                    out,
                    "{field} was another one outside; the one inside counts"
                )
            }
            Self::Ambiguous { field } => {
                write!(
                    out,
                    "{field} stands twice inside; the fields inside do not count"
                )
            }
            Self::FieldsOpen => {
                out.write_str("sender, recipients, subject and date are not protected")
            }
        }
    }
}

/// A mail that was opened.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The bytes that its content was read from; the places of its parts are places in them.
    pub entity: Vec<u8>,
    /// Its content, under the fields that count.
    pub content: Mail,
    /// It was encrypted, and is open now.
    pub decrypted: bool,
    /// How much of the mail is protected by what was opened; none: nothing was.
    pub coverage: Option<Coverage>,
    /// What became of its signature; none: it has none that counts for the whole.
    pub signature: Option<SignatureResult>,
    /// Which fields stand inside.
    pub inside: Inside,
    /// What a person should know.
    pub notices: Vec<Notice>,
}

/// What came out of a layer, before its fields are looked at.
struct Layer {
    entity: Vec<u8>,
    signature: Option<SignatureResult>,
    decrypted: bool,
    /// Words without fields of their own.
    bare: bool,
}

/// Opens a mail that was read: `mail` is `raw`. Where nothing of it is opened it becomes the content as it is.
pub fn open(raw: &[u8], mail: Mail, opener: &Opener<'_>) -> Opened {
    let layer = mail
        .whole_protection()
        .map(|one| layer(raw, &mail, one, opener));
    let mut notices = Vec::new();
    let layer = match layer {
        Some(Ok(Some(layer))) => layer,
        Some(Err(error)) => return closed(raw, mail, vec![Notice::NotDecrypted(error)]),
        None | Some(Ok(None)) => return closed(raw, mail, Vec::new()),
    };
    let mut odd_fields = Vec::new();
    let (fields, inside) = fields(&layer, &mail, opener, (&mut notices, &mut odd_fields));
    let mut content = read_content(&layer.entity, fields, opener.read);
    let odd = address_warnings(&content.fields, opener.domains);
    content.warnings.extend(odd);
    // What hides in a field inside is as odd as what hides outside.
    content.warnings.extend(odd_fields);
    if content
        .protections
        .iter()
        .any(|one| one.act == Act::Encrypted)
    {
        notices.push(Notice::Nested);
    }
    Opened {
        entity: layer.entity,
        content,
        decrypted: layer.decrypted,
        coverage: Some(Coverage::Whole),
        signature: layer.signature,
        inside,
        notices,
    }
}

/// A mail as it came: nothing of it was opened.
fn closed(raw: &[u8], mail: Mail, notices: Vec<Notice>) -> Opened {
    let most = mail.protections.iter().map(|one| one.coverage).max();
    Opened {
        entity: raw.to_vec(),
        content: mail,
        decrypted: false,
        // What could not be opened covers nothing.
        coverage: most.map(|most| most.min(Coverage::PartOnly)),
        signature: None,
        inside: Inside::default(),
        notices,
    }
}

/// One layer taken off. None: it is no OpenPGP, or its bytes are not there.
fn layer(
    raw: &[u8],
    mail: &Mail,
    protection: &Protection,
    opener: &Opener<'_>,
) -> Result<Option<Layer>, DecryptError> {
    let Some(bytes) = protection.bytes(raw, &mail.parts) else {
        return Ok(None);
    };
    Ok(match (protection.scheme, protection.act) {
        (Scheme::Smime, _) => None,
        (Scheme::PgpMime, Act::Signed) => {
            let signature = verified(mail, protection, &bytes, opener);
            signature.map(|signature| Layer {
                entity: bytes.into_owned(),
                signature: Some(signature),
                decrypted: false,
                bare: false,
            })
        }
        (Scheme::PgpInline, Act::Signed) => {
            let (signature, words) = verify_cleartext(&bytes, opener.certificates, opener.now);
            words.map(|words| Layer {
                entity: as_text(words.as_bytes()),
                signature: Some(signature),
                decrypted: false,
                bare: true,
            })
        }
        (scheme @ (Scheme::PgpInline | Scheme::PgpMime), Act::Encrypted) => {
            let found = decrypt(
                &bytes,
                opener.keys,
                opener.certificates,
                opener.now,
                opener.decrypt,
            )?;
            let bare = scheme == Scheme::PgpInline;
            let layer = Layer {
                entity: if bare {
                    as_text(&found.content)
                } else {
                    found.content
                },
                signature: found.signature,
                decrypted: true,
                bare,
            };
            Some(if bare {
                layer
            } else {
                signed_inside(layer, mail, opener)
            })
        }
    })
}

/// What was decrypted may be signed as a MIME entity (RFC 3156 section 6.1): that belongs to the same layer.
fn signed_inside(layer: Layer, mail: &Mail, opener: &Opener<'_>) -> Layer {
    if layer.signature.is_some() {
        return layer;
    }
    let inner = read_content(&layer.entity, mail.fields.clone(), opener.read);
    let found = inner.whole_protection();
    let found = found.filter(|one| one.scheme == Scheme::PgpMime && one.act == Act::Signed);
    let signed = found.and_then(|one| {
        let bytes = one.bytes(&layer.entity, &inner.parts)?;
        let signature = verified(&inner, one, &bytes, opener)?;
        Some((bytes.into_owned(), signature))
    });
    match signed {
        Some((entity, signature)) => Layer {
            entity,
            signature: Some(signature),
            ..layer
        },
        None => layer,
    }
}

fn verified(
    mail: &Mail,
    protection: &Protection,
    bytes: &[u8],
    opener: &Opener<'_>,
) -> Option<SignatureResult> {
    let place = protection.signature?;
    let signature = mail.attachments.iter().find(|one| one.part == place)?;
    let (certificates, now) = (opener.certificates, opener.now);
    Some(verify_detached(&signature.bytes, bytes, certificates, now))
}

/// Words without a header are a text and nothing else, whatever they look like.
fn as_text(words: &[u8]) -> Vec<u8> {
    let mut entity = b"Content-Type: text/plain; charset=utf-8\r\n\r\n".to_vec();
    entity.extend(words);
    entity
}

/// The fields that count, and which of them stand inside.
fn fields(
    layer: &Layer,
    mail: &Mail,
    opener: &Opener<'_>,
    (notices, odd_fields): (&mut Vec<Notice>, &mut Vec<Warning>),
) -> (Fields, Inside) {
    let outer = &mail.fields;
    let open = |notices: &mut Vec<Notice>| {
        notices.push(Notice::FieldsOpen);
        (outer.clone(), Inside::default())
    };
    if layer.bare || !says_protected(&layer.entity, opener) {
        return open(notices);
    }
    if let Some(field) = twice(&layer.entity) {
        notices.push(Notice::Ambiguous { field });
        return open(notices);
    }
    let Ok((inner, odd)) = read_fields(&layer.entity, opener.read) else {
        return open(notices);
    };
    for warning in &odd {
        if let Warning::BadAddress { field } = warning {
            notices.push(Notice::Ambiguous { field });
            return open(notices);
        }
    }
    odd_fields.extend(odd);
    if !matches!(layer.signature, Some(SignatureResult::Good(_))) {
        // Nobody known stands for them. Only the subject is taken, if the one outside was hidden.
        let (mut fields, inside) = open(notices);
        if layer.decrypted && is_hidden(&outer.subject) {
            fields.subject = inner.subject;
        }
        return (fields, inside);
    }
    let has = |name: &[u8]| field_body(&layer.entity, name).is_some();
    let inside = Inside {
        from: true,
        to: has(b"to"),
        subject: has(b"subject"),
        date: has(b"date") && inner.date.is_some(),
    };
    notices.extend(differences(outer, &inner, layer.decrypted));
    (inner, inside)
}

/// Whether the content type of what is protected says that fields are protected with it.
fn says_protected(entity: &[u8], opener: &Opener<'_>) -> bool {
    let root = root(entity, opener.read).filter(|root| !root.ambiguous);
    root.is_some_and(|root| {
        matches!(root.parameter("hp"), Some("clear" | "cipher"))
            || root.parameter("protected-headers") == Some("v1")
    })
}

/// The fields that may stand once.
const ONCE: [&str; 9] = [
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "In-Reply-To",
    "References",
];

/// A field that stands twice in a header block.
fn twice(entity: &[u8]) -> Option<&'static str> {
    let mut seen = [false; ONCE.len()];
    for line in entity.split(|byte| *byte == b'\n') {
        if line.trim_ascii_end().is_empty() {
            break;
        }
        let name = loose_name(line);
        for (field, seen) in ONCE.iter().zip(&mut seen) {
            if name.eq_ignore_ascii_case(field.as_bytes()) {
                if *seen {
                    return Some(field);
                }
                *seen = true;
            }
        }
    }
    None
}

fn is_hidden(subject: &str) -> bool {
    subject.starts_with(HIDDEN_SUBJECT)
}

fn differences(outer: &Fields, inner: &Fields, decrypted: bool) -> Vec<Notice> {
    let addresses = |list: &[crate::reading::Mailbox]| -> Vec<String> {
        list.iter().map(|one| one.address.to_lowercase()).collect()
    };
    let one = |mailbox: &crate::reading::Mailbox| mailbox.address.to_lowercase();
    let hidden = decrypted && is_hidden(&outer.subject);
    let found = [
        ("From", one(&outer.from) != one(&inner.from)),
        ("To", addresses(&outer.to) != addresses(&inner.to)),
        ("Cc", addresses(&outer.cc) != addresses(&inner.cc)),
        (
            "Reply-To",
            addresses(&outer.reply_to) != addresses(&inner.reply_to),
        ),
        ("Subject", !hidden && outer.subject != inner.subject),
        ("Date", outer.date != inner.date),
        ("Message-ID", outer.message_id != inner.message_id),
        ("In-Reply-To", outer.in_reply_to != inner.in_reply_to),
        ("References", outer.references != inner.references),
    ];
    let found = found.into_iter().filter(|(_, differs)| *differs);
    found.map(|(field, _)| Notice::Differs { field }).collect()
}

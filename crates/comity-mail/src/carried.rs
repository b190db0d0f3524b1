//! What a mail carries, so that each thing finds the one intake that it belongs to.
//!
//! Everything is told by what it is, not by what the mail calls it. What is told here is a proposal: whether it is admitted is
//! decided where objects, envelopes and reports are read.
//!
//! In scope: a list of what was found, each with where and under which signature; what was not understood is in it too, with the
//! reason. Out of scope: reading the content itself, opening archives.
//! Limits: [`CarriedLimits`].

mod glance;
mod prose;
mod receipt;
mod reports;
mod xarf;

pub use receipt::{MailReceipt, RECEIPT_TYPE, ReceiptError};
pub use reports::{AbuseReport, Action, Delivery, DeliveryReport, DispositionNotice};
pub use xarf::XArf;

use comity_stix::admission::ObservableValue;

use crate::archive::{ArchiveLimits, Listing, list};
use crate::reading::{Act, Attachment, ContentKind, Coverage, Mail, Scheme};

/// What classifying may take up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CarriedLimits {
    /// Values found in prose; those beyond are not told.
    pub values_max: usize,
    /// A report in fields or JSON that is read here, in bytes.
    pub report_bytes_max: usize,
    /// What an archive may be.
    pub archive: ArchiveLimits,
}

impl CarriedLimits {
    /// For what others send.
    pub const EXCHANGE: Self = Self {
        values_max: 1_000,
        report_bytes_max: 1_000_000,
        archive: ArchiveLimits::EXCHANGE,
    };
}

/// Where in the mail something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// An index of [`Mail::texts`].
    Text(usize),
    /// An index of [`Mail::attachments`].
    Attachment(usize),
    /// An index of [`Mail::protections`].
    Protection(usize),
    /// The mail as a whole.
    Mail,
}

/// Something that a mail carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// Where.
    pub place: Place,
    /// The signature over it: an index of [`Mail::protections`]. None: unsigned, whatever else is signed.
    pub covered_by: Option<usize>,
    /// It stands in a message within the mail, which somebody else wrote.
    pub within: bool,
    /// What.
    pub what: What,
}

/// What it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// A STIX bundle, or an envelope of TAXII, with so many objects.
    StixBundle {
        /// How many.
        objects: usize,
    },
    /// One STIX object.
    StixObject,
    /// A part of a `.comity` file.
    ComityFile,
    /// MISP events, as MISP exports them.
    MispEvent {
        /// How many.
        events: usize,
    },
    /// A list of values, with or without columns.
    IndicatorList,
    /// A report of abuse (ARF, RFC 5965).
    AbuseReport(AbuseReport),
    /// A report of abuse (XARF 4, 3, or X-ARF 0.2).
    XArf(XArf),
    /// What became of a mail (DSN, RFC 3464).
    DeliveryReport(DeliveryReport),
    /// That a mail was shown, or not (MDN, RFC 8098).
    DispositionNotice(DispositionNotice),
    /// A receipt of another node.
    Receipt(MailReceipt),
    /// Public keys of OpenPGP, unread.
    OpenPgpKeys,
    /// An archive; [`Listing::is_encrypted`] tells samples under a password.
    Archive(Listing),
    /// Words of a person, with the values in them.
    Prose {
        /// Values that leave no doubt, undone of `hxxp` and `[.]`.
        values: Vec<ObservableValue>,
    },
    /// Something encrypted: what it carries is told after it is decrypted.
    Encrypted,
    /// Nothing that is understood.
    NotUnderstood(Reason),
}

/// Why something is not understood. The sender is told in these words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// `winmail.dat`.
    #[error("winmail.dat: send it again as plain text or HTML, not as rich text of Outlook")]
    Tnef,
    /// JSON of no known kind.
    #[error("JSON that is no STIX bundle, MISP event or report")]
    UnknownJson,
    /// JSON that cannot be read.
    #[error("damaged JSON ({0})")]
    BadJson(String),
    /// A document of an office program, or PDF.
    #[error("a document: send indicators as STIX, MISP, CSV or plain text")]
    Document,
    /// An archive that is no ZIP.
    #[error(
        "an archive of another format than ZIP: send a ZIP, samples with the password `infected`"
    )]
    OtherArchive,
    /// A program without an archive around it.
    #[error("a program: send samples in a ZIP with the password `infected`")]
    OpenProgram,
    /// A report or receipt that lacks what it must say.
    #[error("a report that lacks what it must say ({0})")]
    BadReport(String),
    /// S/MIME.
    #[error("S/MIME: sign and encrypt with OpenPGP")]
    Smime,
    /// Neither words nor anything attached that could be read.
    #[error("a mail without words, and without anything attached but pictures")]
    Nothing,
    /// Something else, by its kind.
    #[error("content of the kind {0}")]
    Other(ContentKind),
}

/// Tells what a mail carries: what is encrypted, then what is attached, then its words. Never nothing: each mail can be answered.
pub fn classify(mail: &Mail, limits: &CarriedLimits) -> Vec<Carried> {
    let mut found = Vec::new();
    for (index, one) in mail.protections.iter().enumerate() {
        let readable = one.coverage > Coverage::Nothing && one.scheme != Scheme::Smime;
        if one.act == Act::Encrypted && readable {
            found.push(Carried {
                place: Place::Protection(index),
                covered_by: None,
                within: false,
                what: What::Encrypted,
            });
        }
    }
    for (index, attachment) in mail.attachments.iter().enumerate() {
        if let Some(what) = of_attachment(mail, attachment, limits) {
            found.push(Carried {
                place: Place::Attachment(index),
                covered_by: attachment.covered_by,
                within: attachment.within.is_some(),
                what,
            });
        }
    }
    // The words around a report of a program explain the report.
    let report = found.iter().any(|one| {
        matches!(
            one.what,
            What::DeliveryReport(_) | What::DispositionNotice(_) | What::Receipt(_)
        )
    });
    for (index, block) in mail.texts.iter().enumerate() {
        if report || block.alternative {
            continue;
        }
        found.push(Carried {
            place: Place::Text(index),
            covered_by: block.covered_by,
            within: block.within.is_some(),
            what: of_text(&block.text, limits),
        });
    }
    if found.is_empty() {
        found.push(Carried {
            place: Place::Mail,
            covered_by: None,
            within: false,
            what: What::NotUnderstood(Reason::Nothing),
        });
    }
    found
}

/// Words, unless they are data that somebody pasted.
fn of_text(text: &str, limits: &CarriedLimits) -> What {
    let trimmed = text.trim();
    if trimmed.as_bytes().starts_with(prose::KEY_BLOCK) {
        return What::OpenPgpKeys;
    }
    if trimmed.starts_with('{')
        && let Some(what) = glance::known(trimmed.as_bytes())
    {
        return what;
    }
    What::Prose {
        values: prose::values(text, limits.values_max),
    }
}

/// What an attachment is; None for those that belong to another part, like a signature.
fn of_attachment(mail: &Mail, attachment: &Attachment, limits: &CarriedLimits) -> Option<What> {
    let bytes = attachment.bytes.as_slice();
    let reason = |reason| Some(What::NotUnderstood(reason));
    let report = bytes.get(..limits.report_bytes_max).unwrap_or(bytes);
    match attachment.declared.as_str() {
        "application/pgp-signature"
        | "application/pkcs7-signature"
        | "application/x-pkcs7-signature"
        | "application/pgp-encrypted"
        | "text/rfc822-headers"
        | "message/global-headers" => return None,
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => return reason(Reason::Smime),
        "application/octet-stream" if is_encrypted_data(mail, attachment) => return None,
        "message/delivery-status" | "message/global-delivery-status" => {
            let sent = returned_id(mail, attachment);
            return Some(reports::delivery(report, sent));
        }
        "message/disposition-notification" | "message/global-disposition-notification" => {
            return Some(reports::disposition(report));
        }
        "message/feedback-report" => {
            let mut what = reports::abuse(report);
            if let What::AbuseReport(found) = &mut what {
                found.message_id = returned_id(mail, attachment);
            }
            return Some(what);
        }
        RECEIPT_TYPE => return Some(receipt::tell(report)),
        "application/pgp-keys" => return Some(What::OpenPgpKeys),
        "application/ms-tnef" | "application/vnd.ms-tnef" => return reason(Reason::Tnef),
        _ => {}
    }
    match attachment.kind {
        ContentKind::Empty | ContentKind::Picture => None,
        ContentKind::ComityFile => Some(What::ComityFile),
        ContentKind::Json => Some(glance::tell(bytes)),
        ContentKind::PgpArmor if bytes.trim_ascii_start().starts_with(prose::KEY_BLOCK) => {
            Some(What::OpenPgpKeys)
        }
        ContentKind::Zip => {
            let listing = list(bytes, &limits.archive);
            let office = listing
                .entries
                .iter()
                .any(|one| one.name == "[Content_Types].xml");
            if office {
                reason(Reason::Document)
            } else {
                Some(What::Archive(listing))
            }
        }
        ContentKind::Text => Some(of_plain(attachment, limits)),
        ContentKind::Tnef => reason(Reason::Tnef),
        ContentKind::Pdf | ContentKind::Ole | ContentKind::Rtf => reason(Reason::Document),
        ContentKind::Gzip => {
            glance::packed(bytes, &limits.archive).or_else(|| reason(Reason::OtherArchive))
        }
        ContentKind::OtherArchive => reason(Reason::OtherArchive),
        ContentKind::Program => reason(Reason::OpenProgram),
        ContentKind::PgpArmor | ContentKind::Xml | ContentKind::Html | ContentKind::Binary => {
            reason(Reason::Other(attachment.kind))
        }
    }
}

/// A text that is attached.
fn of_plain(attachment: &Attachment, limits: &CarriedLimits) -> What {
    let bytes = attachment.bytes.as_slice();
    let head = bytes.get(..limits.report_bytes_max).unwrap_or(bytes);
    let text = String::from_utf8_lossy(head);
    if let Some(report) = xarf::of_yaml(&text) {
        return What::XArf(report);
    }
    if prose::is_list(&text) {
        return What::IndicatorList;
    }
    What::Prose {
        values: prose::values(&text, limits.values_max),
    }
}

/// Whether this is the second part of something encrypted.
fn is_encrypted_data(mail: &Mail, attachment: &Attachment) -> bool {
    let parent = mail.parts.get(attachment.part).and_then(|part| part.parent);
    let parent = parent.and_then(|parent| mail.parts.get(parent));
    parent.is_some_and(|part| part.declared == "multipart/encrypted")
}

/// The `Message-ID` of the mail that a report gives back beside it.
fn returned_id(mail: &Mail, report: &Attachment) -> Option<String> {
    let parent = mail.parts.get(report.part)?.parent?;
    let beside = |at: usize| {
        let part = mail.parts.get(at);
        part.is_some_and(|part| part.parent == Some(parent))
    };
    let found = mail.returned.iter().find(|(at, _)| beside(*at));
    found.map(|(_, id)| id.clone())
}

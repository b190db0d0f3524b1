//! A mail that was opened: what it carries, which fields count, and what tells it from others.
//!
//! Reading and opening run on a thread of their own (`isolated`): a mail that breaks the reader ends that thread, not the node.
//!
//! In scope: from raw bytes to plain data. Out of scope: who sent it, what follows.
//! Limits: those of the guard, of the reader and of decrypting; [`TIME_MAX`].

use std::sync::Arc;

use comity_mail::carried::{Carried, CarriedLimits, Place, What, classify};
use comity_mail::opening::{Opened, Opener, open};
use comity_mail::openpgp::{Certificate, DecryptLimits, SecretKey, SignatureResult};
use comity_mail::reading::{Fields, Isolation, ReadError, ReadLimits, TIME_MAX, isolated, read};
use sha2::{Digest as _, Sha256};

use crate::mail::certificates::PartyCertificate;

/// With what mails are opened.
pub(super) struct Keyring {
    /// This node's keys.
    pub(super) keys: Vec<SecretKey>,
    /// Those of the parties.
    pub(super) certificates: Vec<PartyCertificate>,
    /// Domains that a look-alike may imitate: the parties' and the own.
    pub(super) domains: Vec<String>,
    /// Seconds since 1970.
    pub(super) now: i64,
}

/// A mail that was opened.
#[derive(Debug)]
pub(super) struct Unfolded {
    /// Its content under the fields that count.
    pub(super) opened: Opened,
    /// What is in it.
    pub(super) carried: Vec<Carried>,
    /// The fields as they stand outside.
    pub(super) outer: Fields,
    /// What tells it from other mails.
    pub(super) marks: Marks,
}

/// What tells a mail from others, whatever way it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Marks {
    /// `Message-ID`; empty where it has none.
    pub(super) message_id: String,
    /// What a good OpenPGP signature covers, as a digest: however its armor is written, the date inside tells it from the next one.
    pub(super) signed: Option<[u8; 32]>,
    /// Its DKIM signatures, whatever they are worth.
    pub(super) dkim: Vec<DkimMark>,
    /// The digest of its body.
    pub(super) body: [u8; 32],
}

/// A DKIM signature as it stands in a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DkimMark {
    /// `d=`, in lower case.
    pub(super) domain: String,
    /// `s=`.
    pub(super) selector: String,
    /// The digest of `b=`.
    pub(super) digest: [u8; 32],
}

/// Why a mail is not opened.
#[derive(Debug)]
pub(super) enum NotOpened {
    /// Later perhaps.
    Later(String),
    /// The reader broke over it.
    Broken(String),
}

/// Opens a mail that the guard let pass.
pub(super) fn unfold(raw: Arc<Vec<u8>>, with: Keyring) -> Result<Unfolded, NotOpened> {
    let done = isolated(TIME_MAX, move || unfold_here(&raw, &with));
    match done {
        Ok(Ok(unfolded)) => Ok(unfolded),
        Ok(Err(error)) => Err(NotOpened::Broken(error.to_string())),
        Err(why @ (Isolation::Busy | Isolation::NoThread { .. })) => {
            Err(NotOpened::Later(why.to_string()))
        }
        Err(why) => Err(NotOpened::Broken(why.to_string())),
    }
}

fn unfold_here(raw: &[u8], with: &Keyring) -> Result<Unfolded, ReadError> {
    let domains: Vec<&str> = with.domains.iter().map(String::as_str).collect();
    let mail = read(raw, &ReadLimits::EXCHANGE, &domains)?;
    let outer = mail.fields.clone();
    let now = with.now;
    let keys: Vec<&SecretKey> = with.keys.iter().collect();
    let certificates: Vec<&Certificate> = with
        .certificates
        .iter()
        .map(|one| &one.certificate)
        .collect();
    let with = Opener {
        keys: &keys,
        certificates: &certificates,
        domains: &domains,
        read: &ReadLimits::EXCHANGE,
        decrypt: &DecryptLimits::EXCHANGE,
        now,
    };
    let opened = open(raw, mail, &with);
    let carried = classify(&opened.content, &CarriedLimits::EXCHANGE);
    let marks = marks(raw, &outer, &opened);
    Ok(Unfolded {
        opened,
        carried,
        outer,
        marks,
    })
}

impl Unfolded {
    /// The bytes of something that is carried; words as UTF-8.
    pub(super) fn bytes(&self, one: &Carried) -> &[u8] {
        let content = &self.opened.content;
        match one.place {
            Place::Text(at) => content
                .texts
                .get(at)
                .map_or(&[][..], |block| block.text.as_bytes()),
            Place::Attachment(at) => content
                .attachments
                .get(at)
                .map_or(&[][..], |one| one.bytes.as_slice()),
            Place::Protection(_) | Place::Mail => &[],
        }
    }

    /// How something that is carried is called, for people.
    pub(super) fn name(&self, one: &Carried) -> String {
        let content = &self.opened.content;
        match one.place {
            Place::Attachment(at) => content
                .attachments
                .get(at)
                .map_or_else(String::new, |one| one.name.clone()),
            Place::Text(_) => "the words".to_owned(),
            Place::Protection(_) | Place::Mail => "the mail".to_owned(),
        }
    }

    /// A program wrote it, or passed it on to many: nothing may answer it (RFC 3834 section 2).
    pub(super) fn is_automatic(&self) -> bool {
        let inner = &self.opened.content.fields;
        [&self.outer, inner].into_iter().any(|fields| {
            let auto = fields.auto_submitted.as_deref();
            auto.is_some_and(|word| word != "no") || fields.list.is_some() || fields.bulk
        }) || self.carried.iter().any(|one| {
            matches!(
                one.what,
                What::Receipt(_) | What::DeliveryReport(_) | What::DispositionNotice(_)
            )
        })
    }
}

fn marks(raw: &[u8], outer: &Fields, opened: &Opened) -> Marks {
    let (header, body) = split(raw);
    let good = matches!(opened.signature, Some(SignatureResult::Good(_)));
    Marks {
        message_id: outer.message_id.clone().unwrap_or_default(),
        signed: good.then(|| Sha256::digest(&opened.entity).into()),
        dkim: dkim_signatures(header),
        body: Sha256::digest(body).into(),
    }
}

/// The header block of a mail, and what follows the empty line behind it.
fn split(raw: &[u8]) -> (&[u8], &[u8]) {
    let end = raw.windows(4).position(|four| four == b"\r\n\r\n");
    end.and_then(|at| raw.split_at_checked(at + 4))
        .unwrap_or((raw, b""))
}

/// Each DKIM signature (RFC 6376 section 3.5), without the white space that is not part of it.
fn dkim_signatures(header: &[u8]) -> Vec<DkimMark> {
    let header = String::from_utf8_lossy(header);
    let unfolded = header.replace("\r\n ", " ").replace("\r\n\t", " ");
    let fields = unfolded.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_it = name.trim_end().eq_ignore_ascii_case("dkim-signature");
        is_it.then_some(value)
    });
    let signature = |value: &str| {
        let tag = |wanted: &str| {
            let mut tags = value.split(';').filter_map(|tag| tag.split_once('='));
            let found = tags.find(|(name, _)| name.trim() == wanted);
            let text = found.map(|(_, text)| text.chars().filter(|c| !c.is_whitespace()));
            text.map_or_else(String::new, Iterator::collect)
        };
        let digits: String = tag("b");
        (!digits.is_empty()).then(|| DkimMark {
            domain: tag("d").to_ascii_lowercase(),
            selector: tag("s"),
            digest: Sha256::digest(digits.as_bytes()).into(),
        })
    };
    fields.take(DKIM_FIELDS_MAX).filter_map(signature).collect()
}

/// DKIM signatures of one mail that are kept.
const DKIM_FIELDS_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dkim_signature_is_the_same_however_it_is_folded_and_another_one_is_another() {
        let of = |text: &str| dkim_signatures(text.as_bytes());
        let folded = of(
            "From: a@b.example\r\nDKIM-Signature: v=1; bh=xx; b=AB\r\n CD\r\n\t=; d=B.example; s=one\r\n\r\n",
        );
        assert_eq!(
            folded,
            of("dkim-signature: s=one;d=b.example;b=ABCD=\r\n\r\n")
        );
        assert_eq!((folded.len(), folded[0].selector.as_str()), (1, "one"));
        let other = of("DKIM-Signature: b=ABCE=; d=b.example; s=one\r\n\r\n");
        assert_ne!(folded, other);
        assert!(of("X-Note: DKIM-Signature: b=1\r\nDKIM-Signature: b=\r\n\r\n").is_empty());
    }
}

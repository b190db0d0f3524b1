//! Mails that are signed or encrypted with OpenPGP (RFC 3156), their fields protected with them (RFC 9788).
//!
//! What is signed or encrypted begins with the mail's own fields. Outside of an encrypted mail the subject is [`HIDDEN_SUBJECT`] and the
//! TLP label, so that who forwards it unread still knows how; the other fields are the same inside and outside, and the inside says
//! what they were outside (`HP-Outer`).
//!
//! In scope: writing. Out of scope: reading (`opening`), which key for whom.

use std::fmt;

use crate::compose::{ComposeError, Letter};
use crate::openpgp::{Certificate, EncryptError, SecretKey, SecretKeyError, encrypt};

/// What stands for the subject outside of an encrypted mail (RFC 9788 section 3.2.1).
pub const HIDDEN_SUBJECT: &str = "[...]";

/// Why a mail is not protected, and so not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtectError {
    /// The letter.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// The recipient's certificate.
    #[error(transparent)]
    Encrypt(#[from] EncryptError),
    /// The own key.
    #[error(transparent)]
    Key(#[from] SecretKeyError),
}

/// What the protected fields are protected by: the parameter `hp` (RFC 9788 section 2.1).
#[derive(Clone, Copy)]
enum By {
    Signature,
    Encryption,
}

impl fmt::Display for By {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Signature => "clear",
            Self::Encryption => "cipher",
        })
    }
}

impl Letter {
    /// The whole mail, signed and open to read.
    pub fn write_signed(&self, key: &SecretKey, now: i64) -> Result<Vec<u8>, ProtectError> {
        let subject = self.subject_line()?;
        let signed = self.protected(By::Signature, &subject)?;
        let signature = key.sign_detached(&signed, now)?;
        let boundary = format!("signed-{}", self.boundary());
        let mut entity = format!(
            "Content-Type: multipart/signed; micalg=pgp-sha512;\r\n\
             \tprotocol=\"application/pgp-signature\"; boundary=\"{boundary}\"\r\n\r\n\
             --{boundary}\r\n"
        )
        .into_bytes();
        entity.extend(&signed);
        entity.extend(
            format!(
                "\r\n--{boundary}\r\n\
                 Content-Type: application/pgp-signature; name=\"signature.asc\"\r\n\r\n"
            )
            .bytes(),
        );
        entity.extend(crlf(&signature).bytes());
        entity.extend(format!("\r\n--{boundary}--\r\n").bytes());
        Ok(self.around(&subject, &entity)?)
    }

    /// The whole mail, encrypted to these certificates, and signed inside where there is a key. `seed`: 32 random bytes that are
    /// used once.
    pub fn write_encrypted(
        &self,
        key: Option<&SecretKey>,
        to: &[&Certificate],
        now: i64,
        seed: &[u8; 32],
    ) -> Result<Vec<u8>, ProtectError> {
        let outside = self.outer_subject();
        let inside = self.protected(By::Encryption, &outside)?;
        let message = encrypt(&inside, to, key, now, seed)?;
        let boundary = format!("sealed-{}", self.boundary());
        let mut entity = format!(
            "Content-Type: multipart/encrypted;\r\n\
             \tprotocol=\"application/pgp-encrypted\"; boundary=\"{boundary}\"\r\n\r\n\
             --{boundary}\r\n\
             Content-Type: application/pgp-encrypted\r\n\r\n\
             Version: 1\r\n\
             --{boundary}\r\n\
             Content-Type: application/octet-stream; name=\"encrypted.asc\"\r\n\r\n"
        )
        .into_bytes();
        entity.extend(crlf(&message).bytes());
        entity.extend(format!("\r\n--{boundary}--\r\n").bytes());
        Ok(self.around(&outside, &entity)?)
    }

    /// The subject outside of an encrypted mail.
    pub fn outer_subject(&self) -> String {
        match self.tlp {
            Some(tlp) => format!("{HIDDEN_SUBJECT} {tlp}"),
            None => HIDDEN_SUBJECT.to_owned(),
        }
    }

    /// The content with the mail's fields before it; `outside`: the subject that stands outside.
    fn protected(&self, by: By, outside: &str) -> Result<Vec<u8>, ProtectError> {
        let mut entity = Vec::new();
        // It says something of the mail as a whole, and stands there.
        let own = |name: &str| name != "MIME-Version";
        for (name, line) in self.written_fields(&self.subject_line()?)? {
            if own(name) {
                entity.extend(line);
            }
        }
        if let By::Encryption = by {
            for (name, line) in self.written_fields(outside)? {
                if own(name) {
                    entity.extend(b"HP-Outer: ");
                    entity.extend(line);
                }
            }
        }
        entity.extend(with_parameter(&self.content()?, by));
        Ok(entity)
    }
}

/// The entity with `hp` in its content type.
fn with_parameter(entity: &[u8], by: By) -> Vec<u8> {
    let mut marked = Vec::with_capacity(entity.len() + 32);
    let mut inside = false;
    let mut done = false;
    for line in entity.split_inclusive(|byte| *byte == b'\n') {
        let continues = line.starts_with(b" ") || line.starts_with(b"\t");
        if inside && !continues {
            // Before the line end of the field.
            marked.truncate(marked.len().saturating_sub(2));
            marked.extend(format!(";\r\n\thp=\"{by}\"\r\n").bytes());
            (inside, done) = (false, true);
        }
        let name = line.get(..13).unwrap_or_default();
        inside |= !done && !continues && name.eq_ignore_ascii_case(b"content-type:");
        done |= line == b"\r\n";
        marked.extend(line);
    }
    marked
}

/// Lines of armor with the line ends of mail, the last one taken away.
fn crlf(armored: &str) -> String {
    let lines: Vec<&str> = armored.trim_end().lines().collect();
    lines.join("\r\n")
}

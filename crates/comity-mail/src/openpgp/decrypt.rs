//! Decrypting a message as a whole (RFC 9580 sections 5.13 and 10.3).
//!
//! Nothing comes out before all of it was decrypted and its integrity proved: who hands out a part hands it to EFAIL (2018). One
//! layer is opened; what is encrypted again inside stays closed. What comes out of compression is counted.
//!
//! The reasons are for the one who receives the mail. They are never sent back to its sender, who could learn from them.
//!
//! In scope: message to bytes, and the signature inside. Out of scope: whether the message stands alone in the mail (`Coverage`).
//! Limits: [`DecryptLimits`], [`super::SIGNATURES_MAX`].

use std::io::Read;

use flate2::read::{DeflateDecoder, ZlibDecoder};
use pgp::armor::BlockType;
use pgp::composed::{Edata, Esk, Message, PlainSessionKey};
use pgp::types::{DecryptionKey as _, EskType, Password, PkeskVersion};

use crate::guard::MAIL_BYTES_MAX;

use super::armor;
use super::certificate::Certificate;
use super::packets::{self, NoSequence, Packet, packets};
use super::secret::SecretKey;
use super::signature::{SIGNATURES_MAX, SignatureFault, SignatureResult, judge};

/// What decrypting may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecryptLimits {
    /// The largest message, in bytes.
    pub message_bytes_max: usize,
    /// The largest content, in bytes, after compression is undone.
    pub content_bytes_max: usize,
    /// Keys that the message may be encrypted to.
    pub recipients_max: usize,
}

impl DecryptLimits {
    /// For what passed [`crate::guard::GuardLimits::EXCHANGE`].
    pub const EXCHANGE: Self = Self {
        message_bytes_max: MAIL_BYTES_MAX,
        content_bytes_max: MAIL_BYTES_MAX,
        recipients_max: 64,
    };
}

/// What was in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decrypted {
    /// The bytes that were encrypted.
    pub content: Vec<u8>,
    /// The signature over them inside; none: there is none.
    pub signature: Option<SignatureResult>,
    /// The fingerprint of the certificate whose key opened it.
    pub opened_by: String,
}

/// Why a message is not decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecryptError {
    /// No encrypted message.
    #[error("this is no encrypted OpenPGP message; ask the sender to send it again")]
    Form,
    /// Its integrity cannot be proved.
    #[error(
        "the message is encrypted without proof of its integrity; ask the sender for a program that is not from before 2001"
    )]
    NoIntegrity,
    /// In a form of `GnuPG` alone.
    #[error(
        "the message is encrypted in a form of GnuPG's own (OCB); ask the sender to encrypt to the certificate of this node as it is"
    )]
    GnupgForm,
    /// Not to a key of this node.
    #[error(
        "the message is not encrypted to a key of this node; give the sender the certificate of this node"
    )]
    NoKey,
    /// Changed or damaged.
    #[error("the message was changed or damaged on its way; nothing of it is shown")]
    Damaged,
    /// More than the limit comes out.
    #[error("more comes out of the message than is taken; ask the sender for smaller ones")]
    TooLarge,
    /// Encrypted or compressed again inside.
    #[error("the message has another one inside; only one layer is opened")]
    Nested,
    /// To too many keys.
    #[error("the message is encrypted to too many keys")]
    TooManyRecipients,
}

/// Decrypts a message, armored or binary, with the first of these keys that opens it, and verifies the signature inside.
pub fn decrypt(
    message: &[u8],
    keys: &[&SecretKey],
    certificates: &[&Certificate],
    now: i64,
    limits: &DecryptLimits,
) -> Result<Decrypted, DecryptError> {
    if message.len() > limits.message_bytes_max {
        return Err(DecryptError::TooLarge);
    }
    let binary = armor::binary(message, BlockType::Message, limits.message_bytes_max)
        .map_err(|_| DecryptError::Form)?;
    shape(&binary, limits)?;
    let (plain, key) = opened(binary.into_owned(), keys, limits)?;
    let plain = decompressed(plain, limits)?;
    let (content, signature) = contained(&plain, certificates, now, limits)?;
    let own = key.certificate().fingerprint();
    let signature = signature.map(|one| for_us(one, own));
    Ok(Decrypted {
        content,
        signature,
        opened_by: own.to_owned(),
    })
}

/// A signature that says for whom it was made is good for nobody else.
fn for_us(result: SignatureResult, own: &str) -> SignatureResult {
    match result {
        SignatureResult::Good(good)
            if !good.made_for.is_empty() && !good.made_for.iter().any(|one| one == own) =>
        {
            SignatureResult::Bad {
                certificate: Some(good.certificate),
                fault: SignatureFault::ForOthers,
            }
        }
        SignatureResult::Good(_)
        | SignatureResult::UnknownKey { .. }
        | SignatureResult::Bad { .. } => result,
    }
}

/// Keys, then one encrypted packet with integrity, and nothing else.
fn shape(binary: &[u8], limits: &DecryptLimits) -> Result<(), DecryptError> {
    let most = limits.recipients_max + 8;
    let all = packets(binary, most).map_err(|why| match why {
        NoSequence::Form => DecryptError::Form,
        NoSequence::TooMany => DecryptError::TooManyRecipients,
    })?;
    let Some((data, before)) = all.split_last() else {
        return Err(DecryptError::Form);
    };
    match data.tag {
        packets::ENCRYPTED => algorithms(&data.body(binary))?,
        packets::ENCRYPTED_BARE => return Err(DecryptError::NoIntegrity),
        packets::ENCRYPTED_GNUPG => return Err(DecryptError::GnupgForm),
        _ => return Err(DecryptError::Form),
    }
    let known = |one: &Packet| {
        let tags = [
            packets::SESSION_KEY,
            packets::SESSION_PASSWORD,
            packets::MARKER,
            packets::PADDING,
        ];
        tags.contains(&one.tag) && !one.pieces
    };
    if !before.iter().all(known) {
        return Err(DecryptError::Form);
    }
    Ok(())
}

/// The algorithms of integrity are among those that the library knows: it subtracts the length of a nonce of others, which is none
/// (RFC 9580 sections 5.13.2, 9.3 and 9.6).
fn algorithms(body: &[u8]) -> Result<(), DecryptError> {
    match body {
        // AES and Twofish or Camellia; EAX, OCB or GCM; pieces of at most 4 MiB.
        [1, ..] | [2, 7..=13, 1..=3, 0..=16, ..] => Ok(()),
        _ => Err(DecryptError::Form),
    }
}

/// What was encrypted, its integrity proved.
fn opened<'k>(
    binary: Vec<u8>,
    keys: &[&'k SecretKey],
    limits: &DecryptLimits,
) -> Result<(Vec<u8>, &'k SecretKey), DecryptError> {
    // The parser wants to keep what it reads.
    let owned = std::io::Cursor::new(binary);
    let message = Message::from_bytes(owned).map_err(|_| DecryptError::Form)?;
    let Message::Encrypted {
        esk: wrapped,
        edata: mut data,
        ..
    } = message
    else {
        return Err(DecryptError::Form);
    };
    let (session, key) = session_key(&wrapped, keys).ok_or(DecryptError::NoKey)?;
    let Edata::SymEncryptedProtectedData { .. } = &data else {
        return Err(DecryptError::NoIntegrity);
    };
    data.decrypt(&session).map_err(|_| DecryptError::Damaged)?;
    let mut plain = Vec::new();
    let most = u64::try_from(limits.message_bytes_max).unwrap_or(u64::MAX);
    // All of it, or an error: both versions prove their end only when it is read.
    data.take(most)
        .read_to_end(&mut plain)
        .map_err(|_| DecryptError::Damaged)?;
    Ok((plain, key))
}

fn session_key<'k>(
    wrapped: &[Esk],
    keys: &[&'k SecretKey],
) -> Option<(PlainSessionKey, &'k SecretKey)> {
    wrapped.iter().find_map(|one| {
        // What a password opens is for whoever knows the password: it says nothing of who it was meant for.
        let Esk::PublicKeyEncryptedSessionKey(one) = one else {
            return None;
        };
        let version = one.version();
        let kind = if version == PkeskVersion::V3 {
            EskType::V3_4
        } else {
            EskType::V6
        };
        let values = one.values().ok()?;
        keys.iter().find_map(|key| {
            key.key.secret_subkeys.iter().find_map(|subkey| {
                if !one.match_identity(subkey.key.public_key()) {
                    return None;
                }
                let opened = subkey.key.decrypt(&Password::empty(), values, kind);
                opened.ok()?.ok().map(|session| (session, *key))
            })
        })
    })
}

/// One layer of compression undone, its result counted.
fn decompressed(plain: Vec<u8>, limits: &DecryptLimits) -> Result<Vec<u8>, DecryptError> {
    let found = packets(&plain, PACKETS_MAX).map_err(|_| DecryptError::Form)?;
    let all: Vec<&Packet> = found.iter().filter(|one| carries(one)).collect();
    let [one] = all.as_slice() else {
        return Ok(plain);
    };
    if one.tag != packets::COMPRESSED {
        return Ok(plain);
    }
    let body = one.body(&plain);
    let most = u64::try_from(limits.content_bytes_max).unwrap_or(u64::MAX);
    let most = most.saturating_add(PACKETS_OVER);
    let mut out = Vec::new();
    let (kind, data) = body.split_first().ok_or(DecryptError::Form)?;
    let read = match *kind {
        0 => data.take(most + 1).read_to_end(&mut out),
        1 => DeflateDecoder::new(data)
            .take(most + 1)
            .read_to_end(&mut out),
        2 => ZlibDecoder::new(data).take(most + 1).read_to_end(&mut out),
        _ => return Err(DecryptError::Form),
    };
    read.map_err(|_| DecryptError::Damaged)?;
    if u64::try_from(out.len()).unwrap_or(u64::MAX) > most {
        return Err(DecryptError::TooLarge);
    }
    Ok(out)
}

/// Packets inside: signatures before and behind, what is signed, padding.
const PACKETS_MAX: usize = 2 * SIGNATURES_MAX + 8;
/// What the packets around the content may need, in bytes.
const PACKETS_OVER: u64 = 256 * 1024;

fn carries(one: &Packet) -> bool {
    one.tag != packets::MARKER && one.tag != packets::PADDING
}

/// The content and its signature, out of packets that are counted first.
fn contained(
    plain: &[u8],
    certificates: &[&Certificate],
    now: i64,
    limits: &DecryptLimits,
) -> Result<(Vec<u8>, Option<SignatureResult>), DecryptError> {
    let found = packets(plain, PACKETS_MAX).map_err(|_| DecryptError::Form)?;
    let mut literals = 0;
    for one in found.iter().filter(|one| carries(one)) {
        match one.tag {
            packets::LITERAL => literals += 1,
            packets::ONE_PASS | packets::SIGNATURE if !one.pieces => {}
            packets::COMPRESSED
            | packets::ENCRYPTED
            | packets::ENCRYPTED_BARE
            | packets::ENCRYPTED_GNUPG
            | packets::SESSION_KEY
            | packets::SESSION_PASSWORD => return Err(DecryptError::Nested),
            _ => return Err(DecryptError::Form),
        }
    }
    if literals != 1 {
        return Err(DecryptError::Form);
    }
    let mut message = Message::from_bytes(plain).map_err(|_| DecryptError::Form)?;
    let most = u64::try_from(limits.content_bytes_max).unwrap_or(u64::MAX);
    let mut content = Vec::new();
    let mut limited = (&mut message).take(most.saturating_add(1));
    limited
        .read_to_end(&mut content)
        .map_err(|_| DecryptError::Damaged)?;
    if content.len() > limits.content_bytes_max {
        return Err(DecryptError::TooLarge);
    }
    let Message::Signed { reader, .. } = &message else {
        return Ok((content, None));
    };
    let count = reader.num_signatures();
    let signatures = (0..count.min(SIGNATURES_MAX)).map(|place| reader.signature(place).cloned());
    let Some(signatures) = signatures.collect::<Option<Vec<_>>>() else {
        return Ok((content, Some(SignatureResult::form())));
    };
    if count > SIGNATURES_MAX {
        return Ok((content, Some(SignatureResult::form())));
    }
    let result = judge(&signatures, certificates, now, |place, _, key| {
        message
            .verify_nested_explicit(place, key.verifying())
            .is_ok()
    });
    Ok((content, Some(result)))
}

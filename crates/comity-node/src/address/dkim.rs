//! The keys by which this node signs mail (RFC 6376): an RSA key, which every receiver checks, and an Ed25519 key (RFC 8463).
//!
//! ```text
//! keys/dkim-ed25519.key   32 bytes as 64 hexadecimal digits
//! keys/dkim-rsa.key       PKCS #8 (RFC 5208), in hexadecimal digits
//! ```
//!
//! They stand beside the node's other keys, which no backup contains, and are made once.
//!
//! In scope: making, reading, their public halves, signing bytes. Out of scope: what of a mail is signed (`comity_mail::dkim`), the
//! lines for the name server (`comity_mail::dns`).

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use comity_mail::dkim::{DkimError, DkimKey, Kind};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::clock::random_bytes;
use crate::link::keys::{
    KEYS_FOLDER, KeysError, make_folder, read_secret, read_seed, write_secret, write_seed,
};

/// Where the RSA key's public half stands in the domain.
pub const RSA_SELECTOR: &str = "comity-rsa";
/// The same of the Ed25519 key.
pub const ED25519_SELECTOR: &str = "comity-ed25519";
/// The longest file of a key: PKCS #8 of RSA 4096 has about 2400 bytes.
const FILE_BYTES_MAX: usize = 8 * 1024;

/// The keys.
pub struct DkimKeys {
    ed25519: Arc<Ed25519KeyPair>,
    rsa: Arc<KeyPair>,
    rsa_public: Vec<u8>,
}

/// The keys of a node, read when they are asked for first: reading makes what is not there, and an RSA key takes its time.
#[derive(Debug)]
pub(crate) struct KeptKeys {
    folder: PathBuf,
    read: Mutex<Option<Arc<Vec<DkimKey>>>>,
}

impl KeptKeys {
    /// Those in a node's folder.
    pub(crate) fn of(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            read: Mutex::default(),
        }
    }

    /// The keys that sign.
    pub(crate) fn signing(&self) -> Result<Arc<Vec<DkimKey>>, KeysError> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = read.as_ref() {
            return Ok(Arc::clone(keys));
        }
        let keys = DkimKeys::open(&self.folder)?.signing();
        let path = || path(&self.folder, "dkim-rsa");
        let keys = Arc::new(keys.map_err(|_| KeysError::Secret(path()))?.into());
        *read = Some(Arc::clone(&keys));
        Ok(keys)
    }
}

impl std::fmt::Debug for DkimKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DkimKeys(…)")
    }
}

impl DkimKeys {
    /// Reads the keys of a node, and makes what is not there.
    pub fn open(folder: &Path) -> Result<Self, KeysError> {
        make_folder(&folder.join(KEYS_FOLDER))?;
        let path = path(folder, "dkim-ed25519");
        let ed25519 = if let Some(seed) = read_seed(&path)? {
            seed
        } else {
            let seed = Zeroizing::new(random_bytes::<32>());
            write_seed(&path, &seed)?;
            seed
        };
        let pair = Ed25519KeyPair::from_seed_unchecked(ed25519.as_ref());
        let pair = pair.map_err(|_| KeysError::Seed(path))?;
        let (rsa, rsa_public) = rsa(folder)?;
        Ok(Self {
            ed25519: Arc::new(pair),
            rsa: Arc::new(rsa),
            rsa_public,
        })
    }

    /// The keys as what signs: RSA first, as most who verify know nothing else.
    pub fn signing(&self) -> Result<[DkimKey; 2], DkimError> {
        let (rsa, ed25519) = (Arc::clone(&self.rsa), Arc::clone(&self.ed25519));
        let by_rsa = move |bytes: &[u8]| {
            let mut signature = vec![0; rsa.public_modulus_len()];
            let random = SystemRandom::new();
            let signed = rsa.sign(&RSA_PKCS1_SHA256, &random, bytes, &mut signature);
            signed.is_ok().then_some(signature)
        };
        let by_ed25519 = move |bytes: &[u8]| {
            let signature = ed25519.sign(&Sha256::digest(bytes));
            Some(signature.as_ref().to_vec())
        };
        Ok([
            DkimKey::new(Kind::Rsa, RSA_SELECTOR, Box::new(by_rsa))?,
            DkimKey::new(Kind::Ed25519, ED25519_SELECTOR, Box::new(by_ed25519))?,
        ])
    }

    /// What `p=` of the record of each selector says: RFC 6376 section 3.6.1 has the RSA key as a `SubjectPublicKeyInfo`, RFC 8463
    /// section 4 the 32 bytes of the other one.
    pub fn public(&self) -> [(&'static str, &'static str, String); 2] {
        [
            (RSA_SELECTOR, "rsa", STANDARD.encode(&self.rsa_public)),
            (
                ED25519_SELECTOR,
                "ed25519",
                STANDARD.encode(self.ed25519.public_key()),
            ),
        ]
    }
}

fn path(folder: &Path, name: &str) -> PathBuf {
    folder.join(KEYS_FOLDER).join(format!("{name}.key"))
}

/// The RSA key and its public half. 2048 bits: what fits a record, and what RFC 8301 section 3.2 asks of signers.
fn rsa(folder: &Path) -> Result<(KeyPair, Vec<u8>), KeysError> {
    let path = path(folder, "dkim-rsa");
    let unusable = |_| KeysError::Secret(path.clone());
    if read_secret(&path, FILE_BYTES_MAX)?.is_none() {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(unusable)?;
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(unusable)?;
        write_secret(&path, der.as_ref())?;
    }
    // What counts is what the disk holds.
    let der = read_secret(&path, FILE_BYTES_MAX)?;
    let der = der.ok_or_else(|| KeysError::Secret(path.clone()))?;
    let pair = KeyPair::from_pkcs8(&der).map_err(|_| KeysError::Secret(path.clone()))?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(unusable)?;
    let public = public.as_ref().to_vec();
    Ok((pair, public))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_once_and_only_their_owner_reads_them() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let first = DkimKeys::open(folder.path()).unwrap();
        let again = DkimKeys::open(folder.path()).unwrap();
        assert_eq!(first.public(), again.public());
        let [(_, _, rsa), (_, _, ed25519)] = first.public();
        // A SubjectPublicKeyInfo of 2048 bits has 294 bytes.
        assert_eq!(STANDARD.decode(rsa).unwrap().len(), 294);
        assert_eq!(STANDARD.decode(ed25519).unwrap().len(), 32);
        for name in ["dkim-rsa", "dkim-ed25519"] {
            let found = std::fs::metadata(path(folder.path(), name)).unwrap();
            assert_eq!(found.permissions().mode() & 0o777, 0o600, "{name}");
        }
        std::fs::write(path(folder.path(), "dkim-rsa"), "00ff").unwrap();
        assert!(DkimKeys::open(folder.path()).is_err());
    }
}

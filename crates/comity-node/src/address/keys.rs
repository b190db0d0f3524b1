//! The keys that make addresses: files beside the node's other keys, which no backup contains.
//!
//! ```text
//! keys/address.key, keys/address-1.key, …   32 bytes as 64 hexadecimal digits; the number stands in each token
//! ```
//!
//! The newest makes addresses, all check those that are out. Whoever removes an older file ends all addresses made with it.
//!
//! In scope: reading, making, adding. Out of scope: what a key does (`comity_mail::token`).

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use comity_mail::token::{KEYS_MAX, MacKey, MacKeys};
use zeroize::Zeroizing;

use super::AddressError;
use crate::clock::random_bytes;
use crate::link::keys::{KEYS_FOLDER, make_folder, read_seed, write_seed};

/// A node's keys for addresses.
#[derive(Debug)]
pub struct AddressKeys {
    folder: PathBuf,
    keys: Mutex<Arc<MacKeys>>,
}

impl AddressKeys {
    /// Reads the keys in a node's folder, and makes the first where there is none.
    pub fn open(folder: &Path) -> Result<Self, AddressError> {
        let mut keys = read(folder)?;
        if keys.is_empty() {
            keys.push(make(folder, 0)?);
        }
        let keys = MacKeys::new(keys).ok_or(AddressError::KeysUnusable)?;
        Ok(Self {
            folder: folder.to_owned(),
            keys: Mutex::new(Arc::new(keys)),
        })
    }

    /// The keys as they are now.
    pub(crate) fn now(&self) -> Arc<MacKeys> {
        Arc::clone(&self.keys.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes a key for the addresses that are made from now on; answers its number.
    pub(crate) fn add(&self) -> Result<u8, AddressError> {
        let mut held = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let next = held.newest().id.checked_add(1);
        let next = next.filter(|next| usize::from(*next) < KEYS_MAX);
        let next = next.ok_or(AddressError::KeysFull)?;
        make(&self.folder, next)?;
        // What counts is what the disk holds.
        *held = Arc::new(MacKeys::new(read(&self.folder)?).ok_or(AddressError::KeysUnusable)?);
        Ok(next)
    }
}

fn path(folder: &Path, number: u8) -> PathBuf {
    let name = match number {
        0 => "address.key".to_owned(),
        _ => format!("address-{number}.key"),
    };
    folder.join(KEYS_FOLDER).join(name)
}

fn read(folder: &Path) -> Result<Vec<MacKey>, AddressError> {
    let mut keys = Vec::new();
    for number in (0..=u8::MAX).take(KEYS_MAX) {
        let seed = read_seed(&path(folder, number))?;
        keys.extend(seed.map(|seed| MacKey::new(number, seed)));
    }
    Ok(keys)
}

fn make(folder: &Path, number: u8) -> Result<MacKey, AddressError> {
    make_folder(&folder.join(KEYS_FOLDER))?;
    let seed = Zeroizing::new(random_bytes::<32>());
    write_seed(&path(folder, number), &seed)?;
    Ok(MacKey::new(number, seed))
}

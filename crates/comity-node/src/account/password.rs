//! Passwords: hashing, comparing, changing.
//!
//! In scope: what a password must be like, its hash, changing it. Out of scope: who is let in (`account`), slowing guesses
//! down (`throttle`).

use std::sync::PoisonError;

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use comity_store::error::StoreError;
use comity_store::state::account::{self as rows, Account};
use comity_store::state::session;

use crate::account::AccountError;
use crate::clock::random_bytes;
use crate::node::Node;

/// The shortest password, in characters (NIST SP 800-63B section 5.1.1.2).
pub const PASSWORD_CHARS_MIN: usize = 8;
/// The longest password, in bytes; longer ones only serve to keep the node busy.
pub const PASSWORD_BYTES_MAX: usize = 1024;

impl Node {
    /// Replaces a password by its owner, who shows the old one. Sessions of the account end, but the one with the id
    /// `except` from which it is done. May hash: for a thread that may wait.
    pub fn change_password(
        &self,
        name: &str,
        old: &str,
        new: &str,
        except: Option<&str>,
    ) -> Result<(), AccountError> {
        check_password(new)?;
        let found = self.account_named(name)?;
        self.check_old_password(&found, old)?;
        let hashed = hash(new);
        let changed = self.inner.state.write(|tx| {
            // Somebody else may have changed it meanwhile.
            let same = rows::find(tx, name)?.is_some_and(|now| now.password == found.password);
            if same {
                rows::put_password(tx, name, &hashed)?;
                session::end_all(tx, name, except.unwrap_or_default())?;
            }
            Ok::<_, StoreError>(same)
        })?;
        self.forget_callers();
        if changed {
            Ok(())
        } else {
            Err(AccountError::WrongPassword)
        }
    }

    /// Replaces a password by the operator, who need not know the old one. Every session of the account ends.
    pub fn set_password(&self, name: &str, new: &str) -> Result<(), AccountError> {
        check_password(new)?;
        let hashed = hash(new);
        let changed = self.inner.state.write(|tx| {
            session::end_all(tx, name, "")?;
            rows::put_password(tx, name, &hashed)
        })?;
        self.forget_callers();
        if changed {
            Ok(())
        } else {
            Err(AccountError::Unknown(name.to_owned()))
        }
    }

    /// Whether the person of an account still knows its password, for acts that ask again; guesses are slowed down by
    /// account.
    pub fn check_old_password(
        &self,
        account: &Account,
        password: &str,
    ) -> Result<(), AccountError> {
        let now = self.inner.clock.now();
        let sessions = &self.inner.sessions;
        let _one_at_a_time = sessions
            .hashing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match sessions.accounts.wait_seconds(&account.name, now) {
            0 => {}
            seconds => return Err(AccountError::TooMany { seconds }),
        }
        if verify(password, Some(account)) {
            sessions.accounts.succeeded(&account.name);
            Ok(())
        } else {
            sessions.accounts.failed(&account.name, now);
            Err(AccountError::WrongPassword)
        }
    }
}

/// Whether a password can be used.
pub(crate) fn check_password(password: &str) -> Result<(), AccountError> {
    if password.chars().count() < PASSWORD_CHARS_MIN || password.len() > PASSWORD_BYTES_MAX {
        Err(AccountError::BadPassword)
    } else {
        Ok(())
    }
}

/// The hash of a password in PHC form.
pub(crate) fn hash(password: &str) -> String {
    let salt = SaltString::encode_b64(&random_bytes::<16>())
        .expect("invariant: 16 bytes are a valid salt");
    let hashed = Argon2::default().hash_password(password.as_bytes(), &salt);
    hashed
        .expect("invariant: the default parameters are valid")
        .to_string()
}

/// Whether the password is the account's. Without an account a hash is made all the same, so that the time taken does
/// not tell whether a name exists.
pub(crate) fn verify(password: &str, account: Option<&Account>) -> bool {
    let Some(account) = account.filter(|_| password.len() <= PASSWORD_BYTES_MAX) else {
        let short: String = password.chars().take(PASSWORD_CHARS_MIN).collect();
        let _ = hash(&short);
        return false;
    };
    PasswordHash::new(&account.password).is_ok_and(|kept| {
        Argon2::default()
            .verify_password(password.as_bytes(), &kept)
            .is_ok()
    })
}

//! The second factor: one-time codes by time (RFC 6238), and recovery codes for a lost device.
//!
//! Codes are those that every authenticator makes: HMAC-SHA-1, six digits, thirty seconds. One step before and one after
//! the present one are taken too, for clocks that differ; the code of a step is taken once, and none of an earlier step
//! after it. A secret is in force from the first right code on, so that nobody is shut out by one that was never scanned.
//!
//! In scope: making and checking codes, enrolling, turning off. Out of scope: who may do so (the caller asks).
//! Limits: wrong codes are slowed down by account.

use std::net::IpAddr;
use std::sync::PoisonError;

use aws_lc_rs::{constant_time, hmac};
use comity_mail::token::base32;
use comity_store::error::StoreError;
use comity_store::state::account;
use comity_store::state::second_factor::{self as rows, SecondFactorRow};

use crate::account::audit::Entering;
use crate::account::session::digest;
use crate::account::{AccountError, SignInError};
use crate::clock::random_bytes;
use crate::node::Node;

/// The length of a code, in digits.
pub const CODE_DIGITS: usize = 6;
/// Recovery codes that an account is given.
pub const RECOVERY_CODES: usize = 8;

/// The time step of RFC 6238 section 4.1, in microseconds: thirty seconds.
const STEP_MICROS: i64 = 30_000_000;
/// Bytes of a secret: as many as the hash has (RFC 4226 section 4, R6).
const SECRET_BYTES: usize = 20;
/// Bytes of a recovery code: sixteen letters.
const RECOVERY_BYTES: usize = 10;

/// A secret that waits for its first right code.
#[derive(Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// The secret in base32, to be typed. It is shown this once.
    pub secret: String,
    /// The same as a URI that authenticators take.
    pub uri: String,
}

impl std::fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Enrolment(…)")
    }
}

/// How an account's second factor stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecondFactorShown {
    /// Since when it is in force, microseconds since 1970.
    pub since: Option<i64>,
    /// Whether a secret waits for its first right code.
    pub waits: bool,
    /// Recovery codes that are left.
    pub recovery_left: u64,
}

/// What a code was found to be.
enum Found {
    /// The code of a time step.
    Code,
    /// A recovery code.
    Recovery,
    /// No good.
    Wrong,
}

impl Node {
    /// How the second factor of an account stands.
    pub fn second_factor(&self, name: &str) -> Result<SecondFactorShown, AccountError> {
        let (row, recovery_left) = self.inner.state.read(|tx| {
            Ok::<_, StoreError>((rows::find(tx, name)?, rows::recovery_left(tx, name)?))
        })?;
        let since = row.as_ref().and_then(|row| row.confirmed);
        Ok(SecondFactorShown {
            since,
            waits: row.is_some() && since.is_none(),
            recovery_left,
        })
    }

    /// Makes a secret for one-time codes, in the place of one that waits. It is in force once
    /// [`Node::confirm_second_factor`] was given a right code.
    pub fn begin_second_factor(&self, name: &str) -> Result<Enrolment, AccountError> {
        let secret = random_bytes::<SECRET_BYTES>();
        let now = self.inner.clock.now();
        self.inner.state.write(|tx| {
            let Some(account) = account::find(tx, name)? else {
                return Err(AccountError::Unknown(name.to_owned()));
            };
            if account.party.is_some() {
                return Err(AccountError::NotOwn(name.to_owned()));
            }
            if rows::find(tx, name)?.is_some_and(|row| row.confirmed.is_some()) {
                return Err(AccountError::SecondFactorOn(name.to_owned()));
            }
            let row = SecondFactorRow {
                account: name.to_owned(),
                secret: secret.to_vec(),
                created: now,
                confirmed: None,
                last_step: 0,
            };
            Ok(rows::put(tx, &row)?)
        })?;
        let secret = base32(&secret).to_ascii_uppercase();
        let issuer = escaped(&format!("Comity {}", self.identity().party));
        let account = escaped(name);
        let uri = format!(
            "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits={CODE_DIGITS}&period=30"
        );
        Ok(Enrolment { secret, uri })
    }

    /// Puts the secret that waits in force, by its first right code; answers the recovery codes, which are shown this once.
    pub fn confirm_second_factor(
        &self,
        name: &str,
        code: &str,
    ) -> Result<Vec<String>, AccountError> {
        let now = self.inner.clock.now();
        let row = self.inner.state.read(|tx| rows::find(tx, name))?;
        let row = row.filter(|row| row.confirmed.is_none());
        let row = row.ok_or_else(|| AccountError::NoSecondFactor(name.to_owned()))?;
        let step = step_of(&row.secret, code.trim(), now, row.last_step);
        let step = step.ok_or(AccountError::WrongCode)?;
        let codes = recovery_codes();
        let digests: Vec<[u8; 32]> = codes.iter().map(|code| digest(&plain(code))).collect();
        let confirmed = SecondFactorRow {
            confirmed: Some(now),
            last_step: step,
            ..row.clone()
        };
        let done = self.inner.state.write(|tx| {
            let same = rows::find(tx, name)?.as_ref() == Some(&row);
            if same {
                rows::put(tx, &confirmed)?;
                rows::put_recovery(tx, name, &digests)?;
            }
            Ok::<_, StoreError>(same)
        })?;
        // A password alone, remembered, is not enough any more.
        self.forget_callers();
        if done {
            Ok(codes)
        } else {
            Err(AccountError::NoSecondFactor(name.to_owned()))
        }
    }

    /// Makes new recovery codes in the place of those that were there, for whoever shows a code.
    pub fn renew_recovery_codes(
        &self,
        name: &str,
        code: &str,
    ) -> Result<Vec<String>, AccountError> {
        self.needs_code(name, code)?;
        let codes = recovery_codes();
        let digests: Vec<[u8; 32]> = codes.iter().map(|code| digest(&plain(code))).collect();
        self.inner
            .state
            .write(|tx| rows::put_recovery(tx, name, &digests))?;
        Ok(codes)
    }

    /// Turns the second factor off for its owner, who shows a code.
    pub fn end_second_factor(&self, name: &str, code: &str) -> Result<(), AccountError> {
        self.needs_code(name, code)?;
        self.remove_second_factor(name)
    }

    /// Turns the second factor off by the operator: for whoever lost the device and the recovery codes.
    pub fn remove_second_factor(&self, name: &str) -> Result<(), AccountError> {
        let removed = self.inner.state.write(|tx| {
            if account::find(tx, name)?.is_none() {
                return Err(AccountError::Unknown(name.to_owned()));
            }
            Ok(rows::remove(tx, name)?)
        })?;
        self.forget_callers();
        if removed {
            Ok(())
        } else {
            Err(AccountError::NoSecondFactor(name.to_owned()))
        }
    }

    fn needs_code(&self, name: &str, code: &str) -> Result<(), AccountError> {
        match self.check_code(name, Some(code), None) {
            Ok("password") => Err(AccountError::NoSecondFactor(name.to_owned())),
            Ok(_) => Ok(()),
            Err(SignInError::TooMany { seconds }) => Err(AccountError::TooMany { seconds }),
            Err(SignInError::Store(error)) => Err(AccountError::Store(error)),
            Err(
                SignInError::Refused
                | SignInError::CodeNeeded
                | SignInError::WrongCode
                | SignInError::CounterWentBack
                | SignInError::NotOwn,
            ) => Err(AccountError::WrongCode),
        }
    }

    /// Takes the code of an account whose password was right; answers by what its person signed in. An account without a
    /// second factor needs none. A wrong code of somebody who signs in is written down with the place.
    pub(crate) fn check_code(
        &self,
        name: &str,
        code: Option<&str>,
        place: Option<IpAddr>,
    ) -> Result<&'static str, SignInError> {
        let now = self.inner.clock.now();
        let row = self.inner.state.read(|tx| rows::find(tx, name))?;
        let Some(row) = row.filter(|row| row.confirmed.is_some()) else {
            return Ok("password");
        };
        let Some(code) = code.map(str::trim).filter(|code| !code.is_empty()) else {
            return Err(SignInError::CodeNeeded);
        };
        let sessions = &self.inner.sessions;
        let _one_at_a_time = sessions
            .hashing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match sessions.accounts.wait_seconds(&row.account, now) {
            0 => {}
            seconds => return Err(SignInError::TooMany { seconds }),
        }
        match self.take_code(&row, code, now)? {
            Found::Code => {
                sessions.accounts.succeeded(&row.account);
                Ok("password+code")
            }
            Found::Recovery => {
                sessions.accounts.succeeded(&row.account);
                Ok("password+recovery")
            }
            Found::Wrong => {
                sessions.accounts.failed(&row.account, now);
                if let Some(place) = place {
                    let entering = Entering {
                        account: &row.account,
                        way: "code",
                        place,
                    };
                    self.note_entering(entering, "refused")?;
                }
                Err(SignInError::WrongCode)
            }
        }
    }

    fn take_code(&self, row: &SecondFactorRow, code: &str, now: i64) -> Result<Found, StoreError> {
        let state = &self.inner.state;
        if let Some(step) = step_of(&row.secret, code, now, row.last_step) {
            let taken = state.write(|tx| rows::take_step(tx, &row.account, step))?;
            return Ok(if taken { Found::Code } else { Found::Wrong });
        }
        let digest = digest(&plain(code));
        let taken = state.write(|tx| rows::take_recovery(tx, &row.account, &digest))?;
        Ok(if taken { Found::Recovery } else { Found::Wrong })
    }
}

/// The time step near `now`, and after the one that was taken last, whose code this is.
fn step_of(secret: &[u8], code: &str, now: i64, taken: i64) -> Option<i64> {
    let present = now.div_euclid(STEP_MICROS);
    let mut found = None;
    // Each is computed, so that the time taken does not tell which it was.
    for step in [present - 1, present, present + 1] {
        let right = code_of(secret, step);
        let same = constant_time::verify_slices_are_equal(right.as_bytes(), code.as_bytes());
        if same.is_ok() && step > taken {
            found = Some(step);
        }
    }
    found
}

/// The code of a time step.
pub(crate) fn code_of(secret: &[u8], step: i64) -> String {
    format!("{:06}", truncated(secret, step) % 1_000_000)
}

/// The 31 bits of RFC 4226 section 5.3 for a time step.
fn truncated(secret: &[u8], step: i64) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = tag.last().map_or(0, |last| usize::from(last & 15));
    let four = tag
        .get(offset..offset + 4)
        .and_then(|four| four.try_into().ok());
    u32::from_be_bytes(four.unwrap_or_default()) & 0x7fff_ffff
}

/// New recovery codes, as they are shown: four groups of four letters.
fn recovery_codes() -> Vec<String> {
    let one = |_| {
        let letters = base32(&random_bytes::<RECOVERY_BYTES>());
        let letters: Vec<char> = letters.chars().collect();
        let groups: Vec<String> = letters
            .chunks(4)
            .map(|four| four.iter().collect())
            .collect();
        groups.join("-")
    };
    (0..RECOVERY_CODES).map(one).collect()
}

/// A recovery code without what people put between its letters.
fn plain(code: &str) -> String {
    let letters = code.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

/// A text within a URI (RFC 3986 section 2.3).
pub(crate) fn escaped(text: &str) -> String {
    use std::fmt::Write as _;
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing into a text does not fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_rfc_6238_appendix_b() {
        let secret = b"12345678901234567890";
        for (seconds, expected) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000_i64, 65_353_130),
        ] {
            assert_eq!(
                truncated(secret, seconds / 30) % 100_000_000,
                expected,
                "{seconds}"
            );
        }
    }

    #[test]
    fn one_step_either_side_is_taken_and_none_that_was_taken() {
        let secret = [7; 20];
        let code = |step| code_of(&secret, step);
        let now = 1000 * STEP_MICROS + 5;
        let check = |step, taken, expected| {
            assert_eq!(
                step_of(&secret, &code(step), now, taken),
                expected,
                "{step} {taken}"
            );
        };
        for step in 999..=1001 {
            check(step, 0, Some(step));
        }
        check(998, 0, None);
        check(1002, 0, None);
        check(1000, 1000, None);
        check(999, 1000, None);
        check(1001, 1000, Some(1001));
        assert_eq!(step_of(&secret, "", now, 0), None);
        assert_eq!(step_of(&secret, "12345", now, 0), None);
    }

    #[test]
    fn a_recovery_code_is_read_however_it_is_typed() {
        let codes = recovery_codes();
        assert_eq!(codes.len(), RECOVERY_CODES);
        let code = codes.first().unwrap();
        assert_eq!(code.len(), 19, "{code}");
        assert_eq!(plain(&code.to_uppercase().replace('-', " ")), plain(code));
        assert_eq!(plain("ab-cd"), "abcd");
    }

    #[test]
    fn a_name_in_a_uri_is_escaped() {
        assert_eq!(
            escaped("Comity alpha:ü/?&"),
            "Comity%20alpha%3A%C3%BC%2F%3F%26"
        );
    }
}

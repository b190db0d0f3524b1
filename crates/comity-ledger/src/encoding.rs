//! The two encodings that C2SP texts use for values: standard base64 and decimal numbers, each in one form only.
//!
//! In scope: writing them, and reading them so that whatever is accepted writes back to the same characters.
//! Out of scope: which lines hold them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Standard base64 with padding (RFC 4648 section 4).
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Reads canonical base64: padding as it must be, no bits left over.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Reads a decimal number without sign and without leading zeroes.
pub(crate) fn from_decimal(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = text == "0" || !text.starts_with('0');
    (digits && canonical).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_has_one_form() {
        let check = |text: &str, expected: Option<u64>| assert_eq!(from_decimal(text), expected);
        check("0", Some(0));
        check("70000", Some(70_000));
        check("18446744073709551615", Some(u64::MAX));
        check("18446744073709551616", None);
        check("", None);
        check("00", None);
        check("007", None);
        check("+7", None);
        check("-7", None);
        check(" 7", None);
        check("٧", None);
    }

    #[test]
    fn base64_has_one_form() {
        let check = |text: &str, expected: Option<&[u8]>| {
            assert_eq!(from_base64(text).as_deref(), expected);
        };
        check("AQ==", Some(&[1]));
        check("AR==", None); // bits left over
        check("AQ", None); // padding missing
        check("AQ==\n", None);
        check("_w==", None); // the URL alphabet
    }
}

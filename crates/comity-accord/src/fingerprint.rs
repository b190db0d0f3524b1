//! The pair fingerprint: 60 digits by which two duty officers compare both cards over the telephone.
//!
//! The fingerprint is the SHA-256 of `comity-pair/v1` and the two card hashes in byte order, taken as a number (big-endian)
//! modulo 10^60 and written as 12 groups of 5 digits, leading zeros kept. 10^60 is about 2^199.3; as 2^256 is not a
//! multiple of it, a value of the lower part is likelier by at most one in 10^17, which helps nobody.
//!
//! The party whose card hash is lower reads the first six groups aloud, the other the last six. Each **types** what it
//! hears: typing cannot be clicked through. A wrong group is named by its number; the right one is never shown.
//!
//! In scope: digits, halves, checking what was typed. Out of scope: what follows a match (`enrolment`).

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::digest::Digest;

/// Groups read by each side.
pub const GROUPS_EACH: usize = 6;
const GROUP_DIGITS: usize = 5;
const GROUP_MODULUS: u32 = 100_000;
const CONTEXT: &[u8] = b"comity-pair/v1";
/// The longest input that is looked at: thirty digits with room for any grouping.
const TYPED_BYTES_MAX: usize = 256;

/// One side's view of the comparison: what to read aloud, and the check of what was heard.
#[derive(Clone, PartialEq, Eq)]
pub struct Reading {
    mine: Half,
    theirs: Half,
    lower: bool,
}

type Half = [u32; GROUPS_EACH];

impl Reading {
    /// The comparison of our card with theirs, by the cards' hashes.
    pub fn new(mine: &Digest, theirs: &Digest) -> Result<Self, FingerprintError> {
        if mine == theirs {
            return Err(FingerprintError::SameCard);
        }
        let lower = mine < theirs;
        let (first, last) = halves(mine.min(theirs), mine.max(theirs));
        let (mine, theirs) = if lower { (first, last) } else { (last, first) };
        Ok(Self {
            mine,
            theirs,
            lower,
        })
    }

    /// The six groups to read aloud, separated by spaces.
    pub fn mine(&self) -> String {
        let groups: Vec<_> = self
            .mine
            .iter()
            .map(|group| format!("{group:0GROUP_DIGITS$}"))
            .collect();
        groups.join(" ")
    }

    /// Whether we read the first half; the side that does begins.
    pub const fn begins(&self) -> bool {
        self.lower
    }

    /// Checks the six groups that were heard and typed. Spaces, hyphens and line ends between digits do not matter.
    pub fn check(&self, typed: &str) -> Result<(), FingerprintError> {
        let wanted = GROUPS_EACH * GROUP_DIGITS;
        let space = |letter: &char| {
            letter.is_whitespace() || matches!(letter, '-' | '\u{2010}' | '\u{2011}' | '\u{2013}')
        };
        let letters: Vec<char> = typed
            .chars()
            .take(TYPED_BYTES_MAX)
            .filter(|letter| !space(letter))
            .collect();
        let digits: Option<Vec<u32>> = letters.iter().map(|letter| letter.to_digit(10)).collect();
        let digits = digits.ok_or(FingerprintError::NotDigits)?;
        if digits.len() != wanted {
            return Err(FingerprintError::Count {
                found: digits.len(),
            });
        }
        let groups = digits
            .chunks(GROUP_DIGITS)
            .map(|group| group.iter().fold(0, |sum, digit| sum * 10 + digit));
        let compared = groups.zip(self.theirs).enumerate();
        let wrong = compared
            .filter(|(_, (heard, right))| heard != right)
            .map(|(index, _)| index + 1);
        let wrong: Vec<usize> = wrong.collect();
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(FingerprintError::Differs { groups: wrong })
        }
    }
}

/// Without the half that must be heard.
impl fmt::Debug for Reading {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Reading({})", self.mine())
    }
}

fn halves(lower: &Digest, higher: &Digest) -> (Half, Half) {
    let hash = Sha256::new()
        .chain_update(CONTEXT)
        .chain_update(lower.as_bytes())
        .chain_update(higher.as_bytes());
    let mut number: [u8; 32] = hash.finalize().into();
    // Division by 100,000, twelve times: each remainder is a group, the last group first.
    let mut take = || {
        let mut rest = 0_u32;
        for byte in &mut number {
            let value = rest * 256 + u32::from(*byte);
            *byte = u8::try_from(value / GROUP_MODULUS).expect("the rest is below the divisor");
            rest = value % GROUP_MODULUS;
        }
        rest
    };
    let (mut first, mut last) = ([0; GROUPS_EACH], [0; GROUPS_EACH]);
    last.iter_mut().rev().for_each(|group| *group = take());
    first.iter_mut().rev().for_each(|group| *group = take());
    (first, last)
}

/// Why a comparison fails.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FingerprintError {
    /// A card compared with itself.
    #[error("both cards are the same; import the other party's card")]
    SameCard,
    /// Something else than digits.
    #[error("only digits, spaces and hyphens may be typed; type the 30 digits that you hear")]
    NotDigits,
    /// Too few or too many.
    #[error("{found} digits were typed; type all 30 that you hear, in 6 groups of 5")]
    Count {
        /// How many were typed.
        found: usize,
    },
    /// Groups that are not the right ones.
    #[error(
        "not as computed here: group {}; ask for it again, and if it stays so one of you holds a false card: stop and \
         exchange cards by another way",
        list(groups)
    )]
    Differs {
        /// Their numbers, from 1.
        groups: Vec<usize>,
    },
}

fn list(groups: &[usize]) -> String {
    let numbers: Vec<_> = groups.iter().map(usize::to_string).collect();
    numbers.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_vector_holds() {
        // Computed with Python: int.from_bytes(sha256(b"comity-pair/v1" + a + b).digest(), "big") % 10**60, where a and b
        // are SHA-256 of "abc" and of "" in byte order.
        let (first, second) = (Digest::of(b"abc"), Digest::of(b""));
        let reading = Reading::new(&first, &second).unwrap();
        assert_eq!(reading.mine(), VECTOR_FIRST);
        assert!(reading.begins());
        assert_eq!(Reading::new(&second, &first).unwrap().mine(), VECTOR_LAST);
    }

    const VECTOR_FIRST: &str = "24224 49284 07834 12875 43538 92678";
    const VECTOR_LAST: &str = "53684 48288 43207 35784 70286 07518";

    #[test]
    fn a_wrong_group_is_named_but_not_corrected() {
        let (mine, theirs) = (Digest::of(b"abc"), Digest::of(b""));
        let reading = Reading::new(&mine, &theirs).unwrap();
        let right = VECTOR_LAST.to_owned();
        let check = |typed: &str, wanted| assert_eq!(reading.check(typed), wanted, "{typed}");
        check(&right, Ok(()));
        check(&right.replace(' ', "-"), Ok(()));
        check(&format!("  {}\n", right.replace(' ', "")), Ok(()));
        check(
            VECTOR_FIRST,
            Err(FingerprintError::Differs {
                groups: vec![1, 2, 3, 4, 5, 6],
            }),
        );
        check(
            right.get(1..).unwrap(),
            Err(FingerprintError::Count { found: 29 }),
        );
        check(
            &"1".repeat(100_000),
            Err(FingerprintError::Count {
                found: TYPED_BYTES_MAX,
            }),
        );
        check("", Err(FingerprintError::Count { found: 0 }));
        check(
            &right.replacen(' ', "x", 1),
            Err(FingerprintError::NotDigits),
        );
        let third = right.chars().nth(12).unwrap().to_digit(10).unwrap();
        let mut wrong = right.clone();
        wrong.replace_range(12..13, &((third + 1) % 10).to_string());
        let error = reading.check(&wrong).unwrap_err();
        assert_eq!(error, FingerprintError::Differs { groups: vec![3] });
        let message = error.to_string();
        assert!(
            right.split(' ').all(|group| !message.contains(group)),
            "{message}"
        );
        assert!(!format!("{reading:?}").contains(&right));
    }

    #[test]
    fn a_card_is_not_compared_with_itself() {
        let card = Digest::of(b"abc");
        assert_eq!(Reading::new(&card, &card), Err(FingerprintError::SameCard));
    }

    proptest! {
        #[test]
        fn both_sides_hear_what_the_other_reads(a: [u8; 32], b: [u8; 32]) {
            prop_assume!(a != b);
            let (a, b) = (Digest::from_bytes(a), Digest::from_bytes(b));
            let (one, two) = (Reading::new(&a, &b).unwrap(), Reading::new(&b, &a).unwrap());
            prop_assert_eq!(one.check(&two.mine()), Ok(()));
            prop_assert_eq!(two.check(&one.mine()), Ok(()));
            prop_assert_ne!(one.begins(), two.begins());
        }
    }
}

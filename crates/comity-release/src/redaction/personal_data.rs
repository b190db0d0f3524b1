//! Personal data in text: e-mail addresses, telephone numbers, payment cards, bank accounts, identity numbers.
//!
//! Each kind is a form, as an expression, and a test of what has that form: a check digit, a prefix, a calendar. Numbers
//! stand alone: not within words, hashes, UUIDs, dotted versions or IP addresses. A number in Chinese text touches its
//! neighbours and still stands alone.
//!
//! In scope: finding. Out of scope: names and postal addresses, which no form tells; what is done with what is found.
//! Limits: a number has at most [`NUMBER_CHARS_MAX`] characters; time is linear in the text.

use std::ops::Range;
use std::sync::LazyLock;

use comity_accord::terms::PersonalData;
use regex::Regex;

/// Longest number of any kind, separators included: an IBAN of 34 in groups of four is shorter.
pub const NUMBER_CHARS_MAX: usize = 64;

/// What people call it.
pub const fn name(kind: PersonalData) -> &'static str {
    match kind {
        PersonalData::EmailAddress => "e-mail address",
        PersonalData::Telephone => "telephone number",
        PersonalData::PaymentCard => "payment card",
        PersonalData::BankAccount => "bank account",
        PersonalData::IdentityNumber => "identity number",
    }
}

/// Where personal data of this kind stands in a text, in order, without overlap.
pub fn find(kind: PersonalData, text: &str) -> Vec<Range<usize>> {
    match kind {
        PersonalData::EmailAddress if !may_hold_address(text) => Vec::new(),
        PersonalData::EmailAddress => {
            let found = EMAIL.find_iter(text);
            let real = found.filter(|found| is_address(found.as_str()));
            real.map(|found| found.range()).collect()
        }
        PersonalData::Telephone => numbers(text, 7, &TELEPHONE, is_telephone),
        PersonalData::PaymentCard => numbers(text, 13, &CARD, is_card),
        PersonalData::BankAccount => numbers(text, 8, &IBAN, is_iban),
        PersonalData::IdentityNumber => numbers(text, 9, &IDENTITY, is_identity),
    }
}

/// An e-mail address, also as analysts defang it: `a[@]b[.]example`, `a(at)b(dot)example`.
static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
    form(
        r"(?ix) [\p{L}\p{N}._%+'-]+ (?: @ | \[@\] | [\[({]\x20?at\x20?[\])}] )
            [\p{L}\p{N}-]+
            (?: (?: \. | \[\.\] | [\[({]\x20?dot\x20?[\])}] ) [\p{L}\p{N}-]+ )+",
    )
});

/// International with + or 00 and a separator; then North America, France, Europe, China's mobile and fixed numbers.
static TELEPHONE: LazyLock<Regex> = LazyLock::new(|| {
    form(
        r"(?x) \+[1-9] (?: [\x20.()/-]{0,2} [0-9] ){6,14}
        | 00[1-9][0-9]{0,2} [\x20/-] (?: [0-9][\x20/-]? ){6,12}
        | (?: 1[\x20.-] )? (?: \([2-9][0-9]{2}\)\x20? | [2-9][0-9]{2}[.\x20-] ) [2-9][0-9]{2}[.\x20-][0-9]{4}
        | 0[1-9] (?: [\x20.][0-9]{2} ){4}
        | 0[1-9][0-9]{1,4} [\x20/-] [0-9]{3,4} (?: [\x20-]?[0-9]{2,5} ){0,2}
        | 1[3-9][0-9] (?: [\x20-]?[0-9]{4} ){2}
        | 0[1-9][0-9]{1,2}-[0-9]{7,8}",
    )
});

static CARD: LazyLock<Regex> = LazyLock::new(|| form(r"[0-9](?:[ -]?[0-9]){12,18}"));

static IBAN: LazyLock<Regex> =
    LazyLock::new(|| form(r"[A-Za-z]{2}[0-9]{2}(?:[ -]?[0-9A-Za-z]){11,30}"));

/// The United States' and China's.
static IDENTITY: LazyLock<Regex> =
    LazyLock::new(|| form(r"[0-9]{3}-[0-9]{2}-[0-9]{4}|[1-9][0-9]{16}[0-9Xx]"));

fn form(expression: &str) -> Regex {
    Regex::new(expression).expect("the expression is a constant and tested")
}

/// Whether there can be an address at all: cheaper to say than to look for one.
fn may_hold_address(text: &str) -> bool {
    text.bytes()
        .any(|byte| matches!(byte, b'@' | b'[' | b'(' | b'{'))
}

/// Its last label is no file ending (`logo@2x.png`) and no number (`package@1.2.3`).
fn is_address(found: &str) -> bool {
    let last = found.rsplit(|letter: char| !letter.is_alphanumeric() && letter != '-');
    let last = last
        .map(str::to_ascii_lowercase)
        .find(|part| !part.is_empty() && part != "dot");
    let last = last.unwrap_or_default();
    last.chars().count() >= 2
        && !last.starts_with(|letter: char| letter.is_numeric())
        && !["png", "jpg", "jpeg", "gif", "svg", "webp", "js", "css"].contains(&last.as_str())
}

/// Numbers of one form that stand alone and pass its test. Where a form reached too far, shorter ends are tried.
fn numbers(
    text: &str,
    digits_min: usize,
    form: &Regex,
    fits: fn(&str) -> bool,
) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if text.bytes().filter(u8::is_ascii_digit).count() < digits_min {
        return found;
    }
    let mut from = 0;
    while let Some(candidate) = form.find_at(text, from) {
        let (start, last) = (candidate.start(), candidate.end());
        // What was found before is a neighbour no more.
        let edge = found.last().map_or(0, |before: &Range<usize>| before.end);
        let alone = !joined_before(text.get(edge..start).unwrap_or_default());
        let mut ends = (start + digits_min..=last)
            .rev()
            .filter(|end| alone && ends_alone(text, *end));
        let end = ends.find(|end| text.get(start..*end).is_some_and(fits));
        if let Some(end) = end {
            found.push(start..end);
        }
        from = end.unwrap_or_else(|| start + run(text.get(start..).unwrap_or_default()));
    }
    found
}

/// How far the letters and digits reach that begin here: within them no number stands alone.
fn run(text: &str) -> usize {
    let joined = text.bytes().take_while(u8::is_ascii_alphanumeric).count();
    joined.max(text.chars().next().map_or(1, char::len_utf8))
}

/// Whether what stands before belongs to the number: a letter, a digit, the part before a dot, a group of a UUID.
fn joined_before(before: &str) -> bool {
    let mut before = before.bytes().rev();
    match before.next() {
        Some(b'.') => before.next().is_some_and(|byte| byte.is_ascii_digit()),
        Some(b'-') => hex_group(before),
        other => other.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_'),
    }
}

/// Whether a number may end here: at a letter or digit, with nothing behind it that belongs to it.
fn ends_alone(text: &str, end: usize) -> bool {
    let inside = text.as_bytes().get(end.wrapping_sub(1));
    let mut after = text
        .as_bytes()
        .get(end..)
        .unwrap_or_default()
        .iter()
        .copied();
    inside.is_some_and(u8::is_ascii_alphanumeric)
        && !match after.next() {
            Some(b'.') => after.next().is_some_and(|byte| byte.is_ascii_digit()),
            Some(b'-') => hex_group(after),
            other => other.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_'),
        }
}

/// Whether a group of a UUID comes next: four hexadecimal digits at least.
fn hex_group(bytes: impl Iterator<Item = u8>) -> bool {
    bytes.take(4).filter(u8::is_ascii_hexdigit).count() == 4
}

fn digits(text: &str) -> Vec<u32> {
    text.chars()
        .filter_map(|letter| letter.to_digit(10))
        .collect()
}

/// E.164 allows 15 digits. Short numbers are only told by their +.
fn is_telephone(text: &str) -> bool {
    let count = digits(text).len();
    let least = if text.starts_with('+') { 7 } else { 9 };
    let brackets = |which| text.matches(which).count();
    (least..=15).contains(&count) && brackets('(') == brackets(')')
}

/// ISO/IEC 7812: the issuers' prefixes with their lengths, then the check digit.
fn is_card(text: &str) -> bool {
    let digits = digits(text);
    let number = digits
        .iter()
        .fold(0_u64, |sum, digit| sum * 10 + u64::from(*digit));
    let power = |exponent: usize| u32::try_from(exponent).map_or(u64::MAX, |e| 10_u64.pow(e));
    let prefix = |count: usize| number / power(digits.len().saturating_sub(count));
    let issued = ISSUERS.iter().any(|(first, last, prefix_digits, lengths)| {
        lengths.contains(&digits.len()) && (*first..=*last).contains(&prefix(*prefix_digits))
    });
    issued && luhn(&digits)
}

/// First and last prefix, digits of the prefix, lengths: Visa, Mastercard (2), American Express (2), Discover (3),
/// Diners (2), JCB and China's.
type Issuer = (u64, u64, usize, &'static [usize]);
static ISSUERS: [Issuer; 12] = [
    (4, 4, 1, &[13, 16, 19]),
    (51, 55, 2, &[16]),
    (2221, 2720, 4, &[16]),
    (34, 34, 2, &[15]),
    (37, 37, 2, &[15]),
    (6011, 6011, 4, &[16, 19]),
    (644, 649, 3, &[16, 19]),
    (65, 65, 2, &[16, 19]),
    (300, 305, 3, &[14]),
    (38, 39, 2, &[14]),
    (3528, 3589, 4, &[16, 19]),
    (62, 62, 2, &[16, 17, 18, 19]),
];

/// ISO/IEC 7812-1 annex B.
fn luhn(digits: &[u32]) -> bool {
    let weigh = |(place, digit): (usize, &u32)| match (place % 2, *digit) {
        (0, digit) => digit,
        (_, digit) if digit > 4 => digit * 2 - 9,
        (_, digit) => digit * 2,
    };
    let sum: u32 = digits.iter().rev().enumerate().map(weigh).sum();
    sum.is_multiple_of(10)
}

/// ISO 13616: the length of the country, then the check digits modulo 97.
fn is_iban(text: &str) -> bool {
    let letters: Vec<char> = text
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_uppercase())
        .collect();
    let country: String = letters.iter().take(2).collect();
    let length = IBAN_LENGTHS
        .split(' ')
        .find_map(|row| row.strip_prefix(country.as_str()))
        .and_then(|length| length.parse().ok());
    if length != Some(letters.len()) {
        return false;
    }
    let turned = letters.iter().skip(4).chain(letters.iter().take(4));
    let values = turned.filter_map(|letter| letter.to_digit(36));
    let rest = values.fold(0, |rest, value| {
        let shift = if value > 9 { 100 } else { 10 };
        (rest * shift + value) % 97
    });
    rest == 1
}

/// Country and length, from the IBAN registry.
const IBAN_LENGTHS: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 \
DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 \
KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 \
PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30";

fn is_identity(text: &str) -> bool {
    let mut groups = text.split('-');
    match (groups.next(), groups.next(), groups.next()) {
        // No number has such an area, group or serial.
        (Some(area), Some(group), Some(serial)) => {
            !(area == "000" || area == "666" || area.starts_with('9'))
                && group != "00"
                && serial != "0000"
        }
        (Some(number), _, _) => is_resident(number),
        (None, _, _) => false,
    }
}

/// GB 11643: six digits of place, the day of birth, three of sequence, and a check digit modulo 11 (ISO 7064).
fn is_resident(number: &str) -> bool {
    let part = |range: Range<usize>| number.get(range).and_then(|text| text.parse::<u32>().ok());
    let (Some(year), Some(month), Some(day)) = (part(6..10), part(10..12), part(12..14)) else {
        return false;
    };
    let dated =
        (1900..=2100).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    let value = |letter: char| match letter {
        'X' | 'x' => Some(10),
        digit => digit.to_digit(10),
    };
    // The weight of the last place is 1 and doubles from right to left.
    let letters = number.chars().rev().enumerate();
    let sum: u32 = letters
        .filter_map(|(place, letter)| Some(value(letter)? * (1..=place).fold(1, |w, _| w * 2 % 11)))
        .sum();
    dated && sum % 11 == 1
}

#[cfg(test)]
mod tests;

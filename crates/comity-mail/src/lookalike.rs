//! Domains that look like a party's and are not.
//!
//! Two names are confusable when their skeletons are equal (Unicode Technical Standard 39 section 4); here with a table of those letters that
//! occur in domains and look like Latin ones, and of pairs like `rn` for `m`. Names one keystroke apart are told too, and
//! names that mix writing systems.
//!
//! In scope: comparing with the domains that the caller knows. Out of scope: whether a domain is bad: these are hints for a person.
//! Limits: [`DOMAIN_BYTES_MAX`]; longer ones are not compared.

/// The longest domain that is compared, in bytes (RFC 1035 section 2.3.4).
pub const DOMAIN_BYTES_MAX: usize = 253;

/// How a domain resembles another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resemblance {
    /// It looks the same.
    SameSkeleton,
    /// One letter is added, missing, other or swapped with its neighbour.
    OneLetter,
    /// It begins with the other, as in `cert-a.example.mail.example`.
    Begins,
    /// Only hyphens and dots differ.
    Punctuation,
}

/// The known domain that this one resembles without being it or below it.
pub fn resembles<'k>(domain: &str, known: &[&'k str]) -> Option<(&'k str, Resemblance)> {
    if domain.len() > DOMAIN_BYTES_MAX {
        return None;
    }
    let plain = unicode(&domain.to_lowercase());
    let names: Vec<String> = known
        .iter()
        .map(|known| unicode(&known.to_lowercase()))
        .collect();
    let own = |name: &String| {
        plain == *name
            || plain
                .strip_suffix(name.as_str())
                .is_some_and(|rest| rest.ends_with('.'))
    };
    if names.iter().any(own) {
        return None;
    }
    let skeleton_of_it = skeleton(&plain);
    known.iter().zip(&names).find_map(|(known, name)| {
        let bones = skeleton(name);
        let bare = |text: &str| text.replace(['-', '.'], "");
        let how = if bones == skeleton_of_it {
            Resemblance::SameSkeleton
        } else if one_edit(&plain, name) || one_edit(&skeleton_of_it, &bones) {
            Resemblance::OneLetter
        } else if skeleton_of_it
            .strip_prefix(&bones)
            .is_some_and(|rest| rest.starts_with(['.', '-']))
        {
            Resemblance::Begins
        } else if bare(&skeleton_of_it) == bare(&bones) {
            Resemblance::Punctuation
        } else {
            return None;
        };
        Some((*known, how))
    })
}

/// Whether a text has Latin letters and letters that look like them from another writing system in one word.
pub fn mixes_scripts(text: &str) -> bool {
    let mut words = text.split(|letter: char| !letter.is_alphanumeric());
    words.any(|word| {
        let latin = word.chars().any(|letter| letter.is_ascii_alphabetic());
        let other = |letter: char| {
            matches!(letter, '\u{370}'..='\u{58f}' | '\u{10a0}'..='\u{10ff}' | '\u{13a0}'..='\u{13ff}'
                | '\u{1c80}'..='\u{1c8f}' | '\u{2de0}'..='\u{2dff}' | '\u{a640}'..='\u{a69f}')
        };
        latin && word.chars().any(other)
    })
}

/// A domain with its `xn--` labels written out (RFC 3492); labels that cannot be are kept.
pub fn unicode(domain: &str) -> String {
    let labels: Vec<String> = domain
        .trim_end_matches('.')
        .split('.')
        .map(|label| {
            let encoded = label.strip_prefix("xn--");
            encoded
                .and_then(punycode)
                .unwrap_or_else(|| label.to_owned())
        })
        .collect();
    labels.join(".")
}

/// What a name looks like.
fn skeleton(name: &str) -> String {
    let mut bones = String::with_capacity(name.len());
    for letter in name.chars() {
        match LOOKS_LIKE.iter().find(|(from, _)| from.contains(letter)) {
            Some((_, to)) => bones.push_str(to),
            None => bones.push(full_width(letter)),
        }
    }
    // Pairs that look like one letter; after the single ones, which may make such pairs.
    bones
        .replace("rn", "m")
        .replace("vv", "w")
        .replace("cl", "d")
}

fn full_width(letter: char) -> char {
    let code = u32::from(letter);
    let narrow = (0xff01..=0xff5e).contains(&code).then(|| code - 0xfee0);
    narrow
        .and_then(char::from_u32)
        .map_or(letter, |narrow| narrow.to_ascii_lowercase())
}

/// Letters, and the Latin one that they look like.
const LOOKS_LIKE: [(&str, &str); 28] = [
    ("аαɑàáâãäåāăąạ", "a"),
    ("ЬƄьвβḃḅ", "b"),
    ("сϲᴄçćĉċč", "c"),
    ("ԁɗďđḍ", "d"),
    ("еёєҽèéêëēĕėęěẹ", "e"),
    ("ƒғḟ", "f"),
    ("ɡցĝğġģǧ", "g"),
    ("һհнĥħḥ", "h"),
    ("іїιɩìíîïĩīĭįıị", "i"),
    ("јϳĵ", "j"),
    ("кκķĸ", "k"),
    ("1Iӏ|ⅼĺļľŀł", "l"),
    ("мⅿṃ", "m"),
    ("пոñńņňŉṇ", "n"),
    ("0оοσօòóôõöøōŏőọ", "o"),
    ("рρϱṗ", "p"),
    ("ԛգ", "q"),
    ("гяŕŗř", "r"),
    ("ѕꜱśŝşšșṣ", "s"),
    ("тτţťŧțṭ", "t"),
    ("υսцùúûüũūŭůűųụ", "u"),
    ("νѵṿ", "v"),
    ("ѡԝωŵẁẃẅ", "w"),
    ("хχҳẋ", "x"),
    ("уүγýÿŷỳỵ", "y"),
    ("źżžẓ", "z"),
    ("‐‑‒–—−", "-"),
    ("。．․", "."),
];

/// Whether one insertion, deletion, substitution or swap of neighbours makes one of the other.
fn one_edit(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let front = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let one = one.get(front..).unwrap_or_default();
    let other = other.get(front..).unwrap_or_default();
    let back = one.iter().rev().zip(other.iter().rev());
    let back = back.take_while(|(a, b)| a == b).count();
    let one = one.get(..one.len() - back).unwrap_or_default();
    let other = other.get(..other.len() - back).unwrap_or_default();
    match (one, other) {
        ([], [_]) | ([_], [] | [_]) => true,
        ([a, b], [c, d]) => a == d && b == c,
        _ => false,
    }
}

/// Decodes a label without its prefix (RFC 3492 section 6.2). None: it is not one.
fn punycode(label: &str) -> Option<String> {
    let (basic, digits) = label.rsplit_once('-').unwrap_or(("", label));
    let mut letters: Vec<char> = basic.chars().collect();
    let (mut code, mut place, mut bias) = (128_u32, 0_u32, 72_u32);
    let mut first = true;
    let mut rest = digits.bytes().peekable();
    while rest.peek().is_some() {
        let before = place;
        let (mut weight, mut step) = (1_u32, 36_u32);
        loop {
            let byte = rest.next()?;
            let digit = match byte {
                b'a'..=b'z' => u32::from(byte - b'a'),
                b'0'..=b'9' => u32::from(byte - b'0') + 26,
                _ => return None,
            };
            place = place.checked_add(digit.checked_mul(weight)?)?;
            let threshold = step.saturating_sub(bias).clamp(1, 26);
            if digit < threshold {
                break;
            }
            weight = weight.checked_mul(36 - threshold)?;
            step += 36;
        }
        let count = u32::try_from(letters.len()).ok()? + 1;
        bias = adapt(place - before, count, first);
        first = false;
        code = code.checked_add(place / count)?;
        place %= count;
        letters.insert(usize::try_from(place).ok()?, char::from_u32(code)?);
        place += 1;
    }
    Some(letters.into_iter().collect())
}

fn adapt(delta: u32, count: u32, first: bool) -> u32 {
    let mut delta = if first { delta / 700 } else { delta / 2 };
    delta += delta / count;
    let mut steps = 0;
    while delta > 455 {
        delta /= 35;
        steps += 36;
    }
    steps + 36 * delta / (delta + 38)
}

#[cfg(test)]
mod tests {
    use super::{Resemblance, mixes_scripts, resembles, unicode};

    #[test]
    fn names_that_look_alike_are_told_and_own_names_are_not() {
        let known = ["cert-a.example", "morning.example"];
        let check = |domain: &str, expected: Option<Resemblance>| {
            let found = resembles(domain, &known).map(|(_, how)| how);
            assert_eq!(found, expected, "{domain}");
        };
        check("cert-a.example", None);
        check("CERT-A.example.", None);
        check("mail.cert-a.example", None);
        check("сert-a.example", Some(Resemblance::SameSkeleton));
        // The same, as it stands in a mail.
        check("xn--ert-a-0ye.example", Some(Resemblance::SameSkeleton));
        check("moming.example", Some(Resemblance::SameSkeleton));
        check("ｃert-a.example", Some(Resemblance::SameSkeleton));
        check("cert-b.example", Some(Resemblance::OneLetter));
        check("cetr-a.example", Some(Resemblance::OneLetter));
        check("certs-a.example", Some(Resemblance::OneLetter));
        check("cert-a.example.mail.test", Some(Resemblance::Begins));
        check("cert-a-example.test", None);
        check("c-ert-.aexample", Some(Resemblance::Punctuation));
        check("other.example", None);
        check(&"a".repeat(300), None);
    }

    #[test]
    fn words_of_two_writing_systems_are_told() {
        assert!(mixes_scripts("сert-a.example"));
        assert!(!mixes_scripts("совет cert"));
        assert!(!mixes_scripts("关于cert的报告"));
        assert!(!mixes_scripts("naïve"));
    }

    #[test]
    fn labels_are_written_out() {
        // Labels of RFC 3492 section 7.1 (A) and of common use.
        assert_eq!(unicode("xn--mnchen-3ya.example"), "münchen.example");
        assert_eq!(unicode("xn--fiqs8s"), "中国");
        assert_eq!(unicode("xn--!.example"), "xn--!.example");
        assert_eq!(unicode("xn--99999999.example"), "xn--99999999.example");
    }
}

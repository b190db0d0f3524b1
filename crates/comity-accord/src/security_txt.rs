//! `security.txt` (RFC 9116): read as a candidate for points of contact, and written from a party's own profile.
//!
//! What is read proves nothing: whoever controls a web server wrote it. A wrapper of `OpenPGP` clear-signing is taken off and
//! told, its signature is not verified here. Fields that RFC 9116 does not name are left out, as it asks.
//!
//! In scope: the format, its limits. Out of scope: fetching one, who it belongs to, challenging its addresses
//! (`comity-node`).
//! Limits: [`BYTES_MAX`], [`LINE_BYTES_MAX`], [`VALUES_MAX`].

use std::fmt::Write as _;

use crate::hidden;
use crate::profile::Profile;

/// The longest file; RFC 9116 section 5.4 asks readers to have such a limit.
pub const BYTES_MAX: usize = 32 * 1024;
/// The longest line.
pub const LINE_BYTES_MAX: usize = 2_048;
/// The most values of one field.
pub const VALUES_MAX: usize = 32;
/// What RFC 9116 section 2.5.5 recommends as the farthest expiry.
const YEAR_SECONDS: i64 = 366 * 86_400;
const BEGIN_SIGNED: &str = "-----BEGIN PGP SIGNED MESSAGE-----";
const BEGIN_SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----";
const END_SIGNATURE: &str = "-----END PGP SIGNATURE-----";

/// Why a text is no candidate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecurityTxtError {
    /// It is too long.
    #[error("the file has {0} bytes; the limit is {BYTES_MAX}")]
    TooLong(usize),
    /// A line cannot be read.
    #[error("line {line}: {problem}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// A field that must be there is not.
    #[error("the file has no {0} field, which RFC 9116 requires")]
    Missing(&'static str),
    /// A field that may stand once stands there again.
    #[error("the file has more than one {0} field; which one counts cannot be told")]
    Twice(&'static str),
    /// The wrapper of a signature is not whole.
    #[error("the wrapper of the signature is not whole: {0}")]
    Wrapper(&'static str),
    /// It ended.
    #[error("the file ended on {0}: RFC 9116 says not to use it any more; ask for a newer one")]
    Expired(String),
}

/// What a `security.txt` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecurityTxt {
    /// Whom to reach, the preferred one first: addresses with their scheme.
    pub contacts: Vec<String>,
    /// Until when it is to be used, seconds since 1970.
    pub expires: i64,
    /// Where keys are.
    pub encryption: Vec<String>,
    /// Where the file belongs.
    pub canonical: Vec<String>,
    /// Languages, the order means nothing.
    pub languages: Vec<String>,
    /// Policies on disclosure.
    pub policy: Vec<String>,
    /// Whether it came within the wrapper of a signature, which was not verified.
    pub wrapped: bool,
}

/// An address with its scheme that RFC 9116 allows: `mailto:`, `tel:`, `https:`, and for keys `dns:` and `openpgp4fpr:`.
pub fn is_uri(text: &str) -> bool {
    let schemes = ["mailto:", "tel:", "https://", "dns:", "openpgp4fpr:"];
    let letters = |byte: u8| byte.is_ascii_graphic() && !b"<>\"{}|\\^`".contains(&byte);
    let rest = schemes.iter().find_map(|scheme| {
        let head = text.get(..scheme.len())?;
        head.eq_ignore_ascii_case(scheme)
            .then(|| text.get(scheme.len()..))?
    });
    rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(letters))
        && text.len() <= LINE_BYTES_MAX
}

impl SecurityTxt {
    /// Reads one.
    pub fn parse(text: &str) -> Result<Self, SecurityTxtError> {
        if text.len() > BYTES_MAX {
            return Err(SecurityTxtError::TooLong(text.len()));
        }
        let (lines, wrapped) = unwrapped(text)?;
        let mut found = Self {
            wrapped,
            ..Self::default()
        };
        let (mut expires, mut languages) = (None, None);
        for (line, text) in lines {
            let wrong = |problem| SecurityTxtError::Line { line, problem };
            if text.len() > LINE_BYTES_MAX {
                return Err(wrong("it is longer than 2048 bytes"));
            }
            if text.chars().any(char::is_control) || hidden::find(text).is_some() {
                return Err(wrong("it has a character that cannot be seen"));
            }
            if text.trim().is_empty() || text.starts_with('#') {
                continue;
            }
            let (name, value) = text.split_once(':').ok_or_else(|| {
                wrong("it is no field: a name, a colon and a value, such as Contact: mailto:…")
            })?;
            let value = value.trim();
            let name = name.trim_end().to_ascii_lowercase();
            let values =
                match name.as_str() {
                    "expires" => {
                        once("Expires", &mut expires, moment(value).ok_or_else(|| {
                        wrong("Expires must be a time such as 2027-01-01T00:00:00Z (RFC 3339)")
                    })?)?;
                        continue;
                    }
                    "preferred-languages" => {
                        let tags = value.split(',').map(|tag| tag.trim().to_owned());
                        let tags: Vec<String> = tags.filter(|tag| !tag.is_empty()).collect();
                        if tags.len() > VALUES_MAX {
                            return Err(wrong("it has more than 32 languages"));
                        }
                        once("Preferred-Languages", &mut languages, tags)?;
                        continue;
                    }
                    "contact" => &mut found.contacts,
                    "encryption" => &mut found.encryption,
                    "canonical" => &mut found.canonical,
                    "policy" => &mut found.policy,
                    // RFC 9116 section 2.4: fields that a reader does not know are ignored.
                    _ => continue,
                };
            if !is_uri(value) {
                return Err(wrong(
                    "the value must be an address with its scheme: mailto:, tel: or https: (plain http is not allowed)",
                ));
            }
            if values.len() >= VALUES_MAX {
                return Err(wrong("the field stands there more than 32 times"));
            }
            values.push(value.to_owned());
        }
        if found.contacts.is_empty() {
            return Err(SecurityTxtError::Missing("Contact"));
        }
        found.expires = expires.ok_or(SecurityTxtError::Missing("Expires"))?;
        found.languages = languages.unwrap_or_default();
        Ok(found)
    }

    /// Refuses what ended by a time in seconds since 1970.
    pub fn in_date(self, now: i64) -> Result<Self, SecurityTxtError> {
        if self.expires < now {
            let at = jiff::Timestamp::from_second(self.expires);
            return Err(SecurityTxtError::Expired(
                at.map_or_else(|_| String::new(), |at| at.to_string()),
            ));
        }
        Ok(self)
    }

    /// What a person should know of it before using it.
    pub fn remarks(&self, now: i64) -> Vec<String> {
        let mut said = Vec::new();
        if self.wrapped {
            said.push("it is clear-signed; the signature was not verified".to_owned());
        }
        if self.canonical.is_empty() {
            said.push("it does not say where it belongs (no Canonical field)".to_owned());
        }
        if self.expires - now > YEAR_SECONDS {
            said.push("it ends more than a year from now; RFC 9116 recommends less".to_owned());
        }
        said
    }
}

fn once<T>(name: &'static str, known: &mut Option<T>, value: T) -> Result<(), SecurityTxtError> {
    if known.is_some() {
        return Err(SecurityTxtError::Twice(name));
    }
    *known = Some(value);
    Ok(())
}

fn moment(text: &str) -> Option<i64> {
    let at: jiff::Timestamp = text.parse().ok()?;
    Some(at.as_microsecond().div_euclid(1_000_000))
}

/// Lines with their numbers, from 1.
type Numbered<'a> = Vec<(usize, &'a str)>;

/// The numbered lines of a file, and whether a wrapper of clear-signing was taken off (RFC 9580 section 7).
fn unwrapped(text: &str) -> Result<(Numbered<'_>, bool), SecurityTxtError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text
        .split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line));
    let numbered = lines.zip(1_usize..).map(|(line, number)| (number, line));
    let all: Numbered<'_> = numbered.collect();
    let mut rest = all.iter().skip_while(|(_, line)| line.trim().is_empty());
    if rest
        .next()
        .is_none_or(|(_, line)| line.trim_end() != BEGIN_SIGNED)
    {
        return Ok((all, false));
    }
    let mut inner = Vec::new();
    // The armour's headers end with an empty line.
    let mut body = rest.skip_while(|(_, line)| !line.trim().is_empty());
    body.next().ok_or(SecurityTxtError::Wrapper(
        "no empty line follows its headers",
    ))?;
    let mut ended = false;
    for (number, line) in body.by_ref() {
        if line.trim_end() == BEGIN_SIGNATURE {
            ended = true;
            break;
        }
        inner.push((*number, line.strip_prefix("- ").unwrap_or(line)));
    }
    if !ended {
        return Err(SecurityTxtError::Wrapper("it has no signature"));
    }
    let mut after = body.skip_while(|(_, line)| line.trim_end() != END_SIGNATURE);
    after
        .next()
        .ok_or(SecurityTxtError::Wrapper("its signature does not end"))?;
    if after.any(|(_, line)| !line.trim().is_empty()) {
        // Somebody could add contacts below what was signed.
        return Err(SecurityTxtError::Wrapper(
            "something stands behind the signature",
        ));
    }
    Ok((inner, true))
}

/// What a party publishes of its profile; none where the profile says nothing of it.
pub fn published(profile: &Profile) -> Option<String> {
    let content = profile.content();
    let said = content.security.as_ref()?;
    let mut text = String::new();
    let fields = [
        ("Contact", &said.contact),
        ("Encryption", &said.encryption),
        ("Acknowledgments", &said.acknowledgments),
        ("Canonical", &said.canonical),
        ("Policy", &said.policy),
    ];
    for (name, values) in fields {
        for value in values {
            // Writing into a text does not fail.
            let _ = writeln!(text, "{name}: {value}");
        }
    }
    if !content.team.languages.is_empty() {
        let languages = content.team.languages.join(", ");
        let _ = writeln!(text, "Preferred-Languages: {languages}");
    }
    let _ = writeln!(text, "Expires: {}", content.expires.to_stix());
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 9116 section 2.6, with a later expiry.
    const EXAMPLE: &str = "# Our security address\r\nContact: mailto:security@example.com\r\n\r\n# Our OpenPGP key\r\n\
        Encryption: https://example.com/pgp-key.txt\r\n\r\n# Our security policy\r\n\
        Policy: https://example.com/security-policy.html\r\n\r\nHiring: https://example.com/jobs.html\r\n\
        Expires: 2027-12-31T18:37:07z\r\n";
    const NOW: i64 = 1_795_500_000;

    fn wrapped(inner: &str, after: &str) -> String {
        format!(
            "{BEGIN_SIGNED}\nHash: SHA256\n\n{inner}{BEGIN_SIGNATURE}\n\nwsDz\n{END_SIGNATURE}\n{after}"
        )
    }

    #[test]
    fn the_example_of_the_specification_is_read() {
        let found = SecurityTxt::parse(EXAMPLE).unwrap();
        assert_eq!(found.contacts, ["mailto:security@example.com"]);
        assert_eq!(found.encryption, ["https://example.com/pgp-key.txt"]);
        assert_eq!(found.expires, 1_830_278_227);
        assert!(!found.wrapped);
        let remarks = found.remarks(NOW);
        assert_eq!(
            remarks.len(),
            2,
            "no Canonical, more than a year: {remarks:?}"
        );
        assert!(found.clone().in_date(NOW).is_ok());
        let ended = found.in_date(1_900_000_000).unwrap_err().to_string();
        assert!(
            ended.contains("ended on 2027-12-31") && ended.contains("newer one"),
            "{ended}"
        );
    }

    #[test]
    fn a_signature_is_taken_off_and_told() {
        let found = SecurityTxt::parse(&wrapped(EXAMPLE, "")).unwrap();
        assert!(found.wrapped);
        assert!(found.remarks(NOW)[0].contains("not verified"));
        let dashed = wrapped(
            "Contact: mailto:a@example.com\n- Expires: 2027-01-01T00:00:00Z\n",
            "",
        );
        assert_eq!(SecurityTxt::parse(&dashed).unwrap().contacts.len(), 1);
        let behind = wrapped(EXAMPLE, "Contact: mailto:evil@example.net\n");
        assert!(matches!(
            SecurityTxt::parse(&behind),
            Err(SecurityTxtError::Wrapper(_))
        ));
        let torn = wrapped(EXAMPLE, "").replace(END_SIGNATURE, "");
        assert!(matches!(
            SecurityTxt::parse(&torn),
            Err(SecurityTxtError::Wrapper(_))
        ));
    }

    #[test]
    fn what_is_missing_twice_or_wrong_is_refused() {
        let check = |text: &str, expected: &str| {
            let error = SecurityTxt::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        };
        let expires = "Expires: 2027-01-01T00:00:00Z\n";
        check(expires, "no Contact");
        check("Contact: mailto:a@example.com\n", "no Expires");
        check(
            &format!("Contact: mailto:a@example.com\n{expires}{expires}"),
            "more than one Expires",
        );
        check(
            &format!("Contact: a@example.com\n{expires}"),
            "line 1: the value must be",
        );
        check(
            &format!("Contact: http://example.com\n{expires}"),
            "plain http",
        );
        check("Expires: tomorrow\n", "line 1: Expires must be");
        check("contact\n", "line 1: it is no field");
        check("Contact: mailto:a\u{202e}@example.com\n", "cannot be seen");
        check(
            &format!("Preferred-Languages: en\nPreferred-Languages: zh\n{expires}"),
            "more than one Preferred",
        );
        check(
            &"Contact: tel:+1-201-555-0123\n".repeat(VALUES_MAX + 1),
            "more than 32",
        );
        check(&format!("# {}", "x".repeat(LINE_BYTES_MAX)), "longer than");
        check(&"#\n".repeat(BYTES_MAX), "the limit is");
    }

    #[test]
    fn names_of_fields_have_no_case_and_unknown_ones_are_left_out() {
        let text = "CONTACT: tel:+1-201-555-0123\nexpires: 2027-01-01T01:00:00+01:00\nX-New: anything\npreferred-languages: en, zh-Hans\n";
        let found = SecurityTxt::parse(text).unwrap();
        assert_eq!(found.languages, ["en", "zh-Hans"]);
        assert_eq!(found.expires, 1_798_761_600);
    }

    #[test]
    fn what_is_published_is_read_back() {
        let profile = crate::profile::TEMPLATE
            .replace("{party}", "alpha")
            .replace("{domain}", "alpha.example")
            .replace("{updated}", "2026-11-01T00:00:00Z")
            .replace("{expires}", "2027-11-01T00:00:00Z");
        let profile = format!(
            "{profile}\n[security_txt]\ncontact = [\"mailto:security@alpha.example\"]\npolicy = [\"https://alpha.example/p\"]\n"
        );
        let profile = Profile::parse(&profile).unwrap();
        let text = published(&profile).unwrap();
        let found = SecurityTxt::parse(&text).unwrap();
        assert_eq!(found.contacts, ["mailto:security@alpha.example"]);
        assert_eq!(found.languages, ["en"]);
        assert_eq!(
            found.expires,
            profile.content().expires.micros() / 1_000_000
        );
    }
}

//! Names of parties, and origins of their logs.
//!
//! A name has one spelling, so that two names that look alike to a machine are the same party.
//!
//! In scope: reading and writing names and origins. Out of scope: who bears a name (`card`).
//! Limits: [`NAME_BYTES_MAX`], [`ORIGIN_BYTES_MAX`].

use std::fmt;
use std::str::FromStr;

/// The longest name.
pub const NAME_BYTES_MAX: usize = 64;
/// The longest origin: a host name (RFC 1035 section 2.3.4) with a port and a short path fits.
pub const ORIGIN_BYTES_MAX: usize = 320;

/// The name of a party: 1 to 64 of `a-z`, `0-9`, `-` and `.`, beginning with a letter or a digit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartyName(String);

impl PartyName {
    /// Reads a name.
    pub fn parse(text: &str) -> Result<Self, PartyError> {
        let letters = text
            .bytes()
            .all(|byte| is_plain(byte) || matches!(byte, b'-' | b'.'));
        let opens = text.bytes().next().is_some_and(is_plain);
        if letters && opens && text.len() <= NAME_BYTES_MAX {
            Ok(Self(text.to_owned()))
        } else {
            Err(PartyError::Name)
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PartyName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl FromStr for PartyName {
    type Err = PartyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// The origin of a log: a URL without its scheme, `alpha.example/log`, and from the second epoch on `/e1`, `/e2`, ...
///
/// Epochs count from 0, whose origin has no suffix. Every restore from a backup opens the next one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    text: String,
    base: String,
    epoch: u32,
}

impl Origin {
    /// Reads an origin with or without the suffix of an epoch.
    pub fn parse(text: &str) -> Result<Self, PartyError> {
        if text.len() > ORIGIN_BYTES_MAX {
            return Err(PartyError::Origin);
        }
        let (base, epoch) = match text
            .rsplit_once('/')
            .map(|(base, last)| (base, suffix(last)))
        {
            Some((_, Suffix::Malformed)) => return Err(PartyError::Origin),
            Some((base, Suffix::Epoch(epoch))) => (base, epoch),
            Some((_, Suffix::None)) | None => (text, 0),
        };
        let mut parts = base.split('/');
        let host = parts.next().is_some_and(is_host);
        let path = parts.all(|part| is_path_part(part) && suffix(part) == Suffix::None);
        if host && path {
            Ok(Self {
                text: text.to_owned(),
                base: base.to_owned(),
                epoch,
            })
        } else {
            Err(PartyError::Origin)
        }
    }

    /// The origin as text, with its epoch.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The origin without its epoch: the same for the whole life of a node.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The epoch, from 0.
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The same log in another epoch.
    #[must_use]
    pub fn at_epoch(&self, epoch: u32) -> Self {
        let text = if epoch == 0 {
            self.base.clone()
        } else {
            format!("{}/e{epoch}", self.base)
        };
        Self {
            text,
            base: self.base.clone(),
            epoch,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl FromStr for Origin {
    type Err = PartyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// Why a text is no name or no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PartyError {
    /// Not a party's name.
    #[error(
        "is no party's name: write 1 to {NAME_BYTES_MAX} of a-z, 0-9, '-' and '.', beginning with a letter or a digit"
    )]
    Name,
    /// Not a log's origin.
    #[error(
        "is no log's origin: write a host in lower case and a path, without scheme and without a slash at the end, \
         such as alpha.example/log; later epochs end in /e1, /e2 and so on"
    )]
    Origin,
    /// Not a host name.
    #[error("is no domain: write a host name in lower case, such as alpha.example")]
    Domain,
}

/// The domain of a party's node, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain(String);

impl Domain {
    /// Reads a host name.
    pub fn parse(text: &str) -> Result<Self, PartyError> {
        if text.len() <= 253 && is_host(text) && !text.contains(':') {
            Ok(Self(text.to_owned()))
        } else {
            Err(PartyError::Domain)
        }
    }

    /// The domain as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// A host name of RFC 1123 in lower case, perhaps with a port.
fn is_host(text: &str) -> bool {
    let (name, port) = text.split_once(':').unwrap_or((text, "1"));
    let port = port
        .parse::<u16>()
        .is_ok_and(|number| number > 0 && number.to_string() == port);
    port && name.split('.').all(|label| {
        let inside = label.bytes().all(|byte| is_plain(byte) || byte == b'-');
        inside
            && (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
    })
}

fn is_path_part(part: &str) -> bool {
    let dots = part.bytes().all(|byte| byte == b'.');
    !dots
        && part
            .bytes()
            .all(|byte| is_plain(byte) || matches!(byte, b'-' | b'.' | b'_'))
}

#[derive(PartialEq, Eq)]
enum Suffix {
    None,
    Epoch(u32),
    /// Like an epoch, but in a second spelling or out of range.
    Malformed,
}

fn suffix(part: &str) -> Suffix {
    let Some(digits) = part
        .strip_prefix('e')
        .filter(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
    else {
        return Suffix::None;
    };
    match digits.parse() {
        Ok(epoch) if !digits.starts_with('0') => Suffix::Epoch(epoch),
        Ok(_) | Err(_) => Suffix::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_party_has_one_spelling() {
        for good in ["alpha", "0", "cert.example", "a-1.b", &"a".repeat(64)] {
            assert_eq!(PartyName::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "Alpha",
            "-a",
            ".a",
            "a b",
            "a_b",
            "a\n",
            "ä",
            &"a".repeat(65),
        ] {
            assert_eq!(PartyName::parse(bad), Err(PartyError::Name), "{bad}");
        }
    }

    #[test]
    fn an_epoch_is_the_end_of_an_origin() {
        for (text, base, epoch) in [
            ("alpha.example/log", "alpha.example/log", 0),
            ("alpha.example/log/e1", "alpha.example/log", 1),
            ("alpha.example", "alpha.example", 0),
            ("alpha.example/e4294967295", "alpha.example", u32::MAX),
            ("127.0.0.1:7410/log", "127.0.0.1:7410/log", 0),
            ("alpha.example/e", "alpha.example/e", 0),
        ] {
            let origin = Origin::parse(text).unwrap();
            assert_eq!(
                (origin.as_str(), origin.base(), origin.epoch()),
                (text, base, epoch)
            );
            assert_eq!(origin.at_epoch(epoch), origin);
            assert_eq!(
                Origin::parse(origin.at_epoch(7).as_str()),
                Ok(origin.at_epoch(7))
            );
        }
        for bad in [
            "",
            "/",
            "https://alpha.example/log",
            "alpha.example/",
            "alpha.example/log/e0",
            "alpha.example/log/e01",
            "alpha.example/e1/e2",
            "alpha.example/log/e4294967296",
            "Alpha.example/log",
            "alpha..example",
            "a/../b",
            "alpha.example/log+x",
            "alpha.example:0/log",
            "alpha.example:07/log",
            "alpha example",
            "-a.example",
        ] {
            assert_eq!(Origin::parse(bad), Err(PartyError::Origin), "{bad}");
        }
    }

    #[test]
    fn a_domain_is_a_host_without_a_port() {
        assert!(Domain::parse("alpha.example").is_ok());
        for bad in ["", "alpha.example:1", "alpha.example/log", "Alpha"] {
            assert_eq!(Domain::parse(bad), Err(PartyError::Domain), "{bad}");
        }
    }
}

//! MTA-STS as a sender has it (RFC 8461): what a domain demands of whoever sends mail to it.
//!
//! In scope: reading the record and the policy, and whether a host is one of those that it names. Out of scope: asking for them, and
//! keeping them (`comity-transport`, `comity-node`); the own record and policy (`dns`).
//! Limits: [`POLICY_BYTES_MAX`], [`HOSTS_MAX`], [`AGE_SECONDS_MAX`].

use std::fmt;

use crate::guard::is_domain;

/// The longest policy that is read (RFC 8461 section 3.2).
pub const POLICY_BYTES_MAX: usize = 64 * 1024;
/// The most lines `mx` of a policy.
pub const HOSTS_MAX: usize = 100;
/// The longest time for which a policy is kept: a year, as RFC 8461 section 3.2 has it.
pub const AGE_SECONDS_MAX: u32 = 31_557_600;
/// The longest identifier of a record (RFC 8461 section 3.1).
const RECORD_ID_MAX: usize = 32;

/// What a policy demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Mail goes to hosts that fit, over TLS with a certificate that fits, or not at all.
    Enforce,
    /// As if there was none, but it is told what would not have fitted.
    Testing,
    /// Nothing.
    None,
}

impl Mode {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Testing => "testing",
            Self::None => "none",
        }
    }
}

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What it demands.
    pub mode: Mode,
    /// The hosts that take the domain's mail: names, or `*.` and a domain, in lower case.
    pub hosts: Vec<String>,
    /// For how long it is kept.
    pub max_age_seconds: u32,
}

/// Why a text is no policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Too long.
    #[error(
        "the policy is longer than {POLICY_BYTES_MAX} bytes, or names more than {HOSTS_MAX} hosts"
    )]
    TooLong,
    /// A key is missing, or says what it cannot.
    #[error("the policy's {key} is missing or not readable")]
    Key {
        /// Which.
        key: &'static str,
    },
}

impl Policy {
    /// Reads a policy. Unknown keys are passed over; of a key that stands twice the first counts.
    pub fn read(text: &str) -> Result<Self, PolicyError> {
        if text.len() > POLICY_BYTES_MAX {
            return Err(PolicyError::TooLong);
        }
        let lines = text.lines().filter_map(|line| line.split_once(':'));
        let pairs: Vec<(&str, &str)> = lines
            .map(|(key, value)| (key.trim(), value.trim()))
            .collect();
        let first = |key: &'static str| {
            let found = pairs.iter().find(|(name, _)| *name == key);
            found
                .map(|(_, value)| *value)
                .ok_or(PolicyError::Key { key })
        };
        if first("version")? != "STSv1" {
            return Err(PolicyError::Key { key: "version" });
        }
        let mode = match first("mode")? {
            "enforce" => Mode::Enforce,
            "testing" => Mode::Testing,
            "none" => Mode::None,
            _ => return Err(PolicyError::Key { key: "mode" }),
        };
        let age: u64 = first("max_age")?
            .parse()
            .map_err(|_| PolicyError::Key { key: "max_age" })?;
        let hosts = pairs.iter().filter(|(name, _)| *name == "mx");
        let hosts: Vec<String> = hosts
            .map(|(_, host)| host.trim_end_matches('.').to_ascii_lowercase())
            .collect();
        if hosts.len() > HOSTS_MAX {
            return Err(PolicyError::TooLong);
        }
        let named = |host: &String| is_domain(host.strip_prefix("*.").unwrap_or(host));
        if !hosts.iter().all(named) || (hosts.is_empty() && mode != Mode::None) {
            return Err(PolicyError::Key { key: "mx" });
        }
        Ok(Self {
            mode,
            hosts,
            max_age_seconds: u32::try_from(age).unwrap_or(u32::MAX).min(AGE_SECONDS_MAX),
        })
    }

    /// Whether mail may go to a host. A `*.` stands for one label (RFC 8461 section 4.1).
    pub fn names(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        self.hosts
            .iter()
            .any(|pattern| match pattern.strip_prefix("*.") {
                Some(parent) => host
                    .split_once('.')
                    .is_some_and(|(label, rest)| !label.is_empty() && rest == parent),
                None => *pattern == host,
            })
    }
}

impl fmt::Display for Policy {
    /// The policy as [`Policy::read`] reads it.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "version: STSv1\r\nmode: {}\r\n", self.mode.word())?;
        for host in &self.hosts {
            write!(out, "mx: {host}\r\n")?;
        }
        write!(out, "max_age: {}\r\n", self.max_age_seconds)
    }
}

/// What the record of a domain calls its policy: the texts under `_mta-sts`. None where there is not exactly one such record
/// (RFC 8461 section 3.1).
pub fn record_id(texts: &[String]) -> Option<String> {
    let mut records = texts.iter().filter(|text| {
        let first = text.split(';').next().unwrap_or_default();
        first.trim() == "v=STSv1"
    });
    let (Some(record), None) = (records.next(), records.next()) else {
        return None;
    };
    let pairs = record.split(';').filter_map(|pair| pair.split_once('='));
    let mut ids = pairs.filter(|(name, _)| name.trim() == "id");
    let id = ids.next().map(|(_, id)| id.trim())?;
    let good = !id.is_empty()
        && id.len() <= RECORD_ID_MAX
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    good.then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "version: STSv1\nmode: enforce\nmx: mx1.bravo.example\r\nmx: *.bravo.example\nmax_age: 604800\n";

    #[test]
    fn a_policy_is_read_and_written() {
        let policy = Policy::read(GOOD).unwrap();
        assert_eq!(policy.mode, Mode::Enforce);
        assert_eq!(policy.max_age_seconds, 604_800);
        assert_eq!(Policy::read(&policy.to_string()).unwrap(), policy);
        let long = Policy::read(&GOOD.replace("604800", "99999999999")).unwrap();
        assert_eq!(long.max_age_seconds, AGE_SECONDS_MAX);
        let own = crate::dns::policy(&crate::dns::Zone {
            domain: "in.alpha.example".to_owned(),
            host: "mx.alpha.example".to_owned(),
            reports: String::new(),
            keys: Vec::new(),
        });
        assert!(Policy::read(&own).unwrap().names("mx.alpha.example"));
        for (from, to, key) in [
            ("STSv1", "STSv2", "version"),
            ("enforce", "strict", "mode"),
            ("604800", "-1", "max_age"),
            ("max_age: 604800", "", "max_age"),
            ("mx1.bravo.example", "mx1 bravo", "mx"),
        ] {
            assert_eq!(
                Policy::read(&GOOD.replace(from, to)),
                Err(PolicyError::Key { key }),
                "{to}"
            );
        }
        let none = "version: STSv1\nmode: none\nmax_age: 1\n";
        assert_eq!(Policy::read(none).unwrap().hosts.len(), 0);
        assert!(Policy::read(&none.replace("none", "enforce")).is_err());
        assert_eq!(
            Policy::read(&"mx: a.example\n".repeat(6_000)),
            Err(PolicyError::TooLong)
        );
    }

    #[test]
    fn a_star_stands_for_one_label() {
        let policy = Policy::read(GOOD).unwrap();
        for (host, named) in [
            ("mx1.bravo.example", true),
            ("MX9.bravo.example.", true),
            ("bravo.example", false),
            ("a.b.bravo.example", false),
            (".bravo.example", false),
            ("mx1.bravo.example.evil.example", false),
        ] {
            assert_eq!(policy.names(host), named, "{host}");
        }
    }

    #[test]
    fn one_record_counts_and_two_count_for_nothing() {
        let texts = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        let good = "v=STSv1; id=20261129T1200;";
        assert_eq!(record_id(&texts(&[good])).as_deref(), Some("20261129T1200"));
        assert_eq!(
            record_id(&texts(&["v=spf1 -all", good])).as_deref(),
            Some("20261129T1200")
        );
        assert_eq!(record_id(&texts(&[good, good])), None);
        assert_eq!(record_id(&texts(&["v=STSv1; id=a b"])), None);
        assert_eq!(record_id(&texts(&["v=STSv1"])), None);
        assert_eq!(record_id(&[]), None);
    }
}

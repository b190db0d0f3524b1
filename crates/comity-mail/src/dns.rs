//! The lines that a name server needs so that mail gets to a node and its own mail is believed.
//!
//! | record | standard |
//! |---|---|
//! | MX | RFC 5321 section 5.1 |
//! | SPF | RFC 7208: the MX hosts alone send |
//! | DKIM | RFC 6376, and RFC 8463 for Ed25519 |
//! | DMARC | RFC 9989: reject what is not aligned, strictly |
//! | MTA-STS | RFC 8461: the record, and the policy that the node's HTTP server has |
//! | TLS-RPT | RFC 8460: where others report what failed |
//!
//! In scope: making the lines, comparing them with what was found. Out of scope: asking name servers (`comity-transport`).

use std::fmt;

use comity_accord::digest::Digest;

/// Where the policy of MTA-STS is read (RFC 8461 section 3.3).
pub const POLICY_PATH: &str = "/.well-known/mta-sts.txt";
/// How long others keep the policy: a week. RFC 8461 section 3.2 wants weeks or more once all is well, and at most a year.
pub const POLICY_SECONDS: u32 = 604_800;
/// The longest text in one part of a TXT record (RFC 1035 section 3.3).
const TEXT_BYTES_MAX: usize = 255;
/// Digits of a policy's name: RFC 8461 section 3.1 allows 32.
const POLICY_DIGITS: usize = 16;

/// What the lines are made of. Names are in lower case and without a dot at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// The domain of the node's addresses.
    pub domain: String,
    /// The host to which mail comes.
    pub host: String,
    /// Where reports go: a mail address.
    pub reports: String,
    /// The keys that sign mail: selector, algorithm (`rsa` or `ed25519`), public half in base64.
    pub keys: Vec<(String, String, String)>,
}

/// The kind of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A host that takes mail.
    Mx,
    /// A text.
    Txt,
}

impl Kind {
    /// Its word in a zone file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Mx => "MX",
            Self::Txt => "TXT",
        }
    }
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it is for: `MX`, `SPF`, `DKIM`, `DMARC`, `MTA-STS` or `TLS-RPT`.
    pub label: &'static str,
    /// Its name, without a dot at the end.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// What it says: a text, or preference and host.
    pub value: String,
}

impl fmt::Display for Record {
    /// The line of a zone file (RFC 1035 section 5.1).
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}. IN {}", self.name, self.kind.word())?;
        match self.kind {
            Kind::Mx => write!(out, " {}.", self.value),
            Kind::Txt => parts(&self.value).try_for_each(|part| write!(out, " \"{part}\"")),
        }
    }
}

/// A text in the parts of a TXT record (RFC 1035 section 3.3); all that stands in these records is ASCII.
pub fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (part, more) = rest.split_at_checked(rest.len().min(TEXT_BYTES_MAX))?;
        rest = more;
        (!part.is_empty()).then_some(part)
    })
}

/// What a record was found to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// As it should be.
    Right,
    /// There is none.
    Missing,
    /// There is another one.
    Differs(String),
    /// There are several where one is allowed, or another host also takes mail.
    Several(Vec<String>),
}

/// Every record of a zone, in the order in which to set them.
pub fn records(zone: &Zone) -> Vec<Record> {
    let domain = &zone.domain;
    let text = |label, name: String, value: String| Record {
        label,
        name,
        kind: Kind::Txt,
        value,
    };
    let mut all = vec![
        Record {
            label: "MX",
            name: domain.clone(),
            kind: Kind::Mx,
            value: format!("10 {}", zone.host),
        },
        text("SPF", domain.clone(), "v=spf1 mx -all".to_owned()),
    ];
    all.extend(zone.keys.iter().map(|(selector, algorithm, public)| {
        let value = key_record(algorithm, public);
        text("DKIM", format!("{selector}._domainkey.{domain}"), value)
    }));
    let reports = &zone.reports;
    let dmarc = format!("v=DMARC1; p=reject; sp=reject; adkim=s; aspf=s; rua=mailto:{reports}");
    let sts = format!("v=STSv1; id={}", policy_id(zone));
    let tls = format!("v=TLSRPTv1; rua=mailto:{reports}");
    all.push(text("DMARC", format!("_dmarc.{domain}"), dmarc));
    all.push(text("MTA-STS", format!("_mta-sts.{domain}"), sts));
    all.push(text("TLS-RPT", format!("_smtp._tls.{domain}"), tls));
    all
}

/// What DNS says of a DKIM key (RFC 6376 section 3.6.1): its algorithm, `rsa` or `ed25519`, and its public half in base64.
pub fn key_record(algorithm: &str, public: &str) -> String {
    format!("v=DKIM1; k={algorithm}; p={public}")
}

/// The policy of MTA-STS (RFC 8461 section 3.2).
pub fn policy(zone: &Zone) -> String {
    format!(
        "version: STSv1\r\nmode: enforce\r\nmx: {}\r\nmax_age: {POLICY_SECONDS}\r\n",
        zone.host
    )
}

/// The host that others ask for the policy.
pub fn policy_host(zone: &Zone) -> String {
    format!("mta-sts.{}", zone.domain)
}

/// The policy's name: another policy has another one.
fn policy_id(zone: &Zone) -> String {
    let digest = Digest::of(policy(zone).as_bytes()).to_string();
    digest.chars().take(POLICY_DIGITS).collect()
}

/// What others say under a record's name, compared with what it should be. Texts for other purposes under the same name do not
/// matter.
pub fn compare(record: &Record, found: &[String]) -> Finding {
    let expected = normal(record, &record.value);
    let tag = expected.split([';', ' ']).next().unwrap_or_default();
    let same_purpose = |text: &&String| match record.kind {
        Kind::Mx => true,
        // A DKIM record may leave its version out (RFC 6376 section 3.6.1); no other text stands under its name.
        Kind::Txt if record.label == "DKIM" => true,
        Kind::Txt => normal(record, text).split([';', ' ']).next() == Some(tag),
    };
    let found: Vec<&String> = found.iter().filter(same_purpose).collect();
    match found.as_slice() {
        [] => Finding::Missing,
        [only] if normal(record, only) == expected => Finding::Right,
        [only] => Finding::Differs((*only).clone()),
        several => Finding::Several(several.iter().map(|one| (*one).clone()).collect()),
    }
}

/// A record's value without what means nothing: blanks around tags, the case of hosts, a last semicolon, the preference of the
/// one MX.
fn normal(record: &Record, value: &str) -> String {
    match record.kind {
        Kind::Mx => {
            let host = value.rsplit(' ').next().unwrap_or_default();
            host.trim_end_matches('.').to_ascii_lowercase()
        }
        Kind::Txt => {
            let tags = value
                .split(';')
                .map(str::trim)
                .filter(|tag| !tag.is_empty());
            tags.map(|tag| tag.split_whitespace().collect::<Vec<_>>().join(" "))
                .collect::<Vec<_>>()
                .join(";")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> Zone {
        Zone {
            domain: "in.alpha.example".to_owned(),
            host: "mx.alpha.example".to_owned(),
            reports: "postmaster@alpha.example".to_owned(),
            keys: vec![("comity-rsa".to_owned(), "rsa".to_owned(), "A".repeat(392))],
        }
    }

    #[test]
    fn the_lines_are_those_of_a_zone_file() {
        let lines: Vec<String> = records(&zone()).iter().map(ToString::to_string).collect();
        let id = policy_id(&zone());
        let (one, two) = ("A".repeat(237), "A".repeat(155));
        assert_eq!(
            lines,
            [
                "in.alpha.example. IN MX 10 mx.alpha.example.".to_owned(),
                "in.alpha.example. IN TXT \"v=spf1 mx -all\"".to_owned(),
                format!(
                    "comity-rsa._domainkey.in.alpha.example. IN TXT \"v=DKIM1; k=rsa; p={one}\" \"{two}\""
                ),
                "_dmarc.in.alpha.example. IN TXT \"v=DMARC1; p=reject; sp=reject; adkim=s; aspf=s; \
                 rua=mailto:postmaster@alpha.example\""
                    .to_owned(),
                format!("_mta-sts.in.alpha.example. IN TXT \"v=STSv1; id={id}\""),
                "_smtp._tls.in.alpha.example. IN TXT \"v=TLSRPTv1; rua=mailto:postmaster@alpha.example\""
                    .to_owned(),
            ]
        );
    }

    #[test]
    fn another_policy_has_another_name() {
        let other = Zone {
            host: "mail.alpha.example".to_owned(),
            ..zone()
        };
        assert_ne!(policy_id(&zone()), policy_id(&other));
        assert_eq!(
            policy(&zone()),
            "version: STSv1\r\nmode: enforce\r\nmx: mx.alpha.example\r\nmax_age: 604800\r\n"
        );
        assert_eq!(policy_host(&zone()), "mta-sts.in.alpha.example");
    }

    #[test]
    fn what_means_the_same_is_right_and_all_else_is_shown() {
        let all = records(&zone());
        let check = |label: &str, found: &[&str], expected: Finding| {
            let record = all.iter().find(|one| one.label == label).unwrap();
            let found: Vec<String> = found.iter().map(|one| (*one).to_owned()).collect();
            assert_eq!(compare(record, &found), expected, "{label}: {found:?}");
        };
        check("MX", &["5 MX.alpha.example."], Finding::Right);
        check(
            "MX",
            &["10 mx.other.example"],
            Finding::Differs("10 mx.other.example".to_owned()),
        );
        let both = ["10 mx.alpha.example", "20 mx.other.example"];
        check(
            "MX",
            &both,
            Finding::Several(both.map(str::to_owned).to_vec()),
        );
        check("SPF", &[], Finding::Missing);
        check("SPF", &["site-verification=7"], Finding::Missing);
        check(
            "SPF",
            &["site-verification=7", "v=spf1  mx -all"],
            Finding::Right,
        );
        check(
            "SPF",
            &["v=spf1 +all"],
            Finding::Differs("v=spf1 +all".to_owned()),
        );
        let twice = ["v=spf1 mx -all", "v=spf1 a -all"];
        check(
            "SPF",
            &twice,
            Finding::Several(twice.map(str::to_owned).to_vec()),
        );
        let key = format!("v=DKIM1;k=rsa;p={};", "A".repeat(392));
        check("DKIM", &[&key], Finding::Right);
        check(
            "DKIM",
            &["v=DKIM1; k=rsa; p=B"],
            Finding::Differs("v=DKIM1; k=rsa; p=B".to_owned()),
        );
        check(
            "DMARC",
            &["v=DMARC1; p=none"],
            Finding::Differs("v=DMARC1; p=none".to_owned()),
        );
    }
}

//! Ready accords: commented texts to begin with.
//!
//! In scope: filling in names, root keys and dates. Out of scope: what the parties will make of it.

use super::label;
use crate::digest::Digest;
use crate::party::{Domain, PartyName};
use comity_stix::timestamp::Timestamp;

/// A ready accord of two parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// Two parties that share alike, with sane defaults.
    Mutual,
    /// What the United States and China announced in 2015 and 2016, as far as a machine can hold it.
    UsChina2015,
    /// An entity reports significant incidents: Directive (EU) 2022/2555, article 23.
    Nis2,
    /// A financial entity reports major incidents: Regulation (EU) 2022/2554, article 19.
    Dora,
    /// A controller notifies breaches of personal data: Regulation (EU) 2016/679, article 33.
    Gdpr,
    /// A manufacturer reports vulnerabilities and incidents: Regulation (EU) 2024/2847, article 14.
    Cra,
}

impl Template {
    /// Every template.
    pub const ALL: [Self; 6] = [
        Self::Mutual,
        Self::UsChina2015,
        Self::Nis2,
        Self::Dora,
        Self::Gdpr,
        Self::Cra,
    ];

    /// Its name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mutual => "mutual",
            Self::UsChina2015 => "us-china-2015",
            Self::Nis2 => "nis2",
            Self::Dora => "dora",
            Self::Gdpr => "gdpr",
            Self::Cra => "cra",
        }
    }

    /// The template of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|template| template.as_str() == name)
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Mutual => include_str!("../../templates/mutual.toml"),
            Self::UsChina2015 => include_str!("../../templates/us-china-2015.toml"),
            Self::Nis2 => include_str!("../../templates/nis2.toml"),
            Self::Dora => include_str!("../../templates/dora.toml"),
            Self::Gdpr => include_str!("../../templates/gdpr.toml"),
            Self::Cra => include_str!("../../templates/cra.toml"),
        }
    }
}

/// A party to fill in: its name, the hash of its root key, and its domain for addresses.
#[derive(Clone, Copy, Debug)]
pub struct TemplateParty<'a> {
    /// Its name.
    pub name: &'a PartyName,
    /// The hash of its root key (`card::root_hash`).
    pub root: Digest,
    /// The domain of its addresses.
    pub domain: &'a Domain,
}

/// The text of a first version between two parties, effective at a time. It is an accord that `AccordText::parse` reads,
/// where the two parties and their root keys differ.
pub fn fill(
    template: Template,
    first: &TemplateParty<'_>,
    second: &TemplateParty<'_>,
    effective: Timestamp,
) -> String {
    let day: String = effective.to_string().chars().take(19).collect();
    let name = format!("{}-{}", first.name, second.name).replace('.', "-");
    // A name of an accord is shorter than two names of parties can be.
    let name = label(&name).unwrap_or_else(|| template.as_str().to_owned());
    let pairs = [
        ("{accord}", name),
        ("{effective}", format!("{day}Z")),
        ("{first}", first.name.to_string()),
        ("{first-root}", first.root.to_string()),
        ("{first-domain}", first.domain.to_string()),
        ("{second}", second.name.to_string()),
        ("{second-root}", second.root.to_string()),
        ("{second-domain}", second.domain.to_string()),
    ];
    pairs
        .iter()
        .fold(template.text().to_owned(), |text, (place, value)| {
            text.replace(place, value)
        })
}

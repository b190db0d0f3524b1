//! The lines for the name server: printed for a new node, and checked by the doctor.
//!
//! In scope: gathering what they are made of, words for people. Out of scope: the lines (`comity_mail::dns`), asking name
//! servers (`comity_transport::dns`).

use std::path::Path;

use comity_mail::dns::{self, Finding, Record, Zone};
use comity_node::address::dkim::DkimKeys;
use comity_store::error::chain;
use comity_transport::dns::{Answered, look_up};
use serde_json::{Value, json};

use super::serve::runtime;
use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;

/// What the name server should say of a node that takes mail, with its own keys; none: `mail.domain` is not set.
pub(crate) fn zone(settings: &Settings, folder: &Path, own: &str) -> Result<Option<Zone>, Failure> {
    let Some(mut zone) = settings.zone() else {
        return Ok(None);
    };
    let keys = DkimKeys::open(folder).map_err(|error| {
        Failure::unknown(
            chain(&error),
            "look at the owner and the rights of the folder keys/ in the node's folder",
        )
    })?;
    let public = keys.public().into_iter();
    zone.keys = public
        .map(|(selector, algorithm, public)| (selector.to_owned(), algorithm.to_owned(), public))
        .collect();
    zone.reports = format!("postmaster@{own}");
    Ok(Some(zone))
}

/// Prints the lines; they are data.
pub(super) fn print(zone: &Zone) -> Result<(), Failure> {
    output::say(&format!(
        "set these records at the name server of {}; the host {} needs an address there too:",
        zone.domain, zone.host
    ));
    for record in dns::records(zone) {
        output::data(&record.to_string())?;
    }
    let host = dns::policy_host(zone);
    output::say(&format!(
        "others read the policy at https://{host}{}, which this node's HTTP server answers: have {host} point to it, with \
         a certificate for that name",
        dns::POLICY_PATH
    ));
    Ok(())
}

/// A record with what was found.
pub(super) struct Checked {
    record: Record,
    /// None: nobody answered.
    finding: Option<Finding>,
    reason: String,
}

impl Checked {
    /// What is wrong, in a line; none: nothing, or it is not known.
    pub(super) fn problem(&self) -> Option<String> {
        let Record { label, name, .. } = &self.record;
        let what = match self.finding.as_ref()? {
            Finding::Right => return None,
            Finding::Missing => "is missing".to_owned(),
            Finding::Differs(found) => format!("is another one: {found}"),
            Finding::Several(found) => {
                format!("stands there more than once: {}", found.join(" | "))
            }
        };
        Some(format!(
            "DNS: {label} of {name} {what}; it should be: {}",
            self.record
        ))
    }

    /// A line for people.
    pub(super) fn line(&self) -> String {
        let Record { label, name, .. } = &self.record;
        match self.finding {
            None => format!("{label} of {name} not checked: {}", self.reason),
            Some(Finding::Right) => format!("{label} of {name} is right"),
            Some(Finding::Missing | Finding::Differs(_) | Finding::Several(_)) => {
                format!("{label} of {name} is wrong")
            }
        }
    }

    pub(super) fn document(&self) -> Value {
        let (word, found) = match &self.finding {
            None => ("not checked", Vec::new()),
            Some(Finding::Right) => ("right", Vec::new()),
            Some(Finding::Missing) => ("missing", Vec::new()),
            Some(Finding::Differs(found)) => ("differs", vec![found.clone()]),
            Some(Finding::Several(found)) => ("several", found.clone()),
        };
        json!({
            "label": self.record.label, "name": self.record.name, "line": self.record.to_string(), "finding": word,
            "found": found, "reason": self.reason,
        })
    }
}

/// Asks for each record.
pub(super) fn check(zone: &Zone, settings: &Settings) -> Result<Vec<Checked>, Failure> {
    let records = dns::records(zone);
    let answers = runtime()?.block_on(look_up(&records, settings.name_server()));
    let checked = records.into_iter().zip(answers).map(|(record, answer)| {
        let (finding, reason) = match answer {
            Answered::Found(found) => (Some(dns::compare(&record, &found)), String::new()),
            Answered::Not(reason) => (None, reason),
        };
        Checked {
            record,
            finding,
            reason,
        }
    });
    Ok(checked.collect())
}

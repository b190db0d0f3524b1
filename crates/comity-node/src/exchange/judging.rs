//! Judging one object for one party: who the party is to the rules, the terms with it, and the decision as it is recorded.
//!
//! In scope: everything that shares and views have in common. Out of scope: the rules (`comity-release`), what bears on an
//! object's label (`subject`), what becomes of the decision (`share`, `views`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use comity_release::judge::{Decision, Verdict, judge};
use comity_release::recipient::{Recipient, Way};
use comity_release::redaction::{Copies, IndicatorData, Terms};
use comity_stix::marking::Tlp;
use comity_store::objects::Found;
use comity_store::state::{Tx, meta, party};
use uuid::Uuid;

use crate::clock::new_uuid;
use crate::exchange::ExchangeError;
use crate::exchange::enrolment::{moment, standing_of};
use crate::exchange::share::ShareLine;
use crate::exchange::subject::{Gathered, LookUp};
use crate::node::Node;

/// How long terms are taken as known: two seconds.
const FRESH_MICROS: i64 = 2_000_000;

/// Terms by party, for a moment.
#[derive(Debug, Default)]
pub(crate) struct TermsCache(Mutex<HashMap<String, Ready>>);

/// Since when terms are known, and what they are, if there are any.
type Ready = (i64, Option<Arc<Terms>>);

impl TermsCache {
    pub(crate) fn forget(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

/// An object that may go, and how.
#[derive(Clone)]
pub(crate) struct Going {
    pub(crate) line: ShareLine,
    pub(crate) version: String,
    pub(crate) label: Tlp,
    /// The text that goes; none where nothing does.
    pub(crate) text: Option<String>,
}

impl Going {
    /// What does not go, by a rule that is none of an accord's.
    pub(crate) fn refused(found: &Found, rule: &str) -> Self {
        Self {
            line: ShareLine {
                object: found.item.id.to_string(),
                verdict: "refused".to_owned(),
                rule: rule.to_owned(),
                label: String::new(),
                reason: String::new(),
                released: None,
                cuts: Vec::new(),
                copy: None,
            },
            version: found.item.version.clone(),
            label: Tlp::Red,
            text: None,
        }
    }
}

impl Node {
    /// Who a party is to the release rules, and the terms with it.
    pub(crate) fn recipient(
        &self,
        name: &str,
        person: Option<&str>,
    ) -> Result<(Recipient, Arc<Terms>), ExchangeError> {
        let row = self.inner.state.read(|tx| party::find(tx, name))?;
        let row = row.ok_or_else(|| ExchangeError::UnknownParty(name.to_owned()))?;
        let standing = standing_of(&row)?;
        let party = name.to_owned();
        let recipient = match person {
            Some(address) => Recipient::Person {
                party,
                standing,
                address: address.to_owned(),
            },
            None => Recipient::Party { party, standing },
        };
        let terms = self.release_terms(name)?;
        Ok((
            recipient,
            terms.ok_or_else(|| ExchangeError::NoAccord(name.to_owned()))?,
        ))
    }

    /// What this node may let a party have, made ready.
    pub(crate) fn release_terms(&self, name: &str) -> Result<Option<Arc<Terms>>, ExchangeError> {
        let now = self.clock().now();
        let cache = &self.inner.terms.0;
        let known = cache
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned();
        if let Some((since, terms)) = known
            && now - since < FRESH_MICROS
        {
            return Ok(terms);
        }
        let (agreed, seed) = self.inner.state.write(|tx| {
            let agreed = self.terms_to(tx, name, now)?;
            Ok::<_, ExchangeError>((agreed, copy_seed(tx, name)?))
        })?;
        let copies = Copies {
            seed,
            made_by: None,
            name_original: false,
            indicators: IndicatorData::Exempt,
        };
        let prepared = agreed
            .map(|agreed| Terms::prepare(agreed, copies))
            .transpose();
        let prepared = prepared.map_err(|error| ExchangeError::Accord(error.to_string()))?;
        let prepared = prepared.map(Arc::new);
        cache
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.to_owned(), (now, prepared.clone()));
        Ok(prepared)
    }

    pub(crate) fn judge_one(
        &self,
        look_up: &mut LookUp<'_>,
        gathered: &Gathered,
        (recipient, terms): (&Recipient, &Terms),
        way: &Way,
    ) -> Result<Going, ExchangeError> {
        let copies = look_up.copies(gathered, terms)?;
        let subject = look_up.subject(gathered, recipient.party().unwrap_or_default())?;
        let subject = subject.with_copies(copies);
        let at = moment(self.clock().now())?;
        let decision = judge(&subject, recipient, terms, way, at);
        Ok(going(gathered, &decision))
    }
}

/// A decision as a line, and the text that goes.
fn going(gathered: &Gathered, decision: &Decision) -> Going {
    let object = gathered.id.to_string();
    let (verdict, text, released, cuts, reason) = match &decision.verdict {
        Verdict::Release => {
            let text = Some(gathered.json.clone());
            (
                "released",
                text,
                Some(object.clone()),
                Vec::new(),
                String::new(),
            )
        }
        Verdict::Redact(copy) => {
            let cuts = copy.cuts().iter().map(|cut| cut.selector.clone()).collect();
            let text = Some(copy.text().to_owned());
            let reason = "a copy goes, without what the terms keep back".to_owned();
            ("redacted", text, Some(copy.id().to_string()), cuts, reason)
        }
        Verdict::NeedsApproval { copy, .. } => {
            let cuts = copy.iter().flat_map(|copy| copy.cuts());
            let cuts = cuts.map(|cut| cut.selector.clone()).collect();
            (
                "waiting",
                None,
                None,
                cuts,
                "a second person must approve".to_owned(),
            )
        }
        Verdict::Refuse { reason, .. } => ("refused", None, None, Vec::new(), reason.clone()),
    };
    Going {
        line: ShareLine {
            object,
            verdict: verdict.to_owned(),
            rule: decision.rule().step().code.to_owned(),
            label: decision.label.label.to_string(),
            reason: with_remarks(reason, decision),
            released,
            cuts,
            copy: None,
        },
        version: gathered.version.clone(),
        label: decision.obligations.label,
        text,
    }
}

/// What the record says of the label besides: that nobody had given one, or that two were given.
fn with_remarks(mut reason: String, decision: &Decision) -> String {
    let remarks = [
        (
            decision.label.inferred,
            "it has no label: this one is inferred",
        ),
        (
            decision.label.conflict,
            "it has two labels: the stricter counts",
        ),
    ];
    for (_, remark) in remarks.into_iter().filter(|(holds, _)| *holds) {
        if !reason.is_empty() {
            reason.push_str("; ");
        }
        reason.push_str(remark);
    }
    reason
}

/// The namespace of the ids of copies for one party: a secret, another for each.
fn copy_seed(tx: &mut dyn Tx, party: &str) -> Result<Uuid, ExchangeError> {
    const NAME: &str = "copy_seed";
    let known = meta::find(tx, NAME)?.and_then(|text| Uuid::parse_str(&text).ok());
    let seed = known.unwrap_or_else(new_uuid);
    if known.is_none() {
        meta::put(tx, NAME, &seed.to_string())?;
    }
    Ok(Uuid::new_v5(&seed, party.as_bytes()))
}

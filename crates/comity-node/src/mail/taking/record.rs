//! What a mail came to, as documents.
//!
//! In scope: the form. Out of scope: deciding.

use comity_mail::authentication::{Authentication, Verdict};
use comity_store::state::judged::{JudgedRow, ProposalRow};
use serde_json::{Value, json};

use crate::case::document::put;
use crate::exchange::command::at;

/// Proposals and acts that are shown of one mail.
const SHOWN_MAX: usize = 100;

/// What the network said.
pub(super) fn authentication(of: &Authentication, now: i64) -> Value {
    let word = |verdict: Verdict| verdict.to_string();
    let dkim = of.dkim.iter().map(|one| {
        json!({
            "domain": one.domain, "selector": one.selector, "result": word(one.verdict),
            "counts": one.worth(now).counts(), "worth": one.worth(now).to_string(),
        })
    });
    json!({
        "spf": of.spf.as_ref().map(|spf| json!({ "domain": spf.domain, "result": word(spf.verdict) })),
        "dkim": dkim.collect::<Vec<_>>(),
        "dmarc": of.dmarc.as_ref().map(|dmarc| json!({
            "domain": dmarc.domain, "spf": word(dmarc.spf), "dkim": word(dmarc.dkim),
            "alignment": of.alignment(&dmarc.domain, now).to_string(),
        })),
        "arc": of.arc.as_ref().map(|arc| json!({ "result": word(arc.verdict), "sealers": arc.sealers })),
    })
}

/// What is shown of a mail that was judged.
pub(crate) fn shown(document: &mut Value, row: &JudgedRow, proposals: &[ProposalRow]) {
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
    for (name, value) in [
        ("level", row.level.as_str().into()),
        ("sent_by", row.party.clone().into()),
        ("address_leaked", row.leaked.into()),
        ("reasons", parsed(&row.reasons)),
        ("authentication", parsed(&row.authentication)),
        ("carries", parsed(&row.acts)),
        ("answered", row.answer.clone().into()),
        ("judged", at(row.judged).into()),
        ("label", row.label.clone().into()),
        ("subject", row.subject.clone().into()),
        (
            "persons",
            row.persons.as_deref().map_or(Value::Null, parsed),
        ),
    ] {
        put(document, name, value);
    }
    let proposals = proposals.iter().take(SHOWN_MAX).map(proposal);
    put(document, "proposals", proposals.collect());
}

/// A proposal.
pub(crate) fn proposal(row: &ProposalRow) -> Value {
    let detail = serde_json::from_str::<Value>(&row.detail).unwrap_or(Value::Null);
    json!({
        "id": row.id, "mail": row.mail, "kind": row.kind, "detail": detail, "state": row.state.word(),
        "outcome": row.outcome, "officer": row.officer, "role": row.role, "proposed": at(row.proposed),
        "settled": row.settled.map(at),
    })
}

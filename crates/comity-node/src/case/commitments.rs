//! Every commitment of the accords in force, and how it stands.
//!
//! In scope: asking for each partner, the form of the answer. Out of scope: judging (`comity_accord::evaluation`).

use comity_accord::evaluation::judge::RowVerdict;
use comity_accord::evaluation::period::Stretch;
use comity_accord::evaluation::running::{Standing, formula, standings};
use comity_accord::text::AccordText;
use comity_case::facts::tells_facts;
use comity_case::message::Subject;
use comity_stix::timestamp::Timestamp;
use comity_store::state::Tx;
use serde_json::{Value, json};

use crate::case::CaseError;
use crate::case::gather::gather;
use crate::case::review::{GRACE_SECONDS, party_name};
use crate::case::seen::SeenBy;
use crate::exchange::ExchangeError;
use crate::node::Node;

impl Node {
    /// How each commitment stands, with every partner or with one: now, or in a period.
    pub(crate) fn commitments(
        &self,
        party: Option<&str>,
        period: Option<&str>,
        by: SeenBy<'_>,
    ) -> Result<Vec<Value>, CaseError> {
        let now = self.clock().now();
        let own = party_name(&self.identity().party)?;
        let period = period
            .map(|word| Stretch::parse(word).ok_or_else(|| CaseError::Period(word.to_owned())));
        let period = period.transpose()?;
        self.inner.state.read(|tx| {
            let accords = self.all_in_force(tx, now)?;
            let mut lines = Vec::new();
            for accord in accords.iter().filter(|text| text.party(&own).is_some()) {
                for other in &accord.content().parties {
                    let asked = party.is_none_or(|party| party == other.name.as_str());
                    if other.name != own && asked {
                        lines.extend(self.stand_with(
                            tx,
                            accord,
                            (other.name.as_str(), period),
                            by,
                        )?);
                    }
                }
            }
            match party {
                Some(party) if lines.is_empty() && self.in_force(tx, party, now)?.is_none() => {
                    Err(ExchangeError::NoAccord(party.to_owned()).into())
                }
                Some(_) | None => Ok(lines),
            }
        })
    }

    fn stand_with(
        &self,
        tx: &mut dyn Tx,
        accord: &AccordText,
        (party, period): (&str, Option<Stretch>),
        by: SeenBy<'_>,
    ) -> Result<Vec<Value>, CaseError> {
        let now = self.clock().now().div_euclid(1_000_000);
        let (own, other) = (party_name(&self.identity().party)?, party_name(party)?);
        // A period that is over is judged as its scorecard is.
        let window = period.and_then(Stretch::window);
        let as_of = window.map_or(now, |window| (window.until + GRACE_SECONDS).min(now));
        let mut deliveries = self.deliveries(tx, [&own, &other])?;
        // What is said in threads that no commitment is about need not be put in order.
        deliveries.retain(|one| {
            let said = one.message().map(|said| said.head().thread.subject());
            said.is_none_or(|subject| subject == Subject::Review || tells_facts(subject))
        });
        let (deliveries, _) = by.only(deliveries);
        let (facts, _) = gather(&deliveries, accord, [&own, &other], as_of);
        let asked = (period, as_of);
        let all = standings(accord, [&own, &other], asked, &facts)
            .map_err(|error| CaseError::Release(error.to_string()))?;
        Ok(all.iter().map(|one| document(one, accord, party)).collect())
    }
}

fn document(one: &Standing<'_>, accord: &AccordText, with: &str) -> Value {
    let (commitment, judged) = (one.commitment, &one.judgement);
    let count = |verdict| {
        judged
            .rows
            .iter()
            .filter(|row| row.verdict == verdict)
            .count()
    };
    let calendar = one.calendar.map(|calendar| {
        json!({
            "id": calendar.id, "version": calendar.version, "time_zone": calendar.time_zone,
            "hours": calendar.hours.to_string(), "holidays": calendar.holidays,
        })
    });
    let parameters = commitment.parameters.iter();
    let parameters = parameters.map(|(name, value)| ((*name).to_owned(), json!(value.to_string())));
    json!({
        "accord": accord.content().name, "version": accord.content().version, "party": with,
        "commitment": commitment.id, "by": judged.by.as_str(), "to": judged.to.as_str(),
        "metric": judged.kind.row().word, "target_percent": judged.percent, "exercise": commitment.exercise,
        "parameters": parameters.collect::<serde_json::Map<_, _>>(), "formula": formula(commitment),
        "period": judged.period.to_string(), "window_from": shown(one.window.from), "window_until": shown(one.window.until),
        "zone": "UTC", "calendar": calendar, "running": one.running, "stands": one.word(),
        "kept": count(RowVerdict::Kept), "missed": count(RowVerdict::Missed), "disputed": count(RowVerdict::Disputed),
        "basis": if judged.attested { "attested, not proven" } else { "receipts" },
    })
}

fn shown(at: i64) -> String {
    let at = Timestamp::from_micros(at.saturating_mul(1_000_000));
    at.map_or_else(String::new, Timestamp::to_stix)
}

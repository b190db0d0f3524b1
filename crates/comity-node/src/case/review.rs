//! Reviews: the scorecard of a period worked out from what this node holds receipts for, and exchanged with the other side.
//!
//! In scope: gathering facts, making the scorecard, saying its hash. Out of scope: the formulas (`comity_accord::evaluation`),
//! what the two sides' words come to (`comity_case::review`).

use comity_accord::evaluation::period::Stretch;
use comity_accord::evaluation::scorecard::Scorecard;
use comity_accord::evaluation::set::EvaluationSet;
use comity_accord::party::PartyName;
use comity_case::paper::{Paper, Question, paper};
use comity_case::review::{self, Card, Review};
use comity_stix::marking::Tlp;
use comity_store::state::thread as rows;

use crate::case::CaseError;
use crate::case::gather::{Gathered, gather_all};
use crate::case::seen::SeenBy;
use crate::case::threads::{Acting, Speech, thread_of};
use crate::exchange::ExchangeError;
use crate::node::Node;

/// After the end of a period messages still count for a day, if they were received by then.
pub const GRACE_SECONDS: i64 = 86_400;

/// A period's scorecard as this node works it out.
#[derive(Clone, Debug)]
pub struct Reviewed {
    /// The scorecard.
    pub scorecard: Scorecard,
    /// The paper for the meeting.
    pub paper: Paper,
    /// What it was made from.
    pub set: EvaluationSet,
    /// The accord.
    pub accord: String,
    /// Until when messages count, seconds since 1970.
    pub as_of: i64,
    /// What the two sides said of it, if anything.
    pub review: Option<Review>,
    /// It is of what one person sees, and something is left out.
    pub cut: bool,
}

impl Node {
    /// Works a period out. `as_of`: until when messages count; without it, what the other side said, else a day after the period, or
    /// now.
    pub fn scorecard(
        &self,
        party: &str,
        period: &str,
        as_of: Option<i64>,
    ) -> Result<Reviewed, CaseError> {
        self.scorecard_seen(party, (period, as_of), SeenBy::default())
    }

    /// The same of what one person sees.
    pub(crate) fn scorecard_seen(
        &self,
        party: &str,
        (period, as_of): (&str, Option<i64>),
        by: SeenBy<'_>,
    ) -> Result<Reviewed, CaseError> {
        let wrong = || CaseError::Period(period.to_owned());
        let stretch = Stretch::parse(period).ok_or_else(wrong)?;
        let window = stretch.window().ok_or_else(wrong)?;
        let own = party_name(&self.identity().party)?;
        let other = party_name(party)?;
        let now = self.clock().now();
        self.inner.state.read(|tx| {
            let accord = self.in_force(tx, party, now)?;
            let accord = accord.ok_or_else(|| ExchangeError::NoAccord(party.to_owned()))?;
            let name = accord.content().name.clone();
            let thread = review::thread_of(&name, [&own, &other], &stretch.to_string());
            let said = thread_of(&rows::messages(tx, &thread.to_string())?)?;
            let said = Review::replay(&said);
            let theirs = said.as_ref().and_then(|review| review.cards.get(&other));
            let as_of = as_of
                .or(theirs.map(|card| card.as_of))
                .unwrap_or_else(|| (window.until + GRACE_SECONDS).min(now.div_euclid(1_000_000)));
            let (deliveries, cut) = by.only(self.deliveries(tx, [&own, &other])?);
            let Gathered {
                facts,
                set,
                threads,
            } = gather_all(&deliveries, &accord, [&own, &other], as_of);
            let scorecard = Scorecard::make(&accord, [&own, &other], stretch, (&facts, &set))
                .map_err(|error| CaseError::Release(error.to_string()))?;
            let question = Question {
                accord: &accord,
                pair: [&own, &other],
                period: stretch,
                as_of,
            };
            let paper = paper(&threads, (&facts, &set, &scorecard), &question).ok_or_else(wrong)?;
            Ok(Reviewed {
                paper,
                scorecard,
                set,
                accord: name,
                as_of,
                review: said,
                cut,
            })
        })
    }

    /// Says what a period came to.
    pub fn sign_scorecard(
        &self,
        party: &str,
        period: &str,
        acting: Acting,
    ) -> Result<Reviewed, CaseError> {
        let made = self.scorecard(party, period, None)?;
        let card = Card {
            accord: made.accord.clone(),
            period: period.to_owned(),
            as_of: made.as_of,
            messages: made.set.len(),
            root: made.set.root().to_string(),
            hash: made.scorecard.hash().to_string(),
        };
        let content = serde_json::to_value(&card).unwrap_or_default();
        self.say_in_review(
            &made.accord,
            party,
            period,
            &Speech {
                event: "card".to_owned(),
                content,
                acting,
            },
        )?;
        self.scorecard(party, period, Some(made.as_of))
    }

    /// Shows the rows behind the word of this side.
    pub fn show_scorecard_rows(
        &self,
        party: &str,
        period: &str,
        acting: Acting,
    ) -> Result<Reviewed, CaseError> {
        let own = party_name(&self.identity().party)?;
        let before = self.scorecard(party, period, None)?;
        let said = before
            .review
            .as_ref()
            .and_then(|review| review.cards.get(&own))
            .map(|card| card.as_of);
        let made = self.scorecard(party, period, said)?;
        let content = serde_json::json!({ "scorecard": made.scorecard.text() });
        self.say_in_review(
            &made.accord,
            party,
            period,
            &Speech {
                event: "rows".to_owned(),
                content,
                acting,
            },
        )?;
        self.scorecard(party, period, said)
    }

    /// Attests that nothing was released above its label, or shows that the other side did not keep to it.
    pub fn attest(
        &self,
        party: &str,
        period: &str,
        (about, kept, note): (&str, bool, &str),
        acting: Acting,
    ) -> Result<(), CaseError> {
        let now = self.clock().now();
        Stretch::parse(period).ok_or_else(|| CaseError::Period(period.to_owned()))?;
        let accord = self.inner.state.read(|tx| self.in_force(tx, party, now))?;
        let accord = accord.ok_or_else(|| ExchangeError::NoAccord(party.to_owned()))?;
        let content = serde_json::json!({ "accord": accord.content().name, "period": period, "about": about, "kept": kept, "note": note });
        let speech = Speech {
            event: "attest".to_owned(),
            content,
            acting,
        };
        self.say_in_review(&accord.content().name, party, period, &speech)
    }

    fn say_in_review(
        &self,
        accord: &str,
        party: &str,
        period: &str,
        speech: &Speech,
    ) -> Result<(), CaseError> {
        let own = party_name(&self.identity().party)?;
        let other = party_name(party)?;
        let thread = review::thread_of(accord, [&own, &other], period);
        self.say_in(thread, &other, Tlp::Amber, speech)?;
        Ok(())
    }
}

pub(crate) fn party_name(name: &str) -> Result<PartyName, CaseError> {
    PartyName::parse(name).map_err(|_| ExchangeError::UnknownParty(name.to_owned()).into())
}

//! A period judged from exported evidence alone: what anybody works out who has one side's export and the accord's text.
//!
//! In scope: deliveries from a folder of evidence. Out of scope: whether the evidence holds (`ledger::verify`, which whoever
//! calls this asks first), the formulas.

use std::collections::BTreeMap;
use std::sync::Arc;

use comity_accord::card::SignedCard;
use comity_accord::evaluation::period::Stretch;
use comity_accord::evaluation::scorecard::Scorecard;
use comity_accord::evaluation::set::EvaluationSet;
use comity_accord::party::PartyName;
use comity_accord::text::AccordText;
use comity_case::paper::{Paper, Question, paper};
use comity_link::header::peek;

use crate::case::CaseError;
use crate::case::gather::{Delivery, Gathered, KINDS, gather_all};
use crate::case::joined::joined;
use crate::ledger::LedgerError;
use crate::ledger::files::{CARDS, EVIDENCE, Files, Listing};
use crate::link::seconds_of_receipt;

/// A period as an export shows it.
#[derive(Clone, Debug)]
pub struct Offline {
    /// The scorecard.
    pub scorecard: Scorecard,
    /// What it was made from.
    pub set: EvaluationSet,
    /// The paper for the review.
    pub paper: Option<Paper>,
}

/// Works a period out between two parties of an accord.
pub fn scorecard(
    files: &mut dyn Files,
    accord: &AccordText,
    [one, two]: [&str; 2],
    (period, as_of): (Stretch, i64),
) -> Result<Offline, CaseError> {
    let name = |text: &str| PartyName::parse(text).map_err(|_| CaseError::Unknown(text.to_owned()));
    let pair = [name(one)?, name(two)?];
    let pair = [&pair[0], &pair[1]];
    let deliveries = deliveries(files, pair)?;
    let Gathered {
        facts,
        set,
        threads,
    } = gather_all(&deliveries, accord, pair, as_of);
    let scorecard = Scorecard::make(accord, pair, period, (&facts, &set))
        .map_err(|error| CaseError::Release(error.to_string()))?;
    let question = Question {
        accord,
        pair,
        period,
        as_of,
    };
    let paper = paper(&threads, (&facts, &set, &scorecard), &question);
    Ok(Offline {
        scorecard,
        set,
        paper,
    })
}

/// Every envelope between two parties that commitments are about, with its receipt.
fn deliveries(
    files: &mut dyn Files,
    pair: [&PartyName; 2],
) -> Result<Vec<Arc<Delivery>>, LedgerError> {
    let origins = origins(files)?;
    let named = |origin: &str| {
        let name = origins.get(origin)?;
        pair.into_iter().find(|party| *party == name)
    };
    let mut all = Vec::new();
    for shelf in files.folder(EVIDENCE)?.folders {
        let shelf = format!("{EVIDENCE}/{shelf}");
        for envelope in files.folder(&shelf)?.folders {
            let listing = files.folder(&format!("{shelf}/{envelope}"))?;
            all.extend(delivery(&listing, &named).map(Arc::new));
        }
    }
    Ok(joined(all))
}

/// What one envelope's folder tells; none where it is none of these, or was withheld, or has no receipt.
fn delivery<'a>(
    listing: &Listing,
    named: &dyn Fn(&str) -> Option<&'a PartyName>,
) -> Option<Delivery> {
    let header = peek(listing.file("header")?).ok()?;
    let (from, to) = (named(&header.from)?, named(&header.to)?);
    let receipt = (
        listing.file("receipt.header")?,
        listing.file("receipt.payload")?,
    );
    KINDS.contains(&header.kind).then_some(())?;
    Some(Delivery::new(
        (from, to),
        header.kind,
        listing.file("payload")?.to_vec(),
        (
            i64::try_from(header.created).ok()?,
            seconds_of_receipt(receipt.0, receipt.1)?,
        ),
    ))
}

/// Whose log has which origin, by the cards.
fn origins(files: &mut dyn Files) -> Result<BTreeMap<String, PartyName>, LedgerError> {
    let mut origins = BTreeMap::new();
    for party in files.folder(CARDS)?.folders {
        for (_, card) in files.folder(&format!("{CARDS}/{party}"))?.files {
            if let Ok(card) = SignedCard::parse(&card) {
                let card = card.card();
                origins.insert(card.origin.base().to_owned(), card.party.clone());
            }
        }
    }
    Ok(origins)
}

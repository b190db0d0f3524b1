//! What the rules of one accord find in one text, and the text without it.
//!
//! A number that stood against another does not stand alone until that one is marked, so what lies between finds is looked
//! through again.
//!
//! In scope: one text. Out of scope: what is done where (`cutting`). Limits: [`ROUNDS_MAX`].

use std::ops::Range;

use comity_accord::terms::{PersonalData, RedactionAction};
use comity_stix::canonical::write_string;

use super::{CutKind, Search, Terms, personal_data};

/// How often the text between finds is looked through; where there is still something, the text is left out.
const ROUNDS_MAX: usize = 4;

/// Which personal data is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Personal {
    /// All that the rules name.
    Any,
    /// Only what check digits tell: a bare number is no address, and no telephone number either.
    Checked,
    /// None.
    Exempt,
}

impl Personal {
    fn covers(self, kind: PersonalData) -> bool {
        let checked = match kind {
            PersonalData::PaymentCard | PersonalData::IdentityNumber => true,
            PersonalData::EmailAddress | PersonalData::Telephone | PersonalData::BankAccount => {
                false
            }
        };
        match self {
            Self::Any => true,
            Self::Checked => checked,
            Self::Exempt => false,
        }
    }
}

/// A part of a text and the rule that found it.
struct Span {
    range: Range<usize>,
    rule: usize,
}

/// What was found in a text.
pub(super) struct Found {
    /// The rules that found something, each once.
    pub(super) rules: Vec<usize>,
    /// What is done, the gravest of what they do.
    pub(super) kind: CutKind,
    spans: Vec<Span>,
}

pub(super) const fn kind(action: RedactionAction) -> CutKind {
    match action {
        RedactionAction::Mask => CutKind::Mask,
        RedactionAction::Remove => CutKind::Remove,
        RedactionAction::Withhold => CutKind::Withhold,
    }
}

/// What the rules find; `None` if nothing.
pub(super) fn find(terms: &Terms, text: &str, personal: Personal) -> Option<Found> {
    let mut spans = personal_data_in(terms, text, 0..text.len(), personal);
    for (rule, search) in terms.searches.iter().enumerate() {
        if let Search::Expression(expression) = search {
            let found = expression.find_iter(text).map(|found| found.range());
            let found = found.filter(|range| !range.is_empty());
            spans.extend(found.map(|range| Span { range, rule }));
        }
    }
    let mut settled = spans.is_empty();
    for _ in 0..ROUNDS_MAX {
        if settled {
            break;
        }
        let gaps = gaps(&mut spans, text.len());
        let more: Vec<Span> = gaps
            .into_iter()
            .flat_map(|gap| personal_data_in(terms, text, gap, personal))
            .collect();
        settled = more.is_empty();
        spans.extend(more);
    }
    let mut rules: Vec<usize> = spans.iter().map(|span| span.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    let actions = rules
        .iter()
        .filter_map(|rule| terms.agreed.redactions.get(*rule));
    let kind = actions.map(|rule| kind(rule.action)).max()?;
    Some(Found {
        rules,
        kind: if settled {
            kind
        } else {
            kind.max(CutKind::Remove)
        },
        spans,
    })
}

/// What lies between the spans, which are put in order.
fn gaps(spans: &mut [Span], end: usize) -> Vec<Range<usize>> {
    spans.sort_by_key(|span| (span.range.start, span.range.end, span.rule));
    let mut from = 0;
    let mut gaps = Vec::with_capacity(spans.len() + 1);
    for span in spans {
        if span.range.start > from {
            gaps.push(from..span.range.start);
        }
        from = from.max(span.range.end);
    }
    if from < end {
        gaps.push(from..end);
    }
    gaps
}

fn personal_data_in(terms: &Terms, text: &str, gap: Range<usize>, personal: Personal) -> Vec<Span> {
    let part = text.get(gap.clone()).unwrap_or_default();
    let mut spans = Vec::new();
    for (rule, search) in terms.searches.iter().enumerate() {
        if let Search::Personal(kind) = search
            && personal.covers(*kind)
        {
            let found = personal_data::find(*kind, part).into_iter();
            let within = |range: Range<usize>| gap.start + range.start..gap.start + range.end;
            spans.extend(found.map(within).map(|range| Span { range, rule }));
        }
    }
    spans
}

impl Found {
    /// The text with marks instead of what was found, as JSON. What overlaps becomes one mark, the first.
    pub(super) fn masked(&self, terms: &Terms, text: &str) -> String {
        let mut spans: Vec<&Span> = self.spans.iter().collect();
        spans.sort_by_key(|span| (span.range.start, span.range.end, span.rule));
        let mut out = String::new();
        let mut from = 0;
        for span in spans {
            if span.range.start >= from {
                out.push_str(text.get(from..span.range.start).unwrap_or_default());
                push_mark(terms, span.rule, &mut out);
            }
            from = from.max(span.range.end);
        }
        out.push_str(text.get(from..).unwrap_or_default());
        let mut json = String::new();
        write_string(&out, &mut json);
        json
    }
}

fn push_mark(terms: &Terms, rule: usize, out: &mut String) {
    match terms.searches.get(rule) {
        Some(Search::Personal(kind)) => {
            out.extend(["[redacted: ", personal_data::name(*kind), "]"]);
        }
        Some(Search::Named | Search::Expression(_)) | None => out.push_str(MARK),
    }
}

/// What stands where something was taken out and nothing more is to be said.
pub(super) const MARK: &str = "[redacted]";

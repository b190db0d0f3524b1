//! Commitments as agreed: the sixteen kinds, their parameters, who promises what to whom.
//!
//! Every parameter that a text leaves out has the default of `format = 1`, so a commitment read here is complete and
//! whoever judges it needs no defaults of its own.
//!
//! In scope: reading and keeping commitments. Out of scope: judging them.
//! Limits: [`COMMITMENTS_MAX`].

mod kinds;

use std::collections::BTreeMap;

use super::reader::{Found, Section};
use super::words::{Word, word};
use super::{Parties, TextError, label};
use crate::party::PartyName;
pub use kinds::KINDS;

/// The most commitments of an accord.
pub const COMMITMENTS_MAX: usize = 128;
/// The word for every party.
pub(super) const EACH: &str = "each";

/// What is promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CommitmentKind {
    /// Requests are acknowledged in time.
    AcknowledgementTimeliness,
    /// Requests are answered or declined in time.
    AnswerTimeliness,
    /// An accepted request is reported on regularly.
    InterimCadence,
    /// Requests sent are complete.
    RequestCompleteness,
    /// Answers get feedback.
    AnswerFeedback,
    /// Shared indicators get a sighting or a word that there is none.
    SightingFeedback,
    /// Both sides share alike.
    Reciprocity,
    /// Something is shared every week.
    SharingCadence,
    /// Samples are analysed in time.
    SampleTurnaround,
    /// Checks of contacts are answered in time.
    ContactCheck,
    /// Points of contact are verified regularly.
    ContactFreshness,
    /// Nothing is released above its label; attested, not proven.
    ReleaseCeiling,
    /// Purges that are due are confirmed.
    PurgeConfirmation,
    /// Preserved data is kept until its date.
    PreservationKept,
    /// Reports come in their stages.
    StagedReports,
    /// Exercises are held, with reports of both sides.
    Exercise,
}

/// What a kind leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The key.
    pub name: &'static str,
    /// What may stand there.
    pub form: ParameterForm,
    /// What it means.
    pub about: &'static str,
}

/// What may stand for a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterForm {
    /// A whole number.
    Number {
        /// Without the key.
        default: u32,
        /// The least.
        least: u32,
        /// The most.
        most: u32,
    },
    /// A word of a list.
    Word {
        /// Without the key.
        default: &'static str,
        /// The list.
        allowed: &'static [&'static str],
    },
}

/// One kind in the table of kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindRow {
    /// The kind.
    pub kind: CommitmentKind,
    /// Its word.
    pub word: &'static str,
    /// What it means.
    pub about: &'static str,
    /// Its parameters.
    pub parameters: &'static [Parameter],
    /// Whether it counts working days and so needs a calendar.
    pub needs_calendar: bool,
}

impl CommitmentKind {
    /// The kind that a word stands for.
    pub fn parse(text: &str) -> Option<Self> {
        KINDS
            .iter()
            .find(|row| row.word == text)
            .map(|row| row.kind)
    }

    /// Its row in the table.
    pub fn row(self) -> &'static KindRow {
        let found = KINDS.iter().find(|row| row.kind == self);
        found.expect("every kind has a row; a test walks through them")
    }
}

/// The value of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ParameterValue {
    /// A number.
    Number(u32),
    /// A word.
    Word(&'static str),
}

impl std::fmt::Display for ParameterValue {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(out, "{number}"),
            Self::Word(word) => out.write_str(word),
        }
    }
}

/// One party, or each.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Every party of the accord.
    Each,
    /// This one.
    Party(PartyName),
}

impl std::fmt::Display for Side {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Each => out.write_str(EACH),
            Self::Party(name) => name.fmt(out),
        }
    }
}

/// The period over which a commitment is judged: calendar months in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// A month.
    Month,
    /// Three months.
    Quarter,
    /// Six months.
    HalfYear,
}

impl Word for Period {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("month", Self::Month),
        ("quarter", Self::Quarter),
        ("half-year", Self::HalfYear),
    ];
}

impl Period {
    /// The word of the accord's text.
    pub fn as_str(self) -> &'static str {
        word(self)
    }
}

/// A commitment as agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commitment {
    /// Its name, once in an accord.
    pub id: String,
    /// What is promised.
    pub kind: CommitmentKind,
    /// Who promises.
    pub by: Side,
    /// To whom.
    pub to: Side,
    /// The period over which it is judged.
    pub period: Period,
    /// The calendar of its working days.
    pub calendar: Option<String>,
    /// Whether it is about exercises.
    pub exercise: bool,
    /// Every parameter of the kind, given or by default.
    pub parameters: BTreeMap<&'static str, ParameterValue>,
}

pub(super) fn read(section: &Section<'_, '_>, parties: &Parties) -> Result<Commitment, TextError> {
    let named = section.required("kind")?;
    let Some(kind) = CommitmentKind::parse(named.string()?) else {
        let words: Vec<_> = KINDS.iter().map(|row| row.word).collect();
        return Err(named.wrong(format!("one of {}", words.join(", "))));
    };
    let by = side(&section.required("by")?, parties)?;
    let to = section
        .optional("to")
        .map_or(Ok(Side::Each), |found| side(&found, parties))?;
    if by == to && by != Side::Each {
        return Err(section.conflict("to", "must be another party than by"));
    }
    let calendar = section.optional_text("calendar", label)?;
    if kind.row().needs_calendar && calendar.is_none() {
        return Err(section.conflict(
            "calendar",
            format!(
                "is missing, but {} counts working days; name a [[calendar]]",
                kind.row().word
            ),
        ));
    }
    Ok(Commitment {
        id: section.text("id", label)?,
        kind,
        by,
        to,
        period: section.optional_word("period")?.unwrap_or(Period::Quarter),
        calendar,
        exercise: section.flag("exercise", false)?,
        parameters: parameters(section, kind.row())?,
    })
}

fn side(found: &Found<'_, '_>, parties: &Parties) -> Result<Side, TextError> {
    if found.string()? == EACH {
        Ok(Side::Each)
    } else {
        parties.named(found).map(Side::Party)
    }
}

fn parameters(
    section: &Section<'_, '_>,
    row: &KindRow,
) -> Result<BTreeMap<&'static str, ParameterValue>, TextError> {
    let mut values: BTreeMap<_, _> = row
        .parameters
        .iter()
        .map(|each| (each.name, each.form.default()))
        .collect();
    for (name, found) in section.open_table("parameters")? {
        let Some(parameter) = row.parameters.iter().find(|each| each.name == name) else {
            let known: Vec<_> = row.parameters.iter().map(|each| each.name).collect();
            return Err(TextError::UnknownKey {
                line: found.line,
                place: found.place,
                known: known.join(", "),
            });
        };
        values.insert(parameter.name, parameter.form.read(&found)?);
    }
    Ok(values)
}

impl ParameterForm {
    /// What stands without the key.
    pub const fn default(&self) -> ParameterValue {
        match self {
            Self::Number { default, .. } => ParameterValue::Number(*default),
            Self::Word { default, .. } => ParameterValue::Word(default),
        }
    }

    fn read(&self, found: &Found<'_, '_>) -> Result<ParameterValue, TextError> {
        match self {
            Self::Number { least, most, .. } => {
                found.integer((*least, *most)).map(ParameterValue::Number)
            }
            Self::Word { allowed, .. } => {
                let text = found.string()?;
                let word = allowed.iter().find(|word| **word == text);
                let word =
                    word.ok_or_else(|| found.wrong(format!("one of {}", allowed.join(", "))))?;
                Ok(ParameterValue::Word(word))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_sixteen_kinds_each_with_a_sound_row() {
        assert_eq!(KINDS.len(), 16);
        for row in KINDS {
            assert_eq!(row.kind.row(), row);
            assert_eq!(CommitmentKind::parse(row.word), Some(row.kind));
            for parameter in row.parameters {
                match parameter.form {
                    ParameterForm::Number {
                        default,
                        least,
                        most,
                    } => assert!((least..=most).contains(&default)),
                    ParameterForm::Word { default, allowed } => assert!(allowed.contains(&default)),
                }
            }
        }
    }
}

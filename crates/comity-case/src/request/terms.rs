//! Times: how long each step of a request may take, as agreed in the accord, or by default.
//!
//! A clock is what starts it, how long it runs, by which calendar, what ends it and what stops it in between. The accord's
//! commitments name the times that are judged; the others, which no commitment judges, are those below.
//!
//! In scope: the times. Out of scope: when they began (`request`), whether they were kept (commitments).

use comity_accord::evaluation::calendar::{Span, WorkCalendar};
use comity_accord::party::PartyName;
use comity_accord::text::Content as Accord;
use comity_accord::text::commitment::{
    Commitment, CommitmentKind, ParameterValue, Side as Promised,
};

use super::content::Urgency;

/// A time for each urgency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByUrgency {
    /// Emergencies.
    pub emergency: Span,
    /// Urgent requests.
    pub urgent: Span,
    /// Routine requests.
    pub routine: Span,
}

impl ByUrgency {
    /// The time of an urgency.
    pub const fn of(&self, urgency: Urgency) -> Span {
        match urgency {
            Urgency::Emergency => self.emergency,
            Urgency::Urgent => self.urgent,
            Urgency::Routine => self.routine,
        }
    }
}

/// How long the steps of a request may take.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Until the receipt, before the next way is tried.
    pub receipt: Span,
    /// Until a person acknowledges.
    pub acknowledge: ByUrgency,
    /// Until it is accepted or declined.
    pub decide: ByUrgency,
    /// Between two reports.
    pub interim: ByUrgency,
    /// Until the answer.
    pub answer: ByUrgency,
    /// Until a returned request is supplemented.
    pub supplement: Span,
    /// Until feedback.
    pub feedback: Span,
    /// Until the data of a request that was taken back is gone, or kept with a reason.
    pub purge: Span,
    /// Within which an answer may be found wanting.
    pub reopen: Span,
    /// The calendar of working days.
    pub calendar: WorkCalendar,
}

/// Extensions that count as kept where they are kept.
pub const EXTENSIONS_MAX: usize = 2;
/// Receipt times after which a request counts as undeliverable.
pub const RECEIPT_TIMES_MAX: i64 = 16;
/// What is left at least of the time to answer when a request comes back supplemented: a day.
pub const REMAINDER_SECONDS_MIN: i64 = 86_400;

impl Default for Terms {
    fn default() -> Self {
        Self {
            receipt: Span::Seconds(15 * 60),
            acknowledge: ByUrgency {
                emergency: Span::hours(1),
                urgent: Span::hours(4),
                routine: Span::WorkingDays(2),
            },
            decide: ByUrgency {
                emergency: Span::hours(24),
                urgent: Span::days(2),
                routine: Span::days(10),
            },
            interim: ByUrgency {
                emergency: Span::hours(24),
                urgent: Span::hours(24),
                routine: Span::days(7),
            },
            answer: ByUrgency {
                emergency: Span::hours(24),
                urgent: Span::days(5),
                routine: Span::days(30),
            },
            supplement: Span::days(10),
            feedback: Span::days(14),
            purge: Span::days(5),
            reopen: Span::days(30),
            calendar: WorkCalendar::always(),
        }
    }
}

impl Terms {
    /// The times that a responder promised; where it promised several, the first of each kind in the accord's text.
    pub fn agreed(accord: &Accord, responder: &PartyName) -> Self {
        let mut terms = Self::default();
        let mine = |one: &&Commitment| match &one.by {
            Promised::Each => true,
            Promised::Party(name) => name == responder,
        };
        for one in accord.commitments.iter().filter(mine).rev() {
            terms.take(one, accord);
        }
        terms
    }

    fn take(&mut self, one: &Commitment, accord: &Accord) {
        let number = |name: &str| match one.parameters.get(name) {
            Some(ParameterValue::Number(number)) => *number,
            Some(ParameterValue::Word(_)) | None => 0,
        };
        match one.kind {
            CommitmentKind::AcknowledgementTimeliness => {
                self.acknowledge = ByUrgency {
                    emergency: Span::hours(number("emergency_hours")),
                    urgent: Span::hours(number("urgent_hours")),
                    routine: Span::WorkingDays(number("routine_working_days")),
                };
                let named = accord
                    .calendars
                    .iter()
                    .find(|each| Some(&each.id) == one.calendar.as_ref());
                if let Some(Ok(calendar)) = named.map(WorkCalendar::of) {
                    self.calendar = calendar;
                }
            }
            CommitmentKind::AnswerTimeliness => {
                self.answer = ByUrgency {
                    emergency: Span::hours(number("emergency_hours")),
                    urgent: Span::days(number("urgent_days")),
                    routine: Span::days(number("routine_days")),
                };
            }
            CommitmentKind::InterimCadence => {
                let urgent = Span::hours(number("urgent_hours"));
                self.interim = ByUrgency {
                    emergency: urgent,
                    urgent,
                    routine: Span::days(number("routine_days")),
                };
            }
            CommitmentKind::AnswerFeedback => self.feedback = Span::days(number("days")),
            CommitmentKind::PurgeConfirmation => self.purge = Span::days(number("days")),
            CommitmentKind::RequestCompleteness
            | CommitmentKind::SightingFeedback
            | CommitmentKind::Reciprocity
            | CommitmentKind::SharingCadence
            | CommitmentKind::SampleTurnaround
            | CommitmentKind::ContactCheck
            | CommitmentKind::ContactFreshness
            | CommitmentKind::ReleaseCeiling
            | CommitmentKind::PreservationKept
            | CommitmentKind::StagedReports
            | CommitmentKind::Exercise => {}
        }
    }
}

//! Facts: what happened between two parties, as far as commitments are about it.
//!
//! Times are seconds since 1970. The time of an act is that of whoever acted, the time of notice that of whoever was to act
//! upon it, so that a duty is measured by one clock.
//!
//! In scope: the data. Out of scope: where it comes from.

use crate::party::PartyName;

/// How much a request presses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Life or safety is at risk.
    Emergency,
    /// Delay loses evidence.
    Urgent,
    /// Everything else.
    Routine,
}

/// What every fact has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Base {
    /// What it is, for the list of what was judged.
    pub id: String,
    /// Who began it: the requester, the sharer, the caller.
    pub from: PartyName,
    /// The other side.
    pub to: PartyName,
    /// Whether it belongs to an exercise.
    pub exercise: bool,
    /// Whether a side disputes it: it then counts for neither.
    pub disputed: bool,
    /// Whether the two sides' clocks were further apart than agreed: it is judged in favour of whoever promised, and says so.
    pub skewed: bool,
}

/// A request for assistance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestFact {
    /// Who asked whom.
    pub base: Base,
    /// How much it presses.
    pub urgency: Urgency,
    /// When the responder's node had it.
    pub delivered: i64,
    /// When a person there acknowledged it.
    pub acknowledged: Option<i64>,
    /// When it lay with the requester.
    pub pauses: Vec<(i64, Option<i64>)>,
    /// Later dates that the responder named after the first, in order.
    pub extensions: Vec<i64>,
    /// When it was answered, declined or referred.
    pub concluded: Option<i64>,
    /// When the responder worked on it.
    pub working: Vec<(i64, Option<i64>)>,
    /// When the responder reported.
    pub reports: Vec<i64>,
    /// When the requester's node had each answer, and when it gave feedback.
    pub answers: Vec<(i64, Option<i64>)>,
    /// When the responder's node knew that it was taken back.
    pub withdrawn: Option<i64>,
    /// When the responder said what became of the data.
    pub purged: Option<i64>,
}

/// Data that `base.to` holds for `base.from`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldFact {
    /// Who asked whom.
    pub base: Base,
    /// Since when.
    pub held_from: i64,
    /// Until when it must be held.
    pub until: i64,
    /// When it was released or converted.
    pub ended: Option<i64>,
    /// When it was lost.
    pub lost: Option<i64>,
}

/// What is counted of shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Indicators.
    Indicators,
    /// Reports.
    Reports,
    /// Samples of malware.
    Samples,
    /// Anything else.
    Other,
}

/// An object that was delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareFact {
    /// Who shared with whom; the object's id.
    pub base: Base,
    /// What it is.
    pub class: Class,
    /// When the recipient's node had it.
    pub received: i64,
    /// The delivery that brought it.
    pub delivery: String,
}

/// A word on an indicator: it was seen, or it was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SightingFact {
    /// Who says it.
    pub by: PartyName,
    /// The indicator.
    pub of: String,
    /// When it was sent.
    pub at: i64,
}

/// A sample that was handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleFact {
    /// Who gave it to whom.
    pub base: Base,
    /// When it was received.
    pub received: i64,
    /// When the analysis report was sent.
    pub reported: Option<i64>,
}

/// A check of a point of contact of `base.to`, or a test of its hotline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckFact {
    /// Who checked whom.
    pub base: Base,
    /// Whether it was a test of the hotline.
    pub hotline: bool,
    /// When it was received, or rang.
    pub received: i64,
    /// When a person answered.
    pub answered: Option<i64>,
}

/// A point of contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactFact {
    /// Whose it is.
    pub party: PartyName,
    /// Its name.
    pub name: String,
    /// From when it is valid.
    pub from: i64,
    /// Until when.
    pub until: i64,
    /// When it was verified, in order.
    pub verified: Vec<i64>,
}

/// A party's word that it released nothing above its label, or the other side's that it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationFact {
    /// Whose releases.
    pub about: PartyName,
    /// Who says it.
    pub by: PartyName,
    /// Whether it says that all was kept.
    pub kept: bool,
    /// The period that it is about, by its word.
    pub period: String,
}

/// A recall, for confirmations of purging.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecallFact {
    /// Who asked whom.
    pub base: Base,
    /// When it was received.
    pub received: i64,
    /// When it was answered.
    pub answered: Option<i64>,
}

/// An incident on which `base.from` reports to `base.to` in stages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentFact {
    /// Who reports to whom.
    pub base: Base,
    /// By which rules, by their word.
    pub regime: &'static str,
    /// When the reporter became aware.
    pub aware: i64,
    /// When the incident was classified.
    pub classified: Option<i64>,
    /// When a measure against a vulnerability was available.
    pub measure: Option<i64>,
    /// When the early warning was sent.
    pub early: Option<i64>,
    /// When the notification was sent.
    pub notified: Option<i64>,
    /// When the first intermediate report was sent.
    pub intermediate: Option<i64>,
    /// When the final report was sent.
    pub last: Option<i64>,
}

/// An exercise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExerciseFact {
    /// Its id.
    pub id: String,
    /// When it was over.
    pub completed: Option<i64>,
    /// Who gave an after-action report.
    pub reports: Vec<PartyName>,
}

/// All facts between two parties.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "named like what each list holds")]
pub struct Facts {
    /// Until when they were gathered, seconds since 1970; what falls due later is not judged. None: all of the period is known.
    pub as_of: Option<i64>,
    pub requests: Vec<RequestFact>,
    pub holds: Vec<HoldFact>,
    pub shares: Vec<ShareFact>,
    pub sightings: Vec<SightingFact>,
    pub samples: Vec<SampleFact>,
    pub checks: Vec<CheckFact>,
    pub contacts: Vec<ContactFact>,
    pub attestations: Vec<AttestationFact>,
    pub recalls: Vec<RecallFact>,
    pub incidents: Vec<IncidentFact>,
    pub exercises: Vec<ExerciseFact>,
}

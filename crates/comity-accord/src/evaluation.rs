//! Judging commitments: from what both sides hold receipts for to one scorecard, the same on both nodes.
//!
//! Whole numbers only, seconds since 1970, agreed calendars, rules of time zones that are part of this program. What happened
//! comes as [`facts`]; how it is gathered from messages is the business of whoever has them.
//!
//! In scope: working time, the sixteen formulas, the scorecard and the comparison of two.
//! Out of scope: messages (`comity-case`), keeping and exchanging scorecards (`comity-node`).

pub mod calendar;
pub mod facts;
pub mod judge;
pub mod period;
pub mod running;
pub mod scorecard;
pub mod set;
mod tally;
#[cfg(test)]
mod tests;

/// Counts changes of the formulas: two scorecards are compared only where this is equal.
pub const EVALUATOR: u32 = 1;

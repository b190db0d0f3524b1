//! Release control: who may have which object, and in what form.
//!
//! One function decides, [`judge::judge`]; it goes through one table, [`rules::STEPS`], in order. What an object is marked
//! with is [`handling`], what is judged [`subject`], who would get it and how [`recipient`], what is taken out before
//! that [`redaction`]. [`recall`] and [`onward`] are about what was released already. [`table`] writes all of it down for
//! people; its own expectations stand by hand in `tests/table.txt`.
//!
//! In scope: judging one object, or one edge, for one recipient and outlet; redacted copies; the states of a recall.
//! Out of scope: keeping decisions, sending, looking up what an object refers to. No I/O, no clock, no randomness.

pub mod handling;
pub mod judge;
pub mod onward;
pub mod recall;
pub mod recipient;
pub mod redaction;
pub mod rules;
pub mod subject;
pub mod table;

//! What two parties do together, as state machines over the messages that they sent each other.
//!
//! Every act is one [`message`]: signed as an envelope, receipted, kept by both. The messages about one subject are a
//! [`thread`], and what stands is a pure function of that set and of the time asked for: equal sets give equal states,
//! whatever the order in which they came. Each machine is one [`table`] of rows, from which its reference page is written.
//!
//! In scope: what may be said when and by whom, and what follows. Out of scope: sending and keeping (`comity-node`),
//! judging commitments (`comity_accord::evaluation`), the time (an argument everywhere).

pub mod address;
pub mod call;
pub mod case;
pub mod check;
pub mod evidence;
pub mod exercise;
pub mod facts;
pub mod history;
pub mod html;
pub mod incident;
pub mod message;
pub mod paper;
pub mod profile;
#[cfg(test)]
pub(crate) mod proof;
pub mod reference;
pub mod request;
pub mod review;
pub mod scenario;
#[cfg(test)]
pub(crate) mod script;
pub mod standing;
pub mod table;
pub mod thread;

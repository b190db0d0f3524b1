//! Preservation: data held at the other party until a date, beside the request that asked for it.
//!
//! In scope: its states, its dates, the warnings before them. Out of scope: the rows (`event`).

use super::content::{Content, RequestType};
use super::content_refusal;
use super::event::{Event, HOLD_TABLE, Hold, Kind};
use crate::history::{Due, ahead};
use crate::table::{Refusal, Side, find};
use crate::thread::Entry;

/// Both are warned this long before the date: fourteen days, and three.
pub(super) const WARNINGS_SECONDS: [i64; 2] = [14 * 86_400, 3 * 86_400];
/// Data that is preserved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preservation {
    /// Where it stands by messages alone.
    pub state: Hold,
    /// The date that is asked.
    pub asked_until: Option<i64>,
    /// The date until which it is held.
    pub held_until: Option<i64>,
    /// When it was first held, by the responder's clock.
    pub held_from: Option<i64>,
    /// When it ended otherwise than by its date: released, converted, lost.
    pub ended: Option<i64>,
}

impl Preservation {
    /// What a request of that type begins with.
    pub(super) fn asked(content: &Content) -> Option<Self> {
        (content.request_type == RequestType::Preservation).then(|| Self {
            state: Hold::Requested,
            asked_until: content.hold_until_seconds(),
            held_until: None,
            held_from: None,
            ended: None,
        })
    }

    /// Whether an event is about preserved data.
    pub(super) const fn takes(kind: Kind) -> bool {
        matches!(
            kind,
            Kind::Hold | Kind::Renew | Kind::Release | Kind::Convert | Kind::Lost
        )
    }

    pub(super) fn apply(
        &mut self,
        entry: &Entry,
        (kind, event): (Kind, &Event),
        side: Side,
    ) -> Result<(), Refusal> {
        let at = entry.message.sent_seconds();
        let role = entry.message.head().officer.role;
        let row = find(
            HOLD_TABLE,
            "preservation",
            self.state_at(at),
            (kind, side, role),
        )?;
        match event {
            Event::Hold { until } => {
                let date = ahead(kind, until, at)?;
                if self.held_until.is_some_and(|held| date < held) {
                    return Err(content_refusal(
                        kind,
                        "data that is held cannot be held for a shorter time",
                    ));
                }
                self.held_until = Some(date);
                self.held_from.get_or_insert(at);
            }
            Event::Renew { until } => self.asked_until = Some(ahead(kind, until, at)?),
            Event::Release { .. } | Event::Convert { .. } | Event::Lost { .. } => {
                self.ended = Some(at);
            }
            Event::Send(_)
            | Event::Acknowledge { .. }
            | Event::Return { .. }
            | Event::Supplement { .. }
            | Event::Accept { .. }
            | Event::Decline { .. }
            | Event::AskReferral { .. }
            | Event::Consent { .. }
            | Event::Refer { .. }
            | Event::Interim { .. }
            | Event::Extend { .. }
            | Event::Answer { .. }
            | Event::Feedback { .. }
            | Event::Reopen { .. }
            | Event::Withdraw { .. }
            | Event::Purged { .. }
            | Event::Confirm { .. }
            | Event::Dispute { .. }
            | Event::Settle { .. } => {
                return Err(content_refusal(kind, "is not about preserved data"));
            }
        }
        self.state = row.to.unwrap_or(self.state);
        Ok(())
    }

    /// Where it stands at a time.
    pub fn state_at(&self, now: i64) -> Hold {
        match (self.state, self.held_until) {
            (Hold::Held | Hold::Renewing, Some(until)) if now > until => Hold::Expired,
            (state, _) => state,
        }
    }

    /// How many of the warnings are due at a time: none, the first, both.
    pub fn warnings(&self, now: i64) -> usize {
        let Some(until) = self.held_until.filter(|until| now <= *until) else {
            return 0;
        };
        if !matches!(self.state, Hold::Held | Hold::Renewing) {
            return 0;
        }
        WARNINGS_SECONDS
            .iter()
            .filter(|before| now >= until - **before)
            .count()
    }

    pub(super) fn due(&self) -> Option<Due> {
        match (self.state, self.held_until) {
            (Hold::Held, Some(at)) => Some(Due {
                at,
                by: Side::Opener,
                what: "renew",
            }),
            (Hold::Renewing, Some(at)) => Some(Due {
                at,
                by: Side::Responder,
                what: "hold",
            }),
            _ => None,
        }
    }
}

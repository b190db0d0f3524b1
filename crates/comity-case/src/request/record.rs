//! What each event of a request needs besides its row, and what it leaves behind.
//!
//! In scope: conditions on what is said, and the fields that it fills. Out of scope: states and who may (`event`).

use super::event::{Event, Kind, State};
use super::terms::Terms;
use super::{Answer, Feedback, Pause, Request, content_refusal};
use crate::history::seconds;
use crate::message::Message;
use crate::table::Refusal;
use crate::thread::Entry;

impl Request {
    /// Whether what is said fits what was said before.
    pub(super) fn allow(
        &self,
        event: &Event,
        kind: Kind,
        message: &Message,
        terms: &Terms,
    ) -> Result<(), Refusal> {
        let no = |reason: &str| Err(content_refusal(kind, reason));
        let now = message.sent_seconds();
        match event {
            Event::Send(_) => no("a request is sent once; open another one"),
            Event::Return { fields, .. } if fields.is_empty() => {
                no("name the fields that are missing")
            }
            Event::Supplement { fields, .. } => {
                self.content
                    .supplemented(fields)
                    .map_err(|reason| content_refusal(kind, &reason))?;
                Ok(())
            }
            Event::Accept { expected, .. } | Event::Extend { expected, .. } => {
                match seconds(expected) {
                    Some(at) if at > now => Ok(()),
                    Some(_) => no("the expected date must lie ahead"),
                    None => no("the expected date must be a time such as 2026-12-01T00:00:00Z"),
                }
            }
            Event::Consent { to, .. } => match &self.referral {
                Some((asked, None)) if asked == to => Ok(()),
                _ => no("nobody asked whether the request may go there"),
            },
            Event::Refer { to, .. } => match &self.referral {
                Some((asked, Some(true))) if asked == to => Ok(()),
                _ => no("the requester has not consented; ask with ask-referral first"),
            },
            Event::Feedback { quality, .. } if !(1..=5).contains(quality) => {
                no("quality is 1 to 5")
            }
            Event::Feedback { .. } if self.feedback.is_some() => {
                no("the answer has feedback already")
            }
            Event::Reopen { .. } => self.may_reopen(kind, now, terms),
            Event::Purged { .. } if self.purged.is_some() => no("it was said already"),
            Event::Confirm { .. } if self.confirmed.is_some() => no("it was confirmed already"),
            Event::Dispute { message: named, .. } if !self.record.has(named) => no(
                "name a message of this request by its digest, as `comity request show` lists them",
            ),
            Event::Settle { message: named, .. }
                if !self
                    .record
                    .disputes
                    .contains(&(message.head().author.clone(), named.clone())) =>
            {
                no("this side does not dispute that message")
            }
            Event::Acknowledge { .. }
            | Event::Return { .. }
            | Event::Decline { .. }
            | Event::AskReferral { .. }
            | Event::Interim { .. }
            | Event::Answer { .. }
            | Event::Feedback { .. }
            | Event::Withdraw { .. }
            | Event::Purged { .. }
            | Event::Confirm { .. }
            | Event::Dispute { .. }
            | Event::Settle { .. }
            | Event::Hold { .. }
            | Event::Renew { .. }
            | Event::Release { .. }
            | Event::Convert { .. }
            | Event::Lost { .. } => Ok(()),
        }
    }

    fn may_reopen(&self, kind: Kind, now: i64, terms: &Terms) -> Result<(), Refusal> {
        let reason = match self.answers.as_slice() {
            [] => "there is no answer yet",
            [only] if now <= terms.calendar.end(only.received, terms.reopen) => return Ok(()),
            [_] => "the answer is more than thirty days old; send another request",
            [_, ..] => "a request is reopened once; send another request",
        };
        Err(content_refusal(kind, reason))
    }

    /// What an event leaves behind. Times of an act are its author's; times of notice are the other side's.
    pub(super) fn record(&mut self, entry: &Entry, event: Event) {
        let times = (entry.message.sent_seconds(), entry.at());
        let author = &entry.message.head().author;
        if let Event::Dispute { message, .. } = event {
            self.record.disputes.insert((author.clone(), message));
        } else if let Event::Settle { message, .. } = event {
            self.record.disputes.remove(&(author.clone(), message));
        } else if *author == self.responder {
            self.record_of_responder(times, event);
        } else {
            self.record_of_requester(times, event);
        }
        // Whatever the responder did, its node has the request, though the receipt may still be on its way.
        if self.state != State::Sent && self.delivered.is_none() && *author == self.responder {
            self.delivered = Some(times.0);
        }
    }

    fn record_of_responder(&mut self, (at, noticed): (i64, i64), event: Event) {
        match event {
            Event::Acknowledge { number, .. } => {
                self.acknowledged.get_or_insert((at, number));
            }
            Event::Return { fields, .. } => {
                // Whoever says what is missing has read it.
                self.acknowledged.get_or_insert((at, String::new()));
                self.pauses.push(Pause {
                    from: at,
                    noticed,
                    until: None,
                    fields,
                });
            }
            Event::Accept {
                scope,
                expected,
                note,
            } => {
                self.scope = Some(scope);
                self.accepted(at, seconds(&expected).map(|date| (date, note)));
            }
            Event::Decline { reason, note, .. } => {
                self.decided.get_or_insert(at);
                self.declined = Some((at, reason, note));
            }
            Event::AskReferral { to, .. } => self.referral = Some((to, None)),
            Event::Refer { .. } => {
                self.referred = Some(at);
                self.stop_working(at);
            }
            Event::Interim { .. } => self.reports.push(at),
            Event::Extend { expected, reason } => {
                self.reports.push(at);
                self.expected
                    .extend(seconds(&expected).map(|date| (date, reason)));
            }
            Event::Answer {
                scope,
                text,
                objects,
                evidence,
            } => {
                self.answered(Answer {
                    at,
                    received: noticed,
                    scope,
                    text,
                    objects,
                    evidence,
                });
            }
            Event::Purged { retained, .. } => self.purged = Some((at, retained)),
            Event::Send(_)
            | Event::Supplement { .. }
            | Event::Consent { .. }
            | Event::Feedback { .. }
            | Event::Reopen { .. }
            | Event::Withdraw { .. }
            | Event::Confirm { .. }
            | Event::Dispute { .. }
            | Event::Settle { .. }
            | Event::Hold { .. }
            | Event::Renew { .. }
            | Event::Release { .. }
            | Event::Convert { .. }
            | Event::Lost { .. } => {}
        }
    }

    fn record_of_requester(&mut self, (at, noticed): (i64, i64), event: Event) {
        match event {
            Event::Supplement { fields, .. } => {
                if let Ok(content) = self.content.supplemented(&fields) {
                    self.content = content;
                }
                if let Some(pause) = self.pauses.last_mut() {
                    pause.until = Some(noticed);
                }
            }
            Event::Consent { to, agreed } => self.referral = Some((to, Some(agreed))),
            Event::Feedback {
                useful,
                quality,
                acted,
                note,
            } => {
                self.feedback = Some(Feedback {
                    at,
                    useful,
                    quality,
                    acted,
                    note,
                });
            }
            Event::Reopen { .. } => {
                self.feedback = None;
                self.working.push((noticed, None));
                self.reports.push(noticed);
            }
            Event::Withdraw { .. } => {
                self.withdrawn = Some((at, noticed));
                self.stop_working(noticed);
            }
            Event::Confirm { reference } => self.confirmed = Some((at, reference)),
            Event::Send(_)
            | Event::Acknowledge { .. }
            | Event::Return { .. }
            | Event::Accept { .. }
            | Event::Decline { .. }
            | Event::AskReferral { .. }
            | Event::Refer { .. }
            | Event::Interim { .. }
            | Event::Extend { .. }
            | Event::Answer { .. }
            | Event::Purged { .. }
            | Event::Dispute { .. }
            | Event::Settle { .. }
            | Event::Hold { .. }
            | Event::Renew { .. }
            | Event::Release { .. }
            | Event::Convert { .. }
            | Event::Lost { .. } => {}
        }
    }

    fn accepted(&mut self, at: i64, expected: Option<(i64, String)>) {
        self.decided.get_or_insert(at);
        self.working.push((at, None));
        self.reports.push(at);
        self.expected.extend(expected);
    }

    fn answered(&mut self, answer: Answer) {
        self.stop_working(answer.at);
        self.reports.push(answer.at);
        self.answers.push(answer);
    }

    fn stop_working(&mut self, at: i64) {
        if let Some((_, until @ None)) = self.working.last_mut() {
            *until = Some(at);
        }
    }
}

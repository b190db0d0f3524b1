//! Mail that leaves, for people: lists, one mail with all that happened to it, sending it again now, taking it back.
//!
//! In scope: documents, and these two acts. Out of scope: the way out.
//! Limits: `PAGE_MAX` mails in a list.

use comity_store::state::Tx;
use comity_store::state::mail_out::{self as rows, MailOutFilter, MailOutRow, MailOutState};
use serde_json::{Value, json};

use super::command::PAGE_MAX;
use super::out::{OutError, RETRY_DAYS, note};
use crate::case::document::put;
use crate::exchange::command::at;
use crate::ledger::hex;
use crate::mail::MailError;
use crate::node::Node;

const DAY: i64 = 86_400 * 1_000_000;

impl Node {
    /// Mails that leave, the newest first, and what is amiss with the keys that they need. Counted are those that the account
    /// `seen_by` sees, or all.
    pub(crate) fn outgoing(
        &self,
        (state, party): (Option<&str>, Option<String>),
        (before, limit): (Option<&str>, u64),
        seen_by: Option<&str>,
    ) -> Result<Value, MailError> {
        let state = state
            .map(|word| MailOutState::parse(word).ok_or_else(|| OutError::State(word.to_owned())));
        let filter = MailOutFilter {
            state: state.transpose()?,
            party,
        };
        let (page, all) = self.inner.state.read(|tx| {
            let before = match before {
                Some(id) => Some(named(tx, id).map_err(|_| OutError::Place(id.to_owned()))?),
                None => None,
            };
            let place = before.as_ref().map(|row| (row.made, row.id.as_str()));
            let page = rows::list(tx, &filter, place, limit.clamp(1, PAGE_MAX))?;
            Ok::<_, MailError>((page, rows::count(tx, seen_by)?))
        })?;
        let counted = all
            .iter()
            .map(|(state, count)| (state.word().to_owned(), Value::from(*count)));
        Ok(json!({
            "mails": page.iter().map(|row| self.mail_line(row)).collect::<Vec<_>>(),
            "counts": counted.collect::<serde_json::Map<_, _>>(), "alarms": self.mail_key_alarms()?,
        }))
    }

    /// One mail with all that happened to it.
    pub(crate) fn outgoing_shown(&self, id: &str) -> Result<Value, MailError> {
        let (row, events) = self.inner.state.read(|tx| {
            let row = named(tx, id)?;
            let events = rows::events(tx, &row.id)?;
            Ok::<_, MailError>((row, events))
        })?;
        let mut shown = self.mail_line(&row);
        for (name, value) in [
            ("message_id", Value::from(row.message_id.as_str())),
            ("sha256", hex(&row.sha256).into()),
            ("size", row.size.into()),
            ("sender", row.sender.as_str().into()),
            ("reply_to", row.reply_to.as_deref().into()),
            ("thread", row.thread.as_deref().into()),
            ("answers", row.answers.as_deref().into()),
            ("host", row.host.as_deref().into()),
            ("tls", row.tls.as_deref().into()),
            ("verified", row.verified.as_deref().into()),
            ("answer", row.answer.as_deref().into()),
        ] {
            put(&mut shown, name, value);
        }
        let events = events
            .iter()
            .map(|one| json!({ "at": at(one.at), "event": one.event, "detail": one.detail }));
        put(&mut shown, "events", events.collect());
        Ok(shown)
    }

    /// Has a mail sent now that waits, failed or came back: the same bytes with the same identifier.
    pub(crate) fn retry_mail(&self, id: &str, officer: &str) -> Result<Value, MailError> {
        let now = self.clock().now();
        let row = self.inner.state.write(|tx| {
            let mut row = named(tx, id)?;
            let again = match row.state {
                MailOutState::Queued | MailOutState::Delayed => false,
                MailOutState::Failed | MailOutState::Bounced => true,
                MailOutState::Sending
                | MailOutState::Sent
                | MailOutState::Cancelled
                | MailOutState::Receipted => {
                    let state = row.state.word();
                    return Err(OutError::Stands {
                        state,
                        act: "retry",
                    }
                    .into());
                }
            };
            if now.saturating_sub(row.made) > RETRY_DAYS * DAY {
                return Err(OutError::TooOld.into());
            }
            if again {
                row.state = MailOutState::Queued;
                row.since = now;
            }
            row.next_attempt = now;
            row.changed = now;
            rows::change(tx, &row)?;
            note(tx, &row.id, now, ("retry", officer))?;
            Ok::<_, MailError>(row)
        })?;
        self.due().tell();
        Ok(self.mail_line(&row))
    }

    /// Takes back a mail that nobody took yet.
    pub(crate) fn cancel_mail(&self, id: &str, officer: &str) -> Result<Value, MailError> {
        let now = self.clock().now();
        let row = self.inner.state.write(|tx| {
            let mut row = named(tx, id)?;
            match row.state {
                MailOutState::Queued | MailOutState::Delayed => {}
                MailOutState::Sending
                | MailOutState::Sent
                | MailOutState::Failed
                | MailOutState::Bounced
                | MailOutState::Cancelled
                | MailOutState::Receipted => {
                    let (state, act) = (row.state.word(), "cancel");
                    return Err(OutError::Stands { state, act }.into());
                }
            }
            row.state = MailOutState::Cancelled;
            row.changed = now;
            rows::change(tx, &row)?;
            note(tx, &row.id, now, ("cancelled", officer))?;
            Ok::<_, MailError>(row)
        })?;
        Ok(self.mail_line(&row))
    }

    /// What a list tells of a mail.
    pub(crate) fn mail_line(&self, row: &MailOutRow) -> Value {
        let next = match row.state {
            MailOutState::Queued | MailOutState::Delayed => Some(at(row.next_attempt)),
            MailOutState::Sending
            | MailOutState::Sent
            | MailOutState::Failed
            | MailOutState::Bounced
            | MailOutState::Cancelled
            | MailOutState::Receipted => None,
        };
        let overdue = self.is_overdue(row);
        json!({
            "id": row.id, "made": at(row.made), "state": row.state.word(), "party": row.party, "to": row.recipient, "kind": row.kind,
            "subject": row.subject, "label": row.label, "protection": row.protection, "reason": row.reason, "attempts": row.attempts,
            "next_attempt": next, "sent": row.sent.map(at), "receipted": row.receipted.map(at),
            "receipt_level": row.receipt_level, "overdue": overdue, "officer": row.officer,
            "next": overdue.then_some("no receipt came: share by the node link, or call the party's hotline"),
        })
    }

    /// Whether a receipt should have come by now. Answers of programs get none.
    fn is_overdue(&self, row: &MailOutRow) -> bool {
        let expected = matches!(row.kind.as_str(), "letter" | "envelopes") && row.party.is_some();
        let since = match row.state {
            MailOutState::Sent => row.sent.unwrap_or(row.made),
            // Whatever holds it up, the party does not have it.
            MailOutState::Queued | MailOutState::Sending | MailOutState::Delayed => row.made,
            MailOutState::Failed
            | MailOutState::Bounced
            | MailOutState::Cancelled
            | MailOutState::Receipted => return false,
        };
        let waited = self.clock().now().saturating_sub(since);
        expected && waited > self.sending_terms().receipt_micros
    }
}

/// The mail whose number begins so.
fn named(tx: &mut dyn Tx, id: &str) -> Result<MailOutRow, MailError> {
    let found = if id.is_empty() {
        Vec::new()
    } else {
        rows::beginning(tx, id)?
    };
    match found.as_slice() {
        [] => Err(OutError::Unknown(id.to_owned()).into()),
        [row] => Ok(row.clone()),
        [..] => Err(OutError::Ambiguous(id.to_owned()).into()),
    }
}

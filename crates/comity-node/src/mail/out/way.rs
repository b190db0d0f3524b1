//! What the way out asks for and reports: which mails are due, claiming one, and what came of it.
//!
//! A mail is claimed in a transaction of its own before anything is said to another server, and what came of it is recorded after. Who
//! ends in between has claimed it for [`CLAIM_MICROS`] at most; then it is sent again, the same bytes with the same identifier, so that
//! the other side can tell.
//!
//! In scope: rows as the way out sees them, when a mail is tried again, when it is given up. Out of scope: SMTP
//! (`comity_transport::smtp::client`).

use comity_mail::sts::Policy;
use comity_store::state::mail_out::{self as rows, MailOutRow, MailOutState, StsRow};

use super::note;
use crate::mail::MailError;
use crate::node::Node;

/// How long a claim holds: longer than the longest conversation.
pub const CLAIM_MICROS: i64 = 30 * 60 * 1_000_000;
/// The longest pause between two tries: four hours.
const PAUSE_MICROS_MAX: i64 = 4 * 3_600 * 1_000_000;

/// A mail that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueMail {
    /// Its number.
    pub id: String,
    /// The domain that it goes to, in lower case.
    pub domain: String,
}

/// A mail that somebody claimed to send it.
#[derive(Clone, PartialEq, Eq)]
pub struct ClaimedMail {
    /// Its number.
    pub id: String,
    /// Which try this is, from 1.
    pub attempt: u64,
    /// MAIL FROM; empty for the null reverse-path.
    pub sender: String,
    /// RCPT TO.
    pub recipient: String,
    /// The mail.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for ClaimedMail {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = out.debug_struct("ClaimedMail");
        shown
            .field("id", &self.id)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

/// How sure it was who a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verified {
    /// Its certificate is for its name and comes from an authority that is trusted.
    Yes,
    /// It is not, or does not.
    No,
    /// Nothing protected the connection.
    NoTls,
}

impl Verified {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Yes => "verified",
            Self::No => "not verified",
            Self::NoTls => "no TLS",
        }
    }
}

/// What came of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tried {
    /// Another server took the mail.
    Taken {
        /// Which.
        host: String,
        /// The version of TLS.
        tls: Option<String>,
        /// How sure it was who that is.
        verified: Verified,
        /// What it said: its number for the mail, most often.
        answer: String,
    },
    /// Not now.
    Later(String),
    /// Never.
    Refused(String),
}

impl Node {
    /// Ends the claims of whoever sent mail from this store before: for a node that starts. Nodes that share a database end none
    /// of each other's.
    pub fn resume_sending(&self) -> Result<u64, MailError> {
        if self.inner.state.is_shared() {
            return Ok(0);
        }
        let now = self.clock().now();
        Ok(self.inner.state.write(|tx| rows::end_claims(tx, now))?)
    }

    /// Mails that are due, the longest due first.
    pub fn mail_due(&self, limit: u64) -> Result<Vec<DueMail>, MailError> {
        let now = self.clock().now();
        let rows = self.inner.state.read(|tx| rows::due(tx, now, limit))?;
        let due = |row: MailOutRow| DueMail {
            domain: domain_of(&row.recipient),
            id: row.id,
        };
        Ok(rows.into_iter().map(due).collect())
    }

    /// In how many microseconds the next mail is due; none: none waits.
    pub fn next_mail_due(&self) -> Result<Option<i64>, MailError> {
        let next = self.inner.state.read(rows::next_due)?;
        Ok(next.map(|at| at.saturating_sub(self.clock().now()).max(0)))
    }

    /// Claims a mail: from when this returns it is this caller's for [`CLAIM_MICROS`]. None: somebody else has it, or it is not due.
    pub fn claim_mail(&self, id: &str) -> Result<Option<ClaimedMail>, MailError> {
        let now = self.clock().now();
        let until = now.saturating_add(CLAIM_MICROS);
        self.inner.state.write(|tx| {
            let before = only(tx, id)?;
            if !rows::claim(tx, id, now, until)? {
                return Ok(None);
            }
            let (Some(before), Some(bytes)) = (before, rows::bytes(tx, id)?) else {
                return Ok(None);
            };
            if before.state == MailOutState::Sending {
                note(
                    tx,
                    id,
                    now,
                    (
                        "sent again",
                        "whoever sent it ended before it was known what came of it",
                    ),
                )?;
            }
            Ok(Some(ClaimedMail {
                id: before.id,
                attempt: before.attempts + 1,
                sender: before.sender,
                recipient: before.recipient,
                bytes,
            }))
        })
    }

    /// Records what came of a try.
    pub fn mail_tried(&self, mail: &ClaimedMail, tried: &Tried) -> Result<(), MailError> {
        let now = self.clock().now();
        let terms = self.sending_terms();
        let (first, give_up) = (terms.retry_micros, terms.give_up_micros);
        let settled = self.inner.state.write(|tx| {
            let Some(mut row) = only(tx, &mail.id)? else {
                return Ok::<_, MailError>(None);
            };
            // A claim that ended is somebody else's; a bounce or a receipt says more than the conversation.
            let ours = row.state == MailOutState::Sending && row.attempts == mail.attempt;
            row.changed = now;
            let (event, said) = match tried {
                Tried::Taken { answer, .. } => {
                    taken(&mut row, tried, now);
                    if ours {
                        row.state = MailOutState::Sent;
                        row.reason = None;
                    }
                    ("taken", answer.clone())
                }
                Tried::Later(why) if !ours => ("not taken", why.clone()),
                Tried::Later(why) if now.saturating_sub(row.since) >= give_up => {
                    row.state = MailOutState::Failed;
                    row.reason = Some(format!("given up after {} tries: {why}", row.attempts));
                    ("given up", why.clone())
                }
                Tried::Later(why) => {
                    row.state = MailOutState::Delayed;
                    row.reason = Some(why.clone());
                    row.next_attempt = now.saturating_add(pause(first, row.attempts));
                    ("delayed", why.clone())
                }
                Tried::Refused(why) => {
                    if ours {
                        row.state = MailOutState::Failed;
                        row.reason = Some(why.clone());
                    }
                    ("refused", why.clone())
                }
            };
            rows::change(tx, &row)?;
            note(tx, &row.id, now, (event, &said))?;
            Ok(Some((row.state, said)))
        })?;
        if let Some((state, said)) = settled {
            let (mail, state) = (&mail.id, state.word());
            match tried {
                Tried::Taken { host, .. } => tracing::info!(%mail, state, host, "mail taken"),
                Tried::Later(_) | Tried::Refused(_) => {
                    tracing::warn!(%mail, state, reason = said, "mail not taken");
                }
            }
        }
        Ok(())
    }

    /// The policy of MTA-STS that is known of a domain and holds, with what the domain's record called it.
    pub fn sts_known(&self, domain: &str) -> Result<Option<(String, Policy)>, MailError> {
        let now = self.clock().now();
        let row = self.inner.state.read(|tx| rows::sts(tx, domain))?;
        let row = row.filter(|row| row.expires > now);
        Ok(row.and_then(|row| Some((row.record_id, Policy::read(&row.policy).ok()?))))
    }

    /// Keeps a policy that was read now.
    pub fn sts_read(
        &self,
        domain: &str,
        record_id: &str,
        policy: &Policy,
    ) -> Result<(), MailError> {
        let now = self.clock().now();
        let seconds = i64::from(policy.max_age_seconds);
        let row = StsRow {
            domain: domain.to_owned(),
            record_id: record_id.to_owned(),
            policy: policy.to_string(),
            fetched: now,
            expires: now.saturating_add(seconds.saturating_mul(1_000_000)),
        };
        Ok(self.inner.state.write(|tx| rows::keep_sts(tx, &row))?)
    }
}

/// The domain of an address, in lower case.
fn domain_of(address: &str) -> String {
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    domain.to_ascii_lowercase()
}

/// The mail of exactly this number.
pub(crate) fn only(
    tx: &mut dyn comity_store::state::Tx,
    id: &str,
) -> Result<Option<MailOutRow>, MailError> {
    let found = rows::beginning(tx, id)?;
    Ok(found.into_iter().find(|row| row.id == id))
}

/// How long a mail waits after so many tries: twice as long each time.
fn pause(first: i64, attempts: u64) -> i64 {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
    let factor = 2_i64.checked_pow(doublings.min(40)).unwrap_or(i64::MAX);
    first
        .saturating_mul(factor)
        .min(PAUSE_MICROS_MAX.max(first))
}

fn taken(row: &mut MailOutRow, tried: &Tried, now: i64) {
    if let Tried::Taken {
        host,
        tls,
        verified,
        answer,
    } = tried
    {
        row.sent = Some(now);
        row.host = Some(host.clone());
        row.tls.clone_from(tls);
        row.verified = Some(verified.word().to_owned());
        row.answer = Some(answer.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end_at_four_hours() {
        let minute = 60 * 1_000_000;
        let pauses: Vec<i64> = (1..=10).map(|n| pause(minute, n) / minute).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 240, 240]);
        assert_eq!(pause(minute, u64::MAX), PAUSE_MICROS_MAX);
    }
}

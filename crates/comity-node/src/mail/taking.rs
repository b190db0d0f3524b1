//! Taking in: what becomes of a mail after it was kept.
//!
//! ```text
//! kept ── guard ──> refused, quarantined
//!          └─ SPF, DKIM, DMARC, ARC (comity-transport) ── opened, on a thread of its own ── how sure is it who sent it
//!              ├─ DNS is silent, and its word would count: later
//!              ├─ the address is another party's, or not for this: quarantined
//!              ├─ it came before: duplicate
//!              └─ each thing in it by the table: taken, proposed, settled, shown, not understood ── answered once
//! ```
//!
//! What enters the store of objects, and envelopes, enter before the mail is settled, and enter again without effect where the node
//! ended in between. Everything else (what the mail came to, proposals, receipts, the answer, the state) is one transaction.
//!
//! In scope: the order of these steps, and when a mail is tried again. Out of scope: asking DNS (`comity-transport`), what may
//! follow (`table`).
//! Limits: [`PAUSES`], [`BEGUN_MAX`].

mod acting;
mod answer;
mod judging;
mod leaks;
mod objects;
mod opened;
mod parties;
mod proposal;
pub(super) mod record;
mod table;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;

use comity_mail::assurance::Level;
use comity_mail::authentication::{Alignment, Authentication};
use comity_mail::guard::{GuardLimits, Verdict, guard};
use comity_mail::token::Purpose;
use comity_store::attachment::AttachmentName;
use comity_store::state::judged::{self as rows, TryRow};
use comity_store::state::mail::{self, MailRow, MailState};

use crate::case::CaseError;
use crate::intake::IntakeError;
use crate::mail::MailError;
use crate::node::Node;
use judging::{To, recipients_of};
use opened::{NotOpened, unfold};
use table::At;

/// The pauses before a mail is tried again whose sender's DNS does not answer, in seconds; behind the last one it is judged with what
/// is known. In all about nine hours.
pub const PAUSES: [i64; 7] = [15, 60, 300, 900, 3_600, 7_200, 21_600];
/// How often a mail is begun without an end before it is set aside: what ends the program would end it for ever.
pub const BEGUN_MAX: u64 = 3;
/// Mails that are looked at in search of those whose bytes are on this node.
const LOOKED_AT_MAX: usize = 2_000;
const PAGE: u64 = 200;

/// Why something about taking in cannot be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TakingError {
    /// No proposal has that number.
    #[error("no proposal begins with {0:?}")]
    Unknown(String),
    /// Several do.
    #[error("more than one proposal begins with {0:?}")]
    Ambiguous(String),
    /// It was settled.
    #[error("the proposal is {0} already")]
    Settled(&'static str),
    /// Another state is needed.
    #[error("the mail is {0}: it is not judged anew")]
    NotAnew(&'static str),
    /// What the mail carried is not what was proposed any more.
    #[error("the mail no longer opens to what was proposed ({0})")]
    NotTheSame(String),
    /// A thread or an item of evidence.
    #[error(transparent)]
    Case(CaseError),
    /// Objects.
    #[error(transparent)]
    Intake(IntakeError),
}

/// A mail that was begun: what the network is asked about it.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Its number.
    pub id: String,
    /// Its bytes, as they came.
    pub raw: Arc<Vec<u8>>,
    /// Where it came from by SMTP; none: over LMTP, where the client is the mail server in front.
    pub client: Option<IpAddr>,
    /// What the client called itself.
    pub greeting: String,
    /// MAIL FROM; empty for the null reverse-path.
    pub sender: String,
}

/// How a try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The mail is settled.
    Done,
    /// It is tried again later.
    Later,
}

impl Node {
    /// The mails that wait to be taken in, are due, and whose bytes are here, the oldest first.
    pub fn mails_to_take(&self, limit: usize) -> Result<Vec<String>, MailError> {
        let now = self.clock().now();
        let mut after = (i64::MIN, String::new());
        let (mut due, mut looked_at) = (Vec::new(), 0);
        while due.len() < limit && looked_at < LOOKED_AT_MAX {
            let place = (after.0, after.1.as_str());
            let page = self
                .inner
                .state
                .read(|tx| rows::waiting(tx, now, place, PAGE))?;
            let Some(last) = page.last() else { break };
            after = (last.received, last.id.clone());
            looked_at += page.len();
            for row in page {
                // Nodes that share a database keep the files of what each received.
                let here = self.inner.mail.read(&AttachmentName::of(row.sha256))?;
                if here.is_some() && due.len() < limit {
                    due.push(row.id);
                }
            }
        }
        Ok(due)
    }

    /// Begins to take a mail in: the guard looks at it. None: it is settled already, by the guard or by somebody else.
    pub fn begin_mail(&self, id: &str) -> Result<Option<Begun>, MailError> {
        let Some(row) = self.waiting_row(id)? else {
            return Ok(None);
        };
        let begun = self.inner.state.write(|tx| {
            let mut tried = rows::tried(tx, id)?;
            tried.begun += 1;
            rows::set_tried(tx, id, &tried)?;
            Ok::<_, MailError>(tried.begun)
        })?;
        if begun > BEGUN_MAX {
            let reason = format!(
                "reading it ended the program or this part of it {BEGUN_MAX} times; look at `comity mail raw`"
            );
            self.settle_mail(&row, MailState::Quarantined, &reason)?;
            return Ok(None);
        }
        let raw = match self.mail_bytes(&row) {
            Ok(raw) => raw,
            Err(MailError::Changed(_)) => {
                let reason = "its bytes on the disk are no longer those that came";
                self.settle_mail(&row, MailState::Quarantined, reason)?;
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let recipients = self.inner.state.read(|tx| recipients_of(tx, id))?;
        match guard(&raw, &limits(&recipients)) {
            Verdict::Pass => {}
            Verdict::Quarantine(fault) => {
                self.settle_mail(&row, MailState::Quarantined, &fault.to_string())?;
                return Ok(None);
            }
            Verdict::Refuse(refusal) => {
                self.settle_mail(&row, MailState::Refused, &refusal.to_string())?;
                return Ok(None);
            }
        }
        let client = row.client.as_deref().filter(|_| row.protocol == "smtp");
        Ok(Some(Begun {
            id: row.id,
            raw: Arc::new(raw),
            client: client.and_then(|client| client.parse().ok()),
            greeting: row.helo.unwrap_or_default(),
            sender: row.sender.unwrap_or_default(),
        }))
    }

    /// Takes a mail in that was begun, with what the network said of it.
    pub fn take_mail(
        &self,
        begun: &Begun,
        authentication: &Authentication,
    ) -> Result<Ended, MailError> {
        let Some(row) = self.waiting_row(&begun.id)? else {
            return Ok(Ended::Done);
        };
        let (keyring, writers) = self.keyring()?;
        let now = keyring.now;
        let unfolded = match unfold(Arc::clone(&begun.raw), keyring) {
            Ok(unfolded) => unfolded,
            Err(NotOpened::Later(why)) => {
                tracing::info!(mail = %row.id, why, "mail not opened now");
                self.put_off(&row.id)?;
                return Ok(Ended::Later);
            }
            Err(NotOpened::Broken(why)) => {
                self.settle_mail(&row, MailState::Quarantined, &why)?;
                return Ok(Ended::Done);
            }
        };
        let judged = self.judge(row, unfolded, authentication, &writers)?;
        let domain = judged.unfolded.outer.from.domain();
        let silent = authentication.alignment(&domain, now) == Alignment::Unknown;
        if silent && judged.assurance.level < Level::L3 && self.put_off(&judged.row.id)? {
            return Ok(Ended::Later);
        }
        self.settle_judged(&judged, authentication)?;
        Ok(Ended::Done)
    }

    /// A mail could not be taken in for a reason that lies with this node: it is tried again, and set aside at last.
    pub fn mail_failed(&self, id: &str, why: &str) -> Result<(), MailError> {
        if self.put_off(id)? {
            return Ok(());
        }
        if let Some(row) = self.waiting_row(id)? {
            let reason = format!("it could not be taken in: {why}; then `comity mail again`");
            self.settle_mail(&row, MailState::Quarantined, &reason)?;
        }
        Ok(())
    }

    /// Puts a mail off; `false` where it was put off as often as may be.
    fn put_off(&self, id: &str) -> Result<bool, MailError> {
        let now = self.clock().now();
        self.inner.state.write(|tx| {
            let tried = rows::tried(tx, id)?;
            let pause = usize::try_from(tried.pauses)
                .ok()
                .and_then(|at| PAUSES.get(at));
            let Some(pause) = pause.or(PAUSES.last()) else {
                return Ok(false);
            };
            let more = tried.pauses < u64::try_from(PAUSES.len()).unwrap_or(0);
            let row = TryRow {
                // What was put off in order ended in order.
                begun: 0,
                pauses: tried.pauses.saturating_add(1),
                due: now.saturating_add(pause.saturating_mul(1_000_000)),
            };
            rows::set_tried(tx, id, &row)?;
            Ok(more)
        })
    }

    /// The row of a mail that still waits.
    fn waiting_row(&self, id: &str) -> Result<Option<MailRow>, MailError> {
        let row = self.inner.state.read(|tx| mail::find(tx, id))?;
        Ok(row.filter(|row| row.state == MailState::Received))
    }

    /// Settles a mail of which nothing was read.
    fn settle_mail(&self, row: &MailRow, state: MailState, reason: &str) -> Result<(), MailError> {
        let now = self.clock().now();
        self.inner.state.write(|tx| {
            let current = mail::find(tx, &row.id)?;
            if current.is_some_and(|row| row.state == MailState::Received) {
                mail::set_state(tx, &row.id, (state, Some(reason)), now)?;
                rows::forget_tries(tx, &row.id)?;
            }
            Ok::<_, MailError>(())
        })?;
        tracing::info!(mail = %row.id, state = state.word(), reason, "mail not taken in");
        Ok(())
    }
}

/// What the guard lets pass at these addresses.
fn limits(recipients: &[To]) -> GuardLimits {
    let short = |to: &To| to.at == At::Given(Purpose::Ping);
    if !recipients.is_empty() && recipients.iter().all(short) {
        GuardLimits::SHORT
    } else {
        GuardLimits::EXCHANGE
    }
}

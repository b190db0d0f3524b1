//! What a mail would do, and a person confirms: once, and with who it was on record.
//!
//! A proposal holds no content. Whoever confirms it has the mail opened again, and what is found there must be what was proposed, by its
//! digest.
//!
//! In scope: making, confirming and dismissing them; judging a mail anew. Out of scope: what may be proposed (`table`).
//! Limits: [`TEXT_CHARACTERS_MAX`] of a note.

use std::sync::Arc;

use comity_accord::digest::Digest;
use comity_case::history::stamp;
use comity_case::message::Role;
use comity_mail::carried::{Carried, What};
use comity_mail::token::Purpose;
use comity_stix::marking::Tlp;
use comity_store::state::Tx;
use comity_store::state::judged::{self as rows, ProposalRow, ProposalState};
use comity_store::state::mail::{self, MailState};
use comity_store::state::thread::{self as threads, NoteRow};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::TakingError;
use super::acting::Deed;
use super::judging::{Judged, To};
use super::objects::{self, From};
use super::opened::{NotOpened, Unfolded, unfold};
use super::record::proposal as document;
use super::table::{At, Kind};
use crate::case::CaseError;
use crate::case::evidence::Facts;
use crate::case::threads::Acting;
use crate::clock::new_uuid;
use crate::mail::MailError;
use crate::node::Node;

/// Of words so much becomes a note; the rest is in the mail.
const TEXT_CHARACTERS_MAX: usize = 20_000;
/// Values that are shown of a proposal.
const VALUES_MAX: usize = 50;

/// What is proposed, by its word.
const OBJECTS: &str = "objects";
const NOTE: &str = "note";
const EVIDENCE: &str = "evidence";

/// With what.
#[derive(Debug, Serialize, Deserialize)]
struct Detail {
    /// What it is, in a word.
    what: String,
    /// Its name in the mail.
    name: String,
    /// From which party it would be.
    party: String,
    /// The digest of its bytes.
    sha256: String,
    /// The thread that a note is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    thread: Option<String>,
    /// Under which label.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    /// Values in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    values: Vec<String>,
}

impl Node {
    /// Proposes something; `false` where there is nothing to propose, or a person said already what becomes of it.
    pub(super) fn propose(
        &self,
        tx: &mut dyn Tx,
        judged: &Judged,
        (place, one): (usize, &Carried),
        deed: &mut Deed,
    ) -> Result<bool, MailError> {
        let (Some(to), Some(writer)) = (judged.to.get(deed.to), &judged.writer) else {
            return Ok(false);
        };
        let Some(kind) = kind_of(to, deed.kind) else {
            return Ok(false);
        };
        let place = u64::try_from(place).unwrap_or(u64::MAX);
        let before = rows::proposals(tx, &judged.row.id)?;
        let mut settled = before.iter().filter(|row| row.place == place);
        if let Some(row) = settled.find(|row| row.state != ProposalState::Replaced) {
            deed.outcome = format!("{} before", row.state.word());
            return Ok(false);
        }
        let values = if let What::Prose { values } = &one.what {
            values.as_slice()
        } else {
            &[]
        };
        let values = values.iter().take(VALUES_MAX);
        let label = judged.unfolded.opened.content.tlp;
        let detail = Detail {
            what: deed.what.to_owned(),
            name: deed.name.clone(),
            party: writer.id.clone(),
            sha256: Digest::of(judged.unfolded.bytes(one)).to_string(),
            thread: to.thread().filter(|_| kind == NOTE).map(ToOwned::to_owned),
            label: label.map(|label| label.to_string()),
            values: values.map(|value| value.value.clone()).collect(),
        };
        let row = ProposalRow {
            id: new_uuid().to_string(),
            mail: judged.row.id.clone(),
            place,
            kind: kind.to_owned(),
            detail: serde_json::to_string(&detail).unwrap_or_default(),
            state: ProposalState::Waits,
            outcome: None,
            officer: None,
            role: None,
            proposed: self.clock().now(),
            settled: None,
        };
        rows::propose(tx, &row)?;
        deed.outcome = match &detail.thread {
            Some(thread) => format!("as a note of {thread}; `comity mail confirm {}`", row.id),
            None => format!("as {kind}; `comity mail confirm {}`", row.id),
        };
        Ok(true)
    }

    /// Does what was proposed.
    pub(crate) fn confirm_proposal(&self, id: &str, acting: &Acting) -> Result<Value, MailError> {
        let row = self.proposal_named(id)?;
        let role = role_of(acting)?;
        let detail = detail_of(&row)?;
        let mail = self.mail_row(&row.mail)?;
        let bytes_of = |unfolded: &Unfolded| {
            let place = usize::try_from(row.place).ok();
            let one = place
                .and_then(|place| unfolded.carried.get(place))
                .cloned()?;
            let bytes = unfolded.bytes(&one).to_vec();
            (Digest::of(&bytes).to_string() == detail.sha256).then_some((one, bytes))
        };
        let unfolded = self.unfolded(self.mail_bytes(&mail)?)?;
        let not = || TakingError::NotTheSame(detail.name.clone());
        let (one, bytes) = bytes_of(&unfolded).ok_or_else(not)?;
        let label = detail.label.as_deref().and_then(Tlp::parse);
        let outcome = match row.kind.as_str() {
            OBJECTS => {
                let from = From {
                    party: &detail.party,
                    label,
                    received: mail.received,
                };
                let found = objects::found(&one.what, &bytes, &from);
                self.take_mailed(found, &from)?.here
            }
            EVIDENCE => self.confirm_evidence((&row, &detail), (&bytes, mail.received), acting)?,
            _ => detail.thread.clone().unwrap_or_default(),
        };
        let now = self.clock().now();
        self.inner.state.write(|tx| {
            let state = (ProposalState::Confirmed, outcome.as_str());
            if !rows::settle(tx, &row.id, state, (&acting.officer, role), now)? {
                return Err(settled(tx, &row.id)?);
            }
            if let (NOTE, Some(thread)) = (row.kind.as_str(), &detail.thread) {
                // The note has the number of its proposal: there is one, whatever happens.
                let note = NoteRow {
                    id: row.id.clone(),
                    thread: thread.clone(),
                    officer: acting.officer.clone(),
                    event: "note".to_owned(),
                    body: note_of(&detail, &mail.id, &bytes),
                    recorded: now,
                };
                threads::add_note(tx, &note)?;
            }
            Ok::<_, MailError>(())
        })?;
        self.due().tell();
        self.proposal_shown(&row.id)
    }

    fn confirm_evidence(
        &self,
        (row, detail): (&ProposalRow, &Detail),
        (bytes, received): (&[u8], i64),
        acting: &Acting,
    ) -> Result<String, MailError> {
        let number = Uuid::parse_str(&row.id).map_err(|_| TakingError::Unknown(row.id.clone()))?;
        let id = format!("evidence--{}", number.hyphenated());
        let known = self
            .inner
            .state
            .read(|tx| comity_store::state::evidence::find(tx, &id))?;
        if known.is_some() {
            return Ok(id);
        }
        let facts = Facts {
            media_type: "application/zip".to_owned(),
            acquired_at: stamp(received.div_euclid(1_000_000)),
            acquired_by: acting.officer.clone(),
            acquired_how: format!("by mail {}, as {}", row.mail, detail.name),
            tool: "comity mail".to_owned(),
            source: detail.party.clone(),
            legal_basis: String::new(),
            label: detail
                .label
                .clone()
                .unwrap_or_else(|| Tlp::AmberStrict.to_string()),
            seal: None,
            sample: true,
            derived: None,
        };
        let taken = self.add_item(&number, || Ok(bytes), &facts, acting)?;
        Ok(taken.row.id)
    }

    /// Does not do what was proposed.
    pub(crate) fn dismiss_proposal(
        &self,
        id: &str,
        reason: &str,
        acting: &Acting,
    ) -> Result<Value, MailError> {
        let row = self.proposal_named(id)?;
        let role = role_of(acting)?;
        let now = self.clock().now();
        self.inner.state.write(|tx| {
            let state = (ProposalState::Dismissed, reason);
            if rows::settle(tx, &row.id, state, (&acting.officer, role), now)? {
                Ok::<_, MailError>(())
            } else {
                Err(settled(tx, &row.id)?)
            }
        })?;
        self.proposal_shown(&row.id)
    }

    /// Has a mail judged anew: a certificate was registered since, or an accord made. What persons said of it stays.
    pub(crate) fn judge_again(&self, id: &str) -> Result<Value, MailError> {
        let row = self.mail_row(id)?;
        let now = self.clock().now();
        self.inner.state.write(|tx| {
            let current = mail::find(tx, &row.id)?.map_or(row.state, |row| row.state);
            match current {
                MailState::Quarantined | MailState::Refused | MailState::Taken => {}
                MailState::Received | MailState::Duplicate | MailState::Found => {
                    return Err(TakingError::NotAnew(current.word()).into());
                }
            }
            for one in rows::proposals(tx, &row.id)? {
                let state = (ProposalState::Replaced, "the mail was judged anew");
                rows::settle(tx, &one.id, state, ("node", Role::Node.word()), now)?;
            }
            rows::forget_tries(tx, &row.id)?;
            mail::set_state(tx, &row.id, (MailState::Received, None), now)?;
            Ok::<_, MailError>(())
        })?;
        self.due().tell();
        self.mail_shown(&row.id)
    }

    /// Opens a mail again that was let in before.
    fn unfolded(&self, raw: Vec<u8>) -> Result<Unfolded, MailError> {
        let (keyring, _) = self.keyring()?;
        unfold(Arc::new(raw), keyring).map_err(|error| match error {
            NotOpened::Later(why) | NotOpened::Broken(why) => TakingError::NotTheSame(why).into(),
        })
    }

    fn proposal_named(&self, id: &str) -> Result<ProposalRow, MailError> {
        let found = if id.is_empty() {
            Vec::new()
        } else {
            self.inner
                .state
                .read(|tx| rows::proposals_beginning(tx, id))?
        };
        match found.as_slice() {
            [] => Err(TakingError::Unknown(id.to_owned()).into()),
            [row] if row.state == ProposalState::Waits => Ok(row.clone()),
            [row] => Err(TakingError::Settled(row.state.word()).into()),
            [..] => Err(TakingError::Ambiguous(id.to_owned()).into()),
        }
    }

    /// The mail that proposes something, by the beginning of the proposal's number.
    pub(crate) fn mail_of_proposal(&self, id: &str) -> Result<Value, MailError> {
        let found = self
            .inner
            .state
            .read(|tx| rows::proposals_beginning(tx, id))?;
        let row = found.first();
        let row = row.ok_or_else(|| TakingError::Unknown(id.to_owned()))?;
        self.mail_shown(&row.mail)
    }

    fn proposal_shown(&self, id: &str) -> Result<Value, MailError> {
        let found = self
            .inner
            .state
            .read(|tx| rows::proposals_beginning(tx, id))?;
        let row = found.first();
        Ok(document(
            row.ok_or_else(|| TakingError::Unknown(id.to_owned()))?,
        ))
    }
}

/// What is proposed, by its word. At an address for exercises nothing becomes an object or an item.
fn kind_of(to: &To, kind: Kind) -> Option<&'static str> {
    let exercise = to.at == At::Given(Purpose::Exercise);
    let lists = matches!(to.at, At::Open | At::Given(Purpose::Reports));
    match kind {
        Kind::Objects | Kind::Abuse if !exercise => Some(OBJECTS),
        Kind::Sample | Kind::Archive if !exercise => Some(EVIDENCE),
        Kind::Values if !exercise && (lists || to.thread().is_none()) => Some(OBJECTS),
        Kind::Words | Kind::Values if to.thread().is_some() => Some(NOTE),
        Kind::Objects
        | Kind::Abuse
        | Kind::Sample
        | Kind::Archive
        | Kind::Words
        | Kind::Values
        | Kind::Envelopes
        | Kind::Receipt
        | Kind::Delivery
        | Kind::Notice
        | Kind::Number
        | Kind::Keys
        | Kind::Closed
        | Kind::Strange => None,
    }
}

fn note_of(detail: &Detail, mail: &str, bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text: String = text.trim().chars().take(TEXT_CHARACTERS_MAX).collect();
    format!("By mail from {} ({mail}):\n\n{text}", detail.party)
}

fn detail_of(row: &ProposalRow) -> Result<Detail, MailError> {
    let unread = |error: serde_json::Error| comity_store::error::StoreError::Row {
        table: "mail_proposal",
        what: error.to_string(),
    };
    Ok(serde_json::from_str(&row.detail).map_err(unread)?)
}

fn role_of(acting: &Acting) -> Result<&'static str, MailError> {
    let role = Role::parse(&acting.role).filter(|role| *role != Role::Node);
    let role = role.ok_or_else(|| CaseError::Role(acting.role.clone()))?;
    Ok(role.word())
}

/// The refusal of a proposal that is settled.
fn settled(tx: &mut dyn Tx, id: &str) -> Result<MailError, MailError> {
    let found = rows::proposals_beginning(tx, id)?;
    let state = found
        .first()
        .map_or(ProposalState::Replaced, |row| row.state);
    Ok(TakingError::Settled(state.word()).into())
}

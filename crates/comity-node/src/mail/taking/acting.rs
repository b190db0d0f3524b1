//! Doing what the table lets a mail do, and settling it.
//!
//! Objects and envelopes enter first: both are known again by what they are, so a node that ended in between lets them enter once more
//! without effect. What is left is one transaction, and happens only while the mail still waits.
//!
//! In scope: one function for each kind. Out of scope: deciding (`judging`, `table`), the words of the answer (`answer`).

use comity_accord::digest::Digest;
use comity_accord::party::PartyName;
use comity_case::address::statement::SignedMail;
use comity_link::file::{join, read as read_part};
use comity_mail::assurance::Level;
use comity_mail::authentication::Authentication;
use comity_mail::carried::{Carried, What};
use comity_store::error::chain;
use comity_store::state::Tx;
use comity_store::state::address as addresses;
use comity_store::state::judged::{self as rows, JudgedRow};
use comity_store::state::mail::{self, MailState};
use comity_store::state::thread as threads;
use serde_json::{Value, json};

use super::judging::{Judged, To, is_new, marks};
use super::objects::{self, From};
use super::parties::Writer;
use super::record;
use super::table::{Act, Kind, act};
use crate::ledger::hex;
use crate::mail::MailError;
use crate::mail::said::{persons, told};
use crate::node::Node;

/// The longest reason that a row keeps, in characters.
const REASON_CHARACTERS_MAX: usize = 500;

/// What became of something that a mail carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Deed {
    pub(super) kind: Kind,
    pub(super) act: Act,
    /// An index of [`Judged::to`].
    pub(super) to: usize,
    /// What it is, in a word.
    pub(super) what: &'static str,
    /// Its name in the mail.
    pub(super) name: String,
    /// What it came to, in words.
    pub(super) outcome: String,
    /// The same for the sender, where that is another one.
    pub(super) there: Option<String>,
}

/// All that became of a mail.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) deeds: Vec<Deed>,
    /// The same mail came before.
    pub(super) duplicate: bool,
    /// What goes back to the party's node: a batch of the link.
    pub(super) batch: Vec<u8>,
    pub(super) state: MailState,
    pub(super) reason: Option<String>,
}

impl Node {
    /// Does what a mail may do, and settles it.
    pub(super) fn settle_judged(
        &self,
        judged: &Judged,
        authentication: &Authentication,
    ) -> Result<(), MailError> {
        let (entered, batch) = self.let_in(judged)?;
        let now = self.clock().now();
        let settled = self.inner.state.write(|tx| {
            let current = mail::find(tx, &judged.row.id)?;
            if current.is_none_or(|row| row.state != MailState::Received) {
                return Ok::<_, MailError>(None);
            }
            let mut deeds = entered.clone();
            // Two copies of a mail may be on their way at one time.
            let duplicate = judged.duplicate || came_meanwhile(tx, judged)?;
            if !duplicate && judged.aside().is_none() {
                self.settle_inside(tx, judged, &mut deeds)?;
                if judged.assurance.level > Level::L0 {
                    see(tx, judged, now)?;
                }
            }
            let (state, reason) = outcome(judged, duplicate, &deeds);
            let telling = Done {
                deeds,
                duplicate,
                batch: batch.clone(),
                state,
                reason,
            };
            let answer = self.answer(tx, judged, &telling)?;
            let row = row(judged, &telling, (authentication, answer), now);
            rows::put(tx, &row)?;
            let reason = telling.reason.as_deref();
            mail::set_state(tx, &judged.row.id, (state, reason), now)?;
            rows::forget_tries(tx, &judged.row.id)?;
            Ok(Some(telling.state))
        })?;
        if let Some(state) = settled {
            let (id, assurance) = (&judged.row.id, &judged.assurance);
            let (level, party) = (assurance.level.word(), &assurance.party);
            tracing::info!(mail = %id, level, party, state = state.word(), "mail taken in");
            if assurance.address_leaked {
                tracing::warn!(mail = %id, party, "mail to an address that was given to another party");
            }
        }
        self.due().tell();
        Ok(())
    }

    /// Lets objects, envelopes and numbers enter.
    /// Answers what became of each thing, and the batch of the link that goes back.
    pub(super) fn let_in(&self, judged: &Judged) -> Result<(Vec<Deed>, Vec<u8>), MailError> {
        let (mut deeds, mut back) = (Vec::new(), Vec::new());
        let still = judged.duplicate || judged.aside().is_some();
        let mut envelopes = (!still)
            .then(|| self.envelopes(judged))
            .transpose()?
            .flatten();
        for (planned, one) in judged.planned.iter().zip(&judged.unfolded.carried) {
            let mut deed = Deed {
                kind: planned.kind,
                act: planned.act,
                to: planned.to,
                what: told(&one.what).0,
                name: judged.unfolded.name(one),
                outcome: String::new(),
                there: None,
            };
            if still {
                if !matches!(deed.act, Act::Aside | Act::Tell) {
                    deed.act = Act::Show;
                }
                deeds.push(deed);
                continue;
            }
            match (planned.kind, planned.act) {
                (Kind::Objects | Kind::Abuse, Act::Take) => {
                    self.enter_objects(judged, one, &mut deed)?;
                }
                (Kind::Envelopes, Act::Take) => match envelopes.take() {
                    Some((outcome, batch)) => {
                        deed.outcome = outcome;
                        back = batch;
                    }
                    None => "with the part before".clone_into(&mut deed.outcome),
                },
                (Kind::Words | Kind::Values, _) => self.enter_number(judged, one, &mut deed)?,
                (_, _) => {}
            }
            if let What::NotUnderstood(reason) = &one.what {
                deed.outcome = reason.to_string();
            }
            deeds.push(deed);
        }
        Ok((deeds, back))
    }

    fn enter_objects(
        &self,
        judged: &Judged,
        one: &Carried,
        deed: &mut Deed,
    ) -> Result<(), MailError> {
        let Some(writer) = &judged.writer else {
            deed.act = Act::Show;
            return Ok(());
        };
        let from = From {
            party: &writer.id,
            label: judged.unfolded.opened.content.tlp,
            received: judged.row.received,
        };
        let found = objects::found(&one.what, judged.unfolded.bytes(one), &from);
        let entered = self.take_mailed(found, &from)?;
        (deed.outcome, deed.there) = (entered.here, Some(entered.there));
        Ok(())
    }

    /// Takes the parts of `.comity` files of a mail together; what it came to, and what goes back.
    fn envelopes(&self, judged: &Judged) -> Result<Option<(String, Vec<u8>)>, MailError> {
        let mut wholes: Vec<Vec<_>> = Vec::new();
        let mut said = Vec::new();
        for (planned, one) in judged.planned.iter().zip(&judged.unfolded.carried) {
            if (planned.kind, planned.act) != (Kind::Envelopes, Act::Take) {
                continue;
            }
            match read_part(judged.unfolded.bytes(one)) {
                Ok(part) => {
                    let known = wholes.iter_mut().find(|parts| {
                        parts
                            .iter()
                            .any(|known: &comity_link::file::FilePart| known.whole == part.whole)
                    });
                    match known {
                        Some(parts) => parts.push(part),
                        None => wholes.push(vec![part]),
                    }
                }
                Err(error) => said.push(error.to_string()),
            }
        }
        if wholes.is_empty() && said.is_empty() {
            return Ok(None);
        }
        let mut answer = Vec::new();
        for parts in &wholes {
            let taken = match join(parts) {
                Ok(batch) => self.take_answered(&batch),
                Err(error) => {
                    said.push(error.to_string());
                    continue;
                }
            };
            match taken {
                Ok((carried, batch)) => {
                    said.push(format!(
                        "{} new envelopes from {}",
                        carried.stored, carried.party
                    ));
                    said.extend(carried.wrong);
                    // What goes back goes to whoever the address is for.
                    let to = judged
                        .to
                        .iter()
                        .any(|to| to.party.as_deref() == Some(&carried.party));
                    if to && answer.is_empty() {
                        answer = batch;
                    }
                }
                Err(crate::exchange::ExchangeError::Store(error)) => return Err(error.into()),
                Err(error) => said.push(chain(&error)),
            }
        }
        Ok(Some((said.join("; "), answer)))
    }

    /// Words that repeat a number which is out: of a promotion, or of a check.
    fn enter_number(
        &self,
        judged: &Judged,
        one: &Carried,
        deed: &mut Deed,
    ) -> Result<(), MailError> {
        let level = judged.assurance.level;
        let may = |writer: &&Writer| level >= Level::L3 && writer.active;
        let Some(writer) = judged.writer.as_ref().filter(may) else {
            return Ok(());
        };
        let text = String::from_utf8_lossy(judged.unfolded.bytes(one)).into_owned();
        for (place, to) in judged.to.iter().enumerate() {
            if act(to.at, level, Kind::Number, one.within) != Act::Settle {
                continue;
            }
            let mut outcome = self.promotion_answered(judged, to, (&writer.id, &text))?;
            if outcome.is_none() {
                let raw = Digest::from_bytes(judged.row.sha256);
                outcome = self.check_heard(&writer.id, &text, (&raw, judged.row.received))?;
            }
            if let Some(outcome) = outcome {
                *deed = Deed {
                    kind: Kind::Number,
                    act: Act::Settle,
                    to: place,
                    what: "number",
                    name: std::mem::take(&mut deed.name),
                    outcome,
                    there: None,
                };
                return Ok(());
            }
        }
        Ok(())
    }

    fn promotion_answered(
        &self,
        judged: &Judged,
        to: &To,
        (party, text): (&str, &str),
    ) -> Result<Option<String>, MailError> {
        let (Some(number), Some(row)) = (to.number(), &to.row) else {
            return Ok(None);
        };
        let raw = Digest::from_bytes(judged.row.sha256);
        let mail = SignedMail {
            signed_by: PartyName::parse(party).ok(),
            to: row.address.clone(),
            text: text.to_owned(),
        };
        let said = || format!("the number of {} was answered", row.address);
        if self.answer_came(number, &mail, &raw)? {
            return Ok(Some(said()));
        }
        // It was set down already, and the node ended before the mail was settled.
        let digest = hex(&judged.row.sha256);
        let known = match &row.given {
            Some(given) => self.inner.state.read(|tx| threads::messages(tx, given))?,
            None => Vec::new(),
        };
        let known = known.iter().any(|message| message.body.contains(&digest));
        Ok(known.then(said))
    }

    /// What settles in the transaction that settles the mail: receipts, reports, proposals.
    fn settle_inside(
        &self,
        tx: &mut dyn Tx,
        judged: &Judged,
        deeds: &mut [Deed],
    ) -> Result<(), MailError> {
        let (level, party) = (judged.assurance.level, judged.assurance.party.as_deref());
        let all = deeds.iter_mut().zip(&judged.unfolded.carried);
        for (place, (deed, one)) in all.enumerate() {
            let to = judged.to.get(deed.to);
            match (deed.act, &one.what) {
                (Act::Settle, What::Receipt(receipt)) => {
                    let known = self.receipt_came(tx, receipt, level, party)?;
                    let said = match (known, level >= Level::L3) {
                        (true, true) => "the receipt of a mail that was sent",
                        (true, false) => {
                            "the receipt of a mail that was sent, which counts only under the party's key"
                        }
                        (false, _) => "the receipt of no mail that was sent to that party",
                    };
                    said.clone_into(&mut deed.outcome);
                }
                (Act::Settle, What::DeliveryReport(report)) => {
                    let reference = to.and_then(|to| to.row.as_ref()?.reference.as_deref());
                    let known = match reference {
                        Some(reference) => self.bounce_came(tx, reference, report)?,
                        None => false,
                    };
                    let said = if known {
                        "about a mail that was sent"
                    } else {
                        "about no mail that was sent"
                    };
                    said.clone_into(&mut deed.outcome);
                }
                (Act::Settle, What::DispositionNotice(notice)) => {
                    deed.outcome = format!("noted: {} by {}", notice.disposition, notice.recipient);
                }
                (Act::Propose, _) => {
                    if !self.propose(tx, judged, (place, one), deed)? {
                        deed.act = Act::Show;
                    }
                }
                (_, _) => {}
            }
        }
        Ok(())
    }
}

/// Keeps what tells this mail from others, for each of its addresses.
fn see(tx: &mut dyn Tx, judged: &Judged, now: i64) -> Result<(), MailError> {
    let marks = marks(&judged.unfolded, &judged.signatures);
    for row in judged.to.iter().filter_map(|to| to.row.as_ref()) {
        for mark in &marks {
            addresses::see(tx, &row.id, mark, now.div_euclid(1_000_000))?;
        }
    }
    Ok(())
}

/// Whether a copy of the mail was settled since this one was judged.
fn came_meanwhile(tx: &mut dyn Tx, judged: &Judged) -> Result<bool, MailError> {
    if rows::find(tx, &judged.row.id)?.is_some() {
        // It is judged anew: what is kept is its own.
        return Ok(false);
    }
    let marks = marks(&judged.unfolded, &judged.signatures);
    let mut given = judged.to.iter().filter(|to| to.row.is_some()).peekable();
    if given.peek().is_none() {
        return Ok(false);
    }
    for to in given {
        if is_new(tx, to, &marks)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Where a mail ends, and why.
fn outcome(judged: &Judged, duplicate: bool, deeds: &[Deed]) -> (MailState, Option<String>) {
    if duplicate {
        let reason = "the same mail came before to this address; nothing follows from it again";
        return (MailState::Duplicate, Some(reason.to_owned()));
    }
    if let Some(reason) = judged.aside() {
        return (MailState::Quarantined, Some(short(&reason)));
    }
    let of = |act: Act| deeds.iter().filter(move |deed| deed.act == act);
    let mut said: Vec<String> = Vec::new();
    for act in [Act::Take, Act::Settle, Act::Propose] {
        said.extend(of(act).map(|deed| format!("{} {}: {}", deed.what, act.word(), deed.outcome)));
    }
    if !said.is_empty() {
        return (MailState::Taken, Some(short(&said.join("; "))));
    }
    if of(Act::Show).any(|deed| matches!(deed.kind, Kind::Words | Kind::Values)) {
        return (
            MailState::Taken,
            Some("kept for a person to read".to_owned()),
        );
    }
    let untold: Vec<String> = of(Act::Tell)
        .map(|deed| format!("{}: {}", deed.name, deed.outcome))
        .collect();
    if untold.is_empty() {
        return (MailState::Taken, Some("kept and shown".to_owned()));
    }
    let reason = format!("not understood: {}", untold.join("; "));
    (MailState::Refused, Some(short(&reason)))
}

fn short(reason: &str) -> String {
    reason.chars().take(REASON_CHARACTERS_MAX).collect()
}

fn row(
    judged: &Judged,
    done: &Done,
    (authentication, answer): (&Authentication, Option<String>),
    now: i64,
) -> JudgedRow {
    let assurance = &judged.assurance;
    let content = &judged.unfolded.opened;
    let acts = done.deeds.iter().zip(&judged.unfolded.carried);
    let acts = acts.map(|(deed, one)| {
        json!({
            "what": deed.what, "name": deed.name, "act": deed.act.word(), "outcome": deed.outcome,
            "by_another": one.within, "detail": told(&one.what).1,
        })
    });
    let acts = acts.collect::<Value>();
    let mut reasons: Vec<String> = assurance.reasons.iter().map(ToString::to_string).collect();
    if judged.row.protocol == "lmtp" {
        reasons.push("it came through the mail server in front, so SPF was not judged".to_owned());
    }
    reasons.extend(content.notices.iter().map(ToString::to_string));
    let warnings = content.content.warnings.iter().map(ToString::to_string);
    reasons.extend(warnings);
    reasons.dedup();
    reasons.truncate(REASONS_MAX);
    JudgedRow {
        mail: judged.row.id.clone(),
        level: assurance.level.word().to_owned(),
        party: assurance.party.clone(),
        leaked: assurance.address_leaked,
        reasons: json!(reasons).to_string(),
        authentication: record::authentication(authentication, now.div_euclid(1_000_000))
            .to_string(),
        acts: acts.to_string(),
        answer,
        judged: now,
        label: content.content.tlp.map(|label| label.to_string()),
        subject: Some(content.content.fields.subject.clone()),
        persons: persons(&content.content).map(|all| all.to_string()),
    }
}

/// Reasons and oddities that are recorded of one mail.
const REASONS_MAX: usize = 100;

impl Deed {
    /// One line for the sender; `hide`: it says nothing of what came encrypted.
    pub(super) fn line(&self, hide: bool) -> String {
        if hide {
            return format!("- {}: {}", self.what, self.act.word());
        }
        let said = self.there.as_ref().unwrap_or(&self.outcome);
        let outcome = match (self.act, said.as_str()) {
            (Act::Show, _) => "kept for a person to read".to_owned(),
            (Act::Propose, _) => "waits for a person to confirm it".to_owned(),
            (act, "") => act.word().to_owned(),
            (act, outcome) => format!("{}: {outcome}", act.word()),
        };
        format!("- {} ({}): {outcome}", self.name, self.what)
    }
}

//! Sharing: judging objects for a party, and making the envelopes of what may go.
//!
//! Each object is decided by itself, once, and logged with the rule that decided. A dry run says the same and does
//! nothing.
//!
//! In scope: shares that somebody asks for, the while in which one can be taken back, and the second person's word. Out of scope: collections that are shared as
//! they grow (`views`), judging one object (`judging`), the rules (`comity-release`).

use std::collections::BTreeSet;

use comity_accord::terms::Outlet;
use comity_link::channel::Lane;
use comity_link::header::EnvelopeId;
use comity_link::payload::{self, Kind};
use comity_release::recipient::Way;
use comity_release::rules::{Rule, STEPS};
use comity_stix::id::ObjectId;
use comity_stix::marking::Tlp;
use comity_store::state::Tx;
use comity_store::state::release::{self, ApprovalRow, DecisionRow};
use serde::{Deserialize, Serialize};

use crate::clock::new_uuid;
use crate::exchange::ExchangeError;
use crate::exchange::judging::Going;
use crate::exchange::subject::LookUp;
use crate::link::Draft;
use crate::node::Node;

/// Objects in one envelope.
const ENVELOPE_OBJECTS_MAX: usize = 200;
/// The longest while in which a release can be taken back, in seconds.
pub const UNDO_SECONDS_MAX: u32 = 600;
/// Decisions in one answer.
const DECISIONS_MAX: u64 = 1_000;
/// What a release is called while it can be taken back.
const LEAVING: &str = "leaving";
/// What one is called that a second person must approve.
const WAITING: &str = "waiting";
/// Bytes of objects in one envelope.
const ENVELOPE_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Something to be shared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ShareRequest {
    /// The ids of the objects.
    pub objects: Vec<String>,
    /// With whom.
    pub party: String,
    /// The person there for whom alone it is, by address: TLP:RED needs one.
    pub person: Option<String>,
    /// Who asks.
    pub asked_by: String,
    /// Only say what would happen.
    pub dry_run: bool,
    /// Hold it for so many seconds before it goes, at most 600: until then it can be taken back. It is judged once more
    /// when it goes.
    #[serde(default)]
    pub undo_seconds: u32,
}

/// What was decided on one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareLine {
    /// The object.
    pub object: String,
    /// `released`, `redacted`, `waiting` or `refused`.
    pub verdict: String,
    /// The rule that decided, by its code.
    pub rule: String,
    /// The label that bound.
    pub label: String,
    /// Why, in words for the operator.
    pub reason: String,
    /// The id under which it goes.
    pub released: Option<String>,
    /// What was cut out of it, place by place.
    pub cuts: Vec<String>,
    /// The text that would go, in a dry run alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<String>,
}

/// What became of a share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shared {
    /// One line an object.
    pub lines: Vec<ShareLine>,
    /// The envelopes.
    pub envelopes: Vec<String>,
    /// What a second person must approve, if anything waits.
    pub approval: Option<String>,
    /// What leaves in a while and can be taken back until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaving: Option<String>,
}

/// What goes into one envelope.
pub(crate) struct Portion<'a> {
    pub(crate) party: &'a str,
    pub(crate) texts: Vec<&'a str>,
    pub(crate) label: Tlp,
    pub(crate) persons: Vec<String>,
}

impl Node {
    /// Shares objects with a party, or says what would happen.
    pub fn share(&self, request: &ShareRequest) -> Result<Shared, ExchangeError> {
        if request.undo_seconds > UNDO_SECONDS_MAX {
            return Err(ExchangeError::UndoTooLong);
        }
        self.share_with(request, &BTreeSet::new(), None)
    }

    /// Judges, and does what may be done. `standing`: the row under which it stood, as it becomes, with what it was before.
    fn share_with(
        &self,
        request: &ShareRequest,
        approved: &BTreeSet<Rule>,
        standing: Option<(&ApprovalRow, &str)>,
    ) -> Result<Shared, ExchangeError> {
        let going = self.judge_all(request, approved)?;
        let waits = going.iter().any(|one| one.line.verdict == "waiting");
        let lines = going.iter().map(|one| one.line.clone()).collect();
        let mut shared = Shared {
            lines,
            ..Shared::default()
        };
        if request.dry_run {
            for (line, one) in shared.lines.iter_mut().zip(&going) {
                line.copy.clone_from(&one.text);
            }
            return Ok(shared);
        }
        let now = self.clock().now();
        // Nothing is to be taken back of what nobody gets.
        let goes = going.iter().any(|one| one.text.is_some());
        if request.undo_seconds > 0 && goes {
            shared.leaving = Some(self.leave_later(request, now)?);
            return Ok(shared);
        }
        let id = new_uuid().to_string();
        // What goes at once does not go again with what waits.
        let waiting = going.iter().filter(|one| one.line.verdict == "waiting");
        let asked = ShareRequest {
            objects: waiting.map(|one| one.line.object.clone()).collect(),
            ..request.clone()
        };
        let asked = serde_json::to_string(&asked).unwrap_or_default();
        let envelopes = self.inner.state.write(|tx| {
            if let Some((row, stood)) = standing
                && !release::settle_approval(tx, row, stood)?
            {
                return Err(ExchangeError::UnknownApproval(row.id.clone()));
            }
            if waits {
                let row = ApprovalRow {
                    id: id.clone(),
                    party: request.party.clone(),
                    request: asked.clone(),
                    asked_by: request.asked_by.clone(),
                    state: WAITING.to_owned(),
                    decided_by: None,
                    asked: now,
                    decided: None,
                    leaves: None,
                    reason: None,
                };
                release::put_approval(tx, &row)?;
            }
            let approved = standing.filter(|(_, stood)| *stood == WAITING);
            let approval = approved.map(|(row, _)| row.id.as_str());
            self.send_all(tx, request, (&going, approval), now)
        })?;
        shared.envelopes = envelopes.iter().map(ToString::to_string).collect();
        shared.approval = waits.then_some(id);
        self.due().tell();
        Ok(shared)
    }

    /// Writes down what is to leave in a while; answers its id.
    fn leave_later(&self, request: &ShareRequest, now: i64) -> Result<String, ExchangeError> {
        let at_once = ShareRequest {
            undo_seconds: 0,
            ..request.clone()
        };
        let row = ApprovalRow {
            id: new_uuid().to_string(),
            party: request.party.clone(),
            request: serde_json::to_string(&at_once).unwrap_or_default(),
            asked_by: request.asked_by.clone(),
            state: LEAVING.to_owned(),
            decided_by: None,
            asked: now,
            decided: None,
            leaves: Some(now + i64::from(request.undo_seconds) * 1_000_000),
            reason: None,
        };
        self.inner
            .state
            .write(|tx| release::put_approval(tx, &row))?;
        self.due().tell();
        Ok(row.id)
    }

    /// Lets go what can no longer be taken back; answers how many did.
    pub(crate) fn leave_due(&self) -> Result<usize, ExchangeError> {
        let now = self.clock().now();
        let rows = self.inner.state.read(|tx| release::leaving(tx, now))?;
        let mut left = 0;
        for row in &rows {
            match self.leave(row, None) {
                Ok(_) => left += 1,
                // Taken back in the meantime, or let go by another process on the same store.
                Err(ExchangeError::UnknownApproval(_)) => {}
                Err(error @ ExchangeError::Store(_)) => return Err(error),
                Err(error) => {
                    let failed = ApprovalRow {
                        state: "failed".to_owned(),
                        decided: Some(now),
                        reason: Some(error.to_string()),
                        ..row.clone()
                    };
                    tracing::warn!(id = row.id, %error, "a release did not leave");
                    self.inner
                        .state
                        .write(|tx| release::settle_approval(tx, &failed, LEAVING))?;
                }
            }
        }
        Ok(left)
    }

    /// Microseconds until something leaves; none where nothing does.
    pub(crate) fn leaves_in(&self) -> Result<Option<i64>, ExchangeError> {
        let now = self.clock().now();
        let first = self.inner.state.read(release::first_leaving)?;
        Ok(first.map(|at| (at - now).max(0)))
    }

    fn leave(&self, row: &ApprovalRow, by: Option<&str>) -> Result<Shared, ExchangeError> {
        let sent = ApprovalRow {
            state: "left".to_owned(),
            decided_by: by.map(str::to_owned),
            decided: Some(self.clock().now()),
            ..row.clone()
        };
        self.share_with(&asked_in(row)?, &BTreeSet::new(), Some((&sent, LEAVING)))
    }

    /// A word on what waits: a second person's on what needs one, anybody's on what is leaving.
    pub fn approve(&self, id: &str, by: &str, yes: bool) -> Result<Shared, ExchangeError> {
        let unknown = || ExchangeError::UnknownApproval(id.to_owned());
        let row = self.inner.state.read(|tx| release::find_approval(tx, id))?;
        let mut row = row.ok_or_else(unknown)?;
        let stood = row.state.clone();
        let word = match (stood.as_str(), yes) {
            (WAITING, _) if row.asked_by == by => {
                return Err(ExchangeError::SamePerson(by.to_owned()));
            }
            (WAITING, true) => "approved",
            (WAITING, false) => "declined",
            (LEAVING, true) => return self.leave(&row, Some(by)),
            (LEAVING, false) => "taken_back",
            _ => return Err(unknown()),
        };
        let request = asked_in(&row)?;
        word.clone_into(&mut row.state);
        row.decided_by = Some(by.to_owned());
        row.decided = Some(self.clock().now());
        if yes {
            let rules = STEPS.iter().map(|step| step.rule).collect();
            return self.share_with(&request, &rules, Some((&row, &stood)));
        }
        let declined = self
            .inner
            .state
            .write(|tx| release::settle_approval(tx, &row, &stood))?;
        declined.then(Shared::default).ok_or_else(unknown)
    }

    /// What waits for a second person or leaves in a while, and what became of the rest.
    pub fn approvals(&self) -> Result<Vec<ApprovalRow>, ExchangeError> {
        Ok(self.inner.state.read(release::approvals)?)
    }

    /// The decisions on an object, or a stretch of all; `before` is the number of the decision with which the stretch before ended.
    pub fn decisions(
        &self,
        (object, party): (Option<&str>, Option<&str>),
        (before, limit): (Option<&str>, Option<u64>),
    ) -> Result<Vec<DecisionRow>, ExchangeError> {
        let number = |text: &str| {
            let number = text.parse::<u64>();
            number.map_err(|_| ExchangeError::Place(text.to_owned()))
        };
        let before = before.map(number).transpose()?;
        let limit = limit.unwrap_or(DECISIONS_MAX).min(DECISIONS_MAX);
        Ok(self.inner.state.read(|tx| match object {
            Some(id) => release::of_object(tx, id, before, limit),
            None => release::list(tx, party, before, limit),
        })?)
    }

    fn judge_all(
        &self,
        request: &ShareRequest,
        approved: &BTreeSet<Rule>,
    ) -> Result<Vec<Going>, ExchangeError> {
        let (recipient, terms) = self.recipient(&request.party, request.person.as_deref())?;
        let holdings = self.holdings()?;
        let mut look_up = LookUp::new(self, &holdings);
        let way = Way {
            approved: approved.clone(),
            ..Way::by(Outlet::Link).encrypted()
        };
        let mut going = Vec::with_capacity(request.objects.len());
        for text in &request.objects {
            let id = ObjectId::parse(text).map_err(|_| ExchangeError::BadId(text.clone()))?;
            let gathered = self.gather(&holdings, &id)?;
            going.push(self.judge_one(&mut look_up, &gathered, (&recipient, &terms), &way)?);
        }
        Ok(going)
    }

    fn send_all(
        &self,
        tx: &mut dyn Tx,
        request: &ShareRequest,
        (going, approval): (&[Going], Option<&str>),
        now: i64,
    ) -> Result<Vec<EnvelopeId>, ExchangeError> {
        let mut envelopes = Vec::new();
        for batch in batches(going) {
            let texts: Vec<&str> = batch.iter().filter_map(|one| one.text.as_deref()).collect();
            let label = batch
                .iter()
                .map(|one| one.label)
                .max()
                .unwrap_or(Tlp::Clear);
            let portion = Portion {
                party: &request.party,
                texts,
                label,
                persons: request.person.iter().cloned().collect(),
            };
            let envelope = self.send_share(tx, portion, now)?;
            for one in &batch {
                decide(tx, request, one, (Some(&envelope), approval), now)?;
            }
            envelopes.push(envelope);
        }
        for one in going.iter().filter(|one| one.text.is_none()) {
            decide(tx, request, one, (None, approval), now)?;
        }
        Ok(envelopes)
    }

    /// The envelope of these objects.
    pub(crate) fn send_share(
        &self,
        tx: &mut dyn Tx,
        portion: Portion<'_>,
        now: i64,
    ) -> Result<EnvelopeId, ExchangeError> {
        let raw = |text: &&str| serde_json::value::RawValue::from_string((*text).to_owned());
        let objects = portion.texts.iter().map(raw).collect::<Result<Vec<_>, _>>();
        let unfit = |_| ExchangeError::Refused("an object is no JSON".to_owned());
        let share = payload::Share {
            objects: objects.map_err(unfit)?,
            label: portion.label.to_string(),
            persons: portion.persons,
        };
        let draft = Draft {
            party: portion.party.to_owned(),
            lane: Lane::Normal,
            kind: Kind::Share,
            payload: serde_json::to_vec(&share).map_err(unfit)?,
            due: None,
        };
        self.send_whole(tx, &draft, now)
    }
}

/// What was asked for.
fn asked_in(row: &ApprovalRow) -> Result<ShareRequest, ExchangeError> {
    let unknown = |_| ExchangeError::UnknownApproval(row.id.clone());
    serde_json::from_str(&row.request).map_err(unknown)
}

/// What goes, in portions that fit an envelope.
pub(crate) fn batches(going: &[Going]) -> Vec<Vec<&Going>> {
    let mut all: Vec<Vec<&Going>> = Vec::new();
    let mut bytes = 0;
    for one in going {
        let Some(text) = &one.text else { continue };
        bytes += text.len();
        match all.last_mut() {
            Some(batch) if batch.len() < ENVELOPE_OBJECTS_MAX && bytes <= ENVELOPE_BYTES_MAX => {
                batch.push(one);
            }
            _ => {
                all.push(vec![one]);
                bytes = text.len();
            }
        }
    }
    all
}

fn decide(
    tx: &mut dyn Tx,
    request: &ShareRequest,
    one: &Going,
    (envelope, approval): (Option<&EnvelopeId>, Option<&str>),
    now: i64,
) -> Result<(), ExchangeError> {
    release::decide(
        tx,
        &DecisionRow {
            number: 0,
            object: one.line.object.clone(),
            version: one.version.clone(),
            party: request.party.clone(),
            outlet: "link".to_owned(),
            verdict: one.line.verdict.clone(),
            rule: one.line.rule.clone(),
            label: one.line.label.clone(),
            released: one.line.released.clone(),
            reason: one.line.reason.clone(),
            collection: None,
            envelope: envelope.map(|id| id.0.to_vec()),
            approval: approval.map(str::to_owned),
            decided: now,
        },
    )?;
    Ok(())
}

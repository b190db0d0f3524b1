//! Commands about other parties, as plain data, and doing them.
//!
//! In scope: each command's call of the use case that it names; answers as JSON documents, which the command line shows
//! as tables. Out of scope: deciding anything.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use comity_accord::card::SignedCard;
use comity_accord::terms::Outlet;
use comity_link::header::EnvelopeId;
use comity_stix::timestamp::Timestamp;
use comity_store::state::channel::Direction;
use comity_store::state::inbox::InboxRow;
use comity_store::state::recall::RecallRow;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::exchange::ExchangeError;
use crate::exchange::accords::AccordView;
use crate::exchange::enrolment::PartyView;
use crate::exchange::outbox::{LinkView, SentView};
use crate::exchange::share::ShareRequest;
use crate::link::card::CardFacts;
use crate::node::Node;

/// Something about other parties, to be done.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExchangeCommand {
    /// The node's own card, renewed if need be.
    OwnCard {
        /// Where the node link answers.
        links: Vec<String>,
    },
    /// The newest own card as it stands.
    Card,
    /// Take a party's card.
    AcceptCard {
        /// The signed note.
        card: String,
    },
    /// All parties.
    Parties,
    /// Check what was heard of a fingerprint.
    Verify {
        /// The party.
        party: String,
        /// The digits.
        typed: String,
    },
    /// Suspend, resume or revoke a party.
    Move {
        /// The party.
        party: String,
        /// Which.
        to: Movement,
    },
    /// Go on with a party whose log showed two histories.
    Unfreeze {
        /// The party.
        party: String,
        /// The two persons who decide it.
        by: Vec<String>,
        /// Why.
        reason: String,
    },
    /// The text of a new accord.
    Draft {
        /// With whom.
        party: String,
        /// What to begin with.
        template: String,
    },
    /// Propose an accord's text.
    Propose {
        /// The text.
        text: String,
    },
    /// Sign a version of an accord.
    Sign {
        /// The accord.
        name: String,
        /// The version.
        version: u64,
    },
    /// All versions of all accords.
    Accords,
    /// What changes between two versions.
    Compare {
        /// The accord.
        name: String,
        /// One.
        before: u64,
        /// The other.
        after: u64,
    },
    /// Share objects.
    Share(ShareRequest),
    /// Share a collection as it grows.
    ShareCollection {
        /// Id or alias.
        collection: String,
        /// With whom.
        party: String,
        /// By TAXII, not by envelopes.
        taxii: bool,
    },
    /// Recall objects.
    Recall {
        /// Their ids.
        objects: Vec<String>,
        /// From one party only.
        from: Option<String>,
        /// Why.
        reason: String,
    },
    /// Recalls, asked or answered.
    Recalls {
        /// Those that others asked of this node.
        received: bool,
    },
    /// Envelopes that this node made, the newest first.
    Outbox {
        /// To one party only.
        party: Option<String>,
        /// Only what was refused: by the other side, or because the exchange with it ended.
        #[serde(default)]
        undelivered: bool,
        /// Older than this envelope: where the stretch before ended.
        before: Option<String>,
        /// At most so many; none: as many as one stretch has.
        #[serde(default)]
        limit: Option<u64>,
    },
    /// What waits for a party, as batches to be carried.
    Carry {
        /// The party.
        party: String,
    },
    /// Take a batch that was carried.
    TakeCarried {
        /// The batch, base64.
        batch: String,
    },
    /// Envelopes that this node got, the newest first.
    Inbox {
        /// From one party only.
        party: Option<String>,
        /// Older than this envelope: where the stretch before ended.
        before: Option<String>,
        /// At most so many; none: as many as one stretch has.
        #[serde(default)]
        limit: Option<u64>,
    },
    /// The decisions on what goes to whom.
    Decisions {
        /// On one object only.
        object: Option<String>,
        /// For one party only.
        party: Option<String>,
        /// Older than the decision of this number: where the stretch before ended.
        before: Option<String>,
        /// At most so many; none: as many as one stretch has.
        #[serde(default)]
        limit: Option<u64>,
    },
    /// What stands in a party's released views, a stretch at a time.
    Released {
        /// The party.
        party: String,
        /// Where the stretch before ended.
        after: Option<(u64, u64)>,
    },
    /// What waits for a second person.
    Approvals,
    /// A second person's word.
    Approve {
        /// What waits.
        id: String,
        /// Who.
        by: String,
        /// Yes or no.
        yes: bool,
    },
}

/// Where a party is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Movement {
    /// Nothing goes until it is resumed.
    Suspend,
    /// What is due goes.
    Resume,
    /// For good.
    Revoke,
}

impl Node {
    /// Does a command about other parties.
    #[expect(
        clippy::too_many_lines,
        reason = "a table of commands, a line or two each"
    )]
    pub fn exchange(&self, command: ExchangeCommand) -> Result<Value, ExchangeError> {
        Ok(match command {
            ExchangeCommand::OwnCard { links } => {
                let facts = CardFacts {
                    links,
                    ..CardFacts::default()
                };
                own_card(&self.own_card(&facts)?)
            }
            ExchangeCommand::Card => {
                let card = self.inner.state.read(|tx| self.link().own_card(tx))?;
                card.as_ref().map_or(Value::Null, own_card)
            }
            ExchangeCommand::AcceptCard { card } if card.starts_with("comity-revocation/") => {
                party(&self.accept_revocation(card.as_bytes())?)
            }
            ExchangeCommand::AcceptCard { card } => party(&self.accept_card(card.as_bytes())?),
            ExchangeCommand::Parties => self.parties()?.iter().map(party).collect(),
            ExchangeCommand::Verify { party: name, typed } => {
                party(&self.verify_party(&name, &typed)?)
            }
            ExchangeCommand::Move { party: name, to } => party(&match to {
                Movement::Suspend => self.suspend_party(&name)?,
                Movement::Resume => self.resume_party(&name)?,
                Movement::Revoke => self.revoke_party(&name)?,
            }),
            ExchangeCommand::Unfreeze {
                party: name,
                by,
                reason,
            } => party(&self.unfreeze_party(&name, &by, &reason)?),
            ExchangeCommand::Draft { party, template } => {
                json!({ "text": self.draft_accord(&party, &template)? })
            }
            ExchangeCommand::Propose { text } => accord(&self.propose_accord(&text)?),
            ExchangeCommand::Sign { name, version } => accord(&self.sign_accord(&name, version)?),
            ExchangeCommand::Accords => self.accords()?.iter().map(accord).collect(),
            ExchangeCommand::Compare {
                name,
                before,
                after,
            } => differences(&self.compare_accords(&name, before, after)?),
            ExchangeCommand::Share(request) => document(&self.share(&request)?),
            ExchangeCommand::ShareCollection {
                collection,
                party,
                taxii,
            } => {
                let outlet = if taxii { Outlet::Taxii } else { Outlet::Link };
                self.share_collection(&collection, &party, outlet)?;
                json!({})
            }
            ExchangeCommand::Recall {
                objects,
                from,
                reason,
            } => self
                .recall(&objects, from.as_deref(), &reason)?
                .iter()
                .map(recall)
                .collect(),
            ExchangeCommand::Recalls { received } => {
                let direction = if received {
                    Direction::In
                } else {
                    Direction::Out
                };
                self.recalls(direction)?.iter().map(recall).collect()
            }
            ExchangeCommand::Outbox {
                party,
                undelivered,
                before,
                limit,
            } => {
                let wanted = (party.as_deref(), undelivered);
                let rows = self.outbox(wanted, (before.as_deref(), limit))?;
                rows.iter().map(sent).collect()
            }
            ExchangeCommand::Carry { party } => {
                let batches = self.carry(&party)?;
                let batches = batches.iter().map(|batch| STANDARD.encode(batch));
                json!({ "batches": batches.collect::<Vec<_>>() })
            }
            ExchangeCommand::TakeCarried { batch } => {
                let batch = STANDARD.decode(batch);
                let batch = batch.map_err(|error| ExchangeError::Refused(error.to_string()))?;
                let carried = self.take_carried(&batch)?;
                json!({ "party": carried.party, "stored": carried.stored, "wrong": carried.wrong })
            }
            ExchangeCommand::Inbox {
                party,
                before,
                limit,
            } => {
                let rows = self.inbox(party.as_deref(), (before.as_deref(), limit))?;
                rows.iter().map(got).collect()
            }
            ExchangeCommand::Decisions {
                object,
                party,
                before,
                limit,
            } => {
                let of = (object.as_deref(), party.as_deref());
                self.decisions_document(of, (before.as_deref(), limit))?
            }
            ExchangeCommand::Released { party, after } => {
                document(&self.released_to(&party, after)?)
            }
            ExchangeCommand::Approvals => self.approvals_document()?,
            ExchangeCommand::Approve { id, by, yes } => document(&self.approve(&id, &by, yes)?),
        })
    }

    fn decisions_document(
        &self,
        of: (Option<&str>, Option<&str>),
        stretch: (Option<&str>, Option<u64>),
    ) -> Result<Value, ExchangeError> {
        let rows = self.decisions(of, stretch)?;
        let rows = rows.iter().map(|row| {
            json!({
                "number": row.number, "object": row.object, "version": row.version, "party": row.party,
                "outlet": row.outlet, "verdict": row.verdict, "rule": row.rule, "label": row.label,
                "released": row.released, "reason": row.reason, "approval": row.approval, "decided": at(row.decided),
            })
        });
        Ok(rows.collect())
    }

    fn approvals_document(&self) -> Result<Value, ExchangeError> {
        let rows = self.approvals()?;
        let rows = rows.iter().map(|row| {
            json!({
                "id": row.id, "party": row.party, "state": row.state, "asked_by": row.asked_by,
                "asked": at(row.asked), "decided_by": row.decided_by, "decided": row.decided.map(at),
                "leaves": row.leaves.map(at), "reason": row.reason,
                "request": serde_json::from_str::<Value>(&row.request).unwrap_or_default(),
            })
        });
        Ok(rows.collect())
    }
}

fn document(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// A time as documents spell it; nothing where there is none.
pub(crate) fn at(micros: i64) -> String {
    Timestamp::from_micros(micros).map_or_else(String::new, |at| at.to_string())
}

fn own_card(card: &SignedCard) -> Value {
    json!({
        "party": card.card().party.as_str(), "serial": card.card().serial,
        "root": comity_accord::card::root_hash(&card.card().root).to_string(),
        "card": String::from_utf8_lossy(&card.to_bytes()),
    })
}

fn party(view: &PartyView) -> Value {
    json!({
        "name": view.row.name, "state": view.row.state, "serial": view.row.serial, "since": at(view.row.changed),
        "origin": view.row.origin, "link": view.row.link_url, "root": view.root,
        "read_aloud": view.read_aloud, "begins": view.begins, "forked": view.forked,
        "revoked": view.revoked, "waiting": view.waiting.0, "oldest_waiting": view.waiting.1.map(at),
        "link_standing": link(&view.link),
    })
}

fn link(view: &LinkView) -> Value {
    let quorums = view
        .terms
        .quorums
        .iter()
        .map(|quorum| json!({ "needed": quorum.needed, "of": quorum.others }));
    json!({
        "heartbeat_seconds": view.terms.heartbeat.map(|every| every.as_secs()),
        "heard": view.clock.map(|clock| at(clock.heard)),
        "clock_ahead_seconds": view.clock.map(|clock| clock.ahead),
        "clock_tolerance_seconds": view.terms.clock_tolerance_seconds,
        "clock": if view.clock_counts() { "counts" } else { "ahead: its times do not count" },
        "cosignatures": quorums.collect::<Vec<_>>(), "unsettled": view.unsettled,
    })
}

fn accord(view: &AccordView) -> Value {
    json!({
        "name": view.row.name, "version": view.row.version, "standing": view.standing,
        "signed": view.signed, "missing": view.missing, "text": view.row.text,
        "agreement": String::from_utf8_lossy(&view.row.agreement),
    })
}

fn recall(row: &RecallRow) -> Value {
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    json!({
        "recall": row.id, "party": row.party, "state": row.state, "objects": read(&row.objects),
        "reason": row.reason, "answer": row.answer.as_deref().map(read), "asked": at(row.asked),
        "due": row.due.map(at),
    })
}

fn sent(view: &SentView) -> Value {
    let row = &view.row;
    json!({
        "envelope": EnvelopeId(row.envelope).to_string(), "party": row.party, "kind": row.kind, "lane": row.lane,
        "epoch": row.epoch, "seq": row.seq, "entry": row.position, "state": row.state, "reason": row.reason,
        "created": at(row.created), "attempts": row.attempts, "changed": at(row.changed),
        "settled": view.is_settled(), "cosigned_by": view.cosigned_by,
        "cosignatures_missing": view.cosignatures_missing,
    })
}

fn got(row: &InboxRow) -> Value {
    json!({
        "envelope": EnvelopeId(row.envelope).to_string(), "party": row.party, "kind": row.kind, "lane": row.lane,
        "epoch": row.epoch, "seq": row.seq, "state": row.state, "outcome": row.outcome, "received": at(row.received),
    })
}

fn differences(comparison: &comity_accord::difference::Comparison) -> Value {
    let lines = comparison.differences().iter().map(|one| {
        json!({
            "place": one.place, "before": one.before, "after": one.after, "effect": one.effect.as_str(),
        })
    });
    json!({ "differences": lines.collect::<Vec<_>>(), "summary": comparison.to_string() })
}

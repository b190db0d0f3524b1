//! Enrolment: taking a party's card, comparing fingerprints by telephone, suspending and resuming.
//!
//! In scope: what the duty officers do. Out of scope: the states themselves (`comity-accord`), exchanging heads (`link`).

use comity_accord::card::SignedCard;
use comity_accord::enrolment::{self, Event, Progress, Side, State};
use comity_accord::fingerprint::Reading;
use comity_release::recipient::Standing;
use comity_stix::timestamp::Timestamp;
use comity_store::state::party::{self, PartyRow};
use comity_store::state::{Tx, outbox, peer_log};

use crate::exchange::ExchangeError;
use crate::exchange::outbox::LinkView;
use crate::link::card::CardFacts;
use crate::link::heads::FORKED;
use crate::link::peer::{PENDING, REVOKED, SUSPENDED_BY_THEM, VERIFIED, ring, take_card};
use crate::link::{LinkError, Taken};
use crate::node::Node;

/// A party as its duty officers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartyView {
    /// What is kept of it.
    pub row: PartyRow,
    /// What to read aloud, six groups of five digits.
    pub read_aloud: String,
    /// Whether this side begins to read.
    pub begins: bool,
    /// How many envelopes wait for it, and since when the oldest does.
    pub waiting: (u64, Option<i64>),
    /// The SHA-256 of its root key, as accords name it.
    pub root: String,
    /// The keys that its root took out of use, each with from when and why.
    pub revoked: Vec<String>,
    /// The log of this party that showed two histories: nothing is exchanged with it any more.
    pub forked: Option<String>,
    /// How the link to it stands.
    pub link: LinkView,
}

/// The word for a state in tables.
pub fn word(state: State) -> &'static str {
    match state {
        State::Pending(Progress::CardOnly) => "pending",
        State::Pending(Progress::Compared) => "pending, fingerprint compared",
        State::Pending(Progress::Proved) => "pending, keys proved",
        State::Verified { .. } => VERIFIED,
        State::Suspended { by: Side::Us, .. } => "suspended by us",
        State::Suspended { by: Side::Them, .. } => SUSPENDED_BY_THEM,
        State::Suspended { by: Side::Both, .. } => "suspended by both",
        State::Revoked { .. } => REVOKED,
    }
}

/// The state of a row.
pub fn state_of(row: &PartyRow) -> Result<State, ExchangeError> {
    let since = moment(row.changed)?;
    let all = [
        State::Pending(Progress::CardOnly),
        State::Pending(Progress::Compared),
        State::Pending(Progress::Proved),
        State::Verified { since },
        State::Suspended {
            since,
            by: Side::Us,
        },
        State::Suspended {
            since,
            by: Side::Them,
        },
        State::Suspended {
            since,
            by: Side::Both,
        },
        State::Revoked { since },
    ];
    let found = all.into_iter().find(|state| word(*state) == row.state);
    found.ok_or_else(|| ExchangeError::Enrolment(format!("{} is in no known state", row.name)))
}

/// How a party stands to the release rules.
pub(crate) fn standing_of(row: &PartyRow) -> Result<Standing, ExchangeError> {
    Ok(match state_of(row)? {
        State::Pending(_) => Standing::Pending,
        State::Verified { .. } => Standing::Verified,
        State::Suspended { .. } | State::Revoked { .. } => Standing::Suspended,
    })
}

/// A moment as the accord's crate has it.
pub(crate) fn moment(now: i64) -> Result<Timestamp, ExchangeError> {
    let at = Timestamp::from_micros(now);
    at.ok_or_else(|| ExchangeError::Enrolment("the clock is out of range".to_owned()))
}

/// Moves a party by an event, in a transaction.
pub(crate) fn advance(
    tx: &mut dyn Tx,
    name: &str,
    event: Event,
    now: i64,
) -> Result<PartyRow, ExchangeError> {
    let row = party::find(tx, name)?;
    let mut row = row.ok_or_else(|| ExchangeError::UnknownParty(name.to_owned()))?;
    let (state, effects) = enrolment::apply(state_of(&row)?, event, moment(now)?)
        .map_err(|refusal| ExchangeError::Enrolment(refusal.to_string()))?;
    word(state).clone_into(&mut row.state);
    row.changed = now;
    party::put(tx, &row)?;
    for effect in effects {
        match effect {
            enrolment::Effect::ReleaseQueue => {
                outbox::hurry(tx, name, now, now)?;
            }
            enrolment::Effect::FailQueue => {
                for waiting in outbox::unsettled(tx, name)? {
                    let reason = Some("the party was revoked");
                    outbox::settle(tx, &waiting.envelope, "refused", reason, now)?;
                }
            }
            // Holding a queue is not sending it; the other side is told when it calls; people see the state.
            enrolment::Effect::Record(_)
            | enrolment::Effect::Notify
            | enrolment::Effect::HoldQueue
            | enrolment::Effect::Alert => {}
        }
    }
    Ok(row)
}

/// What decides whether and where a party is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callee {
    /// How the enrolment stands, by its word.
    pub state: String,
    /// Where its node is called; none: it has no inbound port.
    pub url: Option<String>,
}

impl Node {
    /// This node's card, renewed if it does not say what holds now.
    pub fn own_card(&self, facts: &CardFacts) -> Result<SignedCard, ExchangeError> {
        let identity = self.identity();
        let now = self.clock().now();
        let names = (identity.party.as_str(), identity.domain.as_str());
        Ok(self.link().renew_card(names, facts, now)?)
    }

    /// Takes a party's card: it is pending until its fingerprint was compared, or follows the card that is known.
    pub fn accept_card(&self, bytes: &[u8]) -> Result<PartyView, ExchangeError> {
        let card = SignedCard::parse(bytes);
        let card = card.map_err(|error| ExchangeError::Enrolment(error.to_string()))?;
        let now = self.clock().now();
        let name = card.card().party.as_str().to_owned();
        let own = self.identity();
        if name == own.party || card.card().origin.base() == self.link().origin() {
            let reason = "this is a card of the node's own party; import the other side's";
            return Err(ExchangeError::Enrolment(reason.to_owned()));
        }
        self.inner.state.write(|tx| {
            if party::find(tx, &name)?.is_some() {
                let taken = take_card(tx, &name, bytes, now)?;
                return taken.map_err(ExchangeError::Enrolment);
            }
            let row = PartyRow {
                name: name.clone(),
                state: word(State::Pending(Progress::CardOnly)).to_owned(),
                origin: card.card().origin.base().to_owned(),
                card: bytes.to_vec(),
                serial: card.card().serial.into(),
                changed: now,
                link_url: card.card().links.first().cloned(),
                last_sent: 0,
                last_heard: 0,
            };
            Ok::<_, ExchangeError>(party::put(tx, &row)?)
        })?;
        self.due().tell();
        self.party(&name)
    }

    /// A party.
    pub fn party(&self, name: &str) -> Result<PartyView, ExchangeError> {
        self.inner.state.read(|tx| {
            let row = party::find(tx, name)?;
            let row = row.ok_or_else(|| ExchangeError::UnknownParty(name.to_owned()))?;
            self.party_view(tx, row)
        })
    }

    /// All parties, by name.
    pub fn parties(&self) -> Result<Vec<PartyView>, ExchangeError> {
        self.inner.state.read(|tx| {
            let rows = party::list(tx)?;
            rows.into_iter()
                .map(|row| self.party_view(tx, row))
                .collect()
        })
    }

    fn party_view(&self, tx: &mut dyn Tx, row: PartyRow) -> Result<PartyView, ExchangeError> {
        let reading = self.reading(tx, &row)?;
        let card = SignedCard::parse(&row.card);
        let card = card.map_err(|error| ExchangeError::Enrolment(error.to_string()))?;
        let ring = ring(tx, &row.name)?;
        let revoked = ring.revocations().iter().map(|(note, _)| {
            let what = crate::exchange::own_keys::named(&note.revoked);
            format!("{what} from {}: {}", note.from, note.reason.as_str())
        });
        Ok(PartyView {
            revoked: revoked.collect(),
            read_aloud: reading.as_ref().map(Reading::mine).unwrap_or_default(),
            begins: reading.is_some_and(|reading| reading.begins()),
            waiting: outbox::waiting(tx, &row.name)?,
            root: comity_accord::card::root_hash(&card.card().root).to_string(),
            forked: peer_log::of_party(tx, &row.name)?
                .into_iter()
                .find(|log| log.state == FORKED)
                .map(|log| log.origin),
            link: self.link_view(tx, &row.name)?,
            row,
        })
    }

    /// The comparison of the two cards that were exchanged first.
    fn reading(&self, tx: &mut dyn Tx, row: &PartyRow) -> Result<Option<Reading>, ExchangeError> {
        let bad = |error: &dyn std::fmt::Display| ExchangeError::Enrolment(error.to_string());
        let Some(own) = self.link().own_card(tx)? else {
            return Ok(None);
        };
        let theirs = SignedCard::parse(&row.card).map_err(|error| bad(&error))?;
        let reading = Reading::new(&own.hash(), &theirs.hash()).map_err(|error| bad(&error))?;
        Ok(Some(reading))
    }

    /// Checks what was heard of the fingerprint, and records that it was right or wrong.
    pub fn verify_party(&self, name: &str, typed: &str) -> Result<PartyView, ExchangeError> {
        let now = self.clock().now();
        let outcome = self.inner.state.write(|tx| {
            let row = party::find(tx, name)?;
            let row = row.ok_or_else(|| ExchangeError::UnknownParty(name.to_owned()))?;
            let reading = self.reading(tx, &row)?;
            let reading = reading.ok_or_else(|| {
                ExchangeError::Enrolment(
                    "this node has no card yet: `comity party invite` makes it".to_owned(),
                )
            })?;
            match reading.check(typed) {
                Ok(()) => {
                    advance(tx, name, Event::FingerprintMatched, now)?;
                    Ok(Ok(()))
                }
                Err(error @ comity_accord::fingerprint::FingerprintError::Differs { .. }) => {
                    advance(tx, name, Event::FingerprintDiffered, now)?;
                    Ok(Err(ExchangeError::Enrolment(error.to_string())))
                }
                // Mistyped: nothing was compared.
                Err(error) => Err(ExchangeError::Enrolment(error.to_string())),
            }
        })?;
        outcome?;
        self.inner.rights.forget();
        self.due().tell();
        self.party(name)
    }

    /// After a batch was taken: a pending party may have proved its keys, and there may be work.
    pub fn heard(&self, taken: Option<&Taken>) {
        let Some(taken) = taken else { return };
        for wrong in &taken.wrong {
            tracing::warn!(party = %taken.party, wrong, "part of a batch not taken");
        }
        if taken.called {
            self.resumed_by_them(&taken.party);
        }
        if taken.proved {
            let now = self.clock().now();
            let proved = self.inner.state.write(|tx| {
                let row = party::find(tx, &taken.party)?;
                if row.is_some_and(|row| row.state.starts_with(PENDING)) {
                    advance(tx, &taken.party, Event::PossessionProved, now)?;
                }
                Ok::<_, ExchangeError>(())
            });
            if let Err(error) = proved {
                tracing::debug!(error = %comity_store::error::chain(&error), "enrolment unchanged");
            }
        }
        self.due().tell();
    }

    /// The parties that can be called, and where.
    pub fn callable(&self) -> Result<Vec<(String, String)>, ExchangeError> {
        let rows = self.inner.state.read(party::list)?;
        let callable = |row: PartyRow| {
            let called = row.state == VERIFIED
                || row.state.starts_with(PENDING)
                || row.state == SUSPENDED_BY_THEM;
            row.link_url.filter(|_| called).map(|url| (row.name, url))
        };
        Ok(rows.into_iter().filter_map(callable).collect())
    }

    /// How the enrolment of a party stands, and where it is called; none: there is no such party.
    pub fn callee(&self, name: &str) -> Result<Option<Callee>, LinkError> {
        let row = self.inner.state.read(|tx| party::find(tx, name))?;
        Ok(row.map(|row| Callee {
            state: row.state,
            url: row.link_url,
        }))
    }

    /// A party answered that it takes nothing from this node: what is queued waits until it does again.
    pub fn refused_by(&self, name: &str) {
        self.moved_by_them(name, VERIFIED, Event::TheySuspend);
    }

    /// A party that had suspended the exchange speaks again.
    fn resumed_by_them(&self, name: &str) {
        self.moved_by_them(name, SUSPENDED_BY_THEM, Event::TheyResume);
    }

    fn moved_by_them(&self, name: &str, from: &str, event: Event) {
        let now = self.clock().now();
        let moved = self.inner.state.write(|tx| {
            let row = party::find(tx, name)?;
            let moves = row.is_some_and(|row| row.state == from);
            if moves {
                advance(tx, name, event, now)?;
            }
            Ok::<_, ExchangeError>(moves)
        });
        match moved {
            Ok(true) => {
                tracing::warn!(party = name, %event, "the other party moved the enrolment");
                self.inner.rights.forget();
                self.due().tell();
            }
            Ok(false) => {}
            Err(error) => {
                tracing::debug!(error = %comity_store::error::chain(&error), "enrolment unchanged");
            }
        }
    }

    /// Suspends the exchange with a party: it gets nothing, and what is queued waits.
    pub fn suspend_party(&self, name: &str) -> Result<PartyView, ExchangeError> {
        self.move_party(name, Event::WeSuspend)
    }

    /// Resumes the exchange with a party: it gets what is due.
    pub fn resume_party(&self, name: &str) -> Result<PartyView, ExchangeError> {
        self.move_party(name, Event::WeResume)
    }

    /// Ends the exchange with a party for good; what is queued fails visibly.
    pub fn revoke_party(&self, name: &str) -> Result<PartyView, ExchangeError> {
        self.move_party(name, Event::Revoke)
    }

    fn move_party(&self, name: &str, event: Event) -> Result<PartyView, ExchangeError> {
        let now = self.clock().now();
        self.inner
            .state
            .write(|tx| advance(tx, name, event, now).map(|_| ()))?;
        // At once, also for its accounts that were here a moment ago.
        self.inner.rights.forget();
        self.due().tell();
        self.party(name)
    }
}

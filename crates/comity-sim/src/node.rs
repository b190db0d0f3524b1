//! A simulated node: the real link over rows in memory, a guard that survives what a disk survives.
//!
//! In scope: starting, stopping, crashing. Out of scope: the network between nodes.

use std::sync::{Arc, Mutex, PoisonError};

use comity_link::seal::SealingAlgorithm;
use comity_node::link::card::{CardFacts, OwnCardError};
use comity_node::link::guard::{Guard, GuardError, Known, LastSigned};
use comity_node::link::keys::{KeysError, NodeKeys, Use};
use comity_node::link::log::Opened;
use comity_node::link::peer::VERIFIED;
use comity_node::link::{Link, LinkError, LinkParts};
use comity_store::error::StoreError;
use comity_store::state::State;
use comity_store::state::party::{self, PartyRow};
use zeroize::Zeroizing;

use crate::random::Random;

/// A guard in memory; cheap to share.
#[derive(Clone, Debug, Default)]
pub struct MemoryGuard(pub Arc<Mutex<Option<LastSigned>>>);

impl Guard for MemoryGuard {
    fn known(&self) -> Result<Known, GuardError> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(known.clone().map_or(Known::Nothing, Known::Signed))
    }

    fn keep(&self, signed: &LastSigned) -> Result<(), GuardError> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(signed.clone());
        Ok(())
    }
}

/// A simulated node.
#[derive(Debug)]
pub struct SimNode {
    /// Its party's name.
    pub name: String,
    /// Its end of the links.
    pub link: Link,
    /// Its rows.
    pub state: Arc<State>,
    /// What it signed last.
    pub guard: MemoryGuard,
    number: u8,
    seed: u64,
}

impl SimNode {
    /// A node with its first card.
    pub fn new(number: u8, seed: u64, now: i64) -> Result<Self, OwnCardError> {
        let state = Arc::new(State::open_in_memory()?);
        Self::start(number, seed, state, MemoryGuard::default(), now)
    }

    /// Starts a node over what its disk holds.
    pub fn start(
        number: u8,
        seed: u64,
        state: Arc<State>,
        guard: MemoryGuard,
        now: i64,
    ) -> Result<Self, OwnCardError> {
        let name = format!("party-{number}");
        let random = Mutex::new(Random::new(seed ^ u64::from(number)));
        let parts = LinkParts {
            state: Arc::clone(&state),
            keys: keys(number).map_err(LinkError::from)?,
            origin: format!("{name}.example/log"),
            guard: Box::new(guard.clone()),
            random: Box::new(move |bytes| {
                random.lock().unwrap_or_else(PoisonError::into_inner).fill(bytes);
            }),
            post_quantum: false,
            shared: false,
        };
        let link = Link::new(parts);
        let node = Self {
            name,
            link,
            state,
            guard,
            number,
            seed,
        };
        node.open(now)?;
        Ok(node)
    }

    /// Starts again after a crash: what was in memory is gone, what was committed is there.
    pub fn restart(self, salt: u64, now: i64) -> Result<Self, OwnCardError> {
        Self::start(self.number, self.seed ^ salt, self.state, self.guard, now)
    }

    fn open(&self, now: i64) -> Result<Opened, OwnCardError> {
        let opened = self.link.open_log(now)?;
        let domain = format!("{}.example", self.name);
        self.link.renew_card((&self.name, &domain), &CardFacts::default(), now)?;
        Ok(opened)
    }

    /// Enrols another node as a verified partner.
    pub fn enrol(&self, other: &Self, now: i64) -> Result<(), OwnCardError> {
        let card = other.state.read(|tx| other.link.own_card(tx))?;
        let Some(card) = card else {
            return Ok(());
        };
        let row = PartyRow {
            name: other.name.clone(),
            state: VERIFIED.to_owned(),
            origin: other.link.origin().to_owned(),
            card: card.to_bytes(),
            serial: card.card().serial.into(),
            changed: now,
            link_url: None,
            last_sent: 0,
            last_heard: 0,
        };
        self.state.write(|tx| party::put(tx, &row).map_err(StoreError::from))?;
        Ok(())
    }
}

fn keys(number: u8) -> Result<NodeKeys, KeysError> {
    let mut seed_of = |which: Use| {
        let place = Use::ALL.iter().position(|one| *one == which).unwrap_or(0);
        let mut seed = Zeroizing::new([number; 32]);
        if let (Some(first), Ok(place)) = (seed.first_mut(), u8::try_from(place)) {
            *first = place;
        }
        Ok(Some(seed))
    };
    let domain = format!("party-{number}.example");
    NodeKeys::from_seeds(&domain, &mut seed_of, SealingAlgorithm::X25519)
}

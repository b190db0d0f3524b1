//! A simulated node: the real link over rows in memory, a guard that survives what a disk survives.
//!
//! In scope: starting, stopping, enrolling. Out of scope: the network between nodes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use comity_link::seal::SealingAlgorithm;
use comity_node::link::card::{CardFacts, OwnCardError};
use comity_node::link::keys::{KeysError, NodeKeys, Use};
use comity_node::link::log::Opened;
use comity_node::link::peer::VERIFIED;
use comity_node::link::terms::LinkTerms;
use comity_node::link::{Link, LinkError, LinkParts};
use comity_store::error::StoreError;
use comity_store::state::State;
use comity_store::state::party::{self, PartyRow};
use zeroize::Zeroizing;

use crate::guard::SimGuard;
use crate::random::Random;

/// How many sets of keys there are; a seed picks one.
pub const KEY_SETS: u64 = 4;

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
    pub guard: SimGuard,
    /// How it stood when it was started.
    pub opened: Opened,
    identity: Identity,
}

/// Who a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Which node of the world it is, from 0.
    pub number: u8,
    /// From which set its keys are.
    pub keys: u8,
    /// How many nodes share one accord, from the first on, itself included; 0 without one.
    pub fellows: u8,
}

impl SimNode {
    /// A node with its first card.
    pub fn new(number: u8, seed: u64, now: i64) -> Result<Self, OwnCardError> {
        let state = State::open_in_memory()?;
        let identity = Identity {
            number,
            keys: 0,
            fellows: 0,
        };
        Self::start(identity, seed, state, SimGuard::default(), now)
    }

    /// Starts a node over what its disk holds.
    pub fn start(
        identity: Identity,
        seed: u64,
        state: impl Into<Arc<State>>,
        guard: SimGuard,
        now: i64,
    ) -> Result<Self, OwnCardError> {
        let state = state.into();
        let name = name_of(identity.number);
        let random = Mutex::new(Random::new(seed));
        let link = Link::new(LinkParts {
            state: Arc::clone(&state),
            keys: keys(identity).map_err(LinkError::from)?,
            origin: format!("{name}.example/log"),
            guard: Box::new(guard.clone()),
            random: Box::new(move |bytes| {
                random
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .fill(bytes);
            }),
            post_quantum: false,
            shared: false,
        });
        link.follow(terms(identity));
        let opened = link.open_log(now)?;
        let domain = format!("{name}.example");
        link.renew_card((&name, &domain), &CardFacts::default(), now)?;
        Ok(Self {
            name,
            link,
            state,
            guard,
            opened,
            identity,
        })
    }

    /// Who it is.
    pub fn identity(&self) -> Identity {
        self.identity
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
        self.state.write(|tx| party::put(tx, &row))?;
        Ok(())
    }
}

/// What the accord of all says of each of the others.
fn terms(identity: Identity) -> BTreeMap<String, LinkTerms> {
    let others = (0..identity.fellows).filter(|number| *number != identity.number);
    let others: BTreeSet<String> = others.map(name_of).collect();
    let terms = |party: &String| {
        let mut fellows = others.clone();
        fellows.remove(party);
        LinkTerms {
            fellows,
            ..LinkTerms::without_accord(party)
        }
    };
    let all = others.iter().map(|party| (party.clone(), terms(party)));
    all.collect()
}

/// The name of a node's party.
pub fn name_of(number: u8) -> String {
    format!("party-{number}")
}

/// The rows of nodes that have enrolled each other, as every world of this size and these keys begins.
#[derive(Debug, Default)]
pub struct Templates(Mutex<HashMap<Identity, Arc<Vec<Vec<u8>>>>>);

impl Templates {
    /// The rows of each of `nodes` nodes.
    pub fn of(&self, nodes: u8, keys: u8, now: i64) -> Result<Arc<Vec<Vec<u8>>>, OwnCardError> {
        let place = Identity {
            number: nodes,
            keys,
            fellows: 0,
        };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(&place) {
            return Ok(Arc::clone(known));
        }
        let mut all = Vec::new();
        for number in 0..nodes {
            let identity = Identity {
                number,
                keys,
                fellows: 0,
            };
            let state = State::open_in_memory()?;
            all.push(SimNode::start(
                identity,
                0,
                state,
                SimGuard::default(),
                now,
            )?);
        }
        for one in &all {
            for other in all.iter().filter(|other| other.name != one.name) {
                one.enrol(other, now)?;
            }
        }
        let made = all.iter().map(|node| node.state.snapshot());
        let made: Vec<Vec<u8>> = made.collect::<Result<_, StoreError>>()?;
        let made = Arc::new(made);
        known.insert(place, Arc::clone(&made));
        Ok(made)
    }
}

fn keys(identity: Identity) -> Result<NodeKeys, KeysError> {
    let mut seed_of = |which: Use| {
        let place = Use::ALL.iter().position(|one| *one == which).unwrap_or(0);
        let mut seed = Zeroizing::new([identity.number; 32]);
        if let (Some(first), Ok(place)) = (seed.first_mut(), u8::try_from(place)) {
            *first = place;
        }
        if let Some(last) = seed.last_mut() {
            *last = identity.keys;
        }
        Ok(Some(seed))
    };
    let domain = format!("{}.example", name_of(identity.number));
    NodeKeys::from_seeds(&domain, &mut seed_of, SealingAlgorithm::X25519)
}

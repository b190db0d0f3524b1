//! The node link: envelopes out and in, proven on both sides' ledgers, whatever carries them.
//!
//! Everything here is plain synchronous code over transactions, with the time and the randomness handed in: the running
//! node, the simulator and a file on a stick use the same functions.
//!
//! In scope: making envelopes, what to say to a party now, taking what a party says. Out of scope: HTTP and files (the
//! edges), what an envelope's content does (`exchange`).

pub mod card;
pub mod guard;
pub mod keys;
pub mod log;
pub mod peer;
pub mod terms;

pub(crate) mod credit;
pub(crate) mod cross_heads;
pub(crate) mod evidence;
pub(crate) mod heads;
mod incoming;
mod known;
mod outgoing;
mod receipts;
pub mod revoke;
pub mod rotate;
mod sends;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use comity_link::batch::BatchError;
use comity_link::header::HeaderError;
use comity_link::seal::SealError;
use comity_store::error::StoreError;
use comity_store::state::State;

use crate::link::guard::{Guard, GuardError, LastSigned};
pub use crate::link::incoming::{Taken, Way};
use crate::link::keys::{KeysError, NodeKeys};
pub use crate::link::outgoing::Draft;
use crate::link::peer::Peers;
pub use crate::link::receipts::seconds_of_receipt;
use crate::link::terms::LinkTerms;

/// A source of randomness.
pub type Random = Box<dyn Fn(&mut [u8]) + Send + Sync>;

/// What a link is made of.
pub struct LinkParts {
    /// Rows.
    pub state: Arc<State>,
    /// The node's own keys.
    pub keys: NodeKeys,
    /// The own log's origin, without its epoch.
    pub origin: String,
    /// What was signed last.
    pub guard: Box<dyn Guard>,
    /// Randomness.
    pub random: Random,
    /// Whether checkpoints and cosignatures carry ML-DSA-44 too.
    pub post_quantum: bool,
    /// Whether several nodes share the rows: a node that joins has signed nothing yet.
    pub shared: bool,
}

/// One node's end of the links to all its partners.
pub struct Link {
    pub(crate) state: Arc<State>,
    keys: Mutex<Arc<NodeKeys>>,
    /// One change of keys at a time.
    changing: Mutex<()>,
    pub(crate) origin: String,
    guard: Box<dyn Guard>,
    pub(crate) random: Random,
    /// Checkpoints and cosignatures carry ML-DSA-44 whatever the accords say.
    post_quantum: bool,
    /// What the accords in force say, by party.
    terms: Mutex<BTreeMap<String, LinkTerms>>,
    shared: bool,
    last_signed: Mutex<Option<(LastSigned, Vec<u8>)>>,
    peers: Peers,
    /// Heads of the own log that partners hold after they were set back, by party and epoch.
    held_by: Mutex<HashMap<(String, u32), u64>>,
    /// What parties said that they know of the own keys.
    known_by: Mutex<HashMap<String, comity_link::message::Knows>>,
    /// A partner showed a head of this node that its rows do not make.
    set_back: std::sync::atomic::AtomicBool,
    /// Parties whose newest head was cosigned here and that have not been told.
    untold: Mutex<HashSet<String>>,
    /// How much parties take, by their own word.
    credits: Mutex<credit::Credits>,
    /// What parties were told of the logs of others.
    told: Mutex<cross_heads::Told>,
}

/// Why something of the link cannot be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// There is no such party.
    #[error("there is no party {0:?}")]
    UnknownParty(String),
    /// The party is not enrolled, or not any more.
    #[error("{party} is {state}: nothing is sent to it or taken from it")]
    NotEnrolled {
        /// The party.
        party: String,
        /// Where its enrolment stands.
        state: String,
    },
    /// The log is not open.
    #[error("the ledger was not opened")]
    NoLog,
    /// The log was set back while the node ran.
    #[error("the ledger was set back while the node ran; nothing is signed until it is restarted")]
    SetBack,
    /// The party showed two histories.
    #[error("{0} showed two histories of its log: the link is frozen until people have talked")]
    Frozen(String),
    /// The batch is none.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The batch is for somebody else.
    #[error("the batch is for {0}, not for this node")]
    NotForUs(String),
    /// The batch is older than others that were taken.
    #[error("the batch is older than what was heard already; is the other side's clock set back?")]
    Stale,
    /// A header is none.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// A content cannot be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A payload is too large or of the wrong form.
    #[error("the payload cannot be sent: {0}")]
    Payload(&'static str),
    /// A card cannot be read.
    #[error("the node card of {party} cannot be used: {reason}")]
    Card {
        /// Whose.
        party: String,
        /// Why.
        reason: String,
    },
    /// The tree cannot be read.
    #[error("the ledger's tree cannot be read: {0}")]
    Tiles(String),
    /// The guard cannot be written.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// The keys cannot be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The store failed.
    #[error("cannot use the store")]
    Store(#[from] StoreError),
}

impl Link {
    /// A link over these parts. Nothing is signed before [`Link::open_log`].
    pub fn new(parts: LinkParts) -> Self {
        let LinkParts {
            state,
            keys,
            origin,
            guard,
            random,
            post_quantum,
            shared,
        } = parts;
        Self {
            state,
            keys: Mutex::new(Arc::new(keys)),
            changing: Mutex::default(),
            origin,
            guard,
            random,
            post_quantum,
            terms: Mutex::default(),
            shared,
            last_signed: Mutex::default(),
            peers: Peers::default(),
            held_by: Mutex::default(),
            known_by: Mutex::default(),
            set_back: std::sync::atomic::AtomicBool::new(false),
            untold: Mutex::default(),
            credits: Mutex::default(),
            told: Mutex::default(),
        }
    }

    /// The node's own keys as they are now.
    pub fn keys(&self) -> Arc<NodeKeys> {
        Arc::clone(&self.keys.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Other keys from now on.
    pub(crate) fn use_keys(&self, keys: NodeKeys) {
        *self.keys.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        self.sign_anew();
    }

    /// The newest head is signed anew when it is shown next.
    fn sign_anew(&self) {
        let mut last = self
            .last_signed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some((_, note)) = last.as_mut() {
            note.clear();
        }
    }

    /// The own log's origin, without its epoch.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    pub(crate) fn random_hash(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        (self.random)(&mut bytes);
        bytes
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link")
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

/// An error with its reasons, for the operator's log.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    comity_store::error::chain(error)
}

/// Seconds since 1970 of a moment in microseconds.
pub(crate) fn seconds(now: i64) -> u64 {
    u64::try_from(now / 1_000_000).unwrap_or(0)
}

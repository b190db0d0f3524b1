//! A running node: the stores, the clock, what is remembered between requests.
//!
//! In scope: starting, stopping, handing a write to the store and waiting for it. Out of scope: the use cases, each in
//! a module of its own.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};

use comity_stix::admission::Limits;
use comity_stix::envelope::EnvelopeLimits;
use comity_store::attachment::Attachments;
use comity_store::error::StoreError;
use comity_store::objects::{ObjectStore, WriteRequest, Written};
use comity_store::state::State;
use comity_store::state::closed::{self, ALL};

use crate::account::Sessions;
use crate::account::oidc::{FLIGHT_MICROS, Flight, OidcTerms, PROOF_MICROS, Proof, Provider};
use crate::account::outstanding::Outstanding;
use crate::account::passkey::{CHALLENGE_MICROS, Ceremony, Origin};
use crate::account::session::OpenSessions;
use crate::address::dkim::KeptKeys;
use crate::address::{AddressKeys, MailTerms};
use crate::case::arrived::Arrived;
use crate::case::threads::Looked;
use crate::clock::Clock;
use crate::collection::RightsCache;
use crate::due::Due;
use crate::exchange::accords::AccordsCache;
use crate::exchange::judging::TermsCache;
use crate::folder::{FolderLock, Identity, OpenFolder};
use crate::ledger::Demands;
use crate::link::Link;
use crate::link::log::Opened;
use crate::mail::keys::MailKeys;
use crate::mail::out::SendingTerms;

/// Limits that a node's operator sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeLimits {
    /// For one object.
    pub object: Limits,
    /// For one envelope.
    pub envelope: EnvelopeLimits,
    /// Objects on one page.
    pub page_objects_max: usize,
}

impl Default for NodeLimits {
    fn default() -> Self {
        Self {
            object: Limits::EXCHANGE,
            envelope: EnvelopeLimits::EXCHANGE,
            page_objects_max: 1000,
        }
    }
}

/// A running node. Cheap to clone.
#[derive(Clone)]
pub struct Node {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) objects: Arc<dyn ObjectStore>,
    pub(crate) state: Arc<State>,
    /// The raw bytes of mail that came.
    pub(crate) mail: Attachments,
    pub(crate) clock: Clock,
    pub(crate) limits: NodeLimits,
    pub(crate) identity: Identity,
    pub(crate) link: Arc<Link>,
    pub(crate) ledger: Opened,
    pub(crate) due: Due,
    pub(crate) terms: TermsCache,
    pub(crate) accords: AccordsCache,
    pub(crate) demands: Demands,
    pub(crate) sessions: Sessions,
    pub(crate) open_sessions: OpenSessions,
    /// Challenges of passkeys.
    pub(crate) challenges: Outstanding<(Ceremony, Origin)>,
    /// Who is at the provider of identities.
    pub(crate) flights: Outstanding<Flight>,
    /// Whom the provider let in and who give a code yet.
    pub(crate) proofs: Outstanding<Proof>,
    /// The settings of the provider of identities, once they are known.
    pub(crate) oidc_terms: OnceLock<OidcTerms>,
    pub(crate) provider: OnceLock<Provider>,
    pub(crate) rights: RightsCache,
    /// What went between this party and others, as far as it was read.
    pub(crate) arrived: Arrived,
    pub(crate) address_keys: AddressKeys,
    pub(crate) mail_keys: MailKeys,
    /// The settings of addresses, once they are known.
    pub(crate) mail_terms: OnceLock<MailTerms>,
    pub(crate) dkim: KeptKeys,
    /// The settings of mail that leaves, once they are known.
    pub(crate) sending: OnceLock<SendingTerms>,
    /// Up to when threads were looked at for what is due.
    pub(crate) looked: Mutex<Looked>,
    /// Whether anything was bound to persons here, as far as this node alone can say.
    pub(crate) holds_closed: AtomicBool,
    lock: Mutex<Option<FolderLock>>,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node")
            .field("identity", &self.inner.identity)
            .finish_non_exhaustive()
    }
}

impl Node {
    /// A node over an opened folder.
    pub fn new(folder: OpenFolder, clock: Clock, limits: NodeLimits) -> Self {
        // Where that cannot be found out it is taken to be so, and looked up each time.
        let closed = folder.state.read(|tx| closed::of_account(tx, ALL));
        let holds_closed = folder.state.is_shared() || closed.map_or(true, |all| !all.is_empty());
        let inner = Inner {
            objects: folder.objects,
            state: folder.state,
            mail: folder.mail,
            clock,
            limits,
            identity: folder.identity,
            link: folder.link,
            ledger: folder.ledger,
            due: Due::default(),
            terms: TermsCache::default(),
            accords: AccordsCache::default(),
            demands: Demands::default(),
            sessions: Sessions::default(),
            open_sessions: OpenSessions::default(),
            challenges: Outstanding::new(CHALLENGE_MICROS),
            flights: Outstanding::new(FLIGHT_MICROS),
            proofs: Outstanding::new(PROOF_MICROS),
            oidc_terms: OnceLock::new(),
            provider: OnceLock::new(),
            rights: RightsCache::default(),
            arrived: Arrived::default(),
            address_keys: folder.address_keys,
            mail_keys: folder.mail_keys,
            mail_terms: OnceLock::new(),
            dkim: folder.dkim,
            sending: OnceLock::new(),
            looked: Mutex::default(),
            holds_closed: AtomicBool::new(holds_closed),
            lock: Mutex::new(Some(folder.lock)),
        };
        let node = Self {
            inner: Arc::new(inner),
        };
        if let Err(error) = node.follow_accords() {
            tracing::warn!(error = %comity_store::error::chain(&error), "accords not followed");
        }
        node
    }

    /// Who this node is.
    pub fn identity(&self) -> &Identity {
        &self.inner.identity
    }

    /// This node's end of the links to other parties.
    pub fn link(&self) -> &Arc<Link> {
        &self.inner.link
    }

    /// How the ledger was found when the node was opened.
    pub fn ledger_opened(&self) -> &Opened {
        &self.inner.ledger
    }

    /// Told when something waits for a party, or for this node's own attention.
    pub fn due(&self) -> &Due {
        &self.inner.due
    }

    /// The limits in force.
    pub fn limits(&self) -> &NodeLimits {
        &self.inner.limits
    }

    /// The node's clock.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// Finishes what waits and lets go of the folder.
    pub fn close(&self) -> Result<(), StoreError> {
        let closed = self.inner.objects.close();
        let mut lock = self
            .inner
            .lock
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *lock = None;
        closed
    }

    /// Whether the stores answer.
    pub fn is_ready(&self) -> bool {
        self.inner.state.layout().is_ok()
    }

    /// Hands a request to the writer and waits until it is durable. For a thread that may wait.
    pub(crate) fn write(&self, request: WriteRequest) -> Result<Written, StoreError> {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        let reply = move |answer| {
            let _ = sender.send(answer);
        };
        self.inner.objects.submit(request, Box::new(reply));
        receiver.recv().unwrap_or(Err(StoreError::Stopped))
    }

    /// The same for a task that must not hold up its thread.
    pub(crate) async fn write_async(&self, request: WriteRequest) -> Result<Written, StoreError> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let reply = move |answer| {
            let _ = sender.send(answer);
        };
        self.inner.objects.submit(request, Box::new(reply));
        receiver.await.unwrap_or(Err(StoreError::Stopped))
    }
}

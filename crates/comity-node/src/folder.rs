//! A node's folder: made once, held by one process at a time.
//!
//! In scope: making it, the lock, opening the stores in it. Out of scope: settings (`comity`), the files' contents.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use comity_store::attachment::Attachments;
use comity_store::error::StoreError;
use comity_store::objects::ObjectStore;
use comity_store::objects::embedded::EmbeddedObjects;
use comity_store::objects::server::ServerObjects;
use comity_store::state::{State, meta};

use crate::address::{AddressError, AddressKeys};
use crate::clock::Clock;
use crate::link::card::OwnCardError;
use crate::link::guard::FileGuard;
use crate::link::keys::{self, KeysError, NodeKeys, RootPublic};
use crate::link::log::Opened;
use crate::link::{Link, LinkError, LinkParts};
use crate::mail::keys::MailKeys;

/// The name of the settings file; its presence makes a folder a node's.
pub const SETTINGS_FILE: &str = "comity.toml";
/// The name of the socket by which commands reach a running node.
pub const SOCKET_FILE: &str = "node.sock";

/// What a new node is told about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The party's name.
    pub party: String,
    /// The domain that it speaks for.
    pub domain: String,
}

/// Where a node keeps its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In its folder.
    Embedded,
    /// In the PostgreSQL database at this URL; attachments, mail and settings stay in the folder.
    Server(String),
}

/// A folder that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// There is a node already.
    #[error("{0} holds a node already")]
    Exists(PathBuf),
    /// There is no node.
    #[error("{0} holds no node")]
    NotANode(PathBuf),
    /// The party's name or domain cannot be used.
    #[error("{what} {value:?} cannot be used: {rule}")]
    BadIdentity {
        /// Which.
        what: &'static str,
        /// What was given.
        value: String,
        /// What it must look like.
        rule: &'static str,
    },
    /// A file or folder could not be made or opened.
    #[error("cannot {action} {path}")]
    File {
        /// What was attempted.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The store refused.
    #[error("cannot open the store")]
    Store(#[from] StoreError),
    /// The keys cannot be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The folder's keys are not those by which the party is known.
    #[error("the keys in {0} are not those on the party's card")]
    OtherKeys(PathBuf),
    /// The ledger cannot be opened.
    #[error("cannot open the ledger")]
    Link(#[from] LinkError),
    /// The keys of addresses cannot be used.
    #[error("cannot use the keys of addresses")]
    Addresses(#[source] AddressError),
    /// The node's card cannot be made.
    #[error(transparent)]
    Card(#[from] OwnCardError),
}

/// The stores of a node, and the lock that makes them this process's own.
pub struct OpenFolder {
    /// The objects.
    pub objects: Arc<dyn ObjectStore>,
    /// Everything else.
    pub state: Arc<State>,
    /// The raw bytes of mail that came.
    pub mail: Attachments,
    /// Who this node is.
    pub identity: Identity,
    /// Its end of the links to other parties.
    pub link: Arc<Link>,
    /// How its ledger was found.
    pub ledger: Opened,
    /// The keys that make its mail addresses.
    pub address_keys: AddressKeys,
    /// Its OpenPGP keys.
    pub mail_keys: MailKeys,
    /// Held as long as the stores are open.
    pub lock: FolderLock,
}

/// Holds a folder for this process.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

/// Makes a folder for a new node and records who it is. With `root`, its root key is kept elsewhere.
pub fn init(
    folder: &Path,
    place: &Place,
    identity: &Identity,
    root: Option<&RootPublic>,
    settings: &str,
) -> Result<(), FolderError> {
    check_identity(identity)?;
    let file = folder.join(SETTINGS_FILE);
    if file.exists() {
        return Err(FolderError::Exists(folder.to_owned()));
    }
    let failed = |action, path: &Path| {
        let path = path.to_owned();
        move |source| FolderError::File {
            action,
            path,
            source,
        }
    };
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(failed("create", folder))?;
    let _lock = lock(folder)?;
    let state = open_state(folder, place)?;
    state.write(|tx| {
        meta::put(tx, "party", &identity.party)?;
        meta::put(tx, "domain", &identity.domain)
    })?;
    if !keys::exist(folder)? {
        NodeKeys::make(folder, &identity.domain, root, &mut fill)?;
    }
    // Last, so that a folder with settings is a whole node. It may name a database's password: for the owner only.
    let mut options = OpenOptions::new();
    let made = options.write(true).create_new(true).mode(0o600).open(&file);
    let mut made = made.map_err(failed("create", &file))?;
    std::io::Write::write_all(&mut made, settings.as_bytes()).map_err(failed("write", &file))?;
    made.sync_all().map_err(failed("sync", &file))
}

/// Opens a node's stores for this process alone.
pub fn open(folder: &Path, place: &Place, clock: &Clock) -> Result<OpenFolder, FolderError> {
    if !folder.join(SETTINGS_FILE).exists() {
        return Err(FolderError::NotANode(folder.to_owned()));
    }
    let lock = lock(folder)?;
    let state = Arc::new(open_state(folder, place)?);
    let objects: Arc<dyn ObjectStore> = match place {
        Place::Embedded => Arc::new(EmbeddedObjects::open(&folder.join("objects"))?),
        Place::Server(url) => Arc::new(ServerObjects::open(url)?),
    };
    let identity = state.read(|tx| {
        let mut fact = |name| meta::find(tx, name).map(Option::unwrap_or_default);
        Ok::<_, StoreError>(Identity {
            party: fact("party")?,
            domain: fact("domain")?,
        })
    })?;
    let (link, ledger) = open_link(folder, place, &state, &identity, clock.now())?;
    link.keep_items(Arc::new(Attachments::open(&folder.join("attachments"))?));
    let mail = Attachments::open(&folder.join("mail"))?;
    let address_keys = AddressKeys::open(folder).map_err(FolderError::Addresses)?;
    let mail_keys = MailKeys::open(folder)?;
    Ok(OpenFolder {
        objects,
        state,
        mail,
        identity,
        link,
        ledger,
        address_keys,
        mail_keys,
        lock,
    })
}

fn open_link(
    folder: &Path,
    place: &Place,
    state: &Arc<State>,
    identity: &Identity,
    now: i64,
) -> Result<(Arc<Link>, Opened), FolderError> {
    if !keys::exist(folder)? {
        NodeKeys::make(folder, &identity.domain, None, &mut fill)?;
    }
    let parts = LinkParts {
        state: Arc::clone(state),
        keys: NodeKeys::read(folder, &identity.domain)?,
        origin: format!("{}/log", identity.domain),
        guard: Box::new(FileGuard::new(folder)),
        random: Box::new(fill),
        post_quantum: false,
        shared: matches!(place, Place::Server(_)),
    };
    let link = Link::new(parts);
    link.settle_keys()?;
    let known = state.read(|tx| link.own_card(tx))?;
    let own = link.keys().envelope().verifier();
    if known.is_some_and(|card| card.card().envelope != own) {
        return Err(FolderError::OtherKeys(folder.join(keys::KEYS_FOLDER)));
    }
    let ledger = link.open_log(now)?;
    Ok((Arc::new(link), ledger))
}

fn fill(bytes: &mut [u8]) {
    // Without randomness no secret may be made; there is nothing to fall back to.
    getrandom::fill(bytes).expect("invariant: the operating system gives random bytes");
}

/// Removes the derived index of an embedded store; the next opening builds it again from the log.
pub fn forget_index(folder: &Path) -> Result<(), FolderError> {
    let _lock = lock(folder)?;
    let objects = folder.join("objects");
    let listing = std::fs::read_dir(&objects);
    let listing = listing.map_err(|source| FolderError::File {
        action: "list",
        path: objects.clone(),
        source,
    })?;
    for item in listing.flatten() {
        let path = item.path();
        let derived = item
            .file_name()
            .to_str()
            .is_some_and(|n| n.starts_with("index.sqlite") || n.starts_with("view-"));
        if derived {
            std::fs::remove_file(&path).map_err(|source| FolderError::File {
                action: "remove",
                path,
                source,
            })?;
        }
    }
    Ok(())
}

fn open_state(folder: &Path, place: &Place) -> Result<State, StoreError> {
    match place {
        Place::Embedded => State::open_embedded(folder),
        Place::Server(url) => State::open_server(url),
    }
}

fn lock(folder: &Path) -> Result<FolderLock, FolderError> {
    let path = folder.join("lock");
    let failed = |source| FolderError::File {
        action: "lock",
        path: path.clone(),
        source,
    };
    let mut options = OpenOptions::new();
    let file = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(FolderLock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse {
            path: folder.to_owned(),
        }
        .into()),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn check_identity(identity: &Identity) -> Result<(), FolderError> {
    let bad = |what, value: &str, rule| {
        Err(FolderError::BadIdentity {
            what,
            value: value.to_owned(),
            rule,
        })
    };
    let party = &identity.party;
    if comity_accord::party::PartyName::parse(party).is_err() {
        let rule = "1 to 64 of a-z, 0-9, '-' and '.', a letter or digit first and last";
        return bad("the party's name", party, rule);
    }
    let domain = &identity.domain;
    let label = |l: &str| {
        !l.is_empty() && l.len() <= 63 && l.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    if domain.len() > 253 || !domain.split('.').all(label) {
        return bad(
            "the domain",
            domain,
            "labels of letters, digits and hyphens, joined by dots (RFC 1035 section 2.3.1)",
        );
    }
    Ok(())
}

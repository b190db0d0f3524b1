//! What can be asked of a view, and the page that answers it.
//!
//! The fields are TAXII 2.1's own: section 3.4 (filters), 3.4.1 (version and `spec_version`), 3.5 (paging).
//!
//! In scope: the query and its meaning for one object. Out of scope: reading it from a URL (`comity-api`), running it
//! (`paging`, `server`).

use bytes::Bytes;
use comity_stix::id::ObjectId;

use crate::objects::ViewId;
use crate::objects::entry::{Entry, Flags};

/// A query of one view.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PageQuery {
    /// The view.
    pub view: ViewId,
    /// Only objects added after this moment: microseconds since 1970.
    pub added_after: Option<i64>,
    /// Only objects behind this position, from an earlier page's [`Page::next`].
    pub after: Option<u64>,
    /// At most this many objects; at least 1.
    pub limit: usize,
    /// Which objects.
    pub filter: Filter,
}

/// Which objects of a view: each list is an OR, the lists together an AND (section 3.4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    /// Only these ids; empty: all.
    pub ids: Vec<ObjectId>,
    /// Only these types; empty: all.
    pub types: Vec<String>,
    /// Which versions of an object.
    pub versions: Versions,
    /// Only these STIX versions; [`SpecVersions::Latest`] is the default.
    pub spec_versions: SpecVersions,
}

/// Which versions of each object (section 3.4.1); the members are an OR.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Versions {
    /// Every version.
    All,
    /// Any of these.
    Some {
        /// The newest.
        last: bool,
        /// The oldest.
        first: bool,
        /// Exactly these: microseconds since 1970, and nanoseconds past them.
        exact: Vec<(i64, u16)>,
    },
}

impl Default for Versions {
    fn default() -> Self {
        Self::Some {
            last: true,
            first: false,
            exact: Vec::new(),
        }
    }
}

/// Which STIX versions (section 3.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SpecVersions {
    /// Of each object the latest STIX version that the view has.
    #[default]
    Latest,
    /// These.
    Only {
        /// STIX 2.0.
        v20: bool,
        /// STIX 2.1.
        v21: bool,
    },
}

/// What the manifest says of one object version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageItem {
    /// The object's id.
    pub id: ObjectId,
    /// Its `date_added`, microseconds since 1970.
    pub added: i64,
    /// Its version: `modified` or `created` as the object spells it, else its `date_added`.
    pub version: String,
    /// Whether it is STIX 2.0.
    pub spec_20: bool,
    /// Whether it says `revoked: true`.
    pub revoked: bool,
    /// Where it stands in the view.
    pub position: u64,
}

/// A page: objects side by side, a comma between each two, as they were received.
#[derive(Clone, Debug)]
pub struct Page {
    /// How many objects.
    pub count: usize,
    /// Whether more objects match behind this page.
    pub more: bool,
    /// Where the next page begins, when there is more.
    pub next: Option<u64>,
    /// `date_added` of the first object, microseconds since 1970.
    pub first_added: Option<i64>,
    /// `date_added` of the last object.
    pub last_added: Option<i64>,
    /// The bytes, and what is ready of them in compressed form.
    pub body: Vec<Piece>,
}

/// A stretch of a page's bytes.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Bytes to be sent as they are.
    Plain(Bytes),
    /// A stretch that was compressed when it was stored.
    Ready(ReadyBlock),
}

/// A stretch of a page as deflate data that ends on a byte boundary, so that stretches can be joined (RFC 1951).
#[derive(Clone, Debug)]
pub struct ReadyBlock {
    /// The deflate data, closed by a full flush.
    pub deflate: Bytes,
    /// CRC-32 of the bytes that it stands for.
    pub crc: u32,
    /// How many bytes it stands for.
    pub length: u32,
}

impl Filter {
    /// Whether nothing in particular is asked for: the newest version of every object.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the flags of an object alone decide this filter. They do not where a view holds an object under both
    /// STIX versions and the filter names one of them.
    pub(crate) fn decided_by_flags(&self, flags: Flags) -> bool {
        !flags.any(Flags::MIXED_SPEC)
            || self.spec_versions == SpecVersions::Latest
            || matches!(self.versions, Versions::All)
    }

    /// Whether the versions and STIX versions asked for take in this entry. Only where [`Self::decided_by_flags`].
    pub(crate) fn takes_version(&self, entry: &Entry) -> bool {
        let flags = entry.flags;
        let spec = match self.spec_versions {
            SpecVersions::Latest => !flags.any(Flags::OLD_SPEC),
            SpecVersions::Only { v20, v21 } => {
                if flags.any(Flags::SPEC_20) {
                    v20
                } else {
                    v21
                }
            }
        };
        let version = match &self.versions {
            Versions::All => true,
            Versions::Some { last, first, exact } => {
                (*last && !flags.any(Flags::NOT_LAST))
                    || (*first && !flags.any(Flags::NOT_FIRST))
                    || exact.contains(&entry.version_key())
            }
        };
        spec && version && !flags.any(Flags::REMOVED)
    }
}

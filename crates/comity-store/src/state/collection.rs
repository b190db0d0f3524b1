//! Collections, and which account may read or write which.
//!
//! In scope: rows. Out of scope: the objects of a collection, which are its view (`objects`).

use uuid::Uuid;

use crate::error::StoreError;
use crate::objects::ViewId;
use crate::state::release::PartyViews;
use crate::state::{Row, Tx, meta};

/// The title under which a party sees a collection of what another party sent.
const RELAYED: &str = "Passed on";

/// A collection (TAXII 2.1 section 5.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// Its id.
    pub id: Uuid,
    /// The view that holds its objects.
    pub view: ViewId,
    /// Its title.
    pub title: String,
    /// What it is for.
    pub description: Option<String>,
    /// Another name for it in URLs.
    pub alias: Option<String>,
    /// When it was made, microseconds since 1970.
    pub created: i64,
    /// The party whose objects it holds, where it holds those of one.
    pub source: Option<String>,
    /// The label that binds all that it holds, as TLP writes it.
    pub label: Option<String>,
    /// The views of the party that looks at it, where another party does.
    pub party: Option<PartyViews>,
    /// The view of what is bound to persons: of all of it, or, where an account looks, of what that account may read.
    pub closed: Option<ViewId>,
}

impl Collection {
    /// The view that whoever looks at it reads: for another party, what was released to it and nothing else.
    pub fn reads(&self) -> ViewId {
        self.party.map_or(self.view, |views| views.released)
    }

    /// Whether this view is the collection's, as far as whoever looks at it may read.
    pub fn shows(&self, view: ViewId) -> bool {
        self.reads() == view || self.closed == Some(view)
    }

    /// Every view that whoever looks at it reads.
    pub fn all_views(&self) -> impl Iterator<Item = ViewId> {
        std::iter::once(self.reads()).chain(self.closed)
    }

    /// The view that whoever looks at it adds to: for another party, one of its own, so that no answer tells what the
    /// collection holds.
    pub fn writes(&self) -> ViewId {
        self.party.map_or(self.view, |views| views.posted)
    }
}

/// What an account may do with a collection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// Read objects and manifests.
    pub read: bool,
    /// Add objects.
    pub write: bool,
}

impl Rights {
    /// Whether there is any.
    pub const fn any(self) -> bool {
        self.read || self.write
    }

    const fn word(self) -> &'static str {
        match (self.read, self.write) {
            (true, true) => "read-write",
            (true, false) => "read",
            (false, true) => "write",
            (false, false) => "none",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        let all = [(true, true), (true, false), (false, true), (false, false)];
        all.into_iter()
            .map(|(read, write)| Self { read, write })
            .find(|rights| rights.word() == word)
    }
}

/// What is recorded of a new collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCollection {
    /// Its id.
    pub id: Uuid,
    /// Its title.
    pub title: String,
    /// What it is for.
    pub description: Option<String>,
    /// Another name for it in URLs.
    pub alias: Option<String>,
    /// When it was made, microseconds since 1970.
    pub created: i64,
    /// The party whose objects it holds, where it holds those of one.
    pub source: Option<String>,
    /// The label that binds all that it holds, as TLP writes it.
    pub label: Option<String>,
}

/// Records a collection and gives it a view of its own; `None` when the id or the alias is taken.
pub fn add(tx: &mut dyn Tx, new: &NewCollection) -> Result<Option<Collection>, StoreError> {
    let taken = find(tx, &new.id.to_string())?.is_some()
        || new
            .alias
            .as_deref()
            .map(|alias| find(tx, alias))
            .transpose()?
            .flatten()
            .is_some();
    if taken {
        return Ok(None);
    }
    let number = next_views(tx, 1)?;
    tx.execute(
        "INSERT INTO collection (id, view_number, title, description, alias, created, source, label)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        &[
            new.id.to_string().as_str().into(),
            i64::from(number).into(),
            new.title.as_str().into(),
            new.description.as_deref().into(),
            new.alias.as_deref().into(),
            new.created.into(),
            new.source.as_deref().into(),
            new.label.as_deref().into(),
        ],
    )?;
    let NewCollection {
        id,
        title,
        description,
        alias,
        created,
        source,
        label,
    } = new.clone();
    Ok(Some(Collection {
        id,
        view: ViewId(number),
        title,
        description,
        alias,
        created,
        source,
        label,
        party: None,
        closed: None,
    }))
}

/// The first of so many view numbers that nobody has; none is ever used twice.
pub(super) fn next_views(tx: &mut dyn Tx, count: u32) -> Result<u32, StoreError> {
    let number: u32 = meta::find(tx, "next_view")?
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    meta::put(tx, "next_view", &(number + count).to_string())?;
    Ok(number)
}

/// The collection with this id or alias.
pub fn find(tx: &mut dyn Tx, name: &str) -> Result<Option<Collection>, StoreError> {
    let rows = tx.query(
        "SELECT c.id, c.view_number, c.title, c.description, c.alias, c.created, c.source, c.label, k.view_number
         FROM collection c LEFT JOIN closed_view k ON k.collection = c.id AND k.account = ''
         WHERE c.id = ?1 OR c.alias = ?1",
        &[name.into()],
    )?;
    rows.first().map(collection).transpose()
}

/// The collection that holds what a party sent, if there is one.
pub fn of_source(tx: &mut dyn Tx, party: &str) -> Result<Option<Collection>, StoreError> {
    let rows = tx.query(
        "SELECT c.id, c.view_number, c.title, c.description, c.alias, c.created, c.source, c.label, k.view_number
         FROM collection c LEFT JOIN closed_view k ON k.collection = c.id AND k.account = ''
         WHERE c.source = ?1 ORDER BY c.view_number LIMIT 1",
        &[party.into()],
    )?;
    rows.first().map(collection).transpose()
}

/// All collections, oldest first.
pub fn list(tx: &mut dyn Tx) -> Result<Vec<Collection>, StoreError> {
    let rows = tx.query(
        "SELECT c.id, c.view_number, c.title, c.description, c.alias, c.created, c.source, c.label, k.view_number
         FROM collection c LEFT JOIN closed_view k ON k.collection = c.id AND k.account = ''
         ORDER BY c.view_number",
        &[],
    )?;
    rows.iter().map(collection).collect()
}

/// Records what an account may do with a collection, in the place of what it could before.
pub fn grant(tx: &mut dyn Tx, id: &Uuid, account: &str, rights: Rights) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO collection_right (collection, account, access) VALUES (?1, ?2, ?3)
         ON CONFLICT (account, collection) DO UPDATE SET access = excluded.access",
        &[
            id.to_string().as_str().into(),
            account.into(),
            rights.word().into(),
        ],
    )?;
    Ok(())
}

/// The collections that an account has any right to, with the rights, oldest first.
pub fn list_for(tx: &mut dyn Tx, account: &str) -> Result<Vec<(Collection, Rights)>, StoreError> {
    let rows = tx.query(
        "SELECT c.id, c.view_number, c.title, c.description, c.alias, c.created, c.source, c.label, k.view_number,
             a.party, v.released, v.posted, p.state, r.access
         FROM collection c JOIN collection_right r ON r.collection = c.id JOIN account a ON a.name = r.account
             LEFT JOIN closed_view k ON k.collection = c.id AND k.account = r.account
             LEFT JOIN party_view v ON v.collection = c.id AND v.party = a.party
             LEFT JOIN party p ON p.name = a.party
         WHERE r.account = ?1 AND r.access <> 'none' ORDER BY c.view_number",
        &[account.into()],
    )?;
    let mut seen = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut found = collection(row)?;
        if let Some(party) = row.optional_text(9)? {
            // Another party's account sees nothing at all without views of its own, or while the party is not verified.
            let verified = row.optional_text(12)?.as_deref() == Some("verified");
            if row.optional_integer(10)?.is_none() || !verified {
                continue;
            }
            found.party = Some(PartyViews {
                released: view(row, 10)?,
                posted: view(row, 11)?,
            });
            // What the house calls the collection and why stays in the house but for its title: another party neither
            // reads these nor finds the collection by its alias.
            found.description = None;
            found.alias = None;
            // Nor who else gives something to this node.
            if found.source.take().is_some_and(|source| source != party) {
                RELAYED.clone_into(&mut found.title);
            }
            found.label = None;
            // What is bound to persons is addressed to them, by the link or by mail: no account of a party reads it here.
            found.closed = None;
        }
        seen.push((found, rights(row, 13)?));
    }
    Ok(seen)
}

fn view(row: &Row, column: usize) -> Result<ViewId, StoreError> {
    crate::state::ledger::small(row, column).map(ViewId)
}

/// Who may do what with a collection, by name.
pub fn rights_of(tx: &mut dyn Tx, id: &Uuid) -> Result<Vec<(String, Rights)>, StoreError> {
    let rows = tx.query(
        "SELECT account, access FROM collection_right WHERE collection = ?1 AND access <> 'none' ORDER BY account",
        &[id.to_string().as_str().into()],
    )?;
    rows.iter()
        .map(|row| Ok((row.text(0)?, rights(row, 1)?)))
        .collect()
}

fn rights(row: &Row, column: usize) -> Result<Rights, StoreError> {
    let word = row.text(column)?;
    Rights::parse(&word).ok_or_else(|| StoreError::Row {
        table: "collection_right",
        what: format!("the access is {word:?}"),
    })
}

fn collection(row: &Row) -> Result<Collection, StoreError> {
    let bad = |what: String| StoreError::Row {
        table: "collection",
        what,
    };
    let id = row.text(0)?;
    let number = row.integer(1)?;
    Ok(Collection {
        id: Uuid::parse_str(&id).map_err(|_| bad(format!("the id is {id:?}")))?,
        view: ViewId(u32::try_from(number).map_err(|_| bad(format!("the view is {number}")))?),
        title: row.text(2)?,
        description: row.optional_text(3)?,
        alias: row.optional_text(4)?,
        created: row.integer(5)?,
        source: row.optional_text(6)?,
        label: row.optional_text(7)?,
        party: None,
        closed: match row.optional_integer(8)? {
            Some(_) => Some(view(row, 8)?),
            None => None,
        },
    })
}

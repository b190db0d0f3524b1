//! Closed views: what of a collection is bound to persons, one view for all of it and one for each account that may read
//! some of it.
//!
//! In scope: rows. Out of scope: what is bound to whom (`comity-node`), the objects, which are the views'.

use uuid::Uuid;

use crate::error::StoreError;
use crate::objects::ViewId;
use crate::state::{Row, Tx, collection};

/// Under this name stands the view of all of it: no account has an empty name.
pub const ALL: &str = "";

/// One closed view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedView {
    /// The collection.
    pub collection: String,
    /// Whose it is, or [`ALL`].
    pub account: String,
    /// The view.
    pub view: ViewId,
}

/// The closed view of a collection for an account or [`ALL`], made where there is none.
pub fn make(tx: &mut dyn Tx, collection_id: &Uuid, account: &str) -> Result<ViewId, StoreError> {
    let known = of_collection(tx, collection_id)?;
    if let Some(known) = known.into_iter().find(|one| one.account == account) {
        return Ok(known.view);
    }
    let number = collection::next_views(tx, 1)?;
    tx.execute(
        "INSERT INTO closed_view (collection, account, view_number) VALUES (?1, ?2, ?3)",
        &[
            collection_id.to_string().as_str().into(),
            account.into(),
            number.into(),
        ],
    )?;
    Ok(ViewId(number))
}

/// The closed views of a collection, that of all first.
pub fn of_collection(tx: &mut dyn Tx, id: &Uuid) -> Result<Vec<ClosedView>, StoreError> {
    let rows = tx.query(
        "SELECT collection, account, view_number FROM closed_view WHERE collection = ?1 ORDER BY account",
        &[id.to_string().as_str().into()],
    )?;
    rows.iter().map(closed_view).collect()
}

/// The closed views of an account, or those of [`ALL`].
pub fn of_account(tx: &mut dyn Tx, account: &str) -> Result<Vec<ClosedView>, StoreError> {
    let rows = tx.query(
        "SELECT collection, account, view_number FROM closed_view WHERE account = ?1 ORDER BY collection",
        &[account.into()],
    )?;
    rows.iter().map(closed_view).collect()
}

/// Every closed view.
pub fn list(tx: &mut dyn Tx) -> Result<Vec<ClosedView>, StoreError> {
    let rows = tx.query(
        "SELECT collection, account, view_number FROM closed_view ORDER BY collection, account",
        &[],
    )?;
    rows.iter().map(closed_view).collect()
}

/// Records to whom an object was bound that goes; [`ALL`] among them says that it was bound at all.
pub fn remember(tx: &mut dyn Tx, object: &str, accounts: &[String]) -> Result<(), StoreError> {
    for account in accounts {
        tx.execute(
            "INSERT INTO closed_gone (object, account) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            &[object.into(), account.as_str().into()],
        )?;
    }
    Ok(())
}

/// To whom an object was bound that is gone; nobody: it was bound to none, or was never here.
pub fn remembered(tx: &mut dyn Tx, object: &str) -> Result<Vec<String>, StoreError> {
    let rows = tx.query(
        "SELECT account FROM closed_gone WHERE object = ?1 ORDER BY account",
        &[object.into()],
    )?;
    rows.iter().map(|row| row.text(0)).collect()
}

/// Forgets the closed views of an account, and what it could read once: whoever is given its name next begins with none.
pub fn forget(tx: &mut dyn Tx, account: &str) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM closed_gone WHERE account = ?1 AND account <> ''",
        &[account.into()],
    )?;
    tx.execute(
        "DELETE FROM closed_view WHERE account = ?1 AND account <> ''",
        &[account.into()],
    )
}

fn closed_view(row: &Row) -> Result<ClosedView, StoreError> {
    Ok(ClosedView {
        collection: row.text(0)?,
        account: row.text(1)?,
        view: crate::state::ledger::small(row, 2).map(ViewId)?,
    })
}

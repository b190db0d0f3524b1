//! Release: each decision with the rule that made it, what waits for a second person, what is shared as it grows.
//!
//! In scope: rows. Out of scope: deciding (`comity-release`).

use uuid::Uuid;

use crate::error::StoreError;
use crate::objects::ViewId;
use crate::state::value::Value;
use crate::state::{Row, Tx, collection};

/// One decision.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct DecisionRow {
    /// Its number, from 1; 0 until it is recorded.
    pub number: u64,
    /// The object's id, as held.
    pub object: String,
    /// Its version.
    pub version: String,
    /// For whom.
    pub party: String,
    /// By what way.
    pub outlet: String,
    /// `released`, `redacted`, `refused`, `waiting` or `recalled`.
    pub verdict: String,
    /// The rule that decided.
    pub rule: String,
    /// The label that bound.
    pub label: String,
    /// The id under which it was released.
    pub released: Option<String>,
    /// Why, in words for the operator.
    pub reason: String,
    /// The collection in whose released view it stands.
    pub collection: Option<String>,
    /// The envelope that carried it.
    pub envelope: Option<Vec<u8>>,
    /// The approval that allowed it.
    pub approval: Option<String>,
    /// When, microseconds since 1970.
    pub decided: i64,
}

/// Records a decision and gives it a number.
pub fn decide(tx: &mut dyn Tx, row: &DecisionRow) -> Result<u64, StoreError> {
    let number = newest_number(tx)? + 1;
    tx.execute(
        "INSERT INTO release_decision (number, object, version, party, outlet, verdict, rule, label, released, reason,
             collection, envelope, approval, decided)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        &[
            number.into(),
            row.object.as_str().into(),
            row.version.as_str().into(),
            row.party.as_str().into(),
            row.outlet.as_str().into(),
            row.verdict.as_str().into(),
            row.rule.as_str().into(),
            row.label.as_str().into(),
            row.released.as_deref().into(),
            row.reason.as_str().into(),
            row.collection.as_deref().into(),
            row.envelope.as_deref().into(),
            row.approval.as_deref().into(),
            row.decided.into(),
        ],
    )?;
    Ok(number)
}

/// The number of the newest decision; 0 before the first.
pub fn newest_number(tx: &mut dyn Tx) -> Result<u64, StoreError> {
    let last = tx.query("SELECT coalesce(max(number), 0) FROM release_decision", &[])?;
    last.first().map_or(Ok(0), |row| row.count(0))
}

/// The decisions on an object, newest first; `before` is where the stretch before ended.
pub fn of_object(
    tx: &mut dyn Tx,
    id: &str,
    before: Option<u64>,
    limit: u64,
) -> Result<Vec<DecisionRow>, StoreError> {
    let rows = tx.query(
        "SELECT number, object, version, party, outlet, verdict, rule, label, released, reason, collection, envelope,
             approval, decided FROM release_decision WHERE (object = ?1 OR released = ?1) AND number < ?2
         ORDER BY number DESC LIMIT ?3",
        &[id.into(), number_before(before), limit.into()],
    )?;
    rows.iter().map(decision).collect()
}

/// An object as a party came to have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Who has it.
    pub party: String,
    /// Its id here.
    pub object: String,
    /// Its id there.
    pub released: String,
    /// With which label it went.
    pub label: String,
}

/// Every copy of an object that went out, under its id here or the one that it had there. However often it was decided on, none is
/// left out: a recall asks for each.
pub fn copies(tx: &mut dyn Tx, id: &str) -> Result<Vec<Copied>, StoreError> {
    let rows = tx.query(
        "SELECT DISTINCT party, object, released, label FROM release_decision
         WHERE (object = ?1 OR released = ?1) AND released IS NOT NULL ORDER BY party, released, label",
        &[id.into()],
    )?;
    let copied = rows.iter().map(|row| {
        Ok(Copied {
            party: row.text(0)?,
            object: row.text(1)?,
            released: row.text(2)?,
            label: row.text(3)?,
        })
    });
    copied.collect()
}

/// Decisions for one party or for all, newest first; `before` is where the stretch before ended.
pub fn list(
    tx: &mut dyn Tx,
    party: Option<&str>,
    before: Option<u64>,
    limit: u64,
) -> Result<Vec<DecisionRow>, StoreError> {
    let rows = tx.query(
        "SELECT number, object, version, party, outlet, verdict, rule, label, released, reason, collection, envelope,
             approval, decided FROM release_decision WHERE (?1 = '' OR party = ?1) AND number < ?2
         ORDER BY number DESC LIMIT ?3",
        &[
            party.unwrap_or_default().into(),
            number_before(before),
            limit.into(),
        ],
    )?;
    rows.iter().map(decision).collect()
}

/// The number below which a stretch begins.
fn number_before(before: Option<u64>) -> Value {
    before
        .map_or(i64::MAX, |number| i64::try_from(number).unwrap_or(i64::MAX))
        .into()
}

/// The newest decision by which a party came to have an object or was asked to give it up: `released`, `redacted` or
/// `recalled`. Refusals in between change nothing of that.
pub fn last_word(
    tx: &mut dyn Tx,
    id: &str,
    party: &str,
) -> Result<Option<DecisionRow>, StoreError> {
    let rows = tx.query(
        "SELECT number, object, version, party, outlet, verdict, rule, label, released, reason, collection, envelope,
             approval, decided FROM release_decision
         WHERE object = ?1 AND party = ?2 AND verdict IN ('released', 'redacted', 'recalled')
         ORDER BY number DESC LIMIT 1",
        &[id.into(), party.into()],
    )?;
    rows.first().map(decision).transpose()
}

/// Every id by which a party came to have an object.
pub fn released_as(tx: &mut dyn Tx, id: &str, party: &str) -> Result<Vec<String>, StoreError> {
    let rows = tx.query(
        "SELECT DISTINCT released FROM release_decision
         WHERE object = ?1 AND party = ?2 AND released IS NOT NULL ORDER BY released",
        &[id.into(), party.into()],
    )?;
    rows.iter().map(|row| row.text(0)).collect()
}

/// Decisions of one verdict from a number on, oldest first.
pub fn of_verdict(
    tx: &mut dyn Tx,
    verdict: &str,
    from: u64,
    limit: u64,
) -> Result<Vec<DecisionRow>, StoreError> {
    let rows = tx.query(
        "SELECT number, object, version, party, outlet, verdict, rule, label, released, reason, collection, envelope,
             approval, decided FROM release_decision
         WHERE verdict = ?1 AND number >= ?2 ORDER BY number LIMIT ?3",
        &[verdict.into(), from.into(), limit.into()],
    )?;
    rows.iter().map(decision).collect()
}

fn decision(row: &Row) -> Result<DecisionRow, StoreError> {
    Ok(DecisionRow {
        number: row.count(0)?,
        object: row.text(1)?,
        version: row.text(2)?,
        party: row.text(3)?,
        outlet: row.text(4)?,
        verdict: row.text(5)?,
        rule: row.text(6)?,
        label: row.text(7)?,
        released: row.optional_text(8)?,
        reason: row.text(9)?,
        collection: row.optional_text(10)?,
        envelope: row.optional_bytes(11)?,
        approval: row.optional_text(12)?,
        decided: row.integer(13)?,
    })
}

/// Something that waits for a second person, or for a while in which it can be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalRow {
    /// Its id.
    pub id: String,
    /// For whom the release is.
    pub party: String,
    /// What is to be released, JSON.
    pub request: String,
    /// Who asked.
    pub asked_by: String,
    /// `waiting`, `approved` or `declined`; `leaving`, `left`, `taken_back` or `failed`.
    pub state: String,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When it was asked, microseconds since 1970.
    pub asked: i64,
    /// When it was decided.
    pub decided: Option<i64>,
    /// When what is leaving leaves, microseconds since 1970.
    pub leaves: Option<i64>,
    /// Why it failed.
    pub reason: Option<String>,
}

/// A query of approvals: what follows the table's name.
macro_rules! approvals_where {
    ($rest:literal) => {
        concat!(
            "SELECT id, party, request, asked_by, state, decided_by, asked, decided, leaves, reason FROM approval ",
            $rest
        )
    };
}

/// Records what waits, in the place of what was known of it.
pub fn put_approval(tx: &mut dyn Tx, row: &ApprovalRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO approval (id, party, request, asked_by, state, decided_by, asked, decided, leaves, reason)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (id) DO UPDATE SET state = excluded.state, decided_by = excluded.decided_by,
             decided = excluded.decided",
        &[
            row.id.as_str().into(),
            row.party.as_str().into(),
            row.request.as_str().into(),
            row.asked_by.as_str().into(),
            row.state.as_str().into(),
            row.decided_by.as_deref().into(),
            row.asked.into(),
            row.decided.into(),
            row.leaves.into(),
            row.reason.as_deref().into(),
        ],
    )?;
    Ok(())
}

/// Records what became of what stood so: a second person's word, or that it left; `false` when it stood so no more.
pub fn settle_approval(
    tx: &mut dyn Tx,
    row: &ApprovalRow,
    stood: &str,
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE approval SET state = ?2, decided_by = ?3, decided = ?4, reason = ?5 WHERE id = ?1 AND state = ?6",
        &[
            row.id.as_str().into(),
            row.state.as_str().into(),
            row.decided_by.as_deref().into(),
            row.decided.into(),
            row.reason.as_deref().into(),
            stood.into(),
        ],
    )?;
    Ok(changed == 1)
}

/// What waits, and what was decided, newest first; what waits is never crowded out by what was decided.
pub fn approvals(tx: &mut dyn Tx) -> Result<Vec<ApprovalRow>, StoreError> {
    let sql = approvals_where!(
        "ORDER BY CASE WHEN state IN ('waiting', 'leaving') THEN 0 ELSE 1 END, asked DESC, id LIMIT 1000"
    );
    tx.query(sql, &[])?.iter().map(approval).collect()
}

/// One of them.
pub fn find_approval(tx: &mut dyn Tx, id: &str) -> Result<Option<ApprovalRow>, StoreError> {
    let rows = tx.query(approvals_where!("WHERE id = ?1"), &[id.into()])?;
    rows.first().map(approval).transpose()
}

/// What leaves by `now`, the first to leave first; at most a hundred.
pub fn leaving(tx: &mut dyn Tx, now: i64) -> Result<Vec<ApprovalRow>, StoreError> {
    let sql =
        approvals_where!("WHERE state = 'leaving' AND leaves <= ?1 ORDER BY leaves, id LIMIT 100");
    tx.query(sql, &[now.into()])?.iter().map(approval).collect()
}

/// When the next of them leaves, microseconds since 1970; none where nothing does.
pub fn first_leaving(tx: &mut dyn Tx) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT leaves FROM approval WHERE state = 'leaving' ORDER BY leaves LIMIT 1";
    let rows = tx.query(sql, &[])?;
    rows.first().map_or(Ok(None), |row| row.optional_integer(0))
}

fn approval(row: &Row) -> Result<ApprovalRow, StoreError> {
    Ok(ApprovalRow {
        id: row.text(0)?,
        party: row.text(1)?,
        request: row.text(2)?,
        asked_by: row.text(3)?,
        state: row.text(4)?,
        decided_by: row.optional_text(5)?,
        asked: row.integer(6)?,
        decided: row.optional_integer(7)?,
        leaves: row.optional_integer(8)?,
        reason: row.optional_text(9)?,
    })
}

/// The views of a collection that belong to one party.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartyViews {
    /// What was released to it.
    pub released: ViewId,
    /// What it posted.
    pub posted: ViewId,
}

/// The views of a collection for a party, if there are any.
pub fn party_views(
    tx: &mut dyn Tx,
    collection: &Uuid,
    party: &str,
) -> Result<Option<PartyViews>, StoreError> {
    let rows = tx.query(
        "SELECT released, posted FROM party_view WHERE collection = ?1 AND party = ?2",
        &[collection.to_string().as_str().into(), party.into()],
    )?;
    let views = |row: &Row| {
        Ok(PartyViews {
            released: view(row, 0)?,
            posted: view(row, 1)?,
        })
    };
    rows.first().map(views).transpose()
}

/// Makes the views of a collection for a party, or answers those that are there.
pub fn make_party_views(
    tx: &mut dyn Tx,
    collection: &Uuid,
    party: &str,
) -> Result<PartyViews, StoreError> {
    if let Some(views) = party_views(tx, collection, party)? {
        return Ok(views);
    }
    let number = collection::next_views(tx, 2)?;
    tx.execute(
        "INSERT INTO party_view (collection, party, released, posted) VALUES (?1, ?2, ?3, ?4)",
        &[
            collection.to_string().as_str().into(),
            party.into(),
            number.into(),
            (number + 1).into(),
        ],
    )?;
    Ok(PartyViews {
        released: ViewId(number),
        posted: ViewId(number + 1),
    })
}

/// The released views of a party, with their collections.
pub fn views_of_party(
    tx: &mut dyn Tx,
    party: &str,
) -> Result<Vec<(String, PartyViews)>, StoreError> {
    let rows = tx.query(
        "SELECT collection, released, posted FROM party_view WHERE party = ?1 ORDER BY released",
        &[party.into()],
    )?;
    rows.iter()
        .map(|row| {
            let views = PartyViews {
                released: view(row, 1)?,
                posted: view(row, 2)?,
            };
            Ok((row.text(0)?, views))
        })
        .collect()
}

fn view(row: &Row, column: usize) -> Result<ViewId, StoreError> {
    crate::state::ledger::small(row, column).map(ViewId)
}

/// A collection that is shared with a party as it grows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingShare {
    /// The collection.
    pub collection: String,
    /// With whom.
    pub party: String,
    /// By what way.
    pub outlet: String,
    /// The position in the collection's view from which on it is not judged yet.
    pub position: u64,
    /// The same in the view of what is bound to persons.
    pub closed_position: u64,
    /// Under what everything before was judged, as a digest; nothing where that was never recorded.
    pub terms: Option<String>,
    /// What is judged again: from this position of the collection's view ...
    pub review_from: u64,
    /// ... up to this one.
    pub review_to: u64,
}

/// Shares a collection from now on, its past included; nothing changes when it is shared already.
pub fn share_collection(
    tx: &mut dyn Tx,
    collection: &str,
    party: &str,
    outlet: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO standing_share (collection, party, outlet, position, persons) VALUES (?1, ?2, ?3, 0, NULL)
         ON CONFLICT (collection, party, outlet) DO NOTHING",
        &[collection.into(), party.into(), outlet.into()],
    )?;
    Ok(())
}

/// Ends the sharing of a collection.
pub fn end_share(
    tx: &mut dyn Tx,
    collection: &str,
    party: &str,
    outlet: &str,
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "DELETE FROM standing_share WHERE collection = ?1 AND party = ?2 AND outlet = ?3",
        &[collection.into(), party.into(), outlet.into()],
    )?;
    Ok(changed == 1)
}

/// Everything that is shared as it grows.
pub fn standing_shares(tx: &mut dyn Tx) -> Result<Vec<StandingShare>, StoreError> {
    let rows = tx.query(
        "SELECT collection, party, outlet, position, closed_position, terms, review_from, review_to
         FROM standing_share ORDER BY collection, party, outlet",
        &[],
    )?;
    let share = |row: &Row| {
        Ok(StandingShare {
            collection: row.text(0)?,
            party: row.text(1)?,
            outlet: row.text(2)?,
            position: row.count(3)?,
            closed_position: row.count(4)?,
            terms: row.optional_text(5)?,
            review_from: row.count(6)?,
            review_to: row.count(7)?,
        })
    };
    rows.iter().map(share).collect()
}

/// Records how far a shared collection was judged, from `share` to `now`; `false` when that was done from another position
/// meanwhile.
pub fn judged(
    tx: &mut dyn Tx,
    share: &StandingShare,
    now: &StandingShare,
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE standing_share SET position = ?8, closed_position = ?9, terms = ?10, review_from = ?11, review_to = ?12
         WHERE collection = ?1 AND party = ?2 AND outlet = ?3 AND position = ?4 AND closed_position = ?5
             AND coalesce(terms, '') = ?6 AND review_from = ?7",
        &[
            share.collection.as_str().into(),
            share.party.as_str().into(),
            share.outlet.as_str().into(),
            share.position.into(),
            share.closed_position.into(),
            share.terms.as_deref().unwrap_or_default().into(),
            share.review_from.into(),
            now.position.into(),
            now.closed_position.into(),
            now.terms.as_deref().into(),
            now.review_from.into(),
            now.review_to.into(),
        ],
    )?;
    Ok(changed == 1)
}

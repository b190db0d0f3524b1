//! The object store on a PostgreSQL server: objects are rows, their bytes are kept as received.
//!
//! Several nodes may serve one database: positions and times are handed out under a lock on the view's row, so a page
//! follows the order of commits whoever wrote.
//!
//! In scope: reading. Out of scope: writing (`server_write`), connections (`state::server`).
//! Limits: a page reads at most what its query allows, at once.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use comity_stix::admission::ObservableValue;
use comity_stix::id::ObjectId;
use postgres::types::ToSql;
use uuid::Uuid;

use crate::error::StoreError;
use crate::objects::entry::{Entry, Flags};
use crate::objects::group::GroupWriter;
use crate::objects::lookup::{carries, page_item, refers};
use crate::objects::pending::{KeyKind, id_key, value_key};
use crate::objects::plan::{Sibling, settle};
use crate::objects::query::{Filter, Page, PageItem, PageQuery, Piece, SpecVersions, Versions};
use crate::objects::server_write::{Engine, key_number};
use crate::objects::status::{Detail, Status};
use crate::objects::{
    CheckReport, Found, ObjectStore, Reply, ViewId, ViewSummary, WriteRequest, words,
};
use crate::state::Pool;

/// The object store on a server.
#[derive(Debug)]
pub struct ServerObjects {
    pool: Arc<Pool>,
    writer: GroupWriter,
}

/// A row of the object table.
#[derive(Clone, Debug)]
pub(crate) struct ObjectRow {
    pub(crate) position: u64,
    pub(crate) entry: Entry,
    pub(crate) type_name: String,
    pub(crate) body: Vec<u8>,
}

/// The columns of an [`ObjectRow`], in order.
const COLUMNS: &str = "position, added, version, version_nanos, flags, uuid, type_name, body";

impl ServerObjects {
    /// Connects to the database at `url`, whose layout is up to date.
    pub fn open(url: &str) -> Result<Self, StoreError> {
        let pool = Arc::new(Pool::new(url)?);
        let engine = Engine::new(Arc::clone(&pool));
        Ok(Self {
            pool,
            writer: GroupWriter::start("comity-objects", engine)?,
        })
    }

    /// The rows that a query takes in, and whether there are more.
    fn select(&self, query: &PageQuery) -> Result<(Vec<ObjectRow>, bool), StoreError> {
        self.pool.with(|client| select(client, query))
    }

    /// Shown objects of some views under any of some keys, newest first.
    fn by_keys(
        &self,
        views: &[ViewId],
        kind: KeyKind,
        keys: &[i64],
        limit: usize,
    ) -> Result<Vec<InView>, StoreError> {
        let sql = format!(
            "SELECT DISTINCT o.view_number, o.{} FROM object_key k
             JOIN object o ON o.view_number = k.view_number AND o.position = k.position
             WHERE k.kind = $1 AND k.key = ANY($2) AND k.view_number = ANY($3) AND o.flags & $4 = 0
             ORDER BY o.added DESC, o.view_number DESC LIMIT $5",
            COLUMNS.replace(", ", ", o.")
        );
        let values: [&(dyn ToSql + Sync); 5] = [
            &key_number(kind),
            &keys,
            &view_numbers(views),
            &i64::from(Flags::HIDDEN.bits()),
            &bound(limit),
        ];
        self.rows(&sql, &values, in_view)
    }

    fn rows<T>(
        &self,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
        read: fn(&postgres::Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        self.pool.with(|client| {
            let rows = client.query(sql, values).map_err(unread)?;
            rows.iter().map(read).collect()
        })
    }
}

/// An object with the number of its view.
type InView = (u32, ObjectRow);

fn unread(error: postgres::Error) -> StoreError {
    StoreError::postgres("read objects")(error)
}

/// An object with the number of its view, which stands in the first column.
fn in_view(row: &postgres::Row) -> Result<InView, StoreError> {
    let view: i64 = row.try_get(0).map_err(unread)?;
    Ok((u32::try_from(view).unwrap_or(0), object_row(row, 1)?))
}

/// The same with the number that stands in the last column.
fn numbered(row: &postgres::Row) -> Result<(i64, InView), StoreError> {
    let number = row.try_get(row.len().saturating_sub(1)).map_err(unread)?;
    Ok((number, in_view(row)?))
}

/// The objects in rows of several views that `keep` confirms.
fn confirmed(
    rows: Vec<(u32, ObjectRow)>,
    limit: usize,
    keep: &dyn Fn(&Found) -> bool,
) -> Vec<Found> {
    let found = rows.into_iter().filter_map(|(view, row)| {
        let json = String::from_utf8(row.body).ok()?;
        let item = page_item(row.position, &row.entry, &json)?;
        Some(Found {
            view: ViewId(view),
            item,
            json,
        })
    });
    found.filter(|found| keep(found)).take(limit).collect()
}

/// The rows that a query takes in, and whether there are more.
pub(crate) fn select(
    client: &mut impl postgres::GenericClient,
    query: &PageQuery,
) -> Result<(Vec<ObjectRow>, bool), StoreError> {
    let limit = query.limit;
    let mut out = Vec::new();
    let mut after = query
        .after
        .map_or(-1, |position| i64::try_from(position).unwrap_or(i64::MAX));
    loop {
        let batch = candidates(client, query, after, limit.saturating_add(1))?;
        let complete = batch.len() <= limit;
        for row in batch {
            after = i64::try_from(row.position).unwrap_or(i64::MAX);
            if !takes(client, query, &row)? {
                continue;
            }
            if out.len() == limit {
                return Ok((out, true));
            }
            out.push(row);
        }
        if complete {
            return Ok((out, false));
        }
    }
}

/// Rows that the columns let through; where flags do not decide, [`takes`] has the last word.
fn candidates(
    client: &mut impl postgres::GenericClient,
    query: &PageQuery,
    after: i64,
    count: usize,
) -> Result<Vec<ObjectRow>, StoreError> {
    let filter = &query.filter;
    let view = i64::from(query.view.0);
    let added_after = query.added_after.unwrap_or(i64::MIN);
    let count = bound(count);
    let mut sql = format!(
        "SELECT {COLUMNS} FROM object WHERE view_number = $1 AND position > $2 AND added > $3 AND flags & {} = 0",
        Flags::REMOVED.bits()
    );
    let uuids: Vec<Vec<u8>> = filter
        .ids
        .iter()
        .map(|id| id.uuid().as_bytes().to_vec())
        .collect();
    let names: Vec<String> = filter
        .ids
        .iter()
        .map(|id| id.type_name().to_owned())
        .collect();
    let mut values: Vec<&(dyn ToSql + Sync)> = vec![&view, &after, &added_after, &count];
    if !filter.types.is_empty() {
        values.push(&filter.types);
        sql.push_str(" AND type_name = ANY($5)");
    }
    if !filter.ids.is_empty() {
        let next = values.len() + 1;
        let after_next = next + 1;
        let ids = format!("SELECT * FROM unnest(${next}::bytea[], ${after_next}::text[])");
        let ids = format!(" AND uuid = ANY(${next}) AND (uuid, type_name) IN ({ids})");
        sql.push_str(&ids);
        values.push(&uuids);
        values.push(&names);
    }
    sql.push_str(&version_condition(filter));
    sql.push_str(" ORDER BY position LIMIT $4");
    let rows = client
        .query(&sql, &values)
        .map_err(StoreError::postgres("read a page"))?;
    rows.iter().map(|row| object_row(row, 0)).collect()
}

/// What the flags say of versions; an object under both STIX versions passes and is looked at again.
fn version_condition(filter: &Filter) -> String {
    let mixed = Flags::MIXED_SPEC.bits();
    let (old, spec_20) = (Flags::OLD_SPEC.bits(), Flags::SPEC_20.bits());
    let spec = match filter.spec_versions {
        SpecVersions::Latest => format!(" AND flags & {old} = 0"),
        SpecVersions::Only {
            v20: true,
            v21: true,
        } => String::new(),
        SpecVersions::Only {
            v20: true,
            v21: false,
        } => format!(" AND flags & {spec_20} <> 0"),
        SpecVersions::Only {
            v20: false,
            v21: true,
        } => format!(" AND flags & {spec_20} = 0"),
        SpecVersions::Only {
            v20: false,
            v21: false,
        } => " AND false".to_owned(),
    };
    let last_only = matches!(&filter.versions, Versions::Some { last: true, first: false, exact } if exact.is_empty());
    if last_only {
        return format!(
            "{spec} AND (flags & {} = 0 OR flags & {mixed} <> 0)",
            Flags::NOT_LAST.bits()
        );
    }
    spec
}

/// Whether a row is what the query wants.
fn takes(
    client: &mut impl postgres::GenericClient,
    query: &PageQuery,
    row: &ObjectRow,
) -> Result<bool, StoreError> {
    let filter = &query.filter;
    if filter.decided_by_flags(row.entry.flags) {
        return Ok(filter.takes_version(&row.entry));
    }
    let SpecVersions::Only { v20, v21 } = filter.spec_versions else {
        return Ok(filter.takes_version(&row.entry));
    };
    let named = |flags: Flags| if flags.any(Flags::SPEC_20) { v20 } else { v21 };
    let uuids = vec![row.entry.uuid.as_bytes().to_vec()];
    let versions = versions_of(client, query.view, &uuids)?;
    let mut siblings: Vec<Sibling> = versions
        .iter()
        .filter(|other| other.type_name == row.type_name && named(other.entry.flags))
        .map(|other| Sibling {
            position: other.position,
            version: other.entry.version_key(),
            flags: other.entry.flags.without(Flags::SPEC_20),
        })
        .collect();
    settle(&mut siblings);
    let settled = siblings
        .iter()
        .find(|sibling| sibling.position == row.position);
    Ok(settled.is_some_and(|sibling| {
        let spec_20 = row.entry.flags.any(Flags::SPEC_20);
        let flags = if spec_20 {
            sibling.flags.with(Flags::SPEC_20)
        } else {
            sibling.flags
        };
        filter.takes_version(&Entry { flags, ..row.entry })
    }))
}

/// Every version, not removed, of objects with these UUIDs.
pub(crate) fn versions_of(
    client: &mut impl postgres::GenericClient,
    view: ViewId,
    uuids: &[Vec<u8>],
) -> Result<Vec<ObjectRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM object WHERE view_number = $1 AND uuid = ANY($2) AND flags & {} = 0 ORDER BY position",
        Flags::REMOVED.bits()
    );
    let rows = client
        .query(&sql, &[&i64::from(view.0), &uuids])
        .map_err(StoreError::postgres("read versions"))?;
    rows.iter().map(|row| object_row(row, 0)).collect()
}

fn object_row(row: &postgres::Row, first: usize) -> Result<ObjectRow, StoreError> {
    let read = || {
        let position: i64 = row.try_get(first)?;
        let version_nanos: i64 = row.try_get(first + 3)?;
        let flags: i64 = row.try_get(first + 4)?;
        let uuid: Vec<u8> = row.try_get(first + 5)?;
        let body: Vec<u8> = row.try_get(first + 7)?;
        let entry = Entry {
            added: row.try_get(first + 1)?,
            version: row.try_get(first + 2)?,
            version_nanos: u16::try_from(version_nanos).unwrap_or(0),
            uuid: Uuid::from_slice(&uuid).unwrap_or_default(),
            segment: 0,
            offset: 0,
            length: u32::try_from(body.len()).unwrap_or(u32::MAX),
            type_number: 0,
            flags: Flags::from_bits(u16::try_from(flags).unwrap_or(0)),
        };
        let position = u64::try_from(position).unwrap_or(0);
        Ok(ObjectRow {
            position,
            entry,
            type_name: row.try_get(first + 6)?,
            body,
        })
    };
    read().map_err(StoreError::postgres("read objects"))
}

impl ObjectStore for ServerObjects {
    fn submit(&self, request: WriteRequest, reply: Reply) {
        self.writer.submit(request, reply);
    }

    fn page(&self, query: &PageQuery, _ready: bool) -> Result<Page, StoreError> {
        let (rows, more) = self.select(query)?;
        let mut body = BytesMut::with_capacity(rows.iter().map(|row| row.body.len() + 1).sum());
        for row in &rows {
            if !body.is_empty() {
                body.put_u8(b',');
            }
            body.extend_from_slice(&row.body);
        }
        let body: Bytes = body.freeze();
        Ok(Page {
            count: rows.len(),
            more,
            next: rows.last().filter(|_| more).map(|row| row.position),
            first_added: rows.first().map(|row| row.entry.added),
            last_added: rows.last().map(|row| row.entry.added),
            body: if body.is_empty() {
                Vec::new()
            } else {
                vec![Piece::Plain(body)]
            },
        })
    }

    fn page_at_hand(&self, _query: &PageQuery, _ready: bool) -> Option<Page> {
        // Other nodes may have written meanwhile: only the database knows.
        None
    }

    fn items(&self, query: &PageQuery) -> Result<(Vec<PageItem>, bool), StoreError> {
        let (rows, more) = self.select(query)?;
        let items = rows.iter().filter_map(|row| {
            let json = std::str::from_utf8(&row.body).ok()?;
            page_item(row.position, &row.entry, json)
        });
        Ok((items.collect(), more))
    }

    fn holds(&self, view: ViewId, id: &ObjectId) -> Result<bool, StoreError> {
        let uuids = vec![id.uuid().as_bytes().to_vec()];
        let versions = self.pool.with(|client| versions_of(client, view, &uuids))?;
        Ok(versions.iter().any(|row| row.type_name == id.type_name()))
    }

    fn newest(&self, views: &[ViewId], id: &ObjectId) -> Result<Vec<Found>, StoreError> {
        let rows = self.by_keys(
            views,
            KeyKind::Id,
            &[id_key(&id.uuid())],
            views.len().max(16),
        )?;
        Ok(confirmed(rows, views.len(), &|found| found.item.id == *id))
    }

    fn by_value(
        &self,
        views: &[ViewId],
        values: &[ObservableValue],
        limit: usize,
    ) -> Result<Vec<Found>, StoreError> {
        let keys: Vec<i64> = values.iter().map(value_key).collect();
        let rows = self.by_keys(views, KeyKind::Value, &keys, limit)?;
        Ok(confirmed(rows, limit, &|found| carries(found, values)))
    }

    fn by_each_value(
        &self,
        views: &[ViewId],
        values: &[ObservableValue],
        each: usize,
    ) -> Result<Vec<Vec<Found>>, StoreError> {
        let columns = COLUMNS.replace(", ", ", o.");
        // One question for all of them: asked one by one, most of the time would go on the way.
        let sql = format!(
            "SELECT f.* FROM unnest($2::bigint[]) WITH ORDINALITY AS v(key, number) CROSS JOIN LATERAL (
                 SELECT o.view_number, o.{columns}, v.number FROM object_key k
                 JOIN object o ON o.view_number = k.view_number AND o.position = k.position
                 WHERE k.kind = $1 AND k.key = v.key AND k.view_number = ANY($3) AND o.flags & $4 = 0
                 ORDER BY o.added DESC, o.view_number DESC LIMIT $5) f"
        );
        let keys: Vec<i64> = values.iter().map(value_key).collect();
        let wanted: [&(dyn ToSql + Sync); 5] = [
            &key_number(KeyKind::Value),
            &keys,
            &view_numbers(views),
            &i64::from(Flags::HIDDEN.bits()),
            &bound(each),
        ];
        let rows = self.rows(&sql, &wanted, numbered)?;
        let mut of_each = vec![Vec::new(); values.len()];
        for (number, row) in rows {
            let place = usize::try_from(number)
                .ok()
                .and_then(|one| one.checked_sub(1));
            let place = place.and_then(|place| Some((values.get(place)?, of_each.get_mut(place)?)));
            if let Some((value, found)) = place {
                found.extend(confirmed(vec![row], 1, &|found| {
                    carries(found, std::slice::from_ref(value))
                }));
            }
        }
        Ok(of_each)
    }

    fn neighbours(
        &self,
        views: &[ViewId],
        id: &ObjectId,
        limit: usize,
    ) -> Result<Vec<Found>, StoreError> {
        let rows = self.by_keys(views, KeyKind::Link, &[id_key(&id.uuid())], limit)?;
        Ok(confirmed(rows, limit, &|found| refers(found, id)))
    }

    fn search(&self, views: &[ViewId], text: &str, limit: usize) -> Result<Vec<Found>, StoreError> {
        let wanted: Vec<String> = words::of(text).into_iter().collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT o.view_number, o.{} FROM object o
             JOIN (SELECT view_number, position FROM object_word WHERE word = ANY($1) AND view_number = ANY($2)
                   GROUP BY view_number, position HAVING count(*) = $3) w
             ON w.view_number = o.view_number AND w.position = o.position
             WHERE o.flags & $4 = 0 ORDER BY o.added DESC, o.view_number DESC LIMIT $5",
            COLUMNS.replace(", ", ", o.")
        );
        let hidden = i64::from(Flags::HIDDEN.bits());
        let rows = self.rows(
            &sql,
            &[
                &wanted,
                &view_numbers(views),
                &bound(wanted.len()),
                &hidden,
                &bound(limit),
            ],
            in_view,
        )?;
        Ok(confirmed(rows, limit, &|_| true))
    }

    fn status(&self, id: Uuid) -> Result<Option<(ViewId, Status)>, StoreError> {
        self.pool.with(|client| {
            let sql = "SELECT view_number, requested, body FROM object_status WHERE id = $1";
            let row = client.query_opt(sql, &[&id.as_bytes().as_slice()]);
            let Some(row) = row.map_err(StoreError::postgres("read a status"))? else {
                return Ok(None);
            };
            let (view, requested, body): (i64, i64, String) = (row.get(0), row.get(1), row.get(2));
            let (successes, failures): (Vec<Detail>, Vec<Detail>) = serde_json::from_str(&body)
                .map_err(|e| StoreError::Row {
                    table: "object_status",
                    what: e.to_string(),
                })?;
            Ok(Some((
                ViewId(u32::try_from(view).unwrap_or(0)),
                Status {
                    id,
                    requested,
                    successes,
                    failures,
                },
            )))
        })
    }

    fn summary(&self, view: ViewId) -> Result<ViewSummary, StoreError> {
        self.pool.with(|client| {
            let sql = "SELECT objects, versions, last_added, generation FROM view_state WHERE view_number = $1";
            let row = client.query_opt(sql, &[&i64::from(view.0)]).map_err(StoreError::postgres("read a view"))?;
            let unsigned = |number: i64| u64::try_from(number).unwrap_or(0);
            Ok(row.map_or_else(ViewSummary::default, |row| ViewSummary {
                objects: unsigned(row.get(0)),
                versions: unsigned(row.get(1)),
                last_added: row.get(2),
                generation: unsigned(row.get(3)),
            }))
        })
    }

    fn check(&self) -> Result<CheckReport, StoreError> {
        self.pool.with(|client| {
            let failed = StoreError::postgres;
            let row = client
                .query_one("SELECT count(*), coalesce(sum(octet_length(body)), 0)::bigint FROM object", &[])
                .map_err(failed("read all objects"))?;
            let (objects, bytes): (i64, i64) = (row.get(0), row.get(1));
            let sql = "SELECT v.view_number FROM view_state v WHERE v.versions <>
                       (SELECT count(*) FROM object o WHERE o.view_number = v.view_number AND o.flags & 1 = 0)";
            let rows = client.query(sql, &[]).map_err(failed("count objects"))?;
            let problems = rows.iter().map(|row| format!("view {} does not hold what it counts", row.get::<_, i64>(0)));
            Ok(CheckReport {
                objects: u64::try_from(objects).unwrap_or(0),
                bytes: u64::try_from(bytes).unwrap_or(0),
                problems: problems.collect(),
            })
        })
    }

    fn close(&self) -> Result<(), StoreError> {
        self.writer.close()
    }
}

fn view_numbers(views: &[ViewId]) -> Vec<i64> {
    views.iter().map(|view| i64::from(view.0)).collect()
}

fn bound(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

//! Pages: which entries of a view a query takes in, and the bytes that they point to.
//!
//! A page in no particular order of interest is a plain range of the view: its entries are read in one piece, and the
//! objects that lie side by side in the log are read in one piece each. Only pages by id go through the index.
//!
//! In scope: selecting and gathering. Out of scope: the meaning of a filter (`query`), HTTP (`comity-api`).

use std::collections::BTreeMap;

use bytes::Bytes;
use comity_stix::id::ObjectId;

use crate::error::StoreError;
use crate::objects::blocks::BLOCK_ENTRIES;
use crate::objects::buffers::Gather;
use crate::objects::deflate::fold;
use crate::objects::entry::{Entry, Flags};
use crate::objects::lookup::Shared;
use crate::objects::plan::{Sibling, settle};
use crate::objects::query::{Page, PageItem, PageQuery, Piece, SpecVersions};
use crate::objects::type_names::CROWDED;
use crate::objects::view::{STRETCH, View, ViewState, type_bit};

/// Entries read at once while looking for those that a query wants.
const SCAN_ENTRIES: u64 = 1024;
/// From this page size on a page ends with a compressed block where it can, so that it can be joined from blocks. The
/// size of a page is the server's to choose below the client's limit (TAXII 2.1 section 3.4).
const ALIGN_FROM: usize = 1000;

/// The entries of a page.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    pub(crate) entries: Vec<(u64, Entry)>,
    pub(crate) more: bool,
    /// Where the scan began, when the page is a plain range.
    from: u64,
}

/// A query made ready to be put to entries.
struct Wanted<'a> {
    query: &'a PageQuery,
    types: Option<Vec<u16>>,
    type_bits: u64,
}

impl Shared {
    /// The page as bytes; with `ready`, blocks that are stored compressed come so.
    pub(crate) fn page(&self, query: &PageQuery, ready: bool) -> Result<Page, StoreError> {
        if let Some(page) = self.page_at_hand(query, ready) {
            return Ok(page);
        }
        // Taken before reading: a page that a write overtakes is kept under the generation that is gone.
        let generation = self.generation(query.view.0);
        let selection = self.select(query)?;
        let body = if ready && query.filter.is_default() {
            fold(self.pieces(query.view.0, &selection)?)
        } else {
            self.plain(selection.entries.iter().map(|(_, entry)| entry))?
        };
        let first = selection.entries.first();
        let last = selection.entries.last();
        let page = Page {
            count: selection.entries.len(),
            more: selection.more,
            next: last
                .filter(|_| selection.more)
                .map(|(position, _)| *position),
            first_added: first.map(|(_, entry)| entry.added),
            last_added: last.map(|(_, entry)| entry.added),
            body,
        };
        self.pages.keep(query, ready, generation, &page);
        Ok(page)
    }

    /// The page if it is kept and still true.
    pub(crate) fn page_at_hand(&self, query: &PageQuery, ready: bool) -> Option<Page> {
        self.pages.find(query, ready, self.generation(query.view.0))
    }

    fn generation(&self, view: u32) -> u64 {
        self.view(view)
            .map_or(0, |view| view.read().summary.generation)
    }

    /// The page as the manifest shows it, and whether there is more.
    pub(crate) fn items(&self, query: &PageQuery) -> Result<(Vec<PageItem>, bool), StoreError> {
        let selection = self.select(query)?;
        let items = selection
            .entries
            .iter()
            .map(|(position, entry)| Ok(self.item(*position, entry)?.0));
        Ok((items.collect::<Result<_, StoreError>>()?, selection.more))
    }

    /// The entries that a query takes in.
    pub(crate) fn select(&self, query: &PageQuery) -> Result<Selection, StoreError> {
        let Some(view) = self.view(query.view.0) else {
            return Ok(Selection::default());
        };
        let state = view.read();
        let after = query.after.map_or(0, |position| position.saturating_add(1));
        let added = match query.added_after {
            Some(moment) => view.after(state.length, moment)?,
            None => 0,
        };
        let from = after.max(added);
        let Some(wanted) = self.wanted(query) else {
            return Ok(Selection::default());
        };
        if query.filter.ids.is_empty() {
            let mut selection = self.scan(&view, &state, from, &wanted)?;
            if query.filter.is_default() {
                selection.align(query.limit);
            }
            return Ok(selection);
        }
        self.by_ids(&view, &state, from, &wanted)
    }

    fn wanted<'a>(&self, query: &'a PageQuery) -> Option<Wanted<'a>> {
        if query.filter.types.is_empty() {
            return Some(Wanted {
                query,
                types: None,
                type_bits: u64::MAX,
            });
        }
        let types: Vec<u16> = query
            .filter
            .types
            .iter()
            .filter_map(|name| self.names.number(name))
            .collect();
        let type_bits = types
            .iter()
            .fold(0, |bits, number| bits | type_bit(*number));
        (!types.is_empty()).then_some(Wanted {
            query,
            types: Some(types),
            type_bits,
        })
    }

    fn scan(
        &self,
        view: &View,
        state: &ViewState,
        from: u64,
        wanted: &Wanted<'_>,
    ) -> Result<Selection, StoreError> {
        let limit = wanted.query.limit;
        let mut selection = Selection {
            from,
            ..Selection::default()
        };
        let mut position = from;
        // One more than the page, so that one read usually tells whether there is more.
        let mut count = u64::try_from(limit)
            .unwrap_or(u64::MAX)
            .saturating_add(1)
            .clamp(16, SCAN_ENTRIES + 1);
        while position < state.length {
            let stretch = usize::try_from(position / STRETCH).unwrap_or(usize::MAX);
            if state
                .types
                .get(stretch)
                .is_some_and(|bits| bits & wanted.type_bits == 0)
            {
                position = (position / STRETCH + 1) * STRETCH;
                continue;
            }
            let now = count.min(state.length - position);
            for (entry, at) in view
                .entries(position, usize::try_from(now).unwrap_or(0))?
                .into_iter()
                .zip(position..)
            {
                if !self.takes(view, state, &entry, wanted)? {
                    continue;
                }
                if selection.entries.len() == limit {
                    selection.more = true;
                    return Ok(selection);
                }
                selection.entries.push((at, entry));
            }
            position += now;
            count = SCAN_ENTRIES;
        }
        Ok(selection)
    }

    fn by_ids(
        &self,
        view: &View,
        state: &ViewState,
        from: u64,
        wanted: &Wanted<'_>,
    ) -> Result<Selection, StoreError> {
        let query = wanted.query;
        let mut found = BTreeMap::new();
        for id in &query.filter.ids {
            for (position, entry) in self.versions_below(query.view.0, view, state.length, id)? {
                if position >= from && self.takes(view, state, &entry, wanted)? {
                    found.insert(position, entry);
                }
            }
        }
        let more = found.len() > query.limit;
        Ok(Selection {
            entries: found.into_iter().take(query.limit).collect(),
            more,
            from: u64::MAX,
        })
    }

    fn takes(
        &self,
        view: &View,
        state: &ViewState,
        entry: &Entry,
        wanted: &Wanted<'_>,
    ) -> Result<bool, StoreError> {
        let filter = &wanted.query.filter;
        if entry.flags.any(Flags::REMOVED) {
            return Ok(false);
        }
        if let Some(types) = &wanted.types {
            if !types.contains(&entry.type_number) {
                return Ok(false);
            }
            if entry.type_number == CROWDED
                && !filter.types.iter().any(|name| *name == self.type_of(entry))
            {
                return Ok(false);
            }
        }
        if filter.decided_by_flags(entry.flags) {
            return Ok(filter.takes_version(entry));
        }
        self.takes_mixed(view, state, entry, wanted)
    }

    /// An object that the view holds under both STIX versions, asked for under named ones: the newest and the oldest
    /// are those among the versions of the named ones.
    fn takes_mixed(
        &self,
        view: &View,
        state: &ViewState,
        entry: &Entry,
        wanted: &Wanted<'_>,
    ) -> Result<bool, StoreError> {
        let filter = &wanted.query.filter;
        let SpecVersions::Only { v20, v21 } = filter.spec_versions else {
            return Ok(filter.takes_version(entry));
        };
        let (_, json) = self.item(0, entry)?;
        let Some(id) = own_id(&json) else {
            return Ok(false);
        };
        let versions = self.versions_below(wanted.query.view.0, view, state.length, &id)?;
        let named = |e: &Entry| {
            if e.flags.any(Flags::SPEC_20) {
                v20
            } else {
                v21
            }
        };
        let mut siblings: Vec<Sibling> = versions
            .iter()
            .filter(|(_, e)| named(e))
            .map(|(position, e)| Sibling {
                position: *position,
                version: e.version_key(),
                // Counted as one kind, so that newest and oldest are found across both.
                flags: e.flags.without(Flags::SPEC_20),
            })
            .collect();
        settle(&mut siblings);
        let same = |e: &Entry| e.added == entry.added;
        let Some((position, _)) = versions.iter().find(|(_, e)| same(e) && named(e)) else {
            return Ok(false);
        };
        let settled = siblings.iter().find(|s| s.position == *position);
        Ok(settled.is_some_and(|s| {
            let spec = entry.flags.any(Flags::SPEC_20);
            let flags = if spec {
                s.flags.with(Flags::SPEC_20)
            } else {
                s.flags
            };
            filter.takes_version(&Entry { flags, ..*entry })
        }))
    }

    fn type_of(&self, entry: &Entry) -> String {
        let id = self.body(entry).ok().and_then(|json| own_id(&json));
        id.map_or_else(String::new, |id| id.type_name().to_owned())
    }

    /// The bytes of entries, objects side by side with commas between.
    pub(crate) fn plain<'a>(
        &self,
        entries: impl Iterator<Item = &'a Entry>,
    ) -> Result<Vec<Piece>, StoreError> {
        Ok(self
            .gather(entries)?
            .into_iter()
            .map(Piece::Plain)
            .collect())
    }

    /// The same, as buffers.
    pub(crate) fn gather<'a>(
        &self,
        entries: impl Iterator<Item = &'a Entry>,
    ) -> Result<Vec<Bytes>, StoreError> {
        let mut gather = Gather::new(&self.pool);
        let mut run: Option<(u32, u64, u64)> = None;
        let mut first = true;
        for entry in entries {
            let (begin, end) = (
                u64::from(entry.offset),
                u64::from(entry.offset) + u64::from(entry.length),
            );
            run = match run {
                // Its neighbour in the log, with the comma between them: one run.
                Some((segment, from, until)) if segment == entry.segment && until + 1 == begin => {
                    Some((segment, from, end))
                }
                Some(done) => {
                    self.put_run(&mut gather, done, &mut first)?;
                    Some((entry.segment, begin, end))
                }
                None => Some((entry.segment, begin, end)),
            };
        }
        if let Some(done) = run {
            self.put_run(&mut gather, done, &mut first)?;
        }
        Ok(gather.finish())
    }

    fn put_run(
        &self,
        gather: &mut Gather,
        run: (u32, u64, u64),
        first: &mut bool,
    ) -> Result<(), StoreError> {
        let (segment, from, until) = run;
        if !*first {
            gather.put(b",");
        }
        *first = false;
        let file = self.segments.file(segment)?;
        let length = usize::try_from(until - from).unwrap_or(0);
        gather
            .read(&file, from, length)
            .map_err(|e| StoreError::file("read", &self.segments.path(segment), e))
    }

    /// The page from compressed blocks as far as they are built, the rest plain.
    fn pieces(&self, view: u32, selection: &Selection) -> Result<Vec<Piece>, StoreError> {
        let mut out: Vec<Piece> = Vec::new();
        let mut rest: Vec<&Entry> = Vec::new();
        let entries = &selection.entries;
        for group in entries.chunk_by(|(a, _), (b, _)| a / BLOCK_ENTRIES == b / BLOCK_ENTRIES) {
            let block = group
                .first()
                .map_or(0, |(position, _)| position / BLOCK_ENTRIES);
            let whole = selection.from <= block * BLOCK_ENTRIES;
            let built = self.blocks.find(view, block).filter(|_| whole);
            match built
                .filter(|(_, place)| usize::try_from(place.objects).is_ok_and(|n| n == group.len()))
            {
                Some((file, place)) => {
                    self.put_plain(&mut out, &mut rest)?;
                    push_comma(&mut out);
                    let ready = place
                        .read(&file)
                        .map_err(|e| StoreError::file("read", &self.folder, e))?;
                    out.push(Piece::Ready(ready));
                }
                None => rest.extend(group.iter().map(|(_, entry)| entry)),
            }
        }
        self.put_plain(&mut out, &mut rest)?;
        Ok(out)
    }

    fn put_plain(&self, out: &mut Vec<Piece>, rest: &mut Vec<&Entry>) -> Result<(), StoreError> {
        if !rest.is_empty() {
            push_comma(out);
            out.extend(self.plain(rest.drain(..))?);
        }
        Ok(())
    }
}

impl Selection {
    /// Gives up the objects behind the last whole block, when more follow anyway and most of the page stays.
    fn align(&mut self, limit: usize) {
        if !self.more || limit < ALIGN_FROM {
            return;
        }
        let Some((last, _)) = self.entries.last() else {
            return;
        };
        let edge = (last + 1) / BLOCK_ENTRIES * BLOCK_ENTRIES;
        let kept = self
            .entries
            .partition_point(|(position, _)| *position < edge);
        if kept >= limit - usize::try_from(BLOCK_ENTRIES).unwrap_or(0) {
            self.entries.truncate(kept);
        }
    }
}

fn push_comma(out: &mut Vec<Piece>) {
    if !out.is_empty() {
        out.push(Piece::Plain(Bytes::from_static(b",")));
    }
}

fn own_id(json: &str) -> Option<ObjectId> {
    #[derive(serde::Deserialize)]
    struct OnlyId<'a> {
        #[serde(borrow)]
        id: std::borrow::Cow<'a, str>,
    }
    let only: OnlyId<'_> = serde_json::from_str(json).ok()?;
    ObjectId::parse(&only.id).ok()
}

//! Pages that were read lately, kept while the view stays as it is.
//!
//! Partners read the same pages in the same order, often at the same hour; the second one to ask need not wait for the
//! disk. A page is good for one generation of its view, so nothing must be told when the view changes.
//!
//! In scope: keeping, finding, forgetting what was not asked for longest. Out of scope: reading pages (`paging`).
//! Limits: [`CACHE_BYTES_MAX`] in all, [`PAGE_BYTES_MIN`] to [`PAGE_BYTES_MAX`] a page; queries by id are not kept.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::objects::query::{Page, PageQuery, Piece};

/// Bytes of all pages that are kept.
pub(crate) const CACHE_BYTES_MAX: usize = 48 * 1024 * 1024;
/// A shorter page is not kept: it is read as quickly, and a poller that always asks for what is new asks for another
/// empty page each time.
const PAGE_BYTES_MIN: usize = 4096;
/// A longer page is not kept.
const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Among the pieces of a compressed page, a longer one would be compressed with each answer. Such a page is read again
/// until its blocks are built.
const PLAIN_BYTES_MAX: usize = 4096;

/// The pages that are kept.
#[derive(Debug, Default)]
pub(crate) struct PageCache {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    pages: HashMap<(PageQuery, bool), Kept>,
    bytes: usize,
    /// Counts what was asked for, to tell what was not asked for longest.
    turn: u64,
}

#[derive(Debug)]
struct Kept {
    generation: u64,
    page: Page,
    bytes: usize,
    asked: u64,
}

impl PageCache {
    /// The page, if it is kept and the view is still at `generation`.
    pub(crate) fn find(&self, query: &PageQuery, ready: bool, generation: u64) -> Option<Page> {
        if !query.filter.ids.is_empty() {
            return None;
        }
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.turn += 1;
        let turn = inner.turn;
        let kept = inner.pages.get_mut(&(query.clone(), ready))?;
        if kept.generation != generation {
            return None;
        }
        kept.asked = turn;
        Some(kept.page.clone())
    }

    /// Keeps a page of the view at `generation`.
    pub(crate) fn keep(&self, query: &PageQuery, ready: bool, generation: u64, page: &Page) {
        let bytes: usize = page.body.iter().map(size).sum();
        let unready = ready && page.body.iter().any(is_long_plain);
        let fits = (PAGE_BYTES_MIN..=PAGE_BYTES_MAX).contains(&bytes);
        if !query.filter.ids.is_empty() || unready || !fits {
            return;
        }
        let named: usize = query.filter.types.iter().map(String::len).sum();
        let bytes = bytes + named;
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.turn += 1;
        let kept = Kept {
            generation,
            page: page.clone(),
            bytes,
            asked: inner.turn,
        };
        inner.bytes += bytes;
        if let Some(before) = inner.pages.insert((query.clone(), ready), kept) {
            inner.bytes -= before.bytes;
        }
        while inner.bytes > CACHE_BYTES_MAX {
            let oldest = inner.pages.iter().min_by_key(|(_, kept)| kept.asked);
            let Some(key) = oldest.map(|(key, _)| key.clone()) else {
                break;
            };
            if let Some(gone) = inner.pages.remove(&key) {
                inner.bytes -= gone.bytes;
            }
        }
    }
}

fn size(piece: &Piece) -> usize {
    match piece {
        Piece::Plain(bytes) => bytes.len(),
        Piece::Ready(block) => block.deflate.len(),
    }
}

fn is_long_plain(piece: &Piece) -> bool {
    matches!(piece, Piece::Plain(bytes) if bytes.len() > PLAIN_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::objects::ViewId;
    use crate::objects::query::Filter;

    fn query(after: u64) -> PageQuery {
        let view = ViewId(1);
        PageQuery {
            view,
            added_after: None,
            after: Some(after),
            limit: 10,
            filter: Filter::default(),
        }
    }

    fn page(bytes: usize) -> Page {
        let body = vec![Piece::Plain(Bytes::from(vec![b' '; bytes]))];
        Page {
            count: 1,
            more: false,
            next: None,
            first_added: None,
            last_added: None,
            body,
        }
    }

    #[test]
    fn a_page_is_found_for_its_generation_only() {
        let cache = PageCache::default();
        cache.keep(&query(1), false, 7, &page(PAGE_BYTES_MIN));
        assert!(cache.find(&query(1), false, 7).is_some());
        assert!(cache.find(&query(1), true, 7).is_none());
        assert!(cache.find(&query(1), false, 8).is_none());
        assert!(cache.find(&query(2), false, 7).is_none());
    }

    #[test]
    fn what_was_not_asked_for_longest_goes_first_and_the_limit_holds() {
        let cache = PageCache::default();
        let each = PAGE_BYTES_MAX;
        let fit = u64::try_from(CACHE_BYTES_MAX / each).unwrap();
        for i in 0..fit {
            cache.keep(&query(i), false, 1, &page(each));
        }
        cache.find(&query(0), false, 1).unwrap();
        cache.keep(&query(fit), false, 1, &page(each));
        assert!(cache.find(&query(0), false, 1).is_some());
        assert!(cache.find(&query(1), false, 1).is_none());
        assert!(cache.inner.lock().unwrap().bytes <= CACHE_BYTES_MAX);
    }

    #[test]
    fn short_pages_leave_nothing_behind_however_many_are_asked_for() {
        let cache = PageCache::default();
        for after in 0..1000 {
            cache.keep(&query(after), false, 1, &page(0));
            cache.keep(&query(after), false, 1, &page(PAGE_BYTES_MIN - 1));
        }
        assert!(cache.inner.lock().unwrap().pages.is_empty());
    }

    #[test]
    fn a_page_that_must_still_be_compressed_is_not_kept() {
        let cache = PageCache::default();
        cache.keep(&query(1), true, 1, &page(PLAIN_BYTES_MAX + 1));
        assert!(cache.find(&query(1), true, 1).is_none());
    }
}

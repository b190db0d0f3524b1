//! Pulling a collection page by page, so that nothing is lost and the work can be taken up where it stopped.
//!
//! In scope: the two ways of paging (section 3.5), which are never mixed: by the server's `next`, with
//! `added_after` as it was; or, where a server has none, by `added_after`. Ends that tie, pages that repeat, tokens
//! that have expired.
//! Out of scope: keeping the cursor and the objects (the sink does both in one transaction).
//!
//! `added_after` means strictly after, and servers give many objects one `date_added`. So a cursor is set one
//! microsecond before the last one seen: those at the edge come twice, and none is missed. What came on the page
//! before is not handed to the sink again.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use serde::{Deserialize, Serialize};

use crate::taxii::{Page, PageQuery, TaxiiClient, TaxiiError};

/// Where a pull stands. To be stored together with the page that it came with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cursor {
    /// Only what was added after this time is asked for.
    pub added_after: Option<String>,
    /// The server's token for the next page, inside one run through the collection.
    pub next: Option<String>,
    /// The last `date_added` seen while following `next`: where to go on if the token has expired.
    pub seen: Option<String>,
}

/// What to pull.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PullOptions {
    /// The most objects on a page; [`PAGE_OBJECTS`] where none is given.
    pub limit: Option<u32>,
    /// Filters; its `added_after`, `next` and `limit` are not used.
    pub filter: PageQuery,
}

/// How many objects are asked for at a time.
pub const PAGE_OBJECTS: u32 = 1000;

/// How far the limit is raised to get past objects that share one `date_added`.
pub const PAGE_OBJECTS_MAX: u32 = 64_000;

/// How many pages without a new object are borne, one after the other.
const STALE_PAGES_MAX: u32 = 3;

/// A page for the sink.
#[derive(Debug, Clone)]
pub struct PullPage {
    /// The objects, byte for byte, without those of the page before.
    pub objects: Vec<Bytes>,
    /// Where to go on after this page.
    pub cursor: Cursor,
    /// More pages follow.
    pub more: bool,
}

/// What a pull brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pulled {
    /// Pages read.
    pub pages: u64,
    /// Objects handed to the sink.
    pub objects: u64,
    /// Where the next pull starts.
    pub cursor: Cursor,
}

/// Why a pull stopped. What the sink has taken stays good.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PullError<E> {
    /// The server.
    #[error(transparent)]
    Taxii(#[from] TaxiiError),
    /// The sink.
    #[error("cannot keep what was pulled")]
    Sink(#[source] E),
}

/// Pulls a collection from the cursor to its end and hands every page to the sink, in order. A page is asked for
/// only when the one before it has been kept.
///
/// # Errors
/// When the server or the sink fails. A later call with the last cursor kept goes on from there.
pub async fn pull<E>(
    client: &TaxiiClient,
    (root, collection): (&Url, &str),
    start: Cursor,
    options: &PullOptions,
    sink: &mut impl AsyncFnMut(PullPage) -> Result<(), E>,
) -> Result<Pulled, PullError<E>> {
    let mut state = State::new(start, options);
    let mut pulled = Pulled::default();
    loop {
        let query = state.query(options);
        let page = match client.page(root, collection, &query).await {
            Ok(page) => page,
            Err(error) if query.next.is_some() && expired(&error) => {
                tracing::info!(host = %client.host(), %error, "paging token is not taken; going on by added_after");
                state.forget_token();
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        pulled.pages += 1;
        let more = page.more;
        let objects = state.advance(page, &client.host())?;
        pulled.objects += u64::try_from(objects.len()).unwrap_or(u64::MAX);
        pulled.cursor = state.cursor.clone();
        sink(PullPage {
            objects,
            cursor: state.cursor.clone(),
            more,
        })
        .await
        .map_err(PullError::Sink)?;
        if !more {
            return Ok(pulled);
        }
    }
}

/// A token from before a restart, or from another machine behind a balancer.
fn expired(error: &TaxiiError) -> bool {
    matches!(
        error,
        TaxiiError::NotFound { .. }
            | TaxiiError::Refused {
                status: 400 | 422 | 500,
                ..
            }
    )
}

struct State {
    cursor: Cursor,
    limit: u32,
    hasher: RandomState,
    /// Digests of the objects of the page before.
    last_page: HashSet<u64>,
    stale_pages: u32,
}

impl State {
    fn new(cursor: Cursor, options: &PullOptions) -> Self {
        Self {
            cursor,
            limit: options.limit.unwrap_or(PAGE_OBJECTS).max(1),
            hasher: RandomState::new(),
            last_page: HashSet::new(),
            stale_pages: 0,
        }
    }

    fn query(&self, options: &PullOptions) -> PageQuery {
        PageQuery {
            added_after: self.cursor.added_after.clone(),
            next: self.cursor.next.clone(),
            limit: Some(self.limit),
            ..options.filter.clone()
        }
    }

    /// Goes on without the token: behind what was seen, or else where the run began.
    fn forget_token(&mut self) {
        self.cursor.next = None;
        if let Some(seen) = self.cursor.seen.take() {
            self.cursor.added_after = Some(just_before(&seen));
        }
    }

    /// Takes a page in: what is new on it, and where to go on.
    fn advance(&mut self, page: Page, host: &str) -> Result<Vec<Bytes>, TaxiiError> {
        let digests: HashSet<u64> = page
            .objects
            .iter()
            .map(|object| self.hasher.hash_one(object))
            .collect();
        let is_new = |object: &Bytes| !self.last_page.contains(&self.hasher.hash_one(object));
        let objects: Vec<Bytes> = page
            .objects
            .iter()
            .filter(|object| is_new(object))
            .cloned()
            .collect();
        if !page.more {
            self.cursor.added_after = self.end(page.date_added_last);
            self.cursor.next = None;
            self.cursor.seen = None;
            return Ok(objects);
        }
        self.stale_pages = if objects.is_empty() {
            self.stale_pages + 1
        } else {
            0
        };
        let stale = objects.is_empty();
        match (page.next, page.date_added_last) {
            (Some(next), last) => {
                if stale && self.cursor.next.as_ref() == Some(&next)
                    || self.stale_pages > STALE_PAGES_MAX
                {
                    return Err(stuck(
                        host,
                        "its `next` leads nowhere",
                        "tell its operator; what came before is kept",
                    ));
                }
                self.cursor.next = Some(next);
                self.cursor.seen = last.or(self.cursor.seen.take());
            }
            (None, Some(last)) => self.by_time(&last, stale, host)?,
            (None, None) => {
                let found = "it says that there is more, and neither `next` nor X-TAXII-Date-Added-Last says where";
                return Err(stuck(
                    host,
                    found,
                    "raise the page limit above the collection's size, or tell its operator",
                ));
            }
        }
        self.last_page = digests;
        Ok(objects)
    }

    /// Goes on by `added_after`. Where a page holds nothing but objects of one time, a larger one is asked for.
    fn by_time(&mut self, last: &str, stale: bool, host: &str) -> Result<(), TaxiiError> {
        let after = just_before(last);
        let ties = stale || self.cursor.added_after.as_ref() == Some(&after);
        if ties && self.limit >= PAGE_OBJECTS_MAX || self.stale_pages > STALE_PAGES_MAX {
            let found =
                "more objects than it puts on a page were added at one time, and it has no `next`";
            return Err(stuck(
                host,
                found,
                "ask its operator for larger pages or for `next`",
            ));
        }
        if ties {
            self.limit = self.limit.saturating_mul(4).min(PAGE_OBJECTS_MAX);
        }
        self.cursor = Cursor {
            added_after: Some(after),
            next: None,
            seen: None,
        };
        Ok(())
    }

    /// Where the next pull starts: before the last object of this one, or where this one did if nothing says.
    fn end(&self, last: Option<String>) -> Option<String> {
        let last = last
            .or_else(|| self.cursor.seen.clone())
            .map(|last| just_before(&last));
        match (last, &self.cursor.added_after) {
            (Some(last), Some(before)) if earlier(&last, before) => Some(before.clone()),
            (Some(last), _) => Some(last),
            (None, before) => before.clone(),
        }
    }
}

fn stuck(host: &str, found: &str, advice: &'static str) -> TaxiiError {
    TaxiiError::Stuck {
        host: host.to_owned(),
        found: found.to_owned(),
        advice,
    }
}

/// One microsecond earlier, in the form that TAXII asks for; unchanged where it is no timestamp.
fn just_before(timestamp: &str) -> String {
    let parsed = timestamp.parse::<Timestamp>();
    let earlier = parsed.and_then(|time| time.checked_sub(SignedDuration::from_micros(1)));
    match earlier {
        Ok(time) => time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string(),
        Err(_) => timestamp.to_owned(),
    }
}

fn earlier(one: &str, other: &str) -> bool {
    match (one.parse::<Timestamp>(), other.parse::<Timestamp>()) {
        (Ok(one), Ok(other)) => one < other,
        _ => false,
    }
}

#[cfg(test)]
mod tests;

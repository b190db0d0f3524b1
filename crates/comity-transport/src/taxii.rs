//! A TAXII 2.1 client (OASIS Standard, 10 June 2021), lenient toward the servers that exist.
//!
//! In scope: every endpoint of sections 4 and 5; one page at a time, its body kept as raw bytes.
//! Out of scope: following pages and cursors (`pull`), batches (`push`), what the objects say.
//!
//! Lenient: a missing or odd Content-Type, error bodies in any form, `next` as a number, paged collection lists,
//! absent X-TAXII headers, unknown properties. Strict: credentials go to one origin only.
//!
//! Limits: those of [`crate::http::ClientOptions`]; [`COLLECTIONS_MAX`].

use bytes::Bytes;
use reqwest::{Method, Url};
use serde::de::DeserializeOwned;
use tokio::time::{Duration, Instant};

use crate::http::{Answer, Client, Credentials, Request, parse_url, url as address};

mod error;
mod page;
mod resolve;
mod resources;

pub use error::{Said, TaxiiError};
pub use error::{decode, refusal};
pub use page::{ManifestPage, Page, PageQuery, VersionsPage};
pub use resolve::{Resolved, Root};
pub use resources::{
    ApiRoot, Collection, CollectionsAnswer, Discovery, ManifestRecord, Status, StatusDetail,
};

use error::not_taxii;

/// The media type of every request and answer (section 3.1). Without the version medallion answers 406.
const MEDIA_TYPE: &str = "application/taxii+json;version=2.1";
/// How many collections of one API root are listed before it is held to be broken.
pub const COLLECTIONS_MAX: usize = 10_000;

/// The first and the longest wait between two looks at a status.
const POLL_FIRST: Duration = Duration::from_millis(200);
const POLL_MAX: Duration = Duration::from_secs(5);

/// A client of one server.
#[derive(Debug, Clone)]
pub struct TaxiiClient {
    http: Client,
    base: Url,
    credentials: Option<Credentials>,
}

impl TaxiiClient {
    /// A client of the server at `base`: its discovery, an API root, a collection or a collection's objects.
    /// The credentials are sent to its origin and to no other.
    ///
    /// # Errors
    /// When `base` is not an address, or holds credentials.
    pub fn new(
        http: Client,
        base: &str,
        credentials: Option<Credentials>,
    ) -> Result<Self, TaxiiError> {
        Ok(Self {
            http,
            base: slashed(parse_url(base)?),
            credentials,
        })
    }

    /// The address given.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// The host of the address given, as errors name it.
    pub fn host(&self) -> String {
        address::host(&self.base)
    }

    /// Section 4.1: the discovery of the server, at `/taxii2/`.
    ///
    /// # Errors
    /// When there is none that can be read.
    pub async fn discovery(&self) -> Result<Discovery, TaxiiError> {
        let url = join(&self.base, "/taxii2/")?;
        self.read(&url, "discovery").await
    }

    /// Section 4.2: what an API root says of itself.
    ///
    /// # Errors
    /// When there is none that can be read.
    pub async fn api_root(&self, root: &Url) -> Result<ApiRoot, TaxiiError> {
        self.read(root, "the API root").await
    }

    /// Section 5.1: all collections of an API root.
    ///
    /// # Errors
    /// When the list cannot be read.
    pub async fn collections(&self, root: &Url) -> Result<Vec<Collection>, TaxiiError> {
        let url = join(root, "collections/")?;
        let mut found: Vec<Collection> = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let mut asked = url.clone();
            if let Some(next) = &next {
                asked.query_pairs_mut().append_pair("next", next);
            }
            let answer: CollectionsAnswer = self.read(&asked, "collections").await?;
            let before = found.len();
            for collection in answer.collections.unwrap_or_default() {
                if !found.iter().any(|known| known.id == collection.id) {
                    found.push(collection);
                }
            }
            let grown = found.len() > before && found.len() <= COLLECTIONS_MAX;
            next = answer.next.filter(|_| grown && answer.more.unwrap_or(true));
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    /// The collection of an API root with this id, alias or title, in this order of preference.
    ///
    /// # Errors
    /// When the list cannot be read or has no such collection.
    pub async fn collection(&self, root: &Url, wanted: &str) -> Result<Collection, TaxiiError> {
        let found = self.collections(root).await?;
        let by =
            |same: &dyn Fn(&Collection) -> bool| found.iter().find(|collection| same(collection));
        let chosen = by(&|one| one.id == wanted)
            .or_else(|| by(&|one| one.alias.as_deref() == Some(wanted)))
            .or_else(|| by(&|one| one.title == wanted));
        chosen.cloned().ok_or_else(|| {
            let names: Vec<String> = found
                .iter()
                .take(20)
                .map(|one| format!("{} ({})", one.id, one.title))
                .collect();
            let shown = if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            };
            TaxiiError::UnknownCollection {
                host: address::host(root),
                wanted: wanted.to_owned(),
                shown,
            }
        })
    }

    /// Section 5.4: a page of objects.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn page(&self, root: &Url, id: &str, query: &PageQuery) -> Result<Page, TaxiiError> {
        let url = query.apply(path(root, &["collections", id, "objects", ""]));
        Page::read(self.ask(Method::GET, &url, "objects", None).await?)
    }

    /// Section 5.3: a page of the manifest.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn manifest(
        &self,
        root: &Url,
        id: &str,
        query: &PageQuery,
    ) -> Result<ManifestPage, TaxiiError> {
        let url = query.apply(path(root, &["collections", id, "manifest", ""]));
        ManifestPage::read(&self.ask(Method::GET, &url, "the manifest", None).await?)
    }

    /// Section 5.6: the versions of one object that the query asks for.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn object(
        &self,
        root: &Url,
        id: &str,
        object: &str,
        query: &PageQuery,
    ) -> Result<Page, TaxiiError> {
        let url = query.apply(path(root, &["collections", id, "objects", object, ""]));
        Page::read(self.ask(Method::GET, &url, "the object", None).await?)
    }

    /// Section 5.8: the versions of one object.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn versions(
        &self,
        root: &Url,
        id: &str,
        object: &str,
        query: &PageQuery,
    ) -> Result<VersionsPage, TaxiiError> {
        let url = query.apply(path(
            root,
            &["collections", id, "objects", object, "versions", ""],
        ));
        VersionsPage::read(&self.ask(Method::GET, &url, "versions", None).await?)
    }

    /// Section 5.7: deletes an object, or the versions of it that the query asks for.
    ///
    /// # Errors
    /// When the server does not do it.
    pub async fn delete(
        &self,
        root: &Url,
        id: &str,
        object: &str,
        query: &PageQuery,
    ) -> Result<(), TaxiiError> {
        let url = query.apply(path(root, &["collections", id, "objects", object, ""]));
        self.ask(Method::DELETE, &url, "the object", None)
            .await
            .map(drop)
    }

    /// Section 5.5: adds the objects of an envelope.
    ///
    /// # Errors
    /// When the server does not take them.
    pub async fn add_objects(
        &self,
        root: &Url,
        id: &str,
        envelope: Bytes,
    ) -> Result<Status, TaxiiError> {
        let url = path(root, &["collections", id, "objects", ""]);
        let answer = self
            .ask(Method::POST, &url, "the objects sent", Some(envelope))
            .await?;
        decode(&answer, "the objects sent")
    }

    /// Section 4.3: how far the server is with objects sent.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn status(&self, root: &Url, id: &str) -> Result<Status, TaxiiError> {
        self.read(&path(root, &["status", id, ""]), "the status")
            .await
    }

    /// Asks for a status until it is complete; not at all where it is already.
    ///
    /// # Errors
    /// When it cannot be read, or is pending at the deadline.
    pub async fn wait(
        &self,
        root: &Url,
        status: Status,
        deadline: Instant,
    ) -> Result<Status, TaxiiError> {
        let mut status = status;
        let mut pause = POLL_FIRST;
        while !status.complete() {
            let pending = status.pending_count;
            if Instant::now() + pause > deadline {
                return Err(TaxiiError::StillPending {
                    host: address::host(root),
                    id: status.id,
                    pending,
                });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(POLL_MAX);
            status = self.status(root, &status.id).await?;
        }
        Ok(status)
    }

    async fn read<T: DeserializeOwned>(&self, url: &Url, what: &str) -> Result<T, TaxiiError> {
        decode(&self.ask(Method::GET, url, what, None).await?, what)
    }

    async fn ask(
        &self,
        method: Method,
        url: &Url,
        what: &str,
        body: Option<Bytes>,
    ) -> Result<Answer, TaxiiError> {
        let bytes = body.as_ref().map_or(0, Bytes::len);
        let request = Request {
            method,
            url: url.clone(),
            accept: MEDIA_TYPE,
            body: body.map(|body| (MEDIA_TYPE, body)),
            credentials: self
                .credentials
                .as_ref()
                .map(|credentials| (credentials, &self.base)),
            repeatable: true,
            wait_seconds: None, // writes too: what comes twice is no error and changes nothing (section 5.5)
        };
        let answer = self.http.send(&request).await?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        Err(refusal(&answer, what, bytes))
    }
}

/// With the closing slash that section 3.1 asks of every path.
fn slashed(mut url: Url) -> Url {
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    url.set_fragment(None);
    url
}

fn path(root: &Url, parts: &[&str]) -> Url {
    let mut url = root.clone();
    url.set_query(None);
    url.path_segments_mut()
        .expect("http addresses have paths")
        .pop_if_empty()
        .extend(parts);
    url
}

fn join(base: &Url, reference: &str) -> Result<Url, TaxiiError> {
    base.join(reference)
        .map(slashed)
        .map_err(|error| TaxiiError::NotTaxii {
            host: address::host(base),
            what: "an address".to_owned(),
            found: error.to_string(),
        })
}

#[cfg(test)]
mod tests;

//! What an address that a person gives stands for: a discovery, an API root, a collection or its objects.
//!
//! In scope: telling them apart by path and by answer; listing what there is; going on where one API root or a
//! server's list of collections is broken (`OpenTAXII` 0.9.3 answers 500 to it) but the address names the collection.

use reqwest::{Method, Url};
use serde::Deserialize;

use super::resources::{ApiRoot, Collection, Discovery};
use super::{TaxiiClient, TaxiiError, decode, join, path};

/// What an address stands for.
#[derive(Debug)]
pub struct Resolved {
    /// The API roots that it leads to.
    pub roots: Vec<Root>,
    /// The collection that it names, if it names one: the index of its root, and the collection.
    pub chosen: Option<(usize, Collection)>,
}

/// An API root and what it shows.
#[derive(Debug)]
pub struct Root {
    /// Its address.
    pub url: Url,
    /// What it says of itself, where it answers.
    pub info: Option<ApiRoot>,
    /// Its collections.
    pub collections: Vec<Collection>,
    /// Why it is not shown whole.
    pub trouble: Option<TaxiiError>,
}

impl Resolved {
    /// The collection to use: the one the address names; else the one with this id, alias or title; else the only
    /// one that there is. With the root it belongs to.
    pub fn choose(&self, wanted: Option<&str>) -> Option<(&Root, &Collection)> {
        if let (Some((index, collection)), None) = (&self.chosen, wanted) {
            return Some((self.roots.get(*index)?, collection));
        }
        let mut all = self
            .roots
            .iter()
            .flat_map(|root| root.collections.iter().map(move |one| (root, one)));
        let Some(wanted) = wanted else {
            let only = all.next()?;
            return all.next().is_none().then_some(only);
        };
        let all: Vec<_> = all.collect();
        let by =
            |same: &dyn Fn(&Collection) -> bool| all.iter().find(|(_, one)| same(one)).copied();
        by(&|one| one.id == wanted)
            .or_else(|| by(&|one| one.alias.as_deref() == Some(wanted)))
            .or_else(|| by(&|one| one.title == wanted))
    }
}

/// Enough of any resource to tell which one it is.
#[derive(Deserialize)]
struct AnyResource {
    api_roots: Option<Vec<String>>,
    default: Option<String>,
    versions: Option<Vec<String>>,
    max_content_length: Option<u64>,
}

/// How many API roots of one discovery are visited.
const ROOTS_MAX: usize = 50;

impl TaxiiClient {
    /// Finds out what the client's address stands for, and lists what is there.
    ///
    /// # Errors
    /// When nothing there answers as TAXII.
    pub async fn resolve(&self) -> Result<Resolved, TaxiiError> {
        let base = self.base().clone();
        match collection_path(&base) {
            Some((root, Some(id))) => return self.named(root, &id).await,
            Some((root, None)) => {
                return Ok(Resolved {
                    roots: vec![self.visit(root).await],
                    chosen: None,
                });
            }
            None => {}
        }
        let answer = match self
            .ask(Method::GET, &base, "TAXII at this address", None)
            .await
        {
            Ok(answer) => answer,
            Err(error) if elsewhere(&error, &base) => {
                return self.discovered(self.discovery().await?, &base).await;
            }
            Err(error) => return Err(error),
        };
        let found: Result<AnyResource, TaxiiError> = decode(&answer, "TAXII at this address");
        match found {
            Ok(found) if found.api_roots.is_some() || found.default.is_some() => {
                let discovery = decode(&answer, "discovery")?;
                self.discovered(discovery, &answer.url).await
            }
            Ok(found) if found.versions.is_some() || found.max_content_length.is_some() => {
                Ok(Resolved {
                    roots: vec![self.visit(answer.url).await],
                    chosen: None,
                })
            }
            _ if base.path() == "/" => self.discovered(self.discovery().await?, &base).await,
            Ok(_) => Err(TaxiiError::NotTaxii {
                host: self.host(),
                what: "TAXII at this address".to_owned(),
                found: "neither a discovery nor an API root".to_owned(),
            }),
            Err(error) => Err(error),
        }
    }

    /// The collection that the address names, even where the server cannot describe it.
    async fn named(&self, root: Url, wanted: &str) -> Result<Resolved, TaxiiError> {
        let url = path(&root, &["collections", wanted, ""]);
        let collection = match self.read::<Collection>(&url, "the collection").await {
            Ok(collection) => collection,
            Err(TaxiiError::NotFound { .. }) => self.collection(&root, wanted).await?,
            Err(error @ TaxiiError::Refused { status: 500.., .. }) => {
                tracing::warn!(host = %self.host(), %error, "collection is not described; it is used all the same");
                Collection {
                    id: wanted.to_owned(),
                    title: wanted.to_owned(),
                    description: None,
                    alias: None,
                    can_read: true,
                    can_write: true,
                }
            }
            Err(error) => return Err(error),
        };
        let info = self.api_root(&root).await.ok();
        let root = Root {
            url: root,
            info,
            collections: vec![collection.clone()],
            trouble: None,
        };
        Ok(Resolved {
            roots: vec![root],
            chosen: Some((0, collection)),
        })
    }

    async fn discovered(&self, discovery: Discovery, base: &Url) -> Result<Resolved, TaxiiError> {
        let mut named = discovery.api_roots.unwrap_or_default();
        if let Some(default) = discovery.default {
            named.retain(|root| *root != default); // the default comes first
            named.insert(0, default);
        }
        let mut roots: Vec<Root> = Vec::new();
        for name in named.iter().take(ROOTS_MAX) {
            let url = join(base, name)?;
            if roots.iter().all(|root| root.url != url) {
                roots.push(self.visit(url).await);
            }
        }
        Ok(Resolved {
            roots,
            chosen: None,
        })
    }

    async fn visit(&self, url: Url) -> Root {
        let info = self.api_root(&url).await;
        match (info, self.collections(&url).await) {
            (info, Ok(collections)) => Root {
                url,
                info: info.ok(),
                collections,
                trouble: None,
            },
            (Ok(info), Err(error)) => Root {
                url,
                info: Some(info),
                collections: Vec::new(),
                trouble: Some(error),
            },
            (Err(error), Err(_)) => Root {
                url,
                info: None,
                collections: Vec::new(),
                trouble: Some(error),
            },
        }
    }
}

/// A host's bare address is no TAXII resource; its discovery is elsewhere.
fn elsewhere(error: &TaxiiError, base: &Url) -> bool {
    let no_resource = base.path() == "/" || base.path() == "/taxii/";
    let absent = matches!(
        error,
        TaxiiError::NotFound { .. } | TaxiiError::Refused { .. } | TaxiiError::Unauthorized { .. }
    );
    no_resource && absent
}

/// The API root before `collections/` in a path, and the collection after it.
fn collection_path(url: &Url) -> Option<(Url, Option<String>)> {
    let parts: Vec<&str> = url
        .path_segments()?
        .filter(|part| !part.is_empty())
        .collect();
    let at = parts.iter().rposition(|part| *part == "collections")?;
    let after = parts.get(at + 1..)?;
    let fits = match after {
        [] | [_] => true,
        [_, rest, ..] => matches!(*rest, "objects" | "manifest"),
    };
    let mut root = url.clone();
    root.set_query(None);
    root.set_path(&format!("/{}/", parts.get(..at)?.join("/")));
    fits.then(|| (root, after.first().map(|id| (*id).to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_tell_roots_and_collections_apart() {
        let check = |text: &str, expected: Option<(&str, Option<&str>)>| {
            let url = Url::parse(text).expect("a URL");
            let found = collection_path(&url).map(|(root, id)| (root.to_string(), id));
            let expected = expected.map(|(root, id)| (root.to_owned(), id.map(str::to_owned)));
            assert_eq!(found, expected, "{text}");
        };
        check("https://example.com/taxii2/", None);
        check("https://example.com/api1/", None);
        check(
            "https://example.com/api1/collections",
            Some(("https://example.com/api1/", None)),
        );
        check(
            "https://example.com/a/b/collections/c1/",
            Some(("https://example.com/a/b/", Some("c1"))),
        );
        check(
            "https://example.com/a/collections/c1/objects/?x=1",
            Some(("https://example.com/a/", Some("c1"))),
        );
        check("https://example.com/a/collections/c1/elsewhere/", None);
    }
}

//! Query parameters: filters and paging (TAXII 2.1 sections 3.4 and 3.5).
//!
//! A parameter that cannot be understood is an error, never ignored: a client that misspells a filter must not get
//! everything. A field or a paging parameter that is given twice is an error too.
//!
//! In scope: reading them. Out of scope: what they select (`comity-store`).
//! Limits: [`PARAMETERS_MAX`] parameters, [`VALUES_MAX`] values in a list.

use comity_node::reading::Asked;
use comity_stix::id::ObjectId;
use comity_stix::timestamp::Timestamp;
use comity_store::objects::query::{Filter, SpecVersions, Versions};
use percent_encoding::percent_decode_str;

use crate::taxii::error::Problem;

const PARAMETERS_MAX: usize = 64;
const VALUES_MAX: usize = 2_000;

/// Which filters and which paging an endpoint takes (the tables of section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `objects/` and `manifest/`: everything.
    List,
    /// `objects/{id}/`: versions and paging.
    Object,
    /// `objects/{id}/versions/`: the STIX version and paging.
    Versions,
    /// DELETE `objects/{id}/`: versions, no paging.
    Remove,
}

/// The values given, each at most once.
#[derive(Default)]
struct Given {
    added_after: Option<String>,
    limit: Option<String>,
    next: Option<String>,
    ids: Option<String>,
    types: Option<String>,
    versions: Option<String>,
    spec_versions: Option<String>,
}

/// Reads a query string. `collection` is what a `next` of an earlier page was made for.
pub fn read(query: Option<&str>, endpoint: Endpoint, collection: &str) -> Result<Asked, Problem> {
    let given = collect(query.unwrap_or_default(), endpoint)?;
    let mut filter = Filter::default();
    if let Some(text) = &given.ids {
        for value in values(text, "match[id]")? {
            let id = ObjectId::parse(value);
            filter
                .ids
                .push(id.map_err(|_| bad(&format!("match[id]: {value:?} is no STIX id")))?);
        }
    }
    if let Some(text) = &given.types {
        filter.types = values(text, "match[type]")?
            .into_iter()
            .map(str::to_owned)
            .collect();
    }
    match (&given.versions, endpoint) {
        (Some(text), _) => filter.versions = versions(text)?,
        // All versions of the object: 5.8 lists them, and 5.7 leaves open which a DELETE means.
        (None, Endpoint::Versions | Endpoint::Remove) => filter.versions = Versions::All,
        (None, Endpoint::List | Endpoint::Object) => {}
    }
    match (&given.spec_versions, endpoint) {
        (Some(text), _) => filter.spec_versions = spec_versions(text)?,
        (None, Endpoint::Remove) => {
            filter.spec_versions = SpecVersions::Only {
                v20: true,
                v21: true,
            }
        }
        (None, _) => {}
    }
    Ok(Asked {
        added_after: given.added_after.as_deref().map(added_after).transpose()?,
        after: given
            .next
            .as_deref()
            .map(|next| read_next(next, collection))
            .transpose()?,
        limit: given.limit.as_deref().map(limit).transpose()?,
        filter,
    })
}

fn collect(query: &str, endpoint: Endpoint) -> Result<Given, Problem> {
    let mut given = Given::default();
    for (number, pair) in query.split('&').filter(|pair| !pair.is_empty()).enumerate() {
        if number >= PARAMETERS_MAX {
            return Err(bad(&format!("more than {PARAMETERS_MAX} query parameters")));
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name)?, decode(value)?);
        let pages = endpoint != Endpoint::Remove;
        let lists = endpoint == Endpoint::List;
        let slot = match name.as_str() {
            "added_after" if pages => &mut given.added_after,
            "limit" if pages => &mut given.limit,
            "next" if pages => &mut given.next,
            "match[id]" if lists => &mut given.ids,
            "match[type]" if lists => &mut given.types,
            "match[version]" if endpoint != Endpoint::Versions => &mut given.versions,
            "match[spec_version]" => &mut given.spec_versions,
            // Section 3.4: unknown fields may be ignored; those that mean nothing here are unknown here.
            _ => continue,
        };
        if slot.is_some() {
            return Err(bad(&format!(
                "{name} is given twice; give its values as one list, separated by commas"
            )));
        }
        *slot = Some(value);
    }
    Ok(given)
}

fn decode(text: &str) -> Result<String, Problem> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| bad("the query is not UTF-8"))
}

fn values<'a>(text: &'a str, name: &str) -> Result<Vec<&'a str>, Problem> {
    let values: Vec<&str> = text.split(',').map(str::trim).collect();
    if values.iter().any(|value| value.is_empty()) {
        return Err(bad(&format!("{name} holds an empty value")));
    }
    if values.len() > VALUES_MAX {
        return Err(bad(&format!("{name} holds more than {VALUES_MAX} values")));
    }
    Ok(values)
}

fn added_after(text: &str) -> Result<i64, Problem> {
    let parsed = Timestamp::parse_taxii(text);
    parsed
        .map(Timestamp::micros)
        .map_err(|error| bad(&format!("added_after: {text:?} is no timestamp: {error}")))
}

fn limit(text: &str) -> Result<usize, Problem> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    // A number too large for the machine is as good as the largest.
    let number = if digits {
        text.parse().unwrap_or(usize::MAX)
    } else {
        0
    };
    if number == 0 {
        Err(bad(&format!(
            "limit: {text:?} is no whole number of 1 or more"
        )))
    } else {
        Ok(number)
    }
}

fn versions(text: &str) -> Result<Versions, Problem> {
    let words = values(text, "match[version]")?;
    if words.contains(&"all") {
        return if words.len() == 1 {
            Ok(Versions::All)
        } else {
            Err(bad(
                "match[version]: \"all\" stands alone (TAXII 2.1 section 3.4.1)",
            ))
        };
    }
    let (mut last, mut first, mut exact) = (false, false, Vec::new());
    for word in words {
        match word {
            "last" => last = true,
            "first" => first = true,
            _ => {
                let at = Timestamp::parse_taxii(word).map_err(|_| {
                    bad(&format!(
                        "match[version]: {word:?} is neither last, first, all nor a timestamp"
                    ))
                })?;
                exact.push((at.micros(), at.sub_micro_nanos()));
            }
        }
    }
    Ok(Versions::Some { last, first, exact })
}

fn spec_versions(text: &str) -> Result<SpecVersions, Problem> {
    let (mut v20, mut v21) = (false, false);
    for word in values(text, "match[spec_version]")? {
        let number = word.split_once('.').filter(|(major, minor)| {
            let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            digits(major) && digits(minor)
        });
        match (word, number) {
            ("2.0", _) => v20 = true,
            ("2.1", _) => v21 = true,
            // Another version of STIX: no object has it.
            (_, Some(_)) => {}
            (_, None) => {
                return Err(bad(&format!(
                    "match[spec_version]: {word:?} is no version number"
                )));
            }
        }
    }
    Ok(SpecVersions::Only { v20, v21 })
}

/// The `next` of a page that ended at `position`. It says all there is to say, so any node that serves the same store
/// understands it, also after a restart.
pub fn write_next(position: u64, collection: &str) -> String {
    format!("{position:x}-{:08x}", next_sum(position, collection))
}

fn read_next(text: &str, collection: &str) -> Result<u64, Problem> {
    let parsed = text.split_once('-').and_then(|(position, sum)| {
        Some((
            u64::from_str_radix(position, 16).ok()?,
            u32::from_str_radix(sum, 16).ok()?,
        ))
    });
    match parsed {
        Some((position, sum)) if sum == next_sum(position, collection) => Ok(position),
        _ => Err(bad(
            "next: not from an earlier page of this collection; start again without it",
        )),
    }
}

/// Tells a mistyped `next`, or one of another collection, from a real one. No secret: it guards against mistakes only.
fn next_sum(position: u64, collection: &str) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(collection.as_bytes());
    hasher.update(&position.to_le_bytes());
    hasher.finalize()
}

fn bad(why: &str) -> Problem {
    Problem::bad_request(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(query: &str) {
        assert!(read(Some(query), Endpoint::List, "c").is_err(), "{query}");
    }

    fn taken(query: &str) -> Asked {
        read(Some(query), Endpoint::List, "c").expect("a good query")
    }

    #[test]
    fn what_cannot_be_understood_is_refused() {
        for query in [
            "added_after=yesterday",
            "added_after=2020-02-30T00:00:00Z",
            "added_after=",
            "limit=0",
            "limit=-1",
            "limit=ten",
            "limit=1.5",
            "limit=",
            "next=zz",
            "next=5-00000000",
            "match[id]=17",
            "match[id]=",
            "match[type]=a,,b",
            "match[version]=newest",
            "match[version]=all,last",
            "match[spec_version]=two",
            "limit=1&limit=2",
            "match[type]=a&match[type]=b",
            "added_after=2020-01-01T00:00:00Z&added_after=2020-01-01T00:00:00Z",
            "match%5Btype%5D=%ff",
        ] {
            refused(query);
        }
    }

    #[test]
    fn what_is_understood_is_taken() {
        assert_eq!(taken("").filter, Filter::default());
        assert_eq!(
            taken("limit=99999999999999999999999").limit,
            Some(usize::MAX)
        );
        assert_eq!(
            taken("match%5Btype%5D=indicator,malware").filter.types,
            ["indicator", "malware"]
        );
        assert_eq!(taken("match[colour]=red&other=1").filter, Filter::default());
        let first_and_last = Versions::Some {
            last: true,
            first: true,
            exact: Vec::new(),
        };
        assert_eq!(
            taken("match[version]=first,last").filter.versions,
            first_and_last
        );
        assert_eq!(
            taken("match[spec_version]=2.0,3.7").filter.spec_versions,
            SpecVersions::Only {
                v20: true,
                v21: false
            }
        );
    }

    #[test]
    fn next_comes_back_for_its_own_collection_only() {
        for position in [0, 1, 999, u64::MAX] {
            let next = write_next(position, "c");
            assert_eq!(taken(&format!("next={next}")).after, Some(position));
            assert!(read(Some(&format!("next={next}")), Endpoint::List, "d").is_err());
        }
    }
}

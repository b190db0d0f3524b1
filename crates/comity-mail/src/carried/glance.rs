//! JSON at a glance: what a document is by its outermost keys, in one pass that keeps nothing else.
//!
//! In scope: telling STIX, MISP, XARF and our receipts apart. Out of scope: reading them (`comity-stix`, `comity-formats`).
//! Limits: nesting as `serde_json` bounds it (128); [`KEYS_MAX`].

use std::borrow::Cow;
use std::fmt;
use std::io::{BufReader, Read as _};

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use crate::archive::ArchiveLimits;

use super::{Reason, What, receipt, xarf};

/// The outermost keys that are looked at.
pub(super) const KEYS_MAX: usize = 200;
/// Of a key or a text so much is kept, in characters.
const TEXT_CHARACTERS_MAX: usize = 200;

/// What JSON is.
pub(super) fn tell(bytes: &[u8]) -> What {
    match serde_json::from_slice::<Top>(text_of(bytes)) {
        Ok(top) => top
            .what(bytes)
            .unwrap_or(What::NotUnderstood(Reason::UnknownJson)),
        Err(error) => {
            let place = format!("line {}, column {}", error.line(), error.column());
            What::NotUnderstood(Reason::BadJson(place))
        }
    }
}

/// What JSON is, if that is known.
pub(super) fn known(bytes: &[u8]) -> Option<What> {
    let top: Top = serde_json::from_slice(text_of(bytes)).ok()?;
    top.what(bytes)
}

/// What JSON is that was packed with gzip, if that is known. It is unpacked as it is read and not kept.
pub(super) fn packed(bytes: &[u8], limits: &ArchiveLimits) -> Option<What> {
    let length = u64::try_from(bytes.len()).ok()?;
    let most = length
        .saturating_mul(limits.ratio_max)
        .min(limits.total_bytes_max);
    let text = BufReader::new(GzDecoder::new(bytes).take(most));
    let top: Top = serde_json::from_reader(text).ok()?;
    // What must be read whole to be told is small, and sent as it is.
    top.what(b"")
        .filter(|what| !matches!(what, What::NotUnderstood(_)))
}

fn text_of(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// The outermost value.
struct Top {
    keys: Vec<(String, Glance)>,
    /// The first of a list.
    first: Option<Vec<String>>,
    count: usize,
}

/// As much of a value as is looked at.
enum Glance {
    Text(String),
    List {
        count: usize,
        first: Vec<String>,
    },
    /// Its keys, where they are looked at.
    Map(Vec<String>),
    Other,
}

impl Top {
    fn what(&self, bytes: &[u8]) -> Option<What> {
        let get = |key: &str| {
            let found = self.keys.iter().find(|(name, _)| name == key);
            found.map(|(_, value)| value)
        };
        let text = |key: &str| match get(key) {
            Some(Glance::Text(text)) => Some(text.as_str()),
            Some(Glance::List { .. } | Glance::Map(_) | Glance::Other) | None => None,
        };
        let list = |key: &str| match get(key) {
            Some(Glance::List { count, first }) => Some((*count, first)),
            Some(Glance::Text(_) | Glance::Map(_) | Glance::Other) | None => None,
        };
        if let Some(first) = &self.first {
            let has = |key: &str| first.iter().any(|name| name == key);
            return if has("Event") {
                Some(What::MispEvent { events: self.count })
            } else if has("type") && has("id") {
                Some(What::StixBundle {
                    objects: self.count,
                })
            } else {
                None
            };
        }
        if text("type") == Some(receipt::TYPE) {
            return Some(receipt::tell(bytes));
        }
        if text("type") == Some("bundle") {
            let objects = list("objects").map_or(0, |(count, _)| count);
            return Some(What::StixBundle { objects });
        }
        if text("type").is_some() && text("id").is_some_and(|id| id.contains("--")) {
            return Some(What::StixObject);
        }
        if matches!(get("Event"), Some(Glance::Map(_))) {
            return Some(What::MispEvent { events: 1 });
        }
        if let Some((events, first)) = list("response")
            && first.iter().any(|key| key == "Event")
        {
            return Some(What::MispEvent { events });
        }
        if get("xarf_version").is_some() || get("Report").is_some() && get("ReporterInfo").is_some()
        {
            return Some(match xarf::of_json(text_of(bytes)) {
                Ok(report) => What::XArf(report),
                Err(why) => What::NotUnderstood(Reason::BadReport(why)),
            });
        }
        match list("objects") {
            Some((objects, first)) if first.iter().any(|key| key == "id") => {
                Some(What::StixBundle { objects })
            }
            Some((0, _)) if self.keys.len() == 1 => Some(What::StixBundle { objects: 0 }),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Top {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(TopVisitor)
    }
}

struct TopVisitor;

impl<'de> Visitor<'de> for TopVisitor {
    type Value = Top;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Top, A::Error> {
        let mut keys = Vec::new();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if keys.len() == KEYS_MAX {
                return Err(A::Error::custom("too many keys"));
            }
            keys.push((cut(&key), map.next_value_seed(Look { keys: false })?));
        }
        Ok(Top {
            keys,
            first: None,
            count: 0,
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Top, A::Error> {
        let (count, first) = elements(list)?;
        Ok(Top {
            keys: Vec::new(),
            first: Some(first),
            count,
        })
    }
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_CHARACTERS_MAX).collect()
}

/// How many there are, and the keys of the first.
fn elements<'de, A: SeqAccess<'de>>(mut list: A) -> Result<(usize, Vec<String>), A::Error> {
    let Some(first) = list.next_element_seed(Look { keys: true })? else {
        return Ok((0, Vec::new()));
    };
    let mut count = 1;
    while list.next_element::<IgnoredAny>()?.is_some() {
        count += 1;
    }
    let keys = match first {
        Glance::Map(keys) => keys,
        Glance::Text(_) | Glance::List { .. } | Glance::Other => Vec::new(),
    };
    Ok((count, keys))
}

/// A look at one value: at what it is, or at its own keys and nothing else of it.
#[derive(Clone, Copy)]
struct Look {
    keys: bool,
}

impl<'de> DeserializeSeed<'de> for Look {
    type Value = Glance;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Glance, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look {
    type Value = Glance;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("any value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Glance, E> {
        Ok(Glance::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Glance, E> {
        Ok(Glance::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Glance, E> {
        Ok(Glance::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Glance, E> {
        Ok(Glance::Other)
    }

    fn visit_unit<E>(self) -> Result<Glance, E> {
        Ok(Glance::Other)
    }

    fn visit_str<E>(self, text: &str) -> Result<Glance, E> {
        if self.keys {
            return Ok(Glance::Other);
        }
        Ok(Glance::Text(cut(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Glance, A::Error> {
        if self.keys {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Glance::Other);
        }
        let (count, first) = elements(list)?;
        Ok(Glance::List { count, first })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Glance, A::Error> {
        let mut keys = Vec::new();
        if !self.keys {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Glance::Map(keys));
        }
        while let Some((key, _)) = map.next_entry::<Cow<'de, str>, IgnoredAny>()? {
            if keys.len() < KEYS_MAX {
                keys.push(cut(&key));
            }
        }
        Ok(Glance::Map(keys))
    }
}

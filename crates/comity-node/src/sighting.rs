//! Sightings: this party saw a value (STIX 2.1 section 5.2).
//!
//! A sighting is of an indicator. Where none is known for the value, one is made of it by the reader of lists, so that whoever gets the
//! sighting gets a pattern to look for. Indicator, sighting and this party's own identity are objects like any others: nothing
//! leaves by being made.
//!
//! In scope: making them and taking them in. Out of scope: releasing (`exchange::share`), what is known of a value (`value`).
//! Limits: [`COUNT_MAX`]; [`NOTE_BYTES_MAX`].

use std::ops::ControlFlow;

use comity_formats::import::{Item, ListOptions, ReadLimits, ReadOptions, read};
use comity_stix::id::ObjectId;
use comity_stix::marking::{Tlp, definition_id};
use comity_stix::timestamp::Timestamp;
use comity_store::error::StoreError;
use comity_store::objects::ViewId;
use comity_store::state::collection::Collection;
use comity_store::state::meta;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::clock::new_uuid;
use crate::intake::IntakeError;
use crate::node::Node;

/// The most that a sighting counts (STIX 2.1 section 5.2.1).
pub const COUNT_MAX: u64 = 999_999_999;
/// What may be noted with it, in bytes.
pub const NOTE_BYTES_MAX: usize = 10_000;
/// The name under which this party's own identity is kept.
const OWN_IDENTITY: &str = "own_identity";
/// How far a sighting may lie ahead, in microseconds: clocks differ.
const AHEAD_MICROS: i64 = 5 * 60 * 1_000_000;

/// A sighting to be recorded.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SightingCommand {
    /// The collection that takes it, by id or alias.
    pub collection: String,
    /// The value that was seen, as people write it: where no object is named, an indicator is made of it.
    pub value: Option<String>,
    /// The indicator that was seen, or another domain object.
    pub object: Option<String>,
    /// When it was seen first, a STIX timestamp; none: now.
    pub first_seen: Option<String>,
    /// When it was seen last, a STIX timestamp; none: when it was seen first.
    pub last_seen: Option<String>,
    /// How often; none: once.
    pub count: Option<u64>,
    /// Its label, such as `TLP:GREEN`; none: what the accord with whoever gets it says of what has none.
    pub label: Option<String>,
    /// What else is to be said.
    pub note: Option<String>,
}

/// Why no sighting was recorded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SightingError {
    /// There is no such collection, or it may not be written to.
    #[error("you may write to no collection {0:?}")]
    Collection(String),
    /// Neither a value nor an object is given.
    #[error("neither a value nor an object is given: say what was seen")]
    Nothing,
    /// The value is none that a pattern can be made of.
    #[error("no indicator can be made of {value:?}: {reason}")]
    Value {
        /// The value.
        value: String,
        /// Why.
        reason: String,
    },
    /// The object is not held, or is none that can be sighted.
    #[error("{0:?} is no indicator that you may read, nor another domain object")]
    Object(String),
    /// A time is none, or lies ahead.
    #[error(
        "{0:?} is no time at which something was seen: write it like 2026-01-31T12:00:00Z, not in the future"
    )]
    Time(String),
    /// It ends before it begins.
    #[error("it was seen last before it was seen first: exchange the two")]
    Order,
    /// It counts more than a sighting can.
    #[error("a sighting counts from 1 to 999,999,999")]
    Count,
    /// The label is none.
    #[error(
        "{0:?} is no TLP label: use TLP:CLEAR, TLP:GREEN, TLP:AMBER, TLP:AMBER+STRICT or TLP:RED"
    )]
    Label(String),
    /// The note is too long.
    #[error("the note has more than 10,000 bytes: shorten it")]
    Note,
    /// An object was not taken.
    #[error("{id} was not taken: {reason}")]
    NotTaken {
        /// Its id.
        id: String,
        /// Why.
        reason: String,
    },
    /// The objects could not be recorded.
    #[error(transparent)]
    Intake(#[from] IntakeError),
    /// The store failed.
    #[error("cannot look up or record the sighting")]
    Store(#[from] StoreError),
}

/// What a sighting says, checked.
struct Seen {
    first: String,
    last: String,
    count: u64,
    marking: Option<String>,
    now: String,
}

impl Node {
    /// Records a sighting in one of the collections `writable`, of an object in one of the collections `readable`; what is bound to
    /// persons is for `readers`.
    pub(crate) fn add_sighting(
        &self,
        (readable, writable): (&[Collection], &[Collection]),
        readers: &[String],
        asked: &SightingCommand,
    ) -> Result<Value, SightingError> {
        let named = |held: &&Collection| {
            held.id.to_string() == asked.collection
                || held.alias.as_deref() == Some(asked.collection.as_str())
        };
        // What a party sent stands apart: nothing of this party's own is taken for that party's.
        let own = |held: &&Collection| held.source.is_none() && held.party.is_none();
        let held = writable.iter().filter(own).find(named);
        let held = held.ok_or_else(|| SightingError::Collection(asked.collection.clone()))?;
        let seen = self.seen(asked)?;
        let identity = self.own_identity()?;
        let of = |text: &str| {
            let object: Value = serde_json::from_str(text).unwrap_or_default();
            let id = object.get("id").and_then(Value::as_str);
            id.unwrap_or_default().to_owned()
        };
        let by = of(&identity);
        let views: Vec<ViewId> = readable.iter().flat_map(Collection::all_views).collect();
        let mut objects = vec![identity];
        let indicator = match (&asked.object, &asked.value) {
            (Some(id), _) => self.sightable(&views, id)?,
            (None, Some(value)) => {
                let made = made(value, &by, &seen)?;
                let id = of(&made);
                objects.push(made);
                id
            }
            (None, None) => return Err(SightingError::Nothing),
        };
        let id = format!("{}--{}", "sighting", new_uuid());
        let mut sighting = json!({
            "type": "sighting", "spec_version": "2.1", "id": id, "created_by_ref": by, "created": seen.now,
            "modified": seen.now, "first_seen": seen.first, "last_seen": seen.last, "count": seen.count,
            "sighting_of_ref": indicator, "where_sighted_refs": [by],
        });
        if let Some(members) = sighting.as_object_mut() {
            if let Some(marking) = &seen.marking {
                members.insert("object_marking_refs".to_owned(), json!([marking]));
            }
            if let Some(note) = asked.note.as_deref().filter(|note| !note.is_empty()) {
                members.insert("description".to_owned(), json!(note));
            }
        }
        objects.push(sighting.to_string());
        let taken = self.take_into(held, objects, true, readers)?;
        if let Some(failed) = taken.failures.into_iter().next() {
            let reason = failed.message.unwrap_or_default();
            return Err(SightingError::NotTaken {
                id: failed.id,
                reason,
            });
        }
        Ok(json!({
            "sighting": id, "object": indicator, "identity": by, "collection": held.id.to_string(),
        }))
    }

    fn seen(&self, asked: &SightingCommand) -> Result<Seen, SightingError> {
        let now = self.clock().now();
        let time = |text: &str| {
            let at = Timestamp::parse(text).ok();
            at.filter(|at| at.micros() <= now + AHEAD_MICROS)
                .ok_or_else(|| SightingError::Time(text.to_owned()))
        };
        let now = Timestamp::from_micros(now)
            .ok_or_else(|| SightingError::Time("the clock's".to_owned()))?;
        let first = asked.first_seen.as_deref().map(time).transpose()?;
        let first = first.unwrap_or(now);
        let last = asked.last_seen.as_deref().map(time).transpose()?;
        let last = last.unwrap_or(first);
        if last < first {
            return Err(SightingError::Order);
        }
        let count = asked.count.unwrap_or(1);
        if !(1..=COUNT_MAX).contains(&count) {
            return Err(SightingError::Count);
        }
        if asked
            .note
            .as_ref()
            .is_some_and(|note| note.len() > NOTE_BYTES_MAX)
        {
            return Err(SightingError::Note);
        }
        let label = asked.label.as_deref().filter(|label| !label.is_empty());
        let label = label
            .map(|text| Tlp::parse(text).ok_or_else(|| SightingError::Label(text.to_owned())))
            .transpose()?;
        Ok(Seen {
            first: first.to_stix(),
            last: last.to_stix(),
            count,
            marking: label.map(|label| definition_id(label).to_string()),
            now: now.to_stix(),
        })
    }

    /// An object that is held and can be sighted: a domain object, not an observable nor a relationship (STIX 2.1 section 5.2.1).
    fn sightable(&self, views: &[ViewId], text: &str) -> Result<String, SightingError> {
        const OBJECTS: &[&str] = &[
            "attack-pattern",
            "campaign",
            "indicator",
            "infrastructure",
            "intrusion-set",
            "malware",
            "threat-actor",
            "tool",
            "vulnerability",
        ];
        let unfit = || SightingError::Object(text.to_owned());
        let id = ObjectId::parse(text).map_err(|_| unfit())?;
        if !OBJECTS.contains(&id.type_name()) || self.inner.objects.newest(views, &id)?.is_empty() {
            return Err(unfit());
        }
        Ok(id.to_string())
    }

    /// This party's own identity as an object, the same each time. It says what stands on the party's card, and is TLP:CLEAR.
    fn own_identity(&self) -> Result<String, SightingError> {
        let now = Timestamp::from_micros(self.clock().now());
        let now = now.map_or_else(String::new, Timestamp::to_stix);
        let identity = self.identity();
        let made = json!({
            "type": "identity", "spec_version": "2.1", "id": format!("identity--{}", new_uuid()),
            "created": now, "modified": now, "name": identity.party, "identity_class": "organization",
            "object_marking_refs": [definition_id(Tlp::Clear).to_string()],
        });
        let kept = self.inner.state.write(|tx| {
            if let Some(known) = meta::find(tx, OWN_IDENTITY)? {
                return Ok(known);
            }
            let made = made.to_string();
            meta::put(tx, OWN_IDENTITY, &made)?;
            Ok::<_, StoreError>(made)
        });
        Ok(kept?)
    }
}

/// The indicator of a value.
fn made(value: &str, by: &str, seen: &Seen) -> Result<String, SightingError> {
    let unfit = |reason: String| SightingError::Value {
        value: value.to_owned(),
        reason,
    };
    let line = value.trim();
    if line.is_empty() || line.contains(['\n', '\r']) {
        return Err(unfit("it is one line".to_owned()));
    }
    // A row with heads: a bare line would be taken for a comment or an answer of another format.
    let row = format!("value\n\"{}\"\n", line.replace('"', "\"\""));
    let options = ReadOptions {
        limits: ReadLimits::default(),
        list: ListOptions {
            created: &seen.now,
            created_by: Some(by),
            marking: seen.marking.as_deref(),
        },
    };
    let (mut indicator, mut problem) = (None, None);
    let read = read(row.as_bytes(), &options, &mut |item| {
        match item {
            Item::Object { json, .. } => indicator = Some(json),
            Item::Problem(told) => problem = Some(told.message),
        }
        ControlFlow::Continue(())
    });
    if let Err(error) = read {
        return Err(unfit(error.to_string()));
    }
    indicator.ok_or_else(|| unfit(problem.unwrap_or_else(|| "it is no value".to_owned())))
}

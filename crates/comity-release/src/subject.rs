//! What is judged: one object with all that bears on its label.
//!
//! In scope: the object's own markings, the label of what contains it, its source, the labels of what it refers to, and
//! which of these decides. Out of scope: looking those up; what follows from the label (`rules`).
//! Limits: those of admission for the exchange between parties.

use std::collections::{BTreeMap, BTreeSet};

use comity_stix::admission::Limits;
use comity_stix::id::ObjectId;
use comity_stix::json::{self, JsonError, Kind, Member, Value};
use comity_stix::marking::{self, TLP_2_EXTENSION_ID, Tlp};

use crate::handling::{Definitions, Handling};

/// Where an object came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// From the party that judges.
    #[default]
    Own,
    /// From another party.
    Party {
        /// Its name.
        party: String,
        /// What its objects without a label count as, if its terms say so.
        unlabelled: Option<Tlp>,
        /// The label that everything from it has at least.
        floor: Option<Tlp>,
        /// Whether its terms let it be passed on.
        relay: bool,
    },
}

/// What is known of the label of an object that another refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its effective label.
    Labelled(Tlp),
    /// It is held and carries no label.
    Unlabelled,
    /// It is not held.
    Unknown,
}

/// What gave an object its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Because {
    /// Its own markings, or those of its parts.
    Marked,
    /// Its own markings, which contradict each other: the strictest.
    Conflict,
    /// It has none, so the default for such objects.
    Unlabelled,
    /// The collection it is in.
    Container,
    /// The source it is from.
    Source,
    /// The objects it refers to.
    Ends,
}

impl Because {
    /// For logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Marked => "its own marking",
            Self::Conflict => "the strictest of its contradicting markings",
            Self::Unlabelled => "the default for what has no label",
            Self::Container => "the collection it is in",
            Self::Source => "the source it is from",
            Self::Ends => "what it refers to",
        }
    }
}

/// The label that binds, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effective {
    /// The label.
    pub label: Tlp,
    /// What gave it.
    pub because: Because,
    /// Whether the object itself has no label.
    pub inferred: bool,
    /// Whether the object itself has two labels.
    pub conflict: bool,
}

/// Why a text cannot be judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubjectError {
    /// Not JSON, or beyond the limits of admission.
    #[error("the object cannot be read: admit it before it is judged")]
    Json(#[source] JsonError),
    /// No object, or none with a readable id.
    #[error("the object has no readable id: admit it before it is judged")]
    NoId,
}

/// One object, and what bears on its label.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    object: Value<'a>,
    id: ObjectId,
    handling: Handling,
    conflict: bool,
    references: Vec<ObjectId>,
    creator: Option<ObjectId>,
    container: Option<Tlp>,
    source: Source,
    ends: Option<Tlp>,
    ends_without_label: bool,
    copies: Copied,
}

/// Objects of which the recipient gets copies, with the ids of these.
pub type Copied = BTreeMap<ObjectId, ObjectId>;

impl<'a> Subject<'a> {
    /// Reads an object. Until told otherwise it is our own, in no collection, and what it refers to is unknown.
    pub fn read(text: &'a str, definitions: &Definitions) -> Result<Self, SubjectError> {
        let object = json::parse(text, &Limits::EXCHANGE.json()).map_err(SubjectError::Json)?;
        let id = object.text("id").map(ObjectId::parse);
        let Some(Ok(id)) = id else {
            return Err(SubjectError::NoId);
        };
        let creator = object.text("created_by_ref").map(ObjectId::parse);
        let mut references = Vec::new();
        for member in object.as_object().unwrap_or_default() {
            if !NO_END.contains(&member.key.as_ref()) {
                collect(member, &mut references);
            }
        }
        let (handling, conflict) = own(&object, &id, definitions);
        Ok(Self {
            creator: creator.and_then(Result::ok),
            ends_without_label: !references.is_empty(),
            object,
            id,
            handling,
            conflict,
            references,
            container: None,
            source: Source::Own,
            ends: None,
            copies: Copied::new(),
        })
    }

    /// The same object in a collection of this label.
    #[must_use]
    pub fn within(self, container: Option<Tlp>) -> Self {
        Self { container, ..self }
    }

    /// The same object from this source.
    #[must_use]
    pub fn from(self, source: Source) -> Self {
        Self { source, ..self }
    }

    /// The same object with the labels of what it refers to. The creator counts only where it is labelled: most
    /// identities are not, and all that a party makes would otherwise be as strict as what has no label.
    #[must_use]
    pub fn with_ends(mut self, look_up: impl Fn(&ObjectId) -> End) -> Self {
        self.ends = None;
        self.ends_without_label = false;
        for reference in &self.references {
            match look_up(reference) {
                End::Labelled(label) => self.ends = self.ends.max(Some(label)),
                End::Unlabelled | End::Unknown => self.ends_without_label = true,
            }
        }
        if let Some(End::Labelled(label)) = self.creator.as_ref().map(look_up) {
            self.ends = self.ends.max(Some(label));
        }
        self
    }

    /// The same object for a recipient who gets copies of these of the objects that it names. It then goes as a copy itself,
    /// which names the copies: the id of an original that somebody may not have tells that there is one.
    #[must_use]
    pub fn with_copies(self, copies: Copied) -> Self {
        Self { copies, ..self }
    }

    /// What it names of which the recipient gets copies.
    pub fn copies(&self) -> &Copied {
        &self.copies
    }

    /// Every object that it names: what it refers to, who made it, and the definitions that mark it.
    pub fn named(&self) -> BTreeSet<ObjectId> {
        let refs = self.object.member("object_marking_refs");
        let refs = refs.and_then(Value::as_array).unwrap_or_default();
        let marks = refs.iter().filter_map(Value::as_str).map(ObjectId::parse);
        let parts = marking::granular(&self.object).into_iter();
        let marks = marks
            .filter_map(Result::ok)
            .chain(parts.map(|part| part.marking));
        let others = self.references.iter().chain(&self.creator).cloned();
        // The fixed definitions are the same for everybody.
        let mut named: BTreeSet<ObjectId> = marks
            .filter(|id| Tlp::of(id).is_none())
            .chain(others)
            .collect();
        named.remove(&self.id);
        named
    }

    /// Its identifier.
    pub fn id(&self) -> &ObjectId {
        &self.id
    }

    /// The object as read.
    pub fn object(&self) -> &Value<'a> {
        &self.object
    }

    /// What its own markings demand.
    pub fn handling(&self) -> &Handling {
        &self.handling
    }

    /// Where it came from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// What it refers to, whose labels bind it; its creator and its markings are not among these.
    pub fn references(&self) -> &[ObjectId] {
        &self.references
    }

    /// Who made it.
    pub fn creator(&self) -> Option<&ObjectId> {
        self.creator.as_ref()
    }

    /// The label that binds it: the strictest of all that bear on it, where `unlabelled` is what counts where there is
    /// none. The first of equals is named as the cause.
    pub fn effective(&self, unlabelled: Tlp) -> Effective {
        let (source_unlabelled, floor) = match &self.source {
            Source::Own => (None, None),
            Source::Party {
                unlabelled, floor, ..
            } => (*unlabelled, *floor),
        };
        let inferred = self.handling.label.is_none();
        let (own, because) = match self.handling.label {
            None => (Some(unlabelled).max(source_unlabelled), Because::Unlabelled),
            label if self.conflict => (label, Because::Conflict),
            label => (label, Because::Marked),
        };
        let ends = self.ends.max(self.ends_without_label.then_some(unlabelled));
        let others = [
            (self.container, Because::Container),
            (floor, Because::Source),
            (ends, Because::Ends),
        ];
        let mut strictest = (own.unwrap_or(unlabelled), because);
        for (label, because) in others {
            if let Some(label) = label.filter(|label| *label > strictest.0) {
                strictest = (label, because);
            }
        }
        Effective {
            label: strictest.0,
            because: strictest.1,
            inferred,
            conflict: self.conflict,
        }
    }
}

/// References that are no ends of an edge: what marks the object, and who made it.
const NO_END: [&str; 3] = ["object_marking_refs", "granular_markings", "created_by_ref"];

/// Every `_ref` and `_refs` at any depth. What is no identifier there is custom and is looked into.
fn collect(member: &Member<'_>, found: &mut Vec<ObjectId>) {
    if member.key.ends_with("_ref") || member.key.ends_with("_refs") {
        identifiers(&member.value, found);
    } else {
        nested(&member.value, found);
    }
}

fn identifiers(value: &Value<'_>, found: &mut Vec<ObjectId>) {
    match value.kind() {
        Kind::String(text) => found.extend(ObjectId::parse(text)),
        Kind::Array(items) => items.iter().for_each(|item| identifiers(item, found)),
        Kind::Object(_) => nested(value, found),
        Kind::Null | Kind::Bool(_) | Kind::Number => {}
    }
}

fn nested(value: &Value<'_>, found: &mut Vec<ObjectId>) {
    match value.kind() {
        Kind::Array(items) => items.iter().for_each(|item| nested(item, found)),
        Kind::Object(members) => members.iter().for_each(|member| collect(member, found)),
        Kind::Null | Kind::Bool(_) | Kind::Number | Kind::String(_) => {}
    }
}

/// What an object's own markings demand, and whether two different labels stand on the whole of it.
fn own(object: &Value<'_>, id: &ObjectId, definitions: &Definitions) -> (Handling, bool) {
    if is_plain_tlp_definition(object, id) {
        return (Handling::labelled(Tlp::Clear), false);
    }
    let items = |key| match object.member(key) {
        Some(list) => list.as_array().ok_or(key),
        None => Ok(&[][..]),
    };
    let (refs, parts) = match (items("object_marking_refs"), items("granular_markings")) {
        (Ok(refs), Ok(parts)) => (refs, parts),
        (Err(key), _) | (_, Err(key)) => return (Handling::unreadable(key), false),
    };
    let demand = |marking: &str| match ObjectId::parse(marking) {
        Ok(id) => demand(&id, definitions),
        Err(_) => Handling::unreadable("a marking that is no identifier"),
    };
    let mut whole = Handling::FREE;
    let mut conflict = false;
    let refs = refs
        .iter()
        .map(|marking| demand(marking.as_str().unwrap_or_default()));
    let words = items("labels")
        .unwrap_or_default()
        .iter()
        .filter_map(Value::as_str);
    for marking in refs.chain(words.filter_map(Handling::of_word)) {
        let (before, now) = (whole.label, marking.label);
        conflict |= before.is_some() && now.is_some() && before != now;
        whole = whole.and(marking);
    }
    for part in parts {
        let marking = part
            .member("marking_ref")
            .map(|marking| marking.as_str().unwrap_or_default());
        // A part is marked by a definition or by its language.
        if marking.is_some() || part.member("lang").is_none() {
            whole = whole.and(demand(marking.unwrap_or_default()));
        }
    }
    (whole, conflict)
}

fn demand(marking: &ObjectId, definitions: &Definitions) -> Handling {
    let fixed = Tlp::of(marking).map(Handling::labelled);
    fixed
        .or_else(|| definitions.get(marking).cloned())
        .unwrap_or_else(|| Handling::unreadable(marking.to_string()))
}

/// Whether this is one of the fixed TLP definitions and nothing more: those are public and go along with what they mark.
/// Every value is compared, so that nothing travels in one as if it were public.
fn is_plain_tlp_definition(object: &Value<'_>, id: &ObjectId) -> bool {
    let fits = |member: &Member<'_>| {
        let text = member.value.as_str().unwrap_or_default();
        match member.key.as_ref() {
            // Compared by `tlp_definition_problem`, or read to get here.
            "type" | "id" | "created" => true,
            "spec_version" => matches!(text, "2.0" | "2.1"),
            "definition_type" => text == "tlp",
            "name" => Tlp::parse(text).is_some(),
            "definition" => holds(&member.value, |key, text| {
                key == "tlp" && Tlp::parse(text).is_some()
            }),
            "extensions" => member.value.as_object().is_some_and(|all| {
                all.iter().all(|one| {
                    one.key == TLP_2_EXTENSION_ID
                        && holds(&one.value, |key, text| match key {
                            "extension_type" => text == "property-extension",
                            key => key == "tlp_2_0" && Tlp::parse(text).is_some(),
                        })
                })
            }),
            _ => false,
        }
    };
    Tlp::of(id).is_some()
        && object.as_object().unwrap_or_default().iter().all(fits)
        && marking::tlp_definition_problem(id, object).is_none()
}

/// Whether a value is an object of nothing but such strings.
fn holds(value: &Value<'_>, fits: impl Fn(&str, &str) -> bool) -> bool {
    let fits = |one: &Member<'_>| one.value.as_str().is_some_and(|text| fits(&one.key, text));
    value.as_object().is_some_and(|all| all.iter().all(fits))
}

#[cfg(test)]
mod tests;

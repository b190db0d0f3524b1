//! What is judged: an object with all that bears on its label.
//!
//! In scope: looking up the collections that hold it, whose it is, the definitions that mark it and the labels of what it
//! refers to. Out of scope: judging (`comity-release`).

use std::collections::{BTreeSet, HashMap};

use comity_release::handling::{Definitions, Handling};
use comity_release::redaction::Terms;
use comity_release::subject::{Copied, End, Source, Subject};
use comity_stix::id::ObjectId;
use comity_stix::json;
use comity_stix::marking::{self, Tlp};
use comity_store::objects::{Found, ViewId};
use comity_store::state::collection::Collection;
use comity_store::state::source::{self, SourceRow};
use comity_store::state::{Tx, collection};

use crate::exchange::ExchangeError;
use crate::node::Node;

/// Objects that are followed from one to what it names, and what that names.
const REACH_OBJECTS_MAX: usize = 10_000;

/// The collections of this node and whose views they are.
pub(crate) struct Holdings {
    pub(crate) collections: Vec<Collection>,
    pub(crate) views: Vec<ViewId>,
}

/// An object with what bears on it, as far as its text does not say.
pub(crate) struct Gathered {
    pub(crate) id: ObjectId,
    pub(crate) version: String,
    pub(crate) json: String,
    pub(crate) container: Option<Tlp>,
    pub(crate) sources: Vec<SourceRow>,
}

/// Looks things up once for many objects.
pub(crate) struct LookUp<'a> {
    node: &'a Node,
    holdings: &'a Holdings,
    definitions: Definitions,
    ends: HashMap<ObjectId, End>,
    /// For the one recipient it looks things up for: whether an object is cut, and what it names.
    cut: HashMap<ObjectId, (bool, BTreeSet<ObjectId>)>,
    /// Whether a copy goes of an object.
    copied: HashMap<ObjectId, bool>,
}

impl Holdings {
    /// The collection that a view is of.
    fn holder(&self, view: ViewId) -> Option<&Collection> {
        self.collections.iter().find(|held| held.shows(view))
    }

    /// The views of what is bound to persons.
    pub(crate) fn closed(&self) -> Vec<ViewId> {
        let closed = self.collections.iter().filter_map(|held| held.closed);
        closed.collect()
    }
}

impl Node {
    /// The collections of this node.
    pub(crate) fn holdings(&self) -> Result<Holdings, ExchangeError> {
        let collections = self.inner.state.read(collection::list)?;
        let views = collections.iter().flat_map(Collection::all_views).collect();
        Ok(Holdings { collections, views })
    }

    /// The newest version of an object, and what bears on it.
    pub(crate) fn gather(
        &self,
        holdings: &Holdings,
        id: &ObjectId,
    ) -> Result<Gathered, ExchangeError> {
        let found = self.inner.objects.newest(&holdings.views, id)?;
        let newest = found.iter().max_by_key(|one| one.item.version.clone());
        let newest = newest.ok_or_else(|| ExchangeError::UnknownObject(id.to_string()))?;
        self.gathered(holdings, newest, &found)
    }

    /// The same of a version that was found, where `all` are all places that hold the object.
    pub(crate) fn gathered(
        &self,
        holdings: &Holdings,
        found: &Found,
        all: &[Found],
    ) -> Result<Gathered, ExchangeError> {
        let labels = all.iter().filter_map(|one| {
            let holder = holdings.holder(one.view)?;
            // What is bound to persons stays so up to the version that was.
            if holder.closed == Some(one.view) && one.item.version >= found.item.version {
                return Some(Tlp::Red);
            }
            Tlp::parse(holder.label.as_deref()?)
        });
        let container = labels.max();
        let id = found.item.id.clone();
        let text = id.to_string();
        let mut sources = self.inner.state.read(|tx| source::of(tx, &text))?;
        // A collection that holds what one party sent vouches for the source of all that is in it.
        for one in all {
            let holder = holdings.holder(one.view);
            if let Some(party) = holder.and_then(|holder| holder.source.clone())
                && sources.iter().all(|known| known.party != party)
            {
                sources.push(SourceRow {
                    id: text.clone(),
                    party,
                    label: None,
                    onward: false,
                    persons: None,
                    received: 0,
                });
            }
        }
        Ok(Gathered {
            id,
            version: found.item.version.clone(),
            json: found.json.clone(),
            container,
            sources,
        })
    }
}

impl<'a> LookUp<'a> {
    pub(crate) fn new(node: &'a Node, holdings: &'a Holdings) -> Self {
        Self {
            node,
            holdings,
            definitions: Definitions::new(),
            ends: HashMap::new(),
            cut: HashMap::new(),
            copied: HashMap::new(),
        }
    }

    /// The definitions that mark an object, where they are held.
    pub(crate) fn learn(&mut self, gathered: &Gathered) -> Result<(), ExchangeError> {
        let limits = self.node.limits().object.json();
        let Ok(object) = json::parse(&gathered.json, &limits) else {
            return Ok(());
        };
        let refs = object
            .member("object_marking_refs")
            .and_then(json::Value::as_array);
        let refs = refs
            .unwrap_or_default()
            .iter()
            .filter_map(json::Value::as_str);
        let marked = refs.filter_map(|text| ObjectId::parse(text).ok());
        let parts = marking::granular(&object)
            .into_iter()
            .map(|part| part.marking);
        for id in marked.chain(parts) {
            if Tlp::of(&id).is_some() || self.definitions.contains_key(&id) {
                continue;
            }
            let found = self.node.inner.objects.newest(&self.holdings.views, &id)?;
            if let Some(found) = found.first()
                && let Ok(definition) = json::parse(&found.json, &limits)
            {
                let handling = Handling::of_definition(&id, &definition);
                self.definitions.insert(id, handling);
            }
        }
        Ok(())
    }

    /// The object as it is judged for `recipient`, under `terms_of`, what each source lets this node do.
    pub(crate) fn subject<'b>(
        &mut self,
        gathered: &'b Gathered,
        recipient: &str,
    ) -> Result<Subject<'b>, ExchangeError> {
        self.learn(gathered)?;
        let subject = Subject::read(&gathered.json, &self.definitions)
            .map_err(|error| ExchangeError::Refused(error.to_string()))?;
        for reference in subject.references().iter().chain(subject.creator()) {
            if !self.ends.contains_key(reference) {
                let end = self.end(reference)?;
                self.ends.insert(reference.clone(), end);
            }
        }
        let source = source_of(&gathered.sources, recipient);
        let ends = &self.ends;
        Ok(subject
            .within(gathered.container)
            .from(source)
            .with_ends(|id| ends.get(id).copied().unwrap_or(End::Unknown)))
    }

    /// What an object names of which a copy goes under these terms.
    pub(crate) fn copies(
        &mut self,
        gathered: &Gathered,
        terms: &Terms,
    ) -> Result<Copied, ExchangeError> {
        self.learn(gathered)?;
        let subject = Subject::read(&gathered.json, &self.definitions);
        let named = subject.map(|subject| subject.named()).unwrap_or_default();
        let mut copies = Copied::new();
        for id in named {
            if self.is_copied(&id, terms)? {
                let copy = terms.copy_id(&id);
                copies.insert(id, copy);
            }
        }
        Ok(copies)
    }

    /// Whether a copy of an object goes: something is cut from it, or from anything that it names, or that names.
    fn is_copied(&mut self, id: &ObjectId, terms: &Terms) -> Result<bool, ExchangeError> {
        if let Some(known) = self.copied.get(id) {
            return Ok(*known);
        }
        let mut seen = BTreeSet::from([id.clone()]);
        let mut ahead = vec![id.clone()];
        while let Some(next) = ahead.pop() {
            let (cut, named) = self.cut(&next, terms)?;
            // What cannot be followed to its end is named as a copy: rather a name of nothing than one too many.
            if cut || self.copied.get(&next) == Some(&true) || seen.len() > REACH_OBJECTS_MAX {
                self.copied.insert(id.clone(), true);
                return Ok(true);
            }
            for one in named {
                if self.copied.get(&one) != Some(&false) && seen.insert(one.clone()) {
                    ahead.push(one);
                }
            }
        }
        for one in seen {
            self.copied.insert(one, false);
        }
        Ok(false)
    }

    /// Whether something is cut from an object itself, and what it names.
    fn cut(
        &mut self,
        id: &ObjectId,
        terms: &Terms,
    ) -> Result<(bool, BTreeSet<ObjectId>), ExchangeError> {
        if let Some(known) = self.cut.get(id) {
            return Ok(known.clone());
        }
        let nothing = (false, BTreeSet::new());
        let known = match self.node.gather(self.holdings, id) {
            Ok(gathered) => {
                self.learn(&gathered)?;
                Subject::read(&gathered.json, &self.definitions).map_or(nothing, |subject| {
                    let cut = terms.redact(&subject, Tlp::Red);
                    (matches!(cut, Ok(Some(_))), subject.named())
                })
            }
            Err(ExchangeError::UnknownObject(_)) => nothing,
            Err(error) => return Err(error),
        };
        self.cut.insert(id.clone(), known.clone());
        Ok(known)
    }

    /// The label of an object that another refers to.
    fn end(&mut self, id: &ObjectId) -> Result<End, ExchangeError> {
        let gathered = match self.node.gather(self.holdings, id) {
            Ok(gathered) => gathered,
            Err(ExchangeError::UnknownObject(_)) => return Ok(End::Unknown),
            Err(error) => return Err(error),
        };
        self.learn(&gathered)?;
        // The same reading as of an object that is judged: words and own definitions count as well.
        let own = Subject::read(&gathered.json, &self.definitions);
        let own = own.ok().and_then(|subject| subject.handling().label);
        let given = gathered
            .sources
            .iter()
            .filter_map(|row| Tlp::parse(row.label.as_deref()?));
        let label = own.into_iter().chain(gathered.container).chain(given).max();
        Ok(label.map_or(End::Unlabelled, End::Labelled))
    }
}

/// Whose an object is, for one recipient: what came from the recipient alone is no secret from it. What others gave as well
/// stays theirs, for a party could otherwise free it for itself by sending something under the same id.
fn source_of(sources: &[SourceRow], recipient: &str) -> Source {
    let sources: Vec<&SourceRow> = sources
        .iter()
        .filter(|row| row.party != recipient)
        .collect();
    if sources.is_empty() {
        return Source::Own;
    }
    let floor = sources
        .iter()
        .filter_map(|row| Tlp::parse(row.label.as_deref()?))
        .max();
    Source::Party {
        party: sources
            .first()
            .map(|row| row.party.clone())
            .unwrap_or_default(),
        unlabelled: Some(Tlp::AmberStrict),
        floor,
        relay: sources.iter().all(|row| row.onward),
    }
}

/// Records whose objects are, in the transaction before they are written.
pub(crate) fn record_sources(
    tx: &mut dyn Tx,
    ids: &[String],
    of: &SourceRow,
) -> Result<(), ExchangeError> {
    for id in ids {
        let row = SourceRow {
            id: id.clone(),
            ..of.clone()
        };
        source::put(tx, &row)?;
    }
    Ok(())
}

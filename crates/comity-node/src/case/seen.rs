//! What one person sees of what went between two parties, where it is counted: without what is bound to others.
//!
//! A scorecard, a status report or a commitment is worked out from deliveries. For a person they are worked out from those that the
//! person may see, so neither a row nor a count tells of the rest; what both parties signed of the whole is then not told either.
//!
//! In scope: leaving deliveries out. Out of scope: rows of other answers (`operation::sight`), the figures.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use comity_case::message::{Message, ThreadId};
use comity_link::payload::{Kind, Recall, Share};
use comity_stix::id::ObjectId;
use comity_stix::marking::Tlp;

use crate::case::gather::Delivery;
use crate::person::Person;

/// The label of what is bound to persons, as TLP writes it.
const RED: &str = "TLP:RED";

/// Through whose eyes something is worked out; nobody's: whoever holds the node sees all.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SeenBy<'a>(pub(crate) Option<&'a Person>);

impl SeenBy<'_> {
    fn is(self, name: &str) -> bool {
        self.0.is_none_or(|person| {
            let address = person.address.as_deref();
            name == person.account || address.is_some_and(|own| own.eq_ignore_ascii_case(name))
        })
    }

    /// The deliveries that the person sees, and whether something was left out.
    pub(crate) fn only(self, all: Vec<Arc<Delivery>>) -> (Vec<Arc<Delivery>>, bool) {
        if self.0.is_none() {
            return (all, false);
        }
        let hidden = self.hidden_threads(&all);
        let objects = self.hidden_objects(&all);
        let before = all.len();
        let is_hidden = |one: &Delivery| {
            let recalls_hidden = || {
                let said = serde_json::from_slice::<Recall>(&one.payload);
                said.is_ok_and(|said| {
                    !said.objects.is_empty() && said.objects.iter().all(|id| objects.contains(id))
                })
            };
            one.message()
                .is_some_and(|said| hidden.contains(&said.head().thread))
                || (one.kind == Kind::Share && self.is_hidden_share(one))
                || (one.kind == Kind::Recall && recalls_hidden())
        };
        let kept: Vec<Arc<Delivery>> = all.into_iter().filter(|one| !is_hidden(one)).collect();
        let cut = kept.len() < before;
        (kept, cut)
    }

    /// Whether a thread of these messages is the person's to see: it is not TLP:RED, or it names the person somewhere.
    pub(crate) fn sees<'m>(self, thread: impl IntoIterator<Item = &'m Message>) -> bool {
        let mut bound = Bound::default();
        thread.into_iter().for_each(|said| bound.add(self, said));
        !bound.to_others()
    }

    /// Threads that are TLP:RED and name the person nowhere.
    fn hidden_threads(self, all: &[Arc<Delivery>]) -> BTreeSet<ThreadId> {
        let mut known: BTreeMap<ThreadId, Bound> = BTreeMap::new();
        for said in all.iter().filter_map(|one| one.message()) {
            let bound = known.entry(said.head().thread).or_default();
            bound.add(self, said);
        }
        let hidden = known.into_iter().filter(|(_, bound)| bound.to_others());
        hidden.map(|(id, _)| id).collect()
    }

    fn is_hidden_share(self, one: &Delivery) -> bool {
        let said = serde_json::from_slice::<Share>(&one.payload);
        said.is_ok_and(|said| said.label == RED && !said.persons.iter().any(|name| self.is(name)))
    }

    /// What was shared with other persons alone, by its identities.
    fn hidden_objects(self, all: &[Arc<Delivery>]) -> BTreeSet<String> {
        let shares = all
            .iter()
            .filter(|one| one.kind == Kind::Share && self.is_hidden_share(one));
        let shares = shares.filter_map(|one| serde_json::from_slice::<Share>(&one.payload).ok());
        let ids = shares.flat_map(|share| {
            let id = |text: &str| {
                let object: serde_json::Value = serde_json::from_str(text).ok()?;
                let id = object.get("id")?.as_str()?;
                ObjectId::parse(id).ok().map(|id| id.to_string())
            };
            let ids: Vec<String> = share
                .objects
                .iter()
                .filter_map(|one| id(one.get()))
                .collect();
            ids
        });
        ids.collect()
    }
}

/// To whom a thread is bound, as far as its messages were looked at.
#[derive(Default)]
struct Bound {
    red: bool,
    named: bool,
}

impl Bound {
    fn add(&mut self, by: SeenBy<'_>, said: &Message) {
        let head = said.head();
        let persons = [
            Some(head.officer.name.as_str()),
            head.officer.second.as_deref(),
            head.person.as_deref(),
        ];
        self.red |= head.label == Tlp::Red;
        self.named |= persons.into_iter().flatten().any(|name| by.is(name));
    }

    const fn to_others(&self) -> bool {
        self.red && !self.named
    }
}

//! What is bound to persons: TLP:RED in a collection, as its own accounts read it.
//!
//! It never enters the collection's own view, which every account with rights reads, but **closed views**: one of all that
//! is bound so, for whoever holds the node's disk and for release control, and one for each account that may read some of
//! it: whoever added it, and whoever is named for it. No count, no answer to a post and no page of another account
//! can tell of it, because it stands in no view that the other account reads or writes
//! (`docs/decisions/0012-persons-and-closed-views.md`).
//!
//! In scope: what is bound to persons, keeping it apart, what becomes so later, whose address is whose.
//! Out of scope: reading (`reading`), other parties, who read nothing of it here at all (`exchange`).

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use comity_release::handling::Handling;
use comity_release::judge::binds_to_persons;
use comity_stix::id::ObjectId;
use comity_stix::json;
use comity_stix::marking::Tlp;
use comity_store::error::StoreError;
use comity_store::objects::{Found, ViewId};
use comity_store::state::closed::{self, ALL, ClosedView};
use comity_store::state::collection::Collection;
use comity_store::state::source::{self, SourceRow};
use comity_store::state::{Tx, account, collection, cursor};

use crate::account::AccountError;
use crate::exchange::ExchangeError;
use crate::exchange::subject::{Gathered, Holdings, LookUp};
use crate::intake::{IntakeError, Taken, read_object};
use crate::node::Node;

/// Objects that refer to one that are taken out at once.
const NEIGHBOURS_MAX: usize = 500;

/// What comes in, apart.
#[derive(Default)]
pub(crate) struct Apart {
    /// What every account with rights may read.
    pub(crate) open: Vec<String>,
    /// What is bound to persons.
    pub(crate) closed: Vec<String>,
}

impl Node {
    /// Takes objects into a collection, for the accounts `readers` where they are bound to persons.
    pub(crate) fn take_into(
        &self,
        held: &Collection,
        objects: Vec<String>,
        only_new_ids: bool,
        readers: &[String],
    ) -> Result<Taken, IntakeError> {
        let apart = self.apart(held, objects)?;
        let mut taken = Taken::default();
        if !apart.closed.is_empty() {
            taken = self.take_closed(held, &apart.closed, only_new_ids, readers)?;
        }
        if !apart.open.is_empty() {
            taken.join(self.take(held.view, apart.open, only_new_ids)?);
        }
        Ok(taken)
    }

    /// Whether something of these texts could be bound to persons; false is certain. Never waits.
    pub(crate) fn may_be_closed<'t>(
        &self,
        held: &Collection,
        mut texts: impl Iterator<Item = &'t str>,
    ) -> bool {
        let whole = held.label.as_deref().and_then(Tlp::parse) == Some(Tlp::Red);
        // What refers to something bound so is bound as well, and so is what was given under that label.
        let some = self.inner.holds_closed.load(Ordering::Acquire);
        whole || some || texts.any(may_say_red)
    }

    /// Sorts what comes into a collection into what is bound to persons and what is not.
    pub(crate) fn apart(
        &self,
        held: &Collection,
        objects: Vec<String>,
    ) -> Result<Apart, ExchangeError> {
        let nothing = |open| Apart {
            open,
            closed: Vec::new(),
        };
        if !self.may_be_closed(held, objects.iter().map(String::as_str)) {
            return Ok(nothing(objects));
        }
        let known = self.inner.state.read(|tx| closed::of_account(tx, ALL))?;
        if known.is_empty() && held.label.is_none() && !objects.iter().any(|text| may_say_red(text))
        {
            return Ok(nothing(objects));
        }
        let holdings = self.holdings()?;
        let mut look_up = LookUp::new(self, &holdings);
        let mut apart = Apart::default();
        // An edge may come together with its end, and before it.
        let mut waiting = Vec::new();
        let mut ends = BTreeSet::new();
        for text in objects {
            match self.bound(&mut look_up, &holdings, held, &text)? {
                Some((id, true)) => {
                    ends.insert(id);
                    apart.closed.push(text);
                }
                Some((_, false)) => waiting.push(text),
                None => apart.open.push(text),
            }
        }
        for text in waiting {
            let refers = ends.iter().any(|id| text.contains(id));
            if refers {
                apart.closed.push(text);
            } else {
                apart.open.push(text);
            }
        }
        Ok(apart)
    }

    /// Whether an object is bound to persons; nothing where it is none and intake will say so.
    fn bound(
        &self,
        look_up: &mut LookUp<'_>,
        holdings: &Holdings,
        held: &Collection,
        text: &str,
    ) -> Result<Option<(String, bool)>, ExchangeError> {
        let Some(admitted) = read_object(self, text) else {
            return Ok(None);
        };
        let id = admitted.id.to_string();
        let sources = self.inner.state.read(|tx| source::of(tx, &id))?;
        let version = admitted.version.map(|version| version.text);
        // What is bound so stays so up to the version that was: only a newer one is free of it.
        let views = holdings.closed();
        let known = self.inner.objects.newest(&views, &admitted.id)?;
        let below = version
            .as_ref()
            .is_some_and(|version| known.iter().any(|one| *version <= one.item.version));
        let label = held.label.as_deref().and_then(Tlp::parse);
        let gathered = Gathered {
            id: admitted.id,
            version: version.unwrap_or_default(),
            json: text.to_owned(),
            container: label.max(below.then_some(Tlp::Red)),
            sources,
        };
        let subject = look_up.subject(&gathered, "")?;
        let bound = binds_to_persons(&subject) || self.defines_red(&gathered);
        Ok(Some((id, bound)))
    }

    /// Whether it is an own definition of TLP:RED: bound itself, it takes what it marks along, whichever of the two comes
    /// first.
    fn defines_red(&self, gathered: &Gathered) -> bool {
        let id = &gathered.id;
        if id.type_name() != "marking-definition" || Tlp::of(id).is_some() {
            return false;
        }
        let definition = json::parse(&gathered.json, &self.limits().object.json());
        definition.is_ok_and(|one| Handling::of_definition(id, &one).label == Some(Tlp::Red))
    }

    /// Takes what is bound to persons into the closed views of a collection, and out of sight what stands open of it.
    pub(crate) fn take_closed(
        &self,
        held: &Collection,
        objects: &[String],
        only_new_ids: bool,
        readers: &[String],
    ) -> Result<Taken, IntakeError> {
        let ids: Vec<ObjectId> = objects
            .iter()
            .filter_map(|text| read_object(self, text))
            .map(|admitted| admitted.id)
            .collect();
        let mut told = None;
        // The readers' first: whoever finds the object among all of it looks there for whom what refers to it is.
        for reader in readers {
            let view = self.closed_view(held, reader)?;
            // Whoever adds something is told what it comes to beside what that account added before, and nothing of others.
            told = Some(self.take(view, objects.to_vec(), only_new_ids)?);
        }
        let all = self.closed_view(held, ALL)?;
        let taken = self.take(all, objects.to_vec(), only_new_ids)?;
        for id in &ids {
            self.close_standing(id)?;
        }
        Ok(told.unwrap_or(taken))
    }

    /// Remembers to whom objects are bound that go: what was bound to persons is not told to others once it is gone.
    pub(crate) fn remember_bound<'i>(
        &self,
        ids: impl IntoIterator<Item = &'i ObjectId>,
    ) -> Result<(), StoreError> {
        if !self.inner.holds_closed.load(Ordering::Acquire) {
            return Ok(());
        }
        let collections = self.inner.state.read(collection::list)?;
        let open: Vec<ViewId> = collections.iter().map(|held| held.view).collect();
        let closed = self.inner.state.read(closed::list)?;
        for id in ids {
            let accounts = self.holding(&closed, id)?;
            if !accounts.is_empty() && self.inner.objects.newest(&open, id)?.is_empty() {
                self.inner
                    .state
                    .write(|tx| closed::remember(tx, &id.to_string(), &accounts))?;
            }
        }
        Ok(())
    }

    /// Whose of these closed views hold an object.
    fn holding(&self, views: &[ClosedView], id: &ObjectId) -> Result<Vec<String>, StoreError> {
        let mut accounts = Vec::new();
        for one in views {
            if self.inner.objects.holds(one.view, id)? {
                accounts.push(one.account.clone());
            }
        }
        Ok(accounts)
    }

    fn closed_view(&self, held: &Collection, account: &str) -> Result<ViewId, ExchangeError> {
        let view = self
            .inner
            .state
            .write(|tx| closed::make(tx, &held.id, account))?;
        self.inner.holds_closed.store(true, Ordering::Release);
        self.inner.rights.forget();
        Ok(view)
    }

    /// Moves what stands open of an object that is bound to persons, and what refers to it, to the closed views. Done again
    /// it changes nothing.
    fn close_standing(&self, id: &ObjectId) -> Result<usize, ExchangeError> {
        let collections = self.inner.state.read(collection::list)?;
        let views = self.inner.state.read(closed::list)?;
        let all: Vec<ViewId> = views
            .iter()
            .filter(|one| one.account == ALL)
            .map(|one| one.view)
            .collect();
        let bound = self.inner.objects.newest(&all, id)?;
        let bound = bound.into_iter().map(|one| one.item.version).max();
        let mut readers = self.holding(&views, id)?;
        readers.retain(|account| account != ALL);
        let mut moved = 0;
        for held in &collections {
            let newest = self.inner.objects.newest(&[held.view], id)?;
            let newest = newest.into_iter().map(|one| one.item.version).max();
            // A newer version says that it is bound no more.
            if newest.is_some() && newest > bound {
                continue;
            }
            if newest.is_some() {
                moved += self.move_closed(held, id, &readers)?;
            }
            loop {
                let near = self
                    .inner
                    .objects
                    .neighbours(&[held.view], id, NEIGHBOURS_MAX)?;
                let near: BTreeSet<ObjectId> = near.into_iter().map(|one| one.item.id).collect();
                let mut gone = 0;
                for edge in near.iter().filter(|edge| *edge != id) {
                    if self.is_bound(held, edge)? {
                        gone += self.move_closed(held, edge, &readers)?;
                    }
                }
                moved += gone;
                if gone == 0 {
                    break;
                }
            }
        }
        Ok(moved)
    }

    /// Whether what a collection holds of an object is bound to persons now.
    fn is_bound(&self, held: &Collection, id: &ObjectId) -> Result<bool, ExchangeError> {
        let holdings = self.holdings()?;
        let mut look_up = LookUp::new(self, &holdings);
        let newest = self.inner.objects.newest(&[held.view], id)?;
        let Some(newest) = newest.first() else {
            return Ok(false);
        };
        let bound = self.bound(&mut look_up, &holdings, held, &newest.json)?;
        Ok(bound.is_some_and(|(_, bound)| bound))
    }

    fn move_closed(
        &self,
        held: &Collection,
        id: &ObjectId,
        readers: &[String],
    ) -> Result<usize, ExchangeError> {
        let found = self.every_version(held.view, id)?;
        let texts: Vec<String> = found.into_iter().map(|one| one.json).collect();
        let names = std::iter::once(ALL).chain(readers.iter().map(String::as_str));
        for name in names {
            let view = self.closed_view(held, name)?;
            self.take_or_refuse(view, texts.clone())?;
        }
        self.remove_everywhere(&[held.view], std::slice::from_ref(id))
    }

    /// Takes objects into a view; only the store can refuse what was admitted before.
    pub(crate) fn take_or_refuse(
        &self,
        view: ViewId,
        texts: Vec<String>,
    ) -> Result<Taken, ExchangeError> {
        let taken = self.take(view, texts, false);
        taken.map_err(|error| ExchangeError::Refused(comity_store::error::chain(&error)))
    }

    /// Every version that a view holds of an object.
    pub(crate) fn every_version(
        &self,
        view: ViewId,
        id: &ObjectId,
    ) -> Result<Vec<Found>, ExchangeError> {
        let mut all = Vec::new();
        let mut from = 0;
        loop {
            let (found, next) = self.stretch_of(view, from, std::slice::from_ref(id))?;
            if found.is_empty() {
                return Ok(all);
            }
            all.extend(found);
            from = next;
        }
    }

    /// Looks again at what is bound to persons since it was looked at last: an edge may have come while its end was closed,
    /// and a crash may have come in between. Answers how many objects were looked at.
    pub(crate) fn close_due(&self) -> Result<usize, ExchangeError> {
        let views = self.inner.state.read(|tx| closed::of_account(tx, ALL))?;
        let now = self.clock().now();
        let mut looked = 0;
        for one in &views {
            let name = format!("closed {}", one.collection);
            let from = self.inner.state.read(|tx| cursor::find(tx, &name))?;
            let from = from.and_then(|text| text.parse().ok()).unwrap_or(0);
            let (found, next) = self.stretch(one.view, from)?;
            for found in &found {
                self.close_standing(&found.item.id)?;
            }
            if !found.is_empty() {
                self.inner
                    .state
                    .write(|tx| cursor::put(tx, &name, &next.to_string(), now))?;
            }
            looked += found.len();
        }
        Ok(looked)
    }

    /// The accounts that may read an object of a collection that is bound to persons.
    pub(crate) fn readers_of(
        &self,
        held: &Collection,
        id: &ObjectId,
    ) -> Result<Vec<String>, ExchangeError> {
        let views = self
            .inner
            .state
            .read(|tx| closed::of_collection(tx, &held.id))?;
        let mut readers = Vec::new();
        for one in views.into_iter().filter(|one| one.account != ALL) {
            if self.inner.objects.holds(one.view, id)? {
                readers.push(one.account);
            }
        }
        Ok(readers)
    }

    /// Names an account for an object that is bound to persons, wherever it is held so; answers in how many collections
    /// that is.
    pub fn name_reader(&self, id: &str, user: &str) -> Result<u64, AccountError> {
        let unbound = || AccountError::NotBound(id.to_owned());
        let id = ObjectId::parse(id).map_err(|_| unbound())?;
        let found = self.inner.state.read(|tx| account::find(tx, user))?;
        let found = found.ok_or_else(|| AccountError::Unknown(user.to_owned()))?;
        if found.party.is_some() {
            return Err(AccountError::NotOwn(user.to_owned()));
        }
        let mut count = 0;
        for held in self.inner.state.read(collection::list)? {
            let Some(closed) = held.closed else { continue };
            let texts = self.every_version(closed, &id)?;
            if !texts.is_empty() {
                let view = self.closed_view(&held, user)?;
                let texts = texts.into_iter().map(|one| one.json).collect();
                self.take_or_refuse(view, texts)?;
                count += 1;
            }
        }
        if count == 0 {
            Err(unbound())
        } else {
            Ok(count)
        }
    }

    /// Gives an account what was addressed to its person, or takes it back: after the address changed from `before`.
    pub(crate) fn follow_address(
        &self,
        name: &str,
        before: Option<&str>,
        now: Option<&str>,
    ) -> Result<(), ExchangeError> {
        if let Some(before) = before {
            let views = self.inner.state.read(|tx| closed::of_account(tx, name))?;
            for one in views {
                let ids = self.addressed(one.view, before)?;
                let ids: Vec<ObjectId> = ids.into_iter().map(|one| one.item.id).collect();
                self.remove_everywhere(&[one.view], &ids)?;
            }
        }
        let Some(now) = now else { return Ok(()) };
        let views = self.inner.state.read(|tx| closed::of_account(tx, ALL))?;
        for one in views {
            let found = self.addressed(one.view, now)?;
            let held = self
                .inner
                .state
                .read(|tx| collection::find(tx, &one.collection))?;
            if let Some(held) = held.filter(|_| !found.is_empty()) {
                let view = self.closed_view(&held, name)?;
                let texts = found.into_iter().map(|one| one.json).collect();
                self.take_or_refuse(view, texts)?;
            }
        }
        Ok(())
    }

    /// What a view holds that was addressed to a person.
    fn addressed(&self, view: ViewId, address: &str) -> Result<Vec<Found>, ExchangeError> {
        let mut all = Vec::new();
        let mut from = 0;
        loop {
            let (found, next) = self.stretch(view, from)?;
            if found.is_empty() {
                return Ok(all);
            }
            for one in found {
                let id = one.item.id.to_string();
                let sources = self.inner.state.read(|tx| source::of(tx, &id))?;
                if sources.iter().any(|row| names(row, address)) {
                    all.push(one);
                }
            }
            from = next;
        }
    }
}

/// The accounts of the persons that something is addressed to.
pub(crate) fn readers(tx: &mut dyn Tx, persons: &[String]) -> Result<Vec<String>, ExchangeError> {
    let mut readers = BTreeSet::new();
    for address in persons {
        let accounts = account::at_address(tx, address)?;
        readers.extend(accounts.into_iter().map(|account| account.name));
    }
    Ok(readers.into_iter().collect())
}

/// Whether a source addressed its object to a person.
fn names(row: &SourceRow, address: &str) -> bool {
    let persons = row.persons.as_deref().unwrap_or("[]");
    let persons: Vec<String> = serde_json::from_str(persons).unwrap_or_default();
    persons
        .iter()
        .any(|person| person.eq_ignore_ascii_case(address))
}

/// Whether a text could say of itself that it is TLP:RED: by a definition that is not one of the lesser labels, by a word of
/// TLP, or in letters that hide either.
fn may_say_red(text: &str) -> bool {
    const DEFINITION: &str = "marking-definition--";
    const ID_BYTES: usize = DEFINITION.len() + 36;
    let lesser = |(at, _): (usize, &str)| {
        let id = text.get(at..at + ID_BYTES).map(ObjectId::parse);
        let label = id.and_then(Result::ok).and_then(|id| Tlp::of(&id));
        label.is_some_and(|label| label < Tlp::Red)
    };
    let word = |bytes: &[u8]| bytes.eq_ignore_ascii_case(b"tlp");
    text.contains("\\u00")
        || !text.match_indices(DEFINITION).all(lesser)
        || text.as_bytes().windows(3).any(word)
}

#[cfg(test)]
mod tests {
    use super::may_say_red;

    #[test]
    fn only_what_is_certainly_less_is_not_looked_into() {
        let check = |text: &str, expected| assert_eq!(may_say_red(text), expected, "{text}");
        check("{}", false);
        check(
            r#"["marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"]"#,
            false,
        );
        check(
            r#"["marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"]"#,
            true,
        );
        check(
            r#"["marking-definition--00000000-0000-4000-8000-00000000000a"]"#,
            true,
        );
        check(r#"["marking-definition--x"]"#, true);
        check(r#"["marking\u002ddefinition"]"#, true);
        check(r#"{"labels":["Tlp:red"]}"#, true);
    }
}

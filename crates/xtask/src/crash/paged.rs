//! What the collection holds, as a reader pages it out: compared with what was sent, and with what was there before.
//!
//! In scope: presence, bytes, order. Out of scope: sending (`clients`).

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::Value;

use crate::bench::client::Connection;
use crate::crash::clients::{Sent, id_of};
use crate::crash::node::Node;
use crate::failure::Failure;

const PAGE: usize = 1000;

/// Everything seen so far, in the order of the collection.
#[derive(Default)]
pub(super) struct Paged {
    /// Ids, and digests of the objects' bytes.
    seen: Vec<(String, u64)>,
    ids: HashSet<String>,
    last_added: String,
}

/// Objects and manifest of a stretch of the collection.
#[derive(Default)]
struct Stretch {
    objects: Vec<String>,
    /// Ids and `date_added`.
    records: Vec<(String, String)>,
}

impl Paged {
    /// How many objects were seen.
    pub(super) fn len(&self) -> u64 {
        u64::try_from(self.seen.len()).unwrap_or(u64::MAX)
    }

    /// Reads what was added since the last time: every acknowledged object must be there, whole, once, and nothing
    /// that was not sent.
    pub(super) fn take_new(&mut self, node: &Node, sent: &mut Sent) -> Result<(), Failure> {
        let stretch = Stretch::read(node, &self.last_added)?;
        stretch.check(&self.last_added)?;
        for text in &stretch.objects {
            let id = id_of(text).unwrap_or_default();
            if self.ids.contains(&id) {
                return Err(Failure::new(format!("{id} stands twice")));
            }
            match sent.take(&id) {
                Some(object) if object.text == *text => {}
                Some(_) => return Err(Failure::new(format!("{id} came back with other bytes"))),
                None => return Err(Failure::new(format!("{id} was never sent"))),
            }
            self.ids.insert(id.clone());
            self.seen.push((id, digest(text)));
        }
        if let Some((_, added)) = stretch.records.last() {
            added.clone_into(&mut self.last_added);
        }
        let lost = sent.lost();
        match lost.first() {
            None => Ok(()),
            Some(id) => Err(Failure::new(format!(
                "{} acknowledged objects are lost, {id} among them",
                lost.len()
            ))),
        }
    }

    /// Reads everything: it must be what was seen before, in the same order.
    pub(super) fn compare_all(&self, node: &Node) -> Result<(), Failure> {
        let stretch = Stretch::read(node, "")?;
        stretch.check("")?;
        let now: Vec<(String, u64)> = stretch
            .objects
            .iter()
            .map(|text| (id_of(text).unwrap_or_default(), digest(text)))
            .collect();
        if now == self.seen {
            return Ok(());
        }
        let at = now
            .iter()
            .zip(&self.seen)
            .take_while(|(a, b)| a == b)
            .count();
        Err(Failure::new(format!(
            "the collection had {} objects and has {}; they part at number {at}",
            self.seen.len(),
            now.len()
        )))
    }
}

impl Stretch {
    /// Reads all pages behind a `date_added`, or all there are.
    fn read(node: &Node, added_after: &str) -> Result<Self, Failure> {
        let mut connection = node.connect()?;
        let mut stretch = Self::default();
        let mut pages = |resource: &str, take: &mut dyn FnMut(&str, Value)| {
            let mut next = String::new();
            loop {
                let mut query = format!("{resource}/?limit={PAGE}");
                for (name, value) in [("added_after", added_after), ("next", &next)] {
                    if !value.is_empty() {
                        query.extend(["&", name, "=", value]);
                    }
                }
                let (text, page) = get(&mut connection, &node.head("GET", &query))?;
                next = text_of(&page, "next").unwrap_or_default();
                let more = page.get("more").and_then(Value::as_bool) == Some(true);
                take(&text, page);
                if !more {
                    return Ok::<(), Failure>(());
                }
                if next.is_empty() {
                    return Err(Failure::new(format!("{query}: more is true without next")));
                }
            }
        };
        pages("objects", &mut |text, _| {
            stretch.objects.extend(raw_objects(text));
        })?;
        pages("manifest", &mut |_, page| {
            let records = page.get("objects").and_then(Value::as_array);
            let of =
                |record: &Value| Some((text_of(record, "id")?, text_of(record, "date_added")?));
            stretch
                .records
                .extend(records.into_iter().flatten().filter_map(of));
        })?;
        Ok(stretch)
    }

    /// Objects and manifest must tell the same, and `date_added` must rise with every record.
    fn check(&self, after: &str) -> Result<(), Failure> {
        let told = self.records.iter().map(|(id, _)| Some(id.clone()));
        if !self.objects.iter().map(|text| id_of(text)).eq(told) {
            return Err(Failure::new(
                "the manifest does not tell of the objects that there are",
            ));
        }
        let mut last = after;
        for (id, added) in &self.records {
            if added.as_str() <= last {
                return Err(Failure::new(format!(
                    "{id}: date_added {added} after {last}"
                )));
            }
            last = added;
        }
        Ok(())
    }
}

fn get(connection: &mut Connection, head: &str) -> Result<(String, Value), Failure> {
    let answer = connection.ask(head, b"")?;
    let text =
        String::from_utf8(answer.body).map_err(|_| Failure::new("a page that is not UTF-8"))?;
    if answer.status != 200 {
        return Err(Failure::new(format!(
            "GET answered {}: {text}",
            answer.status
        )));
    }
    let page = serde_json::from_str(&text)
        .map_err(|error| Failure::new(format!("a page that is not JSON: {error}")))?;
    Ok((text, page))
}

/// The objects of an envelope, each as its exact bytes.
fn raw_objects(text: &str) -> Vec<String> {
    #[derive(serde::Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow, default)]
        objects: Vec<&'a serde_json::value::RawValue>,
    }
    let envelope: Result<Envelope<'_>, _> = serde_json::from_str(text);
    envelope.map_or_else(
        |_| Vec::new(),
        |envelope| {
            envelope
                .objects
                .iter()
                .map(|raw| raw.get().to_owned())
                .collect()
        },
    )
}

fn text_of(value: &Value, name: &str) -> Option<String> {
    value.get(name)?.as_str().map(str::to_owned)
}

fn digest(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(objects: &[&str], records: &[(&str, &str)], after: &str) -> bool {
        let stretch = Stretch {
            objects: objects
                .iter()
                .map(|id| format!("{{\"id\":\"{id}\"}}"))
                .collect(),
            records: records
                .iter()
                .map(|(id, added)| ((*id).to_owned(), (*added).to_owned()))
                .collect(),
        };
        stretch.check(after).is_ok()
    }

    #[test]
    fn a_stretch_rises_and_its_manifest_tells_of_its_objects() {
        assert!(check(&["a", "b"], &[("a", "1"), ("b", "2")], ""));
        assert!(check(&[], &[], "5"));
        assert!(!check(&["a", "b"], &[("a", "1")], ""));
        assert!(!check(&["b", "a"], &[("a", "1"), ("b", "2")], ""));
        assert!(!check(&["a", "b"], &[("a", "2"), ("b", "2")], ""));
        assert!(!check(&["a"], &[("a", "1")], "1"));
    }

    #[test]
    fn objects_are_cut_out_as_they_stand() {
        let text = "{\"more\":false,\"objects\":[{\"a\": 1 , \"b\":[ ]},{\"c\":\"]\"}]}";
        assert_eq!(
            raw_objects(text),
            ["{\"a\": 1 , \"b\":[ ]}", "{\"c\":\"]\"}"]
        );
    }
}

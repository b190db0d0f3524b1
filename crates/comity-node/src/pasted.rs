//! Texts that somebody pastes: what `comity import` reads from files, read from a text and taken into a collection.
//!
//! In scope: reading the text, taking what is in it, telling what was not taken. Out of scope: formats (`comity-formats`), admission
//! (`intake`), files of any size (`comity import`).
//! Limits: [`TEXT_BYTES_MAX`]; problems are told one by one up to [`PROBLEMS_TOLD`].

use std::io::Cursor;
use std::ops::ControlFlow;

use comity_formats::import::{Item, ListOptions, ReadLimits, ReadOptions, read};
use comity_stix::admission::Limits;
use comity_stix::marking::{TLP_2_EXTENSION, Tlp, definition, definition_id};
use comity_stix::timestamp::Timestamp;
use comity_stix::upgrade::upgrade;
use comity_store::error::chain;
use comity_store::state::collection::Collection;
use serde_json::json;

use crate::case::CaseError;
use crate::command::Answer;
use crate::execute::Done;
use crate::node::Node;
use crate::refusal::ObjectRefusal;

/// The longest text; a file of more is imported on the node's machine.
const TEXT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Objects that are taken at once.
const BATCH_OBJECTS: usize = 2_000;
/// Problems that are told one by one; the rest are counted.
const PROBLEMS_TOLD: usize = 20;

/// What a text came to.
#[derive(Default)]
struct Came {
    added: u64,
    unchanged: u64,
    failed: u64,
    problems: Vec<String>,
}

impl Came {
    fn problem(&mut self, problem: String) {
        self.failed += 1;
        if self.problems.len() < PROBLEMS_TOLD {
            self.problems.push(problem);
        }
    }
}

/// A STIX 2.0 object as STIX 2.1, with the observables that were inside it. One that cannot be upgraded is left as it is for admission
/// to refuse, with its reason.
pub fn upgraded(json: String) -> Vec<String> {
    match upgrade(&json, &Limits::EXCHANGE) {
        Ok(upgraded) => {
            let object = upgraded.object.into_owned();
            std::iter::once(object)
                .chain(upgraded.observables)
                .collect()
        }
        Err(_) => vec![json],
    }
}

impl Node {
    /// Takes what is in a text into a collection; `label` is for what has none of its own, which is what lists are made of. What is
    /// bound to persons is for the accounts `readers`.
    pub(crate) fn import_text(
        &self,
        held: &Collection,
        (text, label): (&str, Option<&str>),
        readers: &[String],
    ) -> Done {
        if text.len() > TEXT_BYTES_MAX {
            let refused = ObjectRefusal::TooMany {
                what: "bytes of text",
                asked: text.len(),
                max: TEXT_BYTES_MAX,
            };
            return Err(refused.into());
        }
        let label = label.filter(|word| !word.is_empty());
        let label = label.map(|word| Tlp::parse(word).ok_or_else(|| CaseError::Label(word.into())));
        let label = label.transpose()?;
        if label.is_some() {
            let definitions = Tlp::ALL.iter().map(|tlp| definition(*tlp).to_owned());
            let all = std::iter::once(TLP_2_EXTENSION.to_owned()).chain(definitions);
            self.take_into(held, all.collect(), true, readers)?;
        }
        let mut came = Came::default();
        let (given, made) = self.read_text(text, label, &mut came);
        // What a list says again and again is one object: made anew it changes nothing that is there.
        for (objects, only_new_ids) in [(given, false), (made, true)] {
            for some in objects.chunks(BATCH_OBJECTS) {
                let taken = self.take_into(held, some.to_vec(), only_new_ids, readers)?;
                came.added += taken.added;
                came.unchanged += taken.unchanged;
                for failure in taken.failures {
                    let why = failure.message.unwrap_or_default();
                    came.problem(format!("{}: {why}", failure.id));
                }
            }
        }
        Ok(Answer::Document(json!({
            "added": came.added, "unchanged": came.unchanged, "failed": came.failed, "problems": came.problems,
        })))
    }

    /// The objects that stand in a text, and those that were made of its rows.
    fn read_text(
        &self,
        text: &str,
        label: Option<Tlp>,
        came: &mut Came,
    ) -> (Vec<String>, Vec<String>) {
        let now = Timestamp::from_micros(self.clock().now());
        let now = now.map_or_else(String::new, Timestamp::to_stix);
        let marking = label.map(|label| definition_id(label).to_string());
        let options = ReadOptions {
            limits: ReadLimits::default(),
            list: ListOptions {
                created: &now,
                created_by: None,
                marking: marking.as_deref(),
            },
        };
        let (mut given, mut made) = (Vec::new(), Vec::new());
        let read = read(Cursor::new(text), &options, &mut |item| {
            match item {
                Item::Object {
                    json, spec20: true, ..
                } => given.extend(upgraded(json)),
                Item::Object {
                    json,
                    derived: true,
                    ..
                } => made.push(json),
                Item::Object { json, .. } => given.push(json),
                Item::Problem(problem) => came.problem(problem.to_string()),
            }
            ControlFlow::Continue(())
        });
        if let Err(error) = read {
            came.problem(chain(&error));
        }
        (given, made)
    }
}

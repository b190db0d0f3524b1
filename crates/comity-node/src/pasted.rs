//! Texts that somebody pastes: what `comity import` reads from files, read from a text and taken into a collection.
//!
//! In scope: reading the text, taking what is in it, telling what was not taken; what importing files has in common with it. Out of scope: formats (`comity-formats`), admission
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
use serde::Serialize;
use serde_json::json;

use crate::case::CaseError;
use crate::clock::Clock;
use crate::command::Answer;
use crate::execute::Done;
use crate::node::Node;
use crate::refusal::ObjectRefusal;

/// The longest text; a file of more is imported on the node's machine.
const TEXT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Objects that are taken at once.
pub const BATCH_OBJECTS: usize = 2_000;
/// Problems that are told one by one; the rest are counted.
const PROBLEMS_TOLD: usize = 20;

/// What an import did.
#[derive(Debug, Default, Serialize)]
pub struct Imported {
    /// Objects that are new.
    pub added: u64,
    /// Those that were there already.
    pub unchanged: u64,
    /// What was not taken.
    pub failed: u64,
    /// The first problems, a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

impl Imported {
    /// Something was not taken.
    pub fn problem(&mut self, problem: String) {
        self.failed += 1;
        if self.problems.len() < PROBLEMS_TOLD {
            self.problems.push(problem);
        }
    }
}

/// How lists are read: what every object has that is made of a row.
#[derive(Clone, Debug)]
pub struct Lists {
    now: String,
    marking: Option<String>,
}

impl Lists {
    /// Lists that are read now, under a label.
    pub fn new(clock: &Clock, label: Option<Tlp>) -> Self {
        let now = Timestamp::from_micros(clock.now());
        Self {
            now: now.map_or_else(String::new, Timestamp::to_stix),
            marking: label.map(|label| definition_id(label).to_string()),
        }
    }

    /// The same as the reader takes it.
    pub fn options(&self) -> ReadOptions<'_> {
        ReadOptions {
            limits: ReadLimits::default(),
            list: ListOptions {
                created: &self.now,
                created_by: None,
                marking: self.marking.as_deref(),
            },
        }
    }
}

/// What objects under labels refer to: the definitions of TLP and the extension that they need.
pub fn label_definitions() -> Vec<String> {
    let definitions = Tlp::ALL.iter().map(|tlp| definition(*tlp).to_owned());
    std::iter::once(TLP_2_EXTENSION.to_owned())
        .chain(definitions)
        .collect()
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
            self.take_into(held, label_definitions(), true, readers)?;
        }
        let mut came = Imported::default();
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
        came: &mut Imported,
    ) -> (Vec<String>, Vec<String>) {
        let lists = Lists::new(self.clock(), label);
        let (mut given, mut made) = (Vec::new(), Vec::new());
        let read = read(Cursor::new(text), &lists.options(), &mut |item| {
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

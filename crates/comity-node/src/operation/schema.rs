//! What an operation takes: the JSON Schema of its command, less what the node puts in itself.
//!
//! In scope: the form of each operation, checking arguments against its members. Out of scope: the types of single members, which
//! reading the command checks.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::command::Command;
use crate::operation::{Denied, Operation, Signed, table};

/// What an operation takes.
#[derive(Clone, Debug, Default)]
pub struct Form {
    members: BTreeMap<String, Value>,
    required: Vec<String>,
    bare: bool,
}

pub(crate) static COMMANDS: LazyLock<Value> = LazyLock::new(|| {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    Command::json_schema(&mut settings.into_generator()).to_value()
});

static FORMS: LazyLock<BTreeMap<&'static str, Form>> = LazyLock::new(|| {
    let forms = table::OPERATIONS.iter();
    forms
        .map(|operation| (operation.name, made(operation)))
        .collect()
});

impl Form {
    /// The form of an operation of the table.
    pub fn of(operation: &Operation) -> &'static Self {
        static NONE: LazyLock<Form> = LazyLock::new(Form::default);
        FORMS.get(operation.name).unwrap_or(&NONE)
    }

    /// Each member's schema, by its name.
    pub fn members(&self) -> &BTreeMap<String, Value> {
        &self.members
    }

    /// The members that must be there.
    pub fn required(&self) -> &[String] {
        &self.required
    }

    /// Whether the command is a word and no object.
    pub(crate) fn is_bare(&self) -> bool {
        self.bare
    }

    /// Checks that what must be there is, and nothing else; puts in what may be left out.
    pub(crate) fn check(&self, arguments: &mut Map<String, Value>) -> Result<(), Denied> {
        let unknown = arguments
            .keys()
            .find(|name| !self.members.contains_key(*name));
        if let Some(name) = unknown {
            let known: Vec<&str> = self.members.keys().map(String::as_str).collect();
            let known = if known.is_empty() {
                "it takes nothing".to_owned()
            } else {
                format!("it takes {}", known.join(", "))
            };
            return Err(Denied::Arguments(format!(
                "there is no argument {name:?}: {known}"
            )));
        }
        let missing = self
            .required
            .iter()
            .find(|name| !arguments.contains_key(*name));
        if let Some(name) = missing {
            return Err(Denied::Arguments(format!(
                "the argument {name:?} is missing"
            )));
        }
        for (name, schema) in &self.members {
            let left_out = absent(schema).filter(|_| !arguments.contains_key(name));
            if let Some(value) = left_out {
                arguments.insert(name.clone(), value);
            }
        }
        Ok(())
    }
}

/// What a member is that was left out; none where that is the command's own matter, or it must be there.
fn absent(schema: &Value) -> Option<Value> {
    match schema.get("type").and_then(Value::as_str) {
        Some("boolean") => Some(json!(false)),
        Some("array") => Some(json!([])),
        Some(_) | None => None,
    }
}

fn made(operation: &Operation) -> Form {
    let mut words = operation.command.iter();
    let held = words.try_fold(Held::Members(&COMMANDS), |held, word| held.variant(word));
    let schema = match held {
        Some(Held::Members(schema)) => schema,
        Some(Held::Nothing) => {
            return Form {
                bare: true,
                ..Form::default()
            };
        }
        None => return Form::default(),
    };
    let members = schema.get("properties").and_then(Value::as_object);
    let mut members: BTreeMap<String, Value> = members
        .map(|members| members.clone().into_iter().collect())
        .unwrap_or_default();
    let required = schema.get("required").and_then(Value::as_array);
    let mut required: Vec<String> = required
        .map(|names| {
            names
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        })
        .unwrap_or_default();
    let mut gone: Vec<&str> = operation.fixed.iter().map(|(member, _)| *member).collect();
    match operation.signed {
        Signed::No => {}
        Signed::Name(member) => gone.push(member),
        Signed::Own(member) => gone.extend([member, "by"]),
        Signed::Acting => {
            gone.push("acting");
            members.insert(
                "person".to_owned(),
                json!({
                    "type": ["string", "null"],
                    "description": "The other side's person for whom alone it is, by address: TLP:RED needs one.",
                }),
            );
        }
    }
    // Every list is asked for by `cursor` and `limit` alone.
    gone.extend(operation.stretches);
    if operation.stretches.is_some() || operation.limited {
        gone.push("limit");
    }
    members.retain(|name, _| !gone.contains(&name.as_str()));
    required.retain(|name| {
        members
            .get(name)
            .is_some_and(|schema| absent(schema).is_none())
    });
    Form {
        members,
        required,
        bare: false,
    }
}

/// What a variant of an enum holds.
enum Held<'s> {
    /// Members, by this schema, or further variants.
    Members(&'s Value),
    /// Nothing: it is a word.
    Nothing,
}

impl<'s> Held<'s> {
    /// What the variant of this word holds.
    fn variant(self, word: &str) -> Option<Self> {
        let Self::Members(schema) = self else {
            return None;
        };
        let all = schema.get("oneOf")?.as_array()?;
        all.iter().find_map(|one| {
            let members: Option<&'s Value> = one.get("properties").and_then(|all| all.get(word));
            if let Some(inner) = members {
                return Some(Self::Members(inner));
            }
            let named = one.get("const").and_then(Value::as_str) == Some(word);
            let words = one.get("enum").and_then(Value::as_array);
            let listed =
                words.is_some_and(|all| all.iter().any(|each| each.as_str() == Some(word)));
            (named || listed).then_some(Self::Nothing)
        })
    }
}

//! An example call of each operation, for its documents: by curl and by Python.
//!
//! Each is made of the operation's own form, so that it names every argument that must be there and none that is not; that a node
//! takes them is tested.
//!
//! In scope: arguments as they might be, and the two texts. Out of scope: the documents.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::operation::schema::Form;
use crate::operation::{Along, Method, Operation};

/// Arguments as they might be, by their names; all that must be there.
const VALUES: &[(&str, &str)] = &[
    ("account", "analyst"),
    ("acquired_at", "2026-10-01T08:30:00Z"),
    ("acquired_how", "imaged with a write blocker"),
    ("address", "duty@bravo.example"),
    ("card", "(the text of the card)"),
    ("collection", "indicators"),
    ("contact", "duty"),
    ("code", "123456"),
    ("event", "note"),
    ("label", "green"),
    ("legal_basis", "order 7"),
    ("line", "hotline"),
    ("name", "analyst"),
    ("officer", "duty"),
    ("party", "bravo"),
    ("password", "four words picked randomly"),
    ("period", "2026-Q4"),
    ("person", "duty@bravo.example"),
    ("reason", "it was sent by mistake"),
    ("role", "analyst"),
    ("scope", "read"),
    ("source", "mail server"),
    ("subject", "case"),
    ("text", "Two hosts call it each night."),
    ("thread", "case--8f2d7b1e"),
    ("title", "Control server"),
    ("tool", "imager 4"),
    ("user", "analyst"),
];

impl Operation {
    /// What a call could take: every argument that must be there.
    pub fn example(&self) -> Map<String, Value> {
        let form = Form::of(self);
        let placed: Vec<&str> = self.arguments().collect();
        let wanted = form
            .members()
            .iter()
            .filter(|(name, _)| form.required().contains(name) || placed.contains(&name.as_str()));
        wanted
            .map(|(name, schema)| (name.clone(), value(name, schema)))
            .collect()
    }

    /// Whether what does not stand in the path stands in the query.
    fn in_query(&self) -> bool {
        self.method == Method::Get || self.along == Along::Given
    }

    /// The example's path with its arguments, its query, and its body where it has one.
    fn called(&self) -> (String, Option<Value>) {
        let mut rest = self.example();
        let mut path = self.path.to_owned();
        for name in self.arguments() {
            let value = rest.remove(name).unwrap_or_default();
            path = path.replace(&format!("{{{name}}}"), &plain(&value));
        }
        if self.in_query() {
            for (number, (name, value)) in rest.iter().enumerate() {
                let sign = if number == 0 { '?' } else { '&' };
                let _ = write!(path, "{sign}{name}={}", plain(value).replace(' ', "+"));
            }
            return (path, None);
        }
        let body = (!rest.is_empty()).then_some(Value::Object(rest));
        (path, body)
    }

    /// The example as a shell's command line; `$NODE` is the node's address, `$TOKEN` a token.
    pub fn example_curl(&self) -> String {
        let (path, body) = self.called();
        let mut text = String::from("curl -H \"Authorization: Bearer $TOKEN\"");
        match self.method {
            Method::Get => {}
            Method::Post => text.push_str(" -X POST"),
            Method::Delete => text.push_str(" -X DELETE"),
        }
        if let Some(body) = body {
            let body = body.to_string().replace('\'', "'\\''");
            let _ = write!(text, " -H 'Content-Type: application/json' -d '{body}'");
        }
        match self.along {
            Along::Nothing => {}
            // A file is sent as it is read; `-d` would hold all of it.
            Along::Given => {
                text.push_str(" -H 'Content-Type: application/octet-stream' -T disk.img");
            }
            // By the name that the node gives it.
            Along::Taken => text.push_str(" -O -J"),
        }
        let _ = write!(text, " \"$NODE/api/v1{path}\"");
        text
    }

    /// The example in Python with `requests`; `node` is the node's address, `token` a token.
    pub fn example_python(&self) -> String {
        let (path, body) = self.called();
        let verb = match self.method {
            Method::Get => "get",
            Method::Post => "post",
            Method::Delete => "delete",
        };
        let body = match (self.along, body) {
            (Along::Given, _) => ", data=open(\"disk.img\", \"rb\")".to_owned(),
            (_, Some(body)) => format!(", json={}", literal(&body)),
            (_, None) => String::new(),
        };
        let kind = match self.along {
            Along::Given => ", \"Content-Type\": \"application/octet-stream\"",
            Along::Nothing | Along::Taken => "",
        };
        let answer = match self.along {
            Along::Taken => "content",
            Along::Nothing | Along::Given => "json()",
        };
        format!(
            "requests.{verb}(f\"{{node}}/api/v1{path}\", headers={{\"Authorization\": f\"Bearer {{token}}\"{kind}}}{body}).{answer}"
        )
    }
}

/// A value of JSON as Python writes it.
fn literal(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(_) | Value::String(_) => value.to_string(),
        Value::Array(all) => {
            let all: Vec<String> = all.iter().map(literal).collect();
            format!("[{}]", all.join(", "))
        }
        Value::Object(members) => {
            let all: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{}: {}", json!(name), literal(value)))
                .collect();
            format!("{{{}}}", all.join(", "))
        }
    }
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// A value of this schema: the one of its name, else the first that its type allows.
fn value(name: &str, schema: &Value) -> Value {
    let member = |name: &str| schema.get(name);
    if let Some(first) = member("enum").and_then(Value::as_array) {
        return first.first().cloned().unwrap_or_default();
    }
    if let Some(only) = member("const") {
        return only.clone();
    }
    let variants = ["oneOf", "anyOf"].iter().find_map(|word| member(word));
    if let Some(first) = variants
        .and_then(Value::as_array)
        .and_then(|all| all.first())
    {
        return value(name, first);
    }
    let kind = member("type");
    let kind = kind.and_then(|kind| {
        kind.as_str()
            .or_else(|| kind.get(0).and_then(Value::as_str))
    });
    match kind {
        Some("boolean") => json!(true),
        Some("integer" | "number") => json!(1),
        Some("array") => {
            let item = member("items").map(|item| value(name.trim_end_matches('s'), item));
            item.into_iter().collect()
        }
        Some("object") => {
            let members = member("properties").and_then(Value::as_object);
            let required = member("required").and_then(Value::as_array);
            let is_needed = |name: &str| {
                required.is_some_and(|all| all.iter().any(|each| each.as_str() == Some(name)))
            };
            let made = members.into_iter().flatten();
            made.filter(|(name, _)| is_needed(name))
                .map(|(name, schema)| (name.clone(), value(name, schema)))
                .collect()
        }
        Some("null") => Value::Null,
        Some("string") => {
            let known = VALUES.iter().find(|(each, _)| *each == name);
            json!(known.map_or(name, |(_, value)| value))
        }
        Some(_) | None => json!({}),
    }
}

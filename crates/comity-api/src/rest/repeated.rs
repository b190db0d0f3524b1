//! Calls that are repeated: with the same `Idempotency-Key` a call is done once, and answered the same again for a day.
//!
//! The key is recorded before anything is done. A node that stops between the act and its answer cannot know whether it was done:
//! it says so, and never does it twice.
//!
//! In scope: keys and their answers. Out of scope: the acts.

use comity_node::node::Node;
use comity_node::operation::repeated::{Repeated, RepeatedCall};
use comity_node::operation::{Denied, Operation};
use comity_node::person::Person;
use http::HeaderMap;
use serde_json::{Map, Value, json};

use crate::rest::problem::Problem;

/// The member of an answer that names the act that waits for a second person.
pub(crate) const HELD: &str = "held_act";
/// The longest key, in bytes.
const KEY_BYTES_MAX: usize = 200;

/// The key of a call, if it has one.
pub(crate) fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let text = value
        .to_str()
        .ok()
        .filter(|text| (1..=KEY_BYTES_MAX).contains(&text.len()));
    let text =
        text.ok_or_else(|| Problem::bad("the Idempotency-Key has 1 to 200 visible characters"))?;
    Ok(Some(text.to_owned()))
}

/// Does an operation; one that waits for a second person is answered with where it waits.
pub(crate) fn ask(
    node: &Node,
    person: &Person,
    operation: &'static Operation,
    arguments: Map<String, Value>,
) -> Result<Value, Problem> {
    match node.ask(person, operation.name, Value::Object(arguments)) {
        Err(Denied::Held(id)) => Ok(json!({ HELD: id })),
        done => Ok(done?),
    }
}

/// Does an operation, unless this key did it before.
pub(crate) fn once(
    node: &Node,
    person: &Person,
    operation: &'static Operation,
    (key, body): (&str, &[u8]),
    arguments: Map<String, Value>,
) -> Result<Value, Problem> {
    let call = RepeatedCall {
        key,
        operation: operation.name,
        body,
    };
    match node
        .begin_repeated(person, &call)
        .map_err(|error| Problem::failed(&error.to_string()))?
    {
        Repeated::First => {}
        Repeated::Done(answer) => return Ok(answer),
        Repeated::Running => return Err(Problem::in_progress()),
        Repeated::Another => return Err(Problem::key_used()),
    }
    let done = ask(node, person, operation, arguments);
    // What was refused changed nothing: the same key may try again.
    let kept = done.as_ref().ok();
    node.end_repeated(person, key, kept)
        .map_err(|error| Problem::failed(&error.to_string()))?;
    done
}

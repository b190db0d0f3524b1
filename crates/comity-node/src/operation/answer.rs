//! Answers as JSON documents, and long ones in stretches.
//!
//! A list goes on behind the last row that was given, by what tells that row apart: rows that are added meanwhile neither hide
//! others nor bring any twice.
//!
//! In scope: answers as documents, cursors. Out of scope: which rows a person sees (`sight`).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::command::{Answer, Refusal};
use crate::operation::{Denied, LIMIT, LIMIT_MAX};

/// Where a list goes on, and for how long.
#[derive(Clone, Debug, Default)]
pub(crate) struct Paging {
    cursor: Option<String>,
    limit: Option<usize>,
}

impl Paging {
    /// Takes what is said of it out of the arguments.
    pub(crate) fn take(arguments: &mut Map<String, Value>) -> Result<Self, Denied> {
        let wrong = |what: &str| Denied::Arguments(what.to_owned());
        let cursor = match arguments.remove("cursor") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => {
                let bytes = URL_SAFE_NO_PAD.decode(&text);
                let key = bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok());
                Some(key.ok_or_else(|| wrong("the cursor is none that this node gave"))?)
            }
            Some(_) => return Err(wrong("the cursor is a text")),
        };
        let limit = match arguments.remove("limit") {
            None | Some(Value::Null) => None,
            Some(Value::Number(number)) => {
                let number = number
                    .as_u64()
                    .and_then(|number| usize::try_from(number).ok());
                let number = number.filter(|number| (1..=LIMIT_MAX).contains(number));
                Some(number.ok_or_else(|| wrong("the limit is a number from 1 to 1000"))?)
            }
            Some(_) => return Err(wrong("the limit is a number from 1 to 1000")),
        };
        Ok(Self { cursor, limit })
    }
}

impl Paging {
    /// How many rows are asked for.
    pub(crate) fn limit(&self) -> usize {
        self.limit.unwrap_or(LIMIT)
    }

    /// The row behind which the list is to go on.
    pub(crate) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// The same of a list whose cursor says how many rows stood in front of where it goes on, too.
    fn behind(&self) -> Option<(usize, &str)> {
        let (rank, key) = self.cursor.as_deref()?.split_once(' ')?;
        Some((rank.parse().ok()?, key))
    }

    /// How many rows such a list must be read to: one more than is given tells whether there is more, and as many may have come in
    /// front meanwhile as stood there.
    pub(crate) fn read_to(&self) -> usize {
        let rank = self.behind().map_or(0, |(rank, _)| rank);
        let wanted = rank.saturating_add(self.limit()).saturating_add(1);
        let meanwhile = if rank == 0 { 0 } else { rank.max(LIMIT) };
        wanted.saturating_add(meanwhile)
    }
}

/// The rows of a list; some answers name them.
pub(crate) fn rows(list: Value) -> Vec<Value> {
    match list {
        Value::Array(rows) => rows,
        Value::Object(members) => match members.into_iter().next() {
            Some((_, Value::Array(rows))) => rows,
            Some(_) | None => Vec::new(),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// The first rows of what was read of a list; `mark`: what a cursor says of the last of them; `behind`: where it goes on if all that was
/// read is given.
pub(crate) fn stretch(
    mut items: Vec<Value>,
    mark: impl FnOnce(&Value) -> String,
    limit: usize,
    behind: Option<String>,
) -> Value {
    let next = if items.len() > limit {
        items.truncate(limit);
        items.last().map(mark)
    } else {
        behind
    };
    let next = next.map(|next| URL_SAFE_NO_PAD.encode(next));
    json!({ "items": items, "next": next })
}

/// What tells a row of a list apart, by the member that does, or by those that do.
pub fn key_of(row: &Value, members: &str) -> String {
    let text = |member: &str| match row.pointer(&format!("/{member}")) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => row.to_string(),
    };
    let texts: Vec<String> = members.split(' ').map(text).collect();
    texts.join(" ")
}

/// A stretch of a list: `items`, and `next` where there are more; `ranked`: cursors say how many rows stood in front, too.
pub(crate) fn page(list: Value, key: &str, paging: &Paging, ranked: bool) -> Result<Value, Denied> {
    let rows = rows(list);
    let of = |row: &Value| key_of(row, key);
    let behind = match (paging.cursor(), ranked) {
        (None, _) => None,
        (Some(key), false) => Some(key),
        (Some(_), true) => Some(paging.behind().ok_or(Denied::CursorGone)?.1),
    };
    let first = match behind {
        None => 0,
        Some(behind) => {
            let place = rows.iter().position(|row| of(row) == *behind);
            place.ok_or(Denied::CursorGone)? + 1
        }
    };
    let limit = paging.limit();
    let read = rows.into_iter().skip(first).take(limit + 1).collect();
    let mark = |row: &Value| {
        if ranked {
            format!("{} {}", first + limit, of(row))
        } else {
            of(row)
        }
    };
    Ok(stretch(read, mark, limit, None))
}

/// An answer as a document. Objects are given as their texts were received.
pub(crate) fn document(answer: Answer) -> Result<Value, Refusal> {
    Ok(match answer {
        Answer::Done => json!({ "done": true }),
        Answer::Token(token) => json!({ "token": token }),
        Answer::Count(count) => json!({ "count": count }),
        Answer::Users(users) => plain(&users),
        Answer::Collection(collection) => plain(&collection),
        Answer::Collections(collections) => plain(&collections),
        Answer::Taken(taken) => plain(&taken),
        Answer::Page { objects, next } => {
            let objects: Vec<Value> = objects.iter().map(|text| object(text)).collect();
            json!({ "objects": objects, "next": next })
        }
        Answer::Found(found) => {
            let found = found.iter().map(|one| {
                json!({
                    "collection": one.collection, "date_added": one.date_added, "object": object(&one.object),
                })
            });
            found.collect()
        }
        Answer::Cursor(cursor) => json!({ "cursor": cursor }),
        Answer::Checked(checked) => plain(&checked),
        Answer::Document(document) => document,
        Answer::Refused(refusal) => return Err(refusal),
    })
}

fn object(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

fn plain(answer: &impl serde::Serialize) -> Value {
    serde_json::to_value(answer).unwrap_or(Value::Null)
}

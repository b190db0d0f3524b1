//! Strict JSON (RFC 8259 within I-JSON, RFC 7493), read in one pass into a tree that borrows from the text.
//!
//! Why not a general library: an object is kept as its bytes, so every value here knows its own slice of the
//! text; duplicate keys, lone surrogates and numbers beyond a double are refused with their path; and depth is
//! bounded before any recursion, whatever the caller asks for ([`DEPTH_MAX`]).
//!
//! In scope: reading, paths for error messages. Out of scope: writing (`canonical`), meaning.

use std::borrow::Cow;

pub(crate) mod scan;
mod tree;

pub use scan::{Problem, SyntaxError};

/// Deepest nesting ever read, in levels; bounds the stack of every function that walks a [`Value`].
pub const DEPTH_MAX: usize = 128;

/// What a reader accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Levels of nesting; the outermost value is level 1. More than [`DEPTH_MAX`] counts as [`DEPTH_MAX`].
    pub depth_max: usize,
    /// Values of any kind in the whole text.
    pub values_max: usize,
    /// Members of any one JSON object.
    pub properties_max: usize,
}

/// One JSON value and the text it was read from.
#[derive(Clone, Debug, PartialEq)]
pub struct Value<'a> {
    raw: &'a str,
    kind: Kind<'a>,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number; its spelling is [`Value::raw`].
    Number,
    /// A string with its escapes resolved.
    String(Cow<'a, str>),
    /// A list.
    Array(Vec<Value<'a>>),
    /// An object: its members in the order of the text, no key twice.
    Object(Vec<Member<'a>>),
}

/// One property of a JSON object.
#[derive(Clone, Debug, PartialEq)]
pub struct Member<'a> {
    /// The key with its escapes resolved.
    pub key: Cow<'a, str>,
    /// The value.
    pub value: Value<'a>,
}

/// Why a text cannot be read, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct JsonError {
    /// The place as `external_references[2].url`; empty for the outermost value.
    pub path: String,
    /// What is wrong there.
    pub problem: Problem,
}

/// Reads one JSON text: one value, white space around it.
pub fn parse<'a>(text: &'a str, limits: &Limits) -> Result<Value<'a>, JsonError> {
    tree::read(text, limits)
}

impl<'a> Value<'a> {
    /// The text of this value, exactly as received, without white space around it.
    pub fn raw(&self) -> &'a str {
        self.raw
    }

    /// What it is.
    pub fn kind(&self) -> &Kind<'a> {
        &self.kind
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            Kind::Null | Kind::Bool(_) | Kind::Number | Kind::Array(_) | Kind::Object(_) => None,
        }
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self.kind {
            Kind::Bool(value) => Some(value),
            Kind::Null | Kind::String(_) | Kind::Number | Kind::Array(_) | Kind::Object(_) => None,
        }
    }

    /// The elements, if it is a list.
    pub fn as_array(&self) -> Option<&[Value<'a>]> {
        match &self.kind {
            Kind::Array(items) => Some(items),
            Kind::Null | Kind::Bool(_) | Kind::Number | Kind::String(_) | Kind::Object(_) => None,
        }
    }

    /// The members, if it is an object.
    pub fn as_object(&self) -> Option<&[Member<'a>]> {
        match &self.kind {
            Kind::Object(members) => Some(members),
            Kind::Null | Kind::Bool(_) | Kind::Number | Kind::String(_) | Kind::Array(_) => None,
        }
    }

    /// The property of this name, if it is an object that has it.
    pub fn member(&self, key: &str) -> Option<&Value<'a>> {
        self.as_object()?
            .iter()
            .find(|member| member.key == key)
            .map(|member| &member.value)
    }

    /// The string property of this name.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.member(key)?.as_str()
    }

    /// The integer, if it is a number written as one and within 64 bits.
    pub fn as_integer(&self) -> Option<i64> {
        match self.kind {
            Kind::Number => self.raw.parse().ok(),
            Kind::Null | Kind::Bool(_) | Kind::String(_) | Kind::Array(_) | Kind::Object(_) => None,
        }
    }

    /// The number, if it is one.
    pub fn as_number(&self) -> Option<f64> {
        match self.kind {
            Kind::Number => self.raw.parse().ok(),
            Kind::Null | Kind::Bool(_) | Kind::String(_) | Kind::Array(_) | Kind::Object(_) => None,
        }
    }

    /// Says what kind of value it is, for messages: `a string`.
    pub fn described(&self) -> &'static str {
        match self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "a boolean",
            Kind::Number => "a number",
            Kind::String(_) => "a string",
            Kind::Array(_) => "a list",
            Kind::Object(_) => "an object",
        }
    }
}

/// Puts a key or an index (`[3]`) in front of a path.
pub(crate) fn join(first: &str, rest: &str) -> String {
    if rest.is_empty() || rest.starts_with('[') {
        format!("{first}{rest}")
    } else {
        format!("{first}.{rest}")
    }
}

#[cfg(test)]
mod tests;

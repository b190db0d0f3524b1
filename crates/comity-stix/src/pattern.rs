//! STIX patterns (STIX 2.1 section 9): reading all three levels of conformance (section 12.7).
//!
//! In scope: syntax, the rules on qualifiers and constants, a tree good enough to match by, and the values a
//! pattern compares with. A pattern is at most [`PATTERN_BYTES_MAX`] long and nests at most [`DEPTH_MAX`] deep.
//! Out of scope: matching patterns against observed data.

use crate::timestamp::Timestamp;

mod lexer;
pub(crate) mod literals;
mod parser;
#[cfg(test)]
mod tests;

/// Longest pattern read, in bytes. The standard has no limit; this is an OR of some 25,000 addresses.
pub const PATTERN_BYTES_MAX: usize = 1 << 20;
/// Deepest nesting of parentheses.
pub const DEPTH_MAX: usize = 64;

/// Reads a pattern.
pub fn parse(text: &str) -> Result<Observation, PatternError> {
    parser::parse(text)
}

/// An observation expression (section 9.4): what has to be seen.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// `[ ... ]`: one object that fulfils the comparison.
    One(Comparison),
    /// All of these, joined by `AND`.
    And(Vec<Observation>),
    /// Any of these, joined by `OR`.
    Or(Vec<Observation>),
    /// These in order of time, joined by `FOLLOWEDBY`.
    FollowedBy(Vec<Observation>),
    /// An expression within bounds.
    Qualified(Box<Observation>, Vec<Qualifier>),
}

/// A qualifier (section 9.5.1); an expression has at most one of each kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Qualifier {
    /// `WITHIN n SECONDS`
    Within(f64),
    /// `REPEATS n TIMES`
    Repeats(u64),
    /// `START t'...' STOP t'...'`: from the first moment to before the second.
    Between(Timestamp, Timestamp),
}

/// A comparison expression (section 9.6): what one object has to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Comparison {
    /// One property test.
    Test(Test),
    /// All of these.
    And(Vec<Comparison>),
    /// Any of these.
    Or(Vec<Comparison>),
}

/// A test of one property, such as `file:name = 'a.exe'`.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// The type of the object, such as `file`.
    pub object_type: String,
    /// The way to the property.
    pub path: Vec<Step>,
    /// Whether `NOT` stands before the operator.
    pub negated: bool,
    /// How it is compared.
    pub operator: Operator,
    /// With what: one constant, any number for `IN`, none for `EXISTS`.
    pub constants: Vec<Constant>,
}

/// A step of an object path (section 9.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A property or a dictionary key.
    Key(String),
    /// `[3]`
    Index(usize),
    /// `[*]`
    Any,
}

/// A comparison operator (section 9.6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `>`
    Greater,
    /// `<`
    Less,
    /// `>=`
    GreaterOrEqual,
    /// `<=`
    LessOrEqual,
    /// `IN`
    In,
    /// `LIKE`
    Like,
    /// `MATCHES`
    Matches,
    /// `ISSUBSET`
    IsSubset,
    /// `ISSUPERSET`
    IsSuperset,
    /// `EXISTS`
    Exists,
}

/// A constant (section 9.2).
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    /// `'...'`
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Float(f64),
    /// `true` or `false`
    Boolean(bool),
    /// `t'...'`
    Timestamp(Timestamp),
    /// `h'...'`, as bytes.
    Hex(Vec<u8>),
    /// `b'...'`, still in base64.
    Binary(String),
}

/// Why a text is no pattern, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at character {column}: {message}")]
pub struct PatternError {
    /// The character at which reading stopped, from 1.
    pub column: usize,
    /// What is wrong or was expected there.
    pub message: String,
}

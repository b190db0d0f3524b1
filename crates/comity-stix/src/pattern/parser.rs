//! From tokens to the tree. Recursion only at parentheses, bounded by [`DEPTH_MAX`].

use std::collections::BTreeSet;

use super::lexer::{LexError, Lexer, Placed, Token};
use super::{
    Comparison, Constant, DEPTH_MAX, Observation, Operator, PATTERN_BYTES_MAX, PatternError,
    Qualifier, Step, Test,
};
use crate::timestamp::Timestamp;

/// A fault at a byte; the column is counted once, at the end.
struct Fault {
    at: usize,
    message: String,
}

mod constants;

type Parsed<T> = Result<T, Fault>;

pub(super) fn parse(text: &str) -> Result<Observation, PatternError> {
    if text.len() > PATTERN_BYTES_MAX {
        let message = format!(
            "the pattern has {} bytes; the limit is {PATTERN_BYTES_MAX}: split it",
            text.len()
        );
        return Err(PatternError { column: 1, message });
    }
    let mut parser = Parser {
        lexer: Lexer::new(text),
        ahead: Ahead::Unread,
        end: text.len(),
    };
    let found = parser.whole();
    found.map_err(|fault| {
        let before = text.get(..fault.at).unwrap_or(text);
        PatternError {
            column: before.chars().count() + 1,
            message: fault.message,
        }
    })
}

impl From<LexError> for Fault {
    fn from(error: LexError) -> Self {
        Self {
            at: error.at,
            message: format!("expected {}", error.expected),
        }
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    ahead: Ahead<'a>,
    end: usize,
}

/// What is known of the next token.
enum Ahead<'a> {
    Unread,
    Token(Placed<'a>),
    End,
}

impl<'a> Parser<'a> {
    fn peek(&mut self) -> Parsed<Option<&Token<'a>>> {
        if matches!(self.ahead, Ahead::Unread) {
            self.ahead = self.lexer.next()?.map_or(Ahead::End, Ahead::Token);
        }
        match &self.ahead {
            Ahead::Token(placed) => Ok(Some(&placed.token)),
            Ahead::Unread | Ahead::End => Ok(None),
        }
    }

    fn next(&mut self) -> Parsed<Option<Placed<'a>>> {
        self.peek()?;
        match std::mem::replace(&mut self.ahead, Ahead::Unread) {
            Ahead::Token(placed) => Ok(Some(placed)),
            Ahead::Unread | Ahead::End => Ok(None),
        }
    }

    /// The place of the next token.
    fn place(&mut self) -> Parsed<usize> {
        self.peek()?;
        match &self.ahead {
            Ahead::Token(placed) => Ok(placed.at),
            Ahead::Unread | Ahead::End => Ok(self.end),
        }
    }

    fn expected<T>(&mut self, what: &str) -> Parsed<T> {
        Err(Fault {
            at: self.place()?,
            message: format!("expected {what}"),
        })
    }

    fn eat_mark(&mut self, mark: u8) -> Parsed<bool> {
        let found = self.peek()? == Some(&Token::Mark(mark));
        if found {
            self.next()?;
        }
        Ok(found)
    }

    fn eat_word(&mut self, word: &str) -> Parsed<bool> {
        let found = self.peek()? == Some(&Token::Word(word));
        if found {
            self.next()?;
        }
        Ok(found)
    }

    fn whole(&mut self) -> Parsed<Observation> {
        let found = self.followed_by(0)?;
        if self.peek()?.is_some() {
            return self.expected("AND, OR, FOLLOWEDBY, a qualifier or the end of the pattern");
        }
        Ok(found)
    }

    fn followed_by(&mut self, depth: usize) -> Parsed<Observation> {
        let mut parts = vec![self.observation_or(depth)?];
        while self.eat_word("FOLLOWEDBY")? {
            parts.push(self.observation_or(depth)?);
        }
        Ok(single_or(parts, Observation::FollowedBy))
    }

    fn observation_or(&mut self, depth: usize) -> Parsed<Observation> {
        let mut parts = vec![self.observation_and(depth)?];
        while self.eat_word("OR")? {
            parts.push(self.observation_and(depth)?);
        }
        Ok(single_or(parts, Observation::Or))
    }

    fn observation_and(&mut self, depth: usize) -> Parsed<Observation> {
        let mut parts = vec![self.observation(depth)?];
        while self.eat_word("AND")? {
            parts.push(self.observation(depth)?);
        }
        Ok(single_or(parts, Observation::And))
    }

    fn observation(&mut self, depth: usize) -> Parsed<Observation> {
        let found = if self.eat_mark(b'[')? {
            let comparison = self.comparison_or(depth)?;
            if !self.eat_mark(b']')? {
                return self.expected("AND, OR or ']'");
            }
            Observation::One(comparison)
        } else if self.peek()? == Some(&Token::Mark(b'(')) {
            self.enter(depth)?;
            let inner = self.followed_by(depth + 1)?;
            if !self.eat_mark(b')')? {
                return self.expected("AND, OR, FOLLOWEDBY, a qualifier or ')'");
            }
            inner
        } else {
            return self.expected("'[' or '('");
        };
        let qualifiers = self.qualifiers()?;
        Ok(if qualifiers.is_empty() {
            found
        } else {
            Observation::Qualified(Box::new(found), qualifiers)
        })
    }

    /// Passes an opening parenthesis.
    fn enter(&mut self, depth: usize) -> Parsed<()> {
        let at = self.place()?;
        if depth >= DEPTH_MAX {
            return Err(Fault {
                at,
                message: format!("nested deeper than {DEPTH_MAX} parentheses"),
            });
        }
        self.next()?;
        Ok(())
    }

    fn qualifiers(&mut self) -> Parsed<Vec<Qualifier>> {
        let mut found: Vec<Qualifier> = Vec::new();
        loop {
            let at = self.place()?;
            let qualifier = if self.eat_word("WITHIN")? {
                self.within()?
            } else if self.eat_word("REPEATS")? {
                self.repeats()?
            } else if self.eat_word("START")? {
                self.between()?
            } else {
                return Ok(found);
            };
            let same = |other: &Qualifier| {
                std::mem::discriminant(other) == std::mem::discriminant(&qualifier)
            };
            if found.iter().any(same) {
                let message =
                    "this expression has two qualifiers of one kind; use one, or parentheses"
                        .to_owned();
                return Err(Fault { at, message });
            }
            found.push(qualifier);
        }
    }

    fn within(&mut self) -> Parsed<Qualifier> {
        let seconds = match self.peek()? {
            Some(Token::Integer(text) | Token::Float(text)) => text.parse::<f64>().ok(),
            _ => None,
        };
        let Some(seconds) = seconds.filter(|seconds| *seconds > 0.0 && seconds.is_finite()) else {
            return self.expected("a number of seconds above 0");
        };
        self.next()?;
        if self.eat_word("SECONDS")? {
            Ok(Qualifier::Within(seconds))
        } else {
            self.expected("SECONDS")
        }
    }

    fn repeats(&mut self) -> Parsed<Qualifier> {
        let times = match self.peek()? {
            Some(Token::Integer(text)) => text.parse::<u64>().ok().filter(|times| *times > 0),
            _ => None,
        };
        let Some(times) = times else {
            return self.expected("a whole number above 0");
        };
        self.next()?;
        if self.eat_word("TIMES")? {
            Ok(Qualifier::Repeats(times))
        } else {
            self.expected("TIMES")
        }
    }

    fn between(&mut self) -> Parsed<Qualifier> {
        let start = self.moment()?;
        if !self.eat_word("STOP")? {
            return self.expected("STOP");
        }
        let at = self.place()?;
        let stop = self.moment()?;
        if stop <= start {
            return Err(Fault {
                at,
                message: "STOP must be later than START".to_owned(),
            });
        }
        Ok(Qualifier::Between(start, stop))
    }

    fn moment(&mut self) -> Parsed<Timestamp> {
        let at = self.place()?;
        match self.constant()? {
            Some(Constant::Timestamp(moment)) => Ok(moment),
            _ => Err(Fault {
                at,
                message: "expected a timestamp, t'2016-06-01T00:00:00Z'".to_owned(),
            }),
        }
    }

    fn comparison_or(&mut self, depth: usize) -> Parsed<Comparison> {
        let mut parts = vec![self.comparison_and(depth)?];
        while self.eat_word("OR")? {
            parts.push(self.comparison_and(depth)?);
        }
        Ok(single_or(parts, Comparison::Or))
    }

    fn comparison_and(&mut self, depth: usize) -> Parsed<Comparison> {
        let first = self.comparison(depth)?;
        let mut types: BTreeSet<String> = types_of(&first).into_iter().map(str::to_owned).collect();
        let mut parts = vec![first];
        loop {
            let at = self.place()?;
            if !self.eat_word("AND")? {
                return Ok(single_or(parts, Comparison::And));
            }
            let next = self.comparison(depth)?;
            let other = types_of(&next);
            types.retain(|name| other.contains(name.as_str()));
            parts.push(next);
            if types.is_empty() {
                let message =
                    "AND inside [ ] must hold on one object: both sides need a type in common"
                        .to_owned();
                return Err(Fault { at, message });
            }
        }
    }

    fn comparison(&mut self, depth: usize) -> Parsed<Comparison> {
        if self.peek()? == Some(&Token::Mark(b'(')) {
            self.enter(depth)?;
            let inner = self.comparison_or(depth + 1)?;
            return if self.eat_mark(b')')? {
                Ok(inner)
            } else {
                self.expected("AND, OR or ')'")
            };
        }
        let negated_first = self.eat_word("NOT")?;
        if self.eat_word("EXISTS")? {
            let (object_type, path) = self.path()?;
            let operator = Operator::Exists;
            return Ok(Comparison::Test(Test {
                object_type,
                path,
                negated: negated_first,
                operator,
                constants: Vec::new(),
            }));
        }
        if negated_first {
            return self.expected("EXISTS after a leading NOT");
        }
        let (object_type, path) = self.path()?;
        let negated = self.eat_word("NOT")?;
        let operator = self.operator()?;
        let constants = self.constants(operator)?;
        Ok(Comparison::Test(Test {
            object_type,
            path,
            negated,
            operator,
            constants,
        }))
    }

    fn path(&mut self) -> Parsed<(String, Vec<Step>)> {
        let object_type = match self.peek()? {
            Some(Token::Word(word)) if !is_keyword(word) => (*word).to_owned(),
            _ => return self.expected("an object type"),
        };
        self.next()?;
        if !self.eat_mark(b':')? {
            return self.expected("':' after the object type");
        }
        let mut path = vec![self.key()?];
        loop {
            if self.eat_mark(b'.')? {
                path.push(self.key()?);
            } else if self.eat_mark(b'[')? {
                path.push(self.index()?);
            } else {
                return Ok((object_type, path));
            }
        }
    }

    fn key(&mut self) -> Parsed<Step> {
        let key = match self.peek()? {
            Some(Token::Word(word)) if !word.contains('-') => (*word).to_owned(),
            Some(Token::Word(_)) => {
                return self.expected("quotes around a key with a hyphen, as in hashes.'SHA-256'");
            }
            Some(Token::Text(text)) => text.clone().into_owned(),
            _ => return self.expected("a property name"),
        };
        self.next()?;
        Ok(Step::Key(key))
    }

    fn index(&mut self) -> Parsed<Step> {
        let step = match self.peek()? {
            Some(Token::Mark(b'*')) => Some(Step::Any),
            Some(Token::Integer(text)) => text.parse().ok().map(Step::Index),
            _ => None,
        };
        let Some(step) = step else {
            return self.expected("a list index from 0, or '*'");
        };
        self.next()?;
        if self.eat_mark(b']')? {
            Ok(step)
        } else {
            self.expected("']'")
        }
    }

    fn operator(&mut self) -> Parsed<Operator> {
        let operator = match self.peek()? {
            Some(Token::Comparison("=" | "==")) => Operator::Equal,
            Some(Token::Comparison("!=" | "<>")) => Operator::NotEqual,
            Some(Token::Comparison(">")) => Operator::Greater,
            Some(Token::Comparison("<")) => Operator::Less,
            Some(Token::Comparison(">=")) => Operator::GreaterOrEqual,
            Some(Token::Comparison("<=")) => Operator::LessOrEqual,
            Some(Token::Word("IN")) => Operator::In,
            Some(Token::Word("LIKE")) => Operator::Like,
            Some(Token::Word("MATCHES")) => Operator::Matches,
            Some(Token::Word("ISSUBSET")) => Operator::IsSubset,
            Some(Token::Word("ISSUPERSET")) => Operator::IsSuperset,
            _ => return self.expected("a comparison operator"),
        };
        self.next()?;
        Ok(operator)
    }
}

fn single_or<T>(mut parts: Vec<T>, join: impl FnOnce(Vec<T>) -> T) -> T {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            join(parts)
        }
        None => join(parts),
    }
}

fn is_keyword(word: &str) -> bool {
    matches!(
        word,
        "AND"
            | "OR"
            | "NOT"
            | "FOLLOWEDBY"
            | "LIKE"
            | "MATCHES"
            | "ISSUPERSET"
            | "ISSUBSET"
            | "EXISTS"
            | "LAST"
            | "IN"
            | "START"
            | "STOP"
            | "SECONDS"
            | "TIMES"
            | "WITHIN"
            | "REPEATS"
            | "true"
            | "false"
    )
}

/// The types of which an object may fulfil this: `AND` inside brackets is about one object (section 9.5).
fn types_of(part: &Comparison) -> BTreeSet<&str> {
    match part {
        Comparison::Test(test) => BTreeSet::from([test.object_type.as_str()]),
        Comparison::Or(parts) => parts.iter().flat_map(types_of).collect(),
        Comparison::And(parts) => {
            let mut sets = parts.iter().map(types_of);
            let first = sets.next().unwrap_or_default();
            sets.fold(first, |left, right| {
                left.intersection(&right).copied().collect()
            })
        }
    }
}

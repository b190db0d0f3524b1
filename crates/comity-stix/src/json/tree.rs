//! From text to [`Value`]. Recursion goes no deeper than [`DEPTH_MAX`].

use super::scan::{Problem, Scanner};
use super::{DEPTH_MAX, JsonError, Kind, Limits, Member, Value, join};

type Failure = JsonError;

pub(super) fn read<'a>(text: &'a str, limits: &Limits) -> Result<Value<'a>, Failure> {
    let mut reader = Reader {
        scanner: Scanner::new(text),
        values_left: limits.values_max,
        depth_max: limits.depth_max.min(DEPTH_MAX),
        limits,
    };
    let value = reader.value(1)?;
    reader.scanner.finish().map_err(fail)?;
    Ok(value)
}

struct Reader<'a, 'l> {
    scanner: Scanner<'a>,
    values_left: usize,
    depth_max: usize,
    limits: &'l Limits,
}

/// Builds the error outside the hot path.
#[cold]
fn fail(problem: Problem) -> Failure {
    JsonError {
        path: String::new(),
        problem,
    }
}

#[cold]
fn within(step: &str, mut failure: Failure) -> Failure {
    failure.path = join(step, &failure.path);
    failure
}

impl<'a> Reader<'a, '_> {
    fn value(&mut self, depth: usize) -> Result<Value<'a>, Failure> {
        self.scanner.skip_white_space();
        let start = self.scanner.position();
        self.values_left = match self.values_left.checked_sub(1) {
            Some(left) => left,
            None => {
                return Err(fail(Problem::TooManyValues {
                    limit: self.limits.values_max,
                }));
            }
        };
        let kind = match self.scanner.peek() {
            Some(b'"') => self.scanner.string().map(Kind::String).map_err(fail)?,
            Some(b'{') => Kind::Object(self.object(depth)?),
            Some(b'[') => Kind::Array(self.array(depth)?),
            Some(b't') => self
                .scanner
                .literal("true")
                .map(|()| Kind::Bool(true))
                .map_err(fail)?,
            Some(b'f') => self
                .scanner
                .literal("false")
                .map(|()| Kind::Bool(false))
                .map_err(fail)?,
            Some(b'n') => self
                .scanner
                .literal("null")
                .map(|()| Kind::Null)
                .map_err(fail)?,
            Some(b'-' | b'0'..=b'9') => {
                self.scanner.number().map(|()| Kind::Number).map_err(fail)?
            }
            _ => return Err(fail(self.scanner.syntax("a JSON value"))),
        };
        Ok(Value {
            raw: self.scanner.since(start),
            kind,
        })
    }

    fn check_depth(&self, depth: usize) -> Result<(), Failure> {
        if depth > self.depth_max {
            Err(fail(Problem::TooDeep {
                limit: self.depth_max,
            }))
        } else {
            Ok(())
        }
    }

    fn array(&mut self, depth: usize) -> Result<Vec<Value<'a>>, Failure> {
        self.check_depth(depth)?;
        self.scanner.advance();
        self.scanner.skip_white_space();
        let mut items = Vec::new();
        if self.scanner.eat(b']') {
            return Ok(items);
        }
        loop {
            match self.value(depth + 1) {
                Ok(item) => items.push(item),
                Err(failure) => return Err(within(&format!("[{}]", items.len()), failure)),
            }
            self.scanner.skip_white_space();
            if self.scanner.eat(b',') {
                continue;
            }
            self.scanner.expect(b']', "',' or ']'").map_err(fail)?;
            return Ok(items);
        }
    }

    fn object(&mut self, depth: usize) -> Result<Vec<Member<'a>>, Failure> {
        self.check_depth(depth)?;
        self.scanner.advance();
        self.scanner.skip_white_space();
        if self.scanner.eat(b'}') {
            return Ok(Vec::new());
        }
        let mut members: Vec<Member<'a>> = Vec::with_capacity(if depth == 1 { 16 } else { 4 });
        let mut seen = 0_u64;
        loop {
            if members.len() >= self.limits.properties_max {
                return Err(fail(Problem::TooManyProperties {
                    limit: self.limits.properties_max,
                }));
            }
            self.scanner.skip_white_space();
            let key = self.scanner.string().map_err(fail)?;
            self.scanner.skip_white_space();
            self.scanner.expect(b':', "':' after a key").map_err(fail)?;
            let bit = fingerprint(&key);
            if seen & bit != 0
                && members.len() < SMALL
                && members.iter().any(|member| member.key == key)
            {
                return Err(within(&key, fail(Problem::DuplicateKey)));
            }
            seen |= bit;
            match self.value(depth + 1) {
                Ok(value) => members.push(Member { key, value }),
                Err(failure) => return Err(within(&key, failure)),
            }
            self.scanner.skip_white_space();
            if self.scanner.eat(b',') {
                continue;
            }
            self.scanner.expect(b'}', "',' or '}'").map_err(fail)?;
            return if members.len() > SMALL {
                all_differ(members)
            } else {
                Ok(members)
            };
        }
    }
}

/// Up to this many members, keys are compared one by one; above it they are sorted once, so that an object of
/// many keys costs n log n and no hash can be flooded.
const SMALL: usize = 32;

fn all_differ(members: Vec<Member<'_>>) -> Result<Vec<Member<'_>>, Failure> {
    let mut keys: Vec<&str> = members.iter().map(|member| member.key.as_ref()).collect();
    keys.sort_unstable();
    let double = keys.array_windows().find(|[left, right]| left == right);
    match double {
        Some([key, _]) => Err(within(key, fail(Problem::DuplicateKey))),
        None => Ok(members),
    }
}

/// One of 64 bits by length and outer letters: keys with different bits differ.
fn fingerprint(key: &str) -> u64 {
    let bytes = key.as_bytes();
    let first = bytes.first().copied().map_or(0, u32::from);
    let last = bytes.last().copied().map_or(0, u32::from);
    let length = u32::try_from(bytes.len()).unwrap_or(0);
    1 << ((first.wrapping_mul(7) ^ last.wrapping_mul(13) ^ length.wrapping_mul(29)) % 64)
}

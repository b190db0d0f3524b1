//! TAXII envelopes (TAXII 2.1 section 3.7): the outer JSON object that carries objects.
//!
//! In scope: finding each object's text exactly as received, in one pass and without building a tree. What is
//! wrong inside one object (a double key, half a surrogate pair) is that object's failure and is left to
//! `admission`; what makes the whole text unreadable is the envelope's.
//! Out of scope: bundles and streams; writing envelopes.

use crate::json::DEPTH_MAX;
use crate::json::scan::{Problem, Scanner};

/// What an envelope may hold. The size of the body is bounded by whoever reads it from the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnvelopeLimits {
    /// Objects in one envelope.
    pub objects_max: usize,
    /// Levels of nesting of the whole text, the envelope itself being level 1.
    pub depth_max: usize,
}

impl EnvelopeLimits {
    /// For what other parties send. 100,000 objects of the usual size are some 100 MB, more than a body may have; the
    /// depth leaves room for one object too deep for admission, so that it alone fails.
    pub const EXCHANGE: Self = Self {
        objects_max: 100_000,
        depth_max: 1_024,
    };
}

/// Why a body is no envelope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// Not UTF-8: TAXII 2.1 section 1.6.7.
    #[error("the body is not UTF-8 from byte {at} on; TAXII carries UTF-8 only")]
    NotUtf8 {
        /// Offset of the first bad byte.
        at: usize,
    },
    /// Begins with a byte order mark: RFC 8259 section 8.1.
    #[error("the body begins with a byte order mark; leave it out")]
    ByteOrderMark,
    /// Not JSON.
    #[error("the body is not JSON: line {line}, column {column}: expected {expected}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What JSON allows there.
        expected: &'static str,
    },
    /// A property of the envelope appears twice: RFC 7493 section 2.3.
    #[error("the envelope has {path:?} twice; a JSON object names each key once")]
    DuplicateKey {
        /// The property.
        path: String,
    },
    /// Nested too deeply.
    #[error("the body is nested deeper than {limit} levels")]
    TooDeep {
        /// The levels allowed.
        limit: usize,
    },
    /// Too many objects.
    #[error(
        "the envelope holds {count} objects; the limit is {limit}: split it and send the parts"
    )]
    TooManyObjects {
        /// How many it holds.
        count: usize,
        /// How many it may hold.
        limit: usize,
    },
    /// JSON, but something else.
    #[error("the body is not a TAXII envelope: {0}")]
    NotAnEnvelope(&'static str),
}

/// The text of each object in an envelope, in order. An item that is not a JSON object is returned like the
/// others: `admission` refuses it by itself. Without `objects` there are none (TAXII 2.1 section 2: a list is
/// not empty, its key is left out).
pub fn read<'a>(body: &'a [u8], limits: &EnvelopeLimits) -> Result<Vec<&'a str>, EnvelopeError> {
    let text = std::str::from_utf8(body).map_err(|error| EnvelopeError::NotUtf8 {
        at: error.valid_up_to(),
    })?;
    if text.starts_with('\u{feff}') {
        return Err(EnvelopeError::ByteOrderMark);
    }
    let mut scanner = Scanner::new(text);
    let found = members(&mut scanner, limits)?;
    scanner.finish()?;
    if found.count > limits.objects_max {
        return Err(EnvelopeError::TooManyObjects {
            count: found.count,
            limit: limits.objects_max,
        });
    }
    Ok(found.objects)
}

impl From<Problem> for EnvelopeError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Syntax(at) => Self::Syntax {
                line: at.line,
                column: at.column,
                expected: at.expected,
            },
            Problem::TooDeep { limit } => Self::TooDeep { limit },
            Problem::DuplicateKey => Self::DuplicateKey {
                path: String::new(),
            },
            Problem::LoneSurrogate => Self::NotAnEnvelope("a key holds half a surrogate pair"),
            Problem::TooManyValues { .. } | Problem::TooManyProperties { .. } => {
                Self::NotAnEnvelope("it has too many properties")
            }
            Problem::NumberRange => Self::NotAnEnvelope("a number is too large"),
        }
    }
}

struct Found<'a> {
    objects: Vec<&'a str>,
    count: usize,
}

fn members<'a>(
    scanner: &mut Scanner<'a>,
    limits: &EnvelopeLimits,
) -> Result<Found<'a>, EnvelopeError> {
    let mut found = Found {
        objects: Vec::new(),
        count: 0,
    };
    let mut keys: Vec<String> = Vec::new();
    let depth_max = limits.depth_max.min(DEPTH_CEILING);
    scanner.skip_white_space();
    if !scanner.eat(b'{') {
        // Tell text that is no JSON from JSON that is no envelope.
        scanner.skip_value(0, depth_max)?;
        scanner.finish()?;
        return Err(EnvelopeError::NotAnEnvelope(
            "it must be a JSON object with the list \"objects\"",
        ));
    }
    scanner.skip_white_space();
    if scanner.eat(b'}') {
        return Ok(found);
    }
    loop {
        scanner.skip_white_space();
        let key = scanner.string()?.into_owned();
        scanner.skip_white_space();
        scanner.expect(b':', "':' after a key")?;
        if keys.contains(&key) {
            return Err(EnvelopeError::DuplicateKey { path: key });
        }
        if keys.len() >= PROPERTIES_MAX {
            return Err(EnvelopeError::NotAnEnvelope(
                "it has more than 64 properties",
            ));
        }
        if key == "objects" {
            found = objects(scanner, limits, depth_max)?;
        } else {
            scanner.skip_value(1, depth_max)?;
        }
        keys.push(key);
        scanner.skip_white_space();
        if !scanner.eat(b',') {
            scanner.expect(b'}', "',' or '}'")?;
            return Ok(found);
        }
    }
}

fn objects<'a>(
    scanner: &mut Scanner<'a>,
    limits: &EnvelopeLimits,
    depth_max: usize,
) -> Result<Found<'a>, EnvelopeError> {
    let mut found = Found {
        objects: Vec::new(),
        count: 0,
    };
    scanner.skip_white_space();
    if !scanner.eat(b'[') {
        scanner.skip_value(1, depth_max)?;
        return Err(EnvelopeError::NotAnEnvelope(
            "\"objects\" must be a list of STIX objects",
        ));
    }
    scanner.skip_white_space();
    if scanner.eat(b']') {
        return Ok(found);
    }
    loop {
        scanner.skip_white_space();
        let start = scanner.position();
        scanner.skip_value(2, depth_max)?;
        // Past the limit objects are counted, not kept, so that the message can say how many there are.
        found.count += 1;
        if found.count <= limits.objects_max {
            found.objects.push(scanner.since(start));
        }
        scanner.skip_white_space();
        if !scanner.eat(b',') {
            scanner.expect(b']', "',' or ']'")?;
            return Ok(found);
        }
    }
}

/// Properties of the envelope itself; TAXII defines three.
const PROPERTIES_MAX: usize = 64;
/// No caller may ask for more levels than this; the scanner keeps one byte a level.
const DEPTH_CEILING: usize = 1 << 20;

const _: () = assert!(EnvelopeLimits::EXCHANGE.depth_max > DEPTH_MAX + 2);

#[cfg(test)]
mod tests {
    use super::{EnvelopeError, EnvelopeLimits, read};

    const LIMITS: EnvelopeLimits = EnvelopeLimits {
        objects_max: 3,
        depth_max: 6,
    };

    fn check(body: &str, expected: Result<&[&str], EnvelopeError>) {
        assert_eq!(
            read(body.as_bytes(), &LIMITS),
            expected.map(<[&str]>::to_vec),
            "{body}"
        );
    }

    #[test]
    fn returns_the_text_of_each_object_as_received() {
        check("{}", Ok(&[]));
        check(" { \"more\" : false } ", Ok(&[]));
        check("{\"objects\":[]}", Ok(&[]));
        check(
            "{\"objects\":[ {\"a\" : 1} ,\n{ }],\"x_note\":{\"objects\":[1]}}",
            Ok(&["{\"a\" : 1}", "{ }"]),
        );
        check(
            "{\"objects\":[1,\"}\",{\"a\":\"\\ud800\",\"a\":1e999}]}",
            Ok(&["1", "\"}\"", "{\"a\":\"\\ud800\",\"a\":1e999}"]),
        );
    }

    #[test]
    fn refuses_what_is_no_envelope() {
        use EnvelopeError::{ByteOrderMark, DuplicateKey, NotAnEnvelope, Syntax};
        check(
            "[]",
            Err(NotAnEnvelope(
                "it must be a JSON object with the list \"objects\"",
            )),
        );
        check(
            "{\"objects\":{}}",
            Err(NotAnEnvelope("\"objects\" must be a list of STIX objects")),
        );
        check(
            "",
            Err(Syntax {
                line: 1,
                column: 1,
                expected: "a JSON value",
            }),
        );
        check(
            "hello",
            Err(Syntax {
                line: 1,
                column: 1,
                expected: "a JSON value",
            }),
        );
        check(
            "{\"objects\":[{]}",
            Err(Syntax {
                line: 1,
                column: 14,
                expected: "a string",
            }),
        );
        check(
            "{\"objects\":[{}]",
            Err(Syntax {
                line: 1,
                column: 16,
                expected: "',' or '}'",
            }),
        );
        check(
            "{\"objects\":[{}]} x",
            Err(Syntax {
                line: 1,
                column: 18,
                expected: "the end of the text",
            }),
        );
        check(
            "{\"objects\":[{},]}",
            Err(Syntax {
                line: 1,
                column: 16,
                expected: "a JSON value",
            }),
        );
        check("\u{feff}{}", Err(ByteOrderMark));
        check(
            "{\"objects\":[],\"obj\\u0065cts\":[]}",
            Err(DuplicateKey {
                path: "objects".to_owned(),
            }),
        );
    }

    #[test]
    fn bounds_depth_and_count() {
        use EnvelopeError::{TooDeep, TooManyObjects};
        check("{\"objects\":[{\"a\":[[[1]]]}]}", Ok(&["{\"a\":[[[1]]]}"]));
        check(
            "{\"objects\":[{\"a\":[[[[1]]]]}]}",
            Err(TooDeep { limit: 6 }),
        );
        check(
            "{\"objects\":[1,2,3,4,5]}",
            Err(TooManyObjects { count: 5, limit: 3 }),
        );
        assert_eq!(
            read(b"{\"a\":\"\xff\"}", &LIMITS),
            Err(EnvelopeError::NotUtf8 { at: 6 })
        );
    }

    #[test]
    fn survives_any_depth() {
        let limits = EnvelopeLimits {
            objects_max: 3,
            depth_max: usize::MAX,
        };
        let body = format!("{{\"objects\":[{}", "[".repeat(3_000_000));
        assert!(matches!(
            read(body.as_bytes(), &limits),
            Err(EnvelopeError::TooDeep { .. })
        ));
    }
}

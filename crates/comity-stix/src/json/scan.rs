//! The scanner: strings, numbers, literals and white space of JSON, by byte.

use std::borrow::Cow;

/// What is wrong with a JSON text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// It is not JSON.
    #[error(transparent)]
    Syntax(SyntaxError),
    /// An object names one key twice: RFC 7493 section 2.3.
    #[error("the same key twice; a JSON object names each key once")]
    DuplicateKey,
    /// Nested too deeply.
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// The levels allowed.
        limit: usize,
    },
    /// Too many values in all.
    #[error("more than {limit} values in one text")]
    TooManyValues {
        /// The values allowed.
        limit: usize,
    },
    /// Too many members in one object.
    #[error("more than {limit} properties in one JSON object")]
    TooManyProperties {
        /// The members allowed.
        limit: usize,
    },
    /// `\ud800` without its partner: RFC 7493 section 2.1.
    #[error("a \\u escape is half of a surrogate pair")]
    LoneSurrogate,
    /// A number beyond an IEEE 754 double: RFC 7493 section 2.2.
    #[error("a number is too large for an IEEE 754 double; write it as a string")]
    NumberRange,
}

/// Where a text stops being JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: expected {expected}")]
pub struct SyntaxError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What JSON allows there.
    pub expected: &'static str,
}

/// A place in a text that moves forward.
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// The text from a place passed before to here.
    pub(crate) fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(crate) fn advance(&mut self) {
        self.at += 1;
    }

    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.at += 1;
        }
        found
    }

    pub(crate) fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), Problem> {
        if self.eat(byte) {
            Ok(())
        } else {
            Err(self.syntax(expected))
        }
    }

    pub(crate) fn skip_white_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    /// The end of the text: nothing but white space is left.
    pub(crate) fn finish(&mut self) -> Result<(), Problem> {
        self.skip_white_space();
        if self.peek().is_some() {
            Err(self.syntax("the end of the text"))
        } else {
            Ok(())
        }
    }

    /// A syntax error at this place.
    pub(crate) fn syntax(&self, expected: &'static str) -> Problem {
        let before = self.text.get(..self.at).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        Problem::Syntax(SyntaxError {
            line,
            column,
            expected,
        })
    }

    pub(crate) fn literal(&mut self, word: &'static str) -> Result<(), Problem> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(())
        } else {
            Err(self.syntax("a JSON value"))
        }
    }

    /// Passes a string whose opening quote is next; says whether it holds escapes. Escapes are checked for
    /// their form only.
    pub(crate) fn skip_string(&mut self) -> Result<bool, Problem> {
        self.expect(b'"', "a string")?;
        let mut escaped = false;
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            let plain = rest
                .iter()
                .position(|byte| *byte == b'"' || *byte == b'\\' || *byte < 0x20);
            self.at += plain.unwrap_or(rest.len());
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    escaped = true;
                    self.skip_escape()?;
                }
                Some(_) => {
                    return Err(self.syntax("no control character inside a string; escape it"));
                }
                None => return Err(self.syntax("the closing quote of a string")),
            }
        }
    }

    fn skip_escape(&mut self) -> Result<(), Problem> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                        return Err(self.syntax("four hexadecimal digits after \\u"));
                    }
                    self.at += 1;
                }
            }
            _ => return Err(self.syntax("one of \" \\ / b f n r t u after a backslash")),
        }
        Ok(())
    }

    /// Reads a string whose opening quote is next.
    pub(crate) fn string(&mut self) -> Result<Cow<'a, str>, Problem> {
        let start = self.at + 1;
        let escaped = self.skip_string()?;
        let inner = self.text.get(start..self.at - 1).unwrap_or_default();
        if escaped {
            unescape(inner)
                .map(Cow::Owned)
                .ok_or(Problem::LoneSurrogate)
        } else {
            Ok(Cow::Borrowed(inner))
        }
    }

    /// Passes a number; refuses what no double can hold.
    pub(crate) fn number(&mut self) -> Result<(), Problem> {
        let start = self.at;
        let plain = self.skip_number()?;
        let spelling = self.since(start);
        if plain && spelling.len() < 300 {
            return Ok(());
        }
        match spelling.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(()),
            _ => Err(Problem::NumberRange),
        }
    }

    /// Passes a number by its grammar; says whether it has no exponent.
    pub(crate) fn skip_number(&mut self) -> Result<bool, Problem> {
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if !matches!(self.peek(), Some(b'e' | b'E')) {
            return Ok(true);
        }
        self.at += 1;
        if matches!(self.peek(), Some(b'+' | b'-')) {
            self.at += 1;
        }
        self.digits()?;
        Ok(false)
    }

    fn digits(&mut self) -> Result<(), Problem> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start {
            Err(self.syntax("a digit"))
        } else {
            Ok(())
        }
    }

    /// Passes one value, which lies `outer` levels deep, without recursion and checking its grammar only.
    pub(crate) fn skip_value(&mut self, outer: usize, depth_max: usize) -> Result<(), Problem> {
        let mut open: Vec<u8> = Vec::new();
        loop {
            self.skip_white_space();
            let opened = match self.peek() {
                Some(b'{') => Some(b'}'),
                Some(b'[') => Some(b']'),
                Some(b'"') => self.skip_string().map(|_| None)?,
                Some(b't') => self.literal("true").map(|()| None)?,
                Some(b'f') => self.literal("false").map(|()| None)?,
                Some(b'n') => self.literal("null").map(|()| None)?,
                Some(b'-' | b'0'..=b'9') => self.skip_number().map(|_| None)?,
                _ => return Err(self.syntax("a JSON value")),
            };
            if let Some(close) = opened {
                self.at += 1;
                self.skip_white_space();
                if self.eat(close) {
                    if outer + open.len() >= depth_max {
                        return Err(Problem::TooDeep { limit: depth_max });
                    }
                } else {
                    open.push(close);
                    if outer + open.len() > depth_max {
                        return Err(Problem::TooDeep { limit: depth_max });
                    }
                    self.key_if_object(close)?;
                    continue;
                }
            }
            if self.close_finished(&mut open)? {
                return Ok(());
            }
        }
    }

    /// After a value: passes closing brackets and one comma; true when nothing is open any more.
    fn close_finished(&mut self, open: &mut Vec<u8>) -> Result<bool, Problem> {
        loop {
            let Some(close) = open.last().copied() else {
                return Ok(true);
            };
            self.skip_white_space();
            if self.eat(close) {
                open.pop();
            } else if self.eat(b',') {
                self.skip_white_space();
                self.key_if_object(close)?;
                return Ok(false);
            } else {
                return Err(self.syntax(if close == b'}' {
                    "',' or '}'"
                } else {
                    "',' or ']'"
                }));
            }
        }
    }

    fn key_if_object(&mut self, close: u8) -> Result<(), Problem> {
        if close == b'}' {
            self.skip_string()?;
            self.skip_white_space();
            self.expect(b':', "':' after a key")?;
        }
        Ok(())
    }
}

/// Resolves the escapes of a string whose form was checked; `None` at half a surrogate pair.
fn unescape(inner: &str) -> Option<String> {
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((plain, tail)) = rest.split_once('\\') {
        out.push_str(plain);
        let mut chars = tail.chars();
        match chars.next()? {
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'u' => {
                let first = hex_unit(&mut chars)?;
                let code = if (0xD800..0xDC00).contains(&first) {
                    if chars.next() != Some('\\') || chars.next() != Some('u') {
                        return None;
                    }
                    let second =
                        hex_unit(&mut chars).filter(|unit| (0xDC00..0xE000).contains(unit))?;
                    0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00)
                } else {
                    first
                };
                out.push(char::from_u32(code)?);
            }
            other => out.push(other),
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    Some(out)
}

fn hex_unit(chars: &mut std::str::Chars<'_>) -> Option<u32> {
    let mut unit = 0;
    for _ in 0..4 {
        unit = unit * 16 + chars.next()?.to_digit(16)?;
    }
    Some(unit)
}

/// Whether a text has the form of base64 with padding (RFC 4648 section 4).
pub(crate) fn base64_form(text: &str) -> bool {
    let body = text
        .strip_suffix("==")
        .or_else(|| text.strip_suffix('='))
        .unwrap_or(text);
    text.len().is_multiple_of(4)
        && body
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}

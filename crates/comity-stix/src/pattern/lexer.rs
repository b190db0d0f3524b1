//! From the text of a pattern to tokens (STIX 2.1 section 9, grammar of the TC's `STIXPattern.g4`).

use std::borrow::Cow;

/// One token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'a> {
    /// A keyword, an object type or a property name.
    Word(&'a str),
    /// `'...'` with its escapes resolved.
    Text(Cow<'a, str>),
    /// An integer as written.
    Integer(&'a str),
    /// A number with a fraction as written.
    Float(&'a str),
    /// `t'...'`, `h'...'` or `b'...'`: the letter and what is between the quotes.
    Typed(u8, &'a str),
    /// `= == != <> < <= > >=`
    Comparison(&'static str),
    /// One of `[ ] ( ) , : . *`
    Mark(u8),
}

/// A token and where it begins, in bytes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Placed<'a> {
    pub(super) token: Token<'a>,
    pub(super) at: usize,
}

/// A place where the text is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LexError {
    pub(super) at: usize,
    pub(super) expected: &'static str,
}

pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let taken = self.text.get(self.at..self.at + bytes).unwrap_or_default();
        self.at += bytes;
        taken
    }

    /// The next token; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Placed<'a>>, LexError> {
        self.skip_blank()?;
        let at = self.at;
        let Some(byte) = self.byte(0) else {
            return Ok(None);
        };
        let token = match byte {
            b'[' | b']' | b'(' | b')' | b',' | b':' | b'.' | b'*' => {
                self.at += 1;
                Token::Mark(byte)
            }
            b'\'' => Token::Text(self.quoted()?),
            b't' | b'h' | b'b' if self.byte(1) == Some(b'\'') => self.typed(byte)?,
            b'=' | b'!' | b'<' | b'>' => self.comparison()?,
            b'0'..=b'9' | b'+' | b'-' => self.number()?,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                let word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
                let length = self
                    .rest()
                    .bytes()
                    .position(|byte| !word(byte))
                    .unwrap_or(self.rest().len());
                Token::Word(self.take(length))
            }
            _ => return Err(self.error("a word, a constant, an operator or a bracket")),
        };
        Ok(Some(Placed { token, at }))
    }

    fn error(&self, expected: &'static str) -> LexError {
        LexError {
            at: self.at,
            expected,
        }
    }

    /// White space of any script, `/* ... */` and `// ...`.
    fn skip_blank(&mut self) -> Result<(), LexError> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if trimmed.starts_with("/*") {
                let end = trimmed
                    .find("*/")
                    .ok_or_else(|| self.error("the end of the comment"))?;
                self.at += end + 2;
            } else if trimmed.starts_with("//") {
                self.at += trimmed.find('\n').unwrap_or(trimmed.len());
            } else {
                return Ok(());
            }
        }
    }

    /// A string constant whose quote is next. `\'` and `\\` are the only escapes (section 9.1).
    fn quoted(&mut self) -> Result<Cow<'a, str>, LexError> {
        self.at += 1;
        let rest = self.rest();
        let mut plain: Option<String> = None;
        let mut from = 0;
        let mut chars = rest.char_indices();
        while let Some((at, letter)) = chars.next() {
            if letter == '\'' {
                let part = rest.get(from..at).unwrap_or_default();
                self.at += at + 1;
                return Ok(match plain {
                    Some(mut text) => {
                        text.push_str(part);
                        Cow::Owned(text)
                    }
                    None => Cow::Borrowed(part),
                });
            }
            if letter == '\\' {
                let Some((next_at, '\'' | '\\')) = chars.next() else {
                    self.at += at;
                    return Err(
                        self.error("\\' or \\\\: a backslash escapes only a quote or itself")
                    );
                };
                let text = plain.get_or_insert_with(String::new);
                text.push_str(rest.get(from..at).unwrap_or_default());
                from = next_at;
            }
        }
        Err(self.error("the closing quote of a string"))
    }

    fn typed(&mut self, letter: u8) -> Result<Token<'a>, LexError> {
        self.at += 2;
        let length = self
            .rest()
            .find('\'')
            .ok_or_else(|| self.error("the closing quote of a constant"))?;
        let inner = self.take(length);
        self.at += 1;
        Ok(Token::Typed(letter, inner))
    }

    fn comparison(&mut self) -> Result<Token<'a>, LexError> {
        const OPERATORS: [&str; 8] = ["==", "!=", "<>", "<=", ">=", "=", "<", ">"];
        let found = OPERATORS
            .iter()
            .find(|operator| self.rest().starts_with(**operator));
        let operator = found.ok_or_else(|| self.error("a comparison operator"))?;
        self.at += operator.len();
        Ok(Token::Comparison(operator))
    }

    fn number(&mut self) -> Result<Token<'a>, LexError> {
        let rest = self.rest();
        let sign = usize::from(rest.starts_with(['+', '-']));
        let digits = |from: usize| {
            rest.bytes()
                .skip(from)
                .take_while(u8::is_ascii_digit)
                .count()
        };
        let whole = digits(sign);
        if whole > 1 && rest.as_bytes().get(sign) == Some(&b'0') {
            return Err(self.error("a number without leading zeros"));
        }
        let end = sign + whole;
        let fraction = if rest.as_bytes().get(end) == Some(&b'.') {
            digits(end + 1)
        } else {
            0
        };
        if fraction > 0 {
            Ok(Token::Float(self.take(end + 1 + fraction)))
        } else if whole > 0 {
            Ok(Token::Integer(self.take(end)))
        } else {
            Err(self.error("a digit"))
        }
    }
}

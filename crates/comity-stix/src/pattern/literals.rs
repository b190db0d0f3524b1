//! The values a pattern compares with: `type:path = 'literal'` and `IN ('a', 'b')`, for lookup.
//!
//! Reads tokens only, so that a pattern with a fault elsewhere still gives the values before it. Negated
//! comparisons give none: they name what an object is not.

use super::lexer::{Lexer, Token};
use crate::observable::{ObservableValue, paths};

/// Adds the values of this pattern, each once.
pub(crate) fn collect(pattern: &str, values: &mut Vec<ObservableValue>) {
    let mut reader = Reader {
        lexer: Lexer::new(pattern),
        ahead: None,
    };
    let mut word: Option<&str> = None;
    while let Some(token) = reader.next() {
        match token {
            Token::Word(text) => word = Some(text),
            Token::Mark(b':') => {
                if let Some(object_type) = word.take() {
                    reader.comparison(object_type, values);
                }
            }
            Token::Mark(_)
            | Token::Text(_)
            | Token::Integer(_)
            | Token::Float(_)
            | Token::Typed(..)
            | Token::Comparison(_) => {
                word = None;
            }
        }
    }
}

struct Reader<'a> {
    lexer: Lexer<'a>,
    ahead: Option<Token<'a>>,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<Token<'a>> {
        self.ahead
            .take()
            .or_else(|| self.lexer.next().ok().flatten().map(|placed| placed.token))
    }

    /// What follows `type:`: a path, an operator, one constant or a list.
    fn comparison(&mut self, object_type: &str, values: &mut Vec<ObservableValue>) {
        let mut path: Vec<String> = Vec::new();
        let operator = loop {
            match self.next() {
                Some(Token::Word(word)) if path.is_empty() || !is_keyword(word) => {
                    path.push(word.to_owned());
                }
                Some(Token::Text(key)) => path.push(key.into_owned()),
                Some(Token::Mark(b'.' | b'[' | b']' | b'*') | Token::Integer(_)) => {}
                other => break other,
            }
        };
        match operator {
            Some(Token::Comparison("=" | "==")) => {
                let constant = self.next();
                self.constant(object_type, &path, constant, values);
            }
            Some(Token::Word("IN")) => {
                if let Some(other) = self.next().filter(|token| *token != Token::Mark(b'(')) {
                    self.ahead = Some(other);
                    return;
                }
                while let Some(token) = self.next() {
                    match token {
                        Token::Mark(b',') => {}
                        Token::Mark(_) | Token::Word(_) | Token::Comparison(_) => return,
                        Token::Text(_) | Token::Integer(_) | Token::Float(_) | Token::Typed(..) => {
                            self.constant(object_type, &path, Some(token), values);
                        }
                    }
                }
            }
            other => self.ahead = other,
        }
    }

    fn constant(
        &mut self,
        object_type: &str,
        path: &[String],
        token: Option<Token<'a>>,
        values: &mut Vec<ObservableValue>,
    ) {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let found = match &token {
            Some(Token::Text(text)) => paths::at(object_type, &path, text),
            Some(Token::Integer(text)) => paths::at(object_type, &path, text),
            _ => None,
        };
        match found {
            // A set would not pay: nearly every pattern has one or two constants, and a long IN list has no
            // reason to repeat itself, so only neighbours are compared.
            Some(value) if values.last() != Some(&value) => values.push(value),
            Some(_) => {}
            None if matches!(
                token,
                Some(Token::Text(_) | Token::Integer(_) | Token::Float(_) | Token::Typed(..))
            ) => {}
            None => self.ahead = token,
        }
    }
}

fn is_keyword(word: &str) -> bool {
    matches!(
        word,
        "NOT" | "IN" | "LIKE" | "MATCHES" | "ISSUBSET" | "ISSUPERSET"
    )
}

#[cfg(test)]
mod tests {
    use super::collect;
    use crate::observable::ValueKind::{
        Asn, Domain, Email, FileName, Ipv4, Md5, Sha256, Url, UserAgent,
    };

    fn check(pattern: &str, expected: &[(crate::observable::ValueKind, &str)]) {
        let mut found = Vec::new();
        collect(pattern, &mut found);
        let found: Vec<_> = found
            .iter()
            .map(|value| (value.kind, value.value.as_str()))
            .collect();
        assert_eq!(found, expected, "{pattern}");
    }

    #[test]
    fn finds_the_values_a_pattern_compares_with() {
        check(
            "[ipv4-addr:value = '198.51.100.3']",
            &[(Ipv4, "198.51.100.3")],
        );
        check(
            "[domain-name:value IN ('A.example.com', 'b.example.com')]",
            &[(Domain, "a.example.com"), (Domain, "b.example.com")],
        );
        check(
            "[file:hashes.'SHA-256' = 'AB' AND file:name = 'x\\'y.exe'] FOLLOWEDBY [url:value == 'http://example.com/a'] WITHIN 5 SECONDS",
            &[
                (Sha256, "ab"),
                (FileName, "x'y.exe"),
                (Url, "http://example.com/a"),
            ],
        );
        check(
            "[file:hashes.MD5='0a' OR (autonomous-system:number = 64496)]",
            &[(Md5, "0a"), (Asn, "64496")],
        );
        check(
            "[network-traffic:dst_ref.value = '198.51.100.3' AND network-traffic:dst_port = 443]",
            &[(Ipv4, "198.51.100.3")],
        );
        check(
            "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'x']",
            &[(UserAgent, "x")],
        );
        check(
            "[email-message:to_refs[*].value = 'a@example.com']",
            &[(Email, "a@example.com")],
        );
    }

    #[test]
    fn leaves_out_what_no_object_is_looked_up_by() {
        check("[ipv4-addr:value NOT = '198.51.100.3']", &[]);
        check("[ipv4-addr:value != '198.51.100.3']", &[]);
        check("[domain-name:value NOT IN ('a.example')]", &[]);
        check("[domain-name:value LIKE '%.example']", &[]);
        check("[ipv4-addr:value = t'2016-01-01T00:00:00Z']", &[]);
        check("", &[]);
    }

    #[test]
    fn keeps_what_stands_before_a_fault() {
        check(
            "[ipv4-addr:value = '198.51.100.3' AND url:value = 'http://",
            &[(Ipv4, "198.51.100.3")],
        );
        check(
            "[ipv4-addr:value = '198.51.100.3'] # [",
            &[(Ipv4, "198.51.100.3")],
        );
        check(
            "[domain-name:value IN domain-name:value = 'a.example']",
            &[(Domain, "a.example")],
        );
    }
}

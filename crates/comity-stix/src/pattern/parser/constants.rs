//! The constants of a comparison (section 9.2), and what each operator may be compared with.

use super::super::lexer::Token;
use super::super::{Constant, Operator};
use super::{Fault, Parsed, Parser};
use crate::json::scan::base64_form;
use crate::timestamp::Timestamp;

impl Parser<'_> {
    pub(super) fn constants(&mut self, operator: Operator) -> Parsed<Vec<Constant>> {
        let at = self.place()?;
        if operator == Operator::In {
            return self.set();
        }
        let Some(constant) = self.constant()? else {
            return self.expected("a constant");
        };
        let textual = matches!(
            operator,
            Operator::Like | Operator::Matches | Operator::IsSubset | Operator::IsSuperset
        );
        let ordered = matches!(
            operator,
            Operator::Greater | Operator::Less | Operator::GreaterOrEqual | Operator::LessOrEqual
        );
        if textual && !matches!(constant, Constant::Text(_)) {
            return Err(Fault {
                at,
                message: "this operator compares with a string".to_owned(),
            });
        }
        if ordered && matches!(constant, Constant::Boolean(_)) {
            return Err(Fault {
                at,
                message: "true and false have no order".to_owned(),
            });
        }
        Ok(vec![constant])
    }

    fn set(&mut self) -> Parsed<Vec<Constant>> {
        if !self.eat_mark(b'(')? {
            return self.expected("'(' after IN");
        }
        let mut constants: Vec<Constant> = Vec::new();
        if self.eat_mark(b')')? {
            return Ok(constants);
        }
        loop {
            let at = self.place()?;
            let Some(constant) = self.constant()? else {
                return self.expected("a constant");
            };
            let same = |first: &Constant| {
                std::mem::discriminant(first) == std::mem::discriminant(&constant)
            };
            if !constants.first().is_none_or(same) {
                return Err(Fault {
                    at,
                    message: "a set holds constants of one kind".to_owned(),
                });
            }
            constants.push(constant);
            if self.eat_mark(b')')? {
                return Ok(constants);
            }
            if !self.eat_mark(b',')? {
                return self.expected("',' or ')'");
            }
        }
    }

    /// A constant if one is next.
    pub(super) fn constant(&mut self) -> Parsed<Option<Constant>> {
        let at = self.place()?;
        let fault = |message: &str| Fault {
            at,
            message: message.to_owned(),
        };
        let constant =
            match self.peek()? {
                Some(Token::Text(text)) => Constant::Text(text.clone().into_owned()),
                Some(Token::Integer(text)) => {
                    let value = text
                        .parse()
                        .map_err(|_| fault("an integer has 64 bits at most"))?;
                    Constant::Integer(value)
                }
                Some(Token::Float(text)) => {
                    Constant::Float(text.parse().map_err(|_| fault("expected a number"))?)
                }
                Some(Token::Word("true")) => Constant::Boolean(true),
                Some(Token::Word("false")) => Constant::Boolean(false),
                Some(Token::Typed(b't', text)) => {
                    let moment = Timestamp::parse(text);
                    Constant::Timestamp(moment.map_err(|error| Fault {
                        at,
                        message: format!("the timestamp {error}"),
                    })?)
                }
                Some(Token::Typed(b'h', text)) => Constant::Hex(hex(text).ok_or_else(|| {
                    fault("a hex constant has an even number of hexadecimal digits")
                })?),
                Some(Token::Typed(_, text)) if base64_form(&text.replace(['\n', '\r'], "")) => {
                    Constant::Binary((*text).to_owned())
                }
                Some(Token::Typed(..)) => return Err(fault("a binary constant is in base64")),
                _ => return Ok(None),
            };
        self.next()?;
        Ok(Some(constant))
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| {
        char::from(*byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|[high, low]| Some(digit(high)? * 16 + digit(low)?))
        .collect()
}

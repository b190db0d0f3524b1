//! Reading a form into what a message says.
//!
//! In scope: times in the person's zone, lists, what must be filled in. Out of scope: whether what is said fits, which the node tells.

use comity_stix::admission::ObservableValue;
use comity_stix::timestamp::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use crate::acts::{Field, Kind};
use crate::fields::Fields;
use crate::frame::key;
use crate::words::Words;

/// A field that was filled in wrongly, with what to do.
pub(crate) type Wrong = (&'static str, String);

/// What the fields of a form say; otherwise each that is wrong.
pub(crate) fn read(
    fields: &[Field],
    typed: &Fields,
    (words, zone): (&Words, &TimeZone),
) -> Result<Map<String, Value>, Vec<Wrong>> {
    let mut said = Map::new();
    let mut wrong = Vec::new();
    for field in fields {
        match value(field, typed, zone) {
            Ok(Some(value)) => {
                said.insert(field.name.to_owned(), value);
            }
            Ok(None) if field.needed => wrong.push((field.name, words.say("form-needed"))),
            Ok(None) => {}
            Err(what) => wrong.push((field.name, words.say(what))),
        }
    }
    if wrong.is_empty() {
        Ok(said)
    } else {
        Err(wrong)
    }
}

fn value(field: &Field, typed: &Fields, zone: &TimeZone) -> Result<Option<Value>, &'static str> {
    let Some(text) = typed.get(field.name) else {
        return Ok((field.kind == Kind::Flag).then_some(Value::Bool(false)));
    };
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let value = match field.kind {
        Kind::Time => json!(moment(text, zone).ok_or(key("form-time-wrong"))?),
        Kind::Number => number(text)?,
        Kind::Choice(words) => {
            let known = words.contains(&text);
            if !known {
                return Err(key("form-choice-wrong"));
            }
            text.parse::<u8>()
                .map_or_else(|_| json!(text), |number| json!(number))
        }
        Kind::Lines => json!(lines().collect::<Vec<_>>()),
        Kind::Values => {
            let seen = lines().map(seen).collect::<Option<Vec<Value>>>();
            json!(seen.ok_or(key("form-values-wrong"))?)
        }
        Kind::Flag => json!(true),
        Kind::Items | Kind::Names => json!(typed.all(field.name)),
        Kind::Line | Kind::Text | Kind::Message | Kind::Party | Kind::Task => {
            json!(text.replace("\r\n", "\n"))
        }
    };
    Ok(Some(value))
}

fn number(text: &str) -> Result<Value, &'static str> {
    let number = text.parse::<u32>();
    number
        .map(|number| json!(number))
        .map_err(|_| key("form-number-wrong"))
}

/// A value with the field of a pattern that holds it; `field=value` says it where the value alone does not.
fn seen(line: &str) -> Option<Value> {
    if let Some((field, value)) = line.split_once('=')
        && field.contains(':')
        && !field.contains('/')
    {
        return Some(json!({ "field": field.trim(), "value": value.trim() }));
    }
    let found = ObservableValue::detect(line).into_iter().next()?;
    Some(json!({ "field": found.kind.field(), "value": found.value }))
}

/// A moment as a browser gives it, in a zone, or as STIX writes it.
pub(crate) fn moment(text: &str, zone: &TimeZone) -> Option<String> {
    if let Ok(at) = Timestamp::parse(text) {
        return Some(at.to_stix());
    }
    let civil: jiff::civil::DateTime = text.replace(' ', "T").parse().ok()?;
    let at = civil.to_zoned(zone.clone()).ok()?.timestamp();
    Timestamp::from_micros(at.as_microsecond()).map(Timestamp::to_stix)
}

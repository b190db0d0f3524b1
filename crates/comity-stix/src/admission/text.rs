//! What full-text search reads of an object.

use crate::json::{Kind, Member, Value};

/// Names, descriptions and labels, one a line, at most so many bytes.
pub(super) fn of(members: &[Member<'_>], bytes_max: usize) -> String {
    let mut out = String::new();
    for Member { key, value } in members {
        let read = matches!(
            key.as_ref(),
            "name"
                | "description"
                | "abstract"
                | "content"
                | "explanation"
                | "opinion"
                | "labels"
                | "aliases"
                | "title"
                | "goals"
                | "objective"
                | "context"
                | "statement"
                | "country"
                | "city"
                | "administrative_area"
                | "subject"
        ) || key.ends_with("_aliases");
        if read {
            add(value, bytes_max, &mut out);
        }
    }
    out
}

fn add(value: &Value<'_>, bytes_max: usize, out: &mut String) {
    match value.kind() {
        Kind::String(text) => line(text, bytes_max, out),
        Kind::Array(items) => {
            for text in items.iter().filter_map(Value::as_str) {
                line(text, bytes_max, out);
            }
        }
        Kind::Null | Kind::Bool(_) | Kind::Number | Kind::Object(_) => {}
    }
}

fn line(text: &str, bytes_max: usize, out: &mut String) {
    let gap = usize::from(!out.is_empty());
    let room = bytes_max.saturating_sub(out.len() + gap);
    let end = text.floor_char_boundary(room);
    let Some(part) = text.get(..end).filter(|part| !part.is_empty()) else {
        return;
    };
    if gap > 0 {
        out.push('\n');
    }
    out.push_str(part);
}

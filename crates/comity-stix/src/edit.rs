//! Changes to the text of an object that leave every other byte as it was.

use crate::canonical;
use crate::json::{Member, Value};

/// Changes to one JSON object, applied together at the end.
pub(crate) struct Edit<'a> {
    object: &'a Value<'a>,
    /// Byte ranges of the object's text and what stands there instead, in no order.
    changes: Vec<(usize, usize, String)>,
    added: String,
}

impl<'a> Edit<'a> {
    /// Nothing is changed yet.
    pub(crate) fn new(object: &'a Value<'a>) -> Self {
        Self {
            object,
            changes: Vec::new(),
            added: String::new(),
        }
    }

    fn members(&self) -> &'a [Member<'a>] {
        self.object.as_object().unwrap_or_default()
    }

    /// Where a value stands in the text of the object.
    fn place(&self, value: &Value<'_>) -> (usize, usize) {
        let start = value
            .raw()
            .as_ptr()
            .addr()
            .saturating_sub(self.object.raw().as_ptr().addr());
        (start, start + value.raw().len())
    }

    /// Gives a property another value, or adds it at the end.
    pub(crate) fn set(&mut self, key: &str, json: &str) {
        if let Some(value) = self.object.member(key) {
            let (start, end) = self.place(value);
            self.changes.push((start, end, json.to_owned()));
        } else {
            self.added.push(',');
            canonical::write_string(key, &mut self.added);
            self.added.push(':');
            self.added.push_str(json);
        }
    }

    /// Takes a property out. The object keeps at least one other.
    pub(crate) fn remove(&mut self, key: &str) {
        let Some(at) = self.members().iter().position(|member| member.key == key) else {
            return;
        };
        let Some(member) = self.members().get(at) else {
            return;
        };
        let (_, end) = self.place(&member.value);
        let before = at.checked_sub(1).and_then(|at| self.members().get(at));
        if let Some(before) = before {
            let (_, start) = self.place(&before.value);
            self.changes.push((start, end, String::new()));
        } else {
            let rest = self.object.raw().get(end..).unwrap_or_default();
            let comma = rest.find(',').map_or(0, |comma| comma + 1);
            self.changes.push((1, end + comma, String::new()));
        }
    }

    /// The changed text.
    pub(crate) fn finish(mut self) -> String {
        let text = self.object.raw();
        self.changes.sort();
        let mut out = String::with_capacity(text.len() + self.added.len());
        let mut from = 0;
        for (start, end, json) in &self.changes {
            out.push_str(text.get(from..*start).unwrap_or_default());
            out.push_str(json);
            from = *end;
        }
        let last = text.len().saturating_sub(1);
        out.push_str(text.get(from..last).unwrap_or_default());
        out.push_str(&self.added);
        out.push('}');
        out
    }
}

#[cfg(test)]
mod tests {
    use super::Edit;
    use crate::json::{self, Limits, Value};

    const LIMITS: Limits = Limits {
        depth_max: 16,
        values_max: 1_000,
        properties_max: 100,
    };

    fn check(text: &str, change: impl FnOnce(&mut Edit<'_>), expected: &str) {
        let object: Value<'_> = json::parse(text, &LIMITS).unwrap();
        let mut edit = Edit::new(&object);
        change(&mut edit);
        assert_eq!(edit.finish(), expected);
    }

    #[test]
    fn leaves_other_bytes_as_they_were() {
        let text = "{ \"a\" : 1 ,\n\t\"b\" : [ 2 ] , \"c\":3 }";
        check(text, |_| {}, text);
        check(
            text,
            |edit| edit.set("b", "7"),
            "{ \"a\" : 1 ,\n\t\"b\" : 7 , \"c\":3 }",
        );
        check(
            text,
            |edit| edit.set("d", "4"),
            "{ \"a\" : 1 ,\n\t\"b\" : [ 2 ] , \"c\":3 ,\"d\":4}",
        );
        check(
            text,
            |edit| edit.remove("a"),
            "{\n\t\"b\" : [ 2 ] , \"c\":3 }",
        );
        check(text, |edit| edit.remove("b"), "{ \"a\" : 1 , \"c\":3 }");
        check(
            text,
            |edit| edit.remove("c"),
            "{ \"a\" : 1 ,\n\t\"b\" : [ 2 ] }",
        );
        check(text, |edit| edit.remove("x"), text);
        check(
            text,
            |edit| {
                edit.remove("b");
                edit.set("a", "0");
                edit.set("e", "5");
            },
            "{ \"a\" : 0 , \"c\":3 ,\"e\":5}",
        );
    }
}

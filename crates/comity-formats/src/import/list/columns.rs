//! The columns of a list: which header names which, and cutting a row into fields.
//!
//! In scope: comma, semicolon, tab and bar as separators; the usual names of the columns; quoted fields
//! (RFC 4180; in TSV a quotation mark counts only where it encloses the whole field).
//! Out of scope: what a field means.

use std::borrow::Cow;

use super::Field;

/// Where each known column stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::import) struct Columns {
    separator: char,
    /// The header is a comment (as abuse.ch writes it), so no row is to be passed over.
    commented: bool,
    places: Vec<Option<Column>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Value,
    Kind,
    Class,
    Family,
    Description,
    Confidence,
    ValidFrom,
    Tlp,
}

/// The fields of a row that mean something here; empty where the row has none.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Row<'l> {
    pub(super) value: Field<'l>,
    pub(super) kind: Field<'l>,
    pub(super) class: Field<'l>,
    pub(super) family: Field<'l>,
    pub(super) description: Field<'l>,
    pub(super) confidence: Field<'l>,
    pub(super) valid_from: Field<'l>,
    pub(super) tlp: Field<'l>,
}

impl<'l> Row<'l> {
    /// A row of a list without header.
    pub(super) fn bare(value: &'l str) -> Self {
        Self {
            value: Cow::Borrowed(value),
            ..Self::default()
        }
    }
}

/// A quoted field that the line does not close.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unclosed;

impl Columns {
    /// The columns that a header names, if it is one: `value` must be among them.
    pub(in crate::import) fn find(header: &str) -> Option<Self> {
        ['\t', ',', ';', '|'].into_iter().find_map(|separator| {
            let names: Vec<_> = header.split(separator).map(column).collect();
            let values = names
                .iter()
                .filter(|name| **name == Some(Column::Value))
                .count();
            (values == 1).then_some(Self {
                separator,
                commented: false,
                places: names,
            })
        })
    }

    /// The columns that a comment names: only a header has both a value and a type among them.
    pub(in crate::import) fn find_in_comment(line: &str) -> Option<Self> {
        let found = Self::find(line.strip_prefix('#')?.trim())?;
        let typed = found.places.contains(&Some(Column::Kind));
        typed.then_some(Self {
            commented: true,
            ..found
        })
    }

    /// The first row is the header.
    pub(super) fn header_is_a_row(&self) -> bool {
        !self.commented
    }

    /// Cuts a row.
    pub(super) fn split<'l>(&self, text: &'l str) -> Result<Row<'l>, Unclosed> {
        let mut row = Row::default();
        let mut rest = Some(text);
        for place in &self.places {
            let Some(text) = rest else { break };
            let (field, after) = self.field(text)?;
            rest = after;
            match place {
                Some(Column::Value) => row.value = field,
                Some(Column::Kind) => row.kind = field,
                Some(Column::Class) => row.class = field,
                Some(Column::Family) => row.family = field,
                Some(Column::Description) => row.description = field,
                Some(Column::Confidence) => row.confidence = field,
                Some(Column::ValidFrom) => row.valid_from = field,
                Some(Column::Tlp) => row.tlp = field,
                None => {}
            }
        }
        Ok(row)
    }

    /// The first field and what follows its separator.
    fn field<'l>(&self, text: &'l str) -> Result<(Field<'l>, Option<&'l str>), Unclosed> {
        let plain = || match text.split_once(self.separator) {
            Some((field, rest)) => (field.trim(), Some(rest)),
            None => (text.trim(), None),
        };
        let Some(quoted) = text.trim_start_matches(' ').strip_prefix('"') else {
            let (field, rest) = plain();
            return Ok((Cow::Borrowed(field), rest));
        };
        if self.separator == '\t' {
            let (field, rest) = plain();
            let inner = field
                .strip_prefix('"')
                .and_then(|inner| inner.strip_suffix('"'));
            return Ok((undoubled(inner.unwrap_or(field)), rest));
        }
        let mut from = 0;
        loop {
            let found = quoted
                .get(from..)
                .and_then(|rest| rest.find('"'))
                .ok_or(Unclosed)?;
            let mark = from + found;
            let after = quoted.get(mark + 1..).unwrap_or_default();
            if after.starts_with('"') {
                from = mark + 2;
                continue;
            }
            let rest = after.split_once(self.separator).map(|(_, rest)| rest);
            return Ok((undoubled(quoted.get(..mark).unwrap_or_default()), rest));
        }
    }
}

fn undoubled(text: &str) -> Field<'_> {
    if text.contains("\"\"") {
        Cow::Owned(text.replace("\"\"", "\""))
    } else {
        Cow::Borrowed(text)
    }
}

fn column(name: &str) -> Option<Column> {
    let name = name
        .trim()
        .trim_matches('"')
        .trim()
        .to_ascii_lowercase()
        .replace([' ', '-'], "_");
    Some(match name.as_str() {
        "value" | "indicator" | "ioc" | "ioc_value" | "indicator_value" | "observable" => {
            Column::Value
        }
        "type" | "ioc_type" | "indicator_type" | "observable_type" | "kind" => Column::Kind,
        "class" | "category" | "threat_type" => Column::Class,
        "family" | "malware" | "malware_family" | "malware_printable" => Column::Family,
        "description" | "comment" | "note" => Column::Description,
        "confidence" | "confidence_level" => Column::Confidence,
        "valid_from" | "first_seen" | "first_seen_utc" | "date" => Column::ValidFrom,
        "tlp" | "marking" => Column::Tlp,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, row: &str, expected: Result<(&str, &str, &str), Unclosed>) {
        let columns = Columns::find(header).expect("a header");
        let found = columns.split(row).map(|row| {
            (
                row.value.into_owned(),
                row.kind.into_owned(),
                row.description.into_owned(),
            )
        });
        let expected = expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()));
        assert_eq!(found, expected, "{row}");
    }

    #[test]
    fn columns_are_found_in_any_order_and_rows_are_cut() {
        check("value,type", "192.0.2.1,ip", Ok(("192.0.2.1", "ip", "")));
        check(
            "Type\tx\tVALUE\tdescription",
            "ip\t\t192.0.2.1\ta \"b\" c",
            Ok(("192.0.2.1", "ip", "a \"b\" c")),
        );
        check(
            "\"ioc_value\";\"ioc_type\"",
            " \"a;\"\"b\" ;url",
            Ok(("a;\"b", "url", "")),
        );
        check(
            "value,type,description",
            "a,b,\"c\nd\"",
            Ok(("a", "b", "c\nd")),
        );
        check("value,type,description", "a,b,\"c", Err(Unclosed));
        check("value\ttype", "\"a\tb", Ok(("\"a", "b", "")));
        check("value|type", "a", Ok(("a", "", "")));
    }

    #[test]
    fn text_without_a_value_column_is_no_header() {
        for line in ["192.0.2.1", "name,type", "value,ioc", ""] {
            assert_eq!(Columns::find(line), None, "{line}");
        }
    }
}

//! Reading TOML so that every mistake has its line, its place and what to write instead.
//!
//! A [`Section`] is one table of the text. It refuses keys that the schema does not list for it, so nothing in an accord is
//! ignored. A [`Found`] is one value with its place.
//!
//! In scope: places, forms, limits. Out of scope: what a key means (the modules beside this one).
//! Limits: [`TEXT_BYTES_MAX`], [`STRING_BYTES_MAX`], [`LIST_ITEMS_MAX`]; nesting is bounded by the TOML parser (80).

use comity_stix::timestamp::Timestamp;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::TextError;
use super::schema;
use super::words::{Word, choices, from_word};

/// The longest accord text.
pub const TEXT_BYTES_MAX: usize = 256 * 1024;
/// The longest string in it.
pub(super) const STRING_BYTES_MAX: usize = 1024;
/// The most entries of one list of words or names.
pub(super) const LIST_ITEMS_MAX: usize = 256;

/// Where the lines of a text begin.
pub(super) struct Lines(Vec<usize>);

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self(ends.map(|(offset, _)| offset).collect())
    }

    /// The number of the line, from 1, of a byte.
    pub(super) fn at(&self, offset: usize) -> usize {
        self.0.partition_point(|end| *end < offset) + 1
    }
}

/// A table of the text.
pub(super) struct Section<'s, 'i> {
    lines: &'s Lines,
    /// The table in the schema.
    table: &'static str,
    /// The table as a reader finds it: `[[release]] 2`.
    place: String,
    line: usize,
    values: &'s DeTable<'i>,
}

/// A value and where it stands.
#[derive(Clone)]
pub(super) struct Found<'s, 'i> {
    lines: &'s Lines,
    pub(super) place: String,
    pub(super) line: usize,
    value: &'s DeValue<'i>,
}

impl<'s, 'i> Section<'s, 'i> {
    /// The table at the top of the text.
    pub(super) fn top(lines: &'s Lines, values: &'s DeTable<'i>) -> Result<Self, TextError> {
        Self::new(lines, "", String::new(), (1, values))
    }

    fn new(
        lines: &'s Lines,
        table: &'static str,
        place: String,
        (line, values): (usize, &'s DeTable<'i>),
    ) -> Result<Self, TextError> {
        let section = Self {
            lines,
            table,
            place,
            line,
            values,
        };
        for key in values.keys() {
            if !schema::knows(table, key.get_ref()) {
                return Err(TextError::UnknownKey {
                    line: lines.at(key.span().start),
                    place: section.place_of(key.get_ref()),
                    known: schema::names(table),
                });
            }
        }
        Ok(section)
    }

    pub(super) const fn line(&self) -> usize {
        self.line
    }

    pub(super) fn place_of(&self, key: &str) -> String {
        if self.place.is_empty() {
            key.chars().take(STRING_BYTES_MAX).collect()
        } else {
            let key: String = key.chars().take(STRING_BYTES_MAX).collect();
            format!("{}, {key}", self.place)
        }
    }

    pub(super) fn optional(&self, key: &'static str) -> Option<Found<'s, 'i>> {
        debug_assert!(
            schema::knows(self.table, key),
            "{}.{key} is in the schema",
            self.table
        );
        let value = self.values.get(key)?;
        Some(Found {
            lines: self.lines,
            place: self.place_of(key),
            line: self.lines.at(value.span().start),
            value: value.get_ref(),
        })
    }

    pub(super) fn required(&self, key: &'static str) -> Result<Found<'s, 'i>, TextError> {
        self.optional(key).ok_or_else(|| TextError::Missing {
            line: self.line,
            place: self.place_of(key),
            write: schema::form(self.table, key),
        })
    }

    /// A key's text that is read by `read`; what to write instead is the schema's word on it.
    pub(super) fn text<T>(
        &self,
        key: &'static str,
        read: fn(&str) -> Option<T>,
    ) -> Result<T, TextError> {
        self.required(key)?
            .read(read, schema::form(self.table, key))
    }

    pub(super) fn optional_text<T>(
        &self,
        key: &'static str,
        read: fn(&str) -> Option<T>,
    ) -> Result<Option<T>, TextError> {
        let found = self.optional(key);
        found
            .map(|found| found.read(read, schema::form(self.table, key)))
            .transpose()
    }

    pub(super) fn optional_word<T: Word>(&self, key: &'static str) -> Result<Option<T>, TextError> {
        self.optional(key).map(|found| found.word()).transpose()
    }

    pub(super) fn integer(
        &self,
        key: &'static str,
        default: u32,
        bounds: (u32, u32),
    ) -> Result<u32, TextError> {
        self.optional(key)
            .map_or(Ok(default), |found| found.integer(bounds))
    }

    pub(super) fn flag(&self, key: &'static str, default: bool) -> Result<bool, TextError> {
        self.optional(key).map_or(Ok(default), |found| found.flag())
    }

    /// The texts of a list, each read by `read`; empty where the key is not there.
    pub(super) fn texts<T: PartialEq>(
        &self,
        key: &'static str,
        read: fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, TextError> {
        let form = schema::form(self.table, key);
        self.distinct(key, |item| item.read(read, form))
    }

    /// The words of a list; `None` where the key is not there.
    pub(super) fn words<T: Word>(&self, key: &'static str) -> Result<Option<Vec<T>>, TextError> {
        match self.optional(key) {
            None => Ok(None),
            Some(_) => self.distinct(key, |item| item.word()).map(Some),
        }
    }

    fn distinct<T: PartialEq>(
        &self,
        key: &'static str,
        read: impl Fn(Found<'s, 'i>) -> Result<T, TextError>,
    ) -> Result<Vec<T>, TextError> {
        let mut all = Vec::new();
        let Some(found) = self.optional(key) else {
            return Ok(all);
        };
        for item in found.list(LIST_ITEMS_MAX)? {
            let conflict = item.conflict("stands here twice; write it once");
            let value = read(item)?;
            if all.contains(&value) {
                return Err(conflict);
            }
            all.push(value);
        }
        Ok(all)
    }

    /// The one table under a key.
    pub(super) fn table(
        &self,
        key: &'static str,
        table: &'static str,
    ) -> Result<Option<Self>, TextError> {
        let Some(found) = self.optional(key) else {
            return Ok(None);
        };
        found.table(table, format!("[{table}]")).map(Some)
    }

    /// The tables of an array of tables.
    pub(super) fn tables(
        &self,
        key: &'static str,
        table: &'static str,
        count_max: usize,
    ) -> Result<Vec<Self>, TextError> {
        let Some(found) = self.optional(key) else {
            return Ok(Vec::new());
        };
        let place = if self.place.is_empty() {
            String::new()
        } else {
            format!("{}, ", self.place)
        };
        let items = found.list(count_max)?.into_iter().enumerate();
        items
            .map(|(index, item)| item.table(table, format!("{place}[[{key}]] {}", index + 1)))
            .collect()
    }

    /// Every key of a table whose keys are not the schema's, such as the parameters of a commitment.
    pub(super) fn open_table(
        &self,
        key: &'static str,
    ) -> Result<Vec<(String, Found<'s, 'i>)>, TextError> {
        let Some(found) = self.optional(key) else {
            return Ok(Vec::new());
        };
        let DeValue::Table(values) = found.value else {
            return Err(found.wrong("a table such as { days = 14 }"));
        };
        if values.len() > LIST_ITEMS_MAX {
            return Err(found.wrong("fewer keys"));
        }
        let one = |(key, value): (&Spanned<_>, &'s Spanned<DeValue<'i>>)| {
            let name: &std::borrow::Cow<'i, str> = key.get_ref();
            let place = format!(
                "{}.{}",
                found.place,
                name.chars().take(STRING_BYTES_MAX).collect::<String>()
            );
            let line = self.lines.at(key.span().start);
            let value = value.get_ref();
            let lines = self.lines;
            (
                name.to_string(),
                Found {
                    lines,
                    place,
                    line,
                    value,
                },
            )
        };
        Ok(values.iter().map(one).collect())
    }

    /// A fault between keys of this table.
    pub(super) fn conflict(&self, key: &str, problem: impl Into<String>) -> TextError {
        TextError::Conflict {
            line: self.line,
            place: self.place_of(key),
            problem: problem.into(),
        }
    }
}

impl<'s, 'i> Found<'s, 'i> {
    /// The value is not what must stand here.
    pub(super) fn wrong(&self, write: impl Into<String>) -> TextError {
        TextError::Value {
            line: self.line,
            place: self.place.clone(),
            found: self.shown(),
            write: write.into(),
        }
    }

    pub(super) fn conflict(&self, problem: impl Into<String>) -> TextError {
        TextError::Conflict {
            line: self.line,
            place: self.place.clone(),
            problem: problem.into(),
        }
    }

    fn shown(&self) -> String {
        match self.value {
            DeValue::String(text) => format!("{:?}", text.chars().take(60).collect::<String>()),
            DeValue::Integer(number) => number.to_string().chars().take(60).collect(),
            DeValue::Boolean(flag) => flag.to_string(),
            DeValue::Datetime(time) => time.to_string(),
            other @ (DeValue::Float(_) | DeValue::Array(_) | DeValue::Table(_)) => {
                format!("this {}", other.type_str())
            }
        }
    }

    /// A string without control characters, within the limit.
    pub(super) fn string(&self) -> Result<&'s str, TextError> {
        let DeValue::String(text) = self.value else {
            return Err(self.wrong("a text in quotation marks"));
        };
        if text.len() > STRING_BYTES_MAX {
            return Err(self.wrong(format!("a text of at most {STRING_BYTES_MAX} bytes")));
        }
        if text.trim().is_empty() || text.chars().any(char::is_control) {
            return Err(self.wrong("a text on one line that is not empty; leave the key out where there is nothing to say"));
        }
        Ok(text)
    }

    pub(super) fn read<T>(&self, read: fn(&str) -> Option<T>, write: &str) -> Result<T, TextError> {
        read(self.string()?).ok_or_else(|| self.wrong(write))
    }

    pub(super) fn word<T: Word>(&self) -> Result<T, TextError> {
        from_word(self.string()?).ok_or_else(|| self.wrong(format!("one of {}", choices::<T>())))
    }

    pub(super) fn integer(&self, (least, most): (u32, u32)) -> Result<u32, TextError> {
        let number = match self.value {
            DeValue::Integer(number) => u32::from_str_radix(number.as_str(), number.radix()).ok(),
            DeValue::String(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => None,
        };
        let inside = number.filter(|number| (least..=most).contains(number));
        inside.ok_or_else(|| self.wrong(format!("a whole number from {least} to {most}")))
    }

    pub(super) fn flag(&self) -> Result<bool, TextError> {
        self.value
            .as_bool()
            .ok_or_else(|| self.wrong("true or false"))
    }

    /// A point in time in UTC.
    pub(super) fn time(&self) -> Result<Timestamp, TextError> {
        let time = self.value.as_datetime().map(ToString::to_string);
        let read = time.and_then(|text| Timestamp::parse(&text).ok());
        read.ok_or_else(|| {
            self.wrong("a time in UTC without quotation marks, such as 2026-12-01T00:00:00Z")
        })
    }

    /// A day of the calendar, as `YYYY-MM-DD`.
    pub(super) fn day(&self) -> Result<String, TextError> {
        let time = self
            .value
            .as_datetime()
            .filter(|time| time.time.is_none() && time.offset.is_none());
        let day = time.and_then(|time| time.date).map(|date| date.to_string());
        day.ok_or_else(|| self.wrong("a day without quotation marks, such as 2026-12-25"))
    }

    pub(super) fn list(&self, count_max: usize) -> Result<Vec<Self>, TextError> {
        let DeValue::Array(items) = self.value else {
            return Err(self.wrong("a list in square brackets"));
        };
        if items.len() > count_max {
            return Err(self.wrong(format!("at most {count_max} entries")));
        }
        let one = |item: &'s Spanned<DeValue<'i>>| Self {
            lines: self.lines,
            place: self.place.clone(),
            line: self.lines.at(item.span().start),
            value: item.get_ref(),
        };
        Ok(items.iter().map(one).collect())
    }

    fn table(&self, table: &'static str, place: String) -> Result<Section<'s, 'i>, TextError> {
        let DeValue::Table(values) = self.value else {
            return Err(self.wrong(format!("a table, [{table}]")));
        };
        Section::new(self.lines, table, place, (self.line, values))
    }
}

//! A page made of parts: facts, lists, forms and texts, one below the other. Most screens about what stands between parties are one.
//!
//! In scope: the parts and how what others wrote gets into them. Out of scope: which parts a screen has (`screens`).

use std::fmt::Write as _;

use askama::Template;
use comity_case::html::escaped;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::draw::text::safe;
use crate::frame::{Frame, Shown, page};
use crate::html::Html;
use crate::visit::Visit;

/// A page of parts.
#[derive(Template)]
#[template(path = "sheet.html")]
pub(crate) struct Sheet {
    pub(crate) frame: Frame,
    /// The page's title as it is shown: what others wrote has its hidden characters written out.
    pub(crate) title: Html,
    pub(crate) chips: Vec<Html>,
    pub(crate) links: Vec<Link>,
    pub(crate) notices: Vec<Notice>,
    pub(crate) parts: Vec<Part>,
}

/// A way to another page.
pub(crate) struct Link {
    pub(crate) href: String,
    pub(crate) text: String,
    pub(crate) here: bool,
}

/// Something that is said above all else.
pub(crate) struct Notice {
    /// `ok`, `warn` or `fail`.
    pub(crate) class: &'static str,
    pub(crate) lines: Vec<Html>,
}

/// A part of a page.
#[derive(Default)]
pub(crate) struct Part {
    pub(crate) title: Option<String>,
    pub(crate) lead: Vec<Html>,
    pub(crate) facts: Vec<Fact>,
    /// A drawing, with the same as a table.
    pub(crate) figure: Option<Html>,
    pub(crate) table: Option<Table>,
    /// What is not there, and what to do about it.
    pub(crate) empty: Option<(String, String)>,
    /// Texts side by side, each under its name.
    pub(crate) two: Vec<(String, Html)>,
    /// A text as it is, under what it is.
    pub(crate) raw: Option<(String, Html)>,
    pub(crate) links: Vec<Link>,
    pub(crate) forms: Vec<Form>,
}

/// A fact: a name and what it is.
pub(crate) struct Fact {
    pub(crate) name: String,
    pub(crate) value: Html,
    pub(crate) wide: bool,
}

/// A list.
pub(crate) struct Table {
    pub(crate) heads: Vec<String>,
    pub(crate) rows: Vec<Vec<Html>>,
}

/// A form that is posted.
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) hint: Option<String>,
    pub(crate) fields: Vec<Field>,
    pub(crate) hidden: Vec<(&'static str, String)>,
    /// The button's words.
    pub(crate) button: String,
    /// `button`, `button plain` or `button danger`.
    pub(crate) look: &'static str,
    /// It is a `GET`: it changes nothing.
    pub(crate) looks: bool,
    /// It takes a passkey of the browser, and is shown only where that has them.
    pub(crate) passkey: Option<Passkey>,
    /// It has a file in it.
    pub(crate) files: bool,
}

/// What a form says of a passkey that it asks the browser for.
pub(crate) struct Passkey {
    /// `create` or `get`.
    pub(crate) act: &'static str,
    /// What is said where none was given.
    pub(crate) none: String,
    /// What is said where there is one of this account already.
    pub(crate) there: String,
}

/// A field of a form.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) label: String,
    pub(crate) hint: Option<String>,
    pub(crate) value: String,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
}

/// How a field is filled in.
pub(crate) enum Kind {
    /// A line; the word is the input's type.
    Line(&'static str),
    Text,
    Tick,
    /// One of these: what is sent, what is shown.
    Choice(Vec<(String, String)>),
    /// Any of these, and those that are chosen.
    Several(Vec<(String, String)>, Vec<String>),
}

impl Table {
    /// What stands over a column.
    pub(crate) fn head(&self, at: impl std::borrow::Borrow<usize>) -> &str {
        self.heads.get(*at.borrow()).map_or("", String::as_str)
    }
}

impl Sheet {
    /// A page of this title without parts.
    pub(crate) fn new(frame: Frame) -> Self {
        Self {
            title: plain(&frame.title),
            frame,
            chips: Vec::new(),
            links: Vec::new(),
            notices: Vec::new(),
            parts: Vec::new(),
        }
    }

    pub(crate) fn notice(&mut self, class: &'static str, lines: Vec<String>) {
        let lines = lines.into_iter().map(|line| plain(&line)).collect();
        self.notices.push(Notice { class, lines });
    }

    /// The page.
    pub(crate) fn shown(&self, visit: &Visit) -> Shown {
        page(visit, self)
    }
}

impl Part {
    pub(crate) fn of(title: String) -> Self {
        Self {
            title: Some(title),
            ..Self::default()
        }
    }

    /// A list, or what to say where it is empty.
    pub(crate) fn list(title: Option<String>, table: Table, empty: (String, String)) -> Self {
        let there = !table.rows.is_empty();
        Self {
            title,
            empty: (!there).then_some(empty),
            table: there.then_some(table),
            ..Self::default()
        }
    }

    pub(crate) fn says(mut self, line: &str) -> Self {
        self.lead.push(plain(line));
        self
    }

    pub(crate) fn fact(mut self, name: String, value: Html) -> Self {
        self.facts.push(Fact {
            name,
            value,
            wide: false,
        });
        self
    }

    pub(crate) fn wide(mut self, name: String, value: Html) -> Self {
        self.facts.push(Fact {
            name,
            value,
            wide: true,
        });
        self
    }

    pub(crate) fn form(mut self, form: Form) -> Self {
        self.forms.push(form);
        self
    }

    pub(crate) fn link(mut self, href: impl Into<String>, text: String) -> Self {
        self.links.push(Link {
            href: href.into(),
            text,
            here: false,
        });
        self
    }

    pub(crate) fn raw(mut self, name: String, text: &str) -> Self {
        self.raw = Some((name, lines(text)));
        self
    }
}

impl Form {
    /// A form that is posted there, with this button.
    pub(crate) fn new(action: impl Into<String>, button: String) -> Self {
        Self {
            action: action.into(),
            hint: None,
            fields: Vec::new(),
            hidden: Vec::new(),
            button,
            look: "button",
            looks: false,
            passkey: None,
            files: false,
        }
    }

    pub(crate) fn hint(mut self, hint: String) -> Self {
        self.hint = Some(hint);
        self
    }

    pub(crate) fn plain(mut self) -> Self {
        self.look = "button plain";
        self
    }

    pub(crate) fn danger(mut self) -> Self {
        self.look = "button danger";
        self
    }

    pub(crate) fn looks(mut self) -> Self {
        self.looks = true;
        self
    }

    /// With a file, behind all other fields.
    pub(crate) fn file(mut self, name: &'static str, label: String, hint: String) -> Self {
        self.files = true;
        self.field(Field::line(name, label).typed("file").hint(hint))
    }

    pub(crate) fn hidden(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.hidden.push((name, value.into()));
        self
    }

    pub(crate) fn field(mut self, field: Field) -> Self {
        self.fields.push(field);
        self
    }

    /// A line that must be filled in.
    pub(crate) fn line(self, name: &'static str, label: String) -> Self {
        self.field(Field::line(name, label))
    }

    /// A line that may stay empty.
    pub(crate) fn maybe(self, name: &'static str, label: String) -> Self {
        self.field(Field::line(name, label).optional())
    }

    /// A longer text.
    pub(crate) fn text(self, name: &'static str, label: String) -> Self {
        self.field(Field {
            kind: Kind::Text,
            ..Field::line(name, label)
        })
    }

    pub(crate) fn choice(
        self,
        name: &'static str,
        label: String,
        of: Vec<(String, String)>,
    ) -> Self {
        self.field(Field {
            kind: Kind::Choice(of),
            ..Field::line(name, label)
        })
    }

    pub(crate) fn tick(self, name: &'static str, label: String) -> Self {
        self.field(Field {
            kind: Kind::Tick,
            ..Field::line(name, label)
        })
    }
}

impl Field {
    pub(crate) fn line(name: &'static str, label: String) -> Self {
        Self {
            name,
            label,
            hint: None,
            value: String::new(),
            kind: Kind::Line("text"),
            required: true,
        }
    }

    pub(crate) fn typed(mut self, kind: &'static str) -> Self {
        self.kind = Kind::Line(kind);
        self
    }

    pub(crate) fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    pub(crate) fn hint(mut self, hint: String) -> Self {
        self.hint = Some(hint);
        self
    }

    pub(crate) fn value(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }
}

/// What somebody wrote, on one line.
pub(crate) fn plain(text: &str) -> Html {
    Html(safe(text))
}

/// What somebody wrote, its lines kept.
pub(crate) fn lines(text: &str) -> Html {
    let line = |line: &str| line.split('\t').map(safe).collect::<Vec<_>>().join("\t");
    let lines: Vec<String> = text.lines().map(line).collect();
    Html(lines.join("\n"))
}

/// The same where nothing keeps lines apart.
pub(crate) fn broken(text: &str) -> Html {
    Html(lines(text).0.replace('\n', "<br>"))
}

/// Something exact: an identity, a key, a digest.
pub(crate) fn code(text: &str) -> Html {
    if text.is_empty() {
        return Html::default();
    }
    Html(format!("<code>{}</code>", safe(text)))
}

/// Something less important.
pub(crate) fn muted(text: &str) -> Html {
    Html(format!("<span class=\"muted\">{}</span>", safe(text)))
}

/// A way to a page of this node.
pub(crate) fn way(href: &str, text: &str) -> Html {
    Html(format!("<a href=\"{}\">{}</a>", escaped(href), safe(text)))
}

/// Several, a comma between.
pub(crate) fn all(of: impl IntoIterator<Item = Html>) -> Html {
    let of: Vec<String> = of.into_iter().map(|one| one.0).collect();
    Html(of.join(", "))
}

/// Two, one behind the other.
pub(crate) fn beside(one: &Html, other: &Html) -> Html {
    let mut both = one.0.clone();
    let written = write!(both, " {}", other.0);
    debug_assert!(written.is_ok(), "a String takes what is written");
    Html(both)
}

/// What stands in a path as it is: the unreserved characters (RFC 3986 section 2.3) but the dot, which alone means another place.
const IN_PATH: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');

/// A path whose parts are what somebody wrote.
pub(crate) fn path(parts: &[&str]) -> String {
    parts.iter().fold(String::new(), |mut path, part| {
        path.push('/');
        path.extend(utf8_percent_encode(part, &IN_PATH));
        path
    })
}

/// A place with what is asked of it: any text may stand in a value.
pub(crate) fn asking<'q>(
    place: &str,
    pairs: impl IntoIterator<Item = (&'q str, &'q str)>,
) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    format!("{place}?{}", query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_becomes_neither_markup_nor_another_path() {
        assert_eq!(
            path(&["parties", "a/../b?c"]),
            "/parties/a%2F%2E%2E%2Fb%3Fc"
        );
        let shown = way("/a\"onclick=\"x", "<b>\u{202e}'");
        assert_eq!(
            shown.0,
            "<a href=\"/a&quot;onclick=&quot;x\">&lt;b&gt;&lt;U+202E&gt;&#39;</a>"
        );
        assert_eq!(lines("a\n<script>\n").0, "a\n&lt;script&gt;");
        assert_eq!(
            broken("a\r\n<br>\u{202e}").0,
            "a<br>&lt;br&gt;&lt;U+202E&gt;"
        );
    }
}

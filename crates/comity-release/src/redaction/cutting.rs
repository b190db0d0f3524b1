//! Cutting one value: what stays of it, and a note of every cut.
//!
//! The value is walked once; nothing is written until something is cut, and what is not cut keeps its bytes.
//!
//! In scope: finding and cutting within one property. Out of scope: what the copy is beyond its properties (`copy`).
//! Recursion is bounded by the reader of the tree.

use comity_accord::terms::RedactionTarget;
use comity_stix::canonical::write_string;
use comity_stix::id::ObjectId;
use comity_stix::json::{Kind, Member, Value};
use comity_stix::marking;

use super::spans::{self, MARK, Personal, kind};
use super::{Cut, CutKind, Terms};
use crate::subject::Copied;

/// What stays of a value.
pub(super) enum Piece {
    /// All of it.
    Whole,
    /// This JSON text instead.
    Text(String),
    /// Nothing.
    Gone,
}

/// Cuts values of one object by the rules of one accord.
pub(super) struct Cutter<'t, 'v> {
    terms: &'t Terms,
    /// What is named otherwise: objects of which copies go, and the object itself.
    copies: &'t Copied,
    /// Values that rules name, with the rule and what it does.
    named: Vec<(&'v Value<'v>, usize, CutKind)>,
    /// Where the walk stands.
    path: Vec<Component<'v>>,
    /// Whether rules about personal data do not hold here.
    exempt: bool,
    /// Every cut so far.
    pub(super) cuts: Vec<Cut>,
}

enum Component<'v> {
    Key(&'v str),
    Index(usize),
}

/// Numbers are texts here too; in them only what is told by check digits is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    Text,
    Number,
}

impl<'t, 'v> Cutter<'t, 'v> {
    pub(super) fn new(terms: &'t Terms, object: &'v Value<'v>, copies: &'t Copied) -> Self {
        let type_name = object.text("type");
        let mut named = Vec::new();
        for (at, rule) in terms.agreed.redactions.iter().enumerate() {
            if let RedactionTarget::Property {
                object_type,
                property,
            } = &rule.target
                && object_type
                    .as_deref()
                    .is_none_or(|one| type_name == Some(one))
                && let Ok(value) = marking::select(object, property)
            {
                named.push((value, at, kind(rule.action)));
            }
        }
        Self {
            terms,
            copies,
            named,
            path: Vec::new(),
            exempt: false,
            cuts: Vec::new(),
        }
    }

    /// Cuts one property at the top. What would be cut from an essential one withholds the object.
    pub(super) fn property(&mut self, member: &'v Member<'v>, essential: Essential) -> Piece {
        self.exempt = essential == Essential::Exempt;
        let before = self.cuts.len();
        let piece = self.member(member);
        if essential != Essential::No {
            for cut in self.cuts.iter_mut().skip(before) {
                cut.kind = CutKind::Withhold;
            }
        }
        piece
    }

    fn member(&mut self, member: &'v Member<'v>) -> Piece {
        // A key can hold what a text can; it cannot be masked, so its member goes, and the note names what it was in.
        match self.text(&member.key, Written::Text) {
            Piece::Whole => {}
            Piece::Text(_) | Piece::Gone => return Piece::Gone,
        }
        self.path.push(Component::Key(&member.key));
        let piece = self.value(&member.value);
        self.path.pop();
        piece
    }

    fn value(&mut self, value: &'v Value<'v>) -> Piece {
        let here = |(at, _, _): &&(&Value<'_>, usize, CutKind)| std::ptr::eq(*at, value);
        let gravest = self
            .named
            .iter()
            .filter(here)
            .max_by_key(|(_, _, kind)| *kind);
        if let Some(&(_, rule, kind)) = gravest {
            self.note(rule, kind);
            return match (kind, value.as_str()) {
                (CutKind::Mask, Some(_)) => Piece::Text(format!("\"{MARK}\"")),
                (CutKind::Mask | CutKind::Remove | CutKind::Withhold, _) => Piece::Gone,
            };
        }
        match value.kind() {
            Kind::Null | Kind::Bool(_) => Piece::Whole,
            Kind::Number => match self.text(value.raw(), Written::Number) {
                Piece::Whole => Piece::Whole,
                Piece::Text(_) | Piece::Gone => Piece::Gone,
            },
            Kind::String(text) => self.text(text, Written::Text),
            Kind::Array(items) => self.array(items),
            Kind::Object(members) => self.object(members),
        }
    }

    fn array(&mut self, items: &'v [Value<'v>]) -> Piece {
        let mut pieces = Vec::new();
        for (at, item) in items.iter().enumerate() {
            self.path.push(Component::Index(at));
            pieces.push(self.value(item));
            self.path.pop();
        }
        compose(
            pieces.iter().zip(items.iter().map(|item| (None, item))),
            ['[', ']'],
        )
    }

    fn object(&mut self, members: &'v [Member<'v>]) -> Piece {
        let pieces: Vec<Piece> = members.iter().map(|member| self.member(member)).collect();
        let parts = members
            .iter()
            .map(|member| (Some(member.key.as_ref()), &member.value));
        compose(pieces.iter().zip(parts), ['{', '}'])
    }

    /// Looks through one text with every rule. References are no personal data.
    fn text(&mut self, text: &str, written: Written) -> Piece {
        let personal = match written {
            _ if self.exempt || ObjectId::parse(text).is_ok() => Personal::Exempt,
            Written::Text => Personal::Any,
            Written::Number => Personal::Checked,
        };
        let renamed = self.renamed(text);
        let text = renamed.as_deref().unwrap_or(text);
        let Some(found) = spans::find(self.terms, text, personal) else {
            return match &renamed {
                None => Piece::Whole,
                Some(renamed) => {
                    let mut out = String::with_capacity(renamed.len() + 2);
                    write_string(renamed, &mut out);
                    Piece::Text(out)
                }
            };
        };
        for rule in &found.rules {
            let rule_kind = self.terms.agreed.redactions.get(*rule);
            self.note(
                *rule,
                rule_kind.map_or(found.kind, |rule| kind(rule.action)),
            );
        }
        match found.kind {
            CutKind::Mask => Piece::Text(found.masked(self.terms, text)),
            CutKind::Remove | CutKind::Withhold => Piece::Gone,
        }
    }

    /// A text with the ids of copies in the place of those of their originals, wherever they stand in it.
    fn renamed(&self, text: &str) -> Option<String> {
        // The shortest id there is: a type of one letter.
        if text.len() < ID_BYTES_MIN || !text.contains("--") {
            return None;
        }
        let mut out: Option<String> = None;
        for (original, copy) in self.copies {
            let now = out.as_deref().unwrap_or(text);
            let original = original.to_string();
            if let Some(replaced) = replaced(now, &original, &copy.to_string()) {
                out = Some(replaced);
            }
        }
        out
    }

    fn note(&mut self, rule: usize, kind: CutKind) {
        let mut selector = String::new();
        for component in &self.path {
            if !selector.is_empty() {
                selector.push('.');
            }
            match component {
                Component::Key(key) => selector.push_str(key),
                Component::Index(at) => selector.extend(["[", &at.to_string(), "]"]),
            }
        }
        self.cuts.push(Cut {
            selector,
            rule: Some(rule),
            kind,
        });
    }
}

const ID_BYTES_MIN: usize = 39;

/// A text with each place of one word taken by another, in whatever case it is written; nothing where there is none.
fn replaced(text: &str, word: &str, by: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let mut out = String::new();
    let mut from = 0;
    for (at, found) in lower.match_indices(&word.to_ascii_lowercase()) {
        out.push_str(text.get(from..at)?);
        out.push_str(by);
        from = at + found.len();
    }
    if from == 0 {
        return None;
    }
    out.push_str(text.get(from..)?);
    Some(out)
}

/// Whether a property is what its object is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Essential {
    /// It is not.
    No,
    /// It is, and rules hold for it.
    Covered,
    /// It is, and rules about personal data do not hold for it.
    Exempt,
}

/// A list or an object of what stays of its parts. One of which nothing stays is gone: the standard has no empty ones.
fn compose<'p, 'v: 'p>(
    parts: impl Iterator<Item = (&'p Piece, (Option<&'p str>, &'p Value<'v>))>,
    brackets: [char; 2],
) -> Piece {
    let [open, close] = brackets;
    let mut out = String::from(open);
    let (mut changed, mut empty) = (false, true);
    for (piece, (key, value)) in parts {
        let text = match piece {
            Piece::Whole => value.raw(),
            Piece::Text(text) => text,
            Piece::Gone => {
                changed = true;
                continue;
            }
        };
        changed |= matches!(piece, Piece::Text(_));
        if !empty {
            out.push(',');
        }
        empty = false;
        if let Some(key) = key {
            write_string(key, &mut out);
            out.push(':');
        }
        out.push_str(text);
    }
    out.push(close);
    match (changed, empty) {
        (false, _) => Piece::Whole,
        (true, true) => Piece::Gone,
        (true, false) => Piece::Text(out),
    }
}

//! Cutting one value: what stays of it, and a note of every cut.
//!
//! The value is walked once; nothing is written until something is cut, and what is not cut keeps its bytes.
//!
//! In scope: finding and cutting within one property. Out of scope: what the copy is beyond its properties (`copy`).
//! Recursion is bounded by the reader of the tree.

use std::borrow::Cow;
use std::ops::Range;

use comity_accord::terms::{PersonalData, RedactionAction, RedactionTarget};
use comity_stix::canonical::write_string;
use comity_stix::id::ObjectId;
use comity_stix::json::{Kind, Member, Value};
use comity_stix::marking;

use super::{Cut, CutKind, Search, Terms, personal_data};

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
    /// Values that rules name, with the rule and what it does.
    named: Vec<(&'v Value<'v>, usize, CutKind)>,
    /// Where the walk stands.
    path: Vec<Component<'v>>,
    /// Whether rules about personal data hold here.
    personal: bool,
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
    pub(super) fn new(terms: &'t Terms, object: &'v Value<'v>) -> Self {
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
            named,
            path: Vec::new(),
            personal: true,
            cuts: Vec::new(),
        }
    }

    /// Cuts one property at the top. What would be cut from an essential one withholds the object.
    pub(super) fn property(&mut self, member: &'v Member<'v>, essential: Essential) -> Piece {
        self.personal = essential != Essential::Exempt;
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
            self.note(Some(rule), kind);
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

    /// Looks through one text with every rule; the gravest cut is made.
    fn text(&mut self, text: &str, written: Written) -> Piece {
        let mut spans: Vec<(Range<usize>, Cow<'static, str>)> = Vec::new();
        let mut gravest = None;
        let rules = &self.terms.agreed.redactions;
        for (at, (rule, search)) in rules.iter().zip(&self.terms.searches).enumerate() {
            let (found, mark) = match search {
                Search::Personal(kind) if self.looks_for(*kind, text, written) => {
                    let mark = format!("[redacted: {}]", personal_data::name(*kind));
                    (personal_data::find(*kind, text), Cow::Owned(mark))
                }
                Search::Named | Search::Personal(_) => continue,
                Search::Expression(expression) => {
                    let found = expression.find_iter(text).map(|found| found.range());
                    let found = found.filter(|range| !range.is_empty()).collect();
                    (found, Cow::Borrowed(MARK))
                }
            };
            if !found.is_empty() {
                self.note(Some(at), kind(rule.action));
                gravest = gravest.max(Some(kind(rule.action)));
                spans.extend(found.into_iter().map(|range| (range, mark.clone())));
            }
        }
        match gravest {
            None => Piece::Whole,
            Some(CutKind::Mask) => Piece::Text(masked(text, spans)),
            Some(CutKind::Remove | CutKind::Withhold) => Piece::Gone,
        }
    }

    /// References are no personal data; a bare number is no address, and no telephone number either.
    fn looks_for(&self, kind: PersonalData, text: &str, written: Written) -> bool {
        let number = match kind {
            PersonalData::PaymentCard | PersonalData::IdentityNumber => true,
            PersonalData::EmailAddress | PersonalData::Telephone | PersonalData::BankAccount => {
                false
            }
        };
        self.personal && (written == Written::Text || number) && ObjectId::parse(text).is_err()
    }

    fn note(&mut self, rule: Option<usize>, kind: CutKind) {
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
            rule,
            kind,
        });
    }
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

/// What stands where something was taken out and nothing more is to be said.
const MARK: &str = "[redacted]";

const fn kind(action: RedactionAction) -> CutKind {
    match action {
        RedactionAction::Mask => CutKind::Mask,
        RedactionAction::Remove => CutKind::Remove,
        RedactionAction::Withhold => CutKind::Withhold,
    }
}

/// A text with marks instead of what was found, as JSON. What overlaps becomes one mark, the first.
fn masked(text: &str, mut spans: Vec<(Range<usize>, Cow<'static, str>)>) -> String {
    spans.sort_by_key(|(range, _)| (range.start, range.end));
    let mut out = String::new();
    let mut from = 0;
    for (range, mark) in spans {
        if range.start >= from {
            out.push_str(text.get(from..range.start).unwrap_or_default());
            out.push_str(&mark);
        }
        from = from.max(range.end);
    }
    out.push_str(text.get(from..).unwrap_or_default());
    let mut json = String::new();
    write_string(&out, &mut json);
    json
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

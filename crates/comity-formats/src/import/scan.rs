//! Finding where a JSON value ends, fed piece by piece.
//!
//! In scope: brackets that pair, strings and their escapes, nesting depth, and the few facts of the outermost
//! object that tell formats apart (`type`, `spec_version`, `created`, where its `objects` list opens).
//! Out of scope: whether the value is valid JSON in any other respect.
//!
//! No recursion and no growth: depth is a counter over a stack of at most `depth_max` brackets; deeper ones
//! are counted, not stored, and make the value [`Facts::too_deep`].

use memchr::memchr2;

/// What the outermost object says of itself.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    /// Its `type`, where that is a word the reader cares for.
    pub(super) kind: Kind,
    /// Its `spec_version`.
    pub(super) spec: Spec,
    /// It has `created`.
    pub(super) created: bool,
    /// It has a key that no TAXII envelope has.
    pub(super) foreign: bool,
    /// It nests beyond the limit.
    pub(super) too_deep: bool,
}

/// The `type` of the outermost object.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// None seen (yet).
    #[default]
    None,
    /// `bundle`.
    Bundle,
    /// Any other.
    Other,
}

/// The `spec_version` of the outermost object.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spec {
    /// None seen (yet).
    #[default]
    None,
    /// `2.0`.
    V20,
    /// Any other.
    Other,
}

/// How a feed ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The piece is used up; the value goes on.
    More,
    /// The value ended after so many bytes of the piece.
    Done(usize),
    /// The list `objects` of a container opened after so many bytes of the piece.
    Objects(usize),
    /// A closing bracket that pairs with nothing, after so many bytes of the piece.
    Unpaired(usize),
}

/// The state between two feeds.
pub(super) struct Scan {
    open: Vec<u8>,
    depth: usize,
    depth_max: usize,
    place: Place,
    started: bool,
    expect_key: bool,
    objects: Watch,
    key: Key,
    token: Token,
    facts: Facts,
}

/// What is known of a container's key `objects`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Watch {
    /// It means nothing here.
    Ignored,
    /// It has not come by.
    Awaited,
    /// It is there, whatever its value.
    Named,
}

/// Where the scanner stands with strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    String,
    /// After a backslash.
    Escape,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Type,
    SpecVersion,
    Objects,
    Other,
}

impl Scan {
    /// Ready for a value. With `watch_objects` it stops where a container's `objects` list opens.
    pub(super) fn new(depth_max: usize, watch_objects: bool) -> Self {
        Self {
            open: Vec::new(),
            depth: 0,
            depth_max,
            place: Place::Outside,
            started: false,
            expect_key: false,
            objects: if watch_objects {
                Watch::Awaited
            } else {
                Watch::Ignored
            },
            key: Key::Other,
            token: Token::default(),
            facts: Facts::default(),
        }
    }

    /// What is known so far of the outermost object.
    pub(super) fn facts(&self) -> Facts {
        self.facts
    }

    /// Whether the outermost object has a key `objects`, whatever its value.
    pub(super) fn names_objects(&self) -> bool {
        self.objects == Watch::Named
    }

    /// Reads on.
    pub(super) fn feed(&mut self, piece: &[u8]) -> Step {
        let mut at = 0;
        while let Some(&byte) = piece.get(at) {
            if self.place != Place::Outside {
                at = self.string(piece, at);
                if self.place == Place::Outside && self.depth == 0 {
                    return Step::Done(at);
                }
                continue;
            }
            at += 1;
            match byte {
                b'"' => {
                    self.place = Place::String;
                    self.started = true;
                    self.token = Token::default();
                }
                b'{' | b'[' => {
                    if self.opens_objects(byte) {
                        return Step::Objects(at);
                    }
                    self.push(byte);
                }
                b'}' | b']' => {
                    if self.depth == 0 && self.started {
                        return Step::Done(at - 1); // a bare number ends at the list's bracket
                    }
                    if !self.pop(byte) {
                        return Step::Unpaired(at);
                    }
                    if self.depth == 0 {
                        return Step::Done(at);
                    }
                }
                b',' if self.depth == 1 => self.expect_key = self.open.first() == Some(&b'{'),
                b',' | b' ' | b'\t' | b'\r' | b'\n' if self.depth == 0 && self.started => {
                    return Step::Done(at - 1); // a bare number or word
                }
                b' ' | b'\t' | b'\r' | b'\n' => {}
                _ => self.started = true,
            }
        }
        Step::More
    }

    /// Reads on inside a string; returns where it got to.
    fn string(&mut self, piece: &[u8], from: usize) -> usize {
        if self.place == Place::Escape {
            self.place = Place::String;
            return from + 1;
        }
        let rest = piece.get(from..).unwrap_or_default();
        let stop = memchr2(b'"', b'\\', rest);
        let length = stop.unwrap_or(rest.len());
        if self.depth == 1 {
            self.token.extend(rest.get(..length).unwrap_or_default());
        }
        match stop.and_then(|stop| rest.get(stop)) {
            None => {}
            Some(b'\\') => {
                self.place = Place::Escape;
                self.token.spoil();
                return from + length + 1;
            }
            Some(_) => {
                self.place = Place::Outside;
                if self.depth == 1 {
                    self.string_ended();
                }
                return from + length + 1;
            }
        }
        from + length
    }

    fn string_ended(&mut self) {
        let word = self.token.bytes();
        if self.expect_key {
            self.expect_key = false;
            self.key = match word {
                b"type" => Key::Type,
                b"spec_version" => Key::SpecVersion,
                b"objects" => Key::Objects,
                _ => Key::Other,
            };
            self.facts.created |= word == b"created";
            if word == b"objects" && self.objects == Watch::Awaited {
                self.objects = Watch::Named;
            }
            self.facts.foreign |= !matches!(word, b"objects" | b"more" | b"next");
            return;
        }
        match self.key {
            Key::Type => {
                self.facts.kind = if word == b"bundle" {
                    Kind::Bundle
                } else {
                    Kind::Other
                };
            }
            Key::SpecVersion => {
                self.facts.spec = if word == b"2.0" {
                    Spec::V20
                } else {
                    Spec::Other
                };
            }
            Key::Objects | Key::Other => {}
        }
        self.key = Key::Other;
    }

    fn opens_objects(&self, byte: u8) -> bool {
        self.objects != Watch::Ignored
            && byte == b'['
            && self.depth == 1
            && !self.expect_key
            && self.key == Key::Objects
            && self.facts.kind != Kind::Other
    }

    fn push(&mut self, byte: u8) {
        self.started = true;
        if self.depth < self.depth_max {
            self.open.push(byte);
        } else {
            self.facts.too_deep = true;
        }
        self.depth += 1;
        if self.depth == 1 {
            self.expect_key = byte == b'{';
        }
    }

    fn pop(&mut self, byte: u8) -> bool {
        if self.depth == 0 {
            return false;
        }
        let stored = self.depth <= self.depth_max;
        self.depth -= 1;
        // Brackets are two code points apart: '{' 7B '}' 7D, '[' 5B ']' 5D.
        !stored || self.open.pop().is_some_and(|open| open + 2 == byte)
    }
}

/// The first bytes of a string, enough to tell the few known words apart.
#[derive(Debug, Default, Clone, Copy)]
struct Token {
    bytes: [u8; Token::LENGTH],
    length: usize,
}

impl Token {
    const LENGTH: usize = 13;

    fn extend(&mut self, part: &[u8]) {
        let end = self.length.saturating_add(part.len());
        if let Some(place) = self.bytes.get_mut(self.length..end) {
            place.copy_from_slice(part);
            self.length = end;
        } else {
            self.spoil();
        }
    }

    /// It is none of the known words.
    fn spoil(&mut self) {
        self.length = usize::MAX;
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

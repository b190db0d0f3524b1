//! Tables: a state machine as rows, one for each thing that may happen, and the one function that reads them.
//!
//! The rows are the specification: what is not in them is refused with what would be possible instead, and the reference
//! page is written from them.
//!
//! In scope: finding the row, refusing, writing the page. Out of scope: what the rows say.

use std::fmt;

use crate::message::Role;

/// Which side of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Whoever opened the thread.
    Opener,
    /// The other party.
    Responder,
}

impl Side {
    /// The other side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Opener => Self::Responder,
            Self::Responder => Self::Opener,
        }
    }
}

/// A closed set of words: the states or the events of a machine.
pub trait Word: Copy + PartialEq + fmt::Debug + 'static {
    /// Every member with its word.
    const WORDS: &'static [(Self, &'static str)];

    /// Its word.
    fn word(self) -> &'static str {
        let found = Self::WORDS.iter().find(|(each, _)| *each == self);
        found.map_or("", |(_, word)| word)
    }

    /// The member of a word.
    fn of(word: &str) -> Option<Self> {
        let found = Self::WORDS.iter().find(|(_, each)| *each == word);
        found.map(|(each, _)| *each)
    }
}

/// A closed set of words as an enum: a table that no `const` array can be, since its rows become variants.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$about:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$about])* #[doc = concat!("Its word is `", $word, "`.")] $variant,)+
        }

        impl $crate::table::Word for $name {
            const WORDS: &'static [(Self, &'static str)] = &[$((Self::$variant, $word),)+];
        }
    };
}
pub(crate) use words;

/// The opener of a thread.
pub(crate) const OPENER: &[Side] = &[Side::Opener];
/// The other party.
pub(crate) const RESPONDER: &[Side] = &[Side::Responder];
/// Either of them.
pub(crate) const EITHER: &[Side] = &[Side::Opener, Side::Responder];
/// Whoever decides what leaves the house.
pub(crate) const RELEASER: &[Role] = &[Role::Releaser];
/// Whoever is on duty, or decides.
pub(crate) const DUTY: &[Role] = &[Role::Duty, Role::Releaser];
/// Any person.
pub(crate) const PERSON: &[Role] = &[Role::Analyst, Role::Duty, Role::Releaser];
/// Any person, and the program itself.
pub(crate) const ANYONE: &[Role] = &[Role::Analyst, Role::Duty, Role::Releaser, Role::Node];

/// Something that may happen.
#[derive(Clone, Copy, Debug)]
pub struct Row<S: 'static, E: 'static> {
    /// The states in which it may.
    pub from: &'static [S],
    /// What happens.
    pub event: E,
    /// Who may.
    pub by: &'static [Side],
    /// In which roles.
    pub roles: &'static [Role],
    /// The state after it; none: as before.
    pub to: Option<S>,
    /// What it does to clocks and what else follows, for people.
    pub effect: &'static str,
}

impl<S, E> Row<S, E> {
    /// A row: the states, what may happen in them by whom in which roles, the state after it and what follows.
    pub(crate) const fn new(
        from: &'static [S],
        (event, by, roles): (E, &'static [Side], &'static [Role]),
        to: Option<S>,
        effect: &'static str,
    ) -> Self
    where
        S: Copy,
        E: Copy,
    {
        Self {
            from,
            event,
            by,
            roles,
            to,
            effect,
        }
    }
}

/// Why something may not happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Not in this state.
    #[error("{event} is not possible while the {subject} is {state}; possible: {possible}")]
    State {
        /// What it is about.
        subject: &'static str,
        /// What was tried.
        event: &'static str,
        /// The state.
        state: &'static str,
        /// What may be done by the same side.
        possible: String,
    },
    /// Not by this side.
    #[error("{event} is for the other side of the {subject} to do")]
    Side {
        /// What it is about.
        subject: &'static str,
        /// What was tried.
        event: &'static str,
    },
    /// Not in this role.
    #[error("{event} needs the role {needed}; {role} may not")]
    Role {
        /// What was tried.
        event: &'static str,
        /// The role that was given.
        role: &'static str,
        /// The roles that may.
        needed: String,
    },
    /// A second person is needed.
    #[error(
        "{event} needs a second person, because {reason}: name another officer who has looked at it"
    )]
    SecondPerson {
        /// What was tried.
        event: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// What is said does not fit.
    #[error("{event}: {reason}")]
    Content {
        /// What was tried.
        event: &'static str,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The subject has no such event.
    #[error("{event:?} is nothing that happens to a {subject}")]
    Event {
        /// What it is about.
        subject: &'static str,
        /// What was tried.
        event: String,
    },
}

impl Refusal {
    /// What it is about, by its subject's word, where the refusal says so.
    pub const fn subject(&self) -> Option<&'static str> {
        match self {
            Self::State { subject, .. }
            | Self::Side { subject, .. }
            | Self::Event { subject, .. } => Some(subject),
            Self::Role { .. } | Self::SecondPerson { .. } | Self::Content { .. } => None,
        }
    }

    /// What is said does not fit, for this reason.
    pub(crate) fn content<E: Word>(event: E, reason: impl Into<String>) -> Self {
        Self::Content {
            event: event.word(),
            reason: reason.into(),
        }
    }
}

/// The row of an event, where there is one.
pub fn find<S: Word, E: Word>(
    table: &'static [Row<S, E>],
    subject: &'static str,
    state: S,
    (event, side, role): (E, Side, Role),
) -> Result<&'static Row<S, E>, Refusal> {
    let rows = table.iter().filter(|row| row.event == event);
    let here = rows
        .clone()
        .find(|row| row.from.contains(&state) && row.by.contains(&side));
    let Some(row) = here else {
        let event = event.word();
        if !rows.clone().any(|row| row.by.contains(&side)) {
            return Err(Refusal::Side { subject, event });
        }
        return Err(Refusal::State {
            subject,
            event,
            state: state.word(),
            possible: possible(table, state, side),
        });
    };
    if !row.roles.contains(&role) {
        let needed: Vec<&str> = row.roles.iter().map(|role| role.word()).collect();
        return Err(Refusal::Role {
            event: event.word(),
            role: role.word(),
            needed: needed.join(" or "),
        });
    }
    Ok(row)
}

/// What a side may do in a state, as a list for people.
pub fn possible<S: Word, E: Word>(table: &'static [Row<S, E>], state: S, side: Side) -> String {
    let rows = table
        .iter()
        .filter(|row| row.from.contains(&state) && row.by.contains(&side));
    let words: Vec<&str> = rows.map(|row| row.event.word()).collect();
    if words.is_empty() {
        "nothing".to_owned()
    } else {
        words.join(", ")
    }
}

/// The table as a page shows it, in Markdown.
pub fn markdown<S: Word, E: Word>(table: &'static [Row<S, E>], sides: [&str; 2]) -> String {
    let mut page =
        String::from("| from | event | by | role | to | effect |\n|---|---|---|---|---|---|\n");
    for row in table {
        let from: Vec<&str> = row.from.iter().map(|state| state.word()).collect();
        let by: Vec<&str> = row
            .by
            .iter()
            .map(|side| match side {
                Side::Opener => sides[0],
                Side::Responder => sides[1],
            })
            .collect();
        let roles: Vec<&str> = row.roles.iter().map(|role| role.word()).collect();
        let line = format!(
            "| {} | `{}` | {} | {} | {} | {} |\n",
            from.join(", "),
            row.event.word(),
            by.join(" or "),
            roles.join(", "),
            row.to.map_or("as before", Word::word),
            row.effect
        );
        page.push_str(&line);
    }
    page
}

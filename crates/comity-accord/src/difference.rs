//! What changes between two versions of an accord, by meaning.
//!
//! Each difference says whether it **widens** (more may leave, or somebody else may get it, or less is asked of the other
//! side), narrows, or neither; widening ones come first, because those are what a signer must have seen.
//!
//! In scope: everything that an accord's text says. Out of scope: comments and layout, which bind nobody but change the hash.

mod release;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};

use crate::party::PartyName;
use crate::text::contact::Contact;
use crate::text::words::word;
use crate::text::{AccordText, Content, LedgerTerms};

/// What a difference does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// More may leave, somebody else may get it, or less is asked.
    Widens,
    /// Less may leave, or more is asked.
    Narrows,
    /// Neither.
    Neutral,
}

impl Effect {
    /// The word for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Widens => "widens",
            Self::Narrows => "narrows",
            Self::Neutral => "neutral",
        }
    }

    fn of_growth<T: Ord>(before: &T, after: &T) -> Self {
        match before.cmp(after) {
            std::cmp::Ordering::Less => Self::Widens,
            std::cmp::Ordering::Greater => Self::Narrows,
            std::cmp::Ordering::Equal => Self::Neutral,
        }
    }
}

/// One thing that changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// What it does.
    pub effect: Effect,
    /// Where: "release alpha to bravo, taxii".
    pub place: String,
    /// What held.
    pub before: String,
    /// What will hold.
    pub after: String,
}

impl Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            effect,
            place,
            before,
            after,
        } = self;
        write!(out, "{}: {place}: {before} -> {after}", effect.as_str())
    }
}

/// Two versions compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The same bytes.
    Same,
    /// Other bytes, but only comments, layout and the count of versions differ.
    SameWords,
    /// What differs, widening first.
    Differs(Vec<Difference>),
}

impl Comparison {
    /// The differences; none where the words that bind are the same.
    pub fn differences(&self) -> &[Difference] {
        match self {
            Self::Same | Self::SameWords => &[],
            Self::Differs(all) => all,
        }
    }
}

impl Display for Comparison {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same => writeln!(out, "the two are the same"),
            Self::SameWords => writeln!(
                out,
                "the words that bind are the same; comments or layout differ, and so does the hash"
            ),
            Self::Differs(all) => all
                .iter()
                .try_for_each(|difference| writeln!(out, "{difference}")),
        }
    }
}

/// Compares two versions.
pub fn compare(before: &AccordText, after: &AccordText) -> Comparison {
    if before.hash() == after.hash() {
        return Comparison::Same;
    }
    let (old, new) = (before.content(), after.content());
    let mut all = Differences(Vec::new());
    head(old, new, &mut all);
    parties(old, new, &mut all);
    ledger(&old.ledger, &new.ledger, &mut all);
    channels(old, new, &mut all);
    contacts(old, new, &mut all);
    release::compare(old, new, &mut all);
    promises(old, new, &mut all);
    // What is told by name and not by place: two lists in another order.
    if all.0.is_empty() && !binds_alike(old, new) {
        all.tell(
            Effect::Neutral,
            "order of entries",
            &"one order",
            &"another order",
        );
    }
    all.0.sort();
    if all.0.is_empty() {
        Comparison::SameWords
    } else {
        Comparison::Differs(all.0)
    }
}

/// The same but for the count of versions.
fn binds_alike(old: &Content, new: &Content) -> bool {
    let mut counted = new.clone();
    counted.version = old.version;
    counted.replaces = old.replaces;
    *old == counted
}

/// Differences as they are found.
pub(crate) struct Differences(Vec<Difference>);

const NOTHING: &str = "nothing";

impl Differences {
    fn tell(&mut self, effect: Effect, place: &str, before: &dyn Display, after: &dyn Display) {
        self.0.push(Difference {
            effect,
            place: place.to_owned(),
            before: before.to_string(),
            after: after.to_string(),
        });
    }

    /// A value that is neither more nor less.
    fn neutral<T: PartialEq>(
        &mut self,
        place: &str,
        (before, after): (&T, &T),
        show: impl Fn(&T) -> String,
    ) {
        if before != after {
            self.tell(Effect::Neutral, place, &show(before), &show(after));
        }
    }

    /// A value of which more widens.
    fn growing<T: Ord>(
        &mut self,
        place: &str,
        (before, after): (&T, &T),
        show: impl Fn(&T) -> String,
    ) {
        if before != after {
            self.tell(
                Effect::of_growth(before, after),
                place,
                &show(before),
                &show(after),
            );
        }
    }

    /// A set to which every addition widens, or narrows.
    fn members(
        &mut self,
        place: &str,
        before: &BTreeSet<String>,
        after: &BTreeSet<String>,
        added: Effect,
    ) {
        let removed = match added {
            Effect::Widens => Effect::Narrows,
            Effect::Narrows => Effect::Widens,
            Effect::Neutral => Effect::Neutral,
        };
        for gone in before.difference(after) {
            self.tell(removed, place, gone, &NOTHING);
        }
        for new in after.difference(before) {
            self.tell(added, place, &NOTHING, new);
        }
    }

    /// Things with a name, each described by one text.
    fn described(&mut self, before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) {
        let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        for name in names {
            let (old, new) = (before.get(name), after.get(name));
            if old != new {
                let show = |text: Option<&String>| text.map_or(NOTHING.to_owned(), Clone::clone);
                self.tell(Effect::Neutral, name, &show(old), &show(new));
            }
        }
    }
}

fn or_none<T: Display>(value: Option<&T>) -> String {
    value.map_or_else(|| "none".to_owned(), ToString::to_string)
}

fn head(old: &Content, new: &Content, all: &mut Differences) {
    all.neutral("name", (&old.name, &new.name), Clone::clone);
    all.neutral("title", (&old.title, &new.title), |title| {
        or_none(title.as_ref())
    });
    all.neutral(
        "effective",
        (&old.effective, &new.effective),
        ToString::to_string,
    );
    all.neutral("expires", (&old.expires, &new.expires), |time| {
        or_none(time.as_ref())
    });
}

/// A party more, and another root key, are somebody else who may get what is released.
fn parties(old: &Content, new: &Content, all: &mut Differences) {
    let names = |content: &Content| {
        content
            .parties
            .iter()
            .map(|party| party.name.to_string())
            .collect()
    };
    all.members("parties", &names(old), &names(new), Effect::Widens);
    for party in &old.parties {
        let Some(other) = new.parties.iter().find(|other| other.name == party.name) else {
            continue;
        };
        let place = format!("party {}", party.name);
        if party.root != other.root {
            all.tell(
                Effect::Widens,
                &format!("{place}, root key"),
                &party.root,
                &other.root,
            );
        }
        all.neutral(
            &format!("{place}, title"),
            (&party.title, &other.title),
            |title| or_none(title.as_ref()),
        );
    }
}

fn ledger(old: &LedgerTerms, new: &LedgerTerms, all: &mut Differences) {
    let words = |terms: &LedgerTerms| {
        terms
            .signatures
            .iter()
            .map(|each| each.as_str().to_owned())
            .collect()
    };
    all.members(
        "ledger, signatures",
        &words(old),
        &words(new),
        Effect::Narrows,
    );
    let witnesses = (
        &std::cmp::Reverse(old.witnesses_min),
        &std::cmp::Reverse(new.witnesses_min),
    );
    all.growing("ledger, witnesses at least", witnesses, |number| {
        number.0.to_string()
    });
    let minutes = |minutes: &u32| format!("{minutes} minutes");
    all.growing(
        "ledger, heartbeat every",
        (&old.heartbeat_minutes, &new.heartbeat_minutes),
        minutes,
    );
    let tolerance = (&old.clock_tolerance_seconds, &new.clock_tolerance_seconds);
    all.growing("ledger, clock tolerance", tolerance, |seconds| {
        format!("{seconds} seconds")
    });
    let deposit = |party: &Option<PartyName>| or_none(party.as_ref());
    all.neutral(
        "ledger, deposit with",
        (&old.deposit, &new.deposit),
        deposit,
    );
    all.neutral(
        "ledger, deposit after",
        (&old.deposit_after_minutes, &new.deposit_after_minutes),
        minutes,
    );
}

fn channels(old: &Content, new: &Content, all: &mut Differences) {
    let ways = |content: &Content| -> BTreeSet<String> {
        let each = content.channels.iter().flat_map(|channel| {
            channel
                .ways
                .iter()
                .map(|way| format!("{} by {}", channel.name, word(*way)))
        });
        each.collect()
    };
    all.members("channels", &ways(old), &ways(new), Effect::Widens);
    let purposes = |content: &Content| {
        let each = content.channels.iter().map(|channel| {
            let words: Vec<_> = channel
                .purposes
                .iter()
                .map(|purpose| purpose.as_str())
                .collect();
            (format!("channel {}, for", channel.name), words.join(", "))
        });
        each.collect()
    };
    all.described(&purposes(old), &purposes(new));
}

fn contacts(old: &Content, new: &Content, all: &mut Differences) {
    let show = |content: &Content| {
        let mut named: BTreeMap<String, String> = BTreeMap::new();
        for contact in &content.contacts {
            let name = or_none(contact.name.as_ref());
            let place = format!(
                "contact of {}, {}, {name}",
                contact.party,
                contact.role.as_str()
            );
            let text = contact_text(contact);
            // Two contacts of one role and name are told together.
            named
                .entry(place)
                .and_modify(|all| *all = format!("{all}; {text}"))
                .or_insert(text);
        }
        named
    };
    all.described(&show(old), &show(new));
}

fn contact_text(contact: &Contact) -> String {
    let (email, phone) = (
        or_none(contact.email.as_ref()),
        or_none(contact.phone.as_ref()),
    );
    let valid = (
        or_none(contact.valid_from.as_ref()),
        or_none(contact.valid_until.as_ref()),
    );
    format!(
        "{email} ({}), phone {phone}, {} {}, languages {}, valid from {} until {}",
        contact.standing.as_str(),
        contact.hours,
        contact.time_zone,
        contact.languages.join(" "),
        valid.0,
        valid.1
    )
}

/// Recall, calendars and commitments.
fn promises(old: &Content, new: &Content, all: &mut Differences) {
    let recall = (&old.recall_answer_hours, &new.recall_answer_hours);
    all.growing("recall, answered within", recall, |hours| {
        format!("{hours} hours")
    });
    let calendars = |content: &Content| {
        let each = content.calendars.iter().map(|calendar| {
            let days = calendar.holidays.join(" ");
            let text = format!(
                "version {}, {} {}, off: {days}",
                calendar.version, calendar.hours, calendar.time_zone
            );
            (format!("calendar {}", calendar.id), text)
        });
        each.collect()
    };
    all.described(&calendars(old), &calendars(new));
    let commitments = |content: &Content| {
        let each = content.commitments.iter().map(|each| {
            let parameters: Vec<_> = each
                .parameters
                .iter()
                .map(|(name, value)| format!("{name} {value}"))
                .collect();
            let calendar = or_none(each.calendar.as_ref());
            let exercise = if each.exercise { ", exercises" } else { "" };
            let (kind, period) = (each.kind.row().word, each.period.as_str());
            let text = format!(
                "{kind} by {} to {}, every {period}{exercise}, calendar {calendar}: {}",
                each.by,
                each.to,
                parameters.join(", ")
            );
            (format!("commitment {}", each.id), text)
        });
        each.collect()
    };
    all.described(&commitments(old), &commitments(new));
}

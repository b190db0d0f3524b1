//! What may follow from what a mail carries: by the address that it came to, and by how sure it is who sent it.
//!
//! [`TABLE`] is the whole of it; nothing else lets content act. The guide shows the same table.
//!
//! In scope: the table, and telling the kind of what is carried. Out of scope: doing it.

use comity_mail::assurance::Level;
use comity_mail::carried::What;
use comity_mail::token::Purpose;

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// It enters at once.
    Take,
    /// A person is to confirm it.
    Propose,
    /// It settles something that waits for it: a receipt, a report of delivery, a number.
    Settle,
    /// It is kept and shown; nothing follows.
    Show,
    /// The whole mail is set aside: the address is not for this, or nobody knows who wrote.
    Aside,
    /// It is not understood, and the sender is told.
    Tell,
}

/// What is carried, as far as the table tells it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// STIX, MISP, lists of values.
    Objects,
    /// Reports of abuse.
    Abuse,
    /// Envelopes of the link.
    Envelopes,
    /// A receipt of another node.
    Receipt,
    /// What became of a mail on its way.
    Delivery,
    /// That a mail was shown.
    Notice,
    /// The number of a check or of a promotion, repeated.
    Number,
    /// Words.
    Words,
    /// Words with values in them.
    Values,
    /// An archive under a password.
    Sample,
    /// An archive that is open.
    Archive,
    /// Public keys.
    Keys,
    /// Something encrypted that was not opened.
    Closed,
    /// Anything else.
    Strange,
}

/// Where a mail came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// A mailbox that takes mail from anybody.
    Open,
    /// An address that was given to a party.
    Given(Purpose),
}

/// The columns of the table.
pub(crate) const COLUMNS: [At; 10] = [
    At::Open,
    At::Given(Purpose::Contact),
    At::Given(Purpose::Ping),
    At::Given(Purpose::Request),
    At::Given(Purpose::Case),
    At::Given(Purpose::Samples),
    At::Given(Purpose::Exercise),
    At::Given(Purpose::Reports),
    At::Given(Purpose::Hotline),
    At::Given(Purpose::Reply),
];

/// At L0, at L1 and L2, at L3.
type Cell = [Act; 3];

use Act::{Aside as A, Propose as P, Settle as S, Show as W, Take as T, Tell as N};

/// Each cell: at L0, at L1 and L2, at L3. A aside, N not understood, P propose, S settle, T take, W show.
#[rustfmt::skip]
pub(crate) const TABLE: [(Kind, [Cell; COLUMNS.len()]); 14] = [
    //                 open       contact    ping       request    case       samples    exercise   reports    hotline    reply
    (Kind::Objects,   [[W, P, P], [A, P, T], [A, A, A], [A, P, P], [A, P, T], [A, A, A], [A, A, A], [A, P, T], [A, A, A], [A, P, P]]),
    (Kind::Abuse,     [[W, P, P], [A, P, T], [A, A, A], [A, P, P], [A, P, T], [A, A, A], [A, A, A], [A, P, T], [A, A, A], [A, P, P]]),
    (Kind::Envelopes, [[A, A, A], [T, T, T], [A, A, A], [T, T, T], [T, T, T], [T, T, T], [A, A, A], [T, T, T], [T, T, T], [T, T, T]]),
    (Kind::Receipt,   [[W, W, W], [W, W, S], [W, W, S], [W, W, S], [W, W, S], [W, W, S], [W, W, S], [W, W, S], [W, W, S], [S, S, S]]),
    (Kind::Delivery,  [[W, W, W], [W, W, W], [W, W, W], [W, W, W], [W, W, W], [W, W, W], [W, W, W], [W, W, W], [W, W, W], [S, S, S]]),
    (Kind::Notice,    [[W, W, W], [W, W, W], [W, W, W], [W, W, W], [W, W, W], [W, W, W], [W, W, W], [W, W, W], [W, W, W], [S, S, S]]),
    (Kind::Number,    [[W, W, W], [W, W, S], [W, W, S], [W, W, S], [W, W, S], [W, W, S], [W, W, S], [W, W, S], [W, W, S], [W, W, S]]),
    (Kind::Words,     [[W, W, W], [W, W, W], [W, W, W], [W, P, P], [W, P, P], [W, W, W], [W, P, P], [W, W, W], [W, P, P], [W, P, P]]),
    (Kind::Values,    [[W, P, P], [W, W, W], [W, W, W], [W, P, P], [W, P, P], [W, W, W], [W, P, P], [W, P, P], [W, P, P], [W, P, P]]),
    (Kind::Sample,    [[A, A, A], [A, A, A], [A, A, A], [A, A, A], [A, A, A], [A, P, P], [A, A, A], [A, A, A], [A, A, A], [A, A, A]]),
    (Kind::Archive,   [[N, N, N], [N, N, N], [A, A, A], [N, N, N], [N, N, N], [A, P, P], [A, A, A], [N, N, N], [N, N, N], [N, N, N]]),
    (Kind::Keys,      [[W, W, W], [W, W, W], [W, W, W], [W, W, W], [W, W, W], [W, W, W], [W, W, W], [W, W, W], [W, W, W], [W, W, W]]),
    (Kind::Closed,    [[N, N, N], [N, N, N], [N, N, N], [N, N, N], [N, N, N], [N, N, N], [N, N, N], [N, N, N], [N, N, N], [N, N, N]]),
    (Kind::Strange,   [[N, N, N], [N, N, N], [N, N, N], [N, N, N], [N, N, N], [N, N, N], [N, N, N], [N, N, N], [N, N, N], [N, N, N]]),
];

impl Act {
    /// Its word, as it is recorded.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Take => "taken",
            Self::Propose => "proposed",
            Self::Settle => "settled",
            Self::Show => "shown",
            Self::Aside => "aside",
            Self::Tell => "not understood",
        }
    }
}

impl Kind {
    /// What something carried is.
    pub(crate) fn of(what: &What) -> Self {
        match what {
            What::StixBundle { .. }
            | What::StixObject
            | What::MispEvent { .. }
            | What::IndicatorList => Self::Objects,
            What::AbuseReport(_) | What::XArf(_) => Self::Abuse,
            What::ComityFile => Self::Envelopes,
            What::Receipt(_) => Self::Receipt,
            What::DeliveryReport(_) => Self::Delivery,
            What::DispositionNotice(_) => Self::Notice,
            What::Prose { values } if values.is_empty() => Self::Words,
            What::Prose { .. } => Self::Values,
            What::Archive(listing) if listing.is_encrypted() => Self::Sample,
            What::Archive(_) => Self::Archive,
            What::OpenPgpKeys => Self::Keys,
            What::Encrypted => Self::Closed,
            What::NotUnderstood(_) | _ => Self::Strange,
        }
    }

    /// Its words.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Objects => "STIX, MISP, lists of values",
            Self::Abuse => "reports of abuse (ARF, XARF)",
            Self::Envelopes => "`.comity` files",
            Self::Receipt => "receipts of a node",
            Self::Delivery => "delivery reports",
            Self::Notice => "notices that a mail was shown",
            Self::Number => "the number of a check or promotion",
            Self::Words => "words",
            Self::Values => "words with values in them",
            Self::Sample => "archives under a password",
            Self::Archive => "open archives",
            Self::Keys => "public keys",
            Self::Closed => "what cannot be decrypted",
            Self::Strange => "anything else",
        }
    }
}

impl At {
    /// Its word.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Open => "open mailbox",
            Self::Given(purpose) => purpose.word(),
        }
    }
}

/// What follows from something at an address. What another person wrote, in a message within the mail, never acts by itself.
pub(crate) fn act(at: At, level: Level, kind: Kind, within: bool) -> Act {
    let column = COLUMNS.iter().position(|one| *one == at);
    let row = TABLE.iter().find(|(one, _)| *one == kind);
    let cell = row.zip(column).and_then(|((_, cells), at)| cells.get(at));
    let place = match level {
        Level::L0 => 0,
        Level::L1 | Level::L2 => 1,
        Level::L3 | Level::L4 => 2,
    };
    let found = cell.and_then(|cell| cell.get(place)).copied();
    let found = found.unwrap_or(Act::Aside);
    match found {
        Act::Take if within && level >= Level::L1 && kind != Kind::Envelopes => Act::Propose,
        Act::Take | Act::Settle if within => Act::Show,
        Act::Take | Act::Settle | Act::Propose | Act::Show | Act::Aside | Act::Tell => found,
    }
}

/// The table as the guide shows it.
#[cfg(test)]
fn markdown() -> String {
    use std::fmt::Write as _;
    let mut page = String::from("| what |");
    for at in COLUMNS {
        let _ = write!(page, " {} |", at.word());
    }
    page.push_str("\n|---|");
    page.push_str(&"---|".repeat(COLUMNS.len()));
    page.push('\n');
    for (kind, cells) in TABLE {
        let _ = write!(page, "| {} |", kind.words());
        for cell in cells {
            let words = cell.map(Act::word);
            let [none, domain, key] = words;
            let _ = match (none == domain, domain == key) {
                (true, true) => write!(page, " {none} |"),
                (false, true) => write!(page, " {none}; {domain} |"),
                (true, false) => write!(page, " {none}; L3 {key} |"),
                (false, false) => write!(page, " {none}; {domain}; L3 {key} |"),
            };
        }
        page.push('\n');
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_keeps_the_rules_that_no_row_may_break() {
        for at in COLUMNS {
            for (kind, _) in TABLE {
                for level in [Level::L0, Level::L1, Level::L2, Level::L3] {
                    let found = act(at, level, kind, false);
                    let cell = format!("{} {kind:?} {level:?} {found:?}", at.word());
                    let by_itself = matches!(
                        kind,
                        Kind::Envelopes | Kind::Receipt | Kind::Delivery | Kind::Notice
                    );
                    let enters = matches!(found, Act::Take | Act::Settle);
                    assert!(
                        !enters || level >= Level::L3 || by_itself,
                        "only L3 enters: {cell}"
                    );
                    assert!(
                        found != Act::Propose || level >= Level::L1,
                        "L0 proposes nothing: {cell}"
                    );
                    let live = !matches!(
                        kind,
                        Kind::Words | Kind::Values | Kind::Number | Kind::Receipt
                    );
                    let exercise = at == At::Given(Purpose::Exercise) && live;
                    assert!(
                        !exercise || !matches!(found, Act::Take | Act::Propose),
                        "nothing live at exercises: {cell}"
                    );
                    let delivery = matches!(kind, Kind::Delivery | Kind::Notice) && enters;
                    assert!(
                        !delivery || at == At::Given(Purpose::Reply),
                        "reports at reply addresses alone: {cell}"
                    );
                    let sample = kind == Kind::Sample && !matches!(found, Act::Aside);
                    assert!(
                        !sample || at == At::Given(Purpose::Samples),
                        "samples at their address alone: {cell}"
                    );
                    let within = act(at, level, kind, true);
                    assert!(
                        !matches!(within, Act::Take | Act::Settle),
                        "others' words act: {cell}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_guide_shows_the_table() {
        let guide = include_str!("../../../../../docs/guides/mail.md");
        let table = markdown();
        assert!(
            guide.contains(&table),
            "docs/guides/mail.md must hold:\n{table}"
        );
    }
}

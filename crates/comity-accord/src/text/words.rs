//! The closed sets of words in an accord's text, each with its one spelling.
//!
//! In scope: the spelling. Out of scope: what the words mean, which stands with their types.

use comity_stix::marking::Tlp;

use crate::terms::{Outlet, PersonalData, RedactionAction};

/// A closed set with a word for each member.
pub(crate) trait Word: Copy + PartialEq + 'static {
    /// Every member with its word.
    const WORDS: &'static [(&'static str, Self)];
}

/// The member that a word stands for.
pub(crate) fn from_word<T: Word>(text: &str) -> Option<T> {
    let found = T::WORDS.iter().find(|(word, _)| *word == text);
    found.map(|(_, member)| *member)
}

/// The word of a member.
pub(crate) fn word<T: Word>(member: T) -> &'static str {
    let found = T::WORDS.iter().find(|(_, each)| *each == member);
    found.map_or("", |(word, _)| word)
}

/// All words, as a person reads a list.
pub(crate) fn choices<T: Word>() -> String {
    let all: Vec<_> = T::WORDS
        .iter()
        .map(|(word, _)| format!("{word:?}"))
        .collect();
    all.join(", ")
}

impl Word for Tlp {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("TLP:CLEAR", Self::Clear),
        ("TLP:GREEN", Self::Green),
        ("TLP:AMBER", Self::Amber),
        ("TLP:AMBER+STRICT", Self::AmberStrict),
        ("TLP:RED", Self::Red),
    ];
}

impl Word for Outlet {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("link", Self::Link),
        ("file", Self::File),
        ("taxii", Self::Taxii),
        ("mail", Self::Mail),
        ("misp", Self::Misp),
        ("export", Self::Export),
    ];
}

impl Word for RedactionAction {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("remove", Self::Remove),
        ("mask", Self::Mask),
        ("withhold", Self::Withhold),
    ];
}

impl Word for PersonalData {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("email-address", Self::EmailAddress),
        ("telephone", Self::Telephone),
        ("payment-card", Self::PaymentCard),
        ("bank-account", Self::BankAccount),
        ("identity-number", Self::IdentityNumber),
    ];
}

//! Who would get an object, and by which way.
//!
//! In scope: recipients and ways as data. Out of scope: who a person is, whether a way really encrypts: the caller knows.

use std::collections::BTreeSet;

use comity_accord::terms::Outlet;

use crate::handling::Action;
use crate::rules::Rule;

/// How far a partner's enrolment has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Cards were exchanged, the fingerprints not yet compared.
    Pending,
    /// Known to be who they say.
    Verified,
    /// The accord with them rests.
    Suspended,
}

/// Who would get an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// Nobody in particular: a public collection or feed.
    Public,
    /// A partner, as an organisation.
    Party {
        /// Its name.
        party: String,
        /// How far its enrolment has come.
        standing: Standing,
    },
    /// One person of a partner, and nobody else there.
    Person {
        /// The partner's name.
        party: String,
        /// How far the partner's enrolment has come.
        standing: Standing,
        /// Where the person is reached; compared with the terms' named persons.
        address: String,
    },
    /// A client of a partner.
    Client {
        /// The partner's name.
        party: String,
        /// How far the partner's enrolment has come.
        standing: Standing,
        /// The client's name; compared with the terms' clients.
        client: String,
    },
    /// A person of the party that judges.
    OwnPerson {
        /// Whether this person was named for what is TLP:RED.
        named: bool,
    },
}

impl Recipient {
    /// The partner this is, or belongs to.
    pub fn party(&self) -> Option<&str> {
        match self {
            Self::Public | Self::OwnPerson { .. } => None,
            Self::Party { party, .. } | Self::Person { party, .. } | Self::Client { party, .. } => {
                Some(party)
            }
        }
    }

    /// The partner's standing; the public and own persons need none.
    pub fn standing(&self) -> Option<Standing> {
        match self {
            Self::Public | Self::OwnPerson { .. } => None,
            Self::Party { standing, .. }
            | Self::Person { standing, .. }
            | Self::Client { standing, .. } => Some(*standing),
        }
    }

    /// Whether nothing leaves the party that judges.
    pub fn is_inside(&self) -> bool {
        match self {
            Self::OwnPerson { .. } => true,
            Self::Public | Self::Party { .. } | Self::Person { .. } | Self::Client { .. } => false,
        }
    }
}

/// How much of an object's markings a form carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// STIX: everything.
    Whole,
    /// The label stands beside the values: a heading, a comment, a tag.
    Labelled,
    /// Values and nothing else.
    Bare,
}

/// The way an object would take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The outlet.
    pub outlet: Outlet,
    /// Whether nobody between sender and recipient can read it.
    pub encrypted: bool,
    /// What becomes of markings.
    pub form: Form,
    /// What the form makes its reader do: a list to block by asks for more than a report.
    pub asks: Action,
    /// Rules for which a second person's approval of this release is on record.
    pub approved: BTreeSet<Rule>,
}

impl Way {
    /// A way by this outlet, not encrypted, for reading only, without approvals. An export counts as [`Form::Bare`] until
    /// the caller says better.
    pub fn by(outlet: Outlet) -> Self {
        let form = match outlet {
            Outlet::Link | Outlet::File | Outlet::Taxii | Outlet::Mail => Form::Whole,
            Outlet::Misp => Form::Labelled,
            Outlet::Export => Form::Bare,
        };
        Self {
            outlet,
            encrypted: false,
            form,
            asks: Action::None,
            approved: BTreeSet::new(),
        }
    }

    /// The same, encrypted.
    #[must_use]
    pub fn encrypted(self) -> Self {
        Self {
            encrypted: true,
            ..self
        }
    }

    /// The same, in another form.
    #[must_use]
    pub fn in_form(self, form: Form) -> Self {
        Self { form, ..self }
    }
}

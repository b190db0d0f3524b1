//! Terms of release: what one party may let another have, as their accord says it.
//!
//! In scope: the terms as data. Out of scope: reading them from the accord's text (`text`), applying them
//! (`comity-release`).

use std::collections::BTreeMap;

use comity_stix::marking::Tlp;

/// A way by which an object can leave a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outlet {
    /// The node link.
    Link,
    /// A file carried by hand.
    File,
    /// A TAXII collection: objects, manifest, versions, status, counts.
    Taxii,
    /// E-mail.
    Mail,
    /// The MISP wire.
    Misp,
    /// An export into another format, for use outside of any exchange.
    Export,
}

/// A person whom the accord names, by role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamedPerson {
    /// The role as the accord names it: "the duty officer".
    pub name: String,
    /// Where the person is reached.
    pub address: String,
}

/// What a rule of redaction does to what it finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedactionAction {
    /// The property is left out.
    Remove,
    /// What was found is replaced by a mark that says so; the rest of the text stays.
    Mask,
    /// The object is not released at all.
    Withhold,
}

/// What a rule of redaction looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedactionTarget {
    /// A property of objects, by name; `object_type` limits it to one type.
    Property {
        /// The type, or any.
        object_type: Option<String>,
        /// The property's name at the top of the object, or a selector (STIX 2.1 section 7.2.3.1).
        property: String,
    },
    /// Text anywhere that matches a regular expression.
    Pattern(String),
    /// Personal data of one kind, found anywhere.
    PersonalData(PersonalData),
}

/// A kind of personal data that can be found in text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PersonalData {
    /// An e-mail address.
    EmailAddress,
    /// A telephone number.
    Telephone,
    /// A payment card number (ISO/IEC 7812, with its check digit).
    PaymentCard,
    /// A bank account number (IBAN, with its check digits).
    BankAccount,
    /// An identity number with check digits: US social security number's form, China's resident identity number.
    IdentityNumber,
}

/// A rule of redaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedactionRule {
    /// What it looks for.
    pub target: RedactionTarget,
    /// What becomes of it.
    pub action: RedactionAction,
}

/// What one party, the sender, may let another, the recipient, have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseTerms {
    /// The most restrictive label that may go at all.
    pub ceiling: Tlp,
    /// Lower ceilings of single outlets; an outlet that is not here has [`Self::ceiling`].
    pub outlet_ceilings: BTreeMap<Outlet, Tlp>,
    /// Outlets that may be used at all.
    pub outlets: Vec<Outlet>,
    /// What an object without a label counts as.
    pub unlabelled: Tlp,
    /// Whether the recipient belongs to the community that TLP:GREEN means.
    pub community: bool,
    /// The recipient's persons who may have TLP:RED.
    pub red_persons: Vec<NamedPerson>,
    /// The recipient's clients, who may have TLP:AMBER from it.
    pub clients: Vec<String>,
    /// Whether the sender may pass on to the recipient what came from other parties, where those allow it.
    pub may_relay: bool,
    /// Whether the recipient may pass on what it gets from the sender.
    pub relay_onward: bool,
    /// From this label on a second person must approve.
    pub second_person_from: Option<Tlp>,
    /// From this label on only encrypted ways may be used.
    pub encrypt_from: Option<Tlp>,
    /// Only these types may go; empty: all but [`Self::types_refused`].
    pub types_allowed: Vec<String>,
    /// These types never go.
    pub types_refused: Vec<String>,
    /// What is taken out before release.
    pub redactions: Vec<RedactionRule>,
}

//! What a property table of the standard says, as data.

/// One of the 42 object types.
#[derive(Debug)]
pub struct ObjectType {
    /// Its name.
    pub name: &'static str,
    /// Its class.
    pub class: Class,
    /// The section of STIX 2.1 that defines it.
    pub section: &'static str,
    /// Its own properties; the common ones are in [`super::common_properties`].
    pub properties: &'static [Property],
    /// What holds between its properties.
    pub rules: &'static [Rule],
    /// The predefined extensions it may have.
    pub extensions: &'static [Structure],
    /// The properties its deterministic identifier is made of.
    pub contributing: &'static [&'static str],
}

/// The classes of STIX objects (STIX 2.1 section 1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// STIX Domain Object.
    Domain,
    /// STIX Relationship Object.
    Relationship,
    /// STIX Cyber-observable Object.
    Observable,
    /// STIX Meta Object.
    Meta,
}

/// One line of a property table.
#[derive(Debug)]
pub struct Property {
    /// Its name.
    pub name: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// Whether it must be present.
    pub required: bool,
}

/// A required property.
pub(super) const fn must(name: &'static str, kind: Kind) -> Property {
    Property {
        name,
        kind,
        required: true,
    }
}

/// An optional property.
pub(super) const fn may(name: &'static str, kind: Kind) -> Property {
    Property {
        name,
        kind,
        required: false,
    }
}

/// What a value is: the common data types of section 2, with the bounds of the property tables.
#[derive(Debug)]
pub enum Kind {
    /// Anything.
    Any,
    /// A string.
    Text,
    /// A string of a form.
    Form(Form),
    /// `true` or `false`.
    Boolean,
    /// A whole number within bounds.
    Integer(i64, i64),
    /// A number within bounds.
    Float(f64, f64),
    /// A timestamp.
    Timestamp,
    /// A timestamp of at least milliseconds.
    Milliseconds,
    /// Base64.
    Binary,
    /// An even number of lower-case hexadecimal digits.
    Hex,
    /// Hashes by algorithm.
    Hashes,
    /// A term that should come from a vocabulary.
    Open(&'static Vocabulary),
    /// A term that must come from an enumeration.
    Closed(&'static Vocabulary),
    /// The identifier of an object.
    Reference(Targets),
    /// A list of at least one value.
    List(&'static Kind),
    /// A sub-object of known properties.
    Structure(&'static Structure),
    /// Keys with values of one kind.
    Dictionary(&'static Kind),
    /// Language codes with translations.
    Translations,
    /// The deprecated container of observables.
    Container,
    /// The dictionary of extensions.
    Extensions,
    /// The list of granular markings.
    GranularMarkings,
}

/// Strings of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An IPv4 address or network.
    Ipv4,
    /// An IPv6 address or network.
    Ipv6,
    /// A colon-delimited, lower-case MAC-48 address.
    Mac,
    /// An absolute URL.
    Url,
    /// A domain name.
    Domain,
    /// An addr-spec.
    Email,
    /// A language code of RFC 5646.
    Language,
    /// `a-z`, `0-9` and hyphens.
    RelationshipType,
    /// A CPE 2.3 name.
    Cpe,
    /// A registry key with its hive spelled out.
    RegistryKey,
}

/// What a reference may point to.
#[derive(Clone, Copy, Debug)]
pub enum Targets {
    /// Any object.
    Any,
    /// These types.
    Types(&'static [&'static str]),
    /// A domain object.
    Domain,
    /// A domain object or an observable.
    DomainOrObservable,
    /// An observable or a relationship.
    ObservableOrRelationship,
    /// An observable.
    Observable,
}

/// A sub-object or an extension.
#[derive(Debug)]
pub struct Structure {
    /// Its name; for an extension its key.
    pub name: &'static str,
    /// The section that defines it.
    pub section: &'static str,
    /// Its properties.
    pub properties: &'static [Property],
    /// What holds between them.
    pub rules: &'static [Rule],
}

/// A vocabulary or an enumeration.
#[derive(Debug)]
pub struct Vocabulary {
    /// Its name.
    pub name: &'static str,
    /// Its section.
    pub section: &'static str,
    /// Its terms.
    pub terms: &'static [&'static str],
}

/// What holds between properties of one object.
#[derive(Clone, Copy, Debug)]
pub enum Rule {
    /// At least one of these is present.
    OneOf(&'static [&'static str]),
    /// No two of these are present.
    Exclusive(&'static [&'static str]),
    /// At least one of the type's own properties is present.
    OwnProperty,
    /// Where the first is present the second is too.
    Needs(&'static str, &'static str),
    /// The second moment is not before the first.
    NotBefore(&'static str, &'static str),
    /// The second moment is after the first.
    After(&'static str, &'static str),
    /// The property is absent where the flag has the value: `Absent(property, flag, value)`.
    Absent(&'static str, &'static str, bool),
    /// The property is present where the flag has the value: `Present(property, flag, value)`.
    Present(&'static str, &'static str, bool),
}

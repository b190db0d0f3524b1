//! Every key of an accord's text: its form, its default, its meaning. The reader refuses what is not here, and the
//! reference page is written from here.
//!
//! Defaults belong to `format = 1`: they never change, because both parties signed a text that relied on them.
//!
//! In scope: the table of keys. Out of scope: reading values (`reader` and the modules of each table).

mod reference;

pub use reference::reference;

/// One key of one table.
struct Key {
    table: &'static str,
    name: &'static str,
    form: &'static str,
    /// What holds without it.
    default: &'static str,
    about: &'static str,
}

/// The word in the column of defaults for a key that must be there.
const REQUIRED: &str = "required";
/// The word for a key that says nothing where it is missing.
const NONE: &str = "none";

/// Each table, with what it is.
const TABLES: &[(&str, &str, &str)] = &[
    (
        "",
        "Top of the text",
        "What the accord is called, and when it holds.",
    ),
    ("party", "`[[party]]`", "The parties, 2 to 16."),
    (
        "ledger",
        "`[ledger]`",
        "What each party's ledger must show.",
    ),
    ("channel", "`[[channel]]`", "Ways agreed for purposes."),
    ("contact", "`[[contact]]`", "Points of contact."),
    (
        "release",
        "`[[release]]`",
        "What one party may let another have: one table for each direction. Without a table nothing may go in that \
         direction.",
    ),
    (
        "release.ceilings",
        "`release.ceilings`",
        "Lower ceilings of single outlets.",
    ),
    (
        "release.red_persons",
        "`release.red_persons`",
        "The recipient's persons who may have TLP:RED.",
    ),
    (
        "release.redact",
        "`[[release.redact]]`",
        "What is taken out before release. Exactly one of `property`, `pattern` and `personal`.",
    ),
    ("recall", "`[recall]`", "Recalls of what was released."),
    (
        "calendar",
        "`[[calendar]]`",
        "When parties work, for commitments that count working days.",
    ),
    (
        "commitment",
        "`[[commitment]]`",
        "Promises that a machine can judge. Their parameters are listed below.",
    ),
];

const fn key(
    table: &'static str,
    name: &'static str,
    form: &'static str,
    default: &'static str,
    about: &'static str,
) -> Key {
    Key {
        table,
        name,
        form,
        default,
        about,
    }
}

/// A name within the accord.
const LABEL: &str = "a name of 1 to 64 of a-z, 0-9 and '-'";
const PARTY: &str = "the name of a party of this accord";
const TLP: &str = "a TLP label such as \"TLP:AMBER\"";
const TIME: &str = "a time in UTC such as 2026-12-01T00:00:00Z";
const HEX: &str = "64 lower-case hexadecimal digits";
const ZONE: &str = "a time zone such as \"UTC\" or \"Europe/Paris\"";
const HOURS: &str = "\"24x7\", or days and hours such as \"mon-fri 09:00-17:00\"";

const KEYS: &[Key] = &[
    key("", "format", "1", REQUIRED, "The format of this text."),
    key(
        "",
        "name",
        LABEL,
        REQUIRED,
        "The accord's name; all its versions bear it.",
    ),
    key(
        "",
        "title",
        "a line of text",
        NONE,
        "The accord's name for people.",
    ),
    key(
        "",
        "version",
        "a whole number from 1",
        REQUIRED,
        "Counts the versions of this accord.",
    ),
    key(
        "",
        "replaces",
        HEX,
        NONE,
        "The SHA-256 of the version before; needed from version 2 on, refused in version 1.",
    ),
    key(
        "",
        "effective",
        TIME,
        REQUIRED,
        "From when it holds, once all parties have signed.",
    ),
    key(
        "",
        "expires",
        TIME,
        NONE,
        "When it ends; without it the accord holds until it is replaced.",
    ),
    key(
        "party",
        "name",
        "1 to 64 of a-z, 0-9, '-' and '.'",
        REQUIRED,
        "The party's name, as on its card. \"each\" is not allowed.",
    ),
    key(
        "party",
        "title",
        "a line of text",
        NONE,
        "The party's name for people.",
    ),
    key(
        "party",
        "root",
        HEX,
        REQUIRED,
        "The SHA-256 of the public root key on the party's card.",
    ),
    key(
        "ledger",
        "signatures",
        "a list of \"ed25519\" and \"ml-dsa-44\"",
        "[\"ed25519\"]",
        "Signature algorithms that every checkpoint and cosignature must bear; \"ed25519\" is always among them.",
    ),
    key(
        "ledger",
        "heartbeat_minutes",
        "a whole number from 1 to 1440",
        "10",
        "How often heads are exchanged when nothing else is.",
    ),
    key(
        "ledger",
        "clock_tolerance_seconds",
        "a whole number from 0 to 3600",
        "300",
        "How far clocks may differ before a time is disputed.",
    ),
    key(
        "ledger",
        "witnesses_min",
        "a whole number from 1 to 15",
        "1",
        "Cosignatures of other parties that a checkpoint needs before it counts; less than the number of parties.",
    ),
    key(
        "ledger",
        "deposit",
        "the name of a party",
        NONE,
        "A third party, of this accord or not, with whom an envelope is deposited when its recipient stays silent.",
    ),
    key(
        "ledger",
        "deposit_after_minutes",
        "a whole number from 1 to 43200",
        "240",
        "After how long a silence.",
    ),
    key("channel", "name", LABEL, REQUIRED, "The channel's name."),
    key(
        "channel",
        "purposes",
        "a list of \"indicators\", \"reports\", \"samples\", \"requests\", \"cases\", \"hotline\", \"exercises\"",
        REQUIRED,
        "What it is for.",
    ),
    key(
        "channel",
        "ways",
        "a list of \"link\", \"file\", \"mail\", \"taxii\", \"misp\"",
        "[\"link\", \"file\"]",
        "How it may travel, the preferred way first.",
    ),
    key(
        "contact",
        "party",
        PARTY,
        REQUIRED,
        "Whose point of contact it is.",
    ),
    key(
        "contact",
        "role",
        "\"diplomatic\", \"technical\", \"24x7\", \"case\" or \"samples\"",
        REQUIRED,
        "What it is for.",
    ),
    key(
        "contact",
        "name",
        "a line of text",
        NONE,
        "Who answers, best as a function: \"duty officer\".",
    ),
    key(
        "contact",
        "email",
        "an e-mail address",
        NONE,
        "The designated address. It or `phone` is needed.",
    ),
    key(
        "contact",
        "standing",
        "\"temporary\" or \"permanent\"",
        "\"permanent\"",
        "Whether the address is to be replaced by a permanent one.",
    ),
    key(
        "contact",
        "phone",
        "a telephone number that begins with + and the country",
        NONE,
        "The telephone number.",
    ),
    key(
        "contact",
        "hours",
        HOURS,
        "\"24x7\"",
        "When it is answered.",
    ),
    key(
        "contact",
        "time_zone",
        ZONE,
        "\"UTC\"",
        "The zone of the hours.",
    ),
    key(
        "contact",
        "languages",
        "a list of language tags such as \"en\"",
        "[]",
        "Languages spoken.",
    ),
    key(
        "contact",
        "valid_from",
        TIME,
        NONE,
        "From when it may be used.",
    ),
    key(
        "contact",
        "valid_until",
        TIME,
        NONE,
        "Until when it may be used.",
    ),
    key("release", "from", PARTY, REQUIRED, "The sender."),
    key("release", "to", PARTY, REQUIRED, "The recipient."),
    key(
        "release",
        "ceiling",
        TLP,
        "\"TLP:AMBER\"",
        "The most restrictive label that may go at all.",
    ),
    key(
        "release",
        "outlets",
        "a list of \"link\", \"file\", \"taxii\", \"mail\", \"misp\", \"export\"",
        "[\"link\", \"file\", \"taxii\"]",
        "Ways that may be used at all.",
    ),
    key(
        "release",
        "ceilings",
        "a table such as { mail = \"TLP:GREEN\" }",
        "{}",
        "Lower ceilings of single outlets.",
    ),
    key(
        "release",
        "unlabelled",
        TLP,
        "\"TLP:AMBER+STRICT\"",
        "What an object without a label counts as.",
    ),
    key(
        "release",
        "community",
        "true or false",
        "true",
        "Whether the recipient belongs to the community that TLP:GREEN means.",
    ),
    key(
        "release",
        "red_persons",
        "a list of tables such as { name = \"duty officer\", address = \"duty@bravo.example\" }",
        "[]",
        "The recipient's persons who may have TLP:RED.",
    ),
    key(
        "release",
        "clients",
        "a list of names",
        "[]",
        "The recipient's clients, who may have TLP:AMBER from it.",
    ),
    key(
        "release",
        "may_relay",
        "true or false",
        "false",
        "Whether the sender may pass on what came from other parties, where those allow it.",
    ),
    key(
        "release",
        "relay_onward",
        "true or false",
        "false",
        "Whether the recipient may pass on what it gets.",
    ),
    key(
        "release",
        "second_person_from",
        TLP,
        NONE,
        "From this label on a second person must approve.",
    ),
    key(
        "release",
        "encrypt_from",
        TLP,
        NONE,
        "From this label on only encrypted ways may be used.",
    ),
    key(
        "release",
        "types_allowed",
        "a list of STIX types such as \"indicator\"",
        "[]",
        "Only these types may go; empty: all but `types_refused`.",
    ),
    key(
        "release",
        "types_refused",
        "a list of STIX types such as \"identity\"",
        "[]",
        "These types never go.",
    ),
    key(
        "release",
        "redact",
        "[[release.redact]] tables",
        "[]",
        "What is taken out before release.",
    ),
    key("release.ceilings", "link", TLP, NONE, "Over the node link."),
    key(
        "release.ceilings",
        "file",
        TLP,
        NONE,
        "In a file carried by hand.",
    ),
    key("release.ceilings", "taxii", TLP, NONE, "Over TAXII."),
    key("release.ceilings", "mail", TLP, NONE, "By e-mail."),
    key("release.ceilings", "misp", TLP, NONE, "Over the MISP wire."),
    key(
        "release.ceilings",
        "export",
        TLP,
        NONE,
        "In an export for use outside of any exchange.",
    ),
    key(
        "release.red_persons",
        "name",
        "a line of text",
        REQUIRED,
        "The person, by function.",
    ),
    key(
        "release.red_persons",
        "address",
        "an e-mail address",
        REQUIRED,
        "Where the person is reached.",
    ),
    key(
        "release.redact",
        "property",
        "a property such as \"created_by_ref\", or a selector",
        NONE,
        "The property to look for.",
    ),
    key(
        "release.redact",
        "object_type",
        "a STIX type such as \"identity\"",
        NONE,
        "Limits `property` to one type.",
    ),
    key(
        "release.redact",
        "pattern",
        "a regular expression",
        NONE,
        "Text to look for anywhere.",
    ),
    key(
        "release.redact",
        "personal",
        "\"email-address\", \"telephone\", \"payment-card\", \"bank-account\" or \"identity-number\"",
        NONE,
        "Personal data to look for anywhere.",
    ),
    key(
        "release.redact",
        "action",
        "\"remove\", \"mask\" or \"withhold\"",
        REQUIRED,
        "The property is left out, what was found is masked, or the object is not released.",
    ),
    key(
        "recall",
        "answer_hours",
        "a whole number from 1 to 720",
        "24",
        "Hours within which a recall is answered.",
    ),
    key("calendar", "id", LABEL, REQUIRED, "The calendar's name."),
    key(
        "calendar",
        "version",
        "a whole number from 1",
        "1",
        "Counts the changes of this calendar.",
    ),
    key(
        "calendar",
        "time_zone",
        ZONE,
        REQUIRED,
        "The zone of its days.",
    ),
    key(
        "calendar",
        "hours",
        HOURS,
        REQUIRED,
        "Working days and hours.",
    ),
    key(
        "calendar",
        "holidays",
        "a list of days such as 2026-12-25",
        "[]",
        "Days off.",
    ),
    key(
        "commitment",
        "id",
        LABEL,
        REQUIRED,
        "The commitment's name.",
    ),
    key(
        "commitment",
        "kind",
        "one of the kinds below",
        REQUIRED,
        "What is promised.",
    ),
    key(
        "commitment",
        "by",
        "the name of a party, or \"each\"",
        REQUIRED,
        "Who promises.",
    ),
    key(
        "commitment",
        "to",
        "the name of a party, or \"each\"",
        "\"each\"",
        "To whom.",
    ),
    key(
        "commitment",
        "period",
        "\"month\", \"quarter\" or \"half-year\"",
        "\"quarter\"",
        "The period over which it is judged, in UTC.",
    ),
    key(
        "commitment",
        "calendar",
        "the id of a calendar",
        NONE,
        "The calendar of its working days; needed by kinds that count them.",
    ),
    key(
        "commitment",
        "exercise",
        "true or false",
        "false",
        "Whether it is about exercises instead of the real thing.",
    ),
    key(
        "commitment",
        "parameters",
        "a table such as { days = 14, percent = 90 }",
        "{}",
        "What the kind leaves open.",
    ),
];

pub(super) fn knows(table: &str, name: &str) -> bool {
    find(table, name).is_some() || (table.is_empty() && top_tables().any(|top| top == name))
}

/// Tables that stand at the top of the text.
fn top_tables() -> impl Iterator<Item = &'static str> {
    let all = TABLES.iter().map(|(table, ..)| *table);
    all.filter(|table| !table.is_empty() && !table.contains('.'))
}

fn find(table: &str, name: &str) -> Option<&'static Key> {
    KEYS.iter()
        .find(|key| key.table == table && key.name == name)
}

/// The names that a table knows, for a person who mistyped one.
pub(super) fn names(table: &str) -> String {
    let own = KEYS.iter().filter(|key| key.table == table);
    let mut names: Vec<_> = own.map(|key| key.name).collect();
    if table.is_empty() {
        names.extend(top_tables());
    }
    names.join(", ")
}

/// What to write for a key.
pub(super) fn form(table: &str, name: &str) -> &'static str {
    find(table, name).map_or("", |key| key.form)
}

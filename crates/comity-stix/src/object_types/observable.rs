//! The property tables of the cyber-observable objects (section 6).

use super::common_properties::{COUNT, REFERENCES, TEXTS, WHOLE};
use super::extensions::{FILE, NETWORK_TRAFFIC, PROCESS, USER_ACCOUNT, X509_V3};
use super::schema::{Class, Form, Kind, ObjectType, Property, Rule, Structure, Targets, may, must};
use super::vocabularies as vocabulary;

const fn observable(
    name: &'static str,
    section: &'static str,
    properties: &'static [Property],
    rules: &'static [Rule],
    contributing: &'static [&'static str],
) -> ObjectType {
    ObjectType {
        name,
        class: Class::Observable,
        section,
        properties,
        rules,
        extensions: &[],
        contributing,
    }
}

/// The same type with predefined extensions.
const fn with(of: &ObjectType, extensions: &'static [Structure]) -> ObjectType {
    ObjectType {
        name: of.name,
        class: of.class,
        section: of.section,
        properties: of.properties,
        rules: of.rules,
        extensions,
        contributing: of.contributing,
    }
}

const fn to(types: &'static [&'static str]) -> Kind {
    Kind::Reference(Targets::Types(types))
}

const ARTIFACT: Kind = to(&["artifact"]);
const EMAIL: Kind = to(&["email-addr"]);
const EMAILS: Kind = Kind::List(&EMAIL);
const MACS: Kind = Kind::List(&to(&["mac-addr"]));
const SYSTEMS: Kind = Kind::List(&to(&["autonomous-system"]));
const ENDPOINT: Kind = to(&["ipv4-addr", "ipv6-addr", "mac-addr", "domain-name"]);
const PORT: Kind = Kind::Integer(0, 65_535);
const TRAFFICS: Kind = Kind::List(&to(&["network-traffic"]));

/// Section 6.6.2.
static MIME_PART: Structure = Structure {
    name: "email-mime-part-type",
    section: "6.6.2",
    properties: &[
        may("body", Kind::Text),
        may("body_raw_ref", to(&["artifact", "file"])),
        may("content_type", Kind::Text),
        may("content_disposition", Kind::Text),
    ],
    rules: &[Rule::OneOf(&["body", "body_raw_ref"])],
};

/// Section 6.17.2.
static REGISTRY_VALUE: Structure = Structure {
    name: "windows-registry-value-type",
    section: "6.17.2",
    properties: &[
        may("name", Kind::Text),
        may("data", Kind::Text),
        may(
            "data_type",
            Kind::Closed(vocabulary::WINDOWS_REGISTRY_DATATYPE),
        ),
    ],
    rules: &[Rule::OwnProperty],
};

/// Sections 6.1 to 6.9.
pub(super) static FIRST: [ObjectType; 9] = [
    observable(
        "artifact",
        "6.1",
        &[
            may("mime_type", Kind::Text),
            may("payload_bin", Kind::Binary),
            may("url", Kind::Form(Form::Url)),
            may("hashes", Kind::Hashes),
            may(
                "encryption_algorithm",
                Kind::Closed(vocabulary::ENCRYPTION_ALGORITHM),
            ),
            may("decryption_key", Kind::Text),
        ],
        &[
            Rule::OneOf(&["payload_bin", "url"]),
            Rule::Exclusive(&["payload_bin", "url"]),
            Rule::Needs("url", "hashes"),
            Rule::Needs("decryption_key", "encryption_algorithm"),
        ],
        &["hashes", "payload_bin"],
    ),
    observable(
        "autonomous-system",
        "6.2",
        &[
            must("number", WHOLE),
            may("name", Kind::Text),
            may("rir", Kind::Text),
        ],
        &[],
        &["number"],
    ),
    observable(
        "directory",
        "6.3",
        &[
            must("path", Kind::Text),
            may("path_enc", Kind::Text),
            may("ctime", Kind::Timestamp),
            may("mtime", Kind::Timestamp),
            may("atime", Kind::Timestamp),
            may("contains_refs", Kind::List(&to(&["file", "directory"]))),
        ],
        &[],
        &["path"],
    ),
    observable(
        "domain-name",
        "6.4",
        &[
            must("value", Kind::Form(Form::Domain)),
            may(
                "resolves_to_refs",
                Kind::List(&to(&["ipv4-addr", "ipv6-addr", "domain-name"])),
            ),
        ],
        &[],
        &["value"],
    ),
    observable(
        "email-addr",
        "6.5",
        &[
            must("value", Kind::Form(Form::Email)),
            may("display_name", Kind::Text),
            may("belongs_to_ref", to(&["user-account"])),
        ],
        &[],
        &["value"],
    ),
    observable(
        "email-message",
        "6.6",
        &[
            must("is_multipart", Kind::Boolean),
            may("date", Kind::Timestamp),
            may("content_type", Kind::Text),
            may("from_ref", EMAIL),
            may("sender_ref", EMAIL),
            may("to_refs", EMAILS),
            may("cc_refs", EMAILS),
            may("bcc_refs", EMAILS),
            may("message_id", Kind::Text),
            may("subject", Kind::Text),
            may("received_lines", TEXTS),
            may("additional_header_fields", Kind::Dictionary(&TEXTS)),
            may("body", Kind::Text),
            may("body_multipart", Kind::List(&Kind::Structure(&MIME_PART))),
            may("raw_email_ref", ARTIFACT),
        ],
        &[
            Rule::Absent("body", "is_multipart", true),
            Rule::Absent("body_multipart", "is_multipart", false),
        ],
        &["from_ref", "subject", "body"],
    ),
    with(
        &observable(
            "file",
            "6.7",
            &[
                may("hashes", Kind::Hashes),
                may("size", COUNT),
                may("name", Kind::Text),
                may("name_enc", Kind::Text),
                may("magic_number_hex", Kind::Hex),
                may("mime_type", Kind::Text),
                may("ctime", Kind::Timestamp),
                may("mtime", Kind::Timestamp),
                may("atime", Kind::Timestamp),
                may("parent_directory_ref", to(&["directory"])),
                may("contains_refs", REFERENCES),
                may("content_ref", ARTIFACT),
            ],
            &[
                Rule::OneOf(&["hashes", "name"]),
                Rule::Needs("name_enc", "name"),
            ],
            &["hashes", "name", "extensions", "parent_directory_ref"],
        ),
        &FILE,
    ),
    observable(
        "ipv4-addr",
        "6.8",
        &[
            must("value", Kind::Form(Form::Ipv4)),
            may("resolves_to_refs", MACS),
            may("belongs_to_refs", SYSTEMS),
        ],
        &[],
        &["value"],
    ),
    observable(
        "ipv6-addr",
        "6.9",
        &[
            must("value", Kind::Form(Form::Ipv6)),
            may("resolves_to_refs", MACS),
            may("belongs_to_refs", SYSTEMS),
        ],
        &[],
        &["value"],
    ),
];

/// Sections 6.10 to 6.18.
pub(super) static SECOND: [ObjectType; 9] = [
    observable(
        "mac-addr",
        "6.10",
        &[must("value", Kind::Form(Form::Mac))],
        &[],
        &["value"],
    ),
    observable("mutex", "6.11", &[must("name", Kind::Text)], &[], &["name"]),
    with(
        &observable(
            "network-traffic",
            "6.12",
            &[
                may("start", Kind::Timestamp),
                may("end", Kind::Timestamp),
                may("is_active", Kind::Boolean),
                may("src_ref", ENDPOINT),
                may("dst_ref", ENDPOINT),
                may("src_port", PORT),
                may("dst_port", PORT),
                must("protocols", TEXTS),
                may("src_byte_count", WHOLE),
                may("dst_byte_count", WHOLE),
                may("src_packets", WHOLE),
                may("dst_packets", WHOLE),
                may("ipfix", Kind::Dictionary(&Kind::Any)),
                may("src_payload_ref", ARTIFACT),
                may("dst_payload_ref", ARTIFACT),
                may("encapsulates_refs", TRAFFICS),
                may("encapsulated_by_ref", to(&["network-traffic"])),
            ],
            &[
                Rule::OneOf(&["src_ref", "dst_ref"]),
                Rule::NotBefore("start", "end"),
                Rule::Absent("end", "is_active", true),
            ],
            &[
                "start",
                "end",
                "src_ref",
                "dst_ref",
                "src_port",
                "dst_port",
                "protocols",
                "extensions",
            ],
        ),
        &NETWORK_TRAFFIC,
    ),
    with(
        &observable(
            "process",
            "6.13",
            &[
                may("is_hidden", Kind::Boolean),
                may("pid", WHOLE),
                may("created_time", Kind::Timestamp),
                may("cwd", Kind::Text),
                may("command_line", Kind::Text),
                may("environment_variables", Kind::Dictionary(&Kind::Text)),
                may("opened_connection_refs", TRAFFICS),
                may("creator_user_ref", to(&["user-account"])),
                may("image_ref", to(&["file"])),
                may("parent_ref", to(&["process"])),
                may("child_refs", Kind::List(&to(&["process"]))),
            ],
            &[Rule::OwnProperty],
            &[],
        ),
        &PROCESS,
    ),
    observable(
        "software",
        "6.14",
        &[
            must("name", Kind::Text),
            may("cpe", Kind::Form(Form::Cpe)),
            may("swid", Kind::Text),
            may("languages", Kind::List(&Kind::Form(Form::Language))),
            may("vendor", Kind::Text),
            may("version", Kind::Text),
        ],
        &[],
        &["name", "cpe", "swid", "vendor", "version"],
    ),
    observable(
        "url",
        "6.15",
        &[must("value", Kind::Form(Form::Url))],
        &[],
        &["value"],
    ),
    with(
        &observable(
            "user-account",
            "6.16",
            &[
                may("user_id", Kind::Text),
                may("credential", Kind::Text),
                may("account_login", Kind::Text),
                may("account_type", Kind::Open(vocabulary::ACCOUNT_TYPE)),
                may("display_name", Kind::Text),
                may("is_service_account", Kind::Boolean),
                may("is_privileged", Kind::Boolean),
                may("can_escalate_privs", Kind::Boolean),
                may("is_disabled", Kind::Boolean),
                may("account_created", Kind::Timestamp),
                may("account_expires", Kind::Timestamp),
                may("credential_last_changed", Kind::Timestamp),
                may("account_first_login", Kind::Timestamp),
                may("account_last_login", Kind::Timestamp),
            ],
            &[Rule::OwnProperty],
            &["account_type", "user_id", "account_login"],
        ),
        &USER_ACCOUNT,
    ),
    observable(
        "windows-registry-key",
        "6.17",
        &[
            may("key", Kind::Form(Form::RegistryKey)),
            may("values", Kind::List(&Kind::Structure(&REGISTRY_VALUE))),
            may("modified_time", Kind::Timestamp),
            may("creator_user_ref", to(&["user-account"])),
            may("number_of_subkeys", WHOLE),
        ],
        &[Rule::OwnProperty],
        &["key", "values"],
    ),
    observable(
        "x509-certificate",
        "6.18",
        &[
            may("is_self_signed", Kind::Boolean),
            may("hashes", Kind::Hashes),
            may("version", Kind::Text),
            may("serial_number", Kind::Text),
            may("signature_algorithm", Kind::Text),
            may("issuer", Kind::Text),
            may("validity_not_before", Kind::Timestamp),
            may("validity_not_after", Kind::Timestamp),
            may("subject", Kind::Text),
            may("subject_public_key_algorithm", Kind::Text),
            may("subject_public_key_modulus", Kind::Text),
            may("subject_public_key_exponent", WHOLE),
            may("x509_v3_extensions", Kind::Structure(&X509_V3)),
        ],
        &[Rule::OwnProperty],
        &["hashes", "serial_number"],
    ),
];

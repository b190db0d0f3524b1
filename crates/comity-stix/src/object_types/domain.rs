//! The property tables of the domain and relationship objects (sections 4 and 5).

use super::common_properties::{PHASES, REFERENCES, TEXTS};
use super::schema::{Class, Form, Kind, ObjectType, Property, Rule, Targets, may, must};
use super::vocabularies as vocabulary;

const fn domain(
    name: &'static str,
    section: &'static str,
    properties: &'static [Property],
    rules: &'static [Rule],
) -> ObjectType {
    ObjectType {
        name,
        class: Class::Domain,
        section,
        properties,
        rules,
        extensions: &[],
        contributing: &[],
    }
}

const SEEN: Rule = Rule::NotBefore("first_seen", "last_seen");
const SOFTWARE: Kind = Kind::Reference(Targets::Types(&["software"]));
const SOFTWARES: Kind = Kind::List(&SOFTWARE);

/// Sections 4.1 to 4.9.
pub(super) static FIRST: [ObjectType; 9] = [
    domain(
        "attack-pattern",
        "4.1",
        &[
            must("name", Kind::Text),
            may("description", Kind::Text),
            may("aliases", TEXTS),
            may("kill_chain_phases", PHASES),
        ],
        &[],
    ),
    domain(
        "campaign",
        "4.2",
        &[
            must("name", Kind::Text),
            may("description", Kind::Text),
            may("aliases", TEXTS),
            may("first_seen", Kind::Timestamp),
            may("last_seen", Kind::Timestamp),
            may("objective", Kind::Text),
        ],
        &[SEEN],
    ),
    domain(
        "course-of-action",
        "4.3",
        &[
            must("name", Kind::Text),
            may("description", Kind::Text),
            may("action", Kind::Any),
        ],
        &[],
    ),
    domain(
        "grouping",
        "4.4",
        &[
            may("name", Kind::Text),
            may("description", Kind::Text),
            must("context", Kind::Open(vocabulary::GROUPING_CONTEXT)),
            must("object_refs", REFERENCES),
        ],
        &[],
    ),
    domain(
        "identity",
        "4.5",
        &[
            must("name", Kind::Text),
            may("description", Kind::Text),
            may("roles", TEXTS),
            may("identity_class", Kind::Open(vocabulary::IDENTITY_CLASS)),
            may(
                "sectors",
                Kind::List(&Kind::Open(vocabulary::INDUSTRY_SECTOR)),
            ),
            may("contact_information", Kind::Text),
        ],
        &[],
    ),
    domain(
        "incident",
        "4.6",
        &[must("name", Kind::Text), may("description", Kind::Text)],
        &[],
    ),
    domain(
        "indicator",
        "4.7",
        &[
            may("name", Kind::Text),
            may("description", Kind::Text),
            may(
                "indicator_types",
                Kind::List(&Kind::Open(vocabulary::INDICATOR_TYPE)),
            ),
            must("pattern", Kind::Text),
            must("pattern_type", Kind::Open(vocabulary::PATTERN_TYPE)),
            may("pattern_version", Kind::Text),
            must("valid_from", Kind::Timestamp),
            may("valid_until", Kind::Timestamp),
            may("kill_chain_phases", PHASES),
        ],
        &[Rule::After("valid_from", "valid_until")],
    ),
    domain(
        "infrastructure",
        "4.8",
        &[
            must("name", Kind::Text),
            may("description", Kind::Text),
            may(
                "infrastructure_types",
                Kind::List(&Kind::Open(vocabulary::INFRASTRUCTURE_TYPE)),
            ),
            may("aliases", TEXTS),
            may("kill_chain_phases", PHASES),
            may("first_seen", Kind::Timestamp),
            may("last_seen", Kind::Timestamp),
        ],
        &[SEEN],
    ),
    domain(
        "intrusion-set",
        "4.9",
        &[
            must("name", Kind::Text),
            may("description", Kind::Text),
            may("aliases", TEXTS),
            may("first_seen", Kind::Timestamp),
            may("last_seen", Kind::Timestamp),
            may("goals", TEXTS),
            may(
                "resource_level",
                Kind::Open(vocabulary::ATTACK_RESOURCE_LEVEL),
            ),
            may(
                "primary_motivation",
                Kind::Open(vocabulary::ATTACK_MOTIVATION),
            ),
            may(
                "secondary_motivations",
                Kind::List(&Kind::Open(vocabulary::ATTACK_MOTIVATION)),
            ),
        ],
        &[SEEN],
    ),
];

/// Sections 4.10 to 4.19.
pub(super) static SECOND: [ObjectType; 10] = [
    domain(
        "location",
        "4.10",
        &[
            may("name", Kind::Text),
            may("description", Kind::Text),
            may("latitude", Kind::Float(-90.0, 90.0)),
            may("longitude", Kind::Float(-180.0, 180.0)),
            may("precision", Kind::Float(f64::MIN, f64::MAX)),
            may("region", Kind::Open(vocabulary::REGION)),
            may("country", Kind::Text),
            may("administrative_area", Kind::Text),
            may("city", Kind::Text),
            may("street_address", Kind::Text),
            may("postal_code", Kind::Text),
        ],
        &[
            Rule::OneOf(&["region", "country", "latitude"]),
            Rule::Needs("latitude", "longitude"),
            Rule::Needs("longitude", "latitude"),
            Rule::Needs("precision", "latitude"),
            Rule::Needs("precision", "longitude"),
        ],
    ),
    domain(
        "malware",
        "4.11",
        &[
            may("name", Kind::Text),
            may("description", Kind::Text),
            may(
                "malware_types",
                Kind::List(&Kind::Open(vocabulary::MALWARE_TYPE)),
            ),
            must("is_family", Kind::Boolean),
            may("aliases", TEXTS),
            may("kill_chain_phases", PHASES),
            may("first_seen", Kind::Timestamp),
            may("last_seen", Kind::Timestamp),
            may("operating_system_refs", SOFTWARES),
            may(
                "architecture_execution_envs",
                Kind::List(&Kind::Open(vocabulary::PROCESSOR_ARCHITECTURE)),
            ),
            may(
                "implementation_languages",
                Kind::List(&Kind::Open(vocabulary::IMPLEMENTATION_LANGUAGE)),
            ),
            may(
                "capabilities",
                Kind::List(&Kind::Open(vocabulary::MALWARE_CAPABILITIES)),
            ),
            may(
                "sample_refs",
                Kind::List(&Kind::Reference(Targets::Types(&["file", "artifact"]))),
            ),
        ],
        &[SEEN, Rule::Present("name", "is_family", true)],
    ),
    domain(
        "malware-analysis",
        "4.12",
        &[
            must("product", Kind::Text),
            may("version", Kind::Text),
            may("host_vm_ref", SOFTWARE),
            may("operating_system_ref", SOFTWARE),
            may("installed_software_refs", SOFTWARES),
            may("configuration_version", Kind::Text),
            may("modules", TEXTS),
            may("analysis_engine_version", Kind::Text),
            may("analysis_definition_version", Kind::Text),
            may("submitted", Kind::Timestamp),
            may("analysis_started", Kind::Timestamp),
            may("analysis_ended", Kind::Timestamp),
            may("result_name", Kind::Text),
            may("result", Kind::Open(vocabulary::MALWARE_RESULT)),
            may(
                "analysis_sco_refs",
                Kind::List(&Kind::Reference(Targets::Observable)),
            ),
            may(
                "sample_ref",
                Kind::Reference(Targets::Types(&["file", "artifact", "network-traffic"])),
            ),
        ],
        &[Rule::OneOf(&["result", "analysis_sco_refs"])],
    ),
    domain(
        "note",
        "4.13",
        &[
            may("abstract", Kind::Text),
            must("content", Kind::Text),
            may("authors", TEXTS),
            must("object_refs", REFERENCES),
        ],
        &[],
    ),
    domain(
        "observed-data",
        "4.14",
        &[
            must("first_observed", Kind::Timestamp),
            must("last_observed", Kind::Timestamp),
            must("number_observed", Kind::Integer(1, 999_999_999)),
            may("objects", Kind::Container),
            may(
                "object_refs",
                Kind::List(&Kind::Reference(Targets::ObservableOrRelationship)),
            ),
        ],
        &[
            Rule::NotBefore("first_observed", "last_observed"),
            Rule::OneOf(&["object_refs", "objects"]),
            Rule::Exclusive(&["object_refs", "objects"]),
        ],
    ),
    domain(
        "opinion",
        "4.15",
        &[
            may("explanation", Kind::Text),
            may("authors", TEXTS),
            must("opinion", Kind::Closed(vocabulary::OPINION)),
            must("object_refs", REFERENCES),
        ],
        &[],
    ),
    domain(
        "report",
        "4.16",
        &[
            must("name", Kind::Text),
            may("description", Kind::Text),
            may(
                "report_types",
                Kind::List(&Kind::Open(vocabulary::REPORT_TYPE)),
            ),
            must("published", Kind::Timestamp),
            must("object_refs", REFERENCES),
        ],
        &[],
    ),
    domain(
        "threat-actor",
        "4.17",
        &[
            must("name", Kind::Text),
            may("description", Kind::Text),
            may(
                "threat_actor_types",
                Kind::List(&Kind::Open(vocabulary::THREAT_ACTOR_TYPE)),
            ),
            may("aliases", TEXTS),
            may("first_seen", Kind::Timestamp),
            may("last_seen", Kind::Timestamp),
            may(
                "roles",
                Kind::List(&Kind::Open(vocabulary::THREAT_ACTOR_ROLE)),
            ),
            may("goals", TEXTS),
            may(
                "sophistication",
                Kind::Open(vocabulary::THREAT_ACTOR_SOPHISTICATION),
            ),
            may(
                "resource_level",
                Kind::Open(vocabulary::ATTACK_RESOURCE_LEVEL),
            ),
            may(
                "primary_motivation",
                Kind::Open(vocabulary::ATTACK_MOTIVATION),
            ),
            may(
                "secondary_motivations",
                Kind::List(&Kind::Open(vocabulary::ATTACK_MOTIVATION)),
            ),
            may(
                "personal_motivations",
                Kind::List(&Kind::Open(vocabulary::ATTACK_MOTIVATION)),
            ),
        ],
        &[SEEN],
    ),
    domain(
        "tool",
        "4.18",
        &[
            must("name", Kind::Text),
            may("description", Kind::Text),
            may("tool_types", Kind::List(&Kind::Open(vocabulary::TOOL_TYPE))),
            may("aliases", TEXTS),
            may("kill_chain_phases", PHASES),
            may("tool_version", Kind::Text),
        ],
        &[],
    ),
    domain(
        "vulnerability",
        "4.19",
        &[must("name", Kind::Text), may("description", Kind::Text)],
        &[],
    ),
];

/// Section 5.
pub(super) static RELATIONSHIPS: [ObjectType; 2] = [
    ObjectType {
        name: "relationship",
        class: Class::Relationship,
        section: "5.1",
        properties: &[
            must("relationship_type", Kind::Form(Form::RelationshipType)),
            may("description", Kind::Text),
            must("source_ref", Kind::Reference(Targets::DomainOrObservable)),
            must("target_ref", Kind::Reference(Targets::DomainOrObservable)),
            may("start_time", Kind::Timestamp),
            may("stop_time", Kind::Timestamp),
        ],
        rules: &[Rule::After("start_time", "stop_time")],
        extensions: &[],
        contributing: &[],
    },
    ObjectType {
        name: "sighting",
        class: Class::Relationship,
        section: "5.2",
        properties: &[
            may("description", Kind::Text),
            may("first_seen", Kind::Timestamp),
            may("last_seen", Kind::Timestamp),
            may("count", Kind::Integer(0, 999_999_999)),
            must("sighting_of_ref", Kind::Reference(Targets::Domain)),
            may(
                "observed_data_refs",
                Kind::List(&Kind::Reference(Targets::Types(&["observed-data"]))),
            ),
            may(
                "where_sighted_refs",
                Kind::List(&Kind::Reference(Targets::Types(&["identity", "location"]))),
            ),
            may("summary", Kind::Boolean),
        ],
        rules: &[SEEN],
        extensions: &[],
        contributing: &[],
    },
];

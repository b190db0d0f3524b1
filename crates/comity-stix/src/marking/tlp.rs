//! The Traffic Light Protocol, versions 1.0 (STIX 2.1 section 7.2.1.4) and 2.0 (its STIX extension).

use std::fmt;

use uuid::Uuid;

use super::marking_id;
use crate::id::ObjectId;
use crate::json::Value;

/// A TLP label, ordered from least to most restrictive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tlp {
    /// No limit on disclosure. TLP 1.0 called it WHITE.
    Clear,
    /// Disclosure within the community.
    Green,
    /// Need to know, within the organisation and its clients.
    Amber,
    /// Need to know, within the organisation only.
    AmberStrict,
    /// For the named recipients only.
    Red,
}

impl Tlp {
    /// Every label, from least to most restrictive.
    pub const ALL: [Self; 5] = [
        Self::Clear,
        Self::Green,
        Self::Amber,
        Self::AmberStrict,
        Self::Red,
    ];

    /// The label a marking definition stands for. TLP 1.0 amber is amber, never amber+strict.
    pub fn of(id: &ObjectId) -> Option<Self> {
        let marking = id.type_name() == "marking-definition";
        let found = DEFINITIONS
            .iter()
            .find(|definition| marking && definition.uuid == id.uuid());
        found.map(|definition| definition.tlp)
    }

    /// As people write it: `TLP:AMBER+STRICT`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clear => "TLP:CLEAR",
            Self::Green => "TLP:GREEN",
            Self::Amber => "TLP:AMBER",
            Self::AmberStrict => "TLP:AMBER+STRICT",
            Self::Red => "TLP:RED",
        }
    }

    /// Reads a label as people write it: in any case, with or without `TLP:`, with spaces anywhere, `AMBER` and
    /// `STRICT` joined by `+`, `-`, `_`, a space or nothing. `WHITE` is clear.
    pub fn parse(text: &str) -> Option<Self> {
        let joint = |letter: &char| !letter.is_whitespace() && !matches!(letter, '+' | '-' | '_');
        let letters = text.chars().filter(joint);
        // No label is longer; what is, is none, and need not be read to its end.
        let upper: String = letters.take(16).map(|l| l.to_ascii_uppercase()).collect();
        let bare = upper
            .strip_prefix("TLP")
            .and_then(|rest| rest.strip_prefix([':', '\u{ff1a}']));
        match bare.unwrap_or(&upper) {
            "CLEAR" | "WHITE" => Some(Self::Clear),
            "GREEN" => Some(Self::Green),
            "AMBER" => Some(Self::Amber),
            "AMBERSTRICT" => Some(Self::AmberStrict),
            "RED" => Some(Self::Red),
            _ => None,
        }
    }

    const fn row(self) -> (Uuid, &'static str) {
        match self {
            Self::Clear => (CLEAR, CLEAR_TEXT),
            Self::Green => (GREEN, GREEN_TEXT),
            Self::Amber => (AMBER, AMBER_TEXT),
            Self::AmberStrict => (AMBER_STRICT, AMBER_STRICT_TEXT),
            Self::Red => (RED, RED_TEXT),
        }
    }
}

impl fmt::Display for Tlp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// The TLP 2.0 marking definition of a label, as an object to send along.
pub const fn definition(tlp: Tlp) -> &'static str {
    tlp.row().1
}

/// The identifier of the TLP 2.0 marking definition of a label.
pub fn definition_id(tlp: Tlp) -> ObjectId {
    marking_id(tlp.row().0).expect("marking-definition is a type name")
}

/// How an object that claims to be a TLP definition differs from the fixed one. Other TLP 1.0 definitions must not be
/// made (section 7.2.1.4), and the fixed ones must say what their identifier stands for.
pub fn tlp_definition_problem(id: &ObjectId, object: &Value<'_>) -> Option<String> {
    let first = object
        .member("definition")
        .and_then(|definition| definition.text("tlp"));
    let second = object
        .member("extensions")
        .and_then(|all| all.member(TLP_2_EXTENSION_ID))
        .and_then(|one| one.text("tlp_2_0"));
    let Some(fixed) = DEFINITIONS
        .iter()
        .find(|definition| definition.uuid == id.uuid())
    else {
        return match (object.text("definition_type"), second) {
            (Some("tlp"), _) => Some(
                "is a TLP definition of its own making; only the four of the standard may be used"
                    .to_owned(),
            ),
            (_, Some(_)) => Some(
                "is a TLP 2.0 definition of its own making; use the five of its specification"
                    .to_owned(),
            ),
            _ => None,
        };
    };
    let found = if fixed.version == 1 { first } else { second };
    if found != Some(fixed.word) {
        return Some(format!(
            "has the identifier of the fixed definition {}, but says {found:?}",
            fixed.word
        ));
    }
    let created = if fixed.version == 1 {
        "2017-01-20T00:00:00.000Z"
    } else {
        "2022-10-01T00:00:00.000Z"
    };
    let same = object
        .text("created")
        .and_then(|text| crate::timestamp::Timestamp::parse(text).ok())
        == crate::timestamp::Timestamp::parse(created).ok();
    (!same).then(|| format!("is a fixed definition and must be created {created}"))
}

struct Definition {
    uuid: Uuid,
    tlp: Tlp,
    version: u8,
    word: &'static str,
}

const fn of_version(version: u8, uuid: Uuid, tlp: Tlp, word: &'static str) -> Definition {
    Definition {
        uuid,
        tlp,
        version,
        word,
    }
}

const CLEAR: Uuid = Uuid::from_u128(0x9486_8c89_83c2_464b_929b_a1a8_aa3c_8487);
const GREEN: Uuid = Uuid::from_u128(0xbab4_a63c_aed9_4cf5_a766_dfca_5aba_c2bb);
const AMBER: Uuid = Uuid::from_u128(0x55d9_20b0_5e8b_4f79_9ee9_91f8_68d9_b421);
const AMBER_STRICT: Uuid = Uuid::from_u128(0x939a_9414_2ddd_4d32_a0cd_375e_a402_b003);
const RED: Uuid = Uuid::from_u128(0xe828_b379_4e03_4974_9ac4_e53a_884c_97c1);

static DEFINITIONS: [Definition; 9] = [
    of_version(
        1,
        Uuid::from_u128(0x613f_2e26_407d_48c7_9eca_b8e9_1df9_9dc9),
        Tlp::Clear,
        "white",
    ),
    of_version(
        1,
        Uuid::from_u128(0x3409_8fce_860f_48ae_8e50_ebd3_cc5e_41da),
        Tlp::Green,
        "green",
    ),
    of_version(
        1,
        Uuid::from_u128(0xf88d_31f6_486f_44da_b317_0133_3bde_0b82),
        Tlp::Amber,
        "amber",
    ),
    of_version(
        1,
        Uuid::from_u128(0x5e57_c739_391a_4eb3_b6be_7d15_ca92_d5ed),
        Tlp::Red,
        "red",
    ),
    of_version(2, CLEAR, Tlp::Clear, "clear"),
    of_version(2, GREEN, Tlp::Green, "green"),
    of_version(2, AMBER, Tlp::Amber, "amber"),
    of_version(2, AMBER_STRICT, Tlp::AmberStrict, "amber+strict"),
    of_version(2, RED, Tlp::Red, "red"),
];

/// The identifier of the TLP 2.0 extension definition.
pub const TLP_2_EXTENSION_ID: &str = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d";

const CLEAR_TEXT: &str = r#"{"type":"marking-definition","spec_version":"2.1","id":"marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487","created":"2022-10-01T00:00:00.000Z","name":"TLP:CLEAR","extensions":{"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d":{"extension_type":"property-extension","tlp_2_0":"clear"}}}"#;
const GREEN_TEXT: &str = r#"{"type":"marking-definition","spec_version":"2.1","id":"marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb","created":"2022-10-01T00:00:00.000Z","name":"TLP:GREEN","extensions":{"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d":{"extension_type":"property-extension","tlp_2_0":"green"}}}"#;
const AMBER_TEXT: &str = r#"{"type":"marking-definition","spec_version":"2.1","id":"marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421","created":"2022-10-01T00:00:00.000Z","name":"TLP:AMBER","extensions":{"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d":{"extension_type":"property-extension","tlp_2_0":"amber"}}}"#;
const AMBER_STRICT_TEXT: &str = r#"{"type":"marking-definition","spec_version":"2.1","id":"marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003","created":"2022-10-01T00:00:00.000Z","name":"TLP:AMBER+STRICT","extensions":{"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d":{"extension_type":"property-extension","tlp_2_0":"amber+strict"}}}"#;
const RED_TEXT: &str = r#"{"type":"marking-definition","spec_version":"2.1","id":"marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1","created":"2022-10-01T00:00:00.000Z","name":"TLP:RED","extensions":{"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d":{"extension_type":"property-extension","tlp_2_0":"red"}}}"#;

/// The TLP 2.0 extension definition, as an object to send along with the definitions.
pub const TLP_2_EXTENSION: &str = r#"{"type":"extension-definition","spec_version":"2.1","id":"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d","created_by_ref":"identity--b3bca3c2-1f3d-4b54-b44f-dac42c3a8f01","created":"2022-10-01T00:00:00.000Z","modified":"2022-10-01T00:00:00.000Z","name":"TLP 2.0","description":"This defines TLP 2.0 as a STIX extension","schema":"https://github.com/oasis-open/cti-stix-common-objects/tree/master/extension-definition-specifications/tlp-2.0","version":"1.0.0","extension_types":["property-extension"]}"#;

#[cfg(test)]
mod tests {
    use super::{TLP_2_EXTENSION, Tlp, definition, definition_id};
    use crate::admission::{Limits, admit};
    use crate::id::ObjectId;
    use crate::validate::validate;

    #[test]
    fn labels_are_ordered_by_restriction() {
        assert!(Tlp::ALL.is_sorted());
        for tlp in Tlp::ALL {
            assert_eq!(Tlp::parse(tlp.as_str()), Some(tlp));
            assert_eq!(Tlp::of(&definition_id(tlp)), Some(tlp));
        }
    }

    #[test]
    fn labels_are_read_leniently() {
        let check = |text: &str, expected: Option<Tlp>| {
            assert_eq!(Tlp::parse(text), expected, "{text}");
        };
        check("white", Some(Tlp::Clear));
        check("TLP:WHITE", Some(Tlp::Clear));
        check(" tlp: Red ", Some(Tlp::Red));
        check("TLP\u{ff1a}GREEN", Some(Tlp::Green));
        for strict in [
            "amber strict",
            "TLP:AMBER STRICT",
            "tlp:amber+strict",
            "TLP : Amber-Strict",
            "AMBER_STRICT",
            "AmberStrict",
        ] {
            check(strict, Some(Tlp::AmberStrict));
        }
        check("TLP:AMBER+", Some(Tlp::Amber));
        check("TLP:PURPLE", None);
        check("TLP:", None);
        check("TLPRED", None);
        check("", None);
        check("TLP:AMBER+STRICTLY SPEAKING", None);
    }

    #[test]
    fn both_versions_are_read() {
        let of =
            |uuid: &str| Tlp::of(&ObjectId::parse(&format!("marking-definition--{uuid}")).unwrap());
        assert_eq!(of("613f2e26-407d-48c7-9eca-b8e91df99dc9"), Some(Tlp::Clear));
        assert_eq!(of("f88d31f6-486f-44da-b317-01333bde0b82"), Some(Tlp::Amber));
        assert_eq!(of("5e57c739-391a-4eb3-b6be-7d15ca92d5ed"), Some(Tlp::Red));
        assert_eq!(of("00000000-0000-0000-0000-000000000000"), None);
        let other = ObjectId::parse("indicator--613f2e26-407d-48c7-9eca-b8e91df99dc9").unwrap();
        assert_eq!(Tlp::of(&other), None);
    }

    #[test]
    fn definitions_are_valid_objects() {
        for tlp in Tlp::ALL {
            let text = definition(tlp);
            assert_eq!(
                admit(text, &Limits::EXCHANGE).unwrap().id,
                definition_id(tlp)
            );
            assert_eq!(validate(text), []);
        }
        assert_eq!(validate(TLP_2_EXTENSION), []);
    }
}

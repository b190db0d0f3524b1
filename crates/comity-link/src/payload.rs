//! Payloads: what envelopes carry, by kind.
//!
//! A payload is named values, so that each can be opened by itself against the envelope's commitment: of a shared
//! object, each top-level property is one. On the way it is one JSON object.
//!
//! In scope: the kinds, their fields, both ways. Out of scope: what is done with them.
//! Limits: [`PAYLOAD_BYTES_MAX`], [`OBJECTS_MAX`].

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The largest payload; larger things travel in parts.
pub const PAYLOAD_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Objects in one envelope.
pub const OBJECTS_MAX: usize = 5_000;

/// What an envelope carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Objects, released.
    Share,
    /// The wish that objects be given up.
    Recall,
    /// What became of a recall.
    RecallAnswer,
    /// The machine's word that an envelope is stored intact.
    Receipt,
    /// A node card that follows the one before.
    Card,
    /// A key that the sender's root takes out of use.
    Revocation,
    /// An accord's text with the signature of whoever proposes it.
    AccordProposal,
    /// A signature below an accord's text.
    AccordSignature,
    /// An envelope for somebody else, kept until that party comes.
    Deposit,
    /// The first of a new epoch: what the partner held of the one before.
    Epoch,
    /// An entry whose content is lost; only its place is known.
    Void,
    /// A party's acknowledgement or answer in words, a person's.
    Status,
    /// A part of a large payload.
    Part,
    /// A message of a thread: a request for assistance, a case, a call and so on.
    Case,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::Share,
        Self::Recall,
        Self::RecallAnswer,
        Self::Receipt,
        Self::Card,
        Self::Revocation,
        Self::AccordProposal,
        Self::AccordSignature,
        Self::Deposit,
        Self::Epoch,
        Self::Void,
        Self::Status,
        Self::Part,
        Self::Case,
    ];

    /// Its word in headers.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::Recall => "recall",
            Self::RecallAnswer => "recall-answer",
            Self::Receipt => "receipt",
            Self::Card => "card",
            Self::Revocation => "revocation",
            Self::AccordProposal => "accord-proposal",
            Self::AccordSignature => "accord-signature",
            Self::Deposit => "deposit",
            Self::Epoch => "epoch",
            Self::Void => "void",
            Self::Status => "status",
            Self::Part => "part",
            Self::Case => "case",
        }
    }

    /// The kind of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Why a payload is none of this kind, a stable word for the other side; none when it is one.
    pub fn unfit(self, payload: &[u8]) -> Option<&'static str> {
        fn is<'a, T: Deserialize<'a>>(payload: &'a [u8]) -> bool {
            serde_json::from_slice::<T>(payload).is_ok()
        }
        let fits = match self {
            Self::Share => {
                return match serde_json::from_slice::<Share>(payload) {
                    Ok(share) if share.objects.len() <= OBJECTS_MAX => None,
                    Ok(_) => Some("too-many-objects"),
                    Err(_) => Some("payload-unreadable"),
                };
            }
            Self::Recall => is::<Recall>(payload),
            Self::RecallAnswer => is::<RecallAnswer>(payload),
            Self::Card => is::<Card>(payload),
            Self::Revocation => is::<Revocation>(payload),
            Self::AccordProposal | Self::AccordSignature => is::<Accord>(payload),
            Self::Deposit => is::<Deposit>(payload),
            Self::Epoch => is::<Epoch>(payload),
            Self::Part => is::<Part>(payload),
            Self::Case => is::<Case>(payload),
            // A receipt travels in a message of its own; the others carry no content that is acted on.
            Self::Receipt => false,
            Self::Void | Self::Status => is::<serde_json::Map<String, serde_json::Value>>(payload),
        };
        if fits {
            None
        } else {
            Some("payload-unreadable")
        }
    }
}

/// Objects, released to a party.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// The objects, byte for byte as released.
    pub objects: Vec<Box<RawValue>>,
    /// The label that binds them together, as TLP writes it.
    pub label: String,
    /// The persons for whom they are, where the label is TLP:RED.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub persons: Vec<String>,
}

/// The wish that objects be given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recall {
    /// The number of the recall with whoever asks.
    pub recall: String,
    /// The objects' ids as they were released.
    pub objects: Vec<String>,
    /// Why, in words for the other side; may be empty.
    pub reason: String,
}

/// What became of one object of a recall.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecallOutcome {
    /// The object's id.
    pub id: String,
    /// `removed`, `kept` or `never-had`.
    pub outcome: String,
    /// Why it was kept.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// What became of a recall.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecallAnswer {
    /// The number of the recall.
    pub recall: String,
    /// Each object.
    pub outcomes: Vec<RecallOutcome>,
}

/// The machine's word on an envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The envelope's sender: its log's origin.
    pub from: String,
    /// The epoch of that log.
    pub epoch: u32,
    /// The channel.
    pub channel: String,
    /// The place in the channel.
    pub seq: u64,
    /// The envelope's identity, hexadecimal.
    pub envelope: String,
    /// Where its leaf stands in the sender's log.
    pub index: u64,
    /// The size of the payload, in bytes as received.
    pub size: u64,
    /// `stored`, or the code of why its content was not taken.
    pub outcome: String,
    /// When it was stored: seconds since 1970. It stays when a receipt is given anew, so that both sides count alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<i64>,
}

/// An accord's text, proposed or signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accord {
    /// The text, byte for byte.
    pub text: String,
    /// The signed note over its hash.
    pub agreement: String,
}

/// A node card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// The signed note.
    pub card: String,
}

/// A key, or the whole party, that its root takes out of use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// The signed note.
    pub revocation: String,
}

/// The first words of a new epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Epoch {
    /// The epoch that ended.
    pub ended: u32,
    /// The newest checkpoint of it that the partner held, if the sender knows it.
    pub last: Option<String>,
    /// Why.
    pub reason: String,
}

/// An envelope kept for a third party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deposit {
    /// For whom: the origin of that party's log.
    pub recipient: String,
    /// The message that carries the envelope, base64; sealed to the recipient.
    pub message: String,
}

/// A part of a large payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// SHA-256 of the whole, hexadecimal.
    pub whole: String,
    /// What the whole is, by kind.
    pub kind: String,
    /// Which part, from 0.
    pub part: u32,
    /// How many there are.
    pub parts: u32,
    /// Its bytes, base64.
    pub bytes: String,
}

/// A message of a thread.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The message, byte for byte: one object.
    pub objects: [Box<RawValue>; 1],
}

/// The fields of a payload as its commitment has them: of objects, each top-level property by itself.
///
/// Names are `objects/3/pattern` for the property of an object and the plain name for everything else; the values are
/// the JSON texts as they stand in the payload.
pub fn fields(payload: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    type Members<'a> = std::collections::BTreeMap<std::borrow::Cow<'a, str>, &'a RawValue>;
    let top: Members<'_> = serde_json::from_slice(payload).ok()?;
    let mut fields = Vec::new();
    for (name, value) in top {
        if name != "objects" {
            fields.push((name.into_owned(), value.get().as_bytes().to_vec()));
            continue;
        }
        let objects: Vec<&RawValue> = serde_json::from_str(value.get()).ok()?;
        for (object, place) in objects.into_iter().zip(0_usize..) {
            match serde_json::from_str::<Members<'_>>(object.get()) {
                Ok(properties) => fields.extend(properties.into_iter().map(|(property, value)| {
                    let name = format!("objects/{place}/{property}");
                    (name, value.get().as_bytes().to_vec())
                })),
                // A recall lists ids, not objects.
                Err(_) => {
                    fields.push((format!("objects/{place}"), object.get().as_bytes().to_vec()));
                }
            }
        }
    }
    Some(fields)
}

#[cfg(test)]
mod tests {
    use super::{Kind, fields};

    #[test]
    fn every_kind_has_a_word_of_its_own() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.word()), Some(kind));
        }
    }

    #[test]
    fn each_property_of_an_object_is_a_field() {
        let payload = br#"{"label":"TLP:GREEN","objects":[{"id":"x","n":1.50},{"id":"y"}]}"#;
        let found: Vec<(String, String)> = fields(payload)
            .unwrap()
            .into_iter()
            .map(|(name, value)| (name, String::from_utf8(value).unwrap()))
            .collect();
        let expected = [
            ("label", "\"TLP:GREEN\""),
            ("objects/0/id", "\"x\""),
            ("objects/0/n", "1.50"),
            ("objects/1/id", "\"y\""),
        ];
        assert_eq!(found, expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
        assert_eq!(fields(b"[]"), None);
    }
}

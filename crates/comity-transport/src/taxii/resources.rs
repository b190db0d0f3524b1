//! What TAXII 2.1 servers say: the resources of sections 4 and 5, as they come over the wire.
//!
//! Lenient: what a real server leaves out gets a default, and unknown properties are passed over.

use serde::{Deserialize, Deserializer};

/// Section 4.1.1.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Discovery {
    /// Its title.
    pub title: String,
    /// What it says of itself.
    pub description: Option<String>,
    /// Whom to ask.
    pub contact: Option<String>,
    /// The API root to use where none is chosen.
    pub default: Option<String>,
    /// All API roots: absolute or relative addresses.
    pub api_roots: Option<Vec<String>>,
}

/// Section 4.2.1.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ApiRoot {
    /// Its title.
    pub title: String,
    /// What it says of itself.
    pub description: Option<String>,
    /// The media types it speaks.
    pub versions: Vec<String>,
    /// The longest body it takes.
    pub max_content_length: Option<u64>,
}

/// Section 5.2.1.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Collection {
    /// Its id.
    pub id: String,
    /// Its title.
    #[serde(default)]
    pub title: String,
    /// What it says of itself.
    #[serde(default)]
    pub description: Option<String>,
    /// A name usable in place of the id.
    #[serde(default)]
    pub alias: Option<String>,
    /// Whether these credentials may read it. A server that does not say is taken at its answers.
    #[serde(default = "yes")]
    pub can_read: bool,
    /// Whether these credentials may write to it.
    #[serde(default = "yes")]
    pub can_write: bool,
}

fn yes() -> bool {
    true
}

/// Section 5.1.1, paged as some servers do.
#[derive(Debug, Deserialize)]
pub struct CollectionsAnswer {
    /// The collections.
    #[serde(default)]
    pub collections: Option<Vec<Collection>>,
    /// The server has more.
    #[serde(default)]
    pub more: Option<bool>,
    /// The token for the next page.
    #[serde(default, deserialize_with = "token")]
    pub next: Option<String>,
}

/// Section 5.3.1.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ManifestRecord {
    /// The object.
    pub id: String,
    /// When the server got it.
    #[serde(default)]
    pub date_added: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
    /// Its media type.
    #[serde(default)]
    pub media_type: Option<String>,
}

/// Section 4.3.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Status {
    /// Its id.
    pub id: String,
    /// `complete` or `pending`.
    pub status: String,
    /// When the objects came.
    pub request_timestamp: Option<String>,
    /// How many objects came.
    pub total_count: u64,
    /// How many were taken.
    pub success_count: u64,
    /// How many were not.
    pub failure_count: u64,
    /// How many are open.
    pub pending_count: u64,
    /// Those taken, if listed.
    pub successes: Option<Vec<StatusDetail>>,
    /// Those not taken, if listed.
    pub failures: Option<Vec<StatusDetail>>,
    /// Those open, if listed.
    pub pendings: Option<Vec<StatusDetail>>,
}

impl Status {
    /// Nothing more will change.
    pub fn complete(&self) -> bool {
        self.status != "pending"
    }
}

/// Section 4.3.1.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StatusDetail {
    /// The object.
    pub id: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
    /// What the server says of it.
    #[serde(default)]
    pub message: Option<String>,
}

/// Section 3.6.1, as far as it is shown.
#[derive(Debug, Deserialize)]
pub(super) struct ErrorMessage {
    #[serde(default)]
    pub(super) title: Option<String>,
    #[serde(default)]
    pub(super) description: Option<String>,
}

/// An opaque token: a string, or a number where a server sends one.
pub(super) fn token<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Token {
        Text(String),
        Number(u64),
        Nothing(()),
    }
    Ok(match Token::deserialize(deserializer)? {
        Token::Text(text) => Some(text).filter(|text| !text.is_empty()),
        Token::Number(number) => Some(number.to_string()),
        Token::Nothing(()) => None,
    })
}

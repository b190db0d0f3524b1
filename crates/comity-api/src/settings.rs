//! What an operator sets of the HTTP interface.
//!
//! In scope: limits and names, with their defaults. Out of scope: reading them from a file (`comity`).

use std::time::Duration;

/// Settings of the HTTP interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiSettings {
    /// The longest request body in bytes; advertised as `max_content_length` (TAXII 2.1 section 4.2.1).
    pub max_content_length: usize,
    /// Bodies that are read and admitted at once; further ones wait.
    pub bodies_at_once: usize,
    /// Connections at once; further ones wait to be accepted.
    pub connections_max: usize,
    /// How long a client may pause while it sends a request.
    pub pause_max: Duration,
    /// How long a wrong password or token is left without an answer.
    pub wrong_password_delay: Duration,
    /// A proxy in front tells where requests come from, in the last entry of `X-Forwarded-For`.
    pub behind_proxy: bool,
    /// Anybody may read the log and ask for cosignatures; else only accounts of this node.
    pub ledger_public: bool,
    /// Title of the server in its discovery (section 4.1.1).
    pub title: String,
    /// Who answers for it, for people.
    pub contact: Option<String>,
    /// The policy of MTA-STS; none: nothing is answered.
    pub mta_sts: Option<String>,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            max_content_length: 32 * 1024 * 1024,
            bodies_at_once: 8,
            connections_max: 2_000,
            pause_max: Duration::from_secs(30),
            wrong_password_delay: Duration::from_millis(400),
            behind_proxy: false,
            ledger_public: false,
            title: "Comity".to_owned(),
            contact: None,
            mta_sts: None,
        }
    }
}

//! What the receiving server is told, and every limit of it, in one place.
//!
//! In scope: the values and their defaults. Out of scope: reading them from a file (`comity`).

use std::net::IpAddr;
use std::time::Duration;

use comity_mail::guard::MAIL_BYTES_MAX;

/// Settings of the receiving server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailServerSettings {
    /// The host's name, as the greeting says it (RFC 5321 section 4.2).
    pub hostname: String,
    /// Over SMTP, no mail before STARTTLS.
    pub require_tls: bool,
    /// Hosts that relay for others, such as the own mail server in front: they are not counted as a network is.
    pub relays: Vec<IpAddr>,
    /// The limits.
    pub limits: MailLimits,
}

/// Limits of the receiving server. A *network* is an IPv4 /24 or an IPv6 /48; an *address* an IPv4 address or an IPv6 /64, which is
/// what one customer has at the least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailLimits {
    /// The largest mail in bytes, announced by SIZE (RFC 1870); larger ones get 552.
    pub mail_bytes_max: u64,
    /// Recipients of one mail; further ones get 452. RFC 5321 section 4.5.3.1.8 asks for 100 at the least.
    pub recipients_max: usize,
    /// Mails over one connection; then 421, and the client connects again.
    pub connection_mails_max: u32,
    /// Refusals over one connection; then 421.
    pub errors_max: u32,
    /// How long a refusal is held back, times the refusals before it, beyond the second: 5 times this at most.
    pub error_delay: Duration,
    /// The longest line of a mail in bytes without its end (RFC 5322 section 2.1.1: 998).
    pub line_bytes_max: usize,
    /// How long the client may take for its next command (RFC 5321 section 4.5.3.2.7: 5 minutes).
    pub command_max: Duration,
    /// How long the client may pause within a mail (section 4.5.3.2.5: 3 minutes).
    pub data_pause_max: Duration,
    /// What holds in the place of both pauses while three quarters of all connections are taken.
    pub busy_pause_max: Duration,
    /// How many bytes a second a mail has to come at, after [`Self::data_grace`].
    pub data_bytes_per_second_min: u64,
    /// How long a mail may come slower than that.
    pub data_grace: Duration,
    /// How long a connection may last, whatever it does.
    pub session_max: Duration,
    /// How long the TLS handshake may take, and how long an answer may wait for a client that does not read.
    pub handshake_max: Duration,
    /// Connections at once. When all are taken, a new one takes the place of the slowest one of the network that holds the most.
    pub connections_max: usize,
    /// Connections of one address.
    pub address_connections_max: usize,
    /// Connections of one network.
    pub network_connections_max: usize,
    /// Mails a minute from one network; further ones get 450.
    pub network_mails_per_minute: u32,
    /// Bytes of mail a minute from one network; further mails get 450.
    pub network_bytes_per_minute: u64,
    /// Mails a minute for one recipient's address; further ones get 450.
    pub mailbox_mails_per_minute: u32,
    /// Mails a minute for all addresses that were given to one party; further ones get 450.
    pub party_mails_per_minute: u32,
}

impl Default for MailLimits {
    fn default() -> Self {
        Self {
            mail_bytes_max: u64::try_from(MAIL_BYTES_MAX).unwrap_or(u64::MAX),
            recipients_max: 100,
            connection_mails_max: 100,
            errors_max: 10,
            error_delay: Duration::from_millis(500),
            line_bytes_max: 998,
            command_max: Duration::from_mins(5),
            data_pause_max: Duration::from_mins(3),
            busy_pause_max: Duration::from_secs(10),
            data_bytes_per_second_min: 1_000,
            data_grace: Duration::from_mins(1),
            session_max: Duration::from_mins(30),
            handshake_max: Duration::from_secs(10),
            connections_max: 500,
            address_connections_max: 20,
            network_connections_max: 50,
            network_mails_per_minute: 500,
            network_bytes_per_minute: 1_000 * 1024 * 1024,
            mailbox_mails_per_minute: 60,
            party_mails_per_minute: 300,
        }
    }
}

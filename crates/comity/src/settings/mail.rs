//! The settings of mail.
//!
//! In scope: the keys of the table `mail`, and what those of the receiving server come to. Out of scope: what those of mail that leaves
//! come to (`sending`), what each limit does (`comity-transport`).

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use comity_mail::guard::MAIL_BYTES_MAX;
use comity_node::mail::Protocol;
use comity_node::mail::intake::IntakeSettings;
use comity_node::mail::recipients::{Designated, Mailboxes};
use comity_node::node::Node;
use comity_transport::smtp::server::settings::{MailLimits, MailServerSettings};
use comity_transport::smtp::server::{Listen, Place};
use comity_transport::smtp::taking::TakingSettings;
use serde::Deserialize;

use super::{Entry, entry};
use crate::failure::Failure;

const MEGABYTE: u64 = 1024 * 1024;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MailSettings {
    pub(crate) smtp_listen: String,
    pub(crate) lmtp_listen: String,
    pub(crate) domain: String,
    pub(crate) hostname: String,
    pub(crate) separator: String,
    pub(crate) name_server: String,
    pub(crate) mailboxes: String,
    pub(crate) relays: String,
    pub(crate) require_tls: bool,
    pub(crate) mail_bytes_max: u64,
    pub(crate) line_bytes_max: usize,
    pub(crate) recipients_max: usize,
    pub(crate) connection_mails_max: u32,
    pub(crate) errors_max: u32,
    pub(crate) error_delay_milliseconds: u64,
    pub(crate) command_seconds_max: u64,
    pub(crate) data_pause_seconds_max: u64,
    pub(crate) busy_pause_seconds_max: u64,
    pub(crate) data_bytes_per_second_min: u64,
    pub(crate) data_grace_seconds: u64,
    pub(crate) session_seconds_max: u64,
    pub(crate) connections_max: usize,
    pub(crate) address_connections_max: usize,
    pub(crate) network_connections_max: usize,
    pub(crate) network_mails_per_minute: u32,
    pub(crate) network_megabytes_per_minute: u64,
    pub(crate) mailbox_mails_per_minute: u32,
    pub(crate) party_mails_per_minute: u32,
    pub(crate) disk_reserve_megabytes: u64,
    pub(crate) from: String,
    pub(crate) relay: String,
    pub(crate) relay_user: String,
    pub(crate) relay_password_file: PathBuf,
    pub(crate) smtp_port: u16,
    pub(crate) ca_file: PathBuf,
    pub(crate) send_answer_seconds_max: u64,
    pub(crate) retry_seconds: u32,
    pub(crate) give_up_hours: u32,
    pub(crate) receipt_hours: u32,
}

/// The keys in their order, each with its default.
pub(super) const REFERENCE: &[Entry] = &[
    entry(
        "mail",
        "smtp_listen",
        "\"\"",
        "Where mail is taken by SMTP from anywhere, such as 0.0.0.0:25; STARTTLS with the certificate of `serve`. Empty: nowhere.",
    ),
    entry(
        "mail",
        "lmtp_listen",
        "\"\"",
        "Where mail is taken by LMTP from the mail server in front: a port of this machine, such as 127.0.0.1:2424, or a Unix \
           socket, unix:/PATH. Empty: nowhere.",
    ),
    entry(
        "mail",
        "domain",
        "\"\"",
        "The domain of this node's addresses, for which it alone takes mail, such as in.alpha.example; `comity doctor` then checks its \
           records. Empty: `in.` before the party's domain, and nothing is checked.",
    ),
    entry(
        "mail",
        "hostname",
        "\"\"",
        "The host's name as its greeting says it, the one of the MX record. Empty: the domain of the addresses.",
    ),
    entry(
        "mail",
        "separator",
        "\"+\"",
        "What stands between purpose and token in addresses that are made: + or -. Both are read.",
    ),
    entry(
        "mail",
        "name_server",
        "\"\"",
        "The name server that is asked about the senders of mail, where mail goes, and by `comity doctor`, ADDRESS:PORT. Empty: those of the \
           system.",
    ),
    entry(
        "mail",
        "mailboxes",
        "\"postmaster abuse\"",
        "Mailboxes that take mail from anybody, with spaces between them (RFC 5321 section 4.5.1, RFC 2142). Every other address is one \
           that was given to a party.",
    ),
    entry(
        "mail",
        "relays",
        "\"\"",
        "Addresses of hosts that relay mail of others by SMTP, with spaces between them: limits of a network do not hold for them.",
    ),
    entry(
        "mail",
        "require_tls",
        "false",
        "By SMTP, no mail before STARTTLS. Senders that cannot do TLS cannot send then.",
    ),
    entry(
        "mail",
        "mail_bytes_max",
        "26214400",
        "The largest mail in bytes, announced by SIZE; larger ones get 552. At most 26214400.",
    ),
    entry(
        "mail",
        "line_bytes_max",
        "998",
        "The longest line of a mail in bytes (RFC 5322 section 2.1.1); longer ones get 554.",
    ),
    entry(
        "mail",
        "recipients_max",
        "100",
        "Recipients of one mail; further ones get 452.",
    ),
    entry(
        "mail",
        "connection_mails_max",
        "100",
        "Mails over one connection; then 421.",
    ),
    entry(
        "mail",
        "errors_max",
        "10",
        "Refusals over one connection; then 421.",
    ),
    entry(
        "mail",
        "error_delay_milliseconds",
        "500",
        "How long the third refusal is held back; further ones longer, up to five times that.",
    ),
    entry(
        "mail",
        "command_seconds_max",
        "300",
        "How long a client may take for its next command.",
    ),
    entry(
        "mail",
        "data_pause_seconds_max",
        "180",
        "How long a client may pause within a mail.",
    ),
    entry(
        "mail",
        "busy_pause_seconds_max",
        "10",
        "What holds in the place of both while three quarters of all connections are taken.",
    ),
    entry(
        "mail",
        "data_bytes_per_second_min",
        "1000",
        "How many bytes a second a mail has to come at.",
    ),
    entry(
        "mail",
        "data_grace_seconds",
        "60",
        "How long it may come slower.",
    ),
    entry(
        "mail",
        "session_seconds_max",
        "1800",
        "How long a connection may last.",
    ),
    entry(
        "mail",
        "connections_max",
        "500",
        "Connections at once, on each of the two; when all are taken, a new one takes the place of the slowest one of the network that \
           holds the most.",
    ),
    entry(
        "mail",
        "address_connections_max",
        "20",
        "Connections of one IPv4 address or IPv6 /64; further ones get 421.",
    ),
    entry(
        "mail",
        "network_connections_max",
        "50",
        "Connections of one IPv4 /24 or IPv6 /48; further ones get 421.",
    ),
    entry(
        "mail",
        "network_mails_per_minute",
        "500",
        "Mails a minute from one network; further ones get 450.",
    ),
    entry(
        "mail",
        "network_megabytes_per_minute",
        "1000",
        "Megabytes of mail a minute from one network; further mails get 450.",
    ),
    entry(
        "mail",
        "mailbox_mails_per_minute",
        "60",
        "Mails a minute for one address; further ones get 450.",
    ),
    entry(
        "mail",
        "party_mails_per_minute",
        "300",
        "Mails a minute for all addresses of one party; further ones get 450.",
    ),
    entry(
        "mail",
        "disk_reserve_megabytes",
        "1024",
        "So many megabytes of the disk stay free; mail that would take them gets 452.",
    ),
];

impl Default for MailSettings {
    fn default() -> Self {
        let limits = MailLimits::default();
        Self {
            smtp_listen: String::new(),
            lmtp_listen: String::new(),
            domain: String::new(),
            hostname: String::new(),
            separator: "+".to_owned(),
            name_server: String::new(),
            mailboxes: "postmaster abuse".to_owned(),
            relays: String::new(),
            require_tls: false,
            mail_bytes_max: limits.mail_bytes_max,
            line_bytes_max: limits.line_bytes_max,
            recipients_max: limits.recipients_max,
            connection_mails_max: limits.connection_mails_max,
            errors_max: limits.errors_max,
            error_delay_milliseconds: 500,
            command_seconds_max: limits.command_max.as_secs(),
            data_pause_seconds_max: limits.data_pause_max.as_secs(),
            busy_pause_seconds_max: limits.busy_pause_max.as_secs(),
            data_bytes_per_second_min: limits.data_bytes_per_second_min,
            data_grace_seconds: limits.data_grace.as_secs(),
            session_seconds_max: limits.session_max.as_secs(),
            connections_max: limits.connections_max,
            address_connections_max: limits.address_connections_max,
            network_connections_max: limits.network_connections_max,
            network_mails_per_minute: limits.network_mails_per_minute,
            network_megabytes_per_minute: limits.network_bytes_per_minute / MEGABYTE,
            mailbox_mails_per_minute: limits.mailbox_mails_per_minute,
            party_mails_per_minute: limits.party_mails_per_minute,
            disk_reserve_megabytes: 1024,
            from: String::new(),
            relay: String::new(),
            relay_user: String::new(),
            relay_password_file: PathBuf::new(),
            smtp_port: 25,
            ca_file: PathBuf::new(),
            send_answer_seconds_max: 120,
            retry_seconds: 60,
            give_up_hours: 120,
            receipt_hours: 4,
        }
    }
}

impl MailSettings {
    /// The values in the order of [`REFERENCE`], as TOML.
    pub(super) fn values(&self) -> Vec<String> {
        let text = |value: &str| format!("{value:?}");
        vec![
            text(&self.smtp_listen),
            text(&self.lmtp_listen),
            text(&self.domain),
            text(&self.hostname),
            text(&self.separator),
            text(&self.name_server),
            text(&self.mailboxes),
            text(&self.relays),
            self.require_tls.to_string(),
            self.mail_bytes_max.to_string(),
            self.line_bytes_max.to_string(),
            self.recipients_max.to_string(),
            self.connection_mails_max.to_string(),
            self.errors_max.to_string(),
            self.error_delay_milliseconds.to_string(),
            self.command_seconds_max.to_string(),
            self.data_pause_seconds_max.to_string(),
            self.busy_pause_seconds_max.to_string(),
            self.data_bytes_per_second_min.to_string(),
            self.data_grace_seconds.to_string(),
            self.session_seconds_max.to_string(),
            self.connections_max.to_string(),
            self.address_connections_max.to_string(),
            self.network_connections_max.to_string(),
            self.network_mails_per_minute.to_string(),
            self.network_megabytes_per_minute.to_string(),
            self.mailbox_mails_per_minute.to_string(),
            self.party_mails_per_minute.to_string(),
            self.disk_reserve_megabytes.to_string(),
        ]
    }

    /// Where mail is taken; nowhere, unless it is set.
    pub(crate) fn listen(&self) -> Result<Vec<Listen>, Failure> {
        let mut listen = Vec::new();
        if !self.smtp_listen.is_empty() {
            let bad = || bad_place("smtp_listen", &self.smtp_listen, "0.0.0.0:25");
            let address: SocketAddr = self.smtp_listen.parse().map_err(|_| bad())?;
            listen.push(Listen {
                protocol: Protocol::Smtp,
                place: Place::Tcp(address),
            });
        }
        if !self.lmtp_listen.is_empty() {
            listen.push(Listen {
                protocol: Protocol::Lmtp,
                place: self.lmtp_place()?,
            });
        }
        Ok(listen)
    }

    fn lmtp_place(&self) -> Result<Place, Failure> {
        let text = &self.lmtp_listen;
        if let Some(path) = text.strip_prefix("unix:") {
            return Ok(Place::Unix(PathBuf::from(path)));
        }
        let bad = || bad_place("lmtp_listen", text, "127.0.0.1:2424");
        let address: SocketAddr = text.parse().map_err(|_| bad())?;
        if address.ip().is_loopback() {
            return Ok(Place::Tcp(address));
        }
        // Whoever reaches it can send in anybody's name, past the limits of a network (RFC 2033 section 5).
        Err(Failure::no(
            format!("mail.lmtp_listen: {address} can be reached from other machines"),
            "take LMTP on 127.0.0.1 or on unix:/PATH; what comes from other machines comes by SMTP, mail.smtp_listen",
        ))
    }

    /// What the server is told.
    pub(crate) fn server(&self, domain: &str) -> Result<MailServerSettings, Failure> {
        let hostname = if self.hostname.is_empty() {
            domain.to_owned()
        } else {
            self.hostname.clone()
        };
        let relays = self
            .relays
            .split([' ', ','])
            .filter(|text| !text.is_empty());
        let relays = relays.map(str::parse::<IpAddr>);
        let relays = relays.collect::<Result<_, _>>().map_err(|_| {
            Failure::no(
                format!("mail.relays: {:?} cannot be read", self.relays),
                "write IP addresses with spaces between them, such as \"192.0.2.25 2001:db8::25\"",
            )
        })?;
        // What is acknowledged is read: the guard stops whatever is larger.
        if usize::try_from(self.mail_bytes_max).map_or(true, |most| most > MAIL_BYTES_MAX) {
            return Err(Failure::no(
                format!("mail.mail_bytes_max: no mail of more than {MAIL_BYTES_MAX} bytes is read"),
                format!("set it to {MAIL_BYTES_MAX} or less"),
            ));
        }
        Ok(MailServerSettings {
            hostname,
            require_tls: self.require_tls,
            relays,
            limits: self.limits(),
        })
    }

    /// What the loop that takes mail in is told.
    pub(crate) fn taking(&self, domain: &str) -> Result<TakingSettings, Failure> {
        let server = self.server(domain)?;
        Ok(TakingSettings {
            own_name: server.hostname,
            relays: server.relays,
        })
    }

    /// What the node's intake is told.
    pub(crate) fn intake(&self, node: &Node) -> IntakeSettings {
        let given = Designated::new(node.clone());
        IntakeSettings {
            domain: node.mail_terms().domain.clone(),
            recipients: vec![Arc::new(Mailboxes::parse(&self.mailboxes)), Arc::new(given)],
            reserve_bytes: self.disk_reserve_megabytes.saturating_mul(MEGABYTE),
        }
    }

    fn limits(&self) -> MailLimits {
        let seconds = |seconds: u64| Duration::from_secs(seconds.max(1));
        MailLimits {
            mail_bytes_max: self.mail_bytes_max,
            recipients_max: self.recipients_max,
            connection_mails_max: self.connection_mails_max,
            errors_max: self.errors_max,
            error_delay: Duration::from_millis(self.error_delay_milliseconds.min(60_000)),
            line_bytes_max: self.line_bytes_max,
            command_max: seconds(self.command_seconds_max),
            data_pause_max: seconds(self.data_pause_seconds_max),
            busy_pause_max: seconds(self.busy_pause_seconds_max),
            data_bytes_per_second_min: self.data_bytes_per_second_min,
            data_grace: seconds(self.data_grace_seconds),
            session_max: seconds(self.session_seconds_max),
            connections_max: self.connections_max,
            address_connections_max: self.address_connections_max,
            network_connections_max: self.network_connections_max,
            network_mails_per_minute: self.network_mails_per_minute,
            network_bytes_per_minute: self.network_megabytes_per_minute.saturating_mul(MEGABYTE),
            mailbox_mails_per_minute: self.mailbox_mails_per_minute,
            party_mails_per_minute: self.party_mails_per_minute,
            ..MailLimits::default()
        }
    }
}

fn bad_place(key: &str, text: &str, example: &str) -> Failure {
    Failure::no(
        format!("mail.{key}: {text:?} is no address"),
        format!("write an IP address and a port, such as \"{example}\""),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> MailSettings {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn no_mail_is_taken_unless_it_is_set_and_lmtp_on_this_machine_alone() {
        assert!(MailSettings::default().listen().unwrap().is_empty());
        let both =
            settings("smtp_listen = \"0.0.0.0:25\"\nlmtp_listen = \"unix:/run/comity/lmtp\"");
        let places: Vec<String> = both
            .listen()
            .unwrap()
            .iter()
            .map(|l| l.place.to_string())
            .collect();
        assert_eq!(places, ["0.0.0.0:25", "unix:/run/comity/lmtp"]);
        for wrong in [
            "smtp_listen = \"in.alpha.example\"",
            "lmtp_listen = \"192.0.2.1:2424\"",
            "lmtp_listen = \"/run/comity/lmtp\"",
        ] {
            assert!(settings(wrong).listen().is_err(), "{wrong}");
        }
        assert!(
            settings("relays = \"mx.alpha.example\"")
                .server("alpha.example")
                .is_err()
        );
    }

    #[test]
    fn the_defaults_are_those_of_the_server() {
        let default = MailSettings::default();
        let server = default.server("in.alpha.example").unwrap();
        assert_eq!(server.limits, MailLimits::default());
        assert_eq!(server.hostname, "in.alpha.example");
        let domain = |mail: &MailSettings| {
            let terms = comity_node::address::MailTerms::parse(
                "alpha.example",
                &mail.domain,
                &mail.separator,
            );
            terms.unwrap().domain
        };
        assert_eq!(domain(&default), "in.alpha.example");
        let named = settings("domain = \"Mail.Alpha.Example\"");
        assert_eq!(domain(&named), "mail.alpha.example");
    }
}

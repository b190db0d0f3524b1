//! Settings: one TOML file in the node's folder, read once into a typed struct; unknown keys are refused.
//!
//! In scope: the keys, their defaults and their reference, from which the file of a new node is written.
//! Out of scope: what a setting means to the code that it is handed to.

pub(crate) mod mail;
mod sending;
pub(crate) mod sign_in;

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use comity_accord::text::contact::Hours;
use comity_api::settings::ApiSettings;
use comity_mail::dns::{self, Zone};
use comity_node::address::{AddressError, MailTerms};
use comity_node::contact::Schedule;
use comity_node::exchange::share::UNDO_SECONDS_MAX;
use comity_node::folder::{Place, SETTINGS_FILE};
use comity_node::node::NodeLimits;
use comity_stix::admission::Limits;
use comity_stix::envelope::EnvelopeLimits;
use comity_store::error::chain;
use comity_transport::http::ClientOptions;
use comity_transport::link::LinkSettings;
use serde::Deserialize;

use crate::failure::Failure;
use crate::settings::mail::MailSettings;
use crate::settings::sign_in::SignInSettings;

/// Everything that can be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) store: StoreSettings,
    pub(crate) serve: ServeSettings,
    pub(crate) taxii: TaxiiSettings,
    pub(crate) limits: LimitSettings,
    pub(crate) contact: ContactSettings,
    pub(crate) link: NodeLinkSettings,
    pub(crate) ledger: LedgerSettings,
    pub(crate) mail: MailSettings,
    pub(crate) sign_in: SignInSettings,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StoreSettings {
    pub(crate) url: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ServeSettings {
    pub(crate) listen: SocketAddr,
    pub(crate) tls_certificates: PathBuf,
    pub(crate) tls_key: PathBuf,
    pub(crate) client_certificates: bool,
    pub(crate) behind_proxy: bool,
    pub(crate) connections_max: usize,
    pub(crate) pause_seconds_max: u64,
    pub(crate) wrong_password_milliseconds: u64,
    pub(crate) undo_seconds: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TaxiiSettings {
    pub(crate) title: String,
    pub(crate) contact: String,
    pub(crate) max_content_length: usize,
    pub(crate) bodies_at_once: usize,
    pub(crate) page_objects_max: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_field_names,
    reason = "a limit's name ends in its bound"
)]
pub(crate) struct LimitSettings {
    pub(crate) envelope_objects_max: usize,
    pub(crate) envelope_depth_max: usize,
    pub(crate) object_bytes_max: usize,
    pub(crate) object_depth_max: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ContactSettings {
    pub(crate) check_days: u32,
    pub(crate) check_hours: String,
    pub(crate) unannounced_days: u32,
}

impl Default for ContactSettings {
    fn default() -> Self {
        Self {
            check_days: 0,
            check_hours: "mon-fri 08:00-16:00".to_owned(),
            unannounced_days: 0,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NodeLinkSettings {
    pub(crate) url: String,
    pub(crate) heartbeat_seconds: u64,
    pub(crate) settle_seconds: u64,
    pub(crate) ca_file: PathBuf,
    pub(crate) plain_http: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LedgerSettings {
    pub(crate) public: bool,
}

impl Default for NodeLinkSettings {
    fn default() -> Self {
        Self {
            url: String::new(),
            heartbeat_seconds: 600,
            settle_seconds: 20,
            ca_file: PathBuf::new(),
            plain_http: false,
        }
    }
}

/// One key: its table, its name, its default as TOML, and what it is.
struct Entry {
    table: &'static str,
    key: &'static str,
    default: &'static str,
    about: &'static str,
}

const fn entry(
    table: &'static str,
    key: &'static str,
    default: &'static str,
    about: &'static str,
) -> Entry {
    Entry {
        table,
        key,
        default,
        about,
    }
}

/// The reference: every key but those of mail and of signing in, in the order of the file. A test compares it with the structs above.
const REFERENCE: &[Entry] = &[
    entry(
        "store",
        "url",
        "\"\"",
        "A PostgreSQL database, postgres://USER@HOST/DATABASE, that keeps objects and state in \
           place of this folder. The connection is not encrypted: keep the database on this machine or on a network of \
           its own. Empty: this folder.",
    ),
    entry(
        "serve",
        "listen",
        "\"127.0.0.1:7410\"",
        "Where the node listens.",
    ),
    entry(
        "serve",
        "tls_certificates",
        "\"\"",
        "A PEM file with the node's certificate and those that vouch for it. Needed \
           to listen anywhere but on this machine (TAXII 2.1 section 8.2.2).",
    ),
    entry(
        "serve",
        "tls_key",
        "\"\"",
        "The PEM file with the certificate's key.",
    ),
    entry(
        "serve",
        "client_certificates",
        "false",
        "Ask whoever connects by TLS for a certificate, so that programs can sign in by one that `comity certificate add` pinned. Browsers that \
           have certificates ask their person for one then.",
    ),
    entry(
        "serve",
        "behind_proxy",
        "false",
        "A proxy in front speaks TLS and tells in X-Forwarded-For where requests come from: listen without TLS on any address.",
    ),
    entry(
        "serve",
        "connections_max",
        "2000",
        "Connections at once; further ones wait to be accepted.",
    ),
    entry(
        "serve",
        "pause_seconds_max",
        "30",
        "How many seconds a client may pause while it sends a request; a body that takes longer must come at 12 KiB a second or faster.",
    ),
    entry(
        "serve",
        "wrong_password_milliseconds",
        "400",
        "How long a wrong password waits for its answer.",
    ),
    entry(
        "serve",
        "undo_seconds",
        "10",
        "How many seconds a release that is asked for on a page waits before it goes, at most 600; until then it can be taken back. With 0 it \
           goes at once.",
    ),
    entry(
        "taxii",
        "title",
        "\"Comity\"",
        "The server's title in its discovery.",
    ),
    entry(
        "taxii",
        "contact",
        "\"\"",
        "Who answers for the server, for people to read.",
    ),
    entry(
        "taxii",
        "max_content_length",
        "33554432",
        "The longest request body in bytes; advertised to clients, longer \
           ones get 413 (TAXII 2.1 section 4.2.1).",
    ),
    entry(
        "taxii",
        "bodies_at_once",
        "8",
        "Request bodies read and checked at once; further ones wait. Times \
           max_content_length, this bounds the memory that they take.",
    ),
    entry(
        "taxii",
        "page_objects_max",
        "1000",
        "Objects on a page at most, whatever a client asks for.",
    ),
    entry(
        "limits",
        "envelope_objects_max",
        "100000",
        "Objects in one envelope; more get 422.",
    ),
    entry(
        "limits",
        "envelope_depth_max",
        "1024",
        "Levels of nesting in one envelope; more get 422. Objects have a limit \
           of their own, so that one that is too deep fails alone.",
    ),
    entry(
        "limits",
        "object_bytes_max",
        "8388608",
        "The longest object in bytes; a longer one is refused, those beside it \
           are kept.",
    ),
    entry(
        "limits",
        "object_depth_max",
        "64",
        "Levels of nesting in one object: STIX itself needs about ten.",
    ),
    entry(
        "contact",
        "check_days",
        "0",
        "Each point of contact of each partner is checked once in so many days, on the first of them that is worked, at a minute \
           that is drawn. 0: only when somebody asks for it.",
    ),
    entry(
        "contact",
        "check_hours",
        "\"mon-fri 08:00-16:00\"",
        "The days and hours of these checks, in UTC; the contact's own hours hold as well. One minute, such as \
           mon-fri 09:00-09:01, is a fixed time.",
    ),
    entry(
        "contact",
        "unannounced_days",
        "0",
        "Each point of contact is checked unannounced besides, once in so many days on the average, at a moment within its hours that \
           nobody can tell beforehand. 0: never.",
    ),
    entry(
        "link",
        "url",
        "\"\"",
        "Where other parties reach this node, as its card tells them: https://HOST[:PORT]. Empty: they do not; \
           this node asks them all the time for what is for it.",
    ),
    entry(
        "link",
        "heartbeat_seconds",
        "600",
        "Between two calls of a party when nothing waits for it: both learn that the link is there, and cosign \
           each other's ledger. With an accord in force its `heartbeat_minutes` holds instead.",
    ),
    entry(
        "link",
        "settle_seconds",
        "20",
        "How soon a party is called again that has not cosigned the newest head of the ledger, or does not have \
           the newest cosignature of its own.",
    ),
    entry(
        "link",
        "ca_file",
        "\"\"",
        "A PEM file of certificates to trust beside the system's when other nodes are called.",
    ),
    entry(
        "link",
        "plain_http",
        "false",
        "Call nodes that speak plain HTTP on other machines too. What is sent is sealed and signed all the same.",
    ),
    entry(
        "ledger",
        "public",
        "false",
        "Anybody may read this node's log at /log/ (C2SP tlog-tiles: checkpoint, tiles, blinded entries) and have \
           partners' checkpoints cosigned at /log/witness/. Whoever reads it learns how much this node exchanges and \
           when, not what or with whom. false: only those who sign in with an account; strangers get 404.",
    ),
];

/// Every key, in the order of the file.
fn every_entry() -> impl Iterator<Item = &'static Entry> {
    let mail = mail::REFERENCE.iter().chain(sending::REFERENCE);
    REFERENCE.iter().chain(mail).chain(sign_in::REFERENCE)
}

impl Default for ServeSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 7410)),
            tls_certificates: PathBuf::new(),
            tls_key: PathBuf::new(),
            client_certificates: false,
            behind_proxy: false,
            connections_max: 2000,
            pause_seconds_max: 30,
            wrong_password_milliseconds: 400,
            undo_seconds: 10,
        }
    }
}

impl Default for TaxiiSettings {
    fn default() -> Self {
        Self {
            title: "Comity".to_owned(),
            contact: String::new(),
            max_content_length: 32 * 1024 * 1024,
            bodies_at_once: 8,
            page_objects_max: 1000,
        }
    }
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            envelope_objects_max: EnvelopeLimits::EXCHANGE.objects_max,
            envelope_depth_max: EnvelopeLimits::EXCHANGE.depth_max,
            object_bytes_max: Limits::EXCHANGE.object_bytes_max,
            object_depth_max: Limits::EXCHANGE.depth_max,
        }
    }
}

impl Settings {
    /// Reads the settings of the node in `folder`.
    pub(crate) fn read(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(SETTINGS_FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(no_node(folder));
            }
            Err(error) => {
                return Err(Failure::unknown(
                    format!("cannot read {}: {error}", path.display()),
                    "look at its owner and its rights: only the owner of a node may give it commands",
                ));
            }
        };
        let settings: Self = toml::from_str(&text).map_err(|error| {
            Failure::no(
                format!(
                    "{} cannot be used: {}",
                    path.display(),
                    error.to_string().trim_end()
                ),
                "the keys are listed by `comity settings show --reference`",
            )
        })?;
        settings.check(&path)?;
        Ok(settings)
    }

    fn check(&self, path: &Path) -> Result<(), Failure> {
        let positive = [
            ("serve.connections_max", self.serve.connections_max),
            ("taxii.max_content_length", self.taxii.max_content_length),
            ("taxii.bodies_at_once", self.taxii.bodies_at_once),
            ("taxii.page_objects_max", self.taxii.page_objects_max),
            ("mail.connections_max", self.mail.connections_max),
            ("mail.recipients_max", self.mail.recipients_max),
            ("mail.line_bytes_max", self.mail.line_bytes_max),
            (
                "limits.envelope_objects_max",
                self.limits.envelope_objects_max,
            ),
        ];
        if self.serve.undo_seconds > UNDO_SECONDS_MAX {
            return Err(Failure::no(
                format!("{}: serve.undo_seconds is too large", path.display()),
                format!("give it a number from 0 to {UNDO_SECONDS_MAX}"),
            ));
        }
        if Hours::parse(&self.contact.check_hours).is_none() {
            return Err(Failure::no(
                format!("{}: contact.check_hours cannot be read", path.display()),
                "write days and hours such as \"mon-fri 08:00-16:00\", or 24x7",
            ));
        }
        self.addresses("example").map_err(|error| {
            Failure::no(
                format!("{}: {}", path.display(), chain(&error)),
                "mail.domain is a host name such as in.alpha.example, mail.separator + or -",
            )
        })?;
        let server = &self.mail.name_server;
        if !server.is_empty() && self.name_server().is_none() {
            return Err(Failure::no(
                format!("{}: mail.name_server cannot be read", path.display()),
                "write an address with a port, such as 192.0.2.53:53",
            ));
        }
        match positive.iter().find(|(_, value)| *value == 0) {
            Some((key, _)) => Err(Failure::no(
                format!("{}: {key} must be 1 or more", path.display()),
                "give it a number of 1 or more, or take its line out to have the default",
            )),
            None => Ok(()),
        }
    }

    /// Where the store is.
    pub(crate) fn place(&self) -> Place {
        if self.store.url.is_empty() {
            Place::Embedded
        } else {
            Place::Server(self.store.url.clone())
        }
    }

    /// The limits of the node.
    pub(crate) fn node_limits(&self) -> NodeLimits {
        NodeLimits {
            object: Limits {
                object_bytes_max: self.limits.object_bytes_max,
                depth_max: self.limits.object_depth_max,
                ..Limits::EXCHANGE
            },
            envelope: EnvelopeLimits {
                objects_max: self.limits.envelope_objects_max,
                depth_max: self.limits.envelope_depth_max,
            },
            page_objects_max: self.taxii.page_objects_max,
        }
    }

    /// How often this node checks the points of contact of its partners.
    pub(crate) fn checks(&self) -> Schedule {
        let contact = &self.contact;
        Schedule {
            check_days: contact.check_days,
            check_hours: Hours::parse(&contact.check_hours).unwrap_or(Hours::ALWAYS),
            unannounced_days: contact.unannounced_days,
        }
    }

    /// Where other parties reach this node.
    pub(crate) fn links(&self) -> Vec<String> {
        let url = self.link.url.trim_end_matches('/');
        if url.is_empty() {
            Vec::new()
        } else {
            vec![url.to_owned()]
        }
    }

    /// How this node calls others.
    pub(crate) fn calls(&self) -> LinkSettings {
        LinkSettings {
            heartbeat: Duration::from_secs(self.link.heartbeat_seconds.max(1)),
            settle: Duration::from_secs(self.link.settle_seconds.max(1)),
            polls: self.link.url.is_empty(),
        }
    }

    /// The client by which this node calls others.
    pub(crate) fn link_client(&self) -> ClientOptions {
        ClientOptions {
            answer_bytes_max: comity_link::batch::BATCH_BYTES_MAX,
            redirects_max: 0,
            attempts_max: 1,
            plain_http: self.link.plain_http,
            extra_ca_file: Some(self.link.ca_file.clone())
                .filter(|path| !path.as_os_str().is_empty()),
            ..ClientOptions::default()
        }
    }

    /// What is set of mail for the name server; none: no domain is set. Keys and where reports go are the caller's to add.
    pub(crate) fn zone(&self) -> Option<Zone> {
        let domain = self.mail.domain.to_ascii_lowercase();
        let host = Some(self.mail.hostname.to_ascii_lowercase()).filter(|host| !host.is_empty());
        (!domain.is_empty()).then(|| Zone {
            host: host.unwrap_or_else(|| domain.clone()),
            domain,
            reports: String::new(),
            keys: Vec::new(),
        })
    }

    /// The name server to ask, where one is set.
    pub(crate) fn name_server(&self) -> Option<SocketAddr> {
        self.mail.name_server.parse().ok()
    }

    /// How addresses of a node of this domain are made.
    pub(crate) fn addresses(&self, own: &str) -> Result<MailTerms, AddressError> {
        MailTerms::parse(own, &self.mail.domain, &self.mail.separator)
    }

    /// The settings of the HTTP interface.
    pub(crate) fn api(&self) -> ApiSettings {
        ApiSettings {
            max_content_length: self.taxii.max_content_length,
            bodies_at_once: self.taxii.bodies_at_once,
            connections_max: self.serve.connections_max,
            pause_max: Duration::from_secs(self.serve.pause_seconds_max.max(1)),
            wrong_password_delay: Duration::from_millis(self.serve.wrong_password_milliseconds),
            behind_proxy: self.serve.behind_proxy,
            ledger_public: self.ledger.public,
            title: self.taxii.title.clone(),
            contact: Some(self.taxii.contact.clone()).filter(|contact| !contact.is_empty()),
            mta_sts: self.zone().map(|zone| dns::policy(&zone)),
        }
    }

    /// Every key with its value in force; no secrets.
    pub(crate) fn in_force(&self) -> Vec<(String, String)> {
        let text = |value: &str| format!("{value:?}");
        let path = |value: &Path| format!("{:?}", value.display().to_string());
        let url = without_password(&self.store.url);
        let (serve, taxii, limits) = (&self.serve, &self.taxii, &self.limits);
        let values = [
            text(&url),
            text(&serve.listen.to_string()),
            path(&serve.tls_certificates),
            path(&serve.tls_key),
            serve.client_certificates.to_string(),
            serve.behind_proxy.to_string(),
            serve.connections_max.to_string(),
            serve.pause_seconds_max.to_string(),
            serve.wrong_password_milliseconds.to_string(),
            serve.undo_seconds.to_string(),
            text(&taxii.title),
            text(&taxii.contact),
            taxii.max_content_length.to_string(),
            taxii.bodies_at_once.to_string(),
            taxii.page_objects_max.to_string(),
            limits.envelope_objects_max.to_string(),
            limits.envelope_depth_max.to_string(),
            limits.object_bytes_max.to_string(),
            limits.object_depth_max.to_string(),
            self.contact.check_days.to_string(),
            text(&self.contact.check_hours),
            self.contact.unannounced_days.to_string(),
            text(&self.link.url),
            self.link.heartbeat_seconds.to_string(),
            self.link.settle_seconds.to_string(),
            path(&self.link.ca_file),
            self.link.plain_http.to_string(),
            self.ledger.public.to_string(),
        ];
        every_entry()
            .zip(
                values
                    .into_iter()
                    .chain(self.mail.values())
                    .chain(self.mail.sending_values())
                    .chain(self.sign_in.oidc.values()),
            )
            .map(|(e, value)| (format!("{}.{}", e.table, e.key), value))
            .collect()
    }
}

/// The settings file of a new node: every key as a comment, but for those that are given: table, key, text.
pub(crate) fn file(given: &[(&str, &str, &str)]) -> String {
    let mut text = String::from(
        "# The settings of this node. A key without '#' in front is in force; see also\n# `comity settings show`.\n",
    );
    let mut table = "";
    for entry in every_entry() {
        if entry.table != table {
            table = entry.table;
            let _ = write!(text, "\n[{table}]\n");
        }
        for line in wrap(entry.about, 100) {
            let _ = writeln!(text, "# {line}");
        }
        let given = given.iter().find(|(table, key, value)| {
            (*table, *key) == (entry.table, entry.key) && !value.is_empty()
        });
        if let Some((_, key, value)) = given {
            let _ = writeln!(text, "{key} = {}", quoted(value));
        } else {
            let _ = writeln!(text, "#{} = {}", entry.key, entry.default);
        }
    }
    text
}

/// The settings reference as a document.
pub(crate) fn reference() -> String {
    let mut text = String::from(
        "# Settings reference\n\nGenerated by `cargo xtask gen` from the program itself; do not edit.\n\nSettings stand in \
         `comity.toml` in the node's folder. `comity settings show` prints what is in force.\n",
    );
    let mut table = "";
    for entry in every_entry() {
        if entry.table != table {
            table = entry.table;
            let _ = write!(
                text,
                "\n## [{table}]\n\n| key | default | what it is |\n|---|---|---|\n"
            );
        }
        let _ = writeln!(
            text,
            "| `{}` | `{}` | {} |",
            entry.key, entry.default, entry.about
        );
    }
    text
}

/// What to say where there is no node.
pub(crate) fn no_node(folder: &Path) -> Failure {
    let shown = folder.display();
    Failure::no(
        format!("{shown} holds no node"),
        format!("make one with `comity init --data {shown} --party NAME --domain DOMAIN`"),
    )
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A database's URL with its password left out.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    match rest.rsplit_once('@') {
        Some((who, whence)) => {
            let name = who.split_once(':').map_or(who, |(name, _)| name);
            format!("{scheme}://{name}@{whence}")
        }
        None => url.to_owned(),
    }
}

fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let fits = lines
            .last()
            .is_some_and(|line| line.is_empty() || line.len() + word.len() < columns);
        if !fits {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The file with every key in force.
    fn all_in_force() -> String {
        file(&[])
            .lines()
            .map(|line| {
                if line.starts_with('#') && !line.starts_with("# ") {
                    line.trim_start_matches('#')
                } else {
                    line
                }
            })
            .fold(String::new(), |text, line| text + line + "\n")
    }

    #[test]
    fn the_reference_names_every_key_with_its_default() {
        let read: Settings = toml::from_str(&all_in_force()).unwrap();
        assert_eq!(read, Settings::default());
        let shown = Settings::default().in_force();
        assert_eq!(shown.len(), every_entry().count());
        for ((key, value), entry) in shown.iter().zip(every_entry()) {
            assert_eq!(
                (key.as_str(), value.as_str()),
                (
                    format!("{}.{}", entry.table, entry.key).as_str(),
                    entry.default
                )
            );
        }
    }

    #[test]
    fn every_key_of_the_structs_stands_in_the_reference() {
        // `Debug` lists the fields: one line for each scalar, which ends with a comma and opens no struct.
        let fields = format!("{:#?}", Settings::default());
        let scalars = fields
            .lines()
            .filter(|line| line.ends_with(',') && line.contains(": "))
            .count();
        assert_eq!(scalars, every_entry().count());
    }

    #[test]
    fn a_password_is_never_shown() {
        assert_eq!(
            without_password("postgres://a:secret@h/d"),
            "postgres://a@h/d"
        );
        assert_eq!(without_password("postgres://a@h/d"), "postgres://a@h/d");
        assert_eq!(without_password(""), "");
    }
}

//! The settings of mail that leaves: the last keys of the table `mail`.
//!
//! In scope: their reference, and what they come to. Out of scope: what is done with them (`comity-transport`).

use std::path::Path;
use std::time::Duration;

use comity_node::mail::out::SendingTerms;
use comity_transport::http::ClientOptions;
use comity_transport::smtp::client::{Relay, SmtpClientSettings, SmtpTimes};
use zeroize::Zeroizing;

use super::mail::MailSettings;
use super::{Entry, Settings, entry};
use crate::failure::Failure;

/// The port where a mail server takes mail from those whom it knows (RFC 6409).
const SUBMISSION: u16 = 587;
/// The longest password, in bytes.
const PASSWORD_BYTES_MAX: u64 = 1_024;
const SECOND: i64 = 1_000_000;

/// The keys in their order, each with its default.
pub(super) const REFERENCE: &[Entry] = &[
    entry(
        "mail",
        "from",
        "\"\"",
        "The address that mails are from, at mail.domain, whose keys sign them. Empty: comity@ and that domain.",
    ),
    entry(
        "mail",
        "relay",
        "\"\"",
        "The mail server that takes all mail of this node, HOST or HOST:PORT (587); TLS with a certificate for that name is demanded \
           unless it is on this machine. Empty: mail goes to the hosts of each domain's MX records.",
    ),
    entry(
        "mail",
        "relay_user",
        "\"\"",
        "Who this node is at the relay. Empty: the relay knows it by its address.",
    ),
    entry(
        "mail",
        "relay_password_file",
        "\"\"",
        "The file that holds the password for it, in its first line; for the owner only.",
    ),
    entry(
        "mail",
        "smtp_port",
        "25",
        "The port of other mail servers. Another one is for tests.",
    ),
    entry(
        "mail",
        "ca_file",
        "\"\"",
        "A PEM file of certificates to trust beside the system's when mail servers and policies of MTA-STS are asked.",
    ),
    entry(
        "mail",
        "send_answer_seconds_max",
        "120",
        "How long another mail server may take for an answer; five times that for the one at the end of a mail.",
    ),
    entry(
        "mail",
        "retry_seconds",
        "60",
        "How long a mail waits after it was not taken; twice as long each time after, up to four hours.",
    ),
    entry(
        "mail",
        "give_up_hours",
        "120",
        "After so many hours a mail that nobody took has failed (RFC 5321 section 4.5.4.1 asks for four to five days).",
    ),
    entry(
        "mail",
        "receipt_hours",
        "4",
        "After so many hours a mail without a receipt is shown as overdue.",
    ),
];

impl MailSettings {
    /// The values in the order of [`REFERENCE`], as TOML.
    pub(super) fn sending_values(&self) -> Vec<String> {
        let text = |value: &str| format!("{value:?}");
        let path = |value: &Path| format!("{:?}", value.to_string_lossy());
        vec![
            text(&self.from),
            text(&self.relay),
            text(&self.relay_user),
            path(&self.relay_password_file),
            self.smtp_port.to_string(),
            path(&self.ca_file),
            self.send_answer_seconds_max.to_string(),
            self.retry_seconds.to_string(),
            self.give_up_hours.to_string(),
            self.receipt_hours.to_string(),
        ]
    }

    /// What the node is told, whose addresses have this domain.
    pub(crate) fn sending_terms(&self, domain: &str) -> Result<SendingTerms, Failure> {
        let default = SendingTerms::of_domain(domain);
        let from = if self.from.is_empty() {
            default.from
        } else {
            self.from.clone()
        };
        let at = from.rsplit_once('@').map(|(_, domain)| domain);
        if !at.is_some_and(|at| at.eq_ignore_ascii_case(domain)) {
            // The keys of DKIM and the records of SPF and DMARC are that domain's.
            return Err(Failure::no(
                format!("mail.from: {from:?} is not at {domain}, whose keys sign mail"),
                format!("write an address such as \"comity@{domain}\""),
            ));
        }
        let hours = |hours: u32| i64::from(hours).saturating_mul(3_600 * SECOND);
        Ok(SendingTerms {
            from,
            receipt_micros: hours(self.receipt_hours),
            retry_micros: i64::from(self.retry_seconds.max(1)) * SECOND,
            give_up_micros: hours(self.give_up_hours),
        })
    }

    fn relay(&self) -> Result<Option<Relay>, Failure> {
        if self.relay.is_empty() {
            return Ok(None);
        }
        let bad = || {
            Failure::no(
                format!("mail.relay: {:?} is no host with a port", self.relay),
                "write it such as \"mail.alpha.example:587\" or \"[2001:db8::25]:587\"",
            )
        };
        let (host, port) = match self.relay.rsplit_once(':') {
            // An IPv6 address without brackets has colons of its own.
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
                (host, port.parse().map_err(|_| bad())?)
            }
            _ => (self.relay.as_str(), SUBMISSION),
        };
        let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
        let good = |letter: char| letter.is_ascii_alphanumeric() || ".-:".contains(letter);
        if host.is_empty() || !host.chars().all(good) {
            return Err(bad());
        }
        let user = Some(self.relay_user.clone()).filter(|user| !user.is_empty());
        let password = match &user {
            Some(_) => Some(first_line(
                "mail.relay_password_file",
                &self.relay_password_file,
            )?),
            None => None,
        };
        Ok(Some(Relay {
            host,
            port,
            user,
            password,
        }))
    }
}

/// The first line of the file that a key names: a password or another secret.
pub(super) fn first_line(key: &str, path: &Path) -> Result<Zeroizing<String>, Failure> {
    use std::io::Read as _;
    let mut text = Zeroizing::new(String::new());
    let read = std::fs::File::open(path)
        .and_then(|file| file.take(PASSWORD_BYTES_MAX).read_to_string(&mut text));
    let line = text.lines().next().unwrap_or_default().to_owned();
    match read {
        Ok(_) if !line.is_empty() => Ok(Zeroizing::new(line)),
        Ok(_) | Err(_) => Err(Failure::no(
            format!("{key}: {} holds no secret", path.display()),
            "write it into the first line of that file, and let this node's user read it",
        )),
    }
}

impl Settings {
    /// What the way out is told, for a node whose addresses have this domain.
    pub(crate) fn mail_client(&self, domain: &str) -> Result<SmtpClientSettings, Failure> {
        let mail = &self.mail;
        let hostname = Some(mail.hostname.clone()).filter(|host| !host.is_empty());
        let authorities = Some(mail.ca_file.clone()).filter(|path| !path.as_os_str().is_empty());
        let answer = Duration::from_secs(mail.send_answer_seconds_max.clamp(1, 600));
        Ok(SmtpClientSettings {
            hostname: hostname.unwrap_or_else(|| domain.to_owned()),
            relay: mail.relay()?,
            port: mail.smtp_port,
            name_server: self.name_server(),
            http: ClientOptions {
                extra_ca_file: authorities.clone(),
                ..ClientOptions::default()
            },
            authorities,
            times: SmtpTimes {
                connect: answer.min(SmtpTimes::default().connect),
                answer,
                end_of_data: answer.saturating_mul(5),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> MailSettings {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn mail_is_from_the_domain_whose_keys_sign_it() {
        let from = |text: &str| settings(text).sending_terms("in.alpha.example");
        assert_eq!(
            from("").unwrap(),
            SendingTerms::of_domain("in.alpha.example")
        );
        let named = from("from = \"duty@IN.alpha.example\"").unwrap();
        assert_eq!(named.from, "duty@IN.alpha.example");
        assert!(from("from = \"duty@alpha.example\"").is_err());
        assert!(from("from = \"duty\"").is_err());
    }

    #[test]
    fn a_relay_is_a_host_and_a_port() {
        for (text, host, port) in [
            ("mail.alpha.example", "mail.alpha.example", 587),
            ("Mail.alpha.example:25", "mail.alpha.example", 25),
            ("127.0.0.1:2525", "127.0.0.1", 2525),
            ("[2001:db8::25]:25", "2001:db8::25", 25),
            ("2001:db8::25", "2001:db8::25", 587),
        ] {
            let relay = settings(&format!("relay = {text:?}"))
                .relay()
                .unwrap()
                .unwrap();
            assert_eq!((relay.host.as_str(), relay.port), (host, port));
        }
        for wrong in ["mail.alpha.example:smtp", ":25", "a b"] {
            assert!(
                settings(&format!("relay = {wrong:?}")).relay().is_err(),
                "{wrong}"
            );
        }
        let user = settings("relay = \"a.example\"\nrelay_user = \"alpha\"");
        assert!(user.relay().is_err());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, "a long word\n").unwrap();
        let user = MailSettings {
            relay_password_file: path,
            ..user
        };
        let relay = user.relay().unwrap().unwrap();
        assert_eq!(relay.password.as_ref().unwrap().as_str(), "a long word");
        assert!(!format!("{relay:?}").contains("a long word"));
    }
}

//! Mail that leaves: by SMTP to the hosts of the recipient's domain, or to the one relay of the settings.
//!
//! Written on sockets and `rustls` themselves: what protects a connection and what was said is evidence, and is recorded
//! ([decision 0031](../../../../docs/decisions/0031-sending-mail.md)).
//!
//! In scope: the loop, limits on how much is sent at once. Out of scope: what is due, when it is tried again, and the record
//! (`comity_node::mail::out::way`).
//! Limits: [`MAILS_MAX`] mails at once, [`DOMAIN_MAILS_MAX`] to one domain.

mod conversation;
mod delivery;
mod policy;
mod reply;
mod route;
#[cfg(test)]
mod tests;
mod tls;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use comity_node::mail::out::way::DueMail;
use comity_node::node::Node;
use comity_store::error::chain;
use hickory_resolver::TokioResolver;
use tokio::sync::watch;
use tokio::task::JoinSet;
use zeroize::Zeroizing;

use crate::dns::resolver;
use crate::http::{Client, ClientOptions, HttpError};
use tls::Trust;

/// Mails that are sent at once.
pub const MAILS_MAX: usize = 8;
/// Of them to one domain.
pub const DOMAIN_MAILS_MAX: usize = 2;
/// How long nobody looks for mail that is due, at the most.
const LOOK: Duration = Duration::from_secs(10);
/// How long mails that are being sent are waited for at the end.
const FINISH: Duration = Duration::from_secs(10);

/// How long each step may take. RFC 5321 section 4.5.3.2 has more for most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SmtpTimes {
    /// Until a connection stands.
    pub connect: Duration,
    /// Until an answer is heard, or a piece of a mail is taken.
    pub answer: Duration,
    /// Until it is said that a mail was taken: long, for who gives up too early sends it twice.
    pub end_of_data: Duration,
}

impl Default for SmtpTimes {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            answer: Duration::from_mins(2),
            end_of_data: Duration::from_mins(10),
        }
    }
}

/// The one server that takes all mail.
#[derive(Clone)]
pub struct Relay {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Who this node is there.
    pub user: Option<String>,
    /// And how it shows that.
    pub password: Option<Zeroizing<String>>,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = out.debug_struct("Relay");
        shown
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

impl Relay {
    fn credentials(&self) -> Option<(&str, &str)> {
        Some((self.user.as_deref()?, self.password.as_ref()?.as_str()))
    }
}

/// What the way out is told.
#[derive(Clone, Debug)]
pub struct SmtpClientSettings {
    /// What this node calls itself.
    pub hostname: String,
    /// The relay, if there is one.
    pub relay: Option<Relay>,
    /// The port of other mail servers.
    pub port: u16,
    /// The name server; those of the system, if none is named.
    pub name_server: Option<SocketAddr>,
    /// Authorities that are trusted beside those of the system, in PEM.
    pub authorities: Option<PathBuf>,
    /// How policies are read.
    pub http: ClientOptions,
    /// How long each step may take.
    pub times: SmtpTimes,
}

/// Why no mail leaves.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The authorities.
    #[error("cannot use the certificates in {path}: {reason}", path = path.display())]
    Authorities {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// TLS.
    #[error("cannot set up TLS: {0}")]
    Tls(String),
    /// The client that reads policies.
    #[error(transparent)]
    Http(#[from] HttpError),
}

/// What sends mail.
pub struct Sender {
    node: Node,
    settings: SmtpClientSettings,
    /// None on a machine that names no name servers: mail waits there, and whatever else the node does goes on.
    resolver: Result<TokioResolver, String>,
    http: Client,
    trust: Trust,
}

impl Sender {
    /// Sets it up.
    pub fn new(node: Node, settings: SmtpClientSettings) -> Result<Self, SendError> {
        Ok(Self {
            resolver: resolver(settings.name_server).map_err(|error| error.to_string()),
            http: policy::client(settings.http.clone())?,
            trust: Trust::read(settings.authorities.as_deref())?,
            node,
            settings,
        })
    }

    /// Sends what is due, until `stop` says so.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let sender = Arc::new(self);
        let mut due = sender.node.due().listen();
        let mut working = Working::default();
        if let Err(error) = blocking(&sender.node, Node::resume_sending).await {
            tracing::warn!(
                error,
                "mail that was being sent is sent again later than it could be"
            );
        }
        while !*stop.borrow() {
            due.mark_unchanged();
            let rest = working.begin_due(&sender).await;
            tokio::select! {
                _ = due.changed() => {}
                () = tokio::time::sleep(rest) => {}
                () = working.one_ends(), if !working.tasks.is_empty() => {}
                _ = stop.changed() => {}
            }
        }
        let finished = async {
            while !working.tasks.is_empty() {
                working.one_ends().await;
            }
        };
        // What is cut off here is sent again, with the same identifier.
        let _ = tokio::time::timeout(FINISH, finished).await;
        working.tasks.shutdown().await;
    }

    /// Claims a mail, sends it and records what came of it.
    async fn send(&self, id: String) -> Result<(), String> {
        let claimed = blocking(&self.node, move |node| node.claim_mail(&id)).await?;
        let Some(mail) = claimed else {
            return Ok(());
        };
        let tried = self.deliver(&mail).await;
        blocking(&self.node, move |node| node.mail_tried(&mail, &tried)).await
    }
}

/// Mails that are being sent.
#[derive(Default)]
struct Working {
    tasks: JoinSet<(DueMail, Result<(), String>)>,
    at_work: HashMap<String, String>,
}

impl Working {
    /// Begins to send what is due and has room; answers how long there is nothing to look for.
    async fn begin_due(&mut self, sender: &Arc<Sender>) -> Duration {
        let many = u64::try_from(MAILS_MAX * 16).unwrap_or(u64::MAX);
        let due = match blocking(&sender.node, move |node| node.mail_due(many)).await {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(error, "mail that is due was not looked up");
                return LOOK;
            }
        };
        for mail in due {
            let to_domain = self
                .at_work
                .values()
                .filter(|domain| **domain == mail.domain);
            if self.at_work.len() >= MAILS_MAX {
                break;
            }
            if to_domain.count() >= DOMAIN_MAILS_MAX || self.at_work.contains_key(&mail.id) {
                continue;
            }
            self.at_work.insert(mail.id.clone(), mail.domain.clone());
            let sender = Arc::clone(sender);
            self.tasks.spawn(async move {
                let sent = sender.send(mail.id.clone()).await;
                (mail, sent)
            });
        }
        match blocking(&sender.node, Node::next_mail_due).await {
            // What is due and has no room waits until a mail that is being sent is done.
            Ok(Some(micros)) if micros > 0 => {
                Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX)).min(LOOK)
            }
            Ok(_) | Err(_) => LOOK,
        }
    }

    async fn one_ends(&mut self) {
        match self.tasks.join_next().await {
            Some(Ok((mail, sent))) => {
                self.at_work.remove(&mail.id);
                if let Err(error) = sent {
                    tracing::warn!(mail = %mail.id, error, "what came of a mail was not recorded");
                }
            }
            Some(Err(_)) => {
                // Which one is not known: none is taken for being at work any more, and claims tell them apart.
                self.at_work.clear();
                tracing::error!("sending a mail panicked");
            }
            None => {}
        }
    }
}

/// Asks the node on a thread that may wait.
async fn blocking<T: Send + 'static>(
    node: &Node,
    work: impl FnOnce(&Node) -> Result<T, comity_node::mail::MailError> + Send + 'static,
) -> Result<T, String> {
    let node = node.clone();
    let done = tokio::task::spawn_blocking(move || work(&node)).await;
    done.map_err(|_| "the node panicked".to_owned())?
        .map_err(|error| chain(&error))
}

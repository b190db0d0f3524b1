//! The loop that has kept mails taken in: it asks DNS about each, and hands the answers to the node.
//!
//! Several mails wait for DNS at one time, so that a sender whose name server is slow holds up nobody else; fewer are opened at one time,
//! for that takes memory.
//!
//! In scope: the loop. Out of scope: what follows from a mail (`comity_node::mail::taking`), asking (`mail_authentication`).
//! Limits: [`AT_ONCE_MAX`] mails, of which [`OPENED_MAX`] are opened, [`REST`] between looks, the times of `mail_authentication`.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use comity_node::mail::MailError;
use comity_node::mail::taking::Begun;
use comity_node::node::Node;
use comity_store::error::chain;
use tokio::sync::{Semaphore, watch};
use tokio::task::{Id, JoinSet};

use crate::mail_authentication::{Authenticator, Origin};

/// Mails that are taken in at one time, each in memory as it came.
pub const AT_ONCE_MAX: usize = 8;
/// Mails that are opened at one time: half of what may be (`comity_mail::reading::WORKERS_MAX`), so that persons who read find room.
pub const OPENED_MAX: usize = 2;
/// How long the loop waits when nothing tells it that there is a mail: what was put off comes due without a word.
pub const REST: Duration = Duration::from_secs(5);

/// What the loop is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TakingSettings {
    /// This server's name, as SPF macros have it.
    pub own_name: String,
    /// Hosts that relay mail of others: where it came from is not known then, and SPF says nothing.
    pub relays: Vec<IpAddr>,
}

/// Takes mails in until `stop` says so. What was begun is finished.
pub async fn run(
    node: Node,
    authenticator: Arc<Authenticator>,
    settings: TakingSettings,
    mut stop: watch::Receiver<bool>,
) {
    let mut due = node.due().listen();
    let settings = Arc::new(settings);
    let opening = Arc::new(Semaphore::new(OPENED_MAX));
    let mut busy: HashMap<Id, String> = HashMap::new();
    let mut works: JoinSet<()> = JoinSet::new();
    while !*stop.borrow() {
        due.mark_unchanged();
        let more = next(&node, &busy).await;
        let found = !more.is_empty();
        for id in more {
            let one = One {
                node: node.clone(),
                authenticator: Arc::clone(&authenticator),
                settings: Arc::clone(&settings),
                opening: Arc::clone(&opening),
            };
            let task = works.spawn(one.run(id.clone()));
            busy.insert(task.id(), id);
        }
        tokio::select! {
            Some(ended) = works.join_next_with_id(), if !works.is_empty() => {
                let task = match &ended {
                    Ok((task, ())) => *task,
                    Err(error) => error.id(),
                };
                let mail = busy.remove(&task);
                if let Err(error) = ended {
                    // The node counts how often each was begun, and sets aside what ends so again and again.
                    tracing::error!(mail, %error, "taking a mail in ended badly");
                }
            }
            _ = due.changed(), if !found && busy.len() < AT_ONCE_MAX => {}
            _ = stop.changed() => {}
            () = tokio::time::sleep(REST) => {}
        }
    }
    while works.join_next().await.is_some() {}
}

/// Mails that are due and nobody works on, as many as there is room for.
async fn next(node: &Node, busy: &HashMap<Id, String>) -> Vec<String> {
    let room = AT_ONCE_MAX.saturating_sub(busy.len());
    if room == 0 {
        return Vec::new();
    }
    let asked = node.clone();
    let found = blocking(move || asked.mails_to_take(AT_ONCE_MAX)).await;
    match found {
        Ok(found) => {
            let begun = |id: &String| busy.values().any(|one| one == id);
            let free = found.into_iter().filter(|id| !begun(id));
            free.take(room).collect()
        }
        Err(error) => {
            tracing::warn!(error = %chain(&error), "mail not looked for");
            Vec::new()
        }
    }
}

/// One mail on its way in.
struct One {
    node: Node,
    authenticator: Arc<Authenticator>,
    settings: Arc<TakingSettings>,
    opening: Arc<Semaphore>,
}

impl One {
    async fn run(self, id: String) {
        if let Err(error) = self.take(&id).await {
            let why = chain(&error);
            tracing::warn!(mail = %id, error = %why, "mail not taken in");
            let (node, failed) = (self.node.clone(), id.clone());
            if let Err(error) = blocking(move || node.mail_failed(&failed, &why)).await {
                tracing::error!(mail = %id, error = %chain(&error), "mail not put off");
            }
        }
    }

    async fn take(&self, id: &str) -> Result<(), MailError> {
        let (node, wanted) = (self.node.clone(), id.to_owned());
        let Some(begun) = blocking(move || node.begin_mail(&wanted)).await? else {
            return Ok(());
        };
        let now = self.node.clock().now().div_euclid(1_000_000);
        let origin = self.origin(&begun);
        let said = self.authenticator.authenticate(&begun.raw, origin, now);
        let said = Box::pin(said).await;
        let node = self.node.clone();
        let _place = self.opening.acquire().await;
        blocking(move || node.take_mail(&begun, &said)).await?;
        Ok(())
    }

    fn origin<'b>(&'b self, begun: &'b Begun) -> Option<Origin<'b>> {
        let client = begun
            .client
            .filter(|client| !self.settings.relays.contains(client))?;
        Some(Origin {
            client,
            greeting: &begun.greeting,
            sender: &begun.sender,
            own_name: &self.settings.own_name,
        })
    }
}

/// Work on a thread that may wait.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, MailError> + Send + 'static,
) -> Result<T, MailError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or(Err(MailError::Store(
        comity_store::error::StoreError::Stopped,
    )))
}

//! Calling other nodes: two tasks a party, which say what is due and hear the answer: one for what is urgent, so that it never
//! waits for a call that carries something large, and one for everything else, heartbeats included.
//!
//! A party is called when something waits for it, when a heartbeat is due, and, where this node has no inbound port, always
//! again, so that what waits there comes at once. Failures are tried again, each later than the last, for ever.
//!
//! In scope: when to call, and the call. Out of scope: what is said (`comity-node`).
//! Limits: [`CALL_SECONDS_MAX`]; two calls a party at a time.

use std::collections::HashMap;
use std::time::Duration;

use comity_link::channel::Lane;
use comity_node::exchange::enrolment::Callee;
use comity_node::link::{LinkError, Way};
use comity_node::node::Node;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::http::{Client, Request, parse_url};

/// The media type of a batch.
const BATCH: &str = "application/vnd.comity.batch";
/// How long one call may take.
pub const CALL_SECONDS_MAX: u64 = 120;
/// How long the other side may keep a call that has nothing to hear.
const WAIT_SECONDS: u64 = 25;
/// The first pause after a failure.
const PAUSE: Duration = Duration::from_secs(1);
/// The shortest wait for what is due: whatever becomes of it, no party is called in circles.
const LEAST: Duration = Duration::from_millis(20);
/// The longest.
const PAUSE_MAX: Duration = Duration::from_mins(5);

/// How this node calls others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkSettings {
    /// Between two calls when nothing waits, where no accord says it.
    pub heartbeat: Duration,
    /// How soon a head that nobody cosigned yet, or whose cosignature the other side does not have, is told.
    pub settle: Duration,
    /// This node has no inbound port: it asks its partners all the time.
    pub polls: bool,
}

/// Calls every party that can be called, until `stop` says so.
pub async fn run(
    node: Node,
    http: Client,
    settings: LinkSettings,
    mut stop: watch::Receiver<bool>,
) {
    let mut callers: HashMap<String, String> = HashMap::new();
    let mut tasks = JoinSet::new();
    let mut due = node.due().listen();
    while !*stop.borrow() {
        due.mark_unchanged();
        let asker = node.clone();
        let parties = tokio::task::spawn_blocking(move || asker.callable()).await;
        for (party, url) in parties.ok().and_then(Result::ok).unwrap_or_default() {
            if callers.get(&party) == Some(&url) {
                continue;
            }
            callers.insert(party.clone(), url.clone());
            let caller = |line| Caller {
                node: node.clone(),
                http: http.clone(),
                settings,
                party: party.clone(),
                url: url.clone(),
                line,
            };
            tasks.spawn(caller(Line::Urgent).run(stop.clone()));
            tasks.spawn(caller(Line::Rest).run(stop.clone()));
        }
        tokio::select! {
            _ = due.changed() => {}
            _ = stop.changed() => {}
        }
        while tasks.try_join_next().is_some() {}
    }
    // Calls that are kept by the other side are not waited for.
    tasks.shutdown().await;
}

/// What a task is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// What is urgent, when there is something.
    Urgent,
    /// Everything else: it listens, keeps the heartbeat, and settles heads.
    Rest,
}

impl Line {
    fn lanes(self) -> &'static [Lane] {
        match self {
            Self::Urgent => &[Lane::Urgent],
            Self::Rest => &[Lane::Receipt, Lane::Normal, Lane::Bulk],
        }
    }
}

struct Caller {
    node: Node,
    http: Client,
    settings: LinkSettings,
    party: String,
    url: String,
    line: Line,
}

/// What the other side answered to a call.
enum Posted {
    /// A batch.
    Said(Vec<u8>),
    /// It takes nothing from this party.
    NotEnrolled,
}

/// Whether a refusal says that the exchange was suspended or ended there.
fn is_not_enrolled(body: &[u8]) -> bool {
    let said: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    said.is_some_and(|said| said.get("code").is_some_and(|code| code == "not-enrolled"))
}

enum Called {
    /// Said and heard.
    Done {
        /// Whether there is more to say already.
        more: bool,
    },
    /// This party is not to be called, or takes nothing.
    NotNow,
    /// Its address changed: another caller took over.
    Moved,
    Failed(String),
}

impl Caller {
    async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut due = self.node.due().listen();
        let mut pause = PAUSE;
        while !*stop.borrow() {
            due.mark_unchanged();
            let stood = self.callee().await;
            if self.line == Line::Urgent && !self.something_waits().await {
                tokio::select! {
                    () = self.woken(&mut due, stood.as_ref()) => {}
                    _ = stop.changed() => {}
                }
                continue;
            }
            // A call that says nothing only waits for the other side; it gives way to something to say. One that says
            // something is answered at once, else what comes up meanwhile would wait behind it.
            let only_listens =
                self.line == Line::Rest && self.settings.polls && self.is_idle().await;
            let called = tokio::select! {
                called = self.call(stood.as_ref(), only_listens) => called,
                () = self.woken(&mut due, stood.as_ref()), if only_listens => continue,
                _ = stop.changed() => return,
            };
            match called {
                Called::Done { more: true } => pause = PAUSE,
                Called::Done { more: false } => {
                    pause = PAUSE;
                    if self.settings.polls && self.line == Line::Rest && self.is_idle().await {
                        continue;
                    }
                    tokio::select! {
                        () = self.woken(&mut due, stood.as_ref()) => {}
                        () = tokio::time::sleep(self.heartbeat()) => {}
                        _ = stop.changed() => {}
                    }
                }
                Called::NotNow => tokio::select! {
                    () = self.called_for(&mut due, stood.as_ref()) => {}
                    () = tokio::time::sleep(self.heartbeat()) => {}
                    _ = stop.changed() => {}
                },
                Called::Moved => return,
                Called::Failed(reason) => {
                    self.node.link().call_failed(&self.party);
                    tracing::warn!(party = %self.party, reason, "call failed");
                    // Word of new envelopes does not cut the pause short: the other side is not there.
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        _ = stop.changed() => {}
                    }
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
    }

    /// Between two calls when nothing waits.
    fn heartbeat(&self) -> Duration {
        let agreed = self.node.link().heartbeat(&self.party);
        agreed.unwrap_or(self.settings.heartbeat)
    }

    /// Waits until there is something for this party: word of it came, or its time did.
    async fn woken(&self, due: &mut watch::Receiver<u64>, stood: Option<&Callee>) {
        let heartbeat = self.heartbeat();
        let mut at = None;
        loop {
            let soon = self.until_due().await.map(|soon| Instant::now() + soon);
            // Word of what is for others does not put off what is due here.
            at = at.into_iter().chain(soon).min();
            let time = async {
                match at {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                ours = self.is_ours(due, stood, heartbeat) => if ours {
                    return;
                },
                () = time => return,
            }
        }
    }

    /// Waits for word that there is work: whether some of it is for this party, an accord changed the heartbeat, or the enrolment stands
    /// otherwise than it stood: the other side learns that the exchange was resumed by being called, whether or not anything waits.
    async fn is_ours(
        &self,
        due: &mut watch::Receiver<u64>,
        stood: Option<&Callee>,
        heartbeat: Duration,
    ) -> bool {
        if due.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        self.something_waits().await
            || self.heartbeat() != heartbeat
            || self.callee().await.as_ref() != stood
    }

    /// Waits for word alone: to a party that is not to be called nothing is due.
    async fn called_for(&self, due: &mut watch::Receiver<u64>, stood: Option<&Callee>) {
        let heartbeat = self.heartbeat();
        while !self.is_ours(due, stood, heartbeat).await {}
    }

    /// How the enrolment of the party stands, and where it is called.
    async fn callee(&self) -> Option<Callee> {
        let (node, party) = (self.node.clone(), self.party.clone());
        let callee = tokio::task::spawn_blocking(move || node.callee(&party)).await;
        callee.ok().and_then(Result::ok).flatten()
    }

    /// Whether there is nothing to say, heads and their cosignatures included.
    async fn is_idle(&self) -> bool {
        let (node, party) = (self.node.clone(), self.party.clone());
        let idle = tokio::task::spawn_blocking(move || {
            let now = node.clock().now();
            let link = node.link();
            Ok::<_, LinkError>(
                !link.has_more(&party, Line::Rest.lanes(), now)?
                    && !link.has_unsettled_head(&party)?,
            )
        });
        matches!(idle.await, Ok(Ok(true)))
    }

    async fn something_waits(&self) -> bool {
        let (node, party, line) = (self.node.clone(), self.party.clone(), self.line);
        let waits = tokio::task::spawn_blocking(move || {
            let now = node.clock().now();
            node.link().has_more(&party, line.lanes(), now)
        });
        matches!(waits.await, Ok(Ok(true)))
    }

    /// How long nothing is due as things stand: no envelope, no receipt, and no head that is to be settled. None when nothing
    /// waits at all.
    async fn until_due(&self) -> Option<Duration> {
        let (node, party, line) = (self.node.clone(), self.party.clone(), self.line);
        let next = tokio::task::spawn_blocking(move || {
            let now = node.clock().now();
            let due = node.link().next_due(&party, line.lanes(), now)?;
            let unsettled = line == Line::Rest && node.link().has_unsettled_head(&party)?;
            Ok::<_, LinkError>((due.map(|due| due - now), unsettled))
        });
        let (due, unsettled) = next.await.ok()?.ok()?;
        let due = due.map(|micros| Duration::from_micros(u64::try_from(micros).unwrap_or(0)));
        let settle = if self.settings.polls {
            PAUSE
        } else {
            self.settings.settle
        };
        let soon = due.into_iter().chain(unsettled.then_some(settle)).min();
        soon.map(|soon| soon.max(LEAST))
    }

    async fn call(&self, stood: Option<&Callee>, only_listens: bool) -> Called {
        if stood.is_some_and(|known| known.url.as_ref() != Some(&self.url)) {
            return Called::Moved;
        }
        let (node, party, line) = (self.node.clone(), self.party.clone(), self.line);
        let batch = tokio::task::spawn_blocking(move || {
            let now = node.clock().now();
            node.link().collect(&party, line.lanes(), None, now)
        });
        let batch = match batch.await {
            Ok(Ok(batch)) => batch,
            Ok(Err(LinkError::NotEnrolled { .. })) => return Called::NotNow,
            Ok(Err(error)) => return Called::Failed(comity_node::link::chain(&error)),
            Err(_) => return Called::Failed("the node panicked".to_owned()),
        };
        let answer = match self.post(batch, only_listens).await {
            Ok(Posted::Said(answer)) => answer,
            Ok(Posted::NotEnrolled) => {
                let (node, party) = (self.node.clone(), self.party.clone());
                let _ = tokio::task::spawn_blocking(move || node.refused_by(&party)).await;
                return Called::NotNow;
            }
            Err(reason) => return Called::Failed(reason),
        };
        let (node, party, line) = (self.node.clone(), self.party.clone(), self.line);
        let taken = tokio::task::spawn_blocking(move || {
            let now = node.clock().now();
            let taken = node.link().take(&answer, Way::Call, now)?;
            node.heard(Some(&taken));
            let more = node.link().has_more(&party, line.lanes(), now)?;
            Ok::<_, LinkError>(more)
        });
        match taken.await {
            Ok(Ok(more)) => Called::Done { more },
            Ok(Err(error)) => Called::Failed(comity_node::link::chain(&error)),
            Err(_) => Called::Failed("the node panicked".to_owned()),
        }
    }

    async fn post(&self, batch: Vec<u8>, only_listens: bool) -> Result<Posted, String> {
        let url = format!("{}/link/v1/batches", self.url.trim_end_matches('/'));
        let url = parse_url(&url).map_err(|error| error.to_string())?;
        let request = Request {
            method: reqwest::Method::POST,
            url,
            accept: BATCH,
            body: Some((BATCH, batch.into())),
            credentials: None,
            repeatable: false,
            wait_seconds: only_listens.then_some(WAIT_SECONDS),
        };
        let sent = self.http.send(&request);
        let answer = tokio::time::timeout(Duration::from_secs(CALL_SECONDS_MAX), sent).await;
        let answer = answer.map_err(|_| "the call took too long".to_owned())?;
        let answer = answer.map_err(|error| comity_node::link::chain(&error))?;
        if answer.status == 200 {
            Ok(Posted::Said(answer.body.to_vec()))
        } else if answer.status == 403 && is_not_enrolled(&answer.body) {
            Ok(Posted::NotEnrolled)
        } else {
            let said = String::from_utf8_lossy(answer.body.get(..200).unwrap_or(&answer.body))
                .into_owned();
            Err(format!(
                "the other side answered {}: {}",
                answer.status,
                said.trim()
            ))
        }
    }
}

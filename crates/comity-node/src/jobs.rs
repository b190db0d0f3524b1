//! Work in the background: applying what came, judging what is shared as it grows, checking points of contact.
//!
//! In scope: the loop. Out of scope: the work (`exchange`), calling other nodes (`comity-transport`).

use std::time::Duration;

use tokio::sync::watch;

use crate::case::threads::flat;
use crate::contact::Schedule;
use crate::exchange::ExchangeError;
use crate::node::Node;

/// How long the loop waits when nothing tells it that there is work; nodes that share a database tell each other nothing.
const REST: Duration = Duration::from_secs(5);

/// How often what has been kept long enough is forgotten, microseconds: once a day.
const FORGET_MICROS: i64 = 86_400_000_000;

/// Works until `stop` says so.
pub async fn run(node: Node, schedule: Schedule, mut stop: watch::Receiver<bool>) {
    let mut due = node.due().listen();
    let mut forgot = None;
    while !*stop.borrow() {
        due.mark_unchanged();
        let doer = node.clone();
        let now = node.clock().now();
        if forgot.is_none_or(|then| now - then >= FORGET_MICROS) {
            forgot = Some(now);
            let forgetful = node.clone();
            let done = tokio::task::spawn_blocking(move || forgetful.forget_ended()).await;
            if let Ok(Err(error)) = done {
                tracing::warn!(error = %comity_store::error::chain(&error), "nothing forgotten");
            }
        }
        let mut rest = REST;
        match tokio::task::spawn_blocking(move || turn(&doer, &schedule)).await {
            Ok(Ok((0, until))) => rest = rest.min(until),
            Ok(Ok(_)) => continue,
            Ok(Err(error)) => {
                tracing::warn!(error = %comity_store::error::chain(&error), "background work failed");
            }
            Err(_) => tracing::error!("background work panicked"),
        }
        tokio::select! {
            _ = due.changed() => {}
            _ = stop.changed() => {}
            () = tokio::time::sleep(rest) => {}
        }
    }
}

/// One turn with the checks that this node makes of its own accord, and when the next one is due at the latest. A check that cannot be made
/// keeps nothing else from being done.
fn turn(node: &Node, schedule: &Schedule) -> Result<(usize, Duration), ExchangeError> {
    let checked = node.checks_due(schedule).unwrap_or_else(|error| {
        tracing::warn!(error = %comity_store::error::chain(&error), "contacts not checked");
        0
    });
    let done = checked + work(node)?;
    if done > 0 {
        return Ok((done, Duration::ZERO));
    }
    let leaves = node.leaves_in()?;
    let until = leaves.map_or(REST, |micros| {
        // A moment later, so that it is past and not just now.
        Duration::from_micros(u64::try_from(micros).unwrap_or(0) + 10_000)
    });
    Ok((done, until))
}

/// One turn; answers how much was done.
pub fn work(node: &Node) -> Result<usize, ExchangeError> {
    let applied = node.apply_inbox()?;
    node.follow_accords()?;
    let released = node.close_due()? + node.release_due()?;
    let items = node.finish_items().map_err(flat)?;
    Ok(applied + node.threads_due()? + released + node.deposit_due()? + items)
}

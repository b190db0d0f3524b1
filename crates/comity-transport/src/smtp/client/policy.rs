//! What a domain demands of whoever sends mail to it: MTA-STS (RFC 8461), asked for, kept, and asked for anew when its name changes.
//!
//! A policy that is known and holds is used while another one cannot be read: who cuts the way to it does not take the demand away.
//!
//! In scope: the record, the policy over HTTPS, and the node's memory of it. Out of scope: their text (`comity_mail::sts`).
//! Limits: [`READ_MAX`] for reading one, `POLICY_BYTES_MAX` of it.

use std::time::Duration;

use comity_mail::dns::POLICY_PATH;
use comity_mail::sts::{Mode, POLICY_BYTES_MAX, Policy, record_id};
use comity_node::node::Node;
use comity_store::error::chain;
use hickory_resolver::TokioResolver;

use crate::dns::texts;
use crate::http::{Client, ClientOptions, HttpError, Request, parse_url};

/// How long reading a policy may take (RFC 8461 section 3.3 has a minute).
pub(super) const READ_MAX: Duration = Duration::from_mins(1);

/// The client by which policies are read: no redirects (RFC 8461 section 3.3), one try.
pub(super) fn client(options: ClientOptions) -> Result<Client, HttpError> {
    Client::new(ClientOptions {
        total_timeout: READ_MAX,
        read_timeout: READ_MAX,
        answer_bytes_max: POLICY_BYTES_MAX,
        redirects_max: 0,
        attempts_max: 1,
        plain_http: false,
        ..options
    })
}

/// What a domain demands; none: nothing.
pub(super) async fn of_domain(
    node: &Node,
    (resolver, http): (&TokioResolver, &Client),
    domain: &str,
) -> Result<Option<Policy>, String> {
    let known = remembered(node, domain).await?;
    let found = texts(resolver, &format!("_mta-sts.{domain}")).await;
    let id = found.ok().and_then(|texts| record_id(&texts));
    let policy = match (id, known) {
        (None, known) => known.map(|(_, policy)| policy),
        (Some(id), Some((before, policy))) if id == before => Some(policy),
        (Some(id), known) => {
            let url = format!("https://mta-sts.{domain}{POLICY_PATH}");
            match read(http, &url).await {
                Ok(policy) => {
                    keep(node, domain, (&id, &policy)).await?;
                    Some(policy)
                }
                Err(reason) => {
                    tracing::warn!(domain, reason, "policy of MTA-STS not read");
                    known.map(|(_, policy)| policy)
                }
            }
        }
    };
    Ok(policy.filter(|policy| policy.mode != Mode::None))
}

/// Reads a policy.
pub(super) async fn read(http: &Client, url: &str) -> Result<Policy, String> {
    let request = Request {
        method: reqwest::Method::GET,
        url: parse_url(url).map_err(|error| chain(&error))?,
        accept: "text/plain",
        body: None,
        credentials: None,
        repeatable: false,
        wait_seconds: None,
    };
    let answer = http.send(&request).await.map_err(|error| chain(&error))?;
    if answer.status != 200 {
        return Err(format!("{url} answers {}", answer.status));
    }
    let kind = answer.header("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("text/plain") {
        return Err(format!("{url} is {kind:?}, and no text/plain"));
    }
    let text = std::str::from_utf8(&answer.body).map_err(|_| format!("{url} is no text"))?;
    Policy::read(text).map_err(|error| error.to_string())
}

async fn remembered(node: &Node, domain: &str) -> Result<Option<(String, Policy)>, String> {
    let (node, domain) = (node.clone(), domain.to_owned());
    let known = tokio::task::spawn_blocking(move || node.sts_known(&domain)).await;
    known
        .map_err(|_| "the node panicked".to_owned())?
        .map_err(|error| chain(&error))
}

async fn keep(node: &Node, domain: &str, (id, policy): (&str, &Policy)) -> Result<(), String> {
    let (node, domain) = (node.clone(), domain.to_owned());
    let (id, policy) = (id.to_owned(), policy.clone());
    let kept = tokio::task::spawn_blocking(move || node.sts_read(&domain, &id, &policy)).await;
    kept.map_err(|_| "the node panicked".to_owned())?
        .map_err(|error| chain(&error))
}

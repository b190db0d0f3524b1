//! A form with a file in it, read as it comes: its fields first, then the bytes of the file, which are never all in memory.
//!
//! In scope: reading, and refusing what another site made. Out of scope: cutting (`multipart`), storing (`comity-node`).
//! Limits: [`FIELDS_BYTES_MAX`] for the fields; [`FILES_MAX`] files that come and go at once; [`IDLE_SECONDS`] without a byte, and the pace
//! of `comity_node::operation::along` over the whole; what a file may hold is the node's to say.

use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use comity_node::operation::along::{Giver, Pace};
use comity_store::attachment::item::ITEM_BYTES_MAX;
use http::Request;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt as _;

use crate::fields::Fields;
use crate::form;
use crate::frame::Fault;
use crate::multipart::{Multipart, Next};
use crate::visit::Visit;

/// What the fields of a form may hold together, in bytes, and what stands between its parts.
const FIELDS_BYTES_MAX: usize = 256 * 1024;
/// Files that come and go at once: each has a thread that waits for it.
pub(crate) const FILES_MAX: usize = 8;
/// How long the next bytes may take.
const IDLE_SECONDS: u64 = 30;
/// What is read of a file that is not wanted, so that the browser reads the answer.
const DRAINED_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How long that may take.
const DRAINED_SECONDS: u64 = 10;

/// A form that is being read.
pub(crate) struct Upload {
    body: Body,
    multipart: Multipart,
    pace: Pace,
}

impl Upload {
    /// A post with a file that a page of this node made, as far as its head tells.
    pub(crate) fn open(visit: &Visit, request: Request<Body>) -> Result<Self, Fault> {
        let (parts, body) = request.into_parts();
        if !form::is_own(&parts.headers, &visit.host) {
            return Err(Fault::Foreign);
        }
        let kind = parts.headers.get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let multipart = Multipart::new(kind).ok_or(Fault::Form)?;
        Ok(Self {
            body,
            multipart,
            pace: Pace::begin(),
        })
    }

    /// The fields in front of the file of this name; they must hold the number of the session.
    pub(crate) async fn fields(&mut self, visit: &Visit, file: &str) -> Result<Fields, Fault> {
        let mut fields: Vec<(String, Vec<u8>)> = Vec::new();
        let mut held = 0;
        let chosen = loop {
            match self.next().await? {
                Next::Part {
                    name,
                    file: Some(chosen),
                } if name == file => break chosen,
                Next::Part { name, file: None } => {
                    held += name.len();
                    fields.push((name, Vec::new()));
                }
                Next::Bytes(bytes) => {
                    held += bytes.len();
                    let Some((_, value)) = fields.last_mut().filter(|_| held <= FIELDS_BYTES_MAX)
                    else {
                        return Err(Fault::TooLarge);
                    };
                    value.extend(bytes);
                }
                // Without a file, or with another one, it is another form.
                Next::Part { .. } | Next::End | Next::More => return Err(Fault::Form),
            }
        };
        let fields = fields.into_iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(&value).into_owned();
            (name, value)
        });
        let fields = Fields::of(fields);
        form::check_token(visit, &fields)?;
        if chosen.is_empty() {
            // A browser sends a file without a name where none was chosen. What is not a name says nothing, and is not kept.
            return Err(Fault::Form);
        }
        Ok(fields)
    }

    /// Whether the file is longer than the node takes, as far as the browser said how long all of it is.
    pub(crate) fn is_too_large(&self) -> bool {
        let slack = u64::try_from(FIELDS_BYTES_MAX).unwrap_or(u64::MAX);
        self.body.size_hint().lower() > ITEM_BYTES_MAX.saturating_add(slack)
    }

    /// Gives the bytes of the file on, which must be all that is left of the form. Where nobody wants them any more, it is for whoever
    /// did not to say why.
    pub(crate) async fn give(&mut self, giver: Giver) -> Result<(), Fault> {
        loop {
            match self.next().await? {
                Next::Bytes(bytes) => {
                    if !giver.give(Bytes::from(bytes)).await {
                        self.drain().await;
                        return Ok(());
                    }
                }
                Next::End => {
                    giver.end().await;
                    return Ok(());
                }
                // A second file would be lost without a word.
                Next::Part { .. } | Next::More => return Err(Fault::Form),
            }
        }
    }

    /// Reads what is left, as far as that is bearable.
    pub(crate) async fn drain(&mut self) {
        let rest = async {
            let mut drained = 0;
            while drained < DRAINED_BYTES_MAX {
                match self.next().await {
                    Ok(Next::Bytes(bytes)) => drained += bytes.len(),
                    Ok(Next::Part { .. }) => {}
                    Ok(Next::End | Next::More) | Err(_) => return,
                }
            }
        };
        // Too slow: then the connection ends with the answer.
        let _ = tokio::time::timeout(Duration::from_secs(DRAINED_SECONDS), rest).await;
    }

    /// What comes next, never [`Next::More`].
    async fn next(&mut self) -> Result<Next, Fault> {
        loop {
            match self.multipart.advance().map_err(|_| Fault::Form)? {
                Next::More => {}
                next @ (Next::Part { .. } | Next::Bytes(_) | Next::End) => return Ok(next),
            }
            let limit = Duration::from_secs(IDLE_SECONDS);
            let frame = tokio::time::timeout(limit, self.body.frame()).await;
            let frame = frame.map_err(|_| Fault::Form)?;
            // What ends before its last boundary broke off.
            let frame = frame.ok_or(Fault::Form)?.map_err(|_| Fault::Form)?;
            let bytes = frame.into_data().unwrap_or_default();
            if !self.pace.holds(bytes.len()) {
                return Err(Fault::Form);
            }
            self.multipart.push(&bytes);
        }
    }
}

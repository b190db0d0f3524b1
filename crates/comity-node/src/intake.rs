//! Intake: the one way by which objects come in, whatever the channel.
//!
//! Each object is admitted or refused by itself: good ones beside a bad one are kept, and the answer says which failed
//! and why. What is answered is durable.
//!
//! In scope: reading an envelope, admitting its objects, recording them. Out of scope: HTTP, files (`comity-formats`).

use std::collections::BTreeSet;

use comity_stix::admission::{Admitted, admit};
use comity_stix::envelope::{self, EnvelopeError};
use comity_store::error::StoreError;
use comity_store::objects::status::{Detail, Status};
use comity_store::objects::{AppendRequest, NewObject, Outcome, ViewId, WriteRequest, Written};
use comity_store::state::collection::Collection;
use uuid::Uuid;

use crate::clock::new_uuid;
use crate::collection::CollectionError;
use crate::exchange::ExchangeError;
use crate::node::Node;

/// Why nothing of a request was taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IntakeError {
    /// The collection cannot be written to.
    #[error(transparent)]
    Collection(#[from] CollectionError),
    /// The body is no envelope.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// Whether it is bound to persons cannot be found out.
    #[error("cannot find out for whom the objects are")]
    Persons(#[source] Box<ExchangeError>),
    /// The store failed.
    #[error("cannot record the objects")]
    Store(#[from] StoreError),
}

impl From<ExchangeError> for IntakeError {
    fn from(error: ExchangeError) -> Self {
        if let ExchangeError::Store(error) = error {
            Self::Store(error)
        } else {
            Self::Persons(Box::new(error))
        }
    }
}

/// What became of a batch of objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// How many are new.
    pub added: u64,
    /// How many were there already.
    pub unchanged: u64,
    /// Which were refused, and why; `version` is empty here.
    pub failures: Vec<Detail>,
}

impl Taken {
    /// This and what became of more.
    pub(crate) fn join(&mut self, more: Self) {
        self.added += more.added;
        self.unchanged += more.unchanged;
        self.failures.extend(more.failures);
    }
}

/// The objects of an envelope, ready to be recorded.
#[derive(Debug)]
pub struct Admitting {
    request: AppendRequest,
    /// Where something may be bound to persons: the collection and the account that adds it.
    apart: Option<(Collection, String)>,
}

impl Node {
    /// Reads an envelope and admits its objects into a collection that the caller may write to
    /// ([`Self::writable_collection`]). With a large body work for a thread that may be busy a while.
    pub fn admit_envelope(
        &self,
        collection: &Collection,
        account: &str,
        body: &[u8],
    ) -> Result<Admitting, IntakeError> {
        let slices = envelope::read(body, &self.inner.limits.envelope)?;
        // What a party posts stands in a view of its own, and is sorted when it enters the collection.
        let own = collection.party.is_none();
        let apart = own && self.may_be_closed(collection, slices.iter().copied());
        let (objects, refused) = self.admit_all(slices.into_iter().map(str::to_owned));
        let request = self.append_request(collection.writes(), Some(new_uuid()), objects, refused);
        let apart = apart.then(|| (collection.clone(), account.to_owned()));
        Ok(Admitting { request, apart })
    }

    /// Records what [`Self::admit_envelope`] made ready and answers its status, once it is durable.
    pub async fn record(&self, admitting: Admitting) -> Result<Status, IntakeError> {
        let request = match admitting.apart {
            None => admitting.request,
            Some((collection, account)) => {
                let node = self.clone();
                let work = move || node.record_closed(&collection, &account, admitting.request);
                tokio::task::spawn_blocking(work)
                    .await
                    .unwrap_or(Err(StoreError::Stopped.into()))?
            }
        };
        let written = self.write_async(WriteRequest::Append(request)).await?;
        self.due().tell();
        match written {
            Written::Appended {
                status: Some(status),
                ..
            } => Ok(status),
            Written::Appended { .. } | Written::Removed { .. } => Err(StoreError::Stopped.into()),
        }
    }

    /// Records what of a request is bound to persons, for the account that adds it; answers the rest, which tells of it.
    fn record_closed(
        &self,
        collection: &Collection,
        account: &str,
        mut request: AppendRequest,
    ) -> Result<AppendRequest, IntakeError> {
        let texts = request.objects.iter().map(|object| object.json.clone());
        let apart = self.apart(collection, texts.collect())?;
        if apart.closed.is_empty() {
            return Ok(request);
        }
        let closed: BTreeSet<&str> = apart.closed.iter().map(String::as_str).collect();
        let (mine, rest): (Vec<_>, Vec<_>) = request
            .objects
            .into_iter()
            .partition(|object| closed.contains(object.json.as_str()));
        request.objects = rest;
        let readers = [account.to_owned()];
        let taken = self.take_closed(collection, &apart.closed, false, &readers)?;
        let failed: BTreeSet<&str> = taken.failures.iter().map(|one| one.id.as_str()).collect();
        for object in &mine {
            let id = object.admitted.id.to_string();
            let version = object.admitted.version.as_ref();
            let version = version.map_or_else(|| self.now_text(), |version| version.text.clone());
            let failure = taken.failures.iter().find(|one| one.id == id);
            let message = failure.and_then(|one| one.message.clone());
            let list = if failed.contains(id.as_str()) {
                &mut request.refused
            } else {
                &mut request.recorded
            };
            list.push(Detail {
                id,
                version,
                message,
            });
        }
        Ok(request)
    }

    /// Takes a batch of objects into a view.
    ///
    /// With `only_new_ids` an object whose id is there already, in any version, counts as unchanged.
    pub(crate) fn take(
        &self,
        view: ViewId,
        objects: Vec<String>,
        only_new_ids: bool,
    ) -> Result<Taken, IntakeError> {
        let (admitted, refused) = self.admit_all(objects.into_iter());
        let mut taken = Taken {
            failures: refused,
            ..Taken::default()
        };
        if admitted.is_empty() {
            return Ok(taken);
        }
        let ids: Vec<String> = admitted
            .iter()
            .map(|object| object.admitted.id.to_string())
            .collect();
        let mut request = self.append_request(view, None, admitted, Vec::new());
        request.only_new_ids = only_new_ids;
        let Written::Appended { outcomes, .. } = self.write(WriteRequest::Append(request))? else {
            return Err(StoreError::Stopped.into());
        };
        self.due().tell();
        for (outcome, id) in outcomes.into_iter().zip(ids) {
            match outcome {
                Outcome::Added => taken.added += 1,
                Outcome::Unchanged => taken.unchanged += 1,
                Outcome::Differs => taken.failures.push(Detail {
                    id,
                    version: String::new(),
                    message: Some(
                        "the collection holds another object under this id and version; it was kept as it is".to_owned(),
                    ),
                }),
            }
        }
        Ok(taken)
    }

    fn append_request(
        &self,
        view: ViewId,
        status: Option<Uuid>,
        objects: Vec<NewObject>,
        refused: Vec<Detail>,
    ) -> AppendRequest {
        AppendRequest {
            view,
            status,
            requested: self.inner.clock.now(),
            objects,
            refused,
            recorded: Vec::new(),
            only_new_ids: false,
        }
    }

    /// Admits objects one by one; what is refused is told by id, or by place where there is none.
    fn admit_all(&self, texts: impl Iterator<Item = String>) -> (Vec<NewObject>, Vec<Detail>) {
        let mut objects = Vec::with_capacity(texts.size_hint().0);
        let mut refused = Vec::new();
        for (text, place) in texts.zip(1_u64..) {
            match admit(&text, &self.inner.limits.object) {
                Ok(admitted) => objects.push(NewObject {
                    json: text,
                    admitted,
                }),
                Err(error) => {
                    let id = error
                        .object()
                        .map_or_else(|| format!("object {place} of the request"), str::to_owned);
                    let version = refused_version(&text).unwrap_or_else(|| self.now_text());
                    refused.push(Detail {
                        id,
                        version,
                        message: Some(error.to_string()),
                    });
                }
            }
        }
        (objects, refused)
    }

    fn now_text(&self) -> String {
        comity_stix::timestamp::Timestamp::from_micros(self.inner.clock.now())
            .map_or_else(String::new, |now| now.to_string())
    }
}

/// The version that a refused object names, when that much of it can be read: TAXII 2.1 section 4.3.1 asks for it.
fn refused_version(text: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    let named = value
        .get("modified")
        .or_else(|| value.get("created"))?
        .as_str()?;
    comity_stix::timestamp::Timestamp::parse(named).ok()?;
    Some(named.to_owned())
}

/// What admission reads out of an object, for callers that have only its text.
pub(crate) fn read_object(node: &Node, json: &str) -> Option<Admitted> {
    admit(json, &node.inner.limits.object).ok()
}

//! The clients: several connections that post one envelope after the other until the node goes away.
//!
//! In scope: what was sent, and what of it was acknowledged. Out of scope: looking whether it is there (`paged`).

use std::collections::HashMap;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::bench::client::{Answer, Connection};
use crate::bench::objects::{Numbers, object};
use crate::crash::node::Node;
use crate::failure::Failure;

/// Clients that post at the same time.
const CLIENTS: u64 = 4;
/// Most objects in an envelope.
const OBJECTS_MAX: u64 = 200;
/// How long a client waits when the node says that it cannot at the moment.
const AGAIN: Duration = Duration::from_millis(10);

/// One object, and whether the node acknowledged it.
pub(super) struct Object {
    pub(super) text: String,
    pub(super) acknowledged: bool,
}

/// What clients posted until the node went away.
pub(super) struct Posted(Vec<Object>);

/// A client at work.
pub(super) type Client = JoinHandle<Result<Vec<Object>, Failure>>;

/// Objects that were sent and have not been seen in the collection yet, by id.
#[derive(Default)]
pub(super) struct Sent(HashMap<String, Object>);

/// Starts the clients.
pub(super) fn start(node: &Node, seed: u64) -> Result<Vec<Client>, Failure> {
    (0..CLIENTS)
        .map(|client| {
            let connection = node.connect()?;
            let head = node.head("POST", "objects/");
            let seed = seed.wrapping_add(client);
            Ok(std::thread::spawn(move || post(connection, &head, seed)))
        })
        .collect()
}

/// Waits for the clients, after the node was killed.
pub(super) fn join(clients: Vec<Client>) -> Result<Posted, Failure> {
    let mut all = Vec::new();
    for client in clients {
        let posted = client
            .join()
            .map_err(|_| Failure::new("a client panicked"))?;
        all.extend(posted?);
    }
    Ok(Posted(all))
}

/// Posts until the connection breaks.
fn post(mut connection: Connection, head: &str, seed: u64) -> Result<Vec<Object>, Failure> {
    let mut numbers = Numbers::new(seed);
    let mut sent = Vec::new();
    let mut next = 0;
    loop {
        let count = 1 + numbers.next() % OBJECTS_MAX;
        let objects: Vec<String> = (next..next + count).map(|n| object(seed, n)).collect();
        next += count;
        let envelope = format!("{{\"objects\":[{}]}}", objects.join(","));
        let answer = connection.ask(head, envelope.as_bytes());
        let acknowledged = match &answer {
            Ok(answer) => is_acknowledged(answer, objects.len())?,
            Err(_) => false,
        };
        sent.extend(
            objects
                .into_iter()
                .map(|text| Object { text, acknowledged }),
        );
        match answer {
            Err(_) => return Ok(sent),
            Ok(_) if acknowledged => {}
            Ok(_) => std::thread::sleep(AGAIN),
        }
    }
}

/// Whether the node says that it has all of them. That it cannot at the moment is no failure of the test.
fn is_acknowledged(answer: &Answer, count: usize) -> Result<bool, Failure> {
    let text = String::from_utf8_lossy(&answer.body);
    match answer.status {
        202 => {
            let status: serde_json::Value = serde_json::from_str(&text)
                .map_err(|error| Failure::new(format!("a status that is not JSON: {error}")))?;
            let is = |name: &str, value: serde_json::Value| status.get(name) == Some(&value);
            if is("status", "pending".into()) {
                return Ok(false);
            }
            if is("status", "complete".into()) && is("success_count", count.into()) {
                return Ok(true);
            }
            Err(Failure::new(format!("{count} objects sent, told: {text}")))
        }
        500..600 | 429 => Ok(false),
        other => Err(Failure::new(format!("POST answered {other}: {text}"))),
    }
}

impl Posted {
    /// How many objects were acknowledged.
    pub(super) fn acknowledged(&self) -> u64 {
        let count = self.0.iter().filter(|object| object.acknowledged).count();
        u64::try_from(count).unwrap_or(u64::MAX)
    }
}

impl Sent {
    /// Adds what was posted.
    pub(super) fn add(&mut self, posted: Posted) {
        for object in posted.0 {
            if let Some(id) = id_of(&object.text) {
                self.0.insert(id, object);
            }
        }
    }

    /// Takes out an object that was seen.
    pub(super) fn take(&mut self, id: &str) -> Option<Object> {
        self.0.remove(id)
    }

    /// An id that was acknowledged and not seen. The rest is forgotten: the next start cannot bring it back.
    pub(super) fn lost(&mut self) -> Vec<String> {
        let lost = |(id, object): (String, Object)| object.acknowledged.then_some(id);
        self.0.drain().filter_map(lost).collect()
    }
}

/// The id of an object.
pub(super) fn id_of(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("\"id\":\"")?;
    rest.split_once('"').map(|(id, _)| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_acknowledged_and_not_seen_is_lost() {
        let mut sent = Sent::default();
        let of = |n: u64, acknowledged| Object {
            text: object(1, n),
            acknowledged,
        };
        sent.add(Posted(vec![of(1, true), of(2, false), of(3, true)]));
        let id = |n| id_of(&object(1, n)).unwrap();
        assert_eq!(sent.take(&id(1)).unwrap().text, object(1, 1));
        assert!(sent.take(&id(1)).is_none());
        assert_eq!(sent.lost(), [id(3)]);
        assert!(sent.take(&id(2)).is_none());
    }

    #[test]
    fn only_a_complete_status_of_all_objects_acknowledges_them() {
        let answer = |status, text: &str| Answer {
            head: String::new(),
            status,
            body: text.as_bytes().to_vec(),
        };
        let told = |status, text: &str| is_acknowledged(&answer(status, text), 2);
        let complete = |count| format!(r#"{{"status":"complete","success_count":{count}}}"#);
        assert!(told(202, &complete(2)).unwrap());
        assert!(told(202, &complete(1)).is_err());
        assert!(!told(202, r#"{"status":"pending","success_count":0}"#).unwrap());
        assert!(!told(503, "busy").unwrap());
        assert!(told(422, "no").is_err());
    }
}

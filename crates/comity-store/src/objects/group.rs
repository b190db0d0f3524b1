//! Group commit: one writer collects the requests that wait, makes them durable together, then answers each.
//!
//! While one group is being synced the next one gathers, so the more clients write at once the more share a sync; one
//! client alone never waits for company.
//!
//! In scope: the thread, the queue, what a group is. Out of scope: how a group is written (`embedded`, `server`).
//! Limits: [`QUEUE_MAX`] requests wait, further ones are refused; a group has at most [`GROUP_OBJECTS_MAX`] objects
//! and about [`GROUP_BYTES_MAX`] bytes, or is a single request.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::error::StoreError;
use crate::objects::{Reply, WriteRequest, Written};

/// Requests that may wait for the writer.
pub const QUEUE_MAX: usize = 4096;
/// Objects in one group.
pub const GROUP_OBJECTS_MAX: usize = 5_000;
/// Bytes of objects in one group.
pub const GROUP_BYTES_MAX: usize = 32 * 1024 * 1024;
/// How often a writer that has nothing to do is called to tidy up.
const IDLE: Duration = Duration::from_millis(500);

/// What writes groups. Called from one thread only.
pub(crate) trait GroupEngine: Send + 'static {
    /// Makes a group durable and answers each request; an error leaves it open whether anything was written.
    fn commit(
        &mut self,
        group: Vec<WriteRequest>,
    ) -> Result<Vec<Result<Written, StoreError>>, StoreError>;
    /// Called when nothing waits; answers whether there is more of this kind of work to do at once.
    fn idle(&mut self) -> Result<bool, StoreError>;
    /// Finishes everything.
    fn close(&mut self) -> Result<(), StoreError>;
}

/// The handle by which requests reach the writer.
pub(crate) struct GroupWriter {
    sender: Mutex<Option<SyncSender<Message>>>,
    thread: Mutex<Option<JoinHandle<Result<(), StoreError>>>>,
}

enum Message {
    Write(WriteRequest, Reply),
    /// Calls back once everything before it is done and the index is written.
    Flush(SyncSender<()>),
}

impl std::fmt::Debug for GroupWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GroupWriter").finish_non_exhaustive()
    }
}

impl GroupWriter {
    /// Starts the writer's thread.
    pub(crate) fn start(name: &str, engine: impl GroupEngine) -> Result<Self, StoreError> {
        let (sender, receiver) = sync_channel(QUEUE_MAX);
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || run(engine, &receiver))
            .map_err(|e| StoreError::file("start a thread for", std::path::Path::new(name), e))?;
        Ok(Self {
            sender: Mutex::new(Some(sender)),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Hands a request over.
    pub(crate) fn submit(&self, request: WriteRequest, reply: Reply) {
        let sender = self
            .sender
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let Some(sender) = sender else {
            return reply(Err(StoreError::Stopped));
        };
        match sender.try_send(Message::Write(request, reply)) {
            Ok(())
            | Err(
                TrySendError::Full(Message::Flush(_))
                | TrySendError::Disconnected(Message::Flush(_)),
            ) => {}
            Err(TrySendError::Full(Message::Write(_, reply))) => {
                reply(Err(StoreError::Busy { waiting: QUEUE_MAX }));
            }
            Err(TrySendError::Disconnected(Message::Write(_, reply))) => {
                reply(Err(StoreError::Stopped));
            }
        }
    }

    /// Waits until all that was handed over before is durable and indexed.
    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        let sender = self
            .sender
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let (done, wait) = sync_channel(1);
        sender
            .ok_or(StoreError::Stopped)?
            .send(Message::Flush(done))
            .map_err(|_| StoreError::Stopped)?;
        wait.recv().map_err(|_| StoreError::Stopped)
    }

    /// Lets the writer finish, and waits for it.
    pub(crate) fn close(&self) -> Result<(), StoreError> {
        *self.sender.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        thread.map_or(Ok(()), |thread| {
            thread.join().unwrap_or(Err(StoreError::Stopped))
        })
    }
}

impl Drop for GroupWriter {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(error = %error, "store not closed cleanly");
        }
    }
}

fn run(mut engine: impl GroupEngine, receiver: &Receiver<Message>) -> Result<(), StoreError> {
    let mut pause = IDLE;
    let mut held: Option<Message> = None;
    loop {
        let next = held.take().map_or_else(|| receiver.recv_timeout(pause), Ok);
        pause = IDLE;
        match next {
            Ok(Message::Flush(done)) => {
                engine.close()?;
                let _ = done.send(());
            }
            Ok(Message::Write(request, reply)) => {
                let (group, later) = collect(request, reply, receiver);
                held = later;
                commit(&mut engine, group)?;
            }
            Err(RecvTimeoutError::Timeout) => {
                if engine.idle()? {
                    pause = Duration::ZERO;
                }
            }
            Err(RecvTimeoutError::Disconnected) => return engine.close(),
        }
    }
}

/// Takes what waits, as far as it belongs into one group; answers also the message that does not, if one was taken.
fn collect(
    request: WriteRequest,
    reply: Reply,
    receiver: &Receiver<Message>,
) -> (Vec<(WriteRequest, Reply)>, Option<Message>) {
    let (mut objects, mut bytes) = weight(&request);
    let alone = matches!(request, WriteRequest::Remove(_));
    let mut group = vec![(request, reply)];
    while !alone && objects < GROUP_OBJECTS_MAX && bytes < GROUP_BYTES_MAX {
        match receiver.try_recv() {
            Ok(Message::Write(request, reply)) if matches!(request, WriteRequest::Append(_)) => {
                let (more_objects, more_bytes) = weight(&request);
                if objects + more_objects > GROUP_OBJECTS_MAX
                    || bytes + more_bytes > GROUP_BYTES_MAX
                {
                    return (group, Some(Message::Write(request, reply)));
                }
                objects += more_objects;
                bytes += more_bytes;
                group.push((request, reply));
            }
            Ok(other) => return (group, Some(other)),
            Err(_) => break,
        }
    }
    (group, None)
}

fn weight(request: &WriteRequest) -> (usize, usize) {
    match request {
        WriteRequest::Append(append) => (
            append.objects.len(),
            append.objects.iter().map(|object| object.json.len()).sum(),
        ),
        WriteRequest::Remove(_) => (0, 0),
    }
}

fn commit(
    engine: &mut impl GroupEngine,
    group: Vec<(WriteRequest, Reply)>,
) -> Result<(), StoreError> {
    let (requests, replies): (Vec<_>, Vec<_>) = group.into_iter().unzip();
    match engine.commit(requests) {
        Ok(answers) => {
            for (reply, answer) in replies.into_iter().zip(answers) {
                reply(answer);
            }
            Ok(())
        }
        Err(error) => {
            // After a failed sync nobody knows what the disk holds, so nothing more is acknowledged until a restart
            // has read it again.
            tracing::error!(error = %error, "group not committed");
            for reply in replies {
                reply(Err(StoreError::Stopped));
            }
            Err(error)
        }
    }
}

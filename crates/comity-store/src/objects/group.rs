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

use crate::error::{StoreError, chain};
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
    Flush(SyncSender<Result<(), StoreError>>),
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
        wait.recv().unwrap_or(Err(StoreError::Stopped))
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
                // Who asked learns that it failed; what waits for the index waits on, and so do the writes behind it.
                let _ = done.send(engine.close());
            }
            Ok(Message::Write(request, reply)) => {
                let (group, later) = collect(request, reply, receiver);
                held = later;
                commit(&mut engine, group)?;
            }
            Err(RecvTimeoutError::Timeout) => {
                match engine.idle() {
                    Ok(true) => pause = Duration::ZERO,
                    Ok(false) => {}
                    // All of it is derived from the log, and is tried again.
                    Err(error) => tracing::error!(error = chain(&error), "upkeep failed"),
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use super::*;
    use crate::objects::query::{Filter, PageQuery};
    use crate::objects::{AppendRequest, RemoveRequest, ViewId};

    /// Waits for leave before each group, tells the size of it, and answers as it is told.
    struct Slow {
        leave: Receiver<bool>,
        sizes: Sender<usize>,
        /// How its next closings end.
        upkeep: Receiver<Result<(), StoreError>>,
    }

    impl GroupEngine for Slow {
        fn commit(
            &mut self,
            group: Vec<WriteRequest>,
        ) -> Result<Vec<Result<Written, StoreError>>, StoreError> {
            let done = self.leave.recv().unwrap_or(false);
            let _ = self.sizes.send(group.len());
            if !done {
                return Err(StoreError::Stopped);
            }
            let one = |_| Ok(Written::Removed { versions: 1 });
            Ok(group.iter().map(one).collect())
        }

        fn idle(&mut self) -> Result<bool, StoreError> {
            Err(StoreError::Busy { waiting: 0 })
        }

        fn close(&mut self) -> Result<(), StoreError> {
            self.upkeep.recv().unwrap_or(Ok(()))
        }
    }

    struct Bench {
        writer: GroupWriter,
        leave: Sender<bool>,
        sizes: Receiver<usize>,
        upkeep: Option<Sender<Result<(), StoreError>>>,
    }

    fn started() -> Bench {
        let (leave, wait) = channel();
        let (tell, sizes) = channel();
        let (end, upkeep) = channel();
        let engine = Slow {
            leave: wait,
            sizes: tell,
            upkeep,
        };
        Bench {
            writer: GroupWriter::start("test", engine).unwrap(),
            leave,
            sizes,
            upkeep: Some(end),
        }
    }

    fn append() -> WriteRequest {
        WriteRequest::Append(AppendRequest {
            view: ViewId(1),
            status: None,
            requested: 0,
            objects: Vec::new(),
            refused: Vec::new(),
            recorded: Vec::new(),
            only_new_ids: false,
        })
    }

    fn remove() -> WriteRequest {
        let query = PageQuery {
            view: ViewId(1),
            added_after: None,
            after: None,
            limit: 1,
            filter: Filter::default(),
        };
        WriteRequest::Remove(RemoveRequest { query })
    }

    impl Bench {
        fn submit(&self, request: WriteRequest) -> Receiver<Result<Written, StoreError>> {
            let (tell, answer) = channel();
            let reply = Box::new(move |written| tell.send(written).unwrap_or_default());
            self.writer.submit(request, reply);
            answer
        }
    }

    #[test]
    fn what_waits_together_is_committed_together_and_a_removal_alone() {
        let mut bench = started();
        bench.upkeep = None;
        let first = bench.submit(append());
        // While the first group is being written, these gather.
        let later: Vec<_> = [append(), append(), remove(), append(), remove(), remove()]
            .map(|request| bench.submit(request))
            .into();
        assert!(first.try_recv().is_err(), "no answer before the commit");
        for _ in 0..7 {
            bench.leave.send(true).unwrap();
        }
        for answer in std::iter::once(first).chain(later) {
            assert!(answer.recv().unwrap().is_ok());
        }
        bench.writer.close().unwrap();
        let sizes: Vec<usize> = bench.sizes.try_iter().collect();
        // The writer may have taken some of the next two with the first.
        assert_eq!(sizes.iter().sum::<usize>(), 7);
        assert!(sizes.ends_with(&[1, 1, 1, 1]), "{sizes:?}");
    }

    #[test]
    fn upkeep_that_fails_ends_nothing() {
        let mut bench = started();
        let upkeep = bench.upkeep.take().unwrap();
        upkeep.send(Err(StoreError::Busy { waiting: 7 })).unwrap();
        upkeep.send(Ok(())).unwrap();
        let failed = bench.writer.flush();
        assert!(matches!(failed, Err(StoreError::Busy { waiting: 7 })));
        // Longer than it takes until the writer is called to tidy up, which fails as well.
        let waiting = bench.sizes.recv_timeout(IDLE * 2);
        assert!(waiting.is_err());
        bench.leave.send(true).unwrap();
        assert!(bench.submit(append()).recv().unwrap().is_ok());
        bench.writer.flush().unwrap();
        drop(upkeep);
        bench.writer.close().unwrap();
    }

    #[test]
    fn after_a_failed_commit_nothing_more_is_acknowledged() {
        let mut bench = started();
        bench.upkeep = None;
        let first = bench.submit(append());
        let second = bench.submit(remove());
        bench.leave.send(false).unwrap();
        assert!(matches!(first.recv().unwrap(), Err(StoreError::Stopped)));
        // What waited behind it is dropped with the writer, or refused by it: never acknowledged.
        assert!(!matches!(second.recv(), Ok(Ok(_))));
        assert!(bench.writer.close().is_err());
        let third = bench.submit(append());
        assert!(matches!(third.recv().unwrap(), Err(StoreError::Stopped)));
        assert!(matches!(bench.writer.flush(), Err(StoreError::Stopped)));
    }

    #[test]
    fn when_too_many_wait_the_next_is_refused_at_once() {
        let mut bench = started();
        bench.upkeep = None;
        let waiting: Vec<_> = (0..QUEUE_MAX + 2).map(|_| bench.submit(remove())).collect();
        let refused = |answer: &Receiver<Result<Written, StoreError>>| {
            matches!(answer.try_recv(), Ok(Err(StoreError::Busy { .. })))
        };
        assert!(waiting.last().is_some_and(refused));
        drop(bench.leave);
    }

    #[test]
    fn closing_finishes_what_waits() {
        let mut bench = started();
        bench.upkeep = None;
        let waiting: Vec<_> = (0..5).map(|_| bench.submit(remove())).collect();
        for _ in 0..5 {
            bench.leave.send(true).unwrap();
        }
        bench.writer.close().unwrap();
        assert!(
            waiting
                .iter()
                .all(|answer| answer.try_recv().unwrap().is_ok())
        );
    }
}

//! The local socket: how commands reach a running node.
//!
//! A Unix socket in the node's folder, which only its owner may enter. A request and an answer are each a length (four
//! bytes, little endian) and JSON.
//!
//! In scope: both ends of the socket. Out of scope: doing commands (`comity-node`).
//! Limits: [`MESSAGE_BYTES_MAX`] a message, [`CONNECTIONS_MAX`] connections at once.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use comity_node::command::{Answer, Command, Refusal, RefusalKind};
use comity_node::node::Node;
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// The longest message in bytes: a batch of objects with room to spare.
pub const MESSAGE_BYTES_MAX: u32 = 256 * 1024 * 1024;
/// Commands at once; further ones wait.
pub const CONNECTIONS_MAX: usize = 16;

/// A socket that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalError {
    /// The socket cannot be made or reached.
    #[error("cannot use the socket {path}")]
    Socket {
        /// Where it is.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// What came over it is no message.
    #[error("the node and this command do not understand each other")]
    Message,
}

/// The node's end of the socket.
#[derive(Debug)]
pub struct LocalServer {
    path: PathBuf,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl LocalServer {
    /// Listens at `path`. The caller holds the folder's lock, so a socket that is there is left over.
    pub fn start(node: Node, path: &Path) -> Result<Self, LocalError> {
        let failed = |source| LocalError::Socket {
            path: path.to_owned(),
            source,
        };
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed(error));
            }
            _ => {}
        }
        let listener = UnixListener::bind(path).map_err(failed)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(node, listener, stopped));
        Ok(Self {
            path: path.to_owned(),
            stop,
            tasks,
        })
    }

    /// Accepts nothing more and waits for commands that run.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn accept(node: Node, listener: UnixListener, mut stopped: watch::Receiver<bool>) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut running = JoinSet::new();
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
            break;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.changed() => break,
        };
        while running.try_join_next().is_some() {}
        if let Ok((stream, _)) = accepted {
            let (node, stopped) = (node.clone(), stopped.clone());
            running.spawn(async move {
                if let Err(error) = converse(node, stream, stopped).await {
                    tracing::debug!(error = %error, "command not answered");
                }
                drop(permit);
            });
        }
    }
    while running.join_next().await.is_some() {}
}

/// Answers commands, one after the other, until the other end goes or the node stops.
async fn converse(
    node: Node,
    mut stream: UnixStream,
    mut stopped: watch::Receiver<bool>,
) -> std::io::Result<()> {
    loop {
        let length = tokio::select! {
            length = stream.read_u32_le() => length,
            _ = stopped.changed() => return Ok(()),
        };
        let Ok(length) = length else { return Ok(()) };
        if length > MESSAGE_BYTES_MAX {
            return Err(std::io::Error::other("message too long"));
        }
        let mut message = vec![0; usize::try_from(length).unwrap_or(0)];
        stream.read_exact(&mut message).await?;
        let node = node.clone();
        let work = move || match read_command(&message) {
            Ok(command) => node.execute(command),
            Err(_) => refusal(
                "this node does not know that command",
                "use the same version of comity for the node and the command",
            ),
        };
        let answer = tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|_| refusal("the command failed", "the log of the node says why"));
        let bytes = serde_json::to_vec(&answer)?;
        stream
            .write_u32_le(u32::try_from(bytes.len()).map_err(std::io::Error::other)?)
            .await?;
        stream.write_all(&bytes).await?;
    }
}

fn refusal(message: &str, hint: &str) -> Answer {
    Answer::Refused(Refusal {
        message: message.to_owned(),
        hint: hint.to_owned(),
        kind: RefusalKind::Unknown,
    })
}

/// A command's end of the socket.
#[derive(Debug)]
pub struct LocalClient {
    path: PathBuf,
    stream: BlockingStream,
}

impl LocalClient {
    /// Connects to the node whose socket is at `path`; `None` when nobody listens there.
    pub fn connect(path: &Path) -> Result<Option<Self>, LocalError> {
        match BlockingStream::connect(path) {
            Ok(stream) => Ok(Some(Self {
                path: path.to_owned(),
                stream,
            })),
            Err(e)
                if matches!(
                    e.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::ConnectionRefused
                ) =>
            {
                Ok(None)
            }
            Err(source) => Err(LocalError::Socket {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// Has the node do a command.
    pub fn execute(&mut self, command: &Command) -> Result<Answer, LocalError> {
        let path = self.path.clone();
        let failed = move |source| LocalError::Socket {
            path: path.clone(),
            source,
        };
        send(&mut self.stream, command).map_err(&failed)?;
        let bytes = receive(&mut self.stream).map_err(&failed)?;
        read_answer(&bytes)
    }
}

fn send(stream: &mut BlockingStream, message: &impl Serialize) -> std::io::Result<()> {
    let bytes = serde_json::to_vec(message)?;
    let length = u32::try_from(bytes.len()).map_err(std::io::Error::other)?;
    stream.write_all(&length.to_le_bytes())?;
    stream.write_all(&bytes)
}

fn receive(stream: &mut BlockingStream) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    if length > MESSAGE_BYTES_MAX {
        return Err(std::io::Error::other("message too long"));
    }
    let mut bytes = Vec::new();
    stream.take(u64::from(length)).read_to_end(&mut bytes)?;
    if bytes.len() == usize::try_from(length).unwrap_or(usize::MAX) {
        Ok(bytes)
    } else {
        Err(std::io::ErrorKind::UnexpectedEof.into())
    }
}

/// The command of a message.
pub fn read_command(message: &[u8]) -> Result<Command, LocalError> {
    serde_json::from_slice(message).map_err(|_| LocalError::Message)
}

/// The answer of a message.
pub fn read_answer(message: &[u8]) -> Result<Answer, LocalError> {
    serde_json::from_slice(message).map_err(|_| LocalError::Message)
}

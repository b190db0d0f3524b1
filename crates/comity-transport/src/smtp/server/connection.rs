//! One connection: reading lines and mails from its socket, saying what the session answers, within the time that it has.
//!
//! Replies are gathered while the client has sent further commands, and go out before anything is waited for. A mail goes to a file
//! as it comes; the answer 250 follows when the file and its row are durable.
//!
//! In scope: time, the socket, TLS, the mail's bytes. Out of scope: the rules of the conversation (`session`), how many connections
//! there may be (`slots`).
//! Limits: those of the settings; in memory [`INPUT_BYTES_MAX`] of what came and [`SPOOL_BYTES`] of a mail.

use std::sync::Arc;
use std::time::Duration;

use comity_node::mail::{Envelope, Kept, MailError, Protocol, Verdict};
use comity_store::attachment::receiving::Receiving;
use comity_store::error::{StoreError, chain};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;

use super::data::{DataReader, Progress};
use super::network::Origin;
use super::postmaster::Postmaster;
use super::quota::{Key, Quota};
use super::reply::{self, Reply};
use super::session::{COMMAND_BYTES_MAX, Session, Step};
use super::settings::MailLimits;
use super::slots::{Slot, Slots};
use super::stream::{Stream, tls_of};

/// What is read from a socket at once.
const INPUT_BYTES_MAX: usize = 16 * 1024;
/// How much of a mail is in memory before it goes to its file.
const SPOOL_BYTES: usize = 64 * 1024;
/// Replies that wait; beyond, they go out.
const OUTPUT_BYTES_MAX: usize = 8 * 1024;
/// How long a client that was refused in the middle of its mail may pause while the rest of it is thrown away.
const DRAIN_PAUSE: Duration = Duration::from_secs(5);
/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// What all connections of a listener share.
pub(super) struct Shared {
    pub(super) postmaster: Arc<dyn Postmaster>,
    pub(super) limits: MailLimits,
    pub(super) quota: Quota,
    pub(super) slots: Arc<Slots>,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) began: Instant,
}

/// Why a connection ends.
#[derive(Debug)]
enum End {
    /// With a word.
    Said(Reply),
    /// The client went, or does not read.
    Gone,
}

/// One connection.
pub(super) struct Connection {
    pub(super) shared: Arc<Shared>,
    pub(super) slot: Slot,
    /// Where it comes from, where that is counted.
    pub(super) origin: Option<Origin>,
    pub(super) stream: Box<dyn Stream>,
    pub(super) session: Session,
    pub(super) protocol: Protocol,
    pub(super) stop: watch::Receiver<bool>,
    pub(super) ends: Instant,
    pub(super) input: Vec<u8>,
    pub(super) output: Vec<u8>,
}

impl Connection {
    /// Serves the client until either has enough.
    pub(super) async fn run(mut self) {
        let greeting = self.session.greeting();
        self.say(&greeting);
        let end = loop {
            if let Err(end) = self.turn().await {
                break end;
            }
        };
        if let End::Said(reply) = end {
            self.say(&reply);
            let _ = timeout(GOODBYE, self.flush()).await;
        }
        let _ = timeout(GOODBYE, self.stream.shutdown()).await;
    }

    /// One command.
    async fn turn(&mut self) -> Result<(), End> {
        let line = self.line().await?;
        match self.session.line(&line) {
            Step::Say(reply) => self.answer(reply).await,
            Step::End(reply) => Err(End::Said(reply)),
            Step::Sender { bytes } => {
                let reply = self.sender(bytes).await?;
                self.judged(reply).await
            }
            Step::Recipient { local, domain } => {
                let reply = self.recipient(local, domain).await?;
                self.judged(reply).await
            }
            Step::StartTls => self.start_tls().await,
            Step::Data => self.data().await,
        }
    }

    // What is read.

    /// The next line, with its end.
    async fn line(&mut self) -> Result<Vec<u8>, End> {
        let mut looked = 0;
        loop {
            let fresh = self.input.get(looked..).unwrap_or_default();
            if let Some(end) = fresh.iter().position(|byte| *byte == b'\n') {
                let rest = self.input.split_off(looked + end + 1);
                return Ok(std::mem::replace(&mut self.input, rest));
            }
            looked = self.input.len();
            if looked > COMMAND_BYTES_MAX {
                return Err(End::Said(reply::LINE_TOO_LONG));
            }
            let wait = self.patience(self.shared.limits.command_max);
            self.more(Instant::now() + wait).await?;
        }
    }

    /// How long a pause may be.
    fn patience(&self, usual: Duration) -> Duration {
        if self.shared.slots.is_busy() {
            usual.min(self.shared.limits.busy_pause_max)
        } else {
            usual
        }
    }

    /// Says what waits to be said, and waits for the client until `until`.
    async fn more(&mut self, until: Instant) -> Result<(), End> {
        self.flush().await?;
        self.input.reserve(INPUT_BYTES_MAX);
        let mut limited = (&mut self.stream).take(u64::try_from(INPUT_BYTES_MAX).unwrap_or(0));
        let read = tokio::select! {
            biased;
            _ = self.stop.changed() => return Err(End::Said(reply::STOPPING)),
            () = self.slot.gives_way() => return Err(End::Said(reply::CROWDED)),
            read = timeout_at(until.min(self.ends), limited.read_buf(&mut self.input)) => read,
        };
        match read {
            Ok(Ok(count)) if count > 0 => {
                self.slot.received(count);
                Ok(())
            }
            Ok(Ok(_) | Err(_)) => Err(End::Gone),
            Err(_) if Instant::now() >= self.ends => Err(End::Said(reply::SESSION_OVER)),
            Err(_) => Err(End::Said(reply::TOO_SLOW)),
        }
    }

    // What is said.

    fn say(&mut self, reply: &Reply) {
        self.output.extend_from_slice(reply.text().as_bytes());
        self.output.extend_from_slice(b"\r\n");
    }

    /// Says a reply that the session has counted, later when it refuses for the third time or more: whoever guesses addresses is
    /// slow at it.
    async fn answer(&mut self, reply: Reply) -> Result<(), End> {
        let times = self.session.errors().saturating_sub(2).min(5);
        let delay = self.shared.limits.error_delay * times;
        // A timer takes its millisecond for no delay too.
        if reply.refuses() && !delay.is_zero() {
            tokio::select! {
                _ = self.stop.changed() => return Err(End::Said(reply::STOPPING)),
                () = self.slot.gives_way() => return Err(End::Said(reply::CROWDED)),
                () = tokio::time::sleep(delay) => {}
            }
        }
        self.say(&reply);
        if self.output.len() > OUTPUT_BYTES_MAX {
            self.flush().await?;
        }
        Ok(())
    }

    /// The same for a reply that the session has not seen yet.
    async fn judged(&mut self, reply: Reply) -> Result<(), End> {
        match self.session.judged(reply) {
            Step::End(reply) => Err(End::Said(reply)),
            Step::Say(reply) => self.answer(reply).await,
            // It says something, always.
            Step::Sender { .. } | Step::Recipient { .. } | Step::StartTls | Step::Data => Ok(()),
        }
    }

    async fn flush(&mut self) -> Result<(), End> {
        if self.output.is_empty() {
            return Ok(());
        }
        let output = std::mem::take(&mut self.output);
        let stream = &mut self.stream;
        let write = async {
            stream.write_all(&output).await?;
            stream.flush().await
        };
        match timeout(self.shared.limits.handshake_max, write).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }

    // What commands need.

    /// Calls the postmaster on a thread that may wait.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Postmaster) -> T + Send + 'static,
    ) -> Option<T> {
        let postmaster = Arc::clone(&self.shared.postmaster);
        let asked = tokio::task::spawn_blocking(move || question(postmaster.as_ref()));
        let answer = asked.await;
        if answer.is_err() {
            tracing::error!("mail: the postmaster panicked");
        }
        answer.ok()
    }

    fn minute(&self) -> u64 {
        self.shared.began.elapsed().as_secs() / 60
    }

    async fn sender(&mut self, bytes: u64) -> Result<Reply, End> {
        let limits = &self.shared.limits;
        if let Some(origin) = self.origin {
            let (mails, bytes) = (
                limits.network_mails_per_minute,
                limits.network_bytes_per_minute,
            );
            let network = Key::Network(origin.network);
            if !self.shared.quota.mail(network, self.minute(), mails, bytes) {
                return Ok(reply::NETWORK_RATE);
            }
        }
        Ok(
            match self.ask(move |postmaster| postmaster.has_room(bytes)).await {
                Some(true) => self.session.mail_begins(),
                Some(false) => reply::NO_ROOM,
                None => reply::NOT_KEPT,
            },
        )
    }

    async fn recipient(&mut self, local: String, domain: String) -> Result<Reply, End> {
        let own = self.shared.postmaster.domain().to_owned();
        let asked = if domain.is_empty() {
            own.clone()
        } else {
            domain
        };
        let verdict = self
            .ask(move |postmaster| postmaster.recipient(&local, &asked))
            .await;
        let known = match verdict {
            Some(Verdict::Known(known)) => known,
            Some(Verdict::Nobody) => return Ok(reply::NOBODY),
            Some(Verdict::Later) | None => return Ok(reply::CANNOT_LOOK_UP),
        };
        let (limits, quota, minute) = (&self.shared.limits, &self.shared.quota, self.minute());
        let mut fits = quota.mail(
            Key::Mailbox(known.name.clone()),
            minute,
            limits.mailbox_mails_per_minute,
            u64::MAX,
        );
        if let (true, Some(party)) = (fits, &known.party) {
            let party = Key::Party(party.clone());
            fits = quota.mail(party, minute, limits.party_mails_per_minute, u64::MAX);
        }
        Ok(if fits {
            self.session.recipient_known(known, &own)
        } else {
            reply::MAILBOX_RATE
        })
    }

    async fn start_tls(&mut self) -> Result<(), End> {
        let Some(acceptor) = self.shared.tls.clone() else {
            return self.judged(reply::NOT_HERE).await;
        };
        // What was sent in the clear behind the command would else be taken for what was sent under TLS.
        self.input.clear();
        self.say(&reply::READY_FOR_TLS);
        self.flush().await?;
        let (nothing, _) = tokio::io::duplex(1);
        let plain = std::mem::replace(&mut self.stream, Box::new(nothing));
        let accepted = tokio::select! {
            _ = self.stop.changed() => return Err(End::Gone),
            () = self.slot.gives_way() => return Err(End::Gone),
            accepted = timeout(self.shared.limits.handshake_max, acceptor.accept(plain)) => accepted,
        };
        match accepted {
            Ok(Ok(stream)) => {
                self.session.secured(tls_of(stream.get_ref().1));
                self.stream = Box::new(stream);
                Ok(())
            }
            Ok(Err(error)) => {
                tracing::debug!(error = %error, "mail: no TLS");
                Err(End::Gone)
            }
            Err(_) => Err(End::Gone),
        }
    }

    // The mail itself.

    async fn data(&mut self) -> Result<(), End> {
        if !self.input.is_empty() {
            return Err(End::Said(reply::PIPELINED));
        }
        self.say(&reply::GO_AHEAD);
        let limits = &self.shared.limits;
        let mut reader = DataReader::new(limits.line_bytes_max, limits.mail_bytes_max);
        let mut content = Vec::new();
        let mut raw: Option<Receiving> = None;
        let began = Instant::now();
        loop {
            if self.input.is_empty() {
                self.more(self.data_deadline(began, reader.bytes())).await?;
            }
            let (taken, progress) = reader.feed(&self.input, &mut content);
            self.input.drain(..taken);
            if let Some(origin) = self.origin {
                let network = Key::Network(origin.network);
                self.shared.quota.bytes(network, self.minute(), taken);
            }
            match progress {
                Progress::More if content.len() < SPOOL_BYTES => {}
                Progress::More => {
                    let spooled = self.spool(raw.take(), std::mem::take(&mut content)).await;
                    match spooled {
                        Ok(receiving) => raw = Some(receiving),
                        Err(reply) => return self.refuse_rest(reply).await,
                    }
                }
                Progress::End => break,
                Progress::Fault(fault) => {
                    tracing::info!(?fault, "mail refused");
                    return self.refuse_rest(fault.into()).await;
                }
            }
        }
        self.finish(raw, content).await
    }

    /// Until when the next bytes of a mail have to come.
    fn data_deadline(&self, began: Instant, bytes: u64) -> Instant {
        let limits = &self.shared.limits;
        let pause = Instant::now() + self.patience(limits.data_pause_max);
        let earned = bytes / limits.data_bytes_per_second_min.max(1);
        let rate = began + limits.data_grace + Duration::from_secs(earned);
        pause.min(rate)
    }

    /// Writes a piece of a mail to its file, while there is room: many mails that come at once are not one that fits.
    async fn spool(&self, raw: Option<Receiving>, piece: Vec<u8>) -> Result<Receiving, Reply> {
        let bytes = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        let written = self.ask(move |postmaster| {
            if !postmaster.has_room(bytes) {
                return Err(reply::NO_ROOM);
            }
            write(postmaster, raw, &piece).map_err(|error| not_kept(&error))
        });
        written.await.unwrap_or(Err(reply::NOT_KEPT))
    }

    /// Keeps a whole mail and says so.
    async fn finish(&mut self, raw: Option<Receiving>, piece: Vec<u8>) -> Result<(), End> {
        let Some(envelope) = self.session.mail_ended() else {
            return self.judged(reply::NO_MAIL).await;
        };
        let recipients = envelope.recipients.len();
        let for_party = envelope
            .recipients
            .iter()
            .any(|one| one.known.party.is_some());
        let kept = self
            .ask(move |postmaster| keep(postmaster, &envelope, raw, &piece))
            .await;
        if for_party && matches!(kept, Some(Ok(_))) {
            self.slot.brought_mail();
        }
        let replies = match kept {
            Some(Ok(kept)) => replies(&kept, self.protocol),
            Some(Err(MailError::Nobody)) => vec![reply::NOBODY],
            Some(Err(MailError::Store(error))) => vec![not_kept(&error)],
            Some(Err(error)) => {
                tracing::error!(error = %chain(&error), "mail not kept");
                vec![reply::NOT_KEPT]
            }
            None => vec![reply::NOT_KEPT],
        };
        // LMTP answers for each recipient, in their order (RFC 2033 section 4.2).
        let each = match self.protocol {
            Protocol::Smtp => 1,
            Protocol::Lmtp => recipients,
        };
        for reply in replies.into_iter().cycle().take(each) {
            self.say(&reply);
        }
        self.flush().await
    }

    /// Refuses a mail in its middle, and ends the connection: what still comes of the mail is thrown away for a while, so that the
    /// client, which listens when it has sent everything, hears why.
    async fn refuse_rest(&mut self, refusal: Reply) -> Result<(), End> {
        let envelope = self.session.mail_ended();
        let each = match (self.protocol, envelope) {
            (Protocol::Lmtp, Some(envelope)) => envelope.recipients.len(),
            (Protocol::Lmtp | Protocol::Smtp, _) => 1,
        };
        for _ in 0..each {
            self.say(&refusal);
        }
        self.flush().await?;
        let _ = timeout(GOODBYE, self.stream.shutdown()).await;
        let began = Instant::now();
        let mut drained = 0;
        while drained <= self.shared.limits.mail_bytes_max {
            self.input.clear();
            let deadline = self.data_deadline(began, drained);
            self.more(deadline.min(Instant::now() + DRAIN_PAUSE))
                .await
                .map_err(|_| End::Gone)?;
            drained += u64::try_from(self.input.len()).unwrap_or(u64::MAX);
        }
        Err(End::Gone)
    }
}

fn write(
    postmaster: &dyn Postmaster,
    raw: Option<Receiving>,
    piece: &[u8],
) -> Result<Receiving, StoreError> {
    let mut raw = match raw {
        Some(raw) => raw,
        None => postmaster.receive()?,
    };
    raw.write(piece)?;
    Ok(raw)
}

fn keep(
    postmaster: &dyn Postmaster,
    envelope: &Envelope,
    raw: Option<Receiving>,
    piece: &[u8],
) -> Result<Kept, MailError> {
    let raw = write(postmaster, raw, piece)?;
    postmaster.keep(envelope, raw)
}

/// What is said of a mail that was kept, for each recipient; over SMTP for all of them.
fn replies(kept: &Kept, protocol: Protocol) -> Vec<Reply> {
    let taken = Reply::of(format!("250 2.0.0 Kept as {}", kept.id));
    match protocol {
        Protocol::Smtp => vec![taken],
        Protocol::Lmtp => {
            let each = kept.accepted.iter();
            each.map(|accepted| {
                if *accepted {
                    taken.clone()
                } else {
                    reply::NOBODY
                }
            })
            .collect()
        }
    }
}

/// What is said of a mail that the disk or the database did not take.
fn not_kept(error: &StoreError) -> Reply {
    tracing::warn!(error = %chain(error), "mail not kept");
    if matches!(error, StoreError::NotWritten { .. }) {
        reply::NO_ROOM
    } else {
        reply::NOT_KEPT
    }
}

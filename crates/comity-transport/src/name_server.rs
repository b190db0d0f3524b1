//! A name server of a few records on this machine: for the demo and for tests, which need answers and have no domain.
//!
//! In scope: answering for the names that it was told, by UDP. Out of scope: zones, delegation, other transports.
//! Limits: [`QUESTION_BYTES_MAX`]; one question at a time.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use comity_mail::dns::{Kind, Record, parts};
use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::{MX, TXT};
use hickory_resolver::proto::rr::{Name, RData, Record as Answer};

/// The longest question that is read.
pub const QUESTION_BYTES_MAX: usize = 1_500;

/// How long an answer may be kept: what it is told is told anew at once.
const SECONDS_KEPT: u32 = 1;
/// How often it looks whether it is to end.
const LOOK: Duration = Duration::from_millis(200);

type Known = Arc<Mutex<Vec<(Name, RData)>>>;

/// A name server; it ends when this is dropped.
#[derive(Debug)]
pub struct LocalNameServer {
    address: SocketAddr,
    known: Known,
    ends: Arc<AtomicBool>,
}

impl LocalNameServer {
    /// Answers on a port of this machine that is free.
    pub fn start() -> std::io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_read_timeout(Some(LOOK))?;
        let server = Self {
            address: socket.local_addr()?,
            known: Known::default(),
            ends: Arc::default(),
        };
        let (known, ends) = (Arc::clone(&server.known), Arc::clone(&server.ends));
        std::thread::Builder::new()
            .name("name-server".to_owned())
            .spawn(move || answer(&socket, &known, &ends))?;
        Ok(server)
    }

    /// Where it answers.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// One that knows these texts, by name, and answers until the program ends; where it answers.
    pub fn of_texts<'t>(
        texts: impl IntoIterator<Item = (&'t str, &'t str)>,
    ) -> std::io::Result<SocketAddr> {
        let server = Self::start()?;
        for (of, value) in texts {
            let told = server.tell_text(of, value);
            told.map_err(|error| std::io::Error::other(format!("{of:?}: {error}")))?;
        }
        Ok(server.stay())
    }

    /// Has it answer until the program ends; where it answers.
    pub fn stay(self) -> SocketAddr {
        let address = self.address;
        // Its thread goes on until this is dropped.
        std::mem::forget(self);
        address
    }

    /// Has it know a record.
    pub fn tell(&self, record: &Record) -> Result<(), NameError> {
        let data = match record.kind {
            Kind::Txt => text(&record.value),
            Kind::Mx => {
                let (preference, host) = record.value.split_once(' ').ok_or(NameError)?;
                let preference = preference.parse().map_err(|_| NameError)?;
                RData::MX(MX::new(preference, name(host)?))
            }
        };
        self.put(name(&record.name)?, data);
        Ok(())
    }

    /// Has it know a text.
    pub fn tell_text(&self, of: &str, value: &str) -> Result<(), NameError> {
        self.put(name(of)?, text(value));
        Ok(())
    }

    /// Has it know the address of a host.
    pub fn tell_address(&self, host: &str, address: Ipv4Addr) -> Result<(), NameError> {
        self.put(name(host)?, RData::A(address.into()));
        Ok(())
    }

    fn put(&self, name: Name, data: RData) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.push((name, data));
    }
}

impl Drop for LocalNameServer {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
    }
}

/// What was told is no name, or no record of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no record of a name server")]
pub struct NameError;

fn name(text: &str) -> Result<Name, NameError> {
    let text = format!("{}.", text.trim_end_matches('.'));
    let name = Name::from_ascii(text).map_err(|_| NameError)?;
    Ok(name.to_lowercase())
}

fn text(value: &str) -> RData {
    RData::TXT(TXT::from_bytes(parts(value).map(str::as_bytes).collect()))
}

fn answer(socket: &UdpSocket, known: &Known, ends: &AtomicBool) {
    let mut room = [0; QUESTION_BYTES_MAX];
    while !ends.load(Ordering::Relaxed) {
        // Nobody asked, or an answer to somebody who has gone came back.
        let Ok((length, from)) = socket.recv_from(&mut room) else {
            continue;
        };
        let question = room.get(..length).unwrap_or_default();
        let known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(said) = said(question, &known) {
            let _ = socket.send_to(&said, from);
        }
    }
}

/// The answer to a question; none: it is no question.
fn said(question: &[u8], known: &[(Name, RData)]) -> Option<Vec<u8>> {
    let asked = Message::from_vec(question).ok()?;
    let query = asked.queries.first()?.clone();
    let wanted = query.name().to_lowercase();
    let of_name = known.iter().filter(|(name, _)| *name == wanted);
    let found = of_name
        .clone()
        .filter(|(_, data)| data.record_type() == query.query_type());
    let mut reply = Message::response(asked.metadata.id, asked.metadata.op_code);
    reply.metadata.authoritative = true;
    reply.metadata.recursion_desired = asked.metadata.recursion_desired;
    reply.metadata.recursion_available = true;
    if of_name.count() == 0 {
        reply.metadata.response_code = ResponseCode::NXDomain;
    }
    for (name, data) in found {
        reply.add_answer(Answer::from_rdata(name.clone(), SECONDS_KEPT, data.clone()));
    }
    reply.add_query(query);
    reply.to_vec().ok()
}

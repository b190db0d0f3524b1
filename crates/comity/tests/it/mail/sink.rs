//! A mail server that takes a mail, refuses it or goes away in the middle, as it is told for each connection.
//!
//! In scope: the lines of SMTP, and what was heard. Out of scope: what is tested with it.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What is done with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// This is said to RCPT.
    Say(&'static str),
    /// Nothing is said at all.
    Hang,
    /// The whole mail is taken, and the connection closed without a word.
    Drop,
    /// At this step the test is told, and nothing is said until the other side is gone. Steps: 0 before the greeting, 1 to 4 at EHLO,
    /// MAIL, RCPT and DATA, 5 within the mail, 6 after it, 7 after it was taken.
    Stop(usize),
}

/// A server.
pub(super) struct Sink {
    pub(super) address: SocketAddr,
    acts: Arc<Mutex<VecDeque<Act>>>,
    mails: Arc<Mutex<Vec<String>>>,
    stopped: Receiver<usize>,
}

impl Sink {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let acts = Arc::new(Mutex::new(VecDeque::new()));
        let mails = Arc::new(Mutex::new(Vec::new()));
        let (stops, stopped) = channel();
        let (next, heard) = (Arc::clone(&acts), Arc::clone(&mails));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let act = next.lock().unwrap().pop_front();
                let (heard, stops) = (Arc::clone(&heard), stops.clone());
                std::thread::spawn(move || talk(stream, act, &heard, &stops));
            }
        });
        Self {
            address,
            acts,
            mails,
            stopped,
        }
    }

    /// What is done with the next connections; those after them are served as they should be.
    pub(super) fn next(&self, acts: &[Act]) {
        self.acts.lock().unwrap().extend(acts);
    }

    /// Waits until a connection stopped, and tells at which step.
    pub(super) fn stopped(&self) -> usize {
        self.stopped.recv_timeout(Duration::from_mins(1)).unwrap()
    }

    /// The mails that were heard whole, in their order.
    pub(super) fn mails(&self) -> Vec<String> {
        self.mails.lock().unwrap().clone()
    }

    pub(super) fn forget(&self) {
        self.mails.lock().unwrap().clear();
    }
}

fn talk(stream: TcpStream, act: Option<Act>, mails: &Mutex<Vec<String>>, stops: &Sender<usize>) {
    let mut stream = BufReader::new(stream);
    let halts = |step: usize, stream: &mut BufReader<TcpStream>| {
        if act == Some(Act::Stop(step)) {
            let _ = stops.send(step);
            gone(stream);
            return true;
        }
        false
    };
    if act == Some(Act::Hang) {
        gone(&mut stream);
        return;
    }
    if halts(0, &mut stream) || !say(&mut stream, "220 mx.bravo.example") {
        return;
    }
    while let Some(line) = line(&mut stream) {
        let verb: String = line.chars().take(4).collect();
        let step = match verb.as_str() {
            "EHLO" => 1,
            "MAIL" => 2,
            "RCPT" => 3,
            "DATA" => 4,
            _ => 0,
        };
        if step > 0 && halts(step, &mut stream) {
            return;
        }
        let reply = match (verb.as_str(), act) {
            ("RCPT", Some(Act::Say(reply))) => reply,
            ("DATA", _) => "354 go on",
            ("QUIT", _) => "221 bye",
            _ => "250 fine",
        };
        if !say(&mut stream, reply) {
            return;
        }
        if verb != "DATA" {
            continue;
        }
        let Some(mail) = mail(&mut stream, &halts) else {
            return;
        };
        mails.lock().unwrap().push(mail);
        if act == Some(Act::Drop) || halts(6, &mut stream) {
            return;
        }
        if !say(&mut stream, "250 2.0.0 Queued as 4711") || halts(7, &mut stream) {
            return;
        }
    }
}

fn mail(
    stream: &mut BufReader<TcpStream>,
    halts: &impl Fn(usize, &mut BufReader<TcpStream>) -> bool,
) -> Option<String> {
    let mut mail = String::new();
    loop {
        let line = line(stream)?;
        if line == "." {
            return Some(mail);
        }
        let line = line.strip_prefix('.').unwrap_or(&line);
        mail.push_str(line);
        mail.push_str("\r\n");
        if halts(5, stream) {
            return None;
        }
    }
}

/// Waits until the other side is gone, whatever it still says.
fn gone(stream: &mut BufReader<TcpStream>) {
    while line(stream).is_some() {}
}

fn line(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    let read = stream.read_line(&mut line);
    let whole = read.is_ok_and(|count| count > 0) && line.ends_with("\r\n");
    whole.then(|| line.trim_end_matches("\r\n").to_owned())
}

fn say(stream: &mut BufReader<TcpStream>, line: &str) -> bool {
    let line = format!("{line}\r\n");
    stream.get_mut().write_all(line.as_bytes()).is_ok()
}

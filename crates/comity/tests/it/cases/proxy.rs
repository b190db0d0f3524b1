//! A line between two nodes that can be cut: everything passes through here, is counted, and breaks off where a test wants it.
//!
//! In scope: cutting in the middle of what is carried, and staying cut. Out of scope: delays and lost packets (`exchange::network`).

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Where a line breaks off.
#[derive(Default)]
struct Cuts {
    passed: u64,
    /// After so many bytes each, in order.
    at: Vec<u64>,
    done: usize,
    /// After so many it is cut and stays so.
    stays: Option<u64>,
    is_down: bool,
    open: Vec<TcpStream>,
}

impl Cuts {
    fn cut(&mut self) {
        for stream in self.open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// Both directions between two nodes.
#[derive(Clone, Default)]
pub(crate) struct Line(Arc<Mutex<Cuts>>);

impl Line {
    /// It breaks after each of so many bytes from now on, and goes on.
    pub(crate) fn cut_from_now(&self, after: &[u64]) {
        let mut cuts = self.0.lock().unwrap();
        cuts.passed = 0;
        cuts.at = after.to_vec();
    }

    /// What has passed since then.
    pub(crate) fn passed(&self) -> u64 {
        self.0.lock().unwrap().passed
    }

    /// From now on it passes so many bytes more, and is then cut until it is mended.
    pub(crate) fn breaks_after(&self, bytes: u64) {
        let mut cuts = self.0.lock().unwrap();
        cuts.stays = Some(cuts.passed + bytes);
    }

    /// Whether it is cut for good.
    pub(crate) fn is_down(&self) -> bool {
        self.0.lock().unwrap().is_down
    }

    pub(crate) fn mend(&self) {
        let mut cuts = self.0.lock().unwrap();
        cuts.is_down = false;
        cuts.stays = None;
    }

    /// How often it was cut and went on.
    pub(crate) fn cuts(&self) -> usize {
        self.0.lock().unwrap().done
    }

    /// A port on this machine that leads to another one.
    pub(crate) fn lead_to(&self, port: u16) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listener.local_addr().unwrap().port();
        let line = self.clone();
        // Ends with the test's process.
        thread::spawn(move || {
            for caller in listener.incoming().flatten() {
                let Ok(called) = TcpStream::connect(("127.0.0.1", port)) else {
                    continue;
                };
                if line.carry(&caller, &called) {
                    line.pump(&caller, &called);
                    line.pump(&called, &caller);
                }
            }
        });
        own
    }

    fn carry(&self, one: &TcpStream, other: &TcpStream) -> bool {
        let mut cuts = self.0.lock().unwrap();
        if cuts.is_down {
            return false;
        }
        for stream in [one, other] {
            cuts.open.push(stream.try_clone().unwrap());
        }
        true
    }

    fn pump(&self, from: &TcpStream, to: &TcpStream) {
        let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
        let line = self.clone();
        thread::spawn(move || {
            let mut buffer = vec![0; 16 * 1024];
            loop {
                let count = from.read(&mut buffer).unwrap_or(0);
                if count == 0 || !line.passes(count as u64) {
                    break;
                }
                if to.write_all(&buffer[..count]).is_err() {
                    break;
                }
            }
            let _ = to.shutdown(Shutdown::Both);
            let _ = from.shutdown(Shutdown::Both);
        });
    }

    /// Counts what passes; `false`: here the line breaks.
    fn passes(&self, bytes: u64) -> bool {
        let mut cuts = self.0.lock().unwrap();
        cuts.passed += bytes;
        let due = cuts.at.get(cuts.done).is_some_and(|at| cuts.passed > *at);
        if due {
            cuts.done += 1;
        }
        if cuts.stays.is_some_and(|at| cuts.passed > at) {
            cuts.is_down = true;
        }
        if due || cuts.is_down {
            cuts.cut();
        }
        !(due || cuts.is_down)
    }
}

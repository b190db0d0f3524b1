//! A gate in front of a party's port: what goes through it stalls or is cut where a test says so.
//!
//! In scope: passing bytes on. Out of scope: what they are.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

/// How much passes towards the party.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Everything.
    Open,
    /// So many bytes of each connection; the rest waits.
    Stall(u64),
    /// So many bytes of all connections; then they are cut, and new ones too.
    Cut(u64),
}

struct State {
    mode: Mode,
    /// Counts changes of the mode.
    turn: u64,
    /// Bytes that passed since.
    passed: u64,
    /// Something was held or cut since.
    held: bool,
}

type Shared = Arc<(Mutex<State>, Condvar)>;

/// The gate.
pub(crate) struct Gate {
    pub(crate) port: u16,
    shared: Shared,
}

impl Gate {
    /// A gate in front of a port of this machine.
    pub(crate) fn before(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listener.local_addr().unwrap().port();
        let state = State {
            mode: Mode::Open,
            turn: 0,
            passed: 0,
            held: false,
        };
        let shared: Shared = Arc::new((Mutex::new(state), Condvar::new()));
        let given = Arc::clone(&shared);
        std::thread::spawn(move || {
            for caller in listener.incoming().flatten() {
                let shared = Arc::clone(&given);
                std::thread::spawn(move || {
                    if let Ok(party) = TcpStream::connect(("127.0.0.1", port)) {
                        connect(&caller, &party, &shared);
                    }
                    let _ = caller.shutdown(Shutdown::Both);
                });
            }
        });
        Self { port: own, shared }
    }

    pub(crate) fn set(&self, mode: Mode) {
        let mut state = self.shared.0.lock().unwrap();
        state.mode = mode;
        state.turn += 1;
        state.passed = 0;
        state.held = false;
        self.shared.1.notify_all();
    }
}

impl Gate {
    /// Whether something was held or cut since the mode was set.
    pub(crate) fn has_held(&self) -> bool {
        self.shared.0.lock().unwrap().held
    }
}

/// Passes bytes on in both directions until either side ends.
fn connect(caller: &TcpStream, party: &TcpStream, shared: &Shared) {
    let (mut from_party, mut to_caller) = (party.try_clone().unwrap(), caller.try_clone().unwrap());
    let back = std::thread::spawn(move || {
        let _ = std::io::copy(&mut from_party, &mut to_caller);
        let _ = to_caller.shutdown(Shutdown::Both);
    });
    let (mut from, mut to) = (caller, party);
    let mut piece = vec![0; 16 * 1024];
    let mut own = (0, 0);
    while let Ok(count @ 1..) = from.read(&mut piece) {
        if !may_pass(shared, &mut own, count as u64) || to.write_all(&piece[..count]).is_err() {
            break;
        }
    }
    let _ = party.shutdown(Shutdown::Both);
    let _ = back.join();
}

/// Waits until so many bytes may pass; never, where the connection is cut. `own` is what passed of this connection, and in
/// which turn.
fn may_pass(shared: &Shared, own: &mut (u64, u64), count: u64) -> bool {
    let mut state = shared.0.lock().unwrap();
    loop {
        if own.0 != state.turn {
            *own = (state.turn, 0);
        }
        match state.mode {
            Mode::Open => break,
            Mode::Stall(most) if own.1 + count <= most => break,
            Mode::Stall(_) => {
                state.held = true;
                state = shared.1.wait(state).unwrap();
            }
            Mode::Cut(most) if state.passed + count <= most => break,
            Mode::Cut(_) => {
                state.held = true;
                return false;
            }
        }
    }
    own.1 += count;
    state.passed += count;
    true
}

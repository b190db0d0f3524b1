//! The network: batches on their way, as calls and as files.
//!
//! In scope: what is on its way, what may be lost. Out of scope: what it leads to.

use comity_node::link::guard::LastSigned;

use crate::random::Random;

/// By what way a batch travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leg {
    /// A call: it is answered.
    Request,
    /// The answer to a call.
    Response,
    /// A file, which may be old and is not answered.
    File,
}

/// A batch, and the head that it shows.
#[derive(Clone, Debug)]
pub struct Said {
    /// The batch.
    pub batch: Vec<u8>,
    /// The head.
    pub head: Option<LastSigned>,
}

/// A batch on its way.
#[derive(Clone, Debug)]
pub struct Packet {
    /// Who sent it.
    pub from: usize,
    /// For whom.
    pub to: usize,
    /// By what way.
    pub leg: Leg,
    /// The batch.
    pub bytes: Said,
}

/// What is on its way.
#[derive(Debug, Default)]
pub struct Network {
    packets: Vec<Packet>,
    /// Links that are cut, with the time at which they heal.
    cut: Vec<(usize, usize, i64)>,
}

impl Network {
    /// Takes a batch.
    pub fn send(&mut self, packet: Packet) {
        self.packets.push(packet);
    }

    /// One of the batches on their way, chosen at random; sometimes it stays there too.
    pub fn next(&mut self, random: &mut Random, now: i64) -> Option<Packet> {
        let count = u64::try_from(self.packets.len()).unwrap_or(0);
        if count == 0 {
            return None;
        }
        let place = usize::try_from(random.below(count)).unwrap_or(0);
        let packet = self.packets.get(place)?.clone();
        let (a, b) = (packet.from.min(packet.to), packet.from.max(packet.to));
        let cut = self
            .cut
            .iter()
            .any(|(one, other, until)| (*one, *other) == (a, b) && *until > now);
        if cut && packet.leg != Leg::File {
            self.packets.swap_remove(place);
            return None;
        }
        let doubled = random.percent(if packet.leg == Leg::File { 30 } else { 8 });
        if !doubled {
            self.packets.swap_remove(place);
        }
        let lost = packet.leg != Leg::File && random.percent(15);
        (!lost).then_some(packet)
    }

    /// Everything that is still on its way, oldest first.
    pub fn drain(&mut self) -> Vec<Packet> {
        std::mem::take(&mut self.packets)
    }

    /// Cuts a link until a time; files still pass.
    pub fn cut(&mut self, one: usize, other: usize, until: i64) {
        self.cut.push((one.min(other), one.max(other), until));
    }
}

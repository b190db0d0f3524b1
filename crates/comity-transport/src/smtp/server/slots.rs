//! Connections at once, and who gives way.
//!
//! A network may hold so many and no more. When all are taken, a new connection takes the place of the slowest one of the network
//! that holds the most: whoever would starve others pays for it, and a sender that sends is not found among the slow. A network is
//! *known* for a while after mail for a party's address came from it: against a flood out of many networks those stay, and get in.
//!
//! In scope: counting, choosing. Out of scope: ending a connection politely (`connection`).
//! Limits: the settings' `connections_max`, and a tenth more while those that give way say goodbye, two tenths for known networks;
//! [`KNOWN_MAX`] known networks.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::network::Origin;
use super::settings::MailLimits;

/// A connection that is younger is not judged by what it sent so far.
const YOUNG_SECONDS: u64 = 5;
/// How long a network is known.
const KNOWN_FOR: Duration = Duration::from_hours(7 * 24);
/// Known networks at once; while there are so many, no more become known.
const KNOWN_MAX: usize = 10_000;

/// All places.
#[derive(Debug)]
pub(super) struct Slots {
    taken: Mutex<Taken>,
    connections_max: usize,
    address_connections_max: usize,
    network_connections_max: usize,
}

#[derive(Debug, Default)]
struct Taken {
    next: u64,
    places: BTreeMap<u64, Arc<Place>>,
    addresses: HashMap<IpAddr, usize>,
    networks: HashMap<IpAddr, usize>,
    /// Networks that are known, and since when.
    known: HashMap<IpAddr, Instant>,
    /// Those that were told to give way and are not gone yet.
    leaving: usize,
}

/// A place, as both sides see it.
#[derive(Debug)]
struct Place {
    origin: Option<Origin>,
    since: Instant,
    bytes: AtomicU64,
    gives_way: Notify,
}

/// A connection's place; it is free again when this goes.
#[derive(Debug)]
pub(super) struct Slot {
    number: u64,
    place: Arc<Place>,
    slots: Arc<Slots>,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoPlace {
    /// The network holds as many as it may.
    Network,
    /// All are taken, and none gives way.
    All,
}

impl Slots {
    pub(super) fn new(limits: &MailLimits) -> Arc<Self> {
        Arc::new(Self {
            taken: Mutex::default(),
            connections_max: limits.connections_max.max(1),
            address_connections_max: limits.address_connections_max.max(1),
            network_connections_max: limits.network_connections_max.max(1),
        })
    }

    /// A place for a connection. One without an origin counts against all places alone, and never gives way.
    pub(super) fn take(self: &Arc<Self>, origin: Option<Origin>) -> Result<Slot, NoPlace> {
        self.take_at(origin, Instant::now())
    }

    fn take_at(self: &Arc<Self>, origin: Option<Origin>, now: Instant) -> Result<Slot, NoPlace> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(origin) = origin {
            let of_address = taken.addresses.get(&origin.address).copied().unwrap_or(0);
            let of_network = taken.networks.get(&origin.network).copied().unwrap_or(0);
            if of_address >= self.address_connections_max
                || of_network >= self.network_connections_max
            {
                return Err(NoPlace::Network);
            }
        }
        if taken.places.len() >= self.connections_max {
            let known = origin.is_some_and(|origin| taken.knows(origin.network, now));
            let tenths = if known { 2 } else { 1 };
            if taken.leaving > self.connections_max * tenths / 10 {
                return Err(NoPlace::All);
            }
            taken.make_room(now)?;
        }
        let number = taken.next;
        taken.next += 1;
        let place = Arc::new(Place {
            origin,
            since: now,
            bytes: AtomicU64::new(0),
            gives_way: Notify::new(),
        });
        taken.count(origin, true);
        taken.places.insert(number, Arc::clone(&place));
        drop(taken);
        Ok(Slot {
            number,
            place,
            slots: Arc::clone(self),
        })
    }

    /// Whether three quarters of all places are taken.
    pub(super) fn is_busy(&self) -> bool {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.places.len().saturating_mul(4) > self.connections_max.saturating_mul(3)
    }
}

impl Taken {
    /// Tells one to give way.
    fn make_room(&mut self, now: Instant) -> Result<(), NoPlace> {
        let judged = self.places.iter().filter_map(|(number, place)| {
            let network = place.origin?.network;
            let held = self.networks.get(&network).copied().unwrap_or(0);
            let age = now.duration_since(place.since).as_secs();
            let young = age < YOUNG_SECONDS;
            // Among the young the oldest goes: one that came this moment has had no time to send anything.
            let rate = if young {
                0
            } else {
                place.bytes.load(Ordering::Relaxed) / (age + 1)
            };
            let known = self.knows(network, now);
            Some((known, Reverse(held), young, rate, *number))
        });
        let (.., number) = judged.min().ok_or(NoPlace::All)?;
        let place = self.places.remove(&number).ok_or(NoPlace::All)?;
        self.count(place.origin, false);
        self.leaving += 1;
        // One permit is stored, so it is heard whenever the connection listens next.
        place.gives_way.notify_one();
        Ok(())
    }

    fn knows(&self, network: IpAddr, now: Instant) -> bool {
        let since = self.known.get(&network);
        since.is_some_and(|since| now.duration_since(*since) < KNOWN_FOR)
    }

    fn know(&mut self, network: IpAddr, now: Instant) {
        if self.known.len() >= KNOWN_MAX {
            let fresh = |_: &IpAddr, since: &mut Instant| now.duration_since(*since) < KNOWN_FOR;
            self.known.retain(fresh);
        }
        if self.known.len() < KNOWN_MAX || self.known.contains_key(&network) {
            self.known.insert(network, now);
        }
    }

    fn count(&mut self, origin: Option<Origin>, more: bool) {
        let Some(origin) = origin else { return };
        for (counts, key) in [
            (&mut self.addresses, origin.address),
            (&mut self.networks, origin.network),
        ] {
            let count = counts.entry(key).or_default();
            *count = if more {
                *count + 1
            } else {
                count.saturating_sub(1)
            };
            if *count == 0 {
                counts.remove(&key);
            }
        }
    }
}

impl Slot {
    /// Comes back when this connection is to give way.
    pub(super) async fn gives_way(&self) {
        self.place.gives_way.notified().await;
    }

    /// Counts what was received.
    pub(super) fn received(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.place.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Mail for a party's address came over this connection: its network is known.
    pub(super) fn brought_mail(&self) {
        self.brought_mail_at(Instant::now());
    }

    fn brought_mail_at(&self, now: Instant) {
        if let Some(origin) = self.place.origin {
            let taken = self.slots.taken.lock();
            let mut taken = taken.unwrap_or_else(PoisonError::into_inner);
            taken.know(origin.network, now);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self
            .slots
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if taken.places.remove(&self.number).is_some() {
            taken.count(self.place.origin, false);
        } else {
            taken.leaving = taken.leaving.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn slots(connections_max: usize) -> Arc<Slots> {
        Slots::new(&MailLimits {
            connections_max,
            address_connections_max: 2,
            network_connections_max: 3,
            ..MailLimits::default()
        })
    }

    fn from(a: u8, b: u8) -> Origin {
        Origin::of([192, 0, a, b].into())
    }

    #[tokio::test]
    async fn of_those_that_came_just_now_the_oldest_gives_way() {
        let slots = slots(3);
        let first = slots.take(Some(from(2, 1))).unwrap();
        first.received(100);
        let second = slots.take(Some(from(3, 1))).unwrap();
        let third = slots.take(Some(from(4, 1))).unwrap();
        let _new = slots.take(Some(from(5, 1))).unwrap();
        assert!(told(&first).await, "though it sent the most");
        assert!(!told(&second).await && !told(&third).await);
    }

    #[test]
    fn an_address_and_a_network_hold_so_many_and_no_more() {
        let slots = slots(9);
        let one = slots.take(Some(from(2, 1))).unwrap();
        let _two = slots.take(Some(from(2, 1))).unwrap();
        assert_eq!(slots.take(Some(from(2, 1))).unwrap_err(), NoPlace::Network);
        let _three = slots.take(Some(from(2, 2))).unwrap();
        assert_eq!(slots.take(Some(from(2, 3))).unwrap_err(), NoPlace::Network);
        let _other = slots.take(Some(from(3, 1))).unwrap();
        let _own = slots.take(None).unwrap();
        drop(one);
        let _again = slots.take(Some(from(2, 1))).unwrap();
        assert!(!slots.is_busy());
    }

    /// Whether a connection was told to give way; once.
    async fn told(slot: &Slot) -> bool {
        tokio::time::timeout(Duration::from_millis(1), slot.gives_way())
            .await
            .is_ok()
    }

    #[tokio::test]
    async fn networks_that_brought_mail_stay_and_get_in() {
        let slots = slots(10);
        let now = Instant::now();
        let partner = slots.take_at(Some(from(2, 1)), now).unwrap();
        partner.brought_mail_at(now);
        let more = slots.take_at(Some(from(2, 2)), now).unwrap();
        // The flood: each from a network of its own, faster than the partner, which holds two.
        let flood: Vec<_> = (10..18)
            .map(|network| {
                let slot = slots.take_at(Some(from(network, 1)), now).unwrap();
                slot.received(1_000_000);
                slot
            })
            .collect();
        let soon = now + Duration::from_mins(1);
        let strangers = [30, 31].map(|network| slots.take_at(Some(from(network, 1)), soon));
        assert!(strangers.iter().all(Result::is_ok));
        assert!(!told(&partner).await && !told(&more).await);
        // Two of the flood say goodbye, and no stranger may ask for a third.
        let stranger = slots.take_at(Some(from(32, 1)), soon).unwrap_err();
        assert_eq!(stranger, NoPlace::All);
        let third = slots.take_at(Some(from(2, 3)), soon).unwrap();
        assert!(!told(&partner).await && !told(&more).await && !told(&third).await);
        let mut away = 0;
        for slot in &flood {
            away += usize::from(told(slot).await);
        }
        assert_eq!(away, 3);
        // Not for ever.
        drop((flood, strangers));
        let flood: Vec<_> = (10..17)
            .map(|network| slots.take_at(Some(from(network, 1)), now).unwrap())
            .collect();
        let _new = slots.take_at(Some(from(33, 1)), now + KNOWN_FOR).unwrap();
        assert!(told(&partner).await, "it holds the most again");
        drop(flood);
    }

    #[test]
    fn so_many_networks_are_known_and_no_more() {
        let now = Instant::now();
        let mut taken = Taken::default();
        let network = |number: usize| IpAddr::from(u32::try_from(number).unwrap().to_be_bytes());
        for number in 0..KNOWN_MAX + 5 {
            taken.know(network(number), now);
        }
        assert_eq!(taken.known.len(), KNOWN_MAX);
        assert!(taken.knows(network(7), now) && !taken.knows(network(KNOWN_MAX), now));
        taken.know(network(KNOWN_MAX), now + KNOWN_FOR);
        assert_eq!(taken.known.len(), 1, "what is old is forgotten");
    }

    #[tokio::test]
    async fn when_all_are_taken_the_slowest_of_the_largest_network_gives_way() {
        let slots = slots(5);
        let own = slots.take(None).unwrap();
        let alone = slots.take(Some(from(9, 1))).unwrap();
        let slow = slots.take(Some(from(2, 1))).unwrap();
        let fast = slots.take(Some(from(2, 2))).unwrap();
        fast.received(100_000);
        let later = Instant::now() + Duration::from_mins(1);
        let young = slots.take_at(Some(from(2, 3)), later).unwrap();
        assert!(slots.is_busy());
        let new = slots.take_at(Some(from(3, 1)), later).unwrap();
        assert!(told(&slow).await);
        for other in [&own, &alone, &fast, &young, &new] {
            assert!(!told(other).await, "one is enough");
        }
        let none = slots.take_at(Some(from(3, 2)), later).unwrap_err();
        assert_eq!(none, NoPlace::All, "one says goodbye already");
        drop(slow);
        let newer = slots.take_at(Some(from(3, 2)), later).unwrap();
        assert!(
            told(&fast).await,
            "the one that is not young, though it is faster"
        );
        assert!(!told(&young).await);
        drop((own, alone, fast, young, new, newer));
        let taken = slots.taken.lock().unwrap();
        assert!(taken.places.is_empty() && taken.networks.is_empty() && taken.addresses.is_empty());
        assert_eq!(taken.leaving, 0);
    }
}

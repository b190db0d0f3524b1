//! Deliveries that travelled in parts, as the one delivery that they were.
//!
//! A whole was received when the last of its parts was; one whose parts are not all there was not received at all.
//!
//! In scope: joining. Out of scope: cutting (`exchange::parts`), what deliveries mean (`gather`).

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use comity_accord::digest::Digest;
use comity_accord::party::PartyName;
use comity_link::payload::{Kind, Part};

use crate::case::gather::Delivery;

/// The parts of one whole, by their numbers: what came first of each.
#[derive(Debug, Default)]
struct Gathered {
    kind: String,
    parts: u32,
    pieces: BTreeMap<u32, (Vec<u8>, i64, i64)>,
}

/// Every delivery, whole; parts of what is not whole are left out.
pub(crate) fn joined(deliveries: Vec<Arc<Delivery>>) -> Vec<Arc<Delivery>> {
    let (parts, mut all): (Vec<_>, Vec<_>) = deliveries
        .into_iter()
        .partition(|one| one.kind == Kind::Part);
    let mut open: BTreeMap<(PartyName, PartyName, String), Gathered> = BTreeMap::new();
    for delivery in parts {
        let Ok(said) = serde_json::from_slice::<Part>(&delivery.payload) else {
            continue;
        };
        let Ok(bytes) = STANDARD.decode(&said.bytes) else {
            continue;
        };
        let place = (delivery.from.clone(), delivery.to.clone(), said.whole);
        let gathered = open.entry(place).or_default();
        gathered.kind = said.kind;
        gathered.parts = said.parts;
        let piece = (bytes, delivery.sent, delivery.received);
        let known = gathered.pieces.get(&said.part);
        if known.is_none_or(|known| delivery.received < known.2) {
            gathered.pieces.insert(said.part, piece);
        }
    }
    all.extend(
        open.into_iter()
            .filter_map(|(place, one)| whole_of(place, one))
            .map(Arc::new),
    );
    all
}

fn whole_of(
    (from, to, name): (PartyName, PartyName, String),
    gathered: Gathered,
) -> Option<Delivery> {
    let kind = Kind::parse(&gathered.kind)?;
    let count = usize::try_from(gathered.parts).ok()?;
    let there =
        gathered.pieces.len() == count && gathered.pieces.keys().copied().eq(0..gathered.parts);
    if !there {
        return None;
    }
    let mut payload = Vec::new();
    let (mut sent, mut received) = (i64::MIN, i64::MIN);
    for (bytes, said, stored) in gathered.pieces.into_values() {
        payload.extend(bytes);
        sent = sent.max(said);
        received = received.max(stored);
    }
    // What names itself by another digest was refused over there.
    (Digest::of(&payload).to_string() == name)
        .then(|| Delivery::new((&from, &to), kind, payload, (sent, received)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(whole: &str, (part, parts): (u32, u32), bytes: &[u8], received: i64) -> Arc<Delivery> {
        let said = Part {
            whole: whole.to_owned(),
            kind: Kind::Share.word().to_owned(),
            part,
            parts,
            bytes: STANDARD.encode(bytes),
        };
        let [from, to] = ["alpha", "bravo"].map(|name| PartyName::parse(name).unwrap());
        let payload = serde_json::to_vec(&said).unwrap();
        Arc::new(Delivery::new(
            (&from, &to),
            Kind::Part,
            payload,
            (received - 5, received),
        ))
    }

    #[test]
    fn parts_are_one_delivery_that_came_with_the_last_of_them() {
        let whole = Digest::of(b"abcd").to_string();
        let first = part(&whole, (0, 2), b"ab", 100);
        let second = part(&whole, (1, 2), b"cd", 70);
        // The same part again, later: what is made anew in another epoch is the same delivery.
        let again = part(&whole, (0, 2), b"ab", 900);
        for all in [
            vec![first.clone(), second.clone(), again.clone()],
            vec![again, second.clone(), first.clone()],
        ] {
            let [one] = joined(all).try_into().unwrap();
            assert_eq!(
                (one.kind, one.payload.as_slice()),
                (Kind::Share, b"abcd".as_slice())
            );
            assert_eq!((one.received, one.sent), (100, 95));
        }
        assert!(joined(vec![first.clone()]).is_empty(), "one is missing");
        let other = part(&whole, (1, 2), b"xx", 70);
        assert!(
            joined(vec![first, other]).is_empty(),
            "not the whole that is named"
        );
    }
}

//! Measures the ledger: `ledger_speed` prints envelopes a second by how many share a transaction, the bytes of a receipt
//! with its proof, and proofs checked a second.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use comity_ledger::leaf::{Blinding, Leaf};
use comity_ledger::policy::Policy;
use comity_ledger::proof::LogProof;
use comity_link::channel::Lane;
use comity_link::header::EnvelopeId;
use comity_link::payload::Kind;
use comity_link::seal::SealingAlgorithm;
use comity_node::link::card::CardFacts;
use comity_node::link::guard::FileGuard;
use comity_node::link::keys::NodeKeys;
use comity_node::link::peer::VERIFIED;
use comity_node::link::{Draft, Link, LinkParts, Way};
use comity_store::state::party::{self, PartyRow};
use comity_store::state::{State, receipt};
use zeroize::Zeroizing;

/// 2026-11-24, in microseconds.
const NOW: i64 = 1_795_500_000_000_000;
/// Envelopes for each size of batch.
const ENVELOPES: usize = 4_000;
const CHECKS: u32 = 20_000;

fn main() -> Result<(), Box<dyn Error>> {
    let (first, second) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let alpha = Node::make(first.path(), "alpha", 1)?;
    let bravo = Node::make(second.path(), "bravo", 100)?;
    alpha.enrol(&bravo)?;
    bravo.enrol(&alpha)?;
    let last = receipts(&alpha, &bravo)?;
    checks(&alpha, last)?;
    for batch in [1, 10, 100, 1_000] {
        let count = if batch == 1 {
            ENVELOPES / 10
        } else {
            ENVELOPES
        };
        let began = Instant::now();
        for _ in 0..count / batch {
            alpha.make_envelopes(batch)?;
        }
        let rate = f64::from(u32::try_from(count)?) / began.elapsed().as_secs_f64();
        println!("envelopes made durable, {batch} a transaction | {rate:.0}/s");
    }
    Ok(())
}

struct Node {
    name: &'static str,
    state: Arc<State>,
    link: Link,
}

impl Node {
    fn make(folder: &Path, name: &'static str, seed: u8) -> Result<Self, Box<dyn Error>> {
        let state = Arc::new(State::open_embedded(folder)?);
        let domain = format!("{name}.example");
        let mut number = seed;
        let keys = NodeKeys::from_seeds(
            &domain,
            &mut |_| {
                number = number.wrapping_add(1);
                Ok(Some(Zeroizing::new([number; 32])))
            },
            SealingAlgorithm::XWing,
        )?;
        let link = Link::new(LinkParts {
            state: Arc::clone(&state),
            keys,
            origin: format!("{domain}/log"),
            guard: Box::new(FileGuard::new(folder)),
            random: Box::new(|bytes| getrandom::fill(bytes).expect("the system has randomness")),
            post_quantum: false,
            shared: false,
        });
        link.open_log(NOW)?;
        link.renew_card((name, &domain), &CardFacts::default(), NOW)?;
        Ok(Self { name, state, link })
    }

    fn enrol(&self, other: &Self) -> Result<(), Box<dyn Error>> {
        let card = other.state.read(|tx| other.link.own_card(tx))?;
        let card = card.ok_or("no card")?;
        let row = PartyRow {
            name: other.name.to_owned(),
            state: VERIFIED.to_owned(),
            origin: other.link.origin().to_owned(),
            card: card.to_bytes(),
            serial: card.card().serial.into(),
            changed: NOW,
            link_url: None,
            last_sent: 0,
            last_heard: 0,
        };
        self.state.write(|tx| party::put(tx, &row))?;
        Ok(())
    }

    /// Envelopes of 1 KiB to bravo, in one transaction.
    fn make_envelopes(&self, count: usize) -> Result<Vec<EnvelopeId>, Box<dyn Error>> {
        let draft = Draft {
            party: "bravo".to_owned(),
            lane: Lane::Normal,
            kind: Kind::Status,
            payload: format!("{{\"text\":\"{}\"}}", "x".repeat(1_000)).into_bytes(),
            due: None,
        };
        let made = self.state.write(|tx| {
            let drafts = std::iter::repeat_n(draft.clone(), count);
            self.link.enqueue_all_in(tx, drafts, NOW)
        });
        Ok(made?)
    }
}

/// Sends envelopes and tells the size of a receipt; answers the last one's identity.
fn receipts(alpha: &Node, bravo: &Node) -> Result<EnvelopeId, Box<dyn Error>> {
    let ids = alpha.make_envelopes(200)?;
    let last = *ids.last().ok_or("no envelope")?;
    let batch = alpha.link.collect("bravo", &Lane::ALL, None, NOW)?;
    let (_, answer) = bravo.link.answer(&batch, NOW)?;
    alpha.link.take(&answer, Way::Call, NOW)?;
    let row = alpha.state.read(|tx| receipt::find(tx, &last.0))?;
    let row = row.ok_or("no receipt")?;
    let proof = row.proof.as_ref().map_or(0, Vec::len);
    let parts = [row.header.len(), row.payload.len(), 64, proof];
    println!(
        "a receipt | {} bytes: header {}, payload {}, openings 64, proof {proof} with its checkpoint",
        parts.iter().sum::<usize>(),
        row.header.len(),
        row.payload.len()
    );
    Ok(last)
}

/// What the processor allows: one signature of a text as long as a checkpoint, made and checked, nothing else.
fn bare(proofs: f64) -> Result<(), Box<dyn Error>> {
    use ed25519_dalek::Signer as _;
    let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let (text, public) = ([b'x'; 110], key.verifying_key());
    let signature = key.sign(&text);
    let began = Instant::now();
    for _ in 0..CHECKS {
        public.verify_strict(std::hint::black_box(&text), &signature)?;
    }
    let checked = f64::from(CHECKS) / began.elapsed().as_secs_f64();
    let began = Instant::now();
    for _ in 0..CHECKS {
        std::hint::black_box(key.sign(std::hint::black_box(&text)));
    }
    let made = f64::from(CHECKS) / began.elapsed().as_secs_f64();
    let share = proofs / checked;
    println!(
        "signatures alone | checked {checked:.0}/s, made {made:.0}/s; proofs at {share:.2} of the former"
    );
    Ok(())
}

/// Checks one receipt's proof again and again, from its bytes on.
fn checks(alpha: &Node, id: EnvelopeId) -> Result<(), Box<dyn Error>> {
    let row = alpha.state.read(|tx| receipt::find(tx, &id.0))?;
    let row = row.ok_or("no receipt")?;
    let card = alpha.state.read(|tx| party::find(tx, "bravo"))?;
    let card = comity_accord::card::SignedCard::parse(&card.ok_or("no party")?.card)?;
    let key = card.card().log.first().ok_or("no key")?;
    let policy = Policy::parse(format!("log {key}\nquorum none\n").as_bytes())?;
    let proof = row.proof.ok_or("no proof")?;
    let leaf = || Leaf::of(&row.header, &Blinding::new(row.blind)).hash();
    let began = Instant::now();
    for _ in 0..CHECKS {
        LogProof::parse(&proof)?.verify(&leaf(), &policy)?;
    }
    let rate = f64::from(CHECKS) / began.elapsed().as_secs_f64();
    println!("proofs checked from their bytes, signature included | {rate:.0}/s on one core");
    bare(rate)?;
    let parsed = LogProof::parse(&proof)?;
    let (leaf, head) = (leaf(), parsed.checkpoint().checkpoint().head());
    let began = Instant::now();
    for _ in 0..CHECKS {
        comity_ledger::tree::verify_inclusion(&leaf, parsed.index(), &head, parsed.hashes())?;
    }
    let rate = f64::from(CHECKS) / began.elapsed().as_secs_f64();
    println!("inclusion under a checkpoint that was checked | {rate:.0}/s on one core");
    Ok(())
}

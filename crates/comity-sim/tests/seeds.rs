//! Many seeds, and every fault on purpose.
use comity_sim::fault::Fault;
use comity_sim::invariants::Invariant;
use comity_sim::run::run_all;

#[test]
fn everything_holds_over_two_thousand_seeds() {
    let begun = std::time::Instant::now();
    let found = run_all(0..2_000, 2, Fault::None, &|_| {});
    let seconds = begun.elapsed().as_secs();
    if let Some(found) = found {
        let again = "again: cargo run -p comity-sim --release -- --trace --seed";
        panic!(
            "{}\nseed {}: {}\n{again} {}",
            found.trace.join("\n"),
            found.seed,
            found.violation,
            found.seed
        );
    }
    println!("2000 seeds from 0: everything held; {seconds} s");
}

#[test]
fn every_fault_is_found() {
    for fault in Fault::ALL {
        let found = run_all(0..400, 2, fault, &|_| {});
        let found = found.unwrap_or_else(|| panic!("{fault:?} was not found"));
        assert_ne!(
            found.violation.invariant,
            Invariant::NoSurprise,
            "{fault:?}: {}",
            found.violation
        );
        println!(
            "{fault:?}: seed {}, {:?}",
            found.seed, found.violation.invariant
        );
    }
}

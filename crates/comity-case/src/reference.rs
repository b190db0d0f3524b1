//! The reference page of the state machines, `docs/reference/state-tables.md`, written from their tables.
//!
//! In scope: the whole page. Out of scope: the rows, each in its machine's module.

use std::fmt::Write as _;

use crate::request::content;
use crate::request::event::{HOLD_TABLE, TABLE};
use crate::table::markdown;
use crate::{address, call, case, check, evidence, exercise, incident, profile, review};

const OPENING: &str = "# State tables

<!-- Written from the tables in crates/comity-case by `cargo run -p comity-case --example state_tables`; a test compares. -->

What two parties do together is one thread of messages for each subject, and what a thread stands at follows from its messages
by these tables alone. What is not in a table is refused, with what would be possible instead; a message that stands in a thread
and was refused changes nothing and is shown with the reason. Times of an act are those of whoever acted, times of notice those
of the other side's receipt.

A row reads: in these states this may happen, by this side, in one of these roles; then the state is that one. The first row of
each table, which has no state to begin with, opens a thread.
";

/// The page.
pub fn page() -> String {
    let mut page = String::from(OPENING);
    let sides = ["requester", "responder"];
    let sections = [
        ("Request for assistance", markdown(TABLE, sides)),
        ("Data that is preserved", markdown(HOLD_TABLE, sides)),
        ("What a request must say", content::markdown()),
        ("Case", case::page()),
        ("Hotline call", call::page()),
        ("Check of a point of contact", check::page()),
        ("Profile of a party", profile::page()),
        ("Designated address", address::page()),
        ("Evidence item", evidence::page()),
        ("Exercise", exercise::page()),
        ("Incident reported in stages", incident::page()),
        (
            "Review of a period",
            markdown(review::TABLE, ["who spoke first", "other party"]),
        ),
    ];
    for (title, body) in sections {
        // Writing into a text does not fail.
        let _ = write!(page, "\n## {title}\n\n{body}");
    }
    page
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_reference_page_is_that_of_the_tables() {
        let page = include_str!("../../../docs/reference/state-tables.md");
        assert_eq!(
            page,
            super::page(),
            "write it anew: cargo run -p comity-case --example state_tables"
        );
    }
}

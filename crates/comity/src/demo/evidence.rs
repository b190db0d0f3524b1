//! The demo's evidence: bravo takes a file in, hands it over, and alpha signs for it.
//!
//! In scope: the step. Out of scope: the telling (`demo`), the request that it belongs to (`cases`).

use std::path::Path;

use comity_node::case::command::CaseCommand;
use comity_node::case::evidence::Facts;
use comity_node::case::evidence::command::EvidenceCommand;
use comity_node::case::threads::Acting;
use serde_json::Value;

use crate::commands::parties::text;
use crate::demo::accord::until;
use crate::demo::not_held;
use crate::demo::party::Party;
use crate::failure::Failure;

/// More than one piece of an item.
const LINES: usize = 40_000;

fn ask(party: &Party, command: EvidenceCommand) -> Result<Value, Failure> {
    party.case(CaseCommand::Evidence(Box::new(command)))
}

fn shown(party: &Party, item: &str) -> Result<Value, Failure> {
    let item = item.to_owned();
    ask(party, EvidenceCommand::Show { item })
}

/// Hands the logs over; answers the item's name and what was seen.
pub(crate) async fn handed_over(
    from: &Party,
    to: &Party,
    acting: &Acting,
) -> Result<(String, String), Failure> {
    let id = taken_in(from, acting)?;
    ask(
        from,
        EvidenceCommand::Offer {
            item: id.clone(),
            party: Some(to.name.to_owned()),
            note: "as asked for".to_owned(),
            acting: acting.clone(),
        },
    )?;
    until("the evidence", || {
        let rows = ask(
            to,
            EvidenceCommand::List {
                party: None,
                gaps: false,
            },
        )?;
        let mut rows = rows.as_array().cloned().unwrap_or_default().into_iter();
        Ok(rows.any(|row| {
            text(&row, "id") == id
                && row.pointer("/crossing/state").and_then(Value::as_str) == Some("whole")
        }))
    })
    .await?;
    if text(&shown(from, &id)?, "holder") != from.name {
        return Err(not_held("custody moved with one signature"));
    }
    let (item, acting) = (id.clone(), acting.clone());
    ask(to, EvidenceCommand::Accept { item, acting })?;
    let complete = |party: &Party| Ok::<_, Failure>(text(&shown(party, &id)?, "holder") == to.name);
    until("both signatures on both sides", || {
        Ok(complete(from)? && complete(to)?)
    })
    .await?;
    for party in [from, to] {
        let gaps = shown(party, &id)?.pointer("/gaps/0").cloned();
        if let Some(gap) = gaps {
            return Err(not_held(format!("{}: {gap}", party.name)));
        }
    }
    let item = shown(to, &id)?;
    let mebibytes = item.get("size").and_then(Value::as_u64).unwrap_or(0) / 1_048_576;
    let sha256: String = text(&item, "sha256").chars().take(16).collect();
    let seen = format!(
        "{mebibytes} MiB and some, SHA-256 {sha256}…, computed anew on both sides; with {}, no gap.",
        to.name
    );
    Ok((id, seen))
}

fn taken_in(party: &Party, acting: &Acting) -> Result<String, Failure> {
    let path = party.folder().join("connections.log");
    write_log(&path)?;
    let facts = Facts {
        media_type: "text/plain".to_owned(),
        acquired_at: "2026-05-09T08:00:00Z".to_owned(),
        acquired_by: "the network team".to_owned(),
        acquired_how: "exported from the flow collector".to_owned(),
        tool: "flow collector 3.1".to_owned(),
        source: "border routers".to_owned(),
        legal_basis: "request for assistance".to_owned(),
        label: "TLP:AMBER".to_owned(),
        seal: None,
        sample: false,
        derived: None,
    };
    let line = ask(
        party,
        EvidenceCommand::Add {
            path,
            facts: Box::new(facts),
            acting: acting.clone(),
        },
    )?;
    Ok(text(&line, "id").to_owned())
}

fn write_log(path: &Path) -> Result<(), Failure> {
    let line = |number| format!("{number:06} 192.0.2.{} 198.51.100.7 443 tcp\n", number % 11);
    let lines: Vec<String> = (0..LINES).map(line).collect();
    let lines = lines.concat();
    std::fs::write(path, lines).map_err(|error| {
        Failure::unknown(
            format!("cannot write {}: {error}", path.display()),
            "name another folder with --dir",
        )
    })
}

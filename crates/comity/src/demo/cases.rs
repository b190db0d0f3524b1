//! The demo's third part: alpha asks for assistance, bravo answers, and both work out what their promises came to.
//!
//! In scope: the steps, in order, each one function. Out of scope: the telling (`demo`), the machinery (`party`).

use comity_node::case::command::CaseCommand;
use comity_node::case::threads::Acting;
use serde_json::{Value, json};

use crate::commands::parties::text;
use crate::demo::accord::until;
use crate::demo::evidence::handed_over;
use crate::demo::party::Party;
use crate::demo::{Teller, not_held, practice};
use crate::failure::Failure;

/// Tells it.
pub(crate) async fn tell(alpha: &Party, bravo: &Party, teller: &mut Teller) -> Result<(), Failure> {
    let id = open(alpha, bravo)?;
    teller.step(
        "Alpha asks bravo for a search in logs; what was asked for is missing, so bravo returns it and the clock stands.",
        returned(alpha, bravo, &id).await,
    )?;
    teller.step(
        "Alpha supplements it; bravo accepts, and reports where the work stands.",
        accepted(alpha, bravo, &id).await,
    )?;
    let (item, seen) = match handed_over(bravo, alpha, &officer()).await {
        Ok((item, seen)) => (item, Ok(seen)),
        Err(failure) => (String::new(), Err(failure)),
    };
    teller.step(
        "Bravo hands the logs over as evidence, in pieces; custody moves when alpha has them whole and signs, and not before.",
        seen,
    )?;
    teller.step(
        "Bravo answers, and names the evidence.",
        answered(alpha, bravo, (&id, &item)).await,
    )?;
    teller.step(
        "Alpha says what the answer was worth: both nodes hold the same steps, each with the other's receipt.",
        closed(alpha, bravo, &id).await,
    )?;
    teller.step(
        "Alpha tests the hotline: the officers know each other by spoken words, and seal their notes before either is shown.",
        practice::called(alpha, bravo).await,
    )?;
    teller.step(
        "Both hold a short exercise, of which nothing mixes with what is meant.",
        practice::exercised(alpha, bravo).await,
    )?;
    teller.step(
        "Each node judges the quarter from its own evidence: the two scorecards are equal to the bit.",
        scored(alpha, bravo).await,
    )
}

pub(crate) fn officer() -> Acting {
    Acting {
        officer: "the duty officer".to_owned(),
        role: "releaser".to_owned(),
        second: None,
        person: None,
    }
}

fn open(alpha: &Party, bravo: &Party) -> Result<String, Failure> {
    let line = alpha.case(CaseCommand::Open {
        subject: "request".to_owned(),
        party: bravo.name.to_owned(),
        label: "TLP:AMBER".to_owned(),
        exercise: None,
        event: "send".to_owned(),
        content: json!({
            "request_type": "log-search", "urgency": "urgent", "title": "Who called the loader's control server?",
            "unit": "cyber unit", "contact": "the duty officer's telephone", "facts": "Two hosts called it each night.",
            "asked": "Connections to it in the window.", "use_limits": "intelligence only",
            "window_from": "2026-05-01T00:00:00Z", "window_until": "2026-05-08T00:00:00Z",
        }),
        acting: officer(),
    })?;
    Ok(text(&line, "id").to_owned())
}

pub(crate) fn say(party: &Party, id: &str, event: &str, content: Value) -> Result<(), Failure> {
    party.case(CaseCommand::Say {
        thread: id.to_owned(),
        event: event.to_owned(),
        content,
        acting: officer(),
    })?;
    Ok(())
}

pub(crate) fn shown(party: &Party, id: &str) -> Result<Value, Failure> {
    party.case(CaseCommand::Show {
        thread: id.to_owned(),
    })
}

/// Waits until a thread stands so at a party.
pub(crate) async fn stands(party: &Party, id: &str, state: &str) -> Result<Value, Failure> {
    let at = || {
        let all = party.case(CaseCommand::List {
            subject: None,
            party: None,
            exercise: None,
            owed: false,
            before: None,
            limit: None,
        })?;
        let mut rows = all.as_array().cloned().unwrap_or_default().into_iter();
        Ok::<_, Failure>(rows.any(|row| text(&row, "id") == id && text(&row, "state") == state))
    };
    until(&format!("{state} at {}", party.name), at).await?;
    shown(party, id)
}

async fn returned(alpha: &Party, bravo: &Party, id: &str) -> Result<String, Failure> {
    let there = stands(bravo, id, "delivered").await?;
    let missing = there
        .pointer("/request/missing")
        .cloned()
        .unwrap_or_default();
    say(bravo, id, "return", json!({ "fields": missing }))?;
    let here = stands(alpha, id, "returned").await?;
    let fields = here
        .pointer("/request/returned/0/fields")
        .cloned()
        .unwrap_or_default();
    if fields != json!(["observables"]) {
        return Err(not_held(format!("alpha was told of {fields}")));
    }
    let owed = here.pointer("/request/due/0").cloned().unwrap_or_default();
    Ok(format!(
        "Missing: {fields}. {} owes {} by {}.",
        text(&owed, "by"),
        text(&owed, "what"),
        text(&owed, "at")
    ))
}

async fn accepted(alpha: &Party, bravo: &Party, id: &str) -> Result<String, Failure> {
    say(
        alpha,
        id,
        "supplement",
        json!({ "fields": { "observables": ["198.51.100.7"] } }),
    )?;
    stands(bravo, id, "acknowledged").await?;
    let accepted = json!({ "scope": "full", "expected": "2099-01-01T00:00:00Z" });
    say(bravo, id, "accept", accepted)?;
    say(
        bravo,
        id,
        "interim",
        json!({ "text": "two providers have been asked" }),
    )?;
    let here = stands(alpha, id, "accepted").await?;
    let expected = here.pointer("/request/expected/0/at");
    let expected = expected.and_then(Value::as_str).unwrap_or_default();
    Ok(format!(
        "Two providers have been asked; an answer is expected by {expected}."
    ))
}

async fn answered(
    alpha: &Party,
    bravo: &Party,
    (id, item): (&str, &str),
) -> Result<String, Failure> {
    let answer = json!({
        "scope": "full", "text": "Eleven hosts called it; all are being cleaned.", "evidence": [item],
    });
    say(bravo, id, "answer", answer)?;
    let here = stands(alpha, id, "answered").await?;
    let named = here.pointer("/request/answers/0/evidence/0");
    if named.and_then(Value::as_str) != Some(item) {
        return Err(not_held("the answer names another item"));
    }
    let said = here
        .pointer("/request/answers/0/text")
        .and_then(Value::as_str);
    Ok(format!("Bravo: {}", said.unwrap_or_default()))
}

async fn closed(alpha: &Party, bravo: &Party, id: &str) -> Result<String, Failure> {
    say(
        alpha,
        id,
        "feedback",
        json!({ "useful": "yes", "quality": 5, "acted": true }),
    )?;
    stands(bravo, id, "closed").await?;
    let steps =
        |party: &Party| Ok::<_, Failure>(shown(party, id)?.pointer("/request/steps").cloned());
    // The receipt of the last step may still be on its way.
    until("the last receipt", || {
        let (here, there) = (steps(alpha)?, steps(bravo)?);
        Ok(here == there && here.is_some())
    })
    .await?;
    let count = steps(alpha)?
        .and_then(|steps| steps.as_array().map(Vec::len))
        .unwrap_or(0);
    Ok(format!(
        "{count} steps, the same on both sides, down to the second in which each was received."
    ))
}

async fn scored(alpha: &Party, bravo: &Party) -> Result<String, Failure> {
    let period = alpha.quarter()?;
    let sign = |party: &Party, other: &Party| {
        party.case(CaseCommand::SignScorecard {
            party: other.name.to_owned(),
            period: period.clone(),
            acting: officer(),
        })
    };
    let shown = |party: &Party, other: &Party| {
        party.case(CaseCommand::Scorecard {
            party: other.name.to_owned(),
            period: period.clone(),
            as_of: None,
        })
    };
    sign(alpha, bravo)?;
    until("alpha's word at bravo", || {
        Ok(shown(bravo, alpha)?.pointer("/said/alpha").is_some())
    })
    .await?;
    sign(bravo, alpha)?;
    until("bravo's word at alpha", || {
        Ok(text(&shown(alpha, bravo)?, "review") == "agreed")
    })
    .await?;
    let card = shown(alpha, bravo)?;
    if text(&card, "hash") != text(&shown(bravo, alpha)?, "hash") {
        return Err(not_held("the two hashes differ"));
    }
    let results = card
        .pointer("/card/results")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    if !practice::is_in(&results) {
        return Err(not_held(
            "the scorecard lacks the hotline's test or the exercise",
        ));
    }
    let met = results
        .iter()
        .filter(|row| text(row, "outcome") == "met")
        .count();
    let hash: String = text(&card, "hash").chars().take(16).collect();
    Ok(format!(
        "{period}: {met} of {} promises had something due and were met, the rest had nothing due. Hash {hash}…, said by both.",
        results.len()
    ))
}

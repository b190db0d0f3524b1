//! The demo's practice: a test of the hotline whose two notes are sealed before either is shown, and a short exercise.
//!
//! In scope: the two steps, and that the quarter's scorecard has both. Out of scope: the telling (`demo`), requests (`cases`).

use comity_node::case::command::CaseCommand;
use comity_node::case::exercises::command::{ExerciseCommand, Proposal};
use comity_node::case::hotline::command::{Heard, HotlineCommand, Ring};
use serde_json::{Value, json};

use crate::commands::parties::text;
use crate::demo::accord::until;
use crate::demo::cases::{officer, say, shown, stands};
use crate::demo::not_held;
use crate::demo::party::Party;
use crate::failure::Failure;

/// What the demo's accord promises besides what its template says: an exercise in each quarter.
pub(crate) const COMMITMENT: &str = "\n[[commitment]]\nid = \"exercises\"\nkind = \"exercise\"\nby = \"each\"\n\
     parameters = { per_half_year = 2 }\n";
const SCENARIO: &str = r#"title = "A worm in both territories"
[clock]
start = "2027-03-01T08:00:00Z"
speed = 60
[[inject]]
after_minutes = 0
text = "A hospital in alpha's territory is down."
expected = [{ by = "alpha", text = "ring the hotline", within_minutes = 60 }]
"#;

fn call(party: &Party, command: HotlineCommand) -> Result<Value, Failure> {
    party.case(CaseCommand::Hotline(command))
}

fn ring(party: &Party, to: &Party, exercise: Option<&str>) -> Result<String, Failure> {
    let rung = call(
        party,
        HotlineCommand::Ring(Ring {
            party: to.name.to_owned(),
            label: "TLP:AMBER".to_owned(),
            exercise: exercise.map(ToOwned::to_owned),
            contact: None,
            channel: "telephone".to_owned(),
            urgency: "routine".to_owned(),
            line: "does anybody answer?".to_owned(),
            related: Vec::new(),
            test: true,
            acting: officer(),
        }),
    )?;
    Ok(text(&rung, "id").to_owned())
}

/// Waits until both hold the same steps of a thread, each with the other's receipt.
async fn settled([one, two]: [&Party; 2], id: &str, place: &str) -> Result<(), Failure> {
    until("the last receipt", || {
        let [here, there] = [shown(one, id)?, shown(two, id)?];
        let (here, there) = (here.pointer(place), there.pointer(place));
        let steps = here.and_then(Value::as_array);
        let receipted =
            steps.is_some_and(|steps| steps.iter().all(|step| !text(step, "received").is_empty()));
        Ok(here == there && receipted)
    })
    .await
}

/// A test of the hotline.
pub(crate) async fn called(alpha: &Party, bravo: &Party) -> Result<String, Failure> {
    let id = ring(alpha, bravo, None)?;
    stands(bravo, &id, "rung").await?;
    let answered = HotlineCommand::Answered {
        thread: id.clone(),
        back: false,
        acting: officer(),
    };
    call(bravo, answered)?;
    stands(alpha, &id, "answered").await?;
    let mut words = String::new();
    for (speaks, hears) in [(alpha, bravo), (bravo, alpha)] {
        let said = shown(speaks, &id)?;
        let said = said.pointer("/call/ours/say").and_then(Value::as_str);
        said.unwrap_or_default().clone_into(&mut words);
        let heard = HotlineCommand::Identify {
            thread: id.clone(),
            heard: Heard::Words(words.clone()),
            acting: officer(),
        };
        call(hears, heard)?;
    }
    for party in [alpha, bravo] {
        stands(party, &id, "identified").await?;
    }
    let seal = |party: &Party, note: &str| {
        let sealed = HotlineCommand::Seal {
            thread: id.clone(),
            text: note.to_owned(),
            acting: officer(),
        };
        call(party, sealed)
    };
    seal(alpha, "Bravo answered at once.")?;
    until("alpha's seal at bravo", || {
        Ok(shown(bravo, &id)?
            .pointer("/call/theirs/seal")
            .is_some_and(Value::is_string))
    })
    .await?;
    if shown(bravo, &id)?.to_string().contains("at once") {
        return Err(not_held(
            "bravo sees alpha's note before it has sealed its own",
        ));
    }
    seal(bravo, "Alpha rang; it was a test.")?;
    for party in [alpha, bravo] {
        stands(party, &id, "shown").await?;
        say(party, &id, "read-back", json!({ "agrees": true }))?;
    }
    for party in [alpha, bravo] {
        stands(party, &id, "read back").await?;
    }
    say(alpha, &id, "close", json!({}))?;
    for party in [alpha, bravo] {
        stands(party, &id, "closed").await?;
        say(party, &id, "confirm", json!({ "text": "as noted" }))?;
    }
    for party in [alpha, bravo] {
        stands(party, &id, "confirmed").await?;
    }
    settled([alpha, bravo], &id, "/call/steps").await?;
    Ok(format!(
        "Bravo's officer said {words:?}, alpha's typed it, and the other way round. Bravo could not see alpha's note before it had sealed its own."
    ))
}

/// An exercise with one inject, and a call within it that no list of what is meant shows.
pub(crate) async fn exercised(alpha: &Party, bravo: &Party) -> Result<String, Failure> {
    let exercise = |party: &Party, command| party.case(CaseCommand::Exercise(command));
    let proposed = exercise(
        alpha,
        ExerciseCommand::Propose(Proposal {
            party: bravo.name.to_owned(),
            label: "TLP:GREEN".to_owned(),
            scenario: SCENARIO.to_owned(),
            starts: "2099-01-01T08:00:00Z".to_owned(),
            ends: "2099-01-01T16:00:00Z".to_owned(),
            acting: officer(),
        }),
    )?;
    let id = text(&proposed, "id").to_owned();
    stands(bravo, &id, "proposed").await?;
    let agreed = ExerciseCommand::Agree {
        thread: id.clone(),
        scenario: Some(SCENARIO.to_owned()),
        note: String::new(),
        acting: officer(),
    };
    exercise(bravo, agreed)?;
    stands(alpha, &id, "agreed").await?;
    say(alpha, &id, "start", json!({}))?;
    let given = ExerciseCommand::Inject {
        thread: id.clone(),
        number: None,
        early: false,
        acting: officer(),
    };
    exercise(alpha, given)?;
    let practised = ring(alpha, bravo, Some(&id))?;
    stands(bravo, &id, "running").await?;
    for party in [alpha, bravo] {
        let all = party.case(CaseCommand::List {
            subject: Some("call".to_owned()),
            party: None,
            exercise: None,
            owed: false,
            before: None,
            limit: None,
        })?;
        if all.to_string().contains(&practised) {
            return Err(not_held(
                "a call of the exercise stands among those that were meant",
            ));
        }
    }
    say(bravo, &id, "stop", json!({ "reason": "enough was seen" }))?;
    for (party, learned) in [
        (alpha, "The ladder needs a second number."),
        (bravo, "We answered from memory."),
    ] {
        stands(party, &id, "stopped").await?;
        say(party, &id, "report", json!({ "text": learned }))?;
    }
    for party in [alpha, bravo] {
        stands(party, &id, "completed").await?;
    }
    settled([alpha, bravo], &id, "/exercise_thread/steps").await?;
    let report = exercise(alpha, ExerciseCommand::Report { thread: id })?;
    let did = report.pointer("/given/0/expected/0/done/0/event");
    if did.and_then(Value::as_str) != Some("ring") {
        return Err(not_held("the report does not show that alpha rang"));
    }
    Ok("One inject was given; alpha was expected to ring, and rang. Both sides report what they learned; the call stands in no list of what is meant.".to_owned())
}

/// Whether the quarter's scorecard has the test and the exercise, kept.
pub(crate) fn is_in(results: &[Value]) -> bool {
    let kept = |commitment: &str, by: &str| {
        let found = results
            .iter()
            .find(|row| text(row, "commitment") == commitment && text(row, "by") == by);
        found.is_some_and(|row| {
            text(row, "outcome") == "met" && row.get("kept").and_then(Value::as_u64) > Some(0)
        })
    };
    kept("contacts", "bravo") && kept("exercises", "alpha") && kept("exercises", "bravo")
}

//! The demo's second half: the two parties enrol, sign an accord, share under it, and prove that they kept their word.
//!
//! In scope: the steps, in order, each one function. Out of scope: the telling (`demo`), the machinery (`party`).

use std::time::Duration;

use comity_node::command::{AccountCommand, Answer, Command, Look};
use comity_node::exchange::command::ExchangeCommand;
use comity_node::exchange::share::{ShareRequest, Shared};
use comity_store::state::account::Role;
use comity_transport::http::Credentials;
use comity_transport::taxii::PageQuery;
use serde_json::Value;
use uuid::Uuid;

use crate::commands::parties::text;
use crate::demo::cases;
use crate::demo::party::Party;
use crate::demo::{Teller, mail, not_held, practice};
use crate::failure::Failure;

/// The collection of this half of the story.
const COLLECTION: &str = "case-17";
/// Its title, which is all that others learn of it.
const TITLE: &str = "Case 17";
/// May go to the community.
const GREEN: &str = "indicator--6f1d2c3b-0a4e-4b5f-8c6d-7e8f90a1b2c3";
/// For named persons only.
const RED: &str = "indicator--0c9b8a7f-6e5d-4c3b-9a2f-1e0d9c8b7a6f";
/// How long anything between the two nodes may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Tells it.
pub(crate) async fn tell(alpha: &Party, bravo: &Party, teller: &mut Teller) -> Result<(), Failure> {
    teller.step(
        "Alpha and bravo exchange node cards and compare fingerprints, as over the telephone.",
        enrol(alpha, bravo).await,
    )?;
    teller.step(
        "Alpha proposes an accord, bravo signs it: both hold the same bytes.",
        agree(alpha, bravo).await,
    )?;
    teller.step(
        "Alpha shares an indicator marked TLP:GREEN: bravo has it, alpha has bravo's signed receipt.",
        share(alpha, bravo).await,
    )?;
    teller.step(
        "What is marked TLP:RED is refused before anything leaves alpha's house.",
        refuse(alpha, bravo),
    )?;
    teller.step(
        "By TAXII bravo sees of the same collection what was released to it, and nothing else.",
        released_view(alpha).await,
    )?;
    teller.step(
        "Alpha recalls the indicator: bravo has given it up, and its answer is signed.",
        recall(alpha, bravo).await,
    )?;
    cases::tell(alpha, bravo, teller).await?;
    mail::tell(alpha, bravo, teller).await?;
    teller.step(
        "A third process, with nothing but the evidence that alpha exported, verifies it.",
        tokio::task::block_in_place(|| verify(alpha)),
    )
}

/// Asks until the answer is yes, for a while.
pub(crate) async fn until(
    what: &str,
    mut ask: impl FnMut() -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let end = tokio::time::Instant::now() + PATIENCE;
    while !ask()? {
        if tokio::time::Instant::now() > end {
            return Err(not_held(format!("{what} took too long")));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// What a party knows of the other.
fn known(party: &Party, other: &Party) -> Result<Value, Failure> {
    let parties = party.exchange(ExchangeCommand::Parties)?;
    let mut all = parties.as_array().cloned().unwrap_or_default().into_iter();
    all.find(|one| text(one, "name") == other.name)
        .ok_or_else(|| not_held(format!("{} does not know {}", party.name, other.name)))
}

async fn enrol(alpha: &Party, bravo: &Party) -> Result<String, Failure> {
    for (from, to) in [(alpha, bravo), (bravo, alpha)] {
        let links = vec![from.link()];
        let card = from.exchange(ExchangeCommand::OwnCard { links })?;
        let card = text(&card, "card").to_owned();
        to.exchange(ExchangeCommand::AcceptCard { card })?;
    }
    // Each duty officer reads one half aloud; the other types what is heard.
    let mut heard = String::new();
    for (reads, types) in [(alpha, bravo), (bravo, alpha)] {
        let typed = text(&known(reads, types)?, "read_aloud").to_owned();
        heard.clone_from(&typed);
        let party = reads.name.to_owned();
        types.exchange(ExchangeCommand::Verify { party, typed })?;
    }
    until("proving the keys", || {
        let both = [known(alpha, bravo)?, known(bravo, alpha)?];
        Ok(both.iter().all(|one| text(one, "state") == "verified"))
    })
    .await?;
    Ok(format!(
        "Bravo read {heard}, alpha typed it, and the other way round; each has cosigned the other's ledger."
    ))
}

async fn agree(alpha: &Party, bravo: &Party) -> Result<String, Failure> {
    let draft = alpha.exchange(ExchangeCommand::Draft {
        party: bravo.name.to_owned(),
        template: "mutual".to_owned(),
    })?;
    // Mail is a way out like the others, and has to be agreed on.
    let draft = text(&draft, "text").replace("\"taxii\"]", "\"taxii\", \"mail\"]");
    let proposed = alpha.exchange(ExchangeCommand::Propose {
        text: format!("{draft}{}", practice::COMMITMENT),
    })?;
    let name = text(&proposed, "name").to_owned();
    let seen = |party: &Party| {
        let accords = party.exchange(ExchangeCommand::Accords)?;
        let accord = accords.as_array().and_then(|all| all.first()).cloned();
        Ok::<_, Failure>(accord.unwrap_or_default())
    };
    until("the proposal", || Ok(text(&seen(bravo)?, "name") == name)).await?;
    bravo.exchange(ExchangeCommand::Sign {
        name: name.clone(),
        version: 1,
    })?;
    until("the signature", || {
        Ok(text(&seen(alpha)?, "standing") == "in force")
    })
    .await?;
    let (at_alpha, at_bravo) = (seen(alpha)?, seen(bravo)?);
    if text(&at_alpha, "text") != text(&at_bravo, "text") {
        return Err(not_held("the two hold different texts"));
    }
    let bytes = text(&at_alpha, "text").len();
    Ok(format!(
        "{name}, version 1, {bytes} bytes, signed by both and in force: up to TLP:AMBER may go, nothing unlabelled."
    ))
}

fn indicator(id: &str, name: &str, value: &str, marking: &str) -> String {
    let time = "2026-11-01T00:00:00.000Z";
    format!(
        r#"{{"type":"indicator","spec_version":"2.1","id":"{id}","created":"{time}","modified":"{time}","name":"{name}","indicator_types":["malicious-activity"],"pattern":"[domain-name:value = '{value}']","pattern_type":"stix","valid_from":"{time}","object_marking_refs":["marking-definition--{marking}"]}}"#
    )
}

fn ask_to_share(alpha: &Party, bravo: &Party, id: &str) -> Result<Shared, Failure> {
    let shared = alpha.exchange(ExchangeCommand::Share(ShareRequest {
        objects: vec![id.to_owned()],
        party: bravo.name.to_owned(),
        person: None,
        asked_by: "the duty officer".to_owned(),
        dry_run: false,
        undo_seconds: 0,
    }))?;
    serde_json::from_value(shared).map_err(|error| not_held(error.to_string()))
}

fn holds(party: &Party, id: &str) -> Result<bool, Failure> {
    let id = id.to_owned();
    let found = party.execute(Command::Look(Look::Show { id }))?;
    Ok(matches!(found, Answer::Found(found) if !found.is_empty()))
}

async fn share(alpha: &Party, bravo: &Party) -> Result<String, Failure> {
    alpha.execute(Command::CreateCollection {
        title: TITLE.to_owned(),
        description: None,
        alias: Some(COLLECTION.to_owned()),
    })?;
    let green = "bab4a63c-aed9-4cf5-a766-dfca5abac2bb";
    let red = "e828b379-4e03-4974-9ac4-e53a884c97c1";
    alpha.execute(Command::Take {
        collection: COLLECTION.to_owned(),
        objects: vec![
            indicator(GREEN, "Loader's control server", "loader.example", green),
            indicator(RED, "Seen at one victim only", "victim.example", red),
        ],
        only_new_ids: false,
    })?;
    let shared = ask_to_share(alpha, bravo, GREEN)?;
    let envelope = shared.envelopes.first().cloned().unwrap_or_default();
    let sent = || {
        let outbox = alpha.exchange(ExchangeCommand::Outbox {
            party: None,
            undelivered: false,
            before: None,
            limit: None,
        })?;
        let mut rows = outbox.as_array().cloned().unwrap_or_default().into_iter();
        let row = rows.find(|row| text(row, "envelope") == envelope);
        Ok::<_, Failure>(row.unwrap_or_default())
    };
    until("the receipt", || Ok(text(&sent()?, "state") == "receipted")).await?;
    until("taking it in", || holds(bravo, GREEN)).await?;
    let entry = sent()?.get("entry").and_then(Value::as_u64).unwrap_or(0);
    let short: String = envelope.chars().take(16).collect();
    Ok(format!(
        "Envelope {short}… is entry {entry} of alpha's ledger; its receipt says: stored intact. It does not say: read."
    ))
}

fn refuse(alpha: &Party, bravo: &Party) -> Result<String, Failure> {
    let shared = ask_to_share(alpha, bravo, RED)?;
    let line = shared.lines.first();
    let refused = line.filter(|line| line.verdict == "refused" && shared.envelopes.is_empty());
    let Some(line) = refused else {
        return Err(not_held("the release rules let TLP:RED go"));
    };
    if holds(bravo, RED)? {
        return Err(not_held("bravo holds what was never to leave"));
    }
    Ok(format!("Rule \"{}\": {}.", line.rule, line.reason))
}

async fn released_view(alpha: &Party) -> Result<String, Failure> {
    let (user, password) = ("bravo-soc".to_owned(), Uuid::new_v4().to_string());
    alpha.execute(Command::Account(AccountCommand::AddUser {
        name: user.clone(),
        role: Role::Viewer,
        party: Some("bravo".to_owned()),
        address: None,
        password: password.clone(),
        by: String::new(),
    }))?;
    alpha.execute(Command::Grant {
        collection: COLLECTION.to_owned(),
        user: user.clone(),
        read: true,
        write: false,
        by: String::new(),
    })?;
    let client = alpha.client(Some(Credentials::Basic { user, password }))?;
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        let resolved = client
            .resolve()
            .await
            .map_err(|error| not_held(error.to_string()))?;
        let (root, collection) = resolved
            .choose(Some(TITLE))
            .ok_or_else(|| not_held("alpha does not show the collection"))?;
        let page = client
            .page(&root.url, &collection.id, &PageQuery::default())
            .await;
        let page = page.map_err(|error| not_held(error.to_string()))?;
        let texts: Vec<String> = page
            .objects
            .iter()
            .map(|object| String::from_utf8_lossy(object).into_owned())
            .collect();
        if texts.iter().any(|object| object.contains(RED)) {
            return Err(not_held("TAXII shows what was never released"));
        }
        if texts.iter().any(|object| object.contains(GREEN)) {
            return Ok("Of two indicators bravo sees one; for bravo there is no other.".to_owned());
        }
        if tokio::time::Instant::now() > end {
            return Err(not_held("the released view took too long"));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn recall(alpha: &Party, bravo: &Party) -> Result<String, Failure> {
    alpha.exchange(ExchangeCommand::Recall {
        objects: vec![GREEN.to_owned()],
        from: None,
        reason: "the address was wrong".to_owned(),
    })?;
    let answered = || {
        let recalls = alpha.exchange(ExchangeCommand::Recalls { received: false })?;
        let first = recalls.as_array().and_then(|all| all.first()).cloned();
        Ok::<_, Failure>(first.unwrap_or_default())
    };
    until("the answer", || {
        Ok(text(&answered()?, "state") == "answered")
    })
    .await?;
    if holds(bravo, GREEN)? {
        return Err(not_held("bravo still holds it"));
    }
    let outcome = answered()?.pointer("/answer/outcomes/0/outcome").cloned();
    let outcome = outcome
        .as_ref()
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    Ok(format!(
        "Bravo answered: {outcome}. Its collection holds the indicator no more."
    ))
}

/// Exports alpha's evidence, and has another process verify it that knows neither node.
fn verify(alpha: &Party) -> Result<String, Failure> {
    let made = tempfile::Builder::new()
        .prefix("comity-evidence-")
        .tempdir();
    let folder = made.map_err(|error| not_held(format!("no folder for the evidence: {error}")))?;
    let evidence = folder.path().join("evidence").display().to_string();
    let data = alpha.folder().display().to_string();
    run(&["ledger", "export", &evidence, "--data", &data])?;
    let said = run(&["ledger", "verify", &evidence])?;
    let words: Vec<&str> = said
        .lines()
        .last()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    Ok(format!(
        "Of {}. Every signature, hash and proof holds.",
        words.join(" ")
    ))
}

/// Runs this program anew with these arguments and nothing else, and answers what it says.
fn run(arguments: &[&str]) -> Result<String, Failure> {
    let failed = |error: std::io::Error| not_held(format!("comity {arguments:?}: {error}"));
    let program = std::env::current_exe().map_err(failed)?;
    let mut command = std::process::Command::new(program);
    let ran = command
        .args(arguments)
        .env_clear()
        .output()
        .map_err(failed)?;
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    let talk = String::from_utf8_lossy(&ran.stderr).into_owned();
    if ran.status.success() {
        Ok(format!("{talk}{said}"))
    } else {
        Err(not_held(format!("comity {arguments:?}: {said}{talk}")))
    }
}

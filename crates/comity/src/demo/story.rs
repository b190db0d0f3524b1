//! The demo's story: alpha shares a collection, bravo fetches it, and each step is checked from outside.
//!
//! In scope: the steps, in order, each one function. Out of scope: the telling (`demo`), the machinery (`party`).

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use comity_node::account::token::TOKEN_DAYS;
use comity_node::command::{AccountCommand, Answer, Command, Look};
use comity_store::state::account::Role;
use comity_store::state::token::Scope;
use comity_transport::http::Credentials;
use comity_transport::name_server::LocalNameServer;
use comity_transport::pull::{Cursor, PullOptions, PullPage, pull};
use comity_transport::push::{Target, push_batch};
use comity_transport::taxii::{PageQuery, TaxiiClient};
use uuid::Uuid;

use crate::cli::DemoArgs;
use crate::commands::{import, serve};
use crate::demo::party::{MailPlaces, Party};
use crate::demo::{Teller, accord, not_held, sources, visitor};
use crate::failure::Failure;
use crate::output::{self, thousands};

/// The collection that alpha shares, and the one that bravo keeps it in.
const SHARED: &str = "shared";
/// Objects of which each node holds newest versions, by id.
type Held = HashMap<String, String>;

/// Tells the whole story.
pub(crate) async fn tell(
    folder: &Path,
    args: &DemoArgs,
    teller: &mut Teller,
) -> Result<(), Failure> {
    let names = LocalNameServer::start().map_err(|error| no_name_server(&error))?;
    let [at_alpha, at_bravo] = MailPlaces::of_two(names.address())?;
    let alpha = Party::found(&folder.join("alpha"), "alpha", at_alpha).await?;
    let bravo = Party::found(&folder.join("bravo"), "bravo", at_bravo).await?;
    for party in [&alpha, &bravo] {
        publish(&names, party)?;
    }
    teller.step(
        "Two parties set up a node each.",
        ready(&alpha, &bravo).await,
    )?;
    let imported = take_in(&alpha, args, folder);
    teller.step("Alpha takes its threat data into a collection.", imported)?;
    let token = open_to_bravo(&alpha)?;
    let client = alpha.client(Some(Credentials::Bearer(token)))?;
    teller.step(
        "Nobody reads it without alpha's leave.",
        strangers_are_refused(&alpha).await,
    )?;
    teller.step(
        "Bravo, whom alpha gave a token, fetches the collection by TAXII 2.1.",
        fetch(&client, &bravo).await,
    )?;
    teller.step(
        "What arrived is what was sent, byte for byte.",
        equal(&alpha, &bravo),
    )?;
    teller.step(
        "Fetching again brings nothing twice.",
        fetch_again(&client, &bravo).await,
    )?;
    teller.step(
        "Bravo finds a value from its logs among what alpha shared.",
        look_up(&bravo),
    )?;
    teller.step(
        "Bravo may read and not write.",
        writing_is_refused(&client).await,
    )?;
    teller.step(
        "A bad object is refused by name; the good one beside it is kept.",
        bad_beside_good(&alpha).await,
    )?;
    let bravo = bravo.restart().await?;
    teller.step(
        "Bravo's node is stopped and started: nothing is lost.",
        equal(&alpha, &bravo),
    )?;
    accord::tell(&alpha, &bravo, teller).await?;
    teller.close()?;
    if args.stay {
        let password = visitor::let_in([&alpha, &bravo])?;
        output::say(&format!(
            "look around in a browser, as {} with the password {password}\nalpha: {}/tour\nbravo: {}/tour\nCtrl-C ends both",
            visitor::NAME,
            alpha.link(),
            bravo.link()
        ));
        serve::Stop::listen()?.wait().await;
    }
    bravo.stop().await?;
    alpha.stop().await
}

/// Has the demo's name server say what a party would set at its own.
fn publish(names: &LocalNameServer, party: &Party) -> Result<(), Failure> {
    let host = format!("in.{}.example", party.name);
    let told = names.tell_address(&host, Ipv4Addr::LOCALHOST);
    let mut records = party.records()?.into_iter();
    let told = told.and_then(|()| records.try_for_each(|record| names.tell(&record)));
    told.map_err(|error| Failure::defect(&error))
}

fn no_name_server(error: &std::io::Error) -> Failure {
    Failure::unknown(
        format!("no name server for the demo: {error}"),
        "`ss -uln` shows who listens where",
    )
}

async fn ready(alpha: &Party, bravo: &Party) -> Result<String, Failure> {
    for party in [alpha, bravo] {
        let asked = party.client(None)?.discovery().await;
        if asked.is_ok() {
            return Err(not_held(format!("{} answers strangers", party.name)));
        }
    }
    Ok(format!(
        "alpha listens at {}, bravo at {}.",
        alpha.url(),
        bravo.url()
    ))
}

/// Imports the sample or the reader's own files.
fn take_in(alpha: &Party, args: &DemoArgs, folder: &Path) -> Result<String, Failure> {
    let title = "Shared with partners".to_owned();
    let alias = Some(SHARED.to_owned());
    alpha.execute(Command::CreateCollection {
        title,
        description: None,
        alias,
    })?;
    let paths = sources(args, folder)?;
    let mut take = |objects: Vec<String>, only_new_ids: bool| {
        alpha.execute(Command::Take {
            collection: SHARED.to_owned(),
            objects,
            only_new_ids,
        })
    };
    let imported = import::import(&paths, None, &mut take)?;
    imported
        .problems
        .iter()
        .for_each(|problem| output::say(problem));
    let (added, failed) = (thousands(imported.added), thousands(imported.failed));
    if imported.added == 0 {
        return Err(Failure::no(
            "no object was taken in",
            "name a STIX bundle or a list of indicators with --import, and mend what is told above",
        ));
    }
    let refused = if imported.failed == 0 {
        String::new()
    } else {
        format!(", {failed} refused as told above")
    };
    Ok(format!(
        "{added} objects are in, each on disk before it was acknowledged{refused}."
    ))
}

/// Gives bravo an account that may read; answers its token.
fn open_to_bravo(alpha: &Party) -> Result<String, Failure> {
    let password = Uuid::new_v4().to_string();
    alpha.execute(Command::Account(AccountCommand::AddUser {
        name: "bravo".to_owned(),
        role: Role::Viewer,
        party: None,
        address: None,
        password,
        by: String::new(),
    }))?;
    let (collection, user) = (SHARED.to_owned(), "bravo".to_owned());
    alpha.execute(Command::Grant {
        collection,
        user,
        read: true,
        write: false,
        by: String::new(),
    })?;
    let user = "bravo".to_owned();
    let token = alpha.execute(Command::Account(AccountCommand::CreateToken {
        user,
        name: "the demo".to_owned(),
        scope: Scope::Read,
        days: TOKEN_DAYS,
        by: String::new(),
    }))?;
    let Answer::Token(token) = token else {
        return Err(not_held("alpha made no token"));
    };
    Ok(token)
}

async fn strangers_are_refused(alpha: &Party) -> Result<String, Failure> {
    let guess = Credentials::Basic {
        user: "bravo".to_owned(),
        password: "not the password".to_owned(),
    };
    for credentials in [
        None,
        Some(guess),
        Some(Credentials::Bearer("comity_0000".to_owned())),
    ] {
        if alpha
            .client(credentials)?
            .resolve()
            .await
            .is_ok_and(|found| found.roots.iter().any(|r| !r.collections.is_empty()))
        {
            return Err(not_held("alpha let a stranger in"));
        }
    }
    Ok("No credentials, a wrong password and an invented token were all refused.".to_owned())
}

/// Pulls alpha's collection into bravo's.
async fn fetch(client: &TaxiiClient, bravo: &Party) -> Result<String, Failure> {
    let (title, alias) = ("From alpha".to_owned(), Some(SHARED.to_owned()));
    bravo.execute(Command::CreateCollection {
        title,
        description: None,
        alias,
    })?;
    let (pages, added, _) = pull_into(client, bravo).await?;
    Ok(format!(
        "{} objects came, {pages} page(s).",
        thousands(added)
    ))
}

async fn fetch_again(client: &TaxiiClient, bravo: &Party) -> Result<String, Failure> {
    let (_, added, unchanged) = pull_into(client, bravo).await?;
    if added > 0 {
        return Err(not_held(format!("{added} objects came a second time")));
    }
    Ok(format!(
        "{} objects came again and none was added.",
        thousands(unchanged)
    ))
}

async fn pull_into(client: &TaxiiClient, bravo: &Party) -> Result<(u64, u64, u64), Failure> {
    let target = shared(client).await?;
    let (mut added, mut unchanged) = (0, 0);
    let mut sink = async |page: PullPage| {
        let objects = page
            .objects
            .iter()
            .map(|o| String::from_utf8_lossy(o).into_owned())
            .collect();
        let command = Command::Take {
            collection: SHARED.to_owned(),
            objects,
            only_new_ids: false,
        };
        if let Answer::Taken(taken) = bravo.execute(command)? {
            added += taken.added;
            unchanged += taken.unchanged;
        }
        Ok::<(), Failure>(())
    };
    let options = PullOptions {
        filter: PageQuery {
            match_version: vec!["all".to_owned()],
            ..PageQuery::default()
        },
        ..PullOptions::default()
    };
    let pulled = pull(
        client,
        (&target.root, &target.collection),
        Cursor::default(),
        &options,
        &mut sink,
    )
    .await;
    let pulled = pulled.map_err(|error| not_held(error.to_string()))?;
    Ok((pulled.pages, added, unchanged))
}

/// The shared collection as bravo sees it at alpha.
async fn shared(client: &TaxiiClient) -> Result<Target, Failure> {
    let resolved = client
        .resolve()
        .await
        .map_err(|error| not_held(error.to_string()))?;
    let (root, collection) = resolved
        .choose(Some(SHARED))
        .ok_or_else(|| not_held("alpha does not show the collection"))?;
    Ok(Target {
        root: root.url.clone(),
        collection: collection.id.clone(),
        max_content_length: None,
        can_read: true,
        status_timeout: Duration::from_mins(1),
    })
}

/// Compares what both nodes hold.
fn equal(alpha: &Party, bravo: &Party) -> Result<String, Failure> {
    let (at_alpha, at_bravo) = (held(alpha)?, held(bravo)?);
    let bytes: usize = at_alpha.values().map(String::len).sum();
    if at_alpha != at_bravo {
        let differ = at_alpha
            .iter()
            .filter(|(id, json)| at_bravo.get(*id) != Some(json))
            .count();
        return Err(not_held(format!("{differ} objects differ")));
    }
    let (count, bytes) = (
        u64::try_from(at_alpha.len()).unwrap_or(0),
        u64::try_from(bytes).unwrap_or(0),
    );
    Ok(format!(
        "{} objects, {} bytes: equal on both sides.",
        thousands(count),
        thousands(bytes)
    ))
}

/// Everything that a node's collection holds, all versions.
fn held(party: &Party) -> Result<Held, Failure> {
    let mut all = Held::new();
    let mut after = None;
    loop {
        let command = Command::Page {
            collection: SHARED.to_owned(),
            after,
            all_versions: true,
            open_only: false,
            limit: None,
        };
        let Answer::Page { objects, next } = party.execute(command)? else {
            return Err(not_held("no page"));
        };
        for json in objects {
            let object: serde_json::Value =
                serde_json::from_str(&json).map_err(|error| not_held(error.to_string()))?;
            let part = |name: &str| {
                object
                    .get(name)
                    .and_then(|value| value.as_str())
                    .unwrap_or_default()
                    .to_owned()
            };
            all.insert(format!("{} {}", part("id"), part("modified")), json);
        }
        after = next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

/// Takes some object's value and looks it up, as one would with a line of a log.
fn look_up(bravo: &Party) -> Result<String, Failure> {
    let command = Command::Page {
        collection: SHARED.to_owned(),
        after: None,
        all_versions: false,
        open_only: false,
        limit: None,
    };
    let Answer::Page { objects, .. } = bravo.execute(command)? else {
        return Err(not_held("no page"));
    };
    let value = objects.iter().find_map(|json| first_value(json));
    let Some(value) = value else {
        return Ok("Nothing in this data carries an address, a name or a hash, so there was nothing to look up.".to_owned());
    };
    let values = vec![value.clone()];
    let answer = bravo.execute(Command::Look(Look::FindValues { values }))?;
    let Answer::Found(found) = answer else {
        return Err(not_held("no answer"));
    };
    if found.is_empty() {
        return Err(not_held(format!("{value} was not found")));
    }
    let count = thousands(u64::try_from(found.len()).unwrap_or(0));
    Ok(format!("{value} stands in {count} of the objects."))
}

/// A value that `comity object find` understands, from an object that carries one.
fn first_value(json: &str) -> Option<String> {
    let admitted =
        comity_stix::admission::admit(json, &comity_stix::admission::Limits::EXCHANGE).ok()?;
    let known = |value: &&comity_stix::admission::ObservableValue| {
        comity_stix::admission::ObservableValue::detect(&value.value).contains(value)
    };
    admitted
        .values
        .iter()
        .find(known)
        .map(|value| value.value.clone())
}

async fn writing_is_refused(client: &TaxiiClient) -> Result<String, Failure> {
    let target = shared(client).await?;
    let body = Bytes::from_static(b"{\"objects\":[]}");
    match client
        .add_objects(&target.root, &target.collection, body)
        .await
    {
        Ok(_) => Err(not_held(
            "alpha took objects from an account that may only read",
        )),
        Err(_) => Ok("Alpha refused to take objects from bravo's account.".to_owned()),
    }
}

/// Posts a good and a bad object to a collection of alpha's own.
async fn bad_beside_good(alpha: &Party) -> Result<String, Failure> {
    let (title, alias) = ("Inbox".to_owned(), Some("inbox".to_owned()));
    alpha.execute(Command::CreateCollection {
        title,
        description: None,
        alias,
    })?;
    let (user, password) = ("analyst".to_owned(), Uuid::new_v4().to_string());
    alpha.execute(Command::Account(AccountCommand::AddUser {
        name: user.clone(),
        role: Role::Analyst,
        party: None,
        address: None,
        password: password.clone(),
        by: String::new(),
    }))?;
    alpha.execute(Command::Grant {
        collection: "inbox".to_owned(),
        user: user.clone(),
        read: true,
        write: true,
        by: String::new(),
    })?;
    let client = alpha.client(Some(Credentials::Basic { user, password }))?;
    let resolved = client
        .resolve()
        .await
        .map_err(|error| not_held(error.to_string()))?;
    let (root, inbox) = resolved
        .choose(None)
        .ok_or_else(|| not_held("alpha shows no inbox"))?;
    let target = Target {
        root: root.url.clone(),
        collection: inbox.id.clone(),
        max_content_length: None,
        can_read: true,
        status_timeout: Duration::from_mins(1),
    };
    let good = r#"{"type":"domain-name","spec_version":"2.1","id":"domain-name--bedb4899-d24b-5401-bc86-8f6b4cc18ec7","value":"example.com"}"#;
    let bad =
        r#"{"type":"indicator","spec_version":"2.1","id":"indicator--17","pattern":"[a:b = 1]"}"#;
    let objects = [
        Bytes::from_static(good.as_bytes()),
        Bytes::from_static(bad.as_bytes()),
    ];
    let report = push_batch(&client, &target, &objects)
        .await
        .map_err(|error| not_held(error.to_string()))?;
    match (report.taken, report.failures.as_slice()) {
        (1, [failure]) => Ok(format!("Alpha said: {}", failure.message)),
        _ => Err(not_held(format!(
            "{} taken, {} refused",
            report.taken,
            report.failures.len()
        ))),
    }
}

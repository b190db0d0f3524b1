//! What each command does: read its arguments, one call of the node, write the answer.
//!
//! In scope: choosing the function. Out of scope: the acts themselves (`comity-node`).

mod accords;
mod accounts;
mod addresses;
mod carried;
mod cases;
mod collections;
mod commitments;
mod contacts;
mod doctor;
mod evidence;
mod exchange;
mod exercises;
mod export;
mod hotline;
pub(crate) mod import;
mod incidents;
mod keys;
mod ledger;
mod mail;
pub(crate) mod mail_dns;
mod mail_out;
mod objects;
mod openpgp;
pub(crate) mod parties;
mod release;
mod reports;
mod requests;
mod scorecards;
pub(crate) mod serve;
mod threads;

use std::path::Path;

use comity_node::address::MailTerms;
use comity_node::folder::{self, Identity, Place};
use comity_node::link::keys::RootPublic;
use comity_store::error::chain;
use serde_json::json;

use crate::backend::{data_folder, folder_failure};
use crate::cli::{Cli, InitArgs, SettingsCommand, Top};
use crate::failure::Failure;
use crate::settings::{self, Settings};
use crate::{demo, output};

/// Does what was asked.
pub(crate) fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Top::Demo(args) => demo::run(&args),
        Top::Init(args) => init(args),
        Top::Serve(args) => serve::run(args),
        Top::User(command) => accounts::user(command),
        Top::Token(command) => accounts::token(command),
        Top::Certificate(command) => accounts::certificate(command),
        Top::Audit(command) => accounts::audit(command),
        Top::Collection(command) => collections::run(command),
        Top::Import(args) => import::run(args),
        Top::Export(args) => export::run(args),
        Top::Object(command) => objects::run(command),
        Top::Party(command) => parties::run(command),
        Top::Key(command) => keys::run(command),
        Top::Accord(command) => accords::run(command),
        Top::Share(args) => release::share(args),
        Top::Recall(args) => release::recall(args),
        Top::Request(command) => requests::run(*command),
        Top::Evidence(command) => evidence::run(*command),
        Top::Hotline(command) => hotline::run(*command),
        Top::Exercise(command) => exercises::run(*command),
        Top::Incident(command) => incidents::run(*command),
        Top::Case(command) => cases::run(*command),
        Top::Contact(command) => contacts::run(*command),
        Top::Mail(verb) => mail::run(verb),
        Top::Address(command) => addresses::run(*command),
        Top::OpenPgp(verb) => openpgp::run(*verb),
        Top::Commitment(command) => commitments::run(*command),
        Top::Report(command) => reports::run(*command),
        Top::Scorecard(command) => scorecards::run(*command),
        Top::Release(command) => release::run(command),
        Top::Outbox(command) => release::outbox(command),
        Top::Inbox(command) => release::inbox(command),
        Top::Ledger(command) => ledger::run(command),
        Top::Pull(args) => exchange::pull(args),
        Top::Push(args) => exchange::push(args),
        Top::Doctor(args) => doctor::run(args),
        Top::Settings(SettingsCommand::Show {
            data,
            reference,
            json,
        }) => {
            if reference {
                return output::data(settings::reference().trim_end());
            }
            let settings = Settings::read(&data_folder(data.data)?)?;
            show_settings(&settings, json.json)
        }
    }
}

fn init(args: InitArgs) -> Result<(), Failure> {
    let folder = data_folder(args.data.data)?;
    let root = args.root_public.as_deref().map(keys::read_public);
    let root = root.transpose()?;
    if let Some(domain) = &args.mail_domain {
        // Before anything is made: a node with settings that cannot be read does nothing.
        MailTerms::parse(&args.domain, domain, "+").map_err(|error| {
            Failure::no(chain(&error), "give a host name such as in.alpha.example")
        })?;
    }
    make_node(
        &folder,
        (&args.party, &args.domain),
        (args.store.as_deref(), args.mail_domain.as_deref()),
        root.as_ref(),
    )?;
    if root.is_some() {
        output::say("the node has no card before its root key has signed one:");
        output::say(&format!(
            "  comity key export-card --out FILE --data {}",
            folder.display()
        ));
    }
    if args.json.json {
        return output::json(&json!({
            "data": folder.display().to_string(), "party": args.party, "domain": args.domain,
        }));
    }
    let shown = folder.display();
    output::say(&format!("made the node of {} in {shown}", args.party));
    output::say("next: make an account and a collection, then serve:");
    output::say(&format!(
        "  comity user add NAME --role analyst --data {shown}"
    ));
    output::say(&format!(
        "  comity collection create --title TITLE --data {shown}"
    ));
    output::say(&format!(
        "  comity collection grant ID --user NAME --read --write --data {shown}"
    ));
    output::say(&format!("  comity serve --data {shown}"));
    match mail_dns::zone(&Settings::read(&folder)?, &folder, &args.domain)? {
        Some(zone) => mail_dns::print(&zone),
        None => Ok(()),
    }
}

/// Why an object was refused, in one line; most messages name the object already.
fn refused_object(id: &str, message: &str) -> String {
    if message.contains(id) {
        message.to_owned()
    } else {
        format!("{id}: {message}")
    }
}

/// Makes a node's folder with its settings file.
pub(crate) fn make_node(
    folder: &Path,
    (party, domain): (&str, &str),
    (store, mail_domain): (Option<&str>, Option<&str>),
    root: Option<&RootPublic>,
) -> Result<(), Failure> {
    let place = store.map_or(Place::Embedded, |url| Place::Server(url.to_owned()));
    let identity = Identity {
        party: party.to_owned(),
        domain: domain.to_owned(),
    };
    let made = folder::init(
        folder,
        &place,
        &identity,
        root,
        &settings::file(&[
            ("store", "url", store.unwrap_or_default()),
            ("mail", "domain", mail_domain.unwrap_or_default()),
        ]),
    );
    made.map_err(|error| folder_failure(&error, folder))
}

fn show_settings(settings: &Settings, json: bool) -> Result<(), Failure> {
    let all = settings.in_force();
    if json {
        let map: serde_json::Map<String, serde_json::Value> = all
            .into_iter()
            .map(|(key, value)| (key, serde_json::from_str(&value).unwrap_or_default()))
            .collect();
        return output::json(&map);
    }
    for (key, value) in all {
        output::data(&format!("{key} = {value}"))?;
    }
    Ok(())
}

//! `comity pull` and `comity push`.
//!
//! In scope: finding the collection on both sides, keeping the cursor with what it stands for, progress, the report.
//! Out of scope: the TAXII client (`comity-transport`), intake (`comity-node`).

use bytes::Bytes;
use comity_node::command::{Answer, Command};
use comity_transport::http::{Client, ClientOptions, Credentials, HttpError};
use comity_transport::pull::{Cursor, PullError, PullOptions, PullPage, pull as pull_pages};
use comity_transport::push::{Batch, BatchReport, PushError, Target, push as push_batches};
use comity_transport::taxii::{PageQuery, TaxiiClient, TaxiiError};
use serde::Serialize;
use std::time::Duration;

use crate::backend::{Backend, data_folder};
use crate::cli::{PullArgs, PushArgs, Remote};
use crate::commands::accounts::{secret, unexpected};
use crate::commands::{collections, refused_object, serve};
use crate::failure::Failure;
use crate::output::{self, counted, thousands};

/// How long to wait for a server to finish with one envelope.
const STATUS_SECONDS: u64 = 600;
/// Problems that are told one by one.
const PROBLEMS_TOLD: usize = 20;

/// What an exchange did.
#[derive(Debug, Default, Serialize)]
struct Exchanged {
    added: u64,
    unchanged: u64,
    failed: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<String>,
}

/// The collection on the other side.
struct There {
    client: TaxiiClient,
    target: Target,
    /// Names it for the cursor.
    name: String,
}

/// `comity pull …`
pub(crate) fn pull(args: PullArgs) -> Result<(), Failure> {
    let mut backend = Backend::open(&data_folder(args.data.data)?)?;
    let here = collections::choose(&mut backend, args.remote.collection.as_deref())?;
    let exchanged = serve::runtime()?.block_on(async {
        let there = find(&args.remote).await?;
        let source = format!(
            "pull {} into {}{}",
            there.name,
            here.id,
            if args.all_versions { " all" } else { "" }
        );
        let start = start::<Cursor>(&mut backend, &source, args.remote.from_start)?;
        let mut exchanged = Exchanged::default();
        let bar = output::progress(None, false);
        let mut filter = PageQuery::default();
        if args.all_versions {
            filter.match_version = vec!["all".to_owned()];
        }
        let options = PullOptions {
            filter,
            ..PullOptions::default()
        };
        let mut sink = async |page: PullPage| {
            let objects: Vec<String> = page
                .objects
                .iter()
                .map(|object| String::from_utf8_lossy(object).into_owned())
                .collect();
            if !objects.is_empty() {
                let collection = here.id.clone();
                let taken = backend.execute(Command::Take {
                    collection,
                    objects,
                    only_new_ids: false,
                })?;
                exchanged.take(taken)?;
            }
            // After the objects: a stop in between repeats the page, and repeating changes nothing.
            keep(&mut backend, &source, &page.cursor)?;
            bar.inc(u64::try_from(page.objects.len()).unwrap_or(0));
            Ok::<(), Failure>(())
        };
        let target = (&there.target.root, there.target.collection.as_str());
        let pulled = pull_pages(&there.client, target, start, &options, &mut sink).await;
        bar.finish_and_clear();
        match pulled {
            Ok(_) => Ok(exchanged),
            Err(PullError::Sink(failure)) => Err(failure),
            Err(PullError::Taxii(error)) => Err(stopped(&error, &exchanged)),
            Err(_) => Err(Failure::unknown("the pull stopped", AGAIN)),
        }
    });
    backend.close()?;
    report(&exchanged?, args.json.json, "pulled")
}

/// `comity push …`
pub(crate) fn push(args: PushArgs) -> Result<(), Failure> {
    let mut backend = Backend::open(&data_folder(args.data.data)?)?;
    let here = collections::choose(&mut backend, args.remote.collection.as_deref())?;
    let backend_cell = std::cell::RefCell::new(&mut backend);
    let exchanged = serve::runtime()?.block_on(async {
        let there = find(&args.remote).await?;
        let source = format!("push {} to {}", here.id, there.name);
        let mut after = start::<Option<u64>>(
            &mut backend_cell.borrow_mut(),
            &source,
            args.remote.from_start,
        )?;
        let mut ended = false;
        let exchanged = std::cell::RefCell::new(Exchanged::default());
        let bar = output::progress(Some(here.objects), false);
        let mut next = async || {
            if ended {
                return Ok::<_, Failure>(None);
            }
            // Where the collection ends now another push begins later.
            let begun = after;
            // TLP:RED is not synchronised: who may have it gets it by the link, under an address.
            let command = Command::Page {
                collection: here.id.clone(),
                after: begun,
                all_versions: true,
                open_only: true,
                limit: None,
            };
            let answer = backend_cell.borrow_mut().execute(command)?;
            let Answer::Page { objects, next } = answer else {
                return Err(unexpected());
            };
            ended = next.is_none();
            let count = u64::try_from(objects.len()).unwrap_or(0);
            after = next.or_else(|| begun.map_or(count.checked_sub(1), |at| Some(at + count)));
            let objects: Vec<Bytes> = objects.into_iter().map(Bytes::from).collect();
            Ok((!objects.is_empty()).then_some(Batch {
                objects,
                cursor: after,
            }))
        };
        let mut told = async |report: BatchReport, cursor: Option<u64>| {
            let whole = report.whole();
            bar.inc(report.taken + report.known);
            exchanged.borrow_mut().told(report);
            // What was refused is tried again the next time, so the cursor stays before it.
            if whole {
                keep(&mut backend_cell.borrow_mut(), &source, &cursor)?;
            }
            Ok::<(), Failure>(())
        };
        let pushed = push_batches(&there.client, &there.target, &mut next, &mut told).await;
        bar.finish_and_clear();
        let exchanged = exchanged.into_inner();
        match pushed {
            Ok(_) => Ok(exchanged),
            Err(PushError::Caller(failure)) => Err(failure),
            Err(PushError::Taxii(error)) => Err(stopped(&error, &exchanged)),
            Err(_) => Err(Failure::unknown("the push stopped", AGAIN)),
        }
    });
    backend.close()?;
    report(&exchanged?, args.json.json, "pushed")
}

impl Exchanged {
    fn take(&mut self, answer: Answer) -> Result<(), Failure> {
        let Answer::Taken(taken) = answer else {
            return Err(unexpected());
        };
        self.added += taken.added;
        self.unchanged += taken.unchanged;
        for failure in taken.failures {
            self.problem(refused_object(&failure.id, &failure.message));
        }
        Ok(())
    }

    fn told(&mut self, report: BatchReport) {
        self.added += report.taken;
        self.unchanged += report.known;
        self.failed += report.unnamed_failures;
        for failure in report.failures {
            self.problem(refused_object(&failure.id, &failure.message));
        }
    }

    fn problem(&mut self, problem: String) {
        self.failed += 1;
        if self.problems.len() < PROBLEMS_TOLD {
            self.problems.push(problem);
        }
    }
}

/// Finds the collection that is meant on the other side.
async fn find(remote: &Remote) -> Result<There, Failure> {
    let credentials = match (&remote.user, remote.token_stdin) {
        (Some(user), _) => Some(Credentials::Basic {
            user: user.clone(),
            password: secret("the password", true)?,
        }),
        (None, true) => Some(Credentials::Bearer(secret("the token", true)?)),
        (None, false) => None,
    };
    let options = ClientOptions {
        extra_ca_file: remote.ca_file.clone(),
        plain_http: remote.plain_http,
        ..ClientOptions::default()
    };
    let client = Client::new(options).map_err(|error| refused(&error.into(), String::new()))?;
    let client = TaxiiClient::new(client, &remote.url, credentials)
        .map_err(|error| refused(&error, String::new()))?;
    let resolved = client
        .resolve()
        .await
        .map_err(|error| refused(&error, String::new()))?;
    let Some((root, collection)) = resolved.choose(remote.there.as_deref()) else {
        let all = resolved.roots.iter().flat_map(|root| &root.collections);
        let lines: Vec<String> = all.map(|c| format!("  {}  {}", c.id, c.title)).collect();
        if lines.is_empty() {
            return Err(Failure::no(
                format!("{} shows no collection to this account", client.host()),
                if remote.user.is_none() && !remote.token_stdin {
                    SIGN_IN
                } else {
                    "ask its operator for the right to read or write one"
                },
            ));
        }
        let asked = match &remote.there {
            Some(wanted) => format!("{} shows no collection {wanted:?}, but", client.host()),
            None => format!("which collection of {}?", client.host()),
        };
        return Err(Failure::usage(
            format!("{asked}\n{}", lines.join("\n")),
            "name one of them, by id, alias or title, with --remote",
        ));
    };
    let target = Target {
        root: root.url.clone(),
        collection: collection.id.clone(),
        max_content_length: root.info.as_ref().and_then(|info| info.max_content_length),
        can_read: collection.can_read,
        status_timeout: Duration::from_secs(STATUS_SECONDS),
    };
    let name = format!("{}collections/{}", root.url, collection.id);
    output::say(&format!(
        "{}: {} ({})",
        client.host(),
        collection.title,
        collection.id
    ));
    Ok(There {
        client,
        target,
        name,
    })
}

/// Where the exchange called `source` stands.
fn start<C: serde::de::DeserializeOwned + Default>(
    backend: &mut Backend,
    source: &str,
    from_start: bool,
) -> Result<C, Failure> {
    if from_start {
        return Ok(C::default());
    }
    let Answer::Cursor(text) = backend.execute(Command::Cursor {
        source: source.to_owned(),
    })?
    else {
        return Err(unexpected());
    };
    // A cursor that cannot be read is as good as none: beginning at the start changes nothing that is there.
    Ok(text
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default())
}

fn keep(backend: &mut Backend, source: &str, cursor: &impl Serialize) -> Result<(), Failure> {
    let cursor = serde_json::to_string(cursor).map_err(|error| Failure::defect(&error))?;
    backend.execute(Command::PutCursor {
        source: source.to_owned(),
        cursor,
    })?;
    Ok(())
}

fn stopped(error: &TaxiiError, exchanged: &Exchanged) -> Failure {
    let done = exchanged.added + exchanged.unchanged;
    let done = counted(done, "object", "objects");
    refused(error, format!("stopped after {done}: "))
}

const AGAIN: &str = "give the same command again; it goes on where it stopped";
const SIGN_IN: &str = "give --user NAME and its password on standard input, or --token-stdin and a token; the server's operator makes both";

/// What the other side, or the way to it, did not allow; `before` begins the message.
fn refused(error: &TaxiiError, before: String) -> Failure {
    let message = before + &comity_store::error::chain(error);
    match error {
        TaxiiError::Unauthorized { .. } => Failure::no(message, SIGN_IN),
        TaxiiError::Forbidden { .. } => Failure::no(
            message,
            "ask its operator to grant this account the right, or name another collection with --remote",
        ),
        TaxiiError::NotFound { .. } | TaxiiError::UnknownCollection { .. } => Failure::no(
            message,
            "give the address of its discovery, such as https://partner.example/taxii2/, and choose with --remote",
        ),
        TaxiiError::Http(error) => unreached(error, message),
        TaxiiError::NotTaxii { .. } => Failure::unknown(
            message,
            "give the address of its discovery, such as https://partner.example/taxii2/",
        ),
        TaxiiError::TooLarge { .. } => Failure::no(
            message,
            "ask its operator to take larger requests (max_content_length)",
        ),
        TaxiiError::Overloaded { .. }
        | TaxiiError::Refused { .. }
        | TaxiiError::Stuck { .. }
        | TaxiiError::StillPending { .. }
        | _ => Failure::unknown(message, AGAIN),
    }
}

fn unreached(error: &HttpError, message: String) -> Failure {
    match error {
        HttpError::Url { .. } => Failure::usage(
            message,
            "give an address such as https://partner.example/taxii2/",
        ),
        HttpError::PlainHttp { .. } => Failure::usage(
            message,
            "give the https address; --plain-http allows the other where the network between is yours",
        ),
        HttpError::CaFile { .. } => Failure::usage(
            message,
            "name a PEM file with the certificate of the authority that signed the server's with --ca-file",
        ),
        HttpError::Connect { .. } => Failure::unknown(
            message,
            "is the server up, and the address right? a certificate of an authority of your own is trusted with \
             --ca-file PATH",
        ),
        HttpError::Setup { .. }
        | HttpError::Timeout { .. }
        | HttpError::Broken { .. }
        | HttpError::TooLarge { .. }
        | HttpError::Encoding { .. }
        | HttpError::Redirect { .. }
        | _ => Failure::unknown(message, AGAIN),
    }
}

fn report(exchanged: &Exchanged, json: bool, verb: &str) -> Result<(), Failure> {
    for problem in &exchanged.problems {
        output::say(problem);
    }
    if json {
        output::json(exchanged)?;
    } else {
        let (added, unchanged, failed) = (
            thousands(exchanged.added),
            thousands(exchanged.unchanged),
            thousands(exchanged.failed),
        );
        output::data(&format!(
            "{verb}: {added} added, {unchanged} unchanged, {failed} failed"
        ))?;
    }
    if exchanged.failed > 0 {
        return Err(Failure::no(
            format!(
                "{} not taken",
                counted(exchanged.failed, "object was", "objects were")
            ),
            "tell the side that made them what is named above; all others were taken",
        ));
    }
    Ok(())
}

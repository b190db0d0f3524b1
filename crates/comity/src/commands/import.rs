//! `comity import`: any format it knows, by content, in bounded memory.
//!
//! Reading and recording go on side by side: one thread reads files and makes batches, the other has the node take
//! them. Each batch is durable before the next is taken, and what is there already counts as unchanged, so a broken-off
//! import is simply repeated.
//!
//! In scope: files, batches, progress, the report. Out of scope: formats (`comity-formats`), admission (`comity-node`).
//! Limits: [`BATCH_OBJECTS`] objects or [`BATCH_BYTES`] a batch, [`BATCHES_WAITING`] batches ahead.

use std::fs::File;
use std::io::{BufReader, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use comity_formats::import::{Item, read};
use comity_node::clock::Clock;
use comity_node::command::{Answer, Command};
use comity_node::pasted::{BATCH_OBJECTS, Imported, Lists, label_definitions, upgraded};
use comity_stix::marking::Tlp;
use comity_store::error::chain;
use indicatif::ProgressBar;

use crate::backend::{Backend, data_folder};
use crate::cli::ImportArgs;
use crate::commands::accounts::unexpected;
use crate::commands::{carried, collections, refused_object};
use crate::failure::Failure;
use crate::output::{self, counted, thousands};

const BATCH_BYTES: usize = 8 * 1024 * 1024;
const BATCHES_WAITING: usize = 4;

/// What the reading thread hands over.
enum Batch {
    Objects {
        objects: Vec<String>,
        derived: bool,
    },
    Problem(String),
    /// Reading stopped for good.
    Broken(String),
}

/// `comity import …`
pub(crate) fn run(args: ImportArgs) -> Result<(), Failure> {
    let tlp = args.tlp;
    for path in args.paths.iter().filter(|path| path.as_os_str() != "-") {
        let opened = File::open(path).and_then(|file| file.metadata());
        let readable = opened.and_then(|found| {
            if found.is_dir() {
                Err(std::io::ErrorKind::IsADirectory.into())
            } else {
                Ok(())
            }
        });
        readable.map_err(|error| {
            Failure::no(
                format!("cannot read {}: {error}", path.display()),
                "name a file that is there and that you may read; - is standard input",
            )
        })?;
    }
    let mut backend = Backend::open(&data_folder(args.data.data)?)?;
    let (carried, paths): (Vec<PathBuf>, Vec<PathBuf>) = args
        .paths
        .into_iter()
        .partition(|path| carried::is_part(path));
    if !carried.is_empty() {
        carried::take(&mut backend, &carried, args.json.json && paths.is_empty())?;
    }
    if paths.is_empty() {
        return backend.close();
    }
    let collection = collections::choose(&mut backend, args.collection.as_deref())?;
    let mut take = |objects: Vec<String>, only_new_ids: bool| {
        let collection = collection.id.clone();
        backend.execute(Command::Take {
            collection,
            objects,
            only_new_ids,
        })
    };
    if tlp.is_some() {
        take(label_definitions(), true)?;
    }
    let imported = import(&paths, tlp, &mut take);
    let closed = backend.close();
    let imported = imported?;
    closed?;
    report(&imported, args.json.json)?;
    if imported.failed > 0 {
        return Err(Failure::no(
            format!(
                "not everything was taken: {}",
                counted(imported.failed, "problem", "problems")
            ),
            "mend what is named above and import the same file again: what was taken counts as unchanged",
        ));
    }
    Ok(())
}

fn report(imported: &Imported, json: bool) -> Result<(), Failure> {
    for problem in &imported.problems {
        output::say(problem);
    }
    let untold = imported
        .failed
        .saturating_sub(u64::try_from(imported.problems.len()).unwrap_or(0));
    if untold > 0 {
        output::say(&format!("and {} more", thousands(untold)));
    }
    if json {
        return output::json(imported);
    }
    let (added, unchanged, failed) = (imported.added, imported.unchanged, imported.failed);
    output::data(&format!(
        "{} added, {} unchanged, {} failed",
        thousands(added),
        thousands(unchanged),
        thousands(failed)
    ))
}

/// Imports files; `take` has the node take a batch.
pub(crate) fn import(
    paths: &[PathBuf],
    tlp: Option<Tlp>,
    take: &mut dyn FnMut(Vec<String>, bool) -> Result<Answer, Failure>,
) -> Result<Imported, Failure> {
    let total = paths
        .iter()
        .map(|path| std::fs::metadata(path).ok().map(|meta| meta.len()))
        .sum::<Option<u64>>();
    let bar = output::progress(total, true);
    let mut imported = Imported::default();
    let (sender, receiver) = sync_channel(BATCHES_WAITING);
    let reading = bar.clone();
    let outcome = std::thread::scope(|scope| {
        scope.spawn(move || read_all(paths, tlp, &reading, &sender));
        take_all(receiver, &mut imported, &bar, take)
    });
    bar.finish_and_clear();
    outcome.map(|()| imported)
}

fn take_all(
    receiver: Receiver<Batch>,
    imported: &mut Imported,
    bar: &ProgressBar,
    take: &mut dyn FnMut(Vec<String>, bool) -> Result<Answer, Failure>,
) -> Result<(), Failure> {
    for batch in receiver {
        match batch {
            Batch::Objects { objects, derived } => {
                let Answer::Taken(taken) = take(objects, derived)? else {
                    return Err(unexpected());
                };
                imported.added += taken.added;
                imported.unchanged += taken.unchanged;
                for failure in taken.failures {
                    imported.problem(refused_object(&failure.id, &failure.message));
                }
                bar.set_message(format!(
                    "{} objects",
                    thousands(imported.added + imported.unchanged)
                ));
            }
            Batch::Problem(problem) => imported.problem(problem),
            Batch::Broken(problem) => {
                imported.problem(problem);
            }
        }
    }
    Ok(())
}

/// Reads files one after the other. Ends early when nobody takes the batches any more.
fn read_all(paths: &[PathBuf], tlp: Option<Tlp>, bar: &ProgressBar, sender: &SyncSender<Batch>) {
    for path in paths {
        let opened: Result<Box<dyn Read>, std::io::Error> = if path.as_os_str() == "-" {
            Ok(Box::new(std::io::stdin().lock()))
        } else {
            match File::open(path) {
                Ok(file) => Ok(Box::new(file)),
                Err(error) => Err(error),
            }
        };
        let sent = match opened {
            Ok(file) => read_one(path, file, tlp, bar, sender),
            Err(error) => sender
                .send(Batch::Broken(format!(
                    "{}: {}",
                    path.display(),
                    chain(&error)
                )))
                .is_ok(),
        };
        if !sent {
            return;
        }
    }
}

/// Reads one file; `false` when nobody takes the batches any more.
fn read_one(
    path: &Path,
    file: Box<dyn Read + '_>,
    tlp: Option<Tlp>,
    bar: &ProgressBar,
    sender: &SyncSender<Batch>,
) -> bool {
    let lists = Lists::new(&Clock::System, tlp);
    let mut batcher = Batcher {
        sender,
        waiting: Vec::new(),
        bytes: 0,
        derived: false,
    };
    let input = BufReader::with_capacity(256 * 1024, bar.wrap_read(file));
    let outcome = read(input, &lists.options(), &mut |item| {
        let sent = match item {
            Item::Object {
                json,
                spec20: true,
                derived,
                ..
            } => upgraded(json)
                .into_iter()
                .all(|json| batcher.put(json, derived)),
            Item::Object { json, derived, .. } => batcher.put(json, derived),
            Item::Problem(problem) => sender
                .send(Batch::Problem(format!("{}: {problem}", path.display())))
                .is_ok(),
        };
        if sent {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    let flushed = batcher.flush();
    match outcome {
        Ok(_) => flushed,
        Err(error) => sender
            .send(Batch::Broken(format!(
                "{}: {}",
                path.display(),
                chain(&error)
            )))
            .is_ok(),
    }
}

/// Collects objects of one kind into batches.
struct Batcher<'a> {
    sender: &'a SyncSender<Batch>,
    waiting: Vec<String>,
    bytes: usize,
    derived: bool,
}

impl Batcher<'_> {
    fn put(&mut self, json: String, derived: bool) -> bool {
        let mut sent = true;
        if derived != self.derived
            || self.waiting.len() >= BATCH_OBJECTS
            || self.bytes + json.len() > BATCH_BYTES
        {
            sent = self.flush();
            self.derived = derived;
        }
        self.bytes += json.len();
        self.waiting.push(json);
        sent
    }

    fn flush(&mut self) -> bool {
        self.bytes = 0;
        if self.waiting.is_empty() {
            return true;
        }
        let objects = std::mem::take(&mut self.waiting);
        self.sender
            .send(Batch::Objects {
                objects,
                derived: self.derived,
            })
            .is_ok()
    }
}

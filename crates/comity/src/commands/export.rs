//! `comity export`.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufWriter, Write};

use comity_formats::export::{ExportError, ExportFormat, Exporter};
use comity_node::clock::new_uuid;
use comity_node::command::{Answer, Command};
use comity_node::exchange::command::ExchangeCommand;
use comity_node::exchange::release_export::ReleasedObjects;
use comity_stix::marking::Tlp;

use crate::backend::{Backend, data_folder};
use crate::cli::ExportArgs;
use crate::commands::accounts::unexpected;
use crate::commands::collections;
use crate::failure::Failure;
use crate::output;

/// `comity export …`
pub(crate) fn run(args: ExportArgs) -> Result<(), Failure> {
    let format = ExportFormat::parse(&args.format, new_uuid()).ok_or_else(|| {
        Failure::usage(
            format!("there is no format {:?}", args.format),
            format!("--format is one of {}", ExportFormat::NAMES.join(", ")),
        )
    })?;
    let mut backend = Backend::open(&data_folder(args.data.data)?)?;
    let source = if let Some(party) = args.party {
        to_party(&mut backend, party, &args.format)?
    } else {
        let collection = collections::choose(&mut backend, args.collection.as_deref())?;
        Source::Collection {
            id: collection.id,
            all_versions: args.all_versions,
            total: if args.all_versions {
                collection.versions
            } else {
                collection.objects
            },
        }
    };
    let (objects, lines) = match &args.out {
        Some(path) => {
            let failed = |error: std::io::Error| {
                Failure::no(
                    format!("cannot write {}: {error}", path.display()),
                    "name a file in a folder that you may write to with --out",
                )
            };
            // Written beside the target and moved there when whole, so that a half-written export is never taken for one.
            let partial = path.with_extension("partial");
            let file = File::create(&partial).map_err(failed)?;
            let done = write(
                &mut backend,
                &source,
                format,
                BufWriter::with_capacity(1 << 20, file),
            )?;
            File::open(&partial)
                .and_then(|file| file.sync_all())
                .map_err(failed)?;
            std::fs::rename(&partial, path).map_err(failed)?;
            done
        }
        None => write(
            &mut backend,
            &source,
            format,
            BufWriter::with_capacity(1 << 16, std::io::stdout().lock()),
        )?,
    };
    output::say(&format!(
        "{}, {} written",
        output::counted(objects, "object", "objects"),
        output::counted(lines, "line", "lines")
    ));
    backend.close()
}

/// What is written.
enum Source {
    Collection {
        id: String,
        all_versions: bool,
        total: u64,
    },
    /// What was released to a party.
    Party(String),
}

/// What was released to a party goes in forms that carry its markings, and where there is nothing no file is made.
fn to_party(backend: &mut Backend, party: String, format: &str) -> Result<Source, Failure> {
    if !matches!(format, "stix" | "jsonl") {
        return Err(Failure::usage(
            format!(
                "{format:?} carries no label, and everything that goes to a party carries its own"
            ),
            "use --format stix or --format jsonl",
        ));
    }
    let mut after = None;
    loop {
        let stretch = released(backend, &party, after)?;
        if !stretch.objects.is_empty() {
            return Ok(Source::Party(party));
        }
        after = stretch.next;
        if after.is_none() {
            return Err(Failure::no(
                format!("nothing is released to {party}"),
                "`comity share --collection ID --to PARTY --taxii` shares a collection as it grows; `comity release list` shows what was decided",
            ));
        }
    }
}

fn released(
    backend: &mut Backend,
    party: &str,
    after: Option<(u64, u64)>,
) -> Result<ReleasedObjects, Failure> {
    let document = backend.exchange(ExchangeCommand::Released {
        party: party.to_owned(),
        after,
    })?;
    serde_json::from_value(document).map_err(|_| unexpected())
}

fn write(
    backend: &mut Backend,
    source: &Source,
    format: ExportFormat,
    out: impl Write,
) -> Result<(u64, u64), Failure> {
    let mut exporter = Exporter::new(format, out).map_err(|error| failed(&error))?;
    match source {
        Source::Collection {
            id,
            all_versions,
            total,
        } => {
            let bar = output::progress(Some(*total), false);
            let mut after = None;
            loop {
                let command = Command::Page {
                    collection: id.clone(),
                    after,
                    all_versions: *all_versions,
                    open_only: false,
                    limit: None,
                };
                let Answer::Page { objects, next } = backend.execute(command)? else {
                    return Err(unexpected());
                };
                for object in &objects {
                    exporter.object(object).map_err(|error| failed(&error))?;
                }
                bar.inc(u64::try_from(objects.len()).unwrap_or(0));
                after = next;
                if after.is_none() {
                    break;
                }
            }
            bar.finish_and_clear();
        }
        Source::Party(party) => write_released(backend, party, &mut exporter)?,
    }
    let (_, done) = exporter.finish().map_err(|error| failed(&error))?;
    Ok((done.objects, done.lines))
}

/// What stands in a party's views; what stands in several of them once.
fn write_released(
    backend: &mut Backend,
    party: &str,
    exporter: &mut Exporter<impl Write>,
) -> Result<(), Failure> {
    let mut seen = HashSet::new();
    let mut label: Option<Tlp> = None;
    let mut after = None;
    loop {
        let stretch = released(backend, party, after)?;
        for (object, id) in stretch.objects.iter().zip(stretch.ids) {
            if seen.insert(id) {
                exporter.object(object).map_err(|error| failed(&error))?;
            }
        }
        label = label.max(stretch.label.as_deref().and_then(Tlp::parse));
        after = stretch.next;
        if after.is_none() {
            break;
        }
    }
    if let Some(label) = label {
        output::say(&format!("the whole is {label}"));
    }
    Ok(())
}

fn failed(error: &ExportError) -> Failure {
    let hint = match error {
        ExportError::NotJson(_) => "`comity doctor` reads the whole store and says what is wrong",
        ExportError::Io(_) | _ => "is the disk full, or did the program that reads it end early?",
    };
    Failure::because(error, hint)
}

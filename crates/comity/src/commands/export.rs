//! `comity export`.

use std::fs::File;
use std::io::{BufWriter, Write};

use comity_formats::export::{ExportError, ExportFormat, Exporter};
use comity_node::clock::new_uuid;
use comity_node::command::{Answer, Command};

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
    let collection = collections::choose(&mut backend, args.collection.as_deref())?;
    let total = if args.all_versions {
        collection.versions
    } else {
        collection.objects
    };
    let source = Source {
        collection: collection.id,
        all_versions: args.all_versions,
        total,
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

struct Source {
    collection: String,
    all_versions: bool,
    total: u64,
}

fn write(
    backend: &mut Backend,
    source: &Source,
    format: ExportFormat,
    out: impl Write,
) -> Result<(u64, u64), Failure> {
    let mut exporter = Exporter::new(format, out).map_err(|error| failed(&error))?;
    let bar = output::progress(Some(source.total), false);
    let mut after = None;
    loop {
        let command = Command::Page {
            collection: source.collection.clone(),
            after,
            all_versions: source.all_versions,
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
    let (_, done) = exporter.finish().map_err(|error| failed(&error))?;
    bar.finish_and_clear();
    Ok((done.objects, done.lines))
}

fn failed(error: &ExportError) -> Failure {
    let hint = match error {
        ExportError::NotJson(_) => "`comity doctor` reads the whole store and says what is wrong",
        ExportError::Io(_) | _ => "is the disk full, or did the program that reads it end early?",
    };
    Failure::because(error, hint)
}

//! Pages: the node beside nginx with the same bytes, by wrk, in rounds that take turns.
//!
//! In scope: requests a second and processor time a request. Out of scope: filling the node (`ingest`).

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bench::nginx::Nginx;
use crate::bench::node::BenchNode;
use crate::bench::process::Process;
use crate::failure::Failure;
use crate::tree;

const ROUNDS: usize = 5;
const ROUND_SECONDS: u32 = 2;
const CONNECTIONS: u32 = 4;
/// Different pages in a sweep: more bytes than the node keeps of pages.
const SWEPT: u64 = 200;

/// What one side did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rate {
    /// Requests a second, the median of the rounds.
    pub(crate) requests: f64,
    /// Microseconds of processor time a request, the median of the rounds.
    pub(crate) cpu_micros: f64,
}

/// Page sizes and encodings against nginx. Answers nothing; prints rows.
pub(crate) fn against_nginx(node: &BenchNode, folder: &Path, objects: u64) -> Result<(), Failure> {
    for (limit, gzip, target) in [(1000, false, 0.7), (100, false, 0.5), (1000, true, 4.0)] {
        let query = format!("?limit={limit}");
        let answer = node.connect()?.ask(&node.get(&query), b"")?;
        let file = folder.join("page.json");
        std::fs::write(&file, &answer.body).map_err(|error| Failure::at(&file, &error))?;
        let nginx = Nginx::start(folder)?;
        let mut headers = node.wrk_headers();
        if gzip {
            headers.push("Accept-Encoding: gzip".to_owned());
        }
        let path = format!("{}{query}", node.objects_path());
        let (ours, theirs) = (
            Side {
                address: node.address()?,
                path,
                headers,
                process: node.process()?,
                list: None,
            },
            Side {
                address: nginx.address,
                path: "/page.json".to_owned(),
                headers: Vec::new(),
                process: nginx.process(),
                list: None,
            },
        );
        let (mut our_rounds, mut their_rounds) = (Vec::new(), Vec::new());
        // The bound for gzip: nginx with the compressed bytes as a file.
        let packed = folder.join("page.gz");
        if gzip {
            let head = format!("{}Accept-Encoding: gzip\r\n", node.get(&query));
            let answer = node.connect()?.ask(&head, b"")?;
            std::fs::write(&packed, &answer.body).map_err(|error| Failure::at(&packed, &error))?;
        }
        let bound = Side {
            path: "/page.gz".to_owned(),
            ..theirs.clone()
        };
        let mut bound_rounds = Vec::new();
        for _ in 0..ROUNDS {
            their_rounds.push(round(&theirs)?);
            our_rounds.push(round(&ours)?);
            if gzip {
                bound_rounds.push(round(&bound)?);
            }
        }
        let (ours, theirs) = (median(our_rounds), median(their_rounds));
        let encoding = if gzip { "gzip" } else { "identity" };
        crate::say(&format!(
            "page of {limit}, {encoding}, {objects} objects | {:.2} of nginx identity (target {target}) | node {:.0}/s, \
             {:.0} us CPU | nginx {:.0}/s, {:.0} us CPU | {:.2} by CPU",
            ours.requests / theirs.requests,
            ours.requests,
            ours.cpu_micros,
            theirs.requests,
            theirs.cpu_micros,
            theirs.cpu_micros / ours.cpu_micros
        ));
        if gzip {
            let bound = median(bound_rounds);
            crate::say(&format!(
                "page of {limit}, gzip, {objects} objects | {:.2} of nginx with the same compressed bytes as a file \
                 ({:.0}/s, {:.2} of its own identity: what the machine allows)",
                ours.requests / bound.requests,
                bound.requests,
                bound.requests / theirs.requests
            ));
        }
    }
    Ok(())
}

/// Pages of 1000 from the start, by one connection's CPU; for comparing sizes and depths.
pub(crate) fn one_page(node: &BenchNode, query: &str) -> Result<Rate, Failure> {
    let side = Side {
        address: node.address()?,
        path: format!("{}{query}", node.objects_path()),
        headers: node.wrk_headers(),
        process: node.process()?,
        list: None,
    };
    Ok(median(
        (0..ROUNDS)
            .map(|_| round(&side))
            .collect::<Result<_, _>>()?,
    ))
}

/// Many different pages in turn, more than the node keeps in memory, against nginx with as many files.
pub(crate) fn sweep(node: &BenchNode, folder: &Path, objects: u64) -> Result<(), Failure> {
    if objects < SWEPT * 1000 {
        return Ok(());
    }
    let nginx = Nginx::start(folder)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut connection = node.connect()?;
    let mut query = "?limit=1000".to_owned();
    for number in 0..SWEPT {
        let answer = connection.ask(&node.get(&query), b"")?;
        let name = format!("page-{number}.json");
        let file = folder.join(&name);
        std::fs::write(&file, &answer.body).map_err(|error| Failure::at(&file, &error))?;
        ours.push(format!("{}{query}", node.objects_path()));
        theirs.push(format!("/{name}"));
        let head: serde_json::Value = serde_json::from_slice(&answer.body)
            .map_err(|error| Failure::new(format!("a page: {error}")))?;
        let next = head
            .get("next")
            .and_then(|next| next.as_str())
            .unwrap_or_default();
        query = format!("?limit=1000&next={next}");
    }
    let side = |address, paths: &[String], name: &str, headers, process| {
        let list = folder.join(name);
        std::fs::write(&list, paths.join("\n")).map_err(|error| Failure::at(&list, &error))?;
        Ok::<Side, Failure>(Side {
            address,
            path: String::new(),
            headers,
            process,
            list: Some(list),
        })
    };
    let ours = side(
        node.address()?,
        &ours,
        "ours.txt",
        node.wrk_headers(),
        node.process()?,
    )?;
    let theirs = side(
        nginx.address,
        &theirs,
        "theirs.txt",
        Vec::new(),
        nginx.process(),
    )?;
    let (mut our_rounds, mut their_rounds) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        their_rounds.push(round(&theirs)?);
        our_rounds.push(round(&ours)?);
    }
    let (ours, theirs) = (median(our_rounds), median(their_rounds));
    crate::say(&format!(
        "{SWEPT} pages of 1000 in turn, identity, {objects} objects | {:.2} of nginx identity (target 0.7) | node {:.0}/s, \
         {:.0} us CPU | nginx {:.0}/s, {:.0} us CPU | {:.2} by CPU",
        ours.requests / theirs.requests,
        ours.requests,
        ours.cpu_micros,
        theirs.requests,
        theirs.cpu_micros,
        theirs.cpu_micros / ours.cpu_micros
    ));
    Ok(())
}

/// Whom to ask, and for what.
#[derive(Clone)]
struct Side {
    address: SocketAddr,
    path: String,
    headers: Vec<String>,
    process: Process,
    /// A file of paths to be asked for in turn, in the place of `path`.
    list: Option<PathBuf>,
}

/// The script by which wrk takes paths from a list.
const IN_TURN: &str = "local paths = {} local turn = 0\n\
    function init(args) for line in io.lines(args[1]) do paths[#paths + 1] = line end end\n\
    function request() turn = turn % #paths + 1 return wrk.format('GET', paths[turn]) end\n";

fn round(side: &Side) -> Result<Rate, Failure> {
    let before = side.process.cpu_seconds()?;
    let mut wrk = Command::new("wrk");
    wrk.args([
        "-t1",
        &format!("-c{CONNECTIONS}"),
        &format!("-d{ROUND_SECONDS}s"),
    ]);
    for header in &side.headers {
        wrk.arg("-H").arg(header);
    }
    if let Some(list) = &side.list {
        let script = list.with_extension("lua");
        std::fs::write(&script, IN_TURN).map_err(|error| Failure::at(&script, &error))?;
        wrk.arg("-s").arg(script);
    }
    wrk.arg(format!("http://{}{}", side.address, side.path));
    if let Some(list) = &side.list {
        wrk.arg("--").arg(list);
    }
    let text = tree::output(&mut wrk)?;
    let cpu = side.process.cpu_seconds()? - before;
    let number = |from: &str| {
        text.lines()
            .find_map(|line| line.split_once(from)?.1.trim().parse::<f64>().ok())
    };
    let count = text.lines().find_map(|line| {
        line.trim()
            .split_once(" requests in")?
            .0
            .trim()
            .parse::<f64>()
            .ok()
    });
    let (Some(requests), Some(count)) = (number("Requests/sec:"), count) else {
        return Err(Failure::new(format!("wrk said: {text}")));
    };
    if text.contains("Non-2xx") {
        return Err(Failure::new(format!("not every answer was good: {text}")));
    }
    Ok(Rate {
        requests,
        cpu_micros: cpu * 1e6 / count,
    })
}

fn median(mut rounds: Vec<Rate>) -> Rate {
    let middle = rounds.len() / 2;
    rounds.sort_by(|a, b| a.requests.total_cmp(&b.requests));
    let requests = rounds.get(middle).map_or(0.0, |rate| rate.requests);
    rounds.sort_by(|a, b| a.cpu_micros.total_cmp(&b.cpu_micros));
    Rate {
        requests,
        cpu_micros: rounds.get(middle).map_or(0.0, |rate| rate.cpu_micros),
    }
}

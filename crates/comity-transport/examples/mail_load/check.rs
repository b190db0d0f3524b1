//! Guarding, reading and authenticating the mails of a corpus, one after the other, as the node does.
//!
//! In scope: how long it takes, and a line of verdicts a mail in `ours.txt`, in the words that the peer writes. Out of scope: OpenPGP,
//! storing.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, Instant, UNIX_EPOCH};

use comity_mail::authentication::{Authentication, Verdict};
use comity_mail::carried::{CarriedLimits, classify};
use comity_mail::guard::{self, GuardLimits, guard};
use comity_mail::reading::{Mail, ReadLimits, TIME_MAX, isolated, read};
use comity_transport::mail_authentication::{Authenticator, Origin};
use serde_json::{Value, json};

use crate::corpus::{self, Delivery};
use crate::figures::{cpu_seconds, float};
use crate::{Failed, names};

const GREETING: &str = "mx.cert-a.example";
const OWN_NAME: &str = "in.alpha.example";

/// Goes over the corpus so many times; the first round fills the cache of DNS and is not counted.
pub(crate) fn run(folder: &Path, rounds: usize) -> Result<Value, Failed> {
    let mails = corpus::read(folder)?;
    let server = names::serve(&corpus::read_records(folder)?)?;
    let authenticator = Authenticator::new(&[server])?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let now = i64::try_from(UNIX_EPOCH.elapsed()?.as_secs())?;
    let mut lines = String::new();
    for (sender, raw) in &mails {
        let (mail, _) = parsed(raw)?;
        let told = runtime.block_on(authenticated(&authenticator, sender, raw, now))?;
        lines.push_str(&line(&sender.file, &mail, &told));
    }
    std::fs::write(folder.join("ours.txt"), lines)?;
    let (mut parse, mut authenticate) = (Duration::ZERO, Duration::ZERO);
    let (mut parse_cpu, mut authenticate_cpu) = (0.0, 0.0);
    for _ in 0..rounds {
        let (began, cpu) = (Instant::now(), cpu_seconds());
        for (_, raw) in &mails {
            std::hint::black_box(parsed(raw)?);
        }
        parse += began.elapsed();
        parse_cpu += cpu_seconds() - cpu;
        let (began, cpu) = (Instant::now(), cpu_seconds());
        for (sender, raw) in &mails {
            let told = authenticated(&authenticator, sender, raw, now);
            std::hint::black_box(runtime.block_on(told)?);
        }
        authenticate += began.elapsed();
        authenticate_cpu += cpu_seconds() - cpu;
    }
    let checked = float(mails.len() * rounds);
    Ok(json!({
        "mails": mails.len() * rounds,
        "parse_per_second": checked / parse.as_secs_f64(),
        "authenticate_per_second": checked / authenticate.as_secs_f64(),
        "per_second": checked / (parse + authenticate).as_secs_f64(),
        "parse_cpu_us": parse_cpu * 1e6 / checked,
        "authenticate_cpu_us": authenticate_cpu * 1e6 / checked,
    }))
}

/// A mail that was read, and how many things it carries.
fn parsed(raw: &[u8]) -> Result<(Mail, usize), Failed> {
    if let guard::Verdict::Refuse(refusal) = guard(raw, &GuardLimits::EXCHANGE) {
        return Err(refusal.to_string().into());
    }
    // The node hands over a mail that it has just read from its file.
    let raw = raw.to_vec();
    let done = isolated(TIME_MAX, move || {
        let mail = read(&raw, &ReadLimits::EXCHANGE, &["cert-a.example"])?;
        let carried = classify(&mail, &CarriedLimits::EXCHANGE).len();
        Ok::<_, comity_mail::reading::ReadError>((mail, carried))
    });
    Ok(done??)
}

async fn authenticated(
    authenticator: &Authenticator,
    sender: &Delivery,
    raw: &[u8],
    now: i64,
) -> Result<Authentication, Failed> {
    let client: IpAddr = sender.client.parse()?;
    let origin = Origin {
        client,
        greeting: GREETING,
        sender: &sender.sender,
        own_name: OWN_NAME,
    };
    Ok(authenticator.authenticate(raw, Some(origin), now).await)
}

/// What is compared with the peer: fields, attachments, verdicts.
fn line(file: &str, mail: &Mail, told: &Authentication) -> String {
    let mut line = format!(
        "{file}|{}|{}|",
        mail.fields.from.address, mail.fields.subject
    );
    for one in &mail.attachments {
        let _ = write!(line, "{}:{} ", one.name, one.bytes.len());
    }
    let spf = told.spf.as_ref().map_or(Verdict::None, |spf| spf.verdict);
    let _ = write!(line, "|spf={spf}|dkim=");
    for one in &told.dkim {
        let _ = write!(line, "{}:{}:{} ", one.domain, one.selector, one.verdict);
    }
    let dmarc = match &told.dmarc {
        Some(dmarc) if dmarc.policy.is_some() => {
            if [dmarc.spf, dmarc.dkim].contains(&Verdict::Pass) {
                "pass"
            } else {
                "fail"
            }
        }
        Some(_) | None => "none",
    };
    let _ = writeln!(line, "|dmarc={dmarc}");
    line
}

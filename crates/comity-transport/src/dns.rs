//! Asking name servers: whether the records that a node needs for mail are there.
//!
//! In scope: MX and TXT records, by the system's configuration or from one server. Out of scope: what they should say
//! (`comity_mail::dns`), trusting them: nothing is decided by what is found here.
//! Limits: [`ANSWER_MAX`] for one question, [`WHOLE_MAX`] for all.

use std::net::SocketAddr;
use std::time::Duration;

use comity_mail::dns::{Kind, Record};
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};
use hickory_resolver::{Resolver, TokioResolver};

/// How long one question may take.
pub const ANSWER_MAX: Duration = Duration::from_secs(3);
/// How long all questions may take.
pub const WHOLE_MAX: Duration = Duration::from_secs(15);

/// Questions without an answer, one after another, after which no more are asked.
const SILENT_MAX: usize = 2;

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// What stands there: texts, or preferences with hosts. Nothing: there is no such record.
    Found(Vec<String>),
    /// Nobody answered, with the reason.
    Not(String),
}

/// Asks for each record; `server` in place of those that the system names. One answer a record, in their order.
pub async fn look_up(records: &[Record], server: Option<SocketAddr>) -> Vec<Answered> {
    let resolver = match resolver(server) {
        Ok(resolver) => resolver,
        Err(error) => return vec![Answered::Not(error.to_string()); records.len()],
    };
    let mut answers: Vec<Answered> = Vec::new();
    let all = async {
        for record in records {
            // Whoever has no network is not kept waiting for every record.
            let silent = |answer: &Answered| matches!(answer, Answered::Not(_));
            if answers.len() >= SILENT_MAX && answers.iter().rev().take(SILENT_MAX).all(silent) {
                break;
            }
            answers.push(ask(&resolver, record).await);
        }
    };
    let _ = tokio::time::timeout(WHOLE_MAX, all).await;
    let rest = answers
        .last()
        .filter(|last| matches!(last, Answered::Not(_)));
    let rest = rest.cloned();
    let rest =
        rest.unwrap_or_else(|| Answered::Not("the time for all questions is over".to_owned()));
    answers.resize(records.len(), rest);
    answers
}

/// A name server at this address, asked by UDP, and by TCP where an answer does not fit.
pub(crate) fn name_server(address: &SocketAddr) -> NameServerConfig {
    let mut server = NameServerConfig::udp_and_tcp(address.ip());
    for one in &mut server.connections {
        one.port = address.port();
    }
    server
}

/// What asks them; `server` in place of those that the system names.
pub(crate) fn resolver(server: Option<SocketAddr>) -> Result<TokioResolver, NetError> {
    let mut builder = match server {
        None => TokioResolver::builder_tokio()?,
        Some(server) => {
            let one = name_server(&server);
            let config = ResolverConfig::from_parts(None, Vec::new(), vec![one]);
            Resolver::builder_with_config(config, TokioRuntimeProvider::default())
        }
    };
    let options = builder.options_mut();
    options.timeout = ANSWER_MAX;
    options.attempts = 1;
    options.cache_size = 0;
    builder.build()
}

/// The texts under a name; none where there are none.
pub(crate) async fn texts(resolver: &TokioResolver, name: &str) -> Result<Vec<String>, String> {
    let record = Record {
        label: "TXT",
        name: name.to_owned(),
        kind: Kind::Txt,
        value: String::new(),
    };
    match ask(resolver, &record).await {
        Answered::Found(texts) => Ok(texts),
        Answered::Not(reason) => Err(reason),
    }
}

async fn ask(resolver: &TokioResolver, record: &Record) -> Answered {
    let kind = match record.kind {
        Kind::Mx => RecordType::MX,
        Kind::Txt => RecordType::TXT,
    };
    // With a dot at the end no search list of the system is tried.
    let question = resolver.lookup(format!("{}.", record.name), kind);
    match tokio::time::timeout(ANSWER_MAX, question).await {
        Err(_) => Answered::Not("no answer in time".to_owned()),
        Ok(Err(error)) if error.is_no_records_found() => Answered::Found(Vec::new()),
        Ok(Err(error)) => Answered::Not(error.to_string()),
        Ok(Ok(found)) => {
            let texts = found.answers().iter().map(|answer| text(&answer.data));
            Answered::Found(texts.flatten().collect())
        }
    }
}

fn text(data: &RData) -> Option<String> {
    if let RData::MX(mx) = data {
        return Some(format!("{} {}", mx.preference, mx.exchange));
    }
    let RData::TXT(text) = data else {
        return None;
    };
    // The parts of one text belong together (RFC 7208 section 3.3, RFC 6376 section 3.6.2.2).
    let whole: Vec<u8> = text
        .txt_data
        .iter()
        .flat_map(|part| part.iter().copied())
        .collect();
    Some(String::from_utf8_lossy(&whole).into_owned())
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;
    use crate::name_server::LocalNameServer;

    fn record(name: &str, kind: Kind) -> Record {
        Record {
            label: "MX",
            name: name.to_owned(),
            kind,
            value: String::new(),
        }
    }

    #[tokio::test]
    async fn records_are_found_whole_and_what_is_not_there_is_said_so() {
        let server = LocalNameServer::start().unwrap();
        for (kind, value) in [
            (Kind::Mx, "10 mx.alpha.example"),
            (Kind::Txt, "v=spf1 mx -all"),
        ] {
            let told = Record {
                value: value.to_owned(),
                ..record("in.alpha.example", kind)
            };
            server.tell(&told).unwrap();
        }
        let asked = [
            record("in.alpha.example", Kind::Mx),
            record("in.alpha.example", Kind::Txt),
            record("_dmarc.in.alpha.example", Kind::Txt),
        ];
        let found =
            |texts: &[&str]| Answered::Found(texts.iter().map(|one| (*one).to_owned()).collect());
        assert_eq!(
            look_up(&asked, Some(server.address())).await,
            [
                found(&["10 mx.alpha.example."]),
                found(&["v=spf1 mx -all"]),
                found(&[]),
            ]
        );
    }

    #[tokio::test]
    async fn a_server_that_is_silent_is_waited_for_and_no_longer() {
        let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
        let asked = [record("in.alpha.example", Kind::Mx)];
        let began = std::time::Instant::now();
        let answers = look_up(&asked, Some(silent.local_addr().unwrap())).await;
        assert!(
            matches!(answers.as_slice(), [Answered::Not(_)]),
            "{answers:?}"
        );
        assert!(began.elapsed() < ANSWER_MAX * 3);
    }
}

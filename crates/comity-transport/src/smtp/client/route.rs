//! Where a mail goes: the relay of the settings, or the hosts of the domain's MX records in their order (RFC 5321 section 5.1).
//!
//! In scope: hosts, and their addresses. Out of scope: connecting.
//! Limits: [`HOSTS_MAX`], [`ADDRESSES_MAX`].

use std::net::IpAddr;

use comity_node::clock::random_bytes;
use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::{RData, RecordType};

use crate::dns::ANSWER_MAX;

/// Hosts that are tried for one mail.
const HOSTS_MAX: usize = 8;
/// Addresses of one host that are tried.
const ADDRESSES_MAX: usize = 4;

/// Why there is nowhere to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Nowhere {
    /// Nobody could say; it may be otherwise later.
    Unknown(String),
    /// The domain takes no mail.
    Never(String),
}

/// The hosts that take a domain's mail, in the order in which to try them. Those of one preference come in any order.
pub(super) async fn hosts(
    resolver: &TokioResolver,
    domain: &str,
    own: &str,
) -> Result<Vec<String>, Nowhere> {
    let question = resolver.lookup(format!("{domain}."), RecordType::MX);
    let found = match tokio::time::timeout(ANSWER_MAX, question).await {
        Err(_) => {
            return Err(Nowhere::Unknown(format!(
                "no name server said where mail for {domain} goes"
            )));
        }
        Ok(Err(error)) if error.is_nx_domain() => {
            return Err(Nowhere::Never(format!("there is no domain {domain}")));
        }
        // Without MX records the domain itself is the host.
        Ok(Err(error)) if error.is_no_records_found() => return Ok(vec![domain.to_owned()]),
        Ok(Err(error)) => {
            return Err(Nowhere::Unknown(format!(
                "MX of {domain} not found out: {error}"
            )));
        }
        Ok(Ok(found)) => found,
    };
    let records = found.answers().iter().filter_map(|answer| {
        let RData::MX(mx) = &answer.data else {
            return None;
        };
        let host = mx.exchange.to_ascii();
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        Some((mx.preference, host))
    });
    let records: Vec<(u16, String)> = records.collect();
    if records.is_empty() {
        return Ok(vec![domain.to_owned()]);
    }
    in_order(records, (domain, own))
}

fn in_order(
    records: Vec<(u16, String)>,
    (domain, own): (&str, &str),
) -> Result<Vec<String>, Nowhere> {
    // A single host without a name: the domain takes no mail (RFC 7505).
    if records.iter().all(|(_, host)| host.is_empty()) {
        return Err(Nowhere::Never(format!(
            "{domain} takes no mail, its MX says"
        )));
    }
    let own = own.to_ascii_lowercase();
    let mine = records.iter().filter(|(_, host)| *host == own);
    let mine = mine.map(|(preference, _)| *preference).min();
    let mut left: Vec<(u16, [u8; 4], String)> = records
        .into_iter()
        .filter(|(preference, host)| !host.is_empty() && mine.is_none_or(|mine| *preference < mine))
        .map(|(preference, host)| (preference, random_bytes::<4>(), host))
        .collect();
    if left.is_empty() {
        return Err(Nowhere::Never(format!(
            "mail for {domain} would come back to this node, its MX says"
        )));
    }
    left.sort();
    let hosts = left.into_iter().map(|(_, _, host)| host);
    Ok(hosts.take(HOSTS_MAX).collect())
}

/// The addresses of a host.
pub(super) async fn addresses(
    resolver: &TokioResolver,
    host: &str,
) -> Result<Vec<IpAddr>, Nowhere> {
    if let Ok(address) = host.parse() {
        return Ok(vec![address]);
    }
    let question = resolver.lookup_ip(format!("{host}."));
    match tokio::time::timeout(ANSWER_MAX * 2, question).await {
        Err(_) => Err(Nowhere::Unknown(format!(
            "no name server said where {host} is"
        ))),
        Ok(Err(error)) if error.is_no_records_found() => {
            Err(Nowhere::Never(format!("{host} has no address")))
        }
        Ok(Err(error)) => Err(Nowhere::Unknown(format!(
            "address of {host} not found out: {error}"
        ))),
        Ok(Ok(found)) => Ok(found.iter().take(ADDRESSES_MAX).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(records: &[(u16, &str)]) -> Result<Vec<String>, Nowhere> {
        let records = records
            .iter()
            .map(|(preference, host)| (*preference, (*host).to_owned()));
        in_order(records.collect(), ("bravo.example", "mx.alpha.example"))
    }

    #[test]
    fn hosts_come_by_preference_and_never_lead_back() {
        let three = [(20, "b.example"), (10, "a.example"), (30, "c.example")];
        assert_eq!(
            order(&three).unwrap(),
            ["a.example", "b.example", "c.example"]
        );
        let own = [
            (10, "a.example"),
            (20, "mx.alpha.example"),
            (20, "b.example"),
            (30, "c.example"),
        ];
        assert_eq!(order(&own).unwrap(), ["a.example"]);
        for never in [&[(0, "")][..], &[(5, "mx.alpha.example"), (9, "c.example")]] {
            assert!(matches!(order(never), Err(Nowhere::Never(_))), "{never:?}");
        }
        let many: Vec<(u16, &str)> = (0..50).map(|n| (n, "a.example")).collect();
        assert_eq!(order(&many).unwrap().len(), HOSTS_MAX);
        // Of one preference, each is the first now and then.
        let equal = [(10, "a.example"), (10, "b.example")];
        let firsts: std::collections::BTreeSet<String> =
            (0..64).map(|_| order(&equal).unwrap().remove(0)).collect();
        assert_eq!(firsts.len(), 2);
    }
}

//! One try to send one mail: the hosts in their order, each of their addresses, until one takes it or refuses it for good.
//!
//! In scope: what a fault of one host means for the mail. Out of scope: when it is tried again (`comity-node`).
//! Limits: [`WHOLE_MAX`] for all of it.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use comity_mail::sts::Mode;
use comity_node::mail::out::way::{ClaimedMail, Tried};
use hickory_resolver::TokioResolver;
use tokio::net::TcpStream;

use super::conversation::{Conversation, Fault, Parties};
use super::policy::of_domain;
use super::route::{Nowhere, addresses, hosts};
use super::tls::Demand;
use super::{Relay, Sender};

/// How long one try may take; a claim lasts longer.
pub(super) const WHOLE_MAX: Duration = Duration::from_mins(20);

/// A host to try, and what is demanded of it.
struct Target {
    host: String,
    port: u16,
    demand: Demand,
}

/// What became of the mail at one host.
enum Met {
    Done(Tried),
    /// Another host may take it.
    Next(String),
}

impl Sender {
    /// Tries to send a mail.
    pub(super) async fn deliver(&self, mail: &ClaimedMail) -> Tried {
        match tokio::time::timeout(WHOLE_MAX, self.try_hosts(mail)).await {
            Ok(tried) => tried,
            Err(_) => Tried::Later("the other side was too slow".to_owned()),
        }
    }

    async fn try_hosts(&self, mail: &ClaimedMail) -> Tried {
        let resolver = match &self.resolver {
            Ok(resolver) => resolver,
            Err(reason) => return Tried::Later(format!("no name server can be asked: {reason}")),
        };
        let targets = match &self.settings.relay {
            Some(relay) => vec![relayed(relay)],
            None => match self.targets(resolver, mail).await {
                Ok(targets) => targets,
                Err(tried) => return tried,
            },
        };
        let mut why = String::from("no host takes this mail");
        for target in &targets {
            let found = match addresses(resolver, &target.host).await {
                Ok(found) => found,
                Err(Nowhere::Unknown(reason) | Nowhere::Never(reason)) => {
                    why = reason;
                    continue;
                }
            };
            for address in found {
                match self.meet(target, address, mail).await {
                    Met::Done(tried) => return tried,
                    Met::Next(reason) => why = reason,
                }
            }
        }
        Tried::Later(why)
    }

    /// The hosts of the recipient's domain that its policy lets be tried.
    async fn targets(
        &self,
        resolver: &TokioResolver,
        mail: &ClaimedMail,
    ) -> Result<Vec<Target>, Tried> {
        let domain = mail
            .recipient
            .rsplit_once('@')
            .map_or("", |(_, domain)| domain);
        let domain = domain.to_ascii_lowercase();
        let found = hosts(resolver, &domain, &self.settings.hostname).await;
        let found = found.map_err(|nowhere| match nowhere {
            Nowhere::Unknown(reason) => Tried::Later(reason),
            Nowhere::Never(reason) => Tried::Refused(reason),
        })?;
        let policy = of_domain(&self.node, (resolver, &self.http), &domain).await;
        let policy = policy.map_err(Tried::Later)?;
        let enforced = policy
            .as_ref()
            .filter(|policy| policy.mode == Mode::Enforce);
        if let Some(policy) = policy
            .as_ref()
            .filter(|policy| policy.mode == Mode::Testing)
        {
            for host in found.iter().filter(|host| !policy.names(host)) {
                tracing::warn!(
                    domain,
                    host,
                    "host that the domain's policy, in testing, does not name"
                );
            }
        }
        let demand = if enforced.is_some() {
            Demand::Verified
        } else {
            Demand::Offered
        };
        let targets: Vec<Target> = found
            .iter()
            .filter(|host| enforced.is_none_or(|policy| policy.names(host)))
            .map(|host| Target {
                host: host.clone(),
                port: self.settings.port,
                demand,
            })
            .collect();
        if targets.is_empty() {
            // RFC 8461 section 5: to be tried again, as the policy or the records may be mended.
            return Err(Tried::Later(format!(
                "the policy of {domain} (MTA-STS, enforce) names none of its mail hosts: {}",
                found.join(", ")
            )));
        }
        Ok(targets)
    }

    async fn meet(&self, target: &Target, address: IpAddr, mail: &ClaimedMail) -> Met {
        let host = &target.host;
        let place = SocketAddr::new(address, target.port);
        let connecting = TcpStream::connect(place);
        let stream = match tokio::time::timeout(self.settings.times.connect, connecting).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                return Met::Next(format!("no connection to {host} ({place}): {error}"));
            }
            Err(_) => return Met::Next(format!("no connection to {host} ({place}) in time")),
        };
        let parties = Parties {
            own: &self.settings.hostname,
            host,
        };
        let demand = (&self.trust, target.demand);
        let began =
            Conversation::begin(Box::new(stream), parties, demand, self.settings.times).await;
        let mut talk = match began {
            Ok(talk) => talk,
            Err(fault) => return at_first(host, fault),
        };
        if let Some((user, password)) = self.settings.relay.as_ref().and_then(Relay::credentials)
            && let Err(fault) = talk.authenticate(user, password).await
        {
            talk.quit().await;
            return at_first(host, fault);
        }
        let handed = talk.hand_over(mail).await;
        let protected = talk.protected().clone();
        let met = match handed {
            Ok(reply) => Met::Done(Tried::Taken {
                host: host.clone(),
                tls: protected.tls,
                verified: protected.verified,
                answer: reply.shown(),
            }),
            Err(fault) => with_the_mail(host, fault),
        };
        talk.quit().await;
        met
    }
}

/// A relay on this machine needs no TLS: nobody listens in between.
fn relayed(relay: &Relay) -> Target {
    let here = relay
        .host
        .parse::<IpAddr>()
        .is_ok_and(|address| address.is_loopback())
        || relay.host == "localhost";
    Target {
        host: relay.host.clone(),
        port: relay.port,
        demand: if here {
            Demand::Offered
        } else {
            Demand::Verified
        },
    }
}

/// A server that does not even begin says nothing of the mail: another one may take it.
fn at_first(host: &str, fault: Fault) -> Met {
    Met::Next(match fault {
        Fault::Said(what, reply) => format!("{host} answers {what} with {}", reply.shown()),
        Fault::Broken(why) | Fault::Unknown(why) | Fault::Unfit(why) => format!("{host}: {why}"),
        Fault::Unprotected(why) => why,
    })
}

fn with_the_mail(host: &str, fault: Fault) -> Met {
    match fault {
        Fault::Said(what, reply) => {
            let why = format!("{host} answers {what} with {}", reply.shown());
            if reply.is_final() {
                Met::Done(Tried::Refused(why))
            } else {
                Met::Next(why)
            }
        }
        Fault::Unfit(why) => Met::Done(Tried::Refused(format!("{host}: {why}"))),
        // Another host might take it a second time.
        Fault::Unknown(why) => Met::Done(Tried::Later(format!(
            "{host} has the whole mail and did not say that it took it: {why}"
        ))),
        Fault::Broken(why) => Met::Next(format!("{host}: {why}")),
        Fault::Unprotected(why) => Met::Next(why),
    }
}

//! What the network says of a mail's origin: SPF, DKIM, DMARC and ARC, asked over DNS.
//!
//! The answers go into `comity_mail::authentication` as plain data, which says what counts. Only DKIM signatures that count are asked
//! for alignment, so that a signature which covers a part cannot carry a domain.
//!
//! The library compares the times of DKIM signatures with the system's clock; the caller's time is compared besides.
//!
//! In scope: asking, within times. Out of scope: policy (`comity_mail::authentication`), receiving.
//! Limits: [`QUESTION_TIME_MAX`], [`MAIL_TIME_MAX`], [`DKIM_SIGNATURES_MAX`], those of the cache.

mod cache;
#[cfg(test)]
mod tests;

pub use cache::{ENTRIES_MAX, LIFE_MAX, LIFE_MIN};

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use comity_mail::authentication::{
    Arc, Authentication, DKIM_SIGNATURES_MAX, Dkim, DkimKey, Dmarc, DmarcPolicy, Spf, Verdict,
};
use mail_auth::common::crypto::Algorithm;
use mail_auth::common::verify::VerifySignature as _;
use mail_auth::dkim::{DkimError, Signature};
use mail_auth::dmarc::Policy;
use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::hickory_resolver::config::{ResolverConfig, ResolverOpts};
use mail_auth::hickory_resolver::system_conf::read_system_conf;
use mail_auth::spf::verify::SpfParameters;
use mail_auth::{
    AuthenticatedMessage, DkimOutput, DkimResult, DmarcResult, Error, MX, MessageAuthenticator,
    Parameters, RecordSet, ResolverCache as _, SpfOutput, SpfResult, Txt,
};

use cache::Cache;

use crate::dns::name_server;

/// How long one question may take.
pub const QUESTION_TIME_MAX: Duration = Duration::from_secs(5);
/// How long all questions about one mail may take.
pub const MAIL_TIME_MAX: Duration = Duration::from_secs(20);

/// Where a mail came from, as the receiving server saw it.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'o> {
    /// The address of the client.
    pub client: IpAddr,
    /// How it greeted.
    pub greeting: &'o str,
    /// The sender of the envelope; empty: none.
    pub sender: &'o str,
    /// The name of this server.
    pub own_name: &'o str,
}

/// Why DNS cannot be asked at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthenticatorError {
    /// The settings of the system.
    #[error(
        "the system's DNS settings cannot be used ({reason}); name a DNS server in the settings"
    )]
    Settings {
        /// What is wrong with them.
        reason: String,
    },
}

/// Asks DNS about mails.
pub struct Authenticator {
    resolver: MessageAuthenticator,
    caches: Caches,
    mail_time: Duration,
}

#[derive(Default)]
struct Caches {
    txt: Cache<Box<str>, Txt>,
    mx: Cache<Box<str>, RecordSet<MX>>,
    ipv4: Cache<Box<str>, RecordSet<Ipv4Addr>>,
    ipv6: Cache<Box<str>, RecordSet<Ipv6Addr>>,
    ptr: Cache<IpAddr, RecordSet<Box<str>>>,
}

type Asked<'c, P> = Parameters<
    'c,
    P,
    Cache<Box<str>, Txt>,
    Cache<Box<str>, RecordSet<MX>>,
    Cache<Box<str>, RecordSet<Ipv4Addr>>,
    Cache<Box<str>, RecordSet<Ipv6Addr>>,
    Cache<IpAddr, RecordSet<Box<str>>>,
>;

impl Caches {
    fn asked<P>(&self, params: P) -> Asked<'_, P> {
        Parameters {
            params,
            cache_txt: Some(&self.txt),
            cache_mx: Some(&self.mx),
            cache_ptr: Some(&self.ptr),
            cache_ipv4: Some(&self.ipv4),
            cache_ipv6: Some(&self.ipv6),
        }
    }
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Authenticator").finish_non_exhaustive()
    }
}

impl Authenticator {
    /// Asks these DNS servers; none: those of the system.
    pub fn new(servers: &[SocketAddr]) -> Result<Self, AuthenticatorError> {
        Self::with_times(servers, QUESTION_TIME_MAX, MAIL_TIME_MAX)
    }

    /// The same with other times: for one question, and for all about a mail.
    pub fn with_times(
        servers: &[SocketAddr],
        question: Duration,
        mail: Duration,
    ) -> Result<Self, AuthenticatorError> {
        let settings = |error: &dyn std::fmt::Display| AuthenticatorError::Settings {
            reason: error.to_string(),
        };
        let (config, mut options) = if servers.is_empty() {
            read_system_conf().map_err(|error| settings(&error))?
        } else {
            let servers = servers.iter().map(name_server).collect();
            (
                ResolverConfig::from_parts(None, Vec::new(), servers),
                ResolverOpts::default(),
            )
        };
        options.timeout = question;
        options.attempts = 2;
        let resolver =
            MessageAuthenticator::new(config, options).map_err(|error| settings(&error))?;
        Ok(Self {
            resolver,
            caches: Caches::default(),
            mail_time: mail,
        })
    }

    /// Asks about a mail. `origin` none: it did not come from a client that this server saw, and SPF says nothing. `now`: in seconds
    /// since 1970. Where DNS does not answer in time, what is not known is said to be unknown.
    pub async fn authenticate(
        &self,
        mail: &[u8],
        origin: Option<Origin<'_>>,
        now: i64,
    ) -> Authentication {
        // Strict: what covers a part of the body is not even checked.
        let Some(mut message) = AuthenticatedMessage::parse_with_opts(mail, None, true) else {
            return Authentication {
                spf: None,
                dkim: Vec::new(),
                dmarc: None,
                arc: None,
            };
        };
        message.dkim_headers.truncate(DKIM_SIGNATURES_MAX);
        let asked = self.ask(&message, origin, now);
        match tokio::time::timeout(self.mail_time, Box::pin(asked)).await {
            Ok(found) => found,
            Err(_) => unanswered(&message, origin),
        }
    }

    async fn ask(
        &self,
        message: &AuthenticatedMessage<'_>,
        origin: Option<Origin<'_>>,
        now: i64,
    ) -> Authentication {
        let (resolver, caches) = (&self.resolver, &self.caches);
        let spf = match origin {
            Some(origin) => {
                let asked = SpfParameters::verify(
                    origin.client,
                    origin.greeting,
                    origin.own_name,
                    origin.sender,
                );
                Some(Box::pin(resolver.verify_spf(caches.asked(asked))).await)
            }
            None => None,
        };
        let outputs = Box::pin(resolver.verify_dkim(caches.asked(message))).await;
        let mut dkim = Vec::new();
        let mut counting = Vec::new();
        for output in outputs {
            let Some(signature) = output.signature() else {
                continue;
            };
            let seen = self.dkim(signature, output.result());
            if seen.worth(now).counts() {
                counting.push(output.clone());
            }
            dkim.push(seen);
        }
        dkim.extend(partial(message).take(DKIM_SIGNATURES_MAX));
        let dmarc = self.dmarc(message, &counting, spf.as_ref(), origin).await;
        let arc = Box::pin(resolver.verify_arc(caches.asked(message))).await;
        let sealers = arc
            .sets()
            .iter()
            .map(|set| set.seal.header.domain().to_owned());
        let chain = verdict(arc.result());
        let arc = (chain != Verdict::None).then(|| Arc {
            verdict: chain,
            sealers: sealers.collect(),
        });
        Authentication {
            spf: spf.map(|spf| Spf {
                domain: spf.domain().to_owned(),
                verdict: spf_verdict(spf.result()),
            }),
            dkim,
            dmarc,
            arc,
        }
    }

    fn dkim(&self, signature: &Signature, result: &DkimResult) -> Dkim {
        let bits = || {
            let key = self.caches.txt.get(signature.domain_key().as_str())?;
            if let Txt::DomainKey(key) = key {
                return Some(key.p.public_key_bits());
            }
            None
        };
        seen(signature, verdict(result), bits)
    }

    async fn dmarc(
        &self,
        message: &AuthenticatedMessage<'_>,
        counting: &[DkimOutput<'_>],
        spf: Option<&SpfOutput>,
        origin: Option<Origin<'_>>,
    ) -> Option<Dmarc> {
        let none = SpfOutput::default();
        let spf = spf.unwrap_or(&none);
        let sender = origin.map(|origin| {
            let sender = origin.sender.rsplit_once('@');
            sender.map_or(origin.greeting, |(_, domain)| domain)
        });
        let asked = DmarcParameters {
            message,
            dkim_output: counting,
            dkim2_output: None,
            rfc5321_mail_from_domain: sender.unwrap_or_default(),
            spf_output: spf,
        };
        let asked = self.resolver.verify_dmarc(self.caches.asked(asked));
        let output = Box::pin(asked).await;
        if output.domain().is_empty() {
            return None;
        }
        let policy = output.dmarc_record().map(|_| match output.policy() {
            Policy::None | Policy::Unspecified => DmarcPolicy::None,
            Policy::Quarantine => DmarcPolicy::Quarantine,
            Policy::Reject => DmarcPolicy::Reject,
        });
        Some(Dmarc {
            domain: output.domain().to_ascii_lowercase(),
            policy,
            spf: dmarc_verdict(output.spf_result()),
            dkim: dmarc_verdict(output.dkim_result()),
        })
    }
}

/// Nothing is known but what was to be asked.
fn unanswered(message: &AuthenticatedMessage<'_>, origin: Option<Origin<'_>>) -> Authentication {
    let dkim = message.dkim_headers.iter().map(|header| {
        let signature = &header.header;
        seen(signature, Verdict::Unknown, || None)
    });
    let mut domains = message.from.iter().filter_map(|from| from.rsplit_once('@'));
    let domain = domains.next().map(|(_, domain)| domain.to_owned());
    Authentication {
        spf: origin.map(|origin| Spf {
            domain: origin.greeting.to_owned(),
            verdict: Verdict::Unknown,
        }),
        dkim: dkim.chain(partial(message)).collect(),
        dmarc: domain
            .filter(|_| domains.next().is_none())
            .map(|domain| Dmarc {
                domain,
                policy: None,
                spf: Verdict::Unknown,
                dkim: Verdict::Unknown,
            }),
        arc: None,
    }
}

/// Signatures over a part of the body.
fn partial<'m>(message: &'m AuthenticatedMessage<'_>) -> impl Iterator<Item = Dkim> + 'm {
    let length = Error::Dkim(DkimError::SignatureLength);
    let errors = message.errors.iter();
    let partial = errors.filter(move |one| one.header == length);
    partial.filter_map(|one| {
        let signature = Signature::parse(one.value).ok()?;
        Some(seen(&signature, Verdict::None, || None))
    })
}

fn seen(signature: &Signature, verdict: Verdict, bits: impl Fn() -> Option<usize>) -> Dkim {
    let time = |seconds: u64| {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        (seconds > 0).then_some(seconds)
    };
    Dkim {
        domain: signature.d.to_ascii_lowercase(),
        selector: signature.s.clone(),
        verdict,
        key: match signature.a {
            Algorithm::Ed25519Sha256 => DkimKey::Ed25519,
            Algorithm::RsaSha256 => DkimKey::Rsa { bits: bits() },
            Algorithm::RsaSha1 => DkimKey::RsaSha1,
        },
        covers_from: signature
            .h
            .iter()
            .any(|one| one.eq_ignore_ascii_case("from")),
        part_of_body: signature.l > 0,
        made_at: time(signature.t),
        ends_at: time(signature.x),
    }
}

fn verdict(result: &DkimResult) -> Verdict {
    match result {
        DkimResult::Pass => Verdict::Pass,
        DkimResult::TempError(_) => Verdict::Unknown,
        DkimResult::None => Verdict::None,
        DkimResult::Neutral(_) | DkimResult::Fail(_) | DkimResult::PermError(_) => Verdict::Fail,
    }
}

fn spf_verdict(result: SpfResult) -> Verdict {
    match result {
        SpfResult::Pass => Verdict::Pass,
        SpfResult::TempError => Verdict::Unknown,
        SpfResult::None | SpfResult::Neutral => Verdict::None,
        SpfResult::Fail | SpfResult::SoftFail | SpfResult::PermError => Verdict::Fail,
    }
}

fn dmarc_verdict(result: &DmarcResult) -> Verdict {
    match result {
        DmarcResult::Pass => Verdict::Pass,
        DmarcResult::TempError(_) => Verdict::Unknown,
        DmarcResult::None => Verdict::None,
        DmarcResult::Fail(_) | DmarcResult::PermError(_) => Verdict::Fail,
    }
}

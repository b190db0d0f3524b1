//! Mails that are signed by this project's own keys, before a DNS server of a few lines.

// The runtime of a test ends its tasks.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use comity_mail::authentication::{Alignment, Authentication, DkimWorth, DmarcPolicy, Verdict};
use comity_mail::dkim::{DkimError, DkimKey, Kind, LIFE_SECONDS, sign};
use comity_mail::dns::key_record;
use comity_node::address::dkim::DkimKeys;
use mail_auth::common::crypto::{Ed25519Key, RsaKey, Sha256, SigningKey as _};
use mail_auth::common::headers::HeaderWriter as _;
use mail_auth::dkim::DkimSigner;
use mail_auth::dkim::generate::DkimKeyPair;
use tokio::net::UdpSocket;

use super::{Authenticator, Origin};
use crate::name_server::LocalNameServer;

const MAIL: &str = "From: Duty officer <poc@cert-a.example>\r\nTo: poc@cert-b.example\r\nSubject: Seen\r\nDate: Sun, 29 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@cert-a.example>\r\n\r\nSeen at 192.0.2.7.\r\n";
const ORIGIN: Origin<'static> = Origin {
    client: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 25)),
    greeting: "mx.cert-a.example",
    sender: "bounce@cert-a.example",
    own_name: "in.cert-b.example",
};

/// A node's own keys, which aws-lc makes and signs with, and a short one that no node makes.
struct Keys {
    rsa: DkimKey,
    short: DkimKey,
    ed: DkimKey,
    /// The secret half of a key of the selector `e1`.
    by_hand: Vec<u8>,
    /// What DNS says of each, by its selector.
    records: Vec<(&'static str, String)>,
}

/// Made once: RSA takes its time.
fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let own = DkimKeys::open(folder.path()).unwrap();
        let [rsa, ed] = own.signing().unwrap();
        let pair = DkimKeyPair::generate_rsa(1_024).unwrap();
        let der = pair.private_key().try_into().unwrap();
        let short = RsaKey::<Sha256>::from_key_der(der).unwrap();
        let mut records: Vec<(&str, String)> = own
            .public()
            .into_iter()
            .map(|(selector, kind, public)| (selector, key_record(kind, &public)))
            .collect();
        records.push((
            "r0",
            key_record("rsa", &STANDARD.encode(short.public_key())),
        ));
        let sign = move |bytes: &[u8]| short.sign(bytes).ok();
        let by_hand = Ed25519Key::generate_pkcs8().unwrap();
        let public = Ed25519Key::from_pkcs8_der(&by_hand).unwrap().public_key();
        records.push(("e1", key_record("ed25519", &STANDARD.encode(public))));
        Keys {
            rsa,
            short: DkimKey::new(Kind::Rsa, "r0", Box::new(sign)).unwrap(),
            ed,
            by_hand,
            records,
        }
    })
}

fn now() -> i64 {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

fn records() -> HashMap<String, String> {
    let mut all = HashMap::new();
    for domain in ["cert-a.example", "cert-aa.example"] {
        for (selector, record) in &keys().records {
            all.insert(format!("{selector}._domainkey.{domain}"), record.clone());
        }
        all.insert(format!("_dmarc.{domain}"), "v=DMARC1; p=reject".to_owned());
    }
    all.insert(
        "cert-a.example".to_owned(),
        "v=spf1 ip4:192.0.2.25 -all".to_owned(),
    );
    all
}

/// A name server that knows the records.
fn dns() -> SocketAddr {
    let records = records();
    let texts = records
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()));
    LocalNameServer::of_texts(texts).unwrap()
}

async fn asked(mail: &[u8], at: i64) -> Authentication {
    let server = dns();
    let authenticator = Authenticator::new(&[server]).unwrap();
    authenticator.authenticate(mail, Some(ORIGIN), at).await
}

fn worths(found: &Authentication, at: i64) -> Vec<DkimWorth> {
    found.dkim.iter().map(|one| one.worth(at)).collect()
}

const NOT: Alignment = Alignment::NotAligned {
    policy: DmarcPolicy::Reject,
};

/// What aligns without SPF.
fn by_dkim(mut found: Authentication, at: i64) -> Alignment {
    found.spf = None;
    found.alignment("cert-a.example", at)
}

#[tokio::test]
async fn both_signatures_count() {
    let mail = sign(
        MAIL.as_bytes(),
        "cert-a.example",
        &[&keys().rsa, &keys().ed],
    )
    .unwrap();
    let found = asked(&mail, now()).await;
    assert_eq!(worths(&found, now()), [DkimWorth::Counts; 2], "{found:?}");
    assert_eq!(found.spf.as_ref().unwrap().verdict, Verdict::Pass);
    assert_eq!(found.dmarc.as_ref().unwrap().spf, Verdict::Pass);
    assert_eq!(found.arc, None);
    let aligned = Alignment::Aligned {
        domain: "cert-a.example".to_owned(),
    };
    assert_eq!(by_dkim(found.clone(), now()), aligned);
    // The library takes them by the system's clock; by the caller's they are over.
    let later = now() + i64::try_from(LIFE_SECONDS).unwrap() + 1;
    let found = asked(&mail, later).await;
    assert_eq!(worths(&found, later), [DkimWorth::Expired; 2]);
    assert_eq!(by_dkim(found, later), NOT);
}

#[tokio::test]
async fn what_is_changed_is_not_good() {
    let signed = sign(MAIL.as_bytes(), "cert-a.example", &[&keys().ed]).unwrap();
    let text = String::from_utf8(signed).unwrap();
    for changed in [
        text.replace("192.0.2.7", "192.0.2.8"),
        text.replace("Subject: Seen", "Subject: Not seen"),
        format!("{text}Close the case.\r\n"),
        format!("Subject: Close\r\n{text}"),
        format!("From: poc@cert-a.example\r\n{text}"),
        text.replace("poc@cert-a.example>", "boss@cert-a.example>"),
    ] {
        let found = asked(changed.as_bytes(), now()).await;
        assert_eq!(worths(&found, now()), [DkimWorth::NotGood], "{changed}");
        assert_eq!(by_dkim(found, now()), NOT);
    }
    // Two senders of two domains are nobody's.
    let two = format!("From: x@evil.example\r\n{text}");
    let found = asked(two.as_bytes(), now()).await;
    assert_eq!(found.dmarc, None);
    assert_eq!(
        found.alignment("cert-a.example", now()),
        Alignment::OtherDomain
    );
}

fn by_hand(mail: &str, length: bool, life: u64) -> String {
    let key = Ed25519Key::from_pkcs8_der(&keys().by_hand).unwrap();
    let signer = DkimSigner::from_key(key)
        .domain("cert-a.example")
        .selector("e1")
        .headers(["From", "To", "Subject"])
        .body_length(length)
        .expiration(life);
    format!(
        "{}{mail}",
        signer.sign(mail.as_bytes()).unwrap().to_header()
    )
}

#[tokio::test]
async fn what_covers_a_part_does_not_count() {
    let mail = by_hand(MAIL, true, 0);
    assert!(mail.contains("l=20"), "{mail}");
    for mail in [mail.clone(), format!("{mail}Close the case.\r\n")] {
        let found = asked(mail.as_bytes(), now()).await;
        assert_eq!(worths(&found, now()), [DkimWorth::PartOfBody]);
        assert_eq!(by_dkim(found, now()), NOT);
    }
    let many = mail.split_once("From: Duty").unwrap().0.repeat(100);
    let found = asked(format!("{many}{MAIL}").as_bytes(), now()).await;
    assert_eq!(found.dkim.len(), 8);
}

#[tokio::test]
async fn what_expired_or_is_weak_is_told() {
    let mail = by_hand(MAIL, false, 1);
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    let found = asked(mail.as_bytes(), now()).await;
    assert_eq!(worths(&found, now()), [DkimWorth::Expired]);
    let mail = sign(MAIL.as_bytes(), "cert-a.example", &[&keys().short]).unwrap();
    let found = asked(&mail, now()).await;
    assert_eq!(
        worths(&found, now()),
        [DkimWorth::CountsShortKey { bits: 1_024 }]
    );
}

#[tokio::test]
async fn a_domain_that_looks_alike_is_another() {
    let mail = sign(MAIL.as_bytes(), "cert-aa.example", &[&keys().ed]).unwrap();
    let found = asked(&mail, now()).await;
    assert_eq!(worths(&found, now()), [DkimWorth::Counts]);
    assert_eq!(by_dkim(found, now()), NOT);
    let other = Origin {
        client: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 99)),
        ..ORIGIN
    };
    let authenticator = Authenticator::new(&[dns()]).unwrap();
    let found = authenticator.authenticate(&mail, Some(other), now()).await;
    assert_eq!(found.spf.as_ref().unwrap().verdict, Verdict::Fail);
    assert_eq!(found.alignment("cert-a.example", now()), NOT);
    let found = authenticator.authenticate(&mail, None, now()).await;
    assert_eq!(
        (
            found.spf.is_none(),
            found.alignment("cert-a.example", now())
        ),
        (true, NOT)
    );
}

#[tokio::test]
async fn no_record_and_a_chain_made_up() {
    let mail = format!(
        "ARC-Seal: i=1; a=rsa-sha256; t=1; cv=none; d=list.example; s=x; b=AAAA\r\nARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed; d=list.example; s=x; h=from; bh=AAAA; b=AAAA\r\nARC-Authentication-Results: i=1; list.example; dkim=pass header.d=cert-z.example\r\n{}",
        MAIL.replace("cert-a", "cert-z")
    );
    let found = asked(mail.as_bytes(), now()).await;
    assert_eq!(
        found.alignment("cert-z.example", now()),
        Alignment::NoRecord
    );
    let arc = found.arc.unwrap();
    assert_eq!(
        (arc.verdict, arc.sealers),
        (Verdict::Fail, vec!["list.example".to_owned()])
    );
}

#[tokio::test]
async fn dns_that_is_silent_ends() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let server = socket.local_addr().unwrap();
    let (question, all) = (Duration::from_millis(200), Duration::from_millis(600));
    let authenticator = Authenticator::with_times(&[server], question, all).unwrap();
    let mail = sign(MAIL.as_bytes(), "cert-a.example", &[&keys().ed]).unwrap();
    let begin = Instant::now();
    let found = authenticator.authenticate(&mail, Some(ORIGIN), now()).await;
    assert!(begin.elapsed() < Duration::from_secs(3));
    assert_eq!(found.alignment("cert-a.example", now()), Alignment::Unknown);
    assert_eq!(worths(&found, now()), [DkimWorth::NotChecked]);
}

#[test]
fn names_are_checked_and_a_key_that_does_not_sign_is_told() {
    let silent = |selector: &str| DkimKey::new(Kind::Rsa, selector, Box::new(|_: &[u8]| None));
    assert!(matches!(silent("a b"), Err(DkimError::Name { .. })));
    let key = silent("r9").unwrap();
    assert_eq!(format!("{key:?}"), "DkimKey(\"r9\")");
    let mail = MAIL.as_bytes();
    let told = sign(mail, "cert-a.example", &[&key]);
    assert!(matches!(told, Err(DkimError::NotSigned { .. })));
    assert!(sign(mail, "a\r\nb", &[&keys().ed]).is_err());
}

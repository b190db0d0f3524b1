//! The way out against servers that do what no good one does, and name servers that lead to them.
//!
//! In scope: one try of one mail. Out of scope: when it is tried again, the running program (the black-box tests).

// The runtime of a test ends its tasks; a test may index.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod server;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use comity_mail::sts::{Mode, Policy};
use comity_node::clock::Clock;
use comity_node::folder::{self, Identity, Place};
use comity_node::mail::out::way::{ClaimedMail, Tried, Verified};
use comity_node::node::{Node, NodeLimits};
use zeroize::Zeroizing;

use super::{Relay, Sender, SmtpClientSettings, SmtpTimes};
use crate::http::ClientOptions;
use crate::mock::{Give, Mock, client, quick};
use server::{AtEnd, Manners, Records, Server, file, mx, name_server, txt};

const BYTES: &str =
    "Subject: seen\r\nMessage-ID: <1@in.charlie.example>\r\n\r\n.dot\r\nwhat we see\r\n";

fn mail(to: &str) -> ClaimedMail {
    ClaimedMail {
        id: "0f0f".to_owned(),
        attempt: 1,
        sender: "reply+x@in.charlie.example".to_owned(),
        recipient: to.to_owned(),
        bytes: BYTES.as_bytes().to_vec(),
    }
}

/// A sender of a node of its own, and its folder.
struct Out {
    sender: Sender,
    node: Node,
    _folder: tempfile::TempDir,
}

impl Out {
    fn new(port: u16, records: Records, relay: Option<Relay>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("node");
        let identity = Identity {
            party: "charlie".to_owned(),
            domain: "charlie.example".to_owned(),
        };
        folder::init(&data, &Place::Embedded, &identity, None, "").unwrap();
        let opened = folder::open(&data, &Place::Embedded, &Clock::System).unwrap();
        let node = Node::new(opened, Clock::System, NodeLimits::default());
        let settings = SmtpClientSettings {
            hostname: "mx.charlie.example".to_owned(),
            relay,
            port,
            name_server: Some(name_server(records)),
            authorities: Some(file("mail-authority.pem")),
            http: ClientOptions::default(),
            times: SmtpTimes {
                connect: Duration::from_secs(5),
                answer: Duration::from_secs(2),
                end_of_data: Duration::from_secs(2),
            },
        };
        Self {
            sender: Sender::new(node.clone(), settings).unwrap(),
            node,
            _folder: folder,
        }
    }

    async fn deliver(&self, to: &str) -> Tried {
        self.sender.deliver(&mail(to)).await
    }
}

const HERE: [u8; 4] = [127, 0, 0, 1];

/// `bravo.example` with one host of this name, which is here.
fn one_host(host: &'static str) -> Records {
    vec![
        ("bravo.example", 15, mx(10, host)),
        (host, 1, HERE.to_vec()),
    ]
}

async fn tried(manners: Manners) -> (Tried, Server) {
    let server = Server::start(manners).await;
    let out = Out::new(server.address.port(), one_host("in.alpha.example"), None);
    (out.deliver("duty@bravo.example").await, server)
}

fn later(tried: &Tried, why: &str) {
    match tried {
        Tried::Later(said) => assert!(said.contains(why), "{said}"),
        Tried::Taken { .. } | Tried::Refused(_) => panic!("{tried:?} where {why:?} is due"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_goes_to_the_next_host_where_one_is_away_and_what_was_said_is_kept() {
    let server = Server::start(Manners {
        tls: true,
        ..Manners::default()
    })
    .await;
    let mut records = one_host("in.alpha.example");
    records.push(("bravo.example", 15, mx(5, "away.bravo.example")));
    records.push(("bravo.example", 15, mx(6, "nowhere.bravo.example")));
    records.push(("away.bravo.example", 1, vec![127, 0, 0, 9]));
    let out = Out::new(server.address.port(), records, None);
    let taken = Tried::Taken {
        host: "in.alpha.example".to_owned(),
        tls: Some("TLSv1.3".to_owned()),
        verified: Verified::Yes,
        answer: "250 2.0.0 Queued as 4711".to_owned(),
    };
    assert_eq!(out.deliver("duty@bravo.example").await, taken);
    let heard = server.heard();
    for line in [
        "EHLO mx.charlie.example",
        "STARTTLS",
        "MAIL FROM:<reply+x@in.charlie.example> SIZE=72 RET=HDRS ENVID=0f0f",
        "RCPT TO:<duty@bravo.example> NOTIFY=FAILURE,DELAY",
        "QUIT",
    ] {
        assert!(heard.iter().any(|one| one == line), "{line} in {heard:?}");
    }
    // As it is, a dot more where a line begins with one.
    assert!(
        heard.contains(&BYTES.replace("\r\n.dot", "\r\n..dot")),
        "{heard:?}"
    );
    assert_eq!(BYTES.len(), 72);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_servers_say_decides_whether_a_mail_is_tried_again() {
    for (replies, greeting, later) in [
        (
            &[("RCPT", "450 4.2.1 Later")][..],
            "220 x",
            Some("450 4.2.1"),
        ),
        (&[("MAIL", "421 4.7.0 Busy")], "220 x", Some("421")),
        (&[("DATA", "451 4.3.0 Full")], "220 x", Some("451")),
        (
            &[("EHLO", "502 5.5.2 What?")],
            "220 x",
            Some("EHLO with 502"),
        ),
        (&[], "554 5.7.1 Go away", Some("its greeting with 554")),
        (&[], "hello", Some("does not speak SMTP")),
        (&[("RCPT", "550 5.1.1 Nobody")], "220 x", None),
        (&[("MAIL", "501 5.1.7 Bad")], "220 x", None),
        (&[("DATA", "554 5.6.0 No")], "220 x", None),
    ] {
        let (tried, server) = tried(Manners {
            greeting,
            replies,
            ..Manners::default()
        })
        .await;
        match (tried, later) {
            (Tried::Later(said), Some(why)) => assert!(said.contains(why), "{said}"),
            (Tried::Refused(said), None) => {
                let (_, reply) = replies[0];
                assert!(said.contains(reply), "{said}");
            }
            (other, _) => panic!("{other:?} for {replies:?} {greeting}"),
        }
        assert!(!server.was_told("Subject:"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_mail_decides_and_silence_after_it_is_no_refusal() {
    let end = |at_end| Manners {
        at_end,
        ..Manners::default()
    };
    let (taken, _) = tried(end(AtEnd::Say("250 ok"))).await;
    assert!(matches!(
        taken,
        Tried::Taken {
            verified: Verified::NoTls,
            tls: None,
            ..
        }
    ));
    let (refused, _) = tried(end(AtEnd::Say("554 5.7.1 Spam"))).await;
    assert!(matches!(refused, Tried::Refused(_)), "{refused:?}");
    later(&tried(end(AtEnd::Say("452 4.3.1 Full"))).await.0, "452");
    later(
        &tried(end(AtEnd::Close)).await.0,
        "did not say that it took it",
    );
    let began = Instant::now();
    later(
        &tried(end(AtEnd::Silence)).await.0,
        "did not say that it took it",
    );
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_a_server_cannot_take_is_not_begun() {
    let (refused, server) = tried(Manners {
        extensions: &["SIZE 10"],
        ..Manners::default()
    })
    .await;
    assert!(
        matches!(&refused, Tried::Refused(why) if why.contains("takes 10")),
        "{refused:?}"
    );
    assert!(!server.was_told("MAIL"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_fits_nobody_is_recorded_or_by_policy_ends_it() {
    let server = Server::start(Manners {
        tls: true,
        ..Manners::default()
    })
    .await;
    // Its certificate names another host.
    let mut records = one_host("mx.bravo.example");
    records.push(("_mta-sts.bravo.example", 16, txt("v=STSv1; id=1;")));
    let out = Out::new(server.address.port(), records, None);
    let policy = |mode, host: &str| Policy {
        mode,
        hosts: vec![host.to_owned()],
        max_age_seconds: 1_000,
    };
    let keep = |policy: &Policy| out.node.sts_read("bravo.example", "1", policy).unwrap();
    let unverified = |tried: Tried| {
        assert!(
            matches!(
                &tried,
                Tried::Taken {
                    verified: Verified::No,
                    tls: Some(_),
                    ..
                }
            ),
            "{tried:?}"
        );
    };
    for mode in [Mode::Testing, Mode::None] {
        keep(&policy(mode, "other.bravo.example"));
        unverified(out.deliver("duty@bravo.example").await);
    }
    let before = server.heard().len();
    keep(&policy(Mode::Enforce, "mx.bravo.example"));
    later(
        &out.deliver("duty@bravo.example").await,
        "TLS with mx.bravo.example failed",
    );
    keep(&policy(Mode::Enforce, "other.bravo.example"));
    later(
        &out.deliver("duty@bravo.example").await,
        "names none of its mail hosts",
    );
    let after = server.heard();
    let said = after[before..]
        .iter()
        .filter(|line| line.starts_with("MAIL"));
    assert_eq!(said.count(), 0, "the policy did not hold");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_is_known_holds_without_its_record_and_demands_tls() {
    let server = Server::start(Manners::default()).await;
    let out = Out::new(server.address.port(), one_host("in.alpha.example"), None);
    let policy = Policy {
        mode: Mode::Enforce,
        hosts: vec!["*.alpha.example".to_owned()],
        max_age_seconds: 1_000,
    };
    out.node.sts_read("bravo.example", "1", &policy).unwrap();
    later(
        &out.deliver("duty@bravo.example").await,
        "does not offer STARTTLS",
    );
    assert!(!server.was_told("MAIL"));
    // One that is over holds no more.
    let over = Policy {
        max_age_seconds: 0,
        ..policy
    };
    out.node.sts_read("bravo.example", "1", &over).unwrap();
    assert!(matches!(
        out.deliver("duty@bravo.example").await,
        Tried::Taken { .. }
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_before_tls_does_not_count_after_it() {
    let (injected, server) = tried(Manners {
        tls: true,
        injects: true,
        ..Manners::default()
    })
    .await;
    later(&injected, "said more before TLS began");
    assert!(!server.was_told("MAIL"));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_mail_goes_is_found_out_and_never_guessed() {
    let server = Server::start(Manners::default()).await;
    let mut records = one_host("in.alpha.example");
    records.push(("null.example", 15, mx(0, "")));
    records.push(("ours.example", 15, mx(0, "mx.charlie.example")));
    // A domain without MX is its own host.
    records.push(("bare.example", 1, HERE.to_vec()));
    let out = Out::new(server.address.port(), records, None);
    for (domain, why) in [
        ("null.example", "takes no mail"),
        ("ours.example", "would come back"),
        ("gone.example", "no domain"),
    ] {
        let tried = out.deliver(&format!("duty@{domain}")).await;
        assert!(
            matches!(&tried, Tried::Refused(said) if said.contains(why)),
            "{tried:?}"
        );
    }
    let tried = out.deliver("duty@bare.example").await;
    assert!(matches!(tried, Tried::Taken { .. }), "{tried:?}");
    later(&out.deliver("duty@silent.example").await, "silent.example");
}

fn relay(server: SocketAddr, host: &str) -> Relay {
    Relay {
        host: host.to_owned(),
        port: server.port(),
        user: Some("charlie".to_owned()),
        password: Some(Zeroizing::new("a long word".to_owned())),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_is_told_who_this_is_only_under_tls_that_fits() {
    let manners = Manners {
        tls: true,
        extensions: &["AUTH PLAIN LOGIN"],
        ..Manners::default()
    };
    let server = Server::start(manners).await;
    let records = || -> Records {
        let names = ["in.alpha.example", "relay.charlie.example"];
        names
            .into_iter()
            .map(|name| (name, 1, HERE.to_vec()))
            .collect()
    };
    let port = server.address.port();
    let wrong = Out::new(
        port,
        records(),
        Some(relay(server.address, "relay.charlie.example")),
    );
    later(
        &wrong.deliver("duty@bravo.example").await,
        "TLS with relay.charlie.example failed",
    );
    assert!(!server.was_told("AUTH"));
    let right = Out::new(
        port,
        records(),
        Some(relay(server.address, "in.alpha.example")),
    );
    let tried = right.deliver("duty@bravo.example").await;
    assert!(matches!(tried, Tried::Taken { .. }), "{tried:?}");
    // RFC 4616: nothing, the user, the password, with NUL between them.
    assert!(
        server.was_told("AUTH PLAIN AGNoYXJsaWUAYSBsb25nIHdvcmQ="),
        "{:?}",
        server.heard()
    );
    let open = Server::start(Manners {
        extensions: &["AUTH LOGIN"],
        ..Manners::default()
    })
    .await;
    let bare = Out::new(
        open.address.port(),
        records(),
        Some(relay(open.address, "in.alpha.example")),
    );
    later(
        &bare.deliver("duty@bravo.example").await,
        "does not offer STARTTLS",
    );
    // On this machine nobody listens in between.
    let here = Out::new(
        open.address.port(),
        records(),
        Some(relay(open.address, "127.0.0.1")),
    );
    let tried = here.deliver("duty@bravo.example").await;
    assert!(matches!(tried, Tried::Taken { .. }), "{tried:?}");
    assert!(open.was_told("Y2hhcmxpZQ=="), "{:?}", open.heard());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_read_as_text_and_from_where_it_stands() {
    const GOOD: &str = "version: STSv1\nmode: enforce\nmx: mx.bravo.example\nmax_age: 86400\n";
    let policies = Mock::start(|got| {
        let kind = match got.path.as_str() {
            "/html" => "text/html",
            _ => "text/plain; charset=utf-8",
        };
        let status = match got.path.as_str() {
            "/gone" => 404,
            "/moved" => 302,
            _ => 200,
        };
        let headers = vec![
            ("content-type", kind.to_owned()),
            ("location", "/good".to_owned()),
        ];
        let body = if got.path == "/bad" {
            "mode: enforce\n"
        } else {
            GOOD
        };
        Give(status, headers, body.as_bytes().to_vec())
    });
    let http = client(ClientOptions {
        redirects_max: 0,
        ..quick()
    });
    let read = async |path: &str| super::policy::read(&http, policies.url(path).as_str()).await;
    let policy = read("/good").await.unwrap();
    assert!(policy.names("mx.bravo.example"));
    for bad in ["/html", "/gone", "/moved", "/bad"] {
        assert!(read(bad).await.is_err(), "{bad}");
    }
}

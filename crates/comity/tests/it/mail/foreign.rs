//! Mail by programs that we did not write: swaks as a client, Postfix as the mail server in front.
//!
//! In scope: that they and the node understand each other. Out of scope: installing them (`cargo xtask check` does).

use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::{mails, node_with_mail, raw, takes_mail};
use crate::exchange::party::until;
use crate::node::{Said, Store, TestNode};

/// Whether a program is there. The test command installs both, so it is missing only where that could not be.
fn is_there(program: &str) -> bool {
    let told = Command::new(program)
        .arg("--help")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if told.is_err() {
        println!("skipped: {program} is not installed");
    }
    told.is_ok()
}

fn swaks(server: SocketAddr, arguments: &[&str]) -> Said {
    let mut command = Command::new("swaks");
    let (host, port) = (server.ip().to_string(), server.port().to_string());
    command
        .args(["--server", &host, "--port", &port, "--timeout", "30"])
        .args(["--ehlo", "mx.bravo.example", "--from", "duty@bravo.example"])
        .args(arguments);
    Said::run(command, "")
}

#[test]
fn swaks_sends_by_smtp_with_and_without_tls_and_by_lmtp() {
    if !is_there("swaks") {
        return;
    }
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls");
    let quoted = |name: &str| format!("{:?}", tests.join(name).to_str().unwrap());
    let (certificate, key) = (quoted("server.pem"), quoted("server.key"));
    let node = node_with_mail(
        Store::Embedded,
        &[
            ("serve", "tls_certificates", &certificate),
            ("serve", "tls_key", &key),
        ],
    );
    let (smtp, lmtp) = (takes_mail(&node, "smtp"), takes_mail(&node, "lmtp"));
    let to = [
        "--to",
        "postmaster@in.alpha.example",
        "--body",
        "what we see",
    ];
    let sent = |server, more: &[&str]| {
        let arguments = [&to, more].concat();
        let said = swaks(server, &arguments);
        assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
        assert!(said.out.contains("250 2.0.0 Kept as "), "{}", said.out);
        mails(&node).first().unwrap().clone()
    };
    let plain = sent(smtp, &[]);
    assert_eq!(
        (plain["protocol"].as_str(), &plain["tls"]),
        (Some("smtp"), &Value::Null)
    );
    let pipelined = sent(smtp, &["--pipeline"]);
    assert_eq!(pipelined["from"], "duty@bravo.example");
    if tls_of_perl() {
        let secured = sent(smtp, &["--tls"]);
        let version = secured["tls"]["version"].as_str().unwrap();
        assert!(version.starts_with("TLSv1."), "{version}");
    }
    let local = sent(lmtp, &["--protocol", "LMTP"]);
    assert_eq!(local["protocol"], "lmtp");
    let text = String::from_utf8(raw(&node, local["id"].as_str().unwrap())).unwrap();
    assert!(text.contains("\r\n\r\nwhat we see\r\n"), "{text}");
    let refused = swaks(smtp, &["--to", "root@in.alpha.example"]);
    assert!(refused.out.contains("550 5.1.1"), "{}", refused.out);
    assert_ne!(refused.code, Some(0));
}

/// swaks does TLS by a library of Perl's that its package only recommends.
fn tls_of_perl() -> bool {
    let told = Command::new("perl")
        .args(["-MNet::SSLeay", "-e", "1"])
        .stderr(Stdio::null())
        .status();
    let there = told.is_ok_and(|status| status.success());
    if !there {
        println!("skipped: swaks with TLS, because Net::SSLeay is not installed");
    }
    there
}

/// A Postfix of the test's own: its folders, its port, its processes.
pub(super) struct Postfix {
    folder: tempfile::TempDir,
    port: u16,
    master: Child,
}

impl Postfix {
    /// Postfix that gives all mail for the node's domain to `transport`; nothing where there is no Postfix, or it may not run.
    pub(super) fn start(transport: &str) -> Option<Self> {
        let master = [
            "/usr/lib/postfix/sbin/master",
            "/usr/libexec/postfix/master",
        ];
        let Some(master) = master.iter().map(Path::new).find(|path| path.exists()) else {
            println!("skipped: postfix is not installed");
            return None;
        };
        if !Said::run(command("id", &["-u"]), "").out.trim_end().eq("0") {
            println!("skipped: Postfix, whose master has to start as root");
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        for name in ["config", "queue", "data"] {
            std::fs::create_dir(at.join(name)).unwrap();
        }
        // Its processes run as another user and pass through here.
        mode(at, "755");
        let programs = master.parent().unwrap().display();
        std::fs::write(
            at.join("config/main.cf"),
            main_cf(at, transport, &programs.to_string()),
        )
        .unwrap();
        std::fs::write(at.join("config/master.cf"), master_cf(port)).unwrap();
        assert!(
            Command::new("chown")
                .arg("postfix")
                .arg(at.join("data"))
                .status()
                .unwrap()
                .success()
        );
        let made = Said::run(
            command(
                "postfix",
                &["-c", at.join("config").to_str().unwrap(), "check"],
            ),
            "",
        );
        println!("{}{}", made.out, made.err);
        let child = Command::new(master)
            .args(["-c", at.join("config").to_str().unwrap(), "-d"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // It ends its programs as a group.
            .process_group(0)
            .spawn()
            .unwrap();
        let postfix = Self {
            folder,
            port,
            master: child,
        };
        postfix.wait();
        Some(postfix)
    }

    fn wait(&self) {
        let port = self.port;
        until("Postfix answers", || {
            std::net::TcpStream::connect(("127.0.0.1", port)).ok()
        });
    }

    pub(super) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Waits until its log says so.
    fn says(&self, what: &str) {
        until(what, || self.log().contains(what).then_some(()));
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let pid = self.master.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let _ = self.master.wait();
    }
}

fn main_cf(at: &Path, transport: &str, programs: &str) -> String {
    let at = at.display();
    format!(
        "compatibility_level = 3.6\nqueue_directory = {at}/queue\ndata_directory = {at}/data\ndaemon_directory = {programs}\n\
         command_directory = /usr/sbin\nmyhostname = mx.alpha.example\nmydestination =\nmynetworks = 127.0.0.0/8\n\
         inet_interfaces = loopback-only\ninet_protocols = ipv4\nrelay_domains = in.alpha.example\n\
         relay_transport = {transport}\ntransport_maps =\nalias_maps =\nalias_database =\nlocal_recipient_maps =\n\
         smtpd_relay_restrictions = permit_mynetworks, reject\nmaillog_file = {at}/log\nmaillog_file_prefixes = {at}\n\
         smtp_tls_security_level = may\nsmtp_dns_support_level = disabled\nlmtp_dns_support_level = disabled\n\
         smtp_host_lookup = native\nlmtp_host_lookup = native\nfast_flush_domains =\nsmtpd_peername_lookup = no\n"
    )
}

fn master_cf(port: u16) -> String {
    let mut text = format!("127.0.0.1:{port} inet n - n - - smtpd\n");
    // Those with `n` are reached by programs outside Postfix's own circle; the others by that circle alone.
    // Those with `n` are reached by programs outside Postfix's own circle; the others by that circle alone.
    for (name, kind, wake, limit, program) in [
        ("pickup", "unix", "60", "1", "pickup"),
        ("cleanup", "unix", "-", "0", "cleanup"),
        ("qmgr", "unix", "300", "1", "qmgr"),
        ("rewrite", "unix", "-", "-", "trivial-rewrite"),
        ("bounce", "unix", "-", "0", "bounce"),
        ("defer", "unix", "-", "0", "bounce"),
        ("trace", "unix", "-", "0", "bounce"),
        ("error", "unix", "-", "-", "error"),
        ("retry", "unix", "-", "-", "error"),
        ("discard", "unix", "-", "-", "discard"),
        ("smtp", "unix", "-", "-", "smtp"),
        ("relay", "unix", "-", "-", "smtp"),
        ("lmtp", "unix", "-", "-", "lmtp"),
        ("anvil", "unix", "-", "1", "anvil"),
        ("proxymap", "unix", "-", "-", "proxymap"),
        ("tlsmgr", "unix", "1000", "1", "tlsmgr"),
        ("postlog", "unix-dgram", "-", "1", "postlogd"),
    ] {
        let private = if ["pickup", "cleanup", "qmgr", "postlog"].contains(&name) {
            "n"
        } else {
            "-"
        };
        text.push_str(&format!(
            "{name} {kind} {private} - n {wake} {limit} {program}\n"
        ));
    }
    text
}

fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

fn mode(path: &Path, mode: &str) {
    assert!(
        Command::new("chmod")
            .arg(mode)
            .arg(path)
            .status()
            .unwrap()
            .success()
    );
}

/// A mail through Postfix to the node, and one that the node refuses.
fn relayed(node: &TestNode, postfix: &Postfix, by: &str) {
    let body: PathBuf = node.file("body");
    // Dots at the beginning of lines, a line of some length, bytes above 127.
    std::fs::write(
        &body,
        format!("..\n.what\nwe\n{}\ns\u{e9}e\n", "x".repeat(900)),
    )
    .unwrap();
    let file = format!("@{}", body.display());
    let said = swaks(
        postfix.address(),
        &[
            "--to",
            "postmaster@in.alpha.example,abuse@in.alpha.example",
            "--body",
            &file,
        ],
    );
    assert_eq!(said.code, Some(0), "{}{}", said.out, postfix.log());
    let mail = until("a mail by Postfix", || mails(node).first().cloned());
    assert_eq!(mail["protocol"], by);
    assert_eq!(mail["helo"], "mx.alpha.example");
    assert_eq!(mail["from"], "duty@bravo.example");
    assert_eq!(mail["recipients"], 2);
    let id = mail["id"].as_str().unwrap();
    let text = String::from_utf8(raw(node, id)).unwrap();
    assert!(
        text.starts_with("Received: from mx.bravo.example"),
        "{text}"
    );
    assert!(text.contains("\r\n\r\n..\r\n.what\r\nwe\r\n"), "{text}");
    assert!(text.contains("s\u{e9}e"), "{text}");
    postfix.says(&format!("Kept as {id}"));
    let refused = swaks(postfix.address(), &["--to", "root@in.alpha.example"]);
    assert_eq!(
        refused.code,
        Some(0),
        "Postfix takes it, and is told no: {}",
        refused.out
    );
    postfix.says("said: 550 5.1.1 Nobody here");
}

#[test]
fn postfix_relays_to_the_node_by_lmtp_and_by_smtp() {
    if !is_there("swaks") {
        return;
    }
    for by in ["lmtp", "smtp"] {
        let node = node_with_mail(Store::Embedded, &[]);
        let place = takes_mail(&node, by);
        let transport = format!("{by}:[{}]:{}", place.ip(), place.port());
        let Some(postfix) = Postfix::start(&transport) else {
            return;
        };
        relayed(&node, &postfix, by);
    }
}

//! The peer for taking mail: Postfix as Debian has it, which takes everything and holds it in its queue.
//!
//! Held, a mail is in the queue, synced, and nothing delivers it: what is measured is taking alone.
//!
//! In scope: its configuration, starting and ending it. Out of scope: load.

use std::fmt::Write as _;
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::bench::link::{free, until};
use crate::failure::Failure;
use crate::tree;

/// A Postfix that runs.
pub(super) struct Postfix {
    folder: PathBuf,
    /// Where it takes mail.
    pub(super) address: String,
    master: Child,
}

impl Postfix {
    /// Starts it; nothing where it is not installed, or may not start.
    pub(super) fn start(folder: &Path) -> Result<Option<Self>, Failure> {
        let places = [
            "/usr/lib/postfix/sbin/master",
            "/usr/libexec/postfix/master",
        ];
        let master = places.iter().map(Path::new).find(|path| path.exists());
        let user = Command::new("id").arg("-u").output();
        let root = user.is_ok_and(|user| user.stdout.trim_ascii() == b"0");
        let Some(master) = master.filter(|_| root) else {
            return Ok(None);
        };
        let address = free()?;
        let config = folder.join("config");
        for name in ["config", "queue", "data"] {
            let path = folder.join(name);
            std::fs::create_dir_all(&path).map_err(|error| Failure::at(&path, &error))?;
        }
        let programs = master.parent().unwrap_or(master);
        for (name, text) in [
            ("main.cf", main_cf(folder, programs)),
            ("master.cf", master_cf(&address)),
        ] {
            let path = config.join(name);
            std::fs::write(&path, text).map_err(|error| Failure::at(&path, &error))?;
        }
        tree::run(
            Command::new("chown")
                .arg("postfix")
                .arg(folder.join("data")),
        )?;
        tree::run(Command::new("postfix").arg("-c").arg(&config).arg("check"))?;
        let child = Command::new(master)
            .arg("-c")
            .arg(&config)
            .arg("-d")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // It ends its programs as a group.
            .process_group(0)
            .spawn();
        let child = child.map_err(|error| Failure::at(master, &error))?;
        let postfix = Self {
            folder: folder.to_owned(),
            address,
            master: child,
        };
        until("Postfix", || {
            Ok(TcpStream::connect(&postfix.address).is_ok())
        })?;
        Ok(Some(postfix))
    }

    /// Where the mails are that it took.
    pub(super) fn held(&self) -> PathBuf {
        self.folder.join("queue/hold")
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // Told so, it ends its programs; killed, it would leave them.
        let pid = self.master.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let _ = self.master.wait();
    }
}

fn main_cf(folder: &Path, programs: &Path) -> String {
    let (at, programs) = (folder.display(), programs.display());
    format!(
        "compatibility_level = 3.6\nqueue_directory = {at}/queue\ndata_directory = {at}/data\ndaemon_directory = {programs}\n\
         command_directory = /usr/sbin\nmyhostname = mx.alpha.example\nmydestination =\nmynetworks = 127.0.0.0/8\n\
         inet_interfaces = loopback-only\ninet_protocols = ipv4\nrelay_domains = in.alpha.example\ntransport_maps =\n\
         alias_maps =\nalias_database =\nlocal_recipient_maps =\nsmtpd_relay_restrictions = permit_mynetworks, reject\n\
         smtpd_data_restrictions = check_client_access static:HOLD\nin_flow_delay = 0\nsmtpd_client_connection_count_limit = 0\n\
         maillog_file = {at}/log\nmaillog_file_prefixes = {at}\nfast_flush_domains =\nsmtpd_peername_lookup = no\n\
         smtp_dns_support_level = disabled\n"
    )
}

fn master_cf(address: &str) -> String {
    let mut text = format!("{address} inet n - n - - smtpd\n");
    // Those with `n` in front are reached by programs outside Postfix's own circle; the others by that circle alone.
    for (name, kind, private, wake, limit, program) in [
        ("pickup", "unix", "n", "60", "1", "pickup"),
        ("cleanup", "unix", "n", "-", "0", "cleanup"),
        ("qmgr", "unix", "n", "300", "1", "qmgr"),
        ("rewrite", "unix", "-", "-", "-", "trivial-rewrite"),
        ("bounce", "unix", "-", "-", "0", "bounce"),
        ("defer", "unix", "-", "-", "0", "bounce"),
        ("trace", "unix", "-", "-", "0", "bounce"),
        ("error", "unix", "-", "-", "-", "error"),
        ("retry", "unix", "-", "-", "-", "error"),
        ("discard", "unix", "-", "-", "-", "discard"),
        ("smtp", "unix", "-", "-", "-", "smtp"),
        ("relay", "unix", "-", "-", "-", "smtp"),
        ("anvil", "unix", "-", "-", "1", "anvil"),
        ("proxymap", "unix", "-", "-", "-", "proxymap"),
        ("postlog", "unix-dgram", "n", "-", "1", "postlogd"),
    ] {
        let _ = writeln!(text, "{name} {kind} {private} - n {wake} {limit} {program}");
    }
    text
}

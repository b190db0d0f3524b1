//! The peer for pages: nginx serving the same bytes as a file, as well as it can.
//!
//! In scope: its configuration (one worker, sendfile, open files cached), starting and ending it. Out of scope: load.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::bench::process::{Ended, Process};
use crate::failure::Failure;

/// An nginx that runs.
pub(crate) struct Nginx {
    ended: Ended,
    folder: PathBuf,
    pub(crate) address: SocketAddr,
}

impl Nginx {
    /// Serves the files of `folder` on a free port.
    pub(crate) fn start(folder: &Path) -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0")
            .map_err(|error| Failure::new(format!("no port: {error}")))?;
        let address = listener
            .local_addr()
            .map_err(|error| Failure::new(format!("no port: {error}")))?;
        drop(listener);
        let configuration = format!(
            "daemon off; master_process off; worker_processes 1; pid {0}/nginx.pid; error_log {0}/error.log;\n\
             events {{ worker_connections 256; }}\n\
             http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; default_type application/json;\n\
             client_body_temp_path {0}/t1; proxy_temp_path {0}/t2; fastcgi_temp_path {0}/t3; uwsgi_temp_path {0}/t4; scgi_temp_path {0}/t5;\n\
             open_file_cache max=1000; open_file_cache_valid 600s;\n\
             server {{ listen {address}; root {0}; }} }}\n",
            folder.display()
        );
        let file = folder.join("nginx.conf");
        std::fs::write(&file, configuration).map_err(|error| Failure::at(&file, &error))?;
        let mut command = Command::new("nginx");
        command
            .arg("-p")
            .arg(folder)
            .arg("-c")
            .arg(&file)
            .stderr(Stdio::null());
        let child = command.spawn();
        let child = child.map_err(|_| {
            Failure::new("nginx is not installed").hint("apt-get install nginx-light wrk")
        })?;
        let started = Self {
            ended: Ended(child),
            folder: folder.to_owned(),
            address,
        };
        started.wait()?;
        Ok(started)
    }

    fn wait(&self) -> Result<(), Failure> {
        for _ in 0..100 {
            if std::net::TcpStream::connect(self.address).is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let log = std::fs::read_to_string(self.folder.join("error.log")).unwrap_or_default();
        Err(Failure::new(format!("nginx did not start: {log}")))
    }

    pub(crate) fn process(&self) -> Process {
        Process(self.ended.0.id())
    }
}

//! What a running process costs, read from `/proc`: processor time, memory, bytes written.
//!
//! In scope: Linux. Out of scope: other systems; a bench says so and stops.

use std::path::PathBuf;
use std::process::Child;

use crate::failure::Failure;

/// Clock ticks a second in `/proc/PID/stat`; 100 on every Linux of the last twenty years.
const TICKS: f64 = 100.0;

/// A process, by its id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process(pub(crate) u32);

impl Process {
    /// Seconds of processor time so far, of the process and its children (`/proc/PID/stat` fields 14 and 15).
    pub(crate) fn cpu_seconds(self) -> Result<f64, Failure> {
        let own = self.ticks()?;
        let mut ticks = own;
        for child in self.children() {
            ticks += Self(child).ticks().unwrap_or(0.0);
        }
        Ok(ticks / TICKS)
    }

    /// Resident memory in MB, and its peak.
    pub(crate) fn memory_mb(self) -> Result<(f64, f64), Failure> {
        let text = self.read("status")?;
        let field = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(name))?;
            line.split_whitespace().nth(1)?.parse::<f64>().ok()
        };
        Ok((
            field("VmRSS:").unwrap_or(0.0) / 1024.0,
            field("VmHWM:").unwrap_or(0.0) / 1024.0,
        ))
    }

    /// Bytes handed to the disk so far.
    pub(crate) fn written_bytes(self) -> Result<f64, Failure> {
        let text = self.read("io")?;
        let line = text.lines().find(|line| line.starts_with("write_bytes:"));
        Ok(line
            .and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
            .unwrap_or(0.0))
    }

    fn ticks(self) -> Result<f64, Failure> {
        let text = self.read("stat")?;
        // The name in parentheses may hold spaces; the fields behind it do not.
        let fields: Vec<&str> = text
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        let number = |i: usize| {
            fields
                .get(i)
                .and_then(|f| f.parse::<f64>().ok())
                .unwrap_or(0.0)
        };
        Ok(number(11) + number(12))
    }

    fn children(self) -> Vec<u32> {
        let text = self
            .read(&format!("task/{}/children", self.0))
            .unwrap_or_default();
        text.split_whitespace()
            .filter_map(|id| id.parse().ok())
            .collect()
    }

    fn read(self, name: &str) -> Result<String, Failure> {
        let path = PathBuf::from(format!("/proc/{}/{name}", self.0));
        std::fs::read_to_string(&path).map_err(|error| Failure::at(&path, &error))
    }
}

/// A child that is ended with the bench.
pub(crate) struct Ended(pub(crate) Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

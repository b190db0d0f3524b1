//! Files of mail without a row: the node ended between the two, so nobody was told that the mail was taken, or the rows were
//! restored from a backup older than the files. They are listed as found, with what their file tells, and never removed.
//!
//! In scope: listing them once, when a node that takes mail starts. Out of scope: what a person makes of them.

use comity_store::attachment::receiving::Present;
use comity_store::error::StoreError;
use comity_store::state::mail::{self, MailRow, MailState};

use crate::clock::new_uuid;
use crate::node::Node;

/// Why it stands there, for who reads the list.
const REASON: &str = "its bytes were here without a record of how they came; the sender was not told that they were taken";

impl Node {
    /// Lists the files of mail that were written before `started` (microseconds since 1970) and have no row. Answers how many there
    /// were. Reads the names of all files: for a thread that may wait.
    pub fn list_found_mail(&self, started: i64) -> Result<u64, StoreError> {
        let mut found = 0;
        self.inner.mail.each(|present| {
            // What is written while the node runs may be about to have its row.
            let earlier = present.iter().filter(|file| file.written < started);
            for file in earlier {
                if self.list_one_found(file)? {
                    found += 1;
                    let (name, bytes) = (file.name, file.bytes);
                    tracing::warn!(sha256 = %name, bytes, "mail found that has no record");
                }
            }
            Ok(())
        })?;
        Ok(found)
    }

    fn list_one_found(&self, file: &Present) -> Result<bool, StoreError> {
        let sha256 = file.name.sha256();
        let known = self.inner.state.read(|tx| mail::of_bytes(tx, &sha256, 1))?;
        if !known.is_empty() {
            return Ok(false);
        }
        let (id, now) = (new_uuid().to_string(), self.clock().now());
        self.inner.state.write(|tx| {
            if !mail::of_bytes(tx, &sha256, 1)?.is_empty() {
                return Ok(false);
            }
            let row = MailRow {
                id: id.clone(),
                sha256,
                size: file.bytes,
                state: MailState::Found,
                reason: Some(REASON.to_owned()),
                copy_of: None,
                protocol: String::new(),
                client: None,
                helo: None,
                sender: None,
                options: String::new(),
                tls: None,
                cipher: None,
                server_name: None,
                received: file.written,
                changed: now,
            };
            mail::add(tx, &row, &[])?;
            Ok(true)
        })
    }

    /// What is wrong with the raw bytes of mail.
    pub(crate) fn check_mail(&self) -> Result<Vec<String>, StoreError> {
        let mut problems = self.inner.mail.check()?.problems;
        // Nodes that share a database have folders of their own: what is not here may be there.
        if self.inner.state.is_shared() {
            return Ok(problems);
        }
        let filter = mail::MailFilter::default();
        let mut before: Option<MailRow> = None;
        loop {
            let place = before.as_ref().map(|row| (row.received, row.id.as_str()));
            let rows = self
                .inner
                .state
                .read(|tx| mail::list(tx, &filter, place, 1000))?;
            let Some(last) = rows.last() else {
                return Ok(problems);
            };
            for row in &rows {
                let name = comity_store::attachment::AttachmentName::of(row.sha256);
                if self.inner.mail.read(&name)?.is_none() {
                    problems.push(format!(
                        "the raw bytes of mail {} are gone; restore mail/{name} from a backup",
                        row.id
                    ));
                }
            }
            before = Some(last.clone());
        }
    }
}

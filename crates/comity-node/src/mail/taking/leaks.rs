//! Addresses that somebody else than their party knows.
//!
//! In scope: the alarm. Out of scope: how it is found (`comity_mail::assurance`), revoking (`address`).
//! Limits: [`LEAKS_MAX`].

use comity_store::state::judged as rows;

use super::judging::recipients_of;
use crate::mail::MailError;
use crate::node::Node;

/// Mails that are looked at, the newest first.
const LEAKS_MAX: u64 = 100;

impl Node {
    /// The addresses that still take mail and to which another party than theirs wrote, a line each.
    pub(crate) fn mail_leaks(&self) -> Result<Vec<String>, MailError> {
        self.inner.state.read(|tx| {
            let mut lines: Vec<String> = Vec::new();
            let mut told = Vec::new();
            for judged in rows::leaked(tx, LEAKS_MAX)? {
                for to in recipients_of(tx, &judged.mail)? {
                    let Some(row) = to.row else { continue };
                    let stands = matches!(row.standing.as_str(), "temporary" | "permanent" | "alias");
                    let other = judged.party.as_deref() != Some(&row.party);
                    if !stands || !other || told.contains(&row.id) {
                        continue;
                    }
                    lines.push(format!(
                        "the address {} was given to {}, and {} wrote to it (mail {}): ask {} who has it, then `comity address renew` or `revoke`",
                        row.address,
                        row.party,
                        judged.party.as_deref().unwrap_or("somebody else"),
                        judged.mail,
                        row.party
                    ));
                    told.push(row.id);
                }
            }
            Ok(lines)
        })
    }
}

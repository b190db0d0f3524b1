//! The guard: what is looked at in a mail before anything parses it.
//!
//! One pass over the bytes, line by line, without allocation and without recursion. It bounds what a parser could be
//! made to do (depth, parts, lines) and refuses what readers of mail understand differently: two `From` fields, line ends that are
//! not CRLF, NUL. What passes has exactly one sender address, in bytes that say the same to everybody.
//!
//! In scope: limits, line ends, how often the fields of RFC 5322 section 3.6 stand, the sender's address. Out of scope: what
//! the mail means (`reading`), who really sent it.
//! Limits: [`GuardLimits`]. Time: linear in the mail. Memory: none.

mod content;
mod fault;
mod sender;

pub use fault::{Fault, Field, Refusal};
pub(crate) use sender::{is_address, is_domain, sole_mailbox};

use content::ContentFields;

/// The largest mail that is read, in bytes: 25 MiB. What the server acknowledges is never more.
pub const MAIL_BYTES_MAX: usize = 25 * 1024 * 1024;

/// What a mail may have; one set for each class of address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuardLimits {
    /// The whole mail, in bytes.
    pub mail_bytes_max: usize,
    /// Its header block, in bytes.
    pub header_bytes_max: usize,
    /// Lines of its header block.
    pub header_lines_max: usize,
    /// A line without its CRLF, in bytes: RFC 5322 section 2.1.1 says 998.
    pub line_bytes_max: usize,
    /// Content types `message/rfc822` and `message/global`, in all.
    pub messages_max: usize,
    /// Content types `multipart/...`, in all.
    pub multiparts_max: usize,
    /// Lines that open with `--`: no mail has more parts than these.
    pub dash_lines_max: usize,
    /// A boundary, in bytes: RFC 2046 section 5.1.1 says 70.
    pub boundary_bytes_max: usize,
}

impl GuardLimits {
    /// For addresses that take work: requests, answers, cases, samples.
    pub const EXCHANGE: Self = Self {
        mail_bytes_max: MAIL_BYTES_MAX,
        header_bytes_max: 256 * 1024,
        header_lines_max: 1_000,
        line_bytes_max: 998,
        messages_max: 32,
        multiparts_max: 64,
        dash_lines_max: 4_096,
        boundary_bytes_max: 70,
    };
    /// For addresses that take answers of one line: communication checks, challenges, receipts.
    pub const SHORT: Self = Self {
        mail_bytes_max: 1_000_000,
        messages_max: 4,
        multiparts_max: 16,
        dash_lines_max: 256,
        ..Self::EXCHANGE
    };
}

/// What the guard says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may be parsed.
    Pass,
    /// It is to be answered with this after the end of DATA, and not taken.
    Refuse(Refusal),
    /// It is taken and kept, and a person looks at it; nothing parses it.
    Quarantine(Fault),
}

/// Looks at a mail as it came off the wire (lines end in CRLF, dots unstuffed).
pub fn guard(mail: &[u8], limits: &GuardLimits) -> Verdict {
    let mut worst = None;
    match scan(mail, limits, &mut worst) {
        Err(fault) => fault.verdict(),
        Ok(()) => worst.map_or(Verdict::Pass, Fault::verdict),
    }
}

/// Errs with what is refused; the first of what is quarantined goes to `kept`, so that a later refusal wins.
fn scan(mail: &[u8], limits: &GuardLimits, kept: &mut Option<Fault>) -> Result<(), Fault> {
    if mail.len() > limits.mail_bytes_max {
        return Err(Fault::TooLarge {
            limit: limits.mail_bytes_max,
        });
    }
    let mut header = HeaderBlock::default();
    let mut inside_header = true;
    let mut dash_lines = 0_usize;
    let mut content = ContentFields::default();
    for whole in mail.split_inclusive(|byte| *byte == b'\n') {
        let line = end_of_line(whole)?;
        if line.len() > limits.line_bytes_max {
            keep(kept, Fault::LineTooLong);
        }
        if inside_header {
            inside_header = !line.is_empty();
            header.take(line, whole.len(), limits)?;
        } else if line.starts_with(b"--") {
            dash_lines += 1;
            if dash_lines > limits.dash_lines_max {
                return Err(Fault::TooManyParts);
            }
        }
        content.take(line, limits)?;
    }
    header.judge(kept)?;
    if content.encoded_message() {
        keep(kept, Fault::EncodedMessage);
    }
    sole_mailbox(field_body(mail, b"from").unwrap_or_default())?;
    Ok(())
}

fn keep(kept: &mut Option<Fault>, fault: Fault) {
    if kept.is_none() {
        *kept = Some(fault);
    }
}

/// A line without its CRLF; the last of a mail may have none.
fn end_of_line(whole: &[u8]) -> Result<&[u8], Fault> {
    let line = match whole.strip_suffix(b"\n") {
        Some(rest) => rest.strip_suffix(b"\r").ok_or(Fault::BareLineFeed)?,
        None => whole,
    };
    if line.contains(&b'\r') {
        return Err(Fault::BareCarriageReturn);
    }
    if line.contains(&0) {
        return Err(Fault::Nul);
    }
    Ok(line)
}

/// What was seen of the header block.
#[derive(Default)]
struct HeaderBlock {
    bytes: usize,
    lines: usize,
    seen: [u8; Field::ALL.len()],
    strange: bool,
}

impl HeaderBlock {
    fn take(&mut self, line: &[u8], bytes: usize, limits: &GuardLimits) -> Result<(), Fault> {
        if line.is_empty() {
            return Ok(());
        }
        self.bytes += bytes;
        self.lines += 1;
        if self.bytes > limits.header_bytes_max {
            return Err(Fault::HeaderTooLarge);
        }
        if self.lines > limits.header_lines_max {
            return Err(Fault::TooManyHeaderLines);
        }
        self.strange |= line
            .iter()
            .any(|byte| byte.is_ascii_control() && *byte != b'\t');
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            // A continuation continues something, and has something in it (RFC 5322 section 3.2.2).
            let empty = line.iter().all(u8::is_ascii_whitespace);
            return if self.lines == 1 || empty {
                Err(Fault::MalformedHeader)
            } else {
                Ok(())
            };
        }
        let name = field_name(line).ok_or(Fault::MalformedHeader)?;
        for (field, seen) in Field::ALL.into_iter().zip(&mut self.seen) {
            if name.eq_ignore_ascii_case(field.name().as_bytes()) {
                *seen = seen.saturating_add(1);
            }
        }
        Ok(())
    }

    fn judge(&self, kept: &mut Option<Fault>) -> Result<(), Fault> {
        for (field, seen) in Field::ALL.into_iter().zip(self.seen) {
            match (seen, field.needed()) {
                (0, true) if field == Field::MessageId => keep(kept, Fault::Missing(field)),
                (0, true) => return Err(Fault::Missing(field)),
                (0 | 1, _) => {}
                (2.., _) => return Err(Fault::Doubled(field)),
            }
        }
        if self.strange {
            keep(kept, Fault::ControlCharacter);
        }
        Ok(())
    }
}

/// The name of a field, which is printable ASCII up to the colon (RFC 5322 section 3.6.8); the space before the colon that
/// section 4.5 once allowed is not.
fn field_name(line: &[u8]) -> Option<&[u8]> {
    let end = line.iter().position(|byte| *byte == b':')?;
    let name = line.get(..end)?;
    (!name.is_empty() && name.iter().all(u8::is_ascii_graphic)).then_some(name)
}

/// The body of the first field with this name in lower case, folds included, of a mail's own header block.
pub(crate) fn field_body<'m>(mail: &'m [u8], name: &[u8]) -> Option<&'m [u8]> {
    let mut place = 0;
    let mut found: Option<(usize, usize)> = None;
    for whole in mail.split_inclusive(|byte| *byte == b'\n') {
        let line = whole.trim_ascii_end();
        let next = place + whole.len();
        let continues = whole.starts_with(b" ") || whole.starts_with(b"\t");
        match found {
            Some((begin, _)) if continues && !line.is_empty() => found = Some((begin, next)),
            Some(_) => break,
            None if line.is_empty() => break,
            None => {
                if field_name(line).is_some_and(|found| found.eq_ignore_ascii_case(name)) {
                    found = Some((place + name.len() + 1, next));
                }
            }
        }
        place = next;
    }
    found.and_then(|(begin, end)| mail.get(begin..end))
}

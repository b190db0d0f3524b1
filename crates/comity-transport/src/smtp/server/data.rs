//! The content of a mail as it comes behind DATA: where it ends, and what no mail may hold.
//!
//! The end is CRLF, a dot, CRLF, and nothing else. A CR without its LF, an LF without its CR, or a NUL ends the mail in a refusal
//! at that very byte: servers disagree on where such a mail ends, and what one takes for content another takes for commands
//! (SMTP smuggling). Nothing is mended, because a mail that was mended is no longer what was signed.
//!
//! In scope: the bytes of RFC 5321 sections 4.5.2 and 2.3.8. Out of scope: reading them from a socket, keeping them.
//! Limits: those given to [`DataReader::new`]; it holds no more than a few numbers.

/// Why a mail is refused at one of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataFault {
    /// A carriage return without a line feed behind it.
    BareCr,
    /// A line feed without a carriage return before it.
    BareLf,
    /// A NUL.
    Nul,
    /// A line is too long.
    LineTooLong {
        /// The limit in bytes, without the line's end.
        limit: usize,
    },
    /// The mail is too large.
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
}

/// How far the mail has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It goes on.
    More,
    /// It is whole.
    End,
    /// It is refused; the reader is of no further use.
    Fault(DataFault),
}

/// Reads the content of one mail.
#[derive(Clone, Debug)]
pub struct DataReader {
    at: At,
    line: usize,
    bytes: u64,
    line_bytes_max: usize,
    mail_bytes_max: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// The first byte of a line.
    Start,
    /// Behind a dot that is the first byte of a line.
    Dot,
    /// Behind such a dot and a carriage return.
    DotCr,
    /// Within a line.
    Text,
    /// Behind a carriage return.
    Cr,
}

impl DataReader {
    /// A reader at the first byte behind the answer 354.
    pub fn new(line_bytes_max: usize, mail_bytes_max: u64) -> Self {
        Self {
            at: At::Start,
            line: 0,
            bytes: 0,
            line_bytes_max,
            mail_bytes_max,
        }
    }

    /// Reads on: what belongs to the mail goes to `content`, without the dots that the client put in front of others (RFC 5321
    /// section 4.5.2). Answers how many bytes of `input` it took; behind the end it takes none.
    pub fn feed(&mut self, input: &[u8], content: &mut Vec<u8>) -> (usize, Progress) {
        let mut rest = input;
        while let Some((&byte, behind)) = rest.split_first() {
            let fault = match (self.at, byte) {
                (At::Start, b'.') => {
                    self.at = At::Dot;
                    rest = behind;
                    continue;
                }
                (At::Dot, b'\r') => {
                    self.at = At::DotCr;
                    rest = behind;
                    continue;
                }
                (At::DotCr, b'\n') => {
                    return (input.len() - behind.len(), Progress::End);
                }
                (At::Cr, b'\n') => {
                    self.at = At::Start;
                    self.line = 0;
                    rest = behind;
                    self.add(b"\r\n", content)
                }
                (At::Cr | At::DotCr, _) => Some(DataFault::BareCr),
                (At::Start | At::Dot | At::Text, b'\n') => Some(DataFault::BareLf),
                (At::Start | At::Dot | At::Text, 0) => Some(DataFault::Nul),
                (At::Start | At::Text, b'\r') => {
                    self.at = At::Cr;
                    rest = behind;
                    continue;
                }
                (At::Start | At::Dot | At::Text, _) => {
                    self.at = At::Text;
                    let end = memchr::memchr3(b'\r', b'\n', 0, rest);
                    let (text, behind) = rest.split_at(end.unwrap_or(rest.len()));
                    rest = behind;
                    self.line = self.line.saturating_add(text.len());
                    if self.line > self.line_bytes_max {
                        let limit = self.line_bytes_max;
                        Some(DataFault::LineTooLong { limit })
                    } else {
                        self.add(text, content)
                    }
                }
            };
            if let Some(fault) = fault {
                return (input.len() - rest.len(), Progress::Fault(fault));
            }
        }
        (input.len(), Progress::More)
    }

    /// How many bytes the mail has so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    fn add(&mut self, part: &[u8], content: &mut Vec<u8>) -> Option<DataFault> {
        let count = u64::try_from(part.len()).unwrap_or(u64::MAX);
        self.bytes = self.bytes.saturating_add(count);
        if self.bytes > self.mail_bytes_max {
            let limit = self.mail_bytes_max;
            return Some(DataFault::TooLarge { limit });
        }
        content.extend_from_slice(part);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of an input, however it is cut: the content and where the reader stopped.
    fn read(input: &[u8], cut: usize) -> (Vec<u8>, usize, Progress) {
        let mut reader = DataReader::new(20, 60);
        let (mut content, mut taken) = (Vec::new(), 0);
        for part in input.chunks(cut) {
            let (count, progress) = reader.feed(part, &mut content);
            taken += count;
            if progress != Progress::More {
                return (content, taken, progress);
            }
            assert_eq!(count, part.len());
        }
        (content, taken, Progress::More)
    }

    fn check(input: &str, content: &str, behind: &str, progress: Progress) {
        for cut in 1..=input.len() {
            let (read, taken, came) = read(input.as_bytes(), cut);
            assert_eq!(came, progress, "{input:?} cut at {cut}");
            assert_eq!(String::from_utf8(read).unwrap(), content, "{input:?}");
            if progress == Progress::End {
                assert_eq!(input.len() - taken, behind.len(), "{input:?}");
            }
        }
    }

    #[test]
    fn a_mail_ends_at_crlf_dot_crlf_and_dots_are_unstuffed() {
        check(".\r\n", "", "", Progress::End);
        check("a\r\n.\r\n", "a\r\n", "", Progress::End);
        check("a\r\n.\r\nQUIT\r\n", "a\r\n", "QUIT\r\n", Progress::End);
        check(
            "..\r\n.a\r\na.\r\n\r\n.\r\n",
            ".\r\na\r\na.\r\n\r\n",
            "",
            Progress::End,
        );
        check("...\r\n..\r\n.\r\n", "..\r\n.\r\n", "", Progress::End);
        check("é\r\n.\r\n", "é\r\n", "", Progress::End);
        check("a", "a", "", Progress::More);
        check("a\r\n.", "a\r\n", "", Progress::More);
        check("a\r\n.\r", "a\r\n", "", Progress::More);
    }

    #[test]
    fn every_shape_of_smuggling_is_refused_at_its_byte() {
        let lf = Progress::Fault(DataFault::BareLf);
        let cr = Progress::Fault(DataFault::BareCr);
        for (input, content, fault) in [
            ("a\r\n.\nMAIL", "a\r\n", lf),
            ("a\n.\nMAIL", "a", lf),
            ("a\n.\r\nMAIL", "a", lf),
            ("a\r.\rMAIL", "a", cr),
            ("a\r.\r\nMAIL", "a", cr),
            ("a\r\n.\rMAIL", "a\r\n", cr),
            ("a\n.\rMAIL", "a", lf),
            ("a\r\r\n.\r\n", "a", cr),
            ("\n", "", lf),
            ("\rA", "", cr),
            (".\n", "", lf),
            (".\rA", "", cr),
            ("a\0b", "a", Progress::Fault(DataFault::Nul)),
            ("\r\n.\0", "\r\n", Progress::Fault(DataFault::Nul)),
        ] {
            check(input, content, "", fault);
        }
    }

    #[test]
    fn long_lines_and_large_mails_are_refused() {
        let line = "a".repeat(20);
        check(
            &format!("{line}\r\n.\r\n"),
            &format!("{line}\r\n"),
            "",
            Progress::End,
        );
        let (_, _, progress) = read(format!("{line}a\r\n").as_bytes(), 7);
        assert_eq!(
            progress,
            Progress::Fault(DataFault::LineTooLong { limit: 20 })
        );
        // The dot that was put in front does not count.
        check(
            &format!(".{line}\r\n.\r\n"),
            &format!("{line}\r\n"),
            "",
            Progress::End,
        );
        let mail = "12345678\r\n".repeat(6);
        check(&format!("{mail}.\r\n"), &mail, "", Progress::End);
        let (_, _, progress) = read(format!("{mail}\r\n").as_bytes(), 7);
        assert_eq!(progress, Progress::Fault(DataFault::TooLarge { limit: 60 }));
    }
}

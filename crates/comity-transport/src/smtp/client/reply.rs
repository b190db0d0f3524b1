//! What a server says (RFC 5321 section 4.2).
//!
//! In scope: reading replies from bytes as they come, limits on them. Out of scope: what follows from one.
//! Limits: [`LINE_BYTES_MAX`], [`LINES_MAX`].

/// The longest line that is read; RFC 5321 section 4.5.3.1.5 has 512.
pub(super) const LINE_BYTES_MAX: usize = 2_048;
/// The most lines of one reply.
pub(super) const LINES_MAX: usize = 100;
/// Of a reply so many characters are kept for people.
const SHOWN_CHARACTERS_MAX: usize = 500;

/// A reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    /// Its three digits.
    pub(super) code: u16,
    /// The text of each line.
    pub(super) lines: Vec<String>,
}

impl Reply {
    /// Whether it is done, or is to go on (2yz, 3yz).
    pub(super) const fn is_good(&self) -> bool {
        matches!(self.code, 200..=399)
    }

    /// Whether it will never be done (5yz).
    pub(super) const fn is_final(&self) -> bool {
        matches!(self.code, 500..=599)
    }

    /// The reply in one line for people, without what a terminal would act on.
    pub(super) fn shown(&self) -> String {
        let text = self.lines.join(" / ");
        let text = text
            .chars()
            .map(|letter| if letter.is_control() { ' ' } else { letter });
        let text: String = text.take(SHOWN_CHARACTERS_MAX).collect();
        format!("{} {}", self.code, text.trim())
    }
}

/// What was said is no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoReply;

/// A reply that comes line by line.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    code: Option<u16>,
    lines: Vec<String>,
}

impl Incoming {
    /// Takes a line without its end; the reply, once this was the last one.
    pub(super) fn line(&mut self, line: &[u8]) -> Result<Option<Reply>, NoReply> {
        let code = code_of(line).ok_or(NoReply)?;
        let same = self.code.is_none_or(|before| before == code);
        if !same || self.lines.len() >= LINES_MAX {
            return Err(NoReply);
        }
        let more = match line.get(3) {
            None | Some(b' ') => false,
            Some(b'-') => true,
            Some(_) => return Err(NoReply),
        };
        self.code = Some(code);
        let text = line.get(4..).unwrap_or_default();
        self.lines.push(String::from_utf8_lossy(text).into_owned());
        if more {
            return Ok(None);
        }
        let lines = std::mem::take(&mut self.lines);
        Ok(Some(Reply { code, lines }))
    }
}

/// The three digits at the beginning of a line.
fn code_of(line: &[u8]) -> Option<u16> {
    let digits = line.get(..3)?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let code = std::str::from_utf8(digits).ok()?.parse().ok()?;
    (200..600).contains(&code).then_some(code)
}

/// What a server can do, by its answer to EHLO (RFC 5321 section 4.1.1.1): keywords in upper case, each with what stands behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Extensions(Vec<(String, Vec<String>)>);

impl Extensions {
    /// Reads an answer to EHLO.
    pub(super) fn of(reply: &Reply) -> Self {
        let lines = reply.lines.iter().skip(1);
        let upper = lines.map(|line| {
            let mut words = line.split_ascii_whitespace().map(str::to_ascii_uppercase);
            (words.next().unwrap_or_default(), words.collect())
        });
        Self(upper.collect())
    }

    /// Whether it knows a keyword.
    pub(super) fn has(&self, keyword: &str) -> bool {
        self.0.iter().any(|(known, _)| known == keyword)
    }

    /// The largest mail that it takes, where it says so; nought says nothing (RFC 1870 section 4).
    pub(super) fn size_max(&self) -> Option<u64> {
        let size = self.0.iter().find(|(known, _)| known == "SIZE");
        let most = size.and_then(|(_, words)| words.first()?.parse().ok());
        most.filter(|most| *most > 0)
    }

    /// Whether it knows a way to say who one is (RFC 4954).
    pub(super) fn has_auth(&self, way: &str) -> bool {
        let mut all = self.0.iter().filter(|(known, _)| known == "AUTH");
        all.any(|(_, ways)| ways.iter().any(|one| one == way))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Result<Option<Reply>, NoReply> {
        let mut incoming = Incoming::default();
        let mut last = None;
        for line in lines {
            last = incoming.line(line.as_bytes())?;
        }
        Ok(last)
    }

    #[test]
    fn replies_have_one_code_and_an_end() {
        let reply = read(&["250-mx.bravo.example", "250-size 1000", "250 STARTTLS"]);
        let reply = reply.unwrap().unwrap();
        assert_eq!((reply.code, reply.lines.len()), (250, 3));
        assert_eq!(read(&["250"]).unwrap().unwrap().lines, [""]);
        assert_eq!(read(&["250-more"]), Ok(None));
        for bad in [
            &["25 x"][..],
            &["2500 x"],
            &["199 x"],
            &["600 x"],
            &["hello"],
            &[""],
            &["250-a", "251 b"],
        ] {
            assert_eq!(read(bad), Err(NoReply), "{bad:?}");
        }
        let endless = vec!["250-x"; LINES_MAX + 1];
        assert_eq!(read(&endless), Err(NoReply));
        let odd = read(&["550 \u{1b}[31mno\u{7}"]).unwrap().unwrap();
        assert_eq!(odd.shown(), "550 [31mno");
    }

    #[test]
    fn what_a_server_can_do_is_read_from_keywords_alone() {
        let reply = read(&[
            "250-STARTTLS is my name",
            "250-size 35882577",
            "250-AUTH LOGIN plain",
            "250-8bitmime",
            "250 dsn",
        ]);
        let found = Extensions::of(&reply.unwrap().unwrap());
        for (keyword, known) in [("STARTTLS", false), ("8BITMIME", true), ("DSN", true)] {
            assert_eq!(found.has(keyword), known, "{keyword}");
        }
        assert_eq!(found.size_max(), Some(35_882_577));
        assert!(found.has_auth("LOGIN") && found.has_auth("PLAIN") && !found.has_auth("GSSAPI"));
        let zero = read(&["250-x", "250 SIZE 0"]).unwrap().unwrap();
        assert_eq!(Extensions::of(&zero).size_max(), None);
    }
}

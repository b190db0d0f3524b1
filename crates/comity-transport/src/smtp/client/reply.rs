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

/// A reply that comes line by line.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    code: Option<u16>,
    lines: Vec<String>,
}

impl Incoming {
    /// Takes a line without its end; the reply, once this was the last one. None: what came is no reply.
    pub(super) fn line(&mut self, line: &[u8]) -> Option<Option<Reply>> {
        let digits = line.get(..3)?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let code: u16 = std::str::from_utf8(digits).ok()?.parse().ok()?;
        let same = self.code.is_none_or(|before| before == code);
        if !(200..600).contains(&code) || !same || self.lines.len() >= LINES_MAX {
            return None;
        }
        let more = match line.get(3) {
            None | Some(b' ') => false,
            Some(b'-') => true,
            Some(_) => return None,
        };
        self.code = Some(code);
        let text = line.get(4..).unwrap_or_default();
        self.lines.push(String::from_utf8_lossy(text).into_owned());
        if more {
            return Some(None);
        }
        let lines = std::mem::take(&mut self.lines);
        Some(Some(Reply { code, lines }))
    }
}

/// What a server can do, by its answer to EHLO.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Extensions {
    /// STARTTLS (RFC 3207).
    pub(super) starttls: bool,
    /// 8BITMIME (RFC 6152).
    pub(super) eight_bit: bool,
    /// DSN (RFC 3461).
    pub(super) dsn: bool,
    /// SIZE (RFC 1870): that it is known, and the most, where it says one.
    pub(super) size: Option<Option<u64>>,
    /// AUTH PLAIN (RFC 4954).
    pub(super) auth_plain: bool,
    /// AUTH LOGIN, which many servers have beside it.
    pub(super) auth_login: bool,
}

impl Extensions {
    /// Reads an answer to EHLO.
    pub(super) fn of(reply: &Reply) -> Self {
        let mut found = Self::default();
        for line in reply.lines.iter().skip(1) {
            let mut words = line.split_ascii_whitespace();
            let keyword = words.next().unwrap_or_default().to_ascii_uppercase();
            match keyword.as_str() {
                "STARTTLS" => found.starttls = true,
                "8BITMIME" => found.eight_bit = true,
                "DSN" => found.dsn = true,
                "SIZE" => {
                    let most = words.next().and_then(|most| most.parse().ok());
                    // Nought means no fixed most (RFC 1870 section 4).
                    found.size = Some(most.filter(|most| *most > 0));
                }
                "AUTH" => {
                    for way in words {
                        found.auth_plain |= way.eq_ignore_ascii_case("PLAIN");
                        found.auth_login |= way.eq_ignore_ascii_case("LOGIN");
                    }
                }
                _ => {}
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Option<Option<Reply>> {
        let mut incoming = Incoming::default();
        let mut last = None;
        for line in lines {
            last = Some(incoming.line(line.as_bytes())?);
        }
        last
    }

    #[test]
    fn replies_have_one_code_and_an_end() {
        let reply = read(&["250-mx.bravo.example", "250-size 1000", "250 STARTTLS"]);
        let reply = reply.unwrap().unwrap();
        assert_eq!((reply.code, reply.lines.len()), (250, 3));
        assert_eq!(read(&["250"]).unwrap().unwrap().lines, [""]);
        assert_eq!(read(&["250-more"]), Some(None));
        for bad in [
            &["25 x"][..],
            &["2500 x"],
            &["199 x"],
            &["600 x"],
            &["hello"],
            &[""],
            &["250-a", "251 b"],
        ] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
        let endless = vec!["250-x"; LINES_MAX + 1];
        assert_eq!(read(&endless), None);
        let odd = read(&["550 \u{1b}[31mno\u{7}"]).unwrap().unwrap();
        assert_eq!(odd.shown(), "550  [31mno");
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
        let expected = Extensions {
            starttls: false,
            eight_bit: true,
            dsn: true,
            size: Some(Some(35_882_577)),
            auth_plain: true,
            auth_login: true,
        };
        assert_eq!(found, expected);
        let zero = read(&["250-x", "250 SIZE 0"]).unwrap().unwrap();
        assert_eq!(Extensions::of(&zero).size, Some(None));
    }
}

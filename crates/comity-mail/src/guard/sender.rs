//! The one mailbox of `From`.
//!
//! Programs disagree on what `From: a@b.example, <c@d.example>` or `"a@b.example" <c@d.example>(<e@f.example>)` says. So less is
//! taken than RFC 5322 section 3.4 allows: a display name and one address in angle brackets, or one address alone; comments, not
//! nested, at either end; nothing quoted in an address; no `@` outside of quotes but in the address.
//!
//! In scope: the shape of the field and of the address. Out of scope: display names (`reading`), who is behind it.

use super::Fault;
use crate::token::LOCAL_BYTES_MAX;

/// The longest domain (RFC 5321 section 4.5.3.1.2), in bytes.
const DOMAIN_BYTES_MAX: usize = 255;
/// The longest label of a domain (RFC 1035 section 2.3.4), in bytes.
const LABEL_BYTES_MAX: usize = 63;

/// Where the parser of the field stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Plain,
    Quoted,
    Comment,
    Angle,
}

/// What was seen outside of quotes and comments.
#[derive(Default)]
struct Seen {
    angle: Option<(usize, usize)>,
    /// From the first byte to the last of what stands outside of angle brackets, quotes and comments.
    plain: Option<(usize, usize)>,
    at_signs: usize,
    quoted: bool,
    after_angle: bool,
}

/// The address of the only mailbox in the body of a `From` field.
pub(crate) fn sole_mailbox(body: &[u8]) -> Result<&str, Fault> {
    let seen = look(body)?;
    let address = match (seen.angle, seen.plain) {
        (Some(_), _) if seen.at_signs > 0 || seen.after_angle => return Err(Fault::ManySenders),
        (None, Some(_)) if seen.quoted => return Err(Fault::BadSender),
        (Some((begin, end)), _) | (None, Some((begin, end))) => body.get(begin..end),
        (None, None) => return Err(Fault::NoSender),
    };
    let address = std::str::from_utf8(address.unwrap_or_default()).map_err(|_| Fault::BadSender)?;
    if address.contains("=?") {
        return Err(Fault::EncodedAddress);
    }
    if is_address(address) {
        Ok(address)
    } else {
        Err(Fault::BadSender)
    }
}

fn look(body: &[u8]) -> Result<Seen, Fault> {
    let mut seen = Seen::default();
    let mut place = Place::Plain;
    let mut escaped = false;
    for (at, byte) in body.iter().enumerate() {
        if escaped {
            escaped = false;
            continue;
        }
        match (place, byte) {
            (Place::Quoted | Place::Comment, b'\\') => escaped = true,
            (Place::Quoted, b'"') | (Place::Comment, b')') => place = Place::Plain,
            (Place::Comment, b'(') => return Err(Fault::NestedComment),
            (Place::Angle, b'>') => {
                place = Place::Plain;
                seen.angle = seen.angle.map(|(begin, _)| (begin, at));
            }
            (Place::Angle | Place::Plain, b',') | (Place::Plain, b';') => {
                return Err(Fault::ManySenders);
            }
            (Place::Plain, b':') => return Err(Fault::SenderGroup),
            (Place::Plain, b'<') if seen.angle.is_some() => return Err(Fault::ManySenders),
            (Place::Plain, b'<') => {
                place = Place::Angle;
                seen.angle = Some((at + 1, at + 1));
            }
            (Place::Plain, b'"') => {
                seen.quoted = true;
                seen.after_angle |= seen.angle.is_some();
                place = Place::Quoted;
            }
            (Place::Plain, b'(') => place = Place::Comment,
            (Place::Plain, b'>' | b')' | b'\\') => return Err(Fault::BadSender),
            (Place::Quoted | Place::Comment | Place::Angle, _) => {}
            (Place::Plain, byte) if byte.is_ascii_whitespace() => {}
            (Place::Plain, byte) => {
                seen.at_signs += usize::from(*byte == b'@');
                seen.after_angle |= seen.angle.is_some();
                seen.plain = Some((seen.plain.map_or(at, |(begin, _)| begin), at + 1));
            }
        }
    }
    if place == Place::Plain {
        Ok(seen)
    } else {
        Err(Fault::BadSender)
    }
}

/// Whether a text is an address with a name on both sides: a dot-atom (RFC 5322 section 3.2.3), also beyond ASCII
/// (RFC 6531), and a host name of labels.
pub(crate) fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let atom = |letter: char| {
        letter.is_ascii_alphanumeric()
            || "!#$%&'*+-/=?^_`{|}~".contains(letter)
            || !letter.is_ascii() && !letter.is_control() && !letter.is_whitespace()
    };
    let local_good = local.len() <= LOCAL_BYTES_MAX
        && local
            .split('.')
            .all(|atoms| !atoms.is_empty() && atoms.chars().all(atom));
    local_good && is_domain(domain)
}

/// Whether a text is a host name, also beyond ASCII.
pub(crate) fn is_domain(domain: &str) -> bool {
    let good = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|letter| {
                letter.is_ascii_alphanumeric()
                    || matches!(letter, '-' | '_')
                    || !letter.is_ascii() && letter.is_alphanumeric()
            })
    };
    domain.len() <= DOMAIN_BYTES_MAX && domain.split('.').all(good)
}

//! Address tokens: what makes a designated address valid, and nobody else able to make one.
//!
//! A local part is `<purpose>+<token>`, or with `-`; the token is 32 characters of lower-case base32 (RFC 4648 section 6,
//! without padding), so that it survives whoever folds case:
//!
//! ```text
//! version(1) | key id(1) | address id(5) | last day(2) | MAC(11)
//! ```
//!
//! The MAC is HMAC-SHA-256 (RFC 2104), cut to 88 bits, over these fields and over what the address is bound to: purpose,
//! party, domain, and a thread where it is about one. Nothing of that can be read from the token.
//!
//! In scope: making tokens, reading local parts, the check. Out of scope: which addresses are in force (rows of the store,
//! which alone decide; the day in the token only keeps it from being stretched), where the keys are kept.
//! Limits: [`KEYS_MAX`], [`LOCAL_BYTES_MAX`], and those of [`Bound`].

#[cfg(test)]
mod tests;

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};
use zeroize::Zeroizing;

/// The longest local part: RFC 5321 section 4.5.3.1.1.
pub const LOCAL_BYTES_MAX: usize = 64;
/// The most keys of one node: a key id is one byte, and nobody changes keys that often.
pub const KEYS_MAX: usize = 16;
/// The last day of an address that does not end.
pub const NO_LAST_DAY: u16 = u16::MAX;
/// Characters of a token.
pub const TOKEN_CHARS: usize = 32;

const VERSION: u8 = 1;
const ID_BYTES: usize = 5;
const MAC_BYTES: usize = 11;
const FIELD_BYTES: usize = 1 + 1 + ID_BYTES + 2;
const TOKEN_BYTES: usize = FIELD_BYTES + MAC_BYTES;
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// The beginning of what the MAC covers, so that a key serves nothing else by accident.
const LABEL: &[u8] = b"comity-address-token/v1\n";
/// Room for each text in what the MAC covers. It is filled up, so that the work does not tell how long a name is.
const PURPOSE_ROOM: usize = 15;
const PARTY_ROOM: usize = 64;
const DOMAIN_ROOM: usize = 253;
const THREAD_ROOM: usize = 63;

/// What mail to an address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// The duty officer of a point of contact: whatever a person writes.
    Contact,
    /// Answers to checks of points of contact.
    Ping,
    /// Requests for assistance and what is said about them.
    Request,
    /// What belongs to cases, or to the one to which the address is bound.
    Case,
    /// Malware samples and other evidence, in protected archives.
    Samples,
    /// What belongs to exercises, and nothing else.
    Exercise,
    /// Indicators, bundles, events and abuse reports.
    Reports,
    /// Written confirmations of hotline calls.
    Hotline,
    /// Answers to one message that was sent, and what became of it on its way: envelope sender and Reply-To.
    Reply,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 9] = [
        Self::Contact,
        Self::Ping,
        Self::Request,
        Self::Case,
        Self::Samples,
        Self::Exercise,
        Self::Reports,
        Self::Hotline,
        Self::Reply,
    ];

    /// Its word, in front of the separator.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Ping => "ping",
            Self::Request => "request",
            Self::Case => "case",
            Self::Samples => "samples",
            Self::Exercise => "exercise",
            Self::Reports => "reports",
            Self::Hotline => "hotline",
            Self::Reply => "reply",
        }
    }

    /// The purpose of a word; letters of either case.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|each| each.word().eq_ignore_ascii_case(word))
    }
}

/// What stands between purpose and token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Separator {
    /// `+`, which most mail servers read as a subaddress (RFC 5233).
    #[default]
    Plus,
    /// `-`, for those that do not.
    Minus,
}

impl Separator {
    /// The character.
    pub const fn character(self) -> char {
        match self {
            Self::Plus => '+',
            Self::Minus => '-',
        }
    }

    /// The separator of a character.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "+" => Some(Self::Plus),
            "-" => Some(Self::Minus),
            _ => None,
        }
    }
}

/// The number of an address, drawn at random and never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressId([u8; ID_BYTES]);

impl AddressId {
    /// The number of no address: what is looked up in place of one that cannot be read.
    pub const DECOY: Self = Self([0; ID_BYTES]);

    /// A number of these bytes.
    pub const fn new(bytes: [u8; ID_BYTES]) -> Self {
        Self(bytes)
    }

    /// A number of these bytes, if they are as many as one has.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The number that ten hexadecimal digits write.
    pub fn parse(digits: &str) -> Option<Self> {
        let all = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if digits.len() != 2 * ID_BYTES || !all {
            return None;
        }
        let [_, _, _, bytes @ ..] = u64::from_str_radix(digits, 16).ok()?.to_be_bytes();
        Some(Self(bytes))
    }

    /// The number in an address, whatever its MAC is worth; none where it holds no token.
    pub fn of_address(address: &str) -> Option<Self> {
        let (local, _) = address.split_once('@')?;
        Some(read(local).token.id()).filter(|id| *id != Self::DECOY)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; ID_BYTES] {
        &self.0
    }

    /// Another number: for looking up what is surely not the same.
    #[must_use]
    pub fn other(self) -> Self {
        let mut bytes = self.0;
        let [first, .., last] = &mut bytes;
        *first ^= 0x80;
        *last ^= 1;
        Self(bytes)
    }
}

impl fmt::Display for AddressId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

/// A key under which tokens are made.
#[derive(Clone)]
pub struct MacKey {
    /// Its number, which stands in each token.
    pub id: u8,
    secret: Zeroizing<[u8; 32]>,
}

impl MacKey {
    /// A key of this number.
    pub const fn new(id: u8, secret: Zeroizing<[u8; 32]>) -> Self {
        Self { id, secret }
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "MacKey({})", self.id)
    }
}

/// The keys of a node: the newest makes tokens, all check them.
#[derive(Clone, Debug)]
pub struct MacKeys {
    newest: MacKey,
    older: Vec<MacKey>,
}

impl MacKeys {
    /// The keys with these numbers; none: there is no key, there are too many, or two have one number.
    pub fn new(mut keys: Vec<MacKey>) -> Option<Self> {
        keys.sort_by_key(|key| key.id);
        let twice = keys
            .iter()
            .zip(keys.iter().skip(1))
            .any(|(one, next)| one.id == next.id);
        if twice || keys.len() > KEYS_MAX {
            return None;
        }
        let newest = keys.pop()?;
        Some(Self {
            newest,
            older: keys,
        })
    }

    /// The key that makes tokens.
    pub const fn newest(&self) -> &MacKey {
        &self.newest
    }

    /// The key of a number, and whether there is one; the newest where there is none, so that the work is the same.
    fn of(&self, id: u8) -> (&MacKey, Choice) {
        let mut found = (&self.newest, self.newest.id.ct_eq(&id));
        for key in &self.older {
            if key.id == id {
                found = (key, Choice::from(1));
            }
        }
        found
    }
}

/// What an address is bound to. Each text fits its room, so that no two bindings look alike to the MAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound<'a> {
    purpose: Purpose,
    party: &'a str,
    domain: &'a str,
    thread: &'a str,
}

impl<'a> Bound<'a> {
    /// A binding; `thread` is empty where the address is about none. None: the party's name has more than 64 bytes, the
    /// domain more than 253, or the thread's name more than 63.
    pub fn new(purpose: Purpose, party: &'a str, domain: &'a str, thread: &'a str) -> Option<Self> {
        let fits =
            party.len() <= PARTY_ROOM && domain.len() <= DOMAIN_ROOM && thread.len() <= THREAD_ROOM;
        fits.then_some(Self {
            purpose,
            party,
            domain,
            thread,
        })
    }
}

/// A token as it stands in a local part; nothing is believed of it before [`Token::check`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    version: u8,
    key: u8,
    id: AddressId,
    last_day: u16,
    mac: [u8; MAC_BYTES],
}

impl Token {
    /// Makes a token. `last_day` counts days since 1970; [`NO_LAST_DAY`]: it does not end.
    pub fn make(keys: &MacKeys, id: AddressId, last_day: u16, bound: &Bound<'_>) -> Self {
        let mut token = Self {
            version: VERSION,
            key: keys.newest.id,
            id,
            last_day,
            mac: [0; MAC_BYTES],
        };
        token.mac = token.mac_under(&keys.newest, bound);
        token
    }

    /// The address that it names.
    pub const fn id(&self) -> AddressId {
        self.id
    }

    /// The last day that it names.
    pub const fn last_day(&self) -> u16 {
        self.last_day
    }

    /// Whether it was made here for this binding. The time does not depend on the answer.
    pub fn check(&self, keys: &MacKeys, bound: &Bound<'_>) -> Choice {
        let (key, known) = keys.of(self.key);
        let expected = self.mac_under(key, bound);
        known & self.version.ct_eq(&VERSION) & expected.ct_eq(&self.mac)
    }

    fn mac_under(&self, key: &MacKey, bound: &Bound<'_>) -> [u8; MAC_BYTES] {
        // A key of 32 bytes is as long as any that HMAC takes as it is.
        let mut mac = Hmac::<Sha256>::new_from_slice(key.secret.as_ref())
            .expect("invariant: HMAC takes a key of any length");
        mac.update(LABEL);
        mac.update(&self.fields());
        put::<PURPOSE_ROOM>(&mut mac, bound.purpose.word());
        put::<PARTY_ROOM>(&mut mac, bound.party);
        put::<DOMAIN_ROOM>(&mut mac, bound.domain);
        put::<THREAD_ROOM>(&mut mac, bound.thread);
        let whole = mac.finalize().into_bytes();
        let mut cut = [0; MAC_BYTES];
        for (to, from) in cut.iter_mut().zip(whole) {
            *to = from;
        }
        cut
    }

    fn fields(&self) -> [u8; FIELD_BYTES] {
        let mut fields = [0; FIELD_BYTES];
        let numbers = [self.version, self.key].into_iter().chain(self.id.0);
        let all = numbers.chain(self.last_day.to_be_bytes());
        for (to, from) in fields.iter_mut().zip(all) {
            *to = from;
        }
        fields
    }

    /// Reads a token; letters of either case.
    fn parse(text: &[u8]) -> Option<Self> {
        let bytes = decode(text)?;
        let ([version, key], rest) = bytes.split_first_chunk()?;
        let (id, rest) = rest.split_first_chunk()?;
        let (day, mac) = rest.split_first_chunk()?;
        Some(Self {
            version: *version,
            key: *key,
            id: AddressId(*id),
            last_day: u16::from_be_bytes(*day),
            mac: mac.try_into().ok()?,
        })
    }
}

impl fmt::Display for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: Vec<u8> = self.fields().into_iter().chain(self.mac).collect();
        out.write_str(&base32(&bytes))
    }
}

/// A text in its room, with its length.
fn put<const ROOM: usize>(mac: &mut Hmac<Sha256>, text: &str) {
    let mut room = [0; ROOM];
    for (to, from) in room.iter_mut().zip(text.bytes()) {
        *to = from;
    }
    mac.update(&[u8::try_from(text.len()).unwrap_or(u8::MAX)]);
    mac.update(&room);
}

/// A local part as a stranger sent it, whether it can be read or not.
#[derive(Clone, Copy, Debug)]
pub struct Read {
    /// What it says that it is for.
    pub purpose: Purpose,
    /// Its token; one of the decoy where it has none.
    pub token: Token,
    /// Whether it has the form of an address of ours.
    pub formed: Choice,
}

/// Reads a local part. Both separators are read, so that addresses outlive a change of the setting.
pub fn read(local: &str) -> Read {
    let parsed = parts(local);
    let (purpose, token) = parsed.unwrap_or((
        Purpose::Contact,
        Token {
            version: VERSION,
            key: 0,
            id: AddressId::DECOY,
            last_day: 0,
            mac: [0; MAC_BYTES],
        },
    ));
    Read {
        purpose,
        token,
        formed: Choice::from(u8::from(parsed.is_some())),
    }
}

fn parts(local: &str) -> Option<(Purpose, Token)> {
    if local.len() > LOCAL_BYTES_MAX || !local.is_ascii() {
        return None;
    }
    let (front, token) = local.split_at_checked(local.len().checked_sub(TOKEN_CHARS)?)?;
    let word = front
        .strip_suffix('+')
        .or_else(|| front.strip_suffix('-'))?;
    Some((Purpose::parse(word)?, Token::parse(token.as_bytes())?))
}

/// The local part of a token.
pub fn local_part(purpose: Purpose, separator: Separator, token: &Token) -> String {
    format!("{}{}{token}", purpose.word(), separator.character())
}

/// What the store says of an address: what it is bound to, and whether it is in force now.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// What it is bound to.
    pub bound: Bound<'a>,
    /// The address.
    pub id: AddressId,
    /// Whether mail to it is taken now: not expired, not revoked, not used up, not a decoy.
    pub in_force: Choice,
}

/// Whether mail to a local part is taken. Every reason for a no costs the same work.
pub fn accepts(keys: &MacKeys, read: &Read, known: &Known<'_>) -> bool {
    let purpose = index(read.purpose).ct_eq(&index(known.bound.purpose));
    let id = read.token.id.0.ct_eq(&known.id.0);
    let made_here = read.token.check(keys, &known.bound);
    bool::from(read.formed & purpose & id & made_here & known.in_force)
}

fn index(purpose: Purpose) -> u8 {
    let place = Purpose::ALL.iter().position(|each| *each == purpose);
    place
        .and_then(|place| u8::try_from(place).ok())
        .unwrap_or(u8::MAX)
}

/// Base32 of RFC 4648 section 6 in lower case; 20 bytes fill 32 characters exactly.
pub fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(TOKEN_CHARS);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            let place = usize::try_from((held >> bits) & 31).unwrap_or(0);
            text.push(
                ALPHABET
                    .get(place)
                    .map_or('a', |letter| char::from(*letter)),
            );
        }
        held &= 31;
    }
    text
}

fn decode(text: &[u8]) -> Option<[u8; TOKEN_BYTES]> {
    if text.len() != TOKEN_CHARS {
        return None;
    }
    let mut bytes = [0; TOKEN_BYTES];
    let mut places = bytes.iter_mut();
    let (mut bits, mut held) = (0_u32, 0_u32);
    for letter in text {
        let value = match letter.to_ascii_lowercase() {
            letter @ b'a'..=b'z' => letter - b'a',
            digit @ b'2'..=b'7' => digit - b'2' + 26,
            _ => return None,
        };
        held = (held << 5) | u32::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            *places.next()? = u8::try_from((held >> bits) & 255).ok()?;
            held &= (1 << bits) - 1;
        }
    }
    Some(bytes)
}

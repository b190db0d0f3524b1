//! The value of a row, judged and put into the form in which it is compared.
//!
//! In scope: undoing the usual defanging (`hxxp`, `[.]`, `[at]`), checking that a value is what its type word
//! says, and the one spelling that patterns compare with: domains and hashes in lower case, addresses as RFC
//! 5952 writes them, networks without host bits.
//! Out of scope: whether a domain or address exists; the pattern itself (`pattern`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::words::{Algorithm, Word};

/// What a row's value stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Observable {
    /// One address.
    Address(IpAddr),
    /// A network: first address and prefix length.
    Network(IpAddr, u8),
    /// An address and a port.
    Socket(IpAddr, u16),
    /// A domain name.
    Domain(String),
    /// All names below a domain, written `*.example.com`.
    Subdomains(String),
    /// A URL, or the part of one that the list gives.
    Url(Url),
    /// A mailbox.
    Email(String),
    /// A file's hash: algorithm and value.
    FileHash(&'static str, String),
    /// A certificate's hash: algorithm and value.
    CertificateHash(&'static str, String),
    /// A file's name.
    FileName(String),
    /// A directory and a file's name.
    FilePath(String, String),
    /// A hardware address.
    Mac(String),
    /// An HTTP user agent.
    UserAgent(String),
    /// A registry key.
    RegistryKey(String),
    /// A mutex.
    Mutex(String),
    /// A number of an autonomous system.
    AutonomousSystem(u32),
}

/// How much of a URL a list gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Url {
    /// All of it.
    Whole(String),
    /// Host and path, without the scheme.
    Schemeless(String),
    /// The path at any host.
    Path(String),
}

/// Judges a value under its type word. The error says what does not fit.
pub(super) fn judge(word: Word, value: &str) -> Result<Observable, String> {
    if value.is_empty() {
        return Err("the row has no value: fill it in or remove the row".to_owned());
    }
    if value.chars().any(char::is_control) {
        return Err("the value holds a control character: remove it".to_owned());
    }
    let fits = match word {
        Word::Any => return detect(value),
        Word::Address => address(&refang(value)),
        Word::V4 => {
            address(&refang(value)).filter(|found| family(found).is_some_and(|ip| ip.is_ipv4()))
        }
        Word::V6 => {
            address(&refang(value)).filter(|found| family(found).is_some_and(|ip| ip.is_ipv6()))
        }
        Word::Domain => domain(&refang(value)),
        Word::Url => url(value),
        Word::Email => email(&refang(value)),
        Word::AnyHash => {
            Algorithm::of_length(value.len()).and_then(|algorithm| hash(algorithm, value))
        }
        Word::Hash(algorithm) => hash(algorithm, value),
        Word::Certificate => certificate(value),
        Word::FileName => Some(Observable::FileName(value.to_owned())),
        Word::FilePath => Some(file_path(value)),
        Word::Mac => mac(value),
        Word::UserAgent => Some(Observable::UserAgent(value.to_owned())),
        Word::RegistryKey => registry_key(value),
        Word::Mutex => Some(Observable::Mutex(value.to_owned())),
        Word::AutonomousSystem => autonomous_system(value),
    };
    fits.ok_or_else(|| {
        format!(
            "`{}` is not {}: correct the value or its type",
            shortened(value),
            name(word)
        )
    })
}

/// Judges a value that has no type word.
pub(super) fn detect(value: &str) -> Result<Observable, String> {
    let refanged = refang(value);
    let known = if refanged.contains("://") || refanged.starts_with('/') {
        url(value)
    } else {
        None
    };
    known
        .or_else(|| address(&refanged))
        .or_else(|| email(&refanged))
        .or_else(|| Algorithm::of_length(value.len()).and_then(|algorithm| hash(algorithm, value)))
        .or_else(|| mac(value))
        .or_else(|| registry_key(value))
        .or_else(|| program(value))
        .or_else(|| domain(&refanged))
        .or_else(|| if refanged.contains('/') { url(value) } else { None })
        .ok_or_else(|| {
            let value = shortened(value);
            format!("`{value}` is no address, domain, URL, mailbox or hash: name its kind in a `type` column")
        })
}

fn shortened(value: &str) -> String {
    const SHOWN: usize = 80;
    match value.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", value.get(..end).unwrap_or_default()),
        None => value.to_owned(),
    }
}

fn name(word: Word) -> &'static str {
    match word {
        Word::Any => "an indicator",
        Word::Address => "an IP address, network or address with port",
        Word::V4 => "an IPv4 address, network or address with port",
        Word::V6 => "an IPv6 address, network or address with port",
        Word::Domain => "a domain name",
        Word::Url => "a URL, a host with a path, or a path",
        Word::Email => "an e-mail address",
        Word::AnyHash | Word::Certificate => "a hash in hexadecimal digits",
        Word::Hash(algorithm) => algorithm.name,
        Word::FileName | Word::FilePath => "a file name",
        Word::Mac => "a MAC address",
        Word::UserAgent => "a user agent",
        Word::RegistryKey => "a registry key that begins with its hive",
        Word::Mutex => "a mutex",
        Word::AutonomousSystem => "an autonomous system number",
    }
}

/// Undoes what people write so that nobody clicks on an indicator.
pub(super) fn refang(value: &str) -> String {
    let mut text = value.to_owned();
    if text.contains(['[', '(', '{']) {
        for (fanged, plain) in [
            ("[.]", "."),
            ("(.)", "."),
            ("{.}", "."),
            ("[dot]", "."),
            ("(dot)", "."),
            ("{dot}", "."),
            ("[:]", ":"),
            ("[://]", "://"),
            ("[/]", "/"),
            ("[@]", "@"),
            ("(@)", "@"),
            ("[at]", "@"),
            ("(at)", "@"),
            ("[.", "."),
            (".]", "."),
        ] {
            if text.contains(fanged) {
                text = text.replace(fanged, plain);
            }
        }
    }
    let scheme = text
        .split_once("://")
        .map(|(scheme, _)| scheme.to_ascii_lowercase());
    let plain = match scheme.as_deref() {
        Some("hxxp" | "hxtp" | "htxp" | "h**p" | "meow") => "http",
        Some("hxxps" | "hxtps" | "htxps" | "h**ps") => "https",
        Some("fxp") => "ftp",
        _ => return text,
    };
    match text.split_once("://") {
        Some((_, rest)) => format!("{plain}://{rest}"),
        None => text,
    }
}

fn family(found: &Observable) -> Option<IpAddr> {
    if let Observable::Address(ip) | Observable::Network(ip, _) | Observable::Socket(ip, _) = found
    {
        Some(*ip)
    } else {
        None
    }
}

fn address(value: &str) -> Option<Observable> {
    if let Ok(ip) = value.parse::<IpAddr>() {
        return Some(Observable::Address(ip));
    }
    if let Ok(socket) = value.parse::<std::net::SocketAddr>() {
        return Some(Observable::Socket(socket.ip(), socket.port()));
    }
    if let Some((ip, port)) = value.split_once('|') {
        return Some(Observable::Socket(ip.parse().ok()?, port.parse().ok()?));
    }
    let (ip, length) = value.split_once('/')?;
    network(ip.parse().ok()?, length.parse().ok()?)
}

fn network(ip: IpAddr, length: u8) -> Option<Observable> {
    let (first, bits) = match ip {
        IpAddr::V4(ip) => {
            let mask = u32::MAX
                .checked_shl(32_u32.checked_sub(length.into())?)
                .unwrap_or(0);
            (IpAddr::V4(Ipv4Addr::from_bits(ip.to_bits() & mask)), 32)
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX
                .checked_shl(128_u32.checked_sub(length.into())?)
                .unwrap_or(0);
            (IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & mask)), 128)
        }
    };
    Some(if length == bits {
        Observable::Address(first)
    } else {
        Observable::Network(first, length)
    })
}

fn domain(value: &str) -> Option<Observable> {
    if let Some(parent) = value.strip_prefix("*.").or_else(|| value.strip_prefix('.')) {
        return host_name(parent).map(Observable::Subdomains);
    }
    host_name(value).map(Observable::Domain)
}

/// A name of at least two labels (RFC 1035 section 2.3.4 for the lengths), in lower case. Underscores occur in
/// real names; letters beyond ASCII are taken as they stand.
fn host_name(value: &str) -> Option<String> {
    const NAME_BYTES_MAX: usize = 253;
    const LABEL_BYTES_MAX: usize = 63;
    let name = value.strip_suffix('.').unwrap_or(value);
    let label_fits = |label: &str| {
        !label.is_empty()
            && label.len() <= LABEL_BYTES_MAX
            && label.chars().all(|letter| match letter {
                'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => true,
                other => !other.is_ascii() && other.is_alphanumeric(),
            })
    };
    let mut labels = 0;
    let fits = name.split('.').all(|label| {
        labels += 1;
        label_fits(label)
    });
    let last = name.rsplit('.').next().unwrap_or_default();
    let top_fits = !last.bytes().all(|byte| byte.is_ascii_digit());
    (fits && labels > 1 && top_fits && name.len() <= NAME_BYTES_MAX).then(|| name.to_lowercase())
}

/// A URL is taken apart only as far as its pattern needs: the rest stays as the list has it.
fn url(value: &str) -> Option<Observable> {
    if value.len() > 1 && value.starts_with('/') {
        return Some(Observable::Url(Url::Path(value.to_owned())));
    }
    if value.contains(' ') {
        return None;
    }
    let value = refang(value);
    if let Some((scheme, rest)) = value.split_once("://") {
        let letters = scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        let fits = letters
            && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && !rest.is_empty();
        return fits.then(|| Observable::Url(Url::Whole(value.clone())));
    }
    let end = value.find(['/', '?', '#']).unwrap_or(value.len());
    let (authority, path) = value.split_at_checked(end)?;
    let host = match authority.rsplit_once(':') {
        Some((host, port)) => port.parse::<u16>().ok().map(|_| host)?,
        None => authority,
    };
    let known = host.parse::<Ipv4Addr>().is_ok() || host_name(host).is_some();
    known.then(|| {
        Observable::Url(Url::Schemeless(format!(
            "{}{path}",
            authority.to_lowercase()
        )))
    })
}

fn email(value: &str) -> Option<Observable> {
    let (user, host) = value.rsplit_once('@')?;
    let host = host_name(host)?;
    let fits =
        !user.is_empty() && !user.contains(|letter: char| letter.is_whitespace() || letter == '/');
    fits.then(|| Observable::Email(format!("{user}@{host}")))
}

fn hash(algorithm: Algorithm, value: &str) -> Option<Observable> {
    hash_value(algorithm, value).map(|value| Observable::FileHash(algorithm.name, value))
}

fn certificate(value: &str) -> Option<Observable> {
    let digits = value.replace(':', "");
    let algorithm = Algorithm::of_length(digits.len())?;
    hash_value(algorithm, &digits).map(|value| Observable::CertificateHash(algorithm.name, value))
}

fn hash_value(algorithm: Algorithm, value: &str) -> Option<String> {
    match algorithm.digits {
        Some(digits) => {
            let fits = value.len() == digits && value.bytes().all(|byte| byte.is_ascii_hexdigit());
            fits.then(|| value.to_ascii_lowercase())
        }
        None => (!value.contains(' ')).then(|| value.to_owned()),
    }
}

fn file_path(value: &str) -> Observable {
    match value
        .rfind(['/', '\\'])
        .and_then(|at| value.split_at_checked(at))
    {
        Some((directory, name)) if !directory.is_empty() && name.len() > 1 => {
            let name = name.trim_start_matches(['/', '\\']);
            Observable::FilePath(directory.to_owned(), name.to_owned())
        }
        _ => Observable::FileName(value.to_owned()),
    }
}

/// A file name told from a domain by an ending that is no top-level domain.
fn program(value: &str) -> Option<Observable> {
    let ending = value
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_ascii_lowercase())?;
    let plain = !value.contains(['/', '\\', ' ', '@', ':']);
    let endings = [
        "exe", "dll", "bat", "cmd", "ps1", "vbs", "vbe", "scr", "doc", "docx", "docm", "xls",
        "xlsx", "xlsm", "ppt", "pptx", "rtf", "pdf", "jar", "apk", "msi", "lnk", "hta", "iso",
        "img", "sys", "elf",
    ];
    (plain && endings.contains(&ending.as_str())).then(|| Observable::FileName(value.to_owned()))
}

fn mac(value: &str) -> Option<Observable> {
    let parts: Vec<&str> = value.split([':', '-']).collect();
    let fits = parts.len() == 6
        && parts
            .iter()
            .all(|part| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit()));
    fits.then(|| Observable::Mac(parts.join(":").to_ascii_lowercase()))
}

/// The hive is written out, as STIX 2.1 section 6.17 asks.
fn registry_key(value: &str) -> Option<Observable> {
    let (hive, rest) = value.split_once('\\').unwrap_or((value, ""));
    let hive = match hive.to_ascii_uppercase().as_str() {
        "HKLM" | "HKEY_LOCAL_MACHINE" => "HKEY_LOCAL_MACHINE",
        "HKCU" | "HKEY_CURRENT_USER" => "HKEY_CURRENT_USER",
        "HKCR" | "HKEY_CLASSES_ROOT" => "HKEY_CLASSES_ROOT",
        "HKU" | "HKEY_USERS" => "HKEY_USERS",
        "HKCC" | "HKEY_CURRENT_CONFIG" => "HKEY_CURRENT_CONFIG",
        _ => return None,
    };
    let key = rest.trim_end_matches('\\');
    Some(Observable::RegistryKey(if key.is_empty() {
        hive.to_owned()
    } else {
        format!("{hive}\\{key}")
    }))
}

fn autonomous_system(value: &str) -> Option<Observable> {
    let digits = value
        .strip_prefix("AS")
        .or_else(|| value.strip_prefix("as"))
        .unwrap_or(value);
    digits.parse().ok().map(Observable::AutonomousSystem)
}

#[cfg(test)]
mod tests;

//! The STIX pattern for a value (STIX 2.1 section 9).
//!
//! In scope: which observable a value is compared with, and escaping. Three choices for URLs, because lists
//! often give a part of one:
//!
//! - host and path without scheme: equal to it under `http` or `https`, so that a lookup by value finds it;
//! - a URL that ends with its host: equal with and without the closing slash, which RFC 3986 section 6.2.3 holds
//!   to be the same;
//! - a path at any host: `MATCHES` an expression that begins at the path's start and ends at a boundary. `LIKE`
//!   would not do: its `_` and `%` stand in many paths and cannot be escaped, and `%/a.php` also matches
//!   `/x/a.php`.
//!
//! Out of scope: judging the value (`observable`).

use std::fmt::Write;
use std::net::IpAddr;

use super::observable::{Observable, Url};

/// Writes the pattern.
pub(super) fn of(observable: &Observable) -> String {
    let mut out = String::with_capacity(96);
    match observable {
        Observable::Address(ip) => equal(&mut out, path_of(ip), &ip.to_string()),
        Observable::Network(ip, length) => put(
            &mut out,
            format_args!("[{} ISSUBSET '{ip}/{length}']", path_of(ip)),
        ),
        Observable::Socket(ip, port) => {
            let family = if ip.is_ipv4() {
                "ipv4-addr"
            } else {
                "ipv6-addr"
            };
            put(
                &mut out,
                format_args!(
                    "[network-traffic:dst_ref.type = '{family}' AND network-traffic:dst_ref.value = '{ip}' AND \
                 network-traffic:dst_port = {port}]"
                ),
            );
        }
        Observable::Domain(name) => equal(&mut out, "domain-name:value", name),
        Observable::Subdomains(name) => {
            put(
                &mut out,
                format_args!("[domain-name:value LIKE '%.{}']", escaped(name)),
            );
        }
        Observable::Url(url) => of_url(&mut out, url),
        Observable::Email(address) => equal(&mut out, "email-addr:value", address),
        Observable::FileHash(algorithm, value) => of_hash(&mut out, "file", algorithm, value),
        Observable::CertificateHash(algorithm, value) => {
            of_hash(&mut out, "x509-certificate", algorithm, value);
        }
        Observable::FileName(name) => equal(&mut out, "file:name", name),
        Observable::FilePath(directory, name) => put(
            &mut out,
            format_args!(
                "[file:name = '{}' AND file:parent_directory_ref.path = '{}']",
                escaped(name),
                escaped(directory)
            ),
        ),
        Observable::Mac(address) => equal(&mut out, "mac-addr:value", address),
        Observable::UserAgent(agent) => equal(
            &mut out,
            "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'",
            agent,
        ),
        Observable::RegistryKey(key) => equal(&mut out, "windows-registry-key:key", key),
        Observable::Mutex(name) => equal(&mut out, "mutex:name", name),
        Observable::AutonomousSystem(number) => {
            put(
                &mut out,
                format_args!("[autonomous-system:number = {number}]"),
            );
        }
    }
    out
}

fn put(out: &mut String, text: std::fmt::Arguments) {
    out.write_fmt(text)
        .expect("writing to a string cannot fail");
}

fn path_of(ip: &IpAddr) -> &'static str {
    if ip.is_ipv4() {
        "ipv4-addr:value"
    } else {
        "ipv6-addr:value"
    }
}

fn equal(out: &mut String, path: &str, value: &str) {
    any_of(out, path, &[value]);
}

/// Equal to one of the values.
fn any_of<T: AsRef<str>>(out: &mut String, path: &str, values: &[T]) {
    for (index, value) in values.iter().enumerate() {
        out.push_str(if index == 0 { "[" } else { " OR " });
        out.push_str(path);
        out.push_str(" = '");
        out.push_str(&escaped(value.as_ref()));
        out.push('\'');
    }
    out.push(']');
}

fn of_hash(out: &mut String, object: &str, algorithm: &str, value: &str) {
    put(
        out,
        format_args!("[{object}:hashes.'{algorithm}' = '{}']", escaped(value)),
    );
}

fn of_url(out: &mut String, url: &Url) {
    match url {
        Url::Whole(text) => match host_end(text) {
            Some(bare) => any_of(out, "url:value", &[bare, &format!("{bare}/")]),
            None => equal(out, "url:value", text),
        },
        Url::Schemeless(text) if text.contains(['/', '?', '#']) => {
            any_of(
                out,
                "url:value",
                &[format!("http://{text}"), format!("https://{text}")],
            );
        }
        Url::Schemeless(host) => {
            let ends = [("http", ""), ("http", "/"), ("https", ""), ("https", "/")];
            any_of(
                out,
                "url:value",
                &ends.map(|(scheme, end)| format!("{scheme}://{host}{end}")),
            );
        }
        Url::Path(path) => {
            let expression = path_expression(path);
            put(
                out,
                format_args!("[url:value MATCHES '{}']", escaped(&expression)),
            );
        }
    }
}

/// The URL without its closing slash, if nothing follows its host.
fn host_end(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let bare = rest.strip_suffix('/').unwrap_or(rest);
    (!bare.contains(['/', '?', '#'])).then(|| url.strip_suffix('/').unwrap_or(url))
}

/// A regular expression for the URLs of any host whose path is this one: exactly, up to a query. A path that
/// ends with `/` stands for all below it, one with a query for all that begin with it.
fn path_expression(path: &str) -> String {
    let mut expression = String::with_capacity(path.len() + 40);
    expression.push_str("^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]+");
    for letter in path.chars() {
        if letter == ' ' {
            expression.push_str("( |%20)"); // lists write it plainly, requests encode it
            continue;
        }
        if r"\.+*?()|[]{}^$#".contains(letter) {
            expression.push('\\');
        }
        expression.push(letter);
    }
    if !path.ends_with('/') && !path.contains('?') {
        expression.push_str("([/?#]|$)");
    }
    expression
}

/// A text inside a pattern's quotation marks (STIX 2.1 section 9.4): `\` and `'` are escaped.
fn escaped(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains(['\\', '\'']) {
        return text.into();
    }
    text.replace('\\', r"\\").replace('\'', r"\'").into()
}

#[cfg(test)]
mod tests {
    use super::super::observable::judge;
    use super::super::words::word;
    use super::*;

    fn check(kind: &str, value: &str, expected: &str) {
        let observable = judge(word(kind).expect("a type word"), value).expect("a value that fits");
        assert_eq!(of(&observable), expected, "{kind} {value}");
    }

    #[test]
    fn every_kind_has_its_pattern() {
        check("ip", "192.0.2.1", "[ipv4-addr:value = '192.0.2.1']");
        check("ipv6", "2001:DB8::0:1", "[ipv6-addr:value = '2001:db8::1']");
        check(
            "cidr",
            "192.0.2.77/24",
            "[ipv4-addr:value ISSUBSET '192.0.2.0/24']",
        );
        check("cidr", "192.0.2.77/32", "[ipv4-addr:value = '192.0.2.77']");
        check(
            "cidr",
            "0.0.0.0/0",
            "[ipv4-addr:value ISSUBSET '0.0.0.0/0']",
        );
        check(
            "cidr",
            "2001:db8::1/32",
            "[ipv6-addr:value ISSUBSET '2001:db8::/32']",
        );
        check(
            "IPv4:Port",
            "192.0.2.1:443",
            "[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '192.0.2.1' AND \
             network-traffic:dst_port = 443]",
        );
        check(
            "domain",
            "WWW[.]Example.COM.",
            "[domain-name:value = 'www.example.com']",
        );
        check(
            "hostname",
            "*.example.com",
            "[domain-name:value LIKE '%.example.com']",
        );
    }

    #[test]
    fn mailboxes_and_files_have_theirs() {
        check(
            "email-src",
            "O'Neil[at]Example.org",
            r"[email-addr:value = 'O\'Neil@example.org']",
        );
        check(
            "FileHash-MD5",
            "D41D8CD98F00B204E9800998ECF8427E",
            "[file:hashes.'MD5' = 'd41d8cd98f00b204e9800998ecf8427e']",
        );
        check(
            "hash",
            &"a".repeat(40),
            &format!("[file:hashes.'SHA-1' = '{}']", "a".repeat(40)),
        );
        check("filename", r"it's.exe", r"[file:name = 'it\'s.exe']");
        check(
            "filepath",
            r"C:\Temp\a.exe",
            r"[file:name = 'a.exe' AND file:parent_directory_ref.path = 'C:\\Temp']",
        );
        check(
            "mac",
            "00-00-5E-00-53-AF",
            "[mac-addr:value = '00:00:5e:00:53:af']",
        );
        check(
            "regkey",
            r"HKLM\Software\Run",
            r"[windows-registry-key:key = 'HKEY_LOCAL_MACHINE\\Software\\Run']",
        );
        check("mutex", "Global-1", "[mutex:name = 'Global-1']");
        check("asn", "AS64496", "[autonomous-system:number = 64496]");
        check(
            "user-agent",
            "curl/8",
            "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'curl/8']",
        );
        check(
            "x509-fingerprint-sha1",
            &["ab"; 20].join(":"),
            &format!("[x509-certificate:hashes.'SHA-1' = '{}']", "ab".repeat(20)),
        );
    }

    #[test]
    fn parts_of_urls_match_what_the_list_means() {
        check(
            "url",
            "hxxp://example[.]com/a?b='",
            r"[url:value = 'http://example.com/a?b=\'']",
        );
        check(
            "url",
            "http://192.0.2.1",
            "[url:value = 'http://192.0.2.1' OR url:value = 'http://192.0.2.1/']",
        );
        check(
            "url",
            "http://192.0.2.1/",
            "[url:value = 'http://192.0.2.1' OR url:value = 'http://192.0.2.1/']",
        );
        check(
            "url",
            "Example.com/Wp/",
            "[url:value = 'http://example.com/Wp/' OR url:value = 'https://example.com/Wp/']",
        );
        check(
            "url",
            "/x/y.php",
            r"[url:value MATCHES '^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]+/x/y\\.php([/?#]|$)']",
        );
        check(
            "url",
            "//a b/",
            "[url:value MATCHES '^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]+//a( |%20)b/']",
        );
        check(
            "url",
            "/x/",
            "[url:value MATCHES '^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]+/x/']",
        );
        check(
            "url",
            "/x?a=",
            r"[url:value MATCHES '^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]+/x\\?a=']",
        );
    }
}

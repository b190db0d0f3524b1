//! The words that lists use for the type and the class of an indicator.
//!
//! In scope: the type words of common feeds and tools (maltrail, OTX, MISP, `ThreatFox`, `OpenCTI`, STIX itself).
//! Out of scope: values (`observable`).

/// What a type word asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// Nothing said: the value must speak for itself.
    Any,
    /// An address of either family, a network, or either with a port.
    Address,
    /// The same, IPv4 only.
    V4,
    /// The same, IPv6 only.
    V6,
    /// A domain or host name.
    Domain,
    /// A URL or a part of one.
    Url,
    /// A mailbox.
    Email,
    /// A file hash; the algorithm follows from its length.
    AnyHash,
    /// A file hash of this algorithm.
    Hash(Algorithm),
    /// A certificate's fingerprint; the algorithm follows from its length.
    Certificate,
    /// A file's name.
    FileName,
    /// A file's name with its directory.
    FilePath,
    /// A hardware address.
    Mac,
    /// An HTTP user agent.
    UserAgent,
    /// A Windows registry key.
    RegistryKey,
    /// A mutex.
    Mutex,
    /// An autonomous system number.
    AutonomousSystem,
}

/// A hash algorithm, as the open vocabulary `hash-algorithm-ov` spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Algorithm {
    /// Its name.
    pub(super) name: &'static str,
    /// How many hexadecimal digits it has; none for hashes that are not hexadecimal.
    pub(super) digits: Option<usize>,
}

const MD5: Algorithm = Algorithm {
    name: "MD5",
    digits: Some(32),
};
const SHA1: Algorithm = Algorithm {
    name: "SHA-1",
    digits: Some(40),
};
const SHA224: Algorithm = Algorithm {
    name: "SHA-224",
    digits: Some(56),
};
const SHA256: Algorithm = Algorithm {
    name: "SHA-256",
    digits: Some(64),
};
const SHA384: Algorithm = Algorithm {
    name: "SHA-384",
    digits: Some(96),
};
const SHA512: Algorithm = Algorithm {
    name: "SHA-512",
    digits: Some(128),
};
const SHA3_256: Algorithm = Algorithm {
    name: "SHA3-256",
    digits: Some(64),
};
const SHA3_512: Algorithm = Algorithm {
    name: "SHA3-512",
    digits: Some(128),
};
const SSDEEP: Algorithm = Algorithm {
    name: "SSDEEP",
    digits: None,
};
const TLSH: Algorithm = Algorithm {
    name: "TLSH",
    digits: None,
};

impl Algorithm {
    /// The algorithm that a plain hash of so many digits is of.
    pub(super) fn of_length(digits: usize) -> Option<Self> {
        [MD5, SHA1, SHA224, SHA256, SHA384, SHA512]
            .into_iter()
            .find(|algorithm| algorithm.digits == Some(digits))
    }
}

/// The kind that a type word names.
pub(super) fn word(text: &str) -> Option<Word> {
    let lower = text.trim().to_ascii_lowercase().replace(['_', ' '], "-");
    Some(match lower.as_str() {
        "" => Word::Any,
        "ip" | "ip-addr" | "ip-address" | "ipaddress" | "addr" | "address" | "ip-src"
        | "ip-dst" | "ip:port" | "ip-port" | "ip|port" | "ip-src|port" | "ip-dst|port"
        | "socket" | "cidr" | "net" | "network" | "netblock" | "subnet" | "ip-range" => {
            Word::Address
        }
        "ipv4" | "ip4" | "ipv4-addr" | "ipv4-address" | "ipv4:port" | "ipv4-port" | "ipv4|port"
        | "ipv4-cidr" | "cidr4" | "ipv4-net" | "ipv4-addr:value" => Word::V4,
        "ipv6" | "ip6" | "ipv6-addr" | "ipv6-address" | "ipv6:port" | "ipv6-port" | "ipv6|port"
        | "ipv6-cidr" | "cidr6" | "ipv6-net" | "ipv6-addr:value" => Word::V6,
        "domain" | "domain-name" | "domainname" | "dns" | "hostname" | "host" | "fqdn"
        | "host-name" | "subdomain" | "domain-name:value" => Word::Domain,
        "url" | "uri" | "link" | "http-url" | "url-path" | "uri-path" | "url:value" => Word::Url,
        "email" | "e-mail" | "email-addr" | "email-address" | "mail" | "email-src"
        | "email-dst" | "sender" | "email-addr:value" => Word::Email,
        "hash" | "file-hash" | "filehash" => Word::AnyHash,
        "md5" | "md5-hash" | "filehash-md5" | "file-hash-md5" | "hash-md5" => Word::Hash(MD5),
        "sha1" | "sha-1" | "sha1-hash" | "filehash-sha1" | "file-hash-sha1" | "hash-sha1" => {
            Word::Hash(SHA1)
        }
        "sha224" | "sha-224" => Word::Hash(SHA224),
        "sha256" | "sha-256" | "sha256-hash" | "filehash-sha256" | "file-hash-sha256"
        | "hash-sha256" => Word::Hash(SHA256),
        "sha384" | "sha-384" => Word::Hash(SHA384),
        "sha512" | "sha-512" | "sha512-hash" | "filehash-sha512" | "hash-sha512" => {
            Word::Hash(SHA512)
        }
        "sha3-256" => Word::Hash(SHA3_256),
        "sha3-512" => Word::Hash(SHA3_512),
        "ssdeep" => Word::Hash(SSDEEP),
        "tlsh" => Word::Hash(TLSH),
        "x509-fingerprint-md5"
        | "x509-fingerprint-sha1"
        | "x509-fingerprint-sha256"
        | "certificate"
        | "sslcert"
        | "ssl-cert"
        | "sslcertfingerprint"
        | "x509" => Word::Certificate,
        "file" | "filename" | "file-name" | "file:name" => Word::FileName,
        "filepath" | "file-path" | "path" => Word::FilePath,
        "mac" | "mac-addr" | "mac-address" | "mac-addr:value" => Word::Mac,
        "user-agent" | "useragent" | "http-user-agent" | "ua" => Word::UserAgent,
        "regkey"
        | "registry"
        | "registry-key"
        | "registrykey"
        | "windows-registry-key"
        | "reg-key" => Word::RegistryKey,
        "mutex" | "mutant" | "mutex-name" => Word::Mutex,
        "asn" | "as" | "as-number" | "autonomous-system" => Word::AutonomousSystem,
        _ => return None,
    })
}

/// The word of `indicator-type-ov` for the class that a list gives.
pub(super) fn indicator_type(class: &str) -> &'static str {
    match class.to_ascii_lowercase().as_str() {
        "malware" | "malicious" | "malicious-activity" | "c2" | "cc" | "c&c" | "botnet"
        | "botnet_cc" | "payload" | "payload_delivery" | "phishing" | "phish" | "exploit"
        | "ransomware" | "spam" | "attack" | "attacker" | "trojan" | "apt" | "bad"
        | "malware_download" => "malicious-activity",
        "suspicious" | "anomalous-activity" | "anomaly" | "scanner" | "scanning"
        | "reconnaissance" => "anomalous-activity",
        "anonymization" | "anonymizer" | "tor" | "vpn" | "proxy" => "anonymization",
        "benign" | "clean" | "allow" | "allowlist" | "whitelist" | "false-positive" => "benign",
        "compromised" | "hacked" | "infected" | "victim" => "compromised",
        "attribution" => "attribution",
        _ => "unknown",
    }
}

/// The words that [`word`] is most often asked for, to be shown where it knows none.
pub(super) const KNOWN: &str = "ip, ipv4, ipv6, ip:port, cidr, domain, hostname, url, email, md5, sha1, sha256, \
                                sha512, ssdeep, filename, filepath, mac, user-agent, registry-key, mutex, asn, \
                                certificate";

/// The marking definition of a TLP label (TLP 2.0 extension; `white` is 1.0's word for clear).
pub(super) fn tlp_marking(label: &str) -> Option<&'static str> {
    let label = label.trim().to_ascii_lowercase();
    Some(match label.strip_prefix("tlp:").unwrap_or(&label).trim() {
        "clear" | "white" => "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
        "green" => "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
        "amber" => "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
        "amber+strict" => "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
        "red" => "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
        _ => return None,
    })
}

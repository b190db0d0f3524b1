//! The values that an object stands for, taken for tables and lists.
//!
//! In scope: observables with one value, file hashes and names, and every `path = 'value'` comparison of an
//! indicator's STIX pattern.
//! Out of scope: what the pattern as a whole means: `A AND B` yields both values. `LIKE`, `MATCHES` and negated
//! comparisons name no single value and are passed over; `ISSUBSET` yields its network.

use super::Described;

/// A value and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) value: String,
    pub(super) kind: &'static str,
}

/// The values of an object; none for kinds that stand for no value.
pub(super) fn of(object: &Described) -> Vec<Found> {
    let one = |value: &Option<String>, kind| {
        value
            .iter()
            .map(|value| Found {
                value: value.clone(),
                kind,
            })
            .collect()
    };
    match object.kind.as_str() {
        "indicator" if object.pattern_type.as_deref().unwrap_or("stix") == "stix" => {
            of_pattern(object.pattern.as_deref().unwrap_or_default())
        }
        "ipv4-addr" => one(&object.value, "ipv4"),
        "ipv6-addr" => one(&object.value, "ipv6"),
        "domain-name" => one(&object.value, "domain"),
        "url" => one(&object.value, "url"),
        "email-addr" => one(&object.value, "email"),
        "mac-addr" => one(&object.value, "mac"),
        "mutex" => one(&object.name, "mutex"),
        "windows-registry-key" => one(&object.key, "registry-key"),
        "directory" => one(&object.path, "directory"),
        "autonomous-system" => one(&object.number.map(|number| number.to_string()), "asn"),
        "file" => {
            let hashes = object.hashes.iter().flatten();
            let hashes = hashes.filter_map(|(name, value)| {
                Some(Found {
                    value: value.clone(),
                    kind: hash(name)?,
                })
            });
            hashes.chain(one(&object.name, "filename")).collect()
        }
        _ => Vec::new(),
    }
}

fn hash(name: &str) -> Option<&'static str> {
    Some(match name {
        "MD5" => "md5",
        "SHA-1" => "sha1",
        "SHA-256" => "sha256",
        "SHA-512" => "sha512",
        "SHA3-256" => "sha3-256",
        "SHA3-512" => "sha3-512",
        "SSDEEP" => "ssdeep",
        "TLSH" => "tlsh",
        _ => return None,
    })
}

fn kind_of_path(path: &str) -> Option<&'static str> {
    Some(match path {
        "ipv4-addr:value" => "ipv4",
        "ipv6-addr:value" => "ipv6",
        "domain-name:value" => "domain",
        "url:value" => "url",
        "email-addr:value" => "email",
        "mac-addr:value" => "mac",
        "mutex:name" => "mutex",
        "file:name" => "filename",
        "windows-registry-key:key" => "registry-key",
        "autonomous-system:number" => "asn",
        "network-traffic:dst_ref.value" | "network-traffic:src_ref.value" => "ip",
        _ => return hash(path.strip_prefix("file:hashes.")?.trim_matches('\'')),
    })
}

/// The equality comparisons of a pattern, in order, each value once.
fn of_pattern(pattern: &str) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let tokens = tokens(pattern);
    for window in tokens.windows(3) {
        let [Token::Word(path), Token::Word(operator), constant] = window else {
            continue;
        };
        if !matches!(operator.as_str(), "=" | "==" | "ISSUBSET") {
            continue;
        }
        let value = match constant {
            Token::Text(value) | Token::Word(value) => value.clone(),
        };
        let Some(kind) = kind_of_path(path) else {
            continue;
        };
        let kind = if operator == "ISSUBSET" { "cidr" } else { kind };
        let entry = Found { value, kind };
        if !found.contains(&entry) {
            found.push(entry);
        }
    }
    found
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    /// A string constant, unescaped.
    Text(String),
}

/// Cuts a pattern into paths, operators and constants. A quotation mark inside a path belongs to the path.
fn tokens(pattern: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => tokens.push(Token::Text(quoted(&mut letters).0)),
            '[' | ']' | '(' | ')' | ',' => {}
            '=' | '!' | '<' | '>' => {
                let mut word = letter.to_string();
                while let Some(next) = letters.next_if(|next| matches!(next, '=' | '<' | '>')) {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
            blank if blank.is_whitespace() => {}
            first => {
                let mut word = first.to_string();
                while let Some(next) =
                    letters.next_if(|next| !next.is_whitespace() && !"=!<>()],".contains(*next))
                {
                    word.push(next);
                    if next == '\'' {
                        word.push_str(&quoted(&mut letters).1);
                    }
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    tokens
}

/// What stands up to the closing quotation mark: unescaped, and as written.
fn quoted(letters: &mut impl Iterator<Item = char>) -> (String, String) {
    let (mut plain, mut written) = (String::new(), String::new());
    while let Some(letter) = letters.next() {
        written.push(letter);
        match letter {
            '\'' => break,
            '\\' => {
                if let Some(next) = letters.next() {
                    written.push(next);
                    plain.push(next);
                }
            }
            other => plain.push(other),
        }
    }
    (plain, written)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, expected: &[(&str, &str)]) {
        let found: Vec<_> = of_pattern(pattern)
            .into_iter()
            .map(|found| (found.value, found.kind))
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(value, kind)| ((*value).to_owned(), *kind))
            .collect();
        assert_eq!(found, expected, "{pattern}");
    }

    #[test]
    fn equal_comparisons_yield_their_values() {
        check("[ipv4-addr:value = '192.0.2.1']", &[("192.0.2.1", "ipv4")]);
        check(
            "[domain-name:value='a.example' OR url:value = 'http://a.example/it\\'s']",
            &[("a.example", "domain"), ("http://a.example/it's", "url")],
        );
        check(
            "[file:hashes.'SHA-256' = 'ab' AND file:hashes.MD5 = 'cd']",
            &[("ab", "sha256"), ("cd", "md5")],
        );
        check(
            "[ipv4-addr:value ISSUBSET '192.0.2.0/24']",
            &[("192.0.2.0/24", "cidr")],
        );
        check("[autonomous-system:number = 64496]", &[("64496", "asn")]);
        check(
            "[ipv4-addr:value = '192.0.2.1'] FOLLOWEDBY [ipv4-addr:value = '192.0.2.1']",
            &[("192.0.2.1", "ipv4")],
        );
    }

    #[test]
    fn comparisons_without_one_value_yield_none() {
        for pattern in [
            "[url:value LIKE '%a%']",
            "[url:value MATCHES 'a']",
            "[domain-name:value != 'a.example']",
            "[domain-name:value NOT = 'a.example']",
            "[x-custom:thing = 'a']",
            "[url:value = '",
            "",
        ] {
            let found = of_pattern(pattern);
            assert!(
                found.iter().all(|found| found.value.is_empty()),
                "{pattern}: {found:?}"
            );
        }
    }
}

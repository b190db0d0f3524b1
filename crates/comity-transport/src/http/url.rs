//! Addresses: which may be asked, and how they are shown without giving anything away.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;

use super::HttpError;

/// Reads an address as a person types it. Credentials in it are refused: they would end up in logs and lists.
///
/// # Errors
/// When it is not an http or https address, or holds credentials.
pub fn parse(text: &str) -> Result<Url, HttpError> {
    let text = text.trim();
    let hidden = match text.rsplit_once('@') {
        Some((_, rest)) => format!("...@{rest}"),
        None => text.to_owned(),
    };
    let refused = |reason: &str| HttpError::Url {
        shown: hidden.clone(),
        reason: reason.to_owned(),
    };
    let url = Url::parse(text)
        .map_err(|_| refused("write it whole, like https://taxii.example.com/taxii2/"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused(
            "take the user name and password out of it and give them as credentials",
        ));
    }
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(refused(
            "only https (and http to this machine) addresses can be asked",
        ));
    }
    Ok(url)
}

/// Whether a request may go there.
pub(super) fn admissible(url: &Url, plain_http: bool) -> Result<(), HttpError> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if plain_http || loopback(url) => Ok(()),
        "http" => Err(HttpError::PlainHttp { host: host(url) }),
        _ => Err(HttpError::Url {
            shown: shown(url),
            reason: "use https".to_owned(),
        }),
    }
}

fn loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let plain = host.trim_start_matches('[').trim_end_matches(']');
    match plain.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => ip.is_loopback(),
        Ok(IpAddr::V6(ip)) => {
            ip == Ipv6Addr::LOCALHOST
                || ip
                    .to_ipv4_mapped()
                    .is_some_and(|ip: Ipv4Addr| ip.is_loopback())
        }
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// Host and port, as errors name them.
pub(crate) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or("an address without host");
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// The address without query and credentials.
pub(crate) fn shown(url: &Url) -> String {
    format!("{}://{}{}", url.scheme(), host(url), url.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_goes_to_this_machine_only() {
        let check = |text: &str, expected: bool| {
            let url = parse(text).expect("a URL");
            assert_eq!(admissible(&url, false).is_ok(), expected, "{text}");
            assert!(admissible(&url, true).is_ok());
        };
        check("https://taxii.example.com/", true);
        check("http://taxii.example.com/", false);
        check("http://127.0.0.1:8080/", true);
        check("http://127.9.9.9/", true);
        check("http://[::1]:8080/", true);
        check("http://[::ffff:127.0.0.1]/", true);
        check("http://localhost/", true);
        check("http://192.0.2.1/", false);
        check("http://localhost.example.com/", false);
    }

    #[test]
    fn addresses_with_credentials_are_refused_and_not_shown() {
        for text in [
            "https://user:sesame@example.com/",
            "https://us:er:sesame@exa mple.com/",
            "ftp://example.com",
            "x",
        ] {
            let error = parse(text).expect_err("refused").to_string();
            assert!(!error.contains("sesame"), "{error}");
        }
        let url = Url::parse("https://user:sesame@example.com:8443/a/?q=1").expect("a URL");
        assert_eq!(shown(&url), "https://example.com:8443/a/");
    }
}

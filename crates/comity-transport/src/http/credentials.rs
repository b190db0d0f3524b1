//! Who we are to another server. Never shown: `Debug` hides the secrets.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;

/// Credentials for one origin.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// RFC 7617.
    Basic {
        /// The user's name; it holds no colon.
        user: String,
        /// The password.
        password: String,
    },
    /// RFC 6750.
    Bearer(String),
}

impl Credentials {
    /// The header's value, marked as a secret so that nothing logs it.
    pub(super) fn header(&self) -> HeaderValue {
        let text = match self {
            Self::Basic { user, password } => {
                format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
            }
            Self::Bearer(token) => format!("Bearer {token}"),
        };
        // A token with a line break can only be a mistake; an empty header then ends in a plain 401.
        let mut value = HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""));
        value.set_sensitive(true);
        value
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Basic { user, .. } => f
                .debug_struct("Basic")
                .field("user", user)
                .finish_non_exhaustive(),
            Self::Bearer(_) => f.write_str("Bearer(..)"),
        }
    }
}

/// A proxy's address, which may hold credentials of its own. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyAddress(String);

impl ProxyAddress {
    /// An address like `http://proxy.example.com:3128`; judged when the client is set up.
    pub fn new(address: String) -> Self {
        Self(address)
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ProxyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProxyAddress(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_sent_and_not_shown() {
        let basic = Credentials::Basic {
            user: "analyst".to_owned(),
            password: "open sesame".to_owned(),
        };
        let bearer = Credentials::Bearer("secret-token".to_owned());
        assert_eq!(basic.header(), "Basic YW5hbHlzdDpvcGVuIHNlc2FtZQ==");
        assert_eq!(bearer.header(), "Bearer secret-token");
        let shown = format!("{basic:?} {bearer:?} {:?}", basic.header());
        assert!(
            shown.contains("analyst") && !shown.contains("sesame") && !shown.contains("secret"),
            "{shown}"
        );
    }
}

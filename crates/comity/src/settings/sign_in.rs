//! The settings of signing in: the table `sign_in.oidc`.
//!
//! In scope: their reference, and what they come to. Out of scope: what is done with them (`comity-node`).

use std::path::{Path, PathBuf};

use comity_node::account::oidc::{OidcTerms, is_usable};
use serde::Deserialize;

use super::sending::first_line;
use super::{Entry, entry};
use crate::failure::Failure;

/// How persons sign in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SignInSettings {
    pub(crate) oidc: OidcSettings,
}

/// The provider of identities.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OidcSettings {
    issuer: String,
    client_id: String,
    client_secret_file: PathBuf,
    name: String,
    second_factor: String,
    pub(crate) ca_file: PathBuf,
}

/// The keys in their order, each with its default.
pub(super) const REFERENCE: &[Entry] = &[
    entry(
        "sign_in.oidc",
        "issuer",
        "\"\"",
        "The provider of identities (OpenID Connect) by which persons may sign in: its issuer, https://HOST[/PATH], as its ID tokens \
           name it. It sends browsers back to /sign-in/oidc/return at the address of the pages. Empty: there is none.",
    ),
    entry(
        "sign_in.oidc",
        "client_id",
        "\"\"",
        "How the provider names this node.",
    ),
    entry(
        "sign_in.oidc",
        "client_secret_file",
        "\"\"",
        "The file that holds the client's secret, in its first line; for the owner only.",
    ),
    entry(
        "sign_in.oidc",
        "name",
        "\"\"",
        "What persons call the provider, on the page where they sign in. Empty: the issuer.",
    ),
    entry(
        "sign_in.oidc",
        "second_factor",
        "\"\"",
        "Words with spaces between them: an ID token with one of them in acr or amr stands for the second factor of an account that has \
           one here. Empty: such an account gives its code as well.",
    ),
    entry(
        "sign_in.oidc",
        "ca_file",
        "\"\"",
        "A PEM file of certificates to trust beside the system's when the provider is asked.",
    ),
];

impl OidcSettings {
    /// The values in the order of [`REFERENCE`], as TOML.
    pub(super) fn values(&self) -> Vec<String> {
        let text = |value: &str| format!("{value:?}");
        let path = |value: &Path| format!("{:?}", value.to_string_lossy());
        vec![
            text(&self.issuer),
            text(&self.client_id),
            path(&self.client_secret_file),
            text(&self.name),
            text(&self.second_factor),
            path(&self.ca_file),
        ]
    }

    /// What the node is told; nothing where there is no provider.
    pub(crate) fn terms(&self) -> Result<Option<OidcTerms>, Failure> {
        if self.issuer.is_empty() {
            return Ok(None);
        }
        if !is_usable(&self.issuer) || self.issuer.contains('?') {
            return Err(Failure::no(
                format!("sign_in.oidc.issuer: {:?} is no issuer", self.issuer),
                "write it as the provider's own document has it, such as https://id.alpha.example; without TLS only on this machine",
            ));
        }
        if self.client_id.is_empty() {
            return Err(Failure::no(
                "sign_in.oidc.client_id is missing",
                "register this node at the provider, and write down how it is named there",
            ));
        }
        let name = if self.name.is_empty() {
            &self.issuer
        } else {
            &self.name
        };
        Ok(Some(OidcTerms {
            issuer: self.issuer.clone(),
            client: self.client_id.clone(),
            secret: first_line("sign_in.oidc.client_secret_file", &self.client_secret_file)?,
            name: name.clone(),
            second_factor: self
                .second_factor
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_needs_an_issuer_by_tls_a_name_for_this_node_and_a_secret() {
        assert_eq!(OidcSettings::default().terms().unwrap(), None);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "a long word\n").unwrap();
        let settings = |text: &str| OidcSettings {
            client_secret_file: path.clone(),
            ..toml::from_str(text).unwrap()
        };
        let whole = settings(
            "issuer = \"https://id.example\"\nclient_id = \"comity\"\nsecond_factor = \" otp  hwk\"",
        );
        let terms = whole.terms().unwrap().unwrap();
        assert_eq!(terms.name, "https://id.example");
        assert_eq!(terms.second_factor, ["otp", "hwk"]);
        assert_eq!(terms.secret.as_str(), "a long word");
        assert!(!format!("{terms:?}").contains("long word"));
        for wrong in [
            "issuer = \"http://id.example\"\nclient_id = \"comity\"",
            "issuer = \"id.example\"\nclient_id = \"comity\"",
            "issuer = \"https://id.example\"",
        ] {
            assert!(settings(wrong).terms().is_err(), "{wrong}");
        }
        let without = OidcSettings {
            client_secret_file: folder.path().join("nothing"),
            ..whole
        };
        assert!(without.terms().is_err());
    }
}

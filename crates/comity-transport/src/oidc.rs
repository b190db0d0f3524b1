//! Asking a provider of identities for the node, by the HTTP client of the project.
//!
//! In scope: calls that wait, for threads that may. Out of scope: what is asked and what an answer means (`comity-node`).
//! Limits: [`options`].

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use comity_node::account::oidc::Outside;
use reqwest::Method;
use tokio::runtime::Handle;

use crate::http::{Client, ClientOptions, Credentials, HttpError, Request, parse_url};

/// The longest answer, in bytes.
const ANSWER_BYTES_MAX: usize = 256 * 1_024;

/// A client for one provider. Waits on a runtime, so it is called from threads that are none of its own tasks.
#[derive(Debug)]
pub struct ProviderClient {
    client: Client,
    runtime: Handle,
}

/// How a provider is asked: within seconds, following nothing.
fn options(extra_ca_file: Option<PathBuf>) -> ClientOptions {
    ClientOptions {
        connect_timeout: Duration::from_secs(5),
        read_timeout: Duration::from_secs(5),
        total_timeout: Duration::from_secs(10),
        answer_bytes_max: ANSWER_BYTES_MAX,
        redirects_max: 0,
        attempts_max: 1,
        extra_ca_file,
        ..ClientOptions::default()
    }
}

impl ProviderClient {
    /// Sets the client up, with a PEM file of certificates to trust beside the system's.
    ///
    /// # Errors
    /// When that file cannot be used.
    pub fn new(extra_ca_file: Option<PathBuf>, runtime: Handle) -> Result<Self, HttpError> {
        Ok(Self {
            client: Client::new(options(extra_ca_file))?,
            runtime,
        })
    }

    fn send(
        &self,
        method: Method,
        url: &str,
        body: Option<(&'static str, Bytes)>,
        credentials: Option<&Credentials>,
    ) -> Result<(u16, Vec<u8>), String> {
        let told = |error: HttpError| error.to_string();
        let url = parse_url(url).map_err(told)?;
        let request = Request {
            method,
            url: url.clone(),
            accept: "application/json",
            body,
            credentials: credentials.map(|credentials| (credentials, &url)),
            repeatable: false,
            wait_seconds: None,
        };
        let answer = self.runtime.block_on(self.client.send(&request));
        let answer = answer.map_err(told)?;
        Ok((answer.status.as_u16(), answer.body.to_vec()))
    }
}

impl Outside for ProviderClient {
    fn get(&self, url: &str) -> Result<Vec<u8>, String> {
        match self.send(Method::GET, url, None, None)? {
            (200, body) => Ok(body),
            (status, _) => Err(format!("{url} answers with status {status}")),
        }
    }

    fn post(
        &self,
        url: &str,
        form: String,
        basic: Option<(String, String)>,
    ) -> Result<(u16, Vec<u8>), String> {
        let credentials = basic.map(|(user, password)| Credentials::Basic { user, password });
        let body = ("application/x-www-form-urlencoded", Bytes::from(form));
        self.send(Method::POST, url, Some(body), credentials.as_ref())
    }
}

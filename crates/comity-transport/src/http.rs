//! The HTTP client: every request that Comity makes goes through [`Client::send`].
//!
//! In scope: TLS 1.2 and 1.3 against the system's roots and one extra CA file; plain HTTP to loopback only,
//! unless allowed; time limits; answers unpacked up to a size limit; redirects, which never take credentials to
//! another origin; retries with growing, jittered waits, obeying `Retry-After`.
//! Out of scope: what is in a body; cookies; caches. Proxies come from the options, never from the environment.
//!
//! Limits: [`ClientOptions`].

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::{Method, StatusCode, Url};
use tokio::time::Instant;

mod body;
mod credentials;
mod retry;
pub(crate) mod url;

pub use credentials::{Credentials, ProxyAddress};
pub use url::parse as parse_url;

/// How the client behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientOptions {
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long the other side may be silent inside an answer.
    pub read_timeout: Duration,
    /// How long one attempt may take in all.
    pub total_timeout: Duration,
    /// The longest answer, after unpacking.
    pub answer_bytes_max: usize,
    /// How many redirects are followed.
    pub redirects_max: u8,
    /// How many attempts a request gets.
    pub attempts_max: u8,
    /// The first wait between two attempts; it doubles up to [`WAIT_MAX`].
    pub wait_first: Duration,
    /// Speak plain HTTP to hosts other than loopback too.
    pub plain_http: bool,
    /// A PEM file of certificates to trust beside the system's.
    pub extra_ca_file: Option<PathBuf>,
    /// The proxy that all requests go through.
    pub proxy: Option<ProxyAddress>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_mins(1),
            total_timeout: Duration::from_mins(5),
            answer_bytes_max: ANSWER_BYTES_MAX,
            redirects_max: 5,
            attempts_max: 5,
            wait_first: Duration::from_millis(500),
            plain_http: false,
            extra_ca_file: None,
            proxy: None,
        }
    }
}

/// Default for one answer: a page of 1,000 large objects with room to spare.
pub const ANSWER_BYTES_MAX: usize = 128 * 1024 * 1024;
/// The longest wait between two attempts, whatever the other side asks for.
pub const WAIT_MAX: Duration = Duration::from_mins(2);

/// What is said to the other side.
const USER_AGENT: &str = concat!("comity/", env!("CARGO_PKG_VERSION"));

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The text is not a URL that can be asked.
    #[error("`{shown}` cannot be used: {reason}")]
    Url {
        /// The text, without credentials.
        shown: String,
        /// What to do.
        reason: String,
    },
    /// The URL would send everything in the clear.
    #[error("{host} would be asked over plain HTTP, readable by everybody on the way")]
    PlainHttp {
        /// The host.
        host: String,
    },
    /// The client could not be set up.
    #[error("cannot set up the HTTP client: {reason}")]
    Setup {
        /// What to do.
        reason: String,
    },
    /// The extra CA file is not usable.
    #[error("cannot use the CA file {path}: it must hold certificates in PEM", path = path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No connection.
    #[error("cannot connect to {host}")]
    Connect {
        /// The host.
        host: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Too slow.
    #[error("{host} did not answer in time: try again later or raise the time limits")]
    Timeout {
        /// The host.
        host: String,
    },
    /// The connection broke.
    #[error("the connection to {host} broke before the answer was whole: try again")]
    Broken {
        /// The host.
        host: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The answer is too long.
    #[error(
        "the answer of {host} is longer than {limit} bytes unpacked: ask for smaller pages or raise the limit"
    )]
    TooLarge {
        /// The host.
        host: String,
        /// The limit.
        limit: usize,
    },
    /// The answer is packed in a way that cannot be undone.
    #[error(
        "the answer of {host} is damaged or packed in an unknown way ({encoding}): tell its operator"
    )]
    Encoding {
        /// The host.
        host: String,
        /// The content encoding.
        encoding: String,
    },
    /// A redirect that is not followed.
    #[error("{host} redirects to {target}, which is not followed: {reason}")]
    Redirect {
        /// The host.
        host: String,
        /// Where to, without query.
        target: String,
        /// Why not, and what to do.
        reason: String,
    },
}

/// A request.
#[derive(Debug, Clone)]
pub struct Request<'r> {
    /// Its method.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// What answers are wanted.
    pub accept: &'static str,
    /// The body and its media type.
    pub body: Option<(&'static str, Bytes)>,
    /// Sent only to the origin that they are given with.
    pub credentials: Option<(&'r Credentials, &'r Url)>,
    /// Sending it twice does no more than sending it once, so it may be repeated after a failure.
    pub repeatable: bool,
    /// The other side may take so long before it answers (`Prefer: wait`, RFC 7240 section 4.3).
    pub wait_seconds: Option<u64>,
}

/// An answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, unpacked.
    pub body: Bytes,
    /// Where it came from, after redirects.
    pub url: Url,
}

impl Answer {
    /// A header as text; none where it is absent or not ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The client. A clone shares its connections.
#[derive(Debug, Clone)]
pub struct Client {
    inner: reqwest::Client,
    options: ClientOptions,
    started: Instant,
}

impl Client {
    /// Sets the client up; reads the CA file if there is one.
    ///
    /// # Errors
    /// When the CA file, the proxy or the system's roots cannot be used.
    pub fn new(options: ClientOptions) -> Result<Self, HttpError> {
        let extra = match &options.extra_ca_file {
            Some(path) => certificates(path)?,
            None => Vec::new(),
        };
        let setup = |error: reqwest::Error| HttpError::Setup {
            reason: chain(&error),
        };
        let inner = match builder(&options)?.tls_certs_merge(extra.clone()).build() {
            Ok(inner) => inner,
            Err(error) => {
                // A machine without ca-certificates: plain HTTP to loopback and the extra CA must work all the same.
                let inner = builder(&options)?
                    .tls_certs_only(extra)
                    .build()
                    .map_err(setup)?;
                let error = chain(&error);
                tracing::warn!(
                    error,
                    "system certificates cannot be used; install ca-certificates to reach others"
                );
                inner
            }
        };
        Ok(Self {
            inner,
            options,
            started: Instant::now(),
        })
    }

    /// Sends a request, again where that can help, and reads the whole answer. A status is not an error.
    ///
    /// # Errors
    /// When there is no answer, or one that cannot be read.
    pub async fn send(&self, request: &Request<'_>) -> Result<Answer, HttpError> {
        let mut attempt = 1;
        loop {
            let outcome = self.follow(request).await;
            let wait = match &outcome {
                Ok(answer) => retry::wait_asked(answer),
                Err(
                    HttpError::Connect { .. }
                    | HttpError::Timeout { .. }
                    | HttpError::Broken { .. },
                ) => Some(None),
                Err(_) => None,
            };
            let Some(asked) = wait else { return outcome };
            if attempt >= self.options.attempts_max || !request.repeatable {
                return outcome;
            }
            let own = retry::backoff(self.options.wait_first, attempt, self.started.elapsed());
            let wait = asked
                .unwrap_or(own)
                .max(own.min(self.options.wait_first))
                .min(WAIT_MAX);
            let wait_ms = wait.as_millis();
            tracing::debug!(host = %url::host(&request.url), attempt, wait_ms, "request will be repeated");
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    /// One attempt, redirects included.
    async fn follow(&self, request: &Request<'_>) -> Result<Answer, HttpError> {
        let mut target = request.url.clone();
        for _ in 0..=self.options.redirects_max {
            url::admissible(&target, self.options.plain_http)?;
            let answer = self.once(request, &target).await?;
            let Some(next) = redirection(request, &answer)? else {
                return Ok(answer);
            };
            target = next;
        }
        Err(HttpError::Redirect {
            host: url::host(&request.url),
            target: url::shown(&target),
            reason: format!(
                "more than {} redirects follow each other",
                self.options.redirects_max
            ),
        })
    }

    async fn once(&self, request: &Request<'_>, target: &Url) -> Result<Answer, HttpError> {
        let host = url::host(target);
        let mut sent = self
            .inner
            .request(request.method.clone(), target.clone())
            .header(ACCEPT, request.accept)
            .header(ACCEPT_ENCODING, body::ACCEPTED);
        if let Some((credentials, origin)) = request.credentials
            && origin.origin() == target.origin()
        {
            sent = sent.header(AUTHORIZATION, credentials.header());
        }
        if let Some(seconds) = request.wait_seconds {
            sent = sent.header("prefer", format!("wait={seconds}"));
        }
        if let Some((media_type, body)) = &request.body {
            sent = sent.header(CONTENT_TYPE, *media_type).body(body.clone());
        }
        let answer = sent.send().await.map_err(|error| failed(error, &host))?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let packed = body::collect(answer, self.options.answer_bytes_max, &host).await?;
        let body = body::unpack(packed, &headers, self.options.answer_bytes_max, &host)?;
        Ok(Answer {
            status,
            headers,
            body,
            url: target.clone(),
        })
    }
}

fn builder(options: &ClientOptions) -> Result<reqwest::ClientBuilder, HttpError> {
    let builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(options.connect_timeout)
        .read_timeout(options.read_timeout)
        .timeout(options.total_timeout)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy();
    let Some(proxy) = &options.proxy else {
        return Ok(builder);
    };
    let proxy = reqwest::Proxy::all(proxy.text()).map_err(|_| HttpError::Setup {
        reason: "the proxy's address is not valid: write it like http://proxy.example.com:3128"
            .to_owned(),
    })?;
    Ok(builder.proxy(proxy))
}

fn certificates(path: &Path) -> Result<Vec<reqwest::Certificate>, HttpError> {
    let bad = |source| HttpError::CaFile {
        path: path.to_owned(),
        source,
    };
    let pem = std::fs::read(path).map_err(|error| bad(error.into()))?;
    let found = reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| bad(error.into()))?;
    if found.is_empty() {
        return Err(bad("it holds no certificate".into()));
    }
    Ok(found)
}

/// Where the answer sends the client, if it may go there.
fn redirection(request: &Request, answer: &Answer) -> Result<Option<Url>, HttpError> {
    let reading = matches!(request.method, Method::GET | Method::HEAD);
    let kept = match answer.status.as_u16() {
        301..=303 => reading,
        307 | 308 => true,
        _ => return Ok(None),
    };
    let host = url::host(&answer.url);
    let location = answer.header(LOCATION.as_str()).unwrap_or_default();
    let refused = |target: String, reason: &str| HttpError::Redirect {
        host: host.clone(),
        target,
        reason: reason.to_owned(),
    };
    let target = answer
        .url
        .join(location)
        .map_err(|_| refused("no valid address".to_owned(), "tell its operator"))?;
    let shown = url::shown(&target);
    if !kept {
        return Err(refused(
            shown,
            "a write would become a read; use the address it names",
        ));
    }
    if !reading && target.origin() != answer.url.origin() {
        return Err(refused(
            shown,
            "a write goes only to the host that it is meant for; use the address it names",
        ));
    }
    if answer.url.scheme() == "https" && target.scheme() != "https" {
        return Err(refused(shown, "it leaves https; tell its operator"));
    }
    Ok(Some(target))
}

fn failed(error: reqwest::Error, host: &str) -> HttpError {
    let host = host.to_owned();
    let error = error.without_url();
    if error.is_timeout() {
        HttpError::Timeout { host }
    } else if error.is_connect() {
        HttpError::Connect {
            host,
            source: error.into(),
        }
    } else {
        HttpError::Broken {
            host,
            source: error.into(),
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}

#[cfg(test)]
mod tests;

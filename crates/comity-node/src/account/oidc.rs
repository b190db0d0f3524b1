//! Signing in by a provider of identities: `OpenID` Connect Core 1.0, the authorization code flow with PKCE (RFC 7636), `state`,
//! `nonce`, and `iss` in the answer (RFC 9207).
//!
//! A provider says who somebody is there; which account that is, is said here: an administrator links an identity to an account, or
//! its person does while signed in. No account is made by signing in.
//!
//! In scope: both ways of the flow, links between identities and accounts. Out of scope: HTTP (whoever gives an [`Outside`]), pages.
//! Limits: [`FLIGHT_MICROS`], [`PROOF_MICROS`], those of `outstanding`, `id_token` and `provider`.

mod id_token;
mod provider;

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;

use aws_lc_rs::constant_time;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use comity_store::error::StoreError;
use comity_store::state::account;
use comity_store::state::audit;
use comity_store::state::identity::{self as rows, IdentityRow};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::account::audit::{Act, Entering, act_row};
use crate::account::outstanding::SECRET_BYTES;
use crate::account::passkey::fresh_session;
use crate::account::second_factor::escaped;
use crate::account::session::{OpenedSession, digest};
use crate::account::{AccountError, SignInError, hex};
use crate::clock::random_bytes;
use crate::ledger::grant::{Grant, Right};
use crate::node::Node;
use crate::person::Person;

use self::id_token::{Expected, SUBJECT_BYTES_MAX};
pub(crate) use self::provider::Provider;
pub use self::provider::{Outside, is_usable};

/// How long somebody may take at the provider: ten minutes, in microseconds.
pub const FLIGHT_MICROS: i64 = 600_000_000;
/// How long a code may take after the provider: five minutes, in microseconds.
pub const PROOF_MICROS: i64 = 300_000_000;

/// How sessions are called that the provider opened: alone, with a code, with a recovery code.
const MEANS: [&str; 3] = ["oidc", "oidc+code", "oidc+recovery"];

/// What was agreed with the provider of identities.
#[derive(Clone, PartialEq, Eq)]
pub struct OidcTerms {
    /// The provider, as its ID tokens name it.
    pub issuer: String,
    /// How it names this node.
    pub client: String,
    /// By what this node shows it that it is that one.
    pub secret: Zeroizing<String>,
    /// What persons call it.
    pub name: String,
    /// Words of `acr` or `amr`, any of which stands for the second factor of an account that has one here.
    pub second_factor: Vec<String>,
}

impl std::fmt::Debug for OidcTerms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OidcTerms")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// Why nobody is signed in or linked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OidcError {
    /// No provider is set.
    #[error("this node has no provider of identities")]
    NotSet,
    /// The provider cannot be asked.
    #[error("the provider of identities cannot be asked: {0}")]
    Provider(String),
    /// The answer belongs to nothing that this browser began, or came too late or twice.
    #[error(
        "the answer of the provider belongs to nothing that was begun in this browser within ten minutes"
    )]
    Late,
    /// The provider let nobody in.
    #[error("the provider of identities let nobody in")]
    Declined,
    /// What the provider says does not count.
    #[error("what the provider says does not count: {0}")]
    Token(&'static str),
    /// Nobody here is who the provider says it is.
    #[error("no account is linked to {0:?} of the provider")]
    NotLinked(String),
    /// It cannot be linked.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// Nobody is let in.
    #[error(transparent)]
    SignIn(#[from] SignInError),
}

impl From<StoreError> for OidcError {
    fn from(error: StoreError) -> Self {
        Self::SignIn(SignInError::Store(error))
    }
}

/// What somebody is to be sent to the provider with.
#[derive(Clone, PartialEq, Eq)]
pub struct Departure {
    /// Where to.
    pub url: String,
    /// What the browser keeps meanwhile, so that no other comes back in its place.
    pub cookie: String,
}

impl std::fmt::Debug for Departure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Departure(…)")
    }
}

/// What a browser comes back from the provider with.
#[derive(Clone, Copy)]
pub struct Returned<'a> {
    /// `state`.
    pub state: &'a str,
    /// `code`; none where the provider let nobody in.
    pub code: Option<&'a str>,
    /// `iss` (RFC 9207).
    pub iss: Option<&'a str>,
    /// What the browser kept.
    pub cookie: &'a str,
    /// Who is signed in.
    pub person: Option<&'a Person>,
}

/// What became of it.
#[derive(Debug)]
pub enum Arrival {
    /// Somebody is signed in, and wanted to go there.
    Opened(OpenedSession, String),
    /// The account has a second factor, for which the provider does not stand: whoever shows this proof gives a code.
    CodeNeeded(String),
    /// An identity is linked to the account of whoever is signed in.
    Linked,
}

/// What waits while somebody is at the provider.
#[derive(Debug)]
pub(crate) struct Flight {
    browser: [u8; 32],
    nonce: String,
    verifier: String,
    redirect: String,
    next: String,
    /// The account and the session that ask for a link; none where somebody signs in.
    link: Option<(String, String)>,
}

/// What waits for a code: an identity, its account, and where its person wanted to go.
#[derive(Debug)]
pub(crate) struct Proof {
    identity: IdentityRow,
    next: String,
}

impl Node {
    /// Tells the node with which provider of identities it works; once.
    pub fn use_oidc(&self, terms: OidcTerms) {
        let _ = self.inner.oidc_terms.set(terms);
    }

    /// Tells the node who asks its provider of identities; once.
    pub fn use_outside(&self, outside: Arc<dyn Outside>) {
        let _ = self.inner.provider.set(Provider::new(outside));
    }

    /// What was agreed with the provider of identities, where there is one.
    pub fn oidc(&self) -> Option<&OidcTerms> {
        self.inner.oidc_terms.get()
    }

    fn oidc_parts(&self) -> Result<(&OidcTerms, &Provider), OidcError> {
        let terms = self.oidc().ok_or(OidcError::NotSet)?;
        let provider = self.inner.provider.get().ok_or(OidcError::NotSet)?;
        Ok((terms, provider))
    }

    /// Begins to sign somebody in, or to link an identity to the account of the `person` who is signed in; the provider sends the
    /// browser back to `redirect`. May ask the provider: for a thread that may wait.
    pub fn begin_oidc(
        &self,
        person: Option<&Person>,
        (redirect, next): (&str, &str),
        place: IpAddr,
    ) -> Result<Departure, OidcError> {
        let now = self.inner.clock.now();
        let (terms, provider) = self.oidc_parts()?;
        self.refuse_early(place, now)?;
        let link = match person {
            None => None,
            Some(person) => {
                let session = fresh_session(person, now)?;
                Some((person.account.clone(), session.to_owned()))
            }
        };
        let discovery = provider.discovery(terms, now)?;
        let random = || BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<SECRET_BYTES>());
        let (cookie, nonce, verifier) = (random(), random(), random());
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
        let flight = Flight {
            browser: digest(&cookie),
            nonce: nonce.clone(),
            verifier,
            redirect: redirect.to_owned(),
            next: next.to_owned(),
            link,
        };
        let state = self.inner.flights.give(flight, place, now);
        let state = BASE64_URL_SAFE_NO_PAD.encode(state);
        let endpoint = &discovery.authorization_endpoint;
        let joint = if endpoint.contains('?') { '&' } else { '?' };
        let url = format!(
            "{endpoint}{joint}response_type=code&scope=openid&client_id={}&redirect_uri={}&state={state}&nonce={nonce}\
             &code_challenge={challenge}&code_challenge_method=S256",
            escaped(&terms.client),
            escaped(redirect),
        );
        Ok(Departure { url, cookie })
    }

    /// Takes what a browser comes back with, from `place` by the browser `agent`. May ask the provider: for a thread that may wait.
    pub fn finish_oidc(
        &self,
        returned: &Returned<'_>,
        place: IpAddr,
        agent: &str,
    ) -> Result<Arrival, OidcError> {
        let now = self.inner.clock.now();
        self.refuse_early(place, now)?;
        let arrived = self.arrived(returned, (place, agent), now);
        match &arrived {
            // What came was no right answer: it counts as a wrong password does.
            Err(OidcError::Late | OidcError::Token(_) | OidcError::NotLinked(_)) => {
                self.inner.sessions.throttle.failed(&place, now);
                let entering = Entering {
                    account: "",
                    way: "oidc",
                    place,
                };
                self.note_entering(entering, "refused")?;
            }
            Ok(Arrival::Opened(..)) => self.inner.sessions.throttle.succeeded(&place),
            Ok(_) | Err(_) => {}
        }
        arrived
    }

    fn arrived(
        &self,
        returned: &Returned<'_>,
        (place, agent): (IpAddr, &str),
        now: i64,
    ) -> Result<Arrival, OidcError> {
        let (terms, provider) = self.oidc_parts()?;
        let flight = secret(returned.state).and_then(|state| self.inner.flights.take(&state, now));
        let flight = flight.ok_or(OidcError::Late)?;
        let same =
            constant_time::verify_slices_are_equal(&flight.browser, &digest(returned.cookie));
        same.map_err(|_| OidcError::Late)?;
        let discovery = provider.discovery(terms, now)?;
        let from_it = match returned.iss {
            Some(iss) => iss == terms.issuer,
            None => !discovery.authorization_response_iss_parameter_supported,
        };
        if !from_it {
            return Err(OidcError::Token("iss of the answer is another issuer"));
        }
        let code = returned.code.ok_or(OidcError::Declined)?;
        let way = (code, flight.verifier.as_str(), flight.redirect.as_str());
        let token = provider.exchange(terms, &discovery, way)?;
        let expected = Expected {
            issuer: &terms.issuer,
            client: &terms.client,
            nonce: &flight.nonce,
            now: now.div_euclid(1_000_000),
        };
        let said = provider.verify(&discovery, &token, &expected, now)?;
        if let Some((account, session)) = &flight.link {
            let person = returned.person.filter(|person| {
                person.account == *account
                    && fresh_session(person, now).is_ok_and(|id| id == session)
            });
            let person = person.ok_or(OidcError::Late)?;
            self.link_own_identity(person, &said.subject)?;
            return Ok(Arrival::Linked);
        }
        let subject = said.subject;
        let found = self
            .inner
            .state
            .read(|tx| rows::find(tx, &terms.issuer, &subject))?;
        let identity = found.ok_or(OidcError::NotLinked(subject))?;
        let stands = said
            .means
            .iter()
            .any(|word| terms.second_factor.contains(word));
        if !stands && self.second_factor(&identity.account)?.since.is_some() {
            let next = flight.next;
            let proof = self.inner.proofs.give(Proof { identity, next }, place, now);
            return Ok(Arrival::CodeNeeded(BASE64_URL_SAFE_NO_PAD.encode(proof)));
        }
        let opened = self.open_identity(&identity, MEANS[0], (place, agent))?;
        Ok(Arrival::Opened(opened, flight.next))
    }

    /// Opens the session of somebody whom the provider let in and who gives a code; answers where they wanted to go. Where the code
    /// is wrong there is a new proof to try again with.
    pub fn finish_oidc_with_code(
        &self,
        proof: &str,
        code: &str,
        place: IpAddr,
        agent: &str,
    ) -> Result<Arrival, OidcError> {
        let now = self.inner.clock.now();
        let waits = secret(proof).and_then(|proof| self.inner.proofs.take(&proof, now));
        let waits = waits.ok_or(OidcError::Late)?;
        let means = match self.check_code(&waits.identity.account, Some(code), Some(place)) {
            Ok("password+code") => MEANS[1],
            Ok("password+recovery") => MEANS[2],
            Ok(_) => MEANS[0],
            Err(SignInError::WrongCode | SignInError::CodeNeeded) => {
                let proof = self.inner.proofs.give(waits, place, now);
                return Ok(Arrival::CodeNeeded(BASE64_URL_SAFE_NO_PAD.encode(proof)));
            }
            Err(error) => return Err(error.into()),
        };
        let opened = self.open_identity(&waits.identity, means, (place, agent))?;
        self.inner.sessions.throttle.succeeded(&place);
        Ok(Arrival::Opened(opened, waits.next))
    }

    fn open_identity(
        &self,
        identity: &IdentityRow,
        means: &str,
        (place, agent): (IpAddr, &str),
    ) -> Result<OpenedSession, SignInError> {
        let now = self.inner.clock.now();
        let found = self
            .inner
            .state
            .read(|tx| account::find(tx, &identity.account))?;
        let account = found.ok_or(SignInError::Refused)?;
        self.begin_session_if(&account, means, (place, agent), |tx| {
            rows::saw(tx, &identity.id, now)
        })
    }

    fn link_own_identity(&self, person: &Person, subject: &str) -> Result<(), AccountError> {
        let act = Act {
            operation: "link_own_identity",
            target: subject,
            outcome: "done",
        };
        self.link_subject(
            &person.account,
            &person.account,
            subject,
            Some((person, &act)),
        )
    }

    /// Links a subject of the provider to an account; `by` is the account that does it, empty for the operator.
    pub fn link_identity(&self, by: &str, name: &str, subject: &str) -> Result<(), AccountError> {
        self.link_subject(by, name, subject, None)
    }

    fn link_subject(
        &self,
        by: &str,
        name: &str,
        subject: &str,
        noted: Option<(&Person, &Act<'_>)>,
    ) -> Result<(), AccountError> {
        let issuer = &self.oidc().ok_or(AccountError::NoProvider)?.issuer;
        let usable = !subject.is_empty()
            && subject.len() <= SUBJECT_BYTES_MAX
            && !subject.chars().any(char::is_control);
        if !usable {
            return Err(AccountError::BadSubject);
        }
        let now = self.inner.clock.now();
        let row = IdentityRow {
            issuer: issuer.clone(),
            subject: subject.to_owned(),
            id: hex(&random_bytes::<6>()),
            account: name.to_owned(),
            created: now,
            seen: None,
        };
        let grant = Grant {
            by: by.to_owned(),
            account: name.to_owned(),
            right: Right::Identity {
                issuer: issuer.clone(),
                subject: subject.to_owned(),
            },
        };
        self.inner.state.write(|tx| {
            let Some(account) = account::find(tx, name)? else {
                return Err(AccountError::Unknown(name.to_owned()));
            };
            if account.party.is_some() {
                return Err(AccountError::NotOwn(name.to_owned()));
            }
            if !rows::add(tx, &row)? {
                return Err(AccountError::IdentityTaken);
            }
            if let Some((person, act)) = noted {
                audit::add(tx, &act_row(person, act, now))?;
            }
            Ok(self.note_grant(tx, &grant, now)?)
        })?;
        self.due().tell();
        Ok(())
    }

    /// The identities of an account, in the order in which they were linked.
    pub fn identities(&self, account: &str) -> Result<Vec<IdentityRow>, AccountError> {
        Ok(self.inner.state.read(|tx| rows::of_account(tx, account))?)
    }

    /// Takes an identity from an account, and ends the sessions that the provider opened but the one with the id `except`.
    pub fn unlink_identity(
        &self,
        account: &str,
        id: &str,
        except: Option<&str>,
    ) -> Result<(), AccountError> {
        let removed = self.take_means(account, &MEANS, except, |tx| rows::remove(tx, account, id));
        if removed? {
            return Ok(());
        }
        Err(AccountError::UnknownIdentity(id.to_owned()))
    }
}

/// A secret as an address or a form carries it.
fn secret(text: &str) -> Option<[u8; SECRET_BYTES]> {
    if text.len() > 2 * SECRET_BYTES {
        return None;
    }
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

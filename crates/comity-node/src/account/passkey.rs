//! Passkeys: signing in by a credential that an authenticator holds (WebAuthn Level 2, with what Level 3 says of copies).
//!
//! A passkey counts as both factors: the authenticator is one, and what it asks its person for is the other. Each is found by
//! itself, so no name is typed and none is told. Attestation is not asked for, and nothing is made of what model of
//! authenticator it is said to be.
//!
//! In scope: both ceremonies, listing and removing. Out of scope: the browser's part (`comity-web`), what was said
//! (`passkey::answer`).
//! Limits: [`PASSKEYS_MAX`], [`PASSKEY_NAME_CHARS_MAX`], [`FRESH_SIGN_IN_MICROS`], [`CHALLENGE_MICROS`], those of `outstanding`.

mod answer;

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use comity_store::error::StoreError;
use comity_store::state::account;
use comity_store::state::audit;
use comity_store::state::passkey::{self as rows, PasskeyRow};
use serde_json::{Value, json};

use crate::account::audit::{Act, Entering, act_row};
use crate::account::public_key::{EDDSA, ES256, PublicKey, RS256};
use crate::account::session::OpenedSession;
use crate::account::{AccountError, SignInError, hex};
use crate::clock::random_bytes;
use crate::ledger::grant::{Grant, Right};
use crate::node::Node;
use crate::person::{Person, Way};

use self::answer::{
    AuthenticatorData, BACKED_UP, BACKUP_ELIGIBLE, CREDENTIAL_BYTES_MAX, ClientData, decoded,
};

/// How long a challenge is good: five minutes, in microseconds.
pub const CHALLENGE_MICROS: i64 = 300_000_000;
/// Passkeys of one account.
pub const PASSKEYS_MAX: usize = 20;
/// The longest name of a passkey, in characters.
pub const PASSKEY_NAME_CHARS_MAX: usize = 100;
/// How long after signing in a passkey may be added: a quarter of an hour, in microseconds. It lives longer than the session, so
/// whoever finds an open browser gets none.
pub const FRESH_SIGN_IN_MICROS: i64 = 900_000_000;

/// How a session is called that a passkey opened.
const MEANS: &str = "passkey";
/// Bytes by which authenticators tell an account (WebAuthn Level 2 section 5.4.3: random, no more than 64).
const USER_HANDLE_BYTES: usize = 32;
/// The longest signature, in bytes: that of RSA with 4,096 bits.
const SIGNATURE_BYTES_MAX: usize = 512;
/// The longest host name, in bytes (RFC 1035 section 2.3.4).
const HOST_BYTES_MAX: usize = 253;

/// Where the node's pages are, as a browser calls it: scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    text: String,
    relying_party: String,
}

impl Origin {
    /// The origin of a page that was asked for at this host (RFC 9110 section 7.2), by TLS where it is `secure`.
    ///
    /// There are passkeys where browsers have them: not at an IP address, and without TLS on this machine alone.
    pub fn parse(secure: bool, host: &str) -> Option<Self> {
        let (name, port) = match host.split_once(':') {
            Some((name, port)) => (name, Some(port.parse::<u16>().ok()?)),
            None => (host, None),
        };
        let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let label = |label: &str| !label.is_empty() && label.bytes().all(letter);
        let last = name.rsplit('.').next().unwrap_or_default();
        let is_name = name.len() <= HOST_BYTES_MAX
            && name.split('.').all(label)
            && last.bytes().any(|byte| byte.is_ascii_lowercase());
        if !is_name || !secure && last != "localhost" {
            return None;
        }
        let scheme = if secure { "https" } else { "http" };
        let port = port.map_or_else(String::new, |port| format!(":{port}"));
        Some(Self {
            text: format!("{scheme}://{name}{port}"),
            relying_party: name.to_owned(),
        })
    }

    /// As a browser writes it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The relying party's id: the host's name.
    pub fn relying_party(&self) -> &str {
        &self.relying_party
    }
}

/// What is to become of an answer to a challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ceremony {
    /// A passkey for this account, asked for in the session of this id.
    Add {
        account: String,
        session: String,
        /// By what authenticators are to tell the account.
        user_handle: Vec<u8>,
    },
    /// Somebody signs in.
    SignIn,
}

/// A passkey that an authenticator has made. Both texts are base64url.
#[derive(Clone, Copy, Debug)]
pub struct NewPasskey<'a> {
    /// What its person calls it.
    pub name: &'a str,
    /// The client data.
    pub client: &'a str,
    /// The authenticator data.
    pub authenticator: &'a str,
}

/// What a passkey answers to whoever signs in with it. All texts are base64url.
#[derive(Clone, Copy, Debug)]
pub struct PasskeyAnswer<'a> {
    /// The credential's id.
    pub credential: &'a str,
    /// The client data.
    pub client: &'a str,
    /// The authenticator data.
    pub authenticator: &'a str,
    /// The signature.
    pub signature: &'a str,
    /// By what the authenticator tells the account.
    pub user_handle: &'a str,
}

/// A passkey and what its authenticator said; otherwise whose it is, where there is one.
type Found = Result<(PasskeyRow, AuthenticatorData), Option<String>>;

impl Node {
    /// What a browser is told to have a passkey made for the person who is signed in: the `publicKey` of WebAuthn Level 2
    /// section 5.4, bytes in base64url.
    pub fn begin_passkey(
        &self,
        person: &Person,
        origin: &Origin,
        place: IpAddr,
    ) -> Result<Value, AccountError> {
        let now = self.inner.clock.now();
        let session = fresh_session(person, now)?;
        let held = self.passkeys(&person.account)?;
        if held.len() >= PASSKEYS_MAX {
            return Err(AccountError::TooManyPasskeys);
        }
        let known = held.first().map(|row| row.user_handle.clone());
        let user_handle = known.unwrap_or_else(|| random_bytes::<USER_HANDLE_BYTES>().to_vec());
        let ceremony = Ceremony::Add {
            account: person.account.clone(),
            session: session.to_owned(),
            user_handle: user_handle.clone(),
        };
        let challenge = self
            .inner
            .challenges
            .give((ceremony, origin.clone()), place, now);
        let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let excluded = held
            .iter()
            .map(|row| json!({ "type": "public-key", "id": text(&row.credential) }));
        let algorithms =
            [EDDSA, ES256, RS256].map(|alg| json!({ "type": "public-key", "alg": alg }));
        Ok(json!({
            "rp": { "id": origin.relying_party(), "name": format!("Comity {}", self.identity().party) },
            "user": { "id": text(&user_handle), "name": person.account, "displayName": person.account },
            "challenge": text(&challenge),
            "pubKeyCredParams": algorithms,
            "timeout": CHALLENGE_MICROS / 1_000,
            "excludeCredentials": excluded.collect::<Vec<_>>(),
            "authenticatorSelection": {
                "residentKey": "required", "requireResidentKey": true, "userVerification": "required",
            },
            "attestation": "none",
        }))
    }

    /// Keeps a passkey of the person who is signed in, once what was said is what was asked for (WebAuthn Level 2 section 7.1);
    /// answers by what it is listed.
    pub fn add_passkey(
        &self,
        person: &Person,
        new: &NewPasskey<'_>,
    ) -> Result<String, AccountError> {
        let now = self.inner.clock.now();
        let session = fresh_session(person, now)?;
        let name = new.name.trim();
        let usable =
            !name.chars().any(char::is_control) && name.chars().count() <= PASSKEY_NAME_CHARS_MAX;
        if !usable {
            return Err(AccountError::BadPasskey);
        }
        let client = ClientData::read(new.client).ok_or(AccountError::BadPasskey)?;
        let taken = self.inner.challenges.take(&client.challenge, now);
        let (ceremony, origin) = taken.ok_or(AccountError::LatePasskey)?;
        let Ceremony::Add {
            account,
            session: asked,
            user_handle,
        } = ceremony
        else {
            return Err(AccountError::BadPasskey);
        };
        let said = AuthenticatorData::read(new.authenticator)
            .filter(|said| said.is_of(&origin) && client.is_of("webauthn.create", &origin))
            .ok_or(AccountError::BadPasskey)?;
        let (credential, public_key) = said.made.clone().ok_or(AccountError::BadPasskey)?;
        if account != person.account || asked != session {
            return Err(AccountError::BadPasskey);
        }
        let row = PasskeyRow {
            credential,
            id: hex(&random_bytes::<6>()),
            account,
            name: name.to_owned(),
            relying_party: origin.relying_party().to_owned(),
            user_handle,
            public_key,
            counter: said.counter,
            flags: said.flags,
            created: now,
            seen: None,
        };
        self.keep_passkey(person, &row)?;
        self.due().tell();
        Ok(row.id)
    }

    /// Records a passkey, with its entry in the ledger and in the audit log.
    fn keep_passkey(&self, person: &Person, row: &PasskeyRow) -> Result<(), AccountError> {
        let grant = Grant {
            by: person.account.clone(),
            account: row.account.clone(),
            right: Right::Passkey {
                id: row.id.clone(),
                host: row.relying_party.clone(),
            },
        };
        let act = Act {
            operation: "add_own_passkey",
            target: &row.id,
            outcome: "done",
        };
        self.inner.state.write(|tx| {
            if account::find(tx, &row.account)?.is_none() {
                return Err(AccountError::Unknown(row.account.clone()));
            }
            let held = rows::of_account(tx, &row.account)?;
            if held.len() >= PASSKEYS_MAX {
                return Err(AccountError::TooManyPasskeys);
            }
            // One credential signs in one account (section 7.1 step 18).
            if !rows::add(tx, row)? {
                return Err(AccountError::BadPasskey);
            }
            audit::add(tx, &act_row(person, &act, row.created))?;
            Ok(self.note_grant(tx, &grant, row.created)?)
        })
    }

    /// What a browser is told to have somebody sign in: the `publicKey` of WebAuthn Level 2 section 5.5, bytes in base64url.
    pub fn begin_passkey_sign_in(
        &self,
        origin: &Origin,
        place: IpAddr,
    ) -> Result<Value, SignInError> {
        let now = self.inner.clock.now();
        self.refuse_early(place, now)?;
        let challenge = self
            .inner
            .challenges
            .give((Ceremony::SignIn, origin.clone()), place, now);
        Ok(json!({
            "challenge": BASE64_URL_SAFE_NO_PAD.encode(challenge),
            "rpId": origin.relying_party(),
            "timeout": CHALLENGE_MICROS / 1_000,
            "userVerification": "required",
        }))
    }

    /// Opens a session for whoever's passkey gives this answer (WebAuthn Level 2 section 7.2), from `place` by the browser
    /// `agent`. Whatever is wrong with it is answered alike, but for a counter that went back: that its person must know.
    pub fn open_passkey_session(
        &self,
        answer: &PasskeyAnswer<'_>,
        place: IpAddr,
        agent: &str,
    ) -> Result<OpenedSession, SignInError> {
        let now = self.inner.clock.now();
        self.refuse_early(place, now)?;
        let found = self.passkey_of(answer, now)?;
        let refused = |account: &str, outcome: &str| {
            self.inner.sessions.throttle.failed(&place, now);
            let entering = Entering {
                account,
                way: MEANS,
                place,
            };
            self.note_entering(entering, outcome)
        };
        let (row, said) = match found {
            Ok(found) => found,
            Err(whose) => {
                refused(whose.as_deref().unwrap_or_default(), "refused")?;
                return Err(SignInError::Refused);
            }
        };
        // Where either counts, each answer counts on (section 7.2 step 21).
        if (row.counter > 0 || said.counter > 0) && said.counter <= row.counter {
            refused(&row.account, "counter went back")?;
            return Err(SignInError::CounterWentBack);
        }
        let account = self
            .inner
            .state
            .read(|tx| account::find(tx, &row.account))?;
        let account = account.ok_or(SignInError::Refused)?;
        let newest = (said.counter, said.flags);
        let opened = self.begin_session_if(&account, MEANS, (place, agent), |tx| {
            rows::saw(tx, &row, newest, now)
        })?;
        self.inner.sessions.throttle.succeeded(&place);
        Ok(opened)
    }

    /// The passkey that a right answer is of. Its challenge is good no more, whatever is found.
    fn passkey_of(&self, answer: &PasskeyAnswer<'_>, now: i64) -> Result<Found, StoreError> {
        let Some(client) = ClientData::read(answer.client) else {
            return Ok(Err(None));
        };
        let taken = self.inner.challenges.take(&client.challenge, now);
        let credential = decoded(answer.credential, CREDENTIAL_BYTES_MAX).unwrap_or_default();
        let found = self.inner.state.read(|tx| rows::find(tx, &credential))?;
        let Some(row) = found else {
            return Ok(Err(None));
        };
        let right = |said: &AuthenticatorData| {
            let (ceremony, origin) = taken.as_ref()?;
            let key = PublicKey::read(&row.public_key)
                .filter(|(_, rest)| rest.is_empty())
                .map(|(key, _)| key)?;
            let signature = decoded(answer.signature, SIGNATURE_BYTES_MAX)?;
            let handle = decoded(answer.user_handle, USER_HANDLE_BYTES)?;
            let is_right = *ceremony == Ceremony::SignIn
                && client.is_of("webauthn.get", origin)
                && row.relying_party == origin.relying_party()
                && handle == row.user_handle
                && said.is_of(origin)
                // Whether it may be copied is said once for good (WebAuthn Level 3 section 7.2).
                && (said.flags ^ row.flags) & BACKUP_ELIGIBLE == 0
                && key.verifies(&said.signed_with(&client), &signature);
            is_right.then_some(())
        };
        let said = AuthenticatorData::read(answer.authenticator);
        Ok(match said.filter(|said| right(said).is_some()) {
            Some(said) => Ok((row, said)),
            None => Err(Some(row.account)),
        })
    }

    /// The passkeys of an account, in the order in which they were made.
    pub fn passkeys(&self, account: &str) -> Result<Vec<PasskeyRow>, AccountError> {
        Ok(self.inner.state.read(|tx| rows::of_account(tx, account))?)
    }

    /// Removes a passkey of an account, and ends the sessions that its passkeys opened but the one with the id `except`.
    pub fn remove_passkey(
        &self,
        account: &str,
        id: &str,
        except: Option<&str>,
    ) -> Result<(), AccountError> {
        let removed = self.take_means(account, &[MEANS], except, |tx| {
            rows::remove(tx, account, id)
        });
        if removed? {
            return Ok(());
        }
        Err(AccountError::UnknownPasskey(id.to_owned()))
    }
}

/// The id of the session of a person who signed in a short while ago.
pub(crate) fn fresh_session(person: &Person, now: i64) -> Result<&str, AccountError> {
    match &person.way {
        Way::Session { id } if now - person.signed_in < FRESH_SIGN_IN_MICROS => Ok(id),
        Way::Session { .. }
        | Way::Token { .. }
        | Way::Certificate { .. }
        | Way::Password
        | Way::Operator => Err(AccountError::SignInAgain),
    }
}

/// Whether a passkey's person can have it on several devices.
pub(crate) fn is_copied(row: &PasskeyRow) -> bool {
    row.flags & BACKED_UP != 0
}

//! ID tokens: reading and verifying one (`OpenID` Connect Core section 3.1.3.7), and the keys of its provider (RFC 7517).
//!
//! In scope: signatures by RS256, ES256 and `EdDSA`, and the claims that decide. Out of scope: fetching (`provider`).
//! Limits: [`TOKEN_BYTES_MAX`], [`KEYS_MAX`], [`SUBJECT_BYTES_MAX`], [`SKEW_SECONDS`].

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::account::public_key::PublicKey;

/// The longest ID token, in bytes.
const TOKEN_BYTES_MAX: usize = 32 * 1_024;
/// Keys of a provider that are looked at.
const KEYS_MAX: usize = 100;
/// The longest subject, in bytes (`OpenID` Connect Core section 2: 255 ASCII characters).
pub(crate) const SUBJECT_BYTES_MAX: usize = 255;
/// How far the clocks of a provider and this node may be apart, seconds.
const SKEW_SECONDS: i64 = 60;
/// How old a token may be that was just fetched, seconds.
const AGE_SECONDS_MAX: i64 = 600;

/// Why an ID token does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is none.
    Malformed,
    /// It is signed in a way that nobody agreed on, or not at all.
    Algorithm,
    /// By a key that the provider does not show.
    UnknownKey,
    /// Not by that key.
    Signature,
    /// This claim is not what it must be.
    Claim(&'static str),
}

impl Fault {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Malformed => "it is no ID token",
            Self::Algorithm => "it is not signed by RS256, ES256 or EdDSA",
            Self::UnknownKey => "it is signed by a key that the provider does not show",
            Self::Signature => "its signature is wrong",
            Self::Claim(claim) => claim,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Rs256,
    Es256,
    EdDsa,
}

/// A provider's key for signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProviderKey {
    kid: Option<String>,
    algorithm: Algorithm,
    key: PublicKey,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

/// The keys of a JWK Set that can verify an ID token; others are passed over (RFC 7517 section 5).
pub(super) fn keys(document: &[u8]) -> Option<Vec<ProviderKey>> {
    let set: KeySet = serde_json::from_slice(document).ok()?;
    let read = |value: serde_json::Value| key(&serde_json::from_value(value).ok()?);
    Some(
        set.keys
            .into_iter()
            .take(KEYS_MAX)
            .filter_map(read)
            .collect(),
    )
}

fn key(jwk: &Jwk) -> Option<ProviderKey> {
    let bytes = |text: &Option<String>| BASE64_URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
    if jwk.usage.as_deref().is_some_and(|usage| usage != "sig") {
        return None;
    }
    let (algorithm, names, key) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("RSA", _) => {
            let key = PublicKey::rs256(bytes(&jwk.n)?, bytes(&jwk.e)?)?;
            (Algorithm::Rs256, &["RS256"][..], key)
        }
        ("EC", Some("P-256")) => {
            let key = PublicKey::es256(&bytes(&jwk.x)?, &bytes(&jwk.y)?)?;
            (Algorithm::Es256, &["ES256"][..], key)
        }
        ("OKP", Some("Ed25519")) => {
            let key = PublicKey::ed25519(bytes(&jwk.x)?)?;
            (Algorithm::EdDsa, &["EdDSA", "Ed25519"][..], key)
        }
        _ => return None,
    };
    let is_for = jwk.alg.as_deref().is_none_or(|alg| names.contains(&alg));
    is_for.then(|| ProviderKey {
        kid: jwk.kid.clone(),
        algorithm,
        key,
    })
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    nonce: Option<String>,
    acr: Option<String>,
    #[serde(default)]
    amr: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn all(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

/// What an ID token must say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client: &'a str,
    pub(super) nonce: &'a str,
    /// Seconds since 1970.
    pub(super) now: i64,
}

/// What an ID token that counts says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) subject: String,
    /// How its person was told apart: the words of `acr` and `amr`.
    pub(super) means: Vec<String>,
}

/// Verifies an ID token in its compact form (RFC 7515 section 7.1).
pub(super) fn verify(
    token: &str,
    keys: &[ProviderKey],
    expected: &Expected<'_>,
) -> Result<Said, Fault> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(Fault::Malformed);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(Fault::Malformed)?;
    let (header, payload) = signed.split_once('.').ok_or(Fault::Malformed)?;
    let header: Header = part(header)?;
    if header.crit.is_some() {
        return Err(Fault::Malformed);
    }
    let algorithm = match header.alg.as_str() {
        "RS256" => Algorithm::Rs256,
        "ES256" => Algorithm::Es256,
        "EdDSA" | "Ed25519" => Algorithm::EdDsa,
        // Among them `none`, and HS256, whose secret a public key would be.
        _ => return Err(Fault::Algorithm),
    };
    let mut named = keys.iter().filter(|one| {
        one.algorithm == algorithm && (header.kid.is_none() || one.kid == header.kid)
    });
    let key = named.next().ok_or(Fault::UnknownKey)?;
    if named.next().is_some() {
        // Which of them is not to be guessed.
        return Err(Fault::UnknownKey);
    }
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature);
    let signature = signature.map_err(|_| Fault::Malformed)?;
    if !key.key.verifies_jws(signed.as_bytes(), &signature) {
        return Err(Fault::Signature);
    }
    claims(part(payload)?, expected)
}

fn claims(claims: Claims, expected: &Expected<'_>) -> Result<Said, Fault> {
    let must = |holds: bool, claim| {
        if holds {
            Ok(())
        } else {
            Err(Fault::Claim(claim))
        }
    };
    must(claims.iss == expected.issuer, "iss is another issuer")?;
    let audience = claims.aud.all();
    let is_for = audience.iter().any(|one| one == expected.client);
    must(is_for, "aud is not this node")?;
    let party = claims.azp.as_deref();
    must(
        party.is_none_or(|party| party == expected.client)
            && (audience.len() == 1 || party.is_some()),
        "azp is not this node",
    )?;
    must(
        expected.now < claims.exp.saturating_add(SKEW_SECONDS),
        "exp is over",
    )?;
    let age = expected.now.saturating_sub(claims.iat);
    must(
        (-SKEW_SECONDS..=AGE_SECONDS_MAX).contains(&age),
        "iat is not now",
    )?;
    let begun = claims
        .nbf
        .is_none_or(|nbf| nbf <= expected.now.saturating_add(SKEW_SECONDS));
    must(begun, "nbf is still to come")?;
    must(
        claims.nonce.as_deref() == Some(expected.nonce),
        "nonce is another one",
    )?;
    let usable = !claims.sub.is_empty()
        && claims.sub.len() <= SUBJECT_BYTES_MAX
        && !claims.sub.chars().any(char::is_control);
    must(usable, "sub cannot be used")?;
    let means = claims.acr.into_iter().chain(claims.amr);
    Ok(Said {
        subject: claims.sub,
        means: means.collect(),
    })
}

/// A part of a token: JSON in base64url.
fn part<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text);
    let bytes = bytes.map_err(|_| Fault::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| Fault::Malformed)
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::account::public_key::tests::Pair;

    pub(in crate::account) const NOW: i64 = 1_795_780_800;

    fn text(bytes: &[u8]) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// A token of this header and these claims, signed by a pair.
    pub(in crate::account) fn token(pair: &Pair, header: &Value, claims: &Value) -> String {
        let signed = format!(
            "{}.{}",
            text(header.to_string().as_bytes()),
            text(claims.to_string().as_bytes())
        );
        let signature = pair.sign_jws(signed.as_bytes());
        format!("{signed}.{}", text(&signature))
    }

    pub(in crate::account) fn good(nonce: &str) -> Value {
        json!({
            "iss": "https://id.example", "sub": "4711", "aud": "comity", "exp": NOW + 300, "iat": NOW, "nonce": nonce,
            "acr": "2", "amr": ["pwd", "otp"],
        })
    }

    fn expected() -> Expected<'static> {
        Expected {
            issuer: "https://id.example",
            client: "comity",
            nonce: "n1",
            now: NOW,
        }
    }

    fn set(pair: &Pair, kid: &str) -> Vec<ProviderKey> {
        let mut jwk = pair.jwk();
        jwk["kid"] = json!(kid);
        keys(
            json!({ "keys": [jwk, { "kty": "oct", "k": "AA" }] })
                .to_string()
                .as_bytes(),
        )
        .unwrap()
    }

    #[test]
    fn a_token_of_each_algorithm_counts_and_no_other() {
        for pair in Pair::all() {
            let alg = pair.jwk()["alg"].clone();
            let keys = set(&pair, "k1");
            assert_eq!(keys.len(), 1);
            let said =
                |header: &Value| verify(&token(&pair, header, &good("n1")), &keys, &expected());
            let whole = Said {
                subject: "4711".to_owned(),
                means: ["2", "pwd", "otp"].map(str::to_owned).to_vec(),
            };
            assert_eq!(
                said(&json!({ "alg": alg, "kid": "k1", "typ": "JWT" })),
                Ok(whole.clone())
            );
            assert_eq!(said(&json!({ "alg": alg })), Ok(whole));
            assert_eq!(
                said(&json!({ "alg": alg, "kid": "k2" })),
                Err(Fault::UnknownKey)
            );
            assert_eq!(
                said(&json!({ "alg": alg, "crit": ["b64"] })),
                Err(Fault::Malformed)
            );
            for other in ["none", "None", "HS256", "RS384", "PS256", ""] {
                assert_eq!(
                    said(&json!({ "alg": other, "kid": "k1" })),
                    Err(Fault::Algorithm),
                    "{other}"
                );
            }
        }
    }

    #[test]
    fn an_unsigned_token_and_one_signed_with_what_everybody_knows_do_not_count() {
        let pair = Pair::ec();
        let keys = set(&pair, "k1");
        let whole = token(&pair, &json!({ "alg": "ES256", "kid": "k1" }), &good("n1"));
        let (signed, signature) = whole.rsplit_once('.').unwrap();
        let refused = |token: &str, why: Fault| {
            assert_eq!(verify(token, &keys, &expected()), Err(why), "{token}");
        };
        refused(&format!("{signed}."), Fault::Signature);
        refused(signed, Fault::Malformed);
        refused("", Fault::Malformed);
        refused(&format!("{signed}.!"), Fault::Malformed);
        let (header, _) = signed.split_once('.').unwrap();
        let other = text(good("n1").to_string().replace("4711", "4712").as_bytes());
        refused(&format!("{header}.{other}.{signature}"), Fault::Signature);
        let none = text(json!({ "alg": "none" }).to_string().as_bytes());
        let claims = text(good("n1").to_string().as_bytes());
        refused(&format!("{none}.{claims}."), Fault::Algorithm);
        // HS256 with the public key as its secret.
        let head = text(
            json!({ "alg": "HS256", "kid": "k1" })
                .to_string()
                .as_bytes(),
        );
        let secret = aws_lc_rs::hmac::Key::new(
            aws_lc_rs::hmac::HMAC_SHA256,
            pair.jwk().to_string().as_bytes(),
        );
        let tag = aws_lc_rs::hmac::sign(&secret, format!("{head}.{claims}").as_bytes());
        refused(
            &format!("{head}.{claims}.{}", text(tag.as_ref())),
            Fault::Algorithm,
        );
        refused(&"a".repeat(TOKEN_BYTES_MAX + 1), Fault::Malformed);
    }

    #[test]
    fn every_claim_must_be_what_was_agreed() {
        let pair = Pair::ec();
        let keys = set(&pair, "k1");
        let with = |changes: &Value| {
            let mut claims = good("n1");
            for (name, value) in changes.as_object().unwrap() {
                if value.is_null() {
                    claims.as_object_mut().unwrap().remove(name);
                } else {
                    claims[name] = value.clone();
                }
            }
            let token = token(&pair, &json!({ "alg": "ES256", "kid": "k1" }), &claims);
            verify(&token, &keys, &expected())
        };
        for changes in [
            json!({}),
            json!({ "aud": ["comity"] }),
            json!({ "aud": ["comity", "other"], "azp": "comity" }),
            json!({ "exp": NOW - 59 }),
            json!({ "iat": NOW + 60 }),
            json!({ "acr": null, "amr": null }),
        ] {
            assert!(with(&changes).is_ok(), "{changes}");
        }
        for (changes, claim) in [
            (json!({ "iss": "https://id.example/" }), "iss"),
            (json!({ "aud": "other" }), "aud"),
            (json!({ "aud": [] }), "aud"),
            (json!({ "aud": ["comity", "other"] }), "azp"),
            (json!({ "azp": "other" }), "azp"),
            (json!({ "exp": NOW - 60 }), "exp"),
            (json!({ "iat": NOW - 601 }), "iat"),
            (json!({ "iat": NOW + 61 }), "iat"),
            (json!({ "nbf": NOW + 61 }), "nbf"),
            (json!({ "nonce": "n2" }), "nonce"),
            (json!({ "nonce": null }), "nonce"),
            (json!({ "sub": "" }), "sub"),
            (json!({ "sub": "x".repeat(256) }), "sub"),
        ] {
            let refused = with(&changes);
            let Err(Fault::Claim(words)) = refused else {
                panic!("{changes}: {refused:?}");
            };
            assert!(words.starts_with(claim), "{changes}: {words}");
        }
        for changes in [
            json!({ "exp": null }),
            json!({ "sub": null }),
            json!({ "exp": "soon" }),
        ] {
            assert_eq!(with(&changes), Err(Fault::Malformed), "{changes}");
        }
    }

    #[test]
    fn of_two_keys_that_could_be_meant_neither_is_guessed_and_others_are_passed_over() {
        let (one, two) = (Pair::ec(), Pair::ec());
        let document = json!({ "keys": [one.jwk(), two.jwk()] }).to_string();
        let both = keys(document.as_bytes()).unwrap();
        let token = token(&one, &json!({ "alg": "ES256" }), &good("n1"));
        assert_eq!(verify(&token, &both, &expected()), Err(Fault::UnknownKey));
        let mut jwk = one.jwk();
        for (name, value) in [
            ("use", "enc"),
            ("alg", "ES384"),
            ("crv", "P-384"),
            ("x", "AA"),
        ] {
            let before = jwk[name].clone();
            jwk[name] = json!(value);
            let document = json!({ "keys": [jwk] }).to_string();
            assert_eq!(keys(document.as_bytes()), Some(Vec::new()), "{name}");
            if before.is_null() {
                jwk.as_object_mut().unwrap().remove(name);
            } else {
                jwk[name] = before;
            }
        }
        assert_eq!(keys(b"{}"), None);
    }
}

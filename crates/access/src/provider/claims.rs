//! What a token has to say, and what it says of whoever sent it.

use std::fmt;

use ngsi_ld::Timestamp;
use serde_json::{Map, Value};

use super::jose::{self, Signed};
use super::json::text;
use super::keys::KeySet;
use super::mapping::{Grant, Mapping};
use crate::permissions::{Permission, Permissions};

/// How far the provider's clock may be off, in seconds.
const SKEW_S: f64 = 60.0;
/// The longest subject, in bytes (OpenID Connect Core, 2).
const LONGEST_SUBJECT: usize = 255;
/// How many groups of a token are looked at.
const MAX_GROUPS: usize = 1000;

/// What tokens of the city's provider have to say.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The provider, as `iss` has it.
    pub issuer: String,
    /// Whom access tokens have to be for; without it none is taken.
    pub audience: Option<String>,
    /// Whom ID tokens have to be for: the name by which the provider knows this program. Without it nobody logs in there.
    pub client_id: Option<String>,
    /// The `typ` of access tokens, such as `at+jwt` (RFC 9068), in lower case.
    pub access_token_type: String,
    /// The claim that lists groups: its name, or a JSON pointer to it.
    pub groups_claim: String,
    /// What these groups give here.
    pub mapping: Mapping,
}

/// What a token that was found right says of whoever sent it.
#[derive(Clone, PartialEq, Eq)]
pub struct Told {
    /// The provider.
    pub(crate) issuer: String,
    /// Whom it means; never the same for two people, and never another's later.
    pub(crate) subject: String,
    /// What they are called there.
    pub(crate) name: Option<String>,
    /// What their groups give here; none where the token says nothing of groups.
    pub(crate) grants: Option<Vec<Grant>>,
    /// When that was said.
    pub(crate) issued_at: Timestamp,
    /// Whether the provider says that it asked for more than one factor (RFC 8176, `mfa`).
    pub(crate) two_factors: bool,
    /// What it is limited to, where its `scope` names permissions.
    pub(crate) scopes: Option<Permissions>,
    /// Whether it stands for the program that sent it, and not for a person.
    pub(crate) is_program: bool,
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whom it means is no business of a log.
        f.debug_struct("Told")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// Why a token is refused. For the log: whoever sent it is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is no such token.
    #[error("{0}")]
    Form(&'static str),
    /// It is signed in a way that is not taken, or not at all.
    #[error("its algorithm is not among those that are taken")]
    Algorithm,
    /// None of the known keys can have signed it. The provider may have a new one.
    #[error("no known key has its id")]
    UnknownKey,
    /// The signature is not that of the key.
    #[error("its signature is wrong")]
    Signature,
    /// It is of another type.
    #[error("its `typ` is that of another kind of token")]
    Type,
    /// Another made it.
    #[error("its `iss` is not the configured provider")]
    Issuer,
    /// It is for others.
    #[error("its `aud` does not name this server")]
    Audience,
    /// It has ended.
    #[error("it has ended (`exp`)")]
    Expired,
    /// It does not hold yet.
    #[error("it does not hold yet (`nbf`, `iat`)")]
    NotYet,
    /// A claim is missing or is not what it should be.
    #[error("its claim `{0}` is missing or wrong")]
    Claim(&'static str),
}

impl Rules {
    /// Looks at a bearer's access token.
    ///
    /// # Errors
    /// When it is not one that holds now, from this provider, for this server.
    pub fn access_token(&self, token: &str, keys: &KeySet, now: Timestamp) -> Result<Told, TokenError> {
        let audience = self.audience.as_deref().ok_or(TokenError::Audience)?;
        let signed = jose::verified(token, keys)?;
        if signed.kind.as_deref() != Some(&*self.access_token_type) {
            return Err(TokenError::Type);
        }
        self.told(&signed, audience, now)
    }

    /// Looks at the ID token that ends a login (OpenID Connect Core, 3.1.3.7).
    ///
    /// # Errors
    /// When it is not one that holds now, from this provider, for this server and for this very login.
    pub fn id_token(
        &self,
        token: &str,
        nonce: &str,
        keys: &KeySet,
        now: Timestamp,
    ) -> Result<Told, TokenError> {
        let client = self.client_id.as_deref().ok_or(TokenError::Audience)?;
        let signed = jose::verified(token, keys)?;
        if !matches!(signed.kind.as_deref(), None | Some("jwt")) {
            return Err(TokenError::Type);
        }
        let told = self.told(&signed, client, now)?;
        let claims = &signed.claims;
        let authorised = text(claims, "azp").map_err(|()| TokenError::Claim("azp"))?;
        let many = claims
            .get("aud")
            .and_then(Value::as_array)
            .is_some_and(|all| all.len() > 1);
        if authorised.is_some_and(|party| party != client) || (many && authorised.is_none()) {
            return Err(TokenError::Claim("azp"));
        }
        let given = text(claims, "nonce").ok().flatten().unwrap_or("");
        if nonce.is_empty() || !crate::secret::same(given.as_bytes(), nonce.as_bytes()) {
            return Err(TokenError::Claim("nonce"));
        }
        Ok(told)
    }

    fn told(&self, signed: &Signed, audience: &str, now: Timestamp) -> Result<Told, TokenError> {
        let claims = &signed.claims;
        let texts = |name: &'static str| text(claims, name).map_err(|()| TokenError::Claim(name));
        if texts("iss")? != Some(&*self.issuer) {
            return Err(TokenError::Issuer);
        }
        if !is_for(claims, audience) {
            return Err(TokenError::Audience);
        }
        let issued_at = holds(claims, now)?;
        let subject = texts("sub")?.ok_or(TokenError::Claim("sub"))?;
        let fine = (1..=LONGEST_SUBJECT).contains(&subject.len()) && !subject.chars().any(char::is_control);
        if !fine {
            return Err(TokenError::Claim("sub"));
        }
        let named = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let program = claims.get("client_id").or_else(|| claims.get("azp"));
        let factors = claims.get("amr").and_then(Value::as_array);
        let scopes = claims.get("scope").and_then(Value::as_str).unwrap_or("");
        let scopes: Vec<Permission> = scopes.split(' ').filter_map(Permission::parse).collect();
        Ok(Told {
            issuer: self.issuer.clone(),
            subject: subject.to_owned(),
            name: named("preferred_username").or_else(|| named("name")),
            grants: self.grants(claims),
            issued_at,
            two_factors: factors.is_some_and(|all| all.iter().any(|one| one == "mfa")),
            scopes: (!scopes.is_empty()).then(|| scopes.into_iter().collect()),
            is_program: program.and_then(Value::as_str) == Some(subject),
        })
    }

    /// What the groups of a token give; nothing is said where it has no such claim.
    fn grants(&self, claims: &Map<String, Value>) -> Option<Vec<Grant>> {
        let name = &*self.groups_claim;
        let claim = claims.get(name).or_else(|| {
            let (first, rest) = name.strip_prefix('/')?.split_once('/')?;
            claims.get(first)?.pointer(&format!("/{rest}"))
        })?;
        let grants = match claim {
            Value::String(one) => self.mapping.of(std::iter::once(one.as_str())),
            Value::Array(all) => self
                .mapping
                .of(all.iter().take(MAX_GROUPS).filter_map(Value::as_str)),
            _ => return None,
        };
        Some(grants)
    }
}

/// RFC 7519, 4.1.3: one text, or a list of texts.
fn is_for(claims: &Map<String, Value>, audience: &str) -> bool {
    match claims.get("aud") {
        Some(Value::String(one)) => one == audience,
        Some(Value::Array(all)) => all.iter().all(Value::is_string) && all.iter().any(|one| one == audience),
        _ => false,
    }
}

/// Whether a token holds now; answers with when it was made.
fn holds(claims: &Map<String, Value>, now: Timestamp) -> Result<Timestamp, TokenError> {
    // NumericDate (RFC 7519, 2): seconds, possibly with a fraction.
    let seconds = |name: &'static str| match claims.get(name) {
        None => Ok(None),
        Some(value) => match value.as_f64() {
            Some(seconds) if seconds.is_finite() && seconds >= 0.0 => Ok(Some(seconds)),
            _ => Err(TokenError::Claim(name)),
        },
    };
    let now = now.as_micros() as f64 / 1e6;
    let end = seconds("exp")?.ok_or(TokenError::Claim("exp"))?;
    if now >= end + SKEW_S {
        return Err(TokenError::Expired);
    }
    let made = seconds("iat")?.ok_or(TokenError::Claim("iat"))?;
    let from = seconds("nbf")?.unwrap_or(0.0);
    if made.max(from) > now + SKEW_S {
        return Err(TokenError::NotYet);
    }
    #[allow(clippy::cast_possible_truncation, reason = "not later than now and a minute")]
    let made_us = (made * 1e6) as i64;
    Ok(Timestamp::from_micros(made_us))
}

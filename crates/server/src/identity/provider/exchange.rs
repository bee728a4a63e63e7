//! The end of a login: the code that the browser brought back, for the ID token that says who it is.

use access::{KeySet, Returned, Told};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::metadata::Shown;
use super::{DOCUMENT_BYTES, Provider};

/// Why a login at the provider came to nothing. For the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Failed(pub(super) String);

impl Failed {
    pub(crate) fn new(why: &str) -> Self {
        Self(why.to_owned())
    }
}

/// RFC 6749, 5.1, as far as it matters here.
#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

/// RFC 6749, 5.2.
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl Provider {
    /// Whether a return says that this provider sent it, where the provider says so at all (RFC 9207).
    pub(crate) async fn sent(&self, issuer: Option<&str>) -> Result<bool, Failed> {
        let known = self.known().await.map_err(Failed)?;
        let own = &self.0.settings.rules.issuer;
        Ok(match issuer {
            Some(issuer) => issuer == own,
            None => !known.metadata.authorization_response_iss_parameter_supported,
        })
    }

    /// Redeems a code; answers with what the provider says of whoever logged in.
    pub(crate) async fn redeem(&self, code: &str, returned: &Returned) -> Result<Told, Failed> {
        let settings = &self.0.settings;
        let known = self.known().await.map_err(Failed)?;
        let (Some(endpoint), Some(client)) = (&known.metadata.token_endpoint, &settings.rules.client_id)
        else {
            return Err(Failed("the provider has no token endpoint".to_owned()));
        };
        let redirect_uri = self.redirect_uri();
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri.as_str()),
            ("code_verifier", returned.verifier.as_str()),
        ];
        // RFC 6749, 2.3.1: both are encoded like the fields of a form before they are put together.
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let mut basic = None;
        match &settings.client_secret {
            Some(secret) if known.metadata.shown() == Shown::Basic => {
                basic = Some((encoded(client), encoded(&secret.0)));
            }
            Some(secret) => fields.extend([
                ("client_id", client.as_str()),
                ("client_secret", secret.0.as_str()),
            ]),
            None => fields.push(("client_id", client.as_str())),
        }
        let basic = basic
            .as_ref()
            .map(|(user, password)| (user.as_str(), password.as_str()));
        let answered = self
            .0
            .client
            .post_form(endpoint, &fields, basic, DOCUMENT_BYTES)
            .await
            .map_err(|error| Failed(error.to_string()))?;
        if answered.status != 200 {
            let error = serde_json::from_slice::<Refusal>(&answered.body).map(|it| it.error);
            let error: String = error.unwrap_or_default().chars().take(100).collect();
            return Err(Failed(format!(
                "the token endpoint answers {} `{}`",
                answered.status,
                error.escape_default()
            )));
        }
        let tokens: Tokens = serde_json::from_slice(&answered.body)
            .map_err(|_no_tokens| Failed("the token endpoint gives no ID token".to_owned()))?;
        let look = |keys: &KeySet, now| {
            settings
                .rules
                .id_token(&tokens.id_token, &returned.nonce, keys, now)
        };
        self.looked_at(look)
            .await
            .map_err(|why| Failed(format!("the ID token was refused: {why}")))
    }
}

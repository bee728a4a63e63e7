//! What a provider says of itself (OpenID Connect Discovery 1.0, 3).

use serde::Deserialize;

/// Where the provider's services are.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Metadata {
    issuer: String,
    pub(super) authorization_endpoint: Option<String>,
    pub(super) token_endpoint: Option<String>,
    pub(super) jwks_uri: String,
    pub(super) end_session_endpoint: Option<String>,
    #[serde(default)]
    code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// RFC 9207: every return says who sent it.
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

/// How this program shows the token endpoint who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// By HTTP Basic authentication (`client_secret_basic`).
    Basic,
    /// In the form (`client_secret_post`).
    Post,
}

impl Metadata {
    /// Where it stands.
    pub(super) fn address(issuer: &str) -> String {
        format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        )
    }

    /// Reads it.
    pub(super) fn parse(issuer: &str, document: &[u8]) -> Result<Self, String> {
        let metadata: Self = serde_json::from_slice(document)
            .map_err(|error| format!("what the provider says of itself cannot be read: {error}"))?;
        if metadata.issuer != issuer {
            return Err(format!(
                "the provider calls itself `{}`, and access.oidc.issuer is `{issuer}`: they have to be the same",
                metadata.issuer.chars().take(200).collect::<String>()
            ));
        }
        let endpoints = [
            metadata.authorization_endpoint.as_ref(),
            metadata.token_endpoint.as_ref(),
            metadata.end_session_endpoint.as_ref(),
            Some(&metadata.jwks_uri),
        ];
        let plain = issuer.starts_with("http://");
        let fine = |url: &String| url.starts_with("https://") || (plain && url.starts_with("http://"));
        if let Some(url) = endpoints.into_iter().flatten().find(|url| !fine(url)) {
            let url: String = url.chars().take(200).collect();
            return Err(format!("the provider names `{url}`, which is no https address"));
        }
        let s256 = metadata.code_challenge_methods_supported.as_ref();
        if s256.is_some_and(|methods| !methods.iter().any(|method| method == "S256")) {
            return Err("the provider does not know PKCE with S256".to_owned());
        }
        Ok(metadata)
    }

    /// As the provider prefers it; Basic where it says nothing (OpenID Connect Discovery, 3).
    pub(super) fn shown(&self) -> Shown {
        let methods = self.token_endpoint_auth_methods_supported.as_deref();
        let knows = |name: &str| methods.is_some_and(|all| all.iter().any(|one| one == name));
        if !knows("client_secret_basic") && knows("client_secret_post") {
            Shown::Post
        } else {
            Shown::Basic
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://login.city.example/realms/city";

    fn parsed(change: &str) -> Result<Metadata, String> {
        let text = format!(
            "{{\"issuer\":\"{ISSUER}\",\"authorization_endpoint\":\"https://login.city.example/auth\",\
             \"token_endpoint\":\"https://login.city.example/token\",\"jwks_uri\":\"https://login.city.example/jwks\"{change}}}"
        );
        Metadata::parse(ISSUER, text.as_bytes())
    }

    #[test]
    fn what_a_provider_has_to_say() {
        assert_eq!(
            Metadata::address(ISSUER),
            "https://login.city.example/realms/city/.well-known/openid-configuration"
        );
        assert_eq!(parsed("").unwrap().shown(), Shown::Basic);
        let post = ",\"token_endpoint_auth_methods_supported\":[\"client_secret_post\"]";
        assert_eq!(parsed(post).unwrap().shown(), Shown::Post);
        assert!(parsed(",\"code_challenge_methods_supported\":[\"S256\",\"plain\"]").is_ok());
        assert!(parsed(",\"code_challenge_methods_supported\":[\"plain\"]").is_err());
        assert!(parsed(",\"end_session_endpoint\":\"https://login.city.example/out\"").is_ok());
        for bad in ["http://login.city.example/out", "javascript:alert(1)", "/out", ""] {
            let end = format!(",\"end_session_endpoint\":\"{bad}\"");
            assert!(parsed(&end).is_err(), "{bad}");
        }
        let other = "{\"issuer\":\"https://other.example\",\"jwks_uri\":\"https://other.example/\"}";
        assert!(
            Metadata::parse(ISSUER, other.as_bytes())
                .unwrap_err()
                .contains("other.example")
        );
        let slash = format!("{{\"issuer\":\"{ISSUER}/\",\"jwks_uri\":\"https://other.example/\"}}");
        assert!(Metadata::parse(ISSUER, slash.as_bytes()).is_err());
        assert!(Metadata::parse(ISSUER, b"{}").is_err());
    }
}

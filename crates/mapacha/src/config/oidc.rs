//! `[access.oidc]`: the city's identity provider.

use std::collections::BTreeMap;
use std::path::PathBuf;

use access::{Grant, Mapping, Rules};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use super::ConfigError;

/// `[access.oidc]`
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Oidc {
    /// The provider, exactly as it calls itself in its discovery document, such as
    /// `https://login.city.example/realms/city`. Without it, everybody has an account or a key of this server.
    pub(crate) issuer: Option<String>,
    /// What the login page calls it. Without it, the host of the issuer.
    pub(crate) name: Option<String>,
    /// The name by which the provider knows this server; with it, people can log in there.
    pub(crate) client_id: Option<String>,
    /// What proves to the provider that it is this server; without one, it is a public client.
    #[serde(serialize_with = "hidden")]
    pub(crate) client_secret: Option<String>,
    /// A file that holds the client secret, instead of `client_secret`.
    pub(crate) client_secret_file: Option<PathBuf>,
    /// What is asked for at a login, beside `openid`.
    pub(crate) scopes: Vec<String>,
    /// Whom access tokens have to be for (`aud`); with it, programs can send tokens of the provider as `Authorization:
    /// Bearer`.
    pub(crate) audience: Option<String>,
    /// The `typ` of access tokens: `at+jwt` (RFC 9068), or `JWT` for providers that do not say more.
    pub(crate) access_token_type: String,
    /// The claim that lists groups: its name, or a JSON pointer such as `/realm_access/roles`.
    pub(crate) groups_claim: String,
    /// What the provider's groups give here: group = list of roles, and of groups of this server as `group:NAME`.
    pub(crate) mapping: BTreeMap<String, Vec<String>>,
}

impl Default for Oidc {
    fn default() -> Self {
        Self {
            issuer: None,
            name: None,
            client_id: None,
            client_secret: None,
            client_secret_file: None,
            scopes: vec!["profile".to_owned()],
            audience: None,
            access_token_type: "at+jwt".to_owned(),
            groups_claim: "groups".to_owned(),
            mapping: BTreeMap::new(),
        }
    }
}

/// A secret is not printed.
#[allow(clippy::ref_option, reason = "serde passes the field")]
fn hidden<S: Serializer>(secret: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(|_| "(not shown)").serialize(serializer)
}

impl Oidc {
    /// What tokens of the provider have to say; nothing where there is no provider.
    pub(crate) fn rules(&self) -> Option<Rules> {
        let mapping = self.mapping.iter().filter_map(|(group, grants)| {
            let grants = grants
                .iter()
                .map(|text| Grant::parse(text))
                .collect::<Result<_, _>>();
            Some((group.clone(), grants.ok()?))
        });
        Some(Rules {
            issuer: self.issuer.clone()?,
            audience: self.audience.clone(),
            client_id: self.client_id.clone(),
            access_token_type: self.access_token_type.to_ascii_lowercase(),
            groups_claim: self.groups_claim.clone(),
            mapping: Mapping::new(mapping),
        })
    }

    /// Refuses what does not hold together.
    pub(super) fn check(&self, asks_who: bool, allow_private: bool) -> Result<(), ConfigError> {
        let refuse = |key: &str, what: String, remedy: &str| {
            Err(ConfigError {
                place: format!("`access.oidc.{key}`"),
                what,
                remedy: remedy.into(),
            })
        };
        let Some(issuer) = &self.issuer else {
            if self.client_id.is_some() || self.audience.is_some() || !self.mapping.is_empty() {
                return refuse(
                    "issuer",
                    "there is no provider for what is set beside it".into(),
                    "set it to the address that the provider's discovery document has as `issuer`",
                );
            }
            return Ok(());
        };
        if !asks_who {
            return refuse(
                "issuer",
                "nobody has to log in here, so nobody would be sent to the provider".into(),
                "set access.mode to \"required\", or remove access.oidc",
            );
        }
        let plain = issuer.starts_with("http://");
        if !(issuer.starts_with("https://") || plain && allow_private) {
            return refuse(
                "issuer",
                format!("`{issuer}` is no https address"),
                "name the provider by https; for one on this machine or in a private network, set notifications.allow_private",
            );
        }
        if self.client_id.is_none() && self.audience.is_none() {
            return refuse(
                "client_id",
                "with neither a client_id nor an audience, the provider is for nothing".into(),
                "set client_id so that people log in there, audience so that programs send its tokens, or both",
            );
        }
        if self.client_secret.is_some() && self.client_secret_file.is_some() {
            return refuse(
                "client_secret",
                "it is given twice".into(),
                "keep client_secret_file and remove client_secret",
            );
        }
        let kind = self.access_token_type.to_ascii_lowercase();
        if !matches!(&*kind, "at+jwt" | "jwt") {
            return refuse(
                "access_token_type",
                format!("`{}` is no type of access tokens", self.access_token_type),
                "set it to \"at+jwt\" or \"JWT\"",
            );
        }
        if kind == "jwt" && self.audience.is_some() && self.audience == self.client_id {
            return refuse(
                "audience",
                "with access_token_type \"JWT\" and client_id as the audience, an ID token would pass for an access token".into(),
                "let the provider name this server otherwise in access tokens than by its client_id",
            );
        }
        for text in self.mapping.values().flatten() {
            if let Err(error) = Grant::parse(text) {
                return refuse(
                    "mapping",
                    error.to_string(),
                    "name roles, and groups as \"group:NAME\"",
                );
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str, asks_who: bool, allow_private: bool) -> Result<(), String> {
        let oidc: Oidc = toml::from_str(text).unwrap();
        oidc.check(asks_who, allow_private)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn what_holds_together() {
        let fine = "issuer = \"https://login.city.example\"\nclient_id = \"twin\"\naudience = \"https://twin.city.example\"\n\
                    [mapping]\nworks = [\"editor\", \"group:roads\"]";
        assert_eq!(checked("", false, false), Ok(()));
        assert_eq!(checked(fine, true, false), Ok(()));
        assert!(checked(fine, false, false).unwrap_err().contains("access.mode"));
        let plain = fine.replace("https://login", "http://login");
        assert!(
            checked(&plain, true, false)
                .unwrap_err()
                .contains("allow_private")
        );
        assert_eq!(checked(&plain, true, true), Ok(()));
        for (change, with, told) in [
            ("issuer = \"https://login.city.example\"", "", "oidc.issuer"),
            (
                "client_id = \"twin\"\naudience = \"https://twin.city.example\"",
                "",
                "neither",
            ),
            ("editor", "root", "root"),
            ("audience", "access_token_type = \"opaque\"\naudience", "opaque"),
            (
                "audience = \"https://twin.city.example\"",
                "audience = \"twin\"\naccess_token_type = \"JWT\"",
                "ID token",
            ),
            (
                "audience",
                "client_secret = \"a\"\nclient_secret_file = \"b\"\naudience",
                "twice",
            ),
        ] {
            let refused = checked(&fine.replace(change, with), true, false).unwrap_err();
            assert!(refused.contains(told), "{refused}");
        }
    }

    #[test]
    fn the_secret_is_not_printed() {
        let oidc = Oidc {
            client_secret: Some("a secret".to_owned()),
            ..Oidc::default()
        };
        let printed = toml::to_string(&oidc).unwrap();
        assert!(
            !printed.contains("a secret") && printed.contains("(not shown)"),
            "{printed}"
        );
    }
}

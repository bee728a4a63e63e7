//! `[tls.acme]`: the authority that gives the server its certificate.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ConfigError, Tls};

/// Let's Encrypt, for certificates that browsers trust.
const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";
/// The most names of one certificate (Let's Encrypt's own limit).
const MAX_NAMES: usize = 100;

/// `[tls.acme]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Acme {
    /// The names of the certificate, such as `twin.city.example`. With them the server speaks https with a certificate that
    /// it orders and renews itself; the authority asks for it on port 443 of each name.
    pub(crate) names: Vec<String>,
    /// Whether you agree to the terms of service of the authority; without that, nothing is ordered.
    pub(crate) terms_agreed: bool,
    /// Where the authority writes to when something is wrong, such as `mailto:security@city.example`.
    pub(crate) contact: Vec<String>,
    /// The authority's directory (RFC 8555).
    pub(crate) directory: String,
    /// Files (PEM) of certificate authorities by which the directory's own server is known, beside the system's: for an
    /// authority of your own. With one, the directory may be at a loopback or private address.
    pub(crate) trusted_certificates: Vec<PathBuf>,
}

impl Default for Acme {
    fn default() -> Self {
        Self {
            names: Vec::new(),
            terms_agreed: false,
            contact: Vec::new(),
            directory: LETS_ENCRYPT.to_owned(),
            trusted_certificates: Vec::new(),
        }
    }
}

impl Acme {
    /// Whether anything of it is set.
    pub(crate) fn is_set(&self) -> bool {
        *self != Self::default()
    }
}

impl Tls {
    /// Whether the server speaks TLS.
    pub(crate) fn is_on(&self) -> bool {
        self.certificate.is_some() || self.acme.is_set()
    }

    /// Refuses what does not hold together.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let refuse = |key: &str, what: &str, remedy: &str| {
            Err(ConfigError {
                place: format!("`{key}`"),
                what: what.into(),
                remedy: remedy.into(),
            })
        };
        if self.acme.is_set() {
            if self.certificate.is_some() || self.key.is_some() {
                return refuse(
                    "tls",
                    "the certificate is to come from files and from tls.acme",
                    "remove tls.certificate and tls.key to have it ordered and renewed, or remove [tls.acme] to keep the files",
                );
            }
            return self.acme.check();
        }
        match (&self.certificate, &self.key) {
            (Some(_), None) => refuse(
                "tls.key",
                "a certificate is of no use without its key",
                "name the file of the private key",
            ),
            (None, key) if key.is_some() || !self.client_ca.is_empty() => refuse(
                "tls.certificate",
                "the other keys of [tls] are of no use without it",
                "name the file of the server's certificate (`mapacha ca server` makes one), or set tls.acme.names to have one ordered",
            ),
            _ => Ok(()),
        }
    }
}

impl Acme {
    fn check(&self) -> Result<(), ConfigError> {
        let refuse = |key: &str, what: String, remedy: &str| {
            Err(ConfigError {
                place: format!("`tls.acme.{key}`"),
                what,
                remedy: remedy.into(),
            })
        };
        if self.names.is_empty() {
            return refuse(
                "names",
                "there is no name for which a certificate could be ordered".into(),
                "set it to the names by which others reach this server, such as [\"twin.city.example\"]; or remove [tls.acme]",
            );
        }
        if self.names.len() > MAX_NAMES {
            return refuse(
                "names",
                format!("{} names are too many for one certificate", self.names.len()),
                "name at most 100",
            );
        }
        for name in &self.names {
            if let Err(why) = server::acme::check_name(name) {
                return refuse(
                    "names",
                    why,
                    "write each name as the DNS has it, such as twin.city.example",
                );
            }
        }
        if !self.directory.starts_with("https://") {
            return refuse(
                "directory",
                format!("`{}` is no https address", self.directory),
                "name the authority's directory, such as https://ca.city.example/acme/acme/directory",
            );
        }
        if let Some(contact) = self.contact.iter().find(|contact| !contact.contains(':')) {
            return refuse(
                "contact",
                format!("`{contact}` is no URI"),
                "write it as mailto:security@city.example",
            );
        }
        if !self.terms_agreed {
            return refuse(
                "terms_agreed",
                format!(
                    "the authority at {} gives certificates to those who agree to its terms of service, and nobody said so",
                    self.directory
                ),
                "read the terms (Let's Encrypt: https://letsencrypt.org/repository/), and set it to true if you agree",
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tls(change: impl FnOnce(&mut Tls)) -> Result<(), String> {
        let mut tls = Tls::default();
        tls.acme.names = vec!["twin.city.example".to_owned()];
        tls.acme.terms_agreed = true;
        change(&mut tls);
        tls.check().map_err(|error| error.to_string())
    }

    /// What makes a configuration wrong, and what the refusal names.
    type Refused = (fn(&mut Tls), [&'static str; 2]);

    #[test]
    fn what_is_missing_or_too_much_is_named() {
        tls(|_| ()).unwrap();
        tls(|tls| tls.client_ca = vec!["maker.pem".into()]).unwrap();
        assert!(
            tls(|tls| tls.acme = Acme::default()).is_ok(),
            "no certificate at all"
        );
        let refused: [Refused; 8] = [
            (|tls| tls.acme.names.clear(), ["tls.acme.names", "no name"]),
            (
                |tls| tls.acme.terms_agreed = false,
                ["tls.acme.terms_agreed", "terms of service"],
            ),
            (
                |tls| tls.certificate = Some("a.pem".into()),
                ["remove tls.certificate and tls.key", "remove [tls.acme]"],
            ),
            (
                |tls| tls.key = Some("a.key".into()),
                ["remove tls.certificate and tls.key", "remove [tls.acme]"],
            ),
            (
                |tls| tls.acme.names.push("*.city.example".into()),
                ["tls.acme.names", "wildcard"],
            ),
            (
                |tls| tls.acme.names = vec!["a.example".into(); 101],
                ["tls.acme.names", "101"],
            ),
            (
                |tls| tls.acme.directory = "http://ca.example".into(),
                ["tls.acme.directory", "https"],
            ),
            (
                |tls| tls.acme.contact = vec!["me@city.example".into()],
                ["tls.acme.contact", "mailto:"],
            ),
        ];
        for (change, words) in refused {
            let error = tls(change).unwrap_err();
            assert!(words.iter().all(|word| error.contains(word)), "{error}");
        }
    }

    #[test]
    fn with_names_it_is_on() {
        let mut tls = Tls::default();
        assert!(!tls.is_on());
        tls.acme.names = vec!["twin.city.example".to_owned()];
        assert!(tls.is_on());
    }
}

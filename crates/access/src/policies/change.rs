//! What a city wrote: the documents that its rule book is read from.

use super::classes::DEFAULT_CLASSES;
use super::finding::Refused;
use super::purposes::DEFAULT_PURPOSES;
use super::rule_book::{DEFAULT_ROLES, Texts};
use super::store::StoreError;

/// The documents of a city, by what they are. What the city did not write is what it started with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Documents {
    roles: Option<String>,
    classification: Option<String>,
    purposes: Option<String>,
    policies: Texts,
}

/// Why a change of the documents was not made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ChangeError {
    /// There can be no document of that name.
    #[error(
        "`{0}` cannot be a document: `roles`, `classification`, `purposes`, or a name for policies such as `north.cedar`: \
         letters, digits, `-`, `_` and `.`, at most 60"
    )]
    Name(String),
    /// With it the documents would not hold together.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Documents {
    /// What the roles may do.
    pub fn roles(&self) -> &str {
        self.roles.as_deref().unwrap_or(DEFAULT_ROLES)
    }

    /// The classification of attributes.
    pub fn classification(&self) -> &str {
        self.classification.as_deref().unwrap_or(DEFAULT_CLASSES)
    }

    /// The list of purposes.
    pub fn purposes(&self) -> &str {
        self.purposes.as_deref().unwrap_or(DEFAULT_PURPOSES)
    }

    /// The city's own policies, by document.
    pub fn policies(&self) -> &Texts {
        &self.policies
    }

    /// The same with a document put, or taken away where there is no text. Taken away, `roles`, `classification` and
    /// `purposes` are again what a city starts with.
    pub fn with(mut self, name: &str, text: Option<String>) -> Result<Self, ChangeError> {
        match name {
            "roles" => self.roles = text,
            "classification" => self.classification = text,
            "purposes" => self.purposes = text,
            "builtin" | "schema" | "policies" => return Err(ChangeError::Name(name.to_owned())),
            name if !super::classes::is_word(name) => {
                return Err(ChangeError::Name(super::classes::short(name)));
            }
            name => match text {
                Some(text) => drop(self.policies.insert(name.to_owned(), text)),
                None => drop(self.policies.remove(name)),
            },
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_city_did_not_write_is_what_it_started_with() {
        let documents = Documents::default().with("roles", Some("x".into())).unwrap();
        assert_eq!(documents.roles(), "x");
        assert_eq!(
            documents.clone().with("roles", None).unwrap(),
            Documents::default()
        );
        assert_eq!(documents.purposes(), DEFAULT_PURPOSES);
        let documents = documents.with("north.cedar", Some("y".into())).unwrap();
        assert_eq!(documents.policies().len(), 1);
        assert!(documents.with("north.cedar", None).unwrap().policies().is_empty());
        for bad in ["", "builtin", "a/b", "schema"] {
            assert!(
                matches!(Documents::default().with(bad, None), Err(ChangeError::Name(_))),
                "{bad}"
            );
        }
    }
}

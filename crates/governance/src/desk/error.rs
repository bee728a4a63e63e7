//! What is refused, and why.

/// Why something was not done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// There is no such record.
    #[error("there is no {what} `{id}`")]
    NotFound {
        /// What kind of thing.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// What was given is wrong: where, what, and what to do.
    #[error("`{place}`: {detail}")]
    Wrong {
        /// The member.
        place: String,
        /// What is wrong with it, and what to do.
        detail: String,
    },
    /// It cannot be done as things stand.
    #[error("{0}")]
    Conflict(String),
    /// Only a person may do that, or not this person.
    #[error("{0}")]
    Forbidden(String),
    /// The store took nothing.
    #[error("it could not be stored: {0}")]
    Store(String),
}

impl From<twin::Error> for Error {
    fn from(error: twin::Error) -> Self {
        match error {
            twin::Error::Held(..) => Self::Conflict(error.to_string()),
            twin::Error::Forbidden(_) => Self::Forbidden(error.to_string()),
            twin::Error::NotFound(_) | twin::Error::AttributeNotFound(..) | twin::Error::Invalid(_) => {
                Self::Conflict(error.to_string())
            }
            _ => Self::Store(error.to_string()),
        }
    }
}

impl Error {
    pub(super) fn wrong(place: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Wrong {
            place: place.into(),
            detail: detail.into(),
        }
    }
}

/// The result of everything here.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

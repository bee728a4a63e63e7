//! Why a log could not be read or written.

/// Why a log could not be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error("the store failed: {0}")]
    Store(String),
    /// What is stored is not what was written.
    #[error("the audit log of the {tenant} is damaged: {what}")]
    Damaged {
        /// Whose log.
        tenant: String,
        /// Which row or leaf, and what is wrong with it.
        what: String,
    },
    /// The log is not as long as what was asked for.
    #[error("{0}")]
    OutOfRange(String),
    /// No chance is to be had from the operating system.
    #[error("the operating system gives no random numbers for the audit log's keys: {0}")]
    NoRandomness(String),
}

impl Error {
    pub(crate) fn damaged(tenant: &str, what: impl Into<String>) -> Self {
        Self::Damaged {
            tenant: whose(tenant),
            what: what.into(),
        }
    }
}

impl From<twin::StorageError> for Error {
    fn from(error: twin::StorageError) -> Self {
        Self::Store(error.to_string())
    }
}

impl From<Error> for twin::Error {
    fn from(error: Error) -> Self {
        Self::Storage(error.to_string())
    }
}

/// A tenant, in words.
pub(crate) fn whose(tenant: &str) -> String {
    if tenant.is_empty() {
        "default tenant".to_owned()
    } else {
        format!("tenant `{tenant}`")
    }
}

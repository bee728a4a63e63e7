//! What can be wrong with what a client sent.

use crate::name::NotAUri;
use crate::time::NotATimestamp;

/// A refusal, with the NGSI-LD error type that a door answers with (5.5.3, Table 6.3.2-1).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Error {
    /// Which kind.
    pub kind: ErrorKind,
    /// What is wrong, where (a JSON pointer or a position), and what to do. Lower case, no final period.
    pub detail: String,
}

/// The kinds that this crate can find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request itself is malformed: not JSON, a parameter that cannot be parsed.
    InvalidRequest,
    /// The request is well-formed, its content is not NGSI-LD.
    BadRequestData,
    /// A remote @context cannot be had.
    LdContextNotAvailable,
    /// The query asks for more than the server will do.
    TooComplexQuery,
}

impl Error {
    /// The content is not NGSI-LD.
    pub fn bad_data(detail: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::BadRequestData,
            detail: detail.into(),
        }
    }

    /// A remote @context cannot be had.
    pub fn context(detail: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::LdContextNotAvailable,
            detail: detail.into(),
        }
    }

    /// The query asks for more than the server will do.
    pub fn too_complex(detail: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::TooComplexQuery,
            detail: detail.into(),
        }
    }

    /// The request is malformed.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::InvalidRequest,
            detail: detail.into(),
        }
    }
}

impl From<NotAUri> for Error {
    fn from(error: NotAUri) -> Self {
        Self::bad_data(error.to_string())
    }
}

impl From<NotATimestamp> for Error {
    fn from(error: NotATimestamp) -> Self {
        Self::bad_data(error.to_string())
    }
}

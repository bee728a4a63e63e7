//! Where in a document something is, as a JSON pointer (RFC 6901). Costs nothing until it is written.

use std::fmt;

use crate::error::Error;

#[derive(Clone, Copy)]
pub(super) enum Path<'a> {
    Root,
    Key(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
}

impl Path<'_> {
    /// A refusal of what is here.
    pub(super) fn refuse<T>(&self, what: impl fmt::Display) -> Result<T, Error> {
        Err(self.error(what))
    }

    pub(super) fn error(&self, what: impl fmt::Display) -> Error {
        match self {
            Self::Root => Error::bad_data(what.to_string()),
            _ => Error::bad_data(format!("`{self}`: {what}")),
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Key(parent, key) => {
                let key: String = key.chars().take(200).collect();
                write!(f, "{parent}/{}", key.replace('~', "~0").replace('/', "~1"))
            }
            Self::Index(parent, index) => write!(f, "{parent}/{index}"),
        }
    }
}

//! The city's identity provider (OpenID Connect): what its tokens have to look like, whom they stand for here, and the
//! way of a browser there and back.
//!
//! Nothing here reaches out: keys come in as a JWK set, tokens as texts. A token is looked at in one order: its form, its
//! algorithm, its key, its signature, and only then what it says (RFC 8725, 3.1 to 3.12).

mod claims;
mod flow;
mod jose;
pub(crate) mod json;
mod keys;
mod linked;
mod mapping;

pub use claims::{Rules, TokenError, Told};
pub use flow::{Flow, Returned};
pub use keys::{KeySet, NoKeySet};
pub use mapping::{BadGrant, Grant, Mapping};

pub(crate) use linked::External;

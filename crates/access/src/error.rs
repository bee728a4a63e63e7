//! What is refused, and why.

use crate::passkeys::NoPasskey;
use crate::passwords::rules::Weakness;
use crate::permissions::Role;

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Name, password or code are not right. Which of them, nobody is told.
    #[error("the name, the password or the code is not right")]
    Refused,
    /// The identity provider knows them, and gives them nothing here.
    #[error("the identity provider knows you, and nobody has given you access here")]
    NoAccess,
    /// Too many guesses were made; the next one is looked at after so many seconds.
    #[error("too many attempts failed; try again in {seconds} s")]
    Wait {
        /// How long, in seconds.
        seconds: u64,
    },
    /// More passwords wait to be checked than can be.
    #[error("too many log in at this moment; try again in a few seconds")]
    Busy,
    /// There is nobody, no session, no key and no group of this name.
    #[error("there is no {what} `{id}`")]
    NotFound {
        /// What kind of thing.
        what: &'static str,
        /// Its name or id.
        id: String,
    },
    /// The name is in use.
    #[error("there is somebody called `{0}` already")]
    Taken(String),
    /// A name that cannot be one.
    #[error("`{0}` cannot be a name: 1 to 64 letters, digits and any of . _ - @ +, without spaces")]
    BadName(String),
    /// A text that cannot be the id of a device.
    #[error(
        "`{0}` cannot be the id of a device: it is a URN such as urn:ngsi-ld:Device:lamp-7, of ASCII letters, digits and . _ - ~ + @ :"
    )]
    BadDevice(String),
    /// A request for a certificate that cannot be signed.
    #[error("the request for a certificate (PKCS #10, PEM) is refused: {0}")]
    Request(String),
    /// The certificate authority cannot be used.
    #[error("the certificate authority cannot be used: {0}")]
    Authority(String),
    /// A password that others would guess.
    #[error("{0}")]
    Weak(Weakness),
    /// Nobody could manage accounts any more.
    #[error("this is the last administrator who can log in; make another one first")]
    LastAdministrator,
    /// Nobody may hand out what they do not have.
    #[error("the role `{}` gives more than you have, so you cannot hand it out", .0.name())]
    Beyond(Role),
    /// A second factor is there already, or is not there.
    #[error("{0}")]
    State(&'static str),
    /// Whoever asks does not see what the answer depends on.
    #[error(
        "the policies decide this by attributes of the entity that you do not see; ask somebody who sees them"
    )]
    Unseen,
    /// A passkey that was not taken, and why.
    #[error("the passkey is not taken: {0}")]
    Passkey(NoPasskey),
    /// The account has a second factor, and the session was opened without it.
    #[error(
        "log in with the second factor or the passkey that the account has, before you change what opens it"
    )]
    SecondFirst,
    /// Something that was given cannot be.
    #[error("{0}")]
    Wrong(&'static str),
    /// So many there may be.
    #[error("there are {0} already, and there may not be more")]
    Many(&'static str),
    /// The store took nothing, or the system gave no randomness.
    #[error("it could not be stored: {0}")]
    Store(String),
}

impl From<twin::Error> for Error {
    fn from(error: twin::Error) -> Self {
        Self::Store(error.to_string())
    }
}

/// The result of everything here.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

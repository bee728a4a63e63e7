//! Who may do what: people and services, how each proves who it is, and which permissions its roles give.
//!
//! [`Access`] is built once, in `main`, over the rows of the default tenant's twin; time and chance are passed in. It
//! knows nothing of HTTP: a door hands it a session's token or a key, and gets a [`Principal`] or nothing.
//!
//! What stands in the store are hashes: of passwords (Argon2id), of session tokens, keys, invitations and recovery
//! codes (SHA-256 of at least 80 random bits), and the public keys of [`passkeys`]. The secret of a second factor (TOTP) has to be read again, and is sealed.
//!
//! Calls that write wait for the disk, and calls that check a password wait for the processor: both are for threads
//! that may wait. [`Access::of_session`] and [`Access::of_key`] read memory only.
//!
//! Devices and services can have an identity of their own: certificates of the built-in [`Authority`] or of another one, or
//! a shared secret. [`Access::of_certificate`] and [`Access::of_device_secret`] say who they are, whatever they speak.
//!
//! What somebody may see of the city's data beyond that is decided by [`policies`]; [`PolicyViews`] puts both together.

mod access;
mod authority;
mod break_glass;
pub mod certificates;
mod devices;
mod error;
mod gained;
mod groups;
pub mod passkeys;
mod passwords;
mod people;
mod permissions;
pub mod policies;
mod preview;
mod principal;
mod provider;
mod reach;
mod refused;
mod rows;
mod secret;
mod sessions;
mod state;
mod throttle;
mod tokens;
mod told;
mod totp;
mod views;
mod why;

pub use access::{Access, Settings};
pub use authority::{Authority, AuthorityInfo, DEVICE_DAYS, SERVER_DAYS};
pub use break_glass::{BREAK_GLASS_ROLE, BreakGlass, LONGEST_TIME, Review, USUAL_TIME};
pub use devices::{CertificateInfo, DeviceInfo, DeviceKind, Lifecycle, NewDevice, Nobody};
pub use error::Error;
pub use passkeys::{
    NewPasskey, NoPasskey, PasskeyChallenge, PasskeyInfo, PasskeyRequest, RelyingParty, ShownPasskey,
};
pub use passwords::Cost;
pub use passwords::rules::{LONGEST, SHORTEST, Weakness};
pub use people::{Enrolment, NewPerson, Person, Proof, SecondFactor};
pub use permissions::{Permission, Permissions, Role};
pub use preview::{Changes, Preview, PreviewShift, Whom};
pub use principal::{Assurance, Kind, Principal};
pub use provider::{BadGrant, Flow, Grant, KeySet, Mapping, NoKeySet, Returned, Rules, TokenError, Told};
pub use reach::Reach;
pub use secret::{Random, SystemRandom};
pub use sessions::SessionInfo;
pub use sessions::login::{Attempt, Entered, Opened};
pub use throttle::Source;
pub use tokens::{KeyInfo, NewKey};
pub use views::{DEFAULT_TENANT, PolicyViews};
pub use why::{Why, WhyAsked};

//! The way of a browser to the provider and back (authorization code, RFC 6749, 4.1, with PKCE, RFC 7636).
//!
//! The server remembers nothing meanwhile: a cookie holds a random seed, signed, and `state`, `nonce` and the code verifier
//! are derived from it under a key that only the store has. So a return is only taken in the browser that went out.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use ngsi_ld::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::access::Access;
use crate::error::{Error, Result};
use crate::secret;

/// How long the way may take, in seconds.
const WITHIN_S: i64 = 600;
/// The longest cookie that is looked at, in bytes.
const LONGEST_COOKIE: usize = 4096;

/// What sends a browser out.
pub struct Flow {
    /// For the browser to keep.
    pub cookie: String,
    /// For the provider to give back.
    pub state: String,
    /// For the ID token to repeat.
    pub nonce: String,
    /// The challenge of the code verifier, method S256.
    pub challenge: String,
}

/// What a browser that came back went out for.
pub struct Returned {
    /// What the ID token has to repeat.
    pub nonce: String,
    /// What shows the token endpoint that the code is ours.
    pub verifier: String,
    /// Where the login leads.
    pub next: String,
    /// The account that is to be linked; none for a login.
    pub link: Option<String>,
}

/// What the cookie says.
#[derive(Serialize, Deserialize)]
struct Out {
    seed: String,
    /// In seconds since 1970.
    until: i64,
    next: String,
    link: Option<String>,
}

impl Access {
    /// Sends a browser to the provider, to be led to `next` afterwards. `link`: the account that is to be linked.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn begin_flow(&self, next: &str, link: Option<&str>) -> Result<Flow, Error> {
        let out = Out {
            seed: secret::token::<32>(&*self.inner().random)?,
            until: seconds(self.now()) + WITHIN_S,
            next: next.to_owned(),
            link: link.map(str::to_owned),
        };
        let json = serde_json::to_vec(&out).map_err(|error| Error::Store(error.to_string()))?;
        let body = URL_SAFE_NO_PAD.encode(json);
        let verifier = self.derived("verifier", &out.seed);
        Ok(Flow {
            cookie: format!("{body}.{}", self.derived("cookie", &body)),
            state: self.derived("state", &out.seed),
            nonce: self.derived("nonce", &out.seed),
            challenge: URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)),
        })
    }

    /// Takes a browser back, by its cookie and by the `state` that the provider gave back.
    ///
    /// # Errors
    /// [`Error::Refused`] where it did not go out here, or too long ago.
    pub fn end_flow(&self, cookie: &str, state: &str) -> Result<Returned, Error> {
        let (body, signature) = cookie
            .rsplit_once('.')
            .filter(|_| cookie.len() <= LONGEST_COOKIE)
            .ok_or(Error::Refused)?;
        if !is(&self.derived("cookie", body), signature) {
            return Err(Error::Refused);
        }
        let json = URL_SAFE_NO_PAD.decode(body).ok().ok_or(Error::Refused)?;
        let out: Out = serde_json::from_slice(&json).ok().ok_or(Error::Refused)?;
        if out.until <= seconds(self.now()) || !is(&self.derived("state", &out.seed), state) {
            return Err(Error::Refused);
        }
        Ok(Returned {
            nonce: self.derived("nonce", &out.seed),
            verifier: self.derived("verifier", &out.seed),
            next: out.next,
            link: out.link,
        })
    }

    /// 256 bits that nobody finds who does not have the store's key; empty never, since HMAC takes keys of any length.
    fn derived(&self, purpose: &str, of: &str) -> String {
        let key = self.read(|state| state.signing);
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else {
            return String::new();
        };
        mac.update(b"provider\0");
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(of.as_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }
}

fn is(right: &str, given: &str) -> bool {
    !right.is_empty() && secret::same(right.as_bytes(), given.as_bytes())
}

fn seconds(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(1_000_000)
}

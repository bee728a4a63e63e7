//! Browsers in which somebody logged in before: a signed cookie that says for whom.

use hmac::{Hmac, KeyInit as _, Mac as _};
use ngsi_ld::Timestamp;
use sha2::Sha256;

use crate::people::account::Account;
use crate::secret;

/// How long a browser is known, in seconds: a year.
const KNOWN_S: i64 = 365 * 86_400;

/// The cookie of a browser in which this account was logged in to: account, time, signature.
pub(crate) fn cookie(signing: &[u8; 32], account: &Account, now: Timestamp) -> String {
    let at = now.as_micros() / 1_000_000;
    let signature = signature(signing, account, at);
    format!("{}.{at}.{signature}", account.id)
}

/// Whether a cookie was given to a browser in which this very account, with its present password, was logged in to.
pub(crate) fn knows(signing: &[u8; 32], account: &Account, cookie: &str, now: Timestamp) -> bool {
    let mut parts = cookie.splitn(3, '.');
    let (Some(id), Some(at), Some(given)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let Ok(at) = at.parse::<i64>() else {
        return false;
    };
    let age = (now.as_micros() / 1_000_000).saturating_sub(at);
    let right = signature(signing, account, at);
    id == &*account.id
        && age < KNOWN_S
        && !right.is_empty()
        && secret::same(right.as_bytes(), given.as_bytes())
}

fn signature(signing: &[u8; 32], account: &Account, at: i64) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(signing) else {
        return String::new(); // HMAC takes keys of any length
    };
    mac.update(format!("browser\0{}\0{}\0{at}", account.id, account.generation).as_bytes());
    secret::hex(&mac.finalize().into_bytes())
}

//! Secrets that have to be read again, as they stand in the store: AES-256-GCM under a key that is derived from the store's
//! own, bound to the account. So a row alone, or one that was put into another account, gives nothing away.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::error::{Error, Result};
use crate::secret::{self, Random};

/// How what is sealed begins; what does not is of a time when nothing was, and stands there as it is.
const MARK: &str = "1.";

/// Whether a text is sealed.
pub(crate) fn is_sealed(text: &str) -> bool {
    text.starts_with(MARK)
}

/// A secret of an account, sealed. `key`: the store's own.
pub(crate) fn seal(key: &[u8; 32], random: &dyn Random, account: &str, clear: &[u8]) -> Result<String> {
    let nonce = secret::bytes::<NONCE_LEN>(random)?;
    let failed = || Error::Store("a secret could not be sealed".to_owned());
    let mut sealed = clear.to_vec();
    derived(key)
        .ok_or_else(failed)?
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(bound_to(account)),
            &mut sealed,
        )
        .map_err(|_unspecified| failed())?;
    Ok(format!("{MARK}{}{}", secret::hex(&nonce), secret::hex(&sealed)))
}

/// The secret again; nothing where it was sealed otherwise, or for another account.
pub(crate) fn open(key: &[u8; 32], account: &str, text: &str) -> Option<Vec<u8>> {
    let Some(sealed) = text.strip_prefix(MARK) else {
        return secret::unhex(text);
    };
    let bytes = secret::unhex(sealed)?;
    let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut clear = sealed.to_vec();
    let opened = derived(key)?
        .open_in_place(nonce, Aad::from(bound_to(account)), &mut clear)
        .ok()?;
    Some(opened.to_vec())
}

fn derived(key: &[u8; 32]) -> Option<LessSafeKey> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(b"seal\0second factor");
    let key = mac.finalize().into_bytes();
    UnboundKey::new(&AES_256_GCM, &key).ok().map(LessSafeKey::new)
}

fn bound_to(account: &str) -> Vec<u8> {
    [b"account\0", account.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::SystemRandom;

    #[test]
    fn only_the_same_key_and_account_open_it() {
        let key = [7; 32];
        let sealed = seal(&key, &SystemRandom, "ada", b"a secret").unwrap();
        assert!(is_sealed(&sealed) && !sealed.contains(&secret::hex(b"a secret")));
        assert_eq!(open(&key, "ada", &sealed).unwrap(), b"a secret");
        assert_eq!(open(&key, "ben", &sealed), None);
        assert_eq!(open(&[8; 32], "ada", &sealed), None);
        assert_ne!(seal(&key, &SystemRandom, "ada", b"a secret").unwrap(), sealed);
        for at in MARK.len()..sealed.len() {
            let digit = if &sealed[at..=at] == "0" { "1" } else { "0" };
            let other = format!("{}{digit}{}", &sealed[..at], &sealed[at + 1..]);
            assert_eq!(open(&key, "ada", &other), None, "{at}");
        }
        for bad in ["1.", "1.00", "1.x", "x", &sealed[..sealed.len() - 2]] {
            assert_eq!(open(&key, "ada", bad), None, "{bad}");
        }
        assert_eq!(
            open(&key, "ada", "6162").unwrap(),
            b"ab",
            "as it stood there before"
        );
    }
}

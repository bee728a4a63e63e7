//! Codes that an app shows for half a minute: TOTP (RFC 6238) over HMAC-SHA-1, six digits, as every app has it.

use hmac::{Hmac, KeyInit as _, Mac as _};
use ngsi_ld::Timestamp;
use sha1::Sha1;

use crate::secret;

/// How long a code is shown, in seconds.
const STEP_S: i64 = 30;
/// How many steps a phone's clock may be off, either way.
const DRIFT: i64 = 1;
/// The length of a secret in bytes: that of the hash (RFC 4226, section 4, R6).
pub(crate) const SECRET_BYTES: usize = 20;

/// The code of a step.
fn code(secret: &[u8], step: u64, digits: u32) -> Option<u32> {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).ok()?;
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    // RFC 4226, section 5.3: dynamic truncation.
    let at = usize::from(hash.last()? & 0xf);
    let four: [u8; 4] = hash.get(at..at + 4)?.try_into().ok()?;
    Some((u32::from_be_bytes(four) & 0x7fff_ffff) % 10_u32.pow(digits))
}

fn step_at(now: Timestamp) -> i64 {
    now.as_micros().div_euclid(STEP_S * 1_000_000)
}

/// The step whose code this is, if it is one of now and later than the last that was accepted: no code is taken twice
/// (RFC 6238, section 5.2).
pub(crate) fn accepted(secret: &[u8], given: &str, now: Timestamp, last: i64) -> Option<i64> {
    let digits: String = given.chars().filter(|c| !c.is_whitespace()).take(7).collect();
    if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let now = step_at(now);
    // Each of them is computed and compared, whichever it is.
    let mut found = None;
    for step in now - DRIFT..=now + DRIFT {
        let expected = u64::try_from(step)
            .ok()
            .and_then(|step| code(secret, step, 6))
            .map(|code| format!("{code:06}"));
        let is = expected.is_some_and(|expected| secret::same(expected.as_bytes(), digits.as_bytes()));
        if is && step > last && found.is_none() {
            found = Some(step);
        }
    }
    found
}

/// What an app reads from the picture (the Key URI Format).
pub(crate) fn uri(secret: &[u8], issuer: &str, name: &str) -> String {
    let escape = |text: &str| {
        text.bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    char::from(byte).to_string()
                }
                other => format!("%{other:02X}"),
            })
            .collect::<String>()
    };
    format!(
        "otpauth://totp/{}:{}?secret={}&issuer={}",
        escape(issuer),
        escape(name),
        secret::base32(secret),
        escape(issuer)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    /// RFC 6238, appendix B (SHA-1).
    #[test]
    fn rfc_6238_vectors() {
        for (seconds, expected) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            let step = u64::try_from(step_at(Timestamp::from_seconds(seconds))).unwrap();
            assert_eq!(code(SECRET, step, 8), Some(expected), "{seconds}");
        }
    }

    /// RFC 4226, appendix D.
    #[test]
    fn rfc_4226_vectors() {
        let expected = [
            755_224, 287_082, 359_152, 969_429, 338_314, 254_676, 287_922, 162_583, 399_871, 520_489,
        ];
        for (counter, expected) in (0..).zip(expected) {
            assert_eq!(code(SECRET, counter, 6), Some(expected));
        }
    }

    #[test]
    fn a_code_is_taken_once_and_around_its_time_only() {
        let now = Timestamp::from_seconds(1_111_111_111);
        let step = step_at(now);
        assert_eq!(accepted(SECRET, "050471", now, 0), Some(step));
        assert_eq!(accepted(SECRET, "050 471", now, step - 1), Some(step));
        assert_eq!(accepted(SECRET, "050471", now, step), None, "a second time");
        // That of the half minute before, and none of earlier ones.
        assert_eq!(accepted(SECRET, "081804", now, 0), Some(step - 1));
        let later = Timestamp::from_seconds(1_111_111_111 + 90);
        assert_eq!(accepted(SECRET, "050471", later, 0), None);
        for bad in ["", "05047", "0504711", "x50471", "٠٥٠٤٧١", "-50471"] {
            assert_eq!(accepted(SECRET, bad, now, 0), None, "{bad}");
        }
        assert_eq!(accepted(SECRET, "000000", Timestamp::MIN, 0), None);
    }

    #[test]
    fn the_uri_is_escaped() {
        assert_eq!(
            uri(b"12345", "Mapacha Nairobi", "ada@city"),
            "otpauth://totp/Mapacha%20Nairobi:ada%40city?secret=GEZDGNBV&issuer=Mapacha%20Nairobi"
        );
    }
}

//! SHA-256 of files, in hex.

use std::fmt::Write as _;
use std::io::Read;

use sha2::{Digest, Sha256};

/// Bytes as lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// The SHA-256 of what is left to read.
pub(crate) fn sha256(reader: &mut dyn Read) -> std::io::Result<String> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            return Ok(hex(&digest.finalize()));
        }
        digest.update(buffer.get(..count).unwrap_or_default());
    }
}

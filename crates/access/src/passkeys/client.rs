//! What the browser says of a ceremony: `clientDataJSON` (`WebAuthn` Level 3, 5.8.1).

use super::{NoPasskey, RelyingParty, base64url};
use crate::provider::json;
use crate::secret;

/// The longest that is looked at, in bytes: types, challenge and origins have no need of more.
const LONGEST: usize = 4096;

/// Which ceremony it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Creation,
    Assertion,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Creation => "webauthn.create",
            Self::Assertion => "webauthn.get",
        }
    }
}

/// Refuses client data of another ceremony, another challenge or another site (7.1, steps 5 to 11; 7.2, steps 10 to 14).
pub(crate) fn check(
    bytes: &[u8],
    purpose: Purpose,
    challenge: &[u8],
    rp: &RelyingParty,
) -> Result<(), NoPasskey> {
    if bytes.len() > LONGEST {
        return Err(NoPasskey::ClientData);
    }
    let data = json::object(bytes).ok_or(NoPasskey::ClientData)?;
    let text = |name| json::text(&data, name).map_err(|()| NoPasskey::ClientData);
    if text("type")? != Some(purpose.name()) {
        return Err(NoPasskey::Type);
    }
    let given = text("challenge")?.ok_or(NoPasskey::ClientData)?;
    if !secret::same(given.as_bytes(), base64url(challenge).as_bytes()) {
        return Err(NoPasskey::Challenge);
    }
    if text("origin")? != Some(rp.origin()) {
        return Err(NoPasskey::Origin);
    }
    // Our pages cannot be framed, so nothing of another site's frame is ours.
    let crossed = match data.get("crossOrigin") {
        None | Some(serde_json::Value::Bool(false)) => false,
        Some(serde_json::Value::Bool(true)) => true,
        Some(_) => return Err(NoPasskey::ClientData),
    };
    if crossed || data.contains_key("topOrigin") {
        return Err(NoPasskey::CrossOrigin);
    }
    Ok(())
}

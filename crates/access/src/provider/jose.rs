//! Signed tokens in their compact form (RFC 7515, 3.1): three parts, a header, a signature by a known key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::claims::TokenError;
use super::json::{object, text};
use super::keys::KeySet;

/// The longest token that is looked at, in bytes.
pub(crate) const LONGEST: usize = 16 << 10;

/// How a token may be signed. Secrets that both sides share (HS…) and no signature at all (none) are not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// ECDSA over P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// By the name that RFC 7518, RFC 8037 and RFC 9864 give it, in that very case.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            "ES256" => Some(Self::Es256),
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            _ => None,
        }
    }
}

/// A token whose signature is right.
pub(crate) struct Signed {
    /// Its `typ`, in lower case, without `application/`.
    pub(crate) kind: Option<String>,
    pub(crate) claims: Map<String, Value>,
}

/// Base64url without padding, and without bits that say nothing.
pub(crate) fn base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Reads a token and checks its signature. What its header says of keys (`jku`, `jwk`, `x5u`, `x5c`) is not looked at.
pub(crate) fn verified(token: &str, keys: &KeySet) -> Result<Signed, TokenError> {
    if token.len() > LONGEST {
        return Err(TokenError::Form("it is too long"));
    }
    let form = || TokenError::Form("it is no signed token in compact form");
    let (message, signature) = token.rsplit_once('.').ok_or_else(form)?;
    let (header, payload) = message.split_once('.').ok_or_else(form)?;
    let header = base64url(header)
        .and_then(|bytes| object(&bytes))
        .ok_or_else(form)?;
    let claims = base64url(payload).ok_or_else(form)?;
    let signature = base64url(signature).ok_or_else(form)?;
    let told = |name: &str| text(&header, name).map_err(|()| form());
    if header.contains_key("crit") {
        return Err(TokenError::Form(
            "its header has an extension that has to be understood",
        ));
    }
    let algorithm = told("alg")?
        .and_then(Algorithm::parse)
        .ok_or(TokenError::Algorithm)?;
    let id = told("kid")?;
    let fitting = keys.for_token(id, algorithm);
    if fitting.is_empty() {
        return Err(TokenError::UnknownKey);
    }
    if !fitting
        .iter()
        .any(|key| key.signed(algorithm, message.as_bytes(), &signature))
    {
        return Err(TokenError::Signature);
    }
    let kind = told("typ")?.map(|kind| {
        let kind = kind.to_ascii_lowercase();
        match kind.strip_prefix("application/") {
            Some(rest) => rest.to_owned(),
            None => kind,
        }
    });
    Ok(Signed {
        kind,
        claims: object(&claims).ok_or_else(form)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(key: &str) -> KeySet {
        KeySet::parse(format!("{{\"keys\":[{key}]}}").as_bytes()).unwrap()
    }

    /// RFC 7515, appendix A.2: RS256.
    #[test]
    fn rfc_7515_rs256() {
        let keys = with(
            r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#,
        );
        let token = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
        assert_eq!(verified(token, &keys).unwrap().claims["iss"], "joe");
        assert_eq!(
            verified(&token.replace("77Rw", "77Rg"), &keys).err(),
            Some(TokenError::Signature)
        );
        // The last character has bits that say nothing: no other spelling of the same bytes is taken.
        assert!(verified(&token.replace("77Rw", "77Rx"), &keys).is_err());
    }

    /// RFC 7515, appendix A.3: ES256.
    #[test]
    fn rfc_7515_es256() {
        let keys = with(
            r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
        );
        let token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        assert!(verified(token, &keys).is_ok());
    }

    /// RFC 8037, appendix A.4: Ed25519. Its payload is no JSON object, so that is what it fails by.
    #[test]
    fn rfc_8037_ed25519() {
        let keys = with(r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#);
        let token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        assert_eq!(
            verified(token, &keys).err(),
            Some(TokenError::Form("it is no signed token in compact form"))
        );
        let other = token.replace("KAg", "KAw");
        assert_eq!(verified(&other, &keys).err(), Some(TokenError::Signature));
    }
}

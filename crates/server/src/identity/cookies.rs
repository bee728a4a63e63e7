//! The cookies of people who log in. The prefix `__Host-` binds each to this very host, over a secure connection.

use axum::http::{HeaderMap, HeaderValue, header};

/// The session.
pub(crate) const SESSION: &str = "__Host-mapacha";
/// A login that waits for its second factor.
pub(crate) const BEGUN: &str = "__Host-mapacha-login";
/// A way to the identity provider and back.
pub(crate) const OUT: &str = "__Host-mapacha-provider";
/// A login that waits for a passkey.
pub(crate) const PASSKEY: &str = "__Host-mapacha-passkey";
/// A browser in which somebody logged in before.
pub(crate) const BROWSER: &str = "__Host-mapacha-browser";

/// How long a browser keeps the last one: a year.
const YEAR_S: u64 = 365 * 86_400;
/// How long a login may wait for its second factor, or for a passkey.
const BEGUN_S: u64 = 300;
/// How long the way to the identity provider and back may take.
const OUT_S: u64 = 600;

/// The value of a cookie that a request carries; nothing where it carries two of that name.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(known, _)| *known == name)
        .map(|(_, value)| value);
    let first = values.next().filter(|value| !value.is_empty())?;
    values.next().is_none().then_some(first)
}

/// `Set-Cookie` that keeps a value; without seconds, as long as the browser is open.
fn kept(name: &str, value: &str, seconds: Option<u64>) -> Option<HeaderValue> {
    let age = seconds.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
    HeaderValue::from_str(&format!(
        "{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{age}"
    ))
    .ok()
}

/// Puts the cookies of a session that was opened into an answer.
pub(crate) fn opened(headers: &mut HeaderMap, opened: &access::Opened) {
    let set = [
        kept(SESSION, &opened.token, None),
        kept(BROWSER, &opened.known_browser, Some(YEAR_S)),
        kept(BEGUN, "", Some(0)),
    ];
    for value in set.into_iter().flatten() {
        headers.append(header::SET_COOKIE, value);
    }
}

/// Puts the cookie of a login that waits for its second factor into an answer.
pub(crate) fn begun(headers: &mut HeaderMap, token: &str) {
    if let Some(value) = kept(BEGUN, token, Some(BEGUN_S)) {
        headers.append(header::SET_COOKIE, value);
    }
}

/// Puts the cookie of a browser that goes to the identity provider into an answer.
pub(crate) fn went_out(headers: &mut HeaderMap, value: &str) {
    if let Some(value) = kept(OUT, value, Some(OUT_S)) {
        headers.append(header::SET_COOKIE, value);
    }
}

/// Takes that cookie back: each way is gone once.
pub(crate) fn came_back(headers: &mut HeaderMap) {
    if let Some(value) = kept(OUT, "", Some(0)) {
        headers.append(header::SET_COOKIE, value);
    }
}

/// Puts the cookie of a login that waits for a passkey into an answer.
pub(crate) fn began_passkey(headers: &mut HeaderMap, token: &str) {
    if let Some(value) = kept(PASSKEY, token, Some(BEGUN_S)) {
        headers.append(header::SET_COOKIE, value);
    }
}

/// Takes that cookie back.
pub(crate) fn ended_passkey(headers: &mut HeaderMap) {
    if let Some(value) = kept(PASSKEY, "", Some(0)) {
        headers.append(header::SET_COOKIE, value);
    }
}

/// Takes the session's cookies back.
pub(crate) fn ended(headers: &mut HeaderMap) {
    for value in [kept(SESSION, "", Some(0)), kept(BEGUN, "", Some(0))]
        .into_iter()
        .flatten()
    {
        headers.append(header::SET_COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_name_or_none() {
        let headers = |lines: &[&'static str]| {
            lines
                .iter()
                .map(|line| (header::COOKIE, HeaderValue::from_static(line)))
                .collect::<HeaderMap>()
        };
        let session = |lines: &[&'static str]| cookie(&headers(lines), SESSION).map(str::to_owned);
        assert_eq!(
            session(&["lang=fr; __Host-mapacha=abc; x=y"]).as_deref(),
            Some("abc")
        );
        assert_eq!(
            session(&["lang=fr", "__Host-mapacha=abc"]).as_deref(),
            Some("abc")
        );
        for none in [
            &["__Host-mapacha=a; __Host-mapacha=b"][..],
            &["__Host-mapacha="],
            &["__Host-mapacha-login=a"],
            &["mapacha=a"],
            &["__host-mapacha=a"],
            &[],
        ] {
            assert_eq!(session(none), None, "{none:?}");
        }
        let mut set = HeaderMap::new();
        ended(&mut set);
        assert_eq!(
            set[header::SET_COOKIE],
            "__Host-mapacha=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"
        );
    }
}

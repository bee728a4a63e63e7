//! One visit to a page: who asks, for which city, in which language.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use ngsi_ld::Entity;
use percent_encoding::percent_decode_str;
use query::View;
use twin::Twin;

use super::language::Language;
use super::respond::Failure;
use crate::identity::{self, SessionToken};
use crate::ngsi_ld::TENANT;
use crate::problem::Problem;
use crate::{App, caller_view};

/// What every page needs to know of its request.
#[derive(Clone)]
pub(crate) struct Visit {
    pub(crate) app: App,
    pub(crate) twin: Twin,
    pub(crate) view: View,
    /// Who visits, where that is known.
    pub(crate) who: Option<Arc<access::Principal>>,
    /// The token of the session, where it is one.
    pub(crate) session: Option<Arc<str>>,
    pub(crate) language: Language,
    /// What passkeys are bound to here; nothing where there are none.
    pub(crate) site: Option<access::RelyingParty>,
    /// The path, still percent-encoded.
    pub(crate) path: String,
    /// The parameters, decoded, in order, without those that are empty and without the language.
    pub(crate) parameters: Arc<[(String, String)]>,
    /// Whether the language was chosen by this very address, and is to be remembered.
    pub(crate) chose_language: bool,
}

/// The longest parameter that is looked at; the rest is cut off.
const LONGEST: usize = 500;

impl Visit {
    /// Something that a walk found is shown: it is counted as what the twin answers is.
    pub(crate) fn shows(&self, entity: &Entity) {
        if let Some(shown) = self.view.shown() {
            shown.look(entity);
        }
    }

    /// A parameter, if it was given and is not empty.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The number of the page of a long list, from 1.
    pub(crate) fn page(&self) -> usize {
        self.parameter("page")
            .and_then(|n| n.parse().ok())
            .filter(|n| (1..=1_000_000).contains(n))
            .unwrap_or(1)
    }

    /// The address of the same page with some parameters replaced; an empty value leaves one out.
    pub(crate) fn address(&self, path: &str, changes: &[(&str, &str)]) -> String {
        let kept = self.parameters.iter().map(|(k, v)| (k.as_str(), v.as_str()));
        let kept = kept.filter(|(key, _)| !changes.iter().any(|(changed, _)| changed == key));
        address(path, kept.chain(changes.iter().copied()))
    }
}

/// An address with parameters; those that are empty are left out.
pub(crate) fn address<'a>(path: &str, parameters: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = path.to_owned();
    let mut mark = '?';
    for (key, value) in parameters.filter(|(_, value)| !value.is_empty()) {
        text.push(mark);
        text.push_str(key);
        text.push('=');
        text.push_str(&encode(value));
        mark = '&';
    }
    text
}

/// A text as one segment of a path, or as the value of a parameter.
pub(crate) fn encode(text: &str) -> String {
    const KEEP: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~')
        .remove(b':');
    percent_encoding::utf8_percent_encode(text, KEEP).to_string()
}

fn decode(text: &str) -> String {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8_lossy().into_owned();
    decoded
        .chars()
        .take(LONGEST)
        .collect::<String>()
        .trim()
        .to_owned()
}

impl FromRequestParts<App> for Visit {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let mut parameters: Vec<(String, String)> = parts
            .uri
            .query()
            .unwrap_or_default()
            .split('&')
            .take(50)
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (decode(key), decode(value)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let chosen = parameters
            .iter()
            .find(|(key, _)| key == "lang")
            .and_then(|(_, tag)| Language::of_tag(tag));
        parameters
            .retain(|(key, _)| key != "lang" && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
        let language = Language::of_request(chosen.map(Language::tag), &parts.headers);
        let twin = app
            .twin(None)
            .ok_or_else(|| Failure::unavailable(app, language))?;
        let visit = Self {
            twin,
            view: caller_view(&parts.headers, &parts.extensions, app),
            who: identity::principal(&parts.extensions).cloned(),
            session: parts
                .extensions
                .get::<SessionToken>()
                .map(|SessionToken(token)| Arc::clone(token)),
            site: identity::site(app, &parts.headers, &parts.extensions),
            app: app.clone(),
            language,
            path: parts.uri.path().to_owned(),
            parameters: parameters.into(),
            chose_language: chosen.is_some(),
        };
        // Who may see what was found out for the tenant that the header names.
        if parts.headers.contains_key(TENANT) {
            let detail = "pages show the default tenant; leave out the header `NGSILD-Tenant`";
            return Err(Failure::refused(
                &visit,
                &Problem::api(StatusCode::BAD_REQUEST, detail),
            ));
        }
        Ok(visit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_encoded() {
        let pairs = [("q", "a b&c=d\"<é"), ("none", "")];
        assert_eq!(
            address("/entities", pairs.into_iter()),
            "/entities?q=a%20b%26c%3Dd%22%3C%C3%A9"
        );
        assert_eq!(decode("a+b%26%FF"), "a b&\u{fffd}");
        assert_eq!(encode("EC: I: T: 2A"), "EC:%20I:%20T:%202A");
        assert_eq!(encode("../x"), "..%2Fx");
    }
}

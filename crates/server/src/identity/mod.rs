//! Who asks: from a cookie or a key to a principal, and which route asks for which permission.
//!
//! One layer stands before every door. It finds out who asks, looks up in one table what the route asks for, and
//! refuses what the table does not have. Where nobody has to log in (`access.mode = open`), it lets everything through.

mod admit;
pub(crate) mod cookies;
mod emergency;
mod forms;
mod personal;
mod provider;
mod rates;
mod site;
mod source;
mod table;

use std::sync::Arc;

use access::policies::{PurposeRefused, UNSAID};
use access::{Access, PolicyViews, Principal};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, StatusCode, header};
use query::view::Rights;
use query::{Caller, Purpose, View};

use crate::App;
use crate::layers::REQUEST_ID;
use crate::ngsi_ld::TENANT;
use crate::problem::{Answer, Problem, blocking};

pub(crate) use admit::admit;
pub(crate) use provider::Failed as ProviderFailed;
pub use provider::{ClientSecret, Provider, ProviderSettings};
pub(crate) use rates::Buckets;
pub use rates::{Rate, Rates};
pub(crate) use site::site;
pub use source::{Peer, PeerCertificate};
pub(crate) use source::{Secured, source};
pub(crate) use table::described;

/// The token of the session that a request came with, where it came by a cookie.
#[derive(Clone)]
pub(crate) struct SessionToken(pub(crate) Arc<str>);

/// Who sent a request, if the layer found out.
pub(crate) fn principal(extensions: &Extensions) -> Option<&Arc<Principal>> {
    extensions.get::<Arc<Principal>>()
}

/// What the sender of a request may see. Every read of every door goes through here.
pub fn caller_view(headers: &HeaderMap, extensions: &Extensions, app: &App) -> View {
    let view = match extensions.get::<View>() {
        Some(view) => view.clone(),
        None if app.config.views.is_some() => View::open(Caller::Anonymous, UNSAID).with(&Rights::none()),
        None => View::open(Caller::Anonymous, UNSAID),
    };
    match headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()) {
        Some(id) => view.of_request(id),
        None => view,
    }
}

/// The header with which a request says what it is for.
pub(crate) const PURPOSE: &str = "mapacha-purpose";

/// What a request is for.
fn purpose_of(views: &PolicyViews, principal: &Principal, headers: &HeaderMap) -> Answer<Purpose> {
    let mut given = headers.get_all(PURPOSE).iter();
    let said = given.next().map(|value| value.to_str().unwrap_or("�"));
    if given.next().is_some() {
        let detail = "a request has one purpose; send the header Mapacha-Purpose once";
        return Err(Problem::api(StatusCode::BAD_REQUEST, detail));
    }
    views.purpose(Some(principal), said).map_err(|refused| {
        let status = match refused {
            PurposeRefused::Unknown { .. } => StatusCode::BAD_REQUEST,
            PurposeRefused::NotRegistered { .. } => StatusCode::FORBIDDEN,
        };
        unknown_purpose(status, views, principal.purpose.as_deref(), &refused)
    })
}

/// A purpose that cannot be had, with those that whoever asks can have.
pub(crate) fn unknown_purpose(
    status: StatusCode,
    views: &PolicyViews,
    own: Option<&str>,
    refused: &PurposeRefused,
) -> Problem {
    let rules = views.policies().rules();
    let known: Vec<&str> = rules.purposes().open_to(own).collect();
    Problem::named(
        status,
        "purpose",
        "Data cannot be had for this purpose",
        refused.to_string(),
    )
    .member("purposes", known)
}

/// Finds out what somebody may see in the tenant that their request names, for the purpose that it names.
async fn view_of(app: &App, principal: &Arc<Principal>, headers: &HeaderMap) -> Answer<Option<View>> {
    let Some(views) = app.config.views.clone() else {
        return Ok(None);
    };
    let purpose = purpose_of(&views, principal, headers)?;
    let tenant = headers
        .get(TENANT)
        .and_then(|name| name.to_str().ok())
        .map(str::to_owned);
    if let Some(view) = views.known(Some(principal), tenant.as_deref(), &purpose) {
        return Ok(Some(view));
    }
    let principal = Arc::clone(principal);
    blocking(move || views.of(Some(&principal), tenant.as_deref(), &purpose))
        .await
        .map(Some)
}

/// Whether the first thing to do is to make the first account: not where people can log in at the identity provider.
pub(crate) fn begins_with_setup(app: &App) -> bool {
    let provider = app.config.provider.as_ref();
    let access = app.config.access();
    access.is_some_and(Access::needs_setup) && !provider.is_some_and(Provider::logs_in)
}

/// Somebody who logged in, or a service with a key.
pub(crate) struct Asker {
    pub(crate) access: Access,
    pub(crate) principal: Arc<Principal>,
}

impl FromRequestParts<App> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let access = app.config.access().cloned().ok_or_else(nobody_logs_in)?;
        let principal = principal(&parts.extensions).cloned();
        let principal = principal.ok_or_else(|| who_are_you(false))?;
        let access = access.by(Caller::Principal(Arc::clone(&principal.id)));
        Ok(Self { access, principal })
    }
}

/// Whoever sends a request, known or not: where it comes from, and to which site.
pub(crate) struct Sender {
    pub(crate) from: access::Source,
    /// What passkeys are bound to here; nothing where there are none.
    pub(crate) site: Option<access::RelyingParty>,
}

impl FromRequestParts<App> for Sender {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(Self {
            from: source(app, &parts.extensions, &parts.headers),
            site: site(app, &parts.headers, &parts.extensions),
        })
    }
}

/// There are no accounts where nobody has to log in.
pub(crate) fn nobody_logs_in() -> Problem {
    Problem::api(
        StatusCode::NOT_FOUND,
        "this server asks nobody to log in (access.mode = open), so it has no accounts to manage",
    )
}

/// The connection's certificate was verified, and stands for nobody.
fn not_by_certificate(why: access::Nobody) -> Problem {
    Problem::api(StatusCode::UNAUTHORIZED, why.to_string())
        .header(header::WWW_AUTHENTICATE, "Bearer realm=\"mapacha\"")
}

/// RFC 9110, 11.6.1 and RFC 6750, 3.
fn who_are_you(wrong_key: bool) -> Problem {
    let (detail, challenge) = if wrong_key {
        (
            "the key or the token is not known, or it has ended",
            "Bearer realm=\"mapacha\", error=\"invalid_token\"",
        )
    } else {
        (
            "say who you are: send `Authorization: Bearer` with a key, or log in at /login",
            "Bearer realm=\"mapacha\"",
        )
    };
    Problem::api(StatusCode::UNAUTHORIZED, detail).header(header::WWW_AUTHENTICATE, challenge)
}

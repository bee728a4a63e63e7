//! The site that passkeys are bound to.

use access::RelyingParty;
use axum::http::{Extensions, HeaderMap, header};

use super::Secured;
use crate::App;

/// What passkeys of this server are bound to: its public address. Where it has none, only this machine, whose name nobody
/// else has; an address of numbers has no passkeys.
pub(crate) fn site(app: &App, headers: &HeaderMap, extensions: &Extensions) -> Option<RelyingParty> {
    if let Some(public) = &app.config.public_url {
        return RelyingParty::of_origin(public.as_str());
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok())?;
    let scheme = if extensions.get::<Secured>().is_some() {
        "https"
    } else {
        "http"
    };
    let site = RelyingParty::of_origin(&format!("{scheme}://{host}"))?;
    let is_here = site.id() == "localhost" || site.id().ends_with(".localhost");
    is_here.then_some(site)
}

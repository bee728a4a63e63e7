//! Pages for people, rendered on the server.

use axum::Router;

use crate::App;

/// Every page.
pub fn router() -> Router<App> {
    Router::new()
}

//! The whole house as one service.

use axum::Router;

use crate::{App, pages};

/// Every door, with what they share around them.
pub fn router(app: App) -> Router {
    Router::new().merge(pages::router()).with_state(app)
}

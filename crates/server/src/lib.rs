//! The doors: NGSI-LD over HTTP, the management APIs, and pages rendered on the server.
//!
//! A door parses, maps and chooses status codes; what the city knows and does is the twin's. Everything a
//! request needs comes with [`App`], which `main` builds once; [`router`] is the whole house as one service,
//! and [`serve`] puts it on a socket.

mod accounts_api;
pub mod accounts_json;
pub mod acme;
pub mod app;
mod audit;
mod desk;
pub mod identity;
pub mod imports;
pub mod json;
pub mod kpi;
mod layers;
pub mod metrics;
pub mod net;
pub mod ngsi_ld;
pub mod notifications;
mod openapi;
mod origins;
pub mod pages;
pub mod policies_json;
pub mod problem;
mod public_url;
mod resolving;
mod router;
pub mod scenarios;
mod serve;
mod service;
mod trust;

pub use app::{App, Config};
pub use desk::facts::Installation;
pub use desk::ground::on_ground;
pub use identity::{ClientSecret, Provider, ProviderSettings, Rate, Rates, caller_view};
pub use openapi::openapi;
pub use origins::{NoOrigin, Origins};
pub use problem::{Answer, Problem};
pub use public_url::{NoPublicUrl, PublicUrl};
pub use router::router;
pub use serve::{NoTls, Tls, TlsFiles, serve, serve_admin};
pub use trust::{NoSecurityTxt, SecurityTxt, sbom};

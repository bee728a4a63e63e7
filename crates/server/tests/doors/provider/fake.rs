//! A small identity provider on loopback.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::signer::{Key, Pair};

pub(super) struct Fake {
    pub(super) url: String,
    pairs: Vec<(Key, Pair)>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    url: String,
    keys: Mutex<Vec<Value>>,
    /// How often the keys were asked for.
    asked: AtomicUsize,
    is_down: AtomicBool,
    /// What the token endpoint answers next.
    tokens: Mutex<Value>,
    /// The last form that the token endpoint got, with the header `authorization`.
    got: Mutex<BTreeMap<String, String>>,
}

impl Fake {
    pub(super) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let pairs: Vec<(Key, Pair)> = Key::ALL.into_iter().map(|key| (key, Pair::new(key))).collect();
        let shared = Arc::new(Shared {
            url: url.clone(),
            keys: Mutex::new(pairs.iter().map(|(key, pair)| pair.jwk(key.id())).collect()),
            ..Shared::default()
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, pairs, shared }
    }

    pub(super) fn key(&self, key: Key) -> &Pair {
        &self.pairs.iter().find(|(kind, _)| *kind == key).unwrap().1
    }

    /// How often the keys were asked for.
    pub(super) fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::SeqCst)
    }

    pub(super) fn is_down(&self, down: bool) {
        self.shared.is_down.store(down, Ordering::SeqCst);
    }

    pub(super) fn publish(&self, keys: Vec<Value>) {
        *self.shared.keys.lock().unwrap() = keys;
    }

    pub(super) fn answers(&self, tokens: Value) {
        *self.shared.tokens.lock().unwrap() = tokens;
    }

    pub(super) fn got(&self) -> BTreeMap<String, String> {
        self.shared.got.lock().unwrap().clone()
    }
}

async fn discovery(State(shared): State<Arc<Shared>>) -> Response {
    if shared.is_down.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let url = &shared.url;
    Json(json!({
        "issuer": url, "jwks_uri": format!("{url}/jwks"), "authorization_endpoint": format!("{url}/authorize?a=b"),
        "token_endpoint": format!("{url}/token"), "end_session_endpoint": format!("{url}/leave"),
        "code_challenge_methods_supported": ["S256"],
    }))
    .into_response()
}

async fn jwks(State(shared): State<Arc<Shared>>) -> Response {
    shared.asked.fetch_add(1, Ordering::SeqCst);
    let keys = shared.keys.lock().unwrap().clone();
    Json(json!({"keys": keys})).into_response()
}

async fn token(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let mut got: BTreeMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    if let Some(value) = headers.get("authorization") {
        got.insert("authorization".to_owned(), value.to_str().unwrap().to_owned());
    }
    *shared.got.lock().unwrap() = got;
    let tokens = shared.tokens.lock().unwrap().clone();
    if tokens.is_null() {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    }
    Json(tokens).into_response()
}

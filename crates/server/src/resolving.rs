//! Waiting for @contexts that others hold: only so many at once, each for one request at a time, and none for long.
//! Whoever holds them may be slow, or mean us to wait; all else must go on meanwhile.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, StatusCode, header};
use ngsi_ld::context::Context;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::{Mutex as Turn, Semaphore};
use tokio::time::timeout_at;
use twin::contexts::Contexts;

use crate::ngsi_ld::TENANT;
use crate::problem::{Answer, NgsiError, Problem, blocking};

/// How long one request waits for all its @contexts together.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// How many @contexts are waited for at once: each occupies a thread.
const AT_ONCE: usize = 16;

/// Who waits for which @context.
pub(crate) struct Resolving {
    places: Arc<Semaphore>,
    /// By tenant and @context.
    turns: Mutex<HashMap<String, Arc<Turn<()>>>>,
}

impl Default for Resolving {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(AT_ONCE)),
            turns: Mutex::default(),
        }
    }
}

impl Resolving {
    /// The compiled form of an `@context` member's value, waited for no longer than until an instant. `headers` name
    /// the tenant.
    pub(crate) async fn resolve(
        &self,
        contexts: Contexts,
        headers: &HeaderMap,
        context: Value,
        until: Instant,
    ) -> Answer<Context> {
        let (here, wanted) = (contexts.clone(), context.clone());
        if let Some(resolved) = blocking(move || here.resolve_here(&wanted)).await? {
            return Ok(resolved?);
        }
        let tenant = headers.get(TENANT).map_or(&b""[..], |value| value.as_bytes());
        let key = format!("{} {context}", String::from_utf8_lossy(tenant));
        let turn = Arc::clone(self.turns.lock().entry(key.clone()).or_default());
        let resolved = self.in_turn(Arc::clone(&turn), contexts, context, until).await;
        let mut turns = self.turns.lock();
        drop(turn);
        // Nobody waits for it but the map.
        if turns.get(&key).is_some_and(|turn| Arc::strong_count(turn) == 1) {
            turns.remove(&key);
        }
        resolved
    }

    async fn in_turn(
        &self,
        turn: Arc<Turn<()>>,
        contexts: Contexts,
        context: Value,
        until: Instant,
    ) -> Answer<Context> {
        let end = tokio::time::Instant::from_std(until);
        let turn = timeout_at(end, turn.lock_owned())
            .await
            .map_err(|_elapsed| too_slow())?;
        if let Some(known) = contexts.known(&context) {
            return Ok(known); // whoever was before has it
        }
        let place = timeout_at(end, Arc::clone(&self.places).acquire_owned()).await;
        let Ok(Ok(place)) = place else {
            return Err(busy());
        };
        let resolving = blocking(move || {
            let resolved = contexts.resolve_until(&context, until);
            // Until here, also where nobody waits any more.
            drop((turn, place));
            resolved
        });
        Ok(timeout_at(end, resolving)
            .await
            .map_err(|_elapsed| too_slow())???)
    }
}

fn too_slow() -> Problem {
    let detail = format!(
        "the @context did not come within {} s; give it with `contexts.static`, or try again",
        PATIENCE.as_secs()
    );
    Problem::ngsi(NgsiError::LdContextNotAvailable, detail)
}

fn busy() -> Problem {
    Problem::named(
        StatusCode::SERVICE_UNAVAILABLE,
        "busy",
        "Too many @contexts are waited for",
        "other requests wait for @contexts that do not come; try again, or give yours with `contexts.static`",
    )
    .header(header::RETRY_AFTER, "5")
    .media_type("application/json")
}

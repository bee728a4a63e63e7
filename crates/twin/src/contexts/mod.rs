//! The resolver of @contexts: what is built in, what the operator gave, what is hosted here, what is fetched; compiled
//! once. And the store of @contexts behind `/jsonldContexts` (5.13).

mod cache;
mod library;
mod manage;
mod shelf;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hashbrown::HashMap;
use ngsi_ld::context::{BuiltIn, Context, ContextSource};
use ngsi_ld::{Error, Timestamp};
use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use storage::Clock as _;
use storage::environment::SystemClock;

use self::cache::Cache;
use self::library::Hosted;
use self::shelf::{Shelf, fresh_until};
use crate::net::{Net, NetError, NetLimits};
use crate::rows::Row;
use crate::twin::Twin;

pub(crate) use self::library::Library;
pub use self::manage::{ContextInfo, ContextKind, Served};

/// How long it is remembered that a document could not be had.
const FAILURE_AGE: Duration = Duration::from_secs(10);
/// How much time must have been left for a failure to be remembered.
const FAIR: Duration = Duration::from_secs(2);
/// The part of a URL before the local id of an @context that is hosted here.
const HOSTED: &str = "/ngsi-ld/v1/jsonldContexts/";

/// Resolves, compiles and keeps @contexts. Cheap to clone; clones share what they know.
///
/// It may wait for the network: call it from a thread that may.
#[derive(Clone)]
pub struct Contexts {
    shared: Arc<Shared>,
    /// The default tenant's twin, where what was fetched survives a restart.
    home: Option<Twin>,
    /// Whose hosted @contexts are looked at first.
    tenant: Option<Twin>,
}

struct Shared {
    given: HashMap<String, Arc<Json>>,
    net: Option<Arc<dyn Net>>,
    shelf: Mutex<Shelf>,
    failures: Mutex<Cache<(Error, Timestamp)>>,
    compiled: Mutex<Cache<Compiled>>,
    /// How often all that was compiled was forgotten; changes under the lock of `compiled`.
    generation: AtomicU64,
}

impl Shared {
    /// Forgets all that was compiled, and what is being compiled of what was there until now.
    fn forget_compiled(&self) {
        let mut compiled = self.compiled.lock();
        self.generation.fetch_add(1, Ordering::Relaxed);
        compiled.clear();
    }
}

/// A compiled context, and what it was made of.
struct Compiled {
    context: Context,
    sources: Arc<[Source]>,
    fresh_until: Option<Timestamp>,
}

/// A document that a compiled context was made of.
#[derive(Clone)]
enum Source {
    /// By URL, on the shelf.
    Cached(String),
    /// Hosted here.
    Hosted(Arc<Hosted>),
}

impl Contexts {
    /// With the documents that the operator gave for some URLs (consulted before anything else, also for URLs
    /// inside other contexts), and the way out for the rest.
    pub fn new(given: impl IntoIterator<Item = (String, Json)>, net: Arc<dyn Net>) -> Self {
        Self::build(given, Some(net))
    }

    /// The same without a way out.
    pub fn offline(given: impl IntoIterator<Item = (String, Json)>) -> Self {
        Self::build(given, None)
    }

    fn build(given: impl IntoIterator<Item = (String, Json)>, net: Option<Arc<dyn Net>>) -> Self {
        Self {
            shared: Arc::new(Shared {
                given: given
                    .into_iter()
                    .map(|(url, document)| (url, Arc::new(document)))
                    .collect(),
                net,
                shelf: Mutex::default(),
                failures: Mutex::default(),
                compiled: Mutex::default(),
                generation: AtomicU64::new(0),
            }),
            home: None,
            tenant: None,
        }
    }

    /// The same, keeping what it fetches in the default tenant's twin; what is kept there already is known from
    /// now on. A row that cannot be read is left out: it can be fetched again.
    #[must_use]
    pub fn with_home(mut self, home: Twin) -> Self {
        match home.rows(shelf::TABLE) {
            Ok(rows) => {
                let mut shelf = self.shared.shelf.lock();
                for (url, value) in rows {
                    if shelf.restore(&url, &value).is_none() {
                        tracing::warn!(url = %String::from_utf8_lossy(&url), "a kept @context cannot be read");
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "the kept @contexts cannot be read"),
        }
        self.home = Some(home);
        self
    }

    /// The same for the requests of one tenant: they find its hosted @contexts, then the default tenant's, and
    /// those of no other (5.5.10).
    #[must_use]
    pub fn of(&self, tenant: &Twin) -> Self {
        Self {
            tenant: Some(tenant.clone()),
            ..self.clone()
        }
    }

    /// The compiled context that the value of an `@context` member, or a `Link` header's URL, stands for.
    ///
    /// # Errors
    /// `LdContextNotAvailable` where a document cannot be had, `BadRequestData` where something in it is no
    /// context (5.5.6).
    pub fn resolve(&self, context: &Json) -> Result<Context, Error> {
        let as_long_as_it_takes = Instant::now() + Duration::from_hours(1);
        self.resolve_until(context, as_long_as_it_takes)
    }

    /// The same, waiting for the network until an instant and no longer.
    ///
    /// # Errors
    /// Those of [`Self::resolve`].
    pub fn resolve_until(&self, context: &Json, until: Instant) -> Result<Context, Error> {
        let not_here = || Error::context("the @context cannot be had");
        self.resolve_by(context, Some(until))
            .unwrap_or_else(|| Err(not_here()))
    }

    /// The same where no network is needed; `None` where it is.
    pub fn resolve_here(&self, context: &Json) -> Option<Result<Context, Error>> {
        self.resolve_by(context, None)
    }

    fn resolve_by(&self, context: &Json, until: Option<Instant>) -> Option<Result<Context, Error>> {
        let key = context.to_string();
        let now = self.now();
        if let Some(known) = self.fresh(&key, now) {
            return Some(Ok(known));
        }
        let generation = self.shared.generation.load(Ordering::Relaxed);
        let source = Tracking {
            contexts: self,
            bytes: Cell::new(key.len()),
            sources: RefCell::default(),
            fresh_until: Cell::new(None),
            until,
            is_far: Cell::new(false),
        };
        let compiled = match Context::compile(context, &source) {
            Ok(compiled) => compiled,
            Err(_) if source.is_far.get() => return None,
            Err(error) => {
                let stale = self.look_up(&key, |compiled| compiled.context.clone());
                let Some(stale) = stale else {
                    return Some(Err(error));
                };
                tracing::warn!(%error, "an @context could not be had again; the one from before goes on serving");
                return Some(Ok(stale));
            }
        };
        let sources: Arc<[Source]> = source.sources.into_inner().into();
        self.count(&sources, now);
        let entry = Compiled {
            context: compiled.clone(),
            fresh_until: source.fresh_until.get(),
            sources,
        };
        let key = if self.is_private(&entry.sources) {
            self.private_key(&key)
        } else {
            key
        };
        let mut kept = self.shared.compiled.lock();
        // What it was made of may have been deleted meanwhile.
        if self.shared.generation.load(Ordering::Relaxed) == generation {
            kept.put(key, entry, source.bytes.get());
        }
        drop(kept);
        Some(Ok(compiled))
    }

    /// Whether what is at a URL can be told without the network, be it that it cannot be had.
    fn is_near(&self, url: &str) -> bool {
        let now = self.now();
        self.shared.net.is_none()
            || self.shared.given.contains_key(url)
            || self
                .shared
                .shelf
                .lock()
                .0
                .get(url)
                .is_some_and(|held| held.is_fresh(now))
            || self.recent_failure(url, now).is_some()
    }

    fn recent_failure(&self, url: &str, now: Timestamp) -> Option<Error> {
        let (error, at) = self.shared.failures.lock().get(url).cloned()?;
        let since = Duration::from_micros(now.as_micros().abs_diff(at.as_micros()));
        (since < FAILURE_AGE).then_some(error)
    }

    /// The same for one URL.
    pub fn resolve_url(&self, url: &str) -> Result<Context, Error> {
        self.resolve(&Json::from(url))
    }

    /// What [`Self::resolve`] gives where that needs no waiting: the context is compiled and holds.
    pub fn known(&self, context: &Json) -> Option<Context> {
        self.fresh(&context.to_string(), self.now())
    }

    fn fresh(&self, key: &str, now: Timestamp) -> Option<Context> {
        let (context, sources) = self.look_up(key, |compiled| {
            let fresh = compiled.fresh_until.is_none_or(|until| now < until);
            fresh.then(|| (compiled.context.clone(), Arc::clone(&compiled.sources)))
        })??;
        self.count(&sources, now);
        Some(context)
    }

    /// Looks at what was compiled for a key, by everybody or by the tenant alone.
    fn look_up<T>(&self, key: &str, look: impl Fn(&Compiled) -> T) -> Option<T> {
        let mut compiled = self.shared.compiled.lock();
        if let Some(found) = compiled.get(key) {
            return Some(look(found));
        }
        self.tenant.as_ref()?;
        compiled.get(&self.private_key(key)).map(|found| look(found))
    }

    /// The key of what one tenant alone may find.
    fn private_key(&self, key: &str) -> String {
        let library = self
            .tenant
            .as_ref()
            .map_or("", |tenant| tenant.library().id.as_str());
        format!("{library} {key}")
    }

    /// Whether something that only the tenant may find is among the sources.
    fn is_private(&self, sources: &[Source]) -> bool {
        let public = |hosted: &Hosted| {
            self.home
                .as_ref()
                .is_some_and(|home| home.library().get(hosted.local_id.as_str()).is_some())
        };
        sources
            .iter()
            .any(|source| matches!(source, Source::Hosted(hosted) if !public(hosted)))
    }

    fn count(&self, sources: &[Source], now: Timestamp) {
        if sources.is_empty() {
            return;
        }
        let mut shelf = self.shared.shelf.lock();
        for source in sources {
            match source {
                Source::Cached(url) => {
                    if let Some(held) = shelf.0.get(url) {
                        held.count(now);
                    }
                }
                Source::Hosted(hosted) => hosted.count(now),
            }
        }
    }

    /// The hosted @context that a URL names, whatever the name of this host in it: ids are made so that no two
    /// hosts have the same.
    fn hosted(&self, url: &str) -> Option<Arc<Hosted>> {
        let local_id = hosted_id(url)?;
        [&self.tenant, &self.home]
            .into_iter()
            .flatten()
            .find_map(|twin| twin.library().get(&local_id))
    }

    /// The document at a URL, from the shelf while it holds, else from where it came; and until when it holds.
    fn shelved(&self, url: &str, until: Instant) -> Result<(Arc<Json>, Option<Timestamp>), Error> {
        let now = self.now();
        let stale = match self.shared.shelf.lock().0.get(url) {
            Some(held) if held.is_fresh(now) => return Ok((Arc::clone(&held.document), held.fresh_until)),
            stale => stale.map(|held| Arc::clone(&held.document)),
        };
        let left = until.saturating_duration_since(Instant::now());
        let error = match self.recent_failure(url, now) {
            // Its time goes on from when it was met: who asks meanwhile does not put the next attempt off.
            Some(error) => error,
            None => match self.obtain(url, left) {
                Ok(obtained) => return Ok((Arc::clone(&obtained.document), self.shelve(url, obtained))),
                Err(error) => {
                    // One for whom hardly any time was left tells nothing about the document.
                    if left >= FAIR {
                        let failure = (error.clone(), now);
                        self.shared
                            .failures
                            .lock()
                            .put(url.to_owned(), failure, url.len());
                    }
                    error
                }
            },
        };
        stale
            .map(|stale| (stale, Some(fresh_until(now, Some(FAILURE_AGE)))))
            .ok_or(error)
    }

    /// Puts what was obtained on the shelf; gives until when it holds.
    fn shelve(&self, url: &str, obtained: Obtained) -> Option<Timestamp> {
        let now = self.now();
        let until = match obtained.holds {
            Holds::ForEver => None,
            Holds::AsSaid(age) => Some(fresh_until(now, age)),
        };
        let rows = self
            .shared
            .shelf
            .lock()
            .put(url, obtained.document, obtained.bytes, now, until);
        self.keep(rows);
        until
    }

    /// Writes rows into the default tenant's store. What is not written is fetched again after a restart.
    fn keep(&self, rows: Vec<Row>) {
        if let Some(home) = &self.home
            && let Err(error) = home.store_rows_blocking(rows)
        {
            tracing::warn!(%error, "an @context could not be kept for the time after a restart");
        }
    }

    /// The document at a URL, from where it is: the operator's files, or the network.
    fn obtain(&self, url: &str, left: Duration) -> Result<Obtained, Error> {
        if let Some(given) = self.shared.given.get(url) {
            return Ok(Obtained {
                document: Arc::clone(given),
                bytes: 0, // it is in memory anyway
                holds: Holds::ForEver,
            });
        }
        let named = || url.chars().take(200).collect::<String>();
        let unavailable =
            |why: NetError| Error::context(format!("the @context at `{}` cannot be had: {why}", named()));
        let no_net =
            || NetError("this program was started without a way out; give it with `contexts.static`".into());
        let net = self.shared.net.as_ref().ok_or_else(no_net).map_err(unavailable)?;
        if left.is_zero() {
            let why = "the time for all @contexts of the request is over; name fewer, or give them with `contexts.static`";
            return Err(unavailable(NetError(why.into())));
        }
        let limits = NetLimits::default();
        let limits = NetLimits {
            timeout: limits.timeout.min(left),
            ..limits
        };
        let fetched = net.fetch(url, limits).map_err(unavailable)?;
        let document: Json = serde_json::from_slice(&fetched.body)
            .map_err(|error| Error::bad_data(format!("what is at `{}` is not JSON: {error}", named())))?;
        if document.get("@context").is_none() {
            let detail = format!(
                "what is at `{}` is no @context: it has no member `@context`",
                named()
            );
            return Err(Error::bad_data(detail));
        }
        Ok(Obtained {
            document: Arc::new(document),
            bytes: fetched.body.len(),
            holds: Holds::AsSaid(fetched.max_age),
        })
    }

    fn now(&self) -> Timestamp {
        self.home.as_ref().map_or_else(|| SystemClock.now(), Twin::now)
    }
}

/// The local id of the hosted @context that a URL names, if it has the form of one.
fn hosted_id(url: &str) -> Option<String> {
    url.strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"))
        .and_then(|rest| rest.split_once(HOSTED))
        .map(|(_, local_id)| local_id.replace("%3A", ":"))
}

/// A document as it came.
struct Obtained {
    document: Arc<Json>,
    bytes: usize,
    holds: Holds,
}

/// How long a document holds.
#[derive(Clone, Copy)]
enum Holds {
    /// It is given with the configuration or hosted here.
    ForEver,
    /// It was fetched: as long as its server said, if it did.
    AsSaid(Option<Duration>),
}

/// Finds documents, and notes which.
struct Tracking<'a> {
    contexts: &'a Contexts,
    bytes: Cell<usize>,
    sources: RefCell<Vec<Source>>,
    fresh_until: Cell<Option<Timestamp>>,
    /// Until when the network is waited for; `None`: it is not asked.
    until: Option<Instant>,
    /// Whether it would have to be asked.
    is_far: Cell<bool>,
}

impl ContextSource for Tracking<'_> {
    fn document(&self, url: &str) -> Result<Json, Error> {
        if url.starts_with('/') {
            let detail = format!("the @context `{url}` is a relative URL; write the whole of it");
            return Err(Error::bad_data(detail));
        }
        let (source, document) = if let Some(hosted) = self.contexts.hosted(url) {
            let document = json!({"@context": hosted.context});
            (Source::Hosted(hosted), document)
        } else if let Ok(document) = BuiltIn.document(url) {
            return Ok(document);
        } else {
            if self.until.is_none() && !self.contexts.is_near(url) {
                self.is_far.set(true);
                return Err(Error::context("it is not here"));
            }
            let until = self.until.unwrap_or_else(Instant::now);
            let (document, until) = self.contexts.shelved(url, until)?;
            let least = match (self.fresh_until.get(), until) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            self.fresh_until.set(least);
            (Source::Cached(url.to_owned()), (*document).clone())
        };
        self.bytes.set(self.bytes.get() + document.to_string().len());
        self.sources.borrow_mut().push(source);
        Ok(document)
    }
}

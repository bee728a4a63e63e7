//! The resolver of @contexts: what is built in, what the operator gave, what is fetched; compiled once.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hashbrown::HashMap;
use ngsi_ld::Error;
use ngsi_ld::context::{BuiltIn, Context, ContextSource};
use parking_lot::Mutex;
use serde_json::Value as Json;

use crate::net::{Net, NetError, NetLimits};

/// How much is kept, in bytes of JSON text: of documents, and of what compiled contexts were made from.
const KEPT_BYTES: usize = 32 << 20;
/// How many are kept, however small.
const KEPT_ENTRIES: usize = 512;
/// After this time a document is asked for again; if it cannot be had then, the old one goes on serving.
const MAX_AGE: Duration = Duration::from_hours(24);
/// How long it is remembered that a document could not be had.
const FAILURE_AGE: Duration = Duration::from_secs(10);

/// Resolves and compiles @contexts. Cheap to clone; clones share what they know.
///
/// It may wait for the network: call it from a thread that may.
#[derive(Clone)]
pub struct Contexts(Arc<Shared>);

struct Shared {
    given: HashMap<String, Json>,
    net: Option<Arc<dyn Net>>,
    documents: Mutex<Cache<Result<Arc<Json>, Error>>>,
    compiled: Mutex<Cache<Context>>,
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
        Self(Arc::new(Shared {
            given: given.into_iter().collect(),
            net,
            documents: Mutex::default(),
            compiled: Mutex::default(),
        }))
    }

    /// The compiled context that the value of an `@context` member, or a `Link` header's URL, stands for.
    ///
    /// # Errors
    /// `LdContextNotAvailable` where a document cannot be had, `BadRequestData` where something in it is no
    /// context.
    pub fn resolve(&self, context: &Json) -> Result<Context, Error> {
        let key = context.to_string();
        let stale = match self.0.compiled.lock().get(&key) {
            Some((compiled, age)) if age < MAX_AGE => return Ok(compiled),
            stale => stale.map(|(compiled, _)| compiled),
        };
        let source = Counting {
            contexts: self,
            bytes: Cell::new(key.len()),
        };
        let compiled = match (Context::compile(context, &source), stale) {
            (Ok(compiled), _) => compiled,
            (Err(error), Some(stale)) => {
                tracing::warn!(%error, "an @context could not be had again; the one from before goes on serving");
                stale
            }
            (Err(error), None) => return Err(error),
        };
        self.0
            .compiled
            .lock()
            .put(key, compiled.clone(), source.bytes.get());
        Ok(compiled)
    }

    /// The same for one URL.
    pub fn resolve_url(&self, url: &str) -> Result<Context, Error> {
        self.resolve(&Json::from(url))
    }

    fn shared_document(&self, url: &str) -> Result<Arc<Json>, Error> {
        let known = self.0.documents.lock().get(url);
        let stale = match known {
            Some((Ok(document), age)) if age < MAX_AGE => return Ok(document),
            Some((Err(error), age)) if age < FAILURE_AGE => return Err(error),
            Some((stale, _)) => stale.ok(),
            None => None,
        };
        match (self.fetch(url), stale) {
            (Ok((document, bytes)), _) => {
                let document = Arc::new(document);
                self.0
                    .documents
                    .lock()
                    .put(url.to_owned(), Ok(Arc::clone(&document)), bytes);
                Ok(document)
            }
            (Err(_), Some(stale)) => Ok(stale),
            (Err(error), None) => {
                self.0
                    .documents
                    .lock()
                    .put(url.to_owned(), Err(error.clone()), url.len());
                Err(error)
            }
        }
    }

    fn fetch(&self, url: &str) -> Result<(Json, usize), Error> {
        let unavailable = |why: &dyn std::fmt::Display| {
            let url: String = url.chars().take(200).collect();
            Error::context(format!("the @context at `{url}` cannot be had: {why}"))
        };
        let no_net =
            || NetError("this program was started without a way out; give it with `contexts.static`".into());
        let net = self
            .0
            .net
            .as_ref()
            .ok_or_else(no_net)
            .map_err(|error| unavailable(&error))?;
        let bytes = net
            .get(url, NetLimits::default())
            .map_err(|error| unavailable(&error))?;
        let document = serde_json::from_slice(&bytes)
            .map_err(|error| unavailable(&format!("it is not JSON: {error}")))?;
        Ok((document, bytes.len()))
    }
}

impl ContextSource for Contexts {
    fn document(&self, url: &str) -> Result<Json, Error> {
        if let Some(given) = self.0.given.get(url) {
            return Ok(given.clone());
        }
        match BuiltIn.document(url) {
            Ok(document) => Ok(document),
            Err(_) => self.shared_document(url).map(|document| (*document).clone()),
        }
    }
}

/// Counts what a context is made of, so that the cache knows its weight.
struct Counting<'a> {
    contexts: &'a Contexts,
    bytes: Cell<usize>,
}

impl ContextSource for Counting<'_> {
    fn document(&self, url: &str) -> Result<Json, Error> {
        let document = self.contexts.document(url)?;
        self.bytes.set(self.bytes.get() + document.to_string().len());
        Ok(document)
    }
}

/// What was used last, within a weight.
struct Cache<V> {
    entries: HashMap<String, Entry<V>>,
    bytes: usize,
    uses: u64,
}

struct Entry<V> {
    value: V,
    bytes: usize,
    last_use: u64,
    since: Instant,
}

impl<V> Default for Cache<V> {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            bytes: 0,
            uses: 0,
        }
    }
}

impl<V: Clone> Cache<V> {
    /// The value and its age.
    fn get(&mut self, key: &str) -> Option<(V, Duration)> {
        self.uses += 1;
        let entry = self.entries.get_mut(key)?;
        entry.last_use = self.uses;
        Some((entry.value.clone(), entry.since.elapsed()))
    }

    fn put(&mut self, key: String, value: V, bytes: usize) {
        self.uses += 1;
        let entry = Entry {
            value,
            bytes,
            last_use: self.uses,
            since: Instant::now(),
        };
        self.bytes += bytes;
        if let Some(old) = self.entries.insert(key, entry) {
            self.bytes -= old.bytes;
        }
        while self.entries.len() > 1 && (self.bytes > KEPT_BYTES || self.entries.len() > KEPT_ENTRIES) {
            let oldest = self
                .entries
                .iter()
                .min_by_key(|(_, entry)| entry.last_use)
                .map(|(key, _)| key.clone());
            let Some(gone) = oldest.and_then(|key| self.entries.remove(&key)) else {
                return;
            };
            self.bytes -= gone.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ngsi_ld::ErrorKind;
    use serde_json::json;

    /// A web of documents that counts its visitors.
    struct Web(HashMap<&'static str, Json>, Mutex<Vec<String>>);

    impl Net for Web {
        fn get(&self, url: &str, _: NetLimits) -> Result<Vec<u8>, NetError> {
            self.1.lock().push(url.to_owned());
            let document = self.0.get(url).ok_or_else(|| NetError("404 Not Found".into()))?;
            Ok(document.to_string().into_bytes())
        }
    }

    fn web(documents: &[(&'static str, Json)]) -> Arc<Web> {
        Arc::new(Web(documents.iter().cloned().collect(), Mutex::default()))
    }

    #[test]
    fn a_document_is_fetched_once() {
        let net = web(&[(
            "http://a.example/c",
            json!({"@context": {"speed": "http://a.example/speed"}}),
        )]);
        let contexts = Contexts::new([], Arc::clone(&net) as Arc<dyn Net>);
        for _ in 0..3 {
            let context = contexts.resolve_url("http://a.example/c").unwrap();
            assert_eq!(context.expand("speed").as_str(), "http://a.example/speed");
        }
        contexts
            .resolve(&json!(["http://a.example/c", {"x": "http://x.example/x"}]))
            .unwrap();
        assert_eq!(*net.1.lock(), ["http://a.example/c"]);
    }

    #[test]
    fn what_the_operator_gave_comes_first_also_inside_others() {
        let net = web(&[(
            "http://a.example/outer",
            json!({"@context": ["http://a.example/inner", {"b": "http://a.example/b"}]}),
        )]);
        let given = [(
            "http://a.example/inner".to_owned(),
            json!({"@context": {"a": "http://given.example/a"}}),
        )];
        let contexts = Contexts::new(given, Arc::clone(&net) as Arc<dyn Net>);
        let context = contexts.resolve_url("http://a.example/outer").unwrap();
        assert_eq!(context.expand("a").as_str(), "http://given.example/a");
        assert_eq!(*net.1.lock(), ["http://a.example/outer"]);
    }

    #[test]
    fn the_core_context_needs_no_network() {
        let contexts = Contexts::offline([]);
        let core = contexts
            .resolve_url("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld")
            .unwrap();
        assert_eq!(
            core.expand("location").as_str(),
            "https://uri.etsi.org/ngsi-ld/location"
        );
    }

    #[test]
    fn what_cannot_be_had_is_said_and_not_asked_for_again_at_once() {
        let net = web(&[]);
        let contexts = Contexts::new([], Arc::clone(&net) as Arc<dyn Net>);
        for _ in 0..2 {
            let error = contexts.resolve_url("http://a.example/none").unwrap_err();
            assert_eq!(error.kind, ErrorKind::LdContextNotAvailable);
            assert!(
                error.detail.contains("http://a.example/none") && error.detail.contains("404"),
                "{error}"
            );
        }
        assert_eq!(net.1.lock().len(), 1);
        let error = Contexts::offline([])
            .resolve_url("http://a.example/none")
            .unwrap_err();
        assert!(error.detail.contains("contexts.static"), "{error}");
    }

    #[test]
    fn the_cache_is_bounded() {
        let mut cache = Cache::default();
        for n in 0..2000 {
            cache.put(n.to_string(), n, 1 << 20);
            cache.get("0");
        }
        assert!(cache.bytes <= KEPT_BYTES && cache.entries.len() <= 32);
        assert!(cache.get("0").is_some(), "what is used stays");
        assert!(cache.get("1").is_none());
    }
}

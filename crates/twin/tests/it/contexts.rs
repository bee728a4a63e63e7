//! The store of @contexts over restarts, and copies that hold for a time (5.13, 6.3.16).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ngsi_ld::ErrorKind;
use parking_lot::Mutex;
use serde_json::json;
use storage::Memory;
use storage::environment::ManualClock;
use twin::contexts::{ContextKind, Served};
use twin::{Contexts, Fetched, Net, NetError, NetLimits, Twin};

use crate::common::{at, clock};

/// One document at every URL, for a time, or none.
struct Web {
    answer: Mutex<Option<(Vec<u8>, Option<Duration>)>>,
    asked: AtomicUsize,
}

impl Web {
    fn new(body: &str, max_age: Option<Duration>) -> Arc<Self> {
        Arc::new(Self {
            answer: Mutex::new(Some((body.as_bytes().to_vec(), max_age))),
            asked: AtomicUsize::new(0),
        })
    }
}

impl Net for Web {
    fn get(&self, url: &str, limits: NetLimits) -> Result<Vec<u8>, NetError> {
        self.fetch(url, limits).map(|fetched| fetched.body)
    }

    fn fetch(&self, _: &str, _: NetLimits) -> Result<Fetched, NetError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.answer.lock().clone();
        let (body, max_age) = answer.ok_or_else(|| NetError("down".into()))?;
        Ok(Fetched { body, max_age })
    }
}

fn city(memory: &Memory, clock: &Arc<ManualClock>) -> Twin {
    let clock: Arc<dyn twin::Clock> = Arc::<ManualClock>::clone(clock);
    Twin::open(Box::new(memory.clone()), clock).unwrap()
}

const URL: &str = "http://a.example/c";

#[test]
fn hosted_contexts_and_their_uses_survive_a_restart() {
    let (memory, clock) = (Memory::new(), clock());
    let home = city(&memory, &clock);
    let contexts = Contexts::offline([]).with_home(home.clone());
    let hosted = contexts.host(&json!({"T": "http://a.example/T"})).unwrap();
    let implicit = contexts
        .host_implicitly(&json!([URL, {"U": "http://a.example/U"}]))
        .unwrap();
    assert_eq!(
        contexts
            .host_implicitly(&json!([URL, {"U": "http://a.example/U"}]))
            .unwrap(),
        implicit,
        "the same one is made once"
    );
    let gone = contexts.host(&json!({})).unwrap();
    assert!(contexts.delete(gone.as_str()).unwrap());
    let url = format!("http://city.example/ngsi-ld/v1/jsonldContexts/{hosted}");
    for _ in 0..3 {
        contexts.resolve_url(&url).unwrap();
    }
    home.tidy().unwrap();
    home.close();

    let contexts = Contexts::offline([]).with_home(city(&memory, &clock));
    let context = contexts.resolve_url(&url).unwrap();
    assert_eq!(context.expand("T").as_str(), "http://a.example/T");
    let info = contexts.info(hosted.as_str()).unwrap();
    assert_eq!(
        (info.kind, info.hits, info.last_usage),
        (ContextKind::Hosted, 4, Some(at(0)))
    );
    assert_eq!(
        contexts.serve(implicit.as_str()),
        Some(Served::Content(json!([URL, {"U": "http://a.example/U"}])))
    );
    assert_eq!(contexts.serve(gone.as_str()), None);
}

#[test]
fn a_copy_holds_as_long_as_its_origin_says_and_survives_a_restart_without_network() {
    let (memory, clock) = (Memory::new(), clock());
    let home = city(&memory, &clock);
    let web = Web::new(
        "{\"@context\": {\"T\": \"http://a.example/1\"}}",
        Some(Duration::from_mins(1)),
    );
    let contexts = Contexts::new([], Arc::clone(&web) as Arc<dyn Net>).with_home(home.clone());
    let term = |contexts: &Contexts| contexts.resolve_url(URL).unwrap().expand("T").as_str().to_owned();
    assert_eq!(term(&contexts), "http://a.example/1");
    *web.answer.lock() = Some((b"{\"@context\": {\"T\": \"http://a.example/2\"}}".to_vec(), None));
    clock.advance(59_000_000);
    assert_eq!(term(&contexts), "http://a.example/1");
    assert_eq!(web.asked.load(Ordering::SeqCst), 1);
    clock.advance(1_000_000);
    assert_eq!(term(&contexts), "http://a.example/2", "6.3.16: it held for 60 s");
    assert_eq!(
        contexts.info(URL).unwrap().expires_at,
        Some(at(60 + 24 * 3600)),
        "a heuristic"
    );

    // Its origin is down, and it goes on serving, also after a restart.
    *web.answer.lock() = None;
    clock.advance(48 * 3_600_000_000);
    assert_eq!(term(&contexts), "http://a.example/2");
    home.close();
    let contexts = Contexts::offline([]).with_home(city(&memory, &clock));
    assert_eq!(term(&contexts), "http://a.example/2");
    assert!(contexts.delete(URL).unwrap());
    assert_eq!(
        contexts.resolve_url(URL).unwrap_err().kind,
        ErrorKind::LdContextNotAvailable
    );
}

#[test]
fn a_reload_that_fails_leaves_the_copy() {
    let (memory, clock) = (Memory::new(), clock());
    let web = Web::new("{\"@context\": {\"T\": \"http://a.example/1\"}}", None);
    let contexts = Contexts::new([], Arc::clone(&web) as Arc<dyn Net>).with_home(city(&memory, &clock));
    contexts.resolve_url(URL).unwrap();
    for bad in [None, Some("not JSON"), Some("{}"), Some("{\"@context\": 7}")] {
        *web.answer.lock() = bad.map(|text| (text.as_bytes().to_vec(), None));
        let error = contexts.reload(URL).unwrap_err();
        let twin::Error::Invalid(error) = error else {
            panic!("{error}")
        };
        assert_eq!(error.kind, ErrorKind::LdContextNotAvailable, "5.13.5.4: {bad:?}");
        let term = contexts.resolve_url(URL).unwrap().expand("T");
        assert_eq!(term.as_str(), "http://a.example/1");
    }
    *web.answer.lock() = Some((b"{\"@context\": {\"T\": \"http://a.example/2\"}}".to_vec(), None));
    contexts.reload(URL).unwrap();
    let term = contexts.resolve_url(URL).unwrap().expand("T");
    assert_eq!(term.as_str(), "http://a.example/2");
}

#[test]
fn what_was_had_and_is_no_context_is_the_clients_fault() {
    for body in ["this is { not json", "{\"note\": 1}", "[]"] {
        let contexts = Contexts::new([], Web::new(body, None));
        let error = contexts.resolve_url(URL).unwrap_err();
        assert_eq!(error.kind, ErrorKind::BadRequestData, "5.5.6: {body}");
    }
}

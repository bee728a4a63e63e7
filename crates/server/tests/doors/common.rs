//! A city in memory behind the whole router, asked in process.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use ngsi_ld::Timestamp;
use serde_json::Value;
use server::{App, Config};
use storage::Memory;
use storage::environment::ManualClock;
use tempfile::TempDir;
use tower::ServiceExt;
use twin::{Contexts, Tenants};

use crate::described::{self, Asked};

/// The @context of the conformance suite, as its payloads name it.
pub(crate) const SUITE: &str = "https://raw.githubusercontent.com/marek-mraz/ngsi-ld-test-suite/main/resources/jsonld-contexts/ngsi-ld-test-suite-compound.jsonld";

const OLD_SUITE: &str = "https://easy-global-market.github.io/ngsild-api-data-models/ngsildTestSuite/ngsildTestSuiteV1.8-compound.jsonld";

pub(crate) struct City {
    pub app: App,
    pub router: Router,
    pub clock: Arc<ManualClock>,
    folder: TempDir,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// All values of a header, joined.
    pub(crate) fn header_all(&self, name: &str) -> String {
        self.headers
            .get_all(name)
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// The last part of the error's type: `BadRequestData`.
    pub(crate) fn error(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        body["type"]
            .as_str()
            .unwrap_or("")
            .rsplit('/')
            .next()
            .unwrap_or("")
            .to_owned()
    }
}

impl City {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(configure: impl FnOnce(&mut Config)) -> Self {
        Self::with_contexts(configure, Contexts::offline(given_contexts()))
    }

    /// With another way to @contexts.
    pub(crate) fn with_contexts(configure: impl FnOnce(&mut Config), contexts: Contexts) -> Self {
        Self::built(|config, _, _| configure(config), contexts)
    }

    /// Where everybody has to say who they are.
    pub(crate) fn guarded() -> Self {
        Self::guarded_with(|_| {}, |_, _| {})
    }

    /// The same, otherwise set, with more to configure.
    pub(crate) fn guarded_with(
        set: impl FnOnce(&mut access::Settings),
        more: impl FnOnce(&mut Config, &Arc<dyn twin::Clock>),
    ) -> Self {
        Self::guarded_over(set, |config, _, clock| more(config, clock))
    }

    /// The same, over the twins.
    pub(crate) fn guarded_over(
        set: impl FnOnce(&mut access::Settings),
        more: impl FnOnce(&mut Config, &Tenants, &Arc<dyn twin::Clock>),
    ) -> Self {
        let guard = |config: &mut Config, tenants: &Tenants, clock: &Arc<dyn twin::Clock>| {
            let mut settings = access::Settings {
                cost: access::Cost {
                    memory_kib: 8,
                    passes: 1,
                    lanes: 1,
                },
                ..access::Settings::default()
            };
            set(&mut settings);
            let twin = tenants.get(None).unwrap();
            let opened =
                access::Access::open(twin.clone(), Arc::clone(clock), access::SystemRandom, settings);
            let opened = opened.unwrap();
            let views = access::PolicyViews::open(opened, twin, jiff::tz::TimeZone::UTC).unwrap();
            tenants.ask_views(&(Arc::new(views.clone()) as Arc<dyn twin::Views>));
            config.views = Some(views);
            let beside = config.spool_dir.with_file_name("ca");
            config.authority = Some(access::Authority::in_folder(&beside));
            more(config, tenants, clock);
        };
        Self::built(guard, Contexts::offline(given_contexts()))
    }

    fn built(
        configure: impl FnOnce(&mut Config, &Tenants, &Arc<dyn twin::Clock>),
        contexts: Contexts,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(
            Timestamp::parse("2026-05-01T12:00:00Z").unwrap(),
        ));
        let shared: Arc<dyn twin::Clock> = Arc::<ManualClock>::clone(&clock);
        let audit = governance::audit::Audit::new();
        let tenants = Tenants::open_witnessed(
            folder.path(),
            Arc::clone(&shared),
            twin::Limits::default(),
            Some(Arc::new(audit.clone())),
            |_| Ok(Box::new(Memory::new())),
        )
        .unwrap();
        audit.begin(&tenants.get(None).unwrap()).unwrap();
        let mut config = Config::new("127.0.0.1:8080".parse().unwrap(), folder.path().join("spool"));
        config.audit = Some(audit);
        let home = tenants.get(None).unwrap();
        let settings = governance::desk::Settings::default();
        config.desk = Some(governance::desk::Desk::open(&home, settings).unwrap());
        configure(&mut config, &tenants, &shared);
        let app = App::new(
            tenants,
            contexts,
            shared,
            indicators::Catalogue::built_in(),
            config,
        );
        Self {
            router: server::router(app.clone()),
            app,
            clock,
            folder,
        }
    }

    /// Asks. A body gets its `Content-Length`, and `application/json` unless the headers name another type.
    pub(crate) async fn ask(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Reply {
        self.ask_bytes(method, target, headers, body.map(str::as_bytes))
            .await
    }

    pub(crate) async fn ask_bytes(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            if !headers
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
            {
                request = request.header("content-type", "application/json");
            }
            request = request.header("content-length", body.len());
        }
        let sent = body.map_or_else(Body::empty, |body| Body::from(body.to_vec()));
        let request = request.body(sent).unwrap();
        let content_type = request.headers().get("content-type");
        let asked = Asked {
            method: method.to_owned(),
            target: target.to_owned(),
            content_type: content_type
                .map_or("", |value| value.to_str().unwrap_or(""))
                .to_owned(),
            body: body.map(<[u8]>::to_vec),
        };
        let reply = self.send(request).await;
        described::check(&asked, reply.status, &reply.headers, &reply.body);
        reply
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Reply {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
        }
    }

    pub(crate) async fn get(&self, target: &str) -> Reply {
        self.ask("GET", target, &[], None).await
    }

    pub(crate) async fn post(&self, target: &str, body: &Value) -> Reply {
        self.ask("POST", target, &[], Some(&body.to_string())).await
    }

    pub(crate) async fn patch(&self, target: &str, body: &Value) -> Reply {
        self.ask("PATCH", target, &[], Some(&body.to_string())).await
    }

    /// Creates an entity and checks that it worked.
    pub(crate) async fn create(&self, entity: &Value) {
        let reply = self.post("/ngsi-ld/v1/entities", entity).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
    }
}

/// `Link` naming an @context.
pub(crate) fn link(url: &str) -> String {
    format!("<{url}>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"")
}

/// A folder of real data, or the reason on stderr why there is none.
pub(crate) fn data(folder: &str) -> Option<PathBuf> {
    test_data::test_data(folder)
}

fn given_contexts() -> Vec<(String, Value)> {
    let mut given = vec![(
        "http://a.example/context.jsonld".to_owned(),
        serde_json::json!({"@context": {"Tower": "http://a.example/Tower", "height": "http://a.example/height"}}),
    )];
    if let Some(folder) = data("ngsi-ld/contexts") {
        for name in ["ngsi-ld-test-suite-compound.jsonld", "ngsi-ld-test-suite.jsonld"] {
            let document = serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap();
            given.push((
                SUITE.replace("ngsi-ld-test-suite-compound.jsonld", name),
                document,
            ));
        }
        // Some payloads know it by the address that it had before.
        let same = given[1].1.clone();
        given.push((OLD_SUITE.to_owned(), same));
    }
    given
}

/// So that a failed status shows what was said.
pub(crate) fn check(reply: &Reply, status: StatusCode) {
    assert_eq!(reply.status, status.as_u16(), "{}", reply.text());
}

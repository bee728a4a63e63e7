//! What every request needs, built once in `main` and passed down.

use std::net::{IpAddr, SocketAddr};
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use indicators::Catalogue;
use ngsi_ld::Timestamp;
use ngsi_ld::context::Context;
use tokio::sync::Semaphore;
use twin::contexts::Contexts;
use twin::{Clock, Tenants, Twin};

use crate::kpi::cache::Assessments;
use crate::metrics::Metrics;
use crate::problem::Answer;
use crate::resolving::PATIENCE;
use crate::scenarios::Scenarios;

/// What every request needs. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Shared>);

/// The parts of [`App`], which dereferences to this.
pub struct Shared {
    /// The twins of all tenants.
    pub tenants: Tenants,
    /// Resolves @context URLs.
    pub contexts: Contexts,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Limits and facts of this process.
    pub config: Config,
    /// The U4SSC indicators.
    pub catalogue: &'static Catalogue,
    /// What `/metrics` tells.
    pub metrics: Metrics,
    /// Assessments that were computed and still hold.
    pub assessments: Assessments,
    /// The runs of scenarios.
    pub scenarios: Scenarios,
    /// The name by which this installation is known in federations (5.2.40), the same after every restart.
    pub alias: String,
    /// When this process began to serve.
    pub started_at: Timestamp,
    /// How many requests came without an id of their own.
    pub requests: AtomicU64,
    /// One import at a time, so that memory stays bounded; more wait.
    pub imports: Semaphore,
    /// How many KiB of bodies are worked on at once, small ones aside.
    pub bodies: Arc<Semaphore>,
    /// How many files arrive at once, or wait for their import.
    pub uploads: Semaphore,
    /// How many requests each may still make.
    pub(crate) buckets: crate::identity::Buckets,
    /// Held while a change of the policies is asked about and made: one at a time.
    pub(crate) gating: parking_lot::Mutex<()>,
    /// Whether the program was told to stop.
    stopping: AtomicBool,
    /// Waits for @contexts that others hold.
    pub(crate) resolving: crate::resolving::Resolving,
}

/// Limits and facts of this process that doors need to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address that was bound.
    pub listen: SocketAddr,
    /// The version of the program.
    pub version: String,
    /// The name of the city, for pages and assessments.
    pub city: String,
    /// The city's time zone (an IANA name); without it, that of the timetable's agency, else UTC.
    pub time_zone: Option<String>,
    /// Where files that are being imported wait; the data folder as a rule.
    pub spool_dir: PathBuf,
    /// `limit` where the client gave none.
    pub default_page_size: usize,
    /// The largest `limit`.
    pub max_page_size: usize,
    /// The largest body of an operation on one entity, and the largest item of a batch, in bytes.
    pub max_entity_bytes: usize,
    /// The largest body of a batch operation, of a query by POST and of an evolution, in bytes.
    pub max_batch_bytes: usize,
    /// The largest body of an import, in bytes.
    pub max_import_bytes: usize,
    /// How many instances of attributes an answer of temporal evolutions holds at most; what is more comes in parts.
    pub max_evolution_instances: usize,
    /// How many subscriptions of each kind a tenant may have.
    pub max_subscriptions: usize,
    /// How many requests those who log in, those who do not, and all of a tenant may make. They bind nobody where nobody
    /// has to log in.
    pub rates: crate::Rates,
    /// How many runs of scenarios each tenant may have, and how large their files may be.
    pub scenario_runs: ::scenarios::job::JobLimits,
    /// How long a request may take; imports and assessments take what they need.
    pub request_timeout: Duration,
    /// How long a client may take to send its request's head.
    pub header_timeout: Duration,
    /// How long a client may leave an answer unread.
    pub write_timeout: Duration,
    /// Whose pages may read and write here from a browser.
    pub allowed_origins: crate::Origins,
    /// The address by which others know this server, where a proxy stands before it.
    pub public_url: Option<crate::PublicUrl>,
    /// Proxies whose `X-Forwarded-For` is believed, beside one on this machine where there is a public address.
    pub trusted_proxies: Vec<IpAddr>,
    /// Whom to tell of a weakness of this server.
    pub security_txt: Option<crate::SecurityTxt>,
    /// Signs the certificates of devices; without it they have none of ours.
    pub authority: Option<access::Authority>,
    /// Who there is, and what they see and may do; without it, nobody has to log in.
    pub views: Option<access::PolicyViews>,
    /// The city's identity provider, where there is one.
    pub provider: Option<crate::Provider>,
    /// Whom messages may go to.
    pub outbound: crate::net::Policy,
    /// The TLS of listeners that other machines reach, and of the one for everybody; without it they speak plain http.
    pub tls: Option<crate::Tls>,
    /// What orders and renews the certificate of that; without it, its files are somebody else's affair.
    pub acme: Option<crate::acme::Acme>,
    /// Whether `/metrics` is on a listener of its own, and not on this one.
    pub metrics_apart: bool,
    /// Where what is done is recorded; none where that is switched off.
    pub audit: Option<governance::audit::Audit>,
    /// The desk of the data-protection officer; none where a program has no use for it.
    pub desk: Option<governance::desk::Desk>,
    /// How long requests in flight may go on after the signal to stop.
    pub grace: Duration,
}

impl Config {
    /// The defaults, for a server that listens on `listen` and keeps its spooled files in `spool_dir`.
    pub fn new(listen: SocketAddr, spool_dir: PathBuf) -> Self {
        Self {
            listen,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            city: String::new(),
            time_zone: None,
            spool_dir,
            default_page_size: 20,
            max_page_size: 1000,
            max_entity_bytes: 1 << 20,
            max_batch_bytes: 16 << 20,
            max_import_bytes: 4 << 30,
            max_evolution_instances: 10_000,
            max_subscriptions: 100_000,
            rates: crate::Rates::default(),
            scenario_runs: ::scenarios::job::JobLimits::default(),
            request_timeout: Duration::from_mins(1),
            header_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            allowed_origins: crate::Origins::default(),
            public_url: None,
            trusted_proxies: Vec::new(),
            security_txt: None,
            authority: None,
            views: None,
            provider: None,
            outbound: crate::net::Policy::default(),
            tls: None,
            acme: None,
            metrics_apart: false,
            audit: None,
            desk: None,
            grace: Duration::from_secs(4),
        }
    }

    /// The accounts and keys; none where nobody has to log in.
    pub fn access(&self) -> Option<&access::Access> {
        self.views.as_ref().map(access::PolicyViews::access)
    }
}

impl Config {
    /// Where this server is, for those who ask it from elsewhere: the public address where there is one.
    pub fn url(&self) -> String {
        match &self.public_url {
            Some(url) => url.as_str().to_owned(),
            None if self.tls.is_some() => format!("https://{}", self.listen),
            None => format!("http://{}", self.listen),
        }
    }
}

impl App {
    /// Puts the parts together.
    pub fn new(
        tenants: Tenants,
        contexts: Contexts,
        clock: Arc<dyn Clock>,
        catalogue: &'static Catalogue,
        config: Config,
    ) -> Self {
        let started_at = clock.now();
        let tenants_alias = tenants.alias().to_owned();
        let contexts = match tenants.get(None) {
            Some(home) => contexts.with_home(home),
            None => contexts,
        };
        crate::desk::ground::keep_what_is_held(config.desk.as_ref(), &tenants);
        Self(Arc::new(Shared {
            stopping: AtomicBool::new(false),
            gating: parking_lot::Mutex::default(),
            tenants,
            contexts,
            clock,
            config,
            catalogue,
            metrics: Metrics::default(),
            assessments: Assessments::default(),
            scenarios: Scenarios::default(),
            alias: tenants_alias,
            started_at,
            requests: AtomicU64::new(0),
            imports: Semaphore::new(1),
            bodies: Arc::new(Semaphore::new(crate::ngsi_ld::MAX_BODIES_KIB)),
            uploads: Semaphore::new(crate::imports::MAX_UPLOADS),
            buckets: crate::identity::Buckets::default(),
            resolving: crate::resolving::Resolving::default(),
        }))
    }

    /// Whether the program was told to stop: long work ends at its next step.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Tells long work to end.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// The twin of a tenant; without a name, the default one's, which is always there.
    pub fn twin(&self, tenant: Option<&str>) -> Option<Twin> {
        self.tenants.get(tenant)
    }

    /// The compiled form of an `@context` member's value. May go to the network, on a thread that may wait.
    pub async fn context(&self, context: serde_json::Value) -> Answer<Context> {
        let contexts = self.contexts.clone();
        let until = Instant::now() + PATIENCE;
        if let Some(known) = contexts.known(&context) {
            return Ok(known);
        }
        let of_nobody = HeaderMap::new();
        self.resolving.resolve(contexts, &of_nobody, context, until).await
    }
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

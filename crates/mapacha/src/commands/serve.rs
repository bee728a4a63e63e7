//! `mapacha serve`

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use access::Access;
use governance::audit::Audit;
use server::App;
use server::acme::Acme;
use storage::environment::SystemClock;
use twin::Tenants;

use crate::config::{Config, Effective};
use crate::output::{Failure, Outcome, say};
use crate::world;

/// Serves until it is told to stop.
pub(crate) fn run(effective: &Effective) -> Result<Outcome, Failure> {
    let folder = world::data_dir(&effective.config)?;
    let (tenants, audit) = world::open_audited(&folder, &effective.config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = runtime.block_on(async {
        let door = Door::open(&effective.config, &folder, tenants.clone(), audit).await?;
        door.announce()?;
        door.serve(stop_signal()?).await
    });
    runtime.shutdown_timeout(std::time::Duration::from_millis(500));
    tenants.close();
    served.map(|()| Outcome::Done)
}

/// A bound listener and the house behind it.
pub(crate) struct Door {
    listener: tokio::net::TcpListener,
    admin: Option<tokio::net::TcpListener>,
    app: App,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Door {
    /// Binds the configured address.
    pub(crate) async fn open(
        config: &Config,
        folder: &Path,
        tenants: Tenants,
        audit: Option<Audit>,
    ) -> Result<Self, Failure> {
        let listener = bind(config.http.listen, "http.listen").await?;
        let apart = config.admin_listen();
        let admin = match apart {
            Some((address, true)) => Some(bind(address, "http.admin_listen").await?),
            Some((address, false)) => match bind(address, "http.admin_listen").await {
                Ok(listener) => Some(listener),
                Err(failure) => {
                    tracing::warn!("{}; /metrics is nowhere until it is set", failure.message);
                    None
                }
            },
            None => None,
        };
        let address = listener.local_addr()?;
        let mut facts = server::Config::new(address, folder.join("spool"));
        facts.city = config.city.name.clone().unwrap_or_default();
        facts.time_zone.clone_from(&config.city.time_zone);
        facts.max_batch_bytes = config.http.max_body_bytes;
        facts.max_import_bytes = config.http.max_import_bytes;
        facts.max_evolution_instances = config.http.max_evolution_instances.max(1);
        facts.max_subscriptions = config.http.max_subscriptions;
        facts.rates = config.limits.rates();
        facts.allowed_origins = server::Origins::parse(&config.http.allowed_origins)
            .map_err(|error| Failure::new(format!("http.allowed_origins: {error}")))?;
        let public = config.http.public_url.as_deref().map(server::PublicUrl::parse);
        facts.public_url = public
            .transpose()
            .map_err(|error| Failure::new(format!("http.public_url: {error}")))?;
        facts.outbound = world::outbound(config)?;
        facts.security_txt =
            server::SecurityTxt::parse(&config.security.contact, config.security.expires.as_deref())
                .map_err(|error| Failure::new(format!("security: {error}")))?;
        facts.trusted_proxies.clone_from(&config.http.trusted_proxies);
        if config.asks_who() {
            let accounts = world::accounts(config, &tenants)?;
            let views = world::views(config, &tenants, accounts)?;
            tenants.ask_views(&(Arc::new(views.clone()) as Arc<dyn twin::Views>));
            facts.views = Some(views);
            facts.authority = Some(world::authority(folder));
            let public = facts.public_url.as_ref();
            let base = public.map_or_else(
                || format!("{}://{address}", config.scheme()),
                |url| url.as_str().to_owned(),
            );
            facts.provider = world::provider(config, base)?;
        }
        facts.tls = world::tls(config, folder)?;
        if let Some(settings) = world::acme(config, folder)? {
            let failed = |error: String| Failure::new(format!("tls.acme: {error}"));
            let acme = Acme::open(settings).map_err(|error| failed(error.to_string()))?;
            let tls = acme.tls(world::client_authorities(config, folder));
            facts.tls = Some(tls.map_err(|error| failed(error.to_string()))?);
            facts.acme = Some(acme);
        }
        facts.desk = Some(world::desk(config, &tenants)?);
        facts.metrics_apart = apart.is_some();
        facts.audit = audit;
        let catalogue = indicators::Catalogue::built_in();
        let app = App::new(
            tenants,
            world::contexts(config)?,
            Arc::new(SystemClock),
            catalogue,
            facts,
        );
        Ok(Self {
            listener,
            admin,
            app,
            address,
        })
    }

    /// The accounts, where people log in.
    pub(crate) fn accounts(&self) -> Option<&Access> {
        self.app.config.access()
    }

    /// The line that scripts wait for; and where nobody has an account yet, the code that makes the first one.
    pub(crate) fn announce(&self) -> Result<(), Failure> {
        let code = self.accounts().map(Access::setup_code).transpose()?.flatten();
        {
            let mut stdout = std::io::stdout().lock();
            let scheme = if self.app.config.tls.is_some() {
                "https"
            } else {
                "http"
            };
            writeln!(stdout, "listening {scheme}://{}", self.address)?;
            stdout.flush()?;
        }
        if let Some(code) = code {
            let url = self.app.config.url();
            say(&format!(
                "nobody has an account yet: open {url}/setup and make the first one with this code, which works once: {code}"
            ));
        }
        Ok(())
    }

    /// Serves until `stop` is done; then gives requests that are under way a few seconds.
    pub(crate) async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), Failure> {
        let (told, listen) = tokio::sync::watch::channel(false);
        tokio::spawn(async move {
            stop.await;
            let _ = told.send(true);
        });
        let wait = |mut listen: tokio::sync::watch::Receiver<bool>| async move {
            let _ = listen.wait_for(|stopped| *stopped).await;
        };
        let admin = self.admin.map(|listener| {
            tokio::spawn(server::serve_admin(
                listener,
                self.app.clone(),
                wait(listen.clone()),
            ))
        });
        server::serve(self.listener, self.app, wait(listen)).await?;
        if let Some(admin) = admin {
            admin.await.map_err(|error| Failure::new(error.to_string()))??;
        }
        Ok(())
    }
}

async fn bind(address: SocketAddr, key: &str) -> Result<tokio::net::TcpListener, Failure> {
    tokio::net::TcpListener::bind(address).await.map_err(|error| {
        Failure::new(format!("{key}: cannot listen on {address}: {error}"))
            .remedy("stop what uses the port, or choose another with --listen (port 0 picks a free one)")
    })
}

/// Done when the process is asked to stop: SIGTERM, SIGINT, Ctrl-C.
pub(crate) fn stop_signal() -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

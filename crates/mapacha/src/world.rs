//! Wiring: the one place that names the storage engine, the clock and the way out.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use access::{Access, PolicyViews};
use jiff::tz::TimeZone;
use query::{Caller, View};
use storage::environment::{Clock as _, Environment, SystemClock};
use storage::{Embedded, Storage};
use twin::contexts::Contexts;
use twin::{Tenants, Twin};

use crate::config::Config;
use crate::output::Failure;

/// The data folder: the configured one, else `mapacha` in the user's data home.
pub(crate) fn data_dir(config: &Config) -> Result<PathBuf, Failure> {
    if let Some(folder) = &config.storage.data_dir {
        return Ok(folder.clone());
    }
    let from = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    from("XDG_DATA_HOME")
        .or_else(|| from("HOME").map(|home| home.join(".local/share")))
        .map(|home| home.join("mapacha"))
        .ok_or_else(|| {
            Failure::new("there is no home folder to keep data in").remedy("name a folder with --data-dir")
        })
}

/// Opens the twins of a data folder. The folder is ours until they are dropped.
pub(crate) fn open(folder: &Path) -> Result<Tenants, Failure> {
    if folder.exists() && !folder.is_dir() {
        return Err(
            Failure::new(format!("{} is a file, not a data folder", folder.display()))
                .remedy("name a folder with --data-dir; it is made when missing"),
        );
    }
    let seed =
        u64::from_ne_bytes(SystemClock.now().as_micros().to_ne_bytes()) ^ u64::from(std::process::id());
    tracing::info!(seed, "randomness");
    let environment = Environment::real(seed);
    let at = folder.to_owned();
    let engine = move |stem: &str| -> Result<Box<dyn Storage>, storage::StorageError> {
        Ok(Box::new(Embedded::open(&at, stem, environment.clone())?))
    };
    Tenants::open(folder, Arc::new(SystemClock), engine).map_err(|error| {
        let failure = Failure::from(error);
        if failure.message.contains("in use by another process") {
            failure.remedy(
                "stop the other process (`import`, `assess` and `scenario run` can also use a running server, with --url)",
            )
        } else {
            failure
        }
    })
}

/// What a look at every checksum of a data folder found.
pub(crate) struct Verified {
    /// How many stores there are: one for each tenant.
    pub(crate) stores: usize,
    /// How many rows were read.
    pub(crate) rows: u64,
    /// What is not as it was written.
    pub(crate) damages: Vec<String>,
}

/// Reads everything that is stored and checks it.
pub(crate) fn verify(folder: &Path) -> Result<Verified, Failure> {
    let mut verified = Verified {
        stores: 0,
        rows: 0,
        damages: Vec::new(),
    };
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let (Some("sqlite"), Some(stem)) = (path.extension().and_then(|extension| extension.to_str()), stem)
        else {
            continue;
        };
        let found = Embedded::open(folder, stem, Environment::real(0))?.verify()?;
        verified.stores += 1;
        verified.rows += found.rows;
        verified
            .damages
            .extend(found.damages.iter().map(ToString::to_string));
    }
    Ok(verified)
}

/// The accounts, which stand in the default tenant's store.
pub(crate) fn accounts(config: &Config, tenants: &Tenants) -> Result<Access, Failure> {
    let city = config.city.name.iter().cloned();
    let settings = access::Settings {
        issuer: config
            .city
            .name
            .as_ref()
            .map_or_else(|| "Mapacha".to_owned(), |name| format!("Mapacha {name}")),
        words: city.chain(["mapacha".to_owned()]).collect(),
        idle: Duration::from_mins(config.access.session_idle_minutes.into()),
        longest: Duration::from_hours(config.access.session_hours.into()),
        ..access::Settings::default()
    };
    Ok(Access::open(
        twin(tenants, None)?,
        Arc::new(SystemClock),
        access::SystemRandom,
        settings,
    )?)
}

/// What those who have accounts see, by the policies that stand in the default tenant's store.
pub(crate) fn views(config: &Config, tenants: &Tenants, accounts: Access) -> Result<PolicyViews, Failure> {
    let zone = config.city.time_zone.as_deref();
    let zone = zone.map_or(Ok(TimeZone::UTC), TimeZone::get);
    let zone = zone.map_err(|error| Failure::new(format!("city.time_zone: {error}")))?;
    PolicyViews::open(accounts, twin(tenants, None)?, zone)
        .map_err(|error| Failure::new(format!("the access policies in the store: {error}")))
}

/// The twin of a tenant, made when missing.
pub(crate) fn twin(tenants: &Tenants, tenant: Option<&str>) -> Result<Twin, Failure> {
    match tenant {
        None => tenants
            .get(None)
            .ok_or_else(|| Failure::new("the default tenant is not there")),
        Some(name) => Ok(tenants.get_or_create(name)?),
    }
}

/// The view of this program's own commands: whoever may read the data folder may see everything in it.
pub(crate) fn own_view(purpose: &str) -> View {
    View::open(Caller::System("command line"), purpose)
}

/// The @context resolver, with the files that the configuration names.
pub(crate) fn contexts(config: &Config) -> Result<Contexts, Failure> {
    let mut files = Vec::new();
    for (url, path) in &config.contexts.files {
        let content = std::fs::read(path).map_err(|error| {
            Failure::new(format!(
                "contexts.static: `{}` for {url} cannot be read: {error}",
                path.display()
            ))
            .remedy("name a file that exists, or remove the line")
        })?;
        let document = serde_json::from_slice(&content).map_err(|error| {
            Failure::new(format!(
                "contexts.static: `{}` for {url} is not JSON: {error}",
                path.display()
            ))
            .remedy("give a JSON-LD document with an @context member")
        })?;
        files.push((url.clone(), document));
    }
    let net = server::net::GuardedClient::new(outbound(config)?, Duration::from_secs(10));
    Ok(Contexts::new(files, Arc::new(net)))
}

/// Whom the program may talk to by itself.
pub(crate) fn outbound(config: &Config) -> Result<server::net::Policy, Failure> {
    let mut trust = server::net::Trust::default();
    for path in &config.notifications.trusted_certificates {
        let refused = |why: String| {
            Failure::new(format!(
                "notifications.trusted_certificates: `{}` {why}",
                path.display()
            ))
            .remedy("name a PEM file of certificates, or remove it from the list")
        };
        let pem = std::fs::read(path).map_err(|error| refused(format!("cannot be read: {error}")))?;
        trust = trust
            .and(&pem)
            .map_err(|error| refused(format!("cannot be used: {error}")))?;
    }
    Ok(server::net::Policy {
        allow_private: config.notifications.allow_private,
        trust,
    })
}

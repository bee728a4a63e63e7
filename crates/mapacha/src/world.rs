//! Wiring: the one place that names the storage engine, the clock and the way out.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use access::{Access, Authority, PolicyViews};
use governance::audit::verify::{self, Report};
use governance::audit::{Audit, VerifierKey};
use governance::desk::Desk;
use governance::profiles::Profile;
use jiff::tz::TimeZone;
use query::{Caller, View};
use server::acme::AcmeSettings;
use server::{Tls, TlsFiles};
use storage::environment::{Clock as _, Environment, SystemClock};
use storage::{Embedded, Storage, StorageError};
use twin::contexts::Contexts;
use twin::{Limits, Tenants, Twin, Witnesses};

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
pub(crate) fn open(folder: &Path, config: &Config) -> Result<Tenants, Failure> {
    open_audited(folder, config).map(|(tenants, _)| tenants)
}

/// The same, with the log of what is done, unless that is switched off.
pub(crate) fn open_audited(folder: &Path, config: &Config) -> Result<(Tenants, Option<Audit>), Failure> {
    let audit = config.audit.enabled.then(Audit::new);
    let tenants = open_with(folder, audit.as_ref())?;
    if let (Some(audit), Some(default)) = (&audit, tenants.get(None)) {
        audit.begin(&default)?;
    }
    Ok((tenants, audit))
}

/// The same with this log, or none.
pub(crate) fn open_with(folder: &Path, audit: Option<&Audit>) -> Result<Tenants, Failure> {
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
    let witnesses = audit.map(|audit| Arc::new(audit.clone()) as Arc<dyn Witnesses>);
    let opened = Tenants::open_witnessed(
        folder,
        Arc::new(SystemClock),
        Limits::default(),
        witnesses,
        engine,
    );
    opened.map_err(|error| {
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

/// What a look at every checksum and audit log of a data folder found.
#[derive(Default)]
pub(crate) struct Verified {
    /// How many stores there are: one for each tenant.
    pub(crate) stores: usize,
    /// How many rows were read.
    pub(crate) rows: u64,
    /// What is not as it was written.
    pub(crate) damages: Vec<String>,
    /// The audit logs, one for each tenant that has one.
    pub(crate) logs: Vec<Report>,
}

impl Verified {
    /// Everything that is wrong, in words.
    pub(crate) fn findings(&self) -> Vec<String> {
        let of_logs = self.logs.iter().flat_map(|log| {
            let whose = whose(&log.tenant);
            log.findings
                .iter()
                .map(move |finding| format!("audit log of the {whose}: {finding}"))
        });
        self.damages.iter().cloned().chain(of_logs).collect()
    }
}

/// A tenant, in words.
pub(crate) fn whose(tenant: &str) -> String {
    if tenant.is_empty() {
        "default tenant".to_owned()
    } else {
        format!("tenant `{tenant}`")
    }
}

/// Reads everything that is stored and checks it. `key`: who signs the audit log of the default tenant, where that is
/// known; without it the folder's own word for it is taken.
pub(crate) fn verify(folder: &Path, key: Option<&VerifierKey>) -> Result<Verified, Failure> {
    let mut verified = Verified::default();
    let mut stems: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "sqlite") {
            stems.extend(path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned));
        }
    }
    // The default tenant first: it has the keys.
    stems.sort_by_key(|stem| (stem != "city", stem.clone()));
    let mut keys = None;
    for stem in stems {
        let store = match Embedded::open(folder, &stem, Environment::real(0)) {
            Ok(store) => store,
            Err(StorageError::Corrupt { path, detail }) => {
                verified.stores += 1;
                verified.damages.push(format!("`{path}` is damaged: {detail}"));
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let found = store.verify()?;
        verified.stores += 1;
        verified.rows += found.rows;
        verified.damages.extend(found.damages);
        let tenant = match stem.strip_prefix("tenant-") {
            Some(name) => name,
            None if stem == "city" => "",
            None => continue, // a snapshot: nothing of it is recorded
        };
        let reader = store.reader();
        let mut report = Report {
            tenant: tenant.to_owned(),
            ..Report::default()
        };
        if tenant.is_empty() {
            match verify::keys(&*reader) {
                Ok(found) => keys = found,
                Err(error) => report.findings.push(error.to_string()),
            }
        }
        let own = keys.as_ref().map(|keys| keys.verifier(tenant));
        let signer = key.filter(|_| tenant.is_empty()).or(own.as_ref());
        match verify::store(&*reader, tenant, signer) {
            Ok(found) => {
                report = Report {
                    findings: report.findings.into_iter().chain(found.findings).collect(),
                    ..found
                }
            }
            Err(error) => report.findings.push(error.to_string()),
        }
        if report.leaves > 0 || !report.findings.is_empty() {
            verified.logs.push(report);
        }
    }
    Ok(verified)
}

/// The certificate authority of a data folder, whether or not there is one yet. It stands beside the stores, so that a copy
/// of these has none of its keys.
pub(crate) fn authority(folder: &Path) -> Authority {
    Authority::in_folder(&folder.join("ca"))
}

/// What makes the server speak https, where that is configured, from files.
pub(crate) fn tls(config: &Config, folder: &Path) -> Result<Option<Tls>, Failure> {
    let (Some(certificate), Some(key)) = (&config.tls.certificate, &config.tls.key) else {
        return Ok(None);
    };
    let files = TlsFiles {
        certificate: certificate.clone(),
        key: key.clone(),
        ..client_authorities(config, folder)
    };
    open_tls(files).map(Some)
}

/// The TLS that some files make.
pub(crate) fn open_tls(files: TlsFiles) -> Result<Tls, Failure> {
    Tls::open(files).map_err(|error| Failure::new(format!("tls: {error}")))
}

/// Whose certificates devices and services may show.
pub(crate) fn client_authorities(config: &Config, folder: &Path) -> TlsFiles {
    // Where nobody is asked who they are, nobody shows a certificate.
    let built_in = config.asks_who().then(|| authority(folder).trusted_files());
    TlsFiles {
        client_authorities: config.tls.client_ca.clone(),
        client_authorities_if_there: built_in.into_iter().flatten().collect(),
        ..TlsFiles::default()
    }
}

/// What is ordered from an authority of certificates; nothing where that is not configured.
pub(crate) fn acme(config: &Config, folder: &Path) -> Result<Option<AcmeSettings>, Failure> {
    let acme = &config.tls.acme;
    if !acme.is_set() {
        return Ok(None);
    }
    let mut outbound = outbound(config)?;
    for path in &acme.trusted_certificates {
        let failed = |why: String| {
            Failure::new(format!(
                "tls.acme.trusted_certificates: {}: {why}",
                path.display()
            ))
        };
        let pem = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
        outbound.trust = outbound.trust.and(&pem).map_err(failed)?;
        // Whoever names an authority of their own says that it may be near.
        outbound.allow_private = true;
    }
    Ok(Some(AcmeSettings {
        directory: acme.directory.clone(),
        contact: acme.contact.clone(),
        names: acme.names.clone(),
        folder: folder.join("acme"),
        outbound,
    }))
}

/// The accounts, which stand in the default tenant's store.
pub(crate) fn accounts(config: &Config, tenants: &Tenants) -> Result<Access, Failure> {
    let city = config
        .city
        .name
        .iter()
        .chain(&config.governance.controller)
        .cloned();
    let settings = access::Settings {
        issuer: config
            .city
            .name
            .as_ref()
            .map_or_else(|| "Mapacha".to_owned(), |name| format!("Mapacha {name}")),
        words: city.chain(["mapacha".to_owned()]).collect(),
        idle: Duration::from_mins(config.access.session_idle_minutes.into()),
        longest: Duration::from_hours(config.access.session_hours.into()),
        provider: config.access.oidc.issuer.clone(),
        second_factor: config.second_factor(),
        ..access::Settings::default()
    };
    Ok(Access::open(
        twin(tenants, None)?,
        Arc::new(SystemClock),
        access::SystemRandom,
        settings,
    )?)
}

/// The city's identity provider, which leads browsers back to `base`.
pub(crate) fn provider(config: &Config, base: String) -> Result<Option<server::Provider>, Failure> {
    let oidc = &config.access.oidc;
    let Some(rules) = oidc.rules() else {
        return Ok(None);
    };
    let client_secret = match (&oidc.client_secret, &oidc.client_secret_file) {
        (Some(secret), _) => Some(server::ClientSecret::new(secret)),
        (None, Some(path)) => {
            let text = std::fs::read_to_string(path).map_err(|error| {
                Failure::new(format!(
                    "access.oidc.client_secret_file: `{}` cannot be read: {error}",
                    path.display()
                ))
                .remedy("name a file with the secret that the provider gave this server")
            })?;
            Some(server::ClientSecret::new(&text))
        }
        (None, None) => None,
    };
    let host = rules.issuer.split("://").nth(1).unwrap_or(&rules.issuer);
    let host = host.split('/').next().unwrap_or(host).to_owned();
    let settings = server::ProviderSettings {
        name: oidc.name.clone().unwrap_or(host),
        rules,
        client_secret,
        scopes: oidc.scopes.clone(),
        base,
    };
    let client = server::net::GuardedClient::new(outbound(config)?, Duration::from_secs(10));
    Ok(Some(server::Provider::new(
        settings,
        client,
        Arc::new(SystemClock),
    )))
}

/// What those who have accounts see, by the policies that stand in the default tenant's store.
pub(crate) fn views(config: &Config, tenants: &Tenants, accounts: Access) -> Result<PolicyViews, Failure> {
    let zone = config.city.time_zone.as_deref();
    let zone = zone.map_or(Ok(TimeZone::UTC), TimeZone::get);
    let zone = zone.map_err(|error| Failure::new(format!("city.time_zone: {error}")))?;
    PolicyViews::open(accounts, twin(tenants, None)?, zone)
        .map_err(|error| Failure::new(format!("the access policies in the store: {error}")))
}

/// The desk of the data-protection officer, which stands in the default tenant's store.
pub(crate) fn desk(config: &Config, tenants: &Tenants) -> Result<Desk, Failure> {
    let given = &config.governance;
    let profile = given.profile.as_deref().and_then(Profile::of);
    let settings = governance::desk::Settings {
        impact_gate: given.impact_gate,
        controller: given.controller.clone(),
        officer: given.officer.clone(),
        registration: given.registration.clone(),
        data_location: given.data_location.clone(),
        profile: given.profile.clone(),
        clocks: profile.map(|profile| profile.clocks.clone()).unwrap_or_default(),
    };
    Desk::open(&twin(tenants, None)?, settings).map_err(|error| Failure::new(error.to_string()))
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

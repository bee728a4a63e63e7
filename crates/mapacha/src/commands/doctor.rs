//! `mapacha doctor`

use std::net::TcpListener;
use std::path::Path;

use serde::Serialize;
use server::acme::Acme;
use storage::environment::{Clock as _, Disk as _, RealDisk, SystemClock};

use crate::config::{Config, Effective};
use crate::output::{Failure, Outcome, print};
use crate::world;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    ok: bool,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl Finding {
    fn good(what: &'static str, detail: impl Into<String>) -> Self {
        Self {
            what,
            ok: true,
            detail: detail.into(),
            remedy: None,
        }
    }

    fn bad(what: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            what,
            ok: false,
            detail: detail.into(),
            remedy: Some(remedy.into()),
        }
    }
}

/// Looks at everything a server would need. Exit code 3: something wants mending.
pub(crate) fn run(effective: &Effective, json: bool) -> Result<Outcome, Failure> {
    let config = &effective.config;
    let folder = world::data_dir(config)?;
    let mut findings = vec![Finding::good(
        "configuration",
        format!("{} values set, none unknown", effective.origins.len()),
    )];
    findings.push(clock());
    findings.push(disk(&folder));
    findings.push(store(&folder));
    findings.push(port(config.http.listen, config.scheme()));
    findings.extend(config.http.admin_listen.map(|address| port(address, "http")));
    match world::contexts(config) {
        Ok(_) => findings.push(Finding::good(
            "contexts",
            format!("{} from files", config.contexts.files.len()),
        )),
        Err(failure) => findings.push(Finding::bad(
            "contexts",
            failure.message,
            failure.remedy.unwrap_or_default(),
        )),
    }
    findings.push(certificates(config, &folder));
    findings.push(contact(config));
    if json {
        print(&format!("{}\n", serde_json::to_string_pretty(&findings)?))?;
    } else {
        for finding in &findings {
            let sign = if finding.ok { "ok    " } else { "MEND  " };
            print(&format!("{sign}{:<14} {}\n", finding.what, finding.detail))?;
            if let Some(remedy) = &finding.remedy {
                print(&format!("      {:<14} what to do: {remedy}\n", ""))?;
            }
        }
    }
    Ok(if findings.iter().all(|finding| finding.ok) {
        Outcome::Done
    } else {
        Outcome::Findings
    })
}

/// Whom somebody who finds a weakness can tell (RFC 9116).
fn contact(config: &Config) -> Finding {
    let given = server::SecurityTxt::parse(&config.security.contact, config.security.expires.as_deref());
    match given {
        Ok(Some(file)) if file.holds(SystemClock.now()) => Finding::good(
            "contact",
            format!(
                "{} in /.well-known/security.txt",
                config.security.contact.join(", ")
            ),
        ),
        Ok(Some(_)) => Finding::bad(
            "contact",
            "the date until which security.contact holds has passed, so it is not told",
            "see that it still holds, and set security.expires to a date within a year",
        ),
        Ok(None) if config.asks_who() => Finding::bad(
            "contact",
            "nobody is named to tell of a weakness of this server",
            "set security.contact, such as mailto:security@city.example, and security.expires",
        ),
        Ok(None) => Finding::good("contact", "none: nobody logs in here"),
        Err(error) => Finding::bad(
            "contact",
            error.to_string(),
            "set security.contact and security.expires",
        ),
    }
}

fn clock() -> Finding {
    let now = SystemClock.now();
    // The year of this program's first release: a machine without a battery starts in 1970.
    match ngsi_ld::Timestamp::parse("2026-01-01T00:00:00Z") {
        Ok(earliest) if now < earliest => Finding::bad(
            "clock",
            format!("it is {now} here"),
            "set the clock, or start a time service (NTP)",
        ),
        _ => Finding::good("clock", format!("{now}")),
    }
}

fn disk(folder: &Path) -> Finding {
    let existing = folder
        .ancestors()
        .find(|path| path.exists())
        .unwrap_or(Path::new("/"));
    match RealDisk.free_bytes(existing) {
        Ok(Some(free)) if free < 256 << 20 => Finding::bad(
            "disk",
            format!("{} MB free at {}", free >> 20, existing.display()),
            "free some space: at least 256 MB",
        ),
        Ok(None) => Finding::good(
            "disk",
            format!("{}: how much is free is not known here", existing.display()),
        ),
        Ok(Some(free)) => Finding::good(
            "disk",
            format!("{} MB free at {}", free >> 20, existing.display()),
        ),
        Err(error) => Finding::bad(
            "disk",
            error.to_string(),
            "check the data folder's path and rights",
        ),
    }
}

fn store(folder: &Path) -> Finding {
    if !folder.exists() {
        return Finding::good("store", format!("{} will be made", folder.display()));
    }
    match world::verify(folder, None) {
        Ok(found) if found.findings().is_empty() => Finding::good(
            "store",
            format!(
                "{} rows of {} store(s) are as they were written",
                found.rows, found.stores
            ),
        ),
        Ok(found) => Finding::bad(
            "store",
            found.findings().join("; "),
            "restore the folder from a copy, and keep this one for inspection",
        ),
        Err(failure) if failure.message.contains("in use by another process") => Finding::good(
            "store",
            "in use by a running process, so it was not read: stop that to have it checked",
        ),
        Err(failure) => Finding::bad(
            "store",
            failure.message,
            failure.remedy.unwrap_or_else(|| "see the message".into()),
        ),
    }
}

/// Whether the certificate can be used, and for how long.
fn certificates(config: &Config, folder: &Path) -> Finding {
    const WHAT: &str = "certificates";
    let remedy = if config.tls.acme.is_set() {
        "a running server renews it: see in its log why it did not"
    } else {
        "renew it; a running server takes the new one by itself"
    };
    let tls = match world::acme(config, folder) {
        Ok(None) => world::tls(config, folder),
        Ok(Some(settings)) => {
            let files = Acme::files(&settings, world::client_authorities(config, folder));
            if !files.certificate.exists() {
                let names = settings.names.join(", ");
                return Finding::good(
                    WHAT,
                    format!(
                        "none yet for {names}; a running server orders it from {}",
                        settings.directory
                    ),
                );
            }
            world::open_tls(files).map(Some)
        }
        Err(failure) => Err(failure),
    };
    match tls {
        Ok(None) if config.http.listen.ip().is_loopback() => {
            Finding::good(WHAT, "none in use: a loopback address")
        }
        Ok(None) => Finding::good(
            WHAT,
            "none in use: http.plain_text says that a proxy with TLS stands before it",
        ),
        Err(failure) => Finding::bad(WHAT, failure.message, "mend the file, or name another in [tls]"),
        Ok(Some(tls)) => {
            let (begin, end) = tls.validity();
            let now = SystemClock.now();
            let days = (end.as_micros() - now.as_micros()) / 86_400_000_000;
            if now >= end {
                Finding::bad(WHAT, format!("{tls} ended on {end}"), remedy)
            } else if now < begin {
                Finding::bad(WHAT, format!("{tls} begins on {begin}"), "set the clock, or wait")
            } else if days < 7 {
                Finding::bad(WHAT, format!("{tls} ends in {days} day(s), on {end}"), remedy)
            } else {
                Finding::good(WHAT, format!("{tls} holds for {days} days, until {end}"))
            }
        }
    }
}

fn port(address: std::net::SocketAddr, scheme: &str) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) => Finding::good("port", format!("{address} is free")),
        Err(_) if answers(address, scheme) => {
            Finding::good("port", format!("{address}: a Mapacha server answers there"))
        }
        Err(error) => Finding::bad(
            "port",
            format!("{address}: {error}"),
            "stop what uses it, or choose another with --listen",
        ),
    }
}

/// Whether a server of ours is listening there already.
fn answers(address: std::net::SocketAddr, scheme: &str) -> bool {
    let client = reqwest::blocking::Client::builder()
        .no_proxy()
        .danger_accept_invalid_certs(true) // it is asked for nothing but its name
        .timeout(std::time::Duration::from_secs(2))
        .build();
    let version = client
        .ok()
        .and_then(|client| client.get(format!("{scheme}://{address}/version")).send().ok());
    version
        .and_then(|answer| answer.text().ok())
        .is_some_and(|text| text.contains("\"mapacha\""))
}

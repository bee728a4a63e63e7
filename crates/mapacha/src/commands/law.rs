//! `mapacha doctor --profile`: how an installation stands under a law.

use std::fmt::Write as _;

use governance::profiles::{Profile, Report};
use reqwest::Method;
use serde_json::Value as Json;
use server::Installation;

use super::desk::{segment, text};
use super::remote::Remote;
use crate::cli::Doctor;
use crate::config::Effective;
use crate::output::{Failure, Outcome, print};
use crate::world;

/// The profile of this id.
pub(super) fn named(id: &str) -> Result<&'static Profile, Failure> {
    Profile::of(id).ok_or_else(|| {
        Failure::usage(format!("there is no legal profile `{id}`"))
            .remedy(format!("use one of {}", Profile::ids()))
    })
}

/// Holds the installation against a law. Exit code 3: an article is violated.
pub(crate) fn run(
    id: &str,
    arguments: &Doctor,
    effective: &Effective,
    json: bool,
) -> Result<Outcome, Failure> {
    let profile = named(id)?;
    let report = match &arguments.url {
        Some(url) => {
            let remote = Remote::new(url, None, &arguments.key)?;
            remote.json(
                Method::GET,
                &format!("/governance/profiles/{}", segment(id)),
                None,
            )?
        }
        None => serde_json::to_value(of_folder(profile, effective)?)?,
    };
    if json {
        print(&format!("{}\n", serde_json::to_string_pretty(&report)?))?;
    } else {
        print(&words(&report))?;
    }
    Ok(if report["violated"] == 0 {
        Outcome::Done
    } else {
        Outcome::Findings
    })
}

fn of_folder(profile: &Profile, effective: &Effective) -> Result<Report, Failure> {
    let config = &effective.config;
    let folder = world::data_dir(config)?;
    if !folder.is_dir() {
        return Err(
            Failure::new(format!("there is no data folder {}", folder.display()))
                .remedy("name it with --data-dir, or a running server with --url"),
        );
    }
    let tenants = world::open(&folder, config).map_err(|failure| {
        if failure.message.contains("in use by another process") {
            failure
                .remedy("ask the running server: --url, with a key of the officer in --key or $MAPACHA_KEY")
        } else {
            failure
        }
    })?;
    let desk = world::desk(config, &tenants)?;
    let access = config
        .asks_who()
        .then(|| world::accounts(config, &tenants))
        .transpose()?;
    let views = access
        .clone()
        .map(|access| world::views(config, &tenants, access))
        .transpose()?;
    let installation = Installation {
        tenants: &tenants,
        desk: &desk,
        access: access.as_ref(),
        views: views.as_ref(),
        audit_recorded: config.audit.enabled,
        listen: config.http.listen.ip(),
        public_url: config.http.public_url.as_deref(),
    };
    let facts = installation.facts()?;
    let report = Report::of(profile, &facts);
    tenants.close();
    Ok(report)
}

fn words(report: &Json) -> String {
    let mut told = format!("{}\n{}\n\n", text(report, "name"), text(report, "caution"));
    for article in report["articles"].as_array().into_iter().flatten() {
        let sign = match text(article, "standing") {
            "violated" => "MEND  ",
            "checked" => "ok    ",
            _ => "people",
        };
        let _ = writeln!(
            told,
            "{sign} {} {}",
            text(article, "article"),
            text(article, "title")
        );
        for check in article["checks"].as_array().into_iter().flatten() {
            if check["holds"] == true {
                continue;
            }
            let _ = writeln!(told, "       {}: {}", text(check, "check"), text(check, "found"));
            let _ = writeln!(told, "       what to do: {}", text(check, "remedy"));
        }
    }
    let _ = writeln!(
        told,
        "\n{} articles violated, {} checked without a finding, {} for people alone (`--json` has the details)",
        report["violated"], report["checked"], report["organisational"]
    );
    told
}

//! Where accounts and keys are managed: in a data folder, or at a running server.

use std::path::PathBuf;

use access::policies::{Limits, Policies};
use access::{Access, PolicyViews};
use clap::Args;
use query::Caller;
use reqwest::Method;
use serde_json::Value as Json;
use twin::{Tenants, Twin};

use super::remote::Remote;
use crate::cli::Key;
use crate::config::{Config, Effective};
use crate::output::{Failure, print};
use crate::world;

/// Where the accounts are.
#[derive(Debug, Args)]
pub(crate) struct Where {
    /// The data folder, while no server runs over it. Default: `mapacha` in your data home
    #[arg(long, value_name = "DIR", conflicts_with = "url")]
    pub(crate) data_dir: Option<PathBuf>,
    /// A running server instead, as in http://127.0.0.1:8080; it asks for a key with the permission
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    #[command(flatten)]
    pub(crate) key: Key,
}

/// The accounts of a folder or of a server.
pub(crate) enum Desk {
    Folder(Folder),
    Server(Remote),
}

/// The accounts of a folder, which is ours until this is dropped.
pub(crate) struct Folder {
    pub(crate) access: Access,
    tenants: Tenants,
    /// How links to the server begin.
    pub(crate) url: String,
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.tenants.close();
    }
}

impl Desk {
    pub(crate) fn open(place: &Where, effective: &Effective) -> Result<Self, Failure> {
        if let Some(url) = &place.url {
            return Ok(Self::Server(Remote::new(url, None, &place.key)?));
        }
        let config = &effective.config;
        let folder = world::data_dir(config)?;
        let tenants = world::open(&folder, config).map_err(|failure| {
            if failure.message.contains("in use by another process") {
                failure.remedy("stop the server, or ask it: --url, with a key of an administrator in --key or $MAPACHA_KEY")
            } else {
                failure
            }
        })?;
        Ok(Self::Folder(Folder {
            access: world::accounts(config, &tenants)?.by(Caller::System("command line")),
            tenants,
            url: url_of(config),
        }))
    }
}

impl Desk {
    /// The same for commands that have nothing to do where there is no city yet: a misspelt folder is not made.
    pub(crate) fn of_what_is_there(place: &Where, effective: &Effective) -> Result<Self, Failure> {
        let folder = world::data_dir(&effective.config)?;
        if place.url.is_none() && !folder.exists() {
            let failure = Failure::new(format!("there is no data folder {}", folder.display()));
            return Err(
                failure.remedy("name the folder of the city with --data-dir, or its server with --url")
            );
        }
        Self::open(place, effective)
    }
}

fn url_of(config: &Config) -> String {
    config.http.public_url.as_ref().map_or_else(
        || format!("{}://{}", config.scheme(), config.http.listen),
        |url| url.trim_end_matches('/').to_owned(),
    )
}

impl Folder {
    /// The twins of all tenants.
    pub(crate) fn tenants(&self) -> &Tenants {
        &self.tenants
    }

    /// The policies of the city.
    pub(crate) fn policies(&self) -> Result<Policies, Failure> {
        let home = world::twin(&self.tenants, None)?;
        Policies::open(&home, Limits::default())
            .map_err(|error| Failure::new(format!("the access policies in the store: {error}")))
    }

    /// What those with accounts see, and the city.
    pub(crate) fn views(&self, effective: &Effective) -> Result<(PolicyViews, Twin), Failure> {
        let views = world::views(&effective.config, &self.tenants, self.access.clone())?;
        Ok((views, world::twin(&self.tenants, None)?))
    }

    /// The link of an invitation.
    pub(crate) fn link(&self, code: &str) -> String {
        format!("{}/invitation?code={code}", self.url)
    }
}

impl Desk {
    /// What a server says to a request, or what a folder's accounts give.
    pub(crate) fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Json>,
        here: impl FnOnce(&Folder) -> Result<Json, Failure>,
    ) -> Result<Json, Failure> {
        match self {
            Self::Folder(folder) => here(folder),
            Self::Server(remote) => remote.json(method, path, body),
        }
    }
}

/// Prints a document, as JSON or in words.
pub(crate) fn tell(document: &Json, json: bool, words: impl FnOnce(&Json) -> String) -> Result<(), Failure> {
    if json {
        print(&format!("{}\n", serde_json::to_string_pretty(document)?))
    } else {
        print(&words(document))
    }
}

/// A member as a text.
pub(crate) fn text<'a>(document: &'a Json, member: &str) -> &'a str {
    document[member].as_str().unwrap_or("")
}

/// The texts of a list, joined.
pub(crate) fn joined(document: &Json, member: &str) -> String {
    let items = document[member].as_array().into_iter().flatten();
    items.filter_map(Json::as_str).collect::<Vec<_>>().join(", ")
}

/// A segment of a path.
pub(crate) fn segment(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// A role, or what there is.
pub(crate) fn role(name: &str) -> Result<access::Role, String> {
    access::Role::parse(name).ok_or_else(|| {
        let all = access::Role::ALL.map(access::Role::name).join(", ");
        format!("there is no such role; there are {all}")
    })
}

/// A permission, or what there is.
pub(crate) fn permission(name: &str) -> Result<access::Permission, String> {
    access::Permission::parse(name).ok_or_else(|| {
        let all: Vec<_> = access::Permission::all().map(access::Permission::name).collect();
        format!("there is no such permission; there are {}", all.join(", "))
    })
}

//! `mapacha ca`

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use access::{Authority, AuthorityInfo};
use clap::{Args, Subcommand};
use serde_json::{Value as Json, json};
use storage::environment::{Clock as _, SystemClock};

use super::desk::tell;
use crate::config::Effective;
use crate::output::{Failure, Outcome, say};
use crate::world;

#[derive(Debug, Subcommand)]
pub(crate) enum Ca {
    /// Make the authority: a root, and an issuing authority that signs devices and servers
    ///
    /// A server makes it by itself when the first device is enrolled. The keys stand in `ca/` of the data folder, readable by
    /// its owner alone. Take `ca/root.key` away to a safe place: it is needed to renew the issuing authority only.
    #[command(after_help = "Example:\n  mapacha ca init --data-dir ./nairobi")]
    Init(Folder),
    /// Print the certificates of root and issuing authority (PEM), for whoever has to trust them
    #[command(after_help = "Example:\n  mapacha ca show --data-dir ./nairobi > city-ca.pem")]
    Show(Folder),
    /// Give the issuing authority another key, signed by the root
    ///
    /// What was issued before goes on holding. A running server takes the new one by itself.
    #[command(
        after_help = "Example:\n  mapacha ca renew --root-key /media/safe/root.key --data-dir ./nairobi"
    )]
    Renew(Renew),
    /// Make a certificate for a server, and its key
    ///
    /// For `tls.certificate` and `tls.key`, where no public authority signs for the name: inside a city's own network.
    #[command(
        after_help = "Example:\n  mapacha ca server twin.city.example 10.0.0.5 -o /etc/mapacha --data-dir ./nairobi"
    )]
    Server(Server),
}

#[derive(Debug, Args)]
pub(crate) struct Folder {
    /// The data folder; a server may run over it. Default: `mapacha` in your data home
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Renew {
    /// The file of the root's key, where it is not in the data folder
    #[arg(long, value_name = "FILE")]
    root_key: Option<PathBuf>,
    #[command(flatten)]
    folder: Folder,
}

#[derive(Debug, Args)]
pub(crate) struct Server {
    /// The names and addresses by which the server is reached
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
    /// The folder for `server.pem` and `server.key`; those that are there are replaced
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    #[command(flatten)]
    folder: Folder,
}

impl Ca {
    /// The data folder that is meant.
    pub(crate) fn data_dir(&self) -> Option<&PathBuf> {
        let folder = match self {
            Self::Init(folder) | Self::Show(folder) => folder,
            Self::Renew(renew) => &renew.folder,
            Self::Server(server) => &server.folder,
        };
        folder.data_dir.as_ref()
    }
}

/// Manages the certificate authority of a data folder.
pub(crate) fn run(command: &Ca, effective: &Effective, json: bool) -> Result<Outcome, Failure> {
    let folder = world::data_dir(&effective.config)?;
    let authority = world::authority(&folder);
    let city = effective.config.city.name.as_deref().unwrap_or("");
    let now = SystemClock.now();
    match command {
        Ca::Init(_) => {
            let info = authority.init(city, now)?;
            tell(&document(&info), json, |_| words(&info))?;
            say(&format!(
                "take {} away to a safe place: it is needed for `mapacha ca renew` only",
                folder.join("ca/root.key").display()
            ));
        }
        Ca::Show(_) => {
            let info = known(&authority)?;
            tell(&document(&info), json, |_| info.pem.clone())?;
        }
        Ca::Renew(renew) => {
            known(&authority)?;
            let key = renew.root_key.as_ref().map(|path| {
                std::fs::read_to_string(path)
                    .map_err(|error| Failure::new(format!("--root-key: {}: {error}", path.display())))
            });
            let key = key.transpose()?;
            let renewed = authority.renew(key.as_deref(), now).map_err(|error| {
                Failure::from(error).remedy("name the file of the root's key with --root-key")
            })?;
            tell(&document(&renewed), json, |_| words(&renewed))?;
        }
        Ca::Server(server) => {
            known(&authority)?;
            let (chain, key) = authority.issue_server(&server.names, now)?;
            std::fs::create_dir_all(&server.output)?;
            let files = (server.output.join("server.pem"), server.output.join("server.key"));
            // The key first: a running server that looks in between takes neither.
            write_secret(&files.1, &key)?;
            std::fs::write(&files.0, chain)?;
            let told = json!({"certificate": files.0, "key": files.1});
            tell(&told, json, |_| {
                format!(
                    "[tls]\ncertificate = \"{}\"\nkey = \"{}\"\n",
                    files.0.display(),
                    files.1.display()
                )
            })?;
        }
    }
    Ok(Outcome::Done)
}

fn known(authority: &Authority) -> Result<AuthorityInfo, Failure> {
    authority
        .info()
        .map_err(|error| Failure::from(error).remedy("make one with `mapacha ca init`"))
}

fn document(info: &AuthorityInfo) -> Json {
    json!({
        "certificates": info.pem, "root_sha256": info.root_sha256, "root_ends_at": info.root_ends_at.to_string(),
        "issuing_ends_at": info.issuing_ends_at.to_string(), "has_root_key": info.has_root_key,
    })
}

fn words(info: &AuthorityInfo) -> String {
    format!(
        "root: SHA-256 {}, until {}\nissuing authority: until {}\n",
        info.root_sha256, info.root_ends_at, info.issuing_ends_at
    )
}

/// A file that its owner alone can read, from its first byte on.
pub(super) fn write_secret(path: &Path, content: &str) -> Result<(), Failure> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()?;
    Ok(())
}

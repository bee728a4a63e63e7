//! The files of the authority. Keys are readable by the owner alone from their first byte on; what is written is there
//! whole or not at all.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Where they are.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) folder: PathBuf,
    pub(super) root: PathBuf,
    pub(super) root_key: PathBuf,
    pub(super) issuing: PathBuf,
    /// Key and certificate.
    pub(super) issuing_key: PathBuf,
}

/// What they hold, all PEM.
pub(super) struct Content<'a> {
    pub(super) root: &'a str,
    pub(super) root_key: &'a str,
    pub(super) issuing: &'a str,
    pub(super) issuing_key: &'a str,
}

impl Names {
    pub(super) fn in_folder(folder: &Path) -> Self {
        let file = |name: &str| folder.join(name);
        Self {
            root: file("root.pem"),
            root_key: file("root.key"),
            issuing: file("issuing.pem"),
            issuing_key: file("issuing.key"),
            folder: folder.to_owned(),
        }
    }

    /// All of them; what tells that they are there comes last.
    pub(super) fn write_all(&self, content: &Content<'_>) -> Result<()> {
        let folder = DirBuilder::new().recursive(true).mode(0o700).create(&self.folder);
        folder.map_err(|error| unwritten(&self.folder, &error))?;
        write(&self.root_key, content.root_key, 0o600)?;
        write(&self.root, content.root, 0o644)?;
        self.write_issuing(content.issuing, content.issuing_key)
    }

    pub(super) fn write_issuing(&self, certificate: &str, key: &str) -> Result<()> {
        write(&self.issuing_key, &format!("{key}{certificate}"), 0o600)?;
        write(&self.issuing, certificate, 0o644)
    }
}

pub(super) fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path)
        .map_err(|error| Error::Authority(format!("{} cannot be read: {error}", path.display())))
}

fn write(path: &Path, content: &str, mode: u32) -> Result<()> {
    let beside = path.with_extension("new");
    let written = || -> io::Result<()> {
        match std::fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&beside)?;
        file.write_all(content.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, path)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    };
    written().map_err(|error| unwritten(path, &error))
}

fn unwritten(path: &Path, error: &io::Error) -> Error {
    Error::Authority(format!("{} cannot be written: {error}", path.display()))
}

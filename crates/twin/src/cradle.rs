//! How a tenant comes into being on disk: with its first write, or not at all.
//!
//! A mark is put down before the store is made and taken away before the write is acknowledged. What a crash leaves
//! with its mark was never acknowledged, and goes with the next start.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Weak;

use storage::{Storage, StorageError};

use crate::first_write::Birth;
use crate::tenants::{PREFIX, Shared};

/// The extension of the mark.
const MARK: &str = "new";

/// Where a tenant is made.
pub(crate) struct Cradle {
    pub(crate) tenants: Weak<Shared>,
    pub(crate) name: String,
    /// Which attempt at this tenant it is.
    pub(crate) number: u64,
    pub(crate) folder: PathBuf,
}

impl Cradle {
    fn store(&self) -> String {
        format!("{PREFIX}{}", self.name)
    }

    fn failed(&self, doing: &str, error: &io::Error) -> StorageError {
        StorageError::Io {
            context: format!("{doing} the tenant `{}` in {}", self.name, self.folder.display()),
            detail: error.to_string(),
        }
    }
}

impl Birth for Cradle {
    fn begin(&mut self) -> Result<Box<dyn Storage>, StorageError> {
        let gone = || StorageError::Io {
            context: format!("making the tenant `{}`", self.name),
            detail: "nobody waits for it any more".to_owned(),
        };
        let tenants = self.tenants.upgrade().ok_or_else(gone)?;
        if !tenants.is_to_be_born(&self.name, self.number) {
            return Err(gone());
        }
        // A store that stands there without a mark is not ours to make: whoever put it there, say from a copy, wants it.
        let stands = !is_marked(&self.folder, &self.store())
            && !files(&self.folder, &self.store())
                .map_err(|error| self.failed("making", &error))?
                .is_empty();
        if stands {
            return Err(StorageError::Io {
                context: format!("making the tenant `{}`", self.name),
                detail: "there is a store with its name already; restart the server to use it".to_owned(),
            });
        }
        put_mark(&self.folder, &self.store()).map_err(|error| self.failed("making", &error))?;
        tenants.make(&self.store())
    }

    fn confirm(&mut self) -> Result<(), StorageError> {
        take_mark(&self.folder, &self.store()).map_err(|error| self.failed("keeping", &error))
    }

    fn announce(&mut self) {
        if let Some(tenants) = self.tenants.upgrade() {
            Shared::born(&tenants, &self.name);
        }
    }

    fn undo(&mut self) {
        let Some(tenants) = self.tenants.upgrade() else {
            return; // the next start does it
        };
        if tenants.is_to_be_born(&self.name, self.number) {
            // Without a mark nothing was made.
            if is_marked(&self.folder, &self.store())
                && let Err(error) = remove(&self.folder, &self.store())
            {
                tracing::warn!(tenant = self.name, %error, "what was left of a tenant that could not be made stays until the next start");
            }
            tenants.was_not_born(&self.name, self.number);
        }
    }
}

fn mark(folder: &Path, store: &str) -> PathBuf {
    folder.join(format!("{store}.{MARK}"))
}

fn is_marked(folder: &Path, store: &str) -> bool {
    mark(folder, store).exists()
}

/// The files of a store, without the mark.
fn files(folder: &Path, store: &str) -> io::Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mark = mark(folder, store);
    let mut found = Vec::new();
    for file in std::fs::read_dir(folder)? {
        let path = file?.path();
        let stem = path.file_name().and_then(|name| name.to_str()?.split('.').next());
        if stem == Some(store) && path != mark {
            found.push(path);
        }
    }
    Ok(found)
}

fn put_mark(folder: &Path, store: &str) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    File::create(mark(folder, store))?.sync_all()?;
    sync(folder)
}

fn take_mark(folder: &Path, store: &str) -> io::Result<()> {
    std::fs::remove_file(mark(folder, store))?;
    sync(folder)
}

#[cfg(unix)]
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync(_folder: &Path) -> io::Result<()> {
    Ok(()) // the other systems cannot open a folder as a file, and order their metadata themselves
}

/// Takes away the files of a store, the mark last.
fn remove(folder: &Path, store: &str) -> io::Result<()> {
    for path in files(folder, store)? {
        if path.is_dir() {
            std::fs::remove_dir_all(&path)?;
        } else {
            std::fs::remove_file(&path)?;
        }
    }
    if is_marked(folder, store) {
        take_mark(folder, store)?;
    }
    Ok(())
}

/// Takes away what a crash left of tenants whose first write was not acknowledged.
pub(crate) fn sweep(folder: &Path) -> io::Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    for file in std::fs::read_dir(folder)? {
        let path = file?.path();
        let is_mark = path.extension().is_some_and(|extension| extension == MARK);
        let store = path.file_stem().and_then(|stem| stem.to_str());
        if let Some(store) = store.filter(|store| is_mark && store.starts_with(PREFIX)) {
            tracing::info!(
                store,
                "what a crash left of a tenant that was never there is deleted"
            );
            remove(folder, store)?;
        }
    }
    Ok(())
}

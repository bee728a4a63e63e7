//! A file to import.

use std::path::{Path, PathBuf};

/// A file to import: where it lies, and what its owner calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// Where it lies.
    pub path: PathBuf,
    /// What messages and data sets call it: for an upload the name that the sender gave, not that of the
    /// temporary file.
    pub name: String,
}

impl InputFile {
    /// A file called by the last part of its path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let name = path.file_name().map_or_else(
            || path.to_string_lossy().into_owned(),
            |name| name.to_string_lossy().into_owned(),
        );
        Self { path, name }
    }

    /// A file that lies at `path` and is called `name` (an upload). Only the last part of `name` is kept.
    pub fn named(path: impl Into<PathBuf>, name: &str) -> Self {
        let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
        Self {
            path: path.into(),
            name: last.to_owned(),
        }
    }

    /// The name without its extension.
    pub(crate) fn stem(&self) -> &str {
        Path::new(&self.name)
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or(&self.name)
    }

    /// The extension of the name, in lower case.
    pub(crate) fn extension(&self) -> String {
        Path::new(&self.name)
            .extension()
            .and_then(|e| e.to_str())
            .unwrap_or_default()
            .to_ascii_lowercase()
    }
}

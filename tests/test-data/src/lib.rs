//! Where tests find the data that is not in the repository, and what becomes of a test that does not find it.
//!
//! A test that cannot be made is not a test that passed. What it lacks is said on stderr, and also:
//!
//! - `MAPACHA_SKIPPED` names a file that gets a line for each such test: runners of tests hide what those that pass say.
//! - `MAPACHA_DATA_REQUIRED=1` makes missing data a failure. `make test` sets both, the second where there is a folder of
//!   test data.

#![allow(
    clippy::panic,
    clippy::print_stderr,
    reason = "says why a test was not made, or fails it"
)]

use std::env::{current_exe, var_os};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// A file or folder of the test data: `nairobi/wards.geojson`. They are in `$MAPACHA_TEST_DATA`, else in `shared/data`
/// beside the repository. `None`, with the reason said, where it is not there: the test proves nothing then.
///
/// # Panics
/// When it is not there although `MAPACHA_DATA_REQUIRED` is 1.
#[must_use]
pub fn test_data(path: &str) -> Option<PathBuf> {
    if let Some(found) = find(path) {
        return Some(found);
    }
    let why = format!(
        "there is no {}; MAPACHA_TEST_DATA names the folder of test data",
        folder().join(path).display()
    );
    let required = var_os("MAPACHA_DATA_REQUIRED").is_some_and(|text| text == "1");
    assert!(
        !required,
        "{why}, and MAPACHA_DATA_REQUIRED says that it is there"
    );
    skipped(&why);
    None
}

/// The same for what may always be missing, without a word about it.
#[must_use]
pub fn find(path: &str) -> Option<PathBuf> {
    Some(folder().join(path)).filter(|path| path.exists())
}

fn folder() -> PathBuf {
    var_os("MAPACHA_TEST_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    )
}

/// Says that the test that runs proves nothing here, and why.
pub fn skipped(why: &str) {
    let program = current_exe().unwrap_or_default();
    let program = program.file_stem().unwrap_or_default().to_string_lossy();
    // `server` of `server-0123456789abcdef`.
    let program = program.rsplit_once('-').map_or(&*program, |(name, _)| name);
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    let line = format!("{program} {test}: {why}\n");
    eprint!("not tested: {line}");
    let Some(file) = var_os("MAPACHA_SKIPPED") else {
        return;
    };
    // One write for each line: many processes write here at once.
    let written = std::fs::File::options()
        .create(true)
        .append(true)
        .open(&file)
        .and_then(|mut file| file.write_all(line.as_bytes()));
    if let Err(error) = written {
        eprintln!("{}: {error}", file.display());
    }
}

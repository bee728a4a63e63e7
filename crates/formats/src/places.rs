//! Being written.
#![allow(clippy::todo, reason = "being written")]

use crate::file::InputFile;
use crate::import::{ImportError, Session};

pub(crate) fn read(file: &InputFile, session: &mut Session<'_>) -> Result<(), ImportError> {
    let _ = (file, session);
    todo!()
}

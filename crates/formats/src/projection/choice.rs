//! The coordinate system that a file is read in: as the user says, else as the file says.

use super::{Crs, UnknownCrs};
use crate::import::{ImportError, Session};

/// The system of a file: that of `--crs`, else the file's own; `None` where neither says one.
///
/// # Errors
/// An option that names no known system; a file's own that is not understood, with `remedy`.
pub(crate) fn choose(
    file: &str,
    stated: Result<Option<Crs>, UnknownCrs>,
    session: &mut Session<'_>,
    remedy: &str,
) -> Result<Option<Crs>, ImportError> {
    let Some(name) = &session.options.crs else {
        return stated.map_err(|unknown| ImportError::file(file, unknown.to_string(), remedy));
    };
    let given = Crs::from_name(name).map_err(|unknown| {
        let why = format!(
            "`{}` is not understood: {}; give a code, as in EPSG:21037",
            unknown.name, unknown.why
        );
        ImportError::option("crs", why)
    })?;
    let other = match stated {
        Ok(Some(own)) if own != given => Some(own.name().to_owned()),
        Err(unknown) => Some(unknown.name),
        Ok(_) => None,
    };
    if let Some(own) = other {
        session.warn(format!(
            "{file}: it says that its coordinate system is {own}; it was read in {given}, as --crs says"
        ));
    }
    Ok(Some(given))
}

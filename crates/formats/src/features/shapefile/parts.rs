//! The files that make a Shapefile: beside a `.shp`, among the files of one import, or in a zip.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use zip::ZipArchive;
use zip::result::ZipError;

use crate::features::{AGAIN, choose_one};
use crate::file::InputFile;
use crate::import::{ImportError, Session};
use crate::sink::SinkError;
use crate::unpacked;

/// The most members an archive may have.
const MAX_MEMBERS: usize = 10_000;
/// The largest file of a Shapefile: its offsets count words of two bytes in 31 bits.
const MAX_PART: u64 = 4 << 30;
/// The longest `.prj` or `.cpg`.
const MAX_TEXT: u64 = 64 << 10;

/// The endings of files that belong to a `.shp`.
const COMPANIONS: [&str; 10] = [
    "dbf", "shx", "prj", "cpg", "qpj", "sbn", "sbx", "qix", "cst", "qmd",
];
const TOGETHER: &str = "a Shapefile is several files: give the .shp with its .dbf, .shx, .prj and .cpg beside it, or all in one .zip";

/// The files of one Shapefile.
pub(super) struct Parts {
    pub(super) shp_name: String,
    pub(super) shp: File,
    pub(super) dbf_name: String,
    pub(super) dbf: File,
    pub(super) shx: Option<File>,
    pub(super) prj: Option<String>,
    pub(super) cpg: Option<String>,
}

/// Whether a file is read with a `.shp` of the same import, not by itself.
///
/// # Errors
/// It belongs to a `.shp` that was not given.
pub(in crate::features) fn is_companion(
    file: &InputFile,
    session: &Session<'_>,
) -> Result<bool, ImportError> {
    let extension = file.extension();
    let stem = if extension == "xml" {
        // `wards.shp.xml`
        file.stem().strip_suffix(".shp")
    } else {
        COMPANIONS.contains(&extension.as_str()).then_some(file.stem())
    };
    let Some(stem) = stem else {
        return Ok(false);
    };
    let given = session
        .files
        .iter()
        .any(|other| other.extension() == "shp" && other.stem().eq_ignore_ascii_case(stem));
    if given {
        return Ok(true);
    }
    let why = format!("it is a part of a Shapefile, and {stem}.shp is not among the files");
    Err(ImportError::file(&file.name, why, TOGETHER))
}

impl Parts {
    /// The files beside a `.shp`.
    pub(super) fn beside(file: &InputFile, session: &Session<'_>) -> Result<Self, ImportError> {
        let part = |extension: &str| -> Result<Option<(String, File)>, ImportError> {
            let Some(found) = companion(file, session, extension) else {
                return Ok(None);
            };
            let bytes = File::open(&found.path).map_err(ImportError::read(&found.name))?;
            Ok(Some((found.name, bytes)))
        };
        let shp = File::open(&file.path).map_err(ImportError::read(&file.name))?;
        let Some((dbf_name, dbf)) = part("dbf")? else {
            return Err(no_table(&file.name));
        };
        Ok(Self {
            shp_name: file.name.clone(),
            shp,
            dbf_name,
            dbf,
            shx: part("shx")?.map(|(_, bytes)| bytes),
            prj: part("prj")?.map(|(name, bytes)| text(&name, bytes)).transpose()?,
            cpg: part("cpg")?.map(|(name, bytes)| text(&name, bytes)).transpose()?,
        })
    }

    /// The files in a zip: those of the `.shp` that the user names, or of the only one.
    pub(super) fn in_zip(file: &InputFile, session: &Session<'_>) -> Result<Self, ImportError> {
        let bytes = File::open(&file.path).map_err(ImportError::read(&file.name))?;
        let mut zip = ZipArchive::new(BufReader::new(bytes)).map_err(|error| match error {
            ZipError::Io(source) if source.kind() != io::ErrorKind::UnexpectedEof => ImportError::Read {
                file: file.name.clone(),
                source,
            },
            other => ImportError::file(
                &file.name,
                format!("the zip archive is cut off or damaged ({other})"),
                "download it again; `unzip -t` on the file should end without an error",
            ),
        })?;
        if zip.len() > MAX_MEMBERS {
            let why = format!("the archive has {} members", zip.len());
            return Err(ImportError::file(
                &file.name,
                why,
                "pack one Shapefile into one zip",
            ));
        }
        let members: Vec<String> = (0..zip.len())
            .map(|index| match zip.name_for_index(index) {
                Some(Ok(name)) => name.into_owned(),
                _ => String::new(),
            })
            .collect();
        let shapes: Vec<usize> = (0..members.len())
            .filter(|index| {
                members
                    .get(*index)
                    .is_some_and(|name| ending(name) == "shp" && !base(name).starts_with('.'))
            })
            .collect();
        let names: Vec<&str> = shapes
            .iter()
            .filter_map(|index| members.get(*index))
            .map(|name| without_ending(base(name)))
            .collect();
        let chosen = choose_one(&names, &file.name, session.options.layer.as_deref())?;
        let Some(index) = chosen.and_then(|at| shapes.get(at).copied()) else {
            let listed: Vec<&str> = members.iter().take(10).map(|name| base(name)).collect();
            let why = format!("the archive holds no .shp; it holds {}", listed.join(", "));
            return Err(ImportError::file(
                &file.name,
                why,
                "put the .shp, .dbf, .shx, .prj and .cpg into the zip; other formats: unpack it and give the file",
            ));
        };
        let shp_path = members.get(index).cloned().unwrap_or_default();
        let mut part = |extension: &str| -> Result<Option<(String, File)>, ImportError> {
            let wanted = without_ending(&shp_path);
            let Some(index) = members.iter().position(|name| {
                ending(name) == extension && without_ending(name).eq_ignore_ascii_case(wanted)
            }) else {
                return Ok(None);
            };
            let name = format!(
                "{}/{}",
                file.name,
                members.get(index).map_or("", |name| base(name))
            );
            unpack(&mut zip, index, &name).map(|bytes| Some((name, bytes)))
        };
        let Some((shp_name, shp)) = part("shp")? else {
            return Err(ImportError::file(
                &file.name,
                "its .shp cannot be found again",
                AGAIN,
            ));
        };
        let Some((dbf_name, dbf)) = part("dbf")? else {
            return Err(no_table(&shp_name));
        };
        Ok(Self {
            shx: part("shx")?.map(|(_, bytes)| bytes),
            prj: part("prj")?.map(|(name, bytes)| text(&name, bytes)).transpose()?,
            cpg: part("cpg")?.map(|(name, bytes)| text(&name, bytes)).transpose()?,
            shp_name,
            shp,
            dbf_name,
            dbf,
        })
    }
}

fn no_table(shp: &str) -> ImportError {
    ImportError::file(shp, "its .dbf, which holds names and codes, is missing", TOGETHER)
}

/// The file of this ending that belongs to a `.shp`: among the files of the import, else beside it on the disk (an
/// upload has nothing of its own there).
fn companion(file: &InputFile, session: &Session<'_>, extension: &str) -> Option<InputFile> {
    let given = session
        .files
        .iter()
        .find(|other| other.extension() == extension && other.stem().eq_ignore_ascii_case(file.stem()));
    if let Some(given) = given {
        return Some(given.clone());
    }
    if file.path.file_name().and_then(|name| name.to_str()) != Some(file.name.as_str()) {
        return None;
    }
    [extension.to_owned(), extension.to_ascii_uppercase()]
        .into_iter()
        .map(|extension| file.path.with_extension(extension))
        .find(|path| path.is_file())
        .map(InputFile::new)
}

/// A short text.
fn text(name: &str, bytes: File) -> Result<String, ImportError> {
    let mut text = Vec::new();
    bytes
        .take(MAX_TEXT)
        .read_to_end(&mut text)
        .map_err(ImportError::read(name))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Unpacks a member into a temporary file, which is read to its end so that its checksum is checked.
fn unpack(zip: &mut ZipArchive<BufReader<File>>, index: usize, name: &str) -> Result<File, ImportError> {
    let damaged = |error: &dyn std::fmt::Display| {
        ImportError::file(
            name,
            format!("the zip archive is damaged there ({error})"),
            "download it again; `unzip -t` on the file should end without an error",
        )
    };
    let member = zip.by_index(index).map_err(|error| match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => {
            ImportError::file(name, "it is encrypted", "pack it without a password")
        }
        ZipError::CompressionMethodNotSupported(_) | ZipError::UnsupportedArchive(_) => {
            ImportError::file(name, error.to_string(), "pack it with plain `zip`")
        }
        other => damaged(&other),
    })?;
    let limit = MAX_PART.min(unpacked::most(member.compressed_size()));
    let mut member = member.take(limit + 1);
    let mut file = tempfile::tempfile().map_err(|error| spool(&error))?;
    let mut buffer = vec![0; 64 << 10];
    let mut written = 0;
    loop {
        let count = member.read(&mut buffer).map_err(|error| damaged(&error))?;
        if count == 0 {
            break;
        }
        written += count as u64;
        if written > limit {
            return Err(ImportError::file(
                name,
                format!("it unpacks to more than {} MiB from far less", limit >> 20),
                "check where the file comes from; if it is right, unpack it and give the .shp",
            ));
        }
        let part = buffer.get(..count).unwrap_or_default();
        io::Write::write_all(&mut file, part).map_err(|error| spool(&error))?;
    }
    file.seek(SeekFrom::Start(0)).map_err(|error| spool(&error))?;
    Ok(file)
}

fn spool(error: &io::Error) -> ImportError {
    SinkError(format!(
        "a temporary file in `{}` cannot be written ({error}): free some space there, or name another folder with \
         TMPDIR",
        std::env::temp_dir().display()
    ))
    .into()
}

fn base(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

fn ending(name: &str) -> String {
    Path::new(base(name))
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default()
        .to_ascii_lowercase()
}

fn without_ending(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

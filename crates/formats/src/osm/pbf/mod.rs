//! PBF: blobs one after the other, each with a block of elements (wiki.openstreetmap.org/wiki/PBF_Format).
//!
//! The reading of blobs and blocks is our own: it is small, it copies nothing, it can say which blob of a file is
//! broken, and no byte of a file can make it stop the program.

mod block;
mod wire;

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use block::{Block, Header, Stopped};
use flate2::read::ZlibDecoder;
use wire::{Broken, Fields};

use super::element::{Source, Stands, Visit, Wanted};
use crate::file::InputFile;
use crate::import::ImportError;
use crate::unpacked;

/// The format's own limits.
const MAX_HEADER: usize = 64 << 10;
const MAX_BLOB: u64 = 32 << 20;

const AGAIN: &str =
    "download it again, compare its size or checksum with the one given there, and import it again";
const CONVERT: &str = "write it anew: `osmium cat -o new.osm.pbf old.osm.pbf`";

/// A blob with elements.
struct Entry {
    /// Where the blob, with its header, begins.
    begins: u64,
    /// Where its bytes begin, and how many there are.
    data: u64,
    length: u64,
    holds: Wanted,
}

/// A PBF file.
pub(super) struct Pbf {
    name: String,
    input: BufReader<File>,
    length: u64,
    /// The blobs, once the file was read whole.
    index: Option<Vec<Entry>>,
    as_of: Option<String>,
    /// How many bytes all blobs unpacked to, as far as the file was read.
    unpacked: u64,
    /// Kept between blobs.
    packed: Vec<u8>,
    plain: Vec<u8>,
}

/// Whether a file that begins so is a PBF file: the length of the first blob's header, then a header that says
/// `OSMHeader`.
pub(super) fn is_pbf(begins: &[u8]) -> bool {
    matches!(begins, [0, 0, _, _, 0x0a, 9, name @ ..] if name.starts_with(b"OSMHeader"))
}

impl Pbf {
    pub(super) fn open(file: &InputFile) -> Result<Self, ImportError> {
        let read = ImportError::read(&file.name);
        let input = File::open(&file.path).map_err(&read)?;
        let length = input.metadata().map_err(&read)?.len();
        Ok(Self {
            name: file.name.clone(),
            input: BufReader::with_capacity(64 << 10, input),
            length,
            index: None,
            as_of: None,
            unpacked: 0,
            packed: Vec::new(),
            plain: Vec::new(),
        })
    }

    fn wrong(&self, blob: u64, why: impl std::fmt::Display, remedy: &str) -> ImportError {
        ImportError::file(
            &self.name,
            format!("the blob at byte {blob} is not as it should be: {why}"),
            remedy,
        )
    }

    /// The file ends in a blob.
    fn cut(&self, blob: u64) -> ImportError {
        let why = format!(
            "it is cut off: a blob begins at byte {blob} and the file ends in the middle of it, at byte {}",
            self.length
        );
        ImportError::file(&self.name, why, AGAIN)
    }

    fn fill(&mut self, length: u64, blob: u64) -> Result<(), ImportError> {
        self.packed.clear();
        let read = (&mut self.input)
            .take(length)
            .read_to_end(&mut self.packed)
            .map_err(ImportError::read(&self.name))?;
        if (read as u64) < length {
            return Err(self.cut(blob));
        }
        Ok(())
    }

    /// The kind of the blob that begins here and the length of its bytes; `None` at the end of the file.
    fn blob_header(&mut self, begins: u64) -> Result<Option<(String, u64)>, ImportError> {
        if begins == self.length {
            return Ok(None);
        }
        self.fill(4, begins)?;
        let length = self
            .packed
            .iter()
            .fold(0_u64, |length, byte| (length << 8) | u64::from(*byte));
        if length > MAX_HEADER as u64 {
            let why = format!("its header claims {length} bytes, and 65536 is the most there can be");
            return Err(self.wrong(begins, why, AGAIN));
        }
        self.fill(length, begins)?;
        let (mut kind, mut size) = (String::new(), None);
        let mut read = || -> Result<(), Broken> {
            let mut fields = Fields(&self.packed);
            while let Some((number, value)) = fields.next()? {
                match number {
                    1 => kind = String::from_utf8_lossy(value.bytes()?).chars().take(40).collect(),
                    3 => size = Some(value.int64()?),
                    _ => {}
                }
            }
            Ok(())
        };
        read().map_err(|broken| self.wrong(begins, broken, AGAIN))?;
        match size.and_then(|size| u64::try_from(size).ok()) {
            Some(size) if size <= MAX_BLOB => Ok(Some((kind, size))),
            Some(size) => {
                let why = format!("it claims {size} bytes, and 32 MiB is the most there can be");
                Err(self.wrong(begins, why, AGAIN))
            }
            None => Err(self.wrong(begins, "it does not say how long it is", AGAIN)),
        }
    }

    /// Reads the bytes of a blob and unpacks them into `plain`.
    fn unpack(&mut self, begins: u64, length: u64) -> Result<(), ImportError> {
        self.fill(length, begins)?;
        let packed = std::mem::take(&mut self.packed);
        let mut plain = std::mem::take(&mut self.plain);
        plain.clear();
        let unpacked = unpack(&packed, &mut plain);
        self.packed = packed;
        self.plain = plain;
        unpacked.map_err(|(why, remedy)| self.wrong(begins, why, remedy))
    }

    /// As [`Pbf::unpack`], for the first reading: all blobs together may not unpack without bound either.
    fn unpack_counting(&mut self, begins: u64, length: u64) -> Result<(), ImportError> {
        self.unpack(begins, length)?;
        self.unpacked = self.unpacked.saturating_add(self.plain.len() as u64);
        let most = unpacked::most(self.length);
        if self.unpacked > most {
            let why = format!(
                "with it the file unpacks to more than {} MiB from far less, which no map does",
                most >> 20
            );
            return Err(self.wrong(begins, why, "check where the file comes from"));
        }
        Ok(())
    }

    fn check_header(&mut self, begins: u64) -> Result<(), ImportError> {
        let header = Header::read(&self.plain).map_err(|broken| self.wrong(begins, broken, AGAIN))?;
        for feature in header.required {
            match feature.as_str() {
                "OsmSchema-V0.6" | "DenseNodes" => {}
                "HistoricalInformation" => {
                    return Err(ImportError::file(
                        &self.name,
                        "it holds the history of its elements, not how they are",
                        "take the state of one day: `osmium time-filter -o day.osm.pbf history.osm.pbf \
                         2026-01-01T00:00:00Z`",
                    ));
                }
                other => {
                    let why = format!("to read it `{other}` must be understood, and that is not");
                    return Err(ImportError::file(&self.name, why, CONVERT));
                }
            }
        }
        self.as_of = header
            .timestamp
            .filter(|seconds| *seconds > 0)
            .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
            .map(|time| time.to_string());
        Ok(())
    }

    /// Reads every blob once: the first reading, which also checks the whole file.
    fn scan_whole(&mut self, wanted: Wanted, visit: &mut Visit<'_>) -> Result<(), ImportError> {
        let mut index = Vec::new();
        self.unpacked = 0;
        let mut begins = 0;
        let mut first = true;
        while let Some((kind, length)) = self.blob_header(begins)? {
            let data = self
                .input
                .stream_position()
                .map_err(ImportError::read(&self.name))?;
            match (kind.as_str(), first) {
                ("OSMHeader", _) => {
                    self.unpack_counting(begins, length)?;
                    self.check_header(begins)?;
                }
                ("OSMData", false) => {
                    self.unpack_counting(begins, length)?;
                    let holds = self.visit(begins, wanted, visit)?;
                    index.push(Entry {
                        begins,
                        data,
                        length,
                        holds,
                    });
                }
                ("OSMData", true) => {
                    return Err(self.wrong(begins, "elements stand before the file's header", CONVERT));
                }
                // Others may put blobs of their own between: the format says to pass over them.
                _ => self.fill(length, begins)?,
            }
            first = false;
            begins = data.saturating_add(length);
        }
        self.index = Some(index);
        Ok(())
    }

    fn visit(&mut self, begins: u64, wanted: Wanted, visit: &mut Visit<'_>) -> Result<Wanted, ImportError> {
        let visited = Block::read(&self.plain)
            .map_err(Stopped::Broken)
            .and_then(|block| block.visit(wanted, Stands::Blob(begins), visit));
        match visited {
            Ok(found) => Ok(found),
            Err(Stopped::Visitor(error)) => Err(error),
            Err(Stopped::Broken(broken)) => Err(self.wrong(begins, broken, AGAIN)),
        }
    }
}

impl Source for Pbf {
    fn scan(&mut self, wanted: Wanted, visit: &mut Visit<'_>) -> Result<(), ImportError> {
        let Some(index) = self.index.take() else {
            self.input.rewind().map_err(ImportError::read(&self.name))?;
            return self.scan_whole(wanted, visit);
        };
        let mut read = || -> Result<(), ImportError> {
            for entry in index.iter().filter(|entry| entry.holds.meets(wanted)) {
                self.input
                    .seek(SeekFrom::Start(entry.data))
                    .map_err(ImportError::read(&self.name))?;
                self.unpack(entry.begins, entry.length)?;
                self.visit(entry.begins, wanted, visit)?;
            }
            Ok(())
        };
        let done = read();
        self.index = Some(index);
        done
    }

    fn as_of(&self) -> Option<&str> {
        self.as_of.as_deref()
    }
}

/// Unpacks a blob; why it could not, and what to do.
fn unpack(blob: &[u8], plain: &mut Vec<u8>) -> Result<(), (String, &'static str)> {
    let (mut raw, mut packed, mut size, mut other) = (None, None, None, None);
    let mut read = || -> Result<(), Broken> {
        let mut fields = Fields(blob);
        while let Some((number, value)) = fields.next()? {
            match number {
                1 => raw = Some(value.bytes()?),
                2 => size = Some(value.int64()?),
                3 => packed = Some(value.bytes()?),
                4 => other = Some("LZMA"),
                5 => other = Some("bzip2"),
                6 => other = Some("LZ4"),
                7 => other = Some("Zstandard"),
                _ => {}
            }
        }
        Ok(())
    };
    read().map_err(|broken| (broken.to_string(), AGAIN))?;
    if let Some(raw) = raw {
        plain.extend_from_slice(raw);
        return Ok(());
    }
    let Some(packed) = packed else {
        return Err(match other {
            Some(method) => (
                format!("it is packed with {method}, which few programs read"),
                "pack it as all others do: `osmium cat -f pbf,pbf_compression=zlib -o new.osm.pbf old.osm.pbf`",
            ),
            None => ("it is empty".to_owned(), AGAIN),
        });
    };
    let size = size.and_then(|size| u64::try_from(size).ok());
    if let Some(size) = size.filter(|size| *size > MAX_BLOB) {
        let why = format!("it claims to unpack to {size} bytes, and 32 MiB is the most there can be");
        return Err((why, AGAIN));
    }
    let bomb = || {
        (
            "it unpacks to more than 32 MiB, the most there can be".to_owned(),
            "check where the file comes from: no program that writes such files makes this",
        )
    };
    let damaged = |error: &io::Error| {
        let why = match error.kind() {
            io::ErrorKind::UnexpectedEof => "its packed bytes end too early".to_owned(),
            _ => format!("its packed bytes are damaged ({error})"),
        };
        (why, AGAIN)
    };
    let unpacked = ZlibDecoder::new(packed)
        .take(MAX_BLOB + 1)
        .read_to_end(plain)
        .map_err(|error| damaged(&error))? as u64;
    if unpacked > MAX_BLOB {
        return Err(bomb());
    }
    match size {
        Some(size) if size != unpacked => {
            Err((format!("it unpacks to {unpacked} bytes and says {size}"), AGAIN))
        }
        _ => Ok(()),
    }
}

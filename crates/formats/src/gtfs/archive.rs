//! The zip: checked whole, then read table by table.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};

use jiff::civil::Date;
use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

use crate::csv_table::Table;
use crate::file::InputFile;
use crate::import::{ImportError, Session};
use crate::text::{Sniffed, sniff};
use crate::unpacked;

/// The most members an archive may have.
const MAX_MEMBERS: usize = 10_000;
/// The most bytes a table may unpack to.
const MAX_TABLE: u64 = 64 << 30;

const AGAIN: &str = "download it again; `unzip -t` on the file should end without an error";

/// The tables that are read, with the columns without which they cannot be. `true`: the table must be there.
const TABLES: [(&str, bool, &[&str]); 11] = [
    ("agency.txt", true, &["agency_name", "agency_timezone"]),
    ("stops.txt", true, &["stop_id", "stop_lat", "stop_lon"]),
    ("routes.txt", true, &["route_id", "route_type"]),
    ("trips.txt", true, &["route_id", "service_id", "trip_id"]),
    ("stop_times.txt", true, &["trip_id", "stop_id", "stop_sequence"]),
    (
        "calendar.txt",
        false,
        &[
            "service_id",
            "monday",
            "tuesday",
            "wednesday",
            "thursday",
            "friday",
            "saturday",
            "sunday",
            "start_date",
            "end_date",
        ],
    ),
    (
        "calendar_dates.txt",
        false,
        &["service_id", "date", "exception_type"],
    ),
    (
        "shapes.txt",
        false,
        &["shape_id", "shape_pt_lat", "shape_pt_lon", "shape_pt_sequence"],
    ),
    (
        "frequencies.txt",
        false,
        &["trip_id", "start_time", "end_time", "headway_secs"],
    ),
    (
        "transfers.txt",
        false,
        &["from_stop_id", "to_stop_id", "transfer_type"],
    ),
    ("feed_info.txt", false, &[]),
];

/// A table of the archive.
pub(super) struct Member {
    index: usize,
    sniffed: Sniffed,
    /// Rows read so far.
    pub(super) rows_read: u64,
}

/// A checked archive.
pub(super) struct Archive {
    zip: ZipArchive<BufReader<File>>,
    /// Called so by its owner.
    pub(super) name: String,
    members: BTreeMap<&'static str, Member>,
    /// The newest date that any member was changed, as far as the zip says.
    pub(super) newest: Option<Date>,
}

impl Archive {
    /// Opens an archive, reads every table once to its end (so that every checksum is checked), and looks at
    /// every header.
    pub(super) fn open(file: &InputFile, session: &mut Session<'_>) -> Result<Self, ImportError> {
        let mut bytes = File::open(&file.path).map_err(ImportError::read(&file.name))?;
        let mut first = [0; 2];
        let count = bytes.read(&mut first).map_err(ImportError::read(&file.name))?;
        if count == 0 {
            return Err(ImportError::file(&file.name, "the file is empty", AGAIN));
        }
        if !b"PK".starts_with(first.get(..count).unwrap_or_default()) {
            return Err(ImportError::file(
                &file.name,
                "it is not a zip archive",
                "give the feed as one .zip that holds stops.txt, routes.txt, trips.txt, stop_times.txt",
            ));
        }
        let bytes = File::open(&file.path).map_err(ImportError::read(&file.name))?;
        let zip = ZipArchive::new(BufReader::new(bytes)).map_err(|error| match error {
            ZipError::Io(source) if source.kind() != io::ErrorKind::UnexpectedEof => ImportError::Read {
                file: file.name.clone(),
                source,
            },
            other => ImportError::file(
                &file.name,
                format!("the zip archive is cut off or damaged ({other})"),
                AGAIN,
            ),
        })?;
        if zip.len() > MAX_MEMBERS {
            let why = format!(
                "the archive has {} members, and a feed has a few dozen",
                zip.len()
            );
            return Err(ImportError::file(
                &file.name,
                why,
                "pack the tables of one feed into one zip",
            ));
        }
        let found = find_tables(&zip, file, session)?;
        let mut archive = Self {
            zip,
            name: file.name.clone(),
            members: BTreeMap::new(),
            newest: None,
        };
        for (table, index) in found {
            let sniffed = archive.check(table, index)?;
            if let Some(warning) = sniffed.warning(&format!("{}/{table}", file.name)) {
                session.warn(warning);
            }
            archive.members.insert(
                table,
                Member {
                    index,
                    sniffed,
                    rows_read: 0,
                },
            );
        }
        archive.check_tables()?;
        Ok(archive)
    }

    /// Reads a member to its end.
    fn check(&mut self, table: &str, index: usize) -> Result<Sniffed, ImportError> {
        let name = format!("{}/{table}", self.name);
        let damaged = |error: &dyn std::fmt::Display| {
            ImportError::file(
                &name,
                format!("the zip archive is damaged there ({error})"),
                AGAIN,
            )
        };
        let member = self.zip.by_index(index).map_err(|error| match error {
            ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => {
                ImportError::file(&name, "it is encrypted", "pack the feed without a password")
            }
            ZipError::CompressionMethodNotSupported(_) | ZipError::UnsupportedArchive(_) => {
                ImportError::file(&name, error.to_string(), "pack the feed with plain `zip`")
            }
            other => damaged(&other),
        })?;
        if let Some(changed) = member.last_modified()
            && let (Ok(year), Ok(month), Ok(day)) = (
                i16::try_from(changed.year()),
                i8::try_from(changed.month()),
                i8::try_from(changed.day()),
            )
            && let Ok(date) = Date::new(year, month, day)
            && year > 1980
        {
            self.newest = self.newest.max(Some(date));
        }
        let bomb = |bytes: u64| {
            ImportError::file(
                &name,
                format!(
                    "it unpacks to more than {} MiB from far less, which no timetable does",
                    bytes >> 20
                ),
                "check where the file comes from; if it is a timetable, pack it again with plain `zip`",
            )
        };
        let limit = MAX_TABLE.min(unpacked::most(member.compressed_size()));
        if member.size() > limit {
            return Err(bomb(limit));
        }
        let mut limited = Counted {
            inner: member,
            left: limit,
        };
        match sniff(&mut limited) {
            Ok(_) if limited.left == 0 => Err(bomb(limit)),
            Ok(sniffed) => Ok(sniffed),
            Err(error) => Err(damaged(&error)),
        }
    }

    /// Whether every table is there that must be, with every column that must be.
    fn check_tables(&mut self) -> Result<(), ImportError> {
        let remedy = "pack the feed with all required files (gtfs.org/schedule/reference): agency, stops, routes, \
                      trips, stop_times, and calendar or calendar_dates";
        for (table, required, columns) in TABLES {
            if !self.members.contains_key(table) {
                if required {
                    return Err(ImportError::file(
                        &self.name,
                        format!("{table} is missing in the archive"),
                        remedy,
                    ));
                }
                continue;
            }
            let name = format!("{}/{table}", self.name);
            let Some(opened) = self.table(table)? else {
                continue;
            };
            let missing: Vec<&str> = columns
                .iter()
                .copied()
                .filter(|column| opened.column(column).is_none())
                .collect();
            if !missing.is_empty() {
                let why = format!(
                    "it has no column {}; its columns are {}",
                    missing.join(", "),
                    opened.header().join(", ")
                );
                return Err(ImportError::file(
                    &name,
                    why,
                    "add the column (gtfs.org/schedule/reference)",
                ));
            }
        }
        if !self.members.contains_key("calendar.txt") && !self.members.contains_key("calendar_dates.txt") {
            let why = "neither calendar.txt nor calendar_dates.txt is in the archive";
            return Err(ImportError::file(&self.name, why, remedy));
        }
        Ok(())
    }

    /// A table, at its first row; `None` where there is no such table, or nothing in it.
    pub(super) fn table(
        &mut self,
        table: &str,
    ) -> Result<Option<Table<ZipFile<'_, BufReader<File>>>>, ImportError> {
        let Some(member) = self.members.get(table) else {
            return Ok(None);
        };
        let name = format!("{}/{table}", self.name);
        let opened = self
            .zip
            .by_index(member.index)
            .map_err(|error| ImportError::file(&name, error.to_string(), AGAIN))?;
        match Table::open(opened, member.sniffed, Some(',')) {
            Ok(table) => Ok(Some(table)),
            Err(Ok(why)) => {
                let required = TABLES
                    .iter()
                    .any(|(known, required, _)| *known == table && *required);
                if required {
                    Err(ImportError::file(
                        &name,
                        why,
                        "give the table its header and its rows",
                    ))
                } else {
                    Ok(None)
                }
            }
            Err(Err(source)) => Err(ImportError::Read { file: name, source }),
        }
    }

    /// The tables that are there.
    pub(super) fn members(&self) -> impl Iterator<Item = (&'static str, &Member)> {
        self.members.iter().map(|(name, member)| (*name, member))
    }

    /// Notes how many rows a table had.
    pub(super) fn counted(&mut self, table: &str, rows: u64) {
        if let Some(member) = self.members.get_mut(table) {
            member.rows_read = rows;
        }
    }
}

/// Which member is which table. Tables may lie in a folder of the archive.
fn find_tables(
    zip: &ZipArchive<BufReader<File>>,
    file: &InputFile,
    session: &mut Session<'_>,
) -> Result<BTreeMap<&'static str, usize>, ImportError> {
    let mut found: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut ignored = Vec::new();
    for index in 0..zip.len() {
        let name = zip
            .name_for_index(index)
            .and_then(Result::ok)
            .unwrap_or_default()
            .into_owned();
        let last = name.rsplit(['/', '\\']).next().unwrap_or("");
        // Archives made on a Mac hold a shadow of each file.
        if name.contains("__MACOSX") {
            continue;
        }
        match TABLES.iter().find(|(table, ..)| *table == last) {
            Some((table, ..)) if found.insert(table, index).is_some() => {
                let why = format!("{table} is in the archive twice");
                return Err(ImportError::file(&file.name, why, "pack one feed into one zip"));
            }
            None if last.to_ascii_lowercase().ends_with("txt") => ignored.push(last.to_owned()),
            _ => {}
        }
    }
    if !ignored.is_empty() {
        session.warn(format!("{}: not imported: {}", file.name, ignored.join(", ")));
    }
    Ok(found)
}

/// Ends after so many bytes.
struct Counted<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Ok(0);
        }
        let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.inner.read(buffer.get_mut(..room).unwrap_or_default())?;
        self.left -= count as u64;
        Ok(count)
    }
}

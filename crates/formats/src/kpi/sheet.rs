//! A table of reported values, from CSV or from the first sheet of an XLSX workbook that has such a table.

use std::fs::File;
use std::io::{BufReader, Read};

use calamine::{Data, Reader, Xlsx};

use crate::csv_table::{Row, Step, Table};
use crate::file::InputFile;
use crate::import::{ImportError, Session};
use crate::text::sniff;

use super::REMEDY;

/// The largest workbook, packed and unpacked. Workbooks are read whole.
const MAX_PACKED: u64 = 20 << 20;
const MAX_UNPACKED: u64 = 200 << 20;

/// The columns, and other names they go by.
const COLUMNS: [(&str, &[&str]); 8] = [
    ("kpi", &["kpi", "kpi_id", "indicator", "id"]),
    ("data_point", &["data_point", "data point", "datapoint"]),
    ("value", &["value"]),
    ("unit", &["unit"]),
    ("period", &["period", "year"]),
    ("quality", &["quality"]),
    ("source", &["source"]),
    ("note", &["note", "notes", "comment"]),
];

/// The fields of a row, by column.
#[derive(Default)]
pub(super) struct Fields([String; 8]);

impl Fields {
    pub(super) fn get(&self, column: &str) -> &str {
        let index = COLUMNS.iter().position(|(name, _)| *name == column);
        index
            .and_then(|index| self.0.get(index))
            .map_or("", |text| text.trim())
    }
}

/// A row, or why it cannot be read.
pub(super) struct SheetRow {
    pub(super) line: u64,
    pub(super) fields: Result<Fields, String>,
}

/// An open table.
pub(super) enum Sheet {
    Csv {
        table: Box<Table<File>>,
        columns: [Option<usize>; 8],
    },
    Xlsx {
        rows: std::vec::IntoIter<(u64, Fields)>,
    },
}

impl Sheet {
    pub(super) fn open(file: &InputFile, session: &mut Session<'_>) -> Result<Self, ImportError> {
        let read = ImportError::read(&file.name);
        let mut bytes = File::open(&file.path).map_err(&read)?;
        let mut first = [0; 4];
        let count = bytes.read(&mut first).map_err(&read)?;
        if count == 4 && first == *b"PK\x03\x04" {
            return workbook(file, session.options.decimal_comma);
        }
        if first == [0xD0, 0xCF, 0x11, 0xE0] {
            let why = "it is a workbook of the old kind (.xls)";
            return Err(ImportError::file(&file.name, why, "save it as .xlsx or as CSV"));
        }
        let sniffed = sniff(&mut File::open(&file.path).map_err(&read)?).map_err(&read)?;
        if let Some(warning) = sniffed.warning(&file.name) {
            session.warn(warning);
        }
        let bytes = File::open(&file.path).map_err(&read)?;
        let table = Table::open(bytes, sniffed, session.options.delimiter).map_err(|error| match error {
            Ok(why) => ImportError::file(&file.name, why, REMEDY),
            Err(source) => read(source),
        })?;
        let columns = find_columns(table.header());
        missing(&columns).map_or(Ok(()), |column| {
            let why = format!(
                "it has no column {column}; its columns are {}",
                table.header().join(", ")
            );
            Err(ImportError::file(&file.name, why, REMEDY))
        })?;
        Ok(Self::Csv {
            table: Box::new(table),
            columns,
        })
    }

    /// The next row.
    pub(super) fn next(&mut self, file: &InputFile) -> Result<Option<SheetRow>, ImportError> {
        match self {
            Self::Csv { table, columns } => {
                let mut row = Row::default();
                Ok(
                    match table.next(&mut row).map_err(ImportError::read(&file.name))? {
                        Step::End => None,
                        Step::Bad(why) => Some(SheetRow {
                            line: row.line,
                            fields: Err(why),
                        }),
                        Step::Row => {
                            let fields = Fields(columns.map(|column| row.opt(column).to_owned()));
                            Some(SheetRow {
                                line: row.line,
                                fields: Ok(fields),
                            })
                        }
                    },
                )
            }
            Self::Xlsx { rows } => Ok(rows.next().map(|(line, fields)| SheetRow {
                line,
                fields: Ok(fields),
            })),
        }
    }
}

fn find_columns(header: &[String]) -> [Option<usize>; 8] {
    COLUMNS.map(|(_, names)| {
        names.iter().find_map(|name| {
            header
                .iter()
                .position(|column| column.trim().eq_ignore_ascii_case(name))
        })
    })
}

/// The first column that must be there and is not.
fn missing(columns: &[Option<usize>; 8]) -> Option<&'static str> {
    COLUMNS
        .iter()
        .zip(columns)
        .find(|((name, _), index)| matches!(*name, "kpi" | "value" | "period") && index.is_none())
        .map(|((name, _), _)| *name)
}

fn workbook(file: &InputFile, decimal_comma: bool) -> Result<Sheet, ImportError> {
    let read = ImportError::read(&file.name);
    let damaged = |error: &dyn std::fmt::Display| {
        ImportError::file(
            &file.name,
            format!("the workbook cannot be read: {error}"),
            "open it and save it again as .xlsx",
        )
    };
    let bytes = File::open(&file.path).map_err(&read)?;
    let packed = bytes.metadata().map_err(&read)?.len();
    let mut zip = zip::ZipArchive::new(BufReader::new(bytes)).map_err(|error| damaged(&error))?;
    let mut unpacked = 0_u64;
    for index in 0..zip.len() {
        let member = zip.by_index(index).map_err(|error| damaged(&error))?;
        // What the archive says of itself may be wrong: count.
        let room = MAX_UNPACKED.saturating_sub(unpacked) + 1;
        unpacked +=
            std::io::copy(&mut member.take(room), &mut std::io::sink()).map_err(|error| damaged(&error))?;
        if packed > MAX_PACKED || unpacked > MAX_UNPACKED {
            let why = format!("the workbook is larger than {} MiB", MAX_UNPACKED >> 20);
            return Err(ImportError::file(&file.name, why, "save the table as CSV"));
        }
    }
    let bytes = BufReader::new(File::open(&file.path).map_err(&read)?);
    let mut book: Xlsx<_> = Xlsx::new(bytes).map_err(|error| damaged(&error))?;
    // A cell that holds a number is a number, however people write theirs: it is given the sign they expect.
    let as_typed = |cell: &Data| match cell {
        Data::Float(_) if decimal_comma => text(cell).replace('.', ","),
        other => text(other),
    };
    let mut seen = Vec::new();
    for (name, range) in book.worksheets() {
        let top = range.start().map_or(0, |(row, _)| u64::from(row));
        let mut rows = range.rows().enumerate();
        let header = rows
            .by_ref()
            .find(|(_, cells)| cells.iter().any(|cell| !text(cell).trim().is_empty()));
        let Some((_, header)) = header else { continue };
        let header: Vec<String> = header.iter().map(text).collect();
        let columns = find_columns(&header);
        if missing(&columns).is_some() {
            seen.push(format!("{name} ({})", header.join(", ")));
            continue;
        }
        let rows: Vec<(u64, Fields)> = rows
            .filter(|(_, cells)| cells.iter().any(|cell| !text(cell).trim().is_empty()))
            .map(|(index, cells)| {
                let fields = columns.map(|column| {
                    column
                        .and_then(|c| cells.get(c))
                        .map(as_typed)
                        .unwrap_or_default()
                });
                (top + index as u64 + 1, Fields(fields))
            })
            .collect();
        return Ok(Sheet::Xlsx {
            rows: rows.into_iter(),
        });
    }
    let why = format!(
        "no sheet has the columns kpi, value and period; the sheets are {}",
        seen.join("; ")
    );
    Err(ImportError::file(&file.name, why, REMEDY))
}

/// A cell as text. Dates become ISO dates.
fn text(cell: &Data) -> String {
    match cell {
        Data::DateTime(date) => {
            let (year, month, day, ..) = date.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}")
        }
        Data::DateTimeIso(text) => text.chars().take(10).collect(),
        Data::Empty | Data::Error(_) => String::new(),
        other => other.to_string(),
    }
}

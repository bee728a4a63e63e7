//! Files a city has, read into entities of the twin.
//!
//! [`import`] reads files of one [`Kind`] and gives what it finds to a [`Sink`], a batch at a time: no file is
//! ever held in memory whole. A row that is wrong is refused with its place and a remedy ([`Refusal`]), and the
//! rows after it are read. A file that is not what it should be is refused before anything is written.
//!
//! The same file imported twice changes nothing: identifiers come from the file, and no entity holds the time of
//! its import.

pub mod boundaries;
mod csv_table;
pub mod dataset;
mod digest;
mod entities;
mod features;
mod file;
pub mod gtfs;
mod import;
mod json_stream;
mod kind;
pub mod kpi;
pub mod observations;
mod options;
pub mod osm;
pub mod places;
pub mod population;
pub mod projection;
pub mod raster;
mod report;
mod sink;
mod terms;
mod text;
mod twin_sink;
mod unpacked;

pub use file::InputFile;
pub use import::{ImportError, Progress, import};
pub use kind::{Kind, UnknownKind};
pub use options::{BadOption, ImportOptions};
pub use report::{Counts, DatasetSummary, REFUSALS_KEPT, Refusal, Report};
pub use sink::{Fate, HistoryFate, MemorySink, Sink, SinkError};
pub use twin_sink::TwinSink;

//! One import from its files to its report.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;

use ngsi_ld::{Entity, Name};

use crate::dataset::Dataset;
use crate::file::InputFile;
use crate::kind::Kind;
use crate::options::{BadOption, ImportOptions};
use crate::report::{DatasetSummary, REFUSALS_KEPT, Refusal, Report};
use crate::sink::{Fate, HistoryFate, Sink, SinkError};
use crate::terms::Terms;
use crate::{boundaries, entities, gtfs, kpi, observations, osm, places, population};

/// So many entities go to the sink at once.
pub(crate) const BATCH: usize = 1_000;
/// A batch with so many coordinates goes to the sink even if it has fewer entities.
const BATCH_WEIGHT: usize = 100_000;

/// Why an import ended.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// An option is missing or makes no sense: wrong usage.
    #[error(transparent)]
    Option(#[from] BadOption),
    /// The file is not what it should be. Nothing of it was written.
    #[error("{file}: {why}; {remedy}")]
    File {
        /// The file, and the member of it where it is an archive.
        file: String,
        /// What is wrong with it, and where.
        why: String,
        /// What to do.
        remedy: String,
    },
    /// The file could not be read to its end.
    #[error(
        "{file} cannot be read: {source}; check that it is there, whole and readable, then import it again"
    )]
    Read {
        /// The file.
        file: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// The twin takes no more. What was written before stays; to import again adds the rest.
    #[error(
        "{0}; what was imported so far is kept: mend this and import the same file again to add the rest"
    )]
    Sink(#[from] SinkError),
}

impl ImportError {
    pub(crate) fn file(file: &str, why: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::File {
            file: file.to_owned(),
            why: why.into(),
            remedy: remedy.into(),
        }
    }

    pub(crate) fn read(file: &str) -> impl Fn(std::io::Error) -> Self + '_ {
        move |source| Self::Read {
            file: file.to_owned(),
            source,
        }
    }

    /// What went wrong, and where.
    pub fn what(&self) -> String {
        match self {
            Self::Option(error) => error.to_string(),
            Self::File { file, why, .. } => format!("{file}: {why}"),
            Self::Read { file, source } => format!("{file} cannot be read: {source}"),
            Self::Sink(error) => error.to_string(),
        }
    }

    /// What to do.
    pub fn remedy(&self) -> &str {
        match self {
            Self::Option(_) => "give the option as its help says",
            Self::File { remedy, .. } => remedy,
            Self::Read { .. } => "check that it is there, whole and readable, then import it again",
            Self::Sink(_) => {
                "what was imported so far is kept: mend this and import the same file again to add the rest"
            }
        }
    }

    pub(crate) fn option(option: &str, why: impl Into<String>) -> Self {
        Self::Option(BadOption {
            option: option.to_owned(),
            why: why.into(),
        })
    }
}

/// How far an import is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The file that is read, and the member of it where it is an archive.
    pub file: String,
    /// Rows, features or cells read so far, of all files.
    pub read: u64,
    /// Rows refused so far.
    pub refused: u64,
}

/// Reads files of one kind into a sink.
///
/// # Errors
/// An option that is missing or wrong, a file that is not of this kind (nothing of that file was written), or a
/// sink that takes no more. Bad rows are no error: the report lists them.
pub fn import(
    kind: Kind,
    files: &[InputFile],
    options: &ImportOptions,
    sink: &mut dyn Sink,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, ImportError> {
    if files.is_empty() {
        return Err(ImportError::option("FILE", "no file to import was named"));
    }
    let mut session = Session::new(kind, files, options, sink, progress)?;
    for file in files {
        let read = match kind {
            Kind::Entities => entities::read,
            Kind::Gtfs => gtfs::read,
            Kind::Population => population::read,
            Kind::Boundaries => boundaries::read,
            Kind::Places => places::read,
            Kind::Observations => observations::read,
            Kind::Kpi => kpi::read,
            Kind::Osm => osm::read,
        };
        read(file, &mut session)?;
        session.flush()?;
    }
    session.finish()
}

/// Where something was read.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) file: Arc<str>,
    pub(crate) line: Option<u64>,
}

impl Place {
    /// A refusal of what stands here.
    pub(crate) fn refusal(
        &self,
        column: Option<&str>,
        what: impl Into<String>,
        why: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Refusal {
        Refusal {
            file: self.file.to_string(),
            line: self.line,
            column: column.map(str::to_owned),
            what: what.into(),
            why: why.into(),
            remedy: remedy.into(),
        }
    }
}

/// A running import: the report that grows, the batch that waits.
pub(crate) struct Session<'a> {
    pub(crate) options: &'a ImportOptions,
    /// All files of the import: some formats are several files.
    pub(crate) files: &'a [InputFile],
    pub(crate) report: Report,
    pub(crate) terms: Terms,
    sink: &'a mut dyn Sink,
    progress: &'a mut dyn FnMut(Progress),
    batch: Vec<Entity>,
    places: Vec<Place>,
    weight: usize,
    warned: BTreeSet<String>,
    refusals: Option<(String, BufWriter<File>)>,
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        kind: Kind,
        files: &'a [InputFile],
        options: &'a ImportOptions,
        sink: &'a mut dyn Sink,
        progress: &'a mut dyn FnMut(Progress),
    ) -> Result<Self, ImportError> {
        let refusals = options.refusals_file.as_deref().map(open_refusals).transpose()?;
        Ok(Self {
            options,
            files,
            report: Report::new(kind, files.iter().map(|file| file.name.clone()).collect()),
            terms: Terms::default(),
            sink,
            progress,
            batch: Vec::with_capacity(BATCH),
            places: Vec::with_capacity(BATCH),
            weight: 0,
            warned: BTreeSet::new(),
            refusals,
        })
    }

    /// Counts something that was read, and says so from time to time.
    pub(crate) fn count(&mut self, file: &str, what: &str, number: u64) {
        let before = self.report.read / 10_000;
        self.report.read += number;
        match self.report.rows.get_mut(what) {
            Some(rows) => *rows += number,
            None => {
                self.report.rows.insert(what.to_owned(), number);
            }
        }
        if self.report.read / 10_000 != before {
            self.tell(file);
        }
    }

    /// Tells how far the import is.
    pub(crate) fn tell(&mut self, file: &str) {
        (self.progress)(Progress {
            file: file.to_owned(),
            read: self.report.read,
            refused: self.report.refused_count,
        });
    }

    /// Lists a refusal.
    pub(crate) fn refuse(&mut self, refusal: Refusal) -> Result<(), ImportError> {
        self.report.refused_count += 1;
        if let Some((path, list)) = &mut self.refusals {
            let line = serde_json::to_string(&refusal).unwrap_or_default();
            writeln!(list, "{line}").map_err(|error| refusals_error(path, &error))?;
        }
        if self.report.refused.len() < REFUSALS_KEPT {
            self.report.refused.push(refusal);
        } else if self.refusals.is_none() {
            self.warn(format!(
                "more than {REFUSALS_KEPT} rows were refused and the list ends there: import again with a file \
                 for the refusals to see all of them"
            ));
        }
        Ok(())
    }

    /// Says something once.
    pub(crate) fn warn(&mut self, warning: impl Into<String>) {
        let warning = warning.into();
        if self.warned.insert(warning.clone()) {
            self.report.warnings.push(warning);
        }
    }

    /// Gives an entity to the sink, with others, soon.
    pub(crate) fn put(&mut self, entity: Entity, place: Place, weight: usize) -> Result<(), ImportError> {
        self.batch.push(entity);
        self.places.push(place);
        self.weight += weight;
        if self.batch.len() >= BATCH || self.weight >= BATCH_WEIGHT {
            self.flush()
        } else {
            Ok(())
        }
    }

    /// Gives what waits to the sink.
    pub(crate) fn flush(&mut self) -> Result<(), ImportError> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        let places = std::mem::replace(&mut self.places, Vec::with_capacity(BATCH));
        self.weight = 0;
        let heads: Vec<_> = batch
            .iter()
            .map(|entity| (entity.id.clone(), first_type(entity)))
            .collect();
        let fates = self.sink.put(batch)?;
        for ((fate, (id, entity_type)), place) in fates.into_iter().zip(heads).zip(places) {
            self.settle(fate, id.as_str(), entity_type.as_ref(), &place)?;
        }
        Ok(())
    }

    /// Gives entities' attributes to the sink, now, leaving their others alone.
    pub(crate) fn amend(&mut self, entities: Vec<(Entity, Place)>) -> Result<(), ImportError> {
        self.flush()?;
        let heads: Vec<_> = entities
            .iter()
            .map(|(entity, place)| (entity.id.clone(), first_type(entity), place.clone()))
            .collect();
        let fates = self
            .sink
            .amend(entities.into_iter().map(|(entity, _)| entity).collect())?;
        for (fate, (id, entity_type, place)) in fates.into_iter().zip(heads) {
            self.settle(fate, id.as_str(), entity_type.as_ref(), &place)?;
        }
        Ok(())
    }

    fn settle(
        &mut self,
        fate: Fate,
        id: &str,
        entity_type: Option<&Name>,
        place: &Place,
    ) -> Result<(), ImportError> {
        let name = entity_type.map_or("", Name::short);
        let counts = match self.report.by_type.get_mut(name) {
            Some(counts) => counts,
            None => self.report.by_type.entry(name.to_owned()).or_default(),
        };
        match fate {
            Fate::Created => {
                counts.made += 1;
                self.report.made += 1;
            }
            Fate::Updated => {
                counts.updated += 1;
                self.report.updated += 1;
            }
            Fate::Known => {
                counts.known += 1;
                self.report.known += 1;
            }
            Fate::Refused(why) => {
                self.refuse(place.refusal(None, id, why, "mend this row and import the file again"))?;
            }
        }
        Ok(())
    }

    /// Adds instances to the history of entities, now. The place is that of the first instance; `counted` is the
    /// name under which they are counted.
    pub(crate) fn append(
        &mut self,
        entities: Vec<(Entity, Place)>,
        counted: &str,
    ) -> Result<(), ImportError> {
        self.flush()?;
        let heads: Vec<_> = entities
            .iter()
            .map(|(entity, place)| (entity.id.clone(), place.clone()))
            .collect();
        let fates = self
            .sink
            .append(entities.into_iter().map(|(entity, _)| entity).collect())?;
        for (fate, (id, place)) in fates.into_iter().zip(heads) {
            match fate {
                HistoryFate::Appended { added, known, .. } => {
                    let counts = self.report.by_type.entry(counted.to_owned()).or_default();
                    counts.made += added as u64;
                    counts.known += known as u64;
                    self.report.made += added as u64;
                    self.report.known += known as u64;
                }
                HistoryFate::Refused(why) => {
                    let remedy = "mend these rows and import the file again";
                    self.refuse(place.refusal(None, id.as_str(), why, remedy))?;
                }
            }
        }
        Ok(())
    }

    /// Stores bytes.
    pub(crate) fn blob(&mut self, content: &mut dyn std::io::Read) -> Result<String, ImportError> {
        Ok(self.sink.blob(content)?)
    }

    /// Describes the data set that a file is.
    pub(crate) fn dataset(&mut self, dataset: Dataset, place: Place) -> Result<(), ImportError> {
        self.report.datasets.push(DatasetSummary {
            id: dataset.id().to_string(),
            file: dataset.file_name.clone(),
            sha256: dataset.sha256.clone(),
            vintage: dataset.vintage.clone(),
        });
        let entity = dataset.into_entity(&mut self.terms);
        self.put(entity, place, 0)
    }

    fn finish(mut self) -> Result<Report, ImportError> {
        self.flush()?;
        if let Some((path, list)) = &mut self.refusals {
            list.flush().map_err(|error| refusals_error(path, &error))?;
        }
        Ok(self.report)
    }
}

fn first_type(entity: &Entity) -> Option<Name> {
    entity.types.first().cloned()
}

fn open_refusals(path: &Path) -> Result<(String, BufWriter<File>), ImportError> {
    let name = path.to_string_lossy().into_owned();
    match File::create(path) {
        Ok(file) => Ok((name, BufWriter::new(file))),
        Err(error) => Err(refusals_error(&name, &error)),
    }
}

fn refusals_error(path: &str, error: &dyn std::fmt::Display) -> ImportError {
    ImportError::option("refusals-file", format!("`{path}` cannot be written: {error}"))
}

//! Where data come from: the `Dataset` entities that imports leave.

use ngsi_ld::Entity;
use query::View;
use twin::Reader;

use super::terms::{attribute, scan, text_of, year_of};

/// A file that was imported.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// The entity.
    pub id: String,
    /// `gtfs`, `population` …
    pub kind: String,
    /// The name of the file.
    pub file_name: Option<String>,
    /// Who published it.
    pub publisher: Option<String>,
    /// The year the data are of.
    pub vintage: Option<String>,
    /// First and last day it speaks of, `YYYY-MM-DD`.
    pub valid: (Option<String>, Option<String>),
}

impl Dataset {
    fn from_entity(entity: &Entity) -> Option<Self> {
        let year = |term: &str| {
            attribute(entity, term)
                .and_then(year_of)
                .map(|year| year.to_string())
        };
        Some(Self {
            id: entity.id.to_string(),
            kind: text_of(entity, "kind")?,
            file_name: text_of(entity, "fileName").or_else(|| text_of(entity, "name")),
            publisher: text_of(entity, "publisher"),
            vintage: year("vintage").or_else(|| year("validFrom")),
            valid: (text_of(entity, "validFrom"), text_of(entity, "validTo")),
        })
    }

    /// For people: file and publisher.
    pub fn label(&self) -> Option<String> {
        match (&self.file_name, &self.publisher) {
            (Some(file), Some(publisher)) => Some(format!("{file} ({publisher})")),
            (file, publisher) => file.clone().or_else(|| publisher.clone()),
        }
    }
}

/// Every imported file, in order of its entity's creation.
pub fn gather(reader: &dyn Reader, view: &View) -> Result<Vec<Dataset>, twin::Error> {
    let mut datasets = Vec::new();
    scan(reader, view, "Dataset", &mut |entity| {
        datasets.extend(Dataset::from_entity(entity));
    })?;
    Ok(datasets)
}

/// The distinct vintages of the files of a kind, in order.
pub fn vintages(datasets: &[Dataset], kind: &str) -> Vec<String> {
    let mut years: Vec<String> = datasets
        .iter()
        .filter(|d| d.kind == kind)
        .filter_map(|d| d.vintage.clone())
        .collect();
    years.sort();
    years.dedup();
    years
}

/// The labels of the files of a kind, joined.
pub fn sources(datasets: &[Dataset], kind: &str) -> Option<String> {
    let mut labels: Vec<String> = datasets
        .iter()
        .filter(|d| d.kind == kind)
        .filter_map(Dataset::label)
        .collect();
    labels.dedup();
    (!labels.is_empty()).then(|| labels.join(", "))
}

//! The data set that an imported file is: one entity that says where data come from and how old they are.

use std::collections::BTreeMap;
use std::fs::File;

use ngsi_ld::{Attribute, Entity, Uri};

use crate::digest;
use crate::file::InputFile;
use crate::import::ImportError;
use crate::kind::Kind;
use crate::terms::Terms;

/// An imported file, as its `Dataset` entity says it. Nothing in it depends on when it was imported.
///
/// Attributes of the entity: `kind`, `name`, `fileName`, `sha256`, `publisher`, `license`, `attribution`, `vintage` (text: a year),
/// `validFrom`, `validTo` (text: dates), `statistics` (a JsonProperty: rows read and refused).
#[derive(Clone, Debug)]
pub struct Dataset {
    /// What it is.
    pub kind: Kind,
    /// What tells it from others of its kind: the file's name without extension, or the feed's name.
    pub key: String,
    /// The file, as its owner calls it.
    pub file_name: String,
    /// SHA-256 of the file in hex; of a Shapefile that is no zip: of its `.shp` and `.dbf`, one behind the other.
    pub sha256: String,
    /// Who published it.
    pub publisher: Option<String>,
    /// The licence, as SPDX names it.
    pub license: Option<String>,
    /// What must be said wherever the data are shown.
    pub attribution: Option<String>,
    /// The year the data are of.
    pub vintage: Option<String>,
    /// The first day it speaks of, `YYYY-MM-DD`.
    pub valid_from: Option<String>,
    /// The last day it speaks of, `YYYY-MM-DD`.
    pub valid_to: Option<String>,
    /// Rows read and refused, and whatever else was counted.
    pub statistics: BTreeMap<String, u64>,
}

impl Dataset {
    /// A data set that is a file.
    pub(crate) fn of(kind: Kind, file: &InputFile, publisher: Option<&str>) -> Result<Self, ImportError> {
        let read = ImportError::read(&file.name);
        let sha256 = digest::sha256(&mut File::open(&file.path).map_err(&read)?).map_err(&read)?;
        Ok(Self {
            kind,
            key: file.stem().to_owned(),
            file_name: file.name.clone(),
            sha256,
            publisher: publisher.map(str::to_owned),
            license: None,
            attribution: None,
            vintage: None,
            valid_from: None,
            valid_to: None,
            statistics: BTreeMap::new(),
        })
    }

    /// Its entity's id: `urn:ngsi-ld:Dataset:<kind>:<key>`.
    pub fn id(&self) -> Uri {
        Uri::ngsi_ld("Dataset", &format!("{}:{}", self.kind, self.key))
    }

    pub(crate) fn into_entity(self, terms: &mut Terms) -> Entity {
        let mut entity = Entity::new(self.id(), terms.name("Dataset"));
        let mut text = |term: &str, value: Option<String>| -> Option<Attribute> {
            value
                .filter(|text| !text.is_empty())
                .map(|text| terms.property(term, text))
        };
        let attributes = [
            text("kind", Some(self.kind.to_string())),
            text("name", Some(self.key)),
            text("fileName", Some(self.file_name)),
            text("sha256", Some(self.sha256)),
            text("publisher", self.publisher),
            text("license", self.license),
            text("attribution", self.attribution),
            text("vintage", self.vintage),
            text("validFrom", self.valid_from),
            text("validTo", self.valid_to),
        ];
        entity.attributes.extend(attributes.into_iter().flatten());
        if !self.statistics.is_empty() {
            let statistics: serde_json::Map<_, _> = self
                .statistics
                .into_iter()
                .map(|(name, count)| (name, count.into()))
                .collect();
            entity.put(terms.json("statistics", statistics.into()));
        }
        entity
    }
}

/// A year that stands in a file's name: `population-2025-100m` → 2025. The last one between 1900 and 2099 that
/// is not part of a longer number.
pub(crate) fn year_in_name(name: &str) -> Option<i16> {
    name.split(|c: char| !c.is_ascii_digit())
        .filter(|digits| digits.len() == 4)
        .filter_map(|digits| digits.parse().ok())
        .rfind(|year| (1900..2100).contains(year))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_are_found_in_names() {
        assert_eq!(year_in_name("population-2025-100m"), Some(2025));
        assert_eq!(year_in_name("ken_ppp_2020_UNadj"), Some(2020));
        assert_eq!(year_in_name("wards"), None);
        assert_eq!(year_in_name("grid-20250101-3000"), None);
    }
}

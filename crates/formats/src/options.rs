//! What a user can say about a file: the flags of `mapacha import`, the query parameters of `POST /imports`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Options of an import. Each is a flag of the command line (`time_column` is `--time-column`) and a query
/// parameter of the HTTP door alike; most kinds look at a few of them only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ImportOptions {
    /// observations: the id of the entity that the readings are of, `urn:ngsi-ld:AirQualityObserved:x`.
    pub entity: Option<String>,
    /// observations: the attribute that the readings are values of, `pm25`.
    pub attribute: Option<String>,
    /// observations: the entity's type, where it is not the third segment of its URN; places: the type of the
    /// entities made, in place of `PointOfInterest`.
    #[serde(rename = "type")]
    pub entity_type: Option<String>,
    /// observations: the column with the time.
    #[serde(alias = "time_column")]
    pub time_column: Option<String>,
    /// observations: the column with the number.
    #[serde(alias = "value_column")]
    pub value_column: Option<String>,
    /// observations: how times are written, in the manner of strptime; tried in this order. Empty: ISO 8601.
    #[serde(alias = "time_format")]
    pub time_format: Vec<String>,
    /// observations, kpi: the IANA time zone of times without an offset, `Africa/Nairobi`. Default: UTC.
    #[serde(alias = "time_zone")]
    pub time_zone: Option<String>,
    /// observations: the unit, as a UN/CEFACT code (`GQ` is µg/m³).
    pub unit: Option<String>,
    /// observations, kpi: numbers are written with a decimal comma.
    #[serde(alias = "decimal_comma")]
    pub decimal_comma: bool,
    /// CSV kinds: what stands between the fields. Default: found out from the first line.
    pub delimiter: Option<char>,
    /// observations: where the entity is, in degrees.
    #[serde(alias = "lon")]
    pub longitude: Option<f64>,
    /// observations: where the entity is, in degrees.
    #[serde(alias = "lat")]
    pub latitude: Option<f64>,
    /// gtfs: a name put before every identifier, so that two feeds can live together.
    pub feed: Option<String>,
    /// population, gtfs, boundaries, places: the year the data are of, where the file does not say.
    pub year: Option<i16>,
    /// boundaries, places: the property that holds the name.
    #[serde(alias = "name_property")]
    pub name_property: Option<String>,
    /// boundaries, places: the property that holds the identifying code.
    #[serde(alias = "code_property")]
    pub code_property: Option<String>,
    /// places: the property that holds the category.
    #[serde(alias = "category_property")]
    pub category_property: Option<String>,
    /// places: the category of all of them.
    pub category: Option<String>,
    /// boundaries: the level of the areas, `ward`, `city`. Default: from the names of the properties. osm: the
    /// `admin_level` of the city itself, `8`.
    pub level: Option<String>,
    /// boundaries, places: the layer that is read, where a file has several.
    pub layer: Option<String>,
    /// boundaries, places, population: the coordinate system of the file, `EPSG:21037`, where the file does not
    /// say it or says it wrong.
    pub crs: Option<String>,
    /// Who published the file.
    pub publisher: Option<String>,
    /// Where every refusal is written as it happens, one JSON object a line. Not for remote callers.
    #[serde(skip)]
    pub refusals_file: Option<PathBuf>,
}

/// An option that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("option `{option}`: {why}")]
pub struct BadOption {
    /// The option, as it was given.
    pub option: String,
    /// What is wrong with it and what to do.
    pub why: String,
}

impl ImportOptions {
    /// Every option's name on the command line, without `--`.
    pub const NAMES: [&'static str; 22] = [
        "entity",
        "attribute",
        "type",
        "time-column",
        "value-column",
        "time-format",
        "time-zone",
        "unit",
        "decimal-comma",
        "delimiter",
        "longitude",
        "latitude",
        "feed",
        "year",
        "name-property",
        "code-property",
        "category-property",
        "category",
        "level",
        "layer",
        "crs",
        "publisher",
    ];

    /// From the pairs of a query string. `time_format` and `time-format` are the same; `time-format` may be
    /// repeated; an unknown name is an error.
    pub fn from_pairs<K: AsRef<str>, V: AsRef<str>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, BadOption> {
        let mut options = Self::default();
        for (key, value) in pairs {
            options.set(key.as_ref(), value.as_ref())?;
        }
        Ok(options)
    }

    /// Sets one option from its name and its text.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), BadOption> {
        let bad = |why: String| BadOption {
            option: key.chars().take(60).collect(),
            why,
        };
        let number = || {
            value
                .trim()
                .parse::<f64>()
                .ok()
                .filter(|n| n.is_finite())
                .ok_or_else(|| bad(format!("`{value}` is not a number; give degrees, as in 36.8219")))
        };
        let text = || Some(value.to_owned());
        match key.replace('_', "-").as_str() {
            "entity" => self.entity = text(),
            "attribute" => self.attribute = text(),
            "type" => self.entity_type = text(),
            "time-column" => self.time_column = text(),
            "value-column" => self.value_column = text(),
            "time-format" => self.time_format.push(value.to_owned()),
            "time-zone" => self.time_zone = text(),
            "unit" => self.unit = text(),
            "decimal-comma" => {
                self.decimal_comma = match value {
                    "" | "true" | "1" | "yes" => true,
                    "false" | "0" | "no" => false,
                    _ => return Err(bad(format!("`{value}` is neither `true` nor `false`"))),
                }
            }
            "delimiter" => {
                self.delimiter = Some(delimiter(value).ok_or_else(|| {
                    bad(format!(
                        "`{value}` is not a delimiter; give one of `,` `;` `tab` `|`"
                    ))
                })?);
            }
            "longitude" | "lon" => self.longitude = Some(number()?),
            "latitude" | "lat" => self.latitude = Some(number()?),
            "feed" => self.feed = text(),
            "year" => {
                self.year = Some(
                    value
                        .trim()
                        .parse()
                        .ok()
                        .filter(|year| (1000..=9999).contains(year))
                        .ok_or_else(|| {
                            bad(format!("`{value}` is not a year; give four digits, as in 2025"))
                        })?,
                );
            }
            "name-property" => self.name_property = text(),
            "code-property" => self.code_property = text(),
            "category-property" => self.category_property = text(),
            "category" => self.category = text(),
            "level" => self.level = text(),
            "layer" => self.layer = text(),
            "crs" => self.crs = text(),
            "publisher" => self.publisher = text(),
            unknown => {
                let guess = crate::text::closest(unknown, Self::NAMES)
                    .map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
                return Err(bad(format!("there is no such option{guess}")));
            }
        }
        Ok(())
    }
}

/// A delimiter by its sign or its name.
fn delimiter(text: &str) -> Option<char> {
    match text {
        "," | "comma" => Some(','),
        ";" | "semicolon" => Some(';'),
        "\t" | "\\t" | "tab" => Some('\t'),
        "|" | "pipe" => Some('|'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_and_json_say_the_same() {
        let options = ImportOptions::from_pairs([
            ("entity", "urn:ngsi-ld:A:b"),
            ("time_format", "%m/%d/%Y %H:%M"),
            ("time-format", "%m/%d/%Y %H:%M:%S"),
            ("lat", "-1.28"),
            ("decimal-comma", "true"),
        ])
        .unwrap();
        let json: ImportOptions = serde_json::from_str(
            r#"{"entity":"urn:ngsi-ld:A:b","time_format":["%m/%d/%Y %H:%M","%m/%d/%Y %H:%M:%S"],"lat":-1.28,
                "decimal-comma":true}"#,
        )
        .unwrap();
        assert_eq!(options, json);
    }

    #[test]
    fn every_name_can_be_set_and_others_cannot() {
        for name in ImportOptions::NAMES {
            let value = match name {
                "delimiter" => ";",
                "year" | "longitude" | "latitude" => "2025",
                "decimal-comma" => "true",
                _ => "x",
            };
            let mut options = ImportOptions::default();
            options.set(name, value).unwrap();
            assert_ne!(options, ImportOptions::default(), "{name}");
        }
        let error = ImportOptions::from_pairs([("time-colum", "t")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "option `time-colum`: there is no such option; did you mean `time-column`?"
        );
        assert!(ImportOptions::from_pairs([("refusals-file", "/etc/passwd")]).is_err());
    }
}

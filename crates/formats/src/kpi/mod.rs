//! Reported values of the U4SSC key performance indicators, from CSV or XLSX.
//!
//! Columns: `kpi` (`EC: I: T: 2A`), `data_point` (where the indicator has several), `value`, `period` (`2025`,
//! `2025-03`, `2025-01-01/2025-06-30`); and, where wanted, `unit`, `quality`, `source`, `note`.
//!
//! One `KeyPerformanceIndicator` entity for each data point, with the id that [`entity_id`] gives. Attributes:
//! `kpi`, `dataPoint`, `name`, `unit`; and `kpiValue`, a Property whose instance of reported values has the
//! `datasetId` [`reported`], `observedAt` = the last second of the period, and the sub-attributes `period`,
//! `origin` (`reported`), `unit`, `quality`, `source`, `note`. Its value is a number, `true` or `false` where
//! the indicator asks yes or no, or the text `not applicable`. Each value stays in the history.

mod data_points;
mod period;
mod sheet;

use std::collections::BTreeMap;

use ngsi_ld::{Attribute, Entity, PropertyValue, Timestamp, Uri};

use crate::dataset::Dataset;
use crate::file::InputFile;
use crate::import::{BATCH, ImportError, Place, Session};
use crate::kind::Kind;
use crate::observations::number;
use data_points::DataPoints;
use sheet::Sheet;

pub use period::period_end;

/// The six levels of the quality of a value (U4SSC Verification Manual): the word that is stored, and its meaning.
pub const QUALITIES: [(&str, &str); 6] = [
    ("accurate_measurement", "accurate measurement"),
    (
        "survey_extrapolation",
        "extrapolated from a survey of inhabitants",
    ),
    (
        "higher_level_extrapolation",
        "extrapolated from higher-level data",
    ),
    ("estimate_on_assumptions", "estimate on assumptions"),
    ("personal_estimate", "personal estimate"),
    ("unknown", "unknown or untraceable"),
];

const REMEDY: &str =
    "give a table with the columns kpi, data_point, value, unit, period, quality, source, note";

/// The id of the entity that holds the values of an indicator, or of one of its data points:
/// `urn:ngsi-ld:KeyPerformanceIndicator:<kpi>[:<data point>]`, percent-encoded.
pub fn entity_id(kpi: &str, data_point: Option<&str>) -> Uri {
    let local = data_point.map_or_else(|| kpi.to_owned(), |data_point| format!("{kpi}:{data_point}"));
    Uri::ngsi_ld("KeyPerformanceIndicator", &local)
}

/// The `datasetId` of reported values: `urn:ngsi-ld:Dataset:reported`.
pub fn reported() -> Uri {
    Uri::ngsi_ld("Dataset", "reported")
}

pub(crate) fn read(file: &InputFile, session: &mut Session<'_>) -> Result<(), ImportError> {
    session.tell(&file.name);
    let zone = crate::observations::zone(session.options.time_zone.as_deref())?;
    let mut dataset = Dataset::of(Kind::Kpi, file, session.options.publisher.as_deref())?;
    let mut sheet = Sheet::open(file, session)?;
    let catalogue = DataPoints::built_in();
    let place = Place {
        file: file.name.as_str().into(),
        line: None,
    };
    let (mut rows, mut taken) = (0_u64, 0_u64);
    let (mut first, mut last): (Option<i16>, Option<i16>) = (None, None);
    let mut batch = Batch::default();
    while let Some(row) = sheet.next(file)? {
        rows += 1;
        session.count(&file.name, "rows", 1);
        let here = Place {
            line: Some(row.line),
            ..place.clone()
        };
        let row = match row.fields {
            Ok(fields) => fields,
            Err(why) => {
                session.refuse(here.refusal(None, "row", why, "mend the row"))?;
                continue;
            }
        };
        match value(&row, catalogue, session.options.decimal_comma, &zone) {
            Err((column, what, why, remedy)) => {
                session.refuse(here.refusal(Some(column), what, why, remedy))?;
            }
            Ok(reported_value) => {
                taken += 1;
                let year = reported_value.at.to_jiff().to_zoned(zone.clone()).year();
                first = Some(first.map_or(year, |known| known.min(year)));
                last = Some(last.map_or(year, |known| known.max(year)));
                let (head, history) = entities(session, &reported_value);
                batch.heads.insert(head.id.clone(), (head, here.clone()));
                batch.values.push((history, here));
                if batch.values.len() >= BATCH {
                    batch.flush(session)?;
                }
            }
        }
    }
    batch.flush(session)?;
    dataset.vintage = match (first, last) {
        (Some(from), Some(to)) if from == to => Some(from.to_string()),
        (Some(from), Some(to)) => Some(format!("{from}/{to}")),
        _ => None,
    };
    dataset
        .statistics
        .extend([("rows".to_owned(), rows), ("refused".to_owned(), rows - taken)]);
    session.dataset(dataset, place)
}

/// A row that was understood.
struct Reported<'a> {
    kpi: &'a str,
    data_point: Option<&'a str>,
    name: &'a str,
    unit: String,
    value: PropertyValue,
    at: Timestamp,
    period: String,
    quality: Option<&'static str>,
    source: String,
    note: String,
}

type Refused = (&'static str, String, String, String);

fn value<'a>(
    row: &sheet::Fields,
    catalogue: &'a DataPoints,
    comma: bool,
    zone: &jiff::tz::TimeZone,
) -> Result<Reported<'a>, Refused> {
    let kpi = row.get("kpi");
    let what = format!("{kpi} {}", row.get("data_point")).trim().to_owned();
    let found = catalogue
        .find(kpi, row.get("data_point"))
        .map_err(|(column, why, remedy)| (column, what.clone(), why, remedy))?;
    let value = read_value(row.get("value"), found.unit, comma)
        .map_err(|(why, remedy)| ("value", what.clone(), why, remedy.to_owned()))?;
    let period = row.get("period").to_owned();
    let at = period_end(&period, zone).ok_or_else(|| {
        let why = if period.is_empty() {
            "it has no period".to_owned()
        } else {
            format!("`{period}` is not a period")
        };
        let remedy = "give a year 2025, a month 2025-03, or two dates 2025-01-01/2025-06-30".to_owned();
        ("period", what.clone(), why, remedy)
    })?;
    let quality = match row.get("quality") {
        "" => None,
        text => Some(quality(text).ok_or_else(|| {
            let remedy = format!(
                "give one of: {}; or 1 to 6 in this order",
                QUALITIES.map(|(_, meaning)| meaning).join(", ")
            );
            (
                "quality",
                what.clone(),
                format!("`{text}` is not a quality level"),
                remedy,
            )
        })?),
    };
    let unit = row.get("unit");
    Ok(Reported {
        kpi: found.kpi,
        data_point: found.code,
        name: found.name,
        unit: if unit.is_empty() { found.unit } else { unit }.to_owned(),
        value,
        at,
        period,
        quality,
        source: row.get("source").to_owned(),
        note: row.get("note").to_owned(),
    })
}

/// A number, yes or no, or that the indicator does not apply.
fn read_value(text: &str, unit: &str, comma: bool) -> Result<PropertyValue, (String, &'static str)> {
    let word = text.trim().to_lowercase();
    if matches!(word.as_str(), "not applicable" | "not_applicable" | "n/a" | "na") {
        return Ok("not applicable".into());
    }
    if unit.starts_with("yes/no") {
        return match word.as_str() {
            "yes" | "true" | "1" | "y" => Ok(true.into()),
            "no" | "false" | "0" | "n" => Ok(false.into()),
            _ => Err((format!("`{text}` is neither yes nor no"), "give yes or no")),
        };
    }
    match number(text.trim_end_matches('%'), comma) {
        Some(number) => Ok(number.into()),
        None if text.is_empty() => Err((
            "it has no value".to_owned(),
            "give the value, or leave the row out: it then counts as not reported",
        )),
        None => Err((
            format!("`{text}` is not a number"),
            "give a number without thousands separators; with a decimal \
                                                           comma use --decimal-comma",
        )),
    }
}

/// The stored word of a quality level: by its word, its meaning, or its number.
fn quality(text: &str) -> Option<&'static str> {
    let [measured, survey, higher, estimate, _, unknown] = QUALITIES.map(|(word, _)| word);
    if let Ok(level) = text.trim().parse::<usize>() {
        return level
            .checked_sub(1)
            .and_then(|index| QUALITIES.get(index))
            .map(|(word, _)| *word);
    }
    let plain = |text: &str| text.trim().to_lowercase().replace(['_', '-'], " ");
    let wanted = plain(text);
    match wanted.as_str() {
        "measured" | "measurement" | "accurate" => Some(measured),
        "survey" => Some(survey),
        "extrapolated" => Some(higher),
        "estimate" | "estimated" => Some(estimate),
        "unknown/untraceable" | "untraceable" => Some(unknown),
        _ => QUALITIES
            .into_iter()
            .find(|(word, meaning)| plain(word) == wanted || plain(meaning) == wanted)
            .map(|(word, _)| word),
    }
}

/// What waits for the sink: each entity once, and values.
#[derive(Default)]
struct Batch {
    heads: BTreeMap<Uri, (Entity, Place)>,
    values: Vec<(Entity, Place)>,
}

impl Batch {
    fn flush(&mut self, session: &mut Session<'_>) -> Result<(), ImportError> {
        let batch = std::mem::take(self);
        session.amend(batch.heads.into_values().collect())?;
        session.append(batch.values, "KeyPerformanceIndicator.kpiValue")
    }
}

/// The entity of a row without its value, and with nothing but its value.
fn entities(session: &mut Session<'_>, reported_value: &Reported<'_>) -> (Entity, Entity) {
    let id = entity_id(reported_value.kpi, reported_value.data_point);
    let terms = &mut session.terms;
    let kind = terms.name("KeyPerformanceIndicator");
    let mut head = Entity::new(id.clone(), kind.clone());
    head.put(terms.property("kpi", reported_value.kpi));
    if let Some(data_point) = reported_value.data_point {
        head.put(terms.property("dataPoint", data_point));
    }
    head.put(terms.property("name", reported_value.name));
    head.put(terms.property("unit", reported_value.unit.as_str()));

    let mut instance = Attribute::property(terms.name("kpiValue"), reported_value.value.clone())
        .observed_at(reported_value.at)
        .dataset(reported());
    let texts = [
        ("period", reported_value.period.as_str()),
        ("origin", "reported"),
        ("unit", reported_value.unit.as_str()),
        ("quality", reported_value.quality.unwrap_or_default()),
        ("source", reported_value.source.as_str()),
        ("note", reported_value.note.as_str()),
    ];
    for (term, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        instance = instance.with(terms.property(term, text));
    }
    let mut history = Entity::new(id, kind);
    history.attributes.push(instance);
    (head, history)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_percent_encoded() {
        assert_eq!(
            entity_id("EC: I: T: 2A", None).as_str(),
            "urn:ngsi-ld:KeyPerformanceIndicator:EC:%20I:%20T:%202A"
        );
        assert_eq!(
            entity_id("EC: ICT: ICT: 4C", Some("4G")).as_str(),
            "urn:ngsi-ld:KeyPerformanceIndicator:EC:%20ICT:%20ICT:%204C:4G"
        );
    }

    #[test]
    fn qualities_have_words_and_numbers() {
        assert_eq!(quality("1"), Some("accurate_measurement"));
        assert_eq!(
            quality("Estimate on assumptions"),
            Some("estimate_on_assumptions")
        );
        assert_eq!(quality("survey_extrapolation"), Some("survey_extrapolation"));
        assert_eq!(quality("7"), None);
        assert_eq!(quality("good"), None);
    }

    #[test]
    fn values_are_numbers_or_words() {
        assert_eq!(read_value("92.5%", "%", false), Ok(92.5.into()));
        assert_eq!(read_value("92,5", "%", true), Ok(92.5.into()));
        assert_eq!(read_value("Yes", "yes/no", false), Ok(true.into()));
        assert_eq!(read_value("n/a", "%", false), Ok("not applicable".into()));
        assert!(read_value("many", "%", false).is_err() && read_value("", "%", false).is_err());
        assert!(read_value("7", "yes/no", false).is_err());
    }
}

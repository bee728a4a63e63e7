//! A series of readings in CSV: instances of the history of one attribute of one entity.
//!
//! Each row is one instance with `observedAt` and, where given, `unitCode`. The newest becomes the current one.

mod when;

use std::collections::BTreeMap;
use std::fs::File;

use ngsi_ld::{Attribute, Entity, Name, Timestamp, Uri};

use crate::csv_table::{Row, Step, Table};
use crate::dataset::Dataset;
use crate::file::InputFile;
use crate::import::{BATCH, ImportError, Place, Session};
use crate::kind::Kind;
use crate::text::{closest, sniff};

pub(crate) use when::zone;
pub use when::{BadTime, TimeReader};

const REMEDY: &str = "give a CSV with a header, one row for each reading";

/// A number as tables write it, finite: `12`, `-0.5`, `1e-3`; with a decimal comma `12,5` and `1.234,5`.
pub fn number(text: &str, decimal_comma: bool) -> Option<f64> {
    let text = text.trim();
    let begins = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !begins.starts_with(|c: char| c.is_ascii_digit() || c == '.' || c == ',') {
        return None;
    }
    let number: f64 = if decimal_comma {
        let (whole, part) = begins
            .split_once(',')
            .map_or((begins, None), |(whole, part)| (whole, Some(part)));
        // Points may stand between groups of three digits only.
        let mut groups = whole.split('.');
        let first = groups.next()?;
        let grouped = whole.contains('.');
        if groups.any(|group| group.len() != 3) || (grouped && (first.is_empty() || first.len() > 3)) {
            return None;
        }
        let sign = if text.starts_with('-') { "-" } else { "" };
        let whole = whole.replace('.', "");
        part.map_or_else(
            || format!("{sign}{whole}"),
            |part| format!("{sign}{whole}.{part}"),
        )
        .parse()
        .ok()?
    } else {
        text.parse().ok()?
    };
    number.is_finite().then_some(number)
}

/// The UN/CEFACT code of a unit that is written as people write it; other texts are taken as codes.
fn unit_code(unit: &str) -> &str {
    match unit.trim() {
        "µg/m³" | "μg/m³" | "ug/m3" | "µg/m3" | "μg/m3" => "GQ",
        "mg/m³" | "mg/m3" => "GP",
        "°C" | "degC" => "CEL",
        "%" => "P1",
        "ppm" => "59",
        "ppb" => "61",
        "dB" => "2N",
        "m³" | "m3" => "MTQ",
        "m/s" => "MTS",
        "hPa" => "A97",
        "kWh" => "KWH",
        "l" | "L" | "litre" => "LTR",
        code => code,
    }
}

/// What the options say of a series.
struct Series {
    id: Uri,
    entity_type: Name,
    attribute: Name,
    unit: Option<Box<str>>,
    times: TimeReader,
}

impl Series {
    fn of(session: &mut Session<'_>) -> Result<Self, ImportError> {
        let options = session.options;
        let needed = |option: &str, value: &Option<String>, example: &str| {
            value
                .clone()
                .filter(|text| !text.trim().is_empty())
                .ok_or_else(|| {
                    ImportError::option(
                        option,
                        format!("observations need it; for example --{option} {example}"),
                    )
                })
        };
        let entity = needed("entity", &options.entity, "urn:ngsi-ld:AirQualityObserved:kibera")?;
        let attribute = needed("attribute", &options.attribute, "pm25")?;
        let id = Uri::parse(&entity).map_err(|error| ImportError::option("entity", error.to_string()))?;
        let entity_type = match &options.entity_type {
            Some(entity_type) => entity_type.clone(),
            None => type_of(&entity).ok_or_else(|| {
                let why = format!(
                    "`{entity}` does not tell its type; give it with --type, as in --type AirQualityObserved"
                );
                ImportError::option("type", why)
            })?,
        };
        let times = TimeReader::new(&options.time_format, options.time_zone.as_deref())?;
        Ok(Self {
            id,
            entity_type: session.terms.name(&entity_type),
            attribute: session.terms.name(&attribute),
            unit: options.unit.as_deref().map(|unit| unit_code(unit).into()),
            times,
        })
    }
}

/// The third segment of a URN: `urn:ngsi-ld:AirQualityObserved:kibera`.
fn type_of(id: &str) -> Option<String> {
    let mut segments = id.split(':');
    let is_urn = segments.next()?.eq_ignore_ascii_case("urn") && segments.next()? == "ngsi-ld";
    let third = segments
        .next()
        .filter(|segment| !segment.is_empty() && segments.next().is_some())?;
    is_urn.then(|| third.to_owned())
}

pub(crate) fn read(file: &InputFile, session: &mut Session<'_>) -> Result<(), ImportError> {
    let series = Series::of(session)?;
    session.tell(&file.name);
    let location = location(session)?;
    let mut dataset = Dataset::of(Kind::Observations, file, session.options.publisher.as_deref())?;
    let read = ImportError::read(&file.name);
    let sniffed = sniff(&mut File::open(&file.path).map_err(&read)?).map_err(&read)?;
    if let Some(warning) = sniffed.warning(&file.name) {
        session.warn(warning);
    }
    let bytes = File::open(&file.path).map_err(&read)?;
    let mut table = Table::open(bytes, sniffed, session.options.delimiter).map_err(|error| match error {
        Ok(why) => ImportError::file(&file.name, why, REMEDY),
        Err(source) => read(source),
    })?;
    let time = column(
        file,
        &table,
        "time-column",
        session.options.time_column.as_deref(),
        &TIME_COLUMNS,
    )?;
    let value = column(
        file,
        &table,
        "value-column",
        session.options.value_column.as_deref(),
        &VALUE_COLUMNS,
    )?;
    let (time_name, value_name) = (name_of(&table, time), name_of(&table, value));

    let place = Place {
        file: file.name.as_str().into(),
        line: None,
    };
    let counted = format!("{}.{}", series.entity_type.short(), series.attribute.short());
    let mut batch: Vec<Attribute> = Vec::with_capacity(BATCH);
    let mut batch_line = None;
    let (mut first, mut last): (Option<Timestamp>, Option<Timestamp>) = (None, None);
    let (mut rows, mut readings, mut shifted) = (0_u64, 0_u64, 0_u64);
    let before = session.report.refused_count;
    let mut row = Row::default();
    loop {
        let step = table.next(&mut row).map_err(&read)?;
        if step == Step::End {
            break;
        }
        rows += 1;
        session.count(&file.name, "rows", 1);
        let here = Place {
            line: Some(row.line),
            ..place.clone()
        };
        if let Step::Bad(why) = step {
            session.refuse(here.refusal(None, "row", why, "mend the row"))?;
            continue;
        }
        let (when, text) = (row.get(time), row.get(value));
        let Some(number) = number(text, session.options.decimal_comma) else {
            let (why, remedy) = not_a_number(text);
            session.refuse(here.refusal(Some(&value_name), format!("reading of {when}"), why, remedy))?;
            continue;
        };
        let (instant, unusual) = match series.times.read(when) {
            Ok(read) => read,
            Err(bad) => {
                let what = format!("reading `{when}` {text}");
                session.refuse(here.refusal(Some(&time_name), what, bad.why, bad.remedy))?;
                continue;
            }
        };
        shifted += u64::from(unusual);
        readings += 1;
        first = Some(first.map_or(instant, |known| known.min(instant)));
        last = Some(last.map_or(instant, |known| known.max(instant)));
        let mut reading = Attribute::property(series.attribute.clone(), number).observed_at(instant);
        reading.unit_code.clone_from(&series.unit);
        batch_line = batch_line.or(Some(row.line));
        batch.push(reading);
        if batch.len() >= BATCH {
            append(
                session,
                &series,
                &mut batch,
                &Place {
                    line: batch_line.take(),
                    ..place.clone()
                },
                &counted,
            )?;
        }
    }
    append(
        session,
        &series,
        &mut batch,
        &Place {
            line: batch_line,
            ..place.clone()
        },
        &counted,
    )?;
    if shifted > 0 {
        session.warn(format!(
            "{}: {shifted} local times fall where the clocks change: a time that does not exist was moved forward, \
             of a time that happens twice the first was taken",
            file.name
        ));
    }
    if readings == 0 {
        session.warn(format!("{}: no reading could be taken", file.name));
    } else if let Some(location) = location {
        let mut entity = Entity::new(series.id.clone(), series.entity_type.clone());
        entity.put(Attribute::geo(session.terms.name("location"), location));
        session.amend(vec![(entity, place.clone())])?;
    }
    describe(&mut dataset, &series, first, last);
    dataset.statistics = BTreeMap::from([
        ("rows".to_owned(), rows),
        ("readings".to_owned(), readings),
        ("refused".to_owned(), session.report.refused_count - before),
    ]);
    session.dataset(dataset, place)
}

/// Days and years that the readings span, in their time zone.
fn describe(dataset: &mut Dataset, series: &Series, first: Option<Timestamp>, last: Option<Timestamp>) {
    let (Some(first), Some(last)) = (first, last) else {
        return;
    };
    let (from, to) = (series.times.date(first), series.times.date(last));
    dataset.vintage = Some(if from.year() == to.year() {
        from.year().to_string()
    } else {
        format!("{}/{}", from.year(), to.year())
    });
    dataset.valid_from = Some(from.to_string());
    dataset.valid_to = Some(to.to_string());
}

fn append(
    session: &mut Session<'_>,
    series: &Series,
    batch: &mut Vec<Attribute>,
    place: &Place,
    counted: &str,
) -> Result<(), ImportError> {
    if batch.is_empty() {
        return Ok(());
    }
    let mut entity = Entity::new(series.id.clone(), series.entity_type.clone());
    entity.attributes = std::mem::replace(batch, Vec::with_capacity(BATCH));
    session.append(vec![(entity, place.clone())], counted)
}

const TIME_COLUMNS: [&str; 7] = [
    "timestamp",
    "time",
    "datetime",
    "date_time",
    "observedAt",
    "date",
    "when",
];
const VALUE_COLUMNS: [&str; 3] = ["value", "reading", "measurement"];

fn column<R: std::io::Read>(
    file: &InputFile,
    table: &Table<R>,
    option: &str,
    given: Option<&str>,
    usual: &[&str],
) -> Result<usize, ImportError> {
    let found = match given {
        Some(name) => table.column(name.trim()),
        None => usual.iter().find_map(|name| table.column(name)),
    };
    found.ok_or_else(|| {
        let header = table.header().join(", ");
        let why = match given {
            Some(name) => {
                let guess = closest(name, table.header().iter().map(String::as_str))
                    .map_or_else(String::new, |guess| format!(" (did you mean `{guess}`?)"));
                format!("it has no column `{name}`{guess}; its columns are {header}")
            }
            None => format!("which of its columns is meant is not known: {header}"),
        };
        ImportError::file(&file.name, why, format!("name the column with --{option}"))
    })
}

fn name_of<R: std::io::Read>(table: &Table<R>, index: usize) -> String {
    table.header().get(index).cloned().unwrap_or_default()
}

fn not_a_number(text: &str) -> (String, &'static str) {
    if text.is_empty() {
        return (
            "it has no value".to_owned(),
            "give the value, or leave the row out",
        );
    }
    let comma = text.contains(',') && number(text, true).is_some();
    let remedy = if comma {
        "if the comma is the decimal sign, say so with --decimal-comma"
    } else {
        "give a number, or leave the row out"
    };
    (format!("`{text}` is not a number"), remedy)
}

fn location(session: &Session<'_>) -> Result<Option<geo_types::Point<f64>>, ImportError> {
    match (session.options.longitude, session.options.latitude) {
        (None, None) => Ok(None),
        (Some(x), Some(y)) if (-180.0..=180.0).contains(&x) && (-90.0..=90.0).contains(&y) => {
            Ok(Some(geo_types::Point::new(x, y)))
        }
        (Some(x), Some(y)) => Err(ImportError::option(
            "longitude",
            format!(
                "{x}, {y} is not a place on Earth; give degrees: longitude within 180, latitude within 90"
            ),
        )),
        _ => Err(ImportError::option(
            "longitude",
            "longitude and latitude belong together; give both or neither",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_finite_and_mean_what_they_say() {
        for (text, comma, expected) in [
            ("12", false, Some(12.0)),
            (" -0.5 ", false, Some(-0.5)),
            ("+1e-3", false, Some(0.001)),
            ("51,5", false, None),
            ("51,5", true, Some(51.5)),
            ("-1.234,5", true, Some(-1234.5)),
            ("1.5", true, None),
            ("1.500", true, Some(1500.0)),
            ("inf", false, None),
            ("NaN", false, None),
            ("1e999", false, None),
            ("", false, None),
            ("-", true, None),
            ("12 µg", false, None),
        ] {
            assert_eq!(number(text, comma), expected, "{text}");
        }
    }

    #[test]
    fn the_type_is_in_the_urn() {
        assert_eq!(
            type_of("urn:ngsi-ld:AirQualityObserved:x:y"),
            Some("AirQualityObserved".into())
        );
        assert_eq!(type_of("urn:ngsi-ld:AirQualityObserved"), None);
        assert_eq!(type_of("http://a.example/x"), None);
    }

    proptest! {
        #[test]
        fn every_number_is_read_with_either_sign(value in -1e12_f64..1e12) {
            prop_assert_eq!(number(&value.to_string(), false), Some(value));
            prop_assert_eq!(number(&value.to_string().replace('.', ","), true), Some(value));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,20}", comma in any::<bool>()) {
            let _ = number(&text, comma);
        }
    }
}

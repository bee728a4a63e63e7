//! Air quality: the sensors that give readings of a pollutant, and their readings.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use ngsi_ld::name::DEFAULT_CONTEXT;
use ngsi_ld::{Entity, Name, Timestamp};
use query::{Selection, View};
use twin::Reader;

use super::transit::{place, unit};
use crate::calculation::air_quality::{Series, to_micrograms_per_m3};
use crate::period::Period;

/// A pollutant of the catalogue and the attributes that hold it.
pub(crate) struct Pollutant {
    /// The data point.
    pub(crate) data_point: &'static str,
    /// The attributes that hold it, by term.
    terms: &'static [&'static str],
}

/// The five pollutants of `EN: EN: AQ: 1C`.
pub(crate) const POLLUTANTS: [Pollutant; 5] = [
    Pollutant {
        data_point: "PM10",
        terms: &["pm10", "PM10"],
    },
    Pollutant {
        data_point: "PM2.5",
        terms: &[
            "pm25", "PM25", "pm2_5", "PM2_5", "pm2p5", "PM2p5", "pm2.5", "PM2.5",
        ],
    },
    Pollutant {
        data_point: "NO2",
        terms: &["no2", "NO2"],
    },
    Pollutant {
        data_point: "SO2",
        terms: &["so2", "SO2"],
    },
    Pollutant {
        data_point: "O3",
        terms: &["o3", "O3"],
    },
];

/// Vocabularies under which these attributes are written.
const PREFIXES: [&str; 3] = [
    DEFAULT_CONTEXT,
    "https://smartdatamodels.org/dataModel.Environment/",
    "https://smartdatamodels.org/",
];

impl Pollutant {
    /// Every name that its attribute may have.
    fn names(&self) -> impl Iterator<Item = Name> + '_ {
        PREFIXES.iter().flat_map(|prefix| {
            self.terms
                .iter()
                .map(move |term| Name::from_iri(format!("{prefix}{term}")))
        })
    }
}

/// What a pollutant's sensors gave.
#[derive(Clone, Debug, Default)]
pub(crate) struct Readings {
    pub(crate) period: Option<Period>,
    pub(crate) series: Vec<Series>,
    /// For each entity type how many sensors, the first few ids, and how many readings.
    pub(crate) types: BTreeMap<String, (usize, Vec<String>, usize)>,
    pub(crate) attribute: String,
    pub(crate) notes: Vec<String>,
}

struct Sensor {
    entity: Arc<Entity>,
    attribute: Name,
}

/// The entities that measure any of the pollutants: those with such an attribute, but no forecasts and nothing
/// indoors.
///
/// # Errors
/// The twin cannot be read.
pub fn sensors(reader: &dyn Reader, view: &View) -> Result<Vec<Arc<Entity>>, twin::Error> {
    let selection = Selection {
        attributes: POLLUTANTS.iter().flat_map(Pollutant::names).collect(),
        ..Selection::default()
    };
    let mut sensors = Vec::new();
    reader.scan(view, &selection, &mut |entity| {
        if entity
            .types
            .iter()
            .any(|t| !t.short().contains("Forecast") && !t.short().contains("Indoor"))
        {
            sensors.push(Arc::clone(entity));
        }
        true
    })?;
    Ok(sensors)
}

/// Gathers a pollutant's readings: of the period, or of the latest calendar year that has any. `None` where no
/// entity has such an attribute.
pub(crate) fn gather(
    reader: &dyn Reader,
    view: &View,
    entities: &[Arc<Entity>],
    pollutant: &Pollutant,
    period: Option<&Period>,
    zone: &TimeZone,
) -> Result<Option<Readings>, twin::Error> {
    let names: Vec<Name> = pollutant.names().collect();
    let sensors: Vec<Sensor> = entities
        .iter()
        .filter_map(|entity| {
            let attribute = names
                .iter()
                .find(|name| entity.get(name.as_str()).is_some())?
                .clone();
            Some(Sensor {
                entity: Arc::clone(entity),
                attribute,
            })
        })
        .collect();
    if sensors.is_empty() {
        return Ok(None);
    }
    let period = match period {
        Some(period) => Some(period.clone()),
        None => latest_year(reader, view, &sensors, zone)?,
    };
    let mut readings = Readings {
        period,
        attribute: sensors[0].attribute.short().to_owned(),
        ..Readings::default()
    };
    let Some(period) = readings.period.clone() else {
        return Ok(Some(readings));
    };
    let mut odd_units: BTreeMap<String, usize> = BTreeMap::new();
    let mut unitless = 0;
    for sensor in &sensors {
        let samples = samples(reader, view, sensor, (period.from, period.to))?;
        let mut series = Series {
            location: place(&sensor.entity),
            readings: Vec::with_capacity(samples.len()),
        };
        for sample in samples {
            match to_micrograms_per_m3(sample.unit.as_deref()) {
                Some(factor) => {
                    unitless += usize::from(sample.unit.is_none());
                    series.readings.push((sample.at, sample.value * factor));
                }
                None => {
                    *odd_units
                        .entry(sample.unit.as_deref().unwrap_or_default().to_owned())
                        .or_default() += 1;
                }
            }
        }
        if !series.readings.is_empty() {
            let name = sensor.entity.types.first().map_or("", |t| t.short()).to_owned();
            let (count, ids, values) = readings.types.entry(name).or_default();
            *count += 1;
            *values += series.readings.len();
            if ids.len() < 3 {
                ids.push(sensor.entity.id.to_string());
            }
            readings.series.push(series);
        }
    }
    for (unit, count) in odd_units {
        readings.notes.push(format!(
            "{count} readings in `{unit}` are left out: they need a stated conversion to µg/m³ (unit code GQ)"
        ));
    }
    if unitless > 0 {
        readings
            .notes
            .push(format!("{unitless} readings say no unit; µg/m³ is assumed"));
    }
    Ok(Some(readings))
}

struct Reading {
    at: Timestamp,
    value: f64,
    unit: Option<Arc<str>>,
}

/// The readings of a sensor within a range, the current one among them once, oldest first.
fn samples(
    reader: &dyn Reader,
    view: &View,
    sensor: &Sensor,
    range: (Timestamp, Timestamp),
) -> Result<Vec<Reading>, twin::Error> {
    let mut readings: Vec<Reading> = reader
        .series(view, &sensor.entity.id, &sensor.attribute, range)?
        .into_iter()
        .map(|sample| Reading {
            at: sample.observed_at,
            value: sample.value,
            unit: sample.unit_code,
        })
        .collect();
    if let Some(current) = sensor.entity.get(sensor.attribute.as_str())
        && let (Some(at), Some(value)) = (current.observed_at, current.as_f64())
        && range.0 <= at
        && at < range.1
        && !readings
            .iter()
            .rev()
            .take_while(|r| r.at >= at)
            .any(|r| r.at == at && r.value.to_bits() == value.to_bits())
    {
        readings.push(Reading {
            at,
            value,
            unit: unit(current).map(Into::into),
        });
        readings.sort_by_key(|reading| reading.at);
    }
    Ok(readings)
}

/// The calendar year of the newest reading of all sensors.
fn latest_year(
    reader: &dyn Reader,
    view: &View,
    sensors: &[Sensor],
    zone: &TimeZone,
) -> Result<Option<Period>, twin::Error> {
    let current = |sensor: &Sensor| {
        let attribute = sensor.entity.get(sensor.attribute.as_str())?;
        attribute.observed_at.filter(|_| attribute.as_f64().is_some())
    };
    let mut newest = None;
    for sensor in sensors {
        // The current instance is the newest as a rule; one without a time leaves only the history to ask.
        let latest = match current(sensor) {
            Some(at) => Some(at),
            None => samples(reader, view, sensor, (Timestamp::MIN, Timestamp::MAX))?
                .last()
                .map(|r| r.at),
        };
        newest = newest.max(latest);
    }
    Ok(newest.and_then(|at| Period::year_of(at, zone)))
}

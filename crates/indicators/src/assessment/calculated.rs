//! The data points that the twin itself can answer, with everything that belongs to such an answer.

use std::collections::{BTreeMap, HashMap};

use geo_types::Coord;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ngsi_ld::Timestamp;
use query::View;
use twin::Reader;

use super::{ComputedFrom, DataCoverage, Quality, Sensitivity};
use crate::binding::air::{self, POLLUTANTS, Pollutant, Readings};
use crate::binding::boundary::Boundary;
use crate::binding::dataset::{self, Dataset};
use crate::binding::population::Population;
use crate::binding::transit::Transit;
use crate::calculation::transport_convenience::{self, Convenience, REACH_M};
use crate::calculation::{air_quality, transport_network};
use crate::catalogue::BenchmarkSet;
use crate::period::Period;

/// `EC: I: T: 2A`.
pub(crate) const CONVENIENCE: &str = "EC: I: T: 2A";
/// `EC: I: T: 1C`.
pub(crate) const NETWORK: &str = "EC: I: T: 1C";
/// `EN: EN: AQ: 1C`.
pub(crate) const AIR: &str = "EN: EN: AQ: 1C";

/// What was gathered from the twin.
pub(crate) struct Gathered {
    pub(crate) datasets: Vec<Dataset>,
    pub(crate) boundary: Boundary,
    pub(crate) transit: Option<Transit>,
    pub(crate) population: Option<Result<Population, String>>,
    pub(crate) zone: TimeZone,
    /// The period that was asked for.
    pub(crate) period: Option<Period>,
}

/// A calculated value with what it stands on.
#[derive(Clone, Debug)]
pub(crate) struct Calculated {
    pub(crate) value: f64,
    pub(crate) quality: Quality,
    pub(crate) coverage: DataCoverage,
    pub(crate) vintages: Vec<String>,
    pub(crate) period: Period,
    pub(crate) computed_from: Vec<ComputedFrom>,
    pub(crate) formula: String,
    pub(crate) numerator: Option<f64>,
    pub(crate) denominator: Option<f64>,
    pub(crate) index: Option<f64>,
    pub(crate) sensitivity: Vec<Sensitivity>,
    pub(crate) details: BTreeMap<String, f64>,
    pub(crate) notes: Vec<String>,
    pub(crate) areas: Vec<AreaAnswer>,
}

/// A value of the area at a position in the boundary's list.
#[derive(Clone, Debug)]
pub(crate) struct AreaAnswer {
    pub(crate) area: usize,
    pub(crate) value: Option<f64>,
    pub(crate) numerator: Option<f64>,
    pub(crate) denominator: Option<f64>,
}

/// An answer for each data point that can be calculated: a value, or what is missing.
#[derive(Default)]
pub(crate) struct Answers(HashMap<(&'static str, Option<&'static str>), Result<Calculated, String>>);

impl Answers {
    pub(crate) fn get(&self, kpi: &str, data_point: Option<&str>) -> Option<&Result<Calculated, String>> {
        self.0
            .iter()
            .find(|((k, d), _)| *k == kpi && *d == data_point)
            .map(|(_, answer)| answer)
    }
}

/// Calculates whatever can be.
pub(crate) fn calculate(
    reader: &dyn Reader,
    view: &View,
    gathered: &Gathered,
) -> Result<Answers, twin::Error> {
    let mut answers = Answers::default();
    match transport(gathered) {
        Ok(transport) => {
            answers.0.insert((CONVENIENCE, None), transport.convenience());
            answers.0.insert((NETWORK, None), transport.network());
        }
        Err(missing) => {
            answers.0.insert((CONVENIENCE, None), Err(missing.clone()));
            answers.0.insert((NETWORK, None), Err(missing));
        }
    }
    let sensors = air::sensors(reader, view)?;
    for pollutant in &POLLUTANTS {
        let readings = air::gather(
            reader,
            view,
            &sensors,
            pollutant,
            gathered.period.as_ref(),
            &gathered.zone,
        )?;
        answers.0.insert(
            (AIR, Some(pollutant.data_point)),
            air(gathered, pollutant, readings),
        );
    }
    Ok(answers)
}

/// What both transport indicators stand on.
struct Transport<'a> {
    gathered: &'a Gathered,
    transit: &'a Transit,
    population: &'a Population,
    inhabitants: Convenience,
    period: Period,
    period_note: Option<String>,
    coverage: DataCoverage,
    vintages: Vec<String>,
}

fn transport(gathered: &Gathered) -> Result<Transport<'_>, String> {
    let mut missing = Vec::new();
    if gathered.boundary.city.is_empty() {
        missing.push("the city's boundary (`mapacha import boundaries`)".to_owned());
    }
    let population = match &gathered.population {
        Some(Ok(population)) => Some(population),
        Some(Err(why)) => {
            missing.push(format!(
                "a population grid that can be read ({why}): import it again"
            ));
            None
        }
        None => {
            missing.push("a population grid (`mapacha import population`)".to_owned());
            None
        }
    };
    if gathered.transit.is_none() {
        missing.push("a timetable (`mapacha import gtfs`)".to_owned());
    }
    let (Some(population), Some(transit), true) = (population, &gathered.transit, missing.is_empty()) else {
        return Err(missing.join(", "));
    };
    let boundary = &gathered.boundary;
    let inhabitants = transport_convenience::calculate(
        &population.cells,
        transit.served.iter().copied(),
        &boundary.city,
        &boundary.area_polygons,
    );
    if inhabitants.city.people <= 0.0 {
        return Err("inhabitants inside the boundary: the population grid has none there".to_owned());
    }
    let of_feed = feed_years(gathered, transit);
    let (period, period_note) = stock_period(gathered, &of_feed, transit)?;
    let with_people = inhabitants
        .areas
        .iter()
        .filter(|share| share.people > 0.0)
        .count();
    let coverage = DataCoverage {
        temporal_pct: validity(gathered).map(|valid| overlap_pct(&valid, &period)),
        area_pct: Some(match inhabitants.areas.len() {
            0 => 100.0,
            areas => 100.0 * with_people as f64 / areas as f64,
        }),
    };
    let mut vintages: Vec<String> = of_feed;
    vintages.extend(population.vintage.clone());
    vintages.sort();
    vintages.dedup();
    Ok(Transport {
        gathered,
        transit,
        population,
        inhabitants,
        period,
        period_note,
        coverage,
        vintages,
    })
}

impl Transport<'_> {
    fn convenience(&self) -> Result<Calculated, String> {
        let (transit, city) = (self.transit, &self.inhabitants.city);
        if transit.stops == 0 {
            return Err("stops of public transport (`mapacha import gtfs`)".to_owned());
        }
        let value = city.percent().ok_or("inhabitants inside the boundary")?;
        let mut notes = self.notes();
        let unserved = transit.stops - transit.served.len();
        if unserved > 0 {
            notes.push(format!(
                "{unserved} of {} stops are served by no trip or have no position",
                transit.stops
            ));
        }
        notes.push(
            "straight distance on the ellipsoid, not the way on foot; a grid cell counts by its centre"
                .to_owned(),
        );
        let mut computed_from = self.sources();
        computed_from.insert(0, self.of_feed("GtfsStop", transit.stops));
        computed_from.insert(1, self.of_feed("GtfsStopTime", transit.stop_times));
        Ok(Calculated {
            value,
            quality: Quality::HigherLevelExtrapolation,
            coverage: self.coverage,
            vintages: self.vintages.clone(),
            period: self.period.clone(),
            computed_from,
            formula: format!(
                "100 × {:.1} inhabitants within {REACH_M} m of a served stop ÷ {:.1} inhabitants inside the \
                 boundary = {value:.4} %",
                city.near, city.people
            ),
            numerator: Some(city.near),
            denominator: Some(city.people),
            index: None,
            sensitivity: Vec::new(),
            details: details([
                ("stops", transit.stops as f64),
                ("served_stops", transit.served.len() as f64),
                ("populated_cells", city.cells as f64),
            ]),
            notes,
            areas: self
                .inhabitants
                .areas
                .iter()
                .enumerate()
                .map(|(area, share)| AreaAnswer {
                    area,
                    value: share.percent(),
                    numerator: Some(share.near),
                    denominator: Some(share.people),
                })
                .collect(),
        })
    }

    fn network(&self) -> Result<Calculated, String> {
        let transit = self.transit;
        let boundary = &self.gathered.boundary;
        let centre = boundary.centre().unwrap_or(Coord { x: 0.0, y: 0.0 });
        let network =
            transport_network::calculate(&transit.lines, centre, &boundary.city, &boundary.area_polygons);
        if network.lines == 0 {
            return Err(
                "lines of public transport: shapes, or stops in order (`mapacha import gtfs`)".to_owned(),
            );
        }
        let people = self.inhabitants.city.people;
        let per_100k = |km: f64| km / (people / 100_000.0);
        let value = per_100k(network.corridor_km);
        let radius = transport_network::RADIUS_M;
        let mut sensitivity: Vec<Sensitivity> = network
            .other_radii
            .iter()
            .map(|(radius, km)| Sensitivity {
                assumption: format!("corridors {radius} m to each side"),
                value: per_100k(*km),
            })
            .collect();
        sensitivity.insert(
            1.min(sensitivity.len()),
            Sensitivity {
                assumption: format!("corridors {radius} m to each side (the value)"),
                value,
            },
        );
        sensitivity.push(Sensitivity {
            assumption: "only the network inside the boundary".to_owned(),
            value: per_100k(network.inside_km),
        });
        sensitivity.push(Sensitivity {
            assumption: "every line counted by itself, streets as often as they are traced".to_owned(),
            value: per_100k(network.traced_km),
        });
        let mut notes = self.notes();
        notes.push("the whole network of the feed counts, also outside the boundary".to_owned());
        let mut computed_from = self.sources();
        computed_from.insert(0, self.of_feed("GtfsShape", transit.shapes));
        if transit.straight > 0 {
            computed_from.insert(1, self.of_feed("GtfsStopTime", transit.stop_times));
        }
        let only_straight = transit.straight > 0 && transit.straight == transit.lines.len();
        Ok(Calculated {
            value,
            quality: if only_straight {
                Quality::EstimateOnAssumptions
            } else {
                Quality::HigherLevelExtrapolation
            },
            coverage: self.coverage,
            vintages: self.vintages.clone(),
            period: self.period.clone(),
            computed_from,
            formula: format!(
                "{:.3} km of corridor (area of the union of {} lines widened by {radius} m ÷ {} m) ÷ \
                 ({people:.1} inhabitants inside the boundary ÷ 100 000) = {value:.4} km per 100 000 inhabitants",
                network.corridor_km,
                network.lines,
                2.0 * radius
            ),
            numerator: Some(network.corridor_km),
            denominator: Some(people / 100_000.0),
            index: None,
            sensitivity,
            details: details([
                ("corridor_km", network.corridor_km),
                ("corridor_inside_km", network.inside_km),
                ("traced_km", network.traced_km),
                ("lines", network.lines as f64),
            ]),
            notes,
            areas: network
                .areas_km
                .iter()
                .zip(&self.inhabitants.areas)
                .enumerate()
                .map(|(area, (km, share))| AreaAnswer {
                    area,
                    value: (share.people > 0.0).then(|| km / (share.people / 100_000.0)),
                    numerator: Some(*km),
                    denominator: Some(share.people / 100_000.0),
                })
                .collect(),
        })
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = self.transit.notes.clone();
        notes.extend(self.population.notes.iter().cloned());
        notes.extend(self.period_note.clone());
        if self.transit.unplaced > 0 {
            notes.push(format!(
                "{} stops have no position and are left out",
                self.transit.unplaced
            ));
        }
        notes.push("the population is modelled on a grid, not counted".to_owned());
        notes
    }

    /// Trips, population and boundary: what both stand on.
    fn sources(&self) -> Vec<ComputedFrom> {
        vec![
            self.of_feed("GtfsTrip", self.transit.running),
            ComputedFrom {
                entity_type: "PopulationGrid".to_owned(),
                count: 1,
                ids: vec![self.population.grid.clone()],
                source: self.population.source.clone(),
                vintage: self.population.vintage.clone(),
                ..ComputedFrom::default()
            },
            ComputedFrom {
                entity_type: "AdministrativeArea".to_owned(),
                count: self.gathered.boundary.city_areas,
                source: dataset::sources(&self.gathered.datasets, "boundaries"),
                vintage: dataset::vintages(&self.gathered.datasets, "boundaries").pop(),
                ..ComputedFrom::default()
            },
        ]
    }

    fn of_feed(&self, entity_type: &str, count: usize) -> ComputedFrom {
        ComputedFrom {
            entity_type: entity_type.to_owned(),
            count,
            source: dataset::sources(&self.gathered.datasets, "gtfs"),
            vintage: feed_years(self.gathered, self.transit).pop(),
            ..ComputedFrom::default()
        }
    }
}

/// The years of the timetable: as its files say, else as its calendars begin.
fn feed_years(gathered: &Gathered, transit: &Transit) -> Vec<String> {
    let said = dataset::vintages(&gathered.datasets, "gtfs");
    if said.is_empty() {
        transit
            .years
            .last()
            .map(|year| vec![year.to_string()])
            .unwrap_or_default()
    } else {
        said
    }
}

/// The period of an indicator that describes a state: the one asked for, where the timetable is valid then, else
/// the year of the timetable.
fn stock_period(
    gathered: &Gathered,
    feed_years: &[String],
    transit: &Transit,
) -> Result<(Period, Option<String>), String> {
    let own = feed_years
        .last()
        .and_then(|year| Period::year(year.parse().ok()?, &gathered.zone));
    let imported = || {
        transit
            .imported
            .and_then(|at| Period::year_of(at, &gathered.zone))
    };
    match (&gathered.period, own) {
        (None, Some(own)) => Ok((own, None)),
        (Some(asked), Some(own)) => {
            let valid = validity(gathered).unwrap_or_else(|| own.clone());
            if overlap_pct(&valid, asked) > 0.0 {
                Ok((asked.clone(), None))
            } else {
                let note = format!("the timetable is of {}, not of {}", own.label, asked.label);
                Ok((own, Some(note)))
            }
        }
        (Some(asked), None) => Ok((
            asked.clone(),
            Some("the timetable does not say of which year it is".to_owned()),
        )),
        (None, None) => imported()
            .map(|year| {
                let note =
                    "the timetable does not say of which year it is: the year of its import stands for it";
                (year, Some(note.to_owned()))
            })
            .ok_or_else(|| "a timetable that says of which year it is".to_owned()),
    }
}

/// From when to when the timetables are valid together, where they say it.
fn validity(gathered: &Gathered) -> Option<Period> {
    let day = |text: &Option<String>| {
        text.as_deref()
            .and_then(|text| text.get(..10)?.parse::<Date>().ok())
    };
    let feeds = || gathered.datasets.iter().filter(|dataset| dataset.kind == "gtfs");
    let first = feeds().filter_map(|feed| day(&feed.valid.0)).min()?;
    let last = feeds().filter_map(|feed| day(&feed.valid.1)).max()?;
    crate::period::PeriodRequest::Range(crate::period::Edge::Day(first), crate::period::Edge::Day(last))
        .resolve(&gathered.zone)
}

/// How much of `period` lies in `valid`, in percent.
fn overlap_pct(valid: &Period, period: &Period) -> f64 {
    let micros = |at: Timestamp| at.as_micros() as f64;
    let common = micros(valid.to.min(period.to)) - micros(valid.from.max(period.from));
    (100.0 * common / 1e6 / period.seconds()).clamp(0.0, 100.0)
}

fn air(gathered: &Gathered, pollutant: &Pollutant, readings: Option<Readings>) -> Result<Calculated, String> {
    let name = pollutant.data_point;
    let Some(readings) = readings else {
        return Err(format!(
            "readings of {name} (`mapacha import observations`, or a sensor that sends them)"
        ));
    };
    let boundary = &gathered.boundary;
    let Some(period) = readings.period.clone() else {
        return Err(format!(
            "readings of {name} that say when they were taken (`observedAt`)"
        ));
    };
    let mean = air_quality::calculate(
        &readings.series,
        &period,
        &gathered.zone,
        &boundary.city,
        &boundary.area_polygons,
    );
    let Some(mean) = mean else {
        let mut why = format!("readings of {name} inside the city in {}", period.label);
        for note in &readings.notes {
            why.push_str(" (");
            why.push_str(note);
            why.push(')');
        }
        return Err(why);
    };
    let mut notes = readings.notes;
    if mean.sensors == 1 {
        notes.push("one sensor stands for the whole city".to_owned());
    }
    if mean.unlocated > 0 && mean.area_pct.is_some() {
        notes.push(format!(
            "{} of {} sensors do not say where they are: each counts for the whole city, and as one of its {} \
             areas for coverage",
            mean.unlocated,
            mean.sensors,
            boundary.areas.len()
        ));
    }
    if mean.negative > 0 {
        notes.push(format!(
            "{} readings are below zero; they are in the mean",
            mean.negative
        ));
    }
    if let Some(interval) = mean.interval_s {
        notes.push(format!("usual interval between readings: {interval} s"));
    }
    let weak = mean.temporal_pct < 75.0 || mean.sensors == 1 || mean.area_pct.is_some_and(|pct| pct < 50.0);
    let guideline = BenchmarkSet::built_in()
        .of(AIR, Some(name))
        .map(|benchmark| benchmark.target);
    let index = guideline.map(|guideline| 100.0 * mean.value / guideline);
    let mut formula = format!(
        "arithmetic mean of {} readings of {} sensors = {:.4} µg/m³",
        mean.readings, mean.sensors, mean.value
    );
    if let (Some(guideline), Some(index)) = (guideline, index) {
        use std::fmt::Write as _;
        let _ = write!(
            formula,
            "; index = 100 × {:.4} ÷ {guideline} µg/m³ = {index:.2}",
            mean.value
        );
    }
    let of_kind = |kind: &str| {
        gathered
            .datasets
            .iter()
            .filter(|dataset| dataset.kind == kind)
            .count()
    };
    let source = (of_kind("observations") == 1)
        .then(|| dataset::sources(&gathered.datasets, "observations"))
        .flatten();
    Ok(Calculated {
        value: mean.value,
        quality: if weak {
            Quality::EstimateOnAssumptions
        } else {
            Quality::AccurateMeasurement
        },
        coverage: DataCoverage {
            temporal_pct: Some(mean.temporal_pct),
            area_pct: mean.area_pct,
        },
        vintages: mean.years.clone(),
        period,
        computed_from: readings
            .types
            .into_iter()
            .map(|(entity_type, (count, ids, readings_of_type))| ComputedFrom {
                entity_type,
                count,
                ids,
                attribute: Some(readings.attribute.clone()),
                readings: Some(readings_of_type),
                source: source.clone(),
                vintage: mean.years.last().cloned(),
            })
            .collect(),
        formula,
        numerator: None,
        denominator: None,
        index,
        sensitivity: Vec::new(),
        details: details([
            ("readings", mean.readings as f64),
            ("sensors", mean.sensors as f64),
        ]),
        notes,
        areas: mean
            .areas
            .iter()
            .enumerate()
            .filter_map(|(area, found)| {
                found.map(|(value, _)| AreaAnswer {
                    area,
                    value: Some(value),
                    numerator: None,
                    denominator: None,
                })
            })
            .collect(),
    })
}

fn details<const N: usize>(items: [(&str, f64); N]) -> BTreeMap<String, f64> {
    items
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

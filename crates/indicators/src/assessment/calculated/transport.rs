//! Public transport: `EC: I: T: 2A` and `EC: I: T: 1C`.

use geo_types::Coord;
use jiff::civil::Date;
use ngsi_ld::Timestamp;

use super::{AreaAnswer, Calculated, Gathered, details};
use crate::assessment::{ComputedFrom, DataCoverage, Quality, Sensitivity};
use crate::binding::dataset;
use crate::binding::population::Population;
use crate::binding::transit::Transit;
use crate::calculation::transport_convenience::{self, Convenience, REACH_M};
use crate::calculation::transport_network;
use crate::period::{Edge, Period, PeriodRequest};

/// What both transport indicators stand on.
pub(super) struct Transport<'a> {
    gathered: &'a Gathered,
    transit: &'a Transit,
    population: &'a Population,
    inhabitants: Convenience,
    period: Period,
    period_note: Option<String>,
    coverage: DataCoverage,
    vintages: Vec<String>,
}

pub(super) fn transport(gathered: &Gathered) -> Result<Transport<'_>, String> {
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
    // Of the period that was asked for, also where another year's timetable stands in for it.
    let asked = gathered.period.as_ref().unwrap_or(&period);
    let coverage = DataCoverage {
        temporal_pct: validity(gathered).map(|valid| overlap_pct(&valid, asked)),
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
    /// Modelled inhabitants at best; an estimate where the timetable is of another time than asked.
    fn quality(&self) -> Quality {
        if self.coverage.temporal_pct == Some(0.0) {
            Quality::EstimateOnAssumptions
        } else {
            Quality::HigherLevelExtrapolation
        }
    }

    pub(super) fn convenience(&self) -> Result<Calculated, String> {
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
            quality: self.quality(),
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

    pub(super) fn network(&self) -> Result<Calculated, String> {
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
    PeriodRequest::Range(Edge::Day(first), Edge::Day(last)).resolve(&gathered.zone)
}

/// How much of `period` lies in `valid`, in percent.
fn overlap_pct(valid: &Period, period: &Period) -> f64 {
    let micros = |at: Timestamp| at.as_micros() as f64;
    let common = micros(valid.to.min(period.to)) - micros(valid.from.max(period.from));
    (100.0 * common / 1e6 / period.seconds()).clamp(0.0, 100.0)
}

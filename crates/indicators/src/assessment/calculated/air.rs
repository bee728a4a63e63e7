//! Air quality: `EN: EN: AQ: 1C`.

use super::{AIR, AreaAnswer, Calculated, Gathered, details};
use crate::assessment::{ComputedFrom, DataCoverage, Quality};
use crate::binding::air::{Pollutant, Readings};
use crate::binding::dataset;
use crate::calculation::air_quality;
use crate::catalogue::BenchmarkSet;

pub(super) fn air(
    gathered: &Gathered,
    pollutant: &Pollutant,
    readings: Option<Readings>,
) -> Result<Calculated, String> {
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

//! The data points that the twin itself can answer, with everything that belongs to such an answer.

mod air;
mod transport;

use std::collections::{BTreeMap, HashMap};

use jiff::tz::TimeZone;
use query::View;
use twin::Reader;

use super::{ComputedFrom, DataCoverage, Quality, Sensitivity};
use crate::binding::air::{POLLUTANTS, gather, sensors};
use crate::binding::boundary::Boundary;
use crate::binding::dataset::Dataset;
use crate::binding::population::Population;
use crate::binding::transit::Transit;
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
    match transport::transport(gathered) {
        Ok(transport) => {
            answers.0.insert((CONVENIENCE, None), transport.convenience());
            answers.0.insert((NETWORK, None), transport.network());
        }
        Err(missing) => {
            answers.0.insert((CONVENIENCE, None), Err(missing.clone()));
            answers.0.insert((NETWORK, None), Err(missing));
        }
    }
    let sensors = sensors(reader, view)?;
    for pollutant in &POLLUTANTS {
        let readings = gather(
            reader,
            view,
            &sensors,
            pollutant,
            gathered.period.as_ref(),
            &gathered.zone,
        )?;
        answers.0.insert(
            (AIR, Some(pollutant.data_point)),
            air::air(gathered, pollutant, readings),
        );
    }
    Ok(answers)
}

fn details<const N: usize>(items: [(&str, f64); N]) -> BTreeMap<String, f64> {
    items
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

//! The city's KPIs in a scenario: assessed anew only where a measure changed what they are made of.

use std::borrow::Cow;

use indicators::{
    AssessOptions, Assessment, Catalogue, DataPointResult, Direction, KpiValue, Status, assess,
};
use ngsi_ld::{Name, Uri};
use twin::{Reader, Snapshot};

use super::compare::{self, Costs};
use super::steps::Steps;
use super::{City, DraftOf, RunError};
use crate::measures::Applied;
use crate::model::Model;
use crate::result::{Difference, Part, Value};

/// The entity types that the KPIs are calculated from, beside everything of a timetable.
const TYPES: [&str; 5] = [
    "AdministrativeArea",
    "PopulationGrid",
    "KeyPerformanceIndicator",
    "Dataset",
    "AirQualityObserved",
];

/// Whether the KPIs can depend on entities of a type.
pub(super) fn reads(name: &Name) -> bool {
    let short = name.short();
    short.starts_with("Gtfs") || TYPES.contains(&short)
}

/// A KPI's value, with what its bounds were made of.
pub(super) struct Known {
    pub(super) value: Value,
    /// The value under each other assumption.
    others: Vec<(String, f64)>,
}

/// The KPIs of the city as it is.
pub(super) struct Before {
    /// `None`: no KPI is asked for.
    assessment: Option<Assessment>,
    /// The rows that are shown, as places in [`Assessment::data_points`].
    rows: Vec<usize>,
}

impl Before {
    pub(super) fn new(city: &City<'_>, drafts: &[DraftOf], work: &Steps<'_>) -> Result<Self, RunError> {
        let asked = match &city.wanted.kpis {
            Some(kpis) => !kpis.is_empty(),
            None => drafts.iter().any(|draft| {
                let changed: Vec<Uri> = draft.applied.iter().flat_map(Applied::changed).cloned().collect();
                matters(city, &draft.fork.snapshot(), &changed)
            }),
        };
        if !asked {
            return Ok(Self {
                assessment: None,
                rows: Vec::new(),
            });
        }
        work.check()?;
        let assessment = assess(city.baseline, city.view, &options(city))?;
        let shown = |row: &DataPointResult| match &city.wanted.kpis {
            Some(kpis) => kpis.contains(&row.kpi),
            None => row.status == Status::Calculated,
        };
        let rows = assessment.data_points.iter().enumerate();
        Ok(Self {
            rows: rows
                .filter(|(_, row)| shown(row))
                .map(|(index, _)| index)
                .collect(),
            assessment: Some(assessment),
        })
    }

    /// The KPIs of a scenario.
    pub(super) fn after(
        &self,
        city: &City<'_>,
        snapshot: &Snapshot,
        changed: &[Uri],
    ) -> Result<Option<Cow<'_, Assessment>>, RunError> {
        let Some(before) = &self.assessment else {
            return Ok(None);
        };
        if !matters(city, snapshot, changed) {
            return Ok(Some(Cow::Borrowed(before)));
        }
        Ok(Some(Cow::Owned(assess(snapshot, city.view, &options(city))?)))
    }

    /// The values of the city as it is.
    pub(super) fn values(&self, model: &Model) -> Vec<Value> {
        self.values_of(self.assessment.as_ref(), model)
            .into_iter()
            .map(|known| known.value)
            .collect()
    }

    /// The values of an assessment, the same rows in the same order.
    pub(super) fn values_of(&self, assessment: Option<&Assessment>, model: &Model) -> Vec<Known> {
        let Some(assessment) = assessment else {
            return Vec::new();
        };
        self.rows
            .iter()
            .filter_map(|&index| Some(known(assessment, assessment.data_points.get(index)?, model)))
            .collect()
    }

    /// The difference to the city as it is: under each assumption by itself, so that an assumption does not count
    /// against itself.
    pub(super) fn difference(&self, before: &Value, after: &Known, costs: Costs) -> Difference {
        let mut difference = compare::apart(before, &after.value, costs);
        let Some(middle) = difference.difference else {
            return difference;
        };
        (difference.low, difference.high) = (Some(middle), Some(middle));
        let Some(assessment) = &self.assessment else {
            return difference;
        };
        let row = assessment
            .data_points
            .iter()
            .find(|row| identifier(row) == before.indicator);
        for sensitivity in row.into_iter().flat_map(|row| &row.sensitivity) {
            let other = after
                .others
                .iter()
                .find(|(name, _)| *name == sensitivity.assumption);
            if let Some((_, other)) = other {
                let under = other - sensitivity.value;
                difference.low = difference.low.map(|low| low.min(under));
                difference.high = difference.high.map(|high| high.max(under));
            }
        }
        difference
    }
}

fn options(city: &City<'_>) -> AssessOptions {
    AssessOptions {
        city: city.model.city_name().map(str::to_owned),
        ..AssessOptions::default()
    }
}

/// Whether a changed entity can matter to a KPI.
fn matters(city: &City<'_>, after: &Snapshot, changed: &[Uri]) -> bool {
    changed.iter().any(|id| {
        let was = city.baseline.get(city.view, id);
        let is = after.get(city.view, id);
        was.iter().chain(&is).any(|entity| {
            entity.types.iter().any(reads)
                // Anything may carry readings of the air.
                || entity.attributes.iter().any(|attribute| {
                    ["pm10", "pm25", "pm2_5", "pm2p5", "pm2.5", "no2", "so2", "o3"]
                        .contains(&attribute.name.short().to_lowercase().as_str())
                })
        })
    })
}

/// The name of a data point in results: the KPI's, with its part where it is split.
fn identifier(row: &DataPointResult) -> String {
    match &row.data_point {
        None => row.kpi.clone(),
        Some(part) => format!("{} / {part}", row.kpi),
    }
}

fn known(assessment: &Assessment, row: &DataPointResult, model: &Model) -> Known {
    let value = row.value.as_ref().and_then(KpiValue::as_f64);
    let others: Vec<(String, f64)> = row
        .sensitivity
        .iter()
        .map(|other| (other.assumption.clone(), other.value))
        .collect();
    let bound = |pick: fn(f64, f64) -> f64| {
        value.map(|value| others.iter().fold(value, |bound, other| pick(bound, other.1)))
    };
    let direction = Catalogue::built_in().kpi(&row.kpi).map(|kpi| kpi.direction);
    let areas: std::collections::BTreeMap<&str, &indicators::AreaValue> = assessment
        .areas_of(&row.kpi, row.data_point.as_deref())
        .map(|area| (area.area.as_str(), area))
        .collect();
    let area = |id: &Uri| {
        areas.get(id.as_str()).map_or_else(Part::default, |area| Part {
            value: area.value,
            low: area.value,
            high: area.value,
            people: None,
        })
    };
    Known {
        value: Value {
            indicator: identifier(row),
            name: row.name.clone(),
            unit: row.unit.clone(),
            more_is_better: match direction {
                Some(Direction::Higher) => Some(true),
                Some(Direction::Lower) => Some(false),
                _ => None,
            },
            value,
            low: bound(f64::min),
            high: bound(f64::max),
            uncertainty: match (value, others.is_empty()) {
                (None, _) => row.needed.clone(),
                (Some(_), true) => None,
                (Some(_), false) => {
                    let names: Vec<&str> = others.iter().map(|(name, _)| name.as_str()).collect();
                    Some(format!("other assumptions: {}", names.join("; ")))
                }
            },
            groups: vec![Part::default(); model.groups().len()],
            areas: model.areas().iter().map(|place| area(&place.id)).collect(),
        },
        others,
    }
}

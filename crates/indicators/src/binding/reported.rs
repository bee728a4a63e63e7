//! Values that the city reported: the instances of `kpiValue` in the data set of reported values.

use std::collections::HashMap;

use ngsi_ld::query::temporal::{TemporalQuery, TimeProperty, TimeRelation};
use ngsi_ld::{Attribute, Entity, Name, PropertyValue, Value};
use query::View;
use twin::{HistoryQuery, Reader};

use super::terms::{attribute, is, scan, sub_attribute, text, text_of};
use crate::assessment::{KpiValue, Quality, Reported};
use crate::period::Period;

/// The data set of reported values.
pub(crate) const REPORTED: &str = "urn:ngsi-ld:Dataset:reported";

/// What a city says about a data point.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Statement {
    /// A value.
    Value(Reported),
    /// It does not apply to this city.
    NotApplicable(Option<String>),
}

/// A statement with the entity that keeps it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) statement: Statement,
    pub(crate) entity: String,
    pub(crate) name: Option<String>,
    pub(crate) verified: Option<bool>,
}

/// What the city reports, by KPI and data point: of the period, or the latest.
pub(crate) fn gather(
    reader: &dyn Reader,
    view: &View,
    period: Option<&Period>,
) -> Result<HashMap<(String, Option<String>), Found>, twin::Error> {
    let mut entities = Vec::new();
    scan(reader, view, "KeyPerformanceIndicator", &mut |entity| {
        if is_city_level(entity) && entity.attributes.iter().any(is_reported) {
            entities.push(std::sync::Arc::clone(entity));
        }
    })?;
    let mut found = HashMap::new();
    for entity in entities {
        let Some(kpi) = text_of(&entity, "kpi") else {
            continue;
        };
        let mut instances: Vec<Attribute> = entity
            .attributes
            .iter()
            .filter(|a| is_reported(a))
            .cloned()
            .collect();
        if let Some(period) = period {
            if let Some(name) = instances.first().map(|instance| instance.name.clone()) {
                instances.extend(past(reader, view, &entity, name)?);
            }
            instances.retain(|instance| is_of(instance, period));
        }
        let Some(latest) = instances.into_iter().max_by_key(|instance| instance.observed_at) else {
            continue;
        };
        let Some(statement) = statement(&latest) else {
            continue;
        };
        let verified = sub_attribute(&latest, "verified").and_then(Attribute::as_bool);
        found.insert(
            (kpi, text_of(&entity, "dataPoint")),
            Found {
                statement,
                entity: entity.id.to_string(),
                name: text_of(&entity, "name"),
                verified,
            },
        );
    }
    Ok(found)
}

fn is_city_level(entity: &Entity) -> bool {
    attribute(entity, "hasArea").is_none()
}

fn is_reported(attribute: &Attribute) -> bool {
    is(&attribute.name, "kpiValue")
        && attribute
            .dataset_id
            .as_ref()
            .is_some_and(|id| id.as_str() == REPORTED)
}

fn past(
    reader: &dyn Reader,
    view: &View,
    entity: &Entity,
    name: Name,
) -> Result<Vec<Attribute>, twin::Error> {
    let query = HistoryQuery {
        temporal: TemporalQuery {
            relation: TimeRelation::Always,
            property: TimeProperty::ObservedAt,
        },
        attributes: vec![name],
        datasets: Vec::new(),
        last_n: None,
    };
    let history = reader.history(view, &entity.id, &query)?;
    Ok(history.map_or_else(Vec::new, |h| {
        h.attributes.into_iter().filter(is_reported).collect()
    }))
}

/// Whether an instance speaks of a period: it names it, or it was observed within it or at its end.
fn is_of(instance: &Attribute, period: &Period) -> bool {
    sub_attribute(instance, "period")
        .and_then(text)
        .is_some_and(|text| text == period.label)
        || instance
            .observed_at
            .is_some_and(|at| period.from < at && at <= period.to)
}

fn statement(instance: &Attribute) -> Option<Statement> {
    let own = |term: &str| sub_attribute(instance, term).and_then(text);
    let value = match &instance.value {
        Value::Property(PropertyValue::Boolean(yes)) => KpiValue::Boolean(*yes),
        Value::Property(value) => match (value.as_f64(), value.as_str()) {
            (Some(number), _) => KpiValue::Number(number),
            (None, Some(text)) => match plain(text).as_str() {
                "not applicable" | "na" | "n/a" => return Some(Statement::NotApplicable(own("note"))),
                "not reported" | "nr" | "" => return None,
                "yes" | "true" => KpiValue::Boolean(true),
                "no" | "false" => KpiValue::Boolean(false),
                _ => KpiValue::Text(text.to_owned()),
            },
            _ => return None,
        },
        _ => return None,
    };
    Some(Statement::Value(Reported {
        value,
        unit: own("unit").or_else(|| instance.unit_code.as_deref().map(str::to_owned)),
        period: own("period"),
        quality: own("quality").map(|text| Quality::parse(&text).unwrap_or(Quality::Unknown)),
        origin: own("origin"),
        source: own("source"),
        note: own("note"),
    }))
}

fn plain(text: &str) -> String {
    text.trim().to_lowercase().replace(['_', '-'], " ")
}

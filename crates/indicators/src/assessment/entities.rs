//! The assessment as entities: `KeyPerformanceIndicator` of Smart Data Models, with what that model lacks added.
//!
//! One entity for each data point of the city, and one for each area. The calculated value is the default
//! instance of `kpiValue`, observed at the end of its period; what the city reports is the instance of the data
//! set `urn:ngsi-ld:Dataset:reported`, so that both stand in one entity and both keep their history. Everything
//! that changes from period to period carries the same `observedAt`; to store the same assessment twice changes
//! nothing.

use std::collections::HashMap;

use ngsi_ld::context::Context;
use ngsi_ld::{Attribute, Entity, Name, PropertyValue, Timestamp, Uri};
use serde::Serialize;
use serde_json::json;

use super::{AreaValue, Assessment, DataPointResult, Status};
use crate::catalogue::Catalogue;

/// The id of the entity that keeps the values of a data point, of the city or of an area.
pub(crate) fn kpi_entity_id(kpi: &str, data_point: Option<&str>, area: Option<&Uri>) -> Uri {
    let city = formats::kpi::entity_id(kpi, data_point);
    // What stands in an id is encoded already and is kept as it is.
    area.and_then(|area| Uri::parse(&format!("{city}:{}", area.local())).ok())
        .unwrap_or(city)
}

impl Assessment {
    /// Every calculated value, of the city and of its areas, as a `KeyPerformanceIndicator` entity whose
    /// attributes are instances to add to its history.
    pub fn entities(&self) -> Vec<Entity> {
        let mut writer = Writer::default();
        let calculated: Vec<&DataPointResult> = self
            .data_points
            .iter()
            .filter(|row| row.status == Status::Calculated)
            .collect();
        let mut entities: Vec<Entity> = calculated
            .iter()
            .filter_map(|row| writer.of_city(self, row))
            .collect();
        for area in &self.areas {
            let of_city = calculated
                .iter()
                .find(|row| row.kpi == area.kpi && row.data_point == area.data_point);
            entities.extend(of_city.and_then(|row| writer.of_area(self, row, area)));
        }
        entities
    }
}

#[derive(Default)]
struct Writer {
    names: HashMap<&'static str, Name>,
}

impl Writer {
    fn name(&mut self, term: &'static str) -> Name {
        self.names
            .entry(term)
            .or_insert_with(|| Context::core().expand(term))
            .clone()
    }

    fn of_city(&mut self, assessment: &Assessment, row: &DataPointResult) -> Option<Entity> {
        let value = row.value.as_ref()?.as_f64()?;
        let mut entity = self.head(assessment, row, &row.entity, value)?;
        let at = period_end(row)?;
        let changing = |entity: &mut Entity, name: Name, value: PropertyValue| {
            entity.put(Attribute::property(name, value).observed_at(at));
        };
        changing(
            &mut entity,
            self.name("calculationFormula"),
            row.formula.clone()?.into(),
        );
        changing(&mut entity, self.name("coverage"), structured(&row.coverage)?);
        changing(&mut entity, self.name("vintages"), structured(&row.vintages)?);
        changing(
            &mut entity,
            self.name("computedFrom"),
            structured(&row.computed_from)?,
        );
        changing(&mut entity, self.name("notes"), structured(&row.notes)?);
        if !row.sensitivity.is_empty() {
            changing(
                &mut entity,
                self.name("sensitivity"),
                structured(&row.sensitivity)?,
            );
        }
        for (term, number) in [
            ("numerator", row.numerator),
            ("denominator", row.denominator),
            ("index", row.index),
            ("attainment", row.attainment_pct),
            ("points", row.points.map(f64::from)),
        ] {
            if let Some(number) = number {
                changing(&mut entity, self.name(term), number.into());
            }
        }
        if row.points.is_some() {
            changing(
                &mut entity,
                self.name("benchmarkSet"),
                assessment.benchmark_set.clone().into(),
            );
        }
        Some(entity)
    }

    fn of_area(
        &mut self,
        assessment: &Assessment,
        row: &DataPointResult,
        area: &AreaValue,
    ) -> Option<Entity> {
        let mut entity = self.head(assessment, row, &area.entity, area.value?)?;
        let at = period_end(row)?;
        for (term, number) in [
            ("numerator", area.numerator),
            ("denominator", area.denominator),
            ("attainment", area.attainment_pct),
        ] {
            if let Some(number) = number {
                entity.put(Attribute::property(self.name(term), number).observed_at(at));
            }
        }
        let title = format!("{}, {}", row.name, area.name);
        entity.put(Attribute::property(self.name("name"), title));
        entity.put(Attribute::property(self.name("area"), area.name.clone()));
        entity.put(Attribute::relationship(
            self.name("hasArea"),
            Uri::parse(&area.area).ok()?,
        ));
        Some(entity)
    }

    /// What the entity of a city and that of an area have in common.
    fn head(
        &mut self,
        assessment: &Assessment,
        row: &DataPointResult,
        id: &str,
        value: f64,
    ) -> Option<Entity> {
        let at = period_end(row)?;
        let period = row.calculation_period.as_ref()?;
        let quality = row.quality?.slug();
        let mut entity = Entity::new(Uri::parse(id).ok()?, self.name("KeyPerformanceIndicator"));
        let mut kpi_value = Attribute::property(self.name("kpiValue"), value)
            .observed_at(at)
            .with(Attribute::property(self.name("unit"), row.unit.as_str()))
            .with(Attribute::property(self.name("origin"), "calculated"))
            .with(Attribute::property(self.name("quality"), quality));
        if let Some(label) = &row.period {
            kpi_value = kpi_value.with(Attribute::property(self.name("period"), label.as_str()));
        }
        kpi_value.unit_code = unit_code(&row.unit).map(Into::into);
        entity.put(Attribute::property(self.name("kpi"), row.kpi.as_str()));
        if let Some(part) = &row.data_point {
            entity.put(Attribute::property(self.name("dataPoint"), part.as_str()));
        }
        entity.put(Attribute::property(self.name("name"), row.name.as_str()));
        entity.put(kpi_value);
        if let Some(definition) = Catalogue::built_in()
            .kpi(&row.kpi)
            .and_then(|kpi| kpi.definition.clone())
        {
            entity.put(Attribute::property(self.name("description"), definition));
        }
        entity.put(Attribute::property(
            self.name("category"),
            structured(&["quantitative"])?,
        ));
        entity.put(Attribute::property(self.name("process"), row.category.as_str()));
        entity.put(Attribute::property(self.name("calculationMethod"), "automatic"));
        entity.put(Attribute::property(self.name("calculatedBy"), "Mapacha"));
        entity.put(Attribute::property(
            self.name("catalogueVersion"),
            assessment.catalogue_version.as_str(),
        ));
        if !assessment.city.is_empty() {
            entity.put(Attribute::property(
                self.name("organization"),
                assessment.city.as_str(),
            ));
        }
        entity.put(
            Attribute::property(
                self.name("calculationPeriod"),
                PropertyValue::from_json(json!({"from": period.from, "to": period.to})),
            )
            .observed_at(at),
        );
        entity.put(Attribute::property(self.name("quality"), quality).observed_at(at));
        Some(entity)
    }
}

fn period_end(row: &DataPointResult) -> Option<Timestamp> {
    Timestamp::parse(&row.calculation_period.as_ref()?.to).ok()
}

fn structured(value: &impl Serialize) -> Option<PropertyValue> {
    Some(PropertyValue::from_json(serde_json::to_value(value).ok()?))
}

/// The UN/CEFACT code of a unit of the catalogue, where there is one.
fn unit_code(unit: &str) -> Option<&'static str> {
    match unit {
        "%" => Some("P1"),
        "µg/m³" => Some("GQ"),
        "minutes" => Some("MIN"),
        "years" => Some("ANN"),
        _ => None,
    }
}

//! The verbs that make, change and take away single entities: create, set, fill, remove, delete, close, scale, move.

use std::collections::BTreeMap;

use geo::{Centroid as _, Translate as _};
use geo_types::Geometry;
use indicators::binding::terms::{attribute, text_of};
use ngsi_ld::{Attribute, Entity, PropertyValue, Value};

use super::city::{called, made, name, name_in};
use super::expand::{Expansion, parameter_of, property};
use super::plan::Change;
use crate::catalogue::argument::Argument;
use crate::catalogue::{Operand, TypeOf, Who};

impl Expansion<'_> {
    pub(super) fn create(
        &mut self,
        entity_type: &TypeOf,
        location: &[Operand],
        attributes: &BTreeMap<String, Operand>,
    ) {
        let entity_type = match entity_type {
            TypeOf::Always(entity_type) => entity_type.clone(),
            TypeOf::By(choices) => {
                let by = choices.get("of").cloned().unwrap_or_default();
                let value = self.text(&by.into()).unwrap_or_default();
                let chosen = choices.get(&value).or_else(|| choices.get("other"));
                chosen.cloned().unwrap_or_default()
            }
        };
        let mut geometry = None;
        let mut door = None;
        for operand in location {
            let key = given_at(operand);
            match self.argument(operand).cloned() {
                Some(Argument::Position(at)) => {
                    let point = self.point(&key, at);
                    door = Some(at);
                    geometry.get_or_insert(point);
                }
                Some(Argument::Area(area)) => {
                    if let Some(middle) = area.centroid() {
                        self.in_city(&key, middle.0);
                    }
                    geometry.get_or_insert(Geometry::Polygon(area));
                }
                _ => {}
            }
        }
        let Some(geometry) = geometry else { return };
        let id = made(&entity_type, &self.measure.name, &[]);
        let mut entity = Entity::new(id.clone(), name(&entity_type));
        for (term, operand) in attributes {
            let value = self.value(operand);
            if let Some(value) = value {
                entity.put(property(name(term), value));
            } else if term == "name" {
                let title = self.title().to_owned();
                entity.put(Attribute::property(name(term), title));
            }
        }
        // One goes in at a point, whatever the outline.
        if let (Geometry::Polygon(_), Some(door)) = (&geometry, door) {
            let doors = geo_types::MultiPoint::new(vec![geo_types::Point(door)]);
            entity.put(Attribute::geo(name("entrances"), doors));
        }
        entity.put(Attribute::geo(name("location"), geometry));
        if let Some(at) = super::city::place(&entity) {
            self.created = Some((id.clone(), at));
        }
        self.plan.creates.insert(id, entity);
    }

    pub(super) fn set(
        &mut self,
        who: &Who,
        attributes: &BTreeMap<String, Operand>,
        only_where: &BTreeMap<String, Vec<String>>,
    ) {
        for found in self.entities(who).iter() {
            let entity = &found.entity;
            let mut fits = true;
            for (term, values) in only_where {
                let has = text_of(entity, term);
                if !has.as_ref().is_some_and(|has| values.contains(has)) {
                    fits = false;
                    let has = has.map_or_else(|| "not known".to_owned(), |has| format!("`{has}`"));
                    let what = format!(
                        "{} has `{term}` {has}, and `{}` is for `{}`",
                        called(entity),
                        self.kind.name,
                        values.join("` or `")
                    );
                    self.wrong(&found.at, what, "take it out of the measure");
                }
            }
            if fits {
                self.write(entity, attributes);
            }
        }
    }

    fn write(&mut self, entity: &Entity, attributes: &BTreeMap<String, Operand>) {
        for (term, operand) in attributes {
            let Some((value, unit)) = self.value(operand) else {
                continue;
            };
            let name = name_in(entity, term);
            let value = like(entity, name.as_str(), value);
            let change = Change::Set(property(name.clone(), (value, unit)));
            self.plan.writes.insert((entity.id.clone(), name), change);
        }
    }

    pub(super) fn fill(&mut self, who: &Who, tags: &Operand) {
        let Some(Argument::Tags(tags)) = self.argument(tags).cloned() else {
            return;
        };
        let found = self.entities(who);
        let mut known = 0;
        for found in found.iter() {
            for (term, value) in &tags {
                if attribute(&found.entity, term).is_some() {
                    known += 1;
                    continue;
                }
                let mut fill = Attribute::property(name(term), value.clone());
                if let (Some(unit), Some(_)) = (unit_of(term), value.as_f64()) {
                    fill = fill.unit_code(unit);
                }
                let key = (found.entity.id.clone(), name(term));
                self.plan.writes.insert(key, Change::Fill(fill));
            }
        }
        if known > 0 {
            let all = found.len() * tags.len();
            self.warn(format!(
                "{known} of {all} tags are recorded already and stay as they are"
            ));
        }
    }

    pub(super) fn remove(&mut self, who: &Who, attributes: &[String]) {
        for found in self.entities(who).iter() {
            for term in attributes {
                // What is not there is claimed all the same: another measure must not bring it back.
                let name = name_in(&found.entity, term);
                self.plan
                    .writes
                    .insert((found.entity.id.clone(), name), Change::Remove);
            }
        }
    }

    pub(super) fn delete(&mut self, who: &Who) {
        for found in self.entities(who).iter() {
            self.plan.deletes.insert(found.entity.id.clone());
        }
    }

    pub(super) fn close(&mut self, who: &Who, attributes: &BTreeMap<String, Operand>) {
        for found in self.entities(who).iter() {
            self.plan.closes.insert(found.entity.id.clone());
            self.write(&found.entity, attributes);
        }
    }

    pub(super) fn scale(&mut self, who: &Who, attributes: &BTreeMap<String, Operand>) {
        for found in self.entities(who).iter() {
            for (term, operand) in attributes {
                let Some(factor) = self.number(operand) else {
                    continue;
                };
                let Some(was) = attribute(&found.entity, term).filter(|it| it.as_f64().is_some()) else {
                    let what = format!("{} has no number `{term}`", called(&found.entity));
                    self.wrong(&found.at, what, format!("give it its `{term}` first"));
                    continue;
                };
                let key = (found.entity.id.clone(), was.name.clone());
                let was = was.clone();
                self.plan.writes.insert(key, Change::Scale { was, factor });
            }
        }
    }

    pub(super) fn relocate(&mut self, who: &Who, to: &Operand) {
        let key = given_at(to);
        let Some(to) = self.position(to) else { return };
        self.in_city(&key, to);
        for found in self.entities(who).iter() {
            let geometry = attribute(&found.entity, "location").and_then(|it| it.as_geometry());
            let moved = match geometry {
                Some(Geometry::Point(_)) => Some(Geometry::Point(geo_types::Point(to))),
                Some(other) => other
                    .centroid()
                    .map(|middle| other.translate(to.x - middle.x(), to.y - middle.y())),
                None => None,
            };
            let Some(moved) = moved else {
                let what = format!("{} has no location", called(&found.entity));
                self.wrong(&found.at, what, "move a place that is somewhere");
                continue;
            };
            let name = name_in(&found.entity, "location");
            let change = Change::Set(Attribute::geo(name.clone(), moved));
            self.plan.writes.insert((found.entity.id.clone(), name), change);
            // Its doors are not where they were.
            if let Some(doors) = attribute(&found.entity, "entrances") {
                let key = (found.entity.id.clone(), doors.name.clone());
                self.plan.writes.insert(key, Change::Remove);
            }
        }
    }
}

/// The key that gives an operand's value.
fn given_at(operand: &Operand) -> String {
    parameter_of(operand).map_or_else(|| "with".to_owned(), |name| format!("with.{name}"))
}

/// The units of tags that are numbers.
fn unit_of(term: &str) -> Option<&'static str> {
    if term == "incline" {
        Some("P1")
    } else if term.ends_with("idth") || term.ends_with("Height") {
        Some("MTR")
    } else {
        None
    }
}

/// A text as a whole number where the entity has one: timetables from other makers say `1` and not `"1"`.
fn like(entity: &Entity, name: &str, value: PropertyValue) -> PropertyValue {
    let now = entity.get(name).map(|attribute| &attribute.value);
    match (now, &value) {
        (Some(Value::Property(PropertyValue::Integer(_))), PropertyValue::Text(text)) => {
            text.parse::<i64>().map_or(value, PropertyValue::Integer)
        }
        _ => value,
    }
}

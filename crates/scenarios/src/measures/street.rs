//! The verb that makes a piece of street, joined to the network.

use std::collections::BTreeMap;

use geo_types::{Coord, LineString};
use indicators::binding::terms::{attribute, is};
use ngsi_ld::{Attribute, Entity};
use serde_json::{Value as Json, json};

use super::city::{SelectError, Vertex, called, made, name, place, type_of};
use super::expand::{Expansion, parameter_of, property};
use crate::catalogue::Operand;
use crate::catalogue::argument::{Argument, Joint};

/// A position is joined to a vertex so near, in metres.
const SNAP_M: f64 = 30.0;
/// How far one looks for the nearest vertex to say how far it is.
const LOOK_M: f64 = 2_000.0;

impl Expansion<'_> {
    pub(super) fn add_street(
        &mut self,
        from: &Operand,
        to: &Operand,
        via: &Operand,
        attributes: &BTreeMap<String, Operand>,
    ) {
        let (from, to) = (self.joint(from), self.joint(to));
        let via: Vec<Coord<f64>> = match self.argument(via) {
            Some(Argument::Line(via)) => via.clone(),
            _ => Vec::new(),
        };
        for (index, position) in via.iter().enumerate() {
            self.in_city(&format!("with.via[{index}]"), *position);
        }
        let (Some(from), Some(to)) = (from, to) else {
            return;
        };
        if from.at == to.at && via.is_empty() {
            let remedy = "give two ends that are apart, or positions in between";
            self.wrong("with.to", "it ends where it begins", remedy);
            return;
        }
        let line: Vec<Coord<f64>> = std::iter::once(from.at)
            .chain(via.iter().copied())
            .chain([to.at])
            .collect();
        let id = made("RoadSegment", &self.measure.name, &[]);
        let mut street = Entity::new(id.clone(), name("RoadSegment"))
            .with(Attribute::geo(name("location"), LineString(line)));
        match (&from.node, &to.node) {
            (Some(first), Some(last)) => {
                let between = (1..=via.len()).map(|number| json!(format!("scenario:{}:{number}", self.measure.name)));
                let nodes: Vec<Json> = std::iter::once(first.clone()).chain(between).chain([last.clone()]).collect();
                street.put(Attribute::property(name("nodes"), Json::Array(nodes)));
            }
            // Streets without the ids of their vertices join where these have the same place.
            (None, None) => {}
            _ => self.warn(format!(
                "`{id}` joins a street that says the ids of its vertices and one that does not; the twin holds two \
                 networks, and it joins the first only where places are the same"
            )),
        }
        for (term, operand) in attributes {
            if let Some(value) = self.value(operand) {
                street.put(property(name(term), value));
            } else if term == "name" {
                let title = self.title().to_owned();
                street.put(Attribute::property(name(term), title));
            }
        }
        self.plan.uses.extend([from.of, to.of]);
        self.plan.creates.insert(id, street);
    }

    fn joint(&mut self, operand: &Operand) -> Option<Vertex> {
        let at = format!("with.{}", parameter_of(operand)?);
        match self.argument(operand).cloned()? {
            Argument::Joint(Joint::Entity(id)) => {
                let Some(entity) = self.city.get(&id) else {
                    self.missing(&at, &id, &["RoadNode".to_owned()]);
                    return None;
                };
                let node = attribute(&entity, "node").and_then(node_of);
                let is_node = entity.types.iter().any(|it| is(it, "RoadNode"));
                if !is_node {
                    let what = format!("{} is a {} and no RoadNode", called(&entity), type_of(&entity));
                    self.wrong(&at, what, "name a RoadNode, a vertex of a street, or a position");
                    return None;
                }
                let Some(position) = place(&entity) else {
                    let what = format!("{} has no location", called(&entity));
                    self.wrong(&at, what, "name a RoadNode that is somewhere, or a position");
                    return None;
                };
                Some(Vertex {
                    at: position,
                    node,
                    of: id,
                })
            }
            Argument::Joint(Joint::Node(node)) => match self.city.vertex(&node) {
                Ok(Some(vertex)) => Some(vertex),
                Ok(None) => {
                    let what = format!("no street has a vertex {node}");
                    self.wrong(
                        &at,
                        what,
                        "give an id that stands in `nodes` of a RoadSegment, or a position",
                    );
                    None
                }
                Err(error) => {
                    self.unread(&error);
                    None
                }
            },
            Argument::Joint(Joint::Position(position)) => self.snapped(&at, position),
            _ => None,
        }
    }

    fn snapped(&mut self, at: &str, position: Coord<f64>) -> Option<Vertex> {
        let nearest = self
            .city
            .nearest_vertex(position, SNAP_M)
            .and_then(|near| match near {
                Some(near) => Ok(Some(near)),
                None => self.city.nearest_vertex(position, LOOK_M),
            });
        match nearest {
            Ok(Some((vertex, metres))) if metres <= SNAP_M => return Some(vertex),
            Ok(Some((vertex, metres))) => {
                let what = format!(
                    "no vertex of a street is within {SNAP_M} m of {}, {}; the nearest, of `{}`, is {metres:.0} m away",
                    position.x, position.y, vertex.of
                );
                let remedy = format!("begin or end at [{}, {}]", vertex.at.x, vertex.at.y);
                self.wrong(at, what, remedy);
            }
            Ok(None) => {
                let what = format!("no street is within {LOOK_M} m of {}, {}", position.x, position.y);
                self.wrong(
                    at,
                    what,
                    "positions are [longitude, latitude]; import the streets first if there are none",
                );
            }
            Err(SelectError::Twin(error)) => self.unread(&error),
            Err(SelectError::NoSuch(_) | SelectError::Nowhere(_)) => {}
        }
        None
    }
}

/// A RoadNode's id among vertices.
fn node_of(attribute: &Attribute) -> Option<Json> {
    match &attribute.value {
        ngsi_ld::Value::Property(value) => Some(value.to_json()),
        ngsi_ld::Value::Json(json) => Some((**json).clone()),
        _ => None,
    }
}

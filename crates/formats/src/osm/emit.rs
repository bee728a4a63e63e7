//! The entities that elements become.

use geo_types::{Coord, Geometry, LineString, MultiPoint, Point};
use ngsi_ld::{Attribute, Entity, Uri, Value};

use super::classify::PlaceClass;
use super::element::{Position, Tags};
use super::keys;
use crate::terms::Terms;

/// A value longer than this is no value of a tag: OpenStreetMap allows 255 signs.
const MAX_VALUE: usize = 2_000;

/// The attributes of the tags that are kept.
fn put_tags(entity: &mut Entity, terms: &mut Terms, tags: &Tags<'_>) {
    for (key, value) in &tags.0 {
        let value = value.trim();
        if let Some(term) = keys::term(key)
            && !value.is_empty()
            && value.len() <= MAX_VALUE
        {
            entity.put(terms.property(term, value));
        }
    }
}

fn entity(terms: &mut Terms, entity_type: &str, local: &str) -> Entity {
    Entity::new(
        Uri::ngsi_ld(entity_type, &format!("osm:{local}")),
        terms.name(entity_type),
    )
}

fn location(terms: &mut Terms, term: &str, geometry: Geometry<f64>) -> Attribute {
    Attribute::new(
        terms.name(term),
        Value::Geo(ngsi_ld::GeoValue::from(geometry).into()),
    )
}

/// A piece of a street: `local` is `w<id>`, and `w<id>:2` … of further pieces of a way that the file cuts.
pub(super) fn segment(terms: &mut Terms, local: &str, piece: &[(i64, Position)], tags: &Tags<'_>) -> Entity {
    let mut entity = entity(terms, "RoadSegment", local);
    put_tags(&mut entity, terms, tags);
    let line: LineString<f64> = piece.iter().map(|(_, position)| position.coord()).collect();
    entity.put(location(terms, "location", Geometry::LineString(line)));
    let nodes: Vec<serde_json::Value> = piece.iter().map(|(id, _)| (*id).into()).collect();
    entity.put(terms.property("nodes", serde_json::Value::Array(nodes)));
    entity
}

/// A node of a street that says something.
pub(super) fn road_node(terms: &mut Terms, id: i64, position: Position, tags: &Tags<'_>) -> Entity {
    let mut entity = entity(terms, "RoadNode", &format!("n{id}"));
    put_tags(&mut entity, terms, tags);
    entity.put(location(
        terms,
        "location",
        Geometry::Point(Point(position.coord())),
    ));
    entity.put(terms.property("node", id));
    entity
}

/// A place: `local` is `n<id>`, `w<id>` or `r<id>`.
pub(super) fn place(
    terms: &mut Terms,
    local: &str,
    class: &PlaceClass,
    geometry: Geometry<f64>,
    entrances: &[Coord<f64>],
    tags: &Tags<'_>,
) -> Entity {
    let mut entity = entity(terms, class.sort.entity_type(), local);
    put_tags(&mut entity, terms, tags);
    entity.put(terms.property("category", class.category.as_str()));
    entity.put(location(terms, "location", geometry));
    if !entrances.is_empty() {
        let points = MultiPoint(entrances.iter().map(|at| Point(*at)).collect());
        entity.put(location(terms, "entrances", Geometry::MultiPoint(points)));
    }
    entity
}

/// An administrative area: `level` is the city's word for it, `admin_level` OpenStreetMap's number.
pub(super) fn area(
    terms: &mut Terms,
    id: i64,
    level: &str,
    admin_level: u8,
    geometry: Geometry<f64>,
    tags: &Tags<'_>,
) -> Entity {
    let mut entity = entity(terms, "AdministrativeArea", &format!("r{id}"));
    let name = tags
        .get("name")
        .map_or_else(|| format!("relation {id}"), str::to_owned);
    entity.put(terms.property("name", name));
    let code = ["ref", "ISO3166-2", "ref:INSEE", "de:amtlicher_gemeindeschluessel"]
        .iter()
        .find_map(|key| tags.get(key));
    if let Some(code) = code.filter(|code| !code.is_empty()) {
        entity.put(terms.property("code", code));
    }
    entity.put(terms.property("administrativeLevel", level));
    entity.put(terms.property("adminLevel", admin_level.to_string()));
    entity.put(location(terms, "location", geometry));
    let source: serde_json::Map<String, serde_json::Value> = tags
        .0
        .iter()
        .filter(|(_, value)| value.len() <= MAX_VALUE)
        .map(|(key, value)| ((*key).to_owned(), (*value).into()))
        .collect();
    entity.put(terms.json("sourceProperties", source.into()));
    entity
}

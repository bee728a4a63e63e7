//! The city's boundary and the areas within it.

use std::collections::BTreeMap;

use geo_types::{Coord, MultiPolygon};
use ngsi_ld::{Entity, Value};
use query::View;
use twin::Reader;

use super::terms::{attribute, scan, text, text_of};
use crate::calculation::transport_convenience::bounds;
use crate::geometry::areas::polygons;

/// An area within the city.
#[derive(Clone, Debug)]
pub struct Area {
    /// The entity.
    pub id: ngsi_ld::Uri,
    /// Its name.
    pub name: String,
    /// Its code, where it has one.
    pub code: Option<String>,
    /// Its level in lower case, where it says it: `district`, `ward`, `10`.
    pub level: Option<String>,
}

/// The city's boundary and its areas.
#[derive(Clone, Debug, Default)]
pub struct Boundary {
    /// The city is the union of these.
    pub city: Vec<MultiPolygon<f64>>,
    /// The areas within it, and their polygons in the same order.
    pub areas: Vec<Area>,
    /// The polygons of the areas, in their order.
    pub area_polygons: Vec<MultiPolygon<f64>>,
    /// How many entities the city's boundary is made of.
    pub city_areas: usize,
    /// The name of the city, where its boundary says it.
    pub city_name: Option<String>,
    /// Areas without a polygon.
    pub without_polygon: usize,
}

/// Levels of an area that is a city as a whole.
const CITY_LEVELS: [&str; 6] = [
    "city",
    "municipality",
    "town",
    "metropolis",
    "commune",
    "urban area",
];
/// Properties by which the areas of a city may name what they belong to, the nearest first.
const PARENTS: [&str; 6] = ["city", "municipality", "town", "commune", "county", "district"];

struct Found {
    area: Area,
    polygons: MultiPolygon<f64>,
    parents: BTreeMap<usize, String>,
}

/// Gathers boundary and areas.
pub fn gather(reader: &dyn Reader, view: &View) -> Result<Boundary, twin::Error> {
    let mut boundary = Boundary::default();
    let mut found = Vec::new();
    scan(reader, view, "AdministrativeArea", &mut |entity| {
        let polygons = attribute(entity, "location")
            .and_then(|a| a.as_geometry())
            .map(polygons);
        match polygons.filter(|polygons| !polygons.0.is_empty()) {
            None => boundary.without_polygon += 1,
            Some(polygons) => found.push(Found {
                area: Area {
                    id: entity.id.clone(),
                    name: text_of(entity, "name").unwrap_or_else(|| entity.id.local().to_owned()),
                    code: ["code", "areaCode", "alternateName"]
                        .iter()
                        .find_map(|term| text_of(entity, term)),
                    level: ["administrativeLevel", "level", "adminLevel"]
                        .iter()
                        .find_map(|term| text_of(entity, term))
                        .map(|level| level.to_lowercase()),
                },
                polygons,
                parents: parents(entity),
            }),
        }
    })?;
    // The order of the twin's answer is that of creation; by name is for people.
    found.sort_by(|a, b| {
        a.area
            .name
            .cmp(&b.area.name)
            .then_with(|| a.area.id.cmp(&b.area.id))
    });
    let is_city = |found: &Found| {
        found
            .area
            .level
            .as_deref()
            .is_some_and(|level| CITY_LEVELS.contains(&level))
    };
    let (city, areas): (Vec<_>, Vec<_>) = found.into_iter().partition(is_city);
    boundary.city_name = match city.as_slice() {
        [] => common_parent(&areas),
        [one] => Some(one.area.name.clone()),
        several => common_parent(several),
    };
    boundary.areas = areas.iter().map(|found| found.area.clone()).collect();
    boundary.area_polygons = areas.into_iter().map(|found| found.polygons).collect();
    boundary.city = if city.is_empty() {
        boundary.area_polygons.clone()
    } else {
        city.into_iter().map(|found| found.polygons).collect()
    };
    boundary.city_areas = boundary.city.len();
    Ok(boundary)
}

impl Boundary {
    /// The middle of the city's bounding box, in degrees.
    pub fn centre(&self) -> Option<Coord<f64>> {
        bounds(&self.city).centre()
    }
}

/// What an area says it belongs to, by the rank of the property that says it.
fn parents(entity: &Entity) -> BTreeMap<usize, String> {
    let mut parents = BTreeMap::new();
    let mut look = |key: &str, value: Option<String>| {
        let key = key.to_lowercase();
        if let (Some(rank), Some(value)) = (PARENTS.iter().position(|parent| key.starts_with(parent)), value)
            && !key.contains("code")
            && value.chars().any(char::is_alphabetic)
        {
            parents.entry(rank).or_insert(value);
        }
    };
    for attribute in &entity.attributes {
        look(attribute.name.short(), text(attribute));
        let object = match &attribute.value {
            Value::Json(json) | Value::Property(ngsi_ld::PropertyValue::Structured(json)) => json.as_object(),
            _ => None,
        };
        for (key, value) in object.into_iter().flatten() {
            // The address of Smart Data Models calls the city a locality.
            let key = if key == "addressLocality" { "city" } else { key };
            look(key, value.as_str().map(str::to_owned));
        }
    }
    parents
}

/// What every area belongs to, the nearest kind of parent first; names in capitals become names.
fn common_parent(areas: &[Found]) -> Option<String> {
    let (first, rest) = areas.split_first()?;
    first
        .parents
        .iter()
        .find(|(rank, name)| rest.iter().all(|area| area.parents.get(*rank) == Some(*name)))
        .map(|(_, name)| title_case(name))
}

fn title_case(name: &str) -> String {
    if name.chars().any(char::is_lowercase) {
        return name.to_owned();
    }
    let mut start = true;
    let mut result = String::with_capacity(name.len());
    for c in name.chars() {
        if start {
            result.push(c);
        } else {
            result.extend(c.to_lowercase());
        }
        start = !c.is_alphabetic() && c != '\'';
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_capitals_become_names() {
        assert_eq!(title_case("NAIROBI"), "Nairobi");
        assert_eq!(title_case("DAR ES-SALAAM"), "Dar Es-Salaam");
        assert_eq!(title_case("La Paz"), "La Paz");
        assert_eq!(title_case("القاهرة"), "القاهرة");
    }
}

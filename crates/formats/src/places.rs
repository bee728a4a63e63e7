//! Places from points and polygons of GeoJSON, GeoPackage or Shapefile: one `PointOfInterest` entity each.
//!
//! Attributes of the entity: `name`, `category`, `location`, `vintage` where the year is known,
//! `sourceProperties` (a JsonProperty: all properties as they were). Its id holds the file's name without
//! extension, so that two files with the same numbers do not meet, and the feature's id or code.

use geo::CoordsIter;
use ngsi_ld::{Attribute, Entity, Uri, Value};
use serde_json::{Map, Value as Json};

use crate::features::{self, Feature, Refused, find, text};
use crate::file::InputFile;
use crate::import::{ImportError, Session};
use crate::kind::Kind;

const NAMES: [&str; 12] = [
    "name",
    "f_name",
    "facility_name",
    "facilityname",
    "facility_n",
    "school_name",
    "official_name",
    "poi_name",
    "place_name",
    "title",
    "label",
    "name_en",
];
const CATEGORIES: [&str; 14] = [
    "category",
    "amenity",
    "facility_type",
    "f_type",
    "healthcare",
    "type",
    "poi_type",
    "subtype",
    "class",
    "shop",
    "leisure",
    "tourism",
    "office",
    "kind",
];
const CODES: [&str; 9] = [
    "code",
    "facility_code",
    "mfl_code",
    "osm_id",
    "id",
    "gid",
    "fid",
    "objectid",
    "uuid",
];

pub(crate) fn read(file: &InputFile, session: &mut Session<'_>) -> Result<(), ImportError> {
    let stem = file.stem();
    features::read(Kind::Places, file, session, &mut |session, feature, year| {
        place(session, feature, stem, year)
    })
}

fn place(
    session: &mut Session<'_>,
    feature: &Feature,
    stem: &str,
    year: Option<&str>,
) -> Result<(Entity, usize), Refused> {
    let options = session.options;
    let properties = &feature.properties;
    let name = match &options.name_property {
        Some(key) => find(properties, &[key]),
        None => find(properties, &NAMES).or_else(|| {
            let key = properties
                .keys()
                .find(|key| key.to_lowercase().ends_with("name"))?;
            find(properties, &[key])
        }),
    };
    let what = format!(
        "feature {} {}",
        feature.number,
        name.as_ref().map_or("", |name| &name.text)
    );
    let what = what.trim().to_owned();
    let value = feature
        .geometry()
        .map_err(|bad| (Some("geometry"), what.clone(), bad.why, bad.remedy.to_owned()))?;
    if let geo_types::Geometry::Point(point) = value.geometry
        && point.x() == 0.0
        && point.y() == 0.0
    {
        let why =
            "it lies at 0, 0 in the Gulf of Guinea, which stands for a place that is not known".to_owned();
        return Err((
            Some("geometry"),
            what,
            why,
            "give its longitude and latitude, or leave it out".to_owned(),
        ));
    }
    let code = match &options.code_property {
        Some(key) => {
            let code = find(properties, &[key]).ok_or_else(|| {
                let why = format!("it has no property `{key}`");
                (
                    Some("properties"),
                    what,
                    why,
                    "give every feature a code".to_owned(),
                )
            })?;
            Some(code.text)
        }
        None => feature
            .id
            .clone()
            .or_else(|| find(properties, &CODES).map(|code| code.text)),
    };
    let local = format!(
        "{stem}:{}",
        code.unwrap_or_else(|| format!("feature-{}", feature.number))
    );
    let entity_type = options.entity_type.as_deref().unwrap_or("PointOfInterest");
    let weight = value.geometry.coords_count();
    let category = category(
        properties,
        options.category.as_deref(),
        options.category_property.as_deref(),
    );
    let terms = &mut session.terms;
    let type_name = terms.name(entity_type);
    let mut entity = Entity::new(Uri::ngsi_ld(type_name.short(), &local), type_name.clone());
    if let Some(name) = name {
        entity.put(terms.property("name", name.text));
    }
    if let Some(category) = category {
        entity.put(terms.property("category", category));
    }
    entity.put(Attribute::new(terms.name("location"), Value::Geo(value.into())));
    if let Some(year) = year {
        entity.put(terms.property("vintage", year));
    }
    entity.put(terms.json("sourceProperties", properties.clone().into()));
    Ok((entity, weight))
}

/// The category: as the user says, else by a property. The number codes of Kenya's list of health facilities
/// (`F_TYPE` beside `HMIS_`) become words.
fn category(properties: &Map<String, Json>, given: Option<&str>, key: Option<&str>) -> Option<String> {
    if let Some(given) = given {
        return Some(given.to_owned());
    }
    if let Some(key) = key {
        return find(properties, &[key]).map(|found| found.text);
    }
    if properties.contains_key("HMIS_")
        && let Some(code) = properties.get("F_TYPE").and_then(text)
    {
        let word = match code.as_str() {
            "1" => "hospital",
            "2" => "national hospital",
            "3" => "health centre",
            "4" => "dispensary",
            _ => return Some(code),
        };
        return Some(word.to_owned());
    }
    find(properties, &CATEGORIES).map(|found| found.text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn categories_are_found() {
        let of = |json: &Json| category(json.as_object().unwrap(), None, None);
        assert_eq!(
            of(&json!({"F_TYPE": 4, "HMIS_": null})),
            Some("dispensary".into())
        );
        assert_eq!(
            of(&json!({"amenity": "clinic", "type": "node"})),
            Some("clinic".into())
        );
        assert_eq!(of(&json!({"x": 1})), None);
        assert_eq!(
            category(json!({"a": "b"}).as_object().unwrap(), None, Some("A")),
            Some("b".into())
        );
    }
}

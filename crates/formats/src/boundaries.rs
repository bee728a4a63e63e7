//! Administrative areas from polygons of GeoJSON, GeoPackage or Shapefile: one `AdministrativeArea` entity each.
//!
//! Attributes of the entity: `name`, `code`, `administrativeLevel` (`ward`, `county` …), `location` (Polygon or
//! MultiPolygon), `vintage` where the year is known, `sourceProperties` (a JsonProperty: all properties as they
//! were). Its id holds the level and the code: `urn:ngsi-ld:AdministrativeArea:ward:1366`.

use geo::CoordsIter;
use geo_types::Geometry;
use ngsi_ld::{Attribute, Entity, Uri, Value};

use crate::features::{self, Feature, Found, Refused, find, find_level};
use crate::file::InputFile;
use crate::import::{ImportError, Session};
use crate::kind::Kind;

pub(crate) fn read(file: &InputFile, session: &mut Session<'_>) -> Result<(), ImportError> {
    features::read(Kind::Boundaries, file, session, &mut area)
}

fn area(
    session: &mut Session<'_>,
    feature: &Feature,
    year: Option<&str>,
) -> Result<(Entity, usize), Refused> {
    let options = session.options;
    let properties = &feature.properties;
    let found = match &options.name_property {
        Some(key) => find(properties, &[key]).map(|name| (None, name, None)),
        None => find_level(properties).or_else(|| {
            find(properties, &["name", "title", "label", "official_name"]).map(|name| (None, name, None))
        }),
    };
    let what = |name: &str| format!("feature {} {name}", feature.number).trim().to_owned();
    let Some((level, name, code)) = found else {
        let keys: Vec<&str> = properties.keys().map(String::as_str).collect();
        let why = match &options.name_property {
            Some(key) => format!("it has no property `{key}`; it has {}", keys.join(", ")),
            None => format!("no property with its name was found among {}", keys.join(", ")),
        };
        let remedy = "name the property that holds the name: --name-property NAME".to_owned();
        return Err((Some("properties"), what(""), why, remedy));
    };
    let code: Option<Found> = match &options.code_property {
        Some(key) => find(properties, &[key]),
        None => code.or_else(|| {
            find(
                properties,
                &["code", "id", "pcode", "gid", "fid", "objectid", "osm_id"],
            )
        }),
    };
    let value = feature
        .geometry()
        .map_err(|bad| (Some("geometry"), what(&name.text), bad.why, bad.remedy.to_owned()))?;
    if !matches!(value.geometry, Geometry::Polygon(_) | Geometry::MultiPolygon(_)) {
        let why = "its geometry is a point, and an area needs a polygon".to_owned();
        return Err((
            Some("geometry"),
            what(&name.text),
            why,
            "import points as `places`".to_owned(),
        ));
    }
    let level = options.level.clone().or(level);
    let key = code
        .as_ref()
        .map(|code| code.text.as_str())
        .or(feature.id.as_deref())
        .unwrap_or(&name.text);
    let local = level
        .as_ref()
        .map_or_else(|| key.to_owned(), |level| format!("{level}:{key}"));
    let weight = value.geometry.coords_count();
    let terms = &mut session.terms;
    let mut entity = Entity::new(
        Uri::ngsi_ld("AdministrativeArea", &local),
        terms.name("AdministrativeArea"),
    );
    entity.put(terms.property("name", name.text));
    if let Some(code) = code {
        entity.put(terms.property("code", code.text));
    }
    if let Some(level) = level {
        entity.put(terms.property("administrativeLevel", level));
    }
    entity.put(Attribute::new(terms.name("location"), Value::Geo(value.into())));
    if let Some(year) = year {
        entity.put(terms.property("vintage", year));
    }
    entity.put(terms.json("sourceProperties", properties.clone().into()));
    Ok((entity, weight))
}

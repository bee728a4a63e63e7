//! Features of a GeoJSON file (RFC 7946), each read by itself and its geometry checked.

mod crossing;
mod geometry;
mod properties;

use std::collections::HashSet;

use ngsi_ld::GeoValue;
use serde_json::{Map, Value as Json};

use crate::file::InputFile;
use crate::import::{ImportError, Place, Session};
use crate::json_stream::{Document, Shape};

pub(crate) use crossing::find as crossing;
pub(crate) use geometry::{BadGeometry, read as read_geometry};
pub(crate) use properties::{Found, find, find_level, text};

/// A feature that could be read.
pub(crate) struct Feature {
    pub(crate) id: Option<String>,
    pub(crate) properties: Map<String, Json>,
    pub(crate) geometry: Json,
    /// Its number in the file, from 1.
    pub(crate) number: u64,
}

/// What is done with each feature: makes the entity, or says why not (column, what, why, remedy).
pub(crate) type Refused = (Option<&'static str>, String, String, String);

/// Makes an entity and its weight in coordinates of a feature.
pub(crate) type Take<'a> =
    dyn FnMut(&mut Session<'_>, Feature) -> Result<(ngsi_ld::Entity, usize), Refused> + 'a;

const REMEDY: &str =
    "give GeoJSON (RFC 7946): a FeatureCollection, longitude before latitude, in degrees of WGS 84";

/// Reads every feature of a file and gives what `take` makes of it to the sink. Returns how many were
/// read and how many refused.
pub(crate) fn features(
    file: &InputFile,
    session: &mut Session<'_>,
    take: &mut Take<'_>,
) -> Result<(u64, u64), ImportError> {
    session.tell(&file.name);
    let document = Document::open(file, session, REMEDY)?;
    match &document.shape {
        Shape::Features(members) => check_crs(file, members)?,
        Shape::Object(members) => {
            if members.get("type").and_then(Json::as_str) != Some("Feature") {
                let kind = members.get("type").and_then(Json::as_str).unwrap_or("none");
                let why = format!("it is no FeatureCollection (its type is `{kind}`)");
                return Err(ImportError::file(&file.name, why, REMEDY));
            }
            check_crs(file, members)?;
        }
        Shape::Array | Shape::Lines => {}
    }
    let mut ids: HashSet<ngsi_ld::Uri> = HashSet::new();
    let mut number = 0;
    let before = session.report.refused_count;
    let mut elements = document.elements().map_err(ImportError::read(&file.name))?;
    while let Some(element) = elements.next().map_err(ImportError::read(&file.name))? {
        number += 1;
        session.count(&file.name, "features", 1);
        let place = Place {
            file: file.name.as_str().into(),
            line: Some(element.line),
        };
        let what = || format!("feature {number}");
        match element.text.and_then(|text| parse(&text, number)) {
            Err(why) => {
                session.refuse(place.refusal(None, what(), why, "mend the feature or leave it out"))?;
            }
            Ok(feature) => match take(session, feature) {
                Ok((entity, weight)) => {
                    if ids.insert(entity.id.clone()) {
                        session.put(entity, place, weight)?;
                    } else {
                        let why = format!("an earlier feature gave the same id {}", entity.id);
                        let remedy = "give each feature a code of its own, or name the property that holds it with \
                                      --code-property";
                        session.refuse(place.refusal(None, what(), why, remedy))?;
                    }
                }
                Err((column, what, why, remedy)) => {
                    session.refuse(place.refusal(column, what, why, remedy))?;
                }
            },
        }
    }
    Ok((number, session.report.refused_count - before))
}

fn parse(text: &[u8], number: u64) -> Result<Feature, String> {
    let json: Json = serde_json::from_slice(text).map_err(|error| format!("it cannot be read: {error}"))?;
    let Json::Object(mut feature) = json else {
        return Err("it is not an object".to_owned());
    };
    if feature.get("type").and_then(Json::as_str) != Some("Feature") {
        return Err("its type is not `Feature`".to_owned());
    }
    let id = feature.remove("id").as_ref().and_then(properties::text);
    let properties = match feature.remove("properties") {
        Some(Json::Object(properties)) => properties,
        _ => Map::new(),
    };
    Ok(Feature {
        id,
        properties,
        geometry: feature.remove("geometry").unwrap_or(Json::Null),
        number,
    })
}

/// GeoJSON of 2008 could name a coordinate system.
fn check_crs(file: &InputFile, members: &Map<String, Json>) -> Result<(), ImportError> {
    let Some(crs) = members.get("crs").filter(|crs| !crs.is_null()) else {
        return Ok(());
    };
    let name = crs
        .pointer("/properties/name")
        .and_then(Json::as_str)
        .unwrap_or("of its own");
    let code = name.rsplit(':').next().unwrap_or(name);
    if matches!(code, "CRS84" | "4326" | "OGC" | "WGS84") {
        return Ok(());
    }
    let name = if name.contains("EPSG") {
        format!("EPSG:{code}")
    } else {
        name.to_owned()
    };
    Err(ImportError::file(
        &file.name,
        format!("it is in the coordinate system {name}, not in degrees of WGS 84 (EPSG:4326)"),
        "reproject it: `ogr2ogr -t_srs EPSG:4326 out.geojson in.geojson`",
    ))
}

impl Feature {
    /// The geometry, checked.
    pub(crate) fn geometry(&self) -> Result<GeoValue, BadGeometry> {
        read_geometry(&self.geometry)
    }
}

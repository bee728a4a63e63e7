//! Features of a GeoJSON file (RFC 7946; the `crs` member of GeoJSON 2008 is understood).

use serde_json::{Map, Value as Json};

use super::{CONVERT, Feature, Source, Take, properties};
use crate::file::InputFile;
use crate::import::{ImportError, Session};
use crate::json_stream::{Document, Shape};
use crate::projection::{Crs, UnknownCrs, choose};

const REMEDY: &str = "give GeoJSON (RFC 7946): a FeatureCollection, longitude before latitude, in degrees of WGS 84; or a \
                      GeoPackage, or a Shapefile";

/// Reads every feature.
pub(super) fn read(
    file: &InputFile,
    session: &mut Session<'_>,
    take: &mut Take<'_>,
) -> Result<(), ImportError> {
    let document = Document::open(file, session, REMEDY)?;
    let stated = match &document.shape {
        Shape::Features(members) => stated(members),
        Shape::Object(members) => {
            if members.get("type").and_then(Json::as_str) != Some("Feature") {
                let kind = members.get("type").and_then(Json::as_str).unwrap_or("none");
                let why = format!("it is no FeatureCollection (its type is `{kind}`)");
                return Err(ImportError::file(&file.name, why, REMEDY));
            }
            stated(members)
        }
        Shape::Array | Shape::Lines => Ok(None),
    };
    let crs = choose(&file.name, stated, session, CONVERT)?.unwrap_or_default();
    let mut number = 0;
    let mut elements = document.elements().map_err(ImportError::read(&file.name))?;
    while let Some(element) = elements.next().map_err(ImportError::read(&file.name))? {
        number += 1;
        let feature = element.text.and_then(|text| parse(&text, number, &crs));
        take(session, Some(element.line), feature)?;
    }
    Ok(())
}

fn parse(text: &[u8], number: u64, crs: &Crs) -> Result<Feature, String> {
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
        number,
        geometry: Source::GeoJson(feature.remove("geometry").unwrap_or(Json::Null)),
        crs: crs.clone(),
    })
}

/// GeoJSON of 2008 could name a coordinate system. Its positions are east before north all the same.
fn stated(members: &Map<String, Json>) -> Result<Option<Crs>, UnknownCrs> {
    let Some(crs) = members.get("crs").filter(|crs| !crs.is_null()) else {
        return Ok(None);
    };
    let named = crs
        .pointer("/properties/name")
        .or_else(|| crs.pointer("/properties/code"));
    match named {
        Some(Json::String(name)) => Crs::from_name(name).map(Some),
        Some(Json::Number(code)) => Crs::from_name(&code.to_string()).map(Some),
        _ => Err(UnknownCrs {
            name: "of its `crs` member".to_owned(),
            why: "the member has no name".to_owned(),
        }),
    }
}

//! `/map/features.geojson` and `/map/features.csv`: what the map page shows, for the interactive map and to take
//! away. Read from the twin, through the view of who asks.

use std::fmt::Write as _;

use axum::extract::State;
use axum::http::header::{self, HeaderValue};
use axum::response::{IntoResponse, Response};
use geo::Centroid;
use geo_types::{Coord, Geometry, LineString, Polygon};
use ngsi_ld::Entity;
use serde_json::{Map, Value as Json};
use twin::Reader;

use super::describe::{Shown, label_of, name_of};
use super::language::Language;
use super::layers::weight;
use super::place_query::{PlaceQuery, key_of, place_of};
use super::respond::{self, Failure};
use super::visit::Visit;
use super::{App, read};

/// More features than these make a browser slow; the answer and the page say how many there are.
pub(crate) const MOST: usize = 20_000;

/// `GET /map/features.geojson?type=…&attribute=…&value=…[&all=1]`: with `all`, every value and no limit.
pub(crate) async fn geojson(State(_app): State<App>, visit: Visit) -> Result<Response, Failure> {
    read(visit, |visit| {
        let query = PlaceQuery::of(visit, &visit.twin.types(&visit.view));
        let everything = visit.parameter("all").is_some();
        let places =
            query.run(&visit.twin, &visit.view, visit.language).map_err(|e| Failure::from_twin(visit, &e))?;
        let matched = places.found.len();
        let chosen = places.at_most(if everything { usize::MAX } else { MOST });
        let mut body = String::with_capacity(chosen.len() * 160);
        let _ = write!(
            body,
            "{{\"type\":\"FeatureCollection\",\"numberMatched\":{matched},\"numberReturned\":{},\"features\":[",
            chosen.len()
        );
        for (index, (_, entity)) in chosen.iter().enumerate() {
            if index > 0 {
                body.push(',');
            }
            feature(&mut body, entity, visit.language, everything);
        }
        body.push_str("]}");
        if everything {
            return Ok(respond::file("application/geo+json", "city.geojson", body));
        }
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("application/geo+json")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        ];
        Ok((headers, body).into_response())
    })
    .await
}

/// `GET /map/features.csv`: one row for each entity, one column for each attribute.
pub(crate) async fn csv(State(_app): State<App>, visit: Visit) -> Result<Response, Failure> {
    read(visit, |visit| {
        let query = PlaceQuery::of(visit, &visit.twin.types(&visit.view));
        let places = query
            .run(&visit.twin, &visit.view, visit.language)
            .map_err(|e| Failure::from_twin(visit, &e))?;
        let mut columns: Vec<&str> = Vec::new();
        for (_, entity) in &places.found {
            for attribute in &entity.attributes {
                let short = attribute.name.short();
                if attribute.as_geometry().is_none() && !columns.contains(&short) && columns.len() < 200 {
                    columns.push(short);
                }
            }
        }
        let mut body = String::from("id,type,longitude,latitude");
        for column in &columns {
            body.push(',');
            cell(&mut body, column);
        }
        body.push_str("\r\n");
        for (_, entity) in &places.found {
            let Some((type_name, geometry)) = place_of(entity) else {
                continue;
            };
            cell(&mut body, entity.id.as_str());
            body.push(',');
            cell(&mut body, type_name.short());
            let centre = geometry.centroid();
            let _ = match centre {
                Some(at) => write!(body, ",{:.6},{:.6}", at.x(), at.y()),
                None => write!(body, ",,"),
            };
            for column in &columns {
                body.push(',');
                let value = entity.attributes.iter().find(|a| a.name.short() == *column);
                if let Some(attribute) = value {
                    let text = match attribute.as_f64() {
                        Some(number) => number.to_string(),
                        None => Shown::of(attribute, Language::ENGLISH).into_line(),
                    };
                    cell(&mut body, &text);
                }
            }
            body.push_str("\r\n");
        }
        Ok(respond::file("text/csv; charset=utf-8", "city.csv", body))
    })
    .await
}

/// One cell of a CSV file (RFC 4180). A text that a spreadsheet would take for a formula gets an apostrophe.
pub(crate) fn cell(row: &mut String, text: &str) {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
    let text = if formula {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if text.contains(['"', ',', '\n', '\r']) {
        let _ = write!(row, "\"{}\"", text.replace('"', "\"\""));
    } else {
        row.push_str(&text);
    }
}

fn feature(body: &mut String, entity: &Entity, language: Language, everything: bool) {
    let Some((type_name, geometry)) = place_of(entity) else {
        return;
    };
    let mut properties = Map::new();
    properties.insert("id".into(), entity.id.as_str().into());
    if everything {
        properties.insert("type".into(), type_name.short().into());
        properties.insert("name".into(), label_of(entity, language).into());
        for attribute in &entity.attributes {
            let short = attribute.name.short();
            if attribute.as_geometry().is_some() || properties.contains_key(short) {
                continue;
            }
            let value = match &attribute.value {
                ngsi_ld::Value::Property(value) => value.to_json(),
                _ => Json::from(Shown::of(attribute, language).into_line()),
            };
            properties.insert(short.to_owned(), value);
        }
    } else {
        properties.insert("t".into(), key_of(entity).unwrap_or_default().into());
        if let Some(name) = name_of(entity, language) {
            properties.insert("n".into(), name.into());
        }
        let weight = weight(entity);
        if (weight - 1.0).abs() > 1e-9 {
            properties.insert("w".into(), Json::from(weight));
        }
        let height = entity
            .attributes
            .iter()
            .find(|a| matches!(a.name.short(), "height" | "buildingHeight"));
        if let Some(height) = height
            .and_then(ngsi_ld::Attribute::as_f64)
            .filter(|h| h.is_finite())
        {
            properties.insert("h".into(), Json::from(height.clamp(0.0, 1000.0)));
        }
    }
    let _ = write!(
        body,
        "{{\"type\":\"Feature\",\"properties\":{},\"geometry\":",
        Json::Object(properties)
    );
    write_geometry(body, geometry);
    body.push('}');
}

/// GeoJSON (RFC 7946) with six decimals: a tenth of a metre.
fn write_geometry(body: &mut String, geometry: &Geometry<f64>) {
    match geometry {
        Geometry::Point(point) => shape(body, "Point", |body| position(body, point.0)),
        Geometry::MultiPoint(points) => shape(body, "MultiPoint", |body| {
            list(body, &points.0, |body, point| position(body, point.0));
        }),
        Geometry::LineString(line) => shape(body, "LineString", |body| positions(body, line)),
        Geometry::MultiLineString(lines) => {
            shape(body, "MultiLineString", |body| list(body, &lines.0, positions));
        }
        Geometry::Polygon(polygon) => shape(body, "Polygon", |body| rings(body, polygon)),
        Geometry::MultiPolygon(polygons) => {
            shape(body, "MultiPolygon", |body| list(body, &polygons.0, rings));
        }
        Geometry::GeometryCollection(parts) => {
            body.push_str("{\"type\":\"GeometryCollection\",\"geometries\":");
            list(body, &parts.0, write_geometry);
            body.push('}');
        }
        Geometry::Rect(rect) => shape(body, "Polygon", |body| rings(body, &rect.to_polygon())),
        Geometry::Triangle(triangle) => shape(body, "Polygon", |body| rings(body, &triangle.to_polygon())),
        Geometry::Line(line) => shape(body, "LineString", |body| {
            list(body, &[line.start, line.end], |b, c| {
                position(b, *c);
            });
        }),
    }
}

fn shape(body: &mut String, kind: &str, coordinates: impl FnOnce(&mut String)) {
    let _ = write!(body, "{{\"type\":\"{kind}\",\"coordinates\":");
    coordinates(body);
    body.push('}');
}

fn list<T>(body: &mut String, items: &[T], mut write: impl FnMut(&mut String, &T)) {
    body.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            body.push(',');
        }
        write(body, item);
    }
    body.push(']');
}

fn positions(body: &mut String, line: &LineString<f64>) {
    list(body, &line.0, |body, at| position(body, *at));
}

fn rings(body: &mut String, polygon: &Polygon<f64>) {
    body.push('[');
    positions(body, polygon.exterior());
    for ring in polygon.interiors() {
        body.push(',');
        positions(body, ring);
    }
    body.push(']');
}

fn position(body: &mut String, at: Coord<f64>) {
    let round = |value: f64| (value * 1e6).round() / 1e6;
    let _ = write!(body, "[{},{}]", round(at.x), round(at.y));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn geometries_are_written_as_the_language_reads_them() {
        use geo_types::{MultiPolygon, polygon};
        let square = polygon![
            exterior: [(x: 0.0, y: 0.0), (x: 4.0, y: 0.0), (x: 4.0, y: 4.0), (x: 0.0, y: 0.0)],
            interiors: [[(x: 1.0, y: 0.5), (x: 2.0, y: 0.5), (x: 2.0, y: 1.0), (x: 1.0, y: 0.5)]],
        ];
        for geometry in [
            Geometry::Point((36.8, -1.28).into()),
            Geometry::LineString(vec![(0.0, 1.0), (2.0, 3.0)].into()),
            Geometry::MultiPoint(vec![(0.0, 1.0), (2.0, 3.0)].into()),
            Geometry::Polygon(square.clone()),
            Geometry::MultiPolygon(MultiPolygon(vec![square])),
        ] {
            let mut body = String::new();
            write_geometry(&mut body, &geometry);
            let json: Json = serde_json::from_str(&body).unwrap();
            let read = ngsi_ld::geojson::from_json(&json).unwrap();
            assert_eq!(read.geometry, geometry);
        }
    }

    #[test]
    fn a_cell_is_no_formula() {
        let mut row = String::new();
        for text in ["a", "=1+1", "-3.5", "-x", "a,\"b\""] {
            cell(&mut row, text);
            row.push('|');
        }
        assert_eq!(row, "a|'=1+1|-3.5|'-x|\"a,\"\"b\"\"\"|");
    }
}

//! Places that a question is about: given as points, or the middles of the city's areas.

use geo::Centroid as _;
use geo_types::MultiPolygon;
use query::View;
use sim_access::Position;
use twin::Reader;

use crate::model::Model;

/// A place by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The entity's id, or what the caller calls it.
    pub id: String,
    /// For people.
    pub name: String,
    /// Where it is; of an area or a building its middle.
    pub at: Position,
}

/// Text that is no point.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no place; give longitude,latitude in degrees, as in 9.5209,47.1410")]
pub struct PointError {
    text: String,
}

/// Reads `lon,lat`.
///
/// # Errors
/// It is not two numbers, or no place in WGS 84.
pub fn point(text: &str) -> Result<Position, PointError> {
    let error = || PointError {
        text: text.chars().take(60).collect(),
    };
    let (lon, lat) = text.split_once(',').ok_or_else(error)?;
    let number = |text: &str| text.trim().parse::<f64>().map_err(|_not_a_number| error());
    let place = Position::new(number(lon)?, number(lat)?);
    if place.is_valid() { Ok(place) } else { Err(error()) }
}

/// Reads points from a CSV with the columns `id`, `lon`, `lat` (and `name`), in any order.
///
/// # Errors
/// What is wrong, with the row.
pub fn points_of_csv(text: &str) -> Result<Vec<Place>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let head = reader.headers().map_err(|error| error.to_string())?.clone();
    let column = |names: &[&str]| {
        head.iter()
            .position(|name| names.contains(&name.trim_start_matches('\u{feff}').to_lowercase().as_str()))
    };
    let (Some(lon), Some(lat)) = (
        column(&["lon", "lng", "longitude", "x"]),
        column(&["lat", "latitude", "y"]),
    ) else {
        return Err(format!(
            "it has no columns `lon` and `lat`, but {}; give a CSV with the columns id, lon, lat",
            head.iter().collect::<Vec<_>>().join(", ")
        ));
    };
    let (id, name) = (column(&["id", "code"]), column(&["name"]));
    let mut places = Vec::new();
    for (number, row) in reader.records().enumerate() {
        let line = number + 2;
        let row = row.map_err(|error| format!("row {line}: {error}"))?;
        let field = |column: usize| row.get(column).unwrap_or_default();
        let at = point(&format!("{},{}", field(lon), field(lat)))
            .map_err(|error| format!("row {line}: {error}"))?;
        let id = id.map_or_else(|| format!("row {line}"), |column| field(column).to_owned());
        places.push(Place {
            name: name.map_or_else(|| id.clone(), |column| field(column).to_owned()),
            id,
            at,
        });
    }
    Ok(places)
}

fn middle(polygons: &MultiPolygon<f64>) -> Option<Position> {
    let point = polygons.centroid()?;
    Some(Position::new(point.x(), point.y()))
}

/// The middle of each area that has anybody in it or a shape: the mean place of its people, else the centroid of its
/// polygons. In the order of the model's areas.
pub(super) fn middles(reader: &dyn Reader, view: &View, model: &Model) -> Result<Vec<Place>, twin::Error> {
    let boundary = indicators::binding::boundary::gather(reader, view)?;
    let mut sums = vec![[0.0_f64; 3]; model.areas().len()];
    for (cell, area) in model.cells().iter().zip(model.cell_areas()) {
        if let Some(sum) = area.and_then(|area| sums.get_mut(area as usize)) {
            sum[0] += cell.people * cell.centre.x;
            sum[1] += cell.people * cell.centre.y;
            sum[2] += cell.people;
        }
    }
    let mut places = Vec::new();
    for (area, [x, y, people]) in model.areas().iter().zip(sums) {
        let of_shape = || {
            let at = boundary.areas.iter().position(|found| found.id == area.id)?;
            middle(boundary.area_polygons.get(at)?)
        };
        let at = if people > 0.0 {
            Some(Position::new(x / people, y / people))
        } else {
            of_shape()
        };
        places.extend(at.map(|at| Place {
            id: area.id.to_string(),
            name: area.name.clone(),
            at,
        }));
    }
    Ok(places)
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn points_are_longitude_and_latitude() {
        assert_eq!(point(" 9.5209, 47.141").unwrap(), Position::new(9.5209, 47.141));
        for bad in ["9.5", "a,b", "190,0", "0,91", "NaN,0", ""] {
            assert!(
                point(bad).unwrap_err().to_string().contains("longitude,latitude"),
                "{bad}"
            );
        }
        let places = points_of_csv("name,lat,lon,id\nA,1,2,x\n").unwrap();
        assert_eq!(
            (places[0].id.as_str(), places[0].at),
            ("x", Position::new(2.0, 1.0))
        );
        assert!(
            points_of_csv("id,lon,lat\nx,1\n")
                .unwrap_err()
                .starts_with("row 2")
        );
        assert!(
            points_of_csv("id,lon,lat\nx,1,99\n")
                .unwrap_err()
                .starts_with("row 2")
        );
        assert!(
            points_of_csv("a,b\n1,2\n")
                .unwrap_err()
                .contains("`lon` and `lat`")
        );
    }
}

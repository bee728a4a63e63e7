//! How geometries are written: a byte for the kind, then positions as two floats each, exact to the bit.

use geo_types::{
    Coord, Geometry, GeometryCollection, Line, LineString, MultiLineString, MultiPoint, MultiPolygon, Point,
    Polygon, Rect, Triangle,
};

use crate::codec::{DEEPEST, Input, Malformed, Output};

fn write_coords(output: &mut Output, coords: &[Coord<f64>]) {
    output.count(coords.len());
    for coord in coords {
        output.float(coord.x);
        output.float(coord.y);
    }
}

fn write_rings(output: &mut Output, polygon: &Polygon<f64>) {
    output.count(polygon.interiors().len());
    write_coords(output, &polygon.exterior().0);
    for ring in polygon.interiors() {
        write_coords(output, &ring.0);
    }
}

/// Writes a geometry.
pub(crate) fn write_geometry(output: &mut Output, geometry: &Geometry<f64>) {
    match geometry {
        Geometry::Point(point) => {
            output.byte(0);
            write_coords(output, &[point.0]);
        }
        Geometry::Line(line) => {
            output.byte(1);
            write_coords(output, &[line.start, line.end]);
        }
        Geometry::LineString(line) => {
            output.byte(2);
            write_coords(output, &line.0);
        }
        Geometry::Polygon(polygon) => {
            output.byte(3);
            write_rings(output, polygon);
        }
        Geometry::MultiPoint(points) => {
            output.byte(4);
            let coords: Vec<_> = points.0.iter().map(|point| point.0).collect();
            write_coords(output, &coords);
        }
        Geometry::MultiLineString(lines) => {
            output.byte(5);
            output.count(lines.0.len());
            for line in &lines.0 {
                write_coords(output, &line.0);
            }
        }
        Geometry::MultiPolygon(polygons) => {
            output.byte(6);
            output.count(polygons.0.len());
            for polygon in &polygons.0 {
                write_rings(output, polygon);
            }
        }
        Geometry::GeometryCollection(geometries) => {
            output.byte(7);
            output.count(geometries.0.len());
            for geometry in &geometries.0 {
                write_geometry(output, geometry);
            }
        }
        Geometry::Rect(rect) => {
            output.byte(8);
            write_coords(output, &[rect.min(), rect.max()]);
        }
        Geometry::Triangle(triangle) => {
            output.byte(9);
            write_coords(output, &triangle.to_array());
        }
    }
}

fn read_coords(input: &mut Input) -> Result<Vec<Coord<f64>>, Malformed> {
    let count = input.count()?;
    (0..count)
        .map(|_| {
            Ok(Coord {
                x: input.float()?,
                y: input.float()?,
            })
        })
        .collect()
}

fn read_exactly<const N: usize>(input: &mut Input) -> Result<[Coord<f64>; N], Malformed> {
    read_coords(input)?
        .try_into()
        .or(Err(Malformed("a geometry has the wrong number of positions")))
}

fn read_rings(input: &mut Input) -> Result<Polygon<f64>, Malformed> {
    let interiors = input.count()?;
    let exterior = LineString(read_coords(input)?);
    let interiors = (0..interiors)
        .map(|_| Ok(LineString(read_coords(input)?)))
        .collect::<Result<_, _>>()?;
    Ok(Polygon::new(exterior, interiors))
}

/// Reads what [`write_geometry`] wrote.
pub(crate) fn read_geometry(input: &mut Input, depth: u32) -> Result<Geometry<f64>, Malformed> {
    if depth > DEEPEST {
        return Err(Malformed("a geometry is too deep"));
    }
    Ok(match input.byte()? {
        0 => Geometry::Point(Point(read_exactly::<1>(input)?[0])),
        1 => {
            let [start, end] = read_exactly(input)?;
            Geometry::Line(Line { start, end })
        }
        2 => Geometry::LineString(LineString(read_coords(input)?)),
        3 => Geometry::Polygon(read_rings(input)?),
        4 => Geometry::MultiPoint(MultiPoint(read_coords(input)?.into_iter().map(Point).collect())),
        5 => {
            let count = input.count()?;
            let lines = (0..count)
                .map(|_| Ok(LineString(read_coords(input)?)))
                .collect::<Result<_, _>>()?;
            Geometry::MultiLineString(MultiLineString(lines))
        }
        6 => {
            let count = input.count()?;
            Geometry::MultiPolygon(MultiPolygon(
                (0..count).map(|_| read_rings(input)).collect::<Result<_, _>>()?,
            ))
        }
        7 => {
            let count = input.count()?;
            let geometries = (0..count)
                .map(|_| read_geometry(input, depth + 1))
                .collect::<Result<_, _>>()?;
            Geometry::GeometryCollection(GeometryCollection(geometries))
        }
        8 => {
            let [min, max] = read_exactly(input)?;
            Geometry::Rect(Rect::new(min, max))
        }
        9 => {
            let [a, b, c] = read_exactly(input)?;
            Geometry::Triangle(Triangle::new(a, b, c))
        }
        _ => return Err(Malformed("no such kind of geometry")),
    })
}

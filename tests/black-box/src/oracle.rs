//! KPIs of Nairobi by brute force, straight from the files: nothing here is shared with the program.
//!
//! Readers are naive, distances are Vincenty's (1975), areas are counted in cells of a raster.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use serde_json::Value as Json;

type Point = [f64; 2];
type Ring = Vec<Point>;

/// An area: polygons, each an outer ring and holes.
#[derive(Debug)]
pub struct Area {
    /// Its name.
    pub name: String,
    /// Its code.
    pub code: String,
    polygons: Vec<Vec<Ring>>,
    bounds: [f64; 4],
}

/// One cell of the population grid.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// Longitude and latitude of its centre.
    pub centre: Point,
    /// Inhabitants.
    pub people: f64,
}

/// The wards.
///
/// # Panics
/// When the file is not what is expected; so do all readers here.
pub fn areas(file: &Path) -> Vec<Area> {
    let json: Json = serde_json::from_slice(&std::fs::read(file).expect("a file")).expect("JSON");
    let features = json["features"].as_array().expect("features");
    features
        .iter()
        .map(|feature| {
            let geometry = &feature["geometry"];
            let rings = |polygon: &Json| -> Vec<Ring> {
                let rings = polygon.as_array().expect("rings").iter();
                rings
                    .map(|ring| ring.as_array().expect("ring").iter().map(position).collect())
                    .collect()
            };
            let polygons: Vec<Vec<Ring>> = match geometry["type"].as_str() {
                Some("Polygon") => vec![rings(&geometry["coordinates"])],
                Some("MultiPolygon") => geometry["coordinates"]
                    .as_array()
                    .expect("polygons")
                    .iter()
                    .map(rings)
                    .collect(),
                other => panic!("geometry {other:?}"),
            };
            let mut bounds = [f64::MAX, f64::MAX, f64::MIN, f64::MIN];
            for [x, y] in polygons.iter().flatten().flatten() {
                bounds = [
                    bounds[0].min(*x),
                    bounds[1].min(*y),
                    bounds[2].max(*x),
                    bounds[3].max(*y),
                ];
            }
            let text = |key: &str| feature["properties"][key].as_str().unwrap_or_default().to_owned();
            Area {
                name: text("ward_name"),
                code: text("ward_code"),
                polygons,
                bounds,
            }
        })
        .collect()
}

fn position(json: &Json) -> Point {
    [
        json[0].as_f64().expect("longitude"),
        json[1].as_f64().expect("latitude"),
    ]
}

impl Area {
    /// Whether a point lies inside, by counting crossings.
    pub fn contains(&self, [x, y]: Point) -> bool {
        let [west, south, east, north] = self.bounds;
        if x < west || x > east || y < south || y > north {
            return false;
        }
        let inside = |ring: &Ring| {
            let mut odd = false;
            for pair in ring.windows(2) {
                let ([ax, ay], [bx, by]) = (pair[0], pair[1]);
                if (ay > y) != (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax {
                    odd = !odd;
                }
            }
            odd
        };
        self.polygons
            .iter()
            .any(|rings| inside(&rings[0]) && !rings[1..].iter().any(inside))
    }
}

/// Every cell with inhabitants.
pub fn cells(file: &Path) -> Vec<Cell> {
    let mut decoder =
        tiff::decoder::Decoder::new(std::fs::File::open(file).expect("a file")).expect("a TIFF");
    let (width, _) = decoder.dimensions().expect("dimensions");
    let mut numbers = |tag| decoder.get_tag_f64_vec(tag).expect("a GeoTIFF");
    let scale = numbers(tiff::tags::Tag::ModelPixelScaleTag);
    let tie = numbers(tiff::tags::Tag::ModelTiepointTag);
    let tiff::decoder::DecodingResult::F32(values) = decoder.read_image().expect("an image") else {
        panic!("not float32")
    };
    let cell = |(index, people): (usize, f32)| {
        let (row, column) = (index / width as usize, index % width as usize);
        let x = tie[3] + (column as f64 + 0.5 - tie[0]) * scale[0];
        let y = tie[4] - (row as f64 + 0.5 - tie[1]) * scale[1];
        Cell {
            centre: [x, y],
            people: f64::from(people),
        }
    };
    values
        .into_iter()
        .enumerate()
        .filter(|(_, people)| *people > 0.0)
        .map(cell)
        .collect()
}

/// A table of a GTFS zip.
pub fn table(zip: &Path, name: &str) -> Vec<BTreeMap<String, String>> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(zip).expect("a file")).expect("a zip");
    let file = archive.by_name(name).expect("the table");
    let mut reader = csv::Reader::from_reader(file);
    let headers = reader.headers().expect("a header").clone();
    let row = |row: csv::StringRecord| {
        headers
            .iter()
            .map(str::to_owned)
            .zip(row.iter().map(str::to_owned))
            .collect()
    };
    reader
        .records()
        .map(|record| row(record.expect("a row")))
        .collect()
}

/// Positions of the stops at which a trip stops.
pub fn served_stops(zip: &Path) -> Vec<Point> {
    let served: HashSet<_> = table(zip, "stop_times.txt")
        .into_iter()
        .map(|row| row["stop_id"].clone())
        .collect();
    let number = |text: &str| text.trim().parse::<f64>().expect("a number");
    let stops = table(zip, "stops.txt")
        .into_iter()
        .filter(|row| served.contains(&row["stop_id"]));
    stops
        .map(|row| [number(&row["stop_lon"]), number(&row["stop_lat"])])
        .collect()
}

/// The shapes of the trips, as lines.
pub fn shapes(zip: &Path) -> Vec<Vec<Point>> {
    let used: HashSet<_> = table(zip, "trips.txt")
        .into_iter()
        .map(|row| row["shape_id"].clone())
        .collect();
    let mut lines: BTreeMap<String, Vec<(u32, Point)>> = BTreeMap::new();
    for row in table(zip, "shapes.txt") {
        if used.contains(&row["shape_id"]) {
            let number = |key: &str| row[key].trim().parse::<f64>().expect("a number");
            let sequence = row["shape_pt_sequence"].parse().expect("a number");
            let line = lines.entry(row["shape_id"].clone()).or_default();
            line.push((sequence, [number("shape_pt_lon"), number("shape_pt_lat")]));
        }
    }
    let in_order = |mut line: Vec<(u32, Point)>| {
        line.sort_by_key(|(sequence, _)| *sequence);
        line.into_iter().map(|(_, point)| point).collect()
    };
    lines.into_values().map(in_order).collect()
}

/// The mean of the readings.
pub fn mean_reading(csv: &Path) -> (usize, f64) {
    let text = std::fs::read_to_string(csv).expect("a text");
    let values: Vec<f64> = text
        .lines()
        .skip(1)
        .filter_map(|line| line.rsplit(',').next()?.trim().parse().ok())
        .collect();
    (values.len(), values.iter().sum::<f64>() / values.len() as f64)
}

/// The distance between two points on WGS 84 in metres, by Vincenty's inverse formula.
pub fn vincenty_m(a: Point, b: Point) -> f64 {
    let (major, flattening) = (6_378_137.0_f64, 1.0 / 298.257_223_563);
    let minor = major * (1.0 - flattening);
    let reduced = |latitude: f64| ((1.0 - flattening) * latitude.to_radians().tan()).atan();
    let difference = (b[0] - a[0]).to_radians();
    let ((sin_u1, cos_u1), (sin_u2, cos_u2)) = (reduced(a[1]).sin_cos(), reduced(b[1]).sin_cos());
    let mut lambda = difference;
    for _ in 0..200 {
        let (sin_lambda, cos_lambda) = lambda.sin_cos();
        let sin_sigma =
            ((cos_u2 * sin_lambda).powi(2) + (cos_u1 * sin_u2 - sin_u1 * cos_u2 * cos_lambda).powi(2)).sqrt();
        if sin_sigma == 0.0 {
            return 0.0;
        }
        let cos_sigma = sin_u1 * sin_u2 + cos_u1 * cos_u2 * cos_lambda;
        let sigma = sin_sigma.atan2(cos_sigma);
        let sin_alpha = cos_u1 * cos_u2 * sin_lambda / sin_sigma;
        let cos2_alpha = 1.0 - sin_alpha * sin_alpha;
        let cos_2m = if cos2_alpha == 0.0 {
            0.0
        } else {
            cos_sigma - 2.0 * sin_u1 * sin_u2 / cos2_alpha
        };
        let c = flattening / 16.0 * cos2_alpha * (4.0 + flattening * (4.0 - 3.0 * cos2_alpha));
        let inner = cos_2m + c * cos_sigma * (2.0 * cos_2m * cos_2m - 1.0);
        let next = difference + (1.0 - c) * flattening * sin_alpha * (sigma + c * sin_sigma * inner);
        if (next - lambda).abs() < 1e-13 {
            let u2 = cos2_alpha * (major * major - minor * minor) / (minor * minor);
            let big_a = 1.0 + u2 / 16384.0 * (4096.0 + u2 * (-768.0 + u2 * (320.0 - 175.0 * u2)));
            let big_b = u2 / 1024.0 * (256.0 + u2 * (-128.0 + u2 * (74.0 - 47.0 * u2)));
            let last =
                big_b / 6.0 * cos_2m * (4.0 * sin_sigma * sin_sigma - 3.0) * (4.0 * cos_2m * cos_2m - 3.0);
            let delta = big_b
                * sin_sigma
                * (cos_2m + big_b / 4.0 * (cos_sigma * (2.0 * cos_2m * cos_2m - 1.0) - last));
            return minor * big_a * (sigma - delta);
        }
        lambda = next;
    }
    f64::NAN
}

/// Whether any stop lies within 500 m of a point.
pub fn near_a_stop(point: Point, stops: &[Point]) -> bool {
    // Half a kilometre is less than 0.01 degrees this near the equator.
    let close = |stop: &&Point| (stop[0] - point[0]).abs() < 0.01 && (stop[1] - point[1]).abs() < 0.01;
    stops
        .iter()
        .filter(close)
        .any(|stop| vincenty_m(point, *stop) <= 500.0)
}

/// The length in km of the corridors along lines: area within `half_width_m` of any segment, counted in cells of
/// one metre, divided by twice that width. Each segment without caps, each inner corner with a round join.
pub fn corridor_km(lines: &[Vec<Point>], half_width_m: f64, centre: Point) -> f64 {
    // A local projection: metres for a degree at the centre, by finite differences of Vincenty's distance.
    let step = 1e-3;
    let east_m = vincenty_m([centre[0] - step, centre[1]], [centre[0] + step, centre[1]]) / (2.0 * step);
    let north_m = vincenty_m([centre[0], centre[1] - step], [centre[0], centre[1] + step]) / (2.0 * step);
    let metres = |[x, y]: Point| [(x - centre[0]) * east_m, (y - centre[1]) * north_m];
    let cell = 1.0;
    let mut rows: BTreeMap<i64, HashSet<i64>> = BTreeMap::new();
    let mut mark = |x0: f64, y0: f64, x1: f64, y1: f64, covers: &dyn Fn(f64, f64) -> bool| {
        for row in (y0 / cell).floor() as i64..=(y1 / cell).ceil() as i64 {
            for column in (x0 / cell).floor() as i64..=(x1 / cell).ceil() as i64 {
                if covers((column as f64 + 0.5) * cell, (row as f64 + 0.5) * cell) {
                    rows.entry(row).or_default().insert(column);
                }
            }
        }
    };
    let w = half_width_m;
    for line in lines {
        let points: Vec<Point> = line.iter().map(|point| metres(*point)).collect();
        for pair in points.windows(2) {
            let ([ax, ay], [bx, by]) = (pair[0], pair[1]);
            let (dx, dy) = (bx - ax, by - ay);
            let length2 = dx * dx + dy * dy;
            if length2 > 0.0 {
                // Long segments are walked in pieces, so that the boxes searched stay small.
                let pieces = (length2.sqrt() / 50.0).ceil().max(1.0) as u32;
                for piece in 0..pieces {
                    let (t0, t1) = (
                        f64::from(piece) / f64::from(pieces),
                        f64::from(piece + 1) / f64::from(pieces),
                    );
                    let (px, py, qx, qy) = (ax + t0 * dx, ay + t0 * dy, ax + t1 * dx, ay + t1 * dy);
                    mark(
                        px.min(qx) - w,
                        py.min(qy) - w,
                        px.max(qx) + w,
                        py.max(qy) + w,
                        &|x, y| {
                            let t = ((x - ax) * dx + (y - ay) * dy) / length2;
                            let across = (x - ax) * dy - (y - ay) * dx;
                            (0.0..=1.0).contains(&t) && across * across <= w * w * length2
                        },
                    );
                }
            }
        }
        for [jx, jy] in points.iter().take(points.len().saturating_sub(1)).skip(1) {
            mark(jx - w, jy - w, jx + w, jy + w, &|x, y| {
                (x - jx).powi(2) + (y - jy).powi(2) <= w * w
            });
        }
    }
    let cells: usize = rows.values().map(HashSet::len).sum();
    cells as f64 * cell * cell / (2.0 * w) / 1000.0
}

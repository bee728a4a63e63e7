//! Where something could be put.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use geo_types::{Coord, Geometry};
use indicators::binding::terms;
use ngsi_ld::Uri;
use query::View;
use rstar::primitives::{GeomWithData, Line};
use rstar::{PointDistance, RTree};
use twin::{Reader, Snapshot};

use super::ground::{Ground, missing};
use super::{SitingOptions, Wanted};
use crate::model::Model;
use crate::run::RunError;

/// A stop that would take the nearest line a longer way round than this, in metres from stop to stop, is none.
const MOST_WAY_ROUND_M: f64 = 1000.0;

/// Candidates, in the same order in each list.
pub(super) struct Candidates {
    /// In metres.
    pub(super) places: Vec<Coord<f64>>,
    /// Longitude and latitude.
    pub(super) positions: Vec<[f64; 2]>,
    /// For stops: what would call there.
    pub(super) lines: Vec<Served>,
}

/// The lines that would call at a candidate.
#[derive(Clone, Debug)]
pub(super) struct Served {
    pub(super) names: Vec<String>,
    pub(super) routes: Vec<String>,
    pub(super) way_round_m: f64,
}

type Segment = GeomWithData<Line<[f64; 2]>, usize>;

pub(super) fn find(
    ground: &mut Ground,
    model: &Model,
    reader: &Snapshot,
    view: &View,
    options: &SitingOptions,
) -> Result<(Candidates, Vec<String>), RunError> {
    let mut notes = Vec::new();
    let all: Vec<Coord<f64>> = if let Some(streets) = model.streets() {
        let network = streets.network();
        let nodes: BTreeSet<_> = network
            .edges()
            .filter_map(|edge| network.ends(edge))
            .flatten()
            .collect();
        notes.push(format!("candidates are the {} nodes of the streets", nodes.len()));
        nodes
            .into_iter()
            .filter_map(|node| network.position(node))
            .map(|position| Coord {
                x: position.lon,
                y: position.lat,
            })
            .collect()
    } else {
        notes.push(
            "the twin has no streets: candidates are the middles of inhabited cells, and nobody has looked whether \
             one can stop or build there"
                .to_owned(),
        );
        model.cells().iter().map(|cell| cell.centre).collect()
    };
    let thinned = thin(ground, all, options.spacing_m);
    let mut candidates = Candidates {
        places: Vec::new(),
        positions: Vec::new(),
        lines: Vec::new(),
    };
    if options.wanted == Wanted::Clinic {
        for (position, place) in thinned {
            candidates.places.push(place);
            candidates.positions.push([position.x, position.y]);
        }
        return Ok((candidates, notes));
    }
    let lines = Lines::read(ground, model, reader, view)?;
    for (position, place) in thinned {
        if let Some(served) = lines.serve(place, options.line_m) {
            candidates.places.push(place);
            candidates.positions.push([position.x, position.y]);
            candidates.lines.push(served);
        }
    }
    if candidates.places.is_empty() {
        return Err(missing(
            "no place is near enough to a line that runs",
            "give a larger `line_m`, or import a timetable",
        ));
    }
    notes.push(format!(
        "{} places lie within {} m of a line that runs on the day",
        candidates.places.len(),
        options.line_m
    ));
    Ok((candidates, notes))
}

/// One place for each square of the spacing: the one nearest to its middle.
fn thin(ground: &Ground, positions: Vec<Coord<f64>>, spacing_m: f64) -> Vec<(Coord<f64>, Coord<f64>)> {
    /// How far off the middle of its square a place is, and where it is on the globe and on the ground.
    type Kept = (f64, Coord<f64>, Coord<f64>);
    let mut kept: BTreeMap<(i64, i64), Kept> = BTreeMap::new();
    for position in positions {
        let place = ground.forward(position);
        let square = |value: f64| (value / spacing_m).floor();
        let middle = |value: f64| (square(value) + 0.5) * spacing_m;
        let off = (place.x - middle(place.x)).powi(2) + (place.y - middle(place.y)).powi(2);
        #[allow(
            clippy::cast_possible_truncation,
            reason = "a city is smaller than 2^63 squares"
        )]
        let key = (square(place.x) as i64, square(place.y) as i64);
        let entry = kept.entry(key).or_insert((off, position, place));
        if (off, position.x, position.y) < (entry.0, entry.1.x, entry.1.y) {
            *entry = (off, position, place);
        }
    }
    kept.into_values()
        .map(|(_, position, place)| (position, place))
        .collect()
}

/// The lines of the day: their courses, and their legs from stop to stop.
struct Lines {
    names: Vec<String>,
    routes: Vec<Uri>,
    /// Courses (shapes, or legs where a trip has none), by route.
    courses: RTree<Segment>,
    /// The legs of each route, from stop to stop.
    legs: Vec<Vec<[Coord<f64>; 2]>>,
}

impl Lines {
    fn read(ground: &Ground, model: &Model, reader: &Snapshot, view: &View) -> Result<Self, RunError> {
        let Some(timetable) = model.timetable() else {
            return Err(missing(
                "the twin has no timetable",
                "import a GTFS feed, or ask for clinics",
            ));
        };
        let mut of_trip: HashMap<Uri, (Uri, Option<Uri>)> = HashMap::new();
        terms::scan(reader, view, "GtfsTrip", &mut |trip| {
            if let Some(route) = terms::target(trip, "hasRoute") {
                of_trip.insert(trip.id.clone(), (route, terms::target(trip, "hasShape")));
            }
        })?;
        let mut numbers: BTreeMap<Uri, usize> = BTreeMap::new();
        let mut shapes: BTreeMap<Uri, BTreeSet<usize>> = BTreeMap::new();
        let mut legs: Vec<BTreeSet<[u32; 2]>> = Vec::new();
        let mut without_shape: Vec<BTreeSet<[u32; 2]>> = Vec::new();
        for (trip, id) in timetable.trips.iter().zip(&timetable.trip_ids) {
            let runs = timetable
                .services
                .runs
                .get(trip.service as usize)
                .is_some_and(|days| days[1]);
            let Some((route, shape)) = of_trip.get(id).filter(|_| runs) else {
                continue;
            };
            let next = numbers.len();
            let number = *numbers.entry(route.clone()).or_insert(next);
            if number == legs.len() {
                legs.push(BTreeSet::new());
                without_shape.push(BTreeSet::new());
            }
            let pairs = trip.calls.windows(2).map(|pair| [pair[0].stop, pair[1].stop]);
            legs[number].extend(pairs.clone());
            match shape {
                Some(shape) => {
                    shapes.entry(shape.clone()).or_default().insert(number);
                }
                None => without_shape[number].extend(pairs),
            }
        }
        let stops: Vec<Coord<f64>> = timetable
            .stops
            .iter()
            .map(|stop| ground.place(stop.position))
            .collect();
        let ends = |pair: &[u32; 2]| Some([*stops.get(pair[0] as usize)?, *stops.get(pair[1] as usize)?]);
        let mut courses: Vec<Segment> = Vec::new();
        let mut push = |from: Coord<f64>, to: Coord<f64>, route: usize| {
            courses.push(GeomWithData::new(
                Line::new([from.x, from.y], [to.x, to.y]),
                route,
            ));
        };
        terms::scan(reader, view, "GtfsShape", &mut |entity| {
            let Some(routes) = shapes.get(&entity.id) else {
                return;
            };
            let geometry = terms::attribute(entity, "location").and_then(|location| location.as_geometry());
            let lines: Vec<Vec<Coord<f64>>> = match geometry {
                Some(Geometry::LineString(line)) => vec![line.0.clone()],
                Some(Geometry::MultiLineString(lines)) => lines.0.iter().map(|line| line.0.clone()).collect(),
                _ => return,
            };
            for line in lines {
                let line: Vec<Coord<f64>> = line.into_iter().map(|at| ground.forward(at)).collect();
                for pair in line.windows(2) {
                    for &route in routes {
                        push(pair[0], pair[1], route);
                    }
                }
            }
        })?;
        for (route, pairs) in without_shape.iter().enumerate() {
            for [from, to] in pairs.iter().filter_map(ends) {
                push(from, to, route);
            }
        }
        let mut routes: Vec<(usize, Uri)> = numbers
            .into_iter()
            .map(|(route, number)| (number, route))
            .collect();
        routes.sort_unstable();
        let routes: Vec<Uri> = routes.into_iter().map(|(_, route)| route).collect();
        let name = |route: &Uri| {
            let entity = reader.get(view, route);
            entity
                .and_then(|entity| {
                    ["shortName", "name"]
                        .iter()
                        .find_map(|term| terms::text_of(&entity, term))
                })
                .unwrap_or_else(|| route.local().to_owned())
        };
        Ok(Self {
            names: routes.iter().map(name).collect(),
            routes,
            courses: RTree::bulk_load(courses),
            legs: legs
                .iter()
                .map(|pairs| pairs.iter().filter_map(ends).collect())
                .collect(),
        })
    }

    /// What would call at a place: of the lines whose course is near, the one that a call there takes least out of its
    /// way, from stop to stop.
    fn serve(&self, place: Coord<f64>, within_m: f64) -> Option<Served> {
        let point = [place.x, place.y];
        let near: BTreeSet<usize> = self
            .courses
            .locate_within_distance(point, within_m * within_m)
            .filter(|segment| segment.geom().distance_2(&point) <= within_m * within_m)
            .map(|segment| segment.data)
            .collect();
        let apart = |a: Coord<f64>, b: Coord<f64>| (a.x - b.x).hypot(a.y - b.y);
        let way_round = |route: usize| {
            self.legs[route]
                .iter()
                .map(|&[from, to]| apart(from, place) + apart(place, to) - apart(from, to))
                .fold(f64::INFINITY, f64::min)
        };
        let (way_round_m, route) = near
            .into_iter()
            .map(|route| (way_round(route), route))
            .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))?;
        (way_round_m <= MOST_WAY_ROUND_M).then(|| Served {
            names: vec![self.names[route].clone()],
            routes: vec![self.routes[route].to_string()],
            way_round_m,
        })
    }
}

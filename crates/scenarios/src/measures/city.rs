//! The city that measures are expanded against, and what they ask of it.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use geo::BoundingRect as _;
use geo::line_measures::{Distance, Haversine};
use geo_types::{Coord, Geometry, Point, Rect};
use indicators::binding::terms::{attribute, is, scan, text_of};
use ngsi_ld::context::Context;
use ngsi_ld::name::NGSI_LD;
use ngsi_ld::query::geo::{GeoQuery, GeoRelation};
use ngsi_ld::query::types::TypeSelection;
use ngsi_ld::{Entity, Name, Uri, Value};
use query::{Selection, View};
use serde_json::Value as Json;
use twin::{Reader as _, Snapshot};

use super::timetable::Timetable;
use crate::catalogue::argument::{Near, Selected};
use crate::file::nearest::nearest;

/// How far a place may lie outside of the city's areas before somebody is warned, in degrees: about 10 km.
const MARGIN: f64 = 0.1;

/// A picture of a city, with what was asked of it before.
pub(super) struct City<'a> {
    /// What is there, with what needed measures make.
    snapshot: Snapshot,
    /// What selections are evaluated on.
    baseline: &'a Snapshot,
    view: &'a View,
    types: OnceCell<Vec<Name>>,
    timetable: OnceCell<Timetable>,
    extent: OnceCell<Option<Rect<f64>>>,
    ids: RefCell<HashMap<Vec<String>, Arc<Vec<Uri>>>>,
}

/// A vertex of a street.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Vertex {
    pub(super) at: Coord<f64>,
    /// Its id, where streets say those of their vertices.
    pub(super) node: Option<Json>,
    /// The street, or the RoadNode.
    pub(super) of: Uri,
}

impl<'a> City<'a> {
    /// `snapshot` is the baseline, or has in addition what others make.
    pub(super) fn new(snapshot: Snapshot, baseline: &'a Snapshot, view: &'a View) -> Self {
        Self {
            snapshot,
            baseline,
            view,
            types: OnceCell::new(),
            timetable: OnceCell::new(),
            extent: OnceCell::new(),
            ids: RefCell::default(),
        }
    }

    pub(super) fn get(&self, id: &Uri) -> Option<Arc<Entity>> {
        self.snapshot.get(self.view, id)
    }

    /// Visits every entity of a type, by term.
    pub(super) fn scan(&self, term: &str, visit: &mut dyn FnMut(&Arc<Entity>)) -> Result<(), twin::Error> {
        scan(&self.snapshot, self.view, term, visit).map(|_| ())
    }

    pub(super) fn timetable(&self) -> Result<&Timetable, twin::Error> {
        if let Some(timetable) = self.timetable.get() {
            return Ok(timetable);
        }
        let timetable = Timetable::read(&self.snapshot, self.view)?;
        Ok(self.timetable.get_or_init(|| timetable))
    }

    /// The types of the baseline that are a term.
    fn types(&self, term: &str) -> Vec<Name> {
        self.types
            .get_or_init(|| {
                self.baseline
                    .types(self.view)
                    .into_iter()
                    .map(|(name, _)| name)
                    .collect()
            })
            .iter()
            .filter(|name| is(name, term))
            .cloned()
            .collect()
    }

    /// The types of the baseline that are a term, as a selection; `None`: there are none.
    fn of_type(&self, term: &str) -> Option<TypeSelection> {
        let mut types = self.types(term);
        match types.len() {
            0 | 1 => types.pop().map(TypeSelection::Type),
            _ => Some(TypeSelection::Or(
                types.into_iter().map(TypeSelection::Type).collect(),
            )),
        }
    }

    /// What the attributes of a selection's `q` are in the baseline, for somebody whose selection takes nothing.
    pub(super) fn occurring(&self, selected: &Selected) -> Option<String> {
        let types = self.of_type(&selected.entity_type);
        super::occurring::told(self.baseline, self.view, types, selected.q.as_ref()?)
    }

    /// The entities of the baseline that a selection takes, by id.
    pub(super) fn select(&self, selected: &Selected) -> Result<Vec<Arc<Entity>>, SelectError> {
        let types = self.of_type(&selected.entity_type);
        if types.is_none() {
            return Ok(Vec::new());
        }
        let near = match &selected.within {
            None => None,
            Some((metres, Near::Position(at))) => Some((*metres, Geometry::Point(Point(*at)))),
            Some((metres, Near::Entity(id))) => {
                let entity = self
                    .baseline
                    .get(self.view, id)
                    .ok_or_else(|| SelectError::NoSuch(id.clone()))?;
                let place = attribute(&entity, "location").and_then(|it| it.as_geometry());
                Some((
                    *metres,
                    place.ok_or_else(|| SelectError::Nowhere(id.clone()))?.clone(),
                ))
            }
        };
        let location = || Name::from_iri(format!("{NGSI_LD}location"));
        let mut also = near.clone();
        let geo = match (&selected.area, near) {
            (Some(area), _) => Some(GeoQuery {
                relation: GeoRelation::Intersects,
                geometry: Geometry::Polygon(area.clone()),
                property: location(),
            }),
            (None, Some((metres, geometry))) => {
                also = None;
                Some(GeoQuery {
                    relation: GeoRelation::Near {
                        min_distance_m: None,
                        max_distance_m: Some(metres),
                    },
                    geometry,
                    property: location(),
                })
            }
            (None, None) => None,
        };
        let selection = Selection {
            types,
            q: selected.q.clone(),
            geo,
            ..Selection::default()
        };
        let mut found: Vec<Arc<Entity>> = Vec::new();
        self.baseline.scan(self.view, &selection, &mut |entity| {
            let close = also.as_ref().is_none_or(|(metres, place)| {
                attribute(entity, "location")
                    .and_then(|it| it.as_geometry())
                    .is_some_and(|it| query::distance::between_m(it, place) <= *metres)
            });
            if close {
                found.push(Arc::clone(entity));
            }
            true
        })?;
        found.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(found)
    }

    /// The id that was meant by one that is not there, among entities of these types (none: of any).
    pub(super) fn meant(&self, id: &Uri, of: &[String]) -> Option<Uri> {
        let known = Arc::clone(self.ids.borrow_mut().entry(of.to_vec()).or_insert_with(|| {
            let mut ids = Vec::new();
            let terms: Vec<&str> = of.iter().map(String::as_str).collect();
            let mut gather = |entity: &Arc<Entity>| ids.push(entity.id.clone());
            let read = if terms.is_empty() {
                self.snapshot
                    .scan(self.view, &Selection::default(), &mut |entity| {
                        gather(entity);
                        true
                    })
            } else {
                indicators::binding::terms::scan_any(&self.snapshot, self.view, &terms, &mut gather)
                    .map(|_| ())
            };
            // Without a suggestion where the twin cannot be read.
            if read.is_err() {
                ids.clear();
            }
            Arc::new(ids)
        }));
        let found = nearest(id.as_str(), known.iter().map(Uri::as_str))?;
        Uri::parse(found).ok()
    }

    /// How many kilometres a place lies outside of the city, where that is far; `None`: it does not, or nobody knows
    /// where the city is.
    pub(super) fn far_out_km(&self, at: Coord<f64>) -> Option<f64> {
        let extent = (*self.extent.get_or_init(|| self.read_extent()))?;
        let (min, max) = (extent.min(), extent.max());
        let nearest = Coord {
            x: at.x.clamp(min.x, max.x),
            y: at.y.clamp(min.y, max.y),
        };
        let far = (at.x - nearest.x).abs() > MARGIN || (at.y - nearest.y).abs() > MARGIN;
        far.then(|| metres(at, nearest) / 1000.0)
    }

    /// The box around all areas of the city; where the twin has none, around its stops, else its streets.
    fn read_extent(&self) -> Option<Rect<f64>> {
        ["AdministrativeArea", "GtfsStop", "RoadSegment"]
            .into_iter()
            .find_map(|term| {
                let mut extent: Option<Rect<f64>> = None;
                let mut add = |entity: &Arc<Entity>| {
                    let place =
                        attribute(entity, "location").and_then(|it| it.as_geometry()?.bounding_rect());
                    if let Some(place) = place {
                        extent = Some(extent.map_or(place, |it| {
                            let (min, max, low, high) = (it.min(), it.max(), place.min(), place.max());
                            Rect::new(
                                (min.x.min(low.x), min.y.min(low.y)),
                                (max.x.max(high.x), max.y.max(high.y)),
                            )
                        }));
                    }
                };
                scan(self.baseline, self.view, term, &mut add).ok()?;
                extent
            })
    }

    /// The vertex of a street that is nearest to a place, and how far it is in metres, within a radius.
    pub(super) fn nearest_vertex(
        &self,
        at: Coord<f64>,
        radius_m: f64,
    ) -> Result<Option<(Vertex, f64)>, SelectError> {
        let streets = self.select(&Selected {
            entity_type: "RoadSegment".to_owned(),
            q: None,
            area: None,
            within: Some((radius_m, Near::Position(at))),
        })?;
        let mut best: Option<(Vertex, f64)> = None;
        for vertex in streets.iter().flat_map(|street| vertices(street)) {
            let metres = metres(at, vertex.at);
            if metres <= radius_m && best.as_ref().is_none_or(|(_, least)| metres < *least) {
                best = Some((vertex, metres));
            }
        }
        Ok(best)
    }

    /// The vertex with an id, as `nodes` of streets and `node` of RoadNode say it.
    pub(super) fn vertex(&self, node: &Json) -> Result<Option<Vertex>, twin::Error> {
        let mut found = None;
        self.scan("RoadSegment", &mut |street| {
            if found.is_none() && nodes(street).is_some_and(|nodes| nodes.contains(node)) {
                found = vertices(street).find(|vertex| vertex.node.as_ref() == Some(node));
            }
        })?;
        Ok(found)
    }
}

/// Why a selection cannot be evaluated.
#[derive(Debug)]
pub(super) enum SelectError {
    /// The entity that it is near to is not there.
    NoSuch(Uri),
    /// It is nowhere.
    Nowhere(Uri),
    Twin(twin::Error),
}

impl From<twin::Error> for SelectError {
    fn from(error: twin::Error) -> Self {
        Self::Twin(error)
    }
}

/// Metres between two places, on a sphere.
pub(super) fn metres(a: Coord<f64>, b: Coord<f64>) -> f64 {
    Haversine.distance(Point(a), Point(b))
}

/// Where an entity is: its point, or the middle of what it has.
pub(super) fn place(entity: &Entity) -> Option<Coord<f64>> {
    match attribute(entity, "location")?.as_geometry()? {
        Geometry::Point(point) => Some(point.0),
        other => {
            use geo::Centroid as _;
            other.centroid().map(|point| point.0)
        }
    }
}

/// The ids of a street's vertices.
pub(super) fn nodes(street: &Entity) -> Option<Vec<Json>> {
    match &attribute(street, "nodes")?.value {
        Value::Property(value) => value.to_json().as_array().cloned(),
        Value::Json(json) => json.as_array().cloned(),
        Value::List(items) => Some(items.to_vec()),
        _ => None,
    }
}

/// The vertices of a street.
pub(super) fn vertices(street: &Entity) -> impl Iterator<Item = Vertex> {
    let line: Vec<Coord<f64>> = match attribute(street, "location").and_then(|it| it.as_geometry()) {
        Some(Geometry::LineString(line)) => line.0.clone(),
        Some(Geometry::Polygon(area)) => area.exterior().0.clone(),
        _ => Vec::new(),
    };
    let nodes = nodes(street).filter(|nodes| nodes.len() == line.len());
    let of = street.id.clone();
    line.into_iter().enumerate().map(move |(index, at)| Vertex {
        at,
        node: nodes.as_ref().and_then(|nodes| nodes.get(index).cloned()),
        of: of.clone(),
    })
}

/// The name under which an entity has an attribute, else that of the default vocabulary.
pub(super) fn name_in(entity: &Entity, term: &str) -> Name {
    attribute(entity, term).map_or_else(|| name(term), |attribute| attribute.name.clone())
}

/// The name of a term, as a request without @context expands it.
pub(super) fn name(term: &str) -> Name {
    Context::core().expand(term)
}

/// An entity by its name and id, for people.
pub(super) fn called(entity: &Entity) -> String {
    match text_of(entity, "name").or_else(|| text_of(entity, "shortName")) {
        Some(name) => format!("`{}` ({name})", entity.id),
        None => format!("`{}`", entity.id),
    }
}

/// What a kind of entity is called by its first type.
pub(super) fn type_of(entity: &Entity) -> &str {
    entity.types.first().map_or("entity", Name::short)
}

/// The id of an entity that a measure makes. The rest is part of an id already.
pub(super) fn made(entity_type: &str, measure: &str, rest: &[&str]) -> Uri {
    let mut local = format!("scenario:{measure}");
    for part in rest {
        local.push(':');
        local.push_str(part);
    }
    Uri::parse(&format!("urn:ngsi-ld:{entity_type}:{local}"))
        .unwrap_or_else(|_| Uri::ngsi_ld(entity_type, &local))
}

/// Groups by a key, in the order of keys.
pub(super) fn grouped<K: Ord, V>(items: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, Vec<V>> {
    let mut groups: BTreeMap<K, Vec<V>> = BTreeMap::new();
    for (key, value) in items {
        groups.entry(key).or_default().push(value);
    }
    groups
}

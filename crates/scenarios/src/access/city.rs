//! A city that can be asked.

use std::collections::BTreeSet;
use std::sync::Arc;

use query::View;
use serde_json::{Map, Value as Json, json};
use sim_access::equity::{Capacity, Facility};
use sim_access::{Metric, Network, Passability, Position, Profile, Snap, Travel};
use twin::Reader;

use super::places::{Place, middles};
use super::{Mode, QuestionError};
use crate::file::nearest::nearest;
use crate::indicator::straight::entrances;
use crate::model::places::KINDS;
use crate::model::{Model, Streets, TravelOptions, Who};

/// How far a place may be from the street that leads to it, metres.
const OFF_STREET_M: f64 = 500.0;
/// Nearer to the end of an edge than this share of it is at its end.
const AT_CORNER: f64 = 1e-4;

/// A city, read and ready to be asked.
pub struct City<'a> {
    reader: &'a dyn Reader,
    view: &'a View,
    model: Model,
    map: bool,
}

/// Where one goes into a place.
pub(super) struct Gate {
    pub(super) at: Position,
    /// Of a stop; of all else it means nothing.
    pub(super) capacity: Capacity,
    pub(super) facility: Facility,
}

/// So many categories are named.
const NAMED: usize = 40;

/// Where people live.
#[derive(Clone, Copy)]
pub(super) struct Homes<'a> {
    pub(super) cells: &'a [indicators::calculation::Cell],
    /// Where each is on the streets; as many as there are cells where there are streets, else none.
    pub(super) snaps: &'a [Option<Snap>],
}

impl<'a> City<'a> {
    /// Reads a city.
    ///
    /// # Errors
    /// The twin cannot be read, or an option makes no sense.
    pub fn read(
        reader: &'a dyn Reader,
        view: &'a View,
        options: &TravelOptions,
    ) -> Result<Self, QuestionError> {
        Ok(Self::of(reader, view, Model::read(reader, view, options)?))
    }

    /// A city whose model is there already.
    pub const fn of(reader: &'a dyn Reader, view: &'a View, model: Model) -> Self {
        Self {
            reader,
            view,
            model,
            map: true,
        }
    }

    /// The same, whose answers have no features: drawing is most of the work of many questions.
    #[must_use]
    pub fn without_map(mut self) -> Self {
        self.map = false;
        self
    }

    /// Whether answers have features.
    pub(super) const fn has_map(&self) -> bool {
        self.map
    }

    /// The model of it.
    #[must_use]
    pub const fn model(&self) -> &Model {
        &self.model
    }

    /// The middles of its areas: the mean place of the people of each, else the centroid of its shape.
    ///
    /// # Errors
    /// The twin cannot be read.
    pub fn areas(&self) -> Result<Vec<Place>, QuestionError> {
        Ok(middles(self.reader, self.view, &self.model)?)
    }

    /// The places of a category, `stop` for stops of public transport.
    ///
    /// # Errors
    /// There is none; the message names categories that there are.
    pub fn places(&self, category: &str) -> Result<Vec<Place>, QuestionError> {
        let places: Vec<Place> = if category == "stop" {
            let stops = self.model.stops().iter();
            stops
                .map(|stop| Place {
                    id: stop.id.to_string(),
                    name: stop.name.clone(),
                    at: stop.position,
                })
                .collect()
        } else {
            let places = self.model.places(category).into_iter();
            places
                .map(|place| Place {
                    id: place.id.to_string(),
                    name: place.name.clone(),
                    at: place.position,
                })
                .collect()
        };
        if places.is_empty() {
            let import = match category {
                "stop" => "import a timetable (GTFS)",
                _ => "import places or OpenStreetMap",
            };
            return Err(QuestionError::missing(
                format!("the city has no place of the category `{category}`"),
                format!("{}; or {import}", self.other_category(category)),
            ));
        }
        Ok(places)
    }

    /// What somebody may have meant by a category of which there is no place.
    fn other_category(&self, category: &str) -> String {
        let there = self.categories();
        match nearest(category, there.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`? {}", told(&there)),
            None => told(&there),
        }
    }

    /// Checks that a category is one that has places here, or one that indicators ask for.
    ///
    /// # Errors
    /// It is neither; the message names those that there are.
    pub(super) fn known_category(&self, option: &'static str, category: &str) -> Result<(), QuestionError> {
        let known =
            category == "stop" || KINDS.contains(&category) || !self.model.places(category).is_empty();
        if known {
            return Ok(());
        }
        Err(QuestionError::option(
            option,
            format!("the city has no place of the category `{category}`"),
            self.other_category(category),
        ))
    }

    /// The categories that have a place here, `stop` among them; by name.
    pub(super) fn categories(&self) -> Vec<String> {
        let mut categories: BTreeSet<String> = self.model.categories().map(str::to_owned).collect();
        if !self.model.stops().is_empty() {
            categories.insert("stop".to_owned());
        }
        categories.into_iter().collect()
    }

    /// The places of a category as the simulator takes them: one for each entrance, and for each capacity of a stop.
    pub(super) fn gates(&self, category: &str, profile: &Profile) -> Vec<Gate> {
        let model = &self.model;
        if category == "stop" {
            let as_either = model.stops().iter().flat_map(|stop| {
                [Capacity::Low, Capacity::High].map(|capacity| {
                    Some(Gate {
                        at: stop.position,
                        capacity,
                        facility: Facility {
                            place: stop.snap,
                            state: stop.state(profile, capacity)?,
                        },
                    })
                })
            });
            return as_either.flatten().collect();
        }
        let mut gates = Vec::new();
        for place in model.places(category) {
            let state = place.state(profile);
            let mut put = |at: Position, snap: Option<Snap>| {
                gates.push(Gate {
                    at,
                    capacity: Capacity::Low,
                    facility: Facility { place: snap, state },
                });
            };
            match model.streets() {
                // The model knows those that indicators ask for.
                Some(streets) if model.entrances(&place.id).is_empty() => {
                    for snap in streets.entrances(place) {
                        put(place.position, Some(snap));
                    }
                }
                Some(_) => {
                    for snap in model.entrances(&place.id) {
                        put(place.position, Some(*snap));
                    }
                }
                None => {
                    for at in entrances(place) {
                        put(at, None);
                    }
                }
            }
        }
        gates
    }

    pub(super) fn streets(&self) -> Result<&Streets, QuestionError> {
        self.model.streets().ok_or_else(|| {
            QuestionError::missing(
                "the city has no streets",
                "give or import OpenStreetMap, as in --osm city.osm.pbf",
            )
        })
    }

    pub(super) fn network(&self) -> Result<&Arc<Network>, QuestionError> {
        Ok(self.streets()?.network())
    }

    pub(super) fn travel(&self, profile: &Profile, metric: Metric) -> Result<Travel, QuestionError> {
        Ok(self.streets()?.travel_of(profile, metric)?)
    }

    /// The nearest street to a place that a house may open on. At a corner several are equally near: the one that is
    /// best for the traveller is taken, for whoever stands at a corner stands on all of its streets.
    pub(super) fn snap(&self, travel: &Travel, place: Position) -> Option<Snap> {
        let snap = self.model.streets()?.snap(place, OFF_STREET_M)?;
        let network = travel.network();
        let corner = match network.ends(snap.edge)? {
            [from, _] if snap.fraction < AT_CORNER => from,
            [_, to] if snap.fraction > 1.0 - AT_CORNER => to,
            _ => return Some(snap),
        };
        let best = [Passability::Passable, Passability::Unknown]
            .into_iter()
            .find_map(|state| {
                network.snap_where(place, snap.offset_m + 0.1, |edge| {
                    let both =
                        [true, false].map(|forward| travel.verdict(edge, forward).unwrap_or_default().state);
                    network.ends(edge).is_some_and(|ends| ends.contains(&corner))
                        && both[0].and(both[1]) >= state
                })
            });
        best.or(Some(snap))
    }

    /// The id of the `RoadSegment` that an edge is a piece of.
    pub(super) fn segment(&self, edge: sim_access::EdgeIndex) -> String {
        let segment = self.model.streets().and_then(|streets| streets.segment(edge));
        segment.map_or_else(String::new, ToString::to_string)
    }

    pub(super) fn homes(&self) -> Homes<'_> {
        Homes {
            cells: self.model.cells(),
            snaps: self.model.cell_snaps(),
        }
    }

    /// What every document begins with.
    pub(super) fn head(&self, question: &str, profile: &Profile, mode: Mode) -> Map<String, Json> {
        let streets = self.model.streets().map(Streets::network);
        let people: f64 = self.model.cells().iter().map(|cell| cell.people).sum();
        let mut head = Map::new();
        head.insert("engine".into(), "access".into());
        head.insert("question".into(), question.into());
        head.insert("profile".into(), profile.name.clone().into());
        let by = match mode {
            Mode::Walk => "walk",
            Mode::Transit => "transit",
        };
        head.insert("by".into(), by.into());
        head.insert(
            "city".into(),
            json!({
                "name": self.model.city_name(),
                "edges": streets.map_or(0, |network| network.edge_count()),
                "nodes": streets.map_or(0, |network| network.node_count()),
                "stops": self.model.stops().len(),
                "areas": self.model.areas().len(),
                "people": super::answer::milli(people),
            }),
        );
        head
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        self.model.notes().to_vec()
    }

    /// Who the model takes this profile for.
    pub(super) fn who(&self, profile: &Profile) -> Result<Who, QuestionError> {
        let stands_for = self.model.options().wheelchair.replace('_', "-");
        if *profile == Profile::walking() {
            Ok(Who::Walking)
        } else if profile.name == stands_for && super::profile(&stands_for).as_ref() == Some(profile) {
            Ok(Who::Wheelchair)
        } else {
            Err(QuestionError::option(
                "--profile",
                format!(
                    "journeys by public transport are not known for `{}`",
                    profile.name
                ),
                "use walking, manual-wheelchair, powered-wheelchair or long-cane",
            ))
        }
    }
}

/// The categories that occur, for people.
fn told(categories: &[String]) -> String {
    let named: Vec<&str> = categories.iter().take(NAMED).map(String::as_str).collect();
    match categories.len().saturating_sub(NAMED) {
        _ if named.is_empty() => "it has no places at all".to_owned(),
        0 => format!("there are `{}`", named.join("`, `")),
        more => format!("there are `{}` and {more} more", named.join("`, `")),
    }
}

/// Why nobody knows anything of a place.
pub(super) fn off_network(place: Position) -> String {
    format!(
        "no street within {OFF_STREET_M} m of {},{}: nobody knows how one comes from there to the network; \
         longitude comes first, then latitude",
        place.lon, place.lat
    )
}

//! The streets of a city with all measures under discussion, and without any of them: every way that any subset of
//! the measures leaves, open to everybody.

use std::collections::HashMap;
use std::sync::Arc;

use ngsi_ld::Uri;
use sim_access::reach::{Workspace, search_towards};
use sim_access::{EdgeIndex, Metric, Passability, Position, Profile, Snap, Start, Towards, Travel};

use super::walk::position;
use crate::model::layout::{Layout, UnionOfWays};
use crate::model::streets::{HOME_WITHIN_M, OUTLINE_STEP_M, OUTLINE_WITHIN_M, PLACE_WITHIN_M};
use crate::model::{Model, ModelError, Place, Streets, outline};

/// Metres by which a way may come out shorter for being cut elsewhere: a millimetre for each piece.
pub(super) const SLACK_M: f64 = 2.0;
/// What is farther than the nearest by this, metres, is farther.
const TIE_M: f64 = 0.01;

/// Where something may lie on the network, in one subset or another.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    pub(super) snaps: Vec<Snap>,
    /// The shapes among them that not every subset has, as [`Union::shapes_of`] numbers them.
    pub(super) on: Vec<usize>,
}

impl Places {
    fn known(snaps: &[Snap]) -> Self {
        Self {
            snaps: snaps.to_vec(),
            on: Vec::new(),
        }
    }
}

/// The streets.
pub(super) struct Union {
    layout: Arc<Layout>,
    towards: Towards,
    /// Ways that are not in both cities, or not of the same shape, by id: each shape and its edges.
    reshaped: Vec<(Uri, Vec<EdgeIndex>)>,
    /// By edge: the shape that it is of.
    reshaped_of: HashMap<EdgeIndex, usize>,
    /// By cell.
    pub(super) homes: Vec<Places>,
}

impl Union {
    pub(super) fn of(base: &Streets, after: &Streets, cities: [&Model; 2]) -> Result<Self, ModelError> {
        let (layout, reshaped) = if Arc::ptr_eq(base.layout(), after.layout()) {
            (Arc::clone(base.layout()), Vec::new())
        } else {
            let [before, now] = cities.map(Model::street_entities);
            let union = UnionOfWays::of(&before.ways, &now.ways, &now.joints)?;
            (Arc::new(union.layout), union.reshaped)
        };
        let profile = Profile::walking();
        let travel = Travel::new(Arc::clone(&layout.network), &profile, Metric::Distance)
            .map_err(|error| ModelError::Data(error.to_string()))?;
        let each = reshaped.iter().enumerate();
        let reshaped_of = each
            .flat_map(|(number, (_, edges))| edges.iter().map(move |edge| (*edge, number)))
            .collect();
        let mut union = Self {
            layout,
            towards: travel.towards(),
            reshaped,
            reshaped_of,
            homes: Vec::new(),
        };
        let [base, _] = cities;
        union.homes = if union.reshaped.is_empty() {
            base.cell_snaps()
                .iter()
                .map(|snap| Places::known(snap.as_slice()))
                .collect()
        } else {
            let cells = base.cells().iter();
            cells
                .map(|cell| union.places_of(position(cell.centre), HOME_WITHIN_M))
                .collect()
        };
        Ok(union)
    }

    fn snap(&self, at: Position, within_m: f64, allowed: impl Fn(Option<usize>) -> bool) -> Option<Snap> {
        self.layout.network.snap_where(at, within_m, |edge| {
            self.layout.opens(edge) && allowed(self.reshaped_of.get(&edge).copied())
        })
    }

    /// Where a place may lie: on the nearest street that every subset has, or on any nearer one.
    fn places_of(&self, at: Position, within_m: f64) -> Places {
        let common = self.snap(at, within_m, |reshaped| reshaped.is_none());
        let mut places = Places {
            snaps: common.iter().copied().collect(),
            on: Vec::new(),
        };
        let nearer_m = common.map_or(within_m, |snap| (snap.offset_m + TIE_M).min(within_m));
        let any = |reshaped: Option<usize>| reshaped.is_some();
        if !self.reshaped.is_empty() && self.snap(at, nearer_m, any).is_some() {
            for shape in 0..self.reshaped.len() {
                if let Some(snap) = self.snap(at, nearer_m, |reshaped| reshaped == Some(shape)) {
                    places.snaps.push(snap);
                    places.on.push(shape);
                }
            }
        }
        places
    }

    /// Where a stop may lie.
    pub(super) fn stop(&self, at: Position) -> Places {
        self.places_of(at, PLACE_WITHIN_M)
    }

    /// Where one may come into a place, whose entrances are known in its city.
    pub(super) fn entrances(&self, place: &Place, known: &[Snap]) -> Places {
        if self.reshaped.is_empty() {
            return Places::known(known);
        }
        // As the city itself looks for them, and no further than where every subset finds some.
        let outline = || outline::along(place, OUTLINE_STEP_M);
        let mut places = Places::default();
        let mut look = |probes: Vec<Position>, within_m: f64| {
            let mut in_every_subset = false;
            for at in probes {
                let found = self.places_of(at, within_m);
                in_every_subset |= found.snaps.len() > found.on.len();
                places.snaps.extend(found.snaps);
                places.on.extend(found.on);
            }
            in_every_subset
        };
        let _ = look(place.entrances.clone(), PLACE_WITHIN_M)
            || place.is_open() && look(outline(), OUTLINE_WITHIN_M)
            || look(vec![place.position], PLACE_WITHIN_M)
            || look(outline(), PLACE_WITHIN_M);
        places
    }

    /// The edges whose state a street's tags or shape bear on; of one that is not of the same shape in every subset
    /// also those of the ways that it meets.
    pub(super) fn edges_of_way(&self, way: &Uri) -> Vec<EdgeIndex> {
        let shapes = self.shapes_of(way);
        if shapes.is_empty() {
            return self.layout.edges_of(way).collect();
        }
        let edges = self.reshaped[shapes]
            .iter()
            .flat_map(|(_, edges)| edges.iter().copied());
        self.layout.around(edges)
    }

    /// The shapes of a way; none where it has one shape in every subset.
    pub(super) fn shapes_of(&self, way: &Uri) -> std::ops::Range<usize> {
        let from = self.reshaped.partition_point(|(id, _)| id < way);
        let to = self.reshaped.partition_point(|(id, _)| id <= way);
        from..to
    }

    /// The edges whose state a `RoadNode` bears on, and the rest of their ways: a subset may have cut them elsewhere.
    pub(super) fn edges_at(&self, joint: &Uri) -> Vec<EdgeIndex> {
        self.layout.whole_ways(self.layout.edges_at(joint))
    }

    /// Looks which cells have a way of at most `limit_m` to one of `all` facilities that passes one of the `changed`
    /// edges, or leads to one of the `changed_facilities`.
    pub(super) fn cells(
        &self,
        all: &[Snap],
        changed: &[EdgeIndex],
        changed_facilities: &[Snap],
        limit_m: f64,
        found: &mut impl FnMut(usize),
    ) {
        let limit = Metric::Distance.cost(limit_m + SLACK_M);
        let mut workspace = Workspace::new();
        let mut starts: Vec<Start> = changed_facilities.iter().map(|snap| Start::from(*snap)).collect();
        if !changed.is_empty() {
            let facilities: Vec<Start> = all.iter().map(|snap| Start::from(*snap)).collect();
            let reached = search_towards(
                &self.towards,
                Passability::Blocked,
                &facilities,
                limit,
                &mut workspace,
            );
            let mut edges: Vec<EdgeIndex> = changed.to_vec();
            edges.sort_unstable();
            edges.dedup();
            for &edge in &edges {
                let ends = self.layout.network.ends(edge).into_iter().flatten();
                starts.extend(ends.zip([0.0, 1.0]).filter_map(|(node, fraction)| {
                    Some(Start {
                        place: Snap::on(edge, fraction),
                        spent: reached.node_cost(node)?,
                    })
                }));
            }
            // Who lives on the street that a facility is on need not come by its ends.
            let on_changed = |snap: &&Snap| edges.binary_search(&snap.edge).is_ok();
            starts.extend(all.iter().filter(on_changed).map(|snap| Start::from(*snap)));
        }
        if starts.is_empty() {
            return;
        }
        let reached = search_towards(
            &self.towards,
            Passability::Blocked,
            &starts,
            limit,
            &mut workspace,
        );
        for (cell, home) in self.homes.iter().enumerate() {
            if home.snaps.iter().any(|snap| reached.arrival(snap).is_some()) {
                found(cell);
            }
        }
    }
}

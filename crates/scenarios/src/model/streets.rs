//! The streets: `RoadSegment`, `RoadNode` and `AccessibilityReport` entities as a network.
//!
//! Homes, places and stops are put onto the nearest way that houses open on: none that nobody lives on (motorways,
//! lifts, what is not built), no private drive, no carriageway whose pavement is mapped beside it. A street that is
//! closed keeps its houses: who lives there is cut off.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use ngsi_ld::Uri;
use sim_access::passability::{ProfileError, judge};
use sim_access::{
    EdgeAttributes, EdgeIndex, Metric, Network, Passability, Position, Profile, Snap, Towards, Travel,
};

use super::layout::Layout;
use super::table::{Change, Table};
use super::ways::{Joint, Report, Way};
use super::{ModelError, Place, outline};

/// Who travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// Somebody on foot.
    Walking,
    /// The profile that stands for persons with disabilities ([`super::TravelOptions::wheelchair`]).
    Wheelchair,
}

impl Who {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Walking, Self::Wheelchair];
}

/// How far from a street a home may lie, metres; farther ones are not on the network.
pub const HOME_WITHIN_M: f64 = 500.0;
/// How far from a street a place or a stop may lie, metres.
pub const PLACE_WITHIN_M: f64 = 300.0;
/// How far from its outline an area may be entered from a street, metres.
pub(crate) const OUTLINE_WITHIN_M: f64 = 25.0;
/// How far the places on an outline that are tried lie apart, metres.
pub(crate) const OUTLINE_STEP_M: f64 = 25.0;

/// The entities of streets.
#[derive(Clone, Debug)]
pub(crate) struct StreetEntities {
    pub(crate) ways: Table<Way>,
    pub(crate) joints: Table<Joint>,
    pub(crate) reports: Table<Report>,
}

/// What changed among them.
#[derive(Default)]
pub(crate) struct StreetChanges {
    /// Some shape: the network must be built anew.
    shape: bool,
    /// Only tags of these.
    ways: Vec<Uri>,
    joints: Vec<Uri>,
    reports: bool,
}

impl StreetChanges {
    pub(crate) fn is_empty(&self) -> bool {
        !self.shape && self.ways.is_empty() && self.joints.is_empty() && !self.reports
    }
}

impl StreetEntities {
    pub(crate) fn update(&mut self, id: &Uri, entity: Option<&ngsi_ld::Entity>, changes: &mut StreetChanges) {
        match self.ways.update(id, entity) {
            None => {}
            Some(Change {
                before: Some(before),
                after: Some(after),
            }) if after.same_shape(&before) => changes.ways.push(id.clone()),
            Some(_) => changes.shape = true,
        }
        match self.joints.update(id, entity) {
            None => {}
            Some(Change {
                before: Some(before),
                after: Some(after),
            }) if after.same_place(&before) => changes.joints.push(id.clone()),
            Some(_) => changes.shape = true,
        }
        changes.reports |= self.reports.update(id, entity).is_some();
    }
}

/// The streets of a city.
#[derive(Clone, Debug)]
pub struct Streets {
    entities: StreetEntities,
    layout: Arc<Layout>,
    /// Edges whose tags are not those that the network was built with.
    corrected: Arc<BTreeMap<EdgeIndex, EdgeAttributes>>,
    /// What is reported of edges, for each of [`Who::ALL`].
    reported: Arc<[BTreeMap<EdgeIndex, Passability>; 2]>,
    /// For each of [`Who::ALL`], by distance and by time.
    lenses: [[Lens; 2]; 2],
}

/// A network as somebody sees it.
#[derive(Clone, Debug)]
struct Lens {
    travel: Arc<Travel>,
    towards: Arc<OnceLock<Arc<Towards>>>,
}

impl From<Travel> for Lens {
    fn from(travel: Travel) -> Self {
        Self {
            travel: Arc::new(travel),
            towards: Arc::default(),
        }
    }
}

const METRICS: [Metric; 2] = [Metric::Distance, Metric::Time];

impl Streets {
    /// Lays the streets out. `None`: there are none.
    pub(crate) fn build(entities: &StreetEntities, wheelchair: &Profile) -> Result<Option<Self>, ModelError> {
        if entities.ways.is_empty() {
            return Ok(None);
        }
        let ways = entities.ways.iter().map(|(id, way)| (id, way.as_ref()));
        let layout = Arc::new(Layout::of(ways, &entities.joints)?);
        let lens = |profile: &Profile, metric| {
            Travel::new(Arc::clone(&layout.network), profile, metric)
                .map(Lens::from)
                .map_err(|error| ModelError::Data(error.to_string()))
        };
        let [distance, time] = METRICS;
        let walking = Profile::walking();
        let lenses = [
            [lens(&walking, distance)?, lens(&walking, time)?],
            [lens(wheelchair, distance)?, lens(wheelchair, time)?],
        ];
        let mut streets = Self {
            entities: entities.clone(),
            layout,
            corrected: Arc::default(),
            reported: Arc::default(),
            lenses,
        };
        streets.report();
        Ok(Some(streets))
    }

    /// The streets after changes to their entities that leave every shape as it is; `None`: some shape is another,
    /// and they must be built anew.
    pub(crate) fn after(&self, entities: &StreetEntities, changes: &StreetChanges) -> Option<Self> {
        if changes.shape {
            return None;
        }
        let mut streets = Self {
            entities: entities.clone(),
            ..self.clone()
        };
        let mut edges: Vec<EdgeIndex> = changes
            .ways
            .iter()
            .flat_map(|way| self.layout.edges_of(way))
            .chain(
                changes
                    .joints
                    .iter()
                    .flat_map(|joint| self.layout.edges_at(joint)),
            )
            .collect();
        edges.sort_unstable();
        edges.dedup();
        let known = |streets: &Self, edge| {
            let way = streets.entities.ways.get(streets.layout.way(edge)?)?;
            Some(streets.layout.attributes(edge, way, &streets.entities.joints))
        };
        let corrections: Vec<(EdgeIndex, EdgeAttributes)> = edges
            .into_iter()
            .filter_map(|edge| Some((edge, known(&streets, edge)?)))
            .filter(|(edge, now)| self.lenses[0][0].travel.attributes(*edge) != Some(now))
            .collect();
        if !corrections.is_empty() {
            Arc::make_mut(&mut streets.corrected).extend(corrections.iter().copied());
            streets.change(|travel, _| {
                for (edge, now) in &corrections {
                    travel.correct(*edge, *now);
                }
            });
        }
        if changes.reports || !self.reported.iter().all(BTreeMap::is_empty) {
            streets.report();
        }
        Some(streets)
    }

    fn change(&mut self, change: impl Fn(&mut Travel, usize)) {
        for (who, lenses) in self.lenses.iter_mut().enumerate() {
            for lens in lenses {
                let mut travel = (*lens.travel).clone();
                change(&mut travel, who);
                *lens = travel.into();
            }
        }
    }

    /// Puts what is reported onto the edges, and takes off what no longer is.
    fn report(&mut self) {
        let mut reports: Vec<&Report> = self
            .entities
            .reports
            .iter()
            .map(|(_, report)| report.as_ref())
            .collect();
        // The latest first; of equally late ones the worst.
        reports.sort_by(|a, b| b.date.cmp(&a.date).then(a.state.cmp(&b.state)));
        let mut reported = [BTreeMap::new(), BTreeMap::new()];
        for report in reports {
            for edge in self.layout.edges_of(&report.way) {
                for (reported, holds) in reported.iter_mut().zip(report.holds_for()) {
                    if holds {
                        reported.entry(edge).or_insert(report.state);
                    }
                }
            }
        }
        let before = std::mem::take(&mut self.reported);
        let [walking, wheelchair] = reported;
        // No report lets wheels pass where feet do not.
        let on_foot = Profile::walking();
        let tags = |edge: EdgeIndex| {
            let way = self.lenses[0][0].travel.attributes(edge);
            let states = way.map(|way| [true, false].map(|forward| judge(way, &on_foot, forward).state));
            states.map_or(Passability::Unknown, |[out, back]| out.or(back))
        };
        let wheelchair: BTreeMap<EdgeIndex, Passability> = wheelchair
            .into_iter()
            .map(|(edge, state)| {
                let feet = walking.get(&edge).copied().unwrap_or_else(|| tags(edge));
                (edge, state.and(feet))
            })
            .collect();
        let now = Arc::new([walking, wheelchair]);
        if now != before {
            self.change(|travel, who| {
                for edge in before[who].keys().filter(|edge| !now[who].contains_key(edge)) {
                    travel.withdraw(*edge);
                }
                for (edge, state) in &now[who] {
                    travel.report(*edge, *state);
                }
            });
        }
        self.reported = now;
    }

    /// The network.
    pub fn network(&self) -> &Arc<Network> {
        &self.layout.network
    }

    fn lens(&self, who: Who, metric: Metric) -> &Lens {
        &self.lenses[who as usize][usize::from(metric == Metric::Time)]
    }

    /// The network as somebody moves through it, with tags and reports as they are now.
    pub fn travel(&self, who: Who, metric: Metric) -> &Arc<Travel> {
        &self.lens(who, metric).travel
    }

    /// The same turned round, for questions towards facilities.
    pub fn towards(&self, who: Who, metric: Metric) -> &Arc<Towards> {
        let lens = self.lens(who, metric);
        lens.towards.get_or_init(|| Arc::new(lens.travel.towards()))
    }

    /// The network as any other profile moves through it, with tags and reports as they are now. What is reported
    /// for persons with disabilities counts for every profile but [`Profile::walking`] itself, whatever it is called.
    ///
    /// # Errors
    /// A profile that cannot be.
    pub fn travel_of(&self, profile: &Profile, metric: Metric) -> Result<Travel, ProfileError> {
        let mut travel = Travel::new(Arc::clone(self.network()), profile, metric)?;
        for (edge, now) in self.corrected.iter() {
            travel.correct(*edge, *now);
        }
        let who = usize::from(*profile != Profile::walking());
        for (edge, state) in &self.reported[who] {
            travel.report(*edge, *state);
        }
        Ok(travel)
    }

    /// The `RoadSegment` that an edge is a piece of.
    pub fn segment(&self, edge: EdgeIndex) -> Option<&Uri> {
        self.layout.way(edge)
    }

    /// The edges of a `RoadSegment`, in its direction; empty where it is not in the network.
    pub fn edges_of(&self, segment: &Uri) -> Vec<EdgeIndex> {
        self.layout.edges_of(segment).collect()
    }

    /// The edges that begin or end at a `RoadNode`; empty where it is not in the network.
    pub fn edges_at(&self, node: &Uri) -> Vec<EdgeIndex> {
        self.layout.edges_at(node).collect()
    }

    /// The `RoadNode` entities at the ends of an edge, where there are any: at its `from`, at its `to`.
    pub fn nodes_of(&self, edge: EdgeIndex) -> [Option<&Uri>; 2] {
        self.layout.joints_of(edge)
    }

    /// The nearest street that a house may open on, within so many metres.
    pub fn snap(&self, place: Position, within_m: f64) -> Option<Snap> {
        self.layout
            .network
            .snap_where(place, within_m, |edge| self.layout.opens(edge))
    }

    /// Where one comes into a place from the streets: where its entrances are; of a park, wherever a street runs
    /// within 25 m of its outline (looked at every 25 m); else the street nearest to it. Empty: no street within
    /// 300 m.
    pub fn entrances(&self, place: &Place) -> Vec<Snap> {
        let on_outline = |within_m: f64| {
            let probes = outline::along(place, OUTLINE_STEP_M).into_iter();
            probes
                .filter_map(|at| self.snap(at, within_m))
                .collect::<Vec<_>>()
        };
        let entrances = place.entrances.iter();
        let mut snaps: Vec<Snap> = entrances
            .filter_map(|&at| self.snap(at, PLACE_WITHIN_M))
            .collect();
        if snaps.is_empty() && place.is_open() {
            snaps = on_outline(OUTLINE_WITHIN_M);
        }
        if snaps.is_empty() {
            snaps.extend(self.snap(place.position, PLACE_WITHIN_M));
        }
        if snaps.is_empty() {
            let near = on_outline(PLACE_WITHIN_M).into_iter();
            snaps.extend(near.min_by(|a, b| a.offset_m.total_cmp(&b.offset_m)));
        }
        snaps
    }

    pub(crate) fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// What was left out or cannot be read, for people.
    pub(crate) fn notes(&self, entities: &StreetEntities, notes: &mut Vec<String>) {
        let ways = &entities.ways;
        if let Some(first) = ways.first_unfit() {
            notes.push(format!(
                "{} streets have no course that can be used and are left out (the first: {first})",
                ways.unfit()
            ));
        }
        let unreadable: usize = ways.iter().map(|(_, way)| way.unreadable).sum();
        if unreadable > 0 {
            notes.push(format!(
                "{unreadable} tags of streets cannot be read and count as missing"
            ));
        }
        let lost = |report: &Report| ways.get(&report.way).is_none();
        let lost: Vec<&Uri> = entities
            .reports
            .iter()
            .filter(|(_, report)| lost(report))
            .map(|(id, _)| id)
            .collect();
        if let Some(first) = lost.first() {
            notes.push(format!(
                "{} reports are about streets that are not there (the first: {first})",
                lost.len()
            ));
        }
        let parts = self.layout.network.parts();
        if parts.count() > 1 {
            notes.push(format!(
                "the streets fall into {} parts that nothing connects",
                parts.count()
            ));
        }
    }
}

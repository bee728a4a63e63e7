//! A network as one profile moves through it: costs and verdicts of every direction of every edge.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::attributes::{Crossing, EdgeAttributes};
use crate::network::{EdgeIndex, Network, Parts};
use crate::passability::{
    Criterion, CriterionSet, Finding, Passability, Profile, ProfileError, Slope, Verdict, explain, judge,
};
use crate::units::{Cost, MAX_COST, Metric, thousandths};

/// One direction of an edge: where it leads, what it costs, and in one word its edge, direction and state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leg {
    pub(crate) to: u32,
    pub(crate) cost: Cost,
    code: u32,
}

impl Leg {
    fn new(to: u32, cost: Cost, edge: u32, forward: bool, state: Passability) -> Self {
        Self {
            to,
            cost,
            code: edge << 3 | u32::from(forward) << 2 | state as u32,
        }
    }

    pub(crate) const fn edge(self) -> u32 {
        self.code >> 3
    }

    pub(crate) const fn is_forward(self) -> bool {
        self.code & 4 != 0
    }

    pub(crate) const fn state(self) -> Passability {
        Passability::from_bits(self.code & 3)
    }

    fn set_state(&mut self, state: Passability) {
        self.code = self.code & !3 | state as u32;
    }
}

/// A network as one profile moves through it. What is known can be changed edge by edge, without building anew: a
/// reported barrier counts from the next question on.
#[derive(Clone, Debug)]
pub struct Travel {
    network: Arc<Network>,
    profile: Profile,
    metric: Metric,
    legs: Vec<Leg>,
    /// Forward and backward of each edge.
    verdicts: Vec<[Verdict; 2]>,
    reports: BTreeMap<u32, Passability>,
    corrected: BTreeMap<u32, EdgeAttributes>,
}

impl Travel {
    /// Judges and costs every edge for a profile. Fails where the profile cannot be.
    pub fn new(network: Arc<Network>, profile: &Profile, metric: Metric) -> Result<Self, ProfileError> {
        profile.check()?;
        let legs = network
            .arcs()
            .iter()
            .map(|arc| Leg::new(arc.to, 0, arc.edge, arc.forward, Passability::Unknown));
        let mut travel = Self {
            legs: legs.collect(),
            verdicts: vec![[Verdict::default(); 2]; network.edge_count()],
            network,
            profile: profile.clone(),
            metric,
            reports: BTreeMap::new(),
            corrected: BTreeMap::new(),
        };
        for edge in travel.network.edges() {
            travel.assess(edge);
        }
        Ok(travel)
    }

    /// The network.
    #[must_use]
    pub const fn network(&self) -> &Arc<Network> {
        &self.network
    }

    /// Who is moving.
    #[must_use]
    pub const fn profile(&self) -> &Profile {
        &self.profile
    }

    /// What is counted.
    #[must_use]
    pub const fn metric(&self) -> Metric {
        self.metric
    }

    /// The verdict on a direction of an edge.
    #[must_use]
    pub fn verdict(&self, edge: EdgeIndex, forward: bool) -> Option<Verdict> {
        self.verdicts
            .get(edge.index())
            .map(|verdicts| verdicts[usize::from(!forward)])
    }

    /// The cost of a direction of an edge, whether or not it can be passed.
    #[must_use]
    pub fn cost(&self, edge: EdgeIndex, forward: bool) -> Option<Cost> {
        self.network
            .arcs_of()
            .get(edge.index())
            .map(|_| self.leg(edge.0, forward).cost)
    }

    /// What is known of an edge now, corrections included.
    #[must_use]
    pub fn attributes(&self, edge: EdgeIndex) -> Option<&EdgeAttributes> {
        self.corrected
            .get(&edge.0)
            .or_else(|| self.network.attributes(edge))
    }

    /// Why the verdict on a direction of an edge is what it is.
    #[must_use]
    pub fn explain(&self, edge: EdgeIndex, forward: bool) -> Vec<Finding> {
        let Some(way) = self.attributes(edge) else {
            return Vec::new();
        };
        let mut findings = explain(way, &self.profile, forward);
        if let Some(&state) = self.reports.get(&edge.0) {
            findings.push(Finding {
                criterion: Criterion::Report,
                state,
                found: format!("reported {state:?}"),
                needed: "a report counts before all else".to_owned(),
            });
        }
        findings
    }

    /// Somebody was there: from now on both directions of the edge are as reported, whatever the tags say. `false`:
    /// no such edge.
    pub fn report(&mut self, edge: EdgeIndex, state: Passability) -> bool {
        let known = edge.index() < self.network.edge_count();
        if known {
            self.reports.insert(edge.0, state);
            self.assess(edge);
        }
        known
    }

    /// The report on an edge no longer holds: its tags count again. `false`: there was none.
    pub fn withdraw(&mut self, edge: EdgeIndex) -> bool {
        let was = self.reports.remove(&edge.0).is_some();
        if was {
            self.assess(edge);
        }
        was
    }

    /// Other tags for an edge, from now on. `false`: no such edge, or a number among the tags cannot be.
    pub fn correct(&mut self, edge: EdgeIndex, attributes: EdgeAttributes) -> bool {
        let takes = edge.index() < self.network.edge_count() && attributes.nonsense().is_none();
        if takes {
            self.corrected.insert(edge.0, attributes);
            self.assess(edge);
        }
        takes
    }

    /// The parts of the network between which nobody of this profile passes, by ways of at least this state.
    #[must_use]
    pub fn parts(&self, at_least: Passability) -> Parts {
        let passed = |edge: usize| {
            self.verdicts[edge]
                .iter()
                .any(|verdict| verdict.state >= at_least)
        };
        let ends = self.network.raw_ends().iter().enumerate();
        Parts::of(
            self.network.node_count(),
            ends.filter(|(edge, _)| passed(*edge)).map(|(_, &ends)| ends),
        )
    }

    /// The same network walked the other way round, for questions of the kind "from everywhere to the nearest
    /// clinic". It is a copy: what is reported later is not in it.
    #[must_use]
    pub fn towards(&self) -> Towards {
        let mut turned = self.clone();
        for (edge, &[out, back]) in self.network.arcs_of().iter().enumerate() {
            let (out, back) = (out as usize, back as usize);
            let (a, b) = (self.legs[out], self.legs[back]);
            turned.legs[out].cost = b.cost;
            turned.legs[out].set_state(b.state());
            turned.legs[back].cost = a.cost;
            turned.legs[back].set_state(a.state());
            turned.verdicts[edge].swap(0, 1);
        }
        Towards { turned }
    }

    /// Whether one gets everywhere as in another, at the same cost and by the same states: searches over both find the
    /// same, though tags that decide nothing may differ. Networks that were built apart are never the same.
    #[must_use]
    pub fn moves_as(&self, other: &Self) -> bool {
        let same = |(a, b): (&Leg, &Leg)| a.to == b.to && a.cost == b.cost && a.code == b.code;
        Arc::ptr_eq(&self.network, &other.network)
            && self.metric == other.metric
            && self.profile == other.profile
            && self.legs.iter().zip(&other.legs).all(same)
    }

    fn assess(&mut self, edge: EdgeIndex) {
        let Some(&way) = self.attributes(edge) else { return };
        let (Some(&places), Some(&length)) = (
            self.network.arcs_of().get(edge.index()),
            self.network.lengths().get(edge.index()),
        ) else {
            return;
        };
        for (side, forward) in [true, false].into_iter().enumerate() {
            let verdict = match self.reports.get(&edge.0) {
                None => judge(&way, &self.profile, forward),
                Some(&state) => {
                    let why = CriterionSet::EMPTY.with(Criterion::Report);
                    Verdict {
                        state,
                        undecided: if state == Passability::Unknown {
                            why
                        } else {
                            CriterionSet::EMPTY
                        },
                        blocking: if state == Passability::Blocked {
                            why
                        } else {
                            CriterionSet::EMPTY
                        },
                    }
                }
            };
            self.verdicts[edge.index()][side] = verdict;
            let leg = &mut self.legs[places[side] as usize];
            leg.cost = match self.metric {
                Metric::Distance => length,
                Metric::Time => milliseconds(f64::from(length) / 1000.0, &way, &self.profile, forward),
            };
            leg.set_state(verdict.state);
        }
    }

    pub(crate) fn legs(&self) -> &[Leg] {
        &self.legs
    }

    /// A direction of an edge that is in the network.
    pub(crate) fn leg(&self, edge: u32, forward: bool) -> Leg {
        let places = self.network.arcs_of()[edge as usize];
        self.legs[places[usize::from(!forward)] as usize]
    }

    /// What so many metres off the network cost.
    pub(crate) fn offset(&self, metres: f64) -> Cost {
        match self.metric {
            Metric::Distance => thousandths(metres),
            Metric::Time => thousandths(metres / self.profile.speed_m_s),
        }
    }
}

/// A network turned round, made by [`Travel::towards`]: costs lead *to* the places a search starts at.
#[derive(Clone, Debug)]
pub struct Towards {
    turned: Travel,
}

impl Towards {
    /// What is counted.
    #[must_use]
    pub const fn metric(&self) -> Metric {
        self.turned.metric
    }

    /// The network.
    #[must_use]
    pub const fn network(&self) -> &Arc<Network> {
        &self.turned.network
    }

    pub(crate) const fn turned(&self) -> &Travel {
        &self.turned
    }
}

/// Time to pass a piece of way, milliseconds.
fn milliseconds(length_m: f64, way: &EdgeAttributes, profile: &Profile, forward: bool) -> Cost {
    let slope = match (profile.slope, way.slope_pct(forward)) {
        (Slope::Tobler, Some(slope)) if !way.is_lift() => {
            (-3.5 * (f64::from(slope) / 100.0 + 0.05).abs()).exp() / (-3.5_f64 * 0.05).exp()
        }
        _ => 1.0,
    };
    let steps = if way.has_steps() { profile.steps_speed } else { 1.0 };
    let lights = if way.crossing == Some(Crossing::TrafficSignals) {
        profile.signal_wait_s
    } else {
        0.0
    };
    let lift = if way.is_lift() { profile.lift_wait_s } else { 0.0 };
    thousandths(length_m / (profile.speed_m_s * slope * steps) + lights + lift).min(MAX_COST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attributes::{Highway, Incline};
    use crate::network::{EdgeInput, NodeInput};
    use crate::place::Position;

    fn one(attributes: EdgeAttributes) -> Arc<Network> {
        let nodes = [(0, 0.0), (1, 0.001)].map(|(id, lon)| NodeInput {
            id,
            position: Position::new(lon, 0.0),
        });
        Arc::new(Network::build(&nodes, &[EdgeInput::straight(5, 0, 1, 100.0, attributes)]).unwrap())
    }

    #[test]
    fn times_are_tobler_s() {
        let way = EdgeAttributes {
            incline: Some(Incline::Percent(10.0)),
            ..EdgeAttributes::of(Highway::Path)
        };
        let profile = Profile {
            speed_m_s: 1.0,
            ..Profile::walking()
        };
        let travel = Travel::new(one(way), &profile, Metric::Time).unwrap();
        // 10 % up: exp(-3.5 * 0.15) / exp(-0.175) = 0.7047 of the speed; 10 % down: exp(-0.175) / exp(-0.175) = 1.
        assert_eq!(travel.cost(EdgeIndex(0), true), Some(141_907));
        assert_eq!(travel.cost(EdgeIndex(0), false), Some(100_000));
        let towards = travel.towards();
        assert_eq!(towards.turned().cost(EdgeIndex(0), true), Some(100_000));
    }

    #[test]
    fn waits_count_and_so_do_steps() {
        let cost = |way: EdgeAttributes| {
            let profile = Profile {
                speed_m_s: 1.0,
                ..Profile::walking()
            };
            Travel::new(one(way), &profile, Metric::Time)
                .unwrap()
                .cost(EdgeIndex(0), true)
                .unwrap()
        };
        assert_eq!(cost(EdgeAttributes::of(Highway::Steps)), 200_000);
        assert_eq!(cost(EdgeAttributes::of(Highway::Elevator)), 130_000);
        let lights = EdgeAttributes {
            crossing: Some(Crossing::TrafficSignals),
            ..EdgeAttributes::of(Highway::Footway)
        };
        assert_eq!(cost(lights), 115_000);
    }

    #[test]
    fn a_report_counts_at_once_and_can_be_withdrawn() {
        let mut travel = Travel::new(
            one(EdgeAttributes::of(Highway::Footway)),
            &Profile::walking(),
            Metric::Distance,
        )
        .unwrap();
        let state = |travel: &Travel| travel.verdict(EdgeIndex(0), true).map(|verdict| verdict.state);
        assert_eq!(state(&travel), Some(Passability::Passable));
        assert!(travel.report(EdgeIndex(0), Passability::Blocked));
        assert_eq!(state(&travel), Some(Passability::Blocked));
        assert_eq!(
            travel
                .explain(EdgeIndex(0), true)
                .last()
                .map(|finding| finding.criterion),
            Some(Criterion::Report)
        );
        assert_eq!(travel.parts(Passability::Unknown).count(), 2);
        assert!(travel.withdraw(EdgeIndex(0)) && !travel.withdraw(EdgeIndex(0)));
        assert_eq!(state(&travel), Some(Passability::Passable));
        assert!(travel.correct(EdgeIndex(0), EdgeAttributes::of(Highway::Motorway)));
        assert_eq!(state(&travel), Some(Passability::Blocked));
        assert!(!travel.report(EdgeIndex(9), Passability::Blocked));
        let nonsense = EdgeAttributes {
            width_m: Some(f32::NAN),
            ..EdgeAttributes::default()
        };
        assert!(!travel.correct(EdgeIndex(0), nonsense));
    }
}

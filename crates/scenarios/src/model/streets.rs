//! The streets: `RoadSegment`, `RoadNode` and `AccessibilityReport` entities as a network.

use std::sync::Arc;

use ngsi_ld::Uri;
use sim_access::passability::ProfileError;
use sim_access::{EdgeIndex, Metric, Network, Position, Profile, Snap, Towards, Travel};

/// Who travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// Somebody on foot.
    Walking,
    /// The profile that stands for persons with disabilities ([`super::TravelOptions::wheelchair`]).
    Wheelchair,
}

/// The streets of a city.
#[derive(Clone)]
pub struct Streets {}

impl Streets {
    /// The network.
    pub fn network(&self) -> &Arc<Network> {
        todo!()
    }

    /// The network as somebody moves through it, with tags and reports as they are now.
    pub fn travel(&self, who: Who, metric: Metric) -> &Arc<Travel> {
        let _ = (who, metric);
        todo!()
    }

    /// The same turned round, for questions towards facilities.
    pub fn towards(&self, who: Who, metric: Metric) -> &Arc<Towards> {
        let _ = (who, metric);
        todo!()
    }

    /// The network as any other profile moves through it, with tags and reports as they are now.
    ///
    /// # Errors
    /// A profile that cannot be.
    pub fn travel_of(&self, profile: &Profile, metric: Metric) -> Result<Travel, ProfileError> {
        let _ = (profile, metric);
        todo!()
    }

    /// The `RoadSegment` that an edge is a piece of.
    pub fn segment(&self, edge: EdgeIndex) -> Option<&Uri> {
        let _ = edge;
        todo!()
    }

    /// The edges of a `RoadSegment`, in its direction; empty where it is not in the network.
    pub fn edges_of(&self, segment: &Uri) -> Vec<EdgeIndex> {
        let _ = segment;
        todo!()
    }

    /// The `RoadNode` entities at the ends of an edge, where there are any: at its `from`, at its `to`.
    pub fn nodes_of(&self, edge: EdgeIndex) -> [Option<&Uri>; 2] {
        let _ = edge;
        todo!()
    }

    /// The nearest street that a house may open on, within so many metres.
    pub fn snap(&self, place: Position, within_m: f64) -> Option<Snap> {
        let _ = (place, within_m);
        todo!()
    }

    /// Where one comes into a place from the streets: its entrances, its outline, or itself.
    pub fn entrances(&self, place: &super::Place) -> Vec<Snap> {
        let _ = place;
        todo!()
    }
}

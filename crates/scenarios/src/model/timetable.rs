//! The timetable of a day, of GTFS entities.

use ngsi_ld::Uri;
use sim_access::equity::Capacity;
use sim_access::transit::{Footpath, Services, StopInput, ThreeTimetables, TransitError, TripInput};
use sim_access::{Passability, Position, Snap};

use super::{Streets, TravelOptions, Who};

/// A stop that is served.
#[derive(Clone, Debug, PartialEq)]
pub struct Stop {
    /// The entity.
    pub id: Uri,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub position: Position,
    /// Whether one gets on and off by wheelchair.
    pub wheelchair: Passability,
    /// Whether a vehicle calls there that takes wheelchairs.
    pub vehicles: Passability,
    /// The most that any of its lines moves.
    pub capacity: Capacity,
    /// Where it is on the streets; `None`: there are no streets, or none near it.
    pub snap: Option<Snap>,
}

/// A timetable of a day.
#[derive(Clone, Debug)]
pub struct Timetable {
    /// The day, `YYYY-MM-DD`; empty where the twin has no calendar.
    pub date: String,
    /// The served stops; numbers of stops in [`Timetable::trips`] are places in it.
    pub stops: Vec<Stop>,
    /// The trips that run on the day, the day before or the day after.
    pub trips: Vec<TripInput>,
    /// The entities of the trips.
    pub trip_ids: Vec<Uri>,
    /// On which of the three days each service runs.
    pub services: Services,
}

impl Timetable {
    /// The stops as the simulator takes them, for somebody on foot or by wheelchair.
    pub fn inputs(&self, who: Who) -> Vec<StopInput> {
        let _ = who;
        todo!()
    }

    /// Ways on foot between stops: along the streets, or straight times the detour where there are none.
    ///
    /// # Errors
    /// None that streets of this crate cause.
    pub fn footpaths(
        &self,
        streets: Option<&Streets>,
        options: &TravelOptions,
        who: Who,
    ) -> Result<Vec<Footpath>, TransitError> {
        let _ = (streets, options, who);
        todo!()
    }

    /// The timetable with all, with what may be and with what is known to be accessible.
    ///
    /// # Errors
    /// None that entities of this crate cause: what does not fit was left out when they were read.
    pub fn build(
        &self,
        streets: Option<&Streets>,
        options: &TravelOptions,
        who: Who,
    ) -> Result<ThreeTimetables, TransitError> {
        let _ = (streets, options, who);
        todo!()
    }
}

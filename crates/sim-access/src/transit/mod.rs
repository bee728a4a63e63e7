//! Public transport: timetables, and the earliest arrival over them.

mod input;
mod journey;
mod legs;
mod matrix;
mod patterns;
mod range;
mod raptor;
mod reversed;
mod timetable;
mod wheelchair;

pub use input::{Call, Footpath, Frequency, Services, StopInput, TransitError, TripInput};
pub use journey::{Journey, JourneyLeg};
pub use legs::{
    AccessLeg, StraightLine, network_footpaths, network_legs, network_legs_towards, straight_footpaths,
    straight_legs,
};
pub use matrix::travel_times;
pub use range::{Distribution, RangeResult, Window, range};
pub use raptor::{Arrivals, Query, Rounds, earliest};
pub use reversed::{Latest, Reversed};
pub use timetable::{FrequencyRule, Timetable, TimetableOptions};
pub use wheelchair::{Element, ThreeTimetables, TransitAnswer};

//! Who reaches what, on foot, by wheelchair and by public transport: street networks with what is known and not
//! known of every piece of way, three-valued passability, shortest paths, isochrones, timetables, and the shares
//! of people that come of it.
//!
//! Pure: inputs and parameters in, results out; no I/O, no clock, no global state. Costs are whole millimetres or
//! milliseconds, so sums do not depend on their order and results are the same on any number of threads.
#![doc = include_str!("../README.md")]

pub mod attributes;
pub mod equity;
pub mod network;
pub mod parallel;
pub mod passability;
pub mod place;
pub mod reach;
pub mod survey;
pub mod tags;
pub mod transit;
pub mod travel;
pub mod units;

pub use attributes::EdgeAttributes;
pub use network::{EdgeIndex, EdgeInput, Network, NetworkError, NodeIndex, NodeInput, Snap};
pub use passability::{Criterion, CriterionSet, Passability, Profile, Verdict};
pub use place::Position;
pub use reach::{Start, Workspace};
pub use travel::{Towards, Travel};
pub use units::{Cost, Metric};

//! Entities through every representation and back.

mod forms;
mod payloads;
mod refusals;
mod round_trips;
mod series;

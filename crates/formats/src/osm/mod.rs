//! OpenStreetMap: streets and paths with what those who walk or roll must know of them, places, parks, areas.

pub mod keys;

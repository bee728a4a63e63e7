//! Durability. What the twin decides is written here before anybody is told that it happened.
pub mod change;
pub mod environment;

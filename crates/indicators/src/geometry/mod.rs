//! Geometry on the ground: projection, distances, areas.

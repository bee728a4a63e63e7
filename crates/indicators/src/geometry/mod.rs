//! Geometry on the ground: a local projection in metres, distances on the ellipsoid, areas and corridors.

pub mod areas;
pub mod bounds;
pub mod corridor;
pub mod near;
pub mod projection;
pub mod scan;

pub use areas::AreaIndex;
pub use bounds::Bounds;
pub use corridor::CorridorNetwork;
pub use near::Neighbourhood;
pub use projection::LocalProjection;

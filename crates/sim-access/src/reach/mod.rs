//! How far one gets: shortest paths, three-valued answers, nearest facilities, isochrones, matrices.

mod answer;
mod heap;
mod isochrone;
mod matrix;
mod nearest;
mod outline;
mod path;
mod search;

pub use answer::{Answer, Decisive, answer, states};
pub use isochrone::{Isochrone, ReachedPiece, isochrone};
pub use matrix::{Matrix, matrix};
pub use nearest::{Nearest, nearest, within};
pub use outline::{OutlineOptions, Ring, Shape, outline};
pub(crate) use path::Via;
pub use path::{Path, Step};
pub use search::{Arrival, Reached, Start, Workspace, search, search_towards};

//! A street network for people on foot: nodes, edges, what is known of them, as compact arrays.

mod build;
mod input;
mod parts;
mod snap;

pub use build::Network;
pub use input::{EdgeInput, End, NetworkError, NodeInput};
pub use parts::Parts;
pub use snap::Snap;

use serde::{Deserialize, Serialize};

/// A node, by its place in the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeIndex(pub u32);

/// An edge, by its place in the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EdgeIndex(pub u32);

impl NodeIndex {
    /// As an index into a slice.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl EdgeIndex {
    /// As an index into a slice.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

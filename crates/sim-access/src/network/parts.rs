//! Parts of a network that no edge connects.

use super::NodeIndex;
use crate::units::small;

/// The connected parts of a graph, largest first (by nodes; of equals, the one with the first node first).
/// Directions and passability do not count here: [`crate::Travel::parts`] looks at those who can pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    part_of: Vec<u32>,
    sizes: Vec<u32>,
}

impl Parts {
    pub(crate) fn of(nodes: usize, edges: impl Iterator<Item = [u32; 2]>) -> Self {
        let mut parent: Vec<u32> = (0..small(nodes)).collect();
        for [a, b] in edges {
            let (a, b) = (root(&mut parent, a), root(&mut parent, b));
            // The smaller number stays the root, so roots are first nodes.
            parent[a.max(b) as usize] = a.min(b);
        }
        let mut size = vec![0_u32; nodes];
        for node in 0..small(nodes) {
            size[root(&mut parent, node) as usize] += 1;
        }
        let mut roots: Vec<u32> = (0..small(nodes))
            .filter(|&node| size[node as usize] > 0)
            .collect();
        roots.sort_by_key(|&root| (std::cmp::Reverse(size[root as usize]), root));
        let mut number = vec![0_u32; nodes];
        for (part, &root) in roots.iter().enumerate() {
            number[root as usize] = small(part);
        }
        let part_of = (0..small(nodes))
            .map(|node| number[root(&mut parent, node) as usize])
            .collect();
        Self {
            part_of,
            sizes: roots.iter().map(|&root| size[root as usize]).collect(),
        }
    }

    /// How many parts there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.sizes.len()
    }

    /// Nodes in each part, largest first.
    #[must_use]
    pub fn sizes(&self) -> &[u32] {
        &self.sizes
    }

    /// The part a node lies in.
    #[must_use]
    pub fn part_of(&self, node: NodeIndex) -> Option<u32> {
        self.part_of.get(node.index()).copied()
    }

    /// The share of nodes in the largest part; `None`: no nodes.
    #[must_use]
    pub fn largest_share(&self) -> Option<f64> {
        self.sizes
            .first()
            .map(|&size| f64::from(size) / self.part_of.len() as f64)
    }
}

/// The root of a node, halving the path on the way.
fn root(parent: &mut [u32], mut node: u32) -> u32 {
    while parent[node as usize] != node {
        let above = parent[parent[node as usize] as usize];
        parent[node as usize] = above;
        node = above;
    }
    node
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn largest_first() {
        let parts = Parts::of(6, [[4, 5], [3, 4], [1, 1]].into_iter());
        assert_eq!(parts.sizes(), [3, 1, 1, 1]);
        let numbers: Vec<_> = (0..7).map(|node| parts.part_of(NodeIndex(node))).collect();
        assert_eq!(
            numbers,
            [Some(1), Some(2), Some(3), Some(0), Some(0), Some(0), None]
        );
        assert_eq!(parts.largest_share(), Some(0.5));
    }
}

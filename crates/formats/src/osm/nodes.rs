//! Where the nodes lie that something is made of: seventeen bytes each, and no other node is held.

use super::element::Position;

/// The ids of nodes that ways are made of, gathered before the nodes themselves are read.
pub(super) struct Needed {
    of_streets: Ids,
    of_others: Ids,
    most: usize,
}

/// Ways are made of more nodes than may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMany(pub(super) usize);

/// Ids, now and then rid of those that stand twice.
#[derive(Debug, Default)]
struct Ids {
    ids: Vec<i64>,
    /// How many there were when they were last sorted.
    sorted: usize,
}

impl Ids {
    fn extend(&mut self, ids: &[i64]) {
        self.ids.extend_from_slice(ids);
        if self.ids.len() > 2 * self.sorted.max(1 << 18) {
            self.sort();
        }
    }

    fn sort(&mut self) {
        self.ids.sort_unstable();
        self.ids.dedup();
        self.sorted = self.ids.len();
    }
}

impl Needed {
    /// Of a file with so many nodes. Ways may name others (of an extract, those beyond its edge), but not without
    /// bound: a million, and thrice as many as the file has itself.
    pub(super) fn of(nodes: u64) -> Self {
        Self {
            of_streets: Ids::default(),
            of_others: Ids::default(),
            most: usize::try_from(nodes.saturating_mul(4).saturating_add(1 << 20)).unwrap_or(usize::MAX),
        }
    }

    /// Nodes of a street.
    pub(super) fn street(&mut self, ids: &[i64]) -> Result<(), TooMany> {
        self.of_streets.extend(ids);
        self.check()
    }

    /// Nodes of the outline of something.
    pub(super) fn outline(&mut self, ids: &[i64]) -> Result<(), TooMany> {
        self.of_others.extend(ids);
        self.check()
    }

    fn check(&self) -> Result<(), TooMany> {
        let different = self.of_streets.sorted.max(self.of_others.sorted);
        if different > self.most {
            return Err(TooMany(self.most));
        }
        Ok(())
    }

    /// The table, with no node in its place yet.
    pub(super) fn into_table(mut self) -> Result<Nodes, TooMany> {
        self.of_streets.sort();
        self.of_others.sort();
        self.check()?;
        let mut ids = self.of_others.ids;
        ids.extend_from_slice(&self.of_streets.ids);
        ids.sort_unstable();
        ids.dedup();
        ids.shrink_to_fit();
        let mut streets = self.of_streets.ids.iter().peekable();
        let flags = ids
            .iter()
            .map(|id| {
                if streets.next_if_eq(&id).is_some() {
                    STREET
                } else {
                    0
                }
            })
            .collect();
        Ok(Nodes {
            at: vec![Position::default(); ids.len()],
            ids,
            flags,
        })
    }
}

const STREET: u8 = 1;
const PLACED: u8 = 2;
const ENTRANCE: u8 = 4;

/// The nodes that are needed, by id.
pub(super) struct Nodes {
    ids: Vec<i64>,
    at: Vec<Position>,
    flags: Vec<u8>,
}

/// A node that is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(usize);

impl Nodes {
    pub(super) fn slot(&self, id: i64) -> Option<Slot> {
        self.ids.binary_search(&id).ok().map(Slot)
    }

    fn has(&self, slot: Slot, flag: u8) -> bool {
        self.flags.get(slot.0).is_some_and(|flags| flags & flag != 0)
    }

    /// Whether a street runs over it.
    pub(super) fn on_street(&self, slot: Slot) -> bool {
        self.has(slot, STREET)
    }

    /// Puts it in its place; `false` where it has one already.
    pub(super) fn place(&mut self, slot: Slot, position: Position) -> bool {
        if self.has(slot, PLACED) {
            return false;
        }
        if let (Some(at), Some(flags)) = (self.at.get_mut(slot.0), self.flags.get_mut(slot.0)) {
            *at = position;
            *flags |= PLACED;
        }
        true
    }

    /// Notes that one can go in there.
    pub(super) fn mark_entrance(&mut self, slot: Slot) {
        if let Some(flags) = self.flags.get_mut(slot.0) {
            *flags |= ENTRANCE;
        }
    }

    /// Where a node lies; `None` where the file does not say.
    pub(super) fn position(&self, id: i64) -> Option<Position> {
        let slot = self.slot(id)?;
        self.at.get(slot.0).copied().filter(|_| self.has(slot, PLACED))
    }

    /// Whether one can go in at a node.
    pub(super) fn is_entrance(&self, id: i64) -> bool {
        self.slot(id).is_some_and(|slot| self.has(slot, ENTRANCE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_needed_has_a_place() {
        let mut needed = Needed::of(5);
        needed.street(&[5, 3, 5, -1]).unwrap();
        needed.outline(&[9, 3]).unwrap();
        let mut nodes = needed.into_table().unwrap();
        assert_eq!(nodes.slot(4), None);
        let street = |id| nodes.slot(id).is_some_and(|slot| nodes.on_street(slot));
        assert_eq!([-1, 3, 5, 9].map(street), [true, true, true, false]);
        assert_eq!(nodes.position(3), None);
        let three = nodes.slot(3).unwrap();
        assert!(nodes.place(three, Position { lon: 1, lat: 2 }));
        assert!(
            !nodes.place(three, Position { lon: 3, lat: 4 }),
            "the first counts"
        );
        assert_eq!(nodes.position(3), Some(Position { lon: 1, lat: 2 }));
        nodes.mark_entrance(three);
        assert!(nodes.is_entrance(3) && !nodes.is_entrance(5));
    }

    #[test]
    fn many_ids_are_held_once() {
        let mut needed = Needed::of(20_000);
        for _ in 0..100 {
            needed.street(&(0..20_000).collect::<Vec<i64>>()).unwrap();
        }
        assert!(needed.of_streets.ids.len() < 600_000);
        assert_eq!(needed.into_table().unwrap().ids.len(), 20_000);
    }

    #[test]
    fn ways_of_nodes_that_are_nowhere_are_bounded() {
        let most = (1 << 20) + 4 * 10;
        for outline in [false, true] {
            let mut needed = Needed::of(10);
            let mut took = 0;
            let refused = (0..10_000).find_map(|way| {
                let ids: Vec<i64> = (way * 2_000..(way + 1) * 2_000).collect();
                took = way;
                if outline {
                    needed.outline(&ids)
                } else {
                    needed.street(&ids)
                }
                .err()
            });
            assert_eq!(refused, Some(TooMany(most)));
            assert!(took < 3_000, "held before anybody looked: {took}");
        }
        let mut few = Needed::of(10);
        few.street(&(0..1_048_617).collect::<Vec<i64>>()).unwrap_err();
        let mut few = Needed::of(11);
        few.street(&(0..1_048_617).collect::<Vec<i64>>()).unwrap();
        assert!(few.into_table().is_ok());
    }
}

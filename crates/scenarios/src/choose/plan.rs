//! Which subsets can be, and which must be simulated.
//!
//! Two measures interact for an indicator where they can change the answer for the same cell. The measures fall into
//! components that do not interact; what a subset does is then the sum of what its parts in each component do, and
//! only the subsets of one component are simulated.

use std::collections::{BTreeMap, BTreeSet};

use super::lab::{Lab, Mask, bit, members};
use crate::indicator::CellSet;
use crate::run::{RunError, Watch};

/// With more largest sets of measures that can be together than this, all measures count as one component.
const MOST_LARGEST: usize = 64;

/// Which measures can be together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    /// Pairs that contradict each other, with the reason.
    pub(crate) contradictions: BTreeMap<(usize, usize), String>,
    /// Measures that cannot be alone: those that they need (none: they cannot be at all), and why.
    pub(crate) dependent: BTreeMap<usize, (Mask, String)>,
    /// An order of all measures in which each comes after those that make it possible.
    pub(crate) order: Vec<usize>,
}

/// Why a subset cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Impossible {
    Contradiction(usize, usize),
    Needs(usize),
}

impl Rules {
    /// Tries every measure alone, with those that it needs, and every pair. A measure needs what another makes, so what
    /// it needs are certain other measures, all of them.
    pub(crate) fn find<L: Lab>(lab: &L, count: usize, watch: &dyn Watch) -> Result<Self, RunError> {
        let mut asked = BTreeMap::new();
        let mut check = |mask: Mask| -> Result<Result<(), String>, RunError> {
            if watch.cancelled() {
                return Err(RunError::Cancelled);
            }
            let answer = asked
                .entry(mask)
                .or_insert_with(|| lab.check(&members(mask).collect::<Vec<_>>()));
            Ok(answer.clone())
        };
        let mut rules = Self::default();
        for measure in 0..count {
            match check(bit(measure))? {
                Ok(()) => rules.order.push(measure),
                Err(why) => {
                    rules.dependent.insert(measure, (0, why));
                }
            }
        }
        rules.contradict(0, &mut check)?;
        loop {
            let known = rules.order.len();
            let possible = rules.order.iter().fold(0, |mask, &measure| mask | bit(measure));
            let mut company = rules.largest(possible).unwrap_or_default();
            company.extend(rules.order.iter().map(|&measure| rules.support(measure)));
            let open: Vec<usize> = (0..count)
                .filter(|measure| !rules.order.contains(measure))
                .collect();
            for measure in open {
                let Some(needs) = needs(measure, &company, &mut check)? else {
                    continue;
                };
                if let Some(entry) = rules.dependent.get_mut(&measure) {
                    entry.0 = needs;
                }
                rules.order.push(measure);
            }
            if rules.order.len() == known {
                break;
            }
            rules.contradict(known, &mut check)?;
        }
        let impossible = (0..count).filter(|measure| !rules.order.contains(measure));
        let impossible: Vec<usize> = impossible.collect();
        rules.order.extend(impossible);
        Ok(rules)
    }

    /// A measure with all that it needs.
    fn support(&self, measure: usize) -> Mask {
        bit(measure) | self.dependent.get(&measure).map_or(0, |(needs, _)| *needs)
    }

    /// Finds the contradictions of the measures from a place in the order with all before them.
    fn contradict(
        &mut self,
        from: usize,
        check: &mut dyn FnMut(Mask) -> Result<Result<(), String>, RunError>,
    ) -> Result<(), RunError> {
        for b in from..self.order.len() {
            for a in 0..b {
                let (a, b) = (self.order[a], self.order[b]);
                let together = self.support(a) | self.support(b);
                if self.against(together).is_none()
                    && let Err(why) = check(together)?
                {
                    self.contradictions.insert((a.min(b), a.max(b)), why);
                }
            }
        }
        Ok(())
    }

    /// Why a subset cannot be; `None`: it can.
    pub(crate) fn against(&self, mask: Mask) -> Option<Impossible> {
        let contradiction = self
            .contradictions
            .keys()
            .find(|&&(a, b)| mask & bit(a) != 0 && mask & bit(b) != 0);
        if let Some(&(a, b)) = contradiction {
            return Some(Impossible::Contradiction(a, b));
        }
        self.dependent
            .iter()
            .find(|&(&measure, &(needs, _))| {
                mask & bit(measure) != 0 && (needs == 0 || mask & needs != needs)
            })
            .map(|(&measure, _)| Impossible::Needs(measure))
    }

    /// The largest sets of these measures that can be: every set that can be is part of one. `None`: there are too
    /// many.
    fn largest(&self, full: Mask) -> Option<Vec<Mask>> {
        let mut largest: Vec<Mask> = Vec::new();
        let mut open = vec![full];
        let mut seen = BTreeSet::from([full]);
        while let Some(mask) = open.pop() {
            if seen.len() > MOST_LARGEST * 16 {
                return None;
            }
            let without: Vec<usize> = match self.against(mask) {
                None => {
                    largest.push(mask);
                    continue;
                }
                Some(Impossible::Contradiction(a, b)) => vec![a, b],
                Some(Impossible::Needs(measure)) => vec![measure],
            };
            for measure in without {
                let smaller = mask & !bit(measure);
                if seen.insert(smaller) {
                    open.push(smaller);
                }
            }
        }
        let part_of_another = |mask: Mask| largest.iter().any(|&other| other != mask && other & mask == mask);
        let mut sets: Vec<Mask> = largest
            .iter()
            .copied()
            .filter(|&mask| !part_of_another(mask))
            .collect();
        sets.sort_unstable();
        sets.dedup();
        (sets.len() <= MOST_LARGEST).then_some(sets)
    }
}

/// What a measure needs of some company in which it can be: as little as possible.
fn needs(
    measure: usize,
    company: &[Mask],
    check: &mut dyn FnMut(Mask) -> Result<Result<(), String>, RunError>,
) -> Result<Option<Mask>, RunError> {
    for &with in company {
        if check(with | bit(measure))?.is_err() {
            continue;
        }
        let mut needs = with;
        for other in members(with) {
            if check(needs & !bit(other) | bit(measure))?.is_ok() {
                needs &= !bit(other);
            }
        }
        return Ok(Some(needs));
    }
    Ok(None)
}

/// What is simulated for which indicator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// For each indicator, the measures that interact. Measures that concern nobody are in none.
    pub(crate) components: Vec<Vec<Mask>>,
}

impl Plan {
    /// Finds the components.
    pub(crate) fn find<L: Lab>(
        lab: &L,
        rules: &Rules,
        count: usize,
        indicators: &[String],
        watch: &dyn Watch,
    ) -> Result<Self, RunError> {
        let full = (0..count).fold(0, |mask, index| mask | bit(index));
        let Some(largest) = rules.largest(full) else {
            return Ok(Self {
                components: vec![vec![full]; indicators.len()],
            });
        };
        let mut components = Vec::with_capacity(indicators.len());
        for indicator in indicators {
            let mut parts = Parts::new(count);
            for &set in &largest {
                if watch.cancelled() {
                    return Err(RunError::Cancelled);
                }
                let in_order = rules.order.iter().copied();
                let together: Vec<usize> = in_order.filter(|&measure| set & bit(measure) != 0).collect();
                let touched = lab.touched(&together, indicator)?;
                parts.meet(&together, &touched);
            }
            // What makes another possible is decided together with it.
            for (&measure, &(needs, _)) in &rules.dependent {
                for enabler in members(needs) {
                    parts.join(measure, enabler);
                }
            }
            components.push(parts.masks());
        }
        Ok(Self { components })
    }

    /// Every subset that is to be simulated; with each also the one that it is built on: the same without the last of
    /// its measures in [`Rules::order`]. The empty one is the baseline and not among them.
    pub(crate) fn subsets(&self, rules: &Rules) -> BTreeSet<Mask> {
        let mut subsets = BTreeSet::new();
        for &component in self.components.iter().flatten() {
            let mut subset = component;
            while subset != 0 {
                if rules.against(subset).is_none() {
                    subsets.insert(subset);
                }
                subset = (subset - 1) & component;
            }
        }
        subsets
    }

    /// Whether a subset is to be simulated for the indicator.
    pub(crate) fn concerns(&self, indicator: usize, mask: Mask) -> bool {
        self.components[indicator]
            .iter()
            .any(|component| component & mask == mask)
    }
}

/// Measures that fall into components.
struct Parts {
    parent: Vec<usize>,
    concerns_somebody: Vec<bool>,
}

impl Parts {
    fn new(count: usize) -> Self {
        Self {
            parent: (0..count).collect(),
            concerns_somebody: vec![false; count],
        }
    }

    fn root(&self, mut measure: usize) -> usize {
        while self.parent[measure] != measure {
            measure = self.parent[measure];
        }
        measure
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.parent[a.max(b)] = a.min(b);
    }

    fn meet(&mut self, together: &[usize], touched: &[CellSet]) {
        for (i, (&a, cells)) in together.iter().zip(touched).enumerate() {
            self.concerns_somebody[a] |= !cells.is_empty();
            for (&b, others) in together.iter().zip(touched).take(i) {
                if cells.intersects(others) {
                    self.join(a, b);
                }
            }
        }
    }

    fn masks(&self) -> Vec<Mask> {
        let mut masks: BTreeMap<usize, (Mask, bool)> = BTreeMap::new();
        for measure in 0..self.parent.len() {
            let (mask, concerns) = masks.entry(self.root(measure)).or_default();
            *mask |= bit(measure);
            *concerns |= self.concerns_somebody[measure];
        }
        masks
            .into_values()
            .filter(|(_, concerns)| *concerns)
            .map(|(mask, _)| mask)
            .collect()
    }
}

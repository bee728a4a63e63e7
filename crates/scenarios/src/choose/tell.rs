//! Why a subset or a measure was dropped, in plain words.

use super::combine::{Bar, Table};
use super::lab::{Count, Mask, bit, members};
use super::pareto::{Point, beaten_by};
use super::plan::{Impossible, Rules};
use crate::result::{Told, figure, money, people};

/// What the words are about.
pub(crate) struct Teller<'a> {
    /// The measures' names.
    pub(crate) measures: &'a [String],
    /// Their titles, where they have one.
    pub(crate) titles: &'a [Option<String>],
    /// The objectives' names.
    pub(crate) objectives: &'a [String],
    pub(crate) currency: Option<&'a str>,
    /// In thousandths.
    pub(crate) budget: Option<i64>,
    /// By subset, in thousandths.
    pub(crate) costs: &'a [i64],
    pub(crate) table: &'a Table,
    pub(crate) rules: &'a Rules,
    pub(crate) front: &'a [&'a Point],
    /// The best of the front.
    pub(crate) best: Option<&'a Point>,
}

impl Teller<'_> {
    /// The measures of a subset by name.
    pub(crate) fn names(&self, mask: Mask) -> Vec<String> {
        members(mask).map(|index| self.measures[index].clone()).collect()
    }

    /// A measure for people: its title, or its name as code.
    fn measure(&self, index: usize) -> String {
        match &self.titles[index] {
            Some(title) => format!("“{title}”"),
            None => format!("`{}`", self.measures[index]),
        }
    }

    fn listed(&self, mask: Mask) -> String {
        let all: Vec<String> = members(mask).map(|index| self.measure(index)).collect();
        match all.as_slice() {
            [] => "doing nothing".to_owned(),
            [one] => one.clone(),
            [all @ .., last] => format!("{} and {last}", all.join(", ")),
        }
    }

    fn money(&self, thousandths: i64) -> String {
        money(thousandths as f64 / 1000.0, self.currency)
    }

    /// An objective for people: `“A clinic within reach, by wheelchair (Persons with disabilities)”`.
    fn objective(&self, index: usize) -> String {
        format!("“{}”", self.objectives[index])
    }

    /// Why a subset is not in the Pareto set; `None`: it is.
    pub(crate) fn dropped(&self, mask: Mask, point: Option<&Point>) -> Option<String> {
        let Some(point) = point else {
            return Some(match self.table.rows.get(mask as usize) {
                Some(Err(bar)) => self.barred(bar),
                _ => "it was not simulated".to_owned(),
            });
        };
        if let Some(budget) = self.budget
            && point.cost > budget
        {
            return Some(format!(
                "it costs {}, {} more than the budget",
                self.money(point.cost),
                self.money(point.cost - budget)
            ));
        }
        let other = beaten_by(self.front, point)?;
        let name = self.listed(other.mask);
        let (name, costs, gives) = if other.mask.count_ones() > 1 {
            (format!("{name} together"), "cost", "give")
        } else {
            (name, "costs", "gives")
        };
        if other.alike(point) {
            return Some(format!(
                "{name} {gives} the same for the same cost, with {}",
                if other.mask.count_ones() < mask.count_ones() {
                    "fewer measures"
                } else {
                    "measures that come first in the file"
                }
            ));
        }
        let mut better = Vec::new();
        let mut same = Vec::new();
        for (index, (others, own)) in other.values.iter().zip(&point.values).enumerate() {
            if others > own {
                better.push(format!(
                    "{} percentage points more of {}",
                    figure(others - own, "%"),
                    self.objective(index)
                ));
            } else {
                same.push(self.objective(index));
            }
        }
        let same = if same.is_empty() {
            String::new()
        } else {
            format!("as much of {}", same.join(" and "))
        };
        let effects = [better.join(" and "), same]
            .into_iter()
            .filter(|part| !part.is_empty());
        let effects: Vec<String> = effects.collect();
        let cost = if other.cost < point.cost {
            format!("{costs} {} less", self.money(point.cost - other.cost))
        } else {
            format!("{costs} the same")
        };
        Some(format!("{name} {cost} and {gives} {}", effects.join(" and ")))
    }

    fn barred(&self, bar: &Bar) -> String {
        match bar {
            Bar::Rule(Impossible::Contradiction(a, b)) => {
                let why = self
                    .rules
                    .contradictions
                    .get(&(*a, *b))
                    .map_or("", String::as_str);
                format!(
                    "{} and {} contradict each other: {why}",
                    self.measure(*a),
                    self.measure(*b)
                )
            }
            Bar::Rule(Impossible::Needs(measure)) => match self.rules.dependent.get(measure) {
                Some((needs, _)) if *needs != 0 => {
                    format!("{} needs {}", self.measure(*measure), self.listed(*needs))
                }
                Some((_, why)) => format!("{} cannot be carried out: {why}", self.measure(*measure)),
                None => format!("{} cannot be carried out", self.measure(*measure)),
            },
            Bar::Found(why) => why.clone(),
        }
    }

    /// What became of a measure.
    pub(crate) fn told(&self, measure: usize) -> Told {
        let own = bit(measure);
        let difference = |with: Mask, without: Mask| -> Option<Vec<f64>> {
            let (with, without) = (self.table.counts(with)?, self.table.counts(without)?);
            let pair = with.iter().zip(without);
            Some(pair.map(|(a, b)| a.percent() - b.percent()).collect())
        };
        let best = self.best.map_or(0, |best| best.mask);
        Told {
            measure: self.measures[measure].clone(),
            in_pareto: self.front.iter().filter(|point| point.mask & own != 0).count(),
            alone: difference(own, 0).unwrap_or_default(),
            with_the_best: difference(best | own, best & !own).unwrap_or_default(),
            why: self.why(measure),
        }
    }

    fn why(&self, measure: usize) -> String {
        let own = bit(measure);
        let Some(best) = self.best else {
            return "nothing fits the budget, not even doing nothing".to_owned();
        };
        if best.mask & own != 0 {
            return match self.change(best.mask, best.mask & !own) {
                Some(change) if change.is_empty() => {
                    "it is in the best affordable subset, which would give the same without it".to_owned()
                }
                Some(change) => format!(
                    "it is in the best affordable subset, which loses {} without it",
                    change.join(" and ")
                ),
                None => "it is in the best affordable subset, and others of it need it".to_owned(),
            };
        }
        if let Some(Err(bar)) = self.table.rows.get((best.mask | own) as usize) {
            return self.barred(bar);
        }
        let with = self.change(best.mask | own, best.mask).unwrap_or_default();
        let alone = self.change(own, 0);
        if with.is_empty() {
            let Some(alone) = alone.filter(|alone| !alone.is_empty()) else {
                return "it gives nothing, neither alone nor beside the best affordable subset".to_owned();
            };
            return match self.overlap(measure, best.mask) {
                Some(other) => format!(
                    "alone it gives {}, but the best affordable subset gains nothing from it: {other} reaches the \
                     same people",
                    alone.join(" and ")
                ),
                None => format!(
                    "alone it gives {}, but the best affordable subset gains nothing from it",
                    alone.join(" and ")
                ),
            };
        }
        let with = with.join(" and ");
        let cost = self.costs[(best.mask | own) as usize];
        if let Some(budget) = self.budget
            && cost > budget
        {
            let overlap = self
                .overlap(measure, best.mask)
                .map_or_else(String::new, |other| {
                    format!("; part of what it gives alone is given by {other} already")
                });
            return format!(
                "the best affordable subset would gain {with} from it, but with its {} would be {} over the \
                 budget{overlap}",
                self.money(self.costs[own as usize]),
                self.money(cost - budget)
            );
        }
        format!("the best affordable subset would change by {with}, which makes it no better")
    }

    /// By how much each objective differs, where it does: `412 people (2.1 percentage points) of “A clinic within reach, by
    /// wheelchair”`.
    fn change(&self, with: Mask, without: Mask) -> Option<Vec<String>> {
        let (with, without) = (self.table.counts(with)?, self.table.counts(without)?);
        let differ = |(index, (a, b)): (usize, (&Count, &Count))| {
            (a.reached != b.reached).then(|| {
                format!(
                    "{} people ({} percentage points) of {}",
                    people((a.reached - b.reached) as f64 / 1000.0),
                    figure(a.percent() - b.percent(), "%"),
                    self.objective(index)
                )
            })
        };
        Some(with.iter().zip(without).enumerate().filter_map(differ).collect())
    }

    /// Of some measures, the one with which another has most people in common (of the first objective in which it has
    /// any): alone the two give more than together.
    fn overlap(&self, measure: usize, others: Mask) -> Option<String> {
        let nothing = self.table.counts(0)?;
        let alone = self.table.counts(bit(measure))?;
        (0..self.objectives.len()).find_map(|objective| {
            let gain = |counts: &[Count]| counts[objective].reached - nothing[objective].reached;
            members(others)
                .filter_map(|other| {
                    let together = self.table.counts(bit(measure) | bit(other))?;
                    let single = self.table.counts(bit(other))?;
                    Some((gain(alone) + gain(single) - gain(together), other))
                })
                .filter(|(common, _)| *common > 0)
                .max_by_key(|&(common, other)| (common, std::cmp::Reverse(other)))
                .map(|(_, other)| self.measure(other))
        })
    }
}

//! The Pareto set: what no other subset beats.
//!
//! Comparisons are exact, without a tolerance: costs are whole thousandths of the currency's unit, values are made of
//! whole thousandths of people. One subset beats another where it costs no more, gives no less of anything, and differs
//! in at least one of these for the better. Of those that are alike in everything, the one with the fewest measures
//! stays, and of these the one whose measures come first in the file.

use super::lab::Mask;

/// A subset as the Pareto set sees it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) mask: Mask,
    /// In thousandths of the currency's unit.
    pub(crate) cost: i64,
    /// Of each objective; more is better.
    pub(crate) values: Vec<f64>,
}

impl Point {
    /// Whether it costs no more and gives no less.
    fn no_worse(&self, other: &Self) -> bool {
        self.cost <= other.cost && self.values.iter().zip(&other.values).all(|(a, b)| a >= b)
    }

    /// Whether it is alike in cost and values.
    pub(crate) fn alike(&self, other: &Self) -> bool {
        self.cost == other.cost && self.values == other.values
    }

    /// Whether it makes another superfluous.
    pub(crate) fn beats(&self, other: &Self) -> bool {
        self.no_worse(other) && (!self.alike(other) || self.simplicity() < other.simplicity())
    }

    /// Fewest measures first; then those that come first in the file.
    fn simplicity(&self) -> (u32, Mask) {
        (self.mask.count_ones(), self.mask.reverse_bits() ^ Mask::MAX)
    }
}

/// The Pareto set of some points, cheapest first.
pub(crate) fn pareto(points: &[Point]) -> Vec<&Point> {
    let mut sorted: Vec<&Point> = points.iter().collect();
    // Whoever beats another comes before it.
    sorted.sort_by(|a, b| {
        let values = || {
            a.values
                .iter()
                .zip(&b.values)
                .map(|(a, b)| b.total_cmp(a))
                .find(|order| order.is_ne())
                .unwrap_or(std::cmp::Ordering::Equal)
        };
        a.cost
            .cmp(&b.cost)
            .then_with(values)
            .then_with(|| a.simplicity().cmp(&b.simplicity()))
    });
    let mut front: Vec<&Point> = Vec::new();
    for point in sorted {
        if !front.iter().rev().any(|other| other.beats(point)) {
            front.push(point);
        }
    }
    front
}

/// Which of the front beats a point: the one that differs in the fewest measures, then the cheapest.
pub(crate) fn beaten_by<'a>(front: &[&'a Point], point: &Point) -> Option<&'a Point> {
    front
        .iter()
        .filter(|other| other.beats(point))
        .min_by_key(|other| ((other.mask ^ point.mask).count_ones(), other.cost))
        .copied()
}

/// The best of a front: the one with the most of the first objective, then of the second …, then the cheapest.
pub(crate) fn best<'a>(front: &[&'a Point]) -> Option<&'a Point> {
    front
        .iter()
        .rev()
        .max_by(|a, b| {
            let values = a.values.iter().zip(&b.values).map(|(a, b)| a.total_cmp(b));
            values
                .chain([b.cost.cmp(&a.cost)])
                .find(|order| order.is_ne())
                .unwrap_or(std::cmp::Ordering::Equal)
        })
        .copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn point(mask: Mask, cost: i64, values: &[f64]) -> Point {
        Point {
            mask,
            cost,
            values: values.to_vec(),
        }
    }

    #[test]
    fn of_equals_the_simplest_stays() {
        let points = [
            point(0b111, 5, &[1.0]),
            point(0b100, 5, &[1.0]),
            point(0b001, 5, &[1.0]),
            point(0b000, 0, &[0.0]),
        ];
        let front: Vec<Mask> = pareto(&points).iter().map(|p| p.mask).collect();
        assert_eq!(front, [0b000, 0b001]);
        assert_eq!(beaten_by(&pareto(&points), &points[1]).unwrap().mask, 0b001);
    }

    #[test]
    fn the_best_has_the_most_of_the_first_and_then_the_second() {
        let points = [
            point(0, 0, &[0.0, 9.0]),
            point(1, 5, &[2.0, 1.0]),
            point(2, 9, &[2.0, 3.0]),
        ];
        assert_eq!(best(&pareto(&points)).unwrap().mask, 2);
        assert_eq!(best(&[]), None);
    }

    proptest! {
        /// From the definition, all against all.
        #[test]
        fn nothing_beats_what_stays_and_something_that_stays_beats_the_rest(
            drawn in prop::collection::vec((0..5_i64, prop::collection::vec(0..4_u8, 2)), 1..40),
        ) {
            let points: Vec<Point> = drawn.iter().enumerate().map(|(i, (cost, values))| Point {
                mask: u32::try_from(i).unwrap(),
                cost: *cost,
                values: values.iter().map(|&v| f64::from(v)).collect(),
            }).collect();
            let front = pareto(&points);
            for p in &points {
                let stays = front.iter().any(|f| f.mask == p.mask);
                let dominated = points.iter().any(|q| {
                    q.cost <= p.cost && q.values[0] >= p.values[0] && q.values[1] >= p.values[1]
                        && (q.cost < p.cost || q.values[0] > p.values[0] || q.values[1] > p.values[1])
                });
                let twin = points.iter().any(|q| {
                    (q.cost, &q.values) == (p.cost, &p.values) && q.mask != p.mask
                        && (q.mask.count_ones(), q.mask.reverse_bits() ^ u32::MAX)
                            < (p.mask.count_ones(), p.mask.reverse_bits() ^ u32::MAX)
                });
                prop_assert_eq!(stays, !dominated && !twin);
                prop_assert_eq!(beaten_by(&front, p).is_none(), stays);
            }
            prop_assert!(front.windows(2).all(|pair| pair[0].cost <= pair[1].cost));
        }
    }
}

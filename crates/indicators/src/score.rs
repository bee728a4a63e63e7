//! Attainment, points and scores.
//!
//! Every data point with a value and a benchmark gets 1 to 4 points by its attainment: 0 to 33 % of the target 1,
//! 33 to 66 % 2, 66 to 95 % 3, from 95 % 4; the lower bound of a band belongs to it. The score of a group is the
//! sum of points over four times the number of scored data points. What is not reported, or has no benchmark,
//! counts neither above nor below, so coverage stands beside every score.

use serde::{Deserialize, Serialize};

use crate::catalogue::{Benchmark, Direction};

/// The four bands in which attainment and scores are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the bounds say it")]
pub enum Band {
    #[serde(rename = "0-33")]
    To33,
    #[serde(rename = "33-66")]
    To66,
    #[serde(rename = "66-95")]
    To95,
    #[serde(rename = "95-100")]
    From95,
}

impl Band {
    /// All four, the lowest first.
    pub const ALL: [Self; 4] = [Self::To33, Self::To66, Self::To95, Self::From95];

    /// The band of a percentage.
    pub fn of(percent: f64) -> Self {
        if percent >= 95.0 {
            Self::From95
        } else if percent >= 66.0 {
            Self::To95
        } else if percent >= 33.0 {
            Self::To66
        } else {
            Self::To33
        }
    }

    /// Its points, 1 to 4.
    pub fn points(self) -> u8 {
        match self {
            Self::To33 => 1,
            Self::To66 => 2,
            Self::To95 => 3,
            Self::From95 => 4,
        }
    }

    /// As it is printed.
    pub fn label(self) -> &'static str {
        match self {
            Self::To33 => "0-33 %",
            Self::To66 => "33-66 %",
            Self::To95 => "66-95 %",
            Self::From95 => "95-100 %",
        }
    }
}

/// How much of its benchmark a value attains, in percent from 0 to 100. `None`: the direction is not laid down.
///
/// Higher is better: value / target. Lower is better: target / value, a value of 0 attains all; for a target of
/// 0 with a `zero_at`, attainment falls linearly from 100 at 0 to 0 there; for a target of 0 without, any value
/// above 0 attains nothing. Parity: the smaller of value / target and its inverse.
pub fn attainment_pct(value: f64, direction: Direction, benchmark: &Benchmark) -> Option<f64> {
    if !value.is_finite() {
        return None;
    }
    let target = benchmark.target;
    let share = match direction {
        Direction::Higher if target > 0.0 => value / target,
        Direction::Higher => f64::from(u8::from(value >= target)),
        Direction::Lower if value <= target => 1.0,
        Direction::Lower if target > 0.0 => target / value,
        Direction::Lower => benchmark.zero_at.map_or(0.0, |zero| 1.0 - value / zero),
        Direction::Parity if value <= 0.0 || target <= 0.0 => 0.0,
        Direction::Parity => (value / target).min(target / value),
        Direction::PerDataPoint => return None,
    };
    Some((share * 100.0).clamp(0.0, 100.0))
}

/// The score of a group of data points.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Sum of points over four times the number scored, in percent; none where nothing is scored.
    pub pct: Option<f64>,
    /// The band of the score.
    pub band: Option<Band>,
    /// The sum of points.
    pub points: u32,
    /// How many data points are scored.
    pub scored: u32,
    /// How many have a value.
    pub reported: u32,
    /// How many there are, those that do not apply left out.
    pub total: u32,
}

/// A named score with what it is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NamedScore {
    /// The dimension's, sub-dimension's or category's name.
    pub name: String,
    /// Its score.
    #[serde(flatten)]
    pub score: Score,
    /// The next level: sub-dimensions of a dimension, categories of a sub-dimension.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<NamedScore>,
}

/// All scores of an assessment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ScoreTree {
    /// Over all data points.
    pub overall: Score,
    /// By dimension, sub-dimension, category.
    pub dimensions: Vec<NamedScore>,
}

/// What a data point gives to the scores above it.
#[derive(Clone, Copy, Debug)]
pub struct Scored<'a> {
    /// Dimension, sub-dimension and category.
    pub path: [&'a str; 3],
    /// Its points, where it is scored.
    pub points: Option<u8>,
    /// Whether it has a value.
    pub reported: bool,
    /// Whether it applies to the city.
    pub applies: bool,
}

impl Score {
    fn add(&mut self, item: &Scored<'_>) {
        self.total += u32::from(item.applies);
        self.reported += u32::from(item.reported);
        if let Some(points) = item.points {
            self.points += u32::from(points);
            self.scored += 1;
            let percent = 100.0 * f64::from(self.points) / f64::from(4 * self.scored);
            self.pct = Some(percent);
            self.band = Some(Band::of(percent));
        }
    }
}

impl ScoreTree {
    /// The score over all data points.
    pub fn overall(&self) -> &Score {
        &self.overall
    }

    /// Adds up. Groups come in the order in which they first appear.
    pub fn of<'a>(items: impl IntoIterator<Item = Scored<'a>>) -> Self {
        let mut tree = Self::default();
        for item in items {
            tree.overall.add(&item);
            let mut level = &mut tree.dimensions;
            for name in item.path {
                let index = level
                    .iter()
                    .position(|part| part.name == name)
                    .unwrap_or_else(|| {
                        level.push(NamedScore {
                            name: name.to_owned(),
                            score: Score::default(),
                            parts: Vec::new(),
                        });
                        level.len() - 1
                    });
                let part = &mut level[index];
                part.score.add(&item);
                level = &mut part.parts;
            }
        }
        tree
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scored(points: &[u8]) -> Score {
        let item = |&points: &u8| Scored {
            path: ["d", "s", "c"],
            points: Some(points),
            reported: true,
            applies: true,
        };
        ScoreTree::of(points.iter().map(item)).overall
    }

    fn benchmark(target: f64, zero_at: Option<f64>) -> Benchmark {
        Benchmark {
            kpi: "K".to_owned(),
            data_point: None,
            target,
            basis: "test".to_owned(),
            zero_at,
        }
    }

    /// The published examples: Factsheets of Pully (p. 12), Valencia (p. 14) and Kristiansund (p. 12).
    #[test]
    fn the_published_vectors_hold() {
        let score = scored(&[1, 3, 4, 1]);
        assert_eq!((score.pct, score.band), (Some(56.25), Some(Band::To66)));
        let score = scored(&[3, 4, 2]);
        assert_eq!((score.pct, score.band), (Some(75.0), Some(Band::To95)));
    }

    #[test]
    fn the_lower_bound_of_a_band_belongs_to_it() {
        for (percent, points) in [
            (0.0, 1),
            (32.999, 1),
            (33.0, 2),
            (65.999, 2),
            (66.0, 3),
            (94.999, 3),
            (95.0, 4),
            (100.0, 4),
        ] {
            assert_eq!(Band::of(percent).points(), points, "{percent}");
        }
    }

    #[test]
    fn attainment_follows_the_direction() {
        let pct = |value, direction, target| attainment_pct(value, direction, &benchmark(target, None));
        assert_eq!(pct(70.0, Direction::Higher, 100.0), Some(70.0));
        assert_eq!(pct(150.0, Direction::Higher, 100.0), Some(100.0), "capped");
        assert_eq!(pct(10.0, Direction::Lower, 5.0), Some(50.0));
        assert_eq!(pct(4.0, Direction::Lower, 5.0), Some(100.0), "capped");
        assert_eq!(pct(0.0, Direction::Lower, 5.0), Some(100.0));
        assert_eq!(pct(0.0, Direction::Lower, 0.0), Some(100.0));
        assert_eq!(
            pct(0.1, Direction::Lower, 0.0),
            Some(0.0),
            "a target of nothing without a reference"
        );
        assert_eq!(
            attainment_pct(40.0, Direction::Lower, &benchmark(0.0, Some(100.0))),
            Some(60.0)
        );
        assert_eq!(
            attainment_pct(140.0, Direction::Lower, &benchmark(0.0, Some(100.0))),
            Some(0.0)
        );
        assert_eq!(pct(0.8, Direction::Parity, 1.0), Some(80.0));
        assert_eq!(pct(1.25, Direction::Parity, 1.0), Some(80.0));
        assert_eq!(pct(0.0, Direction::Parity, 1.0), Some(0.0));
        assert_eq!(pct(5.0, Direction::PerDataPoint, 1.0), None);
        assert_eq!(pct(f64::NAN, Direction::Higher, 1.0), None);
    }

    #[test]
    fn coverage_stands_beside_the_score() {
        let item = |points, reported, applies| Scored {
            path: ["d", "s", "c"],
            points,
            reported,
            applies,
        };
        let tree = ScoreTree::of([
            item(Some(4), true, true),
            item(None, true, true),
            item(None, false, true),
            item(None, false, false),
        ]);
        assert_eq!(
            tree.overall,
            Score {
                pct: Some(100.0),
                band: Some(Band::From95),
                points: 4,
                scored: 1,
                reported: 2,
                total: 3
            }
        );
        assert_eq!(tree.dimensions[0].parts[0].parts[0].score, tree.overall);
        assert_eq!(ScoreTree::of([item(None, false, true)]).overall.pct, None);
    }

    /// Dimension, sub-dimension, category, points.
    type Item = (usize, usize, usize, Option<u8>);

    proptest! {
        /// A second calculation, group by group from the definition.
        #[test]
        fn every_level_sums_points(
            items in prop::collection::vec((0..3_usize, 0..3_usize, 0..3_usize, prop::option::of(1..=4_u8)), 0..120),
        ) {
            const NAMES: [&str; 3] = ["a", "b", "c"];
            let tree = ScoreTree::of(items.iter().map(|&(d, s, c, points)| Scored {
                path: [NAMES[d], NAMES[s], NAMES[c]], points, reported: points.is_some(), applies: true,
            }));
            let expect = |score: &Score, group: &dyn Fn(&Item) -> bool| {
                let points: Vec<f64> = items.iter().filter(|i| group(i)).filter_map(|i| i.3).map(f64::from).collect();
                let percent = points.iter().sum::<f64>() / (4.0 * points.len() as f64) * 100.0;
                match score.pct {
                    None => points.is_empty(),
                    Some(pct) => (pct - percent).abs() < 1e-9 && (25.0..=100.0).contains(&pct),
                }
            };
            prop_assert!(expect(&tree.overall, &|_| true));
            for dimension in &tree.dimensions {
                let d = NAMES.iter().position(|n| *n == dimension.name).unwrap();
                prop_assert!(expect(&dimension.score, &|i| i.0 == d));
                for part in &dimension.parts {
                    let s = NAMES.iter().position(|n| *n == part.name).unwrap();
                    prop_assert!(expect(&part.score, &|i| i.0 == d && i.1 == s));
                    for category in &part.parts {
                        let c = NAMES.iter().position(|n| *n == category.name).unwrap();
                        prop_assert!(expect(&category.score, &|i| (i.0, i.1, i.2) == (d, s, c)));
                    }
                }
            }
        }
    }
}

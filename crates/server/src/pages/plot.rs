//! A line over time as inline SVG. The drawing stretches to the width there is; its words stand beside it as
//! text, so that they keep their size on a narrow screen. The table beside it holds the same numbers.

use std::fmt::Write as _;

use ngsi_ld::Timestamp;

use super::language::{Language, day, instant};

/// More points than these are drawn as means with the range around them.
const COLUMNS: usize = 160;
/// Rows of the table.
const ROWS: usize = 24;

/// A chart, laid out in a box of 1000 by 100 whose y grows downwards.
#[derive(Debug)]
pub(crate) struct Plot {
    pub(crate) title: String,
    pub(crate) summary: String,
    /// `d` of the line, broken where data are missing.
    pub(crate) line: String,
    /// `d` of the range around the means; empty where every value is drawn.
    pub(crate) band: String,
    /// `d` of single values that no line reaches.
    pub(crate) points: String,
    /// The heights of the grid lines.
    pub(crate) grid: Vec<String>,
    /// From the top.
    pub(crate) y_labels: Vec<String>,
    /// From the start.
    pub(crate) x_labels: Vec<String>,
    pub(crate) rows: Vec<Row>,
    pub(crate) unit: String,
}

/// One row of the table: a stretch of time.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) from: String,
    pub(crate) mean: String,
    pub(crate) least: String,
    pub(crate) most: String,
    pub(crate) count: String,
}

#[derive(Clone, Copy, Debug)]
struct Bin {
    at: i64,
    sum: f64,
    least: f64,
    most: f64,
    count: usize,
}

impl Bin {
    fn mean(&self) -> f64 {
        self.sum / self.count as f64
    }
}

impl Plot {
    /// Draws the values, oldest first; `None` for fewer than two instants.
    pub(crate) fn of(
        title: String,
        unit: String,
        samples: &[(Timestamp, f64)],
        language: Language,
    ) -> Option<Self> {
        let samples: Vec<_> = samples
            .iter()
            .copied()
            .filter(|(_, value)| value.is_finite())
            .collect();
        let (first, last) = (samples.first()?.0.as_micros(), samples.last()?.0.as_micros());
        if first >= last {
            return None;
        }
        let bins = binned(&samples, first, last, COLUMNS);
        let least = bins.iter().map(|bin| bin.least).fold(f64::INFINITY, f64::min);
        let most = bins.iter().map(|bin| bin.most).fold(f64::NEG_INFINITY, f64::max);
        let ticks = ticks(least, most);
        let (low, high) = (ticks.first().copied()?, ticks.last().copied()?);
        let x = |at: i64| 1000.0 * (at - first) as f64 / (last - first) as f64;
        let y = |value: f64| 100.0 * (high - value) / (high - low);

        let gap = 3 * usual_step(&bins);
        let mut runs: Vec<Vec<Bin>> = Vec::new();
        for bin in &bins {
            match runs.last_mut() {
                Some(run) if run.last().is_some_and(|before| bin.at - before.at <= gap) => run.push(*bin),
                _ => runs.push(vec![*bin]),
            }
        }
        let (mut line, mut band, mut points) = (String::new(), String::new(), String::new());
        for run in &runs {
            if let [single] = run.as_slice() {
                let _ = write!(points, "M{:.1} {:.1}h0", x(single.at), y(single.mean()));
                continue;
            }
            for (index, bin) in run.iter().enumerate() {
                let pen = if index == 0 { 'M' } else { 'L' };
                let _ = write!(line, "{pen}{:.1} {:.1}", x(bin.at), y(bin.mean()));
            }
            if run.iter().any(|bin| bin.count > 1) {
                let there = run.iter().map(|bin| (bin.at, bin.most));
                let back = run.iter().rev().map(|bin| (bin.at, bin.least));
                for (index, (at, value)) in there.chain(back).enumerate() {
                    let pen = if index == 0 { 'M' } else { 'L' };
                    let _ = write!(band, "{pen}{:.1} {:.1}", x(at), y(value));
                }
                band.push('Z');
            }
        }
        let short = last - first < 3 * 86_400_000_000;
        let x_labels = (0..4)
            .map(|index| Timestamp::from_micros(first + (last - first) / 3 * index))
            .map(|at| {
                if short {
                    at.to_jiff().strftime("%m-%d %H:%M").to_string()
                } else {
                    day(at)
                }
            })
            .collect();
        let decimals = decimals_of(&ticks);
        let number = |value: f64| language.value(value);
        let rows = binned(&samples, first, last, ROWS)
            .iter()
            .map(|bin| Row {
                from: instant(Timestamp::from_micros(bin.at)),
                mean: number(bin.mean()),
                least: number(bin.least),
                most: number(bin.most),
                count: language.count(bin.count),
            })
            .collect();
        let mean = samples.iter().map(|(_, value)| value).sum::<f64>() / samples.len() as f64;
        let summary = {
            use super::language::Argument::{Count, Text};
            let space = if unit.is_empty() { "" } else { "\u{a0}" };
            let with_unit = |value: f64| format!("{}{space}{unit}", number(value));
            language.text_with(
                "plot-summary",
                &[
                    ("count", Count(samples.len())),
                    ("from", Text(&instant(Timestamp::from_micros(first)))),
                    ("to", Text(&instant(Timestamp::from_micros(last)))),
                    ("mean", Text(&with_unit(mean))),
                    ("least", Text(&with_unit(least))),
                    ("most", Text(&with_unit(most))),
                ],
            )
        };
        Some(Self {
            title,
            summary,
            line,
            band,
            points,
            grid: ticks.iter().map(|tick| format!("{:.1}", y(*tick))).collect(),
            y_labels: ticks
                .iter()
                .rev()
                .map(|tick| language.number(*tick, decimals))
                .collect(),
            x_labels,
            rows,
            unit,
        })
    }
}

/// Values by equal stretches of time; where there are few, each by itself.
fn binned(samples: &[(Timestamp, f64)], first: i64, last: i64, most: usize) -> Vec<Bin> {
    let single = |at: Timestamp, value: f64| Bin {
        at: at.as_micros(),
        sum: value,
        least: value,
        most: value,
        count: 1,
    };
    if samples.len() <= most {
        return samples.iter().map(|(at, value)| single(*at, *value)).collect();
    }
    let width = (last - first) / i64::try_from(most).unwrap_or(1) + 1;
    let mut bins: Vec<Bin> = Vec::with_capacity(most);
    for (at, value) in samples {
        let start = first + (at.as_micros() - first) / width * width;
        match bins.last_mut() {
            Some(bin) if bin.at == start => {
                bin.sum += value;
                bin.least = bin.least.min(*value);
                bin.most = bin.most.max(*value);
                bin.count += 1;
            }
            _ => bins.push(Bin {
                at: start,
                ..single(*at, *value)
            }),
        }
    }
    bins
}

fn usual_step(bins: &[Bin]) -> i64 {
    let mut steps: Vec<i64> = bins.windows(2).map(|pair| pair[1].at - pair[0].at).collect();
    steps.sort_unstable();
    steps
        .get(steps.len() / 2)
        .copied()
        .unwrap_or(i64::MAX / 4)
        .min(i64::MAX / 4)
}

/// Round numbers that span the values, four or five steps apart; from nothing where that is near.
pub(crate) fn ticks(least: f64, most: f64) -> Vec<f64> {
    let low = if least > 0.0 && least < most * 0.6 {
        0.0
    } else {
        least
    };
    let span = if most > low {
        most - low
    } else {
        most.abs().max(1.0)
    };
    let rough = span / 4.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .map(|s| s * power)
        .into_iter()
        .find(|s| *s >= rough)
        .unwrap_or(rough);
    let start = (low / step).floor();
    let mut ticks = vec![start * step];
    for index in 1..=8 {
        let tick = (start + f64::from(index)) * step;
        ticks.push(tick);
        if tick >= most && ticks.len() > 2 {
            break;
        }
    }
    ticks
}

fn decimals_of(ticks: &[f64]) -> usize {
    let step = ticks
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .fold(f64::INFINITY, f64::min);
    let whole = |value: f64| (value - value.round()).abs() < 1e-6;
    (0..8)
        .find(|decimals| whole(step * 10_f64.powi(*decimals)))
        .map_or(0, |d| d.unsigned_abs() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_span_the_values() {
        for (least, most) in [
            (0.0, 1.0),
            (3.0, 97.0),
            (-5.0, 5.0),
            (1e6, 1.001e6),
            (7.0, 7.0),
            (0.0, 0.0),
        ] {
            let ticks = ticks(least, most);
            assert!(
                ticks[0] <= least && *ticks.last().unwrap() >= most,
                "{least}..{most}: {ticks:?}"
            );
            assert!((3..=7).contains(&ticks.len()), "{ticks:?}");
        }
        assert_eq!(ticks(3.0, 97.0), [0.0, 25.0, 50.0, 75.0, 100.0]);
        for (step, decimals) in [(0.05, 2), (0.1, 1), (0.2, 1), (2.5, 1), (0.7, 1), (25.0, 0)] {
            assert_eq!(decimals_of(&[0.6, 0.6 + step]), decimals, "{step}");
        }
    }

    #[test]
    fn a_gap_breaks_the_line() {
        let hour = |n: i64| Timestamp::from_seconds(3600 * n);
        let samples: Vec<_> = [0, 1, 2, 20, 21, 40].map(|n| (hour(n), 1.0 + n as f64)).to_vec();
        let plot = Plot::of("x".into(), String::new(), &samples, Language::ENGLISH).unwrap();
        assert_eq!(plot.line.matches('M').count(), 2, "{}", plot.line);
        assert_eq!(plot.points.matches('M').count(), 1);
        assert_eq!(plot.rows.len(), 6);
        assert_eq!(plot.y_labels.len(), plot.grid.len());
    }

    #[test]
    fn many_values_become_means_and_ranges() {
        let samples: Vec<_> = (0..10_000)
            .map(|n| (Timestamp::from_seconds(60 * n), f64::from((n % 7) as i32)))
            .collect();
        let plot = Plot::of("x".into(), "µg/m³".into(), &samples, Language::ENGLISH).unwrap();
        assert!(plot.line.len() < 4000 && !plot.band.is_empty());
        assert_eq!(plot.rows.len(), ROWS);
        assert!(
            plot.summary.contains("10,000") && plot.summary.contains("µg/m³"),
            "{}",
            plot.summary
        );
        assert!(Plot::of("x".into(), String::new(), &samples[..1], Language::ENGLISH).is_none());
        let broken = [
            (Timestamp::from_seconds(0), f64::NAN),
            (Timestamp::from_seconds(9), f64::INFINITY),
        ];
        assert!(Plot::of("x".into(), String::new(), &broken, Language::ENGLISH).is_none());
    }
}

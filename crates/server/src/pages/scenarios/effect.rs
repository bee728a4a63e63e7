//! Cost against effect: a chart in percent of its own size, so that its words keep theirs, and a table of the same.

use scenarios::result::RunResult;

use super::compare::{Focus, improvement};
use super::words::{self, Label};
use crate::pages::describe::plain;
use crate::pages::language::Argument::Text;
use crate::pages::language::Language;

/// More dots than these are a cloud anyway.
const DOTS: usize = 1500;

/// The chart of the scenarios.
pub(super) struct Effect {
    pub(super) indicator: Label,
    pub(super) years: String,
    pub(super) chart: Chart,
    pub(super) rows: Vec<Row>,
}

/// One scenario.
pub(super) struct Row {
    pub(super) number: usize,
    pub(super) title: String,
    pub(super) cost: String,
    pub(super) effect: String,
}

/// A chart: cost to the right, effect upwards. Places are percentages.
pub(super) struct Chart {
    pub(super) marks: Vec<Mark>,
    pub(super) dots: Vec<(String, String)>,
    /// The steps of the Pareto set: from, to.
    pub(super) steps: Vec<[String; 4]>,
    /// The cost that may not be passed.
    pub(super) budget: Option<String>,
    /// Where nothing changes.
    pub(super) nothing: Option<String>,
    pub(super) grid: Vec<String>,
    /// From the top.
    pub(super) y_labels: Vec<String>,
    pub(super) x_labels: Vec<String>,
}

/// A numbered point.
pub(super) struct Mark {
    pub(super) x: String,
    pub(super) y: String,
    pub(super) number: String,
    pub(super) title: String,
}

/// What is drawn.
#[derive(Default)]
pub(super) struct Points {
    /// Cost, effect and title of what is numbered.
    pub(super) marked: Vec<(f64, f64, String)>,
    pub(super) dots: Vec<(f64, f64)>,
    pub(super) budget: Option<f64>,
    /// What is joined by steps.
    pub(super) stairs: Vec<(f64, f64)>,
    /// Whether the effect begins at nothing.
    pub(super) from_nothing: bool,
}

impl Effect {
    /// For the indicator in focus; `None` where no scenario has an effect that is known.
    pub(super) fn of(found: &RunResult, focus: &Focus, years: f64, l: Language) -> Option<Self> {
        let value = found.baseline.get(focus.indicator)?;
        let known: Vec<_> = found
            .scenarios
            .iter()
            .filter_map(|scenario| {
                let difference = scenario.differences.get(focus.indicator)?;
                improvement(difference, value)?;
                Some((scenario, difference.difference?))
            })
            .collect();
        let currency = found.currency.as_deref();
        let total = |cost: f64, yearly: f64| years.mul_add(yearly, cost);
        let points = Points {
            marked: known
                .iter()
                .map(|(scenario, change)| {
                    (
                        total(scenario.cost, scenario.yearly_cost),
                        *change,
                        plain(&scenario.title),
                    )
                })
                .collect(),
            from_nothing: true,
            ..Points::default()
        };
        let chart = Chart::of(&points, &value.unit, currency, l)?;
        let rows = known.iter().enumerate().map(|(index, (scenario, change))| Row {
            number: index + 1,
            title: plain(&scenario.title),
            cost: words::money(l, total(scenario.cost, scenario.yearly_cost), currency),
            effect: words::difference(l, *change, &value.unit),
        });
        Some(Self {
            indicator: words::indicator(l, &value.indicator, &value.name),
            years: l.text_with("effect-years", &[("years", Text(&l.value(years)))]),
            rows: rows.collect(),
            chart,
        })
    }
}

impl Chart {
    /// Draws points; `None` without any.
    pub(super) fn of(points: &Points, unit: &str, currency: Option<&str>, l: Language) -> Option<Self> {
        let all = || {
            points
                .marked
                .iter()
                .map(|(x, y, _)| (*x, *y))
                .chain(points.dots.iter().copied())
        };
        let finite = || all().filter(|(x, y)| x.is_finite() && y.is_finite());
        finite().next()?;
        let most_x = finite().map(|(x, _)| x).chain(points.budget).fold(0.0, f64::max);
        let (low_y, high_y) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (_, y)| {
            (low.min(y), high.max(y))
        });
        let (low_y, high_y) = if points.from_nothing {
            (low_y.min(0.0), high_y.max(0.0))
        } else {
            (low_y, high_y)
        };
        let x_ticks = crate::pages::plot::ticks(0.0, if most_x > 0.0 { most_x } else { 1.0 });
        let y_ticks = crate::pages::plot::ticks(low_y, high_y);
        let (right, bottom, top) = (*x_ticks.last()?, *y_ticks.first()?, *y_ticks.last()?);
        let percent = |share: f64| format!("{:.2}%", (100.0 * share).clamp(0.0, 100.0));
        let x = |value: f64| percent(value / right);
        let y = |value: f64| percent((top - value) / (top - bottom));
        let marks = points
            .marked
            .iter()
            .enumerate()
            .map(|(index, (cost, effect, title))| Mark {
                x: x(*cost),
                y: y(*effect),
                number: l.count(index + 1),
                title: title.clone(),
            });
        let stride = points.dots.len().div_ceil(DOTS).max(1);
        let mut steps = Vec::new();
        let mut sorted = points.stairs.clone();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let mut best: Option<(f64, f64)> = None;
        for (cost, effect) in sorted {
            if let Some((from, height)) = best {
                if effect <= height {
                    continue;
                }
                steps.push([x(from), y(height), x(cost), y(height)]);
                steps.push([x(cost), y(height), x(cost), y(effect)]);
            }
            best = Some((cost, effect));
        }
        // The ends and what lies in the middle: more words would not fit a narrow screen.
        let last = x_ticks.len().saturating_sub(1).max(1);
        let label_stride = if last.is_multiple_of(2) { last / 2 } else { last };
        Some(Self {
            marks: marks.collect(),
            dots: points
                .dots
                .iter()
                .step_by(stride)
                .map(|(cost, effect)| (x(*cost), y(*effect)))
                .collect(),
            steps,
            budget: points.budget.map(x),
            nothing: (points.from_nothing && bottom < 0.0).then(|| y(0.0)),
            grid: y_ticks.iter().map(|tick| y(*tick)).collect(),
            y_labels: y_ticks
                .iter()
                .rev()
                .map(|tick| {
                    if points.from_nothing {
                        words::difference(l, *tick, unit)
                    } else {
                        words::with_unit(l, *tick, unit)
                    }
                })
                .collect(),
            x_labels: x_ticks
                .iter()
                .step_by(label_stride)
                .map(|tick| words::money(l, *tick, currency))
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_go_to_the_right_and_effects_upwards() {
        let points = Points {
            marked: vec![
                (0.0, 0.0, "none".into()),
                (50.0, 2.0, "a".into()),
                (80.0, 1.0, "dominated".into()),
                (100.0, 4.0, "b".into()),
            ],
            stairs: vec![(0.0, 0.0), (50.0, 2.0), (80.0, 1.0), (100.0, 4.0)],
            from_nothing: true,
            budget: Some(80.0),
            ..Points::default()
        };
        let chart = Chart::of(&points, "%", Some("USD"), Language::ENGLISH).unwrap();
        assert_eq!(
            (chart.marks[0].x.as_str(), chart.marks[0].y.as_str()),
            ("0.00%", "100.00%")
        );
        assert_eq!(
            (chart.marks[3].x.as_str(), chart.marks[3].y.as_str()),
            ("100.00%", "0.00%")
        );
        assert_eq!(chart.steps.len(), 4, "two steps, and none to what is beaten");
        assert_eq!(chart.budget.as_deref(), Some("80.00%"));
        assert!(chart.nothing.is_none());
        let worse = Points {
            marked: vec![(0.0, -3.0, "x".into())],
            from_nothing: true,
            ..Points::default()
        };
        let chart = Chart::of(&worse, "", None, Language::ENGLISH).unwrap();
        assert_eq!(chart.nothing.as_deref(), Some("0.00%"), "nothing is at the top");
        assert!(Chart::of(&Points::default(), "", None, Language::ENGLISH).is_none());
    }
}

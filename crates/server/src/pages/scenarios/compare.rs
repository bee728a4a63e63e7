//! The scenarios beside the city as it is: a table of differences, and one of costs.

use scenarios::result::{Difference, RunResult, ScenarioResult, Value, Verdict};

use super::words::{self, Label};
use crate::pages::describe::plain;
use crate::pages::language::Argument::{Count, Text};
use crate::pages::language::Language;
use crate::pages::visit::Visit;

/// What the reader looks at: an indicator and a scenario, by their places in the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Focus {
    pub(super) indicator: usize,
    pub(super) scenario: usize,
}

impl Focus {
    /// As the address says; else what the file wants to choose by, or what changes most people's lives.
    pub(super) fn of(visit: &Visit, found: &RunResult) -> Self {
        let place = |id: &str| found.baseline.iter().position(|value| value.indicator == id);
        let wanted = || {
            found
                .choice
                .as_ref()?
                .objectives
                .first()
                .map(|objective| objective.indicator.as_str())
        };
        let indicator = visit
            .parameter("indicator")
            .and_then(place)
            .or_else(|| wanted().and_then(place))
            .or_else(|| most_moved(found))
            .unwrap_or(0);
        let scenario = visit
            .parameter("scenario")
            .and_then(|name| found.scenarios.iter().position(|scenario| scenario.name == name))
            .or_else(|| best(found, indicator))
            .unwrap_or(0);
        Self { indicator, scenario }
    }

    pub(super) fn indicator_id(self, found: &RunResult) -> &str {
        found
            .baseline
            .get(self.indicator)
            .map_or("", |value| &value.indicator)
    }

    pub(super) fn scenario_name(self, found: &RunResult) -> &str {
        found
            .scenarios
            .get(self.scenario)
            .map_or("", |scenario| &scenario.name)
    }
}

/// The indicator by which some scenario moves most people.
fn most_moved(found: &RunResult) -> Option<usize> {
    let moved = |index: usize| {
        let differences = found
            .scenarios
            .iter()
            .filter_map(|scenario| scenario.differences.get(index));
        differences
            .filter_map(|difference| difference.people)
            .fold(0.0, |most: f64, people| most.max(people.abs()))
    };
    (0..found.baseline.len())
        .filter(|index| moved(*index) > 0.0)
        .max_by(|a, b| {
            // Of equals, the first.
            moved(*a).total_cmp(&moved(*b)).then(b.cmp(a))
        })
}

/// How good a difference is: the change in the direction that is wanted.
pub(super) fn improvement(difference: &Difference, value: &Value) -> Option<f64> {
    let change = difference.difference?;
    Some(if value.more_is_better == Some(false) {
        -change
    } else {
        change
    })
}

/// The scenario that improves an indicator most.
fn best(found: &RunResult, indicator: usize) -> Option<usize> {
    let value = found.baseline.get(indicator)?;
    let improved = found
        .scenarios
        .iter()
        .enumerate()
        .filter_map(|(index, scenario)| {
            Some((index, improvement(scenario.differences.get(indicator)?, value)?))
        });
    improved
        .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
        .map(|(index, _)| index)
}

/// The tables.
pub(super) struct Comparison {
    pub(super) summary: String,
    pub(super) indicators: Vec<Choice>,
    pub(super) scenarios: Vec<Choice>,
    pub(super) focus: Label,
    /// What it is now.
    pub(super) now: String,
    pub(super) now_between: Option<String>,
    /// Whether the indicator counts people.
    pub(super) counts_people: bool,
    /// Whether some scenario costs something every year.
    pub(super) every_year: bool,
    pub(super) costs: Vec<CostRow>,
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Row>,
}

/// Something to choose.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) chosen: bool,
}

/// One scenario: what it does to the indicator in focus, and what that costs.
pub(super) struct CostRow {
    pub(super) title: String,
    pub(super) cell: Cell,
    pub(super) people: Option<String>,
    pub(super) gain: String,
    pub(super) lose: String,
    pub(super) cost: String,
    pub(super) yearly: String,
    pub(super) per_unit: Option<String>,
}

/// One indicator in all scenarios.
pub(super) struct Row {
    pub(super) name: Label,
    pub(super) now: Option<String>,
    pub(super) between: Option<String>,
    pub(super) cells: Vec<Cell>,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) difference: Option<String>,
    pub(super) between: Option<String>,
    pub(super) verdict: String,
    pub(super) class: &'static str,
}

impl Cell {
    fn of(difference: Option<&Difference>, value: &Value, l: Language) -> Self {
        let Some(difference) = difference else {
            return Self {
                difference: None,
                between: None,
                verdict: l.text("verdict-not-known"),
                class: words::verdict_class(Verdict::NotKnown),
            };
        };
        Self {
            difference: difference
                .difference
                .map(|change| words::difference(l, change, &value.unit)),
            between: words::between(l, (difference.low, difference.high), &value.unit, true),
            verdict: words::verdict(l, difference, value),
            class: words::verdict_class(difference.verdict),
        }
    }
}

impl Comparison {
    pub(super) fn of(found: &RunResult, focus: &Focus, l: Language) -> Self {
        let currency = found.currency.as_deref();
        let name = |value: &Value| words::indicator(l, &value.indicator, &value.name);
        let rows = found.baseline.iter().enumerate().map(|(index, value)| Row {
            name: name(value),
            now: value.value.map(|number| words::with_unit(l, number, &value.unit)),
            between: words::between(l, (value.low, value.high), &value.unit, false),
            cells: found
                .scenarios
                .iter()
                .map(|scenario| Cell::of(scenario.differences.get(index), value, l))
                .collect(),
        });
        let value = found.baseline.get(focus.indicator);
        let costs = value.map(|value| {
            let row = |scenario: &ScenarioResult| {
                let difference = scenario.differences.get(focus.indicator);
                CostRow {
                    title: plain(&scenario.title),
                    cell: Cell::of(difference, value, l),
                    people: difference
                        .and_then(|difference| difference.people)
                        .map(|people| words::signed(l, people.round(), "people")),
                    gain: words::whole(l, difference.and_then(|difference| difference.gain)),
                    lose: words::whole(l, difference.and_then(|difference| difference.lose)),
                    cost: words::money(l, scenario.cost, currency),
                    yearly: words::money(l, scenario.yearly_cost, currency),
                    per_unit: difference
                        .and_then(|difference| difference.cost_per_unit)
                        .map(|cost| words::money(l, cost, currency)),
                }
            };
            found.scenarios.iter().map(row).collect::<Vec<_>>()
        });
        let chosen = |index: usize, wanted: usize| index == wanted;
        Self {
            summary: summary(found, focus, l),
            indicators: found
                .baseline
                .iter()
                .enumerate()
                .map(|(index, value)| Choice {
                    value: value.indicator.clone(),
                    label: name(value).text,
                    chosen: chosen(index, focus.indicator),
                })
                .collect(),
            scenarios: found
                .scenarios
                .iter()
                .enumerate()
                .map(|(index, scenario)| Choice {
                    value: scenario.name.clone(),
                    label: plain(&scenario.title),
                    chosen: chosen(index, focus.scenario),
                })
                .collect(),
            focus: value.map_or_else(|| words::indicator(l, "", ""), name),
            now: value
                .and_then(|value| Some(words::with_unit(l, value.value?, &value.unit)))
                .unwrap_or_else(|| l.text("no-value")),
            now_between: value
                .and_then(|value| words::between(l, (value.low, value.high), &value.unit, false)),
            counts_people: costs.iter().flatten().any(|row| row.people.is_some()),
            every_year: found.scenarios.iter().any(|scenario| scenario.yearly_cost != 0.0),
            costs: costs.unwrap_or_default(),
            columns: found
                .scenarios
                .iter()
                .map(|scenario| plain(&scenario.title))
                .collect(),
            rows: rows.collect(),
        }
    }
}

/// One sentence that says what came out.
fn summary(found: &RunResult, focus: &Focus, l: Language) -> String {
    let count = found.scenarios.len();
    let told = || {
        let value = found.baseline.get(focus.indicator)?;
        let (scenario, difference, good) = found
            .scenarios
            .iter()
            .filter_map(|scenario| {
                let difference = scenario.differences.get(focus.indicator)?;
                Some((scenario, difference, improvement(difference, value)?))
            })
            .max_by(|a, b| a.2.total_cmp(&b.2))?;
        let name = words::indicator(l, &value.indicator, &value.name).text;
        if good <= 0.0 {
            let arguments = [("count", Count(count)), ("indicator", Text(&name))];
            return Some(l.text_with("compare-none", &arguments));
        }
        let change = words::difference(l, difference.difference?, &value.unit);
        let title = plain(&scenario.title);
        let arguments = [
            ("count", Count(count)),
            ("scenario", Text(&title)),
            ("indicator", Text(&name)),
            ("difference", Text(&change)),
        ];
        Some(l.text_with("compare-best", &arguments))
    };
    told().unwrap_or_else(|| l.text_with("compare-unknown", &[("count", Count(count))]))
}

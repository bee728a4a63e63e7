//! Who gains and who loses: by group of people, and by district.

use scenarios::result::{Part, PartDifference, RunResult};

use super::compare::Focus;
use super::words::{self, Label};
use crate::pages::describe::plain;
use crate::pages::language::Argument::{Count, Text};
use crate::pages::language::Language;
use crate::pages::visit::encode;

/// The tables.
pub(super) struct Parts {
    pub(super) scenario: String,
    pub(super) indicator: Label,
    pub(super) summary: Option<String>,
    /// Whether it is known how many people gain and lose.
    pub(super) counts: bool,
    pub(super) groups: Vec<Row>,
    pub(super) areas: Vec<Row>,
}

/// One group, or one district.
pub(super) struct Row {
    pub(super) name: Label,
    /// Of a district.
    pub(super) address: Option<String>,
    pub(super) people: String,
    pub(super) now: Option<String>,
    pub(super) then: Option<String>,
    pub(super) difference: Option<String>,
    pub(super) gain: String,
    pub(super) lose: String,
}

impl Parts {
    /// For the indicator and the scenario in focus; `None` where the result has neither groups nor areas.
    pub(super) fn of(found: &RunResult, focus: &Focus, l: Language) -> Option<Self> {
        let before = found.baseline.get(focus.indicator)?;
        let scenario = found.scenarios.get(focus.scenario)?;
        let after = scenario.values.get(focus.indicator)?;
        let difference = scenario.differences.get(focus.indicator)?;
        let before_unit = before.unit.as_str();
        let row = |name: Label,
                   address,
                   before: Option<&Part>,
                   after: Option<&Part>,
                   change: Option<&PartDifference>| {
            let unit = before_unit;
            Row {
                name,
                address,
                people: words::whole(l, before.and_then(|part| part.people)),
                now: before
                    .and_then(|part| part.value)
                    .map(|value| words::with_unit(l, value, unit)),
                then: after
                    .and_then(|part| part.value)
                    .map(|value| words::with_unit(l, value, unit)),
                difference: change
                    .and_then(|change| change.difference)
                    .map(|value| words::difference(l, value, unit)),
                gain: words::whole(l, change.and_then(|change| change.gain)),
                lose: words::whole(l, change.and_then(|change| change.lose)),
            }
        };
        let groups: Vec<Row> = found
            .groups
            .iter()
            .enumerate()
            .filter(|(index, _)| before.groups.get(*index).is_some())
            .map(|(index, group)| {
                row(
                    words::group(l, group),
                    None,
                    before.groups.get(index),
                    after.groups.get(index),
                    difference.groups.get(index),
                )
            })
            .collect();
        let mut areas: Vec<(f64, Row)> = found
            .areas
            .iter()
            .enumerate()
            .filter(|(index, _)| before.areas.get(*index).is_some())
            .map(|(index, area)| {
                let change = difference.areas.get(index);
                let name = Label {
                    text: plain(&area.name),
                    english: false,
                };
                let address = format!("/entities/{}", encode(area.id.as_str()));
                let row = row(
                    name,
                    Some(address),
                    before.areas.get(index),
                    after.areas.get(index),
                    change,
                );
                (
                    change.and_then(|change| change.difference).unwrap_or(0.0).abs(),
                    row,
                )
            })
            .collect();
        // Where most changes comes first; the rest keeps the order of the result.
        areas.sort_by(|a, b| b.0.total_cmp(&a.0));
        if groups.is_empty() && areas.is_empty() {
            return None;
        }
        let all = difference.groups.iter().chain(&difference.areas);
        let counts = all.clone().any(|part| part.gain.is_some() || part.lose.is_some());
        Some(Self {
            scenario: plain(&scenario.title),
            indicator: words::indicator(l, &before.indicator, &before.name),
            summary: counts.then(|| summary(found, focus, l)).flatten(),
            counts,
            groups,
            areas: areas.into_iter().map(|(_, row)| row).collect(),
        })
    }
}

/// In how many districts people gain, and in how many they lose.
fn summary(found: &RunResult, focus: &Focus, l: Language) -> Option<String> {
    let scenario = found.scenarios.get(focus.scenario)?;
    let areas = &scenario.differences.get(focus.indicator)?.areas;
    let count = |which: fn(&PartDifference) -> Option<f64>| {
        areas
            .iter()
            .filter(|area| which(area).is_some_and(|people| people >= 0.5))
            .count()
    };
    let all = found.areas.len();
    let told = |some: usize, [none, every, part]: [&str; 3]| match some {
        _ if all == 0 => None,
        0 => Some(l.text(none)),
        some if some == all => Some(l.text_with(every, &[("all", Count(all))])),
        some => Some(l.text_with(part, &[("some", Count(some)), ("all", Text(&l.count(all)))])),
    };
    let gain = told(
        count(|area| area.gain),
        ["parts-gain-none", "parts-gain-all", "parts-gain-some"],
    )?;
    let lose = told(
        count(|area| area.lose),
        ["parts-lose-none", "parts-lose-all", "parts-lose-some"],
    )?;
    Some(format!("{gain} {lose}"))
}

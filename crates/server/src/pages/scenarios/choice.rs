//! Which measures to choose: the sets that no other beats, what became of each measure, and why any set was dropped.

use scenarios::result::{Choice, RunResult, Subset};

use super::effect::{Chart, Points};
use super::words::{self, Titles};
use crate::pages::describe::plain;
use crate::pages::language::Argument::{Count, Text};
use crate::pages::language::Language;
use crate::pages::visit::Visit;

/// So many of the best sets are shown, spread over what they cost; all are in the files.
const SETS: usize = 12;
/// Objectives beside the cost.
const OBJECTIVES: usize = 3;

/// The part of the page.
pub(super) struct ChoicePart {
    pub(super) summary: String,
    pub(super) budget: Option<String>,
    pub(super) objectives: Vec<String>,
    pub(super) chart: Option<Chart>,
    pub(super) sets: Vec<SetRow>,
    pub(super) more: Option<String>,
    pub(super) measures: Vec<MeasureRow>,
    pub(super) notes: Vec<String>,
    pub(super) ask: Vec<Tick>,
    pub(super) asked: Option<Asked>,
}

/// One of the sets that no other beats.
pub(super) struct SetRow {
    pub(super) number: usize,
    pub(super) measures: Vec<String>,
    pub(super) cost: String,
    pub(super) values: Vec<String>,
    pub(super) best: bool,
}

/// What became of a measure.
pub(super) struct MeasureRow {
    pub(super) title: String,
    pub(super) name: String,
    pub(super) in_pareto: String,
    pub(super) alone: Vec<String>,
    pub(super) with_the_best: Vec<String>,
    pub(super) why: Vec<(bool, String)>,
}

/// A box to tick.
pub(super) struct Tick {
    pub(super) id: usize,
    pub(super) name: String,
    pub(super) title: String,
    pub(super) ticked: bool,
}

/// The set that was asked for.
pub(super) struct Asked {
    pub(super) set: SetRow,
    /// None: it is one of the best.
    pub(super) dropped: Option<Vec<(bool, String)>>,
}

impl ChoicePart {
    pub(super) fn of(visit: &Visit, found: &RunResult, choice: &Choice, titles: &Titles) -> Self {
        let l = visit.language;
        let currency = found.currency.as_deref();
        let units: Vec<&str> = choice
            .objectives
            .iter()
            .map(|objective| unit_of(found, &objective.indicator))
            .collect();
        let cells = |values: &[f64], signs: bool| -> Vec<String> {
            let write = |(value, unit): (&f64, &&str)| {
                if signs {
                    words::difference(l, *value, unit)
                } else {
                    words::with_unit(l, *value, unit)
                }
            };
            values.iter().zip(&units).map(write).collect()
        };
        let row = |number: usize, set: &Subset| SetRow {
            number,
            measures: names(choice, set.bits, titles),
            cost: words::money(l, set.cost, currency),
            values: cells(&set.values, false),
            best: choice.best == Some(set.bits),
        };
        let wanted: Vec<&str> = visit
            .parameters
            .iter()
            .filter(|(key, _)| key == "m")
            .map(|(_, value)| value.as_str())
            .collect();
        let ask: Vec<Tick> = choice
            .measures
            .iter()
            .enumerate()
            .map(|(id, name)| Tick {
                id,
                name: plain(name),
                title: titles.title(name),
                ticked: wanted.contains(&name.as_str()),
            })
            .collect();
        let asks = visit.parameter("ask").is_some();
        let asked = asks.then(|| asked(choice, &ask, titles, &row)).flatten();
        let shown = spread(choice);
        let more = choice
            .pareto
            .len()
            .checked_sub(shown.len())
            .filter(|more| *more > 0);
        Self {
            summary: l.text_with(
                "choice-summary",
                &[
                    ("measures", Count(choice.measures.len())),
                    ("subsets", Count(choice.subsets)),
                    ("best", Count(choice.pareto.len())),
                ],
            ),
            budget: choice.budget.map(|budget| words::money(l, budget, currency)),
            objectives: choice
                .objectives
                .iter()
                .take(OBJECTIVES)
                .map(|objective| words::objective(l, objective, &found.groups, &found.areas))
                .collect(),
            chart: chart(
                choice,
                &shown,
                titles,
                units.first().copied().unwrap_or(""),
                currency,
                l,
            ),
            sets: shown
                .iter()
                .enumerate()
                .map(|(at, set)| row(at + 1, set))
                .collect(),
            more: more.map(|more| l.text_with("choice-more", &[("more", Text(&l.count(more)))])),
            measures: choice
                .measures_told
                .iter()
                .map(|told| MeasureRow {
                    title: titles.title(&told.measure),
                    name: plain(&told.measure),
                    in_pareto: l.count(told.in_pareto),
                    alone: cells(&told.alone, true),
                    with_the_best: cells(&told.with_the_best, true),
                    why: titles.told(&told.why),
                })
                .collect(),
            notes: choice.notes.iter().map(|note| words::long(note)).collect(),
            ask,
            asked,
        }
    }
}

/// The set of the ticked measures.
fn asked(
    choice: &Choice,
    ask: &[Tick],
    titles: &Titles,
    row: &dyn Fn(usize, &Subset) -> SetRow,
) -> Option<Asked> {
    let bits = ask.iter().filter(|tick| tick.ticked).fold(0_u32, |bits, tick| {
        bits | 1_u32
            .checked_shl(u32::try_from(tick.id).unwrap_or(32))
            .unwrap_or(0)
    });
    let set = choice
        .all
        .iter()
        .chain(&choice.pareto)
        .find(|set| set.bits == bits)?;
    Some(Asked {
        set: row(0, set),
        dropped: set.dropped.as_deref().map(|why| titles.told(why)),
    })
}

/// The measures of a set.
fn names(choice: &Choice, bits: u32, titles: &Titles) -> Vec<String> {
    let of = |(index, name): (usize, &String)| {
        (bits.checked_shr(u32::try_from(index).ok()?)? & 1 == 1).then(|| titles.title(name))
    };
    choice.measures.iter().enumerate().filter_map(of).collect()
}

fn unit_of<'a>(found: &'a RunResult, indicator: &str) -> &'a str {
    let value = found.baseline.iter().find(|value| value.indicator == indicator);
    value.map_or("%", |value| &value.unit)
}

/// Some of the best sets: the cheapest, the dearest, the best, and others spread between them.
fn spread(choice: &Choice) -> Vec<&Subset> {
    let all = &choice.pareto;
    let Some(last) = all.len().checked_sub(1) else {
        return Vec::new();
    };
    let mut places: Vec<usize> = (0..SETS).map(|at| at * last / (SETS - 1)).collect();
    places.extend(all.iter().position(|set| choice.best == Some(set.bits)));
    places.sort_unstable();
    places.dedup();
    places.into_iter().filter_map(|place| all.get(place)).collect()
}

/// Every set as a dot, the best ones numbered and joined.
fn chart(
    choice: &Choice,
    shown: &[&Subset],
    titles: &Titles,
    unit: &str,
    currency: Option<&str>,
    l: Language,
) -> Option<Chart> {
    let of = |set: &Subset| set.values.first().map(|value| (set.cost, *value));
    let marked = shown.iter().filter_map(|set| {
        let (cost, value) = of(set)?;
        Some((
            cost,
            value,
            names(choice, set.bits, titles).join(&l.text("list-comma")),
        ))
    });
    let points = Points {
        marked: marked.collect(),
        dots: choice.all.iter().filter_map(of).collect(),
        budget: choice.budget,
        stairs: choice.pareto.iter().filter_map(of).collect(),
        from_nothing: false,
    };
    Chart::of(&points, unit, currency, l)
}

//! What came out of runs, a line for each: of the indicator that counts, the scenario that does most for it.
//!
//! Read from the `ScenarioResult` entities, which are small; whole results are only opened on their own pages.

use std::collections::HashMap;

use ngsi_ld::{Attribute, Entity, Name, Uri};
use query::Selection;
use scenarios::file::ScenarioFile;
use scenarios::job::{Run, RunStatus};
use twin::Reader as _;

use super::words::{self, RunLine};
use crate::pages::describe::plain;
use crate::pages::language::Argument::Text;
use crate::pages::language::Language;
use crate::pages::visit::Visit;

/// What one scenario does to one indicator.
struct Outcome {
    indicator: String,
    name: String,
    unit: String,
    scenario: String,
    difference: f64,
    /// The difference in the direction that is wanted; none: no direction is.
    good: Option<f64>,
    people: f64,
}

impl Outcome {
    fn of(entity: &Entity) -> Option<Self> {
        let attribute = |term: &str| {
            let of = |attribute: &&Attribute| attribute.name.short() == term;
            entity.attributes.iter().find(of)
        };
        let word = |term: &str| attribute(term).and_then(Attribute::as_str).map(str::to_owned);
        let number = |term: &str| attribute(term).and_then(Attribute::as_f64);
        let difference = number("difference")?;
        let good = match word("verdict")?.as_str() {
            "better" => Some(difference.abs()),
            "worse" => Some(-difference.abs()),
            "same" => Some(0.0),
            _ => None,
        };
        Some(Self {
            indicator: word("indicator")?,
            name: word("name").unwrap_or_default(),
            unit: word("unit").unwrap_or_default(),
            scenario: word("scenario")?,
            difference,
            good,
            people: number("people").unwrap_or(0.0).abs(),
        })
    }
}

/// Lines for a list of runs, in its order. `file`: the scenario's file now, where all are of one scenario.
pub(super) fn lines(visit: &Visit, runs: &[&Run], file: Option<&str>) -> Result<Vec<RunLine>, twin::Error> {
    let l = visit.language;
    let mut outcomes: HashMap<&Uri, Vec<Outcome>> = runs
        .iter()
        .filter(|run| run.status == RunStatus::Done)
        .map(|run| (&run.id, Vec::new()))
        .collect();
    if !outcomes.is_empty() {
        let selection = Selection::of_type(Name::default_term("ScenarioResult"));
        visit.twin.scan(&visit.view, &selection, &mut |entity| {
            let of = entity
                .attributes
                .iter()
                .find(|attribute| attribute.name.short() == "hasRun");
            let run = of.and_then(|attribute| attribute.targets().first());
            if let Some(all) = run.and_then(|run| outcomes.get_mut(run)) {
                all.extend(Outcome::of(entity));
            }
            true
        })?;
    }
    let mut seen: HashMap<(String, String), usize> = HashMap::new();
    let mut lines: Vec<RunLine> = Vec::with_capacity(runs.len());
    // The latest comes first; the first of a second has no number.
    for run in runs.iter().rev() {
        let mut line = RunLine::of(l, run, file);
        line.headline = outcomes
            .get(&run.id)
            .and_then(|outcomes| told(l, outcomes, &run.scenario_file));
        let same = seen.entry((line.title.clone(), line.at.clone())).or_default();
        *same += 1;
        if *same > 1 {
            line.at = format!("{} · {}", line.at, l.count(*same));
        }
        lines.push(line);
    }
    lines.reverse();
    Ok(lines)
}

/// `A clinic within reach, on foot: +2.3 points, by “Kerbs”`.
fn told(l: Language, outcomes: &[Outcome], file: &str) -> Option<String> {
    let file = ScenarioFile::parse(file).ok();
    let wanted = file
        .as_ref()
        .and_then(|file| file.choose.as_ref())
        .and_then(|choose| choose.objectives.first())
        .map(|objective| objective.indicator.as_str());
    // As on the run's own page: what the file chooses by, else what moves most people.
    let first = outcomes
        .iter()
        .find(|outcome| Some(outcome.indicator.as_str()) == wanted)
        .or_else(|| {
            let by = |a: &&Outcome, b: &&Outcome| {
                a.people.total_cmp(&b.people).then(b.indicator.cmp(&a.indicator))
            };
            outcomes.iter().max_by(by)
        })?;
    let name = words::indicator(l, &first.indicator, &first.name).text;
    let best = outcomes
        .iter()
        .filter(|outcome| outcome.indicator == first.indicator)
        .filter_map(|outcome| Some((outcome, outcome.good?)))
        .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.scenario.cmp(&a.0.scenario)))?;
    let (best, good) = best;
    if good <= 0.0 {
        return Some(l.text_with("run-best-none", &[("indicator", Text(&name))]));
    }
    let title = file
        .as_ref()
        .and_then(|file| file.scenarios.iter().find(|one| one.name == best.scenario))
        .and_then(|scenario| scenario.title.clone())
        .unwrap_or_else(|| match best.scenario.as_str() {
            "all-measures" => l.text("scenario-everything"),
            other => other.to_owned(),
        });
    let change = words::difference(l, best.difference, &best.unit);
    Some(l.text_with(
        "run-best-line",
        &[
            ("indicator", Text(&name)),
            ("difference", Text(&change)),
            ("scenario", Text(&plain(&title))),
        ],
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(indicator: &str, scenario: &str, difference: f64, good: Option<f64>, people: f64) -> Outcome {
        Outcome {
            indicator: indicator.to_owned(),
            name: indicator.to_owned(),
            unit: "%".to_owned(),
            scenario: scenario.to_owned(),
            difference,
            good,
            people,
        }
    }

    #[test]
    fn the_line_is_of_what_moves_most_people_and_of_who_does_most() {
        let en = Language::ENGLISH;
        let mut all = vec![
            outcome("park-walk", "a", 9.0, Some(9.0), 10.0),
            outcome("clinic-walk", "a", 1.0, Some(1.0), 500.0),
            outcome("clinic-walk", "b", 2.345, Some(2.345), 1000.0),
        ];
        assert_eq!(
            told(en, &all, "").unwrap(),
            "A clinic within reach, on foot: +2.35 points, by “b”"
        );
        all.truncate(2);
        all[1].good = Some(-1.0);
        assert_eq!(
            told(en, &all, "").unwrap(),
            "A clinic within reach, on foot: no scenario improves it"
        );
        assert_eq!(told(en, &[], ""), None);
    }
}

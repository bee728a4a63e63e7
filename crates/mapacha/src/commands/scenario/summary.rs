//! What a person wants to know first.

use std::fmt::Write as _;

use scenarios::catalogue::{Kind, Parameter};
use scenarios::result::{Difference, RunResult, ScenarioResult, Value, Verdict};
use scenarios::run::Checked;

/// A run.
pub(crate) fn result(result: &RunResult) -> String {
    let mut text = format!("{}: {}\n", result.city, result.title);
    let currency = result.currency.as_deref().unwrap_or("");
    for value in &result.baseline {
        let _ = writeln!(text, "\n{} ({})", value.name, value.indicator);
        let _ = writeln!(text, "    as it is: {}", shown(value));
        for scenario in &result.scenarios {
            if let Some(difference) = of(scenario, &value.indicator) {
                let _ = writeln!(
                    text,
                    "    {}: {}",
                    scenario.title,
                    changed(difference, value, currency)
                );
            }
        }
    }
    for scenario in &result.scenarios {
        let _ = writeln!(
            text,
            "\n{} ({}): costs {}{}",
            scenario.title,
            scenario.name,
            money(scenario.cost, currency),
            if scenario.yearly_cost > 0.0 {
                format!(" and {} a year", money(scenario.yearly_cost, currency))
            } else {
                String::new()
            }
        );
        for applied in &scenario.measures {
            let _ = writeln!(
                text,
                "    {}: {} entities made, {} changed, {} taken away",
                applied.measure,
                applied.created.len(),
                applied.updated.len(),
                applied.deleted.len()
            );
        }
        // What concerns the whole stands at the end.
        for warning in scenario
            .warnings
            .iter()
            .filter(|it| !result.warnings.contains(it))
        {
            let _ = writeln!(text, "    warning: {warning}");
        }
    }
    choice(&mut text, result, currency);
    for assumption in &result.provenance.assumptions {
        let _ = writeln!(text, "assumed: {assumption}");
    }
    for warning in &result.warnings {
        let _ = writeln!(text, "warning: {warning}");
    }
    text
}

fn choice(text: &mut String, result: &RunResult, currency: &str) {
    let Some(choice) = &result.choice else { return };
    let _ = write!(
        text,
        "\nOf {} subsets of {} measures",
        choice.subsets,
        choice.measures.len()
    );
    if let Some(budget) = choice.budget {
        let _ = write!(text, ", within {}", money(budget, currency));
    }
    let _ = writeln!(text, ", no other beats these {}:", choice.pareto.len());
    for subset in &choice.pareto {
        let values: Vec<String> = subset.values.iter().map(|value| format!("{value:.2}")).collect();
        let names = if subset.measures.is_empty() {
            "nothing".to_owned()
        } else {
            subset.measures.join(", ")
        };
        let _ = writeln!(
            text,
            "    {:>14}  {}  {names}",
            money(subset.cost, currency),
            values.join("  ")
        );
    }
    for told in &choice.measures_told {
        let _ = writeln!(text, "    {}: {}", told.measure, told.why);
    }
}

/// What each scenario would change.
pub(crate) fn applied(scenarios: &[Checked]) -> String {
    let mut text = String::new();
    for scenario in scenarios {
        let _ = writeln!(text, "{}", scenario.scenario);
        for applied in &scenario.measures {
            let _ = writeln!(text, "  {}", applied.measure);
            for (word, ids) in [
                ("makes", &applied.created),
                ("changes", &applied.updated),
                ("takes away", &applied.deleted),
            ] {
                for id in ids.iter().take(20) {
                    let _ = writeln!(text, "    {word} {id}");
                }
                if ids.len() > 20 {
                    let _ = writeln!(text, "    {word} {} more", ids.len() - 20);
                }
            }
            for warning in &applied.warnings {
                let _ = writeln!(text, "    warning: {warning}");
            }
        }
    }
    text
}

/// The kinds of measures.
pub(crate) fn kinds(kinds: &[Kind]) -> String {
    let mut text = String::new();
    for kind in kinds {
        let _ = writeln!(text, "{}: {}", kind.name, kind.title);
        for line in kind.description.lines().filter(|line| !line.trim().is_empty()) {
            let _ = writeln!(text, "    {}", line.trim());
        }
        for parameter in &kind.parameters {
            let _ = writeln!(text, "    with.{}: {}", parameter.name, told(parameter));
        }
    }
    text
}

/// What a parameter takes, and whether it has to be given.
fn told(parameter: &Parameter) -> String {
    let mut what = serde_json::to_value(parameter.value)
        .ok()
        .and_then(|word| word.as_str().map(str::to_owned))
        .unwrap_or_default();
    if !parameter.of.is_empty() {
        let _ = write!(what, " of {}", parameter.of.join(" or "));
    }
    if !parameter.one_of.is_empty() {
        let _ = write!(what, ": {}", parameter.one_of.join(", "));
    }
    let given = match &parameter.default {
        Some(default) => format!("default {default}"),
        None if parameter.optional => "may be left out".to_owned(),
        None => "has to be given".to_owned(),
    };
    format!("{} ({what}; {given})", parameter.description)
}

fn of<'a>(scenario: &'a ScenarioResult, indicator: &str) -> Option<&'a Difference> {
    scenario
        .differences
        .iter()
        .find(|difference| difference.indicator == indicator)
}

fn shown(value: &Value) -> String {
    let Some(number) = value.value else {
        return "not known".to_owned();
    };
    let bounds = match (value.low, value.high) {
        (Some(low), Some(high)) if low < high => format!(" (between {low:.2} and {high:.2})"),
        _ => String::new(),
    };
    format!("{number:.2} {}{bounds}", value.unit)
}

fn changed(difference: &Difference, value: &Value, currency: &str) -> String {
    let Some(by) = difference.difference else {
        return "not known".to_owned();
    };
    // What nobody knows bounds the difference as well.
    let bounds = match (difference.low, difference.high) {
        (Some(low), Some(high)) if low < high => format!("; between {low:+.2} and {high:+.2}"),
        _ => String::new(),
    };
    let verdict = match difference.verdict {
        Verdict::Better => "better",
        Verdict::Worse => "worse",
        Verdict::Same if bounds.is_empty() => return "the same".to_owned(),
        Verdict::Same => "the same as far as is known",
        Verdict::NotKnown => "not known whether better",
    };
    let unit = if value.unit == "%" {
        "percentage points"
    } else {
        &value.unit
    };
    let mut text = format!("{by:+.2} {unit} ({verdict}");
    if let Some(people) = difference.people {
        let _ = write!(text, ", {people:+.0} people");
    }
    if let Some(cost) = difference.cost_per_unit {
        let what = match (difference.people, value.unit.as_str()) {
            (Some(_), _) => "person",
            (None, "%") => "percentage point",
            (None, unit) => unit,
        };
        let _ = write!(text, ", {} for each {what}", money(cost, currency));
    }
    text.push_str(&bounds);
    text.push(')');
    text
}

fn money(amount: f64, currency: &str) -> String {
    format!("{amount:.0} {currency}").trim_end().to_owned()
}

//! A result as one page: for screens, screen readers and paper. Nothing is loaded from anywhere.

use std::fmt::Write as _;

use geo_types::MultiPolygon;
use indicators::report::markup::Escaped;

use super::figure::{figure, money as sum, people, signed, unit_of_difference, unit_of_value};
use super::{Choice, Difference, RunResult, ScenarioResult, Value, Verdict, svg};

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:1rem/1.5 system-ui,sans-serif;margin:0 auto;padding:1rem;max-width:70rem}\
h1,h2,h3{line-height:1.2}\
table{border-collapse:collapse;margin:1rem 0;width:100%}\
caption{font-weight:600;text-align:start;padding-block-end:.5rem}\
th,td{border:1px solid currentColor;padding:.35rem .5rem;text-align:start;vertical-align:top}\
.wide{overflow-x:auto}figure{margin:1rem 0}figcaption{font-weight:600}\
.better{font-weight:700}.worse{font-style:italic}\
svg{max-width:100%;height:auto}\
@media print{body{max-width:none;padding:0;font-size:10pt}tr,figure{break-inside:avoid}}";

/// Of more areas than this, those with the largest differences are shown.
const MOST_AREAS: usize = 20;
/// Of more subsets than this in the Pareto set, those around the budget are shown.
const MOST_SUBSETS: usize = 40;

/// One self-contained, accessible HTML page, fit for printing. `outlines`: the polygons of the result's areas in
/// their order, for the maps; empty: no maps.
pub fn html(result: &RunResult, outlines: &[MultiPolygon<f64>]) -> String {
    let mut page = String::with_capacity(64 * 1024);
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<title>{0}</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n<main>\n<h1>{0}</h1>\n",
        Escaped(&result.title)
    );
    summary(&mut page, result);
    if result.scenarios.is_empty() {
        values(&mut page, result);
    } else {
        page.push_str("<h2>Differences to the city as it is</h2>\n");
        differences(&mut page, result);
        for (index, value) in result.baseline.iter().enumerate() {
            page.push_str(&svg::bars(result, index, &value.name));
        }
        groups(&mut page, result);
        areas(&mut page, result, outlines);
        scenarios(&mut page, result);
    }
    if let Some(choice) = &result.choice {
        chosen(&mut page, result, choice);
    }
    method(&mut page, result);
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn summary(page: &mut String, result: &RunResult) {
    let city = if result.city.is_empty() {
        "the city"
    } else {
        &result.city
    };
    let _ = writeln!(
        page,
        "<p>{} scenarios for {}, each beside the city as it is on {}.</p>",
        result.scenarios.len(),
        Escaped(city),
        Escaped(&result.provenance.snapshot)
    );
    list(page, "Warnings", &result.warnings);
}

fn list(page: &mut String, heading: &str, items: &[String]) {
    if items.is_empty() {
        return;
    }
    let _ = write!(page, "<h2>{heading}</h2>\n<ul>\n");
    for item in items {
        let _ = writeln!(page, "<li>{}</li>", Escaped(item));
    }
    page.push_str("</ul>\n");
}

/// A table of cells that are markup already, in a region that can be scrolled.
fn table(page: &mut String, caption: &str, headers: &[String], rows: &[Vec<String>]) {
    let _ = write!(
        page,
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\">\n<table>\n<caption>{0}</caption>\n\
         <thead><tr>",
        Escaped(caption)
    );
    for header in headers {
        let _ = write!(page, "<th scope=\"col\">{}</th>", Escaped(header));
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        page.push_str("<tr>");
        for (index, cell) in row.iter().enumerate() {
            let _ = if index == 0 {
                write!(page, "<th scope=\"row\">{cell}</th>")
            } else {
                write!(page, "<td>{cell}</td>")
            };
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody>\n</table>\n</div>\n");
}

fn text(text: &str) -> String {
    Escaped(text).to_string()
}

/// A value with its unit.
fn shown(value: Option<f64>, unit: &str) -> String {
    let Some(value) = value else {
        return "not known".to_owned();
    };
    match unit_of_value(unit) {
        "" => figure(value, unit),
        said => format!("{}\u{a0}{}", figure(value, unit), Escaped(said)),
    }
}

/// What the differences of an indicator are in, for a heading: ` (differences in percentage points)`.
fn in_what(value: &Value) -> String {
    match unit_of_difference(&value.unit) {
        "" => String::new(),
        said => format!(" (differences in {said})"),
    }
}

/// A measure: its title, and under it the name that the file knows it by.
fn measure(result: &RunResult, name: &str) -> String {
    let title = result.measure_title(name);
    if title == name {
        format!("<code>{}</code>", Escaped(name))
    } else {
        format!("{} <small><code>{}</code></small>", Escaped(title), Escaped(name))
    }
}

/// Some measures: `Kerb ramps, More buses`.
fn measures(result: &RunResult, names: &[String]) -> String {
    if names.is_empty() {
        return "nothing".to_owned();
    }
    let titles: Vec<&str> = names.iter().map(|name| result.measure_title(name)).collect();
    text(&titles.join("; "))
}

fn word(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Better => ("better", "better"),
        Verdict::Worse => ("worse", "worse"),
        Verdict::Same => ("same", "no difference"),
        Verdict::NotKnown => ("unknown", "not known"),
    }
}

/// A difference as a cell: number, bounds, and the verdict in words.
fn cell(difference: &Difference, unit: &str) -> String {
    let Some(by) = difference.difference else {
        return "not known".to_owned();
    };
    let (class, word) = word(difference.verdict);
    let mut cell = format!("<span class=\"{class}\">{} ({word})</span>", signed(by, unit));
    if let (Some(low), Some(high)) = (difference.low, difference.high)
        && (low, high) != (by, by)
    {
        let (low, high) = (signed(low, unit), signed(high, unit));
        if low != high {
            let _ = write!(cell, "<br>between {low} and {high}");
        }
    }
    if let (Some(gain), Some(lose)) = (difference.gain, difference.lose)
        && (gain > 0.0 || lose > 0.0)
    {
        let _ = write!(cell, "<br>{} people gain, {} lose", people(gain), people(lose));
    }
    cell
}

fn money(result: &RunResult, amount: f64) -> String {
    text(&sum(amount, result.currency.as_deref()))
}

fn differences(page: &mut String, result: &RunResult) {
    let mut headers = vec!["Indicator".to_owned(), "As it is".to_owned()];
    headers.extend(result.scenarios.iter().map(|scenario| scenario.title.clone()));
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (index, value) in result.baseline.iter().enumerate() {
        let mut row = vec![
            format!("{}{}", text(&value.name), text(&in_what(value))),
            shown(value.value, &value.unit),
        ];
        let cells = result.scenarios.iter().map(|scenario| {
            scenario.differences.get(index).map_or_else(
                || "not known".to_owned(),
                |difference| cell(difference, &value.unit),
            )
        });
        row.extend(cells);
        rows.push(row);
    }
    for (name, pick) in [
        (
            "Cost, once",
            (|scenario| scenario.cost) as fn(&ScenarioResult) -> f64,
        ),
        ("Cost, every year", |scenario| scenario.yearly_cost),
    ] {
        let mut row = vec![name.to_owned(), "–".to_owned()];
        row.extend(
            result
                .scenarios
                .iter()
                .map(|scenario| money(result, pick(scenario))),
        );
        rows.push(row);
    }
    for (index, value) in result.baseline.iter().enumerate() {
        let each = |scenario: &ScenarioResult| scenario.differences.get(index).and_then(|d| d.cost_per_unit);
        if result.scenarios.iter().all(|scenario| each(scenario).is_none()) {
            continue;
        }
        let people = result.scenarios.iter().any(|scenario| {
            scenario
                .differences
                .get(index)
                .is_some_and(|d| d.people.is_some())
        });
        let unit = match (people, unit_of_difference(&value.unit)) {
            (true, _) => "person gained",
            (false, "percentage points") => "percentage point gained",
            _ => "unit gained",
        };
        let mut row = vec![
            format!("Cost of each {unit}: {}", text(&value.name)),
            "–".to_owned(),
        ];
        row.extend(
            result
                .scenarios
                .iter()
                .map(|scenario| each(scenario).map_or_else(|| "–".to_owned(), |cost| money(result, cost))),
        );
        rows.push(row);
    }
    table(page, "Scenarios beside the city as it is", &headers, &rows);
}

fn values(page: &mut String, result: &RunResult) {
    let rows: Vec<Vec<String>> = result
        .baseline
        .iter()
        .map(|value| {
            vec![
                text(&value.name),
                shown(value.value, &value.unit),
                shown(value.low, &value.unit),
                shown(value.high, &value.unit),
            ]
        })
        .collect();
    let headers = ["Indicator", "Value", "At least", "At most"].map(str::to_owned);
    table(page, "The city as it is", &headers, &rows);
}

fn groups(page: &mut String, result: &RunResult) {
    if result.groups.is_empty() {
        return;
    }
    page.push_str("<h2>Who gains and who loses, by group</h2>\n");
    for (index, value) in result.baseline.iter().enumerate() {
        let known = |part: &super::Part| part.value.is_some();
        if !value.groups.iter().any(known) {
            continue;
        }
        let mut headers = vec!["Group".to_owned(), "As it is".to_owned()];
        headers.extend(result.scenarios.iter().map(|scenario| scenario.title.clone()));
        let rows: Vec<Vec<String>> = result
            .groups
            .iter()
            .enumerate()
            .map(|(group, name)| {
                let was = value.groups.get(group).and_then(|part| part.value);
                let mut row = vec![text(&name.name), shown(was, &value.unit)];
                row.extend(result.scenarios.iter().map(|scenario| {
                    let part = scenario.differences.get(index).and_then(|d| d.groups.get(group));
                    part_cell(part, &value.unit)
                }));
                row
            })
            .collect();
        table(
            page,
            &format!("{}, by group{}", value.name, in_what(value)),
            &headers,
            &rows,
        );
    }
}

fn part_cell(part: Option<&super::PartDifference>, unit: &str) -> String {
    let Some((part, by)) = part.and_then(|part| Some((part, part.difference?))) else {
        return "not known".to_owned();
    };
    let who = match (part.gain, part.lose) {
        (Some(gain), Some(lose)) if gain > 0.0 || lose > 0.0 => {
            format!("<br>{} people gain, {} lose", people(gain), people(lose))
        }
        _ => String::new(),
    };
    if by == 0.0 && who.is_empty() {
        "no difference".to_owned()
    } else {
        format!("{}{who}", signed(by, unit))
    }
}

fn areas(page: &mut String, result: &RunResult, outlines: &[MultiPolygon<f64>]) {
    if result.areas.is_empty() {
        return;
    }
    page.push_str("<h2>Where, by area</h2>\n");
    for (index, value) in result.baseline.iter().enumerate() {
        let by = |scenario: &ScenarioResult, area: usize| -> Option<f64> {
            scenario.differences.get(index)?.areas.get(area)?.difference
        };
        let largest = |area: usize| {
            let all = result.scenarios.iter().filter_map(|scenario| by(scenario, area));
            all.map(f64::abs).fold(0.0, f64::max)
        };
        let mut shown: Vec<usize> = (0..result.areas.len())
            .filter(|&area| largest(area) > 0.0)
            .collect();
        if shown.is_empty() {
            let _ = writeln!(page, "<p>{}: no area differs.</p>", Escaped(&value.name));
            continue;
        }
        if outlines.len() == result.areas.len() {
            for scenario in 0..result.scenarios.len() {
                page.push_str(&svg::map(result, index, scenario, outlines));
            }
        }
        shown.sort_by(|&a, &b| largest(b).total_cmp(&largest(a)).then(a.cmp(&b)));
        let differing = shown.len();
        shown.truncate(MOST_AREAS);
        let mut headers = vec!["Area".to_owned()];
        headers.extend(result.scenarios.iter().map(|scenario| scenario.title.clone()));
        let rows: Vec<Vec<String>> = shown
            .iter()
            .map(|&area| {
                let mut row = vec![text(&result.areas[area].name)];
                row.extend(result.scenarios.iter().map(|scenario| {
                    part_cell(
                        scenario.differences.get(index).and_then(|d| d.areas.get(area)),
                        &value.unit,
                    )
                }));
                row
            })
            .collect();
        let caption = format!(
            "{}, by area{}: {}",
            value.name,
            in_what(value),
            which_areas(rows.len(), differing, result.areas.len())
        );
        table(page, &caption, &headers, &rows);
    }
}

/// Which areas a table has: so many, of those that differ, of all.
fn which_areas(shown: usize, differing: usize, all: usize) -> String {
    match (shown, differing, all) {
        (_, 1, 1) => "the only area".to_owned(),
        (_, 1, _) => format!("the only one of {all} areas that differs"),
        _ if shown < differing => format!("the {shown} that differ most, of {differing} that do"),
        _ if differing == all => format!("all {all} areas differ"),
        _ => format!("the {differing} of {all} areas that differ"),
    }
}

fn scenarios(page: &mut String, result: &RunResult) {
    page.push_str("<h2>What each scenario changes</h2>\n");
    for scenario in &result.scenarios {
        let _ = write!(page, "<h3>{}</h3>\n<ul>\n", Escaped(&scenario.title));
        for applied in &scenario.measures {
            let _ = writeln!(
                page,
                "<li>{}: {} entities made, {} changed, {} taken away{}</li>",
                measure(result, &applied.measure),
                applied.created.len(),
                applied.updated.len(),
                applied.deleted.len(),
                carried_out(scenario, &applied.measure)
            );
        }
        // What concerns the whole stands above.
        for warning in scenario
            .warnings
            .iter()
            .filter(|it| !result.warnings.contains(it))
        {
            let _ = writeln!(page, "<li>Note: {}</li>", Escaped(warning));
        }
        page.push_str("</ul>\n");
    }
}

/// `. Carried out: Roads department, from 2027-03-01`, or nothing.
fn carried_out(scenario: &ScenarioResult, measure: &str) -> String {
    let said = scenario.carried_out.iter().find(|it| it.measure == measure);
    said.map_or_else(String::new, |it| {
        format!(". Carried out: {}", Escaped(&it.told()))
    })
}

fn chosen(page: &mut String, result: &RunResult, choice: &Choice) {
    page.push_str("<h2>Which measures to choose</h2>\n");
    let budget = choice.budget.map_or_else(
        || "without a budget".to_owned(),
        |budget| format!("within a budget of {}", money(result, budget)),
    );
    let _ = writeln!(
        page,
        "<p>All {} subsets of {} measures, {budget}; {} simulations were needed, because measures that concern \
         different people were simulated apart.</p>",
        choice.subsets,
        choice.measures.len(),
        choice.simulations
    );
    for note in &choice.notes {
        let _ = writeln!(page, "<p>{}</p>", Escaped(note));
    }
    page.push_str(&svg::pareto(result, choice));
    let objectives: Vec<String> = choice
        .objectives
        .iter()
        .map(|one| result.objective(one))
        .collect();
    let mut headers = vec!["Measures".to_owned(), "Cost".to_owned()];
    headers.extend(objectives.iter().cloned());
    let row = |subset: &super::Subset| {
        let name = measures(result, &subset.measures);
        let mut row = vec![
            if choice.best == Some(subset.bits) {
                format!("{name} (best)")
            } else {
                name
            },
            money(result, subset.cost),
        ];
        row.extend(subset.values.iter().map(|value| shown(Some(*value), "%")));
        row
    };
    let from = choice.pareto.len().saturating_sub(MOST_SUBSETS);
    let rows: Vec<Vec<String>> = choice.pareto[from..].iter().map(row).collect();
    let caption = if from > 0 {
        format!(
            "The {} dearest of the {} subsets that no other beats",
            rows.len(),
            choice.pareto.len()
        )
    } else {
        "The subsets that no other beats, cheapest first".to_owned()
    };
    table(page, &caption, &headers, &rows);
    let mut headers = vec!["Measure".to_owned(), "In how many of these".to_owned()];
    headers.extend(
        objectives
            .iter()
            .map(|objective| format!("What it gives alone, in percentage points: {objective}")),
    );
    headers.push("Why".to_owned());
    let rows: Vec<Vec<String>> = choice
        .measures_told
        .iter()
        .map(|told| {
            let mut row = vec![measure(result, &told.measure), told.in_pareto.to_string()];
            row.extend((0..choice.objectives.len()).map(|index| {
                told.alone
                    .get(index)
                    .map_or_else(|| "not alone".to_owned(), |by| signed(*by, "%"))
            }));
            row.push(ticked(result, &told.why));
            row
        })
        .collect();
    table(page, "What became of each measure", &headers, &rows);
}

/// A sentence with `names` in it: those of measures become titles, others code.
fn ticked(result: &RunResult, sentence: &str) -> String {
    let part = |(index, part): (usize, &str)| match result.measure_title(part) {
        _ if index % 2 == 0 => text(part),
        title if title == part => format!("<code>{}</code>", Escaped(part)),
        title => format!("“{}”", Escaped(title)),
    };
    sentence.split('`').enumerate().map(part).collect()
}

fn method(page: &mut String, result: &RunResult) {
    let provenance = &result.provenance;
    page.push_str("<h2>What was assumed, and where the numbers come from</h2>\n<ul>\n");
    for assumption in &provenance.assumptions {
        let _ = writeln!(page, "<li>{}</li>", Escaped(assumption));
    }
    page.push_str("</ul>\n");
    let read: Vec<String> = provenance
        .entities
        .iter()
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    if let Some(before) = &provenance.begun_with {
        let _ = writeln!(
            page,
            "<p>The run began with the city at {}, fingerprint <code>{}</code>; the program ended meanwhile, the city \
             changed, and the run began anew. Every number is of the city at {}.</p>",
            Escaped(&before.snapshot),
            Escaped(&before.inputs),
            Escaped(&provenance.snapshot)
        );
    }
    let _ = writeln!(
        page,
        "<p>Read: {}. Program version {}, seed {}. Fingerprint of what was read: <code>{}</code>; of the scenario \
         file: <code>{}</code>. The same inputs give the same result.</p>",
        Escaped(&read.join(", ")),
        Escaped(&provenance.version),
        provenance.seed,
        Escaped(&provenance.inputs),
        Escaped(&provenance.file)
    );
}

#[cfg(test)]
mod tests;

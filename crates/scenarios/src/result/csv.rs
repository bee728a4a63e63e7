//! A result as CSV: one row for each scenario, indicator and part.

use super::{Difference, Part, PartDifference, RunResult, ScenarioResult, Value, Verdict};

const COLUMNS: [&str; 23] = [
    "scenario",
    "scenario_title",
    "indicator",
    "name",
    "unit",
    "part_kind",
    "part",
    "part_name",
    "people",
    "baseline",
    "value",
    "low",
    "high",
    "difference",
    "difference_low",
    "difference_high",
    "verdict",
    "gain",
    "lose",
    "cost",
    "yearly_cost",
    "cost_per_unit",
    "carried_out",
];

/// The values and differences as CSV (RFC 4180, UTF-8, with a header): first the city as it is, with `baseline` as its
/// scenario, then each scenario; of each indicator first all people, then each group, then each area. What is not
/// known is empty. The last column says who carries the scenario's measures out and when. A text that a spreadsheet would run as a formula gets an apostrophe before it.
pub fn csv(result: &RunResult) -> String {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    // A Vec takes everything: there is nothing here that could fail.
    let _ = writer.write_record(COLUMNS);
    for value in &result.baseline {
        for row in rows(result, None, value, None, None) {
            let _ = writer.write_record(row);
        }
    }
    for scenario in &result.scenarios {
        for (index, value) in scenario.values.iter().enumerate() {
            let (before, difference) = (result.baseline.get(index), scenario.differences.get(index));
            for row in rows(result, Some(scenario), value, before, difference) {
                let _ = writer.write_record(row);
            }
        }
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

fn rows(
    result: &RunResult,
    scenario: Option<&ScenarioResult>,
    value: &Value,
    before: Option<&Value>,
    difference: Option<&Difference>,
) -> Vec<[String; 23]> {
    let row = |kind: &str, part: &str, name: &str, of: &Part, was: Option<f64>, by: &PartDifference| {
        let whole = kind == "all";
        let of_whole =
            |pick: fn(&Difference) -> Option<f64>| number(difference.filter(|_| whole).and_then(pick));
        [
            harmless(scenario.map_or("baseline", |scenario| &scenario.name)),
            harmless(scenario.map_or("The city as it is", |scenario| &scenario.title)),
            harmless(&value.indicator),
            harmless(&value.name),
            harmless(&value.unit),
            kind.to_owned(),
            harmless(part),
            harmless(name),
            number(of.people),
            number(was),
            number(of.value),
            number(of.low),
            number(of.high),
            number(by.difference),
            of_whole(|difference| difference.low),
            of_whole(|difference| difference.high),
            difference
                .filter(|_| whole)
                .map_or_else(String::new, |difference| verdict(difference.verdict).to_owned()),
            number(by.gain),
            number(by.lose),
            number(scenario.filter(|_| whole).map(|scenario| scenario.cost)),
            number(scenario.filter(|_| whole).map(|scenario| scenario.yearly_cost)),
            of_whole(|difference| difference.cost_per_unit),
            scenario
                .filter(|_| whole)
                .map_or_else(String::new, |scenario| harmless(&carried_out(scenario))),
        ]
    };
    let all = Part {
        value: value.value,
        low: value.low,
        high: value.high,
        people: None,
    };
    let by = difference.map_or_else(PartDifference::default, |difference| PartDifference {
        difference: difference.difference,
        gain: difference.gain,
        lose: difference.lose,
    });
    let nothing = PartDifference::default();
    let of = |parts: Option<&Vec<PartDifference>>, index: usize| {
        parts
            .and_then(|parts| parts.get(index))
            .unwrap_or(&nothing)
            .clone()
    };
    let was = |parts: Option<&Vec<Part>>, index: usize| parts?.get(index)?.value;
    let mut rows = vec![row(
        "all",
        "",
        "",
        &all,
        before.and_then(|before| before.value),
        &by,
    )];
    for (index, (part, group)) in value.groups.iter().zip(&result.groups).enumerate() {
        let was = was(before.map(|before| &before.groups), index);
        let by = of(difference.map(|difference| &difference.groups), index);
        rows.push(row("group", &group.id, &group.name, part, was, &by));
    }
    for (index, (part, area)) in value.areas.iter().zip(&result.areas).enumerate() {
        let was = was(before.map(|before| &before.areas), index);
        let by = of(difference.map(|difference| &difference.areas), index);
        rows.push(row("area", area.id.as_str(), &area.name, part, was, &by));
    }
    rows
}

/// `ramps: Roads department, from 2027-03-01; buses: from 2028-01-01`.
fn carried_out(scenario: &ScenarioResult) -> String {
    let each = scenario.carried_out.iter();
    let told: Vec<String> = each.map(|it| format!("{}: {}", it.measure, it.told())).collect();
    told.join("; ")
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Better => "better",
        Verdict::Worse => "worse",
        Verdict::Same => "same",
        Verdict::NotKnown => "not_known",
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// A text that no spreadsheet runs.
pub(crate) fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::sample;
    use super::*;

    #[test]
    fn every_part_has_a_row_and_no_cell_is_a_formula() {
        let result = sample();
        let text = csv(&result);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        // Two indicators of all, two groups and two areas; of the city as it is and two scenarios.
        assert_eq!(rows.len(), 3 * 2 * 5);
        let formula = |cell: &str| {
            cell.starts_with(['=', '+', '@']) || (cell.starts_with('-') && cell.parse::<f64>().is_err())
        };
        assert!(!rows.iter().flatten().any(formula));
        assert!(text.contains("'=cmd|' /C calc'!A0"));
        let row = rows
            .iter()
            .find(|row| &row[0] == "buses" && &row[2] == "clinic-walk" && &row[5] == "all")
            .unwrap();
        let cells: Vec<&str> = row.iter().skip(9).collect();
        assert_eq!(
            cells,
            [
                "60",
                "57.5",
                "57.5",
                "62.5",
                "-2.5",
                "-3.5",
                "-0.5",
                "worse",
                "0",
                "25",
                "2000",
                "100",
                "",
                "buses-measure: Roads, <department>, from 2027-03-01"
            ]
        );
        let empty = rows.iter().find(|row| &row[7] == "Harbour").unwrap();
        assert!(empty.iter().skip(8).all(str::is_empty));
    }
}

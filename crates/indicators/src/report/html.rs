//! The assessment as one page: for screens, screen readers and paper. Nothing is loaded from anywhere.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::csv::sources;
use super::markup::{Escaped, number};
use crate::assessment::{Assessment, DataPointResult, KpiValue, Status};
use crate::chart::table;
use crate::score::NamedScore;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:1rem/1.5 system-ui,sans-serif;margin:0 auto;padding:1rem;max-width:70rem}\
h1,h2,h3{line-height:1.2}\
table{border-collapse:collapse;margin:1rem 0;width:100%}\
caption{font-weight:600;text-align:start;padding-block-end:.5rem}\
th,td{border:1px solid currentColor;padding:.35rem .5rem;text-align:start;vertical-align:top}\
.wide{overflow-x:auto}\
dl{display:grid;grid-template-columns:minmax(8rem,max-content) 1fr;gap:.25rem 1rem}\
dt{font-weight:600}dd{margin:0}\
article{border-block-start:2px solid currentColor;padding-block:.5rem}\
@media(max-width:40rem){dl{grid-template-columns:1fr}}\
@media print{body{max-width:none;padding:0;font-size:10pt}article,tr{break-inside:avoid}details{display:block}}";

/// One self-contained, accessible HTML page, fit for printing.
pub fn html(assessment: &Assessment) -> String {
    let city = if assessment.city.is_empty() {
        "The city"
    } else {
        &assessment.city
    };
    let mut page = String::with_capacity(64 * 1024);
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<title>U4SSC self-assessment: {0}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>U4SSC self-assessment: {0}</h1>\n",
        Escaped(city)
    );
    summary(&mut page, assessment);
    page.push_str(&super::svg(assessment));
    scores(&mut page, assessment);
    values(&mut page, assessment);
    areas(&mut page, assessment);
    extra(&mut page, assessment);
    missing(&mut page, assessment);
    method(&mut page, assessment);
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn summary(page: &mut String, assessment: &Assessment) {
    let coverage = assessment.coverage;
    let overall = assessment.score.overall();
    let period = if assessment.period == "latest" {
        "for each indicator the latest that has data"
    } else {
        &assessment.period
    };
    let score = match overall.pct {
        Some(pct) => format!(
            "The score is {} % over the {} that have a benchmark.",
            number(pct),
            overall.scored
        ),
        None => "None of them has a benchmark, so there is no score yet.".to_owned(),
    };
    let _ = write!(
        page,
        "<p><strong>{} of {} data points have a value.</strong> {score} What is not reported counts neither for nor \
         against a score: read every score with its coverage.</p>\n<p>Period: {}. This is a self-assessment; nobody \
         has verified it unless a row says so.</p>\n",
        coverage.reported,
        coverage.total,
        Escaped(period)
    );
    if !assessment.warnings.is_empty() {
        page.push_str("<h2>Warnings</h2>\n<ul>\n");
        for warning in &assessment.warnings {
            let _ = writeln!(page, "<li>{}</li>", Escaped(warning));
        }
        page.push_str("</ul>\n");
    }
}

fn scores(page: &mut String, assessment: &Assessment) {
    let mut rows = Vec::new();
    let mut add = |name: String, part: &NamedScore| {
        let score = &part.score;
        rows.push(vec![
            name,
            score
                .pct
                .map_or_else(|| "not scored".to_owned(), |pct| format!("{} %", number(pct))),
            score
                .band
                .map_or_else(|| "–".to_owned(), |band| band.label().to_owned()),
            score.scored.to_string(),
            format!("{} of {}", score.reported, score.total),
        ]);
    };
    for dimension in &assessment.score.dimensions {
        add(dimension.name.clone(), dimension);
        for part in &dimension.parts {
            add(format!("{}, {}", dimension.name, part.name), part);
            for category in part.parts.iter().filter(|category| category.score.reported > 0) {
                add(
                    format!("{}, {}, {}", dimension.name, part.name, category.name),
                    category,
                );
            }
        }
    }
    page.push_str(
        "<h2>Scores</h2>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Scores\">\n",
    );
    page.push_str(&table(
        "Score and coverage by dimension, sub-dimension and category (categories with a value)",
        &[
            "Group",
            "Score",
            "Band",
            "Scored data points",
            "Data points with a value",
        ],
        &rows,
    ));
    page.push_str("</div>\n");
}

fn values(page: &mut String, assessment: &Assessment) {
    page.push_str("<h2>Values</h2>\n");
    let with_value = |row: &&DataPointResult| matches!(row.status, Status::Calculated | Status::Reported);
    for row in assessment.data_points.iter().filter(with_value) {
        let _ = write!(
            page,
            "<article>\n<h3>{} <small>({})</small></h3>\n<dl>\n",
            Escaped(&row.name),
            Escaped(&row.kpi)
        );
        let mut item = |term: &str, text: &str| {
            if !text.is_empty() {
                let _ = writeln!(page, "<dt>{term}</dt><dd>{}</dd>", Escaped(text));
            }
        };
        item(
            "Value",
            &format!(
                "{} {}",
                row.value.as_ref().map_or_else(String::new, shown),
                row.unit
            ),
        );
        if let Some(index) = row.index {
            item("Index", &format!("{} % of the guideline value", number(index)));
        }
        item(
            "Status",
            &format!(
                "{}, origin: {}",
                row.status.slug(),
                row.origin.as_deref().unwrap_or("unknown")
            ),
        );
        item("Period", row.period.as_deref().unwrap_or("unknown"));
        item("Quality", row.quality.map_or("unknown", crate::Quality::words));
        let covered = [
            row.coverage
                .temporal_pct
                .map(|pct| format!("{} % of the period", number(pct))),
            row.coverage
                .area_pct
                .map(|pct| format!("{} % of the area", number(pct))),
        ];
        item(
            "Data cover",
            &covered.into_iter().flatten().collect::<Vec<_>>().join(", "),
        );
        item("Data of", &row.vintages.join(", "));
        if let (Some(points), Some(pct), Some(benchmark)) = (row.points, row.attainment_pct, &row.benchmark) {
            let target = number(benchmark.target);
            item(
                "Points",
                &format!(
                    "{points} of 4: {} % of the benchmark {target} ({})",
                    number(pct),
                    benchmark.basis
                ),
            );
        } else {
            item("Points", "not scored: there is no benchmark");
        }
        item("Formula", row.formula.as_deref().unwrap_or_default());
        item("Computed from", &sources(row));
        let others: Vec<String> = row
            .sensitivity
            .iter()
            .map(|s| format!("{}: {}", s.assumption, number(s.value)))
            .collect();
        item("With other assumptions", &others.join("; "));
        if let Some(reported) = &row.reported {
            let unit = reported.unit.as_deref().unwrap_or(&row.unit);
            item("The city reported", &format!("{} {unit}", shown(&reported.value)));
        }
        item("Notes", &row.notes.join("; "));
        let verified = match row.verified {
            Some(true) => "yes",
            Some(false) => "no",
            None => "not yet looked at",
        };
        item("Verified", verified);
        page.push_str("</dl>\n</article>\n");
    }
}

fn shown(value: &KpiValue) -> String {
    match value {
        KpiValue::Number(value) => number(*value),
        KpiValue::Boolean(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        KpiValue::Text(text) => text.clone(),
    }
}

fn areas(page: &mut String, assessment: &Assessment) {
    if assessment.areas.is_empty() {
        return;
    }
    page.push_str("<h2>Areas</h2>\n");
    let mut by_kpi: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for area in &assessment.areas {
        by_kpi
            .entry((&area.kpi, &area.data_point))
            .or_default()
            .push(area);
    }
    for ((kpi, data_point), areas) in by_kpi {
        let name = assessment
            .data_point(kpi, data_point.as_deref())
            .map_or(kpi.as_str(), |row| &row.name);
        let unit = areas.first().map_or("", |area| &area.unit);
        let rows: Vec<Vec<String>> = areas
            .iter()
            .map(|area| {
                let text = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), number);
                vec![
                    area.name.clone(),
                    area.code.clone().unwrap_or_default(),
                    text(area.value),
                    text(area.numerator),
                    text(area.denominator),
                ]
            })
            .collect();
        let label = format!("{name} by area, {unit}");
        let _ = writeln!(
            page,
            "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{}\">",
            Escaped(&label)
        );
        page.push_str(&table(
            &label,
            &["Area", "Code", "Value", "Numerator", "Denominator"],
            &rows,
        ));
        page.push_str("</div>\n");
    }
}

fn extra(page: &mut String, assessment: &Assessment) {
    if assessment.extra.is_empty() {
        return;
    }
    let rows: Vec<Vec<String>> = assessment
        .extra
        .iter()
        .map(|extra| {
            vec![
                extra.name.clone(),
                extra.kpi.clone(),
                shown(&extra.reported.value),
                extra.reported.unit.clone().unwrap_or_default(),
                extra.reported.period.clone().unwrap_or_default(),
            ]
        })
        .collect();
    page.push_str("<h2>The city's own indicators</h2>\n");
    page.push_str(&table(
        "Reported values beyond the catalogue",
        &["Name", "Code", "Value", "Unit", "Period"],
        &rows,
    ));
}

fn missing(page: &mut String, assessment: &Assessment) {
    let rows: Vec<Vec<String>> = assessment
        .data_points
        .iter()
        .filter(|row| matches!(row.status, Status::NotReported | Status::NotApplicable))
        .map(|row| {
            let needed = match row.status {
                Status::NotApplicable => "does not apply to this city",
                _ => row.needed.as_deref().unwrap_or_default(),
            };
            vec![row.name.clone(), row.kpi.clone(), needed.to_owned()]
        })
        .collect();
    if rows.is_empty() {
        return;
    }
    page.push_str("<h2>What is missing</h2>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"What is missing\">\n");
    page.push_str(&table(
        "Data points without a value",
        &["Name", "KPI", "What would be needed"],
        &rows,
    ));
    page.push_str("</div>\n");
}

fn method(page: &mut String, assessment: &Assessment) {
    let _ = write!(
        page,
        "<h2>Method</h2>\n<p>Catalogue {}, benchmark set {} (the project’s own: U4SSC does not publish its \
         benchmarks). A value that attains 0 to 33 % of its benchmark gets 1 point, 33 to 66 % 2, 66 to 95 % 3, from \
         95 % 4. A score is the sum of points over four times the number of scored data points. Times are in {}.</p>\n",
        Escaped(&assessment.catalogue_version),
        Escaped(&assessment.benchmark_set),
        Escaped(&assessment.time_zone)
    );
}

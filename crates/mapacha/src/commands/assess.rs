//! `mapacha assess`

use std::fmt::Write as _;

use indicators::{AssessOptions, Assessment, PeriodRequest, Status};
use twin::Operation;

use super::remote::Remote;
use crate::cli::{Assess, Format};
use crate::config::Effective;
use crate::output::{Failure, Outcome, print, say};
use crate::world;

/// Assesses the city, stores the results in the twin and prints them.
pub(crate) fn run(arguments: &Assess, effective: &Effective, json: bool) -> Result<Outcome, Failure> {
    let format = arguments
        .format
        .unwrap_or(if json { Format::Json } else { Format::Text });
    if format == Format::Pdf {
        return Err(Failure::new("this version writes no pdf")
            .remedy("use --format html, and print it from a browser"));
    }
    let period = arguments.period.as_deref().map(period).transpose()?;
    let mut findings = false;
    let text = if let Some(url) = &arguments.place.url {
        let remote = Remote::new(url, arguments.place.tenant.as_deref(), &arguments.place.key)?;
        let body = remote.assess(arguments.period.as_deref(), word(format), !arguments.dry_run)?;
        let assessment: Option<Assessment> = serde_json::from_str(&body).ok();
        findings = assessment
            .as_ref()
            .is_some_and(|assessment| !assessment.plausibility.is_empty());
        match assessment {
            Some(assessment) if format == Format::Text => summary(&assessment),
            _ => body,
        }
    } else {
        let assessment = here(arguments, effective, period)?;
        findings |= !assessment.plausibility.is_empty();
        render(&assessment, format)?
    };
    match &arguments.output {
        None => print(&text)?,
        Some(path) => {
            std::fs::write(path, &text).map_err(|error| {
                Failure::new(format!("`{}` cannot be written: {error}", path.display()))
                    .remedy("choose another place")
            })?;
            say(&format!("written to {}", path.display()));
        }
    }
    Ok(if findings {
        Outcome::Findings
    } else {
        Outcome::Done
    })
}

/// A period, or an error of usage with examples.
fn period(text: &str) -> Result<PeriodRequest, Failure> {
    text.parse::<PeriodRequest>().map_err(|error| {
        Failure::usage(format!("--period: {error}"))
            .remedy("write a year, a month or a range: 2018, 2018-09, 2018-09-01/2018-12-31")
    })
}

fn here(
    arguments: &Assess,
    effective: &Effective,
    period: Option<PeriodRequest>,
) -> Result<Assessment, Failure> {
    let folder = world::data_dir(&effective.config)?;
    if !folder.exists() {
        say(&format!(
            "note: there was no data folder {}; it is made, and empty: check the path",
            folder.display()
        ));
    }
    let tenants = world::open(&folder, &effective.config)?;
    let twin = world::twin(&tenants, arguments.place.tenant.as_deref())?;
    let view = world::own_view("assessment");
    let city = &effective.config.city;
    let options = AssessOptions {
        period,
        time_zone: city
            .time_zone
            .as_deref()
            .and_then(|zone| jiff::tz::TimeZone::get(zone).ok()),
        city: city.name.clone(),
        tenant: arguments.place.tenant.clone(),
    };
    let assessment = indicators::assess(&twin.snapshot(), &view, &options)
        .map_err(|error| Failure::new(error.to_string()))?;
    if !arguments.dry_run {
        let operations: Vec<Operation> = assessment
            .entities()
            .into_iter()
            .map(|entity| Operation::AppendHistory {
                entity,
                current: true,
            })
            .collect();
        for result in twin.load_blocking(&view, operations) {
            result?;
        }
    }
    twin.close();
    Ok(assessment)
}

fn word(format: Format) -> &'static str {
    match format {
        Format::Text | Format::Json | Format::Pdf => "json",
        Format::Csv => "csv",
        Format::Html => "html",
        Format::Svg => "svg",
    }
}

fn render(assessment: &Assessment, format: Format) -> Result<String, Failure> {
    Ok(match format {
        Format::Text | Format::Pdf => summary(assessment),
        Format::Json => format!("{}\n", serde_json::to_string_pretty(assessment)?),
        Format::Csv => indicators::report::csv(assessment),
        Format::Html => indicators::report::html(assessment),
        Format::Svg => indicators::report::svg(assessment),
    })
}

/// What a person wants to know first.
fn summary(assessment: &Assessment) -> String {
    let mut text = String::new();
    let city = if assessment.city.is_empty() {
        "The city"
    } else {
        &assessment.city
    };
    let _ = writeln!(
        text,
        "{city}, U4SSC self-assessment, period: {}",
        assessment.period
    );
    let score = &assessment.score.overall;
    let coverage = assessment.coverage;
    let _ = write!(
        text,
        "{} of {} data points have a value",
        coverage.reported, coverage.total
    );
    match score.pct {
        Some(pct) => {
            let _ = writeln!(
                text,
                "; score {pct:.1} % over the {} that are scored",
                score.scored
            );
        }
        None => {
            let _ = writeln!(text, "; none is scored yet");
        }
    }
    for row in assessment.data_points.iter().filter(|row| row.value.is_some()) {
        let _ = writeln!(text, "\n  {}  {}", row.kpi, row.name);
        let value = match &row.value {
            Some(value) => value
                .as_f64()
                .map_or_else(|| format!("{value:?}"), |number| format!("{number:.2}")),
            None => String::new(),
        };
        let status = if row.status == Status::Calculated {
            "calculated"
        } else {
            "reported"
        };
        let _ = writeln!(
            text,
            "    {value} {}  ({status}, {})",
            row.unit,
            row.period.as_deref().unwrap_or("period unknown")
        );
        let quality = row.quality.map_or("quality unknown", indicators::Quality::words);
        let mut rests = vec![quality.to_owned()];
        rests.extend(
            row.coverage
                .temporal_pct
                .map(|pct| format!("data cover {pct:.0} % of the period")),
        );
        rests.extend(row.coverage.area_pct.map(|pct| format!("{pct:.0} % of the area")));
        if !row.vintages.is_empty() {
            rests.push(format!("sources of {}", row.vintages.join(", ")));
        }
        let _ = writeln!(text, "    {}", rests.join("; "));
        if let Some(said) = row.reported.as_ref().and_then(|reported| reported.value.as_f64()) {
            let _ = writeln!(
                text,
                "    the city reported {said:.2} instead; the calculated value stands"
            );
        }
    }
    let missing = coverage.total - coverage.reported;
    if missing > 0 {
        let _ = writeln!(
            text,
            "\n{missing} data points have no value. `--format csv` lists what each would need."
        );
    }
    for warning in &assessment.warnings {
        let _ = writeln!(text, "warning: {warning}");
    }
    for finding in &assessment.plausibility {
        let _ = writeln!(text, "implausible: {finding}");
    }
    text
}

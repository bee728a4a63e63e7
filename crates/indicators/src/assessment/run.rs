//! Carrying an assessment out: gather, calculate, put beside what is reported, score.

use jiff::tz::TimeZone;
use query::View;
use twin::Reader;

use super::calculated::{self, Answers, Gathered};
use super::{
    AreaValue, AssessError, AssessOptions, Assessment, CalculationPeriod, Coverage, DataCoverage,
    DataPointResult, ExtraValue, KpiValue, Status, kpi_entity_id,
};
use crate::binding::reported::{self, Found, Statement};
use crate::binding::{boundary, dataset, population, transit};
use crate::catalogue::{BenchmarkSet, Catalogue, DataPoint};
use crate::score::{Band, ScoreTree, Scored, attainment_pct};

/// Assesses the city that a view of the twin shows.
///
/// # Errors
/// The twin cannot be read, or the period is empty. Missing data is no error: its rows say what is missing.
pub fn assess(reader: &dyn Reader, view: &View, options: &AssessOptions) -> Result<Assessment, AssessError> {
    let catalogue = Catalogue::built_in();
    let benchmarks = BenchmarkSet::built_in();
    let mut warnings = Vec::new();

    let datasets = dataset::gather(reader, view)?;
    let boundary = boundary::gather(reader, view)?;
    let transit = transit::gather(reader, view)?;
    let zone = time_zone(
        options,
        transit.as_ref().and_then(|t| t.time_zone.as_deref()),
        &mut warnings,
    );
    let period = match &options.period {
        None => None,
        Some(asked) => Some(
            asked
                .resolve(&zone)
                .ok_or_else(|| AssessError::EmptyPeriod(asked.to_string()))?,
        ),
    };
    let year = period
        .as_ref()
        .map(|p| p.from.to_jiff().to_zoned(zone.clone()).year());
    let population = population::gather(reader, view, &datasets, &boundary.city, year)?;
    if boundary.without_polygon > 0 {
        warnings.push(format!(
            "{} administrative areas have no polygon and are left out: give them a `location`",
            boundary.without_polygon
        ));
    }

    let city = options
        .city
        .clone()
        .or_else(|| boundary.city_name.clone())
        .or_else(|| options.tenant.clone())
        .unwrap_or_default();
    let gathered = Gathered {
        datasets,
        boundary,
        transit,
        population,
        zone,
        period,
    };
    let answers = calculated::calculate(reader, view, &gathered)?;
    let mut reported = reported::gather(reader, view, gathered.period.as_ref())?;

    let mut plausibility = Vec::new();
    let mut areas = Vec::new();
    let mut data_points = Vec::with_capacity(112);
    for point in catalogue.data_points() {
        let key = (point.kpi.id.clone(), point.data_point.map(str::to_owned));
        let said = reported.remove(&key);
        let mut row = row(&point, &answers, said);
        areas.extend(area_values(&point, &answers, &gathered));
        let finding = implausible(&row, &point);
        if let Some(finding) = &finding {
            plausibility.push(format!("{} {}: {finding}", row.kpi, row.name));
            row.notes.push(format!("{finding}; the value is not scored"));
        }
        let of_another_time = row.coverage.temporal_pct == Some(0.0);
        data_points.push(if finding.is_some() || of_another_time {
            row
        } else {
            scored(row, &point)
        });
    }
    let mut extra: Vec<ExtraValue> = reported
        .into_iter()
        .filter_map(|(key, found)| extra(key, found))
        .collect();
    extra.sort_by(|a, b| (&a.kpi, &a.data_point).cmp(&(&b.kpi, &b.data_point)));

    let has_value = |row: &&DataPointResult| matches!(row.status, Status::Calculated | Status::Reported);
    let coverage = Coverage {
        reported: data_points.iter().filter(has_value).count(),
        total: data_points
            .iter()
            .filter(|row| row.status != Status::NotApplicable)
            .count(),
    };
    let score = ScoreTree::of(data_points.iter().map(|row| Scored {
        path: [&row.dimension, &row.sub_dimension, &row.category],
        points: row.points,
        reported: has_value(&row),
        applies: row.status != Status::NotApplicable,
    }));
    Ok(Assessment {
        city,
        period: gathered
            .period
            .as_ref()
            .map_or_else(|| "latest".to_owned(), |period| period.label.clone()),
        time_zone: gathered.zone.iana_name().unwrap_or("UTC").to_owned(),
        catalogue_version: catalogue.label(),
        benchmark_set: benchmarks.label(),
        coverage,
        score,
        data_points,
        areas,
        extra,
        warnings,
        plausibility,
    })
}

fn time_zone(options: &AssessOptions, of_agency: Option<&str>, warnings: &mut Vec<String>) -> TimeZone {
    if let Some(zone) = &options.time_zone {
        return zone.clone();
    }
    let Some(name) = of_agency else {
        return TimeZone::UTC;
    };
    TimeZone::get(name).unwrap_or_else(|_| {
        warnings.push(format!(
            "the timetable's time zone `{name}` is not known; UTC is used: set the city's time zone"
        ));
        TimeZone::UTC
    })
}

/// A data point's row before it is scored.
fn row(point: &DataPoint<'_>, answers: &Answers, said: Option<Found>) -> DataPointResult {
    let kpi = point.kpi;
    let mut row = DataPointResult {
        kpi: kpi.id.clone(),
        data_point: point.data_point.map(str::to_owned),
        name: point.name(),
        value: None,
        unit: point.unit.to_owned(),
        status: Status::NotReported,
        origin: None,
        quality: None,
        coverage: DataCoverage::default(),
        vintages: Vec::new(),
        points: None,
        attainment_pct: None,
        period: None,
        calculation_period: None,
        computed_from: Vec::new(),
        formula: None,
        verified: None,
        numerator: None,
        denominator: None,
        index: None,
        benchmark: BenchmarkSet::built_in().of(&kpi.id, point.data_point).cloned(),
        sensitivity: Vec::new(),
        details: std::collections::BTreeMap::new(),
        notes: Vec::new(),
        reported: None,
        reported_unit: None,
        needed: None,
        dimension: kpi.dimension.clone(),
        sub_dimension: kpi.sub_dimension.clone(),
        category: kpi.category.clone(),
        level: kpi.level,
        entity: kpi_entity_id(&kpi.id, point.data_point, None).to_string(),
    };
    let answer = answers.get(&kpi.id, point.data_point);
    if let Some(Ok(calculated)) = answer {
        row.status = Status::Calculated;
        row.value = Some(KpiValue::Number(calculated.value));
        row.origin = Some("calculated".to_owned());
        row.quality = Some(calculated.quality);
        row.coverage = calculated.coverage;
        row.vintages.clone_from(&calculated.vintages);
        row.period = Some(calculated.period.label.clone());
        row.calculation_period = Some(CalculationPeriod {
            from: calculated.period.from.to_string(),
            to: calculated.period.to.to_string(),
        });
        row.computed_from.clone_from(&calculated.computed_from);
        row.formula = Some(calculated.formula.clone());
        row.numerator = calculated.numerator;
        row.denominator = calculated.denominator;
        row.index = calculated.index;
        row.sensitivity.clone_from(&calculated.sensitivity);
        row.details.clone_from(&calculated.details);
        row.notes.clone_from(&calculated.notes);
        // The calculated value stands; what the city reported stands beside it.
        if let Some(Found {
            statement: Statement::Value(value),
            ..
        }) = said
        {
            row.reported = Some(value);
        }
        return row;
    }
    match said {
        Some(Found {
            statement: Statement::Value(value),
            verified,
            entity,
            ..
        }) => {
            row.status = Status::Reported;
            row.value = Some(value.value.clone());
            row.origin = Some(value.origin.clone().unwrap_or_else(|| "reported".to_owned()));
            row.quality = Some(value.quality.unwrap_or(super::Quality::Unknown));
            row.period.clone_from(&value.period);
            row.vintages = value.period.iter().filter_map(|p| year_in(p)).collect();
            row.verified = verified;
            row.computed_from = vec![super::ComputedFrom {
                entity_type: "KeyPerformanceIndicator".to_owned(),
                count: 1,
                ids: vec![entity],
                attribute: Some("kpiValue".to_owned()),
                source: value.source.clone(),
                vintage: row.vintages.first().cloned(),
                ..super::ComputedFrom::default()
            }];
            row.notes.extend(value.note.clone());
            row.reported_unit.clone_from(&value.unit);
            if let Some(unit) = value.unit.as_ref().filter(|unit| !same_unit(unit, &row.unit)) {
                row.notes.push(format!(
                    "reported in `{unit}`; the catalogue's unit is `{}`",
                    row.unit
                ));
            }
        }
        Some(Found {
            statement: Statement::NotApplicable(note),
            ..
        }) => {
            row.status = Status::NotApplicable;
            row.notes.extend(note);
        }
        None => row.needed = Some(needed(point, answer.and_then(|answer| answer.as_ref().err()))),
    }
    row
}

/// What cannot be about a value, and what to do: the machine-checkable part of what a verifier asks.
fn implausible(row: &DataPointResult, point: &DataPoint<'_>) -> Option<String> {
    let other_unit = row
        .reported_unit
        .as_ref()
        .filter(|unit| !same_unit(unit, &row.unit));
    if let Some(unit) = other_unit.filter(|_| row.unit == "%") {
        return Some(format!(
            "reported in `{unit}`, but the catalogue's unit is `%`: convert the value and import it again"
        ));
    }
    let value = row.value.as_ref().and_then(KpiValue::as_f64)?;
    // Enrolment counts pupils of any age, so it may pass 100 % (Verification Manual).
    let is_share = row.unit == "%" && point.kpi.formula.kind == "percent" && !point.kpi.name.contains("nrol");
    (is_share && !(0.0..=100.0).contains(&value)).then(|| {
        format!("{value} % is no share of a whole: check the value, its numerator and its denominator")
    })
}

/// What would be needed for a value.
fn needed(point: &DataPoint<'_>, missing: Option<&String>) -> String {
    let formula = &point.kpi.formula;
    let what = match (&formula.numerator, &formula.denominator) {
        (Some(numerator), Some(denominator)) => format!(": {numerator}, over {denominator}"),
        (Some(numerator), None) => format!(": {numerator}"),
        _ => String::new(),
    };
    let report = format!("a reported value in {} (`mapacha import kpi`){what}", point.unit);
    missing.map_or_else(|| report.clone(), |missing| format!("{missing}; or {report}"))
}

/// Attainment and points, where there is a number and a benchmark.
fn scored(mut row: DataPointResult, point: &DataPoint<'_>) -> DataPointResult {
    let value = row.value.as_ref().and_then(|value| match value {
        // Yes is all of the target.
        KpiValue::Boolean(yes) => Some(if *yes { row.benchmark.as_ref()?.target } else { 0.0 }),
        other => other.as_f64(),
    });
    if let (Some(value), Some(benchmark)) = (value, &row.benchmark) {
        row.attainment_pct = attainment_pct(value, point.kpi.direction, benchmark);
        row.points = row.attainment_pct.map(|percent| Band::of(percent).points());
    }
    row
}

fn area_values<'a>(
    point: &'a DataPoint<'_>,
    answers: &'a Answers,
    gathered: &'a Gathered,
) -> impl Iterator<Item = AreaValue> + 'a {
    let calculated = answers
        .get(&point.kpi.id, point.data_point)
        .and_then(|answer| answer.as_ref().ok());
    let benchmark = BenchmarkSet::built_in().of(&point.kpi.id, point.data_point);
    calculated
        .into_iter()
        .flat_map(|calculated| &calculated.areas)
        .map(move |value| {
            let area = &gathered.boundary.areas[value.area];
            AreaValue {
                area: area.id.to_string(),
                name: area.name.clone(),
                code: area.code.clone(),
                kpi: point.kpi.id.clone(),
                data_point: point.data_point.map(str::to_owned),
                value: value.value,
                unit: point.unit.to_owned(),
                numerator: value.numerator,
                denominator: value.denominator,
                attainment_pct: value
                    .value
                    .zip(benchmark)
                    .and_then(|(value, benchmark)| attainment_pct(value, point.kpi.direction, benchmark)),
                entity: kpi_entity_id(&point.kpi.id, point.data_point, Some(&area.id)).to_string(),
            }
        })
}

fn extra((kpi, data_point): (String, Option<String>), found: Found) -> Option<ExtraValue> {
    let Statement::Value(reported) = found.statement else {
        return None;
    };
    let name = found.name.unwrap_or_else(|| kpi.clone());
    Some(ExtraValue {
        kpi,
        data_point,
        name,
        reported,
        entity: found.entity,
    })
}

fn year_in(period: &str) -> Option<String> {
    let year = period.get(..4)?;
    year.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| year.to_owned())
}

/// Whether two units are written differently only.
fn same_unit(a: &str, b: &str) -> bool {
    let plain = |unit: &str| {
        unit.to_lowercase()
            .replace(['µ', 'μ'], "u")
            .replace('³', "3")
            .replace("per cent", "%")
            .replace("percent", "%")
            .split_whitespace()
            .collect::<String>()
    };
    let percent = |unit: &str| matches!(unit, "%" | "percent" | "p1");
    let (a, b) = (plain(a), plain(b));
    a == b || (percent(&a) && percent(&b))
}

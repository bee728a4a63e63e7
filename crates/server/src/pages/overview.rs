//! `/`: how the city stands, how much of that is known, what is missing, what the twin holds.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use indicators::{Assessment, Status};
use ngsi_ld::{Entity, Timestamp, Uri};
use query::Selection;
use twin::Reader;

use super::assessed::{self, ValueText, address_of, dimension_text, quality_text};
use super::describe::{label_of, plain, ticked, type_label};
use super::frame::{Frame, Place};
use super::language::Argument::{Count, Text};
use super::language::{Language, instant};
use super::respond::{self, Failure};
use super::visit::{Visit, encode};
use super::{App, read, wheel};

const CHANGES: usize = 8;
const SOURCES: usize = 20;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    l: Language,
    frame: Frame,
    city: String,
    lede: String,
    score: Score,
    known: Vec<Known>,
    missing: Vec<Missing>,
    types: Vec<TypeRow>,
    sources: Vec<Source>,
    changes: Vec<Change>,
    warnings: Vec<String>,
}

#[derive(Template)]
#[template(path = "empty.html")]
struct EmptyPage {
    l: Language,
    frame: Frame,
    server: String,
}

struct Score {
    value: Option<String>,
    coverage: String,
    coverage_pct: String,
    reported: String,
    of_total: String,
    wheel: String,
    dimensions: Vec<Dimension>,
    benchmark: String,
    catalogue: String,
}

struct Dimension {
    number: usize,
    name: String,
    score: Option<String>,
    reported: String,
    total: String,
}

struct Known {
    address: String,
    name: String,
    value: ValueText,
    quality: Option<String>,
    status: Status,
    status_text: String,
}

struct Missing {
    address: String,
    name: String,
    sub_dimension: String,
    needed: Vec<(bool, String)>,
}

struct TypeRow {
    address: String,
    label: String,
    count: String,
    pct: String,
}

struct Source {
    name: String,
    vintages: String,
    used_for: String,
}

struct Change {
    address: String,
    label: String,
    kind: String,
    at: String,
    at_iso: String,
}

/// `GET /`.
pub(crate) async fn page(State(_app): State<App>, visit: Visit) -> Result<Response, Failure> {
    read(visit, |visit| {
        let l = visit.language;
        let types = visit.twin.types(&visit.view);
        if types.is_empty() {
            let frame = Frame::new(visit, Place::Overview, l.text("empty-title"));
            let server = visit.app.config.url();
            return respond::page(visit, &EmptyPage { l, frame, server });
        }
        let assessment = assessed::assessment(visit)?;
        let seen = look_around(visit)?;
        let entities: usize = types.iter().map(|(_, count)| count).sum();
        let largest = types.iter().map(|(_, count)| *count).max().unwrap_or(1).max(1);
        let mut types: Vec<_> = types;
        types.sort_by_key(|(name, count)| (Reverse(*count), name.clone()));
        let city = Some(plain(&assessment.city))
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| l.text("city-unnamed"));
        let page = OverviewPage {
            l,
            frame: Frame::new(visit, Place::Overview, city.clone()),
            lede: l.text_with(
                "overview-lede",
                &[("entities", Count(entities)), ("types", Count(types.len()))],
            ),
            score: score(&assessment, l),
            known: known(&assessment, l),
            missing: missing(&assessment, l),
            types: types
                .iter()
                .map(|(name, count)| TypeRow {
                    address: format!("/entities?type={}", encode(name.short())),
                    label: type_label(l, name),
                    count: l.count(*count),
                    pct: format!("{:.1}", (100.0 * *count as f64 / largest as f64).max(0.6)),
                })
                .collect(),
            sources: sources(&assessment, seen.sources),
            changes: seen.changes.iter().map(|entity| change(entity, l)).collect(),
            warnings: assessment
                .warnings
                .iter()
                .chain(&assessment.plausibility)
                .map(|text| plain(text))
                .collect(),
            city,
        };
        respond::page(visit, &page)
    })
    .await
}

fn score(assessment: &Assessment, l: Language) -> Score {
    let overall = &assessment.score.overall;
    let coverage = assessment.coverage;
    let percent = 100.0 * coverage.reported as f64 / coverage.total.max(1) as f64;
    let dimensions = assessment
        .score
        .dimensions
        .iter()
        .enumerate()
        .map(|(index, dimension)| Dimension {
            number: index % 3 + 1,
            name: dimension_text(&dimension.name, l),
            score: dimension.score.pct.map(|score| l.number(score, 0)),
            reported: l.count(dimension.score.reported as usize),
            total: l.count(dimension.score.total as usize),
        });
    Score {
        value: overall.pct.map(|score| l.number(score, 0)),
        coverage: l.text_with(
            "score-coverage",
            &[
                ("reported", Count(coverage.reported)),
                ("total", Count(coverage.total)),
            ],
        ),
        coverage_pct: l.text_with("percent", &[("percent", Text(&l.number(percent, 1)))]),
        reported: l.count(coverage.reported),
        of_total: l.text_with("wheel-of", &[("total", Count(coverage.total))]),
        wheel: wheel::spokes(assessment),
        dimensions: dimensions.collect(),
        benchmark: plain(&assessment.benchmark_set),
        catalogue: plain(&assessment.catalogue_version),
    }
}

/// The data points that have a value: those calculated from the twin first.
fn known(assessment: &Assessment, l: Language) -> Vec<Known> {
    let mut rows: Vec<_> = assessment
        .data_points
        .iter()
        .filter(|row| matches!(row.status, Status::Calculated | Status::Reported))
        .collect();
    rows.sort_by_key(|row| row.status != Status::Calculated);
    let known = rows.into_iter().filter_map(|row| {
        Some(Known {
            address: address_of(&row.kpi, row.data_point.as_deref()),
            name: row.name.clone(),
            value: ValueText::of(row, l)?,
            quality: quality_text(row, l),
            status: row.status,
            status_text: assessed::status_text(row.status, l),
        })
    });
    known.take(9).collect()
}

/// What to gather next: from each part of the catalogue the first data point without a value, those parts first
/// of which least is known.
fn missing(assessment: &Assessment, l: Language) -> Vec<Missing> {
    let mut parts: Vec<(&str, usize, Vec<Missing>)> = Vec::new();
    for row in &assessment.data_points {
        let index = parts
            .iter()
            .position(|(name, ..)| *name == row.sub_dimension)
            .unwrap_or_else(|| {
                parts.push((&row.sub_dimension, 0, Vec::new()));
                parts.len() - 1
            });
        let Some((_, reported, missing)) = parts.get_mut(index) else {
            continue;
        };
        match row.status {
            Status::NotReported => missing.push(Missing {
                address: address_of(&row.kpi, row.data_point.as_deref()),
                name: row.name.clone(),
                sub_dimension: row.sub_dimension.clone(),
                needed: row.needed.as_deref().map(ticked).unwrap_or_default(),
            }),
            _ => *reported += 1,
        }
    }
    let _ = l;
    parts.sort_by_key(|(_, reported, _)| *reported);
    parts
        .into_iter()
        .filter_map(|(_, _, missing)| missing.into_iter().next())
        .collect()
}

struct Seen {
    changes: Vec<Arc<Entity>>,
    /// `source` of entities, with the type it was first seen on and how often.
    sources: BTreeMap<String, usize>,
}

/// One walk through the twin: what changed last, and where the data say they come from.
fn look_around(visit: &Visit) -> Result<Seen, Failure> {
    let mut latest: BinaryHeap<Reverse<(Timestamp, Uri)>> = BinaryHeap::new();
    let mut sources: BTreeMap<String, usize> = BTreeMap::new();
    visit
        .twin
        .scan(&visit.view.uncounted(), &Selection::default(), &mut |entity| {
            let older = latest
                .peek()
                .is_some_and(|Reverse((at, _))| entity.modified_at <= *at);
            if latest.len() < CHANGES || !older {
                latest.push(Reverse((entity.modified_at, entity.id.clone())));
                if latest.len() > CHANGES {
                    latest.pop();
                }
            }
            let source = entity
                .attributes
                .iter()
                .find(|a| matches!(a.name.short(), "source" | "dataProvider"));
            if let (Some(shown), Some(source)) = (visit.view.shown(), source) {
                shown.look_at(&entity.id, &entity.types, [&source.name]);
            }
            if let Some(text) = source.and_then(|a| a.as_str()) {
                let room = sources.len() < SOURCES;
                match sources.get_mut(text) {
                    Some(count) => *count += 1,
                    None if room => {
                        sources.insert(text.to_owned(), 1);
                    }
                    None => {}
                }
            }
            true
        })
        .map_err(|error| Failure::from_twin(visit, &error))?;
    let mut changes: Vec<_> = latest.into_iter().map(|Reverse(change)| change).collect();
    changes.sort_by(|a, b| b.cmp(a));
    let changes = changes
        .iter()
        .filter_map(|(_, id)| visit.twin.get(&visit.view, id))
        .collect();
    Ok(Seen { changes, sources })
}

/// The sources that values were computed from with their years, then the others that entities name.
fn sources(assessment: &Assessment, named: BTreeMap<String, usize>) -> Vec<Source> {
    let mut by_name: Vec<(String, Vec<String>, Vec<String>)> = Vec::new();
    for row in &assessment.data_points {
        for from in &row.computed_from {
            let Some(source) = from.source.as_deref().map(plain) else {
                continue;
            };
            let index = by_name
                .iter()
                .position(|(name, ..)| *name == source)
                .unwrap_or_else(|| {
                    by_name.push((source, Vec::new(), Vec::new()));
                    by_name.len() - 1
                });
            let Some((_, vintages, uses)) = by_name.get_mut(index) else {
                continue;
            };
            if let Some(vintage) = from
                .vintage
                .as_deref()
                .map(plain)
                .filter(|v| !vintages.contains(v))
            {
                vintages.push(vintage);
            }
            if !uses.contains(&row.kpi) {
                uses.push(row.kpi.clone());
            }
        }
    }
    for name in named.into_keys().map(|name| plain(&name)) {
        if !by_name.iter().any(|(known, ..)| *known == name) && by_name.len() < SOURCES {
            by_name.push((name, Vec::new(), Vec::new()));
        }
    }
    by_name
        .into_iter()
        .map(|(name, vintages, uses)| Source {
            name,
            vintages: vintages.join(", "),
            used_for: uses.join(" · "),
        })
        .collect()
}

fn change(entity: &Entity, l: Language) -> Change {
    Change {
        address: format!("/entities/{}", encode(entity.id.as_str())),
        label: label_of(entity, l),
        kind: entity
            .types
            .first()
            .map(|name| type_label(l, name))
            .unwrap_or_default(),
        at: instant(entity.modified_at),
        at_iso: entity.modified_at.to_string(),
    }
}

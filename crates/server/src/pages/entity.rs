//! `/entities/{id}`: one entity: its values, what it is connected to, and how its numbers changed.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use geo::Centroid;
use ngsi_ld::{Attribute, Entity, Timestamp, Uri};
use query::Selection;
use twin::Reader;

use super::describe::{Shown, label_of, local_of, plain, quantity, type_label, unit};
use super::frame::{Frame, Place};
use super::language::Argument::Count;
use super::language::{Language, instant};
use super::place_query::LOCATION;
use super::plot::Plot;
use super::respond::{self, Failure};
use super::visit::{Visit, encode};
use super::{App, read};

/// Links to the entity that are shown; more are counted.
const INCOMING: usize = 50;
/// Charts on one page.
const CHARTS: usize = 6;

#[derive(Template)]
#[template(path = "entity.html")]
struct EntityPage {
    l: Language,
    frame: Frame,
    id: String,
    label: String,
    types: Vec<(String, String)>,
    scopes: Vec<String>,
    created: String,
    modified: String,
    values: Vec<ValueRow>,
    outgoing: Vec<LinkRow>,
    incoming: Vec<LinkRow>,
    incoming_more: Option<String>,
    charts: Vec<Plot>,
    on_map: Option<String>,
    json: String,
    temporal: String,
}

struct ValueRow {
    name: String,
    dataset: Option<String>,
    value: Shown,
    unit: String,
    observed: Option<(String, String)>,
    more: Vec<(String, String)>,
}

struct LinkRow {
    relation: String,
    address: String,
    label: String,
    kind: String,
    exists: bool,
}

/// `GET /entities/{id}`.
pub(crate) async fn page(
    State(_app): State<App>,
    Path(id): Path<String>,
    visit: Visit,
) -> Result<Response, Failure> {
    read(visit, move |visit| {
        let id = Uri::parse(&id).map_err(|_not_a_uri| Failure::not_found(visit))?;
        let entity = visit
            .twin
            .get(&visit.view, &id)
            .ok_or_else(|| Failure::not_found(visit))?;
        respond::page(visit, &show(visit, &entity)?)
    })
    .await
}

fn show(visit: &Visit, entity: &Entity) -> Result<EntityPage, Failure> {
    let l = visit.language;
    let label = label_of(entity, l);
    let encoded = encode(entity.id.as_str());
    let (incoming, all) = incoming(visit, &entity.id)?;
    let attributes = entity.attributes.iter().filter(|a| a.targets().is_empty());
    Ok(EntityPage {
        l,
        frame: Frame::new(visit, Place::Entities, label.clone()),
        id: plain(entity.id.as_str()),
        types: entity
            .types
            .iter()
            .map(|name| {
                (
                    format!("/entities?type={}", encode(name.short())),
                    type_label(l, name),
                )
            })
            .collect(),
        scopes: entity.scope.iter().map(|scope| plain(scope)).collect(),
        created: instant(entity.created_at),
        modified: instant(entity.modified_at),
        values: attributes.map(|attribute| value_row(attribute, l)).collect(),
        outgoing: outgoing(visit, entity),
        incoming_more: (all > incoming.len()).then(|| {
            l.text_with(
                "entity-incoming-more",
                &[("all", Count(all)), ("shown", Count(incoming.len()))],
            )
        }),
        incoming,
        charts: charts(visit, entity),
        on_map: entity
            .get(LOCATION)
            .and_then(Attribute::as_geometry)
            .and_then(Centroid::centroid)
            .map(|at| {
                let kind = entity
                    .types
                    .first()
                    .map(|name| encode(name.short()))
                    .unwrap_or_default();
                format!("/map?type={kind}#map=16/{:.5}/{:.5}", at.y(), at.x())
            }),
        json: format!("/ngsi-ld/v1/entities/{encoded}"),
        temporal: format!("/ngsi-ld/v1/temporal/entities/{encoded}"),
        label,
    })
}

fn value_row(attribute: &Attribute, l: Language) -> ValueRow {
    ValueRow {
        name: plain(attribute.name.short()),
        dataset: attribute.dataset_id.as_ref().map(|id| plain(id.as_str())),
        value: Shown::of(attribute, l),
        unit: attribute.unit_code.as_deref().map(unit).unwrap_or_default(),
        observed: attribute.observed_at.map(|at| (instant(at), at.to_string())),
        more: attribute
            .sub_attributes
            .iter()
            .map(|sub| (plain(sub.name.short()), Shown::of(sub, l).into_line()))
            .collect(),
    }
}

fn outgoing(visit: &Visit, entity: &Entity) -> Vec<LinkRow> {
    let l = visit.language;
    let mut links = Vec::new();
    for attribute in &entity.attributes {
        for target in attribute.targets().iter().take(200) {
            let found = visit.twin.get(&visit.view, target);
            links.push(LinkRow {
                relation: plain(attribute.name.short()),
                address: format!("/entities/{}", encode(target.as_str())),
                label: found
                    .as_ref()
                    .map_or_else(|| local_of(target), |entity| label_of(entity, l)),
                kind: found
                    .as_ref()
                    .and_then(|entity| entity.types.first())
                    .map(|name| type_label(l, name))
                    .unwrap_or_default(),
                exists: found.is_some(),
            });
        }
    }
    links
}

/// The entities that have a relationship to this one, and how many there are.
fn incoming(visit: &Visit, id: &Uri) -> Result<(Vec<LinkRow>, usize), Failure> {
    let l = visit.language;
    let mut links = Vec::new();
    let mut all = 0;
    visit
        .twin
        .scan(&visit.view.uncounted(), &Selection::default(), &mut |entity| {
            for attribute in entity.attributes.iter().filter(|a| a.targets().contains(id)) {
                all += 1;
                if links.len() < INCOMING {
                    visit.shows(entity);
                    links.push(LinkRow {
                        relation: plain(attribute.name.short()),
                        address: format!("/entities/{}", encode(entity.id.as_str())),
                        label: label_of(entity, l),
                        kind: entity
                            .types
                            .first()
                            .map(|name| type_label(l, name))
                            .unwrap_or_default(),
                        exists: true,
                    });
                }
            }
            true
        })
        .map_err(|error| Failure::from_twin(visit, &error))?;
    Ok((links, all))
}

/// The histories of the numbers.
fn charts(visit: &Visit, entity: &Entity) -> Vec<Plot> {
    let l = visit.language;
    let always = (Timestamp::MIN, Timestamp::MAX);
    let numeric = entity
        .attributes
        .iter()
        .filter(|a| a.as_f64().is_some() && a.dataset_id.is_none());
    let plots = numeric.filter_map(|attribute| {
        let samples = visit
            .twin
            .series(&visit.view, &entity.id, &attribute.name, always)
            .ok()?;
        let samples: Vec<_> = samples
            .iter()
            .map(|sample| (sample.observed_at, sample.value))
            .collect();
        let unit = attribute.unit_code.as_deref().map(unit).unwrap_or_default();
        Plot::of(quantity(attribute.name.short()), unit, &samples, l)
    });
    plots.take(CHARTS).collect()
}

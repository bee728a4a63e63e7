//! `/map`: in words first, then the map, then the table of the same query.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use ngsi_ld::{Attribute, Name, Value};
use serde_json::{Map, Value as Json, json};
use twin::Reader;

use super::describe::{Shown, label_of, plain, type_label};
use super::features::MOST;
use super::frame::{Frame, Place};
use super::language::Argument::Count;
use super::language::Language;
use super::layers::{Kind, Layer};
use super::pager::Pager;
use super::picture::Picture;
use super::place_query::{LOCATION, PlaceQuery, Places, is_named};
use super::respond::{self, Failure};
use super::visit::{Visit, address, encode};
use super::{App, read};

const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "map.html")]
struct MapPage {
    l: Language,
    frame: Frame,
    query: PlaceQuery,
    summary: String,
    cut: Option<String>,
    types: Vec<Choice>,
    attributes: Vec<Choice>,
    layers: Vec<Layer>,
    picture: Option<Picture>,
    island: Option<IslandPlace>,
    attribute_label: String,
    rows: Vec<Row>,
    pager: Pager,
    csv: String,
    geojson: String,
}

struct Choice {
    value: String,
    label: String,
    chosen: bool,
}

struct Row {
    address: String,
    label: String,
    kind: String,
    location: String,
    value: Option<String>,
}

struct IslandPlace {
    script: String,
    config: String,
}

/// `GET /map`.
pub(crate) async fn page(State(_app): State<App>, visit: Visit) -> Result<Response, Failure> {
    read(visit, |visit| {
        let l = visit.language;
        let types = visit.twin.types(&visit.view);
        let query = PlaceQuery::of(visit, &types);
        let places = query
            .run(&visit.twin, &visit.view, l)
            .map_err(|e| Failure::from_twin(visit, &e))?;
        let pager = Pager::of(visit, places.found.len(), ROWS);
        let shown = places.found.iter().skip(pager.first).take(ROWS);
        let rows = shown.map(|(index, entity)| Row {
            address: format!("/entities/{}", encode(entity.id.as_str())),
            label: label_of(entity, l),
            kind: places
                .layers
                .get(*index)
                .map(|layer| layer.label.clone())
                .unwrap_or_default(),
            location: entity
                .get(LOCATION)
                .map(|a| Shown::of(a, l).into_line())
                .unwrap_or_default(),
            value: (!query.attribute.is_empty()).then(|| {
                let mut named = entity
                    .attributes
                    .iter()
                    .filter(|a| is_named(&a.name, &query.attribute));
                named
                    .next()
                    .map(|a| Shown::of(a, l).into_line())
                    .unwrap_or_default()
            }),
        });
        let page = MapPage {
            l,
            frame: Frame::new(visit, Place::Map, l.text("map-title")),
            summary: summary(&places, l),
            cut: (places.found.len() > MOST).then(|| {
                l.text_with(
                    "map-cut",
                    &[("shown", Count(MOST)), ("all", Count(places.found.len()))],
                )
            }),
            types: type_choices(&types, &query, l),
            attributes: attribute_choices(&places, &query),
            island: island(&places, &query, l),
            attribute_label: plain(Name::from_iri(query.attribute.as_str()).short()),
            rows: rows.collect(),
            picture: Picture::of(&places),
            pager,
            csv: address("/map/features.csv", query.parameters().into_iter()),
            geojson: address(
                "/map/features.geojson",
                query.parameters().into_iter().chain([("all", "1")]),
            ),
            layers: places.layers,
            query,
        };
        respond::page(visit, &page)
    })
    .await
}

/// One sentence that says what the map shows.
fn summary(places: &Places, l: Language) -> String {
    let mut text = l.text_with(
        "map-summary",
        &[
            ("places", Count(places.found.len())),
            ("types", Count(places.layers.len())),
        ],
    );
    let most = places.layers.iter().rev().take(3);
    let parts: Vec<String> = most
        .map(|layer| format!("{} ({})", layer.label, l.count(layer.count)))
        .collect();
    if !parts.is_empty() {
        text = format!(
            "{text} {} {}.",
            l.text("map-summary-most"),
            parts.join(&l.text("list-comma"))
        );
    }
    text
}

fn type_choices(types: &[(Name, usize)], query: &PlaceQuery, l: Language) -> Vec<Choice> {
    let mut choices: Vec<Choice> = types
        .iter()
        .map(|(name, count)| {
            // The short name as long as it is clear which one is meant.
            let clear = types
                .iter()
                .filter(|(other, _)| other.short() == name.short())
                .count()
                == 1;
            let value = if clear { name.short() } else { name.as_str() };
            Choice {
                value: value.to_owned(),
                label: format!("{} ({})", type_label(l, name), l.count(*count)),
                chosen: is_named(name, &query.type_text),
            }
        })
        .collect();
    choices.sort_by_key(|choice| choice.label.to_lowercase());
    choices
}

/// The attributes that the first entities of each layer have.
fn attribute_choices(places: &Places, query: &PlaceQuery) -> Vec<Choice> {
    let mut names: Vec<&str> = Vec::new();
    let mut looked = vec![0_usize; places.layers.len()];
    for (layer, entity) in &places.found {
        let Some(count) = looked.get_mut(*layer).filter(|count| **count < 20) else {
            continue;
        };
        *count += 1;
        for attribute in entity.attributes.iter().filter(|a| can_filter(a)) {
            if !names.contains(&attribute.name.short()) && names.len() < 200 {
                names.push(attribute.name.short());
            }
        }
    }
    if !query.attribute.is_empty() && !names.contains(&query.attribute.as_str()) {
        names.push(&query.attribute);
    }
    names.sort_unstable_by_key(|name| name.to_lowercase());
    names
        .into_iter()
        .map(|name| Choice {
            value: name.to_owned(),
            label: plain(name),
            chosen: name == query.attribute,
        })
        .collect()
}

fn can_filter(attribute: &Attribute) -> bool {
    !matches!(attribute.value, Value::Geo(_) | Value::Json(_))
}

/// What the interactive map needs to know.
fn island(places: &Places, query: &PlaceQuery, l: Language) -> Option<IslandPlace> {
    let script = ui::island("map")?.script;
    let bounds = places.bounds?;
    // A single point still needs some city around it.
    let grow = |low: f64, high: f64| {
        if high - low < 0.004 {
            (low - 0.002, high + 0.002)
        } else {
            (low, high)
        }
    };
    let (west, east) = grow(bounds.min().x, bounds.max().x);
    let (south, north) = grow(bounds.min().y, bounds.max().y);
    let keys = [
        "canvas",
        "tools",
        "zoom-in",
        "zoom-out",
        "pan-west",
        "pan-north",
        "pan-south",
        "pan-east",
        "turn-left",
        "turn-right",
        "tilt",
        "whole",
        "style",
        "style-light",
        "style-dark",
        "style-contrast",
        "keys",
        "legend",
        "open",
        "nothing",
        "no-webgl",
        "failed",
        "load",
        "gesture-ctrl",
        "gesture-cmd",
        "gesture-touch",
    ];
    let text: Map<String, Json> = keys
        .iter()
        .map(|key| ((*key).to_owned(), Json::from(l.text(&format!("island-{key}")))))
        .collect();
    let config = json!({
        "features": address("/map/features.geojson", query.parameters().into_iter().chain([("lang", l.tag())])),
        "bounds": [west, south, east, north],
        "layers": places.layers,
        "text": text,
    });
    Some(IslandPlace {
        script,
        config: config.to_string(),
    })
}

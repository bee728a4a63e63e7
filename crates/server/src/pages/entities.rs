//! `/entities`: everything the twin knows, by type, to leaf through and to search.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use ngsi_ld::Name;
use twin::Reader;

use super::describe::{label_of, plain, type_label};
use super::frame::{Frame, Place};
use super::language::Argument::Count;
use super::language::{Language, instant};
use super::pager::Pager;
use super::place_query::{PlaceQuery, is_named};
use super::respond::{self, Failure};
use super::visit::{Visit, encode};
use super::{App, read};

const ROWS: usize = 100;

#[derive(Template)]
#[template(path = "entities.html")]
struct EntitiesPage {
    l: Language,
    frame: Frame,
    summary: String,
    types: Vec<TypeChoice>,
    search: String,
    rows: Vec<Row>,
    pager: Pager,
}

struct TypeChoice {
    value: String,
    label: String,
    chosen: bool,
}

struct Row {
    address: String,
    id: String,
    label: String,
    kinds: String,
    modified: String,
    modified_iso: String,
}

/// `GET /entities?type=…&value=…&page=…`.
pub(crate) async fn page(State(_app): State<App>, visit: Visit) -> Result<Response, Failure> {
    read(visit, |visit| {
        let l = visit.language;
        let types = visit.twin.types(&visit.view);
        let query = PlaceQuery::of(visit, &types);
        // What is not on this page is only counted.
        let asked = visit.page();
        let (mut total, mut rows) = (0_usize, Vec::new());
        let scan = |first: usize, total: &mut usize, rows: &mut Vec<Row>| {
            *total = 0;
            rows.clear();
            let walk = visit.view.uncounted();
            visit.twin.scan(&walk, &query.selection(), &mut |entity| {
                if query.takes(entity) {
                    if *total >= first && rows.len() < ROWS {
                        visit.shows(entity);
                        rows.push(row(entity, l));
                    }
                    *total += 1;
                }
                true
            })
        };
        scan((asked - 1) * ROWS, &mut total, &mut rows).map_err(|e| Failure::from_twin(visit, &e))?;
        let pager = Pager::of(visit, total, ROWS);
        if rows.is_empty() && total > 0 {
            scan(pager.first, &mut total, &mut rows).map_err(|e| Failure::from_twin(visit, &e))?;
        }
        let all: usize = types.iter().map(|(_, count)| count).sum();
        let page = EntitiesPage {
            l,
            frame: Frame::new(visit, Place::Entities, l.text("entities-title")),
            summary: l.text_with(
                "entities-summary",
                &[("entities", Count(all)), ("types", Count(types.len()))],
            ),
            types: choices(&types, &query, l),
            search: query.value.clone(),
            rows,
            pager,
        };
        respond::page(visit, &page)
    })
    .await
}

fn row(entity: &ngsi_ld::Entity, l: Language) -> Row {
    Row {
        address: format!("/entities/{}", encode(entity.id.as_str())),
        id: plain(entity.id.as_str()),
        label: label_of(entity, l),
        kinds: entity
            .types
            .iter()
            .map(|name| type_label(l, name))
            .collect::<Vec<_>>()
            .join(&l.text("list-comma")),
        modified: instant(entity.modified_at),
        modified_iso: entity.modified_at.to_string(),
    }
}

fn choices(types: &[(Name, usize)], query: &PlaceQuery, l: Language) -> Vec<TypeChoice> {
    let mut choices: Vec<_> = types
        .iter()
        .map(|(name, count)| {
            let clear = types
                .iter()
                .filter(|(other, _)| other.short() == name.short())
                .count()
                == 1;
            TypeChoice {
                value: if clear { name.short() } else { name.as_str() }.to_owned(),
                label: format!("{} ({})", type_label(l, name), l.count(*count)),
                chosen: is_named(name, &query.type_text),
            }
        })
        .collect();
    choices.sort_by_key(|choice| choice.label.to_lowercase());
    choices
}

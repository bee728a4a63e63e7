//! `/reach`: the city as it is. Who is known to reach something, who is known not to, of whom nobody knows; and where
//! a look at the street would tell most.

use std::fmt::Write as _;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use geo::BoundingRect;
use geo_types::{Coord, Rect};
use ngsi_ld::Uri;
use parking_lot::Mutex;
use scenarios::access::{self, City, Limit, survey};
use scenarios::indicator::{self, Measured};
use scenarios::model::{Followed, Model, TravelOptions};
use twin::{Reader, Snapshot};

use super::describe::{label_of, local_of, plain};
use super::frame::{Frame, Place};
use super::language::Argument::Text;
use super::language::Language;
use super::picture::{Projection, outlines, trace};
use super::place_query::LOCATION;
use super::respond::{self, Failure};
use super::scenarios::words::{self, Label};
use super::visit::{Visit, encode};
use super::{App, read};

const WIDTH: f64 = 800.0;
/// How many pieces of way are named.
const LOOKS: usize = 10;
/// SDG 11.2.1 and 11.7.1, in metres along the network.
const STOP_M: f64 = 500.0;
const RAIL_M: f64 = 1000.0;
const PARK_M: f64 = 400.0;

/// The model of the default city, as it was when somebody asked last.
#[derive(Default)]
pub(crate) struct Models(Mutex<Option<Followed>>);

#[derive(Template)]
#[template(path = "reach.html")]
struct ReachPage {
    l: Language,
    frame: Frame,
    choices: Vec<Choice>,
    chosen: Label,
    /// How it is calculated: what counts, and which ways.
    method: [String; 2],
    summary: Option<String>,
    why_not: Option<String>,
    picture: Option<Picture>,
    groups: Vec<Row>,
    areas: Vec<Row>,
    looks: Option<Vec<Look>>,
    notes: Vec<String>,
}

struct Choice {
    value: &'static str,
    label: String,
    chosen: bool,
}

/// People of one group or district.
struct Row {
    name: Label,
    address: Option<String>,
    people: String,
    /// Known to reach it, not known, known not to: people and share.
    parts: [(String, String); 3],
}

/// A piece of way where a look is worth while.
struct Look {
    address: String,
    name: String,
    missing: Vec<Label>,
    people: String,
    length: String,
    degrees: Option<Coord<f64>>,
    /// In the picture.
    at: Option<(String, String)>,
}

struct Picture {
    width: String,
    height: String,
    land: String,
    /// Paths of what is known to reach it, is not known, is known not to.
    cells: [String; 3],
}

/// `GET /reach?indicator=…`.
pub(crate) async fn page(State(_app): State<App>, visit: Visit) -> Result<Response, Failure> {
    read(visit, |visit| {
        let l = visit.language;
        let wanted = visit.parameter("indicator").unwrap_or("clinic-wheelchair");
        let all = indicator::all();
        let Some(chosen) = all.iter().find(|one| one.id == wanted).or_else(|| all.first()) else {
            return Err(Failure::not_found(visit));
        };
        let snapshot = visit.twin.snapshot();
        let mut page = ReachPage {
            l,
            frame: Frame::new(visit, Place::Scenarios, l.text("reach-title")),
            choices: all
                .iter()
                .map(|one| Choice {
                    value: &one.id,
                    label: words::indicator(l, &one.id, &one.name).text,
                    chosen: one.id == chosen.id,
                })
                .collect(),
            chosen: words::indicator(l, &chosen.id, &chosen.name),
            method: method(l, &chosen.id),
            summary: None,
            why_not: None,
            picture: None,
            groups: Vec::new(),
            areas: Vec::new(),
            looks: None,
            notes: Vec::new(),
        };
        let measured = model(visit, &snapshot)
            .and_then(|model| Ok((indicator::measure(&model, &chosen.id)?, model)))
            .map_err(|error| error.to_string());
        match measured {
            Err(why) => page.why_not = Some(plain(&why)),
            Ok((None, model)) => page.notes = model.notes().iter().map(|note| plain(note)).collect(),
            Ok((Some(measured), model)) => {
                page.looks = looks(visit, &snapshot, &model, &chosen.id);
                fill(&mut page, visit, &snapshot, &model, &measured);
            }
        }
        respond::page(visit, &page)
    })
    .await
}

/// The model of the city as it is now: what was reported a moment ago counts. Who asks meanwhile waits and gets the
/// same.
fn model(visit: &Visit, snapshot: &Snapshot) -> Result<Model, scenarios::model::ModelError> {
    let options = TravelOptions::default();
    if !visit.view.is_open() {
        // What is kept was read for those who see everything.
        return Model::read(snapshot, &visit.view, &options);
    }
    let mut kept = visit.app.scenarios.models.0.lock();
    let now = match &*kept {
        Some(before) => before.at(snapshot, &visit.view)?,
        None => Followed::read(snapshot, &visit.view, &options)?,
    };
    let model = now.model().clone();
    *kept = Some(now);
    Ok(model)
}

/// How an indicator is calculated where no scenario file says anything else.
fn method(l: Language, indicator: &str) -> [String; 2] {
    let travel = TravelOptions::default();
    let (goal, wheels) = match indicator.strip_suffix("-wheelchair") {
        Some(goal) => (goal, true),
        None => (indicator.strip_suffix("-walk").unwrap_or(indicator), false),
    };
    let metres = |metres: f64| l.number(metres, 0);
    let counts = match goal {
        "stop" => l.text_with(
            "reach-how-stop",
            &[("metres", Text(&metres(STOP_M))), ("rail", Text(&metres(RAIL_M)))],
        ),
        "park" => l.text_with("reach-how-park", &[("metres", Text(&metres(PARK_M)))]),
        "school" => l.text_with("reach-how-school", &[("metres", Text(&metres(travel.walk_m)))]),
        "clinic-transit" => l.text_with(
            "reach-how-transit",
            &[
                ("time", Text(&travel.time)),
                ("minutes", Text(&l.number(travel.minutes, 0))),
            ],
        ),
        _ => l.text_with("reach-how-clinic", &[("metres", Text(&metres(travel.walk_m)))]),
    };
    let ways = if wheels {
        let wheelchair = words::wheelchair(l, &travel);
        l.text_with("reach-how-wheels", &[("wheelchair", Text(&wheelchair))])
    } else {
        l.text("reach-how-foot")
    };
    [counts, ways]
}

fn fill(page: &mut ReachPage, visit: &Visit, snapshot: &Snapshot, model: &Model, measured: &Measured) {
    let l = page.l;
    let people = |count: f64| l.number(count.round(), 0);
    let all = measured.all;
    page.summary = Some(l.text_with(
        "reach-summary",
        &[
            ("people", Text(&people(all.people()))),
            ("passable", Text(&people(all.passable))),
            ("blocked", Text(&people(all.blocked))),
            ("unknown", Text(&people(all.unknown))),
        ],
    ));
    page.groups = model
        .groups()
        .iter()
        .zip(&measured.groups)
        .map(|(group, share)| {
            row(
                words::group(l, group),
                None,
                [share.passable, share.unknown, share.blocked],
                l,
            )
        })
        .collect();
    page.areas = model
        .areas()
        .iter()
        .zip(&measured.areas)
        .map(|(area, share)| {
            let name = Label {
                text: plain(&area.name),
                english: false,
            };
            let address = format!("/entities/{}", encode(area.id.as_str()));
            row(
                name,
                Some(address),
                [share.passable, share.unknown, share.blocked],
                l,
            )
        })
        .collect();
    page.notes = model.notes().iter().map(|note| plain(note)).collect();
    page.picture = picture(visit, snapshot, model, measured, page.looks.as_deref_mut());
}

fn row(name: Label, address: Option<String>, people: [f64; 3], l: Language) -> Row {
    let all: f64 = people.iter().sum();
    let part = |people: f64| {
        let share = if all > 0.0 {
            words::with_unit(l, 100.0 * people / all, "%")
        } else {
            "–".to_owned()
        };
        (l.number(people.round(), 0), share)
    };
    Row {
        name,
        address,
        people: l.number(all.round(), 0),
        parts: people.map(part),
    }
}

/// Where a look would tell most; `None` for those who walk, of whom little is unknown, and where there are no streets.
fn looks(visit: &Visit, snapshot: &Snapshot, model: &Model, indicator: &str) -> Option<Vec<Look>> {
    let l = visit.language;
    let goal = indicator.strip_suffix("-wheelchair")?;
    let (category, metres) = match goal {
        // By public transport, the way to the stop decides.
        "stop" | "clinic-transit" => ("stop", STOP_M),
        "park" => ("park", PARK_M),
        other => (other, TravelOptions::default().walk_m),
    };
    let question = survey::Question {
        profile: access::profile(&TravelOptions::default().wheelchair)?,
        category: category.to_owned(),
        limit: Limit::Metres(metres),
        most: Some(LOOKS),
    };
    let city = City::of(snapshot, &visit.view, model.clone());
    let answer = match survey::ask(&city, &question) {
        Ok(answer) => answer,
        Err(error) => {
            tracing::debug!(%error, "no survey");
            return None;
        }
    };
    let found = answer.features.iter().filter_map(|feature| {
        let facts = &feature["properties"];
        let people = facts["people"].as_f64().filter(|people| *people > 0.0)?;
        let id = Uri::parse(facts["segment"].as_str()?).ok()?;
        let name = snapshot
            .get(&visit.view, &id)
            .map_or_else(|| local_of(&id), |entity| label_of(&entity, l));
        let missing: Vec<Label> = facts["missing"]
            .as_array()?
            .iter()
            .filter_map(|tag| Some(words::tag(l, tag.as_str()?)))
            .collect();
        let metres = l.number(facts["metres"].as_f64().unwrap_or(0.0), 0);
        let first = feature["geometry"]["coordinates"]
            .as_array()
            .and_then(|line| line.get(line.len() / 2));
        let at = first.and_then(|at| Some((at[0].as_f64()?, at[1].as_f64()?)));
        Some(Look {
            address: format!("/entities/{}", encode(id.as_str())),
            name,
            missing,
            people: l.number(people.round(), 0),
            length: l.text_with("reach-length", &[("metres", Text(&metres))]),
            degrees: at.map(|(x, y)| Coord { x, y }),
            at: None,
        })
    });
    Some(found.collect())
}

/// Where people live, in three kinds of squares. Many cells that would cover each other become one, of the kind that
/// most of its people are.
fn picture(
    visit: &Visit,
    snapshot: &Snapshot,
    model: &Model,
    measured: &Measured,
    looks: Option<&mut [Look]>,
) -> Option<Picture> {
    let cells = model.cells();
    let points = || cells.iter().map(|cell| cell.centre);
    let bounds = points().map(|at| Rect::new(at, at)).reduce(around)?;
    let shapes: Vec<_> = model
        .areas()
        .iter()
        .filter_map(|area| snapshot.get(&visit.view, &area.id))
        .collect();
    let geometries = || {
        shapes
            .iter()
            .filter_map(|entity| entity.get(LOCATION)?.as_geometry())
    };
    let bounds = geometries()
        .filter_map(BoundingRect::bounding_rect)
        .fold(bounds, around);
    let projection = Projection::of(bounds, WIDTH, 6.0);
    let mut land = String::new();
    for geometry in geometries() {
        for (line, closed) in outlines(geometry) {
            trace(&mut land, line, closed, &projection);
        }
    }
    let size = (projection.width * projection.height / cells.len().max(1) as f64)
        .sqrt()
        .clamp(6.0, 24.0);
    let mut bins = std::collections::BTreeMap::<(i64, i64), [f64; 3]>::new();
    for (cell, state) in cells.iter().zip(measured.states.iter()) {
        let (x, y) = projection.place(cell.centre);
        let bin = bins.entry((whole(x / size), whole(y / size))).or_default();
        let kind = match access::word(*state) {
            "passable" => 0,
            "unknown" => 1,
            _ => 2,
        };
        bin[kind] += cell.people;
    }
    let mut paths = [String::new(), String::new(), String::new()];
    for ((column, line), people) in bins {
        let most = (0..3).fold(0, |best, at| if people[at] > people[best] { at } else { best });
        let (x, y) = (column as f64 * size, line as f64 * size);
        let side = size - 1.0;
        let _ = match most {
            0 => write!(paths[0], "M{x:.0} {y:.0}h{side:.0}v{side:.0}h-{side:.0}z"),
            // A ring, smaller.
            1 => write!(
                paths[1],
                "M{:.1} {:.1}h{:.1}v{:.1}h-{:.1}z",
                x + 1.0,
                y + 1.0,
                side - 2.0,
                side - 2.0,
                side - 2.0
            ),
            // A diamond.
            _ => {
                let half = side / 2.0;
                write!(
                    paths[2],
                    "M{:.1} {y:.1}l{half:.1} {half:.1}l-{half:.1} {half:.1}l-{half:.1} -{half:.1}z",
                    x + half
                )
            }
        };
    }
    for look in looks.into_iter().flatten() {
        look.at = look.degrees.map(|at| {
            let (x, y) = projection.place(at);
            (format!("{x:.0}"), format!("{y:.0}"))
        });
    }
    Some(Picture {
        width: format!("{:.0}", projection.width),
        height: format!("{:.0}", projection.height),
        land,
        cells: paths,
    })
}

fn whole(value: f64) -> i64 {
    #[allow(clippy::cast_possible_truncation, reason = "a picture is small")]
    let whole = value.clamp(-1e6, 1e6).floor() as i64;
    whole
}

fn around(a: Rect<f64>, b: Rect<f64>) -> Rect<f64> {
    Rect::new(
        (a.min().x.min(b.min().x), a.min().y.min(b.min().y)),
        (a.max().x.max(b.max().x), a.max().y.max(b.max().y)),
    )
}

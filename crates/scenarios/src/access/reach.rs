//! The share of people within a distance along the network of a category of places.

use serde_json::{Value as Json, json};
use sim_access::equity::{Capacity, Facility, Share, convenient_transport, reach_states, shares};
use sim_access::{Passability, Position, Profile, Workspace};

use super::answer::{Answer, Table, feature, milli, point, round};
use super::city::{City, Gate};
use super::{Limit, Mode, QuestionError, word};
use crate::indicator;
use crate::indicator::straight::Near;
use crate::model::{Area, Group};

/// Who reaches what, how far.
#[derive(Clone, Debug)]
pub struct Question {
    /// `stop`, `clinic`, `school`, `park`, or a category as the twin has it.
    pub category: String,
    /// Within this; `None` is what is usual: stops by their capacity (SDG 11.2.1), else [`usual_limit`].
    pub limit: Option<Limit>,
    /// Who goes.
    pub profile: Profile,
}

/// How far people go where nobody says it: 500 m to a stop (SDG 11.2.1), 400 m to a park (SDG 11.7.1), 1 000 m to all
/// else.
#[must_use]
pub fn usual_limit(category: &str) -> Limit {
    Limit::Metres(match category {
        "stop" => sim_access::equity::LOW_CAPACITY_M,
        "park" => sim_access::equity::OPEN_SPACE_M,
        _ => 1000.0,
    })
}

/// Answers it. People of whom nobody knows stand beside those who reach it, as the bound of the truth.
///
/// # Errors
/// Nobody is known to live there, there is no such place, the limit or the profile makes no sense.
pub fn ask(city: &City<'_>, question: &Question) -> Result<Answer, QuestionError> {
    let limit = question.limit.unwrap_or_else(|| usual_limit(&question.category));
    limit.check()?;
    people_are_known(city)?;
    let places = city.places(&question.category)?;
    let by_capacity = question.category == "stop" && question.limit.is_none();
    let states = states(city, question, limit, by_capacity)?;
    let mut document = city.head("reach", &question.profile, Mode::Walk);
    document.insert("category".into(), question.category.clone().into());
    document.insert("places".into(), places.len().into());
    let told = if by_capacity {
        json!({ "metres": sim_access::equity::LOW_CAPACITY_M, "metres_high_capacity": sim_access::equity::HIGH_CAPACITY_M })
    } else {
        limit.to_json()
    };
    document.insert("limit".into(), told);
    let model = city.model();
    let people: Vec<f64> = model.cells().iter().map(|cell| cell.people).collect();
    // The last group are those who are in no area.
    let nowhere = u16::try_from(model.areas().len()).unwrap_or(u16::MAX);
    let of_area = |area: &Option<u32>| area.and_then(|area| u16::try_from(area).ok()).unwrap_or(nowhere);
    let areas: Vec<u16> = model.cell_areas().iter().map(of_area).collect();
    let mut sums = shares(&people, &areas, &states)
        .map_err(|error| QuestionError::missing(error.to_string(), "import the population again"))?;
    // Areas after the last one that anybody lives in.
    let all_areas = model.areas().len().max(sums.groups.len());
    sums.groups.resize(all_areas, Share::default());
    let mut rows = vec![row("all", "", &sums.all)];
    rows.extend(
        model
            .areas()
            .iter()
            .zip(&sums.groups)
            .map(|(area, share)| row(area.id.as_str(), &area.name, share)),
    );
    document.insert("share".into(), share_json(&sums.all));
    document.insert("areas".into(), areas_json(model.areas(), &sums.groups));
    let mut answer = Answer::new(document);
    answer.table = Table {
        head: vec![
            "area",
            "name",
            "people",
            "passable",
            "unknown",
            "blocked",
            "share_pct",
            "share_at_best_pct",
        ],
        rows,
    };
    if city.has_map() {
        let home = |(cell, &state): (&indicators::calculation::Cell, &Passability)| {
            feature(
                point(Position::new(cell.centre.x, cell.centre.y)),
                json!({ "people": milli(cell.people), "state": word(state) }),
            )
        };
        answer.features = model.cells().iter().zip(&states).map(home).collect();
    }
    answer.warnings = city.warnings();
    answer.solved = sums.all.passable + sums.all.unknown > 0.0;
    Ok(answer)
}

/// All indicators of reach that the city has the data for, for everybody, each group and each area.
///
/// # Errors
/// Nobody is known to live there, or the city cannot be modelled.
pub fn all(city: &City<'_>) -> Result<Answer, QuestionError> {
    people_are_known(city)?;
    let model = city.model();
    let mut document = city.head("reach", &Profile::walking(), Mode::Walk);
    document.remove("profile");
    document.remove("by");
    let mut told = Vec::new();
    let mut table = Table {
        head: vec![
            "indicator",
            "part",
            "name",
            "people",
            "passable",
            "unknown",
            "blocked",
            "share_pct",
            "share_at_best_pct",
        ],
        rows: Vec::new(),
    };
    let mut missing = Vec::new();
    for known in indicator::all() {
        let Some(measured) = indicator::measure(model, &known.id)? else {
            missing.push(known.id.clone());
            continue;
        };
        told.push(json!({
            "id": known.id,
            "name": known.name,
            "method": known.method,
            "unit": known.unit,
            "share": share_json(&measured.all),
            "groups": groups_json(model.groups(), &measured.groups),
            "areas": areas_json(model.areas(), &measured.areas),
        }));
        let mut put = |part: &str, name: &str, share: &Share| {
            let mut line = vec![Json::from(known.id.clone())];
            line.extend(row(part, name, share));
            table.rows.push(line);
        };
        put("all", "", &measured.all);
        for (group, share) in model.groups().iter().zip(&measured.groups) {
            put(&group.id, &group.name, share);
        }
        for (area, share) in model.areas().iter().zip(&measured.areas) {
            put(area.id.as_str(), &area.name, share);
        }
    }
    let solved = !told.is_empty();
    document.insert("indicators".into(), Json::Array(told));
    document.insert("not_measured".into(), json!(missing));
    let mut answer = Answer::new(document);
    answer.table = table;
    answer.warnings = city.warnings();
    answer.solved = solved;
    Ok(answer)
}

fn people_are_known(city: &City<'_>) -> Result<(), QuestionError> {
    if city.model().cells().is_empty() {
        return Err(QuestionError::missing(
            "nobody is known to live here",
            "give or import a population grid and the city's boundary, as in --population grid.tif --boundaries \
             wards.geojson",
        ));
    }
    Ok(())
}

/// The state of each cell.
fn states(
    city: &City<'_>,
    question: &Question,
    limit: Limit,
    by_capacity: bool,
) -> Result<Vec<Passability>, QuestionError> {
    let gates = city.gates(&question.category, &question.profile);
    if city.model().streets().is_none() {
        return straight(city, question, limit, by_capacity, &gates);
    }
    let travel = city.travel(&question.profile, limit.metric())?;
    let towards = travel.towards();
    let homes = city.homes();
    let mut workspace = Workspace::new();
    if by_capacity {
        let stops: Vec<(Facility, Capacity)> =
            gates.iter().map(|gate| (gate.facility, gate.capacity)).collect();
        return convenient_transport(&towards, &stops, homes.snaps, &mut workspace)
            .map_err(|error| QuestionError::missing(error.to_string(), "count metres"));
    }
    let facilities: Vec<Facility> = gates.iter().map(|gate| gate.facility).collect();
    Ok(reach_states(
        &towards,
        &facilities,
        homes.snaps,
        limit.cost(),
        &mut workspace,
    ))
}

/// Without streets: straight lines times the detour. Somebody on foot finds a way; whether a wheelchair does, nobody
/// knows.
fn straight(
    city: &City<'_>,
    question: &Question,
    limit: Limit,
    by_capacity: bool,
    gates: &[Gate],
) -> Result<Vec<Passability>, QuestionError> {
    question.profile.check()?;
    let within_m = match limit {
        Limit::Metres(metres) => metres,
        Limit::Minutes(minutes) => minutes * 60.0 * question.profile.speed_m_s,
    };
    let best = if question.profile == Profile::walking() {
        Passability::Passable
    } else {
        Passability::Unknown
    };
    let detour = city.model().options().detour.max(1.0);
    let mut near = Vec::new();
    for capacity in [Capacity::Low, Capacity::High] {
        let farther = by_capacity && capacity == Capacity::High;
        let reach_m = if farther {
            sim_access::equity::HIGH_CAPACITY_M
        } else {
            within_m
        };
        let mut sure = 0;
        for state in [Passability::Passable, Passability::Unknown] {
            let usable: Vec<(Position, f64)> = gates
                .iter()
                .filter(|gate| gate.capacity == capacity && gate.facility.state >= state)
                .map(|gate| (gate.at, 0.0))
                .collect();
            // Nothing that was not there already: a second look would find nothing more.
            if usable.len() > sure {
                sure = usable.len();
                near.push((state, Near::new(usable, detour, reach_m)));
            }
        }
    }
    near.sort_by_key(|(state, _)| std::cmp::Reverse(*state));
    let state_of = |home: Position| {
        let reached = near.iter().find(|(_, near)| near.reaches(home));
        reached.map_or(Passability::Blocked, |(state, _)| state.and(best))
    };
    let cells = city.model().cells().iter();
    Ok(cells
        .map(|cell| state_of(Position::new(cell.centre.x, cell.centre.y)))
        .collect())
}

fn pct(share: Option<f64>) -> Json {
    share.map_or(Json::Null, |share| round(share * 100.0, 1e3).into())
}

fn share_json(share: &Share) -> Json {
    json!({
        "people": milli(share.people()),
        "passable": milli(share.passable),
        "unknown": milli(share.unknown),
        "blocked": milli(share.blocked),
        "share_pct": pct(share.reached()),
        "share_at_best_pct": pct(share.at_best()),
    })
}

fn areas_json(areas: &[Area], parts: &[Share]) -> Json {
    areas
        .iter()
        .zip(parts)
        .map(|(area, share)| json!({ "id": area.id.as_str(), "name": area.name, "share": share_json(share) }))
        .collect()
}

fn groups_json(groups: &[Group], parts: &[Share]) -> Json {
    groups
        .iter()
        .zip(parts)
        .map(|(group, share)| json!({ "id": group.id, "name": group.name, "share": share_json(share) }))
        .collect()
}

fn row(part: &str, name: &str, share: &Share) -> Vec<Json> {
    vec![
        part.into(),
        name.into(),
        milli(share.people()),
        milli(share.passable),
        milli(share.unknown),
        milli(share.blocked),
        pct(share.reached()),
        pct(share.at_best()),
    ]
}

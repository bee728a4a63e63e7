//! Measures on streets: kerbs on the ways to clinics, a new clinic, a footway, a street closed for works.

use std::collections::{BTreeMap, BTreeSet};

use geo_types::Coord;

use super::scout::{By, Scout};
use super::text::{Given, Measure};
use super::{CLINIC_WITHIN_M, position, road_node, slug, street_id};
use crate::ground::degrees;
use crate::streets::{Class, height_m};

/// All that is done at one junction: two ramps at each of four corners, with tactile paving.
const JUNCTION: f64 = 6_000.0;
const CLINIC: f64 = 900_000.0;
const CLINIC_A_YEAR: f64 = 260_000.0;
/// A footway, for each metre of it.
const FOOTWAY_M: f64 = 220.0;
/// Works and detours, for each piece of street.
const WORKS: f64 = 45_000.0;
const CLOSED_STREETS: usize = 4;

/// Lowered kerbs on the ways to the clinics of several districts, where they let most people in.
pub(super) fn ramps(scout: &Scout, districts: usize) -> Vec<Measure> {
    let before = scout.around_any(
        scout
            .clinics()
            .filter(|it| it.wheelchair == "yes")
            .map(|it| it.at),
        CLINIC_WITHIN_M,
        By::Wheels(&BTreeSet::new()),
    );
    // All clinics of a district that let anybody more in.
    let mut plans: BTreeMap<usize, (BTreeSet<usize>, BTreeSet<usize>)> = BTreeMap::new();
    for clinic in scout.clinics().filter(|it| it.wheelchair == "yes") {
        let lowered = kerbs_around(scout, clinic.at);
        let after = scout.around(clinic.at, CLINIC_WITHIN_M, By::Wheels(&lowered), &BTreeSet::new());
        let gained: BTreeSet<usize> = after.into_keys().filter(|node| !before.contains(node)).collect();
        if scout.count(&gained) > 0.0 {
            let plan = plans.entry(clinic.district).or_default();
            plan.0.extend(lowered);
            plan.1.extend(gained);
        }
    }
    let mut plans: Vec<_> = plans.into_iter().collect();
    plans.sort_by(|a, b| scout.count(&b.1.1).total_cmp(&scout.count(&a.1.1)));
    plans
        .into_iter()
        .take(districts)
        .map(|(district, (nodes, _))| {
            let district = &scout.city.districts[district].name;
            ramp(
                format!("ramps-{}", slug(district)),
                format!("Lowered kerbs on the ways to clinics in {district}"),
                &nodes,
            )
        })
        .collect()
}

/// The junctions whose kerbs are in the way, as far as one would get without them.
fn kerbs_around(scout: &Scout, at: Coord<f64>) -> BTreeSet<usize> {
    let all = scout.around(at, CLINIC_WITHIN_M, By::WheelsWithoutKerbs, &BTreeSet::new());
    all.into_keys().filter(|&node| scout.is_raised(node)).collect()
}

fn ramp(name: String, title: String, nodes: &BTreeSet<usize>) -> Measure {
    Measure {
        name,
        title,
        kind: "kerb-ramp",
        cost: JUNCTION * nodes.len() as f64,
        yearly_cost: 0.0,
        owner: "Roads department",
        start: "03-01",
        with: vec![(
            "nodes",
            Given::Ids(nodes.iter().map(|&node| road_node(node)).collect()),
        )],
    }
}

/// A clinic in the district that has the worst way to one, with a footway through a gap nearby and lowered kerbs
/// around it.
pub(super) fn new_clinic(scout: &Scout) -> Vec<Measure> {
    let city = scout.city;
    let served = scout.around_any(scout.clinics().map(|it| it.at), CLINIC_WITHIN_M, By::Foot);
    let share = |district: usize| {
        let corners = |&block: &usize| city.ground.corners(block);
        let nodes: BTreeSet<usize> = city.districts[district].blocks.iter().flat_map(corners).collect();
        let all = scout.count(&nodes);
        (all > 0.0).then(|| scout.count(nodes.intersection(&served)) / all)
    };
    let lived_in = city.districts.iter().map(|it| it.population).max().unwrap_or(0) / 4;
    let worst = (0..city.districts.len())
        .filter(|&district| city.districts[district].population >= lived_in)
        .filter_map(|district| Some((district, share(district)?)))
        .min_by(|a, b| a.1.total_cmp(&b.1));
    let Some((district, _)) = worst else {
        return Vec::new();
    };
    let name = &city.districts[district].name;
    let open = BTreeSet::new();
    // Where most people who have no clinic would have this one; of those, where wheels can get about best.
    let worth = |block: usize| {
        let at = degrees(city.ground.centroid(block));
        let foot = scout.around(at, CLINIC_WITHIN_M, By::Foot, &open);
        let wheels = scout.around(at, CLINIC_WITHIN_M, By::WheelsWithoutKerbs, &open);
        scout.count(foot.keys().filter(|node| !served.contains(node))) + scout.count(wheels.keys())
    };
    let site = city.districts[district]
        .blocks
        .iter()
        .map(|&block| (block, worth(block)))
        .max_by(|a, b| a.1.total_cmp(&b.1));
    let Some((block, _)) = site else {
        return Vec::new();
    };
    let at = degrees(city.ground.centroid(block));
    let mut measures = vec![Measure {
        name: "clinic".to_owned(),
        title: format!("A clinic in {name}"),
        kind: "new-place",
        cost: CLINIC,
        yearly_cost: CLINIC_A_YEAR,
        owner: "Health department",
        start: "09-01",
        with: vec![
            ("category", Given::Text("clinic".to_owned())),
            ("at", position(at)),
            ("place_name", Given::Text(format!("New {name} Clinic"))),
            ("wheelchair", Given::Text("yes".to_owned())),
        ],
    }];
    let kerbs = kerbs_around(scout, at);
    if !kerbs.is_empty() {
        measures.push(ramp(
            "ramps-clinic".to_owned(),
            format!("Lowered kerbs on the ways to the new clinic in {name}"),
            &kerbs,
        ));
    }
    measures.extend(footway(scout, at));
    measures
}

/// A footway between two neighbouring corners that no street joins, where it brings most people to a place.
fn footway(scout: &Scout, at: Coord<f64>) -> Option<Measure> {
    let city = scout.city;
    let ground = &city.ground;
    let around = scout.around(at, 2.0 * CLINIC_WITHIN_M, By::Foot, &BTreeSet::new());
    let joined = |a: usize, b: usize| {
        let ends = |&index: &usize| [city.streets.segments[index].from, city.streets.segments[index].to];
        city.streets.at_node[&a]
            .iter()
            .any(|index| ends(index).contains(&b))
    };
    let gentle = |a: usize, b: usize| {
        let length = (ground.nodes[b] - ground.nodes[a])
            .x
            .hypot((ground.nodes[b] - ground.nodes[a]).y);
        let rise = height_m(city.seed, ground.nodes[b]) - height_m(city.seed, ground.nodes[a]);
        let incline = (1000.0 * rise / length).round() / 10.0;
        (incline.abs() <= 6.0).then_some((length, incline))
    };
    let none = BTreeSet::new();
    let near = scout.around(at, CLINIC_WITHIN_M, By::Foot, &none);
    // Who comes within reach through a gap, and a little for whoever comes nearer.
    let gain = |from: usize, to: usize, length: f64| {
        let through = around[&from].min(around[&to]) + length;
        let behind = if around[&from] < around[&to] { to } else { from };
        let reached = scout.within(&[(behind, through)], CLINIC_WITHIN_M, By::Foot, &none);
        let new = reached.keys().filter(|node| !near.contains_key(node));
        let saved = (around[&behind] - through).max(0.0);
        scout.count(new) + scout.count(reached.keys()) * saved / 20_000.0
    };
    let mut best: Option<(f64, [usize; 2], f64, f64)> = None;
    for &from in around.keys() {
        for to in [from + 1, from + ground.side + 1] {
            // Not across the lattice's edge: the last node of a row and the first of the next are no neighbours.
            if !around.contains_key(&to)
                || (to == from + 1 && to % (ground.side + 1) == 0)
                || joined(from, to)
            {
                continue;
            }
            let Some((length, incline)) = gentle(from, to) else {
                continue;
            };
            let worth = gain(from, to, length);
            if best.is_none_or(|(most, ..)| worth > most) {
                best = Some((worth, [from, to], length, incline));
            }
        }
    }
    let (_, [from, to], length, incline) = best?;
    let vertex = |node: usize| Given::Integer(i64::try_from(node).unwrap_or(0));
    Some(Measure {
        name: "footway".to_owned(),
        title: "A footway where blocks have no way through".to_owned(),
        kind: "add-street",
        cost: FOOTWAY_M * length.round(),
        yearly_cost: 0.0,
        owner: "Roads department",
        start: "05-01",
        with: vec![
            ("from", vertex(from)),
            ("to", vertex(to)),
            ("highway", Given::Text("footway".to_owned())),
            ("surface", Given::Text("paving_stones".to_owned())),
            ("smoothness", Given::Text("good".to_owned())),
            ("width_m", Given::Number(2.5)),
            ("incline_pct", Given::Number(incline)),
        ],
    })
}

/// A street closed for works where it cuts most people on wheels off from a clinic: what a plan can do to those whom
/// nobody asked.
pub(super) fn works(scout: &Scout) -> Option<Measure> {
    let city = scout.city;
    let none = BTreeSet::new();
    let wheels = By::Wheels(&none);
    let usable = || scout.clinics().filter(|it| it.wheelchair == "yes");
    let clinic = usable()
        .map(|it| {
            (
                it,
                scout.count(scout.around(it.at, CLINIC_WITHIN_M, wheels, &none).keys()),
            )
        })
        .max_by(|a, b| a.1.total_cmp(&b.1))?
        .0;
    let before = scout.around(clinic.at, CLINIC_WITHIN_M, wheels, &none);
    let own = scout.nearest_street(clinic.at).map(|(street, _)| street);
    // Pieces of each street around it, the nearest first; its own door stays open.
    let mut streets: BTreeMap<&str, Vec<(f64, usize)>> = BTreeMap::new();
    for (index, segment) in city.streets.segments.iter().enumerate() {
        if segment.class != Class::Footway
            && Some(index) != own
            && let (Some(&a), Some(&b)) = (before.get(&segment.from), before.get(&segment.to))
        {
            streets.entry(&segment.name).or_default().push((a.min(b), index));
        }
    }
    let (_, street, closed) = streets
        .into_iter()
        .map(|(street, mut pieces)| {
            pieces.sort_by(|a, b| a.0.total_cmp(&b.0));
            let closed: BTreeSet<usize> = pieces
                .into_iter()
                .take(CLOSED_STREETS)
                .map(|(_, index)| index)
                .collect();
            let left = scout.around(clinic.at, CLINIC_WITHIN_M, wheels, &closed);
            (
                scout.count(before.keys()) - scout.count(left.keys()),
                street,
                closed,
            )
        })
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(Measure {
        name: "works".to_owned(),
        title: format!("{street} closed for works near {}", clinic.name),
        kind: "close-street",
        cost: WORKS * closed.len() as f64,
        yearly_cost: 0.0,
        owner: "Water company",
        start: "06-01",
        with: vec![(
            "streets",
            Given::Ids(
                closed
                    .into_iter()
                    .map(|index| street_id(&city.streets.segments[index]))
                    .collect(),
            ),
        )],
    })
}

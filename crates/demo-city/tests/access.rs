//! The default demo city as those who walk and roll find it: its streets are read as anybody's would be, and what
//! comes out is worth simulating.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    reason = "helpers of tests stand outside the tests themselves; a city's numbers are small"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use demo_city::City;
use geo_types::Geometry;
use ngsi_ld::{Entity, Value};
use sim_access::attributes::Kerb;
use sim_access::equity::{Facility, Share, reach_states, shares};
use sim_access::{
    EdgeInput, Metric, Network, NodeInput, Passability, Position, Profile, Travel, Workspace, tags,
};

fn is(entity: &Entity, entity_type: &str) -> bool {
    entity.has_type(ngsi_ld::Name::default_term(entity_type).as_str())
}

fn attribute<'a>(entity: &'a Entity, term: &str) -> Option<&'a ngsi_ld::Attribute> {
    entity.attributes.iter().find(|a| a.name.short() == term)
}

/// The attributes that are tags, as OpenStreetMap has them.
fn tags_of(entity: &Entity) -> Vec<(&'static str, String)> {
    let tag = |attribute: &ngsi_ld::Attribute| {
        let key = formats::osm::keys::key(attribute.name.short())?;
        let text = attribute.as_str().map(str::to_owned);
        Some((key, text.or_else(|| Some(attribute.as_f64()?.to_string()))?))
    };
    entity.attributes.iter().filter_map(tag).collect()
}

fn json(entity: &Entity, term: &str) -> serde_json::Value {
    match attribute(entity, term).map(|attribute| &attribute.value) {
        Some(Value::Property(value)) => value.to_json(),
        other => panic!("{}: {term} is {other:?}", entity.id),
    }
}

fn point(entity: &Entity) -> Position {
    match attribute(entity, "location").and_then(ngsi_ld::Attribute::as_geometry) {
        Some(Geometry::Point(at)) => Position::new(at.x(), at.y()),
        other => panic!("{other:?}"),
    }
}

/// The streets of a city as a network; every tag must be readable.
fn network(city: &City) -> Network {
    let mut kerbs: BTreeMap<i64, Kerb> = BTreeMap::new();
    for node in city.entities().filter(|entity| is(entity, "RoadNode")) {
        let tags = tags_of(&node);
        let kerb = tags::read_kerb(tags.iter().map(|(key, value)| (*key, value.as_str())));
        if let Some(kerb) = kerb {
            kerbs.insert(json(&node, "node").as_i64().unwrap(), kerb);
        }
    }
    let (mut nodes, mut edges) = (BTreeMap::new(), Vec::new());
    for (index, street) in (0..).zip(city.entities().filter(|e| is(e, "RoadSegment"))) {
        let tags = tags_of(&street);
        let (mut way, unreadable) = tags::read(tags.iter().map(|(key, value)| (*key, value.as_str())));
        assert_eq!(unreadable, [], "{}", street.id);
        let ends = json(&street, "nodes");
        let [from, to] = [0, 1].map(|end| ends[end].as_i64().unwrap());
        let Some(Geometry::LineString(line)) = attribute(&street, "location").unwrap().as_geometry() else {
            panic!("{} is no line", street.id)
        };
        for (node, at) in [from, to].into_iter().zip(line.coords()) {
            let before = nodes.insert(node, Position::new(at.x, at.y));
            assert!(
                before.is_none_or(|before| before == Position::new(at.x, at.y)),
                "{node}"
            );
        }
        (way.kerb_from, way.kerb_to) = (kerbs.get(&from).copied(), kerbs.get(&to).copied());
        let length = nodes[&from].distance_m(nodes[&to]);
        edges.push(EdgeInput::straight(index, from, to, length, way));
    }
    let nodes: Vec<NodeInput> = nodes
        .into_iter()
        .map(|(id, position)| NodeInput { id, position })
        .collect();
    Network::build(&nodes, &edges).unwrap()
}

/// Who reaches a clinic or hospital within 1 000 m, by profile.
fn reach_of_clinics(city: &City, network: &Arc<Network>, profile: &Profile) -> Share {
    let travel = Travel::new(Arc::clone(network), profile, Metric::Distance).unwrap();
    let (mut places, mut people) = (Vec::new(), Vec::new());
    for (&at, cell) in &city.population_grid().cells {
        let centre = city.population_grid().centre(at);
        places.push(network.snap(Position::new(centre.x, centre.y), 300.0));
        people.push(f64::from(cell.population));
    }
    let clinics: Vec<Facility> = city
        .entities()
        .filter(|entity| {
            attribute(entity, "category")
                .and_then(ngsi_ld::Attribute::as_str)
                .is_some_and(|category| matches!(category, "clinic" | "hospital"))
        })
        .map(|clinic| Facility {
            place: network.snap(point(&clinic), 300.0),
            state: match attribute(&clinic, "wheelchair").and_then(ngsi_ld::Attribute::as_str) {
                _ if !profile.heeds_wheelchair_tag => Passability::Passable,
                Some("yes") => Passability::Passable,
                Some("no") => Passability::Blocked,
                _ => Passability::Unknown,
            },
        })
        .collect();
    let states = reach_states(
        &travel.towards(),
        &clinics,
        &places,
        Metric::Distance.cost(1_000.0),
        &mut Workspace::new(),
    );
    shares(&people, &vec![0; people.len()], &states).unwrap().all
}

#[test]
fn the_default_city_is_worth_simulating() {
    let city = City::generate(1, 50_000);
    let network = Arc::new(network(&city));
    assert_eq!(
        network.parts().count(),
        1,
        "one can walk from everywhere to everywhere"
    );
    let wheels = Travel::new(
        Arc::clone(&network),
        &Profile::manual_wheelchair(),
        Metric::Distance,
    )
    .unwrap();
    let mut edges = [0_u32; 3];
    let mut why: BTreeMap<String, u32> = BTreeMap::new();
    for edge in network.edges() {
        let verdict = wheels.verdict(edge, true).unwrap();
        edges[verdict.state as usize] += 1;
        for criterion in verdict.blocking.iter() {
            *why.entry(format!("blocked by {criterion:?}")).or_default() += 1;
        }
        if verdict.state == Passability::Unknown {
            for criterion in verdict.undecided.iter() {
                *why.entry(format!("undecided {criterion:?}")).or_default() += 1;
            }
        }
    }
    let lacking = city.entities().filter(|e| is(e, "RoadSegment")).filter(|street| {
        let has = |term: &str| attribute(street, term).is_some();
        let pavement = attribute(street, "sidewalk").and_then(ngsi_ld::Attribute::as_str);
        let walked = match pavement {
            Some("both" | "left" | "right") => {
                has("sidewalkBothWidth") || has("sidewalkLeftWidth") || has("sidewalkRightWidth")
            }
            _ => has("width"),
        };
        let footway = attribute(street, "highway")
            .and_then(ngsi_ld::Attribute::as_str)
            .is_some_and(|highway| matches!(highway, "footway" | "steps"));
        !(has("surface") && has("smoothness") && has("incline") && walked && (footway || pavement.is_some()))
    });
    let lacking = f64::from(lacking.count() as u32) / network.edge_count() as f64;
    println!("{:.1} % of the streets lack something", 100.0 * lacking);
    println!("streets: {edges:?} blocked, unknown, passable; {why:?}");
    let walking = reach_of_clinics(&city, &network, &Profile::walking());
    let rolling = reach_of_clinics(&city, &network, &Profile::manual_wheelchair());
    println!("walking {walking:?}\nrolling {rolling:?}");
    let within = |share: Option<f64>, range: std::ops::Range<f64>| {
        assert!(range.contains(&share.unwrap()), "{share:?} is not in {range:?}");
    };
    within(walking.reached(), 0.60..0.75);
    within(rolling.reached(), 0.15..0.35);
    within(rolling.not_known(), 0.15..0.30);
    within(Some(lacking), 0.20..0.30);
}

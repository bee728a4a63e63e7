//! Streets of a real country: nothing is refused, and nothing unknown is passable.

use std::time::Instant;

use formats::{ImportOptions, Kind};
use scenarios::model::{TravelOptions, Who};
use sim_access::{Criterion, CriterionSet, EdgeIndex, Metric, Passability};
use test_data::test_data;

use crate::support::{import, read, twin, view, without};

#[test]
fn streets_of_liechtenstein() {
    let Some(streets) = test_data("osm/liechtenstein.osm.pbf") else {
        return;
    };
    let twin = twin();
    import(&twin, Kind::Osm, &streets, &ImportOptions::default());
    let snapshot = twin.snapshot();
    let start = Instant::now();
    let model = read(&snapshot, &TravelOptions::default());
    println!("read {:?}", start.elapsed());
    for note in model.notes() {
        println!("  {note}");
    }
    let streets = model.streets().unwrap();
    let network = streets.network();
    println!("{} edges, {} nodes", network.edge_count(), network.node_count());
    let [feet, wheels] = Who::ALL.map(|who| streets.travel(who, Metric::Distance));
    let mut states = [[0_usize; 3]; 2];
    for edge in network.edges() {
        for (states, travel) in states.iter_mut().zip([feet, wheels]) {
            states[travel.verdict(edge, true).unwrap().state as usize] += 1;
        }
    }
    println!(
        "on foot {:?}, by wheelchair {:?} (blocked, unknown, passable)",
        states[0], states[1]
    );
    assert!(states[0][2] > states[1][2]);
    // A street that its surface alone blocks: without that tag nobody knows it.
    let by_surface = |edge: EdgeIndex| {
        let verdict = wheels.verdict(edge, true).unwrap();
        verdict.blocking == CriterionSet::EMPTY.with(Criterion::Surface)
    };
    let edge = network.edges().find(|&edge| by_surface(edge)).unwrap();
    let segment = streets.segment(edge).unwrap().clone();
    let mut fork = snapshot.fork();
    without(&mut fork, &segment, "surface");
    let start = Instant::now();
    let after = model
        .after(&fork.snapshot(), &view(), std::slice::from_ref(&segment))
        .unwrap();
    println!("{segment} followed in {:?}", start.elapsed());
    let travel = after.streets().unwrap().travel(Who::Wheelchair, Metric::Distance);
    let verdict = travel.verdict(edge, true).unwrap();
    assert_eq!(verdict.state, Passability::Unknown);
    assert!(verdict.undecided.contains(Criterion::Surface));
}

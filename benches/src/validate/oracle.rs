//! Random graphs and timetables against searches that try everything.

use std::fmt::Write as _;
use std::sync::Arc;

use sim_access::attributes::{Highway, Incline, Smoothness, Surface};
use sim_access::reach::matrix;
use sim_access::transit::{
    AccessLeg, Call, Query, Rounds, Services, StopInput, Timetable, TimetableOptions, TripInput, earliest,
};
use sim_access::{
    EdgeAttributes, EdgeIndex, EdgeInput, Metric, Network, NodeInput, Passability, Position, Profile, Snap,
    Travel,
};

use super::Chance;

const GRAPHS: u64 = 1000;
const TIMETABLES: u64 = 1000;
const FAR: u64 = 1 << 40;

/// What came of the streets.
#[derive(Default)]
pub(super) struct Streets {
    graphs: u64,
    edges: usize,
    pub(super) pairs: usize,
    reached: usize,
    pub(super) worst_mm: u64,
    pub(super) wrong: usize,
}

/// Random graphs of 5 to 40 corners, one in three streets unknown or blocked, some one-way, some of no length; all
/// pairs of corners by Floyd and Warshall's three loops, for each of the three states.
pub(super) fn streets(graphs: u64) -> Streets {
    let mut sum = Streets {
        graphs,
        ..Streets::default()
    };
    for seed in 0..graphs {
        let mut chance = Chance(seed);
        let corners = 5 + chance.below(36) as usize;
        let edges = random_edges(&mut chance, corners);
        let nodes: Vec<NodeInput> = (0..corners)
            .map(|id| NodeInput {
                id: id as i64,
                position: Position::new(36.8 + id as f64 * 1e-4, -1.3),
            })
            .collect();
        let network = Arc::new(Network::build(&nodes, &edges).expect("a network"));
        let travel =
            Travel::new(network, &Profile::manual_wheelchair(), Metric::Distance).expect("a profile");
        sum.edges += edges.len();
        for at_least in Passability::ALL {
            compare(&travel, &edges, corners, at_least, &mut sum);
        }
    }
    sum
}

fn random_edges(chance: &mut Chance, corners: usize) -> Vec<EdgeInput> {
    use sim_access::attributes::Directions;
    // A chain first, so that every corner is an end of some edge.
    let mut ends: Vec<(usize, usize)> = (1..corners).map(|corner| (corner - 1, corner)).collect();
    for _ in 0..corners {
        ends.push((
            chance.below(corners as u64) as usize,
            chance.below(corners as u64) as usize,
        ));
    }
    ends.into_iter()
        .enumerate()
        .map(|(id, (from, to))| {
            let attributes = EdgeAttributes {
                surface: Some(Surface::Asphalt),
                smoothness: Some(Smoothness::Good),
                incline: Some(Incline::Percent(0.0)),
                width_m: match chance.below(6) {
                    0 => None,
                    1 => Some(0.5),
                    _ => Some(2.0),
                },
                directions: match chance.below(8) {
                    0 => Directions::Forward,
                    1 => Directions::Backward,
                    _ => Directions::Both,
                },
                ..EdgeAttributes::of(Highway::Footway)
            };
            let length_m = chance.below(200_000) as f64 / 1000.0 * f64::from(u8::from(chance.below(20) > 0));
            EdgeInput::straight(id as i64, from as i64, to as i64, length_m, attributes)
        })
        .collect()
}

fn compare(travel: &Travel, edges: &[EdgeInput], corners: usize, at_least: Passability, sum: &mut Streets) {
    let mut cost = vec![vec![FAR; corners]; corners];
    for (corner, row) in cost.iter_mut().enumerate() {
        row[corner] = 0;
    }
    for (number, edge) in edges.iter().enumerate() {
        let (from, to) = (edge.from as usize, edge.to as usize);
        let millimetres = (edge.length_m * 1000.0).round() as u64;
        for (forward, a, b) in [(true, from, to), (false, to, from)] {
            let verdict = travel
                .verdict(EdgeIndex(number as u32), forward)
                .expect("an edge");
            if verdict.state >= at_least {
                cost[a][b] = cost[a][b].min(millimetres);
            }
        }
    }
    for via in 0..corners {
        for a in 0..corners {
            for b in 0..corners {
                cost[a][b] = cost[a][b].min(cost[a][via] + cost[via][b]);
            }
        }
    }
    // A place has one street; a corner has all of its own. So each corner gets a street of no length to stand on.
    let door = |corner: usize| Some(Snap::on(EdgeIndex((edges.len() + corner) as u32), 0.0));
    let nodes: Vec<NodeInput> = (0..corners)
        .map(|id| NodeInput {
            id: id as i64,
            position: Position::new(36.8 + id as f64 * 1e-4, -1.3),
        })
        .collect();
    let mut with_doors = edges.to_vec();
    for corner in 0..corners {
        let good = EdgeAttributes {
            surface: Some(Surface::Asphalt),
            smoothness: Some(Smoothness::Good),
            incline: Some(Incline::Percent(0.0)),
            width_m: Some(2.0),
            ..EdgeAttributes::of(Highway::Footway)
        };
        with_doors.push(EdgeInput::straight(0, corner as i64, corner as i64, 0.0, good));
    }
    let network = Arc::new(Network::build(&nodes, &with_doors).expect("a network"));
    let travel = Travel::new(network, travel.profile(), Metric::Distance).expect("a profile");
    let doors: Vec<Option<Snap>> = (0..corners).map(door).collect();
    let found = matrix(&travel, at_least, &doors, &doors, sim_access::units::MAX_COST, 1);
    for (a, row) in cost.iter().enumerate() {
        for (b, &millimetres) in row.iter().enumerate() {
            sum.pairs += 1;
            match (found.get(a, b), (millimetres < FAR).then_some(millimetres)) {
                (Some(ours), Some(theirs)) => {
                    sum.reached += 1;
                    sum.worst_mm = sum.worst_mm.max(u64::from(ours).abs_diff(theirs));
                }
                (None, None) => {}
                _ => sum.wrong += 1,
            }
        }
    }
}

/// What came of the timetables.
#[derive(Default)]
pub(super) struct Timetables {
    days: u64,
    trips: usize,
    arrivals: usize,
    reached: usize,
    pub(super) worst_s: u64,
    pub(super) wrong: usize,
}

/// Random timetables of 4 to 15 stops and up to 40 trips, which overtake each other; earliest arrivals against
/// boarding every vehicle that one can still catch, over and over until nothing is earlier.
pub(super) fn timetables(count: u64) -> Timetables {
    let mut sum = Timetables {
        days: count,
        ..Timetables::default()
    };
    for seed in 0..count {
        let mut chance = Chance(1_000_000 + seed);
        let stops = 4 + chance.below(12) as u32;
        let routes: Vec<Vec<u32>> = (0..4)
            .map(|_| {
                (0..2 + chance.below(6))
                    .map(|_| chance.below(u64::from(stops)) as u32)
                    .collect()
            })
            .collect();
        let trips: Vec<TripInput> = (0..chance.below(41))
            .map(|id| {
                let mut time = chance.below(3000) as i32;
                let mut calls = Vec::new();
                for &stop in &routes[chance.below(4) as usize] {
                    let arrival_s = time;
                    time += chance.below(40) as i32;
                    calls.push(Call {
                        arrival_s,
                        departure_s: time,
                        ..Call::at(stop, 0)
                    });
                    time += chance.below(300) as i32;
                }
                TripInput {
                    id: id.to_string(),
                    service: 0,
                    wheelchair: Passability::Unknown,
                    calls,
                    frequencies: Vec::new(),
                }
            })
            .collect();
        sum.trips += trips.len();
        let departure_s = chance.below(1500) as i32;
        let exhaustive = boarding_everything(&trips, stops as usize, departure_s);
        let inputs: Vec<StopInput> = (0..stops)
            .map(|_| StopInput {
                id: String::new(),
                position: Position::new(0.0, 0.0),
                wheelchair: Passability::Unknown,
            })
            .collect();
        let options = TimetableOptions::default();
        let built =
            Timetable::build(&inputs, &trips, &[], &Services::all_today(1), options).expect("a timetable");
        let access = [AccessLeg {
            stop: 0,
            seconds: 0,
            state: Passability::Unknown,
        }];
        let mut rounds = Rounds::new();
        let query = Query {
            access: &access,
            departure_s,
            max_rides: 64,
        };
        let arrivals = earliest(&built, &query, &mut rounds);
        for (stop, expected) in (0..stops).zip(exhaustive) {
            sum.arrivals += 1;
            match (arrivals.at(stop), expected) {
                (Some(ours), Some(theirs)) => {
                    sum.reached += 1;
                    sum.worst_s = sum.worst_s.max(u64::from(ours.abs_diff(theirs)));
                }
                (None, None) => {}
                _ => sum.wrong += 1,
            }
        }
    }
    sum
}

fn boarding_everything(trips: &[TripInput], stops: usize, departure_s: i32) -> Vec<Option<i32>> {
    let mut at: Vec<Option<i32>> = vec![None; stops];
    at[0] = Some(departure_s);
    loop {
        let mut earlier = false;
        for trip in trips {
            for (board, from) in trip.calls.iter().enumerate() {
                if at[from.stop as usize].is_none_or(|ready| ready > from.departure_s) {
                    continue;
                }
                for to in &trip.calls[board + 1..] {
                    let there = &mut at[to.stop as usize];
                    if there.is_none_or(|there| to.arrival_s < there) {
                        *there = Some(to.arrival_s);
                        earlier = true;
                    }
                }
            }
        }
        if !earlier {
            return at;
        }
    }
}

pub(super) fn table() -> String {
    let streets = streets(GRAPHS);
    let timetables = timetables(TIMETABLES);
    let mut text = "| What | Oracle | Cases | Compared | Worst difference | Reached by one only |\n|---|---|---|---|---|---|\n".to_owned();
    let _ = writeln!(
        text,
        "| shortest ways between all corners, in each of the three values | Floyd and Warshall's three loops | {} random graphs, {} edges | {} pairs, {} of them reached | {} mm | {} |",
        streets.graphs, streets.edges, streets.pairs, streets.reached, streets.worst_mm, streets.wrong
    );
    let _ = writeln!(
        text,
        "| earliest arrivals by timetable | boarding everything, until nothing is earlier | {} random timetables, {} trips | {} arrivals, {} of them reached | {} s | {} |",
        timetables.days,
        timetables.trips,
        timetables.arrivals,
        timetables.reached,
        timetables.worst_s,
        timetables.wrong
    );
    text
}

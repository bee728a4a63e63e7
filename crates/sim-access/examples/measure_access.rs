//! Measures the crate on a made-up city: `cargo run --release -p sim-access --example measure_access [side]`. Prints, asserts
//! nothing. A side of 224 crossings makes 100 000 edges, about a small country's walkable ways.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for people")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small numbers"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use sim_access::attributes::{Highway, Incline, Smoothness, Surface};
use sim_access::equity::{Facility, reach_states, shares};
use sim_access::place::Plane;
use sim_access::reach::{Isochrone, OutlineOptions, answer, isochrone, matrix, outline, search};
use sim_access::survey::{knowledge, worth_a_look};
use sim_access::transit::{
    AccessLeg, Call, Frequency, Query, Rounds, Services, StopInput, StraightLine, Timetable,
    TimetableOptions, TripInput, Window, earliest, range, straight_footpaths, straight_legs, travel_times,
};
use sim_access::{
    EdgeAttributes, EdgeInput, Metric, Network, NodeInput, Passability, Position, Profile, Snap, Start,
    Travel, Workspace,
};

/// Numbers that look like chance (Steele, Lea, Flood 2014), the same every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % most
    }
}

/// Runs it a few times and prints the quickest.
fn time<T>(what: &str, times: usize, mut work: impl FnMut() -> T) -> T {
    let mut best = f64::INFINITY;
    let mut last = None;
    for _ in 0..times.max(1) {
        let begin = Instant::now();
        last = Some(black_box(work()));
        best = best.min(begin.elapsed().as_secs_f64() * 1000.0);
    }
    println!("{best:10.3} ms  {what}");
    last.unwrap()
}

fn city(side: i64, chance: &mut Chance) -> (Vec<NodeInput>, Vec<EdgeInput>) {
    let plane = Plane::at(Position::new(9.5, 47.1));
    let mut nodes = Vec::new();
    for id in 0..side * side {
        let mut jitter = || chance.below(30) as f64 - 15.0;
        let place = [
            (id % side) as f64 * 80.0 + jitter(),
            (id / side) as f64 * 80.0 + jitter(),
        ];
        nodes.push(NodeInput {
            id,
            position: plane.position(place),
        });
    }
    let mut edges: Vec<EdgeInput> = Vec::new();
    for id in 0..side * side {
        let next = [
            (id % side + 1 < side).then_some(id + 1),
            (id + side < side * side).then_some(id + side),
        ];
        for to in next.into_iter().flatten() {
            let ends = [id, to].map(|node| nodes[node as usize].position);
            let maybe = |chance: &mut Chance| chance.below(10) > 0;
            let attributes = EdgeAttributes {
                surface: maybe(chance).then_some(Surface::Asphalt),
                smoothness: maybe(chance).then_some(Smoothness::Good),
                width_m: Some(chance.below(20) as f32 * 0.2 + 0.7),
                incline: maybe(chance).then_some(Incline::Percent(chance.below(14) as f32 - 7.0)),
                ..EdgeAttributes::of(Highway::Footway)
            };
            edges.push(EdgeInput::straight(
                id,
                id,
                to,
                ends[0].distance_m(ends[1]),
                attributes,
            ));
        }
    }
    (nodes, edges)
}

fn main() {
    let side: i64 = std::env::args()
        .nth(1)
        .and_then(|side| side.parse().ok())
        .unwrap_or(224);
    let mut chance = Chance(7);
    let (nodes, edges) = city(side, &mut chance);
    println!(
        "{} nodes, {} edges; the quickest of several runs",
        nodes.len(),
        edges.len()
    );
    let network = Arc::new(time("build the network, with its spatial index", 3, || {
        Network::build(&nodes, &edges).unwrap()
    }));
    let walking = time("judge and cost it for walking", 3, || {
        Travel::new(Arc::clone(&network), &Profile::walking(), Metric::Distance).unwrap()
    });
    let mut wheels = time("judge and cost it for a wheelchair", 3, || {
        Travel::new(
            Arc::clone(&network),
            &Profile::manual_wheelchair(),
            Metric::Distance,
        )
        .unwrap()
    });
    time("turn it round", 3, || wheels.towards());

    let plane = Plane::at(Position::new(9.5, 47.1));
    let extent = side as u64 * 80;
    let mut places = |count: usize| -> Vec<Position> {
        (0..count)
            .map(|_| plane.position([chance.below(extent) as f64, chance.below(extent) as f64]))
            .collect()
    };
    let homes = places(100_000);
    let homes: Vec<Option<Snap>> = time("put 100 000 homes on it", 1, || {
        homes.iter().map(|&home| network.snap(home, 200.0)).collect()
    });
    let clinics: Vec<Start> = places(155)
        .into_iter()
        .filter_map(|place| network.snap(place, 200.0).map(Start::from))
        .collect();
    let centre = network
        .snap(plane.position([extent as f64 / 2.0; 2]), 500.0)
        .unwrap();
    let (mut workspace, mut cover) = (Workspace::new(), Isochrone::default());

    for metres in [1_000.0, 5_000.0] {
        let limit = Metric::Distance.cost(metres);
        time(&format!("isochrone of {metres} m, its pieces"), 20, || {
            let reached = search(
                &walking,
                Passability::Passable,
                &[centre.into()],
                limit,
                &mut workspace,
            );
            isochrone(&reached, limit, &mut cover);
            cover.pieces.len()
        });
        time(
            &format!("  and its outline ({} pieces)", cover.pieces.len()),
            5,
            || outline(&network, &cover.pieces, &OutlineOptions::default()),
        );
    }
    time("the whole network from one place", 5, || {
        search(
            &walking,
            Passability::Passable,
            &[centre.into()],
            u32::MAX,
            &mut workspace,
        )
        .nodes()
        .count()
    });
    let corner = network.snap(plane.position([0.0; 2]), 500.0).unwrap();
    time("answer for a wheelchair, corner to centre", 5, || {
        answer(&wheels, &[corner.into()], &centre, u32::MAX, &mut workspace).state
    });
    time("  after a barrier is reported", 5, || {
        wheels.report(centre.edge, Passability::Blocked);
        answer(&wheels, &[corner.into()], &centre, u32::MAX, &mut workspace).state
    });
    wheels.withdraw(centre.edge);
    let towards = wheels.towards();
    let facilities: Vec<Facility> = clinics
        .iter()
        .map(|start| Facility {
            place: Some(start.place),
            state: Passability::Passable,
        })
        .collect();
    let states = time(
        "100 000 homes to the nearest of 155 clinics within 1 km, three-valued",
        5,
        || {
            reach_states(
                &towards,
                &facilities,
                &homes,
                Metric::Distance.cost(1_000.0),
                &mut workspace,
            )
        },
    );
    let groups: Vec<u16> = (0..homes.len()).map(|home| (home % 5) as u16).collect();
    let sums = time("  and the shares of five groups", 5, || {
        shares(&vec![1.0; homes.len()], &groups, &states).unwrap()
    });
    println!(
        "               reached {:.1} %, not known {:.1} %",
        sums.all.reached().unwrap() * 100.0,
        sums.all.not_known().unwrap() * 100.0
    );
    time("which tags would decide most", 3, || {
        worth_a_look(
            &towards,
            &clinics,
            &homes,
            &vec![1.0; homes.len()],
            Metric::Distance.cost(1_000.0),
            &mut workspace,
        )
        .len()
    });
    time("what is known, by criterion", 3, || knowledge(&wheels));
    let targets: Vec<Option<Snap>> = clinics.iter().map(|start| Some(start.place)).collect();
    for threads in [1, 2] {
        time(
            &format!("84 x 155 walking matrix over the whole network, {threads} thread(s)"),
            2,
            || {
                matrix(
                    &walking,
                    Passability::Passable,
                    &homes[..84],
                    &targets,
                    u32::MAX,
                    threads,
                )
            },
        );
    }
    transit(&mut places);
}

/// About Nairobi's size: 4 300 stops, 272 trips by frequency.
fn transit(places: &mut impl FnMut(usize) -> Vec<Position>) {
    let stop = |position: Position| StopInput {
        id: String::new(),
        position,
        wheelchair: Passability::Unknown,
    };
    let stops: Vec<StopInput> = places(4_300).into_iter().map(stop).collect();
    let mut chance = Chance(11);
    let trips: Vec<TripInput> = (0..272)
        .map(|trip| {
            // Along a line through the city: the stops nearest to points on it.
            let ends = [chance.below(4_300), chance.below(4_300)].map(|stop| stops[stop as usize].position);
            let mut calls: Vec<Call> = Vec::new();
            for step in 0..35 {
                let share = f64::from(step) / 34.0;
                let at = Position::new(
                    ends[0].lon + share * (ends[1].lon - ends[0].lon),
                    ends[0].lat + share * (ends[1].lat - ends[0].lat),
                );
                let near = (0..).zip(&stops).min_by(|a, b| {
                    a.1.position
                        .distance_m(at)
                        .total_cmp(&b.1.position.distance_m(at))
                });
                calls.push(Call::at(near.unwrap().0, step * 120));
            }
            let headway_s = 300 + chance.below(1_500) as i32;
            let frequencies = vec![Frequency {
                start_s: 21_600,
                end_s: 79_200,
                headway_s,
                exact: false,
            }];
            TripInput {
                id: trip.to_string(),
                service: 0,
                wheelchair: Passability::Unknown,
                calls,
                frequencies,
            }
        })
        .collect();
    let walking = StraightLine::default();
    let footpaths = time("footpaths between 4 300 stops, straight", 2, || {
        straight_footpaths(&stops, &walking)
    });
    println!("               {} footpaths", footpaths.len());
    let timetable = time("build the timetable", 3, || {
        Timetable::build(
            &stops,
            &trips,
            &footpaths,
            &Services::all_today(1),
            TimetableOptions::default(),
        )
        .unwrap()
    });
    let legs = |places: Vec<Position>| {
        places
            .iter()
            .map(|&place| straight_legs(place, &stops, &walking))
            .collect::<Vec<Vec<AccessLeg>>>()
    };
    let (origins, destinations) = (legs(places(84)), legs(places(155)));
    let mut rounds = Rounds::new();
    time("earliest arrivals at all stops, one origin", 10, || {
        let arrivals = earliest(
            &timetable,
            &Query {
                access: &origins[0],
                departure_s: 28_800,
                max_rides: 5,
            },
            &mut rounds,
        );
        (0..4_300).filter(|&stop| arrivals.at(stop).is_some()).count()
    });
    for threads in [1, 2] {
        time(
            &format!("84 x 155 travel times at 8:00, {threads} thread(s)"),
            3,
            || {
                travel_times(
                    &timetable,
                    &origins,
                    &destinations,
                    &|_, _| None,
                    28_800,
                    5,
                    threads,
                )
            },
        );
    }
    let window = Window::new(25_200, 32_400, 60).unwrap();
    time("120 departures from one origin to 155", 2, || {
        range(
            &timetable,
            &origins[0],
            &destinations,
            &[],
            window,
            5,
            &mut rounds,
        )
    });
}

//! A city of eleven by eleven corners, 100 m apart, whose answers are counted by hand.

use std::fmt::Write as _;
use std::sync::Arc;

use sim_access::attributes::{Highway, Incline, Kerb, KerbKind, Smoothness, Surface};
use sim_access::equity::{Capacity, Facility, convenient_transport, shares};
use sim_access::place::Plane;
use sim_access::reach::{Isochrone, answer, isochrone, nearest, search, within};
use sim_access::transit::{
    AccessLeg, Call, Frequency, Query, Rounds, Services, StopInput, Timetable, TimetableOptions, TripInput,
    earliest,
};
use sim_access::{
    EdgeAttributes, EdgeIndex, EdgeInput, Metric, Network, NodeIndex, NodeInput, Passability, Position,
    Profile, Snap, Start, Travel, Workspace,
};

const SIDE: usize = 11;
const BLOCK_M: f64 = 100.0;

/// A question, what a person counts, and what the program says.
pub(super) struct Case {
    pub(super) question: &'static str,
    pub(super) how: &'static str,
    pub(super) counted: String,
    pub(super) answered: String,
}

impl Case {
    pub(super) fn agrees(&self) -> bool {
        self.counted == self.answered
    }
}

fn case(question: &'static str, how: &'static str, counted: &str, answered: impl Into<String>) -> Case {
    Case {
        question,
        how,
        counted: counted.to_owned(),
        answered: answered.into(),
    }
}

/// A pavement of which everything is known, and good.
fn pavement() -> EdgeAttributes {
    EdgeAttributes {
        surface: Some(Surface::Asphalt),
        smoothness: Some(Smoothness::Good),
        width_m: Some(2.0),
        incline: Some(Incline::Percent(0.0)),
        ..EdgeAttributes::of(Highway::Footway)
    }
}

fn kerb(kind: KerbKind) -> EdgeAttributes {
    EdgeAttributes {
        kerb_to: Some(Kerb::of(kind)),
        ..pavement()
    }
}

struct City {
    nodes: Vec<NodeInput>,
    edges: Vec<EdgeInput>,
}

impl City {
    fn new() -> Self {
        let plane = Plane::at(Position::new(36.8, -1.3));
        let nodes = (0..SIDE * SIDE).map(|corner| NodeInput {
            id: corner as i64,
            position: plane.position([(corner % SIDE) as f64 * BLOCK_M, (corner / SIDE) as f64 * BLOCK_M]),
        });
        let mut edges = Vec::new();
        for corner in 0..SIDE * SIDE {
            let east = (corner % SIDE + 1 < SIDE).then_some(corner + 1);
            let north = (corner + SIDE < SIDE * SIDE).then_some(corner + SIDE);
            for to in [east, north].into_iter().flatten() {
                let id = edges.len() as i64;
                edges.push(EdgeInput::straight(
                    id,
                    corner as i64,
                    to as i64,
                    BLOCK_M,
                    pavement(),
                ));
            }
        }
        Self {
            nodes: nodes.collect(),
            edges,
        }
    }

    fn corner(column: usize, row: usize) -> usize {
        row * SIDE + column
    }

    fn street(&self, a: usize, b: usize) -> EdgeIndex {
        let ends = (a.min(b) as i64, a.max(b) as i64);
        let at = self
            .edges
            .iter()
            .position(|edge| (edge.from, edge.to) == ends)
            .expect("neighbours");
        EdgeIndex(at as u32)
    }

    fn set(&mut self, a: usize, b: usize, attributes: EdgeAttributes) {
        let street = self.street(a, b);
        self.edges[street.index()].attributes = attributes;
    }

    fn travel(&self, profile: &Profile, metric: Metric) -> Travel {
        let network = Network::build(&self.nodes, &self.edges).expect("a network");
        Travel::new(Arc::new(network), profile, metric).expect("a profile")
    }

    /// A corner, as an end of a street along its row: those lie open in every case.
    fn at(&self, corner: usize) -> Snap {
        let (number, edge) = self
            .edges
            .iter()
            .enumerate()
            .find(|(_, edge)| {
                edge.to == edge.from + 1 && (edge.from == corner as i64 || edge.to == corner as i64)
            })
            .expect("a street");
        Snap::on(
            EdgeIndex(number as u32),
            if edge.from == corner as i64 { 0.0 } else { 1.0 },
        )
    }

    fn corners(&self) -> Vec<Option<Snap>> {
        (0..SIDE * SIDE).map(|corner| Some(self.at(corner))).collect()
    }
}

/// State, length and decisive tags of a way.
fn way(city: &City, travel: &Travel, from: usize, to: usize, limit_m: f64) -> String {
    let limit = travel.metric().cost(limit_m);
    let found = answer(
        travel,
        &[city.at(from).into()],
        &city.at(to),
        limit,
        &mut Workspace::new(),
    );
    let mut told = match found.state {
        Passability::Passable => "passable".to_owned(),
        Passability::Unknown => "unknown".to_owned(),
        Passability::Blocked => "blocked".to_owned(),
    };
    if let Some(path) = found.path.filter(|_| found.state > Passability::Blocked) {
        let _ = write!(told, ", {}", travel.metric().value(path.cost));
    }
    let tags: Vec<&str> = found
        .undecided
        .iter()
        .chain(&found.blocking)
        .flat_map(|decisive| decisive.criteria.tags())
        .collect();
    if !tags.is_empty() {
        let _ = write!(told, " ({})", tags.join(", "));
    }
    told
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = on_foot();
    cases.extend(by_wheelchair());
    cases.extend(people());
    cases.extend(by_bus());
    cases
}

fn on_foot() -> Vec<Case> {
    let mut city = City::new();
    let walking = Profile::walking();
    let travel = city.travel(&walking, Metric::Distance);
    let (first, last, middle) = (0, SIDE * SIDE - 1, City::corner(5, 5));
    let mut workspace = Workspace::new();
    let mut cover = Isochrone::default();
    let mut cases = vec![case(
        "Metres from one corner of the city to the opposite one",
        "10 blocks east and 10 north",
        "passable, 2000",
        way(&city, &travel, first, last, f64::INFINITY),
    )];
    for (limit_m, question, how, corners, metres) in [
        (
            300.0,
            "Corners and metres of street within 300 m of the middle",
            "2·3·4 + 1 corners; 4 + 12 + 20 streets",
            25,
            3600,
        ),
        (
            250.0,
            "The same within 250 m",
            "2·2·3 + 1 corners; 4 + 12 streets and 20 half ones",
            13,
            2600,
        ),
        (
            1e6,
            "The same within any distance",
            "11·11 corners; 2·11·10 streets",
            121,
            22_000,
        ),
    ] {
        let limit = Metric::Distance.cost(limit_m);
        let reached = search(
            &travel,
            Passability::Passable,
            &[city.at(middle).into()],
            limit,
            &mut workspace,
        );
        isochrone(&reached, limit, &mut cover);
        let nodes = (0..121)
            .filter(|&node| reached.node_cost(NodeIndex(node)).is_some())
            .count();
        cases.push(case(
            question,
            how,
            &format!("{corners}, {metres} m"),
            format!("{nodes}, {} m", cover.length_m),
        ));
    }
    cases.push(case(
        "Seconds for six blocks at 1.33 m/s, flat",
        "600 / 1.33",
        "passable, 451.128",
        way(
            &city,
            &city.travel(&walking, Metric::Time),
            first,
            6,
            f64::INFINITY,
        ),
    ));
    city.set(
        0,
        1,
        EdgeAttributes {
            incline: Some(Incline::Percent(10.0)),
            ..pavement()
        },
    );
    cases.push(case(
        "Seconds for one block up 10 %",
        "Tobler: 100 / (1.33 · exp(−3.5·0.15) / exp(−3.5·0.05))",
        "passable, 106.697",
        way(&city, &city.travel(&walking, Metric::Time), 0, 1, f64::INFINITY),
    ));
    let mut travel = city.travel(&walking, Metric::Distance);
    travel.report(city.street(0, 1), Passability::Blocked);
    // Its corner as the end of the street north, which is open.
    let north = Snap::on(city.street(0, SIDE), 0.0);
    let to = Snap::on(city.street(1, 1 + SIDE), 0.0);
    let found = answer(
        &travel,
        &[north.into()],
        &to,
        Metric::Distance.cost(1e6),
        &mut workspace,
    );
    cases.push(case(
        "Metres to the next corner when its street is reported closed",
        "three streets round the block",
        "300",
        found.path.map_or(String::new(), |path| {
            Metric::Distance.value(path.cost).to_string()
        }),
    ));
    cases
}

fn by_wheelchair() -> Vec<Case> {
    // Raised kerbs on every street between rows 5 and 6, but for the last column.
    let mut city = City::new();
    for column in 0..SIDE - 1 {
        city.set(
            City::corner(column, 5),
            City::corner(column, 6),
            kerb(KerbKind::Raised),
        );
    }
    let gate = (City::corner(10, 5), City::corner(10, 6));
    let wheels = Profile::manual_wheelchair();
    let (from, to) = (City::corner(0, 5), City::corner(0, 6));
    let ask =
        |city: &City, profile: &Profile| way(city, &city.travel(profile, Metric::Distance), from, to, 1e6);
    city.set(gate.0, gate.1, kerb(KerbKind::Flush));
    let mut cases = vec![
        case(
            "A wall of raised kerbs with one flush gate, ten columns off: on foot",
            "straight over",
            "passable, 100",
            ask(&city, &Profile::walking()),
        ),
        case(
            "The same in a wheelchair",
            "10 blocks, the gate, 10 blocks back",
            "passable, 2100",
            ask(&city, &wheels),
        ),
    ];
    city.set(gate.0, gate.1, kerb(KerbKind::Yes));
    cases.push(case(
        "The gate's kerb is there, and nobody has said how high it is",
        "the same way, undecided by one tag",
        "unknown, 2100 (kerb)",
        ask(&city, &wheels),
    ));
    let mut travel = city.travel(&wheels, Metric::Distance);
    travel.report(city.street(gate.0, gate.1), Passability::Passable);
    cases.push(case(
        "Somebody went and looked: one gets over",
        "decided at once",
        "passable, 2100",
        way(&city, &travel, from, to, 1e6),
    ));
    travel.report(city.street(gate.0, gate.1), Passability::Blocked);
    cases.push(case(
        "Works at the gate are reported",
        "no way is left; the shortest is cut by its kerb",
        "blocked (kerb)",
        way(&city, &travel, from, to, 1e6),
    ));
    cases
}

fn people() -> Vec<Case> {
    let city = City::new();
    let travel = city.travel(&Profile::walking(), Metric::Distance);
    let towards = travel.towards();
    let homes = city.corners();
    let mut workspace = Workspace::new();
    let stop = |corner: usize, capacity| {
        (
            Facility {
                place: Some(city.at(corner)),
                state: Passability::Passable,
            },
            capacity,
        )
    };
    let share = |stops: &[(Facility, Capacity)], workspace: &mut Workspace| {
        let states = convenient_transport(&towards, stops, &homes, workspace).expect("metres");
        let sums = shares(&[1.0; 121], &[0; 121], &states).expect("shares");
        format!("{} of {}", sums.all.passable, sums.all.people())
    };
    let middle = City::corner(5, 5);
    let mut cases = vec![
        case(
            "One person at every corner, a bus stop in the middle: who is within 500 m (SDG 11.2.1)",
            "2·5·6 + 1",
            "61 of 121",
            share(&[stop(middle, Capacity::Low)], &mut workspace),
        ),
        case(
            "A railway station instead (1 000 m)",
            "all",
            "121 of 121",
            share(&[stop(middle, Capacity::High)], &mut workspace),
        ),
        case(
            "Two bus stops at opposite corners of the city",
            "2 · (1 + 2 + 3 + 4 + 5 + 6)",
            "42 of 121",
            share(
                &[stop(0, Capacity::Low), stop(120, Capacity::Low)],
                &mut workspace,
            ),
        ),
    ];
    let clinics: Vec<Start> = [0, 120].map(|corner| city.at(corner).into()).to_vec();
    let mut found = Vec::new();
    let far = Metric::Distance.cost(1e6);
    nearest(
        &towards,
        Passability::Passable,
        &clinics,
        &homes,
        far,
        &mut workspace,
        &mut found,
    );
    let sums = within(
        &found,
        &[1.0; 121],
        &[Metric::Distance.cost(300.0), Metric::Distance.cost(1000.0)],
    );
    cases.push(case(
        "Two clinics at opposite corners: people within 300 m, and within 1 000 m",
        "2 · (1 + 2 + 3 + 4); all, the 11 on the diagonal counted once",
        "20, 121",
        format!("{}, {}", sums[0], sums[1]),
    ));
    cases
}

fn by_bus() -> Vec<Case> {
    let stop = |_| StopInput {
        id: String::new(),
        position: Position::new(0.0, 0.0),
        wheelchair: Passability::Unknown,
    };
    let stops: Vec<StopInput> = (0..3).map(stop).collect();
    let trip = |calls: Vec<Call>, frequencies| TripInput {
        id: String::new(),
        service: 0,
        wheelchair: Passability::Unknown,
        calls,
        frequencies,
    };
    let eight = 28_800;
    let every = Frequency {
        start_s: eight - 7200,
        end_s: eight + 7200,
        headway_s: 600,
        exact: false,
    };
    let fixed = trip(
        vec![Call::at(0, eight + 300), Call::at(1, eight + 900)],
        Vec::new(),
    );
    let missed = trip(
        vec![Call::at(0, eight + 149), Call::at(1, eight + 200)],
        Vec::new(),
    );
    let often = trip(vec![Call::at(0, 0), Call::at(1, 600)], vec![every]);
    let onward = trip(
        vec![Call::at(1, eight + 960), Call::at(2, eight + 1500)],
        Vec::new(),
    );
    let access = [AccessLeg {
        stop: 0,
        seconds: 150,
        state: Passability::Unknown,
    }];
    let time = |trips: &[TripInput], to: u32| {
        let built = Timetable::build(
            &stops,
            trips,
            &[],
            &Services::all_today(1),
            TimetableOptions::default(),
        );
        let built = built.expect("a timetable");
        let mut rounds = Rounds::new();
        let query = Query {
            access: &access,
            departure_s: eight,
            max_rides: 5,
        };
        let egress = [AccessLeg {
            stop: to,
            seconds: 100,
            state: Passability::Unknown,
        }];
        let arrives = earliest(&built, &query, &mut rounds).through(&egress);
        arrives.map_or_else(|| "not at all".to_owned(), |at| format!("{} s", at - eight))
    };
    vec![
        case(
            "Leaving at 8:00, 150 s to the stop, bus 8:05 to 8:15, 100 s from the stop",
            "900 + 100",
            "1000 s",
            time(std::slice::from_ref(&fixed), 1),
        ),
        case(
            "A bus that leaves one second before one is there",
            "it does not count",
            "not at all",
            time(std::slice::from_ref(&missed), 1),
        ),
        case(
            "A line every 10 minutes without exact times instead",
            "150 + 300 (half the headway) + 600 + 100",
            "1150 s",
            time(std::slice::from_ref(&often), 1),
        ),
        case(
            "The bus of 8:05, then another at 8:16 to 8:25",
            "1500 + 100",
            "1600 s",
            time(&[fixed, onward.clone()], 2),
        ),
        case(
            "The line every 10 minutes, then the bus of 8:16",
            "at the stop at 8:17:30: it is gone",
            "not at all",
            time(&[often, onward], 2),
        ),
    ]
}

pub(super) fn table() -> String {
    let mut text = "| Question | Counted by hand | How | Answered |\n|---|---|---|---|\n".to_owned();
    let cases = cases();
    for case in &cases {
        let mark = if case.agrees() { "" } else { " **differs**" };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {}{mark} |",
            case.question, case.counted, case.how, case.answered
        );
    }
    let right = cases.iter().filter(|case| case.agrees()).count();
    let _ = write!(text, "\n{right} of {} agree.", cases.len());
    text
}

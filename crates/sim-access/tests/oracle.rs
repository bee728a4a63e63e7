//! Random graphs against Floyd and Warshall, and properties that must hold of any.
#![allow(clippy::unwrap_used, reason = "a test's helpers")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "costs of a small graph"
)]
#![allow(clippy::float_cmp, reason = "ends of edges are 0 and 1 exactly")]

mod city;

use city::{graphs, network_of, states, travel_of};
use proptest::prelude::*;
use sim_access::attributes::{
    Access, Crossing, Highway, Incline, Kerb, KerbKind, Sidewalk, Smoothness, Surface,
};
use sim_access::network::Snap;
use sim_access::passability::{Steps, judge};
use sim_access::reach::{Isochrone, answer, isochrone, matrix, nearest, search, search_towards, within};
use sim_access::{
    EdgeAttributes, EdgeIndex, Metric, NodeIndex, Passability, Profile, Start, Travel, Workspace,
};

const FAR: u64 = 1 << 40;

/// Floyd–Warshall over directed legs of at least a state, millimetres.
fn all_pairs(travel: &Travel, at_least: Passability) -> Vec<Vec<u64>> {
    let network = travel.network();
    let count = network.node_count();
    let mut cost = vec![vec![FAR; count]; count];
    for (node, row) in cost.iter_mut().enumerate() {
        row[node] = 0;
    }
    for edge in network.edges() {
        let [from, to] = network.ends(edge).unwrap().map(NodeIndex::index);
        for (forward, a, b) in [(true, from, to), (false, to, from)] {
            if travel.verdict(edge, forward).unwrap().state >= at_least {
                cost[a][b] = cost[a][b].min(u64::from(travel.cost(edge, forward).unwrap()));
            }
        }
    }
    for via in 0..count {
        for a in 0..count {
            for b in 0..count {
                cost[a][b] = cost[a][b].min(cost[a][via] + cost[via][b]);
            }
        }
    }
    cost
}

/// The cost between two places on edges, straight from the definition.
fn between(
    travel: &Travel,
    at_least: Passability,
    nodes: &[Vec<u64>],
    from: &Snap,
    to: &Snap,
) -> Option<u64> {
    let network = travel.network();
    let open = |edge, forward| travel.verdict(edge, forward).unwrap().state >= at_least;
    let cost = |edge, forward| u64::from(travel.cost(edge, forward).unwrap());
    // Cost from `from` of an edge to a place on it, rounded as whole millimetres are.
    let part = |edge, forward, fraction: f64| (cost(edge, forward) as f64 * fraction).round() as u64;
    let mut best = FAR;
    if from.edge == to.edge {
        let edge = from.edge;
        if from.fraction <= to.fraction && open(edge, true) {
            best = best.min(part(edge, true, to.fraction) - part(edge, true, from.fraction));
        }
        if from.fraction >= to.fraction && open(edge, false) {
            best = best.min(part(edge, false, from.fraction) - part(edge, false, to.fraction));
        }
    }
    let [from_ends, to_ends] =
        [from, to].map(|place| network.ends(place.edge).unwrap().map(NodeIndex::index));
    for out in [true, false] {
        for into in [true, false] {
            // A place at a node is on every edge there.
            let at = |place: &Snap, end: bool| at_a_node(place) && (place.fraction > 0.5) == end;
            let leaves = open(from.edge, out) || at(from, out);
            let enters = open(to.edge, into) || at(to, !into);
            if !leaves || !enters {
                continue;
            }
            let leave = part(from.edge, out, from.fraction);
            let leave = if out { cost(from.edge, true) - leave } else { leave };
            let enter = part(to.edge, into, to.fraction);
            let enter = if into { enter } else { cost(to.edge, false) - enter };
            let (a, b) = (from_ends[usize::from(out)], to_ends[usize::from(!into)]);
            best = best.min(leave + nodes[a][b] + enter);
        }
    }
    (best < FAR).then_some(best)
}

/// Whether a place is at an end of its edge.
fn at_a_node(place: &Snap) -> bool {
    place.fraction == 0.0 || place.fraction == 1.0
}

/// A graph with a state for each edge, and places on its edges.
#[derive(Clone, Debug)]
struct Case {
    nodes: usize,
    edges: Vec<(usize, usize, u32)>,
    states: Vec<Passability>,
    places: Vec<Snap>,
}

fn cases() -> impl Strategy<Value = Case> {
    graphs().prop_flat_map(|(nodes, edges)| {
        let count = edges.len();
        let fraction = prop_oneof![Just(0.0), Just(1.0), Just(0.5), 0.0..1.0_f64];
        let place = (0..count, fraction)
            .prop_map(|(edge, fraction)| Snap::on(EdgeIndex(u32::try_from(edge).unwrap()), fraction));
        (
            Just(nodes),
            Just(edges),
            states(count),
            prop::collection::vec(place, 2..6),
        )
            .prop_map(|(nodes, edges, states, places)| Case {
                nodes,
                edges,
                states,
                places,
            })
    })
}

impl Case {
    fn travel(&self) -> Travel {
        travel_of(self.nodes, &self.edges, &self.states)
    }

    fn limit() -> u32 {
        Metric::Distance.cost(60.0)
    }

    fn answers(&self, travel: &Travel) -> Vec<Passability> {
        let mut workspace = Workspace::new();
        let from: Start = self.places[0].into();
        self.places[1..]
            .iter()
            .map(|to| answer(travel, &[from], to, Self::limit(), &mut workspace).state)
            .collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn as_floyd_and_warshall(case in cases(), spent in prop::collection::vec(0..30_000_u32, 2)) {
        let travel = case.travel();
        let mut workspace = Workspace::new();
        for at_least in Passability::ALL {
            let nodes = all_pairs(&travel, at_least);
            let starts: Vec<Start> = case.places.iter().zip(&spent).map(|(&place, &spent)| Start { place, spent }).collect();
            let reached = search(&travel, at_least, &starts, u32::MAX, &mut workspace);
            for to in &case.places {
                let want = starts
                    .iter()
                    .filter_map(|start| Some(between(&travel, at_least, &nodes, &start.place, to)? + u64::from(start.spent)))
                    .min();
                let arrival = reached.arrival(to);
                prop_assert_eq!(arrival.map(|arrival| u64::from(arrival.cost)), want);
                // The path adds up to its cost, goes on where it left off, and passes only what may be passed.
                let Some(path) = reached.path(to) else { continue };
                let start = starts[path.start];
                let mut sum = 0.0;
                for step in &path.steps {
                    let state = travel.verdict(step.edge, step.forward).unwrap().state;
                    prop_assert!(state >= at_least || step.begins == step.ends);
                    sum += (step.ends - step.begins).abs() * travel.network().length_m(step.edge).unwrap();
                }
                prop_assert!((sum * 1000.0 + f64::from(start.spent) - f64::from(path.cost)).abs() < 2.0, "{:?}", path);
                prop_assert!(at_a_node(&start.place) || path.steps[0].edge == start.place.edge);
                prop_assert!(at_a_node(to) || path.steps[path.steps.len() - 1].edge == to.edge);
                for pair in path.steps.windows(2) {
                    let ends = [(&pair[0], pair[0].ends), (&pair[1], pair[1].begins)]
                        .map(|(step, end)| travel.network().ends(step.edge).unwrap()[usize::from(end > 0.5)]);
                    prop_assert_eq!(ends[0], ends[1]);
                }
            }
        }
    }

    #[test]
    fn limits_cut_and_nothing_else(case in cases(), limit in 0..100_000_u32) {
        let travel = case.travel();
        let (mut one, mut other) = (Workspace::new(), Workspace::new());
        let all = search(&travel, Passability::Unknown, &[case.places[0].into()], u32::MAX, &mut one);
        let near = search(&travel, Passability::Unknown, &[case.places[0].into()], limit, &mut other);
        for place in &case.places {
            prop_assert_eq!(near.arrival(place), all.arrival(place).filter(|arrival| arrival.cost <= limit));
        }
        // An isochrone covers just the places within the limit (to the rounding of a millimetre).
        let mut cover = Isochrone::default();
        isochrone(&near, limit, &mut cover);
        for place in &case.places {
            let covered = cover.pieces.iter().any(|piece| {
                piece.edge == place.edge && piece.from <= place.fraction && place.fraction <= piece.to
            });
            // At a node one is on every edge there, and this one need not be open.
            if at_a_node(place) {
                continue;
            }
            let cost = all.arrival(place).map_or(FAR, |arrival| u64::from(arrival.cost));
            if cost + 2 <= u64::from(limit) {
                prop_assert!(covered, "{} of {}: {:?}", cost, limit, cover.pieces);
            }
            if cost > u64::from(limit) + 2 {
                prop_assert!(!covered, "{} of {}: {:?}", cost, limit, cover.pieces);
            }
        }
        for pair in cover.pieces.windows(2) {
            prop_assert!(pair[0].edge < pair[1].edge || pair[0].to < pair[1].from);
        }
    }

    #[test]
    fn towards_is_the_way_there(case in cases()) {
        let mut travel = case.travel();
        // Directions that differ.
        for edge in travel.network().edges() {
            if edge.0 % 3 == 0 {
                travel.withdraw(edge);
                let up = EdgeAttributes { incline: Some(Incline::Percent(4.0)), directions: sim_access::attributes::Directions::Forward, ..city::pavement() };
                prop_assert!(travel.correct(edge, up));
            }
        }
        let towards = travel.towards();
        let (mut one, mut other) = (Workspace::new(), Workspace::new());
        for from in &case.places {
            let there = search(&travel, Passability::Passable, &[(*from).into()], u32::MAX, &mut one);
            for to in &case.places {
                let back = search_towards(&towards, Passability::Passable, &[(*to).into()], u32::MAX, &mut other);
                prop_assert_eq!(there.arrival(to).map(|a| a.cost), back.arrival(from).map(|a| a.cost));
                if let Some(path) = back.path(from) {
                    for step in &path.steps {
                        let state = travel.verdict(step.edge, step.forward).unwrap().state;
                        prop_assert!(state == Passability::Passable || step.begins == step.ends);
                    }
                    prop_assert!(at_a_node(from) || path.steps[0].edge == from.edge);
                }
            }
        }
    }

    #[test]
    fn more_edges_never_lengthen_and_closing_never_shortens(case in cases(), kept in 1..18_usize, closed in 0..18_usize) {
        let kept = kept.min(case.edges.len());
        let part = travel_of(case.nodes, &case.edges[..kept], &case.states[..kept]);
        let mut whole = case.travel();
        let (mut one, mut other) = (Workspace::new(), Workspace::new());
        let places: Vec<Snap> = case.places.iter().copied().filter(|place| place.edge.index() < kept).collect();
        if places.is_empty() {
            return Ok(());
        }
        for at_least in Passability::ALL {
            let less = search(&part, at_least, &[places[0].into()], u32::MAX, &mut one);
            let more = search(&whole, at_least, &[places[0].into()], u32::MAX, &mut other);
            for place in &places {
                let (less, more) = (less.arrival(place), more.arrival(place));
                prop_assert!(less.is_none() || more.unwrap().cost <= less.unwrap().cost);
            }
        }
        let before: Vec<_> = {
            let reached = search(&whole, Passability::Unknown, &[places[0].into()], u32::MAX, &mut one);
            places.iter().map(|place| reached.arrival(place)).collect()
        };
        let answers = case.answers(&whole);
        whole.report(EdgeIndex(u32::try_from(closed).unwrap()), Passability::Blocked);
        let reached = search(&whole, Passability::Unknown, &[places[0].into()], u32::MAX, &mut one);
        for (place, before) in places.iter().zip(before) {
            let after = reached.arrival(place);
            prop_assert!(after.is_none() || before.unwrap().cost <= after.unwrap().cost);
        }
        for (before, after) in answers.into_iter().zip(case.answers(&whole)) {
            prop_assert!(after <= before);
        }
    }

    #[test]
    fn knowledge_is_monotone(case in cases(), which in 0..18_usize, learned in any::<bool>()) {
        let unknown: Vec<usize> = (0..case.states.len()).filter(|&edge| case.states[edge] == Passability::Unknown).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let edge = EdgeIndex(u32::try_from(unknown[which % unknown.len()]).unwrap());
        let mut travel = case.travel();
        let before = case.answers(&travel);
        travel.report(edge, Passability::from(learned));
        for (before, after) in before.into_iter().zip(case.answers(&travel)) {
            // What was decided stays; what was not may be decided the way that was learned, never the other.
            match before {
                Passability::Unknown if learned => prop_assert!(after >= before),
                Passability::Unknown => prop_assert!(after <= before),
                decided => prop_assert_eq!(after, decided),
            }
        }
    }

    #[test]
    fn answers_say_what_would_decide_them(case in cases()) {
        let travel = case.travel();
        let mut workspace = Workspace::new();
        for to in &case.places[1..] {
            let from: Start = case.places[0].into();
            let found = answer(&travel, &[from], to, Case::limit(), &mut workspace);
            let mut changed = travel.clone();
            match found.state {
                Passability::Passable => prop_assert!(found.undecided.is_empty() && found.blocking.is_empty()),
                // Were all that is named good, the answer would be yes.
                Passability::Unknown => {
                    prop_assert!(!found.undecided.is_empty());
                    found.undecided.iter().for_each(|edge| { changed.report(edge.edge, Passability::Passable); });
                    prop_assert_eq!(answer(&changed, &[from], to, Case::limit(), &mut workspace).state, Passability::Passable);
                }
                Passability::Blocked if found.path.is_some() => {
                    prop_assert!(!found.blocking.is_empty());
                    found.blocking.iter().for_each(|edge| { changed.report(edge.edge, Passability::Passable); });
                    prop_assert!(answer(&changed, &[from], to, Case::limit(), &mut workspace).state > Passability::Blocked);
                }
                Passability::Blocked => {
                    let reached = search(&travel, Passability::Blocked, &[from], Case::limit(), &mut workspace);
                    prop_assert_eq!(reached.arrival(to), None);
                }
            }
        }
    }

    #[test]
    fn threads_change_nothing(case in cases()) {
        let travel = case.travel();
        let places: Vec<Option<Snap>> = case.places.iter().copied().map(Some).chain([None]).collect();
        let alone = matrix(&travel, Passability::Unknown, &places, &places, 50_000, 1);
        for threads in [2, 3, 8] {
            prop_assert_eq!(&matrix(&travel, Passability::Unknown, &places, &places, 50_000, threads), &alone);
        }
        // The nearest of all is the least of the column.
        let facilities: Vec<Start> = case.places.iter().copied().map(Start::from).collect();
        let (mut found, mut workspace) = (Vec::new(), Workspace::new());
        nearest(&travel.towards(), Passability::Unknown, &facilities, &places, 50_000, &mut workspace, &mut found);
        for (row, nearest) in found.iter().enumerate() {
            let least = (0..facilities.len()).filter_map(|column| alone.get(row, column)).min();
            prop_assert_eq!(nearest.map(|nearest| nearest.cost), least);
        }
        let sum = within(&found, &vec![1.0; places.len()], &[50_000]);
        prop_assert_eq!(sum[0] as usize, found.iter().flatten().count());
    }
}

fn attributes() -> impl Strategy<Value = EdgeAttributes> {
    use Highway::{Cycleway, Elevator, Footway, Motorway, Path, Primary, Residential, Service, Trunk};
    let highway = prop::option::of(prop::sample::select(vec![
        Footway,
        Path,
        Cycleway,
        Elevator,
        Motorway,
        Primary,
        Residential,
        Service,
        Trunk,
        Highway::Steps,
        Highway::Other,
    ]));
    let kerb = || {
        let kinds = vec![
            KerbKind::Flush,
            KerbKind::Lowered,
            KerbKind::Raised,
            KerbKind::Rolled,
            KerbKind::Yes,
        ];
        prop::option::of((prop::sample::select(kinds), prop::option::of(0.0..0.2_f32)))
            .prop_map(|kerb| kerb.map(|(kind, height_m)| Kerb { kind, height_m }))
    };
    let ground = (
        prop::option::of(prop::sample::select(vec![
            Surface::Asphalt,
            Surface::Sett,
            Surface::Sand,
            Surface::Paved,
        ])),
        prop::option::of(prop::sample::select(vec![
            Smoothness::Good,
            Smoothness::Intermediate,
            Smoothness::Bad,
            Smoothness::Horrible,
        ])),
        prop::option::of(0.3..3.0_f32),
        prop::option::of(prop_oneof![
            (-15.0..15.0_f32).prop_map(Incline::Percent),
            Just(Incline::Up),
            Just(Incline::Down)
        ]),
    );
    let built = (
        prop::option::of(0..10_u16),
        prop::option::of(any::<bool>()),
        prop::option::of(any::<bool>()),
        prop::option::of(prop::sample::select(vec![
            Sidewalk::Yes,
            Sidewalk::No,
            Sidewalk::Separate,
        ])),
        prop::option::of(prop::sample::select(vec![
            Crossing::Marked,
            Crossing::TrafficSignals,
            Crossing::No,
        ])),
        prop::option::of(any::<bool>()),
        prop::option::of(prop::sample::select(vec![
            Access::Yes,
            Access::Private,
            Access::No,
        ])),
    );
    (highway, kerb(), kerb(), ground, built).prop_map(
        |(
            highway,
            kerb_from,
            kerb_to,
            (surface, smoothness, width_m, incline),
            (step_count, ramp, handrail, sidewalk, crossing, tactile_paving, access),
        )| {
            EdgeAttributes {
                highway,
                surface,
                smoothness,
                width_m,
                incline,
                step_count,
                ramp,
                handrail,
                kerb_from,
                kerb_to,
                sidewalk,
                crossing,
                tactile_paving,
                access,
                ..EdgeAttributes::default()
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn wheels_pass_only_where_feet_do(way in attributes(), forward in any::<bool>()) {
        let walking = judge(&way, &Profile::walking(), forward).state;
        for wheels in [Profile::manual_wheelchair(), Profile::powered_wheelchair(), Profile::long_cane()] {
            prop_assert!(judge(&way, &wheels, forward).state <= walking);
        }
    }

    #[test]
    fn wheels_reach_no_more_than_feet_and_no_sooner(
        ways in prop::collection::vec((0..5_usize, 0..5_usize, 1..90_u32, attributes()), 1..10),
        metric in prop::sample::select(vec![Metric::Distance, Metric::Time]),
    ) {
        let edges: Vec<_> = ways.iter().map(|&(a, b, length, _)| (a, b, length)).collect();
        let network = network_of(5, &edges);
        let of = |profile: &Profile| {
            let mut travel = Travel::new(std::sync::Arc::clone(&network), profile, metric).unwrap();
            for (edge, way) in network.edges().zip(&ways) {
                assert!(travel.correct(edge, way.3));
            }
            travel
        };
        let walking = of(&Profile::walking());
        let (mut one, mut other) = (Workspace::new(), Workspace::new());
        let start = [Snap::on(EdgeIndex(0), 0.3).into()];
        for wheels in [Profile::manual_wheelchair(), Profile::powered_wheelchair()] {
            let wheels = of(&wheels);
            for at_least in [Passability::Unknown, Passability::Passable] {
                let on_foot = search(&walking, at_least, &start, u32::MAX, &mut one);
                let rolling = search(&wheels, at_least, &start, u32::MAX, &mut other);
                for (node, cost) in rolling.nodes() {
                    prop_assert!(on_foot.node_cost(node).is_some_and(|on_foot| on_foot <= cost));
                }
            }
        }
    }

    #[test]
    fn a_missing_tag_that_is_named_decides_and_one_that_is_learned_never_undoes(
        way in attributes(), full in attributes(), forward in any::<bool>(),
    ) {
        // Fill in what is missing from another way, tag by tag; a verdict once reached stays. Left alone: how the way
        // is drawn (its class, a crossing, steps), and barriers that are only there if somebody says so.
        let profile = Profile { steps: Steps::NeedsRamp { unsaid: Passability::Unknown }, ..Profile::manual_wheelchair() };
        let before = judge(&way, &profile, forward);
        let mut more = way;
        more.surface = way.surface.or(full.surface);
        more.smoothness = way.smoothness.or(full.smoothness);
        more.width_m = way.width_m.or(full.width_m);
        more.incline = way.incline.or(full.incline);
        more.ramp = way.ramp.or(full.ramp);
        more.sidewalk = way.sidewalk.or(full.sidewalk);
        if before.undecided.contains(sim_access::Criterion::Kerb) {
            more.kerb_from = way.kerb_from.or(full.kerb_from);
            more.kerb_to = way.kerb_to.or(full.kerb_to);
        }
        let after = judge(&more, &profile, forward).state;
        if before.state != Passability::Unknown && !(way.has_steps() && way.ramp.is_none()) {
            prop_assert_eq!(after, before.state);
        }
        prop_assert_eq!(before.state == Passability::Unknown, before.blocking.is_empty() && !before.undecided.is_empty());
    }
}

#[test]
fn wheelchairs_reach_no_more_and_no_sooner() {
    let network = network_of(4, &[(0, 1, 40), (1, 2, 30), (0, 2, 90), (2, 3, 10)]);
    let walking = Travel::new(std::sync::Arc::clone(&network), &Profile::walking(), Metric::Time).unwrap();
    let wheels = Travel::new(network, &Profile::manual_wheelchair(), Metric::Time).unwrap();
    let (mut one, mut other) = (Workspace::new(), Workspace::new());
    let start = [Snap::on(EdgeIndex(0), 0.0).into()];
    let on_foot = search(&walking, Passability::Passable, &start, u32::MAX, &mut one);
    let rolling = search(&wheels, Passability::Passable, &start, u32::MAX, &mut other);
    for node in 0..4 {
        assert!(rolling.node_cost(NodeIndex(node)).unwrap() >= on_foot.node_cost(NodeIndex(node)).unwrap());
    }
}

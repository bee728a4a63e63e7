//! Whatever comes in, something comes out: no panic, no overflow.

mod city;

use city::{graphs, network_of};
use proptest::prelude::*;
use sim_access::attributes::Highway;
use sim_access::equity::{Facility, reach_states, shares};
use sim_access::reach::{Isochrone, OutlineOptions, answer, isochrone, outline, search};
use sim_access::survey::worth_a_look;
use sim_access::tags;
use sim_access::transit::{
    AccessLeg, Call, Footpath, Frequency, FrequencyRule, Query, Rounds, Services, StopInput, StraightLine,
    Timetable, TimetableOptions, TripInput, Window, earliest, range, straight_footpaths, straight_legs,
};
use sim_access::{
    EdgeAttributes, EdgeIndex, EdgeInput, Metric, Network, NodeInput, Passability, Position, Profile, Snap,
    Start, Travel, Workspace,
};

fn number() -> impl Strategy<Value = f64> {
    let odd = vec![
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        -0.0,
        f64::MAX,
        f64::MIN_POSITIVE,
        -1.0,
    ];
    prop_oneof![3 => 0.0..1.0_f64, 1 => -200.0..200.0_f64, 1 => any::<f64>(), 1 => prop::sample::select(odd)]
}

fn place() -> impl Strategy<Value = Snap> {
    let edge = prop_oneof![4 => 0..18_u32, 1 => any::<u32>()].prop_map(EdgeIndex);
    (edge, number(), number()).prop_map(|(edge, fraction, offset_m)| Snap {
        edge,
        fraction,
        offset_m,
    })
}

fn time() -> impl Strategy<Value = i32> {
    prop_oneof![4 => 0..1_000_i32, 1 => any::<i32>(), 1 => Just(i32::MAX), 1 => Just(i32::MIN)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn on_foot(
        (nodes, edges) in graphs(),
        places in prop::collection::vec((place(), any::<u32>()), 1..4),
        to in place(),
        limit in any::<u32>(),
        (width_m, spacing_m) in (number(), 1.0..50.0_f64),
    ) {
        let network = network_of(nodes, &edges);
        for metric in [Metric::Distance, Metric::Time] {
            let travel = Travel::new(std::sync::Arc::clone(&network), &Profile::walking(), metric).unwrap();
            let starts: Vec<Start> = places.iter().map(|&(place, spent)| Start { place, spent }).collect();
            let (mut workspace, mut cover) = (Workspace::new(), Isochrone::default());
            let reached = search(&travel, Passability::Passable, &starts, limit, &mut workspace);
            let _ = reached.path(&to);
            isochrone(&reached, limit, &mut cover);
            prop_assert!(cover.length_m.is_finite());
            let options = OutlineOptions { width_m: width_m.min(100.0), spacing_m };
            let _ = outline(&network, &cover.pieces, &options);
            let _ = answer(&travel, &starts, &to, limit, &mut workspace);
            let towards = travel.towards();
            let weights = vec![width_m; 2];
            let _ = worth_a_look(&towards, &starts, &[Some(to), None], &weights, limit, &mut workspace);
            let facility = [Facility { place: Some(to), state: Passability::Unknown }];
            let states = reach_states(&towards, &facility, &[Some(to), None], limit, &mut workspace);
            let _ = shares(&weights, &[0, u16::MAX], &states);
        }
    }

    #[test]
    fn networks(
        nodes in prop::collection::vec((0..6_i64, number(), number()), 0..6),
        edges in prop::collection::vec((0..7_i64, 0..7_i64, number(), number(), prop::option::of((number(), number()))), 0..8),
        (lon, lat, within_m) in (number(), number(), number()),
    ) {
        let nodes: Vec<_> = nodes.into_iter().map(|(id, lon, lat)| NodeInput { id, position: Position::new(lon, lat) }).collect();
        let edges: Vec<_> = edges
            .into_iter()
            .map(|(from, to, length_m, width, bend)| EdgeInput {
                id: from,
                from,
                to,
                length_m,
                bends: bend.into_iter().map(|(lon, lat)| Position::new(lon, lat)).collect(),
                #[allow(clippy::cast_possible_truncation, reason = "any number will do")]
                attributes: EdgeAttributes { width_m: Some(width as f32), ..EdgeAttributes::of(Highway::Path) },
            })
            .collect();
        let (network, refused) = Network::build_from_what_is_sound(&nodes, &edges).unwrap();
        prop_assert_eq!(network.node_count() + network.edge_count() + refused.len(), nodes.len() + edges.len());
        prop_assert_eq!(Network::build(&nodes, &edges).is_ok(), refused.is_empty());
        if let Some(snap) = network.snap(Position::new(lon, lat), within_m) {
            prop_assert!(snap.offset_m <= within_m && (0.0..=1.0).contains(&snap.fraction));
            prop_assert!(network.place_of(&snap).unwrap().is_valid());
        }
    }

    #[test]
    fn words(tags in prop::collection::vec(("(width|incline|kerb|kerb:height|highway|step_count|surface|foot|[a-z:]{0,9})", "[0-9a-z.,:%°'\" -]{0,9}|\\PC{0,4}"), 0..8)) {
        let (way, _) = tags::read(tags.iter().map(|(key, value)| (key.as_str(), value.as_str())));
        let nodes = [0, 1].map(|id| NodeInput { id, position: Position::new(0.0, 0.0) });
        // What is read is never refused.
        prop_assert!(Network::build(&nodes, &[EdgeInput::straight(0, 0, 1, 1.0, way)]).is_ok());
    }

    #[test]
    fn timetables(
        trips in prop::collection::vec(
            (0..2_u32, prop::collection::vec((0..4_u32, time(), time()), 0..4), prop::collection::vec((time(), time(), time(), any::<bool>()), 0..2)),
            0..3,
        ),
        footpaths in prop::collection::vec((0..4_u32, 0..4_u32, any::<u32>()), 0..4),
        access in prop::collection::vec((0..5_u32, prop_oneof![0..100_u32, any::<u32>()]), 0..3),
        (departure_s, change_s, max_rides, share) in (time(), any::<u32>(), any::<usize>(), number()),
    ) {
        let stops: Vec<StopInput> = (0..4).map(|_| StopInput { id: String::new(), position: Position::new(share, share), wheelchair: Passability::Unknown }).collect();
        let trips: Vec<TripInput> = trips
            .into_iter()
            .map(|(service, calls, often)| TripInput {
                id: "t".to_owned(),
                service,
                wheelchair: Passability::Unknown,
                calls: calls.into_iter().map(|(stop, arrival_s, departure_s)| Call { arrival_s, departure_s, ..Call::at(stop, 0) }).collect(),
                frequencies: often.into_iter().map(|(start_s, end_s, headway_s, exact)| Frequency { start_s, end_s, headway_s, exact }).collect(),
            })
            .collect();
        let footpaths: Vec<Footpath> = footpaths.into_iter().map(|(from, to, seconds)| Footpath { from, to, seconds, state: Passability::Unknown }).collect();
        let services = Services { runs: vec![[true; 3]] };
        let options = TimetableOptions { at_least: Passability::Unknown, frequency: FrequencyRule::Wait { share }, change_s };
        let walking = StraightLine { within_m: share, detour: share, speed_m_s: share };
        let _ = (straight_footpaths(&stops, &walking), straight_legs(Position::new(share, 0.0), &stops, &walking));
        let Ok(timetable) = Timetable::build(&stops, &trips, &footpaths, &services, options) else { return Ok(()) };
        let access: Vec<AccessLeg> = access.into_iter().map(|(stop, seconds)| AccessLeg { stop, seconds, state: Passability::Unknown }).collect();
        let mut rounds = Rounds::new();
        let arrivals = earliest(&timetable, &Query { access: &access, departure_s, max_rides }, &mut rounds);
        for stop in 0..5 {
            let _ = (arrivals.at(stop), arrivals.journey(stop));
        }
        let _ = arrivals.journey_through(&access);
        if let Ok(window) = Window::new(departure_s, departure_s.saturating_add(60), (change_s % 100).cast_signed()) {
            let result = range(&timetable, &access, std::slice::from_ref(&access), &[Some(change_s)], window, max_rides, &mut rounds);
            let times = result.distribution(0).unwrap();
            let _ = (times.mean_s(), times.percentile_s(share), times.reached());
        }
    }
}

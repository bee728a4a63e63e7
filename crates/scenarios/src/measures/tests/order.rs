//! The order of measures does not matter, and timetables stay timetables.

use proptest::prelude::*;

use super::*;

/// Measures that do not contradict each other, though many concern the same entities.
fn pool(at: &[(f64, f64)], saving: i64) -> Vec<Measure> {
    let urn = |short: &str| format!("urn:ngsi-ld:{short}");
    let seven = urn("GtfsRoute:7");
    let both = json!([urn("GtfsRoute:7"), urn("GtfsRoute:8")]);
    let mut pool: Vec<Measure> = at
        .iter()
        .enumerate()
        .map(|(n, (x, y))| {
            measure(
                &format!("stop-{n}"),
                "new-stop",
                json!({"at": [x, y], "routes": both, "most_detour_m": 10000}),
            )
        })
        .collect();
    pool.extend([
        measure("lane-b", "bus-lanes", json!({"streets": [urn("RoadSegment:b")], "saving_pct": saving})),
        measure("lane-bc", "bus-lanes", json!({"streets": [urn("RoadSegment:b"), urn("RoadSegment:c")], "saving_pct": saving})),
        measure("early", "frequency", json!({"routes": both, "headway_min": 7, "from": "05:00", "until": "08:20"})),
        measure("late", "frequency", json!({"routes": both, "headway_min": 4, "from": "08:20", "until": "19:00"})),
        measure("night", "extend-service-hours", json!({"routes": both, "headway_min": 30, "from": "19:00", "until": "23:00"})),
        measure("low", "low-floor-vehicles", json!({"routes": both})),
        measure("line", "new-line", json!({"calls": [urn("GtfsStop:1"), [36.80, -1.275], urn("GtfsStop:4")]})),
        measure("line-often", "frequency", json!({"routes": urn("GtfsRoute:scenario:line"), "headway_min": 5})),
        measure("line-stop", "serve-stop", json!({"stop": urn("GtfsStop:2"), "routes": urn("GtfsRoute:scenario:line"), "most_detour_m": 5000})),
        measure("free", "step-free-stop", json!({"stops": [urn("GtfsStop:1"), urn("GtfsStop:scenario:stop-0")]})),
        measure("seven", "serve-stop", json!({"stop": urn("GtfsStop:scenario:line:2"), "routes": seven, "most_detour_m": 5000})),
        measure("ramps", "kerb-ramp", json!({"nodes": {"q": "kerb==\"raised\""}})),
        measure("ramp", "kerb-ramp", json!({"nodes": [urn("RoadNode:2")]})),
        measure("look", "survey", json!({"entities": {"type": "RoadNode"}, "tags": {"tactile_paving": "no", "kerb": "raised"}})),
        measure("large", "enlarge-place", json!({"places": urn("School:1"), "factor": 1.1})),
        measure("larger", "enlarge-place", json!({"places": urn("School:1"), "factor": 1.7})),
        measure("gone", "close-place", json!({"places": urn("Park:1")})),
    ]);
    pool
}

/// Every trip's numbers go up, its times do not go back, and its stops are there.
fn timetables_hold(snapshot: &Snapshot) {
    let all = all(snapshot);
    for trip in all
        .values()
        .filter(|entity| entity.has_type(name("GtfsTrip").as_str()))
    {
        let calls = calls(snapshot, trip.id.as_str().trim_start_matches("urn:ngsi-ld:"));
        assert!(calls.len() >= 2, "{}", trip.id);
        for call in &calls {
            assert!(call.2 <= call.3, "{} {call:?}", trip.id);
            assert!(all.contains_key(&id(&format!("GtfsStop:{}", call.1))), "{call:?}");
        }
        for pair in calls.windows(2) {
            assert!(
                pair[0].0 < pair[1].0 && pair[0].3 <= pair[1].2,
                "{} {pair:?}",
                trip.id
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_order_gives_the_same_city(
        at in proptest::collection::vec((36.801..36.814_f64, -1.282..-1.278_f64), 3),
        saving in 0..60_i64,
        chosen in proptest::collection::vec(any::<bool>(), 20),
        order in Just((0..20_usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let baseline = baseline();
        let pool = pool(&at, saving);
        prop_assert_eq!(pool.len(), 20);
        let mut one: Vec<&Measure> = pool.iter().zip(&chosen).filter(|(_, it)| **it).map(|(it, _)| it).collect();
        let (fork, applied) = match apply_all(&baseline, &view(), &one) {
            Ok(done) => done,
            // Some need others that are not chosen: then in any order.
            Err(findings) => {
                one.sort_by_key(|measure| order[pool.iter().position(|it| it.name == measure.name).unwrap()]);
                let mut again: Vec<String> = apply_all(&baseline, &view(), &one).err().unwrap().iter().map(ToString::to_string).collect();
                let mut findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
                again.sort();
                findings.sort();
                prop_assert_eq!(findings, again);
                return Ok(());
            }
        };
        prop_assert_eq!(applied.len(), one.len());
        let first = all(&fork.snapshot());
        timetables_hold(&fork.snapshot());
        one.sort_by_key(|measure| order[pool.iter().position(|it| it.name == measure.name).unwrap()]);
        let (fork, _) = apply_all(&baseline, &view(), &one).unwrap();
        prop_assert_eq!(&all(&fork.snapshot()), &first);
    }

    /// Drafts grow by one measure at a time from common beginnings; each is what all of its measures give at once.
    #[test]
    fn a_draft_is_what_its_measures_give_at_once(
        at in proptest::collection::vec((36.801..36.814_f64, -1.282..-1.278_f64), 3),
        order in Just((0..20_usize).collect::<Vec<_>>()).prop_shuffle(),
        split in 0..20_usize,
    ) {
        let baseline = baseline();
        let pool = pool(&at, 20);
        let measures: Vec<&Measure> = pool.iter().collect();
        let plans = Plans::new(&baseline, &view(), &measures).unwrap();
        prop_assert!(plans.contradictions(&order).is_empty());
        let mut draft = plans.draft();
        let (mut stem, mut before) = (None, None);
        for (step, index) in order.iter().enumerate() {
            if step == split {
                before = Some(all(&draft.snapshot()));
                stem = Some(draft.clone());
            }
            // What needs another that comes later is refused, and left out.
            let _ = plans.add(&mut draft, *index);
        }
        let members: Vec<&Measure> = draft.members().iter().map(|index| measures[*index]).collect();
        let (fork, _) = apply_all(&baseline, &view(), &members).unwrap();
        prop_assert_eq!(all(&draft.snapshot()), all(&fork.snapshot()));
        prop_assert_eq!(stem.map(|it| all(&it.snapshot())), before, "the stem stays as it was");
    }
}

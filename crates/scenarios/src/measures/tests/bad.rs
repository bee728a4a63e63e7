//! Measures that cannot be, alone or together: a clear diagnosis, and nothing done.

use super::*;
use query::view::{Condition, Rights};

fn urn(short: &str) -> String {
    format!("urn:ngsi-ld:{short}")
}

#[test]
fn a_measure_that_does_not_fit_the_city_is_told() {
    let cases: &[(&str, Json, &str)] = &[
        (
            "kerb-ramp",
            json!({"nodes": [urn("RoadNode:2"), urn("RoadNode:22")]}),
            "measure m, with.nodes[1]: there is no entity `urn:ngsi-ld:RoadNode:22`; did you mean `urn:ngsi-ld:RoadNode:2`?",
        ),
        (
            "kerb-ramp",
            json!({"nodes": ["urn:other:thing"]}),
            "with.nodes[0]: there is no entity `urn:other:thing`; name an entity that is in the twin",
        ),
        (
            "kerb-ramp",
            json!({"nodes": [urn("GtfsStop:1")]}),
            "measure m, with.nodes[0]: `urn:ngsi-ld:GtfsStop:1` (Stop 1) is a GtfsStop, and `kerb-ramp` takes `RoadNode`; name an entity of that type",
        ),
        (
            "kerb-ramp",
            json!({"nodes": {"q": "kerb==\"rolled\""}}),
            "measure m, with.nodes: it selects no RoadNode of the baseline: `kerb` is `raised` (2), `lowered` (1), not \
             given (1); widen",
        ),
        (
            "kerb-ramp",
            json!({"nodes": {"q": "kerbs==\"raised\";node>99|kerbs"}}),
            "it selects no RoadNode of the baseline: none of 4 has `kerbs` (did you mean `kerb`?); `node` is `2` (1), \
             `3` (1), `4` (1), `5` (1); widen",
        ),
        (
            "kerb-ramp",
            json!({"nodes": {"within_m": 5, "of": [30.0, 1.0]}}),
            "it selects no RoadNode of the baseline; widen",
        ),
        (
            "kerb-ramp",
            json!({"nodes": {"within_m": 5, "of": urn("GtfsStop:9")}}),
            "with.nodes.of: there is no entity",
        ),
        (
            "kerb-ramp",
            json!({"nodes": {"within_m": 5, "of": urn("GtfsRoute:7")}}),
            "with.nodes.of: `urn:ngsi-ld:GtfsRoute:7` has no location",
        ),
        (
            "kerb-ramp",
            json!({}),
            "measure m, with.nodes: `kerb-ramp` needs it",
        ),
        (
            "kerb-rampp",
            json!({}),
            "measure m, kind: there is no kind of measure `kerb-rampp`; did you mean `kerb-ramp`?",
        ),
        (
            "ramp-over-steps",
            json!({"steps": urn("RoadSegment:a")}),
            "with.steps[0]: `urn:ngsi-ld:RoadSegment:a` has `highway` `primary`, and `ramp-over-steps` is for `steps`; take it out",
        ),
        (
            "repair-lift",
            json!({"lifts": urn("RoadNode:2")}),
            "`urn:ngsi-ld:RoadNode:2` has `highway` not known, and `repair-lift` is for `elevator`",
        ),
        (
            "enlarge-place",
            json!({"places": urn("Park:1"), "factor": 2}),
            "`urn:ngsi-ld:Park:1` has no number `capacity`; give it its `capacity` first",
        ),
        (
            "new-stop",
            json!({"at": [36.9, -1.5], "routes": urn("GtfsRoute:7")}),
            "with.routes[0]: every trip of `urn:ngsi-ld:GtfsRoute:7` (7) would go at least",
        ),
        (
            "new-stop",
            json!({"at": [36.8075, -1.28], "routes": urn("GtfsRoute:idle")}),
            "no trip runs on `urn:ngsi-ld:GtfsRoute:idle` (0); name a line",
        ),
        (
            "frequency",
            json!({"routes": urn("GtfsRoute:7"), "headway_min": 5, "from": "09:00", "until": "08:00"}),
            "with.until: the window ends before it begins",
        ),
        (
            "low-floor-vehicles",
            json!({"routes": urn("GtfsRoute:idle")}),
            "no trip runs on",
        ),
        (
            "new-line",
            json!({"calls": [urn("GtfsStop:1"), urn("GtfsStop:5")]}),
            "with.calls[1]: there is no entity `urn:ngsi-ld:GtfsStop:5`; did you mean",
        ),
        (
            "new-line",
            json!({"calls": [urn("GtfsStop:1"), urn("School:1")]}),
            "with.calls[1]: `urn:ngsi-ld:School:1` is a School and no stop",
        ),
        (
            "new-line",
            json!({"calls": [urn("GtfsStop:1"), urn("GtfsStop:2")], "service": urn("GtfsService:none")}),
            "with.service: there is no entity",
        ),
        (
            "add-street",
            json!({"from": 99, "to": 3}),
            "with.from: no street has a vertex 99",
        ),
        (
            "add-street",
            json!({"from": 2, "to": 2}),
            "with.to: it ends where it begins",
        ),
        (
            "add-street",
            json!({"from": 2, "to": [36.8101, -1.285]}),
            "with.to: no vertex of a street is within 30 m of 36.8101, -1.285; the nearest, of `urn:ngsi-ld:RoadSegment:",
        ),
        (
            "add-street",
            json!({"from": 2, "to": [-1.28, 36.81]}),
            "with.to: no street is within 2000 m",
        ),
        (
            "add-street",
            json!({"from": 2, "to": urn("GtfsStop:1")}),
            "with.to: `urn:ngsi-ld:GtfsStop:1` (Stop 1) is a GtfsStop and no RoadNode",
        ),
    ];
    for (kind, with, expected) in cases {
        let found = refused(&[measure("m", kind, with.clone())]);
        assert!(
            found.iter().any(|it| it.contains(expected)),
            "{kind} {with}\nwanted {expected}\ngot {found:#?}"
        );
        // One at a time, on a fork: it stays as it was.
        let baseline = baseline();
        let mut fork = baseline.fork();
        assert!(apply(&mut fork, &view(), &measure("m", kind, with.clone())).is_err());
        assert_eq!(all(&fork.snapshot()), all(&baseline));
    }
}

#[test]
fn all_that_is_wrong_with_all_measures_is_told() {
    let found = refused(&[
        measure(
            "a",
            "kerb-ramp",
            json!({"nodes": [urn("RoadNode:7"), urn("GtfsStop:1")]}),
        ),
        measure("b", "close-place", json!({"places": [urn("School:2")]})),
    ]);
    assert_eq!(found.len(), 3, "{found:#?}");
}

#[test]
fn contradictions_name_both_measures_and_the_entity() {
    let ramp = |name: &str, kerb: &str| {
        measure(
            name,
            "kerb-ramp",
            json!({"nodes": [urn("RoadNode:2")], "kerb": kerb}),
        )
    };
    let close = measure(
        "close",
        "close-street",
        json!({"streets": [urn("RoadSegment:a")]}),
    );
    let gone = measure("gone", "close-place", json!({"places": [urn("School:1")]}));
    let often = |name: &str, from: &str, until: &str| {
        measure(
            name,
            "frequency",
            json!({"routes": urn("GtfsRoute:7"), "headway_min": 5, "from": from, "until": until}),
        )
    };
    let lane = |name: &str, saving: i64| {
        measure(
            name,
            "bus-lanes",
            json!({"streets": urn("RoadSegment:a"), "saving_pct": saving}),
        )
    };
    let serve = |name: &str| {
        measure(
            name,
            "serve-stop",
            json!({"stop": urn("GtfsStop:4"), "routes": urn("GtfsRoute:8"), "most_detour_m": 2000}),
        )
    };
    let cases: Vec<(Measure, Measure, &str)> = vec![
        (
            ramp("a", "flush"),
            ramp("b", "lowered"),
            "measures a and b: they leave `kerb` of `urn:ngsi-ld:RoadNode:2` different: a sets \"flush\", b sets \"lowered\"; put them in different scenarios",
        ),
        (
            close.clone(),
            measure("new", "resurface", json!({"streets": [urn("RoadSegment:a")]})),
            "measures close and new: close closes `urn:ngsi-ld:RoadSegment:a`, and new changes or needs it",
        ),
        (
            gone.clone(),
            measure(
                "open",
                "open-place-to-wheelchairs",
                json!({"places": urn("School:1")}),
            ),
            "measures gone and open: gone takes `urn:ngsi-ld:School:1` away, and open changes or needs it",
        ),
        (
            gone,
            measure(
                "move",
                "move-place",
                json!({"place": urn("School:1"), "to": [36.8, -1.281]}),
            ),
            "gone takes `urn:ngsi-ld:School:1` away",
        ),
        (
            measure("x", "new-stop", json!({"at": [36.8075, Y]})),
            measure("x", "new-stop", json!({"at": [36.8025, Y]})),
            "both make `urn:ngsi-ld:GtfsStop:scenario:x`; give the measures different names",
        ),
        (
            often("a", "07:00", "09:00"),
            often("b", "08:00", "10:00"),
            "both decide how often `urn:ngsi-ld:GtfsRoute:7` runs at the same time of day",
        ),
        (
            lane("a", 10),
            lane("b", 20),
            "they save different shares of the run time along `urn:ngsi-ld:RoadSegment:a`",
        ),
        (
            serve("a"),
            serve("b"),
            "both let trips call at `urn:ngsi-ld:GtfsStop:4`",
        ),
        (
            measure(
                "move-1",
                "move-place",
                json!({"place": urn("School:1"), "to": [36.8, -1.281]}),
            ),
            measure(
                "move-2",
                "move-place",
                json!({"place": urn("School:1"), "to": [36.8, -1.282]}),
            ),
            "measures move-1 and move-2: they leave `location` of `urn:ngsi-ld:School:1` different",
        ),
        (
            close,
            measure("path", "add-street", json!({"from": [X[0], Y], "to": 5})),
            "close closes `urn:ngsi-ld:RoadSegment:a`, and path changes or needs it",
        ),
    ];
    for (a, b, expected) in cases {
        let one = refused(&[a.clone(), b.clone()]);
        assert!(
            one.iter().any(|it| it.contains(expected)),
            "wanted {expected}\ngot {one:#?}"
        );
        assert_eq!(one, refused(&[b, a]), "whichever is first");
    }
}

#[test]
fn what_agrees_is_no_contradiction() {
    let pairs = [
        [
            measure("a", "kerb-ramp", json!({"nodes": [urn("RoadNode:2")]})),
            measure("b", "kerb-ramp", json!({"nodes": {"q": "kerb==\"raised\""}})),
        ],
        [
            measure(
                "a",
                "survey",
                json!({"entities": urn("RoadSegment:b"), "tags": {"surface": "sand"}}),
            ),
            measure("b", "resurface", json!({"streets": urn("RoadSegment:b")})),
        ],
        [
            measure(
                "a",
                "enlarge-place",
                json!({"places": urn("School:1"), "factor": 1.5}),
            ),
            measure(
                "b",
                "enlarge-place",
                json!({"places": urn("School:1"), "factor": 2}),
            ),
        ],
    ];
    for pair in pairs {
        let (one, _) = carried(&pair);
        let [a, b] = pair;
        let (other, _) = carried(&[b, a]);
        assert_eq!(all(&one), all(&other));
        assert_ne!(
            said(&one, "RoadSegment:b", "surface"),
            json!("sand"),
            "work counts, not knowledge"
        );
    }
}

#[test]
fn a_measure_that_needs_another_says_so() {
    let line = measure(
        "line",
        "new-line",
        json!({"calls": [urn("GtfsStop:1"), [36.80, -1.275]]}),
    );
    let stop = measure(
        "stop",
        "step-free-stop",
        json!({"stops": [urn("GtfsStop:scenario:line:2")]}),
    );
    let baseline = baseline();
    let plans = Plans::new(&baseline, &view(), &[&stop, &line]).unwrap();
    assert_eq!(
        plans.contradictions(&[0])[0].to_string(),
        "measure stop: it names what measure line makes, which is not carried out; take line in, or leave stop out"
    );
    assert!(plans.contradictions(&[0, 1]).is_empty());
    let mut draft = plans.draft();
    assert!(plans.add(&mut draft, 0).is_err());
    assert_eq!(
        all(&draft.snapshot()),
        all(&baseline),
        "a refused measure leaves the draft as it was"
    );
    plans.add(&mut draft, 1).unwrap();
    plans.add(&mut draft, 0).unwrap();
    assert!(plans.add(&mut draft, 7).is_err());
    assert!(!refused(&[stop]).is_empty(), "alone, it names what is not there");
    let circle = |name: &str, other: &str| {
        measure(
            name,
            "step-free-stop",
            json!({"stops": [urn(&format!("GtfsStop:scenario:{other}"))]}),
        )
    };
    assert!(
        refused(&[circle("a", "b"), circle("b", "a")])[0]
            .contains("measures a, b: each needs what another of them makes")
    );
}

#[test]
fn what_is_in_the_twin_already_is_not_made_again() {
    let mut city = city();
    city.push(entity("GtfsStop:scenario:x").at(36.8, -1.28));
    let baseline = snapshot_of(city);
    let again = measure("x", "new-stop", json!({"at": [36.8075, Y]}));
    let found = apply_all(&baseline, &view(), &[&again]).err().unwrap();
    assert_eq!(
        found[0].to_string(),
        "measure x: it would make `urn:ngsi-ld:GtfsStop:scenario:x`, which is in the twin already; give the measure another name"
    );
}

#[test]
fn a_place_outside_of_the_city_is_told_before_anything_runs() {
    let clinic = |at: [f64; 2]| measure("m", "new-place", json!({"category": "clinic", "at": at}));
    // 0.31 degrees south of the city's southern edge, 34 km: somebody may mean it.
    let (_, applied) = carried(&[clinic([36.8, -1.6])]);
    assert_eq!(
        applied[0].warnings,
        ["[36.8, -1.6] lies 34 km outside of the city; positions are [longitude, latitude]"]
    );
    // Ten kilometres around it are no matter.
    let (_, applied) = carried(&[clinic([36.8, -1.37])]);
    assert_eq!(applied[0].warnings, Vec::<String>::new());
    // Nobody means another continent, nor the two numbers the other way round.
    let told = |measure: Measure| {
        let findings = refused(&[measure]);
        assert_eq!(findings.len(), 1, "{findings:?}");
        findings.into_iter().next().unwrap()
    };
    let swapped = told(clinic([-1.28, 36.8]));
    assert!(
        swapped.starts_with("measure m, with.at: [-1.28, 36.8] lies "),
        "{swapped}"
    );
    assert!(
        swapped.ends_with("longitude comes first, then latitude: [36.8, -1.28] lies in the city"),
        "{swapped}"
    );
    let far = [10.0, 50.0];
    for (key, kind, with) in [
        ("with.at", "new-place", json!({"category": "park", "at": far})),
        ("with.at", "new-stop", json!({"at": far})),
        (
            "with.outline",
            "new-place",
            json!({"category": "park", "at": [36.8, -1.281], "outline": [[10, 50], [10.01, 50], [10, 50.01]]}),
        ),
        (
            "with.to",
            "move-place",
            json!({"place": urn("School:1"), "to": far}),
        ),
        (
            "with.to",
            "move-place",
            json!({"place": urn("Park:1"), "to": far}),
        ),
        (
            "with.calls[1]",
            "new-line",
            json!({"calls": [urn("GtfsStop:1"), far]}),
        ),
        (
            "with.via[0]",
            "add-street",
            json!({"from": 5, "via": [far], "to": 3}),
        ),
    ] {
        let told = told(measure("m", kind, with));
        let begins = format!("measure m, {key}: [10");
        assert!(
            told.starts_with(&begins) && told.contains("outside of the city; give a place in the city"),
            "{told}"
        );
    }
}

#[test]
fn where_a_city_has_no_areas_its_stops_and_streets_say_where_it_is() {
    let without = |types: &[&str]| -> Vec<Entity> {
        let of = |entity: &Entity| types.iter().any(|it| entity.has_type(name(it).as_str()));
        city().into_iter().filter(|entity| !of(entity)).collect()
    };
    let swapped = measure(
        "m",
        "new-place",
        json!({"category": "clinic", "at": [-1.28, 36.8]}),
    );
    for types in [&["AdministrativeArea"][..], &["AdministrativeArea", "GtfsStop"]] {
        let baseline = snapshot_of(without(types));
        let found = apply_all(&baseline, &view(), &[&swapped]).err().unwrap();
        assert!(found[0].to_string().contains("lies in the city"), "{found:?}");
    }
    // Nobody knows where it is.
    let baseline = snapshot_of(without(&["AdministrativeArea", "GtfsStop", "RoadSegment"]));
    let (_, applied) = carried_on(&baseline, &[swapped]);
    assert_eq!(applied[0].warnings, Vec::<String>::new());
}

#[test]
fn a_view_that_hides_an_entity_hides_it_from_measures() {
    let stops = Condition::Type(name("GtfsStop"));
    let view = view().with(&Rights::of_entities(stops));
    let baseline = baseline();
    let ramp = measure("m", "kerb-ramp", json!({"nodes": [urn("RoadNode:2")]}));
    let found = apply_all(&baseline, &view, &[&ramp]).err().unwrap();
    assert!(
        found[0]
            .to_string()
            .contains("there is no entity `urn:ngsi-ld:RoadNode:2`; name an entity"),
        "{found:?}"
    );
}

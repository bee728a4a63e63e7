//! Verdicts on a crossing, a street, steps and a lift: every tag missing once, every tag bad once.

use Passability::{Blocked, Passable, Unknown};
use sim_access::attributes::{
    Access, Crossing, Directions, Highway, Incline, Kerb, KerbKind, Lift, Sidewalk, Smoothness, Surface,
    Wheelchair,
};
use sim_access::passability::{Steps, judge};
use sim_access::{Criterion, EdgeAttributes, Passability, Profile};

/// A crossing of which everything is known, and good.
fn good() -> EdgeAttributes {
    EdgeAttributes {
        surface: Some(Surface::Asphalt),
        smoothness: Some(Smoothness::Good),
        width_m: Some(2.0),
        incline: Some(Incline::Percent(2.0)),
        kerb_from: Some(Kerb::of(KerbKind::Lowered)),
        kerb_to: Some(Kerb::of(KerbKind::Flush)),
        crossing: Some(Crossing::Marked),
        ..EdgeAttributes::of(Highway::Footway)
    }
}

fn state(way: EdgeAttributes) -> Passability {
    judge(&way, &Profile::manual_wheelchair(), true).state
}

#[test]
fn one_missing_tag_makes_it_unknown_and_is_named() {
    assert_eq!(state(good()), Passable);
    let missing = [
        (
            EdgeAttributes {
                surface: None,
                ..good()
            },
            "surface",
        ),
        (
            EdgeAttributes {
                smoothness: None,
                ..good()
            },
            "smoothness",
        ),
        (
            EdgeAttributes {
                width_m: None,
                ..good()
            },
            "width",
        ),
        (
            EdgeAttributes {
                incline: None,
                ..good()
            },
            "incline",
        ),
        (
            EdgeAttributes {
                kerb_to: None,
                ..good()
            },
            "kerb",
        ),
        (
            EdgeAttributes {
                highway: Some(Highway::Cycleway),
                ..good()
            },
            "foot",
        ),
    ];
    for (way, tag) in missing {
        let verdict = judge(&way, &Profile::manual_wheelchair(), true);
        assert_eq!(verdict.state, Unknown, "{tag}");
        assert_eq!(verdict.undecided.tags().collect::<Vec<_>>(), [tag]);
        assert!(verdict.blocking.is_empty());
    }
}

#[test]
fn one_bad_tag_blocks_whatever_is_missing() {
    let bad = [
        (
            EdgeAttributes {
                surface: Some(Surface::Sand),
                width_m: None,
                ..good()
            },
            Criterion::Surface,
        ),
        (
            EdgeAttributes {
                smoothness: Some(Smoothness::Bad),
                ..good()
            },
            Criterion::Smoothness,
        ),
        (
            EdgeAttributes {
                width_m: Some(0.8),
                ..good()
            },
            Criterion::Width,
        ),
        (
            EdgeAttributes {
                incline: Some(Incline::Percent(-6.5)),
                ..good()
            },
            Criterion::Incline,
        ),
        (
            EdgeAttributes {
                kerb_from: Some(Kerb::of(KerbKind::Raised)),
                ..good()
            },
            Criterion::Kerb,
        ),
        (
            EdgeAttributes {
                wheelchair: Some(Wheelchair::No),
                ..good()
            },
            Criterion::WheelchairTag,
        ),
        (
            EdgeAttributes {
                access: Some(Access::Private),
                ..good()
            },
            Criterion::Access,
        ),
        (
            EdgeAttributes {
                step_count: Some(1),
                ..good()
            },
            Criterion::Steps,
        ),
        (
            EdgeAttributes {
                crossing: Some(Crossing::No),
                ..good()
            },
            Criterion::Crossing,
        ),
        (
            EdgeAttributes {
                directions: Directions::Backward,
                ..good()
            },
            Criterion::Direction,
        ),
        (
            EdgeAttributes {
                highway: Some(Highway::NotBuilt),
                ..good()
            },
            Criterion::Highway,
        ),
    ];
    for (way, criterion) in bad {
        let verdict = judge(&way, &Profile::manual_wheelchair(), true);
        assert_eq!(verdict.state, Blocked, "{criterion:?}");
        assert_eq!(verdict.blocking.iter().collect::<Vec<_>>(), [criterion]);
    }
}

#[test]
fn kerbs_by_height_then_by_kind() {
    let kerb = |kind, height_m| {
        state(EdgeAttributes {
            kerb_from: Some(Kerb { kind, height_m }),
            ..good()
        })
    };
    assert_eq!(
        kerb(KerbKind::Raised, Some(0.03)),
        Passable,
        "three centimetres are measured"
    );
    assert_eq!(kerb(KerbKind::Lowered, Some(0.04)), Blocked);
    assert_eq!(kerb(KerbKind::Rolled, None), Unknown);
    assert_eq!(kerb(KerbKind::Yes, None), Unknown);
    // Who gets over five centimetres cannot know a raised kerb without its height.
    let raised = EdgeAttributes {
        kerb_from: Some(Kerb::of(KerbKind::Raised)),
        ..good()
    };
    assert_eq!(
        judge(&raised, &Profile::powered_wheelchair(), true).state,
        Unknown
    );
}

#[test]
fn streets_are_walked_on_their_pavement() {
    let street = |highway, sidewalk, kerb| {
        let kerb = Some(Kerb::of(kerb));
        state(EdgeAttributes {
            crossing: None,
            sidewalk,
            kerb_from: kerb,
            kerb_to: kerb,
            ..EdgeAttributes {
                highway: Some(highway),
                ..good()
            }
        })
    };
    assert_eq!(street(Highway::Primary, None, KerbKind::Flush), Unknown);
    assert_eq!(
        street(Highway::Primary, Some(Sidewalk::No), KerbKind::Flush),
        Blocked
    );
    assert_eq!(
        street(Highway::Primary, Some(Sidewalk::Yes), KerbKind::Flush),
        Passable
    );
    assert_eq!(
        street(Highway::Primary, Some(Sidewalk::Yes), KerbKind::Raised),
        Blocked
    );
    assert_eq!(
        street(Highway::Residential, Some(Sidewalk::No), KerbKind::Flush),
        Passable
    );
    let walker = EdgeAttributes::of(Highway::Trunk);
    assert_eq!(judge(&walker, &Profile::walking(), true).state, Unknown);
    assert_eq!(
        judge(&EdgeAttributes::of(Highway::Motorway), &Profile::walking(), true).state,
        Blocked
    );
    assert_eq!(
        judge(&EdgeAttributes::default(), &Profile::walking(), true).state,
        Unknown
    );
}

#[test]
fn steps_ramps_and_lifts() {
    let steps = EdgeAttributes {
        highway: Some(Highway::Steps),
        crossing: None,
        ..good()
    };
    assert_eq!(state(steps), Blocked);
    assert_eq!(
        state(EdgeAttributes {
            ramp: Some(true),
            incline: Some(Incline::Up),
            ..steps
        }),
        Passable
    );
    let asks = Profile {
        steps: Steps::NeedsRamp { unsaid: Unknown },
        ..Profile::manual_wheelchair()
    };
    let verdict = judge(&steps, &asks, true);
    assert_eq!(
        (verdict.state, verdict.undecided.tags().next()),
        (Unknown, Some("ramp:wheelchair"))
    );
    let few = Profile {
        steps: Steps::UpTo(3),
        ..Profile::walking()
    };
    let count = |step_count| judge(&EdgeAttributes { step_count, ..steps }, &few, true).state;
    assert_eq!([Some(3), Some(4), None].map(count), [Passable, Blocked, Unknown]);
    let cane = |handrail| judge(&EdgeAttributes { handrail, ..steps }, &Profile::long_cane(), true).state;
    assert_eq!(
        [Some(true), Some(false), None].map(cane),
        [Passable, Blocked, Unknown]
    );
    let lift = EdgeAttributes {
        width_m: Some(1.1),
        ..EdgeAttributes::of(Highway::Elevator)
    };
    assert_eq!(state(lift), Passable);
    assert_eq!(
        state(EdgeAttributes {
            lift: Some(Lift::OutOfService),
            ..lift
        }),
        Blocked
    );
    assert_eq!(
        judge(
            &EdgeAttributes {
                lift: Some(Lift::OutOfService),
                ..lift
            },
            &Profile::walking(),
            true
        )
        .state,
        Blocked
    );
}

#[test]
fn directions_have_their_own_slope() {
    let profile = Profile {
        max_incline_down_pct: Some(12.0),
        ..Profile::manual_wheelchair()
    };
    let way = EdgeAttributes {
        incline: Some(Incline::Percent(10.0)),
        ..good()
    };
    assert_eq!(
        [true, false].map(|forward| judge(&way, &profile, forward).state),
        [Blocked, Passable]
    );
}

#[test]
fn wheelchair_yes_fills_gaps_and_no_more() {
    let said = EdgeAttributes {
        wheelchair: Some(Wheelchair::Yes),
        ..EdgeAttributes::of(Highway::Footway)
    };
    assert_eq!(state(said), Passable);
    assert_eq!(
        state(EdgeAttributes {
            width_m: Some(0.5),
            ..said
        }),
        Blocked
    );
    assert_eq!(
        state(EdgeAttributes {
            wheelchair: Some(Wheelchair::Limited),
            ..good()
        }),
        Unknown
    );
    let tolerant = Profile::manual_wheelchair().tolerating([Criterion::Smoothness]);
    assert_eq!(
        judge(
            &EdgeAttributes {
                smoothness: None,
                ..good()
            },
            &tolerant,
            true
        )
        .state,
        Passable
    );
    assert_eq!(
        judge(
            &EdgeAttributes {
                width_m: None,
                ..good()
            },
            &tolerant,
            true
        )
        .state,
        Unknown
    );
}

#[test]
fn tactile_paving_is_asked_of_crossings() {
    let crossing = |tactile_paving| {
        judge(
            &EdgeAttributes {
                tactile_paving,
                ..good()
            },
            &Profile::long_cane(),
            true,
        )
        .state
    };
    assert_eq!(
        [Some(true), Some(false), None].map(crossing),
        [Passable, Blocked, Unknown]
    );
    let path = EdgeAttributes {
        crossing: None,
        ..good()
    };
    assert_eq!(judge(&path, &Profile::long_cane(), true).state, Passable);
}

/// The limits as a city writes them, in hundredths: what is written as the limit itself keeps it, whatever the digits
/// are in f32; a hundredth beyond does not.
#[test]
fn the_limit_itself_is_within_it() {
    let passes = |way: EdgeAttributes, profile: &Profile, criterion: Criterion| {
        let verdict = judge(&way, profile, true);
        assert!(!verdict.undecided.contains(criterion), "{criterion:?}");
        !verdict.blocking.contains(criterion)
    };
    let kerb = |height: f32| Kerb {
        kind: KerbKind::Yes,
        height_m: Some(height),
    };
    for hundredths in 1..=1_500_u32 {
        let number = |hundredths: u32| format!("{}.{:02}", hundredths / 100, hundredths % 100);
        let limit: f64 = number(hundredths).parse().unwrap();
        let [below, at, above]: [f32; 3] =
            [hundredths - 1, hundredths, hundredths + 1].map(|value| number(value).parse().unwrap());
        let profile = Profile {
            max_kerb_m: Some(limit),
            min_width_m: Some(limit),
            max_incline_up_pct: Some(limit),
            max_incline_down_pct: Some(limit),
            ..Profile::manual_wheelchair()
        };
        for (value, wide, low) in [(below, false, true), (at, true, true), (above, true, false)] {
            let width = EdgeAttributes {
                width_m: Some(value),
                ..good()
            };
            assert_eq!(
                passes(width, &profile, Criterion::Width),
                wide,
                "{value} m of {limit}"
            );
            if value <= 10.0 {
                let kerb = EdgeAttributes {
                    kerb_from: Some(kerb(value)),
                    ..good()
                };
                assert_eq!(
                    passes(kerb, &profile, Criterion::Kerb),
                    low,
                    "a kerb of {value} m, {limit}"
                );
            }
            for slope in [value, -value] {
                let incline = EdgeAttributes {
                    incline: Some(Incline::Percent(slope)),
                    ..good()
                };
                assert_eq!(
                    passes(incline, &profile, Criterion::Incline),
                    low,
                    "{slope} % of {limit}"
                );
            }
        }
    }
    // As OpenStreetMap writes them.
    for (tags, criterion) in [
        ([("width", "0.9"), ("highway", "footway")], Criterion::Width),
        ([("width", "90 cm"), ("highway", "footway")], Criterion::Width),
        ([("width", "900 mm"), ("highway", "footway")], Criterion::Width),
        ([("kerb:height", "3 cm"), ("crossing", "marked")], Criterion::Kerb),
        ([("incline", "6%"), ("highway", "footway")], Criterion::Incline),
        ([("incline", "-6 %"), ("highway", "footway")], Criterion::Incline),
    ] {
        let (way, unreadable) = sim_access::tags::read(tags);
        assert!(unreadable.is_empty());
        assert!(passes(way, &Profile::manual_wheelchair(), criterion), "{tags:?}");
    }
    for count in 0..6 {
        let flight = EdgeAttributes {
            highway: Some(Highway::Steps),
            step_count: Some(count),
            ..good()
        };
        let profile = Profile {
            steps: Steps::UpTo(3),
            ..Profile::walking()
        };
        assert_eq!(
            passes(flight, &profile, Criterion::Steps),
            count <= 3,
            "{count} steps"
        );
    }
}

//! What measures make of timetables, by hand.

use super::*;

fn row(sequence: i64, stop: &str, arrival: &str, departure: &str) -> (i64, String, String, String) {
    (sequence, stop.into(), arrival.into(), departure.into())
}

fn hours(snapshot: &Snapshot, trip: &str) -> Vec<(String, String, i64)> {
    let trip = format!("urn:ngsi-ld:GtfsTrip:{trip}");
    let mut hours: Vec<_> = all(snapshot)
        .into_values()
        .filter(|entity| entity.has_type(name("GtfsFrequency").as_str()))
        .filter(|entity| entity.get(name("hasTrip").as_str()).unwrap().targets()[0].as_str() == trip)
        .map(|entity| {
            let text = |term: &str| {
                entity
                    .get(name(term).as_str())
                    .unwrap()
                    .as_str()
                    .unwrap()
                    .to_owned()
            };
            #[allow(clippy::cast_possible_truncation, reason = "small numbers")]
            let headway = entity
                .get(name("headwaySeconds").as_str())
                .unwrap()
                .as_f64()
                .unwrap() as i64;
            (text("startTime"), text("endTime"), headway)
        })
        .collect();
    hours.sort();
    hours
}

fn departures(snapshot: &Snapshot, route: &str) -> Vec<String> {
    let mut departures: Vec<String> = query(
        snapshot,
        "GtfsTrip",
        &format!("hasRoute==\"urn:ngsi-ld:{route}\""),
    )
    .iter()
    .map(|trip| calls(snapshot, trip)[0].3.clone())
    .collect();
    departures.sort();
    departures
}

#[test]
fn a_new_stop_is_put_between_its_neighbours() {
    // Half way between stops 2 and 3 on the line: two minutes there, 20 s of standing.
    let with = json!({"at": [36.8075, -1.28], "routes": ["urn:ngsi-ld:GtfsRoute:7"]});
    let (after, applied) = carried(&[measure("mid", "new-stop", with)]);
    assert_eq!(
        calls(&after, "GtfsTrip:7-0"),
        [
            row(1, "1", "06:00:00", "06:00:00"),
            row(2, "2", "06:02:00", "06:02:00"),
            row(3, "scenario:mid", "06:03:00", "06:03:20"),
            row(4, "3", "06:04:20", "06:04:50"),
            row(5, "4", "06:07:20", "06:07:20"),
        ]
    );
    assert_eq!(
        calls(&after, "GtfsTrip:7-1"),
        [
            row(1, "4", "06:00:00", "06:00:00"),
            row(2, "3", "06:02:00", "06:02:00"),
            row(3, "scenario:mid", "06:03:00", "06:03:20"),
            row(4, "2", "06:04:20", "06:04:20"),
            row(5, "1", "06:06:20", "06:06:20"),
        ]
    );
    assert_eq!(
        calls(&after, "GtfsTrip:8-1").len(),
        3,
        "the other line does not call there"
    );
    assert_eq!(applied[0].created.len(), 3);
    assert_eq!(said(&after, "GtfsStop:scenario:mid", "name"), json!("mid"));
}

#[test]
fn a_stop_beside_the_line_costs_the_way_round() {
    // 111 m north of stop 2's leg to 3, at its middle (556 m): twice sqrt(278^2 + 111^2) less 556 m.
    let with = json!({"at": [36.8075, -1.279], "routes": ["urn:ngsi-ld:GtfsRoute:7"], "dwell_s": 0});
    let (after, _) = carried(&[measure("side", "new-stop", with)]);
    let half = (278.0_f64.powi(2) + 111.2_f64.powi(2)).sqrt();
    let detour_s = (2.0 * half - 556.0) / (556.0 / 120.0);
    let calls = calls(&after, "GtfsTrip:7-0");
    assert!((detour_s - 9.2).abs() < 0.5, "{detour_s}");
    assert_eq!(calls[2].2, "06:03:05", "half of the detour before it");
    assert_eq!(calls[3].2, "06:04:09", "all of it after it");
}

#[test]
fn two_new_stops_on_one_leg_stand_in_the_order_of_the_way() {
    let at = |name: &str, x: f64| {
        measure(
            name,
            "new-stop",
            json!({"at": [x, Y], "routes": ["urn:ngsi-ld:GtfsRoute:7"]}),
        )
    };
    // The later one on the way is named and carried out first.
    let (after, _) = carried(&[at("a", 36.80875), at("b", 36.80625)]);
    let stops: Vec<(i64, String, String)> = calls(&after, "GtfsTrip:7-0")
        .into_iter()
        .map(|it| (it.0, it.1, it.2))
        .collect();
    let expected = [
        (1, "1", "06:00:00"),
        (2, "2", "06:02:00"),
        (3, "scenario:b", "06:02:30"),
        (4, "scenario:a", "06:03:50"),
        (5, "3", "06:04:40"),
        (6, "4", "06:07:40"),
    ];
    assert_eq!(
        stops,
        expected.map(|(n, stop, at)| (n, stop.to_owned(), at.to_owned()))
    );
}

#[test]
fn lines_call_at_a_stop_that_is_there() {
    let with = json!({"stop": "urn:ngsi-ld:GtfsStop:4", "routes": ["urn:ngsi-ld:GtfsRoute:7", "urn:ngsi-ld:GtfsRoute:8"], "most_detour_m": 2000});
    let (after, applied) = carried(&[measure("m", "serve-stop", with)]);
    assert!(
        applied[0].warnings[0].contains("every trip of `urn:ngsi-ld:GtfsRoute:7`"),
        "{:?}",
        applied[0].warnings
    );
    assert_eq!(
        calls(&after, "GtfsTrip:8-1")
            .iter()
            .map(|it| it.1.as_str())
            .collect::<Vec<_>>(),
        ["1", "2", "4", "3"]
    );
}

#[test]
fn a_window_divides_the_hours_it_cuts() {
    let with =
        json!({"routes": {"q": "shortName==\"7\""}, "headway_min": 5, "from": "07:00", "until": "10:00"});
    let (after, _) = carried(&[measure("m", "frequency", with)]);
    let piece = |a: &str, b: &str, h| (format!("{a}:00"), format!("{b}:00"), h);
    assert_eq!(
        hours(&after, "7-0"),
        [
            piece("06:00", "07:00", 600),
            piece("07:00", "09:00", 300),
            piece("09:00", "10:00", 300),
            piece("10:00", "20:00", 1200),
        ]
    );
    assert_eq!(
        said(&after, "GtfsFrequency:7-0:06:00:00", "endTime"),
        json!("07:00:00")
    );
    assert_eq!(
        said(&after, "GtfsFrequency:scenario:7-0:07:00:00", "headwaySeconds"),
        json!(300)
    );
}

#[test]
fn a_headway_longer_than_todays_is_told_with_both() {
    let warnings = |route: &str, minutes: f64, from: &str, until: &str| {
        let with = json!({"routes": format!("urn:ngsi-ld:GtfsRoute:{route}"), "headway_min": minutes, "from": from, "until": until});
        let (_, applied) = carried(&[measure("m", "frequency", with)]);
        applied[0].warnings.join("\n")
    };
    let seven = "`urn:ngsi-ld:GtfsRoute:7` (7)";
    let eight = "`urn:ngsi-ld:GtfsRoute:8` (8)";
    // Every 10 minutes until 9:00, every 20 afterwards.
    assert_eq!(
        warnings("7", 15.0, "06:00", "09:00"),
        format!("{seven} runs every 10 min in the window today, and would run every 15 min: less often")
    );
    assert_eq!(
        warnings("7", 12.5, "06:00", "12:00"),
        format!(
            "{seven} runs every 10 min to 20 min in the window today, and would run every 12.5 min: less often"
        )
    );
    assert_eq!(warnings("7", 15.0, "09:00", "12:00"), "");
    assert_eq!(warnings("7", 10.0, "06:00", "12:00"), "");
    assert_eq!(
        warnings("7", 20.0, "09:00", "12:00"),
        format!("{seven} runs every 20 min in the window today: a vehicle every 20 min changes nothing")
    );
    // Single trips, every half hour from 8:00 to 9:00, are never taken away.
    assert_eq!(
        warnings("8", 45.0, "07:00", "10:00"),
        format!("{eight} runs every 30 min in the window today: a vehicle every 45 min changes nothing")
    );
    assert_eq!(warnings("8", 10.0, "07:00", "10:00"), "");
    assert_eq!(
        warnings("8", 10.0, "12:00", "13:00"),
        format!("{eight} does not run in the window: nothing changes")
    );
}

#[test]
fn exact_departures_stay_where_they_were() {
    let mut city = city();
    for entity in &mut city {
        if entity.has_type(name("GtfsFrequency").as_str()) {
            entity.put(Attribute::property(name("exactTimes"), true));
        }
    }
    let with =
        json!({"routes": "urn:ngsi-ld:GtfsRoute:7", "headway_min": 5, "from": "09:00", "until": "10:10"});
    let (after, _) = carried_on(&snapshot_of(city), &[measure("m", "frequency", with)]);
    let starts: Vec<String> = hours(&after, "7-0").into_iter().map(|it| it.0).collect();
    // Every 20 minutes from 9:00: the next one after 10:10 is at 10:20.
    assert_eq!(starts, ["06:00:00", "09:00:00", "10:20:00"]);
}

#[test]
fn single_trips_get_copies_between_them() {
    let with =
        json!({"routes": "urn:ngsi-ld:GtfsRoute:8", "headway_min": 10, "from": "08:00", "until": "08:45"});
    let measures = [
        measure("often", "frequency", with),
        measure(
            "low",
            "low-floor-vehicles",
            json!({"routes": "urn:ngsi-ld:GtfsRoute:8"}),
        ),
        measure(
            "stop",
            "new-stop",
            json!({"at": [36.8025, Y], "routes": "urn:ngsi-ld:GtfsRoute:8"}),
        ),
    ];
    let (after, applied) = carried(&measures[..1]);
    assert_eq!(
        departures(&after, "GtfsRoute:8"),
        [
            "08:00:00", "08:10:00", "08:20:00", "08:30:00", "08:40:00", "09:00:00"
        ]
    );
    assert_eq!(applied[0].created.len(), 3 * 4, "trips and their calls");
    let copy = "GtfsTrip:scenario:often:8-1:08:10:00";
    assert_eq!(calls(&after, copy)[2], row(3, "3", "08:16:00", "08:16:00"));
    assert_eq!(
        said(&after, "GtfsStopTime:scenario:often:8-1:08:10:00:2", "pickupType"),
        json!("0")
    );
    // A copy has what its trip has, whichever measure comes first.
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
        let measures = order.map(|index| measures[index].clone());
        let (after, _) = carried(&measures);
        assert_eq!(said(&after, copy, "wheelChairAccessible"), json!("1"));
        assert_eq!(
            calls(&after, copy)[1],
            row(2, "scenario:stop", "08:11:30", "08:11:50")
        );
    }
}

#[test]
fn a_line_runs_longer() {
    let with = |route: &str| json!({"routes": format!("urn:ngsi-ld:GtfsRoute:{route}"), "headway_min": 20, "from": "05:00", "until": "21:00"});
    let (after, _) = carried(&[measure("m", "extend-service-hours", with("7"))]);
    let pieces = hours(&after, "7-1");
    assert_eq!(pieces.len(), 4);
    assert_eq!(pieces[0], ("05:00:00".into(), "06:00:00".into(), 1200));
    assert_eq!(pieces[3], ("20:00:00".into(), "21:00:00".into(), 1200));
    let (after, _) = carried(&[measure(
        "m",
        "extend-service-hours",
        json!({"routes": "urn:ngsi-ld:GtfsRoute:8", "headway_min": 30, "from": "07:00", "until": "10:01"}),
    )]);
    assert_eq!(
        departures(&after, "GtfsRoute:8"),
        [
            "07:00:00", "07:30:00", "08:00:00", "08:30:00", "09:00:00", "09:30:00", "10:00:00"
        ]
    );
}

#[test]
fn lanes_shorten_the_runs_along_them() {
    let lane = |name: &str, street: &str, saving: i64| {
        measure(
            name,
            "bus-lanes",
            json!({"streets": format!("urn:ngsi-ld:RoadSegment:{street}"), "saving_pct": saving}),
        )
    };
    let (after, _) = carried(&[lane("b", "b", 25)]);
    // Two minutes from 2 to 3 become 90 s; all else stays.
    assert_eq!(
        calls(&after, "GtfsTrip:7-0"),
        [
            row(1, "1", "06:00:00", "06:00:00"),
            row(2, "2", "06:02:00", "06:02:00"),
            row(3, "3", "06:03:30", "06:04:00"),
            row(4, "4", "06:06:30", "06:06:30"),
        ]
    );
    assert_eq!(calls(&after, "GtfsTrip:8-2")[2].2, "08:35:15");
    let (after, _) = carried(&[lane("b", "b", 25), lane("c", "c", 25)]);
    assert_eq!(
        calls(&after, "GtfsTrip:7-0")[3].2,
        "06:05:53",
        "150 s are 112.5 s"
    );
    // A lane that crosses the line helps nobody.
    let (_, applied) = carried(&[lane("s", "steps", 25)]);
    assert!(
        applied[0].warnings[0].contains("no trip runs along"),
        "{applied:?}"
    );
    // Half of the leg, half of the saving.
    let mut city = city();
    city.push(street(
        "RoadSegment:half",
        &[2, 9],
        &[(X[1], Y), (X[1] + 0.0025, Y)],
        "primary",
    ));
    let (after, _) = carried_on(&snapshot_of(city), &[lane("h", "half", 25)]);
    let third = &calls(&after, "GtfsTrip:7-0")[2].2;
    assert!(
        ["06:03:44", "06:03:45", "06:03:46"].contains(&third.as_str()),
        "{third}"
    );
}

#[test]
fn a_new_line_runs_both_ways() {
    let with = json!({"calls": ["urn:ngsi-ld:GtfsStop:1", [36.80, -1.275], "urn:ngsi-ld:GtfsStop:4"], "speed_kmh": 36, "detour": 1.0, "headway_min": 15, "days": "weekdays"});
    let (after, applied) = carried(&[measure("line", "new-line", with.clone())]);
    let there = calls(&after, "GtfsTrip:scenario:line:0");
    // 556 m at 10 m/s, then 20 s of standing, then the diagonal of 556 m and 1667 m.
    assert_eq!(there[0], row(1, "1", "06:00:00", "06:00:00"));
    assert_eq!(there[1], row(2, "scenario:line:2", "06:00:56", "06:01:16"));
    assert_eq!(there[2].2, "06:04:11");
    assert_eq!(calls(&after, "GtfsTrip:scenario:line:1")[2].1, "1");
    assert_eq!(
        said(&after, "GtfsCalendarRule:scenario:line", "startDate"),
        json!("2026-01-01")
    );
    assert_eq!(
        said(&after, "GtfsCalendarRule:scenario:line", "saturday"),
        json!(false)
    );
    assert_eq!(
        said(&after, "GtfsRoute:scenario:line", "operatedBy"),
        json!("urn:ngsi-ld:GtfsAgency:city")
    );
    assert_eq!(
        said(&after, "GtfsFrequency:scenario:line:1", "headwaySeconds"),
        json!(900)
    );
    assert_eq!(applied[0].created.len(), 1 + 1 + 1 + 1 + 2 * (1 + 1 + 1 + 3));
    // Another measure may build on it, before or after.
    let lane = measure(
        "low",
        "frequency",
        json!({"routes": "urn:ngsi-ld:GtfsRoute:scenario:line", "headway_min": 5}),
    );
    let (after, _) = carried(&[lane, measure("line", "new-line", with)]);
    assert_eq!(
        said(&after, "GtfsFrequency:scenario:line:1", "headwaySeconds"),
        json!(300)
    );
}

#[test]
fn without_a_calendar_a_new_line_has_none() {
    let city = city()
        .into_iter()
        .filter(|it| !it.has_type(name("GtfsCalendarRule").as_str()))
        .collect();
    let with = json!({"calls": ["urn:ngsi-ld:GtfsStop:1", "urn:ngsi-ld:GtfsStop:4"]});
    let (after, applied) = carried_on(&snapshot_of(city), &[measure("line", "new-line", with)]);
    assert!(applied[0].warnings[0].contains("no calendar"));
    assert_eq!(
        query(&after, "GtfsCalendarRule", "hasService"),
        Vec::<String>::new()
    );
}

/// No single line gets so many trips; the measure does.
#[test]
fn the_trips_of_all_lines_of_a_measure_are_bounded_together() {
    let mut entities = city();
    let mut routes = Vec::new();
    for line in 20..26 {
        let route = format!("GtfsRoute:{line}");
        entities.push(super::entity(&route).text("shortName", &line.to_string()));
        let calls = [(1, "08:00:00", "08:00:00"), (2, "08:03:00", "08:03:00")];
        entities.extend(super::trip(&format!("{line}-1"), &route, 0, &calls));
        routes.push(format!("urn:ngsi-ld:{route}"));
    }
    let baseline = snapshot_of(entities);
    let longer = |routes: &[String]| {
        let with = json!({"routes": routes, "headway_min": 0.5, "from": "00:00", "until": "36:00"});
        let measure = measure("m", "extend-service-hours", with);
        apply_all(&baseline, &view(), &[&measure]).map(|(_, applied)| applied[0].created.len())
    };
    // Eight hours before and 28 after, 120 an hour; each copy with two calls.
    assert_eq!(longer(&routes[..1]).unwrap(), 3 * (8 * 120 + 28 * 120 - 1));
    let refused = longer(&routes).unwrap_err();
    assert_eq!(refused.len(), 1, "{refused:?}");
    let told = refused[0].to_string();
    assert!(
        told.contains("with.headway_min: more than 20000 trips would be added; give a longer headway"),
        "{told}"
    );
}

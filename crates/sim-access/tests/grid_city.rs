//! A grid city whose answers are counted by hand.
#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a test's helpers; counts are whole"
)]

mod city;

use Passability::{Blocked, Passable, Unknown};
use city::{BLOCK_M, Grid, pavement, plane, with_kerb};
use sim_access::attributes::{Crossing, Highway, Incline, KerbKind};
use sim_access::equity::{Capacity, Facility, convenient_transport, open_space_access, reach_states, shares};
use sim_access::network::Snap;
use sim_access::reach::{
    Isochrone, OutlineOptions, answer, isochrone, matrix, nearest, outline, search, states, within,
};
use sim_access::survey::{knowledge, unknown_edges, worth_a_look};
use sim_access::{
    Criterion, EdgeAttributes, Metric, NodeIndex, Passability, Position, Profile, Start, Travel, Workspace,
};

fn metres(metres: f64) -> u32 {
    Metric::Distance.cost(metres)
}

/// The corner of a node, on some street that meets it.
fn corner(grid: &Grid, node: i64) -> Snap {
    let at = grid
        .edges
        .iter()
        .position(|edge| edge.from == node || edge.to == node)
        .unwrap();
    let fraction = if grid.edges[at].from == node { 0.0 } else { 1.0 };
    Snap::on(sim_access::EdgeIndex(u32::try_from(at).unwrap()), fraction)
}

fn corners(grid: &Grid) -> Vec<Option<Snap>> {
    (0..grid.side * grid.side)
        .map(|node| Some(corner(grid, node)))
        .collect()
}

#[test]
fn distances_are_those_of_a_taxi() {
    let grid = Grid::new(5);
    let travel = grid.travel(&Profile::walking());
    let mut workspace = Workspace::new();
    let reached = search(
        &travel,
        Passable,
        &[corner(&grid, 12).into()],
        u32::MAX,
        &mut workspace,
    );
    for node in 0..25_u32 {
        let (column, row) = (i64::from(node % 5), i64::from(node / 5));
        let blocks = u32::try_from((column - 2).abs() + (row - 2).abs()).unwrap();
        assert_eq!(reached.node_cost(NodeIndex(node)), Some(blocks * 100_000));
        assert_eq!(
            reached.arrival(&corner(&grid, node.into())).unwrap().cost,
            blocks * 100_000
        );
    }
    let path = reached.path(&corner(&grid, 0)).unwrap();
    assert_eq!((path.cost, path.start), (400_000, 0));
    let walked: f64 = path
        .steps
        .iter()
        .map(|step| (step.ends - step.begins).abs() * BLOCK_M)
        .sum();
    assert!((walked - 400.0).abs() < 1e-9);
}

#[test]
fn places_between_corners() {
    let grid = Grid::new(3);
    let travel = grid.travel(&Profile::walking());
    let mut workspace = Workspace::new();
    let network = travel.network();
    // 30 m along the first street and 10 m beside it, to 80 m along the same: 10 + 50 + 10.
    let from = network.snap(plane().position([30.0, -10.0]), 50.0).unwrap();
    let near = network.snap(plane().position([80.0, -10.0]), 50.0).unwrap();
    let reached = search(&travel, Passable, &[from.into()], u32::MAX, &mut workspace);
    let cost = reached.arrival(&near).unwrap().cost;
    assert!(cost.abs_diff(70_000) < 100, "{cost}");
    let path = reached.path(&near).unwrap();
    assert_eq!((path.steps.len(), path.steps[0].forward), (1, true));
    // To the middle of the street north of the first corner: 10 + 30 + 50 + 4.
    let north = network.snap(plane().position([-4.0, 50.0]), 50.0).unwrap();
    let cost = reached.arrival(&north).unwrap().cost;
    assert!(cost.abs_diff(94_000) < 100, "{cost}");
    // Off the map.
    assert_eq!(network.snap(Position::new(40.0, 3.0), 500.0), None);
}

#[test]
fn an_isochrone_counts_its_metres() {
    let grid = Grid::new(5);
    let travel = grid.travel(&Profile::walking());
    let (mut workspace, mut found) = (Workspace::new(), Isochrone::default());
    let reached = search(
        &travel,
        Passable,
        &[corner(&grid, 12).into()],
        metres(150.0),
        &mut workspace,
    );
    isochrone(&reached, metres(150.0), &mut found);
    // Four arms of 100 m; at the end of each, three streets on for 50 m.
    assert!(
        (found.length_m - (4.0 * 100.0 + 12.0 * 50.0)).abs() < 1e-6,
        "{}",
        found.length_m
    );
    assert_eq!(found.pieces.len(), 16);
    isochrone(&reached, metres(40.0), &mut found);
    assert!((found.length_m - 160.0).abs() < 1e-6);
    let shapes = outline(
        travel.network(),
        &found.pieces,
        &OutlineOptions {
            width_m: 20.0,
            spacing_m: 4.0,
        },
    );
    assert_eq!(shapes.len(), 1);
    // All of the city: 2 directions * 5 rows * 4 blocks, with 16 holes where nobody lives.
    let reached = search(
        &travel,
        Passable,
        &[corner(&grid, 12).into()],
        u32::MAX,
        &mut workspace,
    );
    isochrone(&reached, u32::MAX, &mut found);
    assert!((found.length_m - 4_000.0).abs() < 1e-6);
    assert_eq!(found.pieces.len(), 40);
    let shapes = outline(
        travel.network(),
        &found.pieces,
        &OutlineOptions {
            width_m: 20.0,
            spacing_m: 4.0,
        },
    );
    assert_eq!((shapes.len(), shapes[0].holes.len()), (1, 16));
}

#[test]
fn a_street_reached_from_both_ends_is_one_piece() {
    let grid = Grid::new(2);
    let travel = grid.travel(&Profile::walking());
    let (mut workspace, mut found) = (Workspace::new(), Isochrone::default());
    let reached = search(
        &travel,
        Passable,
        &[corner(&grid, 0).into()],
        metres(150.0),
        &mut workspace,
    );
    isochrone(&reached, metres(150.0), &mut found);
    assert_eq!(found.pieces.len(), 4);
    assert!((found.length_m - 300.0).abs() < 1e-6);
    let reached = search(
        &travel,
        Passable,
        &[corner(&grid, 0).into()],
        metres(180.0),
        &mut workspace,
    );
    isochrone(&reached, metres(180.0), &mut found);
    assert!(
        (found.length_m - 360.0).abs() < 1e-6,
        "80 m from each side of both far streets"
    );
}

#[test]
fn a_late_start_inside_another_s_reach_adds_nothing() {
    let grid = Grid::new(2);
    let travel = grid.travel(&Profile::walking());
    let (mut workspace, mut found) = (Workspace::new(), Isochrone::default());
    let place = |fraction| Snap::on(grid.street(0, 1), fraction);
    let starts = [
        place(0.5).into(),
        Start {
            place: place(0.4),
            spent: metres(20.0),
        },
    ];
    let reached = search(&travel, Passable, &starts, metres(30.0), &mut workspace);
    isochrone(&reached, metres(30.0), &mut found);
    assert_eq!(found.pieces.len(), 1);
    assert!((found.length_m - 60.0).abs() < 1e-6, "from 20 m to 80 m");
}

#[test]
fn one_kerb_tag_decides() {
    // A town of two halves joined by one crossing.
    let crossing = |kerb: Option<KerbKind>| {
        let mut grid = Grid::new(2);
        grid.edges.truncate(1);
        let mut way = kerb.map_or(pavement(), with_kerb);
        way.crossing = Some(Crossing::Marked);
        way.kerb_from = with_kerb(KerbKind::Flush).kerb_to;
        grid.set(0, 1, way);
        grid
    };
    let ask = |kerb: Option<KerbKind>| {
        let grid = crossing(kerb);
        let travel = grid.travel(&Profile::manual_wheelchair());
        let place = |fraction| Snap::on(grid.street(0, 1), fraction);
        answer(
            &travel,
            &[place(0.0).into()],
            &place(1.0),
            metres(500.0),
            &mut Workspace::new(),
        )
    };
    assert_eq!(ask(Some(KerbKind::Lowered)).state, Passable);
    let unknown = ask(None);
    assert_eq!(unknown.state, Unknown);
    assert_eq!(unknown.undecided[0].criteria.tags().collect::<Vec<_>>(), ["kerb"]);
    let blocked = ask(Some(KerbKind::Raised));
    assert_eq!((blocked.state, blocked.blocking.len()), (Blocked, 1));
    assert!(blocked.blocking[0].criteria.contains(Criterion::Kerb));
    assert_eq!(blocked.path.unwrap().cost, 100_000);
}

/// Row 0 passable; between rows 0 and 1 one street is unknown (no width), the others blocked; row 2 has no way at all.
fn divided() -> Grid {
    let mut grid = Grid::new(3);
    grid.set(0, 3, with_kerb(KerbKind::Raised));
    grid.set(
        1,
        4,
        EdgeAttributes {
            width_m: None,
            ..pavement()
        },
    );
    grid.set(2, 5, with_kerb(KerbKind::Raised));
    for column in 3..6 {
        grid.set(
            column,
            column + 3,
            EdgeAttributes {
                highway: Some(Highway::Steps),
                ..pavement()
            },
        );
    }
    grid
}

#[test]
fn three_answers_and_what_they_hang_on() {
    let grid = divided();
    let mut travel = grid.travel(&Profile::manual_wheelchair());
    let mut workspace = Workspace::new();
    let starts: [Start; 1] = [Snap::on(grid.street(0, 1), 0.0).into()];
    let ask = |travel: &Travel, node: i64, limit: f64, workspace: &mut Workspace| {
        // Corners as the ends of the streets along their row.
        let row = node / 3 * 3;
        let place = match node % 3 {
            0 => Snap::on(grid.street(row, row + 1), 0.0),
            1 => Snap::on(grid.street(row, row + 1), 1.0),
            _ => Snap::on(grid.street(row + 1, row + 2), 1.0),
        };
        answer(travel, &starts, &place, metres(limit), workspace)
    };
    assert_eq!(ask(&travel, 2, 1_000.0, &mut workspace).state, Passable);
    let unknown = ask(&travel, 3, 1_000.0, &mut workspace);
    assert_eq!(
        (unknown.state, unknown.path.as_ref().unwrap().cost),
        (Unknown, 300_000)
    );
    assert_eq!(unknown.undecided.len(), 1);
    assert_eq!(unknown.undecided[0].edge, grid.street(1, 4));
    assert_eq!(
        unknown.undecided[0].criteria.tags().collect::<Vec<_>>(),
        ["width"]
    );
    // Within 200 m only the raised kerb leads there.
    let near = ask(&travel, 3, 200.0, &mut workspace);
    assert_eq!(
        (near.state, near.blocking.len(), near.blocking[0].edge),
        (Blocked, 1, grid.street(0, 3))
    );
    let far = ask(&travel, 8, 1_000.0, &mut workspace);
    assert_eq!((far.state, far.path.as_ref().unwrap().cost), (Blocked, 400_000));
    assert!(
        far.blocking
            .iter()
            .any(|cut| cut.criteria.contains(Criterion::Steps))
    );
    assert_eq!(
        ask(&travel, 8, 300.0, &mut workspace).path,
        None,
        "nobody gets there in 300 m"
    );

    // Somebody goes and looks.
    assert!(travel.report(grid.street(1, 4), Passable));
    assert_eq!(ask(&travel, 3, 1_000.0, &mut workspace).state, Passable);
    assert!(travel.report(grid.street(1, 4), Blocked));
    let blocked = ask(&travel, 3, 1_000.0, &mut workspace);
    assert_eq!(blocked.state, Blocked);
    // Works in the street: the answer changes at once.
    assert!(travel.report(grid.street(0, 1), Blocked));
    assert_eq!(ask(&travel, 2, 1_000.0, &mut workspace).state, Blocked);
}

#[test]
fn many_places_at_once_answer_as_one_by_one() {
    let grid = divided();
    let travel = grid.travel(&Profile::manual_wheelchair());
    let (mut workspace, mut all) = (Workspace::new(), Vec::new());
    let mut places = corners(&grid);
    places.push(None);
    states(
        &travel,
        &[corner(&grid, 0).into()],
        &places,
        metres(1_000.0),
        &mut workspace,
        &mut all,
    );
    for (place, state) in places.iter().zip(&all) {
        let alone = place.map_or(Unknown, |place| {
            answer(
                &travel,
                &[corner(&grid, 0).into()],
                &place,
                metres(1_000.0),
                &mut workspace,
            )
            .state
        });
        assert_eq!(*state, alone);
    }
    assert_eq!(
        all[..6],
        [Passable, Passable, Passable, Unknown, Unknown, Unknown]
    );
    assert_eq!(all[9], Unknown, "not on the map");
}

#[test]
fn the_nearest_of_two_clinics() {
    let grid = Grid::new(5);
    let towards = grid.travel(&Profile::walking()).towards();
    let clinics: [Start; 2] = [corner(&grid, 0).into(), corner(&grid, 24).into()];
    let (mut workspace, mut found) = (Workspace::new(), Vec::new());
    nearest(
        &towards,
        Passable,
        &clinics,
        &corners(&grid),
        metres(300.0),
        &mut workspace,
        &mut found,
    );
    let at = |node: usize| found[node].map(|nearest| (nearest.cost, nearest.facility));
    assert_eq!(
        (at(1), at(23), at(4)),
        (Some((100_000, 0)), Some((100_000, 1)), None)
    );
    // Corners within 3 blocks of one of the two: 1 + 2 + 3 + 4 each; all within 4 blocks but none twice.
    let weights = vec![10.0; 25];
    assert_eq!(
        within(&found, &weights, &[metres(100.0), metres(300.0)]),
        [60.0, 200.0]
    );
}

#[test]
fn hills_make_directions_differ() {
    let mut grid = Grid::new(2);
    grid.edges.truncate(1);
    grid.set(
        0,
        1,
        EdgeAttributes {
            incline: Some(Incline::Percent(8.0)),
            ..pavement()
        },
    );
    let profile = Profile {
        max_incline_down_pct: Some(10.0),
        ..Profile::manual_wheelchair()
    };
    let travel = grid.travel(&profile);
    let ends = [
        Some(Snap::on(grid.street(0, 1), 0.0)),
        Some(Snap::on(grid.street(0, 1), 1.0)),
    ];
    let there = matrix(&travel, Passable, &ends, &ends, u32::MAX, 2);
    assert_eq!(
        (there.get(0, 1), there.get(1, 0), there.get(0, 0)),
        (None, Some(100_000), Some(0))
    );
    assert_eq!(
        (there.rows(), there.columns(), there.get(5, 0), there.get(0, 5)),
        (2, 2, None, None)
    );
    // Everybody at the top reaches the clinic at the foot, not the other way round.
    let clinic = [Facility {
        place: ends[0],
        state: Passable,
    }];
    let reached = reach_states(&travel.towards(), &clinic, &ends, u32::MAX, &mut Workspace::new());
    assert_eq!(reached, [Passable, Passable]);
    let clinic = [Facility {
        place: ends[1],
        state: Passable,
    }];
    let reached = reach_states(&travel.towards(), &clinic, &ends, u32::MAX, &mut Workspace::new());
    assert_eq!(reached, [Blocked, Passable]);
}

#[test]
fn sdg_shares_by_hand() {
    // Eleven corners a side: a kilometre each way, one person at every corner; group 1 lives in the upper half.
    let grid = Grid::new(11);
    let towards = grid.travel(&Profile::walking()).towards();
    let mut workspace = Workspace::new();
    let places = corners(&grid);
    let middle = Facility {
        place: Some(corner(&grid, 60)),
        state: Passable,
    };
    let weights = vec![1.0; 121];
    let groups: Vec<u16> = (0..121).map(|node| u16::from(node / 11 > 5)).collect();
    // Corners within d blocks of the middle: 2 d (d + 1) + 1.
    let bus = convenient_transport(&towards, &[(middle, Capacity::Low)], &places, &mut workspace).unwrap();
    let sums = shares(&weights, &groups, &bus).unwrap();
    assert_eq!((sums.all.passable, sums.all.people()), (61.0, 121.0));
    assert_eq!((sums.groups[1].passable, sums.groups[1].people()), (25.0, 55.0));
    let metro = convenient_transport(&towards, &[(middle, Capacity::High)], &places, &mut workspace).unwrap();
    assert_eq!(shares(&weights, &groups, &metro).unwrap().all.passable, 121.0);
    let park = open_space_access(&towards, &[middle], &places, &mut workspace).unwrap();
    assert_eq!(shares(&weights, &groups, &park).unwrap().all.passable, 41.0);
    // A stop of which nobody knows whether a wheelchair boards: unknown, not reached.
    let unsaid = Facility {
        state: Unknown,
        ..middle
    };
    let bus = convenient_transport(&towards, &[(unsaid, Capacity::Low)], &places, &mut workspace).unwrap();
    let sums = shares(&weights, &groups, &bus).unwrap();
    assert_eq!((sums.all.passable, sums.all.unknown), (0.0, 61.0));
    let time = Travel::new(grid.network(), &Profile::walking(), Metric::Time)
        .unwrap()
        .towards();
    assert!(open_space_access(&time, &[middle], &places, &mut workspace).is_err());
}

#[test]
fn the_map_of_what_nobody_knows() {
    let grid = divided();
    let travel = grid.travel(&Profile::manual_wheelchair());
    let known = knowledge(&travel);
    assert_eq!(
        (known.passable_m, known.unknown_m, known.blocked_m),
        (600.0, 100.0, 500.0)
    );
    assert_eq!(known.undecided_m, [(Criterion::Width, 100.0)]);
    let edges: Vec<_> = unknown_edges(&travel).collect();
    assert_eq!((edges.len(), edges[0].0), (1, grid.street(1, 4)));
    // A clinic in row 0: the three corners of row 1 hang on that one width.
    let clinic: [Start; 1] = [corner(&grid, 0).into()];
    let mut workspace = Workspace::new();
    let weights = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
    let worth = worth_a_look(
        &travel.towards(),
        &clinic,
        &corners(&grid),
        &weights,
        u32::MAX,
        &mut workspace,
    );
    assert_eq!(worth.len(), 1);
    assert_eq!(
        (worth[0].edge, worth[0].weight),
        (grid.street(1, 4), 8.0 + 16.0 + 32.0)
    );
    assert_eq!(travel.parts(Passable).sizes(), [3, 3, 3]);
    assert_eq!(travel.parts(Unknown).sizes(), [6, 3]);
    assert_eq!(travel.network().parts().sizes(), [9]);
}

#[test]
fn a_workspace_serves_networks_of_any_size() {
    let (small, large) = (Grid::new(2), Grid::new(6));
    let mut workspace = Workspace::new();
    for grid in [&large, &small, &large] {
        let travel = grid.travel(&Profile::walking());
        let reached = search(
            &travel,
            Passable,
            &[corner(grid, 0).into()],
            u32::MAX,
            &mut workspace,
        );
        assert_eq!(reached.nodes().count(), grid.nodes.len());
        let nowhere = Snap::on(sim_access::EdgeIndex(9_999), 0.5);
        assert_eq!(reached.arrival(&nowhere), None);
        assert_eq!(reached.path(&nowhere), None);
        let reached = search(&travel, Passable, &[nowhere.into()], u32::MAX, &mut workspace);
        assert_eq!(reached.nodes().count(), 0);
    }
}

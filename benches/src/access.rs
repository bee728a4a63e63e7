//! Reachability: what a question costs once the city is read, and beside it what another engine takes.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use black_box::test_data;
use formats::{ImportOptions, InputFile, Kind, TwinSink};
use query::{Caller, View};
use scenarios::access::{City, Limit, Metric, Mode, Place, Position, Profile, isochrone, matrix, reach};
use scenarios::model::{Model, TravelOptions, Who};
use serde_json::Value as Json;
use sim_access::reach::{Isochrone, isochrone as pieces, search};
use sim_access::{Passability, Start, Workspace};
use storage::Memory;
use storage::environment::SystemClock;
use twin::{Snapshot, Twin};

use crate::process::median;

/// One figure of a table.
struct Row {
    what: String,
    wall: Duration,
    cpu: Duration,
    goal: &'static str,
}

/// Processor time of this thread. What is measured here runs on one thread.
fn thread_cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split_whitespace().next().and_then(|word| word.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

/// Runs it so many times, what is short until a third of a second is over, and takes the median of wall time and the
/// mean of processor time, which the system counts in steps of some milliseconds.
fn measure<T>(
    what: impl Into<String>,
    goal: &'static str,
    runs: usize,
    mut work: impl FnMut() -> T,
) -> (Row, T) {
    let mut last = None;
    let mut walls = Vec::new();
    let (cpu, begun) = (thread_cpu(), Instant::now());
    while walls.len() < runs.max(1) || runs > 1 && walls.len() < 500 && begun.elapsed().as_secs_f64() < 0.33 {
        let begun = Instant::now();
        last = Some(black_box(work()));
        walls.push(begun.elapsed());
    }
    let count = u32::try_from(walls.len()).unwrap_or(u32::MAX);
    let row = Row {
        what: what.into(),
        cpu: thread_cpu().saturating_sub(cpu) / count,
        wall: median(walls).unwrap_or_default(),
        goal,
    };
    (row, last.expect("at least one run"))
}

fn view() -> View {
    View::open(Caller::System("benches"), "measuring")
}

/// A twin in memory out of files.
fn twin(files: &[(Kind, PathBuf)]) -> Snapshot {
    let twin = Twin::open(Box::new(Memory::new()), Arc::new(SystemClock)).expect("a twin");
    let view = view();
    for (kind, file) in files {
        let mut sink = TwinSink::new(&twin, &view);
        formats::import(
            *kind,
            &[InputFile::new(file)],
            &ImportOptions::default(),
            &mut sink,
            &mut |_| {},
        )
        .expect("an import");
    }
    let snapshot = twin.snapshot();
    twin.close();
    snapshot
}

/// Measures and prints.
pub(crate) fn report(runs: usize) {
    let mut rows = Vec::new();
    if let Some(extract) = test_data("osm/liechtenstein.osm.pbf") {
        rows.extend(streets(&extract, runs));
    }
    if let Some(nairobi) = test_data("nairobi") {
        rows.extend(timetable(&nairobi, runs));
    }
    println!("| What | Wall | CPU | Goal |");
    println!("|---|---|---|---|");
    let milliseconds = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1000.0);
    for row in rows {
        println!(
            "| {} | {} | {} | {} |",
            row.what,
            milliseconds(row.wall),
            milliseconds(row.cpu),
            row.goal
        );
    }
    println!();
}

/// The Liechtenstein extract.
fn streets(extract: &Path, runs: usize) -> Vec<Row> {
    let view = view();
    let (row, city) = measure("Liechtenstein: the extract read into a twin", "", 1, || {
        twin(&[(Kind::Osm, extract.to_owned())])
    });
    let mut rows = vec![row];
    let options = TravelOptions::default();
    let (row, model) = measure(
        "Liechtenstein: the streets laid out as a network, with its spatial index",
        "",
        runs,
        || Model::read(&city, &view, &options).expect("a model"),
    );
    rows.push(row);
    let Some(streets) = model.streets() else {
        return rows;
    };
    let network = Arc::clone(streets.network());
    println!(
        "Liechtenstein: {} edges, {} nodes.",
        network.edge_count(),
        network.node_count()
    );
    println!();
    let (row, _) = measure("Liechtenstein: judged and costed for a profile", "", runs, || {
        streets
            .travel_of(&Profile::manual_wheelchair(), Metric::Distance)
            .expect("a profile")
    });
    rows.push(row);
    let asked = City::of(&city, &view, model.clone());
    // Vaduz, Schaan, Balzers, Eschen, Triesenberg.
    let starts = [
        (9.5209, 47.1410),
        (9.5090, 47.1650),
        (9.5020, 47.0670),
        (9.5220, 47.2110),
        (9.5430, 47.1170),
    ];
    let questions = [
        ("15 minutes on foot", Limit::Minutes(15.0), Profile::walking()),
        ("an hour on foot", Limit::Minutes(60.0), Profile::walking()),
        (
            "1 km by wheelchair",
            Limit::Metres(1000.0),
            Profile::manual_wheelchair(),
        ),
    ];
    for (what, limit, profile) in questions {
        let (mut worst, mut bare): (Option<Row>, Option<Row>) = (None, None);
        for (lon, lat) in starts {
            let question = isochrone::Question {
                from: Position::new(lon, lat),
                limit,
                profile: profile.clone(),
                mode: Mode::Walk,
                outline: None,
            };
            let name = format!(
                "Liechtenstein: isochrone of {what} in three values, with polygons, the slowest of five starts"
            );
            let (row, answer) = measure(name, "20 ms", runs.max(5), || {
                isochrone::ask(&asked, &question).expect("an answer")
            });
            assert!(answer.solved, "{lon},{lat} is on a street");
            keep_slowest(&mut worst, row);
            let travel = streets.travel_of(&profile, limit.metric()).expect("a profile");
            let start = [Start::from(streets.snap(question.from, 500.0).expect("a street"))];
            let mut workspace = Workspace::new();
            let mut cover = Isochrone::default();
            let name = format!("  of these {what}: one value, without polygons, network and profile ready");
            let (row, ()) = measure(name, "", runs.max(5), || {
                let reached = search(
                    &travel,
                    Passability::Passable,
                    &start,
                    limit.cost(),
                    &mut workspace,
                );
                pieces(&reached, limit.cost(), &mut cover);
            });
            keep_slowest(&mut bare, row);
        }
        rows.extend(worst);
        rows.extend(bare);
    }
    rows.extend(peer("streets", &[extract.as_os_str()]));
    rows
}

fn keep_slowest(slowest: &mut Option<Row>, row: Row) {
    if slowest.as_ref().is_none_or(|slowest| row.wall > slowest.wall) {
        *slowest = Some(row);
    }
}

/// The Nairobi pack: no streets, so ways on foot are straight lines times the detour.
fn timetable(folder: &Path, runs: usize) -> Vec<Row> {
    let view = view();
    let files = [
        (Kind::Boundaries, folder.join("wards.geojson")),
        (Kind::Population, folder.join("population-2025-100m.tif")),
        (Kind::Gtfs, folder.join("gtfs-2019.zip")),
        (Kind::Places, folder.join("health-facilities.geojson")),
    ];
    let city = twin(&files);
    let options = TravelOptions::default();
    let (row, model) = measure(
        "Nairobi: people, stops, timetable and places read from the twin",
        "",
        runs,
        || Model::read(&city, &view, &options).expect("a model"),
    );
    let mut rows = vec![row];
    println!(
        "Nairobi: {} inhabited cells, {} served stops.",
        model.cells().len(),
        model.stops().len()
    );
    println!();
    let asked = City::of(&city, &view, model.clone());
    let question = reach::Question {
        category: "stop".into(),
        limit: None,
        profile: Profile::walking(),
    };
    let (row, _) = measure(
        "Nairobi: stops to population, by ward (SDG 11.2.1)",
        "500 ms",
        runs,
        || reach::ask(&asked, &question).expect("an answer"),
    );
    rows.push(row);
    rows.extend(peer("nairobi", &[folder.as_os_str()]));
    let Some(timetable) = model.timetable() else {
        return rows;
    };
    let (row, _) = measure(
        "Nairobi: the timetable built for one day, with ways on foot between stops",
        "",
        runs,
        || {
            timetable
                .build(None, &options, Who::Walking)
                .expect("a timetable")
        },
    );
    let build = (row.wall, row.cpu);
    rows.push(row);
    let question = matrix::Question {
        origins: asked.areas().expect("wards"),
        destinations: clinics(&asked),
        profile: Profile::walking(),
        mode: Mode::Transit,
        metric: Metric::Time,
        limit: None,
        threads: 1,
    };
    let what = format!(
        "Nairobi: travel times of {} wards × {} clinics at 8:00 in three values, one core, timetable built anew",
        question.origins.len(),
        question.destinations.len()
    );
    let (row, _) = measure(what, "2 s", runs, || {
        matrix::ask(&asked, &question).expect("an answer")
    });
    let rest = Row {
        what: "the same without building the timetable".into(),
        wall: row.wall.saturating_sub(build.0),
        cpu: row.cpu.saturating_sub(build.1),
        goal: "2 s",
    };
    rows.extend([row, rest]);
    rows
}

/// The 155 health facilities. Those without coordinates in the file (47) stand in the middles of wards, so that the
/// matrix has the size that is asked for.
fn clinics(city: &City<'_>) -> Vec<Place> {
    let mut places = city.places("clinic").expect("clinics");
    let missing = 155_usize.saturating_sub(places.len());
    places.extend(city.areas().expect("wards").into_iter().take(missing));
    places
}

/// What another engine takes for the same, in this run; left out where its libraries are not here.
fn peer(chapter: &str, files: &[&std::ffi::OsStr]) -> Vec<Row> {
    let python = std::env::var("PEER_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = black_box::root().join("benches/peers/access_speed.py");
    let output = std::process::Command::new(&python)
        .arg(script)
        .arg(chapter)
        .arg(black_box::binary())
        .args(files)
        .output();
    let told: Option<Json> = match &output {
        Ok(output) if output.status.success() => serde_json::from_slice(&output.stdout).ok(),
        _ => None,
    };
    let Some(Json::Array(measured)) = told else {
        println!(
            "The Python peer is left out: pip install pandana osmium numpy scipy pandas pyproj rasterio shapely (or name a python in $PEER_PYTHON)."
        );
        println!();
        return Vec::new();
    };
    measured
        .iter()
        .map(|row| Row {
            what: format!("peer: {}", row["what"].as_str().unwrap_or_default()),
            wall: Duration::from_secs_f64(row["wall_s"].as_f64().unwrap_or(0.0)),
            cpu: Duration::from_secs_f64(row["cpu_s"].as_f64().unwrap_or(0.0)),
            goal: "",
        })
        .collect()
}

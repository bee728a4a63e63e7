//! The main job: Nairobi imported, assessed, served.

use std::path::Path;
use std::time::{Duration, Instant};

use black_box::{Server, mapacha, nairobi};

use crate::process::{Cost, cpu_of, median, resident, run};

struct Row {
    what: &'static str,
    wall: Option<Duration>,
    cpu: Option<Duration>,
    memory: Option<u64>,
    goal: &'static str,
}

/// Measures and prints.
pub(crate) fn report(runs: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(files) = nairobi::files(folder.path()) else {
        return;
    };
    let mut rows = Vec::new();

    let imports: Vec<Vec<Cost>> = (0..runs)
        .map(|turn| import(&files, &folder.path().join(format!("city-{turn}"))))
        .collect();
    rows.push(Row {
        what: "import of the whole Nairobi pack (5 commands)",
        wall: median(
            imports
                .iter()
                .map(|costs| costs.iter().map(|cost| cost.wall).sum())
                .collect(),
        ),
        cpu: median(
            imports
                .iter()
                .map(|costs| costs.iter().map(|cost| cost.cpu).sum())
                .collect(),
        ),
        memory: median(
            imports
                .iter()
                .filter_map(|costs| costs.iter().map(|cost| cost.peak_rss).max())
                .collect(),
        ),
        goal: "10 s, 400 MB",
    });
    rows.extend(peer(&files, runs));
    let city = folder.path().join("city-0");
    rows.push(of_runs(
        "assessment (start, load, calculate, store)",
        "2 s",
        runs,
        || run(mapacha(["assess", "--json", "--data-dir"]).arg(&city)),
    ));
    rows.push(of_runs(
        "the second import of everything (nothing changes)",
        "",
        runs.min(3),
        || {
            let costs = import(&files, &city);
            Cost {
                wall: costs.iter().map(|cost| cost.wall).sum(),
                cpu: costs.iter().map(|cost| cost.cpu).sum(),
                peak_rss: costs.iter().map(|cost| cost.peak_rss).max().unwrap_or(0),
            }
        },
    ));
    rows.push(start(
        "start without a city, until it answers",
        "0.3 s",
        runs,
        |turn| folder.path().join(format!("empty-{turn}")),
    ));
    rows.push(start("start with Nairobi, until it answers", "2 s", runs, |_| {
        city.clone()
    }));
    rows.push(idle(&folder.path().join("idle")));

    println!("| What | Wall | CPU | Memory | Goal |");
    println!("|---|---|---|---|---|");
    for row in rows {
        let time = |time: Option<Duration>| {
            time.map_or_else(String::new, |time| format!("{:.2} s", time.as_secs_f64()))
        };
        let memory = row
            .memory
            .map_or_else(String::new, |bytes| format!("{} MB", bytes >> 20));
        println!(
            "| {} | {} | {} | {memory} | {} |",
            row.what,
            time(row.wall),
            time(row.cpu),
            row.goal
        );
    }
}

/// The same three KPIs by a Python script, as a data team would write it; left out where its libraries are not here.
fn peer(files: &Path, runs: usize) -> Option<Row> {
    let python = std::env::var("PEER_PYTHON").unwrap_or_else(|_| "python3".into());
    let libraries = "import numpy, shapely, pyproj, rasterio";
    let here = std::process::Command::new(&python)
        .args(["-c", libraries])
        .output()
        .is_ok_and(|output| output.status.success());
    if !here {
        println!(
            "The Python peer is left out: pip install numpy shapely pyproj rasterio (or name a python in $PEER_PYTHON)."
        );
        println!();
        return None;
    }
    let script = black_box::root().join("benches/peers/nairobi.py");
    Some(of_runs(
        "peer: the same KPIs in Python from the files (numpy, shapely, pyproj, rasterio)",
        "",
        runs,
        || run(std::process::Command::new(&python).arg(&script).arg(files)),
    ))
}

fn import(files: &Path, data: &Path) -> Vec<Cost> {
    let commands = nairobi::imports(files).into_iter();
    commands
        .map(|words| {
            run(mapacha(["import", "--json"])
                .args(words)
                .arg("--data-dir")
                .arg(data))
        })
        .collect()
}

fn of_runs(what: &'static str, goal: &'static str, runs: usize, mut once: impl FnMut() -> Cost) -> Row {
    let costs: Vec<Cost> = (0..runs).map(|_| once()).collect();
    Row {
        what,
        wall: median(costs.iter().map(|cost| cost.wall).collect()),
        cpu: median(costs.iter().map(|cost| cost.cpu).collect()),
        memory: median(costs.iter().map(|cost| cost.peak_rss).collect()),
        goal,
    }
}

fn start(
    what: &'static str,
    goal: &'static str,
    runs: usize,
    folder: impl Fn(usize) -> std::path::PathBuf,
) -> Row {
    let mut walls = Vec::new();
    let mut cpus = Vec::new();
    let mut memories = Vec::new();
    for turn in 0..runs {
        let data = folder(turn);
        let begun = Instant::now();
        let server = Server::over(&data);
        let (status, _) = server.get("/readyz");
        walls.push(begun.elapsed());
        assert_eq!(status, 200, "ready");
        cpus.extend(cpu_of(server.pid()));
        memories.extend(resident(server.pid(), "VmHWM:"));
        let _ = server.stop();
    }
    Row {
        what,
        wall: median(walls),
        cpu: median(cpus),
        memory: median(memories),
        goal,
    }
}

/// What a server without a city costs while nobody asks anything.
fn idle(folder: &Path) -> Row {
    const LONG: Duration = Duration::from_mins(1);
    let server = Server::over(folder);
    let _ = server.get("/readyz");
    std::thread::sleep(Duration::from_secs(2));
    let before = cpu_of(server.pid()).unwrap_or_default();
    std::thread::sleep(LONG);
    let used = cpu_of(server.pid()).unwrap_or_default().saturating_sub(before);
    let memory = resident(server.pid(), "VmRSS:");
    println!(
        "Idle: {:.2} % of a core over {} s.",
        used.as_secs_f64() / LONG.as_secs_f64() * 100.0,
        LONG.as_secs()
    );
    println!();
    Row {
        what: "idle without a city, one minute",
        wall: Some(LONG),
        cpu: Some(used),
        memory,
        goal: "0.3 % of a core, 40 MB",
    }
}

//! Scenarios on the demo city: a comparison of ten, and all subsets of twelve measures.

use std::sync::Arc;
use std::time::Instant;

use demo_city::City;
use formats::{ImportOptions, InputFile, Kind, Sink as _, TwinSink};
use query::{Caller, View};
use scenarios::file::{Scenario, ScenarioFile};
use scenarios::run::{Unwatched, run};
use storage::Memory;
use storage::environment::SystemClock;
use twin::{Snapshot, Twin};

use crate::process::median;

fn view() -> View {
    View::open(Caller::System("benches"), "measuring")
}

/// The demo city, as `mapacha demo` loads it.
fn loaded(city: &City) -> Snapshot {
    let twin = Twin::open(Box::new(Memory::new()), Arc::new(SystemClock)).expect("a twin");
    let view = view();
    let mut sink = TwinSink::new(&twin, &view);
    let folder = tempfile::tempdir().expect("a folder");
    for (kind, name, content) in [
        (Kind::Gtfs, "demo-gtfs.zip", city.gtfs_zip()),
        (Kind::Population, "demo-population.tif", city.population_geotiff()),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, content).expect("a file");
        let options = ImportOptions {
            year: Some(city.year()),
            ..ImportOptions::default()
        };
        formats::import(kind, &[InputFile::new(&path)], &options, &mut sink, &mut |_| {}).expect("an import");
    }
    sink.put(city.entities().collect()).expect("entities");
    let snapshot = twin.snapshot();
    twin.close();
    snapshot
}

/// Measures and prints.
pub(crate) fn report(runs: usize) {
    let city = City::generate(1, 50_000);
    let baseline = loaded(&city);
    let (_, text) = city
        .scenarios()
        .into_iter()
        .find(|(name, _)| name.contains("everything"))
        .expect("the file with every measure");
    let whole = ScenarioFile::parse(&text).expect("a scenario file");
    let choose = ScenarioFile {
        scenarios: Vec::new(),
        ..whole.clone()
    };
    // Its own five, and each of its first measures alone; every indicator and every KPI that can change.
    let mut ten = ScenarioFile {
        choose: None,
        indicators: Vec::new(),
        ..whole
    };
    let alone = ten.measures.iter().map(|measure| Scenario {
        name: format!("only-{}", measure.name),
        title: None,
        description: None,
        measures: vec![measure.name.clone()],
    });
    let more: Vec<Scenario> = alone.take(10 - ten.scenarios.len()).collect();
    ten.scenarios.extend(more);
    assert_eq!(ten.scenarios.len(), 10);
    println!("| What | Wall | CPU | Goal |");
    println!("|---|---|---|---|");
    for (what, goal, file) in [
        (
            "ten scenarios of the demo city, all indicators and KPIs",
            "5 s",
            &ten,
        ),
        (
            "all 4 096 subsets of 12 measures, three objectives",
            "60 s",
            &choose,
        ),
    ] {
        let (mut walls, mut cpus) = (Vec::new(), Vec::new());
        for _ in 0..runs.max(1) {
            let (cpu, begun) = (process_cpu_s(), Instant::now());
            let result = run(&baseline, &view(), file, &Unwatched).expect("a result");
            walls.push(begun.elapsed().as_secs_f64());
            cpus.push(process_cpu_s() - cpu);
            let counted = result
                .choice
                .map_or(result.scenarios.len(), |choice| choice.subsets);
            assert_eq!(counted, if goal == "5 s" { 10 } else { 4096 });
        }
        println!(
            "| {what} | {:.2} s | {:.2} s | {goal} |",
            median(walls).unwrap_or_default(),
            median(cpus).unwrap_or_default()
        );
    }
    println!();
    println!("No engine that installs from a registry does this: it is measured alone.");
    println!();
}

/// Processor time of this process, all threads, in seconds.
fn process_cpu_s() -> f64 {
    crate::process::cpu_of(std::process::id()).map_or(0.0, |time| time.as_secs_f64())
}

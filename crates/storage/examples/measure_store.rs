//! Measures the engine: `cargo run --release -p storage --example measure_store [entities]`. Prints, asserts nothing.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for people")]

use std::time::Instant;

use ngsi_ld::{Attribute, Name, Timestamp, Uri};
use storage::{Change, Embedded, EntityKey, Environment, Head, Storage, Take};

const ALWAYS: (Timestamp, Timestamp) = (Timestamp::MIN, Timestamp::MAX);

fn main() {
    let entities: u64 = std::env::args()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(200_000);
    let folder = tempfile::tempdir().unwrap();
    let mut engine = Embedded::open(folder.path(), "mapacha", Environment::real(1)).unwrap();
    let names: Vec<Name> = (0..8)
        .map(|n| Name::default_term(&format!("attribute{n}")))
        .collect();
    let sensor = Name::default_term("Sensor");
    let at = |second: u64| Timestamp::from_seconds(1_700_000_000 + second.cast_signed());
    let reading = |n: u64, name: &Name, second: u64| {
        let mut reading = Attribute::property(name.clone(), (n % 401) as f64 / 10.0)
            .observed_at(at(second))
            .unit_code("CEL");
        reading.created_at = at(0);
        reading.modified_at = at(second).plus_micros((n.wrapping_mul(2_654_435_761) % 900_000).cast_signed());
        reading
    };

    let begin = Instant::now();
    for from in (1..=entities).step_by(6_000) {
        let mut changes = Vec::new();
        for key in from..(from + 6_000).min(entities + 1) {
            let head = Head {
                id: Uri::ngsi_ld("Sensor", &key.to_string()),
                types: vec![sensor.clone()],
                scope: Vec::new(),
                created_at: at(0),
                modified_at: at(0),
                expires_at: None,
                temporal_only: false,
            };
            changes.push(Change::Head(EntityKey(key), head));
            changes.extend(
                names
                    .iter()
                    .map(|name| Change::Attribute(EntityKey(key), reading(key, name, 0))),
            );
        }
        engine.bulk(&changes).unwrap();
    }
    let rate = |count: u64, begin: Instant| count as f64 / begin.elapsed().as_secs_f64();
    println!("bulk: {:.0} attributes/s", rate(entities * 8, begin));

    let begin = Instant::now();
    let mut loaded = 0;
    engine
        .load(&mut |stored| loaded += stored.entity.attributes.len())
        .unwrap();
    println!(
        "load: {loaded} attributes in {:.2} s",
        begin.elapsed().as_secs_f64()
    );

    let (mut commits, mut slices) = (Vec::new(), Vec::new());
    for (what, size, rounds, spread) in [
        ("random", 1_000, 400, entities),
        ("random", 100, 1_000, entities),
        ("series", 1_000, 500, 25),
    ] {
        let begin = Instant::now();
        let mut n = 1_u64;
        for round in 0..rounds {
            let changes: Vec<Change> = (0..size)
                .map(|i| {
                    n = n
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407);
                    let place = if spread < 100 { i } else { n >> 33 };
                    let name = &names[usize::try_from(place % 8).unwrap()];
                    Change::Attribute(
                        EntityKey(1 + place / 8 % spread),
                        reading(n >> 20, name, 60 + round * 60),
                    )
                })
                .collect();
            let one = Instant::now();
            engine.commit(&changes).unwrap();
            commits.push(one.elapsed().as_secs_f64());
            for _ in 0..2 {
                let one = Instant::now();
                let more = engine.maintain().unwrap();
                slices.push(one.elapsed().as_secs_f64());
                if !more {
                    break;
                }
            }
        }
        println!(
            "{what}, {size} a commit: {:.0} changes/s with their folds",
            rate(size * rounds, begin)
        );
    }
    for (what, mut times) in [("commit", commits), ("slice", slices)] {
        times.sort_by(f64::total_cmp);
        let at = |per_mille: usize| times[(times.len() - 1) * per_mille / 1_000] * 1e3;
        println!(
            "{what}: p50 {:.2} ms, p99 {:.2} ms, slowest {:.2} ms of {}",
            at(500),
            at(990),
            at(1_000),
            times.len()
        );
    }
    let begin = Instant::now();
    engine.fold().unwrap();
    println!("the rest of the fold: {:.2} s", begin.elapsed().as_secs_f64());

    let begin = Instant::now();
    let reader = engine.reader();
    let (mut points, mut series) = (0, 0);
    for key in 1..=25 {
        for name in &names {
            points += reader.series(EntityKey(key), name, ALWAYS).unwrap().len();
            series += 1;
        }
    }
    println!(
        "series: {points} numbers of {series} in {:.3} s",
        begin.elapsed().as_secs_f64()
    );
    let begin = Instant::now();
    let reading = |key| {
        reader
            .history(EntityKey(key), &[], ALWAYS, Take::All)
            .unwrap()
            .len()
    };
    let instances: usize = (1..=25).map(reading).sum();
    println!(
        "history: {instances} instances in {:.3} s",
        begin.elapsed().as_secs_f64()
    );
    println!("{:#?}", engine.statistics().unwrap());
    let begin = Instant::now();
    assert_eq!(engine.verify().unwrap().damages, Vec::<String>::new());
    println!("verify: {:.2} s", begin.elapsed().as_secs_f64());
    drop((engine, reader));
    let begin = Instant::now();
    let mut engine = Embedded::open(folder.path(), "mapacha", Environment::real(1)).unwrap();
    engine.load(&mut |_| ()).unwrap();
    println!("reopen and load: {:.2} s", begin.elapsed().as_secs_f64());
}

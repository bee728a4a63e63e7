//! What the audit log costs: the same writes with it and without it, in turns, over a store on disk.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use governance::audit::Audit;
use ngsi_ld::{Attribute, Entity, Name, Uri};
use query::{Caller, View};
use storage::Embedded;
use storage::environment::{Environment, SystemClock};
use twin::{Limits, Operation, Tenants, Twin, Witnesses};

use crate::process::cpu_of;

/// Entities that are written to.
const ENTITIES: usize = 1_000;

/// What one way of writing cost.
#[derive(Clone, Copy, Default)]
struct Cost {
    wall: Duration,
    cpu: Duration,
}

/// A way of writing: its name, how many operations, and what does them.
type Way = (&'static str, usize, fn(&Twin, usize));

const WAYS: [Way; 4] = [
    ("one update a request, one client", 2_000, one_by_one),
    ("one update a request, eight clients", 16_000, crowd),
    ("updates in batches of 100", 40_000, batches),
    ("new entities by import, 1 000 at a time", 40_000, import),
];

fn view() -> View {
    View::open(Caller::Anonymous, "service-operation").of_request("5f3a2b1c-1")
}

fn bus(number: usize) -> Entity {
    let term = Name::default_term;
    Entity::new(Uri::ngsi_ld("Bus", &number.to_string()), term("Bus"))
        .with(Attribute::property(term("speed"), 0_i64).unit_code("KMH"))
        .with(Attribute::property(term("line"), "44"))
        .with(Attribute::property(term("occupancy"), 0.5))
        .with(Attribute::property(
            term("name"),
            format!("Bus {number} of the line 44"),
        ))
        .with(Attribute::relationship(
            term("refLine"),
            Uri::ngsi_ld("Line", "44"),
        ))
}

fn update(number: usize) -> Operation {
    let mut entity = Entity::new(
        Uri::ngsi_ld("Bus", &(number % ENTITIES).to_string()),
        Name::default_term("Bus"),
    );
    let speed = i64::try_from(number).unwrap_or(0) + 1;
    entity
        .attributes
        .push(Attribute::property(Name::default_term("speed"), speed).unit_code("KMH"));
    Operation::UpsertUpdate(entity)
}

fn done(twin: &Twin, operations: Vec<Operation>) {
    for result in twin.execute_blocking(&view(), operations) {
        result.expect("a write");
    }
}

fn one_by_one(twin: &Twin, count: usize) {
    (0..count).for_each(|number| done(twin, vec![update(number)]));
}

fn crowd(twin: &Twin, count: usize) {
    std::thread::scope(|scope| {
        for client in 0..8 {
            scope.spawn(move || (0..count / 8).for_each(|n| done(twin, vec![update(n * 8 + client)])));
        }
    });
}

fn batches(twin: &Twin, count: usize) {
    (0..count / 100).for_each(|n| done(twin, (0..100).map(|m| update(n * 100 + m)).collect()));
}

fn import(twin: &Twin, count: usize) {
    for n in 0..count / 1_000 {
        let some = (0..1_000).map(|m| Operation::Import(bus(ENTITIES + n * 1_000 + m)));
        for result in twin.load_blocking(&view(), some.collect()) {
            result.expect("a write");
        }
    }
}

/// Writes into a new store; what it cost, and the bytes that it has afterwards.
fn run(way: Way, audited: bool) -> (Cost, u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path().to_owned();
    let audit = Audit::new();
    let witnesses = audited.then(|| Arc::new(audit.clone()) as Arc<dyn Witnesses>);
    let tenants = Tenants::open_witnessed(
        folder.path(),
        Arc::new(SystemClock),
        Limits::default(),
        witnesses,
        move |stem| Ok(Box::new(Embedded::open(&at, stem, Environment::real(1))?)),
    )
    .expect("a store");
    let twin = tenants.get(None).expect("the default tenant");
    if audited {
        audit.begin(&twin).expect("keys");
    }
    done(
        &twin,
        (0..ENTITIES)
            .map(|number| Operation::Create(bus(number)))
            .collect(),
    );
    let (_, count, work) = way;
    let cpu = || cpu_of(std::process::id()).unwrap_or_default();
    let (before, start) = (cpu(), Instant::now());
    work(&twin, count);
    let cost = Cost {
        wall: start.elapsed(),
        cpu: cpu().saturating_sub(before),
    };
    if let Some(log) = audit.log(None) {
        assert!(log.size() >= (ENTITIES + count) as u64, "every write left a leaf");
    }
    tenants.close();
    drop((twin, tenants));
    (cost, bytes(folder.path()))
}

fn bytes(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).expect("a folder");
    files
        .map(|file| {
            file.and_then(|file| file.metadata())
                .map_or(0, |facts| facts.len())
        })
        .sum()
}

fn median(mut costs: Vec<Cost>, of: fn(&Cost) -> Duration) -> f64 {
    costs.sort_by_key(of);
    costs
        .get(costs.len() / 2)
        .map_or(0.0, |cost| of(cost).as_secs_f64())
}

/// Measures and prints.
pub(crate) fn report(runs: usize) {
    println!("## The audit log\n");
    println!(
        "| Writes | Wall, µs each, without and with | CPU, µs each, without and with | CPU more | Bytes more, each |"
    );
    println!("|---|---|---|---|---|");
    for way in WAYS {
        let (mut off, mut on, mut sizes) = (Vec::new(), Vec::new(), (0, 0));
        for _ in 0..runs {
            let (cost, size) = run(way, false);
            off.push(cost);
            sizes.0 = size;
            let (cost, size) = run(way, true);
            on.push(cost);
            sizes.1 = size;
        }
        let (name, count, _) = way;
        let each = |seconds: f64| seconds * 1e6 / count as f64;
        let wall = (
            each(median(off.clone(), |cost| cost.wall)),
            each(median(on.clone(), |cost| cost.wall)),
        );
        let cpu = (
            each(median(off, |cost| cost.cpu)),
            each(median(on, |cost| cost.cpu)),
        );
        let more = (cpu.1 / cpu.0 - 1.0) * 100.0;
        let size = (sizes.1 as f64 - sizes.0 as f64) / (count + ENTITIES) as f64;
        println!(
            "| {name} | {:.1} → {:.1} | {:.1} → {:.1} | {more:+.0} % | {size:.0} |",
            wall.0, wall.1, cpu.0, cpu.1
        );
    }
    println!();
}

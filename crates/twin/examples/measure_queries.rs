//! Measures how long questions take among so many entities of seven attributes, microseconds each, with the path that was
//! taken and how many entities were looked at; the first of a kind, which may make an index; what writes take of a
//! processor; and how much memory all of it takes (Linux). Nothing is stored.
//!
//! `cargo run --release -p twin --example measure_queries -- 10000 1000000`
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    reason = "a measuring program"
)]

use std::sync::Arc;
use std::time::Instant;

use ngsi_ld::context::Context;
use ngsi_ld::query::order::OrderBy;
use ngsi_ld::query::q::Q;
use ngsi_ld::{Attribute, Entity, Name, Timestamp, Uri};
use query::{Caller, EntityQuery, Selection, Sorter, View};
use storage::environment::ManualClock;
use storage::{Change, Lsn, Memory, Storage, StorageError, StorageReader, Stored};
use twin::{Operation, Reader, Twin};

const COLOURS: [&str; 10] = [
    "red", "blue", "green", "yellow", "black", "white", "gold", "grey", "brown", "pink",
];

fn name(term: &str) -> Name {
    Name::default_term(term)
}

fn id(number: usize) -> Uri {
    Uri::ngsi_ld("Sensor", &number.to_string())
}

fn sensor(number: usize, count: usize) -> Entity {
    let mut entity = Entity::new(id(number), name("Sensor"));
    let shuffled = number.wrapping_mul(2_654_435_761) % count;
    entity.attributes = vec![
        Attribute::property(name("serial"), shuffled as i64),
        Attribute::property(name("hundred"), (shuffled % 100) as i64),
        Attribute::property(name("label"), format!("sensor {shuffled}")),
        Attribute::property(name("colour"), COLOURS[shuffled % 10]),
        Attribute::property(name("flag"), number.is_multiple_of(2)),
        Attribute::property(name("level"), shuffled as f64 / count as f64),
        Attribute::relationship(name("place"), Uri::ngsi_ld("Place", &(shuffled / 10).to_string())),
    ];
    entity
}

/// A store that keeps nothing, so that only the twin is measured.
struct Nowhere;

impl Storage for Nowhere {
    fn load(&mut self, _: &mut dyn FnMut(Stored)) -> Result<(), StorageError> {
        Ok(())
    }
    fn commit(&mut self, _: &[Change]) -> Result<Lsn, StorageError> {
        Ok(Lsn(0))
    }
    fn bulk(&mut self, _: &[Change]) -> Result<Lsn, StorageError> {
        Ok(Lsn(0))
    }
    fn maintain(&mut self) -> Result<bool, StorageError> {
        Ok(false)
    }
    fn put_blob(&mut self, content: &mut dyn std::io::Read) -> Result<String, StorageError> {
        Memory::new().put_blob(content)
    }
    fn reader(&self) -> Arc<dyn StorageReader> {
        Memory::new().reader()
    }
}

fn city(count: usize, view: &View) -> Twin {
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(0)));
    let twin = Twin::open(Box::new(Nowhere), clock).unwrap();
    for start in (0..count).step_by(10_000) {
        let end = count.min(start + 10_000);
        let operations = (start..end).map(|number| Operation::Create(sensor(number, count)));
        let done = twin.load_blocking(view, operations.collect());
        assert!(done.iter().all(Result::is_ok));
    }
    twin
}

/// The memory of this process in MiB; `None` where the system does not say.
fn resident() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}

/// The median of some runs, in microseconds.
fn median(runs: usize, mut run: impl FnMut(usize)) -> f64 {
    let mut times: Vec<f64> = (0..runs)
        .map(|number| {
            let start = Instant::now();
            run(number);
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[runs / 2]
}

/// The time that all threads of this process have had on a processor, in nanoseconds (Linux).
fn processor() -> Option<f64> {
    let mut all = 0.0;
    for task in std::fs::read_dir("/proc/self/task").ok()? {
        let told = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        all += told.split_whitespace().next()?.parse::<f64>().ok()?;
    }
    Some(all)
}

/// What each of many runs takes of a processor, in microseconds: comparable on a busy machine.
fn processor_each(runs: usize, mut run: impl FnMut(usize)) -> f64 {
    let before = processor();
    (0..runs).for_each(&mut run);
    let taken = before
        .zip(processor())
        .map_or(f64::NAN, |(before, after)| after - before);
    taken / 1000.0 / runs as f64
}

fn questions(twin: &Twin, count: usize, view: &View) {
    let (half, place) = (count / 2, count / 20);
    let number = format!("serial=={half}");
    let one = format!("label==\"sensor {half}\"");
    let three = format!("label==\"sensor 17\",\"sensor {half}\",\"Zürich\"");
    let related = format!("place==urn:ngsi-ld:Place:{place}");
    for (q, order, collation) in [
        (None, None, None),
        (Some("level>=0.0"), None, None),
        (Some("level>=0.5"), None, None),
        (Some("level>=0.99"), None, None),
        (Some(number.as_str()), None, None),
        (Some("hundred==42;flag==true"), None, None),
        (Some(one.as_str()), None, None),
        (Some(three.as_str()), None, None),
        (Some(related.as_str()), None, None),
        (Some("colour==\"red\""), None, None),
        (Some("colour==\"red\";hundred==40"), None, None),
        (Some("label==\"nobody\""), None, None),
        (Some("label~=\"^sensor 5\""), None, None),
        (Some("label~=\"555$\""), None, None),
        (Some("label==\"sensor 5000\"..\"sensor 5003\""), None, None),
        (Some("colour~=\"^y.*w$\""), Some("level"), None),
        (None, Some("level;desc"), None),
        (Some("flag==true"), Some("level"), None),
        (None, Some("label"), None),
        (None, Some("label;desc"), None),
        (Some("flag==true"), Some("label"), None),
        (Some("colour==\"red\""), Some("label"), None),
        (None, Some("colour"), None),
        (None, Some("label"), Some("sv")),
        (None, Some("id"), None),
        (None, Some("createdAt;desc"), None),
        (None, Some("modifiedAt;desc"), None),
        (None, Some("colour,level;desc"), None),
        (Some("flag==true"), Some("serial.unit,id;desc"), None),
    ] {
        let query = EntityQuery {
            selection: Selection {
                q: q.map(|q| Q::parse(q, Context::core()).unwrap()),
                ..Selection::of_type(name("Sensor"))
            },
            limit: 20,
            offset: 0,
            count: false,
        };
        let sorter = order.map(|order| {
            let order = OrderBy::parse(order, collation, None, None, Context::core()).unwrap();
            Sorter::new(&order).unwrap()
        });
        let ask = || match &sorter {
            Some(sorter) => twin.ordered(view, &query, sorter).unwrap(),
            None => twin.query(view, &query).unwrap(),
        };
        let path = match &sorter {
            Some(sorter) => twin.order_plan(view, &query, sorter).to_string(),
            None => twin.plan(&query).to_string(),
        };
        let first = median(1, |_| {
            std::hint::black_box(ask());
        });
        let page = ask();
        let runs = if page.examined > 100_000 { 3 } else { 15 };
        let time = median(runs, |_| {
            std::hint::black_box(ask());
        });
        println!(
            "{time:>11.0} us (first {first:.0})  {:<46} {:<14} {:<3} {:>2} of {:>7} looked at, {path}",
            q.unwrap_or(""),
            order.unwrap_or(""),
            collation.unwrap_or(""),
            page.entities.len(),
            page.examined,
        );
    }
}

fn writes(twin: &Twin, count: usize, view: &View) {
    let write = |operation| assert!(twin.execute_blocking(view, vec![operation]).remove(0).is_ok());
    let (label, serial) = (name("label"), name("serial"));
    let time = processor_each(5000, |run| {
        let value = Attribute::property(serial.clone(), run as i64);
        write(Operation::ReplaceAttribute(id(run * 7 % count), value));
    });
    println!("{time:>11.0} us  a number replaced (time of a processor)");
    let time = processor_each(5000, |run| {
        let value = Attribute::property(label.clone(), format!("renamed {run}"));
        write(Operation::ReplaceAttribute(id(run * 7 % count), value));
    });
    println!("{time:>11.0} us  a text replaced (time of a processor)");
    let time = processor_each(5000, |run| {
        write(Operation::UpsertReplace(sensor(count + run, count)));
        write(Operation::Delete(id(count + run)));
    });
    println!("{time:>11.0} us  an entity created and deleted (time of a processor)");
    // The copies that a picture makes necessary: of a shard, and of the index of the attribute.
    let time = median(30, |run| {
        let picture = twin.snapshot();
        let value = Attribute::property(serial.clone(), run as i64 + 2000);
        write(Operation::ReplaceAttribute(id(run * 7 % count), value));
        drop(picture);
    });
    println!("{time:>11.0} us  a picture taken and a number replaced");
    let time = median(30, |run| {
        let picture = twin.snapshot();
        let value = Attribute::property(label.clone(), format!("again {run}"));
        write(Operation::ReplaceAttribute(id(run * 7 % count), value));
        drop(picture);
    });
    println!("{time:>11.0} us  a picture taken and a text replaced");
}

fn main() {
    let view = View::open(Caller::System("measure"), "test");
    for count in std::env::args().skip(1).filter_map(|text| text.parse().ok()) {
        let before = resident();
        let start = Instant::now();
        let twin = city(count, &view);
        println!(
            "{count} entities, loaded in {:.2} s, {:.0} bytes each",
            start.elapsed().as_secs_f64(),
            before
                .zip(resident())
                .map_or(f64::NAN, |(before, after)| (after - before) * 1024.0 * 1024.0
                    / count as f64)
        );
        writes(&twin, count, &view);
        let without = resident();
        questions(&twin, count, &view);
        let more = without
            .zip(resident())
            .map(|(before, after)| (after - before) * 1024.0 * 1024.0);
        println!(
            "with indexes of orders: {:.0} bytes an entity more",
            more.unwrap_or(f64::NAN) / count as f64
        );
        writes(&twin, count, &view);
    }
}

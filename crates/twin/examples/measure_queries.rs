//! Measures how long questions take, from ten thousand entities to a million of five attributes: microseconds each,
//! with the path that was taken.
//!
//! `cargo run --release -p twin --example measure_queries -- 10000 1000000`
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_possible_wrap,
    reason = "a measuring program"
)]

use std::sync::Arc;
use std::time::Instant;

use ngsi_ld::context::Context;
use ngsi_ld::query::order::OrderBy;
use ngsi_ld::query::q::Q;
use ngsi_ld::{Attribute, Entity, Name, Timestamp, Uri};
use query::{Caller, EntityQuery, Selection, Sorter, View};
use storage::Memory;
use storage::environment::ManualClock;
use twin::{Operation, Reader, Twin};

fn name(term: &str) -> Name {
    Name::default_term(term)
}

fn city(count: usize, view: &View) -> Twin {
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(0)));
    let twin = Twin::open(Box::new(Memory::new()), clock).unwrap();
    let names = ["serial", "hundred", "label", "flag", "level"].map(name);
    let entity_type = name("Sensor");
    for start in (0..count).step_by(10_000) {
        let operations = (start..count.min(start + 10_000)).map(|number| {
            let mut entity = Entity::new(Uri::ngsi_ld("Sensor", &number.to_string()), entity_type.clone());
            let shuffled = number.wrapping_mul(2_654_435_761) % count;
            entity.attributes = vec![
                Attribute::property(names[0].clone(), shuffled as i64),
                Attribute::property(names[1].clone(), (shuffled % 100) as i64),
                Attribute::property(names[2].clone(), format!("sensor {shuffled}")),
                Attribute::property(names[3].clone(), number % 2 == 0),
                Attribute::property(names[4].clone(), shuffled as f64 / count as f64),
            ];
            Operation::Create(entity)
        });
        assert!(
            twin.load_blocking(view, operations.collect())
                .iter()
                .all(Result::is_ok)
        );
    }
    twin
}

fn main() {
    let view = View::open(Caller::System("measure"), "test");
    for count in std::env::args().skip(1).filter_map(|text| text.parse().ok()) {
        let start = Instant::now();
        let twin = city(count, &view);
        println!(
            "{count} entities, loaded in {:.2} s",
            start.elapsed().as_secs_f64()
        );
        let half = format!("serial=={}", count / 2);
        for (q, order) in [
            (None, None),
            (Some("level>=0.0"), None),
            (Some("level>=0.5"), None),
            (Some("level>=0.9"), None),
            (Some("level>=0.99"), None),
            (Some("level>=0.999"), None),
            (Some(half.as_str()), None),
            (Some("hundred==42;flag==true"), None),
            (Some("label==\"sensor 5000\""), None),
            (None, Some("level;desc")),
            (Some("flag==true"), Some("level")),
            (None, Some("label")),
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
                Sorter::new(&OrderBy::parse(order, None, None, None, Context::core()).unwrap()).unwrap()
            });
            let ask = || match &sorter {
                Some(sorter) => twin.ordered(&view, &query, sorter).unwrap(),
                None => twin.query(&view, &query).unwrap(),
            };
            let page = ask();
            let mut times: Vec<f64> = (0..15)
                .map(|_| {
                    let start = Instant::now();
                    std::hint::black_box(ask());
                    start.elapsed().as_secs_f64() * 1e6
                })
                .collect();
            times.sort_by(f64::total_cmp);
            println!(
                "{:>10.0} us  {:<26} {:<12} {:>2} of {:>7} looked at, {}",
                times[7],
                q.unwrap_or(""),
                order.unwrap_or(""),
                page.entities.len(),
                page.examined,
                twin.plan(&query)
            );
        }
    }
}

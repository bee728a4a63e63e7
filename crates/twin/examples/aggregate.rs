//! How long it takes to aggregate a million instances of one attribute, in the embedded engine: the time of the
//! processor, which does not depend on who else uses the machine.
//!
//! `cargo run --release -p twin --example aggregate [instances]`
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a measurement"
)]

use std::sync::Arc;

use ngsi_ld::query::temporal::{Aggregation, TemporalQuery, TimeProperty, TimeRelation};
use ngsi_ld::{Attribute, Entity, Name, Timestamp, Uri};
use query::aggregate::{Aggregator, Numbers};
use query::{Caller, View};
use storage::environment::SystemClock;
use storage::{Embedded, Environment};
use twin::{HistoryQuery, Operation, Piece, Reader, Twin};

/// Milliseconds of the processor that this thread has had.
fn processor_ms() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|text| text.parse::<f64>().ok());
    nanos.unwrap_or_default() / 1e6
}

fn main() {
    let count: i64 = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(1_000_000);
    let folder = tempfile::tempdir().unwrap();
    let engine = Embedded::open(folder.path(), "city", Environment::real(1)).unwrap();
    let twin = Twin::open(Box::new(engine), Arc::new(SystemClock)).unwrap();
    let view = View::open(Caller::System("example"), "measure");
    let (id, name) = (Uri::ngsi_ld("Sensor", "1"), Name::default_term("temperature"));
    let at = |n: i64| Timestamp::from_seconds(1_700_000_000 + n * 60);
    // A sensor that drifts, one reading a minute, with one digit after the point.
    for first in (0..count).step_by(50_000) {
        let mut entity = Entity::new(id.clone(), Name::default_term("Sensor"));
        for n in first..(first + 50_000).min(count) {
            let value = ((n as f64 / 700.0).sin().mul_add(8.0, 20.0) * 10.0).round() / 10.0;
            let reading = Attribute::property(name.clone(), value).observed_at(at(n));
            entity.attributes.push(reading.unit_code("CEL"));
        }
        let append = Operation::AppendHistory {
            entity,
            current: false,
        };
        twin.load_blocking(&view, vec![append]).remove(0).unwrap();
    }
    let relation = TimeRelation::Between(at(0), at(count));
    let query = HistoryQuery {
        temporal: TemporalQuery {
            relation,
            property: TimeProperty::ObservedAt,
        },
        attributes: vec![name],
        datasets: Vec::new(),
        last_n: None,
    };
    let all = "avg,min,max,sum,sumsq,stddev,totalCount";
    for (methods, period) in [
        ("avg", "PT0S"),
        (all, "PT0S"),
        (all, "P1D"),
        (all, "P1M"),
        (all, "PT1H"),
        ("distinctCount", "PT0S"),
    ] {
        let aggregation = Aggregation::parse(methods, Some(period)).unwrap();
        let mut best = f64::INFINITY;
        let mut rows = 0;
        for _ in 0..5 {
            let begin = processor_ms();
            let mut aggregator = Aggregator::new(&aggregation, relation.range(), None);
            let mut each = |_: &Name, _: Option<&Uri>, piece: Piece<'_>| match piece {
                Piece::One(at, one) => aggregator.add(at, &one.value).unwrap(),
                Piece::Integers(instants, values) => aggregator
                    .add_numbers(instants, Numbers::Integers(values))
                    .unwrap(),
                Piece::Floats(instants, values) => {
                    aggregator.add_numbers(instants, Numbers::Floats(values)).unwrap();
                }
            };
            twin.pieces(&view, &id, &query, &mut each).unwrap().unwrap();
            rows = aggregator
                .finish()
                .into_iter()
                .map(|(_, buckets)| buckets.unwrap().len())
                .sum();
            best = best.min(processor_ms() - begin);
        }
        println!("{count} instances, {methods} by {period}: {best:.1} ms of the processor, {rows} values");
    }
}

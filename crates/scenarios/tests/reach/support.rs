//! A twin in memory, and what is put there.

use std::path::Path;
use std::sync::Arc;

use formats::{ImportOptions, InputFile, Kind, Sink as _, TwinSink};
use ngsi_ld::context::Context;
use ngsi_ld::{Attribute, Entity, Name, PropertyValue, Timestamp, Uri};
use query::{Caller, View};
use scenarios::model::{Model, TravelOptions};
use storage::Memory;
use storage::environment::ManualClock;
use twin::{Fork, Instance, Operation, Twin};

pub(crate) fn view() -> View {
    View::open(Caller::System("test"), "test")
}

pub(crate) fn name(term: &str) -> Name {
    Context::core().expand(term)
}

pub(crate) fn twin() -> Twin {
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_777_593_600)));
    Twin::open(Box::new(Memory::new()), clock).unwrap()
}

/// Imports a file as a city would.
pub(crate) fn import(twin: &Twin, kind: Kind, path: &Path, options: &ImportOptions) {
    let view = view();
    let mut sink = TwinSink::new(twin, &view);
    let report = formats::import(kind, &[InputFile::new(path)], options, &mut sink, &mut |_| {}).unwrap();
    // Of real maps a few features have no geometry, or are cut at the border.
    let real = matches!(kind, Kind::Places | Kind::Osm);
    assert!(real || !report.has_refusals(), "{}", report.to_text(5));
}

pub(crate) fn put(twin: &Twin, entities: impl IntoIterator<Item = Entity>) {
    let view = view();
    let mut sink = TwinSink::new(twin, &view);
    let entities: Vec<Entity> = entities.into_iter().collect();
    for batch in entities.chunks(1000) {
        for fate in sink.put(batch.to_vec()).unwrap() {
            assert!(!matches!(fate, formats::Fate::Refused(_)), "refused");
        }
    }
}

pub(crate) fn property(term: &str, value: impl Into<PropertyValue>) -> Attribute {
    Attribute::property(name(term), value)
}

pub(crate) fn refers(term: &str, to: &Uri) -> Attribute {
    Attribute::relationship(name(term), to.clone())
}

pub(crate) fn entity(kind: &str, local: &str) -> Entity {
    Entity::new(Uri::ngsi_ld(kind, local), name(kind))
}

/// Executes an operation on a fork.
pub(crate) fn run(fork: &mut Fork, operation: Operation) {
    fork.execute(&view(), operation).unwrap();
}

pub(crate) fn without(fork: &mut Fork, id: &Uri, term: &str) {
    run(
        fork,
        Operation::DeleteAttribute(id.clone(), name(term), Instance::Default),
    );
}

pub(crate) fn read(snapshot: &twin::Snapshot, options: &TravelOptions) -> Model {
    Model::read(snapshot, &view(), options).unwrap()
}

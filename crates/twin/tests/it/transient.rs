//! Transient entities and attributes (4.22): gone at their time for whoever asks, and deleted by the twin itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ngsi_ld::{Entity, Timestamp};
use proptest::prelude::*;
use query::{Caller, EntityQuery, Selection, View};
use storage::Memory;
use storage::environment::ManualClock;
use twin::{Error, Operation, Outcome, Reader, Twin};

use crate::common::{all, at, clock, history, id, name, open, property, run, set, thing, view};

fn city(memory: &Memory, clock: &Arc<ManualClock>) -> Twin {
    let clock: Arc<dyn twin::Clock> = Arc::<ManualClock>::clone(clock);
    Twin::open(Box::new(memory.clone()), clock).unwrap()
}

fn ending(local: u32, entity: Option<Timestamp>, attribute: Option<Timestamp>) -> Entity {
    let mut made = thing(local);
    made.expires_at = entity;
    let mut transient = property("a", 1);
    transient.expires_at = attribute;
    made.attributes = vec![transient, property("b", 2)];
    made
}

/// Waits until the twin has deleted by itself what it should have.
fn settled(twin: &Twin, done: impl Fn(&Twin) -> bool) {
    let began = Instant::now();
    while !done(twin) {
        assert!(began.elapsed() < Duration::from_secs(30), "nothing happens");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn what_has_had_its_time_is_deleted_durably() {
    let (memory, clock) = (Memory::new(), clock());
    let twin = city(&memory, &clock);
    run(&twin, Operation::Create(ending(1, Some(at(10)), None))).unwrap();
    run(&twin, Operation::Create(ending(2, None, Some(at(20))))).unwrap();
    clock.set(at(10));
    // Nobody waits for the twin to do it.
    assert!(twin.get(&view(), &id(1)).is_none());
    assert!(matches!(
        run(&twin, Operation::Merge(id(1), set("a", 3))),
        Err(Error::NotFound(_))
    ));
    clock.set(at(20));
    // After each write the writer looks at what is due, before it takes the next.
    for other in [8, 9] {
        run(&twin, Operation::Create(thing(other))).unwrap();
    }
    assert_eq!(history(&twin, &id(1)).len(), 2, "its past is kept");
    twin.close();

    clock.set(at(0)); // what was deleted is gone whatever the clock says
    let twin = city(&memory, &clock);
    assert!(twin.get(&view(), &id(1)).is_none());
    assert_eq!(twin.get(&view(), &id(2)).unwrap().attributes.len(), 1);
}

#[test]
fn what_ended_while_the_program_was_down_is_not_there_when_it_is_up() {
    let (memory, clock) = (Memory::new(), clock());
    let twin = city(&memory, &clock);
    run(&twin, Operation::Create(ending(1, Some(at(10)), None))).unwrap();
    twin.close();
    clock.set(at(11));
    let twin = city(&memory, &clock);
    assert!(twin.get(&view(), &id(1)).is_none());
    assert_eq!(
        run(&twin, Operation::Create(thing(1))).unwrap(),
        Outcome::Created,
        "the id is free"
    );
    assert!(twin.get(&view(), &id(1)).unwrap().attributes.is_empty());
}

#[test]
fn a_new_end_takes_the_place_of_the_old() {
    let (memory, clock) = (Memory::new(), clock());
    let twin = city(&memory, &clock);
    run(&twin, Operation::Create(ending(1, Some(at(10)), None))).unwrap();
    run(&twin, Operation::Replace(id(1), ending(1, Some(at(30)), None))).unwrap();
    clock.set(at(10));
    assert!(twin.get(&view(), &id(1)).is_some());
    run(&twin, Operation::Replace(id(1), ending(1, None, None))).unwrap();
    clock.set(at(1000));
    assert!(twin.get(&view(), &id(1)).is_some());
    run(&twin, Operation::Create(ending(2, Some(at(5)), None))).unwrap();
    assert!(twin.get(&view(), &id(2)).is_none(), "its time was before it came");
    settled(&twin, |twin| {
        twin.snapshot().types(&view()) == [(name("Thing"), 1)]
    });
}

#[test]
fn a_picture_does_not_show_what_had_ended_when_it_was_taken() {
    let faulty = crate::common::Faulty::default();
    let clock = clock();
    let shared: Arc<dyn twin::Clock> = Arc::clone(&clock) as Arc<dyn twin::Clock>;
    let twin = Twin::open(Box::new(faulty.clone()), shared).unwrap();
    run(&twin, Operation::Create(ending(1, Some(at(10)), None))).unwrap();
    let before = twin.snapshot();
    let held = faulty.gate.lock(); // the store takes its time
    clock.set(at(10));
    let after = twin.snapshot();
    for (reader, count) in [(&before as &dyn Reader, 1), (&after, 0), (&twin, 0)] {
        assert_eq!(all(reader, &view()).len(), count);
        assert_eq!(reader.types(&view()).len(), count);
        assert_eq!(usize::from(reader.get(&view(), &id(1)).is_some()), count);
    }
    drop(held);
}

#[derive(Clone, Debug)]
enum Step {
    Put(u32, Option<i64>, Option<i64>),
    Set(u32, i64),
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let end = || prop::option::of(0_i64..40);
    prop_oneof![
        (0_u32..4, end(), end()).prop_map(|(local, entity, attribute)| Step::Put(local, entity, attribute)),
        (0_u32..4, 0_i64..100).prop_map(|(local, value)| Step::Set(local, value)),
        (0_i64..6).prop_map(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whenever it is asked, the twin shows what a model without any deleting says is there at that time.
    #[test]
    fn at_every_instant_only_what_has_time_left_is_there(steps in prop::collection::vec(step(), 1..25)) {
        let clock = clock();
        let shared: Arc<dyn twin::Clock> = Arc::clone(&clock) as Arc<dyn twin::Clock>;
        let twin = Twin::open(Box::new(Memory::new()), shared).unwrap();
        let restricted = View::open(Caller::Anonymous, "test");
        // For each entity its end, and that of its transient attribute.
        let mut model: [Option<(Option<i64>, Option<i64>)>; 4] = [None; 4];
        let mut now = 0;
        for step in steps {
            let over = |end: Option<i64>| end.is_some_and(|end| end <= now);
            match step {
                Step::Put(local, entity, attribute) => {
                    let made = ending(local, entity.map(at), attribute.map(at));
                    run(&twin, Operation::UpsertReplace(made)).unwrap();
                    model[local as usize] = Some((entity, attribute));
                }
                Step::Set(local, value) => {
                    let there = model[local as usize].is_some_and(|(end, _)| !over(end));
                    let done = run(&twin, Operation::Merge(id(local), set("b", value)));
                    prop_assert_eq!(done.is_ok(), there);
                }
                Step::Wait(seconds) => {
                    now += seconds;
                    clock.set(at(now));
                }
            }
            let over = |end: Option<i64>| end.is_some_and(|end| end <= now);
            let mut expected = 0;
            for (local, entry) in model.iter().enumerate() {
                let shown = twin.get(&view(), &id(local)).map(|entity| entity.attributes.len());
                let is = entry.filter(|(end, _)| !over(*end)).map(|(_, attribute)| if over(attribute) { 1 } else { 2 });
                prop_assert_eq!(shown, is);
                expected += usize::from(is.is_some());
            }
            prop_assert_eq!(all(&twin, &view()).len(), expected);
            let of_type = EntityQuery { selection: Selection::of_type(name("Thing")), limit: 0, offset: 0, count: true };
            prop_assert_eq!(twin.query(&view(), &of_type).unwrap().total, Some(expected), "counted by the index or not");
            let count: usize = twin.types(&restricted).iter().map(|(_, count)| count).sum();
            prop_assert_eq!(count, expected);
            prop_assert_eq!(all(&twin.snapshot(), &view()).len(), expected);
        }
    }
}

#[test]
fn nothing_is_done_where_nothing_is_transient() {
    let faulty = crate::common::Faulty::default();
    let twin = open(faulty.clone());
    run(&twin, Operation::Create(ending(1, None, None))).unwrap();
    let commits = faulty.commits.load(std::sync::atomic::Ordering::SeqCst);
    twin.close();
    assert_eq!(faulty.commits.load(std::sync::atomic::Ordering::SeqCst), commits);
}

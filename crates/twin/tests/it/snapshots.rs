//! A picture shows what was, whatever is written later.

use ngsi_ld::Timestamp;
use twin::{Operation, Reader};

use crate::common::{all, at, history, id, name, numbers, property, run, set, thing, twin, view};

const ALWAYS: (Timestamp, Timestamp) = (Timestamp::MIN, Timestamp::MAX);

#[test]
fn later_writes_do_not_show() {
    let twin = twin();
    for n in 0..100 {
        run(&twin, Operation::Create(thing(n).with(property("a", n)))).unwrap();
    }
    let snapshot = twin.snapshot();
    let before = all(&snapshot, &view());
    run(&twin, Operation::Create(thing(100))).unwrap();
    run(&twin, Operation::Merge(id(5), set("a", 500))).unwrap();
    run(&twin, Operation::Delete(id(6))).unwrap();
    assert_eq!(all(&snapshot, &view()), before);
    assert_eq!(snapshot.types(&view()), [(name("Thing"), 100)]);
    assert_eq!(twin.types(&view()), [(name("Thing"), 100)]);
    assert!(snapshot.get(&view(), &id(6)).is_some() && twin.get(&view(), &id(6)).is_none());
    assert_ne!(all(&twin, &view()), before);
    drop(twin);
    assert_eq!(all(&snapshot, &view()), before, "it outlives the twin");
}

#[test]
fn its_history_ends_with_it() {
    let twin = twin(); // its clock stands still: the order is the twin's own
    run(
        &twin,
        Operation::Create(thing(1).with(property("a", 1).observed_at(at(1)))),
    )
    .unwrap();
    run(&twin, Operation::Merge(id(1), set("a", 2))).unwrap();
    let snapshot = twin.snapshot();
    let seen = history(&snapshot, &id(1));
    assert_eq!(numbers(&seen), [1.0, 2.0]);
    let late = thing(1).with(property("a", 50).observed_at(at(-50))); // observed before, written after
    run(
        &twin,
        Operation::AppendHistory {
            entity: late,
            current: false,
        },
    )
    .unwrap();
    run(&twin, Operation::Merge(id(1), set("a", 3))).unwrap();
    run(&twin, Operation::Merge(id(1), set("a", 4))).unwrap();
    assert_eq!(history(&snapshot, &id(1)), seen);
    assert_eq!(numbers(&history(&twin, &id(1))), [50.0, 1.0, 2.0, 3.0, 4.0]);
    let values = |series: Vec<twin::Sample>| series.into_iter().map(|s| s.value).collect::<Vec<_>>();
    assert_eq!(
        values(snapshot.series(&view(), &id(1), &name("a"), ALWAYS).unwrap()),
        [1.0, 2.0]
    );
    assert_eq!(
        values(twin.series(&view(), &id(1), &name("a"), ALWAYS).unwrap()),
        [50.0, 1.0, 2.0, 3.0, 4.0]
    );
    assert_eq!(
        values(
            twin.snapshot()
                .series(&view(), &id(1), &name("a"), ALWAYS)
                .unwrap()
        )
        .len(),
        5
    );
}

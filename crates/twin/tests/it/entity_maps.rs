//! Entity maps over restarts and within bounds (5.5.14, 5.14).

use std::sync::Arc;
use std::time::Duration;

use ngsi_ld::Uri;
use storage::Memory;
use twin::{Error, Mapped, Twin};

use crate::common::{at, clock, id, view};

const HOUR: i64 = 3600;

fn ids(count: usize) -> Vec<Uri> {
    (0..count).map(id).collect()
}

#[test]
fn a_map_survives_a_restart_and_ends_in_time() {
    let (memory, clock) = (Memory::new(), clock());
    let open = || {
        let clock: Arc<dyn twin::Clock> = Arc::clone(&clock) as Arc<dyn twin::Clock>;
        Twin::open(Box::new(memory.clone()), clock).unwrap()
    };
    let twin = open();
    let kept = twin
        .make_entity_map(&view(), Mapped::Evolutions, "q", ids(3), None)
        .unwrap();
    let long = twin
        .make_entity_map(
            &view(),
            Mapped::Entities,
            "q",
            Vec::new(),
            Some(Duration::from_hours(24 * 3650)),
        )
        .unwrap();
    let deleted = twin
        .make_entity_map(&view(), Mapped::Entities, "q", ids(1), None)
        .unwrap();
    assert_eq!(
        (kept.expires_at, long.expires_at),
        (at(HOUR), at(24 * HOUR)),
        "bounded"
    );
    assert!(twin.delete_entity_map(&view(), deleted.id.as_str()).unwrap());
    assert!(!twin.delete_entity_map(&view(), deleted.id.as_str()).unwrap());
    kept.remove(1);
    assert_eq!((kept.at(1), kept.at(2)), (None, Some(&id(2))), "places stay");
    let longer = twin
        .end_entity_map(&view(), kept.id.as_str(), at(2 * HOUR))
        .unwrap()
        .unwrap();
    assert_eq!(longer.entities().count(), 2, "what was removed stays removed");
    twin.close();

    let twin = open();
    let map = twin.entity_map(&view(), kept.id.as_str()).unwrap();
    assert_eq!(
        (map.of, map.query.as_str(), map.expires_at),
        (Mapped::Evolutions, "q", at(2 * HOUR))
    );
    assert_eq!(map.entities().cloned().collect::<Vec<_>>(), [id(0), id(2)]);
    assert_eq!(
        (map.at(1), map.at(2)),
        (None, Some(&id(2))),
        "links to pages go on leading there"
    );
    assert!(twin.entity_map(&view(), deleted.id.as_str()).is_none());
    clock.set(at(2 * HOUR));
    assert!(
        twin.entity_map(&view(), kept.id.as_str()).is_none(),
        "its time has come"
    );
    assert!(
        twin.end_entity_map(&view(), kept.id.as_str(), at(3 * HOUR))
            .unwrap()
            .is_none()
    );
    twin.close();
    let rows = |twin: &Twin| twin.rows("entity-maps").unwrap().len();
    let twin = open();
    assert_eq!(rows(&twin), 2);
    twin.tidy().unwrap();
    assert_eq!(rows(&twin), 1, "the store forgets it too");
}

#[test]
fn maps_are_bounded_in_number_and_size() {
    let clock: Arc<dyn twin::Clock> = clock();
    let twin = Twin::open(Box::new(Memory::new()), clock).unwrap();
    let make = |count, minutes| {
        twin.make_entity_map(
            &view(),
            Mapped::Entities,
            "",
            ids(count),
            Some(Duration::from_mins(minutes)),
        )
    };
    assert!(matches!(make(100_001, 1), Err(Error::Invalid(_))));
    let first_to_end = make(1, 1).unwrap();
    for _ in 0..999 {
        make(1, 2).unwrap();
    }
    assert!(twin.entity_map(&view(), first_to_end.id.as_str()).is_some());
    let one_more = make(1, 2).unwrap();
    assert!(
        twin.entity_map(&view(), first_to_end.id.as_str()).is_none(),
        "made room"
    );
    assert!(twin.entity_map(&view(), one_more.id.as_str()).is_some());
    assert_eq!(twin.rows("entity-maps").unwrap().len(), 1000);
}

//! The path that a question takes among ten thousand entities, and how many of them it looks at.

use ngsi_ld::context::Context;
use ngsi_ld::query::order::OrderBy;
use ngsi_ld::query::q::Q;
use ngsi_ld::{Attribute, Uri};
use query::{EntityQuery, Selection, Sorter};
use twin::{Operation, Reader, Twin};

use crate::common::{id, name, run, thing, twin, view};

const COUNT: usize = 10_000;

/// Things with `serial` (each its own), `hundred` (0 to 99), `place` (a relationship to one of ten), and twenty of them
/// with `rare`; one in ten is a `Tenth` as well.
fn city() -> Twin {
    let twin = twin();
    let mut operations = Vec::with_capacity(COUNT);
    for number in 0..COUNT {
        let mut entity = thing(number);
        entity.types = vec![name("Thing")];
        if number % 10 == 0 {
            entity.types.push(name("Tenth"));
        }
        entity.attributes = vec![
            Attribute::property(name("serial"), number as i64),
            Attribute::property(name("hundred"), (number * 7 % 100) as i64),
            Attribute::relationship(name("place"), id(number % 10)),
        ];
        if number % 500 == 499 {
            entity.attributes.push(Attribute::property(name("rare"), "yes"));
        }
        operations.push(Operation::Create(entity));
    }
    assert!(twin.load_blocking(&view(), operations).iter().all(Result::is_ok));
    twin
}

fn query(entity_type: Option<&str>, q: Option<&str>) -> EntityQuery {
    let mut selection = Selection {
        q: q.map(|q| Q::parse(q, Context::core()).unwrap()),
        ..Selection::default()
    };
    selection.types = entity_type.and_then(|term| Selection::of_type(name(term)).types);
    EntityQuery {
        selection,
        limit: 20,
        offset: 0,
        count: false,
    }
}

#[test]
fn no_question_looks_at_more_than_it_must() {
    let twin = city();
    for (entity_type, q, plan, found, most) in [
        (Some("Thing"), None, "by type Thing", 20, 21),
        (Some("Tenth"), None, "by type Tenth", 20, 21),
        // Not selective: along the lane, until the page is full.
        (Some("Thing"), Some("hundred>=0"), "by type Thing", 20, 21),
        (Some("Thing"), Some("hundred>=50"), "by type Thing", 20, 60),
        (Some("Thing"), Some("hundred!=3"), "by type Thing", 20, 30),
        // Selective: by the numbers.
        (
            Some("Thing"),
            Some("serial==5000"),
            "by number serial in [5000, 5000]",
            1,
            1,
        ),
        (
            Some("Thing"),
            Some("serial>9990"),
            "by number serial in [9990, inf]",
            9,
            10,
        ),
        (
            Some("Thing"),
            Some("serial<5"),
            "by number serial in [-inf, 5]",
            5,
            6,
        ),
        (
            None,
            Some("serial>=100;serial<105"),
            "by number serial in [100, 105]",
            5,
            6,
        ),
        (
            Some("Tenth"),
            Some("serial==4000..4100"),
            "by number serial in [4000, 4100]",
            11,
            101,
        ),
        (
            None,
            Some("hundred==42;serial>9000"),
            "by number hundred in [42, 42]",
            10,
            100,
        ),
        (
            Some("Thing"),
            Some("serial==20000"),
            "by number serial in [20000, 20000]",
            0,
            0,
        ),
        // By presence, where fewer have the attribute than the type.
        (Some("Thing"), Some("rare"), "by attribute rare", 20, 20),
        (None, Some("rare==\"no\""), "by attribute rare", 0, 20),
        (None, Some("rare|nothing"), "by attribute rare, nothing", 20, 20),
        (Some("Thing"), Some("nothing>5"), "by attribute nothing", 0, 0),
        (
            Some("Tenth"),
            Some("place{serial}==5;rare"),
            "by attribute rare",
            0,
            20,
        ),
        (None, None, "every entity", 20, 21),
    ] {
        let query = query(entity_type, q);
        let shown = format!("{entity_type:?} {q:?}");
        let page = twin.query(&view(), &query).unwrap();
        assert_eq!(twin.plan(&query).to_string(), plan, "{shown}");
        assert_eq!(page.entities.len(), found, "{shown}");
        assert!(page.examined <= most, "{shown}: {}", page.examined);
    }
    // To count is to look at all that may match.
    let mut counted = query(Some("Thing"), Some("serial>=9000"));
    counted.count = true;
    let page = twin.query(&view(), &counted).unwrap();
    assert_eq!((page.total, page.examined), (Some(1000), 1000));
    // So is to order.
    let order = OrderBy::parse("serial;desc", None, None, None, Context::core()).unwrap();
    let page = twin
        .ordered(
            &view(),
            &query(Some("Thing"), Some("serial>=9000;serial<9100")),
            &Sorter::new(&order).unwrap(),
        )
        .unwrap();
    assert_eq!((page.entities[0].id.clone(), page.examined), (id(9099), 101));
}

#[test]
fn an_order_by_numbers_looks_at_its_page() {
    let twin = city();
    for (entity_type, q, order, first, most) in [
        (Some("Thing"), None, "serial", 0, 30),
        (Some("Thing"), None, "serial;desc", 9999, 30),
        (None, None, "serial;desc", 9999, 30),
        (Some("Tenth"), None, "serial;desc", 9990, 250),
        (Some("Thing"), Some("hundred<50"), "serial;desc", 9992, 60),
        // A hundred share the number: all of them are needed to tell which come first.
        (Some("Thing"), None, "hundred,serial;desc", 9900, 101),
        // By what is selected, where that is less.
        (Some("Thing"), Some("rare"), "serial", 499, 20),
        (Some("Thing"), Some("serial>9990"), "serial", 9991, 10),
    ] {
        let query = query(entity_type, q);
        let order_by = OrderBy::parse(order, None, None, None, Context::core()).unwrap();
        let page = twin
            .ordered(&view(), &query, &Sorter::new(&order_by).unwrap())
            .unwrap();
        let shown = format!("{entity_type:?} {q:?} {order}");
        assert_eq!(page.entities[0].id, id(first), "{shown}");
        assert!(page.examined <= most, "{shown}: {}", page.examined);
    }
}

#[test]
fn a_picture_keeps_its_numbers() {
    let twin = city();
    let picture = twin.snapshot();
    let moved = Attribute::property(name("serial"), 20_000_i64);
    run(&twin, Operation::ReplaceAttribute(id(5), moved)).unwrap();
    run(&twin, Operation::Delete(id(6))).unwrap();
    let count = |reader: &dyn Reader, q: &str| {
        let page = reader.query(&view(), &query(None, Some(q))).unwrap();
        page.entities
            .iter()
            .map(|entity| entity.id.clone())
            .collect::<Vec<Uri>>()
    };
    assert_eq!(count(&picture, "serial==5,6"), [id(5), id(6)]);
    assert!(count(&twin, "serial==5,6").is_empty());
    assert_eq!(count(&twin, "serial>=20000"), [id(5)]);
    assert!(count(&picture, "serial>=20000").is_empty());
}

//! The path that a question takes among ten thousand entities, and how many of them it looks at.

use ngsi_ld::context::Context;
use ngsi_ld::query::order::OrderBy;
use ngsi_ld::query::q::Q;
use ngsi_ld::query::temporal::{TemporalQuery, TimeProperty, TimeRelation};
use ngsi_ld::{Attribute, Name, Uri};
use query::{EntityQuery, Selection, Sorter};
use twin::{HistoryQuery, Operation, Piece, Reader, Twin};

use crate::common::{Faulty, at, hiding, id, name, open, run, thing, twin, view};

const COUNT: usize = 10_000;
const COLOURS: [&str; 10] = [
    "red", "blue", "green", "Red", "black", "white", "gold", "grey", "brown", "pink",
];

/// Things with `serial` and `name` (each its own), `hundred` (0 to 99), `colour` (one of ten), `place` (a relationship
/// to one of ten), `mixed` (a number of half of them, a text of the others), a long `notice`, twenty of them with
/// `rare` and two of them with `box`; one in ten is a `Tenth` as well.
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
            Attribute::property(name("name"), format!("Sensor {number:05}")),
            Attribute::property(name("colour"), COLOURS[number % 10]),
            Attribute::property(name("notice"), format!("{number} {}", "x".repeat(300))),
        ];
        let half = number as i64 / 2;
        entity.attributes.push(if number % 2 == 0 {
            Attribute::property(name("mixed"), half)
        } else {
            Attribute::property(name("mixed"), format!("{half:05}"))
        });
        if number == 7 || number == 42 {
            let sides = serde_json::json!({"side": number});
            entity.attributes.push(Attribute::property(name("box"), sides));
            entity.attributes[0].observed_at = Some(at(number as i64));
        }
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
        (None, Some("rare!=\"yes\""), "by attribute rare", 0, 20),
        // By the texts.
        (None, Some("rare==\"no\""), r#"by text rare in ["no"]"#, 0, 0),
        (
            Some("Thing"),
            Some("name==\"Sensor 05000\""),
            r#"by text name in ["Sensor 05000"]"#,
            1,
            1,
        ),
        (
            Some("Thing"),
            Some("name==\"Sensor 05000\",\"Sensor 00007\",\"nobody\""),
            r#"by text name in ["Sensor 00007", "Sensor 05000", "nobody"]"#,
            2,
            2,
        ),
        (
            Some("Thing"),
            Some("name==\"Sensor 05000\"|name==\"Sensor 00007\"|rare==\"yes\""),
            r#"by text name in ["Sensor 00007", "Sensor 05000"] or rare in ["yes"]"#,
            20,
            21,
        ),
        (
            Some("Thing"),
            Some("colour==\"red\""),
            r#"by text colour in ["red"]"#,
            20,
            21,
        ),
        (
            Some("Thing"),
            Some("colour==\"red\";name==\"Sensor 00007\""),
            r#"by text name in ["Sensor 00007"]"#,
            0,
            1,
        ),
        (
            None,
            Some("colour==\"blue\";serial>9000"),
            r#"by text colour in ["blue"]"#,
            20,
            930,
        ),
        (
            None,
            Some("place==\"urn:ngsi-ld:Thing:3\""),
            r#"by text place in ["urn:ngsi-ld:Thing:3"]"#,
            20,
            21,
        ),
        (
            Some("Thing"),
            Some("place==urn:ngsi-ld:Thing:30"),
            r#"by text place in ["urn:ngsi-ld:Thing:30"]"#,
            0,
            0,
        ),
        (
            None,
            Some("mixed==\"00007\""),
            r#"by text mixed in ["00007"]"#,
            1,
            1,
        ),
        // Texts that are too long for an index are looked at.
        (Some("Tenth"), Some("notice==\"x\""), "by type Tenth", 0, 1000),
        // Ranges and patterns go by code points, the index by the collation.
        (Some("Thing"), Some("name>=\"Sensor 0\""), "by type Thing", 20, 21),
        (Some("Thing"), Some("name~=\"^Sensor\""), "by type Thing", 20, 21),
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
fn an_order_by_an_attribute_looks_at_its_page() {
    let twin = city();
    for (entity_type, q, order, path, first, most) in [
        (Some("Thing"), None, "serial", "along numbers of serial", 0, 30),
        (
            Some("Thing"),
            None,
            "serial;desc",
            "along numbers of serial",
            9999,
            30,
        ),
        (None, None, "serial;desc", "along numbers of serial", 9999, 30),
        (
            Some("Tenth"),
            None,
            "serial;desc",
            "along numbers of serial",
            9990,
            250,
        ),
        (
            Some("Thing"),
            Some("hundred<50"),
            "serial;desc",
            "along numbers of serial",
            9992,
            60,
        ),
        // A hundred share the number: all of them are needed to tell which come first.
        (
            Some("Thing"),
            None,
            "hundred,serial;desc",
            "along numbers of hundred",
            9900,
            101,
        ),
        (Some("Thing"), None, "name", "along texts of name", 0, 30),
        (Some("Thing"), None, "name;desc", "along texts of name", 9999, 30),
        (None, None, "name;desc", "along texts of name", 9999, 30),
        (Some("Tenth"), None, "name;desc", "along texts of name", 9990, 250),
        (
            Some("Thing"),
            Some("hundred<50"),
            "name;desc",
            "along texts of name",
            9992,
            60,
        ),
        (
            Some("Thing"),
            Some("colour==\"red\""),
            "name;desc",
            "along texts of name",
            9990,
            250,
        ),
        // A thousand share the text. "red" is before "Red", which is after "pink", in the order of languages.
        (
            Some("Thing"),
            None,
            "colour,serial;desc",
            "along texts of colour",
            9994,
            1001,
        ),
        (
            Some("Thing"),
            None,
            "colour;desc,serial",
            "along texts of colour",
            5,
            1001,
        ),
        (
            Some("Thing"),
            Some("place==urn:ngsi-ld:Thing:3"),
            "colour",
            "along texts of colour",
            3,
            2010,
        ),
        // Where nothing else decides, the first made are the first.
        (Some("Thing"), None, "colour", "along texts of colour", 4, 30),
        (Some("Thing"), None, "colour;desc", "along texts of colour", 5, 30),
        (
            Some("Thing"),
            Some("rare|serial<9999"),
            "colour",
            "along texts of colour",
            4,
            30,
        ),
        (Some("Thing"), None, "hundred", "along numbers of hundred", 0, 130),
        (
            Some("Thing"),
            None,
            "hundred;desc",
            "along numbers of hundred",
            57,
            30,
        ),
        (Some("Thing"), None, "place", "along texts of place", 0, 30),
        // Numbers are before texts, in either direction.
        (
            Some("Thing"),
            None,
            "mixed;desc",
            "along numbers and texts of mixed",
            9998,
            30,
        ),
        (
            Some("Thing"),
            None,
            "mixed",
            "along numbers and texts of mixed",
            0,
            30,
        ),
        // The page is longer than the values go: what has none comes in order of creation.
        (Some("Thing"), None, "rare", "along texts of rare", 499, 25),
        (None, None, "nothing;desc", "along values of nothing", 0, 21),
        // By what is selected, where that is less.
        (
            Some("Thing"),
            Some("rare"),
            "serial",
            "sorted: by attribute rare",
            499,
            20,
        ),
        (
            Some("Thing"),
            Some("rare"),
            "name;desc",
            "sorted: by attribute rare",
            9999,
            20,
        ),
        (
            Some("Thing"),
            Some("serial>9990"),
            "serial",
            "sorted: by number serial in [9990, inf]",
            9991,
            10,
        ),
        (
            Some("Thing"),
            Some("name==\"Sensor 00042\",\"Sensor 00007\""),
            "name;desc",
            r#"sorted: by text name in ["Sensor 00007", "Sensor 00042"]"#,
            42,
            2,
        ),
        // What is along no attribute, of so few that no index of it is made.
        (Some("Tenth"), None, "notice", "sorted: by type Tenth", 0, 1000),
        (Some("Tenth"), None, "id", "sorted: by type Tenth", 0, 1000),
        (Some("Tenth"), None, "createdAt", "sorted: by type Tenth", 0, 1000),
        (Some("Tenth"), None, "name[en]", "sorted: by type Tenth", 0, 1000),
        (Some("Tenth"), None, "rare,name", "sorted: by type Tenth", 0, 1000),
    ] {
        let query = query(entity_type, q);
        let order_by = OrderBy::parse(order, None, None, None, Context::core()).unwrap();
        let sorter = Sorter::new(&order_by).unwrap();
        let page = twin.ordered(&view(), &query, &sorter).unwrap();
        let shown = format!("{entity_type:?} {q:?} {order}");
        assert_eq!(
            twin.order_plan(&view(), &query, &sorter).to_string(),
            path,
            "{shown}"
        );
        assert_eq!(page.entities[0].id, id(first), "{shown}");
        assert!(page.examined <= most, "{shown}: {}", page.examined);
    }
}

#[test]
fn an_order_along_no_attribute_gets_an_index_and_looks_at_its_page() {
    let twin = city();
    let of_thing = |order: &str| format!("along an index of {order}, of type Thing");
    for (entity_type, q, order, path, first, most) in [
        (
            Some("Thing"),
            None,
            "createdAt;desc",
            of_thing("createdAt desc"),
            0,
            21,
        ),
        (
            Some("Thing"),
            None,
            "modifiedAt;desc",
            of_thing("modifiedAt desc"),
            0,
            21,
        ),
        (Some("Thing"), None, "id", of_thing("id"), 0, 21),
        (Some("Thing"), None, "id;desc", of_thing("id desc"), 9999, 21),
        (
            Some("Thing"),
            None,
            "type,id;desc",
            of_thing("type, id desc"),
            9999,
            21,
        ),
        // Numbers are before objects, which are before what has none.
        (
            Some("Thing"),
            None,
            "serial.observedAt;desc",
            of_thing("serial.observedAt desc"),
            42,
            21,
        ),
        (
            Some("Thing"),
            None,
            "box[side],name;desc",
            of_thing("box[side], name desc"),
            7,
            21,
        ),
        (
            Some("Thing"),
            None,
            "nothing,name;desc",
            of_thing("nothing, name desc"),
            9999,
            21,
        ),
        // Texts too long for the index of the attribute: "0 xxx", "1 xxx", "10 xxx".
        (Some("Thing"), None, "notice", of_thing("notice"), 0, 30),
        // What is selected besides is looked at on the way.
        (
            Some("Thing"),
            Some("hundred>=50"),
            "id;desc",
            of_thing("id desc"),
            9999,
            60,
        ),
        (
            Some("Thing"),
            Some("colour==\"red\";flag"),
            "id",
            "sorted: by attribute flag".to_owned(),
            0,
            0,
        ),
    ] {
        let query = query(entity_type, q);
        let order_by = OrderBy::parse(order, None, None, None, Context::core()).unwrap();
        let sorter = Sorter::new(&order_by).unwrap();
        let planned = twin.order_plan(&view(), &query, &sorter).to_string();
        let page = twin.ordered(&view(), &query, &sorter).unwrap();
        let shown = format!("{entity_type:?} {q:?} {order}");
        assert_eq!(planned, path, "{shown}");
        assert!(page.examined <= most, "{shown}: {}", page.examined);
        assert_eq!(
            page.entities.first().map(|entity| &entity.id),
            (most > 0).then(|| id(first)).as_ref(),
            "{shown}"
        );
        // It follows what is written.
        let twenty = page.entities.len();
        if let Some(first) = page.entities.first() {
            run(&twin, Operation::Delete(first.id.clone())).unwrap();
            let after = twin.ordered(&view(), &query, &sorter).unwrap();
            assert_eq!(after.entities[..twenty - 1], page.entities[1..], "{shown}");
            run(&twin, Operation::Create((**first).clone())).unwrap();
        }
    }
}

/// A tenth of ten thousand share a first value that tells nothing apart: an index of both is made.
#[test]
fn an_order_by_several_values_gets_an_index_where_the_first_is_that_of_many() {
    let twin = city();
    let order = OrderBy::parse("colour,serial;desc", None, None, None, Context::core()).unwrap();
    let (sorter, query) = (Sorter::new(&order).unwrap(), query(Some("Thing"), None));
    let mut paths = Vec::new();
    for _ in 0..20 {
        let path = twin.order_plan(&view(), &query, &sorter).to_string();
        let page = twin.ordered(&view(), &query, &sorter).unwrap();
        assert_eq!(page.entities[0].id, id(9994));
        assert!(page.examined <= if path.contains("index") { 21 } else { 1001 });
        paths.push(path);
    }
    assert_eq!(paths[0], "along texts of colour");
    assert_eq!(paths[19], "along an index of colour, serial desc, of type Thing");
}

#[test]
fn an_order_that_is_counted_looks_at_its_page_where_the_count_is_known() {
    let twin = city();
    let order = OrderBy::parse("name;desc", None, None, None, Context::core()).unwrap();
    let sorter = Sorter::new(&order).unwrap();
    for (q, total, most) in [(None, COUNT, 30), (Some("hundred<50"), COUNT / 2, COUNT)] {
        let mut query = query(Some("Thing"), q);
        query.count = true;
        let page = twin.ordered(&view(), &query, &sorter).unwrap();
        assert_eq!((page.total, page.entities.len()), (Some(total), 20));
        assert!(page.examined <= most, "{}", page.examined);
    }
}

#[test]
fn another_collation_is_not_that_of_the_index() {
    let twin = city();
    let query = query(Some("Thing"), None);
    for (order, path, examined) in [
        ("name", "along an index of name (sv), of type Thing", 21),
        ("serial,name", "along numbers of serial", 30),
    ] {
        let order = OrderBy::parse(order, Some("sv"), None, None, Context::core()).unwrap();
        let sorter = Sorter::new(&order).unwrap();
        assert_eq!(twin.order_plan(&view(), &query, &sorter).to_string(), path);
        assert!(twin.ordered(&view(), &query, &sorter).unwrap().examined <= examined);
    }
}

#[test]
fn whoever_may_not_see_an_attribute_is_not_told_its_order() {
    let twin = city();
    let order = OrderBy::parse("name;desc", None, None, None, Context::core()).unwrap();
    let sorter = Sorter::new(&order).unwrap();
    let (view, query) = (hiding([name("name")]), query(Some("Thing"), None));
    assert_eq!(
        twin.ordered(&view, &query, &sorter).unwrap().entities[0].id,
        id(0)
    );
}

#[test]
fn a_picture_keeps_its_numbers_and_texts() {
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
    let renamed = Attribute::property(name("name"), "Zoe");
    run(&twin, Operation::ReplaceAttribute(id(7), renamed)).unwrap();
    let known = "name==\"Sensor 00006\",\"Sensor 00007\",\"Zoe\"";
    assert_eq!(count(&picture, known), [id(6), id(7)]);
    assert_eq!(count(&twin, known), [id(7)]);
    assert!(count(&picture, "name==\"Zoe\"").is_empty());
}

/// What the store reads for it is what it is asked for: see its own tests.
#[test]
fn an_aggregation_asks_for_one_series_in_its_time() {
    let store = Faulty::default();
    let twin = open(store.clone());
    for number in 0..3 {
        for second in 0..50 {
            let mut entity = thing(number);
            for term in ["level", "other"] {
                let reading = Attribute::property(name(term), second).observed_at(at(second));
                entity.attributes.push(reading);
            }
            run(&twin, Operation::UpsertUpdate(entity)).unwrap();
        }
    }
    let query = HistoryQuery {
        temporal: TemporalQuery {
            relation: TimeRelation::Between(at(10), at(20)),
            property: TimeProperty::ObservedAt,
        },
        attributes: vec![name("level")],
        datasets: Vec::new(),
        last_n: None,
    };
    let mut found = 0;
    let mut each = |_: &Name, _: Option<&Uri>, piece: Piece<'_>| {
        found += match piece {
            Piece::Integers(instants, _) | Piece::Floats(instants, _) => instants.len(),
            Piece::One(..) => 1,
        };
    };
    twin.pieces(&view(), &id(1), &query, &mut each).unwrap().unwrap();
    assert_eq!(found, 10);
    let asked = store.asked.lock().clone();
    let [(_, attribute, None, range)] = &asked[..] else {
        panic!("{asked:?}");
    };
    assert_eq!((attribute, *range), (&name("level"), (at(10), at(20))));
}

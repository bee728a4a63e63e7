//! The way in which a page in an order is found among ten thousand entities, and how many of them it looks at.

use ngsi_ld::Attribute;
use ngsi_ld::context::Context;
use ngsi_ld::query::order::OrderBy;
use query::{EntityQuery, Sorter};
use twin::{Operation, Reader, Twin};

use crate::common::{hiding, id, name, run, thing, twin, view};
use crate::plans::{COUNT, city, query};

/// The way, the first entity, and how many are looked at at most.
fn check(
    twin: &Twin,
    (query, sorter): (&EntityQuery, &Sorter),
    shown: &str,
    (path, first, most): (&str, usize, usize),
) {
    let page = twin.ordered(&view(), query, sorter).unwrap();
    assert_eq!(
        twin.order_plan(&view(), query, sorter).to_string(),
        path,
        "{shown}"
    );
    assert_eq!(page.entities[0].id, id(first), "{shown}");
    assert!(page.examined <= most, "{shown}: {}", page.examined);
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
        check(
            &twin,
            (&query, &sorter),
            &format!("{entity_type:?} {q:?} {order}"),
            (path, first, most),
        );
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

/// Ten thousand in a square of a hundred by a hundred, about 111 m apart, and as many of another type that are nowhere.
#[test]
fn the_nearest_are_found_outwards() {
    let twin = twin();
    let mut operations = Vec::new();
    for number in 0..COUNT {
        let mut entity = thing(number);
        entity.types = vec![name("Thing")];
        let (x, y) = ((number % 100) as f64, (number / 100) as f64);
        let place = geo_types::Point::new(36.0 + x / 1000.0, y / 1000.0);
        entity.attributes = vec![
            Attribute::geo(Context::core().expand("location"), place),
            Attribute::property(name("hundred"), (number % 100) as i64),
        ];
        operations.push(Operation::Create(entity));
    }
    for number in 0..COUNT {
        let mut nowhere = thing(COUNT + number);
        nowhere.types = vec![name("Nowhere")];
        operations.push(Operation::Create(nowhere));
    }
    assert!(twin.load_blocking(&view(), operations).iter().all(Result::is_ok));
    for (entity_type, q, order, from, path, first, most) in [
        (
            "Thing",
            None,
            "location;dist-asc",
            "[36.05,0.05]",
            "outwards by location",
            5050,
            300,
        ),
        (
            "Thing",
            None,
            "location;dist-asc,id",
            "[36,0]",
            "outwards by location",
            0,
            100,
        ),
        (
            "Thing",
            None,
            "location;dist-asc",
            "[30,0]",
            "outwards by location",
            0,
            COUNT,
        ),
        (
            "Thing",
            Some("hundred==50..69"),
            "location;dist-asc",
            "[36.05,0.05]",
            "outwards by location",
            5050,
            900,
        ),
        (
            "Thing",
            None,
            "location;dist-desc",
            "[36,0]",
            "from afar by location",
            9999,
            300,
        ),
        (
            "Thing",
            None,
            "location;dist-desc,id",
            "[36.05,0.05]",
            "from afar by location",
            0,
            300,
        ),
        (
            "Thing",
            Some("hundred==50..69"),
            "location;dist-desc",
            "[36,0]",
            "from afar by location",
            9969,
            900,
        ),
        // What every entity has of itself is nowhere.
        (
            "Thing",
            None,
            "createdAt;dist-desc,id;desc",
            "[36,0]",
            "sorted: by type Thing",
            9999,
            COUNT,
        ),
        // Whoever is nowhere comes after all that are somewhere, in order of creation.
        (
            "Nowhere",
            None,
            "location;dist-asc",
            "[36,0]",
            "outwards by location",
            COUNT,
            COUNT + 30,
        ),
    ] {
        let query = query(Some(entity_type), q);
        let order_by = OrderBy::parse(order, None, Some(from), None, Context::core()).unwrap();
        let sorter = Sorter::new(&order_by).unwrap();
        check(
            &twin,
            (&query, &sorter),
            &format!("{q:?} {order} {from}"),
            (path, first, most),
        );
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

/// Many ask for an order at once that has no index yet: one makes it, the others wait for it, and none sorts.
#[test]
fn an_index_that_many_ask_for_is_made_once() {
    let twin = city();
    let query = query(Some("Thing"), None);
    for collation in ["sv", "de", "fi", "et"] {
        let order = OrderBy::parse("name", Some(collation), None, None, Context::core()).unwrap();
        let sorter = Sorter::new(&order).unwrap();
        let start = std::sync::Barrier::new(8);
        let ask = || {
            start.wait();
            twin.ordered(&view(), &query, &sorter).unwrap().examined
        };
        let examined: Vec<usize> = std::thread::scope(|scope| {
            let asking: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
            asking.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(
            examined.iter().all(|count| *count < 30),
            "{collation}: {examined:?}"
        );
    }
}

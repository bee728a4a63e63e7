//! The path that a question takes among ten thousand entities, and how many of them it looks at.

use ngsi_ld::context::Context;
use ngsi_ld::query::order::OrderBy;
use ngsi_ld::query::q::Q;
use ngsi_ld::query::temporal::{TemporalQuery, TimeProperty, TimeRelation};
use ngsi_ld::{Attribute, Name, Uri};
use query::{EntityQuery, Selection, Selector, Sorter};
use twin::{HistoryQuery, Operation, Piece, Reader, Twin};

use crate::common::{Faulty, at, id, name, open, run, thing, twin, view};

pub(crate) const COUNT: usize = 10_000;
const COLOURS: [&str; 10] = [
    "red", "blue", "green", "Red", "black", "white", "gold", "grey", "brown", "pink",
];

/// Things with `serial` and `name` (each its own), `hundred` (0 to 99), `colour` (one of ten), `place` (a relationship
/// to one of ten), `mixed` (a number of half of them, a text of the others), a long `notice`, twenty of them with
/// `rare` and two of them with `box`; one in ten is a `Tenth` as well.
pub(crate) fn city() -> Twin {
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

pub(crate) fn query(entity_type: Option<&str>, q: Option<&str>) -> EntityQuery {
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

/// What a query by POST names in several ways is found as if it were named in one.
#[test]
fn several_selectors_look_at_no_more_than_one() {
    let twin = city();
    let of = |ids: &[usize], term: &str| {
        let types = Selection::of_type(name(term)).types.unwrap();
        Selector::new(ids.iter().map(|number| id(*number)).collect(), types)
    };
    for (any, q, plan, found, most) in [
        (
            vec![of(&[], "Tenth"), of(&[], "Tenth")],
            None,
            "by type Tenth",
            20,
            21,
        ),
        (
            vec![of(&[], "Tenth"), of(&[], "Absent")],
            None,
            "by type Tenth, Absent",
            20,
            21,
        ),
        (
            vec![of(&[7, 42], "Thing"), of(&[5, 7], "Thing")],
            None,
            "by id, 3 given",
            3,
            3,
        ),
        (
            vec![of(&[7], "Tenth"), of(&[40], "Thing")],
            None,
            "by id, 2 given",
            1,
            2,
        ),
        (
            vec![of(&[], "Thing"), of(&[], "Tenth")],
            Some("serial>9990"),
            "by number serial in [9990, inf]",
            9,
            10,
        ),
    ] {
        let mut query = query(None, q);
        query.selection.any = any;
        assert_eq!(twin.plan(&query).to_string(), plan);
        let page = twin.query(&view(), &query).unwrap();
        assert_eq!(page.entities.len(), found, "{plan}");
        assert!(page.examined <= most, "{plan}: {}", page.examined);
    }
    let mut query = query(None, None);
    query.selection.any = vec![of(&[], "Thing"), of(&[], "Tenth")];
    let order = OrderBy::parse("serial;desc", None, None, None, Context::core()).unwrap();
    let sorter = Sorter::new(&order).unwrap();
    assert_eq!(
        twin.order_plan(&view(), &query, &sorter).to_string(),
        "along numbers of serial"
    );
    let page = twin.ordered(&view(), &query, &sorter).unwrap();
    assert_eq!(page.entities[0].id, id(COUNT - 1));
    assert!(page.examined <= 50, "{}", page.examined);
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
        // Ranges and patterns are asked of each text once, until they are known to take many.
        (Some("Thing"), Some("name>=\"Sensor 0\""), "by type Thing", 20, 21),
        (
            Some("Thing"),
            Some("name~=\"^Sensor 0999[0-4]$\""),
            r#"by the texts of name that are ~="^Sensor 0999[0-4]$""#,
            5,
            5,
        ),
        (
            Some("Thing"),
            Some("name>\"Sensor 09994\""),
            r#"by the texts of name that are >"Sensor 09994""#,
            5,
            5,
        ),
        (
            None,
            Some("name==\"Sensor 01000\"..\"Sensor 01004\""),
            r#"by the texts of name that are =="Sensor 01000".."Sensor 01004""#,
            5,
            5,
        ),
        (
            Some("Thing"),
            Some("colour~=\"nothing\""),
            r#"by the texts of colour that are ~="nothing""#,
            0,
            0,
        ),
        (
            Some("Thing"),
            Some("colour!~=\"e|l|g|b|p\";serial>=0"),
            r#"by the texts of colour that are !~="e|l|g|b|p""#,
            0,
            0,
        ),
        // More different texts than entities of the type.
        (
            Some("Tenth"),
            Some("name~=\"^Sensor 0999[0-4]$\""),
            "by type Tenth",
            1,
            1000,
        ),
        // Texts that are too long for the index are looked at, where there are not too many.
        (
            Some("Thing"),
            Some("notice~=\"^9999 \""),
            "by type Thing",
            1,
            10_000,
        ),
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
    // An order and a count look at what a pattern takes, and at nothing else.
    for (q, path, most) in [
        ("name~=\"^Sensor 00[0-4]\"", r#"~="^Sensor 00[0-4]""#, 500),
        ("colour~=\"^R\"", r#"~="^R""#, 1000),
    ] {
        let mut asked = query(Some("Thing"), Some(q));
        let order = OrderBy::parse("serial;desc", None, None, None, Context::core()).unwrap();
        let sorter = Sorter::new(&order).unwrap();
        let attribute = q.split('~').next().unwrap();
        asked.count = true;
        let page = twin.ordered(&view(), &asked, &sorter).unwrap();
        assert_eq!((page.total, page.examined), (Some(most), most), "{q}");
        assert_eq!(
            twin.order_plan(&view(), &asked, &sorter).to_string(),
            format!("sorted: by the texts of {attribute} that are {path}")
        );
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

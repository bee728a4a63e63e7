//! Paths of selections.

use super::*;
use ngsi_ld::query::geo::GeoQuery;
use ngsi_ld::query::q::Path;

fn name(term: &str) -> Name {
    Name::default_term(term)
}

#[test]
fn paths() {
    let a = TypeSelection::Type(name("A"));
    let b = TypeSelection::Type(name("B"));
    let or = TypeSelection::Or(vec![a.clone(), b.clone()]);
    let exists = |term: &str| {
        Q::Exists(Path {
            attributes: vec![name(term)],
            members: vec![],
        })
    };
    let created = Q::Exists(Path {
        attributes: vec![Name::from_iri(format!("{NGSI_LD}createdAt"))],
        members: vec![],
    });
    let geo = GeoQuery::parse("near;maxDistance==1000", "Point", "[0,0]", None).unwrap();
    let far = GeoQuery::parse("near;minDistance==1000", "Point", "[0,0]", None).unwrap();
    let any = Selection::default;
    let check = |selection: Selection, printed: &str, exact: bool| {
        let plan = Plan::of(&selection);
        assert_eq!(
            (plan.to_string(), plan.is_exact(&selection)),
            (printed.to_owned(), exact)
        );
    };
    check(any(), "every entity", true);
    check(
        Selection {
            ids: vec![Uri::ngsi_ld("A", "1")],
            ..any()
        },
        "by id, 1 given",
        true,
    );
    check(
        Selection {
            ids: vec![Uri::ngsi_ld("A", "1")],
            types: Some(a.clone()),
            ..any()
        },
        "by id, 1 given",
        false,
    );
    check(Selection::of_type(name("A")), "by type A", true);
    let selector = |ids: &[&str], types: &TypeSelection| {
        Selector::new(
            ids.iter().map(|id| Uri::ngsi_ld("A", id)).collect(),
            types.clone(),
        )
    };
    let of = |any: Vec<Selector>| Selection {
        any,
        ..Selection::default()
    };
    let every = TypeSelection::And(Vec::new());
    check(
        of(vec![selector(&[], &a), selector(&[], &b)]),
        "by type A, B",
        true,
    );
    check(
        of(vec![selector(&[], &a), selector(&["1"], &b)]),
        "by type A, B",
        false,
    );
    check(
        of(vec![selector(&["2", "1"], &a), selector(&["1"], &every)]),
        "by id, 2 given",
        false,
    );
    check(
        of(vec![selector(&[], &a), selector(&["1"], &every)]),
        "every entity",
        false,
    );
    check(
        Selection {
            types: Some(or.clone()),
            ..any()
        },
        "by type A, B",
        true,
    );
    let and = TypeSelection::And(vec![or, b]);
    check(
        Selection {
            types: Some(and),
            ..any()
        },
        "by type B",
        false,
    );
    check(
        Selection {
            types: Some(TypeSelection::And(vec![])),
            ..any()
        },
        "every entity",
        false,
    );
    check(
        Selection {
            attributes: vec![name("x")],
            ..any()
        },
        "by attribute x",
        true,
    );
    check(
        Selection {
            q: Some(exists("x")),
            ..any()
        },
        "by attribute x",
        false,
    );
    check(
        Selection {
            q: Some(Q::Or(vec![exists("x"), exists("y")])),
            ..any()
        },
        "by attribute x, y",
        false,
    );
    check(
        Selection {
            q: Some(Q::Or(vec![exists("x"), created.clone()])),
            ..any()
        },
        "every entity",
        false,
    );
    check(
        Selection {
            q: Some(Q::And(vec![exists("x"), created])),
            ..any()
        },
        "by attribute x",
        false,
    );
    check(
        Selection {
            geo: Some(far),
            ..any()
        },
        "every entity",
        false,
    );
    check(
        Selection {
            geo: Some(geo),
            types: Some(a),
            ..any()
        },
        "by location in [-0.009135, -0.009140, 0.009135, 0.009140] of type A",
        false,
    );
}

#[test]
fn paths_by_number_and_text() {
    use ngsi_ld::context::Context;
    for (q, expected) in [
        ("a>5", "by number a in [5, inf]; by attribute a"),
        ("a<=5", "by number a in [-inf, 5]; by attribute a"),
        ("a==1..5", "by number a in [1, 5]; by attribute a"),
        ("a==7,3,5", "by number a in [3, 7]; by attribute a"),
        ("a>=1;a<5", "by number a in [1, 5]; by attribute a"),
        (
            "a>=1;b==2",
            "by number a in [1, inf]; by number b in [2, 2]; by attribute a; by attribute b",
        ),
        ("a!=5", "by attribute a"),
        ("a==5,\"x\"", "by attribute a"),
        ("a.b>5", "by attribute a"),
        ("a[b]>5", "by attribute a"),
        ("a>\"x\"", "by the texts of a that are >\"x\"; by attribute a"),
        ("a==\"x\"", "by text a in [\"x\"]; by attribute a"),
        (
            "a==\"x\",\"y\",\"x\"",
            "by text a in [\"x\", \"y\"]; by attribute a",
        ),
        (
            "a==urn:x:1,word",
            "by text a in [\"urn:x:1\", \"word\"]; by attribute a",
        ),
        ("a==\"x\"|a==\"y\"", "by text a in [\"x\", \"y\"]; by attribute a"),
        (
            "a==\"x\"|b==\"y\"",
            "by text a in [\"x\"] or b in [\"y\"]; by attribute a, b",
        ),
        (
            "(a==\"x\";c>5)|(c<2;b==\"y\")",
            "by text a in [\"x\"] or b in [\"y\"]; by attribute a, c",
        ),
        (
            "a==\"x\";b==\"y\"",
            "by text a in [\"x\"]; by text b in [\"y\"]; by attribute a; by attribute b",
        ),
        ("a==\"x\"|a==5", "by attribute a"),
        ("a==\"x\"|b", "by attribute a, b"),
        ("a!=\"x\"", "by attribute a"),
        (
            "a==\"x\"..\"y\"",
            "by the texts of a that are ==\"x\"..\"y\"; by attribute a",
        ),
        ("a!=\"x\"..\"y\"", "by attribute a"),
        ("a>=2026-01-01", "by attribute a"),
        (
            "a!~=\"^x\";b",
            "by the texts of a that are !~=\"^x\"; by attribute a; by attribute b",
        ),
        ("a==\"x\",2026-01-01", "by attribute a"),
        ("a[b]==\"x\"", "by attribute a"),
        ("a.b==\"x\"", "by attribute a"),
        ("a{b}==\"x\"", "by attribute a"),
        ("a~=\"^x\"", "by the texts of a that are ~=\"^x\"; by attribute a"),
        ("a>5|a<1", "by attribute a"),
        ("a{b}>5", "by attribute a"),
    ] {
        let selection = Selection {
            q: Some(Q::parse(q, Context::core()).unwrap()),
            ..Selection::default()
        };
        let paths = Plan::alternatives(&selection);
        let printed: Vec<_> = paths.iter().map(ToString::to_string).collect();
        assert_eq!(printed.join("; "), expected, "{q}");
        assert!(paths.iter().all(|path| !path.is_exact(&selection)));
    }
}

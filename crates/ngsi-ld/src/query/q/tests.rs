use super::*;
use crate::error::ErrorKind;
use proptest::prelude::*;

fn parse(text: &str) -> Result<Q, Error> {
    Q::parse(text, Context::core())
}

fn path(attributes: &[&str], members: &[&str]) -> Path {
    Path {
        attributes: attributes
            .iter()
            .map(|term| Context::core().expand(term))
            .collect(),
        members: members.iter().map(|&member| member.to_owned()).collect(),
    }
}

fn compare(attribute: &str, operator: Operator, operands: &[Operand]) -> Q {
    Q::Compare(path(&[attribute], &[]), operator, operands.to_vec())
}

fn text(text: &str) -> Operand {
    Operand::Text(text.to_owned())
}

fn range(from: Operand, to: Operand) -> Operand {
    Operand::Range(Box::new(from), Box::new(to))
}

fn check(input: &str, expected: &Q) {
    let parsed = parse(input).unwrap();
    assert_eq!(&parsed, expected, "{input}");
    assert_eq!(
        &parse(&parsed.to_string()).unwrap(),
        expected,
        "{input} printed as {parsed}"
    );
}

#[test]
fn the_examples_of_the_clause() {
    use Operand::{Number, Uri};
    use Operator::{Equal, Greater, GreaterOrEqual, LessOrEqual, NotEqual};
    check("temperature", &Q::Exists(path(&["temperature"], &[])));
    check("temperature==20", &compare("temperature", Equal, &[Number(20.0)]));
    check(
        "brandName!=\"Mercedes\"",
        &compare("brandName", NotEqual, &[text("Mercedes")]),
    );
    let downtown = "urn:ngsi-ld:OffStreetParking:Downtown1";
    check(
        &format!("isParked==\"{downtown}\""),
        &compare("isParked", Equal, &[text(downtown)]),
    );
    check(
        &format!("isParked=={downtown}"),
        &compare("isParked", Equal, &[Uri(downtown.into())]),
    );
    let speed = compare("speed", Greater, &[Number(50.0)]);
    let rpm = compare("rpm", Greater, &[Number(3000.0)]);
    let brand = compare("brandName", Equal, &[text("Mercedes")]);
    check(
        "((speed>50|rpm>3000);brandName==\"Mercedes\")",
        &Q::And(vec![Q::Or(vec![speed.clone(), rpm.clone()]), brand.clone()]),
    );
    check(
        "(temperature>=20;temperature<=25)|capacity<=10",
        &Q::Or(vec![
            Q::And(vec![
                compare("temperature", GreaterOrEqual, &[Number(20.0)]),
                compare("temperature", LessOrEqual, &[Number(25.0)]),
            ]),
            compare("capacity", LessOrEqual, &[Number(10.0)]),
        ]),
    );
    check(
        "speed>50;rpm>3000|brandName==\"Mercedes\"",
        &Q::Or(vec![Q::And(vec![speed, rpm]), brand]),
    );
    let instant = Timestamp::parse("2017-12-24T12:00:00Z").unwrap();
    check(
        "temperature.observedAt>=2017-12-24T12:00:00Z",
        &Q::Compare(
            path(&["temperature", "observedAt"], &[]),
            GreaterOrEqual,
            vec![Operand::DateTime(instant)],
        ),
    );
    check(
        "address[city]==\"Berlin\"",
        &Q::Compare(path(&["address"], &["city"]), Equal, vec![text("Berlin")]),
    );
    check(
        "sensor.rawdata[airquality.particulate]==40",
        &Q::Compare(
            path(&["sensor", "rawdata"], &["airquality", "particulate"]),
            Equal,
            vec![Number(40.0)],
        ),
    );
    check(
        "color[*]!=\"red\"",
        &Q::Compare(path(&["color"], &["*"]), NotEqual, vec![text("red")]),
    );
    check(
        "color== \"black\", \"red\"",
        &compare("color", Equal, &[text("black"), text("red")]),
    );
    check(
        "gender==Male",
        &compare("gender", Equal, &[Operand::Word("Male".into())]),
    );
}

#[test]
fn values() {
    use Operand::{Boolean, Date, Number, Time, Uri};
    let equal = |input: &str, operands: &[Operand]| {
        check(&format!("a=={input}"), &compare("a", Operator::Equal, operands));
    };
    equal("-1.5e3", &[Number(-1500.0)]);
    equal("1,2 , 3", &[Number(1.0), Number(2.0), Number(3.0)]);
    equal("1..5", &[range(Number(1.0), Number(5.0))]);
    equal("-1.5..-0.5", &[range(Number(-1.5), Number(-0.5))]);
    equal("\"a\"..\"b\"", &[range(text("a"), text("b"))]);
    equal("true,false", &[Boolean(true), Boolean(false)]);
    equal("2026-05-01", &[Date("2026-05-01".into())]);
    equal(
        "2026-05-01..2026-06-01",
        &[range(Date("2026-05-01".into()), Date("2026-06-01".into()))],
    );
    equal("12:00:00Z", &[Time("12:00:00Z".into())]);
    equal("12:00:00.25Z", &[Time("12:00:00.25Z".into())]);
    equal(
        "http://a.example/x/../y(1)?q=..",
        &[Uri("http://a.example/x/../y(1)?q=..".into())],
    );
    equal(r#""say \"hi\";|(),[\u00e9\\]""#, &[text("say \"hi\";|(),[é\\]")]);
    equal("\"\"", &[text("")]);
    equal("\"20\"", &[text("20")]);
    equal("\"日本\"", &[text("日本")]);
    let at = |t: &str| Operand::DateTime(Timestamp::parse(t).unwrap());
    equal("2026-05-01T12:00:00+03:00", &[at("2026-05-01T09:00:00Z")]);
    let (one, two) = ("2026-05-01T09:00:00.5Z", "2026-05-02T09:00:00Z");
    equal(&format!("{one}..{two}"), &[range(at(one), at(two))]);
}

#[test]
fn patterns() {
    let matches = |input: &str, pattern: &str| {
        check(
            &format!("a~={input}"),
            &compare("a", Operator::Matches, &[text(pattern)]),
        );
        let both = Q::And(vec![
            compare("a", Operator::NotMatches, &[text(pattern)]),
            Q::Exists(path(&["b"], &[])),
        ]);
        check(&format!("(a!~={input};b)"), &both);
    };
    matches("^Park.*$", "^Park.*$");
    matches(r#""^Park|\d+ \"x\" \\;""#, r#"^Park|\d+ "x" \\;"#);
    matches("(a|b;c)[|;)]+\\|", "(a|b;c)[|;)]+\\|");
    matches(r#"x\"y"#, r#"x"y"#);
    matches("(?i)eiffel.*", "(?i)eiffel.*");
}

#[test]
fn paths() {
    let exists = |input: &str, attributes: &[&str], members: &[&str]| {
        check(input, &Q::Exists(path(attributes, members)));
    };
    exists("größe_2-x", &["größe_2-x"], &[]);
    exists("a.b.c", &["a", "b", "c"], &[]);
    exists("a[\"x.y\".z]", &["a"], &["x.y", "z"]);
    exists("name[sw-KE]", &["name"], &["sw-KE"]);
    exists("<https://a.example/b.c>", &["https://a.example/b.c"], &[]);
}

#[test]
fn what_is_not_a_query_is_refused_with_its_place() {
    for (bad, says) in [
        ("", "character 1: expected a term, found the end"),
        ("   ", "found the end"),
        ("a==", "character 4"),
        ("a=1", "character 2"),
        ("a==1;", "character 6"),
        ("a==1;;b", "character 6"),
        ("|a", "character 1"),
        ("(a", "expected `)`"),
        ("a)", "character 2"),
        ("a b", "character 3"),
        ("9a==1", "character 1: expected the name of an attribute"),
        ("\"a\"==1", "character 1"),
        ("a==\"x", "never closed"),
        ("a==\"", "never closed"),
        ("a==x\"y", "character"),
        ("a==\"\\x\"", "not a string as JSON writes it"),
        ("a==01", "expected a number"),
        ("a==1e999", "expected a number"),
        ("a==2026-13-01", "expected a number"),
        ("a==25:00:00Z", "expected a number"),
        ("a==1..", "character 7: expected a value"),
        ("a==1..x", "the range's other end"),
        ("a==1..5,7", "a range stands alone"),
        ("a==7,1..5", "a range stands alone"),
        ("a>true", "character 3: expected a number, a quoted string"),
        ("a>1..5", "character 3"),
        ("a>urn:x:y", "character 3"),
        ("a>1,2", "character 4"),
        ("a~=", "a regular expression"),
        ("a~=\"\"", "a regular expression"),
        ("a~=x\\", "a regular expression"),
        ("a[b", "`.` or `]`"),
        ("a[]", "the name of a member"),
        ("a[b][c]", "one pair of brackets"),
        ("a..b", "character 3"),
        ("a.", "character 3"),
        ("<a b>", "an IRI"),
        ("a==\u{0}", "character 4"),
        ("ü==1 x", "character"),
    ] {
        let error = parse(bad).unwrap_err();
        assert!(error.detail.contains(says), "{bad}: {error}");
        assert!(error.detail.contains("an example: "), "{bad}: {error}");
        assert_eq!(error.kind, ErrorKind::BadRequestData, "{bad}");
    }
}

#[test]
fn what_is_too_much_is_refused() {
    for heavy in [
        "(".repeat(100_000),
        "(".repeat(8000),
        format!("{}a{}", "(".repeat(33), ")".repeat(33)),
        "a;".repeat(300),
        "a==1,".repeat(3000),
        format!("{}a{}", "a{".repeat(33), "}".repeat(33)),
    ] {
        assert_eq!(
            parse(&heavy).unwrap_err().kind,
            ErrorKind::TooComplexQuery,
            "{heavy:.20}"
        );
    }
    assert!(parse(&format!("{}a{}", "(".repeat(32), ")".repeat(32))).is_ok());
    assert!(
        parse(&format!("a~=\"{}\"", "(".repeat(8000))).is_ok(),
        "a pattern is judged when it is compiled"
    );
}

#[test]
fn values_are_expanded_where_asked() {
    let mut q = parse("gender==\"Male\";name==\"Male\"|gender.x==Male").unwrap();
    q.expand_values(&[Context::core().expand("gender")], Context::core());
    let male = Operand::Uri(Context::core().expand("Male").as_str().to_owned());
    let Q::Or(parts) = q else { panic!() };
    assert_eq!(
        parts[0],
        Q::And(vec![
            compare("gender", Operator::Equal, &[male]),
            compare("name", Operator::Equal, &[text("Male")]),
        ])
    );
}

fn any_scalar() -> impl Strategy<Value = Operand> {
    prop_oneof![
        any::<f64>()
            .prop_filter("JSON has finite numbers only", |x| x.is_finite())
            .prop_map(Operand::Number),
        (-1000_i32..1000).prop_map(|n| Operand::Number(f64::from(n) / 8.0)),
        any::<String>().prop_map(Operand::Text),
        any::<i64>()
            .prop_map(|micros| Operand::DateTime(Timestamp::from_micros(micros % 4_000_000_000_000_000))),
        (1..=28).prop_map(|day| Operand::Date(format!("2026-02-{day:02}"))),
        (0..24).prop_map(|hour| Operand::Time(format!("{hour:02}:59:00.5Z"))),
    ]
}

fn any_equal() -> impl Strategy<Value = Vec<Operand>> {
    let word = "[a-z][a-z0-9_-]{0,5}x".prop_map(Operand::Word);
    let other = prop_oneof![
        any::<bool>().prop_map(Operand::Boolean),
        "urn:[a-z]{1,4}:[a-z./(]{0,3}x\\)?"
            .prop_filter("balanced", |uri| uri.contains('(') == uri.contains(')')
                && uri.matches('(').count() <= 1)
            .prop_map(Operand::Uri),
        word,
    ];
    let range = (any_scalar(), any_scalar())
        .prop_filter("of one sort", |(a, b)| {
            std::mem::discriminant(a) == std::mem::discriminant(b)
        })
        .prop_map(|(a, b)| vec![super::Operand::Range(Box::new(a), Box::new(b))]);
    prop_oneof![2 => prop::collection::vec(prop_oneof![any_scalar(), other], 1..4), 1 => range]
}

fn any_term() -> impl Strategy<Value = Q> {
    let name = prop_oneof![
        "[a-z]{1,3}".prop_map(|term| Context::core().expand(&term)),
        "https://[a-z]{1,3}/[a-z();|.]{1,5}".prop_map(Name::from_iri),
    ];
    let path = (
        prop::collection::vec(name.clone(), 1..4),
        prop::collection::vec(any::<String>(), 0..3),
    )
        .prop_map(|(attributes, members)| Path { attributes, members });
    let order = prop_oneof![
        Just(Operator::Greater),
        Just(Operator::GreaterOrEqual),
        Just(Operator::Less),
        Just(Operator::LessOrEqual)
    ];
    let equality = prop_oneof![Just(Operator::Equal), Just(Operator::NotEqual)];
    let pattern = prop_oneof![Just(Operator::Matches), Just(Operator::NotMatches)];
    let hops = prop::collection::vec((path.clone(), prop::collection::vec(name, 0..3)), 0..3);
    let term = prop_oneof![
        path.clone().prop_map(Q::Exists),
        (path.clone(), order, any_scalar()).prop_map(|(p, o, v)| Q::Compare(p, o, vec![v])),
        (path.clone(), equality, any_equal()).prop_map(|(p, o, v)| Q::Compare(p, o, v)),
        (path, pattern, "[a-z;|()\" .*]{0,6}(\\\\d)?x").prop_map(|(p, o, v)| Q::Compare(
            p,
            o,
            vec![Operand::Text(v)]
        )),
    ];
    (hops, term).prop_map(|(hops, term)| {
        hops.into_iter()
            .rev()
            .fold(term, |then, (mut relationship, types)| {
                relationship.members.clear();
                Q::Linked {
                    relationship,
                    types,
                    then: Box::new(then),
                }
            })
    })
}

/// Trees as the parser makes them: no node of one sort directly inside its like.
fn any_q(depth: u32) -> BoxedStrategy<Q> {
    if depth == 0 {
        return any_term().boxed();
    }
    let ors = prop::collection::vec(
        prop_oneof![
            any_term(),
            prop::collection::vec(
                any_q(depth - 1).prop_filter("flat", |q| !matches!(q, Q::And(_))),
                2..4
            )
            .prop_map(Q::And),
        ],
        2..4,
    )
    .prop_map(Q::Or);
    let ands = prop::collection::vec(
        prop_oneof![
            any_term(),
            prop::collection::vec(
                any_q(depth - 1).prop_filter("flat", |q| !matches!(q, Q::Or(_))),
                2..4
            )
            .prop_map(Q::Or),
        ],
        2..4,
    )
    .prop_map(Q::And);
    prop_oneof![any_term(), ors, ands].boxed()
}

proptest! {
    #[test]
    fn what_is_printed_parses_to_the_same(q in any_q(2)) {
        let text = q.to_string();
        if text.len() <= super::super::MAX_LENGTH {
            prop_assert_eq!(parse(&text).map_err(|e| e.to_string()), Ok(q), "{}", text);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "[a-c.\\[\\]()<>=!~;|,\"\\\\0-9:TZ{}* é-]{0,40}") {
        let _ = parse(&text);
        let _ = super::super::types::TypeSelection::parse(&text, Context::core());
        let _ = super::super::scope::ScopeQuery::parse(&text);
    }
}

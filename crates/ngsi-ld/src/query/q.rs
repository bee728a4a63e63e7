//! `q`, the attribute query language (4.9).

use std::fmt;

use super::boolean::{self, tree, write_joined};
use super::cursor::Cursor;
use super::q_parser;
use crate::context::Context;
use crate::error::Error;
use crate::name::{NGSI_LD, Name};
use crate::time::Timestamp;

/// A parsed `q`. `;` (and) binds tighter than `|` (or). Parsed trees hold no node of one sort directly inside
/// a node of the same sort.
#[derive(Clone, Debug, PartialEq)]
pub enum Q {
    /// Every one holds.
    And(Vec<Q>),
    /// At least one holds.
    Or(Vec<Q>),
    /// The attribute (or sub-attribute, or member) exists.
    Exists(Path),
    /// A comparison; true when any instance of the attribute satisfies it.
    Compare(Path, Operator, Vec<Operand>),
    /// An entity that the relationship leads to satisfies a term: `sensor{Device:humidity}==40`.
    Linked {
        /// The relationship, without members.
        relationship: Path,
        /// The entity that it leads to has one of these types; empty: any.
        types: Vec<Name>,
        /// What holds for that entity: never an `And` or an `Or`.
        then: Box<Q>,
    },
}

/// What a term looks at: `a.b[c.d]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// The attribute, then sub-attributes, expanded; the last may be a core member such as `observedAt`.
    pub attributes: Vec<Name>,
    /// Members inside a compound value, or the language of a LanguageProperty (`*`: any): as written, not expanded.
    pub members: Vec<String>,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Matches,
    NotMatches,
}

/// The right-hand side. A value list (`==1,2,3`) gives several; a range stands alone.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Operand {
    Number(f64),
    /// A quoted string; of `~=` and `!~=`, the regular expression.
    Text(String),
    Boolean(bool),
    DateTime(Timestamp),
    /// `2026-05-01`, a valid date.
    Date(String),
    /// `12:00:00Z`, a valid time of day.
    Time(String),
    Uri(String),
    /// A word without quotes (`gender==Male`, example 12): a text, unless `expandValues` makes an IRI of it.
    Word(String),
    /// `1..5`, both ends inside and of one sort.
    Range(Box<Operand>, Box<Operand>),
}

tree!(Q);

impl Q {
    /// Parses `text`, expanding attribute names by `context`. An attribute name in angle brackets is an IRI as it
    /// stands. Errors name the position.
    pub fn parse(text: &str, context: &Context) -> Result<Self, Error> {
        Self::parse_as("q", text, context)
    }

    /// The same, of another parameter in this language, such as `csf`.
    pub fn parse_as(parameter: &'static str, text: &str, context: &Context) -> Result<Self, Error> {
        let mut cursor = Cursor::new(
            parameter,
            "temperature>=20;name==\"Park\"|address[city]==\"Berlin\"",
            text,
        )?;
        boolean::parse(&mut cursor, &['|'], &mut |cursor| q_parser::term(cursor, context))
    }

    /// `expandValues` (4.9): strings that are compared with one of these attributes become IRIs by `context`.
    pub fn expand_values(&mut self, attributes: &[Name], context: &Context) {
        match self {
            Self::And(parts) | Self::Or(parts) => {
                for part in parts {
                    part.expand_values(attributes, context);
                }
            }
            Self::Compare(path, Operator::Equal | Operator::NotEqual, operands)
                if path
                    .attributes
                    .last()
                    .is_some_and(|name| attributes.contains(name)) =>
            {
                for operand in operands {
                    if let Operand::Text(text) | Operand::Word(text) = operand {
                        *operand = Operand::Uri(context.expand(text).as_str().to_owned());
                    }
                }
            }
            Self::Linked { then, .. } => then.expand_values(attributes, context),
            Self::Exists(_) | Self::Compare(..) => {}
        }
    }

    /// Every path that it looks at in the entity itself.
    pub fn paths(&self) -> Vec<&Path> {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().flat_map(Self::paths).collect(),
            Self::Exists(path) | Self::Compare(path, ..) => vec![path],
            Self::Linked { relationship, .. } => vec![relationship],
        }
    }

    /// How many relationships are followed, one after the other, at most; 0: it looks at the entity alone.
    pub fn linked_depth(&self) -> usize {
        match self {
            Self::And(parts) | Self::Or(parts) => {
                parts.iter().map(Self::linked_depth).max().unwrap_or_default()
            }
            Self::Exists(_) | Self::Compare(..) => 0,
            Self::Linked { then, .. } => 1 + then.linked_depth(),
        }
    }

    /// Whether it looks at an attribute that is not one that the system keeps (4.8).
    pub fn has_user_attribute(&self) -> bool {
        self.paths()
            .iter()
            .any(|path| path.attributes.first().is_some_and(|name| !is_system(name)))
    }
}

/// Whether this is a member of entities that is no attribute of theirs: `createdAt`, `modifiedAt`, `deletedAt`,
/// `expiresAt` (4.8, 4.22), `scope` (4.18).
pub fn is_system(name: &Name) -> bool {
    matches!(
        name.as_str().strip_prefix(NGSI_LD),
        Some("createdAt" | "modifiedAt" | "deletedAt" | "expiresAt" | "scope")
    )
}

impl Operator {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Matches => "~=",
            Self::NotMatches => "!~=",
        }
    }
}

impl fmt::Display for Q {
    /// As a text that parses to the same tree, whatever the context (words aside).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(parts) => write_joined(f, parts, ';', |part| matches!(part, Self::Or(_))),
            Self::Or(parts) => write_joined(f, parts, '|', |_| false),
            term => write_term(f, term),
        }
    }
}

/// The path through linked entities first, then the operator and what stands right of it.
fn write_term(f: &mut fmt::Formatter<'_>, term: &Q) -> fmt::Result {
    let (mut last, mut hops) = (term, 0);
    while let Q::Linked {
        relationship,
        types,
        then,
    } = last
    {
        write!(f, "{relationship}{{")?;
        for (index, name) in types.iter().enumerate() {
            write!(f, "<{name}>{}", if index + 1 == types.len() { ":" } else { "," })?;
        }
        (last, hops) = (then, hops + 1);
    }
    if let Q::Exists(path) | Q::Compare(path, ..) = last {
        write!(f, "{path}")?;
    }
    f.write_str(&"}".repeat(hops))?;
    match last {
        Q::Compare(_, operator @ (Operator::Matches | Operator::NotMatches), operands) => {
            f.write_str(operator.as_str())?;
            match operands.first() {
                Some(Operand::Text(pattern)) => write!(f, "\"{}\"", pattern.replace('"', "\\\"")),
                _ => Ok(()),
            }
        }
        Q::Compare(_, operator, operands) => {
            f.write_str(operator.as_str())?;
            write_joined(f, operands, ',', |_| false)
        }
        _ => Ok(()),
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.attributes.iter().enumerate() {
            write!(f, "{}<{name}>", if index > 0 { "." } else { "" })?;
        }
        for (index, member) in self.members.iter().enumerate() {
            f.write_str(if index > 0 { "." } else { "[" })?;
            if !member.is_empty() && member.chars().all(q_parser::is_member_char) {
                f.write_str(member)?;
            } else {
                f.write_str(&quoted(member))?;
            }
        }
        f.write_str(if self.members.is_empty() { "" } else { "]" })
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) if *number == 0.0 || (1e-5..1e16).contains(&number.abs()) => {
                write!(f, "{number}")
            }
            Self::Number(number) => write!(f, "{number:?}"),
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::DateTime(instant) => write!(f, "{instant}"),
            Self::Date(text) | Self::Time(text) | Self::Uri(text) | Self::Word(text) => f.write_str(text),
            Self::Range(from, to) => write!(f, "{from}..{to}"),
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
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
}

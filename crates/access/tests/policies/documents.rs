//! What the book tells an officer to write is taken, and does what the book says.

use access::policies::{Classes, Documents, Limits, RuleBook, Trial};

/// The fenced blocks of a page, with their languages.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    page.split("\n```")
        .collect::<Vec<_>>()
        .chunks(2)
        .filter_map(|pair| pair.get(1)?.split_once('\n'))
        .collect()
}

#[test]
fn the_examples_of_the_book() {
    let page = include_str!("../../../../docs/src/how-to/policies.md");
    let blocks = blocks(page);
    let of = |language: &str| -> Vec<&str> {
        blocks
            .iter()
            .filter(|(of, _)| *of == language)
            .map(|(_, text)| *text)
            .collect()
    };
    let policies = of("cedar").join("\n");
    let documents = Documents::default().with("book.cedar", Some(policies)).unwrap();
    let rules = RuleBook::read(&documents, Limits::default()).unwrap_or_else(|refused| panic!("{refused}"));
    assert_eq!(rules.odd(), []);
    let of_book = rules.policies().filter(|policy| policy.document == "book.cedar");
    let (mut cases, mut allowed, mut classifications) = (0, 0, 0);
    let mut decided = std::collections::BTreeSet::new();
    for text in of("toml") {
        if text.contains("[[classes]]") {
            let classes = Classes::parse("book.toml", text).unwrap_or_else(|refused| panic!("{refused}"));
            assert_eq!(classes.names().count(), 5);
            let documents = documents
                .clone()
                .with("classification", Some(text.to_owned()))
                .unwrap();
            RuleBook::read(&documents, Limits::default()).unwrap_or_else(|refused| panic!("{refused}"));
            classifications += 1;
            continue;
        }
        for outcome in Trial::parse("book.toml", text)
            .unwrap_or_else(|refused| panic!("{refused}"))
            .run(&rules)
        {
            assert!(
                outcome.passed(),
                "{}: expected {}, but {}",
                outcome.name,
                outcome.expected,
                outcome.reason
            );
            cases += 1;
            allowed += usize::from(outcome.allowed);
            decided.insert(outcome.reason);
        }
    }
    let unused: Vec<&str> = (of_book.map(|policy| policy.id.as_str()))
        .filter(|id| !decided.iter().any(|reason| reason.contains(&format!("`{id}`"))))
        .collect();
    assert_eq!(
        unused,
        Vec::<&str>::new(),
        "policies of the book that no case shows"
    );
    assert!(
        cases >= 9 && allowed >= 4 && classifications == 1,
        "{cases} cases, {allowed} allowed"
    );
}

/// Each expression of the page's tables can stand in a policy.
#[test]
fn the_tables_of_the_book() {
    let page = include_str!("../../../../docs/src/how-to/policies.md");
    let mut tried = 0;
    for row in page.lines().filter(|line| line.starts_with("| `")) {
        let cell = row.split(" | ").next().unwrap_or_default();
        for expression in cell.split('`').skip(1).step_by(2) {
            let shown = expression.replace("[…]", "[\"x\"]").replace("\"…\"", "\"x\"");
            let attribute = |text: &str| text.split("getTag(").nth(1)?.split(')').next().map(str::to_owned);
            let condition = match (shown.strip_prefix("… && "), attribute(&shown)) {
                (Some(rest), Some(name)) => format!("resource.hasTag({name}) && {rest}"),
                _ => shown,
            };
            if [
                "principal.id",
                "principal.scopes",
                "Service::\"x\"",
                "Device::\"x\"",
            ]
            .contains(&condition.as_str())
            {
                continue;
            }
            let text = format!("@id(\"x\") permit (principal, action, resource) when {{ {condition} }};");
            let documents = Documents::default()
                .with("book.cedar", Some(text.clone()))
                .unwrap();
            if let Err(refused) = RuleBook::read(&documents, Limits::default()) {
                panic!("{text}\n{refused}");
            }
            tried += 1;
        }
    }
    assert!(tried > 18, "{tried} expressions");
}

//! What is refused, and what is said about it: each text is read by somebody who has to mend it.

use access::policies::{Documents, Limits, Refused, RuleBook};

fn read(text: &str, limits: Limits) -> Result<RuleBook, Refused> {
    RuleBook::read(
        &Documents::default()
            .with("north.cedar", Some(text.to_owned()))
            .unwrap(),
        limits,
    )
}

fn refused(text: &str) -> String {
    match read(text, Limits::default()) {
        Ok(_) => panic!("it was taken: {text}"),
        Err(refused) => refused.to_string(),
    }
}

#[test]
fn it_says_where_what_and_what_to_do() {
    for (text, expected) in [
        // Not Cedar.
        (
            "@id(\"a\") permit (principal, action, resource)",
            &["north.cedar:1:"][..],
        ),
        (
            "@id(\"a\") permit (principal, action, resource);\n  permt (x);",
            &["north.cedar:2:3"],
        ),
        ("@id(\"a\") permit (principal, action);", &["north.cedar:1:"]),
        (
            "@id(\"a\") permit (principal == ?principal, action, resource);",
            &["north.cedar:1:"],
        ),
        // Without a name, or with one that is taken.
        (
            "permit (principal, action, resource);",
            &[
                "north.cedar:1:1: it has no `@id`",
                "`@id(\"planners-see-streets\")`",
            ],
        ),
        (
            "@id(\"a b\") permit (principal, action, resource);",
            &["its `@id` cannot be one"],
        ),
        (
            "@id(\"a\") permit (principal, action, resource);\n@id(\"a\") permit (principal, action, resource);",
            &[
                "north.cedar:2:1: policy `a`: there is one with this `@id` at north.cedar:1",
                "rename",
            ],
        ),
        (
            "@id(\"role.viewer\") permit (principal, action, resource);",
            &["at roles:"],
        ),
        (
            "@id(\"builtin.x\") permit (principal, action, resource);",
            &["policy `builtin.x`: it is called as what no city can change"],
        ),
        // Not of this city.
        (
            "@id(\"a\") permit (principal, action, resource)\nwhen { context.class == Class::\"opn\" };",
            &["north.cedar:2:", "policy `a`", "opn"],
        ),
        (
            "@id(\"a\") permit (principal, action, resource)\nwhen { context.purpose == Purpose::\"fun\" };",
            &["north.cedar:2:", "policy `a`", "fun"],
        ),
        (
            "@id(\"a\") permit (principal, action == Action::\"Reed\", resource);",
            &["policy `a`", "Reed"],
        ),
        (
            "@id(\"a\") permit (principal is Usr, action, resource);",
            &["policy `a`", "Usr"],
        ),
        (
            "@id(\"a\") permit (principal, action, resource)\nwhen { resource.typs.contains(\"X\") };",
            &["north.cedar:2:8", "typs"],
        ),
        (
            "@id(\"a\") permit (principal, action, resource)\nwhen { context.hour == \"noon\" };",
            &["north.cedar:2:"],
        ),
        (
            "@id(\"a\") permit (principal, action, resource)\nwhen { resource.getTag(\"x\").texts.contains(\"y\") };",
            &["north.cedar:2:", "policy `a`"],
        ),
        // Not what entities can be asked.
        (
            "@id(\"a\") permit (principal, action, resource)\nwhen { principal in Role::\"x\" && resource.id like \"urn:*\" };",
            &[
                "north.cedar:2:34: policy `a`: `",
                "cannot be decided on the entities of the twin",
                "no pattern is matched",
            ],
        ),
        (
            "@id(\"a\") permit (principal, action, resource in Scope::\"north\");",
            &["north.cedar:1:", "policy `a`", "a leading `/`"],
        ),
        (
            "@id(\"a\") permit (principal, action, resource) when { resource.types.contains(\"ngsi-ld:default-context/X\") };",
            &["policy `a`", "write names as a request without @context does"],
        ),
        (
            "@id(\"a\") permit (principal, action, resource) when { resource.hasTag(\"ngsi-ld:default-context/x\") };",
            &["policy `a`", "write names as a request without @context does"],
        ),
    ] {
        let message = refused(text);
        for part in expected {
            assert!(
                message.contains(part),
                "{text}\nwas refused with: {message}\nwhich should say: {part}"
            );
        }
        assert_eq!(
            message.lines().count(),
            1,
            "one thing is wrong with\n{text}\nand this is said:\n{message}"
        );
    }
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let message = refused(
        "permit (principal);\n@id(\"b\") permit (principal, action, resource) when { resource.x };\nforbid;",
    );
    assert_eq!(message.lines().count(), 3, "{message}");
    assert!(
        message.contains("north.cedar:1:") && message.contains("north.cedar:3:"),
        "{message}"
    );
}

#[test]
fn what_is_odd_is_said_and_taken() {
    let text = "@id(\"a\") permit (principal, action, resource) when { context.hour > 3 && false };";
    let rules = read(text, Limits::default()).unwrap();
    let odd: Vec<String> = rules.odd().iter().map(ToString::to_string).collect();
    assert_eq!(odd.len(), 1, "{odd:?}");
    assert!(
        odd[0].starts_with("north.cedar:1:") && odd[0].contains("policy `a`"),
        "{odd:?}"
    );
}

#[test]
fn there_are_limits() {
    let policy = |number: usize| format!("@id(\"p{number}\") permit (principal, action, resource);");
    let many: String = (0..12).map(policy).collect();
    let limits = |policies| Limits {
        policies,
        ..Limits::default()
    };
    // Those of the roles count as well: there are eleven.
    assert!(read(&many, limits(23)).is_ok());
    let message = read(&many, limits(22)).unwrap_err().to_string();
    assert!(
        message.contains("there are 23 policies; keep 22 at most"),
        "{message}"
    );
    let small = Limits {
        document_bytes: 4_000,
        policy_bytes: 1_000,
        ..Limits::default()
    };
    let long = format!(
        "@id(\"a\") permit (principal, action, resource) when {{ principal.id == \"{}\" }};",
        "x".repeat(1_000)
    );
    let message = read(&long, small).unwrap_err().to_string();
    assert!(message.contains("north.cedar:1:1: a policy has 10"), "{message}");
    assert!(
        read(&" ".repeat(5_000), small)
            .unwrap_err()
            .to_string()
            .contains("it has 5000 bytes")
    );
    let deep = format!(
        "@id(\"a\") permit (principal, action, resource) when {{ {}true{} }};",
        "(".repeat(70),
        ")".repeat(70)
    );
    assert!(refused(&deep).contains("nested more than 64 deep"));
}

/// As long and as flat as the limits allow, on the stack of a thread of tests: two megabytes.
#[test]
fn the_longest_policies_are_read_or_refused_and_nothing_breaks() {
    for word in [
        "&& true ",
        "|| true ",
        "== true ",
        "&& resource.hasTag(\"x\") ",
        "+ 1 ",
    ] {
        let text = format!(
            "@id(\"a\") permit (principal, action, resource) when {{ true {} }};",
            word.repeat(8_000 / word.len())
        );
        let _ = read(&text, Limits::default());
    }
    let choices = "if true then true else ".repeat(330);
    let _ = read(
        &format!("@id(\"a\") permit (principal, action, resource) when {{ {choices} true }};"),
        Limits::default(),
    );
    let members = ".a".repeat(3_900);
    let _ = read(
        &format!("@id(\"a\") permit (principal, action, resource) when {{ context{members} }};"),
        Limits::default(),
    );
}

//! The oracle of expansion is another implementation of JSON-LD, PyLD; `oracle.json` holds its answers.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::error::ErrorKind;

struct Documents(Vec<(&'static str, Json)>);

impl ContextSource for Documents {
    fn document(&self, url: &str) -> Result<Json, Error> {
        let found = self.0.iter().find(|(known, _)| *known == url);
        found
            .map(|(_, document)| document.clone())
            .map_or_else(|| BuiltIn.document(url), Ok)
    }
}

fn compile(json: &Json) -> Context {
    Context::compile(json, &BuiltIn).unwrap()
}

#[test]
fn the_core_expands_and_compacts() {
    let core = Context::core();
    for (term, iri) in [
        ("id", "@id"),
        ("type", "@type"),
        ("location", "https://uri.etsi.org/ngsi-ld/location"),
        ("Point", "https://purl.org/geojson/vocab#Point"),
        ("description", "http://purl.org/dc/terms/description"),
        (
            "attributeCount",
            "https://uri.etsi.org/ngsi-ld/default-context/attributeCount",
        ),
        ("speed", "https://uri.etsi.org/ngsi-ld/default-context/speed"),
        ("ngsi-ld:foo", "https://uri.etsi.org/ngsi-ld/foo"),
        ("https://example.org/x", "https://example.org/x"),
        ("urn:x:y", "urn:x:y"),
    ] {
        let name = core.expand(term);
        assert_eq!(name.as_str(), iri);
        assert_eq!(core.compact(&name), term);
    }
    assert_eq!(
        core.compact(&Name::default_term("location")),
        "ngsi-ld:default-context/location"
    );
    assert!(core.is_core());
}

#[test]
fn known_and_unknown_terms_share_their_names() {
    let core = Context::core();
    for term in ["location", "neverDefined"] {
        assert!(
            std::ptr::eq(core.expand(term).as_str(), core.expand(term).as_str()),
            "{term}"
        );
    }
}

#[test]
fn definitions_follow_json_ld() {
    let context = compile(&json!([{
        "@version": 1.1,
        "ex": "https://example.org/",
        "sdm": {"@id": "https://smartdatamodels.org/"},
        "pre": {"@id": "https://pre.example/x", "@prefix": true},
        "a": "ex:a",
        "b": {"@id": "ex:b", "@type": "@id"},
        "c": {"@id": "a"},
        "d": {"@type": "xsd:integer"},
        "xsd": "http://www.w3.org/2001/XMLSchema#",
        "ex:e": {"@type": "@vocab"},
        "gone": null,
        "back": {"@reverse": "ex:back"}
    }, {"@vocab": "https://vocab.example/#", "f": {}, "g": "h"}]));
    for (term, iri) in [
        ("a", "https://example.org/a"),
        ("b", "https://example.org/b"),
        ("c", "https://example.org/a"),
        ("d", "https://uri.etsi.org/ngsi-ld/default-context/d"),
        ("ex:e", "https://example.org/e"),
        ("ex:z", "https://example.org/z"),
        ("sdm:z", "sdm:z"),
        ("pre:z", "https://pre.example/xz"),
        ("ex://z", "ex://z"),
        ("gone", "https://uri.etsi.org/ngsi-ld/default-context/gone"),
        ("f", "https://vocab.example/#f"),
        ("g", "https://vocab.example/#h"),
        ("unknown", "https://uri.etsi.org/ngsi-ld/default-context/unknown"),
    ] {
        assert_eq!(context.expand(term).as_str(), iri, "{term}");
    }
    assert_eq!(context.coercion("b"), &Coercion::Id);
    assert_eq!(context.coercion("ex:e"), &Coercion::Vocab);
    let integer = Name::from_iri("http://www.w3.org/2001/XMLSchema#integer");
    assert_eq!(context.coercion("d"), &Coercion::Datatype(integer));
    for (iri, text) in [
        ("https://example.org/a", "a"),
        ("https://example.org/zz", "ex:zz"),
        ("https://vocab.example/#unknown", "https://vocab.example/#unknown"),
    ] {
        assert_eq!(context.compact(&Name::from_iri(iri)), text);
    }
}

#[test]
fn another_implementation_expands_alike() {
    let oracle: Json = serde_json::from_str(include_str!("oracle.json")).unwrap();
    let mut compared = 0;
    for case in oracle["cases"].as_array().unwrap() {
        let context = compile(&case["context"]);
        for (term, iri) in case["expanded"].as_object().unwrap() {
            assert_eq!(
                context.expand(term).as_str(),
                iri,
                "{term} in {}",
                case["context"]
            );
            compared += 1;
        }
    }
    assert!(compared > 70, "{compared}");
}

#[test]
fn terms_of_vocabularies_need_not_be_names() {
    let iri = "https://uri.etsi.org/ngsi-ld/default-context/non-commercial";
    assert_eq!(Context::core().compact(&Name::from_iri(iri)), "non-commercial");
}

#[test]
fn names_of_attributes_and_types_are_written_so_that_they_can_be_read() {
    let context =
        compile(&json!({"ex": "https://a.example/", "top-speed": "ex:top-speed", "speed": "ex:speed"}));
    for (iri, expected) in [
        ("https://uri.etsi.org/ngsi-ld/default-context/Lamp", "Lamp"),
        ("https://a.example/speed", "speed"),
        ("https://a.example/other", "ex:other"),
        (
            "https://uri.etsi.org/ngsi-ld/default-context/non-commercial",
            "https://uri.etsi.org/ngsi-ld/default-context/non-commercial",
        ),
        (
            "https://uri.etsi.org/ngsi-ld/default-context/7",
            "https://uri.etsi.org/ngsi-ld/default-context/7",
        ),
        (
            "https://uri.etsi.org/ngsi-ld/default-context/a[b",
            "https://uri.etsi.org/ngsi-ld/default-context/a[b",
        ),
        (
            "https://uri.etsi.org/ngsi-ld/default-context/@type",
            "ngsi-ld:default-context/@type",
        ),
        // A term that an @context has may be none either.
        ("https://a.example/top-speed", "https://a.example/top-speed"),
    ] {
        let name = Name::from_iri(iri);
        let written = context.compact_name(&name);
        assert_eq!(written, expected);
        assert_eq!(context.expand(&written), name);
    }
}

#[test]
fn the_core_cannot_be_redefined() {
    let context = compile(&json!([CORE_URL, {
        "location": "https://example.org/location", "Property": "https://example.org/P", "place": "ngsi-ld:location",
        "@vocab": "https://example.org/"
    }]));
    let location = context.expand("location");
    assert_eq!(location, Context::core().expand("location"));
    assert_eq!(context.expand("place"), location);
    assert_eq!(context.compact(&location), "location");
    assert_eq!(
        context.expand("Property").as_str(),
        "https://uri.etsi.org/ngsi-ld/Property"
    );
    assert_eq!(context.expand("x"), Name::default_term("x"));
}

#[test]
fn a_response_ends_with_the_core() {
    let own = "https://example.org/own.jsonld";
    let with_core = "https://example.org/with-core.jsonld";
    let source = Documents(vec![
        (own, json!({"@context": {"a": "https://example.org/a"}})),
        (with_core, json!({"@context": [own, CORE_URL]})),
    ]);
    let core6 = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.6.jsonld";
    for (given, written, link) in [
        (json!(CORE_URL), json!(CORE_URL), Some(CORE_URL)),
        (json!([core6]), json!(CORE_URL), Some(CORE_URL)),
        (json!([]), json!(CORE_URL), Some(CORE_URL)),
        (json!(own), json!([own, CORE_URL]), Some(own)),
        (json!([core6, own]), json!([own, core6]), Some(own)),
        (json!([with_core]), json!(with_core), Some(with_core)),
        (json!([with_core, own]), json!([with_core, own, CORE_URL]), None),
        (
            json!([own, {"b": "urn:b"}]),
            json!([own, {"b": "urn:b"}, CORE_URL]),
            None,
        ),
        (json!({"b": "urn:b"}), json!([{"b": "urn:b"}, CORE_URL]), None),
    ] {
        let context = Context::compile(&given, &source).unwrap();
        assert_eq!(context.to_json(), &written);
        assert_eq!(context.link(), link);
    }
}

#[test]
fn what_cannot_be_compiled_says_why() {
    let (a, b) = ("https://example.org/a", "https://example.org/b");
    let mut documents = vec![
        (a, json!({"@context": [b]})),
        (b, json!({"@context": [{"x": "urn:x"}, a]})),
        ("https://example.org/none", json!({"x": 1})),
    ];
    let deep: Vec<&'static str> = (0..12).map(|n| &*format!("urn:deep:{n}").leak()).collect();
    for pair in deep.windows(2) {
        documents.push((pair[0], json!({"@context": pair[1]})));
    }
    let source = Documents(documents);
    for (json, kind, part) in [
        (json!(a), ErrorKind::BadRequestData, "names itself"),
        (json!(deep[0]), ErrorKind::BadRequestData, "8 deep"),
        (
            json!("https://example.org/none"),
            ErrorKind::BadRequestData,
            "no member",
        ),
        (
            json!({"x": {"@id": "urn:x", "@context": {"y": "urn:y"}}}),
            ErrorKind::BadRequestData,
            "scoped",
        ),
        (
            json!("https://example.org/unknown"),
            ErrorKind::LdContextNotAvailable,
            "cannot be had",
        ),
        (json!("relative.jsonld"), ErrorKind::BadRequestData, "relative"),
        (json!(7), ErrorKind::BadRequestData, "no @context"),
        (json!({"x": 7}), ErrorKind::BadRequestData, "neither"),
        (
            json!({"x": "y:1", "y": "x:1"}),
            ErrorKind::BadRequestData,
            "itself",
        ),
        (json!({"x": {"@id": 7}}), ErrorKind::BadRequestData, "`@id`"),
        (json!({"@vocab": 7}), ErrorKind::BadRequestData, "@vocab"),
        (json!({"": "urn:x"}), ErrorKind::BadRequestData, "empty"),
    ] {
        let error = Context::compile(&json, &source).unwrap_err();
        assert_eq!(error.kind, kind, "{json}");
        assert!(error.detail.contains(part), "{json}: {}", error.detail);
    }
}

fn term() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "id", "location", "ngsi-ld", "ex", "own", "urn:x:y", "ex:own", "@id", "ex:"
        ])
        .prop_map(str::to_owned),
        "[a-z:/#@-]{1,8}",
    ]
}

proptest! {
    /// Whatever a name is, its compact form expands to it again.
    #[test]
    fn compaction_is_undone_by_expansion(
        text in term(),
        definitions in prop::collection::btree_map("[a-z]{1,3}(:[a-z])?", "(https://e.x/|urn:|a:|)[a-z]{0,3}[#/]?", 0..6),
    ) {
        let json = serde_json::to_value(definitions).unwrap();
        if let Ok(context) = Context::compile(&json, &BuiltIn) {
            let name = context.expand(&text);
            prop_assert_eq!(context.expand(&context.compact(&name)), name);
        }
    }

    #[test]
    fn nothing_panics(json in any::<String>().prop_map(Json::from), key in any::<String>()) {
        let _ = Context::compile(&json!([{key: json.clone()}, json]), &BuiltIn);
    }
}

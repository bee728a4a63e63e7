//! What notifications carry (5.3.1, 5.8.6).

use super::*;
use crate::representation::{feature_of, write_entity};

fn name(term: &str) -> Name {
    context().expand(term)
}

fn building() -> Entity {
    let mut building = Entity::new(Uri::ngsi_ld("Building", "1"), name("Building"))
        .with(Attribute::property(name("name"), "Tower"))
        .with(Attribute::property(name("name"), "Turm").dataset(Uri::ngsi_ld("D", "de")))
        .with(Attribute::new(
            name("state"),
            Value::Vocab(crate::OneOrMany::One(name("good"))),
        ))
        .with(Attribute::relationship(name("in"), Uri::ngsi_ld("City", "1")));
    (building.created_at, building.modified_at) = (now(), now());
    for attribute in &mut building.attributes {
        (attribute.created_at, attribute.modified_at) = (now(), now());
    }
    building
}

fn without(term: &str) -> Entity {
    let mut building = building();
    building
        .attributes
        .retain(|attribute| attribute.name != name(term));
    building
}

struct Case<'a> {
    before: Option<&'a Entity>,
    after: Option<&'a Entity>,
    changes: bool,
    deleted: NotifiedAttribute<'a>,
    options: WriteOptions,
}

fn shown(case: &Case<'_>) -> Json {
    let notified = Notified {
        before: case.before,
        after: case.after,
        at: now(),
        show_changes: case.changes,
        deleted: case.deleted,
    };
    Json::Object(write_notified(&notified, &context(), &case.options))
}

/// As the twin writes it.
fn write_notified(
    notified: &Notified<'_>,
    context: &Context,
    options: &WriteOptions,
) -> serde_json::Map<String, Json> {
    let Some(entity) = notified.entity(context, options) else {
        return serde_json::Map::new();
    };
    let written = write_entity(&entity, context, options);
    finish_notified(notified, &entity, written, context, options)
}

#[test]
fn clause_5_8_6_deleted_attributes() {
    let (before, after) = (building(), without("state"));
    let case = |format, changes, sys_attrs| {
        shown(&Case {
            before: Some(&before),
            after: Some(&after),
            changes,
            deleted: NotifiedAttribute::All,
            options: WriteOptions {
                format,
                sys_attrs,
                ..WriteOptions::default()
            },
        })["state"]
            .clone()
    };
    let gone = "urn:ngsi-ld:null";
    assert_eq!(
        case(Format::Normalized, false, false),
        json!({"type": "VocabProperty", "vocab": gone})
    );
    assert_eq!(case(Format::Concise, false, false), json!({"vocab": gone}));
    assert_eq!(case(Format::Simplified, false, false), json!({"vocab": gone}));
    assert_eq!(
        case(Format::Normalized, true, false),
        json!({"type": "VocabProperty", "vocab": gone, "previousVocab": "good"})
    );
    assert_eq!(
        case(Format::Normalized, false, true),
        json!({"type": "VocabProperty", "vocab": gone, "createdAt": NOW, "modifiedAt": NOW, "deletedAt": NOW})
    );
    let hidden = shown(&Case {
        before: Some(&before),
        after: Some(&after),
        changes: false,
        deleted: NotifiedAttribute::Named(&[name("name")]),
        options: WriteOptions::default(),
    });
    assert_eq!(hidden.get("state"), None);
}

#[test]
fn clause_5_8_6_one_instance_of_several_is_deleted() {
    let (before, mut after) = (building(), building());
    after.attributes.remove(1);
    let case = |after: &Entity, format| {
        shown(&Case {
            before: Some(&before),
            after: Some(after),
            changes: false,
            deleted: NotifiedAttribute::All,
            options: WriteOptions {
                format,
                ..WriteOptions::default()
            },
        })["name"]
            .clone()
    };
    assert_eq!(
        case(&after, Format::Normalized),
        json!([
            {"type": "Property", "value": "Tower"},
            {"type": "Property", "value": "urn:ngsi-ld:null", "datasetId": "urn:ngsi-ld:D:de"},
        ])
    );
    assert_eq!(
        case(&after, Format::Simplified),
        json!({"dataset": {"@none": "Tower", "urn:ngsi-ld:D:de": "urn:ngsi-ld:null"}})
    );
    // All gone: the name says it.
    let none = without("name");
    assert_eq!(
        case(&none, Format::Normalized),
        json!({"type": "Property", "value": "urn:ngsi-ld:null"})
    );
    assert_eq!(case(&none, Format::Concise), json!("urn:ngsi-ld:null"));
    assert_eq!(case(&none, Format::Simplified), json!("urn:ngsi-ld:null"));
}

#[test]
fn clause_5_8_6_changes() {
    let (before, mut after) = (building(), building());
    after.attributes[0].value = Value::Property("Tour".into());
    after.attributes[3].value = Value::Relationship(crate::Relationship::to(Uri::ngsi_ld("City", "2")));
    let shown = shown(&Case {
        before: Some(&before),
        after: Some(&after),
        changes: true,
        deleted: NotifiedAttribute::None,
        options: WriteOptions::default(),
    });
    assert_eq!(
        shown["name"][0],
        json!({"type": "Property", "value": "Tour", "previousValue": "Tower"})
    );
    assert_eq!(shown["name"][1].get("previousValue"), None);
    assert_eq!(shown["in"]["previousObject"], "urn:ngsi-ld:City:1");
}

#[test]
fn clause_5_8_6_a_deleted_entity() {
    let before = building();
    let case = |changes, deleted, sys_attrs| {
        shown(&Case {
            before: Some(&before),
            after: None,
            changes,
            deleted,
            options: WriteOptions {
                sys_attrs,
                ..WriteOptions::default()
            },
        })
    };
    assert_eq!(
        case(false, NotifiedAttribute::None, false),
        json!({"id": before.id.as_str(), "type": "Building", "deletedAt": NOW})
    );
    assert_eq!(
        case(false, NotifiedAttribute::None, true),
        json!({"id": before.id.as_str(), "type": "Building", "deletedAt": NOW, "createdAt": NOW, "modifiedAt": NOW})
    );
    let names = [name("name")];
    assert_eq!(
        case(false, NotifiedAttribute::Named(&names), false),
        json!({"id": before.id.as_str(), "type": "Building", "deletedAt": NOW,
            "name": {"type": "Property", "value": "urn:ngsi-ld:null"}})
    );
    let all = case(true, NotifiedAttribute::None, false);
    assert_eq!(
        all["state"],
        json!({"type": "VocabProperty", "vocab": "urn:ngsi-ld:null", "previousVocab": "good"})
    );
    assert_eq!(all["name"].as_array().unwrap().len(), 2);
    assert_eq!(all["name"][0]["previousValue"], "Tower");
}

#[test]
fn clause_5_3_1_notifications() {
    let building = building();
    let notified = Notified {
        before: None,
        after: Some(&building),
        at: now(),
        show_changes: false,
        deleted: NotifiedAttribute::All,
    };
    let data = || vec![write_notified(&notified, &context(), &WriteOptions::default())];
    let url = json!("http://a.example/c");
    let plain = notification("urn:n:1", &id(), now(), data(), Accept::Json, None);
    assert_eq!(
        plain.keys().collect::<Vec<_>>(),
        ["id", "type", "subscriptionId", "notifiedAt", "data"]
    );
    let linked = notification("urn:n:1", &id(), now(), data(), Accept::LdJson, Some(&url));
    assert_eq!(
        (&linked["@context"], &linked["data"][0]["@context"]),
        (&url, &url)
    );
    let options = WriteOptions::default();
    let features = data()
        .into_iter()
        .map(|one| feature_of(&building, None, &options, one));
    let features = features.collect();
    let geo = notification("urn:n:1", &id(), now(), features, Accept::GeoJson, Some(&url));
    assert_eq!(geo["data"]["type"], "FeatureCollection");
    assert_eq!(geo["data"]["@context"], url);
    assert_eq!(geo["data"]["features"][0]["geometry"], Json::Null);
    assert_eq!(geo["data"]["features"][0]["properties"]["type"], "Building");
}

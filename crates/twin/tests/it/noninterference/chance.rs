//! What requests are made of.

use ngsi_ld::context::Context;
use ngsi_ld::fragment::Fragment;
use ngsi_ld::query::geo::{GeoQuery, GeoRelation};
use ngsi_ld::query::q::Q;
use ngsi_ld::query::scope::ScopeQuery;
use ngsi_ld::query::temporal::{TemporalQuery, TimeProperty, TimeRelation};
use ngsi_ld::query::types::TypeSelection;
use ngsi_ld::{Name, Uri};
use query::{EntityQuery, Selection};
use serde_json::{Value as Json, json};
use twin::{HistoryQuery, Instance, Operation};

use super::Random;
use super::rights::{hidden_id, name_of};
use super::world::{
    COMMON, DECIDING, HIDDEN, PLAIN, Pair, TYPES, any_attribute, any_dataset, any_entity, part,
};
use crate::common::{at, id};

pub(super) fn any_id(random: &mut Random) -> Uri {
    if random.often(15) {
        hidden_id(random.below(HIDDEN))
    } else {
        id(random.below(COMMON + 3))
    }
}

pub(super) fn any_name(random: &mut Random) -> Name {
    let all: Vec<&str> = PLAIN.iter().chain(&DECIDING).copied().collect();
    name_of(random.pick(&all))
}

pub(super) fn any_page(random: &mut Random, selection: Selection) -> EntityQuery {
    EntityQuery {
        selection,
        limit: if random.often(30) { 100 } else { random.below(6) },
        offset: if random.often(60) { 0 } else { random.below(5) },
        count: random.often(50),
    }
}

/// A selection, and the attributes that it names.
pub(super) fn any_selection(random: &mut Random) -> (Selection, Vec<Name>) {
    let mut names = Vec::new();
    let mut selection = Selection::default();
    if random.often(15) {
        selection.ids = (0..3).map(|_| any_id(random)).collect();
    }
    if random.often(10) {
        selection.id_pattern = Some(regex_of(random.pick(&["Hidden", "[13579]$", "Thing:1"])));
    }
    if random.often(40) {
        let text = random.pick(&["Thing", "Car", "Thing|Person", "(Car;Person)"]);
        selection.types = Some(TypeSelection::parse(text, Context::core()).unwrap());
    }
    if random.often(25) {
        let name = any_name(random);
        names.push(name.clone());
        selection.attributes = vec![name];
    }
    if random.often(50) {
        let term = random.pick(&["a0", "a1", "h0", "h1", "h2", "d0", "d2", "r0"]);
        let other = random.pick(&["a0", "h0", "d1"]);
        names.extend([name_of(term), name_of(other)]);
        let number = random.below(6);
        let text = match random.below(10) {
            0 => term.to_owned(),
            1 => format!("{term}=={number}"),
            2 => format!("{term}>{number}"),
            3 => format!("{term}!={number}|{other}"),
            4 => format!("{term}==1..4;{other}"),
            5 => format!("{term}==\"p\""),
            6 => format!("r0{{{other}}}>{number}"),
            7 => format!("h2{{{other}}}"),
            8 => "modifiedAt>=2026-05-01T00:00:30Z".to_owned(),
            _ => format!("{term}~=\"p|q\""),
        };
        selection.q = Some(Q::parse(&text, Context::core()).unwrap());
    }
    if random.often(20) {
        names.push(name_of("location"));
        selection.geo = Some(GeoQuery {
            relation: GeoRelation::Near {
                min_distance_m: None,
                max_distance_m: Some(1000.0 * random.below(5) as f64),
            },
            geometry: geo_types::Point::new(0.02, 0.0).into(),
            property: name_of("location"),
        });
    }
    if random.often(15) {
        selection.scope = Some(ScopeQuery::parse(random.pick(&["/s0", "/s1/#", "/#"])).unwrap());
    }
    (selection, names)
}

fn regex_of(pattern: &str) -> regex::Regex {
    query::entity_query::compile_pattern("idPattern", pattern).unwrap()
}

pub(super) fn any_history(random: &mut Random) -> HistoryQuery {
    let property = match random.below(4) {
        0 => TimeProperty::ObservedAt,
        1 => TimeProperty::CreatedAt,
        2 => TimeProperty::DeletedAt,
        _ => TimeProperty::ModifiedAt,
    };
    let relation = if random.often(60) {
        TimeRelation::Always
    } else {
        TimeRelation::Between(at(random.below(30) as i64), at(30 + random.below(60) as i64))
    };
    HistoryQuery {
        temporal: TemporalQuery { relation, property },
        attributes: if random.often(40) {
            vec![any_name(random)]
        } else {
            Vec::new()
        },
        datasets: Vec::new(),
        last_n: random.often(30).then(|| 1 + random.below(3)),
    }
}

/// A write. Where an entity may be made by it, it is one that nobody hides (5.6.1: that an id is taken cannot be hidden).
pub(super) fn any_operation(random: &mut Random, pair: &mut Pair) -> Operation {
    let common = id(random.below(COMMON + 3));
    let any = any_id(random);
    let name = any_name(random);
    let dataset = any_dataset(random);
    let attribute = any_attribute(random, &name);
    let mut fragment = Fragment {
        attributes: vec![part(attribute.clone(), dataset.clone())],
        ..Fragment::default()
    };
    if random.often(25) {
        let deciding = name_of(random.pick(&DECIDING));
        fragment.attributes = vec![part(any_attribute(random, &deciding), None)];
    }
    if random.often(10) {
        fragment.scope = Some(vec![random.pick(&["/s0", "/s1/x", "/s2"]).into()]);
    }
    if random.often(8) {
        fragment.types = vec![name_of(random.pick(&TYPES))];
    }
    match random.below(20) {
        0 => Operation::Create(any_entity(random, common)),
        1 => {
            pair.fresh += 1;
            Operation::Create(any_entity(random, id(COMMON + pair.fresh)))
        }
        2 => Operation::UpsertReplace(any_entity(random, common)),
        3 => Operation::UpsertUpdate(any_entity(random, common)),
        4 => Operation::Import(any_entity(random, common)),
        5 | 6 => Operation::Merge(any, fragment),
        7 | 8 => Operation::Append(any, fragment, random.often(60)),
        9 | 10 => Operation::Update(any, fragment),
        11 => Operation::UpdateAttribute(any, part(attribute, dataset)),
        12 => Operation::ReplaceAttribute(any, attribute),
        13 => {
            let which = match random.below(3) {
                0 => Instance::Default,
                1 => Instance::Dataset(Uri::ngsi_ld("Dataset", "x")),
                _ => Instance::All,
            };
            Operation::DeleteAttribute(any, name, which)
        }
        14 => Operation::Replace(any.clone(), any_entity(random, any)),
        15 => Operation::Delete(any),
        16 | 17 => {
            let mut entity = any_entity(random, common);
            entity.attributes = vec![attribute.observed_at(at(random.below(50) as i64))];
            if random.often(70) {
                entity.types.clear();
                entity.scope.clear();
            }
            Operation::AppendHistory {
                entity,
                current: random.often(50),
            }
        }
        18 => Operation::DeleteAttributeHistory(any, name, Instance::All),
        _ => Operation::DeleteHistory(any),
    }
}

pub(super) fn any_subscription_id(random: &mut Random, pair: &Pair) -> Uri {
    let text = if random.often(25) {
        format!("urn:s:other:{}", random.below(3))
    } else {
        format!("urn:s:alice:{}", 1 + random.below(pair.subscribed))
    };
    Uri::parse(&text).unwrap()
}

pub(super) fn any_subscription(random: &mut Random, number: usize) -> Json {
    let mut notification =
        json!({"endpoint": {"uri": "http://alice.example/"}, "sysAttrs": random.often(50)});
    if random.often(40) {
        notification["showChanges"] = true.into();
    }
    if random.often(30) {
        notification["join"] = random.pick(&["inline", "flat"]).into();
    }
    let mut json = json!({
        "id": format!("urn:s:alice:{number}"), "type": "Subscription", "notification": notification,
    });
    let triggers = [
        "entityCreated",
        "entityDeleted",
        "attributeCreated",
        "attributeUpdated",
        "attributeDeleted",
    ];
    if random.often(60) {
        json["notificationTrigger"] = json!(triggers[..=random.below(triggers.len())]);
    }
    if random.often(80) {
        let of = random.pick(&TYPES);
        json["entities"] = match random.below(4) {
            0 => json!([{"type": "*"}]),
            1 => json!([{"type": of, "id": any_id(random).as_str()}]),
            _ => json!([{"type": of}]),
        };
    } else {
        json["watchedAttributes"] = json!(["a0", "h0"]);
    }
    if random.often(30) {
        json["watchedAttributes"] = json!([random.pick(&["a0", "a1", "h0", "h1", "d2"])]);
    }
    if random.often(40) {
        let term = random.pick(&["a0", "h0", "d2", "h1"]);
        json["q"] = format!("{term}{}", random.pick(&["", ">1", "==1..4", "==\"p\""])).into();
    }
    if random.often(15) {
        json["scopeQ"] = "/s1/#".into();
    }
    json
}

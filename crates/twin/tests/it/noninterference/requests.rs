//! What Alice asks and does.

use ngsi_ld::context::Context;
use ngsi_ld::query::order::OrderBy;
use ngsi_ld::query::projection::Projection;
use ngsi_ld::query::q::Q;
use ngsi_ld::query::temporal::{TemporalQuery, TimeProperty, TimeRelation};
use ngsi_ld::representation::WriteOptions;
use ngsi_ld::subscription::{Draft, Subject};
use ngsi_ld::{Name, Timestamp, Uri};
use query::registrations::RegistrationQuery;
use query::{EntityQuery, Selection, Sorter};
use serde_json::{Value as Json, json};
use twin::delivery::DeadLetterFilter;
use twin::{
    HistoryQuery, Instance, Join, JoinForm, JoinedWriting, Mapped, Operation, Piece, Reader, write_joined,
};

use super::Random;
use super::chance::{
    any_history, any_id, any_name, any_operation, any_page, any_selection, any_subscription,
    any_subscription_id,
};
use super::rights::{hidden_id, name_of};
use super::world::{COMMON, HIDDEN, Pair, TYPES};
use crate::common::id;

/// A request.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    Get(Uri, bool),
    Query(Box<EntityQuery>, Vec<Name>, bool),
    Ordered(Box<EntityQuery>, Vec<Name>, String, bool),
    Types(bool),
    Attributes(bool),
    Join(Uri, JoinForm, usize),
    History(Uri, Box<HistoryQuery>, bool),
    Part(Uri, Box<HistoryQuery>, usize, bool),
    Pieces(Uri, Box<HistoryQuery>),
    Series(Uri, Name),
    Evolutions(Vec<Name>, bool),
    Instance(Uri, Name),
    Blob,
    Batch(Vec<Operation>),
    /// With the last instance that she sees of an attribute.
    Correct(Uri, Name, bool),
    Fork(Vec<Operation>, Uri),
    Subscribe(Json),
    Subscription(Uri),
    Subscriptions,
    Resubscribe(Uri, Json),
    Unsubscribe(Uri),
    Registrations(String),
    Register(Json),
    Unregister(Uri),
    EntityMap(Box<EntityQuery>, Vec<Name>),
    DeadLetters,
}

use Request as R;

impl Request {
    /// Any of them.
    pub(crate) fn any(random: &mut Random, pair: &mut Pair) -> Self {
        let picture = random.often(25);
        match random.below(100) {
            0..=7 => R::Get(any_id(random), picture),
            8..=21 => {
                let (selection, names) = any_selection(random);
                R::Query(Box::new(any_page(random, selection)), names, picture)
            }
            22..=28 => {
                let (selection, mut names) = any_selection(random);
                let by = random.pick(&["a0", "a1", "h0", "h1", "d2"]);
                names.push(name_of(by));
                let order = format!("{by}{}", random.pick(&["", ";desc", ",id", ",modifiedAt;desc"]));
                R::Ordered(Box::new(any_page(random, selection)), names, order, picture)
            }
            29..=30 => R::Types(picture),
            31..=32 => R::Attributes(picture),
            33..=37 => {
                let form = if random.often(50) {
                    JoinForm::Inline
                } else {
                    JoinForm::Flat
                };
                R::Join(any_id(random), form, 1 + random.below(3))
            }
            38..=41 => R::History(any_id(random), Box::new(any_history(random)), picture),
            42..=44 => {
                let history = any_history(random);
                R::Part(any_id(random), Box::new(history), 1 + random.below(6), picture)
            }
            45..=46 => R::Pieces(any_id(random), Box::new(any_history(random))),
            47 | 81 | 82 => R::Series(id(random.below(COMMON)), name_of(random.pick(&["a0", "a1"]))),
            48..=50 => {
                let types = if random.often(50) {
                    vec![name_of(random.pick(&TYPES))]
                } else {
                    Vec::new()
                };
                R::Evolutions(types, picture)
            }
            51..=52 => R::Instance(any_id(random), any_name(random)),
            53 => R::Blob,
            54..=73 => {
                let many = if random.often(70) { 1 } else { 2 + random.below(3) };
                R::Batch((0..many).map(|_| any_operation(random, pair)).collect())
            }
            74..=75 => R::Correct(any_id(random), any_name(random), random.often(50)),
            76 => {
                let operation = any_operation(random, pair);
                R::Fork(vec![operation.clone()], operation.entity_id().clone())
            }
            77..=80 => Self::subscribe(random, pair),
            83 => R::Get(any_id(random), picture),
            84..=85 => R::Subscription(any_subscription_id(random, pair)),
            86 => R::Subscriptions,
            87 => {
                let json = json!({"q": random.pick(&["a0>1", "h0", "d0==true"])});
                R::Resubscribe(any_subscription_id(random, pair), json)
            }
            88 => R::Unsubscribe(any_subscription_id(random, pair)),
            89..=91 => R::Registrations(random.pick(&["a0>2", "a0==1", "h0", "endpoint"]).to_owned()),
            92 => {
                pair.fresh += 1;
                R::Register(json!({
                    "id": format!("urn:r:alice:{}", pair.fresh), "type": "ContextSourceRegistration",
                    "endpoint": "http://source.example",
                    "mode": random.pick(&["inclusive", "exclusive", "redirect"]),
                    "information": [{
                        "entities": [{"type": "Hidden", "id": hidden_id(random.below(HIDDEN)).as_str()}],
                        "propertyNames": ["h0"],
                    }],
                }))
            }
            93 => R::Unregister(Uri::parse(&format!("urn:r:other:{}", random.below(3))).unwrap()),
            94..=97 => {
                let (selection, names) = any_selection(random);
                R::EntityMap(Box::new(any_page(random, selection)), names)
            }
            _ => R::DeadLetters,
        }
    }

    pub(crate) fn subscribe(random: &mut Random, pair: &mut Pair) -> Self {
        pair.subscribed += 1;
        R::Subscribe(any_subscription(random, pair.subscribed))
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            R::Get(..) => "get",
            R::Query(..) => "query",
            R::Ordered(..) => "ordered query",
            R::Types(_) => "types",
            R::Attributes(_) => "attributes",
            R::Join(..) => "join",
            R::History(..) => "history",
            R::Part(..) => "part of a history",
            R::Pieces(..) => "aggregates",
            R::Series(..) => "series",
            R::Evolutions(..) => "evolutions",
            R::Instance(..) => "instance",
            R::Blob => "blob",
            R::Batch(operations) if operations.len() == 1 => "write",
            R::Batch(_) => "batch",
            R::Correct(..) => "correction",
            R::Fork(..) => "fork",
            R::Subscribe(_) => "subscribe",
            R::Subscription(_) => "subscription",
            R::Subscriptions => "subscriptions",
            R::Resubscribe(..) => "change a subscription",
            R::Unsubscribe(_) => "unsubscribe",
            R::Registrations(_) => "registrations",
            R::Register(_) => "register",
            R::Unregister(_) => "unregister",
            R::EntityMap(..) => "entity map",
            R::DeadLetters => "subscriptions' dead letters",
        }
    }

    /// The attributes that it names.
    pub(crate) fn attributes(&self) -> Vec<Name> {
        match self {
            R::Query(_, names, _) | R::Ordered(_, names, ..) | R::EntityMap(_, names) => names.clone(),
            R::History(_, query, _) | R::Part(_, query, ..) | R::Pieces(_, query) => query.attributes.clone(),
            R::Series(_, name) | R::Instance(_, name) | R::Correct(_, name, _) => vec![name.clone()],
            _ => Vec::new(),
        }
    }

    /// The entities that it names.
    pub(crate) fn entities(&self) -> Vec<Uri> {
        match self {
            R::Get(id, _)
            | R::Join(id, ..)
            | R::History(id, ..)
            | R::Part(id, ..)
            | R::Pieces(id, _)
            | R::Series(id, _)
            | R::Instance(id, _)
            | R::Correct(id, ..) => vec![id.clone()],
            R::Batch(operations) | R::Fork(operations, _) => {
                operations.iter().map(|one| one.entity_id().clone()).collect()
            }
            _ => Vec::new(),
        }
    }

    pub(crate) fn joins(&self) -> bool {
        match self {
            R::Join(..) => true,
            R::Query(query, ..) => format!("{:?}", query.selection.q).contains("Linked"),
            _ => false,
        }
    }

    pub(crate) fn is_of_subscriptions(&self) -> bool {
        matches!(
            self,
            R::Subscribe(_) | R::Subscription(_) | R::Subscriptions | R::Resubscribe(..) | R::Unsubscribe(_)
        )
    }

    /// What she is answered in one of the twins.
    pub(crate) fn ask(&self, pair: &mut Pair, which: usize) -> String {
        let (twin, view) = (&pair.twins[which], &pair.alice);
        let snapshot = twin.snapshot();
        let reader = |picture: &bool| -> &dyn Reader { if *picture { &snapshot } else { twin } };
        match self {
            R::Get(id, picture) => format!("{:?}", reader(picture).get(view, id)),
            R::Query(query, _, picture) => {
                let page = reader(picture).query(view, query);
                format!("{:?}", page.map(|page| (page.entities, page.total, page.more)))
            }
            R::Ordered(query, _, order, picture) => {
                let order = OrderBy::parse(order, None, None, None, Context::core()).unwrap();
                let page = reader(picture).ordered(view, query, &Sorter::new(&order).unwrap());
                format!("{:?}", page.map(|page| (page.entities, page.total, page.more)))
            }
            R::Types(picture) => format!("{:?}", reader(picture).types(view)),
            R::Attributes(picture) => {
                let mut names = std::collections::BTreeMap::<Name, usize>::new();
                let done = reader(picture).scan(view, &Selection::default(), &mut |entity| {
                    for attribute in &entity.attributes {
                        *names.entry(attribute.name.clone()).or_default() += 1;
                    }
                    true
                });
                format!("{done:?} {names:?}")
            }
            R::Join(id, form, level) => {
                let Some(entity) = twin.get(view, id) else {
                    return "None".to_owned();
                };
                let join = Join {
                    form: *form,
                    level: *level,
                    contained_by: Vec::new(),
                };
                let options = WriteOptions {
                    sys_attrs: true,
                    ..WriteOptions::default()
                };
                let how = JoinedWriting {
                    context: Context::core(),
                    options: &options,
                    pick: &Projection::default(),
                    omit: &Projection::default(),
                    join: Some(&join),
                    feature: None,
                };
                format!("{:?}", write_joined(twin, view, &[entity], &how))
            }
            R::History(id, query, picture) => format!("{:?}", reader(picture).history(view, id, query)),
            R::Part(id, query, most, picture) => {
                format!("{:?}", reader(picture).evolution(view, id, query, *most))
            }
            R::Pieces(id, query) => {
                let mut pieces = Vec::new();
                let mut each = |name: &Name, dataset: Option<&Uri>, piece: Piece<'_>| {
                    pieces.push(format!("{name} {dataset:?} {piece:?}"));
                };
                let entity = twin.pieces(view, id, query, &mut each);
                pieces.sort();
                format!("{entity:?} {pieces:?}")
            }
            R::Series(id, name) => {
                format!(
                    "{:?}",
                    twin.series(view, id, name, (Timestamp::MIN, Timestamp::MAX))
                )
            }
            R::Evolutions(types, picture) => {
                let mut found = Vec::new();
                let done = reader(picture).evolutions(view, types, &mut |entity| {
                    found.push(entity.clone());
                    true
                });
                let again: Vec<_> = found
                    .iter()
                    .map(|entity| reader(picture).evolution_of(view, &entity.id))
                    .collect();
                format!("{done:?} {found:?} {again:?}")
            }
            R::Instance(id, name) => {
                let seen = last_instance(pair, which, id, name);
                let nobody = Uri::ngsi_ld("Instance", "nobody");
                let found = twin.find_instance(view, id, name, seen.as_ref().unwrap_or(&nobody));
                format!("{found:?}")
            }
            R::Blob => {
                let mut content = [0; 6];
                let read = twin.read_blob(view, &pair.blob, 0, &mut content).is_ok();
                format!(
                    "{read} {content:?} {:?}",
                    twin.blob_length(view, &pair.blob).unwrap()
                )
            }
            R::Batch(operations) => {
                format!("{:?}", twin.execute_blocking(view, operations.clone()))
            }
            R::Correct(id, name, delete) => {
                let Some(instance) = last_instance(pair, which, id, name) else {
                    let all = Operation::DeleteAttributeHistory(id.clone(), name.clone(), Instance::All);
                    return format!("{:?}", twin.execute_blocking(view, vec![all]));
                };
                let found = twin.find_instance(view, id, name, &instance).unwrap();
                let operation = if *delete {
                    Operation::DeleteInstance(id.clone(), found)
                } else {
                    let given = ngsi_ld::Attribute::property(name.clone(), 77);
                    Operation::ReplaceInstance(id.clone(), found, given)
                };
                format!("{:?}", twin.execute_blocking(view, vec![operation]))
            }
            R::Fork(operations, id) => {
                let mut fork = snapshot.fork();
                let each = operations.iter().cloned();
                let done: Vec<_> = each.map(|operation| fork.execute(view, operation)).collect();
                // Its instants begin with that of the last change in the city, whatever it was: they are not compared.
                let left = fork.snapshot().get(view, id);
                let left = left.iter().flat_map(|entity| &entity.attributes);
                let left: Vec<_> = left.map(|one| (&one.name, &one.dataset_id, &one.value)).collect();
                format!("{done:?} {left:?}")
            }
            R::Subscribe(json) => {
                let draft = Draft::read(json, Context::core(), Subject::Entities).unwrap();
                let made = twin.create_subscription(view, draft, Context::core().clone());
                format!("{:?}", pair.runtime.block_on(made))
            }
            R::Subscription(id) => format!("{:?}", shown(twin.subscription(view, id))),
            R::Subscriptions => {
                let (page, total) = twin.subscriptions(view, 0, 50);
                let page: Vec<_> = page.into_iter().map(|one| shown(Some(one))).collect();
                format!("{total} {page:?}")
            }
            R::Resubscribe(id, json) => {
                let draft = Draft::read_fragment(json, Context::core(), Subject::Entities).unwrap();
                let made = twin.update_subscription(view, id, draft, None);
                format!("{:?}", pair.runtime.block_on(made))
            }
            R::Unsubscribe(id) => {
                format!("{:?}", pair.runtime.block_on(twin.delete_subscription(view, id)))
            }
            R::Registrations(csf) => {
                let query = RegistrationQuery {
                    csf: Some(Q::parse(csf, Context::core()).unwrap()),
                    ..RegistrationQuery::default()
                };
                let found = twin.registrations_for(view, &query.prepare().unwrap());
                let found = found.iter().map(|one| (one.stored.registration(), &one.elements));
                format!("{:?}", found.collect::<Vec<_>>())
            }
            R::Register(json) => {
                let draft = ngsi_ld::registration::Draft::read(json, Context::core()).unwrap();
                format!("{:?}", twin.create_registration_blocking(view, draft))
            }
            R::Unregister(id) => format!("{:?}", twin.delete_registration_blocking(view, id)),
            R::EntityMap(query, _) => {
                let mut found = Vec::new();
                let scanned = twin.scan(view, &query.selection, &mut |entity| {
                    found.push(entity.id.clone());
                    true
                });
                let map = twin
                    .make_entity_map(view, Mapped::Entities, "q", found, None)
                    .unwrap();
                let again = twin.entity_map(view, map.id.as_str()).unwrap();
                let stranger = crate::common::hiding([name_of("a0")]);
                assert!(twin.entity_map(&stranger, map.id.as_str()).is_none());
                let page: Vec<_> = again.entities().map(|id| twin.get(view, id)).collect();
                let gone = twin.delete_entity_map(view, map.id.as_str());
                format!("{scanned:?} {} {page:?} {gone:?}", again.places())
            }
            R::DeadLetters => {
                let all = DeadLetterFilter::default();
                let listed = twin.dead_letters(view, &all, None, 50);
                let purged = pair.runtime.block_on(twin.purge_dead_letters(view, &all));
                format!("{listed:?} {purged:?} {}", twin.subscriptions(view, 0, 1).1)
            }
        }
    }
}

/// What can be told of a subscription, its @context aside.
fn shown(
    one: Option<(
        std::sync::Arc<twin::StoredSubscription>,
        ngsi_ld::subscription::Standing,
    )>,
) -> String {
    match one {
        None => "None".to_owned(),
        Some((stored, standing)) => format!("{:?} {standing:?}", stored.subscription),
    }
}

/// The `instanceId` of the last instance that she sees of an attribute.
fn last_instance(pair: &Pair, which: usize, id: &Uri, name: &Name) -> Option<Uri> {
    let query = HistoryQuery {
        temporal: TemporalQuery {
            relation: TimeRelation::Always,
            property: TimeProperty::ModifiedAt,
        },
        attributes: vec![name.clone()],
        datasets: Vec::new(),
        last_n: None,
    };
    let past = pair.twins[which].history(&pair.alice, id, &query).unwrap()?;
    past.attributes.last()?.instance_id.clone()
}

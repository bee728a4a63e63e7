//! Two twins that differ only in what Alice may not see, and what others do in them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ngsi_ld::context::Context;
use ngsi_ld::fragment::{AttributeChange, AttributeFragment, AttributePatch, Change, Fragment, ValuePatch};
use ngsi_ld::subscription::{Draft, Subject};
use ngsi_ld::{Attribute, Entity, Name, Uri, Value};
use query::View;
use serde_json::{Value as Json, json};
use storage::Memory;
use storage::environment::ManualClock;
use twin::{Instance, Operation, Reader as _, Twin};

use super::Random;
use super::requests::Request;
use super::rights::{hidden_id, name_of, of_alice};
use crate::common::{at, id, name, thing, view};

/// The types of entities.
pub(crate) const TYPES: [&str; 3] = ["Thing", "Car", "Person"];
/// Attributes that conditions of rights look at: never other in one twin than in the other.
pub(crate) const DECIDING: [&str; 3] = ["d0", "d1", "d2"];
/// Attributes that may be other where Alice does not see them.
pub(crate) const PLAIN: [&str; 7] = ["a0", "a1", "r0", "location", "h0", "h1", "h2"];
/// How many entities are in both.
pub(crate) const COMMON: usize = 12;
/// How many may be in one of them.
pub(crate) const HIDDEN: usize = 5;

/// The two.
pub(crate) struct Pair {
    pub(crate) twins: [Twin; 2],
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) alice: View,
    pub(crate) runtime: tokio::runtime::Runtime,
    /// Which attributes of which entities are not the same, or were not once.
    tainted: BTreeMap<Uri, BTreeSet<Name>>,
    now: i64,
    /// How many things Alice made.
    pub(crate) fresh: usize,
    /// How many subscriptions she made, or tried to.
    pub(crate) subscribed: usize,
    /// How many of her messages were compared.
    compared: usize,
    /// The names of the blobs that entities name.
    pub(crate) blob: twin::BlobId,
}

impl Pair {
    pub(crate) fn new(random: &mut Random) -> Self {
        let clock = Arc::new(ManualClock::new(at(0)));
        let open = || Twin::open(Box::new(Memory::new()), clock.clone()).unwrap();
        let twins = [open(), open()];
        let blobs = [0, 1].map(|which: usize| twins[which].put_blob(&mut &b"raster"[..]).unwrap());
        let mut pair = Self {
            twins,
            clock,
            alice: of_alice(random),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
            tainted: BTreeMap::new(),
            now: 0,
            fresh: 0,
            subscribed: 0,
            compared: 0,
            blob: blobs[0].clone(),
        };
        for number in 0..COMMON {
            let mut entity = any_entity(random, id(number));
            if random.often(20) {
                entity.put(Attribute::property(name("blob"), pair.blob.0.as_str()));
            }
            pair.both(&Operation::Create(entity));
        }
        for _ in 0..2 * COMMON {
            pair.hidden_change(random);
        }
        for number in 0..HIDDEN {
            pair.make_hidden(random, number);
        }
        pair.subscribe_others(random);
        for _ in 0..random.below(6) {
            pair.others_do(random);
        }
        pair
    }

    /// A second passes.
    pub(crate) fn tick(&mut self) {
        self.now += 1;
        self.clock.set(at(self.now));
    }

    /// Others do the same in both.
    fn both(&mut self, operation: &Operation) -> bool {
        self.tick();
        let done = [0, 1].map(|which: usize| {
            let operations = vec![operation.clone()];
            self.twins[which]
                .execute_blocking(&view(), operations)
                .remove(0)
                .is_ok()
        });
        assert_eq!(done[0], done[1], "{operation:?}");
        done[0]
    }

    fn one(&self, which: usize, operation: Operation) {
        let _ = self.twins[which].execute_blocking(&view(), vec![operation]); // it may be nothing there
    }

    /// Whether Alice sees nothing at all of an entity, now and then.
    fn is_hidden(&self, entity: &Entity) -> bool {
        self.alice.of(entity).is_none() && self.alice.history().shows(entity).is_none()
    }

    fn hides(&self, entity: &Entity, attribute: &Name) -> bool {
        !self.alice.read().of(entity).to_attribute(attribute)
            && !self.alice.history().of(entity).to_attribute(attribute)
    }

    /// Changes, in one twin or otherwise in each, what Alice may not see; whether there was such a thing.
    pub(crate) fn hidden_change(&mut self, random: &mut Random) -> bool {
        self.tick();
        if random.often(15) {
            let number = random.below(HIDDEN);
            for which in 0..2 {
                if random.often(60) {
                    let attribute = name_of(random.pick(&PLAIN));
                    let operation = change(random, hidden_id(number), &attribute);
                    if self.twins[which].get(&view(), &hidden_id(number)).is_some() {
                        self.one(which, operation);
                    }
                }
            }
            return true;
        }
        let id = id(random.below(COMMON + self.fresh.min(4)));
        let Some(entity) = self.twins[0].get(&view(), &id) else {
            return false;
        };
        let hidden: Vec<Name> = PLAIN
            .iter()
            .map(|term| name_of(term))
            .filter(|name| self.hides(&entity, name))
            .collect();
        if hidden.is_empty() {
            return false;
        }
        let attribute = &hidden[random.below(hidden.len())];
        self.tainted
            .entry(id.clone())
            .or_default()
            .insert(attribute.clone());
        for which in 0..2 {
            if random.often(70) {
                let operation = change(random, id.clone(), attribute);
                self.one(which, operation);
            }
        }
        true
    }

    /// Makes an entity in one twin, or another in each, of which Alice sees nothing.
    fn make_hidden(&mut self, random: &mut Random, number: usize) {
        for _ in 0..8 {
            let mut entity = any_entity(random, hidden_id(number));
            // What is changed later must stay hidden: decided by what is never changed.
            if !self.is_hidden(&entity) {
                continue;
            }
            if PLAIN.iter().any(|term| !self.hides(&entity, &name_of(term))) {
                continue;
            }
            let which = random.below(2);
            self.tick();
            let past = random.often(20);
            let operation = if past {
                for attribute in &mut entity.attributes {
                    attribute.observed_at = Some(at(random.below(50) as i64));
                }
                Operation::AppendHistory {
                    entity,
                    current: false,
                }
            } else {
                Operation::Create(entity)
            };
            self.one(which, operation);
            if !past && random.often(20) {
                self.tick();
                self.one(which, Operation::Delete(hidden_id(number)));
            }
            return;
        }
    }

    /// Somebody else subscribes and registers in one of them, and in both.
    fn subscribe_others(&mut self, random: &mut Random) {
        for number in 0..3 {
            let json = json!({
                "id": format!("urn:s:other:{number}"), "type": "Subscription",
                "entities": [{"type": "Thing"}],
                "notification": {"endpoint": {"uri": "http://alice.example/"}},
            });
            let draft = || Draft::read(&json, Context::core(), Subject::Entities).unwrap();
            for which in 0..2 {
                if random.often(60) {
                    let (twin, open) = (&self.twins[which], view());
                    let made = twin.create_subscription(&open, draft(), Context::core().clone());
                    self.runtime.block_on(made).unwrap();
                }
            }
        }
        for number in 0..3 {
            let json = json!({
                "id": format!("urn:r:other:{number}"), "type": "ContextSourceRegistration",
                "endpoint": "http://source.example", "a0": random.below(5),
                "information": [{"entities": [{"type": "Thing"}]}],
            });
            let draft = || ngsi_ld::registration::Draft::read(&json, Context::core()).unwrap();
            let made = draft().create(|| hidden_id(0), at(0)).unwrap();
            let hidden = self.is_hidden(&made.as_entity(at(0), at(0)));
            let only = random.below(2);
            for which in 0..2 {
                if !hidden || which == only {
                    self.twins[which]
                        .create_registration_blocking(&view(), draft())
                        .unwrap();
                }
            }
        }
    }

    /// Others do something that Alice may see, in both alike.
    pub(crate) fn others_do(&mut self, random: &mut Random) {
        let id = id(random.below(COMMON));
        let tainted = self.tainted.get(&id).cloned().unwrap_or_default();
        let clean = tainted.is_empty();
        match random.below(10) {
            0 if clean => {
                self.both(&Operation::Delete(id));
            }
            1 if clean => {
                self.both(&Operation::Create(any_entity(random, id)));
            }
            2 if clean => {
                let scope = any_scope(random);
                let fragment = Fragment {
                    scope: Some(scope),
                    ..Fragment::default()
                };
                self.both(&Operation::Merge(id, fragment));
            }
            3 | 4 if clean => {
                let deciding = name_of(random.pick(&DECIDING));
                let operation = change(random, id, &deciding);
                self.both(&operation);
            }
            _ => {
                let attribute = name_of(random.pick(&PLAIN));
                if !tainted.contains(&attribute) {
                    let operation = change(random, id, &attribute);
                    self.both(&operation);
                }
            }
        }
    }

    /// Whether what a request names is hidden from Alice, and there.
    pub(crate) fn touches_hidden(&self, request: &Request) -> bool {
        let named = request.attributes();
        request.entities().iter().any(|id| {
            self.tainted
                .get(id)
                .is_some_and(|tainted| named.is_empty() || named.iter().any(|name| tainted.contains(name)))
                || id.as_str().contains(":Hidden:")
        }) || (request.entities().is_empty()
            && self
                .tainted
                .values()
                .flatten()
                .any(|tainted| named.contains(tainted)))
    }

    /// Compares what Alice's subscriptions are told; how many messages came since it was compared last.
    pub(crate) fn same_letters(&mut self, seed: u64, step: usize, after: &str) -> usize {
        let letters = [0, 1].map(|which: usize| {
            let rows = self.twins[which].rows("outbox").unwrap();
            let letters = rows.iter().map(|(_, row)| letter(row));
            let mut hers: Vec<(String, String)> = letters
                .filter(|(owner, _)| owner.starts_with("urn:s:alice:"))
                // What waited for one that is gone is deleted with the next commit, whosever.
                .filter(|(owner, _)| {
                    let id = Uri::parse(owner).unwrap();
                    self.twins[which].subscription(&view(), &id).is_some()
                })
                .collect();
            // Each subscription is a stream of its own.
            hers.sort_by(|a, b| a.0.cmp(&b.0));
            hers
        });
        if letters[0] != letters[1] {
            let of_both = letters[0].iter().zip(&letters[1]);
            let first = of_both.into_iter().find(|(one, other)| one != other);
            panic!(
                "seed {seed}, step {step}: notifications after {after}: {} and {}, first {first:#?}\nrights {:?}",
                letters[0].len(),
                letters[1].len(),
                self.alice
            );
        }
        let came = letters[0].len().saturating_sub(self.compared);
        self.compared = letters[0].len();
        came
    }
}

/// Whose a message is, and what is in it.
fn letter(row: &[u8]) -> (String, String) {
    let length = u32::from_le_bytes(row[1..5].try_into().unwrap()) as usize;
    let head: Json = serde_json::from_slice(&row[5..5 + length]).unwrap();
    let owner = head["owner"].as_str().unwrap().to_owned();
    (
        owner,
        format!("{head} {}", String::from_utf8_lossy(&row[5 + length..])),
    )
}

/// Something new of an attribute.
fn change(random: &mut Random, id: Uri, attribute: &Name) -> Operation {
    let dataset = any_dataset(random);
    match random.below(6) {
        0 => Operation::DeleteAttribute(id, attribute.clone(), Instance::All),
        1 => {
            let mut entity = thing(0);
            entity.id = id;
            entity.types.clear();
            let mut instance = any_attribute(random, attribute);
            instance.observed_at = Some(at(random.below(50) as i64));
            entity.attributes.push(instance);
            Operation::AppendHistory {
                entity,
                current: random.often(30),
            }
        }
        _ => Operation::Append(
            id,
            Fragment {
                attributes: vec![part(any_attribute(random, attribute), dataset)],
                ..Fragment::default()
            },
            true,
        ),
    }
}

/// A fragment that makes an attribute what this one is.
pub(crate) fn part(attribute: Attribute, dataset_id: Option<Uri>) -> AttributeFragment {
    let patch = AttributePatch {
        value: Some(ValuePatch::Typed(attribute.value)),
        observed_at: attribute.observed_at.map_or(Change::Keep, Change::Set),
        ..AttributePatch::default()
    };
    AttributeFragment {
        name: attribute.name,
        dataset_id,
        change: AttributeChange::Set(Box::new(patch)),
    }
}

pub(crate) fn any_dataset(random: &mut Random) -> Option<Uri> {
    random.often(20).then(|| Uri::ngsi_ld("Dataset", "x"))
}

/// An instance of an attribute, of a kind that it can be.
pub(crate) fn any_attribute(random: &mut Random, attribute: &Name) -> Attribute {
    let number = random.below(6);
    let mut made = match attribute.short() {
        "d0" => Attribute::property(attribute.clone(), random.often(50)),
        "d1" => Attribute::property(attribute.clone(), random.pick(&["x", "y", "z"])),
        "d2" => Attribute::property(attribute.clone(), number as i64),
        "r0" | "h2" if random.often(80) => {
            let target = if random.often(30) {
                hidden_id(random.below(HIDDEN))
            } else {
                id(random.below(COMMON))
            };
            Attribute::relationship(attribute.clone(), target)
        }
        "location" => Attribute::geo(
            attribute.clone(),
            geo_types::Point::new(number as f64 / 100.0, 0.0),
        ),
        "h1" if random.often(30) => {
            Attribute::new(attribute.clone(), Value::Json(Box::new(json!({"n": number}))))
        }
        _ if random.often(20) => Attribute::property(attribute.clone(), random.pick(&["p", "q", "r"])),
        _ => Attribute::property(attribute.clone(), number as i64),
    };
    if random.often(30) {
        made.observed_at = Some(at(random.below(50) as i64));
    }
    made
}

fn any_scope(random: &mut Random) -> Vec<Box<str>> {
    match random.below(4) {
        0 => Vec::new(),
        1 => vec!["/s0".into()],
        2 => vec!["/s1/x".into()],
        _ => vec!["/s1/y".into(), "/s0".into()],
    }
}

/// An entity with some of everything.
pub(crate) fn any_entity(random: &mut Random, id: Uri) -> Entity {
    let mut entity = Entity::new(id, name_of(random.pick(&TYPES)));
    if random.often(20) {
        let other = name_of(random.pick(&TYPES));
        if !entity.types.contains(&other) {
            entity.types.push(other);
        }
    }
    entity.scope = any_scope(random);
    for term in DECIDING.iter().chain(&PLAIN) {
        if random.often(65) {
            let mut attribute = any_attribute(random, &name_of(term));
            if PLAIN.contains(term) {
                attribute.dataset_id = any_dataset(random);
            }
            entity.put(attribute);
        }
    }
    entity
}

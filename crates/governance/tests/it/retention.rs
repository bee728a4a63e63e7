//! Retention against a list of everything: what must go and what must stay is found by looking at each value by itself.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use governance::desk::{
    By, Counts, Desk, Error, Ground, Known, NewHold, NewRule, RunState, Settings, What, Which,
};
use ngsi_ld::query::temporal::{TemporalQuery, TimeProperty, TimeRelation};
use ngsi_ld::{Attribute, Entity, Name, Timestamp, Uri};
use proptest::prelude::*;
use query::{Caller, View};
use storage::Memory;
use storage::environment::ManualClock;
use twin::{HistoryQuery, Operation, Reader as _, Twin};

const DAY: i64 = 24 * 3_600_000_000;
const BEGIN: &str = "2026-05-01T12:00:00Z";

pub(crate) struct City {
    pub(crate) twin: Twin,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) desk: Desk,
    pub(crate) store: Memory,
}

pub(crate) fn begin() -> Timestamp {
    Timestamp::parse(BEGIN).unwrap()
}

pub(crate) fn city() -> City {
    over(Memory::new(), Arc::new(ManualClock::new(begin())))
}

pub(crate) fn over(store: Memory, clock: Arc<ManualClock>) -> City {
    let twin = Twin::open(Box::new(store.clone()), Arc::<ManualClock>::clone(&clock)).unwrap();
    let desk = Desk::open(&twin, Settings::default()).unwrap();
    twin.ask_holds(desk.keeper(), None);
    City {
        twin,
        clock,
        desk,
        store,
    }
}

pub(crate) fn person(id: &str) -> By {
    By::new(&View::open(Caller::Principal(id.into()), "x"), true)
}

pub(crate) fn all() -> View {
    View::open(Caller::System("test"), "x")
}

pub(crate) fn name(term: &str) -> Name {
    Name::default_term(term)
}

pub(crate) fn id(of: &str, number: usize) -> Uri {
    Uri::ngsi_ld(of, &number.to_string())
}

/// Days before the beginning.
fn ago(days: i64) -> Timestamp {
    begin().plus_micros(-days * DAY)
}

pub(crate) fn reading(term: &str, value: i64, days_ago: i64) -> Attribute {
    Attribute::property(name(term), value).observed_at(ago(days_ago))
}

/// `secret` is personal, and everything else is open.
pub(crate) fn class_of(_: &Entity, attribute: &Name) -> String {
    (if *attribute == name("secret") {
        "personal"
    } else {
        "open"
    })
    .to_owned()
}

impl City {
    fn run(&self, operation: Operation) {
        self.twin
            .execute_blocking(&all(), vec![operation])
            .pop()
            .unwrap()
            .unwrap();
    }

    fn on_ground<T>(&self, stop: &dyn Fn() -> bool, work: impl FnOnce(&Ground<'_>) -> T) -> T {
        let twin_of = |tenant: Option<&str>| tenant.is_none().then(|| self.twin.clone());
        work(&Ground {
            tenants: Vec::new(),
            twin_of: &twin_of,
            class_of: &class_of,
            stop,
        })
    }

    pub(crate) fn rule(&self, says: NewRule) -> String {
        self.desk
            .make_rule(&person("a"), says, &Known::default())
            .unwrap()
            .id
            .clone()
    }

    pub(crate) fn retain(&self, stop: &dyn Fn() -> bool) -> Arc<governance::desk::Run> {
        self.on_ground(stop, |ground| {
            self.desk.retain(&By::retention(), Which::All, ground).unwrap()
        })
    }

    fn preview(&self, which: Which<'_>) -> Vec<governance::desk::Outcome> {
        self.on_ground(&|| false, |ground| self.desk.preview(which, ground).unwrap())
    }

    /// Every value: of which entity, attribute, at which instant, which number, and whether it is there now.
    fn values(&self) -> BTreeSet<Value> {
        let mut values = BTreeSet::new();
        self.twin
            .evolutions(&all(), &[], &mut |entity| {
                let query = HistoryQuery {
                    temporal: TemporalQuery {
                        relation: TimeRelation::Always,
                        property: TimeProperty::ModifiedAt,
                    },
                    attributes: Vec::new(),
                    datasets: Vec::new(),
                    last_n: None,
                };
                let past = self.twin.history(&all(), &entity.id, &query).unwrap().unwrap();
                let now = self.twin.get(&all(), &entity.id);
                for one in &past.attributes {
                    let is_now = now.as_ref().is_some_and(|now| {
                        now.attributes
                            .iter()
                            .any(|now| now.name == one.name && now.modified_at == one.modified_at)
                    });
                    values.insert(Value {
                        entity: entity.id.clone(),
                        attribute: one.name.clone(),
                        at: one.instant(),
                        number: one.as_f64().map(|number| number.to_string()),
                        is_now,
                    });
                }
                true
            })
            .unwrap();
        values
    }

    fn ids(&self) -> BTreeSet<String> {
        let mut ids = BTreeSet::new();
        self.twin
            .evolutions(&all(), &[], &mut |entity| {
                ids.insert(entity.id.to_string());
                true
            })
            .unwrap();
        ids
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Value {
    entity: Uri,
    attribute: Name,
    at: Timestamp,
    number: Option<String>,
    is_now: bool,
}

/// One entity of the test's city: type, values (attribute, days ago), whether it was deleted.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) of: usize,
    pub(crate) now: Vec<(usize, i64)>,
    pub(crate) past: Vec<(usize, i64)>,
    pub(crate) gone: bool,
}

const TYPES: [&str; 2] = ["Meter", "Person"];
const TERMS: [&str; 3] = ["level", "secret", "mood"];

fn given() -> impl Strategy<Value = Given> {
    let value = || (0..3_usize, 1..60_i64);
    (
        0..2_usize,
        prop::collection::btree_map(0..3_usize, 1..60_i64, 0..3),
        prop::collection::vec(value(), 0..10),
        prop::bool::weighted(0.25),
    )
        .prop_map(|(of, now, past, gone)| Given {
            of,
            now: now.into_iter().collect(),
            past,
            gone,
        })
}

#[derive(Clone, Debug)]
struct Asked {
    types: Vec<usize>,
    attributes: Vec<usize>,
    personal: bool,
    what: What,
    days: i64,
}

fn asked() -> impl Strategy<Value = Asked> {
    (
        prop::collection::vec(0..2_usize, 0..2),
        prop::collection::vec(0..3_usize, 0..2),
        any::<bool>(),
        prop::sample::select(What::ALL.to_vec()),
        1..50_i64,
    )
        .prop_map(|(types, attributes, personal, what, days)| Asked {
            types,
            attributes: if what == What::Entities {
                Vec::new()
            } else {
                attributes
            },
            personal: personal && what != What::Entities,
            what,
            days,
        })
}

impl Asked {
    fn rule(&self, number: usize) -> NewRule {
        let types: Vec<String> = self.types.iter().map(|of| TYPES[*of].to_owned()).collect();
        NewRule {
            name: format!("Rule {number}"),
            types: if types.is_empty() {
                vec!["*".to_owned()]
            } else {
                types
            },
            attributes: self.attributes.iter().map(|of| TERMS[*of].to_owned()).collect(),
            classes: if self.personal {
                vec!["personal".to_owned()]
            } else {
                Vec::new()
            },
            what: self.what,
            keep: format!("P{}D", self.days),
            ..NewRule::default()
        }
    }

    fn is_of(&self, entity: &Uri) -> bool {
        self.types.is_empty() || self.types.iter().any(|of| entity.as_str().contains(TYPES[*of]))
    }

    fn speaks_of(&self, attribute: &Name) -> bool {
        (self.attributes.is_empty() && !self.personal)
            || self.attributes.iter().any(|of| name(TERMS[*of]) == *attribute)
            || (self.personal && *attribute == name("secret"))
    }

    /// What is left of all values: each looked at by itself.
    fn left(&self, values: BTreeSet<Value>, held: &BTreeSet<Uri>) -> BTreeSet<Value> {
        let cut = ago(self.days);
        let mut last: BTreeMap<Uri, Timestamp> = BTreeMap::new();
        for value in &values {
            let latest = last.entry(value.entity.clone()).or_insert(value.at);
            *latest = (*latest).max(value.at);
        }
        (values.into_iter())
            .filter(|value| {
                let old = match self.what {
                    What::Entities => last[&value.entity] < cut,
                    What::History => value.at < cut && !value.is_now && self.speaks_of(&value.attribute),
                    What::Values => value.at < cut && self.speaks_of(&value.attribute),
                };
                !old || held.contains(&value.entity) || !self.is_of(&value.entity)
            })
            .collect()
    }
}

pub(crate) fn filled(entities: &[Given]) -> City {
    let city = city();
    for (number, given) in entities.iter().enumerate() {
        let mut entity = Entity::new(id(TYPES[given.of], number), name(TYPES[given.of]));
        let mut value = 0;
        let mut next = || {
            value += 1;
            value
        };
        for (term, days) in &given.now {
            entity.put(reading(TERMS[*term], next(), *days));
        }
        city.run(Operation::Create(entity.clone()));
        if !given.past.is_empty() {
            entity.attributes = (given.past.iter())
                .map(|(term, days)| reading(TERMS[*term], next(), *days))
                .collect();
            city.run(Operation::AppendHistory {
                entity,
                current: false,
            });
        }
        if given.gone {
            city.run(Operation::Delete(id(TYPES[given.of], number)));
        }
    }
    city
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the rules, the holds and the data: what goes is what a list of all values says, the preview said so
    /// before, and runs that were told to stop, again and again, leave in the end what runs to their end leave. A rule
    /// whose history is gone can make an entity old for a rule before it, which the next run finds.
    #[test]
    fn what_goes_is_what_must_go(
        entities in prop::collection::vec(given(), 0..6),
        asked in prop::collection::vec(asked(), 1..3),
        held in prop::collection::btree_set(0..6_usize, 0..3),
        stops in prop::collection::vec(0..30_u32, 0..6),
    ) {
        let city = filled(&entities);
        let mut on_hold = BTreeSet::new();
        for number in &held {
            let of = entities.get(*number).map_or(0, |given| given.of);
            let id = id(TYPES[of], *number);
            city.desk.place(&person("a"), NewHold { reason: "case 7".into(), entities: vec![id.to_string()], ..NewHold::default() }).unwrap();
            on_hold.insert(id);
        }
        let mut expected = city.values();
        for (number, asked) in asked.iter().enumerate() {
            city.rule(asked.rule(number));
            let before = expected.len();
            expected = asked.left(expected, &on_hold);
            if number == 0 {
                let preview = &city.preview(Which::All)[0];
                let counts = &preview.counts;
                prop_assert_eq!(counts.instances + counts.values, (before - expected.len()) as u64);
            }
        }
        if stops.is_empty() {
            let run = city.retain(&|| false);
            prop_assert_eq!(run.state, RunState::Done, "{}", run.why);
            prop_assert_eq!(&city.values(), &expected);
        }
        loop {
            let once_more = (asked.iter()).fold(expected.clone(), |values, asked| asked.left(values, &on_hold));
            if once_more == expected {
                break;
            }
            expected = once_more;
        }
        for stop in stops {
            let left = Cell::new(stop);
            let run = city.retain(&|| {
                left.set(left.get().saturating_sub(1));
                left.get() == 0
            });
            prop_assert!(matches!(run.state, RunState::Done | RunState::Stopped));
        }
        for round in 0.. {
            let run = city.retain(&|| false);
            prop_assert_eq!(run.state, RunState::Done, "{}", run.why);
            prop_assert_eq!(run.rules.iter().map(|rule| rule.left).sum::<u64>(), 0);
            if run.rules.iter().all(|rule| rule.counts.is_nothing()) {
                break;
            }
            prop_assert!(round < entities.len() * 2, "each run but the last takes something of an entity");
        }
        let left = city.values();
        // A value that is there now may have become past under a hold; of others it is told exactly.
        prop_assert_eq!(&left, &expected);
        // Once more does nothing, also after a restart.
        let again = over(city.store.clone(), Arc::clone(&city.clock));
        let run = again.retain(&|| false);
        prop_assert!(run.rules.iter().all(|rule| rule.counts.is_nothing()));
        prop_assert_eq!(again.values(), expected);
    }
}

#[test]
fn a_run_is_counted_and_said_again_by_another_look() {
    let entities = [
        Given {
            of: 0,
            now: vec![(0, 2)],
            past: vec![(0, 30), (0, 40), (1, 35), (0, 5)],
            gone: false,
        },
        Given {
            of: 0,
            now: vec![(0, 45)],
            past: vec![(0, 50)],
            gone: false,
        },
    ];
    let city = filled(&entities);
    city.rule(NewRule {
        name: "Readings".into(),
        types: vec!["Meter".into()],
        attributes: vec!["level".into()],
        what: What::History,
        keep: "P20D".into(),
        ..NewRule::default()
    });
    assert!(city.desk.retention_is_due() && !city.desk.rules_are_settled());
    let preview = city.preview(Which::One("readings")).remove(0);
    let expected = Counts {
        instances: 3,
        oldest: Some(ago(50)),
        ..Counts::default()
    };
    assert_eq!(preview.counts, expected);
    assert_eq!(city.values().len(), 7, "a preview changes nothing");
    let run = city.retain(&|| false);
    assert_eq!(
        (run.by.as_str(), run.id.as_str()),
        ("system:retention", "d-2026-0001")
    );
    let outcome = &run.rules[0];
    assert_eq!((outcome.counts.instances, outcome.left), (3, 0));
    assert_eq!(
        outcome.counts.oldest,
        Some(ago(5)),
        "the oldest that is left of the past"
    );
    assert!(
        outcome.proof.contains("3 values of the past"),
        "{}",
        outcome.proof
    );
    assert!(outcome.proof.contains("0 of it left"), "{}", outcome.proof);
    assert!(!city.desk.retention_is_due());
    // Time goes on by itself, and so does what is old.
    city.clock.set(begin().plus_micros(DAY + 1));
    assert!(city.desk.retention_is_due() && city.desk.rules_are_settled());
    city.clock.set(begin().plus_micros(16 * DAY));
    assert_eq!(city.retain(&|| false).rules[0].counts.instances, 1);
    // An ended rule does nothing more.
    city.desk.end_rule(&person("a"), "readings").unwrap();
    assert!(!city.desk.retention_is_due());
    assert!(matches!(
        city.desk.end_rule(&person("a"), "readings"),
        Err(Error::Conflict(_))
    ));
    assert!(city.retain(&|| false).rules.is_empty());
}

#[test]
fn of_thousands_of_values_some_go_at_a_time() {
    let city = city();
    let mut entity = Entity::new(id("Meter", 1), name("Meter"));
    city.run(Operation::Create(entity.clone()));
    entity.attributes = (0..2_345_i64)
        .map(|n| Attribute::property(name("level"), n).observed_at(ago(100).plus_micros(n * 1_000)))
        .collect();
    city.run(Operation::AppendHistory {
        entity,
        current: false,
    });
    city.rule(NewRule {
        name: "R".into(),
        types: vec!["*".into()],
        keep: "P30D".into(),
        ..NewRule::default()
    });
    let asked = Cell::new(0);
    let run = city.retain(&|| {
        asked.set(asked.get() + 1);
        false
    });
    assert_eq!(run.rules[0].counts.instances, 2_345);
    assert!(
        asked.get() >= 5,
        "it could have been stopped {} times",
        asked.get()
    );
    assert!(city.values().is_empty());
}

#[test]
fn of_what_is_gone_not_even_the_name_is_left() {
    let city = filled(&[
        Given {
            of: 1,
            now: vec![(1, 40)],
            past: vec![(1, 50)],
            gone: true,
        },
        Given {
            of: 1,
            now: vec![(1, 40), (0, 3)],
            past: vec![],
            gone: true,
        },
    ]);
    city.rule(NewRule {
        name: "R".into(),
        types: vec!["Person".into()],
        keep: "P30D".into(),
        ..NewRule::default()
    });
    city.retain(&|| false);
    assert_eq!(city.ids(), BTreeSet::from([id("Person", 1).to_string()]));
}

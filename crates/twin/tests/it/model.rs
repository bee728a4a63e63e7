//! Random operations against a reference that is too simple to be wrong.

use ngsi_ld::fragment::{AttributeChange, AttributeFragment, Fragment};
use ngsi_ld::{Attribute, Entity, Name, Timestamp, Uri};
use proptest::prelude::*;
use query::{EntityQuery, Selection};
use storage::{Embedded, Environment, Memory, Storage};
use twin::{Instance, Operation, Reader, Twin};

use crate::common::{all, always, at, clock, id, name, part, run, view};
use crate::reference::{Correction, Given, Reference, Step, simplified};

fn observed(second: i64) -> Timestamp {
    at(second - 200_000_000)
}

fn dataset(number: usize) -> Uri {
    Uri::ngsi_ld("Dataset", &number.to_string())
}

impl Given {
    fn attribute(&self) -> Attribute {
        let mut attribute = Attribute::property(name(&format!("a{}", self.name)), self.value);
        attribute.dataset_id = self.dataset.map(dataset);
        attribute.observed_at = self.observed.map(observed);
        attribute
    }

    fn part(&self) -> AttributeFragment {
        part(
            &format!("a{}", self.name),
            self.dataset.map(dataset),
            self.value,
            self.observed.map(observed),
        )
    }

    fn removal(&self) -> AttributeFragment {
        AttributeFragment {
            change: AttributeChange::Remove,
            ..self.part()
        }
    }
}

/// What the tests know of an instance that the twin gives back.
fn plain(attribute: &Attribute) -> Given {
    let number = |text: &str| {
        text.trim_start_matches(|c: char| !c.is_ascii_digit())
            .parse()
            .unwrap()
    };
    Given {
        name: number(attribute.name.short()),
        dataset: attribute.dataset_id.as_ref().map(|id| number(id.local())),
        value: attribute.as_f64().unwrap() as i64,
        observed: attribute
            .observed_at
            .map(|t| (t.as_micros() - observed(0).as_micros()) / 1_000_000),
    }
}

fn types(numbers: &[usize]) -> Vec<Name> {
    numbers.iter().map(|n| name(&format!("T{n}"))).collect()
}

fn entity(number: usize, of: &[usize], given: &[Given]) -> Entity {
    let mut entity = Entity::new(id(number), name("none"));
    entity.types = types(of);
    entity.attributes = given.iter().map(Given::attribute).collect();
    entity
}

fn parts(given: &[(Given, bool)]) -> Fragment {
    let attributes = given
        .iter()
        .map(|(g, remove)| if *remove { g.removal() } else { g.part() })
        .collect();
    Fragment {
        attributes,
        ..Fragment::default()
    }
}

impl Step {
    fn operation(&self) -> Operation {
        match self {
            Self::Create(n, t, a) => Operation::Create(entity(*n, t, a)),
            Self::UpsertReplace(n, t, a) => Operation::UpsertReplace(entity(*n, t, a)),
            Self::UpsertUpdate(n, t, a) => Operation::UpsertUpdate(entity(*n, t, a)),
            Self::Import(n, t, a) => Operation::Import(entity(*n, t, a)),
            Self::Replace(n, t, a) => Operation::Replace(id(n), entity(*n, t, a)),
            Self::Merge(n, a) => Operation::Merge(id(n), parts(a)),
            Self::Append(n, a, overwrite) => {
                let given: Vec<_> = a.iter().map(|g| (g.clone(), false)).collect();
                Operation::Append(id(n), parts(&given), *overwrite)
            }
            Self::Update(n, a) => Operation::Update(id(n), parts(a)),
            Self::UpdateAttribute(n, a) => Operation::UpdateAttribute(id(n), a.part()),
            Self::ReplaceAttribute(n, a) => Operation::ReplaceAttribute(id(n), a.attribute()),
            Self::DeleteAttribute(n, a, which) => {
                let instance = match which {
                    None => Instance::All,
                    Some(None) => Instance::Default,
                    Some(Some(d)) => Instance::Dataset(dataset(*d)),
                };
                Operation::DeleteAttribute(id(n), name(&format!("a{a}")), instance)
            }
            Self::Delete(n) => Operation::Delete(id(n)),
            Self::AppendHistory(n, t, a, current) => Operation::AppendHistory {
                entity: entity(*n, t, a),
                current: *current,
            },
            Self::DeleteHistory(n) => Operation::DeleteHistory(id(n)),
            Self::DeleteAttributeHistory(n, a, which) => {
                let instance = match which {
                    None => Instance::All,
                    Some(None) => Instance::Default,
                    Some(Some(d)) => Instance::Dataset(dataset(*d)),
                };
                Operation::DeleteAttributeHistory(id(n), name(&format!("a{a}")), instance)
            }
        }
    }
}

fn compare(twin: &dyn Reader, reference: &Reference) {
    for thing in &reference.things {
        let id = id(thing.number);
        let found = twin.get(&view(), &id);
        assert_eq!(found.is_some(), thing.live, "{id}");
        if let Some(found) = found {
            let mut attributes: Vec<Given> = found.attributes.iter().map(plain).collect();
            let mut expected = thing.state().1;
            attributes.sort();
            expected.sort();
            assert_eq!(attributes, expected, "{id}");
            assert_eq!(found.types, types(&thing.types), "{id}");
            assert!(found.created_at <= found.modified_at);
            for attribute in &found.attributes {
                assert!(attribute.created_at <= attribute.modified_at);
                assert!(attribute.modified_at <= found.modified_at);
            }
        }
        let evolution = twin
            .history(&view(), &id, &always())
            .unwrap()
            .expect("it has one");
        let mut written: Vec<Given> = evolution.attributes.iter().map(plain).collect();
        let mut expected = thing.written.clone();
        written.sort();
        expected.sort();
        assert_eq!(written, expected, "the history of {id}");
        let mut ids: Vec<_> = evolution
            .attributes
            .iter()
            .map(|a| a.instance_id.clone().unwrap())
            .collect();
        ids.sort();
        ids.dedup();
        assert_eq!(
            ids.len(),
            evolution.attributes.len(),
            "each instance has its own id"
        );
    }
    let order: Vec<Uri> = all(twin, &view())
        .iter()
        .map(|entity| entity.id.clone())
        .collect();
    let live = || reference.things.iter().filter(|thing| thing.live);
    assert_eq!(
        order,
        live().map(|thing| id(thing.number)).collect::<Vec<_>>(),
        "the order of creation"
    );
    for number in 0..3 {
        let selection = Selection::of_type(name(&format!("T{number}")));
        let page = twin
            .query(
                &view(),
                &EntityQuery {
                    selection,
                    limit: 2,
                    offset: 1,
                    count: true,
                },
            )
            .unwrap();
        let of_type: Vec<Uri> = live()
            .filter(|t| t.types.contains(&number))
            .map(|thing| id(thing.number))
            .collect();
        assert_eq!(page.total, Some(of_type.len()));
        assert_eq!(page.more, of_type.len() > 3);
        let ids: Vec<Uri> = page.entities.iter().map(|entity| entity.id.clone()).collect();
        assert_eq!(ids, of_type.into_iter().skip(1).take(2).collect::<Vec<_>>());
    }
}

/// Everything that can be read, in a form that can be compared.
fn picture(twin: &Twin) -> Vec<(Uri, Option<Entity>, Vec<Attribute>)> {
    let mut seen = Vec::new();
    let sorted = |mut entity: Entity| {
        entity
            .attributes
            .sort_by(|a, b| (&a.name, &a.dataset_id).cmp(&(&b.name, &b.dataset_id)));
        entity
    };
    for number in 0..5 {
        let found = twin
            .get(&view(), &id(number))
            .map(|entity| sorted((*entity).clone()));
        let mut past = crate::common::history(twin, &id(number));
        past.sort_by(|a, b| a.instance_id.cmp(&b.instance_id));
        seen.push((id(number), found, past));
    }
    seen
}

fn given() -> impl Strategy<Value = Given> {
    (
        0..2_usize,
        proptest::option::weighted(0.3, 0..2_usize),
        0..3_i64,
        proptest::option::weighted(0.6, 0..5_i64),
    )
        .prop_map(|(name, dataset, value, observed)| Given {
            name,
            dataset,
            value,
            observed,
        })
}

fn step() -> impl Strategy<Value = Step> {
    let n = || 0..5_usize;
    let t = || proptest::sample::subsequence(vec![0_usize, 1, 2], 0..3).prop_shuffle();
    let a = || proptest::collection::vec(given(), 0..4);
    let d = || proptest::collection::vec((given(), proptest::bool::weighted(0.2)), 0..4);
    // Instances of one request that were never observed cannot be told apart, so there is at most one.
    let h = || {
        proptest::collection::vec(given(), 0..5).prop_map(|mut all: Vec<Given>| {
            let mut first = true;
            all.retain(|g| g.observed.is_some() || std::mem::replace(&mut first, false));
            all
        })
    };
    prop_oneof![
        3 => (n(), t(), a()).prop_map(|(n, t, a)| Step::Create(n, t, a)),
        3 => (n(), t(), a()).prop_map(|(n, t, a)| Step::UpsertReplace(n, t, a)),
        3 => (n(), t(), a()).prop_map(|(n, t, a)| Step::UpsertUpdate(n, t, a)),
        3 => (n(), t(), a()).prop_map(|(n, t, a)| Step::Import(n, t, a)),
        2 => (n(), t(), a()).prop_map(|(n, t, a)| Step::Replace(n, t, a)),
        3 => (n(), d()).prop_map(|(n, a)| Step::Merge(n, a)),
        3 => (n(), a(), any::<bool>()).prop_map(|(n, a, o)| Step::Append(n, a, o)),
        2 => (n(), d()).prop_map(|(n, a)| Step::Update(n, a)),
        2 => (n(), given()).prop_map(|(n, a)| Step::UpdateAttribute(n, a)),
        2 => (n(), given()).prop_map(|(n, a)| Step::ReplaceAttribute(n, a)),
        2 => (n(), 0..2_usize, proptest::option::of(proptest::option::of(0..2_usize)))
            .prop_map(|(n, a, w)| Step::DeleteAttribute(n, a, w)),
        2 => n().prop_map(Step::Delete),
        5 => (n(), t(), h(), any::<bool>()).prop_map(|(n, t, a, c)| Step::AppendHistory(n, t, a, c)),
        1 => n().prop_map(Step::DeleteHistory),
        2 => (n(), 0..2_usize, proptest::option::of(proptest::option::of(0..2_usize)))
            .prop_map(|(n, a, w)| Step::DeleteAttributeHistory(n, a, w)),
    ]
}

/// Batches of operations, for each whether it goes past the log, and what is corrected after it.
type Batches = Vec<(Vec<Step>, bool, Vec<Correction>)>;

fn correction() -> impl Strategy<Value = Correction> {
    let becomes = (0..3_i64, proptest::option::weighted(0.6, 0..5_i64));
    (0..5_usize, 0..9_usize, proptest::option::of(becomes)).prop_map(|(number, index, becomes)| Correction {
        number,
        index,
        becomes,
    })
}

fn batches() -> impl Strategy<Value = Batches> {
    let corrections = proptest::collection::vec(correction(), 0..3);
    let batch = (
        proptest::collection::vec(step(), 1..8),
        any::<bool>(),
        corrections,
    );
    proptest::collection::vec(batch, 1..8)
}

/// Deletes or replaces one instance, in the twin and in the reference.
fn correct(twin: &Twin, reference: &mut Reference, correction: &Correction) {
    let entity = id(correction.number);
    let instances = crate::common::history(twin, &entity);
    if instances.is_empty() {
        return;
    }
    let was = &instances[correction.index % instances.len()];
    let instance = was.instance_id.as_ref().unwrap();
    let which = twin.find_instance(&view(), &entity, &was.name, instance).unwrap();
    let now = twin.get(&view(), &entity);
    let current = now.as_ref().is_some_and(|now| {
        now.instance(was.name.as_str(), was.dataset_id.as_ref())
            .is_some_and(|now| {
                (now.modified_at, now.observed_at, &now.value)
                    == (was.modified_at, was.observed_at, &was.value)
            })
    });
    let given = |value: i64, seconds: Option<i64>| {
        let mut attribute = Attribute::property(was.name.clone(), value);
        attribute.observed_at = seconds.map(observed);
        attribute
    };
    let operation = match correction.becomes {
        None => Operation::DeleteInstance(entity.clone(), which.clone()),
        Some((value, seconds)) => {
            Operation::ReplaceInstance(entity.clone(), which.clone(), given(value, seconds))
        }
    };
    run(twin, operation).unwrap();
    reference.correct(correction, &plain(was), current);
    let after = crate::common::history(twin, &entity);
    let found = after.iter().find(|a| a.instance_id.as_ref() == Some(instance));
    if correction.becomes.is_none() {
        assert!(found.is_none());
        let again = run(twin, Operation::DeleteInstance(entity, which));
        assert!(again.is_err(), "it is gone");
    } else {
        let found = found.expect("it keeps its id");
        assert_eq!(found.created_at, was.created_at);
        assert!(found.modified_at > was.modified_at);
    }
}

/// Does the same to a twin and to the reference, looks at both after each batch, and reopens the twin now and
/// then.
fn check(batches: &Batches, storage: &dyn Fn() -> Box<dyn Storage>) {
    let clock = clock();
    let open = || Twin::open(storage(), clock.clone()).unwrap();
    let mut twin = open();
    let mut reference = Reference::default();
    let mut before = (twin.snapshot(), Vec::new());
    for (number, (batch, bulk, corrections)) in batches.iter().enumerate() {
        let expected: Vec<String> = batch.iter().map(|step| reference.run(step)).collect();
        let operations = batch.iter().map(Step::operation).collect();
        let results = if *bulk {
            twin.load_blocking(&view(), operations)
        } else {
            twin.execute_blocking(&view(), operations)
        };
        let results: Vec<String> = results.into_iter().map(simplified).collect();
        assert_eq!(results, expected);
        compare(&twin, &reference);
        for correction in corrections {
            correct(&twin, &mut reference, correction);
            compare(&twin, &reference);
        }
        compare(&twin.snapshot(), &reference);
        // The picture from before this batch shows what it showed.
        assert_eq!(all(&before.0, &view()), before.1);
        before = (twin.snapshot(), all(&twin, &view()));
        if number % 3 == 2 {
            let seen = picture(&twin);
            twin.close();
            twin = open();
            assert_eq!(picture(&twin), seen, "after a restart");
        }
        clock.advance(i64::from(number % 2 == 0));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_twin_does_what_the_reference_does(batches in batches()) {
        let storage = Memory::new();
        check(&batches, &|| Box::new(storage.clone()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 25, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn so_it_does_over_the_embedded_engine(batches in batches(), fold_changes in 1..20_usize) {
        let folder = tempfile::tempdir().unwrap();
        let options = storage::Options { fold_changes, slice_entities: 2, ..storage::Options::default() };
        check(&batches, &|| {
            let engine = Embedded::open_with(folder.path(), "city", Environment::real(1), options);
            Box::new(engine.unwrap())
        });
    }
}

#[test]
fn an_error_of_one_is_nobody_elses() {
    let twin = crate::common::twin();
    run(&twin, Operation::Create(crate::common::thing(1))).unwrap();
    let results = twin.execute_blocking(
        &view(),
        vec![
            Operation::Create(crate::common::thing(0)),
            Operation::Create(crate::common::thing(1)),
            Operation::Create(crate::common::thing(2)),
        ],
    );
    let results: Vec<String> = results.into_iter().map(simplified).collect();
    assert_eq!(results, ["Created", "exists", "Created"]);
}

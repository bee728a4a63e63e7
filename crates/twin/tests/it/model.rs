//! Random operations against a reference that is too simple to be wrong: a list of entities, each with a list
//! of everything that was ever written to it.

use ngsi_ld::fragment::{AttributeChange, AttributeFragment, Fragment};
use ngsi_ld::{Attribute, Entity, Name, Timestamp, Uri};
use proptest::prelude::*;
use query::{EntityQuery, Selection};
use storage::{Embedded, Environment, Memory, Storage};
use twin::{Error, Instance, Operation, Outcome, Reader, Twin};

use crate::common::{all, always, at, clock, id, name, part, run, view};

/// An attribute instance, as the tests make them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Given {
    name: usize,
    dataset: Option<usize>,
    value: i64,
    /// Seconds of 2020 and a bit: long before the clock of the tests.
    observed: Option<i64>,
}

#[derive(Clone, Debug)]
enum Step {
    Create(usize, Vec<usize>, Vec<Given>),
    UpsertReplace(usize, Vec<usize>, Vec<Given>),
    UpsertUpdate(usize, Vec<usize>, Vec<Given>),
    Import(usize, Vec<usize>, Vec<Given>),
    Replace(usize, Vec<usize>, Vec<Given>),
    Merge(usize, Vec<(Given, bool)>),
    Append(usize, Vec<Given>, bool),
    Update(usize, Vec<(Given, bool)>),
    UpdateAttribute(usize, Given),
    ReplaceAttribute(usize, Given),
    DeleteAttribute(usize, usize, Option<Option<usize>>),
    Delete(usize),
    AppendHistory(usize, Vec<usize>, Vec<Given>, bool),
    DeleteHistory(usize),
}

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
        part(&format!("a{}", self.name), self.dataset.map(dataset), self.value, self.observed.map(observed))
    }

    fn removal(&self) -> AttributeFragment {
        AttributeFragment { change: AttributeChange::Remove, ..self.part() }
    }
}

/// What the tests know of an instance that the twin gives back.
fn plain(attribute: &Attribute) -> Given {
    let number = |text: &str| text.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap();
    Given {
        name: number(attribute.name.short()),
        dataset: attribute.dataset_id.as_ref().map(|id| number(id.local())),
        value: attribute.as_f64().unwrap() as i64,
        observed: attribute.observed_at.map(|t| (t.as_micros() - observed(0).as_micros()) / 1_000_000),
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
    let attributes = given.iter().map(|(g, remove)| if *remove { g.removal() } else { g.part() }).collect();
    Fragment { attributes, ..Fragment::default() }
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
            Self::AppendHistory(n, t, a, current) => {
                Operation::AppendHistory { entity: entity(*n, t, a), current: *current }
            }
            Self::DeleteHistory(n) => Operation::DeleteHistory(id(n)),
        }
    }
}

/// The reference's entity.
#[derive(Clone, Debug)]
struct Thing {
    number: usize,
    live: bool,
    /// Not live, but was.
    deleted: bool,
    types: Vec<usize>,
    /// With the step at which each was written.
    current: Vec<(Given, usize)>,
    /// Everything that was ever current, or was given as history.
    written: Vec<Given>,
}

/// The reference: in order of creation.
#[derive(Default)]
struct Reference {
    things: Vec<Thing>,
    step: usize,
}

impl Thing {
    fn add_types(&mut self, more: &[usize]) {
        for t in more {
            if !self.types.contains(t) {
                self.types.push(*t);
            }
        }
    }

    fn find(&self, given: &Given) -> Option<usize> {
        self.current.iter().position(|(there, _)| there.name == given.name && there.dataset == given.dataset)
    }

    fn write(&mut self, given: Given, step: usize) {
        match self.find(&given) {
            Some(index) if self.current[index].0 == given => return,
            Some(index) => self.current[index] = (given.clone(), step),
            None => self.current.push((given.clone(), step)),
        }
        self.written.push(given);
    }

    fn replace_all(&mut self, given: &[Given], step: usize) {
        // Of two instances of one data set in one request the last counts.
        let mut last: Vec<Given> = Vec::new();
        for g in given {
            last.retain(|there| (there.name, there.dataset) != (g.name, g.dataset));
            last.push(g.clone());
        }
        self.current.retain(|(there, _)| last.iter().any(|g| (g.name, g.dataset) == (there.name, there.dataset)));
        last.into_iter().for_each(|g| self.write(g, step));
    }

    fn state(&self) -> (Vec<usize>, Vec<Given>) {
        (self.types.clone(), self.current.iter().map(|(given, _)| given.clone()).collect())
    }
}

const LEFT: &str = "left alone";

/// What came of it, with reasons made equal.
fn simplified(result: Result<Outcome, Error>) -> String {
    match result {
        Ok(Outcome::Updated { not_updated }) => {
            let names: Vec<_> = not_updated.iter().map(|(name, _)| name.short().to_owned()).collect();
            format!("updated, {LEFT} {names:?}")
        }
        Ok(outcome) => format!("{outcome:?}"),
        Err(Error::NotFound(_)) => "not found".into(),
        Err(Error::AlreadyExists(_)) => "exists".into(),
        Err(Error::AttributeNotFound(..)) => "no attribute".into(),
        Err(Error::Invalid(_)) => "invalid".into(),
        Err(error) => panic!("{error}"),
    }
}

impl Reference {
    fn place(&mut self, number: usize) -> Option<usize> {
        self.things.iter().position(|thing| thing.number == number)
    }

    fn create(&mut self, number: usize, of: &[usize], given: &[Given]) -> String {
        if of.is_empty() {
            return "invalid".into();
        }
        let place = self.place(number).unwrap_or_else(|| {
            self.things.push(Thing { number, live: false, deleted: false, types: vec![], current: vec![], written: vec![] });
            self.things.len() - 1
        });
        let thing = &mut self.things[place];
        (thing.live, thing.deleted, thing.types) = (true, false, Vec::new());
        thing.add_types(of);
        thing.replace_all(given, self.step);
        "Created".into()
    }

    fn run(&mut self, step: &Step) -> String {
        self.step += 1;
        let now = self.step;
        let updated = |left: Vec<String>| format!("updated, {LEFT} {left:?}");
        let attribute = |given: &Given| format!("a{}", given.name);
        let number = match step {
            Step::Create(n, ..) | Step::UpsertReplace(n, ..) | Step::UpsertUpdate(n, ..) | Step::Import(n, ..) => *n,
            Step::Replace(n, ..) | Step::Merge(n, ..) | Step::Append(n, ..) | Step::Update(n, ..) => *n,
            Step::UpdateAttribute(n, ..) | Step::ReplaceAttribute(n, ..) | Step::DeleteAttribute(n, ..) => *n,
            Step::Delete(n) | Step::AppendHistory(n, ..) | Step::DeleteHistory(n) => *n,
        };
        let place = self.place(number);
        let live = place.is_some_and(|place| self.things[place].live);
        match step {
            Step::Create(..) if live => return "exists".into(),
            Step::Create(_, t, a) => return self.create(number, t, a),
            Step::UpsertReplace(_, t, a) | Step::UpsertUpdate(_, t, a) | Step::Import(_, t, a) if !live => {
                return self.create(number, t, a);
            }
            Step::AppendHistory(_, t, a, current) => return self.append_history(number, t, a, *current),
            _ => {}
        }
        let Some(place) = place.filter(|_| live || matches!(step, Step::DeleteHistory(_))) else {
            return "not found".into();
        };
        let thing = &mut self.things[place];
        match step {
            Step::UpsertReplace(_, t, a) | Step::Import(_, t, a) | Step::Replace(_, t, a) => {
                let before = thing.state();
                if !t.is_empty() {
                    thing.types.clear();
                    thing.add_types(t);
                }
                thing.replace_all(a, now);
                if matches!(step, Step::Import(..)) && thing.state() == before {
                    return "Unchanged".into();
                }
                updated(vec![])
            }
            Step::UpsertUpdate(_, t, a) => {
                thing.add_types(t);
                let mut last: Vec<Given> = Vec::new();
                for g in a {
                    last.retain(|there| (there.name, there.dataset) != (g.name, g.dataset));
                    last.push(g.clone());
                }
                last.into_iter().for_each(|g| thing.write(g, now));
                updated(vec![])
            }
            Step::Merge(_, a) => {
                let mut after = thing.current.clone();
                for (given, remove) in a {
                    let find = |list: &[(Given, usize)]| {
                        list.iter().position(|(g, _)| (g.name, g.dataset) == (given.name, given.dataset))
                    };
                    match (find(&after), remove) {
                        (Some(index), true) => drop(after.remove(index)),
                        (None, true) => {}
                        (Some(index), false) => {
                            after[index].0.value = given.value;
                            after[index].0.observed = given.observed.or(after[index].0.observed);
                        }
                        (None, false) => after.push((given.clone(), now)),
                    }
                }
                let after: Vec<Given> = after.into_iter().map(|(given, _)| given).collect();
                thing.replace_all(&after, now);
                updated(vec![])
            }
            Step::Append(_, a, overwrite) => {
                let mut left = Vec::new();
                let mut after: Vec<Given> = thing.state().1;
                for given in a {
                    let there = after.iter().position(|g| (g.name, g.dataset) == (given.name, given.dataset));
                    match there {
                        Some(_) if !overwrite => left.push(attribute(given)),
                        Some(index) => after[index] = given.clone(),
                        None => after.push(given.clone()),
                    }
                }
                thing.replace_all(&after, now);
                updated(left)
            }
            Step::Update(_, a) => {
                let mut left = Vec::new();
                let mut after: Vec<Given> = thing.state().1;
                for (given, remove) in a {
                    let there = after.iter().position(|g| (g.name, g.dataset) == (given.name, given.dataset));
                    match (there, remove) {
                        (Some(index), true) => drop(after.remove(index)),
                        (None, true) => left.push(attribute(given)),
                        (Some(index), false) => after[index] = given.clone(),
                        (None, false) => after.push(given.clone()),
                    }
                }
                thing.replace_all(&after, now);
                updated(left)
            }
            Step::UpdateAttribute(_, a) => {
                let Some(index) = thing.find(a) else { return "no attribute".into() };
                let observed = a.observed.or(thing.current[index].0.observed);
                thing.write(Given { observed, ..a.clone() }, now);
                updated(vec![])
            }
            Step::ReplaceAttribute(_, a) => {
                if thing.find(a).is_none() {
                    return "no attribute".into();
                }
                thing.write(a.clone(), now);
                updated(vec![])
            }
            Step::DeleteAttribute(_, a, which) => {
                let before = thing.current.len();
                thing.current.retain(|(there, _)| there.name != *a || which.is_some_and(|d| there.dataset != d));
                if thing.current.len() == before { "no attribute".into() } else { updated(vec![]) }
            }
            Step::Delete(_) => {
                (thing.live, thing.deleted) = (false, true);
                thing.current.clear();
                "Deleted".into()
            }
            Step::DeleteHistory(_) => {
                let mut thing = self.things.remove(place);
                if thing.live {
                    thing.written = thing.state().1;
                    self.things.push(thing);
                }
                "Deleted".into()
            }
            Step::Create(..) | Step::AppendHistory(..) => unreachable!(),
        }
    }

    fn append_history(&mut self, number: usize, of: &[usize], given: &[Given], current: bool) -> String {
        let place = self.place(number);
        if place.is_none() && of.is_empty() {
            return "invalid".into();
        }
        let new = place.is_none();
        let place = place.unwrap_or_else(|| {
            self.things.push(Thing { number, live: false, deleted: false, types: vec![], current: vec![], written: vec![] });
            self.things.len() - 1
        });
        let thing = &mut self.things[place];
        // A deleted thing keeps its types until it comes back.
        let was_deleted = thing.deleted;
        if !was_deleted || current {
            thing.add_types(of);
        }
        let created = new || (current && was_deleted);
        let mut fresh: Vec<Given> = Vec::new();
        for g in given {
            let known = g.observed.is_some() && (thing.written.contains(g) || fresh.contains(g));
            if !known {
                fresh.push(g.clone());
            }
        }
        let (added, known) = (fresh.len(), given.len() - fresh.len());
        thing.written.extend(fresh.iter().cloned());
        if current {
            (thing.live, thing.deleted) = (true, false);
            for index in 0..fresh.len() {
                let g = &fresh[index];
                let time = |g: &Given, step: usize| g.observed.unwrap_or(1_000_000 + step as i64);
                let rival = |(other, h): (usize, &Given)| {
                    let (a, b) = (time(h, self.step), time(g, self.step));
                    (h.name, h.dataset) == (g.name, g.dataset) && (a > b || a == b && other > index)
                };
                if fresh.iter().enumerate().any(rival) {
                    continue;
                }
                match thing.find(g) {
                    Some(there) if time(&thing.current[there].0, thing.current[there].1) >= time(g, self.step) => {}
                    Some(there) => thing.current[there] = (g.clone(), self.step),
                    None => thing.current.push((g.clone(), self.step)),
                }
            }
        }
        format!("{:?}", Outcome::Appended { added, known, created })
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
        let evolution = twin.history(&view(), &id, &always()).unwrap().expect("it has one");
        let mut written: Vec<Given> = evolution.attributes.iter().map(plain).collect();
        let mut expected = thing.written.clone();
        written.sort();
        expected.sort();
        assert_eq!(written, expected, "the history of {id}");
        let mut ids: Vec<_> = evolution.attributes.iter().map(|a| a.instance_id.clone().unwrap()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), evolution.attributes.len(), "each instance has its own id");
    }
    let order: Vec<Uri> = all(twin, &view()).iter().map(|entity| entity.id.clone()).collect();
    let live = || reference.things.iter().filter(|thing| thing.live);
    assert_eq!(order, live().map(|thing| id(thing.number)).collect::<Vec<_>>(), "the order of creation");
    for number in 0..3 {
        let selection = Selection::of_type(name(&format!("T{number}")));
        let page = twin.query(&view(), &EntityQuery { selection, limit: 2, offset: 1, count: true }).unwrap();
        let of_type: Vec<Uri> =
            live().filter(|t| t.types.contains(&number)).map(|thing| id(thing.number)).collect();
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
        entity.attributes.sort_by(|a, b| (&a.name, &a.dataset_id).cmp(&(&b.name, &b.dataset_id)));
        entity
    };
    for number in 0..5 {
        let found = twin.get(&view(), &id(number)).map(|entity| sorted((*entity).clone()));
        let mut past = crate::common::history(twin, &id(number));
        past.sort_by(|a, b| a.instance_id.cmp(&b.instance_id));
        seen.push((id(number), found, past));
    }
    seen
}

fn given() -> impl Strategy<Value = Given> {
    (0..2_usize, proptest::option::weighted(0.3, 0..2_usize), 0..3_i64, proptest::option::weighted(0.6, 0..5_i64))
        .prop_map(|(name, dataset, value, observed)| Given { name, dataset, value, observed })
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
    ]
}

/// Batches of operations, and for each whether it goes past the log.
type Batches = Vec<(Vec<Step>, bool)>;

fn batches() -> impl Strategy<Value = Batches> {
    proptest::collection::vec((proptest::collection::vec(step(), 1..8), any::<bool>()), 1..8)
}

/// Does the same to a twin and to the reference, looks at both after each batch, and reopens the twin now and
/// then.
fn check(batches: &Batches, storage: &dyn Fn() -> Box<dyn Storage>) {
    let clock = clock();
    let open = || Twin::open(storage(), clock.clone()).unwrap();
    let mut twin = open();
    let mut reference = Reference::default();
    let mut before = (twin.snapshot(), Vec::new());
    for (number, (batch, bulk)) in batches.iter().enumerate() {
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

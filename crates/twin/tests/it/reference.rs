//! What the twin is held to: a list of entities, each with a list of everything that was ever written to it.

use twin::{Error, Outcome};

/// An attribute instance, as the tests make them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Given {
    pub(crate) name: usize,
    pub(crate) dataset: Option<usize>,
    pub(crate) value: i64,
    /// Seconds of 2020 and a bit: long before the clock of the tests.
    pub(crate) observed: Option<i64>,
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
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
    DeleteAttributeHistory(usize, usize, Option<Option<usize>>),
}

/// What is done to one instance that is there: it is deleted, or gets another value and `observedAt`.
#[derive(Clone, Debug)]
pub(crate) struct Correction {
    pub(crate) number: usize,
    /// Which of its instances, counted round.
    pub(crate) index: usize,
    pub(crate) becomes: Option<(i64, Option<i64>)>,
}

/// The reference's entity.
#[derive(Clone, Debug)]
pub(crate) struct Thing {
    pub(crate) number: usize,
    pub(crate) live: bool,
    /// Not live, but was.
    deleted: bool,
    pub(crate) types: Vec<usize>,
    /// With the step at which each was written.
    current: Vec<(Given, usize)>,
    /// Everything that was ever current, or was given as history.
    pub(crate) written: Vec<Given>,
    /// Attributes and data sets of which it is known that they were removed.
    removed: Vec<(usize, Option<usize>)>,
}

/// The reference: in order of creation.
#[derive(Default)]
pub(crate) struct Reference {
    pub(crate) things: Vec<Thing>,
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
        self.current
            .iter()
            .position(|(there, _)| there.name == given.name && there.dataset == given.dataset)
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
        self.current.retain(|(there, _)| {
            last.iter()
                .any(|g| (g.name, g.dataset) == (there.name, there.dataset))
        });
        for g in last {
            self.write(g, step);
        }
    }

    pub(crate) fn state(&self) -> (Vec<usize>, Vec<Given>) {
        (
            self.types.clone(),
            self.current.iter().map(|(given, _)| given.clone()).collect(),
        )
    }
}

const LEFT: &str = "left alone";

/// What came of it, with reasons made equal.
pub(crate) fn simplified(result: Result<Outcome, Error>) -> String {
    match result {
        Ok(Outcome::Updated { not_updated }) => {
            let names: Vec<_> = not_updated
                .iter()
                .map(|(name, _)| name.short().to_owned())
                .collect();
            format!("updated, {LEFT} {names:?}")
        }
        Ok(outcome) => format!("{outcome:?}"),
        Err(Error::NotFound(_)) => "not found".into(),
        Err(Error::AlreadyExists(_)) => "exists".into(),
        Err(Error::AttributeNotFound(..)) => "no attribute".into(),
        Err(Error::InstanceNotFound(..)) => "no instance".into(),
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
            self.things.push(Thing {
                number,
                live: false,
                deleted: false,
                types: vec![],
                current: vec![],
                written: vec![],
                removed: vec![],
            });
            self.things.len() - 1
        });
        let thing = &mut self.things[place];
        (thing.live, thing.deleted, thing.types) = (true, false, Vec::new());
        thing.add_types(of);
        thing.replace_all(given, self.step);
        "Created".into()
    }

    pub(crate) fn run(&mut self, step: &Step) -> String {
        let series = |thing: &Thing| -> Vec<(usize, Option<usize>)> {
            thing.current.iter().map(|(g, _)| (g.name, g.dataset)).collect()
        };
        let before: Vec<_> = self
            .things
            .iter()
            .map(|thing| (thing.number, series(thing)))
            .collect();
        let result = self.decide(step);
        for (number, was) in before {
            if let Some(place) = self.place(number) {
                let thing = &mut self.things[place];
                let is = series(thing);
                thing
                    .removed
                    .extend(was.into_iter().filter(|one| !is.contains(one)));
            }
        }
        result
    }

    /// Deletes or replaces one instance, which is the current one or not.
    pub(crate) fn correct(&mut self, correction: &Correction, was: &Given, current: bool) {
        self.step += 1;
        let place = self.place(correction.number).unwrap();
        let (thing, step) = (&mut self.things[place], self.step);
        let index = thing.written.iter().position(|there| there == was).unwrap();
        thing.written.remove(index);
        let there = thing
            .current
            .iter()
            .position(|(there, _)| current && (there.name, there.dataset) == (was.name, was.dataset));
        match correction.becomes {
            None => {
                if let Some(there) = there {
                    thing.current.remove(there);
                    thing.removed.push((was.name, was.dataset));
                }
            }
            Some((value, observed)) => {
                let becomes = Given {
                    value,
                    observed,
                    ..was.clone()
                };
                if let Some(there) = there {
                    thing.current[there] = (becomes.clone(), step);
                }
                thing.written.push(becomes);
            }
        }
    }

    fn decide(&mut self, step: &Step) -> String {
        self.step += 1;
        let now = self.step;
        let updated = |left: Vec<String>| format!("updated, {LEFT} {left:?}");
        let attribute = |given: &Given| format!("a{}", given.name);
        let number = match step {
            Step::Create(n, ..)
            | Step::UpsertReplace(n, ..)
            | Step::UpsertUpdate(n, ..)
            | Step::Import(n, ..) => *n,
            Step::Replace(n, ..) | Step::Merge(n, ..) | Step::Append(n, ..) | Step::Update(n, ..) => *n,
            Step::UpdateAttribute(n, ..) | Step::ReplaceAttribute(n, ..) | Step::DeleteAttribute(n, ..) => *n,
            Step::Delete(n) | Step::AppendHistory(n, ..) | Step::DeleteHistory(n) => *n,
            Step::DeleteAttributeHistory(n, ..) => *n,
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
        let of_the_past = matches!(step, Step::DeleteHistory(_) | Step::DeleteAttributeHistory(..));
        let Some(place) = place.filter(|_| live || of_the_past) else {
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
                for g in last {
                    thing.write(g, now);
                }
                updated(vec![])
            }
            Step::Merge(_, a) => {
                let mut after = thing.current.clone();
                for (given, remove) in a {
                    let find = |list: &[(Given, usize)]| {
                        list.iter()
                            .position(|(g, _)| (g.name, g.dataset) == (given.name, given.dataset))
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
                    let there = after
                        .iter()
                        .position(|g| (g.name, g.dataset) == (given.name, given.dataset));
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
                    let there = after
                        .iter()
                        .position(|g| (g.name, g.dataset) == (given.name, given.dataset));
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
                let Some(index) = thing.find(a) else {
                    return "no attribute".into();
                };
                let observed = a.observed.or(thing.current[index].0.observed);
                thing.write(
                    Given {
                        observed,
                        ..a.clone()
                    },
                    now,
                );
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
                thing
                    .current
                    .retain(|(there, _)| there.name != *a || which.is_some_and(|d| there.dataset != d));
                if thing.current.len() == before {
                    "no attribute".into()
                } else {
                    updated(vec![])
                }
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
                    thing.removed.clear();
                    self.things.push(thing);
                }
                "Deleted".into()
            }
            Step::DeleteAttributeHistory(_, a, which) => {
                let covers = |name: usize, dataset: Option<usize>| {
                    name == *a && which.is_none_or(|wanted| dataset == wanted)
                };
                let known = thing.written.iter().any(|g| covers(g.name, g.dataset))
                    || thing
                        .removed
                        .iter()
                        .any(|(name, dataset)| covers(*name, *dataset));
                if !known {
                    return "no attribute".into();
                }
                thing.written.retain(|g| !covers(g.name, g.dataset));
                let stays: Vec<Given> = thing.state().1;
                thing
                    .written
                    .extend(stays.into_iter().filter(|g| covers(g.name, g.dataset)));
                thing.removed.retain(|(name, dataset)| !covers(*name, *dataset));
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
            self.things.push(Thing {
                number,
                live: false,
                deleted: false,
                types: vec![],
                current: vec![],
                written: vec![],
                removed: vec![],
            });
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
                    Some(there)
                        if time(&thing.current[there].0, thing.current[there].1) >= time(g, self.step) => {}
                    Some(there) => thing.current[there] = (g.clone(), self.step),
                    None => thing.current.push((g.clone(), self.step)),
                }
            }
        }
        format!(
            "{:?}",
            Outcome::Appended {
                added,
                known,
                created
            }
        )
    }
}

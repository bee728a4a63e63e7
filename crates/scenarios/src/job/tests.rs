//! Runs with work that is made up: what counts is what is written, and when.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ngsi_ld::{Attribute, Entity, Name, Timestamp, Uri};
use parking_lot::Mutex;
use query::{Caller, Selection, View};
use storage::Memory;
use storage::environment::ManualClock;
use twin::{Operation, Reader, Twin};

use super::queue::Work;
use super::*;
use crate::result::sample::sample;
use crate::run::RunError;

const FILE: &str = "schema = 1\ntitle = \"Nothing\"\n";
/// Long enough for any machine; never reached where all is well.
const LONG: Duration = Duration::from_secs(120);

fn view() -> View {
    View::open(Caller::System("test"), "test")
}

fn open(store: &Memory) -> Twin {
    let clock = ManualClock::new(Timestamp::from_seconds(1_777_593_600));
    Twin::open(Box::new(store.clone()), Arc::new(clock)).unwrap()
}

fn stop(number: usize) -> Entity {
    Entity::new(
        Uri::ngsi_ld("GtfsStop", &number.to_string()),
        Name::default_term("GtfsStop"),
    )
    .with(Attribute::property(
        Name::default_term("name"),
        format!("Stop {number}"),
    ))
}

/// A twin with a few stops.
fn city(store: &Memory) -> Twin {
    let twin = open(store);
    let stops = (0..5).map(|number| Operation::Create(stop(number))).collect();
    assert!(twin.load_blocking(&view(), stops).iter().all(Result::is_ok));
    twin
}

/// Every entity by id; with `scenarios`, also those of runs and results.
fn entities(twin: &Twin, scenarios: bool) -> BTreeMap<Uri, Entity> {
    let mut all = BTreeMap::new();
    twin.scan(&view(), &Selection::default(), &mut |entity| {
        if scenarios
            || !entity
                .types
                .iter()
                .any(|name| name.short().starts_with("Scenario"))
        {
            all.insert(entity.id.clone(), (**entity).clone());
        }
        true
    })
    .unwrap();
    all
}

fn results(twin: &Twin) -> usize {
    entities(twin, true)
        .values()
        .filter(|e| e.types[0].short() == "ScenarioResult")
        .count()
}

fn found() -> Box<Work> {
    Box::new(|_, _, _, watch| {
        watch.progress(1, 2, "half");
        if watch.cancelled() {
            Err(RunError::Cancelled)
        } else {
            Ok(sample())
        }
    })
}

fn until_over() -> Box<Work> {
    Box::new(|_, _, _, watch| {
        while !watch.cancelled() {
            std::thread::yield_now();
        }
        Err(RunError::Cancelled)
    })
}

fn submission() -> Submission {
    Submission {
        file: FILE.to_owned(),
        ..Submission::default()
    }
}

fn start(twin: &Twin, work: Box<Work>) -> Jobs {
    Jobs::start_with(twin.clone(), view(), JobLimits::default(), work).unwrap()
}

#[test]
fn a_run_becomes_entities_and_nothing_else_changes() {
    let store = Memory::new();
    let twin = city(&store);
    let before = entities(&twin, false);
    let jobs = start(&twin, found());
    let id = jobs.submit(submission()).unwrap().id;
    assert!(
        id.as_str()
            .starts_with("urn:ngsi-ld:ScenarioRun:20260501T000000Z-"),
        "{id}"
    );
    let run = jobs.wait(&id, LONG).unwrap();
    assert_eq!((run.status, run.progress), (RunStatus::Done, 1.0));
    assert_eq!(run.title, "Nothing");
    assert_eq!(run.scenario_file, FILE);
    assert_eq!(run.warnings, ["A <warning>."]);
    assert_eq!(result(&twin, &view(), &id).unwrap().unwrap(), sample());
    assert_eq!(entities(&twin, false), before);
    let all = entities(&twin, true);
    let one = &all[&Uri::ngsi_ld(
        "ScenarioResult",
        &format!("{}:kerbs:clinic-wheelchair", id.local()),
    )];
    let number = |term: &str| {
        one.get(Name::default_term(term).as_str())
            .and_then(Attribute::as_f64)
    };
    assert_eq!(
        (number("indicatorValue"), number("baseline"), number("difference")),
        (Some(26.0), Some(20.0), Some(6.0))
    );
    assert_eq!(
        one.get(Name::default_term("hasRun").as_str()).unwrap().targets(),
        [id.clone()]
    );
    assert_eq!(results(&twin), 4);
    // It is all there after a restart, and nothing runs again.
    drop(jobs);
    twin.close();
    let twin = open(&store);
    let jobs = start(&twin, Box::new(|_, _, _, _| panic!("nothing is to be done")));
    assert_eq!(result(&twin, &view(), &id).unwrap().unwrap(), sample());
    jobs.delete(&id).unwrap();
    assert_eq!(entities(&twin, true), before);
    assert!(matches!(jobs.delete(&id), Err(JobError::NotFound(_))));
    assert!(matches!(result(&twin, &view(), &id), Err(JobError::NotFound(_))));
}

#[test]
fn a_run_is_cancelled_at_every_instant() {
    const QUESTIONS: usize = 12;
    for at in 0..=QUESTIONS {
        let twin = city(&Memory::new());
        let before = entities(&twin, false);
        let jobs: Arc<Mutex<Option<(Jobs, Uri)>>> = Arc::default();
        let for_work = Arc::clone(&jobs);
        let work: Box<Work> = Box::new(move |_, _, _, watch| {
            let asked = AtomicUsize::new(0);
            let instant = || {
                if asked.fetch_add(1, Ordering::Relaxed) == at
                    && let Some((jobs, id)) = &*for_work.lock()
                {
                    jobs.cancel(id).unwrap();
                }
            };
            for step in 0..QUESTIONS / 2 {
                instant();
                if watch.cancelled() {
                    return Err(RunError::Cancelled);
                }
                instant();
                watch.progress(step, QUESTIONS / 2, "step");
            }
            instant();
            // The last question comes after all work: what was found is dropped all the same.
            Ok(sample())
        });
        let started = start(&twin, work);
        // Nothing begins before the work knows its own name.
        let mut slot = jobs.lock();
        let id = started.submit(submission()).unwrap().id;
        *slot = Some((started.clone(), id.clone()));
        drop(slot);
        let run = started.wait(&id, LONG).unwrap();
        jobs.lock().take();
        assert_eq!(run.status, RunStatus::Cancelled, "at {at}");
        assert!(run.finished_at.is_some() && run.blob.is_none());
        assert_eq!(results(&twin), 0);
        assert_eq!(entities(&twin, false), before);
        // A second time changes nothing, and neither does the end of the worker.
        let now = entities(&twin, true);
        started.cancel(&id).unwrap();
        started.stop();
        assert_eq!(entities(&twin, true), now);
    }
}

#[test]
fn one_that_waits_is_cancelled_and_never_begins() {
    let twin = city(&Memory::new());
    let jobs = start(&twin, until_over());
    let first = jobs.submit(submission()).unwrap().id;
    let second = jobs.submit(submission()).unwrap().id;
    assert!(matches!(jobs.delete(&second), Err(JobError::NotFinished(_))));
    jobs.cancel(&second).unwrap();
    jobs.cancel(&first).unwrap();
    for id in [&first, &second] {
        assert_eq!(jobs.wait(id, LONG).unwrap().status, RunStatus::Cancelled);
    }
    assert_eq!(read(&twin, &view(), &second).unwrap().started_at, None);
    assert!(matches!(
        jobs.cancel(&Uri::ngsi_ld("ScenarioRun", "none")),
        Err(JobError::NotFound(_))
    ));
    assert!(matches!(
        jobs.cancel(&Uri::ngsi_ld("GtfsStop", "1")),
        Err(JobError::NotFound(_))
    ));
}

#[test]
fn a_run_that_the_end_cut_off_goes_on_and_says_that_the_city_changed() {
    for change in [false, true] {
        let store = Memory::new();
        let twin = city(&store);
        let jobs = start(&twin, until_over());
        let cut = jobs.submit(submission()).unwrap().id;
        let waiting = jobs.submit(submission()).unwrap().id;
        while read(&twin, &view(), &cut).unwrap().status != RunStatus::Running {
            std::thread::yield_now();
        }
        jobs.stop();
        assert!(matches!(jobs.submit(submission()), Err(JobError::Stopped)));
        let at_work = read(&twin, &view(), &cut).unwrap();
        assert_eq!(at_work.status, RunStatus::Running);
        assert_eq!(at_work.attempts, 0, "who asks the program to end is not at fault");
        let begun_with = at_work.fingerprint;
        twin.close();
        let twin = open(&store);
        if change {
            twin.load_blocking(&view(), vec![Operation::Create(stop(99))]);
        }
        let jobs = start(&twin, found());
        for id in [&cut, &waiting] {
            let run = jobs.wait(id, LONG).unwrap();
            assert_eq!(run.status, RunStatus::Done);
            let told = run
                .warnings
                .iter()
                .any(|warning| warning.contains("the city changed"));
            assert_eq!(told, change && *id == cut);
            // So does the result itself, which is what is handed on.
            let found = result(&twin, &view(), id).unwrap().unwrap();
            assert_eq!(found.warnings, run.warnings);
            let begun = found.provenance.begun_with.map(|begun| begun.inputs);
            assert_eq!(begun, begun_with.clone().filter(|_| told));
            assert!(run.baseline_at.is_some());
        }
        assert_eq!(results(&twin), 8);
        let listed: Vec<Uri> = list(&twin, &view())
            .unwrap()
            .into_iter()
            .map(|run| run.id)
            .collect();
        assert_eq!(listed, [waiting, cut], "the latest first");
    }
}

#[test]
fn the_queue_and_the_file_are_bounded_and_keys_give_the_same_run() {
    let twin = city(&Memory::new());
    let limits = JobLimits {
        waiting: 2,
        file_bytes: 100,
        ..JobLimits::default()
    };
    let jobs = Jobs::start_with(twin.clone(), view(), limits, until_over()).unwrap();
    let keyed = |file: &str| Submission {
        file: file.to_owned(),
        title: Some("Mine".to_owned()),
        key: Some("k".to_owned()),
    };
    let first = jobs.submit(keyed(FILE)).unwrap();
    assert!(first.created);
    assert_eq!(read(&twin, &view(), &first.id).unwrap().title, "Mine");
    let again = jobs.submit(keyed(FILE)).unwrap();
    assert_eq!((again.id, again.created), (first.id, false));
    assert!(matches!(
        jobs.submit(keyed("schema = 1\ntitle = \"Other\"\n")),
        Err(JobError::KeyTaken(_))
    ));
    let mut ids = Vec::new();
    let refused = loop {
        match jobs.submit(submission()) {
            Ok(submitted) => ids.push(submitted.id),
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, JobError::Busy { waiting: 2, .. }), "{refused}");
    assert!((1..=2).contains(&ids.len()), "{ids:?}");
    let long = Submission {
        file: "#".repeat(101),
        ..Submission::default()
    };
    assert!(matches!(
        jobs.submit(long),
        Err(JobError::TooLong {
            bytes: 101,
            most: 100
        })
    ));
    let wrong = Submission {
        file: "schema = 1\n".to_owned(),
        ..Submission::default()
    };
    assert!(matches!(jobs.submit(wrong), Err(JobError::Findings(_))));
}

#[test]
fn what_fails_says_why() {
    let finding = crate::file::Finding {
        place: "measure x".to_owned(),
        what: "there is no `y`".to_owned(),
        remedy: "name one that is there".to_owned(),
    };
    let findings = finding.clone();
    let works: [(Box<Work>, &str); 2] = [
        (
            Box::new(move |_, _, _, _| Err(RunError::Findings(vec![findings.clone()]))),
            "measure x: there is no `y`; name one that is there",
        ),
        (
            Box::new(|_, _, _, _| panic!("on purpose")),
            "a defect of this program",
        ),
    ];
    for (work, why) in works {
        let twin = city(&Memory::new());
        let before = entities(&twin, false);
        let jobs = start(&twin, work);
        let id = jobs.submit(submission()).unwrap().id;
        let run = jobs.wait(&id, LONG).unwrap();
        assert_eq!(run.status, RunStatus::Failed);
        assert!(run.errors[0].contains(why), "{:?}", run.errors);
        assert_eq!((results(&twin), entities(&twin, false)), (0, before));
        // The worker lives on.
        let second = jobs.submit(submission()).unwrap().id;
        assert_eq!(jobs.wait(&second, LONG).unwrap().status, RunStatus::Failed);
    }
}

#[test]
fn a_run_that_somebody_took_away_leaves_nothing() {
    let twin = city(&Memory::new());
    let before = entities(&twin, true);
    let for_work = twin.clone();
    let work: Box<Work> = Box::new(move |_, _, _, _| {
        let run = list(&for_work, &view()).unwrap().remove(0);
        let gone = for_work.execute_blocking(&view(), vec![Operation::Delete(run.id)]);
        assert!(gone[0].is_ok());
        Ok(sample())
    });
    let jobs = start(&twin, work);
    let id = jobs.submit(submission()).unwrap().id;
    assert_eq!(jobs.wait(&id, LONG), None);
    jobs.stop();
    assert_eq!(entities(&twin, true), before);
}

/// The program is killed each time while it works on one run: that run fails instead of killing it for ever, and
/// others go on.
#[test]
fn a_run_that_ends_the_program_twice_has_failed() {
    let store = Memory::new();
    let twin = city(&store);
    let jobs = start(&twin, until_over());
    let deadly = jobs.submit(submission()).unwrap().id;
    let other = jobs.submit(submission()).unwrap().id;
    let at_work = |attempts: u32| {
        let run = read(&twin, &view(), &deadly).unwrap();
        run.status == RunStatus::Running && run.attempts == attempts
    };
    while !at_work(1) {
        std::thread::yield_now();
    }
    jobs.stop();
    // Killed: what was written last is that it is at work.
    let killed = |attempts: u32| {
        let update = entity::Update::default()
            .status(RunStatus::Running)
            .attempts(attempts);
        for result in twin.execute_blocking(&view(), vec![update.of(&deadly)]) {
            result.unwrap();
        }
    };
    killed(1);
    let jobs = start(&twin, until_over());
    while !at_work(2) {
        std::thread::yield_now();
    }
    jobs.stop();
    killed(2);
    let jobs = start(&twin, found());
    let run = jobs.wait(&deadly, LONG).unwrap();
    assert_eq!((run.status, run.attempts), (RunStatus::Failed, 2));
    assert!(
        run.errors[0].contains("ended 2 times while it worked on this run") && run.finished_at.is_some(),
        "{:?}",
        run.errors
    );
    assert_eq!(jobs.wait(&other, LONG).unwrap().status, RunStatus::Done);
    assert_eq!(results(&twin), 4);
}

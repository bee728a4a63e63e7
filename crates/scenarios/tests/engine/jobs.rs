//! A run of the demo city as a job, cancelled at every instant that it looks up.

use std::collections::BTreeMap;
use std::time::Duration;

use ngsi_ld::{Entity, Uri};
use query::Selection;
use scenarios::job::{JobLimits, Jobs, RunStatus, Submission, result};
use scenarios::run::{RunError, Unwatched, Watch, run, run_with};
use std::sync::atomic::{AtomicUsize, Ordering};
use twin::{Reader as _, Twin};

use crate::city::{demo, view};

fn entities(twin: &Twin) -> BTreeMap<Uri, Entity> {
    let mut all = BTreeMap::new();
    twin.scan(&view(), &Selection::default(), &mut |entity| {
        if !entity
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

#[test]
fn a_job_gives_what_a_run_gives_and_touches_nothing_else() {
    let (twin, files) = demo(3, 5_000);
    let before = entities(&twin);
    let (_, file) = &files[0];
    let expected = run(&twin.snapshot(), &view(), file, &Unwatched).unwrap();
    let jobs = Jobs::start(twin.clone(), view(), JobLimits::default()).unwrap();
    let submission = Submission {
        file: toml::to_string(file).unwrap(),
        ..Submission::default()
    };
    let id = jobs.submit(submission).unwrap().id;
    let done = jobs.wait(&id, Duration::from_mins(10)).unwrap();
    assert_eq!(done.status, RunStatus::Done, "{:?}", done.errors);
    let mut found = result(&twin, &view(), &id).unwrap().unwrap();
    // The run itself is in the twin by now, and a little later.
    found
        .provenance
        .snapshot
        .clone_from(&expected.provenance.snapshot);
    assert_eq!(found, expected);
    assert_eq!(done.fingerprint.unwrap(), expected.provenance.inputs);
    assert_eq!(entities(&twin), before);
}

#[test]
fn a_run_ends_at_whatever_question_somebody_cancels_it() {
    struct Countdown(AtomicUsize);
    impl Watch for Countdown {
        fn progress(&self, done: usize, of: usize, _step: &str) {
            assert!(done <= of);
        }
        fn cancelled(&self) -> bool {
            let down = |left: usize| Some(left.saturating_sub(1));
            self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, down) == Ok(0)
        }
    }
    let (twin, files) = demo(3, 1_000);
    let (baseline, file) = (twin.snapshot(), &files[0].1);
    let before = entities(&twin);
    let mut questions = 0;
    while let Err(error) = run_with(
        &baseline,
        &view(),
        file,
        2,
        &Countdown(AtomicUsize::new(questions)),
    ) {
        assert!(matches!(error, RunError::Cancelled), "{error}");
        questions += 1;
        assert!(questions < 10_000, "it never ends");
    }
    assert!(questions > 10, "it looks up too seldom: {questions}");
    assert_eq!(entities(&twin), before);
}

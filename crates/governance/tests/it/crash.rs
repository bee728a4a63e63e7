//! Writes that fail leave no leaf; what is found at the next start is whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use governance::audit::{Audit, verify};
use storage::{Memory, Storage as _};
use twin::Operation;

use crate::city::{City, Failing, bus, fill, keys};

#[test]
fn a_write_that_fails_leaves_no_leaf() {
    let store = Memory::new();
    let fails = Arc::new(AtomicBool::new(false));
    let (at, told) = (store.clone(), Arc::clone(&fails));
    let folder = tempfile::tempdir().unwrap();
    let city = City::over(
        folder.path(),
        Audit::with_keys(keys()),
        Box::new(move |_| {
            Ok(Box::new(Failing {
                store: at.clone(),
                fails: Arc::clone(&told),
            }))
        }),
    )
    .unwrap();
    let mut number = 0;
    // Across the border of a bundle, with failures of every size of group between.
    for round in 0..60 {
        let mut next = || {
            number += 1;
            Operation::Create(bus(number, 1))
        };
        let before = city.log().size();
        fails.store(true, Ordering::SeqCst);
        let refused = city.run((0..=round % 13).map(|_| next()).collect());
        assert!(refused.iter().all(Result::is_err));
        assert_eq!(city.log().size(), before, "nothing is told that did not happen");
        fails.store(false, Ordering::SeqCst);
        let done = city.run((0..=round % 11).map(|_| next()).collect());
        assert!(done.iter().all(Result::is_ok));
        assert_eq!(city.log().size(), before + round % 11 + 1);
    }
    assert!(city.log().size() > 300);
    city.tenants.close();
    let report = verify::store(&*store.reader(), "", Some(&keys().verifier(""))).unwrap();
    assert!(report.findings.is_empty(), "{report:?}");
    assert_eq!(report.leaves, report.signed);
}

#[test]
fn a_store_as_it_stands_at_any_moment_is_whole() {
    let store = Memory::new();
    let city = City::in_memory(&store);
    let mut seen = 0;
    for group in (1..40).chain([300, 1, 256, 255, 257]) {
        fill(&city, city.log().size() + group, usize::try_from(group).unwrap());
        // As a crash would leave it: nobody closed it, nothing was signed since.
        let report = verify::store(&*store.reader(), "", Some(&keys().verifier(""))).unwrap();
        assert!(report.findings.is_empty(), "{report:?}");
        assert_eq!(report.leaves, city.log().size());
        let again = Audit::with_keys(keys());
        let reader = store.reader();
        let opened = twin::Witnesses::of(&again, None, &reader).unwrap();
        assert!(opened.is_some());
        let log = again.log(None).unwrap();
        assert_eq!(
            log.root(log.size()).unwrap(),
            city.log().root(log.size()).unwrap()
        );
        seen += 1;
    }
    assert_eq!(seen, 44);
}

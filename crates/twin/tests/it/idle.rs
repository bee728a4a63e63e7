//! What the writer does while nobody writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use ngsi_ld::Timestamp;
use storage::environment::ManualClock;
use storage::{Change, Clock, Lsn, Memory, Storage, StorageError, StorageReader, Stored, Tidied};
use twin::{Operation, Outcome, Twin};

use crate::common::{Fault, Faulty, at, clock, open, run, thing, view};

/// A store with something to tidy: so many slices. Tells of each.
struct Untidy {
    inner: Memory,
    slices: Arc<AtomicUsize>,
    told: Sender<Tidied>,
}

impl Storage for Untidy {
    fn load(&mut self, sink: &mut dyn FnMut(Stored)) -> Result<(), StorageError> {
        self.inner.load(sink)
    }
    fn commit(&mut self, changes: &[Change]) -> Result<Lsn, StorageError> {
        self.inner.commit(changes)
    }
    fn bulk(&mut self, changes: &[Change]) -> Result<Lsn, StorageError> {
        self.inner.bulk(changes)
    }
    fn maintain(&mut self) -> Result<bool, StorageError> {
        Ok(false)
    }
    fn tidy(&mut self) -> Result<Tidied, StorageError> {
        let slices = self.slices.load(Ordering::SeqCst);
        self.slices.store(slices.saturating_sub(1), Ordering::SeqCst);
        let left = if slices > 0 { Tidied::More } else { Tidied::All };
        let _ = self.told.send(left); // the test may be over
        Ok(left)
    }
    fn put_blob(&mut self, content: &mut dyn std::io::Read) -> Result<String, StorageError> {
        self.inner.put_blob(content)
    }
    fn reader(&self) -> Arc<dyn StorageReader> {
        self.inner.reader()
    }
}

fn untidy(slices: usize) -> (Untidy, Arc<AtomicUsize>, Receiver<Tidied>) {
    let (told, heard) = channel();
    let slices = Arc::new(AtomicUsize::new(slices));
    let store = Untidy {
        inner: Memory::new(),
        slices: Arc::clone(&slices),
        told,
    };
    (store, slices, heard)
}

#[test]
fn an_idle_writer_tidies_up_and_then_sleeps() {
    let (store, slices, heard) = untidy(3);
    let next = || heard.recv_timeout(Duration::from_mins(5)).unwrap();
    let twin = open(store);
    for _ in 0..3 {
        assert_eq!(next(), Tidied::More);
    }
    assert_eq!(next(), Tidied::All);
    slices.store(2, Ordering::SeqCst);
    // It is woken by the next write, and by nothing else.
    let done = twin.execute_blocking(&view(), vec![Operation::Create(thing(1))]);
    assert_eq!(*done[0].as_ref().unwrap(), Outcome::Created);
    assert_eq!(
        (next(), next(), next()),
        (Tidied::More, Tidied::More, Tidied::All)
    );
    twin.close();
    assert_eq!(heard.try_iter().count(), 0);
}

#[test]
fn a_write_waits_for_one_slice_at_most() {
    // It would never end.
    let (store, _, heard) = untidy(usize::MAX);
    let twin = open(store);
    for n in 0..20 {
        heard.recv_timeout(Duration::from_mins(5)).unwrap();
        let done = twin.execute_blocking(&view(), vec![Operation::Create(thing(n))]);
        assert_eq!(*done[0].as_ref().unwrap(), Outcome::Created);
    }
}

/// A clock that counts how often it is looked at.
struct Watched(Arc<ManualClock>, AtomicUsize);

impl Clock for Watched {
    fn now(&self) -> Timestamp {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.now()
    }
}

#[test]
fn a_store_that_stopped_lets_what_has_ended_rest() {
    let (store, hands) = (Faulty::default(), clock());
    let watched = Arc::new(Watched(Arc::clone(&hands), AtomicUsize::new(0)));
    let twin = Twin::open(Box::new(store.clone()), Arc::<Watched>::clone(&watched)).unwrap();
    let mut transient = thing(1);
    transient.expires_at = Some(at(10));
    run(&twin, Operation::Create(transient)).unwrap();
    store.fail_next(Fault::Stopped);
    assert!(run(&twin, Operation::Create(thing(2))).is_err());
    hands.set(at(20));
    assert!(run(&twin, Operation::Create(thing(3))).is_err());
    watched.1.store(0, Ordering::Relaxed);
    // However slow the machine is, an idle writer looks now and then at most; one that spins, without end.
    std::thread::sleep(Duration::from_millis(500));
    let looks = watched.1.load(Ordering::Relaxed);
    assert!(looks < 20, "it looked {looks} times at the clock");
}

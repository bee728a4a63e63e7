//! What the writer does while nobody writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use storage::{Change, Lsn, Memory, Storage, StorageError, StorageReader, Stored, Tidied};
use twin::{Operation, Outcome};

use crate::common::{open, thing, view};

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

//! Turns: of what has a name, one at a time does something that takes long, and nobody else waits for it.

use std::sync::Arc;

use hashbrown::HashMap;
use parking_lot::Mutex;

/// The names of which somebody has the turn.
#[derive(Default)]
pub(crate) struct Turns(Mutex<HashMap<String, Arc<Mutex<()>>>>);

impl Turns {
    /// Does something when it is its turn among those of the same name. Within it, no other turn may be waited for.
    pub(crate) fn take<T>(&self, name: &str, work: impl FnOnce() -> T) -> T {
        let turn = Turn {
            turns: self,
            name,
            lock: Arc::clone(self.0.lock().entry_ref(name).or_default()),
        };
        let _taken = turn.lock.lock();
        work()
    }
}

/// One that waits, or has the turn.
struct Turn<'a> {
    turns: &'a Turns,
    name: &'a str,
    lock: Arc<Mutex<()>>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut turns = self.turns.0.lock();
        // Handles are only taken under this lock: with the map's own, two means that nobody waits.
        if Arc::strong_count(&self.lock) == 2 {
            turns.remove(self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn one_at_a_time_of_a_name_and_nothing_is_left() {
        let turns = Turns::default();
        let (inside, most, all) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        turns.take("a", || {
                            most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                            std::thread::yield_now();
                            inside.fetch_sub(1, Ordering::SeqCst);
                            all.fetch_add(1, Ordering::SeqCst);
                        });
                    }
                });
            }
        });
        assert_eq!((most.into_inner(), all.into_inner()), (1, 400));
        assert!(turns.0.lock().is_empty());
        turns.take("a", || turns.take("b", || ()));
    }
}

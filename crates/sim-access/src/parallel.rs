//! Independent pieces of work on several threads, with the results in the order of the work.

/// Does `work` for `0..count` on so many threads (0 counts as 1), each with a state of its own made by `state`.
/// Results come in order; which thread made them cannot be told from them, as long as the state is only a place to
/// work in.
#[must_use]
pub fn in_order<S, T: Send>(
    count: usize,
    threads: usize,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize) -> T + Sync,
) -> Vec<T> {
    let threads = threads.clamp(1, count.max(1));
    if threads == 1 {
        let mut state = state();
        return (0..count).map(|item| work(&mut state, item)).collect();
    }
    // Item i goes to thread i mod n: neighbours are alike in size, so every thread gets of each kind.
    let mut shares: Vec<std::vec::IntoIter<T>> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|first| {
                let (state, work) = (&state, &work);
                scope.spawn(move || {
                    let mut state = state();
                    (first..count)
                        .step_by(threads)
                        .map(|item| work(&mut state, item))
                        .collect::<Vec<T>>()
                })
            })
            .collect();
        running
            .into_iter()
            .map(|thread| match thread.join() {
                Ok(share) => share.into_iter(),
                // A panic in the caller's own work is the caller's.
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    });
    (0..count)
        .filter_map(|item| shares[item % threads].next())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_on_any_number_of_threads() {
        for count in [0, 1, 5, 100] {
            let alone: Vec<usize> = (0..count).map(|item| item * item).collect();
            for threads in [0, 1, 2, 3, 7, 200] {
                assert_eq!(in_order(count, threads, || (), |(), item| item * item), alone);
            }
        }
    }
}

//! Progress of work that several threads share.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{RunError, Watch};

/// Steps of known number.
pub(super) struct Steps<'a> {
    watch: &'a dyn Watch,
    done: AtomicUsize,
    of: usize,
}

impl<'a> Steps<'a> {
    pub(super) fn new(watch: &'a dyn Watch, of: usize) -> Self {
        Self {
            watch,
            done: AtomicUsize::new(0),
            of,
        }
    }

    /// One more is done.
    pub(super) fn done(&self, step: &str) -> Result<(), RunError> {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        self.watch.progress(done.min(self.of), self.of, step);
        self.check()
    }

    /// Whether to go on.
    pub(super) fn check(&self) -> Result<(), RunError> {
        if self.watch.cancelled() {
            Err(RunError::Cancelled)
        } else {
            Ok(())
        }
    }
}

/// A part of some work, as a watch of its own: its progress is that part of the whole.
pub(crate) struct Portion<'a> {
    watch: &'a dyn Watch,
    from: f64,
    to: f64,
}

impl<'a> Portion<'a> {
    /// From one share of the whole to another, 0 to 1.
    pub(crate) fn of(watch: &'a dyn Watch, from: f64, to: f64) -> Self {
        Self { watch, from, to }
    }
}

impl Watch for Portion<'_> {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 1000"
    )]
    fn progress(&self, done: usize, of: usize, step: &str) {
        let share = done as f64 / of.max(1) as f64;
        let whole = (self.to - self.from).mul_add(share.clamp(0.0, 1.0), self.from);
        self.watch.progress((whole * 1000.0).round() as usize, 1000, step);
    }

    fn cancelled(&self) -> bool {
        self.watch.cancelled()
    }
}

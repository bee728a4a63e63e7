//! What the writer does while nobody tells it anything: it tidies up, and when all is tidy it sleeps.

use std::sync::mpsc::{RecvTimeoutError, TryRecvError};
use std::time::Duration;

use storage::Tidied;

use crate::guarded::guarded;
use crate::writer::{Command, Writer};

/// After so long without a command the writer does what can wait until nobody writes; and so often it looks whether
/// something that depends on the time is due.
const QUIET: Duration = Duration::from_secs(1);

impl Writer {
    /// The next command; meanwhile the store does what it has put off, in slices. A command waits for one at most.
    pub(crate) fn wait(&mut self) -> Option<Command> {
        let mut is_quiet = false;
        loop {
            // Where it could not be deleted, it is tried again after a while.
            let patience = if self.expire() {
                self.until_next_end()
            } else {
                Some(QUIET)
            };
            match self.commands.try_recv() {
                Ok(command) => return Some(command),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {}
            }
            if self.maintain() {
                continue;
            }
            let left = if is_quiet { self.tidy() } else { Tidied::Almost };
            let patience = match left {
                Tidied::More => continue,
                // Nothing is to be done until somebody says so, and the processor may sleep.
                Tidied::All if patience.is_none() && self.watch.is_at_rest() => {
                    return self.commands.recv().ok();
                }
                Tidied::All | Tidied::Almost => patience.unwrap_or(QUIET),
            };
            match self.commands.recv_timeout(patience) {
                Ok(command) => return Some(command),
                Err(RecvTimeoutError::Timeout) => {
                    self.rest(false);
                    is_quiet |= patience >= QUIET;
                }
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    /// Gives who writes down what is done the time to finish it.
    pub(crate) fn rest(&mut self, last: bool) {
        let changes = self.watch.rest(self.clock.now(), last);
        if !changes.is_empty() {
            let done = self.commit(&changes, false);
            self.watch.settled(done.is_ok());
        }
    }

    /// How long the writer may wait for commands before something ends; `None`: nothing does, or nothing can be done
    /// about it any more.
    fn until_next_end(&self) -> Option<Duration> {
        if self.stopped.is_some() {
            return None;
        }
        let first = self.deadlines.first()?;
        let micros = first.as_micros().saturating_sub(self.clock.now().as_micros());
        Some(QUIET.min(Duration::from_micros(u64::try_from(micros).unwrap_or(0))))
    }

    /// One slice of background work; whether more is waiting.
    pub(crate) fn maintain(&mut self) -> bool {
        if self.stopped.is_some() {
            return false;
        }
        guarded(|| self.storage.maintain()).unwrap_or_else(|error| {
            tracing::error!(%error, "background work of the store failed; it will be tried again");
            self.note(&error);
            false
        })
    }

    /// One slice of what can wait until nobody writes; what is left of it.
    fn tidy(&mut self) -> Tidied {
        if self.stopped.is_some() {
            return Tidied::All;
        }
        guarded(|| self.storage.tidy()).unwrap_or_else(|error| {
            tracing::error!(%error, "tidying the store failed; it will be tried again");
            self.note(&error);
            Tidied::Almost
        })
    }
}

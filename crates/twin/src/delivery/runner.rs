//! The task that carries messages out.

use std::sync::Arc;
use std::time::Duration;

use ngsi_ld::Timestamp;
use storage::Clock;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::book::Book;
use super::settle::{Attempt, Next};
use super::{Failure, Transport};

/// The longest sleep while something waits for its time: the twin's clock may be set.
const LONGEST_SLEEP: Duration = Duration::from_millis(200);

/// How often the disk is told what arrived, where no other write takes it along.
const FLUSH_EVERY: Duration = Duration::from_millis(50);

/// Looks before a message is sent whether the rules have changed since it looked last, and has asked then what everybody
/// may see.
pub(crate) struct Recheck {
    epoch: Box<dyn Fn() -> Option<u64> + Send + Sync>,
    look: Arc<dyn Fn() + Send + Sync>,
    looked: Option<u64>,
}

impl Recheck {
    pub(crate) fn new(
        epoch: impl Fn() -> Option<u64> + Send + Sync + 'static,
        look: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        Self {
            epoch: Box::new(epoch),
            look: Arc::new(look),
            looked: None,
        }
    }

    /// Rules may have to be evaluated for many: not on the executor's threads.
    async fn now(&mut self) {
        while let epoch = (self.epoch)()
            && epoch != self.looked
        {
            let look = Arc::clone(&self.look);
            if tokio::task::spawn_blocking(move || look()).await.is_err() {
                tracing::error!("what subscribers may see could not be asked: nothing is sent until it can");
                tokio::time::sleep(LONGEST_SLEEP).await;
                continue;
            }
            self.looked = epoch;
        }
    }
}

/// Carries messages out until the book is closed. `written` is called when the disk should be told of something.
pub(crate) async fn run(
    book: Arc<Book>,
    clock: Arc<dyn Clock>,
    transport: Arc<dyn Transport>,
    tenant: Option<Arc<str>>,
    mut recheck: Recheck,
    written: impl Fn() + Send,
) {
    let mut flushed = Instant::now();
    let mut attempts: JoinSet<(Box<Attempt>, Result<(), Failure>)> = JoinSet::new();
    loop {
        recheck.now().await;
        let due = match book.next(clock.now(), tenant.as_ref()) {
            Next::Send(attempt) => {
                let transport = Arc::clone(&transport);
                attempts.spawn(async move {
                    let outcome = make(&attempt, &*transport).await;
                    (attempt, outcome)
                });
                continue;
            }
            Next::Wait(due) => due,
            Next::End => return, // attempts under way are cut off, and made again by the next start
        };
        let mut flush_in = None;
        if book.has_rows() {
            // Many attempts share a write to the disk.
            let since = flushed.elapsed();
            flush_in = FLUSH_EVERY.checked_sub(since).filter(|left| !left.is_zero());
            if flush_in.is_none() {
                written();
                flushed = Instant::now();
            }
        }
        let sleep = async {
            let until = |due: Timestamp| {
                let micros = due.as_micros().saturating_sub(clock.now().as_micros()).max(0);
                Duration::from_micros(micros.unsigned_abs()).min(LONGEST_SLEEP)
            };
            match due.map(until).into_iter().chain(flush_in).min() {
                None => std::future::pending().await,
                Some(wait) => tokio::time::sleep(wait).await,
            }
        };
        tokio::select! {
            Some(ended) = attempts.join_next(), if !attempts.is_empty() => {
                let mut ended = Some(ended);
                while let Some(one) = ended {
                    match one {
                        Ok((attempt, outcome)) => book.settle(&attempt, outcome, clock.now()),
                        Err(error) => tracing::error!(%error, "an attempt to deliver ended by a defect"),
                    }
                    ended = attempts.try_join_next();
                }
            }
            () = book.bell.notified() => {}
            () = sleep => {}
        }
    }
}

/// Makes one attempt, within its time, and whatever the transport does.
async fn make(attempt: &Attempt, transport: &dyn Transport) -> Result<(), Failure> {
    use futures_util::FutureExt as _;
    let sending = std::panic::AssertUnwindSafe(transport.send(&attempt.parcel)).catch_unwind();
    match tokio::time::timeout(attempt.parcel.timeout, sending).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(Failure::passing(
            "the transport met a defect of this program; see the log",
        )),
        Err(_) => Err(Failure::passing(format!(
            "there was no answer within {} ms",
            attempt.parcel.timeout.as_millis()
        ))),
    }
}

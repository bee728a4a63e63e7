//! Subscriptions that notify by the clock (`timeInterval`, 5.8.6).

use std::sync::Arc;
use std::time::Duration;

use hashbrown::{HashMap, HashSet};
use ngsi_ld::subscription::Status;
use ngsi_ld::{Timestamp, Uri};

use super::StoredSubscription;
use super::compiled::Compiled;
use super::letters::{self, Wording};
use super::matching::notification_id;
use super::registry::Registry;
use crate::delivery::Letter;
use crate::error::Error;
use crate::twin::{Twin, WeakTwin};

/// The most entities that one subscription is told of at a time; more are left out, and the log says so.
const MAX_ENTITIES: usize = 10_000;
/// The longest sleep: the twin's clock may be set, and subscriptions come and go.
const LONGEST_SLEEP: Duration = Duration::from_millis(200);
/// The longest sleep where there is no such subscription.
const IDLE_SLEEP: Duration = Duration::from_secs(1);

/// Makes the notification of a subscription.
pub(crate) type Notify = fn(&Twin, &Arc<StoredSubscription>, Timestamp) -> Result<(), Error>;

/// Notifies until the twin is gone.
pub(crate) async fn run(twin: WeakTwin, registry: Arc<Registry>, notify: Notify) {
    let mut known = None;
    let mut timed: Vec<Arc<StoredSubscription>> = Vec::new();
    let mut next: HashMap<Uri, Timestamp> = HashMap::new();
    loop {
        let Some(twin) = twin.upgrade() else { return };
        if twin.is_closed() {
            return;
        }
        let now = twin.now();
        if let Some((version, found)) = registry.periodic(known) {
            known = Some(version);
            timed = found;
            next.retain(|id, _| timed.iter().any(|stored| stored.subscription.id == *id));
        }
        let mut due = Vec::new();
        for stored in &timed {
            let id = &stored.subscription.id;
            let interval = interval_micros(stored);
            let at = next.entry_ref(id).or_insert_with(|| {
                let last = twin.standing(&stored.owner()).last_notification;
                let since = last.unwrap_or(stored.created_at);
                since.plus_micros(interval)
            });
            if *at <= now {
                // What was missed is not made up for.
                let on_time = at.plus_micros(interval);
                *at = if on_time > now {
                    on_time
                } else {
                    now.plus_micros(interval)
                };
                if stored.subscription.status(now) == Status::Active {
                    due.push(Arc::clone(stored));
                }
            }
            // A shorter interval holds from its next time on.
            *at = (*at).min(now.plus_micros(interval));
        }
        if !due.is_empty() {
            // Reading a large twin takes its time; and the last handle may go there, which waits for the writer.
            let told = tokio::task::spawn_blocking(move || {
                for stored in due {
                    if let Err(error) = notify(&twin, &stored, now) {
                        tracing::error!(subscription = %stored.subscription.id, %error, "a periodic notification could not be made");
                    }
                }
            });
            if told.await.is_err() {
                tracing::error!("a periodic notification ended by a defect");
            }
            continue;
        }
        let soonest = next.values().min().copied();
        let sleep = soonest.map_or(IDLE_SLEEP, |at| {
            let micros = at.as_micros().saturating_sub(now.as_micros()).max(1000);
            Duration::from_micros(micros.unsigned_abs()).min(LONGEST_SLEEP)
        });
        drop_elsewhere(twin).await;
        tokio::select! {
            () = registry.changed.notified() => {}
            () = tokio::time::sleep(sleep) => {}
        }
    }
}

/// Lets go of a handle. The last one waits for the writer, which is not for a task to do.
async fn drop_elsewhere(twin: Twin) {
    if twin.is_last() {
        let _ = tokio::task::spawn_blocking(move || drop(twin)).await;
    }
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "the cast saturates, which is what is wanted"
)]
fn interval_micros(stored: &StoredSubscription) -> i64 {
    let seconds = stored.subscription.time_interval_s.unwrap_or(1.0);
    ((seconds * 1e6) as i64).max(1000)
}

/// Tells a subscription of all its entities; of none, it is not told.
pub(crate) fn notify(twin: &Twin, stored: &Arc<StoredSubscription>, now: Timestamp) -> Result<(), Error> {
    let Some(view) = twin.sight().of(&stored.view) else {
        return Ok(());
    };
    let compiled = Compiled::new(Arc::clone(stored))?;
    let wording = Wording::of(stored);
    let find = |id: &Uri| twin.reading().get(&view, id);
    let (mut seen, mut shown) = (HashSet::new(), Vec::new());
    let mut left_out = false;
    for selection in compiled.selections() {
        twin.reading().visit(&view, &selection, &mut |entity| {
            if shown.len() >= MAX_ENTITIES {
                left_out = true;
                return false;
            }
            if seen.insert(entity.id.clone()) {
                shown.extend(letters::present(&compiled, &wording, entity, now, &find));
            }
            true
        })?;
    }
    if left_out {
        tracing::warn!(subscription = %stored.subscription.id, most = MAX_ENTITIES, "a periodic notification leaves entities out");
    }
    let mut made: Vec<Letter> = Vec::new();
    let mut number = 0;
    let mut id = |subscription: &Uri| {
        number += 1;
        // Changes count from 1 on: these never meet.
        notification_id(subscription, now, number | 1 << 63)
    };
    let rights = view.read().fingerprint();
    letters::letters(stored, &wording, shown, (now, rights), &mut id, &mut made);
    twin.notify_blocking(made)
}

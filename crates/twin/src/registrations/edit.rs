//! Changes of registrations (5.9). All are made one after the other, and made durable together with what subscribers
//! are told of them.

use std::sync::Arc;
use std::time::Duration;

use ngsi_ld::context::Context;
use ngsi_ld::registration::Draft;
use ngsi_ld::{Timestamp, Uri};
use query::{Caller, View};

use super::subscribers::Subscribers;
use super::{StoredRegistration, conflicts, stored};
use crate::error::Error;
use crate::permit::{forbidden, permit_change};
use crate::rows::Row;
use crate::twin::{Twin, WeakTwin};
use crate::witness::{Event, Noted};
use crate::writer::{Check, Command};

/// What they are called in errors.
const WHAT: &str = "registration";
/// And in the audit log.
const SORT: &str = "ContextSourceRegistration";
/// The most registrations of one twin: all are in memory.
const MOST: usize = 100_000;
/// How many that have ended are deleted in one commit.
const TOGETHER: usize = 500;
/// How often it is looked whether the time of one is over.
const LOOK: Duration = Duration::from_secs(1);

impl Twin {
    /// Register Context Source (5.9.2). Answers with its id when it is durable. From a thread that may wait, as all
    /// changes of registrations.
    ///
    /// # Errors
    /// [`Error::Invalid`] where 5.2.9 or the rules of its mode do not hold, [`Error::Taken`] where its id is taken,
    /// [`Error::Conflict`] where 4.3.6.3 forbids it beside what is here.
    pub fn create_registration_blocking(&self, view: &View, draft: Draft) -> Result<Uri, Error> {
        let subscribers = &mut *self.registrations().subscribers.lock();
        let now = self.now();
        self.expire(subscribers, now)?;
        let kept = self.registrations();
        if kept.kept.read().by_id.len() >= MOST {
            return Err(Error::ReadOnly(format!(
                "there are {MOST} registrations, which is the most; delete those that are not needed"
            )));
        }
        let registration = draft.create(|| self.new_registration_id(now), now)?;
        if kept.get(&registration.id, now).is_some() || kept.is_unread(&registration.id) {
            return Err(Error::Taken(WHAT, registration.id));
        }
        let created_at = kept.kept.read().instant_of_creation(now);
        let stored = StoredRegistration::new(registration, created_at, created_at)?;
        permit_change(view, None, stored.prepared().entity())?;
        let check = conflicts::check(self, view, &stored, now)?;
        let id = stored.id().clone();
        self.change_registration(view, subscribers, None, Some(Arc::new(stored)), check, now)?;
        Ok(id)
    }

    /// Update Context Source Registration (5.9.3).
    ///
    /// # Errors
    /// As of creation; and [`Error::Missing`], also for one that the view does not show.
    pub fn update_registration_blocking(&self, view: &View, id: &Uri, draft: Draft) -> Result<(), Error> {
        let subscribers = &mut *self.registrations().subscribers.lock();
        let now = self.now();
        let before = self.registration_to_change(view, id, now)?;
        let changed = draft.apply(before.registration().clone(), now)?;
        let after = StoredRegistration::new(changed, before.created_at, now)?;
        permit_update(view, &before, &after)?;
        let check = conflicts::check(self, view, &after, now)?;
        self.change_registration(view, subscribers, Some(before), Some(Arc::new(after)), check, now)
    }

    /// Delete Context Source Registration (5.9.4).
    ///
    /// # Errors
    /// [`Error::Missing`], also for one that the view does not show.
    pub fn delete_registration_blocking(&self, view: &View, id: &Uri) -> Result<(), Error> {
        let subscribers = &mut *self.registrations().subscribers.lock();
        let now = self.now();
        if self.registrations().is_unread(id) && view.is_open() {
            // What it was nobody knows: nobody is told.
            let event = Event::by(view, "registration.delete").to(SORT, id.as_str());
            self.store_rows_as_blocking(vec![stored::erase(id)], vec![event])?;
            self.registrations().kept.write().remove(id);
            return Ok(());
        }
        let before = self.registration_to_change(view, id, now)?;
        let entity = before.prepared().entity();
        if !view.delete().of(entity).to_all() {
            return Err(forbidden("delete", entity));
        }
        self.change_registration(view, subscribers, Some(before), None, None, now)
    }

    /// Deletes registrations whose time is over (5.9.2.4); gives how many. Nobody sees them before either.
    ///
    /// # Errors
    /// Those of the store.
    pub fn expire_registrations_blocking(&self) -> Result<usize, Error> {
        let subscribers = &mut *self.registrations().subscribers.lock();
        self.expire(subscribers, self.now())
    }

    fn expire(&self, subscribers: &mut Subscribers, now: Timestamp) -> Result<usize, Error> {
        let over = self.registrations().ended(now);
        let own = View::open(Caller::System("twin"), "service-operation");
        for some in over.chunks(TOGETHER) {
            let mut rows = Noted::default();
            let mut letters = Vec::new();
            for before in some {
                rows.rows.push(stored::erase(before.id()));
                rows.events
                    .push(event(&own, "registration.expire", Some(before), None));
                let told = subscribers.changed(self, Some(before), None, now);
                letters.extend(told.letters);
                // Here already, so that those that are throttled hear of one only.
                subscribers.note(told.subscriptions, now);
            }
            self.store_noted_blocking(rows, letters)?;
            let mut kept = self.registrations().kept.write();
            for before in some {
                kept.remove(before.id());
            }
        }
        Ok(over.len())
    }

    /// The whole of a registration that a view shows something of.
    fn registration_to_change(
        &self,
        view: &View,
        id: &Uri,
        now: Timestamp,
    ) -> Result<Arc<StoredRegistration>, Error> {
        let found = self.registrations().get(id, now);
        found
            .filter(|stored| stored.seen(view).is_some())
            .ok_or_else(|| Error::Missing(WHAT, id.clone()))
    }

    /// Makes a change durable together with what is told of it, then visible. `check` is asked by the writer, after
    /// every write before this one and before any after it.
    fn change_registration(
        &self,
        view: &View,
        subscribers: &mut Subscribers,
        before: Option<Arc<StoredRegistration>>,
        after: Option<Arc<StoredRegistration>>,
        check: Option<Check>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let row: Row = match (&before, &after) {
            (_, Some(after)) => stored::encode(after),
            (Some(before), None) => stored::erase(before.id()),
            (None, None) => return Ok(()),
        };
        let action = match (&before, &after) {
            (None, _) => "registration.create",
            (Some(_), Some(_)) => "registration.update",
            (Some(_), None) => "registration.delete",
        };
        let noted = event(view, action, before.as_deref(), after.as_deref());
        let told = subscribers.changed(self, before.as_ref(), after.as_ref(), now);
        let (rows, letters) = (
            Noted {
                rows: vec![row],
                events: vec![noted],
            },
            told.letters,
        );
        match check {
            None => self.store_noted_blocking(rows, letters)?,
            Some(check) => self.ask_blocking(rows.weight() + letters.len(), |reply| Command::RowsIf {
                check,
                rows,
                letters,
                reply,
            })?,
        }
        subscribers.note(told.subscriptions, now);
        let mut kept = self.registrations().kept.write();
        match (before, after) {
            (_, Some(after)) => kept.put(after),
            (Some(before), None) => kept.remove(before.id()),
            (None, None) => {}
        }
        Ok(())
    }

    /// An id that no registration has: of the time.
    fn new_registration_id(&self, now: Timestamp) -> Uri {
        let kept = self.registrations().kept.read();
        let mut number = now.as_micros();
        loop {
            let id = Uri::ngsi_ld("ContextSourceRegistration", &format!("{number:x}"));
            if !kept.by_id.contains_key(&id) {
                return id;
            }
            number += 1;
        }
    }
}

/// What is noted of a change of a registration.
fn event(
    view: &View,
    action: &str,
    before: Option<&StoredRegistration>,
    after: Option<&StoredRegistration>,
) -> Event {
    let id = after.or(before).map_or("", |stored| stored.id().as_str());
    let bytes = |stored: &StoredRegistration| stored::encode(stored).value;
    Event::by(view, action)
        .to(SORT, id)
        .with(before.and_then(bytes), after.and_then(bytes))
}

/// Whether a caller may make one registration of another. What it is for is of a kind with its endpoint.
fn permit_update(view: &View, before: &StoredRegistration, after: &StoredRegistration) -> Result<(), Error> {
    let (was, is) = (before.prepared().entity(), after.prepared().entity());
    let endpoint = Context::core().expand("endpoint");
    for entity in [was, is] {
        if !view.write().of(entity).to_attribute(&endpoint) {
            return Err(forbidden("change", entity));
        }
    }
    permit_change(view, Some(was), is)
}

/// Deletes registrations when their time is over, until the twin is gone.
pub(crate) async fn run_ends(twin: WeakTwin) {
    loop {
        let Some(twin) = twin.upgrade() else { return };
        if twin.is_closed() {
            return;
        }
        // The last handle waits for the writer, which is not for a task to do.
        if twin.registrations().some_ended(twin.now()) || twin.is_last() {
            let over = tokio::task::spawn_blocking(move || twin.expire_registrations_blocking());
            match over.await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => {
                    tracing::error!(%error, "registrations that have ended could not be deleted");
                }
                Err(_) => tracing::error!("deleting registrations that have ended failed by a defect"),
            }
        } else {
            drop(twin);
        }
        tokio::time::sleep(LOOK).await;
    }
}

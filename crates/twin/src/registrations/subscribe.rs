//! Subscriptions to registrations (5.11). Made and changed in one row with registrations, so that nobody misses a change
//! and nobody hears of one twice. From threads that may wait.

use std::sync::Arc;

use hashbrown::HashSet;
use ngsi_ld::context::Context;
use ngsi_ld::subscription::{Draft, Standing, Subject};
use ngsi_ld::{Timestamp, Uri};
use query::View;

use super::subscribers::{Subscriber, Subscribers};
use crate::error::Error;
use crate::sight::is_of;
use crate::subscriptions::{self, StoredSubscription};
use crate::twin::Twin;
use crate::witness::Noted;

/// What they are called in errors.
const WHAT: &str = "registration subscription";
/// The most of one twin: each is held against every change of a registration.
const MOST: usize = 10_000;

impl Twin {
    /// Create Context Source Registration Subscription (5.11.2). `context` is the @context of its notifications: that of
    /// `jsonldContext`, else the request's. `view` is what its subscriber may see. Answers with its id when it is
    /// durable, together with the first notification.
    ///
    /// # Errors
    /// [`Error::Invalid`] where 5.2.12 does not hold, [`Error::Taken`] where its id is.
    pub fn create_registration_subscription_blocking(
        &self,
        view: &View,
        draft: Draft,
        context: Context,
    ) -> Result<Uri, Error> {
        let subscribers = &mut *self.registrations().subscribers.lock();
        let now = self.now();
        if subscribers.len() >= MOST {
            return Err(Error::ReadOnly(format!(
                "there are {MOST} subscriptions to registrations, which is the most; delete those that are not needed"
            )));
        }
        // As 5.2.12 has it: a `jsonldContext` that was not given is not there.
        let subscription = draft.create(|| crate::ids::fresh("Subscription"), now)?;
        let id = subscription.id.clone();
        let known = &self.registrations().subscriptions;
        if known.get(&id).is_some() || known.unread(&id).is_some() {
            return Err(Error::Taken(WHAT, id));
        }
        let stored = StoredSubscription {
            subject: Subject::Registrations,
            subscription,
            context,
            created_at: now,
            modified_at: now,
            unusable: None,
            view: view.clone(),
        };
        let subscriber = Subscriber::new(Arc::new(stored))?;
        self.put_registration_subscription(subscribers, None, subscriber, now)?;
        Ok(id)
    }

    /// Update Context Source Registration Subscription (5.11.3). `context`: where the fragment gives a
    /// `jsonldContext`, that one.
    ///
    /// # Errors
    /// [`Error::Missing`], and [`Error::Invalid`] where 5.2.12 does not hold of what comes of it.
    pub fn update_registration_subscription_blocking(
        &self,
        view: &View,
        id: &Uri,
        draft: Draft,
        context: Option<Context>,
    ) -> Result<(), Error> {
        let subscribers = &mut *self.registrations().subscribers.lock();
        let now = self.now();
        let before = self.registration_subscription_here(view, id)?;
        let after = StoredSubscription {
            subject: Subject::Registrations,
            subscription: draft.apply(before.subscription.clone(), now)?,
            context: context.unwrap_or_else(|| before.context.clone()),
            created_at: before.created_at,
            modified_at: now,
            unusable: None,
            view: subscriptions::view_after(view, &before),
        };
        let subscriber = Subscriber::new(Arc::new(after))?;
        self.put_registration_subscription(subscribers, Some(&before), subscriber, now)
    }

    /// Delete Context Source Registration Subscription (5.11.6), with whatever waits to be delivered for it.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub fn delete_registration_subscription_blocking(&self, view: &View, id: &Uri) -> Result<(), Error> {
        let subscribers = &mut *self.registrations().subscribers.lock();
        let unread = self.registrations().subscriptions.unread(id);
        let (rows, owner, before) = if let Some(unread) = unread.filter(|_| view.is_open()) {
            let owner = subscriptions::owner(Subject::Registrations, id);
            (subscribers.rows_without(&unread), owner, None)
        } else {
            let before = self.registration_subscription_here(view, id)?;
            let rows = subscribers.rows(Some(&before), None);
            (rows, before.owner(), Some(before))
        };
        let action = "registration-subscription.delete";
        let events = vec![subscriptions::event(view, action, id, before.as_deref(), None)];
        self.store_noted_blocking(Noted { rows, events }, Vec::new())
            .inspect_err(|_| subscribers.not_stored())?;
        subscribers.remove(id);
        self.forget_owner(&owner);
        Ok(())
    }

    /// Retrieve Context Source Registration Subscription (5.11.4), with what the system adds to it.
    pub fn registration_subscription(
        &self,
        view: &View,
        id: &Uri,
    ) -> Option<(Arc<StoredSubscription>, Standing)> {
        let stored = self.registrations().subscriptions.get(id)?;
        is_of(view, &stored).then(|| self.with_standing(stored))
    }

    /// A page of them in order of creation, and how many there are in all (5.11.5).
    pub fn registration_subscriptions(
        &self,
        view: &View,
        offset: usize,
        limit: usize,
    ) -> (Vec<(Arc<StoredSubscription>, Standing)>, usize) {
        self.page_of(&self.registrations().subscriptions, view, offset, limit)
    }

    fn registration_subscription_here(
        &self,
        view: &View,
        id: &Uri,
    ) -> Result<Arc<StoredSubscription>, Error> {
        let known = &self.registrations().subscriptions;
        let found = known.get(id).filter(|stored| is_of(view, stored));
        found.ok_or_else(|| match known.unread(id).filter(|_| view.is_open()) {
            Some(unread) => unread.cannot_change(),
            None => Error::Missing(WHAT, id.clone()),
        })
    }

    /// Makes a subscription durable together with its first notification, then puts it into use.
    fn put_registration_subscription(
        &self,
        subscribers: &mut Subscribers,
        before: Option<&StoredSubscription>,
        subscriber: Subscriber,
        now: Timestamp,
    ) -> Result<(), Error> {
        let after = Arc::clone(&subscriber.stored);
        let (letters, told) = subscriber.first(self, now);
        let rows = subscribers.rows(before, Some(&after));
        // Messages are for those who are there.
        subscriptions::enter(&after, &self.0.book);
        let sees = self.sight().of(&after.view);
        self.0
            .book
            .see(&after.owner(), sees.map(|view| view.read().fingerprint()));
        let is_told = !letters.is_empty();
        let action = match before {
            None => "registration-subscription.create",
            Some(_) => "registration-subscription.update",
        };
        let id = &after.subscription.id;
        let events = vec![subscriptions::event(
            &after.view,
            action,
            id,
            before,
            Some(&after),
        )];
        if let Err(error) = self.store_noted_blocking(Noted { rows, events }, letters) {
            subscribers.not_stored();
            match before {
                Some(before) => subscriptions::enter(before, &self.0.book),
                None => self.forget_owner(&after.owner()),
            }
            return Err(error);
        }
        let id = after.subscription.id.clone();
        let timed = after.subscription.time_interval_s.is_some();
        subscribers.put(subscriber, if timed { told } else { HashSet::new() });
        if is_told {
            subscribers.note(vec![id], now);
        }
        Ok(())
    }
}

/// Tells a subscription of all registrations that match it (`timeInterval`).
pub(crate) fn notify(twin: &Twin, stored: &Arc<StoredSubscription>, now: Timestamp) -> Result<(), Error> {
    let subscribers = &mut *twin.registrations().subscribers.lock();
    let id = &stored.subscription.id;
    let before = subscribers.told(id);
    let Some(subscriber) = subscribers.get(id).filter(|one| one.is_on(now)) else {
        return Ok(()); // it went, or was paused, meanwhile
    };
    let (letters, told) = subscriber.again(twin, &before, now);
    twin.notify_blocking(letters)?;
    subscribers.note_all(id, told);
    Ok(())
}

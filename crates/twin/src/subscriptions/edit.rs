//! Changes of subscriptions, made by the writer in order with everything else.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hashbrown::HashMap;
use ngsi_ld::Uri;
use ngsi_ld::subscription::Subject;
use query::View;

use super::StoredSubscription;
use super::compiled::Compiled;
use super::matching::Matcher;
use super::stored;
use crate::delivery::Book;
use crate::error::Error;
use crate::witness::{Event, Noted};

/// A change of a subscription.
pub(crate) enum Edit {
    /// Create Subscription (5.8.1).
    Create(Box<Compiled>),
    /// Update Subscription (5.8.2).
    Update {
        /// What it was made of.
        before: Arc<StoredSubscription>,
        compiled: Box<Compiled>,
        /// Set where it is not that any more: then nothing is done.
        overtaken: Arc<AtomicBool>,
    },
    /// Delete Subscription (5.8.5), as who asks.
    Delete(Uri, View),
}

impl Edit {
    /// The subscription it is about.
    fn id(&self) -> &Uri {
        match self {
            Self::Create(compiled) => &compiled.stored.subscription.id,
            Self::Update { before, .. } => &before.subscription.id,
            Self::Delete(id, _) => id,
        }
    }
}

/// What is noted of a change of a subscription.
pub(crate) fn event(
    view: &View,
    action: &str,
    id: &Uri,
    before: Option<&StoredSubscription>,
    after: Option<&StoredSubscription>,
) -> Event {
    let bytes = |stored: &StoredSubscription| stored::encode(stored).value;
    Event::by(view, action)
        .to("Subscription", id.as_str())
        .with(before.and_then(bytes), after.and_then(bytes))
}

/// Where its end is told.
pub(crate) type EditReply = Box<dyn FnOnce(Result<(), Error>) + Send>;

/// What an edit does once it is committed.
enum Effect {
    Put(Box<Compiled>),
    Remove(Uri),
}

impl Matcher {
    /// Makes edits in their order, in one commit, and tells how each ended.
    pub(crate) fn edit(
        &mut self,
        edits: Vec<(Edit, EditReply)>,
        book: &Book,
        commit: &mut dyn FnMut(Noted) -> Result<(), Error>,
    ) {
        let mut noted = Noted::default();
        let mut effects = Vec::new();
        let mut answers = Vec::new();
        // What the edits before in this commit made of each.
        let mut become_: HashMap<Uri, Option<Arc<StoredSubscription>>> = HashMap::new();
        for (edit, reply) in edits {
            let (were, id) = ((noted.rows.len(), noted.events.len()), edit.id().clone());
            let decided = catch_unwind(AssertUnwindSafe(|| self.decide(edit, &become_, &mut noted)));
            let decided = decided.unwrap_or_else(|_| {
                tracing::error!(subscription = %id, "a change of a subscription met a defect; it was refused");
                noted.rows.truncate(were.0);
                noted.events.truncate(were.1);
                Err(Error::Storage(format!(
                    "the change of `{id}` met a defect of this program and was not made; please report it with the log"
                )))
            });
            match decided {
                Ok(effect) => {
                    match &effect {
                        Effect::Put(compiled) => {
                            let id = compiled.stored.subscription.id.clone();
                            become_.insert(id, Some(Arc::clone(&compiled.stored)));
                        }
                        Effect::Remove(id) => {
                            become_.insert(id.clone(), None);
                        }
                    }
                    effects.push(effect);
                    answers.push((Ok(()), reply));
                }
                Err(error) => answers.push((Err(error), reply)),
            }
        }
        let committed = if noted.rows.is_empty() {
            Ok(())
        } else {
            commit(noted)
        };
        if let Err(error) = committed {
            self.contexts.recount(&self.registry);
            for (result, reply) in answers {
                reply(result.and(Err(error.clone())));
            }
            return;
        }
        for effect in effects {
            match effect {
                Effect::Put(compiled) => self.put(*compiled, book),
                Effect::Remove(id) => self.remove(&id, book),
            }
        }
        for (result, reply) in answers {
            reply(result);
        }
    }

    fn decide(
        &mut self,
        edit: Edit,
        become_: &HashMap<Uri, Option<Arc<StoredSubscription>>>,
        noted: &mut Noted,
    ) -> Result<Effect, Error> {
        let Noted { rows, events } = noted;
        let registry = Arc::clone(&self.registry);
        let current = |id: &Uri| become_.get(id).cloned().unwrap_or_else(|| registry.get(id));
        // One that was deleted in this commit is gone.
        let unread = |id: &Uri| registry.unread(id).filter(|_| !become_.contains_key(id));
        let missing = |id: &Uri| match unread(id) {
            Some(unread) => unread.cannot_change(),
            None => Error::Missing("subscription", id.clone()),
        };
        Ok(match edit {
            Edit::Create(compiled) => {
                let id = &compiled.stored.subscription.id;
                if current(id).is_some() || unread(id).is_some() {
                    return Err(Error::Taken("subscription", id.clone()));
                }
                self.contexts.take(&compiled.stored.context, rows);
                rows.push(stored::encode(&compiled.stored));
                let view = &compiled.stored.view;
                events.push(event(
                    view,
                    "subscription.create",
                    id,
                    None,
                    Some(&compiled.stored),
                ));
                Effect::Put(compiled)
            }
            Edit::Update {
                before,
                compiled,
                overtaken,
            } => {
                let id = &before.subscription.id;
                let is = current(id).ok_or_else(|| missing(id))?;
                if !Arc::ptr_eq(&is, &before) {
                    overtaken.store(true, Ordering::Release);
                    return Err(Error::Busy { retry_after_s: 1 });
                }
                self.contexts.take(&compiled.stored.context, rows);
                self.contexts.leave(&before.context, rows);
                rows.push(stored::encode(&compiled.stored));
                let (view, after) = (&compiled.stored.view, Some(&*compiled.stored));
                events.push(event(view, "subscription.update", id, Some(&before), after));
                Effect::Put(compiled)
            }
            Edit::Delete(id, view) => {
                let context = match (current(&id), unread(&id)) {
                    (Some(before), _) => Some(before.context.clone()),
                    (None, Some(unread)) => unread.context.clone(),
                    (None, None) => return Err(missing(&id)),
                };
                if let Some(context) = context {
                    self.contexts.leave(&context, rows);
                }
                rows.push(stored::erase(Subject::Entities, &id));
                let before = current(&id);
                events.push(event(&view, "subscription.delete", &id, before.as_deref(), None));
                Effect::Remove(id)
            }
        })
    }
}

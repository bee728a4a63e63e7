//! A subscription made ready to be matched with many changes.

use std::sync::Arc;

use hashbrown::HashSet;
use ngsi_ld::query::types::TypeSelection;
use ngsi_ld::representation::WriteOptions;
use ngsi_ld::subscription::{self, EntitySelector, Subscription};
use ngsi_ld::{Entity, Name, Timestamp, Uri};
use query::entity_query::compile_id_pattern;
use query::{Links, Prepared, Selection, View};

use super::StoredSubscription;
use super::change::{Difference, Triggers};
use crate::error::Error;
use crate::join::{Join, JoinForm, MAX_JOIN_LEVEL};

/// A subscription made ready.
pub(crate) struct Compiled {
    pub(super) stored: Arc<StoredSubscription>,
    /// What its subscriber may see.
    pub(super) view: View,
    pub(super) selectors: Vec<Selector>,
    pub(super) watched: Option<Box<[Name]>>,
    pub(super) triggers: Triggers,
    /// `q`, `geoQ` and `scopeQ`.
    pub(super) filter: Option<Prepared>,
    pub(super) options: WriteOptions,
    /// Linked entities that come along (4.5.23).
    pub(super) join: Option<Join>,
    /// Microseconds between notifications.
    pub(super) throttling: Option<i64>,
}

/// Which entities.
pub(super) struct Selector {
    pub(super) ids: HashSet<Uri>,
    id_pattern: Option<regex::Regex>,
    pub(super) types: TypeSelection,
}

impl Selector {
    fn new(selector: &EntitySelector) -> Result<Self, Error> {
        // `id` goes before `idPattern` (5.2.33).
        let pattern = selector.id_pattern.as_deref().filter(|_| selector.ids.is_empty());
        Ok(Self {
            ids: selector.ids.iter().cloned().collect(),
            id_pattern: pattern.map(compile_id_pattern).transpose()?,
            types: selector.types.clone(),
        })
    }

    fn matches(&self, entity: &Entity) -> bool {
        (self.ids.is_empty() || self.ids.contains(&entity.id))
            && self.types.matches(&entity.types)
            && self
                .id_pattern
                .as_ref()
                .is_none_or(|pattern| pattern.is_match(entity.id.as_str()))
    }
}

/// What must hold of an entity beside its id and types.
pub(super) fn conditions(subscription: &Subscription) -> Selection {
    Selection {
        q: subscription.q.as_ref().map(|q| q.tree.clone()),
        geo: subscription.geo.as_ref().map(|geo| geo.query.clone()),
        scope: subscription.scope.as_ref().map(|scope| scope.tree.clone()),
        ..Selection::default()
    }
}

/// The selections that a subscription's entities are found by, for a subscription that notifies by the clock.
pub(super) fn selections(subscription: &Subscription) -> Result<Vec<Selection>, Error> {
    let conditions = conditions(subscription);
    let Some(selectors) = &subscription.entities else {
        return Ok(vec![conditions]);
    };
    let one = |selector: &EntitySelector| {
        let pattern = selector.id_pattern.as_deref().filter(|_| selector.ids.is_empty());
        Ok(Selection {
            ids: selector.ids.clone(),
            id_pattern: pattern.map(compile_id_pattern).transpose()?,
            types: Some(selector.types.clone()),
            ..conditions.clone()
        })
    };
    selectors.iter().map(one).collect()
}

/// `join` and `joinLevel`.
fn join(subscription: &Subscription) -> Option<Join> {
    let params = &subscription.notification;
    let form = match params.join? {
        subscription::Join::None => return None,
        subscription::Join::Flat => JoinForm::Flat,
        subscription::Join::Inline => JoinForm::Inline,
    };
    let level = usize::try_from(params.join_level.unwrap_or(1)).unwrap_or(MAX_JOIN_LEVEL);
    Some(Join {
        form,
        level: level.min(MAX_JOIN_LEVEL),
        contained_by: Vec::new(),
    })
}

impl Compiled {
    /// Makes a subscription ready.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a regular expression that cannot be used, and a reference geometry that crosses itself.
    pub(crate) fn new(stored: Arc<StoredSubscription>, view: View) -> Result<Self, Error> {
        let subscription = &stored.subscription;
        let conditions = conditions(subscription);
        #[allow(
            clippy::cast_possible_truncation,
            reason = "the cast saturates, which is what is wanted"
        )]
        let throttling = subscription.throttling_s.map(|seconds| (seconds * 1e6) as i64);
        Ok(Self {
            view,
            selectors: subscription
                .entities
                .iter()
                .flatten()
                .map(Selector::new)
                .collect::<Result<_, _>>()?,
            watched: subscription.watched_attributes.as_deref().map(Into::into),
            triggers: Triggers::of(subscription.triggers()),
            filter: if conditions.is_everything() {
                None
            } else {
                Some(conditions.prepare()?)
            },
            options: subscription.write_options(),
            join: join(subscription),
            throttling,
            stored,
        })
    }

    /// Whether a change of an entity, as its subscriber sees it, is to be notified; its state and the time aside.
    pub(super) fn takes(&self, difference: &Difference<'_>, links: &Links<'_>) -> bool {
        difference.sets_off(self.triggers, self.watched.as_deref())
            && (self.selectors.is_empty() || self.selectors.iter().any(|one| one.matches(difference.entity)))
            && self
                .filter
                .as_ref()
                .is_none_or(|filter| filter.matches_linked(difference.entity, links))
    }

    /// Whether it is of those that notify when something changes, at this instant.
    pub(super) fn is_on(&self, now: Timestamp) -> bool {
        let subscription = &self.stored.subscription;
        subscription.status(now) == ngsi_ld::subscription::Status::Active
    }
}

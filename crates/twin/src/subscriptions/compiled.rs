//! A subscription made ready to be matched with many changes.

use std::sync::Arc;

use ngsi_ld::conformance::Version;
use ngsi_ld::representation::WriteOptions;
use ngsi_ld::subscription::{self, EntitySelector, Subscription};
use ngsi_ld::{Name, Timestamp};
use query::entity_query::compile_patterns;
use query::{Links, Prepared, Selection, Selector, View};

use super::StoredSubscription;
use super::change::{Difference, Triggers};
use crate::error::Error;
use crate::join::{Join, JoinForm, MAX_JOIN_LEVEL};

/// A subscription made ready.
pub(crate) struct Compiled {
    pub(super) stored: Arc<StoredSubscription>,
    pub(super) selectors: Vec<Selector>,
    pub(super) watched: Option<Box<[Name]>>,
    pub(super) triggers: Triggers,
    /// `q`, `geoQ` and `scopeQ`.
    pub(super) filter: Option<Prepared>,
    pub(super) options: WriteOptions,
    /// The version of the specification that notifications conform to (4.3.6.8).
    pub(super) version: Option<Version>,
    /// Linked entities that come along (4.5.23).
    pub(super) join: Option<Join>,
    /// Microseconds between notifications.
    pub(super) throttling: Option<i64>,
    /// What its subscriber may see; `None`: nothing any more, and nothing is told.
    view: Option<View>,
}

/// Which entities.
fn selector_of(selector: &EntitySelector, id_pattern: Option<regex::Regex>) -> Selector {
    let mut made = Selector::new(selector.ids.clone(), selector.types.clone());
    made.id_pattern = id_pattern;
    made
}

/// The pattern that counts: `id` goes before `idPattern` (5.2.33).
fn pattern(selector: &EntitySelector) -> Option<&str> {
    selector.id_pattern.as_deref().filter(|_| selector.ids.is_empty())
}

/// What must hold of an entity beside its id and types.
fn conditions(subscription: &Subscription) -> Selection {
    Selection {
        q: subscription.q.as_ref().map(|q| q.tree.clone()),
        geo: subscription.geo.as_ref().map(|geo| geo.query.clone()),
        scope: subscription.scope.as_ref().map(|scope| scope.tree.clone()),
        ..Selection::default()
    }
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
    pub(crate) fn new(stored: Arc<StoredSubscription>) -> Result<Self, Error> {
        let subscription = &stored.subscription;
        let conditions = conditions(subscription);
        let selectors = subscription.entities.as_deref().unwrap_or_default();
        let patterns: Vec<_> = selectors.iter().map(pattern).collect();
        let patterns = compile_patterns(&patterns)?;
        #[allow(
            clippy::cast_possible_truncation,
            reason = "the cast saturates, which is what is wanted"
        )]
        let throttling = subscription.throttling_s.map(|seconds| (seconds * 1e6) as i64);
        Ok(Self {
            selectors: selectors
                .iter()
                .zip(patterns)
                .map(|(selector, pattern)| selector_of(selector, pattern))
                .collect(),
            watched: subscription.watched_attributes.as_deref().map(Into::into),
            triggers: Triggers::of(subscription.triggers()),
            filter: if conditions.is_everything() {
                None
            } else {
                Some(conditions.prepare()?)
            },
            options: subscription.write_options(),
            version: subscription
                .conformance
                .and_then(|version| Version::parse(&format!("{}.{}", version.major, version.minor))),
            join: join(subscription),
            throttling,
            view: Some(stored.view.clone()),
            stored,
        })
    }

    /// What its subscriber may see.
    pub(super) fn view(&self) -> Option<&View> {
        self.view.as_ref()
    }

    /// Says what its subscriber may see now.
    pub(super) fn see(&mut self, view: Option<View>) {
        self.view = view;
    }

    /// By which rights he sees it.
    pub(super) fn rights(&self) -> Option<u64> {
        self.view.as_ref().map(|view| view.read().fingerprint())
    }

    /// Whether something may be hidden from its subscriber.
    pub(super) fn is_narrow(&self) -> bool {
        self.view.as_ref().is_none_or(|view| !view.read().is_all())
    }

    /// The selections that its entities are found by, if it notifies by the clock: of each selector its own, so that each
    /// takes its shortest path.
    pub(super) fn selections(&self) -> Vec<Selection> {
        let conditions = conditions(&self.stored.subscription);
        if self.selectors.is_empty() {
            return vec![conditions];
        }
        let one = |selector: &Selector| Selection {
            any: vec![selector.clone()],
            ..conditions.clone()
        };
        self.selectors.iter().map(one).collect()
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

//! What changed of an entity, as triggers see it.

use ngsi_ld::subscription::Trigger;
use ngsi_ld::{Attribute, Entity, Name};

/// A set of triggers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Triggers(u8);

impl Triggers {
    /// Those of a subscription.
    pub(super) fn of(triggers: &[Trigger]) -> Self {
        triggers
            .iter()
            .fold(Self::default(), |set, trigger| set.with(*trigger))
    }

    fn with(self, trigger: Trigger) -> Self {
        Self(self.0 | Self::bits(trigger))
    }

    fn bits(trigger: Trigger) -> u8 {
        match trigger {
            Trigger::EntityCreated => 1,
            Trigger::EntityDeleted => 2,
            Trigger::AttributeCreated => 4,
            Trigger::AttributeUpdated => 8,
            Trigger::AttributeDeleted => 16,
            // Table 5.2.12-1.
            Trigger::EntityUpdated => 4 | 8 | 16,
        }
    }

    pub(super) fn has(self, trigger: Trigger) -> bool {
        self.meets(Self::default().with(trigger))
    }

    pub(super) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// What changed of an entity. An attribute of an entity that comes or goes comes or goes with it.
#[derive(Debug)]
pub(super) struct Difference<'a> {
    /// The entity as it is; as it was, where it is gone.
    pub(super) entity: &'a Entity,
    /// Whether the entity itself came or went.
    pub(super) head: Triggers,
    /// Each attribute that changed, once, and how its instances did.
    pub(super) attributes: Vec<(&'a Name, Triggers)>,
}

impl<'a> Difference<'a> {
    /// Between two states of an entity, of which one is there at least.
    pub(super) fn of(before: Option<&'a Entity>, after: Option<&'a Entity>) -> Option<Self> {
        let entity = after.or(before)?;
        let head = match (before, after) {
            (None, Some(_)) => Triggers::default().with(Trigger::EntityCreated),
            (Some(_), None) => Triggers::default().with(Trigger::EntityDeleted),
            _ => Triggers::default(),
        };
        let mut difference = Self {
            entity,
            head,
            attributes: Vec::new(),
        };
        let were = before.map_or(&[][..], |entity| &entity.attributes);
        let are = after.map_or(&[][..], |entity| &entity.attributes);
        for (index, is) in are.iter().enumerate() {
            match counterpart(were, is, index) {
                None => difference.note(&is.name, Trigger::AttributeCreated),
                Some(was) if was != is => difference.note(&is.name, Trigger::AttributeUpdated),
                Some(_) => {}
            }
        }
        for (index, was) in were.iter().enumerate() {
            if counterpart(are, was, index).is_none() {
                difference.note(&was.name, Trigger::AttributeDeleted);
            }
        }
        Some(difference)
    }

    fn note(&mut self, name: &'a Name, trigger: Trigger) {
        match self.attributes.iter_mut().find(|(known, _)| *known == name) {
            Some((_, triggers)) => *triggers = triggers.with(trigger),
            None => self.attributes.push((name, Triggers::default().with(trigger))),
        }
    }

    /// Whether anything happened that any subscription could be triggered by.
    pub(super) fn is_nothing(&self) -> bool {
        self.head == Triggers::default() && self.attributes.is_empty()
    }

    /// Whether it sets off a subscription with these triggers and watched attributes.
    pub(super) fn sets_off(&self, triggers: Triggers, watched: Option<&[Name]>) -> bool {
        let watches = |name: &Name| watched.is_none_or(|watched| watched.contains(name));
        // Without `entities`, what is subscribed to are entities with one of the watched attributes (5.8.1.4).
        (self.head.meets(triggers)
            && (watched.is_none()
                || self
                    .entity
                    .attributes
                    .iter()
                    .any(|attribute| watches(&attribute.name))))
            || self
                .attributes
                .iter()
                .any(|(name, how)| how.meets(triggers) && watches(name))
    }
}

/// The instance with the same name and data set; it stands in the same place as a rule.
fn counterpart<'a>(among: &'a [Attribute], of: &Attribute, index: usize) -> Option<&'a Attribute> {
    let same = |other: &&Attribute| other.name == of.name && other.dataset_id == of.dataset_id;
    among.get(index).filter(same).or_else(|| among.iter().find(same))
}

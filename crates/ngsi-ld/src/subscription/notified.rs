//! Entities as notifications show them: with what was deleted and what was before (5.8.6, 4.5.2 to 4.5.24).

use std::borrow::Cow;

use serde_json::{Map, Value as Json};

use super::endpoint::Accept;
use crate::context::Context;
use crate::entity::{Attribute, Entity};
use crate::name::{Name, Uri};
use crate::representation::{Format, WriteOptions, plain_member, write_attribute};
use crate::time::Timestamp;
use crate::value::Kind;

/// What happened to one entity, as a subscriber is to see it.
#[derive(Clone, Copy, Debug)]
pub struct Notified<'a> {
    /// What it was; `None`: it was not there, or nothing that was is to be told.
    pub before: Option<&'a Entity>,
    /// What it is; `None`: it was deleted.
    pub after: Option<&'a Entity>,
    /// When.
    pub at: Timestamp,
    /// Whether values before the change are shown (`showChanges`).
    pub show_changes: bool,
    /// Which deleted attributes are shown, where `showChanges` does not show them all.
    pub deleted: NotifiedAttribute<'a>,
}

/// Which deleted attributes are shown.
#[derive(Clone, Copy, Debug)]
pub enum NotifiedAttribute<'a> {
    /// None: of an entity that was deleted its `deletedAt` says enough.
    None,
    /// All.
    All,
    /// These.
    Named(&'a [Name]),
}

impl NotifiedAttribute<'_> {
    fn shows(self, name: &Name) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Named(names) => names.contains(name),
        }
    }
}

/// What [`Notified::entity`] gave, once it is written: with `deletedAt` where it belongs, and not where it does not.
pub fn finish_notified(
    notified: &Notified<'_>,
    entity: &Entity,
    mut object: Map<String, Json>,
    context: &Context,
    options: &WriteOptions,
) -> Map<String, Json> {
    if !options.sys_attrs {
        let gone = entity.attributes.iter().filter(|one| one.deletion().is_some());
        for name in gone.map(|one| &one.name) {
            if let Some(json) = object.get_mut(&context.compact_name(name)) {
                hide_deletion(json, options.format);
            }
        }
    }
    if notified.after.is_none() {
        let at = object
            .keys()
            .position(|key| key != "id" && key != "type")
            .unwrap_or(object.len());
        object.shift_insert(at, "deletedAt".into(), notified.at.to_string().into());
    }
    object
}

impl<'a> Notified<'a> {
    /// The entity that is written: what is there, and what is not any more. To be finished by [`finish_notified`].
    pub fn entity(&self, context: &Context, options: &WriteOptions) -> Option<Cow<'a, Entity>> {
        let (before, after) = match (self.before, self.after) {
            (None, after) => return after.map(Cow::Borrowed),
            (Some(before), after) => (before, after),
        };
        let mut shown = match after {
            Some(after) if !self.differs(before, after) => return Some(Cow::Borrowed(after)),
            Some(after) => after.clone(),
            None => Entity {
                attributes: Vec::new(),
                scope: Vec::new(),
                expires_at: None,
                ..before.clone()
            },
        };
        if self.show_changes {
            for attribute in &mut shown.attributes {
                let was = before.instance(attribute.name.as_str(), attribute.dataset_id.as_ref());
                if let Some(was) = was.filter(|was| *was != attribute) {
                    attribute.sub_attributes.extend(previous(was, context));
                }
            }
        }
        for instances in before.attributes.chunk_by(|a, b| a.name == b.name) {
            let name = &instances[0].name;
            if !self.show_changes && !self.deleted.shows(name) {
                continue;
            }
            let there = |was: &&Attribute| shown.instance(name.as_str(), was.dataset_id.as_ref()).is_some();
            let gone: Vec<&Attribute> = instances.iter().filter(|was| !there(was)).collect();
            let all_gone = gone.len() == instances.len();
            if all_gone && !self.show_changes && options.dataset_ids.is_empty() {
                // Nothing but the name has to be told.
                let one = gone.iter().find(|was| was.dataset_id.is_none()).or(gone.first());
                if let Some(was) = one {
                    let dataset_id = if gone.len() == 1 {
                        was.dataset_id.clone()
                    } else {
                        None
                    };
                    shown.put(self.grave(was, dataset_id, context));
                }
            } else {
                for was in gone {
                    shown.put(self.grave(was, was.dataset_id.clone(), context));
                }
            }
        }
        Some(Cow::Owned(shown))
    }

    /// Whether the entity that is there is not all that is written.
    fn differs(&self, before: &Entity, after: &Entity) -> bool {
        let gone = |was: &Attribute| {
            after
                .instance(was.name.as_str(), was.dataset_id.as_ref())
                .is_none()
        };
        self.show_changes
            || before
                .attributes
                .iter()
                .any(|was| self.deleted.shows(&was.name) && gone(was))
    }

    /// An instance that is not there any more.
    fn grave(&self, was: &Attribute, dataset_id: Option<Uri>, context: &Context) -> Attribute {
        let mut grave = Attribute {
            dataset_id,
            created_at: was.created_at,
            modified_at: was.modified_at,
            ..Attribute::new(was.name.clone(), was.value.clone())
        }
        .deleted_at(self.at);
        if self.show_changes {
            grave.sub_attributes.extend(previous(was, context));
        }
        grave
    }
}

/// The member that holds the value an instance had.
fn previous(was: &Attribute, context: &Context) -> Option<Attribute> {
    let kind = was.value.kind();
    let member = match kind {
        Kind::Property | Kind::GeoProperty => "previousValue",
        Kind::Relationship => "previousObject",
        Kind::LanguageProperty => "previousLanguageMap",
        Kind::JsonProperty => "previousJson",
        Kind::VocabProperty => "previousVocab",
        Kind::ListProperty => "previousValueList",
        Kind::ListRelationship => "previousObjectList",
    };
    let bare = Attribute::new(was.name.clone(), was.value.clone());
    let written = write_attribute(&[bare], context, &WriteOptions::default())?;
    plain_member(member, written.get(kind.value_member())?.clone())
}

/// Takes `deletedAt` away, and what is left of an object that then says nothing more.
fn hide_deletion(json: &mut Json, format: Format) {
    match json {
        Json::Array(instances) => instances.iter_mut().for_each(|one| {
            if let Json::Object(object) = one {
                object.shift_remove("deletedAt");
            }
        }),
        Json::Object(object) => {
            object.shift_remove("deletedAt");
            if format == Format::Concise
                && object.len() == 1
                && let Some(value) = object.get_mut("value")
            {
                *json = value.take();
            }
        }
        _ => {}
    }
}

/// A notification (5.3.1) of entities that were written already. Its @context is inside where `accept` wants it there:
/// in the entities, which are documents of their own, and in the notification; of GeoJSON in the collection.
pub fn notification(
    id: &str,
    subscription: &Uri,
    at: Timestamp,
    data: Vec<Map<String, Json>>,
    accept: Accept,
    context: Option<&Json>,
) -> Map<String, Json> {
    let with_context = |mut object: Map<String, Json>| {
        if let Some(context) = context {
            object.insert("@context".into(), context.clone());
        }
        object
    };
    let mut object = Map::with_capacity(6);
    object.insert("id".into(), id.into());
    object.insert("type".into(), "Notification".into());
    object.insert("subscriptionId".into(), subscription.as_str().into());
    object.insert("notifiedAt".into(), at.to_string().into());
    let data = match accept {
        Accept::Json => data.into_iter().map(Json::Object).collect(),
        Accept::LdJson => data
            .into_iter()
            .map(|one| Json::Object(with_context(one)))
            .collect(),
        Accept::GeoJson => {
            let mut collection = Map::with_capacity(3);
            collection.insert("type".into(), "FeatureCollection".into());
            collection.insert("features".into(), data.into_iter().map(Json::Object).collect());
            Json::Object(with_context(collection))
        }
    };
    object.insert("data".into(), data);
    if accept == Accept::LdJson {
        object = with_context(object);
    }
    object
}

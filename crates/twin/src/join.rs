//! Linked entity retrieval (4.5.23): entities written with those that their relationships lead to.

use std::cell::Cell;
use std::collections::HashSet;
use std::sync::Arc;

use ngsi_ld::context::Context;
use ngsi_ld::query::projection::Projection;
use ngsi_ld::representation::{LinkedEntities, WriteOptions, feature_of, write_entity, write_entity_inline};
use ngsi_ld::{Entity, Name, Uri};
use query::View;
use serde_json::{Map, Value as Json};

use crate::error::Error;
use crate::reader::Reader;
use crate::subscriptions::weight;

/// The deepest `joinLevel`.
pub const MAX_JOIN_LEVEL: usize = 10;
/// How many linked entities one answer holds at most.
pub const MAX_LINKED: usize = 10_000;

/// And in all about how many bytes.
const MAX_LINKED_BYTES: usize = 32 << 20;

/// Which linked entities are retrieved, and where they stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// Where they stand.
    pub form: JoinForm,
    /// `joinLevel`: how many relationships are followed, one after the other; at most [`MAX_JOIN_LEVEL`].
    pub level: usize,
    /// `containedBy`: entities that were met already and are not shown again.
    pub contained_by: Vec<Uri>,
}

/// `join`: where linked entities stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinForm {
    /// In the relationships that lead to them (4.5.23.2).
    Inline,
    /// Side by side with the entities that link to them, after them (4.5.23.3).
    Flat,
}

/// How entities are written, with what they are linked with.
#[derive(Clone, Debug)]
pub struct JoinedWriting<'a> {
    /// Compacts names.
    pub context: &'a Context,
    /// Representation, language, data sets; `pick` and `omit` are those below.
    pub options: &'a WriteOptions,
    /// Only these members, of these and of linked entities (4.21).
    pub pick: &'a Projection,
    /// Not these.
    pub omit: &'a Projection,
    /// Which linked entities; `None`: none.
    pub join: Option<&'a Join>,
    /// As GeoJSON Features, with the geometry of this GeoProperty (`location` where it says nothing).
    pub feature: Option<Option<&'a Name>>,
}

/// Writes entities, which the view shows, with what they are linked with as the view shows it. Inline, an entity does
/// not stand inside itself, however far; flat, each stands there once.
///
/// # Errors
/// `TooComplexQuery` where more than [`MAX_LINKED`] linked entities, or too many bytes of them, would be written.
pub fn write_joined(
    reader: &dyn Reader,
    view: &View,
    entities: &[Arc<Entity>],
    how: &JoinedWriting<'_>,
) -> Result<Vec<Map<String, Json>>, Error> {
    write_joined_by(&|id| reader.get(view, id), entities, how)
}

/// The same, where `find` gives linked entities as the view shows them.
pub(crate) fn write_joined_by(
    find: &dyn Fn(&Uri) -> Option<Arc<Entity>>,
    entities: &[Arc<Entity>],
    how: &JoinedWriting<'_>,
) -> Result<Vec<Map<String, Json>>, Error> {
    let top = how.options_of(how.pick, how.omit, true);
    let source = Source {
        find,
        left: Cell::new(MAX_LINKED),
        bytes: Cell::new(0),
        exceeded: Cell::new(false),
    };
    let written = match how.join {
        None => {
            let each = entities.iter();
            each.map(|entity| how.finish(entity, &top, write_entity(entity, how.context, &top)))
                .collect()
        }
        Some(join) if join.form == JoinForm::Inline => entities
            .iter()
            .map(|entity| {
                let inside = Inside {
                    how,
                    join,
                    source: &source,
                    level: join.level.min(MAX_JOIN_LEVEL),
                    pick: Some(how.pick),
                    omit: Some(how.omit),
                    way: Way {
                        id: &entity.id,
                        before: None,
                    },
                };
                how.finish(
                    entity,
                    &top,
                    write_entity_inline(entity, how.context, &top, &inside),
                )
            })
            .collect(),
        Some(join) => flat(entities, how, join, &source),
    };
    source.check()?;
    Ok(written)
}

impl JoinedWriting<'_> {
    /// What is written of one entity. `attrs` is about those that were asked for, not about linked ones.
    fn options_of(&self, pick: &Projection, omit: &Projection, top: bool) -> WriteOptions {
        let mut options = self.options.clone();
        options.pick = pick.picked();
        options.omit = omit.omitted();
        if !top {
            options.attrs = Vec::new();
        }
        options
    }

    fn finish(
        &self,
        entity: &Entity,
        options: &WriteOptions,
        object: Map<String, Json>,
    ) -> Map<String, Json> {
        match self.feature {
            Some(geometry) => feature_of(entity, geometry, options, object),
            None => object,
        }
    }
}

/// Where linked entities come from.
struct Source<'a> {
    find: &'a dyn Fn(&Uri) -> Option<Arc<Entity>>,
    left: Cell<usize>,
    /// As many as are written.
    bytes: Cell<usize>,
    exceeded: Cell<bool>,
}

impl Source<'_> {
    fn get(&self, id: &Uri) -> Option<Arc<Entity>> {
        let entity = (self.find)(id)?;
        if let Some(left) = self.left.get().checked_sub(1)
            && self.bytes.get() <= MAX_LINKED_BYTES
        {
            self.left.set(left);
            Some(entity)
        } else {
            self.exceeded.set(true);
            None
        }
    }

    /// Counts what was written since so many bytes: what stands inside it was counted before, and is part of it.
    fn weigh(&self, before: usize, written: &Map<String, Json>) {
        let bytes: usize = written.iter().map(|(key, value)| key.len() + weight(value)).sum();
        self.bytes.set(before + bytes);
    }

    fn check(&self) -> Result<(), Error> {
        if self.exceeded.get() {
            return Err(ngsi_ld::Error::too_complex(format!(
                "the answer would hold more than {MAX_LINKED} linked entities, or {MAX_LINKED_BYTES} bytes of them: ask with a smaller `limit` or \
                 `joinLevel`, or `pick` fewer relationships"
            ))
            .into());
        }
        Ok(())
    }
}

/// The entities that another is written inside of.
struct Way<'a> {
    id: &'a Uri,
    before: Option<&'a Way<'a>>,
}

impl Way<'_> {
    fn passes(&self, id: &Uri) -> bool {
        self.id == id || self.before.is_some_and(|before| before.passes(id))
    }
}

/// What stands inside one entity.
struct Inside<'a> {
    how: &'a JoinedWriting<'a>,
    join: &'a Join,
    source: &'a Source<'a>,
    level: usize,
    pick: Option<&'a Projection>,
    omit: Option<&'a Projection>,
    way: Way<'a>,
}

impl LinkedEntities for Inside<'_> {
    fn linked(&self, relationship: &Name, target: &Uri) -> Option<Map<String, Json>> {
        let level = self.level.checked_sub(1)?;
        if self.way.passes(target) || self.join.contained_by.contains(target) {
            return None;
        }
        let entity = self.source.get(target)?;
        let pick = self.pick.and_then(|pick| pick.linked(relationship));
        let omit = self.omit.and_then(|omit| omit.linked(relationship));
        let none = Projection::default();
        let options = self
            .how
            .options_of(pick.unwrap_or(&none), omit.unwrap_or(&none), false);
        let inside = Inside {
            level,
            pick,
            omit,
            way: Way {
                id: target,
                before: Some(&self.way),
            },
            ..*self
        };
        let before = self.source.bytes.get();
        let written = write_entity_inline(&entity, self.how.context, &options, &inside);
        self.source.weigh(before, &written);
        Some(written)
    }
}

fn flat(
    entities: &[Arc<Entity>],
    how: &JoinedWriting<'_>,
    join: &Join,
    source: &Source<'_>,
) -> Vec<Map<String, Json>> {
    let none = Projection::default();
    let mut met: HashSet<Uri> = entities.iter().map(|entity| entity.id.clone()).collect();
    met.extend(join.contained_by.iter().cloned());
    let mut written = Vec::with_capacity(entities.len());
    let mut here: Vec<(Arc<Entity>, &Projection, &Projection)> = entities
        .iter()
        .map(|entity| (Arc::clone(entity), how.pick, how.omit))
        .collect();
    for level in 0..=join.level.min(MAX_JOIN_LEVEL) {
        let mut next = Vec::new();
        for (entity, pick, omit) in here {
            let options = how.options_of(pick, omit, level == 0);
            let one = how.finish(&entity, &options, write_entity(&entity, how.context, &options));
            if level > 0 {
                source.weigh(source.bytes.get(), &one);
            }
            written.push(one);
            if level == join.level.min(MAX_JOIN_LEVEL) {
                continue;
            }
            let shown = entity.attributes.iter().filter(|attribute| {
                options.shows(&attribute.name) && options.shows_dataset(attribute.dataset_id.as_ref())
            });
            for attribute in shown {
                for target in attribute.targets() {
                    if met.contains(target) {
                        continue;
                    }
                    if let Some(linked) = source.get(target) {
                        met.insert(target.clone());
                        let pick = pick.linked(&attribute.name).unwrap_or(&none);
                        next.push((linked, pick, omit.linked(&attribute.name).unwrap_or(&none)));
                    }
                }
            }
        }
        here = next;
    }
    written
}

//! The entities that relationships lead to, as far as a caller may see them.

use std::cell::Cell;
use std::sync::Arc;

use ngsi_ld::{Entity, Error, Uri};

/// How many linked entities one query looks up at most.
pub const MAX_LOOKUPS: usize = 1_000_000;

/// Finds linked entities for one query, which may look up [`MAX_LOOKUPS`] of them.
pub struct Links<'a> {
    find: &'a dyn Fn(&Uri) -> Option<Arc<Entity>>,
    left: Cell<usize>,
}

impl<'a> Links<'a> {
    /// Finds by `find`, which gives what the caller sees of an entity.
    pub fn new(find: &'a dyn Fn(&Uri) -> Option<Arc<Entity>>) -> Self {
        Self {
            find,
            left: Cell::new(MAX_LOOKUPS),
        }
    }

    /// Finds nothing: no term on linked entities holds.
    pub fn none() -> Links<'static> {
        Links::new(&|_: &Uri| None)
    }

    /// The entity with this id. Nothing once too many were looked up.
    pub(crate) fn find(&self, id: &Uri) -> Option<Arc<Entity>> {
        self.left.set(self.left.get().checked_sub(1)?);
        (self.find)(id)
    }

    /// # Errors
    /// `TooComplexQuery` when so many were looked up that some were not: what was matched is not to be relied on.
    pub fn check(&self) -> Result<(), Error> {
        if self.left.get() > 0 {
            return Ok(());
        }
        Err(Error::too_complex(format!(
            "`q` follows more than {MAX_LOOKUPS} relationships: narrow the query by `type` or by a condition on the \
             entities themselves"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Selection;
    use ngsi_ld::context::Context;
    use ngsi_ld::query::q::Q;
    use ngsi_ld::representation::read_entity;
    use serde_json::json;

    /// Whether the first entity of a city matches, and how many look-ups that took.
    fn asked(q: &str) -> (bool, usize) {
        let city: Vec<Arc<Entity>> = [
            json!({"id": "urn:x:1", "type": "Station", "name": "one",
                "sensor": {"object": ["urn:x:2", "urn:x:3", "urn:x:gone"]},
                "line": {"objectList": ["urn:x:4"]},
                "self": {"object": "urn:x:1"},
                "place": {"value": "x", "near": {"object": "urn:x:4"}}}),
            json!({"id": "urn:x:2", "type": "Device", "humidity": 40, "name": {"languageMap": {"en": "wet"}}}),
            json!({"id": "urn:x:3", "type": ["Camera", "Device"], "humidity": 50, "owner": {"object": "urn:x:4"}}),
            json!({"id": "urn:x:4", "type": "Person", "name": "Ada"}),
        ]
        .iter()
        .map(|json| Arc::new(read_entity(json, Context::core()).unwrap()))
        .collect();
        let selection = Selection {
            q: Some(Q::parse(q, Context::core()).unwrap()),
            ..Selection::default()
        };
        let find = |id: &Uri| city.iter().find(|entity| entity.id == *id).cloned();
        let links = Links::new(&find);
        let prepared = selection.prepare().unwrap();
        let holds = prepared.matches_linked(&city[0], &links);
        (holds, MAX_LOOKUPS - links.left.get())
    }

    #[test]
    fn clause_4_9_examples_13_and_14() {
        for (q, holds) in [
            ("sensor{humidity}==40", true),
            ("sensor{humidity}==50", true),
            ("sensor{humidity}==60", false),
            ("sensor{humidity}!=40", true),
            ("sensor{Device:humidity}==40", true),
            ("sensor{Camera:humidity}==40", false),
            ("sensor{Camera:humidity}==50", true),
            ("sensor{Person,Camera:humidity}>45", true),
            ("sensor{nothing}", false),
            ("sensor{name[en]}==\"wet\"", true),
            ("sensor{owner{name}}==\"Ada\"", true),
            ("sensor{Device:owner{Person:name}}~=\"^A\"", true),
            ("sensor{owner{Device:name}}", false),
            ("sensor{owner}==urn:x:4", true),
            ("line{name}==\"Ada\"", true),
            ("place.near{name}==\"Ada\"", true),
            ("place{name}", false),
            ("self{self{self{name}}}==\"one\"", true),
            ("sensor{humidity}==40;name==\"one\"", true),
            ("sensor{humidity}==60|name==\"one\"", true),
            ("nothing{name}", false),
        ] {
            assert_eq!(asked(q).0, holds, "{q}");
        }
    }

    #[test]
    fn work_is_bounded() {
        assert_eq!(
            asked("sensor{humidity}==40").1,
            1,
            "stops at the first that holds"
        );
        assert_eq!(asked("sensor{humidity}==60").1, 3);
        let find = |_: &Uri| None;
        let links = Links {
            find: &find,
            left: Cell::new(2),
        };
        let id = Uri::ngsi_ld("T", "1");
        assert!(links.find(&id).is_none() && links.check().is_ok());
        assert!(links.find(&id).is_none() && links.check().is_err());
        assert!(links.find(&id).is_none() && links.check().is_err());
    }
}

//! The view: what one caller may see, for one purpose. A plain value, made by `access`, taken by every read.
//!
//! What a view hides does not exist for its caller: not in a query, a count, a filter, an order, a history or
//! an error.

use std::borrow::Cow;
use std::sync::Arc;

use ngsi_ld::{Attribute, Entity, Name};

use crate::{Prepared, Selection};

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Caller {
    /// Somebody who did not say.
    Anonymous,
    /// A part of the program, by name.
    System(&'static str),
}

/// What for. An open word list; `service-operation` where nobody said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Purpose(pub Arc<str>);

/// What a caller may see for a purpose.
#[derive(Clone, Debug)]
pub struct View {
    caller: Caller,
    purpose: Purpose,
    rows: PreparedRows,
    hidden_attributes: Arc<[Name]>,
    request: Option<Arc<str>>,
}

/// Which entities a view shows.
#[derive(Clone, Debug)]
pub enum Rows {
    /// All.
    All,
    /// None.
    None,
    /// Those a selection takes, evaluated on the whole entity.
    Selected(Arc<Selection>),
}

#[derive(Clone, Debug)]
enum PreparedRows {
    All,
    None,
    Selected(Arc<Prepared>),
}

impl View {
    /// A view that hides nothing.
    pub fn open(caller: Caller, purpose: &str) -> Self {
        Self {
            caller,
            purpose: Purpose(purpose.into()),
            rows: PreparedRows::All,
            hidden_attributes: Arc::default(),
            request: None,
        }
    }

    /// The same, for the request with this id: what is done is recorded with it.
    #[must_use]
    pub fn of_request(mut self, id: &str) -> Self {
        self.request = Some(id.into());
        self
    }

    /// The id of the request, where it is known.
    pub fn request(&self) -> Option<&Arc<str>> {
        self.request.as_ref()
    }

    /// The same, showing only these rows. A selection that cannot be prepared (a regular expression that does not
    /// compile) shows none.
    #[must_use]
    pub fn rows(mut self, rows: Rows) -> Self {
        self.rows = match rows {
            Rows::All => PreparedRows::All,
            Rows::None => PreparedRows::None,
            Rows::Selected(selection) => match selection.prepare() {
                Ok(prepared) => PreparedRows::Selected(Arc::new(prepared)),
                Err(_) => PreparedRows::None,
            },
        };
        self
    }

    /// The same, without these attributes. A sub-attribute of the same name stays where its attribute does.
    #[must_use]
    pub fn hiding(mut self, attributes: impl Into<Arc<[Name]>>) -> Self {
        self.hidden_attributes = attributes.into();
        self
    }

    /// Who asks.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// What for.
    pub fn purpose(&self) -> &Purpose {
        &self.purpose
    }

    /// Whether it hides nothing at all, so that readers may take short cuts.
    pub fn is_open(&self) -> bool {
        matches!(self.rows, PreparedRows::All) && self.hidden_attributes.is_empty()
    }

    /// Whether it hides this attribute of every entity.
    pub fn hides(&self, attribute: &str) -> bool {
        self.hidden_attributes
            .iter()
            .any(|hidden| hidden.as_str() == attribute)
    }

    /// What the caller sees of an entity; `None`: for this caller it does not exist.
    pub fn of<'a>(&self, entity: &'a Entity) -> Option<Cow<'a, Entity>> {
        match &self.rows {
            PreparedRows::All => {}
            PreparedRows::Selected(rows) if rows.matches(entity) => {}
            PreparedRows::Selected(_) | PreparedRows::None => return None,
        }
        let shown = |attribute: &&Attribute| !self.hides(attribute.name.as_str());
        if self.hidden_attributes.is_empty() || entity.attributes.iter().all(|attribute| shown(&attribute)) {
            return Some(Cow::Borrowed(entity));
        }
        Some(Cow::Owned(Entity {
            id: entity.id.clone(),
            types: entity.types.clone(),
            scope: entity.scope.clone(),
            created_at: entity.created_at,
            modified_at: entity.modified_at,
            expires_at: entity.expires_at,
            deleted_at: entity.deleted_at,
            attributes: entity.attributes.iter().filter(shown).cloned().collect(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ngsi_ld::{Uri, query::q};

    fn name(term: &str) -> Name {
        Name::default_term(term)
    }

    fn car() -> Entity {
        Entity::new(Uri::ngsi_ld("Car", "1"), name("Car"))
            .with(Attribute::property(name("speed"), 50_i64).with(Attribute::property(name("owner"), "x")))
            .with(Attribute::property(name("owner"), "Ada"))
    }

    fn view() -> View {
        View::open(Caller::Anonymous, "test")
    }

    #[test]
    fn an_open_view_borrows() {
        assert!(view().is_open());
        assert!(matches!(view().of(&car()), Some(Cow::Borrowed(_))));
        assert!(matches!(
            view().hiding([name("other")]).of(&car()),
            Some(Cow::Borrowed(_))
        ));
    }

    #[test]
    fn a_hidden_attribute_is_gone_and_its_namesake_below_another_stays() {
        let car = car();
        let view = view().hiding([name("owner")]);
        let seen = view.of(&car).unwrap();
        assert!(seen.get(name("owner").as_str()).is_none());
        assert!(
            seen.get(name("speed").as_str())
                .unwrap()
                .get(name("owner").as_str())
                .is_some()
        );
        let path = q::Path {
            attributes: vec![name("owner")],
            members: vec![],
        };
        let selection = Selection {
            q: Some(q::Q::Exists(path)),
            ..Selection::default()
        };
        assert!(selection.matches(&car) && !selection.matches(&seen));
    }

    #[test]
    fn rows_are_decided_on_the_whole_entity() {
        let path = q::Path {
            attributes: vec![name("owner")],
            members: vec![],
        };
        let selection = Selection {
            q: Some(q::Q::Exists(path)),
            ..Selection::default()
        };
        let rows = Rows::Selected(Arc::new(selection));
        let car = car();
        assert!(
            view()
                .rows(rows.clone())
                .hiding([name("owner")])
                .of(&car)
                .is_some()
        );
        assert!(
            view()
                .rows(rows)
                .of(&Entity::new(Uri::ngsi_ld("Car", "2"), name("Car")))
                .is_none()
        );
        assert!(view().rows(Rows::None).of(&car).is_none());
        assert!(!view().rows(Rows::None).is_open());
    }
}

//! The view: what one caller may see, for one purpose. A plain value, made by `access`, taken by every read.
//!
//! What a view hides does not exist for its caller: not in a query, a count, a filter, an order, a history or
//! an error.

use std::borrow::Cow;
use std::sync::Arc;

use ngsi_ld::{Entity, Name};

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
    rows: Rows,
    hidden_attributes: Arc<[Name]>,
}

/// Which entities a view shows.
#[derive(Clone, Debug)]
pub enum Rows {
    /// All.
    All,
    /// None.
    None,
    /// Those a selection takes, evaluated on the whole entity.
    Selected(Arc<crate::Selection>),
}

impl View {
    /// A view that hides nothing.
    pub fn open(caller: Caller, purpose: &str) -> Self {
        Self {
            caller,
            purpose: Purpose(purpose.into()),
            rows: Rows::All,
            hidden_attributes: Arc::default(),
        }
    }

    /// The same, showing only these rows.
    #[must_use]
    pub fn rows(mut self, rows: Rows) -> Self {
        self.rows = rows;
        self
    }

    /// The same, without these attributes.
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
        matches!(self.rows, Rows::All) && self.hidden_attributes.is_empty()
    }

    /// What the caller sees of an entity; `None`: for this caller it does not exist.
    pub fn of<'a>(&self, entity: &'a Entity) -> Option<Cow<'a, Entity>> {
        let _ = entity;
        todo!()
    }
}

//! A query for entities, parsed.

use ngsi_ld::query::geo::GeoQuery;
use ngsi_ld::query::q::Q;
use ngsi_ld::query::scope::ScopeQuery;
use ngsi_ld::query::types::TypeSelection;
use ngsi_ld::{Name, Uri};

/// Which entities (5.7.2). Everything that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// `id`: one of these; empty: any.
    pub ids: Vec<Uri>,
    /// `idPattern`, a regular expression.
    pub id_pattern: Option<regex::Regex>,
    /// `type`.
    pub types: Option<TypeSelection>,
    /// `attrs`: has at least one of these; empty: any.
    pub attributes: Vec<Name>,
    /// `q`.
    pub q: Option<Q>,
    /// The geo-query.
    pub geo: Option<GeoQuery>,
    /// `scopeQ`.
    pub scope: Option<ScopeQuery>,
}

/// A selection and the page asked of it. The order is that of creation.
#[derive(Clone, Debug)]
pub struct EntityQuery {
    /// Which entities.
    pub selection: Selection,
    /// At most so many.
    pub limit: usize,
    /// After so many.
    pub offset: usize,
    /// Whether the total is wanted.
    pub count: bool,
}

impl Selection {
    /// Every entity of one type.
    pub fn of_type(name: Name) -> Self {
        Self { types: Some(TypeSelection::Type(name)), ..Self::default() }
    }
}

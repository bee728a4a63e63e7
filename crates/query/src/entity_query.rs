//! A query for entities, parsed.

use ngsi_ld::query::geo::GeoQuery;
use ngsi_ld::query::q::Q;
use ngsi_ld::query::scope::ScopeQuery;
use ngsi_ld::query::types::TypeSelection;
use ngsi_ld::{Entity, Error, Name, Uri};

use crate::prepared::Prepared;
use crate::selector::Selector;

/// How many selectors the query of one request may have.
pub const MAX_SELECTORS: usize = 100;
/// The longest `idPattern`, in bytes.
pub const MAX_ID_PATTERN_BYTES: usize = 4096;

/// Which entities (5.7.2). Everything that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// `id`: one of these; empty: any.
    pub ids: Vec<Uri>,
    /// `idPattern`, a regular expression.
    pub id_pattern: Option<regex::Regex>,
    /// `type`.
    pub types: Option<TypeSelection>,
    /// `entities` of a query by POST (5.2.23): what one of these names; empty: any.
    pub any: Vec<Selector>,
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
        Self {
            types: Some(TypeSelection::Type(name)),
            ..Self::default()
        }
    }

    /// Whether it selects everything.
    pub fn is_everything(&self) -> bool {
        self.ids.is_empty()
            && self.id_pattern.is_none()
            && self.types.is_none()
            && self.any.is_empty()
            && self.attributes.is_empty()
            && self.q.is_none()
            && self.geo.is_none()
            && self.scope.is_none()
    }

    /// Makes it ready for many entities: compiles regular expressions, checks the reference geometry.
    pub fn prepare(&self) -> Result<Prepared, Error> {
        Prepared::new(self)
    }

    /// Whether an entity is selected. For one entity; [`Self::prepare`] first where there are many. A selection
    /// that cannot be prepared selects nothing.
    pub fn matches(&self, entity: &Entity) -> bool {
        self.prepare().is_ok_and(|prepared| prepared.matches(entity))
    }
}

/// Refuses what the expressions of IEEE 1003.2 leave without a meaning, and ours would take: a repetition that is
/// repeated; and what is too long. For those who write a pattern anew: what was taken once goes on.
///
/// # Errors
/// `BadRequestData`.
pub fn check_id_pattern(pattern: &str) -> Result<(), Error> {
    if pattern.len() > MAX_ID_PATTERN_BYTES {
        return Err(Error::bad_data(format!(
            "`idPattern` is longer than {MAX_ID_PATTERN_BYTES} bytes"
        )));
    }
    if !is_repeated_twice(pattern) {
        return Ok(());
    }
    let shown: String = pattern.chars().take(80).collect();
    Err(Error::bad_data(format!(
        "`idPattern` `{shown}` is not a regular expression: it repeats a repetition (IEEE 1003.2)"
    )))
}

/// Whether two of `*` and `+` follow each other.
fn is_repeated_twice(pattern: &str) -> bool {
    let (mut escaped, mut inside, mut before) = (false, false, false);
    for c in pattern.chars() {
        let repeats = !escaped && !inside && matches!(c, '*' | '+');
        if repeats && before {
            return true;
        }
        before = repeats;
        match c {
            '[' if !escaped => inside = true,
            ']' if !escaped => inside = false,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    false
}

/// Compiles the regular expression of an `idPattern`, held to a size in memory. Matching takes time linear in the
/// text. As everywhere in NGSI-LD, it may match any part of the text unless `^` and `$` say otherwise.
pub fn compile_pattern(parameter: &str, pattern: &str) -> Result<regex::Regex, Error> {
    compile_one_of(parameter, pattern, 1)
}

/// How many patterns the selectors of one subscription, or of one query, may have.
pub const MAX_PATTERNS: usize = 100;

/// The same for the `idPattern`s of selectors, which share that size.
pub fn compile_patterns(patterns: &[Option<&str>]) -> Result<Vec<Option<regex::Regex>>, Error> {
    let many = patterns.iter().flatten().count();
    if many > MAX_PATTERNS {
        return Err(Error::too_complex(format!(
            "`entities` has {many} `idPattern`s, at most {MAX_PATTERNS} are accepted: put them into one with `|`"
        )));
    }
    let compile = |pattern: Option<&str>| {
        pattern
            .map(|pattern| compile_one_of("idPattern", pattern, many))
            .transpose()
    };
    patterns.iter().copied().map(compile).collect()
}

fn compile_one_of(parameter: &str, pattern: &str, many: usize) -> Result<regex::Regex, Error> {
    let most_bytes = (1 << 20) / many.max(1);
    regex::RegexBuilder::new(pattern)
        .size_limit(most_bytes)
        .dfa_size_limit(most_bytes)
        .nest_limit(50)
        .build()
        .map_err(|error| {
            let error: String = error.to_string().replace('\n', " ").chars().take(300).collect();
            Error::bad_data(format!(
                "`{parameter}` has a regular expression that cannot be used: {error}"
            ))
        })
}
